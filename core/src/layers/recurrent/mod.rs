//! Recurrent layers, and what runs a layer in two directions.

mod bidirectional;
mod common;
mod gru;
mod lstm;
mod simple_rnn;

pub use bidirectional::{Bidirectional, MergeMode};
use common::Common;
pub(super) use common::only_output;
pub use gru::GRU;
pub use lstm::LSTM;
pub use simple_rnn::SimpleRNN;

use super::Layer;
use crate::ops::Recurrence;

/// A layer that goes through the steps of a sequence with a state: what [`Bidirectional`] takes.
///
/// Its input is `(batch, steps, features)`; further inputs are initial states. A custom recurrent layer implements this
/// trait and returns itself in [`Layer::as_recurrent`], so that it can be read back from a saved [`Bidirectional`].
pub trait Recurrent: Layer {
    /// Whether it reads the steps from the last to the first, and gives its outputs in that order.
    fn go_backwards(&self) -> bool;

    /// Whether it gives the outputs of all steps, and not just the last one.
    fn return_sequences(&self) -> bool;

    /// Whether it gives its last states, after the output.
    fn return_state(&self) -> bool;

    /// How many states it has.
    fn states(&self) -> usize;

    /// A copy with the same options, but for the direction, and for whether a step that does not count has an output of zeros.
    fn directed(&self, go_backwards: bool, zero_output_for_mask: bool) -> Box<dyn Recurrent>;

    /// What it records, where it is a layer of this crate: two that record the same can run side by side.
    #[doc(hidden)]
    fn plan(&self) -> Option<Plan> {
        None
    }
}

/// What a layer of this crate records.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) recurrence: Recurrence,
    pub(crate) common: Common,
}
