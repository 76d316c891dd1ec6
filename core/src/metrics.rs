//! Metrics, by Keras' names: running over the batches of an epoch, each example counting the same unless it is weighted.

mod confusion;
mod mean;
mod r2;

use std::fmt::Debug;

pub use confusion::{Auc, Curve, Precision, Recall};
pub use mean::{
    Accuracy, BinaryAccuracy, CategoricalAccuracy, CosineSimilarity, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, RootMeanSquaredError, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy,
};
pub use r2::R2Score;

use crate::autodiff::View;
use crate::{Error, Result};

/// The targets and predictions of a batch, and how much each example counts.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The targets: values of the predictions' shape, or classes, one a row of predictions.
    pub y_true: View<'a>,
    /// What the model put out.
    pub y_pred: View<'a>,
    /// One weight an example; all count the same where there are none.
    pub sample_weight: Option<&'a [f32]>,
    /// 1 for the rows that count and 0 for the others; all count where there is none.
    pub mask: Option<&'a [f32]>,
}

impl<'a> Scored<'a> {
    /// Predictions of a row. Without a second axis, each example has one.
    fn outputs(&self) -> usize {
        if self.y_pred.shape.rank() < 2 { 1 } else { self.y_pred.shape.last() }
    }

    /// Rows of predictions: examples, or time steps of examples.
    fn rows(&self) -> usize {
        self.y_pred.data.len() / self.outputs().max(1)
    }

    /// The weight of a row: that of its example, if the row counts.
    fn weight(&self, row: usize) -> f64 {
        let of_row = |weights: Option<&[f32]>| match weights {
            Some(weights) if !weights.is_empty() => {
                let steps = (self.rows() / weights.len()).max(1);
                f64::from(weights.get(row / steps).copied().unwrap_or(1.0))
            }
            _ => 1.0,
        };
        of_row(self.sample_weight) * of_row(self.mask)
    }

    /// Whether the targets are classes, one a row.
    fn has_classes(&self) -> bool {
        self.y_true.data.len() == self.rows() && self.outputs() > 1
    }

    fn pred(&self, row: usize) -> &'a [f32] {
        let n = self.outputs();
        &self.y_pred.data[row * n..(row + 1) * n]
    }

    /// The targets of a row, as many as there are predictions.
    fn values(&self, row: usize) -> Result<&'a [f32]> {
        let n = self.outputs();
        self.y_true.data.get(row * n..(row + 1) * n).ok_or_else(|| {
            let (pred, got) = (self.y_pred.shape, self.y_true.shape);
            Error::shape(format!("this metric compares values: for predictions {pred} expected as many targets, got {got}"))
        })
    }

    fn class(&self, row: usize) -> Result<usize> {
        match self.y_true.data.get(row) {
            Some(class) if self.y_true.data.len() == self.rows() => Ok(*class as usize),
            _ => {
                let (pred, got) = (self.y_pred.shape, self.y_true.shape);
                Err(Error::shape(format!("this metric wants one class a row: for predictions {pred}, got targets {got}")))
            }
        }
    }
}

/// A number that tells how good predictions are, over all batches since it was reset.
pub trait Metric: Debug + Send + Sync + 'static {
    /// The name in logs and history.
    fn name(&self) -> &str;

    /// Takes a batch into account.
    ///
    /// # Errors
    /// Shapes that the metric cannot compare.
    fn update(&mut self, batch: &Scored<'_>) -> Result<()>;

    /// The value so far.
    fn result(&self) -> f64;

    /// Forgets everything.
    fn reset(&mut self);

    /// The same metric, without what it has seen.
    fn fresh(&self) -> Box<dyn Metric>;

    /// Whether sample weights and class weights count. As in Keras they do not, but for [`weighted`] metrics.
    fn is_weighted(&self) -> bool {
        false
    }

    /// Checks the options.
    ///
    /// # Errors
    /// An option outside its range.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// What [`compile`](crate::Model::compile) takes as metrics: nothing `()`, one, names in an array, or a vector of metrics.
pub trait IntoMetrics {
    /// The metrics.
    ///
    /// # Errors
    /// A name that no metric has.
    fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>>;
}

impl IntoMetrics for () {
    fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>> {
        Ok(Vec::new())
    }
}

impl<M: Metric> IntoMetrics for M {
    fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>> {
        Ok(vec![Box::new(self)])
    }
}

impl IntoMetrics for Vec<Box<dyn Metric>> {
    fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>> {
        Ok(self)
    }
}

impl IntoMetrics for &str {
    fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>> {
        Ok(vec![by_name(self)?])
    }
}

impl<const N: usize> IntoMetrics for [&str; N] {
    fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>> {
        self.into_iter().map(by_name).collect()
    }
}

/// What [`compile`](crate::Model::compile) takes as metrics of a model that may have several outputs.
pub trait IntoMetricLists {
    /// A list of metrics for all outputs, or a list for each.
    ///
    /// # Errors
    /// A name that no metric has.
    fn into_metric_lists(self) -> Result<Vec<Vec<Box<dyn Metric>>>>;
}

impl<M: IntoMetrics> IntoMetricLists for M {
    fn into_metric_lists(self) -> Result<Vec<Vec<Box<dyn Metric>>>> {
        Ok(vec![self.into_metrics()?])
    }
}

/// Other metrics for each output of a model.
///
/// ```
/// use practicum_core::metrics::PerOutput;
/// use practicum_core::prelude::*;
///
/// let input = Input::new([4]).symbol();
/// let outputs = [Dense::new(1).named("size").on(&input), Dense::new(3).named("kind").on(&input)];
/// let mut model = Model::new(&input, outputs)?;
/// model.compile("adam", "mse", PerOutput::new().output(["mae", "rmse"]).output(()))?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct PerOutput(Vec<Result<Vec<Box<dyn Metric>>>>);

impl PerOutput {
    /// No output yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The metrics of the next output.
    #[must_use]
    pub fn output(mut self, metrics: impl IntoMetrics) -> Self {
        self.0.push(metrics.into_metrics());
        self
    }
}

impl IntoMetricLists for PerOutput {
    fn into_metric_lists(self) -> Result<Vec<Vec<Box<dyn Metric>>>> {
        self.0.into_iter().collect()
    }
}

/// The metric with the given name, under which it will stand in the logs, as in Keras: `acc` and `accuracy` are the same
/// number.
///
/// # Errors
/// A name that no metric has.
pub fn by_name(name: &str) -> Result<Box<dyn Metric>> {
    Ok(match name {
        "accuracy" | "acc" => Box::new(Accuracy::named(name)),
        "binary_accuracy" => Box::new(BinaryAccuracy::default()),
        "categorical_accuracy" => Box::new(CategoricalAccuracy::default()),
        "sparse_categorical_accuracy" => Box::new(SparseCategoricalAccuracy::default()),
        "top_k_categorical_accuracy" => Box::new(TopKCategoricalAccuracy::default()),
        "sparse_top_k_categorical_accuracy" => Box::new(SparseTopKCategoricalAccuracy::default()),
        "precision" | "Precision" => Box::new(Precision::named(name)),
        "recall" | "Recall" => Box::new(Recall::named(name)),
        "auc" | "AUC" => Box::new(Auc::named(name)),
        "mae" | "mean_absolute_error" => Box::new(MeanAbsoluteError::named(name)),
        "mse" | "mean_squared_error" => Box::new(MeanSquaredError::named(name)),
        "rmse" | "root_mean_squared_error" | "RootMeanSquaredError" => Box::new(RootMeanSquaredError::named(name)),
        "mape" | "mean_absolute_percentage_error" => Box::new(MeanAbsolutePercentageError::named(name)),
        "msle" | "mean_squared_logarithmic_error" => Box::new(MeanSquaredLogarithmicError::named(name)),
        "cosine_similarity" => Box::new(CosineSimilarity::default()),
        "r2_score" => Box::new(R2Score::default()),
        unknown => return Err(Error::unknown("metric", unknown, NAMES)),
    })
}

const NAMES: [&str; 16] = [
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "top_k_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "precision",
    "recall",
    "auc",
    "mae",
    "mse",
    "root_mean_squared_error",
    "mape",
    "msle",
    "cosine_similarity",
    "r2_score",
];

/// The metric with sample weights and class weights taken into account, as Keras' `weighted_metrics`.
pub fn weighted(metric: impl Metric) -> Weighted {
    Weighted(Box::new(metric))
}

/// A metric that weighs its examples: see [`weighted`].
#[derive(Debug)]
pub struct Weighted(Box<dyn Metric>);

impl Metric for Weighted {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        self.0.update(batch)
    }

    fn result(&self) -> f64 {
        self.0.result()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self(self.0.fresh()))
    }

    fn is_weighted(&self) -> bool {
        true
    }

    fn check(&self) -> Result<()> {
        self.0.check()
    }
}

/// A weighted mean over rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    total: f64,
    weight: f64,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64, weight: f64) {
        self.total += value * weight;
        self.weight += weight;
    }

    /// The mean; 0 of nothing.
    pub(crate) fn value(self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.total / self.weight }
    }
}
