use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// `y = x` above 0, `alpha·(eˣ − 1)` below (Clevert et al., 2015).
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{ELU, Input}};
///
/// let model = Sequential::new().add(Input::new([2])).add(ELU::new().alpha(0.5));
/// assert_eq!(model.predict(&Tensor::from([[-100.0, 3.0]]))?.as_slice(), [-0.5, 3.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ELU {
    alpha: f32,
}

impl Default for ELU {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl ELU {
    /// The layer with an alpha of 1.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("ELU", config)?))
    }

    /// What the output tends to far below 0, as a number of 0 or more.
    #[must_use]
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }
}

impl Layer for ELU {
    class!("ELU");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(self.alpha >= 0.0) {
            return Err(Error::argument(format!("alpha must be 0 or more, got {}", self.alpha)));
        }
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.elu(self.alpha)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("ELU {}", self.alpha)
    }
}
