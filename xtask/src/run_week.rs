//! `run-week`: runs weeks, writes their results and pages, and says whether the targets were reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use practicum_core::io::remove_leftovers;
use practicum_core::{Cpu, Error, Simd};

use crate::console::mention;
use crate::results::{Figure, Verdict, WeekResults};
use crate::week::{BackboneName, DataChoice, SessionKind, Settings, Week, WeekRun, now};
use crate::weeks::{course, select};
use crate::{ask, data, fetch, interrupt, machine, own_file, report, workspace};

#[derive(clap::Args)]
pub(crate) struct RunArgs {
    /// Weeks to run, such as c1w1 c1w2, or all
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,

    /// Only this lab (of one week)
    #[arg(long, value_name = "N", conflicts_with = "exercise")]
    lab: Option<usize>,

    /// Only the exercise (of one week)
    #[arg(long)]
    exercise: bool,

    /// Only this exploration, a change that the notebook proposes (of one week); may be given several times
    #[arg(long, value_name = "N", conflicts_with_all = ["lab", "exercise"])]
    exploration: Vec<usize>,

    /// How long to train: under a minute per week, or as long as the course does
    #[arg(long, value_name = "SCALE", default_value = "quick", conflicts_with = "full")]
    scale: Scale,

    /// The same as --scale course
    #[arg(long)]
    full: bool,

    /// Which data to use, for each data set
    #[arg(long, value_name = "DATA", default_value = "auto")]
    data: DataChoice,

    /// Where the data lie [default: the workspace's data folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Your own file or folder for a data set, whatever its name; may be given several times
    #[arg(long, value_name = "ID=PATH")]
    from: Vec<String>,

    /// Epochs, in place of the usual ones (of one week); the targets of networks are not judged then
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// The trained network that c2w3 begins with [default: inception where its weights are, else sketch]; its weights come by
    /// --from inception=FILE
    #[arg(long, value_name = "NAME")]
    backbone: Option<BackboneName>,

    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = practicum_core::rng::DEFAULT_SEED, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,

    /// Threads to compute with; they change no result [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Instructions to compute with: auto, portable, avx2 or avx512
    #[arg(long, value_name = "SET", default_value = "auto")]
    simd: String,

    /// Ask a network. c1w2 to c2w4: what the networks of earlier runs see in these pictures. c3w2, c3w3: train, then classify
    /// TEXT. c3w4: train, then continue TEXT. Without TEXT, lines are read from the standard input
    #[arg(long, value_name = "PICTURE|TEXT", num_args = 0.., conflicts_with = "exploration")]
    ask: Option<Vec<String>>,

    /// Sampling temperature of --ask in c3w4: 0 takes the likeliest word, 1 samples from the network's distribution [default: 0.7]
    #[arg(long, value_name = "T", allow_negative_numbers = true, requires = "ask")]
    temperature: Option<f32>,

    /// Where results and pages go
    #[arg(long, value_name = "DIR", default_value_os_t = default_out())]
    out: PathBuf,

    /// Write results.json, but no page and no pictures
    #[arg(long)]
    no_report: bool,

    /// Say nothing but warnings and errors
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Scale {
    /// Under a minute per week, whatever the data
    Quick,
    /// The course's own epochs and sizes
    Course,
}

/// `target/practicum` in the workspace that this is run from, or in the current folder.
pub(crate) fn default_out() -> PathBuf {
    workspace::root().unwrap_or_default().join("target").join("practicum")
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// The weeks whose networks answer texts.
const ASKED_TEXTS: [&str; 3] = ["c3w2", "c3w3", "c3w4"];

/// The weeks whose networks answer questions about pictures.
const ASKED_PICTURES: [&str; 7] = ["c1w2", "c1w3", "c1w4", "c2w1", "c2w2", "c2w3", "c2w4"];

pub(crate) fn run(args: &RunArgs) -> Result<ExitCode> {
    let weeks = args.weeks()?;
    let settings = args.settings(&weeks)?;
    if let (Some(asked), [week]) = (&args.ask, weeks.as_slice())
        && !ASKED_TEXTS.contains(&week.id)
    {
        if !ASKED_PICTURES.contains(&week.id) {
            bail!("{} has no network to ask: --ask goes with {} and {}", week.id, ASKED_PICTURES.join(", "), ASKED_TEXTS.join(", "));
        }
        if asked.is_empty() {
            bail!("--ask wants a picture for {}: --ask FILE", week.id);
        }
        let idle = args.length(&settings) + &settings.options;
        if !idle.is_empty() {
            bail!("--ask asks networks that earlier runs of {} have trained: leave out{idle}", week.id);
        }
        let pictures: Vec<PathBuf> = asked.iter().map(PathBuf::from).collect();
        let session = settings.sessions.first().map(|kind| kind.to_string().replace(' ', "")).unwrap_or_default();
        ask::ask(&args.out.join(week.id), &session, &pictures)?;
        return Ok(ExitCode::SUCCESS);
    }
    std::fs::create_dir_all(&args.out).map_err(|source| Error::io("make the folder", &args.out, source))?;
    let _lock = lock(&args.out)?;
    interrupt::listen();
    let mut missed = 0;
    for week in weeks {
        let outcome = run_one(week, &settings, args)?;
        missed += outcome.missed;
        if interrupt::asked() {
            let file = args.out.join(week.id).join("results.json");
            let told = match (outcome.kept, file.is_file()) {
                (true, _) => format!("stopped; what was done so far is in {}", file.display()),
                (false, true) => format!("stopped; the results of before are still in {}", file.display()),
                (false, false) => "stopped before anything was done".to_owned(),
            };
            // Whoever asked may have taken the terminal along.
            let _ = writeln!(std::io::stderr(), "{told}");
            return Ok(ExitCode::from(interrupt::STATUS));
        }
    }
    if missed > 0 {
        bail!("{missed} {} not reached", if missed == 1 { "target was" } else { "targets were" });
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the weeks and sessions that are asked for exist, and the options go together.
#[cfg(test)]
pub(crate) fn check(args: &RunArgs) -> Result<()> {
    args.settings(&args.weeks()?).map(|_| ())
}

impl RunArgs {
    fn weeks(&self) -> Result<Vec<&'static Week>> {
        let weeks = select(&self.ids)?;
        if weeks.is_empty() {
            bail!("no week is named: say which, such as c1w1, or all");
        }
        let single = [
            ("--lab", self.lab.is_some()),
            ("--exercise", self.exercise),
            ("--exploration", !self.exploration.is_empty()),
            ("--epochs", self.epochs.is_some()),
            ("--ask", self.ask.is_some()),
        ];
        match single.iter().find(|(_, given)| *given) {
            Some((option, _)) if weeks.len() != 1 => bail!("{option} goes with one week, got {}: {}", weeks.len(), self.ids.join(", ")),
            _ => Ok(weeks),
        }
    }

    fn settings(&self, weeks: &[&'static Week]) -> Result<Settings> {
        let exercise = self.exercise.then_some(SessionKind::Exercise);
        let explorations = self.exploration.iter().map(|number| SessionKind::Exploration(*number));
        let sessions: Vec<SessionKind> = self.lab.map(SessionKind::Lab).into_iter().chain(exercise).chain(explorations).collect();
        for (week, wanted) in weeks.iter().zip([&sessions]) {
            let known: Vec<SessionKind> = week.sessions.iter().map(|session| session.kind).collect();
            if let Some(stranger) = wanted.iter().find(|kind| !known.contains(kind)) {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                bail!("{} has no {stranger}: it has {}", week.id, known.join(", "));
            }
        }
        if self.backbone.is_some() && weeks.iter().all(|week| week.id != "c2w3") {
            bail!("--backbone goes with c2w3, got {}", self.ids.join(", "));
        }
        if self.epochs == Some(0) {
            bail!("--epochs is 0: it must be 1 or more");
        }
        let sessions = self.asked_session(weeks, sessions)?;
        let simd = if self.simd == "auto" { Simd::detect() } else { self.simd.parse()? };
        let threads = self.threads.unwrap_or_else(|| Cpu::default().threads());
        let own_data = self.own_data(weeks, &sessions)?;
        Ok(Settings {
            sessions,
            full: self.full || self.scale == Scale::Course,
            data: self.data,
            data_dir: self.data_dir.clone().unwrap_or_else(fetch::default_data_dir),
            own_data,
            epochs: self.epochs,
            backbone: self.backbone,
            seed: self.seed,
            cpu: Cpu::new(threads, simd)?,
            report: !self.no_report,
            quiet: self.quiet,
            ask: self.ask.as_ref().map(|words| (!words.is_empty()).then(|| words.join(" "))),
            temperature: self.temperature,
            options: self.options(),
        })
    }

    /// The session that answers a text of `--ask` where none is named: the second lab of each week that can.
    fn asked_session(&self, weeks: &[&'static Week], sessions: Vec<SessionKind>) -> Result<Vec<SessionKind>> {
        if let Some(temperature) = self.temperature {
            if !matches!(weeks, [week] if week.id == "c3w4") {
                bail!("--temperature goes with c3w4 alone, got {}", self.ids.join(", "));
            }
            if !(temperature >= 0.0 && temperature.is_finite()) {
                bail!("--temperature is {temperature}: expected a finite number of 0 or more");
            }
        }
        let of_texts = matches!(weeks, [week] if ASKED_TEXTS.contains(&week.id));
        Ok(if self.ask.is_some() && of_texts && sessions.is_empty() { vec![SessionKind::Lab(2)] } else { sessions })
    }

    /// The files and folders given by `--from`, each for a data set of what is to be run.
    fn own_data(&self, weeks: &[&'static Week], asked: &[SessionKind]) -> Result<BTreeMap<&'static str, PathBuf>> {
        let sessions = weeks.iter().flat_map(|week| week.sessions).filter(|session| session.kind.is_wanted(asked));
        let used: BTreeSet<&str> = sessions.flat_map(|session| session.data).map(|set| set.id()).collect();
        let mut given = BTreeMap::new();
        for option in &self.from {
            let Some((id, path)) = option.split_once('=').filter(|(id, path)| !id.is_empty() && !path.is_empty()) else {
                bail!("--from {option}: expected ID=PATH, such as sunspots=/home/me/sunspots.csv");
            };
            let set = data::find(id)?;
            if !used.contains(set.id()) {
                let what = std::iter::once(self.ids.join(", ")).chain(asked.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ");
                let used = if used.is_empty() { "none".to_owned() } else { used.into_iter().collect::<Vec<_>>().join(", ") };
                bail!("--from {option}: `{id}` is not among the data of {what}: {used}");
            }
            if id == data::INCEPTION.id && self.backbone == Some(BackboneName::Sketch) {
                bail!("--from {option} gives weights and --backbone sketch has its own: leave out one of them");
            }
            if self.data == DataChoice::Builtin {
                bail!("--from {option} gives a data set and --data builtin refuses it: leave out one of them");
            }
            set.own(Path::new(path))?;
            if given.insert(set.id(), PathBuf::from(path)).is_some() {
                bail!("--from {id} is given twice");
            }
        }
        Ok(given)
    }

    /// What to type to get the same results.
    fn command(&self, week: &Week, settings: &Settings) -> String {
        let mut command = format!("cargo xtask run-week {}", week.id);
        let mut add = |option: Option<String>| command.extend(option);
        add(self.lab.map(|lab| format!(" --lab {lab}")));
        add(self.exercise.then(|| " --exercise".to_owned()));
        self.exploration.iter().for_each(|number| add(Some(format!(" --exploration {number}"))));
        command + &self.length(settings) + &settings.options
    }

    /// The options that say for how long it is run, each after a space.
    fn length(&self, settings: &Settings) -> String {
        let epochs = self.epochs.map(|epochs| format!(" --epochs {epochs}"));
        settings.full.then(|| " --full".to_owned()).into_iter().chain(epochs).collect()
    }

    /// The options that say with what, not which part of a week is run and for how long, each after a space.
    fn options(&self) -> String {
        let mut options = String::new();
        let mut add = |option: &str, value: Option<String>| options.extend(value.map(|value| format!(" {option} {value}")));
        add("--data", (self.data != DataChoice::Auto).then(|| format!("{:?}", self.data).to_lowercase()));
        add("--data-dir", self.data_dir.as_ref().map(|folder| quoted(&folder.display().to_string())));
        self.from.iter().for_each(|own| add("--from", Some(quoted(own))));
        add("--backbone", self.backbone.map(|name| name.to_string()));
        add("--seed", (self.seed != practicum_core::rng::DEFAULT_SEED).then(|| self.seed.to_string()));
        add("--simd", (self.simd != "auto").then(|| self.simd.clone()));
        options
    }
}

/// A word as it is typed in a shell: in quotes where it would not be taken as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The only one that writes to a folder, as long as the file is open.
fn lock(out: &Path) -> Result<File> {
    let path = out.join(".lock");
    let file = own_file::open("lock", &path)?;
    if file.metadata().is_ok_and(|found| found.len() > 0) {
        bail!(
            "{} is not a lock file of this program: it is not empty\n  hint: move it away, or choose another folder with --out",
            path.display()
        );
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(anyhow!("another run is writing to {}\n  hint: wait for it, or choose another folder with --out", out.display()))
        }
        Err(TryLockError::Error(source)) => Err(Error::io("lock", &path, source).into()),
    }
}

fn run_one(week: &'static Week, settings: &Settings, args: &RunArgs) -> Result<Outcome> {
    let folder = args.out.join(week.id);
    std::fs::create_dir_all(&folder).map_err(|source| Error::io("make the folder", &folder, source))?;
    let mut results = WeekResults {
        week: week.id.to_owned(),
        title: week.title.to_owned(),
        command: args.command(week, settings),
        scale: if settings.full { "course" } else { "quick" }.to_owned(),
        seed: settings.seed,
        threads: settings.cpu.threads(),
        simd: settings.cpu.simd().to_string(),
        machine: machine::describe(),
        started: now(),
        ..WeekResults::default()
    };
    let began = Instant::now();
    // Pictures have new names each time, so no file that is written again takes their leftovers away.
    remove_leftovers(&folder);
    let mut run = WeekRun::begin_week(week, settings, &mut results, &folder)?;
    let outcome = match run.run_sessions() {
        Err(error) if results.runs.is_empty() => return Err(error),
        outcome => outcome,
    };
    results.seconds = began.elapsed().as_secs_f64();
    results.interrupted = interrupt::asked() || outcome.is_err();
    let missed = results.runs.iter().flat_map(|run| &run.targets).filter(|target| target.verdict == Verdict::Missed).count();
    // What was done before it failed is kept, and shown; before the first run there is nothing to show.
    let any = !results.runs.is_empty();
    let kept = any && keep(week, settings, results, &folder)?;
    let shown = if settings.report && any { show(args, &folder, began) } else { Ok(()) };
    if outcome.is_err() && kept {
        // The error itself follows.
        let _ = writeln!(std::io::stderr(), "what was done before the error is in {}", folder.join("results.json").display());
    }
    outcome.and(shown)?;
    Ok(Outcome { missed, kept })
}

/// Writes the pages, and tells where that of the week is.
fn show(args: &RunArgs, folder: &Path, began: Instant) -> Result<()> {
    let page_began = Instant::now();
    let pages = report::run(&args.out, &course())?;
    let page = pages.iter().find(|page| page.starts_with(folder)).or(pages.first());
    if let (false, Some(page)) = (args.quiet, page) {
        let (took, report) = (page_began.duration_since(began).as_secs_f64(), page_began.elapsed().as_secs_f64());
        mention(&format!("\n{took:.1} s; report in {report:.2} s: {}", page.display()))?;
    }
    Ok(())
}

/// What became of a week.
struct Outcome {
    /// Targets that were not reached.
    missed: usize,
    /// Whether any of the new results are in the file: a part does not replace the whole.
    kept: bool,
}

/// Writes the results together with those of the sessions that were not run this time.
fn keep(week: &Week, settings: &Settings, results: WeekResults, folder: &Path) -> Result<bool> {
    let file = folder.join("results.json");
    let sessions: Vec<String> = week.sessions.iter().map(|session| session.kind.to_string()).collect();
    let new = results.sessions.clone();
    let mut results = match report::read_week(&file) {
        Ok(earlier) => results.merged(earlier, &sessions),
        Err(_) => results,
    };
    results.artifacts =
        results.figures.iter().flat_map(Figure::files).chain(results.runs.iter().flat_map(|run| &run.files)).cloned().collect();
    if settings.report || folder.join("index.html").is_file() {
        results.artifacts.push("index.html".to_owned());
    }
    let json = serde_json::to_string_pretty(&results).context("the results cannot be written as JSON")?;
    report::write_whole(&file, json.as_bytes())?;
    Ok(results.sessions.iter().any(|session| new.contains(session)))
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use crate::cli::understood;

    #[test]
    fn a_file_for_a_data_set_that_is_not_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let from = |id: &str| format!("--from={id}={}", folder.path().display());
        let told =
            |words: &[&str]| understood(&[&["run-week"][..], words].concat()).err().map(|error| error.to_string()).unwrap_or_default();
        let mnist = from("mnist");
        assert_eq!(told(&["c1w3", &mnist]), "");
        assert_eq!(told(&["c1w3", "--exercise", &mnist]), "");
        assert!(told(&["c1w3", "--lab", "1", &mnist]).ends_with("`mnist` is not among the data of c1w3 lab 1: fmnist"));
        assert!(told(&["c1w1", &mnist]).ends_with("`mnist` is not among the data of c1w1: none"));
        let weights = folder.path().join("weights.h5");
        std::fs::write(&weights, "").unwrap();
        let weights = format!("--from=inception={}", weights.display());
        assert_eq!(told(&["c2w3", &weights]), "");
        assert!(told(&["c2w3", "--backbone", "sketch", &weights]).contains("--backbone sketch has its own"));
    }

    #[test]
    fn paths_are_quoted_where_a_shell_would_part_them() {
        for plain in ["data", "../my-data_2/x.csv", "sunspots=/home/me/Köln.csv"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted("sunspots=/home/me/my data"), "'sunspots=/home/me/my data'");
        assert_eq!(quoted("$HOME's"), r"'$HOME'\''s'");
        assert_eq!(quoted("~/data"), "'~/data'");
    }
}
