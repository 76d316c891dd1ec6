//! Gradients of a convolution by its input, its kernel and its bias.

use std::ops::Range;

use super::super::gemm::{Around, Kernels, Nest, Tile, View};
use super::super::{Exec, Gemm, Mat, MatMut, chunks_mut, elementwise, gemm, reduce};
use super::forward::{Rows, Weights, weights_room};
use super::upstream::{Layout, Upstream, spread};
use super::{Conv, depthwise, grouped, pad, panels, tiles, transposed, transposed_scratch, winograd};

/// Parts of the batch at most, whose gradients of the kernel are summed as a tree.
const PARTS: usize = 8;

/// Numbers of input and gradient that are gone through for all of the kernel before the next: they stay in the second cache.
const BLOCK: usize = 64 << 10;

/// Room that [`backward`] needs.
pub fn backward_scratch(g: &Conv, pool: Option<[usize; 2]>) -> usize {
    if depthwise::applies(g) {
        return depthwise::backward_scratch(g);
    }
    if winograd::applies(g) && pool.is_none_or(|pool| pool == [2, 2]) {
        return winograd::backward_scratch(g);
    }
    let direct = direct_scratch(g);
    if g.is_strided() { gradient_room(g) + direct.max(transposed_scratch(g)) } else { direct }
}

/// Room for the gradient before relu and pool of a whole batch.
fn gradient_room(g: &Conv) -> usize {
    g.lens()[1].next_multiple_of(16)
}

/// Room that [`direct`] needs.
fn direct_scratch(g: &Conv) -> usize {
    let padded = if g.is_padded() { g.lens()[2].next_multiple_of(16) } else { 0 };
    let z_len = Layout::new(g, true).len(g).max(Layout::new(g, false).len(g));
    let work = together(g) * z_len + g.weights() + g.filters;
    padded + turned_rooms(g).iter().sum::<usize>() + parts(g) * work.next_multiple_of(16)
}

/// Whether the gradients are products of matrices as they lie: where there are few channels, rows of places are faster.
fn multiplies(g: &Conv) -> bool {
    g.is_pointwise() && g.channels.min(g.filters) >= 256
}

/// Room for the kernel turned round, and for its panels.
fn turned_rooms(g: &Conv) -> [usize; 2] {
    if multiplies(g) { [0, 0] } else { [g.weights().next_multiple_of(16), weights_room(&turned(g))] }
}

/// How many parts the batch is cut into.
pub(super) fn parts(g: &Conv) -> usize {
    g.batch.clamp(1, PARTS)
}

/// The examples of one of `count` parts: longer and shorter parts take turns, so that neighbours together are as long as others.
pub(super) fn part_of(g: &Conv, count: usize, part: usize) -> Range<usize> {
    part * g.batch / count..(part + 1) * g.batch / count
}

/// The gradient by the input, in `count` parts.
pub(super) fn by_parts<'a>(g: &Conv, count: usize, dx: Option<&'a mut [f32]>) -> [Option<&'a mut [f32]>; PARTS] {
    let mut inputs: [Option<&mut [f32]>; PARTS] = [const { None }; PARTS];
    let Some(mut rest) = dx else { return inputs };
    for (part, input) in inputs[..count].iter_mut().enumerate() {
        let (first, more) = rest.split_at_mut(part_of(g, count, part).len() * g.size[0] * g.size[1] * g.channels);
        *input = Some(first);
        rest = more;
    }
    inputs
}

/// Examples of a part that the gradient of the kernel goes through at once: as many as stay in the second cache.
fn together(g: &Conv) -> usize {
    let cost = g.padded()[0] * g.padded()[1] * g.channels + Layout::new(g, true).len(g);
    (BLOCK / cost.max(1)).clamp(1, g.batch.div_ceil(parts(g)))
}

/// The convolution that brings the gradient back to the input.
fn turned(g: &Conv) -> Conv {
    let size = Layout::new(g, true).size;
    Conv { size, channels: g.filters, filters: g.channels, strides: [1, 1], padding: [[0, 0]; 2], ..*g }
}

/// The gradients by the input, by the kernel and by the bias, those that are asked for.
///
/// # Panics
///
/// When the slices do not have the sizes of `g`: a mistake of the caller.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub fn backward(
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
    g.check();
    assert!(x.len() == g.lens()[0] && w.len() == g.weights(), "the sizes of a convolution");
    if x.is_empty() || g.filters == 0 || g.output().contains(&0) {
        dx.into_iter().chain(dw).chain(db).for_each(|gradient| gradient.fill(0.0));
        return;
    }
    if depthwise::applies(g) {
        depthwise::backward(exec, g, x, w, upstream, dx, dw, db, scratch);
        return;
    }
    if winograd::applies(g) && upstream.is_tiled() {
        winograd::backward(exec, g, x, w, upstream, dx, dw, db, scratch);
        return;
    }
    match dx {
        Some(dx) if g.is_strided() => strided(exec, g, x, w, upstream, dx, dw, db, scratch),
        dx => direct(exec, g, x, w, upstream, dx, dw, db, scratch),
    }
}

/// Where windows are some steps apart: the gradient by the input is a transposed convolution, which multiplies no zeros.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
fn strided(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    upstream: Upstream<'_>,
    dx: &mut [f32],
    dw: Option<&mut [f32]>,
    db: Option<&mut [f32]>,
    scratch: &mut [f32],
) {
    let (dz, rest) = scratch.split_at_mut(gradient_room(g));
    let dz = if let Upstream::Plain { dy } = upstream {
        dy
    } else {
        let dz = &mut dz[..g.lens()[1]];
        let layout = Layout::new(g, false);
        exec.for_each(chunks_mut(dz, layout.len(g)), |example, dz| {
            dz.fill(0.0);
            spread(exec, g, &layout, upstream, example, dz);
        });
        dz
    };
    transposed(exec, g, w, dz, dx, rest);
    if dw.is_some() || db.is_some() {
        direct(exec, g, x, w, Upstream::Plain { dy: dz }, None, dw, db, rest);
    }
}

/// The sums as they are written in books, those that are asked for.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
fn direct(
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
    let (by_input, by_kernel, by_bias) = (dx.is_some(), dw.is_some(), db.is_some());
    let mut rest = scratch;
    let x = if g.is_padded() && by_kernel {
        let (padded, more) = rest.split_at_mut(g.lens()[2].next_multiple_of(16));
        rest = more;
        let padded = &mut padded[..g.lens()[2]];
        pad(exec, g, x, padded);
        padded
    } else {
        x
    };
    let (back, [turned_room, copy_room], pointwise) = (turned(g), turned_rooms(g), multiplies(g));
    let (flipped, more) = rest.split_at_mut(turned_room);
    let (copy, work) = more.split_at_mut(copy_room);
    let layout = Layout::new(g, by_input);
    let rows = (by_input && !pointwise).then(|| {
        let flipped = &mut flipped[..g.weights()];
        flip(g, w, flipped);
        Rows::new(exec.simd(), &back, Weights::of(exec.simd(), &back, flipped, copy), None, false, layout.live(g))
    });
    let count = parts(g);
    let (together, z_len) = (together(g), layout.len(g));
    let dz_len = together * z_len;
    let part_len = (dz_len + g.weights() + g.filters).next_multiple_of(16);
    let work = &mut work[..count * part_len];

    let mut inputs = by_parts(g, count, dx);
    let example_len = g.size[0] * g.size[1] * g.channels;
    let x_len = x.len() / g.batch;
    exec.for_each((chunks_mut(work, part_len), chunks_mut(&mut inputs[..count], 1)), |part, (work, dx)| {
        let (dz, sums) = work.split_at_mut(dz_len);
        let (dw, db) = sums.split_at_mut(g.weights());
        let db = &mut db[..g.filters];
        dz.fill(0.0);
        db.fill(0.0);
        let Range { start: first, end } = part_of(g, count, part);
        for begin in (first..end).step_by(together) {
            let count = together.min(end - begin);
            for (example, dz) in (begin..).zip(dz[..count * z_len].chunks_exact_mut(z_len)) {
                spread(exec, g, &layout, upstream, example, dz);
                if by_bias {
                    bias_gradient(exec, g, &layout, dz, db);
                }
                let Some(dx) = &mut dx[0] else { continue };
                let dx = &mut dx[(example - first) * example_len..][..example_len];
                let Some(rows) = &rows else {
                    let (w, places) = (Mat::new(w, g.channels, g.filters), z_len / g.filters);
                    gemm(exec, Mat::new(dz, places, g.filters), w.t(), MatMut::new(dx, places, g.channels), Gemm::default());
                    continue;
                };
                for (row, dx) in dx.chunks_exact_mut(g.size[1] * g.channels).enumerate() {
                    rows.compute(dz, row, g.size[1], dx);
                }
            }
            if by_kernel {
                let x = &x[begin * x_len..][..count * x_len];
                if pointwise {
                    let places = count * z_len / g.filters;
                    let (x, dz) = (Mat::new(x, places, g.channels), Mat::new(&dz[..count * z_len], places, g.filters));
                    let how = if begin > first { Gemm::default().accumulate() } else { Gemm::default() };
                    gemm(exec, x.t(), dz, MatMut::new(dw, g.channels, g.filters), how);
                    continue;
                }
                kernel_gradient(exec, g, &layout, x, &dz[..count * z_len], count, dw, begin > first);
            }
        }
    });
    sum_parts(exec, work, part_len, dz_len, g.weights(), dw, db);
}

/// Adds what all parts give to the gradients of the kernel and of the bias. In the work of a part, which is `part_len` numbers
/// long, they begin at `kernel`; the kernel has `weights`.
pub(super) fn sum_parts(
    exec: Exec<'_>,
    work: &mut [f32],
    part_len: usize,
    kernel: usize,
    weights: usize,
    dw: Option<&mut [f32]>,
    db: Option<&mut [f32]>,
) {
    let bias = kernel + weights;
    let sums = if dw.is_some() { kernel } else { bias }..bias + db.as_ref().map_or(0, |db| db.len());
    let other = add_up(exec, work, part_len, sums).map(|part| part * part_len);
    for (gradient, first) in [(dw, kernel), (db, bias)] {
        let Some(gradient) = gradient else { continue };
        let sum = &work[first..][..gradient.len()];
        match other {
            Some(other) => elementwise::add::same(exec, sum, &work[other + first..][..gradient.len()], gradient),
            None => gradient.copy_from_slice(sum),
        }
    }
}

/// Adds a range of all parts as a tree, but for the last two sums: the first part holds one, and the part that is returned holds
/// the other, where there is one. A thread begins with sums of parts that it has computed itself.
fn add_up(exec: Exec<'_>, work: &mut [f32], part_len: usize, range: Range<usize>) -> Option<usize> {
    let (count, mut gap) = (work.len() / part_len, 1);
    while 2 * gap < count {
        exec.for_each(chunks_mut(work, 2 * gap * part_len), |_, pair| {
            if let Some((to, from)) = pair.split_at_mut_checked(gap * part_len).filter(|(_, from)| !from.is_empty()) {
                elementwise::add::same_in_place(exec, &from[range.clone()], &mut to[range.clone()]);
            }
        });
        gap *= 2;
    }
    (gap < count).then_some(gap)
}

/// The kernel turned round, with channels and filters exchanged: the gradient by the input is a convolution with it.
fn flip(g: &Conv, w: &[f32], flipped: &mut [f32]) {
    let places = w.chunks_exact(g.group_channels() * g.filters).rev();
    places.zip(flipped.chunks_exact_mut(g.group_filters() * g.channels)).for_each(|(w, to)| turn(g, w, to));
}

/// One place of the kernel, with channels and filters exchanged.
pub(super) fn turn(g: &Conv, w: &[f32], to: &mut [f32]) {
    let (channels, filters) = (g.group_channels(), g.group_filters());
    for (filter, to) in to.chunks_exact_mut(g.channels).enumerate() {
        for (channel, to) in to.iter_mut().enumerate() {
            *to = w[channel % channels * g.filters + channel / channels * filters + filter];
        }
    }
}

/// Adds the gradient of the bias: the sum over all places, one chain a filter.
fn bias_gradient(exec: Exec<'_>, g: &Conv, layout: &Layout, dz: &[f32], db: &mut [f32]) {
    let [rows, columns] = g.output();
    let step = layout.step[1] * g.filters;
    for row in 0..rows {
        let dz = &dz[layout.start(g, row)..][..(columns - 1) * step + g.filters];
        reduce::add_columns(exec.simd(), dz, step, db);
    }
}

/// Adds what some examples give to the gradient of the kernel, or begins with it.
#[allow(clippy::too_many_arguments, reason = "where the sum reads and writes")]
fn kernel_gradient(exec: Exec<'_>, g: &Conv, layout: &Layout, x: &[f32], dz: &[f32], examples: usize, dw: &mut [f32], resume: bool) {
    let ([rows, columns], width) = (g.output(), g.padded()[1]);
    let (x_len, z_len) = (g.padded()[0] * width * g.channels, layout.len(g));
    assert!(x.len() == examples * x_len && dz.len() == examples * z_len && dw.len() == g.weights(), "the gradient of a kernel");
    let kernels = Kernels::of(exec.simd());
    let row = [g.strides[0] * width * g.channels, layout.step[0] * layout.row(g)];
    let block = if examples > 1 { rows } else { (BLOCK / (row[0] + row[1]).max(1)).clamp(1, rows) };
    for first in (0..rows).step_by(block) {
        let outer = Around { count: examples, a: x_len, b: z_len };
        let inner = Around { count: block.min(rows - first), a: row[0], b: row[1] };
        let nest = Nest { outer, inner };
        let dz = dz.as_ptr().wrapping_add(layout.start(g, first));
        let x = x.as_ptr().wrapping_add(first * row[0]);
        if grouped::applies(exec.simd(), g) {
            let places = grouped::Places {
                x,
                dz,
                counts: [examples, inner.count, columns],
                x_steps: [x_len, row[0], g.strides[1] * g.channels],
                dz_steps: [z_len, row[1], layout.step[1] * g.filters],
                resume: resume || first > 0,
            };
            // SAFETY: the windows of the outputs stand inside the input, and the gradients of the outputs inside their layout.
            unsafe { grouped::kernel_gradient(exec.simd(), g, &places, dw) };
            continue;
        }
        for_windows(g, |group, place, offset, len| {
            let x = x.wrapping_add(offset);
            for panel in panels(kernels, g.group_filters()) {
                let at = group * g.group_filters() + panel.first;
                let most = kernels.rows[panel.vectors - 1];
                for rows in tiles(len, most) {
                    let row = rows.start;
                    let tile = Tile {
                        k: columns,
                        a: View { start: x.wrapping_add(row), row: 1, col: g.strides[1] * g.channels },
                        b: View { start: dz.wrapping_add(at), row: layout.step[1] * g.filters, col: 1 },
                        c: dw.as_mut_ptr().wrapping_add((place + row) * g.filters + at),
                        c_row: g.filters,
                        last: panel.last,
                        resume: resume || first > 0,
                        bias: std::ptr::null(),
                        relu: false,
                        ahead: View { start: x, row: 0, col: 0 },
                        far: false,
                    };
                    // SAFETY: `Exec` gives instructions that the processor has. The windows of the outputs stand inside the
                    // input, the gradients of the outputs inside their layout, and rows and columns inside the kernel, which
                    // is borrowed alone.
                    unsafe { kernels.compute_nested(rows.len(), panel.vectors, &tile, &nest) };
                }
            }
        });
    }
}

/// Calls `f` for each contiguous piece of a window: its group, its first row in the kernel, its place in the input, its length.
fn for_windows(g: &Conv, mut f: impl FnMut(usize, usize, usize, usize)) {
    let channels = g.group_channels();
    for group in 0..g.groups {
        for row in 0..g.kernel[0] {
            let offset = row * g.dilation[0] * g.padded()[1] * g.channels + group * channels;
            if g.rows_are_contiguous() {
                f(group, row * g.kernel[1] * channels, offset, g.kernel[1] * channels);
                continue;
            }
            for column in 0..g.kernel[1] {
                f(group, (row * g.kernel[1] + column) * channels, offset + column * g.dilation[1] * g.channels, channels);
            }
        }
    }
}
