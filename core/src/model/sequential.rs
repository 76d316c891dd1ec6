use std::ops::{Deref, DerefMut};

use super::Model;
use crate::Cpu;
use crate::layers::LayerSpec;

/// A model whose layers stand in a row.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let model = Sequential::new()
///     .add(Input::new([28, 28]))
///     .add(Flatten::new())
///     .add(Dense::new(128).activation(Activation::Relu))
///     .add(Dense::new(10).activation(Activation::Softmax));
/// assert_eq!(model.count_params()?, 101_770);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// Adding never fails: what is wrong with a layer is told by the next method that can fail. Without an
/// [`Input`](crate::layers::Input), the layers are built when the first data come.
#[derive(Clone, Debug)]
pub struct Sequential(Model);

impl Sequential {
    /// A model without layers.
    pub fn new() -> Self {
        Self(Model::empty("sequential"))
    }

    /// A model whose layers stand in a row.
    pub(crate) fn of(model: Model) -> Self {
        Self(model)
    }

    /// The model itself.
    pub fn into_model(self) -> Model {
        self.0
    }

    /// Names the model.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.0.name = name.to_owned();
        self
    }

    /// Where the model's random numbers begin; to be set before layers are added.
    ///
    /// As a layer of another model, a model with an [`Input`](crate::layers::Input) keeps the weights that it has: those of its
    /// own seed. Two of them begin alike unless their seeds differ. Without an `Input`, its weights are drawn by the seed of the
    /// model that it is in, and by its place there.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let half = |seed| Sequential::new().with_seed(seed).add(Input::new([4])).add(Dense::new(4));
    /// let model = Sequential::new().add(Input::new([4])).add(half(1)).add(half(1)).add(half(2));
    /// let weights = model.get_weights();
    /// assert!(weights[0] == weights[2] && weights[0] != weights[4]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// The threads and instructions to compute with.
    #[must_use]
    pub fn with_cpu(mut self, cpu: &Cpu) -> Self {
        self.0.cpu = cpu.clone();
        self
    }

    /// Adds a layer after the last one.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "Keras' name for it")]
    pub fn add(mut self, layer: impl Into<LayerSpec>) -> Self {
        self.0.push(layer.into());
        self
    }
}

impl Default for Sequential {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Sequential {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.0
    }
}

impl DerefMut for Sequential {
    fn deref_mut(&mut self) -> &mut Model {
        &mut self.0
    }
}
