//! The pictures of a run, written in a light and a dark version.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::axis::{Axis, Scale};
use super::chart::{Chart, Mark, Series};
use super::confusion::Confusion;
use super::files::write_whole;
use super::grid::{Picture, draw_grid};
use super::numbers::{grouped, measured, percent};
use super::theme::{DARK, LIGHT, Theme};
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
            let both = training.iter().chain(validation);
            let scale = if is_score(name) || !spans_decades(both.copied()) { Scale::Linear } else { Scale::Log };
            let shown: Vec<(&str, &[f64])> =
                [("training", training), ("validation", validation)].into_iter().filter(|(_, values)| !values.is_empty()).collect();
            let series = shown.iter().map(|(name, values)| Series::new(name, Mark::Line, by_epoch(values))).collect();
            let chart = Chart { series, ..Chart::new(Axis::new("epoch", Scale::Whole), Axis::new(&words(name), scale)) };
            let title = format!("{} after each epoch", capital(&words(name)));
            figures.push(self.save(name, &title, &curve_caption(epochs, &shown, scale), false, |theme| chart.draw(theme))?);
        }
        Ok(figures)
    }

    /// Points with the line that a model laid through them, and what it predicts beyond.
    pub(crate) fn line_fit(&self, name: &str, title: &str, fit: &LineFit<'_>) -> Result<Figure> {
        let rows = [("data", Mark::Dots, fit.points), ("model", Mark::Line, fit.line), ("prediction", Mark::Rings, fit.predictions)];
        // The line is drawn first, so that it hides no point.
        let series = [rows[1], rows[0], rows[2]].map(|(name, mark, points)| Series::new(name, mark, points.to_vec()));
        let series = series.into_iter().filter(|series| !series.points.is_empty()).collect();
        let axes = [fit.axes.0, fit.axes.1].map(|label| Axis::new(label, Scale::Linear));
        let [x, y] = axes;
        let mut caption = format!("{} points and the model's line.", grouped(fit.points.len() as u64));
        for (x, y) in fit.predictions {
            caption.push_str(&format!(" For {} it predicts {}.", short(*x), measured(*y)));
        }
        let chart = Chart { series, ..Chart::new(x, y) };
        self.save(name, title, &caption, false, |theme| chart.draw(theme))
    }

    /// Pictures, each over its true class, the class predicted for it, and the probability of that class.
    pub(crate) fn picture_grid(&self, name: &str, title: &str, caption: &str, pictures: &[Picture<'_>]) -> Result<Figure> {
        self.save(name, title, caption, false, |theme| draw_grid(pictures, theme))
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
            caption.push_str(&format!(" Most often {truth} was taken for {guess}: {} times.", grouped(count)));
        }
        self.save(name, title, &caption, matrix.is_wide(), |theme| matrix.draw(theme))
    }

    pub(super) fn save(
        &self,
        name: &str,
        title: &str,
        caption: &str,
        wide: bool,
        draw: impl Fn(&'static Theme) -> Result<String>,
    ) -> Result<Figure> {
        let stem = [self.run, name].into_iter().filter(|part| !part.is_empty()).map(file_safe).collect::<Vec<_>>().join("-");
        let write = |theme: &'static Theme| {
            let file = format!("{stem}{}.svg", if theme.dark { "-dark" } else { "" });
            let svg = draw(theme).with_context(|| format!("drawing `{title}`"))?;
            write_whole(&self.folder.join(&file), svg.as_bytes())?;
            anyhow::Ok(file)
        };
        Ok(Figure {
            run: self.run.to_owned(),
            title: title.to_owned(),
            caption: caption.to_owned(),
            file: write(&LIGHT)?,
            dark_file: Some(write(&DARK)?),
            wide,
        })
    }
}

/// Scores live on a scale with two ends, where ratios say nothing.
fn is_score(name: &str) -> bool {
    ["acc", "precision", "recall", "auc", "r2", "similarity"].iter().any(|part| name.contains(part))
}

fn spans_decades(values: impl Iterator<Item = f64> + Clone) -> bool {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    low > 0.0 && high / low > 30.0
}

fn by_epoch(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(index, &value)| (index as f64 + 1.0, value)).collect()
}

fn curve_caption(epochs: usize, shown: &[(&str, &[f64])], scale: Scale) -> String {
    let plural = if epochs == 1 { "" } else { "s" };
    let ends: Vec<String> = shown.iter().filter_map(|(name, values)| Some(format!("{name} {}", measured(*values.last()?)))).collect();
    let mut caption = format!("After {} epoch{plural}: {}.", grouped(epochs as u64), ends.join(", "));
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

/// Keras' name as words: `test_mae` is `test MAE`.
pub(super) fn words(name: &str) -> String {
    let short = ["mae", "mse", "rmse", "mape", "auc"];
    let words = name.split('_').map(|word| if short.contains(&word) { word.to_uppercase() } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn file_safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' }).collect()
}
