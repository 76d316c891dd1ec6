//! Heads of cats and dogs from the front. Both come in all colours, sizes and patterns; ears, muzzle and eyes differ.

use super::canvas::{Affine, Point};
use super::chance::Chance;
use super::scene::{Paint, Scene, apart_from, direction, pose, surroundings, tinted};

pub(super) fn draw(class: usize, scene: &mut Scene, chance: &mut Chance) {
    let ground = surroundings(scene, chance, 5);
    let pose = pose(chance, (0.65, 1.1), 0.45, 12.0);
    let lightness = apart_from(chance, ground, 0.18);
    let color = tinted(chance, lightness, 0.14);
    let stripes = chance.happens(0.3).then(|| {
        let [x, y] = direction(chance);
        let period = chance.between(5.0, 10.0);
        ([x / period, y / period], chance.between(0.2, 0.5))
    });
    let light = [chance.between(-0.004, 0.004), chance.between(-0.005, 0.002)];
    let coat = Paint { color, light, stripes };
    // Something of the body, below.
    scene.ellipse(&pose, [chance.between(-8.0, 8.0), 36.0], [chance.between(18.0, 28.0), chance.between(16.0, 24.0)]);
    scene.paint(&coat.times(0.85));
    if class == 0 { cat(scene, chance, &pose, &coat) } else { dog(scene, chance, &pose, &coat) }
}

fn cat(scene: &mut Scene, chance: &mut Chance, pose: &Affine, coat: &Paint) {
    let (wide, high) = (chance.between(22.0, 27.0), chance.between(18.0, 22.0));
    let (tall, spread) = (chance.between(14.0, 22.0), chance.between(0.0, 5.0));
    for inner in [1.0, 0.55] {
        for side in [-1.0, 1.0] {
            let tip = [side * (15.0 + spread), -high - tall * inner + 6.0];
            let base = |x: f32, y: f32| [side * (14.0 + (x - 14.0) * inner), y];
            scene.outline(pose, &[base(5.0, -high + 4.0), tip, base(wide - 1.0, -high + 13.0)]);
        }
        let ear = if inner == 1.0 { *coat } else { Paint { stripes: None, ..coat.times(0.6) } };
        scene.paint(&ear);
    }
    scene.ellipse(pose, [0.0, 0.0], [wide, high]);
    scene.paint(coat);
    patch(scene, chance, pose, coat);
    // Slanted eyes with upright pupils.
    let iris = tinted(chance, 0.6, 0.3);
    let (apart, open) = (chance.between(9.0, 11.0), chance.between(2.0, 4.0));
    for side in [-1.0, 1.0] {
        let at = [side * apart, -3.0];
        scene.outline(
            pose,
            &[[at[0] - 5.0 * side, at[1] + 1.5], [at[0], at[1] - open], [at[0] + 5.0 * side, at[1] - 1.5], [at[0], at[1] + open]],
        );
    }
    scene.paint(&Paint::plain(iris));
    for side in [-1.0, 1.0] {
        scene.ellipse(pose, [side * apart, -3.0], [1.0, open * 0.85]);
    }
    scene.paint(&Paint::plain([0.02; 3]));
    muzzle(scene, chance, pose, coat, [7.0, 4.5], 8.0);
    scene.outline(pose, &[[-2.4, 5.0], [2.4, 5.0], [0.0, 8.0]]);
    scene.paint(&Paint::plain([0.75, 0.4, 0.42]));
    // Whiskers.
    let whiskers = Paint::plain(if chance.happens(0.5) { [0.95; 3] } else { [0.1; 3] });
    for side in [-1.0, 1.0] {
        for row in [-1.0, 0.0, 1.0] {
            scene.limb(pose, &[([side * 6.0, 9.0 + row], 0.5), ([side * chance.between(22.0, 29.0), 8.0 + row * 4.5], 0.3)]);
        }
    }
    scene.paint(&whiskers);
}

fn dog(scene: &mut Scene, chance: &mut Chance, pose: &Affine, coat: &Paint) {
    let (wide, high) = (chance.between(18.0, 23.0), chance.between(21.0, 26.0));
    scene.ellipse(pose, [0.0, 0.0], [wide, high]);
    scene.paint(coat);
    patch(scene, chance, pose, coat);
    // Ears that hang, or stand and tip over.
    let ear = Paint { stripes: coat.stripes, ..coat.times(chance.pick(&[0.6, 0.75, 1.25])) };
    let hang = chance.between(14.0, 28.0);
    let lift = if chance.happens(0.3) { chance.between(4.0, 10.0) } else { 0.0 };
    for side in [-1.0, 1.0] {
        let root = [side * wide * 0.75, -high * 0.7];
        let turn = [side * (wide + 5.0), -high * 0.75 - lift];
        let tip = [side * (wide + chance.between(3.0, 8.0)), -high * 0.7 + hang];
        scene.limb(pose, &[(root, 4.5), (turn, 6.0), (tip, 5.0)]);
    }
    scene.paint(&ear);
    for side in [-1.0, 1.0] {
        scene.ellipse(pose, [side * chance.between(7.0, 9.5), -5.0], [2.8, 3.2]);
    }
    scene.paint(&Paint::plain([0.06, 0.04, 0.03]));
    let long = chance.between(8.0, 12.0);
    muzzle(scene, chance, pose, coat, [10.0, long], 11.0);
    if chance.happens(0.4) {
        scene.limb(pose, &[([0.0, 16.0], 3.2), ([chance.between(-2.0, 2.0), 24.0], 3.0)]);
        scene.paint(&Paint::plain([0.85, 0.35, 0.4]));
    }
    scene.ellipse(pose, [0.0, 6.0], [4.6, 3.2]);
    scene.paint(&Paint::plain([0.05; 3]));
    scene.limb(pose, &[([0.0, 8.0], 0.7), ([0.0, 14.0], 0.7), ([5.5, 17.0], 0.6)]);
    scene.limb(pose, &[([0.0, 14.0], 0.7), ([-5.5, 17.0], 0.6)]);
    scene.paint(&Paint::plain([0.1, 0.07, 0.07]));
}

/// What is round the nose is often lighter.
fn muzzle(scene: &mut Scene, chance: &mut Chance, pose: &Affine, coat: &Paint, size: Point, y: f32) {
    scene.ellipse(pose, [0.0, y], size);
    scene.paint(&Paint { stripes: None, ..coat.times(chance.between(0.95, 1.5)) });
}

/// A patch of another colour on half of the heads.
fn patch(scene: &mut Scene, chance: &mut Chance, pose: &Affine, coat: &Paint) {
    if chance.happens(0.5) {
        let at = [chance.between(-12.0, 12.0), chance.between(-14.0, 4.0)];
        scene.ellipse(pose, at, [chance.between(4.0, 9.0), chance.between(4.0, 10.0)]);
        scene.paint(&coat.times(chance.pick(&[0.55, 0.7, 1.5])));
    }
}
