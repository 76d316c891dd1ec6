use super::watched::{Watched, watching};
use super::{Callback, Context, Logs, Monitor, State};
use crate::{Error, Result, Tensor};

/// Ends the training when a log stops getting better.
///
/// Defaults as in Keras: patience 0, any gain counts, the last weights are kept. Smaller is better for whatever ends in
/// `loss`; of a metric, the metric says which values are better, and where it does not, `fit` asks for
/// [`minimize`](EarlyStopping::minimize) or [`maximize`](EarlyStopping::maximize).
///
/// ```
/// use practicum_core::callbacks::EarlyStopping;
///
/// let stopping =
///     EarlyStopping::new("val_loss").patience(5).min_delta(1e-3).restore_best_weights(true);
/// ```
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    watched: Watched,
    baseline: Option<f64>,
    start_from_epoch: usize,
    restore_best_weights: bool,
    best_epoch: Option<usize>,
    best_weights: Option<Vec<Tensor>>,
    stopped_epoch: Option<usize>,
}

watching!(EarlyStopping, patience: "After how many epochs without gain the training ends.");

impl EarlyStopping {
    /// Watches the log of this name.
    pub fn new(monitor: impl Into<String>) -> Self {
        Self {
            watched: Watched::new("EarlyStopping", monitor, 0.0, 0),
            baseline: None,
            start_from_epoch: 0,
            restore_best_weights: false,
            best_epoch: None,
            best_weights: None,
            stopped_epoch: None,
        }
    }

    /// A value that has to be beaten.
    #[must_use]
    pub fn baseline(mut self, value: f64) -> Self {
        self.baseline = Some(value);
        self
    }

    /// The first epoch that is looked at.
    #[must_use]
    pub fn start_from_epoch(mut self, epoch: usize) -> Self {
        self.start_from_epoch = epoch;
        self
    }

    /// Whether the model gets the weights of its best epoch back when the training ends, for whatever reason it does.
    #[must_use]
    pub fn restore_best_weights(mut self, restore: bool) -> Self {
        self.restore_best_weights = restore;
        self
    }

    /// The epoch after which the training was ended, if it was: counted from 0, while the lines that `fit` writes count
    /// from 1.
    pub fn stopped_epoch(&self) -> Option<usize> {
        self.stopped_epoch
    }

    /// The epoch with the best value, counted from 0.
    pub fn best_epoch(&self) -> Option<usize> {
        self.best_epoch
    }

    /// Looks at the value of an epoch; whether the training should end.
    fn look(&mut self, epoch: usize, value: f64, weights: impl FnOnce() -> Vec<Tensor>) -> bool {
        self.watched.wait += 1;
        if self.watched.gains(value) {
            self.best_epoch = Some(epoch);
            if self.restore_best_weights {
                self.best_weights = Some(weights());
            }
            if self.baseline.is_none_or(|baseline| self.watched.beats(value, baseline)) {
                self.watched.wait = 0;
            }
            return false;
        }
        self.watched.wait >= self.watched.patience && epoch > 0
    }
}

impl Callback for EarlyStopping {
    fn name(&self) -> &str {
        "EarlyStopping"
    }

    fn monitored(&self) -> Option<Monitor<'_>> {
        Some(self.watched.monitored())
    }

    fn on_train_begin(&mut self, cx: &mut Context<'_>) -> Result<()> {
        super::watched::check_number("baseline", "EarlyStopping", self.baseline)?;
        self.watched.begin(cx)?;
        (self.best_epoch, self.best_weights, self.stopped_epoch) = (None, None, None);
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        let Some(value) = logs.get(self.watched.name()).filter(|_| epoch >= self.start_from_epoch) else { return Ok(()) };
        if self.restore_best_weights && self.best_weights.is_none() {
            // If nothing ever is a gain, as with NaN, these are the best there are.
            self.best_weights = Some(cx.model().get_weights());
            self.best_epoch = Some(epoch);
        }
        if self.look(epoch, value, || cx.model().get_weights()) {
            self.stopped_epoch = Some(epoch);
            cx.stop_training();
        }
        Ok(())
    }

    fn on_train_end(&mut self, cx: &mut Context<'_>) -> Result<()> {
        match self.best_weights.take() {
            Some(weights) => cx.model_mut().set_weights(&weights),
            None => Ok(()),
        }
    }

    fn state(&self) -> State {
        let mut state = self.watched.state();
        state.set("best_epoch", self.best_epoch);
        state.set("stopped_epoch", self.stopped_epoch);
        state.set("best_weights", self.best_weights.as_ref().map(Vec::len));
        for (index, weight) in self.best_weights.iter().flatten().enumerate() {
            state.set_tensor(&format!("best_weights/{index}"), weight.clone());
        }
        state
    }

    fn set_state(&mut self, state: &State) -> Result<()> {
        let (best_epoch, stopped_epoch): (Option<usize>, Option<usize>) = (state.get("best_epoch")?, state.get("stopped_epoch")?);
        let count: Option<usize> = state.get("best_weights")?;
        let weights = |count: usize| (0..count).map(|index| state.tensor(&format!("best_weights/{index}")).cloned()).collect();
        let best_weights: Option<Vec<Tensor>> = count.map(weights).transpose()?.filter(|_| self.restore_best_weights);
        if let (Some(epoch), None, true) = (best_epoch, &best_weights, self.restore_best_weights) {
            return Err(Error::format(format!("the state does not hold the weights of epoch {epoch}, which are to be restored"))
                .hint("go on with the callbacks that the training began with"));
        }
        self.watched.set_state(state)?;
        (self.best_epoch, self.stopped_epoch, self.best_weights) = (best_epoch, stopped_epoch, best_weights);
        Ok(())
    }
}
