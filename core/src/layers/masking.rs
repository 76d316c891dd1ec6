use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// Marks steps whose features all have one value as padding, and sets them to 0: layers after this one that know masks skip
/// them.
///
/// `(batch, …, steps, features)` → the same shape.
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{Input, Masking}};
///
/// let model = Sequential::new().add(Input::new([2, 2])).add(Masking::new(-1.0));
/// let y = model.predict(&Tensor::new([1, 2, 2], vec![1.0, -1.0, -1.0, -1.0])?)?;
/// assert_eq!(y.as_slice(), [1.0, -1.0, 0.0, 0.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Masking {
    #[serde(default)]
    mask_value: f32,
}

impl Masking {
    /// Marks steps in which every feature is `mask_value`; Keras' default is 0.
    pub fn new(mask_value: f32) -> Self {
        Self { mask_value }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Masking", config)?))
    }
}

impl Layer for Masking {
    class!("Masking");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if input.rank() < 2 {
            return Err(Error::shape(format!("expected (batch, …, features), got {input}")));
        }
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.mul(&x.any_differs(self.mask_value)?.detach().expand_dims(-1)?)
    }

    fn compute_mask(&self, _cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
        inputs.first().map(|x| Ok(x.any_differs(self.mask_value)?.detach())).transpose()
    }
}
