//! What was measured, and where: the file that `--json` writes and `--baseline` reads.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use practicum_core::Cpu;
use practicum_core::io::write_atomically;
use serde::{Deserialize, Serialize};

use super::measure::OURS;
use super::named;

/// All measurements of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) machine: Machine,
    pub(super) rows: Vec<Row>,
    /// Other programs' measurements, each beside the one of ours that ran right before it.
    #[serde(default)]
    pub(super) pairs: Vec<Pair>,
}

/// A peer's measurement, and ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) workload: String,
    pub(super) peer: String,
    pub(super) peer_ms: f64,
    pub(super) peer_mib: Option<f64>,
    pub(super) our_ms: f64,
    pub(super) our_mib: Option<f64>,
}

/// Where it was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) threads: usize,
    pub(super) simd: String,
    /// The most GFLOP/s that multiply-adds reached, on all threads together.
    pub(super) peak_gflops: f64,
    /// How many programs wanted to run on average in the last minute, when the run began.
    pub(super) load: Option<f64>,
}

/// One thing that was measured, in all rounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) workload: String,
    pub(super) measure: String,
    pub(super) by: String,
    pub(super) threads: usize,
    /// Examples in a step.
    pub(super) samples: usize,
    /// Useful floating-point operations in a step.
    pub(super) flops: f64,
    /// Those that were done, where an algorithm needs fewer.
    #[serde(default)]
    pub(super) done: Option<f64>,
    /// Seconds a step, of every repetition.
    pub(super) seconds: Vec<f64>,
    /// The machine's peak in GFLOP/s around every measurement.
    pub(super) peaks: Vec<f64>,
    /// From an empty model to the end of the first step.
    pub(super) first_seconds: Option<f64>,
    /// The part of a step that passes outside of operations.
    pub(super) framework_share: Option<f64>,
    /// The most memory that the process held, in MiB.
    pub(super) rss_mib: Vec<f64>,
}

impl Machine {
    pub(super) fn here(cpu: &Cpu, peak_gflops: f64) -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        Self {
            processor: model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned()),
            threads: cpu.threads(),
            simd: cpu.simd().to_string(),
            peak_gflops,
            load: load.and_then(|load| load.split_whitespace().next()?.parse().ok()),
        }
    }
}

impl Machine {
    fn is_like(&self, other: &Self) -> bool {
        (&self.processor, self.threads, &self.simd) == (&other.processor, other.threads, &other.simd)
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} threads, {}, peak {:.0} GFLOP/s", self.processor, self.threads, self.simd, self.peak_gflops)?;
        self.load.map_or(Ok(()), |load| write!(f, ", load {load:.2}"))
    }
}

impl Record {
    pub(super) fn new(machine: Machine) -> Self {
        Self { machine, rows: Vec::new(), pairs: Vec::new() }
    }

    /// The same from several runs on one machine.
    pub(super) fn read_all(paths: &[PathBuf]) -> Result<Self> {
        let mut records = paths.iter().map(|path| Self::read(path)).collect::<Result<Vec<_>>>()?.into_iter();
        let mut all = records.next().context("there is no file to show")?;
        for record in records {
            ensure!(all.machine.is_like(&record.machine), "the files come from different machines: {} and {}", all.machine, record.machine);
            all.machine.peak_gflops = all.machine.peak_gflops.max(record.machine.peak_gflops);
            all.machine.load = all.machine.load.into_iter().chain(record.machine.load).reduce(f64::max);
            all.add(record.rows);
            all.pairs.extend(record.pairs);
        }
        Ok(all)
    }

    /// Adds the measurements of one more process to those of the rounds before.
    pub(super) fn add(&mut self, rows: Vec<Row>) {
        for row in rows {
            match self.rows.iter_mut().find(|known| known.is_like(&row)) {
                Some(known) => known.merge(row),
                None => self.rows.push(row),
            }
        }
    }

    /// Our row of a workload.
    pub(super) fn ours(&self, workload: &str, measure: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.by == OURS && row.workload == workload && row.measure == measure && !row.seconds.is_empty())
    }

    /// Pairs put together by their peer, in the order in which peers come first.
    pub(super) fn by_peer<'a>(&self, pairs: impl Iterator<Item = &'a Pair>) -> Vec<(&'a str, Vec<&'a Pair>)> {
        let mut all: Vec<(&str, Vec<&Pair>)> = Vec::new();
        for pair in pairs {
            match all.iter_mut().find(|(peer, _)| *peer == pair.peer) {
                Some((_, pairs)) => pairs.push(pair),
                None => all.push((&pair.peer, vec![pair])),
            }
        }
        all
    }

    /// The row that measures the same.
    pub(super) fn like(&self, row: &Row) -> Option<&Row> {
        self.rows.iter().find(|known| known.is_like(row))
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", named(path)))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not what `bench --json` writes", named(path)))
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        write_atomically(path, (text + "\n").as_bytes()).with_context(|| format!("writing {}", named(path)))
    }
}

impl Row {
    /// The median time of a step, in seconds.
    pub(super) fn step(&self) -> f64 {
        median(&mut self.seconds.clone())
    }

    /// The times between which the middle half of the repetitions lies.
    pub(super) fn quartiles(&self) -> (f64, f64) {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |part: usize| sorted.get((sorted.len().saturating_sub(1)) * part / 4).copied().unwrap_or(f64::NAN);
        (at(1), at(3))
    }

    /// GFLOP/s, where operations are counted.
    pub(super) fn gflops(&self) -> Option<f64> {
        (self.flops > 0.0).then(|| self.flops / self.step() / 1e9)
    }

    /// GFLOP/s of the operations that were done, where they are fewer.
    pub(super) fn done_gflops(&self) -> Option<f64> {
        self.done.map(|done| done / self.step() / 1e9)
    }

    /// The peak of the machine around the measurements.
    pub(super) fn peak(&self) -> f64 {
        median(&mut self.peaks.clone())
    }

    /// The most memory that any of the processes held.
    pub(super) fn rss(&self) -> Option<f64> {
        self.rss_mib.iter().copied().reduce(f64::max)
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.workload, &self.measure, &self.by, self.threads) == (&other.workload, &other.measure, &other.by, other.threads)
    }

    fn merge(&mut self, other: Self) {
        self.seconds.extend(other.seconds);
        self.peaks.extend(other.peaks);
        self.rss_mib.extend(other.rss_mib);
        self.first_seconds = self.first_seconds.into_iter().chain(other.first_seconds).reduce(f64::min);
        self.framework_share = self.framework_share.into_iter().chain(other.framework_share).reduce(f64::min);
    }
}

/// The middle value; not a number where there are none.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => values[len / 2],
        len => f64::midpoint(values[len / 2 - 1], values[len / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn rounds_are_put_together_by_what_they_measure() {
        let row = |measure: &str, seconds: f64| Row {
            workload: "W".into(),
            measure: measure.into(),
            by: "us".into(),
            threads: 1,
            samples: 1,
            flops: 2e9,
            done: None,
            seconds: vec![seconds],
            peaks: vec![100.0],
            first_seconds: Some(seconds),
            framework_share: None,
            rss_mib: vec![seconds],
        };
        let mut record = Record::new(Machine::here(&Cpu::default(), 100.0));
        record.add(vec![row("a", 1.0), row("b", 5.0)]);
        record.add(vec![row("a", 3.0)]);
        let a = record.like(&row("a", 0.0)).unwrap();
        assert_eq!((a.step(), a.gflops(), a.first_seconds, a.rss()), (2.0, Some(1.0), Some(1.0), Some(3.0)));
        assert_eq!(record.rows.len(), 2);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        Record::new(Machine::here(&Cpu::default(), 118.5)).write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap().machine.peak_gflops, 118.5);
        std::fs::write(&path, "{}").unwrap();
        assert!(Record::read(&path).unwrap_err().to_string().contains("bench --json"));
    }
}
