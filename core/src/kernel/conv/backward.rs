//! Gradients of a convolution by its input, its kernel and its bias.

use std::ops::Range;

use super::super::gemm::{Around, Kernels, Nest, Tile, View};
use super::super::rooms::{Rooms, rooms};
use super::super::{Exec, Gemm, Mat, MatMut, chunks_mut, elementwise, gemm, reduce};
use super::forward::{Rows, Weights, weights_room};
use super::upstream::{Layout, Upstream, spread, spread_rows};
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
    let turned = turned_rooms(g).iter().sum::<usize>();
    padded + turned + rooms(parts(g)) * gradient_len(g) + parts(g) * part_len(g)
}

/// Room for the gradient before relu and pool of the examples that go together.
fn gradient_len(g: &Conv) -> usize {
    let z_len = Layout::new(g, true).len(g).max(Layout::new(g, false).len(g));
    (together(g) * z_len).next_multiple_of(16)
}

/// The gradients of the kernel and of the bias that a part of the batch gives.
fn part_len(g: &Conv) -> usize {
    (g.weights() + g.filters).next_multiple_of(16)
}

/// Rows of outputs that the gradient of the kernel of one example goes through at once: as many as stay in the second cache.
fn block(g: &Conv, layout: &Layout) -> usize {
    let row = g.strides[0] * g.padded()[1] * g.channels + layout.step[0] * layout.row(g);
    (BLOCK / row.max(1)).clamp(1, g.output()[0])
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
    if x.is_empty() || g.filters == 0 || g.output().contains(&0) || upstream.rows(g) == 0 {
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
        Rows::new(exec.simd(), &back, Weights::of(exec, &back, flipped, copy), None, false, layout.live(g))
    });
    let (count, part_len, together) = (parts(g), part_len(g), together(g));
    let (sums, work) = work.split_at_mut(count * part_len);
    let rooms = Rooms::new(work, gradient_len(g), count);
    let live = upstream.rows(g);
    // Where the input is not asked for and one example fills the cache, the gradient comes by blocks of rows.
    let by_blocks = !by_input && !pointwise && together == 1;
    let strip = if by_blocks { (block(g, &layout) / upstream.step()).max(1) * upstream.step() } else { live };
    let pass = Pass { exec, g, x, w, upstream, layout, rows, together, strip, live };

    let mut inputs = by_parts(g, count, dx);
    exec.for_each((chunks_mut(sums, part_len), chunks_mut(&mut inputs[..count], 1)), |part, (sums, dx)| {
        let (dw, db) = sums.split_at_mut(g.weights());
        let (dx, dw, db) = (dx[0].as_deref_mut(), by_kernel.then_some(dw), by_bias.then_some(&mut db[..g.filters]));
        rooms.with(part, |dz| pass.run(part_of(g, count, part), dz, dx, dw, db));
    });
    sum_parts(exec, sums, part_len, 0, g.weights(), dw, db);
}

/// The backward pass of some examples.
struct Pass<'a> {
    exec: Exec<'a>,
    g: &'a Conv,
    /// With its zeros, where the gradient of the kernel is asked for.
    x: &'a [f32],
    w: &'a [f32],
    upstream: Upstream<'a>,
    layout: Layout,
    /// Rows of the gradient by the input; none where it is a product of matrices.
    rows: Option<Rows<'a>>,
    /// Examples, and rows of outputs, that are gone through at once.
    together: usize,
    strip: usize,
    /// Rows of outputs that a gradient arrives at.
    live: usize,
}

impl Pass<'_> {
    fn run(
        &self,
        examples: Range<usize>,
        dz: &mut [f32],
        mut dx: Option<&mut [f32]>,
        mut dw: Option<&mut [f32]>,
        mut db: Option<&mut [f32]>,
    ) {
        let (g, z_len) = (self.g, self.layout.len(self.g));
        if let Some(db) = &mut db {
            db.fill(0.0);
        }
        dz[..self.together * z_len].fill(0.0);
        for begin in examples.clone().step_by(self.together) {
            let count = self.together.min(examples.end - begin);
            for top in (0..self.live).step_by(self.strip) {
                let lines = top..self.live.min(top + self.strip);
                for (example, dz) in (begin..).zip(dz[..count * z_len].chunks_exact_mut(z_len)) {
                    spread_rows(self.exec, g, &self.layout, self.upstream, example, lines.clone(), dz);
                    if let Some(db) = &mut db {
                        bias_gradient(self.exec, g, &self.layout, lines.len(), dz, db);
                    }
                    if let Some(dx) = &mut dx {
                        let len = g.size[0] * g.size[1] * g.channels;
                        self.input_gradient(dz, &mut dx[(example - examples.start) * len..][..len]);
                    }
                }
                if let Some(dw) = &mut dw {
                    let resume = begin > examples.start || top > 0;
                    self.kernel_gradient(begin..begin + count, lines, &dz[..count * z_len], dw, resume);
                }
            }
        }
    }

    /// The gradient by the input of one example.
    fn input_gradient(&self, dz: &[f32], dx: &mut [f32]) {
        let g = self.g;
        if let Some(rows) = &self.rows {
            for (row, dx) in dx.chunks_exact_mut(g.size[1] * g.channels).enumerate() {
                rows.compute(dz, row, g.size[1], dx);
            }
        } else {
            let (w, places) = (Mat::new(self.w, g.channels, g.filters), dz.len() / g.filters);
            gemm(self.exec, Mat::new(dz, places, g.filters), w.t(), MatMut::new(dx, places, g.channels), Gemm::default());
        }
    }

    /// Adds what rows of some examples give to the gradient of the kernel, or begins with it.
    fn kernel_gradient(&self, examples: Range<usize>, lines: Range<usize>, dz: &[f32], dw: &mut [f32], resume: bool) {
        let (g, len) = (self.g, self.x.len() / self.g.batch);
        let x = &self.x[examples.start * len..examples.end * len];
        if multiplies(g) {
            let places = dz.len() / g.filters;
            let how = if resume { Gemm::default().accumulate() } else { Gemm::default() };
            let (x, dz) = (Mat::new(x, places, g.channels), Mat::new(dz, places, g.filters));
            gemm(self.exec, x.t(), dz, MatMut::new(dw, g.channels, g.filters), how);
        } else {
            kernel_gradient(self.exec, g, &self.layout, x, dz, examples.len(), lines, dw, resume);
        }
    }
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

/// Adds what the first rows give to the gradient of the bias: the sum over all places, one chain a filter.
fn bias_gradient(exec: Exec<'_>, g: &Conv, layout: &Layout, rows: usize, dz: &[f32], db: &mut [f32]) {
    let step = layout.step[1] * g.filters;
    for row in 0..rows {
        let dz = &dz[layout.start(g, row)..][..(g.output()[1] - 1) * step + g.filters];
        reduce::add_columns(exec.simd(), dz, step, db);
    }
}

/// Adds what rows of outputs of some examples give to the gradient of the kernel, or begins with it. dz begins with the first of
/// these rows.
#[allow(clippy::too_many_arguments, reason = "where the sum reads and writes")]
fn kernel_gradient(
    exec: Exec<'_>,
    g: &Conv,
    layout: &Layout,
    x: &[f32],
    dz: &[f32],
    examples: usize,
    lines: Range<usize>,
    dw: &mut [f32],
    resume: bool,
) {
    let (columns, width) = (g.output()[1], g.padded()[1]);
    let (x_len, z_len) = (g.padded()[0] * width * g.channels, layout.len(g));
    assert!(x.len() == examples * x_len && dz.len() == examples * z_len && dw.len() == g.weights(), "the gradient of a kernel");
    assert!(lines.end <= g.output()[0], "rows of outputs");
    let kernels = Kernels::of(exec.simd());
    let row = [g.strides[0] * width * g.channels, layout.step[0] * layout.row(g)];
    let block = if examples > 1 { lines.len().max(1) } else { block(g, layout) };
    for first in lines.clone().step_by(block) {
        let outer = Around { count: examples, a: x_len, b: z_len };
        let inner = Around { count: block.min(lines.end - first), a: row[0], b: row[1] };
        let nest = Nest { outer, inner };
        let dz = dz.as_ptr().wrapping_add(layout.start(g, first - lines.start));
        let x = x.as_ptr().wrapping_add(first * row[0]);
        if grouped::sums_apply(exec.simd(), g) {
            let places = grouped::Places {
                x,
                dz,
                counts: [examples, inner.count, columns],
                x_steps: [x_len, row[0], g.strides[1] * g.channels],
                dz_steps: [z_len, row[1], layout.step[1] * g.filters],
                resume: resume || first > lines.start,
            };
            // SAFETY: the windows of the outputs stand inside the input, and the gradients of the outputs inside their layout.
            unsafe { grouped::kernel_gradient(exec.simd(), g, &places, dw) };
            continue;
        }
        for_windows(g, |group, place, offset, len| {
            let x = x.wrapping_add(offset);
            for panel in panels(kernels, kernels.vectors(), g.group_filters()) {
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
                        resume: resume || first > lines.start,
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
