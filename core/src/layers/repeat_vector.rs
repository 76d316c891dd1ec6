use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// Each example `n` times, as a sequence: `(batch, features)` → `(batch, n, features)`.
///
/// ```
/// use practicum_core::{Sequential, layers::{Input, RepeatVector}};
///
/// let model = Sequential::new().add(Input::new([8])).add(RepeatVector::new(5));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 5, 8)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RepeatVector {
    n: usize,
}

impl RepeatVector {
    /// Repeats each example `n` times.
    pub fn new(n: usize) -> Self {
        Self { n }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("RepeatVector", config)?))
    }
}

impl Layer for RepeatVector {
    class!("RepeatVector");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if self.n == 0 {
            return Err(Error::argument("n is 0: each example is repeated once or more"));
        }
        match input.dims() {
            [batch, features] => Ok(PartialShape::new([*batch, Some(self.n), *features])),
            _ => Err(Error::shape(format!("expected (batch, features), got {input}"))),
        }
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.repeat(self.n)
    }

    fn describe(&self) -> String {
        format!("RepeatVector {}", self.n)
    }
}
