use serde::{Deserialize, Serialize};

use super::registry::{from_config, refuse, to_config};
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// While training, sets each element to 0 with probability `rate` and multiplies the others by `1 / (1 − rate)`
/// (Srivastava et al., 2014); otherwise does nothing.
///
/// What is dropped depends on the seed, the layer's place, the step and the example's row: not on threads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dropout {
    rate: f32,
}

impl Dropout {
    /// Drops with probability `rate`, which is in [0, 1).
    pub fn new(rate: f32) -> Self {
        Self { rate }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        refuse("Dropout", &config, &["noise_shape"])?;
        Ok(Box::new(from_config::<Self>("Dropout", config)?))
    }
}

impl Layer for Dropout {
    fn class_name(&self) -> &'static str {
        "Dropout"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(Error::argument(format!("rate must be in [0, 1), got {}", self.rate)));
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if cx.training() && self.rate > 0.0 { x.dropout(self.rate, cx.key("dropout")) } else { Ok(x.clone()) }
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn describe(&self) -> String {
        format!("Dropout {}", self.rate)
    }
}
