//! Days since 1970 and the calendar.

use jiff::SignedDuration;
use jiff::civil::Date;

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
    fn days_count_both_ways() {
        assert_eq!((civil(0), days_since_1970(EPOCH)), (EPOCH, 0));
        assert!((-700_000..2_900_000).step_by(97).all(|days| days_since_1970(civil(days)) == days));
        assert_eq!((civil(i64::MIN), civil(i64::MAX)), (Date::MIN, Date::MAX));
    }
}
