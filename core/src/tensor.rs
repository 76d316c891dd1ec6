//! The tensor: an immutable value, cheap to clone, and safe to share between threads.

mod convert;
mod display;

use std::ops::Range;
use std::sync::Arc;

use crate::autodiff::{Op, resize, run_forward, zeros};
use crate::cpu::Cpu;
use crate::{Error, Result, Shape};

/// A dense array of `f32` in row-major order.
///
/// A tensor never changes: operations make new ones; clones and [rows](Tensor::rows) share their elements. Views of ndarray
/// over it cost nothing ([`view`](Tensor::view)), and arrays of ndarray move in and out without a copy.
///
/// ```
/// use practicum_core::Tensor;
///
/// let x = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let y = x.add(&Tensor::from([10.0, 20.0, 30.0]))?;
/// assert_eq!(y.as_slice(), [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]);
/// assert_eq!(y.sum()?.item()?, 141.0);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor {
    shape: Shape,
    data: Arc<Vec<f32>>,
    /// Where its elements are among those it shares.
    start: usize,
    len: usize,
}

impl Tensor {
    /// A tensor of the given shape and elements.
    ///
    /// # Errors
    /// Another number of elements than the shape has.
    pub fn new(shape: impl Into<Shape>, data: Vec<f32>) -> Result<Self> {
        let shape = shape.into();
        if shape.size() != data.len() {
            let (size, len) = (shape.size(), data.len());
            return Err(Error::shape(format!("a tensor of shape {shape} has {size} elements, got {len}")));
        }
        Ok(Self::from_parts(shape, data))
    }

    /// For elements already known to fit the shape.
    pub(crate) fn from_parts(shape: Shape, data: Vec<f32>) -> Self {
        debug_assert_eq!(shape.size(), data.len());
        Self { shape, start: 0, len: data.len(), data: Arc::new(data) }
    }

    /// All elements equal.
    ///
    /// # Errors
    /// A shape that does not fit into memory.
    pub fn full(shape: impl Into<Shape>, value: f32) -> Result<Self> {
        let shape = shape.into();
        let mut data = zeros(shape.size())?;
        data.fill(value);
        Ok(Self::from_parts(shape, data))
    }

    /// Zeros.
    ///
    /// # Errors
    /// A shape that does not fit into memory.
    pub fn zeros(shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        Ok(Self::from_parts(shape, zeros(shape.size())?))
    }

    /// Ones.
    ///
    /// # Errors
    /// A shape that does not fit into memory.
    pub fn ones(shape: impl Into<Shape>) -> Result<Self> {
        Self::full(shape, 1.0)
    }

    /// A single number, without axes.
    pub fn scalar(value: f32) -> Self {
        Self::from_parts(Shape::SCALAR, vec![value])
    }

    /// The `n × n` matrix with ones on its diagonal.
    ///
    /// # Errors
    /// A size that does not fit into memory.
    pub fn eye(n: usize) -> Result<Self> {
        let shape = Shape::new(&[n, n])?;
        let mut data = zeros(shape.size())?;
        data.iter_mut().step_by(n + 1).for_each(|one| *one = 1.0);
        Ok(Self::from_parts(shape, data))
    }

    /// The numbers `0, 1, …, n − 1`.
    ///
    /// # Errors
    /// More than 2²⁴ numbers: beyond that, `f32` skips integers.
    pub fn arange(n: usize) -> Result<Self> {
        const EXACT: usize = 1 << 24;
        if n > EXACT {
            return Err(Error::argument(format!("f32 holds integers exactly up to {EXACT}, got {n}")));
        }
        Ok(Self::from_parts(Shape::new(&[n])?, (0..n).map(|i| i as f32).collect()))
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How many axes there are.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements, the last axis running fastest.
    pub fn as_slice(&self) -> &[f32] {
        &self.data[self.start..self.start + self.len]
    }

    /// A copy of the elements.
    pub fn to_vec(&self) -> Vec<f32> {
        self.as_slice().to_vec()
    }

    /// The elements, moved out where no clone shares them.
    pub fn into_vec(self) -> Vec<f32> {
        if self.len < self.data.len() {
            return self.to_vec();
        }
        Arc::try_unwrap(self.data).unwrap_or_else(|shared| shared.to_vec())
    }

    /// The elements to be changed in place, copied first where a clone shares them. For the owner of a parameter.
    pub(crate) fn make_mut(&mut self) -> &mut [f32] {
        if self.len < self.data.len() {
            *self = Self::from_parts(self.shape, self.to_vec());
        }
        Arc::<Vec<f32>>::make_mut(&mut self.data)
    }

    /// The only element.
    ///
    /// # Errors
    /// More or fewer elements than one.
    pub fn item(&self) -> Result<f32> {
        match self.as_slice() {
            [only] => Ok(*only),
            _ => Err(Error::shape(format!("expected a single number, got a tensor of shape {}", self.shape))),
        }
    }

    /// The element at the given index.
    ///
    /// # Errors
    /// Another number of indices than axes, or an index outside its axis.
    pub fn get(&self, index: &[usize]) -> Result<f32> {
        let inside = index.len() == self.rank() && index.iter().zip(self.shape.iter()).all(|(index, size)| index < size);
        if !inside {
            return Err(Error::shape(format!("there is no element {index:?} in a tensor of shape {}", self.shape)));
        }
        let flat = index.iter().zip(self.shape.iter()).fold(0, |flat, (index, size)| flat * size + index);
        Ok(self.as_slice()[flat])
    }

    /// The same elements under a shape of the same size.
    pub(crate) fn with_shape(&self, shape: Shape) -> Self {
        debug_assert_eq!(shape.size(), self.len());
        Self { shape, ..self.clone() }
    }

    /// The elements from offset `start` on, as many as the shape has: they must be there.
    fn part(&self, shape: Shape, start: usize) -> Self {
        debug_assert!(start + shape.size() <= self.len);
        Self { shape, data: self.data.clone(), start: self.start + start, len: shape.size() }
    }

    /// A range of the first axis, without a copy: the elements are shared, and stay in memory as long as their part does.
    ///
    /// ```
    /// use practicum_core::Tensor;
    ///
    /// let window = Tensor::arange(6)?;
    /// let (features, label) = (window.rows(0..5)?, window.row(5)?);
    /// assert_eq!((features.shape().dims(), label.item()?), ([5].as_slice(), 5.0));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A tensor without axes, or a range beyond its first axis.
    pub fn rows(&self, range: Range<usize>) -> Result<Self> {
        match self.shape.first() {
            Some(rows) if range.start <= range.end && range.end <= *rows => {
                let start = range.start * self.shape.without_batch().size();
                Ok(self.part(self.shape.with_batch(range.len()), start))
            }
            _ => Err(Error::shape(format!("there are no rows {range:?} in a tensor of shape {}", self.shape))),
        }
    }

    /// One index of the first axis, without that axis and without a copy: see [`rows`](Tensor::rows).
    ///
    /// # Errors
    /// A tensor without axes, or an index beyond its first axis.
    pub fn row(&self, index: usize) -> Result<Self> {
        match self.shape.first() {
            Some(rows) if index < *rows => {
                let shape = self.shape.without_batch();
                Ok(self.part(shape, index * shape.size()))
            }
            _ => Err(Error::shape(format!("there is no row {index} in a tensor of shape {}", self.shape))),
        }
    }

    /// Gives it another shape, in the memory it has where no one shares it, and its elements to be written: all of them,
    /// since they are what was there before.
    pub(crate) fn reuse(&mut self, shape: Shape) -> Result<&mut [f32]> {
        if Arc::get_mut(&mut self.data).is_none() {
            *self = Vec::new().into();
        }
        let data = Arc::<Vec<f32>>::make_mut(&mut self.data);
        resize(data, shape.size())?;
        (self.shape, self.start, self.len) = (shape, 0, data.len());
        Ok(data)
    }

    /// How many elements [`reuse`](Self::reuse) has room for without asking for memory; none where others share them.
    pub(crate) fn room(&mut self) -> Option<usize> {
        Arc::get_mut(&mut self.data).map(|data| data.capacity())
    }

    /// Runs an operation on tensors, with every core of this machine; nothing is recorded.
    ///
    /// # Errors
    /// Shapes that the operation does not serve, or values it refuses.
    pub fn apply(op: impl Op, inputs: &[&Self]) -> Result<Self> {
        let shapes: Vec<Shape> = inputs.iter().map(|tensor| tensor.shape).collect();
        let shape = op.output_shape(&shapes).map_err(|error| error.context(op.name()))?;
        Ok(run_forward(&op, &Cpu::default(), 0, inputs, shape)?.0)
    }

    /// The index of the largest element of each row of the last axis; the first of equals.
    ///
    /// # Errors
    /// A tensor without axes or with an empty last axis.
    pub fn argmax(&self) -> Result<Vec<usize>> {
        if self.shape.last() == 0 || self.rank() == 0 {
            return Err(Error::shape(format!("argmax needs rows with elements, got a tensor of shape {}", self.shape)));
        }
        Ok(self.as_slice().chunks_exact(self.shape.last()).map(argmax).collect())
    }

    /// The index of the largest element along an axis, for every index on the other axes in their order; the first of equals.
    ///
    /// ```
    /// use practicum_core::Tensor;
    ///
    /// let x = Tensor::from([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]]);
    /// assert_eq!(x.argmax_axis(0)?, [1, 0, 1]);
    /// assert_eq!(x.argmax_axis(-1)?, x.argmax()?);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no such axis, or it is empty.
    pub fn argmax_axis(&self, axis: isize) -> Result<Vec<usize>> {
        let axis = self.shape.axis(axis)?;
        let (size, inner) = (self.shape[axis], self.shape[axis + 1..].iter().product::<usize>());
        if size == 0 {
            return Err(Error::shape(format!("argmax needs elements along axis {axis}, got a tensor of shape {}", self.shape)));
        }
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let mut along = vec![0.0; size];
        let mut found = Vec::new();
        for block in self.as_slice().chunks_exact((size * inner).max(1)) {
            for start in 0..inner {
                along.iter_mut().zip(block[start..].iter().step_by(inner)).for_each(|(to, from)| *to = *from);
                found.push(argmax(&along));
            }
        }
        Ok(found)
    }

    /// Whether all elements are within `absolute + relative·|other|` of those of `other`. NaN is close to nothing.
    pub fn is_close(&self, other: &Self, absolute: f32, relative: f32) -> bool {
        self.shape == other.shape
            && self.as_slice().iter().zip(other.as_slice()).all(|(a, b)| a == b || (a - b).abs() <= absolute + relative * b.abs())
    }
}

/// The index of the first of the largest elements. NaN is never the largest, unless all are.
pub(crate) fn argmax(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] || (row[best].is_nan() && !value.is_nan()) {
            best = index;
        }
    }
    best
}

impl PartialEq for Tensor {
    /// The same shape and equal elements; NaN equals nothing.
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.as_slice() == other.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_travel_between_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<Tensor>();
    }

    #[test]
    fn clones_share_and_changes_do_not_reach_them() {
        let mut a = Tensor::from([1.0, 2.0]);
        let b = a.clone();
        a.make_mut()[0] = 5.0;
        assert_eq!((a.as_slice(), b.as_slice()), ([5.0, 2.0].as_slice(), [1.0, 2.0].as_slice()));
    }

    #[test]
    fn rows_share_and_changes_do_not_reach_them() {
        let x = Tensor::new([4, 2], (0..8).map(|i| i as f32).collect()).unwrap();
        let rows = x.rows(1..4).unwrap();
        let (part, row) = (rows.rows(1..2).unwrap(), rows.row(2).unwrap());
        assert_eq!(part.as_slice().as_ptr(), x.as_slice()[4..].as_ptr());
        assert_eq!((part.shape().dims(), part.as_slice()), ([1, 2].as_slice(), [4.0, 5.0].as_slice()));
        assert_eq!((row.shape().dims(), row.get(&[1]).unwrap()), ([2].as_slice(), 7.0));
        assert!(rows.rows(3..3).unwrap().is_empty());
        let mut changed = part.clone();
        changed.make_mut()[0] = -1.0;
        assert_eq!((part.into_vec(), x.as_slice()[4], changed.to_vec()), (vec![4.0, 5.0], 4.0, vec![-1.0, 5.0]));
        for wrong in [x.rows(2..5), x.row(4), Tensor::scalar(1.0).rows(0..0), Tensor::scalar(1.0).row(0)] {
            assert!(wrong.unwrap_err().is_shape());
        }
    }

    #[test]
    fn memory_is_used_again_where_nobody_shares_it() {
        let mut x = Tensor::zeros([8]).unwrap();
        let (place, kept) = (x.as_slice().as_ptr(), x.clone());
        assert_eq!(x.room(), None);
        x.reuse(Shape::from([4])).unwrap().fill(1.0);
        assert_eq!((kept.as_slice(), x.as_slice()), ([0.0; 8].as_slice(), [1.0; 4].as_slice()));
        drop(x);
        x = kept;
        assert_eq!(x.room(), Some(8));
        x.reuse(Shape::from([2, 3])).unwrap();
        assert_eq!((x.as_slice().as_ptr(), x.len()), (place, 6));
    }

    #[test]
    fn argmax_takes_the_first_of_equals_and_skips_nan() {
        let x = Tensor::new([3, 3], vec![1.0, 3.0, 3.0, f32::NAN, 0.0, 1.0, 2.0, f32::NAN, 1.0]).unwrap();
        assert_eq!(x.argmax().unwrap(), [1, 2, 0]);
    }

    #[test]
    fn an_element_outside_is_an_error() {
        let x = Tensor::zeros([2, 3]).unwrap();
        assert!(x.get(&[1, 2]).is_ok());
        assert!(x.get(&[2, 0]).unwrap_err().is_shape());
        assert!(x.get(&[1]).unwrap_err().is_shape());
        assert!(x.item().unwrap_err().is_shape());
    }
}
