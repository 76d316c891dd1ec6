use practicum_core::{Error, Result};

use super::{Fitted, Forecaster, Recursive, Rule, check_history};
use crate::baseline::Differencing;
use crate::real::mean;

/// The last value again: `x̂[n + h] = x[n]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naive;

impl Rule for Naive {
    fn name(&self) -> String {
        "naive".to_owned()
    }

    fn reach(&self) -> usize {
        1
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(past[past.len() - 1])
    }
}

impl Forecaster for Naive {
    fn name(&self) -> String {
        Rule::name(self)
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        Recursive::fitted(*self, history)
    }
}

/// The value one season ago: `x̂[t] = x[t − period]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeasonalNaive {
    period: usize,
}

impl SeasonalNaive {
    /// For seasons of `period` steps.
    pub fn new(period: usize) -> Self {
        Self { period }
    }
}

impl Rule for SeasonalNaive {
    fn name(&self) -> String {
        format!("seasonal naive {}", self.period)
    }

    fn reach(&self) -> usize {
        self.period
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(past[past.len() - self.period])
    }
}

impl Forecaster for SeasonalNaive {
    fn name(&self) -> String {
        Rule::name(self)
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_some("the period", self.period)?;
        Recursive::fitted(*self, history)
    }
}

/// The mean of the last `window` values, `x̂[t] = mean(x[t − window … t − 1])`; further steps average forecasts, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovingAverage {
    window: usize,
}

impl MovingAverage {
    /// Over `window` values.
    pub fn new(window: usize) -> Self {
        Self { window }
    }
}

impl Rule for MovingAverage {
    fn name(&self) -> String {
        format!("moving average {}", self.window)
    }

    fn reach(&self) -> usize {
        self.window
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(mean(&past[past.len() - self.window..]))
    }
}

impl Forecaster for MovingAverage {
    fn name(&self) -> String {
        Rule::name(self)
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_some("the window", self.window)?;
        Recursive::fitted(*self, history)
    }
}

/// The mean of the history, for every step that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean;

#[derive(Clone, Copy, Debug)]
struct Constant {
    value: f64,
    /// Of how many values it is the mean.
    count: usize,
}

impl Rule for Constant {
    fn name(&self) -> String {
        Forecaster::name(&Mean)
    }

    fn reach(&self) -> usize {
        0
    }

    fn next(&self, _past: &[f64]) -> Result<f64> {
        Ok(self.value)
    }

    fn estimated(&self) -> usize {
        1
    }

    fn estimation_variance(&self, horizon: usize, _path: &dyn Fn(&Self) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
        Ok(vec![1.0 / self.count as f64; horizon])
    }
}

impl Forecaster for Mean {
    fn name(&self) -> String {
        "mean".to_owned()
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_history(&self.name(), history, 1)?;
        Recursive::fitted(Constant { value: mean(history), count: history.len() }, history)
    }
}

/// The last value, and on with the mean change of the whole history: `x̂[n + h] = x[n] + h (x[n] − x[1]) / (n − 1)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift;

#[derive(Clone, Copy, Debug)]
struct Slope {
    change: f64,
    /// Of how many changes it is the mean.
    count: usize,
}

impl Rule for Slope {
    fn name(&self) -> String {
        Forecaster::name(&Drift)
    }

    fn reach(&self) -> usize {
        1
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(past[past.len() - 1] + self.change)
    }

    fn estimated(&self) -> usize {
        1
    }

    fn estimation_variance(&self, horizon: usize, _path: &dyn Fn(&Self) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
        Ok((1..=horizon).map(|ahead| (ahead * ahead) as f64 / self.count as f64).collect())
    }
}

impl Forecaster for Drift {
    fn name(&self) -> String {
        "drift".to_owned()
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_history(&self.name(), history, 2)?;
        let last = history.len() - 1;
        Recursive::fitted(Slope { change: (history[last] - history[0]) / last as f64, count: last }, history)
    }
}

/// The value one season ago plus the mean change over a season of the last steps: the course's differencing with a moving
/// average, with the options of [`Differencing`]. Further steps take forecasts for the steps between.
///
/// ```
/// use practicum_timeseries::baseline::Differencing;
/// use practicum_timeseries::forecast::{Forecaster, SeasonalDifferencing};
///
/// let forecaster = SeasonalDifferencing::new(Differencing::new(2).window(2));
/// assert_eq!(forecaster.fit(&[1.0, 5.0, 2.0, 6.0])?.predict(3)?, [3.0, 7.0, 4.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeasonalDifferencing {
    options: Differencing,
}

impl SeasonalDifferencing {
    /// With these options.
    pub fn new(options: Differencing) -> Self {
        Self { options }
    }
}

impl Rule for SeasonalDifferencing {
    fn name(&self) -> String {
        let past = if self.options.smooths_past() { " + smoothed past" } else { " + past" };
        format!("differencing {} + moving average {}{past}", self.options.period(), self.options.changes())
    }

    fn reach(&self) -> usize {
        self.options.reach()
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(self.options.next(past))
    }
}

impl Forecaster for SeasonalDifferencing {
    fn name(&self) -> String {
        Rule::name(self)
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        self.options.check()?;
        Recursive::fitted(*self, history)
    }
}

fn check_some(what: &str, value: usize) -> Result<()> {
    if value == 0 { Err(Error::argument(format!("{what} is 0, expected 1 step or more"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::one_step_forecasts;
    use crate::metrics::{mae, mse};
    use crate::synth::SeriesSpec;

    #[test]
    fn by_hand() {
        let history = [1.0, 4.0, 2.0, 7.0, 3.0];
        let predict = |forecaster: &dyn Forecaster| forecaster.fit(&history).unwrap().predict(3).unwrap();
        assert_eq!(predict(&Naive), [3.0, 3.0, 3.0]);
        assert_eq!(predict(&SeasonalNaive::new(2)), [7.0, 3.0, 7.0]);
        assert_eq!(predict(&MovingAverage::new(2)), [5.0, 4.0, 4.5]);
        assert_eq!(predict(&Mean), [3.4, 3.4, 3.4]);
        assert_eq!(predict(&Drift), [3.5, 4.0, 4.5]);
        let one_step = SeasonalNaive::new(2).fit(&history).unwrap().one_step().unwrap();
        assert!(one_step[1].is_nan());
        assert_eq!(one_step[2..], [1.0, 4.0, 2.0]);
        assert_eq!(Naive.fit(&history).unwrap().residuals().unwrap(), [3.0, -2.0, 5.0, -4.0]);
        let path = Naive.fit(&history).unwrap().path(&[1.0, 0.0, -2.0]).unwrap();
        assert_eq!(path, [4.0, 4.0, 2.0]);
    }

    /// The course's published numbers, from the forecasters.
    #[test]
    fn the_courses_baselines() {
        let spec = SeriesSpec::B;
        let series: Vec<f64> = spec.generate().unwrap().into_iter().map(f64::from).collect();
        let differencing = Differencing::new(365);
        let expected: [(&dyn Forecaster, f64, f64); 4] = [
            (&Naive, 19.578304, 2.6011968),
            (&MovingAverage::new(30), 65.786224, 4.3040023),
            (&SeasonalDifferencing::new(differencing), 8.498155, 2.327179),
            (&SeasonalDifferencing::new(differencing.past_window(10)), 12.527958, 2.2034433),
        ];
        for (forecaster, squared, absolute) in expected {
            let forecast = one_step_forecasts(forecaster, &series, spec.split).unwrap();
            let actual = &series[spec.split..];
            let (mse, mae) = (mse(actual, &forecast).unwrap(), mae(actual, &forecast).unwrap());
            assert!((mse - squared).abs() < 1e-4 * squared && (mae - absolute).abs() < 1e-4 * absolute, "{forecaster:?}: {mse} {mae}");
        }
    }

    #[test]
    fn bad_histories_and_options_are_told() {
        let error = |forecaster: &dyn Forecaster, history: &[f64]| forecaster.fit(history).unwrap_err().to_string();
        assert_eq!(error(&Naive, &[]), "the history has 0 values, naive needs 1 or more");
        assert!(error(&SeasonalNaive::new(12), &[1.0; 11]).contains("has 11 values, seasonal naive 12 needs 12 or more"));
        assert!(error(&MovingAverage::new(3), &[1.0; 2]).contains("moving average 3 needs 3"));
        assert!(error(&Drift, &[1.0]).contains("drift needs 2") && error(&Mean, &[]).contains("mean needs 1"));
        assert!(error(&Naive, &[1.0, f64::NAN]).contains("the history holds NaN at index 1"));
        assert!(error(&Naive, &[1.0, f64::NAN]).contains("hint: fill gaps"));
        assert!(error(&SeasonalNaive::new(0), &[1.0]).contains("the period is 0"));
        assert!(error(&MovingAverage::new(0), &[1.0]).contains("the window is 0"));
        let differencing = |options| error(&SeasonalDifferencing::new(options), &[1.0; 5]);
        assert!(differencing(Differencing::new(2).window(4)).contains("needs 6 or more"));
        assert!(differencing(Differencing::new(2).past_window(9)).contains("at most 4"));
        let fitted = Naive.fit(&[1.0]).unwrap();
        assert!(fitted.predict(0).unwrap_err().to_string().contains("the horizon is 0"));
        assert!(fitted.predict(usize::MAX).unwrap_err().to_string().contains("at most ten million"));
        assert!(fitted.advance(&[]).unwrap_err().is_data());
        assert!(one_step_forecasts(&Naive, &[1.0, 2.0], 2).unwrap_err().to_string().contains("the split is 2"));
        assert!(one_step_forecasts(&Naive, &[1.0, 2.0], 0).is_err());
    }
}
