use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kit::{from_config, to_config};
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
    pub fn new(activation: impl Into<Activation>) -> Self {
        Self { activation: activation.into() }
    }

    pub(super) fn from_config(mut config: Config) -> Result<Box<dyn Layer>> {
        let gelu = config.get("activation") == Some(&json!("gelu"));
        if let Some(approximate) = config.get("arguments").and_then(by_tanh).filter(|_| gelu) {
            config.remove("arguments");
            let activation = if approximate { Activation::GeluTanh } else { Activation::Gelu };
            config.insert("activation".into(), activation.name().into());
        }
        Ok(Box::new(from_config::<Self>("Activation", config)?))
    }
}

/// Whether arguments of gelu, and no others, ask for the one by way of tanh.
fn by_tanh(arguments: &Value) -> Option<bool> {
    arguments.as_object().filter(|arguments| arguments.len() == 1)?.get("approximate")?.as_bool()
}

impl Layer for Activate {
    fn class_name(&self) -> &'static str {
        "Activation"
    }

    fn config(&self) -> Config {
        match self.activation {
            // Keras has no name for it.
            Activation::GeluTanh => {
                Config::from_iter([("activation".to_owned(), json!("gelu")), ("arguments".to_owned(), json!({"approximate": true}))])
            }
            _ => to_config(self),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.activation.check()?;
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
