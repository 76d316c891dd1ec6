//! Words as points, with the outermost of them written.

use anyhow::Result;
use practicum_core::plot::Theme;
use practicum_core::plot::canvas::{Anchor, Canvas, Text, draw, text_width};

use super::figures::{Extent, Figures};
use crate::results::Figure;

const SIZE: (f64, f64) = (400.0, 360.0);
const EDGE: f64 = 24.0;
const LETTER: f64 = 12.0;
/// At most this many words are written.
const WRITTEN: usize = 40;

/// Words and their positions, in the same order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordMap<'a> {
    pub(crate) words: &'a [String],
    pub(crate) places: &'a [(f64, f64)],
}

impl Figures<'_> {
    /// Points for words; the words farthest from the middle are written where there is room for them.
    pub(crate) fn word_map(&self, name: &str, title: &str, caption: &str, map: &WordMap<'_>) -> Result<Figure> {
        self.save(name, title, caption, Extent::Part, |theme, _| map.draw(theme))
    }
}

impl WordMap<'_> {
    fn draw(&self, theme: Theme) -> Result<String> {
        let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let reach = |of: fn(&(f64, f64)) -> f64| self.places.iter().filter(finite).map(of).fold(f64::MIN_POSITIVE, |a, b| a.max(b.abs()));
        let (wide, high) = (reach(|place| place.0), reach(|place| place.1));
        let at = |place: (f64, f64)| {
            let share = |value: f64, reach: f64, size: f64| size / 2.0 + value / reach * (size / 2.0 - EDGE);
            (share(place.0, wide, SIZE.0), share(-place.1, high, SIZE.1))
        };
        let mut order: Vec<usize> = (0..self.places.len()).filter(|&index| finite(&&self.places[index])).collect();
        let far = |index: usize| (self.places[index].0 / wide).powi(2) + (self.places[index].1 / high).powi(2);
        order.sort_by(|&a, &b| far(b).total_cmp(&far(a)).then(a.cmp(&b)));
        draw(SIZE, theme, |canvas| {
            let palette = canvas.palette();
            canvas.line(&[(EDGE / 2.0, SIZE.1 / 2.0), (SIZE.0 - EDGE / 2.0, SIZE.1 / 2.0)], palette.grid, 1.0)?;
            canvas.line(&[(SIZE.0 / 2.0, EDGE / 2.0), (SIZE.0 / 2.0, SIZE.1 - EDGE / 2.0)], palette.grid, 1.0)?;
            for &index in &order {
                canvas.dot(at(self.places[index]), 1.8, palette.tint(palette.series[0], 0.6))?;
            }
            let mut taken: Vec<[f64; 4]> = Vec::new();
            for &index in &order {
                if taken.len() == WRITTEN {
                    break;
                }
                self.write(canvas, index, at(self.places[index]), &mut taken)?;
            }
            Ok(())
        })
    }

    /// Writes a word beside its point, unless another one is there.
    fn write(&self, canvas: &mut Canvas<'_>, index: usize, (x, y): (f64, f64), taken: &mut Vec<[f64; 4]>) -> Result<()> {
        let word: String = self.words[index].trim().chars().filter(|c| !c.is_control()).take(16).collect();
        let width = text_width(&word, LETTER, false)?;
        // Towards the middle, so that no word leaves the picture.
        let (left, anchor, from) =
            if x > SIZE.0 / 2.0 { (x - 5.0 - width, Anchor::End, x - 5.0) } else { (x + 5.0, Anchor::Start, x + 5.0) };
        let place = [left - 2.0, y - LETTER / 2.0, left + width + 2.0, y + LETTER / 2.0];
        let apart = |other: &[f64; 4]| place[2] < other[0] || other[2] < place[0] || place[3] < other[1] || other[3] < place[1];
        if word.is_empty() || !taken.iter().all(apart) {
            return Ok(());
        }
        taken.push(place);
        Ok(canvas.text((from, y), &word, Text::new(LETTER, canvas.palette().ink, anchor))?)
    }
}
