//! MNIST: handwritten digits, 60,000 to learn from and 10,000 to be judged by, 28 × 28, white on black.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*.

use std::path::Path;

use practicum_core::Result;

use super::{ImageDataset, idx_folder};

/// The ten classes are the digits themselves.
pub const CLASS_NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

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
    idx_folder::load(folder.as_ref(), "MNIST", &CLASS_NAMES)
}
