use std::f64::consts::TAU;

use super::*;

/// 72 steps with a trend, a season of 12 and some noise.
fn series(multiplicative: bool) -> Vec<f64> {
    let at = |t: i32| {
        let (level, wave) = (50.0 + 0.8 * f64::from(t), (TAU * f64::from(t) / 12.0).sin());
        let noise = f64::from((t * t * 7 + t * 3) % 23 - 11) * 0.6;
        if multiplicative { level * (1.0 + 0.3 * wave) + noise } else { level + 10.0 * wave + noise }
    };
    (0..72).map(at).collect()
}

fn near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * b.abs();
    assert!(found.iter().zip(expected).all(close), "{found:?} is not {expected:?}");
}

fn squares(fitted: &dyn Fitted) -> f64 {
    fitted.residuals().unwrap().iter().map(|error| error * error).sum()
}

/// Computed by statsmodels 0.15 from known states and weights.
#[test]
fn the_recursions_are_those_of_statsmodels() {
    let weights = Weights { alpha: 0.3, beta: 0.1, gamma: 0.2, phi: 1.0 };
    let state = |season| State { level: 50.0, trend: 0.8, seasons: vec![season; 12], place: 0 };
    let adds = Smoothed::new(&ExponentialSmoothing::holt_winters(12), weights, state(0.0), series(false));
    near(&[squares(&adds)], &[2_930.143_948_569_651], 1e-10);
    near(&adds.predict(3).unwrap(), &[106.670_806_958_485_31, 110.613_438_450_026_44, 112.448_306_757_522_23], 1e-10);

    let options = ExponentialSmoothing::holt_winters(12).multiplicative().damped();
    let multiplies = Smoothed::new(&options, Weights { phi: 0.9, ..weights }, state(1.0), series(true));
    near(&[squares(&multiplies)], &[10_473.921_528_359_72], 1e-10);
    near(&multiplies.predict(3).unwrap(), &[104.938_190_917_532_95, 115.443_124_458_295_26, 119.527_941_450_388_62], 1e-10);
}

/// Computed by statsforecast 2.1.
#[test]
fn simple_smoothing_is_that_of_statsforecast() {
    let history = series(false);
    near(&ExponentialSmoothing::simple().alpha(0.3).fit(&history).unwrap().predict(1).unwrap(), &[98.309_921_077_450_26], 1e-12);
    let searched = ExponentialSmoothing::simple().fit(&history).unwrap();
    near(&searched.predict(1).unwrap(), &[101.711_325_11], 1e-6);
    assert!(squares(&*searched) <= 2_883.640_995_851_99 * (1.0 + 1e-9));
}

/// The sums of squares that statsforecast 2.1 and statsmodels 0.15 reach, the lower of the two.
#[test]
fn the_search_finds_as_good_a_fit() {
    for (forecaster, multiplicative, best) in [
        (ExponentialSmoothing::holt(), false, 2_833.510_9),
        (ExponentialSmoothing::holt().damped(), false, 2_831.180_3),
        (ExponentialSmoothing::holt_winters(12), false, 818.219_6),
        (ExponentialSmoothing::holt_winters(12).damped(), false, 1_147.138_4),
        (ExponentialSmoothing::holt_winters(12).multiplicative(), true, 824.741_4),
    ] {
        let fitted = forecaster.fit(&series(multiplicative)).unwrap();
        let found = squares(&*fitted);
        assert!(found <= best * (1.0 + 1e-3), "{}: {found} instead of {best}", forecaster.name());
        assert!(fitted.predict(24).unwrap().iter().all(|value| (40.0..200.0).contains(value)));
    }
}

/// The sums of squares that statsforecast 2.1 reaches on a longer series.
#[test]
fn the_search_finds_as_good_a_fit_on_noise() {
    let noise = crate::numpy::RandomState::new(1).randn(500).unwrap();
    let value = |(t, noise): (usize, &f64)| 50.0 + 0.05 * t as f64 + 10.0 * (TAU * t as f64 / 12.0).sin() + 2.0 * noise;
    let history: Vec<f64> = noise.iter().enumerate().map(value).collect();
    for (forecaster, best) in [
        (ExponentialSmoothing::simple(), 10_829.475_494_1),
        (ExponentialSmoothing::holt(), 10_751.661_797_5),
        (ExponentialSmoothing::holt_winters(12), 1_960.526_480_0),
    ] {
        let found = squares(&*forecaster.fit(&history).unwrap());
        assert!(found <= best * (1.0 + 1e-6), "{}: {found} instead of {best}", forecaster.name());
    }
}

#[test]
fn simple_smoothing_ends_where_its_recursion_does() {
    let history = series(false);
    let fitted = ExponentialSmoothing::simple().alpha(0.37).fit(&history).unwrap();
    assert_eq!(fitted.predict(2).unwrap(), fitted.advance(&history).unwrap().predict(2).unwrap());
}

#[test]
fn weights_that_are_given_stay() {
    let history = series(false);
    let given = ExponentialSmoothing::holt_winters(12).alpha(0.2).beta(0.1).gamma(0.3).initial(Initial::Heuristic);
    let fitted = given.fit(&history).unwrap();
    let again = fitted.advance(&history[..40]).unwrap();
    assert_eq!(again.one_step().unwrap(), fitted.one_step().unwrap()[..40]);
    assert_eq!(fitted.path(&[0.0; 3]).unwrap(), fitted.predict(3).unwrap());
    // A path is what one would see if it came true.
    let path = fitted.path(&[1.0, -2.0, 0.5]).unwrap();
    let longer = fitted.advance(&[history.as_slice(), &path].concat()).unwrap();
    near(&longer.residuals().unwrap()[72..], &[1.0, -2.0, 0.5], 1e-9);
}

#[test]
fn what_is_exact_is_continued() {
    let line: Vec<f64> = (0..30).map(|t| 5.0 - 0.5 * f64::from(t)).collect();
    near(&ExponentialSmoothing::holt().fit(&line).unwrap().predict(3).unwrap(), &[-10.0, -10.5, -11.0], 1e-6);
    let constant = ExponentialSmoothing::holt_winters(4).fit(&[3.0; 20]).unwrap();
    near(&constant.predict(5).unwrap(), &[3.0; 5], 1e-9);
    near(&ExponentialSmoothing::simple().fit(&[3.0; 20]).unwrap().predict(1).unwrap(), &[3.0], 1e-12);
    // Two seasons are enough, and a long season begins as its decomposition.
    let long: Vec<f64> = (0..120).map(|t| f64::from(t % 60)).collect();
    assert!(ExponentialSmoothing::holt_winters(60).fit(&long).unwrap().predict(60).unwrap().iter().all(|value| value.is_finite()));
}

#[test]
fn bad_options_are_told() {
    let error = |forecaster: ExponentialSmoothing, history: &[f64]| forecaster.fit(history).unwrap_err().to_string();
    assert!(error(ExponentialSmoothing::simple(), &[]).contains("needs 1 or more"));
    assert!(error(ExponentialSmoothing::holt(), &[1.0]).contains("Holt needs 2 or more"));
    assert!(error(ExponentialSmoothing::holt_winters(12), &[1.0; 23]).contains("Holt-Winters 12 needs 24 or more"));
    assert!(error(ExponentialSmoothing::holt_winters(1), &[1.0; 23]).contains("period of the seasons is 1"));
    assert!(error(ExponentialSmoothing::holt_winters(0), &[1.0; 23]).contains("period of the seasons is 0"));
    assert!(error(ExponentialSmoothing::holt_winters(usize::MAX), &[1.0; 23]).contains("needs"));
    assert!(error(ExponentialSmoothing::simple().alpha(1.5), &[1.0]).contains("alpha is 1.5, expected a number between 0 and 1"));
    assert!(error(ExponentialSmoothing::simple().beta(0.5), &[1.0]).contains("has no beta"));
    assert!(error(ExponentialSmoothing::simple().damped(), &[1.0]).contains("no trend to damp"));
    assert!(error(ExponentialSmoothing::holt().phi(0.0), &[1.0; 5]).contains("phi is 0"));
    assert!(error(ExponentialSmoothing::holt().gamma(0.1), &[1.0; 5]).contains("Holt has no gamma"));
    let multiplicative = ExponentialSmoothing::holt_winters(2).multiplicative();
    assert!(error(multiplicative, &[1.0, 2.0, 0.0, 3.0]).contains("holds 0 at index 2"));
    assert!(error(multiplicative, &[1.0, 2.0, f64::NAN, 3.0]).contains("NaN at index 2"));
    assert!(error(ExponentialSmoothing::holt().alpha(1.0).beta(1.0), &[1e308, -1e308, 1e308]).contains("ordinary size"));
}

/// Monthly airline passengers in thousands, 1949 to 1960 (Box and Jenkins 1976).
const PASSENGERS: [f64; 144] = [
    112.0, 118.0, 132.0, 129.0, 121.0, 135.0, 148.0, 148.0, 136.0, 119.0, 104.0, 118.0, 115.0, 126.0, 141.0, 135.0, 125.0, 149.0, 170.0,
    170.0, 158.0, 133.0, 114.0, 140.0, 145.0, 150.0, 178.0, 163.0, 172.0, 178.0, 199.0, 199.0, 184.0, 162.0, 146.0, 166.0, 171.0, 180.0,
    193.0, 181.0, 183.0, 218.0, 230.0, 242.0, 209.0, 191.0, 172.0, 194.0, 196.0, 196.0, 236.0, 235.0, 229.0, 243.0, 264.0, 272.0, 237.0,
    211.0, 180.0, 201.0, 204.0, 188.0, 235.0, 227.0, 234.0, 264.0, 302.0, 293.0, 259.0, 229.0, 203.0, 229.0, 242.0, 233.0, 267.0, 269.0,
    270.0, 315.0, 364.0, 347.0, 312.0, 274.0, 237.0, 278.0, 284.0, 277.0, 317.0, 313.0, 318.0, 374.0, 413.0, 405.0, 355.0, 306.0, 271.0,
    306.0, 315.0, 301.0, 356.0, 348.0, 355.0, 422.0, 465.0, 467.0, 404.0, 347.0, 305.0, 336.0, 340.0, 318.0, 362.0, 348.0, 363.0, 435.0,
    491.0, 505.0, 404.0, 359.0, 310.0, 337.0, 360.0, 342.0, 406.0, 396.0, 420.0, 472.0, 548.0, 559.0, 463.0, 407.0, 362.0, 405.0, 417.0,
    391.0, 419.0, 461.0, 472.0, 535.0, 622.0, 606.0, 508.0, 461.0, 390.0, 432.0,
];

/// What a search by force reaches, in the same range of weights; statsmodels 0.15, with `γ ≤ 1 − α`, reaches 21,564 and 22,195
/// where seasons add up.
#[test]
fn t1_the_passengers_are_fitted_as_well_as_can_be() {
    for (forecaster, best) in [
        (ExponentialSmoothing::holt_winters(12), 20_107.088_5),
        (ExponentialSmoothing::holt_winters(12).damped(), 20_107.088_5),
        (ExponentialSmoothing::holt_winters(12).multiplicative(), 12_879.397_4),
    ] {
        let fitted = forecaster.fit(&PASSENGERS).unwrap();
        let found = squares(&*fitted);
        assert!(found <= 1.001 * best, "{}: {found} with {:?}", forecaster.name(), fitted.parameters());
    }
}

/// No weights handed in fit better than those that are found.
#[test]
fn t1_no_weights_that_are_handed_in_fit_better() {
    let mut random = crate::numpy::RandomState::new(7);
    for number in 0..24 {
        let noise = random.randn(48).unwrap();
        let (slope, wave) = (f64::from(number % 3) * 0.4, f64::from(number % 4) * 3.0);
        let mut level = 60.0;
        let value = |(t, noise): (usize, &f64)| {
            level += slope + 0.5 * f64::from(number % 2) * noise;
            level + wave * (TAU * t as f64 / 4.0 + f64::from(number)).sin() + noise
        };
        let history: Vec<f64> = noise.iter().enumerate().map(value).collect();
        let method = match number % 5 {
            4 => ExponentialSmoothing::holt_winters(4).multiplicative(),
            3 => ExponentialSmoothing::holt_winters(4).damped(),
            _ => ExponentialSmoothing::holt_winters(4),
        };
        let found = squares(&*method.fit(&history).unwrap());
        let mut tried = 0;
        for (alpha, beta, gamma) in (0..7_i32.pow(3)).map(|index| (index % 7, index / 7 % 7, index / 49)) {
            let [alpha, beta, gamma] = [alpha, beta, gamma].map(|step| [0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 1.0][step as usize]);
            let given = method.alpha(alpha).beta(beta).gamma(gamma);
            let Ok(fitted) = (if method.damped { given.phi(0.9) } else { given }).fit(&history) else { continue };
            let other = squares(&*fitted);
            tried += 1;
            assert!(found <= 1.001 * other, "series {number}: {found}, but {other} with {alpha} {beta} {gamma}");
        }
        assert!(tried > 150, "{tried}");
    }
}

#[test]
fn t1_seasons_that_would_never_forget_are_refused() {
    let all = ExponentialSmoothing::holt_winters(4).alpha(1.0).beta(1.0).gamma(1.0).fit(&series(false)).unwrap_err().to_string();
    assert!(all.contains("gamma is 1, which is too much beside the other weights") && all.contains("1 − alpha"), "{all}");
    assert!(ExponentialSmoothing::holt_winters(4).alpha(0.25).beta(0.01).gamma(0.8).fit(&series(false)).is_ok());
}

#[test]
fn t10_a_random_walk_takes_all_of_the_last_value() {
    let noise = crate::numpy::RandomState::new(3).randn(400).unwrap();
    let walk: Vec<f64> = noise
        .iter()
        .scan(0.0, |at, noise| {
            *at += noise;
            Some(*at)
        })
        .collect();
    let naive: f64 = walk.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
    assert!(squares(&*ExponentialSmoothing::simple().fit(&walk).unwrap()) <= naive * (1.0 + 1e-5));
}

#[test]
fn t11_what_was_found_can_be_read() {
    let fitted = ExponentialSmoothing::holt_winters(12).damped().fit(&series(false)).unwrap();
    let names: Vec<&str> = fitted.parameters().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["alpha", "beta", "gamma", "phi"]);
    let [(_, alpha), (_, beta), (_, gamma), (_, phi)] = fitted.parameters()[..] else { unreachable!() };
    let given = ExponentialSmoothing::holt_winters(12).alpha(alpha).beta(beta).gamma(gamma).phi(phi).fit(&series(false)).unwrap();
    assert!((squares(&*given) / squares(&*fitted) - 1.0).abs() < 1e-4);
    assert!(ExponentialSmoothing::holt().fit(&series(false)).unwrap().parameters().len() == 2);
}
