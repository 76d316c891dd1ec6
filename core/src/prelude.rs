//! Everything that most programs need: `use practicum_core::prelude::*;`.

pub use crate::callbacks::{Callback, EarlyStopping, LearningRateScheduler, ReduceLrOnPlateau, StopWhen};
pub use crate::data::{Data, IntoArrays, IntoData};
pub use crate::initializers::Initializer;
pub use crate::layers::{Activate, Activation, Dense, Dropout, Flatten, Input, Lambda, Layer, LayerExt, Reshape, SharedLayer, Symbol};
pub use crate::model::{Fit, History, Logs, Model, Sequential, Verbose};
pub use crate::optimizers::{Adagrad, Adam, AdamW, Nadam, RmsProp, Sgd};
pub use crate::regularizers::Regularizer;
pub use crate::schedules::Schedule;
pub use crate::{Cpu, Error, PartialShape, Result, Shape, Simd, Tensor};
