//! Optimizers, with Keras' formulas and defaults.

mod adaptive;
mod gradient_descent;

use std::fmt::Debug;

pub use adaptive::{Adagrad, Adam, AdamW, Nadam, RmsProp};
pub use gradient_descent::Sgd;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Config, without_idle};
use crate::kernel::Exec;
use crate::schedules::{Schedule, check_rate};
use crate::{Error, Result};

/// The options that all optimizers share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    #[serde(with = "rate")]
    pub(crate) learning_rate: Schedule,
    pub(crate) weight_decay: Option<f32>,
    pub(crate) clipnorm: Option<f32>,
    pub(crate) clipvalue: Option<f32>,
    pub(crate) global_clipnorm: Option<f32>,
}

impl Default for Options {
    /// A learning rate of 0.001.
    fn default() -> Self {
        Self::new(0.001)
    }
}

/// A learning rate as Keras writes it: a number, or a schedule.
mod rate {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use crate::schedules::Schedule;

    pub(super) fn serialize<S: Serializer>(rate: &Schedule, serializer: S) -> Result<S::Ok, S::Error> {
        rate.config().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
        Schedule::from_config(&serde_json::Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Options {
    /// A learning rate, or a schedule of rates; nothing is clipped or decays.
    pub fn new(learning_rate: impl Into<Schedule>) -> Self {
        Self { learning_rate: learning_rate.into(), weight_decay: None, clipnorm: None, clipvalue: None, global_clipnorm: None }
    }

    /// Checks what was set.
    ///
    /// # Errors
    /// A learning rate, a decay or a bound that is negative or not finite, or more than one kind of clipping.
    pub(crate) fn check(&self) -> Result<()> {
        self.learning_rate.check()?;
        let bounds = [("clipnorm", self.clipnorm), ("clipvalue", self.clipvalue), ("global_clipnorm", self.global_clipnorm)];
        let set: Vec<_> = bounds.iter().filter_map(|(name, bound)| bound.map(|bound| (*name, bound))).collect();
        if let [(a, _), (b, _), ..] = set[..] {
            return Err(Error::argument(format!("only one kind of clipping can be set, got {a} and {b}")));
        }
        for (name, bound) in set.into_iter().chain(self.weight_decay.map(|decay| ("weight_decay", decay))) {
            if !(bound >= 0.0 && bound.is_finite()) {
                return Err(Error::argument(format!("{name} must be a number of 0 or more, got {bound}")));
            }
        }
        Ok(())
    }

    /// The rate at a step counted from 0.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        self.learning_rate.at(step)
    }
}

/// What surrounds an update.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The threads and instructions to use.
    pub exec: Exec<'a>,
    /// The number of this update, counted from 1.
    pub step: u64,
    /// The learning rate of this step.
    pub rate: f64,
}

/// Changes parameters along their gradients.
pub trait Optimizer: Debug + Send + Sync + 'static {
    /// Keras' name for the class.
    fn class_name(&self) -> &'static str;

    /// The options as JSON, in Keras' words: what a [`CompileRegistry`](crate::model::CompileRegistry) makes it from.
    fn config(&self) -> Config;

    /// Learning rate, clipping and weight decay.
    fn options(&self) -> &Options;

    /// The same, to be changed.
    fn options_mut(&mut self) -> &mut Options;

    /// Checks what was set.
    ///
    /// # Errors
    /// An option outside its range.
    fn check(&self) -> Result<()> {
        self.options().check()
    }

    /// What is kept for each parameter from step to step: arrays of the parameter's size, by Keras' names.
    fn slots(&self) -> Vec<Slot>;

    /// The same optimizer.
    fn boxed_clone(&self) -> Box<dyn Optimizer>;

    /// Changes one parameter. `slots` are in the order of [`slots`](Optimizer::slots).
    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]);
}

/// An array that an optimizer keeps for each parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Its name, in files too.
    pub name: &'static str,
    /// What it is filled with before the first step.
    pub initial: f32,
}

impl Slot {
    /// A slot that begins with zeros.
    pub fn zeros(name: &'static str) -> Self {
        Self { name, initial: 0.0 }
    }
}

/// What [`compile`](crate::Model::compile) takes as an optimizer: an optimizer, or its name.
pub trait IntoOptimizer {
    /// The optimizer.
    ///
    /// # Errors
    /// A name that no optimizer has.
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>>;
}

impl<O: Optimizer> IntoOptimizer for O {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(self))
    }
}

impl IntoOptimizer for Box<dyn Optimizer> {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        Ok(self)
    }
}

impl IntoOptimizer for &str {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        from_config(self, Config::new())
    }
}

/// What Keras writes beside the options, with the values that change nothing.
fn idle() -> [(&'static str, Value); 6] {
    let off = json!(false);
    [
        ("use_ema", off),
        ("ema_momentum", json!(0.99)),
        ("ema_overwrite_frequency", Value::Null),
        ("loss_scale_factor", Value::Null),
        ("gradient_accumulation_steps", Value::Null),
        ("jit_compile", json!(true)),
    ]
}

/// The optimizer of a class, or of its name in any case.
pub(crate) fn from_config(class: &str, config: Config) -> Result<Box<dyn Optimizer>> {
    fn made<O: Optimizer + Default + Serialize + serde::de::DeserializeOwned>(class: &str, config: Config) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(crate::config::from_config::<O>(class, config)?))
    }
    let config = without_idle(class, config, &idle())?;
    match class.to_lowercase().as_str() {
        "sgd" => made::<Sgd>(class, config),
        "rmsprop" => made::<RmsProp>(class, config),
        "adam" => made::<Adam>(class, config),
        "adamw" => made::<AdamW>(class, config),
        "adagrad" => made::<Adagrad>(class, config),
        "nadam" => made::<Nadam>(class, config),
        _ => Err(Error::unknown("optimizer", class, NAMES)),
    }
}

const NAMES: [&str; 6] = ["sgd", "rmsprop", "adam", "adamw", "adagrad", "nadam"];

/// The builder methods that all optimizers share.
macro_rules! common_options {
    ($optimizer:ident) => {
        impl $optimizer {
            /// With the given learning rate, or a schedule of rates.
            pub fn new(learning_rate: impl Into<$crate::schedules::Schedule>) -> Self {
                Self::default().learning_rate(learning_rate)
            }

            /// The learning rate, or a schedule of rates.
            #[must_use]
            pub fn learning_rate(mut self, learning_rate: impl Into<$crate::schedules::Schedule>) -> Self {
                self.options.learning_rate = learning_rate.into();
                self
            }

            /// Takes `rate · weight_decay · w` from every parameter before the update.
            #[must_use]
            pub fn weight_decay(mut self, weight_decay: f32) -> Self {
                self.options.weight_decay = Some(weight_decay);
                self
            }

            /// Scales the gradient of each parameter so that its norm is this at most.
            #[must_use]
            pub fn clipnorm(mut self, norm: f32) -> Self {
                self.options.clipnorm = Some(norm);
                self
            }

            /// Clips every element of the gradients to this size.
            #[must_use]
            pub fn clipvalue(mut self, value: f32) -> Self {
                self.options.clipvalue = Some(value);
                self
            }

            /// Scales all gradients together so that their common norm is this at most.
            #[must_use]
            pub fn global_clipnorm(mut self, norm: f32) -> Self {
                self.options.global_clipnorm = Some(norm);
                self
            }
        }
    };
}
pub(crate) use common_options;

/// The parts of [`Optimizer`] that are the same for all.
macro_rules! common_methods {
    ($class:literal) => {
        fn class_name(&self) -> &'static str {
            $class
        }

        fn config(&self) -> $crate::config::Config {
            $crate::config::to_config(self)
        }

        fn boxed_clone(&self) -> Box<dyn Optimizer> {
            Box::new(self.clone())
        }

        fn options(&self) -> &Options {
            &self.options
        }

        fn options_mut(&mut self) -> &mut Options {
            &mut self.options
        }
    };
}
pub(crate) use common_methods;

/// Refuses factors outside [0, 1).
pub(crate) fn check_factor(name: &str, factor: f64) -> Result<()> {
    if (0.0..1.0).contains(&factor) { Ok(()) } else { Err(Error::argument(format!("{name} is in [0, 1), got {factor}"))) }
}

/// Sets a constant rate, as callbacks do.
pub(crate) fn set_rate(optimizer: &mut dyn Optimizer, rate: f64) -> Result<()> {
    check_rate(rate)?;
    optimizer.options_mut().learning_rate = rate.into();
    Ok(())
}
