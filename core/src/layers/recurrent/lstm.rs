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

/// Long short-term memory (Hochreiter and Schmidhuber, 1997): a recurrent layer whose second state c is changed by gates.
///
/// With `x·kernel + h·recurrent_kernel + bias` split into i, f, g, o:
/// `c ← σ(f)·c + σ(i)·tanh(g)`, `h ← σ(o)·tanh(c)`.
///
/// `(batch, steps, features)` → `(batch, units)`, or `(batch, steps, units)` with
/// [`return_sequences`](LSTM::return_sequences). Parameters: `kernel` `[features, 4·units]` (Glorot uniform),
/// `recurrent_kernel` `[units, 4·units]` (orthogonal) and `bias` `[4·units]` (zeros, but ones for f). Further inputs are the
/// initial h and c; steps that a mask leaves out keep both.
///
/// ```
/// use practicum_core::{
///     Sequential,
///     layers::{Bidirectional, Embedding, Input, LSTM},
/// };
///
/// let model = Sequential::new()
///     .add(Input::new([120]))
///     .add(Embedding::new(10_000, 64))
///     .add(Bidirectional::new(LSTM::new(64)));
/// assert_eq!(model.count_params()?, 640_000 + 66_048);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LSTM {
    #[serde(flatten)]
    common: Common,
    #[serde(default = "sigmoid")]
    recurrent_activation: Activation,
    #[serde(default = "yes")]
    unit_forget_bias: bool,
}

impl LSTM {
    /// A layer of `units` units.
    pub fn new(units: usize) -> Self {
        Self { common: Common::new(units), recurrent_activation: sigmoid(), unit_forget_bias: true }
    }

    options! { self;
        /// What is applied to the gates i, f and o.
        recurrent_activation: impl Into<Activation>,
        /// Whether the bias of f begins with ones, so that the layer remembers at first (Józefowicz et al., 2015).
        unit_forget_bias: bool,
    }

    fn recurrence(&self) -> Recurrence {
        self.common.recurrence(Cell::Lstm, self.recurrent_activation)
    }

    fn forget_bias(&self) -> bool {
        self.unit_forget_bias
    }
}

recurrent_layer!(LSTM, "LSTM");
