use practicum_core::{Error, Result};

use crate::forecast::{Fitted, FittedColumns, Forecaster, Neural, check_gapless};
use crate::metrics::{coverage, mae, mse, smape};
use crate::split::{Fold, RollForward};
use crate::{Forecast, Interval, Ranking, Series};

/// How good forecasts would have been: a series is cut again and again, each time the method sees the part before the cut
/// alone, and its forecast is held against what came.
///
/// ```
/// use practicum_timeseries::forecast::{Naive, SeasonalNaive};
/// use practicum_timeseries::split::RollForward;
/// use practicum_timeseries::{Backtest, SeriesBuilder};
///
/// let series = SeriesBuilder::new(200).season(7, 10.0).noise(1.0).build()?;
/// let backtest = Backtest::new(RollForward::expanding(100).horizon(7)).period(7);
/// let report = backtest.run(&SeasonalNaive::new(7), series.values()?)?;
/// assert_eq!(report.folds.len(), 14);
/// assert!(report.mase.is_some_and(|mase| (0.8..1.2).contains(&mase)));
///
/// let ranking = backtest.compare(&[&Naive, &SeasonalNaive::new(7)], series.values()?)?;
/// assert_eq!(ranking.rows[0].name, "seasonal naive 7");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backtest {
    roll: RollForward,
    refit: bool,
    interval: Option<(Interval, f64)>,
    period: usize,
}

/// What one forecast of a back-test was, and what came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Trial {
    /// Where the series was cut.
    pub fold: Fold,
    /// The forecast.
    pub forecast: Vec<f64>,
    /// Its interval, if one was asked for: the lower and the upper end.
    pub interval: Option<(Vec<f64>, Vec<f64>)>,
    /// What came.
    pub actual: Vec<f64>,
}

/// The errors of forecasts at one horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HorizonError {
    /// Steps ahead, from 1.
    pub horizon: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Root mean squared error.
    pub rmse: f64,
    /// Mean error `x − x̂`: above 0 where forecasts are too low.
    pub bias: f64,
    /// The part of the values inside their intervals.
    pub coverage: Option<f64>,
}

/// What a back-test found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BacktestReport {
    /// The forecaster's name.
    pub name: String,
    /// Each forecast, the earliest first.
    pub folds: Vec<Trial>,
    /// The errors by how far ahead the forecast was.
    pub horizons: Vec<HorizonError>,
    /// Mean absolute error of all forecast steps.
    pub mae: f64,
    /// Root mean squared error of all forecast steps.
    pub rmse: f64,
    /// Symmetric mean absolute percentage error of all forecast steps.
    pub smape: f64,
    /// Mean absolute error over that of the seasonal naive forecast on each cut's training part; none where that has none.
    pub mase: Option<f64>,
    /// The part of the values inside their intervals.
    pub coverage: Option<f64>,
}

impl Backtest {
    /// Fits anew at each cut, without intervals, and scales errors by those of the naive forecast.
    pub fn new(roll: RollForward) -> Self {
        Self { roll, refit: true, interval: None, period: 1 }
    }

    /// Fits to the first training part alone; later forecasts start at the end of everything before them. For methods that
    /// take long to fit.
    #[must_use]
    pub fn fit_once(mut self) -> Self {
        self.refit = false;
        self
    }

    /// Looks at intervals too, which should hold `level` of the values.
    #[must_use]
    pub fn interval(mut self, interval: Interval, level: f64) -> Self {
        self.interval = Some((interval, level));
        self
    }

    /// The steps of a season, for the seasonal naive forecast that `mase` scales by.
    #[must_use]
    pub fn period(mut self, period: usize) -> Self {
        self.period = period;
        self
    }

    /// Tries a method.
    ///
    /// # Errors
    /// A series too short for the cuts, NaN and infinity in it, intervals together with [`fit_once`](Self::fit_once), and
    /// whatever the method refuses, with the cut at which it did.
    pub fn run(&self, forecaster: &dyn Forecaster, series: &[f64]) -> Result<BacktestReport> {
        let mut once: Option<Box<dyn Fitted>> = None;
        self.roll_through(forecaster.name(), series, |fold| {
            let (history, horizon) = (&series[fold.train.clone()], fold.test.len());
            if let Some((interval, level)) = self.interval {
                return interval.forecast(forecaster, history, horizon, level).map(with_ends);
            }
            if let Some(fitted) = &once {
                return Ok((fitted.advance(&series[..fold.train.end])?.predict(horizon)?, None));
            }
            let fitted = forecaster.fit(history)?;
            let forecast = fitted.predict(horizon)?;
            once = (!self.refit).then_some(fitted);
            Ok((forecast, None))
        })
    }

    /// Tries a network that reads all columns of a series and forecasts the column `target`: see
    /// [`Neural::fit_columns`](crate::forecast::Neural::fit_columns).
    ///
    /// # Errors
    /// No column of that name, and otherwise as [`run`](Self::run).
    pub fn run_columns(&self, network: &Neural, series: &Series, target: &str) -> Result<BacktestReport> {
        let mut once: Option<FittedColumns> = None;
        self.roll_through(network.columns_name(series.names().len()), series.complete(target)?, |fold| {
            let (history, horizon) = (series.slice(fold.train.start, fold.train.end)?, fold.test.len());
            if let Some((interval, level)) = self.interval {
                return interval.forecast_columns(network, &history, target, horizon, level).map(with_ends);
            }
            if let Some(fitted) = &once {
                return Ok((fitted.advance(&series.slice(0, fold.train.end)?)?.predict(horizon)?, None));
            }
            let fitted = network.fit_columns(&history, target)?;
            let forecast = fitted.predict(horizon)?;
            once = (!self.refit).then_some(fitted);
            Ok((forecast, None))
        })
    }

    /// Holds the forecast of each cut against what came.
    fn roll_through(&self, name: String, series: &[f64], mut forecast: impl FnMut(&Fold) -> Result<WithEnds>) -> Result<BacktestReport> {
        if !self.refit && self.interval.is_some() {
            return Err(Error::argument("intervals are fitted at each cut").hint("leave out `fit_once`"));
        }
        check_gapless("the series", series)?;
        let mut trial = |fold: Fold| {
            let (forecast, interval) = forecast(&fold)
                .map_err(|error| error.context(format!("{name}, trained on steps {} to {}", fold.train.start, fold.train.end - 1)))?;
            Ok(Trial { forecast, interval, actual: series[fold.test.clone()].to_vec(), fold })
        };
        let trials = self.roll.folds(series.len())?.into_iter().map(&mut trial).collect::<Result<Vec<_>>>()?;
        self.report(name, trials, series)
    }

    fn report(&self, name: String, folds: Vec<Trial>, series: &[f64]) -> Result<BacktestReport> {
        let horizon = folds.first().map_or(0, |trial| trial.actual.len());
        let horizons = (0..horizon).map(|step| horizon_error(&folds, step)).collect::<Result<Vec<_>>>()?;
        let all = |part: fn(&Trial) -> &[f64]| folds.iter().flat_map(|trial| part(trial).iter().copied()).collect::<Vec<f64>>();
        let (actual, forecast) = (all(|trial| &trial.actual), all(|trial| &trial.forecast));
        let mean = |of: fn(&HorizonError) -> Option<f64>| {
            let values: Option<Vec<f64>> = horizons.iter().map(of).collect();
            values.map(|values| crate::real::mean(&values))
        };
        Ok(BacktestReport {
            mae: mae(&actual, &forecast)?,
            rmse: mse(&actual, &forecast)?.sqrt(),
            smape: smape(&actual, &forecast)?,
            mase: self.mase(&folds, series)?,
            coverage: mean(|error| error.coverage),
            name,
            folds,
            horizons,
        })
    }

    /// The mean over all cuts of the scaled error of each; none where a training part repeats itself, or is too short.
    fn mase(&self, folds: &[Trial], series: &[f64]) -> Result<Option<f64>> {
        let mut scaled = Vec::with_capacity(folds.len());
        for Trial { fold, actual, forecast, .. } in folds {
            let train = &series[fold.train.clone()];
            if self.period == 0 || self.period >= train.len() {
                return Ok(None);
            }
            let scale = mae(&train[self.period..], &train[..train.len() - self.period])?;
            if scale == 0.0 {
                return Ok(None);
            }
            scaled.push(mae(actual, forecast)? / scale);
        }
        Ok(Some(crate::real::mean(&scaled)))
    }

    /// Tries several methods on the same cuts, and ranks them by `mae`, with `rmse` and `smape`, and with `mase` and
    /// `coverage` where they exist. A method that fails on a cut is not ranked, and told with the reason.
    ///
    /// # Errors
    /// No methods; what [`run`](Self::run) refuses, where it refuses all of them.
    pub fn compare(&self, forecasters: &[&dyn Forecaster], series: &[f64]) -> Result<Ranking> {
        let (mut reports, mut failed) = (Vec::new(), Vec::new());
        for forecaster in forecasters {
            match self.run(*forecaster, series) {
                Ok(report) => reports.push(report),
                Err(error) => failed.push((forecaster.name(), error)),
            }
        }
        match failed.first() {
            Some((_, error)) if reports.is_empty() => Err(error.clone()),
            _ => Ok(Ranking { failed, ..Ranking::of_reports(&reports)? }),
        }
    }
}

/// A forecast, and the ends of its interval if it has one.
type WithEnds = (Vec<f64>, Option<(Vec<f64>, Vec<f64>)>);

fn with_ends(Forecast { mean, lower, upper, .. }: Forecast) -> WithEnds {
    (mean, Some((lower, upper)))
}

fn horizon_error(folds: &[Trial], step: usize) -> Result<HorizonError> {
    let column = |part: fn(&Trial) -> &[f64]| folds.iter().map(|trial| part(trial)[step]).collect::<Vec<f64>>();
    let (actual, forecast) = (column(|trial| &trial.actual), column(|trial| &trial.forecast));
    let ends: Option<Vec<(f64, f64)>> =
        folds.iter().map(|trial| trial.interval.as_ref().map(|(lower, upper)| (lower[step], upper[step]))).collect();
    let coverage = ends
        .map(|ends| {
            let (lower, upper): (Vec<f64>, Vec<f64>) = ends.into_iter().unzip();
            coverage(&actual, &lower, &upper)
        })
        .transpose()?;
    let errors: Vec<f64> = actual.iter().zip(&forecast).map(|(actual, forecast)| actual - forecast).collect();
    let (mae, rmse) = (mae(&actual, &forecast)?, mse(&actual, &forecast)?.sqrt());
    Ok(HorizonError { horizon: step + 1, mae, rmse, bias: crate::real::mean(&errors), coverage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeriesBuilder;
    use crate::forecast::{Drift, ExponentialSmoothing, Naive, SeasonalNaive};

    #[test]
    fn by_hand() {
        let report = Backtest::new(RollForward::expanding(3).horizon(2)).run(&Naive, &[1.0, 2.0, 4.0, 7.0, 3.0, 5.0, 4.0]).unwrap();
        assert_eq!(report.folds[1].forecast, [3.0, 3.0]);
        assert_eq!((report.horizons[0].mae, report.horizons[0].bias, report.horizons[1].mae), (2.5, 2.5, 1.0));
        assert_eq!((report.mae, report.rmse, report.coverage), (1.75, 3.75_f64.sqrt(), None));
        assert_eq!(report.mase, Some((2.0 / 1.5 + 1.5 / 2.5) / 2.0));
        assert_eq!(Backtest::new(RollForward::expanding(3)).run(&Naive, &[2.0; 6]).unwrap().mase, None);
    }

    #[test]
    fn fitted_once_is_fitted_to_the_first_part() {
        let series = [0.0, 1.0, 2.0, 4.0, 8.0];
        let drift = |backtest: Backtest| backtest.run(&Drift, &series).unwrap().folds[1].forecast.clone();
        let backtest = Backtest::new(RollForward::expanding(3));
        assert_eq!((drift(backtest), drift(backtest.fit_once())), (vec![4.0 + 4.0 / 3.0], vec![5.0]));
    }

    /// Intervals hold about as many values as they say, on a series of the kind that the method is made for.
    #[test]
    fn intervals_cover_what_they_promise() {
        let series = SeriesBuilder::new(600).baseline(50.0).season(12, 10.0).noise(3.0).build().unwrap();
        let backtest = Backtest::new(RollForward::sliding(240).horizon(6)).period(12);
        for interval in [Interval::Normal, Interval::Bootstrap { paths: 400, seed: 3 }, Interval::Conformal { windows: 60 }] {
            for forecaster in [&SeasonalNaive::new(12) as &dyn Forecaster, &ExponentialSmoothing::holt_winters(12)] {
                let report = backtest.interval(interval, 0.8).run(forecaster, series.values().unwrap()).unwrap();
                let coverage = report.coverage.unwrap();
                assert!((0.7..=0.9).contains(&coverage), "{interval:?} of {}: {coverage}", report.name);
            }
        }
    }

    #[test]
    fn bad_requests_say_why() {
        let error = |backtest: Backtest, series: &[f64]| backtest.run(&SeasonalNaive::new(4), series).unwrap_err().to_string();
        assert!(error(Backtest::new(RollForward::expanding(5)), &[1.0; 5]).contains("has 5 values"));
        assert!(
            error(Backtest::new(RollForward::expanding(3)), &[1.0; 5])
                .starts_with("seasonal naive 4, trained on steps 0 to 2: the history")
        );
        assert!(
            error(Backtest::new(RollForward::expanding(4)), &[1.0, 2.0, 3.0, 4.0, f64::NAN]).contains("the series holds NaN at index 4")
        );
        let once = Backtest::new(RollForward::expanding(5)).fit_once().interval(Interval::Normal, 0.9);
        assert!(error(once, &[1.0; 9]).contains("leave out `fit_once`"));
        assert!(Backtest::new(RollForward::expanding(5)).compare(&[], &[1.0; 9]).unwrap_err().is_argument());
    }

    #[test]
    fn t6_one_method_that_cannot_be_fitted_leaves_the_others_ranked() {
        let backtest = Backtest::new(RollForward::expanding(5));
        let ranking = backtest.compare(&[&Naive, &SeasonalNaive::new(7), &Drift], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).unwrap();
        assert_eq!((ranking.rows[0].name.as_str(), ranking.rows.len()), ("drift", 2));
        assert_eq!(ranking.failed[0].0, "seasonal naive 7");
        assert!(ranking.to_string().contains("Not ranked: seasonal naive 7: seasonal naive 7, trained on steps 0 to 4"), "{ranking}");
        let none = backtest.compare(&[&SeasonalNaive::new(7)], &[1.0; 7]).unwrap_err();
        assert!(none.is_data(), "{none}");
    }
}
