//! Files that the user already has: what `--from` says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

use super::catalogue::{Catalogue, DataFile, DataSet};
use super::download::is_file;
use crate::data;

/// The files given, by data set and file name.
pub(super) struct Given {
    paths: BTreeMap<(String, String), PathBuf>,
}

impl Given {
    /// Reads `NAME=FOLDER`, `NAME=FILE` and `NAME/FILE-NAME=FILE`.
    pub(super) fn parse(options: &[String], catalogue: &Catalogue) -> Result<Self> {
        let mut paths = BTreeMap::new();
        for option in options {
            let Some((name, path)) = option.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty()) else {
                return Err(Error::argument(format!("--from {option}: expected NAME=PATH, such as mnist=/home/me/Downloads")));
            };
            let path = Path::new(path);
            let found = match name.split_once('/') {
                Some((id, file)) => vec![named_file(catalogue.get(id)?, file, path)?],
                None if path.is_dir() => folder(catalogue.get(name)?, path)?,
                None if catalogue.get(name).is_ok() && !path.exists() => {
                    return Err(
                        Error::argument(format!("--from {option}: there is no file or folder {}", path.display())).hint("check the path")
                    );
                }
                None => vec![only_file(catalogue.get(name)?, path)?],
            };
            let id = name.split_once('/').map_or(name, |(id, _)| id);
            for (file, path) in found {
                if paths.insert((id.to_owned(), file.clone()), path).is_some() {
                    return Err(Error::argument(format!("--from {option}: {id}/{file} is given twice")));
                }
            }
        }
        Ok(Self { paths })
    }

    /// The data sets that something was given for.
    pub(super) fn sets(&self) -> impl Iterator<Item = &str> {
        self.paths.keys().map(|(set, _)| set.as_str())
    }

    /// What was given for this file.
    pub(super) fn path(&self, set: &str, file: &str) -> Option<&Path> {
        self.paths.get(&(set.to_owned(), file.to_owned())).map(PathBuf::as_path)
    }
}

fn named_file(set: &DataSet, name: &str, path: &Path) -> Result<(String, PathBuf)> {
    let Some(file) = set.files.iter().find(|file| file.name == name) else {
        return Err(Error::unknown(&format!("file of `{}`", set.id), name, names(set)));
    };
    if !is_file(path)? && file.tree.is_none() {
        return Err(Error::argument(format!("--from {}/{name}: {} is not a file", set.id, path.display())));
    }
    Ok((name.to_owned(), path.to_owned()))
}

/// A file for a set: the one of the same name, or the set's only one.
fn only_file(set: &DataSet, path: &Path) -> Result<(String, PathBuf)> {
    let own = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match set.files.as_slice() {
        [only] => named_file(set, &only.name, path),
        files if files.iter().any(|file| file.name == own) => named_file(set, own, path),
        _ => {
            let hint = format!("say which file it is: --from {}/FILE-NAME={}", set.id, path.display());
            Err(Error::unknown(&format!("file of `{}`", set.id), own, names(set)).hint(hint))
        }
    }
}

/// A folder for a set: those of its files, and of the trees that its archives become, that lie there, or that the folder itself
/// is. A folder of another name is accepted where the week's loader reads it.
fn folder(set: &DataSet, path: &Path) -> Result<Vec<(String, PathBuf)>> {
    let there = |file: &DataFile| {
        let own = file.tree.iter().filter(|tree| path.ends_with(tree)).map(|_| path.to_owned());
        let inner = file.tree.iter().map(|tree| path.join(tree)).filter(|tree| tree.is_dir());
        let found = std::iter::once(path.join(&file.name)).filter(|path| path.is_file()).chain(inner).chain(own).next();
        found.map(|path| (file.name.clone(), path))
    };
    let found: Vec<_> = set.files.iter().filter_map(there).collect();
    if let ([only], []) = (set.files.as_slice(), found.as_slice())
        && only.tree.is_some()
        && matches!(data::find(&set.id).and_then(|known| known.fault(path)), Ok(None))
    {
        return Ok(vec![(only.name.clone(), path.to_owned())]);
    }
    if found.is_empty() {
        let expected = set.files.iter().flat_map(|file| [Some(&file.name), file.tree.as_ref()]).flatten().cloned().collect::<Vec<_>>();
        return Err(Error::argument(format!("--from {}: {} holds none of its files: {}", set.id, path.display(), expected.join(", "))));
    }
    Ok(found)
}

fn names(set: &DataSet) -> impl Iterator<Item = &String> {
    set.files.iter().map(|file| &file.name)
}
