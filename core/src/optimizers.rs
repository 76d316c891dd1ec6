//! Optimizers, with Keras' formulas and defaults.

mod adaptive;
mod gradient_descent;

use std::fmt::Debug;

pub use adaptive::{Adagrad, Adam, AdamW, Nadam, RmsProp};
pub use gradient_descent::Sgd;
use serde::{Deserialize, Serialize};

use crate::kernel::Exec;
use crate::schedules::{Schedule, check_rate};
use crate::{Error, Result};

/// The options that all optimizers share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    pub(crate) learning_rate: Schedule,
    pub(crate) weight_decay: Option<f32>,
    pub(crate) clipnorm: Option<f32>,
    pub(crate) clipvalue: Option<f32>,
    pub(crate) global_clipnorm: Option<f32>,
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
    /// The name by which Keras knows it.
    fn name(&self) -> &'static str;

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

    /// The first values of the state of each parameter: one number for each slot, which fills an array of the
    /// parameter's size.
    fn slots(&self) -> Vec<f32>;

    /// The same optimizer.
    fn boxed_clone(&self) -> Box<dyn Optimizer>;

    /// Changes one parameter.
    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]);
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
        Ok(match self.to_lowercase().as_str() {
            "sgd" => Box::new(Sgd::default()),
            "rmsprop" => Box::new(RmsProp::default()),
            "adam" => Box::new(Adam::default()),
            "adamw" => Box::new(AdamW::default()),
            "adagrad" => Box::new(Adagrad::default()),
            "nadam" => Box::new(Nadam::default()),
            _ => return Err(Error::unknown("optimizer", self, ["sgd", "rmsprop", "adam", "adamw", "adagrad", "nadam"])),
        })
    }
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
    ($name:literal) => {
        fn name(&self) -> &'static str {
            $name
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
