//! Everything that most programs need: `use practicum_core::prelude::*;`.

pub use crate::callbacks::{Callback, EarlyStopping, LearningRateScheduler, ReduceLrOnPlateau, StopWhen};
pub use crate::data::{Data, Dataset, IntoArrays, IntoData, WindowOptions};
pub use crate::initializers::Initializer;
pub use crate::layers::{
    Activate, Activation, BatchNormalization, Bidirectional, Concatenate, Dense, Dropout, Embedding, Flatten, GRU, Input, LSTM, Lambda,
    Layer, LayerExt, LayerNormalization, LeakyReLU, Masking, MergeMode, Normalization, Recurrent, Rescaling, Reshape, SharedLayer,
    SimpleRNN, Symbol, TimeDistributed,
};
pub use crate::model::{Fit, History, Logs, Model, Sequential, Verbose};
pub use crate::optimizers::{Adagrad, Adam, AdamW, Nadam, RmsProp, Sgd};
pub use crate::regularizers::Regularizer;
pub use crate::schedules::Schedule;
pub use crate::{Cpu, Error, PartialShape, Result, Shape, Simd, Tensor};
