//! Image data sets: [`mnist`] and [`fashion_mnist`] from files, and stand-ins drawn by code in `builtin`, which the
//! feature of that name turns on.

#[cfg(feature = "builtin")]
pub mod builtin;
pub mod fashion_mnist;
mod idx_folder;
mod labeled;
pub mod mnist;

pub use labeled::{ImageDataset, LabeledImages};
