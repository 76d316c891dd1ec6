//! Series made easier to forecast, and forecasts brought back: differences, logarithms, scales.
//!
//! What a transformation learns, it learns from the part it is given: give it the training part, and apply it to all.

use practicum_core::{Error, Result};

use crate::real::{Real, check_finite, mean};

/// The change over `lag` steps, `y[t] = x[t] − x[t − lag]`, with what it takes to come back.
///
/// ```
/// use practicum_timeseries::transform::Differences;
///
/// let changes = Differences::of(&[1.0, 4.0, 9.0, 16.0], 1)?;
/// assert_eq!(changes.values(), [3.0, 5.0, 7.0]);
/// // Forecast changes become forecast values.
/// assert_eq!(changes.integrate(&[9.0, 11.0]), [25.0, 36.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    values: Vec<f64>,
    last: Vec<f64>,
}

impl Differences {
    /// The changes of a series. A lag of 1 gives first differences, one of a season's length seasonal ones; differences
    /// may be taken of differences.
    ///
    /// # Errors
    /// A lag of 0, or not below the number of values; NaN and infinity.
    pub fn of(series: &[f64], lag: usize) -> Result<Self> {
        let values = crate::baseline::difference(series, lag)?;
        Ok(Self { values, last: series[series.len() - lag..].to_vec() })
    }

    /// The changes, of which there are fewer than values, by the lag.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values that follow the series when it goes on to change like this: `x[t] = y[t] + x[t − lag]`.
    pub fn integrate(&self, changes: &[f64]) -> Vec<f64> {
        let lag = self.last.len();
        let mut values: Vec<f64> = Vec::with_capacity(changes.len());
        for (step, change) in changes.iter().enumerate() {
            let past = if step < lag { self.last[step] } else { values[step - lag] };
            values.push(past + change);
        }
        values
    }
}

/// The transformation of Box and Cox (1964), for a series whose swings grow with its level:
/// `y = (xᶿ − 1) / θ`, and `ln x` where `θ` is 0. `θ` = 1 changes nothing but the level, ½ is like a root.
///
/// ```
/// use practicum_timeseries::transform::BoxCox;
///
/// let log = BoxCox::log();
/// let y = log.apply(&[1.0, 10.0])?;
/// assert_eq!(format!("{:.3}", y[1]), "2.303");
/// assert!((log.invert(&y)[1] - 10.0).abs() < 1e-12);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxCox {
    theta: f64,
}

impl BoxCox {
    /// With this exponent.
    ///
    /// # Errors
    /// An exponent that is not finite.
    pub fn new(theta: f64) -> Result<Self> {
        if !theta.is_finite() {
            return Err(Error::argument(format!("the exponent of BoxCox is {theta}, expected a finite number")));
        }
        Ok(Self { theta })
    }

    /// The logarithm.
    pub fn log() -> Self {
        Self { theta: 0.0 }
    }

    /// The exponent between −1 and 2 for which the swings of the seasons are most alike: that of the least coefficient of
    /// variation of `s / m^(1 − θ)`, with `m` and `s` the mean and standard deviation of each whole season of `period`
    /// steps (Guerrero 1993), on a grid of 0.05.
    ///
    /// # Errors
    /// Values of 0 or below, fewer than two seasons of two steps, NaN and infinity, and a series without any swing.
    pub fn guerrero(series: &[f64], period: usize) -> Result<Self> {
        check_positive(series)?;
        if period < 2 || series.len() / period < 2 {
            return Err(Error::argument(format!(
                "the period is {period}, expected 2 or more and two whole seasons in {} values",
                series.len()
            )));
        }
        // Whole seasons at the end: what is nearest counts.
        let seasons: Vec<(f64, f64)> = series[series.len() % period..].chunks_exact(period).map(moments).collect();
        if seasons.iter().all(|(_, deviation)| *deviation == 0.0) {
            return Err(Error::data(format!("the values do not change within seasons of {period} steps: there are no swings to even out")));
        }
        let variation = |theta: f64| {
            let ratios: Vec<f64> = seasons.iter().map(|(mean, deviation)| deviation / mean.powf(1.0 - theta)).collect();
            let (mean, deviation) = moments(&ratios);
            deviation / mean
        };
        let grid = (-20..=40).map(|step| f64::from(step) * 0.05);
        let theta = grid.min_by(|a, b| variation(*a).total_cmp(&variation(*b))).unwrap_or(1.0);
        Self::new(theta)
    }

    /// The exponent.
    pub fn theta(&self) -> f64 {
        self.theta
    }

    /// Transforms values.
    ///
    /// # Errors
    /// A value of 0 or below, NaN and infinity.
    pub fn apply(&self, values: &[f64]) -> Result<Vec<f64>> {
        check_positive(values)?;
        let theta = self.theta;
        Ok(values.iter().map(|x| if theta == 0.0 { x.ln() } else { (theta * x.ln()).exp_m1() / theta }).collect())
    }

    /// Brings values back. What lies outside the transformation's range becomes the nearest end of it, 0 or infinity.
    pub fn invert(&self, values: &[f64]) -> Vec<f64> {
        let theta = self.theta;
        let back = |y: &f64| {
            let beyond = theta * y;
            // NaN stays NaN, which `max` would lose.
            if theta == 0.0 { y.exp() } else { ((if beyond < -1.0 { -1.0 } else { beyond }).ln_1p() / theta).exp() }
        };
        values.iter().map(back).collect()
    }
}

fn check_positive(values: &[f64]) -> Result<()> {
    check_finite("the series", values)?;
    match values.iter().position(|value| *value <= 0.0) {
        Some(index) => Err(Error::data(format!("the series holds {} at index {index}, expected numbers above 0", values[index]))
            .hint("add a constant first, and take it away from the forecast")),
        None => Ok(()),
    }
}

/// Mean and sample standard deviation.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    (mean, (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt())
}

/// Another zero and another unit: `y = (x − offset) / unit`, learned from the training part.
///
/// ```
/// use practicum_timeseries::transform::Scale;
///
/// let series = [2.0, 4.0, 6.0, 9.0];
/// let scale = Scale::min_max(&series[..3])?;
/// assert_eq!(scale.apply(&series), [0.0, 0.5, 1.0, 1.75]);
/// assert_eq!(scale.invert(&[0.5]), [4.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    offset: f64,
    unit: f64,
}

impl Scale {
    /// Changes nothing.
    pub fn identity() -> Self {
        Self { offset: 0.0, unit: 1.0 }
    }

    /// The training part's least value becomes 0, its largest 1.
    ///
    /// # Errors
    /// No values, values that are all the same, NaN and infinity.
    pub fn min_max<T: Real>(train: &[T]) -> Result<Self> {
        let values = varied(train)?;
        let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(*x), most.max(*x)));
        Ok(Self { offset: least, unit: most - least })
    }

    /// The training part gets a mean of 0 and a standard deviation (with `n` in its denominator) of 1.
    ///
    /// # Errors
    /// No values, values that are all the same, NaN and infinity.
    pub fn standard<T: Real>(train: &[T]) -> Result<Self> {
        let values = varied(train)?;
        let mean = mean(&values);
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len() as f64;
        Ok(Self { offset: mean, unit: variance.sqrt() })
    }

    /// What becomes 0.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// What becomes 1 above it.
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// Scales values.
    pub fn apply<T: Real>(&self, values: &[T]) -> Vec<T> {
        values.iter().map(|x| T::from_f64((x.to_f64() - self.offset) / self.unit)).collect()
    }

    /// Brings values back.
    pub fn invert<T: Real>(&self, values: &[T]) -> Vec<T> {
        values.iter().map(|y| T::from_f64(y.to_f64() * self.unit + self.offset)).collect()
    }
}

/// The values, wide, if they are not all the same.
fn varied<T: Real>(train: &[T]) -> Result<Vec<f64>> {
    check_finite("the training part", train)?;
    let values: Vec<f64> = train.iter().map(|value| value.to_f64()).collect();
    match values.first() {
        None => Err(Error::data("the training part has no values to learn a scale from")),
        Some(first) if values.iter().all(|value| value == first) => {
            Err(Error::data(format!("all {} values of the training part are {first}: there is no unit to scale by", values.len()))
                .hint("forecast a constant series with `Naive`, or leave the scaling out"))
        }
        Some(_) => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let series: Vec<f64> = (1..40).map(|t| f64::from(t * t % 23 + t)).collect();
        for lag in [1, 2, 7] {
            let (past, future) = series.split_at(20);
            let changes: Vec<f64> = (20..39).map(|t| series[t] - series[t - lag]).collect();
            assert_eq!(Differences::of(past, lag).unwrap().integrate(&changes), future);
        }
        for theta in [-1.0, 0.0, 0.5, 1.0, 2.0] {
            let transform = BoxCox::new(theta).unwrap();
            let back = transform.invert(&transform.apply(&series).unwrap());
            assert!(back.iter().zip(&series).all(|(a, b)| (a - b).abs() < 1e-9 * b), "{theta}: {back:?}");
        }
        let scale = Scale::standard(&series).unwrap();
        let (mean, _) = moments(&scale.apply(&series));
        assert!(mean.abs() < 1e-12 && scale.invert(&scale.apply(&series)).iter().zip(&series).all(|(a, b)| (a - b).abs() < 1e-12 * b));
    }

    #[test]
    fn swings_that_grow_with_the_level_ask_for_the_logarithm() {
        let series: Vec<f64> =
            (0..96).map(|t| (f64::from(t) / 30.0).exp() * (2.0 + (f64::from(t) * std::f64::consts::TAU / 12.0).sin())).collect();
        assert!(BoxCox::guerrero(&series, 12).unwrap().theta().abs() < 0.11);
        let even: Vec<f64> = (0..96).map(|t| 100.0 + f64::from(t) + (f64::from(t) * std::f64::consts::TAU / 12.0).sin()).collect();
        assert!((BoxCox::guerrero(&even, 12).unwrap().theta() - 1.0).abs() < 0.11);
    }

    #[test]
    fn t9_small_exponents_are_near_the_logarithm() {
        let small = BoxCox::new(1e-12).unwrap();
        let y = small.apply(&[2.0]).unwrap()[0];
        assert!((y - std::f64::consts::LN_2).abs() < 1e-9, "{y}");
        assert!((small.invert(&[y])[0] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn bad_values_are_told() {
        assert!(Differences::of(&[1.0, 2.0], 2).unwrap_err().is_argument());
        assert!(Differences::of(&[1.0, f64::NAN], 1).unwrap_err().to_string().contains("NaN at index 1"));
        assert!(BoxCox::log().apply(&[1.0, 0.0]).unwrap_err().to_string().contains("holds 0 at index 1, expected numbers above 0"));
        assert!(BoxCox::new(f64::NAN).is_err());
        assert!(BoxCox::guerrero(&[1.0, 2.0, 3.0], 2).unwrap_err().to_string().contains("two whole seasons"));
        assert!(BoxCox::guerrero(&[1.0; 8], 2).unwrap_err().to_string().contains("no swings"));
        for scale in [Scale::min_max::<f32>, Scale::standard::<f32>] {
            assert!(scale(&[]).unwrap_err().to_string().contains("no values"));
            assert!(scale(&[3.0, 3.0]).unwrap_err().to_string().contains("all 2 values of the training part are 3"));
            assert!(scale(&[3.0, f32::NAN]).unwrap_err().to_string().contains("the training part holds NaN at index 1"));
        }
    }
}
