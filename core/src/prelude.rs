//! Everything that most programs need: `use practicum_core::prelude::*;`.
//!
//! The rule: here is what a program names to build, feed, train and save a model. That is every layer with its options, every
//! optimizer, schedule, callback, initializer and regularizer, data sets, and models with their options. Not here are losses
//! and metrics, which share names with each other and are mostly given by name, and what only an extension of this crate
//! needs: operations, registries, what a layer is built and called with, the traits of losses, metrics and optimizers.

pub use crate::callbacks::{
    BackupAndRestore, Callback, CsvLogger, EarlyStopping, LearningRateScheduler, ModelCheckpoint, OnEpochEnd, ReduceLrOnPlateau, StopWhen,
    TerminateOnNan,
};
pub use crate::data::{
    ArraySource, BatchOptions, BatchSource, Data, Dataset, IntoArrays, IntoData, IntoFeed, ShuffleOptions, WindowOptions,
};
pub use crate::initializers::{Fan, Initializer, Spread};
pub use crate::layers::{
    Activate, Activation, ActivityRegularization, Add, AlphaDropout, Average, AveragePooling1D, AveragePooling2D, BatchNormalization,
    Bidirectional, Concatenate, Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Cropping1D, Cropping2D, Dense, DepthwiseConv1D,
    DepthwiseConv2D, Dot, Dropout, ELU, Embedding, Flatten, GRU, GaussianDropout, GaussianNoise, GlobalAveragePooling1D,
    GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D, GroupNormalization, Identity, Input, Interpolation, LSTM, Lambda,
    Layer, LayerExt, LayerNormalization, LeakyReLU, Masking, MaxPooling1D, MaxPooling2D, Maximum, MergeMode, Minimum, Multiply,
    Normalization, PReLU, Padding, Permute, RMSNormalization, ReLU, Recurrent, RepeatVector, Rescaling, Reshape, SeparableConv1D,
    SeparableConv2D, SharedLayer, SimpleRNN, Softmax, SpatialDropout1D, SpatialDropout2D, Subtract, Symbol, TimeDistributed,
    UnitNormalization, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D,
};
pub use crate::model::{Fit, History, Logs, Model, Sequential, Verbose};
pub use crate::optimizers::{Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, RmsProp, Sgd};
pub use crate::regularizers::Regularizer;
pub use crate::schedules::Schedule;
pub use crate::{Cpu, Error, PartialShape, Result, Shape, Simd, Tensor};

#[cfg(test)]
mod tests {
    #[test]
    fn every_layer_is_here() {
        let words: Vec<&str> = include_str!("prelude.rs").split(|c: char| !c.is_alphanumeric()).collect();
        for class in crate::layers::Registry::default().class_names() {
            let name = match class {
                "Activation" => "Activate",
                "InputLayer" => "Input",
                "Functional" => "Model",
                other => other,
            };
            assert!(words.contains(&name), "{name} is missing");
        }
    }
}
