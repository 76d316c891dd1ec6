//! The data sets of the weeks: what is missing, and how each is loaded or made.

use std::path::Path;

use practicum_core::{Error, Result};
use practicum_timeseries::Series;
use practicum_timeseries::datasets as series_sets;
use practicum_vision::datasets::{ImageDataset, builtin, fashion_mnist, mnist};

use crate::results::DataSource;

const KNOWN: [&str; 4] = ["fmnist", "mnist", "sunspots", "temps"];

/// The files of a data set that its folder lacks.
pub(super) fn missing(id: &str, folder: &Path) -> Result<Vec<&'static str>> {
    match id {
        "fmnist" => fashion_mnist::missing(folder),
        "mnist" => mnist::missing(folder),
        "sunspots" => series_sets::sunspots::missing(folder),
        "temps" => series_sets::temps::missing(folder),
        _ => Err(Error::unknown("data set", id, KNOWN)),
    }
}

/// Whether the files hold what they should, where that is soon found out: pictures are checked when they are loaded.
pub(super) fn check(id: &str, folder: &Path) -> Result<()> {
    match id {
        "sunspots" | "temps" => series(id, folder, DataSource::Real).map(|_| ()),
        _ => Ok(()),
    }
}

/// A set of pictures, or its stand-in.
pub(super) fn pictures(id: &str, folder: &Path, source: DataSource) -> Result<ImageDataset> {
    // The stand-in is one data set, whatever the seed of the training.
    let (seed, size) = (practicum_core::rng::DEFAULT_SEED, builtin::Size::default());
    match (source, id) {
        (DataSource::Real, "fmnist") => fashion_mnist::load(folder),
        (DataSource::Real, "mnist") => mnist::load(folder),
        (_, "fmnist") => builtin::garments(seed, size),
        (_, "mnist") => builtin::digits(seed, size),
        _ => Err(Error::unknown("set of pictures", id, KNOWN)),
    }
}

/// An observed series, or its stand-in.
pub(super) fn series(id: &str, folder: &Path, source: DataSource) -> Result<Series> {
    match (source, id) {
        (DataSource::Real, "sunspots") => series_sets::sunspots::load(folder),
        (DataSource::Real, "temps") => series_sets::temps::load(folder),
        (_, "sunspots") => series_sets::builtin::sunspots(),
        (_, "temps") => series_sets::builtin::temps(),
        _ => Err(Error::unknown("series", id, KNOWN)),
    }
}
