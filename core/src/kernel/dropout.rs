//! Random factors and noise, drawn from a key and never stored.

use super::{Exec, chunks_mut, math, multiversion};
use crate::rng::{Key, philox};

/// Numbers that make a chunk worth its way to another thread.
const CHUNK: usize = 2048;

/// Numbers whose draws are made together: a block of the generator is four draws, and 16 blocks side by side fill the vectors.
const GROUP: usize = 64;

/// Where the draws of a matrix come from. The draw of an element depends on the key, on its row (`first_row` and on), and on
/// its place in the row.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// What the draws are for.
    pub key: Key,
    /// Where the first row stands among all.
    pub first_row: u64,
    /// Numbers in a row.
    pub len: usize,
}

impl Rows {
    fn for_each(self, exec: Exec<'_>, x: &[f32], y: &mut [f32], row: impl Fn(u64, &[f32], &mut [f32]) + Sync) {
        assert_eq!(x.len(), y.len(), "slices of one length");
        if self.len == 0 {
            return;
        }
        let chunk = Exec::chunk_len(x.len() / self.len, CHUNK.div_ceil(self.len));
        exec.for_each(chunks_mut(y, chunk * self.len), |index, y| {
            for (r, y) in y.chunks_exact_mut(self.len).enumerate() {
                let place = index * chunk + r;
                row(self.first_row + place as u64, &x[place * self.len..][..self.len], y);
            }
        });
    }
}

/// The draws for one group of numbers in a row.
#[inline(always)]
fn draws(key: u64, row: u64, group: usize) -> [[u32; 16]; 4] {
    let mut draws = [[0_u32; 16]; 4];
    for lane in 0..16 {
        let block = philox([(group * 16 + lane) as u32, 0, row as u32, (row >> 32) as u32], key);
        for (draws, draw) in draws.iter_mut().zip(block) {
            draws[lane] = draw;
        }
    }
    draws
}

/// What a draw is below with probability `1 − rate`.
fn keep_below(rate: f32) -> u32 {
    ((1.0 - f64::from(rate)) * f64::from(u32::MAX)).round() as u32
}

/// `y = x / (1 − rate)` with probability `1 − rate`, else 0.
///
/// # Panics
/// When `x` and `y` are not of the same length.
pub fn dropout(exec: Exec<'_>, rows: Rows, rate: f32, x: &[f32], y: &mut [f32]) {
    scaled_dropout(exec, rows, rate, (1.0 / (1.0 - f64::from(rate))) as f32, x, y);
}

/// `y = x·scale` with probability `1 − rate`, else 0.
///
/// # Panics
/// When `x` and `y` are not of the same length.
pub fn scaled_dropout(exec: Exec<'_>, rows: Rows, rate: f32, scale: f32, x: &[f32], y: &mut [f32]) {
    multiversion! {
        fn row<F>(key: u64, row: u64, keep_below: u32, scale: f32, x: &[f32], y: &mut [f32]) {
            for (group, (x, y)) in x.chunks(GROUP).zip(y.chunks_mut(GROUP)).enumerate() {
                let draws = draws(key, row, group);
                for ((y, x), draw) in y.iter_mut().zip(x).zip(draws.as_flattened()) {
                    *y = if *draw < keep_below { *x * scale } else { 0.0 };
                }
            }
        }
    }
    let keep_below = keep_below(rate);
    rows.for_each(exec, x, y, |place, x, y| row(exec.simd(), rows.key.bits(), place, keep_below, scale, x, y));
}

/// `y = x·scale + offset` with probability `1 − rate`, else `dropped`.
///
/// # Panics
/// When `x` and `y` are not of the same length.
pub fn dropout_to(exec: Exec<'_>, rows: Rows, rate: f32, [scale, offset, dropped]: [f32; 3], x: &[f32], y: &mut [f32]) {
    multiversion! {
        fn row<F>(key: u64, row: u64, keep_below: u32, scale: f32, offset: f32, dropped: f32, x: &[f32], y: &mut [f32]) {
            for (group, (x, y)) in x.chunks(GROUP).zip(y.chunks_mut(GROUP)).enumerate() {
                let draws = draws(key, row, group);
                for ((y, x), draw) in y.iter_mut().zip(x).zip(draws.as_flattened()) {
                    let kept = F::mul_add(*x, scale, offset);
                    *y = if *draw < keep_below { kept } else { dropped };
                }
            }
        }
    }
    let keep_below = keep_below(rate);
    rows.for_each(exec, x, y, |place, x, y| row(exec.simd(), rows.key.bits(), place, keep_below, scale, offset, dropped, x, y));
}

/// `y = x + stddev·z`, with `z` from the standard normal distribution.
///
/// # Panics
/// When `x` and `y` are not of the same length.
pub fn add_noise(exec: Exec<'_>, rows: Rows, stddev: f32, x: &[f32], y: &mut [f32]) {
    multiversion! {
        fn row<F>(key: u64, row: u64, stddev: f32, x: &[f32], y: &mut [f32]) {
            for (group, (x, y)) in x.chunks(GROUP).zip(y.chunks_mut(GROUP)).enumerate() {
                let draws = draws(key, row, group);
                for ((y, x), draw) in y.iter_mut().zip(x).zip(draws.as_flattened()) {
                    *y = F::mul_add(stddev, math::normal::<F>(*draw), *x);
                }
            }
        }
    }
    rows.for_each(exec, x, y, |place, x, y| row(exec.simd(), rows.key.bits(), place, stddev, x, y));
}

/// `y = x·(1 + stddev·z)`, with `z` from the standard normal distribution.
///
/// # Panics
/// When `x` and `y` are not of the same length.
pub fn multiply_noise(exec: Exec<'_>, rows: Rows, stddev: f32, x: &[f32], y: &mut [f32]) {
    multiversion! {
        fn row<F>(key: u64, row: u64, stddev: f32, x: &[f32], y: &mut [f32]) {
            for (group, (x, y)) in x.chunks(GROUP).zip(y.chunks_mut(GROUP)).enumerate() {
                let draws = draws(key, row, group);
                for ((y, x), draw) in y.iter_mut().zip(x).zip(draws.as_flattened()) {
                    *y = x * F::mul_add(stddev, math::normal::<F>(*draw), 1.0);
                }
            }
        }
    }
    rows.for_each(exec, x, y, |place, x, y| row(exec.simd(), rows.key.bits(), place, stddev, x, y));
}

/// Drops whole channels of `[rows, places, channels]`: `y = x / (1 − rate)` with probability `1 − rate`, else 0, the same for
/// all places of a row. `rows.len` is the number of channels; `scratch` has room for two numbers for each channel of each row.
///
/// # Panics
/// When `x` and `y` are not of the same length.
pub fn dropout_channels(exec: Exec<'_>, rows: Rows, places: usize, rate: f32, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "slices of one length");
    let (channels, row) = (rows.len, places * rows.len);
    if row == 0 {
        return;
    }
    let (ones, factors) = scratch.split_at_mut(scratch.len() / 2);
    ones.fill(1.0);
    dropout(exec, rows, rate, ones, factors);
    let factors = &*factors;
    let chunk = Exec::chunk_len(x.len() / row, (8 * CHUNK).div_ceil(row));
    exec.for_each(chunks_mut(y, chunk * row), |index, y| {
        let x = x[index * chunk * row..].chunks_exact(row);
        for ((y, x), factors) in y.chunks_exact_mut(row).zip(x).zip(factors[index * chunk * channels..].chunks_exact(channels)) {
            multiply_rows(exec.simd(), x, factors, y);
        }
    });
}

multiversion! {
    fn multiply_rows<F>(x: &[f32], factors: &[f32], y: &mut [f32]) {
        for (y, x) in y.chunks_exact_mut(factors.len()).zip(x.chunks_exact(factors.len())) {
            y.iter_mut().zip(x).zip(factors).for_each(|((y, x), factor)| *y = x * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::everywhere;
    use super::*;

    fn rows(len: usize) -> Rows {
        Rows { key: Key::new(5), first_row: 3, len }
    }

    fn moments(y: &[f32]) -> (f64, f64) {
        let mean = y.iter().map(|y| f64::from(*y)).sum::<f64>() / y.len() as f64;
        (mean, y.iter().map(|y| (f64::from(*y) - mean).powi(2)).sum::<f64>() / y.len() as f64)
    }

    #[test]
    fn noise_has_its_mean_and_variance_and_does_not_depend_on_threads() {
        let x = vec![2.0; 300 * 257];
        let run = |kernel: fn(Exec<'_>, Rows, f32, &[f32], &mut [f32])| {
            everywhere(|exec| {
                let mut y = vec![0.0; x.len()];
                kernel(exec, rows(257), 0.5, &x, &mut y);
                y
            })
        };
        let (mean, variance) = moments(&run(add_noise));
        assert!((mean - 2.0).abs() < 0.01 && (variance - 0.25).abs() < 0.01, "{mean} {variance}");
        let (mean, variance) = moments(&run(multiply_noise));
        assert!((mean - 2.0).abs() < 0.02 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        let (mean, _) = moments(&run(dropout));
        assert!((mean - 2.0).abs() < 0.03, "{mean}");
    }

    #[test]
    fn what_is_dropped_takes_the_value_given_for_it() {
        let x = vec![2.0; 100 * 70];
        let y = everywhere(|exec| {
            let mut y = vec![0.0; x.len()];
            dropout_to(exec, rows(70), 0.25, [3.0, 0.5, -1.0], &x, &mut y);
            y
        });
        let kept = y.iter().filter(|y| **y == 6.5).count();
        assert_eq!(y.iter().filter(|y| **y == -1.0).count(), y.len() - kept);
        assert!((kept as f64 / y.len() as f64 - 0.75).abs() < 0.02, "{kept}");
    }

    #[test]
    fn channels_are_dropped_in_all_places() {
        let (batch, places, channels) = (40, 30, 50);
        let x: Vec<f32> = (0..batch * places * channels).map(|i| 1.0 + i as f32).collect();
        let y = everywhere(|exec| {
            let (mut y, mut scratch) = (vec![7.0; x.len()], vec![7.0; 2 * batch * channels]);
            dropout_channels(exec, rows(channels), places, 0.5, &x, &mut y, &mut scratch);
            y
        });
        for (x, y) in x.chunks(places * channels).zip(y.chunks(places * channels)) {
            assert!(x.iter().zip(y).all(|(x, y)| *y == 0.0 || *y == 2.0 * x));
            for channel in 0..channels {
                let dropped: Vec<bool> = y[channel..].iter().step_by(channels).map(|y| *y == 0.0).collect();
                assert!(dropped.iter().all(|d| *d == dropped[0]), "channel {channel}");
            }
        }
        let kept = y.iter().filter(|y| **y != 0.0).count() as f64 / y.len() as f64;
        assert!((kept - 0.5).abs() < 0.05, "{kept}");
    }
}
