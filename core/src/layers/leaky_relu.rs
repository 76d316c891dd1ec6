use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// `y = x` above 0, `negative_slope·x` below. The activation of that name has a slope of 0.2, this layer of 0.3.
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{Input, LeakyReLU}};
///
/// let model = Sequential::new().add(Input::new([2])).add(LeakyReLU::new().negative_slope(0.5));
/// assert_eq!(model.predict(&Tensor::from([[-2.0, 3.0]]))?.as_slice(), [-1.0, 3.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct LeakyReLU {
    negative_slope: f32,
}

impl Default for LeakyReLU {
    fn default() -> Self {
        Self { negative_slope: 0.3 }
    }
}

impl LeakyReLU {
    /// The layer with a slope of 0.3.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("LeakyReLU", config)?))
    }

    /// The slope below 0, which is 0 or more.
    #[must_use]
    pub fn negative_slope(mut self, negative_slope: f32) -> Self {
        self.negative_slope = negative_slope;
        self
    }
}

impl Layer for LeakyReLU {
    class!("LeakyReLU");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(self.negative_slope >= 0.0) {
            return Err(Error::argument(format!("negative_slope must be 0 or more, got {}", self.negative_slope)));
        }
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.rectify(f32::INFINITY, self.negative_slope, 0.0)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("LeakyReLU {}", self.negative_slope)
    }
}
