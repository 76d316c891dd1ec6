//! Which pictures a folder has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

/// A picture and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) label: u32,
}

#[derive(Debug)]
pub(super) struct Files {
    pub(super) class_names: Vec<String>,
    pub(super) files: Vec<Found>,
}

/// Pictures class by class, in the order of their paths.
pub(super) fn find(root: &Path, extensions: &[&str], wanted: Option<&[String]>, follow_links: bool) -> Result<Files> {
    let classes = class_folders(root, follow_links)?;
    let classes = match wanted {
        Some(names) => in_order(root, classes, names)?,
        None => classes,
    };
    let mut files = Vec::new();
    for (label, (_, folder)) in (0_u32..).zip(&classes) {
        let mut seen = HashSet::new();
        let mut folders = Vec::new();
        walk(folder, follow_links, &mut seen, &mut folders)?;
        folders.sort_by(|(a, _), (b, _)| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
        for (_, mut paths) in folders {
            paths.retain(|path| is_picture(path, extensions));
            paths.sort();
            files.extend(paths.into_iter().map(|path| Found { path, label }));
        }
    }
    if files.is_empty() {
        let message = format!("{} has no pictures in its {} class folders", root.display(), classes.len());
        return Err(Error::data(message).hint(format!("files are taken that end in {}", extensions.join(", "))));
    }
    if u32::try_from(files.len()).is_err() {
        return Err(Error::data(format!("{} has {} pictures: more than 4,294,967,295 are not served", root.display(), files.len())));
    }
    Ok(Files { class_names: classes.into_iter().map(|(name, _)| name).collect(), files })
}

/// The names of the sub-folders, and where they are.
fn class_folders(root: &Path, follow_links: bool) -> Result<Vec<(String, PathBuf)>> {
    let mut folders = Vec::new();
    for entry in entries(root)? {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && is_folder(&entry, follow_links)? {
            folders.push(entry.path());
        }
    }
    folders.sort();
    let mut classes: Vec<(String, PathBuf)> = Vec::with_capacity(folders.len());
    for folder in folders {
        // A name that is not Unicode is shown with � for what cannot be read.
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if classes.iter().any(|(other, _)| *other == name) {
            return Err(Error::data(format!("{} has two class folders that are both shown as `{name}`", root.display())).hint("rename one"));
        }
        classes.push((name, folder));
    }
    if classes.is_empty() {
        let message = format!("{} has no sub-folders: expected one for each class", root.display());
        return Err(Error::data(message).hint("is it the folder above or below the one that is meant?"));
    }
    Ok(classes)
}

/// The sub-folders in the order that is asked for, if they are the same.
fn in_order(root: &Path, mut classes: Vec<(String, PathBuf)>, names: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let found: Vec<String> = classes.iter().map(|(name, _)| name.clone()).collect();
    let lacking: Vec<&str> = names.iter().filter(|name| !found.contains(name)).map(String::as_str).collect();
    let others: Vec<&str> = found.iter().filter(|name| !names.contains(name)).map(String::as_str).collect();
    if !lacking.is_empty() || !others.is_empty() || names.len() != found.len() {
        let list = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = format!(
            "the class folders of {} are not those of class_names: missing {}; not named {}",
            root.display(),
            list(&lacking),
            list(&others)
        );
        return Err(Error::data(message));
    }
    classes.sort_by_key(|(name, _)| names.iter().position(|wanted| wanted == name));
    Ok(classes)
}

/// The files of a folder and of all folders below it, folder by folder.
fn walk(folder: &Path, follow_links: bool, seen: &mut HashSet<PathBuf>, folders: &mut Vec<(PathBuf, Vec<PathBuf>)>) -> Result<()> {
    // A link back to a folder above would be followed for ever.
    let real = folder.canonicalize().map_err(|cause| Error::io("read", folder, cause))?;
    if !seen.insert(real) {
        return Ok(());
    }
    let (mut files, mut below) = (Vec::new(), Vec::new());
    for entry in entries(folder)? {
        let file = || std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file());
        if is_folder(&entry, follow_links)? {
            below.push(entry.path());
        } else if file() {
            files.push(entry.path());
        }
    }
    folders.push((folder.to_owned(), files));
    below.sort();
    below.iter().try_for_each(|folder| walk(folder, follow_links, seen, folders))
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>> {
    let failed = |cause| Error::io("read", folder, cause);
    std::fs::read_dir(folder).map_err(failed)?.collect::<std::io::Result<_>>().map_err(failed)
}

fn is_folder(entry: &std::fs::DirEntry, follow_links: bool) -> Result<bool> {
    let kind = entry.file_type().map_err(|cause| Error::io("read", &entry.path(), cause))?;
    let link_to_folder = || follow_links && kind.is_symlink() && std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir());
    Ok(kind.is_dir() || link_to_folder())
}

fn is_picture(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|found| extensions.iter().any(|extension| found.eq_ignore_ascii_case(extension)))
}
