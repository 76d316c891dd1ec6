//! Metrics, by Keras' names: running over the batches of an epoch, each example counting the same unless it is weighted.

mod confusion_matrix;
mod counts;
mod curves;
mod f_score;
mod function;
mod iou;
mod loss;
mod mean;
mod r2;
mod scored;

use std::any::{Any, TypeId};
use std::fmt::Debug;

pub use confusion_matrix::{ConfusionMatrix, Normalize};
pub use counts::{FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives};
pub use curves::{Auc, Curve, PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity};
pub use f_score::{Average, F1Score, FBetaScore};
pub use function::{FnMetric, from_fn};
pub use iou::{BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU};
pub use loss::LossMetric;
pub use mean::{
    Accuracy, BinaryAccuracy, CategoricalAccuracy, CosineSimilarity, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, RootMeanSquaredError, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy,
};
pub use r2::R2Score;
pub use scored::Scored;

use serde_json::Value;

use crate::config::{Config, with_origin, without_idle};
use crate::{Error, Result};

/// Which values of a log are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smaller ones, as of losses and errors.
    Minimize,
    /// Larger ones, as of what measures agreement.
    Maximize,
}

impl Direction {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Minimize => "minimize",
            Self::Maximize => "maximize",
        }
    }

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
pub trait Metric: Any + Debug + Send + Sync {
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

/// The methods of [`Metric`] that are the same for every metric with a `name` that serde can write.
macro_rules! common_methods {
    ($class:expr, $direction:ident) => {
        fn name(&self) -> &str {
            &self.name
        }

        fn class_name(&self) -> &'static str {
            $class
        }

        fn config(&self) -> $crate::config::Config {
            $crate::config::to_config(self)
        }

        fn direction(&self) -> Option<$crate::metrics::Direction> {
            Some($crate::metrics::Direction::$direction)
        }
    };
}
use common_methods;

/// The error for numbers that a metric does not keep.
pub(crate) fn unknown_state(metric: &str, name: &str) -> Error {
    Error::format(format!("the metric `{metric}` keeps no numbers `{name}`, or another count of them"))
}

/// What [`compile`](crate::Model::compile) takes as metrics: nothing `()`, one, names in an array, a vector of metrics, or a
/// tuple of all of these.
///
/// The name of a loss stands for its mean: see [`LossMetric`].
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

macro_rules! tuples {
    ($($metric:ident $given:ident),+) => {
        impl<$($metric: IntoMetrics),+> IntoMetrics for ($($metric,)+) {
            fn into_metrics(self) -> Result<Vec<Box<dyn Metric>>> {
                let ($($given,)+) = self;
                Ok([$($given.into_metrics()?),+].into_iter().flatten().collect())
            }
        }
    };
}

tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);

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
            let config = without_idle(class, config, &idle(class))?;
            Ok(match class {
                $($class | $name $(| $alias)* => Box::new(crate::config::from_config::<$metric>(class, config)?),)+
                unknown => Box::new(of_a_loss(unknown, config)?),
            })
        }

        const NAMES: &[&str] = &[$($name),+];

        /// Whether a metric is one of this crate, whatever its class is called.
        fn is_own(metric: &dyn Metric) -> bool {
            let all = [TypeId::of::<LossMetric>(), TypeId::of::<Weighted>(), $(TypeId::of::<$metric>()),+];
            all.contains(&(metric as &dyn Any).type_id())
        }
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
    "TruePositives" TruePositives: "true_positives";
    "FalsePositives" FalsePositives: "false_positives";
    "TrueNegatives" TrueNegatives: "true_negatives";
    "FalseNegatives" FalseNegatives: "false_negatives";
    "F1Score" F1Score: "f1_score";
    "FBetaScore" FBetaScore: "fbeta_score";
    "PrecisionAtRecall" PrecisionAtRecall: "precision_at_recall";
    "RecallAtPrecision" RecallAtPrecision: "recall_at_precision";
    "SensitivityAtSpecificity" SensitivityAtSpecificity: "sensitivity_at_specificity";
    "SpecificityAtSensitivity" SpecificityAtSensitivity: "specificity_at_sensitivity";
    "IoU" IoU: "io_u";
    "MeanIoU" MeanIoU: "mean_io_u" | "mean_iou";
    "BinaryIoU" BinaryIoU: "binary_io_u" | "binary_iou";
    "OneHotIoU" OneHotIoU: "one_hot_io_u";
    "OneHotMeanIoU" OneHotMeanIoU: "one_hot_mean_io_u";
}

/// The metric of a loss, from the loss' class or name and options.
fn of_a_loss(class: &str, mut config: Config) -> Result<LossMetric> {
    let name = config.remove("name");
    // The only loss whose metric has another class.
    let class = if class == "LogCoshError" { "LogCosh" } else { class };
    match crate::losses::from_config(class, config) {
        Err(error) if error.is_unknown() => {
            Err(Error::unknown("metric", class, NAMES).hint("the names of losses are those of metrics, too"))
        }
        loss => LossMetric::new(loss?)?.with_name_of(&name.map(|name| ("name".to_owned(), name)).into_iter().collect()),
    }
}

/// A metric by its class and options.
pub(crate) fn describe(metric: &dyn Metric) -> Value {
    with_origin(metric.class_name(), metric.config(), is_own(metric))
}

/// What Keras writes beside the options, with the values that change nothing.
fn idle(class: &str) -> Vec<(&'static str, Value)> {
    let mut idle = vec![
        ("axis", (-1).into()),
        ("summation_method", "interpolation".into()),
        ("multi_label", false.into()),
        ("num_labels", Value::Null),
        ("label_weights", Value::Null),
        ("class_aggregation", "uniform_average".into()),
        ("num_regressors", 0.into()),
    ];
    let has = |option: &str| match option {
        "thresholds" => class.ends_with("Positives") || class.ends_with("Negatives") || ["Precision", "Recall"].contains(&class),
        _ => ["Precision", "Recall"].contains(&class),
    };
    idle.extend(["thresholds", "top_k", "class_id"].into_iter().filter(|option| !has(option)).map(|option| (option, Value::Null)));
    idle
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
        [("metric".to_owned(), describe(&*self.0))].into_iter().collect()
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
    use crate::autodiff::View;
    use crate::model::CompileRegistry;

    /// Those that need to know how many classes there are, and some of losses.
    fn with_classes() -> Vec<(&'static str, Box<dyn Metric>)> {
        vec![
            ("io_u", Box::new(IoU::new(2, [1]).sparse_y_true(false).sparse_y_pred(false))),
            ("mean_io_u", Box::new(MeanIoU::new(2).sparse_y_true(false).sparse_y_pred(false).ignore_class(-1))),
            ("one_hot_io_u", Box::new(OneHotIoU::new(2, [0]))),
            ("one_hot_mean_io_u", Box::new(OneHotMeanIoU::new(2))),
            ("cosine", Box::new(LossMetric::new(crate::losses::CosineSimilarity).unwrap().named("cosine"))),
            ("kld", by_name("kld").unwrap()),
            ("huber", by_name("huber").unwrap()),
        ]
    }

    #[test]
    fn u5_what_a_metric_cannot_do_is_said() {
        let error = by_name("mean_io_u").unwrap().check().unwrap_err();
        assert!(error.to_string().contains("num_classes of mean_io_u must be 1 to 8192, got 0"), "{error}");
        let error = by_name("hubr").unwrap_err();
        assert!(error.is_unknown() && error.to_string().contains("metric `hubr`"), "{error}");
        let (y_true, y_pred) = (View { shape: [2, 1].into(), data: &[1.0, 0.0] }, View { shape: [2, 1].into(), data: &[0.75, 0.5] });
        let batch = Scored { y_true, y_pred, sample_weight: None, mask: None };
        let error = F1Score::default().update(&batch).unwrap_err();
        assert!(error.to_string().contains("say `.threshold(0.5)`"), "{error}");
        for metric in [&IoU::new(3, []) as &dyn Metric, &OneHotIoU::new(3, [])] {
            let error = metric.check().unwrap_err();
            assert!(error.is_argument() && error.to_string().contains("is empty: expected one class or more, each below 3"), "{error}");
        }
        let error = MeanIoU::new(2).update(&batch).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("sparse_y_pred(false)"), "{error}");
        let error = Precision::default().class_id(3).update(&batch).unwrap_err();
        assert!(error.to_string().contains("class_id of precision is 3"), "{error}");
        let keras = serde_json::json!({"name": "p", "thresholds": [0.25, 0.5], "top_k": null, "class_id": null});
        let error = from_config("Precision", keras.as_object().unwrap().clone()).unwrap_err();
        assert!(error.is_format() && error.to_string().contains("expected one threshold, got 2"), "{error}");
    }

    #[test]
    fn metrics_come_back_from_their_configuration_and_state() {
        let named = NAMES.iter().copied().filter(|name| !name.ends_with("io_u") || *name == "binary_io_u");
        for (name, metric) in named.map(|name| (name, by_name(name).unwrap())).chain(with_classes()) {
            let mut metric = metric;
            assert_eq!(metric.name(), name);
            assert!(metric.direction().is_some(), "{name} says no direction");
            let over_thresholds = name == "auc" || name.contains("_at_");
            let pred = if over_thresholds { [0.25, 0.75, 0.5, 0.1] } else { [0.2, 0.9, 1.5, 0.4] };
            let classes = name.starts_with("sparse");
            let (shape, data): (crate::Shape, &[f32]) =
                if classes { ([2].into(), &[1.0, 0.0]) } else { ([2, 2].into(), &[0.0, 1.0, 1.0, 0.0]) };
            let (y_true, y_pred) = (View { shape, data }, View { shape: [2, 2].into(), data: &pred });
            metric.update(&Scored { y_true, y_pred, sample_weight: None, mask: None }).unwrap();
            let mut again = CompileRegistry::default().make_metric(&describe(&*metric)).unwrap();
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
