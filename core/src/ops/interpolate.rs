//! An axis enlarged by a whole factor, by linear interpolation.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::kernel::interpolate::{self, Lines};
use crate::{Error, Result, Shape};

/// `y[o] = x[a] + (x[b] − x[a])·share`, between the two entries whose centres are nearest to that of `o`; the gradient goes back
/// in the same shares.
#[derive(Debug)]
struct Interpolate {
    axis: usize,
    times: usize,
}

impl Interpolate {
    fn lines(&self, x: &Shape) -> Lines {
        let (count, width) = (x[..self.axis].iter().product(), x[self.axis + 1..].iter().product());
        Lines { count, places: x[self.axis], width, times: self.times }
    }
}

impl Op for Interpolate {
    fn name(&self) -> &'static str {
        "interpolate"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let mut dims = x[0].to_vec();
        let places = dims[self.axis].checked_mul(self.times).filter(|_| self.times > 0);
        dims[self.axis] =
            places.ok_or_else(|| Error::argument(format!("a factor must be 1 or more and fit memory, got {}", self.times)))?;
        Shape::new(&dims)
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        interpolate::linear(pass.cx.exec, &self.lines(&pass.x[0].shape), pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            interpolate::linear_backward(pass.cx.exec, &self.lines(&pass.x[0].shape), pass.dy, dx);
        }
        Ok(())
    }
}

methods! {
    /// The tensor with one axis `times` as long, by linear interpolation between the centres of its entries; beyond the first and the
    /// last middle nothing changes. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis, a factor of 0, or more than memory can hold.
    pub fn interpolate(&self, axis: isize, times: usize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Interpolate { axis, times }, &[self])
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
            gradcheck(std::slice::from_ref(&x), |x| x[0].interpolate(axis, 3)?.square()).unwrap();
        }
    }

    #[test]
    fn places_have_their_numbers_in_the_middle() {
        let x = Tensor::from([0.0, 4.0, 8.0]);
        assert_eq!(x.interpolate(0, 2).unwrap().as_slice(), [0.0, 1.0, 3.0, 5.0, 7.0, 8.0]);
        assert_eq!(x.interpolate(0, 1).unwrap().as_slice(), x.as_slice());
        assert_eq!(Tensor::from([5.0]).interpolate(0, 3).unwrap().as_slice(), [5.0; 3]);
        assert!(x.interpolate(0, 0).unwrap_err().is_argument() && x.interpolate(0, usize::MAX).is_err());
        assert!(Tensor::zeros([2, 0, 3]).unwrap().interpolate(1, 2).unwrap().is_empty());
    }
}
