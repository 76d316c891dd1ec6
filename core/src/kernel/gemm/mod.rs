//! Matrix product: `C = A·B`, with the bias and the relu of a layer.

mod mat;
#[cfg(feature = "bench-gemm")]
mod measure;
mod pack;
mod packed;
#[cfg(test)]
mod tests;
mod tile;

use std::mem::MaybeUninit;
use std::ops::Range;

pub(super) use self::mat::View;
pub use self::mat::{Mat, MatMut};
#[cfg(feature = "bench-gemm")]
pub use self::measure::gemm_crate;
use self::pack::pack;
pub(crate) use self::packed::{Panels, Rows, Target, packed, transpose};
use self::tile::MAX_VECTORS;
pub(super) use self::tile::{Around, Kernels, Nest, Tile};
use super::{Exec, Simd};

/// Steps over k between two visits of a tile of C. A panel of B with this many rows stays in the second cache.
const K_BLOCK: usize = 256;

/// Rows of A that are copied together.
const ROW_BLOCK: usize = 192;

/// Numbers in a cache line.
const LINE: usize = 16;

/// Numbers between the copied rows: without them, all begin in the same set of the cache.
const GAP: usize = LINE;

/// What a product does besides multiplying. The default is nothing: `C = A·B`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Gemm<'a> {
    /// Adds to what C holds, instead of overwriting it.
    pub accumulate: bool,
    /// Added to every row of the product: one number for each column.
    pub bias: Option<&'a [f32]>,
    /// Ends with `0 > x ? 0 : x`, the relu that keeps NaN.
    pub relu: bool,
}

impl<'a> Gemm<'a> {
    /// Adds the product to what C holds.
    #[must_use]
    pub fn accumulate(self) -> Self {
        Self { accumulate: true, ..self }
    }

    /// Adds `bias` to every row.
    #[must_use]
    pub fn bias(self, bias: &'a [f32]) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Ends with relu.
    #[must_use]
    pub fn relu(self) -> Self {
        Self { relu: true, ..self }
    }
}

/// Matrix product: `C = relu(C + A·B + bias)`, the parts in `how` alone.
///
/// A is \[m, k\], B \[k, n\], C \[m, n\], the bias \[n\]. Every element of C is one chain `c = fma(a, b, c)` over ascending k,
/// from 0 or from C, then the bias is added, then relu: the same bits as one kernel after the other, on any number of threads,
/// on AVX2 and AVX-512. Allocates nothing; copies of blocks take up to 280 KB of the stack.
///
/// # Panics
///
/// When the sizes do not fit each other: a mistake of the calling kernel.
pub fn gemm(exec: Exec<'_>, a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, how: Gemm<'_>) {
    let (m, n, k) = (c.rows, c.cols, a.cols);
    assert!(
        a.rows == m && b.rows == k && b.cols == n && how.bias.is_none_or(|bias| bias.len() == n),
        "product of [{}, {k}] and [{}, {}] into [{m}, {n}], bias {:?}",
        a.rows,
        b.rows,
        b.cols,
        how.bias.map(<[f32]>::len),
    );
    if m == 0 || n == 0 {
        return;
    }
    if n == 1 && c.row_stride == 1 && m > 1 {
        return gemv(exec, a, b, c, how);
    }
    let product = Product::new(exec.simd(), a, b, c, how);
    let (by_row, by_col) = product.grid();
    if by_row * by_col == 1 {
        product.part(0..m, 0..product.panels);
        return;
    }
    let product = &product;
    exec.run(by_row * by_col, &|part| {
        let (col, row) = (part / by_row, part % by_row);
        product.part(share(m, by_row, row), share(product.panels, by_col, col));
    });
}

/// A product with one column: as a product with one row it fills the vectors, and its sums are the same.
fn gemv(exec: Exec<'_>, a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, how: Gemm<'_>) {
    let MatMut { data, rows, .. } = c;
    let row = MatMut { data: &mut *data, rows: 1, cols: rows, row_stride: rows };
    gemm(exec, b.t(), a.t(), row, Gemm { bias: None, relu: false, ..how });
    for c in &mut data[..rows] {
        if let Some(bias) = how.bias {
            *c += bias[0];
        }
        if how.relu && 0.0 > *c {
            *c = 0.0;
        }
    }
}

/// Part `index` of `len` items cut into `parts`.
fn share(len: usize, parts: usize, index: usize) -> Range<usize> {
    index * len / parts..(index + 1) * len / parts
}

/// Numbers that start with a cache line, so that no vector lies across two of them.
#[repr(align(64))]
struct Aligned<const LEN: usize>([f32; LEN]);

/// A product to compute, checked.
struct Product<'a> {
    simd: Simd,
    kernels: &'static Kernels,
    a: Mat<'a>,
    b: Mat<'a>,
    c: *mut f32,
    c_row: usize,
    m: usize,
    n: usize,
    k: usize,
    how: Gemm<'a>,
    /// Panels of columns, as wide as a tile.
    panels: usize,
    /// Vectors in all panels together.
    vectors: usize,
    /// Whether blocks of A are copied before use: their rows, or their columns, are too far from each other.
    packs_a: bool,
    /// Whether panels of B are: their rows are not contiguous, or short pieces of long rows, each used many times.
    packs_b: bool,
    /// Whether B comes from far away.
    streams_b: bool,
    /// Whether C goes there.
    streams_c: bool,
}

// SAFETY: threads share the pointer to C and write parts of it that do not overlap.
unsafe impl Sync for Product<'_> {}

impl<'a> Product<'a> {
    fn new(simd: Simd, a: Mat<'a>, b: Mat<'a>, c: MatMut<'a>, how: Gemm<'a>) -> Self {
        let (m, n, k) = (c.rows, c.cols, a.cols);
        // Half a register does for few columns, and two of them work at a time. The bits are the same.
        let simd = if simd == Simd::Avx512 && n <= 8 { Simd::Avx2 } else { simd };
        let kernels = Kernels::of(simd);
        let vectors = n.div_ceil(kernels.width);
        let panels = vectors.div_ceil(kernels.vectors());
        Self {
            simd,
            kernels,
            c: c.data.as_mut_ptr(),
            c_row: c.row_stride,
            m,
            n,
            k,
            how,
            panels,
            vectors,
            packs_a: k >= 64 && m >= 64 && panels >= 4 && if a.col_stride == 1 { a.row_stride >= 1536 } else { a.col_stride >= 384 },
            packs_b: b.col_stride != 1 || (kernels.width < LINE && k >= 64 && m >= 64 && b.row_stride >= 256),
            streams_b: b.col_stride == 1 && k.saturating_mul(n) >= 128 << 10,
            streams_c: m * n >= 1 << 20,
            a,
            b,
        }
    }

    /// Into how many parts the rows and the panels are cut: a matter of shapes alone.
    fn grid(&self) -> (usize, usize) {
        /// Work worth a part: about two microseconds.
        const MIN_PART: usize = 100_000;
        /// Work worth another thread. A smaller product ends before its matrices, which the other threads do not have in
        /// their caches, have got there.
        const WORTH_SHARING: usize = 5_000_000;
        /// Work of a part where there are many.
        const PART: usize = 2_000_000;
        /// Rows that pay for copying a panel of B, or for fetching it from far away.
        const MANY_ROWS: usize = 32;
        let work = self.m.saturating_mul(self.n).saturating_mul(self.k);
        if work < WORTH_SHARING {
            return (1, 1);
        }
        let few = (work / MIN_PART).min(4);
        let parts = few.max((work / PART).min(64));
        if self.packs_a {
            let by_row = self.m.div_ceil(ROW_BLOCK).min(parts);
            return (by_row, (parts / by_row).clamp(1, self.panels / 4));
        }
        let min_rows = if self.packs_b || self.streams_b { MANY_ROWS } else { self.kernels.rows[self.kernels.vectors() - 1] };
        let max_by_row = (self.m / min_rows).max(1);
        if self.packs_b || (self.n >= self.m && self.k >= 64) {
            let by_col = parts.min(self.panels);
            (few.div_ceil(by_col).min(max_by_row), by_col)
        } else {
            let by_row = parts.min(max_by_row);
            (by_row, few.div_ceil(by_row).min(self.panels))
        }
    }

    /// Computes some rows of some panels of C.
    fn part(&self, rows: Range<usize>, panels: Range<usize>) {
        if self.b.col_stride != 1 && !self.packs_a {
            // Where columns of B are contiguous, one panel after the other reads them from end to end.
            for panel in panels {
                self.k_blocks().for_each(|k| self.block(rows.clone(), panel..panel + 1, k.clone(), self.a.view(rows.start, k.start)));
            }
            return;
        }
        for k in self.k_blocks() {
            if self.packs_a {
                for first in rows.clone().step_by(ROW_BLOCK) {
                    self.with_packed_rows(first..rows.end.min(first + ROW_BLOCK), panels.clone(), k.clone());
                }
            } else {
                self.block(rows.clone(), panels.clone(), k.clone(), self.a.view(rows.start, k.start));
            }
        }
    }

    /// Copies a block of A to the stack, as it lies, and computes with it. On the stack: no allocation, and each thread has its
    /// own.
    #[inline(never)]
    fn with_packed_rows(&self, rows: Range<usize>, panels: Range<usize>, k: Range<usize>) {
        let mut packed = MaybeUninit::<Aligned<{ ROW_BLOCK * (K_BLOCK + GAP) }>>::uninit();
        let start: *mut f32 = packed.as_mut_ptr().cast();
        let from = self.a.view(rows.start, k.start);
        let view = if from.col == 1 {
            let row = k.len() + GAP;
            // SAFETY: the block is at most ROW_BLOCK rows of K_BLOCK numbers, inside A.
            unsafe { pack(self.simd, from, rows.len(), k.len(), start, row) };
            View { start, row, col: 1 }
        } else {
            // SAFETY: as above, with rows and columns exchanged.
            unsafe { pack(self.simd, from.t(), k.len(), rows.len(), start, ROW_BLOCK) };
            View { start, row: 1, col: ROW_BLOCK }
        };
        self.block(rows, panels, k, view);
    }

    /// Computes rows of panels over one block of k; `a` starts with the first of these rows and of this block.
    fn block(&self, rows: Range<usize>, panels: Range<usize>, k: Range<usize>, a: View) {
        if self.packs_b {
            self.with_packed_panels(rows, panels, k, a);
            return;
        }
        for panel in panels.clone() {
            // What comes next: the next panel, or the next block of k.
            let (row, col) = if panel + 1 < panels.end { (k.start, panel + 1) } else { (k.end, panels.start) };
            let ahead = self.streams_b.then(|| self.b.view(row, self.first_col(col)));
            self.panel(rows.clone(), panel, k.clone(), a, self.b.view(k.start, self.first_col(panel)), ahead);
        }
    }

    /// Copies one panel of B after the other to the stack, row after row, and computes with it.
    #[inline(never)]
    fn with_packed_panels(&self, rows: Range<usize>, panels: Range<usize>, k: Range<usize>, a: View) {
        let mut packed = MaybeUninit::<Aligned<{ K_BLOCK * 16 * MAX_VECTORS }>>::uninit();
        let start: *mut f32 = packed.as_mut_ptr().cast();
        for panel in panels {
            let (first, end) = (self.first_col(panel), self.first_col(panel + 1));
            // SAFETY: the block is at most K_BLOCK rows of MAX_VECTORS vectors, inside B.
            unsafe { pack(self.simd, self.b.view(k.start, first), k.len(), end.min(self.n) - first, start, end - first) };
            self.panel(rows.clone(), panel, k.clone(), a, View { start, row: end - first, col: 1 }, None);
        }
    }

    /// Computes rows of one panel over one block of k, and fetches `ahead`, which is as large as `b`, on the way.
    fn panel(&self, rows: Range<usize>, panel: usize, k: Range<usize>, a: View, b: View, ahead: Option<View>) {
        let (first, end) = (self.first_col(panel), self.first_col(panel + 1));
        let vectors = (end - first) / self.kernels.width;
        let ends = k.end == self.k;
        let tiles = rows.len().div_ceil(self.kernels.rows[vectors - 1]);
        for i in 0..tiles {
            let tile_rows = share(rows.len(), tiles, i);
            let a = a.below(tile_rows.start);
            let tile = Tile {
                k: k.len(),
                a,
                b,
                c: self.c.wrapping_add((rows.start + tile_rows.start) * self.c_row + first),
                c_row: self.c_row,
                last: self.n.min(end) - (end - self.kernels.width),
                resume: self.how.accumulate || k.start > 0,
                bias: self.how.bias.filter(|_| ends).map_or(std::ptr::null(), |bias| bias[first..].as_ptr()),
                relu: self.how.relu && ends,
                ahead: match ahead {
                    // Each of the first tiles takes a column of cache lines; after a narrow panel they belong to the ones after it.
                    Some(ahead) if i < MAX_VECTORS => View { start: ahead.start.wrapping_add(i * LINE), ..ahead },
                    _ => View { row: 0, ..a },
                },
                far: self.streams_c,
            };
            // SAFETY: `Exec` has made sure of the instruction set. Rows, columns and k are inside the matrices, whose bounds
            // were checked when they were made; parts of C that run at the same time do not overlap.
            unsafe { self.kernels.compute(tile_rows.len(), vectors, &tile) };
        }
    }

    /// The first column of a panel: panels are as equal as can be, in whole vectors.
    fn first_col(&self, panel: usize) -> usize {
        panel * self.vectors / self.panels * self.kernels.width
    }

    /// Blocks of k, as equal as can be. There is one even if k is 0, for the bias and for zeros.
    fn k_blocks(&self) -> impl Iterator<Item = Range<usize>> {
        let (k, blocks) = (self.k, self.k.div_ceil(K_BLOCK).max(1));
        (0..blocks).map(move |block| share(k, blocks, block))
    }
}
