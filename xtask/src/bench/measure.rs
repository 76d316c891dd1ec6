//! Repetitions in turn, with the machine's peak before and after.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use practicum_core::Cpu;
use practicum_core::kernel::multiply_adds;

use super::record::{Row, median};

/// Who made what is measured.
pub(super) const OURS: &str = "practicum";

/// Repetitions of every case in a measurement: fewer where a single call takes long.
const REPETITIONS: std::ops::RangeInclusive<usize> = 3..=15;

/// Measurements of a case whose probe finds the machine far under its best, at most.
const ATTEMPTS: usize = 4;

/// Under this part of the machine's best the machine is taken for disturbed.
pub(super) const DISTURBED: f64 = 0.8;

/// How fast the machine multiplies and adds right now.
pub(super) struct Probe<'a>(&'a Cpu);

impl<'a> Probe<'a> {
    pub(super) fn new(cpu: &'a Cpu) -> Self {
        Self(cpu)
    }

    /// GFLOP/s now: the median of five looks of a few hundred microseconds.
    pub(super) fn now(&self) -> f64 {
        median(&mut (0..5).map(|_| self.look()).collect::<Vec<_>>())
    }

    /// The best of a quarter of a second.
    pub(super) fn best(&self) -> f64 {
        let start = Instant::now();
        let mut best = 0.0_f64;
        while start.elapsed().as_millis() < 250 {
            best = best.max(self.look());
        }
        best
    }

    fn look(&self) -> f64 {
        const ROUNDS: usize = 100_000;
        let start = Instant::now();
        let operations = multiply_adds(self.0.exec(), ROUNDS);
        operations as f64 / start.elapsed().as_secs_f64() / 1e9
    }
}

/// Something to be timed.
pub(super) struct Case<'a> {
    /// What is measured, such as `fit`.
    pub(super) measure: &'static str,
    /// Who does it.
    pub(super) by: &'static str,
    /// Steps that one call makes.
    pub(super) steps: usize,
    /// Examples in a step.
    pub(super) samples: usize,
    /// Floating-point operations of a step that are asked for: those of matrix products and convolutions.
    pub(super) flops: f64,
    /// One call.
    pub(super) call: Box<dyn FnMut() -> Result<()> + 'a>,
}

/// What a process finds out about its workload. Each has a process of its own, so that none disturbs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Mode {
    Time,
    Memory,
    Profile,
}

/// The measurements of one workload.
pub(super) struct Bench {
    workload: &'static str,
    mode: Mode,
    seconds: f64,
    cpu: Cpu,
    best_peak: f64,
    rows: Vec<Row>,
    /// The index of the row of a workload's training, once there is one.
    training: usize,
    /// What is done with fewer operations than were asked for.
    done: Vec<(&'static str, f64)>,
    photographs: PathBuf,
    texts: PathBuf,
}

impl Bench {
    pub(super) fn new(workload: &'static str, mode: Mode, seconds: f64, cpu: Cpu, best_peak: f64) -> Self {
        let [photographs, texts] = [PathBuf::new(), PathBuf::new()];
        Self { workload, mode, seconds, cpu, best_peak, rows: Vec::new(), training: 0, done: Vec::new(), photographs, texts }
    }

    /// Says what workloads of pictures and texts read.
    pub(super) fn reads(&mut self, photographs: PathBuf, texts: PathBuf) {
        (self.photographs, self.texts) = (photographs, texts);
    }

    /// A folder with a folder of photographs for each class.
    pub(super) fn photographs(&self) -> &Path {
        &self.photographs
    }

    /// A file with a text a line, and a vocabulary beside it.
    pub(super) fn texts(&self) -> &Path {
        &self.texts
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// The threads and instructions to measure with.
    pub(super) fn cpu(&self) -> Cpu {
        self.cpu.clone()
    }

    /// Notes how many operations a measure takes, where they are fewer than were asked for.
    pub(super) fn done(&mut self, measure: &'static str, flops: f64) {
        self.done.push((measure, flops));
    }

    /// Measures several cases in turn: the first, the second, …, the first again.
    ///
    /// Where the machine was disturbed, all of it is measured again, three times at most; the least disturbed is kept.
    /// Does nothing where this process is not there to take the time.
    pub(super) fn measure(&mut self, cases: Vec<Case<'_>>) -> Result<()> {
        self.measure_on(&self.cpu.clone(), cases)
    }

    /// The same for cases that run on other threads than the workload does.
    pub(super) fn measure_on(&mut self, cpu: &Cpu, mut cases: Vec<Case<'_>>) -> Result<()> {
        if self.mode != Mode::Time {
            return Ok(());
        }
        let best_peak = self.best_peak * cpu.threads() as f64 / self.cpu.threads() as f64;
        let calls = cases.iter_mut().map(|case| self.calls(case)).collect::<Result<Vec<_>>>()?;
        let repetitions = calls.iter().map(|calls| calls.repetitions).min().unwrap_or(1);
        let mut best: Option<(f64, Vec<Vec<f64>>)> = None;
        for _ in 0..ATTEMPTS {
            let before = Probe(cpu).now();
            let times = repeat(&mut cases, &calls, repetitions)?;
            let peak = f64::midpoint(before, Probe(cpu).now());
            if best.as_ref().is_none_or(|(other, _)| peak > *other) {
                best = Some((peak, times));
            }
            if peak >= DISTURBED * best_peak {
                break;
            }
        }
        let (peak, times) = best.unwrap_or_default();
        let shares = framework_shares(&cases, &times);
        self.training = self.rows.len();
        for ((case, seconds), framework_share) in cases.iter().zip(times).zip(shares) {
            let row = self.row(case.measure, case.by, case.samples, case.flops);
            self.rows.push(Row { threads: cpu.threads(), seconds, peaks: vec![peak], framework_share, ..row });
        }
        Ok(())
    }

    /// What the first step took, with all that is made for it, of the training measured last.
    pub(super) fn first(&mut self, seconds: f64) {
        if let Some(row) = self.rows.get_mut(self.training) {
            row.first_seconds = Some(seconds);
        }
    }

    /// What of a step of the training measured last passes inside of operations: the rest is the framework's, unless
    /// kernels by hand have told already.
    pub(super) fn inside(&mut self, seconds: f64) {
        if let Some(row) = self.rows.get_mut(self.training)
            && row.framework_share.is_none()
        {
            row.framework_share = Some((1.0 - seconds / row.step()).max(0.0));
        }
    }

    /// The most memory that was held while a workload was trained and asked.
    pub(super) fn push_memory(&mut self, measure: &str, samples: usize, flops: f64, rss_mib: Option<f64>) {
        let row = self.row(measure, OURS, samples, flops);
        self.rows.push(Row { rss_mib: rss_mib.into_iter().collect(), ..row });
    }

    pub(super) fn finish(self) -> Vec<Row> {
        self.rows
    }

    fn row(&self, measure: &str, by: &str, samples: usize, flops: f64) -> Row {
        Row {
            workload: self.workload.to_owned(),
            measure: measure.to_owned(),
            by: by.to_owned(),
            threads: self.cpu.threads(),
            samples,
            flops,
            done: self.done.iter().find(|(done, _)| *done == measure).map(|(_, flops)| *flops),
            seconds: Vec::new(),
            peaks: Vec::new(),
            first_seconds: None,
            framework_share: None,
            rss_mib: Vec::new(),
        }
    }

    /// How many calls make a repetition, so that all of them together take the time that was asked for.
    fn calls(&self, case: &mut Case<'_>) -> Result<Calls> {
        (case.call)()?;
        let (start, mut calls) = (Instant::now(), 0_usize);
        let budget = self.seconds / *REPETITIONS.end() as f64;
        while calls == 0 || start.elapsed().as_secs_f64() < budget {
            (case.call)()?;
            calls += 1;
        }
        let repetitions = (self.seconds / start.elapsed().as_secs_f64()) as usize;
        Ok(Calls { calls, repetitions: repetitions.clamp(*REPETITIONS.start(), *REPETITIONS.end()) })
    }
}

/// How a case is repeated.
struct Calls {
    /// Calls that make a repetition.
    calls: usize,
    repetitions: usize,
}

/// Who measures the same work as kernels alone, one call after the other.
pub(super) const KERNELS: &str = "kernels by hand";

/// The part of our step that passes outside of kernels: what it takes longer than the kernels by hand beside it.
fn framework_shares(cases: &[Case<'_>], times: &[Vec<f64>]) -> Vec<Option<f64>> {
    let kernels = cases.iter().zip(times).find(|(case, _)| case.by == KERNELS).map(|(_, times)| times);
    let share = |times: &Vec<f64>| {
        let mut ratios: Vec<f64> = times.iter().zip(kernels?).map(|(step, kernels)| 1.0 - kernels / step).collect();
        Some(median(&mut ratios).max(0.0))
    };
    cases.iter().zip(times).map(|(case, times)| if case.by == OURS { share(times) } else { None }).collect()
}

/// Seconds a step, repetition by repetition, of each case.
fn repeat(cases: &mut [Case<'_>], calls: &[Calls], repetitions: usize) -> Result<Vec<Vec<f64>>> {
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..repetitions {
        for ((case, Calls { calls, .. }), times) in cases.iter_mut().zip(calls).zip(&mut times) {
            let start = Instant::now();
            for _ in 0..*calls {
                (case.call)()?;
            }
            times.push(start.elapsed().as_secs_f64() / (calls * case.steps) as f64);
        }
    }
    Ok(times)
}

/// The most memory this process ever held, in MiB, where the system tells.
pub(super) fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
