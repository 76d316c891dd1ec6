//! An axis from its end to its beginning.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Result, Shape};

/// `y[…, i, …] = x[…, n − 1 − i, …]`; the gradient is turned in the same way.
#[derive(Debug)]
struct Flip {
    axis: usize,
}

impl Flip {
    fn run(&self, shape: Shape, from: &[f32], to: &mut [f32]) {
        let inner: usize = shape[self.axis + 1..].iter().product();
        let whole = shape[self.axis] * inner;
        if whole == 0 {
            return;
        }
        for (from, to) in from.chunks_exact(whole).zip(to.chunks_exact_mut(whole)) {
            to.chunks_exact_mut(inner).rev().zip(from.chunks_exact(inner)).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }
}

impl Op for Flip {
    fn name(&self) -> &'static str {
        "flip"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        self.run(pass.x[0].shape, pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            self.run(pass.x[0].shape, pass.dy, dx);
        }
        Ok(())
    }
}

methods! {
    /// The elements of an axis in reverse order.
    ///
    /// # Errors
    /// No such axis.
    pub fn flip(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Flip { axis }, &[self])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::new([2, 3, 2], (0..12).map(|i| 0.3 * i as f32 - 1.4).collect()).unwrap();
        for axis in 0..3 {
            gradcheck(std::slice::from_ref(&x), |x| x[0].flip(axis)?.mul(&x[0])).unwrap();
        }
    }

    #[test]
    fn the_order_is_turned() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(x.flip(0).unwrap().as_slice(), [3.0, 4.0, 1.0, 2.0]);
        assert_eq!(x.flip(-1).unwrap().as_slice(), [2.0, 1.0, 4.0, 3.0]);
    }
}
