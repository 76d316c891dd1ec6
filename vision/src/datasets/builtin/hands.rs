//! Hands: rock, paper and scissors in colour, and the letters of the American manual alphabet in grey.

use super::canvas::{Affine, Point};
use super::chance::Chance;
use super::figures::skin;
use super::scene::{Color, Paint, Scene, apart_from, direction, luminance, tinted};

/// What a finger does. Directions are those of its far end, y down, from where it joins the palm.
#[derive(Clone, Copy)]
enum Finger {
    /// Stretched out, to the right by this much of its length.
    Straight(f32),
    /// Bent at the middle: outward, then back by this much to the side.
    Bent(f32),
    /// Laid on the palm, this far down.
    Folded(f32),
}

/// Where the tip of the thumb lies, and whether it lies over the palm or behind it.
#[derive(Clone, Copy)]
struct Thumb {
    tip: Point,
    over: bool,
}

/// How a hand is held, seen from its palm, the thumb on the left.
#[derive(Clone, Copy)]
struct Shape {
    /// Index to little finger.
    fingers: [Finger; 4],
    thumb: Thumb,
    /// Where the fingers point.
    points: Points,
}

#[derive(Clone, Copy, PartialEq)]
enum Points {
    Up,
    Aside,
    Down,
}

use Finger::{Bent, Folded, Straight};

const FIST: [Finger; 4] = [Folded(12.0), Folded(13.0), Folded(12.0), Folded(10.0)];

/// Index, middle, ring and little finger, and the thumb.
const fn shape(fingers: [Finger; 4], tip: Point, over: bool) -> Shape {
    Shape { fingers, thumb: Thumb { tip, over }, points: Points::Up }
}

/// The letters in the order of the alphabet; J and Z, which are movements, are not drawn.
fn letter_shape(label: usize) -> Shape {
    let [_, middle, ring, little] = FIST;
    match label {
        0 => shape(FIST, [-14.0, -14.0], false),
        1 => shape([Straight(-0.05), Straight(0.0), Straight(0.0), Straight(0.05)], [6.0, 2.0], true),
        2 => shape([Bent(-0.8), Bent(-0.8), Bent(-0.8), Bent(-0.8)], [-26.0, -4.0], false),
        3 => shape([Straight(0.0), Bent(-0.7), Bent(-0.6), Bent(-0.5)], [-10.0, -14.0], true),
        4 => shape([Folded(5.0), Folded(5.0), Folded(5.0), Folded(5.0)], [8.0, 8.0], true),
        5 => shape([Bent(-0.7), Straight(0.0), Straight(0.15), Straight(0.3)], [-12.0, -17.0], true),
        6 => Shape { points: Points::Aside, ..shape([Straight(0.0), middle, ring, little], [-12.0, -22.0], false) },
        7 => Shape { points: Points::Aside, ..shape([Straight(0.0), Straight(0.0), ring, little], [4.0, 0.0], true) },
        8 => shape([Folded(12.0), middle, ring, Straight(0.15)], [6.0, -2.0], true),
        10 => shape([Straight(-0.15), Straight(0.2), ring, little], [-2.0, -18.0], true),
        11 => shape([Straight(0.0), middle, ring, little], [-28.0, 4.0], false),
        12 => shape([Folded(18.0), Folded(18.0), Folded(18.0), Folded(8.0)], [9.0, 10.0], false),
        13 => shape([Folded(18.0), Folded(18.0), Folded(9.0), Folded(8.0)], [3.0, 10.0], false),
        14 => shape([Bent(-0.9), Bent(-0.75), Bent(-0.6), Bent(-0.5)], [-17.0, -18.0], true),
        15 => Shape { points: Points::Down, ..shape([Straight(-0.15), Straight(0.35), ring, little], [-6.0, -18.0], true) },
        16 => Shape { points: Points::Down, ..shape([Straight(0.0), middle, ring, little], [-15.0, -22.0], false) },
        17 => shape([Straight(0.28), Straight(-0.18), ring, little], [6.0, 0.0], true),
        18 => shape(FIST, [10.0, -4.0], true),
        19 => shape([Folded(15.0), middle, ring, little], [-4.0, -19.0], true),
        20 => shape([Straight(0.02), Straight(-0.02), ring, little], [6.0, 0.0], true),
        21 => shape([Straight(-0.3), Straight(0.25), ring, little], [6.0, 0.0], true),
        22 => shape([Straight(-0.3), Straight(0.0), Straight(0.3), little], [9.0, 2.0], true),
        23 => shape([Bent(-0.45), middle, ring, little], [6.0, 0.0], true),
        _ => shape([Folded(12.0), middle, ring, Straight(0.35)], [-27.0, -6.0], false),
    }
}

/// Paper, rock or scissors, from any side.
pub(super) fn rock_paper_scissors(class: usize, scene: &mut Scene, chance: &mut Chance) {
    let lightness = chance.between(0.72, 0.95);
    let (wall, slope) = (tinted(chance, lightness, 0.06), [chance.between(-0.002, 0.002), chance.between(-0.002, 0.002)]);
    let ground = Paint { color: wall, light: slope, stripes: None };
    scene.ground(|[x, y]| ground.color.map(|part| part * (1.0 + slope[0] * (x - 50.0) + slope[1] * (y - 50.0))));
    let spread = chance.between(0.6, 1.3);
    let fan = [-0.3, -0.1, 0.1, 0.33].map(|lean| Straight(lean * spread));
    let hand = match class {
        0 => shape(fan, [-26.0, chance.between(-10.0, 2.0)], false),
        1 => shape(FIST, [chance.between(-4.0, 8.0), chance.between(-8.0, 0.0)], true),
        _ => shape([Straight(-0.3 * spread), Straight(0.3 * spread), FIST[2], FIST[3]], [chance.between(2.0, 8.0), -2.0], true),
    };
    let [cos, sin] = direction(chance);
    let pose = turned(chance, [cos, sin], (0.95, 1.3), 8.0);
    let color = skin(chance);
    let paint = Paint { color, light: [chance.between(-0.004, 0.004), chance.between(-0.004, 0.004)], stripes: None };
    draw(scene, chance, &pose, &hand, &paint);
}

/// A letter of the manual alphabet, fingers mostly upright.
pub(super) fn letter(label: usize, scene: &mut Scene, chance: &mut Chance) {
    let ground = chance.between(0.35, 0.85);
    let fade = [chance.between(-0.004, 0.004), chance.between(-0.003, 0.003)];
    scene.ground(|[x, y]| [ground * (1.0 + fade[0] * (x - 50.0) + fade[1] * (y - 50.0)); 3]);
    let hand = letter_shape(label);
    let lean = chance.between(-0.22, 0.22);
    // The direction of the fingers: a quarter turned for letters that point aside, a half for those that point down.
    let length = (1.0 + lean * lean).sqrt();
    let (cos, sin) = (1.0 / length, lean / length);
    let toward = match hand.points {
        Points::Up => [cos, sin],
        Points::Aside => [-sin, cos],
        Points::Down => [-cos, -sin],
    };
    let pose = turned(chance, toward, (1.1, 1.4), 5.0);
    let tone = apart_from(chance, ground, 0.18);
    let color: Color = [tone; 3];
    let paint = Paint { color, light: [chance.between(-0.006, 0.006), chance.between(-0.008, 0.004)], stripes: None };
    draw(scene, chance, &pose, &hand, &paint);
}

/// A pose whose x axis points in the direction [cos, sin]. Letters are never mirrored: a mirrored hand is another hand.
fn turned(chance: &mut Chance, [cos, sin]: Point, size: (f32, f32), shift: f32) -> Affine {
    let size = chance.between(size.0, size.1);
    let [x, y] = [50.0 + chance.between(-shift, shift), 50.0 + chance.between(-shift, shift)];
    // The middle of hand and fingers, not of the palm, lies in the middle of the picture.
    let (up, down) = (6.0 * size, size);
    Affine { x: [cos * size, -sin * size, x - sin * up], y: [sin * size, cos * down, y + cos * up] }
}

fn draw(scene: &mut Scene, chance: &mut Chance, pose: &Affine, hand: &Shape, paint: &Paint) {
    let edge = 0.9;
    // The arm goes on beyond the picture.
    scene.limb(pose, &[([0.0, 12.0], 9.5), ([chance.between(-3.0, 3.0), 80.0], 9.0)]);
    scene.paint(paint);
    if !hand.thumb.over {
        thumb(scene, chance, pose, hand, paint, edge);
    }
    let [mut bases, mut lengths] = [[-10.2, -3.5, 3.4, 9.8], [24.0, 27.0, 25.0, 19.0]];
    bases.iter_mut().for_each(|base| *base += chance.between(-0.6, 0.6));
    lengths.iter_mut().for_each(|length| *length *= chance.between(0.9, 1.1));
    for ((finger, base), length) in hand.fingers.iter().zip(bases).zip(lengths) {
        let root = [base, -9.0];
        match *finger {
            Straight(lean) => {
                let scale = length / (1.0 + lean * lean).sqrt();
                let tip = [root[0] + lean * scale, root[1] - scale];
                scene.limb_with_edge(pose, &[(root, 3.7), (tip, 3.0)], paint, edge);
            }
            Bent(lean) => {
                let middle = [root[0] + lean * 0.35 * length, root[1] - 0.5 * length];
                let tip = [middle[0] + lean * 0.55 * length, middle[1] + 0.05 * length];
                scene.limb_with_edge(pose, &[(root, 3.8), (middle, 3.5), (tip, 3.0)], paint, edge);
            }
            Folded(_) => {}
        }
    }
    scene.smooth(pose, &[[-13.0, -9.0], [0.0, -13.0], [12.5, -9.0], [13.0, 4.0], [9.0, 15.0], [-9.0, 15.0], [-13.5, 4.0]]);
    scene.paint(paint);
    for ((finger, base), length) in hand.fingers.iter().zip(bases).zip(lengths) {
        if let Folded(down) = *finger {
            let knuckle = [base, -11.0 + 0.05 * length];
            scene.limb_with_edge(pose, &[(knuckle, 4.1), ([base * 0.9, knuckle[1] + down], 3.6)], &paint.times(1.06), edge);
        }
    }
    if hand.thumb.over {
        thumb(scene, chance, pose, hand, paint, edge);
    }
    // Lines of the palm, where it is open.
    if hand.fingers.iter().all(|finger| !matches!(finger, Folded(_))) {
        scene.limb(pose, &[([-9.0, -2.0], 0.4), ([2.0, 1.0], 0.5), ([8.0, -3.0], 0.3)]);
        scene.paint(&paint.times(if luminance(paint.color) > 0.3 { 0.7 } else { 1.4 }));
    }
}

fn thumb(scene: &mut Scene, chance: &mut Chance, pose: &Affine, hand: &Shape, paint: &Paint, edge: f32) {
    let [x, y] = hand.thumb.tip;
    let tip = [x + chance.between(-1.0, 1.0), y + chance.between(-1.0, 1.0)];
    let root = [-10.0, 8.0];
    let out = if hand.thumb.over { -4.0 } else { -6.0 };
    let joint = [(root[0] + tip[0]) / 2.0 + out * 0.6, (root[1] + tip[1]) / 2.0 + 1.0];
    scene.limb_with_edge(pose, &[(root, 5.0), (joint, 4.2), (tip, 3.4)], paint, edge);
}
