//! The data sets of the course: one file each, and a line in [`ALL`].

mod ascent;
mod fmnist;
mod inception;
mod mnist;
mod photographs;
mod sunspots;
mod temps;
mod texts;

use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

pub(crate) use ascent::ASCENT;
pub(crate) use fmnist::FMNIST;
pub(crate) use inception::{INCEPTION, Weights};
pub(crate) use mnist::MNIST;
pub(crate) use photographs::{CATSDOGS, HAPPYSAD, HORSES, PETIMAGES, PhotoSet, RPS, SIGNMNIST, squeezed};
pub(crate) use sunspots::SUNSPOTS;
pub(crate) use temps::TEMPS;
pub(crate) use texts::{BBC, GLOVE, IMDB, IRISH, SARCASM, SONNETS, TWITTER};

/// All of them.
pub(crate) static ALL: &[&dyn AnyDataSet] = &[
    &ASCENT, &CATSDOGS, &FMNIST, &HAPPYSAD, &HORSES, &INCEPTION, &MNIST, &PETIMAGES, &RPS, &SIGNMNIST, &SARCASM, &BBC, &IMDB, &TWITTER,
    &GLOVE, &IRISH, &SONNETS, &SUNSPOTS, &TEMPS,
];

/// A data set, and the type that its loader returns.
pub(crate) struct DataSet<T: 'static> {
    /// Its name in the catalogue, and the name of its folder.
    pub(crate) id: &'static str,
    pub(crate) form: Form,
    /// The files that a folder lacks, by name; not asked where a file is given in its place.
    pub(crate) missing: fn(&Path) -> Result<Vec<&'static str>>,
    /// Whether the content is right, where that is soon found out; the rest is found by `load`.
    pub(crate) check: fn(&Path) -> Result<()>,
    /// Loads and checks it: from its folder, or from the file in the user's own place.
    pub(crate) load: fn(&Path) -> Result<T>,
    pub(crate) stand_in: Option<StandIn<T>>,
}

/// What replaces a data set that is not there.
pub(crate) struct StandIn<T: 'static> {
    /// In a few words.
    pub(crate) what: &'static str,
    pub(crate) make: fn() -> Result<T>,
}

/// What a path to a data set names.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A folder with files of fixed names.
    Folder,
    /// One file, which has this name in the data folder.
    File(&'static str),
    /// Either: its loader takes both.
    FileOrFolder,
}

/// What is known of a data set of any type.
pub(crate) trait AnyDataSet: Sync {
    fn id(&self) -> &'static str;
    /// The stand-in in a few words.
    fn stand_in(&self) -> Option<&'static str>;
    /// Says why what lies at a path is not the data set; `None` where it is, as far as is soon found out.
    ///
    /// # Errors
    /// A path that cannot be looked into.
    fn fault(&self, path: &Path) -> Result<Option<Fault>>;
    /// Loads what lies at a path, to see whether it is the data set.
    ///
    /// # Errors
    /// It is not.
    fn verify(&self, path: &Path) -> Result<()>;
    /// The path that its loader takes for what the user gave.
    ///
    /// # Errors
    /// Nothing there, a folder where a file is meant, or a file where a folder is meant.
    fn own(&self, path: &Path) -> Result<PathBuf>;
}

/// Why a data set cannot be used.
pub(crate) enum Fault {
    /// Files that are not there.
    Missing(Vec<&'static str>),
    /// Files that hold something else.
    Wrong(Error),
}

impl<T> AnyDataSet for DataSet<T> {
    fn id(&self) -> &'static str {
        self.id
    }

    fn stand_in(&self) -> Option<&'static str> {
        self.stand_in.as_ref().map(|stand_in| stand_in.what)
    }

    fn fault(&self, path: &Path) -> Result<Option<Fault>> {
        if !path.is_file() {
            let missing = (self.missing)(path)?;
            if !missing.is_empty() {
                return Ok(Some(Fault::Missing(missing)));
            }
        }
        Ok((self.check)(path).err().map(Fault::Wrong))
    }

    fn verify(&self, path: &Path) -> Result<()> {
        (self.load)(path).map(drop)
    }

    fn own(&self, path: &Path) -> Result<PathBuf> {
        let found = std::fs::metadata(path).map_err(|source| Error::io("look for", path, source))?;
        let told = |what: &str| Error::argument(format!("--from {}={}: {what}", self.id, path.display()));
        match self.form {
            Form::Folder if !found.is_dir() => Err(told("it is a file; give the folder that holds the set's files")),
            Form::File(name) if found.is_dir() && !path.join(name).is_file() => {
                Err(told(&format!("it is a folder without {name}; give the file itself")))
            }
            Form::File(name) if found.is_dir() => Ok(path.join(name)),
            _ if !found.is_dir() && !found.is_file() => Err(told("it is neither a file nor a folder")),
            _ => Ok(path.to_owned()),
        }
    }
}

fn missing(folder: &Path, name: &'static str) -> Result<Vec<&'static str>> {
    let path = folder.join(name);
    let there = path.try_exists().map_err(|source| Error::io("look for", &path, source))?;
    Ok(if there { Vec::new() } else { vec![name] })
}

/// The file itself, or the one of that name in the folder.
fn file(path: &Path, name: &str) -> PathBuf {
    if path.is_dir() { path.join(name) } else { path.to_owned() }
}

/// The data set of that id.
///
/// # Errors
/// No such data set, with the nearest one.
pub(crate) fn find(id: &str) -> Result<&'static dyn AnyDataSet> {
    let found = ALL.iter().find(|set| set.id() == id);
    found.copied().ok_or_else(|| Error::unknown("data set of a week", id, ALL.iter().map(|set| set.id())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Catalogue;

    #[test]
    fn every_data_set_stands_in_the_catalogue_and_in_the_table_once() {
        let catalogue = Catalogue::built_in().unwrap();
        for (index, set) in ALL.iter().enumerate() {
            assert!(catalogue.get(set.id()).is_ok(), "{} is not in the catalogue", set.id());
            assert!(ALL[..index].iter().all(|other| other.id() != set.id()), "{} stands twice", set.id());
        }
    }

    #[test]
    fn a_folder_where_a_file_is_meant_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = SUNSPOTS.own(folder.path()).unwrap_err().to_string();
        assert!(error.contains("--from sunspots=") && error.contains("is a folder without Sunspots.csv"), "{error}");
        let file = folder.path().join("mine.csv");
        std::fs::write(&file, "").unwrap();
        assert_eq!(SUNSPOTS.own(&file).unwrap(), file);
        assert!(MNIST.own(&file).unwrap_err().to_string().contains("it is a file; give the folder"));
        assert!(MNIST.own(&folder.path().join("none")).unwrap_err().is_io());
        #[cfg(unix)]
        assert!(SUNSPOTS.own(Path::new("/dev/null")).unwrap_err().to_string().contains("neither a file nor a folder"));
        assert!(find("sunspot").err().unwrap().to_string().contains("did you mean `sunspots`"));
    }
}
