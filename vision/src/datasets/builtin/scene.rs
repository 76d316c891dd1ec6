//! Colour pictures in the making: a ground, and figures of outlines and limbs before it.
//!
//! A picture is 100 units wide and high, y down, whatever its pixels.

use super::canvas::{Affine, Point, cover_outline, cover_segment, spline};
use super::chance::Chance;

pub(super) type Color = [f32; 3];
pub(super) type Artist = fn(class: usize, scene: &mut Scene, chance: &mut Chance);

/// Width and height of every picture, in its own units.
const UNITS: f32 = 100.0;

pub(super) struct Scene {
    side: usize,
    /// Pixels a unit.
    scale: f32,
    /// Red, green and blue from 0 to 1.
    pixels: Vec<Color>,
    /// What the shape in the making covers.
    cover: Vec<f32>,
}

/// How a surface looks: a colour, darker on one side, perhaps with stripes.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    pub(super) color: Color,
    /// How much lighter a unit to the right, and a unit down.
    pub(super) light: Point,
    /// Direction and contrast of stripes.
    pub(super) stripes: Option<(Point, f32)>,
}

impl Paint {
    pub(super) fn plain(color: Color) -> Self {
        Self { color, light: [0.0, 0.0], stripes: None }
    }

    /// The same, as much lighter (above 1) or darker.
    pub(super) fn times(mut self, factor: f32) -> Self {
        self.color = self.color.map(|part| (part * factor).min(1.0));
        self
    }

    fn at(&self, [x, y]: Point) -> Color {
        let light = 1.0 + self.light[0] * (x - UNITS / 2.0) + self.light[1] * (y - UNITS / 2.0);
        let dark = self.stripes.map_or(1.0, |(direction, contrast)| 1.0 - contrast * wave(direction[0] * x + direction[1] * y));
        self.color.map(|part| part * light * dark)
    }
}

/// Rises and falls once between whole numbers, from 0 to 1, with soft edges.
fn wave(t: f32) -> f32 {
    (2.0 * f32::abs(2.0 * (t - t.floor()) - 1.0) - 0.5).clamp(0.0, 1.0)
}

impl Scene {
    pub(super) fn new(side: usize) -> Self {
        Self { side, scale: side as f32 / UNITS, pixels: vec![[0.0; 3]; side * side], cover: vec![0.0; side * side] }
    }

    /// Fills the picture.
    pub(super) fn ground(&mut self, color: impl Fn(Point) -> Color) {
        let (side, scale) = (self.side, self.scale);
        for (index, pixel) in self.pixels.iter_mut().enumerate() {
            *pixel = color([(index % side) as f32 + 0.5, (index / side) as f32 + 0.5].map(|at| at / scale));
        }
    }

    /// Adds the inside of an outline to the shape in the making.
    pub(super) fn outline(&mut self, pose: &Affine, outline: &[Point]) {
        let points: Vec<Point> = outline.iter().map(|point| pose.apply(*point).map(|at| at * self.scale)).collect();
        cover_outline(&mut self.cover, self.side, &points);
    }

    /// Adds a smooth closed outline through these points.
    pub(super) fn smooth(&mut self, pose: &Affine, points: &[Point]) {
        let around: Vec<Point> = points.iter().chain(points.first()).copied().collect();
        self.outline(pose, &spline(&around));
    }

    /// Adds an ellipse.
    pub(super) fn ellipse(&mut self, pose: &Affine, [x, y]: Point, [across, down]: Point) {
        self.smooth(pose, &CIRCLE.map(|[cos, sin]| [x + across * cos, y + down * sin]));
    }

    /// Adds a limb: joints with the half width of the limb at each, in units before the pose.
    pub(super) fn limb(&mut self, pose: &Affine, joints: &[(Point, f32)]) {
        let thick = (pose.x[0] * pose.y[1] - pose.x[1] * pose.y[0]).abs().sqrt() * self.scale;
        for pair in joints.windows(2) {
            let ends = [pair[0].0, pair[1].0].map(|point| pose.apply(point).map(|at| at * self.scale));
            cover_segment(&mut self.cover, self.side, ends, [pair[0].1 * thick, pair[1].1 * thick]);
        }
    }

    /// Paints the shape in the making, and begins another.
    pub(super) fn paint(&mut self, paint: &Paint) {
        let (side, scale) = (self.side, self.scale);
        for (index, (pixel, cover)) in self.pixels.iter_mut().zip(&mut self.cover).enumerate() {
            if *cover > 0.0 {
                let color = paint.at([(index % side) as f32 + 0.5, (index / side) as f32 + 0.5].map(|at| at / scale));
                for (part, new) in pixel.iter_mut().zip(color) {
                    *part += (new - *part) * *cover;
                }
                *cover = 0.0;
            }
        }
    }

    /// Paints the shape in the making with a darker edge of `width` units inside of it, as drawings have.
    pub(super) fn limb_with_edge(&mut self, pose: &Affine, joints: &[(Point, f32)], paint: &Paint, edge: f32) {
        self.limb(pose, joints);
        self.paint(&paint.times(0.55));
        let inner: Vec<(Point, f32)> = joints.iter().map(|(point, radius)| (*point, (radius - edge).max(0.2))).collect();
        self.limb(pose, &inner);
        self.paint(paint);
    }

    /// Adds grain and writes red, green and blue bytes.
    pub(super) fn finish(&self, chance: &mut Chance, bytes: &mut Vec<u8>) {
        let grain = chance.between(0.005, 0.03);
        for pixel in &self.pixels {
            let noise = chance.normal(0.0, grain);
            // The cast rounds down and stops at 0 and 255.
            bytes.extend(pixel.map(|part| ((part + noise) * 255.0 + 0.5) as u8));
        }
    }

    /// Adds grain and writes grey bytes.
    pub(super) fn finish_grey(&self, chance: &mut Chance, bytes: &mut Vec<u8>) {
        let grain = chance.between(0.005, 0.03);
        bytes.extend(self.pixels.iter().map(|pixel| ((luminance(*pixel) + chance.normal(0.0, grain)) * 255.0 + 0.5) as u8));
    }
}

/// Sixteen points of a circle.
const CIRCLE: [Point; 16] = {
    const A: f32 = 0.923_879_5;
    const B: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const C: f32 = 0.382_683_43;
    [
        [1.0, 0.0],
        [A, C],
        [B, B],
        [C, A],
        [0.0, 1.0],
        [-C, A],
        [-B, B],
        [-A, C],
        [-1.0, 0.0],
        [-A, -C],
        [-B, -B],
        [-C, -A],
        [0.0, -1.0],
        [C, -A],
        [B, -B],
        [A, -C],
    ]
};

pub(super) fn luminance([red, green, blue]: Color) -> f32 {
    0.3 * red + 0.59 * green + 0.11 * blue
}

/// A colour of that lightness, tinted at random.
pub(super) fn tinted(chance: &mut Chance, lightness: f32, tint: f32) -> Color {
    let parts: Color = std::array::from_fn(|_| chance.between(-tint, tint));
    let shift = lightness - luminance(parts);
    parts.map(|part| (part + shift).clamp(0.03, 0.98))
}

/// A lightness that stands out from another one, lighter as often as darker where both are possible.
pub(super) fn apart_from(chance: &mut Chance, lightness: f32, least: f32) -> f32 {
    let distance = chance.between(least, least + 0.25);
    let lighter = if lightness + least > 0.95 {
        false
    } else if lightness - least < 0.08 {
        true
    } else {
        chance.happens(0.5)
    };
    (if lighter { lightness + distance } else { lightness - distance }).clamp(0.06, 0.97)
}

/// Where and how large something lies, mirrored as often as not; `turn` in about radians, at most 1.
pub(super) fn pose(chance: &mut Chance, size: (f32, f32), turn: f32, shift: f32) -> Affine {
    let size = chance.between(size.0, size.1);
    let mirror = if chance.happens(0.5) { -1.0 } else { 1.0 };
    let middle = UNITS / 2.0;
    let at = [middle + chance.between(-shift, shift), middle + chance.between(-shift, shift)];
    Affine::new([mirror * size, size], 0.0, chance.between(-turn, turn), at)
}

/// A random direction, each as likely as any other.
pub(super) fn direction(chance: &mut Chance) -> Point {
    loop {
        let (x, y) = (chance.between(-1.0, 1.0), chance.between(-1.0, 1.0));
        let square = x * x + y * y;
        if (0.05..=1.0).contains(&square) {
            let length = square.sqrt();
            return [x / length, y / length];
        }
    }
}

/// A ground that has nothing to do with what is before it: a sky over a meadow, a wall, or something between, with a few
/// things lying about. Returns about how light it is.
pub(super) fn surroundings(scene: &mut Scene, chance: &mut Chance, clutter: usize) -> f32 {
    let upper = chance.between(0.15, 0.9);
    let outdoors = chance.happens(0.6);
    let lower = if outdoors { chance.between(0.1, 0.8) } else { upper };
    let (far, near) = (tinted(chance, upper, 0.15), tinted(chance, lower, 0.2));
    let (horizon, slope) = (chance.between(45.0, 80.0), chance.between(-0.1, 0.1));
    let fade = chance.between(-0.003, 0.003);
    let stripes = chance.happens(0.3).then(|| {
        let [x, y] = direction(chance);
        let period = chance.between(6.0, 25.0);
        ([x / period, y / period], chance.between(0.05, 0.25))
    });
    let (above, below) = (Paint { color: far, light: [fade, -fade], stripes }, Paint { color: near, light: [0.0, fade], stripes: None });
    scene.ground(|at| {
        let share = if outdoors { (at[1] - horizon - slope * at[0] + 0.5).clamp(0.0, 1.0) } else { 0.0 };
        let (a, b) = (above.at(at), below.at(at));
        [0, 1, 2].map(|part| a[part] + (b[part] - a[part]) * share)
    });
    let mean = if outdoors { (upper + lower) / 2.0 } else { upper };
    let things = if clutter == 0 { 0 } else { chance.below(clutter + 1) };
    for _ in 0..things {
        let at = [chance.between(0.0, UNITS), chance.between(20.0, UNITS)];
        let size = [chance.between(3.0, 16.0), chance.between(3.0, 12.0)];
        let place = Affine::new([1.0, 1.0], 0.0, chance.between(-0.8, 0.8), at);
        if chance.happens(0.6) {
            scene.ellipse(&place, [0.0, 0.0], size);
        } else {
            let [x, y] = size;
            scene.outline(&place, &[[-x, -y], [x, -y], [x, y], [-x, y]]);
        }
        let lightness = (mean + chance.between(-0.2, 0.2)).clamp(0.05, 0.95);
        scene.paint(&Paint::plain(tinted(chance, lightness, 0.2)));
    }
    mean
}
