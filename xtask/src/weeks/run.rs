//! A week while it runs: what was asked for, and what it found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use practicum_core::prelude::*;
use practicum_timeseries::Series;
use practicum_vision::datasets::ImageDataset;

use super::{Scale, SessionKind, Target, Week, data};
use crate::interrupt::StopWhenAsked;
use crate::list::mention;
use crate::report::Figures;
use crate::results::{DataSource, DataUsed, ParamCount, RunResults, TargetResult, WeekResults};

/// How a week is run.
pub(crate) struct Settings {
    /// The sessions that were asked for; empty for all labs and the exercise.
    pub(crate) sessions: Vec<SessionKind>,
    /// The course's own epochs and sizes.
    pub(crate) full: bool,
    pub(crate) data: DataChoice,
    pub(crate) data_dir: PathBuf,
    pub(crate) epochs: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) cpu: Cpu,
    pub(crate) report: bool,
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DataChoice {
    /// Real data where they are complete, else those built in
    Auto,
    /// Real data, or an error that says what is missing
    Real,
    /// The stand-ins that the code makes by itself
    Builtin,
}

pub(crate) struct WeekRun<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) results: &'a mut WeekResults,
    week: &'static dyn Week,
    /// The folder of the week's page.
    folder: &'a Path,
}

impl<'a> WeekRun<'a> {
    pub(crate) fn new(week: &'static dyn Week, settings: &'a Settings, results: &'a mut WeekResults, folder: &'a Path) -> Self {
        Self { settings, results, week, folder }
    }

    /// Whether a session is to be run.
    pub(crate) fn wants(&self, kind: SessionKind) -> bool {
        let by_default = self.settings.sessions.is_empty() && !matches!(kind, SessionKind::Exploration(_));
        !crate::interrupt::asked() && (by_default || self.settings.sessions.contains(&kind))
    }

    /// Tells a line, unless it shall be quiet.
    pub(crate) fn say(&self, line: &str) -> Result<()> {
        if self.settings.quiet { Ok(()) } else { Ok(mention(line)?) }
    }

    /// An empty model with the seed and the processor that were asked for.
    pub(crate) fn sequential(&self) -> Sequential {
        Sequential::new().with_seed(self.settings.seed).with_cpu(&self.settings.cpu)
    }

    /// So many epochs: the course's, or fewer at the small scale, unless others were asked for.
    pub(crate) fn epochs(&self, course: usize, quick: usize) -> usize {
        self.settings.epochs.unwrap_or(if self.settings.full { course } else { quick })
    }

    /// Options to fit with for so many epochs, unless others were asked for.
    pub(crate) fn fit<'b>(&self, epochs: usize) -> Fit<'b> {
        let fit = Fit::new().epochs(self.settings.epochs.unwrap_or(epochs)).callback(StopWhenAsked);
        if self.settings.quiet { fit.quiet() } else { fit }
    }

    /// Begins a run: everything that is measured belongs to it until it is finished.
    pub(crate) fn begin(&self, id: &str, title: &str) -> Result<RunClock> {
        self.say(&format!("\n{title}"))?;
        let results = RunResults { id: id.to_owned(), title: title.to_owned(), ..RunResults::default() };
        Ok(RunClock { results, began: Instant::now() })
    }

    /// Ends a run of a model that was trained: its parameters, history and time go into the results.
    pub(crate) fn finish(&mut self, clock: RunClock, model: &Model, history: &History) -> Result<()> {
        let mut results = clock.results;
        results.seconds = clock.began.elapsed().as_secs_f64();
        let count = model.param_count()?;
        results.params = ParamCount { total: count.total, trainable: count.trainable, non_trainable: count.non_trainable };
        results.epochs = history.epochs().len();
        results.history = curves_of(history);
        results.notes.insert(0, model.summary()?.to_string());
        self.add_run(results)
    }

    /// Ends a run that trained no model.
    pub(crate) fn finish_without_model(&mut self, clock: RunClock) -> Result<()> {
        let mut results = clock.results;
        results.seconds = clock.began.elapsed().as_secs_f64();
        self.add_run(results)
    }

    /// Puts a run into the results, with the targets it must reach.
    pub(crate) fn add_run(&mut self, mut results: RunResults) -> Result<()> {
        // Other numbers of epochs than the course's reach other numbers.
        let judged = self.settings.epochs.is_none() && !crate::interrupt::asked();
        let scale = |target: &Target| target.at == Scale::Any || self.settings.full;
        let meant = |target: &&Target| judged && target.run == results.id && self.uses(target.on) && scale(target);
        for target in self.week.targets().iter().filter(meant) {
            let value = results.metrics.get(target.metric).copied().unwrap_or(f64::NAN);
            let met = target.bound.is_met(value);
            let (metric, bound, source) = (target.metric.to_owned(), target.bound.to_string(), target.source.to_owned());
            self.say(&format!("{} {metric} {value:.4}: {bound} ({source})", if met { "reached" } else { "missed " }))?;
            results.targets.push(TargetResult { metric, bound, value, met, source });
        }
        self.results.runs.push(results);
        Ok(())
    }

    /// Whether the last data used came from there; a week without data has them in the lab.
    fn uses(&self, source: DataSource) -> bool {
        self.results.data.last().map_or(source == DataSource::Inline, |used| used.source == source)
    }

    /// What makes the pictures of a run; none where no report is wanted.
    pub(crate) fn figures<'b>(&self, run: &'b str) -> Option<Figures<'b>>
    where
        'a: 'b,
    {
        self.settings.report.then_some(Figures { folder: self.folder, run })
    }

    /// The numbers that stand in the lab itself.
    pub(crate) fn inline_data(&mut self, id: &str) {
        self.use_data(id, DataSource::Inline);
    }

    /// Says in the first line which week this is, and where its data come from.
    pub(crate) fn announce(&self) -> Result<()> {
        let mut sources = Vec::new();
        for need in self.week.data() {
            let folder = self.settings.data_dir.join(need.id);
            let from = match self.source_of(need.id)? {
                (DataSource::BuiltIn, why) => {
                    let why = why.map(|why| format!(", for {why}")).unwrap_or_default();
                    format!("built-in: {}{why}", need.built_in)
                }
                _ => format!("real, from {}", folder.display()),
            };
            sources.push(format!("{} {from}", need.id));
        }
        let data = if sources.is_empty() { "data in the lab".to_owned() } else { format!("data {}", sources.join("; ")) };
        let scale = if self.settings.full { "course" } else { "quick" };
        self.say(&format!("{}  {}  [{data}]  [scale {scale}, seed {}]", self.week.id(), self.week.title(), self.settings.seed))
    }

    /// Whether a data set is there, or its stand-in is used; and why, where a file is there but cannot be used.
    fn source_of(&self, id: &str) -> Result<(DataSource, Option<String>)> {
        if self.settings.data == DataChoice::Builtin {
            return Ok((DataSource::BuiltIn, None));
        }
        let folder = self.settings.data_dir.join(id);
        let missing = data::missing(id, &folder)?;
        let wanted = self.settings.data == DataChoice::Real;
        if !missing.is_empty() {
            if wanted {
                bail!(
                    "{} lacks {}\n  hint: fetch it with `cargo xtask fetch-data {id}`, or leave out `--data real`",
                    folder.display(),
                    missing.join(", ")
                );
            }
            return Ok((DataSource::BuiltIn, None));
        }
        match data::check(id, &folder) {
            Err(error) if wanted => Err(error.into()),
            Err(error) => Ok((DataSource::BuiltIn, Some(error.to_string()))),
            Ok(()) => Ok((DataSource::Real, None)),
        }
    }

    /// One of the course's sets of small pictures: real or built in, as was asked for.
    pub(crate) fn pictures(&mut self, id: &'static str) -> Result<ImageDataset> {
        let (source, _) = self.source_of(id)?;
        self.use_data(id, source);
        Ok(data::pictures(id, &self.settings.data_dir.join(id), source)?)
    }

    /// One of the course's observed series: real or built in, as was asked for.
    pub(crate) fn series(&mut self, id: &'static str) -> Result<Series> {
        let (source, _) = self.source_of(id)?;
        self.use_data(id, source);
        Ok(data::series(id, &self.settings.data_dir.join(id), source)?)
    }

    fn use_data(&mut self, id: &str, source: DataSource) {
        self.results.data.retain(|used| used.id != id);
        self.results.data.push(DataUsed { id: id.to_owned(), source });
    }
}

/// A run that is going on.
pub(crate) struct RunClock {
    pub(crate) results: RunResults,
    began: Instant,
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

    /// A line that a person should read.
    pub(crate) fn note(&mut self, note: String) {
        self.results.notes.push(note);
    }
}

/// A history as results hold it and pictures are made of it.
pub(crate) fn curves_of(history: &History) -> BTreeMap<String, Vec<f64>> {
    history.iter().map(|(name, values)| (name.to_owned(), values.to_vec())).collect()
}
