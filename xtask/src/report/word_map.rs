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
/// No word is written nearer to the middle than this share of the farthest one's distance.
const OUTER: f64 = 0.3;

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
        // One scale for both directions: a flat cloud looks flat.
        let scale = ((SIZE.0 / 2.0 - EDGE) / reach(|place| place.0)).min((SIZE.1 / 2.0 - EDGE) / reach(|place| place.1));
        let at = |(right, up): (f64, f64)| (SIZE.0 / 2.0 + right * scale, SIZE.1 / 2.0 - up * scale);
        let mut order: Vec<usize> = (0..self.places.len()).filter(|&index| finite(&&self.places[index])).collect();
        let far = |index: usize| self.places[index].0.hypot(self.places[index].1);
        order.sort_by(|&a, &b| far(b).total_cmp(&far(a)).then(a.cmp(&b)));
        let farthest = order.first().map_or(0.0, |&index| far(index));
        draw(SIZE, theme, |canvas| {
            let palette = canvas.palette();
            canvas.line(&[(EDGE / 2.0, SIZE.1 / 2.0), (SIZE.0 - EDGE / 2.0, SIZE.1 / 2.0)], palette.grid, 1.0)?;
            canvas.line(&[(SIZE.0 / 2.0, EDGE / 2.0), (SIZE.0 / 2.0, SIZE.1 - EDGE / 2.0)], palette.grid, 1.0)?;
            let name = |anchor| Text::new(LETTER, palette.muted, anchor);
            canvas.text((SIZE.0 - EDGE / 2.0, SIZE.1 / 2.0 + LETTER), "1st direction", name(Anchor::End))?;
            canvas.text((SIZE.0 / 2.0 + 5.0, EDGE / 2.0), "2nd direction", name(Anchor::Start))?;
            let mut taken: Vec<[f64; 4]> = Vec::new();
            for &index in order.iter().take_while(|&&index| far(index) >= OUTER * farthest) {
                if taken.len() == WRITTEN {
                    break;
                }
                self.write(canvas, index, at(self.places[index]), &mut taken)?;
            }
            // A point under a word makes it hard to read.
            for (x, y) in order.iter().map(|&index| at(self.places[index])) {
                let under = |place: &[f64; 4]| place[0] < x && x < place[2] && place[1] < y && y < place[3];
                if !taken.iter().any(under) {
                    canvas.dot((x, y), 1.8, palette.tint(palette.series[0], 0.6))?;
                }
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
