//! Sums, means and maxima over axes.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::kernel::reduce;
use crate::{Error, Result, Shape};

/// One axis between those before and those after it.
#[derive(Clone, Copy)]
struct Cut {
    outer: usize,
    size: usize,
    inner: usize,
}

impl Cut {
    fn at(shape: &Shape, axis: usize) -> Self {
        Self { outer: shape[..axis].iter().product(), size: shape[axis], inner: shape[axis + 1..].iter().product() }
    }
}

fn without(shape: &Shape, axis: usize) -> Result<Shape> {
    if axis >= shape.rank() {
        return Err(Error::shape(format!("there is no axis {axis} in {shape}")));
    }
    Shape::new(&[&shape[..axis], &shape[axis + 1..]].concat())
}

/// `y = factor·Σ x` over one axis, or over all: `dx = factor·dy`, repeated.
#[derive(Debug)]
struct Sum {
    axis: Option<usize>,
    mean: bool,
}

impl Sum {
    fn cut(&self, shape: &Shape) -> Cut {
        match self.axis {
            // Nothing to add up: rather one long row than many sums of one number.
            Some(axis) if shape[axis] == 1 => Cut { outer: 1, size: 1, inner: shape.size() },
            Some(axis) => Cut::at(shape, axis),
            None => Cut { outer: 1, size: shape.size(), inner: 1 },
        }
    }

    fn factor(&self, cut: Cut) -> f32 {
        if self.mean { 1.0 / cut.size as f32 } else { 1.0 }
    }
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        if self.mean { "mean" } else { "sum" }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        self.axis.map_or(Ok(Shape::SCALAR), |axis| without(&x[0], axis))
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn mean_axis(&self) -> Option<usize> {
        self.axis.filter(|_| self.mean)
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let (exec, x, y, cut) = (pass.cx.exec, pass.x[0].data, pass.y, self.cut(&pass.x[0].shape));
        let factor = self.factor(cut);
        if cut.inner == 1 && !x.is_empty() {
            y.iter_mut().zip(x.chunks_exact(cut.size)).for_each(|(y, row)| *y = factor * reduce::sum(exec, row));
        } else {
            reduce::middle_sums(exec, x, cut.size, cut.inner, factor, y);
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let cut = self.cut(&pass.x[0].shape);
        if let Some(dx) = &mut pass.dx[0] {
            reduce::repeat_middle(pass.cx.exec, pass.dy, cut.size, cut.inner, self.factor(cut), dx);
        }
        Ok(())
    }
}

/// The largest element over one axis. The gradient goes to it, and is shared where there are several of the same size.
#[derive(Debug)]
struct Max {
    axis: usize,
}

impl Op for Max {
    fn name(&self) -> &'static str {
        "max"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let shape = without(&x[0], self.axis)?;
        if x[0][self.axis] == 0 {
            return Err(Error::shape(format!("axis {} of {} is empty: there is no largest element", self.axis, x[0])));
        }
        Ok(shape)
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 1, output: true }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let cut = Cut::at(&pass.x[0].shape, self.axis);
        if pass.y.is_empty() {
            return Ok(());
        }
        for outer in 0..cut.outer {
            let block = &pass.x[0].data[outer * cut.size * cut.inner..][..cut.size * cut.inner];
            let y = &mut pass.y[outer * cut.inner..][..cut.inner];
            y.copy_from_slice(&block[..cut.inner]);
            for row in block.chunks_exact(cut.inner).skip(1) {
                y.iter_mut().zip(row).for_each(|(y, x)| *y = if *x > *y || x.is_nan() { *x } else { *y });
            }
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let cut = Cut::at(&pass.x[0].shape, self.axis);
        let (x, y, dy) = (pass.x[0].data, pass.y.data, pass.dy);
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        for outer in 0..cut.outer {
            for inner in 0..cut.inner {
                let at = |i: usize| (outer * cut.size + i) * cut.inner + inner;
                let top = outer * cut.inner + inner;
                let equal = (0..cut.size).filter(|i| x[at(*i)] == y[top]).count().max(1);
                let share = dy[top] / equal as f32;
                (0..cut.size).for_each(|i| dx[at(i)] = if x[at(i)] == y[top] { share } else { 0.0 });
            }
        }
        Ok(())
    }
}

methods! {
    /// The sum of all elements, in a fixed order.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn sum(&self) -> Result<Self> {
        Self::apply(Sum { axis: None, mean: false }, &[self])
    }

    /// The mean of all elements; NaN where there are none.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn mean(&self) -> Result<Self> {
        Self::apply(Sum { axis: None, mean: true }, &[self])
    }

    /// The sum over one axis, which disappears. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis.
    pub fn sum_axis(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Sum { axis: Some(axis), mean: false }, &[self])
    }

    /// The mean over one axis, which disappears. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis.
    pub fn mean_axis(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Sum { axis: Some(axis), mean: true }, &[self])
    }

    /// The largest element over one axis, which disappears. Negative axes count from the back.
    ///
    /// # Errors
    /// No such axis, or an empty one.
    pub fn max_axis(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis(axis)?;
        Self::apply(Max { axis }, &[self])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    fn cube() -> Tensor {
        Tensor::new([2, 3, 4], (0..24).map(|i| ((i * 7) % 24) as f32 / 4.0 - 2.0).collect()).unwrap()
    }

    #[test]
    fn gradients() {
        gradcheck(&[cube()], |x| x[0].sum()).unwrap();
        gradcheck(&[cube()], |x| x[0].square()?.mean()).unwrap();
        for axis in [0, 1, 2, -1] {
            gradcheck(&[cube()], |x| x[0].sum_axis(axis)).unwrap();
            gradcheck(&[cube()], |x| x[0].square()?.mean_axis(axis)).unwrap();
            gradcheck(&[cube()], |x| x[0].max_axis(axis)).unwrap();
        }
    }

    #[test]
    fn values_agree_with_ndarray() {
        let x = cube();
        for axis in 0..3 {
            let by_ndarray = Tensor::from_array(x.view().sum_axis(ndarray::Axis(axis))).unwrap();
            assert!(x.sum_axis(axis as isize).unwrap().is_close(&by_ndarray, 1e-6, 1e-6));
        }
        assert!(x.sum_axis(3).unwrap_err().is_shape());
        assert!(Tensor::zeros([2, 0]).unwrap().max_axis(1).unwrap_err().is_shape());
        assert_eq!(Tensor::zeros([2, 3, 0]).unwrap().max_axis(1).unwrap().shape().dims(), [2, 0]);
        assert_eq!(Tensor::zeros([2, 0]).unwrap().sum_axis(1).unwrap().as_slice(), [0.0, 0.0]);
        assert_eq!(Tensor::zeros([0, 2]).unwrap().sum_axis(0).unwrap().as_slice(), [0.0, 0.0]);
    }
}
