//! The course's published numbers.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

use practicum_timeseries::baseline::{Differencing, difference, moving_average, naive};
use practicum_timeseries::metrics::{mae, mse};
use practicum_timeseries::synth::{
    Pattern, SeriesSpec, autocorrelate, autocorrelation_ar1, autocorrelation_two_lags, impulses, seasonality, time, trend,
};

/// First five values, the last one and the mean, as NumPy prints them.
#[test]
fn named_series() {
    let expected: [(&str, [f32; 5], f32, f64); 4] = [
        ("A", [52.48357, 49.35275, 53.314735, 57.711823, 48.934444], 122.30772, 53.954445),
        ("B", [50.993427, 49.660896, 51.025326, 52.424427, 48.415695], 64.32309, 23.737581),
        ("C", [49.12849, 50.28806, 53.549213, 45.45324, 49.469402], 66.11884, 24.78276),
        ("D", [32.48357, 29.395714, 33.40659, 37.858486, 29.14184], 160.70773, 79.53979),
    ];
    for (name, first, last, mean) in expected {
        let spec: SeriesSpec = name.parse().unwrap();
        let series = spec.generate().unwrap();
        assert_eq!(series.len(), spec.length);
        assert_eq!(series[..5], first, "{name}");
        assert_eq!(series.last(), Some(&last), "{name}");
        let found = series.iter().copied().map(f64::from).sum::<f64>() / series.len() as f64;
        assert!((found - mean).abs() <= 1e-6 * mean, "{name}: mean {found}");
    }
}

/// Whole-number time makes an f64 series.
#[test]
fn wide_series() {
    let time: Vec<f64> = time(1461).unwrap();
    let season = seasonality(&time, Pattern::P1, 365, 40.0, 0.0).unwrap();
    let series: Vec<f64> = trend(&time, 0.05).into_iter().zip(season).map(|(trend, season)| 10.0 + trend + season).collect();
    for (step, expected) in [(0, 50.0), (145, -14.70117492), (146, 29.34776848), (147, 29.29915155), (1460, 123.0)] {
        assert!((series[step] - expected).abs() <= 5e-9, "step {step}: {}", series[step]);
    }
}

fn printed(values: &[f64]) -> String {
    format!("{values:.6?}")
}

fn range(values: &[f64]) -> String {
    let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| (least.min(value), most.max(value)));
    format!("{least:.2} {most:.2}")
}

#[test]
fn autocorrelations() {
    let one = autocorrelation_ar1(1461, 10.0, 42).unwrap();
    assert_eq!(one.len(), 1461);
    assert_eq!(printed(&one[..5]), "[2.591070, 8.549742, 22.070092, 15.314540, 9.910262]");
    assert_eq!(range(&one), "-49.92 46.48");

    let two = autocorrelation_two_lags(1461, 10.0, 42).unwrap();
    assert_eq!(two.len(), 1461);
    assert_eq!(printed(&two[..3]), "[403.240840, 396.149177, 393.230780]");
    assert_eq!(printed(&two[1460..]), "[-9.094740]");
    assert_eq!(range(&two), "-32.92 469.36");
}

#[test]
fn impulses_and_their_echoes() {
    let peaks = impulses(1461, 10, 1.0, 42).unwrap();
    let found: Vec<(usize, String)> =
        peaks.iter().enumerate().filter(|(_, height)| **height != 0.0).map(|(step, height)| (step, format!("{height:.6}"))).collect();
    let expected = [
        (121, "0.212339"),
        (466, "0.181825"),
        (860, "0.601115"),
        (1044, "0.832443"),
        (1095, "0.969910"),
        (1126, "0.058084"),
        (1130, "0.020584"),
        (1238, "0.183405"),
        (1294, "0.708073"),
        (1459, "0.866176"),
    ];
    assert_eq!(found, expected.map(|(step, height)| (step, height.to_owned())));

    for (lags, height) in [(vec![(1, 0.99)], "1.525499"), (vec![(1, 0.7), (50, 0.2)], "1.203486")] {
        let echoes = autocorrelate(&peaks, &lags).unwrap();
        let highest = echoes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        assert_eq!((highest.0, format!("{:.6}", highest.1).as_str()), (1095, height));
    }
    // The first value is never fed back.
    assert_eq!(autocorrelate(&[1.0, 1.0, 1.0], &[(1, 0.5)]).unwrap(), [1.0, 1.0, 1.5]);
}

/// MSE and MAE of naive, moving average of 30, differencing + past, differencing + smoothed past.
#[test]
fn baselines() {
    let expected = [
        (SeriesSpec::A, [(61.827534, 5.9379077), (106.674576, 7.1424193), (52.973656, 5.8393106), (33.45226, 4.569442)]),
        (SeriesSpec::B, [(19.578304, 2.6011968), (65.786224, 4.3040023), (8.498155, 2.327179), (12.527958, 2.2034433)]),
        (SeriesSpec::C, [(26.571873, 3.7013013), (48.8136, 4.0709515), (18.089083, 3.39607), (16.729868, 2.9208415)]),
        (SeriesSpec::D, [(54.501747, 5.7997317), (46.609188, 5.224395), (52.97366, 5.839311), (29.032831, 4.329321)]),
    ];
    for (spec, errors) in expected {
        let series = spec.generate().unwrap();
        let actual = &series[spec.split..];
        let differencing = Differencing::new(365);
        let forecasts = [
            naive(&series, spec.split).unwrap(),
            moving_average(&series, 30).unwrap()[spec.split - 30..].to_vec(),
            differencing.forecast(&series, spec.split).unwrap(),
            differencing.past_window(10).forecast(&series, spec.split).unwrap(),
        ];
        for (index, (forecast, (squared, absolute))) in forecasts.iter().zip(errors).enumerate() {
            let found = (mse(actual, forecast).unwrap(), mae(actual, forecast).unwrap());
            let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-4 * expected;
            assert!(near(found.0, squared) && near(found.1, absolute), "{spec:?}, forecast {index}: {found:?} is not {squared} {absolute}");
        }
    }
}

#[test]
fn lengths_of_the_exercise() {
    let series = SeriesSpec::B.generate().unwrap();
    assert_eq!(series.len() - SeriesSpec::B.split, 361);
    assert_eq!(moving_average(&series, 30).unwrap().len(), 1431);
    let changes = difference(&series, 365).unwrap();
    assert_eq!(changes.len(), 1096);
    assert_eq!(moving_average(&changes, 50).unwrap().len(), 1046);
}
