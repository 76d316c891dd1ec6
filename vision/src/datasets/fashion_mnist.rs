//! Fashion-MNIST: pictures of garments, 60,000 to learn from and 10,000 to be judged by, 28 × 28, light on black.
//!
//! Source: H. Xiao, K. Rasul, R. Vollgraf, *Fashion-MNIST: a novel image dataset for benchmarking machine learning
//! algorithms*, 2017.

use std::path::Path;

use practicum_core::Result;

use super::{ImageDataset, idx_folder};

/// The ten classes, in the order of their labels.
pub const CLASS_NAMES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// The files that make up the set; each may also stand there unpacked, without `.gz`, and with a dot before `idx`.
pub const FILES: [&str; 4] = idx_folder::FILES;

/// Names the files that `folder` lacks: none when the set is complete, all when there is no such folder.
///
/// # Errors
/// An I/O error when the folder may not be looked into.
pub fn missing(folder: impl AsRef<Path>) -> Result<Vec<&'static str>> {
    idx_folder::missing(folder.as_ref())
}

/// Loads the set from `folder` and checks it: 60,000 and 10,000 pictures of 28 × 28, a label from 0 to 9 for each.
///
/// # Errors
/// A data error when a file is missing or holds something else; the errors of [`idx::read`](crate::idx::read).
pub fn load(folder: impl AsRef<Path>) -> Result<ImageDataset> {
    idx_folder::load(folder.as_ref(), "Fashion-MNIST", &CLASS_NAMES)
}
