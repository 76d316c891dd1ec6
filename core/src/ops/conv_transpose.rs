//! Convolutions the other way round: from the map that comes out of one to a map like that which goes in.

use super::convolution::Window;
use super::methods;
use crate::autodiff::{Backward, Forward, Memory, Op, Reads};
use crate::kernel::conv::{self, Conv, Upstream};
use crate::{Error, Result, Shape};

/// `y[i·stride + k·dilation − before] += Σ x[i]·w[k]`, which is how a convolution brings its gradient to its input. So the gradient
/// by x is the convolution of dy, and the one by w is the convolution's, with x and dy exchanged.
#[derive(Debug)]
struct ConvTranspose {
    window: Window,
    size: [usize; 2],
}

impl ConvTranspose {
    /// The sizes of the convolution that goes from y to x.
    fn sizes(&self, x: Shape, kernel: Shape) -> Result<Conv> {
        let (&[batch, rows, columns, channels], &[_, _, per_group, _]) = (x.dims(), kernel.dims()) else {
            let error =
                format!("expected [batch, height, width, channels] and a kernel [height, width, filters, channels], got {x} and {kernel}");
            return Err(Error::shape(error));
        };
        let filters = per_group.checked_mul(self.window.groups).ok_or_else(|| Error::argument("groups are more than memory can hold"))?;
        let sizes = self.window.sizes(Shape::new(&[batch, self.size[0], self.size[1], filters])?, kernel)?;
        if sizes.filters != channels {
            return Err(Error::shape(format!("{channels} channels do not fit a kernel {kernel}: its last axis is theirs")));
        }
        let back = sizes.output();
        if back != [rows, columns] {
            let [[height, width], [back_rows, back_columns]] = [self.size, back];
            return Err(Error::shape(format!(
                "a map of {height}×{width} has {back_rows}×{back_columns} windows, so a map of {rows}×{columns} does not lead there"
            )));
        }
        Ok(sizes)
    }
}

impl Op for ConvTranspose {
    fn name(&self) -> &'static str {
        "conv_transpose"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let sizes = self.sizes(x[0], x[1])?;
        Shape::new(&[sizes.batch, sizes.size[0], sizes.size[1], sizes.channels])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let Ok(sizes) = self.sizes(x[0], x[1]) else { return Memory::default() };
        let backward_scratch = conv::forward_scratch(&sizes, None).max(conv::backward_scratch(&sizes, None));
        Memory { saved: 0, forward_scratch: conv::transposed_scratch(&sizes), backward_scratch }
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let sizes = self.sizes(pass.x[0].shape, pass.x[1].shape)?;
        conv::transposed(pass.cx.exec, &sizes, pass.x[1].data, pass.x[0].data, pass.y, pass.scratch);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let Backward { cx, x, dy, dx, scratch, .. } = pass;
        let ([x, w], sizes) = ([x[0].data, x[1].data], self.sizes(x[0].shape, x[1].shape)?);
        if let Some(dx) = &mut dx[0] {
            conv::forward(cx.exec, &sizes, dy, w, None, false, dx, scratch);
        }
        if let Some(dw) = &mut dx[1] {
            conv::backward(cx.exec, &sizes, dy, w, Upstream::Plain { dy: x }, None, Some(dw), None, scratch);
        }
        Ok(())
    }
}

methods! {
    /// The transposed convolution of maps `[batch, height, width, channels]` with a kernel `[height, width, filters, channels]`:
    /// each place of a map adds the kernel, times what stands there, to the places that its window sees in a map of `size`.
    /// [`conv2d`](Self::conv2d) with this window goes the other way: from `[batch, …, filters]` to the shape that is given here.
    ///
    /// # Errors
    /// Shapes that do not fit each other, or a `size` in which there are not as many windows as this map has places.
    pub fn conv2d_transpose(&self, kernel: &Self, size: [usize; 2], window: Window) -> Result<Self> {
        Self::apply(ConvTranspose { window, size }, &[self, kernel])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::gradcheck;
    use crate::ops::testing::draw;
    use crate::ops::{Activation, Padding};

    /// Windows, with the size of a map that has 3×2 of them.
    fn cases() -> [(Window, [usize; 2]); 5] {
        let same = Window { padding: Padding::Same, ..Window::default() };
        [
            (Window::default(), [5, 3]),
            (same, [3, 2]),
            (Window { strides: [2, 3], ..same }, [5, 6]),
            (Window { strides: [2, 3], ..Window::default() }, [8, 6]),
            (Window { dilation: [1, 2], groups: 2, ..Window::default() }, [5, 4]),
        ]
    }

    #[test]
    fn gradients() {
        for (window, size) in cases() {
            let (x, w) = (draw([2, 3, 2, 4], 1), draw([3, 2, 3, 4], 2));
            gradcheck(&[x, w], |v| v[0].conv2d_transpose(&v[1], size, window)).unwrap();
        }
    }

    /// `⟨x, conv(y)⟩ = ⟨conv_transpose(x), y⟩`
    #[test]
    fn it_is_the_convolution_transposed() {
        for (window, size) in cases() {
            let (x, w) = (draw([2, 3, 2, 4], 1), draw([3, 2, 3, 4], 2));
            let y = draw([2, size[0], size[1], 3 * window.groups], 3);
            let there = y.conv2d(&w, None, window, Activation::Linear).unwrap().mul(&x).unwrap().sum().unwrap().item().unwrap();
            let back = x.conv2d_transpose(&w, size, window).unwrap().mul(&y).unwrap().sum().unwrap().item().unwrap();
            assert!((there - back).abs() < 1e-5, "{there} and {back}: {window:?}");
        }
    }

    #[test]
    fn maps_and_kernels_that_do_not_fit_are_named() {
        let (x, w) = (draw([1, 3, 3, 2], 1), draw([3, 3, 4, 2], 2));
        let error = x.conv2d_transpose(&w, [6, 5], Window::default()).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("6×5 has 4×3 windows"), "{error}");
        let error = draw([1, 3, 3, 3], 1).conv2d_transpose(&w, [5, 5], Window::default()).unwrap_err();
        assert!(error.to_string().contains("3 channels do not fit"), "{error}");
        let error = x.conv2d_transpose(&w, [usize::MAX, 5], Window::default()).unwrap_err();
        assert!(error.is_shape(), "{error}");
    }
}
