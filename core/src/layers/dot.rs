use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::merging::list;
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::kernel::layer_norm::RowScale;
use crate::{Error, PartialShape, Result, Shape};

/// What is shorter is not made longer than this allows when vectors are normalized.
const SHORTEST: f32 = 1e-7;

/// The dot products of two inputs along an axis of each: the other axes of the first, then those of the second, stay after
/// the batch. `(batch, n)` with `(batch, n)` gives `(batch, 1)`.
///
/// ```
/// use practicum_core::{layers::Dot, prelude::*};
///
/// let (a, b) = (Input::new([3, 5]).symbol(), Input::new([10, 3]).symbol());
/// let model = Model::new([&a, &b], Dot::new([1, 2]).on([&a, &b]))?;
/// assert_eq!(model.output_shape()?.to_string(), "(None, 5, 10)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dot {
    axes: Axes,
    #[serde(default)]
    normalize: bool,
}

impl Dot {
    /// Products along one axis for both inputs, or along one of each: `Dot::new(1)`, `Dot::new([1, 2])`. Negative axes count
    /// from the back; axis 0 is the batch.
    pub fn new(axes: impl Into<Axes>) -> Self {
        Self { axes: axes.into(), normalize: false }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Dot", config)?))
    }

    /// Whether vectors are divided by their length first: then the products are cosines.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// The axes, counted from the front, for inputs of these ranks.
    fn axes_of(&self, ranks: [usize; 2]) -> Result<[usize; 2]> {
        let [first, second] = match self.axes.as_slice() {
            [axis] => [*axis; 2],
            [first, second] => [*first, *second],
            axes => return Err(Error::argument(format!("axes is one axis or a pair, got {axes:?}"))),
        };
        Ok([Axes::from(first).of(ranks[0])?[0], Axes::from(second).of(ranks[1])?[0]])
    }
}

impl Layer for Dot {
    class!("Dot");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.build_many(cx, std::slice::from_ref(input)).map(|mut outputs| outputs.remove(0))
    }

    fn build_many(&mut self, _cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        let [a, b] = inputs else {
            return Err(Error::argument(format!("the layer takes two inputs, got {}", inputs.len())));
        };
        let axes = self.axes_of([a.rank(), b.rank()])?;
        let sizes = [a.dims()[axes[0]], b.dims()[axes[1]]];
        if sizes[0].is_some() && sizes[1].is_some() && sizes[0] != sizes[1] {
            return Err(Error::shape(format!("axes {axes:?} of {} are not of one size", list(inputs))));
        }
        let others = |input: &PartialShape, axis: usize| -> Vec<Option<usize>> {
            (1..input.rank()).filter(|place| *place != axis).map(|place| input.dims()[place]).collect()
        };
        let mut dims = [vec![None], others(a, axes[0]), others(b, axes[1])].concat();
        if dims.len() == 1 {
            dims.push(Some(1));
        }
        Ok(vec![PartialShape::new(dims)])
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        self.call_many(cx, std::slice::from_ref(x)).map(|mut outputs| outputs.remove(0))
    }

    fn call_many(&self, _cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        let [a, b] = inputs else {
            return Err(Error::argument(format!("the layer takes two inputs, got {}", inputs.len())));
        };
        let axes = self.axes_of([a.shape().rank(), b.shape().rank()])?;
        // (batch, others, axis), both of them.
        let prepare = |x: &Var, axis: usize| -> Result<(Var, Vec<usize>)> {
            let rows = Axes::from(axis as isize).gather(x)?.rows;
            let rows = if self.normalize { rows.normalize_rows(RowScale::Norm { epsilon: SHORTEST }, None, None)? } else { rows };
            let shape = rows.shape();
            let others = shape[1..shape.rank() - 1].to_vec();
            Ok((rows.reshape(Shape::new(&[shape[0], others.iter().product(), shape.last()])?)?, others))
        };
        let ((a, others_of_a), (b, others_of_b)) = (prepare(a, axes[0])?, prepare(b, axes[1])?);
        let b = if others_of_b.is_empty() { b.reshape(Shape::new(&[b.shape()[0], b.shape().last(), 1])?)? } else { b.permute(&[0, 2, 1])? };
        let products = a.matmul(&b)?;
        let mut dims = [vec![products.shape()[0]], others_of_a, others_of_b].concat();
        if dims.len() == 1 {
            dims.push(1);
        }
        Ok(vec![products.reshape(Shape::new(&dims)?)?])
    }

    fn describe(&self) -> String {
        format!("Dot {:?}", self.axes.as_slice())
    }
}
