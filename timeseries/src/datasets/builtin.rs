//! Series that code makes, to stand in for observed ones: the same length, dates, range and character.
//!
//! ```
//! use practicum_timeseries::datasets::builtin;
//!
//! let spots = builtin::sunspots()?;
//! assert_eq!(spots.len(), 3235);
//! assert!(spots.values()?.iter().all(|spots| *spots >= 0.0));
//! # Ok::<(), practicum_core::Error>(())
//! ```

use std::f64::consts::PI;

use practicum_core::Result;

use crate::numpy::RandomState;
use crate::{Date, Series};

const MONTHS: usize = 3235;
const YEARS: u16 = 10;
const DAYS_OF_YEAR: usize = 365;

/// Like the [sunspots](super::sunspots): cycles of nine to fourteen years and of all heights, which rise faster than they
/// fall (the shape of Hathaway, Wilson and Reichmann 1994), and noise that grows with the root of their height.
///
/// # Errors
/// None in practice.
pub fn sunspots() -> Result<Series> {
    let mut random = RandomState::new(1757);
    let activity = cycles(&mut random);
    let mut noise = 0.0;
    let mut spots = Vec::with_capacity(MONTHS);
    for level in activity {
        noise = 0.35 * noise + random.standard_normal();
        spots.push(to_tenth((level + noise * (1.9 * level.sqrt() + 1.5)).max(0.0)));
    }
    let first = Date::new(1749, 1, 31)?;
    let dates = (0..MONTHS).map(|month| first.add_months(month as i64)).collect::<Result<Vec<Date>>>()?;
    Series::new(spots)?.named("sunspots").with_dates(dates)
}

/// The height of all cycles in each month; where one ends, the next has begun.
fn cycles(random: &mut RandomState) -> Vec<f64> {
    let mut activity = vec![0.0; MONTHS];
    let mut start = -40.0;
    while start < MONTHS as f64 {
        let length = (132.0 + 18.0 * random.standard_normal()).clamp(105.0, 170.0);
        let height = 95.0 + 300.0 * random.random_sample();
        // High cycles rise faster.
        let rise = length * (0.44 - 0.000_66 * (height - 245.0));
        for (month, activity) in activity.iter_mut().enumerate() {
            let since = (month as f64 - start) / rise;
            if since > 0.0 && since * rise < 1.25 * length {
                *activity += height / 0.8 * since.powi(3) / ((since * since).exp() - 0.71);
            }
        }
        start += length;
    }
    activity
}

/// Like the [temperatures](super::temps): a wave over the year, warmest at the end of January, and weather that lasts for
/// some days.
///
/// # Errors
/// None in practice.
pub fn temps() -> Result<Series> {
    let mut random = RandomState::new(1981);
    let (mut weather, mut temps, mut dates) = (0.0, Vec::new(), Vec::new());
    for year in 1981..1981 + YEARS {
        let mut day = Date::new(year, 1, 1)?;
        for of_year in 0..DAYS_OF_YEAR {
            weather = 0.58 * weather + 2.2 * random.standard_normal();
            let season = 11.2 + 4.1 * (2.0 * PI * (of_year as f64 - 28.0) / DAYS_OF_YEAR as f64).cos();
            temps.push(to_tenth((season + weather).max(0.0)));
            dates.push(day);
            day = day.add_seconds(86_400)?;
            if (day.month(), day.day()) == (2, 29) {
                day = day.add_seconds(86_400)?;
            }
        }
    }
    Series::new(temps)?.named("temperature").with_dates(dates)
}

fn to_tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::naive;
    use crate::correlate::autocorrelation;
    use crate::metrics::mae;

    fn facts(series: &Series, split: usize) -> (f64, f64, f64, f64) {
        let values = series.values().unwrap();
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        let naive = mae(&values[split..], &naive(values, split).unwrap()).unwrap();
        (values.iter().sum::<f64>() / values.len() as f64, low, high, naive)
    }

    /// The observed ones: a mean of 82.5, from 0 to 398.2, naive 16.14; 11.18, from 0 to 26.3, naive 2.01.
    #[test]
    fn they_are_like_the_observed_ones() {
        let spots = sunspots().unwrap();
        let (mean, low, high, naive) = facts(&spots, 3000);
        assert!((70.0..95.0).contains(&mean) && low == 0.0 && (300.0..420.0).contains(&high), "{mean} {low} {high}");
        assert!((14.0..20.0).contains(&naive), "{naive}");
        let correlogram = autocorrelation(spots.values().unwrap(), 140).unwrap();
        assert!(correlogram.values[1] > 0.9 && correlogram.values[66] < -0.3 && correlogram.values[132] > 0.3);
        let dates = spots.dates().unwrap();
        assert_eq!((dates[0].to_string(), dates[3234].to_string()), ("1749-01-31".into(), "2018-07-31".into()));

        let temps = temps().unwrap();
        let (mean, low, high, naive) = facts(&temps, 2500);
        assert!((11.0..11.5).contains(&mean) && low >= 0.0 && (22.0..27.0).contains(&high), "{mean} {low} {high}");
        assert!((1.8..2.2).contains(&naive), "{naive}");
        let dates = temps.dates().unwrap();
        assert_eq!((dates.len(), dates[3649].to_string()), (3650, "1990-12-31".into()));
    }
}
