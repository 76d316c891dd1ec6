//! What a layer is built and called with.

use std::cell::RefCell;
use std::collections::HashMap;

use super::ids::{Copied, LayerId, ParamId};
use super::{LayerSpec, check_options};
use crate::autodiff::{Scope, Tape, Var};
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::rng::Key;
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// A parameter that a layer asked for: a handle that is valid in [`Call`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight(Option<u32>);

/// A parameter that a layer asks for.
#[derive(Clone, Debug)]
pub struct WeightSpec {
    pub(crate) name: String,
    pub(crate) dims: Vec<usize>,
    pub(crate) initializer: Initializer,
    pub(crate) regularizer: Option<Regularizer>,
    pub(crate) trainable: bool,
    pub(crate) value: Option<Tensor>,
}

impl WeightSpec {
    /// A trainable parameter, drawn by Glorot's uniform initializer.
    pub fn new(name: &str, dims: &[usize]) -> Self {
        let initializer = Initializer::GlorotUniform;
        Self { name: name.to_owned(), dims: dims.to_vec(), initializer, regularizer: None, trainable: true, value: None }
    }

    /// How it begins.
    #[must_use]
    pub fn initializer(mut self, initializer: Initializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// A penalty that is added to the loss.
    #[must_use]
    pub fn regularizer(mut self, regularizer: Option<Regularizer>) -> Self {
        self.regularizer = regularizer;
        self
    }

    /// Whether the optimizer changes it.
    #[must_use]
    pub fn trainable(mut self, trainable: bool) -> Self {
        self.trainable = trainable;
        self
    }

    /// What it begins with, instead of what would be drawn.
    #[must_use]
    pub fn value(mut self, value: Tensor) -> Self {
        self.value = Some(value);
        self
    }
}

/// A parameter that a layer asked for.
pub(crate) struct Asked {
    pub(crate) spec: WeightSpec,
    pub(crate) id: ParamId,
    pub(crate) source: Source,
}

/// Where the value of a parameter comes from.
pub(crate) enum Source {
    /// It begins with this.
    New(Tensor),
    /// It is this parameter of the model.
    Known(usize),
    /// It is what the layer asked for before, at this index.
    Again(usize),
}

/// The parameters that a model has already, with their shapes.
pub(crate) type Known = HashMap<ParamId, (usize, Shape)>;

/// Where a layer asks for its parameters.
pub struct Build<'a> {
    key: Key,
    /// What stands before the names of parameters: the layers within the layer.
    prefix: String,
    asked: &'a mut Vec<Asked>,
    known: &'a Known,
    /// What the parameters begin with from this index on, where they are not drawn.
    given: Option<(&'a [Tensor], usize)>,
    /// The layer whose parameters these are, and where they begin among those that are asked for.
    owner: (LayerId, usize),
    copied: Copied,
    trainable: bool,
}

impl<'a> Build<'a> {
    pub(crate) fn new(key: Key, asked: &'a mut Vec<Asked>, known: &'a Known) -> Self {
        Self {
            key,
            prefix: String::new(),
            asked,
            known,
            given: None,
            owner: (LayerId::new(), 0),
            copied: Copied::default(),
            trainable: true,
        }
    }

    /// Takes given values for the parameters, in their order, instead of drawing them.
    pub(crate) fn given(self, given: Option<&'a [Tensor]>) -> Self {
        Self { given: given.map(|given| (given, 0)), ..self }
    }

    /// Says whose parameters these are.
    pub(crate) fn owned(self, layer: LayerId, copied: Copied) -> Self {
        Self { owner: (layer, 0), copied, ..self }
    }

    /// Where initial values of the layer within begin that is a model.
    pub(crate) fn key_within(&self) -> Key {
        self.key.fold_str("within")
    }

    /// Where a part of this layer asks for its parameters: they are this layer's own, with `name/` in front. What they
    /// begin with depends on the index of the part, not on its name.
    pub fn child(&mut self, index: u64, name: &str) -> Build<'_> {
        Build {
            key: self.key.fold_str("within").fold(index),
            prefix: format!("{}{name}/", self.prefix),
            asked: self.asked,
            known: self.known,
            given: self.given,
            owner: self.owner,
            copied: self.copied,
            trainable: self.trainable,
        }
    }

    /// Builds a layer that is part of this one, which may be any: a model, a shared layer, a frozen one. Its parameters are
    /// named `name/…`; a shared layer that the model has built before brings none of its own. Call it by [`Call::layer`] with
    /// the same index and name.
    ///
    /// # Errors
    /// The layer cannot serve the inputs, or has other parameters than it was given.
    pub fn layer(&mut self, index: u64, name: &str, layer: &mut LayerSpec, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        let first = self.asked.len();
        let given = if self.given.is_some() { self.given } else { layer.weights.as_deref().map(|weights| (weights, first)) };
        let count = given.filter(|_| self.given.is_none()).map(|(given, _)| given.len());
        let mut cx = Build {
            key: self.key.fold_str("within").fold(index),
            prefix: format!("{}{name}/", self.prefix),
            asked: self.asked,
            known: self.known,
            given,
            owner: (layer.id, first),
            copied: self.copied.and(layer.copied),
            trainable: self.trainable && layer.trainable,
        };
        let outputs = layer.layer.build_many(&mut cx, inputs);
        let built = self.asked.len() - first;
        let outputs = outputs.and_then(|outputs| match count {
            Some(count) if count != built => Err(Error::shape(format!("the layer has {built} parameters, got {count} weights"))),
            _ => check_options(&*layer.layer).map(|()| outputs),
        });
        outputs.map_err(|error| error.context(layer.scope(None, index, name).to_string()))
    }

    /// Asks for a parameter. The n-th of a layer begins with the same values in every model with the same seed and the
    /// layer at the same index.
    ///
    /// # Errors
    /// A shape that does not fit into memory, or an initializer that does not serve it.
    pub fn weight(&mut self, mut spec: WeightSpec) -> Result<Weight> {
        let index = self.asked.len();
        let id = ParamId::new(self.owner.0, index - self.owner.1);
        self.complete(&mut spec)?;
        let known = match self.given.map(|(given, first)| given.get(index - first)) {
            Some(None) => return Err(Error::shape(format!("got {index} weights, none for {} {:?}", spec.name, spec.dims))),
            Some(Some(value)) => Some(value.clone()),
            None => spec.value.take(),
        };
        if let Some(value) = known.as_ref().filter(|value| value.shape().dims() != spec.dims) {
            return Err(Error::shape(format!("{} has the shape {:?}, got weights {}", spec.name, spec.dims, value.shape())));
        }
        self.ask(spec, id, known)
    }

    /// What the next parameter would begin with, were it asked for by this specification.
    ///
    /// # Errors
    /// As [`weight`](Self::weight).
    pub fn initial(&self, spec: &WeightSpec) -> Result<Tensor> {
        let drawn = spec.initializer.draw(&Shape::new(&spec.dims)?, self.key.fold(self.asked.len() as u64));
        drawn.map_err(|error| error.context(spec.name.clone()))
    }

    /// Asks for a parameter of a model that is part of this layer, which begins with its value there.
    pub(crate) fn adopt(&mut self, mut spec: WeightSpec, value: Tensor, id: ParamId) -> Result<Weight> {
        let index = self.asked.len();
        self.complete(&mut spec)?;
        let given = self.given.and_then(|(given, first)| given.get(index - first)).filter(|given| given.shape() == value.shape());
        let value = given.cloned().unwrap_or(value);
        self.ask(spec, id, Some(value))
    }

    fn complete(&self, spec: &mut WeightSpec) -> Result<()> {
        spec.name.insert_str(0, &self.prefix);
        spec.trainable &= self.trainable;
        spec.regularizer.map_or(Ok(()), |regularizer| regularizer.check()).map_err(|error| error.context(spec.name.clone()))
    }

    fn ask(&mut self, spec: WeightSpec, id: ParamId, value: Option<Tensor>) -> Result<Weight> {
        let index = self.asked.len();
        let id = id.within(self.copied);
        let source = if let Some(&(param, shape)) = self.known.get(&id) {
            check_shared(&spec, shape.dims())?;
            Source::Known(param)
        } else if let Some(earlier) = self.asked.iter().position(|asked| asked.id == id) {
            check_shared(&spec, &self.asked[earlier].spec.dims)?;
            Source::Again(earlier)
        } else {
            Source::New(value.map_or_else(|| self.initial(&spec), Ok)?)
        };
        self.asked.push(Asked { spec, id, source });
        Ok(Weight(Some(index as u32)))
    }

    /// How many parameters the layer has asked for.
    pub(crate) fn weights(&self) -> usize {
        self.asked.len()
    }

    /// The size of the last axis, after the batch.
    ///
    /// # Errors
    /// There is none, or it is open.
    pub fn features(&self, input: &PartialShape) -> Result<usize> {
        match input.last() {
            Some(features) if input.rank() >= 2 => Ok(features),
            _ => Err(Error::shape(format!("expected (batch, …, features) with a known number of features, got {input}"))),
        }
    }
}

/// A layer that is shared has one set of parameters, wherever it is called.
fn check_shared(spec: &WeightSpec, dims: &[usize]) -> Result<()> {
    if spec.dims == dims {
        return Ok(());
    }
    Err(Error::shape(format!("{} of this shared layer has the shape {dims:?} where it is called first, here {:?}", spec.name, spec.dims))
        .hint("call a shared layer on inputs with the same number of features, or use two layers"))
}

/// What a layer is called with: its parameters as variables, the masks of its inputs, and whether the model is training.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) weights: &'a [Var],
    pub(crate) masks: &'a [Option<Var>],
    pub(crate) training: bool,
    pub(crate) trainable: bool,
    pub(crate) key: Key,
    pub(crate) effects: &'a Effects,
    /// The layer that is called.
    pub(crate) scope: Option<&'a Scope>,
}

/// What layers ask for besides their outputs.
#[derive(Default)]
pub(crate) struct Effects {
    /// What is added to the loss.
    pub(crate) penalties: RefCell<Vec<Var>>,
    /// Parameters, by their index among the layer's, and the values they take after the step.
    pub(crate) updates: RefCell<Vec<(usize, Var)>>,
}

impl Effects {
    /// Takes what a layer asked for, whose parameters have other indices here.
    pub(crate) fn absorb(&self, other: Self, index: impl Fn(usize) -> usize) {
        self.penalties.borrow_mut().extend(other.penalties.into_inner());
        let updates = other.updates.into_inner().into_iter();
        self.updates.borrow_mut().extend(updates.map(|(param, value)| (index(param), value)));
    }
}

impl<'a> Call<'a> {
    /// A parameter as a variable.
    ///
    /// # Errors
    /// The layer was not built.
    pub fn weight(&self, weight: Weight) -> Result<Var> {
        let var = weight.0.and_then(|place| self.weights.get(place as usize));
        var.cloned().ok_or_else(|| Error::state("this layer was called before it was built"))
    }

    /// Whether the model is training: dropout drops only then.
    pub fn training(&self) -> bool {
        self.training
    }

    /// Whether the layer learns: a frozen BatchNormalization works as in inference.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// Which time steps of an input count: 1 where they do, 0 where not, `(batch, steps)`. None where all do.
    pub fn mask(&self, input: usize) -> Option<&'a Var> {
        self.masks.get(input).and_then(Option::as_ref)
    }

    /// The same call with other masks: for a layer within this one.
    pub fn with_masks<'b>(&self, masks: &'b [Option<Var>]) -> Call<'b>
    where
        'a: 'b,
    {
        Call { masks, ..*self }
    }

    /// The call of the part of this layer that was built by [`Build::child`] with the same index.
    #[must_use]
    pub fn child(&self, index: u64) -> Self {
        Self { key: self.key.fold_str("within").fold(index), ..*self }
    }

    /// Calls a layer that is part of this one and was built by [`Build::layer`] with the same index and name. Errors, profiles
    /// and [`find_non_finite`](crate::Model::find_non_finite) name it after the layers that it is in. The masks of this call go along,
    /// the first with the first input; what the layer draws at random depends on the index.
    ///
    /// # Errors
    /// As [`Layer::call_many`](super::Layer::call_many).
    pub fn layer(&self, index: u64, name: &str, layer: &LayerSpec, inputs: &[Var]) -> Result<Vec<Var>> {
        let scope = layer.scope(self.scope, index, name);
        let cx = Call { trainable: self.trainable && layer.trainable, scope: Some(&scope), ..self.child(index) };
        self.tape.set_scope(Some(scope.clone()));
        let outputs = layer.layer.call_many(&cx, inputs).map_err(|error| error.context(scope.label().to_string()));
        self.tape.set_scope(self.scope.cloned());
        outputs
    }

    /// Updates a non-trainable weight after this step.
    ///
    /// # Errors
    /// The layer was not built, or the value has another shape than the parameter.
    pub fn update(&self, weight: Weight, value: &Var) -> Result<()> {
        let expected = self.weight(weight)?.shape();
        if value.shape() != expected {
            return Err(Error::shape(format!("a parameter of shape {expected} cannot become {}", value.shape())));
        }
        self.effects.updates.borrow_mut().extend(weight.0.map(|place| (place as usize, value.detach())));
        Ok(())
    }

    /// The key of this layer's random numbers, for one purpose. It depends on the model's seed and on the layer's index,
    /// never on its name.
    pub fn key(&self, purpose: &str) -> Key {
        self.key.fold_str(purpose)
    }

    /// A tensor that is the same at every call.
    pub fn constant(&self, tensor: Tensor) -> Var {
        self.tape.constant(tensor)
    }

    /// Adds a single number to the loss of the model.
    pub fn add_loss(&self, penalty: Var) {
        self.effects.penalties.borrow_mut().push(penalty);
    }

    /// Adds a penalty on the layer's output, divided by the size of the batch as in Keras.
    ///
    /// # Errors
    /// The operations fail.
    pub fn regularize_activity(&self, regularizer: Option<Regularizer>, y: &Var) -> Result<()> {
        if let Some(penalty) = regularizer.map(|regularizer| regularizer.penalty(y)).transpose()?.flatten() {
            let batch = y.shape().first().copied().unwrap_or(1).max(1);
            self.add_loss(penalty.scale(1.0 / batch as f32)?);
        }
        Ok(())
    }
}
