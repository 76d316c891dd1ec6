//! One of two values, as a mask says.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::{Error, Result, Shape};

/// `y = a` where the mask is not 0, else `b`. A number of the mask stands for all that lies after its axes. The gradient goes
/// to what was taken; none goes to the mask.
#[derive(Debug)]
struct Select;

fn choose(mask: &[f32], a: &[f32], b: &[f32], y: &mut [f32]) {
    let run = y.len() / mask.len().max(1);
    if run == 0 {
        return;
    }
    let rows = y.chunks_exact_mut(run).zip(a.chunks_exact(run).zip(b.chunks_exact(run)));
    for ((y, (a, b)), mask) in rows.zip(mask) {
        y.copy_from_slice(if *mask != 0.0 { a } else { b });
    }
}

impl Op for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let (mask, a, b) = (x[0], x[1], x[2]);
        if a != b || !a.starts_with(&mask) {
            return Err(Error::shape(format!("expected two inputs of one shape, and a mask of its first axes, got {a}, {b} and {mask}")));
        }
        Ok(a)
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 1, output: false }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        choose(pass.x[0].data, pass.x[1].data, pass.x[2].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let Backward { x, dy, dx, .. } = pass;
        let (mask, run) = (x[0].data, (dy.len() / x[0].data.len().max(1)).max(1));
        if let Some(dmask) = &mut dx[0] {
            dmask.fill(0.0);
        }
        for (place, takes) in [(1, true), (2, false)] {
            let Some(dx) = &mut dx[place] else { continue };
            for ((dx, dy), mask) in dx.chunks_exact_mut(run).zip(dy.chunks_exact(run)).zip(mask) {
                if (*mask != 0.0) == takes { dx.copy_from_slice(dy) } else { dx.fill(0.0) }
            }
        }
        Ok(())
    }
}

methods! {
    /// `a` where this mask is not 0, else `b`; a number of the mask stands for all that lies after its axes.
    ///
    /// # Errors
    /// Inputs of two shapes, or a mask whose shape is not that of their first axes.
    pub fn select(&self, a: &Self, b: &Self) -> Result<Self> {
        Self::apply(Select, &[self, a, b])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let mask = Tensor::from([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]);
        let a = Tensor::new([2, 3, 2], (0..12).map(|i| 0.3 * i as f32 - 1.0).collect()).unwrap();
        let b = a.affine(-0.5, 0.7).unwrap();
        gradcheck(&[a, b], |x| x[0].tape().constant(mask.clone()).select(&x[0], &x[1])?.square()).unwrap();
    }

    #[test]
    fn what_is_not_taken_may_be_no_number() {
        let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::full([2, 2], f32::NAN).unwrap());
        assert_eq!(Tensor::from([1.0, 1.0]).select(&a, &b).unwrap(), a);
        assert!(Tensor::from([1.0, 1.0, 1.0]).select(&a, &b).unwrap_err().is_shape());
        assert!(Tensor::from([1.0, 1.0]).select(&a, &Tensor::from([1.0])).unwrap_err().is_shape());
    }
}
