//! The pictures of a run, written in a light and a dark version.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use practicum_core::plot::labels::{capital, grouped, words};
use practicum_core::plot::{Axis, Chart, Mark, Scale, Series, Theme};
use sha2::{Digest, Sha256};

use super::bars::Bars;
use super::confusion::Confusion;
use super::files::write_whole;
use super::grid::{Picture, draw_grid};
use super::numbers::{measured, percent, plural};
use crate::results::Figure;

/// Where the pictures of one run go: the week's folder, and the run's id in front of every file's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures<'a> {
    /// The folder of the week's page.
    pub(crate) folder: &'a Path,
    /// Empty for pictures of the whole week.
    pub(crate) run: &'a str,
}

/// Points and the line that a model laid through them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineFit<'a> {
    /// The quantities and units of the axes.
    pub(crate) axes: (&'a str, &'a str),
    pub(crate) points: &'a [(f64, f64)],
    /// What the model says along the axis.
    pub(crate) line: &'a [(f64, f64)],
    /// What it was asked beyond the points.
    pub(crate) predictions: &'a [(f64, f64)],
}

impl Figures<'_> {
    /// A picture of each of the history's values, `loss` first, training and validation (`val_…`) together.
    ///
    /// Losses that fall over more than one and a half decades get a logarithmic axis. Epochs whose value is not finite are
    /// left out, and the caption counts them. A history without epochs gives no picture.
    pub(crate) fn curves(&self, history: &BTreeMap<String, Vec<f64>>) -> Result<Vec<Figure>> {
        self.curves_in("", history)
    }

    /// The same of a network whose targets are measured in `unit`; empty where it is not known.
    pub(crate) fn curves_in(&self, unit: &str, history: &BTreeMap<String, Vec<f64>>) -> Result<Vec<Figure>> {
        let mut names: Vec<&str> = history.keys().map(|key| key.strip_prefix("val_").unwrap_or(key)).collect();
        names.sort_by_key(|&name| (name != "loss", name));
        names.dedup();
        let mut figures = Vec::new();
        for name in names {
            let of = |key: &str| history.get(key).map_or(&[][..], Vec::as_slice);
            let (training, validation) = (of(name), of(&format!("val_{name}")));
            let epochs = training.len().max(validation.len());
            if epochs == 0 {
                continue;
            }
            let y = Axis::of_log(name, training.iter().chain(validation).copied());
            let scale = y.scale();
            let y = if name == "mae" && !unit.is_empty() { Axis::new(&format!("MAE ({unit})"), scale) } else { y };
            let shown: Vec<(&str, &[f64])> =
                [("training", training), ("validation", validation)].into_iter().filter(|(_, values)| !values.is_empty()).collect();
            let lines = shown.iter().map(|(name, values)| Series::new(name, Mark::Line, by_epoch(values)));
            let chart = lines.fold(Chart::new(Axis::new("Epoch", Scale::Whole), y), Chart::series);
            let title = format!("{} after each epoch", capital(&words(name)));
            figures.push(self.chart(name, &title, &curve_caption(epochs, &shown, scale), false, &chart)?);
        }
        Ok(figures)
    }

    /// The same log of several trainings, by epoch.
    pub(crate) fn compared(&self, name: &str, title: &str, caption: &str, log: &str, trainings: &[(&str, &[f64])]) -> Result<Figure> {
        let lines = trainings.iter().map(|(training, values)| Series::new(training, Mark::Line, by_epoch(values)));
        // Always linear: the page compares heights.
        let chart = lines.fold(Chart::new(Axis::new("Epoch", Scale::Whole), Axis::of_log(log, [])), Chart::series);
        self.chart(name, title, caption, false, &chart)
    }

    /// Points with the line that a model laid through them, and what it predicts beyond.
    pub(crate) fn line_fit(&self, name: &str, title: &str, fit: &LineFit<'_>) -> Result<Figure> {
        // The line is drawn first, so that it hides no point.
        let rows = [("model", Mark::Line, fit.line), ("data", Mark::Dots, fit.points), ("prediction", Mark::Rings, fit.predictions)];
        let rows = rows.into_iter().filter(|(_, _, points)| !points.is_empty());
        let series = rows.map(|(name, mark, points)| Series::new(name, mark, points.to_vec()));
        let [x, y] = [fit.axes.0, fit.axes.1].map(|label| Axis::new(label, Scale::Linear));
        let mut caption = format!("{} points and the model's line.", grouped(fit.points.len() as u64));
        for (x, y) in fit.predictions {
            caption.push_str(&format!(" For {} it predicts {}.", short(*x), measured(*y)));
        }
        let chart = series.fold(Chart::new(x, y), Chart::series);
        self.chart(name, title, &caption, false, &chart)
    }

    /// The probability of each class for one example, the predicted class marked.
    pub(crate) fn probabilities(
        &self,
        title: &str,
        classes: &[&str],
        values: &[f32],
        predicted: Option<usize>,
        truth: &str,
    ) -> Result<Figure> {
        let values: Vec<f64> = values.iter().take(classes.len()).map(|value| f64::from(*value)).collect();
        let bars = Bars { names: classes, values: &values, marked: predicted };
        let caption =
            format!("Probability of each class, from 0 to 1; they add up to 1. Blue: the predicted class. The true class: {truth}.");
        self.save("probabilities", title, &caption, Extent::Part, |theme, _| Ok(bars.draw(theme)?))
    }

    /// A stem for each number, such as the weight of each step of a window.
    pub(crate) fn stems(&self, name: &str, title: &str, caption: &str, axes: (&str, &str), points: Vec<(f64, f64)>) -> Result<Figure> {
        let axes = (Axis::new(axes.0, Scale::Whole), Axis::new(axes.1, Scale::Linear));
        let chart = Chart::new(axes.0, axes.1).series(Series::new("", Mark::Stems, points));
        self.chart(name, title, caption, false, &chart)
    }

    /// Pictures, each over its true class, the class predicted for it, and the probability of that class.
    pub(crate) fn picture_grid(&self, name: &str, title: &str, caption: &str, pictures: &[Picture<'_>]) -> Result<Figure> {
        self.save(name, title, caption, Extent::Part, |theme, _| draw_grid(pictures, theme))
    }

    /// How often each class was taken for each other one.
    pub(crate) fn confusion_matrix(&self, name: &str, title: &str, matrix: &Confusion<'_>) -> Result<Figure> {
        let (total, right) = matrix.totals();
        let mut caption = format!(
            "{} examples, {} of them right. Each row holds one true class; the stronger the colour, the larger the share of its row.",
            grouped(total),
            percent(if total == 0 { 0.0 } else { right as f64 / total as f64 })
        );
        if let Some((row, column, count)) = matrix.worst() {
            let (truth, guess) = (matrix.classes[row], matrix.classes[column]);
            caption.push_str(&format!(" The most frequent mistake: {truth} taken for {guess}, {}.", times(count)));
        }
        let extent = if matrix.is_wide() { Extent::Fixed } else { Extent::Part };
        self.save(name, title, &caption, extent, |theme, _| Ok(matrix.draw(theme)?))
    }

    /// A chart; its caption says how much of it the axes leave out.
    pub(crate) fn chart(&self, name: &str, title: &str, caption: &str, wide: bool, chart: &Chart) -> Result<Figure> {
        let caption = match chart.off_the_axes() {
            (0, _) => caption.to_owned(),
            (off, all) => format!("{caption} {} of {} values are off the axes.", grouped(off as u64), grouped(all as u64)),
        };
        let extent = if wide { Extent::Whole } else { Extent::Part };
        self.save(name, title, &caption, extent, |theme, wide| Ok(chart.clone().theme(theme).wide(wide).to_svg()?))
    }

    /// Writes a picture in all its versions. A file's name ends with a hash of its content, so that the pictures of a new run
    /// never replace those that an earlier page shows.
    pub(super) fn save(
        &self,
        name: &str,
        title: &str,
        caption: &str,
        extent: Extent,
        draw: impl Fn(Theme, bool) -> Result<String>,
    ) -> Result<Figure> {
        let stem = [self.run, name].into_iter().filter(|part| !part.is_empty()).map(file_safe).collect::<Vec<_>>().join("-");
        let write = |theme: Theme, wide: bool| {
            let svg = draw(theme, wide).with_context(|| format!("drawing `{title}`"))?;
            let narrow = if extent == Extent::Whole && !wide { "-narrow" } else { "" };
            let dark = if theme == Theme::Dark { "-dark" } else { "" };
            let hash: String = Sha256::digest(&svg).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            let file = format!("{stem}{narrow}{dark}-{hash}.svg");
            write_whole(&self.folder.join(&file), svg.as_bytes())?;
            anyhow::Ok(file)
        };
        let wide = extent == Extent::Whole;
        let narrow = if wide { Some((write(Theme::Light, false)?, write(Theme::Dark, false)?)) } else { None };
        Ok(Figure {
            run: self.run.to_owned(),
            title: title.to_owned(),
            caption: caption.to_owned(),
            file: write(Theme::Light, wide)?,
            dark_file: Some(write(Theme::Dark, wide)?),
            narrow,
            wide: extent != Extent::Part,
        })
    }
}

/// How much of a page's width a picture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Beside another.
    Part,
    /// All of it, with a version of its own for narrow screens.
    Whole,
    /// As much as it needs; narrow screens scroll.
    Fixed,
}

/// `once`, `twice`, `3 times`.
fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{} times", grouped(count)),
    }
}

fn by_epoch(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(index, &value)| (index as f64 + 1.0, value)).collect()
}

fn curve_caption(epochs: usize, shown: &[(&str, &[f64])], scale: Scale) -> String {
    let ends: Vec<String> = shown.iter().filter_map(|(name, values)| Some(format!("{name} {}", measured(*values.last()?)))).collect();
    let mut caption = format!("After {}: {}.", plural(epochs, "epoch"), ends.join(", "));
    if scale == Scale::Log {
        caption.push_str(" Logarithmic axis.");
    }
    let missing = shown.iter().flat_map(|(_, values)| values.iter()).filter(|value| !value.is_finite()).count();
    if missing > 0 {
        let plural = if missing == 1 { " is" } else { "s are" };
        caption.push_str(&format!(" {} value{plural} not finite and left out.", grouped(missing as u64)));
    }
    caption
}

/// A number of the input as a person would say it.
fn short(value: f64) -> String {
    let text = measured(value);
    if text.contains(['×', ',']) || !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn file_safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' }).collect()
}
