//! From values to positions on an axis, and the ticks that label it.

use jiff::civil::Date;

use super::days::{civil, days_since_1970};
use super::labels::{fixed, power_of_ten, scientific};

/// How values spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal ratios; values that are not positive have no position.
    Log,
    /// Equal steps, with ticks at whole numbers only, as for epochs.
    Whole,
    /// Days since 1970-01-01, with ticks at the beginning of years or months; at days or minutes where they are few.
    Dates,
}

/// A labelled axis.
///
/// ```
/// use practicum_core::plot::{Axis, Scale};
///
/// let epochs = Axis::new("Epoch", Scale::Whole);
/// let rate = Axis::new("Learning rate", Scale::Log).limits((1e-6, 1e-1));
/// assert_eq!(rate.scale(), Scale::Log);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub(super) label: String,
    scale: Scale,
    limits: Option<(f64, f64)>,
}

impl Axis {
    /// An axis over all of the data; the label says the quantity and its unit.
    pub fn new(label: &str, scale: Scale) -> Self {
        Self { label: label.to_owned(), scale, limits: None }
    }

    /// Shows what lies between two values alone. They are left out where they are no limits: not finite, not ascending, or on a
    /// logarithmic axis not positive. `None` shows all of the data.
    #[must_use]
    pub fn limits(self, limits: impl Into<Option<(f64, f64)>>) -> Self {
        Self { limits: limits.into(), ..self }
    }

    /// How values spread along it.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Its ends, from the `values`, which may hold what is not finite.
    pub(super) fn place(&self, values: impl Iterator<Item = f64>) -> Placed {
        let log = self.scale == Scale::Log;
        let (mut low, mut high) = values
            .map(|value| if log { value.log10() } else { value })
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if let Some((from, to)) = self.limits.map(|(a, b)| if log { (a.log10(), b.log10()) } else { (a, b) })
            && from.is_finite()
            && to.is_finite()
            && from < to
        {
            return Placed { scale: self.scale, low: from, high: to };
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let room = match (high - low, self.scale) {
            // A constant stands in the middle of its axis.
            (span, Scale::Whole) if span < 1.0 => 0.5,
            (span, Scale::Log) if span < 1e-9 => 0.5,
            (span, Scale::Linear) if span <= low.abs().max(high.abs()) * 1e-9 => (low.abs() * 0.1).max(1e-3),
            (span, Scale::Dates) if span <= 0.0 => 0.5,
            (_, Scale::Whole | Scale::Dates) => 0.0,
            (span, _) => span * 0.04,
        };
        let most = if log { f64::MAX.log10() } else { f64::MAX };
        Placed { scale: self.scale, low: low - room, high: (high + room).min(most) }
    }
}

/// What is at least as long, in days, has two beginnings of months in it.
const TWO_MONTHS: f64 = 62.0;

/// An axis with its ends known; on a logarithmic one they are exponents of ten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    scale: Scale,
    low: f64,
    high: f64,
}

/// A mark on an axis: where, from 0 to 1, and what it says.
pub(super) type Tick = (f64, String);

impl Placed {
    /// The position of a value, 0 at the low end and 1 at the high one.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        let value = if self.scale == Scale::Log { value.log10() } else { value };
        value.is_finite().then(|| (value - self.low) / (self.high - self.low))
    }

    /// About `wanted` ticks at round values.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match self.scale {
            Scale::Log => self.log_ticks(wanted),
            Scale::Dates if self.high - self.low < TWO_MONTHS => self.time_ticks(wanted),
            Scale::Dates => self.date_ticks(wanted),
            Scale::Linear | Scale::Whole => self.even_ticks(self.low, self.high, wanted),
        }
    }

    fn even_ticks(&self, low: f64, high: f64, wanted: usize) -> Vec<Tick> {
        let rough = (high - low) / wanted.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0].into_iter().map(|m| m * power).find(|&step| step >= rough * 0.999).unwrap_or(10.0 * power);
        let step = if self.scale == Scale::Whole { step.max(1.0) } else { step };
        let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
        if !step.is_finite() || step <= 0.0 || last - first > 100.0 {
            return Vec::new();
        }
        let largest = low.abs().max(high.abs());
        let decimals = (-(step * 1.001).log10().floor()).clamp(0.0, 12.0) as usize;
        let write = |value: f64| {
            if !(1e-3..1e7).contains(&largest) {
                if value == 0.0 { "0".to_owned() } else { short_scientific(value, step) }
            } else {
                fixed(value, decimals)
            }
        };
        (0..=(last - first).max(-1.0) as i64)
            .map(|index| (first + index as f64) * step)
            .filter_map(|value| Some((self.at(value)?.clamp(0.0, 1.0), write(value))))
            .collect()
    }

    /// The first days of years, or of months where they are few.
    fn date_ticks(&self, wanted: usize) -> Vec<Tick> {
        const MONTHS: [i64; 13] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000];
        let month_of = |day: f64| {
            let date = civil(day.clamp(-7e5, 2.9e6) as i64);
            i64::from(date.year()) * 12 + i64::from(date.month()) - 1
        };
        let (first, last) = (month_of(self.low), month_of(self.high) + 1);
        let rough = (last - first) / wanted.max(1) as i64;
        let step = MONTHS.into_iter().find(|step| *step > rough).unwrap_or(12_000);
        let label = |month: i64| {
            let year = month.div_euclid(12);
            if step >= 12 { year.to_string() } else { format!("{year}-{:02}", month.rem_euclid(12) + 1) }
        };
        (first.div_euclid(step)..=last.div_euclid(step))
            .map(|index| index * step)
            .filter_map(|month| {
                let first = Date::new(month.div_euclid(12).try_into().ok()?, month.rem_euclid(12) as i8 + 1, 1).ok()?;
                Some((self.at(days_since_1970(first) as f64)?, label(month)))
            })
            .filter(|(place, _)| (0.0..=1.0).contains(place))
            .collect()
    }

    /// Days, or times of day where they are few.
    fn time_ticks(&self, wanted: usize) -> Vec<Tick> {
        const DAY: i64 = 24 * 60;
        const MINUTES: [i64; 14] = [1, 5, 15, 30, 60, 180, 360, 720, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 20 * DAY, 40 * DAY];
        let minute = |day: f64| day.clamp(-7e5, 2.9e6) * DAY as f64;
        let (low, high) = (minute(self.low), minute(self.high));
        let step = MINUTES.into_iter().find(|step| (high - low) / *step as f64 <= wanted as f64).unwrap_or(80 * DAY);
        let label = |minute: i64| {
            let (day, time) = (civil(minute.div_euclid(DAY)), minute.rem_euclid(DAY));
            if step >= DAY { day.to_string() } else { format!("{:02}-{:02} {:02}:{:02}", day.month(), day.day(), time / 60, time % 60) }
        };
        let (first, last) = ((low / step as f64).ceil() as i64, (high / step as f64).floor() as i64);
        (first..=last)
            .map(|index| index * step)
            .filter_map(|minute| Some((self.at(minute as f64 / DAY as f64)?, label(minute))))
            .filter(|(place, _)| (0.0..=1.0).contains(place))
            .collect()
    }

    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let span = self.high - self.low;
        if span < 1.0 {
            // Within one decade few powers fall; round values read better.
            return self.even_ticks(10_f64.powf(self.low), 10_f64.powf(self.high), wanted);
        }
        let stride = (span / wanted.max(1) as f64).ceil().max(1.0);
        let between: &[f64] = if span < 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let powers = self.low.abs().max(self.high.abs()) >= 4.5;
        let (first, last) = ((self.low / stride).floor() as i32, (self.high / stride).ceil() as i32);
        (first..=last)
            .map(|index| index * stride as i32)
            .flat_map(|exponent| between.iter().map(move |&times| (exponent, times)))
            .map(|(exponent, times)| {
                let label = match (powers, times) {
                    (true, 1.0) => power_of_ten(exponent),
                    (true, _) => scientific(times * 10_f64.powi(exponent), 0),
                    (false, _) => fixed(times * 10_f64.powi(exponent), (-exponent).max(0) as usize),
                };
                ((f64::from(exponent) + times.log10() - self.low) / span, label)
            })
            .filter(|(place, _)| (-1e-9..=1.0 + 1e-9).contains(place))
            .collect()
    }
}

/// `value` with the digits that tell it from its neighbours one `step` away.
fn short_scientific(value: f64, step: f64) -> String {
    let digits = value.abs().log10().floor() - (step * 1.001).log10().floor();
    scientific(value, digits.clamp(0.0, 12.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, values: &[f64]) -> Vec<String> {
        let placed = Axis::new("", scale).place(values.iter().copied());
        let ticks = placed.ticks(5);
        assert!(ticks.iter().all(|(at, _)| (-1e-6..=1.000_001).contains(at)), "{ticks:?}");
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_stand_at_round_values() {
        let cases: [(Scale, &[f64], &[&str]); 11] = [
            (Scale::Whole, &[1.0], &["1"]),
            (Scale::Whole, &[1.0, 2.0], &["1", "2"]),
            (Scale::Whole, &[1.0, 5.0], &["1", "2", "3", "4", "5"]),
            (Scale::Whole, &[1.0, 500.0], &["100", "200", "300", "400", "500"]),
            (Scale::Linear, &[0.28, 0.5], &["0.30", "0.35", "0.40", "0.45", "0.50"]),
            (Scale::Linear, &[0.0, 0.0], &["0.0000", "0.0005"]),
            (Scale::Linear, &[50_000.0, 400_000.0], &["100,000", "200,000", "300,000", "400,000"]),
            (Scale::Linear, &[1e-6, 5e-6], &["1×10⁻⁶", "2×10⁻⁶", "3×10⁻⁶", "4×10⁻⁶", "5×10⁻⁶"]),
            (Scale::Log, &[3e-5, 60.0], &["10⁻⁴", "10⁻²", "10⁰", "10²"]),
            (Scale::Log, &[0.02, 0.9], &["0.02", "0.05", "0.1", "0.2", "0.5", "1"]),
            (Scale::Log, &[2.0, 5.0], &["2", "3", "4", "5"]),
        ];
        for (scale, values, expected) in cases {
            let ticks = labels(scale, values);
            if values == [0.0, 0.0] {
                assert!(ticks.contains(&expected[0].to_owned()), "{ticks:?}");
            } else {
                assert_eq!(ticks, expected, "{scale:?} {values:?}");
            }
        }
    }

    #[test]
    fn dates_have_ticks_at_years_months_or_days() {
        let days = |year, month, day| days_since_1970(Date::constant(year, month, day)) as f64;
        let years = labels(Scale::Dates, &[days(1749, 1, 31), days(2018, 7, 31)]);
        assert_eq!(years, ["1800", "1900", "2000"]);
        assert_eq!(labels(Scale::Dates, &[days(1988, 11, 4), days(1990, 12, 31)]), ["1989-01", "1989-07", "1990-01", "1990-07"]);
        assert_eq!(
            labels(Scale::Dates, &[days(2024, 2, 27), days(2024, 3, 2)]).concat(),
            "2024-02-272024-02-282024-02-292024-03-012024-03-02"
        );
        let morning = [days(2024, 2, 29) + 0.25, days(2024, 2, 29) + 0.375];
        assert_eq!(labels(Scale::Dates, &morning), ["02-29 06:00", "02-29 07:00", "02-29 08:00", "02-29 09:00"]);
        // Any two months, and less, have ticks at which one can tell the time.
        for length in [0.01, 0.5, 3.0, 20.0, 40.0, 61.0, 62.0, 90.0, 400.0] {
            assert!((0..40).all(|first| labels(Scale::Dates, &[f64::from(first), f64::from(first) + length]).len() > 1), "{length}");
        }
    }

    #[test]
    fn no_data_makes_an_axis_still() {
        for scale in [Scale::Linear, Scale::Log, Scale::Whole, Scale::Dates] {
            assert!(!labels(scale, &[]).is_empty());
            assert!(!labels(scale, &[f64::NAN, f64::INFINITY]).is_empty());
            labels(scale, &[1e300, -1e300, 5.0]);
            labels(scale, &[1e16, 1e16 + 2.0]);
        }
        assert!(!labels(Scale::Log, &[1e308]).concat().contains("inf"));
    }

    #[test]
    fn limits_hold_where_they_can() {
        let axis = Axis::new("", Scale::Log).limits((1e-3, 1e1));
        assert_eq!(axis.place([5.0, 7.0].into_iter()).at(1e-3), Some(0.0));
        let axis = Axis::new("", Scale::Log).limits((0.0, 1e1));
        assert!(axis.place([5.0, 7.0].into_iter()).at(6.0).is_some_and(|at| (0.0..1.0).contains(&at)));
    }
}
