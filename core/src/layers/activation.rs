use serde::{Deserialize, Serialize};

use super::registry::from_config;
use super::shared::class;
use super::{Activation, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{PartialShape, Result};

/// Applies an activation function, element by element or, for softmax, along the last axis. Keras calls it `Activation`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activate {
    activation: Activation,
}

impl Activate {
    /// The layer for the given function.
    pub fn new(activation: Activation) -> Self {
        Self { activation }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Activation", config)?))
    }
}

impl Layer for Activate {
    class!("Activation");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.activate(self.activation)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("Activation {}", self.activation)
    }
}
