//! Sunspots: the mean number of each month, January 1749 to July 2018, 3,235 values.
//!
//! Source: WDC-SILSO, Royal Observatory of Belgium, Brussels.

use std::path::Path;

use practicum_core::Result;

use super::Observed;
use crate::Series;

/// The file, as it is published.
pub const FILE: &str = "Sunspots.csv";

const OBSERVED: Observed = Observed {
    title: "the sunspots",
    file: FILE,
    date: "Date",
    value: "Monthly Mean Total Sunspot Number",
    steps: 3235,
    ends: ["1749-01-31", "2018-07-31"],
};

/// Names the file if `folder` lacks it.
///
/// # Errors
/// An I/O error when the folder may not be looked into.
pub fn missing(folder: impl AsRef<Path>) -> Result<Vec<&'static str>> {
    OBSERVED.missing(folder.as_ref())
}

/// Loads the series with the last day of each month as its date, from its folder or from the file itself.
///
/// # Errors
/// A file that is missing or cannot be read, and one that holds something else.
pub fn load(from: impl AsRef<Path>) -> Result<Series> {
    OBSERVED.load(from.as_ref())
}
