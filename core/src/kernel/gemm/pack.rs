//! Part of a matrix laid out as the tiles read it: row after row, near each other.

use super::super::Simd;
use super::mat::View;

/// Copies `rows × cols` of `from` into `panel`, rows `width` apart. What `panel` holds between `cols` and `width` has no meaning
/// afterwards.
///
/// # Safety
///
/// The processor has `simd`, `from` can be read so far, `panel` is good for `rows · width` floats, and `cols <= width`, which is
/// a multiple of 8 where `simd` is not portable and columns are contiguous.
pub(super) unsafe fn pack(simd: Simd, from: View, rows: usize, cols: usize, panel: *mut f32, width: usize) {
    // SAFETY: all reads are inside the part, all writes inside the panel.
    unsafe {
        match simd {
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Simd::Avx2 | Simd::Avx512 if from.col == 1 => x86::copy(from.start, from.row, rows, cols, panel, width),
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Simd::Avx2 | Simd::Avx512 if from.row == 1 => x86::transpose(from.start, from.col, rows, cols, panel, width),
            _ => {
                for j in 0..cols {
                    for k in 0..rows {
                        *panel.add(k * width + j) = *from.start.add(k * from.row + j * from.col);
                    }
                }
            }
        }
    }
}

#[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
mod x86 {
    use std::arch::x86_64::*;

    /// Rows of the panel that are filled before the next columns: their lines stay in the first cache.
    const BLOCK: usize = 64;

    static MARKS: [i32; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

    /// `panel[k·width + j] = from[k·stride + j]` for `k < rows` and `j < cols`.
    ///
    /// # Safety
    ///
    /// The processor has AVX2; memory as in [`pack`](super::pack).
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn copy(from: *const f32, stride: usize, rows: usize, cols: usize, panel: *mut f32, width: usize) {
        for k in 0..rows {
            let (from, panel) = (from.wrapping_add(k * stride), panel.wrapping_add(k * width));
            let mut j = 0;
            while j + 8 <= cols {
                // SAFETY: eight numbers are left in both rows.
                unsafe { _mm256_storeu_ps(panel.add(j), _mm256_loadu_ps(from.add(j))) };
                j += 8;
            }
            while j < cols {
                // SAFETY: one number is left in both rows.
                unsafe { *panel.add(j) = *from.add(j) };
                j += 1;
            }
        }
    }

    /// `panel[k·width + j] = from[j·stride + k]` for `k < rows` and `j < cols`.
    ///
    /// # Safety
    ///
    /// The processor has AVX2; memory as in [`pack`](super::pack).
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn transpose(from: *const f32, stride: usize, rows: usize, cols: usize, panel: *mut f32, width: usize) {
        for top in (0..rows).step_by(BLOCK) {
            let bottom = rows.min(top + BLOCK);
            for j in (0..cols).step_by(8) {
                // The last columns are read again where eight do not fit: what they fill has no meaning.
                let column = |i: usize| from.wrapping_add((j + i).min(cols - 1) * stride);
                let columns: [*const f32; 8] = [column(0), column(1), column(2), column(3), column(4), column(5), column(6), column(7)];
                for k in (top..bottom).step_by(4) {
                    let left = (bottom - k).min(4);
                    // SAFETY: `left` numbers are left in each column, and as many rows in the panel.
                    unsafe {
                        let quad = if left == 4 {
                            if k % 16 == 0 {
                                for column in columns {
                                    _mm_prefetch::<_MM_HINT_T0>(column.wrapping_add(k + BLOCK).cast());
                                }
                            }
                            transpose_quad(columns.map(|column| _mm_loadu_ps(column.add(k))))
                        } else {
                            let mask = _mm_loadu_si128(MARKS.as_ptr().add(4 - left).cast());
                            transpose_quad(columns.map(|column| _mm_maskload_ps(column.add(k), mask)))
                        };
                        for (i, row) in quad.into_iter().take(left).enumerate() {
                            _mm256_storeu_ps(panel.add((k + i) * width + j), row);
                        }
                    }
                }
            }
        }
    }

    /// Eight columns of four numbers to four rows of eight.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn transpose_quad(columns: [__m128; 8]) -> [__m256; 4] {
        let pair = |i: usize| _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(columns[i]), columns[i + 4]);
        let (c0, c1, c2, c3) = (pair(0), pair(1), pair(2), pair(3));
        let (low01, high01) = (_mm256_unpacklo_ps(c0, c1), _mm256_unpackhi_ps(c0, c1));
        let (low23, high23) = (_mm256_unpacklo_ps(c2, c3), _mm256_unpackhi_ps(c2, c3));
        [
            _mm256_shuffle_ps::<0x44>(low01, low23),
            _mm256_shuffle_ps::<0xee>(low01, low23),
            _mm256_shuffle_ps::<0x44>(high01, high23),
            _mm256_shuffle_ps::<0xee>(high01, high23),
        ]
    }
}
