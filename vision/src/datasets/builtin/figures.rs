//! Horses from the side, humans from the front, in many poses.

use super::canvas::{Affine, Point};
use super::chance::Chance;
use super::scene::{Color, Paint, Scene, apart_from, pose, surroundings, tinted};

pub(super) fn draw(class: usize, scene: &mut Scene, chance: &mut Chance) {
    let ground = surroundings(scene, chance, 4);
    let light = [chance.between(-0.004, 0.004), chance.between(-0.004, 0.002)];
    if class == 0 { horse(scene, chance, ground, light) } else { human(scene, chance, ground, light) }
}

fn horse(scene: &mut Scene, chance: &mut Chance, ground: f32, light: Point) {
    let pose = pose(chance, (0.75, 1.15), 0.12, 10.0);
    let coat = apart_from(chance, ground, 0.22);
    let color = tinted(chance, coat, 0.12);
    let stripes = chance.happens(0.12).then_some(([0.16, 0.03], 0.7));
    let paint = Paint { color, light, stripes };
    let dark = Paint { stripes: None, ..paint.times(0.55) };
    // The legs of the far side are darker and come first.
    let step = chance.between(-6.0, 6.0);
    for (shade, shift) in [(0.72, step), (1.0, -step)] {
        for (hip, bend) in [([-17.0, 6.0], -2.5), ([15.0, 6.0], 1.5)] {
            let lift = chance.between(0.0, 3.0);
            let knee = [hip[0] + 0.5 * shift + bend, hip[1] + 12.0];
            let hoof = [hip[0] + shift + chance.between(-3.0, 3.0), 33.0 - lift];
            scene.limb(&pose, &[(hip, 5.0), (knee, 2.8), (hoof, 2.0)]);
            scene.paint(&paint.times(shade));
        }
    }
    let tail = chance.between(-4.0, 8.0);
    scene.limb(&pose, &[([-26.0, -6.0], 2.0), ([-32.0 - tail * 0.4, 2.0], 2.6), ([-33.0 - tail, 16.0], 1.0)]);
    scene.paint(&dark);
    let fat = chance.between(0.9, 1.15);
    scene.limb(&pose, &[([-18.0, -1.0], 10.5 * fat), ([0.0, 1.0], 9.5 * fat), ([15.0, -1.0], 10.5 * fat)]);
    // The head between grazing and looking up.
    let up = chance.between(-1.0, 1.0);
    let head = [29.0 + 2.0 * up, -12.0 - 14.0 * up];
    scene.limb(&pose, &[([16.0, -4.0], 8.0), (head, 4.2)]);
    let nose = [head[0] + 10.0, head[1] + 7.0 - 4.0 * up];
    scene.limb(&pose, &[(head, 4.6), (nose, 2.7)]);
    scene.paint(&paint);
    let ear = [head[0] - 1.5, head[1] - 4.0];
    scene.outline(&pose, &[[ear[0] - 2.0, ear[1] + 1.0], [ear[0] - 0.5, ear[1] - 5.5], [ear[0] + 2.2, ear[1] + 0.5]]);
    scene.paint(&paint.times(0.85));
    scene.limb(&pose, &[([13.0, -12.0], 1.8), ([head[0] - 4.0, head[1] - 3.0], 2.2)]);
    scene.paint(&dark);
    scene.ellipse(&pose, [head[0] + 2.0, head[1] - 0.5], [0.8, 0.8]);
    scene.paint(&Paint::plain([0.03; 3]));
}

fn human(scene: &mut Scene, chance: &mut Chance, ground: f32, light: Point) {
    let pose = pose(chance, (0.8, 1.2), 0.15, 10.0);
    let cloth = |chance: &mut Chance, least| {
        let lightness = apart_from(chance, ground, least);
        Paint { color: tinted(chance, lightness, 0.25), light, stripes: None }
    };
    let (shirt, trousers) = (cloth(chance, 0.2), cloth(chance, 0.15));
    let skin = Paint { color: skin(chance), light, stripes: None };
    let wide = chance.between(0.85, 1.15);
    // Standing, walking, or with legs apart.
    let (left, right) = (chance.between(-9.0, 2.0), chance.between(-2.0, 9.0));
    for (side, reach) in [(-1.0, left), (1.0, right)] {
        let hip = [4.0 * side * wide, 6.0];
        let knee = [hip[0] + reach * 0.6, 20.0];
        let foot = [hip[0] + reach + chance.between(-2.0, 2.0), 35.0];
        scene.limb(&pose, &[(hip, 4.5), (knee, 3.3), (foot, 2.4)]);
        scene.limb(&pose, &[(foot, 2.2), ([foot[0] + 3.0 * side, foot[1] + 0.8], 1.8)]);
    }
    scene.paint(&trousers);
    scene.limb(&pose, &[([0.0, -28.0], 2.5), ([0.0, -20.0], 2.8)]);
    scene.paint(&skin);
    scene.limb(&pose, &[([-5.0 * wide, -16.0], 4.5), ([5.0 * wide, -16.0], 4.5)]);
    scene.limb(&pose, &[([0.0, -14.0], 8.0 * wide), ([0.0, 4.0], 6.5 * wide)]);
    scene.paint(&shirt);
    for side in [-1.0, 1.0] {
        let shoulder = [9.0 * side * wide, -17.0];
        // Hanging down, stretched out or raised.
        let raise = chance.between(-0.9, 0.9);
        let out = (1.0 - raise * raise).max(0.1).sqrt() * side;
        let elbow = [shoulder[0] + 9.0 * out, shoulder[1] - 9.0 * raise + 2.0];
        let bend = chance.between(-1.0, 0.6);
        let hand = [elbow[0] + 7.0 * out * (1.0 - bend.abs() * 0.5), elbow[1] + 8.0 * bend.min(0.9) - 3.0 * raise];
        scene.limb(&pose, &[(shoulder, 3.6), (elbow, 2.9), (hand, 2.2)]);
        scene.paint(&shirt.times(0.9));
        scene.ellipse(&pose, hand, [2.6, 2.6]);
        scene.paint(&skin);
    }
    head(scene, chance, &pose, &skin);
}

fn head(scene: &mut Scene, chance: &mut Chance, pose: &Affine, skin: &Paint) {
    let hair = Paint::plain(tinted(chance, 0.3, 0.2));
    let long = chance.happens(0.45);
    if long {
        scene.limb(pose, &[([-3.5, -33.0], 4.2), ([-4.5, -22.0], 2.4)]);
        scene.limb(pose, &[([3.5, -33.0], 4.2), ([4.5, -22.0], 2.4)]);
        scene.paint(&hair);
    }
    scene.ellipse(pose, [0.0, -32.0], [5.2, 6.4]);
    scene.paint(skin);
    scene.smooth(pose, &[[-5.6, -32.0], [-4.5, -37.5], [0.0, -39.5], [4.5, -37.5], [5.6, -32.0], [3.0, -35.5], [-3.0, -35.5]]);
    scene.paint(&hair);
}

/// From light to dark.
pub(super) fn skin(chance: &mut Chance) -> Color {
    let dark = chance.between(0.0, 1.0);
    let (light_skin, dark_skin) = ([0.95, 0.78, 0.66], [0.36, 0.22, 0.15]);
    [0, 1, 2].map(|part| light_skin[part] + (dark_skin[part] - light_skin[part]) * dark)
}
