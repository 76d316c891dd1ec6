//! Words as points, with the outermost of them written.

use anyhow::Result;
use practicum_core::plot::Theme;
use practicum_core::plot::canvas::{Anchor, Canvas, Text, draw, text_width};

use super::figures::{Extent, Figures};
use crate::results::Figure;

const WIDTH: f64 = 400.0;
/// The picture is as high as its points need, between these.
const HEIGHT: (f64, f64) = (120.0, 360.0);
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
        let farthest = (reach(|place| place.0), reach(|place| place.1));
        let scale = ((WIDTH / 2.0 - EDGE) / farthest.0).min((HEIGHT.1 / 2.0 - EDGE) / farthest.1);
        let height = (2.0 * (farthest.1 * scale + EDGE)).clamp(HEIGHT.0, HEIGHT.1).ceil();
        let at = |(right, up): (f64, f64)| (WIDTH / 2.0 + right * scale, height / 2.0 - up * scale);
        let mut order: Vec<usize> = (0..self.places.len()).filter(|&index| finite(&&self.places[index])).collect();
        let far = |index: usize| self.places[index].0.hypot(self.places[index].1);
        order.sort_by(|&a, &b| far(b).total_cmp(&far(a)).then(a.cmp(&b)));
        let outermost = order.first().map_or(0.0, |&index| far(index));
        draw((WIDTH, height), theme, |canvas| {
            let palette = canvas.palette();
            canvas.line(&[(EDGE / 2.0, height / 2.0), (WIDTH - EDGE / 2.0, height / 2.0)], palette.grid, 1.0)?;
            canvas.line(&[(WIDTH / 2.0, EDGE / 2.0), (WIDTH / 2.0, height - EDGE / 2.0)], palette.grid, 1.0)?;
            let mut taken = axis_names(canvas, height)?;
            let names = taken.len();
            for &index in order.iter().take_while(|&&index| far(index) >= OUTER * outermost) {
                if taken.len() == names + WRITTEN {
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
            if x > WIDTH / 2.0 { (x - 5.0 - width, Anchor::End, x - 5.0) } else { (x + 5.0, Anchor::Start, x + 5.0) };
        let place = around((left, y), width);
        let apart = |other: &[f64; 4]| place[2] < other[0] || other[2] < place[0] || place[3] < other[1] || other[3] < place[1];
        if word.is_empty() || !taken.iter().all(apart) {
            return Ok(());
        }
        taken.push(place);
        Ok(canvas.text((from, y), &word, Text::new(LETTER, canvas.palette().ink, anchor))?)
    }
}

/// Names the two directions; answers with the places of the names.
fn axis_names(canvas: &mut Canvas<'_>, height: f64) -> Result<Vec<[f64; 4]>> {
    let [first, second] = ["1st direction", "2nd direction"];
    let look = Text::new(LETTER, canvas.palette().muted, Anchor::Start);
    let width = text_width(first, LETTER, false)?;
    let below = (WIDTH - EDGE / 2.0 - width, height / 2.0 + LETTER);
    let top = (WIDTH / 2.0 + 5.0, EDGE / 2.0);
    canvas.text(below, first, look)?;
    canvas.text(top, second, look)?;
    Ok(vec![around(below, width), around(top, text_width(second, LETTER, false)?)])
}

/// The place of a line of text that begins there: left, top, right and bottom.
fn around((left, middle): (f64, f64), width: f64) -> [f64; 4] {
    [left - 2.0, middle - LETTER / 2.0, left + width + 2.0, middle + LETTER / 2.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_as_high_as_its_points_need() {
        let words = ["far", "near"].map(str::to_owned);
        let drawn = |places: &[(f64, f64)]| WordMap { words: &words, places }.draw(Theme::Light).unwrap();
        assert!(drawn(&[(10.0, 0.1), (-1.0, 0.0)]).contains("width=\"400\" height=\"120\""));
        assert!(drawn(&[(0.1, 10.0), (0.0, -1.0)]).contains("width=\"400\" height=\"360\""));
    }
}
