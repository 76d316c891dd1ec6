//! What MNIST and Fashion-MNIST share: four IDX files of fixed names and sizes in one folder.

use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

use super::{ImageDataset, LabeledImages};
use crate::idx;

/// The names of the files, as they are published. The same without `.gz` will do, and with a dot before `idx`.
pub(super) const FILES: [&str; 4] =
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];

/// How the published labels begin, to learn from and to be judged by, so that no set is taken for another.
const FIRST_LABELS: [(&str, [[u32; 16]; 2]); 2] = [
    ("MNIST", [[5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5]]),
    ("Fashion-MNIST", [[9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1]]),
];

const TRAIN: usize = 60_000;
const TEST: usize = 10_000;
const SIDE: usize = 28;

pub(super) fn missing(folder: &Path) -> Result<Vec<&'static str>> {
    let mut names = Vec::new();
    for name in FILES {
        if find(folder, name)?.is_none() {
            names.push(name);
        }
    }
    Ok(names)
}

pub(super) fn load(folder: &Path, title: &str, class_names: &[&str]) -> Result<ImageDataset> {
    let missing = missing(folder)?;
    if !missing.is_empty() {
        let message = format!("{title} in {} is not complete: missing {}", folder.display(), missing.join(", "));
        return Err(Error::data(message).hint("fetch the files, or check the folder"));
    }
    let [train_images, train_labels, test_images, test_labels] = FILES;
    let train = part(folder, train_images, train_labels, TRAIN, class_names)?;
    let test = part(folder, test_images, test_labels, TEST, class_names)?;
    let begins = |part: &LabeledImages, first: &[u32; 16]| part.labels().starts_with(first);
    let known = FIRST_LABELS.iter().find(|(_, [first, first_of_test])| begins(&train, first) || begins(&test, first_of_test));
    if let Some((other, _)) = known.filter(|(other, _)| *other != title) {
        return Err(
            Error::data(format!("{}: this is {other}, not {title}", folder.display())).hint("give the folder of the set that is meant")
        );
    }
    ImageDataset::new(train, test)
}

fn part(folder: &Path, images: &str, labels: &str, count: usize, class_names: &[&str]) -> Result<LabeledImages> {
    let images_path = existing(folder, images)?;
    let labels_path = existing(folder, labels)?;
    let images = idx::read_images(&images_path)?;
    if images.dim() != (count, SIDE, SIDE) {
        let (n, height, width) = images.dim();
        let message = format!("{}: expected {count} pictures of {SIDE} × {SIDE}, got {n} of {height} × {width}", images_path.display());
        return Err(Error::data(message).hint("is it a file of another data set, or of the other split?"));
    }
    let labels = idx::read_labels(&labels_path)?;
    if labels.len() != count {
        let message = format!("{}: expected {count} labels, one a picture, got {}", labels_path.display(), labels.len());
        return Err(Error::data(message).hint("is it a file of another data set, or of the other split?"));
    }
    if let Some((at, label)) = labels.iter().enumerate().find(|(_, label)| usize::from(**label) >= class_names.len()) {
        return Err(Error::data(format!(
            "{}: label {label} at index {at}: expected 0 to {}",
            labels_path.display(),
            class_names.len() - 1
        )));
    }
    LabeledImages::from_grey(images, labels.into_iter().map(u32::from).collect(), class_names.iter().copied())
}

fn existing(folder: &Path, name: &str) -> Result<PathBuf> {
    find(folder, name)?.ok_or_else(|| Error::data(format!("{} is gone", folder.join(name).display())))
}

/// The file as published or unpacked, in either spelling. A folder that may not be looked into is an error, not a missing file.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    let dotted = name.replace("-idx", ".idx");
    for name in [name, &dotted].into_iter().flat_map(|name| [name, name.trim_end_matches(".gz")]) {
        let path = folder.join(name);
        // Some archives have a folder for each file.
        if path.try_exists().map_err(|cause| Error::io("look for", &path, cause))? && !path.is_dir() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::{Array1, Array3};

    use super::*;
    use crate::idx::{Idx, write};

    const NAMES: [&str; 2] = ["even", "odd"];

    /// A complete set whose files are written unpacked, with the labels of the test split to choose.
    fn folder(test_labels: Array1<u8>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, idx: Idx| write(folder.path().join(name.trim_end_matches(".gz")), &idx).unwrap();
        put(FILES[0], Array3::<u8>::zeros((TRAIN, SIDE, SIDE)).into());
        put(FILES[1], Array1::from_iter((0..TRAIN).map(|i| (i % 2) as u8)).into());
        put(FILES[2], Array3::<u8>::ones((TEST, SIDE, SIDE)).into());
        put(FILES[3], test_labels.into());
        folder
    }

    #[test]
    fn a_complete_folder_loads_unpacked_too() {
        let folder = folder(Array1::ones(TEST));
        assert!(missing(folder.path()).unwrap().is_empty());
        let set = load(folder.path(), "set", &NAMES).unwrap();
        assert_eq!((set.train.len(), set.test.len()), (TRAIN, TEST));
        assert_eq!((set.train.labels()[1], set.test.images()[[9_999, 27, 27, 0]]), (1, 1));
    }

    #[test]
    fn files_of_the_other_spelling_are_found_beside_folders_of_the_usual_one() {
        let folder = folder(Array1::ones(TEST));
        for name in FILES {
            let plain = folder.path().join(name.trim_end_matches(".gz"));
            std::fs::rename(&plain, folder.path().join(name.trim_end_matches(".gz").replace("-idx", ".idx"))).unwrap();
            std::fs::create_dir(plain).unwrap();
        }
        assert_eq!(load(folder.path(), "set", &NAMES).unwrap().train.len(), TRAIN);
        let (dotted, packed) = (folder.path().join("t10k-labels.idx1-ubyte"), folder.path().join("t10k-labels.idx1-ubyte.gz"));
        crate::idx::write_gzip(packed, &crate::idx::read(&dotted).unwrap()).unwrap();
        std::fs::remove_file(dotted).unwrap();
        assert!(missing(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_set_is_not_taken_for_the_other_of_its_form() {
        let mut labels = Array1::<u8>::ones(TEST);
        labels.iter_mut().zip([7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5]).for_each(|(label, known)| *label = known);
        let folder = folder(labels);
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert!(load(folder.path(), "MNIST", &names).is_ok());
        let error = load(folder.path(), "Fashion-MNIST", &names).unwrap_err();
        assert!(error.is_data() && error.to_string().contains(": this is MNIST, not Fashion-MNIST"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let set = folder(Array1::ones(TEST));
        let file = |name: &str| set.path().join(name.trim_end_matches(".gz"));

        let mut labels = Array1::<u8>::ones(TEST);
        labels[77] = 2;
        write(file(FILES[3]), &labels.into()).unwrap();
        let error = load(set.path(), "set", &NAMES).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("label 2 at index 77: expected 0 to 1"), "{error}");

        write(file(FILES[3]), &Array1::<u8>::ones(TEST - 1).into()).unwrap();
        assert!(load(set.path(), "set", &NAMES).unwrap_err().to_string().contains("expected 10000 labels, one a picture, got 9999"));

        std::fs::copy(file(FILES[0]), file(FILES[2])).unwrap();
        let error = load(set.path(), "set", &NAMES).unwrap_err().to_string();
        assert!(error.contains("expected 10000 pictures of 28 × 28, got 60000"), "{error}");

        std::fs::remove_file(file(FILES[1])).unwrap();
        assert_eq!(missing(set.path()).unwrap(), [FILES[1]]);
        let error = load(set.path(), "The set", &NAMES).unwrap_err().to_string();
        assert!(error.starts_with("The set in ") && error.contains("missing train-labels-idx1-ubyte.gz"), "{error}");
        assert_eq!(missing(&set.path().join("none")).unwrap(), FILES);
    }
}
