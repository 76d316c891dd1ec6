//! What callbacks share that watch a log for gains.

use crate::metrics::Direction;
use crate::model::{Context, Monitor, State};
use crate::{Error, Result};

/// A log, the best value it had, and for how many epochs there was none better.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    callback: &'static str,
    monitor: String,
    asked: Option<Direction>,
    pub(super) min_delta: f64,
    pub(super) patience: usize,
    direction: Direction,
    pub(super) best: f64,
    pub(super) wait: usize,
}

/// Refuses NaN, which no value is above or below.
pub(super) fn check_number(what: &str, callback: &str, value: Option<f64>) -> Result<()> {
    match value {
        Some(value) if value.is_nan() => Err(Error::argument(format!("{what} of {callback} must be a number, got NaN"))),
        _ => Ok(()),
    }
}

impl Watched {
    pub(super) fn new(callback: &'static str, monitor: impl Into<String>, min_delta: f64, patience: usize) -> Self {
        let direction = Direction::Minimize;
        Self { callback, monitor: monitor.into(), asked: None, min_delta, patience, direction, best: direction.worst(), wait: 0 }
    }

    pub(super) fn watch(&mut self, monitor: &str) {
        monitor.clone_into(&mut self.monitor);
    }

    pub(super) fn ask(&mut self, direction: Direction) {
        self.asked = Some(direction);
    }

    pub(super) fn monitored(&self) -> Monitor<'_> {
        Monitor { name: &self.monitor, callback: self.callback }
    }

    pub(super) fn name(&self) -> &str {
        &self.monitor
    }

    /// Forgets what it has seen, and settles which values are better.
    pub(super) fn begin(&mut self, cx: &Context<'_>) -> Result<()> {
        if !self.min_delta.is_finite() {
            return Err(Error::argument(format!("min_delta of {} must be a number, got {}", self.callback, self.min_delta)));
        }
        self.direction = self.asked.or_else(|| cx.direction(&self.monitor)).ok_or_else(|| {
            Error::argument(format!("nothing says whether smaller or larger values of `{}` are better", self.monitor))
                .context(self.callback)
                .hint("say it with `.minimize()` or `.maximize()`, or with the metric's `direction`")
        })?;
        (self.best, self.wait) = (self.direction.worst(), 0);
        Ok(())
    }

    /// Whether a value is better than another by `min_delta`.
    pub(super) fn beats(&self, value: f64, other: f64) -> bool {
        self.direction.improves(value, other, self.min_delta)
    }

    /// Whether a value is the best so far; it is kept then.
    pub(super) fn gains(&mut self, value: f64) -> bool {
        let gains = self.beats(value, self.best);
        if gains {
            self.best = value;
        }
        gains
    }

    pub(super) fn state(&self) -> State {
        let mut state = State::new();
        state.set("monitor", self.monitor.as_str());
        state.set("direction", self.direction.verb());
        state.set_numbers("best", &[self.best]);
        state.set("wait", self.wait);
        state
    }

    pub(super) fn set_state(&mut self, state: &State) -> Result<()> {
        let (monitor, direction): (String, String) = (state.get("monitor")?, state.get("direction")?);
        if monitor != self.monitor || direction != self.direction.verb() {
            let message =
                format!("the state is of a training that {direction}s `{monitor}`, this one {}s `{}`", self.direction.verb(), self.monitor);
            return Err(Error::format(message).hint("go on with the callbacks that the training began with"));
        }
        let [best] = state.numbers("best")?[..] else { return Err(Error::format("the state has no single number as `best`")) };
        (self.best, self.wait) = (best, state.get("wait")?);
        Ok(())
    }
}

/// The builder methods of callbacks with a [`Watched`] in `self.watched`.
macro_rules! watching {
    ($callback:ident $(, patience: $patience:literal)?) => {
        impl $callback {
            /// How much better a value must be to count.
            #[must_use]
            pub fn min_delta(mut self, delta: f64) -> Self {
                self.watched.min_delta = delta.abs();
                self
            }

            $(
                #[doc = $patience]
                #[must_use]
                pub fn patience(mut self, epochs: usize) -> Self {
                    self.watched.patience = epochs;
                    self
                }
            )?

            /// Smaller values are better, whatever the metric says.
            #[must_use]
            pub fn minimize(mut self) -> Self {
                self.watched.ask($crate::metrics::Direction::Minimize);
                self
            }

            /// Larger values are better, whatever the metric says.
            #[must_use]
            pub fn maximize(mut self) -> Self {
                self.watched.ask($crate::metrics::Direction::Maximize);
                self
            }
        }
    };
}
pub(super) use watching;
