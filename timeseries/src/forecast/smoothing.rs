mod recursion;
mod search;

use practicum_core::{Error, Result};

use self::recursion::{Season, State, Weights};
use self::search::{Unknown, closing_grid, least_squares};
use super::{Fitted, Forecaster, check_history, check_horizon};
use crate::decompose::{Decomposition, Model};
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
/// Weights that are not given are those with the least sum of squared one-step errors on the history: `α` and `β` between
/// 0.0001 and 0.9999, `γ` up to `1 − α`, `φ` between 0.8 and 0.98; for simple smoothing, which begins at the first value,
/// `α` between 0 and 1. The search starts from several places, as the sum has more than one valley. Other libraries count
/// `αβ` as the weight of the trend. [`Fitted::parameters`] tells what was found.
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

/// The seasons whose starting values are searched for; more are too many numbers for what they bring.
const SEARCHED_SEASONS: usize = 24;

/// From how many points the search for weights starts.
const STARTS: usize = 6;

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

    /// The weight of a new season in the seasons, between 0 and 1.
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

    /// Seasons by decomposition, level and trend by a line through the beginning.
    fn heuristic(&self, history: &[f64]) -> Result<State> {
        let seasons = match self.season {
            Season::None => Vec::new(),
            Season::Adds => Decomposition::classical(history, self.period, Model::Additive)?.season[..self.period].to_vec(),
            Season::Multiplies => {
                let season = Decomposition::classical(history, self.period, Model::Multiplicative)?.season;
                season[..self.period].iter().map(|season| season.max(0.01)).collect()
            }
        };
        let beginning = history.len().min(self.period.saturating_mul(2).max(10));
        let plain = |step: usize| match self.season {
            Season::None => history[step],
            Season::Adds => history[step] - seasons[step % self.period],
            Season::Multiplies => history[step] / seasons[step % self.period],
        };
        let values: Vec<f64> = (0..beginning).map(plain).collect();
        let middle = (beginning + 1) as f64 / 2.0;
        let mean = crate::real::mean(&values);
        let from_middle = |step: usize| (step + 1) as f64 - middle;
        let spread: f64 = (0..beginning).map(|step| from_middle(step).powi(2)).sum();
        let trend = values.iter().enumerate().map(|(step, value)| from_middle(step) * (value - mean)).sum::<f64>() / spread;
        Ok(State { level: mean - trend * middle, trend, seasons, place: 0 })
    }

    /// The weights and the beginning with the least sum of squares.
    fn search(&self, history: &[f64]) -> Result<(Weights, State)> {
        let begin = self.heuristic(history)?;
        let deviation = moments(history).1.max(f64::MIN_POSITIVE);
        let seasonal = self.season != Season::None;
        let given = [(self.alpha, true), (self.beta, true), (self.gamma, seasonal), (self.phi, self.damped)];
        let searched: Vec<bool> = given.iter().map(|(given, used)| *used && given.is_none()).collect();
        let fixed = [self.alpha, self.beta, self.gamma.or((!seasonal).then_some(0.0)), self.phi.or((!self.damped).then_some(1.0))];
        // γ is searched for as a part of 1 − α, its bound.
        let read = |mut found: std::slice::Iter<'_, f64>| {
            let mut next = |index: usize| fixed[index].unwrap_or_else(|| found.next().copied().unwrap_or(0.0));
            let (alpha, beta, gamma, phi) = (next(0), next(1), next(2), next(3));
            Weights { alpha, beta, gamma: if self.gamma.is_none() { gamma * (1.0 - alpha) } else { gamma }, phi }
        };
        let weights = searched.iter().filter(|searched| **searched).count();
        let starts = self.starts(history, &begin, &searched, &read);
        let bounds = (0..4).filter(|index| searched[*index]).map(|index| if index == 3 { (0.8, 0.98) } else { (1e-4, 0.9999) });
        let mut unknowns: Vec<Unknown> = bounds.map(|(least, most)| Unknown { start: least, least, most, size: 1.0 }).collect();
        let free = |start: f64, size: f64| Unknown { start, least: f64::NEG_INFINITY, most: f64::INFINITY, size };
        if self.initial == Initial::Estimated && begin.seasons.len() <= SEARCHED_SEASONS {
            unknowns.extend([free(begin.level, deviation), free(begin.trend, deviation)]);
            let size = if self.season == Season::Multiplies { 1.0 } else { deviation };
            unknowns.extend(begin.seasons.iter().skip(1).map(|season| free(*season, size)));
        }
        let state = |x: &[f64], state: &mut State| {
            state.clone_from(&begin);
            let [level, trend, seasons @ ..] = &x[weights..] else { return };
            (state.level, state.trend) = (*level, *trend);
            if let [first, others @ ..] = state.seasons.as_mut_slice() {
                // The seasons' mean stays what it is: level and seasons could else move against each other.
                *first = if self.season == Season::Multiplies { (seasons.len() + 1) as f64 } else { 0.0 } - seasons.iter().sum::<f64>();
                others.copy_from_slice(seasons);
            }
        };
        let scratch = std::cell::RefCell::new(begin.clone());
        let errors = |x: &[f64], errors: &mut [f64]| {
            let mut at = scratch.borrow_mut();
            state(x, &mut at);
            let squares = at.over(self.season, &read(x.iter()), history, |step, error| errors[step] = error);
            if squares.is_finite() { squares } else { f64::INFINITY }
        };
        let from = |start: Vec<f64>| {
            let mut unknowns = unknowns.clone();
            unknowns.iter_mut().zip(start).for_each(|(unknown, start)| unknown.start = start);
            least_squares(&unknowns, history.len(), errors)
        };
        let (_, found) = starts.into_iter().map(from).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
        let mut start = begin.clone();
        state(&found, &mut start);
        Ok((read(found.iter()), start))
    }

    /// The points of a coarse grid of weights from which the search starts: the best of the grid, of those with another `α` or
    /// `γ`, and so on.
    fn starts(
        &self,
        history: &[f64],
        begin: &State,
        searched: &[bool],
        read: &impl Fn(std::slice::Iter<'_, f64>) -> Weights,
    ) -> Vec<Vec<f64>> {
        let grids: [&[f64]; 4] = [&[0.05, 0.3, 0.8], &[0.02, 0.2], &[0.05, 0.3, 0.7, 0.95], &[0.85, 0.95]];
        let mut grid: Vec<Vec<f64>> = vec![Vec::new()];
        for (values, _) in grids.iter().zip(searched).filter(|(_, searched)| **searched) {
            grid = grid.iter().flat_map(|start| values.iter().map(move |value| [start.as_slice(), &[*value]].concat())).collect();
        }
        let squares = |start: &Vec<f64>| begin.clone().over(self.season, &read(start.iter()), history, |_, _| {});
        let mut scored: Vec<(f64, Vec<f64>)> = grid.into_iter().map(|start| (squares(&start), start)).collect();
        scored.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut seen: Vec<(f64, f64)> = Vec::new();
        let differs = |start: &Vec<f64>| {
            let weights = read(start.iter());
            let key = (weights.alpha, weights.gamma);
            let new = !seen.contains(&key);
            seen.extend(new.then_some(key));
            new
        };
        scored.into_iter().map(|(_, start)| start).filter(differs).take(STARTS).collect()
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
        let (weights, start) = self.search(history)?;
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
