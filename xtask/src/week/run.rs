//! A week while it runs: what was asked for, and what it found.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use practicum_core::prelude::*;

use super::{RunClock, Scale, Session, SessionKind, Target, Week, curves_of};
use crate::console::mention;
use crate::data::{AnyDataSet, DataSet, Fault};
use crate::fetch;
use crate::interrupt::{self, StopWhenAsked};
use crate::report::{Figures, grouped};
use crate::results::{CodeText, DataSource, DataUsed, Made, ParamCount, RunResults, SessionText};
use crate::results::{TargetResult, Verdict, WeekResults};

/// How a week is run.
pub(crate) struct Settings {
    /// The sessions that were asked for; empty for all labs and the exercise.
    pub(crate) sessions: Vec<SessionKind>,
    /// The course's own epochs and sizes.
    pub(crate) full: bool,
    pub(crate) data: DataChoice,
    pub(crate) data_dir: PathBuf,
    /// The user's own files and folders, by the data set they hold.
    pub(crate) own_data: BTreeMap<&'static str, PathBuf>,
    pub(crate) epochs: Option<usize>,
    /// The trained network that transfer learning begins with.
    pub(crate) backbone: Option<BackboneName>,
    pub(crate) seed: u64,
    pub(crate) cpu: Cpu,
    pub(crate) report: bool,
    pub(crate) quiet: bool,
    /// Whether the network is asked something after its training: `Some(None)` for what is typed.
    pub(crate) ask: Option<Option<String>>,
    /// How boldly a generator of texts chooses.
    pub(crate) temperature: Option<f32>,
    /// The options of the command that say with what it is run, as they are typed, each after a space.
    pub(crate) options: String,
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

/// A trained network whose first layers are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BackboneName {
    /// InceptionV3 up to mixed7
    Inception,
    /// MobileNetV2
    Mobilenet,
    /// ResNet50
    Resnet50,
    /// EfficientNetB0
    Efficientnet,
    /// EfficientNet-Lite0, from a safetensors file
    Lite0,
    /// VGG16
    Vgg16,
    /// SqueezeNet 1.1
    Squeezenet,
    /// The small network that comes with the program
    Sketch,
}

impl std::fmt::Display for BackboneName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// What is used of a data set, and why.
struct Used {
    source: DataSource,
    path: PathBuf,
    /// Why the real data are not used, where a user may wonder.
    why: Option<String>,
    loaded: Option<Arc<dyn Any + Send + Sync>>,
}

pub(crate) struct WeekRun<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) results: &'a mut WeekResults,
    week: &'static Week,
    session: Option<&'static Session>,
    /// What the session has loaded so far.
    loaded: Vec<DataUsed>,
    /// Whether the session has been told to do less than the course.
    reduced: Cell<bool>,
    /// Whether a training of the session was given other epochs than its usual ones; nothing before the first training.
    other_epochs: Cell<Option<bool>>,
    data: BTreeMap<&'static str, Used>,
    /// The folder of the week's page.
    folder: &'a Path,
}

impl<'a> WeekRun<'a> {
    /// A week about to begin; says which it is, and which data it uses.
    pub(crate) fn begin_week(week: &'static Week, settings: &'a Settings, results: &'a mut WeekResults, folder: &'a Path) -> Result<Self> {
        let mut run = Self {
            settings,
            results,
            week,
            session: None,
            loaded: Vec::new(),
            reduced: Cell::new(false),
            other_epochs: Cell::new(None),
            data: BTreeMap::new(),
            folder,
        };
        let wanted: Vec<&Session> = week.sessions.iter().filter(|session| run.wants(session.kind)).collect();
        let mut told = Vec::new();
        for set in week.data() {
            if wanted.iter().any(|session| session.data.iter().any(|used| used.id() == set.id())) {
                let used = run.decide(set)?;
                run.warn(set, &used);
                told.push(used.describe(set));
                run.data.insert(set.id(), used);
            }
        }
        let data = if told.is_empty() { "data in the lab".to_owned() } else { format!("data {}", told.join("; ")) };
        let scale = if settings.full { "course" } else { "quick" };
        run.say(&format!("{}  {}  [{data}]  [scale {scale}, seed {}]", week.id, week.title, settings.seed))?;
        Ok(run)
    }

    /// Runs the sessions that were asked for, in the course's order, until the user asks to end.
    ///
    /// # Errors
    /// Those of a session; the results hold what was done by then.
    pub(crate) fn run_sessions(&mut self) -> Result<()> {
        for session in self.week.sessions {
            if !self.wants(session.kind) {
                continue;
            }
            self.session = Some(session);
            self.loaded.clear();
            self.reduced.set(false);
            self.other_epochs.set(None);
            let (started, began) = (now(), Instant::now());
            let outcome = (session.run)(self).with_context(|| format!("{} {}", self.week.id, session.kind));
            let stopped = outcome.as_ref().err().is_some_and(|error| error.is::<Stopped>());
            let name = session.kind.to_string();
            if self.results.runs.iter().any(|run| run.session == name) {
                let made = Made {
                    scale: self.results.scale.clone(),
                    reduced: self.reduced.get(),
                    seed: self.settings.seed,
                    options: self.settings.options.clone(),
                    command: self.results.command.clone(),
                    started,
                    seconds: began.elapsed().as_secs_f64(),
                    complete: outcome.is_ok() && !interrupt::asked(),
                    data: std::mem::take(&mut self.loaded),
                };
                self.results.sessions.push(text_of(session, made));
            }
            if !stopped {
                outcome?;
            }
            if self.settings.epochs.is_some() && self.other_epochs.get().is_none() && !interrupt::asked() {
                self.say(&format!("`--epochs` changes nothing: {name} of {} trains no network.", self.week.id))?;
            }
            if !interrupt::asked() && !self.results.runs.iter().any(|run| run.session == name) {
                bail!("{} {name} ended without a run: it has to call `finish` or `finish_without_model`", self.week.id);
            }
        }
        Ok(())
    }

    /// Whether a session is to be run.
    pub(crate) fn wants(&self, kind: SessionKind) -> bool {
        !interrupt::asked() && kind.is_wanted(&self.settings.sessions)
    }

    /// Tells a line, unless it shall be quiet.
    pub(crate) fn say(&self, line: &str) -> Result<()> {
        if self.settings.quiet { Ok(()) } else { Ok(mention(line)?) }
    }

    /// Tells a line, and keeps it for the page.
    pub(crate) fn tell(&self, clock: &mut RunClock, line: String) -> Result<()> {
        self.say(&line)?;
        clock.note(line);
        Ok(())
    }

    /// An empty model with the seed and the processor that were asked for.
    pub(crate) fn sequential(&self) -> Sequential {
        Sequential::new().with_seed(self.settings.seed).with_cpu(&self.settings.cpu)
    }

    /// The epochs to train: the course's, or fewer at the small scale, unless others were asked for.
    pub(crate) fn epochs(&self, course: usize, quick: usize) -> usize {
        let usual = if self.settings.full { course } else { quick };
        let epochs = self.settings.epochs.unwrap_or(usual);
        self.other_epochs.set(Some(self.other_epochs.get() == Some(true) || epochs != usual));
        self.reduced.set(self.reduced.get() || epochs < course);
        epochs
    }

    /// Whether to do all that the course does; where not, the page says that the session did less.
    pub(crate) fn is_full(&self) -> bool {
        self.reduced.set(self.reduced.get() || !self.settings.full);
        self.settings.full
    }

    /// Says where a run differs from the course's in size: each time the number here, the course's, and of what.
    pub(crate) fn tell_size(&self, clock: &mut RunClock, sizes: &[(usize, usize, &str)]) -> Result<()> {
        let others = sizes.iter().filter(|(here, course, _)| here != course);
        let told = |(here, course, what): &(usize, usize, &str)| {
            let what = if *here == 1 { what.trim_end_matches('s') } else { what };
            format!("{} {what} instead of {}", grouped(*here as u64), grouped(*course as u64))
        };
        let others: Vec<String> = others.map(told).collect();
        if others.is_empty() { Ok(()) } else { self.tell(clock, format!("Unlike the course's run: {}.", others.join("; "))) }
    }

    /// Options to fit with for this many epochs, unless others were asked for; where those are fewer, the page says that the
    /// session did less.
    pub(crate) fn fit<'b>(&self, epochs: usize) -> Fit<'b> {
        let fit = Fit::new().epochs(self.epochs(epochs, epochs)).callback(StopWhenAsked);
        if self.settings.quiet { fit.quiet() } else { fit }
    }

    /// Begins a run: everything that is measured belongs to it until it is finished.
    ///
    /// # Errors
    /// The user has asked to end.
    pub(crate) fn begin(&self, id: &str, title: &str) -> Result<RunClock> {
        if interrupt::asked() {
            return Err(Stopped.into());
        }
        self.say(&format!("\n{title}"))?;
        let session = self.session.map(|session| session.kind.to_string()).unwrap_or_default();
        let results = RunResults { id: id.to_owned(), title: title.to_owned(), session, ..RunResults::default() };
        Ok(RunClock { results, began: Instant::now() })
    }

    /// Keeps a trained model for `--ask`; not one whose training was stopped, which would replace a whole one.
    pub(crate) fn keep(&self, clock: &RunClock, model: &Model, classes: &[String]) -> Result<()> {
        if interrupt::asked() {
            return Ok(());
        }
        crate::ask::keep(self.folder, &clock.results.id, &clock.results.title, model, classes)
    }

    /// Ends a run of a model that was trained: its parameters, history and time go into the results.
    pub(crate) fn finish(&mut self, clock: RunClock, model: &Model, history: &History) -> Result<()> {
        let mut results = clock.results;
        results.seconds = clock.began.elapsed().as_secs_f64();
        let summary = model.summary()?;
        let count = summary.param_count();
        results.params = ParamCount { total: count.total, trainable: count.trainable, non_trainable: count.non_trainable };
        results.epochs = history.epochs().len();
        results.history = curves_of(history);
        results.notes.insert(0, summary.to_string());
        self.add_run(results)
    }

    /// Ends a run that trained no model.
    pub(crate) fn finish_without_model(&mut self, clock: RunClock) -> Result<()> {
        let mut results = clock.results;
        results.seconds = clock.began.elapsed().as_secs_f64();
        self.add_run(results)
    }

    /// Puts a run into the results, with the targets it must reach.
    fn add_run(&mut self, mut results: RunResults) -> Result<()> {
        results.partial = interrupt::asked();
        let mut targets: Vec<&Target> = self.targets(&results.id).collect();
        if results.partial {
            targets.clear();
        } else if self.other_epochs.get() == Some(true) && targets.iter().any(|target| !target.bound.is_print()) {
            // What the notebook prints of texts, windows and sizes is the same after any number of epochs.
            targets.retain(|target| target.bound.is_print());
            let told = "Not judged: the targets of this run are for other epochs than those of `--epochs`.";
            self.say(told)?;
            results.notes.push(told.to_owned());
        }
        for target in targets {
            let value = results.metrics.get(target.metric).copied().unwrap_or(f64::NAN);
            let verdict = match target.bound.is_met(value) {
                _ if target.at == Scale::Course && !self.settings.full => Verdict::TooShort,
                true => Verdict::Met,
                false => Verdict::Missed,
            };
            let told = TargetResult {
                metric: target.metric.to_owned(),
                bound: target.bound.to_string(),
                value,
                verdict,
                print: target.bound.is_print(),
                source: target.source.to_owned(),
                course: target.course,
            };
            self.say(&told.to_string())?;
            results.targets.push(told);
        }
        self.results.runs.push(results);
        Ok(())
    }

    /// Where the session's data come from, as far as they are loaded. Numbers that stand in the lab count where there are no
    /// others; sets from different places have no common source.
    fn source(&self) -> Option<DataSource> {
        let mut sources = self.loaded.iter().map(|used| used.source).filter(|source| *source != DataSource::Inline);
        let first = sources.next().unwrap_or(DataSource::Inline);
        sources.all(|source| source == first).then_some(first)
    }

    /// The targets of a run, on the data that the session has loaded.
    fn targets(&self, run: &str) -> impl Iterator<Item = &'static Target> {
        let source = self.source();
        let meant = move |target: &&Target| {
            let at_this_scale = !(target.at == Scale::Quick && self.settings.full);
            target.run == run && source == Some(target.on) && at_this_scale
        };
        self.session.into_iter().flat_map(|session| session.targets).filter(meant)
    }

    /// The metric that a run has to reach something in first, prints aside: the one to show as its key figure.
    pub(crate) fn goal(&self, run: &str) -> Option<&'static str> {
        self.targets(run).find(|target| !target.bound.is_print()).map(|target| target.metric)
    }

    /// What makes the pictures of a run; none where no report is wanted.
    pub(crate) fn figures<'b>(&self, run: &'b str) -> Option<Figures<'b>>
    where
        'a: 'b,
    {
        self.settings.report.then_some(Figures { folder: self.folder, run })
    }

    /// Names the numbers that stand in the lab itself.
    pub(crate) fn inline_data(&mut self, id: &str) {
        self.record(id, DataSource::Inline);
    }

    /// Loads one of the session's data sets: real or built in, as was asked for. A set that was loaded before is not loaded
    /// again.
    ///
    /// # Errors
    /// Real data that hold something else, where real ones are demanded or there is no stand-in.
    pub(crate) fn data<T: Send + Sync>(&mut self, set: &'static DataSet<T>) -> Result<Arc<T>> {
        let mut used = match self.data.remove(set.id) {
            Some(used) => used,
            None => self.decide(set)?,
        };
        let loaded = match used.loaded.take().map(Arc::downcast::<T>) {
            Some(Ok(loaded)) => loaded,
            _ => Arc::new(self.load(set, &mut used)?),
        };
        used.loaded = Some(loaded.clone());
        self.record(set.id, used.source);
        self.data.insert(set.id, used);
        Ok(loaded)
    }

    fn load<T>(&self, set: &'static DataSet<T>, used: &mut Used) -> Result<T> {
        if used.source == DataSource::Real {
            match ((set.load)(&used.path), &set.stand_in) {
                (Err(error), Some(_)) if self.may_stand_in(set) => {
                    *used = Used { source: DataSource::BuiltIn, why: Some(without_hint(&error)), ..std::mem::take(used) };
                    self.warn(set, used);
                    self.say(&used.describe(set))?;
                }
                (loaded, _) => return Ok(loaded?),
            }
        }
        match &set.stand_in {
            Some(stand_in) => Ok((stand_in.make)()?),
            None => bail!("{} has no stand-in", set.id),
        }
    }

    /// Warns under `--quiet` that a stand-in replaces data that the user named.
    fn warn(&self, set: &dyn AnyDataSet, used: &Used) {
        if self.settings.quiet && used.source == DataSource::BuiltIn && self.settings.own_data.contains_key(set.id()) {
            eprintln!("warning: {}", used.describe(set));
        }
    }

    /// Whether the stand-in may replace data that are not what they should be.
    fn may_stand_in(&self, set: &dyn AnyDataSet) -> bool {
        self.settings.data != DataChoice::Real && set.stand_in().is_some()
    }

    /// Whether a data set is there, or its stand-in is used, and why.
    fn decide(&self, set: &dyn AnyDataSet) -> Result<Used> {
        let id = set.id();
        let given = self.settings.own_data.get(id);
        let path = match given {
            Some(own) => set.own(own)?,
            None => self.settings.data_dir.join(id),
        };
        let used = |source, why| Used { source, path: path.clone(), why, loaded: None };
        if self.settings.data == DataChoice::Builtin {
            return match set.stand_in() {
                Some(_) => Ok(used(DataSource::BuiltIn, None)),
                None => bail!("{id} has no stand-in\n  hint: leave out `--data builtin` and fetch it: `cargo xtask fetch-data {id}`"),
            };
        }
        let leave = if self.settings.data == DataChoice::Real && set.stand_in().is_some() { ", or leave out `--data real`" } else { "" };
        // Who has named the folder, or has put something there, may wonder.
        let is_meant = given.is_some() || path.exists() || self.settings.data_dir != fetch::default_data_dir();
        let lacks = |missing: &[&str]| format!("{} lacks {}", path.display(), missing.join(", "));
        match set.fault(&path)? {
            None => Ok(used(DataSource::Real, None)),
            Some(Fault::Missing(missing)) if self.may_stand_in(set) => Ok(used(DataSource::BuiltIn, is_meant.then(|| lacks(&missing)))),
            Some(Fault::Missing(missing)) if given.is_some() => {
                bail!("{}\n  hint: give the folder that holds them: `--from {id}=FOLDER`{leave}", lacks(&missing))
            }
            Some(Fault::Missing(missing)) => {
                bail!("{}\n  hint: fetch it with `cargo xtask fetch-data {id}`{leave}", lacks(&missing))
            }
            Some(Fault::Wrong(error)) if self.may_stand_in(set) => Ok(used(DataSource::BuiltIn, Some(without_hint(&error)))),
            Some(Fault::Wrong(error)) => Err(error.into()),
        }
    }

    fn record(&mut self, id: &str, source: DataSource) {
        let used = DataUsed { id: id.to_owned(), source };
        for all in [&mut self.results.data, &mut self.loaded] {
            all.retain(|known| known.id != used.id);
            all.push(used.clone());
        }
    }
}

impl Default for Used {
    fn default() -> Self {
        Self { source: DataSource::Inline, path: PathBuf::new(), why: None, loaded: None }
    }
}

impl Used {
    fn describe(&self, set: &dyn AnyDataSet) -> String {
        match (self.source, set.stand_in()) {
            (DataSource::BuiltIn, Some(stand_in)) => {
                let why = self.why.as_ref().map(|why| format!(", because {why}")).unwrap_or_default();
                format!("{} built-in: {stand_in}{why}", set.id())
            }
            // Not called real: some sets are checked only when they are loaded.
            _ => format!("{} from {}", set.id(), self.path.display()),
        }
    }
}

/// What an error says in its first line, which stands in the middle of another.
fn without_hint(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Why a session ends before its last run: the user asked to.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// Seconds since 1970-01-01 UTC.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a session says of itself, with the code that ran.
fn text_of(session: &Session, made: Made) -> SessionText {
    let code = session.code.iter().map(|code| CodeText {
        file: code.file.to_owned(),
        item: code.item.to_owned(),
        text: code.text().unwrap_or_default(),
    });
    SessionText {
        session: session.kind.to_string(),
        title: session.title.to_owned(),
        task: session.task.to_owned(),
        code: code.collect(),
        keras: session.keras.trim_end().to_owned(),
        notice: session.notice.to_owned(),
        next: session.next.iter().map(|next| (next.change.to_owned(), next.command.to_owned())).collect(),
        made,
    }
}
