//! The innermost loop: a tile of C kept in registers while k runs.

use super::super::Simd;
use super::super::vector::Vector;
use super::mat::View;

/// Vectors across a tile at most.
pub(super) const MAX_VECTORS: usize = 4;
/// Rows of a tile at most.
const MAX_ROWS: usize = 9;

/// One tile: `rows × vectors` of C, given by where it stands in the three matrices.
#[derive(Clone, Copy)]
pub(in super::super) struct Tile {
    pub(in super::super) k: usize,
    pub(in super::super) a: View,
    /// Its rows are contiguous.
    pub(in super::super) b: View,
    pub(in super::super) c: *mut f32,
    pub(in super::super) c_row: usize,
    /// Columns that count in the last vector.
    pub(in super::super) last: usize,
    /// Whether the sums go on from what C holds.
    pub(in super::super) resume: bool,
    /// Added after the sum, one for each column, unless null.
    pub(in super::super) bias: *const f32,
    pub(in super::super) relu: bool,
    /// What will be read next, one cache line for each step over k. Any address will do.
    pub(in super::super) ahead: View,
    /// Whether C is too large to be in the cache, so that its lines should be asked for early.
    pub(in super::super) far: bool,
}

/// A loop around others: how often, and how far A and B move each time.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Around {
    pub(in super::super) count: usize,
    pub(in super::super) a: usize,
    pub(in super::super) b: usize,
}

/// Two loops around the one over k.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Nest {
    pub(in super::super) outer: Around,
    pub(in super::super) inner: Around,
}

/// Computes a tile with loops around k.
type NestedTile = unsafe fn(&Tile, &Nest);

/// The tiles of an instruction set.
pub(in super::super) struct Kernels {
    /// Numbers in a vector.
    pub(in super::super) width: usize,
    /// The largest tile by vectors across: as many rows as let all its sums stay in registers. Zero where there is none.
    pub(in super::super) rows: [usize; MAX_VECTORS],
    /// By vectors and rows, both less one.
    tiles: [[unsafe fn(&Tile); MAX_ROWS]; MAX_VECTORS],
    /// The same with loops around k.
    nested: [[NestedTile; MAX_ROWS]; MAX_VECTORS],
}

impl Kernels {
    /// The kernels for `simd`.
    pub(in super::super) fn of(simd: Simd) -> &'static Self {
        match simd {
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Simd::Avx512 => &x86::AVX512,
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Simd::Avx2 => &x86::AVX2,
            _ => &portable::KERNELS,
        }
    }

    /// Vectors across the widest tile.
    pub(in super::super) fn vectors(&self) -> usize {
        self.rows.iter().filter(|&&rows| rows > 0).count()
    }

    /// Computes one tile of `rows` rows and `vectors` vectors.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set. `rows` is 1 to `self.rows[vectors - 1]`, `last` 1 to `self.width`. The tile
    /// stands inside its matrices: `a`, `b`, `c` and `bias` can be read, and `c` written, over its rows, its `k` and its
    /// columns, and no other thread touches its part of C.
    pub(super) unsafe fn compute(&self, rows: usize, vectors: usize, tile: &Tile) {
        // SAFETY: as the caller promises.
        unsafe { self.tiles[vectors - 1][rows - 1](tile) }
    }

    /// The same with loops around k.
    ///
    /// # Safety
    ///
    /// As [`compute`](Self::compute), wherever the loops take A and B.
    pub(in super::super) unsafe fn compute_nested(&self, rows: usize, vectors: usize, tile: &Tile, nest: &Nest) {
        // SAFETY: as the caller promises.
        unsafe { self.nested[vectors - 1][rows - 1](tile, nest) }
    }
}

/// One body for all tiles. Each sum is one chain over k, from 0 or from C, then the bias, then relu: the order of a kernel that
/// does one after the other.
#[inline(always)]
unsafe fn body<V: Vector, const M: usize, const N: usize>(tile: &Tile) {
    // SAFETY: the rows and columns read and written are those that `Kernels::compute` was promised; in the last vector of a
    // row only the columns that count are touched.
    unsafe {
        let mask = V::first(tile.last);
        let mut sums = begin::<V, M, N>(tile, mask);
        if tile.far {
            for i in 0..M {
                for j in 0..N {
                    prefetch(tile.c.wrapping_add(i * tile.c_row + j * V::WIDTH));
                }
            }
        }
        let (mut a, mut b, mut ahead) = (tile.a.start, tile.b.start, tile.ahead.start);
        let offsets = row_offsets::<M>(tile);
        for _ in 0..tile.k {
            prefetch(ahead);
            ahead = ahead.wrapping_add(tile.ahead.row);
            step(&mut sums, a, &offsets, b, mask);
            a = a.wrapping_add(tile.a.col);
            b = b.wrapping_add(tile.b.row);
        }
        finish(sums, tile, mask);
    }
}

/// The same with two more loops around k, as the rows and columns of a convolution's window are.
#[inline(always)]
unsafe fn nested<V: Vector, const M: usize, const N: usize>(tile: &Tile, nest: &Nest) {
    // SAFETY: as in `body`.
    unsafe {
        let mask = V::first(tile.last);
        let mut sums = begin::<V, M, N>(tile, mask);
        let offsets = row_offsets::<M>(tile);
        let (mut outer_a, mut outer_b) = (tile.a.start, tile.b.start);
        for _ in 0..nest.outer.count {
            let (mut inner_a, mut inner_b) = (outer_a, outer_b);
            for _ in 0..nest.inner.count {
                let (mut a, mut b) = (inner_a, inner_b);
                for _ in 0..tile.k {
                    step(&mut sums, a, &offsets, b, mask);
                    a = a.wrapping_add(tile.a.col);
                    b = b.wrapping_add(tile.b.row);
                }
                inner_a = inner_a.wrapping_add(nest.inner.a);
                inner_b = inner_b.wrapping_add(nest.inner.b);
            }
            outer_a = outer_a.wrapping_add(nest.outer.a);
            outer_b = outer_b.wrapping_add(nest.outer.b);
        }
        finish(sums, tile, mask);
    }
}

/// Sums that begin at 0, or go on from what C holds.
#[inline(always)]
unsafe fn begin<V: Vector, const M: usize, const N: usize>(tile: &Tile, mask: V::Mask) -> [[V; N]; M] {
    // SAFETY: as in `body`.
    unsafe {
        let mut sums = [[V::zero(); N]; M];
        if tile.resume {
            for (i, row) in sums.iter_mut().enumerate() {
                load_row(row, tile.c.add(i * tile.c_row), mask);
            }
        }
        sums
    }
}

/// Where the rows of the tile lie in A, from its first.
#[inline(always)]
fn row_offsets<const M: usize>(tile: &Tile) -> [usize; M] {
    let mut offsets = [0; M];
    for (i, offset) in offsets.iter_mut().enumerate() {
        *offset = i * tile.a.row;
    }
    offsets
}

/// Adds the products of a column of A and a row of B.
#[inline(always)]
unsafe fn step<V: Vector, const M: usize, const N: usize>(
    sums: &mut [[V; N]; M],
    a: *const f32,
    offsets: &[usize; M],
    b: *const f32,
    mask: V::Mask,
) {
    // SAFETY: as in `body`.
    unsafe {
        let mut columns = [V::zero(); N];
        load_row(&mut columns, b, mask);
        for i in 0..M {
            let x = V::splat(a.add(offsets[i]));
            for j in 0..N {
                sums[i][j] = sums[i][j].add_product(x, columns[j]);
            }
        }
    }
}

/// Adds the bias, takes relu, and stores.
#[inline(always)]
unsafe fn finish<V: Vector, const M: usize, const N: usize>(mut sums: [[V; N]; M], tile: &Tile, mask: V::Mask) {
    // SAFETY: as in `body`.
    unsafe {
        if !tile.bias.is_null() {
            let mut bias = [V::zero(); N];
            load_row(&mut bias, tile.bias, mask);
            for row in &mut sums {
                for j in 0..N {
                    row[j] = row[j].add(bias[j]);
                }
            }
        }
        if tile.relu {
            for row in &mut sums {
                for sum in row {
                    *sum = sum.relu();
                }
            }
        }
        if tile.last == V::WIDTH {
            for (i, row) in sums.iter().enumerate() {
                for (j, sum) in row.iter().enumerate() {
                    sum.store(tile.c.add(i * tile.c_row + j * V::WIDTH));
                }
            }
        } else {
            for (i, row) in sums.iter().enumerate() {
                let c = tile.c.add(i * tile.c_row);
                for (j, sum) in row[..N - 1].iter().enumerate() {
                    sum.store(c.add(j * V::WIDTH));
                }
                row[N - 1].store_some(c.add((N - 1) * V::WIDTH), mask);
            }
        }
    }
}

/// Asks for the cache line at `at`, whatever it points to.
#[inline(always)]
fn prefetch(at: *const f32) {
    #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
    // SAFETY: every x86-64 processor has the instruction, and it never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(practicum_portable))))]
    let _ = at;
}

/// Loads a row of vectors, of the last one what counts.
#[inline(always)]
unsafe fn load_row<V: Vector, const N: usize>(row: &mut [V; N], from: *const f32, mask: V::Mask) {
    for (j, vector) in row.iter_mut().enumerate() {
        // SAFETY: as the caller of the tile promises.
        unsafe {
            let from = from.add(j * V::WIDTH);
            *vector = if j + 1 < N { V::load(from) } else { V::load_some(from, mask) };
        }
    }
}

/// A function of `body` for each number of rows; the largest stands in for those that are not used.
macro_rules! by_rows {
    ($tile:ident, $vectors:literal, $($rows:literal)+) => {
        [$($tile::<$rows, $vectors>),+]
    };
}

#[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::{Kernels, Nest, Tile, body, nested};

    pub(super) static AVX512: Kernels = Kernels {
        width: 16,
        rows: [9, 9, 8, 6],
        tiles: [
            by_rows!(avx512, 1, 1 2 3 4 5 6 7 8 9),
            by_rows!(avx512, 2, 1 2 3 4 5 6 7 8 9),
            by_rows!(avx512, 3, 1 2 3 4 5 6 7 8 8),
            by_rows!(avx512, 4, 1 2 3 4 5 6 6 6 6),
        ],
        nested: [
            by_rows!(avx512_nested, 1, 1 2 3 4 5 6 7 8 9),
            by_rows!(avx512_nested, 2, 1 2 3 4 5 6 7 8 9),
            by_rows!(avx512_nested, 3, 1 2 3 4 5 6 7 8 8),
            by_rows!(avx512_nested, 4, 1 2 3 4 5 6 6 6 6),
        ],
    };

    pub(super) static AVX2: Kernels = Kernels {
        width: 8,
        rows: [9, 6, 0, 0],
        tiles: [
            by_rows!(avx2, 1, 1 2 3 4 5 6 7 8 9),
            by_rows!(avx2, 2, 1 2 3 4 5 6 6 6 6),
            by_rows!(avx2, 2, 1 2 3 4 5 6 6 6 6),
            by_rows!(avx2, 2, 1 2 3 4 5 6 6 6 6),
        ],
        nested: [
            by_rows!(avx2_nested, 1, 1 2 3 4 5 6 7 8 9),
            by_rows!(avx2_nested, 2, 1 2 3 4 5 6 6 6 6),
            by_rows!(avx2_nested, 2, 1 2 3 4 5 6 6 6 6),
            by_rows!(avx2_nested, 2, 1 2 3 4 5 6 6 6 6),
        ],
    };

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    unsafe fn avx512<const M: usize, const N: usize>(tile: &Tile) {
        // SAFETY: as the caller promises.
        unsafe { body::<__m512, M, N>(tile) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    unsafe fn avx512_nested<const M: usize, const N: usize>(tile: &Tile, nest: &Nest) {
        // SAFETY: as the caller promises.
        unsafe { nested::<__m512, M, N>(tile, nest) }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2_nested<const M: usize, const N: usize>(tile: &Tile, nest: &Nest) {
        // SAFETY: as the caller promises.
        unsafe { nested::<__m256, M, N>(tile, nest) }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const M: usize, const N: usize>(tile: &Tile) {
        // SAFETY: as the caller promises.
        unsafe { body::<__m256, M, N>(tile) }
    }
}

mod portable {
    use super::{Kernels, Nest, Tile, body, nested};

    pub(super) static KERNELS: Kernels = Kernels {
        width: 4,
        rows: [4, 4, 0, 0],
        tiles: [
            by_rows!(portable, 1, 1 2 3 4 4 4 4 4 4),
            by_rows!(portable, 2, 1 2 3 4 4 4 4 4 4),
            by_rows!(portable, 2, 1 2 3 4 4 4 4 4 4),
            by_rows!(portable, 2, 1 2 3 4 4 4 4 4 4),
        ],
        nested: [
            by_rows!(portable_nested, 1, 1 2 3 4 4 4 4 4 4),
            by_rows!(portable_nested, 2, 1 2 3 4 4 4 4 4 4),
            by_rows!(portable_nested, 2, 1 2 3 4 4 4 4 4 4),
            by_rows!(portable_nested, 2, 1 2 3 4 4 4 4 4 4),
        ],
    };

    unsafe fn portable_nested<const M: usize, const N: usize>(tile: &Tile, nest: &Nest) {
        // SAFETY: as the caller promises.
        unsafe { nested::<[f32; 4], M, N>(tile, nest) }
    }

    unsafe fn portable<const M: usize, const N: usize>(tile: &Tile) {
        // SAFETY: as the caller promises.
        unsafe { body::<[f32; 4], M, N>(tile) }
    }
}
