use serde::{Deserialize, Serialize};

use super::common::{Common, only_output, recurrent_layer};
use super::{Plan, Recurrent};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::kernel::rnn::Cell;
use crate::layers::kit::from_config;
use crate::layers::{Activation, Build, Call, Config, Layer};
use crate::ops::Recurrence;
use crate::regularizers::Regularizer;
use crate::{PartialShape, Result};

/// A recurrent layer in which the output is the state: `h ← tanh(x·kernel + h·recurrent_kernel + bias)`.
///
/// `(batch, steps, features)` → `(batch, units)`, or `(batch, steps, units)` with
/// [`return_sequences`](SimpleRNN::return_sequences). Parameters: `kernel` `[features, units]` (Glorot uniform),
/// `recurrent_kernel` `[units, units]` (orthogonal) and `bias` `[units]` (zeros). Further inputs are initial states; steps
/// that a mask leaves out keep the state.
///
/// ```
/// use practicum_core::{Sequential, layers::{Dense, Input, SimpleRNN}};
///
/// let model = Sequential::new()
///     .add(Input::open([None, Some(1)]))
///     .add(SimpleRNN::new(40).return_sequences(true))
///     .add(SimpleRNN::new(40))
///     .add(Dense::new(1));
/// assert_eq!(model.count_params()?, 40 * (1 + 40 + 1) + 40 * (40 + 40 + 1) + 41);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimpleRNN {
    #[serde(flatten)]
    common: Common,
}

impl SimpleRNN {
    /// A layer of `units` units.
    pub fn new(units: usize) -> Self {
        Self { common: Common::new(units) }
    }

    fn recurrence(&self) -> Recurrence {
        self.common.recurrence(Cell::Simple, Activation::Linear)
    }

    fn forget_bias(&self) -> bool {
        false
    }
}

recurrent_layer!(SimpleRNN, "SimpleRNN");
