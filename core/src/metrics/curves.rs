//! Metrics over all thresholds: areas under curves, and the best of one rate where another is high enough.

use serde::{Deserialize, Serialize};

use super::counts::{Counts, ratio};
use super::{Metric, Scored, common_methods, unknown_state};
use crate::autodiff::resize;
use crate::{Error, Result};

/// The curve under which [`Auc`] measures the area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Curve {
    /// Recall against the rate of false positives.
    #[default]
    Roc,
    /// Precision against recall, interpolated as Davis & Goadrich (2006) do.
    Pr,
}

/// The area under a curve of 200 thresholds, evenly spread over [0, 1].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Auc {
    name: String,
    curve: Curve,
    num_thresholds: usize,
    from_logits: bool,
    #[serde(skip)]
    ladder: Ladder,
}

impl Default for Auc {
    fn default() -> Self {
        Self { name: "auc".to_owned(), curve: Curve::Roc, num_thresholds: 200, from_logits: false, ladder: Ladder::default() }
    }
}

/// Outputs between more thresholds than these are the same `f32`.
const MAX_THRESHOLDS: usize = 1 << 24;

/// Beyond [0, 1] by this much lie the first and the last threshold.
const MARGIN: f64 = 1e-7;

impl Auc {
    /// The metric under another name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Which curve.
    #[must_use]
    pub fn curve(mut self, curve: Curve) -> Self {
        self.curve = curve;
        self
    }

    /// How many thresholds.
    #[must_use]
    pub fn num_thresholds(mut self, num_thresholds: usize) -> Self {
        self.num_thresholds = num_thresholds;
        self
    }

    /// For a model whose outputs are logits, of which a sigmoid makes probabilities.
    #[must_use]
    pub fn from_logits(mut self) -> Self {
        self.from_logits = true;
        self
    }
}

/// Outputs counted by how many of evenly spread thresholds they are above.
#[derive(Clone, Debug, Default)]
struct Ladder {
    /// For each number of thresholds that an output is above: the weight of positives and of negatives. Empty before the
    /// first batch.
    above: Vec<[f64; 2]>,
}

impl Ladder {
    fn thresholds(&self) -> usize {
        self.above.len().saturating_sub(1)
    }

    fn threshold(&self, index: usize) -> f64 {
        let last = self.thresholds().saturating_sub(1);
        match index {
            0 => -MARGIN,
            index if index == last => 1.0 + MARGIN,
            index => f64::from((index as f64 / last as f64) as f32),
        }
    }

    /// How many thresholds an output is above.
    fn place(&self, output: f32) -> usize {
        let (output, thresholds) = (f64::from(output), self.thresholds());
        let last = thresholds.saturating_sub(1) as f64;
        let guess = (output * last).floor().clamp(0.0, last) as usize;
        let mut place = guess.saturating_sub(1);
        while place < thresholds && output > self.threshold(place) {
            place += 1;
        }
        place
    }

    /// Counts the outputs of a batch, which are probabilities, or logits of them.
    fn update(&mut self, name: &str, thresholds: usize, batch: &Scored<'_>, from_logits: bool) -> Result<()> {
        resize(&mut self.above, thresholds.saturating_add(1))?;
        for row in 0..batch.rows() {
            for (t, p) in batch.values(row)?.iter().zip(batch.pred(row)) {
                let p = &if from_logits { 1.0 / (1.0 + (-p).exp()) } else { *p };
                if !(0.0..=1.0).contains(p) {
                    return Err(Error::data(format!("{name} needs probabilities: outputs in [0, 1], got {p}"))
                        .hint("end the model with a sigmoid or a softmax; an AUC takes logits with `from_logits`"));
                }
                let place = self.place(*p);
                self.above[place][usize::from(*t == 0.0)] += batch.weight(row);
            }
        }
        Ok(())
    }

    /// The counts at every threshold.
    fn counts(&self) -> Vec<Counts> {
        let total = self.above.iter().fold([0.0; 2], |sum, [p, n]| [sum[0] + p, sum[1] + n]);
        let (mut positives, mut negatives) = (total[0], total[1]);
        let counts = self.above[..self.thresholds()].iter().map(|[more_positives, more_negatives]| {
            positives -= more_positives;
            negatives -= more_negatives;
            Counts {
                true_positives: positives,
                false_positives: negatives,
                true_negatives: total[1] - negatives,
                false_negatives: total[0] - positives,
            }
        });
        counts.collect()
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        let of = |kind: usize| self.above.iter().map(|counts| counts[kind]).collect();
        vec![("positives_above", of(0)), ("negatives_above", of(1))]
    }

    /// Takes one of the lists of [`state`](Ladder::state).
    fn set_state(&mut self, metric: &str, thresholds: usize, name: &str, numbers: &[f64]) -> Result<()> {
        let kind = match name {
            "positives_above" => 0,
            "negatives_above" => 1,
            _ => return Err(unknown_state(metric, name)),
        };
        if numbers.is_empty() {
            self.above.clear();
            return Ok(());
        }
        if numbers.len() != thresholds.saturating_add(1) {
            return Err(unknown_state(metric, name));
        }
        resize(&mut self.above, numbers.len())?;
        self.above.iter_mut().zip(numbers).for_each(|(counts, number)| counts[kind] = *number);
        Ok(())
    }

    fn reset(&mut self) {
        self.above.fill([0.0; 2]);
    }
}

fn check_thresholds(metric: &str, thresholds: usize) -> Result<()> {
    if (2..=MAX_THRESHOLDS).contains(&thresholds) {
        return Ok(());
    }
    Err(Error::argument(format!("num_thresholds of {metric} must be 2 to {MAX_THRESHOLDS}, got {thresholds}")))
}

fn roc_area(counts: &[Counts]) -> f64 {
    let point = |c: &Counts| (ratio(c.false_positives, c.false_positives + c.true_negatives), c.recall());
    let area = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0) * (a.1 + b.1) / 2.0;
    counts.windows(2).map(|pair| area(point(&pair[0]), point(&pair[1]))).sum()
}

fn pr_area(counts: &[Counts]) -> f64 {
    let area = |a: &Counts, b: &Counts| {
        let (found_a, found_b) = (a.true_positives + a.false_positives, b.true_positives + b.false_positives);
        let gained = a.true_positives - b.true_positives;
        let slope = ratio(gained, (found_a - found_b).max(0.0));
        let intercept = b.true_positives - slope * found_b;
        let growth = if found_a > 0.0 && found_b > 0.0 { found_a / found_b } else { 1.0 };
        ratio(slope * (gained + intercept * growth.ln()), b.true_positives + b.false_negatives)
    };
    counts.windows(2).map(|pair| area(&pair[0], &pair[1])).sum()
}

impl Metric for Auc {
    common_methods!("AUC", Maximize);

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.ladder.state()
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        self.ladder.set_state(&self.name, self.num_thresholds, name, numbers)
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        self.ladder.update(&self.name, self.num_thresholds, batch, self.from_logits)
    }

    fn result(&self) -> f64 {
        let counts = self.ladder.counts();
        match self.curve {
            Curve::Roc => roc_area(&counts),
            Curve::Pr => pr_area(&counts),
        }
    }

    fn reset(&mut self) {
        self.ladder.reset();
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { ladder: Ladder::default(), ..self.clone() })
    }

    fn check(&self) -> Result<()> {
        check_thresholds(&self.name, self.num_thresholds)
    }
}

/// A metric that is the largest value of one rate over all thresholds at which another one is large enough.
macro_rules! at_least {
    ($(#[$attr:meta])* $metric:ident, $class:literal, $name:literal, $bound:ident, |$counts:ident| $constrained:expr, $value:expr) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $metric {
            name: String,
            $bound: f64,
            num_thresholds: usize,
            #[serde(skip)]
            ladder: Ladder,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new(0.5)
            }
        }

        impl $metric {
            /// Over 200 thresholds, evenly spread over [0, 1].
            pub fn new($bound: f64) -> Self {
                Self { name: $name.to_owned(), $bound, num_thresholds: 200, ladder: Ladder::default() }
            }

            /// Under another name.
            #[must_use]
            pub fn named(mut self, name: impl Into<String>) -> Self {
                self.name = name.into();
                self
            }

            /// How many thresholds.
            #[must_use]
            pub fn num_thresholds(mut self, num_thresholds: usize) -> Self {
                self.num_thresholds = num_thresholds;
                self
            }
        }

        impl Metric for $metric {
            common_methods!($class, Maximize);

            fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
                self.ladder.state()
            }

            fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
                self.ladder.set_state(&self.name, self.num_thresholds, name, numbers)
            }

            fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
                self.ladder.update(&self.name, self.num_thresholds, batch, false)
            }

            fn result(&self) -> f64 {
                let enough = self.ladder.counts().into_iter().filter(|$counts| $constrained >= self.$bound);
                enough.map(|$counts| $value).fold(0.0, f64::max)
            }

            fn reset(&mut self) {
                self.ladder.reset();
            }

            fn fresh(&self) -> Box<dyn Metric> {
                Box::new(Self { ladder: Ladder::default(), ..self.clone() })
            }

            fn check(&self) -> Result<()> {
                check_thresholds(&self.name, self.num_thresholds)?;
                if (0.0..=1.0).contains(&self.$bound) {
                    return Ok(());
                }
                Err(Error::argument(format!("{} of {} is in [0, 1], got {}", stringify!($bound), self.name, self.$bound)))
            }
        }
    };
}

at_least! {
    /// The largest precision at a threshold whose recall is at least the given one; 0 where there is none.
    PrecisionAtRecall, "PrecisionAtRecall", "precision_at_recall", recall, |counts| counts.recall(), counts.precision()
}
at_least! {
    /// The largest recall at a threshold whose precision is at least the given one; 0 where there is none.
    RecallAtPrecision, "RecallAtPrecision", "recall_at_precision", precision, |counts| counts.precision(), counts.recall()
}
at_least! {
    /// The largest sensitivity (recall) at a threshold whose specificity `TN / (TN + FP)` is at least the given one.
    SensitivityAtSpecificity, "SensitivityAtSpecificity", "sensitivity_at_specificity", specificity, |counts| counts.specificity(), counts.recall()
}
at_least! {
    /// The largest specificity `TN / (TN + FP)` at a threshold whose sensitivity (recall) is at least the given one.
    SpecificityAtSensitivity, "SpecificityAtSensitivity", "specificity_at_sensitivity", sensitivity, |counts| counts.recall(), counts.specificity()
}
