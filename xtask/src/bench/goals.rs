//! What we want to reach on each workload, and whether we do.

use std::fmt::{self, Display, Formatter};

use super::record::{Pair, Record, Row, median};
use super::table::Time;

/// What a goal is about.
#[derive(Clone, Copy)]
enum About {
    /// How many times faster our step is than that of the best peer, as a user would run it.
    Best,
    /// … than that of the best peer whose allocator was tuned by hand.
    Tuned,
    /// … than that of the best peer of all, however it was run.
    Any,
    /// … than that of this peer.
    Over(&'static str),
    /// Seconds of a step.
    Step,
    /// Seconds that a prediction of one example takes.
    Predict,
    /// Our peak memory as a part of the leanest peer's; what is below the floor, in MiB, is good in any case.
    Memory { floor: f64 },
}

/// A goal: what must be, and what would be fine.
struct Goal {
    workload: &'static str,
    about: About,
    must: f64,
    stretch: Option<f64>,
}

/// A goal for each of some workloads.
macro_rules! goals {
    ($($about:expr => $($workload:literal: $must:literal $(.. $stretch:literal)?),+;)+) => {
        &[$($(Goal { workload: $workload, about: $about, must: $must, stretch: goals!(@ $($stretch)?) }),+),+]
    };
    (@ $stretch:literal) => { Some($stretch) };
    (@) => { None };
}

const GOALS: &[Goal] = goals! {
    About::Step => "W1": 2e-6;
    About::Best => "W2": 2.2..3.0, "W6": 3.5..5.0,
        "W7": 2.2..3.0, "W7b": 1.9..2.5, "W7c": 5.0..8.0, "W8": 2.0..2.5, "W9": 3.5..5.0, "W10": 2.0..2.5,
        "W11": 10.0..15.0, "W12": 2.7..4.0, "W13": 2.0..2.5, "W13s": 2.2..3.0;
    About::Any => "W3": 2.5..3.2, "W4b32": 2.0..2.6, "W4": 2.0..2.6, "W5": 2.2..2.9;
    About::Best => "decode": 0.8, "augment": 5.0;
    About::Over("keras") => "words": 20.0, "generation": 20.0;
    About::Over("tokenizers") => "words": 1.0;
    About::Over("tfds") => "subwords": 20.0;
    About::Tuned => "W7b": 1.35, "W10": 1.9, "W13": 1.4;
    About::Predict => "W1": 1e-5..3e-6, "W2": 1e-5..3e-6, "W6": 1e-5..3e-6, "W11": 1e-5..3e-6;
    About::Memory { floor: 16.0 } => "W1": 1.0, "W2": 1.0, "W3": 1.0, "W6": 1.0, "W7": 1.0, "W7b": 1.0, "W7c": 1.0, "W8": 1.0,
        "W9": 1.0, "W10": 1.0, "W11": 1.0, "W12": 1.0, "W13": 1.0, "W13s": 1.0;
    About::Memory { floor: 0.0 } => "W4b32": 0.5..0.333, "W4": 0.5..0.333, "W5": 0.5..0.333;
};

/// A peer whose name ends so was given an allocator that is tuned by hand.
const TUNED: &str = "tuned-allocator";

/// The goals of the workloads in a record, beside what was measured.
pub(super) struct Goals<'a>(pub(super) &'a Record);

impl Display for Goals<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let known = |goal: &&Goal| self.0.rows.iter().any(|row| row.workload == goal.workload);
        let mut goals: Vec<&Goal> = GOALS.iter().filter(known).collect();
        if goals.is_empty() {
            return Ok(());
        }
        let place = |goal: &&Goal| self.0.rows.iter().position(|row| row.workload == goal.workload);
        goals.sort_by_key(place);
        writeln!(f, "\n| workload | goal | must | stretch | measured | must | stretch |\n|---|---|--:|--:|---|---|---|")?;
        for goal in goals {
            let (found, told) = goal.measured(self.0).unwrap_or((f64::NAN, "not measured".to_owned()));
            let met = |bound: f64| match found {
                found if found.is_nan() => "–",
                found if goal.reaches(found, bound) => "met",
                _ => "**not met**",
            };
            let stretch = goal.stretch.map_or("", met);
            let bound = goal.stretch.map_or(String::new(), |bound| goal.bound(bound));
            let (must, what) = (goal.bound(goal.must), goal.about.what());
            writeln!(f, "| {} | {what} | {must} | {bound} | {told} | {} | {stretch} |", goal.workload, met(goal.must))?;
        }
        Ok(())
    }
}

impl About {
    fn what(self) -> String {
        let what = match self {
            About::Best => "faster than the best peer",
            About::Tuned => "faster than the best peer with a tuned allocator",
            About::Any => "faster than the best peer, tuned or not",
            About::Over(peer) => return format!("faster than {peer}"),
            About::Step => "time of a step",
            About::Predict => "`predict` of one example",
            About::Memory { .. } => "peak memory, of the leanest peer's",
        };
        what.to_owned()
    }
}

impl Goal {
    fn reaches(&self, found: f64, bound: f64) -> bool {
        match self.about {
            About::Best | About::Tuned | About::Any | About::Over(_) => found >= bound,
            About::Step | About::Predict | About::Memory { .. } => found <= bound,
        }
    }

    fn bound(&self, bound: f64) -> String {
        match self.about {
            About::Best | About::Tuned | About::Any | About::Over(_) => format!("{bound}×"),
            About::Step | About::Predict => Time(bound).to_string(),
            About::Memory { floor } if floor > 0.0 => format!("{bound}×, or {floor} MiB"),
            About::Memory { .. } => format!("{bound}×"),
        }
    }

    /// What was found, and the words for it.
    fn measured(&self, record: &Record) -> Option<(f64, String)> {
        let row = |measure: &str| record.ours(self.workload, measure);
        match self.about {
            About::Best => self.against(record, |pair| !pair.peer.ends_with(TUNED)),
            About::Tuned => self.against(record, |pair| pair.peer.ends_with(TUNED)),
            About::Any => self.against(record, |_| true),
            About::Over(peer) => self.against(record, |pair| pair.peer == peer),
            About::Step => row("train_on_batch").or(row("fit")).map(|row| (row.step(), Time(row.step()).to_string())),
            About::Predict => row("predict, one example").map(|row| (row.step(), Time(row.step()).to_string())),
            About::Memory { floor } => {
                let ours = row("fit").and_then(Row::rss)?;
                let of = |pair: &Pair| Some((pair.peer_mib?, pair.peer.clone()));
                let leanest = record.pairs.iter().filter(|pair| pair.workload == self.workload).filter_map(of);
                let leanest = leanest.min_by(|a, b| a.0.total_cmp(&b.0));
                let told = leanest.as_ref().map_or(String::new(), |(mib, peer)| format!(", {peer} {mib:.0} MiB"));
                let part = if ours <= floor { 0.0 } else { ours / leanest?.0 };
                Some((part, format!("{ours:.0} MiB{told}")))
            }
        }
    }

    /// How many times faster we are than the best of some peers.
    fn against(&self, record: &Record, counts: impl Fn(&Pair) -> bool) -> Option<(f64, String)> {
        let pairs = record.pairs.iter().filter(|pair| pair.workload == self.workload && counts(pair));
        let peers = record.by_peer(pairs);
        let run = peers.iter().map(|(peer, _)| *peer).collect::<Vec<_>>().join(", ");
        let (best, ratios) = peers.into_iter().min_by(|(_, a), (_, b)| step(a).total_cmp(&step(b)))?;
        let ratio = median(&mut ratios.iter().map(|pair| pair.peer_ms / pair.our_ms).collect::<Vec<_>>());
        let others = if run == best { String::new() } else { format!(", of {run}") };
        Some((ratio, format!("{ratio:.2}× {best} ({}{others})", Time(step(&ratios) / 1e3))))
    }
}

/// The median step of a peer, in milliseconds.
fn step(pairs: &[&Pair]) -> f64 {
    median(&mut pairs.iter().map(|pair| pair.peer_ms).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::record::Machine;
    use super::*;
    use practicum_core::Cpu;

    fn pair(peer: &str, peer_ms: f64, peer_mib: f64) -> Pair {
        let (workload, peer) = ("W5".to_owned(), peer.to_owned());
        Pair { workload, peer, peer_ms, peer_mib: Some(peer_mib), our_ms: 100.0, our_mib: Some(100.0) }
    }

    fn row() -> Row {
        Row {
            workload: "W5".into(),
            measure: "fit".into(),
            by: super::super::measure::OURS.into(),
            threads: 2,
            samples: 20,
            flops: 15e9,
            done: None,
            seconds: vec![0.1],
            peaks: vec![230.0],
            first_seconds: None,
            framework_share: None,
            rss_mib: vec![100.0],
        }
    }

    #[test]
    fn goals_are_held_against_the_best_peer_and_the_leanest() {
        let mut record = Record::new(Machine::here(&Cpu::default(), 230.0));
        assert_eq!(Goals(&record).to_string(), "");
        record.add(vec![row()]);
        let text = Goals(&record).to_string();
        assert!(text.contains("| 2.2× | 2.9× | not measured | – | – |"), "{text}");
        record.pairs = vec![pair("slow", 400.0, 250.0), pair("fast", 340.0, 900.0), pair("torch-tuned-allocator", 230.0, 900.0)];
        let text = Goals(&record).to_string();
        let best = "| 2.30× torch-tuned-allocator (230 ms, of slow, fast, torch-tuned-allocator) | met | **not met** |";
        assert!(text.contains(best), "{text}");
        assert!(text.contains("| 100 MiB, slow 250 MiB | met | **not met** |"), "{text}");
    }
}
