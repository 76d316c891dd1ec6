use std::ops::Range;

use practicum_core::rng::Key;
use practicum_core::{Error, Result};

use crate::forecast::{Fitted, Forecaster, Neural, check_horizon};
use crate::real::check_finite;
use crate::{Series, normal};

/// How sure a forecast is: between which numbers a value will lie, most of the time.
///
/// ```
/// use practicum_timeseries::forecast::Naive;
/// use practicum_timeseries::{Interval, SeriesBuilder};
///
/// let walk = SeriesBuilder::new(300).noise(1.0).memory(1, 1.0).build()?;
/// let forecast = Interval::Normal.forecast(&Naive, walk.values()?, 4, 0.95)?;
/// // The way to go wrong grows with the root of the steps.
/// let width = |step: usize| forecast.upper[step] - forecast.lower[step];
/// assert!((width(3) / width(0) - 2.0).abs() < 1e-9);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interval {
    /// `x̂[h] ± t σ √(ψ₀² + … + ψ²[h − 1] + v[h])`, with `σ² = Σ e² / (n − k)` from the `n` one-step errors on the history and the
    /// `k` numbers that were [estimated](Fitted::estimated), `ψ[j]` by how much the forecast path moves `j` steps after an error
    /// of one `σ` (Hyndman et al. 2008, chapter 6), `v[h]` the [variance](Fitted::estimation_variance) that the estimates add,
    /// and `t` the quantile of Student's distribution with `n − k` degrees of freedom. Errors are taken to be normal and
    /// independent. Where they are, and values are many beside what is estimated, the interval holds as many as it should, to 5
    /// in 100. On few values, searched weights are less certain than the formula knows: of 80 and 95 in 100, Holt on 20 values
    /// holds 67 and 88, AR(2) on 15 values 73 and 90, Holt-Winters on two still seasons of 12 holds 90 and 99.
    Normal,
    /// The middle part of many paths, whose errors are drawn from the one-step errors on the history, less their mean. They
    /// are drawn larger by `√(n / (n − k))`, and with the doubt of `Normal` about their size and the estimates.
    Bootstrap {
        /// How many paths; 1,000 will do.
        paths: usize,
        /// Where the draws begin.
        seed: u64,
    },
    /// Forecasts are made from each of the last `windows` steps of the history, by the method fitted on what lies before all
    /// of them. `x̂[h] ± q[h]`, with `q[h]` the `⌈(windows + 1) level⌉`-th smallest of the absolute errors `h` steps
    /// ahead (split conformal prediction: Papadopoulos et al. 2002, Lei et al. 2018). It assumes nothing but that errors
    /// to come are like those. Any method has it: take it where the history is long enough.
    Conformal {
        /// From how many steps forecasts are made.
        windows: usize,
    },
}

/// A forecast with its interval.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Forecast {
    /// The forecast, step by step.
    pub mean: Vec<f64>,
    /// Below it are `(1 − level) / 2` of the values.
    pub lower: Vec<f64>,
    /// Above it are `(1 − level) / 2` of the values.
    pub upper: Vec<f64>,
    /// The part of the values that should lie between them.
    pub level: f64,
}

impl Forecast {
    /// The level in percent, to four decimals: 29 for 0.29, where `100.0 * level` is 28.999999999999996.
    pub fn level_percent(&self) -> f64 {
        (self.level * 1e6).round() / 1e4
    }
}

impl Interval {
    /// Fits the method to the history and forecasts with an interval that should hold `level` of the values.
    ///
    /// # Errors
    /// A level outside 0 to 1, a horizon of 0; no paths or too few windows for the level; a history that is too short;
    /// for `Normal` and `Bootstrap`, a method that forecasts many steps at once; whatever the method refuses.
    pub fn forecast(&self, forecaster: &dyn Forecaster, history: &[f64], horizon: usize, level: f64) -> Result<Forecast> {
        normal::two_sided(level)?;
        check_horizon(horizon)?;
        let fitted = forecaster.fit(history)?;
        let mean = fitted.predict(horizon)?;
        let (lower, upper) = match *self {
            Self::Normal => {
                let (spreads, freedom) = spreads(&*fitted, horizon)?;
                around(&mean, &spreads, normal::two_sided_t(level, freedom)?)
            }
            Self::Bootstrap { paths, seed } => quantiles(&*fitted, horizon, level, paths, seed)?,
            Self::Conformal { windows } => {
                let forecasts = |from: Range<usize>| {
                    let fitted = forecaster.fit(&history[..from.start])?;
                    from.map(|step| fitted.advance(&history[..step])?.predict(horizon)).collect()
                };
                around(&mean, &calibrate(history, horizon, level, windows, forecasts)?, 1.0)
            }
        };
        Ok(Forecast { mean, lower, upper, level })
    }

    /// The same for a network that reads all columns of a series and forecasts the column `target`.
    ///
    /// # Errors
    /// Any other interval than [`Conformal`](Self::Conformal), since the network forecasts all steps at once, and otherwise
    /// as [`forecast`](Self::forecast) and [`Neural::fit_columns`].
    pub fn forecast_columns(&self, network: &Neural, series: &Series, target: &str, horizon: usize, level: f64) -> Result<Forecast> {
        normal::two_sided(level)?;
        let Self::Conformal { windows } = *self else {
            return Err(Error::argument("a network on several columns forecasts all steps at once, not one from the other")
                .hint("take `Interval::Conformal`"));
        };
        let mean = network.fit_columns(series, target)?.predict(horizon)?;
        let forecasts = |from: Range<usize>| {
            let fitted = network.fit_columns(&series.slice(0, from.start)?, target)?;
            fitted.advance(series)?.forecasts(from, horizon)
        };
        let spreads = calibrate(series.complete(target)?, horizon, level, windows, forecasts)?;
        let (lower, upper) = around(&mean, &spreads, 1.0);
        Ok(Forecast { mean, lower, upper, level })
    }
}

fn around(mean: &[f64], spreads: &[f64], factor: f64) -> (Vec<f64>, Vec<f64>) {
    let at = |factor: f64| mean.iter().zip(spreads).map(|(mean, spread)| mean + factor * spread).collect();
    (at(-factor), at(factor))
}

/// The one-step errors on the history, and how many more they are than numbers that were estimated.
fn errors(fitted: &dyn Fitted) -> Result<(Vec<f64>, usize)> {
    let (residuals, estimated) = (fitted.residuals()?, fitted.estimated());
    match residuals.len().saturating_sub(estimated) {
        0 => Err(Error::data(format!(
            "the history has {} one-step errors, and {estimated} numbers were estimated from it: expected more errors than numbers",
            residuals.len()
        ))
        .hint("give a longer history or a simpler method; what was estimated from as few values says nothing of errors to come")),
        freedom => Ok((residuals, freedom)),
    }
}

/// The standard error of the forecast at each step of the horizon, and its degrees of freedom.
fn spreads(fitted: &dyn Fitted, horizon: usize) -> Result<(Vec<f64>, usize)> {
    let (residuals, freedom) = errors(fitted)?;
    let sigma = (residuals.iter().map(|error| error * error).sum::<f64>() / freedom as f64).sqrt();
    let mut shocks = vec![0.0; horizon];
    let still = fitted.path(&shocks)?;
    shocks[0] = sigma;
    let moved = fitted.path(&shocks)?;
    let mut variance = 0.0;
    let spread = |((moved, still), estimates): ((&f64, &f64), f64)| {
        variance += (moved - still) * (moved - still);
        (variance + sigma * sigma * estimates).sqrt()
    };
    Ok((moved.iter().zip(&still).zip(fitted.estimation_variance(horizon)?).map(spread).collect(), freedom))
}

fn quantiles(fitted: &dyn Fitted, horizon: usize, level: f64, paths: usize, seed: u64) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut values = vec![Vec::new(); horizon];
    let room = values.iter_mut().try_for_each(|values: &mut Vec<f64>| values.try_reserve_exact(paths));
    if paths < 2 || room.is_err() {
        return Err(Error::argument(format!("paths is {paths}, expected 2 or more, such as 1,000, and no more than fit into memory")));
    }
    let (residuals, freedom) = errors(fitted)?;
    let mean = crate::real::mean(&residuals);
    let estimates = fitted.estimation_variance(horizon)?;
    let sigma = (residuals.iter().map(|error| error * error).sum::<f64>() / freedom as f64).sqrt();
    let larger = (residuals.len() as f64 / freedom as f64).sqrt();
    let count = u32::try_from(residuals.len()).map_err(|source| Error::argument("the history is too long").source(source))?;
    let key = Key::new(seed).fold_str("bootstrap");
    for path in 0..paths {
        let mut rng = key.fold(path as u64).rng();
        // How much larger errors may be than those few say, by Wilson and Hilferty's root of a chi-squared number.
        let ninth = 2.0 / (9.0 * freedom as f64);
        let scale = (1.0 - ninth + normal::draw(&mut rng) * ninth.sqrt()).max(0.1).powf(-1.5);
        let shocks: Vec<f64> = (0..horizon).map(|_| (residuals[rng.below(count) as usize] - mean) * larger * scale).collect();
        let estimate = normal::draw(&mut rng) * sigma * scale;
        for ((value, values), variance) in fitted.path(&shocks)?.into_iter().zip(&mut values).zip(&estimates) {
            values.push(value + estimate * variance.sqrt());
        }
    }
    values.iter_mut().for_each(|values| values.sort_by(f64::total_cmp));
    let at = |share: f64| values.iter().map(|values| sorted_quantile(values, share)).collect();
    Ok((at((1.0 - level) / 2.0), at(f64::midpoint(1.0, level))))
}

/// Between the two nearest of sorted values.
fn sorted_quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place as usize, place.fract());
    let above = sorted[(below + 1).min(sorted.len() - 1)];
    sorted[below] + part * (above - sorted[below])
}

/// The error at each step of the horizon that is not exceeded in `level` of all cases, of forecasts from `windows` steps,
/// made by a method that knows what lies before all of them.
fn calibrate(
    history: &[f64],
    horizon: usize,
    level: f64,
    windows: usize,
    forecasts: impl FnOnce(Range<usize>) -> Result<Vec<Vec<f64>>>,
) -> Result<Vec<f64>> {
    conformal_rank(windows, level, "windows")?;
    let Some(first) = history.len().checked_sub(windows.saturating_add(horizon - 1)).filter(|first| *first > 0) else {
        return Err(Error::data(format!(
            "the history has {} values, expected more than the {windows} windows and {} steps after the last of them",
            history.len(),
            horizon - 1
        )));
    };
    let from = first..first + windows;
    let forecasts = forecasts(from.clone()).map_err(|error| error.context("the part of the history before the windows"))?;
    let errors = |step: usize| -> Vec<f64> {
        from.clone().zip(&forecasts).map(|(start, forecast)| history[start + step] - forecast[step]).collect()
    };
    (0..horizon).map(|step| conformal_width(&errors(step), level)).collect()
}

/// How far to either side of a forecast its interval reaches, by how far earlier forecasts were off: the
/// `⌈(n + 1) level⌉`-th smallest of `n` errors without their signs (split conformal prediction; see
/// [`Interval::Conformal`]).
///
/// ```
/// use practicum_timeseries::conformal_width;
///
/// let errors = [0.5, -1.0, 2.0, -0.2, 0.1, -3.0, 0.7, 0.9, -0.4];
/// assert_eq!(conformal_width(&errors, 0.8)?, 2.0);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A level outside 0 to 1, too few errors for it, NaN and infinity among them.
pub fn conformal_width(errors: &[f64], level: f64) -> Result<f64> {
    normal::two_sided(level)?;
    let rank = conformal_rank(errors.len(), level, "the number of errors")?;
    check_finite("the errors", errors)?;
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    Ok(sizes[rank - 1])
}

/// Which of `count` errors, from 1 for the smallest, is exceeded no more often than the level allows.
fn conformal_rank(count: usize, level: f64, what: &str) -> Result<usize> {
    let rank = ((count as f64 + 1.0) * level).ceil() as usize;
    if rank > count {
        let least = (level / (1.0 - level) - 1e-9).ceil();
        return Err(Error::argument(format!("{what} is {count}, expected {least} or more for a level of {level}")));
    }
    Ok(rank.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeriesBuilder;
    use crate::forecast::{Drift, ExponentialSmoothing, Mean, MovingAverage, Naive, SeasonalNaive};

    fn walk() -> Vec<f64> {
        SeriesBuilder::new(400).noise(2.0).memory(1, 1.0).build().unwrap().values().unwrap().to_vec()
    }

    /// The formulas of Hyndman and Athanasopoulos' *Forecasting: Principles and Practice*, section 5.5 and 8.7.
    #[test]
    fn normal_intervals_have_the_known_widths() {
        let history = walk();
        let widths = |forecaster: &dyn Forecaster| {
            let forecast = Interval::Normal.forecast(forecaster, &history, 6, 0.8).unwrap();
            let widths: Vec<f64> = forecast.upper.iter().zip(&forecast.lower).map(|(upper, lower)| upper - lower).collect();
            widths.iter().map(|width| (width / widths[0]).powi(2)).collect::<Vec<f64>>()
        };
        let near = |found: Vec<f64>, expected: [f64; 6]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} is not {expected:?}");
        };
        near(widths(&Naive), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        near(widths(&SeasonalNaive::new(4)), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
        near(widths(&Mean), [1.0; 6]);
        near(widths(&ExponentialSmoothing::simple().alpha(0.5)), [1.0, 1.25, 1.5, 1.75, 2.0, 2.25]);
        let holt = |j: f64| (0.5 + 0.5 * 0.2 * j).powi(2);
        let sums = [0.0, holt(1.0), holt(2.0), holt(3.0), holt(4.0), holt(5.0)];
        let mut total = 1.0;
        near(
            widths(&ExponentialSmoothing::holt().alpha(0.5).beta(0.2)),
            sums.map(|part| {
                total += part;
                total
            }),
        );
    }

    #[test]
    fn bootstrapped_and_conformal_intervals_are_like_normal_ones_on_normal_noise() {
        let history = walk();
        let width = |interval: Interval| {
            let forecast = interval.forecast(&Naive, &history, 3, 0.9).unwrap();
            (0..3).map(|step| forecast.upper[step] - forecast.lower[step]).collect::<Vec<f64>>()
        };
        let normal = width(Interval::Normal);
        for other in [Interval::Bootstrap { paths: 2000, seed: 1 }, Interval::Conformal { windows: 300 }] {
            let found = width(other);
            assert!(found.iter().zip(&normal).all(|(a, b)| (a / b - 1.0).abs() < 0.2), "{other:?}: {found:?} {normal:?}");
            assert_eq!(width(other), found);
        }
    }

    #[test]
    fn t2_what_was_estimated_from_all_values_has_no_interval() {
        for interval in [Interval::Normal, Interval::Bootstrap { paths: 100, seed: 1 }] {
            let error = interval.forecast(&ExponentialSmoothing::holt(), &[1.0, 2.0], 1, 0.95).unwrap_err().to_string();
            assert!(error.contains("has 2 one-step errors, and 4 numbers were estimated from it"), "{error}");
        }
        // The textbook's interval of a mean, and of a drift (Hyndman and Athanasopoulos 2021, table 5.2).
        let history = [2.0, 4.0, 3.0, 7.0, 4.0];
        let half = |forecaster: &dyn Forecaster, step: usize| {
            let forecast = Interval::Normal.forecast(forecaster, &history, 3, 0.95).unwrap();
            (forecast.upper[step] - forecast.lower[step]) / 2.0
        };
        assert!((half(&Mean, 2) - 2.776_445_105 * 3.5_f64.sqrt() * 1.2_f64.sqrt()).abs() < 1e-6);
        let squares = [1.5_f64, -1.5, 3.5, -3.5].map(|error| error * error).iter().sum::<f64>();
        assert!((half(&Drift, 1) - 3.182_446_305 * (squares / 3.0 * 2.0 * (1.0 + 2.0 / 4.0)).sqrt()).abs() < 1e-6);
    }

    #[test]
    fn bad_requests_say_why() {
        let history = walk();
        let error = |interval: Interval, horizon, level| interval.forecast(&Naive, &history, horizon, level).unwrap_err().to_string();
        assert!(error(Interval::Normal, 1, 95.0).contains("the level is 95, expected a share between 0 and 1"));
        assert!(error(Interval::Normal, 0, 0.9).contains("the horizon is 0"));
        assert!(error(Interval::Bootstrap { paths: 0, seed: 1 }, 1, 0.9).contains("paths is 0"));
        assert!(error(Interval::Bootstrap { paths: usize::MAX, seed: 1 }, 1, 0.9).contains("fit into memory"));
        assert!(error(Interval::Conformal { windows: 10 }, 1, 0.95).contains("windows is 10, expected 19 or more for a level of 0.95"));
        assert!(error(Interval::Conformal { windows: 400 }, 1, 0.95).contains("expected more than the 400 windows"));
        assert!(error(Interval::Conformal { windows: usize::MAX }, 9, 0.95).contains("windows"));
        let short = Interval::Normal.forecast(&MovingAverage::new(3), &history[..3], 1, 0.9).unwrap_err();
        assert!(short.to_string().contains("has 0 one-step errors, and 0 numbers were estimated from it"), "{short}");
        let late = Interval::Conformal { windows: 398 }.forecast(&SeasonalNaive::new(9), &history, 2, 0.9).unwrap_err();
        assert!(late.to_string().starts_with("the part of the history before the windows: the history has 1 values"), "{late}");
    }
}
