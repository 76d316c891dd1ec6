use serde::{Deserialize, Serialize};

use super::adaptive::{check_epsilon, moments};
use super::{Optimizer, Options, Slot, Update, check_factor, common_methods, common_options};
use crate::kernel::optimizer as kernel;
use crate::{Error, Result};

/// Adamax (Kingma & Ba, 2014), Adam with the largest gradient in place of the mean square: `m ← m + (1−β₁)(g − m)`,
/// `u ← max(β₂·u, |g|)`, `w ← w − rate/(1−β₁ᵗ) · m/(u + ε)`.
///
/// Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adamax {
    #[serde(flatten)]
    options: Options,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

common_options!(Adamax);
moments!(Adamax);

impl Default for Adamax {
    fn default() -> Self {
        Self { options: Options::new(0.001), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Optimizer for Adamax {
    common_methods!("Adamax");

    fn check(&self) -> Result<()> {
        self.check_moments()
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("momentum"), Slot::zeros("norm")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        if let [m, u] = slots {
            let rate = cx.rate / (1.0 - self.beta_1.powf(cx.step as f64));
            kernel::adamax(cx.exec, w, gradient, m, u, self.moments(rate));
        }
    }
}

/// LAMB (You et al., 2019), Adam whose step is as long as the parameter it changes: with Adam's corrected direction
/// `d = m̂/(√v̂ + ε)`, `w ← w − rate·‖w‖/‖d‖ · d`; where one of the norms is 0, their ratio counts as 1.
///
/// Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lamb {
    #[serde(flatten)]
    options: Options,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

common_options!(Lamb);
moments!(Lamb);

impl Default for Lamb {
    fn default() -> Self {
        Self { options: Options::new(0.001), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Optimizer for Lamb {
    common_methods!("Lamb");

    fn check(&self) -> Result<()> {
        self.check_moments()
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("momentum"), Slot::zeros("velocity")]
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        let [m, v] = slots else { return };
        kernel::moments(cx.exec, w, gradient, m, v, self.moments(cx.rate));
        let correct = |beta: f64| (1.0 / (1.0 - beta.powf(cx.step as f64))) as f32;
        let (of_m, of_v, epsilon) = (correct(self.beta_1), correct(self.beta_2), self.epsilon as f32);
        let direction = |m: f32, v: f32| of_m * m / ((of_v * v).sqrt() + epsilon);
        let norm = |squares: f64| squares.sqrt();
        let length = norm(m.iter().zip(v.iter()).map(|(m, v)| f64::from(direction(*m, *v)).powi(2)).sum());
        let size = norm(w.iter().map(|w| f64::from(*w).powi(2)).sum());
        let ratio = if size > 0.0 && length > 0.0 { size / length } else { 1.0 };
        let rate = (cx.rate * ratio) as f32;
        for (w, (m, v)) in w.iter_mut().zip(m.iter().zip(v.iter())) {
            *w -= rate * direction(*m, *v);
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
    /// How much of the means stays from step to step.
    #[must_use]
    pub fn rho(mut self, rho: f64) -> Self {
        self.rho = rho;
        self
    }

    /// Keeps the roots from 0.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for Adadelta {
    common_methods!("Adadelta");

    fn check(&self) -> Result<()> {
        self.options.check()?;
        check_factor("rho", self.rho)?;
        check_epsilon(self.epsilon)
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
    /// How much of the mean is in the direction of a step.
    #[must_use]
    pub fn beta_1(mut self, beta_1: f64) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// How much of the mean stays from step to step.
    #[must_use]
    pub fn beta_2(mut self, beta_2: f64) -> Self {
        self.beta_2 = beta_2;
        self
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
    /// The power p of the sum of squares: 0 for a rate that stays.
    #[must_use]
    pub fn learning_rate_power(mut self, power: f64) -> Self {
        self.learning_rate_power = power;
        self
    }

    /// Where the sum of squares begins.
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.initial_accumulator_value = value;
        self
    }

    /// What a weight must exceed not to be 0.
    #[must_use]
    pub fn l1_regularization_strength(mut self, strength: f64) -> Self {
        self.l1_regularization_strength = strength;
        self
    }

    /// How strongly weights are pulled to 0.
    #[must_use]
    pub fn l2_regularization_strength(mut self, strength: f64) -> Self {
        self.l2_regularization_strength = strength;
        self
    }

    /// How strongly gradients pull weights to 0.
    #[must_use]
    pub fn l2_shrinkage_regularization_strength(mut self, strength: f64) -> Self {
        self.l2_shrinkage_regularization_strength = strength;
        self
    }

    /// The paper's β.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
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
        match strengths.into_iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
            Some((name, value)) => Err(Error::argument(format!("{name} must be a number of 0 or more, got {value}"))),
            None => Ok(()),
        }
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
