//! The statistics of a batch, and normalization by them.

use crate::autodiff::{Backward, Forward, Memory, Op, Reads, Var};
use crate::kernel::batch_norm::{self as kernel, Normalized, Slope};
use crate::{Error, Result, Shape};

/// What Keras adds to the number of steps that count.
const MASK_SLACK: f32 = 1e-7;

/// The mean `m` and the variance `v` of every index on the last axis, over all rows or over those that a mask, which has a
/// number for each, lets count: `y = [m, v]`.
///
/// `dx = (dm + 2·(x − m)·dv) / n`.
#[derive(Debug)]
struct Moments;

/// A number for each row, or none.
fn check_mask(x: Shape, mask: Option<&Shape>) -> Result<()> {
    match mask {
        Some(mask) if x.rank() == 0 || **mask != x[..x.rank() - 1] => {
            Err(Error::shape(format!("the mask of {x} has a number for each place on all axes but the last, got {mask}")))
        }
        _ => Ok(()),
    }
}

impl Op for Moments {
    fn name(&self) -> &'static str {
        "moments"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if x[0].rank() == 0 {
            return Err(Error::shape("moments need an axis to keep, got a single number"));
        }
        check_mask(x[0], x.get(1))?;
        Ok(Shape::from([2, x[0].last()]))
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let len = kernel::scratch_len(x[0].rows(), x[0].last());
        Memory { saved: 0, forward_scratch: len, backward_scratch: len }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 0b11, output: true }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let mask = pass.x.get(1).map(|mask| (mask.data, MASK_SLACK));
        kernel::moments(pass.cx.exec, pass.x[0].data, pass.x[0].shape.last(), mask, pass.y, pass.scratch);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let (x, mask, columns) = (pass.x[0], pass.x.get(1).map(|mask| mask.data), pass.x[0].shape.last());
        let (mean, n) = (&pass.y.data[..columns], count(x.shape, mask));
        let slope = |column: usize| (2.0 * pass.dy[columns + column] / n, pass.dy[column] / n);
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        kernel::normalize(pass.cx.exec, x.data, mean, |c| slope(c).0, |c| slope(c).1, dx, pass.scratch);
        for (dx, counts) in dx.chunks_exact_mut(columns.max(1)).zip(mask.unwrap_or_default()) {
            if *counts == 0.0 {
                dx.fill(0.0);
            }
        }
        Ok(())
    }
}

/// What the sums over the rows are divided by.
fn count(x: Shape, mask: Option<&[f32]>) -> f32 {
    match mask {
        Some(mask) => mask.iter().filter(|counts| **counts != 0.0).count() as f32 + MASK_SLACK,
        None => x.rows() as f32,
    }
}

/// `y = (x − mean)·gamma/√(variance + epsilon) + beta`, with one of each for every index on the last axis.
///
/// With `factor = gamma/√(variance + epsilon)` and `x̂ = (x − mean)/√(variance + epsilon)`: `dbeta = Σ dy`,
/// `dgamma = Σ dy·x̂`, and `dx = factor·dy`. Where mean and variance are those of this batch, they change with x, and
/// `dx = factor·(dy − (Σ dy + x̂·Σ dy·x̂)/n)` for all rows that count; then the gradients by themselves are 0.
#[derive(Clone, Copy, Debug)]
struct BatchNorm {
    epsilon: f32,
    /// Whether mean and variance are those of x.
    of_batch: bool,
    /// Which of the further inputs there are, in this order.
    gamma: bool,
    beta: bool,
    mask: bool,
}

impl BatchNorm {
    const MEAN: usize = 1;
    const VARIANCE: usize = 2;

    fn gamma(&self) -> Option<usize> {
        self.gamma.then_some(3)
    }

    fn beta(&self) -> Option<usize> {
        self.beta.then_some(3 + usize::from(self.gamma))
    }

    fn mask(&self) -> Option<usize> {
        self.mask.then_some(3 + usize::from(self.gamma) + usize::from(self.beta))
    }
}

impl Op for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if x[0].rank() == 0 {
            return Err(Error::shape("batch_norm needs an axis to keep, got a single number"));
        }
        let per_column = [Some(Self::MEAN), Some(Self::VARIANCE), self.gamma(), self.beta()];
        if let Some(place) = per_column.into_iter().flatten().find(|place| x[*place].dims() != [x[0].last()]) {
            return Err(Error::shape(format!("expected [{}] beside {}, got {}", x[0].last(), x[0], x[place])));
        }
        check_mask(x[0], self.mask().map(|place| &x[place]))?;
        Ok(x[0])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let len = kernel::scratch_len(x[0].rows(), x[0].last());
        Memory { saved: 0, forward_scratch: len, backward_scratch: len + 4 * x[0].last() }
    }

    fn reads(&self) -> Reads {
        let unread = self.beta().map_or(0, |place| 1 << place);
        Reads { inputs: !unread, output: false }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let Forward { cx, x, y, scratch, .. } = pass;
        let variance = x[Self::VARIANCE].data;
        let factor = |c: usize| self.gamma().map_or(1.0, |place| x[place].data[c]) / (variance[c] + self.epsilon).sqrt();
        let offset = |c: usize| self.beta().map_or(0.0, |place| x[place].data[c]);
        kernel::normalize(cx.exec, x[0].data, x[Self::MEAN].data, factor, offset, y, scratch);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let Backward { cx, x, dy, dx, scratch, .. } = pass;
        let (mean, variance) = (x[Self::MEAN].data, x[Self::VARIANCE].data);
        let (columns, scratch) = scratch.split_at_mut(4 * mean.len());
        let (totals, factors) = columns.split_at_mut(2 * mean.len());
        let ((by_beta, by_gamma), (inverse, factor)) = (totals.split_at_mut(mean.len()), factors.split_at_mut(mean.len()));
        inverse.iter_mut().zip(variance).for_each(|(inverse, variance)| *inverse = 1.0 / (variance + self.epsilon).sqrt());
        factor.copy_from_slice(inverse);
        if let Some(place) = self.gamma() {
            factor.iter_mut().zip(x[place].data).for_each(|(factor, gamma)| *factor *= gamma);
        }
        let mask = self.mask().map(|place| x[place].data);
        let of = Normalized { x: x[0].data, mean, mask };
        kernel::gradient_sums(cx.exec, of, dy, scratch, |c, sum, product| {
            by_beta[c] = sum as f32;
            by_gamma[c] = (product * f64::from(inverse[c])) as f32;
        });
        let n = count(x[0].shape, mask);
        if let Some(dx) = &mut dx[0] {
            let slope = |c: usize| match self.of_batch {
                true => Slope { factor: factor[c], slope: -factor[c] * inverse[c] * by_gamma[c] / n, offset: -factor[c] * by_beta[c] / n },
                false => Slope { factor: factor[c], slope: 0.0, offset: 0.0 },
            };
            kernel::backward(cx.exec, of, dy, slope, dx, scratch);
        }
        let moves = if self.of_batch { 0.0 } else { 1.0 };
        let mut fill = |place: Option<usize>, value: &dyn Fn(usize) -> f32| {
            if let Some(dx) = place.and_then(|place| dx[place].as_mut()) {
                dx.iter_mut().enumerate().for_each(|(c, dx)| *dx = value(c));
            }
        };
        fill(Some(Self::MEAN), &|c| -moves * factor[c] * by_beta[c]);
        fill(Some(Self::VARIANCE), &|c| -0.5 * moves * factor[c] * inverse[c] * by_gamma[c]);
        fill(self.gamma(), &|c| by_gamma[c]);
        fill(self.beta(), &|c| by_beta[c]);
        Ok(())
    }
}

/// What a batch is normalized with, beside its statistics.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scaling<'a> {
    pub(crate) gamma: Option<&'a Var>,
    pub(crate) beta: Option<&'a Var>,
    pub(crate) epsilon: f32,
}

impl Var {
    /// Normalizes every index of the last axis by given means and variances.
    pub(crate) fn normalize_by(&self, mean: &Self, variance: &Self, scaling: Scaling<'_>) -> Result<Self> {
        self.batch_norm(mean, variance, scaling, None, false)
    }

    /// Normalizes every index of the last axis by its own mean and variance over all rows, or over those that the mask lets
    /// count. Also tells mean and variance, which no gradient flows through: their share is in that of the output.
    pub(crate) fn normalize_batch(&self, scaling: Scaling<'_>, mask: Option<&Self>) -> Result<(Self, [Self; 2])> {
        let inputs: Vec<&Self> = std::iter::once(self).chain(mask).collect();
        let moments = Self::apply(Moments, &inputs)?.detach();
        let [mean, variance] = [moments.index(0, 0)?, moments.index(0, 1)?];
        Ok((self.batch_norm(&mean, &variance, scaling, mask, true)?, [mean, variance]))
    }

    fn batch_norm(&self, mean: &Self, variance: &Self, scaling: Scaling<'_>, mask: Option<&Self>, of_batch: bool) -> Result<Self> {
        let Scaling { gamma, beta, epsilon } = scaling;
        let op = BatchNorm { epsilon, of_batch, gamma: gamma.is_some(), beta: beta.is_some(), mask: mask.is_some() };
        let inputs: Vec<&Self> = [self, mean, variance].into_iter().chain(gamma).chain(beta).chain(mask).collect();
        Self::apply(op, &inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    fn numbers(shape: [usize; 3], first: f32) -> Tensor {
        let size: usize = shape.iter().product();
        Tensor::new(shape, (0..size).map(|i| first + ((i * 7) % 11) as f32 * 0.3 - ((i * 5) % 7) as f32 * 0.2).collect()).unwrap()
    }

    fn column(first: f32) -> Tensor {
        Tensor::from([first, first + 0.5, first + 0.8])
    }

    #[test]
    fn gradients_of_moments() {
        let mask = Tensor::from([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]]);
        let x = numbers([2, 4, 3], -0.5);
        gradcheck(std::slice::from_ref(&x), |x| Var::apply(Moments, &[&x[0]])).unwrap();
        gradcheck(&[x], |x| Var::apply(Moments, &[&x[0], &x[0].tape().constant(mask.clone())])).unwrap();
    }

    #[test]
    fn gradients_by_given_statistics() {
        let inputs = [numbers([2, 4, 3], 0.1), column(0.3), column(0.6), column(1.2), column(-0.4)];
        gradcheck(&inputs[..3], |x| x[0].normalize_by(&x[1], &x[2], Scaling { epsilon: 0.1, ..Scaling::default() })).unwrap();
        let all = |x: &[Var]| x[0].normalize_by(&x[1], &x[2], Scaling { gamma: Some(&x[3]), beta: Some(&x[4]), epsilon: 0.01 });
        gradcheck(&inputs, all).unwrap();
    }

    #[test]
    fn gradients_through_the_statistics_of_the_batch() {
        let mask = Tensor::from([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]]);
        let inputs = [numbers([2, 4, 3], 0.1), column(1.2), column(-0.4)];
        for mask in [None, Some(mask)] {
            let masked = |x: &[Var]| mask.as_ref().map(|mask| x[0].tape().constant(mask.clone()));
            let plain = |x: &[Var]| Ok(x[0].normalize_batch(Scaling { epsilon: 0.05, ..Scaling::default() }, masked(x).as_ref())?.0);
            gradcheck(&inputs[..1], plain).unwrap();
            let scaled = |x: &[Var]| {
                let scaling = Scaling { gamma: Some(&x[1]), beta: Some(&x[2]), epsilon: 0.01 };
                Ok(x[0].normalize_batch(scaling, masked(x).as_ref())?.0)
            };
            gradcheck(&inputs, scaled).unwrap();
        }
    }

    #[test]
    fn a_mask_of_another_shape_is_refused() {
        let tape = crate::autodiff::Tape::new();
        let (x, mask) = (tape.constant(numbers([2, 4, 3], 0.0)), tape.constant(Tensor::ones([2, 3]).unwrap()));
        let error = x.normalize_batch(Scaling::default(), Some(&mask)).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("[2, 3]"), "{error}");
    }
}
