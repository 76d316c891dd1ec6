//! What a week leaves for people and programs: `results.json`.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::{Deserialize, Deserializer, Serialize};

/// Everything one run of a week found out, as written to `OUT/<week>/results.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct WeekResults {
    pub(crate) week: String,
    pub(crate) title: String,
    /// What was typed last; empty where it is not known. How each session was run is in [`Made`].
    #[serde(default)]
    pub(crate) command: String,
    pub(crate) scale: String,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    /// The instruction set the kernels used: `avx512`, `avx2` or `portable`.
    pub(crate) simd: String,
    /// The processor and the system, for people.
    pub(crate) machine: String,
    /// When the week began, in seconds since 1970-01-01 UTC.
    pub(crate) started: u64,
    /// Wall-clock seconds of all that is in here, without the report.
    pub(crate) seconds: f64,
    /// True where the week did not come to its end: the user stopped it, or it failed.
    pub(crate) interrupted: bool,
    pub(crate) data: Vec<DataUsed>,
    /// The sessions that ran, in the course's order.
    #[serde(default)]
    pub(crate) sessions: Vec<SessionText>,
    /// In the course's order of sessions, those of a session in the order they ran.
    pub(crate) runs: Vec<RunResults>,
    /// Pictures for the page, in the order they are shown.
    pub(crate) figures: Vec<Figure>,
    /// Files beside `results.json`, by name.
    pub(crate) artifacts: Vec<String>,
}

/// What a session says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionText {
    /// Such as `lab 1`.
    pub(crate) session: String,
    pub(crate) title: String,
    pub(crate) task: String,
    /// The code that ran: where it stands, and its text.
    pub(crate) code: Vec<CodeText>,
    /// The Keras code that it stands for; empty where there is none.
    pub(crate) keras: String,
    pub(crate) notice: String,
    /// What to change next, and the command that does it.
    pub(crate) next: Vec<(String, String)>,
    /// How it was run.
    #[serde(default)]
    pub(crate) made: Made,
}

/// How and when a session was run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) scale: String,
    /// Whether anything in it was smaller than in the course: fewer epochs or examples, or a smaller network.
    #[serde(default)]
    pub(crate) reduced: bool,
    pub(crate) seed: u64,
    /// The options that it was run with, as they are typed, each after a space.
    #[serde(default)]
    pub(crate) options: String,
    /// What was typed.
    #[serde(default)]
    pub(crate) command: String,
    /// In seconds since 1970-01-01 UTC.
    pub(crate) started: u64,
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
    /// False where it was stopped, or failed.
    pub(crate) complete: bool,
    pub(crate) data: Vec<DataUsed>,
}

/// A piece of code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CodeText {
    pub(crate) file: String,
    pub(crate) item: String,
    pub(crate) text: String,
}

/// A data set and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataUsed {
    pub(crate) id: String,
    pub(crate) source: DataSource,
}

/// Where data came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DataSource {
    /// The data set of the course, from the data folder.
    Real,
    /// The stand-in that the code makes by itself.
    BuiltIn,
    /// Numbers that stand in the lab itself.
    Inline,
}

/// One model trained, or one experiment made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RunResults {
    /// Unique within the week, such as `lab1` or `exercise`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// The session it belongs to, such as `lab 1`.
    #[serde(default)]
    pub(crate) session: String,
    pub(crate) params: ParamCount,
    pub(crate) epochs: usize,
    pub(crate) seconds: f64,
    /// One value an epoch for each of Keras' names: `loss`, `accuracy`, `val_loss`, …
    #[serde(deserialize_with = "histories")]
    pub(crate) history: BTreeMap<String, Vec<f64>>,
    /// Keras' names with the split in front: `test_accuracy`, `validation_mae`.
    #[serde(deserialize_with = "numbers")]
    pub(crate) metrics: BTreeMap<String, f64>,
    /// The metric that the run is about; empty where none is.
    #[serde(default)]
    pub(crate) key: String,
    /// What the key figure is held against.
    #[serde(default)]
    pub(crate) yardstick: Option<Yardstick>,
    pub(crate) targets: Vec<TargetResult>,
    /// Forecasts of the same steps beside each other; the first is the naive one, which the others are held against.
    #[serde(default)]
    pub(crate) forecasts: Vec<ForecastScore>,
    /// The model's summary, or lines a person should read.
    pub(crate) notes: Vec<String>,
    /// Files for other programs that lie beside the page, by name.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// True where it was stopped before its end: its numbers are those of a part of it.
    #[serde(default)]
    pub(crate) partial: bool,
    /// True where it trained and measured nothing, but shows other runs beside each other.
    #[serde(default)]
    pub(crate) comparison: bool,
}

/// Parameters of a model.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ParamCount {
    pub(crate) total: usize,
    pub(crate) trainable: usize,
    pub(crate) non_trainable: usize,
}

/// How far a forecast was off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ForecastScore {
    pub(crate) name: String,
    /// In the unit of the series, squared.
    #[serde(deserialize_with = "number")]
    pub(crate) mse: f64,
    /// In the unit of the series.
    #[serde(deserialize_with = "number")]
    pub(crate) mae: f64,
}

/// A number that tells whether another is good: that of the naive forecast, or of guessing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Yardstick {
    pub(crate) name: String,
    #[serde(deserialize_with = "number")]
    pub(crate) value: f64,
}

/// A number the run had to reach, and whether it did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TargetResult {
    pub(crate) metric: String,
    /// The bound as written: `>= 0.865`, `in [18.975, 18.988]`.
    pub(crate) bound: String,
    #[serde(deserialize_with = "number")]
    pub(crate) value: f64,
    pub(crate) verdict: Verdict,
    /// Whether it only shows that a number of the notebook comes out again.
    pub(crate) print: bool,
    /// Where the bound comes from.
    pub(crate) source: String,
    /// The figure of the course's own single run.
    pub(crate) course: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// The target is for a longer training than this one.
    TooShort,
}

impl Display for TargetResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, value, bound, source, .. } = self;
        let verdict = match self.verdict {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::TooShort => "too short to judge; `--full` trains as long as the course",
        };
        write!(f, "{metric} {value:.4}, target {bound}: {verdict} ({source})")
    }
}

/// A picture of the page: one file for light pages and, where it differs, one for dark pages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// The run it belongs to; empty for one of the whole week.
    pub(crate) run: String,
    pub(crate) title: String,
    /// A sentence under the picture; also read aloud in its place.
    pub(crate) caption: String,
    pub(crate) file: String,
    pub(crate) dark_file: Option<String>,
    /// The same for narrow screens, light and dark, where the picture is one for the whole width of the page.
    #[serde(default)]
    pub(crate) narrow: Option<(String, String)>,
    /// True where the picture needs the whole width of the page.
    #[serde(default)]
    pub(crate) wide: bool,
}

impl Figure {
    /// All its files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &String> {
        let narrow = self.narrow.iter().flat_map(|(light, dark)| [light, dark]);
        std::iter::once(&self.file).chain(&self.dark_file).chain(narrow)
    }
}

impl WeekResults {
    /// These results, with those of `earlier` for the sessions that these lack or hold in a part only where the earlier ones
    /// are whole; in the order of `sessions`.
    pub(crate) fn merged(self, earlier: Self, sessions: &[String]) -> Self {
        let whole = |results: &Self, name: &String| results.sessions.iter().any(|one| one.session == *name && one.made.complete);
        let has = |results: &Self, name: &String| results.sessions.iter().any(|one| one.session == *name);
        let (mut merged, mut kept_some) = (Self::default(), false);
        for name in sessions {
            let from = if has(&self, name) && (whole(&self, name) || !whole(&earlier, name)) { &self } else { &earlier };
            kept_some |= std::ptr::eq(from, &self) && has(from, name);
            merged.sessions.extend(from.sessions.iter().filter(|one| one.session == *name).cloned());
            for run in from.runs.iter().filter(|run| run.session == *name) {
                merged.figures.extend(from.figures.iter().filter(|figure| figure.run == run.id).cloned());
                merged.runs.push(run.clone());
            }
        }
        let data = each_once(merged.sessions.iter().flat_map(|session| &session.made.data).cloned());
        let interrupted = merged.sessions.iter().any(|session| !session.made.complete);
        let seconds = merged.sessions.iter().map(|session| session.made.seconds).sum();
        let frame = if kept_some { Self { seconds, ..self } } else { earlier };
        Self { data, interrupted, sessions: merged.sessions, runs: merged.runs, figures: merged.figures, ..frame }
    }

    /// The scales of its sessions, each once: `quick`, `course and quick`.
    pub(crate) fn scales(&self) -> String {
        self.of_sessions(&self.scale, |made| made.scale.clone())
    }

    /// The seeds of its sessions, each once.
    pub(crate) fn seeds(&self) -> String {
        self.of_sessions(&self.seed.to_string(), |made| made.seed.to_string())
    }

    fn of_sessions(&self, without: &str, what: impl Fn(&Made) -> String) -> String {
        let all = each_once(self.sessions.iter().map(|session| what(&session.made)));
        if all.is_empty() { without.to_owned() } else { all.join(" and ") }
    }

    /// What to type, one after the other, to get these results again; none where it is not known.
    pub(crate) fn commands(&self) -> Vec<&str> {
        let mut made: Vec<&Made> = self.sessions.iter().map(|session| &session.made).collect();
        made.sort_by_key(|made| made.started);
        let typed = each_once(made.into_iter().map(|made| made.command.as_str()).filter(|command| !command.is_empty()));
        if typed.is_empty() && !self.command.is_empty() { vec![&self.command] } else { typed }
    }
}

/// What comes several times, once.
fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

// JSON has no NaN: what is not finite is written as null, and read as NaN.

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let read: BTreeMap<String, Option<f64>> = Deserialize::deserialize(from)?;
    Ok(read.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

fn histories<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Vec<f64>>, D::Error> {
    let read: BTreeMap<String, Vec<Option<f64>>> = Deserialize::deserialize(from)?;
    Ok(read.into_iter().map(|(name, values)| (name, values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A week whose sessions are these, each with a run of this seed.
    fn week(seed: u64, sessions: &[(&str, bool)]) -> WeekResults {
        let made = |complete| Made { seed, complete, ..Made::default() };
        let session =
            |(name, complete): &(&str, bool)| SessionText { session: (*name).to_owned(), made: made(*complete), ..SessionText::default() };
        let run = |(name, _): &(&str, bool)| RunResults { id: (*name).to_owned(), session: (*name).to_owned(), ..RunResults::default() };
        WeekResults {
            seed,
            sessions: sessions.iter().map(session).collect(),
            runs: sessions.iter().map(run).collect(),
            ..WeekResults::default()
        }
    }

    #[test]
    fn r3_sessions_that_were_not_run_again_stay_as_they_were() {
        let order = ["lab 1", "lab 2", "exercise"].map(str::to_owned);
        let seeds = |merged: &WeekResults| merged.sessions.iter().map(|one| (one.session.clone(), one.made.seed)).collect::<Vec<_>>();
        let earlier = week(1, &[("lab 1", true), ("exercise", true)]);
        let merged = week(2, &[("lab 2", true), ("lab 1", true)]).merged(earlier, &order);
        assert_eq!(seeds(&merged), [("lab 1".into(), 2), ("lab 2".into(), 2), ("exercise".into(), 1)]);
        assert_eq!(merged.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["lab 1", "lab 2", "exercise"]);
        assert!(!merged.interrupted && merged.seed == 2);
    }

    #[test]
    fn merged_results_say_of_all_sessions_how_they_were_made() {
        let order = ["lab 1", "lab 2", "exercise"].map(str::to_owned);
        let made = |week: &mut WeekResults, scale: &str, command: &str, started| {
            for (index, session) in week.sessions.iter_mut().enumerate() {
                let started = started + index as u64;
                let made = &mut session.made;
                (made.scale, made.command, made.started, made.seconds) = (scale.to_owned(), command.to_owned(), started, 2.5);
            }
        };
        let mut earlier = week(42, &[("lab 1", true), ("lab 2", true), ("exercise", true)]);
        made(&mut earlier, "quick", "run-week c1w2", 100);
        let mut later = week(7, &[("lab 1", true)]);
        made(&mut later, "course", "run-week c1w2 --lab 1 --full --seed 7", 200);
        let merged = later.merged(earlier, &order);
        assert_eq!((merged.scales().as_str(), merged.seeds().as_str(), merged.seconds), ("course and quick", "7 and 42", 7.5));
        assert_eq!(merged.commands(), ["run-week c1w2", "run-week c1w2 --lab 1 --full --seed 7"]);
        let bare = WeekResults { command: "run-week c1w1".to_owned(), scale: "quick".to_owned(), ..WeekResults::default() };
        assert_eq!((bare.commands(), bare.scales().as_str(), bare.seeds().as_str()), (vec!["run-week c1w1"], "quick", "0"));
        assert!(WeekResults::default().commands().is_empty());
    }

    #[test]
    fn r2_whole_results_are_not_replaced_by_a_part() {
        let order = ["lab 1", "lab 2"].map(str::to_owned);
        let earlier = || week(1, &[("lab 1", true), ("lab 2", false)]);
        let merged = week(2, &[("lab 1", false)]).merged(earlier(), &order);
        assert_eq!((merged.seed, merged.sessions[0].made.seed, merged.interrupted), (1, 1, true));
        let merged = week(2, &[("lab 2", false)]).merged(earlier(), &order);
        assert_eq!((merged.seed, merged.sessions[0].made.seed, merged.sessions[1].made.seed), (2, 1, 2));
    }

    #[test]
    fn numbers_that_are_not_finite_survive_the_file() {
        let target = TargetResult {
            metric: "loss".into(),
            bound: "<= 1".into(),
            value: f64::NAN,
            verdict: Verdict::Missed,
            print: false,
            source: String::new(),
            course: None,
        };
        let run = RunResults {
            history: BTreeMap::from([("loss".to_owned(), vec![0.1, f64::NAN, 1.0 / 3.0])]),
            metrics: BTreeMap::from([("test_loss".to_owned(), f64::INFINITY)]),
            targets: vec![target],
            ..RunResults::default()
        };
        let read: RunResults = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
        assert_eq!((read.history["loss"][0], read.history["loss"][2]), (0.1, 1.0 / 3.0));
        assert!(read.history["loss"][1].is_nan() && read.metrics["test_loss"].is_nan() && read.targets[0].value.is_nan());
    }
}
