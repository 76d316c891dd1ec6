//! Data on their way to a model: arrays in the type they came in, and the batches made of them.

mod array;
mod batch;
mod dataset;

pub use array::{Data, IntoArrays, IntoData};
pub use batch::{ArraySource, Batch, BatchArray, BatchSource};
pub(crate) use batch::{check_lengths, check_weights};
pub use dataset::{
    AUTOTUNE, BatchOptions, Cardinality, Components, Dataset, Examples, IntoSlices, Iter, ShuffleOptions, Stack, WindowOptions,
};
