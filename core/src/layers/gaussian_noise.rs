use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// While training, adds noise from the normal distribution with mean 0 and standard deviation `stddev`; otherwise does nothing.
///
/// The noise depends on the seed, the layer's index, the step and the example's row: not on threads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GaussianNoise {
    stddev: f32,
}

impl GaussianNoise {
    /// Adds noise of this standard deviation, which is in [0, 1].
    pub fn new(stddev: f32) -> Self {
        Self { stddev }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("GaussianNoise", config)?))
    }
}

impl Layer for GaussianNoise {
    class!("GaussianNoise");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(0.0..=1.0).contains(&self.stddev) {
            return Err(Error::argument(format!("stddev must be in [0, 1], got {}", self.stddev)));
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if cx.training() && self.stddev > 0.0 { x.gaussian_noise(self.stddev, cx.key("noise")) } else { Ok(x.clone()) }
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("GaussianNoise {}", self.stddev)
    }
}
