//! Convolution of each channel by itself: `y[i, c·m + j] = Σ x[i + k, c]·w[k, c·m + j]` over the places k of the window.
//!
//! Channels lie side by side in vectors. Windows are cut where the map ends instead of meeting zeros; every number is one chain
//! over ascending (row, column) of the window, or of the outputs. With several filters a channel, the channels are repeated
//! first.

use std::ops::Range;

use super::super::vector::{Vector, get, on_every_set, put};
use super::super::{Exec, chunks_mut, reduce};
use super::backward::{by_parts, part_of, parts, sum_parts};
use super::forward::MIN_WORK;
use super::upstream::{Layout, Upstream, spread};
use super::{Conv, tiles};

/// Outputs whose sums are in registers together.
const TOGETHER: usize = 8;

/// Columns of the window whose gradients are summed together.
const TAPS: usize = 4;

pub(super) fn applies(g: &Conv) -> bool {
    g.groups > 1 && g.channels == g.groups
}

/// Filters of a channel.
fn depth(g: &Conv) -> usize {
    g.filters / g.channels
}

/// The same with one filter a channel.
fn repeated(g: &Conv) -> Conv {
    Conv { channels: g.filters, groups: g.filters, ..*g }
}

/// Numbers of the input with its channels repeated, where they are.
fn repeated_room(g: &Conv) -> usize {
    if depth(g) > 1 { repeated(g).lens()[0].next_multiple_of(16) } else { 0 }
}

/// Repeats every channel.
fn repeat(exec: Exec<'_>, g: &Conv, x: &[f32], to: &mut [f32]) {
    let (depth, example) = (depth(g), g.size[0] * g.size[1] * g.channels);
    exec.for_each(chunks_mut(to, example * depth), |index, to| {
        for (x, to) in x[index * example..].iter().zip(to.chunks_exact_mut(depth)) {
            to.fill(*x);
        }
    });
}

/// Room that [`forward`] needs.
pub(super) fn forward_scratch(g: &Conv) -> usize {
    repeated_room(g)
}

/// `y = relu(x ∗ w + bias)`: see the functions for all convolutions, which have checked the sizes.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub(super) fn forward(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
    y: &mut [f32],
    scratch: &mut [f32],
) {
    if depth(g) == 1 {
        outputs(exec, g, x, w, bias, relu, y);
        return;
    }
    let (one, x_room) = (repeated(g), &mut scratch[..repeated(g).lens()[0]]);
    repeat(exec, g, x, x_room);
    outputs(exec, &one, x_room, w, bias, relu, y);
}

/// The outputs of a convolution with one filter a channel.
fn outputs(exec: Exec<'_>, g: &Conv, x: &[f32], w: &[f32], bias: Option<&[f32]>, relu: bool, y: &mut [f32]) {
    assert!(bias.is_none_or(|bias| bias.len() == g.filters), "one bias for each filter");
    let ([rows, columns], example) = (g.output(), g.size[0] * g.size[1] * g.channels);
    let row = columns * g.filters;
    let chunk = Exec::chunk_len(g.batch * rows, MIN_WORK.div_ceil((row * g.kernel[0] * g.kernel[1]).max(1)));
    exec.for_each(chunks_mut(y, chunk * row), |index, y| {
        for (place, y) in (index * chunk..).zip(y.chunks_exact_mut(row)) {
            let x = &x[place / rows * example..][..example];
            // SAFETY: x is an example, y a row of outputs, and the kernel and the bias have the sizes of `g`.
            unsafe { output_row(exec.simd(), g, x, w, bias, relu, place % rows, y) };
        }
    });
}

/// The places of a window along one axis that are inside the map, for the window of output `index`.
#[inline(always)]
fn taps(g: &Conv, axis: usize, index: usize) -> Range<usize> {
    let (start, before, dilation) = (index * g.strides[axis], g.padding[axis][0], g.dilation[axis]);
    let first = before.saturating_sub(start).div_ceil(dilation);
    let end = (before + g.size[axis]).saturating_sub(start).div_ceil(dilation).min(g.kernel[axis]);
    first.min(end)..end
}

/// The outputs of a row whose windows are inside the map.
fn inner(g: &Conv) -> Range<usize> {
    let (before, stride, reach, columns) = (g.padding[1][0], g.strides[1], g.reach()[1], g.output()[1]);
    let first = before.div_ceil(stride).min(columns);
    let end = (before + g.size[1]).checked_sub(reach).map_or(0, |room| room / stride + 1).min(columns);
    first..end.max(first)
}

/// Calls `$body` for every vector of channels, with the first channel and the mask.
macro_rules! by_channels {
    ($vector:ident, $channels:expr, $body:ident::<_>($($arg:expr),* $(,)?)) => {{
        let channels = $channels;
        let whole = channels / $vector::WIDTH * $vector::WIDTH;
        for channel in (0..whole).step_by($vector::WIDTH) {
            $body::<$vector, true>(channel, $vector::first($vector::WIDTH), $($arg),*);
        }
        if whole < channels {
            $body::<$vector, false>(whole, $vector::first(channels - whole), $($arg),*);
        }
    }};
}

on_every_set! {
    /// One row of outputs.
    ///
    /// # Safety
    ///
    /// x is an example of `g`, y a row of its outputs, and the kernel and the bias have its sizes.
    unsafe fn output_row(g: &Conv, x: &[f32], w: &[f32], bias: Option<&[f32]>, relu: bool, row: usize, y: &mut [f32]) = output_row_body
}

#[inline(always)]
unsafe fn output_row_body<V: Vector>(g: &Conv, x: &[f32], w: &[f32], bias: Option<&[f32]>, relu: bool, row: usize, y: &mut [f32]) {
    // SAFETY: as the caller promises.
    unsafe { by_channels!(V, g.channels, output_channels::<_>(g, x, w, bias, relu, row, y)) }
}

#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "what a row of outputs reads and writes")]
unsafe fn output_channels<V: Vector, const ALL: bool>(
    channel: usize,
    mask: V::Mask,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
    row: usize,
    y: &mut [f32],
) {
    // SAFETY: as the caller promises; what is read of x is inside the map, as `taps` and `inner` say.
    unsafe {
        let (rows, inner, columns) = (taps(g, 0, row), inner(g), g.output()[1]);
        let bias = bias.map(|bias| get::<V, ALL>(bias.as_ptr().add(channel), mask));
        let edges = (0..inner.start).chain(inner.end..columns);
        for column in edges {
            let window = [rows.clone(), taps(g, 1, column)];
            output_run::<V, ALL, 1>(channel, mask, g, x, w, bias, relu, window, [row, column], y);
        }
        let window = [rows, 0..g.kernel[1]];
        let whole = inner.start + inner.len() / TOGETHER * TOGETHER;
        for column in (inner.start..whole).step_by(TOGETHER) {
            output_run::<V, ALL, TOGETHER>(channel, mask, g, x, w, bias, relu, window.clone(), [row, column], y);
        }
        for column in whole..inner.end {
            output_run::<V, ALL, 1>(channel, mask, g, x, w, bias, relu, window.clone(), [row, column], y);
        }
    }
}

/// Some outputs side by side, from these places of the window.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "what outputs read and write")]
unsafe fn output_run<V: Vector, const ALL: bool, const N: usize>(
    channel: usize,
    mask: V::Mask,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    bias: Option<V>,
    relu: bool,
    window: [Range<usize>; 2],
    [row, column]: [usize; 2],
    y: &mut [f32],
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut sums = [V::zero(); N];
        let [rows, taps] = window;
        for i in rows {
            let line = row * g.strides[0] + i * g.dilation[0] - g.padding[0][0];
            for j in taps.clone() {
                let place = line * g.size[1] + column * g.strides[1] + j * g.dilation[1] - g.padding[1][0];
                let from = x.as_ptr().add(place * g.channels + channel);
                let w = get::<V, ALL>(w.as_ptr().add((i * g.kernel[1] + j) * g.channels + channel), mask);
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add_product(get::<V, ALL>(from.add(n * g.strides[1] * g.channels), mask), w);
                }
            }
        }
        for (n, sum) in sums.into_iter().enumerate() {
            let sum = if let Some(bias) = bias { sum.add(bias) } else { sum };
            let sum = if relu { sum.relu() } else { sum };
            put::<V, ALL>(sum, y.as_mut_ptr().add((column + n) * g.channels + channel), mask);
        }
    }
}

/// The gradient of an example before relu and pool, and the sums of a part of the batch.
fn part_len(g: &Conv) -> usize {
    (Layout::new(g, false).len(g) + g.weights() + g.filters).next_multiple_of(16)
}

/// Room that [`backward`] needs.
pub(super) fn backward_scratch(g: &Conv) -> usize {
    g.weights().next_multiple_of(16) + 2 * repeated_room(g) + parts(g) * part_len(g)
}

/// The gradients by the input, by the kernel and by the bias: see the function for all convolutions, which has checked the sizes.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub(super) fn backward(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    upstream: Upstream<'_>,
    dx: Option<&mut [f32]>,
    dw: Option<&mut [f32]>,
    db: Option<&mut [f32]>,
    scratch: &mut [f32],
) {
    if depth(g) == 1 {
        gradients(exec, g, x, w, upstream, dx, dw, db, scratch);
        return;
    }
    let (one, room) = (repeated(g), repeated_room(g));
    let (repeated_x, rest) = scratch.split_at_mut(room);
    let (repeated_dx, rest) = rest.split_at_mut(room);
    let (repeated_x, repeated_dx) = (&mut repeated_x[..one.lens()[0]], &mut repeated_dx[..one.lens()[0]]);
    if dw.is_some() {
        repeat(exec, g, x, repeated_x);
    }
    let by_input = dx.is_some().then_some(&mut *repeated_dx);
    gradients(exec, &one, repeated_x, w, upstream, by_input, dw, db, rest);
    let Some(dx) = dx else { return };
    let (depth, example) = (depth(g), g.size[0] * g.size[1] * g.channels);
    exec.for_each(chunks_mut(dx, example), |index, dx| {
        for (dx, from) in dx.iter_mut().zip(repeated_dx[index * example * depth..].chunks_exact(depth)) {
            *dx = from[1..].iter().fold(from[0], |sum, x| sum + x);
        }
    });
}

/// The gradients of a convolution with one filter a channel.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
fn gradients(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    upstream: Upstream<'_>,
    dx: Option<&mut [f32]>,
    dw: Option<&mut [f32]>,
    db: Option<&mut [f32]>,
    scratch: &mut [f32],
) {
    upstream.check(g);
    let (by_kernel, by_bias) = (dw.is_some(), db.is_some());
    let (flipped, work) = scratch.split_at_mut(g.weights().next_multiple_of(16));
    let flipped = &mut flipped[..g.weights()];
    for (from, to) in w.chunks_exact(g.channels).rev().zip(flipped.chunks_exact_mut(g.channels)) {
        to.copy_from_slice(from);
    }
    let (flipped, turned, layout) = (&*flipped, turned(g), Layout::new(g, false));
    let (z_len, example_len) = (layout.len(g), g.size[0] * g.size[1] * g.channels);
    let (count, part_len) = (parts(g), part_len(g));
    let work = &mut work[..count * part_len];
    let mut inputs = by_parts(g, count, dx);
    exec.for_each((chunks_mut(work, part_len), chunks_mut(&mut inputs[..count], 1)), |part, (work, dx)| {
        let (room, sums) = work.split_at_mut(z_len);
        let (dw, db) = sums.split_at_mut(g.weights());
        let db = &mut db[..g.filters];
        dw.fill(0.0);
        db.fill(0.0);
        let examples = part_of(g, count, part);
        for example in examples.clone() {
            let dz = if let Upstream::Plain { dy } = upstream {
                &dy[example * z_len..][..z_len]
            } else {
                room.fill(0.0);
                spread(exec, g, &layout, upstream, example, room);
                &*room
            };
            if by_bias {
                reduce::add_columns(exec.simd(), dz, g.filters, db);
            }
            if by_kernel {
                let x = &x[example * example_len..][..example_len];
                // SAFETY: x and dz are an example of `g`, and dw has the size of its kernel.
                unsafe { kernel_sums(exec.simd(), g, x, dz, dw) };
            }
            let Some(dx) = &mut dx[0] else { continue };
            let dx = &mut dx[(example - examples.start) * example_len..][..example_len];
            for (row, dx) in dx.chunks_exact_mut(g.size[1] * g.channels).enumerate() {
                // SAFETY: dz is an example, dx a row of it, and both kernels have the size of the kernel.
                unsafe {
                    match &turned {
                        Some(turned) => output_row(exec.simd(), turned, dz, flipped, None, false, row, dx),
                        None => input_row(exec.simd(), g, dz, w, row, dx),
                    }
                }
            }
        }
    });
    sum_parts(exec, work, part_len, z_len, g.weights(), dw, db);
}

/// The convolution of the gradient with the kernel turned round, which brings it to the input, where windows are one step apart.
fn turned(g: &Conv) -> Option<Conv> {
    let reach = g.reach();
    let around = |axis: usize| {
        let before = (reach[axis] - 1).checked_sub(g.padding[axis][0])?;
        Some([before, (reach[axis] - 1).checked_sub(g.padding[axis][1])?])
    };
    let padding = [around(0)?, around(1)?];
    let turned = Conv { size: g.output(), padding, ..*g };
    (!g.is_strided() && turned.output() == g.size).then_some(turned)
}

on_every_set! {
    /// Adds what an example gives to the gradient of the kernel.
    ///
    /// # Safety
    ///
    /// x and dz are an example of `g`, and dw has the size of its kernel.
    unsafe fn kernel_sums(g: &Conv, x: &[f32], dz: &[f32], dw: &mut [f32]) = kernel_sums_body
}

#[inline(always)]
unsafe fn kernel_sums_body<V: Vector>(g: &Conv, x: &[f32], dz: &[f32], dw: &mut [f32]) {
    // SAFETY: as the caller promises.
    unsafe { by_channels!(V, g.channels, kernel_channels::<_>(g, x, dz, dw)) }
}

#[inline(always)]
unsafe fn kernel_channels<V: Vector, const ALL: bool>(channel: usize, mask: V::Mask, g: &Conv, x: &[f32], dz: &[f32], dw: &mut [f32]) {
    // SAFETY: as the caller promises.
    unsafe {
        for row in 0..g.output()[0] {
            for i in taps(g, 0, row) {
                for columns in tiles(g.kernel[1], TAPS) {
                    let at = [row, i, columns.start];
                    match columns.len() {
                        1 => kernel_run::<V, ALL, 1>(channel, mask, g, x, dz, at, dw),
                        2 => kernel_run::<V, ALL, 2>(channel, mask, g, x, dz, at, dw),
                        3 => kernel_run::<V, ALL, 3>(channel, mask, g, x, dz, at, dw),
                        _ => kernel_run::<V, ALL, TAPS>(channel, mask, g, x, dz, at, dw),
                    }
                }
            }
        }
    }
}

/// Some columns of a row of the window, from one row of outputs: `at` is that row, the row of the window and its first column.
#[inline(always)]
unsafe fn kernel_run<V: Vector, const ALL: bool, const N: usize>(
    channel: usize,
    mask: V::Mask,
    g: &Conv,
    x: &[f32],
    dz: &[f32],
    at: [usize; 3],
    dw: &mut [f32],
) {
    // SAFETY: as the caller promises; what is read of x is inside the map, as `taps` and `inner` say.
    unsafe {
        let ([row, i, first], columns, inner) = (at, g.output()[1], inner(g));
        let line = row * g.strides[0] + i * g.dilation[0] - g.padding[0][0];
        let dw = dw.as_mut_ptr().add((i * g.kernel[1] + first) * g.channels + channel);
        let mut sums = [V::zero(); N];
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum = get::<V, ALL>(dw.add(j * g.channels), mask);
        }
        let x_at = |column: usize, j: usize| {
            (line * g.size[1] + column * g.strides[1] + (first + j) * g.dilation[1] - g.padding[1][0]) * g.channels + channel
        };
        let dz = dz.as_ptr().add(row * columns * g.channels + channel);
        for (run, whole) in [(0..inner.start, false), (inner.clone(), true), (inner.end..columns, false)] {
            for column in run {
                let dz = get::<V, ALL>(dz.add(column * g.channels), mask);
                let inside = if whole { 0..g.kernel[1] } else { taps(g, 1, column) };
                for (j, sum) in sums.iter_mut().enumerate() {
                    if whole || inside.contains(&(first + j)) {
                        *sum = sum.add_product(get::<V, ALL>(x.as_ptr().add(x_at(column, j)), mask), dz);
                    }
                }
            }
        }
        for (j, sum) in sums.into_iter().enumerate() {
            put::<V, ALL>(sum, dw.add(j * g.channels), mask);
        }
    }
}

on_every_set! {
    /// One row of the gradient by the input, window by window.
    ///
    /// # Safety
    ///
    /// dz is an example of `g`, dx a row of its input, and w has the size of the kernel.
    unsafe fn input_row(g: &Conv, dz: &[f32], w: &[f32], row: usize, dx: &mut [f32]) = input_row_body
}

#[inline(always)]
unsafe fn input_row_body<V: Vector>(g: &Conv, dz: &[f32], w: &[f32], row: usize, dx: &mut [f32]) {
    dx.fill(0.0);
    // SAFETY: as the caller promises.
    unsafe { by_channels!(V, g.channels, input_channels::<_>(g, dz, w, row, dx)) }
}

#[inline(always)]
unsafe fn input_channels<V: Vector, const ALL: bool>(
    channel: usize,
    mask: V::Mask,
    g: &Conv,
    dz: &[f32],
    w: &[f32],
    row: usize,
    dx: &mut [f32],
) {
    // SAFETY: as the caller promises; what is written is inside the row, as `taps` says.
    unsafe {
        let [rows, columns] = g.output();
        for i in 0..g.kernel[0] {
            let Some(from) = (row + g.padding[0][0]).checked_sub(i * g.dilation[0]) else { continue };
            let from = if from % g.strides[0] == 0 { from / g.strides[0] } else { rows };
            if from >= rows {
                continue;
            }
            for column in 0..columns {
                let dz = get::<V, ALL>(dz.as_ptr().add((from * columns + column) * g.channels + channel), mask);
                for j in taps(g, 1, column) {
                    let w = get::<V, ALL>(w.as_ptr().add((i * g.kernel[1] + j) * g.channels + channel), mask);
                    let place = column * g.strides[1] + j * g.dilation[1] - g.padding[1][0];
                    let to = dx.as_mut_ptr().add(place * g.channels + channel);
                    put::<V, ALL>(get::<V, ALL>(to, mask).add_product(dz, w), to, mask);
                }
            }
        }
    }
}
