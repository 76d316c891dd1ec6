//! Convolutions of channels-last maps, with bias, relu, and the maxima of windows or the means of maps in the same pass.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::autodiff::{Backward, Forward, Memory, Op, Reads, Var};
use crate::kernel::conv::{self, Conv, Upstream};
use crate::kernel::reduce;
use crate::ops::Activation;
use crate::{Error, Result, Shape, Tensor};

/// What a window meets beyond the ends of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Padding {
    /// Windows stay inside.
    #[default]
    Valid,
    /// Zeros on both sides, such that there are `ceil(size / stride)` windows; the odd one after.
    Same,
    /// Zeros in front, such that no window looks ahead.
    Causal,
}

impl Padding {
    /// Zeros before and after an axis for windows that reach this far.
    pub(super) fn amounts(self, size: usize, reach: usize, stride: usize) -> [usize; 2] {
        match self {
            Self::Valid => [0, 0],
            Self::Same if size == 0 => [0, 0],
            Self::Same => {
                let last = size.div_ceil(stride).saturating_sub(1) * stride;
                let total = last.saturating_add(reach).saturating_sub(size);
                [total / 2, total - total / 2]
            }
            Self::Causal => [reach - 1, 0],
        }
    }

    /// How many windows that reach so far there are along rows and columns, where their sizes are known.
    pub(crate) fn windows(self, map: [Option<usize>; 2], reach: [usize; 2], strides: [usize; 2]) -> Result<[Option<usize>; 2]> {
        let mut windows = [None; 2];
        for axis in 0..2 {
            let Some(size) = map[axis] else { continue };
            if (self, size) == (Self::Same, 0) {
                windows[axis] = Some(0);
                continue;
            }
            let around = self.amounts(size, reach[axis], strides[axis]);
            let padded = around.iter().try_fold(size, |size, zeros| size.checked_add(*zeros)).ok_or_else(too_large)?;
            let rest = padded.checked_sub(reach[axis]).ok_or_else(|| does_not_fit(reach, map))?;
            windows[axis] = Some(rest / strides[axis] + 1);
        }
        Ok(windows)
    }
}

fn does_not_fit(reach: [usize; 2], map: [Option<usize>; 2]) -> Error {
    let [rows, columns] = map.map(|size| size.map_or("?".to_owned(), |size| size.to_string()));
    let error = match (reach, map) {
        ([1, reach], [Some(1), _]) => format!("a window of {reach} does not fit into {columns} steps"),
        ([height, width], _) => format!("a window of {height}×{width} does not fit into a map of {rows}×{columns}"),
    };
    Error::shape(error).hint("use a smaller window, fewer layers that shrink the map before, or padding `same`")
}

fn too_large() -> Error {
    Error::argument("the window is larger than memory").hint("use a smaller kernel_size, pool_size or dilation_rate")
}

/// How the window of a convolution moves; rows first, then columns. A sequence has one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// Steps between windows.
    pub strides: [usize; 2],
    /// Steps between the entries of a window.
    pub dilation: [usize; 2],
    /// What a window meets beyond the ends.
    pub padding: Padding,
    /// Number of channel groups; each has its own filters.
    pub groups: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { strides: [1, 1], dilation: [1, 1], padding: Padding::Valid, groups: 1 }
    }
}

impl Window {
    /// How far a window of this many taps reaches.
    pub(crate) fn reach(&self, kernel: [usize; 2]) -> Result<[usize; 2]> {
        let sizes = kernel.iter().chain(&self.strides).chain(&self.dilation);
        if sizes.copied().any(|size| size == 0) {
            return Err(Error::argument(format!("kernel {kernel:?}, strides and dilation must be 1 or more")));
        }
        let reach = [0, 1].map(|axis| (kernel[axis] - 1).checked_mul(self.dilation[axis]).and_then(|reach| reach.checked_add(1)));
        match reach {
            [Some(rows), Some(columns)] if rows.max(columns) <= isize::MAX as usize => Ok([rows, columns]),
            _ => Err(too_large()),
        }
    }

    /// The sizes of a convolution of maps with a kernel.
    pub(super) fn sizes(&self, input: Shape, kernel: Shape) -> Result<Conv> {
        let (&[batch, rows, columns, channels], &[height, width, per_group, filters]) = (input.dims(), kernel.dims()) else {
            return Err(Error::shape(format!(
                "expected [batch, height, width, channels] and a kernel [height, width, channels, filters], got {input} and {kernel}"
            )));
        };
        let groups = self.groups;
        if groups == 0 || per_group.checked_mul(groups) != Some(channels) || !filters.is_multiple_of(groups) {
            let error = Error::shape(format!("{channels} channels in {groups} groups do not fit a kernel {kernel}"));
            return Err(error.hint("groups must divide channels and filters, and the kernel's channels are those of a group"));
        }
        let (size, kernel) = ([rows, columns], [height, width]);
        let reach = self.reach(kernel)?;
        self.padding.windows(size.map(Some), reach, self.strides)?;
        let padding = [0, 1].map(|axis| self.padding.amounts(size[axis], reach[axis], self.strides[axis]));
        let padded = [0, 1].map(|axis| size[axis] + padding[axis][0] + padding[axis][1]);
        Shape::new(&[batch, padded[0], padded[1], channels])?;
        // A step that is never taken may be of any length, and places are computed with it all the same.
        let strides = [0, 1].map(|axis| self.strides[axis].min(padded[axis].max(1)));
        let dilation = [0, 1].map(|axis| if kernel[axis] == 1 { 1 } else { self.dilation[axis] });
        Ok(Conv { batch, size, channels, filters, kernel, strides, dilation, padding, groups })
    }
}

/// `y = relu(x ∗ w + b)`, without turning the window round; relu and b may be missing.
#[derive(Clone, Copy, Debug)]
struct Convolution {
    window: Window,
    relu: bool,
}

impl Convolution {
    fn sizes(&self, x: &[Shape]) -> Result<Conv> {
        let sizes = self.window.sizes(x[0], x[1])?;
        match x.get(2).filter(|bias| bias.dims() != [sizes.filters]) {
            Some(bias) => Err(Error::shape(format!("the bias of {} filters must be [{}], got {bias}", sizes.filters, sizes.filters))),
            None => Ok(sizes),
        }
    }

    fn checked(&self, x: &[crate::autodiff::View<'_>]) -> Result<Conv> {
        let mut shapes = [Shape::SCALAR; 3];
        shapes.iter_mut().zip(x).for_each(|(shape, x)| *shape = x.shape);
        self.sizes(&shapes[..x.len()])
    }
}

impl Op for Convolution {
    fn name(&self) -> &'static str {
        if self.relu { "conv_relu" } else { "conv" }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let sizes = self.sizes(x)?;
        let [rows, columns] = sizes.output();
        Shape::new(&[sizes.batch, rows, columns, sizes.filters])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let Ok(sizes) = self.sizes(x) else { return Memory::default() };
        Memory { saved: 0, forward_scratch: conv::forward_scratch(&sizes, None), backward_scratch: conv::backward_scratch(&sizes, None) }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 0b011, output: self.relu }
    }

    fn fuse(&self, consumer: &dyn Op, x: &[Shape], seen: &Shape) -> Option<Arc<dyn Op>> {
        let output = self.output_shape(x).ok()?;
        // Tiles of 4×4 outputs hold windows of 2×2 alone.
        let is_whole = |pool: [usize; 2]| pool == [2, 2] || self.sizes(x).is_ok_and(|sizes| !conv::has_fewer_products(&sizes));
        let holds = |pool: [usize; 2]| pool[0] * pool[1] <= 256 && *seen == output && is_whole(pool);
        if let Some(pool) = consumer.maxima().filter(|pool| holds(*pool)) {
            return Some(Arc::new(PooledConvolution { convolution: *self, pool }));
        }
        // Of maps of one channel, the mean adds the numbers up in another order.
        let [batch, rows, columns, filters] = *output.dims() else { return None };
        let of_maps = consumer.mean_axis() == Some(1) && *seen.dims() == [batch, rows * columns, filters] && filters != 1;
        of_maps.then(|| Arc::new(ConvolutionMean(*self)) as Arc<dyn Op>)
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let (sizes, bias) = (self.checked(pass.x)?, pass.x.get(2).map(|bias| bias.data));
        conv::forward(pass.cx.exec, &sizes, pass.x[0].data, pass.x[1].data, bias, self.relu, pass.y, pass.scratch);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let dy = pass.dy;
        let upstream = if self.relu { Upstream::Relu { dy, y: pass.y.data } } else { Upstream::Plain { dy } };
        run_backward(&self.checked(pass.x)?, upstream, pass)
    }
}

fn run_backward(sizes: &Conv, upstream: Upstream<'_>, pass: Backward<'_, '_>) -> Result<()> {
    let Backward { cx, x, dx, scratch, .. } = pass;
    let mut gradients = dx.iter_mut().map(Option::as_deref_mut);
    let (dx, dw, db) = (gradients.next().flatten(), gradients.next().flatten(), gradients.next().flatten());
    conv::backward(cx.exec, sizes, x[0].data, x[1].data, upstream, dx, dw, db, scratch);
    Ok(())
}

/// A convolution and the maxima of windows of its output: the map between them is never kept.
#[derive(Debug)]
struct PooledConvolution {
    convolution: Convolution,
    pool: [usize; 2],
}

impl Op for PooledConvolution {
    fn name(&self) -> &'static str {
        if self.convolution.relu { "conv_relu_max_pool" } else { "conv_max_pool" }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let sizes = self.convolution.sizes(x)?;
        let [rows, columns] = sizes.output();
        Shape::new(&[sizes.batch, rows / self.pool[0], columns / self.pool[1], sizes.filters])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let Ok(sizes) = self.convolution.sizes(x) else { return Memory::default() };
        Memory {
            saved: conv::pooled_words(&sizes, self.pool),
            forward_scratch: conv::forward_scratch(&sizes, Some(self.pool)),
            backward_scratch: conv::backward_scratch(&sizes, Some(self.pool)),
        }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 0b011, output: self.convolution.relu }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let (sizes, bias) = (self.convolution.checked(pass.x)?, pass.x.get(2).map(|bias| bias.data));
        let (x, w, relu) = (pass.x[0].data, pass.x[1].data, self.convolution.relu);
        conv::forward_pooled(pass.cx.exec, &sizes, x, w, bias, relu, self.pool, pass.y, pass.saved, pass.scratch);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let (relu, pool) = (self.convolution.relu, self.pool);
        // Without relu no one looks at the output, and it is not kept.
        let y = if relu { pass.y.data } else { pass.dy };
        let upstream = Upstream::Pooled { dy: pass.dy, y, places: pass.saved, pool, relu };
        run_backward(&self.convolution.checked(pass.x)?, upstream, pass)
    }
}

/// A convolution and the means of its maps: their gradient, which is the same everywhere, is never written down.
#[derive(Debug)]
struct ConvolutionMean(Convolution);

impl Op for ConvolutionMean {
    fn name(&self) -> &'static str {
        if self.0.relu { "conv_relu_mean" } else { "conv_mean" }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let sizes = self.0.sizes(x)?;
        Shape::new(&[sizes.batch, sizes.filters])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let saved = self.0.output_shape(x).map_or(0, |shape| shape.size());
        Memory { saved, ..self.0.memory(x) }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 0b011, output: false }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let (sizes, bias) = (self.0.checked(pass.x)?, pass.x.get(2).map(|bias| bias.data));
        let (x, w, maps, places) = (pass.x[0].data, pass.x[1].data, pass.saved, sizes.output().iter().product::<usize>());
        conv::forward(pass.cx.exec, &sizes, x, w, bias, self.0.relu, maps, pass.scratch);
        reduce::middle_sums(pass.cx.exec, maps, places, sizes.filters, 1.0 / places as f32, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let upstream = Upstream::Mean { dy: pass.dy, y: self.0.relu.then_some(pass.saved) };
        run_backward(&self.0.checked(pass.x)?, upstream, pass)
    }
}

macro_rules! conv_method {
    ($type:ty) => {
        impl $type {
            /// `activation(self ∗ kernel + bias)` of maps `[batch, height, width, channels]` with a kernel
            /// `[height, width, channels / groups, filters]`. The window is not turned round.
            ///
            /// # Errors
            /// Shapes that do not fit each other, or a window that does not fit into the map.
            pub fn conv2d(&self, kernel: &Self, bias: Option<&Self>, window: Window, activation: Activation) -> Result<Self> {
                let op = Convolution { window, relu: activation == Activation::Relu };
                let y = match bias {
                    Some(bias) => Self::apply(op, &[self, kernel, bias]),
                    None => Self::apply(op, &[self, kernel]),
                }?;
                if activation == Activation::Relu { Ok(y) } else { y.activate(activation) }
            }
        }
    };
}
conv_method!(Tensor);
conv_method!(Var);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::gradcheck;
    use crate::ops::testing::draw;

    #[test]
    fn gradients() {
        let windows = [
            Window::default(),
            Window { padding: Padding::Same, strides: [2, 1], ..Window::default() },
            Window { padding: Padding::Same, dilation: [1, 2], ..Window::default() },
            Window { strides: [2, 3], ..Window::default() },
        ];
        let (x, w, b) = (draw([2, 5, 6, 2], 1), draw([3, 2, 2, 3], 2), draw([3], 3));
        for window in windows {
            for activation in [Activation::Linear, Activation::Tanh] {
                gradcheck(&[x.clone(), w.clone(), b.clone()], |v| v[0].conv2d(&v[1], Some(&v[2]), window, activation)).unwrap();
            }
            gradcheck(&[x.clone(), w.clone()], |v| v[0].conv2d(&v[1], None, window, Activation::Linear)).unwrap();
        }
        let grouped = Window { groups: 2, padding: Padding::Same, ..Window::default() };
        gradcheck(&[draw([1, 4, 4, 4], 4), draw([3, 3, 2, 6], 5)], |v| v[0].conv2d(&v[1], None, grouped, Activation::Linear)).unwrap();
        // Far enough from 0 for relu to have one side.
        let b = Tensor::from([2.0, -2.0, 3.0]);
        gradcheck(&[x, w, b], |v| v[0].conv2d(&v[1], Some(&v[2]), Window::default(), Activation::Relu)).unwrap();
    }

    #[test]
    fn windows_and_kernels_that_do_not_fit_are_named() {
        let (x, w) = (draw([1, 2, 5, 3], 1), draw([3, 3, 3, 4], 2));
        let error = x.conv2d(&w, None, Window::default(), Activation::Linear).unwrap_err().to_string();
        assert!(error.contains("3×3") && error.contains("2×5") && error.contains("same"), "{error}");
        let grouped = Window { groups: 2, ..Window::default() };
        let error = draw([1, 5, 5, 3], 1).conv2d(&w, None, grouped, Activation::Linear).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("3 channels in 2 groups"), "{error}");
    }
}
