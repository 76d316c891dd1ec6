//! Pictures made of pixels, each with a line above it, and curves of classifiers.

use std::io::Cursor;

use anyhow::{Result, bail};
use image::{ImageFormat, RgbImage};
use practicum_core::plot::canvas::{Anchor, Canvas, Text, draw, fit};
use practicum_core::plot::{Axis, Chart, Mark, Scale, Series};

use super::figures::{Extent, Figures};
use super::numbers::measured;
use crate::results::Figure;

/// A picture under a line of text.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// One line or several.
    pub(crate) label: String,
    pub(crate) image: RgbImage,
}

impl Panel {
    pub(crate) fn new(label: impl Into<String>, image: RgbImage) -> Self {
        Self { label: label.into(), image }
    }
}

const NARROW: f64 = 400.0;
const WIDE: f64 = 860.0;
const GAP: f64 = 8.0;
const LETTER: f64 = 13.0;
const LINE: f64 = 20.0;

impl Figures<'_> {
    /// Pictures in rows of `columns`, each as wide as its column; pixels stay square.
    pub(crate) fn panels(&self, name: &str, title: &str, caption: &str, columns: usize, panels: &[Panel]) -> Result<Figure> {
        if panels.is_empty() || columns == 0 {
            bail!("`{title}` needs a picture and a column, got {} and {columns}", panels.len());
        }
        let wide = columns > 4 || panels.iter().any(|panel| panel.image.width() > 4 * panel.image.height());
        let width = if wide { WIDE } else { NARROW };
        let column = (width - GAP * (columns - 1) as f64) / columns as f64;
        let height = |panel: &Panel| column * f64::from(panel.image.height()) / f64::from(panel.image.width().max(1));
        let rows: Vec<&[Panel]> = panels.chunks(columns).collect();
        let label = |row: &[Panel]| LINE * row.iter().map(Panel::lines).max().unwrap_or(0) as f64;
        let row_height = |row: &[Panel]| label(row) + row.iter().map(height).fold(0.0, f64::max) + GAP;
        let total: f64 = rows.iter().map(|row| row_height(row)).sum();
        let extent = if wide { Extent::Fixed } else { Extent::Part };
        self.save(name, title, caption, extent, |theme, _| {
            draw((width, total), theme, |canvas| {
                let mut top = 0.0;
                for row in &rows {
                    for (index, panel) in row.iter().enumerate() {
                        let left = index as f64 * (column + GAP);
                        panel.draw(canvas, (left, top), label(row), (column, height(panel)))?;
                    }
                    top += row_height(row);
                }
                Ok(())
            })
        })
    }

    /// Receiver operating characteristics: a curve for each name, with the area under it.
    pub(crate) fn roc(&self, name: &str, title: &str, curves: &[(&str, &practicum_vision::evaluation::Roc)]) -> Result<Figure> {
        let areas: Vec<String> = curves.iter().map(|(name, roc)| format!("{name} {}", measured(roc.area()))).collect();
        let [x, y] = ["False positive rate (others taken for it)", "True positive rate (share of the class found)"]
            .map(|label| Axis::new(label, Scale::Linear));
        let lines = curves.iter().map(|(name, roc)| Series::new(name, Mark::Line, roc.points().to_vec()));
        let guessing = Series::new("guessing", Mark::Line, vec![(0.0, 0.0), (1.0, 1.0)]);
        let chart = lines.fold(Chart::new(x, y), Chart::series).series(guessing);
        let caption = format!(
            "At every threshold: how much of a class is found against how many others are taken for it. Area under the curve: {}.",
            areas.join(", ")
        );
        self.chart(name, title, &caption, false, &chart)
    }
}

impl Panel {
    fn lines(&self) -> usize {
        self.label.lines().count()
    }

    /// Draws the lines of the label, `label` high, and the image below them.
    fn draw(&self, canvas: &mut Canvas<'_>, (left, top): (f64, f64), label: f64, (width, height): (f64, f64)) -> Result<()> {
        let look = Text::new(LETTER, canvas.palette().ink, Anchor::Start);
        for (index, line) in self.label.lines().enumerate() {
            canvas.text((left, top + LINE * (index as f64 + 0.5)), &fit(line, LETTER, false, width)?, look)?;
        }
        let mut png = Vec::new();
        self.image.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
        canvas.image((left, top + label), (width, height), &png);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_is_drawn_with_its_label() {
        let folder = tempfile::tempdir().unwrap();
        let figures = Figures { folder: folder.path(), run: "lab1" };
        let panels: Vec<Panel> = (0..5).map(|index| Panel::new(format!("map {index}"), RgbImage::new(4, 3))).collect();
        let figure = figures.panels("maps", "Maps", "Five maps.", 3, &panels).unwrap();
        let svg = std::fs::read_to_string(folder.path().join(&figure.file)).unwrap();
        assert_eq!(svg.matches("<image ").count(), 5);
        assert!(svg.contains("map 4") && !figure.wide);
        let strip = [Panel::new("strip", RgbImage::new(90, 3))];
        assert!(figures.panels("strip", "Strip", "", 1, &strip).unwrap().wide);
        assert!(figures.panels("none", "None", "", 1, &[]).is_err());
        assert!(figures.panels("none", "None", "", 0, &strip).is_err());
    }

    #[test]
    fn areas_are_told_under_the_curves() {
        let folder = tempfile::tempdir().unwrap();
        let roc = practicum_vision::evaluation::Roc::new(&[0, 1], &[0.1, 0.9], 1).unwrap();
        let figure = Figures { folder: folder.path(), run: "" }.roc("roc", "ROC", &[("humans", &roc)]).unwrap();
        assert!(figure.caption.contains("humans 1"), "{}", figure.caption);
    }
}
