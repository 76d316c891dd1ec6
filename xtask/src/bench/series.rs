//! Workloads of forecasts: 10,000 series of 500 steps each, fitted and forecast one by one on one thread.

use std::time::Instant;

use anyhow::Result;
use practicum_timeseries::forecast::{ExponentialSmoothing, Forecaster, Naive, SeasonalNaive};
use practicum_timeseries::numpy::RandomState;

use super::measure::{Bench, Case, OURS};

const SERIES: usize = 10_000;
const STEPS: usize = 500;
const PERIOD: usize = 12;
const HORIZON: usize = 12;

/// A trend, a season of twelve and noise: NumPy's `RandomState(1)`, so that peers can have the same.
fn all_series() -> Vec<Vec<f64>> {
    let plain = |t: usize| {
        let t = t as f64;
        50.0 + 0.05 * t + 10.0 * (std::f64::consts::TAU * t / PERIOD as f64).sin()
    };
    let plain: Vec<f64> = (0..STEPS).map(plain).collect();
    let mut random = RandomState::new(1);
    (0..SERIES).map(|_| plain.iter().map(|value| value + 2.0 * random.standard_normal()).collect()).collect()
}

/// Fits and forecasts `at_once` series a call, and goes on with the next ones.
fn forecasts(bench: &mut Bench, forecaster: &dyn Forecaster, at_once: usize) -> Result<()> {
    let series = all_series();
    let start = Instant::now();
    std::hint::black_box(forecaster.fit(&series[0])?.predict(HORIZON)?);
    let first = start.elapsed().as_secs_f64();
    let mut next = series.chunks(at_once).cycle();
    let call = Box::new(move || {
        for series in next.next().into_iter().flatten() {
            std::hint::black_box(forecaster.fit(series)?.predict(HORIZON)?);
        }
        Ok(())
    });
    bench.measure(vec![Case { measure: "fit and forecast, a series", by: OURS, steps: at_once, samples: 1, flops: 0.0, call }])?;
    bench.first(first);
    Ok(())
}

pub(super) fn naive(bench: &mut Bench) -> Result<()> {
    forecasts(bench, &Naive, SERIES)
}

pub(super) fn seasonal_naive(bench: &mut Bench) -> Result<()> {
    forecasts(bench, &SeasonalNaive::new(PERIOD), SERIES)
}

pub(super) fn simple(bench: &mut Bench) -> Result<()> {
    forecasts(bench, &ExponentialSmoothing::simple().alpha(0.3), 1000)
}

pub(super) fn simple_searched(bench: &mut Bench) -> Result<()> {
    forecasts(bench, &ExponentialSmoothing::simple(), 100)
}

pub(super) fn holt(bench: &mut Bench) -> Result<()> {
    forecasts(bench, &ExponentialSmoothing::holt(), 50)
}

pub(super) fn holt_winters(bench: &mut Bench) -> Result<()> {
    forecasts(bench, &ExponentialSmoothing::holt_winters(PERIOD), 10)
}
