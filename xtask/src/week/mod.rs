//! What a week of the course is: a value that says what each of its sessions tries, runs, shows and proposes.
//!
//! From these values come `run-week`, `list`, the pages, the README's table, and the checks of all weeks.

mod clock;
mod course;
mod run;
mod source;
mod target;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display};

use anyhow::Result;
pub(crate) use clock::{RunClock, curves_of};
pub(crate) use course::COURSE;
pub(crate) use run::{BackboneName, DataChoice, Settings, WeekRun, now};
pub(crate) use source::Code;
pub(crate) use target::{Bound, Scale, Target};

use crate::data::AnyDataSet;

/// A week of the course.
pub(crate) struct Week {
    /// Such as `c1w1`.
    pub(crate) id: &'static str,
    /// A few words.
    pub(crate) title: &'static str,
    /// A sentence: what one knows after it.
    pub(crate) teaches: &'static str,
    /// Its labs, its exercise and its explorations, in the course's order.
    pub(crate) sessions: &'static [Session],
}

impl Week {
    /// The data sets that its sessions use, each once.
    pub(crate) fn data(&self) -> Vec<&'static dyn AnyDataSet> {
        let mut sets: Vec<&'static dyn AnyDataSet> = Vec::new();
        for set in self.sessions.iter().flat_map(|session| session.data) {
            if sets.iter().all(|known| known.id() != set.id()) {
                sets.push(*set);
            }
        }
        sets
    }
}

/// A part of a week: what is tried, the code that does it, what to see in its pictures, and what to try next.
///
/// Labs and exercises have all of it; explorations need no Keras code, `notice` and `next`.
pub(crate) struct Session {
    pub(crate) kind: SessionKind,
    pub(crate) title: &'static str,
    /// Two or three sentences: what is tried, and why.
    pub(crate) task: &'static str,
    /// The code that runs, in the order it is read: see `code!`.
    pub(crate) code: &'static [Code],
    /// The Keras code it stands for: `include_str!("keras/ID_SESSION.py")`.
    pub(crate) keras: &'static str,
    /// What to see in the figures and pictures.
    pub(crate) notice: &'static str,
    /// What to change next, and what to type for it.
    pub(crate) next: &'static [Next],
    /// The data sets it uses; none where its numbers stand in the code.
    pub(crate) data: &'static [&'static dyn AnyDataSet],
    /// What its runs must reach.
    pub(crate) targets: &'static [Target],
    /// Runs it.
    pub(crate) run: fn(&mut WeekRun<'_>) -> Result<()>,
}

impl Session {
    /// A session that only needs to say what it has: `Session { kind, …, run, ..Session::BARE }`.
    pub(crate) const BARE: Self = Self {
        kind: SessionKind::Exercise,
        title: "",
        task: "",
        code: &[],
        keras: "",
        notice: "",
        next: &[],
        data: &[],
        targets: &[],
        run: |_| Ok(()),
    };
}

/// A change to try.
#[derive(Clone, Copy)]
pub(crate) struct Next {
    /// A sentence.
    pub(crate) change: &'static str,
    /// What to type, from `cargo xtask` on.
    pub(crate) command: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Lab(usize),
    Exercise,
    /// A change that the notebook proposes to try; runs only on request.
    Exploration(usize),
}

impl SessionKind {
    /// Whether it is run where these are asked for; where none is, all labs and the exercise are.
    pub(crate) fn is_wanted(self, asked: &[Self]) -> bool {
        asked.contains(&self) || asked.is_empty() && !matches!(self, Self::Exploration(_))
    }
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
