//! Outputs of a convolution, with the bias, relu and max-pooling after it.

use super::super::gemm::{Around, Kernels, Nest, Tile, View};
use super::super::{Exec, Gemm, LANES, Mat, MatMut, Simd, chunks_mut, gemm, multiversion};
use super::winograd::{self, Output};
use super::{Conv, Panel, depthwise, grouped, pad, panels, tiles};

/// Multiply-adds that are worth a chunk.
pub(super) const MIN_WORK: usize = 150_000;

/// Outputs that are few enough to read a large kernel by columns.
const FEW: usize = 512;

/// Numbers whose copy is worth a chunk.
const MIN_COPY: usize = 16 << 10;

/// The kernel as the tiles read it: panels of columns, each from its first row on.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    start: *const f32,
    /// From one row to the next.
    row: usize,
    /// From one panel to the next.
    panel: usize,
}

// SAFETY: it stands for a shared slice.
unsafe impl Sync for Weights {}
// SAFETY: as above.
unsafe impl Send for Weights {}

impl Weights {
    /// The kernel as it lies, or a copy of its panels one after the other where rows are too long for neighbours to share pages.
    pub(super) fn of(exec: Exec<'_>, g: &Conv, weights: &[f32], copy: &mut [f32]) -> Self {
        let kernels = Kernels::of(exec.simd());
        let width = kernels.width * kernels.vectors();
        let len = packed_len(g, width);
        if len == 0 || copy.len() < len {
            return Self { start: weights.as_ptr(), row: g.filters, panel: width };
        }
        let rows = g.taps();
        let chunk = Exec::chunk_len(len / width, MIN_COPY / width);
        exec.for_each(chunks_mut(&mut copy[..len], chunk * width), |index, copy| {
            for (line, copy) in copy.chunks_exact_mut(width).enumerate() {
                let line = index * chunk + line;
                let (first, row) = (line / rows * width, line % rows);
                let columns = width.min(g.filters - first);
                copy[..columns].copy_from_slice(&weights[row * g.filters + first..][..columns]);
            }
        });
        Self { start: copy.as_ptr(), row: width, panel: rows * width }
    }
}

/// Numbers that a copy of the kernel in panels of this many columns takes; none where it is used as it lies.
fn packed_len(g: &Conv, width: usize) -> usize {
    if g.groups == 1 && g.filters > width && g.filters >= 96 { g.filters.div_ceil(width) * width * g.taps() } else { 0 }
}

/// Room for the copy on any instruction set: panels are 64 columns wide at most.
pub(super) fn weights_room(g: &Conv) -> usize {
    if g.groups == 1 && g.filters >= 96 { g.filters.next_multiple_of(64) * g.taps() } else { 0 }
}

/// Computes rows of outputs.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    simd: Simd,
    kernels: &'static Kernels,
    g: &'a Conv,
    weights: Weights,
    bias: Option<&'a [f32]>,
    relu: bool,
    /// The first row of the input that is not all zeros, and the one after the last.
    live: [usize; 2],
}

impl<'a> Rows<'a> {
    pub(super) fn new(simd: Simd, g: &'a Conv, weights: Weights, bias: Option<&'a [f32]>, relu: bool, live: [usize; 2]) -> Self {
        assert!(bias.is_none_or(|bias| bias.len() == g.filters), "one bias for each filter");
        Self { simd, kernels: Kernels::of(simd), g, weights, bias, relu, live }
    }

    /// The rows of the window of an output row in which the input is not all zeros.
    fn window(&self, row: usize) -> std::ops::Range<usize> {
        let (top, dilation, rows) = (row * self.g.strides[0], self.g.dilation[0], self.g.kernel[0]);
        let [start, end] = self.live.map(|live| live.saturating_sub(top).div_ceil(dilation).min(rows));
        start..end
    }

    /// The first `columns` outputs of row `row` of an example, whose input is given with its zeros.
    pub(super) fn compute(&self, x: &[f32], row: usize, columns: usize, y: &mut [f32]) {
        let (g, [rows, width]) = (self.g, self.g.padded());
        assert!(
            x.len() == rows * width * g.channels && y.len() == columns * g.filters && row < g.output()[0] && columns <= g.output()[1],
            "a row of outputs of a convolution"
        );
        let window = self.window(row);
        if grouped::applies(self.simd, g) {
            let x = x.as_ptr().wrapping_add(row * g.strides[0] * width * g.channels);
            let (bias, relu, w) = (self.bias, self.relu, self.weights.start);
            let row = grouped::Row { x, w, bias, relu, window, columns, y: y.as_mut_ptr() };
            // SAFETY: windows of the outputs in this row stand inside the input, as `output` computes; with groups, the kernel
            // is used as it lies, and it and the bias have the sizes of `g`; the row is borrowed alone.
            unsafe { grouped::outputs(self.simd, g, &row) };
            return;
        }
        let first = self.first(x, row, &window);
        for group in 0..g.groups {
            for panel in panels(self.kernels, self.kernels.vectors(), g.group_filters()) {
                self.panel(first.wrapping_add(group * g.group_channels()), group, panel, window.clone(), columns, y.as_mut_ptr());
            }
        }
    }

    /// Where the windows of an output row begin in an example.
    fn first(&self, x: &[f32], row: usize, window: &std::ops::Range<usize>) -> *const f32 {
        let g = self.g;
        x.as_ptr().wrapping_add((row * g.strides[0] + window.start * g.dilation[0]) * g.padded()[1] * g.channels)
    }

    /// The columns of a panel of row `row`, without groups.
    fn columns(&self, x: &[f32], row: usize, panel: Panel, columns: usize, y: *mut f32) {
        let window = self.window(row);
        self.panel(self.first(x, row, &window), 0, panel, window, columns, y);
    }

    /// Some columns of the outputs, from these rows of the window.
    fn panel(&self, x: *const f32, group: usize, panel: Panel, window: std::ops::Range<usize>, columns: usize, y: *mut f32) {
        let g = self.g;
        let (channels, pixel) = (g.group_channels(), g.strides[1] * g.channels);
        let at = group * g.group_filters() + panel.first;
        let contiguous = g.rows_are_contiguous();
        let inner = match contiguous {
            true => Around { count: 1, a: 0, b: 0 },
            false => Around { count: g.kernel[1], a: g.dilation[1] * g.channels, b: channels * self.weights.row },
        };
        let outer =
            Around { count: window.len(), a: g.dilation[0] * g.padded()[1] * g.channels, b: g.kernel[1] * channels * self.weights.row };
        // With groups, panels begin anywhere in the rows as they lie.
        let start = match g.groups {
            1 => panel.first / (self.kernels.width * self.kernels.vectors()) * self.weights.panel,
            _ => at,
        };
        let most = self.kernels.rows[panel.vectors - 1];
        let tile = Tile {
            k: if contiguous { g.kernel[1] * channels } else { channels },
            a: View { start: x, row: pixel, col: 1 },
            b: View { start: self.weights.start.wrapping_add(start + window.start * outer.b), row: self.weights.row, col: 1 },
            c: y.wrapping_add(at),
            c_row: g.filters,
            last: panel.last,
            resume: false,
            bias: self.bias.map_or(std::ptr::null(), |bias| bias[at..].as_ptr()),
            relu: self.relu,
            ahead: View { start: x, row: 0, col: 0 },
            far: false,
        };
        for rows in tiles(columns, most) {
            let tile = Tile { a: tile.a.below(rows.start), c: tile.c.wrapping_add(rows.start * g.filters), ..tile };
            // SAFETY: `Exec` gives instructions that the processor has. Windows of the outputs in this row stand inside the
            // input, as `output` computes, and the panel inside kernel, bias and row of outputs; the row is borrowed alone.
            unsafe { self.kernels.compute_nested(rows.len(), panel.vectors, &tile, &Nest { outer, inner }) };
        }
    }
}

/// Room that [`forward`] and [`forward_pooled`] need.
pub fn forward_scratch(g: &Conv, pool: Option<[usize; 2]>) -> usize {
    if winograd::applies(g) && pool.is_none_or(|pool| pool == [2, 2]) {
        return winograd::forward_scratch(g);
    }
    match pool {
        None if depthwise::applies(g) => return depthwise::forward_scratch(g),
        None if g.is_pointwise() => return 0,
        _ => {}
    }
    let padded = if g.is_padded() { g.lens()[2].next_multiple_of(16) } else { 0 };
    let strips = pool.map_or(0, |pool| {
        let (rows, _) = pooled_chunk(g, pool);
        (g.batch * (g.output()[0] / pool[0])).div_ceil(rows) * strip_len(g, pool)
    });
    padded + weights_room(g) + strips
}

fn strip_len(g: &Conv, pool: [usize; 2]) -> usize {
    (pool[0] * (g.output()[1] / pool[1]) * pool[1] * g.filters).next_multiple_of(16)
}

/// Pooled rows in a chunk, and words that the places of a row's maxima take.
fn pooled_chunk(g: &Conv, pool: [usize; 2]) -> (usize, usize) {
    let [rows, columns] = [0, 1].map(|axis| g.output()[axis] / pool[axis]);
    let work = pool[0] * columns * pool[1] * g.taps() * g.filters;
    (Exec::chunk_len(g.batch * rows, MIN_WORK.div_ceil(work.max(1))), (columns * g.filters).div_ceil(4))
}

/// Numbers, four places to each, that the places of all maxima take.
pub fn pooled_words(g: &Conv, pool: [usize; 2]) -> usize {
    g.batch * (g.output()[0] / pool[0]) * pooled_chunk(g, pool).1
}

/// The input with its zeros, and what is left of the room.
fn with_zeros<'a>(exec: Exec<'_>, g: &Conv, x: &'a [f32], scratch: &'a mut [f32]) -> (&'a [f32], &'a mut [f32]) {
    if !g.is_padded() {
        return (x, scratch);
    }
    let (padded, rest) = scratch.split_at_mut(g.lens()[2].next_multiple_of(16));
    let padded = &mut padded[..g.lens()[2]];
    pad(exec, g, x, padded);
    (padded, rest)
}

/// `y = relu(x ∗ w + bias)`, the parts that are asked for: x `[batch, rows, columns, channels]`, w `[rows, columns,
/// channels / groups, filters]`, the bias `[filters]`. The window is not turned round: it is a cross-correlation.
///
/// # Panics
///
/// When the slices do not have the sizes of `g`: a mistake of the caller.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub fn forward(exec: Exec<'_>, g: &Conv, x: &[f32], w: &[f32], bias: Option<&[f32]>, relu: bool, y: &mut [f32], scratch: &mut [f32]) {
    g.check();
    let [inputs, outputs, _] = g.lens();
    assert!(x.len() == inputs && w.len() == g.weights() && y.len() == outputs, "the sizes of a convolution");
    let [rows, columns] = g.output();
    if y.is_empty() {
        return;
    }
    if winograd::applies(g) {
        winograd::forward(exec, g, x, w, bias, relu, Output::Map(y), scratch);
        return;
    }
    if depthwise::applies(g) {
        depthwise::forward(exec, g, x, w, bias, relu, y, scratch);
        return;
    }
    if g.is_pointwise() {
        let (x, w, places) = (Mat::new(x, inputs / g.channels, g.channels), Mat::new(w, g.channels, g.filters), outputs / g.filters);
        gemm(exec, x, w, MatMut::new(y, places, g.filters), Gemm { bias, relu, ..Gemm::default() });
        return;
    }
    let (x, rest) = with_zeros(exec, g, x, scratch);
    let (room, few) = (weights_room(g), outputs / g.filters <= FEW);
    if few && outputs * g.taps() >= 2 * MIN_WORK && room > 0 && rest.len() >= room {
        by_panels(exec, g, x, w, bias, relu, y, rest);
        return;
    }
    let computed = Rows::new(exec.simd(), g, Weights::of(exec, g, w, rest), bias, relu, g.inside());
    let (row, example) = (columns * g.filters, x.len() / g.batch);
    let chunk = Exec::chunk_len(g.batch * rows, MIN_WORK.div_ceil((row * g.taps()).max(1)));
    exec.for_each(chunks_mut(y, chunk * row), |index, y| {
        for (place, y) in y.chunks_exact_mut(row).enumerate() {
            let place = index * chunk + place;
            computed.compute(&x[place / rows * example..][..example], place % rows, columns, y);
        }
    });
}

/// A few outputs of a large kernel: each thread copies columns of it, and uses them for all outputs while they are in its cache.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
fn by_panels(exec: Exec<'_>, g: &Conv, x: &[f32], w: &[f32], bias: Option<&[f32]>, relu: bool, y: &mut [f32], copy: &mut [f32]) {
    struct Outputs(*mut f32);
    // SAFETY: threads write columns that do not overlap.
    unsafe impl Sync for Outputs {}
    impl Outputs {
        fn row(&self, index: usize) -> *mut f32 {
            self.0.wrapping_add(index)
        }
    }
    let kernels = Kernels::of(exec.simd());
    // Narrow panels, so that all threads have about as many.
    let vectors = kernels.vectors().min(2);
    let (width, taps) = (kernels.width * vectors, g.taps());
    let ([rows, columns], example) = (g.output(), x.len() / g.batch);
    let y = Outputs(y.as_mut_ptr());
    let copies = chunks_mut(&mut copy[..g.filters.div_ceil(width) * width * taps], width * taps);
    exec.for_each(copies, |index, copy| {
        let Some(panel) = panels(kernels, vectors, g.filters).nth(index) else { return };
        let count = width.min(g.filters - panel.first);
        for (copy, weights) in copy.chunks_exact_mut(width).zip(w.chunks_exact(g.filters)) {
            copy[..count].copy_from_slice(&weights[panel.first..][..count]);
        }
        let weights = Weights { start: copy.as_ptr(), row: width, panel: 0 };
        let computed = Rows::new(exec.simd(), g, weights, bias, relu, g.inside());
        for place in 0..g.batch * rows {
            let x = &x[place / rows * example..][..example];
            computed.columns(x, place % rows, panel, columns, y.row(place * columns * g.filters));
        }
    });
}

/// The same with the maxima of windows of `pool`, which do not overlap, in the same pass. `places` tells where in its window
/// each maximum stands, a byte each: see [`pooled_words`].
///
/// # Panics
///
/// As [`forward`].
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub fn forward_pooled(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
    pool: [usize; 2],
    y: &mut [f32],
    places: &mut [f32],
    scratch: &mut [f32],
) {
    g.check();
    assert!(pool.iter().all(|size| *size >= 1) && pool[0].saturating_mul(pool[1]) <= 256, "the places of a window are bytes");
    let [rows, columns] = [0, 1].map(|axis| g.output()[axis] / pool[axis]);
    let row = columns * g.filters;
    assert!(x.len() == g.lens()[0] && w.len() == g.weights() && y.len() == g.batch * rows * row, "the sizes of a convolution");
    if y.is_empty() {
        return;
    }
    if winograd::applies(g) && pool == [2, 2] {
        assert_eq!(places.len(), pooled_words(g, pool), "the places of maxima");
        winograd::forward(exec, g, x, w, bias, relu, Output::Maxima { y, places: bytes_mut(places) }, scratch);
        return;
    }
    let (x, rest) = with_zeros(exec, g, x, scratch);
    let (copy, strips) = rest.split_at_mut(weights_room(g));
    let computed = Rows::new(exec.simd(), g, Weights::of(exec, g, w, copy), bias, relu, g.inside());
    let example = x.len() / g.batch;
    let (chunk, words) = pooled_chunk(g, pool);
    let strip_row = columns * pool[1] * g.filters;
    let parts = (chunks_mut(y, chunk * row), chunks_mut(places, chunk * words), chunks_mut(strips, strip_len(g, pool)));
    exec.for_each(parts, |index, (y, places, strip)| {
        let strip = &mut strip[..pool[0] * strip_row];
        for (place, (y, places)) in y.chunks_exact_mut(row).zip(places.chunks_exact_mut(words)).enumerate() {
            let place = index * chunk + place;
            for (line, strip) in strip.chunks_exact_mut(strip_row).enumerate() {
                let line = place % rows * pool[0] + line;
                computed.compute(&x[place / rows * example..][..example], line, columns * pool[1], strip);
            }
            maxima(exec.simd(), strip, strip_row, g.filters, pool, y, &mut bytes_mut(places)[..row]);
        }
    });
}

/// The bytes of numbers.
pub(super) fn bytes(words: &[f32]) -> &[u8] {
    // SAFETY: any bytes of a shared slice of numbers are bytes.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

fn bytes_mut(words: &mut [f32]) -> &mut [u8] {
    // SAFETY: any bytes are a number, and the slice is borrowed alone.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}

multiversion! {
    /// The maxima of windows of rows that stand one after the other, NaN where there is one; the first of equals.
    fn maxima<F>(strip: &[f32], strip_row: usize, channels: usize, pool: [usize; 2], y: &mut [f32], places: &mut [u8]) {
        for (window, (y, places)) in y.chunks_exact_mut(channels).zip(places.chunks_exact_mut(channels)).enumerate() {
            let strip = &strip[window * pool[1] * channels..];
            let (wide, rest) = y.as_chunks_mut::<LANES>();
            let (wide_places, rest_places) = places.as_chunks_mut::<LANES>();
            for (block, (y, places)) in wide.iter_mut().zip(wide_places).enumerate() {
                maxima_of(&strip[block * LANES..], strip_row, channels, pool, y, places);
            }
            let first = wide.len() * LANES;
            for (channel, (y, place)) in rest.iter_mut().zip(rest_places).enumerate() {
                let (y, place) = (std::array::from_mut(y), std::array::from_mut(place));
                maxima_of(&strip[first + channel..], strip_row, channels, pool, y, place);
            }
        }
    }
}

/// The maxima of a window in some channels: in registers from the first place to the last.
#[inline(always)]
fn maxima_of<const N: usize>(strip: &[f32], strip_row: usize, channels: usize, pool: [usize; 2], y: &mut [f32; N], places: &mut [u8; N]) {
    let (mut most, mut at) = ([0.0_f32; N], [0_u32; N]);
    most.copy_from_slice(&strip[..N]);
    let mut place = 0;
    for row in 0..pool[0] {
        for column in 0..pool[1] {
            let x = &strip[row * strip_row + column * channels..][..N];
            for lane in 0..N {
                let more = x[lane] > most[lane] || x[lane].is_nan();
                most[lane] = if more { x[lane] } else { most[lane] };
                at[lane] = if more { place } else { at[lane] };
            }
            place += 1;
        }
    }
    *y = most;
    *places = at.map(|at| at as u8);
}
