//! Maxima and means of windows of channels-last maps.

use super::{Exec, chunks_mut, multiversion};

/// Numbers of output that are worth a chunk.
const MIN_OUTPUTS: usize = 4_096;

/// The sizes of a pooling: rows first, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Examples.
    pub batch: usize,
    /// Of the input.
    pub size: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// Of a window.
    pub window: [usize; 2],
    /// Steps between windows.
    pub strides: [usize; 2],
    /// How far the first window reaches beyond the input.
    pub before: [usize; 2],
    /// Of the output.
    pub output: [usize; 2],
}

impl Pool {
    /// The places of the input in the window of an output, along one axis.
    fn places(&self, axis: usize, output: usize) -> std::ops::Range<usize> {
        let start = output * self.strides[axis];
        let end = (start + self.window[axis]).saturating_sub(self.before[axis]).min(self.size[axis]);
        start.saturating_sub(self.before[axis]).min(end)..end
    }

    /// Calls `f` with each place of the window of an output, in order: where its channels begin in the example.
    #[inline(always)]
    fn for_places(&self, row: usize, column: usize, mut f: impl FnMut(usize)) {
        for y in self.places(0, row) {
            for x in self.places(1, column) {
                f((y * self.size[1] + x) * self.channels);
            }
        }
    }

    fn input_len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    fn row_len(&self) -> usize {
        self.output[1] * self.channels
    }

    fn check(&self, x: usize, y: usize) {
        let outputs = self.batch * self.output[0] * self.row_len();
        assert!(x == self.batch * self.input_len() && y == outputs, "the sizes of a pooling");
    }

    /// Rows of output in a chunk.
    fn chunk(&self) -> usize {
        Exec::chunk_len(self.batch * self.output[0], MIN_OUTPUTS.div_ceil(self.row_len().max(1)))
    }
}

/// The maxima, NaN where there is one in the window; the bits of `places` tell the position in the example's map at which each
/// stands, the first of equals.
///
/// # Panics
///
/// When the slices do not have the sizes of `g`: a mistake of the caller.
pub fn max(exec: Exec<'_>, g: &Pool, x: &[f32], y: &mut [f32], places: &mut [f32]) {
    g.check(x.len(), y.len());
    let (row, chunk) = (g.row_len(), g.chunk());
    if y.is_empty() {
        return;
    }
    exec.for_each((chunks_mut(y, chunk * row), chunks_mut(places, chunk * row)), |index, (y, places)| {
        for (line, (y, places)) in y.chunks_exact_mut(row).zip(places.chunks_exact_mut(row)).enumerate() {
            let line = index * chunk + line;
            let x = &x[line / g.output[0] * g.input_len()..][..g.input_len()];
            max_row(exec.simd(), g, x, line % g.output[0], y, places);
        }
    });
}

multiversion! {
    fn max_row<F>(g: &Pool, x: &[f32], row: usize, y: &mut [f32], places: &mut [f32]) {
        for (column, (y, places)) in y.chunks_exact_mut(g.channels).zip(places.chunks_exact_mut(g.channels)).enumerate() {
            let mut begun = false;
            g.for_places(row, column, |at| {
                // As bits: a number would not hold every place of a large map.
                let (x, place) = (&x[at..at + g.channels], f32::from_bits((at / g.channels) as u32));
                if !begun {
                    y.copy_from_slice(x);
                    places.fill(place);
                    begun = true;
                    return;
                }
                for ((x, y), stands) in x.iter().zip(&mut *y).zip(&mut *places) {
                    let more = *x > *y || x.is_nan();
                    *y = if more { *x } else { *y };
                    *stands = if more { place } else { *stands };
                }
            });
        }
    }
}

/// The gradient of the maxima: each goes to where its maximum stands.
///
/// # Panics
///
/// As [`max`].
pub fn max_backward(exec: Exec<'_>, g: &Pool, places: &[f32], dy: &[f32], dx: &mut [f32]) {
    g.check(dx.len(), dy.len());
    let outputs = g.output[0] * g.row_len();
    exec.for_each(chunks_mut(dx, g.input_len()), |example, dx| {
        dx.fill(0.0);
        let range = example * outputs..(example + 1) * outputs;
        for (dy, places) in dy[range.clone()].chunks_exact(g.channels).zip(places[range].chunks_exact(g.channels)) {
            for (channel, (dy, place)) in dy.iter().zip(places).enumerate() {
                dx[place.to_bits() as usize * g.channels + channel] += dy;
            }
        }
    });
}

/// The means over the places of each window that are in the input.
///
/// # Panics
///
/// As [`max`].
pub fn average(exec: Exec<'_>, g: &Pool, x: &[f32], y: &mut [f32]) {
    g.check(x.len(), y.len());
    let (row, chunk) = (g.row_len(), g.chunk());
    if y.is_empty() {
        return;
    }
    exec.for_each(chunks_mut(y, chunk * row), |index, y| {
        for (line, y) in y.chunks_exact_mut(row).enumerate() {
            let line = index * chunk + line;
            average_row(exec.simd(), g, &x[line / g.output[0] * g.input_len()..][..g.input_len()], line % g.output[0], y);
        }
    });
}

multiversion! {
    fn average_row<F>(g: &Pool, x: &[f32], row: usize, y: &mut [f32]) {
        for (column, y) in y.chunks_exact_mut(g.channels).enumerate() {
            y.fill(0.0);
            g.for_places(row, column, |at| {
                for (x, y) in x[at..at + g.channels].iter().zip(&mut *y) {
                    *y += x;
                }
            });
            let count = (g.places(0, row).len() * g.places(1, column).len()) as f32;
            for y in y {
                *y /= count;
            }
        }
    }
}

/// The gradient of the means: each goes to all places of its window, in equal parts.
///
/// # Panics
///
/// As [`max`].
pub fn average_backward(exec: Exec<'_>, g: &Pool, dy: &[f32], dx: &mut [f32]) {
    g.check(dx.len(), dy.len());
    let outputs = g.output[0] * g.row_len();
    exec.for_each(chunks_mut(dx, g.input_len()), |example, dx| {
        average_example_backward(exec.simd(), g, &dy[example * outputs..][..outputs], dx);
    });
}

multiversion! {
    fn average_example_backward<F>(g: &Pool, dy: &[f32], dx: &mut [f32]) {
        dx.fill(0.0);
        for (place, dy) in dy.chunks_exact(g.channels).enumerate() {
            let (row, column) = (place / g.output[1], place % g.output[1]);
            let count = (g.places(0, row).len() * g.places(1, column).len()) as f32;
            g.for_places(row, column, |at| {
                for (dy, dx) in dy.iter().zip(&mut dx[at..at + g.channels]) {
                    *dx += dy / count;
                }
            });
        }
    }
}
