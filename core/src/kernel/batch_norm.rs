//! Statistics of the columns of a matrix, and the normalization by them.
//!
//! A matrix with few columns is treated as one with fewer and wider rows, so that its columns fill the vectors too: the
//! numbers that belong to a column are repeated to the width of such a row.

use super::pointwise::CHEAP;
use super::{Exec, LANES, chunks_mut, elementwise, multiversion};

/// Numbers in a wide row at least: enough sums side by side to hide the time that one addition takes.
const WIDTH: usize = 4 * LANES;

/// Rows whose mean stands for that of all until it is known.
const SAMPLES: usize = 16;

/// How a matrix is cut: into chunks of wide rows, the last of them shorter.
#[derive(Clone, Copy)]
struct Cut {
    columns: usize,
    /// Numbers in a wide row.
    width: usize,
    /// Numbers in a chunk.
    chunk: usize,
    chunks: usize,
}

impl Cut {
    fn new(rows: usize, columns: usize) -> Self {
        let width = columns * WIDTH.div_ceil(columns.max(1));
        Self::with_width(rows, columns, width)
    }

    /// The same with one row a row, for masks that have a number for each.
    fn narrow(rows: usize, columns: usize) -> Self {
        Self::with_width(rows, columns, columns)
    }

    fn with_width(rows: usize, columns: usize, width: usize) -> Self {
        let size = rows * columns;
        let wide_rows = size.div_ceil(width.max(1));
        let chunk = (Exec::chunk_len(wide_rows, (CHEAP / width.max(1)).max(1)) * width).max(1);
        Self { columns, width, chunk, chunks: size.div_ceil(chunk) }
    }

    /// Repeats the numbers of the columns to a wide row.
    fn widen(&self, numbers: impl Fn(usize) -> f32, wide: &mut [f32]) {
        for row in wide.chunks_exact_mut(self.columns) {
            row.iter_mut().enumerate().for_each(|(column, wide)| *wide = numbers(column));
        }
    }

    /// Two sums for each column: `run(chunk, first, second)` makes those of a chunk in wide rows, `done(column, first,
    /// second)` gets the totals. `parts` has room for the sums of all chunks.
    fn sums(
        &self,
        exec: Exec<'_>,
        parts: &mut [f32],
        run: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
        mut done: impl FnMut(usize, f64, f64),
    ) {
        let parts = &mut parts[..2 * self.width * self.chunks];
        exec.for_each(chunks_mut(parts, 2 * self.width), |chunk, part| {
            let (first, second) = part.split_at_mut(self.width);
            run(chunk, first, second);
        });
        let (total, rest) = parts.split_at_mut((2 * self.width).min(parts.len()));
        for part in rest.chunks_exact(total.len().max(1)) {
            elementwise::add::same_in_place(exec, part, total);
        }
        let total = |offset: usize, column: usize| -> f64 {
            let repeated = total.get(offset + column..offset + self.width).unwrap_or_default();
            repeated.iter().step_by(self.columns).map(|sum| f64::from(*sum)).sum()
        };
        (0..self.columns).for_each(|column| done(column, total(0, column), total(self.width, column)));
    }
}

/// Room that [`moments`], [`normalize`] and [`backward`] need to work in.
pub fn scratch_len(rows: usize, columns: usize) -> usize {
    let (wide, narrow) = (Cut::new(rows, columns), Cut::narrow(rows, columns));
    4 * wide.width + (2 * wide.width * wide.chunks).max(2 * narrow.width * narrow.chunks)
}

/// The means of the columns of `x`, then their variances, both in `y`.
///
/// With a mask, which has a number for each row, only the rows where it is not 0 count: their sums are divided by
/// `count + slack`.
pub fn moments(exec: Exec<'_>, x: &[f32], columns: usize, mask: Option<(&[f32], f32)>, y: &mut [f32], scratch: &mut [f32]) {
    multiversion! {
        fn sums<F>(x: &[f32], shift: &[f32], first: &mut [f32], second: &mut [f32]) {
            let n = shift.len();
            let (first, second) = (&mut first[..n], &mut second[..n]);
            first.fill(0.0);
            second.fill(0.0);
            let mut fours = x.chunks_exact(4 * n);
            for four in &mut fours {
                let (ab, cd) = four.split_at(2 * n);
                let ((a, b), (c, d)) = (ab.split_at(n), cd.split_at(n));
                for i in 0..n {
                    let [a, b, c, d] = [a[i] - shift[i], b[i] - shift[i], c[i] - shift[i], d[i] - shift[i]];
                    first[i] += (a + b) + (c + d);
                    second[i] = F::mul_add(d, d, F::mul_add(c, c, F::mul_add(b, b, F::mul_add(a, a, second[i]))));
                }
            }
            for row in fours.remainder().chunks(n) {
                for (((first, second), x), shift) in first.iter_mut().zip(second.iter_mut()).zip(row).zip(shift) {
                    let x = x - shift;
                    *first += x;
                    *second = F::mul_add(x, x, *second);
                }
            }
        }
    }
    multiversion! {
        fn masked_sums<F>(x: &[f32], mask: &[f32], shift: &[f32], first: &mut [f32], second: &mut [f32]) {
            first.fill(0.0);
            second.fill(0.0);
            for (row, _) in x.chunks_exact(shift.len()).zip(mask).filter(|(_, counts)| **counts != 0.0) {
                for (((first, second), x), shift) in first.iter_mut().zip(second.iter_mut()).zip(row).zip(shift) {
                    let x = x - shift;
                    *first += x;
                    *second = F::mul_add(x, x, *second);
                }
            }
        }
    }
    if columns == 0 {
        return;
    }
    let rows = x.len() / columns;
    let cut = if mask.is_some() { Cut::narrow(rows, columns) } else { Cut::new(rows, columns) };
    let (shift, parts) = scratch.split_at_mut(cut.width);
    // Squares of what lies near 0 keep their digits; sampled rows tell where that is.
    shift.fill(0.0);
    let samples = samples(rows, mask.map(|(mask, _)| mask));
    let (sampled, repeated) = shift.split_at_mut(columns);
    for row in &samples {
        sampled.iter_mut().zip(&x[row * columns..]).for_each(|(sum, x)| *sum += x);
    }
    sampled.iter_mut().for_each(|sum| *sum /= samples.len().max(1) as f32);
    repeated.chunks_exact_mut(columns).for_each(|row| row.copy_from_slice(sampled));
    let shift = &*shift;
    let (count, slack) = match mask {
        Some((mask, slack)) => (mask.iter().filter(|counts| **counts != 0.0).count(), slack),
        None => (rows, 0.0),
    };
    let (count, divisor) = (count as f64, count as f64 + f64::from(slack));
    let (means, variances) = y.split_at_mut(columns);
    let run = |chunk: usize, first: &mut [f32], second: &mut [f32]| {
        let x = &x[chunk * cut.chunk..][..cut.chunk.min(x.len() - chunk * cut.chunk)];
        match mask {
            Some((mask, _)) => masked_sums(exec.simd(), x, &mask[chunk * cut.chunk / columns..], shift, first, second),
            None => sums(exec.simd(), x, shift, first, second),
        }
    };
    cut.sums(exec, parts, run, |column, first, second| {
        let start = f64::from(shift[column]);
        let mean = (first + start * count) / divisor;
        let moved = mean - start;
        means[column] = mean as f32;
        variances[column] = ((second - 2.0 * moved * first + count * moved * moved) / divisor).max(0.0) as f32;
    });
}

/// Rows from everywhere, or the first that count.
fn samples(rows: usize, mask: Option<&[f32]>) -> Vec<usize> {
    let samples = rows.min(SAMPLES);
    match mask {
        Some(mask) => mask.iter().enumerate().filter(|(_, counts)| **counts != 0.0).map(|(row, _)| row).take(samples).collect(),
        None => (0..samples).map(|i| i * rows / samples).collect(),
    }
}

/// `y = (x − mean)·factor + offset`, with a mean, a factor and an offset for each column.
pub fn normalize(
    exec: Exec<'_>,
    x: &[f32],
    mean: &[f32],
    factor: impl Fn(usize) -> f32,
    offset: impl Fn(usize) -> f32,
    y: &mut [f32],
    scratch: &mut [f32],
) {
    multiversion! {
        fn chunk<F>(x: &[f32], mean: &[f32], factor: &[f32], offset: &[f32], y: &mut [f32]) {
            let n = mean.len();
            for (x, y) in x.chunks(n).zip(y.chunks_mut(n)) {
                for ((((y, x), mean), factor), offset) in y.iter_mut().zip(x).zip(mean).zip(factor).zip(offset) {
                    *y = F::mul_add(x - mean, *factor, *offset);
                }
            }
        }
    }
    if mean.is_empty() {
        return;
    }
    let cut = Cut::new(x.len() / mean.len(), mean.len());
    let (means, rest) = scratch.split_at_mut(cut.width);
    let (factors, rest) = rest.split_at_mut(cut.width);
    let offsets = &mut rest[..cut.width];
    cut.widen(|column| mean[column], means);
    cut.widen(factor, factors);
    cut.widen(offset, offsets);
    exec.for_each(chunks_mut(y, cut.chunk), |index, y| {
        chunk(exec.simd(), &x[index * cut.chunk..][..y.len()], means, factors, offsets, y);
    });
}

/// What was normalized, for the backward pass.
#[derive(Clone, Copy, Debug)]
pub struct Normalized<'a> {
    /// The input.
    pub x: &'a [f32],
    /// The mean of each column.
    pub mean: &'a [f32],
    /// Which rows made the statistics, where not all did.
    pub mask: Option<&'a [f32]>,
}

/// The sums over all rows of `dy`, and of `dy·(x − mean)`: `done(column, Σdy, Σdy·(x − mean))`.
pub fn gradient_sums(exec: Exec<'_>, of: Normalized<'_>, dy: &[f32], scratch: &mut [f32], done: impl FnMut(usize, f64, f64)) {
    multiversion! {
        fn sums<F>(x: &[f32], dy: &[f32], mean: &[f32], first: &mut [f32], second: &mut [f32]) {
            let n = mean.len();
            let (first, second) = (&mut first[..n], &mut second[..n]);
            first.fill(0.0);
            second.fill(0.0);
            let (mut x, mut dy) = (x.chunks_exact(2 * n), dy.chunks_exact(2 * n));
            for (x, dy) in (&mut x).zip(&mut dy) {
                let ((xa, xb), (a, b)) = (x.split_at(n), dy.split_at(n));
                for i in 0..n {
                    first[i] += a[i] + b[i];
                    second[i] = F::mul_add(b[i], xb[i] - mean[i], F::mul_add(a[i], xa[i] - mean[i], second[i]));
                }
            }
            for (x, dy) in x.remainder().chunks(n).zip(dy.remainder().chunks(n)) {
                for ((((first, second), x), dy), mean) in first.iter_mut().zip(second.iter_mut()).zip(x).zip(dy).zip(mean) {
                    *first += dy;
                    *second = F::mul_add(*dy, x - mean, *second);
                }
            }
        }
    }
    let Normalized { x, mean, .. } = of;
    if mean.is_empty() {
        return;
    }
    let cut = Cut::new(x.len() / mean.len(), mean.len());
    let (means, parts) = scratch.split_at_mut(cut.width);
    cut.widen(|column| mean[column], means);
    let means = &*means;
    let run = |chunk: usize, first: &mut [f32], second: &mut [f32]| {
        let range = chunk * cut.chunk..(chunk * cut.chunk + cut.chunk).min(x.len());
        sums(exec.simd(), &x[range.clone()], &dy[range], means, first, second);
    };
    cut.sums(exec, parts, run, done);
}

/// What the gradient by x is made of, for each column: `dx = dy·factor + slope·(x − mean) + offset`.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    /// By `dy`.
    pub factor: f32,
    /// By x.
    pub slope: f32,
    /// What is added.
    pub offset: f32,
}

/// `dx = dy·factor + slope·(x − mean) + offset`; where a mask says that a row did not count, `dx = dy·factor`.
pub fn backward(exec: Exec<'_>, of: Normalized<'_>, dy: &[f32], slope: impl Fn(usize) -> Slope, dx: &mut [f32], scratch: &mut [f32]) {
    multiversion! {
        fn chunk<F>(x: &[f32], dy: &[f32], mean: &[f32], factor: &[f32], slope: &[f32], offset: &[f32], dx: &mut [f32]) {
            let n = mean.len();
            let (factor, slope, offset) = (&factor[..n], &slope[..n], &offset[..n]);
            for ((x, dy), dx) in x.chunks(n).zip(dy.chunks(n)).zip(dx.chunks_mut(n)) {
                let (x, dy) = (&x[..dx.len()], &dy[..dx.len()]);
                for i in 0..dx.len().min(n) {
                    dx[i] = F::mul_add(dy[i], factor[i], F::mul_add(x[i] - mean[i], slope[i], offset[i]));
                }
            }
        }
    }
    let Normalized { x, mean, mask } = of;
    if mean.is_empty() {
        return;
    }
    let (rows, columns) = (x.len() / mean.len(), mean.len());
    let cut = if mask.is_some() { Cut::narrow(rows, columns) } else { Cut::new(rows, columns) };
    let (means, rest) = scratch.split_at_mut(cut.width);
    let (factors, rest) = rest.split_at_mut(cut.width);
    let (slopes, rest) = rest.split_at_mut(cut.width);
    let offsets = &mut rest[..cut.width];
    cut.widen(|column| mean[column], means);
    cut.widen(|column| slope(column).factor, factors);
    cut.widen(|column| slope(column).slope, slopes);
    cut.widen(|column| slope(column).offset, offsets);
    exec.for_each(chunks_mut(dx, cut.chunk), |index, dx| {
        let start = index * cut.chunk;
        let (x, dy) = (&x[start..][..dx.len()], &dy[start..][..dx.len()]);
        chunk(exec.simd(), x, dy, means, factors, slopes, offsets, dx);
        let Some(mask) = mask else { return };
        let rows = dx.chunks_exact_mut(columns).zip(dy.chunks_exact(columns)).zip(&mask[start / columns..]);
        for ((dx, dy), _) in rows.filter(|(_, counts)| **counts == 0.0) {
            dx.iter_mut().zip(dy).zip(&*factors).for_each(|((dx, dy), factor)| *dx = dy * factor);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, everywhere, numbers};
    use super::*;

    const SIZES: [(usize, usize); 8] = [(1, 1), (5, 3), (33, 1), (70, 17), (64, 64), (3, 200), (9000, 5), (700, 130)];

    fn column(x: &[f32], columns: usize, column: usize) -> impl Iterator<Item = f64> {
        x[column..].iter().step_by(columns).map(|x| f64::from(*x))
    }

    #[test]
    fn moments_are_those_of_each_column_far_from_0_too() {
        for (rows, columns) in SIZES {
            let mut x = numbers(1, rows * columns, 1.0);
            x.iter_mut().enumerate().for_each(|(i, x)| *x = *x * (1 + i % columns) as f32 + 100.0 * (i % columns) as f32);
            let got = everywhere(|exec| {
                let (mut y, mut scratch) = (vec![7.0; 2 * columns], vec![7.0; scratch_len(rows, columns)]);
                moments(exec, &x, columns, None, &mut y, &mut scratch);
                y
            });
            for c in 0..columns {
                let mean = column(&x, columns, c).sum::<f64>() / rows as f64;
                let variance = column(&x, columns, c).map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64;
                assert_close(&got[c..=c], &[mean], 1e-6 * mean.abs().max(1.0));
                assert_close(&got[columns + c..][..1], &[variance], 1e-5 * variance.max(1e-6 * mean * mean));
            }
        }
    }

    #[test]
    fn rows_that_do_not_count_are_left_out() {
        let (rows, columns) = (9000, 5);
        let (mut x, mut mask) = (numbers(1, rows * columns, 2.0), vec![1.0; rows]);
        for row in (0..rows).filter(|row| row % 3 == 1) {
            mask[row] = 0.0;
            x[row * columns..][..columns].fill(f32::NAN);
        }
        let kept: Vec<f32> = x.iter().copied().filter(|x| !x.is_nan()).collect();
        let moments = |x: &[f32], mask: Option<&[f32]>| {
            everywhere(|exec| {
                let (mut y, mut scratch) = (vec![7.0; 2 * columns], vec![7.0; scratch_len(rows, columns)]);
                super::moments(exec, x, columns, mask.map(|mask| (mask, 1e-7)), &mut y, &mut scratch);
                y
            })
        };
        let want: Vec<f64> = moments(&kept, None).into_iter().map(f64::from).collect();
        assert_close(&moments(&x, Some(&mask)), &want, 1e-5);
        assert_eq!(moments(&x, Some(&vec![0.0; rows])), vec![0.0; 2 * columns]);
    }

    #[test]
    fn columns_are_normalized_and_gradients_flow_back() {
        for (rows, columns) in SIZES {
            let (x, dy, mean) = (numbers(1, rows * columns, 2.0), numbers(2, rows * columns, 1.0), numbers(3, columns, 1.0));
            let room = || vec![7.0; scratch_len(rows, columns)];
            let got = everywhere(|exec| {
                let mut y = vec![7.0; x.len()];
                normalize(exec, &x, &mean, |c| c as f32 + 1.0, |c| 0.5 * c as f32, &mut y, &mut room());
                y
            });
            let want = |i: usize| (f64::from(x[i]) - f64::from(mean[i % columns])) * ((i % columns) as f64 + 1.0);
            let normalized: Vec<f64> = (0..x.len()).map(|i| want(i) + 0.5 * (i % columns) as f64).collect();
            assert_close(&got, &normalized, 1e-6 * 3.0 * columns as f64);

            let sums = everywhere(|exec| {
                let mut sums = vec![0.0; 2 * columns];
                gradient_sums(exec, Normalized { x: &x, mean: &mean, mask: None }, &dy, &mut room(), |c, first, second| {
                    (sums[c], sums[columns + c]) = (first as f32, second as f32);
                });
                sums
            });
            for c in 0..columns {
                let moved = column(&x, columns, c).map(|x| x - f64::from(mean[c]));
                let product = moved.zip(column(&dy, columns, c)).map(|(x, dy)| x * dy).sum::<f64>();
                assert_close(&[sums[c], sums[columns + c]], &[column(&dy, columns, c).sum(), product], 1e-5 * rows as f64);
            }

            let mask: Vec<f32> = (0..rows).map(|row| if row % 4 == 2 { 0.0 } else { 1.0 }).collect();
            let slope = |c: usize| Slope { factor: 2.0, slope: 0.25 * c as f32, offset: -1.0 };
            for mask in [None, Some(&mask[..])] {
                let dx = everywhere(|exec| {
                    let mut dx = vec![7.0; x.len()];
                    backward(exec, Normalized { x: &x, mean: &mean, mask }, &dy, slope, &mut dx, &mut room());
                    dx
                });
                let counts = |i: usize| mask.map_or(1.0, |mask| f64::from(mask[i / columns]));
                let part = |i: usize| (f64::from(x[i]) - f64::from(mean[i % columns])) * 0.25 * (i % columns) as f64 - 1.0;
                let want: Vec<f64> = (0..x.len()).map(|i| 2.0 * f64::from(dy[i]) + counts(i) * part(i)).collect();
                assert_close(&dx, &want, 1e-6 * 4.0 * columns as f64);
            }
        }
    }
}
