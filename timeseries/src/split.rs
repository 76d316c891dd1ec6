//! How a series is cut into what is learned from and what is forecast. Time goes forward: nothing is shuffled.

use std::ops::Range;

use practicum_core::{Error, Result};

use crate::real::check_count;

/// A training, a validation and a test part, one after the other.
///
/// ```
/// use practicum_timeseries::split::Partition;
///
/// let series: Vec<u32> = (0..10).collect();
/// let parts = Partition::new(series.len(), 6)?.test(8)?;
/// assert_eq!((&series[parts.train()], &series[parts.validation()], &series[parts.testing()]), (
///     [0, 1, 2, 3, 4, 5].as_slice(),
///     [6, 7].as_slice(),
///     [8, 9].as_slice(),
/// ));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    length: usize,
    validation: usize,
    test: usize,
}

impl Partition {
    /// A training part up to step `split`, and a validation part from there to the end.
    ///
    /// # Errors
    /// A split that leaves one of them empty.
    pub fn new(length: usize, split: usize) -> Result<Self> {
        if split == 0 || split >= length {
            return Err(Error::argument(format!("the split is {split}, expected 1 or more and below the series' {length} values")));
        }
        Ok(Self { length, validation: split, test: length })
    }

    /// Ends the validation part at step `split`; a test part goes from there to the end.
    ///
    /// # Errors
    /// A split that leaves one of them empty.
    pub fn test(mut self, split: usize) -> Result<Self> {
        let (validation, length) = (self.validation, self.length);
        if split <= validation || split >= length {
            let message = format!(
                "the test part begins at {split}, expected a step after {validation}, where the validation part begins, and below {length}"
            );
            return Err(Error::argument(message));
        }
        self.test = split;
        Ok(self)
    }

    /// The last steps as validation and test parts, as shares of the whole: `shares(100, 0.2, 0.1)` trains on 70 steps.
    ///
    /// # Errors
    /// Shares outside 0 to 1, and parts without a step; a test part of 0 is none.
    pub fn shares(length: usize, validation: f64, test: f64) -> Result<Self> {
        if !(validation > 0.0 && test >= 0.0 && validation + test < 1.0) {
            return Err(Error::argument(format!(
                "the shares are {validation} and {test}, expected parts of 1 that leave something to train on"
            )));
        }
        let steps = |share: f64| (share * length as f64).round() as usize;
        let (validation, test) = (steps(validation), steps(test));
        let split = length.saturating_sub(validation + test);
        let parts = Self::new(length, split)?;
        if test == 0 { Ok(parts) } else { parts.test(length - test) }
    }

    /// What is learned from.
    pub fn train(&self) -> Range<usize> {
        0..self.validation
    }

    /// What options are chosen by.
    pub fn validation(&self) -> Range<usize> {
        self.validation..self.test
    }

    /// What is looked at once, at the end; empty if there is none.
    pub fn testing(&self) -> Range<usize> {
        self.test..self.length
    }
}

/// Many forecasts of one series, each from a later step: rolling forward as time does.
///
/// ```
/// use practicum_timeseries::split::RollForward;
///
/// let folds = RollForward::expanding(4).horizon(2).folds(8)?;
/// let parts: Vec<_> = folds.iter().map(|fold| (fold.train.clone(), fold.test.clone())).collect();
/// assert_eq!(parts, [(0..4, 4..6), (0..6, 6..8)]);
///
/// let sliding = RollForward::sliding(4).horizon(2).step(1).folds(8)?;
/// assert_eq!(sliding[2].train, 2..6);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollForward {
    train: usize,
    sliding: bool,
    horizon: usize,
    step: Option<usize>,
}

/// One of its cuts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fold {
    /// What is learned from.
    pub train: Range<usize>,
    /// What is forecast, right after it.
    pub test: Range<usize>,
}

impl RollForward {
    /// Learns from everything before the forecast: `train` steps or more.
    pub fn expanding(train: usize) -> Self {
        Self { train, sliding: false, horizon: 1, step: None }
    }

    /// Learns from the `train` steps right before the forecast.
    pub fn sliding(train: usize) -> Self {
        Self { sliding: true, ..Self::expanding(train) }
    }

    /// How many steps are forecast at once; 1 unless given.
    #[must_use]
    pub fn horizon(mut self, horizon: usize) -> Self {
        self.horizon = horizon;
        self
    }

    /// How many steps it goes forward each time; as many as are forecast unless given, so that each is forecast once.
    #[must_use]
    pub fn step(mut self, step: usize) -> Self {
        self.step = Some(step);
        self
    }

    /// The cuts of a series of `length` steps, all with a whole horizon.
    ///
    /// # Errors
    /// A training part, horizon or step of 0; a series too short for one cut, or so long that its cuts would take gigabytes.
    pub fn folds(&self, length: usize) -> Result<Vec<Fold>> {
        let Self { train, sliding, horizon, step } = *self;
        for (what, value) in [("training part", Some(train)), ("horizon", Some(horizon)), ("step", step)] {
            if value == Some(0) {
                return Err(Error::argument(format!("the {what} is 0, expected 1 step or more")));
            }
        }
        let Some(last) = length.checked_sub(horizon).filter(|last| *last >= train) else {
            return Err(Error::argument(format!(
                "the series has {length} values, expected the training part's {train} and {horizon} to forecast"
            )));
        };
        let step = step.unwrap_or(horizon);
        check_count("cuts", (last - train) / step)?;
        let fold = |at: usize| Fold { train: if sliding { at - train } else { 0 }..at, test: at..at + horizon };
        Ok((train..=last).step_by(step).map(fold).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_without_a_step_are_refused() {
        let message = |result: Result<Partition>| result.unwrap_err().to_string();
        assert!(message(Partition::new(10, 10)).contains("the split is 10, expected 1 or more and below the series' 10 values"));
        assert!(message(Partition::new(10, 0)).contains("the split is 0") && Partition::new(0, 0).is_err());
        let parts = Partition::new(10, 6).unwrap();
        assert!(parts.testing().is_empty());
        assert!(message(parts.clone().test(6)).contains("begins at 6, expected a step after 6"));
        assert!(message(parts.test(10)).contains("below 10"));
        assert!(message(Partition::shares(10, 0.9, 0.2)).contains("0.9 and 0.2"));
        assert!(Partition::shares(10, 0.001, 0.0).is_err() && Partition::shares(10, f64::NAN, 0.1).is_err());
        let parts = Partition::shares(100, 0.2, 0.1).unwrap();
        assert_eq!((parts.train(), parts.validation(), parts.testing()), (0..70, 70..90, 90..100));
        assert_eq!(Partition::shares(10, 0.3, 0.0).unwrap().validation(), 7..10);
    }

    #[test]
    fn folds_need_room() {
        let message = |folds: RollForward, length| folds.folds(length).unwrap_err().to_string();
        assert!(
            message(RollForward::expanding(5).horizon(3), 7).contains("has 7 values, expected the training part's 5 and 3 to forecast")
        );
        assert!(message(RollForward::expanding(5).horizon(0), 7).contains("the horizon is 0"));
        assert!(message(RollForward::sliding(0), 7).contains("the training part is 0"));
        assert!(message(RollForward::sliding(1).step(0), 7).contains("the step is 0"));
        assert!(message(RollForward::sliding(1).horizon(usize::MAX), 7).contains("has 7 values"));
        assert_eq!(RollForward::sliding(5).horizon(2).folds(7).unwrap().len(), 1);
    }
}
