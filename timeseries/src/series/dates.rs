//! Columns of dates: which are, and in what form.

use jiff::Timestamp;
use practicum_core::{Error, Result};

use super::csv::Row;
use crate::Date;
use crate::date::{Reading, in_one_zone};

/// Words in the header that say what a column holds.
const NAMES: [&str; 13] =
    ["date", "time", "datetime", "timestamp", "day", "week", "month", "quarter", "year", "period", "ds", "when", "observation_date"];

/// Days, months and years in the orders that are in use.
const DAYS: [&str; 20] = [
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %Y",
    "%b-%y",
    "%m/%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "Q%q %Y",
    "%G-W%V",
];

/// What may follow a day.
const TIMES: [&str; 5] = ["", " %H:%M", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p"];

/// Whether the name of a column says that it holds dates.
pub(super) fn names_dates(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    NAMES.contains(&name.as_str())
        || name.split(['/', ' ', '_', '-', '(', ')']).all(|word| word.is_empty() || word == "utc" || NAMES.contains(&word))
}

/// Whether all fields are dates that are not also numbers.
pub(super) fn are_dates<'a>(fields: impl Iterator<Item = &'a str> + Clone) -> bool {
    let first = fields.clone().next().unwrap_or_default();
    first.parse::<f64>().is_err() && readings(fields).is_ok_and(|found| !found.is_empty())
}

/// Whether the fields are whole numbers that rise by 1 from row to row.
pub(super) fn count_rows<'a>(fields: impl Iterator<Item = &'a str>) -> bool {
    let numbers: Option<Vec<i64>> = fields.map(|field| field.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1])))
}

/// A column of dates, and where it stands.
pub(super) struct DateColumn<'a> {
    pub(super) rows: &'a [Row],
    pub(super) column: usize,
    /// Where the times of day are, if they have a column of their own.
    pub(super) times: Option<usize>,
    pub(super) name: &'a str,
}

impl DateColumn<'_> {
    /// The dates of all rows, in the given form or in the one that fits all.
    pub(super) fn read(&self, format: Option<&str>, zone: Option<&str>) -> Result<Vec<Date>> {
        let texts: Vec<String> = self.rows.iter().map(|row| self.text(row)).collect();
        let readings = match format {
            Some(format) => {
                let read = |(row, text): (&Row, &String)| Reading::by_format(text, format).map_err(|error| self.at(row, error));
                self.rows.iter().zip(&texts).map(read).collect::<Result<Vec<Reading>>>()?
            }
            None => readings(texts.iter().map(String::as_str)).map_err(|unread| self.unread(&texts, unread))?,
        };
        in_one_zone(&readings, zone).map_err(|error| error.context(format!("column `{}`", self.name)))
    }

    fn text(&self, row: &Row) -> String {
        match self.times {
            Some(times) => format!("{} {}", row.fields[self.column], row.fields[times]),
            None => row.fields[self.column].clone(),
        }
    }

    fn at(&self, row: &Row, error: Error) -> Error {
        error.context(format!("line {}, column `{}`", row.line, self.name))
    }

    fn unread(&self, texts: &[String], unread: Unread) -> Error {
        match unread {
            Unread::Row(index) => {
                let error = texts[index].parse::<Date>().err();
                let error =
                    error.unwrap_or_else(|| Error::format(format!("`{}` is not a date of the same form as those before it", texts[index])));
                self.at(&self.rows[index], error)
            }
            Unread::Ambiguous(one, other) => {
                let error =
                    Error::format(format!("column `{}`: `{}` and all other dates fit `{one}` as well as `{other}`", self.name, texts[0]));
                error.hint(format!("say which with `.date_format({one:?})`"))
            }
        }
    }
}

/// Why the form of dates is not known.
enum Unread {
    /// The first row that has not the form of those before it.
    Row(usize),
    /// Two forms that fit all rows and give other dates.
    Ambiguous(String, String),
}

/// Dates in a form that fits all of them.
fn readings<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<Reading>, Unread> {
    let Some(first) = texts.clone().next() else { return Ok(Vec::new()) };
    let mut furthest = 0;
    let mut all = |read: &dyn Fn(&str) -> Option<Reading>| {
        let found: Vec<Reading> = texts.clone().map_while(read).collect();
        furthest = furthest.max(found.len());
        (found.len() == texts.clone().count()).then_some(found)
    };
    if let Some(moments) = all(&moment) {
        return Ok(moments);
    }
    if let Some(found) = all(&Reading::iso) {
        return Ok(found);
    }
    if let Some(found) = all(&|text| decimal_year(text, 0.0)).or_else(|| all(&|text| decimal_year(text, 0.5))) {
        return Ok(found);
    }
    let forms = DAYS.iter().flat_map(|day| TIMES.map(|time| format!("{day}{time}")));
    let mut fitting: Option<(String, Vec<Reading>)> = None;
    for form in forms.filter(|form| Reading::by_format(first, form).is_ok()) {
        let Some(found) = all(&|text| Reading::by_format(text, &form).ok()) else { continue };
        match &fitting {
            Some((other, dates)) if *dates != found => return Err(Unread::Ambiguous(other.clone(), form)),
            Some(_) => {}
            None => fitting = Some((form, found)),
        }
    }
    fitting.map(|(_, found)| found).ok_or(Unread::Row(furthest))
}

/// Seconds since 1970 in ten digits, or milliseconds in thirteen: the years 2001 to 2286.
fn moment(text: &str) -> Option<Reading> {
    let number: i64 = text.parse().ok()?;
    let timestamp = match text.len() {
        10 => Timestamp::from_second(number),
        13 => Timestamp::from_millisecond(number),
        _ => return None,
    };
    timestamp.ok().map(Reading::at)
}

/// A month as a year with a fraction, as R writes the times of a series: `1949.25` is April 1949. Months are told by their
/// beginning, or by their middle (`from` 0 or 0.5), and to two decimals or more.
fn decimal_year(text: &str, from: f64) -> Option<Reading> {
    let year: f64 = text.parse().ok().filter(|year| (1000.0..10_000.0).contains(year))?;
    let months = year * 12.0 - from;
    let month = months.round();
    let close = (months - month).abs() < 0.08;
    close.then(|| Reading::iso(&format!("{:04}-{:02}", (month / 12.0).floor(), month.rem_euclid(12.0) + 1.0)))?
}
