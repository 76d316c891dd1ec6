//! Metrics that count what is above a threshold.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Metric, Scored, common_methods, unknown_state};
use crate::config::OneOrMany;
use crate::{Error, Result};

/// True and false positives and negatives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) true_positives: f64,
    pub(super) false_positives: f64,
    pub(super) true_negatives: f64,
    pub(super) false_negatives: f64,
}

impl Counts {
    fn add(&mut self, positive: bool, predicted: bool, weight: f64) {
        *match (positive, predicted) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (false, false) => &mut self.true_negatives,
            (true, false) => &mut self.false_negatives,
        } += weight;
    }
}

impl Counts {
    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        vec![
            ("true_positives", vec![self.true_positives]),
            ("false_positives", vec![self.false_positives]),
            ("true_negatives", vec![self.true_negatives]),
            ("false_negatives", vec![self.false_negatives]),
        ]
    }

    /// Takes one of the numbers of `state`; whether there is one of that name.
    fn set_state(&mut self, name: &str, numbers: &[f64]) -> bool {
        let (place, [count]) = (
            match name {
                "true_positives" => &mut self.true_positives,
                "false_positives" => &mut self.false_positives,
                "true_negatives" => &mut self.true_negatives,
                "false_negatives" => &mut self.false_negatives,
                _ => return false,
            },
            numbers,
        ) else {
            return false;
        };
        *place = *count;
        true
    }
}

impl Counts {
    /// How many of those taken for positive are: TP / (TP + FP).
    pub(super) fn precision(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// How many of the positives are taken for such: TP / (TP + FN).
    pub(super) fn recall(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// The mean of precision and recall that counts recall β times as much: (1 + β²)·P·R / (β²·P + R).
    pub(super) fn f_score(&self, beta: f64) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        (1.0 + beta * beta) * ratio(precision * recall, beta * beta * precision + recall)
    }

    /// How many of the negatives are taken for such: TN / (TN + FP).
    pub(super) fn specificity(&self) -> f64 {
        ratio(self.true_negatives, self.true_negatives + self.false_positives)
    }
}

/// `a / b`, or 0 where b is 0.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

/// Keras' `thresholds`: one number, in a list or not; the usual one where there is none.
fn threshold<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<f32>, D::Error> {
    match Option::<OneOrMany<f32>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(given) => match given.as_slice() {
            [threshold] => Ok(Some(*threshold)),
            several => Err(serde::de::Error::custom(format!("a log holds one number: expected one threshold, got {}", several.len()))),
        },
    }
}

/// The k largest outputs of a row; of equal ones the first.
fn largest(outputs: &[f32], k: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..outputs.len()).collect();
    order.sort_by(|a, b| outputs[*b].total_cmp(&outputs[*a]));
    let mut chosen = vec![false; outputs.len()];
    order.into_iter().take(k).for_each(|index| chosen[index] = true);
    chosen
}

macro_rules! threshold_metric {
    (
        $(#[$attr:meta])* $metric:ident, $class:literal, $name:literal, $direction:ident,
        $(options $class_id:ident $top_k:ident,)? |$counts:ident| $value:expr
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $metric {
            name: String,
            #[serde(rename = "thresholds", deserialize_with = "threshold")]
            threshold: Option<f32>,
            $(
                $class_id: Option<usize>,
                $top_k: Option<usize>,
            )?
            #[serde(skip)]
            counts: Counts,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self { name: $name.to_owned(), threshold: None, $($class_id: None, $top_k: None,)? counts: Counts::default() }
            }
        }

        impl $metric {
            /// The metric under another name.
            pub fn named(name: impl Into<String>) -> Self {
                Self { name: name.into(), ..Self::default() }
            }

            /// Outputs above this count as positive: 0.5 if not set.
            #[must_use]
            pub fn threshold(mut self, threshold: f32) -> Self {
                self.threshold = Some(threshold);
                self
            }

            $(
                /// Looks at the outputs of this class alone.
                #[must_use]
                pub fn $class_id(mut self, class: usize) -> Self {
                    self.$class_id = Some(class);
                    self
                }

                /// Takes the k largest outputs of a row for positive, those of them above the threshold if one is set.
                #[must_use]
                pub fn $top_k(mut self, k: usize) -> Self {
                    self.$top_k = Some(k);
                    self
                }
            )?
        }

        impl Metric for $metric {
            common_methods!($class, $direction);

            fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
                self.counts.state()
            }

            fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
                if self.counts.set_state(name, numbers) { Ok(()) } else { Err(unknown_state(&self.name, name)) }
            }

            fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
                let rule = Rule::above(self.threshold)$(.among(self.$class_id, self.$top_k))?;
                rule.count(&self.name, batch, &mut self.counts)
            }

            fn result(&self) -> f64 {
                let $counts = self.counts;
                $value
            }

            fn reset(&mut self) {
                self.counts = Counts::default();
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { counts: Counts::default(), ..self.clone() })
            }

            fn check(&self) -> Result<()> {
                if let Some(threshold) = self.threshold.filter(|threshold| !threshold.is_finite()) {
                    return Err(Error::argument(format!("the threshold of {} must be a number, got {threshold}", self.name)));
                }
                $(
                    if self.$top_k == Some(0) {
                        return Err(Error::argument(format!("top_k of {} must be 1 or more, got 0", self.name)));
                    }
                )?
                Ok(())
            }
        }
    };
}

/// Which outputs count, and which of them as positive.
#[derive(Clone, Copy, Default)]
struct Rule {
    threshold: Option<f32>,
    class_id: Option<usize>,
    top_k: Option<usize>,
}

impl Rule {
    fn above(threshold: Option<f32>) -> Self {
        Self { threshold, ..Self::default() }
    }

    fn among(self, class_id: Option<usize>, top_k: Option<usize>) -> Self {
        Self { class_id, top_k, ..self }
    }

    fn count(self, name: &str, batch: &Scored<'_>, counts: &mut Counts) -> Result<()> {
        let above = self.threshold.or(self.top_k.map(|_| f32::NEG_INFINITY)).unwrap_or(0.5);
        let outputs = batch.outputs();
        if let Some(class) = self.class_id.filter(|class| *class >= outputs) {
            return Err(Error::argument(format!("class_id of {name} is {class}: a row has {outputs} outputs")));
        }
        for row in 0..batch.rows() {
            let (y_true, y_pred, weight) = (batch.values(row)?, batch.pred(row), batch.weight(row));
            let chosen = self.top_k.map(|k| largest(y_pred, k));
            for index in self.class_id.map_or(0..outputs, |class| class..class + 1) {
                let positive = y_pred[index] > above && chosen.as_ref().is_none_or(|chosen| chosen[index]);
                counts.add(y_true[index] != 0.0, positive, weight);
            }
        }
        Ok(())
    }
}

threshold_metric! {
    /// How many of the outputs taken for positive are: `TP / (TP + FP)`; 0 where none is.
    Precision, "Precision", "precision", Maximize, options class_id top_k, |counts| counts.precision()
}
threshold_metric! {
    /// How many of the positives are taken for such: `TP / (TP + FN)`; 0 where there are none.
    Recall, "Recall", "recall", Maximize, options class_id top_k, |counts| counts.recall()
}
threshold_metric! {
    /// How many outputs are rightly taken for positive, each counted by the weight of its example.
    TruePositives, "TruePositives", "true_positives", Maximize, |counts| counts.true_positives
}
threshold_metric! {
    /// How many outputs are wrongly taken for positive, each counted by the weight of its example.
    FalsePositives, "FalsePositives", "false_positives", Minimize, |counts| counts.false_positives
}
threshold_metric! {
    /// How many outputs are rightly taken for negative, each counted by the weight of its example.
    TrueNegatives, "TrueNegatives", "true_negatives", Maximize, |counts| counts.true_negatives
}
threshold_metric! {
    /// How many outputs are wrongly taken for negative, each counted by the weight of its example.
    FalseNegatives, "FalseNegatives", "false_negatives", Minimize, |counts| counts.false_negatives
}
