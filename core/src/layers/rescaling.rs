use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// `y = scale·x + offset`, such as pixels from [0, 255] to [−1, 1].
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{Input, Rescaling}};
///
/// let model = Sequential::new().add(Input::new([2])).add(Rescaling::new(1.0 / 127.5).offset(-1.0));
/// assert!(model.predict(&Tensor::from([[0.0, 255.0]]))?.is_close(&Tensor::from([[-1.0, 1.0]]), 1e-6, 0.0));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rescaling {
    scale: f32,
    #[serde(default)]
    offset: f32,
}

impl Rescaling {
    /// Multiplies by `scale`.
    pub fn new(scale: f32) -> Self {
        Self { scale, offset: 0.0 }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Rescaling", config)?))
    }

    /// What is added.
    #[must_use]
    pub fn offset(mut self, offset: f32) -> Self {
        self.offset = offset;
        self
    }
}

impl Layer for Rescaling {
    class!("Rescaling");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(self.scale.is_finite() && self.offset.is_finite()) {
            return Err(Error::argument(format!("scale and offset must be finite, got {} and {}", self.scale, self.offset)));
        }
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.affine(self.scale, self.offset)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("Rescaling {}", self.scale)
    }
}
