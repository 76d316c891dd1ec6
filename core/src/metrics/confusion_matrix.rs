use std::fmt::{self, Display};

use crate::{Error, Result};

/// How often each true class got each answer.
///
/// ```
/// use practicum_core::metrics::ConfusionMatrix;
/// use practicum_core::prelude::*;
///
/// let (truth, answers) = ([0, 0, 1, 2], [0, 1, 1, 0]);
/// let matrix = ConfusionMatrix::new(&truth, &answers, 3)?.class_names(["rock", "paper", "scissors"])?;
/// assert_eq!(matrix.counts(), [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
/// assert_eq!((matrix.recall(0), matrix.precision(2)), (Some(0.5), None));
/// println!("{matrix}\n{}", matrix.report());
///
/// // What a model answers is the class of its largest output.
/// let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3).activation("softmax"));
/// let answers = model.predict([[0.5, 1.0], [0.0, 2.0]])?.argmax()?;
/// assert_eq!(ConfusionMatrix::new(&[0, 2], &answers, 3)?.total(), 2.0);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    counts: Vec<f64>,
    classes: usize,
    names: Vec<String>,
}

/// What [`ConfusionMatrix::normalized`] divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Normalize {
    /// How often the class occurs: each row of the matrix sums to 1.
    Truth,
    /// How often the class is answered: each column sums to 1.
    Answers,
    /// The number of examples: all sum to 1.
    All,
}

/// More classes than these make a table of more than half a gigabyte.
pub(super) const MAX_CLASSES: usize = 8192;

impl ConfusionMatrix {
    /// Counts the answers to examples of `classes` classes, numbered from 0.
    ///
    /// # Errors
    /// Another number of answers than of true classes, or a class outside the range.
    pub fn new(truth: &[usize], answers: &[usize], classes: usize) -> Result<Self> {
        Self::count(truth, answers, None, classes)
    }

    /// Counts each example by its weight.
    ///
    /// # Errors
    /// As [`new`](Self::new); another number of weights than of examples, or one that is negative or not finite.
    pub fn weighted(truth: &[usize], answers: &[usize], weights: &[f32], classes: usize) -> Result<Self> {
        Self::count(truth, answers, Some(weights), classes)
    }

    fn count(truth: &[usize], answers: &[usize], weights: Option<&[f32]>, classes: usize) -> Result<Self> {
        for (count, what) in [(answers.len(), "an answer"), (weights.map_or(truth.len(), <[f32]>::len), "a weight")] {
            if count != truth.len() {
                return Err(Error::shape(format!("expected {what} for each of {} true classes, got {count}", truth.len())));
            }
        }
        if classes == 0 {
            return Err(Error::argument("a confusion matrix of 0 classes, expected 1 or more"));
        }
        if classes > MAX_CLASSES {
            return Err(Error::argument(format!("a confusion matrix of {classes} classes is too large: at most {MAX_CLASSES}")));
        }
        let mut counts = vec![0.0; classes * classes];
        for (example, (truth, answer)) in truth.iter().zip(answers).enumerate() {
            for (class, what) in [(truth, "true class"), (answer, "answer")] {
                if *class >= classes {
                    return Err(Error::data(format!("example {example} has the {what} {class}: expected 0 to {}", classes - 1)));
                }
            }
            let weight = weights.map_or(1.0, |weights| weights[example]);
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(Error::data(format!("example {example} has the weight {weight}: expected a number of 0 or more")));
            }
            counts[truth * classes + answer] += f64::from(weight);
        }
        Ok(Self { counts, classes, names: (0..classes).map(|class| class.to_string()).collect() })
    }

    /// Names the classes, for the tables.
    ///
    /// # Errors
    /// Another number of names than of classes.
    pub fn class_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != self.classes {
            return Err(Error::argument(format!("got {} names for {} classes", names.len(), self.classes)));
        }
        self.names = names;
        Ok(self)
    }

    /// The counts: a row for each true class, a column for each answer.
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The counts as shares; 0 where there is nothing to share.
    pub fn normalized(&self, by: Normalize) -> Vec<f64> {
        let of = |index: usize| match by {
            Normalize::Truth => self.support(index / self.classes),
            Normalize::Answers => self.answered(index % self.classes),
            Normalize::All => self.total(),
        };
        self.counts.iter().enumerate().map(|(index, count)| ratio(*count, of(index)).unwrap_or(0.0)).collect()
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many examples there are, or the sum of their weights.
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// How many examples are of a class.
    pub fn support(&self, class: usize) -> f64 {
        (0..self.classes).map(|answer| self.at(class, answer)).sum()
    }

    fn answered(&self, class: usize) -> f64 {
        (0..self.classes).map(|truth| self.at(truth, class)).sum()
    }

    /// The share of right answers; 0 where there are no examples.
    pub fn accuracy(&self) -> f64 {
        let right: f64 = (0..self.classes).map(|class| self.at(class, class)).sum();
        ratio(right, self.total()).unwrap_or(0.0)
    }

    /// Of the examples answered with this class, the share that belongs to it; none where it was never answered.
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.at(class, class), self.answered(class))
    }

    /// Of the examples of this class, the share that was found; none where there are no such examples.
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.at(class, class), self.support(class))
    }

    /// The harmonic mean of precision and recall, `2·TP/(2·TP + FP + FN)`; none where the class neither occurs nor is
    /// answered.
    pub fn f1(&self, class: usize) -> Option<f64> {
        ratio(2.0 * self.at(class, class), self.support(class) + self.answered(class))
    }

    /// The pair of different classes that is confused most often: true class, answer, count. None without a mistake.
    pub fn worst(&self) -> Option<(usize, usize, f64)> {
        let pairs = (0..self.classes).flat_map(|truth| (0..self.classes).map(move |answer| (truth, answer)));
        let wrong = pairs.filter(|(truth, answer)| truth != answer).map(|(truth, answer)| (truth, answer, self.at(truth, answer)));
        wrong.filter(|(_, _, count)| *count > 0.0).reduce(|worst, pair| if pair.2 > worst.2 { pair } else { worst })
    }

    /// 0 outside of the matrix.
    fn at(&self, truth: usize, answer: usize) -> f64 {
        if truth < self.classes && answer < self.classes { self.counts[truth * self.classes + answer] } else { 0.0 }
    }

    /// Precision, recall, F1 and number of examples of each class, and their means, plain and weighted by the number of
    /// examples: the table of scikit-learn's `classification_report`. What cannot be said counts as 0.
    pub fn report(&self) -> String {
        let scores = |class: usize| [self.precision(class), self.recall(class), self.f1(class)].map(Option::unwrap_or_default);
        let (total, classes) = (self.total(), self.classes.max(1) as f64);
        let mean = |weight: &dyn Fn(usize) -> f64| {
            let add = |sum: [f64; 3], class| std::array::from_fn(|at| sum[at] + weight(class) * scores(class)[at]);
            (0..self.classes).fold([0.0; 3], add)
        };
        let wide = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("weighted mean".len());
        let line = |name: &str, [precision, recall, f1]: [f64; 3], support: f64| {
            format!("{} {precision:>9.3} {recall:>9.3} {f1:>9.3} {:>9}\n", padded(name, wide), amount(support))
        };
        let mut text = format!("{:wide$} {:>9} {:>9} {:>9} {:>9}\n", "", "precision", "recall", "F1", "examples");
        for (class, name) in self.names.iter().enumerate() {
            text += &line(name, scores(class), self.support(class));
        }
        text += &format!("{:wide$} {:>9} {:>9} {:>9.3} {:>9}\n", "accuracy", "", "", self.accuracy(), amount(total));
        text += &line("mean", mean(&|_| 1.0 / classes), total);
        text += &line("weighted mean", mean(&|class| ratio(self.support(class), total).unwrap_or(0.0)), total);
        text
    }
}

impl Display for ConfusionMatrix {
    /// A table: a row for each true class, a column for each answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<String> = self.counts.iter().map(|count| amount(*count)).collect();
        let widest = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        let (name, cell) = (widest(&self.names).max("true \\ answer".len()), widest(&cells).max(widest(&self.names)));
        write!(f, "{}", padded("true \\ answer", name))?;
        for answer in &self.names {
            write!(f, " {}{answer}", " ".repeat(cell.saturating_sub(answer.chars().count())))?;
        }
        for (class, row) in self.names.iter().zip(cells.chunks(self.classes.max(1))) {
            write!(f, "\n{}", padded(class, name))?;
            row.iter().try_for_each(|count| write!(f, " {count:>cell$}"))?;
        }
        Ok(())
    }
}

/// A text with blanks up to a width.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())))
}

/// A count, which is whole where examples have no weights.
fn amount(count: f64) -> String {
    if count.fract() == 0.0 { format!("{count}") } else { format!("{count:.2}") }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_counts() {
        let truth = [0, 0, 0, 1, 1, 2, 2, 2, 2, 2];
        let answers = [0, 1, 1, 1, 1, 2, 2, 2, 0, 1];
        let matrix = ConfusionMatrix::new(&truth, &answers, 4).unwrap();
        assert_eq!(matrix.accuracy(), 0.6);
        assert_eq!((matrix.precision(1), matrix.recall(1)), (Some(0.4), Some(1.0)));
        assert_eq!((matrix.precision(2), matrix.recall(2)), (Some(1.0), Some(0.6)));
        assert_eq!(matrix.f1(1), Some(4.0 / 7.0));
        assert_eq!((matrix.precision(3), matrix.recall(3), matrix.f1(3)), (None, None, None));
        assert_eq!(matrix.worst(), Some((0, 1, 2.0)));
        assert_eq!(ConfusionMatrix::new(&[1, 0], &[1, 0], 2).unwrap().worst(), None);
        assert_eq!(ConfusionMatrix::new(&[], &[], 2).unwrap().accuracy(), 0.0);
    }

    #[test]
    fn u5_weights_names_and_shares_of_a_confusion_matrix() {
        let matrix = ConfusionMatrix::weighted(&[0, 0, 1], &[0, 1, 1], &[1.0, 0.5, 2.0], 2).unwrap();
        let matrix = matrix.class_names(["cat", "dog"]).unwrap();
        assert_eq!(matrix.counts(), [1.0, 0.5, 0.0, 2.0]);
        assert_eq!(matrix.normalized(Normalize::Truth), [1.0 / 1.5, 0.5 / 1.5, 0.0, 1.0]);
        assert_eq!(matrix.normalized(Normalize::Answers), [1.0, 0.2, 0.0, 0.8]);
        assert_eq!(matrix.normalized(Normalize::All), [1.0 / 3.5, 0.5 / 3.5, 0.0, 2.0 / 3.5]);
        assert_eq!(matrix.to_string(), "true \\ answer  cat  dog\ncat              1 0.50\ndog              0    2");
        let report = matrix.report();
        let lines: Vec<Vec<&str>> = report.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["cat", "1.000", "0.667", "0.800", "1.50"]);
        assert_eq!(lines[3], ["accuracy", "0.857", "3.50"]);
        assert_eq!(lines[4], ["mean", "0.900", "0.833", "0.844", "3.50"]);
        assert_eq!(lines[5], ["weighted", "mean", "0.886", "0.857", "0.851", "3.50"]);
        assert!(ConfusionMatrix::new(&[0], &[0], 1).unwrap().class_names(["a", "b"]).unwrap_err().is_argument());
        assert!(ConfusionMatrix::weighted(&[0], &[0], &[f32::NAN], 1).unwrap_err().is_data());
        assert!(ConfusionMatrix::weighted(&[0], &[0], &[], 1).unwrap_err().is_shape());
    }

    #[test]
    fn classes_outside_the_range_are_named() {
        let error = ConfusionMatrix::new(&[0, 1], &[0, 2], 2).unwrap_err().to_string();
        assert!(error.contains("example 1 has the answer 2: expected 0 to 1"), "{error}");
        assert!(ConfusionMatrix::new(&[0], &[0], 0).unwrap_err().to_string().contains("0 classes, expected 1 or more"));
        assert!(ConfusionMatrix::new(&[2], &[0], 2).unwrap_err().is_data());
        assert!(ConfusionMatrix::new(&[0, 1], &[0], 2).unwrap_err().is_shape());
        assert!(ConfusionMatrix::new(&[], &[], usize::MAX).unwrap_err().is_argument());
    }
}
