//! Methods that forecast several steps at once.

use std::fmt::Debug;
use std::ops::Range;

use practicum_core::{Error, Result};

use super::{Fitted, check_history, check_horizon};

/// A method that forecasts all steps of its horizon from the steps before them.
pub(crate) trait ManySteps: Clone + Debug + Send + Sync + 'static {
    /// What it is called in errors.
    fn name(&self) -> String;

    /// How many steps it looks back.
    fn reach(&self) -> usize;

    /// How many steps it forecasts.
    fn horizon(&self) -> usize;

    /// A forecast from each of these steps on, all of them far enough into the series, from what lies before it.
    fn from(&self, series: &[f64], steps: Range<usize>) -> Result<Vec<Vec<f64>>>;
}

/// Such a method at the end of a history.
#[derive(Clone, Debug)]
pub(crate) struct Direct<M> {
    method: M,
    history: Vec<f64>,
}

impl<M: ManySteps> Direct<M> {
    pub(crate) fn fitted(method: M, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_history(&method.name(), history, method.reach())?;
        Ok(Box::new(Self { method, history: history.to_vec() }))
    }
}

impl<M: ManySteps> Fitted for Direct<M> {
    fn history(&self) -> &[f64] {
        &self.history
    }

    fn one_step(&self) -> Result<Vec<f64>> {
        let reach = self.method.reach();
        let forecasts = self.method.from(&self.history, reach..self.history.len())?;
        Ok(std::iter::repeat_n(f64::NAN, reach).chain(forecasts.iter().map(|steps| steps[0])).collect())
    }

    fn path(&self, shocks: &[f64]) -> Result<Vec<f64>> {
        check_horizon(shocks.len())?;
        Err(Error::argument(format!("{} forecasts {} steps at once, not one from the other", self.method.name(), self.method.horizon()))
            .hint("take `Interval::Conformal`, or let it forecast step by step"))
    }

    fn predict(&self, horizon: usize) -> Result<Vec<f64>> {
        check_reach(&self.method.name(), horizon, self.method.horizon())?;
        let end = self.history.len();
        let mut steps = self.method.from(&self.history, end..end + 1)?.pop().unwrap_or_default();
        steps.truncate(horizon);
        Ok(steps)
    }

    fn advance(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        Self::fitted(self.method.clone(), history)
    }
}

/// Refuses a horizon beyond the one a method was fitted for.
pub(super) fn check_reach(name: &str, horizon: usize, most: usize) -> Result<()> {
    check_horizon(horizon)?;
    if horizon > most {
        return Err(Error::argument(format!("the horizon is {horizon}, expected at most {most}, for which {name} was fitted"))
            .hint("say how far ahead it shall forecast with `direct`"));
    }
    Ok(())
}
