//! A folder of pictures, split into one to learn from and one to be judged by: the exercise of course 2, week 1.

use std::path::{Path, PathBuf};

use practicum_core::rng::Key;
use practicum_core::{Error, Result};

use crate::folder::FLOW_EXTENSIONS;

/// What [`split_data`] did with the files of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SplitReport {
    /// Pictures copied to learn from.
    pub training: usize,
    /// Pictures copied to be judged by.
    pub testing: usize,
    /// Names of pictures of no length, which were left out.
    pub empty: Vec<String>,
    /// Names of files that are no pictures, which were left out before anything was counted.
    pub others: Vec<String>,
}

/// Copies the pictures of `source` at random into two folders: the first `⌊n·share⌋` of a shuffled order into `training`, the
/// others into `testing`. Empty files and files that are no pictures by their extension are left out and named.
///
/// Files are copied, never moved, and the two folders must hold none yet: a second split into the same folders would let
/// pictures to be judged by be learned from. The order depends on the seed and the names alone.
///
/// ```
/// use practicum_vision::datasets::split_data;
///
/// # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # let (cats, training, testing) = (folder.path().join("Cat"), folder.path().join("training"), folder.path().join("testing"));
/// # std::fs::create_dir(&cats).unwrap();
/// # for index in 0..10 { std::fs::write(cats.join(format!("{index}.jpg")), "x").unwrap(); }
/// # std::fs::write(cats.join("666.jpg"), "").unwrap();
/// let report = split_data(&cats, &training, &testing, 0.9, 42)?;
/// assert_eq!((report.training, report.testing, report.empty), (9, 1, vec!["666.jpg".to_owned()]));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An argument error when the share is not between 0 and 1, a data error when there are no pictures or a folder to copy into holds
/// files; an I/O error when a file cannot be read or written.
pub fn split_data(
    source: impl AsRef<Path>,
    training: impl AsRef<Path>,
    testing: impl AsRef<Path>,
    share: f64,
    seed: u64,
) -> Result<SplitReport> {
    let (source, training, testing) = (source.as_ref(), training.as_ref(), testing.as_ref());
    if !(0.0..=1.0).contains(&share) {
        return Err(Error::argument(format!("the share for training is {share}: it must be from 0 to 1")));
    }
    let mut report = SplitReport::default();
    let pictures = pictures_of(source, &mut report)?;
    if pictures.is_empty() {
        return Err(Error::data(format!("{} holds no pictures", source.display())));
    }
    for folder in [training, testing] {
        make_empty(folder)?;
    }
    let order = Key::new(seed).fold_str("split").permutation(pictures.len() as u32)?;
    report.training = (pictures.len() as f64 * share) as usize;
    report.testing = pictures.len() - report.training;
    for (place, index) in order.into_iter().enumerate() {
        let from = &pictures[index as usize];
        let folder = if place < report.training { training } else { testing };
        let to = folder.join(from.file_name().unwrap_or_default());
        std::fs::copy(from, &to).map_err(|cause| Error::io("copy to", &to, cause))?;
    }
    Ok(report)
}

/// The pictures of a folder by name; what else there is goes into the report.
fn pictures_of(folder: &Path, report: &mut SplitReport) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|cause| Error::io("read", folder, cause))?;
    let mut pictures = Vec::new();
    for entry in entries {
        let path = entry.map_err(|cause| Error::io("read", folder, cause))?.path();
        let found = std::fs::metadata(&path).map_err(|cause| Error::io("look at", &path, cause))?;
        let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !found.is_file() || !FLOW_EXTENSIONS.contains(&extension.as_str()) {
            report.others.push(name());
        } else if found.len() == 0 {
            report.empty.push(name());
        } else {
            pictures.push(path);
        }
    }
    report.others.sort();
    report.empty.sort();
    pictures.sort();
    Ok(pictures)
}

fn make_empty(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|cause| Error::io("make", folder, cause))?;
    let mut entries = std::fs::read_dir(folder).map_err(|cause| Error::io("read", folder, cause))?;
    match entries.next() {
        Some(_) => Err(Error::data(format!("{} holds files already", folder.display())).hint("split into folders that are empty")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(folder: &Path) -> BTreeSet<String> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    fn filled(count: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("Dog");
        std::fs::create_dir(&source).unwrap();
        (0..count).for_each(|index| std::fs::write(source.join(format!("{index}.jpg")), [1, 2, 3]).unwrap());
        std::fs::write(source.join("11702.jpg"), "").unwrap();
        std::fs::write(source.join("Thumbs.db"), "thumbs").unwrap();
        folder
    }

    #[test]
    fn every_picture_lands_in_one_folder_and_stays_where_it_was() {
        let folder = filled(25);
        let at = |name: &str| folder.path().join(name);
        let report = split_data(at("Dog"), at("train"), at("test"), 0.9, 1).unwrap();
        let (train, test) = (names(&at("train")), names(&at("test")));
        assert_eq!((train.len(), test.len(), report.training, report.testing), (22, 3, 22, 3));
        assert!(train.is_disjoint(&test) && names(&at("Dog")).len() == 27);
        assert_eq!((report.empty, report.others), (vec!["11702.jpg".to_owned()], vec!["Thumbs.db".to_owned()]));
        split_data(at("Dog"), at("train2"), at("test2"), 0.9, 1).unwrap();
        assert_eq!(names(&at("test2")), test);
        split_data(at("Dog"), at("train3"), at("test3"), 0.9, 2).unwrap();
        assert_ne!(names(&at("test3")), test);
    }

    #[test]
    fn folders_that_hold_files_are_left_alone() {
        let folder = filled(3);
        let at = |name: &str| folder.path().join(name);
        split_data(at("Dog"), at("train"), at("test"), 0.5, 1).unwrap();
        let error = split_data(at("Dog"), at("train"), at("other"), 0.5, 2).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("holds files already"), "{error}");
        assert!(split_data(at("Dog"), at("a"), at("b"), 1.5, 2).unwrap_err().is_argument());
        assert!(split_data(at("none"), at("a"), at("b"), 0.5, 2).unwrap_err().is_io());
        std::fs::create_dir(at("empty")).unwrap();
        assert!(split_data(at("empty"), at("a"), at("b"), 0.5, 2).unwrap_err().to_string().contains("holds no pictures"));
    }
}
