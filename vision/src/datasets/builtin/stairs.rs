//! Stairs between pillars, in the light from above: edges in all directions, at all distances.

use practicum_core::ndarray::Array2;

use super::canvas::Affine;
use super::chance::Chance;
use super::scene::{Paint, Scene};

const SIDE: usize = 512;

pub(super) fn draw() -> Array2<u8> {
    let mut scene = Scene::new(SIDE);
    let mut chance = Chance::new(0, 121, 0, 0);
    let here = Affine::new([1.0, 1.0], 0.0, 0.0, [0.0, 0.0]);
    let grey = |lightness: f32| Paint { color: [lightness; 3], light: [0.002, -0.003], stripes: None };
    // A wall of stones.
    scene.ground(|[x, y]| {
        let row = (y / 7.0).floor();
        let shift = if row % 2.0 == 0.0 { 0.0 } else { 6.0 };
        let joint = (y - row * 7.0 < 0.5) || ((x + shift) - ((x + shift) / 12.0).floor() * 12.0 < 0.5);
        [if joint { 0.22 } else { 0.42 + 0.002 * x - 0.002 * y }; 3]
    });
    // A window with bars, and the light that falls through it.
    scene.ellipse(&here, [70.0, 22.0], [11.0, 14.0]);
    scene.paint(&grey(0.95));
    for bar in 0..4 {
        let x = 62.0 + 5.0 * bar as f32;
        scene.limb(&here, &[([x, 8.0], 0.5), ([x, 36.0], 0.5)]);
    }
    scene.limb(&here, &[([58.0, 22.0], 0.5), ([82.0, 22.0], 0.5)]);
    scene.paint(&grey(0.15));
    scene.outline(&here, &[[60.0, 36.0], [80.0, 36.0], [62.0, 100.0], [22.0, 100.0]]);
    scene.paint(&grey(0.62));
    // Steps that lead up to the right; each has a light top and a dark front.
    for step in (0..9).rev() {
        let (left, top) = (8.0 + 9.0 * step as f32, 92.0 - 6.5 * step as f32);
        scene.outline(&here, &[[left, top], [100.0, top - 4.0], [100.0, 100.0], [left, 100.0]]);
        scene.paint(&grey(0.2 + 0.012 * step as f32));
        scene.outline(&here, &[[left, top], [left + 5.0, top - 3.0], [100.0, top - 7.0], [100.0, top - 4.0]]);
        scene.paint(&grey(0.72 + 0.02 * step as f32));
    }
    // A banister on posts.
    for post in 0..7 {
        let (x, y) = (14.0 + 13.0 * post as f32, 88.0 - 9.4 * post as f32);
        scene.limb(&here, &[([x, y], 0.7), ([x, y - 22.0], 0.7)]);
    }
    scene.limb(&here, &[([12.0, 68.0], 1.3), ([96.0, 7.5], 1.3)]);
    scene.paint(&grey(0.08));
    // Pillars with grooves.
    for (x, wide) in [(6.0, 5.0), (92.0, 6.0)] {
        scene.outline(&here, &[[x - wide, 0.0], [x + wide, 0.0], [x + wide, 100.0], [x - wide, 100.0]]);
        scene.paint(&Paint { color: [0.6; 3], light: [0.0, 0.0], stripes: Some(([0.5, 0.0], 0.5)) });
    }
    let mut bytes = Vec::with_capacity(SIDE * SIDE);
    scene.finish_grey(&mut chance, &mut bytes);
    Array2::from_shape_fn((SIDE, SIDE), |(y, x)| bytes[y * SIDE + x])
}
