//! Maxima and means of windows of channels-last maps.

use super::methods;
use crate::autodiff::{Backward, Forward, Memory, Op, Reads};
use crate::kernel::pool::{self, Pool};
use crate::ops::Padding;
use crate::{Error, Result, Shape};

/// Along both axes: windows of `size`, `strides` apart.
#[derive(Clone, Copy, Debug)]
struct Pooling {
    size: [usize; 2],
    strides: [usize; 2],
    padding: Padding,
}

impl Pooling {
    fn sizes(&self, x: &Shape) -> Result<Pool> {
        let &[batch, rows, columns, channels] = x.dims() else {
            return Err(Error::shape(format!("expected [batch, height, width, channels], got {x}")));
        };
        let (size, window, strides) = ([rows, columns], self.size, self.strides);
        if window.iter().chain(&strides).any(|size| *size == 0) {
            return Err(Error::argument(format!("pool_size {window:?} and strides {strides:?} must be 1 or more")));
        }
        let output = self.padding.windows(size.map(Some), window, strides)?.map(Option::unwrap_or_default);
        let before = [0, 1].map(|axis| self.padding.amounts(size[axis], window[axis], strides[axis])[0]);
        Ok(Pool { batch, size, channels, window, strides, before, output })
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape> {
        let sizes = self.sizes(x)?;
        Shape::new(&[sizes.batch, sizes.output[0], sizes.output[1], sizes.channels])
    }
}

/// The largest number of each window; the gradient goes to where it stands, the first of equals.
#[derive(Debug)]
struct MaxPool(Pooling);

impl Op for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        self.0.output_shape(&x[0])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        Memory { saved: self.0.output_shape(&x[0]).map_or(0, |shape| shape.size()), ..Memory::default() }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn maxima(&self) -> Option<[usize; 2]> {
        (self.0.size == self.0.strides && self.0.padding == Padding::Valid).then_some(self.0.size)
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        pool::max(pass.cx.exec, &self.0.sizes(&pass.x[0].shape)?, pass.x[0].data, pass.y, pass.saved);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            pool::max_backward(pass.cx.exec, &self.0.sizes(&pass.x[0].shape)?, pass.saved, pass.dy, dx);
        }
        Ok(())
    }
}

/// The mean of the numbers of each window that are in the map.
#[derive(Debug)]
struct AveragePool(Pooling);

impl Op for AveragePool {
    fn name(&self) -> &'static str {
        "average_pool"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        self.0.output_shape(&x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        pool::average(pass.cx.exec, &self.0.sizes(&pass.x[0].shape)?, pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            pool::average_backward(pass.cx.exec, &self.0.sizes(&pass.x[0].shape)?, pass.dy, dx);
        }
        Ok(())
    }
}

methods! {
    /// The maxima of windows of maps `[batch, height, width, channels]`.
    ///
    /// # Errors
    /// Another number of axes, or a window that does not fit into the map.
    pub fn max_pool2d(&self, size: [usize; 2], strides: [usize; 2], padding: Padding) -> Result<Self> {
        Self::apply(MaxPool(Pooling { size, strides, padding }), &[self])
    }

    /// The means of windows of maps `[batch, height, width, channels]`, over the entries that are in the map.
    ///
    /// # Errors
    /// Another number of axes, or a window that does not fit into the map.
    pub fn average_pool2d(&self, size: [usize; 2], strides: [usize; 2], padding: Padding) -> Result<Self> {
        Self::apply(AveragePool(Pooling { size, strides, padding }), &[self])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        // No two numbers tie.
        let ladder = (0..2 * 5 * 6 * 2).map(|i| (i * 37 % 120) as f32 / 20.0 - 3.0).collect();
        let x = Tensor::new([2, 5, 6, 2], ladder).unwrap();
        for (size, strides) in [([2, 2], [2, 2]), ([3, 2], [1, 2]), ([2, 3], [3, 1])] {
            for padding in [Padding::Valid, Padding::Same] {
                gradcheck(std::slice::from_ref(&x), |v| v[0].max_pool2d(size, strides, padding)).unwrap();
                gradcheck(std::slice::from_ref(&x), |v| v[0].average_pool2d(size, strides, padding)).unwrap();
            }
        }
    }

    #[test]
    fn a_number_that_is_none_stays() {
        for place in 0..4 {
            let mut x = vec![1.0, 2.0, 3.0, 4.0];
            x[place] = f32::NAN;
            let y = Tensor::new([1, 2, 2, 1], x).unwrap().max_pool2d([2, 2], [2, 2], Padding::Valid).unwrap();
            assert!(y.as_slice()[0].is_nan(), "{place}");
        }
    }

    #[test]
    fn an_average_at_the_edge_is_over_what_is_there() {
        let y = Tensor::ones([1, 5, 5, 1]).unwrap().average_pool2d([3, 3], [1, 1], Padding::Same).unwrap();
        assert!(y.as_slice().iter().all(|y| *y == 1.0));
    }
}
