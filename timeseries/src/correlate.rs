//! How much a series resembles its own past.

use practicum_core::{Error, Result};

use crate::normal;
use crate::real::{check_finite, mean};

/// Correlations lag by lag, with the bounds that those of noise stay within.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Correlogram {
    /// The correlation at each lag, from 0, where it is 1.
    pub values: Vec<f64>,
    /// The number of values that the series has.
    pub length: usize,
}

impl Correlogram {
    /// What the correlations of white noise stay below in `level` of all cases, such as 0.95: `z / √n`.
    ///
    /// ```
    /// use practicum_timeseries::correlate::autocorrelation;
    ///
    /// let noise = practicum_timeseries::synth::white_noise(400, 1.0, 42)?;
    /// let correlogram = autocorrelation(&noise, 20)?;
    /// assert_eq!(format!("{:.3}", correlogram.bound(0.95)?), "0.098");
    /// assert!(correlogram.values[1..].iter().filter(|value| value.abs() > 0.098).count() <= 2);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A level outside 0 to 1.
    pub fn bound(&self, level: f64) -> Result<f64> {
        Ok(normal::two_sided(level)? / (self.length as f64).sqrt())
    }

    /// The bound at each lag for a series that is correlated at the lags before it: `z √((1 + 2 Σ r²) / n)`, the sum over
    /// those lags (Bartlett 1946). It is for autocorrelations; partial ones have [`bound`](Self::bound).
    ///
    /// # Errors
    /// A level outside 0 to 1.
    pub fn bartlett(&self, level: f64) -> Result<Vec<f64>> {
        let bound = self.bound(level)?;
        let mut squares = 0.0;
        let at = |(lag, value): (usize, &f64)| {
            if lag == 0 {
                return 0.0;
            }
            let bound = bound * f64::sqrt(1.0 + 2.0 * squares);
            squares += value * value;
            bound
        };
        Ok(self.values.iter().enumerate().map(at).collect())
    }
}

/// The correlation of a series with itself, `lag` steps back: `r[k] = Σ (x[t] − x̄)(x[t − k] − x̄) / Σ (x[t] − x̄)²`, for
/// the lags 0 to `lags` (Box and Jenkins 1970; statsmodels' `acf`).
///
/// # Errors
/// No lag, as many lags as values or more, a series that does not change, NaN and infinity.
pub fn autocorrelation(series: &[f64], lags: usize) -> Result<Correlogram> {
    check_finite("the series", series)?;
    if lags == 0 || lags >= series.len() {
        return Err(Error::argument(format!("lags is {lags}, expected 1 or more and below the series' {} values", series.len())));
    }
    let mean = mean(series);
    let centred: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let product = |lag: usize| centred[lag..].iter().zip(&centred).map(|(now, past)| now * past).sum::<f64>();
    let variance = product(0);
    if series.iter().all(|value| *value == series[0]) || variance == 0.0 {
        return Err(Error::data(format!(
            "all {} values are {}: a series that does not change correlates with nothing",
            series.len(),
            series[0]
        )));
    }
    Ok(Correlogram { values: (0..=lags).map(|lag| product(lag) / variance).collect(), length: series.len() })
}

/// The steps of the season that a series shows, if it shows one of at most `most` steps: the lag at which its changes correlate
/// most, or where they don't, its distances from a straight line. The first of the `usual` ones that is nearly as good as the best
/// is taken.
///
/// ```
/// use practicum_timeseries::correlate::period;
///
/// let waves: Vec<f64> = (0..120).map(|t| f64::from(t * 7 % 12) + 0.3 * f64::from(t)).collect();
/// assert_eq!(period(&waves, 40, &[])?, Some(12));
/// assert_eq!(period(&practicum_timeseries::synth::white_noise(400, 1.0, 42)?, 40, &[])?, None);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// NaN and infinity.
pub fn period(series: &[f64], most: usize, usual: &[usize]) -> Result<Option<usize>> {
    check_finite("the series", series)?;
    let changes: Vec<f64> = series.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = (series.len().max(1) - 1) as f64 / 2.0;
    let from_middle = |step: usize| step as f64 - middle;
    let spread: f64 = (0..series.len()).map(|step| from_middle(step).powi(2)).sum();
    let slope = series.iter().enumerate().map(|(step, value)| from_middle(step) * value).sum::<f64>() / spread.max(1.0);
    let rest: Vec<f64> = series.iter().enumerate().map(|(step, value)| value - slope * from_middle(step)).collect();
    for (values, least) in [(changes, 0.25), (rest, 0.3)] {
        let lags = most.min(values.len() / 2);
        if lags < 2 || values.iter().all(|value| *value == values[0]) {
            continue;
        }
        let Correlogram { values: r, length } = autocorrelation(&values, lags)?;
        // A peak above what noise reaches, after a fall: a slow decay is no season.
        let above = (normal::two_sided(0.999)? / (length as f64).sqrt()).max(least);
        let peak = |lag: &usize| {
            let higher = |other: Option<&f64>| other.is_none_or(|other| *other <= r[*lag]);
            let lowest = r[..*lag].iter().copied().fold(f64::INFINITY, f64::min);
            r[*lag] > above && r[*lag] - lowest > above && higher(r.get(lag - 1).filter(|_| *lag > 2)) && higher(r.get(lag + 1))
        };
        let highest = (2..=lags).filter(peak).max_by(|a, b| r[*a].total_cmp(&r[*b]));
        if let Some(highest) = highest {
            // Its multiples correlate nearly as much.
            let good = |lag: &usize| r[*lag] >= 0.85 * r[highest];
            let whole = |lag: &usize| (2..=lags).contains(lag) && good(lag) && r[*lag] > above && r[*lag] - r[*lag / 2] > above;
            return Ok(usual.iter().copied().find(whole).or_else(|| (2..=highest).filter(peak).find(good)));
        }
    }
    Ok(None)
}

/// The correlation with the past that the steps between do not explain: the last coefficient of an autoregression of each
/// order, by the recursion of Levinson (1947) and Durbin (1960) on the [`autocorrelation`] (statsmodels' `pacf` with
/// `method="ldb"`).
///
/// ```
/// use practicum_timeseries::correlate::partial_autocorrelation;
/// use practicum_timeseries::synth::autocorrelation_ar1;
///
/// // A series that remembers one step: the first correlation is 0.8, and there is no second.
/// let partial = partial_autocorrelation(&autocorrelation_ar1(1461, 1.0, 42)?, 3)?;
/// assert!((partial.values[1] - 0.8).abs() < 0.05 && partial.values[2].abs() < partial.bound(0.95)?);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// As [`autocorrelation`]; and more lags than half of the values.
pub fn partial_autocorrelation(series: &[f64], lags: usize) -> Result<Correlogram> {
    let Correlogram { values: r, length } = autocorrelation(series, lags)?;
    if lags > length / 2 {
        return Err(Error::argument(format!("lags is {lags}, expected at most half of the series' {length} values")));
    }
    let mut partial = vec![1.0];
    let mut phi: Vec<f64> = Vec::with_capacity(lags);
    for order in 1..=lags {
        let explained: f64 = phi.iter().zip(r[1..order].iter().rev()).map(|(phi, r)| phi * r).sum();
        let left: f64 = 1.0 - phi.iter().zip(&r[1..]).map(|(phi, r)| phi * r).sum::<f64>();
        // What repeats itself exactly leaves nothing to explain.
        let last = if left.abs() < f64::EPSILON { 0.0 } else { (r[order] - explained) / left };
        let mirrored: Vec<f64> = phi.iter().rev().copied().collect();
        phi.iter_mut().zip(mirrored).for_each(|(phi, other)| *phi -= last * other);
        phi.push(last);
        partial.push(last);
    }
    Ok(Correlogram { values: partial, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8), "{found:?} is not {expected:?}");
    }

    const ACF: [f64; 7] = [1.0, 0.360_638_921_4, -0.085_873_388_0, -0.023_593_200_4, -0.155_920_281_3, 0.053_292_301_6, 0.028_233_685_0];
    const BARTLETT: [f64; 6] = [0.309_897_516_1, 0.347_875_782_6, 0.349_905_632_8, 0.350_058_376_8, 0.356_665_639_3, 0.357_429_543_6];
    const PACF: [f64; 7] = [1.0, 0.360_638_921_4, -0.248_217_034_3, 0.128_108_105_0, -0.270_277_571_6, 0.328_272_884_4, -0.338_644_977_2];

    /// Computed by statsmodels 0.15.
    #[test]
    fn as_statsmodels_does_it() {
        let series: Vec<f64> = (0..40).map(|t| f64::from(t * t % 17)).collect();
        let whole = autocorrelation(&series, 6).unwrap();
        near(&whole.values, &ACF);
        near(&whole.bartlett(0.95).unwrap()[1..], &BARTLETT);
        let partial = partial_autocorrelation(&series, 6).unwrap();
        near(&partial.values, &PACF);
        near(&[partial.bound(0.95).unwrap()], &[0.309_897_516_1]);
    }

    #[test]
    fn bad_requests_say_why() {
        let error = |series: &[f64], lags| autocorrelation(series, lags).unwrap_err().to_string();
        assert!(error(&[1.0, 2.0], 0).contains("lags is 0") && error(&[1.0, 2.0], 2).contains("below the series' 2 values"));
        assert!(error(&[0.1; 7], 2).contains("all 7 values are 0.1"));
        assert!(error(&[1.0, f64::NAN, 2.0], 1).contains("NaN at index 1"));
        assert!(partial_autocorrelation(&[1.0, 2.0, 1.0, 3.0], 3).unwrap_err().to_string().contains("at most half"));
        assert!(autocorrelation(&[1.0, 2.0], 1).unwrap().bound(1.0).is_err());
    }
}
