use serde::{Deserialize, Serialize};

use super::{Optimizer, Options, Slot, Update, check_factor, common_methods, common_options};
use crate::Result;
use crate::kernel::optimizer::{Momentum, sgd, sgd_momentum};

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
    /// How much of the velocity stays from step to step.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Whether to look ahead along the velocity.
    #[must_use]
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
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
                let how = Momentum { rate, momentum: self.momentum as f32, nesterov: self.nesterov };
                sgd_momentum(cx.exec, w, gradient, velocity, how);
            }
            [] => sgd(cx.exec, w, gradient, rate),
        }
    }
}
