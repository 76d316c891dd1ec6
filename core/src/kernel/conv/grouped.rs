//! Convolution in groups of few channels: `y[i, f] = Σ x[i + k, C·⌊f / F⌋ + c]·w[k, c, f]` over the places k of the window and
//! the C channels of a group, which has F filters.
//!
//! The filters of one group fill a small part of a vector, so that those of several groups lie in it side by side. What they
//! meet is one vector of the input too, whose numbers are picked for each c: filter f takes channel `C·⌊f / F⌋ + c`. The kernel
//! is read as it lies, and every sum is the same chain as without.

#![allow(clippy::needless_range_loop, reason = "places and channels, counted as in the formulas")]

use std::ops::Range;

use super::super::Simd;
use super::super::vector::{Vector, get, on_every_set, put};
use super::Conv;

/// Channels and filters of a group at most: half of the widest vector.
const MOST: usize = 8;

/// Outputs whose sums are in registers together.
const TOGETHER: usize = 8;

/// Whether a vector holds the channels and the filters of a group, and its filters fill half of the widest vector at most.
pub(super) fn applies(simd: Simd, g: &Conv) -> bool {
    let most = if simd == Simd::Portable { <[f32; 4] as Vector>::WIDTH } else { MOST };
    g.groups > 1 && g.group_channels().max(g.group_filters()) <= most
}

/// Whether the gradient of the kernel is faster this way, too: where filters fill half of the widest vector, it is not.
pub(super) fn sums_apply(simd: Simd, g: &Conv) -> bool {
    applies(simd, g) && g.group_channels().max(g.group_filters()) <= MOST / 2
}

/// The groups of one vector.
#[derive(Clone, Copy)]
struct Groups<V: Vector> {
    /// The first channel and the first filter.
    first: [usize; 2],
    /// The channels and the filters that count.
    channels: V::Mask,
    filters: V::Mask,
}

/// Which channels the filters of a vector meet, for each c.
unsafe fn picks<V: Vector>(g: &Conv) -> [V::Places; MOST] {
    let (channels, filters) = (g.group_channels(), g.group_filters());
    let last = V::WIDTH - 1;
    // SAFETY: as the caller promises.
    let of = |c: usize| unsafe { V::places(std::array::from_fn(|filter| (filter / filters * channels + c).min(last) as i32)) };
    std::array::from_fn(of)
}

/// Calls `$body` for the groups of each vector; with `true` where all numbers of the vector count.
macro_rules! by_groups {
    ($vector:ident, $g:expr, $body:ident::<_>($($arg:expr),* $(,)?)) => {{
        let (channels, filters) = ($g.group_channels(), $g.group_filters());
        let most = $vector::WIDTH / channels.max(filters);
        for first in (0..$g.groups).step_by(most) {
            let count = most.min($g.groups - first);
            let groups = Groups::<$vector> {
                first: [first * channels, first * filters],
                channels: $vector::first(count * channels),
                filters: $vector::first(count * filters),
            };
            if count * channels == $vector::WIDTH && count * filters == $vector::WIDTH {
                $body::<$vector, true>(&groups, $($arg),*);
            } else {
                $body::<$vector, false>(&groups, $($arg),*);
            }
        }
    }};
}

/// A row of outputs: what it is computed from, and where it goes.
pub(super) struct Row<'a> {
    /// The first place of the input that the window of its first output stands on, zeros included.
    pub(super) x: *const f32,
    pub(super) w: *const f32,
    pub(super) bias: Option<&'a [f32]>,
    pub(super) relu: bool,
    /// The rows of the window that count.
    pub(super) window: Range<usize>,
    /// How many outputs.
    pub(super) columns: usize,
    pub(super) y: *mut f32,
}

on_every_set! {
    /// Computes a row of outputs.
    ///
    /// # Safety
    ///
    /// The windows of the row's outputs stand inside the input, the kernel and the bias have the sizes of `g`, which `applies`,
    /// and no other thread touches the outputs.
    pub(super) unsafe fn outputs(g: &Conv, row: &Row<'_>) = outputs_body
}

#[inline(always)]
unsafe fn outputs_body<V: Vector>(g: &Conv, row: &Row<'_>) {
    // SAFETY: as the caller promises. The last run begins before the one ahead of it has ended, and computes the same numbers
    // again. All groups of a run come before the next run: what they read lies side by side.
    unsafe {
        let (columns, picks) = (row.columns, picks::<V>(g));
        if columns < TOGETHER {
            for column in 0..columns {
                by_groups!(V, g, run_of_one::<_>(&picks, g, row, column));
            }
            return;
        }
        for column in (0..columns).step_by(TOGETHER) {
            by_groups!(V, g, run_of_all::<_>(&picks, g, row, column.min(columns - TOGETHER)));
        }
    }
}

#[inline(always)]
unsafe fn run_of_one<V: Vector, const ALL: bool>(groups: &Groups<V>, picks: &[V::Places; MOST], g: &Conv, row: &Row<'_>, column: usize) {
    // SAFETY: as the caller of `outputs` promises.
    unsafe { run::<V, ALL, 1>(groups, picks, g, row, column) }
}

#[inline(always)]
unsafe fn run_of_all<V: Vector, const ALL: bool>(groups: &Groups<V>, picks: &[V::Places; MOST], g: &Conv, row: &Row<'_>, column: usize) {
    // SAFETY: as the caller of `outputs` promises.
    unsafe { run::<V, ALL, TOGETHER>(groups, picks, g, row, column) }
}

/// Some outputs side by side.
#[inline(always)]
unsafe fn run<V: Vector, const ALL: bool, const N: usize>(
    groups: &Groups<V>,
    picks: &[V::Places; MOST],
    g: &Conv,
    row: &Row<'_>,
    column: usize,
) {
    // SAFETY: as the caller of `outputs` promises.
    unsafe {
        let (channels, pixel, line) = (g.group_channels(), g.strides[1] * g.channels, g.dilation[0] * g.padded()[1] * g.channels);
        let [channel, filter] = groups.first;
        let x = row.x.add(column * pixel + channel);
        let mut sums = [V::zero(); N];
        for i in row.window.clone() {
            for j in 0..g.kernel[1] {
                let x = x.add(i * line + j * g.dilation[1] * g.channels);
                let w = row.w.add((i * g.kernel[1] + j) * channels * g.filters + filter);
                for (c, places) in picks[..channels].iter().enumerate() {
                    let w = get::<V, ALL>(w.add(c * g.filters), groups.filters);
                    for (n, sum) in sums.iter_mut().enumerate() {
                        *sum = sum.add_product(get::<V, ALL>(x.add(n * pixel), groups.channels).pick(*places), w);
                    }
                }
            }
        }
        for (n, sum) in sums.into_iter().enumerate() {
            let sum = if let Some(bias) = row.bias { sum.add(get::<V, ALL>(bias.as_ptr().add(filter), groups.filters)) } else { sum };
            let sum = if row.relu { sum.relu() } else { sum };
            put::<V, ALL>(sum, row.y.add((column + n) * g.filters + filter), groups.filters);
        }
    }
}

/// Rows of places whose gradients of the kernel are added: how far x and dz are from one example, row and column to the next.
pub(super) struct Places {
    pub(super) x: *const f32,
    pub(super) dz: *const f32,
    pub(super) counts: [usize; 3],
    pub(super) x_steps: [usize; 3],
    pub(super) dz_steps: [usize; 3],
    /// Whether the sums go on from what dw holds.
    pub(super) resume: bool,
}

on_every_set! {
    /// Adds what some places give to the gradient of the kernel, or begins with it: every sum is one chain over the places.
    ///
    /// # Safety
    ///
    /// The windows of all places stand inside x, dz can be read at all of them, and dw is a kernel of `g`, to which `sums_apply`.
    pub(super) unsafe fn kernel_gradient(g: &Conv, places: &Places, dw: &mut [f32]) = kernel_gradient_body
}

#[inline(always)]
unsafe fn kernel_gradient_body<V: Vector>(g: &Conv, places: &Places, dw: &mut [f32]) {
    // SAFETY: as the caller promises.
    unsafe {
        let picks = picks::<V>(g);
        by_groups!(V, g, kernel_of::<_>(&picks, g, places, dw));
    }
}

#[inline(always)]
unsafe fn kernel_of<V: Vector, const ALL: bool>(groups: &Groups<V>, picks: &[V::Places; MOST], g: &Conv, places: &Places, dw: &mut [f32]) {
    // SAFETY: as the caller of `kernel_gradient` promises.
    unsafe {
        match g.group_channels() {
            1 => taps_of::<V, ALL, 1>(groups, picks, g, places, dw),
            2 => taps_of::<V, ALL, 2>(groups, picks, g, places, dw),
            3 => taps_of::<V, ALL, 3>(groups, picks, g, places, dw),
            _ => taps_of::<V, ALL, 4>(groups, picks, g, places, dw),
        }
    }
}

/// All places of the kernel: three of a row at a time, whose sums stay in registers.
#[inline(always)]
unsafe fn taps_of<V: Vector, const ALL: bool, const C: usize>(
    groups: &Groups<V>,
    picks: &[V::Places; MOST],
    g: &Conv,
    places: &Places,
    dw: &mut [f32],
) {
    // SAFETY: as the caller of `kernel_gradient` promises.
    unsafe {
        let together = g.kernel[1] / 3 * 3;
        for i in 0..g.kernel[0] {
            for j in (0..together).step_by(3) {
                some_taps::<V, ALL, C, 3>(groups, picks, g, places, [i, j], dw);
            }
            for j in together..g.kernel[1] {
                some_taps::<V, ALL, C, 1>(groups, picks, g, places, [i, j], dw);
            }
        }
    }
}

/// Some places of a row of the kernel, all of whose C channels have their sums in registers.
#[inline(always)]
unsafe fn some_taps<V: Vector, const ALL: bool, const C: usize, const T: usize>(
    groups: &Groups<V>,
    picks: &[V::Places; MOST],
    g: &Conv,
    places: &Places,
    [i, j]: [usize; 2],
    dw: &mut [f32],
) {
    // SAFETY: as the caller of `kernel_gradient` promises.
    unsafe {
        let [channel, filter] = groups.first;
        let tap = g.dilation[1] * g.channels;
        let x = places.x.add(i * g.dilation[0] * g.padded()[1] * g.channels + j * tap + channel);
        let (dz, dw) = (places.dz.add(filter), dw.as_mut_ptr().add((i * g.kernel[1] + j) * C * g.filters + filter));
        let mut sums = [[V::zero(); T]; C];
        if places.resume {
            for c in 0..C {
                for t in 0..T {
                    sums[c][t] = get::<V, ALL>(dw.add((t * C + c) * g.filters), groups.filters);
                }
            }
        }
        let ([examples, rows, columns], [x_steps, dz_steps]) = (places.counts, [places.x_steps, places.dz_steps]);
        for example in 0..examples {
            for row in 0..rows {
                let (mut x, mut dz) = (x.add(example * x_steps[0] + row * x_steps[1]), dz.add(example * dz_steps[0] + row * dz_steps[1]));
                for _ in 0..columns {
                    let by = get::<V, ALL>(dz, groups.filters);
                    let mut met = [V::zero(); T];
                    for (t, met) in met.iter_mut().enumerate() {
                        *met = get::<V, ALL>(x.add(t * tap), groups.channels);
                    }
                    for (sums, places) in sums.iter_mut().zip(picks) {
                        for (sum, met) in sums.iter_mut().zip(met) {
                            *sum = sum.add_product(met.pick(*places), by);
                        }
                    }
                    (x, dz) = (x.wrapping_add(x_steps[2]), dz.wrapping_add(dz_steps[2]));
                }
            }
        }
        for c in 0..C {
            for t in 0..T {
                put::<V, ALL>(sums[c][t], dw.add((t * C + c) * g.filters), groups.filters);
            }
        }
    }
}
