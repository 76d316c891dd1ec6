//! Dates and times of day as a wall clock shows them; the calendar is [jiff](https://docs.rs/jiff)'s.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use practicum_core::{Error, Result};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A day of the Gregorian calendar with a time of day, of the years 0 to 9999 and without a time zone.
///
/// It is a [`jiff::civil::DateTime`] that shows its time only where it has one, and converts from and into it.
///
/// ```
/// use practicum_timeseries::Date;
///
/// let date: Date = "1981-01-31".parse()?;
/// assert_eq!(date, Date::new(1981, 1, 31)?);
/// assert_eq!(date.add_months(1)?.to_string(), "1981-02-28");
/// assert_eq!(
///     Date::parse("31/01/1981 18:30", "%d/%m/%Y %H:%M")?.to_string(),
///     "1981-01-31T18:30:00",
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(DateTime);

/// What a text says about time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// What a wall clock shows, somewhere.
    Civil(DateTime),
    /// What a wall clock shows that is so far ahead of UTC.
    Offset(DateTime, Offset),
}

impl Date {
    /// The beginning of a day; months and days count from 1.
    ///
    /// # Errors
    /// A day that does not exist, and years above 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self> {
        let signed = |value: u8| i8::try_from(value).unwrap_or(i8::MAX);
        let date = jiff::civil::Date::new(i16::try_from(year).unwrap_or(i16::MAX), signed(month), signed(day));
        date.map(|date| Self(date.to_datetime(Time::midnight())))
            .map_err(|error| Error::argument(format!("{year:04}-{month:02}-{day:02} is not a date: {error}")))
    }

    /// The same day at a time of day.
    ///
    /// # Errors
    /// A time that does not exist.
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Result<Self> {
        let signed = |value: u8| i8::try_from(value).unwrap_or(i8::MAX);
        let time = Time::new(signed(hour), signed(minute), signed(second), 0);
        time.map(|time| Self(self.0.date().to_datetime(time)))
            .map_err(|error| Error::argument(format!("{hour:02}:{minute:02}:{second:02} is not a time of day: {error}")))
    }

    /// Reads a date in a given form.
    ///
    /// Directives are those of `strptime` as jiff has them: `%Y` the year in four digits and `%y` in two, `%m` the month,
    /// `%d` the day, `%b` the English name of the month or its first three letters, `%H`, `%M` and `%S` the hour of 24, the
    /// minute and the second, `%s` the seconds since 1970, `%j` the day of the year, `%G-W%V` the week of ISO 8601; and
    /// `Q%q` the quarter. A month, a day and a time that the form leaves out are the first. A time with an offset, such as
    /// `%z`, is what that clock shows.
    ///
    /// # Errors
    /// A text of another form, a day that does not exist, and a form without a year or with an unknown directive.
    pub fn parse(text: &str, format: &str) -> Result<Self> {
        Reading::by_format(text, format)?.civil()
    }

    /// The date and time as jiff has them.
    pub fn civil(self) -> DateTime {
        self.0
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.0.year().unsigned_abs()
    }

    /// The month, from 1.
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// The hour, minute and second of the day.
    pub fn time(self) -> (u8, u8, u8) {
        (self.0.hour().unsigned_abs(), self.0.minute().unsigned_abs(), self.0.second().unsigned_abs())
    }

    /// Seconds from the beginning of 1970, negative before.
    pub fn seconds(self) -> i64 {
        self.0.duration_since(EPOCH).as_secs()
    }

    /// The date `seconds` later.
    ///
    /// # Errors
    /// A date outside the years 0 to 9999.
    pub fn add_seconds(self, seconds: i64) -> Result<Self> {
        // jiff bounds durations by those between moments of the years 1970 to 9999: days may be more.
        let days = Span::new().try_days(seconds.div_euclid(86_400)).and_then(|days| self.0.checked_add(days));
        self.moved(days.and_then(|day| day.checked_add(SignedDuration::from_secs(seconds.rem_euclid(86_400)))))
    }

    /// The same day `months` later, or the last of that month where it is shorter.
    ///
    /// # Errors
    /// A date outside the years 0 to 9999.
    pub fn add_months(self, months: i64) -> Result<Self> {
        self.in_month(months, self.0.day())
    }

    /// The given day `months` later, or the last of that month where it is shorter.
    pub(crate) fn in_month(self, months: i64, day: i8) -> Result<Self> {
        let first = self.0.first_of_month();
        let month = Span::new().try_months(months).and_then(|months| first.checked_add(months));
        self.moved(month.and_then(|month| month.with().day(day.min(month.days_in_month())).build()))
    }

    /// The date `days` business days later, Monday to Friday. From a Saturday or Sunday, counting starts at the Friday before.
    pub(crate) fn add_business_days(self, days: i64) -> Result<Self> {
        let from_monday = i64::from(self.0.weekday().to_monday_zero_offset()).min(4);
        let to_monday = -i64::from(self.0.weekday().to_monday_zero_offset());
        let target = from_monday.saturating_add(days);
        let days = target.div_euclid(5).saturating_mul(7).saturating_add(target.rem_euclid(5)).saturating_add(to_monday);
        self.moved(Span::new().try_days(days).and_then(|days| self.0.checked_add(days)))
    }

    fn moved(self, to: Result<DateTime, jiff::Error>) -> Result<Self> {
        let date = to.ok().filter(|date| date.year() >= 0);
        date.map(Self).ok_or_else(|| Error::argument(format!("a date that far from {self} leaves the years 0 to 9999")))
    }

    /// Months since the beginning of the year 0.
    pub(crate) fn months(self) -> i64 {
        i64::from(self.0.year()) * 12 + i64::from(self.0.month()) - 1
    }

    /// Business days since Monday, 1969-12-29, of a day from Monday to Friday.
    pub(crate) fn business_days(self) -> i64 {
        let days = self.seconds().div_euclid(86_400) + 3;
        days.div_euclid(7) * 5 + days.rem_euclid(7).min(4)
    }

    pub(crate) fn is_weekend(self) -> bool {
        matches!(self.0.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// Whether it is this day of its month, or the last one where the month is shorter.
    pub(crate) fn is_day_or_last(self, day: i8) -> bool {
        self.0.day() == day.min(self.0.days_in_month())
    }
}

impl From<Date> for DateTime {
    fn from(date: Date) -> Self {
        date.0
    }
}

/// Refuses years before 0.
impl TryFrom<DateTime> for Date {
    type Error = Error;

    fn try_from(date: DateTime) -> Result<Self> {
        if date.year() < 0 {
            return Err(Error::argument(format!("the year is {}, expected 0 to 9999", date.year())));
        }
        Ok(Self(date))
    }
}

/// Reads ISO 8601: `1981-01-31` or `19810131`, with or without a time after `T` or a space, `1981-01`, `1981`, `1981-Q2`.
///
/// A time zone or an offset may follow; the date is then what that clock shows.
impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match Reading::iso(text) {
            Some(reading) => reading.civil(),
            None => Err(Error::format(format!("`{text}` is not a date of ISO 8601, such as 1981-01-31 or 1981-01-31T18:30:00"))
                .hint("say what form your dates have, such as `%d/%m/%Y`")),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.time() == Time::midnight() { self.0.date().fmt(f) } else { self.0.fmt(f) }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Reading {
    /// A text of ISO 8601, or a year with a month or a quarter, a month also as `202004`.
    pub(crate) fn iso(text: &str) -> Option<Self> {
        let Ok(pieces) = Pieces::parse(text) else {
            let compact = (text.len() == 6).then_some("%Y%m");
            return ["%Y-%m", "%Y", "%Y-Q%q", "%YQ%q"].into_iter().chain(compact).find_map(|format| Self::by_format(text, format).ok());
        };
        let date = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
        match pieces.offset() {
            // `Z` says that the offset of the clock is not known: what is shown is UTC.
            Some(PiecesOffset::Numeric(numeric)) => Some(Self::Offset(date, numeric.offset())),
            Some(_) => Some(Self::Offset(date, Offset::UTC)),
            None => Some(Self::Civil(date)),
        }
    }

    /// A text of a given form: see [`Date::parse`].
    pub(crate) fn by_format(text: &str, format: &str) -> Result<Self> {
        let (text, months) = if format.contains("%q") {
            let Some(with_month) = quarter_as_month(text) else {
                return Err(Error::format(format!("`{text}` is not a date of the form `{format}`: it has no quarter from Q1 to Q4")));
            };
            (with_month, format.replace("Q%q", "%m"))
        } else {
            (text.to_owned(), format.to_owned())
        };
        let parsed = BrokenDownTime::parse(&months, &text);
        // `%b` is the short name of a month, `%B` the long one: both are taken for the other.
        let parsed = parsed.or_else(|error| BrokenDownTime::parse(months.replace("%b", "%B"), &text).map_err(|_| error));
        let wrong = |error: &dyn fmt::Display| Error::format(format!("`{text}` is not a date of the form `{format}`: {error}"));
        // jiff takes `%Y` with fewer digits: the year 31 of `31/12/24`.
        let has_year = text.as_bytes().windows(4).any(|digits| digits.iter().all(u8::is_ascii_digit));
        if months.contains("%Y") && !has_year {
            return Err(wrong(&"%Y is a year of four digits"));
        }
        Self::from_parts(parsed.map_err(|error| wrong(&error))?, format)?.map_err(|error| wrong(&error))
    }

    fn from_parts(mut parts: BrokenDownTime, format: &str) -> Result<Result<Self, jiff::Error>> {
        if let Some(timestamp) = parts.timestamp() {
            return Ok(Ok(Self::at(timestamp)));
        }
        if parts.year().is_none() && parts.iso_week_year().is_none() {
            return Err(Error::argument(format!("the date format `{format}` has no year")).hint("add %Y or %y"));
        }
        let mut complete = || {
            if parts.iso_week().is_some() && parts.weekday().is_none() {
                parts.set_weekday(Some(Weekday::Monday));
            } else if parts.iso_week().is_none() && parts.day_of_year().is_none() {
                parts.set_month(parts.month().or(Some(1)))?;
                parts.set_day(parts.day().or(Some(1)))?;
            }
            parts.set_hour(parts.hour().or(Some(0)))?;
            parts.set_minute(parts.minute().or(Some(0)))?;
            parts.set_second(parts.second().or(Some(0)))?;
            let date = parts.to_datetime()?;
            Ok(parts.offset().map_or(Self::Civil(date), |offset| Self::Offset(date, offset)))
        };
        Ok(complete())
    }

    /// A moment, as UTC shows it.
    pub(crate) fn at(timestamp: Timestamp) -> Self {
        Self::Offset(Offset::UTC.to_datetime(timestamp), Offset::UTC)
    }

    /// What the clock shows.
    pub(crate) fn civil(self) -> Result<Date> {
        let (Self::Civil(date) | Self::Offset(date, _)) = self;
        Date::try_from(date)
    }
}

/// Dates that are given in one column: what the clocks show where all have one offset or none, else UTC.
pub(crate) fn in_one_zone(readings: &[Reading], zone: Option<&str>) -> Result<Vec<Date>> {
    let offset = |reading: &Reading| match reading {
        Reading::Civil(_) => None,
        Reading::Offset(_, offset) => Some(*offset),
    };
    let zone = zone.map(zone_named).transpose()?;
    let alike = readings.windows(2).all(|pair| offset(&pair[0]) == offset(&pair[1]));
    if zone.is_none() && alike {
        return readings.iter().map(|reading| reading.civil()).collect();
    }
    let mut before: Option<Timestamp> = None;
    let mut dates = Vec::with_capacity(readings.len());
    for reading in readings {
        let moment = match (reading, &zone) {
            (Reading::Offset(date, offset), _) => offset.to_timestamp(*date),
            (Reading::Civil(date), Some(zone)) => {
                // The hour that clocks show twice: first before they are put back, then after.
                let earlier = zone.to_ambiguous_timestamp(*date).earlier();
                let later = || zone.to_ambiguous_timestamp(*date).later();
                earlier.and_then(|moment| if before.is_some_and(|before| moment <= before) { later() } else { Ok(moment) })
            }
            (Reading::Civil(date), None) => {
                return Err(Error::data(format!("the date {} has no offset from UTC, others of its column have", Date(*date))));
            }
        };
        let moment = moment.map_err(|error| Error::data(format!("{reading:?} is out of range: {error}")))?;
        before = Some(moment);
        dates.push(Date::try_from(Offset::UTC.to_datetime(moment))?);
    }
    Ok(dates)
}

fn zone_named(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        Error::argument(format!("unknown time zone `{name}`")).hint("name it as the IANA database does, such as `Europe/Berlin`")
    })
}

/// `1960-Q2` becomes `1960-04`.
fn quarter_as_month(text: &str) -> Option<String> {
    let at = text
        .char_indices()
        .zip(text.chars().skip(1))
        .find(|((_, letter), digit)| matches!(letter, 'Q' | 'q') && ('1'..='4').contains(digit));
    let ((at, _), digit) = at?;
    let month = 3 * (digit.to_digit(10)? - 1) + 1;
    Some(format!("{}{month:02}{}", &text[..at], &text[at + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_leave_no_year() {
        assert_eq!(Date::new(1970, 1, 1).unwrap().seconds(), 0);
        assert_eq!(Date::new(2000, 3, 1).unwrap().seconds(), 951_868_800);
        assert!(Date::new(0, 1, 1).unwrap().add_seconds(-1).is_err());
        assert!(Date::new(9999, 12, 31).unwrap().at(23, 59, 59).unwrap().add_seconds(1).is_err());
        let last = Date::new(9999, 12, 31).unwrap();
        assert!(last.add_seconds(i64::MAX).is_err() && last.add_seconds(i64::MIN).is_err());
        assert!(last.add_months(i64::MAX).is_err() && last.add_months(i64::MIN).is_err());
        assert!(last.add_business_days(i64::MAX).is_err() && last.add_business_days(i64::MIN).is_err());
        assert!(Date::new(u16::MAX, 255, 255).unwrap_err().is_argument());
        assert!(last.at(24, 0, 0).unwrap_err().is_argument());
    }

    #[test]
    fn months_keep_their_day_where_they_can() {
        let date = Date::new(2023, 11, 30).unwrap();
        assert_eq!(date.add_months(3).unwrap().to_string(), "2024-02-29");
        assert_eq!(date.add_months(-12).unwrap().to_string(), "2022-11-30");
    }

    #[test]
    fn business_days_leave_out_weekends() {
        let friday = Date::new(2024, 1, 5).unwrap();
        let moved = |days| friday.add_business_days(days).unwrap().to_string();
        assert_eq!([moved(0), moved(1), moved(5), moved(6)], ["2024-01-05", "2024-01-08", "2024-01-12", "2024-01-15"]);
        assert_eq!([moved(-1), moved(-5)], ["2024-01-04", "2023-12-29"]);
        assert_eq!(friday.add_seconds(86_400).unwrap().add_business_days(1).unwrap().to_string(), "2024-01-08");
        for days in -300..300 {
            let date = friday.add_business_days(days).unwrap();
            assert_eq!(date.business_days() - friday.business_days(), days);
            assert!(!date.is_weekend());
        }
    }

    #[test]
    fn forms() {
        let date = |text: &str, format: &str| Date::parse(text, format).map(|date| date.to_string()).map_err(|error| error.to_string());
        assert_eq!(date("1/2/2020", "%d/%m/%Y").unwrap(), "2020-02-01");
        assert_eq!(date("Jan 5, 2020", "%b %d, %Y").unwrap(), "2020-01-05");
        assert_eq!(date("5 september 2020", "%d %b %Y").unwrap(), "2020-09-05");
        assert_eq!(date("31.12.99 18:30:01.25", "%d.%m.%y %H:%M:%S%.f").unwrap(), "1999-12-31T18:30:01.25");
        assert_eq!(date("1960-Q2", "%Y-Q%q").unwrap(), "1960-04-01");
        assert_eq!(date("2020-W05", "%G-W%V").unwrap(), "2020-01-27");
        assert_eq!(date("1577836800", "%s").unwrap(), "2020-01-01");
        assert!(date("2020-01-05x", "%Y-%m-%d").unwrap_err().contains("not a date of the form"));
        assert!(date("20-01-05", "%Y-%m-%d").unwrap_err().contains("four digits"));
        assert!(date("2020-02-30", "%Y-%m-%d").unwrap_err().contains("not a date of the form"));
        assert!(date("2020-13-01", "%Y-%m-%d").unwrap_err().contains("not a date of the form"));
        assert!(date("01-05", "%m-%d").unwrap_err().contains("`%m-%d` has no year"));
        assert!(date("2020-Q5", "%Y-Q%q").is_err());
        assert!(date("2020", "%Y%").is_err());
    }

    #[test]
    fn texts_of_iso_8601() {
        let date = |text: &str| text.parse::<Date>().map(|date| date.to_string()).map_err(|error| error.to_string());
        assert_eq!(date("1749-01").unwrap(), "1749-01-01");
        assert_eq!(date("1749").unwrap(), "1749-01-01");
        assert_eq!(date("20240229").unwrap(), "2024-02-29");
        assert_eq!(date("1960-Q2").unwrap(), "1960-04-01");
        assert_eq!(date("2020-05-06 07:08").unwrap(), "2020-05-06T07:08:00");
        assert_eq!(date("2020-05-06T07:08:09.5Z").unwrap(), "2020-05-06T07:08:09.5");
        assert_eq!(date("2020-05-06T07:08:09+02:00").unwrap(), "2020-05-06T07:08:09");
        assert!(date("05/06/2020").unwrap_err().contains("%d/%m/%Y"));
        assert_eq!(date("202004").unwrap(), "2020-04-01");
        // A day as spreadsheets count them.
        assert!(date("43831").is_err());
    }
}
