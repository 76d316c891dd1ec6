//! Convolution of channels-last maps. No window is ever copied.
//!
//! Layers of 3×3 windows with enough channels take fewer products: see `winograd`; windows of one place are products of
//! matrices; filters that see one channel have kernels of their own: see `depthwise`. All others are computed directly, those
//! that see few channels several groups at a time: see `grouped`.
//!
//! A row of outputs is a product of the input row and the kernel, with two more loops around k: over the rows and the columns
//! of the window. Every output element is one chain of multiply-adds over ascending (row, column, channel) of the window; every
//! element of the kernel's gradient one over ascending (example, row, column) of each of at most eight parts of the batch,
//! whose sums are added as a tree.

mod backward;
mod depthwise;
mod forward;
mod grouped;
#[cfg(test)]
mod tests;
mod transposed;
mod upstream;
mod winograd;

pub use backward::{backward, backward_scratch};
pub use forward::{forward, forward_pooled, forward_scratch, pooled_words};
pub use transposed::{transposed, transposed_scratch};
pub use upstream::Upstream;
pub(crate) use winograd::applies as has_fewer_products;

use super::gemm::Kernels;

/// The sizes of a convolution: rows first, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Examples.
    pub batch: usize,
    /// Of the input.
    pub size: [usize; 2],
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Of the window.
    pub kernel: [usize; 2],
    /// Steps between windows.
    pub strides: [usize; 2],
    /// Steps between the places of a window.
    pub dilation: [usize; 2],
    /// Zeros before and after each axis.
    pub padding: [[usize; 2]; 2],
    /// Number of channel groups; a filter sees the channels of its group.
    pub groups: usize,
}

impl Conv {
    /// How far a window reaches.
    pub fn reach(&self) -> [usize; 2] {
        [0, 1].map(|axis| (self.kernel[axis] - 1) * self.dilation[axis] + 1)
    }

    /// The size of the input with its zeros.
    pub fn padded(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.size[axis] + self.padding[axis][0] + self.padding[axis][1])
    }

    /// The size of the output.
    pub fn output(&self) -> [usize; 2] {
        let (padded, reach) = (self.padded(), self.reach());
        [0, 1].map(|axis| if padded[axis] < reach[axis] { 0 } else { (padded[axis] - reach[axis]) / self.strides[axis] + 1 })
    }

    /// Numbers in the kernel: `[rows, columns, channels / groups, filters]`.
    pub fn weights(&self) -> usize {
        self.taps() * self.filters
    }

    /// Numbers that one output is a sum over.
    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.group_channels()
    }

    fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    fn is_padded(&self) -> bool {
        self.padding != [[0, 0]; 2]
    }

    fn is_strided(&self) -> bool {
        self.strides != [1, 1]
    }

    /// Whether each place is mixed by itself: a product of matrices.
    fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && !self.is_strided() && self.groups == 1 && !self.is_padded()
    }

    /// The rows of the padded input that the input takes: the first, and the one after the last.
    fn inside(&self) -> [usize; 2] {
        [self.padding[0][0], self.padding[0][0] + self.size[0]]
    }

    /// Whether a row of a window is one contiguous piece of the input.
    fn rows_are_contiguous(&self) -> bool {
        self.groups == 1 && self.dilation[1] == 1
    }

    /// Stops a kernel before sizes wrap.
    ///
    /// # Panics
    ///
    /// When the numbers of a map or of the kernel cannot be counted, or something is 0 that must not be: a mistake of the caller.
    fn check(&self) {
        let product = |sizes: &[usize]| sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
        let axes = [0, 1].map(|axis| {
            let reach = self.kernel[axis].checked_sub(1)?.checked_mul(self.dilation[axis])?.checked_add(1)?;
            let padded = self.size[axis].checked_add(self.padding[axis][0])?.checked_add(self.padding[axis][1])?;
            // A stride longer than the map would take places where no window is.
            (self.strides[axis] >= 1 && reach.max(self.strides[axis]) <= isize::MAX as usize).then_some(padded)
        });
        assert!(axes.iter().all(Option::is_some), "the sizes of a convolution: {self:?}");
        let [rows, columns] = axes.map(Option::unwrap_or_default);
        let channels = self.channels.max(self.filters);
        let map = product(&[self.batch, rows, columns, channels, size_of::<f32>()]);
        let kernel = product(&[self.kernel[0], self.kernel[1], self.channels, self.filters, size_of::<f32>()]);
        let fits = [map, kernel].iter().all(|bytes| bytes.is_some_and(|bytes| bytes <= isize::MAX as usize));
        let groups = self.groups >= 1 && self.channels.is_multiple_of(self.groups) && self.filters.is_multiple_of(self.groups);
        assert!(fits && groups, "the sizes of a convolution: {self:?}");
    }

    /// Numbers of the input, of the output, and of the input with its zeros.
    fn lens(&self) -> [usize; 3] {
        let of = |[rows, columns]: [usize; 2], channels| self.batch * rows * columns * channels;
        [of(self.size, self.channels), of(self.output(), self.filters), of(self.padded(), self.channels)]
    }
}

/// Multiply-adds of one pass, forward or by the input or by the kernel; with a pool after it, of the outputs that it needs.
pub fn multiply_adds(g: &Conv, pool: Option<[usize; 2]>) -> usize {
    if winograd::applies(g) && pool.is_none_or(|pool| pool == [2, 2]) {
        return g.batch * winograd::products(g, pool.is_none()) * g.channels * g.filters;
    }
    let [rows, columns] = [0, 1].map(|axis| pool.map_or(g.output()[axis], |pool| g.output()[axis] / pool[axis] * pool[axis]));
    g.batch * rows * columns * g.taps() * g.filters
}

/// Columns cut into panels as wide as a tile.
#[derive(Clone, Copy)]
struct Panel {
    first: usize,
    vectors: usize,
    /// Columns that count in the last vector.
    last: usize,
}

/// The panels of `columns` columns, of `most` vectors at most.
fn panels(kernels: &Kernels, most: usize, columns: usize) -> impl Iterator<Item = Panel> + use<> {
    let width = kernels.width;
    (0..columns).step_by(width * most).map(move |first| {
        let vectors = (columns - first).div_ceil(width).min(most);
        Panel { first, vectors, last: (columns - first - (vectors - 1) * width).min(width) }
    })
}

/// Rows cut into tiles of `most` at most, as equal as can be: a tile of one row would wait for its own sums.
fn tiles(rows: usize, most: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = rows.div_ceil(most);
    (0..count).map(move |index| index * rows / count..(index + 1) * rows / count)
}

/// Copies maps and puts zeros around them.
fn pad(exec: super::Exec<'_>, g: &Conv, x: &[f32], padded: &mut [f32]) {
    let ([rows, columns], [padded_rows, padded_columns]) = (g.size, g.padded());
    let (row, padded_row) = (columns * g.channels, padded_columns * g.channels);
    let left = g.padding[1][0] * g.channels;
    exec.for_each(super::chunks_mut(padded, padded_rows * padded_row), |example, padded| {
        padded.fill(0.0);
        let inside = padded.chunks_exact_mut(padded_row).skip(g.padding[0][0]).take(rows);
        for (padded, x) in inside.zip(x[example * rows * row..].chunks_exact(row)) {
            padded[left..left + row].copy_from_slice(x);
        }
    });
}
