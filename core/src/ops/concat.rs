//! Tensors one after the other along an axis.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Error, Result, Shape};

/// The inputs one after the other; each gets its part of the gradient.
#[derive(Debug)]
struct Concat {
    axis: usize,
}

impl Concat {
    fn run(&self, shape: &Shape) -> usize {
        shape[self.axis..].iter().product()
    }
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let mut dims = x[0].to_vec();
        for other in &x[1..] {
            let fits = other.rank() == dims.len() && other.iter().enumerate().all(|(axis, size)| axis == self.axis || *size == dims[axis]);
            if !fits {
                return Err(Error::shape(format!("{} and {other} cannot be joined along axis {}", x[0], self.axis))
                    .hint("all other axes must be equal"));
            }
            dims[self.axis] += other[self.axis];
        }
        Shape::new(&dims)
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let whole: usize = pass.x.iter().map(|x| self.run(&x.shape)).sum();
        let mut start = 0;
        for x in pass.x {
            let part = self.run(&x.shape);
            if part > 0 {
                let to = pass.y.chunks_exact_mut(whole);
                x.data.chunks_exact(part).zip(to).for_each(|(x, y)| y[start..start + part].copy_from_slice(x));
            }
            start += part;
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let whole: usize = pass.x.iter().map(|x| self.run(&x.shape)).sum();
        let mut start = 0;
        for (x, dx) in pass.x.iter().zip(pass.dx) {
            let part = self.run(&x.shape);
            if let Some(dx) = dx.as_mut().filter(|_| part > 0) {
                let from = pass.dy.chunks_exact(whole);
                dx.chunks_exact_mut(part).zip(from).for_each(|(dx, dy)| dx.copy_from_slice(&dy[start..start + part]));
            }
            start += part;
        }
        Ok(())
    }
}

methods! {
    /// Tensors one after the other along an axis. Negative axes count from the back.
    ///
    /// # Errors
    /// None at all, no such axis, or other axes that differ.
    pub fn concat(parts: &[&Self], axis: isize) -> Result<Self> {
        let first = parts.first().ok_or_else(|| Error::argument("concat needs a tensor, got none"))?;
        let axis = first.shape().axis(axis)?;
        Self::apply(Concat { axis }, parts)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::{Var, gradcheck};

    #[test]
    fn gradients() {
        let a = Tensor::new([2, 1, 2], vec![1.0, -2.0, 0.5, 0.25]).unwrap();
        let b = Tensor::new([2, 2, 2], (0..8).map(|i| 0.3 * i as f32 - 1.0).collect()).unwrap();
        gradcheck(&[a.clone(), b], |x| Var::concat(&[&x[0], &x[1], &x[0]], 1)?.square()).unwrap();
        gradcheck(&[a], |x| Var::concat(&[&x[0]; 11], -1)?.square()).unwrap();
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let (a, b) = (Tensor::zeros([2, 3]).unwrap(), Tensor::zeros([3, 3]).unwrap());
        assert_eq!(Tensor::concat(&[&a, &b], 0).unwrap().shape().dims(), [5, 3]);
        assert!(Tensor::concat(&[&a, &b], 1).unwrap_err().is_shape());
        assert!(Tensor::concat(&[], 0).unwrap_err().is_argument());
    }
}
