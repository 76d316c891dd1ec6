use serde::{Deserialize, Serialize};

use super::{Optimizer, Options, Slot, Update, check_factor, common_methods, common_options};
use crate::kernel::optimizer as kernel;
use crate::layers::kit::options;
use crate::{Error, Result};

/// Gradient descent: `w ← w − rate·g`, or with momentum `v ← m·v − rate·g`, `w ← w + v`
/// (Nesterov: `w ← w + m·v − rate·g`).
///
/// Defaults: learning rate 0.01, no momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sgd {
    #[serde(flatten)]
    options: Options,
    momentum: f64,
    nesterov: bool,
}

common_options!(Sgd);

impl Default for Sgd {
    fn default() -> Self {
        Self { options: Options::new(0.01), momentum: 0.0, nesterov: false }
    }
}

impl Sgd {
    options! {
        self;
        /// How much of the velocity stays from step to step.
        momentum: f64,
        /// Whether to look ahead along the velocity.
        nesterov: bool,
    }
}

impl Optimizer for Sgd {
    common_methods!("SGD");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_factor("momentum", self.momentum)
    }

    fn slots(&self) -> Vec<Slot> {
        if self.momentum > 0.0 { vec![Slot::zeros("momentum")] } else { Vec::new() }
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        let rate = cx.rate as f32;
        match slots {
            [velocity, ..] => {
                let how = kernel::Momentum { rate, momentum: self.momentum as f32, nesterov: self.nesterov };
                kernel::sgd_momentum(cx.exec, w, gradient, velocity, how);
            }
            [] => kernel::sgd(cx.exec, w, gradient, rate),
        }
    }
}

/// Lion (Chen et al., 2023), which goes by signs: `w ← w − rate·sign(β₁·m + (1−β₁)·g)`, `m ← β₂·m + (1−β₂)·g`.
///
/// Its steps are larger than Adam's: a rate of a third to a tenth of Adam's goes with a weight decay as many times larger.
/// Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.99.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lion {
    #[serde(flatten)]
    options: Options,
    beta_1: f64,
    beta_2: f64,
}

common_options!(Lion);

impl Default for Lion {
    fn default() -> Self {
        Self { options: Options::new(0.001), beta_1: 0.9, beta_2: 0.99 }
    }
}

impl Lion {
    options! {
        self;
        /// How much of the mean is in the direction of a step.
        beta_1: f64,
        /// How much of the mean stays from step to step.
        beta_2: f64,
    }
}

impl Optimizer for Lion {
    common_methods!("Lion");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        if !(self.beta_1 > 0.0 && self.beta_1 <= 1.0) {
            return Err(Error::argument(format!("beta_1 of Lion is above 0 and at most 1, got {}", self.beta_1)));
        }
        check_factor("beta_2", self.beta_2)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("momentum")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        if let [m] = slots {
            let how = kernel::Lion { rate: cx.rate as f32, beta_1: self.beta_1 as f32, beta_2: self.beta_2 as f32 };
            kernel::lion(cx.exec, w, gradient, m, how);
        }
    }
}
