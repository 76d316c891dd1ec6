//! What a series is made of: trend, season and the rest.

use practicum_core::{Error, Result};

use crate::real::{check_finite, mean};

/// How the parts of a series come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Model {
    /// `trend + season + rest`: the swings are as high everywhere.
    #[default]
    Additive,
    /// `trend × season × rest`: the swings grow with the level.
    Multiplicative,
}

/// The mean around each step: of `window` values where that is odd; where it is even, of `window + 1`, of which the first
/// and last count half. NaN for the half window at either end.
///
/// It looks at both sides: it describes the past, and is no forecast.
///
/// ```
/// use practicum_timeseries::decompose::centred_moving_average;
///
/// let smooth = centred_moving_average(&[1.0, 5.0, 3.0, 4.0, 8.0], 3)?;
/// assert_eq!(smooth[1..4], [3.0, 4.0, 5.0]);
/// assert!(smooth[0].is_nan());
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A window of 0, or wider than the series; NaN and infinity.
pub fn centred_moving_average(series: &[f64], window: usize) -> Result<Vec<f64>> {
    check_finite("the series", series)?;
    let half = window / 2;
    if window == 0 || half.saturating_mul(2) >= series.len() {
        return Err(Error::argument(format!("the window is {window}, expected 1 or more and at most the series' {} values", series.len())));
    }
    let mut smooth = vec![f64::NAN; series.len()];
    for (at, around) in (half..).zip(series.windows(2 * half + 1)) {
        let ends = if window.is_multiple_of(2) { f64::midpoint(around[0], around[2 * half]) } else { 0.0 };
        smooth[at] = (around.iter().sum::<f64>() - ends) / window as f64;
    }
    Ok(smooth)
}

/// The parts of a series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decomposition {
    /// The centred moving average over a season; NaN for half a season at either end.
    pub trend: Vec<f64>,
    /// The season, step by step. It repeats exactly; its mean is 0 where it is added, 1 where it multiplies.
    pub season: Vec<f64>,
    /// What neither explains; NaN where the trend is.
    pub rest: Vec<f64>,
}

impl Decomposition {
    /// Classical decomposition (Macaulay 1931), as statsmodels' `seasonal_decompose` does it.
    ///
    /// The trend is the centred moving average over `period` steps; the season is the mean, over all seasons, of what
    /// stands above it, less its own mean; the rest is what remains. The multiplicative form divides where the additive
    /// one subtracts.
    ///
    /// ```
    /// use practicum_timeseries::decompose::{Decomposition, Model};
    ///
    /// let series: Vec<f64> = (0..12).map(|t| f64::from(t) + [3.0, -1.0, -2.0][t as usize % 3]).collect();
    /// let parts = Decomposition::classical(&series, 3, Model::Additive)?;
    /// assert!((parts.season[0] - 3.0).abs() < 1e-12 && (parts.trend[5] - 5.0).abs() < 1e-12);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A period below 2, fewer than two seasons, NaN and infinity; for the multiplicative form a value of 0 or below.
    pub fn classical(series: &[f64], period: usize, model: Model) -> Result<Self> {
        if period < 2 || series.len() / 2 < period {
            let length = series.len();
            return Err(Error::argument(format!("the period is {period}, expected 2 or more and two whole seasons in {length} values")));
        }
        let trend = centred_moving_average(series, period)?;
        let without: fn(f64, f64) -> f64 = match model {
            Model::Additive => |x, part| x - part,
            Model::Multiplicative => |x, part| x / part,
        };
        if let (Model::Multiplicative, Some(index)) = (model, series.iter().position(|value| *value <= 0.0)) {
            return Err(Error::data(format!(
                "the series holds {} at index {index}: a season can only multiply numbers above 0",
                series[index]
            ))
            .hint("decompose it with `Model::Additive`"));
        }
        let above: Vec<f64> = series.iter().zip(&trend).map(|(x, trend)| without(*x, *trend)).collect();
        let place = |place: usize| {
            let known: Vec<f64> = above.iter().skip(place).step_by(period).copied().filter(|value| !value.is_nan()).collect();
            mean(&known)
        };
        let places: Vec<f64> = (0..period).map(place).collect();
        let level = mean(&places);
        let season: Vec<f64> = (0..series.len()).map(|step| without(places[step % period], level)).collect();
        let rest = above.iter().zip(&season).map(|(above, season)| without(*above, *season)).collect();
        Ok(Self { trend, season, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8), "{found:?} is not {expected:?}");
    }

    fn growing() -> Vec<f64> {
        (0..10).map(|t| (10.0 + f64::from(t * t % 7)) * [1.0, 1.5, 0.5, 1.2][t as usize % 4]).collect()
    }

    const ADDITIVE_TREND: [f64; 6] = [12.225, 13.0375, 13.4125, 12.925, 12.5, 12.375];
    const ADDITIVE_SEASON: [f64; 4] = [-1.673_437_5, 7.814_062_5, -6.373_437_5, 0.232_812_5];
    const MULTIPLICATIVE_SEASON: [f64; 4] = [0.880_848_303_2, 1.599_625_629_9, 0.498_466_883_4, 1.021_059_183_2];
    const MULTIPLICATIVE_REST: [f64; 2] = [1.148_716_506_4, 1.081_725_966_6];

    /// Computed by statsmodels 0.15.
    #[test]
    fn as_statsmodels_does_it() {
        let parts = Decomposition::classical(&growing(), 4, Model::Additive).unwrap();
        near(&parts.trend[2..8], &ADDITIVE_TREND);
        assert!(parts.trend[1].is_nan() && parts.trend[8].is_nan());
        near(&parts.season[..4], &ADDITIVE_SEASON);
        near(&parts.season[4..8], &ADDITIVE_SEASON);
        let parts = Decomposition::classical(&growing(), 4, Model::Multiplicative).unwrap();
        near(&parts.season[..4], &MULTIPLICATIVE_SEASON);
        near(&parts.rest[2..4], &MULTIPLICATIVE_REST);
    }

    #[test]
    fn the_parts_come_together_again() {
        let series = growing();
        let parts = Decomposition::classical(&series, 4, Model::Additive).unwrap();
        let together = (2..8).map(|step| parts.trend[step] + parts.season[step] + parts.rest[step]);
        assert!(together.zip(&series[2..]).all(|(sum, value)| (sum - value).abs() < 1e-12));
    }

    #[test]
    fn bad_requests_say_why() {
        let error = |series: &[f64], period, model| Decomposition::classical(series, period, model).unwrap_err().to_string();
        assert!(error(&[1.0; 5], 3, Model::Additive).contains("two whole seasons in 5 values"));
        assert!(error(&[1.0; 5], 1, Model::Additive).contains("expected 2 or more"));
        assert!(error(&[1.0, 0.0, 1.0, 1.0], 2, Model::Multiplicative).contains("holds 0 at index 1"));
        assert!(error(&[1.0, f64::NAN, 1.0, 1.0], 2, Model::Additive).contains("NaN at index 1"));
        assert!(centred_moving_average(&[1.0; 4], 0).is_err() && centred_moving_average(&[1.0; 4], 4).is_err());
        assert!(centred_moving_average(&[1.0; 4], usize::MAX).is_err());
    }
}
