//! Melbourne: the lowest temperature of each day in °C, 1981 to 1990, 3,650 values; the leap days are left out.
//!
//! Source: Australian Bureau of Meteorology.

use std::path::Path;

use practicum_core::Result;

use super::Observed;
use crate::Series;

/// The file, as it is published.
pub const FILE: &str = "daily-min-temperatures.csv";

const OBSERVED: Observed =
    Observed { title: "the temperatures", file: FILE, date: "Date", value: "Temp", steps: 3650, ends: ["1981-01-01", "1990-12-31"] };

/// Names the file if `folder` lacks it.
///
/// # Errors
/// An I/O error when the folder may not be looked into.
pub fn missing(folder: impl AsRef<Path>) -> Result<Vec<&'static str>> {
    OBSERVED.missing(folder.as_ref())
}

/// Loads the series with its dates, from its folder or from the file itself.
///
/// # Errors
/// A file that is missing or cannot be read, and one that holds something else.
pub fn load(from: impl AsRef<Path>) -> Result<Series> {
    OBSERVED.load(from.as_ref())
}
