use std::sync::Arc;

use serde_json::Value;

use super::{Direction, Mean, Metric, Scored, unknown_state};
use crate::autodiff::{Tape, View};
use crate::config::Config;
use crate::losses::{self, IntoLoss, Loss, fit_targets};
use crate::{Error, Result, Tensor};

/// A loss as a metric: its mean over all examples, without penalties.
///
/// Every loss can be given by its name, too. Unlike the loss that a model is compiled with, it sees the outputs alone: where
/// it needs logits, it must be told that it gets them.
///
/// ```
/// use practicum_core::losses::Huber;
/// use practicum_core::metrics::LossMetric;
/// use practicum_core::prelude::*;
///
/// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
/// model.compile("sgd", "mse", ("huber", LossMetric::new(Huber::new(0.5))?.named("narrow")))?;
/// let logs = model.evaluate([[0.0]], [[3.0]])?;
/// assert_eq!((logs["huber"], logs["narrow"]), (2.5, 1.375));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LossMetric {
    name: String,
    loss: Arc<dyn Loss>,
    mean: Mean,
}

impl LossMetric {
    /// The metric of a loss, under its name.
    ///
    /// # Errors
    /// A name that no loss has.
    pub fn new(loss: impl IntoLoss) -> Result<Self> {
        let loss = loss.into_loss()?;
        Ok(Self { name: loss.name().to_owned(), loss: Arc::from(loss), mean: Mean::default() })
    }

    /// Under the name of the options, if they have one.
    pub(crate) fn with_name_of(self, config: &Config) -> Result<Self> {
        match config.get("name") {
            None | Some(Value::Null) => Ok(self),
            Some(Value::String(name)) => Ok(self.named(name)),
            Some(name) => Err(Error::format(format!("a metric has name = {name}: expected a text"))),
        }
    }

    /// Under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

fn tensor(view: View<'_>) -> Result<Tensor> {
    Tensor::new(view.shape, view.data.to_vec())
}

impl Metric for LossMetric {
    fn name(&self) -> &str {
        &self.name
    }

    fn class_name(&self) -> &'static str {
        "LossMetric"
    }

    fn config(&self) -> Config {
        let loss = losses::describe(&*self.loss);
        [("name".to_owned(), self.name.as_str().into()), ("loss".to_owned(), loss)].into_iter().collect()
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Minimize)
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.mean.state()
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        if self.mean.set_state(name, numbers) { Ok(()) } else { Err(unknown_state(&self.name, name)) }
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        let shape = fit_targets(self.loss.targets(), batch.y_true.shape, batch.y_pred.shape)?;
        let tape = Tape::new();
        let y_true = tape.constant(tensor(View { shape, ..batch.y_true })?);
        let values = self.loss.call(&y_true, &tape.constant(tensor(batch.y_pred)?))?.value()?;
        let (rows, values) = (batch.rows(), values.as_slice());
        if let [value] = values {
            let weight: f64 = (0..rows).map(|row| batch.weight(row)).sum();
            let one_for_all = rows != 1 && batch.sample_weight.is_none();
            self.mean.add(f64::from(*value), if one_for_all { 1.0 } else { weight });
            return Ok(());
        }
        for (index, value) in values.iter().enumerate() {
            self.mean.add(f64::from(*value), batch.weight(index * rows / values.len()));
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

    fn check(&self) -> Result<()> {
        self.loss.check()
    }
}
