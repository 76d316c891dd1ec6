//! The same elements under another shape.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Error, Result, Shape};

/// `y = x`, reshaped. Never run: the output is the input.
#[derive(Debug)]
struct Reshape(Shape);

impl Op for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if x[0].size() == self.0.size() {
            Ok(self.0)
        } else {
            Err(Error::shape(format!("{} elements of shape {} do not fit {}", x[0].size(), x[0], self.0)))
        }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn is_reshape(&self) -> bool {
        true
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        pass.y.copy_from_slice(pass.x[0].data);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            dx.copy_from_slice(pass.dy);
        }
        Ok(())
    }
}

methods! {
    /// The same elements under another shape of the same size; nothing is copied. The sizes are an array, or what
    /// [`Shape::new`](crate::Shape::new) makes of a slice.
    ///
    /// # Errors
    /// A shape of another size.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self> {
        Self::apply(Reshape(shape.into()), &[self])
    }

    /// All axes after the first as one.
    ///
    /// # Errors
    /// A single number without axes.
    pub fn flatten(&self) -> Result<Self> {
        match self.shape().split_first() {
            Some((batch, rest)) => self.reshape([*batch, rest.iter().product()]),
            None => Err(Error::shape("flatten needs a first axis, got a single number")),
        }
    }

    /// A new axis of size 1 at the given index; −1 is after the last.
    ///
    /// # Errors
    /// An index outside the shape, or too many axes.
    pub fn expand_dims(&self, axis: isize) -> Result<Self> {
        let rank = self.shape().rank() as isize;
        let place = if axis < 0 { axis + rank + 1 } else { axis };
        if !(0..=rank).contains(&place) {
            return Err(Error::shape(format!("there is no place {axis} for a new axis in {}", self.shape())));
        }
        let mut dims = self.shape().to_vec();
        dims.insert(place as usize, 1);
        self.reshape(Shape::new(&dims)?)
    }

    /// The shape without the given axis, which must have size 1.
    ///
    /// # Errors
    /// No such axis, or another size.
    pub fn squeeze(&self, axis: isize) -> Result<Self> {
        let place = self.shape().axis(axis)?;
        if self.shape()[place] != 1 {
            return Err(Error::shape(format!("axis {axis} of {} has size {}, not 1", self.shape(), self.shape()[place])));
        }
        let mut dims = self.shape().to_vec();
        dims.remove(place);
        self.reshape(Shape::new(&dims)?)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::{Tape, gradcheck};

    #[test]
    fn gradients_flow_through_reshapes_beside_other_uses() {
        let x = Tensor::from([[1.0, 2.0, -1.0], [0.5, 0.25, 3.0]]);
        gradcheck(std::slice::from_ref(&x), |x| x[0].reshape([3, 2])?.square()).unwrap();
        gradcheck(std::slice::from_ref(&x), |x| x[0].flatten()?.mul(&x[0].reshape([2, 3])?)).unwrap();
        gradcheck(&[x], |x| x[0].square()?.expand_dims(-1)?.squeeze(2)?.exp()).unwrap();
    }

    /// Beside each other: what was reshaped, and its shapes, each with uses of its own.
    #[test]
    fn the_gradient_of_a_shape_is_that_of_its_own_uses() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        let whole = x.scale(2.0).unwrap();
        let flat = whole.reshape([4]).unwrap();
        let column = flat.expand_dims(1).unwrap();
        let uses = [whole.sum(), flat.scale(10.0).unwrap().sum(), column.scale(100.0).unwrap().sum()].map(Result::unwrap);
        let loss = uses[0].add(&uses[1]).unwrap().add(&uses[2]).unwrap();
        let gradients = loss.backward().unwrap();
        for (var, expected) in [(&column, 100.0), (&flat, 110.0), (&whole, 111.0), (&x, 222.0)] {
            assert_eq!(gradients.of(var).unwrap(), Tensor::full(var.shape(), expected).unwrap());
        }
    }

    #[test]
    fn axes_outside_are_refused() {
        let x = Tensor::zeros([2, 3]).unwrap();
        assert_eq!(x.expand_dims(0).unwrap().shape().dims(), [1, 2, 3]);
        assert_eq!(x.expand_dims(-1).unwrap().shape().dims(), [2, 3, 1]);
        assert!(x.expand_dims(3).unwrap_err().is_shape());
        assert!(x.squeeze(0).unwrap_err().is_shape());
        assert!(x.reshape([7]).unwrap_err().is_shape());
    }
}
