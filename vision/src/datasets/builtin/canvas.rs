//! Outlines and strokes to grey pixels: exact coverage for filled shapes, distance for strokes.

use super::chance::Chance;

/// Width and height of a picture.
pub(super) const SIDE: usize = 28;
pub(super) const AREA: usize = SIDE * SIDE;

/// x to the right, y down, in pixels.
pub(super) type Point = [f32; 2];

/// A map of the plane that keeps lines straight: `x' = a·x + b·y + c`, `y' = d·x + e·y + f`.
#[derive(Clone, Copy)]
pub(super) struct Affine {
    pub(super) x: [f32; 3],
    pub(super) y: [f32; 3],
}

impl Affine {
    /// Scales, then leans right by `slant` a pixel of height, then rotates by about `turn` radians, then moves.
    pub(super) fn new(scale: Point, slant: f32, turn: f32, shift: Point) -> Self {
        // The half-angle form makes a true rotation without a sine, whose last bit differs between machines.
        let half = turn / 2.0;
        let (cos, sin) = ((1.0 - half * half) / (1.0 + half * half), 2.0 * half / (1.0 + half * half));
        let lean = -slant * scale[1];
        Self { x: [cos * scale[0], cos * lean - sin * scale[1], shift[0]], y: [sin * scale[0], sin * lean + cos * scale[1], shift[1]] }
    }

    pub(super) fn apply(&self, [x, y]: Point) -> Point {
        [self.x[0] * x + self.x[1] * y + self.x[2], self.y[0] * x + self.y[1] * y + self.y[2]]
    }
}

/// Steps from one point of a spline to the next.
const STEPS: usize = 5;

/// A smooth line through all points (Catmull and Rom's spline); a point given twice is a corner.
pub(super) fn spline(points: &[Point]) -> Vec<Point> {
    let mut line = Vec::with_capacity(points.len() * STEPS + 1);
    for run in runs(points) {
        let last = run.len() - 1;
        for i in 0..last {
            let (p1, p2) = (run[i], run[i + 1]);
            let p0 = if i > 0 { run[i - 1] } else { p1 };
            let p3 = if i + 1 < last { run[i + 2] } else { p2 };
            for step in 0..STEPS {
                let t = step as f32 / STEPS as f32;
                line.push([0, 1].map(|k| {
                    let (a, b, c, d) = (p0[k], p1[k], p2[k], p3[k]);
                    b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
                }));
            }
        }
    }
    line.extend(points.last());
    line
}

/// The pieces between corners; each begins where the one before ends.
fn runs(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    points.chunk_by(|a, b| a != b).filter(|run| run.len() > 1)
}

/// How much of every pixel a shape covers, 0…1.
#[derive(Clone)]
pub(super) struct Mask(pub(super) Box<[f32; AREA]>);

impl Mask {
    pub(super) fn empty() -> Self {
        Self(Box::new([0.0; AREA]))
    }

    /// The inside of a closed outline, exactly.
    pub(super) fn inside(outline: &[Point]) -> Self {
        let mut mask = Self::empty();
        cover_outline(mask.0.as_mut_slice(), SIDE, outline);
        mask
    }

    /// A line drawn by a round pen: `radius` gives its half width at each point of the line.
    pub(super) fn stroke(line: &[Point], radius: impl Fn(usize) -> f32) -> Self {
        let mut mask = Self::empty();
        for (i, ends) in line.windows(2).enumerate() {
            cover_segment(mask.0.as_mut_slice(), SIDE, [ends[0], ends[1]], [radius(i), radius(i + 1)]);
        }
        mask
    }

    /// What either covers.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a = a.max(*b));
        self
    }

    /// What both cover.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a = a.min(*b));
        self
    }
}

/// Adds the inside of a closed outline to what is covered of `side` × `side` pixels, exactly: every edge adds the signed area to
/// its right, then rows are summed.
pub(super) fn cover_outline(cover: &mut [f32], side: usize, outline: &[Point]) {
    // One cell more a row takes what lies beyond the right border.
    let pitch = side + 2;
    let (mut top, mut bottom) = (f32::INFINITY, f32::NEG_INFINITY);
    outline.iter().for_each(|point| (top, bottom) = (top.min(point[1]), bottom.max(point[1])));
    let rows = pixels(top, bottom, side);
    let mut areas = vec![0.0f32; pitch * side];
    for (i, &from) in outline.iter().enumerate() {
        add_edge(&mut areas, side, from, outline[(i + 1) % outline.len()]);
    }
    for row in rows {
        let mut sum = 0.0;
        for (pixel, area) in cover[row * side..][..side].iter_mut().zip(&areas[row * pitch..]) {
            sum += area;
            *pixel = pixel.max(f32::abs(sum).min(1.0));
        }
    }
}

/// Adds a piece of a line, drawn by a round pen whose half width goes from the first to the second of `radii`.
pub(super) fn cover_segment(cover: &mut [f32], side: usize, [from, to]: [Point; 2], radii: [f32; 2]) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let inverse = 1.0 / (dx * dx + dy * dy).max(1e-12);
    let reach = radii[0].max(radii[1]) + 0.5;
    let rows = pixels(from[1].min(to[1]) - reach, from[1].max(to[1]) + reach, side);
    let columns = pixels(from[0].min(to[0]) - reach, from[0].max(to[0]) + reach, side);
    for row in rows {
        for column in columns.clone() {
            let (x, y) = (column as f32 + 0.5 - from[0], row as f32 + 0.5 - from[1]);
            let along = ((x * dx + y * dy) * inverse).clamp(0.0, 1.0);
            let (x, y) = (x - along * dx, y - along * dy);
            let thick = radii[0] + along * (radii[1] - radii[0]);
            let covered = (thick + 0.5 - (x * x + y * y).sqrt()).clamp(0.0, 1.0);
            let pixel = &mut cover[row * side + column];
            *pixel = pixel.max(covered);
        }
    }
}

/// The pixels that [low, high] touches.
fn pixels(low: f32, high: f32, side: usize) -> std::ops::Range<usize> {
    // Casting a float to an integer stops at the type's ends, so a line far outside is an empty range.
    (low.max(0.0) as usize).min(side)..((high + 1.0).max(0.0) as usize).min(side)
}

/// Adds an edge to the cells it crosses: in each the signed area between the edge and the cell's right side, and in the
/// cell after it what is still lacking to the height crossed, so that a running sum gives the coverage.
fn add_edge(areas: &mut [f32], side: usize, from: Point, to: Point) {
    let pitch = side + 2;
    let (sign, [mut x, top], [_, bottom]) = if from[1] < to[1] { (1.0, from, to) } else { (-1.0, to, from) };
    if top == bottom {
        return;
    }
    let slope = (to[0] - from[0]) / (to[1] - from[1]);
    if top < 0.0 {
        x -= top * slope;
    }
    for row in pixels(top, bottom, side) {
        let height = bottom.min(row as f32 + 1.0) - top.max(row as f32);
        if height <= 0.0 {
            continue;
        }
        let next = x + slope * height;
        let (left, right) = if x < next { (x, next) } else { (next, x) };
        add_span(&mut areas[row * pitch..][..pitch], sign * height, left.clamp(0.0, side as f32), right.clamp(0.0, side as f32));
        x = next;
    }
}

/// One row's share of an edge: it crosses `height` (signed) of the row while x goes from `left` to `right`.
fn add_span(row: &mut [f32], height: f32, left: f32, right: f32) {
    let (first, last) = (left as usize, right as usize);
    if first == last {
        let beside = (left + right) / 2.0 - first as f32;
        row[first] += height * (1.0 - beside);
        row[first + 1] += height * beside;
        return;
    }
    // Within each cell the edge is straight, so the part of the height it crosses there is in proportion to the width.
    let rate = height / (right - left);
    for cell in first..=last {
        let (start, end) = (left.max(cell as f32), right.min(cell as f32 + 1.0));
        let crossed = rate * (end - start);
        let beside = (start + end) / 2.0 - cell as f32;
        row[cell] += crossed * (1.0 - beside);
        row[cell + 1] += crossed * beside;
    }
}

/// Random light and shade over a picture: five by five values, smoothly joined, about −1…1.
pub(super) struct Clouds([f32; 25]);

impl Clouds {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        Self(std::array::from_fn(|_| chance.between(-1.0, 1.0)))
    }

    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let place = |v: f32| {
            let v = (v * (4.0 / SIDE as f32)).clamp(0.0, 3.999);
            let t = v.fract();
            (v as usize, t * t * (3.0 - 2.0 * t))
        };
        let ((column, right), (row, down)) = (place(x), place(y));
        let at = |row: usize, column: usize| self.0[row * 5 + column];
        let upper = at(row, column) * (1.0 - right) + at(row, column + 1) * right;
        let lower = at(row + 1, column) * (1.0 - right) + at(row + 1, column + 1) * right;
        upper * (1.0 - down) + lower * down
    }
}

/// A picture in the making: 0 is black, 1 white.
pub(super) struct Canvas([f32; AREA]);

impl Canvas {
    pub(super) fn black() -> Self {
        Self([0.0; AREA])
    }

    /// Paints where the mask covers, in the shade of each pixel's centre.
    pub(super) fn paint(&mut self, mask: &Mask, shade: impl Fn(f32, f32) -> f32) {
        for (i, (pixel, cover)) in self.0.iter_mut().zip(mask.0.iter()).enumerate() {
            if *cover > 0.0 {
                let shade = shade((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5);
                *pixel += (shade - *pixel) * cover;
            }
        }
    }

    /// Makes what is painted already darker (below 1) or lighter (above 1) where the mask covers.
    pub(super) fn shade(&mut self, mask: &Mask, factor: f32) {
        for (pixel, cover) in self.0.iter_mut().zip(mask.0.iter()) {
            *pixel *= 1.0 + (factor - 1.0) * cover;
        }
    }

    /// Adds noise to what is not black and rounds to bytes.
    pub(super) fn finish(&self, noise: f32, chance: &mut Chance, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.iter().map(|&pixel| {
            let grain = if pixel > 0.02 { chance.normal(0.0, noise) } else { 0.0 };
            // The cast rounds down and stops at 0 and 255.
            ((pixel + grain) * 255.0 + 0.5) as u8
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(outline: &[Point]) -> f32 {
        let twice: f32 = outline.iter().zip(outline.iter().cycle().skip(1)).map(|(p, q)| p[0] * q[1] - q[0] * p[1]).sum();
        (twice / 2.0).abs()
    }

    #[test]
    fn a_rectangle_covers_its_pixels_by_their_share() {
        let mask = Mask::inside(&[[2.25, 3.5], [5.5, 3.5], [5.5, 6.0], [2.25, 6.0]]);
        let row = |y: usize| mask.0[y * SIDE..][..7].to_vec();
        assert_eq!(row(2), [0.0; 7]);
        assert_eq!(row(3), [0.0, 0.0, 0.375, 0.5, 0.5, 0.25, 0.0]);
        assert_eq!(row(4), [0.0, 0.0, 0.75, 1.0, 1.0, 0.5, 0.0]);
        assert_eq!(row(6), [0.0; 7]);
    }

    #[test]
    fn coverage_adds_up_to_the_area_whatever_the_shape() {
        for index in 0..200 {
            let mut chance = Chance::new(5, 0, 0, index);
            let (x, y) = (chance.between(11.0, 17.0), chance.between(11.0, 17.0));
            let mut reach = || chance.between(1.0, 10.0);
            // Round the centre in order, so that the outline does not cross itself.
            let outline = [
                [x + reach(), y],
                [x + reach(), y + reach()],
                [x, y + reach()],
                [x - reach(), y + reach()],
                [x - reach(), y - reach()],
                [x, y - reach()],
            ];
            let covered: f32 = Mask::inside(&outline).0.iter().sum();
            assert!((covered - area(&outline)).abs() < 1e-3, "{outline:?}: {covered} instead of {}", area(&outline));
        }
    }

    #[test]
    fn what_lies_beyond_the_picture_is_cut_off() {
        let all = Mask::inside(&[[-9.0, -9.0], [90.0, -9.0], [90.0, 90.0], [-9.0, 90.0]]);
        assert!(all.0.iter().all(|cover| *cover == 1.0));
        let left = Mask::inside(&[[-9.0, 10.0], [4.0, 10.0], [4.0, 50.0], [-9.0, 50.0]]);
        assert_eq!(left.0.iter().sum::<f32>(), 4.0 * 18.0);
        for outside in [[-30.0, 5.0], [40.0, 5.0], [5.0, -30.0], [5.0, 40.0]] {
            let [x, y] = outside;
            assert!(Mask::inside(&[[x, y], [x + 5.0, y], [x, y + 5.0]]).0.iter().all(|cover| *cover == 0.0));
            assert!(Mask::stroke(&[[x, y], [x + 2.0, y + 2.0]], |_| 1.0).0.iter().all(|cover| *cover == 0.0));
        }
    }

    #[test]
    fn a_stroke_is_as_thick_as_its_pen() {
        let mask = Mask::stroke(&[[4.0, 14.0], [24.0, 14.0]], |_| 1.5);
        let column: f32 = (0..SIDE).map(|y| mask.0[y * SIDE + 14]).sum();
        assert!((column - 3.0).abs() < 1e-5, "{column}");
        assert_eq!((mask.0[14 * SIDE + 1], mask.0[16 * SIDE + 14]), (0.0, 0.0));
    }

    #[test]
    fn splines_pass_through_their_points_and_keep_corners() {
        let points = [[0.0, 0.0], [10.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 12.0]];
        let line = spline(&points);
        assert!(points.iter().all(|point| line.contains(point)));
        // Straight pieces up to the corner: a smooth curve would swing out to the right of it.
        assert!(line.iter().take_while(|point| **point != [10.0, 0.0]).all(|point| point[1] == 0.0));
        assert_eq!(spline(&[[1.0, 2.0]]), [[1.0, 2.0]]);
    }
}
