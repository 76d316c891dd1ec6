use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::merging::list;
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Tensor};

/// Its inputs one after the other along an axis; all other sizes are equal.
///
/// Where the inputs have masks, a step counts if any number in it comes from a step that counts, or from an input without a
/// mask.
///
/// ```
/// use practicum_core::{layers::Concatenate, prelude::*};
///
/// let (words, numbers) = (Input::new([16]).symbol(), Input::new([3]).symbol());
/// let model = Model::new([&words, &numbers], Concatenate::new().on([&words, &numbers]))?;
/// assert_eq!(model.output_shape()?.to_string(), "(None, 19)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Concatenate {
    axis: isize,
}

impl Default for Concatenate {
    fn default() -> Self {
        Self { axis: Axes::LAST }
    }
}

impl Concatenate {
    /// The layer for the last axis.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Concatenate", config)?))
    }

    /// The axis along which the inputs are joined. Negative axes count from the back; axis 0 is the batch.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }

    fn axis_of(&self, rank: usize) -> Result<usize> {
        Ok(Axes::from(self.axis).of(rank)?[0])
    }
}

impl Layer for Concatenate {
    class!("Concatenate");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.build_many(cx, std::slice::from_ref(input)).map(|mut outputs| outputs.remove(0))
    }

    fn build_many(&mut self, _cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        let Some((first, rest)) = inputs.split_first() else {
            return Err(Error::argument("the layer joins one input or more, got none"));
        };
        let axis = self.axis_of(first.rank())?;
        let mut joined = first.dims().to_vec();
        for input in rest {
            let sizes = joined.iter().zip(input.dims()).enumerate();
            let fits = |(place, (a, b)): (usize, (&Option<usize>, &Option<usize>))| place == axis || a.is_none() || b.is_none() || a == b;
            if input.rank() != joined.len() || !sizes.clone().all(fits) {
                return Err(Error::shape(format!("inputs of the shapes {} cannot be joined along axis {axis}", list(inputs)))
                    .hint("all other axes must be equal"));
            }
            let join = |(place, (a, b)): (usize, (&Option<usize>, &Option<usize>))| match (*a, *b) {
                (Some(a), Some(b)) if place == axis => a.checked_add(b),
                _ if place == axis => None,
                (a, b) => a.or(b),
            };
            joined = sizes.map(join).collect();
        }
        joined[0] = None;
        Ok(vec![PartialShape::new(joined)])
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        self.call_many(cx, std::slice::from_ref(x)).map(|mut outputs| outputs.remove(0))
    }

    fn call_many(&self, _cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        Ok(vec![Var::concat(&inputs.iter().collect::<Vec<_>>(), self.axis)?])
    }

    fn compute_mask(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
        if (0..inputs.len()).all(|input| cx.mask(input).is_none()) {
            return Ok(None);
        }
        let mut masks = Vec::with_capacity(inputs.len());
        for (input, x) in inputs.iter().enumerate() {
            let steps = &x.shape()[..x.shape().rank() - 1];
            masks.push(match cx.mask(input) {
                Some(mask) if mask.shape().dims() == steps => mask.clone(),
                Some(mask) => {
                    return Err(Error::shape(format!("the mask of input {input} is {}, expected {steps:?}", mask.shape())));
                }
                None => cx.constant(Tensor::ones(crate::Shape::new(steps)?)?),
            });
        }
        let rank = inputs[0].shape().rank();
        let axis = self.axis_of(rank)?;
        if axis + 1 < rank {
            return Ok(Some(Var::concat(&masks.iter().collect::<Vec<_>>(), axis as isize)?));
        }
        let any = masks[1..].iter().try_fold(masks[0].clone(), |any, mask| any.maximum(mask))?;
        Ok(Some(any))
    }
}
