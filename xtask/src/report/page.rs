//! The page of one week.

use std::path::{Path, PathBuf};

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::files::write_whole;
use super::numbers::{date, duration, plural};
use super::session::{anchor, block_of_run, figures, section};
use super::targets::{Count, key_figure};
use crate::results::{DataSource, DataUsed, Figure, RunResults, WeekResults};

/// Writes `OUT/<week>/index.html`, which shows the pictures that lie beside it, and returns its path.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn write_week_page(out: &Path, week: &WeekResults) -> Result<PathBuf> {
    let folder = out.join(&week.week);
    let path = folder.join("index.html");
    let of_week = |figure: &&Figure| !week.runs.iter().any(|run| run.id == figure.run);
    let of_no_session = |run: &&RunResults| !week.sessions.iter().any(|session| session.session == run.session);
    let commands = week.commands();
    let content = html! {
        (head_of_week(week))
        div.page {
            (contents(week))
            main {
                section aria-labelledby="results" {
                    h2 id="results" { "Results" }
                    (table_of_runs(week))
                    (figures(&folder, week.figures.iter().filter(of_week)))
                }
                @for session in &week.sessions { (section(&folder, week, session)) }
                @for run in week.runs.iter().filter(of_no_session) { (block_of_run(&folder, run, &week.figures, &week.command)) }
                @if !commands.is_empty() {
                    section aria-labelledby="again" {
                        h2 id="again" { "Run it again" }
                        p {
                            "The same seed gives the same numbers on any number of threads."
                            @if commands.len() > 1 { " What this page shows comes from these commands, in this order." }
                        }
                        @for command in commands { (scrolling(command, "Command")) }
                    }
                }
                (files(&folder, week))
            }
        }
    };
    let title = format!("{} · {} · Practicum", week.week, week.title);
    write_whole(&path, document(&title, &content).into_string().as_bytes())?;
    Ok(path)
}

/// Links to the parts of the page, which stay in sight.
fn contents(week: &WeekResults) -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            ul {
                li { a href="#results" { "Results" } }
                @for session in &week.sessions {
                    li { a href={ "#" (anchor(&session.session)) } { strong { (session.session) } span.detail { " " (session.title) } } }
                }
                @if !week.commands().is_empty() { li { a href="#again" { "Run it again" } } }
                li { a href="#files" { "Files" } }
            }
        }
    }
}

/// A page with its style inside, which needs nothing from anywhere.
pub(crate) fn document(title: &str, content: &Markup) -> Markup {
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
        ("Scale", week.scales()),
        ("Seed", week.seeds()),
        ("Threads", week.threads.to_string()),
        ("Instruction set", week.simd.clone()),
        ("Time", duration(week.seconds)),
        ("Started", date(week.started)),
        ("Machine", week.machine.clone()),
    ];
    html! {
        header {
            p.kicker { a href="../index.html" { "Practicum" } " · " (week.week) }
            h1 { (week.title) }
            (badges(&week.data))
            @if week.data.iter().any(|data| data.source == DataSource::BuiltIn) {
                p.notice {
                    "Numbers on built-in data cannot be compared with the course's: the program generates these data itself. "
                    "Fetch the course's data with " code { "cargo xtask fetch-data --week " (week.week) } " and run the week again."
                }
            }
            @if week.interrupted {
                p.notice { strong { "Interrupted." } " The week did not finish; here is what was done by then." }
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
        DataSource::Inline => ("inline", "the lab's own data"),
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
    html! {
        table role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Run" }
                    th scope="col" role="columnheader" { "Key figure" }
                    th scope="col" role="columnheader" { "Targets" }
                    th.figure scope="col" role="columnheader" { "Time" }
                }
            }
            tbody role="rowgroup" { @for run in week.runs.iter().filter(|run| !run.comparison) { (row_of_run(run)) } }
        }
    }
}

fn row_of_run(run: &RunResults) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" {
                a href={ "#run-" (run.id) } { (run.title) } @if run.partial { " " span.verdict.bad { "partial" } }
            }
            td role="cell" data-label="Key figure" {
                @match key_figure(run) {
                    Some(key) => (key),
                    None => span.muted { "–" },
                }
            }
            td role="cell" data-label="Targets" { span { (Count::of(std::iter::once(run)).brief()) } }
            td.figure.number role="cell" data-label="Time" { (if run.seconds > 0.0 { duration(run.seconds) } else { "–".to_owned() }) }
        }
    }
}

/// Text with its own line breaks, which scrolls in its box where the screen is too narrow, by keyboard too.
pub(super) fn scrolling(text: &str, label: &str) -> Markup {
    html! { pre tabindex="0" role="region" aria-label=(label) { (text) } }
}

fn files(folder: &Path, week: &WeekResults) -> Markup {
    let there = |file: &&str| folder.join(file).is_file();
    let names = week.artifacts.iter().map(String::as_str).filter(|&name| name != "results.json" && name != "index.html");
    let names: Vec<&str> = names.filter(there).collect();
    html! {
        section aria-labelledby="files" {
            h2 id="files" { "Files" }
            p { @if there(&"results.json") { a href="results.json" { "results.json" } " holds every number of this page." } }
            @if !names.is_empty() {
                details {
                    summary { (plural(names.len(), "file")) }
                    ul.files { @for name in names { li { a href=(name) { (name) } } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_no_row_among_the_runs_however_long_it_took() {
        let run = |id: &str, seconds, comparison| RunResults { id: id.to_owned(), seconds, comparison, ..RunResults::default() };
        let week = WeekResults { runs: vec![run("quick", 1e-6, false), run("compared", 2.0, true)], ..WeekResults::default() };
        let told = table_of_runs(&week).into_string();
        assert!(told.contains("#run-quick") && !told.contains("#run-compared"), "{told}");
    }
}
