//! What stands inside the frame of a chart: lines cut at its edges, dots, stems, bands and rules.

use super::axis::Placed;
use super::canvas::Canvas;
use super::theme::Color;
use crate::Result;

pub(super) const LETTER: f64 = 13.5;
/// From one line of text to the next.
pub(super) const LINE: f64 = 18.0;

/// Up to this many points a line shows them as dots.
const FEW: usize = 12;
/// From this many points on a line is thin.
const MANY: usize = 200;

/// The width of a band at one point alone.
const ALONE: f64 = 16.0;

/// What stands at the points of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// A line through the points, with a gap where one is missing.
    Line,
    /// A dot at each point.
    Dots,
    /// A ring at each point, for what stands out.
    Rings,
    /// A line from 0 to each point, with a dot at its end.
    Stems,
}

/// A named row of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) points: Vec<(f64, f64)>,
}

impl Series {
    /// Points of one kind under one name, which is empty where it needs none. What is not finite is left out.
    pub fn new(name: &str, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), mark, points }
    }
}

/// A named area between two lines, below everything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64, f64)>,
}

impl Band {
    /// At each x, the area from one y to another: `(x, from, to)`. What is not finite is left out.
    pub fn new(name: &str, points: Vec<(f64, f64, f64)>) -> Self {
        Self { name: name.to_owned(), points }
    }
}

/// A line across the whole chart at one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub(super) at: f64,
    pub(super) name: String,
    pub(super) dashed: bool,
    pub(super) upright: bool,
}

impl Rule {
    /// A line at a value of the y axis; its name is empty where it needs none. An axis reaches as far as its rules, unless it has
    /// limits: a rule outside of these is not drawn and has no name in the chart.
    pub fn level(name: &str, at: f64) -> Self {
        Self { at, name: name.to_owned(), dashed: false, upright: false }
    }

    /// A line at a value of the x axis.
    pub fn upright(name: &str, at: f64) -> Self {
        Self { upright: true, ..Self::level(name, at) }
    }

    /// Drawn in short strokes.
    #[must_use]
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// Its position on the axis that it crosses, from 0 to 1; none where it lies outside.
    pub(super) fn share(&self, x: &Placed, y: &Placed) -> Option<f64> {
        let axis = if self.upright { x } else { y };
        axis.at(self.at).filter(|at| (0.0..=1.0).contains(at))
    }
}

/// The rectangle that the axes enclose, and the axes themselves.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) x: Placed,
    pub(super) y: Placed,
}

impl Frame {
    /// The position of a point, in shares of the frame from its lower left; `None` where an axis has none for it.
    pub(super) fn share(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x.at(x)?, self.y.at(y)?))
    }

    pub(super) fn unit(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top))
    }
}

fn inside(&(x, y): &(f64, f64)) -> bool {
    (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
}

pub(super) fn draw_series(canvas: &mut Canvas<'_>, frame: &Frame, series: &Series, color: Color) -> Result<()> {
    let shares: Vec<Option<(f64, f64)>> = series.points.iter().map(|&point| frame.share(point)).collect();
    if series.mark == Mark::Line {
        let width = if shares.len() > MANY { 1.25 } else { 2.0 };
        for piece in pieces(&shares) {
            let units: Vec<_> = piece.into_iter().map(|point| frame.unit(point)).collect();
            canvas.line(&units, color, width)?;
        }
    }
    let alone = |index: usize| {
        let beside = [index.checked_sub(1), index.checked_add(1)];
        beside.into_iter().flatten().all(|other| shares.get(other).is_none_or(Option::is_none))
    };
    let ground = frame.y.at(0.0).unwrap_or(0.0).clamp(0.0, 1.0);
    for (index, &share) in shares.iter().enumerate() {
        let Some(share) = share else { continue };
        if series.mark == Mark::Stems && (0.0..=1.0).contains(&share.0) {
            let ends = [(share.0, ground), (share.0, share.1.clamp(0.0, 1.0))];
            canvas.line(&ends.map(|end| frame.unit(end)), color, 2.0)?;
        }
        if !inside(&share) {
            continue;
        }
        match series.mark {
            Mark::Line if shares.len() <= FEW || alone(index) => canvas.dot(frame.unit(share), 3.0, color)?,
            Mark::Line => {}
            Mark::Stems => canvas.dot(frame.unit(share), 2.5, color)?,
            Mark::Dots => canvas.dot(frame.unit(share), 4.0, color)?,
            Mark::Rings => canvas.ring(frame.unit(share), 6.0, color)?,
        }
    }
    Ok(())
}

/// The area of a band, its edges held to the frame.
pub(super) fn draw_band(canvas: &mut Canvas<'_>, frame: &Frame, band: &Band, color: Color) -> Result<()> {
    let edge = |(x, y): (f64, f64)| frame.share((x, y)).filter(|(x, _)| (0.0..=1.0).contains(x)).map(|(x, y)| (x, y.clamp(0.0, 1.0)));
    let edges = band.points.iter().filter_map(|&(x, low, high)| Some((frame.unit(edge((x, low))?), frame.unit(edge((x, high))?))));
    let edges: Vec<_> = edges.collect();
    match *edges {
        [] => Ok(()),
        [(low, high)] => canvas.rect((low.0 - ALONE / 2.0, low.1.min(high.1)), (ALONE, (low.1 - high.1).abs()), color),
        _ => {
            let (low, high) = (edges.iter().map(|edge| edge.0), edges.iter().rev().map(|edge| edge.1));
            canvas.polygon(&low.chain(high).collect::<Vec<_>>(), color)
        }
    }
}

/// Lines across the whole frame.
pub(super) fn draw_rules(canvas: &mut Canvas<'_>, frame: &Frame, rules: &[Rule]) -> Result<()> {
    let palette = canvas.palette();
    for rule in rules {
        let Some(at) = rule.share(&frame.x, &frame.y) else { continue };
        let ends = if rule.upright { [(at, 0.0), (at, 1.0)] } else { [(0.0, at), (1.0, at)] }.map(|end| frame.unit(end));
        if rule.dashed {
            canvas.dashed(ends[0], ends[1], palette.muted, 1.5)?;
        } else {
            canvas.line(&ends, palette.muted, 1.5)?;
        }
    }
    Ok(())
}

/// The pieces of a line that lie inside the frame, parted where a point is missing or the line leaves it.
fn pieces(shares: &[Option<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in shares.windows(2) {
        let [Some(from), Some(to)] = *pair else { continue };
        let Some((from, to)) = clip(from, to) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// The part of a segment inside the unit square (Liang and Barsky, 1984).
fn clip(from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (slope, room) in [(-dx, from.0), (dx, 1.0 - from.0), (-dy, from.1), (dy, 1.0 - from.1)] {
        if slope == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if slope < 0.0 {
            enter = enter.max(room / slope);
        } else {
            leave = leave.min(room / slope);
        }
    }
    let at = |t: f64| {
        if t == 0.0 {
            from
        } else if t == 1.0 {
            to
        } else {
            (from.0 + t * dx, from.1 + t * dy)
        }
    };
    (enter < leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parted_at_gaps_and_cut_at_the_frame() {
        let inside = [Some((0.0, 0.5)), Some((0.5, 0.5)), None, Some((0.7, 0.5)), Some((1.0, 0.5))];
        assert_eq!(pieces(&inside), [vec![(0.0, 0.5), (0.5, 0.5)], vec![(0.7, 0.5), (1.0, 0.5)]]);
        let through = [Some((0.0, -1.0)), Some((0.5, 1.0)), Some((0.75, 2.0)), Some((1.0, 0.0))];
        assert_eq!(pieces(&through)[0], [(0.25, 0.0), (0.5, 1.0)]);
        assert_eq!(clip((2.0, 0.0), (2.0, 1.0)), None);
        assert_eq!(clip((0.2, 0.2), (0.2, 0.2)), Some(((0.2, 0.2), (0.2, 0.2))));
    }
}
