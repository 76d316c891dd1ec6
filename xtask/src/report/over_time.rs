//! Pictures of series: values over time, correlations with the past, sweeps of the learning rate.

use anyhow::Result;
use practicum_core::plot::labels::scientific;
use practicum_core::plot::{Axis, Chart, Mark, Rule, Scale, Series};
use practicum_timeseries::plot::Timeline;

use super::figures::Figures;
use super::numbers::measured;
use crate::results::Figure;

/// Up to this many lags are drawn as stems.
const STEMS: usize = 150;

/// Values one step after the other.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) name: String,
    /// The step of the first.
    pub(crate) start: usize,
    pub(crate) values: Vec<f64>,
}

/// The part of the future that a value is expected in.
#[derive(Clone, Debug)]
pub(crate) struct Interval {
    pub(crate) name: String,
    pub(crate) start: usize,
    /// From and to.
    pub(crate) values: Vec<(f64, f64)>,
}

/// A picture of series over time.
#[derive(Clone, Debug)]
pub(crate) struct OverTime<'a> {
    /// When its steps are, with nothing on it yet.
    pub(crate) time: Timeline<'a>,
    /// The quantity and its unit.
    pub(crate) value: &'a str,
    pub(crate) traces: Vec<Trace>,
    pub(crate) interval: Option<Interval>,
    /// The smallest and largest value shown, where not all are.
    pub(crate) limits: Option<(f64, f64)>,
    pub(crate) wide: bool,
}

/// How a series resembles its own past.
#[derive(Clone, Debug)]
pub(crate) struct CorrelogramPicture<'a> {
    /// From lag 1 on.
    pub(crate) values: &'a [f64],
    /// Of the lags.
    pub(crate) unit: &'a str,
    /// What noise stays within in 95 and in 99 of 100 cases.
    pub(crate) bounds: (f64, f64),
    pub(crate) limits: (f64, f64),
}

/// The loss while the learning rate rises.
#[derive(Clone, Debug)]
pub(crate) struct Sweep<'a> {
    pub(crate) rates: &'a [f64],
    pub(crate) losses: &'a [f64],
    /// The axes as the course has them.
    pub(crate) rate_limits: (f64, f64),
    pub(crate) loss_limits: (f64, f64),
    /// The rate that the course goes on with.
    pub(crate) chosen: f64,
    /// The rate that the sweep itself suggests.
    pub(crate) suggested: Option<f64>,
}

impl Figures<'_> {
    /// One or more series over time, with the interval of a forecast drawn below them.
    pub(crate) fn over_time(&self, name: &str, title: &str, caption: &str, picture: &OverTime<'_>) -> Result<Figure> {
        let lines = picture.traces.iter();
        let lines = lines.fold(picture.time.clone(), |time, trace| time.line(&trace.name, trace.start, &trace.values));
        let all = picture.interval.iter().fold(lines, |time, interval| time.band(&interval.name, interval.start, interval.values.clone()));
        let chart = all.chart(Axis::new(picture.value, Scale::Linear).limits(picture.limits));
        self.chart(name, title, caption, picture.wide, &chart)
    }

    /// The correlations as stems, or as a line where they are many, with the bounds of noise.
    pub(crate) fn correlogram(&self, name: &str, title: &str, caption: &str, picture: &CorrelogramPicture<'_>) -> Result<Figure> {
        let points: Vec<(f64, f64)> = picture.values.iter().enumerate().map(|(index, value)| (index as f64 + 1.0, *value)).collect();
        let mark = if points.len() <= STEMS { Mark::Stems } else { Mark::Line };
        let lags = Axis::new(&format!("Lag ({})", picture.unit), Scale::Whole).limits((0.0, picture.values.len() as f64));
        let (common, rare) = picture.bounds;
        let chart = Chart::new(lags, Axis::new("Correlation", Scale::Linear).limits(picture.limits))
            .series(Series::new("", mark, points))
            .rule(Rule::level("95 % of noise", common))
            .rule(Rule::level("", -common))
            .rule(Rule::level("99 %", rare).dashed())
            .rule(Rule::level("", -rare).dashed())
            .key_on_top(true);
        self.chart(name, title, caption, false, &chart)
    }

    /// The loss over the learning rate, with the rates marked that the course and the sweep itself choose.
    pub(crate) fn sweep(&self, name: &str, title: &str, sweep: &Sweep<'_>) -> Result<Figure> {
        let points = sweep.rates.iter().copied().zip(sweep.losses.iter().copied()).collect();
        let lowest = sweep.rates.iter().zip(sweep.losses).filter(|(_, loss)| loss.is_finite()).min_by(|a, b| a.1.total_cmp(b.1));
        let mut caption = "The learning rate grows by the same factor after every epoch.".to_owned();
        if let Some((at, loss)) = lowest {
            caption.push_str(&format!(" The loss is lowest at {}: {}.", rate(*at), measured(*loss)));
        }
        if lowest.is_some_and(|(at, _)| sweep.rates.last() == Some(at)) {
            caption.push_str(" It still falls where the sweep ends, so the sweep suggests no rate.");
        }
        caption.push_str(&format!(" The course goes on with {}", rate(sweep.chosen)));
        if let Some(suggested) = sweep.suggested {
            caption.push_str(&format!("; the sweep itself suggests {}", rate(suggested)));
            let (low, high) = sweep.rate_limits;
            caption.push_str(if (low..=high).contains(&suggested) { "" } else { ", which this axis does not reach" });
        }
        caption.push('.');
        let rates = Axis::new("Learning rate", Scale::Log).limits(sweep.rate_limits);
        let chart = Chart::new(rates, Axis::new("Loss", Scale::Linear).limits(sweep.loss_limits))
            .series(Series::new("", Mark::Line, points))
            .rule(Rule::upright(&format!("chosen {}", rate(sweep.chosen)), sweep.chosen))
            .key_on_top(true);
        let suggested = sweep.suggested.map(|at| Rule::upright(&format!("suggested {}", rate(at)), at).dashed());
        let chart = suggested.into_iter().fold(chart, Chart::rule);
        self.chart(name, title, &caption, true, &chart)
    }

    /// A training's losses by name from an epoch on, which the whole curve shows too small.
    pub(crate) fn zoomed_curve(&self, name: &str, title: &str, from: usize, losses: &[(&str, &[f64])]) -> Result<Option<Figure>> {
        if losses.iter().all(|(_, values)| values.len() <= from + 1) {
            return Ok(None);
        }
        let points = |values: &[f64]| values.iter().enumerate().skip(from).map(|(index, value)| (index as f64 + 1.0, *value)).collect();
        let series = losses.iter().map(|(name, values)| Series::new(name, Mark::Line, points(values)));
        let chart = series.fold(Chart::new(Axis::new("Epoch", Scale::Whole), Axis::new("Loss", Scale::Linear)), Chart::series);
        let caption = format!("From epoch {} on, after the steep beginning.", from + 1);
        self.chart(name, title, &caption, false, &chart).map(Some)
    }
}

fn rate(value: f64) -> String {
    scientific(value, 1).replace(".0×", "×")
}
