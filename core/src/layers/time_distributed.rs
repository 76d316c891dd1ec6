use serde_json::Value;

use super::registry::{default_name, describe_within};
use super::{Build, Call, Config, Layer, Registry};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Shape};

/// Applies a layer to each step, with the same weights: the steps of all examples go through it as one batch.
///
/// `(batch, steps, …)` → `(batch, steps, …)`, where the layer makes one `(batch, …)` of the other. Its parameters follow the
/// layer's name, as in `time_distributed/dense/kernel`.
///
/// ```
/// use practicum_core::{Sequential, layers::{Dense, Input, TimeDistributed}};
///
/// let model = Sequential::new().add(Input::new([12, 5])).add(TimeDistributed::new(Dense::new(3)));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 12, 3)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Debug)]
pub struct TimeDistributed {
    layer: Box<dyn Layer>,
}

impl TimeDistributed {
    /// Applies `layer` to each step.
    pub fn new(layer: impl Layer) -> Self {
        Self { layer: Box::new(layer) }
    }

    pub(super) fn from_config(registry: &Registry, config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(Self { layer: registry.make_within(config.get("layer").unwrap_or(&Value::Null))? }))
    }
}

impl Layer for TimeDistributed {
    fn class_name(&self) -> &'static str {
        "TimeDistributed"
    }

    fn config(&self) -> Config {
        Config::from_iter([("layer".to_owned(), describe_within(&*self.layer))])
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let [batch, steps, example @ ..] = input.dims() else {
            return Err(Error::shape(format!("expected (batch, steps, …), got {input}")));
        };
        let name = default_name(self.layer.class_name());
        let step = PartialShape::new([&[*batch], example].concat());
        let output = self.layer.build(&mut cx.child(0, &name), &step).map_err(|error| error.context(self.layer.describe()))?;
        Ok(PartialShape::new([&[*batch, *steps], output.example()].concat()))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let shape = x.shape();
        let &[batch, steps, ref example @ ..] = shape.dims() else {
            return Err(Error::shape(format!("expected [batch, steps, …], got {shape}")));
        };
        let all = x.reshape(Shape::new(&[&[batch * steps], example].concat())?)?;
        let y = self.layer.call(&cx.child(0).with_masks(&[]), &all)?;
        y.reshape(Shape::new(&[&[batch, steps], y.shape().without_batch().dims()].concat())?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self { layer: self.layer.boxed_clone() })
    }

    fn describe(&self) -> String {
        format!("TimeDistributed {}", self.layer.describe())
    }
}
