//! A run of a session while it goes on: what it found by now.

use std::collections::BTreeMap;
use std::time::Instant;

use practicum_core::prelude::*;

use crate::results::{RunResults, Yardstick};

/// A run that is going on.
pub(crate) struct RunClock {
    pub(crate) results: RunResults,
    pub(super) began: Instant,
}

impl RunClock {
    /// A number that the run found out.
    pub(crate) fn metric(&mut self, name: &str, value: f64) {
        self.results.metrics.insert(name.to_owned(), value);
    }

    /// All logs of a split, with its name in front.
    pub(crate) fn metrics(&mut self, split: &str, logs: &Logs) {
        logs.iter().for_each(|(name, value)| self.metric(&format!("{split}_{name}"), value));
    }

    /// Says which metric the run is about, and what to hold it against: `("naive", 5.94)`. The metric comes first on the page.
    pub(crate) fn key_figure(&mut self, metric: &str, (name, value): (&str, f64)) {
        self.results.key = metric.to_owned();
        self.results.yardstick = Some(Yardstick { name: name.to_owned(), value });
    }

    /// A line that a person should read.
    pub(crate) fn note(&mut self, note: String) {
        self.results.notes.push(note);
    }
}

/// A history as results hold it and pictures are made of it.
pub(crate) fn curves_of(history: &History) -> BTreeMap<String, Vec<f64>> {
    history.iter().map(|(name, values)| (name.to_owned(), values.to_vec())).collect()
}
