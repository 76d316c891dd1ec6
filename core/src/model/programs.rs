//! The programs of the shapes of batches that came last.

use crate::data::{Batch, BatchArray};
use crate::{Error, Result, Shape};

/// How many programs are kept, one for each combination of shapes.
const KEPT: usize = 8;

/// The shapes of a batch, which a program was planned for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shapes {
    pub(crate) x: Vec<Shape>,
    pub(crate) y: Vec<Shape>,
    pub(crate) sample_weight: Option<Shape>,
}

impl Shapes {
    fn of(batch: &Batch) -> Result<Self> {
        if batch.is_empty() {
            let shape = batch.x.first().map_or(Shape::SCALAR, BatchArray::shape);
            return Err(Error::data(format!("a batch has one example or more: x has the shape {shape}")));
        }
        let shapes = |arrays: &[BatchArray]| arrays.iter().map(BatchArray::shape).collect();
        Ok(Self { x: shapes(&batch.x), y: shapes(&batch.y), sample_weight: batch.sample_weight.as_ref().map(BatchArray::shape) })
    }

    /// Whether a batch has these shapes.
    fn fit(&self, batch: &Batch) -> bool {
        let same = |shapes: &[Shape], arrays: &[BatchArray]| {
            shapes.len() == arrays.len() && shapes.iter().zip(arrays).all(|(shape, array)| *shape == array.shape())
        };
        same(&self.x, &batch.x) && same(&self.y, &batch.y) && self.sample_weight == batch.sample_weight.as_ref().map(BatchArray::shape)
    }
}

/// Programs by the shapes of their batches, the one used last in front.
#[derive(Debug)]
pub(crate) struct Programs<P>(Vec<(Shapes, P)>);

impl<P> Default for Programs<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P> Programs<P> {
    /// The program for a batch, made where there is none for its shapes.
    pub(crate) fn of(&mut self, batch: &Batch, make: impl FnOnce(&Shapes) -> Result<P>) -> Result<&P> {
        match self.0.iter().position(|(known, _)| known.fit(batch)) {
            Some(0) => {}
            Some(index) => self.0[..=index].rotate_right(1),
            None => {
                let shapes = Shapes::of(batch)?;
                let program = make(&shapes)?;
                self.0.truncate(KEPT - 1);
                self.0.insert(0, (shapes, program));
            }
        }
        Ok(&self.0[0].1)
    }

    /// Forgets all of them: the model computes something else from now on.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// How many arrays of a batch are served without allocating.
const INLINE: usize = 8;

/// The arrays of a batch, in the order of the program's inputs; in `many` where there are more than `few` can hold.
pub(crate) fn fill_inputs<'a, 'b>(batch: &'a Batch, few: &'b mut [&'a [f32]; INLINE], many: &'b mut Vec<&'a [f32]>) -> &'b [&'a [f32]] {
    let arrays = batch.x.iter().chain(&batch.y).chain(&batch.sample_weight).map(BatchArray::as_slice);
    let count = batch.x.len() + batch.y.len() + usize::from(batch.sample_weight.is_some());
    if count > INLINE {
        many.extend(arrays);
        return many;
    }
    few.iter_mut().zip(arrays).for_each(|(input, array)| *input = array);
    &few[..count]
}
