//! The parameters of a model.

use crate::layers::ParamId;
use crate::regularizers::Regularizer;
use crate::{Error, Result, Tensor};

/// A tensor that the optimizer may change.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub(super) path: String,
    pub(super) value: Tensor,
    pub(super) trainable: bool,
    pub(super) regularizer: Option<Regularizer>,
    pub(super) id: ParamId,
}

impl Parameter {
    /// The layer's name and its own: `dense/kernel`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its value.
    pub fn value(&self) -> &Tensor {
        &self.value
    }

    /// Whether the optimizer may change it, if its layer learns.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// What tells it from all others, in whatever models it is.
    pub(crate) fn id(&self) -> ParamId {
        self.id
    }

    pub(crate) fn regularizer(&self) -> Option<Regularizer> {
        self.regularizer
    }

    pub(crate) fn value_mut(&mut self) -> &mut Tensor {
        &mut self.value
    }

    /// Takes a value that was computed for it.
    pub(crate) fn update(&mut self, value: &[f32]) {
        self.value.make_mut().copy_from_slice(value);
    }

    /// Refuses a value of another shape.
    pub(super) fn check(&self, value: &Tensor) -> Result<()> {
        if value.shape() == self.value.shape() {
            return Ok(());
        }
        Err(Error::shape(format!("parameter `{}` has the shape {}, got {}", self.path, self.value.shape(), value.shape())))
    }
}

/// How many parameters a model has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParamCount {
    /// All of them.
    pub total: usize,
    /// Those that learn.
    pub trainable: usize,
    /// Those that do not.
    pub non_trainable: usize,
}
