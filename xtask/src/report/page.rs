//! The page of one week.

use std::path::{Path, PathBuf};

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figures::words;
use super::files::write_whole;
use super::numbers::{date, duration, exact, grouped, measured};
use crate::results::{DataSource, DataUsed, Figure, ForecastScore, RunResults, TargetResult, Verdict, WeekResults};

/// Writes `OUT/<week>/index.html`, which shows the pictures that lie beside it, and returns its path.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn write_week_page(out: &Path, week: &WeekResults) -> Result<PathBuf> {
    let folder = out.join(&week.week);
    let path = folder.join("index.html");
    let own = |figure: &&Figure| !week.runs.iter().any(|run| run.id == figure.run);
    let content = html! {
        (head_of_week(week))
        main {
            section aria-labelledby="results" {
                h2 id="results" { "Results" }
                (table_of_runs(week))
                (figures(&folder, week.figures.iter().filter(own)))
            }
            @for run in &week.runs {
                (section_of_run(&folder, run, &week.figures))
            }
            @if !week.command.is_empty() {
                section aria-labelledby="again" {
                    h2 id="again" { "Run it again" }
                    p { "The same seed gives the same numbers on any number of threads." }
                    (scrolling(&week.command, "Command"))
                }
            }
            (files(&folder, week))
        }
    };
    let title = format!("{} · {} · Practicum", week.week, week.title);
    write_whole(&path, document(&title, &content).into_string().as_bytes())?;
    Ok(path)
}

/// A page with its style inside, which needs nothing from anywhere.
pub(super) fn document(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body { (content) }
        }
    }
}

fn head_of_week(week: &WeekResults) -> Markup {
    let facts = [
        ("Scale", week.scale.clone()),
        ("Seed", week.seed.to_string()),
        ("Threads", week.threads.to_string()),
        ("Instruction set", week.simd.clone()),
        ("Time", duration(week.seconds)),
        ("Begun", date(week.started)),
        ("Machine", week.machine.clone()),
    ];
    html! {
        header {
            p.kicker { a href="../index.html" { "Practicum" } " · " (week.week) }
            h1 { (week.title) }
            (badges(&week.data))
            @if week.data.iter().any(|data| data.source == DataSource::BuiltIn) {
                p.notice {
                    "Numbers on built-in data cannot be compared with the course's: the program draws these data itself. "
                    "Fetch the course's data with " code { "cargo xtask fetch-data --week " (week.week) } " and run the week again."
                }
            }
            @if week.interrupted {
                p.notice { strong { "Interrupted." } " The week was stopped before its end; here is what was done by then." }
            }
            dl.facts {
                @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
                    div { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

/// The data sets and where they came from.
pub(super) fn badges(data: &[DataUsed]) -> Markup {
    let kind = |source| match source {
        DataSource::Real => ("real", "real data"),
        DataSource::BuiltIn => ("built-in", "built-in stand-in"),
        DataSource::Inline => ("inline", "the lab's own numbers"),
    };
    html! {
        @if !data.is_empty() {
            ul.badges aria-label="Data" {
                @for (data, (class, words)) in data.iter().map(|data| (data, kind(data.source))) {
                    li class=(class) { strong { (data.id) } " · " (words) }
                }
            }
        }
    }
}

fn table_of_runs(week: &WeekResults) -> Markup {
    let models = week.runs.iter().any(|run| run.params.total > 0 || run.epochs > 0);
    html! {
        table role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Run" }
                    @if models {
                        th.figure scope="col" role="columnheader" { "Parameters" }
                        th.figure scope="col" role="columnheader" { "Epochs" }
                    }
                    th.figure scope="col" role="columnheader" { "Time" }
                    th scope="col" role="columnheader" { "Key figures" }
                    th scope="col" role="columnheader" { "Targets" }
                }
            }
            tbody role="rowgroup" {
                @for run in &week.runs { (row_of_run(run, models)) }
            }
        }
    }
}

fn row_of_run(run: &RunResults, models: bool) -> Markup {
    let count = |value: usize| if value == 0 { "–".to_owned() } else { grouped(value as u64) };
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { a href={ "#run-" (run.id) } { (run.title) } }
            @if models {
                td.figure.number role="cell" data-label="Parameters" { (count(run.params.total)) }
                td.figure.number role="cell" data-label="Epochs" { (count(run.epochs)) }
            }
            td.figure.number role="cell" data-label="Time" { (if run.seconds > 0.0 { duration(run.seconds) } else { "–".to_owned() }) }
            td.block role="cell" { @if !run.metrics.is_empty() { (metrics(run)) } }
            td.block role="cell" {
                @if !run.targets.is_empty() {
                    ul {
                        @for (index, target) in run.targets.iter().enumerate() {
                            @let told_below = run.targets.get(index + 1).is_some_and(|next| next.source == target.source);
                            li { (target_line(target, !told_below)) }
                        }
                    }
                }
            }
        }
    }
}

fn metrics(run: &RunResults) -> Markup {
    html! {
        dl.metrics {
            @for (name, value) in &run.metrics {
                dt { (words(name)) }
                dd.number { (measured(*value)) }
            }
        }
    }
}

/// A target; where it comes from is told once for several of the same source.
fn target_line(target: &TargetResult, tell_source: bool) -> Markup {
    let bound = target.bound.replace(">=", "≥").replace("<=", "≤").replace('-', "−");
    let (verdict, class) = match target.verdict {
        Verdict::Met => ("✓ met", "good"),
        Verdict::Missed => ("✗ missed", "bad"),
        Verdict::TooShort => ("too short to judge", "muted"),
    };
    html! {
        strong class={ "verdict " (class) } { (verdict) }
        " · " (words(&target.metric)) " " strong.number { (exact(target.value)) } ", wanted " span.number { (bound) }
        @if tell_source && !target.source.is_empty() { br; span.muted.small { (target.source) } }
    }
}

fn section_of_run(folder: &Path, run: &RunResults, all: &[Figure]) -> Markup {
    let (lines, blocks): (Vec<&String>, Vec<&String>) = run.notes.iter().partition(|note| !note.trim_end().contains('\n'));
    let anchor = format!("run-{}", run.id);
    html! {
        section aria-labelledby=(anchor) {
            h2 id=(anchor) { (run.title) }
            @let facts = facts_of_run(run);
            @if !facts.is_empty() { p.muted { (facts) } }
            @for line in lines { p { (line) } }
            @if !run.forecasts.is_empty() { (table_of_forecasts(&run.forecasts)) }
            (figures(folder, all.iter().filter(|figure| figure.run == run.id)))
            @for block in blocks { (scrolling(block.trim_end(), "Summary of the model")) }
        }
    }
}

/// The forecasts from the best to the worst, and how much better than the naive one each is.
fn table_of_forecasts(forecasts: &[ForecastScore]) -> Markup {
    let naive = forecasts.first().map_or(f64::NAN, |naive| naive.mae);
    let mut ranked: Vec<&ForecastScore> = forecasts.iter().collect();
    ranked.sort_by(|a, b| a.mae.total_cmp(&b.mae));
    html! {
        table role="table" {
            caption { "Forecasts of the same steps, the best first. MAE is in the unit of the series, MSE in its square." }
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Forecast" }
                    th.figure scope="col" role="columnheader" { "MAE" }
                    th.figure scope="col" role="columnheader" { "MSE" }
                    th.figure scope="col" role="columnheader" { "MAE against naive" }
                }
            }
            tbody role="rowgroup" {
                @for (place, forecast) in ranked.into_iter().enumerate() {
                    tr role="row" {
                        th scope="row" role="rowheader" { (forecast.name) @if place == 0 { " " span.verdict.good { "✓ best" } } }
                        td.figure.number role="cell" data-label="MAE" { (measured(forecast.mae)) }
                        td.figure.number role="cell" data-label="MSE" { (measured(forecast.mse)) }
                        td.figure.number role="cell" data-label="MAE against naive" { (against(forecast.mae, naive)) }
                    }
                }
            }
        }
    }
}

/// `23.0 % better`, `4.2 % worse`.
pub(crate) fn against(value: f64, naive: f64) -> String {
    let share = 100.0 * (1.0 - value / naive);
    match share {
        _ if !share.is_finite() => "–".to_owned(),
        _ if share.abs() < 0.05 => "the same".to_owned(),
        _ if share > 0.0 => format!("{share:.1} % better"),
        _ => format!("{:.1} % worse", -share),
    }
}

fn facts_of_run(run: &RunResults) -> String {
    let mut facts = Vec::new();
    if run.params.total > 0 {
        facts.push(format!("{} parameters", grouped(run.params.total as u64)));
    }
    if run.params.non_trainable > 0 {
        facts.push(format!("{} of them trainable", grouped(run.params.trainable as u64)));
    }
    if run.epochs > 0 {
        facts.push(format!("{} epoch{}", grouped(run.epochs as u64), if run.epochs == 1 { "" } else { "s" }));
    }
    if run.seconds > 0.0 {
        facts.push(duration(run.seconds));
    }
    facts.join(" · ")
}

/// Text with its own line breaks, which scrolls in its box where the screen is too narrow, by keyboard too.
fn scrolling(text: &str, label: &str) -> Markup {
    html! { pre tabindex="0" role="region" aria-label=(label) { (text) } }
}

fn figures<'a>(folder: &Path, figures: impl Iterator<Item = &'a Figure>) -> Markup {
    let figures: Vec<&Figure> = figures.collect();
    html! {
        @if !figures.is_empty() {
            div.figures { @for figure in figures { (one_figure(folder, figure)) } }
        }
    }
}

/// The picture in both versions, of which the style shows one: a `picture` element would print dark what is read dark.
fn one_figure(folder: &Path, figure: &Figure) -> Markup {
    let there = |file: &&String| folder.join(file).is_file();
    let alt = format!("Picture: {}", figure.title);
    let dark = figure.dark_file.as_ref().filter(there);
    html! {
        figure class=[figure.wide.then_some("wide")] {
            h3 { (figure.title) }
            @if there(&&figure.file) {
                a.scroll href=(figure.file) {
                    img class=[dark.map(|_| "light")] src=(figure.file) alt=(alt);
                    @if let Some(dark) = dark { img.dark src=(dark) alt=(alt); }
                }
            } @else {
                p.bad { "The picture " (figure.file) " is not there: run the week again." }
            }
            figcaption { (figure.caption) }
        }
    }
}

fn files(folder: &Path, week: &WeekResults) -> Markup {
    let there = |file: &&str| folder.join(file).is_file();
    let names = week.artifacts.iter().map(String::as_str).filter(|&name| name != "results.json" && name != "index.html");
    html! {
        section aria-labelledby="files" {
            h2 id="files" { "Files" }
            ul.files {
                @for name in std::iter::once("results.json").chain(names).filter(there) {
                    li { a href=(name) { (name) } }
                }
            }
        }
    }
}
