//! Bars with names: the probabilities of classes.

use practicum_core::Result;
use practicum_core::plot::Theme;
use practicum_core::plot::canvas::{Anchor, Canvas, Text, draw, fit, text_width};

const WIDTH: f64 = 400.0;
const ROW: f64 = 22.0;
const LETTER: f64 = 13.0;
const MARGIN: f64 = 6.0;

/// A probability for each name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bars<'a> {
    pub(super) names: &'a [&'a str],
    pub(super) values: &'a [f64],
    /// The name that stands out.
    pub(super) marked: Option<usize>,
}

impl Bars<'_> {
    /// The bars as SVG, one below the other in the order given.
    pub(super) fn draw(&self, theme: Theme) -> Result<String> {
        let mut left: f64 = 0.0;
        for name in self.names {
            left = left.max(text_width(name, LETTER, true)?);
        }
        let left = left.min(WIDTH * 0.4) + 2.0 * MARGIN;
        let right = WIDTH - MARGIN - text_width("0.0000", LETTER, false)? - 8.0;
        let bottom = ROW * self.names.len().max(1) as f64 + MARGIN;
        draw((WIDTH, bottom + ROW + MARGIN), theme, |canvas| {
            let muted = canvas.palette().muted;
            canvas.line(&[(left, MARGIN), (left, bottom)], muted, 1.0)?;
            canvas.text((left, bottom + ROW / 2.0), "Probability", Text::new(LETTER, muted, Anchor::Start))?;
            for (row, (name, value)) in self.names.iter().zip(self.values).enumerate() {
                self.draw_row(canvas, (left, right), row, name, *value)?;
            }
            Ok(())
        })
    }

    fn draw_row(&self, canvas: &mut Canvas<'_>, (left, right): (f64, f64), row: usize, name: &str, value: f64) -> Result<()> {
        let palette = canvas.palette();
        let middle = MARGIN + ROW * (row as f64 + 0.5);
        let marked = self.marked == Some(row);
        let share = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
        let end = left + share * (right - left);
        let color = palette.series[usize::from(!marked)];
        canvas.rect((left, middle - ROW * 0.32), (end - left, ROW * 0.64), color)?;
        let look = Text::new(LETTER, palette.ink, Anchor::End);
        let look = if marked { look.bold() } else { look };
        canvas.text((left - MARGIN, middle), &fit(name, LETTER, marked, left - 2.0 * MARGIN)?, look)?;
        canvas.text((end + 6.0, middle), &format!("{value:.4}"), Text::new(LETTER, palette.muted, Anchor::Start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values_and_never_leave_the_picture() {
        let bars =
            Bars { names: &["Coat", "Bag", "a name that is much too long for its column"], values: &[0.5, f64::NAN, 7.0], marked: Some(0) };
        let svg = bars.draw(Theme::Light).unwrap();
        assert!(svg.contains("0.5000") && svg.contains("Probability") && svg.contains('…') && !svg.contains("inf"), "{svg}");
        assert!(Bars { names: &[], values: &[], marked: None }.draw(Theme::Light).is_ok());
    }
}
