//! What makes a layer short: for those of this crate, and for those of others.
//!
//! A layer with options is a struct that serde can write and read by Keras' names. [`class!`](class) writes the methods of
//! [`Layer`](super::Layer) that follow from that, [`options!`](options) the builder methods, and
//! [`Registry::class`](super::Registry::class) makes the layer of its options again. What is no option, such as the handle of
//! a [`Weight`](super::Weight), has `#[serde(skip)]`; an option with `#[serde(default = "…")]` may be absent from a file, such as
//! one that is older than the option. The crate needs `serde` with its feature `derive`.
//!
//! No option is called `name` or `trainable`, which in files say how the layer is used, and no number is infinite or NaN, which
//! JSON cannot say: a model refuses layers with such options.
//!
//! ```
//! use practicum_core::PartialShape;
//! use practicum_core::autodiff::Var;
//! use practicum_core::layers::kit::{class, options};
//! use practicum_core::layers::{Build, Call, Registry, Weight, WeightSpec};
//! use practicum_core::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! /// `y = gain·x`, with a learned gain for each feature; while training, noise is added.
//! #[derive(Clone, Debug, Serialize, Deserialize)]
//! struct NoisyGain {
//!     stddev: f32,
//!     start: f32,
//!     #[serde(skip)]
//!     gain: Weight,
//! }
//!
//! impl NoisyGain {
//!     fn new(stddev: f32) -> Self {
//!         Self { stddev, start: 1.0, gain: Weight::default() }
//!     }
//!
//!     options! { self;
//!         /// What the gain begins with; 1 if not set.
//!         start: f32,
//!     }
//! }
//!
//! impl Layer for NoisyGain {
//!     class!("NoisyGain");
//!
//!     fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
//!         if !(self.stddev >= 0.0) {
//!             return Err(Error::argument(format!("stddev is {}: it must be 0 or more", self.stddev)));
//!         }
//!         let start = Initializer::Constant { value: self.start };
//!         let gain = WeightSpec::new("gain", &[cx.features(input)?]);
//!         self.gain = cx.weight(gain.initializer(start))?;
//!         Ok(input.clone())
//!     }
//!
//!     fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
//!         let y = x.mul(&cx.weight(self.gain)?)?;
//!         if cx.training() {
//!             // Other noise in each step, the same in each training with this seed.
//!             y.gaussian_noise(self.stddev, cx.key("noise"))
//!         } else {
//!             Ok(y)
//!         }
//!     }
//! }
//!
//! let model = Sequential::new().add(Input::new([2])).add(NoisyGain::new(0.1).start(3.0));
//! assert_eq!(model.predict([[1.0, 2.0]])?.as_slice(), [3.0, 6.0]);
//!
//! // As JSON it is its options. `Model::save` also writes its weights, and `Model::load_with` takes
//! // the same registry.
//! let registry = Registry::default().class::<NoisyGain>("NoisyGain");
//! let again = Model::from_json_with(&model.to_json()?, &registry)?;
//! assert_eq!(again.to_json()?, model.to_json()?);
//! # Ok::<(), practicum_core::Error>(())
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Config;
use super::registry::OF_ITS_USE;
use crate::{Error, Result};

#[doc(inline)]
pub use crate::config::to_config;
#[doc(inline)]
pub use crate::{layer_class as class, layer_options as options};

/// The methods of [`Layer`](crate::layers::Layer) that are the same for every layer that is `Clone` and that serde can write:
/// its class, its options, and a copy.
#[macro_export]
macro_rules! layer_class {
    ($class:expr) => {
        fn class_name(&self) -> &'static str {
            $class
        }

        fn config(&self) -> $crate::layers::Config {
            $crate::layers::kit::to_config(self)
        }

        fn boxed_clone(&self) -> Box<dyn $crate::layers::Layer> {
            Box::new(self.clone())
        }
    };
}

/// Builder methods that set an option of the same name: `options! { self.part; /// What it is.  name: Type, }` sets
/// `self.part.name`, which may be an `Option`.
#[macro_export]
macro_rules! layer_options {
    (self $(.$within:ident)*; $(#[$attr:meta])* $option:ident: $type:ty, $($more:tt)*) => {
        $(#[$attr])*
        #[must_use]
        pub fn $option(mut self, $option: $type) -> Self {
            self.$($within.)*$option = $option.into();
            self
        }

        $crate::layer_options! { self $(.$within)*; $($more)* }
    };
    (self $(.$within:ident)*;) => {};
}

/// A layer from its options.
///
/// `name`, `trainable` and `dtype`, which Keras writes into the options of every layer, say how it is used: see
/// [`Registry::read`](super::Registry::read).
///
/// # Errors
/// Options that are missing or do not fit, and options that the layer does not have: each is named. What Keras writes where
/// nothing was chosen is understood, such as a constraint of `null`.
pub fn from_config<L: Serialize + DeserializeOwned>(class: &str, config: Config) -> Result<L> {
    let read = serde_json::from_value(Value::Object(config.clone()));
    let layer = read.map_err(|source| Error::format(format!("the options of {class} do not fit: {source}")))?;
    refuse_others(class, &config, &to_config(&layer))?;
    Ok(layer)
}

/// Refuses options that a layer does not have and that say something.
pub(super) fn refuse_others(class: &str, config: &Config, own: &Config) -> Result<()> {
    let others = config.iter().filter(|(option, _)| !own.contains_key(*option) && !OF_ITS_USE.contains(&option.as_str()));
    for (option, value) in others {
        match says_nothing(option, value) {
            Some(true) => {}
            Some(false) => return Err(Error::format(format!("{class} with {option} = {value} has no counterpart here"))),
            None => return Err(Error::unknown(&format!("option of {class}"), option, own.keys())),
        }
    }
    Ok(())
}

/// Whether an option of Keras without counterpart here has a value that changes no number; `None` for what is no such option.
fn says_nothing(option: &str, value: &Value) -> Option<bool> {
    let absent = value.is_null();
    Some(match option {
        "data_format" => absent || *value == json!("channels_last"),
        "noise_shape" | "mask" | "quantization_config" | "lora_rank" | "lora_alpha" | "virtual_batch_size" => absent,
        option if option.ends_with("_constraint") => absent,
        "renorm"
        | "antialias"
        | "pad_to_aspect_ratio"
        | "synchronized"
        | "rms_scaling"
        | "time_major"
        | "sparse"
        | "ragged"
        | "stateful"
        | "optional" => absent || *value == json!(false),
        "arguments" => absent || *value == json!({}),
        // How numbers are computed or drawn, not which: draws are keyed by the model's seed.
        "seed" | "implementation" | "unroll" | "use_cudnn" | "fused" | "input_length" => true,
        // What Keras 2 writes for every convolution.
        "groups" => absent || *value == json!(1),
        // What only renorm would use.
        "renorm_clipping" | "renorm_momentum" => true,
        _ => return None,
    })
}
