use super::{Callback, Context, Logs, Monitor};
use crate::Result;

/// Ends the training when a log passes a value, as the course's callbacks do.
///
/// ```
/// use practicum_core::callbacks::StopWhen;
///
/// let stop = StopWhen::above("accuracy", 0.99);
/// ```
#[derive(Clone, Debug)]
pub struct StopWhen {
    monitor: String,
    bound: f64,
    above: bool,
    reached: Option<usize>,
}

impl StopWhen {
    /// Ends after the first epoch with a value larger than the bound.
    pub fn above(monitor: impl Into<String>, bound: f64) -> Self {
        Self { monitor: monitor.into(), bound, above: true, reached: None }
    }

    /// Ends after the first epoch with a value smaller than the bound.
    pub fn below(monitor: impl Into<String>, bound: f64) -> Self {
        Self { monitor: monitor.into(), bound, above: false, reached: None }
    }

    /// The epoch that passed the bound, if one did.
    pub fn reached(&self) -> Option<usize> {
        self.reached
    }
}

impl Callback for StopWhen {
    fn monitored(&self) -> Option<Monitor<'_>> {
        Some(Monitor { name: &self.monitor, callback: "StopWhen" })
    }

    fn on_train_begin(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        super::watched::check_number("the bound", "StopWhen", Some(self.bound))?;
        self.reached = None;
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        let passed = |value: f64| if self.above { value > self.bound } else { value < self.bound };
        if logs.get(&self.monitor).is_some_and(passed) {
            self.reached = Some(epoch);
            cx.stop_training();
        }
        Ok(())
    }
}

/// Ends the training at the first batch whose loss is NaN or infinite.
#[derive(Clone, Copy, Debug, Default)]
pub struct TerminateOnNan {
    terminated: bool,
}

impl TerminateOnNan {
    /// The callback.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the training was ended.
    pub fn terminated(&self) -> bool {
        self.terminated
    }
}

impl Callback for TerminateOnNan {
    fn on_batch_end(&mut self, _step: usize, loss: f64, cx: &mut Context<'_>) -> Result<()> {
        if !loss.is_finite() {
            self.terminated = true;
            cx.stop_training();
        }
        Ok(())
    }
}

/// Calls a function after each epoch.
///
/// ```
/// use practicum_core::callbacks::OnEpochEnd;
///
/// let callback = OnEpochEnd::new(|epoch, logs, cx| {
///     if epoch > 3 && logs.get("loss").is_some_and(|loss| loss < 0.4) {
///         cx.stop_training();
///     }
///     Ok(())
/// });
/// ```
pub struct OnEpochEnd<F>(F);

impl<F: FnMut(usize, &mut Logs, &mut Context<'_>) -> Result<()> + Send> OnEpochEnd<F> {
    /// Calls `f` with the epoch's number, its logs and the training.
    pub fn new(f: F) -> Self {
        Self(f)
    }
}

impl<F: FnMut(usize, &mut Logs, &mut Context<'_>) -> Result<()> + Send> Callback for OnEpochEnd<F> {
    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        (self.0)(epoch, logs, cx)
    }
}
