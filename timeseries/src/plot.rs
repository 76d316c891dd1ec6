//! Charts of forecasts and of series over time (feature `plot`).
//!
//! ```
//! use practicum_timeseries::forecast::ExponentialSmoothing;
//! use practicum_timeseries::{Interval, SeriesBuilder};
//!
//! # let folder = std::env::temp_dir().join(format!("practicum-plot-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let series = SeriesBuilder::new(200).baseline(20.0).season(12, 5.0).noise(1.0).build()?;
//! let smoothing = ExponentialSmoothing::holt_winters(12);
//! let forecast = Interval::Normal.forecast(&smoothing, series.values()?, 24, 0.95)?;
//!
//! // The last 72 values, the 24 that follow, and between which numbers they will lie.
//! let chart = forecast.chart(&series, "value", 72)?;
//! chart.save(folder.join("forecast.svg"))?;
//! assert!(chart.to_svg()?.contains("95 of 100 values"));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Forecast::chart`](crate::Forecast::chart) draws a forecast, a [`Timeline`] anything else that has steps or dates. What can
//! be done with a [`Chart`] is told in [`practicum_core::plot`].

use practicum_core::Result;
use practicum_core::plot::{Axis, Band, Chart, Mark, Scale, Series as Line};

use crate::{Date, Forecast, Series};

/// Lines and bands over the steps or the dates of a series.
///
/// ```
/// use practicum_core::plot::{Axis, Scale};
/// use practicum_timeseries::baseline::naive;
/// use practicum_timeseries::plot::Timeline;
///
/// let sold = [5.0, 6.0, 8.0, 7.0, 9.0, 8.0];
/// let chart = Timeline::steps("day")
///     .line("sold", 0, &sold)
///     .line("naive", 3, &naive(&sold, 3)?)
///     .chart(Axis::new("Sold (pieces)", Scale::Linear));
/// assert!(chart.to_svg()?.contains("Time (day)"));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline<'a> {
    unit: &'a str,
    dates: Option<&'a [Date]>,
    lines: Vec<Line>,
    bands: Vec<Band>,
    /// From where to where the lines go.
    ends: Option<(f64, f64)>,
}

impl<'a> Timeline<'a> {
    /// Over the numbers of the steps, the first of which is 0; `unit` is what a step is, such as `day`.
    pub fn steps(unit: &'a str) -> Self {
        Self { unit, dates: None, lines: Vec::new(), bands: Vec::new(), ends: None }
    }

    /// Over the dates of the steps. A step after the last of them is not drawn.
    pub fn dates(dates: &'a [Date]) -> Self {
        Self { dates: Some(dates), ..Self::steps("date") }
    }

    /// Adds a line through values, the first of which is at the step `start`. A value that is not finite is a gap.
    #[must_use]
    pub fn line(mut self, name: &str, start: usize, values: &[f64]) -> Self {
        let points: Vec<(f64, f64)> =
            values.iter().enumerate().map(|(index, value)| (self.at(start.saturating_add(index)), *value)).collect();
        let times = points.iter().map(|point| point.0).filter(|time| time.is_finite());
        self.ends = times.fold(self.ends, |ends, time| Some(ends.map_or((time, time), |(low, high)| (low.min(time), high.max(time)))));
        self.lines.push(Line::new(name, Mark::Line, points));
        self
    }

    /// Adds the area between two values of each step from `start` on, below the lines.
    #[must_use]
    pub fn band(mut self, name: &str, start: usize, values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = values.into_iter().enumerate().map(|(index, (from, to))| (self.at(start.saturating_add(index)), from, to));
        let points = points.collect();
        self.bands.push(Band::new(name, points));
        self
    }

    /// The chart over the time that the lines span, with the axis of the values; it is wide, with names above it.
    pub fn chart(self, y: Axis) -> Chart {
        let scale = if self.dates.is_some() { Scale::Dates } else { Scale::Whole };
        let x = Axis::new(&format!("Time ({})", self.unit), scale).limits(self.ends);
        let chart = self.lines.into_iter().fold(Chart::new(x, y).wide(true).key_on_top(true), Chart::series);
        self.bands.into_iter().fold(chart, Chart::band)
    }

    fn at(&self, step: usize) -> f64 {
        match self.dates {
            Some(dates) => dates.get(step).map_or(f64::NAN, |date| date.seconds() as f64 / 86_400.0),
            None => step as f64,
        }
    }
}

impl Forecast {
    /// A chart of the last values of the column that was forecast, the forecast, and its interval as a band that is named with
    /// its level; with the feature `plot`.
    ///
    /// `series` ends where the forecast begins; `shown` is how many of its values are drawn, all where it has fewer. The time is
    /// in dates where the series has them, else in steps. [The module](crate::plot) has an example.
    ///
    /// # Errors
    /// No column of this name, a missing value in it, and dates that [cannot be continued](Series::next_dates).
    pub fn chart(&self, series: &Series, column: &str, shown: usize) -> Result<Chart> {
        let values = series.complete(column)?;
        let ahead = series.dates().map(|_| series.next_dates(self.mean.len())).transpose()?;
        let dates = series.dates().zip(ahead).map(|(before, ahead)| [before, &ahead].concat());
        let (from, count) = (values.len().saturating_sub(shown), values.len());
        let mut timeline = dates.as_deref().map_or(Timeline::steps("steps"), Timeline::dates);
        if from < count {
            timeline = timeline.line("history", from, &values[from..]);
        }
        let level = self.level_percent();
        let interval = self.lower.iter().copied().zip(self.upper.iter().copied());
        let timeline = timeline.line("forecast", count, &self.mean).band(&format!("{level} of 100 values"), count, interval);
        Ok(timeline.chart(Axis::new(column, Scale::Linear)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interval;
    use crate::forecast::Drift;

    const SOLD: [f64; 8] = [5.0, 6.0, 8.0, 7.0, 9.0, 8.0, 10.0, 9.0];

    fn texts(chart: &Chart) -> Vec<String> {
        chart.to_svg().unwrap().lines().filter(|line| !line.starts_with('<')).map(str::to_owned).collect()
    }

    #[test]
    fn u5_a_forecast_is_drawn_with_its_history_and_its_interval() {
        let series = Series::new(SOLD.to_vec()).unwrap().named("sold");
        let forecast = Interval::Normal.forecast(&Drift, &SOLD, 3, 0.55).unwrap();
        let chart = forecast.chart(&series, "sold", 4).unwrap();
        let expected = Timeline::steps("steps").line("history", 4, &SOLD[4..]).line("forecast", 8, &forecast.mean).band(
            "55 of 100 values",
            8,
            [0, 1, 2].map(|step| (forecast.lower[step], forecast.upper[step])),
        );
        assert_eq!(chart, expected.chart(Axis::new("sold", Scale::Linear)));
        let texts = texts(&chart);
        for text in ["history", "forecast", "55 of 100 values", "sold", "Time (steps)", "4", "10"] {
            assert!(texts.iter().any(|found| found == text), "{text} in {texts:?}");
        }
        assert!(chart.to_svg().unwrap().contains("<polygon"));
        assert_eq!(forecast.chart(&series, "sold", usize::MAX).unwrap(), forecast.chart(&series, "sold", 8).unwrap());
        assert!(forecast.chart(&series, "sold", 0).unwrap().to_svg().is_ok_and(|svg| !svg.contains("history")));
        let percent = |level| Forecast { level, ..forecast.clone() }.level_percent();
        assert_eq!([0.29, 0.55, 0.999].map(percent), [29.0, 55.0, 99.9]);
        let error = forecast.chart(&series, "solt", 4).unwrap_err().to_string();
        assert!(error.contains("unknown column `solt`: known are sold"), "{error}");
    }

    #[test]
    fn the_dates_of_a_series_go_on_into_the_forecast() {
        let months = (1..=8).map(|month| Date::new(2024, month, 1).unwrap()).collect();
        let series = Series::new(SOLD.to_vec()).unwrap().with_dates(months).unwrap();
        let forecast = Interval::Normal.forecast(&Drift, &SOLD, 4, 0.9).unwrap();
        let texts = texts(&forecast.chart(&series, "value", 8).unwrap());
        for text in ["Time (date)", "2024-01", "2024-11"] {
            assert!(texts.iter().any(|found| found == text), "{text} in {texts:?}");
        }
    }

    #[test]
    fn values_that_are_not_finite_and_steps_without_dates_are_left_out() {
        let dates = [Date::new(2024, 1, 1).unwrap()];
        for timeline in [Timeline::steps("step"), Timeline::dates(&dates), Timeline::dates(&[])] {
            for value in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN] {
                let chart = timeline.clone().line("line", 0, &[1.0, value]).band("band", 1, [(value, 1.0), (1.0, -value)]);
                let svg = chart.chart(Axis::new("", Scale::Linear)).to_svg().unwrap();
                assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"), "{svg}");
            }
            assert!(timeline.chart(Axis::new("", Scale::Linear)).to_svg().is_ok());
        }
        let forecast = Forecast { mean: vec![f64::NAN; 2], lower: Vec::new(), upper: vec![1.0; 9], level: f64::NAN };
        assert!(forecast.chart(&Series::new(SOLD.to_vec()).unwrap(), "value", 4).unwrap().to_svg().is_ok());
    }
}
