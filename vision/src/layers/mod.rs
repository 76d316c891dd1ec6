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

use practicum_core::layers::{Config, Layer, Registry};
use practicum_core::{Error, PartialShape, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
        .layer("RandomFlip", make::<RandomFlip>)
        .layer("RandomRotation", make::<RandomRotation>)
        .layer("RandomTranslation", make::<RandomTranslation>)
        .layer("RandomZoom", make::<RandomZoom>)
        .layer("RandomContrast", make::<RandomContrast>)
        .layer("RandomBrightness", make::<RandomBrightness>)
        .layer("RandomCrop", make::<RandomCrop>)
        .layer("CenterCrop", make::<CenterCrop>)
        .layer("Resizing", |registry, mut config| {
            // They say what a padded picture is padded with; padding itself is refused.
            config.remove("fill_mode");
            config.remove("fill_value");
            make::<Resizing>(registry, config)
        })
}

/// A layer of its options; one that is unknown, or changes numbers in a way that is not served, is refused by name.
fn make<L: Layer + DeserializeOwned>(_registry: &Registry, config: Config) -> Result<Box<dyn Layer>> {
    let idle = |(name, value): &(String, Value)| {
        value.is_null() || *value == Value::Bool(false) || (name == "data_format" && value == "channels_last")
    };
    // Keras writes a seed; here, draws come from the model's.
    let ignored = ["seed", "name", "dtype", "trainable"];
    let known: Config = config.into_iter().filter(|entry| !idle(entry) && !ignored.contains(&entry.0.as_str())).collect();
    let class = std::any::type_name::<L>().rsplit("::").next().unwrap_or_default();
    let layer: L = serde_json::from_value(Value::Object(known.clone()))
        .map_err(|cause| Error::format(format!("the options of {class} do not fit: {cause}")).source(cause))?;
    let served = layer.config();
    match known.iter().find(|(name, _)| !served.contains_key(*name)) {
        Some((name, value)) => Err(Error::format(format!("{class} with {name} = {value} has no counterpart here"))),
        None => Ok(Box::new(layer)),
    }
}

/// The options of a layer, as JSON.
fn config(layer: &impl Serialize) -> Config {
    match serde_json::to_value(layer) {
        Ok(Value::Object(config)) => config,
        _ => Config::new(),
    }
}

/// What every layer of this module says in the same way.
macro_rules! class {
    ($class:literal) => {
        fn class_name(&self) -> &'static str {
            $class
        }

        fn config(&self) -> practicum_core::layers::Config {
            $crate::layers::config(self)
        }

        fn boxed_clone(&self) -> Box<dyn practicum_core::layers::Layer> {
            Box::new(self.clone())
        }
    };
}
use class;

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
