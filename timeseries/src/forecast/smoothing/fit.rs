//! The weights and the beginning with the least sum of squares.

use practicum_core::{Error, Result};

use super::beginning::Beginning;
use super::recursion::{Season, State, Weights};
use super::region::largest_gamma;
use super::search::{Unknown, compass, least_squares};
use super::{ExponentialSmoothing, Initial};
use crate::decompose::{Decomposition, Model};

/// From how many points the search starts at most.
const STARTS: usize = 12;

/// Of how many of the points found so the neighbourhood is tried.
const FINALISTS: usize = 3;

/// The values of `α`, `β`, `γ` and `φ` of which the grid is made; those of `γ` are parts of the largest.
const GRID: [&[f64]; 4] =
    [&[0.006, 0.014, 0.03, 0.06, 0.12, 0.25, 0.5, 0.75, 1.0], &[0.0, 0.03, 0.2, 0.6, 1.0], &[0.0, 0.15, 0.4, 0.7, 1.0], &[0.4, 0.85, 0.97]];

/// The weights that are not given, and the beginning, with the least sum of squared errors.
///
/// The best beginning of any weights can be computed, so that only the weights are searched for: on a grid first, and from
/// each of its valleys by least squares.
///
/// # Errors
/// Weights that do not go together.
pub(super) fn search(options: &ExponentialSmoothing, history: &[f64]) -> Result<(Weights, State)> {
    let begin = heuristic(options, history)?;
    let mut beginning = Beginning::new(options.season, history, begin.clone(), options.initial == Initial::Estimated);
    let mut errors = vec![0.0; history.len()];
    let unknowns = Unknowns::new(options);
    let mut grid = Vec::new();
    for point in unknowns.grid() {
        beginning.state.clone_from(&begin);
        let squares = unknowns.read(&point).map_or(f64::INFINITY, |weights| beginning.errors(&weights, true, &mut errors));
        grid.push((squares, point));
    }
    let mut squares = |x: &[f64], anew: bool, errors: &mut [f64]| {
        if anew {
            beginning.state.clone_from(&begin);
        }
        unknowns.read(x).map_or(f64::INFINITY, |weights| beginning.errors(&weights, false, errors))
    };
    let mut found = Vec::new();
    for start in unknowns.valleys(&grid) {
        squares(&start, true, &mut errors);
        found.push(polished(&start, history.len(), |x, errors| squares(x, false, errors)));
    }
    found.sort_by(|a: &(f64, _), b| a.0.total_cmp(&b.0));
    found.truncate(FINALISTS);
    for found in &mut found {
        squares(&found.1, true, &mut errors);
        let (_, lower) = compass(found.clone(), |x| squares(x, false, &mut errors));
        *found = polished(&lower, history.len(), |x, errors| squares(x, false, errors));
    }
    // Where all sums are infinite, any weights will do: what they lead to is refused for its size.
    let any = || grid.iter().map(|(_, x)| x).find(|x| unknowns.read(x).is_some()).cloned();
    let best = found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, x)| x).or_else(any);
    let Some((x, weights)) = best.and_then(|x| unknowns.read(&x).map(|weights| (x, weights))) else {
        let gamma = options.gamma.unwrap_or(f64::NAN);
        return Err(Error::argument(format!("gamma is {gamma}, which is too much beside the other weights"))
            .hint("give at most 1 − alpha; R's `HoltWinters` counts gamma as a part of that"));
    };
    squares(&x, true, &mut errors);
    Ok((weights, beginning.state))
}

/// The numbers with the least sum of squares near a start, all between 0 and 1.
fn polished(start: &[f64], observations: usize, errors: impl FnMut(&[f64], &mut [f64]) -> f64) -> (f64, Vec<f64>) {
    let unknowns: Vec<Unknown> = start.iter().map(|start| Unknown { start: *start, least: 0.0, most: 1.0, size: 1.0 }).collect();
    least_squares(&unknowns, observations, errors)
}

/// The weights that are searched for, as numbers between 0 and 1.
struct Unknowns {
    given: [Option<f64>; 4],
    period: usize,
}

impl Unknowns {
    fn new(options: &ExponentialSmoothing) -> Self {
        let seasonal = options.season != Season::None;
        let gamma = options.gamma.or((!seasonal).then_some(0.0));
        let phi = options.phi.or((!options.damped).then_some(1.0));
        Self { given: [options.alpha, options.beta, gamma, phi], period: if seasonal { options.period } else { 0 } }
    }

    /// The values on the grid of each weight that is searched for.
    fn axes(&self) -> Vec<&'static [f64]> {
        self.given.iter().zip(GRID).filter(|(given, _)| given.is_none()).map(|(_, axis)| axis).collect()
    }

    /// All points of the grid, the last weight first to change.
    fn grid(&self) -> Vec<Vec<f64>> {
        let mut points = vec![Vec::new()];
        for axis in self.axes() {
            points = points.iter().flat_map(|point| axis.iter().map(move |value| [point.as_slice(), &[*value]].concat())).collect();
        }
        points
    }

    /// The points of the grid with no better one beside them, the best first.
    fn valleys(&self, grid: &[(f64, Vec<f64>)]) -> Vec<Vec<f64>> {
        let mut strides = Vec::new();
        let mut stride = 1;
        for axis in self.axes().iter().rev() {
            strides.push((stride, axis.len()));
            stride *= axis.len();
        }
        let lowest = |at: usize| {
            strides.iter().all(|&(stride, length)| {
                let index = at / stride % length;
                (index == 0 || grid[at - stride].0 >= grid[at].0) && (index + 1 == length || grid[at + stride].0 >= grid[at].0)
            })
        };
        let mut valleys: Vec<usize> = (0..grid.len()).filter(|at| grid[*at].0.is_finite() && lowest(*at)).collect();
        valleys.sort_by(|a, b| grid[*a].0.total_cmp(&grid[*b].0));
        valleys.into_iter().take(STARTS).map(|at| grid[at].1.clone()).collect()
    }

    /// The weights that these numbers stand for; none where they do not go together.
    fn read(&self, x: &[f64]) -> Option<Weights> {
        let mut x = x.iter().copied();
        let [alpha, beta, gamma, phi] = self.given.map(|given| given.or_else(|| x.next()));
        let (alpha, beta, gamma, phi) = (alpha?, beta?, gamma?, phi?);
        if self.period == 0 {
            return Some(Weights { alpha, beta, gamma, phi });
        }
        let largest = largest_gamma(alpha, beta, phi, self.period);
        let gamma = if self.given[2].is_none() { gamma * largest } else { gamma };
        (gamma <= largest + 1e-9).then_some(Weights { alpha, beta, gamma, phi })
    }
}

/// Seasons by decomposition, level and trend by a line through the beginning.
fn heuristic(options: &ExponentialSmoothing, history: &[f64]) -> Result<State> {
    let seasons = match options.season {
        Season::None => Vec::new(),
        Season::Adds => Decomposition::classical(history, options.period, Model::Additive)?.season[..options.period].to_vec(),
        Season::Multiplies => {
            let season = Decomposition::classical(history, options.period, Model::Multiplicative)?.season;
            season[..options.period].iter().map(|season| season.max(0.01)).collect()
        }
    };
    let beginning = history.len().min(options.period.saturating_mul(2).max(10));
    let plain = |step: usize| match options.season {
        Season::None => history[step],
        Season::Adds => history[step] - seasons[step % options.period],
        Season::Multiplies => history[step] / seasons[step % options.period],
    };
    let values: Vec<f64> = (0..beginning).map(plain).collect();
    let middle = (beginning + 1) as f64 / 2.0;
    let mean = crate::real::mean(&values);
    let from_middle = |step: usize| (step + 1) as f64 - middle;
    let spread: f64 = (0..beginning).map(|step| from_middle(step).powi(2)).sum();
    let trend = values.iter().enumerate().map(|(step, value)| from_middle(step) * (value - mean)).sum::<f64>() / spread;
    Ok(State { level: mean - trend * middle, trend, seasons, place: 0 })
}
