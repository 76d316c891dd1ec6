use serde::{Deserialize, Serialize};

use super::counts::{Counts, ratio};
use super::{Metric, Scored, common_methods, unknown_state};
use crate::autodiff::resize;
use crate::tensor::argmax;
use crate::{Error, Result};

/// How the scores of several classes become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Average {
    /// Of the counts of all classes together.
    Micro,
    /// The mean of the classes' scores.
    #[default]
    Macro,
    /// The mean of the classes' scores, each weighted by how often the class occurs.
    Weighted,
}

macro_rules! f_score {
    ($(#[$attr:meta])* $metric:ident, $class:literal, $name:literal $(, $beta:ident: $default:literal)?; |$self:ident| $b:expr) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $metric {
            name: String,
            average: Option<Average>,
            $($beta: f64,)?
            threshold: Option<f32>,
            #[serde(skip)]
            found: Vec<Counts>,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self { name: $name.to_owned(), average: None, $($beta: $default,)? threshold: None, found: Vec::new() }
            }
        }

        impl $metric {
            /// The metric under another name.
            pub fn named(name: impl Into<String>) -> Self {
                Self { name: name.into(), ..Self::default() }
            }

            /// How the scores of the classes become one: their mean if not set, where Keras gives a list.
            #[must_use]
            pub fn average(mut self, average: Average) -> Self {
                self.average = Some(average);
                self
            }

            $(
                /// How many times as much recall counts as precision.
                #[must_use]
                pub fn $beta(mut self, beta: f64) -> Self {
                    self.$beta = beta;
                    self
                }
            )?

            /// Takes all outputs above this for positive, for rows with any number of labels. If not set, the largest output
            /// of a row is.
            #[must_use]
            pub fn threshold(mut self, threshold: f32) -> Self {
                self.threshold = Some(threshold);
                self
            }

            /// The score of each class so far.
            pub fn scores(&self) -> Vec<f64> {
                let $self = self;
                self.found.iter().map(|found| found.f_score($b)).collect()
            }
        }

        impl Metric for $metric {
            common_methods!($class, Maximize);

            fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
                state(&self.found)
            }

            fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
                set_state(&mut self.found, &self.name, name, numbers)
            }

            fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
                count(&mut self.found, &self.name, self.threshold, batch)
            }

            fn result(&self) -> f64 {
                let $self = self;
                averaged(&self.found, self.average.unwrap_or_default(), $b)
            }

            fn reset(&mut self) {
                self.found.clear();
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { found: Vec::new(), ..self.clone() })
            }

            fn check(&self) -> Result<()> {
                let $self = self;
                let beta: f64 = $b;
                if !(beta > 0.0 && beta.is_finite()) {
                    return Err(Error::argument(format!("beta of {} must be positive, got {beta}", self.name)));
                }
                match self.threshold.filter(|threshold| !threshold.is_finite()) {
                    Some(threshold) => {
                        Err(Error::argument(format!("the threshold of {} must be a number, got {threshold}", self.name)))
                    }
                    None => Ok(()),
                }
            }
        }
    };
}

f_score! {
    /// The harmonic mean of precision and recall, `2·TP / (2·TP + FP + FN)`, averaged over the classes.
    ///
    /// Targets are one-hot, 0 or 1 for each of several labels, or class numbers. A single output needs a threshold.
    ///
    /// ```
    /// use practicum_core::metrics::{Average, F1Score};
    /// use practicum_core::prelude::*;
    ///
    /// let mut model = Sequential::new().add(Dense::new(3).activation("softmax"));
    /// let f1 = F1Score::default().average(Average::Weighted);
    /// model.compile("adam", "sparse_categorical_crossentropy", ("accuracy", f1))?;
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    F1Score, "F1Score", "f1_score"; |metric| { let _ = metric; 1.0 }
}
f_score! {
    /// `(1 + β²)·P·R / (β²·P + R)` of precision P and recall R, averaged over the classes: recall counts β times as much as
    /// precision (van Rijsbergen, 1979).
    ///
    /// Targets are one-hot, 0 or 1 for each of several labels, or class numbers. A single output needs a threshold.
    FBetaScore, "FBetaScore", "fbeta_score", beta: 1.0; |metric| metric.beta
}

fn count(found: &mut Vec<Counts>, name: &str, threshold: Option<f32>, batch: &Scored<'_>) -> Result<()> {
    let outputs = batch.outputs();
    if outputs == 1 && threshold.is_none() {
        return Err(Error::argument(format!("{name} of a single output needs a threshold above which it is positive"))
            .hint("say `.threshold(0.5)`"));
    }
    resize(found, outputs)?;
    for row in 0..batch.rows() {
        let (y_pred, weight) = (batch.pred(row), batch.weight(row));
        let largest = y_pred[argmax(y_pred)];
        let class = if batch.has_classes() { Some(batch.class(row)?) } else { None };
        let values = if class.is_none() { batch.values(row)? } else { &[] };
        for (index, (found, output)) in found.iter_mut().zip(y_pred).enumerate() {
            let truth = class.map_or_else(|| f64::from(values[index]), |class| f64::from(u8::from(class == index)));
            // As in Keras, a row of zeros has no largest output.
            let positive = threshold.map_or(*output >= largest && output.abs() > 1e-9, |threshold| *output > threshold);
            if positive {
                found.true_positives += truth * weight;
                found.false_positives += (1.0 - truth) * weight;
            } else {
                found.false_negatives += truth * weight;
            }
        }
    }
    Ok(())
}

fn averaged(found: &[Counts], average: Average, beta: f64) -> f64 {
    let support = |found: &Counts| found.true_positives + found.false_negatives;
    match average {
        Average::Micro => {
            let sum = |count: fn(&Counts) -> f64| found.iter().map(count).sum();
            let all = Counts {
                true_positives: sum(|found| found.true_positives),
                false_positives: sum(|found| found.false_positives),
                false_negatives: sum(|found| found.false_negatives),
                ..Counts::default()
            };
            all.f_score(beta)
        }
        Average::Macro => ratio(found.iter().map(|found| found.f_score(beta)).sum(), found.len() as f64),
        Average::Weighted => ratio(found.iter().map(|found| found.f_score(beta) * support(found)).sum(), found.iter().map(support).sum()),
    }
}

fn state(found: &[Counts]) -> Vec<(&'static str, Vec<f64>)> {
    let of = |count: fn(&Counts) -> f64| found.iter().map(count).collect();
    vec![
        ("true_positives", of(|found| found.true_positives)),
        ("false_positives", of(|found| found.false_positives)),
        ("false_negatives", of(|found| found.false_negatives)),
    ]
}

fn set_state(found: &mut Vec<Counts>, metric: &str, name: &str, numbers: &[f64]) -> Result<()> {
    let count: fn(&mut Counts) -> &mut f64 = match name {
        "true_positives" => |found| &mut found.true_positives,
        "false_positives" => |found| &mut found.false_positives,
        "false_negatives" => |found| &mut found.false_negatives,
        _ => return Err(unknown_state(metric, name)),
    };
    resize(found, numbers.len())?;
    found.iter_mut().zip(numbers).for_each(|(found, number)| *count(found) = *number);
    Ok(())
}
