use std::fmt;

use practicum_core::{Error, Result};

use crate::BacktestReport;

/// A table of models, the best first.
///
/// ```
/// use practicum_timeseries::Ranking;
///
/// let ranking = Ranking::new(&["mse", "mae"])
///     .row("naive", &[61.83, 5.94])
///     .row("moving average 30", &[106.67, 7.14])
///     .row("dense", &[40.2, 4.9])
///     .by("mae")?;
/// assert_eq!((ranking.rows[0].name.as_str(), ranking.rows[0].rank), ("dense", 1));
/// assert_eq!(
///     ranking.to_string().lines().nth(3),
///     Some("|    2 | naive             |  61.8300 | 5.9400 |")
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ranking {
    /// What the columns are: names of errors, of which less is better.
    pub metrics: Vec<String>,
    /// A row a model.
    pub rows: Vec<RankedModel>,
    /// Models that could not be tried, and why: see [`Backtest::compare`](crate::Backtest::compare).
    pub failed: Vec<(String, Error)>,
}

/// A model with its errors.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RankedModel {
    /// From 1; models that are as good have the same.
    pub rank: usize,
    /// What it is called.
    pub name: String,
    /// One number a column; NaN where there is none.
    pub values: Vec<f64>,
}

impl Ranking {
    /// An empty table with these columns.
    pub fn new(metrics: &[&str]) -> Self {
        Self { metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(), rows: Vec::new(), failed: Vec::new() }
    }

    /// Adds a model, with its number in each column. Columns without one are NaN.
    #[must_use]
    pub fn row(mut self, name: &str, values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.resize(self.metrics.len(), f64::NAN);
        self.rows.push(RankedModel { rank: 0, name: name.to_owned(), values });
        self
    }

    /// Orders and ranks the models by a column, the smallest first; those without a number come last.
    ///
    /// # Errors
    /// No such column, and no models
    pub fn by(mut self, metric: &str) -> Result<Self> {
        let Some(column) = self.metrics.iter().position(|known| known == metric) else {
            return Err(Error::unknown("metric", metric, &self.metrics));
        };
        if self.rows.is_empty() {
            return Err(Error::argument("there are no models to compare"));
        }
        let key = |row: &RankedModel| if row.values[column].is_nan() { f64::INFINITY } else { row.values[column] };
        self.rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
        for index in 0..self.rows.len() {
            let same = index > 0 && key(&self.rows[index]) == key(&self.rows[index - 1]);
            self.rows[index].rank = if same { self.rows[index - 1].rank } else { index + 1 };
        }
        Ok(self)
    }

    /// What back-tests found: by `mae`, with `rmse` and `smape`, and with `mase` and `coverage` if any of them has them.
    ///
    /// # Errors
    /// No reports.
    pub fn of_reports(reports: &[BacktestReport]) -> Result<Self> {
        let mut table = Self::new(&["mae", "rmse", "smape", "mase", "coverage"]);
        for report in reports {
            let or_none = |value: Option<f64>| value.unwrap_or(f64::NAN);
            table = table.row(&report.name, &[report.mae, report.rmse, report.smape, or_none(report.mase), or_none(report.coverage)]);
        }
        for name in ["coverage", "mase"] {
            table = table.without_empty(name);
        }
        table.by("mae")
    }

    /// Drops a column in which no model has a number.
    fn without_empty(mut self, metric: &str) -> Self {
        let column = self.metrics.iter().position(|known| known == metric);
        if let Some(column) = column.filter(|column| self.rows.iter().all(|row| row.values[*column].is_nan())) {
            self.metrics.remove(column);
            for row in &mut self.rows {
                row.values.remove(column);
            }
        }
        self
    }
}

/// Markdown, its columns as wide as what stands in them.
impl fmt::Display for Ranking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: &f64| if value.is_nan() { "–".to_owned() } else { format!("{value:.4}") };
        let cells = |row: &RankedModel| {
            let mut cells = vec![row.rank.to_string(), row.name.replace('|', "\\|")];
            cells.extend(row.values.iter().map(number));
            cells
        };
        let mut table: Vec<Vec<String>> =
            vec![["rank", "model"].into_iter().map(str::to_owned).chain(self.metrics.iter().cloned()).collect()];
        table.extend(self.rows.iter().map(cells));
        let width = |column: usize| table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.metrics.len() + 2).map(|column| width(column).unwrap_or(0)).collect();
        for (index, row) in table.iter().enumerate() {
            for (column, width) in widths.iter().copied().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                if column == 1 { write!(f, "| {cell:<width$} ")? } else { write!(f, "| {cell:>width$} ")? }
            }
            writeln!(f, "|")?;
            if index == 0 {
                for (column, width) in widths.iter().copied().enumerate() {
                    let rule = "-".repeat(width + 1);
                    if column == 1 { write!(f, "|{rule}-")? } else { write!(f, "|{rule}:")? }
                }
                writeln!(f, "|")?;
            }
        }
        for (name, error) in &self.failed {
            writeln!(f, "\nNot ranked: {name}: {error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_a_rank_and_gaps_come_last() {
        let table = Ranking::new(&["mae", "mase"]).row("a", &[2.0]).row("b", &[f64::NAN, 1.0]).row("c", &[1.0, 3.0]).row("d", &[2.0, 0.5]);
        let by_mae = table.clone().by("mae").unwrap();
        let order: Vec<(usize, &str)> = by_mae.rows.iter().map(|row| (row.rank, row.name.as_str())).collect();
        assert_eq!(order, [(1, "c"), (2, "a"), (2, "d"), (4, "b")]);
        assert_eq!(table.clone().by("mase").unwrap().rows[0].name, "d");
        assert!(table.by("mse").unwrap_err().to_string().contains("known are mae, mase"));
        let lines = by_mae.to_string();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(
            lines[..3],
            ["| rank | model |    mae |   mase |", "|-----:|-------|-------:|-------:|", "|    1 | c     | 1.0000 | 3.0000 |"]
        );
        assert!(lines.len() == 6 && lines.iter().all(|line| line.chars().count() == lines[0].len()), "{lines:?}");
        let bar = Ranking::new(&["mae"]).row("a|b", &[1.0]).by("mae").unwrap().to_string();
        assert!(bar.contains("a\\|b"), "{bar}");
        assert!(Ranking::new(&["mae"]).by("mae").unwrap_err().to_string().contains("no models"));
    }
}
