//! Dates and times of day as a wall clock shows them: no time zones, no leap seconds.

use std::fmt;
use std::str::FromStr;

use practicum_core::{Error, Result};

const DAY: i64 = 86_400;

/// A day of the Gregorian calendar with a time of day, to the second, of the years 0 to 9999.
///
/// ```
/// use practicum_timeseries::Date;
///
/// let date: Date = "1981-01-31".parse()?;
/// assert_eq!(date, Date::new(1981, 1, 31)?);
/// assert_eq!(date.add_months(1)?.to_string(), "1981-02-28");
/// assert_eq!(Date::parse("31/01/1981 18:30", "%d/%m/%Y %H:%M")?.to_string(), "1981-01-31T18:30:00");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Seconds since the beginning of 1970.
    seconds: i64,
}

/// The parts of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Date {
    /// The beginning of a day; months and days count from 1.
    ///
    /// # Errors
    /// A day that does not exist, and years above 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self> {
        Self::of(Parts { year: year.into(), month: month.into(), day: day.into(), hour: 0, minute: 0, second: 0 })
    }

    /// The same day at a time of day.
    ///
    /// # Errors
    /// A time that does not exist.
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Result<Self> {
        Self::of(Parts { hour: hour.into(), minute: minute.into(), second: second.into(), ..self.parts() })
    }

    /// Reads a date in a given form: `%Y` is the year in four digits, `%m` the month, `%d` the day, `%b` the English
    /// name of the month or its first three letters, `%H`, `%M` and `%S` the hour of 24, the minute and the second; all
    /// else stands for itself. What the form leaves out is the first: the first month, the first day, midnight.
    ///
    /// # Errors
    /// A text of another form, a day that does not exist, and a form that this does not know.
    pub fn parse(text: &str, format: &str) -> Result<Self> {
        Self::read(text, format)?.ok_or_else(|| Error::format(format!("`{text}` is not a date of the form `{format}`")))
    }

    /// `None` where the text has another form.
    pub(crate) fn read(text: &str, format: &str) -> Result<Option<Self>> {
        let mut parts = Parts { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
        let mut rest = text;
        let mut form = format.chars();
        while let Some(expected) = form.next() {
            if expected != '%' {
                match rest.strip_prefix(expected) {
                    Some(after) => rest = after,
                    None => return Ok(None),
                }
                continue;
            }
            let directive = form.next().unwrap_or('%');
            let (part, digits) = match directive {
                'Y' => (&mut parts.year, 4),
                'm' | 'b' => (&mut parts.month, 2),
                'd' => (&mut parts.day, 2),
                'H' => (&mut parts.hour, 2),
                'M' => (&mut parts.minute, 2),
                'S' => (&mut parts.second, 2),
                _ => {
                    return Err(Error::argument(format!("the date format `{format}` has %{directive}"))
                        .hint("what it may have is %Y %m %b %d %H %M %S"));
                }
            };
            let read = if directive == 'b' { month_name(rest) } else { number(rest, digits) };
            let Some((value, after)) = read else { return Ok(None) };
            *part = value;
            rest = after;
        }
        if rest.is_empty() { Self::of(parts).map(Some) } else { Ok(None) }
    }

    fn of(parts: Parts) -> Result<Self> {
        let Parts { year, month, day, hour, minute, second } = parts;
        let wrong = |what: &str, value: i64, least: i64, most: i64| {
            let error = || Error::argument(format!("the {what} is {value}, expected {least} to {most}"));
            if (least..=most).contains(&value) { Ok(()) } else { Err(error()) }
        };
        wrong("year", year, 0, 9999)?;
        wrong("month", month, 1, 12)?;
        wrong("hour", hour, 0, 23)?;
        wrong("minute", minute, 0, 59)?;
        wrong("second", second, 0, 59)?;
        let last = days_in(year, month);
        if !(1..=last).contains(&day) {
            return Err(Error::argument(format!("the day is {day}, expected 1 to {last} in month {month} of {year}")));
        }
        Ok(Self { seconds: days_since_1970(year, month, day) * DAY + hour * 3600 + minute * 60 + second })
    }

    fn parts(self) -> Parts {
        let (year, month, day) = civil(self.seconds.div_euclid(DAY));
        let second = self.seconds.rem_euclid(DAY);
        Parts { year, month, day, hour: second / 3600, minute: second / 60 % 60, second: second % 60 }
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.parts().year as u16
    }

    /// The month, from 1.
    pub fn month(self) -> u8 {
        self.parts().month as u8
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.parts().day as u8
    }

    /// The hour, minute and second of the day.
    pub fn time(self) -> (u8, u8, u8) {
        let parts = self.parts();
        (parts.hour as u8, parts.minute as u8, parts.second as u8)
    }

    /// Seconds from the beginning of 1970, negative before.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The date so many seconds later.
    ///
    /// # Errors
    /// A date outside the years 0 to 9999.
    pub fn add_seconds(self, seconds: i64) -> Result<Self> {
        let seconds = self.seconds.checked_add(seconds).filter(|seconds| (-62_167_219_200..253_402_300_800).contains(seconds));
        seconds.map(|seconds| Self { seconds }).ok_or_else(|| Error::argument(format!("a date behind {self} leaves the years 0 to 9999")))
    }

    /// The same day so many months later, or the last of that month where it is shorter.
    ///
    /// # Errors
    /// A date outside the years 0 to 9999.
    pub fn add_months(self, months: i64) -> Result<Self> {
        let day = self.parts().day;
        self.in_month(months, day)
    }

    /// The given day so many months later, or the last of that month where it is shorter.
    pub(crate) fn in_month(self, months: i64, day: i64) -> Result<Self> {
        let parts = self.parts();
        let left = || Error::argument(format!("a date behind {self} leaves the years 0 to 9999"));
        let month = self.months().checked_add(months).ok_or_else(left)?;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        if !(0..=9999).contains(&year) {
            return Err(left());
        }
        Self::of(Parts { year, month, day: day.min(days_in(year, month)), ..parts })
    }

    /// Months since the beginning of the year 0.
    pub(crate) fn months(self) -> i64 {
        let parts = self.parts();
        parts.year * 12 + parts.month - 1
    }

    /// Whether it is the last day of its month.
    pub(crate) fn ends_month(self) -> bool {
        let parts = self.parts();
        parts.day == days_in(parts.year, parts.month)
    }
}

/// The forms that are understood without being told: those of ISO 8601.
const ISO: [&str; 7] = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m", "%Y"];

/// Reads ISO 8601: `1981-01-31`, with or without a time behind `T` or a space, `1981-01`, `1981`.
impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        for format in ISO {
            if let Some(date) = Self::read(text, format)? {
                return Ok(date);
            }
        }
        Err(Error::format(format!("`{text}` is not a date of ISO 8601, such as 1981-01-31 or 1981-01-31T18:30:00"))
            .hint("say what form your dates have, such as `%d/%m/%Y`"))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { year, month, day, hour, minute, second } = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        if (hour, minute, second) != (0, 0, 0) {
            write!(f, "T{hour:02}:{minute:02}:{second:02}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A number at the beginning of the text, and what stands behind it. A year has all its digits; other parts may have fewer.
fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    if length == 0 || (digits == 4 && length < 4) {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

fn month_name(text: &str) -> Option<(i64, &str)> {
    const NAMES: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = text[..length].to_ascii_lowercase();
    let month = (1..).zip(NAMES).find(|(_, known)| name == *known || name == known[..3])?.0;
    Some((month, &text[length..]))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Years are counted from March here, so that a leap day is a year's last, in eras of 400 years, which have as many
/// days each (H. Hinnant, *chrono-compatible low-level date algorithms*).
const ERA: i64 = 146_097;
/// Days from the first of March of the year 0 to the beginning of 1970.
const TO_1970: i64 = 719_468;

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_1970
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + TO_1970;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_there_and_back() {
        let mut date = Date::new(1899, 12, 31).unwrap();
        for _ in 0..60_000 {
            let next = date.add_seconds(DAY).unwrap();
            let (a, b) = (date.parts(), next.parts());
            assert_eq!(Date::of(b).unwrap(), next);
            assert!(b.day == a.day + 1 || (b.day == 1 && date.ends_month()), "{date} {next}");
            date = next;
        }
        assert_eq!(Date::new(1970, 1, 1).unwrap().seconds(), 0);
        assert_eq!(Date::new(2000, 3, 1).unwrap().seconds(), 951_868_800);
        assert!(Date::new(0, 1, 1).unwrap().add_seconds(-1).is_err());
        assert!(Date::new(9999, 12, 31).unwrap().at(23, 59, 59).unwrap().add_seconds(1).is_err());
        assert!(Date::new(9999, 12, 31).unwrap().add_seconds(i64::MAX).is_err());
        assert!(Date::new(9999, 12, 31).unwrap().add_months(i64::MAX).is_err());
    }

    #[test]
    fn months_keep_their_day_where_they_can() {
        let date = Date::new(2023, 11, 30).unwrap();
        assert_eq!(date.add_months(3).unwrap().to_string(), "2024-02-29");
        assert_eq!(date.add_months(-12).unwrap().to_string(), "2022-11-30");
    }

    #[test]
    fn forms() {
        let date = |text: &str, format: &str| Date::parse(text, format).map(|date| date.to_string()).map_err(|error| error.to_string());
        assert_eq!(date("1/2/2020", "%d/%m/%Y").unwrap(), "2020-02-01");
        assert_eq!(date("Jan 5, 2020", "%b %d, %Y").unwrap(), "2020-01-05");
        assert_eq!(date("5 september 2020", "%d %b %Y").unwrap(), "2020-09-05");
        assert!(date("2020-01-05x", "%Y-%m-%d").unwrap_err().contains("not a date of the form"));
        assert!(date("20-01-05", "%Y-%m-%d").unwrap_err().contains("not a date of the form"));
        assert!(date("2020-02-30", "%Y-%m-%d").unwrap_err().contains("the day is 30, expected 1 to 29"));
        assert!(date("2020-13-01", "%Y-%m-%d").unwrap_err().contains("the month is 13"));
        assert!(date("2020", "%y").unwrap_err().contains("%Y %m %b %d"));
        assert!(date("2020", "%Y%").is_err());
        assert_eq!("1749-01".parse::<Date>().unwrap().to_string(), "1749-01-01");
        assert_eq!("2020-05-06 07:08".parse::<Date>().unwrap().time(), (7, 8, 0));
        assert!("05/06/2020".parse::<Date>().unwrap_err().to_string().contains("%d/%m/%Y"));
    }
}
