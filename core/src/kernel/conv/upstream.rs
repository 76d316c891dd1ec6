//! The gradient that arrives at a convolution, and how it is brought to the sums before relu, pool and mean.

use std::ops::Range;

use super::super::{Exec, multiversion};
use super::Conv;
use super::forward::{bytes, pooled_words};

/// The gradient that arrives.
#[derive(Clone, Copy, Debug)]
pub enum Upstream<'a> {
    /// At the sum itself.
    Plain {
        /// `[batch, rows, columns, filters]`
        dy: &'a [f32],
    },
    /// After relu.
    Relu {
        /// `[batch, rows, columns, filters]`
        dy: &'a [f32],
        /// The output of the forward pass.
        y: &'a [f32],
    },
    /// After the means of whole maps.
    Mean {
        /// `[batch, filters]`
        dy: &'a [f32],
        /// The output of the relu before them, if there was one: `[batch, rows, columns, filters]`.
        y: Option<&'a [f32]>,
    },
    /// After the maxima of windows that do not overlap.
    Pooled {
        /// `[batch, rows / pool, columns / pool, filters]`
        dy: &'a [f32],
        /// The output of the forward pass.
        y: &'a [f32],
        /// Where each maximum stands in its window, a byte each.
        places: &'a [f32],
        /// The size of a window.
        pool: [usize; 2],
        /// Whether there was a relu before.
        relu: bool,
    },
}

impl Upstream<'_> {
    /// Whether tiles of 4×4 outputs hold whole windows.
    pub(super) fn is_tiled(&self) -> bool {
        !matches!(self, Self::Pooled { pool, .. } if *pool != [2, 2])
    }

    /// Rows of outputs that a gradient arrives at: the windows of a pool may leave out the last ones.
    pub(super) fn rows(&self, g: &Conv) -> usize {
        let rows = g.output()[0];
        if let Self::Pooled { pool, .. } = self { rows / pool[0] * pool[0] } else { rows }
    }

    /// Rows that arrive together: those of a window.
    pub(super) fn step(&self) -> usize {
        if let Self::Pooled { pool, .. } = self { pool[0] } else { 1 }
    }

    /// # Panics
    ///
    /// When the slices do not have the sizes of `g`: a mistake of the caller.
    pub(super) fn check(&self, g: &Conv) {
        let outputs = g.lens()[1];
        let fits = match *self {
            Self::Plain { dy } => dy.len() == outputs,
            Self::Relu { dy, y } => dy.len() == outputs && y.len() == outputs,
            Self::Mean { dy, y } => dy.len() == g.batch * g.filters && y.is_none_or(|y| y.len() == outputs),
            Self::Pooled { dy, y, places, pool, .. } => {
                let [rows, columns] = [0, 1].map(|axis| g.output()[axis] / pool[axis]);
                dy.len() == g.batch * rows * columns * g.filters && y.len() == dy.len() && places.len() == pooled_words(g, pool)
            }
        };
        assert!(fits, "the gradient that arrives at a convolution");
    }
}

/// How the gradient of an example is laid out: between zeros where the gradient by the input is wanted.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Zeros above and at the left.
    first: [usize; 2],
    /// From one place to the next.
    pub(super) step: [usize; 2],
    pub(super) size: [usize; 2],
}

impl Layout {
    pub(super) fn new(g: &Conv, by_input: bool) -> Self {
        if !by_input {
            return Self { first: [0, 0], step: [1, 1], size: g.output() };
        }
        let before = [0, 1].map(|axis| (g.kernel[axis] - 1) * g.dilation[axis]);
        Self {
            first: [0, 1].map(|axis| before[axis] - g.padding[axis][0].min(before[axis])),
            step: g.strides,
            size: [0, 1].map(|axis| g.size[axis] + before[axis]),
        }
    }

    /// The first row of gradients, and the one after the last.
    pub(super) fn live(&self, g: &Conv) -> [usize; 2] {
        [self.first[0], self.first[0] + (g.output()[0] - 1) * self.step[0] + 1]
    }

    pub(super) fn row(&self, g: &Conv) -> usize {
        self.size[1] * g.filters
    }

    pub(super) fn len(&self, g: &Conv) -> usize {
        self.size[0] * self.row(g)
    }

    /// Where the gradient of the first output in a row begins.
    pub(super) fn start(&self, g: &Conv, row: usize) -> usize {
        (self.first[0] + row * self.step[0]) * self.row(g) + self.first[1] * g.filters
    }
}

/// Brings the gradient of one example to the sum before relu and pooling, at its places between the zeros.
pub(super) fn spread(exec: Exec<'_>, g: &Conv, layout: &Layout, upstream: Upstream<'_>, example: usize, dz: &mut [f32]) {
    spread_rows(exec, g, layout, upstream, example, 0..upstream.rows(g), dz);
}

/// The same for some rows of outputs, whole windows of a pool: the first of them comes first.
pub(super) fn spread_rows(
    exec: Exec<'_>,
    g: &Conv,
    layout: &Layout,
    upstream: Upstream<'_>,
    example: usize,
    wanted: Range<usize>,
    dz: &mut [f32],
) {
    let ([rows, columns], simd) = (g.output(), exec.simd());
    let row_len = columns * g.filters;
    let start = |row: usize| layout.start(g, row - wanted.start);
    match upstream {
        Upstream::Plain { dy } | Upstream::Relu { dy, .. } => {
            let y = if let Upstream::Relu { y, .. } = upstream { y } else { &[] };
            for row in wanted.clone() {
                let at = (example * rows + row) * row_len..(example * rows + row + 1) * row_len;
                let dz = &mut dz[start(row)..];
                let y = if y.is_empty() { &[] } else { &y[at.clone()] };
                spread_row(simd, &dy[at], y, g.filters, layout.step[1] * g.filters, dz);
            }
        }
        Upstream::Mean { dy, y } => {
            let dy = &dy[example * g.filters..][..g.filters];
            let factor = 1.0 / (rows * columns) as f32;
            for row in wanted.clone() {
                let dz = &mut dz[start(row)..];
                let y = y.map_or(&[][..], |y| &y[(example * rows + row) * row_len..][..row_len]);
                spread_mean(simd, dy, factor, y, columns, layout.step[1] * g.filters, dz);
            }
        }
        Upstream::Pooled { dy, y, places, pool, relu } => {
            let [pooled_rows, pooled_columns] = [rows / pool[0], columns / pool[1]];
            let (len, words) = (pooled_columns * g.filters, (pooled_columns * g.filters).div_ceil(4));
            for row in wanted.start / pool[0]..wanted.end / pool[0] {
                let place = example * pooled_rows + row;
                let (dy, y) = (&dy[place * len..][..len], &y[place * len..][..len]);
                let places = &bytes(&places[place * words..][..words])[..len];
                for line in 0..pool[0] {
                    let dz = &mut dz[start(row * pool[0] + line)..];
                    let step = layout.step[1] * g.filters;
                    let first = (line * pool[1]) as u8;
                    spread_pooled(simd, dy, y, places, relu, g.filters, pool[1], first, step, dz);
                }
            }
        }
    }
}

multiversion! {
    /// `dz = dy` where `y > 0`; everywhere, where there is no y.
    fn spread_row<F>(dy: &[f32], y: &[f32], filters: usize, step: usize, dz: &mut [f32]) {
        if y.is_empty() {
            for (dy, dz) in dy.chunks_exact(filters).zip(dz.chunks_mut(step)) {
                dz[..filters].copy_from_slice(dy);
            }
            return;
        }
        for ((dy, y), dz) in dy.chunks_exact(filters).zip(y.chunks_exact(filters)).zip(dz.chunks_mut(step)) {
            for ((dy, y), dz) in dy.iter().zip(y).zip(&mut dz[..filters]) {
                *dz = if *y > 0.0 { *dy } else { 0.0 };
            }
        }
    }
}

multiversion! {
    /// `dz = factor·dy` at each of some places where `y > 0`; everywhere, where there is no y.
    fn spread_mean<F>(dy: &[f32], factor: f32, y: &[f32], places: usize, step: usize, dz: &mut [f32]) {
        for (place, dz) in dz.chunks_mut(step).take(places).enumerate() {
            let dz = &mut dz[..dy.len()];
            if y.is_empty() {
                dz.iter_mut().zip(dy).for_each(|(dz, dy)| *dz = factor * dy);
                continue;
            }
            for ((dz, dy), y) in dz.iter_mut().zip(dy).zip(&y[place * dy.len()..]) {
                *dz = if *y > 0.0 { factor * dy } else { 0.0 };
            }
        }
    }
}

multiversion! {
    /// One line of windows: `dz = dy` where the maximum stands and, with relu, where it is above 0; else 0. The line holds the
    /// places from `first` on, as many as a window is wide.
    fn spread_pooled<F>(
        dy: &[f32], y: &[f32], places: &[u8], relu: bool, filters: usize, width: usize, first: u8, step: usize, dz: &mut [f32],
    ) {
        let windows = dy.chunks_exact(filters).zip(y.chunks_exact(filters)).zip(places.chunks_exact(filters));
        for (((dy, y), places), dz) in windows.zip(dz.chunks_mut(width * step)) {
            for column in 0..width {
                let dz = &mut dz[column * step..][..filters];
                let wanted = first + column as u8;
                for (((dy, y), place), dz) in dy.iter().zip(y).zip(places).zip(dz) {
                    let here = *place == wanted && (!relu || *y > 0.0);
                    *dz = if here { *dy } else { 0.0 };
                }
            }
        }
    }
}
