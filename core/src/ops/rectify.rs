//! Rectifiers with options, and those that learn their slope.

use super::methods;
use crate::autodiff::{Backward, Forward, Memory, Op, Reads};
use crate::kernel::activation as kernel;
use crate::kernel::{elementwise, reduce};
use crate::{Error, Result, Shape};

/// `y = min(x, max_value)` where `x > threshold`, else `negative_slope·(x − threshold)`.
#[derive(Debug)]
struct Rectify {
    max_value: f32,
    negative_slope: f32,
    threshold: f32,
}

impl Op for Rectify {
    fn name(&self) -> &'static str {
        "rectify"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        kernel::rectify::forward(pass.cx.exec, pass.x[0].data, pass.y, self.max_value, self.negative_slope, self.threshold);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            kernel::rectify::backward(pass.cx.exec, pass.x[0].data, pass.dy, dx, self.max_value, self.negative_slope, self.threshold);
        }
        Ok(())
    }
}

/// `y = x` above 0, `alpha·(eˣ − 1)` below.
#[derive(Debug)]
struct Elu {
    alpha: f32,
}

impl Op for Elu {
    fn name(&self) -> &'static str {
        "elu"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::OUTPUT
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        kernel::elu::forward(pass.cx.exec, pass.x[0].data, pass.y, self.alpha);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            kernel::elu::backward(pass.cx.exec, pass.y.data, pass.dy, dx, self.alpha);
        }
        Ok(())
    }
}

/// `y = x` above 0, `alpha·x` below, with an alpha for each index of the last axes: `dalpha = Σ dy·min(x, 0)`.
#[derive(Debug)]
struct Prelu;

impl Op for Prelu {
    fn name(&self) -> &'static str {
        "prelu"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if x[0].ends_with(&x[1]) {
            return Ok(x[0]);
        }
        Err(Error::shape(format!("the slopes must have the shape of the last axes of {}, got {}", x[0], x[1])))
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        Memory { backward_scratch: x[0].size(), ..Memory::default() }
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        elementwise::prelu(pass.cx.exec, pass.x[0].data, pass.x[1].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let Backward { cx, x, dy, dx, scratch, .. } = pass;
        if let Some(dx) = &mut dx[0] {
            elementwise::prelu_slope(cx.exec, dy, x[0].data, x[1].data, dx);
        }
        if let Some(dalpha) = &mut dx[1] {
            elementwise::where_negative(cx.exec, dy, x[0].data, scratch);
            reduce::column_sums(cx.exec, scratch, dalpha);
        }
        Ok(())
    }
}

methods! {
    /// `min(self, max_value)` above the threshold, `negative_slope·(self − threshold)` elsewhere.
    ///
    /// # Errors
    /// A number below 0, or NaN.
    pub fn rectify(&self, max_value: f32, negative_slope: f32, threshold: f32) -> Result<Self> {
        for (name, value) in [("max_value", max_value), ("negative_slope", negative_slope), ("threshold", threshold)] {
            if !(value >= 0.0) {
                return Err(Error::argument(format!("{name} must be 0 or more, got {value}")));
            }
        }
        Self::apply(Rectify { max_value, negative_slope, threshold }, &[self])
    }

    /// `self` above 0, `alpha·(eˣ − 1)` below.
    ///
    /// # Errors
    /// An alpha below 0, or NaN.
    pub fn elu(&self, alpha: f32) -> Result<Self> {
        if !(alpha >= 0.0) {
            return Err(Error::argument(format!("alpha must be 0 or more, got {alpha}")));
        }
        Self::apply(Elu { alpha }, &[self])
    }

    /// `self` above 0, `alpha·self` below, with an alpha for each index of the last axes.
    ///
    /// # Errors
    /// The shape of `alpha` is not that of the last axes.
    pub fn prelu(&self, alpha: &Self) -> Result<Self> {
        Self::apply(Prelu, &[self, alpha])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    fn x() -> Tensor {
        Tensor::from([[-1.7, -0.4, 0.3], [0.9, 2.4, -0.2]])
    }

    #[test]
    fn gradients() {
        for (max_value, slope, threshold) in [(f32::INFINITY, 0.3, 0.0), (2.0, 0.0, 0.0), (1.5, 0.1, 0.5), (f32::INFINITY, 0.0, 0.6)] {
            gradcheck(&[x()], |x| x[0].rectify(max_value, slope, threshold)).unwrap();
        }
        gradcheck(&[x()], |x| x[0].elu(0.7)).unwrap();
        gradcheck(&[x(), Tensor::from([0.3, -0.2, 0.0])], |x| x[0].prelu(&x[1])).unwrap();
        gradcheck(&[x(), x().scale(0.2).unwrap()], |x| x[0].prelu(&x[1])).unwrap();
    }

    #[test]
    fn options_that_make_no_rectifier_are_refused() {
        assert!(x().rectify(-1.0, 0.0, 0.0).unwrap_err().is_argument());
        assert!(x().rectify(f32::INFINITY, f32::NAN, 0.0).unwrap_err().is_argument());
        assert!(x().elu(-0.5).unwrap_err().is_argument());
        assert!(x().prelu(&Tensor::from([1.0, 2.0])).unwrap_err().is_shape());
        assert!(x().scale(f32::NAN).unwrap().rectify(6.0, 0.0, 0.0).unwrap().as_slice()[0].is_nan());
    }
}
