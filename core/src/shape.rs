//! Shapes: of tensors, all sizes known, and of layers, where the batch (and sometimes the time) is open.

use std::fmt::{self, Debug, Display};
use std::ops::Deref;

use crate::{Error, Result};

/// The most axes a tensor may have.
pub const MAX_RANK: usize = 6;

/// The sizes of a tensor's axes, outermost first, row-major.
///
/// ```
/// use practicum_core::Shape;
///
/// let shape = Shape::from([32, 28, 28]);
/// assert_eq!((shape.rank(), shape.size(), shape[0]), (3, 32 * 28 * 28, 32));
/// assert_eq!(shape.to_string(), "[32, 28, 28]");
/// ```
#[derive(Clone, Copy)]
pub struct Shape {
    rank: u8,
    dims: [usize; MAX_RANK],
}

impl Shape {
    /// The shape of a single number: no axes.
    pub const SCALAR: Self = Self { rank: 0, dims: [1; MAX_RANK] };

    /// A shape from its sizes.
    ///
    /// # Errors
    /// More than [`MAX_RANK`] axes, or more elements than memory can address; so, too, where one axis has no place and the
    /// others have more.
    pub fn new(dims: &[usize]) -> Result<Self> {
        if dims.len() > MAX_RANK {
            return Err(Error::shape(format!("expected at most {MAX_RANK} axes, got {dims:?} ({} axes)", dims.len())));
        }
        let bytes = dims.iter().try_fold(size_of::<f32>(), |size, &dim| size.checked_mul(dim.max(1)));
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            return Err(Error::shape(format!("a tensor of shape {dims:?} has more elements than memory can address")));
        }
        let mut shape = Self { rank: dims.len() as u8, ..Self::SCALAR };
        shape.dims[..dims.len()].copy_from_slice(dims);
        Ok(shape)
    }

    /// How many axes there are.
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// How many elements there are.
    pub fn size(&self) -> usize {
        self.iter().fold(1, |size: usize, &dim| size.saturating_mul(dim))
    }

    /// The sizes as a slice.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank()]
    }

    /// The size of the last axis; 1 for a scalar.
    pub fn last(&self) -> usize {
        self.dims().last().copied().unwrap_or(1)
    }

    /// How many rows of [`last`](Self::last) elements there are.
    pub fn rows(&self) -> usize {
        self.rank().checked_sub(1).map_or(1, |outer| self.dims[..outer].iter().product())
    }

    /// The shape without its first axis: what one example of a batch looks like.
    pub fn without_batch(&self) -> Self {
        self.dims().split_first().map_or(Self::SCALAR, |(_, rest)| Self::of(rest))
    }

    /// The shape with another size of its first axis.
    pub(crate) fn with_batch(mut self, rows: usize) -> Self {
        if self.rank > 0 {
            self.dims[0] = rows;
        }
        self
    }

    /// The axis counted from the front; negative numbers count from the back.
    ///
    /// # Errors
    /// An axis that the shape does not have.
    pub fn axis(&self, axis: isize) -> Result<usize> {
        let rank = self.rank() as isize;
        let from_front = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&from_front) {
            Ok(from_front as usize)
        } else {
            Err(Error::shape(format!("there is no axis {axis} in {self}: it has {rank} axes")))
        }
    }

    /// The shape that two tensors take together: axes are matched from the last one, and a size of 1 stretches.
    ///
    /// # Errors
    /// Sizes that differ where neither is 1.
    pub fn broadcast(&self, other: &Self) -> Result<Self> {
        let rank = self.rank().max(other.rank());
        let mut dims = [1; MAX_RANK];
        for back in 1..=rank {
            let a = self.rank().checked_sub(back).map_or(1, |axis| self.dims[axis]);
            let b = other.rank().checked_sub(back).map_or(1, |axis| other.dims[axis]);
            dims[rank - back] = match (a, b) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => {
                    return Err(Error::shape(format!("{self} and {other} do not broadcast: axis {} has {a} and {b}", -(back as isize)))
                        .hint("sizes must be equal, or one of them 1, counted from the last axis"));
                }
            };
        }
        Self::new(&dims[..rank])
    }

    /// For sizes already known to fit: parts of another shape.
    pub(crate) fn of(dims: &[usize]) -> Self {
        let mut shape = Self { rank: dims.len() as u8, ..Self::SCALAR };
        shape.dims[..dims.len()].copy_from_slice(dims);
        shape
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        const { assert!(N <= MAX_RANK, "a tensor has at most six axes") };
        Self::of(&dims)
    }
}

impl TryFrom<&[usize]> for Shape {
    type Error = Error;

    fn try_from(dims: &[usize]) -> Result<Self> {
        Self::new(dims)
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        self.dims()
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.dims() == other.dims()
    }
}

impl Eq for Shape {}

impl std::hash::Hash for Shape {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.dims().hash(state);
    }
}

impl Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.dims(), f)
    }
}

impl Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.dims(), f)
    }
}

/// A shape in which some sizes are open until data arrive: the batch first, and the time of sequences.
///
/// ```
/// use practicum_core::PartialShape;
///
/// let shape = PartialShape::batch_of(&[28, 28]);
/// assert_eq!(shape.to_string(), "(None, 28, 28)");
/// assert_eq!(shape.with_batch(32).unwrap().dims(), [32, 28, 28]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PartialShape(Vec<Option<usize>>);

impl PartialShape {
    /// A shape from sizes that may be open.
    pub fn new(dims: impl Into<Vec<Option<usize>>>) -> Self {
        Self(dims.into())
    }

    /// An open batch of examples of this shape.
    pub fn batch_of(example: &[usize]) -> Self {
        Self(std::iter::once(None).chain(example.iter().copied().map(Some)).collect())
    }

    /// How many axes there are, with the batch.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The sizes.
    pub fn dims(&self) -> &[Option<usize>] {
        &self.0
    }

    /// The sizes after the batch.
    pub fn example(&self) -> &[Option<usize>] {
        self.0.get(1..).unwrap_or(&[])
    }

    /// The size of the last axis, where it is known.
    pub fn last(&self) -> Option<usize> {
        self.0.last().copied().flatten()
    }

    /// The same with another size on the last axis.
    #[must_use]
    pub fn with_last(&self, size: usize) -> Self {
        let mut dims = self.0.clone();
        if let Some(last) = dims.last_mut() {
            *last = Some(size);
        }
        Self(dims)
    }

    /// The shape of a batch of `batch` examples.
    ///
    /// # Errors
    /// Another size than the batch is open, or there are too many axes.
    pub fn with_batch(&self, batch: usize) -> Result<Shape> {
        let example: Option<Vec<usize>> = self.example().iter().copied().collect();
        let Some(example) = example else {
            return Err(Error::shape(format!("the shape {self} is open after its batch")));
        };
        Shape::new(&[&[batch], example.as_slice()].concat())
    }

    /// Whether tensors of this shape fit.
    pub fn accepts(&self, shape: &Shape) -> bool {
        shape.rank() == self.rank() && self.0.iter().zip(shape.iter()).all(|(open, size)| open.is_none_or(|known| known == *size))
    }

    /// The elements of one example, where all its sizes are known.
    pub fn example_size(&self) -> Option<usize> {
        self.example().iter().try_fold(1usize, |size, dim| size.checked_mul((*dim)?))
    }
}

impl From<Shape> for PartialShape {
    fn from(shape: Shape) -> Self {
        Self(shape.iter().copied().map(Some).collect())
    }
}

impl Display for PartialShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (axis, dim) in self.0.iter().enumerate() {
            if axis > 0 {
                f.write_str(", ")?;
            }
            match dim {
                Some(size) => write!(f, "{size}")?,
                None => f.write_str("None")?,
            }
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_stretches_ones_and_refuses_the_rest() {
        let stretched = Shape::from([4, 1, 3]).broadcast(&Shape::from([5, 1])).unwrap();
        assert_eq!(stretched.dims(), [4, 5, 3]);
        let error = Shape::from([4, 2]).broadcast(&Shape::from([3])).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("axis -1 has 2 and 3"), "{error}");
    }

    #[test]
    fn sizes_beyond_memory_are_refused() {
        assert!(Shape::new(&[usize::MAX, 2]).unwrap_err().is_shape());
        assert!(Shape::new(&[1; 7]).unwrap_err().is_shape());
    }

    #[test]
    fn an_open_shape_prints_as_keras_does() {
        assert_eq!(PartialShape::new([None]).to_string(), "(None,)");
        assert_eq!(PartialShape::new([None, Some(3)]).to_string(), "(None, 3)");
        assert!(PartialShape::batch_of(&[3]).accepts(&Shape::from([7, 3])));
        assert!(!PartialShape::batch_of(&[3]).accepts(&Shape::from([7, 4])));
    }
}
