//! Series with names and dates, and how they are read, checked and repaired.

mod calendar;
mod csv;
mod dates;
mod impute;

pub use calendar::{Gap, Step};
pub use csv::{Column, CsvReader};
pub use impute::Imputation;

use practicum_core::{Error, Result};

use crate::Date;

/// One or more columns of numbers of the same length, with or without dates. NaN stands for a value that is missing.
///
/// Everything else in this crate takes slices of numbers: a series is where they come from and are put in order.
///
/// ```
/// use practicum_timeseries::Series;
/// use practicum_timeseries::series::Imputation;
///
/// let series = Series::from_csv("Date,Temp\n1981-01-01,20.7\n1981-01-02,\n1981-01-04,18.8\n")?;
/// // The third of January has no row, the second no value: both become a line between others.
/// let whole = series.fill_gaps()?.impute(Imputation::Linear)?;
/// assert_eq!(whole.len(), 4);
/// assert!((whole.values()?[2] - 19.433_333).abs() < 1e-6);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    dates: Option<Vec<Date>>,
}

impl Series {
    /// A series of one column, called `value`.
    ///
    /// # Errors
    /// No values, or infinity among them. NaN is a missing value.
    pub fn new(values: Vec<f64>) -> Result<Self> {
        let mut series = Self { names: Vec::new(), columns: Vec::new(), dates: None };
        series.push("value", values)?;
        Ok(series)
    }

    /// Names the first column.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.names[0]);
        self
    }

    /// Adds a column.
    ///
    /// # Errors
    /// Another number of values, a name that is there already, and infinity.
    pub fn with_column(mut self, name: &str, values: Vec<f64>) -> Result<Self> {
        if self.names.iter().any(|known| known == name) {
            return Err(Error::argument(format!("there is a column `{name}` already")));
        }
        if values.len() != self.len() {
            return Err(Error::shape(format!("column `{name}` has {} values, the series has {}", values.len(), self.len())));
        }
        self.push(name, values)?;
        Ok(self)
    }

    fn push(&mut self, name: &str, values: Vec<f64>) -> Result<()> {
        if values.is_empty() {
            return Err(Error::data(format!("column `{name}` has no values")));
        }
        if let Some(index) = values.iter().position(|value| value.is_infinite()) {
            return Err(Error::data(format!("column `{name}` holds {} at index {index}, expected finite numbers", values[index])));
        }
        self.names.push(name.to_owned());
        self.columns.push(values);
        Ok(())
    }

    /// Gives each step a date.
    ///
    /// # Errors
    /// Another number of dates, and dates that do not rise: the first that is the same as or before the previous one.
    pub fn with_dates(mut self, dates: Vec<Date>) -> Result<Self> {
        if dates.len() != self.len() {
            return Err(Error::shape(format!("there are {} dates for {} steps", dates.len(), self.len())));
        }
        if let Some(index) = calendar::first_disorder(&dates) {
            return Err(calendar::disorder(&dates, index, |index| format!("index {index}")).hint("sort the series by its dates"));
        }
        self.dates = Some(dates);
        Ok(self)
    }

    /// Reads a text of comma-separated values with a header, dates and one column of values. [`CsvReader::new`] says what is
    /// found without being told; it has options for everything else.
    ///
    /// # Errors
    /// See [`CsvReader::read`].
    pub fn from_csv(text: &str) -> Result<Self> {
        CsvReader::new().parse(text)
    }

    /// The number of steps; never 0.
    #[allow(clippy::len_without_is_empty, reason = "a series has a value or more")]
    pub fn len(&self) -> usize {
        self.columns[0].len()
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The date of each step, if they have any.
    pub fn dates(&self) -> Option<&[Date]> {
        self.dates.as_deref()
    }

    fn dated(&self) -> Result<&[Date]> {
        self.dates().ok_or_else(|| Error::state("the series has no dates").hint("give it some with `with_dates`, or read them with it"))
    }

    /// The values of a column; NaN where one is missing.
    ///
    /// # Errors
    /// No column of this name.
    pub fn column(&self, name: &str) -> Result<&[f64]> {
        match self.names.iter().position(|known| known == name) {
            Some(index) => Ok(&self.columns[index]),
            None => Err(Error::unknown("column", name, &self.names)),
        }
    }

    /// The values of the first column, all of which are there.
    ///
    /// # Errors
    /// A missing value.
    pub fn values(&self) -> Result<&[f64]> {
        self.whole(&self.names[0], &self.columns[0])
    }

    /// The values of a column, all of which are there.
    ///
    /// # Errors
    /// No column of this name, and a missing value.
    pub fn complete(&self, name: &str) -> Result<&[f64]> {
        self.whole(name, self.column(name)?)
    }

    fn whole<'a>(&self, name: &str, column: &'a [f64]) -> Result<&'a [f64]> {
        if let Some(index) = column.iter().position(|value| value.is_nan()) {
            let count = column.iter().filter(|value| value.is_nan()).count();
            let message = format!("column `{name}` misses {count} of {} values, the first at {}", self.len(), self.place(index));
            return Err(Error::data(message).hint("fill them with `impute`"));
        }
        Ok(column)
    }

    /// The same in the width that networks take.
    ///
    /// # Errors
    /// See [`values`](Self::values).
    pub fn to_f32(&self) -> Result<Vec<f32>> {
        Ok(self.values()?.iter().map(|value| *value as f32).collect())
    }

    /// The steps `from` to the one before `to`.
    ///
    /// # Errors
    /// Steps outside the series, or none.
    pub fn slice(&self, from: usize, to: usize) -> Result<Self> {
        if from >= to || to > self.len() {
            return Err(Error::argument(format!(
                "steps {from} to {to} of a series of {}: expected some, and none after its end",
                self.len()
            )));
        }
        let columns = self.columns.iter().map(|column| column[from..to].to_vec()).collect();
        let dates = self.dates.as_ref().map(|dates| dates[from..to].to_vec());
        Ok(Self { names: self.names.clone(), columns, dates })
    }

    /// The first step on or after a date: where to cut.
    ///
    /// # Errors
    /// A series without dates, and a date after its last.
    pub fn position(&self, date: Date) -> Result<usize> {
        let dates = self.dated()?;
        let index = dates.partition_point(|step| *step < date);
        if index == dates.len() {
            return Err(Error::argument(format!("{date} is after the series, which goes from {} to {}", dates[0], dates[index - 1])));
        }
        Ok(index)
    }

    /// How a step is called in errors.
    fn place(&self, index: usize) -> String {
        self.dates.as_ref().map_or_else(|| format!("index {index}"), |dates| format!("index {index} ({})", dates[index]))
    }

    /// The series with missing values filled, column by column.
    ///
    /// # Errors
    /// See [`Imputation::fill`].
    pub fn impute(mut self, how: Imputation) -> Result<Self> {
        for (name, column) in self.names.iter().zip(&mut self.columns) {
            *column = how.fill(column).map_err(|error| error.context(format!("column `{name}`")))?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: &[u8]) -> Vec<Date> {
        days.iter().map(|day| Date::new(2020, 1, *day).unwrap()).collect()
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert!(Series::new(Vec::new()).unwrap_err().to_string().contains("has no values"));
        assert!(Series::new(vec![1.0, f64::INFINITY]).unwrap_err().to_string().contains("inf at index 1"));
        let series = Series::new(vec![1.0, f64::NAN, 3.0]).unwrap();
        let missing = series.clone().with_dates(days(&[1, 2, 3])).unwrap().values().unwrap_err().to_string();
        assert!(missing.contains("misses 1 of 3 values, the first at index 1 (2020-01-02)"), "{missing}");
        assert!(series.clone().with_column("value", vec![0.0; 3]).unwrap_err().to_string().contains("`value` already"));
        assert!(series.clone().with_column("other", vec![0.0; 2]).unwrap_err().is_shape());
        assert!(series.column("valu").unwrap_err().to_string().contains("did you mean `value`"));
        assert!(series.clone().with_dates(days(&[1, 2])).unwrap_err().is_shape());
        assert!(
            series.clone().with_dates(days(&[1, 3, 2])).unwrap_err().to_string().contains("2020-01-02 at index 2 is before 2020-01-03")
        );
        assert!(series.clone().with_dates(days(&[1, 1, 2])).unwrap_err().to_string().contains("2020-01-01 at index 1 occurs twice"));
        assert!(series.slice(0, 4).is_err() && series.slice(2, 2).is_err());
        assert!(series.position(Date::new(2020, 1, 1).unwrap()).unwrap_err().is_state());
    }

    #[test]
    fn parts_keep_their_dates() {
        let series = Series::new(vec![1.0, 2.0, 3.0]).unwrap().with_dates(days(&[1, 2, 4])).unwrap().named("x");
        let part = series.slice(1, 3).unwrap();
        assert_eq!((part.column("x").unwrap(), part.dates().unwrap()), ([2.0, 3.0].as_slice(), days(&[2, 4]).as_slice()));
        assert_eq!(series.position(days(&[3])[0]).unwrap(), 2);
        assert!(series.position(days(&[5])[0]).unwrap_err().to_string().contains("from 2020-01-01 to 2020-01-04"));
        assert_eq!(part.to_f32().unwrap(), [2.0, 3.0]);
    }
}
