//! No forecast sees what comes after it.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

use practicum_timeseries::baseline::Differencing;
use practicum_timeseries::forecast::{
    Autoregression, Drift, ExponentialSmoothing, Forecaster, Initial, Mean, MovingAverage, Naive, Neural, Pipeline, SeasonalDifferencing,
    SeasonalNaive,
};
use practicum_timeseries::split::RollForward;
use practicum_timeseries::{Backtest, Interval, Series};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::test_runner::Config;

const LENGTH: usize = 60;
const TRAIN: usize = 30;

/// One of every kind.
fn forecasters() -> Vec<Box<dyn Forecaster>> {
    vec![
        Box::new(Naive),
        Box::new(SeasonalNaive::new(7)),
        Box::new(Mean),
        Box::new(Drift),
        Box::new(MovingAverage::new(5)),
        Box::new(SeasonalDifferencing::new(Differencing::new(7).window(9))),
        Box::new(SeasonalDifferencing::new(Differencing::new(7).window(3).past_window(14))),
        Box::new(ExponentialSmoothing::simple()),
        Box::new(ExponentialSmoothing::simple().alpha(0.4)),
        Box::new(ExponentialSmoothing::holt()),
        Box::new(ExponentialSmoothing::holt().damped()),
        Box::new(ExponentialSmoothing::holt_winters(7)),
        Box::new(ExponentialSmoothing::holt_winters(7).multiplicative().initial(Initial::Heuristic)),
        Box::new(Autoregression::new(3)),
        Box::new(Autoregression::with_lags(&[1, 7]).direct(3)),
        Box::new(Neural::dense(&[3]).window(5).epochs(1)),
        Box::new(Neural::simple_rnn(&[2]).window(5).epochs(1)),
        Box::new(Neural::lstm(&[2]).window(5).epochs(1).direct(3)),
        Box::new(Neural::conv1d_lstm(2, 3, &[2, 2]).window(5).epochs(1)),
        Box::new(Pipeline::new(Naive).log().difference(1)),
        Box::new(Pipeline::new(MovingAverage::new(3)).box_cox(0.5).difference(7).standard()),
        Box::new(Pipeline::new(ExponentialSmoothing::holt()).min_max().difference(1)),
    ]
}

/// A series, and the same with another future from a step on.
fn two_futures() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, usize)> {
    (vec(1.0..100.0_f64, LENGTH), vec(1.0..100.0_f64, LENGTH), TRAIN..LENGTH).prop_map(|(series, other, change)| {
        let changed = [&series[..change], &other[change..]].concat();
        (series, changed, change)
    })
}

/// A series of two columns.
fn columns(target: &[f64], other: &[f64]) -> Series {
    Series::new(target.to_vec()).unwrap().named("target").with_column("other", other.to_vec()).unwrap()
}

/// Networks that read several columns.
fn networks() -> [Neural; 4] {
    let networks = [Neural::dense(&[3]), Neural::simple_rnn(&[2]), Neural::lstm(&[2]), Neural::conv1d_lstm(2, 3, &[2])];
    networks.map(|network| network.window(5).epochs(1).direct(3))
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(Config::with_cases(40))]

    #[test]
    fn one_step_forecasts_know_the_past_alone((series, changed, change) in two_futures()) {
        for forecaster in forecasters() {
            let fitted = forecaster.fit(&series[..TRAIN]).unwrap();
            let before = fitted.advance(&series).unwrap().one_step().unwrap();
            let after = fitted.advance(&changed).unwrap().one_step().unwrap();
            prop_assert_eq!(before.len(), LENGTH);
            prop_assert_eq!(bits(&before[..=change]), bits(&after[..=change]), "{}", forecaster.name());
        }
    }

    #[test]
    fn back_tests_know_the_past_alone((series, changed, change) in two_futures(), once in any::<bool>(), sliding in any::<bool>()) {
        let roll = if sliding { RollForward::sliding(TRAIN) } else { RollForward::expanding(TRAIN) };
        let backtest = Backtest::new(roll.horizon(3).step(2));
        let backtest = if once { backtest.fit_once() } else { backtest };
        for forecaster in forecasters() {
            let (before, after) = (backtest.run(&*forecaster, &series).unwrap(), backtest.run(&*forecaster, &changed).unwrap());
            for (before, after) in before.folds.iter().zip(&after.folds).filter(|(trial, _)| trial.fold.train.end <= change) {
                prop_assert_eq!(bits(&before.forecast), bits(&after.forecast), "{}", forecaster.name());
            }
        }
    }

    #[test]
    fn intervals_know_the_past_alone((series, changed, change) in two_futures()) {
        for interval in [Interval::Normal, Interval::Bootstrap { paths: 20, seed: 1 }, Interval::Conformal { windows: 4 }] {
            let backtest = Backtest::new(RollForward::expanding(TRAIN).horizon(2).step(5)).interval(interval, 0.5);
            for forecaster in [&SeasonalNaive::new(7) as &dyn Forecaster, &Pipeline::new(Drift).log()] {
                let (before, after) = (backtest.run(forecaster, &series).unwrap(), backtest.run(forecaster, &changed).unwrap());
                for (before, after) in before.folds.iter().zip(&after.folds).filter(|(trial, _)| trial.fold.train.end <= change) {
                    prop_assert_eq!(&before.interval, &after.interval, "{}", forecaster.name());
                }
            }
        }
    }

    #[test]
    fn several_columns_tell_of_their_past_alone(first in two_futures(), second in two_futures(), once in any::<bool>()) {
        let change = first.2.min(second.2);
        let (series, changed) = (columns(&first.0, &second.0), columns(&first.1, &second.1));
        let backtest = Backtest::new(RollForward::expanding(TRAIN).horizon(3).step(2));
        let backtest = if once { backtest.fit_once() } else { backtest.interval(Interval::Conformal { windows: 4 }, 0.5) };
        for network in networks() {
            let fitted = network.fit_columns(&series.slice(0, TRAIN).unwrap(), "target").unwrap();
            let one_step = |series: &Series| fitted.advance(series).unwrap().one_step().unwrap();
            let (before, after) = (one_step(&series), one_step(&changed));
            prop_assert_eq!(before.len(), LENGTH);
            prop_assert_eq!(bits(&before[..=change]), bits(&after[..=change]), "{}", network.name());
            let run = |series: &Series| backtest.run_columns(&network, series, "target").unwrap();
            let (before, after) = (run(&series), run(&changed));
            for (before, after) in before.folds.iter().zip(&after.folds).filter(|(trial, _)| trial.fold.train.end <= change) {
                prop_assert_eq!(bits(&before.forecast), bits(&after.forecast), "{}", network.name());
                prop_assert_eq!(&before.interval, &after.interval, "{}", network.name());
            }
        }
    }
}
