//! A session on the page of its week: task, code, what to notice, figures, and what to try next.

use std::path::Path;

use maud::{Markup, html};
use practicum_core::plot::labels::grouped;

use super::numbers::{date, duration, measured, plural};
use super::page::{badges, scrolling};
use super::targets::{against, key_figure, other_figures, targets};
use crate::results::{CodeText, DataSource, Figure, ForecastScore, RunResults, SessionText, WeekResults};

/// The name of a session in links: `lab-1`.
pub(super) fn anchor(session: &str) -> String {
    session.replace(' ', "-")
}

pub(super) fn section(folder: &Path, week: &WeekResults, session: &SessionText) -> Markup {
    let anchor = anchor(&session.session);
    let command = format!("cargo xtask run-week {} --{} --full{}", week.week, session.session, session.made.options);
    html! {
        section aria-labelledby=(anchor) {
            p.kicker { (session.session) }
            h2 id=(anchor) { (session.title) }
            @if !session.made.complete {
                p.notice { strong { "Stopped." } " This session did not finish; runs marked as partial were cut short." }
            }
            @if !session.task.is_empty() { h3.label { "Task" } p { (prose(&session.task)) } }
            (code(session))
            @if !session.notice.is_empty() {
                div.notice-what {
                    h3.label { "What to notice" }
                    p { (prose(&session.notice)) }
                    @if let Some(differs) = differs(session) {
                        p.muted.small {
                            "This is about a run with " code { "--full" } " on the course's data. The one below " (differs) " and may not show it."
                        }
                    }
                }
            }
            @if !session.next.is_empty() {
                h3.label { "What to try next" }
                @for (change, command) in &session.next { p.next { (prose(change)) } (scrolling(command, "Command")) }
            }
            @for run in week.runs.iter().filter(|run| run.session == session.session) {
                (block_of_run(folder, run, &week.figures, &command))
            }
            (made(session))
        }
    }
}

/// In what a run is not the course's.
fn differs(session: &SessionText) -> Option<&'static str> {
    let drawn = session.made.data.iter().any(|data| data.source == DataSource::BuiltIn);
    match (session.made.reduced, drawn) {
        (true, true) => Some("is smaller, on data that the program makes,"),
        (true, false) => Some("is smaller"),
        (false, true) => Some("is on data that the program makes"),
        (false, false) => None,
    }
}

/// How the session was run, in a line.
fn made(session: &SessionText) -> Markup {
    let made = &session.made;
    html! {
        p.made {
            (made.scale) " scale · seed " (made.seed) " · " (duration(made.seconds)) " · " (date(made.started))
        }
        (badges(&made.data))
    }
}

/// The code that ran, beside the Keras code that it stands for.
fn code(session: &SessionText) -> Markup {
    html! {
        @if !session.code.is_empty() {
            h3.label { "Code" }
            div.code.both[!session.keras.is_empty()] {
                div {
                    p.small.muted { "Rust, as it ran, without the lines that draw this page" }
                    @for (index, item) in session.code.iter().enumerate() { (piece(item, index == 0)) }
                }
                @if !session.keras.is_empty() {
                    @let language = if session.keras.contains("keras") { "Keras" } else { "Python" };
                    div { p.small.muted { "The " (language) " code it stands for" } (scrolling(&session.keras, "Python code")) }
                }
            }
        }
    }
}

/// The first piece is open, what it calls is folded.
fn piece(code: &CodeText, open: bool) -> Markup {
    html! {
        @if open {
            (scrolling(&code.text, &format!("Rust code of {}", code.item)))
        } @else {
            details { summary { code { (code.item) } " " span.muted { "in " (code.file) } } (scrolling(&code.text, "Rust code")) }
        }
    }
}

pub(super) fn block_of_run(folder: &Path, run: &RunResults, all: &[Figure], command: &str) -> Markup {
    let (lines, blocks): (Vec<&String>, Vec<&String>) = run.notes.iter().partition(|note| !note.trim_end().contains('\n'));
    html! {
        article id={ "run-" (run.id) } {
            h3 { (run.title) @if run.partial { " " span.verdict.bad { "partial" } } }
            @if let Some(key) = key_figure(run) { p.key { (key) } }
            (targets(run, command))
            @let facts = facts_of_run(run);
            @if !facts.is_empty() { p.muted.small { (facts) } }
            @for line in lines { p { (prose(line)) } }
            @if !run.forecasts.is_empty() { (table_of_forecasts(&run.forecasts)) }
            (figures(folder, all.iter().filter(|figure| figure.run == run.id)))
            @let bare = !all.iter().any(|figure| figure.run == run.id);
            @for block in blocks { (folded(block.trim_end(), bare)) }
            (other_figures(run))
        }
    }
}

/// A text with `code` in it.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A text of several lines, folded under its first; a model's summary under a name that says so. Others are open in a run that
/// has nothing else to show.
fn folded(text: &str, open: bool) -> Markup {
    let is_summary = text.contains("Param #");
    let (first, rest) = text.split_once('\n').unwrap_or(("", text));
    html! {
        details open[open && !is_summary] {
            @if is_summary { summary { "Summary of the model" } (scrolling(text, "Summary of the model")) }
            @else { summary { (first.trim_end_matches(':')) } (scrolling(rest, first)) }
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
            caption { "Forecasts of the same steps, the lowest MAE first. MAE is in the unit of the series, MSE in its square." }
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Forecast" }
                    th.figure scope="col" role="columnheader" { "MAE" }
                    th.figure scope="col" role="columnheader" { "MSE" }
                    th.figure scope="col" role="columnheader" { "MAE against naive" }
                }
            }
            tbody role="rowgroup" {
                @for (rank, forecast) in ranked.into_iter().enumerate() {
                    tr role="row" {
                        th scope="row" role="rowheader" { (forecast.name) @if rank == 0 { " " span.verdict.good { "✓ lowest MAE" } } }
                        td.figure.number role="cell" data-label="MAE" { (measured(forecast.mae)) }
                        td.figure.number role="cell" data-label="MSE" { (measured(forecast.mse)) }
                        td.figure.number role="cell" data-label="MAE against naive" { (against(forecast.mae, naive)) }
                    }
                }
            }
        }
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
        facts.push(plural(run.epochs, "epoch"));
    }
    if !run.comparison {
        facts.push(format!("{} in all", duration(run.seconds)));
    }
    facts.join(" · ")
}

pub(crate) fn figures<'a>(folder: &Path, figures: impl IntoIterator<Item = &'a Figure>) -> Markup {
    let figures: Vec<&Figure> = figures.into_iter().collect();
    html! {
        @if !figures.is_empty() {
            div.figures { @for figure in figures { (one_figure(folder, figure)) } }
        }
    }
}

/// The picture in all versions, of which the style shows one: a `picture` element would print dark what is read dark.
fn one_figure(folder: &Path, figure: &Figure) -> Markup {
    let there = |file: &&String| folder.join(file).is_file();
    let dark = figure.dark_file.as_ref().filter(there);
    let narrow = figure.narrow.as_ref().filter(|(light, dark)| there(&light) && there(&dark));
    let class = match (figure.wide, narrow) {
        (true, None) => Some("wide fixed"),
        (true, Some(_)) => Some("wide"),
        _ => None,
    };
    html! {
        figure class=[class] {
            h4 { (figure.title) }
            @if there(&&figure.file) {
                a.scroll href=(figure.file) {
                    (one_version(&figure.file, narrow.map(|(light, _)| light), dark.map(|_| "light"), &figure.title))
                    @if let Some(dark) = dark { (one_version(dark, narrow.map(|(_, dark)| dark), Some("dark"), &figure.title)) }
                }
            } @else {
                p.bad { "The picture " (figure.file) " is not there: run the week again." }
            }
            figcaption { (figure.caption) }
        }
    }
}

fn one_version(file: &str, narrow: Option<&String>, class: Option<&str>, title: &str) -> Markup {
    html! {
        picture class=[class] {
            @if let Some(narrow) = narrow { source media="(max-width: 40rem)" srcset=(narrow); }
            img src=(file) alt={ "Picture: " (title) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Made, TargetResult, Verdict};

    #[test]
    fn what_to_try_stands_above_the_figures_and_a_short_run_names_the_command_that_judges_it() {
        let text = |text: &str| text.to_owned();
        let session = SessionText {
            session: text("lab 1"),
            task: text("the task"),
            notice: text("the notice"),
            next: vec![(text("the change"), text("cargo xtask list"))],
            made: Made { options: text(" --data-dir 'my data' --seed 7"), reduced: true, ..Made::default() },
            ..SessionText::default()
        };
        let target = TargetResult {
            metric: text("loss"),
            bound: text("<= 1"),
            value: 0.5,
            verdict: Verdict::TooShort,
            print: false,
            source: String::new(),
            course: None,
        };
        let run =
            RunResults { id: text("lab1"), session: text("lab 1"), title: text("the run"), targets: vec![target], ..RunResults::default() };
        let week = WeekResults { week: text("c1w1"), runs: vec![run], ..WeekResults::default() };
        let page = section(Path::new("out"), &week, &session).into_string();
        let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
        assert!(at("the task") < at("the notice") && at("the notice") < at("the change") && at("the change") < at("the run"), "{page}");
        assert!(page.contains("cargo xtask run-week c1w1 --lab 1 --full --data-dir 'my data' --seed 7"), "{page}");
    }
}
