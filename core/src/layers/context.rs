//! What a layer is built and called with.

use std::cell::RefCell;

use crate::autodiff::{Tape, Var};
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

/// A parameter as it was drawn for its layer.
pub(crate) struct Drawn {
    pub(crate) spec: WeightSpec,
    pub(crate) value: Tensor,
}

/// Where a layer asks for its parameters.
pub struct Build<'a> {
    key: Key,
    /// What stands before the names of parameters: the layers within the layer.
    prefix: String,
    drawn: &'a mut Vec<Drawn>,
    /// What the parameters begin with, where they are not drawn.
    given: Option<&'a [Tensor]>,
}

impl<'a> Build<'a> {
    pub(crate) fn new(key: Key, drawn: &'a mut Vec<Drawn>) -> Self {
        Self { key, prefix: String::new(), drawn, given: None }
    }

    /// Takes given values for the parameters, in their order, instead of drawing them.
    pub(crate) fn given(self, given: Option<&'a [Tensor]>) -> Self {
        Self { given, ..self }
    }

    /// Where a layer within this one asks for its parameters: they are this layer's own, with `name/` in front. What they
    /// begin with depends on the place of the layer within, not on its name.
    pub fn child(&mut self, place: u64, name: &str) -> Build<'_> {
        let (key, prefix) = (self.key.fold_str("within").fold(place), format!("{}{name}/", self.prefix));
        Build { key, prefix, drawn: self.drawn, given: self.given }
    }

    /// Asks for a parameter. The n-th of a layer begins with the same values in every model with the same seed and the
    /// layer in the same place.
    ///
    /// # Errors
    /// A shape that does not fit into memory, or an initializer that does not serve it.
    pub fn weight(&mut self, mut spec: WeightSpec) -> Result<Weight> {
        let place = self.drawn.len() as u32;
        spec.name.insert_str(0, &self.prefix);
        spec.regularizer.map_or(Ok(()), |regularizer| regularizer.check()).map_err(|error| error.context(spec.name.clone()))?;
        let known = match self.given.map(|given| given.get(place as usize)) {
            Some(None) => return Err(Error::shape(format!("got {place} weights, none for {} {:?}", spec.name, spec.dims))),
            Some(Some(value)) => Some(value.clone()),
            None => spec.value.take(),
        };
        let value = match known {
            None => self.initial(&spec)?,
            Some(value) if value.shape().dims() == spec.dims => value,
            Some(value) => {
                return Err(Error::shape(format!("{} has the shape {:?}, got weights {}", spec.name, spec.dims, value.shape())));
            }
        };
        self.drawn.push(Drawn { spec, value });
        Ok(Weight(Some(place)))
    }

    /// What the next parameter would begin with, were it asked for by this specification.
    ///
    /// # Errors
    /// As [`weight`](Self::weight).
    pub fn initial(&self, spec: &WeightSpec) -> Result<Tensor> {
        let drawn = spec.initializer.draw(&Shape::new(&spec.dims)?, self.key.fold(self.drawn.len() as u64));
        drawn.map_err(|error| error.context(spec.name.clone()))
    }

    /// Asks for a parameter that begins with a known value.
    pub(crate) fn weight_of(&mut self, mut spec: WeightSpec, value: Tensor) -> Weight {
        let place = self.drawn.len() as u32;
        spec.name.insert_str(0, &self.prefix);
        let value =
            self.given.and_then(|given| given.get(place as usize)).filter(|given| given.shape() == value.shape()).cloned().unwrap_or(value);
        self.drawn.push(Drawn { spec, value });
        Weight(Some(place))
    }

    /// How many parameters the layer has asked for.
    pub(crate) fn weights(&self) -> usize {
        self.drawn.len()
    }

    /// The size of the last axis, behind the batch.
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
}

/// What layers ask for besides their outputs.
#[derive(Default)]
pub(crate) struct Effects {
    /// What is added to the loss.
    pub(crate) penalties: RefCell<Vec<Var>>,
    /// Parameters, by their place among the layer's, and the values they take after the step.
    pub(crate) updates: RefCell<Vec<(usize, Var)>>,
}

impl Effects {
    /// Takes what a layer asked for whose parameters begin at `first` here.
    pub(crate) fn absorb(&self, other: Self, first: usize) {
        self.penalties.borrow_mut().extend(other.penalties.into_inner());
        let updates = other.updates.into_inner().into_iter();
        self.updates.borrow_mut().extend(updates.map(|(place, value)| (first + place, value)));
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

    /// The call of the layer within this one that was built by [`Build::child`] with the same place.
    #[must_use]
    pub fn child(&self, place: u64) -> Self {
        Self { key: self.key.fold_str("within").fold(place), ..*self }
    }

    /// Gives a parameter that the optimizer does not change a new value behind this step.
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

    /// The key of this layer's random numbers, for one purpose. It depends on the model's seed and on the layer's place,
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
