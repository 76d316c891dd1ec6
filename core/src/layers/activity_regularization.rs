use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::{class, options};
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::regularizers::Regularizer;
use crate::{PartialShape, Result};

/// Lets its input through, and adds `(l1·Σ|x| + l2·Σx²) / batch size` to the loss of the model.
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{ActivityRegularization, Input}};
///
/// let model = Sequential::new().add(Input::new([2])).add(ActivityRegularization::new().l1(0.5));
/// let tape = model.tape();
/// let traced = model.call(&tape.constant(Tensor::from([[-2.0, 3.0]])), true)?;
/// assert_eq!(traced.penalties[0].value()?.item()?, 2.5);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityRegularization {
    l1: f32,
    l2: f32,
}

impl ActivityRegularization {
    /// The layer with factors of 0.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("ActivityRegularization", config)?))
    }

    options! { self;
        /// The factor of the absolute values, 0 or more.
        l1: f32,
        /// The factor of the squares, 0 or more.
        l2: f32,
    }
}

impl Layer for ActivityRegularization {
    class!("ActivityRegularization");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Regularizer::l1_l2(self.l1, self.l2).check()?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        cx.regularize_activity(Some(Regularizer::l1_l2(self.l1, self.l2)), x)?;
        Ok(x.clone())
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("ActivityRegularization l1 {} l2 {}", self.l1, self.l2)
    }
}
