use serde::{Deserialize, Serialize};

use super::registry::{from_config, to_config};
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// While training, sets whole channels of an example to 0 with probability `rate` and multiplies the others by `1 / (1 − rate)`
/// (Tompson et al., 2015); otherwise does nothing. `(batch, rows, columns, channels)`, the channels last.
///
/// Neighbouring places tell much the same: what [`Dropout`](super::Dropout) takes from one, the next would give back. What is
/// dropped depends on the seed, the layer's place, the step and the example's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpatialDropout2D {
    rate: f32,
}

impl SpatialDropout2D {
    /// Drops with probability `rate`, which is in [0, 1).
    pub fn new(rate: f32) -> Self {
        Self { rate }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        match config.get("data_format").and_then(serde_json::Value::as_str) {
            None | Some("channels_last") => Ok(Box::new(from_config::<Self>("SpatialDropout2D", config)?)),
            Some(other) => Err(Error::format(format!("SpatialDropout2D with data_format = {other}: the channels must be last"))),
        }
    }
}

impl Layer for SpatialDropout2D {
    fn class_name(&self) -> &'static str {
        "SpatialDropout2D"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(Error::argument(format!("rate must be in [0, 1), got {}", self.rate)));
        }
        if input.rank() != 4 {
            return Err(Error::shape(format!("expected (batch, rows, columns, channels), got {input}")));
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if cx.training() && self.rate > 0.0 { x.channel_dropout(self.rate, cx.key("dropout")) } else { Ok(x.clone()) }
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn describe(&self) -> String {
        format!("SpatialDropout2D {}", self.rate)
    }
}
