//! Data on their way to a model: arrays in the type they came in, and the batches made of them.

mod array;
mod batch;

pub use array::{Data, IntoArrays, IntoData};
pub(crate) use batch::check_lengths;
pub use batch::{ArraySource, Batch, BatchArray, BatchSource};
