use serde::{Deserialize, Serialize};

use super::confusion_matrix::MAX_CLASSES;
use super::counts::ratio;
use super::{Metric, Scored, common_methods, unknown_state};
use crate::autodiff::{View, resize};
use crate::tensor::argmax;
use crate::{Error, Result};

/// How often each true class (row) got each answer (column).
#[derive(Clone, Debug, Default)]
struct Counted(Vec<f64>);

impl Counted {
    /// The mean of intersection over union of the classes that occur; 0 where none does.
    fn mean(&self, classes: usize, targets: impl Iterator<Item = usize>) -> f64 {
        let at = |truth: usize, answer: usize| self.0.get(truth * classes + answer).copied().unwrap_or(0.0);
        let (mut sum, mut valid) = (0.0, 0.0);
        for class in targets.filter(|class| *class < classes) {
            let union = (0..classes).map(|other| at(class, other) + at(other, class)).sum::<f64>() - at(class, class);
            if union > 1e-9 {
                sum += at(class, class) / union;
                valid += 1.0;
            }
        }
        ratio(sum, valid)
    }
}

/// What numbers of targets or outputs say.
#[derive(Clone, Copy)]
enum Coded {
    /// Each is a class.
    Sparse,
    /// The class of a row is the index of its largest number.
    OneHot,
    /// Each is of class 1 from this on, else of class 0.
    Threshold(f32),
}

impl Coded {
    fn of(sparse: bool) -> Self {
        if sparse { Self::Sparse } else { Self::OneHot }
    }

    /// The classes, none where a number is no class.
    fn classes(self, what: &str, numbers: View<'_>, outputs: usize) -> Result<Vec<Option<usize>>> {
        let class = |number: &f32| {
            if number.fract() != 0.0 || !number.is_finite() {
                let message = format!("{what} are class numbers, got {number}");
                return Err(Error::data(message).hint("for an output a class, use a OneHot metric, or say `sparse_y_pred(false)`"));
            }
            Ok((*number >= 0.0).then_some(*number as usize))
        };
        match self {
            Self::Sparse => numbers.data.iter().map(class).collect(),
            Self::OneHot => Ok(numbers.data.chunks_exact(outputs.max(1)).map(|row| Some(argmax(row))).collect()),
            Self::Threshold(threshold) => Ok(numbers.data.iter().map(|output| Some(usize::from(*output >= threshold))).collect()),
        }
    }
}

/// What a metric counts, and how.
struct Rule<'a> {
    name: &'a str,
    classes: usize,
    ignore_class: Option<i64>,
    y_true: Coded,
    y_pred: Coded,
}

impl Rule<'_> {
    fn count(&self, counted: &mut Counted, batch: &Scored<'_>) -> Result<()> {
        self.check()?;
        resize(&mut counted.0, self.classes * self.classes)?;
        let outputs = batch.outputs();
        let truth = self.y_true.classes("targets", batch.y_true, outputs)?;
        let answers = self.y_pred.classes("outputs", batch.y_pred, outputs)?;
        if truth.len() != answers.len() {
            let (t, p) = (batch.y_true.shape, batch.y_pred.shape);
            return Err(Error::shape(format!(
                "{} compares classes: got {} in targets {t}, {} in outputs {p}",
                self.name,
                truth.len(),
                answers.len()
            ))
            .hint("`sparse_y_true` and `sparse_y_pred` say which of them are class numbers, and which a number for each class"));
        }
        let rows = batch.rows().max(1);
        for (index, (truth, answer)) in truth.iter().zip(&answers).enumerate() {
            let (Some(truth), Some(answer)) = (*truth, *answer) else { continue };
            let ignored = self.ignore_class.is_some_and(|class| i64::try_from(truth) == Ok(class));
            if truth < self.classes && answer < self.classes && !ignored {
                counted.0[truth * self.classes + answer] += batch.weight(index * rows / answers.len());
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if (1..=MAX_CLASSES).contains(&self.classes) {
            return Ok(());
        }
        let (name, classes) = (self.name, self.classes);
        Err(Error::argument(format!("num_classes of {name} must be 1 to {MAX_CLASSES}, got {classes}"))
            .hint("give the metric itself, with the number of its classes, in place of its name"))
    }
}

fn check_targets(name: &str, targets: &[usize], classes: usize) -> Result<()> {
    if targets.is_empty() {
        return Err(Error::argument(format!("target_class_ids of {name} is empty: expected one class or more, each below {classes}")));
    }
    match targets.iter().find(|class| **class >= classes) {
        Some(class) => Err(Error::argument(format!("target_class_ids of {name} are below {classes}, got {class}"))),
        None => Ok(()),
    }
}

/// A metric of intersections over unions. The fields are options; `sparse` are the defaults for targets and outputs.
macro_rules! iou {
    (
        $(#[$attr:meta])* $metric:ident, $class:literal, $name:literal;
        $(classes $num_classes:ident;)? $(targets $targets:ident = $given:expr;)?
        $(threshold $threshold:ident;)? $(sparse_true $sparse_true:ident;)? $(sparse_pred $sparse_pred:ident = $sparse:literal;)?
        $(ignore $ignore_class:ident;)?
        |$self:ident| $classes:expr, $y_true:expr, $y_pred:expr, $ids:expr, $ignored:expr
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $metric {
            name: String,
            $($num_classes: usize,)?
            $($targets: Vec<usize>,)?
            $($threshold: f32,)?
            $($sparse_true: bool,)?
            $($sparse_pred: bool,)?
            $($ignore_class: Option<i64>,)?
            #[serde(skip)]
            counted: Counted,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self {
                    name: $name.to_owned(),
                    $($num_classes: 0,)?
                    $($targets: $given,)?
                    $($threshold: 0.5,)?
                    $($sparse_true: true,)?
                    $($sparse_pred: $sparse,)?
                    $($ignore_class: None,)?
                    counted: Counted::default(),
                }
            }
        }

        impl $metric {
            /// Under another name.
            #[must_use]
            pub fn named(mut self, name: impl Into<String>) -> Self {
                self.name = name.into();
                self
            }

            $(
                /// Outputs from this on are of class 1: 0.5 if not set.
                #[must_use]
                pub fn $threshold(mut self, threshold: f32) -> Self {
                    self.$threshold = threshold;
                    self
                }
            )?

            $(
                /// Whether each target is a class number, or a row of them holds a number for each class.
                #[must_use]
                pub fn $sparse_true(mut self, sparse: bool) -> Self {
                    self.$sparse_true = sparse;
                    self
                }
            )?

            $(
                /// Whether each output is a class number, or a row of them holds a number for each class.
                #[must_use]
                pub fn $sparse_pred(mut self, sparse: bool) -> Self {
                    self.$sparse_pred = sparse;
                    self
                }
            )?

            $(
                /// Leaves out what is of this class in the targets.
                #[must_use]
                pub fn $ignore_class(mut self, class: i64) -> Self {
                    self.$ignore_class = Some(class);
                    self
                }
            )?

            fn rule(&self) -> Rule<'_> {
                let $self = self;
                Rule { name: &self.name, classes: $classes, ignore_class: $ignored, y_true: $y_true, y_pred: $y_pred }
            }
        }

        impl Metric for $metric {
            common_methods!($class, Maximize);

            fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
                vec![("total_confusion_matrix", self.counted.0.clone())]
            }

            fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
                let classes = self.rule().classes;
                let fits = numbers.is_empty() || classes.checked_mul(classes) == Some(numbers.len());
                if name != "total_confusion_matrix" || !fits {
                    return Err(unknown_state(&self.name, name));
                }
                self.counted.0 = numbers.to_vec();
                Ok(())
            }

            fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
                let mut counted = std::mem::take(&mut self.counted);
                let result = self.rule().count(&mut counted, batch);
                self.counted = counted;
                result
            }

            fn result(&self) -> f64 {
                let $self = self;
                self.counted.mean($classes, $ids)
            }

            fn reset(&mut self) {
                self.counted = Counted::default();
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { counted: Counted::default(), ..self.clone() })
            }

            fn check(&self) -> Result<()> {
                self.rule().check()?;
                $(check_targets(&self.name, &self.$targets, self.rule().classes)?;)?
                $(
                    if !self.$threshold.is_finite() {
                        return Err(Error::argument(format!("the threshold of {} must be a number, got {}", self.name, self.$threshold)));
                    }
                )?
                Ok(())
            }
        }
    };
}

iou! {
    /// Intersection over union `TP / (TP + FP + FN)`, the mean over the given classes that occur.
    ///
    /// As in Keras, targets and outputs are class numbers unless it is told otherwise; for a model with an output a class
    /// say `sparse_y_pred(false)`. What lies outside of the classes is left out.
    IoU, "IoU", "io_u";
    classes num_classes; targets target_class_ids = Vec::new();
    sparse_true sparse_y_true; sparse_pred sparse_y_pred = true; ignore ignore_class;
    |metric| metric.num_classes, Coded::of(metric.sparse_y_true), Coded::of(metric.sparse_y_pred),
    metric.target_class_ids.iter().copied(), metric.ignore_class
}
iou! {
    /// Intersection over union `TP / (TP + FP + FN)`, the mean over the classes that occur.
    ///
    /// As in Keras, targets and outputs are class numbers unless it is told otherwise; for a model with an output a class
    /// say `sparse_y_pred(false)`. What lies outside of the classes is left out.
    ///
    /// ```
    /// use practicum_core::metrics::MeanIoU;
    /// use practicum_core::prelude::*;
    ///
    /// // One of three classes for each pixel.
    /// let mut model = Sequential::new().add(Conv2D::new(3, 1).activation("softmax"));
    /// let iou = MeanIoU::new(3).sparse_y_pred(false);
    /// model.compile("adam", "sparse_categorical_crossentropy", iou)?;
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    MeanIoU, "MeanIoU", "mean_io_u";
    classes num_classes; sparse_true sparse_y_true; sparse_pred sparse_y_pred = true; ignore ignore_class;
    |metric| metric.num_classes, Coded::of(metric.sparse_y_true), Coded::of(metric.sparse_y_pred),
    0..metric.num_classes, metric.ignore_class
}
iou! {
    /// Intersection over union of two classes, of outputs that are probabilities of class 1.
    BinaryIoU, "BinaryIoU", "binary_io_u";
    targets target_class_ids = vec![0, 1]; threshold threshold;
    |metric| 2, Coded::Sparse, Coded::Threshold(metric.threshold), metric.target_class_ids.iter().copied(), None
}
iou! {
    /// [`IoU`] where targets and outputs have a number for each class.
    OneHotIoU, "OneHotIoU", "one_hot_io_u";
    classes num_classes; targets target_class_ids = Vec::new(); sparse_pred sparse_y_pred = false; ignore ignore_class;
    |metric| metric.num_classes, Coded::OneHot, Coded::of(metric.sparse_y_pred), metric.target_class_ids.iter().copied(),
    metric.ignore_class
}
iou! {
    /// [`MeanIoU`] where targets and outputs have a number for each class.
    OneHotMeanIoU, "OneHotMeanIoU", "one_hot_mean_io_u";
    classes num_classes; sparse_pred sparse_y_pred = false; ignore ignore_class;
    |metric| metric.num_classes, Coded::OneHot, Coded::of(metric.sparse_y_pred), 0..metric.num_classes, metric.ignore_class
}

impl IoU {
    /// Over these of `num_classes` classes.
    pub fn new(num_classes: usize, target_class_ids: impl Into<Vec<usize>>) -> Self {
        Self { num_classes, target_class_ids: target_class_ids.into(), ..Self::default() }
    }
}

impl MeanIoU {
    /// Over all of `num_classes` classes.
    pub fn new(num_classes: usize) -> Self {
        Self { num_classes, ..Self::default() }
    }
}

impl BinaryIoU {
    /// Over both classes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The classes whose mean is taken: both if not set.
    #[must_use]
    pub fn target_class_ids(mut self, classes: impl Into<Vec<usize>>) -> Self {
        self.target_class_ids = classes.into();
        self
    }
}

impl OneHotIoU {
    /// Over these of `num_classes` classes.
    pub fn new(num_classes: usize, target_class_ids: impl Into<Vec<usize>>) -> Self {
        Self { num_classes, target_class_ids: target_class_ids.into(), ..Self::default() }
    }
}

impl OneHotMeanIoU {
    /// Over all of `num_classes` classes.
    pub fn new(num_classes: usize) -> Self {
        Self { num_classes, ..Self::default() }
    }
}
