//! Layers for pictures: Keras' random preprocessing layers, [`Resizing`] and [`CenterCrop`].
//!
//! A random layer works while the model is training; otherwise it passes pictures on as they are. Each example has draws
//! of its own, which depend on the model's seed, the layer's index, the step and the example's row in the batch.
//!
//! ```
//! use practicum_core::prelude::*;
//! use practicum_vision::layers::{RandomFlip, RandomRotation};
//!
//! let model = Sequential::new()
//!     .add(Input::new([150, 150, 3]))
//!     .add(RandomFlip::horizontal())
//!     .add(RandomRotation::new(0.2))
//!     .add(Rescaling::new(1.0 / 255.0));
//! assert_eq!(model.output_shape()?.to_string(), "(None, 150, 150, 3)");
//! # Ok::<(), practicum_vision::Error>(())
//! ```
//!
//! To read a model with such layers from JSON, give [`registry`] to the reader.

mod crop;
mod ops;
mod resizing;
mod tone;
mod warped;

use practicum_core::layers::Registry;
use practicum_core::layers::kit::from_config;
use practicum_core::{Error, PartialShape, Result};

pub use crop::{CenterCrop, RandomCrop};
pub use resizing::Resizing;
pub use tone::{RandomBrightness, RandomContrast};
pub use warped::{FlipMode, RandomFlip, RandomRotation, RandomTranslation, RandomZoom};

/// Core's layers and those of this module, by their class names.
///
/// ```
/// let registry = practicum_vision::layers::registry();
/// assert!(registry.class_names().contains(&"RandomFlip"));
/// ```
pub fn registry() -> Registry {
    Registry::default()
        .class::<RandomFlip>("RandomFlip")
        .class::<RandomRotation>("RandomRotation")
        .class::<RandomTranslation>("RandomTranslation")
        .class::<RandomZoom>("RandomZoom")
        .class::<RandomContrast>("RandomContrast")
        .class::<RandomBrightness>("RandomBrightness")
        .class::<RandomCrop>("RandomCrop")
        .class::<CenterCrop>("CenterCrop")
        .layer("Resizing", |_, mut config| {
            // They say what a padded picture is padded with; padding itself is refused.
            config.remove("fill_mode");
            config.remove("fill_value");
            Ok(Box::new(from_config::<Resizing>("Resizing", config)?))
        })
}

/// Height, width and channels of pictures (batch, height, width, channels).
fn picture_of(input: &PartialShape) -> Result<[Option<usize>; 3]> {
    match input.example() {
        [height, width, channels] if input.rank() == 4 => Ok([*height, *width, *channels]),
        _ => Err(Error::shape(format!("expected pictures (batch, height, width, channels), got {input}"))),
    }
}

/// Refuses numbers outside of their range, and ranges upside down.
fn check_range(name: &str, (low, high): (f64, f64), bounds: std::ops::RangeInclusive<f64>) -> Result<()> {
    if bounds.contains(&low) && bounds.contains(&high) && low <= high {
        return Ok(());
    }
    let (least, most) = bounds.into_inner();
    Err(Error::argument(format!("{name} must be within [{least}, {most}], the lower number first, got ({low}, {high})")))
}

/// A factor as a number f, for (−f, f), or as a pair.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(from = "OneOrTwo", into = "(f64, f64)")]
pub struct Factor(f64, f64);

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(f64),
    Two(f64, f64),
}

impl From<OneOrTwo> for Factor {
    fn from(factor: OneOrTwo) -> Self {
        match factor {
            OneOrTwo::One(factor) => factor.into(),
            OneOrTwo::Two(low, high) => Self(low, high),
        }
    }
}

impl From<f64> for Factor {
    fn from(factor: f64) -> Self {
        Self(-factor.abs(), factor.abs())
    }
}

impl From<(f64, f64)> for Factor {
    fn from((low, high): (f64, f64)) -> Self {
        Self(low, high)
    }
}

impl From<Factor> for (f64, f64) {
    fn from(factor: Factor) -> Self {
        (factor.0, factor.1)
    }
}

#[cfg(test)]
mod tests;
