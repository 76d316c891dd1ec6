use serde::{Deserialize, Serialize};

use super::{Optimizer, Options, Slot, Update, check_factor, check_not_negative, common_methods, common_options};
use crate::Result;
use crate::kernel::optimizer as kernel;
use crate::layers::kit::options;

/// Builder methods for the moments of Adam and its kin.
macro_rules! moments {
    ($optimizer:ident) => {
        impl $optimizer {
            options! {
                self;
                /// How much of the mean gradient stays from step to step.
                beta_1: f64,
                /// How much of the mean square stays from step to step.
                beta_2: f64,
                /// Keeps the denominator from 0.
                epsilon: f64,
            }

            fn check_moments(&self) -> Result<()> {
                self.options.check()?;
                check_factor("beta_1", self.beta_1)?;
                check_factor("beta_2", self.beta_2)?;
                check_not_negative("epsilon", self.epsilon)
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
    options! {
        self;
        /// Whether the largest mean square so far stands under the root (Reddi et al., 2018).
        amsgrad: bool,
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

    /// The product of the momenta of the first `steps` steps, where one minus it is not 1 to the last bit.
    fn product(&self, steps: u64) -> f64 {
        // It is at most β₁ to the power of the steps.
        if self.beta_1.powf(steps as f64) < f64::EPSILON / 4.0 {
            return 0.0;
        }
        // After these, the momentum is β₁ to the last bit.
        let varying = steps.min(1024);
        (1..=varying).map(|step| self.momentum(step)).product::<f64>() * self.beta_1.powf((steps - varying) as f64)
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
        let product = self.product(cx.step);
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
        let length = m.iter().zip(v.iter()).map(|(m, v)| f64::from(direction(*m, *v)).powi(2)).sum::<f64>().sqrt();
        let size = w.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt();
        let ratio = if size > 0.0 && length > 0.0 { size / length } else { 1.0 };
        let rate = (cx.rate * ratio) as f32;
        for (w, (m, v)) in w.iter_mut().zip(m.iter().zip(v.iter())) {
            *w -= rate * direction(*m, *v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_nadam_s_momenta_is_that_of_all_steps() {
        for beta_1 in [0.0, 0.5, 0.9, 0.999, 0.99999] {
            let nadam = Nadam { beta_1, ..Nadam::default() };
            for steps in [1, 2, 300, 1024, 1025, 5000] {
                let all: f64 = (1..=steps).map(|step| nadam.momentum(step)).product();
                let rest = 1.0 - nadam.product(steps);
                assert!((rest - (1.0 - all)).abs() <= 1e-12, "{beta_1} {steps}");
                if steps <= 1024 {
                    assert_eq!(rest.to_bits(), (1.0 - all).to_bits(), "{beta_1} {steps}");
                }
            }
        }
    }
}
