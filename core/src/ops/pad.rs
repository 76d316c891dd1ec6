//! Zeros around a tensor.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Error, Result, Shape};

/// Zeros before and after one axis; the gradient is the part between them.
#[derive(Debug)]
struct Pad {
    axis: usize,
    amounts: [usize; 2],
}

impl Pad {
    /// Numbers of a run of the input, of the output, and before the input's run in the output's.
    fn runs(&self, x: &Shape) -> [usize; 3] {
        let inner: usize = x[self.axis + 1..].iter().product();
        [x[self.axis] * inner, (x[self.axis] + self.amounts[0] + self.amounts[1]) * inner, self.amounts[0] * inner]
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let mut dims = x[0].to_vec();
        let padded = dims[self.axis].checked_add(self.amounts[0]).and_then(|size| size.checked_add(self.amounts[1]));
        dims[self.axis] = padded.ok_or_else(|| Error::shape(format!("{:?} zeros are more than memory can hold", self.amounts)))?;
        Shape::new(&dims)
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let [run, padded, before] = self.runs(&pass.x[0].shape);
        pass.y.fill(0.0);
        if run > 0 {
            let to = pass.y.chunks_exact_mut(padded);
            pass.x[0].data.chunks_exact(run).zip(to).for_each(|(x, y)| y[before..before + run].copy_from_slice(x));
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let [run, padded, before] = self.runs(&pass.x[0].shape);
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        if run > 0 {
            let from = pass.dy.chunks_exact(padded);
            dx.chunks_exact_mut(run).zip(from).for_each(|(dx, dy)| dx.copy_from_slice(&dy[before..before + run]));
        }
        Ok(())
    }
}

methods! {
    /// The tensor with this many zeros before and after one axis. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis, or more than memory can hold.
    pub fn pad_zeros(&self, axis: isize, before: usize, after: usize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Pad { axis, amounts: [before, after] }, &[self])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::new([2, 3, 2], (0..12).map(|i| 0.4 * i as f32 - 2.0).collect()).unwrap();
        for axis in 0..3 {
            gradcheck(std::slice::from_ref(&x), |x| x[0].pad_zeros(axis, 2, 1)?.square()).unwrap();
        }
    }
}
