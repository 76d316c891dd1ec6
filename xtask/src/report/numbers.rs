//! Numbers and times as people write them.

use jiff::Timestamp;
use practicum_core::plot::labels::{fixed, grouped, scientific};

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

/// A measured number under its name: epochs are counted.
pub(super) fn of_metric(name: &str, value: f64) -> String {
    if name.ends_with("epoch") && value.fract() == 0.0 { fixed(value, 0) } else { measured(value) }
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

/// A probability in per cent; only a certain one reads 100 %, only an impossible one 0 %.
pub(crate) fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if rounded >= 100.0 && share < 1.0 {
        "> 99 %".to_owned()
    } else if rounded <= 0.0 && share > 0.0 {
        "< 1 %".to_owned()
    } else {
        format!("{rounded:.0} %")
    }
}

/// `1 epoch`, `1,200 epochs`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (measured(0.87544), "0.8754"),
            (measured(18.98123), "18.9812"),
            (measured(3.214e-5), "3.21×10⁻⁵"),
            (measured(400_000.5), "400,000.5"),
            (measured(36.0), "36"),
            (measured(1.0), "1.0000"),
            (measured(f64::NAN), "not a number"),
            (measured(f64::NEG_INFINITY), "−∞"),
            (of_metric("best_epoch", 1.0), "1"),
            (of_metric("seconds_per_epoch", 0.25), "0.2500"),
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
