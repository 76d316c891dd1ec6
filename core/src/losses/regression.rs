use serde::{Deserialize, Serialize};

use super::Loss;
use crate::autodiff::Var;
use crate::config::{Config, to_config};
use crate::{Error, Result, Tensor};

/// `mean((y − ŷ)²)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredError;

impl Loss for MeanSquaredError {
    fn name(&self) -> &'static str {
        "mean_squared_error"
    }

    fn class_name(&self) -> &'static str {
        "MeanSquaredError"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        y_pred.sub(y_true)?.square()?.mean_axis(-1)
    }
}

/// `mean(|y − ŷ|)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsoluteError;

impl Loss for MeanAbsoluteError {
    fn name(&self) -> &'static str {
        "mean_absolute_error"
    }

    fn class_name(&self) -> &'static str {
        "MeanAbsoluteError"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        y_pred.sub(y_true)?.abs()?.mean_axis(-1)
    }
}

/// Below this, Keras takes a denominator, a probability or the argument of a logarithm to be this.
const EPSILON: f32 = 1e-7;

/// `100·mean(|y − ŷ| / max(|y|, 1e-7))`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsolutePercentageError;

impl Loss for MeanAbsolutePercentageError {
    fn name(&self) -> &'static str {
        "mean_absolute_percentage_error"
    }

    fn class_name(&self) -> &'static str {
        "MeanAbsolutePercentageError"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let size = y_true.abs()?.clip(EPSILON, f32::INFINITY)?;
        y_true.sub(y_pred)?.div(&size)?.abs()?.mean_axis(-1)?.scale(100.0)
    }
}

/// `mean((ln(y + 1) − ln(ŷ + 1))²)`, with y and ŷ taken to be 1e-7 at least.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredLogarithmicError;

impl Loss for MeanSquaredLogarithmicError {
    fn name(&self) -> &'static str {
        "mean_squared_logarithmic_error"
    }

    fn class_name(&self) -> &'static str {
        "MeanSquaredLogarithmicError"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let log = |y: &Var| y.clip(EPSILON, f32::INFINITY)?.affine(1.0, 1.0)?.ln();
        log(y_true)?.sub(&log(y_pred)?)?.square()?.mean_axis(-1)
    }
}

/// `e²/2` where `|e| ≤ δ`, `δ·|e| − δ²/2` beyond, for the error `e = ŷ − y` (Huber, 1964).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Huber {
    delta: f32,
}

impl Huber {
    /// With the given δ, where the square ends.
    pub fn new(delta: f32) -> Self {
        Self { delta }
    }
}

impl Default for Huber {
    /// δ = 1.
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

impl Loss for Huber {
    fn name(&self) -> &'static str {
        "huber"
    }

    fn class_name(&self) -> &'static str {
        "Huber"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn check(&self) -> Result<()> {
        let positive = self.delta > 0.0 && self.delta.is_finite();
        if positive { Ok(()) } else { Err(Error::argument(format!("delta of huber must be positive, got {}", self.delta))) }
    }

    /// With `a = min(|e|, δ)`, both branches are `a·(|e| − a/2)`.
    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let error = y_pred.sub(y_true)?.abs()?;
        let near = error.minimum(&error.tape().constant(Tensor::scalar(self.delta)))?;
        near.mul(&error.sub(&near.scale(0.5)?)?)?.mean_axis(-1)
    }
}

/// `mean(ln cosh(ŷ − y))`, computed as `e + softplus(−2e) − ln 2`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogCosh;

impl Loss for LogCosh {
    fn name(&self) -> &'static str {
        "log_cosh"
    }

    fn class_name(&self) -> &'static str {
        "LogCosh"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let error = y_pred.sub(y_true)?;
        let bend = error.scale(-2.0)?.softplus()?;
        error.add(&bend)?.affine(1.0, -std::f32::consts::LN_2)?.mean_axis(-1)
    }
}

/// `mean(ŷ − y·ln(ŷ + 1e-7))`, for counts `y` and the rates `ŷ` that they are expected at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Poisson;

impl Loss for Poisson {
    fn name(&self) -> &'static str {
        "poisson"
    }

    fn class_name(&self) -> &'static str {
        "Poisson"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        y_pred.sub(&y_true.mul(&y_pred.affine(1.0, EPSILON)?.ln()?)?)?.mean_axis(-1)
    }
}

/// `−Σ y·ŷ / (‖y‖·‖ŷ‖)`: −1 where both point the same way.
#[derive(Clone, Copy, Debug, Default)]
pub struct CosineSimilarity;

impl Loss for CosineSimilarity {
    fn name(&self) -> &'static str {
        "cosine_similarity"
    }

    fn class_name(&self) -> &'static str {
        "CosineSimilarity"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        // The squares are bounded before the root: its slope at 0 is infinite.
        let norm = |y: &Var| y.square()?.sum_axis(-1)?.clip(1e-12, f32::INFINITY)?.sqrt();
        let dot = y_true.mul(y_pred)?.sum_axis(-1)?;
        dot.div(&norm(y_true)?.mul(&norm(y_pred)?)?)?.neg()
    }
}
