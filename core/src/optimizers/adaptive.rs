use serde::{Deserialize, Serialize};

use super::{Optimizer, Options, Slot, Update, check_factor, check_not_negative, common_methods, common_options};
use crate::kernel::optimizer as kernel;
use crate::layers::kit::options;
use crate::{Error, Result};

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
    options! {
        self;
        /// How much of the mean square stays from step to step.
        rho: f64,
        /// How much of the velocity stays from step to step.
        momentum: f64,
        /// Keeps the root from 0.
        epsilon: f64,
        /// Whether the variance of the gradient takes the place of its mean square.
        centered: bool,
    }
}

impl Optimizer for RmsProp {
    common_methods!("RMSprop");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_factor("rho", self.rho)?;
        check_factor("momentum", self.momentum)?;
        check_not_negative("epsilon", self.epsilon)
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
    options! {
        self;
        /// Where the sum of squares begins.
        initial_accumulator_value: f64,
        /// Keeps the root from 0.
        epsilon: f64,
    }
}

impl Optimizer for Adagrad {
    common_methods!("Adagrad");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_not_negative("initial_accumulator_value", self.initial_accumulator_value)?;
        check_not_negative("epsilon", self.epsilon)
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

/// Adadelta (Zeiler, 2012), whose steps are as large as earlier ones: `s ← ρ·s + (1−ρ)·g²`, `d = √(a + ε)/√(s + ε)·g`,
/// `a ← ρ·a + (1−ρ)·d²`, `w ← w − rate·d`.
///
/// Defaults: learning rate 0.001 (the paper has 1), ρ 0.95, ε 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adadelta {
    #[serde(flatten)]
    options: Options,
    rho: f64,
    epsilon: f64,
}

common_options!(Adadelta);

impl Default for Adadelta {
    fn default() -> Self {
        Self { options: Options::new(0.001), rho: 0.95, epsilon: 1e-7 }
    }
}

impl Adadelta {
    options! {
        self;
        /// How much of the means stays from step to step.
        rho: f64,
        /// Keeps the roots from 0.
        epsilon: f64,
    }
}

impl Optimizer for Adadelta {
    common_methods!("Adadelta");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_factor("rho", self.rho)?;
        check_not_negative("epsilon", self.epsilon)
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("accumulated_grad"), Slot::zeros("accumulated_delta_var")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        if let [s, a] = slots {
            let how = kernel::Adadelta { rate: cx.rate as f32, rho: self.rho as f32, epsilon: self.epsilon as f32 };
            kernel::adadelta(cx.exec, w, gradient, s, a, how);
        }
    }
}

/// FTRL (McMahan et al., 2013), "follow the regularized leader", which sets weights that matter little to 0: with
/// `n' = n + g²` and the power p, `z ← z + g + 2·s·w − (n'⁻ᵖ − n⁻ᵖ)/rate · w`,
/// `w ← (clip(z, ±l₁) − z) / (n'⁻ᵖ/rate + 2·l₂ + β/rate)`.
///
/// Defaults: learning rate 0.001, p −0.5, n begins at 0.1, no penalty: l₁, l₂, the shrinkage s and β are 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ftrl {
    #[serde(flatten)]
    options: Options,
    learning_rate_power: f64,
    initial_accumulator_value: f64,
    l1_regularization_strength: f64,
    l2_regularization_strength: f64,
    l2_shrinkage_regularization_strength: f64,
    beta: f64,
}

common_options!(Ftrl);

impl Default for Ftrl {
    fn default() -> Self {
        Self {
            options: Options::new(0.001),
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1_regularization_strength: 0.0,
            l2_regularization_strength: 0.0,
            l2_shrinkage_regularization_strength: 0.0,
            beta: 0.0,
        }
    }
}

impl Ftrl {
    options! {
        self;
        /// The power p of the sum of squares: 0 for a rate that stays.
        learning_rate_power: f64,
        /// Where the sum of squares begins.
        initial_accumulator_value: f64,
        /// What a weight must exceed not to be 0.
        l1_regularization_strength: f64,
        /// How strongly weights are pulled to 0.
        l2_regularization_strength: f64,
        /// How strongly gradients pull weights to 0.
        l2_shrinkage_regularization_strength: f64,
        /// The paper's β.
        beta: f64,
    }
}

impl Optimizer for Ftrl {
    common_methods!("Ftrl");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        if !(self.learning_rate_power <= 0.0 && self.learning_rate_power.is_finite()) {
            return Err(Error::argument(format!("learning_rate_power must be 0 or less, got {}", self.learning_rate_power)));
        }
        let strengths = [
            ("initial_accumulator_value", self.initial_accumulator_value),
            ("l1_regularization_strength", self.l1_regularization_strength),
            ("l2_regularization_strength", self.l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", self.l2_shrinkage_regularization_strength),
            ("beta", self.beta),
        ];
        strengths.into_iter().try_for_each(|(name, value)| check_not_negative(name, value))
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot { name: "accumulator", initial: self.initial_accumulator_value as f32 }, Slot::zeros("linear")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        // Where nothing is learned, nothing is divided by.
        let ([n, z], true) = (slots, cx.rate > 0.0) else { return };
        let how = kernel::Ftrl {
            rate: cx.rate as f32,
            power: -self.learning_rate_power as f32,
            l1: self.l1_regularization_strength as f32,
            l2: (self.l2_regularization_strength + self.beta / (2.0 * cx.rate)) as f32,
            shrinkage: self.l2_shrinkage_regularization_strength as f32,
        };
        kernel::ftrl(cx.exec, w, gradient, n, z, how);
    }
}
