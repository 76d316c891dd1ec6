//! Finding the least sum of squares.

/// The number between `least` and `most` with the smallest of what `squares` tells, by a grid that closes in on the best
/// of its points.
pub(super) fn closing_grid(least: f64, most: f64, squares: impl Fn(&[f64; 8]) -> [f64; 8]) -> f64 {
    let lowest = |points: [f64; 8], values: [f64; 8]| points.into_iter().zip(values).min_by(|a, b| a.1.total_cmp(&b.1));
    // All over first, as there may be several valleys.
    let apart = (most - least) / 33.0;
    let first = (0..4).filter_map(|part| {
        let points = std::array::from_fn(|index| least + apart * (8 * part + index + 1) as f64);
        lowest(points, squares(&points))
    });
    let mut best = first.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(f64::midpoint(least, most), |(point, _)| point);
    let (mut from, mut to) = (best - apart, best + apart);
    while to - from > 1e-6 * (most - least) {
        let step = (to - from) / 9.0;
        let points: [f64; 8] = std::array::from_fn(|index| from + step * (index + 1) as f64);
        best = lowest(points, squares(&points)).map_or(best, |(point, _)| point);
        (from, to) = (best - step, best + step);
    }
    best
}

/// A number to be found: where to look, and how far apart values are that make a difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown {
    pub(super) start: f64,
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) size: f64,
}

/// How many steps are tried at most; ten or twenty are usual.
const STEPS: usize = 100;

/// Where to stop: a step that lowers the sum of squares by a smaller part of it.
const GAIN: f64 = 1e-8;

/// The numbers with the smallest sum of squared errors near their starting values, by the method of Levenberg (1944) and
/// Marquardt (1963) with differences for derivatives; numbers that push against their bounds rest there.
///
/// `errors` fills one error an observation, and returns the sum of their squares; what is not finite counts as infinite. The
/// sum comes with the numbers.
pub(super) fn least_squares(
    unknowns: &[Unknown],
    observations: usize,
    mut errors: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> (f64, Vec<f64>) {
    let count = unknowns.len();
    let (mut here, mut there) = (vec![0.0; observations], vec![0.0; observations]);
    let mut x: Vec<f64> = unknowns.iter().map(|unknown| unknown.start).collect();
    let mut squares = errors(&x, &mut here);
    let mut slopes = vec![0.0; count * observations];
    let mut damping = 1e-3;
    let mut steps = 0;
    'outer: while steps < STEPS && squares > 0.0 && count > 0 {
        for (index, slope) in slopes.chunks_exact_mut(observations).enumerate() {
            let step = 1e-7 * unknowns[index].size * if x[index] + 1e-6 > unknowns[index].most { -1.0 } else { 1.0 };
            let kept = x[index];
            x[index] = kept + step;
            errors(&x, &mut there);
            x[index] = kept;
            slope.iter_mut().zip(&there).zip(&here).for_each(|((slope, there), here)| *slope = (there - here) / step);
        }
        let normal = Normal::new(&slopes, &here, &x, unknowns);
        loop {
            steps += 1;
            let Some(step) = normal.step(damping) else { break 'outer };
            let next: Vec<f64> =
                x.iter().zip(&step).zip(unknowns).map(|((x, step), unknown)| (x + step).clamp(unknown.least, unknown.most)).collect();
            let found = errors(&next, &mut there);
            if found < squares {
                let gain = (squares - found) / squares;
                (x, squares) = (next, found);
                std::mem::swap(&mut here, &mut there);
                damping = (damping * 0.2).max(1e-9);
                if gain < GAIN {
                    break 'outer;
                }
                break;
            }
            damping *= 5.0;
            if damping > 1e9 || steps >= STEPS {
                break 'outer;
            }
        }
    }
    (squares, x)
}

/// The lowest point around a start, found by trying one number after the other with steps that become smaller: slower than
/// [`least_squares`] where a valley is smooth, and not stopped by bends in its floor. Numbers lie between 0 and 1.
pub(super) fn compass(start: (f64, Vec<f64>), mut squares: impl FnMut(&[f64]) -> f64) -> (f64, Vec<f64>) {
    let (mut least, mut x) = start;
    let mut size = 0.2;
    while size > 1e-4 {
        let before = least;
        for index in 0..x.len() {
            for step in [size, -size] {
                let kept = x[index];
                x[index] = (kept + step).clamp(0.0, 1.0);
                let found = if x[index] == kept { f64::INFINITY } else { squares(&x) };
                if found < least {
                    least = found;
                    break;
                }
                x[index] = kept;
            }
        }
        if !(least < before * (1.0 - 1e-5)) {
            size *= 0.4;
        }
    }
    (least, x)
}

/// The normal equations of a linearized problem.
struct Normal {
    products: Vec<f64>,
    gradient: Vec<f64>,
}

impl Normal {
    fn new(slopes: &[f64], errors: &[f64], x: &[f64], unknowns: &[Unknown]) -> Self {
        let count = x.len();
        let columns: Vec<&[f64]> = slopes.chunks_exact(errors.len()).collect();
        let mut gradient: Vec<f64> = columns.iter().map(|column| dot(column, errors)).collect();
        let rests = |index: usize| {
            let Unknown { least, most, .. } = unknowns[index];
            (x[index] <= least && gradient[index] > 0.0) || (x[index] >= most && gradient[index] < 0.0)
        };
        let resting: Vec<bool> = (0..count).map(rests).collect();
        let mut products = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                let still = resting[row] || resting[column];
                products[row * count + column] = if still { 0.0 } else { dot(columns[row], columns[column]) };
            }
            if resting[row] {
                (products[row * count + row], gradient[row]) = (1.0, 0.0);
            }
        }
        Self { products, gradient }
    }

    fn step(&self, damping: f64) -> Option<Vec<f64>> {
        let right: Vec<f64> = self.gradient.iter().map(|slope| -slope).collect();
        solve(&self.products, &right, damping)
    }
}

/// The solution of damped normal equations, by Cholesky's decomposition; none where they have none.
pub(in crate::forecast) fn solve(products: &[f64], right: &[f64], damping: f64) -> Option<Vec<f64>> {
    let n = right.len();
    let mut lower = products.to_vec();
    for i in 0..n {
        lower[i * n + i] += damping * lower[i * n + i] + f64::MIN_POSITIVE;
    }
    for i in 0..n {
        for j in 0..=i {
            let sum = lower[i * n + j] - dot(&lower[i * n..i * n + j], &lower[j * n..j * n + j]);
            if i == j {
                // Also where it is NaN.
                if !(sum > 0.0) {
                    return None;
                }
                lower[i * n + i] = sum.sqrt();
            } else {
                lower[i * n + j] = sum / lower[j * n + j];
            }
        }
    }
    let mut step = right.to_vec();
    for i in 0..n {
        step[i] = (step[i] - dot(&lower[i * n..i * n + i], &step[..i])) / lower[i * n + i];
    }
    for i in (0..n).rev() {
        step[i] = (step[i] - (i + 1..n).map(|k| lower[k * n + i] * step[k]).sum::<f64>()) / lower[i * n + i];
    }
    step.iter().all(|step| step.is_finite()).then_some(step)
}

/// `by (products)⁻¹ byᵀ`: the variance of a sum of estimates, in units of the variance of the errors; 0 where there is no answer.
pub(in crate::forecast) fn variance(products: &[f64], by: &[f64]) -> f64 {
    solve(products, by, 1e-10).map_or(0.0, |solved| dot(&solved, by).max(0.0))
}

/// Eight sums side by side, as the processor adds.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_parts.zip(b_parts) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_point_of_a_valley() {
        let found = closing_grid(0.0, 1.0, |points| points.map(|x| (x - 0.3217).powi(2)));
        assert!((found - 0.3217).abs() < 1e-6, "{found}");
        assert!(closing_grid(0.0, 1.0, |points| points.map(|x| x)) < 1e-5);
    }

    #[test]
    fn a_curve_through_points() {
        let unknown = |start, least, most| Unknown { start, least, most, size: 1.0 };
        let errors = |x: &[f64], errors: &mut [f64]| {
            for (t, error) in errors.iter_mut().enumerate() {
                let t = t as f64 / 10.0;
                *error = 2.0 * (-1.3 * t).exp() - x[0] * (-x[1] * t).exp();
            }
            errors.iter().map(|error| error * error).sum()
        };
        let (_, found) = least_squares(&[unknown(1.0, -10.0, 10.0), unknown(0.1, 0.0, 5.0)], 30, errors);
        assert!((found[0] - 2.0).abs() < 1e-6 && (found[1] - 1.3).abs() < 1e-6, "{found:?}");
        let (_, bounded) = least_squares(&[unknown(1.0, -10.0, 10.0), unknown(0.1, 0.0, 1.0)], 30, errors);
        assert!(bounded[1] == 1.0 && bounded[0] < 2.0, "{bounded:?}");
    }
}
