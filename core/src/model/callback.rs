//! Callbacks as `fit` knows them, and the training as they see it.

use super::{Logs, Model, State};
use crate::metrics::Direction;
use crate::{Error, Result};

/// Called at the beginning and at the end of the training, of each epoch and of each batch.
///
/// Every method may fail: the training ends with the error, and what was learned stays in the model.
///
/// ```
/// use practicum_core::Result;
/// use practicum_core::callbacks::{Callback, Context, Logs};
///
/// /// Counts the epochs.
/// #[derive(Default)]
/// struct Counter(usize);
///
/// impl Callback for Counter {
///     fn on_epoch_end(
///         &mut self,
///         _epoch: usize,
///         _logs: &mut Logs,
///         _cx: &mut Context<'_>,
///     ) -> Result<()> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
/// ```
pub trait Callback: Send {
    /// The name by which its state is kept in the state of a training.
    fn name(&self) -> &str {
        "callback"
    }

    /// What it has to know to go on where it was; nothing for most.
    fn state(&self) -> State {
        State::default()
    }

    /// Takes what [`state`](Callback::state) gave: called after [`on_train_begin`](Callback::on_train_begin) where a training
    /// goes on. Where another callback refuses its state, it is given what it had before.
    ///
    /// # Errors
    /// Something is missing, or is not what this callback keeps.
    fn set_state(&mut self, _state: &State) -> Result<()> {
        Ok(())
    }

    /// The state of a training that is to go on from there: asked for before everything else.
    ///
    /// # Errors
    /// The state cannot be read.
    fn resume(&mut self) -> Result<Option<State>> {
        Ok(None)
    }

    /// Whether [`on_state`](Callback::on_state) is to be called after this epoch.
    fn wants_state(&self, _epoch: usize) -> bool {
        false
    }

    /// After an epoch, when all callbacks have seen its end: the state of the whole training, those of the callbacks included.
    ///
    /// # Errors
    /// Whatever went wrong; it ends the training.
    fn on_state(&mut self, _epoch: usize, _state: &State) -> Result<()> {
        Ok(())
    }

    /// The log that this callback watches: the training does not begin where there is none of that name.
    fn monitored(&self) -> Option<Monitor<'_>> {
        None
    }

    /// Before the first epoch.
    ///
    /// # Errors
    /// Whatever went wrong; it ends the training.
    fn on_train_begin(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// After the last epoch, also when the training failed.
    ///
    /// # Errors
    /// Whatever went wrong.
    fn on_train_end(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// Before an epoch, counted from 0.
    ///
    /// # Errors
    /// Whatever went wrong; it ends the training.
    fn on_epoch_begin(&mut self, _epoch: usize, _cx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// Called after each epoch and its validation. Later callbacks and the history see what is added to the logs.
    ///
    /// # Errors
    /// Whatever went wrong; it ends the training.
    fn on_epoch_end(&mut self, _epoch: usize, _logs: &mut Logs, _cx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// Before a batch, counted from 0 in each epoch.
    ///
    /// # Errors
    /// Whatever went wrong; it ends the training.
    fn on_batch_begin(&mut self, _step: usize, _cx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// After a batch, with its loss. [`Context::logs`] has the means of the epoch so far.
    ///
    /// # Errors
    /// Whatever went wrong; it ends the training.
    fn on_batch_end(&mut self, _step: usize, _loss: f64, _cx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }
}

macro_rules! forwarded {
    ($($pointer:ty),+) => { $(
impl<C: Callback + ?Sized> Callback for $pointer {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn state(&self) -> State {
        (**self).state()
    }

    fn set_state(&mut self, state: &State) -> Result<()> {
        (**self).set_state(state)
    }

    fn resume(&mut self) -> Result<Option<State>> {
        (**self).resume()
    }

    fn wants_state(&self, epoch: usize) -> bool {
        (**self).wants_state(epoch)
    }

    fn on_state(&mut self, epoch: usize, state: &State) -> Result<()> {
        (**self).on_state(epoch, state)
    }

    fn monitored(&self) -> Option<Monitor<'_>> {
        (**self).monitored()
    }

    fn on_train_begin(&mut self, cx: &mut Context<'_>) -> Result<()> {
        (**self).on_train_begin(cx)
    }

    fn on_train_end(&mut self, cx: &mut Context<'_>) -> Result<()> {
        (**self).on_train_end(cx)
    }

    fn on_epoch_begin(&mut self, epoch: usize, cx: &mut Context<'_>) -> Result<()> {
        (**self).on_epoch_begin(epoch, cx)
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        (**self).on_epoch_end(epoch, logs, cx)
    }

    fn on_batch_begin(&mut self, step: usize, cx: &mut Context<'_>) -> Result<()> {
        (**self).on_batch_begin(step, cx)
    }

    fn on_batch_end(&mut self, step: usize, loss: f64, cx: &mut Context<'_>) -> Result<()> {
        (**self).on_batch_end(step, loss, cx)
    }
}
    )+ };
}

forwarded!(&mut C, Box<C>);

/// What [`Fit::callbacks`](super::Fit::callbacks) takes: a list of callbacks of one type, or a tuple of callbacks.
pub trait IntoCallbacks<'a> {
    /// The callbacks, in the order in which they are called.
    fn into_callbacks(self) -> Vec<Box<dyn Callback + 'a>>;
}

impl<'a, C: Callback + 'a> IntoCallbacks<'a> for Vec<C> {
    fn into_callbacks(self) -> Vec<Box<dyn Callback + 'a>> {
        self.into_iter().map(|callback| -> Box<dyn Callback + 'a> { Box::new(callback) }).collect()
    }
}

impl<'a, C: Callback + 'a, const N: usize> IntoCallbacks<'a> for [C; N] {
    fn into_callbacks(self) -> Vec<Box<dyn Callback + 'a>> {
        Vec::from(self).into_callbacks()
    }
}

macro_rules! tuples {
    ($($($letter:ident $index:tt)+;)+) => { $(
        impl<'a, $($letter: Callback + 'a),+> IntoCallbacks<'a> for ($($letter,)+) {
            fn into_callbacks(self) -> Vec<Box<dyn Callback + 'a>> {
                vec![$(Box::new(self.$index)),+]
            }
        }
    )+ };
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
}

/// A log, and who watches it.
#[derive(Clone, Copy, Debug)]
pub struct Monitor<'a> {
    /// The name of the log.
    pub name: &'a str,
    /// The name of the callback, for errors.
    pub callback: &'static str,
}

/// The training, as callbacks see it and act on it.
pub struct Context<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) plan: &'a Plan,
    pub(crate) stop: &'a mut bool,
}

impl Context<'_> {
    /// Ends the training after this batch, or after this epoch.
    pub fn stop_training(&mut self) {
        *self.stop = true;
    }

    /// Whether a callback asked to end the training.
    pub fn is_stopping(&self) -> bool {
        *self.stop
    }

    /// The model.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// The model, to be changed: its weights, its learning rate.
    pub fn model_mut(&mut self) -> &mut Model {
        self.model
    }

    /// The means of the epoch so far.
    ///
    /// # Errors
    /// None while a model is trained.
    pub fn logs(&self) -> Result<Logs> {
        self.model.running_logs()
    }

    /// The learning rate of the next step.
    ///
    /// # Errors
    /// None while a model is trained.
    pub fn learning_rate(&self) -> Result<f64> {
        self.model.learning_rate()
    }

    /// Sets a learning rate that stays until it is set again.
    ///
    /// # Errors
    /// A rate that is negative or not finite.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        self.model.set_learning_rate(rate)
    }

    /// Which values of a log are better: smaller ones for whatever ends in `loss`, else what the metric says.
    pub fn direction(&self, log: &str) -> Option<Direction> {
        self.model.direction(log)
    }

    /// The names of the logs that every epoch may have, before callbacks add theirs; those of the validation last.
    pub fn log_names(&self) -> &[String] {
        &self.plan.names
    }

    /// Whether the training ended with an error.
    pub fn has_failed(&self) -> bool {
        self.plan.failed
    }

    /// At which epoch the training is to end.
    pub fn epochs(&self) -> usize {
        self.plan.epochs
    }

    /// How many batches an epoch has, where that is known.
    pub fn steps(&self) -> Option<usize> {
        self.plan.steps
    }
}

/// What is known before the first batch.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    pub(crate) steps: Option<usize>,
    pub(crate) names: Vec<String>,
    pub(crate) failed: bool,
}

impl Plan {
    /// Refuses to watch a log that there will not be.
    pub(crate) fn check(&self, monitored: Monitor<'_>) -> Result<()> {
        if self.names.iter().any(|name| name == monitored.name) {
            return Ok(());
        }
        let error = Error::unknown("log", monitored.name, &self.names).context(monitored.callback);
        Err(if monitored.name.starts_with("val_") && !self.names.iter().any(|name| name.starts_with("val_")) {
            error.hint("give validation data to have val_ logs")
        } else {
            error
        })
    }
}
