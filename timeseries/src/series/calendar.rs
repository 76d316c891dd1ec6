use std::collections::BTreeMap;
use std::fmt;

use practicum_core::{Error, Result};

use super::Series;
use crate::Date;
use crate::real::check_count;

/// How far apart the steps of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// This many seconds.
    Seconds(i64),
    /// This many months, on the same day of the month, or on its last day where it is shorter.
    Months(i64),
    /// This many business days: Monday to Friday. Holidays are steps that are missing.
    BusinessDays(i64),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match *self {
            Self::BusinessDays(days) => (days, "business day"),
            Self::Months(months) if months % 12 == 0 => (months / 12, "year"),
            Self::Months(months) => (months, "month"),
            Self::Seconds(seconds) if seconds % 86_400 == 0 => (seconds / 86_400, "day"),
            Self::Seconds(seconds) if seconds % 3600 == 0 => (seconds / 3600, "hour"),
            Self::Seconds(seconds) => (seconds, "second"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// Steps that a series leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The index of the step before the gap.
    pub after: usize,
    /// That step's date.
    pub from: Date,
    /// The date of the step after the gap.
    pub to: Date,
    /// How many steps are missing between them.
    pub missing: usize,
}

/// The first date that is not after the one before it.
pub(super) fn first_disorder(dates: &[Date]) -> Option<usize> {
    dates.windows(2).position(|pair| pair[1] <= pair[0]).map(|index| index + 1)
}

pub(super) fn disorder(dates: &[Date], index: usize, place: impl Fn(usize) -> String) -> Error {
    let (date, before) = (dates[index], dates[index - 1]);
    if date == before {
        return Error::data(format!("the date {date} at {} occurs twice", place(index))).hint("keep one value for each date");
    }
    Error::data(format!("the date {date} at {} is before {before}, the date of the previous value", place(index)))
}

/// How many values a gap may have: more than this is a wrong date.
const LARGEST_GAP: i64 = 1_000_000;
const DAY: i64 = 86_400;

impl Series {
    /// How far apart the steps are: most of the time, where there are gaps.
    ///
    /// Dates that all are on the same day of the month at the same time, or on the last day where a month is shorter, are
    /// months apart. Daily dates that leave out every weekend are business days. Other dates are seconds apart.
    ///
    /// ```
    /// use practicum_timeseries::Series;
    ///
    /// let series = Series::from_csv("Date,Spots\n1749-01-31,96.7\n1749-02-28,104.3\n1749-03-31,116.7\n")?;
    /// assert_eq!(series.step()?.to_string(), "1 month");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// No dates, only one, and dates that are no whole number of steps apart: the first two such, with what the step is.
    pub fn step(&self) -> Result<Step> {
        let dates = self.dated()?;
        let step = usual_step(dates)?;
        for (index, pair) in dates.windows(2).enumerate() {
            if step.between(pair[0], pair[1]).is_none() {
                return Err(Error::data(format!(
                    "the steps are irregular: most are {step} apart, but {} at index {} is no whole number of that after {}",
                    pair[1],
                    index + 1,
                    pair[0]
                ))
                .hint("bring the values to regular steps first, such as their mean in each"));
            }
        }
        Ok(step)
    }

    /// Where steps are missing, from the first to the last.
    ///
    /// # Errors
    /// See [`step`](Self::step).
    pub fn gaps(&self) -> Result<Vec<Gap>> {
        let step = self.step()?;
        let pairs = self.dated()?.windows(2).enumerate();
        let gap = |(after, pair): (usize, &[Date])| {
            let missing = step.between(pair[0], pair[1])? - 1;
            (missing > 0).then_some(Gap { after, from: pair[0], to: pair[1], missing: missing as usize })
        };
        Ok(pairs.filter_map(gap).collect())
    }

    /// The series with a step for every gap, whose values are missing: what [`impute`](Self::impute) then fills.
    ///
    /// # Errors
    /// See [`step`](Self::step); and a gap of more than a million steps.
    pub fn fill_gaps(&self) -> Result<Self> {
        let (step, gaps) = (self.step()?, self.gaps()?);
        let old = self.dated()?;
        let day = day_of_month(old);
        let mut dates = Vec::with_capacity(old.len());
        let mut columns: Vec<Vec<f64>> = self.columns.iter().map(|_| Vec::with_capacity(old.len())).collect();
        let mut gaps = gaps.into_iter().peekable();
        for index in 0..old.len() {
            dates.push(old[index]);
            columns.iter_mut().zip(&self.columns).for_each(|(new, old)| new.push(old[index]));
            let Some(gap) = gaps.next_if(|gap| gap.after == index) else { continue };
            if gap.missing as i64 > LARGEST_GAP {
                return Err(Error::data(format!("{} steps of {step} are missing between {} and {}", gap.missing, gap.from, gap.to))
                    .hint("check these two dates"));
            }
            for missing in 1..=gap.missing as i64 {
                dates.push(step.after(gap.from, missing, day)?);
            }
            columns.iter_mut().for_each(|new| new.resize(dates.len(), f64::NAN));
        }
        Ok(Self { names: self.names.clone(), columns, dates: Some(dates) })
    }

    /// The dates of the next `steps` steps: those of a forecast.
    ///
    /// ```
    /// use practicum_timeseries::Series;
    ///
    /// let series = Series::from_csv("Date,Spots\n1749-01-31,96.7\n1749-02-28,104.3\n1749-03-31,116.7\n")?;
    /// let dates: Vec<String> = series.next_dates(2)?.iter().map(|date| date.to_string()).collect();
    /// assert_eq!(dates, ["1749-04-30", "1749-05-31"]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`step`](Self::step); dates outside the years 0 to 9999, and more than 2²⁸ of them.
    pub fn next_dates(&self, steps: usize) -> Result<Vec<Date>> {
        check_count("dates", steps)?;
        let (step, dates) = (self.step()?, self.dated()?);
        let (last, day) = (dates[dates.len() - 1], day_of_month(dates));
        (1..=steps).map(|count| step.after(last, i64::try_from(count).unwrap_or(i64::MAX), day)).collect()
    }
}

/// The day of the month on which monthly dates fall, or the last of a shorter month: the largest day among them.
fn day_of_month(dates: &[Date]) -> i8 {
    let day = dates.iter().map(|date| date.civil().day()).max().unwrap_or(1);
    // The ends of a February and some Aprils say nothing about the thirty-first.
    if dates.iter().all(|date| date.is_day_or_last(31)) { 31 } else { day }
}

impl Step {
    /// The date `count` steps after another; months fall on this day, or on their last.
    pub(crate) fn after(self, date: Date, count: i64, day: i8) -> Result<Date> {
        match self {
            Self::Seconds(seconds) => date.add_seconds(seconds.saturating_mul(count)),
            Self::Months(months) => date.in_month(months.saturating_mul(count), day),
            Self::BusinessDays(days) => date.add_business_days(days.saturating_mul(count)),
        }
    }

    /// How far apart two dates are in the unit of the step.
    fn distance(self, from: Date, to: Date) -> i64 {
        match self {
            Self::Seconds(_) => to.seconds() - from.seconds(),
            Self::Months(_) => to.months() - from.months(),
            Self::BusinessDays(_) => to.business_days() - from.business_days(),
        }
    }

    /// How many steps lie between two dates, if it is a whole number.
    fn between(self, from: Date, to: Date) -> Option<i64> {
        let (Self::Seconds(step) | Self::Months(step) | Self::BusinessDays(step)) = self;
        let distance = self.distance(from, to);
        (distance.checked_rem(step)? == 0).then_some(distance / step)
    }

    /// The same unit, as many times as most neighbours are apart; the fewest, where several are as frequent.
    fn most_often(self, dates: &[Date]) -> Self {
        let mut counts = BTreeMap::new();
        for pair in dates.windows(2) {
            *counts.entry(self.distance(pair[0], pair[1])).or_insert(0_usize) += 1;
        }
        let usual = counts.iter().rev().max_by_key(|(_, count)| **count).map_or(1, |(distance, _)| *distance);
        match self {
            Self::Seconds(_) => Self::Seconds(usual),
            Self::Months(_) => Self::Months(usual),
            Self::BusinessDays(_) => Self::BusinessDays(usual),
        }
    }
}

/// The distance that most neighbours have.
fn usual_step(dates: &[Date]) -> Result<Step> {
    let [first, .., last] = dates else {
        return Err(Error::data("the series has one date: there is no step between it and another"));
    };
    let day = day_of_month(dates);
    if dates.iter().all(|date| date.is_day_or_last(day) && date.time() == first.time()) {
        return Ok(Step::Months(1).most_often(dates));
    }
    let step = Step::Seconds(1).most_often(dates);
    if step == Step::Seconds(DAY) && dates.iter().all(|date| !date.is_weekend()) && last.seconds() - first.seconds() >= 7 * DAY {
        return Ok(Step::BusinessDays(1));
    }
    if step == Step::Seconds(0) {
        return Err(Error::data("the dates are less than a second apart: a step of a second or more is expected")
            .hint("leave the dates out, or give each value a date of its own second"));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(dates: &[&str]) -> Series {
        let dates: Vec<Date> = dates.iter().map(|date| date.parse().unwrap()).collect();
        Series::new((0..dates.len()).map(|value| value as f64).collect()).unwrap().with_dates(dates).unwrap()
    }

    #[test]
    fn steps_are_found_and_named() {
        let step = |dates: &[&str]| series(dates).step().map(|step| step.to_string()).map_err(|error| error.to_string());
        assert_eq!(step(&["1981-01-01", "1981-01-02", "1981-01-04"]).unwrap(), "1 day");
        assert_eq!(step(&["1981-01-01 00:00", "1981-01-01 06:00", "1981-01-01 12:00"]).unwrap(), "6 hours");
        assert_eq!(step(&["1981-01-01 00:00", "1981-01-01 00:15", "1981-01-01 00:30"]).unwrap(), "900 seconds");
        assert_eq!(step(&["1981-01-15", "1981-02-15", "1981-04-15"]).unwrap(), "1 month");
        assert_eq!(step(&["1981-01-15", "1981-04-15", "1981-07-15"]).unwrap(), "3 months");
        assert_eq!(step(&["1981", "1982", "1984"]).unwrap(), "1 year");
        assert_eq!(step(&["2024-01-04", "2024-01-05", "2024-01-08"]).unwrap(), "1 day", "less than a week says nothing about weekends");
        let irregular = step(&["1981-01-01", "1981-01-03", "1981-01-05", "1981-01-06"]).unwrap_err();
        assert!(irregular.contains("most are 2 days apart, but 1981-01-06 at index 3"), "{irregular}");
        assert!(step(&["1981"]).unwrap_err().contains("one date"));
        assert!(Series::new(vec![1.0]).unwrap().step().unwrap_err().is_state());
    }

    #[test]
    fn dates_go_on_as_they_came() {
        let next =
            |dates: &[&str], steps| series(dates).next_dates(steps).map(|dates| dates.iter().map(Date::to_string).collect::<Vec<_>>());
        assert_eq!(next(&["2024-12-30", "2024-12-31"], 2).unwrap(), ["2025-01-01", "2025-01-02"]);
        assert_eq!(next(&["2023-12-31", "2024-01-31"], 2).unwrap(), ["2024-02-29", "2024-03-31"]);
        assert_eq!(next(&["2024-01-30", "2024-03-30"], 2).unwrap(), ["2024-05-30", "2024-07-30"]);
        assert_eq!(next(&["2023", "2024"], 1).unwrap(), ["2025-01-01"]);
        assert!(next(&["2023", "2024"], 0).unwrap().is_empty());
        assert!(next(&["9998", "9999"], 1).unwrap_err().to_string().contains("leaves the years 0 to 9999"));
        assert!(next(&["9998", "9999"], usize::MAX).is_err());
        assert!(Series::new(vec![1.0]).unwrap().next_dates(1).unwrap_err().is_state());
    }

    #[test]
    fn t5_the_end_of_a_month_is_a_step() {
        for day in 29..=31 {
            let start = Date::new(2023, 12, day).unwrap();
            let dates: Vec<Date> = [0, 1, 2, 4, 5].map(|months| start.in_month(months, day as i8).unwrap()).to_vec();
            let series = Series::new(vec![0.0; 5]).unwrap().with_dates(dates).unwrap();
            let whole = series.fill_gaps().unwrap();
            assert_eq!((whole.len(), whole.step().unwrap()), (6, Step::Months(1)));
            let next = whole.next_dates(12).unwrap();
            assert_eq!((next[1].day(), next[3].day()), (day, day.min(30)), "{next:?}");
            let back = Series::new(vec![0.0; 12]).unwrap().with_dates(next).unwrap();
            assert_eq!(back.step().unwrap(), Step::Months(1));
        }
    }

    #[test]
    fn t8_weekends_are_no_gaps() {
        let prices = series(&["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-11", "2024-01-12"]);
        assert_eq!(prices.step().unwrap(), Step::BusinessDays(1));
        let gaps = prices.gaps().unwrap();
        assert_eq!((gaps.len(), gaps[0].missing, gaps[0].from.to_string().as_str()), (1, 1, "2024-01-09"));
        assert_eq!(prices.fill_gaps().unwrap().len(), 7);
        let next: Vec<String> = prices.next_dates(2).unwrap().iter().map(Date::to_string).collect();
        assert_eq!(next, ["2024-01-15", "2024-01-16"]);
    }

    #[test]
    fn gaps_are_found_and_filled() {
        let ends = series(&["1749-01-31", "1749-02-28", "1749-05-31", "1749-06-30"]);
        let gap = ends.gaps().unwrap()[0];
        assert_eq!((gap.after, gap.missing, gap.from.to_string().as_str()), (1, 2, "1749-02-28"));
        let whole = ends.fill_gaps().unwrap();
        let dates: Vec<String> = whole.dates().unwrap().iter().map(Date::to_string).collect();
        assert_eq!(dates, ["1749-01-31", "1749-02-28", "1749-03-31", "1749-04-30", "1749-05-31", "1749-06-30"]);
        assert_eq!(whole.column("value").unwrap().iter().filter(|value| value.is_nan()).count(), 2);
        assert!(whole.gaps().unwrap().is_empty());
        assert_eq!(series(&["1981-01-01", "1981-01-02", "1981-01-04"]).fill_gaps().unwrap().len(), 4);
        let far = series(&["0001-01-01 00:00:00", "0001-01-01 00:00:01", "9000-01-01 00:00:00"]);
        assert!(far.fill_gaps().unwrap_err().to_string().contains("check these two dates"));
    }
}
