use serde_json::Value;

use super::kit::refuse_others;
use super::recurrent::only_output;
use super::{Build, Call, Config, Layer, LayerSpec, Registry};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Shape};

/// Applies a layer to each step, with the same weights: the steps of all examples go through it as one batch.
///
/// `(batch, steps, …)` → `(batch, steps, …)`, where the layer makes one `(batch, …)` of the other. Its parameters follow the
/// layer's name, as in `time_distributed/dense/kernel`. The layer may be any: a model, a frozen layer, or, by reference, a
/// [`SharedLayer`](super::SharedLayer).
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
    layer: LayerSpec,
}

impl TimeDistributed {
    /// Applies `layer` to each step.
    pub fn new(layer: impl Into<LayerSpec>) -> Self {
        Self { layer: layer.into() }
    }

    pub(super) fn from_config(registry: &Registry, config: Config) -> Result<Box<dyn Layer>> {
        let layer = registry.read(config.get("layer").unwrap_or(&Value::Null)).map_err(|error| error.context("the layer within"))?;
        let distributed = Self { layer };
        refuse_others("TimeDistributed", &config, &distributed.config())?;
        Ok(Box::new(distributed))
    }
}

impl Layer for TimeDistributed {
    fn class_name(&self) -> &'static str {
        "TimeDistributed"
    }

    fn config(&self) -> Config {
        Config::from_iter([("layer".to_owned(), self.layer.to_json())])
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let [batch, steps, example @ ..] = input.dims() else {
            return Err(Error::shape(format!("expected (batch, steps, …), got {input}")));
        };
        let step = PartialShape::new([&[*batch], example].concat());
        let name = self.layer.name();
        let output = only_output(cx.layer(0, &name, &mut self.layer, &[step])?)?;
        Ok(PartialShape::new([&[*batch, *steps], output.example()].concat()))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let shape = x.shape();
        let &[batch, steps, ref example @ ..] = shape.dims() else {
            return Err(Error::shape(format!("expected [batch, steps, …], got {shape}")));
        };
        let all = x.reshape(Shape::new(&[&[batch * steps], example].concat())?)?;
        let y = only_output(cx.with_masks(&[]).layer(0, &self.layer.name(), &self.layer, &[all])?)?;
        y.reshape(Shape::new(&[&[batch, steps], y.shape().without_batch().dims()].concat())?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self { layer: self.layer.share() })
    }

    fn describe(&self) -> String {
        format!("TimeDistributed {}", self.layer.layer().describe())
    }
}
