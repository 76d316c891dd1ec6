use super::watched::{Watched, watching};
use super::{Callback, Context, Logs, Monitor, State};
use crate::{Error, Result};

/// The log that tells the learning rate.
const LEARNING_RATE: &str = "learning_rate";

/// Sets the learning rate before each epoch, and logs it as `learning_rate`.
///
/// ```
/// use practicum_core::callbacks::LearningRateScheduler;
///
/// // From 1e-8, ten times as much every twenty epochs.
/// let sweep = LearningRateScheduler::new(|epoch, _rate| 1e-8 * 10_f64.powf(epoch as f64 / 20.0));
/// ```
pub struct LearningRateScheduler<F>(F);

impl<F: FnMut(usize, f64) -> f64 + Send> LearningRateScheduler<F> {
    /// The rate of an epoch, counted from 0, from its number and the rate so far.
    pub fn new(schedule: F) -> Self {
        Self(schedule)
    }
}

impl<F: FnMut(usize, f64) -> f64 + Send> Callback for LearningRateScheduler<F> {
    fn on_epoch_begin(&mut self, epoch: usize, cx: &mut Context<'_>) -> Result<()> {
        let rate = (self.0)(epoch, cx.learning_rate()?);
        cx.set_learning_rate(rate).map_err(|error| error.context(format!("LearningRateScheduler at epoch {epoch}")))
    }

    fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        logs.set(LEARNING_RATE, cx.learning_rate()?);
        Ok(())
    }
}

/// Multiplies the learning rate by a factor when a log stops getting better, and logs it as `learning_rate`.
///
/// Defaults as in Keras: factor 0.1, patience 10, a gain of 1e-4 counts, no cooldown, no smallest rate.
#[derive(Clone, Debug)]
pub struct ReduceLrOnPlateau {
    watched: Watched,
    factor: f64,
    cooldown: usize,
    min_lr: f64,
    cooling: usize,
}

watching!(ReduceLrOnPlateau, patience: "After how many epochs without gain the rate is reduced.");

impl ReduceLrOnPlateau {
    /// Watches the log of this name.
    pub fn new(monitor: impl Into<String>) -> Self {
        let watched = Watched::new("ReduceLROnPlateau", monitor, 1e-4, 10);
        Self { watched, factor: 0.1, cooldown: 0, min_lr: 0.0, cooling: 0 }
    }

    /// What the rate is multiplied by; below 1.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// For how many epochs after a reduction nothing is watched.
    #[must_use]
    pub fn cooldown(mut self, epochs: usize) -> Self {
        self.cooldown = epochs;
        self
    }

    /// The smallest rate.
    #[must_use]
    pub fn min_lr(mut self, rate: f64) -> Self {
        self.min_lr = rate;
        self
    }

    /// Looks at the value of an epoch; the new rate, if it changes.
    fn look(&mut self, value: f64, rate: f64) -> Option<f64> {
        if self.cooling > 0 {
            self.cooling -= 1;
            self.watched.wait = 0;
        }
        if self.watched.gains(value) {
            self.watched.wait = 0;
            return None;
        }
        if self.cooling > 0 {
            return None;
        }
        self.watched.wait += 1;
        if self.watched.wait < self.watched.patience || rate <= self.min_lr {
            return None;
        }
        (self.cooling, self.watched.wait) = (self.cooldown, 0);
        Some((rate * self.factor).max(self.min_lr))
    }
}

impl Callback for ReduceLrOnPlateau {
    fn name(&self) -> &str {
        "ReduceLROnPlateau"
    }

    fn monitored(&self) -> Option<Monitor<'_>> {
        Some(self.watched.monitored())
    }

    fn state(&self) -> State {
        let mut state = self.watched.state();
        state.set("cooling", self.cooling);
        state
    }

    fn set_state(&mut self, state: &State) -> Result<()> {
        self.watched.set_state(state)?;
        self.cooling = state.get("cooling")?;
        Ok(())
    }

    fn on_train_begin(&mut self, cx: &mut Context<'_>) -> Result<()> {
        if !(self.factor > 0.0 && self.factor < 1.0) {
            return Err(Error::argument(format!("factor of ReduceLROnPlateau is between 0 and 1, got {}", self.factor)));
        }
        super::watched::check_number("min_lr", "ReduceLROnPlateau", Some(self.min_lr))?;
        self.cooling = 0;
        self.watched.begin(cx)
    }

    fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        let rate = cx.learning_rate()?;
        logs.set(LEARNING_RATE, rate);
        let Some(value) = logs.get(self.watched.name()) else { return Ok(()) };
        match self.look(value, rate) {
            Some(rate) => cx.set_learning_rate(rate),
            None => Ok(()),
        }
    }
}
