//! Which learning rate to train with: the course's sweep, and what its curve says.

use practicum_core::callbacks::{LearningRateScheduler, TerminateOnNan};
use practicum_core::data::BatchSource;
use practicum_core::{Error, Fit, Model, Result};

/// A training whose learning rate grows from epoch to epoch: `start · 10^(epoch / epochs_per_decade)`.
///
/// ```
/// use practicum_core::data::Dataset;
/// use practicum_core::prelude::*;
/// use practicum_timeseries::lr_finder::LrSweep;
///
/// let x = Tensor::from([[-1.0], [0.0], [1.0], [2.0]]);
/// let y = Tensor::from([[-3.0], [-1.0], [1.0], [3.0]]);
/// let mut batches = Dataset::from_tensor_slices((&x, &y))?.batch(4);
/// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
/// model.compile(Sgd::new(0.1), "mse", ())?;
///
/// let curve = LrSweep::new().start(1e-4).epochs(120).run(&mut model, &mut batches)?;
/// let suggestion = curve.suggest()?;
/// assert!(suggestion.blow_up.is_some_and(|rate| suggestion.rate <= rate / 10.0));
///
/// // The optimizer remembers the sweep: compile again, with the rate that was found.
/// model.compile(Sgd::new(suggestion.rate), "mse", ())?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LrSweep {
    start: f64,
    epochs_per_decade: f64,
    epochs: usize,
}

impl Default for LrSweep {
    fn default() -> Self {
        Self { start: 1e-8, epochs_per_decade: 20.0, epochs: 100 }
    }
}

impl LrSweep {
    /// The course's sweep: 100 epochs from 1e-8, ten times as much every twenty epochs.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rate of the first epoch.
    #[must_use]
    pub fn start(mut self, rate: f64) -> Self {
        self.start = rate;
        self
    }

    /// After how many epochs the rate is ten times as large.
    #[must_use]
    pub fn epochs_per_decade(mut self, epochs: f64) -> Self {
        self.epochs_per_decade = epochs;
        self
    }

    /// How many epochs there are.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// The rate of an epoch, counted from 0.
    pub fn rate(&self, epoch: usize) -> f64 {
        self.start * 10_f64.powf(epoch as f64 / self.epochs_per_decade)
    }

    /// Trains a compiled model through the sweep, quietly, up to the first loss that is no number.
    ///
    /// The sweep spoils the model: its weights are put back if it was built before, but what its optimizer remembers is not,
    /// so compile it again.
    ///
    /// # Errors
    /// A rate or number of epochs out of range, a model that is not compiled, and whatever ends a training.
    pub fn run(&self, model: &mut Model, source: &mut dyn BatchSource) -> Result<LrCurve> {
        let Self { start, epochs_per_decade, epochs } = *self;
        if !(start > 0.0 && start.is_finite() && epochs_per_decade > 0.0 && epochs_per_decade.is_finite()) {
            return Err(Error::argument(format!(
                "the sweep starts at {start} with {epochs_per_decade} epochs a decade, expected both above 0"
            )));
        }
        if epochs < 3 {
            return Err(Error::argument(format!("the sweep has {epochs} epochs, expected 3 or more")));
        }
        if !self.rate(epochs - 1).is_finite() {
            return Err(Error::argument(format!("the sweep ends at a rate of {}, expected a finite one", self.rate(epochs - 1))));
        }
        let weights = model.get_weights();
        let schedule = LearningRateScheduler::new(|epoch, _| self.rate(epoch));
        let options = Fit::new().epochs(epochs).quiet().callback(schedule).callback(TerminateOnNan::default());
        let history = model.fit(source, (), options).map_err(|error| error.context("the learning rate's sweep"));
        if !weights.is_empty() {
            model.set_weights(&weights)?;
        }
        let mut losses = history?.get("loss").map(<[f64]>::to_vec).unwrap_or_default();
        if losses.len() < epochs {
            // The mean of an epoch that broke off says nothing.
            losses.last_mut().into_iter().for_each(|last| *last = f64::INFINITY);
        }
        LrCurve::new((0..losses.len()).map(|epoch| self.rate(epoch)).collect(), losses)
    }
}

/// The loss at each learning rate of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct LrCurve {
    rates: Vec<f64>,
    losses: Vec<f64>,
}

/// What a sweep says.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LrSuggestion {
    /// The rate to train with.
    pub rate: f64,
    /// The rate at which the loss was lowest.
    pub lowest: f64,
    /// The rate from which on the training fails, if the sweep came so far.
    pub blow_up: Option<f64>,
}

/// By how much the suggestion stays below the rate at which the training fails.
const MARGIN: f64 = 10.0;

impl LrCurve {
    /// A curve from elsewhere.
    ///
    /// # Errors
    /// Fewer than three points, another number of rates than of losses, and rates that do not rise.
    pub fn new(rates: Vec<f64>, losses: Vec<f64>) -> Result<Self> {
        if rates.len() != losses.len() || rates.len() < 3 {
            return Err(Error::shape(format!(
                "there are {} rates and {} losses, expected the same number, 3 or more",
                rates.len(),
                losses.len()
            )));
        }
        if let Some(index) = rates.windows(2).position(|pair| !(pair[0] < pair[1])) {
            return Err(Error::argument(format!(
                "rate {} at index {} is not above {} before it",
                rates[index + 1],
                index + 1,
                rates[index]
            )));
        }
        Ok(Self { rates, losses })
    }

    /// The learning rates, rising.
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// The loss at each.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The rate to train with.
    ///
    /// Each loss is taken as the median of itself and its two neighbours, so that one lucky epoch decides nothing. The
    /// lowest of them is where learning still works; the blow-up is the first rate after it whose loss is twice as high,
    /// or no number. The suggestion is the rate of the lowest loss, or a tenth of the blow-up where that is less: far
    /// enough from it for many epochs.
    ///
    /// ```
    /// use practicum_timeseries::lr_finder::LrCurve;
    ///
    /// let curve = LrCurve::new(vec![1e-6, 1e-5, 1e-4, 1e-3, 1e-2], vec![9.0, 5.0, 2.0, 1.9, 80.0])?;
    /// let suggestion = curve.suggest()?;
    /// assert_eq!((suggestion.lowest, suggestion.blow_up), (1e-4, Some(1e-2)));
    /// assert_eq!(suggestion.rate, 1e-4);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Losses of which none is lower than the first, and a first loss that is no number.
    pub fn suggest(&self) -> Result<LrSuggestion> {
        let losses: Vec<f64> = self.losses.iter().map(|loss| if loss.is_nan() { f64::INFINITY } else { *loss }).collect();
        let last = losses.len() - 1;
        let smooth = |index: usize| {
            let mut near = [losses[index.max(1) - 1], losses[index], losses[(index + 1).min(last)]];
            near.sort_by(f64::total_cmp);
            near[1]
        };
        let smoothed: Vec<f64> = (0..=last).map(smooth).collect();
        if !losses[0].is_finite() {
            return Err(Error::numeric(format!("the loss is {} at the first rate, {:.2e}", self.losses[0], self.rates[0]))
                .hint("start the sweep lower, or look for wrong numbers in the data"));
        }
        let lowest = (0..=last).min_by(|a, b| smoothed[*a].total_cmp(&smoothed[*b])).unwrap_or(0);
        if !(smoothed[lowest] < losses[0]) {
            return Err(Error::numeric(format!(
                "no rate from {:.2e} to {:.2e} lowers the loss below {}",
                self.rates[0], self.rates[last], losses[0]
            ))
            .hint("start the sweep lower, or let it go further"));
        }
        let blow_up = (lowest..=last).find(|index| !(losses[*index] < 2.0 * smoothed[lowest].max(f64::MIN_POSITIVE)));
        let blow_up = blow_up.map(|index| self.rates[index]);
        let rate = blow_up.map_or(self.rates[lowest], |blow_up| self.rates[lowest].min(blow_up / MARGIN));
        Ok(LrSuggestion { rate, lowest: self.rates[lowest], blow_up })
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::data::Dataset;
    use practicum_core::optimizers::Sgd;
    use practicum_core::prelude::*;

    use super::*;
    use crate::synth::SeriesSpec;

    fn curve(loss: impl Fn(f64) -> f64) -> LrCurve {
        let sweep = LrSweep::new();
        let rates: Vec<f64> = (0..100).map(|epoch| sweep.rate(epoch)).collect();
        LrCurve::new(rates.clone(), rates.into_iter().map(loss).collect()).unwrap()
    }

    #[test]
    fn curves_like_the_courses() {
        // Falls, reaches its lowest near 1e-5, blows up at 6e-5.
        let falls = |rate: f64| 40.0 + 2000.0 * (-rate / 2e-7).exp() + (rate / 5e-5).powi(6) * 40.0;
        let suggestion = curve(falls).suggest().unwrap();
        assert!((1e-6..=1e-5).contains(&suggestion.rate) && suggestion.blow_up.is_some_and(|rate| (4e-5..8e-5).contains(&rate)));
        // The same with an epoch that was lucky, right before the end.
        let lucky = |rate: f64| if (6e-5..6.6e-5).contains(&rate) { 1.0 } else { falls(rate) };
        assert_eq!(curve(lucky).suggest().unwrap().rate, suggestion.rate);
        // Without a blow-up it is the rate of the lowest loss.
        let slow = curve(|rate| 10.0 - rate * 1e3).suggest().unwrap();
        assert!(slow.blow_up.is_none() && slow.rate == slow.lowest);
        // NaN is a blow-up.
        let broken = curve(|rate| if rate > 1e-6 { f64::NAN } else { 10.0 - 1e6 * rate }).suggest().unwrap();
        assert!(broken.blow_up.is_some_and(|rate| rate < 1.2e-6) && broken.rate < 1.2e-7);
    }

    #[test]
    fn bad_curves_say_why() {
        assert!(curve(|_| 5.0).suggest().unwrap_err().to_string().contains("lowers the loss below 5"));
        assert!(curve(|_| f64::NAN).suggest().unwrap_err().to_string().contains("NaN at the first rate"));
        assert!(LrCurve::new(vec![1.0, 2.0], vec![1.0, 2.0]).unwrap_err().is_shape());
        assert!(LrCurve::new(vec![1.0, 1.0, 2.0], vec![1.0; 3]).unwrap_err().to_string().contains("at index 1 is not above 1"));
    }

    fn windows(width: usize) -> Dataset<(Tensor, Tensor)> {
        let series = SeriesSpec::A.generate().unwrap();
        let train = &series[..1000];
        let rows: Vec<f32> = train.windows(width + 1).flat_map(|window| window[..width].to_vec()).collect();
        let labels = train[width..].to_vec();
        let count = labels.len();
        let (x, y) = (Tensor::new([count, width], rows).unwrap(), Tensor::new([count, 1], labels).unwrap());
        Dataset::from_tensor_slices((&x, &y)).unwrap().shuffle(1000).batch(32)
    }

    /// The second week's network and sweep: its blow-up lies where the course's does, and the suggestion below.
    #[test]
    fn the_courses_dense_network() {
        let mut model = Sequential::new().add(Input::new([20]));
        for units in [10, 10] {
            model = model.add(Dense::new(units).activation(Activation::Relu));
        }
        let mut model = model.add(Dense::new(1));
        model.compile(Sgd::new(1e-8).momentum(0.9), "mse", ()).unwrap();
        let before = model.get_weights();
        let curve = LrSweep::new().run(&mut model, &mut windows(20)).unwrap();
        let suggestion = curve.suggest().unwrap();
        let blow_up = suggestion.blow_up.unwrap();
        assert!((5e-6..5e-4).contains(&blow_up), "{suggestion:?}");
        assert!((1e-7..=2e-5).contains(&suggestion.rate) && suggestion.rate <= blow_up / 10.0, "{suggestion:?}");
        assert_eq!(model.get_weights()[0].as_slice(), before[0].as_slice());

        // With the rate that was found, the network learns.
        model.compile(Sgd::new(suggestion.rate).momentum(0.9), "mse", ()).unwrap();
        let history = model.fit(windows(20), (), Fit::new().epochs(20).quiet()).unwrap();
        assert!(history.last("loss").is_some_and(|loss| loss < 100.0), "{suggestion:?} {:?}", history.last("loss"));
    }

    #[test]
    fn bad_sweeps_say_why() {
        let mut model = Sequential::new().add(Input::new([20])).add(Dense::new(1));
        let mut error = |sweep: LrSweep| sweep.run(&mut model, &mut windows(20)).unwrap_err().to_string();
        assert!(error(LrSweep::new()).contains("not compiled"));
        assert!(error(LrSweep::new().start(0.0)).contains("starts at 0"));
        assert!(error(LrSweep::new().epochs_per_decade(f64::NAN)).contains("NaN epochs a decade"));
        assert!(error(LrSweep::new().epochs(2)).contains("has 2 epochs"));
        assert!(error(LrSweep::new().epochs(10_000)).contains("rate of inf"));
    }
}
