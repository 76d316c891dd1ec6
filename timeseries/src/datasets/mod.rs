//! The course's observed series: [`sunspots`] and [`temps`] from files, and stand-ins of the same character that code
//! makes, in `builtin`, which the feature of that name turns on.

#[cfg(feature = "builtin")]
pub mod builtin;
pub mod sunspots;
pub mod temps;

use std::path::Path;

use practicum_core::{Error, Result};

use crate::Series;
use crate::series::CsvReader;

/// A file with one observed series, and how to know it.
struct Observed {
    /// What people call it.
    title: &'static str,
    file: &'static str,
    date: &'static str,
    value: &'static str,
    steps: usize,
    /// The first and the last date, in the form of ISO 8601.
    ends: [&'static str; 2],
}

impl Observed {
    fn missing(&self, folder: &Path) -> Result<Vec<&'static str>> {
        let path = folder.join(self.file);
        let there = path.try_exists().map_err(|source| Error::io("look for", &path, source))?;
        Ok(if there { Vec::new() } else { vec![self.file] })
    }

    /// From its folder, or from the file itself, whatever its name.
    fn load(&self, from: &Path) -> Result<Series> {
        let path = if from.is_file() { from.to_owned() } else { from.join(self.file) };
        let series = CsvReader::new().dates(self.date).column(self.value).read(&path)?;
        let ends = series.dates().map(|dates| [dates[0], dates[dates.len() - 1]].map(|date| date.to_string()));
        if series.len() != self.steps || ends.as_ref().is_none_or(|ends| *ends != self.ends) {
            let [from, to] = ends.unwrap_or_default();
            let message = format!(
                "{}: {} are {} values from {} to {}, got {} from {from} to {to}",
                path.display(),
                self.title,
                self.steps,
                self.ends[0],
                self.ends[1],
                series.len()
            );
            return Err(Error::data(message).hint("is it a later edition, or a part of the file? Fetch it again"));
        }
        series.values().map_err(|error| error.context(path.display().to_string()))?;
        Ok(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_data_set_is_named() {
        let folder = std::env::temp_dir().join(format!("practicum-observed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(temps::missing(&folder).unwrap(), [temps::FILE]);
        assert!(temps::load(&folder).unwrap_err().is_io());
        let rest = "\"1981-01-02\",17.9\n";
        std::fs::write(folder.join(temps::FILE), format!("\"Date\",\"Temp\"\n\"1981-01-01\",20.7\n{rest}")).unwrap();
        assert!(temps::missing(&folder).unwrap().is_empty());
        let error = temps::load(&folder).unwrap_err().to_string();
        assert!(error.contains("3650 values") && error.contains("got 2 from 1981-01-01 to 1981-01-02"), "{error}");
        std::fs::write(folder.join(temps::FILE), "Day,Temp\n1981-01-01,20.7\n").unwrap();
        let error = temps::load(&folder).unwrap_err().to_string();
        assert!(error.contains(temps::FILE) && error.contains("Date"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
