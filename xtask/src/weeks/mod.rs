//! The weeks of the course, one file each, and what they have in common.
//!
//! A week declares what it is: its sessions, the data it needs, the targets it must reach. From these declarations come
//! `run-week`, `list`, the report, the README's table, and the test of all weeks at small scale.

mod c1w1;
mod c1w2;
mod c4w1;
mod c4w2;
mod c4w3;
mod c4w4;
mod data;
mod networks;
mod pictures;
mod run;
mod series;

use std::fmt::{self, Display};

use anyhow::Result;
pub(crate) use run::{DataChoice, Settings, WeekRun};

use crate::results::DataSource;

/// All weeks, in the course's order.
pub(crate) static WEEKS: &[&dyn Week] = &[&c1w1::C1W1, &c1w2::C1W2, &c4w1::C4W1, &c4w2::C4W2, &c4w3::C4W3, &c4w4::C4W4];

/// A week of the course.
pub(crate) trait Week: Sync {
    /// Such as `c1w1`.
    fn id(&self) -> &'static str;

    /// A few words.
    fn title(&self) -> &'static str;

    /// A sentence.
    fn teaches(&self) -> &'static str;

    /// The data sets of the course that it needs.
    fn data(&self) -> &'static [DataNeed];

    /// Its labs, its exercise and its explorations, in the course's order.
    fn sessions(&self) -> &'static [Session];

    /// What its runs must reach.
    fn targets(&self) -> &'static [Target];

    /// Runs the sessions that were asked for: see [`WeekRun::wants`].
    ///
    /// # Errors
    /// Data that cannot be read, or a model that fails.
    fn run(&self, run: &mut WeekRun<'_>) -> Result<()>;
}

/// A data set that a week needs.
pub(crate) struct DataNeed {
    /// Its name in the catalogue.
    pub(crate) id: &'static str,
    /// What takes its place where it is not there.
    pub(crate) built_in: &'static str,
}

/// A part of a week.
pub(crate) struct Session {
    pub(crate) kind: SessionKind,
    pub(crate) title: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Lab(usize),
    Exercise,
    /// A change that the notebook proposes to try; only run when it is asked for.
    Exploration(usize),
}

impl Display for SessionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lab(number) => write!(f, "lab {number}"),
            Self::Exercise => f.write_str("exercise"),
            Self::Exploration(number) => write!(f, "exploration {number}"),
        }
    }
}

/// A number that a run must reach.
pub(crate) struct Target {
    /// The run's id.
    pub(crate) run: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) bound: Bound,
    /// On which data it must.
    pub(crate) on: DataSource,
    /// At which scale it must.
    pub(crate) at: Scale,
    /// Where the bound comes from.
    pub(crate) source: &'static str,
}

/// For how long a week is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Either way.
    Any,
    /// With the course's own epochs and sizes.
    Course,
}

/// What computers round differently, as a share of the value.
const NEAR: f64 = 1e-4;

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
    Above(f64),
    Below(f64),
    /// Equal, but for rounding.
    Near(f64),
    Within(f64, f64),
}

impl Bound {
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
            Self::Above(bound) => value > bound,
            Self::Below(bound) => value < bound,
            Self::Near(bound) => (value - bound).abs() <= NEAR * bound.abs(),
            Self::Within(low, high) => (low..=high).contains(&value),
        }
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::AtMost(bound) => write!(f, "<= {bound}"),
            Self::Above(bound) => write!(f, "> {bound}"),
            Self::Below(bound) => write!(f, "< {bound}"),
            Self::Near(bound) => write!(f, "{bound} to four digits"),
            Self::Within(low, high) => write!(f, "in [{low}, {high}]"),
        }
    }
}

/// The week of that id.
///
/// # Errors
/// No such week, with those that there are and the nearest of them.
pub(crate) fn find(id: &str) -> practicum_core::Result<&'static dyn Week> {
    let found = WEEKS.iter().find(|week| week.id() == id);
    found.copied().ok_or_else(|| practicum_core::Error::unknown("week", id, WEEKS.iter().map(|week| week.id())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_declare_what_they_are() {
        for week in WEEKS {
            let kinds: Vec<SessionKind> = week.sessions().iter().map(|session| session.kind).collect();
            assert!(kinds.contains(&SessionKind::Lab(1)), "{} has a first lab", week.id());
            assert!(!week.targets().is_empty(), "{} has a target", week.id());
            assert!(kinds.iter().enumerate().all(|(place, kind)| !kinds[..place].contains(kind)), "{} names a session twice", week.id());
        }
        assert!(WEEKS.windows(2).all(|pair| pair[0].id() < pair[1].id()), "weeks stand in order");
    }

    #[test]
    fn the_table_of_the_readme_is_that_of_the_weeks() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        assert!(readme.contains(&crate::list::markdown()), "put the output of `cargo xtask list --markdown` into the README");
    }

    #[test]
    fn strangers_get_the_nearest_week() {
        let error = find("c1w3x").err().unwrap().to_string();
        assert!(error.contains("c1w1, c1w2") && error.contains("did you mean"), "{error}");
    }
}
