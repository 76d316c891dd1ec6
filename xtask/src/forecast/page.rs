//! The page of a forecast.

use std::path::{Path, PathBuf};

use anyhow::Result;
use maud::{Markup, html};
use practicum_timeseries::plot::Timeline;
use practicum_timeseries::{Date, Forecast, Ranking};

use super::Study;
use crate::report::{Figures, OverTime, Trace, figures_of, measured, page_of, write_whole};
use crate::results::Figure;

/// How many times as long as the forecast the history before it is shown.
const SHOWN: usize = 6;

/// Writes `index.html` and its pictures into the folder, and returns its path.
pub(super) fn write(folder: &Path, study: &Study) -> Result<PathBuf> {
    let pictures = pictures(folder, study)?;
    let content = html! {
        header {
            p.kicker { "Practicum · forecast" }
            h1 { (study.column) " in " (study.file) }
            (facts(study))
        }
        main {
            section aria-labelledby="forecast" {
                h2 id="forecast" { "Forecast" }
                (figures_of(folder, &pictures))
            }
            section aria-labelledby="ranking" {
                h2 id="ranking" { "Methods on the last part of the series" }
                p {
                    "Each method saw the series up to " (study.best.folds.len()) " points of its past and forecast the "
                    (study.best.horizons.len()) " steps after each; less is better, and coverage should be near "
                    (study.forecast.level_percent()) " %."
                }
                (table_of_methods(&study.ranking))
                @for (name, error) in &study.ranking.failed { p.muted { (name) " was not ranked: " (error.to_string()) } }
            }
            section aria-labelledby="steps" {
                h2 id="steps" { "Step by step" }
                (table_of_steps(study))
                p { a href="forecast.csv" { "forecast.csv" } " holds these numbers in full." }
            }
        }
    };
    let path = folder.join("index.html");
    write_whole(&path, page_of(&format!("{} · forecast · Practicum", study.column), &content).into_string().as_bytes())?;
    Ok(path)
}

fn facts(study: &Study) -> Markup {
    let season = match study.period {
        (1, _) => "none".to_owned(),
        (steps, true) => format!("{steps} steps"),
        (steps, false) => format!("{steps} steps, found"),
    };
    let facts = [
        ("Values", study.series.len().to_string()),
        ("Missing values filled in", study.filled.to_string()),
        ("Season", season),
        ("Best method", study.best.name.clone()),
        ("Interval", format!("{} of 100 values", study.forecast.level_percent())),
    ];
    html! {
        dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
}

fn table_of_methods(ranking: &Ranking) -> Markup {
    html! {
        table role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Method" }
                    @for metric in &ranking.metrics { th.figure scope="col" role="columnheader" { (metric) } }
                }
            }
            tbody role="rowgroup" {
                @for row in &ranking.rows {
                    tr role="row" {
                        th scope="row" role="rowheader" { (row.name) }
                        @for (metric, value) in ranking.metrics.iter().zip(&row.values) {
                            td.figure.number role="cell" data-label=(metric) {
                                (if value.is_nan() { "–".to_owned() } else { measured(*value) })
                            }
                        }
                    }
                }
            }
        }
    }
}

fn table_of_steps(study: &Study) -> Markup {
    let Forecast { mean, lower, upper, .. } = &study.forecast;
    html! {
        table role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    @for (index, name) in ["Step", "Forecast", "From", "To"].into_iter().enumerate() {
                        th.figure[index > 0] scope="col" role="columnheader" { (name) }
                    }
                }
            }
            tbody role="rowgroup" {
                @for (step, mean) in mean.iter().enumerate() {
                    tr role="row" {
                        th scope="row" role="rowheader" {
                            @match &study.ahead {
                                Some(dates) => (dates[step].to_string()),
                                None => { "+" (step + 1) }
                            }
                        }
                        @for (name, value) in [("Forecast", mean), ("From", &lower[step]), ("To", &upper[step])] {
                            td.figure.number role="cell" data-label=(name) { (measured(*value)) }
                        }
                    }
                }
            }
        }
    }
}

fn pictures(folder: &Path, study: &Study) -> Result<Vec<Figure>> {
    let values = study.series.complete(&study.column)?;
    let (count, horizon) = (values.len(), study.forecast.mean.len());
    let dates: Option<Vec<Date>> = study.series.dates().zip(study.ahead.as_deref()).map(|(before, ahead)| [before, ahead].concat());
    let time = dates.as_deref().map_or(Timeline::steps("steps"), Timeline::dates);
    let trace = |name: &str, start: usize, values: &[f64]| Trace { name: name.to_owned(), start, values: values.to_vec() };
    let before = SHOWN * horizon.max(study.period.0);
    let ahead = study.forecast.chart(&study.series, &study.column, before)?;
    let figures = Figures { folder, run: "" };
    let first = study.best.folds.first().map_or(0, |trial| trial.fold.test.start).saturating_sub(horizon);
    let last = study.best.folds.iter().map(|trial| trial.fold.test.start);
    // Forecasts that overlap would hide each other: one after the end of another is shown.
    let mut shown = vec![trace("values", first, &values[first..])];
    let mut free = 0;
    for (start, trial) in last.zip(&study.best.folds).filter(|(start, _)| *start >= first) {
        if start >= free {
            let when = dates.as_ref().map_or_else(|| start.to_string(), |dates| dates[start].to_string());
            shown.push(trace(&format!("from {when}"), start, &trial.forecast));
            free = start + trial.forecast.len();
        }
    }
    let past = OverTime { time: time.clone(), value: &study.column, traces: shown, interval: None, limits: None, wide: true };
    let title = format!("{}: the next {horizon} steps", study.best.name);
    let mut pictures = vec![
        figures.chart("forecast", &title, "The end of the history, the forecast, and the interval around it.", true, &ahead)?,
        figures.over_time(
            "past",
            "How it would have done before",
            "Forecasts that saw nothing of what came after their beginning.",
            &past,
        )?,
    ];
    if before < count {
        let whole = OverTime { time, value: &study.column, traces: vec![trace("", 0, values)], interval: None, limits: None, wide: true };
        pictures.push(figures.over_time("history", "The whole history", "All values of the file.", &whole)?);
    }
    Ok(pictures)
}
