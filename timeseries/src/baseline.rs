//! Forecasts that need no network, one step ahead each: what a network has to beat.
//!
//! They fail on settings for which the series is too short, and on NaN or infinity in it, which they name.

use practicum_core::{Error, Result};

use crate::real::{Real, check_finite, mean};

/// The last value again: `x[t − 1]` for every step `t` from `split` to the end.
///
/// ```
/// use practicum_timeseries::baseline::naive;
///
/// assert_eq!(naive(&[1.0, 2.0, 3.0, 4.0], 2)?, [2.0, 3.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// See the [module](self).
pub fn naive<T: Real>(series: &[T], split: usize) -> Result<Vec<T>> {
    check_split(series, split, 1)?;
    Ok(series[split - 1..series.len() - 1].to_vec())
}

/// The mean of the last `window` values, for every step from `window` to the end: element 0 forecasts step `window`.
///
/// ```
/// use practicum_timeseries::baseline::moving_average;
///
/// assert_eq!(moving_average(&[1.0, 3.0, 5.0, 0.0], 2)?, [2.0, 4.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// See the [module](self).
pub fn moving_average<T: Real>(series: &[T], window: usize) -> Result<Vec<T>> {
    check_below("window", window, series.len())?;
    check_finite("the series", series)?;
    Ok(means(&series[..series.len() - 1], window))
}

/// The change over a season: `x[t] − x[t − period]`, for every step from `period` to the end.
///
/// ```
/// use practicum_timeseries::baseline::difference;
///
/// assert_eq!(difference(&[1.0, 5.0, 2.0, 7.0], 2)?, [1.0, 2.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// See the [module](self).
pub fn difference<T: Real>(series: &[T], period: usize) -> Result<Vec<T>> {
    check_below("period", period, series.len())?;
    check_finite("the series", series)?;
    Ok(series[period..].iter().zip(series).map(|(&now, &past)| now - past).collect())
}

/// The value one season ago, plus the mean change over the season of the last steps.
///
/// With `d[t] = x[t] − x[t − period]` the forecast of step `t` is
/// `mean(x[t − period − p/2] … p values) + mean(d[t − window … t − 1])` where `p` is
/// [`past_window`](Self::past_window). With `p` = 10 and a period of 365 the past is that of `t − 370 … t − 361`, half
/// a step before the centre, as in the course.
///
/// ```
/// use practicum_timeseries::baseline::Differencing;
///
/// let series = [1.0, 5.0, 2.0, 6.0, 3.0, 7.0];
/// assert_eq!(Differencing::new(2).window(2).forecast(&series, 4)?, [3.0, 7.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Differencing {
    period: usize,
    window: usize,
    past_window: usize,
}

impl Differencing {
    /// For a season of `period` steps, with the course's mean over 50 changes and the past as it was.
    pub fn new(period: usize) -> Self {
        Self { period, window: 50, past_window: 1 }
    }

    /// The number of changes that are averaged; 50 unless given.
    #[must_use]
    pub fn window(mut self, window: usize) -> Self {
        self.window = window;
        self
    }

    /// The number of values around the step one season ago that are averaged; 1, the value itself, unless given.
    #[must_use]
    pub fn past_window(mut self, past_window: usize) -> Self {
        self.past_window = past_window;
        self
    }

    /// The forecast of every step from `split` to the end.
    ///
    /// # Errors
    /// See the [module](self); and a `past_window` that reaches into the step to be forecast.
    pub fn forecast<T: Real>(&self, series: &[T], split: usize) -> Result<Vec<T>> {
        self.check()?;
        check_split(series, split, self.reach())?;
        let Self { period, window, past_window } = *self;
        let before = past_window / 2;
        let changes = difference(&series[split - period - window..], period)?;
        let changes = moving_average(&changes, window)?;
        let past = means(&series[split - period - before..], past_window);
        Ok(past.into_iter().zip(changes).map(|(past, change)| past + change).collect())
    }

    pub(crate) fn check(&self) -> Result<()> {
        let Self { period, window, past_window } = *self;
        if period == 0 || window == 0 || past_window == 0 {
            return Err(Error::argument(format!(
                "period, window and past_window are {period}, {window} and {past_window}, expected 1 or more"
            )));
        }
        if past_window - past_window / 2 > period {
            return Err(Error::argument(format!("a past_window of {past_window} reaches the step to be forecast"))
                .hint(format!("with a period of {period} it can be at most {}", period.saturating_mul(2))));
        }
        Ok(())
    }

    pub(crate) fn period(&self) -> usize {
        self.period
    }

    pub(crate) fn changes(&self) -> usize {
        self.window
    }

    pub(crate) fn smooths_past(&self) -> bool {
        self.past_window > 1
    }

    /// How many steps the forecast looks back.
    pub(crate) fn reach(&self) -> usize {
        self.period.saturating_add(self.window.max(self.past_window / 2))
    }

    /// The step after a past that is long enough.
    pub(crate) fn next(&self, past: &[f64]) -> f64 {
        let Self { period, window, past_window } = *self;
        let (now, season) = (past.len(), past.len() - period);
        let from = season - past_window / 2;
        let change = mean(&past[now - window..]) - mean(&past[season - window..season]);
        mean(&past[from..from + past_window]) + change
    }
}

/// The mean of every `window` neighbours.
fn means<T: Real>(values: &[T], window: usize) -> Vec<T> {
    values.windows(window).map(|values| T::from_f64(mean(values))).collect()
}

fn check_below(what: &str, value: usize, length: usize) -> Result<()> {
    if value == 0 || value >= length {
        return Err(Error::argument(format!("the {what} is {value}, expected 1 or more and below the series' {length} values")));
    }
    Ok(())
}

fn check_split<T: Real>(series: &[T], split: usize, least: usize) -> Result<()> {
    if split < least || split >= series.len() {
        let message =
            format!("the split is {split}, expected {least} or more (the steps looked back) and below the series' {}", series.len());
        return Err(Error::argument(message));
    }
    check_finite("the series", series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_forecast_sees_the_future() {
        let series: Vec<f64> = (0..40).map(|t| f64::from(t * t % 17)).collect();
        let split = 25;
        let all = |series: &[f64]| {
            let smooth = |p| Differencing::new(7).window(5).past_window(p).forecast(series, split).unwrap();
            [naive(series, split).unwrap(), moving_average(series, 4).unwrap()[split - 4..].to_vec(), smooth(1), smooth(4), smooth(14)]
        };
        let before = all(&series);
        for step in split..series.len() {
            let mut changed = series.clone();
            changed[step] += 1000.0;
            for (before, after) in before.iter().zip(all(&changed)) {
                assert_eq!(before.len(), series.len() - split);
                assert_eq!(before[..=step - split], after[..=step - split]);
            }
        }
    }

    #[test]
    fn bad_settings_say_what_fits() {
        let series = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert!(naive(&series, 0).unwrap_err().is_argument());
        assert!(naive(&series, 6).unwrap_err().is_argument());
        assert!(naive::<f32>(&[], 0).unwrap_err().is_argument());
        assert!(moving_average(&series, 0).unwrap_err().is_argument());
        assert!(moving_average(&series, 6).unwrap_err().is_argument());
        assert!(difference(&series, 6).unwrap_err().is_argument());
        let forecast = |differencing: Differencing, split| differencing.forecast(&series, split).map_err(|error| error.to_string());
        let differencing = Differencing::new(2).window(2);
        assert!(forecast(differencing, 3).unwrap_err().contains("the split is 3, expected 4 or more"));
        assert!(forecast(differencing.past_window(5), 4).unwrap_err().contains("at most 4"));
        assert!(forecast(differencing.past_window(0), 4).is_err());
        assert!(forecast(differencing.window(usize::MAX), 4).is_err());
        assert_eq!(forecast(differencing, 4).unwrap(), [5.0, 6.0]);
        assert!(naive(&[1.0, f64::NAN, 2.0], 2).unwrap_err().to_string().contains("NaN at index 1"));
    }
}
