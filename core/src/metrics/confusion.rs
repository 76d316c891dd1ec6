use serde::{Deserialize, Serialize};

use super::{Direction, Metric, Scored, unknown_state};
use crate::autodiff::resize;
use crate::config::{Config, to_config};
use crate::{Error, Result};

/// True and false positives and negatives.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    true_positives: f64,
    false_positives: f64,
    true_negatives: f64,
    false_negatives: f64,
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

/// `a / b`, or 0 where b is 0.
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

macro_rules! threshold_metric {
    ($(#[$attr:meta])* $metric:ident, $class:literal, $name:literal, |$counts:ident| $value:expr) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $metric {
            name: String,
            threshold: f32,
            #[serde(skip)]
            counts: Counts,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self { name: $name.to_owned(), threshold: 0.5, counts: Counts::default() }
            }
        }

        impl $metric {
            /// The metric under another name.
            pub fn named(name: impl Into<String>) -> Self {
                Self { name: name.into(), ..Self::default() }
            }

            /// Outputs above this count as positive.
            #[must_use]
            pub fn threshold(mut self, threshold: f32) -> Self {
                self.threshold = threshold;
                self
            }
        }

        impl Metric for $metric {
            fn name(&self) -> &str {
                &self.name
            }

            fn class_name(&self) -> &'static str {
                $class
            }

            fn config(&self) -> Config {
                to_config(self)
            }

            fn direction(&self) -> Option<Direction> {
                Some(Direction::Maximize)
            }

            fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
                self.counts.state()
            }

            fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
                if self.counts.set_state(name, numbers) { Ok(()) } else { Err(unknown_state(&self.name, name)) }
            }

            fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
                for row in 0..batch.rows() {
                    for (t, p) in batch.values(row)?.iter().zip(batch.pred(row)) {
                        self.counts.add(*t != 0.0, *p > self.threshold, batch.weight(row));
                    }
                }
                Ok(())
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
                if self.threshold.is_finite() {
                    return Ok(());
                }
                Err(Error::argument(format!("the threshold of {} must be a number, got {}", self.name, self.threshold)))
            }
        }
    };
}

threshold_metric! {
    /// How many of the outputs taken for positive are: `TP / (TP + FP)`; 0 where none is.
    Precision, "Precision", "precision", |counts| ratio(counts.true_positives, counts.true_positives + counts.false_positives)
}
threshold_metric! {
    /// How many of the positives are taken for such: `TP / (TP + FN)`; 0 where there are none.
    Recall, "Recall", "recall", |counts| ratio(counts.true_positives, counts.true_positives + counts.false_negatives)
}

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
    /// For each number of thresholds that an output is above: the weight of positives and of negatives. Empty before the
    /// first batch.
    #[serde(skip)]
    above: Vec<[f64; 2]>,
}

impl Default for Auc {
    fn default() -> Self {
        Self { name: "auc".to_owned(), curve: Curve::Roc, num_thresholds: 200, from_logits: false, above: Vec::new() }
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

    fn threshold(&self, index: usize) -> f64 {
        let last = self.num_thresholds - 1;
        match index {
            0 => -MARGIN,
            index if index == last => 1.0 + MARGIN,
            index => f64::from((index as f64 / last as f64) as f32),
        }
    }

    /// How many thresholds an output is above.
    fn place(&self, output: f32) -> usize {
        let output = f64::from(output);
        let guess = (output * (self.num_thresholds - 1) as f64).floor().clamp(0.0, (self.num_thresholds - 1) as f64) as usize;
        let mut place = guess.saturating_sub(1);
        while place < self.num_thresholds && output > self.threshold(place) {
            place += 1;
        }
        place
    }

    /// The counts at every threshold.
    fn counts(&self) -> Vec<Counts> {
        let total = self.above.iter().fold([0.0; 2], |sum, [p, n]| [sum[0] + p, sum[1] + n]);
        let (mut positives, mut negatives) = (total[0], total[1]);
        let below_last = &self.above[..self.above.len().min(self.num_thresholds)];
        let counts = below_last.iter().map(|[more_positives, more_negatives]| {
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
}

fn roc_area(counts: &[Counts]) -> f64 {
    let point = |c: &Counts| {
        (ratio(c.false_positives, c.false_positives + c.true_negatives), ratio(c.true_positives, c.true_positives + c.false_negatives))
    };
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
    fn name(&self) -> &str {
        &self.name
    }

    fn class_name(&self) -> &'static str {
        "AUC"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Maximize)
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        let of = |kind: usize| self.above.iter().map(|counts| counts[kind]).collect();
        vec![("positives_above", of(0)), ("negatives_above", of(1))]
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        let kind = match name {
            "positives_above" => 0,
            "negatives_above" => 1,
            _ => return Err(unknown_state(&self.name, name)),
        };
        if numbers.is_empty() {
            self.above.clear();
            return Ok(());
        }
        if numbers.len() != self.num_thresholds + 1 {
            return Err(unknown_state(&self.name, name));
        }
        resize(&mut self.above, numbers.len())?;
        self.above.iter_mut().zip(numbers).for_each(|(counts, number)| counts[kind] = *number);
        Ok(())
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        resize(&mut self.above, self.num_thresholds.saturating_add(1))?;
        for row in 0..batch.rows() {
            for (t, p) in batch.values(row)?.iter().zip(batch.pred(row)) {
                let p = &if self.from_logits { 1.0 / (1.0 + (-p).exp()) } else { *p };
                if !(0.0..=1.0).contains(p) {
                    return Err(Error::data(format!("{} needs probabilities: outputs in [0, 1], got {p}", self.name))
                        .hint("end the model with a sigmoid or a softmax, or say `from_logits`"));
                }
                let place = self.place(*p);
                self.above[place][usize::from(*t == 0.0)] += batch.weight(row);
            }
        }
        Ok(())
    }

    fn result(&self) -> f64 {
        let counts = self.counts();
        match self.curve {
            Curve::Roc => roc_area(&counts),
            Curve::Pr => pr_area(&counts),
        }
    }

    fn reset(&mut self) {
        self.above.fill([0.0; 2]);
    }

    fn fresh(&self) -> Box<dyn Metric> {
        let mut fresh = self.clone();
        fresh.reset();
        Box::new(fresh)
    }

    fn check(&self) -> Result<()> {
        if (2..=MAX_THRESHOLDS).contains(&self.num_thresholds) {
            Ok(())
        } else {
            Err(Error::argument(format!("num_thresholds of {} must be 2 to {MAX_THRESHOLDS}, got {}", self.name, self.num_thresholds)))
        }
    }
}
