//! A model as a layer of another.

use std::any::Any;

use super::network::Network;
use super::{Model, Sequential};
use crate::autodiff::Var;
use crate::io::network_config;
use crate::layers::{Build, Call, Config, Layer, LayerSpec, WeightSpec};
use crate::{Error, PartialShape, Result};

/// All layers of a model as one, with the parameters they have.
#[derive(Debug)]
pub(crate) struct Nested {
    network: Network,
    /// Where its random numbers begin, unless the model that it is in says so.
    seed: u64,
    /// Where its parameters begin among those of the layer that it is in.
    first: usize,
    /// What went wrong while its layers were added.
    pending: Option<Error>,
}

impl Model {
    /// The model as a layer, which begins with the parameters that the model has now.
    fn into_layer(self) -> LayerSpec {
        let Self { name, network, seed, pending, .. } = self;
        let named = name != "sequential" && name != "functional";
        let mut spec = LayerSpec::boxed(Box::new(Nested { network, seed, first: 0, pending }));
        spec.name = named.then_some(name);
        spec
    }
}

/// The model as a layer. If its inputs are known, it begins with the weights that it has, trained ones or those of its own
/// [seed](Sequential::with_seed); otherwise with weights that are drawn for its place in the model that it is in.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let encoder = Sequential::new().name("encoder").add(Input::new([8])).add(Dense::new(3));
/// let model = Sequential::new().add(Input::new([8])).add(encoder).add(Dense::new(1));
/// assert_eq!(model.count_params()?, (8 + 1) * 3 + (3 + 1));
/// assert_eq!(model.parameters()[0].path(), "encoder/dense/kernel");
/// # Ok::<(), practicum_core::Error>(())
/// ```
impl From<Sequential> for LayerSpec {
    fn from(model: Sequential) -> Self {
        model.into_model().into_layer()
    }
}

impl From<Model> for LayerSpec {
    fn from(model: Model) -> Self {
        model.into_layer()
    }
}

/// The layers of the model that a layer is; none if it is no model.
pub(crate) fn layers_within(layer: &dyn Layer) -> impl Iterator<Item = &dyn Layer> {
    Nested::of(layer).into_iter().flat_map(|nested| nested.network.nodes()).map(|node| &*node.layer)
}

impl Nested {
    /// The model that a layer is, if it is one.
    pub(super) fn of(layer: &dyn Layer) -> Option<&Self> {
        (layer as &dyn Any).downcast_ref()
    }

    /// The shape of its input, where it has one alone whose shape is known.
    pub(super) fn input(&self) -> Option<&PartialShape> {
        match self.network.input_shapes()?[..] {
            [input] => Some(input),
            _ => None,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.network.depth()
    }

    fn only<T>(mut several: Vec<T>) -> Result<T> {
        match several.len() {
            1 => Ok(several.remove(0)),
            count => Err(Error::shape(format!("the model outputs {count} tensors where one is wanted"))),
        }
    }
}

impl Layer for Nested {
    fn class_name(&self) -> &'static str {
        self.network.class_name()
    }

    fn config(&self) -> Config {
        network_config(&self.network)
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Self::only(self.build_many(cx, std::slice::from_ref(input))?)
    }

    fn build_many(&mut self, cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        self.pending.clone().map_or(Ok(()), Err)?;
        self.network.build_from(inputs, cx.key_within().fold(self.seed))?;
        self.first = cx.weights();
        for (param, learns) in self.network.parameters().iter().zip(self.network.learning()) {
            let spec = WeightSpec::new(param.path(), &param.value().shape()).trainable(learns).regularizer(param.regularizer());
            cx.adopt(spec, param.value().clone(), param.id().within(self.network.copied()))?;
        }
        Ok(self.network.output_shapes()?.into_iter().cloned().collect())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        Self::only(self.call_many(cx, std::slice::from_ref(x))?)
    }

    fn call_many(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        Ok(self.call_with_masks(cx, inputs)?.0)
    }

    fn call_with_masks(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<(Vec<Var>, Vec<Option<Var>>)> {
        self.network.run_within(cx, self.first, inputs)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self { network: self.network.share(), seed: self.seed, first: self.first, pending: self.pending.clone() })
    }
}
