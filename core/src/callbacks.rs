//! What is called while a model is trained: the callbacks of this crate, and the trait for others.

mod backup;
mod csv_logger;
mod early_stopping;
mod learning_rate;
mod model_checkpoint;
mod stop;
mod watched;

pub use backup::BackupAndRestore;
pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use learning_rate::{LearningRateScheduler, ReduceLrOnPlateau};
pub use model_checkpoint::ModelCheckpoint;
pub use stop::{OnEpochEnd, StopWhen, TerminateOnNan};

pub use crate::model::{Callback, Context, IntoCallbacks, Logs, Monitor, Progress, State};
