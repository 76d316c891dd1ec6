use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::{class, options};
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// A rectifier with options: `y = min(x, max_value)` where `x > threshold`, else `negative_slope·(x − threshold)`.
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, ReLU},
/// };
///
/// let model =
///     Sequential::new().add(Input::new([3])).add(ReLU::new().max_value(1.0).negative_slope(0.5));
/// assert_eq!(model.predict(&Tensor::from([[-2.0, 0.5, 3.0]]))?.as_slice(), [-1.0, 0.5, 1.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReLU {
    max_value: Option<f32>,
    negative_slope: f32,
    threshold: f32,
}

impl ReLU {
    /// `max(x, 0)`.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("ReLU", config)?))
    }

    options! { self;
        /// The largest output, 0 or more.
        max_value: f32,
        /// The slope up to the threshold, 0 or more.
        negative_slope: f32,
        /// Where the inputs begin that go through, 0 or more.
        threshold: f32,
    }
}

impl Layer for ReLU {
    class!("ReLU");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        for (name, value) in
            [("max_value", self.max_value.unwrap_or_default()), ("negative_slope", self.negative_slope), ("threshold", self.threshold)]
        {
            if !(value >= 0.0) {
                return Err(Error::argument(format!("{name} must be 0 or more, got {value}")));
            }
        }
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        match (self.max_value, self.negative_slope, self.threshold) {
            (None, 0.0, 0.0) => x.relu(),
            (max_value, negative_slope, threshold) => x.rectify(max_value.unwrap_or(f32::INFINITY), negative_slope, threshold),
        }
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}
