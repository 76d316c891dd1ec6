//! Everything that most programs need: `use practicum_core::prelude::*;`.

pub use crate::callbacks::{Callback, EarlyStopping, LearningRateScheduler, ReduceLrOnPlateau, StopWhen};
pub use crate::data::{Data, Dataset, IntoArrays, IntoData, WindowOptions};
pub use crate::initializers::Initializer;
pub use crate::layers::{
    Activate, Activation, AveragePooling1D, AveragePooling2D, BatchNormalization, Bidirectional, Concatenate, Conv1D, Conv2D, Dense,
    Dropout, Embedding, Flatten, GRU, GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D, Input, LSTM,
    Lambda, Layer, LayerExt, LayerNormalization, LeakyReLU, Masking, MaxPooling1D, MaxPooling2D, MergeMode, Normalization, Padding,
    Recurrent, Rescaling, Reshape, SharedLayer, SimpleRNN, Symbol, TimeDistributed,
};
pub use crate::model::{Fit, History, Logs, Model, Sequential, Verbose};
pub use crate::optimizers::{Adagrad, Adam, AdamW, Nadam, RmsProp, Sgd};
pub use crate::regularizers::Regularizer;
pub use crate::schedules::Schedule;
pub use crate::{Cpu, Error, PartialShape, Result, Shape, Simd, Tensor};
