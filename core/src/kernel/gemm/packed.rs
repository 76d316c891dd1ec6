//! Products with a matrix that was laid out once for many of them.

use super::super::Simd;
use super::mat::View;
use super::pack::pack;
use super::share;
use super::tile::{Kernels, Tile};

/// How a matrix of `k` rows and `cols` columns is laid out: panels of `width` columns, each with its rows one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panels {
    pub(crate) k: usize,
    /// A multiple of 16.
    pub(crate) cols: usize,
    /// A multiple of 16, 64 at most.
    pub(crate) width: usize,
}

impl Panels {
    /// Panels as wide as a tile can be.
    pub(crate) fn new(k: usize, cols: usize) -> Self {
        Self { k, cols, width: cols.clamp(16, 64) }
    }

    pub(crate) fn count(&self) -> usize {
        self.cols.div_ceil(self.width)
    }

    /// Numbers in all panels.
    pub(crate) fn len(&self) -> usize {
        self.count() * self.k * self.width
    }

    /// Where element (k, col) lies; the 15 to its right, as far as they are in the same sixteen, follow.
    pub(crate) fn at(&self, k: usize, col: usize) -> usize {
        (col / self.width * self.k + k) * self.width + col % self.width
    }
}

/// The left side of a product: rows in a slice, and in each row `blocks` blocks of numbers that count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) rows: usize,
    /// From row to row.
    pub(crate) stride: usize,
    /// Numbers in a block.
    pub(crate) block: usize,
    pub(crate) blocks: usize,
    /// From block to block.
    pub(crate) step: usize,
}

impl<'a> Rows<'a> {
    /// Rows whose first `k` numbers count.
    pub(crate) fn new(data: &'a [f32], rows: usize, stride: usize, k: usize) -> Self {
        Self { data, rows, stride, block: k, blocks: 1, step: 0 }
    }
}

/// The right place of a product: rows, and in each row a run of columns for each panel.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) data: &'a mut [f32],
    /// From row to row.
    pub(crate) stride: usize,
    /// From the columns of one panel to those of the next.
    pub(crate) step: usize,
}

/// `C = A·B + bias`, or `C += A·B + bias` where it resumes: on one thread, each element one chain over ascending k.
///
/// # Panics
/// When the sizes do not fit each other: a mistake of the calling kernel.
pub(crate) fn packed(simd: Simd, a: Rows<'_>, panels: Panels, b: &[f32], c: Target<'_>, resume: bool, bias: Option<&[f32]>) {
    let count = panels.count();
    if a.rows == 0 || count == 0 {
        return;
    }
    let narrow = panels.cols - (count - 1) * panels.width;
    let end = |rows: usize, stride: usize, blocks: usize, step: usize, len: usize| (rows - 1) * stride + (blocks - 1) * step + len;
    assert!(
        a.block * a.blocks == panels.k
            && panels.width.is_multiple_of(16)
            && panels.cols.is_multiple_of(16)
            && panels.width <= 64
            && panels.width > 0,
        "{} blocks of {} times {panels:?}",
        a.blocks,
        a.block
    );
    assert!(
        panels.k == 0 || a.data.len() >= end(a.rows, a.stride, a.blocks, a.step, a.block),
        "{} rows of {} in {}",
        a.rows,
        a.stride,
        a.data.len()
    );
    assert!(b.len() >= panels.len() && bias.is_none_or(|bias| bias.len() >= panels.cols), "{} numbers for {panels:?}", b.len());
    assert!(
        c.data.len() >= end(a.rows, c.stride, count, c.step, narrow.min(panels.width))
            && (count == 1 || c.data.len() >= end(a.rows, c.stride, count - 1, c.step, panels.width)),
        "{panels:?} and {} rows into {}",
        a.rows,
        c.data.len()
    );
    let kernels = Kernels::of(simd);
    let across = kernels.width * kernels.vectors();
    let (from, to) = (a.data.as_ptr(), c.data.as_mut_ptr());
    for panel in 0..count {
        let width = if panel + 1 == count { narrow } else { panels.width };
        for first in (0..width).step_by(across) {
            let vectors = (width - first).min(across) / kernels.width;
            let tiles = a.rows.div_ceil(kernels.rows[vectors - 1]);
            for i in 0..tiles {
                let rows = share(a.rows, tiles, i);
                for block in 0..a.blocks {
                    let ends = block + 1 == a.blocks;
                    let bias = bias.filter(|_| ends).map_or(std::ptr::null(), |bias| bias[panel * panels.width + first..].as_ptr());
                    let start = from.wrapping_add(rows.start * a.stride + block * a.step);
                    let part = View { start, row: a.stride, col: 1 };
                    let tile = Tile {
                        k: a.block,
                        a: part,
                        b: View {
                            start: b.as_ptr().wrapping_add(panels.at(block * a.block, panel * panels.width) + first),
                            row: panels.width,
                            col: 1,
                        },
                        c: to.wrapping_add(rows.start * c.stride + panel * c.step + first),
                        c_row: c.stride,
                        last: kernels.width,
                        resume: resume || block > 0,
                        bias,
                        relu: false,
                        ahead: View { row: 0, ..part },
                        far: false,
                    };
                    // SAFETY: whoever has a `Simd` in a kernel has it from `Exec`, which has made sure of it. Rows, columns and k
                    // are inside the three slices by the checks above, and C is borrowed for this alone.
                    unsafe { kernels.compute(rows.len(), vectors, &tile) };
                }
            }
        }
    }
}

/// `to[k·width + j] = from[j·stride + k]` for `k < rows` and `j < cols`: what `to` holds past `cols` has no meaning then.
///
/// # Panics
/// When the slices are too short, or `width` is no multiple of 8 or less than `cols`.
pub(crate) fn transpose(simd: Simd, from: &[f32], stride: usize, [rows, cols]: [usize; 2], to: &mut [f32], width: usize) {
    if rows == 0 || cols == 0 {
        return;
    }
    assert!(width.is_multiple_of(8) && cols <= width && to.len() >= rows * width && from.len() >= (cols - 1) * stride + rows);
    let view = View { start: from.as_ptr(), row: 1, col: stride };
    // SAFETY: whoever has a `Simd` in a kernel has it from `Exec`; the slices are as long as the sizes ask for.
    unsafe { pack(simd, view, rows, cols, to.as_mut_ptr(), width) };
}

#[cfg(test)]
mod tests {
    use super::super::super::{Exec, Team};
    use super::super::{Gemm, Mat, MatMut, gemm};
    use super::*;
    use crate::rng::Key;

    fn uniform(len: usize, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; len];
        Key::new(seed).fill_uniform(&mut values);
        values
    }

    #[test]
    fn the_bits_are_those_of_the_product() {
        let team = Team::new(1);
        for simd in Simd::available() {
            let exec = Exec::new(&team, simd).unwrap();
            for (m, k, cols) in [(1, 1, 16), (5, 7, 48), (16, 33, 64), (13, 20, 112), (9, 0, 80)] {
                let (a, b, bias) = (uniform(m * (k + 3), 1), uniform(k * cols, 2), uniform(cols, 3));
                let panels = Panels::new(k, cols);
                let mut laid_out = vec![0.0; panels.len()];
                for row in 0..k {
                    for col in 0..cols {
                        laid_out[panels.at(row, col)] = b[row * cols + col];
                    }
                }
                let (mut got, mut expected) = (uniform(m * cols, 4), uniform(m * cols, 4));
                let how = Gemm::default().accumulate().bias(&bias);
                gemm(exec, Mat::strided(&a, m, k, k + 3, 1), Mat::new(&b, k, cols), MatMut::new(&mut expected, m, cols), how);
                let target = Target { data: &mut got, stride: cols, step: panels.width };
                packed(simd, Rows::new(&a, m, k + 3, k), panels, &laid_out, target, true, Some(&bias));
                assert_eq!(got, expected, "{m} {k} {cols} {simd}");
            }
        }
    }
}
