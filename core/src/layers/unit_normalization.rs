use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::kernel::layer_norm::RowScale;
use crate::{PartialShape, Result};

/// Gives each example a length of 1: `y = x / √Σx²`, with the sum over `axis`, which may be several. What is shorter than
/// 10⁻¹² is divided by that.
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, UnitNormalization},
/// };
///
/// let model = Sequential::new().add(Input::new([2])).add(UnitNormalization::new());
/// assert!(model.predict(&Tensor::from([[3.0, 4.0]]))?.is_close(
///     &Tensor::from([[0.6, 0.8]]),
///     1e-6,
///     0.0
/// ));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitNormalization {
    axis: Axes,
}

impl Default for UnitNormalization {
    fn default() -> Self {
        Self { axis: Axes::LAST.into() }
    }
}

impl UnitNormalization {
    /// The layer for the last axis.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("UnitNormalization", config)?))
    }

    /// The axes over which squares are summed.
    #[must_use]
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }
}

impl Layer for UnitNormalization {
    class!("UnitNormalization");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.axis.some_of(input.rank())?;
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        let gathered = self.axis.gather(x)?;
        gathered.back(&gathered.rows.normalize_rows(RowScale::Norm { epsilon: 1e-12 }, None, None)?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}
