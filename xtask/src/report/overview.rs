//! The page of all weeks.

use std::path::{Path, PathBuf};

use anyhow::Result;
use maud::{Markup, html};

use super::figures::words;
use super::files::write_whole;
use super::numbers::{date, duration, exact, measured};
use super::page::{against, badges, document};
use crate::results::{ForecastScore, Verdict, WeekResults};

/// Writes `OUT/index.html`, a row for each of `weeks`, and returns its path.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn write_overview(out: &Path, weeks: &[WeekResults]) -> Result<PathBuf> {
    let path = out.join("index.html");
    let content = html! {
        header {
            p.kicker { "Practicum" }
            h1 { "The weeks so far" }
        }
        main {
            table role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Week" }
                        th scope="col" role="columnheader" { "Data" }
                        th scope="col" role="columnheader" { "Key figure" }
                        th scope="col" role="columnheader" { "Targets" }
                        th.figure scope="col" role="columnheader" { "Time" }
                    }
                }
                tbody role="rowgroup" { @for week in weeks { (row(week)) } }
            }
        }
    };
    write_whole(&path, document("Practicum", &content).into_string().as_bytes())?;
    Ok(path)
}

fn row(week: &WeekResults) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" {
                a href={ (week.week) "/index.html" } { (week.title) }
                br;
                span.muted.small { (week.week) " · " (week.scale) br; span.number { (date(week.started)) } }
            }
            td.block role="cell" { (badges(&week.data)) }
            td role="cell" data-label="Key figure" { span { (key_figure(week)) } }
            td role="cell" data-label="Targets" { (targets(week)) }
            td.figure.number role="cell" data-label="Time" { (duration(week.seconds)) }
        }
    }
}

/// What the main model is judged by: the last forecast against the naive one, or else the first run's first target, or else
/// its first metric.
fn key_figure(week: &WeekResults) -> Markup {
    if let Some(forecasts) = week.runs.iter().rev().map(|run| &run.forecasts).find(|forecasts| !forecasts.is_empty()) {
        return last_forecast(forecasts);
    }
    let figure = week.runs.first().and_then(|run| {
        let target = run.targets.first().map(|target| (target.metric.as_str(), exact(target.value)));
        target.or_else(|| run.metrics.iter().next().map(|(name, &value)| (name.as_str(), measured(value))))
    });
    html! {
        @match figure {
            Some((name, value)) => { (words(name)) " " strong.number { (value) } }
            None => "–"
        }
    }
}

/// Forecasts begin with the naive one and end with what the run is about.
fn last_forecast(forecasts: &[ForecastScore]) -> Markup {
    html! {
        @if let [naive, .., last] = forecasts {
            (last.name) ": MAE " strong.number { (measured(last.mae)) } ", against naive " (against(last.mae, naive.mae))
        }
    }
}

fn targets(week: &WeekResults) -> Markup {
    let all: Vec<bool> = week
        .runs
        .iter()
        .flat_map(|run| {
            run.targets.iter().filter(|target| target.verdict != Verdict::TooShort).map(|target| target.verdict == Verdict::Met)
        })
        .collect();
    let met = all.iter().filter(|&&met| met).count();
    html! {
        span {
            @if week.interrupted { span.bad { "interrupted" } br; }
            @if all.is_empty() { span.muted { "none at this scale" } }
            @else if met == all.len() { span.verdict.good { @if met == 1 { "✓ met" } @else { "✓ all " (met) " met" } } }
            @else { span.verdict.bad { "✗ " (met) " of " (all.len()) " met" } }
        }
    }
}
