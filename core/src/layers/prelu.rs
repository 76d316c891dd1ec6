use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::{class, options};
use super::{Build, Call, Config, Layer, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// A rectifier that learns its slope below 0 (He et al., 2015): `y = x` above 0, `alpha·x` below.
///
/// One parameter of the shape of an example, with a size of 1 on the axes that share it: `alpha` (zeros).
///
/// ```
/// use practicum_core::{Sequential, layers::{Input, PReLU}};
///
/// let model = Sequential::new().add(Input::new([28, 28, 8])).add(PReLU::new().shared_axes([1, 2]));
/// assert_eq!(model.count_params()?, 8);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct PReLU {
    alpha_initializer: Initializer,
    alpha_regularizer: Option<Regularizer>,
    shared_axes: Option<Vec<usize>>,
    #[serde(skip)]
    alpha: Weight,
}

impl Default for PReLU {
    fn default() -> Self {
        Self { alpha_initializer: Initializer::Zeros, alpha_regularizer: None, shared_axes: None, alpha: Weight::default() }
    }
}

impl PReLU {
    /// The layer with a slope for each element of an example.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("PReLU", config)?))
    }

    options! { self;
        /// How the slopes begin.
        alpha_initializer: Initializer,
        /// A penalty on the slopes.
        alpha_regularizer: Regularizer,
    }

    /// Axes along which one slope serves all indices: rows and columns of pictures are `[1, 2]`.
    #[must_use]
    pub fn shared_axes(mut self, axes: impl Into<Vec<usize>>) -> Self {
        self.shared_axes = Some(axes.into());
        self
    }
}

impl Layer for PReLU {
    class!("PReLU");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let shared = self.shared_axes.as_deref().unwrap_or_default();
        if let Some(axis) = shared.iter().find(|axis| !(1..input.rank()).contains(axis)) {
            return Err(Error::argument(format!("shared_axes counts from 1 to {}, got {axis}", input.rank().saturating_sub(1))));
        }
        let size = |axis: usize| if shared.contains(&axis) { Some(1) } else { input.dims()[axis] };
        let sizes: Option<Vec<usize>> = (1..input.rank()).map(size).collect();
        let Some(sizes) = sizes else {
            return Err(
                Error::shape(format!("a slope for each place needs known sizes, got {input}")).hint("put open axes into shared_axes")
            );
        };
        let alpha = WeightSpec::new("alpha", &sizes).initializer(self.alpha_initializer.clone());
        self.alpha = cx.weight(alpha.regularizer(self.alpha_regularizer))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (alpha, example) = (cx.weight(self.alpha)?, x.shape().without_batch());
        let shared = alpha.shape().iter().take_while(|size| **size == 1).count();
        let last = Shape::new(&alpha.shape()[shared..])?;
        if example.ends_with(&last) {
            return x.prelu(&alpha.reshape(last)?);
        }
        x.prelu(&cx.constant(Tensor::ones(example)?).mul(&alpha)?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}
