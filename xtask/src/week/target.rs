//! What a run must reach.

use std::fmt::{self, Display};

use crate::results::DataSource;

/// A number that a run must reach.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// The run's id.
    pub(crate) run: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) bound: Bound,
    /// On which data it is judged.
    pub(crate) on: DataSource,
    /// At which scale it is judged.
    pub(crate) at: Scale,
    /// Where the bound comes from: for a network's figure, how many of how many seeds meet it.
    pub(crate) source: &'static str,
    /// The figure of the course's own single run, where it prints one.
    pub(crate) course: Option<f64>,
}

impl Target {
    /// A target that only needs to say what it has: `Target { run, metric, …, ..Target::BARE }`.
    pub(crate) const BARE: Self =
        Self { run: "", metric: "", bound: Bound::AtLeast(0.0), on: DataSource::Real, at: Scale::Course, source: "", course: None };

    /// A number that the notebook prints, at either scale.
    pub(crate) const fn print(run: &'static str, metric: &'static str, value: f64, on: DataSource) -> Self {
        Self { run, metric, bound: Bound::Print(value), on, at: Scale::Any, source: "what the notebook prints", ..Self::BARE }
    }
}

/// For how long a week is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Either way.
    Any,
    /// With fewer epochs or smaller sizes than the course's.
    Quick,
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
    /// The number that the notebook prints, a whole one exactly, others up to rounding: it shows that the computation is the same.
    Print(f64),
    Within(f64, f64),
}

impl Bound {
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
            Self::Above(bound) => value > bound,
            Self::Below(bound) => value < bound,
            Self::Print(bound) if bound.fract() == 0.0 => value == bound,
            Self::Print(bound) => (value - bound).abs() <= NEAR * bound.abs(),
            Self::Within(low, high) => (low..=high).contains(&value),
        }
    }

    /// Whether it only reproduces a print.
    pub(crate) fn is_print(self) -> bool {
        matches!(self, Self::Print(_))
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::AtMost(bound) => write!(f, "<= {bound}"),
            Self::Above(bound) => write!(f, "> {bound}"),
            Self::Below(bound) => write!(f, "< {bound}"),
            Self::Print(bound) if bound.fract() == 0.0 => write!(f, "{bound}"),
            Self::Print(bound) => write!(f, "{bound} (± 0.01 %)"),
            Self::Within(low, high) => write!(f, "in [{low}, {high}]"),
        }
    }
}
