//! Whatever it is given, the library answers or says why not.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

use practicum_timeseries::baseline::{Differencing, difference, moving_average, naive};
use practicum_timeseries::correlate::{autocorrelation, partial_autocorrelation};
use practicum_timeseries::decompose::{Decomposition, Model};
use practicum_timeseries::forecast::{
    Autoregression, Drift, ExponentialSmoothing, Fitted, Forecaster, Initial, Mean, MovingAverage, Naive, Neural, Pipeline, SeasonalNaive,
};
use practicum_timeseries::lr_finder::LrCurve;
use practicum_timeseries::metrics::{coverage, mae, mape, mase, mse, pinball, rmse, smape};
use practicum_timeseries::series::{CsvReader, Imputation};
use practicum_timeseries::split::{Partition, RollForward};
use practicum_timeseries::synth::{self, Pattern};
use practicum_timeseries::transform::{BoxCox, Differences, Scale};
use practicum_timeseries::window::{Windowing, forecast_windows, windowed_dataset};
use practicum_timeseries::{Backtest, Date, Interval, Series, SeriesBuilder, conformal_width};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![6 => -10.0..10.0_f64, 2 => Just(0.0), 1 => Just(1e300), 1 => Just(-1e-300), 1 => any::<f64>()]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![vec(value(), 0..40), vec(0.1..100.0_f64, 0..40), (value(), 0_usize..40).prop_map(|(value, count)| vec![value; count])]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0_usize..15, 1 => Just(usize::MAX), 1 => Just(usize::MAX / 2)]
}

/// Whether everything that can be asked for is returned in the length asked for, or refused.
fn answers(fitted: &dyn Fitted, horizon: usize) -> bool {
    let steps = fitted.history().len();
    let shorter = fitted.advance(&fitted.history()[..steps / 2]);
    fitted.predict(horizon).map_or(true, |forecast| forecast.len() == horizon)
        && fitted.one_step().map_or(true, |forecast| forecast.len() == steps)
        && shorter.and_then(|fitted| fitted.predict(1)).map_or(true, |forecast| forecast.len() == 1)
}

proptest! {
    #[test]
    fn forecasters_answer_or_say_why(history in values(), a in size(), b in size(), horizon in size()) {
        let smoothing = ExponentialSmoothing::holt_winters(a);
        let forecasters: [Box<dyn Forecaster>; 14] = [
            Box::new(Naive),
            Box::new(SeasonalNaive::new(a)),
            Box::new(Mean),
            Box::new(Drift),
            Box::new(MovingAverage::new(a)),
            Box::new(ExponentialSmoothing::simple()),
            Box::new(ExponentialSmoothing::holt().damped()),
            Box::new(smoothing),
            Box::new(smoothing.multiplicative()),
            Box::new(smoothing.initial(Initial::Heuristic)),
            Box::new(Autoregression::new(a)),
            Box::new(Autoregression::with_lags(&[a, b]).direct(b)),
            Box::new(Pipeline::new(Naive).difference(a).log().min_max()),
            Box::new(Pipeline::new(Drift).box_cox(0.3).difference(b).standard()),
        ];
        for forecaster in forecasters {
            if let Ok(fitted) = forecaster.fit(&history) {
                prop_assert!(answers(&*fitted, horizon), "{}", forecaster.name());
            }
            let horizon = horizon.min(20);
            for interval in [Interval::Normal, Interval::Bootstrap { paths: a.min(20), seed: 1 }, Interval::Conformal { windows: b }] {
                let _ = interval.forecast(&*forecaster, &history, horizon, 0.5);
            }
            let roll = RollForward::expanding(a).horizon(horizon).step(b);
            let _ = Backtest::new(roll).period(a).run(&*forecaster, &history);
        }
    }

    #[test]
    fn networks_answer_or_say_why(history in values(), window in size(), a in 0_usize..4, b in size(), direct in size(), horizon in 0_usize..15) {
        for network in [Neural::dense(&[a]), Neural::simple_rnn(&[a]), Neural::lstm(&[2, a]), Neural::conv1d_lstm(a, b, &[2])] {
            let network = network.window(window).epochs(1).batch_size(b);
            for network in [network.clone(), network.direct(direct)] {
                if let Ok(fitted) = network.fit(&history) {
                    prop_assert!(answers(&*fitted, horizon), "{}", network.name());
                }
            }
        }
    }

    #[test]
    fn columns_answer_or_say_why(columns in vec((value(), value(), value()), 1..40), window in 0_usize..9, direct in size(), horizon in size()) {
        let column = |part: fn(&(f64, f64, f64)) -> f64| columns.iter().map(part).collect::<Vec<f64>>();
        let series = Series::new(column(|row| row.0)).and_then(|series| series.with_column("a", column(|row| row.1)));
        let Ok(series) = series.and_then(|series| series.with_column("b", column(|row| row.2))) else { return Ok(()) };
        for network in [Neural::dense(&[2]), Neural::conv1d_lstm(2, 2, &[2])] {
            let network = network.window(window).epochs(1).direct(direct);
            if let Ok(fitted) = network.fit_columns(&series, "a") {
                prop_assert!(fitted.predict(horizon).map_or(true, |forecast| forecast.len() == horizon));
                prop_assert!(fitted.one_step().map_or(true, |forecast| forecast.len() == columns.len()));
                let _ = series.slice(0, columns.len() / 2).and_then(|series| fitted.advance(&series)).map(|fitted| fitted.predict(1));
            }
            let interval = Interval::Conformal { windows: direct.min(9) };
            let _ = interval.forecast_columns(&network, &series, "a", horizon, 0.5);
            let roll = RollForward::sliding(window).horizon(direct.min(9)).step(horizon);
            let _ = Backtest::new(roll).run_columns(&network, &series, "b");
        }
    }

    #[test]
    fn transformations_answer_or_say_why(series in values(), a in size()) {
        let _ = Differences::of(&series, a).map(|changes| changes.integrate(&series));
        let _ = BoxCox::guerrero(&series, a).and_then(|power| power.apply(&series));
        let _ = Scale::standard(&series).map(|scale| scale.apply(&series));
        let _ = Scale::min_max(&series).map(|scale| scale.invert(&series));
        let _ = autocorrelation(&series, a);
        let _ = partial_autocorrelation(&series, a);
        for model in [Model::Additive, Model::Multiplicative] {
            let _ = Decomposition::classical(&series, a, model);
        }
        for how in [Imputation::Linear, Imputation::Forward, Imputation::Seasonal(a)] {
            prop_assert!(how.fill(&series).map_or(true, |filled| filled.iter().all(|value| !value.is_nan())));
        }
        let _ = Series::new(series).map(|series| series.slice(a, a.saturating_add(3)));
    }

    #[test]
    fn built_series_answer_or_say_why(length in 0_usize..60, a in size(), b in size(), x in value(), y in value(), seed in any::<u64>()) {
        let other = SeriesBuilder::new(a).season(b, x).noise(y);
        let builders = [
            SeriesBuilder::new(length).trend(x).season(a, y).noise(x.abs()).memory(b, y),
            SeriesBuilder::new(length).baseline(x).pulse(a, b, y).shift(b, x).impulses(a.min(9), y),
            SeriesBuilder::new(length).profile(&vec![x; a.min(9)]).pattern(b, y, Pattern::P3).regime_change(a, other),
        ];
        for builder in builders {
            if let Ok(series) = builder.seed(seed).build() {
                prop_assert!(series.len() == length && series.values().is_ok());
            }
        }
        let time: Vec<f64> = synth::time(length).unwrap();
        let _ = synth::seasonality(&time, Pattern::P2, seed as u32, x, y);
        let _ = synth::autocorrelate(&time, &[(a, x), (b, y)]);
        let _ = synth::impulses(length, a.min(9), x, seed as u32);
        let _ = synth::regime_change(&time, &time, a);
    }

    #[test]
    fn windows_and_parts_answer_or_say_why(series in values(), a in size(), b in size(), c in size(), share in value()) {
        let narrow: Vec<f32> = series.iter().map(|value| *value as f32).collect();
        let options = Windowing::new(a).horizon(b).shift(c).stride(b).batch_size(c);
        for options in [options.clone(), options.clone().sequences(), options.target(b)] {
            let _ = windowed_dataset(narrow.clone(), &options).map(|batches| batches.iter().next());
            let _ = forecast_windows(narrow.clone(), &options).map(|batches| batches.iter().next());
        }
        let model = Differencing::new(a).window(b).past_window(c);
        for forecast in [naive(&series, a), moving_average(&series, b), difference(&series, c), model.forecast(&series, c)] {
            prop_assert!(forecast.map_or(true, |forecast| forecast.len() <= series.len()));
        }
        let _ = Partition::new(series.len(), a).and_then(|parts| parts.test(b));
        let _ = Partition::shares(series.len(), share, share);
        let _ = RollForward::sliding(a).horizon(b).step(c).folds(series.len());
        let _ = conformal_width(&series, share);
    }

    #[test]
    fn measures_answer_or_say_why(a in values(), b in values(), period in size(), share in value()) {
        let _ = [mse(&a, &b), rmse(&a, &b), mae(&a, &b), mape(&a, &b), smape(&a, &b), mase(&a, &a, &b, period)];
        let _ = (coverage(&a, &b, &a), pinball(&a, &b, share));
        let _ = LrCurve::new(a, b).map(|curve| curve.suggest());
    }

    #[test]
    fn texts_are_read_or_refused(text in "[-0-9a-zA-Z,;./: \n\"%äß]{0,60}", format in "[-%YmdbHMS/. ]{0,12}", comma in any::<bool>()) {
        let _ = Date::parse(&text, &format);
        let _ = text.parse::<Date>();
        for reader in [CsvReader::new(), CsvReader::new().header(false).column(0), CsvReader::new().delimiter(';').dates(0).column(1)] {
            let _ = reader.decimal_comma(comma).date_format(&format).parse(&text).map(|series| series.fill_gaps());
        }
    }

    #[test]
    fn dates_of_any_years_have_steps(days in vec(0_i64..3_600_000, 1..12)) {
        let start = Date::new(0, 1, 1).unwrap();
        let mut dates: Vec<Date> = days.iter().map(|day| start.add_seconds(day * 86_400).unwrap()).collect();
        dates.sort();
        let series = Series::new(vec![1.0; dates.len()]).unwrap().with_dates(dates);
        if let Ok(series) = series {
            let _ = (series.step(), series.next_dates(3), series.next_dates(usize::MAX));
            let filled = series.fill_gaps();
            prop_assert!(filled.map_or(true, |filled| filled.gaps().is_ok_and(|gaps| gaps.is_empty())));
        }
    }
}
