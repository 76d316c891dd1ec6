//! The course's synthetic series: trend, season, noise, memory and impulses, alone and put together.
//!
//! ```
//! use practicum_timeseries::synth::{self, Pattern};
//!
//! let time: Vec<f64> = synth::time(4 * 365 + 1)?;
//! let trend = synth::trend(&time, 0.05);
//! let season = synth::seasonality(&time, Pattern::P1, 365, 40.0, 0.0)?;
//! let noise = synth::white_noise(time.len(), 5.0, 42)?;
//! let series: Vec<f64> =
//!     trend.iter().zip(&season).zip(&noise).map(|((t, s), n)| 10.0 + t + s + n).collect();
//! assert_eq!(format!("{:.4}", series[0]), "52.4836");
//! # Ok::<(), practicum_core::Error>(())
//! ```

use std::f64::consts::PI;
use std::str::FromStr;

use practicum_core::{Error, Result};

use crate::numpy::RandomState;
use crate::real::{Real, check_count, check_finite};

/// The time steps 0, 1, … `length` − 1. Beyond 2²⁴ steps `f32` no longer tells neighbours apart.
///
/// # Errors
/// More than 2²⁸ steps, which would take gigabytes.
pub fn time<T: Real>(length: usize) -> Result<Vec<T>> {
    check_count("steps", length)?;
    Ok((0..length).map(|step| T::from_f64(step as f64)).collect())
}

/// A straight line through 0: `slope * t`.
pub fn trend<T: Real>(time: &[T], slope: f64) -> Vec<T> {
    let slope = T::from_f64(slope);
    time.iter().map(|&t| slope * t).collect()
}

/// The shape of a season, with `u` in [0, 1) the part of it gone by: a swing, then a decay.
///
/// | pattern | before `c` | from `c` on | `c` |
/// |---|---|---|---|
/// | P1 | cos 2πu | e⁻³ᵘ | 0.4 |
/// | P2 | cos 7πu | e⁻⁵ᵘ | 0.1 |
/// | P3 | cos 6πu | 2 e⁻⁹ᵘ | 0.1 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pattern {
    /// The labs' pattern.
    #[default]
    P1,
    /// The first week's exercise.
    P2,
    /// The second and third weeks' exercises.
    P3,
}

impl Pattern {
    /// The pattern's value at `u`.
    pub fn at<T: Real>(self, u: T) -> T {
        let (change, waves, height, decay) = match self {
            Self::P1 => (0.4, 2.0, 1.0, 3.0),
            Self::P2 => (0.1, 7.0, 1.0, 5.0),
            Self::P3 => (0.1, 6.0, 2.0, 9.0),
        };
        // Every step is rounded to T, in NumPy's order; cos and exp are taken wide and rounded.
        if u < T::from_f64(change) {
            T::from_f64((u * T::from_f64(waves) * T::from_f64(PI)).to_f64().cos())
        } else {
            T::from_f64(height) / T::from_f64((T::from_f64(decay) * u).to_f64().exp())
        }
    }
}

/// A pattern that repeats every `period` steps: `amplitude * pattern(((t + phase) mod period) / period)`.
///
/// # Errors
/// A period of 0.
pub fn seasonality<T: Real>(time: &[T], pattern: Pattern, period: u32, amplitude: f64, phase: f64) -> Result<Vec<T>> {
    if period == 0 {
        return Err(Error::argument("the period of a season is 0, expected 1 step or more"));
    }
    let (period, amplitude, phase) = (T::from_f64(period.into()), T::from_f64(amplitude), T::from_f64(phase));
    Ok(time.iter().map(|&t| amplitude * pattern.at((t + phase) % period / period)).collect())
}

/// Independent normal numbers of standard deviation `level`.
///
/// # Errors
/// More than 2²⁸ steps, which would take gigabytes.
pub fn white_noise(length: usize, level: f64, seed: u32) -> Result<Vec<f64>> {
    Ok(RandomState::new(seed).randn(length)?.into_iter().map(|normal| normal * level).collect())
}

/// Noise that remembers the values 50 and 33 steps back, started from a run of 50 hundreds:
/// `a[s] = noise + 0.5 a[s − 50] − 0.1 a[s − 33]`, times `amplitude`.
///
/// # Errors
/// More than 2²⁸ steps, which would take gigabytes.
pub fn autocorrelation_two_lags(length: usize, amplitude: f64, seed: u32) -> Result<Vec<f64>> {
    const START: usize = 50;
    let mut values = RandomState::new(seed).randn(length.saturating_add(START))?;
    values[..START].fill(100.0);
    for step in START..values.len() {
        values[step] += 0.5 * values[step - 50];
        values[step] += -0.1 * values[step - 33];
    }
    Ok(values[START..].iter().map(|value| value * amplitude).collect())
}

/// Noise that remembers its last value: `a[s] = noise + 0.8 a[s − 1]`, times `amplitude`.
///
/// # Errors
/// More than 2²⁸ steps, which would take gigabytes.
pub fn autocorrelation_ar1(length: usize, amplitude: f64, seed: u32) -> Result<Vec<f64>> {
    let mut values = RandomState::new(seed).randn(length.saturating_add(1))?;
    for step in 1..values.len() {
        values[step] += 0.8 * values[step - 1];
    }
    Ok(values[1..].iter().map(|value| value * amplitude).collect())
}

/// Gives a series a memory: from the first step to the last, and for each `(lag, φ)` in turn, `a[s] += φ a[s − lag]`
/// with what is already changed.
///
/// The very first value is never fed back, as in the course: only steps *after* `lag` take part.
///
/// # Errors
/// A lag of 0.
pub fn autocorrelate(source: &[f64], lags: &[(usize, f64)]) -> Result<Vec<f64>> {
    if lags.iter().any(|&(lag, _)| lag == 0) {
        return Err(Error::argument("a lag is 0, expected 1 step or more"));
    }
    let mut values = source.to_vec();
    for step in 0..values.len() {
        for &(lag, phi) in lags {
            if step > lag {
                values[step] += phi * values[step - lag];
            }
        }
    }
    Ok(values)
}

/// A flat line with `count` impulses of uniform height below `amplitude` at random steps; those that meet add up.
///
/// The course's function draws 10 whatever it is asked for.
///
/// # Errors
/// Impulses in a series of no steps; more than 2²⁸ steps or impulses, which would take gigabytes.
pub fn impulses(length: usize, count: usize, amplitude: f64, seed: u32) -> Result<Vec<f64>> {
    check_count("steps", length)?;
    check_count("impulses", count)?;
    let steps = u32::try_from(length).map_err(|cause| Error::argument(format!("a series of {length} steps is too long")).source(cause))?;
    let mut random = RandomState::new(seed);
    let places: Vec<u32> = (0..count).map(|_| random.randint(steps)).collect::<Result<_>>().map_err(|error| error.context("impulses"))?;
    let mut values = vec![0.0; length];
    for place in places {
        values[place as usize] += random.random_sample() * amplitude;
    }
    Ok(values)
}

/// A series that goes on as another from step `at`.
///
/// The course's change of regime, a season that nearly dies while the trend turns:
///
/// ```
/// use practicum_timeseries::synth::{self, Pattern};
///
/// let time: Vec<f64> = synth::time(1461)?;
/// let regime =
///     |memory: f64, height: f64, slope: f64, level: f64| -> practicum_core::Result<Vec<f64>> {
///         let noise = synth::autocorrelation_ar1(time.len(), memory, 42)?;
///         let season = synth::seasonality(&time, Pattern::P1, 50, height, 0.0)?;
///         let trend = synth::trend(&time, slope);
///         Ok(noise
///             .iter()
///             .zip(season)
///             .zip(trend)
///             .map(|((noise, season), trend)| noise + season + trend + level)
///             .collect())
///     };
/// let series =
///     synth::regime_change(&regime(10.0, 150.0, 2.0, 0.0)?, &regime(5.0, 2.0, -1.0, 550.0)?, 200)?;
/// assert_eq!(format!("{:.6} {:.6}", series[0], series[200]), "152.591070 351.122903");
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// Series of different lengths, and a step outside of them.
pub fn regime_change<T: Real>(before: &[T], after: &[T], at: usize) -> Result<Vec<T>> {
    if before.len() != after.len() {
        return Err(Error::shape(format!("one regime has {} steps, the other {}: expected the same number", before.len(), after.len())));
    }
    if at >= before.len() {
        return Err(Error::argument(format!("the regime changes at step {at}, expected one of the {} of the series", before.len())));
    }
    Ok([&before[..at], &after[at..]].concat())
}

/// A series of the course: `baseline + trend + season + noise`, in `f32` as there.
///
/// The four that the course uses are constants, and are known by their letters to [`str::parse`]. Change a field to
/// make another:
///
/// ```
/// use practicum_timeseries::synth::SeriesSpec;
///
/// let mut quiet = SeriesSpec::A;
/// quiet.noise_level = 0.0;
/// assert_eq!(quiet.generate()?[0], 50.0);
/// assert!("E".parse::<SeriesSpec>().is_err());
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesSpec {
    /// The number of steps.
    pub length: usize,
    /// What the whole series stands on.
    pub baseline: f64,
    /// The rise of the trend in a step.
    pub slope: f64,
    /// The height of the season.
    pub amplitude: f64,
    /// The shape of the season.
    pub pattern: Pattern,
    /// The steps of a season.
    pub period: u32,
    /// The standard deviation of the noise.
    pub noise_level: f64,
    /// The noise's seed.
    pub seed: u32,
    /// The first step of the validation part.
    pub split: usize,
}

impl SeriesSpec {
    /// The series of most labs.
    pub const A: Self = Self {
        length: 1461,
        baseline: 10.0,
        slope: 0.05,
        amplitude: 40.0,
        pattern: Pattern::P1,
        period: 365,
        noise_level: 5.0,
        seed: 42,
        split: 1000,
    };

    /// The first week's exercise.
    pub const B: Self = Self { slope: 0.01, pattern: Pattern::P2, noise_level: 2.0, split: 1100, ..Self::A };

    /// The second and third weeks' exercises.
    pub const C: Self = Self { length: 3651, slope: 0.005, pattern: Pattern::P3, noise_level: 3.0, seed: 51, split: 3000, ..Self::A };

    /// The second week's third lab in its later form.
    pub const D: Self = Self { slope: 0.09, amplitude: 20.0, ..Self::A };

    /// The series.
    ///
    /// Each part is rounded to `f32`, and so is each sum; the noise is drawn in `f64`, and added before the rounding.
    /// NumPy's own `float32` cosine and exponential are a little less exact than these, and differ between processors:
    /// about one value in twenty differs from NumPy's in its last bit.
    ///
    /// # Errors
    /// A length or period of 0, more than 2²⁸ steps, and values that are not finite.
    pub fn generate(&self) -> Result<Vec<f32>> {
        if self.length == 0 {
            return Err(Error::argument("the series has a length of 0, expected 1 step or more"));
        }
        let time: Vec<f32> = time(self.length)?;
        let trend = trend(&time, self.slope);
        let season = seasonality(&time, self.pattern, self.period, self.amplitude, 0.0)?;
        let noise = white_noise(self.length, self.noise_level, self.seed)?;
        let baseline = self.baseline as f32;
        let parts = trend.into_iter().zip(season).zip(noise);
        let series: Vec<f32> = parts.map(|((trend, season), noise)| (f64::from(baseline + trend + season) + noise) as f32).collect();
        check_finite("the series", &series)?;
        Ok(series)
    }
}

impl FromStr for SeriesSpec {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "A" => Ok(Self::A),
            "B" => Ok(Self::B),
            "C" => Ok(Self::C),
            "D" => Ok(Self::D),
            _ => Err(Error::unknown("series", name, ["A", "B", "C", "D"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_requests_say_why() {
        assert!(seasonality(&[0.0], Pattern::P1, 0, 1.0, 0.0).unwrap_err().is_argument());
        assert!(autocorrelate(&[1.0], &[(1, 0.5), (0, 0.5)]).unwrap_err().is_argument());
        assert!(impulses(0, 1, 1.0, 42).unwrap_err().is_argument());
        assert!(regime_change(&[1.0], &[1.0, 2.0], 0).unwrap_err().is_shape());
        assert!(regime_change(&[1.0], &[2.0], 1).unwrap_err().is_argument());
        assert!("a".parse::<SeriesSpec>().unwrap_err().is_unknown());
        assert!(SeriesSpec { length: 0, ..SeriesSpec::A }.generate().unwrap_err().is_argument());
        assert!(SeriesSpec { period: 0, ..SeriesSpec::A }.generate().unwrap_err().is_argument());
        assert!(SeriesSpec { slope: f64::NAN, ..SeriesSpec::A }.generate().unwrap_err().is_data());
    }

    #[test]
    fn seasons_repeat_and_shift() {
        let time: Vec<f64> = time(20).unwrap();
        let season = seasonality(&time, Pattern::P2, 10, 3.0, 0.0).unwrap();
        assert_eq!(season[..10], season[10..]);
        let shifted = seasonality(&time, Pattern::P2, 10, 3.0, 4.0).unwrap();
        assert_eq!(shifted[..16], season[4..]);
        assert_eq!(season[0], 3.0);
    }
}
