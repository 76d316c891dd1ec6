//! Random transforms of pictures, so that a model never sees the same picture twice: Keras' [`ImageDataGenerator`].

mod apply;
mod generator;
mod statistics;
mod transform;
mod warp;

pub use generator::{ImageDataGenerator, Preprocess, ZoomRange};
pub use transform::{ShiftRange, Transform};
pub use warp::FillMode;

pub(crate) use apply::{Scratch, standardize, transform, warp_picture};
pub(crate) use transform::uniform;
pub(crate) use warp::{Affine, Lens, warp_back};
