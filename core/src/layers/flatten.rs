use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// All axes after the batch as one: `(batch, a, b, …)` → `(batch, a·b·…)`, in row-major order. `(batch,)` → `(batch, 1)`.
#[derive(Clone, Debug, Default)]
pub struct Flatten;

impl Flatten {
    /// The layer.
    pub fn new() -> Self {
        Self
    }
}

impl Layer for Flatten {
    fn class_name(&self) -> &'static str {
        "Flatten"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if input.rank() == 0 {
            return Err(Error::shape("expected (batch, …), got a single number"));
        }
        Ok(PartialShape::new([None, input.example_size()]))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.flatten()
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
