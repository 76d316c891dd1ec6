use std::fmt::Write as _;
use std::ops::Index;
use std::path::Path;

use serde::Serialize;

use super::Logs;
use crate::io::write_atomically;
use crate::{Error, Result};

/// What every epoch of a training ended with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    epochs: Vec<usize>,
    /// One number an epoch; NaN where there was none, as for validation that runs only now and then.
    series: Vec<(String, Vec<f64>)>,
}

impl History {
    pub(crate) fn push(&mut self, epoch: usize, logs: &Logs) {
        let before = self.epochs.len();
        self.epochs.push(epoch);
        for (name, value) in logs.iter() {
            let series = match self.series.iter_mut().position(|(known, _)| known == name) {
                Some(place) => &mut self.series[place].1,
                None => {
                    self.series.push((name.to_owned(), vec![f64::NAN; before]));
                    let last = self.series.len() - 1;
                    &mut self.series[last].1
                }
            };
            series.push(value);
        }
        let epochs = self.epochs.len();
        self.series.iter_mut().for_each(|(_, series)| series.resize(epochs, f64::NAN));
    }

    /// The numbers of the epochs, counted from 0.
    pub fn epochs(&self) -> &[usize] {
        &self.epochs
    }

    /// One number an epoch: `loss`, `accuracy`, `val_loss`, …
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.series.iter().find(|(known, _)| known == name).map(|(_, series)| series.as_slice())
    }

    /// The number of the last epoch.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.get(name)?.last().copied()
    }

    /// All names with their numbers, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.series.iter().map(|(name, series)| (name.as_str(), series.as_slice()))
    }

    /// A table with a line an epoch; empty where there is no number.
    pub fn to_csv(&self) -> String {
        let mut text = String::from("epoch");
        self.series.iter().for_each(|(name, _)| {
            let _ = write!(text, ",{name}");
        });
        text.push('\n');
        for (row, epoch) in self.epochs.iter().enumerate() {
            let _ = write!(text, "{epoch}");
            for (_, series) in &self.series {
                let _ = if series[row].is_nan() { write!(text, ",") } else { write!(text, ",{}", series[row]) };
            }
            text.push('\n');
        }
        text
    }

    /// An object with an array for each name; `null` where there is no number or it is not finite.
    ///
    /// # Errors
    /// None in practice: everything in a history can be written.
    pub fn to_json(&self) -> Result<String> {
        #[derive(Serialize)]
        struct Object<'a> {
            epoch: &'a [usize],
            history: std::collections::BTreeMap<&'a str, &'a [f64]>,
        }
        let object = Object { epoch: &self.epochs, history: self.iter().collect() };
        serde_json::to_string_pretty(&object).map_err(|source| Error::format(format!("cannot write the history: {source}")))
    }

    /// Writes [`to_csv`](History::to_csv) to a file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomically(path.as_ref(), self.to_csv().as_bytes())
    }

    /// Writes [`to_json`](History::to_json) to a file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_json(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomically(path.as_ref(), self.to_json()?.as_bytes())
    }
}

impl Index<&str> for History {
    type Output = [f64];

    /// # Panics
    /// No numbers of that name: ask with [`get`](History::get) where they may be missing.
    fn index(&self, name: &str) -> &[f64] {
        match self.get(name) {
            Some(series) => series,
            #[allow(clippy::panic, reason = "as every map of the standard library does")]
            None => panic!("{}", Error::unknown("log", name, self.series.iter().map(|(name, _)| name))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_stay_gaps() {
        let mut history = History::default();
        let logs = |numbers: &[(&str, f64)]| numbers.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<Logs>();
        history.push(0, &logs(&[("loss", 0.5)]));
        history.push(1, &logs(&[("loss", 0.25), ("val_loss", 1.0)]));
        history.push(2, &logs(&[("loss", 0.125)]));
        assert_eq!(history.to_csv(), "epoch,loss,val_loss\n0,0.5,\n1,0.25,1\n2,0.125,\n");
        let json: serde_json::Value = serde_json::from_str(&history.to_json().unwrap()).unwrap();
        assert_eq!(json["history"]["val_loss"], serde_json::json!([null, 1.0, null]));
        assert_eq!(history.last("loss"), Some(0.125));
    }
}
