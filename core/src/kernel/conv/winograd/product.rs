//! The products of the transformed tiles, one for each of the 36 places xi: small matrix products whose operands lie in units.

use super::super::super::Simd;
use super::super::super::vector::Vector;
use super::super::tiles;
use super::{LINES, UNIT, tile_len};

/// Numbers from one unit of a transformed tile to the next.
const STEP: usize = LINES * UNIT;

/// Rows of a register tile at most.
const MOST: usize = 12;

/// One register tile. Vector j of a row of B or C begins `j·width` numbers after the row where the numbers are contiguous, and
/// in its own unit where they lie in units.
struct Tile {
    /// Two loops over k: how often, and how far A moves each time. B moves by `b_row` in the inner one.
    outer: usize,
    inner: usize,
    a: *const f32,
    a_row: usize,
    a_outer: usize,
    a_inner: usize,
    b: *const f32,
    b_row: usize,
    c: *mut f32,
    c_row: usize,
    /// Whether the sums go on from what C holds.
    resume: bool,
}

type Compute = unsafe fn(&Tile);

/// The register tiles of an instruction set.
pub(super) struct Products {
    width: usize,
    /// Rows of a tile by vectors across, so that all sums stay in registers. Zero where there is none.
    rows: [usize; 4],
    /// By vectors and rows, both less one: A in units by k, and C in units.
    maps: [[Compute; MOST]; 4],
    /// The same with A and B in units by row and column, and C contiguous.
    sums: [[Compute; MOST]; 4],
}

impl Products {
    pub(super) fn of(simd: Simd) -> &'static Self {
        match simd {
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Simd::Avx512 => &x86::AVX512,
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Simd::Avx2 => &x86::AVX2,
            _ => &PORTABLE,
        }
    }

    /// Vectors across the widest tile.
    fn vectors(&self) -> usize {
        self.rows.iter().filter(|&&rows| rows > 0).count()
    }

    /// The panels of `columns` columns, as wide as a tile: the first column, and how many vectors.
    fn panels(&self, columns: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (width, most) = (self.width, self.width * self.vectors());
        (0..columns).step_by(most).map(move |first| (first, most.min(columns - first) / width))
    }

    /// For one xi: `C = A·B`, A `[count, k]` and C `[count, columns]` transformed maps, B `[k, columns]` contiguous. Each sum is
    /// one chain over ascending k.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set. `k` and `columns` are multiples of 16. A can be read and C written over `count`
    /// tiles, and B over its numbers; no other thread touches C.
    pub(super) unsafe fn maps(&self, count: usize, k: usize, columns: usize, a: *const f32, b: *const f32, c: *mut f32) {
        let (a_row, c_row) = (tile_len(k), tile_len(columns));
        for (first, vectors) in self.panels(columns) {
            for rows in tiles(count, self.rows[vectors - 1]) {
                let tile = Tile {
                    outer: k / UNIT,
                    inner: UNIT,
                    a: a.wrapping_add(rows.start * a_row),
                    a_row,
                    a_outer: STEP,
                    a_inner: 1,
                    b: b.wrapping_add(first),
                    b_row: columns,
                    c: c.wrapping_add(rows.start * c_row + in_units(first)),
                    c_row,
                    resume: false,
                };
                // SAFETY: as the caller promises; rows and columns are inside the matrices.
                unsafe { self.maps[vectors - 1][rows.len() - 1](&tile) };
            }
        }
    }

    /// For one xi: `C += Aᵀ·B`, or begins with it, A `[count, rows]` and B `[count, columns]` transformed maps, C `[rows,
    /// columns]` contiguous. Each sum is one chain over the tiles.
    ///
    /// # Safety
    ///
    /// As [`maps`](Self::maps), with `rows` for `k`.
    #[allow(clippy::too_many_arguments, reason = "three matrices and their sizes")]
    pub(super) unsafe fn sums(&self, count: usize, rows: usize, columns: usize, a: *const f32, b: *const f32, c: *mut f32, resume: bool) {
        for (first, vectors) in self.panels(columns) {
            for block in 0..rows / UNIT {
                for part in tiles(UNIT, self.rows[vectors - 1]) {
                    let tile = Tile {
                        outer: 1,
                        inner: count,
                        a: a.wrapping_add(block * STEP + part.start),
                        a_row: 1,
                        a_outer: 0,
                        a_inner: tile_len(rows),
                        b: b.wrapping_add(in_units(first)),
                        b_row: tile_len(columns),
                        c: c.wrapping_add((block * UNIT + part.start) * columns + first),
                        c_row: columns,
                        resume,
                    };
                    // SAFETY: as in `maps`; rows of a tile are within one unit.
                    unsafe { self.sums[vectors - 1][part.len() - 1](&tile) };
                }
            }
        }
    }
}

/// Where a column lies that begins a vector, from the first one of a transformed tile.
#[inline(always)]
const fn in_units(column: usize) -> usize {
    column / UNIT * STEP + column % UNIT
}

/// One body for all tiles. Where `SUMS`, rows of A lie side by side and B lies in units; else C does.
#[inline(always)]
unsafe fn body<V: Vector, const SUMS: bool, const M: usize, const N: usize>(tile: &Tile) {
    // SAFETY: rows, columns and k are those that the caller of `maps` or `sums` promised.
    unsafe {
        let contiguous = |j: usize| j * V::WIDTH;
        let in_units = |j: usize| in_units(j * V::WIDTH);
        let mut sums = [[V::zero(); N]; M];
        if tile.resume {
            for i in 0..M {
                for j in 0..N {
                    sums[i][j] = V::load(tile.c.add(i * tile.c_row + contiguous(j)));
                }
            }
        }
        let (mut outer, mut b) = (tile.a, tile.b);
        let mut offsets = [0; M];
        for (i, offset) in offsets.iter_mut().enumerate() {
            *offset = if SUMS { i } else { i * tile.a_row };
        }
        for _ in 0..tile.outer {
            let mut a = outer;
            for _ in 0..tile.inner {
                let mut row = [V::zero(); N];
                for (j, vector) in row.iter_mut().enumerate() {
                    *vector = V::load(b.add(if SUMS { in_units(j) } else { contiguous(j) }));
                }
                for i in 0..M {
                    let x = V::splat(a.add(offsets[i]));
                    for j in 0..N {
                        sums[i][j] = sums[i][j].add_product(x, row[j]);
                    }
                }
                a = a.wrapping_add(if SUMS { tile.a_inner } else { 1 });
                b = b.wrapping_add(tile.b_row);
            }
            outer = outer.wrapping_add(tile.a_outer);
        }
        for (i, row) in sums.iter().enumerate() {
            for (j, sum) in row.iter().enumerate() {
                sum.store(tile.c.add(i * tile.c_row + if SUMS { contiguous(j) } else { in_units(j) }));
            }
        }
    }
}

/// A function for each number of rows; the largest stands in for those that are not used.
macro_rules! by_rows {
    ($tile:ident, $sums:literal, $vectors:literal, $($rows:literal)+) => {
        [$($tile::<$sums, $rows, $vectors>),+]
    };
}

/// The four numbers of vectors, of which a set of few registers has two.
macro_rules! by_vectors {
    (4, $tile:ident, $sums:literal) => {
        [
            by_rows!($tile, $sums, 1, 1 2 3 4 5 6 7 8 9 10 11 12),
            by_rows!($tile, $sums, 2, 1 2 3 4 5 6 7 8 9 10 11 12),
            by_rows!($tile, $sums, 3, 1 2 3 4 5 6 7 8 8 8 8 8),
            by_rows!($tile, $sums, 4, 1 2 3 4 5 6 6 6 6 6 6 6),
        ]
    };
    (2, $tile:ident, $sums:literal) => {
        [
            by_rows!($tile, $sums, 1, 1 2 3 4 5 6 7 8 9 10 11 12),
            by_rows!($tile, $sums, 2, 1 2 3 4 5 6 6 6 6 6 6 6),
            by_rows!($tile, $sums, 2, 1 2 3 4 5 6 6 6 6 6 6 6),
            by_rows!($tile, $sums, 2, 1 2 3 4 5 6 6 6 6 6 6 6),
        ]
    };
}

#[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::{Products, Tile, body};

    pub(super) static AVX512: Products =
        Products { width: 16, rows: [12, 12, 8, 6], maps: by_vectors!(4, avx512, false), sums: by_vectors!(4, avx512, true) };

    pub(super) static AVX2: Products =
        Products { width: 8, rows: [12, 6, 0, 0], maps: by_vectors!(2, avx2, false), sums: by_vectors!(2, avx2, true) };

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    unsafe fn avx512<const SUMS: bool, const M: usize, const N: usize>(tile: &Tile) {
        // SAFETY: as the caller promises.
        unsafe { body::<__m512, SUMS, M, N>(tile) }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const SUMS: bool, const M: usize, const N: usize>(tile: &Tile) {
        // SAFETY: as the caller promises.
        unsafe { body::<__m256, SUMS, M, N>(tile) }
    }
}

static PORTABLE: Products =
    Products { width: 4, rows: [12, 6, 0, 0], maps: by_vectors!(2, portable, false), sums: by_vectors!(2, portable, true) };

unsafe fn portable<const SUMS: bool, const M: usize, const N: usize>(tile: &Tile) {
    // SAFETY: as the caller promises.
    unsafe { body::<[f32; 4], SUMS, M, N>(tile) }
}
