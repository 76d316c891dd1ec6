use practicum_core::Result;

use super::{Fitted, Forecaster};
use crate::transform::{BoxCox, Differences, Scale};

/// A forecaster that works on a transformed history, and whose forecasts are brought back.
///
/// Transformations are applied in the order in which they are named; what they learn, they learn from the history that is
/// fitted, and keep.
///
/// ```
/// use practicum_timeseries::forecast::{Forecaster, Naive, Pipeline};
///
/// // What doubles every step goes on doubling.
/// let doubling = Pipeline::new(Naive).log().difference(1);
/// let forecast = doubling.fit(&[1.0, 2.0, 4.0, 8.0])?.predict(2)?;
/// assert!((forecast[0] - 16.0).abs() < 1e-9 && (forecast[1] - 32.0).abs() < 1e-9);
/// assert_eq!(doubling.name(), "log, difference 1, naive");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Pipeline {
    forecaster: Box<dyn Forecaster>,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Log,
    BoxCox(f64),
    Difference(usize),
    MinMax,
    Standard,
}

impl Pipeline {
    /// Nothing is transformed yet.
    pub fn new(forecaster: impl Forecaster + 'static) -> Self {
        Self { forecaster: Box::new(forecaster), steps: Vec::new() }
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Takes the logarithm: values must be above 0.
    #[must_use]
    pub fn log(self) -> Self {
        self.step(Step::Log)
    }

    /// Transforms with [`BoxCox`] of this exponent: values must be above 0.
    #[must_use]
    pub fn box_cox(self, theta: f64) -> Self {
        self.step(Step::BoxCox(theta))
    }

    /// Takes the change over `lag` steps: 1 against a trend, a season's length against a season.
    #[must_use]
    pub fn difference(self, lag: usize) -> Self {
        self.step(Step::Difference(lag))
    }

    /// Scales to 0 … 1: see [`Scale::min_max`].
    #[must_use]
    pub fn min_max(self) -> Self {
        self.step(Step::MinMax)
    }

    /// Scales to mean 0 and standard deviation 1: see [`Scale::standard`].
    #[must_use]
    pub fn standard(self) -> Self {
        self.step(Step::Standard)
    }
}

impl Forecaster for Pipeline {
    fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.steps {
            name += &match step {
                Step::Log => "log, ".to_owned(),
                Step::BoxCox(theta) => format!("Box-Cox {theta}, "),
                Step::Difference(lag) => format!("difference {lag}, "),
                Step::MinMax => "min-max, ".to_owned(),
                Step::Standard => "standard, ".to_owned(),
            };
        }
        name + &self.forecaster.name()
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        let mut values = history.to_vec();
        let mut learned = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let step = match *step {
                Step::Log => Learned::Power(BoxCox::log()),
                Step::BoxCox(theta) => Learned::Power(BoxCox::new(theta)?),
                Step::Difference(lag) => Learned::Difference(lag),
                Step::MinMax => Learned::Scale(Scale::min_max(&values)?),
                Step::Standard => Learned::Scale(Scale::standard(&values)?),
            };
            values = step.apply(&values)?;
            learned.push(step);
        }
        let fitted = self.forecaster.fit(&values)?;
        Ok(Box::new(Transformed { history: history.to_vec(), steps: learned, fitted }))
    }
}

/// A transformation with what it learned.
#[derive(Clone, Copy, Debug)]
enum Learned {
    Power(BoxCox),
    Difference(usize),
    Scale(Scale),
}

impl Learned {
    fn apply(&self, values: &[f64]) -> Result<Vec<f64>> {
        match self {
            Self::Power(power) => power.apply(values),
            Self::Difference(lag) => Ok(Differences::of(values, *lag)?.values().to_vec()),
            Self::Scale(scale) => Ok(scale.apply(values)),
        }
    }
}

#[derive(Debug)]
struct Transformed {
    history: Vec<f64>,
    steps: Vec<Learned>,
    fitted: Box<dyn Fitted>,
}

impl Transformed {
    /// The history before each transformation.
    fn stages(&self) -> Result<Vec<Vec<f64>>> {
        let mut stages = Vec::with_capacity(self.steps.len());
        let mut values = self.history.clone();
        for step in &self.steps {
            let next = step.apply(&values)?;
            stages.push(std::mem::replace(&mut values, next));
        }
        Ok(stages)
    }
}

impl Fitted for Transformed {
    fn history(&self) -> &[f64] {
        &self.history
    }

    fn one_step(&self) -> Result<Vec<f64>> {
        let mut values = self.fitted.one_step()?;
        for (step, before) in self.steps.iter().zip(self.stages()?).rev() {
            values = match step {
                Learned::Power(power) => power.invert(&values),
                Learned::Scale(scale) => scale.invert(&values),
                Learned::Difference(lag) => {
                    let changed = before.iter().zip(&values).map(|(past, change)| past + change);
                    std::iter::repeat_n(f64::NAN, *lag).chain(changed).collect()
                }
            };
        }
        Ok(values)
    }

    fn path(&self, shocks: &[f64]) -> Result<Vec<f64>> {
        let mut values = self.fitted.path(shocks)?;
        self.bring_back(&mut values)?;
        Ok(values)
    }

    fn predict(&self, horizon: usize) -> Result<Vec<f64>> {
        let mut values = self.fitted.predict(horizon)?;
        self.bring_back(&mut values)?;
        Ok(values)
    }

    fn advance(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        let mut values = history.to_vec();
        for step in &self.steps {
            values = step.apply(&values)?;
        }
        Ok(Box::new(Self { history: history.to_vec(), steps: self.steps.clone(), fitted: self.fitted.advance(&values)? }))
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        self.fitted.parameters()
    }

    fn estimated(&self) -> usize {
        self.fitted.estimated()
    }

    fn estimation_variance(&self, horizon: usize) -> Result<Vec<f64>> {
        self.fitted.estimation_variance(horizon)
    }

    /// In the unit of the transformed history, in which shocks are given.
    fn residuals(&self) -> Result<Vec<f64>> {
        self.fitted.residuals()
    }
}

impl Transformed {
    fn bring_back(&self, values: &mut Vec<f64>) -> Result<()> {
        for (step, before) in self.steps.iter().zip(self.stages()?).rev() {
            *values = match step {
                Learned::Power(power) => power.invert(values),
                Learned::Scale(scale) => scale.invert(values),
                Learned::Difference(lag) => Differences::of(&before, *lag)?.integrate(values),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Mean, Naive, SeasonalNaive};

    #[test]
    fn a_differenced_mean_is_a_drift() {
        let history = [1.0, 4.0, 2.0, 7.0, 5.0];
        let fitted = Pipeline::new(Mean).difference(1).fit(&history).unwrap();
        assert_eq!(fitted.predict(3).unwrap(), [6.0, 7.0, 8.0]);
        let one_step = fitted.one_step().unwrap();
        assert!(one_step[0].is_nan());
        assert_eq!(one_step[1..], [2.0, 5.0, 3.0, 8.0]);
        assert_eq!(fitted.residuals().unwrap(), [2.0, -3.0, 4.0, -3.0]);
    }

    #[test]
    fn transformations_leave_a_naive_forecast_as_it_is() {
        let history: Vec<f64> = (1..30).map(|t| f64::from(t * t % 11 + 1)).collect();
        let expected = SeasonalNaive::new(4).fit(&history).unwrap();
        let piped = Pipeline::new(SeasonalNaive::new(4)).log().standard().box_cox(1.0);
        assert!(piped.fit(&history).unwrap_err().to_string().contains("expected numbers above 0"));
        let piped = Pipeline::new(SeasonalNaive::new(4)).box_cox(0.5).standard().min_max().fit(&history).unwrap();
        let near = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).all(|(a, b)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-9);
        assert!(near(piped.predict(6).unwrap(), expected.predict(6).unwrap()));
        assert!(near(piped.one_step().unwrap(), expected.one_step().unwrap()));
        let longer = piped.advance(&history[..20]).unwrap();
        assert_eq!(longer.history().len(), 20);
    }

    #[test]
    fn a_constant_cannot_be_scaled() {
        let error = Pipeline::new(Naive).standard().fit(&[2.0; 5]).unwrap_err();
        assert!(error.to_string().contains("there is no unit to scale by"), "{error}");
    }
}
