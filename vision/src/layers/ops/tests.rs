use practicum_core::Tensor;
use practicum_core::autodiff::{Var, gradcheck};
use practicum_core::rng::Key;

use super::*;
use crate::augment::FillMode;
use crate::picture::{Interpolation, Taps};

#[test]
fn gradients_are_right() {
    let key = Key::new(3);
    let ranges = [
        Draw::Flip { horizontal: true, vertical: true },
        Draw::Rotation((-0.3, 0.3)),
        Draw::Translation { rows: (-0.4, 0.4), columns: (-0.4, 0.4) },
        Draw::Zoom { rows: (-0.3, 0.3), columns: None },
    ];
    let mut numbers = vec![0.0; 2 * 4 * 5 * 2];
    Key::new(5).fill_uniform(&mut numbers);
    let x = Tensor::new([2, 4, 5, 2], numbers).unwrap();
    for draw in ranges {
        for fill_mode in [FillMode::Nearest, FillMode::Constant, FillMode::Reflect, FillMode::Wrap] {
            let warp = move || Warp { key, draw, fill_mode, order: 1, fill_value: 0.5 };
            gradcheck(std::slice::from_ref(&x), |x| Var::apply(warp(), &[&x[0]])).unwrap();
        }
    }
    for change in [Change::Contrast, Change::Brightness] {
        let tone = move || Tone { key, change, factor: (0.5, 0.9), value_range: (-4.0, 4.0) };
        gradcheck(std::slice::from_ref(&x), |x| Var::apply(tone(), &[&x[0]])).unwrap();
    }
    gradcheck(std::slice::from_ref(&x), |x| Var::apply(Crop { key, size: [2, 3] }, &[&x[0]])).unwrap();
    for how in [Interpolation::Bilinear, Interpolation::Area, Interpolation::Lanczos] {
        let resize = move || Resize { rows: Taps::new(4, 3, how), columns: Taps::new(5, 8, how) };
        gradcheck(std::slice::from_ref(&x), |x| Var::apply(resize(), &[&x[0]])).unwrap();
    }
}
