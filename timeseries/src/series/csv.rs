use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use practicum_core::{Error, Result};

use super::dates::{self, DateColumn};
use super::{Series, calendar};
use crate::Date;

/// A column, by its name in the header or by its number from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Column {
    /// By name.
    Name(String),
    /// By number, from 0.
    Number(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<usize> for Column {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

/// Reads series from comma-separated values.
///
/// ```
/// use practicum_timeseries::series::CsvReader;
///
/// let text = "day;station;temperature\n01.02.1981;7;20,7\n02.02.1981;7;n/a\n";
/// let reader =
///     CsvReader::new().delimiter(';').dates("day").date_format("%d.%m.%Y").column("temperature");
/// let series = reader.decimal_comma(true).missing("n/a").parse(text)?;
/// assert_eq!(series.column("temperature")?[0], 20.7);
/// assert!(series.column("temperature")?[1].is_nan());
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsvReader {
    columns: Vec<Column>,
    dates: Option<Column>,
    times: Option<Column>,
    date_format: Option<String>,
    time_zone: Option<String>,
    delimiter: Option<char>,
    header: bool,
    sort: bool,
    latin1: bool,
    decimal_comma: bool,
    thousands: Option<char>,
    missing: Vec<String>,
}

impl Default for CsvReader {
    fn default() -> Self {
        let missing = ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "?"].map(str::to_owned).to_vec();
        Self {
            columns: Vec::new(),
            dates: None,
            times: None,
            date_format: None,
            time_zone: None,
            delimiter: None,
            header: true,
            sort: false,
            latin1: false,
            decimal_comma: false,
            thousands: None,
            missing,
        }
    }
}

impl CsvReader {
    /// With a header and points in the numbers.
    ///
    /// What a file does not need to be told:
    ///
    /// | | read by itself |
    /// |---|---|
    /// | encoding | UTF-8, UTF-16 with a byte order mark |
    /// | lines before the header | those that start with `#` are skipped |
    /// | delimiter | comma, semicolon, tab or bar, whichever the header has |
    /// | date column | `date`, `time`, `year`, `month`, `week`, … whatever its case, if its fields are dates; else the first whose fields all are dates. One that counts the rows is none |
    /// | dates | ISO 8601 with or without time, fraction, offset or zone; `1981-01`, `1981`, `1960-Q2`, `20240131`, `202004`; months as `1949.25`, a year and its twelfths; day, month and year in any order with `/`, `.` or `-`, English names of months, two-digit years, 12-hour clocks, where only one order fits all rows |
    /// | moments | seconds or milliseconds since 1970 in a column whose name says that it is a date |
    /// | missing values | an empty field, `NA`, `N/A`, `#N/A`, `NaN`, `nan`, `null`, `?` |
    ///
    /// The value is the one other column.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes this column, by name or by number from 0. Call it again for further columns.
    #[must_use]
    pub fn column(mut self, column: impl Into<Column>) -> Self {
        self.columns.push(column.into());
        self
    }

    /// Takes the dates from this column.
    #[must_use]
    pub fn dates(mut self, column: impl Into<Column>) -> Self {
        self.dates = Some(column.into());
        self
    }

    /// Takes the times of day from a column of their own, beside that of the dates.
    #[must_use]
    pub fn times(mut self, column: impl Into<Column>) -> Self {
        self.times = Some(column.into());
        self
    }

    /// The form of the dates, as for [`Date::parse`]; found from the rows unless given. Where times have a column of their
    /// own, the form holds both with a space between.
    #[must_use]
    pub fn date_format(mut self, format: &str) -> Self {
        self.date_format = Some(format.to_owned());
        self
    }

    /// The time zone of the clock that the dates were read from, by its IANA name, such as `Europe/Berlin`. The series then
    /// has the dates of UTC, so that no hour is missing or repeated where clocks change.
    #[must_use]
    pub fn time_zone(mut self, name: &str) -> Self {
        self.time_zone = Some(name.to_owned());
        self
    }

    /// Sorts the rows by their dates, for files with the newest row first. Without it, dates that fall are an error.
    #[must_use]
    pub fn sort(mut self, sort: bool) -> Self {
        self.sort = sort;
        self
    }

    /// Reads bytes that are not UTF-8 as Latin-1 (ISO 8859-1).
    #[must_use]
    pub fn latin1(mut self, latin1: bool) -> Self {
        self.latin1 = latin1;
        self
    }

    /// The character between the fields; unless given, the comma, semicolon, tab or bar that the header has.
    #[must_use]
    pub fn delimiter(mut self, delimiter: char) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// Whether the first line has the names of the columns. Without it they are called `0`, `1`, ….
    #[must_use]
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// The character between groups of three digits, such as `,` in `8,746.6`.
    #[must_use]
    pub fn thousands(mut self, separator: char) -> Self {
        self.thousands = Some(separator);
        self
    }

    /// Whether numbers have a comma where others have a point. Points then separate thousands, unless
    /// [`thousands`](Self::thousands) names another character.
    #[must_use]
    pub fn decimal_comma(mut self, comma: bool) -> Self {
        self.decimal_comma = comma;
        self
    }

    /// One more word that stands for a missing value.
    #[must_use]
    pub fn missing(mut self, word: &str) -> Self {
        self.missing.push(word.to_owned());
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, and everything that [`parse`](Self::parse) refuses.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Series> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let text = self.decode(bytes).map_err(|error| error.context(path.display().to_string()))?;
        self.parse(&text).map_err(|error| error.context(path.display().to_string()))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// No rows; a column that does not exist, with those that do; a row with more or fewer fields than the first; a
    /// number or date that cannot be read, or a number that is not finite; dates that are missing, stand there twice or
    /// fall: each with its line.
    pub fn parse(&self, text: &str) -> Result<Series> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let rows = self.rows(text)?;
        let names = self.names(&rows)?;
        let rows = &rows[usize::from(self.header)..];
        if rows.is_empty() {
            return Err(Error::data("there are no rows of values"));
        }
        let times = self.times.as_ref().map(|times| self.find(times, &names)).transpose()?;
        let dates = self.date_column(&names, rows, times)?;
        let columns = self.value_columns(&names, dates.as_ref().map(|(column, _)| *column), times)?;
        if let Some((_, twice)) = columns.iter().enumerate().find(|(index, column)| columns[..*index].contains(column)) {
            return Err(Error::argument(format!("column {twice} `{}` is named twice", names[*twice])));
        }
        let mut series = Series { names: Vec::new(), columns: Vec::new(), dates: None };
        for column in columns {
            let values = rows.iter().map(|row| self.number(row, column, &names[column])).collect::<Result<Vec<f64>>>()?;
            series.push(&names[column], values)?;
        }
        let Some((_, dates)) = dates else {
            return if self.sort {
                Err(Error::argument("there is no column of dates to sort by").hint("name it with `.dates(…)`"))
            } else {
                Ok(series)
            };
        };
        let dates = dates?;
        if self.sort {
            let mut order: Vec<usize> = (0..dates.len()).collect();
            order.sort_by_key(|row| dates[*row]);
            for column in &mut series.columns {
                *column = order.iter().map(|row| column[*row]).collect();
            }
            let sorted: Vec<Date> = order.iter().map(|row| dates[*row]).collect();
            return self.dated(series, sorted, |index| rows[order[index]].line);
        }
        self.dated(series, dates, |index| rows[index].line)
    }

    /// The series with its dates, which have to rise.
    fn dated(&self, mut series: Series, dates: Vec<Date>, line: impl Fn(usize) -> u64) -> Result<Series> {
        if let Some(index) = calendar::first_disorder(&dates) {
            let error = calendar::disorder(&dates, index, |index| format!("line {}", line(index)));
            let back = dates[index - 1].seconds() - dates[index].seconds();
            return Err(match (back, dates.first() > dates.last()) {
                (0, _) => error,
                (_, true) => error.hint("say `.sort(true)` if the newest row comes first"),
                (1..=7200, _) if self.time_zone.is_none() => {
                    error.hint("if clocks were put back there, say `.time_zone(…)`, such as \"Europe/Berlin\"")
                }
                _ => error.hint("say `.sort(true)` to sort the rows by date"),
            });
        }
        series.dates = Some(dates);
        Ok(series)
    }

    /// The text of a file.
    fn decode(&self, bytes: Vec<u8>) -> Result<String> {
        let utf16 = |unit: fn([u8; 2]) -> u16| {
            let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.map_err(|_| Error::format("the file begins as UTF-16 and is not").hint("save the file as UTF-8"))
        };
        match bytes.get(..2) {
            Some([0xff, 0xfe]) => return utf16(u16::from_le_bytes),
            Some([0xfe, 0xff]) => return utf16(u16::from_be_bytes),
            _ => {}
        }
        String::from_utf8(bytes).or_else(|error| {
            if self.latin1 {
                return Ok(error.as_bytes().iter().map(|byte| char::from(*byte)).collect());
            }
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(Error::format(format!("line {line} is not UTF-8")).hint("save the file as UTF-8, or say `.latin1(true)` if it is Latin-1"))
        })
    }

    fn rows(&self, text: &str) -> Result<Vec<Row>> {
        let delimiter = self.delimiter.unwrap_or_else(|| delimiter_of(header_of(text)));
        let Ok(delimiter) = u8::try_from(delimiter) else {
            return Err(Error::argument(format!("the delimiter is `{delimiter}`, expected a character of ASCII")));
        };
        let notes = text.len() - after_notes(text).len();
        let skipped = text[..notes].bytes().filter(|byte| *byte == b'\n').count() as u64;
        let text = &text[notes..];
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let row = |record: Result<csv::StringRecord, csv::Error>| match record {
            Ok(record) => {
                let line = skipped + line_at(text, record.position());
                Ok(Row { line, fields: record.iter().map(str::to_owned).collect() })
            }
            Err(error) => Err(self.broken(text, skipped, &error)),
        };
        let rows = reader.records().map(row).collect::<Result<Vec<Row>>>()?;
        if rows.is_empty() {
            return Err(Error::data("there are no rows: the text is empty"));
        }
        Ok(rows)
    }

    fn broken(&self, text: &str, skipped: u64, error: &csv::Error) -> Error {
        if let csv::ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
            let line = skipped + line_at(text, pos.as_ref());
            let error = Error::format(format!("line {line} has {len} fields, the first line {expected_len}"));
            return match self.other_delimiter(header_of(text)) {
                Some(other) => error.hint(format!("say `.delimiter({other:?})`: it stands in the header")),
                None if header_of(text).contains(',') && len > expected_len => {
                    error.hint("if its numbers have commas, quote them, or put another delimiter between the fields")
                }
                None => error,
            };
        }
        Error::format(format!("this is not CSV: {error}"))
    }

    fn names(&self, rows: &[Row]) -> Result<Vec<String>> {
        let first = &rows[0];
        if !self.header {
            return Ok((0..first.fields.len()).map(|number| number.to_string()).collect());
        }
        let is_value = |field: &String| field.parse::<f64>().is_ok() || field.parse::<Date>().is_ok();
        if first.fields.iter().all(is_value) {
            return Err(Error::format(format!("line {} holds values, expected the names of the columns", first.line))
                .hint("say `.header(false)`, and name columns by their numbers"));
        }
        let mut seen = BTreeMap::new();
        for (number, name) in first.fields.iter().enumerate() {
            if let Some(other) = seen.insert(name, number).filter(|_| !name.is_empty()) {
                return Err(Error::format(format!("columns {other} and {number} are both called `{name}`"))
                    .hint("say `.header(false)`, cut the first line, and name columns by their numbers"));
            }
        }
        Ok(first.fields.clone())
    }

    fn find(&self, column: &Column, names: &[String]) -> Result<usize> {
        let (found, asked) = match column {
            Column::Name(name) => (names.iter().position(|known| known == name), name.clone()),
            Column::Number(number) => (Some(*number).filter(|number| *number < names.len()), number.to_string()),
        };
        found.ok_or_else(|| {
            if let [only] = names
                && let Some(other) = self.other_delimiter(only)
            {
                return Error::unknown("column", &asked, names).hint(format!("say `.delimiter({other:?})`: it stands in the header"));
            }
            let error = Error::unknown("column", &asked, names.iter().enumerate().map(|(number, name)| format!("{number} `{name}`")));
            match names.iter().find(|name| name.to_lowercase() == asked.trim().to_lowercase()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// The delimiter of a header that has not the one asked for.
    fn other_delimiter(&self, header: &str) -> Option<char> {
        let asked = self.delimiter?;
        DELIMITERS.into_iter().filter(|_| !header.contains(asked)).find(|other| header.contains(*other))
    }

    /// The column of dates, and what is read from it: the one asked for, else one whose name says so, else the first whose fields
    /// all are dates and no numbers.
    fn date_column(&self, names: &[String], rows: &[Row], times: Option<usize>) -> Result<Option<(usize, Result<Vec<Date>>)>> {
        let read = |column: usize| {
            let dates = DateColumn { rows, column, times, name: &names[column] };
            (column, dates.read(self.date_format.as_deref(), self.time_zone.as_deref()))
        };
        if let Some(column) = &self.dates {
            return Ok(Some(read(self.find(column, names)?)));
        }
        let taken: Vec<usize> = self.columns.iter().filter_map(|column| self.find(column, names).ok()).chain(times).collect();
        let free: Vec<usize> = (0..names.len()).filter(|column| !taken.contains(column)).collect();
        let named: Vec<usize> = free.iter().copied().filter(|column| dates::names_dates(&names[*column])).collect();
        let fields = |column: usize| rows.iter().map(move |row| row.fields[column].as_str());
        let found = named.iter().map(|column| read(*column)).find(|(_, dates)| dates.is_ok());
        let of_dates = || free.iter().copied().find(|column| dates::are_dates(fields(*column)));
        // A named column that is not read is named by the error, unless it only counts the rows.
        let unread = || named.iter().copied().find(|column| !dates::count_rows(fields(*column)));
        Ok(found.or_else(|| of_dates().or_else(unread).map(read)))
    }

    fn value_columns(&self, names: &[String], dates: Option<usize>, times: Option<usize>) -> Result<Vec<usize>> {
        if !self.columns.is_empty() {
            return self.columns.iter().map(|column| self.find(column, names)).collect();
        }
        let others: Vec<usize> = (0..names.len()).filter(|number| Some(*number) != dates && Some(*number) != times).collect();
        if others.len() == 1 {
            return Ok(others);
        }
        let known: Vec<String> = others.iter().map(|number| format!("{number} `{}`", names[*number])).collect();
        let none = if dates.is_none() { "; no column of dates was found" } else { "" };
        Err(Error::argument(format!("the values could be in any of {} columns: {}{none}", others.len(), known.join(", "))).hint(
            if dates.is_none() { "name one with `.column(…)`, and the dates with `.dates(…)`" } else { "name one with `.column(…)`" },
        ))
    }

    fn number(&self, row: &Row, column: usize, name: &str) -> Result<f64> {
        let field = &row.fields[column];
        if self.missing.iter().any(|word| word == field) {
            return Ok(f64::NAN);
        }
        let thousands = self.thousands.or(self.decimal_comma.then_some('.'));
        let place = format!("line {}, column `{name}`", row.line);
        let text = plain_number(field, thousands, self.decimal_comma);
        match text.as_deref().map(str::parse::<f64>) {
            Some(Ok(value)) if value.is_finite() => Ok(value),
            Some(Ok(_)) => Err(Error::data(format!("{place}: {field} is not a finite number"))),
            Some(Err(_)) | None => {
                let error = Error::format(format!("{place}: `{field}` is not a number"));
                let reads = |thousands, comma| plain_number(field, Some(thousands), comma).is_some_and(|text| text.parse::<f64>().is_ok());
                Err(match (reads(',', false), reads('.', true)) {
                    (true, true) => error
                        .hint("say `.thousands(',')` if its comma separates thousands, `.decimal_comma(true)` if it is a decimal comma"),
                    (true, false) => error.hint("its commas separate thousands: say `.thousands(',')`"),
                    (false, true) => error.hint("it has a decimal comma: say `.decimal_comma(true)`"),
                    (false, false) => error.hint("if it stands for a missing value, say so with `.missing(…)`"),
                })
            }
        }
    }
}

/// A number with a decimal point and nothing between its digits; `None` where its thousands are no groups of three.
fn plain_number(field: &str, thousands: Option<char>, decimal_comma: bool) -> Option<String> {
    let decimal = if decimal_comma { ',' } else { '.' };
    let (whole, fraction) = field.split_once(decimal).map_or((field, None), |(whole, fraction)| (whole, Some(fraction)));
    let groups: Vec<&str> =
        thousands.filter(|separator| *separator != decimal).map_or_else(|| vec![whole], |separator| whole.split(separator).collect());
    if let [first, rest @ ..] = groups.as_slice()
        && !rest.is_empty()
    {
        let digits = first.trim_start_matches(['-', '+']);
        let three = |group: &&str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&digits.len()) || !rest.iter().all(three) {
            return None;
        }
    }
    let whole = groups.concat();
    // `str::parse` would take a second point or comma for what it is not.
    if whole.contains(',') || fraction.is_some_and(|fraction| fraction.contains(['.', ','])) {
        return None;
    }
    Some(fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The text from its first line that is no note.
fn after_notes(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with('#')
        && let Some((_, after)) = rest.split_once('\n')
    {
        rest = after;
    }
    rest
}

fn header_of(text: &str) -> &str {
    after_notes(text).lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// The delimiter that a header has most of, outside of quotes; a comma where it has none.
fn delimiter_of(header: &str) -> char {
    let unquoted: String = header.split('"').step_by(2).collect();
    let count = |delimiter: char| unquoted.chars().filter(|letter| *letter == delimiter).count();
    // The first of those that are equally frequent.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).filter(|delimiter| count(*delimiter) > 0).unwrap_or(',')
}

pub(super) struct Row {
    pub(super) line: u64,
    pub(super) fields: Vec<String>,
}

/// The line of a row: a position is where the previous one ended, before empty lines.
fn line_at(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let rest = text.bytes().skip(position.byte() as usize);
    position.line() + rest.take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests;
