use std::fmt::{self, Debug};
use std::sync::Arc;

use serde_json::Value;

use super::kit::refuse_others;
use super::operation::shape_of;
use super::{Build, Call, Config, Layer, Registry};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

type Function = dyn Fn(&Var) -> Result<Var> + Send + Sync;

/// Any function of operations, as a layer without parameters.
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, Lambda},
/// };
///
/// let model =
///     Sequential::new().add(Input::new([1])).add(Lambda::new("times_100", |x| x.scale(100.0)));
/// assert_eq!(model.predict(&Tensor::from([[0.5]]))?.as_slice(), [50.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// A function cannot be written to JSON: to load a model with a Lambda, register one under its name with
/// [`Registry::lambda`](super::Registry::lambda).
#[derive(Clone)]
pub struct Lambda {
    function_name: String,
    function: Arc<Function>,
}

impl Lambda {
    /// The layer for a function, and the name by which it is saved.
    pub fn new(function_name: &str, function: impl Fn(&Var) -> Result<Var> + Send + Sync + 'static) -> Self {
        Self { function_name: function_name.to_owned(), function: Arc::new(function) }
    }

    pub(super) fn from_config(registry: &Registry, config: Config) -> Result<Box<dyn Layer>> {
        let Some(name) = config.get("function").and_then(Value::as_str) else {
            return Err(Error::format("a Lambda is saved by the name of its function; Python code cannot be read")
                .hint("write the function in Rust and add it with `Registry::lambda`, then put its name into the file"));
        };
        let lambda = registry.find_lambda(name)?.clone();
        refuse_others("Lambda", &config, &lambda.config())?;
        Ok(Box::new(lambda))
    }

    pub(super) fn shared(function_name: &str, function: Arc<Function>) -> Self {
        Self { function_name: function_name.to_owned(), function }
    }
}

impl Debug for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lambda({})", self.function_name)
    }
}

impl Layer for Lambda {
    fn class_name(&self) -> &'static str {
        "Lambda"
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.insert("function".into(), self.function_name.clone().into());
        config
    }

    /// Finds the output's shape by trying the function on examples with two batch sizes and two sizes for every open axis:
    /// what changes with them is open. The first axis must be the batch's.
    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        shape_of(std::slice::from_ref(input), |x| (self.function)(&x[0]))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        (self.function)(x)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn describe(&self) -> String {
        format!("Lambda {}", self.function_name)
    }
}
