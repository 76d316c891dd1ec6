//! Gradients of a convolution by its input, its kernel and its bias.

use super::super::gemm::{Around, Kernels, Nest, Tile, View};
use super::super::{Exec, chunks_mut, elementwise, multiversion, reduce};
use super::forward::{Rows, Weights, bytes, weights_room};
use super::{Conv, pad, panels, tiles};

/// Parts of the batch at most, whose gradients of the kernel are summed as a tree.
const PARTS: usize = 8;

/// Numbers of input and gradient that are gone through for all of the kernel before the next: they stay in the second cache.
const BLOCK: usize = 64 << 10;

/// The gradient that arrives.
#[derive(Clone, Copy, Debug)]
pub enum Upstream<'a> {
    /// At the sum itself.
    Plain {
        /// `[batch, rows, columns, filters]`
        dy: &'a [f32],
    },
    /// Behind relu.
    Relu {
        /// `[batch, rows, columns, filters]`
        dy: &'a [f32],
        /// What the forward pass put out.
        y: &'a [f32],
    },
    /// Behind the means of whole maps.
    Mean {
        /// `[batch, filters]`
        dy: &'a [f32],
        /// What the relu before them put out, if there was one: `[batch, rows, columns, filters]`.
        y: Option<&'a [f32]>,
    },
    /// Behind the maxima of windows that do not overlap.
    Pooled {
        /// `[batch, rows / pool, columns / pool, filters]`
        dy: &'a [f32],
        /// What the forward pass put out.
        y: &'a [f32],
        /// Where each maximum stands in its window, a byte each.
        places: &'a [f32],
        /// The size of a window.
        pool: [usize; 2],
        /// Whether there was a relu before.
        relu: bool,
    },
}

/// How the gradient of an example is laid out: between zeros where the gradient by the input is wanted.
#[derive(Clone, Copy)]
struct Layout {
    /// Zeros above and at the left.
    first: [usize; 2],
    /// From one place to the next.
    step: [usize; 2],
    size: [usize; 2],
}

impl Layout {
    fn new(g: &Conv, by_input: bool) -> Self {
        if !by_input {
            return Self { first: [0, 0], step: [1, 1], size: g.output() };
        }
        let before = [0, 1].map(|axis| (g.kernel[axis] - 1) * g.dilation[axis]);
        Self {
            first: [0, 1].map(|axis| before[axis] - g.padding[axis][0].min(before[axis])),
            step: g.strides,
            size: [0, 1].map(|axis| g.size[axis] + before[axis]),
        }
    }

    /// The first row of gradients, and the one behind the last.
    fn live(&self, g: &Conv) -> [usize; 2] {
        [self.first[0], self.first[0] + (g.output()[0] - 1) * self.step[0] + 1]
    }

    fn row(&self, g: &Conv) -> usize {
        self.size[1] * g.filters
    }

    fn len(&self, g: &Conv) -> usize {
        self.size[0] * self.row(g)
    }

    /// Where the gradient of the first output in a row begins.
    fn start(&self, g: &Conv, row: usize) -> usize {
        (self.first[0] + row * self.step[0]) * self.row(g) + self.first[1] * g.filters
    }
}

/// Room that [`backward`] needs.
pub fn backward_scratch(g: &Conv) -> usize {
    let padded = if g.is_padded() { g.lens()[2].next_multiple_of(16) } else { 0 };
    let z_len = Layout::new(g, true).len(g).max(Layout::new(g, false).len(g));
    let work = together(g) * z_len + g.weights() + g.filters;
    padded + g.weights().next_multiple_of(16) + weights_room(&turned(g)) + parts(g).1 * work.next_multiple_of(16)
}

/// Examples in a part of the batch, and how many parts there are.
fn parts(g: &Conv) -> (usize, usize) {
    let examples = g.batch.div_ceil(PARTS).max(1);
    (examples, g.batch.div_ceil(examples))
}

/// Examples of a part that the gradient of the kernel goes through at once: as many as stay in the second cache.
fn together(g: &Conv) -> usize {
    let cost = g.padded()[0] * g.padded()[1] * g.channels + Layout::new(g, true).len(g);
    (BLOCK / cost.max(1)).clamp(1, parts(g).0)
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
    let back = turned(g);
    let (flipped, more) = rest.split_at_mut(g.weights().next_multiple_of(16));
    let flipped = &mut flipped[..g.weights()];
    let (copy, work) = more.split_at_mut(weights_room(&back));
    let layout = Layout::new(g, by_input);
    let rows = by_input.then(|| {
        flip(g, w, flipped);
        Rows::new(exec.simd(), &back, Weights::of(exec.simd(), &back, flipped, copy), None, false, layout.live(g))
    });
    let (examples, count) = parts(g);
    let (together, z_len) = (together(g), layout.len(g));
    let dz_len = together * z_len;
    let part_len = (dz_len + g.weights() + g.filters).next_multiple_of(16);
    let work = &mut work[..count * part_len];

    let mut inputs: [Option<&mut [f32]>; PARTS] = [const { None }; PARTS];
    let example_len = g.size[0] * g.size[1] * g.channels;
    for (slot, dx) in inputs.iter_mut().zip(dx.into_iter().flat_map(|dx| dx.chunks_mut(examples * example_len))) {
        *slot = Some(dx);
    }
    let x_len = x.len() / g.batch;
    exec.for_each((chunks_mut(work, part_len), chunks_mut(&mut inputs[..count], 1)), |part, (work, dx)| {
        let (dz, sums) = work.split_at_mut(dz_len);
        let (dw, db) = sums.split_at_mut(g.weights());
        let db = &mut db[..g.filters];
        dz.fill(0.0);
        db.fill(0.0);
        let first = part * examples;
        let end = g.batch.min(first + examples);
        for begin in (first..end).step_by(together) {
            let count = together.min(end - begin);
            for (example, dz) in (begin..).zip(dz[..count * z_len].chunks_exact_mut(z_len)) {
                spread(exec, g, &layout, upstream, example, dz);
                if by_bias {
                    bias_gradient(exec, g, &layout, dz, db);
                }
                if let (Some(rows), Some(dx)) = (&rows, &mut dx[0]) {
                    let dx = &mut dx[(example - first) * example_len..][..example_len];
                    for (row, dx) in dx.chunks_exact_mut(g.size[1] * g.channels).enumerate() {
                        rows.compute(dz, row, g.size[1], dx);
                    }
                }
            }
            if by_kernel {
                let x = &x[begin * x_len..][..count * x_len];
                kernel_gradient(exec, g, &layout, x, &dz[..count * z_len], count, dw, begin > first);
            }
        }
    });
    let (kernel, bias) = (dz_len, dz_len + g.weights());
    let sums = if by_kernel { kernel } else { bias }..if by_bias { bias + g.filters } else { bias };
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
fn add_up(exec: Exec<'_>, work: &mut [f32], part_len: usize, range: std::ops::Range<usize>) -> Option<usize> {
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

/// Brings the gradient of one example to the sum before relu and pooling, at its places between the zeros.
fn spread(exec: Exec<'_>, g: &Conv, layout: &Layout, upstream: Upstream<'_>, example: usize, dz: &mut [f32]) {
    let ([rows, columns], simd) = (g.output(), exec.simd());
    let row_len = columns * g.filters;
    match upstream {
        Upstream::Plain { dy } | Upstream::Relu { dy, .. } => {
            let y = if let Upstream::Relu { y, .. } = upstream { y } else { &[] };
            for row in 0..rows {
                let at = (example * rows + row) * row_len..(example * rows + row + 1) * row_len;
                let dz = &mut dz[layout.start(g, row)..];
                let y = if y.is_empty() { &[] } else { &y[at.clone()] };
                spread_row(simd, &dy[at], y, g.filters, layout.step[1] * g.filters, dz);
            }
        }
        Upstream::Mean { dy, y } => {
            let dy = &dy[example * g.filters..][..g.filters];
            let factor = 1.0 / (rows * columns) as f32;
            for row in 0..rows {
                let dz = &mut dz[layout.start(g, row)..];
                let y = y.map_or(&[][..], |y| &y[(example * rows + row) * row_len..][..row_len]);
                spread_mean(simd, dy, factor, y, columns, layout.step[1] * g.filters, dz);
            }
        }
        Upstream::Pooled { dy, y, places, pool, relu } => {
            let [pooled_rows, pooled_columns] = [rows / pool[0], columns / pool[1]];
            let (len, words) = (pooled_columns * g.filters, (pooled_columns * g.filters).div_ceil(4));
            for row in 0..pooled_rows {
                let place = example * pooled_rows + row;
                let (dy, y) = (&dy[place * len..][..len], &y[place * len..][..len]);
                let places = &bytes(&places[place * words..][..words])[..len];
                for line in 0..pool[0] {
                    let dz = &mut dz[layout.start(g, row * pool[0] + line)..];
                    let step = layout.step[1] * g.filters;
                    let first = (line * pool[1]) as u8;
                    spread_pooled(simd, dy, y, places, relu, g.filters, pool[1], first, step, dz);
                }
            }
        }
    }
}

multiversion! {
    /// `dz = dy` where `y > 0`; everywhere, where there is no y.
    fn spread_row<F>(dy: &[f32], y: &[f32], filters: usize, step: usize, dz: &mut [f32]) {
        if y.is_empty() {
            for (dy, dz) in dy.chunks_exact(filters).zip(dz.chunks_mut(step)) {
                dz[..filters].copy_from_slice(dy);
            }
            return;
        }
        for ((dy, y), dz) in dy.chunks_exact(filters).zip(y.chunks_exact(filters)).zip(dz.chunks_mut(step)) {
            for ((dy, y), dz) in dy.iter().zip(y).zip(&mut dz[..filters]) {
                *dz = if *y > 0.0 { *dy } else { 0.0 };
            }
        }
    }
}

multiversion! {
    /// `dz = factor·dy` at each of some places where `y > 0`; everywhere, where there is no y.
    fn spread_mean<F>(dy: &[f32], factor: f32, y: &[f32], places: usize, step: usize, dz: &mut [f32]) {
        for (place, dz) in dz.chunks_mut(step).take(places).enumerate() {
            let dz = &mut dz[..dy.len()];
            if y.is_empty() {
                dz.iter_mut().zip(dy).for_each(|(dz, dy)| *dz = factor * dy);
                continue;
            }
            for ((dz, dy), y) in dz.iter_mut().zip(dy).zip(&y[place * dy.len()..]) {
                *dz = if *y > 0.0 { factor * dy } else { 0.0 };
            }
        }
    }
}

multiversion! {
    /// One line of windows: `dz = dy` where the maximum stands and, with relu, where it is above 0; else 0. The line holds the
    /// places from `first` on, as many as a window is wide.
    fn spread_pooled<F>(
        dy: &[f32], y: &[f32], places: &[u8], relu: bool, filters: usize, width: usize, first: u8, step: usize, dz: &mut [f32],
    ) {
        let windows = dy.chunks_exact(filters).zip(y.chunks_exact(filters)).zip(places.chunks_exact(filters));
        for (((dy, y), places), dz) in windows.zip(dz.chunks_mut(width * step)) {
            for column in 0..width {
                let dz = &mut dz[column * step..][..filters];
                let wanted = first + column as u8;
                for (((dy, y), place), dz) in dy.iter().zip(y).zip(places).zip(dz) {
                    let here = *place == wanted && (!relu || *y > 0.0);
                    *dz = if here { *dy } else { 0.0 };
                }
            }
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
