use practicum_core::{Error, Result};

use super::check_lengths;

/// The receiver operating characteristic of one class against all others: how many of it are found, against how many others
/// are taken for it, at every threshold.
///
/// ```
/// use practicum_vision::evaluation::Roc;
///
/// let roc = Roc::new(&[0, 1, 0, 1], &[0.1, 0.4, 0.4, 0.8], 1)?;
/// assert_eq!(roc.points(), [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// assert_eq!(roc.area(), 0.875);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Roc {
    points: Vec<(f64, f64)>,
    thresholds: Vec<f32>,
}

/// Precision against recall of one class, at every threshold.
///
/// ```
/// use practicum_vision::evaluation::PrecisionRecall;
///
/// let curve = PrecisionRecall::new(&[1, 0, 1], &[0.9, 0.6, 0.3], 1)?;
/// assert_eq!(curve.points(), [(0.5, 1.0), (0.5, 0.5), (1.0, 2.0 / 3.0)]);
/// assert!((curve.average_precision() - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-12);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecall {
    points: Vec<(f64, f64)>,
    thresholds: Vec<f32>,
}

/// At each threshold, highest first: how many of the class and of the others reach it.
struct Steps {
    steps: Vec<(f32, usize, usize)>,
    of_class: usize,
    others: usize,
}

impl Steps {
    fn new(truth: &[usize], scores: &[f32], class: usize) -> Result<Self> {
        check_lengths(truth.len(), scores.len())?;
        if let Some(example) = scores.iter().position(|score| score.is_nan()) {
            return Err(Error::data(format!("the score of example {example} is not a number")));
        }
        let of_class = truth.iter().filter(|truth| **truth == class).count();
        let others = truth.len() - of_class;
        let mut order: Vec<usize> = (0..truth.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let (mut steps, mut found, mut wrong): (Vec<(f32, usize, usize)>, _, _) = (Vec::new(), 0, 0);
        for example in order {
            *if truth[example] == class { &mut found } else { &mut wrong } += 1;
            // Equal scores reach a threshold together.
            match steps.last_mut() {
                Some(last) if last.0 == scores[example] => *last = (last.0, found, wrong),
                _ => steps.push((scores[example], found, wrong)),
            }
        }
        Ok(Self { steps, of_class, others })
    }
}

impl Roc {
    /// The curve of `class`, from the true class and the score of each example.
    ///
    /// # Errors
    /// Another number of scores than of true classes, a score that is not a number, or no example of the class or of others.
    pub fn new(truth: &[usize], scores: &[f32], class: usize) -> Result<Self> {
        let Steps { steps, of_class, others } = Steps::new(truth, scores, class)?;
        if of_class == 0 || others == 0 {
            return Err(Error::data(format!("a ROC curve needs examples of class {class} and of others, got {of_class} and {others}")));
        }
        let (mut points, mut thresholds) = (vec![(0.0, 0.0)], vec![f32::INFINITY]);
        for (threshold, found, wrong) in steps {
            points.push((wrong as f64 / others as f64, found as f64 / of_class as f64));
            thresholds.push(threshold);
        }
        Ok(Self { points, thresholds })
    }

    /// (false positive rate, true positive rate) from (0, 0) to (1, 1), a point for each threshold.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The threshold of each point: examples whose score is not below it count as of the class. The first is infinite.
    pub fn thresholds(&self) -> &[f32] {
        &self.thresholds
    }

    /// The area under the curve: the probability that an example of the class has a higher score than another one, where
    /// equal scores count half.
    pub fn area(&self) -> f64 {
        self.points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[1].1 + pair[0].1) / 2.0).sum()
    }
}

impl PrecisionRecall {
    /// The curve of `class`, from the true class and the score of each example.
    ///
    /// # Errors
    /// Another number of scores than of true classes, a score that is not a number, or no example of the class.
    pub fn new(truth: &[usize], scores: &[f32], class: usize) -> Result<Self> {
        let Steps { steps, of_class, .. } = Steps::new(truth, scores, class)?;
        if of_class == 0 {
            return Err(Error::data(format!("precision and recall need examples of class {class}, got none of {}", truth.len())));
        }
        let point = |found: usize, wrong: usize| (found as f64 / of_class as f64, found as f64 / (found + wrong) as f64);
        let points = steps.iter().map(|(_, found, wrong)| point(*found, *wrong)).collect();
        Ok(Self { points, thresholds: steps.into_iter().map(|(threshold, ..)| threshold).collect() })
    }

    /// (recall, precision), a point for each threshold, the highest first.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The threshold of each point: examples whose score is not below it count as of the class.
    pub fn thresholds(&self) -> &[f32] {
        &self.thresholds
    }

    /// `Σ (R_k − R_(k−1))·P_k`: the mean precision over recall, without drawing lines between points.
    pub fn average_precision(&self) -> f64 {
        let before = std::iter::once(0.0).chain(self.points.iter().map(|(recall, _)| *recall));
        self.points.iter().zip(before).map(|((recall, precision), before)| (recall - before) * precision).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        let truth: Vec<usize> = (0..200).map(|i| usize::from((i * 7919) % 13 < 5)).collect();
        let scores: Vec<f32> = (0..200).map(|i| ((i * 104_729) % 17) as f32 / 17.0).collect();
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (a, _) in truth.iter().enumerate().filter(|(_, class)| **class == 1) {
            for (b, _) in truth.iter().enumerate().filter(|(_, class)| **class == 0) {
                pairs += 1.0;
                sum += if scores[a] > scores[b] {
                    1.0
                } else if scores[a] == scores[b] {
                    0.5
                } else {
                    0.0
                };
            }
        }
        assert!((Roc::new(&truth, &scores, 1).unwrap().area() - sum / pairs).abs() < 1e-12);
    }

    #[test]
    fn every_curve_ends_at_the_corner() {
        let roc = Roc::new(&[0, 2, 1, 2], &[0.3, 0.3, 0.1, 0.9], 2).unwrap();
        assert_eq!(roc.points().last(), Some(&(1.0, 1.0)));
        assert_eq!((roc.points().len(), roc.thresholds()), (4, [f32::INFINITY, 0.9, 0.3, 0.1].as_slice()));
        let curve = PrecisionRecall::new(&[0, 2, 1, 2], &[0.3, 0.3, 0.1, 0.9], 2).unwrap();
        assert_eq!(curve.points(), [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
    }

    #[test]
    fn curves_of_nothing_are_refused() {
        assert!(Roc::new(&[1, 1], &[0.1, 0.2], 1).unwrap_err().is_data());
        assert!(Roc::new(&[0, 0], &[0.1, 0.2], 1).unwrap_err().is_data());
        assert!(Roc::new(&[0, 1], &[0.1, f32::NAN], 1).unwrap_err().to_string().contains("example 1"));
        assert!(Roc::new(&[0, 1], &[0.1], 1).unwrap_err().is_shape());
        assert!(PrecisionRecall::new(&[0], &[0.1], 1).unwrap_err().is_data());
    }
}
