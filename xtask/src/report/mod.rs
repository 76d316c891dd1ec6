//! The report of a week: pictures and a page that works from a file, offline, in light and dark, on any screen.

mod bars;
mod confusion;
mod figures;
mod files;
mod grid;
mod numbers;
mod over_time;
mod overview;
mod page;
mod panels;
mod session;
mod targets;
#[cfg(test)]
mod tests;
mod word_map;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
pub(crate) use practicum_core::plot::labels::grouped;

pub(crate) use confusion::Confusion;
pub(crate) use figures::{Figures, LineFit};
pub(crate) use files::write_whole;
pub(crate) use grid::{Guess, Picture};
pub(crate) use numbers::{measured, percent, plural};
pub(crate) use over_time::{CorrelogramPicture, Interval, OverTime, Sweep, Trace};
pub(crate) use overview::{CourseWeek, write_overview};
pub(crate) use page::{document as page_of, write_week_page};
pub(crate) use panels::Panel;
pub(crate) use session::figures as figures_of;
pub(crate) use targets::against;
pub(crate) use word_map::WordMap;

use crate::results::{Figure, WeekResults};

/// Writes every page again from the results and pictures that lie under `out`, and the overview of the course; returns their
/// paths, the overview first.
///
/// # Errors
/// Where `out` holds no results, or a file cannot be read or written. Results that cannot be read do not keep the
/// others from their pages.
pub(crate) fn run(out: &Path, course: &[CourseWeek]) -> Result<Vec<PathBuf>> {
    let (weeks, broken) = read_weeks(out)?;
    if weeks.is_empty() && broken.is_empty() {
        bail!("no results under {}: run a week first, for example `cargo xtask run-week c1w1`", out.display());
    }
    let mut pages = vec![write_overview(out, &weeks, course)?];
    for week in &weeks {
        pages.push(write_week_page(out, week)?);
        let shown: Vec<&String> = week.figures.iter().flat_map(Figure::files).collect();
        files::remove_stale(&out.join(&week.week), &shown)?;
    }
    if !broken.is_empty() {
        bail!("{}\n  hint: run the week again, or delete its folder", broken.join("\n"));
    }
    Ok(pages)
}

/// The results under `out` in the course's order, and what is wrong with those that cannot be read.
fn read_weeks(out: &Path) -> Result<(Vec<WeekResults>, Vec<String>)> {
    let mut folders = Vec::new();
    if out.exists() {
        for entry in fs::read_dir(out).with_context(|| format!("cannot read the folder {}", out.display()))? {
            folders.push(entry.with_context(|| format!("cannot read the folder {}", out.display()))?.path());
        }
    }
    folders.sort();
    let (mut weeks, mut broken) = (Vec::new(), Vec::new());
    for file in folders.into_iter().map(|folder| folder.join("results.json")).filter(|file| file.is_file()) {
        match read_week(&file) {
            Ok(week) => weeks.push(week),
            Err(error) => broken.push(format!("{error:#}")),
        }
    }
    Ok((weeks, broken))
}

/// The results in a file.
///
/// # Errors
/// No such file, or one that holds something else.
pub(crate) fn read_week(file: &Path) -> Result<WeekResults> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let week: WeekResults = serde_json::from_str(&text).with_context(|| format!("{} is not the results of a week", file.display()))?;
    let folder = file.parent().and_then(Path::file_name);
    if folder != Some(week.week.as_ref()) {
        bail!("{} holds the results of week `{}`, which belong into a folder of that name", file.display(), week.week);
    }
    Ok(week)
}
