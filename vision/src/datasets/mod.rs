//! Image data sets: [`mnist`], [`fashion_mnist`], [`sign_mnist`] and [`ascent`] from files, and stand-ins drawn by code in
//! `builtin`, which the feature of that name turns on.

pub mod ascent;
#[cfg(feature = "builtin")]
pub mod builtin;
pub mod fashion_mnist;
mod idx_folder;
mod labeled;
pub mod mnist;
pub mod photographs;
pub mod sign_mnist;
mod split;

pub use labeled::{ImageDataset, LabeledImages};
pub use split::{SplitReport, split_data};

use std::path::Path;

use practicum_core::{Error, Result};

/// The files of these names that a folder lacks. A folder that may not be looked into is an error, not a missing file.
fn missing_files(folder: &Path, names: &[&'static str]) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for name in names {
        let path = folder.join(name);
        if !path.try_exists().map_err(|cause| Error::io("look for", &path, cause))? {
            missing.push(*name);
        }
    }
    Ok(missing)
}
