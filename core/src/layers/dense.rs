use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::{Epilogue, Kernel, check_count, class, epilogue_options, kernel_options};
use super::{Activation, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{PartialShape, Result};

/// A densely connected layer: `y = activation(x·kernel + bias)` on the last axis.
///
/// `(batch, …, features)` → `(batch, …, units)`. Parameters: `kernel` `[features, units]` (Glorot uniform) and `bias`
/// `[units]` (zeros).
///
/// ```
/// use practicum_core::{
///     Sequential,
///     layers::{Activation, Dense, Input},
/// };
///
/// let model =
///     Sequential::new().add(Input::new([784])).add(Dense::new(128).activation(Activation::Relu));
/// assert_eq!(model.count_params()?, 784 * 128 + 128);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dense {
    units: usize,
    #[serde(flatten)]
    kernel: Kernel,
    #[serde(flatten)]
    epilogue: Epilogue,
}

impl Dense {
    /// A layer of `units` neurons, without activation.
    pub fn new(units: usize) -> Self {
        Self { units, kernel: Kernel::default(), epilogue: Epilogue::default() }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Dense", config)?))
    }

    kernel_options!(kernel);
    epilogue_options!(epilogue);
}

impl Layer for Dense {
    class!("Dense");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        check_count("units", self.units)?;
        let features = cx.features(input)?;
        self.kernel.build(cx, &[features, self.units])?;
        self.epilogue.build(cx, self.units)?;
        Ok(input.with_last(self.units))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let kernel = self.kernel.of(cx)?;
        self.epilogue.apply(cx, |bias, activation| x.dense(&kernel, bias, activation))
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        match self.epilogue.activation {
            Activation::Linear => format!("Dense {}", self.units),
            activation => format!("Dense {} {activation}", self.units),
        }
    }
}
