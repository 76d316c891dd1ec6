use serde::{Deserialize, Serialize};

use super::{Optimizer, Options, Slot, Update, check_factor, common_methods, common_options};
use crate::kernel::optimizer as kernel;
use crate::{Error, Result};

pub(super) fn check_epsilon(epsilon: f64) -> Result<()> {
    if epsilon >= 0.0 && epsilon.is_finite() {
        Ok(())
    } else {
        Err(Error::argument(format!("epsilon must be a number of 0 or more, got {epsilon}")))
    }
}

/// Builder methods for the moments of Adam and its kin.
macro_rules! moments {
    ($optimizer:ident) => {
        impl $optimizer {
            /// How much of the mean gradient stays from step to step.
            #[must_use]
            pub fn beta_1(mut self, beta_1: f64) -> Self {
                self.beta_1 = beta_1;
                self
            }

            /// How much of the mean square stays from step to step.
            #[must_use]
            pub fn beta_2(mut self, beta_2: f64) -> Self {
                self.beta_2 = beta_2;
                self
            }

            /// Keeps the denominator from 0.
            #[must_use]
            pub fn epsilon(mut self, epsilon: f64) -> Self {
                self.epsilon = epsilon;
                self
            }

            fn check_moments(&self) -> Result<()> {
                self.options.check()?;
                check_factor("beta_1", self.beta_1)?;
                check_factor("beta_2", self.beta_2)?;
                check_epsilon(self.epsilon)
            }

            fn moments(&self, rate: f64) -> $crate::kernel::optimizer::Moments {
                $crate::kernel::optimizer::Moments {
                    rate: rate as f32,
                    one_minus_beta_1: (1.0 - self.beta_1) as f32,
                    one_minus_beta_2: (1.0 - self.beta_2) as f32,
                    epsilon: self.epsilon as f32,
                }
            }
        }
    };
}

pub(super) use moments;

/// Adam's learning rate, corrected for moments that begin at 0: `rate·√(1 − β₂ᵗ) / (1 − β₁ᵗ)`.
fn corrected(rate: f64, beta_1: f64, beta_2: f64, step: u64) -> f64 {
    let power = |beta: f64| beta.powf(step as f64);
    rate * (1.0 - power(beta_2)).sqrt() / (1.0 - power(beta_1))
}

/// Adam (Kingma & Ba, 2014): `m ← m + (1−β₁)(g − m)`, `v ← v + (1−β₂)(g² − v)`,
/// `w ← w − rate·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε)`.
///
/// Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adam {
    #[serde(flatten)]
    options: Options,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    amsgrad: bool,
}

common_options!(Adam);
moments!(Adam);

impl Default for Adam {
    fn default() -> Self {
        Self { options: Options::new(0.001), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }
    }
}

impl Adam {
    /// Whether the largest mean square so far stands under the root (Reddi et al., 2018).
    #[must_use]
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.amsgrad = amsgrad;
        self
    }
}

impl Optimizer for Adam {
    common_methods!("Adam");

    fn check(&self) -> Result<()> {
        self.check_moments()
    }

    fn slots(&self) -> Vec<Slot> {
        let names = ["momentum", "velocity", "velocity_hat"];
        names[..if self.amsgrad { 3 } else { 2 }].iter().map(|name| Slot::zeros(name)).collect()
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        let how = self.moments(corrected(cx.rate, self.beta_1, self.beta_2, cx.step));
        match slots {
            [m, v, largest] => kernel::amsgrad(cx.exec, w, gradient, m, v, largest, how),
            [m, v] => kernel::adam(cx.exec, w, gradient, m, v, how),
            _ => {}
        }
    }
}

/// Adam with decoupled weight decay (Loshchilov & Hutter, 2017): before each update `w ← w − rate·decay·w`.
///
/// Defaults: as [`Adam`], weight decay 0.004.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdamW {
    #[serde(flatten)]
    options: Options,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

common_options!(AdamW);
moments!(AdamW);

impl Default for AdamW {
    fn default() -> Self {
        let options = Options { weight_decay: Some(0.004), ..Options::new(0.001) };
        Self { options, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Optimizer for AdamW {
    common_methods!("AdamW");

    fn check(&self) -> Result<()> {
        self.check_moments()
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("momentum"), Slot::zeros("velocity")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        if let [m, v] = slots {
            let rate = corrected(cx.rate, self.beta_1, self.beta_2, cx.step);
            kernel::adam(cx.exec, w, gradient, m, v, self.moments(rate));
        }
    }
}

/// Adam with Nesterov's momentum (Dozat, 2015), whose momentum warms up by `β₁·(1 − 0.96ᵗ/2)`.
///
/// Defaults: as [`Adam`]. The warm-up needs the product of all momenta so far, which is computed from the step's number;
/// a model's optimizer is asked for one step after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nadam {
    #[serde(flatten)]
    options: Options,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

common_options!(Nadam);
moments!(Nadam);

impl Default for Nadam {
    fn default() -> Self {
        Self { options: Options::new(0.001), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Nadam {
    fn momentum(&self, step: u64) -> f64 {
        self.beta_1 * (1.0 - 0.5 * 0.96_f64.powf(step as f64))
    }
}

impl Optimizer for Nadam {
    common_methods!("Nadam");

    fn check(&self) -> Result<()> {
        self.check_moments()
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("momentum"), Slot::zeros("velocity")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        let [m, v] = slots else { return };
        // After this many factors below β₁, one minus the product is 1 to the last bit.
        let product: f64 = (1..=cx.step.min(1024)).map(|step| self.momentum(step)).product();
        let (now, next) = (self.momentum(cx.step), self.momentum(cx.step + 1));
        let how = kernel::Nadam {
            moments: self.moments(cx.rate),
            mean: (next / (1.0 - product * next)) as f32,
            gradient: ((1.0 - now) / (1.0 - product)) as f32,
            square: (1.0 - self.beta_2.powf(cx.step as f64)) as f32,
        };
        kernel::nadam(cx.exec, w, gradient, m, v, how);
    }
}

/// RMSprop (Hinton, 2012): `s ← ρ·s + (1−ρ)·g²`, `w ← w − rate·g/√(s + ε)`, with ε inside the root.
///
/// Defaults: learning rate 0.001, ρ 0.9, no momentum, ε 1e-7, not centered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RmsProp {
    #[serde(flatten)]
    options: Options,
    rho: f64,
    momentum: f64,
    epsilon: f64,
    centered: bool,
}

common_options!(RmsProp);

impl Default for RmsProp {
    fn default() -> Self {
        Self { options: Options::new(0.001), rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }
    }
}

impl RmsProp {
    /// How much of the mean square stays from step to step.
    #[must_use]
    pub fn rho(mut self, rho: f64) -> Self {
        self.rho = rho;
        self
    }

    /// How much of the velocity stays from step to step.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Keeps the root from 0.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Whether the variance of the gradient takes the place of its mean square.
    #[must_use]
    pub fn centered(mut self, centered: bool) -> Self {
        self.centered = centered;
        self
    }
}

impl Optimizer for RmsProp {
    common_methods!("RMSprop");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_factor("rho", self.rho)?;
        check_factor("momentum", self.momentum)?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> Vec<Slot> {
        let names = ["velocity", "momentum", "average_gradient"];
        names[..if self.centered { 3 } else { 1 + usize::from(self.momentum > 0.0) }].iter().map(|name| Slot::zeros(name)).collect()
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        let how =
            kernel::Rmsprop { rate: cx.rate as f32, rho: self.rho as f32, momentum: self.momentum as f32, epsilon: self.epsilon as f32 };
        match slots {
            [s, v, a] => kernel::rmsprop_centered(cx.exec, w, gradient, s, v, a, how),
            [s, v] => kernel::rmsprop_momentum(cx.exec, w, gradient, s, v, how),
            [s] => kernel::rmsprop(cx.exec, w, gradient, s, how),
            _ => {}
        }
    }
}

/// Adagrad (Duchi et al., 2011): `s ← s + g²`, `w ← w − rate·g/√(s + ε)`.
///
/// Defaults: learning rate 0.001, s begins at 0.1, ε 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adagrad {
    #[serde(flatten)]
    options: Options,
    initial_accumulator_value: f64,
    epsilon: f64,
}

common_options!(Adagrad);

impl Default for Adagrad {
    fn default() -> Self {
        Self { options: Options::new(0.001), initial_accumulator_value: 0.1, epsilon: 1e-7 }
    }
}

impl Adagrad {
    /// Where the sum of squares begins.
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.initial_accumulator_value = value;
        self
    }

    /// Keeps the root from 0.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for Adagrad {
    common_methods!("Adagrad");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_epsilon(self.initial_accumulator_value)?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot { name: "accumulator", initial: self.initial_accumulator_value as f32 }]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        if let [s] = slots {
            let how = kernel::Adagrad { rate: cx.rate as f32, epsilon: self.epsilon as f32 };
            kernel::adagrad(cx.exec, w, gradient, s, how);
        }
    }
}
