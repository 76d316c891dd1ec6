//! Metrics, by Keras' names: running over the batches of an epoch, each example counting the same unless it is weighted.

mod confusion;
mod function;
mod mean;
mod r2;

use std::fmt::Debug;

pub use confusion::{Auc, Curve, Precision, Recall};
pub use function::{FnMetric, from_fn};
pub use mean::{
    Accuracy, BinaryAccuracy, CategoricalAccuracy, CosineSimilarity, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, RootMeanSquaredError, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy,
};
pub use r2::R2Score;

use serde_json::Value;

use crate::autodiff::View;
use crate::config::{Config, with_class, without_idle};
use crate::{Error, Result};

/// The targets and predictions of a batch, and how much each example counts.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The targets: values of the predictions' shape, or classes, one a row of predictions.
    pub y_true: View<'a>,
    /// The outputs of the model.
    pub y_pred: View<'a>,
    /// One weight an example; all count the same where there are none.
    pub sample_weight: Option<&'a [f32]>,
    /// 1 for the rows that count and 0 for the others; all count where there is none.
    pub mask: Option<&'a [f32]>,
}

impl<'a> Scored<'a> {
    /// Predictions of a row. Without a second axis, each example has one.
    pub fn outputs(&self) -> usize {
        if self.y_pred.shape.rank() < 2 { 1 } else { self.y_pred.shape.last() }
    }

    /// Rows of predictions: examples, or time steps of examples.
    pub fn rows(&self) -> usize {
        self.y_pred.data.len() / self.outputs().max(1)
    }

    /// The weight of a row: that of its example, if the row counts.
    pub fn weight(&self, row: usize) -> f64 {
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

    /// The predictions of a row.
    ///
    /// # Panics
    /// There are not as many [`rows`](Scored::rows).
    pub fn pred(&self, row: usize) -> &'a [f32] {
        let n = self.outputs();
        &self.y_pred.data[row * n..(row + 1) * n]
    }

    /// The targets of a row, as many as there are predictions.
    ///
    /// # Errors
    /// There are fewer targets than predictions: they are classes.
    pub fn values(&self, row: usize) -> Result<&'a [f32]> {
        let n = self.outputs();
        self.y_true.data.get(row * n..(row + 1) * n).ok_or_else(|| {
            let (pred, got) = (self.y_pred.shape, self.y_true.shape);
            Error::shape(format!("this metric compares values: for predictions {pred} expected as many targets, got {got}"))
        })
    }

    /// The class that is the target of a row.
    ///
    /// # Errors
    /// There is not one target a row.
    pub fn class(&self, row: usize) -> Result<usize> {
        match self.y_true.data.get(row) {
            Some(class) if self.y_true.data.len() == self.rows() => Ok(*class as usize),
            _ => {
                let (pred, got) = (self.y_pred.shape, self.y_true.shape);
                Err(Error::shape(format!("this metric wants one class a row: for predictions {pred}, got targets {got}")))
            }
        }
    }
}

/// Which values of a log are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smaller ones, as of losses and errors.
    Minimize,
    /// Larger ones, as of what measures agreement.
    Maximize,
}

impl Direction {
    /// What every value is better than.
    pub(crate) fn worst(self) -> f64 {
        match self {
            Self::Minimize => f64::INFINITY,
            Self::Maximize => f64::NEG_INFINITY,
        }
    }

    /// Whether `value` is better than `best` by more than `delta`.
    pub(crate) fn improves(self, value: f64, best: f64, delta: f64) -> bool {
        match self {
            Self::Minimize => value < best - delta,
            Self::Maximize => value > best + delta,
        }
    }
}

/// A number that tells how good predictions are, over all batches since it was reset.
pub trait Metric: Debug + Send + Sync + 'static {
    /// The name in logs and history.
    fn name(&self) -> &str;

    /// Keras' name for the class, by which a [`CompileRegistry`](crate::model::CompileRegistry) makes it.
    fn class_name(&self) -> &'static str;

    /// The options as JSON, in Keras' words, the name among them.
    fn config(&self) -> Config {
        [("name".to_owned(), self.name().into())].into_iter().collect()
    }

    /// Which values are better. Where it says nothing, a callback that watches it has to be told.
    fn direction(&self) -> Option<Direction> {
        None
    }

    /// What it has seen, as named lists of numbers.
    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        Vec::new()
    }

    /// Takes what [`state`](Metric::state) gave, one list at a time.
    ///
    /// # Errors
    /// A list that the metric does not know, or one of another length; the default knows none.
    fn set_state(&mut self, name: &str, _numbers: &[f64]) -> Result<()> {
        Err(unknown_state(self.name(), name))
    }

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

/// The error for numbers that a metric does not keep.
pub(crate) fn unknown_state(metric: &str, name: &str) -> Error {
    Error::format(format!("the metric `{metric}` keeps no numbers `{name}`, or another count of them"))
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
    let config = || [("name".to_owned(), name.into())].into_iter().collect();
    from_config(name, config())
}

/// The metrics of this crate by their classes and the names that stand for them.
macro_rules! known {
    ($($class:literal $metric:ident: $name:literal $(| $alias:literal)*;)+) => {
        /// The metric of a class, or of its name.
        pub(crate) fn from_config(class: &str, config: Config) -> Result<Box<dyn Metric>> {
            let config = without_idle(class, config, &idle())?;
            Ok(match class {
                $($class | $name $(| $alias)* => Box::new(crate::config::from_config::<$metric>(class, config)?),)+
                unknown => return Err(Error::unknown("metric", unknown, NAMES)),
            })
        }

        const NAMES: &[&str] = &[$($name),+];
    };
}

known! {
    "Accuracy" Accuracy: "accuracy" | "acc";
    "BinaryAccuracy" BinaryAccuracy: "binary_accuracy";
    "CategoricalAccuracy" CategoricalAccuracy: "categorical_accuracy";
    "SparseCategoricalAccuracy" SparseCategoricalAccuracy: "sparse_categorical_accuracy";
    "TopKCategoricalAccuracy" TopKCategoricalAccuracy: "top_k_categorical_accuracy";
    "SparseTopKCategoricalAccuracy" SparseTopKCategoricalAccuracy: "sparse_top_k_categorical_accuracy";
    "Precision" Precision: "precision";
    "Recall" Recall: "recall";
    "AUC" Auc: "auc";
    "MeanAbsoluteError" MeanAbsoluteError: "mae" | "mean_absolute_error";
    "MeanSquaredError" MeanSquaredError: "mse" | "mean_squared_error";
    "RootMeanSquaredError" RootMeanSquaredError: "root_mean_squared_error" | "rmse";
    "MeanAbsolutePercentageError" MeanAbsolutePercentageError: "mape" | "mean_absolute_percentage_error";
    "MeanSquaredLogarithmicError" MeanSquaredLogarithmicError: "msle" | "mean_squared_logarithmic_error";
    "CosineSimilarity" CosineSimilarity: "cosine_similarity";
    "R2Score" R2Score: "r2_score";
}

/// What Keras writes beside the options, with the values that change nothing.
fn idle() -> [(&'static str, Value); 8] {
    [
        ("thresholds", Value::Null),
        ("top_k", Value::Null),
        ("class_id", Value::Null),
        ("axis", (-1).into()),
        ("summation_method", "interpolation".into()),
        ("label_weights", Value::Null),
        ("class_aggregation", "uniform_average".into()),
        ("num_regressors", 0.into()),
    ]
}

/// The metric with sample weights and class weights taken into account, as Keras' `weighted_metrics`.
pub fn weighted(metric: impl Metric) -> Weighted {
    Weighted(Box::new(metric))
}

pub(crate) fn weighted_box(metric: Box<dyn Metric>) -> Weighted {
    Weighted(metric)
}

/// A metric that weighs its examples: see [`weighted`].
#[derive(Debug)]
pub struct Weighted(Box<dyn Metric>);

impl Metric for Weighted {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn class_name(&self) -> &'static str {
        "Weighted"
    }

    fn config(&self) -> Config {
        [("metric".to_owned(), with_class(self.0.class_name(), self.0.config()))].into_iter().collect()
    }

    fn direction(&self) -> Option<Direction> {
        self.0.direction()
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.0.state()
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        self.0.set_state(name, numbers)
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

    pub(crate) fn state(self) -> Vec<(&'static str, Vec<f64>)> {
        vec![("total", vec![self.total]), ("count", vec![self.weight])]
    }

    /// Takes one of the numbers of [`state`](Mean::state); whether there is one of that name.
    pub(crate) fn set_state(&mut self, name: &str, numbers: &[f64]) -> bool {
        match (name, numbers) {
            ("total", [total]) => self.total = *total,
            ("count", [weight]) => self.weight = *weight,
            _ => return false,
        }
        true
    }

    /// The mean; 0 of nothing.
    pub(crate) fn value(self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.total / self.weight }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_come_back_from_their_configuration_and_state() {
        for name in NAMES.iter().copied() {
            let mut metric = by_name(name).unwrap();
            assert_eq!(metric.name(), name);
            assert!(metric.direction().is_some(), "{name} says no direction");
            let pred = if name == "auc" || name == "precision" || name == "recall" { [0.25, 0.75, 0.5, 0.1] } else { [0.2, 0.9, 1.5, 0.4] };
            let classes = name.starts_with("sparse");
            let (shape, data): (crate::Shape, &[f32]) =
                if classes { ([2].into(), &[1.0, 0.0]) } else { ([2, 2].into(), &[0.0, 1.0, 1.0, 0.0]) };
            let (y_true, y_pred) = (View { shape, data }, View { shape: [2, 2].into(), data: &pred });
            metric.update(&Scored { y_true, y_pred, sample_weight: None, mask: None }).unwrap();
            let mut again = from_config(metric.class_name(), metric.config()).unwrap();
            again.reset();
            for (list, numbers) in metric.state() {
                again.set_state(list, &numbers).unwrap();
            }
            assert_eq!(again.result().to_bits(), metric.result().to_bits(), "{name}");
            assert_eq!((again.name(), again.config()), (metric.name(), metric.config()));
            assert!(again.set_state("nothing", &[1.0]).unwrap_err().is_format());
        }
    }
}
