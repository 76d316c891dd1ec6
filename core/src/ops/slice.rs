//! A part of one axis.

use std::ops::Range;

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Error, Result, Shape};

/// The elements of a range of one axis; the gradient elsewhere is 0.
#[derive(Debug)]
struct Slice {
    axis: usize,
    range: Range<usize>,
}

impl Slice {
    /// The lengths of a run in the whole and in the part, and where the part begins in the whole.
    fn runs(&self, whole: &Shape) -> [usize; 3] {
        let inner: usize = whole[self.axis + 1..].iter().product();
        [whole[self.axis] * inner, self.range.len() * inner, self.range.start * inner]
    }
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if self.range.start > self.range.end || self.range.end > x[0][self.axis] {
            return Err(Error::shape(format!("there is no range {:?} on axis {} of {}", self.range, self.axis, x[0])));
        }
        let mut dims = x[0].to_vec();
        dims[self.axis] = self.range.len();
        Shape::new(&dims)
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let [whole, part, start] = self.runs(&pass.x[0].shape);
        if part > 0 {
            let from = pass.x[0].data.chunks_exact(whole);
            pass.y.chunks_exact_mut(part).zip(from).for_each(|(y, x)| y.copy_from_slice(&x[start..start + part]));
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let [whole, part, start] = self.runs(&pass.x[0].shape);
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        dx.fill(0.0);
        if part > 0 {
            let to = dx.chunks_exact_mut(whole);
            pass.dy.chunks_exact(part).zip(to).for_each(|(dy, dx)| dx[start..start + part].copy_from_slice(dy));
        }
        Ok(())
    }
}

methods! {
    /// The elements of a range of one axis. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis, or a range beyond it.
    pub fn slice(&self, axis: isize, range: Range<usize>) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Slice { axis, range }, &[self])
    }

    /// One index of one axis, which disappears. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis or index.
    pub fn index(&self, axis: isize, place: usize) -> Result<Self> {
        self.slice(axis, place..place.saturating_add(1))?.squeeze(axis)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::new([2, 3, 2], (0..12).map(|i| 0.4 * i as f32 - 2.0).collect()).unwrap();
        for (axis, range) in [(0, 1..2), (1, 0..2), (2, 1..2), (-1, 0..2)] {
            gradcheck(std::slice::from_ref(&x), |x| x[0].slice(axis, range.clone())?.square()).unwrap();
        }
        gradcheck(&[x], |x| x[0].index(1, 2)?.mul(&x[0].index(1, 0)?)).unwrap();
    }

    #[test]
    fn ranges_beyond_are_refused() {
        let x = Tensor::arange(6).unwrap().reshape([2, 3]).unwrap();
        assert_eq!(x.slice(1, 1..3).unwrap().as_slice(), [1.0, 2.0, 4.0, 5.0]);
        assert!(x.slice(1, 0..0).unwrap().is_empty());
        assert!(x.slice(1, 2..4).unwrap_err().is_shape());
        assert!(x.index(0, 2).unwrap_err().is_shape());
    }
}
