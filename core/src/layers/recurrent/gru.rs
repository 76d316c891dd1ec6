use serde::{Deserialize, Serialize};

use super::common::{Common, only_output, recurrent_layer, sigmoid, yes};
use super::{Plan, Recurrent};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::kernel::rnn::Cell;
use crate::layers::kit::from_config;
use crate::layers::shared::options;
use crate::layers::{Activation, Build, Call, Config, Layer};
use crate::ops::Recurrence;
use crate::regularizers::Regularizer;
use crate::{PartialShape, Result};

/// Gated recurrent unit (Cho et al., 2014): a recurrent layer that mixes the state with a candidate.
///
/// With `x·kernel + bias₀` split into xz, xr, xh and `h·recurrent_kernel + bias₁` into hz, hr, hh:
/// `z = σ(xz + hz)`, `r = σ(xr + hr)`, `h ← z·h + (1 − z)·tanh(xh + r·hh)`. Without [`reset_after`](GRU::reset_after), the state
/// is reset before it is multiplied, and there is one bias.
///
/// `(batch, steps, features)` → `(batch, units)`, or `(batch, steps, units)` with
/// [`return_sequences`](GRU::return_sequences). Parameters: `kernel` `[features, 3·units]` (Glorot uniform),
/// `recurrent_kernel` `[units, 3·units]` (orthogonal) and `bias` `[2, 3·units]` (zeros). A further input is the initial state;
/// steps that a mask leaves out keep it.
///
/// ```
/// use practicum_core::{Sequential, layers::{GRU, Input}};
///
/// let model = Sequential::new().add(Input::new([120, 16])).add(GRU::new(32));
/// assert_eq!(model.count_params()?, 3 * 32 * (16 + 32 + 2));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GRU {
    #[serde(flatten)]
    common: Common,
    #[serde(default = "sigmoid")]
    recurrent_activation: Activation,
    #[serde(default = "yes")]
    reset_after: bool,
}

impl GRU {
    /// A layer of `units` units.
    pub fn new(units: usize) -> Self {
        Self { common: Common::new(units), recurrent_activation: sigmoid(), reset_after: true }
    }

    options! { self;
        /// What is applied to the gates z and r.
        recurrent_activation: impl Into<Activation>,
        /// Whether the state is reset after it was multiplied, as in TensorFlow 2; TensorFlow 1 did so before.
        reset_after: bool,
    }

    fn recurrence(&self) -> Recurrence {
        let cell = if self.reset_after { Cell::Gru } else { Cell::GruBefore };
        self.common.recurrence(cell, self.recurrent_activation)
    }

    fn forget_bias(&self) -> bool {
        false
    }
}

recurrent_layer!(GRU, "GRU");
