//! Forecasters: fitted to a history, they tell what comes next.
//!
//! A [`Forecaster`] is a method with its options; [`fit`](Forecaster::fit) makes a [`Fitted`] of it, which alone can
//! [`predict`](Fitted::predict). [`Interval`](crate::Interval) adds how sure a forecast is,
//! [`Backtest`](crate::Backtest) how good it would have been.
//!
//! ```
//! use practicum_timeseries::forecast::{ExponentialSmoothing, Forecaster, SeasonalNaive};
//!
//! let sales = [10.0, 20.0, 30.0, 12.0, 22.0, 32.0, 14.0, 24.0, 34.0, 16.0, 26.0, 36.0];
//! assert_eq!(SeasonalNaive::new(3).fit(&sales)?.predict(4)?, [16.0, 26.0, 36.0, 16.0]);
//!
//! let smooth = ExponentialSmoothing::holt_winters(3).fit(&sales)?.predict(3)?;
//! assert!((smooth[0] - 18.0).abs() < 0.1, "{smooth:?}");
//! # Ok::<(), practicum_core::Error>(())
//! ```

mod columns;
mod direct;
mod linear;
mod neural;
mod pipeline;
mod simple;
mod smoothing;

use std::fmt::Debug;

pub use columns::FittedColumns;
pub use linear::Autoregression;
pub use neural::{Neural, Scaling};
pub use pipeline::Pipeline;
use practicum_core::{Error, Result};
pub use simple::{Drift, Mean, MovingAverage, Naive, SeasonalDifferencing, SeasonalNaive};
pub use smoothing::{ExponentialSmoothing, Initial};

use crate::real::check_finite;

/// A method of forecasting with its options, not fitted yet.
pub trait Forecaster: Debug + Send + Sync {
    /// What it is called in tables and errors.
    fn name(&self) -> String;

    /// Learns from a history, its first value first. Nothing after it can be seen.
    ///
    /// # Errors
    /// A history that is too short, NaN and infinity in it, and options outside their range.
    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>>;
}

/// A forecaster that has learned, and stands at the end of a history.
pub trait Fitted: Debug + Send + Sync {
    /// The history at whose end it stands.
    fn history(&self) -> &[f64];

    /// What was learned, by name, such as the weights of exponential smoothing; nothing for methods without such numbers.
    ///
    /// ```
    /// use practicum_timeseries::forecast::{ExponentialSmoothing, Forecaster};
    ///
    /// let fitted = ExponentialSmoothing::simple().alpha(0.5).fit(&[4.0, 8.0, 6.0])?;
    /// assert_eq!(fitted.parameters(), [("alpha", 0.5)]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// How many numbers were estimated from the history, starting values included: that many of its errors, about, are missing
    /// from a sum of squares on it. By default, as many as [`parameters`](Self::parameters) tells.
    fn estimated(&self) -> usize {
        self.parameters().len()
    }

    /// The variance that errors of the estimates add to the forecast of each of the next steps, in units of the variance of
    /// one-step errors. Zeros, unless the method knows.
    ///
    /// # Errors
    /// A horizon of 0, and one that the method does not reach.
    fn estimation_variance(&self, horizon: usize) -> Result<Vec<f64>> {
        check_horizon(horizon)?;
        Ok(vec![0.0; horizon])
    }

    /// A forecast of every step of the history from the steps before it, with what was learned; NaN for the first steps,
    /// before which too few stand.
    ///
    /// What was learned, was learned from the whole history that [`fit`](Forecaster::fit) was given.
    ///
    /// # Errors
    /// A forecast that cannot be computed.
    fn one_step(&self) -> Result<Vec<f64>>;

    /// The steps that follow if the forecast of each, from those before it, is off by the shock given for it.
    ///
    /// # Errors
    /// No shocks; a method that forecasts many steps at once, without those between.
    fn path(&self, shocks: &[f64]) -> Result<Vec<f64>>;

    /// The same method with what it has learned, at the end of another history: nothing is learned anew.
    ///
    /// # Errors
    /// A history that is too short, NaN and infinity in it.
    fn advance(&self, history: &[f64]) -> Result<Box<dyn Fitted>>;

    /// The `horizon` steps that follow.
    ///
    /// # Errors
    /// A horizon of 0, and one that the method does not reach.
    fn predict(&self, horizon: usize) -> Result<Vec<f64>> {
        check_horizon(horizon)?;
        self.path(&vec![0.0; horizon])
    }

    /// By how much the forecasts of [`one_step`](Self::one_step) were off, `x − x̂`, in the unit of the shocks.
    ///
    /// # Errors
    /// A forecast that cannot be computed.
    fn residuals(&self) -> Result<Vec<f64>> {
        let pairs = self.history().iter().zip(self.one_step()?);
        Ok(pairs.filter(|(_, forecast)| !forecast.is_nan()).map(|(value, forecast)| value - forecast).collect())
    }
}

/// The forecast of every step of `series` from `split` on, each from the steps before it, by a method that is fitted on the
/// part before `split` and learns nothing more: the course's way to forecast a validation period.
///
/// ```
/// use practicum_timeseries::forecast::{MovingAverage, one_step_forecasts};
/// use practicum_timeseries::metrics::mse;
/// use practicum_timeseries::synth::SeriesSpec;
///
/// let series: Vec<f64> = SeriesSpec::A.generate()?.into_iter().map(f64::from).collect();
/// let forecast = one_step_forecasts(&MovingAverage::new(30), &series, 1000)?;
/// assert_eq!(format!("{:.3}", mse(&series[1000..], &forecast)?), "106.675");
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A split at the beginning or outside of the series, and whatever fitting refuses.
pub fn one_step_forecasts(forecaster: &dyn Forecaster, series: &[f64], split: usize) -> Result<Vec<f64>> {
    if split == 0 || split >= series.len() {
        return Err(Error::argument(format!("the split is {split}, expected 1 or more and below the series' {} values", series.len())));
    }
    let fitted = forecaster.fit(&series[..split])?.advance(series)?;
    Ok(fitted.one_step()?.split_off(split))
}

/// Further ahead is a slip of the fingers.
const LARGEST_HORIZON: usize = 10_000_000;

pub(crate) fn check_horizon(horizon: usize) -> Result<()> {
    if horizon == 0 || horizon > LARGEST_HORIZON {
        return Err(Error::argument(format!("the horizon is {horizon}, expected 1 step or more, and at most ten million")));
    }
    Ok(())
}

/// Refuses a history that is too short for a method, or has gaps.
fn check_history(name: &str, history: &[f64], least: usize) -> Result<()> {
    if history.len() < least {
        return Err(Error::data(format!("the history has {} values, {name} needs {least} or more", history.len())));
    }
    check_gapless("the history", history)
}

/// Refuses values that are missing.
pub(crate) fn check_gapless(what: &str, values: &[f64]) -> Result<()> {
    check_finite(what, values).map_err(|error| error.hint("fill gaps with `Series::impute` first"))
}

/// A method whose forecast of a step is a function of the steps before it.
pub(crate) trait Rule: Clone + Debug + Send + Sync + 'static {
    /// What it is called in errors.
    fn name(&self) -> String;

    /// How many steps it looks back.
    fn reach(&self) -> usize;

    /// The step after the past, which is as long as it looks back or longer.
    fn next(&self, past: &[f64]) -> Result<f64>;

    /// How many numbers were estimated.
    fn estimated(&self) -> usize {
        0
    }

    /// See [`Fitted::estimation_variance`]. `path` computes what another rule of the kind forecasts.
    fn estimation_variance(&self, horizon: usize, _path: &dyn Fn(&Self) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
        Ok(vec![0.0; horizon])
    }

    /// The step after each past: those that end before the steps `reach` to the last.
    fn all(&self, series: &[f64]) -> Result<Vec<f64>> {
        (self.reach()..series.len()).map(|step| self.next(&series[..step])).collect()
    }
}

/// A rule at the end of a history.
#[derive(Clone, Debug)]
pub(crate) struct Recursive<R> {
    rule: R,
    history: Vec<f64>,
}

impl<R: Rule> Recursive<R> {
    pub(crate) fn fitted(rule: R, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_history(&rule.name(), history, rule.reach())?;
        Ok(Box::new(Self { rule, history: history.to_vec() }))
    }
}

impl<R: Rule> Fitted for Recursive<R> {
    fn history(&self) -> &[f64] {
        &self.history
    }

    fn estimated(&self) -> usize {
        self.rule.estimated()
    }

    fn estimation_variance(&self, horizon: usize) -> Result<Vec<f64>> {
        check_horizon(horizon)?;
        self.rule.estimation_variance(horizon, &|rule| Self { rule: rule.clone(), history: self.history.clone() }.predict(horizon))
    }

    fn one_step(&self) -> Result<Vec<f64>> {
        let mut forecasts = vec![f64::NAN; self.rule.reach().min(self.history.len())];
        forecasts.extend(self.rule.all(&self.history)?);
        Ok(forecasts)
    }

    fn path(&self, shocks: &[f64]) -> Result<Vec<f64>> {
        check_horizon(shocks.len())?;
        let start = self.history.len() - self.rule.reach();
        let mut past = Vec::with_capacity(self.rule.reach() + shocks.len());
        past.extend_from_slice(&self.history[start..]);
        for shock in shocks {
            past.push(self.rule.next(&past)? + shock);
        }
        Ok(past.split_off(self.rule.reach()))
    }

    fn advance(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        Self::fitted(self.rule.clone(), history)
    }
}
