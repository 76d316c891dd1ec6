use serde::{Deserialize, Serialize};

use super::{Metric, Scored, common_methods, unknown_state};
use crate::Result;
use crate::autodiff::resize;

/// Sums over the examples, for one output.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    y: f64,
    square: f64,
    error: f64,
}

/// The coefficient of determination `1 − Σ(y − ŷ)² / Σ(y − ȳ)²`, the mean over the outputs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct R2Score {
    name: String,
    #[serde(skip)]
    outputs: Vec<Sums>,
    #[serde(skip)]
    weight: f64,
}

impl Default for R2Score {
    fn default() -> Self {
        Self::named("r2_score")
    }
}

impl R2Score {
    /// The metric under another name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), outputs: Vec::new(), weight: 0.0 }
    }
}

impl Metric for R2Score {
    common_methods!("R2Score", Maximize);

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        let of = |sum: fn(&Sums) -> f64| self.outputs.iter().map(sum).collect();
        vec![
            ("sum", of(|sums| sums.y)),
            ("squared_sum", of(|sums| sums.square)),
            ("residual", of(|sums| sums.error)),
            ("count", vec![self.weight]),
        ]
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        let sum: fn(&mut Sums) -> &mut f64 = match (name, numbers) {
            ("sum", _) => |sums| &mut sums.y,
            ("squared_sum", _) => |sums| &mut sums.square,
            ("residual", _) => |sums| &mut sums.error,
            ("count", [weight]) => {
                self.weight = *weight;
                return Ok(());
            }
            _ => return Err(unknown_state(&self.name, name)),
        };
        resize(&mut self.outputs, numbers.len())?;
        self.outputs.iter_mut().zip(numbers).for_each(|(sums, number)| *sum(sums) = *number);
        Ok(())
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        for row in 0..batch.rows() {
            let (y_true, y_pred, weight) = (batch.values(row)?, batch.pred(row), batch.weight(row));
            resize(&mut self.outputs, y_pred.len())?;
            for (sums, (t, p)) in self.outputs.iter_mut().zip(y_true.iter().zip(y_pred)) {
                let (t, p) = (f64::from(*t), f64::from(*p));
                sums.y += t * weight;
                sums.square += t * t * weight;
                sums.error += (t - p).powi(2) * weight;
            }
            self.weight += weight;
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        if self.outputs.is_empty() || self.weight == 0.0 {
            return 0.0;
        }
        let score = |sums: &Sums| {
            let spread = sums.square - sums.y * sums.y / self.weight;
            let score = 1.0 - sums.error / spread;
            if score.is_infinite() { 0.0 } else { score }
        };
        self.outputs.iter().map(score).sum::<f64>() / self.outputs.len() as f64
    }

    fn reset(&mut self) {
        self.outputs.clear();
        self.weight = 0.0;
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self::named(self.name.clone()))
    }
}
