//! Real photographs, where they are at hand: in `data/` of the workspace, or in `shared/data` beside it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use practicum_vision::folder::ImageFolder;
use practicum_vision::picture::{LoadImg, load_img};

fn folder(path: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = ["data", "../shared/data"].iter().map(|data| workspace.join(data).join(path)).find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: no {path} in data or ../shared/data");
    }
    found
}

/// The mean over all pixels and channels of each class, before any resize.
fn means(folder: &Path) -> Vec<(String, usize, f64)> {
    let files = ImageFolder::for_flow(folder).open().unwrap();
    let mut sums = vec![(0_usize, 0_u64, 0_usize); files.class_names().len()];
    for (path, label) in files.paths().iter().zip(files.labels()) {
        let picture = load_img(path, &LoadImg::new()).unwrap();
        let sum = &mut sums[*label as usize];
        *sum = (sum.0 + 1, sum.1 + picture.iter().map(|pixel| u64::from(*pixel)).sum::<u64>(), sum.2 + picture.len());
    }
    let mean = |(count, sum, pixels): (usize, u64, usize)| (count, sum as f64 / pixels as f64);
    files.class_names().iter().cloned().zip(sums.into_iter().map(mean)).map(|(name, (count, mean))| (name, count, mean)).collect()
}

fn check(path: &str, tolerance: f64, expected: &[(&str, usize, f64)]) {
    let Some(folder) = folder(path) else { return };
    let found = means(&folder);
    assert_eq!(found.len(), expected.len());
    for ((name, count, mean), (wanted, files, value)) in found.iter().zip(expected) {
        assert_eq!((name.as_str(), count), (*wanted, files), "{path}");
        assert!((mean - value).abs() <= tolerance, "{path}/{name}: mean pixel {mean:.4}, expected {value}");
    }
}

// The means were taken with libjpeg-turbo. Ours rounds colours in another way when it doubles their rows and columns: on 60 of
// these pictures no pixel differed by more than 4 levels, and the mean of a picture by 0.05 to 0.17.
const JPEG: f64 = 0.2;

#[test]
fn cats_and_dogs_have_the_counts_and_means_they_should() {
    check("catsdogs/cats_and_dogs_filtered/train", JPEG, &[("cats", 1_000, 113.986), ("dogs", 1_000, 115.687)]);
    check("catsdogs/cats_and_dogs_filtered/validation", JPEG, &[("cats", 500, 115.254), ("dogs", 500, 116.687)]);
    check("catsdogs/originals", JPEG, &[("cats", 100, 113.555), ("dogs", 100, 114.294)]);
}

#[test]
fn horses_and_humans_have_the_counts_and_means_they_should() {
    check("horses/horse-or-human", JPEG, &[("horses", 500, 124.106), ("humans", 527, 140.345)]);
    check("horses/validation-horse-or-human", JPEG, &[("horses", 128, 217.492), ("humans", 128, 224.656)]);
}

#[test]
fn hands_have_the_counts_and_means_they_should() {
    check("rps/rps", JPEG, &[("paper", 840, 208.491), ("rock", 840, 210.283), ("scissors", 840, 214.392)]);
    check("rps/rps-test-set", JPEG, &[("paper", 124, 221.100), ("rock", 124, 222.882), ("scissors", 124, 224.590)]);
}

#[test]
fn happy_and_sad_faces_lose_their_alpha_as_in_keras() {
    check("happysad/happy-or-sad", 5e-5, &[("happy", 40, 123.2136), ("sad", 40, 120.4530)]);
}

#[test]
fn the_course_s_own_picture_is_read() {
    let Some(folder) = folder("ascent") else { return };
    let picture = load_img(folder.join("ascent.png"), &LoadImg::new().color_mode(practicum_vision::picture::ColorMode::Grayscale)).unwrap();
    assert_eq!(picture.iter().map(|pixel| u64::from(*pixel)).sum::<u64>(), 22_932_324);
    assert_eq!(picture.as_slice().unwrap()[..8], [83, 83, 83, 83, 83, 83, 83, 82]);
}
