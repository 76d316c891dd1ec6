//! Rows repeated along a new axis.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::kernel::reduce;
use crate::{Error, Result, Shape};

/// `y[b, i, …] = x[b, …]` for `i < n`: `dx = Σᵢ dy`.
#[derive(Debug)]
struct Repeat {
    n: usize,
}

impl Op for Repeat {
    fn name(&self) -> &'static str {
        "repeat"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let Some((batch, rest)) = x[0].split_first() else {
            return Err(Error::shape("repeat needs a first axis, got a single number"));
        };
        Shape::new(&[&[*batch, self.n], rest].concat())
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let row = pass.x[0].shape.without_batch().size();
        reduce::repeat_middle(pass.cx.exec, pass.x[0].data, self.n, row, 1.0, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let row = pass.x[0].shape.without_batch().size();
        if let Some(dx) = &mut pass.dx[0] {
            reduce::middle_sums(pass.cx.exec, pass.dy, self.n, row, 1.0, dx);
        }
        Ok(())
    }
}

methods! {
    /// Each row `n` times, along a new axis after the first.
    ///
    /// # Errors
    /// A single number without axes, or too many axes.
    pub fn repeat(&self, n: usize) -> Result<Self> {
        Self::apply(Repeat { n }, &[self])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::from([[1.0, -0.5, 0.25], [0.3, 2.0, -1.0]]);
        gradcheck(std::slice::from_ref(&x), |x| x[0].repeat(4)?.square()).unwrap();
        gradcheck(&[x], |x| x[0].index(1, 0)?.repeat(2)?.square()).unwrap();
    }

    #[test]
    fn rows_are_repeated_in_their_order() {
        let y = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).repeat(2).unwrap();
        assert_eq!((y.shape().dims(), y.as_slice()), (&[2, 2, 2][..], &[1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0][..]));
        assert!(Tensor::scalar(1.0).repeat(2).unwrap_err().is_shape());
        assert!(Tensor::zeros([2, 3]).unwrap().repeat(0).unwrap().is_empty());
    }
}
