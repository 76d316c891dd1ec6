//! The confusion matrix as a heat map.

use practicum_core::plot::Theme;
use practicum_core::plot::canvas::{Anchor, Canvas, Text, draw, fit, text_width};
use practicum_core::plot::labels::grouped;
use practicum_core::{Error, Result};

/// The width of a picture beside another; more classes than fit into it take as much as they need.
const WIDTH: f64 = 400.0;
const LETTER: f64 = 13.0;
const COUNT: f64 = 11.5;
const MARGIN: f64 = 6.0;
/// The room of an axis title.
const TITLE: f64 = 20.0;

/// How often a class (row) was taken for a class (column).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confusion<'a> {
    /// Row by row, one row a true class, one column a predicted class.
    pub(crate) counts: &'a [u64],
    pub(crate) classes: &'a [&'a str],
}

struct Layout {
    left: f64,
    cell: f64,
    rotated: bool,
    /// The room of the names under the matrix.
    below: f64,
}

impl Confusion<'_> {
    /// Whether the picture needs the whole width of the page.
    pub(super) fn is_wide(&self) -> bool {
        self.classes.len() > 12
    }

    /// How many examples there are, and how many were put into their class.
    pub(super) fn totals(&self) -> (u64, u64) {
        let right = (0..self.classes.len()).filter_map(|class| self.counts.get(class * (self.classes.len() + 1))).sum();
        (self.counts.iter().sum(), right)
    }

    /// The row and column that are confused most often, with their count; none where several are equally frequent.
    pub(super) fn worst(&self) -> Option<(usize, usize, u64)> {
        let size = self.classes.len();
        let cells = (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
        let wrong = cells.filter(|(row, column)| row != column).filter_map(|(row, column)| Some((row, column, self.at(row, column)?)));
        let mut wrong: Vec<(usize, usize, u64)> = wrong.filter(|&(_, _, count)| count > 0).collect();
        wrong.sort_by_key(|&(.., count)| std::cmp::Reverse(count));
        wrong.first().copied().filter(|(.., most)| wrong.get(1).is_none_or(|(.., next)| next < most))
    }

    fn at(&self, row: usize, column: usize) -> Option<u64> {
        self.counts.get(row * self.classes.len() + column).copied()
    }

    /// The heat map as SVG.
    pub(super) fn draw(&self, theme: Theme) -> Result<String> {
        let size = self.classes.len();
        if size == 0 || self.counts.len() != size * size {
            let message =
                format!("a confusion matrix of {size} classes has {} counts, at least one, got {}", size * size, self.counts.len());
            return Err(Error::argument(message));
        }
        let layout = self.layout()?;
        let side = layout.cell * size as f64;
        let width = WIDTH.max(layout.left + side + MARGIN);
        draw((width, TITLE + side + layout.below + TITLE + MARGIN), theme, |canvas| {
            let title = Text::new(LETTER, canvas.palette().muted, Anchor::Start);
            canvas.text((MARGIN, TITLE / 2.0), "true class ↓", title)?;
            for row in 0..size {
                self.draw_row(canvas, &layout, row)?;
            }
            self.draw_columns(canvas, &layout)?;
            let at = (layout.left + side / 2.0, TITLE + side + layout.below + TITLE / 2.0);
            canvas.text(at, "predicted class", title.anchor(Anchor::Middle))
        })
    }

    fn layout(&self) -> Result<Layout> {
        let mut longest: f64 = 0.0;
        for name in self.classes {
            longest = longest.max(text_width(name, LETTER, false)?);
        }
        let names = longest.min(if self.is_wide() { 150.0 } else { 100.0 });
        let mut count: f64 = 0.0;
        for &value in self.counts {
            count = count.max(text_width(&grouped(value), COUNT, true)?);
        }
        let left = MARGIN + names.max(20.0) + 8.0;
        let size = self.classes.len() as f64;
        // Two classes do not need cells as large as a hand.
        let cell = ((WIDTH - left - MARGIN) / size).min(84.0).max(count + 4.0).max(20.0);
        let rotated = longest > cell - 4.0;
        Ok(Layout { left, cell, rotated, below: if rotated { names + 12.0 } else { 22.0 } })
    }

    fn draw_row(&self, canvas: &mut Canvas<'_>, layout: &Layout, row: usize) -> Result<()> {
        let palette = canvas.palette();
        let y = TITLE + row as f64 * layout.cell;
        let name = fit(self.classes[row], LETTER, false, layout.left - MARGIN - 6.0)?;
        let middle = y + layout.cell / 2.0;
        canvas.text((layout.left - 8.0, middle), &name, Text::new(LETTER, palette.ink, Anchor::End))?;
        let total: u64 = (0..self.classes.len()).filter_map(|column| self.at(row, column)).sum();
        for column in 0..self.classes.len() {
            let count = self.at(row, column).unwrap_or(0);
            let x = layout.left + column as f64 * layout.cell;
            // The square root keeps rare confusions visible.
            let share = if total == 0 { 0.0 } else { (count as f64 / total as f64).sqrt() };
            let right = row == column;
            let ground = palette.tint(palette.series[usize::from(!right)], share * 0.92 + 0.03 * f64::from(u8::from(right)));
            let ground = if count == 0 && !right { palette.tint(palette.grid, 0.45) } else { ground };
            canvas.rect((x + 0.5, y + 0.5), (layout.cell - 1.0, layout.cell - 1.0), ground)?;
            if count > 0 || right {
                let look = Text::new(COUNT, ground.readable(), Anchor::Middle);
                let look = if right { look.bold() } else { look };
                canvas.text((x + layout.cell / 2.0, middle), &grouped(count), look)?;
            }
        }
        Ok(())
    }

    fn draw_columns(&self, canvas: &mut Canvas<'_>, layout: &Layout) -> Result<()> {
        let side = layout.cell * self.classes.len() as f64;
        for (column, name) in self.classes.iter().enumerate() {
            let x = layout.left + (column as f64 + 0.5) * layout.cell;
            if layout.rotated {
                let name = fit(name, LETTER, false, layout.below - 10.0)?;
                canvas.text((x, TITLE + side + 8.0), &name, Text::new(LETTER, canvas.palette().ink, Anchor::End).upright())?;
            } else {
                canvas.text((x, TITLE + side + 13.0), name, Text::new(LETTER, canvas.palette().ink, Anchor::Middle))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_classes_can_be_drawn() {
        let letters: Vec<String> = (b'A'..=b'Z').map(|letter| format!("{} as in signing", char::from(letter))).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        for size in [1, 2, 10, 26] {
            let counts: Vec<u64> = (0..size * size).map(|cell| if cell % (size + 1) == 0 { 1000 } else { cell as u64 % 7 }).collect();
            let matrix = Confusion { counts: &counts, classes: &letters[..size] };
            for theme in [Theme::Light, Theme::Dark] {
                let svg = matrix.draw(theme).unwrap();
                let written = svg.lines().filter(|&line| line == "1,000").count();
                assert_eq!(written, size, "{size} classes");
            }
        }
    }

    #[test]
    fn a_class_without_examples_is_no_division_by_zero() {
        let svg = Confusion { counts: &[3, 1, 0, 0], classes: &["cat", "dog"] }.draw(Theme::Light).unwrap();
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn counts_must_fill_the_matrix() {
        let error = Confusion { counts: &[1, 2, 3], classes: &["cat", "dog"] }.draw(Theme::Light).unwrap_err();
        assert!(error.to_string().contains("2 classes has 4 counts") && error.to_string().contains("got 3"), "{error}");
        assert!(Confusion { counts: &[], classes: &[] }.draw(Theme::Light).is_err());
    }

    #[test]
    fn the_worst_confusion_is_named() {
        let matrix = Confusion { counts: &[9, 1, 0, 4, 5, 0, 0, 3, 9], classes: &["a", "b", "c"] };
        assert_eq!(matrix.worst(), Some((1, 0, 4)));
        assert_eq!(matrix.totals(), (31, 23));
        assert_eq!(Confusion { counts: &[5, 2, 2, 5], classes: &["a", "b"] }.worst(), None);
        assert_eq!(Confusion { counts: &[5, 0, 0, 5], classes: &["a", "b"] }.worst(), None);
    }
}
