use super::{Metric, Scored};
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
#[derive(Clone, Debug)]
pub struct R2Score {
    name: String,
    outputs: Vec<Sums>,
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
    fn name(&self) -> &str {
        &self.name
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
