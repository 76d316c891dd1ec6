//! The weights as the steps want them, and gradients back as Keras lays them out.

use super::super::gemm::{Panels, Rows, transpose};
use super::super::{Exec, Simd, chunks_mut};
use super::{BLOCK, Rnn};

/// Gates that a matrix is multiplied into: they follow each other in every block of units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Their places in Keras' order.
    pub(super) gates: &'static [usize],
    /// Where they begin in the numbers of a block.
    pub(super) offset: usize,
    /// The numbers of a block.
    pub(super) lanes: usize,
}

impl Part {
    /// One gate of it.
    pub(super) fn single(self, index: usize) -> Self {
        Self { gates: &self.gates[index..=index], offset: self.offset + index * BLOCK, lanes: self.lanes }
    }

    /// Numbers of a block that belong to it.
    pub(super) fn width(&self) -> usize {
        self.gates.len() * BLOCK
    }

    /// Whether all numbers do.
    pub(super) fn is_whole(&self) -> bool {
        self.width() == self.lanes
    }

    /// Its columns in all blocks.
    pub(super) fn cols(&self, rnn: &Rnn) -> usize {
        rnn.padded() / BLOCK * self.width()
    }

    /// How a matrix of `k` rows is laid out for products into the part.
    pub(super) fn panels(&self, rnn: &Rnn, k: usize) -> Panels {
        if self.lanes == BLOCK { Panels::new(k, self.cols(rnn)) } else { Panels { k, cols: self.cols(rnn), width: self.width() } }
    }

    /// From the columns of one panel to those of the next.
    pub(super) fn step(&self, panels: &Panels) -> usize {
        if self.lanes == BLOCK { panels.width } else { self.lanes }
    }

    /// The part of `rows` rows of numbers, as the left side of a product.
    pub(super) fn rows<'a>(&self, rnn: &Rnn, data: &'a [f32], rows: usize) -> Rows<'a> {
        let row = rnn.row();
        if self.is_whole() {
            return Rows::new(data, rows, row, row);
        }
        Rows { data: &data[self.offset..], rows, stride: row, block: self.width(), blocks: row / self.lanes, step: self.lanes }
    }

    /// For each sixteen columns: where they begin, the gate, the first unit, and how many of the units there are.
    pub(super) fn sixteens(self, rnn: &Rnn) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let units = rnn.units;
        (0..rnn.padded() / BLOCK).flat_map(move |block| {
            let unit = block * BLOCK;
            self.gates
                .iter()
                .enumerate()
                .map(move |(place, gate)| ((block * self.gates.len() + place) * BLOCK, *gate, unit, (units - unit).min(BLOCK)))
        })
    }

    /// Lays out `k` rows of Keras' matrix for products into the part; columns of units that do not exist are 0.
    pub(super) fn lay_out(self, rnn: &Rnn, k: usize, matrix: &[f32], to: &mut [f32]) {
        let (panels, across) = (self.panels(rnn, k), rnn.cell.gates() * rnn.units);
        for (col, gate, unit, len) in self.sixteens(rnn) {
            for row in 0..k {
                let to = &mut to[panels.at(row, col)..][..BLOCK];
                let from = &matrix[row * across + gate * rnn.units + unit..][..len];
                if let Ok(from) = <&[f32; BLOCK]>::try_from(from) {
                    to.copy_from_slice(from);
                } else {
                    to[..len].copy_from_slice(from);
                    to[len..].fill(0.0);
                }
            }
        }
    }

    /// Lays out the transposed matrix, for products of the part with it: `n` columns, filled up with zeros.
    pub(super) fn lay_out_transposed(self, rnn: &Rnn, simd: Simd, n: usize, matrix: &[f32], to: &mut [f32]) {
        let (panels, across) = (Panels::new(self.cols(rnn), n.next_multiple_of(BLOCK)), rnn.cell.gates() * rnn.units);
        for (k, gate, unit, len) in self.sixteens(rnn) {
            for first in (0..n).step_by(panels.width) {
                let (width, cols) = (panels.width, (n - first).min(panels.width));
                let to = &mut to[panels.at(k, first)..][..BLOCK * width];
                transpose(simd, &matrix[first * across + gate * rnn.units + unit..], across, [len, cols], to, width);
                to[len * width..].fill(0.0);
                if cols < width {
                    to.chunks_exact_mut(width).for_each(|row| row[cols..].fill(0.0));
                }
            }
        }
    }

    /// Adds up what the chunks found for `k` rows of the matrix: `[k, cols]` in each chunk, whose length and where it begins in
    /// them `place` says.
    pub(super) fn gather(self, rnn: &Rnn, exec: Exec<'_>, k: usize, found: &[f32], place: [usize; 2], to: &mut [f32]) {
        let (cols, across, [chunk, start]) = (self.cols(rnn), rnn.cell.gates() * rnn.units, place);
        let rows = Exec::chunk_len(k, 16_384 / across.max(1));
        exec.for_each(chunks_mut(to, rows * across), |part, to| {
            for (row, to) in to.chunks_exact_mut(across).enumerate() {
                let from = start + (part * rows + row) * cols;
                for (col, gate, unit, len) in self.sixteens(rnn) {
                    sum_sixteen(found, chunk, from + col, &mut to[gate * rnn.units + unit..][..len]);
                }
            }
        });
    }

    /// The same for one row that holds all numbers of the blocks.
    pub(super) fn gather_row(self, rnn: &Rnn, found: &[f32], place: [usize; 2], to: &mut [f32]) {
        let [chunk, start] = place;
        for (col, gate, unit, len) in self.sixteens(rnn) {
            let (block, within) = (col / self.width(), col % self.width());
            sum_sixteen(found, chunk, start + block * self.lanes + self.offset + within, &mut to[gate * rnn.units + unit..][..len]);
        }
    }
}

/// Adds up sixteen numbers of all chunks, in their order, and takes as many as there is room for.
fn sum_sixteen(found: &[f32], chunk: usize, from: usize, to: &mut [f32]) {
    let mut sum = [0.0; BLOCK];
    for found in found.chunks_exact(chunk) {
        sum.iter_mut().zip(&found[from..from + BLOCK]).for_each(|(sum, x)| *sum += x);
    }
    to.copy_from_slice(&sum[..to.len()]);
}
