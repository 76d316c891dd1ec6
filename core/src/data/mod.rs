//! Data on their way to a model: arrays in the type they came in, and the batches made of them.

mod array;
mod batch;
mod categorical;
mod convert;
mod dataset;
mod feed;
mod split;

pub use array::Data;
pub use batch::{ArraySource, Batch, BatchArray, BatchSource, TakeBatches};
pub(crate) use batch::{check_end, check_lengths, check_weights, no_batch};
pub use categorical::to_categorical;
pub use convert::{IntoArrays, IntoData, Number, Rows};
pub use dataset::{
    AUTOTUNE, BatchOptions, Cardinality, Components, Dataset, Examples, IntoSlices, Iter, ShuffleOptions, Stack, WindowOptions,
};
pub(crate) use feed::no_targets;
pub use feed::{Feed, IntoFeed, OfArrays, OfBatches, OfDataset};
pub use split::{Part, SplitOptions, train_test_split};
