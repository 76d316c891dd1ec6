use serde::{Deserialize, Serialize};

use super::{Mean, Metric, Scored, common_methods, unknown_state};
use crate::tensor::argmax;
use crate::{Error, Result};

/// A metric that is the mean of one number a row.
macro_rules! mean_metric {
    ($(#[$attr:meta])* $metric:ident, $class:literal, $name:literal, $direction:ident $(, $field:ident: $type:ty = $default:expr, $usable:ident $expected:literal)?; |$batch:ident, $row:ident| $value:expr $(; finish $finish:expr)?) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $metric {
            name: String,
            $($field: $type,)?
            #[serde(skip)]
            mean: Mean,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self { name: $name.to_owned(), $($field: $default,)? mean: Mean::default() }
            }
        }

        impl $metric {
            /// The metric under another name.
            pub fn named(name: impl Into<String>) -> Self {
                Self { name: name.into(), ..Self::default() }
            }

            $(
                /// With the given option in place of the default.
                #[must_use]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )?
        }

        impl Metric for $metric {
            common_methods!($class, $direction);

            fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
                self.mean.state()
            }

            fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
                if self.mean.set_state(name, numbers) { Ok(()) } else { Err(unknown_state(&self.name, name)) }
            }

            fn update(&mut self, $batch: &Scored<'_>) -> Result<()> {
                $(let $field = self.$field;)?
                for $row in 0..$batch.rows() {
                    let value: f64 = $value;
                    self.mean.add(value, $batch.weight($row));
                }
                Ok(())
            }

            fn result(&self) -> f64 {
                let mean = self.mean.value();
                $(let mean = ($finish)(mean);)?
                mean
            }

            fn reset(&mut self) {
                self.mean = Mean::default();
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { mean: Mean::default(), ..self.clone() })
            }

            $(
                fn check(&self) -> Result<()> {
                    if $usable(self.$field) {
                        return Ok(());
                    }
                    let (option, value) = (stringify!($field), self.$field);
                    Err(Error::argument(format!("{option} of {} must be {}, got {value}", self.name, $expected)))
                }
            )?
        }
    };
}

fn finite(threshold: f32) -> bool {
    threshold.is_finite()
}

fn positive(k: usize) -> bool {
    k > 0
}

/// The mean of a function of both values over a row.
fn over(y_true: &[f32], y_pred: &[f32], f: impl Fn(f64, f64) -> f64) -> f64 {
    let sum: f64 = y_true.iter().zip(y_pred).map(|(t, p)| f(f64::from(*t), f64::from(*p))).sum();
    sum / y_pred.len().max(1) as f64
}

fn binary_accuracy(y_true: &[f32], y_pred: &[f32], threshold: f32) -> f64 {
    let right = y_true.iter().zip(y_pred).filter(|(t, p)| (**p > threshold) == (**t == 1.0) && (**t == 0.0 || **t == 1.0)).count();
    right as f64 / y_pred.len().max(1) as f64
}

fn hit(right: bool) -> f64 {
    f64::from(u8::from(right))
}

/// Whether fewer than k predictions are larger than that for the class.
fn in_top_k(y_pred: &[f32], class: usize, k: usize) -> bool {
    let Some(own) = y_pred.get(class).filter(|own| own.is_finite()) else { return false };
    y_pred.iter().filter(|other| *other > own).count() < k
}

mean_metric! {
    /// How many predictions are right. What that means depends on the shapes, as in Keras: for a single output, whether it is
    /// above 0.5 where the target is 1; for classes, whether the largest output is that of the class; for one-hot targets,
    /// whether the largest output has the index of the largest target.
    Accuracy, "Accuracy", "accuracy", Maximize; |batch, row| {
        let pred = batch.pred(row);
        if pred.len() == 1 {
            binary_accuracy(batch.values(row)?, pred, 0.5)
        } else if batch.has_classes() {
            hit(argmax(pred) == batch.class(row)?)
        } else {
            hit(argmax(pred) == argmax(batch.values(row)?))
        }
    }
}
mean_metric! {
    /// How many outputs are on the side of the threshold that the target, 0 or 1, is on.
    BinaryAccuracy, "BinaryAccuracy", "binary_accuracy", Maximize, threshold: f32 = 0.5, finite "a number"; |batch, row| binary_accuracy(batch.values(row)?, batch.pred(row), threshold)
}
mean_metric! {
    /// How often the largest output has the index of the largest target.
    CategoricalAccuracy, "CategoricalAccuracy", "categorical_accuracy", Maximize; |batch, row| hit(argmax(batch.pred(row)) == argmax(batch.values(row)?))
}
mean_metric! {
    /// How often the largest output is that of the class.
    SparseCategoricalAccuracy, "SparseCategoricalAccuracy", "sparse_categorical_accuracy", Maximize; |batch, row| hit(argmax(batch.pred(row)) == batch.class(row)?)
}
mean_metric! {
    /// How often the largest target's output is among the k largest outputs.
    TopKCategoricalAccuracy, "TopKCategoricalAccuracy", "top_k_categorical_accuracy", Maximize, k: usize = 5, positive "1 or more"; |batch, row| hit(in_top_k(batch.pred(row), argmax(batch.values(row)?), k))
}
mean_metric! {
    /// How often the class's output is among the k largest outputs.
    SparseTopKCategoricalAccuracy, "SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy", Maximize, k: usize = 5, positive "1 or more"; |batch, row| hit(in_top_k(batch.pred(row), batch.class(row)?, k))
}
mean_metric! {
    /// `mean(|y − ŷ|)`.
    MeanAbsoluteError, "MeanAbsoluteError", "mean_absolute_error", Minimize; |batch, row| over(batch.values(row)?, batch.pred(row), |t, p| (t - p).abs())
}
mean_metric! {
    /// `mean((y − ŷ)²)`.
    MeanSquaredError, "MeanSquaredError", "mean_squared_error", Minimize; |batch, row| over(batch.values(row)?, batch.pred(row), |t, p| (t - p).powi(2))
}
mean_metric! {
    /// `√mean((y − ŷ)²)`, the root taken over all batches.
    RootMeanSquaredError, "RootMeanSquaredError", "root_mean_squared_error", Minimize; |batch, row| over(batch.values(row)?, batch.pred(row), |t, p| (t - p).powi(2)); finish f64::sqrt
}
mean_metric! {
    /// `100·mean(|y − ŷ| / max(|y|, 1e-7))`.
    MeanAbsolutePercentageError, "MeanAbsolutePercentageError", "mean_absolute_percentage_error", Minimize; |batch, row| {
        100.0 * over(batch.values(row)?, batch.pred(row), |t, p| ((t - p) / t.abs().max(1e-7)).abs())
    }
}
mean_metric! {
    /// `mean((ln(y + 1) − ln(ŷ + 1))²)`, with y and ŷ taken to be 1e-7 at least.
    MeanSquaredLogarithmicError, "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", Minimize; |batch, row| {
        over(batch.values(row)?, batch.pred(row), |t, p| (t.max(1e-7).ln_1p() - p.max(1e-7).ln_1p()).powi(2))
    }
}
mean_metric! {
    /// `Σ y·ŷ / (‖y‖·‖ŷ‖)` of a row.
    CosineSimilarity, "CosineSimilarity", "cosine_similarity", Maximize; |batch, row| {
        let (t, p) = (batch.values(row)?, batch.pred(row));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        dot(t, p) / (dot(t, t).sqrt().max(1e-12) * dot(p, p).sqrt().max(1e-12))
    }
}
