//! Sums in a fixed order.

use super::{Exec, LANES, Simd, chunks_mut, multiversion};

/// Numbers in one chunk of a sum, whatever the threads.
const CHUNK: usize = 8192;

/// Numbers that are worth the way to another thread where each is read or written once, and the work is no more than that.
const SHARE: usize = 32_768;

/// Columns that one call of [`column_sums`] adds up.
const COLUMNS: usize = 64;

/// Adds the partial sums in a fixed tree.
#[inline(always)]
fn combine(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

macro_rules! chunked_sum {
    ($(#[$attr:meta])* $name:ident<$f:ident>($x:ident, $sum:ident) = $value:expr) => {
        $(#[$attr])*
        pub fn $name(exec: Exec<'_>, x: &[f32]) -> f32 {
            multiversion! {
                fn chunk<$f>(x: &[f32]) -> f32 {
                    let mut lanes = [0.0_f32; LANES];
                    let (groups, rest) = x.as_chunks::<LANES>();
                    for group in groups {
                        for ($sum, $x) in lanes.iter_mut().zip(group) {
                            let ($sum, $x): (&mut f32, f32) = ($sum, *$x);
                            *$sum = { let $sum = *$sum; $value };
                        }
                    }
                    for ($sum, $x) in lanes.iter_mut().zip(rest) {
                        let ($sum, $x): (&mut f32, f32) = ($sum, *$x);
                        *$sum = { let $sum = *$sum; $value };
                    }
                    combine(lanes)
                }
            }
            if x.len() <= CHUNK {
                return chunk(exec.simd(), x);
            }
            // Partial sums for up to 64 groups of chunks: enough for any team, and none has to be allocated.
            let mut parts = [0.0; 64];
            let chunks = x.len().div_ceil(CHUNK);
            let group = chunks.div_ceil(parts.len()) * CHUNK;
            exec.for_each(chunks_mut(&mut parts, 1), |index, part| {
                let start = (index * group).min(x.len());
                let end = (start + group).min(x.len());
                part[0] = x[start..end].chunks(CHUNK).fold(0.0, |sum, x| sum + chunk(exec.simd(), x));
            });
            parts.iter().sum()
        }
    };
}

chunked_sum! {
    /// The sum.
    sum<F>(x, sum) = sum + x
}
chunked_sum! {
    /// The sum of squares.
    sum_of_squares<F>(x, sum) = F::mul_add(x, x, sum)
}

/// The sums of the columns of `[rows, y.len()]`, each over ascending rows.
///
/// # Panics
/// When `x` is not whole rows.
pub fn column_sums(exec: Exec<'_>, x: &[f32], y: &mut [f32]) {
    if x.is_empty() {
        y.fill(0.0);
        return;
    }
    let stride = y.len();
    assert!(stride > 0 && x.len().is_multiple_of(stride), "whole rows");
    let width = if x.len() < CHUNK { stride } else { COLUMNS };
    exec.for_each(chunks_mut(y, width), |index, y| columns(exec.simd(), &x[index * width..], stride, 1.0, y));
}

/// `factor` times the sums over the middle of `[…, size, inner]`, each over ascending places: [`column_sums`] of many matrices.
///
/// # Panics
/// When `x` and `y` do not fit each other.
pub fn middle_sums(exec: Exec<'_>, x: &[f32], size: usize, inner: usize, factor: f32, y: &mut [f32]) {
    assert_eq!(x.len(), y.len() * size, "the sizes of a sum over the middle");
    if x.is_empty() {
        y.fill(0.0 * factor);
        return;
    }
    if y.len() == inner {
        column_sums(exec, x, y);
        y.iter_mut().for_each(|y| *y *= factor);
        return;
    }
    let count = Exec::chunk_len(y.len() / inner, SHARE.div_ceil(size * inner));
    exec.for_each(chunks_mut(y, count * inner), |index, y| {
        let x = &x[index * count * size * inner..][..y.len() * size];
        for (y, x) in y.chunks_exact_mut(inner).zip(x.chunks_exact(size * inner)) {
            columns(exec.simd(), x, inner, factor, y);
        }
    });
}

/// `y` is `factor` times `x`, each row of `inner` numbers `size` times over: the gradient of [`middle_sums`].
///
/// # Panics
/// When `x` and `y` do not fit each other.
pub fn repeat_middle(exec: Exec<'_>, x: &[f32], size: usize, inner: usize, factor: f32, y: &mut [f32]) {
    multiversion! {
        fn rows<F>(x: &[f32], factor: f32, y: &mut [f32]) {
            let (first, rest) = y.split_at_mut(x.len());
            first.iter_mut().zip(x).for_each(|(y, x)| *y = factor * x);
            rest.chunks_exact_mut(x.len()).for_each(|y| y.copy_from_slice(first));
        }
    }
    multiversion! {
        fn numbers<F>(x: &[f32], factor: f32, size: usize, y: &mut [f32]) {
            y.chunks_exact_mut(size).zip(x).for_each(|(y, x)| y.fill(factor * x));
        }
    }
    assert_eq!(y.len(), x.len() * size, "the sizes of a repetition");
    if y.is_empty() {
        return;
    }
    let count = Exec::chunk_len(x.len() / inner, SHARE.div_ceil(size * inner));
    exec.for_each(chunks_mut(y, count * size * inner), |index, y| {
        let x = &x[index * count * inner..][..y.len() / size];
        if inner == 1 {
            return numbers(exec.simd(), x, factor, size, y);
        }
        x.chunks_exact(inner).zip(y.chunks_exact_mut(size * inner)).for_each(|(x, y)| rows(exec.simd(), x, factor, y));
    });
}

/// `factor` times the sums of columns, from the first number of `x` on.
fn columns(simd: Simd, x: &[f32], stride: usize, factor: f32, y: &mut [f32]) {
    y.fill(0.0);
    add_columns(simd, x, stride, y);
    if factor != 1.0 {
        y.iter_mut().for_each(|y| *y *= factor);
    }
}

multiversion! {
    /// Adds the rows of `x`, which begin `stride` numbers apart, to `y`: each column is one sum over ascending rows.
    pub(super) fn add_columns<F>(x: &[f32], stride: usize, y: &mut [f32]) {
        let (wide, rest) = y.as_chunks_mut::<COLUMNS>();
        for (block, y) in wide.iter_mut().enumerate() {
            add_block(&x[block * COLUMNS..], stride, y);
        }
        let first = wide.len() * COLUMNS;
        let (narrow, rest) = rest.as_chunks_mut::<LANES>();
        for (block, y) in narrow.iter_mut().enumerate() {
            add_block(&x[first + block * LANES..], stride, y);
        }
        let first = first + narrow.len() * LANES;
        for row in x[first..].chunks(stride) {
            rest.iter_mut().zip(row).for_each(|(y, x)| *y += *x);
        }
    }
}

/// Adds up some columns in registers: in memory, each sum would wait for the one before it to be written.
#[inline(always)]
fn add_block<const N: usize>(x: &[f32], stride: usize, y: &mut [f32; N]) {
    let mut sums = *y;
    for row in x.chunks(stride).filter_map(<[f32]>::first_chunk::<N>) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    *y = sums;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Team;

    #[test]
    fn sums_have_the_same_bits_everywhere_and_are_right() {
        let x: Vec<f32> = (0..300_000_u32).map(|i| (i.wrapping_mul(7919) % 1000) as f32 / 500.0 - 1.0).collect();
        for len in [0, 1, 15, 16, 17, 8192, 8193, 300_000] {
            let x = &x[..len];
            let exact: f64 = x.iter().map(|x| f64::from(*x)).sum();
            let squares: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
            let mut seen = Vec::new();
            for threads in [1, 2, 4] {
                let team = Team::new(threads);
                for simd in Simd::available().filter(|simd| simd.is_fused()) {
                    let exec = Exec::new(&team, simd).unwrap();
                    seen.push((sum(exec, x).to_bits(), sum_of_squares(exec, x).to_bits()));
                }
                let exec = Exec::new(&team, Simd::Portable).unwrap();
                assert!((f64::from(sum(exec, x)) - exact).abs() <= 1e-5 * (1.0 + len as f64).sqrt());
                assert!((f64::from(sum_of_squares(exec, x)) - squares).abs() <= 1e-5 * squares);
            }
            assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{len}: {seen:?}");
        }
    }

    #[test]
    fn columns_are_summed_in_order() {
        let team = Team::new(2);
        let exec = Exec::new(&team, Simd::detect()).unwrap();
        for (rows, n) in [(1, 1), (3, 5), (200, 130), (0, 3), (0, 16), (0, 130)] {
            let x: Vec<f32> = (0..rows * n).map(|i| (i % 17) as f32).collect();
            let mut y = vec![7.0; n];
            column_sums(exec, &x, &mut y);
            for (column, y) in y.iter().enumerate() {
                assert_eq!(*y, (0..rows).map(|row| x[row * n + column]).sum::<f32>());
            }
        }
    }

    #[test]
    fn sums_over_the_middle_and_their_gradient() {
        for threads in [1, 3] {
            let team = Team::new(threads);
            let exec = Exec::new(&team, Simd::detect()).unwrap();
            for (outer, size, inner) in
                [(1, 1, 1), (2, 3, 5), (32, 120, 16), (7, 50, 150), (3, 9000, 1), (1, 200, 150), (0, 3, 2), (3, 0, 2), (3, 0, 16)]
            {
                let x: Vec<f32> = (0..outer * size * inner).map(|i| (i % 17) as f32).collect();
                let at = |o: usize, i: usize| (0..size).map(|s| x[(o * size + s) * inner + i]).sum::<f32>();
                let expected: Vec<f32> = (0..outer * inner).map(|i| 0.5 * at(i / inner, i % inner)).collect();
                let mut y = vec![7.0; outer * inner];
                middle_sums(exec, &x, size, inner, 0.5, &mut y);
                assert_eq!(y, expected);
                let mut back = vec![7.0; x.len()];
                repeat_middle(exec, &y, size, inner, 2.0, &mut back);
                assert!(back.iter().enumerate().all(|(i, b)| *b == 2.0 * y[i / (size * inner) * inner + i % inner]));
            }
        }
    }
}
