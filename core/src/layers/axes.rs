use serde::{Deserialize, Serialize};

use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Shape};

/// One axis or several, as an option of layers. Negative axes count from the back; axis 0 is the batch.
///
/// ```
/// use practicum_core::layers::Axes;
///
/// assert_eq!(Axes::from(-1), Axes::from([-1]));
/// assert_ne!(Axes::from([1, 2]), Axes::from(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Config", into = "Config")]
pub struct Axes(Vec<isize>);

/// Keras writes one axis as a number, several as a list, and none as null.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Config {
    One(isize),
    Several(Vec<isize>),
    None(()),
}

impl From<Config> for Axes {
    fn from(config: Config) -> Self {
        match config {
            Config::One(axis) => Self(vec![axis]),
            Config::Several(axes) => Self(axes),
            Config::None(()) => Self(Vec::new()),
        }
    }
}

impl From<Axes> for Config {
    fn from(Axes(axes): Axes) -> Self {
        match axes[..] {
            [] => Self::None(()),
            [axis] => Self::One(axis),
            _ => Self::Several(axes),
        }
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self(vec![axis])
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self(axes.into())
    }
}

impl From<Vec<isize>> for Axes {
    fn from(axes: Vec<isize>) -> Self {
        Self(axes)
    }
}

impl Axes {
    pub(super) const LAST: isize = -1;

    /// The axes as they were given.
    pub(super) fn as_slice(&self) -> &[isize] {
        &self.0
    }

    /// The axes of an input of this rank, counted from the front and in ascending order.
    pub(super) fn of(&self, rank: usize) -> Result<Vec<usize>> {
        let mut axes = Vec::with_capacity(self.0.len());
        for axis in &self.0 {
            match usize::try_from(if *axis < 0 { axis + rank as isize } else { *axis }) {
                Ok(0) if rank > 0 => return Err(Error::argument(format!("axis {axis} is the batch: choose an axis after it"))),
                Ok(place) if place < rank => axes.push(place),
                _ => return Err(Error::shape(format!("there is no axis {axis} in an input of {rank} axes"))),
            }
        }
        axes.sort_unstable();
        match axes.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::argument(format!("axis {} is named twice in {:?}", pair[0], self.0))),
            None => Ok(axes),
        }
    }

    /// The same, for what is computed over the axes: there must be one.
    pub(super) fn some_of(&self, rank: usize) -> Result<Vec<usize>> {
        if self.0.is_empty() {
            return Err(Error::argument("there is no axis to compute over").hint("name one or several axes after the batch, such as -1"));
        }
        self.of(rank)
    }

    /// The sizes of the axes, all of which must be known.
    pub(super) fn sizes(&self, input: &PartialShape) -> Result<Vec<usize>> {
        let size = |axis: usize| {
            input.dims()[axis].ok_or_else(|| Error::shape(format!("the size of axis {axis} must be known, got an input of shape {input}")))
        };
        self.of(input.rank())?.into_iter().map(size).collect()
    }

    /// The same elements with these axes after all others.
    pub(super) fn gather(&self, x: &Var) -> Result<Gathered> {
        let (shape, axes) = (x.shape(), self.some_of(x.shape().rank())?);
        let others = (0..shape.rank()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = others.chain(axes.iter().copied()).collect();
        let moved = if order.is_sorted() { x.clone() } else { x.permute(&order)? };
        let gathered = moved.shape();
        let (kept, together) = gathered.split_at(shape.rank() - axes.len());
        let rows = moved.reshape(Shape::new(&[kept, &[together.iter().product()]].concat())?)?;
        Ok(Gathered { rows, order, shape: gathered })
    }
}

/// A variable some of whose axes were put after the others, as one.
pub(super) struct Gathered {
    /// What is to be computed with.
    pub(super) rows: Var,
    order: Vec<usize>,
    /// The shape before its last axes became one.
    shape: Shape,
}

impl Gathered {
    /// Brings the axes of a result of the same shape back to their places.
    pub(super) fn back(&self, y: &Var) -> Result<Var> {
        let y = y.reshape(self.shape)?;
        if self.order.is_sorted() {
            return Ok(y);
        }
        let mut back = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
        y.permute(&back)
    }
}
