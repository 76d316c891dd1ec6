//! Intervals hold as many values as they say, on series of each method's own form.

#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;

use practicum_timeseries::Interval;
use practicum_timeseries::forecast::{
    Autoregression, Drift, ExponentialSmoothing, Fitted, Forecaster, Mean, MovingAverage, Naive, SeasonalNaive,
};
use practicum_timeseries::numpy::RandomState;

const SERIES: u32 = 150;
const HORIZON: usize = 3;

/// The shares of values inside intervals of 80 and 95 %, over series that go on from `from` by its own rule.
fn coverage(from: &dyn Fitted, method: &dyn Forecaster, length: usize, interval: Interval) -> [f64; 2] {
    [0.8, 0.95].map(|level| {
        let mut inside = 0;
        for seed in 1..=SERIES {
            let series = from.path(&RandomState::new(seed).randn(length + HORIZON).unwrap()).unwrap();
            let (history, to_come) = series.split_at(length);
            let forecast = interval.forecast(method, history, HORIZON, level).unwrap();
            let holds = |step: &usize| (forecast.lower[*step]..=forecast.upper[*step]).contains(&to_come[*step]);
            inside += (0..HORIZON).filter(holds).count();
        }
        inside as f64 / (SERIES as usize * HORIZON) as f64
    })
}

fn check(name: &str, from: &dyn Fitted, method: &dyn Forecaster, lengths: &[usize]) {
    for length in lengths {
        for interval in [Interval::Normal, Interval::Bootstrap { paths: 400, seed: 1 }] {
            let [most, nearly_all] = coverage(from, method, *length, interval);
            let near = (most - 0.8).abs() <= 0.05 && (nearly_all - 0.95).abs() <= 0.05;
            assert!(near, "{name}, {length} values, {interval:?}: {most} and {nearly_all} instead of 0.8 and 0.95");
        }
    }
}

fn line() -> Vec<f64> {
    (0..24).map(|t| 50.0 + 0.5 * f64::from(t)).collect()
}

fn seasons(period: usize) -> Vec<f64> {
    (0..3 * period).map(|t| 100.0 + 0.3 * t as f64 + 15.0 * (TAU * t as f64 / period as f64).sin()).collect()
}

#[test]
fn t2_simple_methods_cover_what_they_promise() {
    let on_line = |method: &dyn Forecaster| method.fit(&line()).unwrap();
    check("naive", &*on_line(&Naive), &Naive, &[12, 150]);
    check("mean", &*Mean.fit(&[0.0; 5]).unwrap(), &Mean, &[8, 150]);
    check("drift", &*on_line(&Drift), &Drift, &[10, 150]);
    check("moving average", &*on_line(&MovingAverage::new(3)), &MovingAverage::new(3), &[12, 150]);
    check("seasonal naive", &*SeasonalNaive::new(12).fit(&seasons(12)).unwrap(), &SeasonalNaive::new(12), &[24, 150]);
    let simple = ExponentialSmoothing::simple();
    check("simple", &*on_line(&simple.alpha(0.4)), &simple, &[15, 150]);
    let mut memory = vec![10.0, 10.0];
    for noise in RandomState::new(5).randn(3000).unwrap() {
        memory.push(4.0 + 0.9 * memory[memory.len() - 1] - 0.3 * memory[memory.len() - 2] + noise);
    }
    check("autoregression", &*Autoregression::new(2).fit(&memory).unwrap(), &Autoregression::new(2), &[21, 150]);
}

#[test]
fn t2_trends_and_seasons_cover_what_they_promise() {
    let (holt, winters) = (ExponentialSmoothing::holt(), ExponentialSmoothing::holt_winters(4));
    let of = |method: ExponentialSmoothing, base: &[f64]| method.fit(base).unwrap();
    check("Holt", &*of(holt.alpha(0.5).beta(0.2), &line()), &holt, &[60]);
    check("Holt, damped", &*of(holt.damped().alpha(0.5).beta(0.3).phi(0.9), &line()), &holt.damped(), &[60]);
    check("Holt-Winters 4", &*of(winters.alpha(0.3).beta(0.1).gamma(0.2), &seasons(4)), &winters, &[20, 60]);
    // Two years of months, with weights that are known.
    let known = ExponentialSmoothing::holt_winters(12).alpha(0.3).beta(0.1).gamma(0.2);
    check("Holt-Winters 12", &*of(known, &seasons(12)), &known, &[24, 60]);
}
