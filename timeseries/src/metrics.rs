//! How far a forecast is off.
//!
//! With `y` the actual values, `ŷ` the forecast and `e = y − ŷ`; all are means over the steps, taken in `f64`.
//! Every one fails on no values, on parts of different length, and on NaN or infinity, which it names.
//!
//! ```
//! use practicum_timeseries::metrics::{mae, mape, mse};
//!
//! let (actual, forecast) = ([2.0, 4.0], [1.0, 6.0]);
//! assert_eq!(mse(&actual, &forecast)?, 2.5);
//! assert_eq!(mae(&actual, &forecast)?, 1.5);
//! assert_eq!(mape(&actual, &forecast)?, 50.0);
//! # Ok::<(), practicum_core::Error>(())
//! ```

use practicum_core::{Error, Result};

use crate::real::{Real, check_finite};

/// Mean squared error: mean of `e²`, in the unit of `y` squared.
///
/// # Errors
/// See the [module](self).
pub fn mse<T: Real>(y_true: &[T], y_pred: &[T]) -> Result<f64> {
    mean_of(y_true, y_pred, |y, forecast| (y - forecast) * (y - forecast))
}

/// Root mean squared error: `√mse`, in the unit of `y`.
///
/// # Errors
/// See the [module](self).
pub fn rmse<T: Real>(y_true: &[T], y_pred: &[T]) -> Result<f64> {
    mse(y_true, y_pred).map(f64::sqrt)
}

/// Mean absolute error: mean of `|e|`, in the unit of `y`.
///
/// # Errors
/// See the [module](self).
pub fn mae<T: Real>(y_true: &[T], y_pred: &[T]) -> Result<f64> {
    mean_of(y_true, y_pred, |y, forecast| (y - forecast).abs())
}

/// Mean absolute percentage error: mean of `100 |e / y|`, in percent.
///
/// # Errors
/// See the [module](self); and an actual value of 0, for which no percentage exists.
pub fn mape<T: Real>(y_true: &[T], y_pred: &[T]) -> Result<f64> {
    if let Some(index) = y_true.iter().position(|y| y.to_f64() == 0.0) {
        return Err(
            Error::data(format!("y_true is 0 at index {index}: mape divides by it")).hint("use smape, or mase with the training part")
        );
    }
    mean_of(y_true, y_pred, |y, forecast| 100.0 * ((y - forecast) / y).abs())
}

/// Symmetric mean absolute percentage error: mean of `200 |e| / (|y| + |ŷ|)`, in percent, from 0 to 200
/// (Makridakis 1993; the form of the M3 and M4 competitions). A step where both are 0 counts as no error.
///
/// # Errors
/// See the [module](self).
pub fn smape<T: Real>(y_true: &[T], y_pred: &[T]) -> Result<f64> {
    mean_of(y_true, y_pred, |y, forecast| {
        let error = (y - forecast).abs();
        if error == 0.0 { 0.0 } else { 200.0 * error / (y.abs() + forecast.abs()) }
    })
}

/// Mean absolute scaled error (Hyndman and Koehler 2006): the forecast's [`mae`] over that of the seasonal naive
/// forecast `train[t − period]` on the training part. Below 1 it beats that forecast; it has no unit.
///
/// ```
/// use practicum_timeseries::metrics::mase;
///
/// // Steps of 2, 1 and 3 to train on: the naive forecast is off by 2 on average, this one by 1.5.
/// assert_eq!(mase(&[4.0, 6.0], &[5.0, 4.0], &[1.0, 3.0, 2.0, 5.0], 1)?, 0.75);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// See the [module](self); a period of 0 or not below the training part's length, and a training part that repeats
/// itself exactly.
pub fn mase<T: Real>(y_true: &[T], y_pred: &[T], train: &[T], period: usize) -> Result<f64> {
    if period == 0 || period >= train.len() {
        let length = train.len();
        return Err(Error::argument(format!("the period is {period}, expected 1 or more and below the training part's {length} values")));
    }
    check_finite("train", train)?;
    let scale = mae(&train[period..], &train[..train.len() - period])?;
    if scale == 0.0 {
        return Err(Error::data(format!("the training part repeats itself every {period} steps: there is no error to scale by")));
    }
    Ok(mae(y_true, y_pred)? / scale)
}

/// The part of the values that lie in their intervals, ends included, from 0 to 1.
///
/// ```
/// use practicum_timeseries::metrics::coverage;
///
/// assert_eq!(coverage(&[1.0, 5.0], &[0.0, 0.0], &[2.0, 4.0])?, 0.5);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// See the [module](self); and an interval whose lower end is above its upper one.
pub fn coverage<T: Real>(y_true: &[T], lower: &[T], upper: &[T]) -> Result<f64> {
    if lower.len() != upper.len() {
        return Err(Error::shape(format!("there are {} lower ends and {} upper ones: expected the same number", lower.len(), upper.len())));
    }
    if let Some(index) = lower.iter().zip(upper).position(|(lower, upper)| lower > upper) {
        let (lower, upper) = (lower[index].to_f64(), upper[index].to_f64());
        return Err(Error::data(format!("the interval at index {index} goes from {lower} to {upper}: its lower end is the higher")));
    }
    check_pair(y_true, lower)?;
    check_pair(y_true, upper)?;
    let inside = y_true.iter().zip(lower.iter().zip(upper)).filter(|(y, (lower, upper))| lower <= y && y <= upper);
    Ok(inside.count() as f64 / y_true.len() as f64)
}

/// Pinball loss of a forecast of the `share` quantile, the number that so much of the values stay below: mean of
/// `share · e` where `y` is above the forecast, of `(share − 1) · e` where it is below (Koenker and Bassett 1978), in the
/// unit of `y`. At 0.5 it is half of [`mae`].
///
/// ```
/// use practicum_timeseries::metrics::pinball;
///
/// // A forecast that 90 of 100 values should stay below costs more where it is too low.
/// assert!((pinball(&[10.0], &[8.0], 0.9)? - 1.8).abs() < 1e-12);
/// assert!((pinball(&[8.0], &[10.0], 0.9)? - 0.2).abs() < 1e-12);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// See the [module](self); and a share outside 0 to 1.
pub fn pinball<T: Real>(y_true: &[T], y_pred: &[T], share: f64) -> Result<f64> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::argument(format!("the quantile's share is {share}, expected a number between 0 and 1")));
    }
    mean_of(y_true, y_pred, |y, forecast| (share * (y - forecast)).max((share - 1.0) * (y - forecast)))
}

fn mean_of<T: Real>(y_true: &[T], y_pred: &[T], error: impl Fn(f64, f64) -> f64) -> Result<f64> {
    check_pair(y_true, y_pred)?;
    let errors = y_true.iter().zip(y_pred).map(|(y, forecast)| error(y.to_f64(), forecast.to_f64()));
    Ok(errors.sum::<f64>() / y_true.len() as f64)
}

fn check_pair<T: Real>(y_true: &[T], y_pred: &[T]) -> Result<()> {
    if y_true.len() != y_pred.len() {
        return Err(Error::shape(format!("y_true has {} values, y_pred {}: expected the same number", y_true.len(), y_pred.len()))
            .hint("compare the forecast with the part of the series that it forecasts"));
    }
    if y_true.is_empty() {
        return Err(Error::data("there are no values to compare"));
    }
    check_finite("y_true", y_true)?;
    check_finite("y_pred", y_pred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let (y, forecast) = ([1.0_f32, -2.0, 4.0], [2.0_f32, -2.0, 1.0]);
        assert_eq!(mse(&y, &forecast).unwrap(), 10.0 / 3.0);
        assert_eq!(rmse(&y, &forecast).unwrap(), (10.0_f64 / 3.0).sqrt());
        assert_eq!(mae(&y, &forecast).unwrap(), 4.0 / 3.0);
        assert_eq!(mape(&y, &forecast).unwrap(), 175.0 / 3.0);
        assert_eq!(smape(&y, &forecast).unwrap(), (200.0 / 3.0 + 120.0) / 3.0);
        assert_eq!(smape(&[0.0, 1.0], &[0.0, -1.0]).unwrap(), 100.0);
        assert_eq!(mase(&[1.0, 1.0], &[2.0, 2.0], &[0.0, 5.0, 2.0, 1.0], 2).unwrap(), 1.0 / 3.0);
    }

    #[test]
    fn perfect_forecasts_have_no_error() {
        let y = [3.0, -1.0, 0.5];
        for metric in [mse, rmse, mae, mape, smape] {
            assert_eq!(metric(&y, &y).unwrap(), 0.0);
        }
    }

    #[test]
    fn bad_values_are_named() {
        for metric in [mse, rmse, mae, mape, smape] {
            assert!(metric(&[], &[]).unwrap_err().is_data());
            assert!(metric(&[1.0], &[1.0, 2.0]).unwrap_err().is_shape());
            let nan = metric(&[1.0, 2.0], &[1.0, f64::NAN]).unwrap_err();
            assert!(nan.is_data() && nan.to_string().starts_with("y_pred holds NaN at index 1"), "{nan}");
            assert!(metric(&[1.0, f64::INFINITY], &[1.0, 2.0]).unwrap_err().to_string().starts_with("y_true holds inf"));
        }
        assert!(coverage(&[1.0], &[1.0, 0.0], &[1.0]).unwrap_err().is_shape());
        assert!(coverage(&[1.0], &[2.0], &[1.0]).unwrap_err().to_string().contains("goes from 2 to 1"));
        assert!(coverage(&[1.0], &[f64::NAN], &[1.0]).unwrap_err().is_data());
        assert_eq!(coverage(&[1.0, 2.0, 3.0], &[1.0, 2.5, 0.0], &[1.0, 3.0, 2.0]).unwrap(), 1.0 / 3.0);
        assert!(pinball(&[1.0], &[1.0], 1.0).unwrap_err().to_string().contains("share is 1"));
        assert_eq!(pinball(&[1.0, 4.0], &[3.0, 3.0], 0.5).unwrap(), 0.75);
        assert!(mape(&[1.0, 0.0], &[1.0, 1.0]).unwrap_err().to_string().contains("0 at index 1"));
        let scaled = |train: &[f64], period| mase(&[1.0], &[1.0], train, period).unwrap_err();
        assert!(scaled(&[1.0, 2.0], 0).is_argument());
        assert!(scaled(&[1.0, 2.0], 2).is_argument());
        assert!(scaled(&[1.0, 2.0, 1.0, 2.0], 2).is_data());
        assert!(scaled(&[1.0, f64::NAN, 1.0], 1).to_string().starts_with("train holds NaN at index 1"));
    }
}
