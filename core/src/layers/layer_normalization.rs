use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::scale_center::{ScaleCenter, scale_center_options};
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::kernel::layer_norm::RowScale;
use crate::regularizers::Regularizer;
use crate::{PartialShape, Result};

/// Normalizes each example by itself (Ba et al., 2016): `y = gamma·(x − mean)/√(variance + epsilon) + beta`, with mean and
/// variance over `axis`, which may be several.
///
/// Parameters of the sizes of `axis`, which must be known: `gamma` (ones) and `beta` (zeros).
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{Input, LayerNormalization}};
///
/// let model = Sequential::new().add(Input::new([4])).add(LayerNormalization::new().epsilon(1e-6));
/// let y = model.predict(&Tensor::from([[1.0, 1.0, 3.0, 3.0]]))?;
/// assert!(y.is_close(&Tensor::from([[-1.0, -1.0, 1.0, 1.0]]), 1e-5, 0.0));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerNormalization {
    axis: Axes,
    #[serde(flatten)]
    affine: ScaleCenter,
}

impl Default for LayerNormalization {
    fn default() -> Self {
        Self { axis: Axes::LAST.into(), affine: ScaleCenter::default() }
    }
}

impl LayerNormalization {
    /// The layer for the last axis, with an epsilon of 0.001.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("LayerNormalization", config)?))
    }

    /// The axes over which mean and variance are taken.
    #[must_use]
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }

    scale_center_options!();
}

impl Layer for LayerNormalization {
    class!("LayerNormalization");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.axis.some_of(input.rank())?;
        let sizes = self.axis.sizes(input)?;
        self.affine.build(cx, &sizes)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let gathered = self.axis.gather(x)?;
        let [gamma, beta] = self.affine.gamma_and_beta(cx)?;
        let scale = RowScale::Deviation { epsilon: self.affine.epsilon };
        gathered.back(&gathered.rows.normalize_rows(scale, gamma.as_ref(), beta.as_ref())?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}
