//! Pictures of series: values over time, correlations with the past, sweeps of the learning rate.

use anyhow::Result;
use practicum_timeseries::Date;

use super::axis::{Axis, Scale};
use super::chart::Chart;
use super::figures::{Figures, capital, words};
use super::marks::{Band, Mark, Rule, Series};
use super::numbers::{measured, scientific};
use crate::results::Figure;

/// Up to this many lags are drawn as stems.
const STEMS: usize = 150;

/// When the steps of a series are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time<'a> {
    /// What a step is: `day`.
    pub(crate) unit: &'a str,
    /// The dates of the steps, where they have any.
    pub(crate) dates: Option<&'a [Date]>,
}

impl Time<'_> {
    fn axis(&self, limits: Option<(f64, f64)>) -> Axis {
        match self.dates {
            Some(_) => Axis { limits, ..Axis::new("Time (date)", Scale::Dates) },
            None => Axis { limits, ..Axis::new(&format!("Time ({})", self.unit), Scale::Linear) },
        }
    }

    fn at(&self, step: usize) -> f64 {
        match self.dates {
            Some(dates) => dates.get(step).map_or(f64::NAN, |date| date.seconds() as f64 / 86_400.0),
            None => step as f64,
        }
    }
}

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
    pub(crate) time: Time<'a>,
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
        let time = picture.time;
        let series = picture.traces.iter().map(|trace| {
            let points = trace.values.iter().enumerate().map(|(index, value)| (time.at(trace.start + index), *value));
            Series::new(&trace.name, Mark::Line, points.collect())
        });
        let bands = picture.interval.iter().map(|interval| {
            let points = interval.values.iter().enumerate();
            let points = points.map(|(index, (low, high))| (time.at(interval.start + index), *low, *high));
            Band { name: interval.name.clone(), points: points.collect() }
        });
        let ends = |trace: &Trace| [time.at(trace.start), time.at(trace.start + trace.values.len().saturating_sub(1))];
        let all =
            picture.traces.iter().flat_map(ends).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
        let chart = Chart {
            series: series.collect(),
            bands: bands.collect(),
            key_on_top: true,
            ..Chart::new(time.axis(Some(all)), Axis { limits: picture.limits, ..Axis::new(picture.value, Scale::Linear) })
        };
        self.chart(name, title, caption, picture.wide, &chart)
    }

    /// The correlations as stems, or as a line where they are many, with the bounds of noise.
    pub(crate) fn correlogram(&self, name: &str, title: &str, caption: &str, picture: &CorrelogramPicture<'_>) -> Result<Figure> {
        let points: Vec<(f64, f64)> = picture.values.iter().enumerate().map(|(index, value)| (index as f64 + 1.0, *value)).collect();
        let mark = if points.len() <= STEMS { Mark::Stems } else { Mark::Line };
        let both = |bound: f64, name: &str, dashed| {
            [(bound, name), (-bound, "")].map(|(at, name)| Rule { at, name: name.to_owned(), dashed, upright: false })
        };
        let rules = both(picture.bounds.0, "95 % of noise", false).into_iter().chain(both(picture.bounds.1, "99 %", true));
        let lags = Axis { limits: Some((0.0, picture.values.len() as f64)), ..Axis::new("Lag (steps)", Scale::Whole) };
        let chart = Chart {
            series: vec![Series::new("", mark, points)],
            rules: rules.collect(),
            key_on_top: true,
            ..Chart::new(lags, Axis { limits: Some(picture.limits), ..Axis::new("Correlation", Scale::Linear) })
        };
        self.chart(name, title, caption, false, &chart)
    }

    /// The loss over the learning rate, with the rates marked that the course and the sweep itself choose.
    pub(crate) fn sweep(&self, name: &str, title: &str, sweep: &Sweep<'_>) -> Result<Figure> {
        let points = sweep.rates.iter().copied().zip(sweep.losses.iter().copied()).collect();
        let rule = |at: f64, name: String, dashed| Rule { at, name, dashed, upright: true };
        let mut rules = vec![rule(sweep.chosen, format!("chosen {}", rate(sweep.chosen)), false)];
        rules.extend(sweep.suggested.map(|at| rule(at, format!("suggested {}", rate(at)), true)));
        let lowest = sweep.rates.iter().zip(sweep.losses).filter(|(_, loss)| loss.is_finite()).min_by(|a, b| a.1.total_cmp(b.1));
        let mut caption = "The learning rate grows by the same factor after every epoch.".to_owned();
        if let Some((at, loss)) = lowest {
            caption.push_str(&format!(" The loss is lowest at {}: {}.", rate(*at), measured(*loss)));
        }
        caption.push_str(&format!(" The course goes on with {}", rate(sweep.chosen)));
        if let Some(suggested) = sweep.suggested {
            caption.push_str(&format!("; the sweep itself suggests {}", rate(suggested)));
            let (low, high) = sweep.rate_limits;
            caption.push_str(if (low..=high).contains(&suggested) { "" } else { ", which this axis does not reach" });
        }
        caption.push('.');
        let chart = Chart {
            series: vec![Series::new("", Mark::Line, points)],
            rules,
            ..Chart::new(
                Axis { limits: Some(sweep.rate_limits), ..Axis::new("Learning rate", Scale::Log) },
                Axis { limits: Some(sweep.loss_limits), ..Axis::new("Loss", Scale::Linear) },
            )
        };
        self.chart(name, title, &caption, true, &chart)
    }

    /// A training's logs from an epoch on, which the whole curve shows too small.
    pub(crate) fn zoomed_curve(&self, name: &str, title: &str, from: usize, logs: &[(&str, &[f64])]) -> Result<Option<Figure>> {
        if logs.iter().all(|(_, values)| values.len() <= from + 1) {
            return Ok(None);
        }
        let points = |values: &[f64]| values.iter().enumerate().skip(from).map(|(index, value)| (index as f64 + 1.0, *value)).collect();
        let series = logs.iter().map(|(name, values)| Series::new(&words(name), Mark::Line, points(values)));
        let y: Vec<String> = logs.iter().filter(|(name, _)| !name.starts_with("val_")).map(|(name, _)| words(name)).collect();
        let (x, y) = (Axis::new("Epoch", Scale::Whole), Axis::new(&capital(&y.join(" and ")), Scale::Linear));
        let chart = Chart { series: series.collect(), ..Chart::new(x, y) };
        let caption = format!("From epoch {} on, after the steep beginning.", from + 1);
        self.chart(name, title, &caption, false, &chart).map(Some)
    }
}

fn rate(value: f64) -> String {
    scientific(value, 1).replace(".0×", "×")
}
