mod beginning;
mod fit;
mod recursion;
mod region;
mod search;

use practicum_core::{Error, Result};

use self::recursion::{Season, State, Weights};
use self::search::closing_grid;
pub(super) use self::search::variance;
use super::{Fitted, Forecaster, check_history, check_horizon};
use crate::real::check_finite;
use crate::transform::moments;

/// Where exponential smoothing begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Initial {
    /// Level, trend and seasons that fit the history best, found together with the weights: what statsmodels calls
    /// `estimated`, and what R's and statsforecast's `ets` do. Seasons of more than 24 steps begin as with `Heuristic`.
    #[default]
    Estimated,
    /// Seasons from the classical decomposition, level and trend from a line through the first ten values, or two
    /// seasons if that is more, without their seasons (Hyndman et al. 2008, section 2.6.1).
    Heuristic,
}

/// Exponential smoothing: simple (Brown 1959), with a trend (Holt 1957), with trend and seasons (Winters 1960), and with a
/// trend that fades (Gardner and McKenzie 1985).
///
/// With level `ℓ`, trend `b` and seasons `s` of `m` steps, and the weights `α`, `β`, `γ`, `φ`:
///
/// | | adds up | multiplies |
/// |---|---|---|
/// | forecast of step `t` | `ℓ + φb + s[t − m]` | `(ℓ + φb) s[t − m]` |
/// | level after it | `α (x − s[t − m]) + (1 − α)(ℓ + φb)` | `α x / s[t − m] + (1 − α)(ℓ + φb)` |
/// | trend after it | `β (ℓ[t] − ℓ) + (1 − β) φb` | the same |
/// | season after it | `γ (x − ℓ − φb) + (1 − γ) s[t − m]` | `γ x / (ℓ + φb) + (1 − γ) s[t − m]` |
///
/// Weights that are not given are those with the least sum of squared one-step errors on the history, together with the best
/// beginning (simple smoothing begins at the first value). All lie between 0 and 1; `γ` is at most `1 − α`, or as much more as
/// leaves the recursion stable (Hyndman, Akram and Archibald 2008), and a larger one is refused. The sum has many valleys,
/// so the search looks at a grid first. Where `φ` is found to be 1, the trend does not fade. Other libraries count `αβ` as the
/// weight of the trend, and R's `HoltWinters` counts `γ` as a part of `1 − α`. [`Fitted::parameters`] tells what was found.
///
/// ```
/// use practicum_timeseries::forecast::{ExponentialSmoothing, Forecaster};
///
/// let fitted = ExponentialSmoothing::simple().alpha(0.5).fit(&[4.0, 8.0, 6.0])?;
/// assert_eq!(fitted.predict(2)?, [6.0, 6.0]);
/// let line: Vec<f64> = (0..20).map(|t| 3.0 + 2.0 * f64::from(t)).collect();
/// assert!((ExponentialSmoothing::holt().fit(&line)?.predict(1)?[0] - 43.0).abs() < 1e-6);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialSmoothing {
    trend: bool,
    damped: bool,
    season: Season,
    period: usize,
    alpha: Option<f64>,
    beta: Option<f64>,
    gamma: Option<f64>,
    phi: Option<f64>,
    initial: Initial,
}

impl ExponentialSmoothing {
    /// A level alone: the forecast is the same for every step.
    pub fn simple() -> Self {
        let (alpha, beta, gamma, phi) = (None, None, None, None);
        Self { trend: false, damped: false, season: Season::None, period: 0, alpha, beta, gamma, phi, initial: Initial::default() }
    }

    /// A level and a trend.
    pub fn holt() -> Self {
        Self { trend: true, ..Self::simple() }
    }

    /// A level, a trend and seasons of `period` steps, which add up.
    pub fn holt_winters(period: usize) -> Self {
        Self { season: Season::Adds, period, ..Self::holt() }
    }

    /// Lets the seasons multiply the level.
    #[must_use]
    pub fn multiplicative(mut self) -> Self {
        self.season = Season::Multiplies;
        self
    }

    /// Lets the trend fade, by the factor `φ` a step.
    #[must_use]
    pub fn damped(mut self) -> Self {
        self.damped = true;
        self
    }

    /// The weight of a new value in the level, between 0 and 1.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = Some(alpha);
        self
    }

    /// The weight of a new change of the level in the trend, between 0 and 1.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = Some(beta);
        self
    }

    /// The weight of a new season in the seasons, between 0 and `1 − α`, or as much more, up to 1, as is stable.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.gamma = Some(gamma);
        self
    }

    /// What is left of a damped trend after a step, above 0 and at most 1.
    #[must_use]
    pub fn phi(mut self, phi: f64) -> Self {
        self.phi = Some(phi);
        self.damped()
    }

    /// Where it begins; simple smoothing always begins at the first value.
    #[must_use]
    pub fn initial(mut self, initial: Initial) -> Self {
        self.initial = initial;
        self
    }

    fn check(&self, history: &[f64]) -> Result<()> {
        let asked = [
            ("alpha", self.alpha, true),
            ("beta", self.beta, self.trend),
            ("gamma", self.gamma, self.season != Season::None),
            ("phi", self.phi, self.trend),
        ];
        for (name, value, used) in asked {
            let Some(value) = value else { continue };
            if !used {
                return Err(Error::argument(format!("{} has no {name}", self.name())));
            }
            if !(0.0..=1.0).contains(&value) || (name == "phi" && value == 0.0) {
                return Err(Error::argument(format!("{name} is {value}, expected a number between 0 and 1")));
            }
        }
        if self.damped && !self.trend {
            return Err(Error::argument("simple exponential smoothing has no trend to damp"));
        }
        if self.season == Season::None {
            return check_history(&self.name(), history, if self.trend { 2 } else { 1 });
        }
        if self.period < 2 {
            return Err(Error::argument(format!("the period of the seasons is {}, expected 2 steps or more", self.period)));
        }
        check_history(&self.name(), history, self.period.saturating_mul(2))?;
        match history.iter().position(|value| *value <= 0.0) {
            Some(index) if self.season == Season::Multiplies => Err(Error::data(format!(
                "the history holds {} at index {index}: a season can only multiply numbers above 0",
                history[index]
            ))
            .hint("leave out `multiplicative`, or add a constant first")),
            _ => Ok(()),
        }
    }

    fn fit_simple(&self, history: &[f64]) -> Smoothed {
        let squares = |alphas: &[f64; 8]| {
            let (mut levels, mut squares) = ([history[0]; 8], [0.0; 8]);
            for value in history {
                for lane in 0..8 {
                    let error = value - levels[lane];
                    levels[lane] += alphas[lane] * error;
                    squares[lane] += error * error;
                }
            }
            squares
        };
        let alpha = self.alpha.unwrap_or_else(|| closing_grid(0.0, 1.0, squares));
        let start = State { level: history[0], trend: 0.0, seasons: Vec::new(), place: 0 };
        // What the recursion comes to, in fewer steps that wait for each other.
        let level = history.iter().fold(history[0], |level, value| level + alpha * (value - level));
        let weights = Weights { alpha, beta: 0.0, gamma: 0.0, phi: 0.0 };
        Smoothed { options: *self, weights, end: State { level, ..start.clone() }, start, history: history.to_vec() }
    }
}

impl Forecaster for ExponentialSmoothing {
    fn name(&self) -> String {
        let damped = if self.damped { ", damped" } else { "" };
        match (self.trend, self.season) {
            (false, _) => "simple exponential smoothing".to_owned(),
            (true, Season::None) => format!("Holt{damped}"),
            (true, Season::Adds) => format!("Holt-Winters {}{damped}", self.period),
            (true, Season::Multiplies) => format!("Holt-Winters {}, multiplicative{damped}", self.period),
        }
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        self.check(history)?;
        if !self.trend {
            return Ok(Box::new(self.fit_simple(history)));
        }
        let (weights, start) = fit::search(self, history)?;
        let fitted = Smoothed::new(self, weights, start, history.to_vec());
        fitted.check()?;
        Ok(Box::new(fitted))
    }
}

#[derive(Clone, Debug)]
struct Smoothed {
    options: ExponentialSmoothing,
    weights: Weights,
    start: State,
    end: State,
    history: Vec<f64>,
}

impl Smoothed {
    fn new(options: &ExponentialSmoothing, weights: Weights, start: State, history: Vec<f64>) -> Self {
        let mut end = start.clone();
        end.over(options.season, &weights, &history, |_, _| {});
        Self { options: *options, weights, start, end, history }
    }

    /// The weights that were searched for, by their index.
    fn searched(&self) -> Vec<usize> {
        let options = &self.options;
        let seasonal = options.season != Season::None;
        let all = [(options.alpha, true), (options.beta, options.trend), (options.gamma, seasonal), (options.phi, options.damped)];
        (0..4).filter(|index| all[*index].1 && all[*index].0.is_none()).collect()
    }

    /// How many numbers the beginning is made of.
    fn starting(&self) -> usize {
        if self.options.trend { self.start.seasons.len().max(1) + 1 } else { 1 }
    }

    fn check(&self) -> Result<()> {
        let State { level, trend, seasons, .. } = &self.end;
        check_finite("what was learned", &[*level, *trend])
            .and_then(|()| check_finite("what was learned", seasons))
            .map_err(|error| error.context(self.options.name()).hint("bring the history to numbers of ordinary size with a `Scale`"))
    }
}

impl Fitted for Smoothed {
    fn history(&self) -> &[f64] {
        &self.history
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        let Weights { alpha, beta, gamma, phi } = self.weights;
        let options = &self.options;
        let all = [
            ("alpha", alpha, true),
            ("beta", beta, options.trend),
            ("gamma", gamma, options.season != Season::None),
            ("phi", phi, options.damped),
        ];
        all.into_iter().filter(|(_, _, used)| *used).map(|(name, value, _)| (name, value)).collect()
    }

    fn estimated(&self) -> usize {
        self.searched().len() + self.starting()
    }

    /// To first order, from how errors and forecasts move with weights and starting values.
    fn estimation_variance(&self, horizon: usize) -> Result<Vec<f64>> {
        check_horizon(horizon)?;
        let weights = self.searched();
        // Simple smoothing begins at the first value, whatever it is.
        let starting = if self.options.trend { self.starting() } else { 0 };
        let deviation = moments(&self.history).1.max(f64::MIN_POSITIVE);
        let still = (self.residuals()?, self.predict(horizon)?);
        let (mut by_error, mut by_forecast) = (Vec::new(), vec![Vec::new(); horizon]);
        for index in 0..weights.len() + starting {
            let mut moved = self.clone();
            let step = match weights.get(index) {
                Some(weight) => moved.weights.step(*weight),
                None => moved.start.step(self.options.season, index - weights.len(), 1e-5 * deviation),
            };
            let moved = Self::new(&self.options, moved.weights, moved.start, moved.history);
            let slopes = |moved: Vec<f64>, still: &[f64]| -> Vec<f64> { moved.iter().zip(still).map(|(a, b)| (a - b) / step).collect() };
            by_error.push(slopes(moved.residuals()?, &still.0));
            by_forecast.iter_mut().zip(slopes(moved.predict(horizon)?, &still.1)).for_each(|(by, slope)| by.push(slope));
        }
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let products: Vec<f64> = by_error.iter().flat_map(|a| by_error.iter().map(move |b| product(a, b))).collect();
        Ok(by_forecast.iter().map(|by| variance(&products, by)).collect())
    }

    fn one_step(&self) -> Result<Vec<f64>> {
        let mut forecasts = Vec::with_capacity(self.history.len());
        self.start.clone().run(self.options.season, &self.weights, self.history.len(), |step, forecast| {
            forecasts.push(forecast);
            self.history[step] - forecast
        });
        Ok(forecasts)
    }

    fn path(&self, shocks: &[f64]) -> Result<Vec<f64>> {
        check_horizon(shocks.len())?;
        let mut path = Vec::with_capacity(shocks.len());
        self.end.clone().run(self.options.season, &self.weights, shocks.len(), |step, forecast| {
            path.push(forecast + shocks[step]);
            shocks[step]
        });
        Ok(path)
    }

    fn advance(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        check_history(&self.options.name(), history, 1)?;
        let fitted = Self::new(&self.options, self.weights, self.start.clone(), history.to_vec());
        fitted.check()?;
        Ok(Box::new(fitted))
    }
}

#[cfg(test)]
mod tests;
