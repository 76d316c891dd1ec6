use practicum_core::{Error, Result};

use super::check_lengths;

/// How often each true class got each answer.
///
/// ```
/// use practicum_vision::evaluation::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix::new(&[0, 0, 1, 2], &[0, 1, 1, 0], 3)?;
/// assert_eq!(matrix.counts(), [1, 1, 0, 0, 1, 0, 1, 0, 0]);
/// assert_eq!((matrix.recall(0), matrix.precision(2)), (Some(0.5), None));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    counts: Vec<u64>,
    classes: usize,
}

impl ConfusionMatrix {
    /// Counts the answers to examples of `classes` classes, numbered from 0.
    ///
    /// # Errors
    /// Another number of answers than of true classes, or a class outside the range.
    pub fn new(truth: &[usize], answers: &[usize], classes: usize) -> Result<Self> {
        check_lengths(truth.len(), answers.len())?;
        let size = classes.checked_mul(classes).filter(|size| *size <= 1 << 26);
        let size = size.ok_or_else(|| Error::argument(format!("a confusion matrix of {classes} classes is too large: at most 8,192")))?;
        let mut counts = vec![0; size];
        for (example, (truth, answer)) in truth.iter().zip(answers).enumerate() {
            for (class, what) in [(truth, "true class"), (answer, "answer")] {
                if *class >= classes {
                    return Err(Error::data(format!("example {example} has the {what} {class}: expected 0 to {}", classes as i64 - 1)));
                }
            }
            counts[truth * classes + answer] += 1;
        }
        Ok(Self { counts, classes })
    }

    /// The counts: a row for each true class, a column for each answer.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The share of right answers; 0 where there are no examples.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.at(class, class)).sum();
        ratio(right, self.counts.iter().sum()).unwrap_or(0.0)
    }

    /// Of the examples answered with this class, the share that belongs to it; none where it was never answered.
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.at(class, class), (0..self.classes).map(|truth| self.at(truth, class)).sum())
    }

    /// Of the examples of this class, the share that was found; none where there are no such examples.
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.at(class, class), (0..self.classes).map(|answer| self.at(class, answer)).sum())
    }

    /// The harmonic mean of precision and recall, `2·TP/(2·TP + FP + FN)`; none where the class neither occurs nor is
    /// answered.
    pub fn f1(&self, class: usize) -> Option<f64> {
        let all: u64 = (0..self.classes).map(|other| self.at(other, class) + self.at(class, other)).sum();
        ratio(2 * self.at(class, class), all)
    }

    /// The pair of different classes that is confused most often: true class, answer, count. None without a mistake.
    pub fn worst(&self) -> Option<(usize, usize, u64)> {
        let pairs = (0..self.classes).flat_map(|truth| (0..self.classes).map(move |answer| (truth, answer)));
        let wrong = pairs.filter(|(truth, answer)| truth != answer).map(|(truth, answer)| (truth, answer, self.at(truth, answer)));
        wrong.filter(|(_, _, count)| *count > 0).max_by_key(|(truth, answer, count)| (*count, std::cmp::Reverse((*truth, *answer))))
    }

    /// 0 outside of the matrix.
    fn at(&self, truth: usize, answer: usize) -> u64 {
        if truth < self.classes && answer < self.classes { self.counts[truth * self.classes + answer] } else { 0 }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
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
        assert_eq!(matrix.worst(), Some((0, 1, 2)));
        assert_eq!(ConfusionMatrix::new(&[1, 0], &[1, 0], 2).unwrap().worst(), None);
        assert_eq!(ConfusionMatrix::new(&[], &[], 2).unwrap().accuracy(), 0.0);
    }

    #[test]
    fn classes_outside_the_range_are_named() {
        let error = ConfusionMatrix::new(&[0, 1], &[0, 2], 2).unwrap_err().to_string();
        assert!(error.contains("example 1 has the answer 2: expected 0 to 1"), "{error}");
        assert!(ConfusionMatrix::new(&[2], &[0], 2).unwrap_err().is_data());
        assert!(ConfusionMatrix::new(&[0, 1], &[0], 2).unwrap_err().is_shape());
        assert!(ConfusionMatrix::new(&[], &[], usize::MAX).unwrap_err().is_argument());
    }
}
