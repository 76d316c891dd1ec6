//! Round faces: the corners of a happy mouth point up, those of a sad one down.

use super::canvas::{Point, spline};
use super::chance::Chance;
use super::scene::{Paint, Scene, apart_from, luminance, pose, surroundings, tinted};

pub(super) fn draw(class: usize, scene: &mut Scene, chance: &mut Chance) {
    let ground = surroundings(scene, chance, 2);
    let pose = pose(chance, (0.75, 1.1), 0.3, 9.0);
    let lightness = apart_from(chance, ground, 0.2).max(0.3);
    let yellow = chance.happens(0.4);
    let color = if yellow { [0.98, 0.85, 0.2].map(|part| part * (0.6 + 0.4 * lightness)) } else { tinted(chance, lightness, 0.25) };
    let light = [chance.between(-0.003, 0.003), chance.between(-0.004, 0.001)];
    let face = Paint { color, light, stripes: None };
    let size = [chance.between(30.0, 36.0), chance.between(31.0, 37.0)];
    scene.ellipse(&pose, [0.0, 0.0], [size[0] + 1.5, size[1] + 1.5]);
    scene.paint(&face.times(0.5));
    scene.ellipse(&pose, [0.0, 0.0], size);
    scene.paint(&face);
    // Dark lines on a light face, light lines on a dark one.
    let ink = Paint::plain(if luminance(color) > 0.4 { [0.08, 0.06, 0.06] } else { [0.95, 0.93, 0.9] });
    let (apart, height) = (chance.between(10.0, 15.0), chance.between(-14.0, -7.0));
    let (wide, high) = (chance.between(2.0, 4.0), chance.between(2.5, 6.0));
    for side in [-1.0, 1.0] {
        scene.ellipse(&pose, [side * apart, height], [wide, high]);
    }
    scene.paint(&ink);
    if chance.happens(0.5) {
        // Brows say nothing: they slant either way in both classes.
        let (slant, above) = (chance.between(-2.0, 2.0), height - high - chance.between(2.0, 4.0));
        for side in [-1.0, 1.0] {
            scene.limb(&pose, &[([side * (apart - 5.0), above + slant], 1.0), ([side * (apart + 5.0), above - slant], 1.0)]);
        }
        scene.paint(&ink);
    }
    mouth(scene, chance, class, &pose, &ink);
}

fn mouth(scene: &mut Scene, chance: &mut Chance, class: usize, pose: &super::canvas::Affine, ink: &Paint) {
    let depth = chance.between(4.0, 10.0) * if class == 0 { 1.0 } else { -1.0 };
    let (half, y) = (chance.between(11.0, 18.0), chance.between(12.0, 17.0));
    let lift = chance.between(-1.5, 1.5);
    // The middle of the mouth is at the same height in both classes on the whole.
    let corner = y - depth * 0.6;
    let middle = y + depth * 0.4;
    let points: [Point; 5] = [
        [-half, corner + lift],
        [-half * 0.55, corner + (middle - corner) * 0.75 + lift * 0.5],
        [0.0, middle],
        [half * 0.55, corner + (middle - corner) * 0.75 - lift * 0.5],
        [half, corner - lift],
    ];
    let thick = chance.between(1.2, 2.2);
    let line: Vec<(Point, f32)> = spline(&points).into_iter().map(|point| (point, thick)).collect();
    if chance.happens(0.25) {
        // An open mouth, closed by a straight line from corner to corner.
        scene.outline(pose, &spline(&points));
    }
    scene.limb(pose, &line);
    scene.paint(ink);
}
