use std::fmt::{self, Debug};

use super::{Direction, Mean, Metric, Scored, unknown_state};
use crate::Result;
use crate::config::FUNCTION;

/// The mean over all rows of what a function makes of each: see [`from_fn`].
#[derive(Clone)]
pub struct FnMetric<F> {
    name: String,
    function: F,
    direction: Option<Direction>,
    mean: Mean,
}

/// A metric from a function of the targets and the predictions of a row, whose mean over all rows is the value.
///
/// A file holds its name alone. To load a model that was compiled with it, register it under this name: see
/// [`CompileRegistry::metric`](crate::model::CompileRegistry::metric). A type that implements [`Metric`] can have options in the file.
///
/// ```
/// use practicum_core::metrics;
/// use practicum_core::prelude::*;
///
/// let within =
///     metrics::from_fn("within_one", |y_true, y_pred| f64::from((y_true[0] - y_pred[0]).abs() < 1.0))
///         .maximize();
/// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
/// model.compile("sgd", "mse", within)?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub fn from_fn<F: Fn(&[f32], &[f32]) -> f64 + Clone + Send + Sync + 'static>(name: impl Into<String>, function: F) -> FnMetric<F> {
    FnMetric { name: name.into(), function, direction: None, mean: Mean::default() }
}

impl<F> FnMetric<F> {
    /// Smaller values are better.
    #[must_use]
    pub fn minimize(mut self) -> Self {
        self.direction = Some(Direction::Minimize);
        self
    }

    /// Larger values are better.
    #[must_use]
    pub fn maximize(mut self) -> Self {
        self.direction = Some(Direction::Maximize);
        self
    }
}

impl<F> Debug for FnMetric<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FnMetric").field(&self.name).finish()
    }
}

impl<F: Fn(&[f32], &[f32]) -> f64 + Clone + Send + Sync + 'static> Metric for FnMetric<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn class_name(&self) -> &'static str {
        FUNCTION
    }

    fn direction(&self) -> Option<Direction> {
        self.direction
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        for row in 0..batch.rows() {
            self.mean.add((self.function)(batch.values(row)?, batch.pred(row)), batch.weight(row));
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        self.mean.value()
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { mean: Mean::default(), ..self.clone() })
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.mean.state()
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        if self.mean.set_state(name, numbers) { Ok(()) } else { Err(unknown_state(&self.name, name)) }
    }
}
