//! Made-up weeks that are run.

use std::collections::BTreeMap;
use std::path::Path;

use practicum_core::Cpu;

use super::*;
use crate::data::{DataSet, Form, StandIn};
use crate::results::{DataSource, RunResults, Verdict, WeekResults};

static LONE: DataSet<()> =
    DataSet { id: "lone", form: Form::Folder, missing: |_| Ok(vec!["lone.csv"]), check: |_| Ok(()), load: |_| Ok(()), stand_in: None };

static WEEK: Week =
    Week { id: "c9w9", title: "", teaches: "", sessions: &[Session { kind: SessionKind::Lab(1), data: &[&LONE], ..Session::BARE }] };

fn settings(data: DataChoice, epochs: Option<usize>) -> Settings {
    Settings {
        sessions: Vec::new(),
        full: false,
        data,
        data_dir: "data".into(),
        own_data: BTreeMap::new(),
        epochs,
        seed: 1,
        cpu: Cpu::default(),
        report: false,
        quiet: true,
        ask: None,
        temperature: None,
        backbone: None,
        options: String::new(),
    }
}

static FIVE_EPOCHS: Week =
    Week { id: "c9w9", title: "", teaches: "", sessions: &[Session { kind: SessionKind::Lab(1), run: five_epochs, ..Session::BARE }] };

fn five_epochs(run: &mut WeekRun<'_>) -> Result<()> {
    let clock = run.begin("lab1", "")?;
    let _fit = run.fit(5);
    run.finish_without_model(clock)
}

#[test]
fn fewer_epochs_than_the_courses_make_a_session_smaller() {
    let is_reduced = |epochs| {
        let (settings, mut results) = (settings(DataChoice::Auto, epochs), WeekResults::default());
        WeekRun::begin_week(&FIVE_EPOCHS, &settings, &mut results, Path::new("out")).unwrap().run_sessions().unwrap();
        results.sessions[0].made.reduced
    };
    assert_eq!([None, Some(4), Some(5), Some(6)].map(is_reduced), [false, true, false, false]);
}

const GOAL: Target =
    Target { run: "lab1", metric: "loss", bound: Bound::AtMost(1.0), on: DataSource::Inline, at: Scale::Any, source: "", course: None };

static JUDGED: Week = Week {
    id: "c9w9",
    title: "",
    teaches: "",
    sessions: &[Session {
        kind: SessionKind::Lab(1),
        targets: &[
            Target { metric: "print", bound: Bound::Print(2.0), ..GOAL },
            Target { metric: "quick", at: Scale::Quick, ..GOAL },
            Target { metric: "course", at: Scale::Course, ..GOAL },
        ],
        run: judged,
        ..Session::BARE
    }],
};

fn judged(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "")?;
    let _fit = run.fit(5);
    [("print", 2.0), ("quick", 0.5), ("course", 0.5)].into_iter().for_each(|(name, value)| clock.metric(name, value));
    clock.note(run.goal("lab1").unwrap_or_default().to_owned());
    run.finish_without_model(clock)
}

#[test]
fn a_target_is_judged_at_its_scale_and_not_after_other_epochs() {
    let run = |full, epochs| {
        let (settings, mut results) = (Settings { full, ..settings(DataChoice::Auto, epochs) }, WeekResults::default());
        WeekRun::begin_week(&JUDGED, &settings, &mut results, Path::new("out")).unwrap().run_sessions().unwrap();
        results.runs.remove(0)
    };
    let verdicts = |run: &RunResults| run.targets.iter().map(|target| (target.metric.clone(), target.verdict)).collect::<Vec<_>>();
    let told = |metric: &str, verdict| (metric.to_owned(), verdict);
    let (quick, full, other, same) = (run(false, None), run(true, None), run(true, Some(3)), run(true, Some(5)));
    assert_eq!(verdicts(&quick), [told("print", Verdict::Met), told("quick", Verdict::Met), told("course", Verdict::TooShort)]);
    assert_eq!(verdicts(&full), [told("print", Verdict::Met), told("course", Verdict::Met)]);
    assert_eq!((quick.notes.as_slice(), full.notes.as_slice()), (&["quick".to_owned()][..], &["course".to_owned()][..]));
    assert!(other.notes[1].starts_with("Not judged"), "{:?}", other.notes);
    assert_eq!(verdicts(&other), [told("print", Verdict::Met)], "what is printed needs no training");
    assert_eq!(verdicts(&same), verdicts(&full), "these are the usual epochs");
}

const MADE_UP: StandIn<()> = StandIn { what: "made up", make: || Ok(()) };

static TEXTS: DataSet<()> = DataSet { id: "texts", stand_in: Some(MADE_UP), ..LONE };

static VECTORS: DataSet<()> = DataSet { id: "vectors", missing: |_| Ok(Vec::new()), stand_in: Some(MADE_UP), ..LONE };

static TWO_SETS: Week = Week {
    id: "c9w9",
    title: "",
    teaches: "",
    sessions: &[Session {
        kind: SessionKind::Lab(1),
        data: &[&TEXTS, &VECTORS],
        targets: &[
            Target { run: "before", ..GOAL },
            Target { run: "lab1", on: DataSource::BuiltIn, ..GOAL },
            Target { run: "lab1-both", on: DataSource::BuiltIn, ..GOAL },
            Target { run: "lab1-both", on: DataSource::Real, ..GOAL },
        ],
        run: two_sets,
        ..Session::BARE
    }],
};

fn two_sets(run: &mut WeekRun<'_>) -> Result<()> {
    run.inline_data("numbers");
    run.finish_without_model(run.begin("before", "")?)?;
    run.data(&TEXTS)?;
    run.finish_without_model(run.begin("lab1", "")?)?;
    run.data(&VECTORS)?;
    run.finish_without_model(run.begin("lab1-both", "")?)
}

#[test]
fn a_run_on_data_of_two_kinds_is_not_judged() {
    let judged = |data| {
        let (settings, mut results) = (settings(data, None), WeekResults::default());
        WeekRun::begin_week(&TWO_SETS, &settings, &mut results, Path::new("out")).unwrap().run_sessions().unwrap();
        results.runs.iter().map(|run| run.targets.len()).collect::<Vec<_>>()
    };
    assert_eq!(judged(DataChoice::Auto), [1, 1, 0]);
    assert_eq!(judged(DataChoice::Builtin), [1, 1, 1]);
}

#[test]
fn a_week_without_its_data_and_a_stand_in_does_not_begin() {
    let begin = |data| {
        let settings = settings(data, None);
        let mut results = WeekResults::default();
        let error = WeekRun::begin_week(&WEEK, &settings, &mut results, Path::new("out")).err().unwrap();
        format!("{error:#}")
    };
    let folder = Path::new("data").join("lone");
    for choice in [DataChoice::Auto, DataChoice::Real] {
        let lacks = format!("{} lacks lone.csv\n  hint: fetch it with `cargo xtask fetch-data lone`", folder.display());
        assert_eq!(begin(choice), lacks, "without a stand-in no other choice helps");
    }
    let error = begin(DataChoice::Builtin);
    assert!(error.contains("lone has no stand-in") && error.contains("leave out `--data builtin`"), "{error}");
}
