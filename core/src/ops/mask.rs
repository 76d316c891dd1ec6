//! Which steps count.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Error, Result, Shape};

/// 1 where a number, or any number along the last axis, is not `value`; else 0. No gradient flows back.
#[derive(Debug)]
struct Differs {
    value: f32,
    along_last: bool,
}

impl Op for Differs {
    fn name(&self) -> &'static str {
        "mask"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        match (self.along_last, x[0].dims()) {
            (false, dims) => Shape::new(dims),
            (true, [outer @ .., _]) => Shape::new(outer),
            (true, []) => Err(Error::shape("a mask of steps needs an axis of features, got a single number")),
        }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let run = if self.along_last { pass.x[0].shape.last() } else { 1 };
        if run == 0 {
            pass.y.fill(0.0);
            return Ok(());
        }
        for (y, x) in pass.y.iter_mut().zip(pass.x[0].data.chunks_exact(run)) {
            *y = if x.iter().any(|x| *x != self.value) { 1.0 } else { 0.0 };
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            dx.fill(0.0);
        }
        Ok(())
    }
}

methods! {
    /// 1 where a number is not `value`, else 0: the mask of token ids, with the id of the padding.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn differs(&self, value: f32) -> Result<Self> {
        Self::apply(Differs { value, along_last: false }, &[self])
    }

    /// 1 where any number along the last axis is not `value`, else 0: the mask of steps with features.
    ///
    /// # Errors
    /// A single number without axes.
    pub fn any_differs(&self, value: f32) -> Result<Self> {
        Self::apply(Differs { value, along_last: true }, &[self])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::from([[0.5, -1.0], [2.0, 1.5]]);
        gradcheck(std::slice::from_ref(&x), |x| x[0].differs(3.0)?.mul(&x[0])).unwrap();
        gradcheck(&[x], |x| x[0].any_differs(3.0)?.mul(&x[0].sum_axis(1)?)).unwrap();
    }

    #[test]
    fn steps_count_where_anything_differs() {
        let x = Tensor::from([[0.0, 0.0], [0.0, 2.0]]);
        assert_eq!(x.differs(0.0).unwrap().as_slice(), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(x.any_differs(0.0).unwrap().as_slice(), [0.0, 1.0]);
    }
}
