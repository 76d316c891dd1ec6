//! Normalization of every row by its own numbers.

use crate::autodiff::{Backward, Forward, Memory, Op, Reads, Var, View};
use crate::kernel::layer_norm::{self as kernel, RowScale, Rows};
use crate::{Error, Result, Shape};

/// `y = x̂·gamma + beta` with `x̂ = (x − mean)·factor` along the last axis: see [`RowScale`] for the factor, and for whether
/// the mean is taken off.
///
/// `dbeta = Σ dy` and `dgamma = Σ dy·x̂` over the rows; with `g = dy·gamma`, `dx = factor·(g − mean(g) − x̂·mean(g·x̂))`,
/// without `mean(g)` where the mean is not taken off.
#[derive(Clone, Copy, Debug)]
struct LayerNorm {
    scale: RowScale,
    /// Which of the further inputs there are, in this order.
    gamma: bool,
    beta: bool,
}

impl LayerNorm {
    fn gamma(&self) -> Option<usize> {
        self.gamma.then_some(1)
    }

    fn beta(&self) -> Option<usize> {
        self.beta.then_some(1 + usize::from(self.gamma))
    }

    fn rows<'a>(&self, x: &[View<'a>]) -> Rows<'a> {
        let input = |place: Option<usize>| place.map_or(&[][..], |place| x[place].data);
        Rows { scale: self.scale, n: x[0].shape.last(), gamma: input(self.gamma()), beta: input(self.beta()) }
    }
}

impl Op for LayerNorm {
    fn name(&self) -> &'static str {
        match self.scale {
            RowScale::Deviation { .. } => "layer_norm",
            RowScale::RootMeanSquare { .. } => "rms_norm",
            RowScale::Norm { .. } => "unit_norm",
        }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if x[0].rank() == 0 {
            return Err(Error::shape("a normalization needs an axis to run along, got a single number"));
        }
        if let Some(other) = x[1..].iter().find(|other| other.dims() != [x[0].last()]) {
            return Err(Error::shape(format!("expected [{}] beside {}, got {other}", x[0].last(), x[0])));
        }
        Ok(x[0])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let (rows, n) = (x[0].rows(), x[0].last());
        Memory { saved: 2 * rows, forward_scratch: 0, backward_scratch: kernel::rows_scratch_len(rows, n) }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 1 | self.gamma().map_or(0, |place| 1 << place), output: false }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let Forward { cx, x, y, saved, .. } = pass;
        kernel::normalize_rows(cx.exec, self.rows(x), x[0].data, y, saved);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let Backward { cx, x, saved, dy, dx, scratch, .. } = pass;
        let n = x[0].shape.last();
        kernel::normalize_rows_backward(cx.exec, self.rows(x), x[0].data, saved, dy, dx[0].as_deref_mut(), scratch);
        for (place, sums) in [(self.beta(), &scratch[..n]), (self.gamma(), &scratch[n..2 * n])] {
            if let Some(dx) = place.and_then(|place| dx[place].as_mut()) {
                dx.copy_from_slice(sums);
            }
        }
        Ok(())
    }
}

impl Var {
    /// Normalizes along the last axis.
    pub(crate) fn normalize_rows(&self, scale: RowScale, gamma: Option<&Self>, beta: Option<&Self>) -> Result<Self> {
        let op = LayerNorm { scale, gamma: gamma.is_some(), beta: beta.is_some() };
        let inputs: Vec<&Self> = std::iter::once(self).chain(gamma).chain(beta).collect();
        Self::apply(op, &inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::new([3, 2, 4], (0..24).map(|i| ((i * 7) % 11) as f32 * 0.3 - ((i * 5) % 7) as f32 * 0.2).collect()).unwrap();
        let inputs = [x, Tensor::from([1.1, 0.7, -0.6, 1.3]), Tensor::from([0.2, -0.1, 0.4, 0.0])];
        let scales = [RowScale::Deviation { epsilon: 1e-3 }, RowScale::RootMeanSquare { epsilon: 1e-6 }, RowScale::Norm { epsilon: 1e-12 }];
        for scale in scales {
            gradcheck(&inputs, |x| x[0].normalize_rows(scale, Some(&x[1]), Some(&x[2]))).unwrap();
            gradcheck(&inputs[..2], |x| x[0].normalize_rows(scale, Some(&x[1]), None)).unwrap();
            gradcheck(&inputs[..2], |x| x[0].reshape([6, 4])?.normalize_rows(scale, None, Some(&x[1]))).unwrap();
            gradcheck(&inputs[..1], |x| x[0].normalize_rows(scale, None, None)).unwrap();
        }
    }

    #[test]
    fn factors_of_another_length_are_refused() {
        let tape = crate::autodiff::Tape::new();
        let (x, gamma) = (tape.constant(Tensor::ones([2, 3]).unwrap()), tape.constant(Tensor::ones([2]).unwrap()));
        let error = x.normalize_rows(RowScale::Norm { epsilon: 1e-12 }, Some(&gamma), None).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("expected [3]"), "{error}");
    }
}
