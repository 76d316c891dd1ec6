//! The beginning that fits a history best under given weights.

use super::recursion::{Season, State, Weights};
use super::search::solve;

/// The seasons whose starting values are searched for; more are too many numbers for what they bring.
pub(super) const SEARCHED_SEASONS: usize = 24;

/// How many steps towards the best beginning are taken where seasons multiply; two or three are usual.
const STEPS: usize = 8;

/// How many where it need not be exact.
const QUICK_STEPS: usize = 2;

/// Where to stop: a step that lowers the sum of squares by a smaller part of it.
const GAIN: f64 = 1e-11;

/// A history with the beginning from which its smoothing starts, which is fixed or searched for.
#[derive(Clone, Debug)]
pub(super) struct Beginning<'a> {
    season: Season,
    history: &'a [f64],
    searched: bool,
    /// The beginning: the best one found last, where it is searched for.
    pub(super) state: State,
    scratch: Vec<f64>,
}

impl<'a> Beginning<'a> {
    pub(super) fn new(season: Season, history: &'a [f64], state: State, searched: bool) -> Self {
        let searched = searched && state.seasons.len() <= SEARCHED_SEASONS;
        Self { season, history, searched, state, scratch: vec![0.0; history.len()] }
    }

    /// The errors of all steps under these weights, and the sum of their squares, which is infinite where it is no number.
    ///
    /// A beginning that is searched for becomes the best one. Errors are linear in it where seasons add up, so that one step
    /// reaches it from anywhere. Where they multiply, it takes several, of which `quick` leaves some out.
    pub(super) fn errors(&mut self, weights: &Weights, quick: bool, errors: &mut [f64]) -> f64 {
        if self.searched {
            return match self.state.seasons.len() {
                0..=2 => self.best::<4>(weights, quick, errors),
                3..=6 => self.best::<8>(weights, quick, errors),
                7..=14 => self.best::<16>(weights, quick, errors),
                _ => self.best::<32>(weights, quick, errors),
            };
        }
        finite(self.state.clone().over(self.season, weights, self.history, |step, error| errors[step] = error))
    }

    fn best<const W: usize>(&mut self, weights: &Weights, quick: bool, errors: &mut [f64]) -> f64 {
        let linear = self.season != Season::Multiplies;
        let mut squares = finite(self.state.clone().over(self.season, weights, self.history, |step, error| errors[step] = error));
        for _ in 0..if linear {
            1
        } else if quick {
            QUICK_STEPS
        } else {
            STEPS
        } {
            let (products, gradient) = self.state.normal::<W>(self.season, weights, self.history);
            let mut damping = 1e-13;
            let gain = loop {
                let step = solve(&products, &gradient, damping);
                let (found, next) = match step.and_then(|step| moved(&self.state, &step, self.season)) {
                    Some(next) => {
                        let scratch = &mut self.scratch;
                        (finite(next.clone().over(self.season, weights, self.history, |step, error| scratch[step] = error)), next)
                    }
                    None => (f64::INFINITY, self.state.clone()),
                };
                if found < squares {
                    let gain = (squares - found) / squares;
                    (self.state, squares) = (next, found);
                    errors.copy_from_slice(&self.scratch);
                    break if gain.is_nan() { 1.0 } else { gain };
                }
                damping = (damping * 1e3).max(1e-6);
                if damping > 1e6 || linear && damping > 1e-3 {
                    break 0.0;
                }
            };
            if gain < GAIN {
                break;
            }
        }
        squares
    }
}

fn finite(squares: f64) -> f64 {
    if squares.is_finite() { squares } else { f64::INFINITY }
}

/// The beginning after a step of level, trend and all seasons but the first, which keeps the sum of the seasons: level and
/// seasons could else move against each other. None where a season that multiplies would not be above 0.
fn moved(from: &State, step: &[f64], season: Season) -> Option<State> {
    let mut next = from.clone();
    let [level, trend, seasons @ ..] = step else { return None };
    next.level += level;
    next.trend += trend;
    if let [first, others @ ..] = next.seasons.as_mut_slice() {
        *first -= seasons.iter().sum::<f64>();
        others.iter_mut().zip(seasons).for_each(|(season, step)| *season += step);
    }
    (season != Season::Multiplies || next.seasons.iter().all(|season| *season > 0.0)).then_some(next)
}

impl State {
    /// The normal equations of a step of the beginning (level, trend, all seasons but the first) towards the least sum of
    /// squares; `W` is a number above theirs.
    fn normal<const W: usize>(&self, season: Season, weights: &Weights, history: &[f64]) -> (Vec<f64>, Vec<f64>) {
        match season {
            Season::None => self.products::<W, 0>(weights, history),
            Season::Adds => self.products::<W, 1>(weights, history),
            Season::Multiplies => self.products::<W, 2>(weights, history),
        }
    }

    fn products<const W: usize, const SEASON: u8>(&self, weights: &Weights, history: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let Weights { alpha, beta, gamma, phi } = *weights;
        let mut seasons = self.seasons.clone();
        let (mut level, mut trend, mut place) = (self.level, self.trend, self.place);
        // How all of these move with the beginning: lane 1 is its level, lane 2 its trend, the others its seasons.
        let one = |lane: usize| std::array::from_fn(|at| if at == lane { 1.0 } else { 0.0 });
        let (mut by_level, mut by_trend): ([f64; W], [f64; W]) = (one(1), one(2));
        let mut by_season: Vec<[f64; W]> = (0..seasons.len()).map(|index| one(2 + index)).collect();
        if let Some(first) = by_season.first_mut() {
            *first = std::array::from_fn(|at| if at > 2 && at < 2 + seasons.len() { -1.0 } else { 0.0 });
        }
        let mut sums = [[0.0; W]; W];
        for value in history {
            let base = level + phi * trend;
            let at = if SEASON == 0 { 0.0 } else { seasons[place] };
            let by_at = if SEASON == 0 { [0.0; W] } else { by_season[place] };
            let error = value
                - match SEASON {
                    0 => base,
                    1 => base + at,
                    _ => base * at,
                };
            let (over_season, over_base) = if SEASON == 2 { (error / at, error / base) } else { (error, error) };
            let (per_season, per_base) = if SEASON == 2 { (1.0 / at, 1.0 / base) } else { (1.0, 1.0) };
            let mut row = [0.0; W];
            let mut by_next = [0.0; W];
            for lane in 0..W {
                let by_base = by_level[lane] + phi * by_trend[lane];
                let (by_forecast, by_rise, by_change) = if SEASON == 2 {
                    let by_forecast = by_base * at + base * by_at[lane];
                    let by_rise = (-by_forecast - over_season * by_at[lane]) * per_season;
                    (by_forecast, by_rise, (-by_forecast - over_base * by_base) * per_base)
                } else {
                    let by_forecast = by_base + by_at[lane];
                    (by_forecast, -by_forecast, -by_forecast)
                };
                row[lane] = by_forecast;
                by_level[lane] = by_base + alpha * by_rise;
                by_trend[lane] = phi * by_trend[lane] + beta * alpha * by_rise;
                by_next[lane] = by_at[lane] + gamma * by_change;
            }
            level = base + alpha * over_season;
            trend = phi * trend + beta * alpha * over_season;
            if SEASON > 0 {
                by_season[place] = by_next;
                seasons[place] = at + gamma * over_base;
                place = if place + 1 == seasons.len() { 0 } else { place + 1 };
            }
            row[0] = error;
            for (sums, left) in sums.iter_mut().zip(row) {
                sums.iter_mut().zip(row).for_each(|(sum, right)| *sum += left * right);
            }
        }
        let unknowns = 1..self.seasons.len().max(1) + 2;
        let products = sums[unknowns.clone()].iter().flat_map(|row| row[unknowns.clone()].iter().copied()).collect();
        (products, sums[0][unknowns].to_vec())
    }
}
