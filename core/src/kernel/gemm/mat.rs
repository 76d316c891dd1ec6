//! Matrices as a kernel sees them: slices with sizes and steps.

/// A matrix to read: numbers in a slice, a step from row to row, a step from column to column.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a> Mat<'a> {
    /// A matrix whose rows follow each other in `data`.
    ///
    /// # Panics
    ///
    /// When `data` is too short.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols, 1)
    }

    /// A matrix with element (i, j) at `data[i·row_stride + j·col_stride]`.
    ///
    /// # Panics
    ///
    /// When `data` is too short.
    pub fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> Self {
        check_inside("matrix", data.len(), [rows, cols], [row_stride, col_stride]);
        Self { data, rows, cols, row_stride, col_stride }
    }

    /// The transposed matrix, over the same numbers.
    #[must_use]
    pub fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// What lies from element (row, col) on; outside the matrix it must not be read.
    pub(super) fn view(&self, row: usize, col: usize) -> View {
        let start = self.data.as_ptr().wrapping_add(row.wrapping_mul(self.row_stride)).wrapping_add(col.wrapping_mul(self.col_stride));
        View { start, row: self.row_stride, col: self.col_stride }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }
}

/// A matrix to write: contiguous rows, a step from row to row.
#[derive(Debug)]
pub struct MatMut<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
}

impl<'a> MatMut<'a> {
    /// A matrix whose rows follow each other in `data`.
    ///
    /// # Panics
    ///
    /// When `data` is too short.
    pub fn new(data: &'a mut [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// A matrix with element (i, j) at `data[i·row_stride + j]`.
    ///
    /// # Panics
    ///
    /// When `data` is too short, or rows overlap.
    pub fn strided(data: &'a mut [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        check_inside("matrix", data.len(), [rows, cols], [row_stride, 1]);
        assert!(rows <= 1 || row_stride >= cols, "rows of {cols} numbers overlap: the next one starts after {row_stride}");
        Self { data, rows, cols, row_stride }
    }
}

/// Stops a kernel that would reach past its slice.
fn check_inside(what: &str, len: usize, sizes: [usize; 2], strides: [usize; 2]) {
    if sizes[0] == 0 || sizes[1] == 0 {
        return;
    }
    let last = |i: usize| (sizes[i] - 1).checked_mul(strides[i]);
    let end = last(0).zip(last(1)).and_then(|(row, col)| row.checked_add(col));
    assert!(end.is_some_and(|end| end < len), "a {what} of {sizes:?} with steps {strides:?} does not fit into {len} numbers");
}

/// Part of a matrix: where it starts, and the steps from row to row and from column to column.
#[derive(Clone, Copy)]
pub(in super::super) struct View {
    pub(in super::super) start: *const f32,
    pub(in super::super) row: usize,
    pub(in super::super) col: usize,
}

impl View {
    /// The same from another row on.
    pub(in super::super) fn below(self, rows: usize) -> Self {
        Self { start: self.start.wrapping_add(rows * self.row), ..self }
    }

    /// The transposed part.
    pub(super) fn t(self) -> Self {
        Self { row: self.col, col: self.row, ..self }
    }
}
