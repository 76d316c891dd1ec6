//! What the weeks about series share: a series with its validation part, its baselines, and pictures of forecasts.

use anyhow::Result;
use practicum_timeseries::baseline::{Differencing, moving_average, naive};
use practicum_timeseries::metrics::{mae, mse};
use practicum_timeseries::plot::Timeline;
use practicum_timeseries::synth::SeriesSpec;
use practicum_timeseries::{Date, Series, conformal_width};

use crate::report::{Figures, Interval, OverTime, Trace, against};
use crate::results::{Figure, ForecastScore};
use crate::week::{RunClock, WeekRun};

/// The share of the steps that an interval is meant to hold.
const LEVEL: f64 = 0.9;

/// A series, and how the course looks at it.
pub(super) struct Subject {
    pub(super) values: Vec<f32>,
    /// The first step of the validation part.
    pub(super) split: usize,
    /// The steps of a season.
    period: usize,
    dates: Option<Vec<Date>>,
    /// What a step is.
    step: &'static str,
    /// The unit of the values; empty where they have none.
    pub(super) unit: &'static str,
    /// The axis of the values.
    value: String,
}

impl Subject {
    /// One of the course's synthetic series, as the data of a run.
    pub(super) fn synthetic(run: &mut WeekRun<'_>, spec: &SeriesSpec) -> Result<Self> {
        run.inline_data("synthetic");
        Self::generate(spec)
    }

    fn generate(spec: &SeriesSpec) -> Result<Self> {
        let (values, period) = (spec.generate()?, spec.period as usize);
        Ok(Self { values, split: spec.split, period, dates: None, step: "day", unit: "", value: axis("Value", "") })
    }

    /// A series with dates.
    pub(super) fn observed(series: &Series, split: usize, period: usize, step: &'static str, unit: &'static str) -> Result<Self> {
        let (values, dates) = (series.to_f32()?, series.dates().map(<[Date]>::to_vec));
        Ok(Self { values, split, period, dates, step, unit, value: axis("Value", unit) })
    }

    /// The validation part.
    pub(super) fn actual(&self) -> &[f32] {
        &self.values[self.split..]
    }

    /// How far a forecast of the validation part is off.
    pub(super) fn score(&self, name: &str, forecast: &[f32]) -> Result<ForecastScore> {
        Ok(ForecastScore { name: name.to_owned(), mse: mse(self.actual(), forecast)?, mae: mae(self.actual(), forecast)? })
    }

    /// Forecasts of the validation part that need no network; the naive one first.
    pub(super) fn baselines(&self) -> Result<Vec<Baseline>> {
        let (series, split, period) = (&self.values, self.split, self.period);
        let seasonal = series[split - period..series.len() - period].to_vec();
        let changes = Differencing::new(period).window(50);
        Ok(vec![
            Baseline { name: "naive".to_owned(), forecast: naive(series, split)? },
            Baseline { name: format!("seasonal naive, {period} steps"), forecast: seasonal },
            Baseline { name: "moving average of 30".to_owned(), forecast: moving_average(series, 30)?.split_off(split - 30) },
            Baseline { name: "difference and past".to_owned(), forecast: changes.forecast(series, split)? },
            Baseline { name: "difference and smoothed past".to_owned(), forecast: changes.past_window(10).forecast(series, split)? },
        ])
    }

    /// The scores of all baselines, the naive one first.
    pub(super) fn baseline_scores(&self) -> Result<Vec<ForecastScore>> {
        self.baselines()?.iter().map(|baseline| self.score(&baseline.name, &baseline.forecast)).collect()
    }

    fn time(&self) -> Timeline<'_> {
        self.dates.as_deref().map_or(Timeline::steps(self.step), Timeline::dates)
    }

    /// A part of the series as it is.
    pub(super) fn part(&self, steps: std::ops::Range<usize>) -> OverTime<'_> {
        let trace = Trace { name: String::new(), start: steps.start, values: wide(&self.values[steps]) };
        self.over_time(vec![trace])
    }

    /// Any rows of values over the same time.
    pub(super) fn over_time(&self, traces: Vec<Trace>) -> OverTime<'_> {
        OverTime { time: self.time(), value: &self.value, traces, interval: None, limits: None, wide: true }
    }

    /// The truth from a step on, and forecasts over it.
    pub(super) fn overlay(&self, from: usize, to: usize, forecasts: &[(&str, usize, &[f32])]) -> OverTime<'_> {
        let mut traces = vec![Trace { name: "series".to_owned(), start: from, values: wide(&self.values[from..to]) }];
        for (name, start, values) in forecasts {
            traces.push(Trace { name: (*name).to_owned(), start: *start, values: wide(values) });
        }
        self.over_time(traces)
    }

    /// A forecast of the validation part over the truth, with the interval that `errors` of earlier forecasts promise, and a
    /// zoom into its first steps.
    pub(super) fn draw_forecast(
        &self,
        figures: &Figures<'_>,
        clock: &mut RunClock,
        (name, forecast): (&str, &[f32]),
        errors: &[f64],
    ) -> Result<Vec<Figure>> {
        let (split, end) = (self.split, self.values.len());
        let mut whole = self.overlay(split, end, &[(name, split, forecast)]);
        let mut caption = "The validation part, and for each step the forecast made from the steps before it.".to_owned();
        if let Ok(half) = conformal_width(errors, LEVEL) {
            let band = |value: &f32| (f64::from(*value) - half, f64::from(*value) + half);
            let interval = Interval {
                name: format!("{:.0} % of earlier errors", 100.0 * LEVEL),
                start: split,
                values: forecast.iter().map(band).collect(),
            };
            let inside =
                self.actual().iter().zip(&interval.values).filter(|(value, (low, high))| (*low..=*high).contains(&f64::from(**value)));
            let coverage = inside.count() as f64 / forecast.len() as f64;
            clock.metric("interval_coverage", coverage);
            caption.push_str(&format!(
                " The band holds {:.0} % of the errors made before the validation part; {:.1} % of the validation values lie in it.",
                100.0 * LEVEL,
                100.0 * coverage
            ));
            whole.interval = Some(interval);
        }
        let shown = 100.min(forecast.len());
        let mut zoom = self.overlay(split, split + shown, &[(name, split, &forecast[..shown])]);
        zoom.interval = whole.interval.clone().map(|interval| Interval { values: interval.values[..shown].to_vec(), ..interval });
        let residuals = self.actual().iter().zip(forecast).map(|(value, forecast)| f64::from(value - forecast)).collect();
        let missed = axis("Value − forecast", self.unit);
        let mut residuals = self.over_time(vec![Trace { name: String::new(), start: split, values: residuals }]);
        residuals.value = &missed;
        Ok(vec![
            figures.over_time("forecast", "Forecast over the validation part", &caption, &whole)?,
            figures.over_time("forecast-zoom", "Its first 100 steps", "The same, closer.", &zoom)?,
            figures.over_time("residuals", "What the forecast misses", "The series less the forecast, step by step.", &residuals)?,
        ])
    }
}

/// The name of an axis.
fn axis(quantity: &str, unit: &str) -> String {
    if unit.is_empty() { quantity.to_owned() } else { format!("{quantity} ({unit})") }
}

/// A forecast of the validation part that needs no network.
pub(super) struct Baseline {
    pub(super) name: String,
    pub(super) forecast: Vec<f32>,
}

/// Tells the forecasts from the best to the worst, and keeps them for the page.
pub(super) fn compare(run: &WeekRun<'_>, clock: &mut RunClock, forecasts: Vec<ForecastScore>) -> Result<()> {
    let naive = forecasts.first().map_or(f64::NAN, |naive| naive.mae);
    let mut ranked: Vec<&ForecastScore> = forecasts.iter().collect();
    ranked.sort_by(|a, b| a.mae.total_cmp(&b.mae));
    run.say(&format!("{:<34}{:>12}{:>12}  against naive", "forecast", "MAE", "MSE"))?;
    for score in ranked {
        run.say(&format!("{:<34}{:>12.4}{:>12.4}  {}", score.name, score.mae, score.mse, against(score.mae, naive)))?;
    }
    clock.results.forecasts = forecasts;
    Ok(())
}

/// The same values in the width that pictures are drawn in.
pub(super) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baselines_forecast_the_validation_part() {
        let subject = Subject::generate(&SeriesSpec::A).unwrap();
        let scores = subject.baseline_scores().unwrap();
        assert_eq!(scores[0].name, "naive");
        assert!((scores[0].mae - 5.937_907_7).abs() < 1e-4 && (scores[4].mae - 4.569_442).abs() < 1e-4);
        assert!(subject.baselines().unwrap().iter().all(|baseline| baseline.forecast.len() == 461));
    }
}
