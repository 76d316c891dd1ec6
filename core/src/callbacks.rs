//! What is called while a model is trained: the callbacks of this crate, and the trait for others.

mod csv_logger;
mod early_stopping;
mod learning_rate;
mod stop;

pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use learning_rate::{LearningRateScheduler, ReduceLrOnPlateau};
pub use stop::{OnEpochEnd, StopWhen, TerminateOnNan};

pub use crate::model::{Callback, Context, IntoCallbacks, Logs, Monitor, Progress};

/// Whether smaller or larger is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Better {
    Smaller,
    Larger,
}

impl Better {
    /// Larger is better for what measures agreement, smaller for losses and errors.
    fn of(name: &str) -> Self {
        const AGREEMENT: [&str; 6] = ["acc", "auc", "precision", "recall", "r2", "cosine_similarity"];
        let name = name.strip_prefix("val_").unwrap_or(name);
        if AGREEMENT.iter().any(|word| name.contains(word)) { Self::Larger } else { Self::Smaller }
    }

    fn worst(self) -> f64 {
        match self {
            Self::Smaller => f64::INFINITY,
            Self::Larger => f64::NEG_INFINITY,
        }
    }

    /// Whether `value` is better than `best` by more than `delta`.
    fn improves(self, value: f64, best: f64, delta: f64) -> bool {
        match self {
            Self::Smaller => value < best - delta,
            Self::Larger => value > best + delta,
        }
    }
}
