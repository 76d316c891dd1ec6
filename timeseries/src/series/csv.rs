use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use practicum_core::{Error, Result};

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
/// let reader = CsvReader::new().delimiter(';').dates("day").date_format("%d.%m.%Y").column("temperature");
/// let series = reader.decimal_comma(true).missing("n/a").parse(text)?;
/// assert_eq!(series.column("temperature")?[0], 20.7);
/// assert!(series.column("temperature")?[1].is_nan());
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsvReader {
    columns: Vec<Column>,
    dates: Option<Column>,
    date_format: Option<String>,
    delimiter: char,
    header: bool,
    decimal_comma: bool,
    missing: Vec<String>,
}

impl Default for CsvReader {
    fn default() -> Self {
        let missing = ["", "NA", "N/A", "NaN", "nan", "null", "?"].map(str::to_owned).to_vec();
        let (columns, dates, date_format) = (Vec::new(), None, None);
        Self { columns, dates, date_format, delimiter: ',', header: true, decimal_comma: false, missing }
    }
}

impl CsvReader {
    /// With a header, commas between the fields, points in the numbers.
    ///
    /// The date is the column called `date` or `time`, whatever its case, if there is one, and the value is the one other
    /// column.
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

    /// The form of the dates, as for [`Date::parse`]; that of ISO 8601 unless given.
    #[must_use]
    pub fn date_format(mut self, format: &str) -> Self {
        self.date_format = Some(format.to_owned());
        self
    }

    /// What stands between the fields; a comma unless given.
    #[must_use]
    pub fn delimiter(mut self, delimiter: char) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Whether the first line has the names of the columns. Without it they are called `0`, `1`, ….
    #[must_use]
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// Whether numbers have a comma where others have a point. Points between their thousands are then left out.
    #[must_use]
    pub fn decimal_comma(mut self, comma: bool) -> Self {
        self.decimal_comma = comma;
        self
    }

    /// One more word that stands for a missing value, beside an empty field, `NA`, `N/A`, `NaN`, `nan`, `null` and `?`.
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
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            Error::format(format!("{}: line {line} is not UTF-8", path.display())).hint("save the file as UTF-8")
        })?;
        self.parse(&text).map_err(|error| error.context(path.display().to_string()))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// No rows; a column that does not exist, with those that do; a row with more or fewer fields than the first; a
    /// number or date that cannot be read, or a number that is not finite; dates that are missing, stand there twice or
    /// fall: each with its line.
    pub fn parse(&self, text: &str) -> Result<Series> {
        let rows = self.rows(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let names = self.names(&rows)?;
        let rows = &rows[usize::from(self.header)..];
        if rows.is_empty() {
            return Err(Error::data("there are no rows of values"));
        }
        let dates = self.date_column(&names)?;
        let columns = self.value_columns(&names, dates)?;
        if let Some((_, twice)) = columns.iter().enumerate().find(|(index, column)| columns[..*index].contains(column)) {
            return Err(Error::argument(format!("column {twice} `{}` is named twice", names[*twice])));
        }
        let mut series = Series { names: Vec::new(), columns: Vec::new(), dates: None };
        for column in columns {
            let values = rows.iter().map(|row| self.number(row, column, &names[column])).collect::<Result<Vec<f64>>>()?;
            series.push(&names[column], values)?;
        }
        if let Some(column) = dates {
            let dates = rows.iter().map(|row| self.date(row, column, &names[column])).collect::<Result<Vec<Date>>>()?;
            if let Some(index) = calendar::first_disorder(&dates) {
                return Err(calendar::disorder(&dates, index, |index| format!("line {}", rows[index].line)));
            }
            series.dates = Some(dates);
        }
        Ok(series)
    }

    fn rows(&self, text: &str) -> Result<Vec<Row>> {
        let Ok(delimiter) = u8::try_from(self.delimiter) else {
            return Err(Error::argument(format!("the delimiter is `{}`, expected a character of ASCII", self.delimiter)));
        };
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let row = |record: Result<csv::StringRecord, csv::Error>| match record {
            Ok(record) => {
                let line = line_at(text, record.position());
                Ok(Row { line, fields: record.iter().map(str::to_owned).collect() })
            }
            Err(error) => Err(self.broken(text, &error)),
        };
        let rows = reader.records().map(row).collect::<Result<Vec<Row>>>()?;
        if rows.is_empty() {
            return Err(Error::data("there are no rows: the text is empty"));
        }
        Ok(rows)
    }

    fn broken(&self, text: &str, error: &csv::Error) -> Error {
        if let csv::ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
            let line = line_at(text, pos.as_ref());
            let error = Error::format(format!("line {line} has {len} fields, the first line {expected_len}"));
            let header = text.lines().next().unwrap_or_default();
            return match self.other_delimiter(header) {
                Some(other) => error.hint(format!("say `.delimiter({other:?})`: it stands in the header")),
                None if self.delimiter == ',' && len > expected_len => {
                    error.hint("if its numbers have commas, quote them, or put another delimiter between the fields")
                }
                None => error,
            };
        }
        Error::format(format!("this is no CSV: {error}"))
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

    /// What seems to stand between the fields of a header that has none of the delimiters asked for.
    fn other_delimiter(&self, header: &str) -> Option<char> {
        let others = [',', ';', '\t', '|'].into_iter().filter(|_| !header.contains(self.delimiter));
        others.into_iter().find(|other| header.contains(*other))
    }

    fn date_column(&self, names: &[String]) -> Result<Option<usize>> {
        match &self.dates {
            Some(column) => self.find(column, names).map(Some),
            None => Ok(names.iter().position(|name| ["date", "time", "datetime", "timestamp"].contains(&name.to_lowercase().as_str()))),
        }
    }

    fn value_columns(&self, names: &[String], dates: Option<usize>) -> Result<Vec<usize>> {
        if !self.columns.is_empty() {
            return self.columns.iter().map(|column| self.find(column, names)).collect();
        }
        let others: Vec<usize> = (0..names.len()).filter(|number| Some(*number) != dates).collect();
        if others.len() == 1 {
            return Ok(others);
        }
        let known: Vec<String> = others.iter().map(|number| format!("{number} `{}`", names[*number])).collect();
        Err(Error::argument(format!("the values could be in any of {} columns: {}", others.len(), known.join(", ")))
            .hint("name one with `.column(…)`"))
    }

    fn number(&self, row: &Row, column: usize, name: &str) -> Result<f64> {
        let field = &row.fields[column];
        if self.missing.iter().any(|word| word == field) {
            return Ok(f64::NAN);
        }
        let text = if self.decimal_comma { field.replace('.', "").replace(',', ".") } else { field.clone() };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err(Error::data(format!("line {}, column `{name}`: {field} is not a finite number", row.line))),
            Err(_) => {
                let error = Error::format(format!("line {}, column `{name}`: `{field}` is not a number", row.line));
                let with_point = field.replace('.', "").replace(',', ".");
                Err(if field.contains(',') && with_point.parse::<f64>().is_ok() {
                    error.hint("it has a decimal comma: say `.decimal_comma(true)`")
                } else {
                    error.hint("if it stands for a missing value, say so with `.missing(…)`")
                })
            }
        }
    }

    fn date(&self, row: &Row, column: usize, name: &str) -> Result<Date> {
        let field = &row.fields[column];
        let date = match &self.date_format {
            Some(format) => Date::parse(field, format),
            None => field.parse(),
        };
        date.map_err(|error| error.context(format!("line {}, column `{name}`", row.line)))
    }
}

struct Row {
    line: u64,
    fields: Vec<String>,
}

/// The line of a row: a position is where the one before it ended, in front of empty lines.
fn line_at(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let rest = text.bytes().skip(position.byte() as usize);
    position.line() + rest.take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(reader: &CsvReader, text: &str) -> String {
        reader.parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_courses_files() {
        let spots = ",Date,Monthly Mean Total Sunspot Number\n0,1749-01-31,96.7\n1,1749-02-28,104.3\n";
        let series = CsvReader::new().dates(1).column(2).parse(spots).unwrap();
        assert_eq!(series.values().unwrap(), [96.7, 104.3]);
        assert_eq!(series.names(), ["Monthly Mean Total Sunspot Number"]);
        let temps = "\"Date\",\"Temp\"\r\n\"1981-01-01\",20.7\r\n\"1981-01-02\",17.9\r\n";
        assert_eq!(CsvReader::new().parse(temps).unwrap().dates().unwrap()[1].to_string(), "1981-01-02");
        let two = CsvReader::new().column("b").column("a").parse("\u{feff}a,b\n1,2\n").unwrap();
        assert_eq!(two.names(), ["b", "a"]);
        let bare = CsvReader::new().header(false).column(1).parse("7,2\n8,?\n").unwrap();
        assert!(bare.column("1").unwrap()[1].is_nan());
    }

    #[test]
    fn columns_that_do_not_exist_list_those_that_do() {
        let reader = CsvReader::new();
        let message = error(&reader.clone().column("Tmp"), "Date,Temp\n1981-01-01,1\n");
        assert!(message.contains("unknown column `Tmp`: known are 0 `Date`, 1 `Temp`"), "{message}");
        assert!(error(&reader.clone().column(2), "Date,Temp\n1981-01-01,1\n").contains("unknown column `2`"));
        assert!(error(&reader.clone().column("Temp"), "Date;Temp\n1981-01-01;1\n").contains("say `.delimiter(';')`"));
        assert!(error(&reader, "Date;Temp\n1981-01-01;20,7\n").contains("say `.delimiter(';')`"));
        assert!(error(&reader.clone().column("temp"), "Date,Temp\n1981-01-01,1\n").contains("did you mean `Temp`?"));
        assert!(error(&reader.clone().column("a").column(1), "b,a\n1,2\n").contains("column 1 `a` is named twice"));
        let which = error(&reader, "Date,a,b\n1981-01-01,1,2\n");
        assert!(which.contains("any of 2 columns: 1 `a`, 2 `b`") && which.contains(".column("), "{which}");
        assert!(error(&reader, "a,a\n1,2\n").contains("columns 0 and 1 are both called `a`"));
    }

    #[test]
    fn lines_are_named() {
        let reader = CsvReader::new();
        let comma = error(&reader, "Date,Temp\n1981-01-01,1\n1981-01-02,\"20,7\"\n");
        assert!(comma.contains("line 3, column `Temp`: `20,7` is not a number") && comma.contains("decimal_comma(true)"), "{comma}");
        assert!(error(&reader, "Date,Temp\n1981-01-01,20,7\n").contains("line 2 has 3 fields, the first line 2"));
        assert!(error(&reader, "Date,Temp\n1981-01-01,warm\n").contains(".missing("));
        assert!(error(&reader, "Date,Temp\n1981-01-01,inf\n").contains("line 2, column `Temp`: inf is not a finite number"));
        assert!(error(&reader, "Date,Temp\n01/31/1981,1\n").contains("line 2, column `Date`: `01/31/1981` is not a date"));
        assert!(error(&reader, "Date,Temp\n1981-01-02,1\n1981-01-01,1\n").contains("the date 1981-01-01 at line 3 is before 1981-01-02"));
        assert!(error(&reader, "Date,Temp\n1981-01-02,1\n\n1981-01-02,1\n").contains("1981-01-02 at line 4 stands there twice"));
        assert!(error(&reader, "1981-01-02,1\n1981-01-03,1\n").contains("line 1 holds values"));
        assert!(error(&reader, "").contains("no rows") && error(&reader, "a\n").contains("no rows"));
        assert!(error(&reader.clone().delimiter('→'), "a\n1\n").contains("ASCII"));
    }

    #[test]
    fn files() {
        assert!(CsvReader::new().read("/nowhere/at.csv").unwrap_err().is_io());
    }
}
