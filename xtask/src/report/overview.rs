//! The page of all weeks.

use std::path::{Path, PathBuf};

use anyhow::Result;
use maud::{Markup, html};

use super::files::write_whole;
use super::numbers::{date, duration};
use super::page::{badges, document};
use super::targets::{Count, key_figure};
use crate::results::{Figure, RunResults, TargetResult, Verdict, WeekResults};

/// A week of the course, whether it has run or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CourseWeek {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// Whether there is a program for it.
    pub(crate) ported: bool,
}

/// Writes `OUT/index.html`, a row for each week of the course and for each of `weeks`, and returns its path.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn write_overview(out: &Path, weeks: &[WeekResults], course: &[CourseWeek]) -> Result<PathBuf> {
    let path = out.join("index.html");
    let others = weeks.iter().filter(|week| course.iter().all(|known| known.id != week.week));
    let content = html! {
        header {
            p.kicker { "Practicum" }
            h1 { "TensorFlow in Practice, in Rust" }
            p {
                "Four courses of four weeks lead from one neuron to networks that see, read and forecast. Each week is a program with a "
                "page of its own: what it tries, the Rust that ran beside the Keras code it stands for, what to notice, and what to change next."
            }
            p.muted {
                "Run a week with " code { "cargo xtask run-week c1w1" } ". Where the course's data are missing, the program makes its own; "
                code { "--full" } " trains as long as the course does."
            }
        }
        main {
            table.overview role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Week" }
                        th scope="col" role="columnheader" { "Key figure" }
                        th scope="col" role="columnheader" { "Targets" }
                        th.figure scope="col" role="columnheader" { "Time" }
                    }
                }
                tbody role="rowgroup" {
                    @for known in course {
                        @match weeks.iter().find(|week| week.week == known.id) {
                            Some(week) => (row(out, week)),
                            None => (row_without_results(known)),
                        }
                    }
                    @for week in others { (row(out, week)) }
                }
            }
        }
    };
    write_whole(&path, document("Practicum", &content).into_string().as_bytes())?;
    Ok(path)
}

fn row(out: &Path, week: &WeekResults) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" {
                div.week {
                    (thumbnail(out, week))
                    div {
                        a href={ (week.week) "/index.html" } { (week.title) }
                        br;
                        span.muted.small { (week.week) " · " (week.scales()) " · " span.number { (date(week.started)) } }
                    }
                }
                (badges(&week.data))
            }
            td role="cell" data-label="Key figure" { span { (main_figure(week)) } }
            td role="cell" data-label="Targets" {
                span {
                    @if week.interrupted { span.bad { "interrupted" } br; }
                    (Count::of(week.runs.iter()).brief())
                }
            }
            td.figure.number role="cell" data-label="Time" { (duration(week.seconds)) }
        }
    }
}

fn row_without_results(week: &CourseWeek) -> Markup {
    html! {
        tr.absent role="row" {
            th scope="row" role="rowheader" {
                div.week {
                    div.thumbnail {}
                    div { (week.title) br; span.small { (week.id) } }
                }
            }
            @if week.ported {
                td.block colspan="3" role="cell" { "not run yet: " code { "cargo xtask run-week " (week.id) } }
            } @else {
                td.block colspan="3" role="cell" { "not ported yet" }
            }
        }
    }
}

/// The run that a week is known by: the first whose key figure has a target, or else the first that has a key figure.
fn main_run(week: &WeekResults) -> Option<(&RunResults, Option<&TargetResult>)> {
    let of_key = |run: &'_ RunResults| run.targets.iter().position(|target| !target.print && target.metric == run.key);
    let whole = || week.runs.iter().filter(|run| !run.partial);
    let judged = whole().find_map(|run| of_key(run).map(|index| (run, Some(&run.targets[index]))));
    judged.or_else(|| whole().find(|run| !run.key.is_empty()).map(|run| (run, None)))
}

fn main_figure(week: &WeekResults) -> Markup {
    let main = main_run(week);
    html! {
        @match main.and_then(|(run, target)| Some((key_figure(run)?, target))) {
            Some((key, target)) => {
                (key)
                @if let Some(target) = target {
                    br;
                    span.small {
                        "target " span.number { (target.bound.replace(">=", "≥").replace("<=", "≤")) } " "
                        @match target.verdict {
                            Verdict::Met => span.good { "met" },
                            Verdict::Missed => span.bad { "missed" },
                            Verdict::TooShort => span.muted { "(for a longer training)" },
                        }
                    }
                }
            }
            None => "–",
        }
    }
}

/// A picture of the main run, small.
fn thumbnail(out: &Path, week: &WeekResults) -> Markup {
    let there = |file: &String| out.join(&week.week).join(file).is_file();
    let main = main_run(week).map(|(run, _)| run.id.as_str());
    let of_main = week.figures.iter().find(|figure| Some(figure.run.as_str()) == main);
    let figure = of_main.or(week.figures.first()).filter(|figure| figure.files().all(there));
    let files = |figure: &Figure| {
        let (light, dark) = figure.narrow.clone().unwrap_or((figure.file.clone(), figure.dark_file.clone().unwrap_or_default()));
        [("light", light), ("dark", dark)]
    };
    html! {
        a.thumbnail href={ (week.week) "/index.html" } aria-label={ "Page of " (week.week) } {
            @if let Some(figure) = figure {
                @for (class, file) in files(figure).into_iter().filter(|(_, file)| !file.is_empty()) {
                    img class=(class) src={ (week.week) "/" (file) } alt={ "Picture: " (figure.title) };
                }
            }
        }
    }
}
