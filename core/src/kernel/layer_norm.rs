//! Normalization of the rows of a matrix, each by its own numbers.

use super::pointwise::CHEAP;
use super::{Exec, Fma, LANES, chunks_mut, elementwise, multiversion};

/// What a row is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RowScale {
    /// `√(variance + epsilon)`, once the mean is taken off.
    Deviation {
        /// What is added to the variance.
        epsilon: f32,
    },
    /// `√(mean of squares + epsilon)`.
    RootMeanSquare {
        /// What is added to the mean of squares.
        epsilon: f32,
    },
    /// `√(sum of squares)`, but at least `epsilon`.
    Norm {
        /// The smallest divisor.
        epsilon: f32,
    },
}

impl RowScale {
    fn is_centered(self) -> bool {
        matches!(self, Self::Deviation { .. })
    }

    /// What a row is multiplied by, from the sum of its squares.
    #[inline(always)]
    fn factor(self, squares: f32, n: usize) -> f32 {
        match self {
            Self::Deviation { epsilon } | Self::RootMeanSquare { epsilon } => 1.0 / (squares / n as f32 + epsilon).sqrt(),
            Self::Norm { epsilon } => {
                let (factor, largest) = (1.0 / squares.sqrt(), 1.0 / epsilon);
                if factor > largest { largest } else { factor }
            }
        }
    }

    /// What the sums over a row are divided by in the backward pass; none where the factor does not change with the row.
    #[inline(always)]
    fn divisor(self, factor: f32, n: usize) -> Option<f32> {
        match self {
            Self::Deviation { .. } | Self::RootMeanSquare { .. } => Some(n as f32),
            Self::Norm { epsilon } => (factor < 1.0 / epsilon).then_some(1.0),
        }
    }
}

/// `Σ f(i)` for `i < n`, in 16 partial sums.
#[inline(always)]
fn lane_sum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    for i in whole..n {
        lanes[i - whole] += f(i);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The dot product of two functions of the place, `Σ a(i)·b(i)` for `i < n`, in 16 chains of multiply-adds.
#[inline(always)]
fn lane_dot<F: Fma>(n: usize, a: impl Fn(usize) -> f32, b: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum = F::mul_add(a(start + lane), b(start + lane), *sum);
        }
    }
    for i in whole..n {
        lanes[i - whole] = F::mul_add(a(i), b(i), lanes[i - whole]);
    }
    lane_sum(LANES, |lane| lanes[lane])
}

/// Rows of one chunk.
fn rows_per_chunk(rows: usize, n: usize) -> usize {
    Exec::chunk_len(rows, (CHEAP / n.max(1)).max(1))
}

/// How rows are normalized.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// What a row is divided by.
    pub scale: RowScale,
    /// The length of a row.
    pub n: usize,
    /// The factors of the columns; may be empty.
    pub gamma: &'a [f32],
    /// The offsets of the columns; may be empty.
    pub beta: &'a [f32],
}

/// `y = (x − mean)·factor·gamma + beta` in rows. `saved` takes the mean (0 where it is not taken off) and the factor of each.
pub fn normalize_rows(exec: Exec<'_>, how: Rows<'_>, x: &[f32], y: &mut [f32], saved: &mut [f32]) {
    multiversion! {
        fn rows<F>(scale: RowScale, x: &[f32], n: usize, gamma: &[f32], beta: &[f32], y: &mut [f32], saved: &mut [f32]) {
            for ((x, y), saved) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)).zip(saved.chunks_exact_mut(2)) {
                let mean = if scale.is_centered() { lane_sum(n, |i| x[i]) / n as f32 } else { 0.0 };
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x - mean);
                let factor = scale.factor(lane_dot::<F>(n, |i| y[i], |i| y[i]), n);
                y.iter_mut().for_each(|y| *y *= factor);
                if !gamma.is_empty() {
                    y.iter_mut().zip(gamma).for_each(|(y, gamma)| *y *= gamma);
                }
                if !beta.is_empty() {
                    y.iter_mut().zip(beta).for_each(|(y, beta)| *y += beta);
                }
                saved.copy_from_slice(&[mean, factor]);
            }
        }
    }
    let Rows { scale, n, gamma, beta } = how;
    if n == 0 {
        return;
    }
    let len = rows_per_chunk(x.len() / n, n);
    exec.for_each((chunks_mut(y, len * n), chunks_mut(saved, 2 * len)), |index, (y, saved)| {
        rows(exec.simd(), scale, &x[index * len * n..][..y.len()], n, gamma, beta, y, saved);
    });
}

/// Room that [`normalize_rows_backward`] needs to work in.
pub fn rows_scratch_len(rows: usize, n: usize) -> usize {
    2 * n * rows.div_ceil(rows_per_chunk(rows, n)).max(1)
}

/// The gradients by x, if asked for, and the sums over the rows of `dy` and of `dy` times the normalized x: those by beta and
/// by gamma. The two sums are left at the beginning of `scratch`, one after the other.
pub fn normalize_rows_backward(
    exec: Exec<'_>,
    how: Rows<'_>,
    x: &[f32],
    saved: &[f32],
    dy: &[f32],
    dx: Option<&mut [f32]>,
    scratch: &mut [f32],
) {
    multiversion! {
        fn sums<F>(x: &[f32], dy: &[f32], saved: &[f32], n: usize, by_beta: &mut [f32], by_gamma: &mut [f32]) {
            by_beta.fill(0.0);
            by_gamma.fill(0.0);
            for ((x, dy), saved) in x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(saved.chunks_exact(2)) {
                let (mean, factor) = (saved[0], saved[1]);
                for (((by_beta, by_gamma), x), dy) in by_beta.iter_mut().zip(by_gamma.iter_mut()).zip(x).zip(dy) {
                    *by_beta += dy;
                    *by_gamma = F::mul_add((x - mean) * factor, *dy, *by_gamma);
                }
            }
        }
    }
    multiversion! {
        fn slopes<F>(scale: RowScale, x: &[f32], dy: &[f32], gamma: &[f32], saved: &[f32], n: usize, dx: &mut [f32]) {
            for (((x, dy), saved), dx) in x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(saved.chunks_exact(2)).zip(dx.chunks_exact_mut(n)) {
                let (mean, factor) = (saved[0], saved[1]);
                dx.copy_from_slice(dy);
                if !gamma.is_empty() {
                    dx.iter_mut().zip(gamma).for_each(|(dx, gamma)| *dx *= gamma);
                }
                let Some(divisor) = scale.divisor(factor, n) else {
                    dx.iter_mut().for_each(|dx| *dx *= factor);
                    continue;
                };
                let shared = if scale.is_centered() { lane_sum(n, |i| dx[i]) / divisor } else { 0.0 };
                let slope = lane_dot::<F>(n, |i| dx[i], |i| (x[i] - mean) * factor) / divisor;
                for (dx, x) in dx.iter_mut().zip(x) {
                    *dx = factor * F::mul_add((x - mean) * factor, -slope, *dx - shared);
                }
            }
        }
    }
    let Rows { scale, n, gamma, .. } = how;
    if x.is_empty() {
        scratch.fill(0.0);
        return;
    }
    let len = rows_per_chunk(x.len() / n, n);
    let chunk_of = |index: usize| index * len..(index * len + len).min(x.len() / n);
    exec.for_each(chunks_mut(scratch, 2 * n), |index, part| {
        let (rows, (by_beta, by_gamma)) = (chunk_of(index), part.split_at_mut(n));
        let (x, dy) = (&x[rows.start * n..rows.end * n], &dy[rows.start * n..rows.end * n]);
        sums(exec.simd(), x, dy, &saved[2 * rows.start..2 * rows.end], n, by_beta, by_gamma);
    });
    let (total, rest) = scratch.split_at_mut(2 * n);
    for part in rest.chunks_exact(2 * n) {
        elementwise::add::same_in_place(exec, part, total);
    }
    let Some(dx) = dx else { return };
    exec.for_each(chunks_mut(dx, len * n), |index, dx| {
        let rows = chunk_of(index);
        let (x, dy) = (&x[rows.start * n..rows.end * n], &dy[rows.start * n..rows.end * n]);
        slopes(exec.simd(), scale, x, dy, gamma, &saved[2 * rows.start..2 * rows.end], n, dx);
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, everywhere, numbers};
    use super::*;

    const SCALES: [RowScale; 3] =
        [RowScale::Deviation { epsilon: 1e-3 }, RowScale::RootMeanSquare { epsilon: 1e-6 }, RowScale::Norm { epsilon: 1e-12 }];

    #[test]
    fn rows_are_normalized_by_their_own_numbers() {
        for (rows, n) in [(1, 1), (3, 5), (7, 16), (2, 100), (3000, 33)] {
            let (x, gamma, beta) = (numbers(1, rows * n, 2.0), numbers(2, n, 1.0), numbers(3, n, 1.0));
            for scale in SCALES {
                let got = everywhere(|exec| {
                    let (mut y, mut saved) = (vec![7.0; x.len()], vec![7.0; 2 * rows]);
                    normalize_rows(exec, Rows { scale, n, gamma: &gamma, beta: &beta }, &x, &mut y, &mut saved);
                    y
                });
                for (row, got) in x.chunks(n).zip(got.chunks(n)) {
                    let mean = if scale.is_centered() { row.iter().map(|x| f64::from(*x)).sum::<f64>() / n as f64 } else { 0.0 };
                    let squares: f64 = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum();
                    let divisor = match scale {
                        RowScale::Deviation { epsilon } | RowScale::RootMeanSquare { epsilon } => squares / n as f64 + f64::from(epsilon),
                        RowScale::Norm { .. } => squares,
                    };
                    let normalized = |i: usize| (f64::from(row[i]) - mean) / divisor.sqrt();
                    let want: Vec<f64> = (0..n).map(|i| normalized(i) * f64::from(gamma[i]) + f64::from(beta[i])).collect();
                    assert_close(got, &want, 3e-6);
                }
            }
        }
    }

    #[test]
    fn gradients_have_the_same_bits_everywhere() {
        for (rows, n) in [(3, 5), (700, 100)] {
            let (x, dy, gamma) = (numbers(1, rows * n, 2.0), numbers(4, rows * n, 1.0), numbers(2, n, 1.0));
            for scale in SCALES {
                let got = everywhere(|exec| {
                    let (mut y, mut saved) = (vec![7.0; x.len()], vec![7.0; 2 * rows]);
                    let how = Rows { scale, n, gamma: &gamma, beta: &[] };
                    normalize_rows(exec, how, &x, &mut y, &mut saved);
                    let (mut dx, mut scratch) = (vec![7.0; x.len()], vec![7.0; rows_scratch_len(rows, n)]);
                    normalize_rows_backward(exec, how, &x, &saved, &dy, Some(&mut dx), &mut scratch);
                    [&dx, &scratch[..2 * n]].concat()
                });
                let by_beta: Vec<f64> = (0..n).map(|c| dy[c..].iter().step_by(n).map(|dy| f64::from(*dy)).sum()).collect();
                assert_close(&got[x.len()..][..n], &by_beta, 1e-4);
            }
        }
    }

    #[test]
    fn a_row_of_zeros_keeps_a_finite_norm() {
        let got = everywhere(|exec| {
            let (mut y, mut saved) = (vec![7.0; 3], vec![7.0; 2]);
            let how = Rows { scale: RowScale::Norm { epsilon: 1e-12 }, n: 3, gamma: &[], beta: &[] };
            normalize_rows(exec, how, &[0.0; 3], &mut y, &mut saved);
            let (mut dx, mut scratch) = (vec![7.0; 3], vec![7.0; rows_scratch_len(1, 3)]);
            normalize_rows_backward(exec, how, &[0.0; 3], &saved, &[1e-6; 3], Some(&mut dx), &mut scratch);
            [y, dx].concat()
        });
        assert_eq!(got[..3], [0.0; 3]);
        assert_close(&got[3..], &[1e6; 3], 1.0);
    }
}
