use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::scale_center::check_epsilon;
use super::shared::{class, options};
use super::{Axes, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::kernel::layer_norm::RowScale;
use crate::{PartialShape, Result};

/// Divides each example by the root of its mean square (Zhang & Sennrich, 2019): `y = scale·x/√(mean(x²) + epsilon)`, with
/// the mean over `axis`, which may be several.
///
/// One parameter of the sizes of `axis`, which must be known: `scale` (ones).
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, RMSNormalization},
/// };
///
/// let model = Sequential::new().add(Input::new([2])).add(RMSNormalization::new());
/// assert!(model.predict(&Tensor::from([[7.0, 1.0]]))?.is_close(
///     &Tensor::from([[1.4, 0.2]]),
///     1e-6,
///     0.0
/// ));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct RMSNormalization {
    axis: Axes,
    epsilon: f32,
    #[serde(skip)]
    scale: Weight,
}

impl Default for RMSNormalization {
    fn default() -> Self {
        Self { axis: Axes::LAST.into(), epsilon: 1e-6, scale: Weight::default() }
    }
}

impl RMSNormalization {
    /// The layer for the last axis, with an epsilon of 10⁻⁶.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("RMSNormalization", config)?))
    }

    options! { self;
        /// The axes over which squares are averaged.
        axis: impl Into<Axes>,
        /// What is added to the mean square.
        epsilon: f32,
    }
}

impl Layer for RMSNormalization {
    class!("RMSNormalization");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        check_epsilon(self.epsilon)?;
        self.axis.some_of(input.rank())?;
        let scale = WeightSpec::new("scale", &self.axis.sizes(input)?);
        self.scale = cx.weight(scale.initializer(Initializer::Ones))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let gathered = self.axis.gather(x)?;
        let scale = cx.weight(self.scale)?.reshape([gathered.rows.shape().last()])?;
        let how = RowScale::RootMeanSquare { epsilon: self.epsilon };
        gathered.back(&gathered.rows.normalize_rows(how, Some(&scale), None)?)
    }
}
