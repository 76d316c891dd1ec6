use std::ops::Range;

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_linear::LinearRegression;
use practicum_core::ndarray::{Array1, Array2};
use practicum_core::{Error, Result};

use super::direct::{Direct, ManySteps};
use super::smoothing::variance;
use super::{Fitted, Forecaster, Recursive, Rule, check_history};

/// Linear autoregression: `x̂[t] = c + Σ w[k] x[t − k]` over some lags `k`, with the numbers of least squares on the
/// history (by linfa's linear regression).
///
/// ```
/// use practicum_timeseries::forecast::{Autoregression, Forecaster};
///
/// // Each value is the sum of the two before it.
/// let history = [1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0];
/// let forecast = Autoregression::new(2).fit(&history)?.predict(2)?;
/// assert!((forecast[0] - 34.0).abs() < 1e-6 && (forecast[1] - 55.0).abs() < 1e-6);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoregression {
    lags: Lags,
    direct: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Lags {
    Last(usize),
    Chosen(Vec<usize>),
}

impl Autoregression {
    /// On the last `lags` values. Steps further ahead take the forecasts of those between.
    pub fn new(lags: usize) -> Self {
        Self { lags: Lags::Last(lags), direct: None }
    }

    /// On the values at these lags: `[1, 2, 12]` for last month, the month before, and a year ago.
    pub fn with_lags(lags: &[usize]) -> Self {
        Self { lags: Lags::Chosen(lags.to_vec()), direct: None }
    }

    /// Learns numbers of its own for each of the next `horizon` steps, and forecasts no further.
    #[must_use]
    pub fn direct(mut self, horizon: usize) -> Self {
        self.direct = Some(horizon);
        self
    }

    /// How many lags there are, and the longest.
    fn check(&self) -> Result<(usize, usize)> {
        if self.direct == Some(0) {
            return Err(Error::argument("the horizon is 0, expected 1 step or more"));
        }
        let lags = match &self.lags {
            Lags::Last(0) => &Vec::new(),
            Lags::Last(lags) => return Ok((*lags, *lags)),
            Lags::Chosen(lags) => lags,
        };
        let most = lags.iter().copied().max().unwrap_or(0);
        if most == 0 || lags.contains(&0) {
            return Err(Error::argument(format!("the lags are {lags:?}, expected one or more, each 1 or more")));
        }
        if let Some((_, lag)) = lags.iter().enumerate().find(|(index, lag)| lags[..*index].contains(lag)) {
            return Err(Error::argument(format!("lag {lag} is given twice")));
        }
        Ok((lags.len(), most))
    }

    fn lags(&self) -> Vec<usize> {
        match &self.lags {
            Lags::Last(lags) => (1..=*lags).collect(),
            Lags::Chosen(lags) => lags.clone(),
        }
    }

    /// Least squares of the values `ahead` steps after each past, 1 for the next.
    fn regress(&self, history: &[f64], reach: usize, ahead: usize) -> Result<Line> {
        let (targets, lags) = (&history[reach + ahead - 1..], self.lags());
        let value = |(row, column): (usize, usize)| history[reach + row - lags[column]];
        let records = Array2::from_shape_fn((targets.len(), lags.len()), value);
        let dataset = DatasetBase::new(records, Array1::from(targets.to_vec()));
        let singular = || {
            Error::numeric(format!("{} has no single answer: the lags {lags:?} say the same of this history", self.name()))
                .hint("take fewer lags; a constant or exactly repeating history is for `Naive` or `SeasonalNaive`")
        };
        let model = LinearRegression::default().fit(&dataset).map_err(|error| singular().source(error))?;
        let line = Line { constant: model.intercept(), weights: model.params().to_vec(), lags: lags.clone(), products: Vec::new() };
        if line.constant.is_finite() && line.weights.iter().all(|weight| weight.is_finite()) { Ok(line) } else { Err(singular()) }
    }
}

impl Forecaster for Autoregression {
    fn name(&self) -> String {
        let direct = if self.direct.is_some() { ", direct" } else { "" };
        match &self.lags {
            Lags::Last(lags) => format!("autoregression {lags}{direct}"),
            Lags::Chosen(lags) => format!("autoregression {lags:?}{direct}"),
        }
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        let (lags, reach) = self.check()?;
        let ahead = self.direct.unwrap_or(1);
        // A row for each number to be found, and one more so that there is an error to speak of.
        let least = reach.saturating_add(ahead).saturating_add(lags).saturating_add(1);
        check_history(&self.name(), history, least)?;
        if self.direct.is_none() {
            let line = self.regress(history, reach, 1)?;
            return Recursive::fitted(Line { products: line.products(history, reach), ..line }, history);
        }
        let lines = (1..=ahead).map(|ahead| self.regress(history, reach, ahead)).collect::<Result<Vec<Line>>>()?;
        Direct::fitted(Lines { lines, reach, name: self.name() }, history)
    }
}

/// A weighted sum of past values.
#[derive(Clone, Debug)]
struct Line {
    constant: f64,
    weights: Vec<f64>,
    lags: Vec<usize>,
    /// The products of the columns of least squares, that of the constant first; none where no one asks for them.
    products: Vec<f64>,
}

impl Line {
    /// The products of the columns with each other.
    fn products(&self, history: &[f64], reach: usize) -> Vec<f64> {
        let count = self.lags.len() + 1;
        let mut products = vec![0.0; count * count];
        let mut row = vec![1.0; count];
        for step in reach..history.len() {
            row[1..].iter_mut().zip(&self.lags).for_each(|(value, lag)| *value = history[step - lag]);
            for (products, left) in products.chunks_exact_mut(count).zip(&row) {
                products.iter_mut().zip(&row).for_each(|(product, right)| *product += left * right);
            }
        }
        products
    }

    fn at(&self, past: &[f64]) -> f64 {
        self.weights.iter().zip(&self.lags).fold(self.constant, |sum, (weight, lag)| sum + weight * past[past.len() - lag])
    }
}

impl Rule for Line {
    fn name(&self) -> String {
        "autoregression".to_owned()
    }

    fn reach(&self) -> usize {
        self.lags.iter().copied().max().unwrap_or(1)
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(self.at(past))
    }

    fn estimated(&self) -> usize {
        self.weights.len() + 1
    }

    fn estimation_variance(&self, horizon: usize, path: &dyn Fn(&Self) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
        let still = path(self)?;
        let mut slopes = vec![vec![0.0; self.weights.len() + 1]; horizon];
        for index in 0..=self.weights.len() {
            let mut line = self.clone();
            let number = if index == 0 { &mut line.constant } else { &mut line.weights[index - 1] };
            let step = 1e-6 * number.abs().max(1e-2);
            *number += step;
            let moved = path(&line)?;
            slopes.iter_mut().zip(moved).zip(&still).for_each(|((slopes, moved), still)| slopes[index] = (moved - still) / step);
        }
        Ok(slopes.iter().map(|slopes| variance(&self.products, slopes)).collect())
    }
}

#[derive(Clone, Debug)]
struct Lines {
    lines: Vec<Line>,
    reach: usize,
    name: String,
}

impl ManySteps for Lines {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn reach(&self) -> usize {
        self.reach
    }

    fn horizon(&self) -> usize {
        self.lines.len()
    }

    fn from(&self, series: &[f64], steps: Range<usize>) -> Result<Vec<Vec<f64>>> {
        Ok(steps.map(|step| self.lines.iter().map(|line| line.at(&series[..step])).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::autocorrelation_ar1;

    #[test]
    fn the_numbers_of_a_memory_are_found() {
        let series = autocorrelation_ar1(2000, 3.0, 42).unwrap();
        let fitted = Autoregression::new(1).fit(&series).unwrap();
        let far = fitted.predict(50).unwrap();
        assert!((far[1] / far[0] - 0.8).abs() < 0.1 && far[49].abs() < 1.0, "{far:?}");
        // The first of the direct steps is the recursive one; on a linear series the others are near.
        let direct = Autoregression::new(1).direct(3).fit(&series).unwrap().predict(3).unwrap();
        assert_eq!(direct[0], far[0]);
        assert!(direct.iter().zip(&far).all(|(a, b)| (a - b).abs() < 0.5), "{direct:?} {far:?}");
    }

    #[test]
    fn chosen_lags() {
        let history: Vec<f64> = (0..40).map(|t| f64::from(t * t % 13) + f64::from(t % 4) * 5.0).collect();
        let season = Autoregression::with_lags(&[1, 4, 13]);
        assert_eq!(season.name(), "autoregression [1, 4, 13]");
        let fitted = season.fit(&history).unwrap();
        assert_eq!(fitted.one_step().unwrap().iter().filter(|value| value.is_nan()).count(), 13);
    }

    #[test]
    fn bad_requests_say_why() {
        let history: Vec<f64> = (0..30).map(|t| f64::from(t * t % 17)).collect();
        let error = |forecaster: Autoregression, history: &[f64]| forecaster.fit(history).unwrap_err().to_string();
        assert!(error(Autoregression::new(0), &history).contains("the lags are []"));
        assert!(error(Autoregression::with_lags(&[1, 0]), &history).contains("the lags are [1, 0]"));
        assert!(error(Autoregression::with_lags(&[2, 2]), &history).contains("lag 2 is given twice"));
        assert!(error(Autoregression::new(2).direct(0), &history).contains("the horizon is 0"));
        assert!(error(Autoregression::new(20), &history).contains("has 30 values, autoregression 20 needs 42 or more"));
        assert!(error(Autoregression::new(3), &[7.0; 30]).contains("has no single answer"));
        assert!(error(Autoregression::new(3), &[f64::NAN; 30]).contains("NaN at index 0"));
        assert!(error(Autoregression::new(usize::MAX), &history).contains("has 30 values"));
        let direct = Autoregression::new(2).direct(3).fit(&history).unwrap();
        assert!(
            direct
                .predict(4)
                .unwrap_err()
                .to_string()
                .contains("the horizon is 4, expected at most 3, for which autoregression 2, direct was fitted")
        );
        assert!(direct.path(&[0.0]).unwrap_err().to_string().contains("Conformal"));
    }
}
