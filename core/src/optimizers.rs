//! Optimizers, with Keras' formulas and defaults.

mod adam;
mod adaptive;
mod gradient_descent;

use std::any::{Any, TypeId};
use std::fmt::Debug;

pub use adam::{Adam, AdamW, Adamax, Lamb, Nadam};
pub use adaptive::{Adadelta, Adagrad, Ftrl, RmsProp};
pub use gradient_descent::{Lion, Sgd};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Config, with_origin, without_idle};
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) exclude_from_weight_decay: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gradient_accumulation_steps: Option<u64>,
    #[serde(flatten, skip_serializing_if = "Ema::is_off")]
    pub(crate) ema: Ema,
}

/// Moving averages of the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ema {
    #[serde(rename = "use_ema")]
    pub(crate) is_on: bool,
    #[serde(rename = "ema_momentum")]
    pub(crate) momentum: f64,
    #[serde(rename = "ema_overwrite_frequency")]
    pub(crate) overwrite_frequency: Option<u64>,
}

impl Default for Ema {
    fn default() -> Self {
        Self { is_on: false, momentum: 0.99, overwrite_frequency: None }
    }
}

impl Ema {
    fn is_off(&self) -> bool {
        !self.is_on
    }

    /// Whether the parameters become their averages after the update before which there were `step` others.
    pub(crate) fn overwrites_after(&self, step: u64) -> bool {
        self.is_on && self.overwrite_frequency.is_some_and(|frequency| frequency > 0 && (step + 1).is_multiple_of(frequency))
    }
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
        Self {
            learning_rate: learning_rate.into(),
            weight_decay: None,
            clipnorm: None,
            clipvalue: None,
            global_clipnorm: None,
            exclude_from_weight_decay: Vec::new(),
            gradient_accumulation_steps: None,
            ema: Ema::default(),
        }
    }

    /// Checks what was set.
    ///
    /// # Errors
    /// A learning rate, a decay or a bound that is negative or not finite, more than one kind of clipping, or numbers of
    /// steps that are too small.
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
        if let Some(steps) = self.gradient_accumulation_steps.filter(|steps| *steps < 2) {
            return Err(Error::argument(format!("gradient_accumulation_steps must be 2 or more, got {steps}")));
        }
        if self.ema.overwrite_frequency == Some(0) {
            return Err(Error::argument("ema_overwrite_frequency must be 1 or more, got 0"));
        }
        if !(0.0..=1.0).contains(&self.ema.momentum) {
            return Err(Error::argument(format!("ema_momentum is in [0, 1], got {}", self.ema.momentum)));
        }
        Ok(())
    }

    /// Whether a parameter decays: as in Keras, its own name is looked at, such as `bias`; its path, if the name given has a
    /// slash.
    pub(crate) fn decays(&self, path: &str) -> bool {
        let own = path.rsplit('/').next().unwrap_or(path);
        !self.exclude_from_weight_decay.iter().any(|name| if name.contains('/') { path.contains(name) } else { own.contains(name) })
    }

    /// How many batches a gradient is the mean of.
    pub(crate) fn accumulated(&self) -> u64 {
        self.gradient_accumulation_steps.unwrap_or(1).max(1)
    }

    /// What is kept for each parameter beside the optimizer's own slots.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        if self.ema.is_on {
            slots.push(Slot::zeros(AVERAGE));
        }
        if self.gradient_accumulation_steps.is_some() {
            slots.push(Slot::zeros(GRADIENT));
        }
        slots
    }

    /// The rate at a step counted from 0.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        self.learning_rate.at(step)
    }
}

/// The slot of a parameter's moving average.
pub(crate) const AVERAGE: &str = "model_variables_moving_average";

/// The slot of the gradients of earlier batches.
pub(crate) const GRADIENT: &str = "accumulated_gradient";

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
pub trait Optimizer: Any + Debug + Send + Sync {
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
fn idle() -> [(&'static str, Value); 2] {
    [("loss_scale_factor", Value::Null), ("jit_compile", json!(true))]
}

/// Takes out what Keras writes where nothing is averaged or accumulated.
fn without_unset(mut config: Config) -> Config {
    if matches!(config.get("use_ema"), None | Some(Value::Null | Value::Bool(false))) {
        config.retain(|option, _| !["use_ema", "ema_momentum", "ema_overwrite_frequency"].contains(&option.as_str()));
    }
    config.retain(|option, value| option != "gradient_accumulation_steps" || !value.is_null());
    config
}

/// The optimizers of this crate by their names, which in any case are those of their classes.
macro_rules! known {
    ($($name:literal $optimizer:ident),+ $(,)?) => {
        /// The optimizer of a class, or of its name in any case.
        pub(crate) fn from_config(class: &str, config: Config) -> Result<Box<dyn Optimizer>> {
            let config = without_unset(without_idle(class, config, &idle())?);
            Ok(match class.to_lowercase().as_str() {
                $($name => Box::new(crate::config::from_config::<$optimizer>(class, config)?),)+
                _ => return Err(Error::unknown("optimizer", class, NAMES)),
            })
        }

        const NAMES: &[&str] = &[$($name),+];

        /// Whether an optimizer is one of this crate, whatever its class is called.
        fn is_own(optimizer: &dyn Optimizer) -> bool {
            [$(TypeId::of::<$optimizer>()),+].contains(&(optimizer as &dyn Any).type_id())
        }
    };
}

known! {
    "sgd" Sgd, "rmsprop" RmsProp, "adam" Adam, "adamw" AdamW, "adagrad" Adagrad, "nadam" Nadam, "adamax" Adamax,
    "adadelta" Adadelta, "lion" Lion, "lamb" Lamb, "ftrl" Ftrl,
}

/// An optimizer by its class and options.
pub(crate) fn describe(optimizer: &dyn Optimizer) -> Value {
    with_origin(optimizer.class_name(), optimizer.config(), is_own(optimizer))
}

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

            /// Lets parameters of these names be where all others decay: `["bias", "gamma"]`. A name with a slash is looked for
            /// in the whole path, `"dense/kernel"`.
            #[must_use]
            pub fn exclude_from_weight_decay<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
                self.options.exclude_from_weight_decay = names.into_iter().map(Into::into).collect();
                self
            }

            /// Changes the parameters once in this many batches, by the mean of their gradients. As in Keras, schedules count
            /// batches.
            #[must_use]
            pub fn gradient_accumulation_steps(mut self, steps: u64) -> Self {
                self.options.gradient_accumulation_steps = Some(steps);
                self
            }

            /// Keeps moving averages of the parameters, `a ← momentum·a + (1 − momentum)·w` after each step; when
            /// [`fit`](crate::Model::fit) is over, the parameters become their averages.
            #[must_use]
            pub fn use_ema(mut self, use_ema: bool) -> Self {
                self.options.ema.is_on = use_ema;
                self
            }

            /// How much of the averages stays from step to step: 0.99 if not set.
            #[must_use]
            pub fn ema_momentum(mut self, momentum: f64) -> Self {
                self.options.ema.momentum = momentum;
                self
            }

            /// Lets the parameters become their averages each time after this many steps.
            #[must_use]
            pub fn ema_overwrite_frequency(mut self, steps: u64) -> Self {
                self.options.ema.overwrite_frequency = Some(steps);
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

fn check_not_negative(name: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Error::argument(format!("{name} must be a number of 0 or more, got {value}")))
    }
}

/// Sets a constant rate, as callbacks do.
pub(crate) fn set_rate(optimizer: &mut dyn Optimizer, rate: f64) -> Result<()> {
    check_rate(rate)?;
    optimizer.options_mut().learning_rate = rate.into();
    Ok(())
}
