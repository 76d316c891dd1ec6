//! Numbers and times as people write them.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

/// An integer with its thousands set apart: `101,770`.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with `decimals` places, its thousands set apart, and a true minus sign.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let sign = if value < 0.0 && plain.contains(|c: char| c.is_ascii_digit() && c != '0') { "−" } else { "" };
    match whole.parse() {
        Ok(whole) => format!("{sign}{}{rest}", grouped(whole)),
        Err(_) => format!("{sign}{plain}"),
    }
}

/// A measured number: four decimals as Keras prints them, fewer where it is large, powers of ten where it is tiny or huge, none
/// where it counts something.
pub(crate) fn measured(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => not_finite(value),
        0.0 => "0".to_owned(),
        size if !(1e-3..1e9).contains(&size) => scientific(value, 2),
        size if size >= 2.0 && size.fract() == 0.0 => fixed(value, 0),
        size if size >= 1000.0 => fixed(value, 1),
        size if size >= 100.0 => fixed(value, 2),
        _ => fixed(value, 4),
    }
}

/// A number that is held against a bound: digits enough to see on which side of it it lies.
pub(super) fn exact(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => not_finite(value),
        0.0 => "0".to_owned(),
        size if !(1e-3..1e9).contains(&size) => scientific(value, 5),
        _ => {
            let digits = fixed(value, 6);
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

fn not_finite(value: f64) -> String {
    if value.is_nan() { "not a number".to_owned() } else { if value > 0.0 { "∞" } else { "−∞" }.to_owned() }
}

/// `3.21×10⁻⁵`, with `decimals` places before the power.
pub(super) fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    format!("{}×{}", mantissa.replace('-', "−"), power_of_ten(exponent.parse().unwrap_or(0)))
}

/// `10⁻⁵`
pub(super) fn power_of_ten(exponent: i32) -> String {
    let digits = exponent.to_string();
    let raised = digits.chars().map(|c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => char::from_u32('⁰' as u32 + other as u32 - '0' as u32).unwrap_or(other),
    });
    format!("10{}", raised.collect::<String>())
}

/// A probability in per cent; only a certain one reads 100 %, only an impossible one 0 %.
pub(super) fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if rounded >= 100.0 && share < 1.0 {
        "> 99 %".to_owned()
    } else if rounded <= 0.0 && share > 0.0 {
        "< 1 %".to_owned()
    } else {
        format!("{rounded:.0} %")
    }
}

/// A span of wall-clock time, in the unit that suits it.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        s if !s.is_finite() || s < 0.0 => "–".to_owned(),
        s if s < 0.000_999_5 => format!("{:.0} µs", s * 1e6),
        s if s < 0.999_5 => format!("{:.0} ms", s * 1e3),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 59.5 => format!("{s:.0} s"),
        s if s < 3599.5 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The date and time of day in UTC, `2026-11-24 04:30 UTC`, of seconds since 1970-01-01.
pub(super) fn date(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| "–".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The date `days` after 1970-01-01; the first or last of the calendar where it leaves that.
pub(super) fn civil(days: i64) -> Date {
    EPOCH.saturating_add(SignedDuration::from_hours(days.clamp(-10_000_000, 10_000_000) * 24))
}

/// How many days after 1970-01-01 a date is.
pub(super) fn days_since_1970(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (grouped(101_770), "101,770"),
            (grouped(7), "7"),
            (grouped(1_000_000), "1,000,000"),
            (fixed(-1234.56, 1), "−1,234.6"),
            (fixed(-0.01, 1), "0.0"),
            (measured(0.87544), "0.8754"),
            (measured(18.98123), "18.9812"),
            (measured(3.214e-5), "3.21×10⁻⁵"),
            (measured(400_000.5), "400,000.5"),
            (measured(36.0), "36"),
            (measured(1.0), "1.0000"),
            (measured(f64::NAN), "not a number"),
            (measured(f64::NEG_INFINITY), "−∞"),
            (exact(0.864_97), "0.86497"),
            (exact(19.0), "19"),
            (exact(-0.5), "−0.5"),
            (percent(0.612), "61 %"),
            (percent(0.9999), "> 99 %"),
            (percent(1.0), "100 %"),
            (percent(0.0001), "< 1 %"),
            (percent(0.0), "0 %"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn days_count_both_ways() {
        assert_eq!((civil(0), days_since_1970(EPOCH)), (EPOCH, 0));
        assert!((-700_000..2_900_000).step_by(97).all(|days| days_since_1970(civil(days)) == days));
        assert_eq!((civil(i64::MIN), civil(i64::MAX)), (Date::MIN, Date::MAX));
    }

    #[test]
    fn times_read_well() {
        let cases = [
            (duration(0.000_004), "4 µs"),
            (duration(0.0123), "12 ms"),
            (duration(0.9999), "1.0 s"),
            (duration(4.21), "4.2 s"),
            (duration(59.7), "1 min 00 s"),
            (duration(125.0), "2 min 05 s"),
            (duration(3780.0), "1 h 03 min"),
            (duration(f64::NAN), "–"),
            (date(0), "1970-01-01 00:00 UTC"),
            (date(951_782_400), "2000-02-29 00:00 UTC"),
            (date(1_795_494_659), "2026-11-24 04:30 UTC"),
            (date(4_107_542_399), "2100-02-28 23:59 UTC"),
            (date(4_107_542_400), "2100-03-01 00:00 UTC"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
    }
}
