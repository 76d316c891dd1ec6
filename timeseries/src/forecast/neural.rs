use std::ops::Range;
use std::sync::Arc;

use practicum_core::data::ShuffleOptions;
use practicum_core::layers::{Activation, Conv1D, Dense, Flatten, Input, LSTM, LayerSpec, Padding, SimpleRNN};
use practicum_core::optimizers::Adam;
use practicum_core::rng::DEFAULT_SEED;
use practicum_core::{Cpu, Error, Fit, Model, Result, Sequential, Tensor};

use super::direct::{Direct, ManySteps};
use super::{Fitted, Forecaster, Recursive, Rule, check_history};
use crate::transform::Scale;
use crate::window::{Windowing, forecast_windows, windowed_dataset};

/// A neural network that reads a window of the last values and answers the next.
///
/// Windows are cut from the history alone, and so is the scale learned from it; forecasts are brought back. The network
/// learns with Adam. [`fit_columns`](Self::fit_columns) lets it read other columns beside the one that it forecasts.
///
/// ```
/// use practicum_timeseries::SeriesBuilder;
/// use practicum_timeseries::forecast::{Forecaster, Neural};
///
/// let wave = SeriesBuilder::new(120).season(12, 10.0).baseline(50.0).build()?;
/// let network = Neural::dense(&[16]).window(12).epochs(60).learning_rate(0.01);
/// let forecast = network.fit(wave.values()?)?.predict(12)?;
/// assert!((forecast[3] - 60.0).abs() < 3.0 && (forecast[9] - 40.0).abs() < 3.0, "{forecast:?}");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Neural {
    network: Network,
    window: usize,
    direct: Option<usize>,
    epochs: usize,
    batch_size: usize,
    learning_rate: f64,
    loss: String,
    scaling: Scaling,
    seed: u64,
    cpu: Cpu,
}

#[derive(Clone, Debug)]
enum Network {
    Dense(Vec<usize>),
    SimpleRnn(Vec<usize>),
    Lstm(Vec<usize>),
    Conv1dLstm { filters: usize, kernel_size: usize, units: Vec<usize> },
    Custom { name: String, build: Build, sequence: bool },
}

/// Makes a network, without an input layer, from the number of steps in the window and in the answer.
type Build = fn(usize, usize) -> Sequential;

/// How a history is scaled for a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scaling {
    /// To a mean of 0 and a standard deviation of 1.
    #[default]
    Standard,
    /// To 0 … 1.
    MinMax,
    /// Not at all.
    None,
}

impl Neural {
    fn new(network: Network) -> Self {
        Self {
            network,
            window: 20,
            direct: None,
            epochs: 50,
            batch_size: 32,
            learning_rate: 1e-3,
            loss: "mean_squared_error".to_owned(),
            scaling: Scaling::default(),
            seed: DEFAULT_SEED,
            cpu: Cpu::default(),
        }
    }

    /// Dense layers of these units with ReLU, and one that answers; none makes it linear.
    pub fn dense(units: &[usize]) -> Self {
        Self::new(Network::Dense(units.to_vec()))
    }

    /// Simple recurrent layers of these units, and a dense one that answers.
    pub fn simple_rnn(units: &[usize]) -> Self {
        Self::new(Network::SimpleRnn(units.to_vec()))
    }

    /// LSTM layers of these units, and a dense one that answers.
    pub fn lstm(units: &[usize]) -> Self {
        Self::new(Network::Lstm(units.to_vec()))
    }

    /// A causal convolution of `filters` with ReLU, each over `kernel_size` steps, then LSTM layers of these units and a dense
    /// one that answers.
    ///
    /// ```
    /// use practicum_timeseries::SeriesBuilder;
    /// use practicum_timeseries::forecast::{Forecaster, Neural};
    ///
    /// let wave = SeriesBuilder::new(120).season(12, 10.0).baseline(50.0).build()?;
    /// let network = Neural::conv1d_lstm(8, 3, &[8]).window(12).epochs(40).learning_rate(0.01);
    /// assert_eq!(network.name(), "Conv1D 8×3, LSTM 8, window 12");
    /// let forecast = network.fit(wave.values()?)?.predict(12)?;
    /// assert!((forecast[3] - 60.0).abs() < 4.0 && (forecast[9] - 40.0).abs() < 4.0, "{forecast:?}");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn conv1d_lstm(filters: usize, kernel_size: usize, units: &[usize]) -> Self {
        Self::new(Network::Conv1dLstm { filters, kernel_size, units: units.to_vec() })
    }

    /// A custom network: `build` is given the window's steps and how many steps to answer, and makes the layers that
    /// lead from `[batch, window]` to `[batch, steps]`.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    /// use practicum_timeseries::forecast::Neural;
    ///
    /// let network = Neural::custom("two lines", |window, steps| {
    ///     Sequential::new().add(Input::new([window])).add(Dense::new(2)).add(Dense::new(steps))
    /// });
    /// ```
    pub fn custom(name: &str, build: fn(usize, usize) -> Sequential) -> Self {
        Self::new(Network::Custom { name: name.to_owned(), build, sequence: false })
    }

    /// The same for layers that read sequences: they lead from `[batch, window, 1]` to `[batch, steps]`. Any network of
    /// custom network that reads several columns leads from `[batch, window, columns]`.
    pub fn custom_sequence(name: &str, build: fn(usize, usize) -> Sequential) -> Self {
        Self::new(Network::Custom { name: name.to_owned(), build, sequence: true })
    }

    /// How many values it reads; 20 unless given.
    #[must_use]
    pub fn window(mut self, steps: usize) -> Self {
        self.window = steps;
        self
    }

    /// Answers the next `horizon` steps at once, and forecasts no further. Otherwise it answers one, and steps further
    /// ahead take the forecasts of those between.
    #[must_use]
    pub fn direct(mut self, horizon: usize) -> Self {
        self.direct = Some(horizon);
        self
    }

    /// How often it sees the history; 50 unless given.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// Windows in a batch; 32 unless given.
    #[must_use]
    pub fn batch_size(mut self, windows: usize) -> Self {
        self.batch_size = windows;
        self
    }

    /// Adam's learning rate; 0.001 unless given.
    #[must_use]
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.learning_rate = rate;
        self
    }

    /// The loss by its name; `mean_squared_error` unless given.
    #[must_use]
    pub fn loss(mut self, name: &str) -> Self {
        name.clone_into(&mut self.loss);
        self
    }

    /// How the history is scaled.
    #[must_use]
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// Where initial weights and the order of the windows begin; a custom network brings its own weights.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The threads and instructions to compute with.
    #[must_use]
    pub fn on(mut self, cpu: &Cpu) -> Self {
        self.cpu = cpu.clone();
        self
    }

    fn check(&self) -> Result<()> {
        let (recurrent, units) = match &self.network {
            Network::Dense(units) => (false, units.as_slice()),
            Network::SimpleRnn(units) | Network::Lstm(units) | Network::Conv1dLstm { units, .. } => (true, units.as_slice()),
            Network::Custom { .. } => (false, [].as_slice()),
        };
        if recurrent && units.is_empty() {
            return Err(Error::argument("a recurrent network needs one layer or more").hint("say how many units each has, such as &[32]"));
        }
        let mut counts =
            vec![("window", self.window), ("horizon", self.direct.unwrap_or(1)), ("epochs", self.epochs), ("batch_size", self.batch_size)];
        if let Network::Conv1dLstm { filters, kernel_size, .. } = self.network {
            counts.extend([("filters", filters), ("kernel_size", kernel_size)]);
        }
        counts.extend(units.iter().map(|units| ("units of a layer", *units)));
        let zero = counts.into_iter().find(|(_, value)| *value == 0);
        zero.map_or(Ok(()), |(what, _)| Err(Error::argument(format!("{what}: got 0, expected 1 or more"))))
    }

    /// Whether a step of a window has an axis of its own.
    fn reads_sequences(&self, columns: usize) -> bool {
        columns > 1 || !matches!(self.network, Network::Dense(_) | Network::Custom { sequence: false, .. })
    }

    fn build(&self, columns: usize, answers: usize) -> Sequential {
        let input = if self.reads_sequences(columns) { Input::new([self.window, columns]) } else { Input::new([self.window]) };
        let model = Sequential::new().with_seed(self.seed).add(input);
        let model = match &self.network {
            Network::Custom { build, .. } => return build(self.window, answers),
            Network::Dense(units) => {
                let model = if columns > 1 { model.add(Flatten::new()) } else { model };
                units.iter().fold(model, |model, units| model.add(Dense::new(*units).activation(Activation::Relu)))
            }
            Network::SimpleRnn(units) => recurrent(model, units, |units, all| SimpleRNN::new(units).return_sequences(all)),
            Network::Lstm(units) => recurrent(model, units, |units, all| LSTM::new(units).return_sequences(all)),
            Network::Conv1dLstm { filters, kernel_size, units } => {
                let convolution = Conv1D::new(*filters, *kernel_size).padding(Padding::Causal).activation(Activation::Relu);
                recurrent(model.add(convolution), units, |units, all| LSTM::new(units).return_sequences(all))
            }
        };
        model.add(Dense::new(answers))
    }

    /// The scale of a column, learned from its history.
    pub(super) fn scale(&self, history: &[f64]) -> Result<Scale> {
        match self.scaling {
            Scaling::Standard => Scale::standard(history),
            Scaling::MinMax => Scale::min_max(history),
            Scaling::None => Ok(Scale::identity()),
        }
    }

    /// Learns to answer the steps of the first column after windows of all columns, which have the same length.
    pub(super) fn train(&self, name: String, columns: &[&[f64]], scales: Vec<Scale>, answers: usize) -> Result<Trained> {
        let sequences = self.reads_sequences(columns.len());
        let options = Windowing::new(self.window).horizon(answers).batch_size(self.batch_size);
        let shuffle = ShuffleOptions::new(columns.first().map_or(0, |column| column.len())).seed(self.seed);
        let windows = windowed_dataset(table(columns, &scales, sequences)?, &options.shuffle(shuffle).target(0))?;
        let mut model = self.build(columns.len(), answers);
        model.set_cpu(self.cpu.clone());
        model.compile(Adam::new(self.learning_rate), self.loss.as_str(), ())?;
        let history = model.fit(&windows, (), Fit::new().epochs(self.epochs).quiet())?;
        if !history.last("loss").is_some_and(f64::is_finite) {
            return Err(Error::numeric(format!("the loss is no number after {} epochs", self.epochs)).hint("take a smaller learning rate"));
        }
        Ok(Trained { model: Arc::new(model), scales, window: self.window, answers, sequences, name })
    }

    /// How many steps it answers, and how many values a history must have.
    pub(super) fn checked(&self) -> Result<(usize, usize)> {
        self.check()?;
        let answers = self.direct.unwrap_or(1);
        Ok((answers, self.window.saturating_add(answers)))
    }
}

impl Forecaster for Neural {
    fn name(&self) -> String {
        let listed = |units: &[usize]| units.iter().map(|units| format!(" {units}")).collect::<String>();
        let network = match &self.network {
            Network::Dense(units) => format!("dense{}", listed(units)),
            Network::SimpleRnn(units) => format!("SimpleRNN{}", listed(units)),
            Network::Lstm(units) => format!("LSTM{}", listed(units)),
            Network::Conv1dLstm { filters, kernel_size, units } => format!("Conv1D {filters}×{kernel_size}, LSTM{}", listed(units)),
            Network::Custom { name, .. } => name.clone(),
        };
        format!("{network}, window {}{}", self.window, if self.direct.is_some() { ", direct" } else { "" })
    }

    fn fit(&self, history: &[f64]) -> Result<Box<dyn Fitted>> {
        let (answers, least) = self.checked()?;
        check_history(&self.name(), history, least)?;
        let train = |scale| self.train(self.name(), &[history], vec![scale], answers);
        let trained = self.scale(history).and_then(train).map_err(|error| error.context(self.name()))?;
        if self.direct.is_some() { Direct::fitted(trained, history) } else { Recursive::fitted(trained, history) }
    }
}

/// Recurrent layers of these units, of which all but the last output every step.
fn recurrent<L: Into<LayerSpec>>(model: Sequential, units: &[usize], layer: fn(usize, bool) -> L) -> Sequential {
    units.iter().enumerate().fold(model, |model, (index, count)| model.add(layer(*count, index + 1 < units.len())))
}

/// The columns side by side, each in its own scale; with an axis for them, or only steps.
fn table(columns: &[&[f64]], scales: &[Scale], sequences: bool) -> Result<Tensor> {
    let scaled: Vec<Vec<f64>> = columns.iter().zip(scales).map(|(column, scale)| scale.apply(column)).collect();
    let steps = scaled.first().map_or(0, Vec::len);
    let values = (0..steps).flat_map(|step| scaled.iter().map(move |column| column[step] as f32)).collect();
    if sequences { Tensor::new([steps, scaled.len()], values) } else { Tensor::new([steps], values) }
}

/// Windows that are forecast at once.
const AT_ONCE: usize = 1024;

/// A network with what it learned.
#[derive(Clone, Debug)]
pub(super) struct Trained {
    model: Arc<Sequential>,
    /// One a column, that of the forecast column first.
    scales: Vec<Scale>,
    pub(super) window: usize,
    pub(super) answers: usize,
    sequences: bool,
    pub(super) name: String,
}

impl Trained {
    /// The answers to the windows that end before these steps, one row each.
    pub(super) fn answer(&self, columns: &[&[f64]], steps: Range<usize>) -> Result<Vec<f64>> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let seen: Vec<&[f64]> = columns.iter().map(|column| &column[steps.start - self.window..steps.end - 1]).collect();
        let windows = Windowing::new(self.window).batch_size(AT_ONCE);
        let model: &Model = &self.model;
        let mut all: Vec<f64> = Vec::with_capacity(steps.len());
        for windows in forecast_windows(table(&seen, &self.scales, self.sequences)?, &windows)?.iter() {
            let windows = windows?;
            let (count, answers) = (windows.shape()[0], model.predict(&windows)?);
            if answers.shape().dims() != [count, self.answers] {
                let (found, expected) = (answers.shape(), self.answers);
                return Err(Error::shape(format!("{} answers {found} to {count} windows, expected [{count}, {expected}]", self.name)));
            }
            all.extend(answers.as_slice().iter().map(|value| f64::from(*value)));
        }
        Ok(self.scales[0].invert(&all))
    }

    /// The same, row by row.
    pub(super) fn rows(&self, columns: &[&[f64]], steps: Range<usize>) -> Result<Vec<Vec<f64>>> {
        Ok(self.answer(columns, steps)?.chunks_exact(self.answers).map(<[f64]>::to_vec).collect())
    }
}

impl Rule for Trained {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn reach(&self) -> usize {
        self.window
    }

    fn next(&self, past: &[f64]) -> Result<f64> {
        Ok(self.answer(&[past], past.len()..past.len() + 1)?[0])
    }

    fn all(&self, series: &[f64]) -> Result<Vec<f64>> {
        self.answer(&[series], self.window..series.len())
    }
}

impl ManySteps for Trained {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn reach(&self) -> usize {
        self.window
    }

    fn horizon(&self) -> usize {
        self.answers
    }

    fn from(&self, series: &[f64], steps: Range<usize>) -> Result<Vec<Vec<f64>>> {
        self.rows(&[series], steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeriesBuilder;
    use crate::forecast::{Naive, one_step_forecasts};
    use crate::metrics::mae;

    fn wave() -> Vec<f64> {
        SeriesBuilder::new(150).season(12, 10.0).baseline(100.0).noise(0.5).build().unwrap().values().unwrap().to_vec()
    }

    #[test]
    fn networks_beat_the_naive_forecast_on_a_wave() {
        let series = wave();
        let error = |forecaster: &dyn Forecaster| mae(&series[120..], &one_step_forecasts(forecaster, &series, 120).unwrap()).unwrap();
        let naive = error(&Naive);
        for network in [Neural::dense(&[16]), Neural::simple_rnn(&[8, 8]), Neural::lstm(&[12]), Neural::conv1d_lstm(8, 3, &[8, 8])] {
            let network = network.window(12).epochs(60).learning_rate(0.01);
            let found = error(&network);
            assert!(found < 0.7 * naive, "{}: {found}, naive {naive}", network.name());
        }
    }

    #[test]
    fn steps_at_once_and_one_by_one() {
        let series = wave();
        for network in [Neural::dense(&[16]), Neural::lstm(&[8]), Neural::conv1d_lstm(8, 3, &[8])] {
            let network = network.window(12).epochs(40).learning_rate(0.01).scaling(Scaling::MinMax);
            let fitted = network.clone().direct(6).fit(&series[..120]).unwrap();
            let forecast = fitted.predict(6).unwrap();
            assert!(mae(&series[120..126], &forecast).unwrap() < 5.0, "{forecast:?}");
            assert!(fitted.predict(7).is_err());
            let one_step = fitted.one_step().unwrap();
            assert!(one_step.len() == 120 && one_step[11].is_nan() && one_step[12].is_finite());
            let fitted = network.fit(&series[..120]).unwrap();
            // All windows in one batch give what each gives alone.
            let alone = fitted.advance(&series[..50]).unwrap().predict(1).unwrap()[0];
            assert!((fitted.one_step().unwrap()[50] - alone).abs() < 1e-3);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_forecast() {
        let forecast = |seed: u64| Neural::dense(&[4]).window(6).epochs(2).seed(seed).fit(&wave()).unwrap().predict(3).unwrap();
        assert_eq!(forecast(1), forecast(1));
        assert_ne!(forecast(1), forecast(2));
    }

    #[test]
    fn bad_requests_say_why() {
        let error = |network: Neural, history: &[f64]| network.fit(history).unwrap_err().to_string();
        let series = wave();
        assert!(error(Neural::dense(&[4]).window(20), &series[..20]).contains("has 20 values, dense 4, window 20 needs 21 or more"));
        assert!(error(Neural::dense(&[4]).direct(5), &series[..20]).contains("needs 25 or more"));
        assert!(error(Neural::dense(&[0]), &series).contains("units of a layer: got 0"));
        assert!(error(Neural::lstm(&[]), &series).contains("one layer or more"));
        assert!(error(Neural::conv1d_lstm(8, 3, &[]), &series).contains("one layer or more"));
        assert!(error(Neural::conv1d_lstm(0, 3, &[4]), &series).contains("filters: got 0"));
        assert!(error(Neural::conv1d_lstm(8, 0, &[4]), &series).contains("kernel_size: got 0"));
        assert!(error(Neural::dense(&[]).window(0), &series).contains("window: got 0"));
        assert!(error(Neural::dense(&[]).direct(0), &series).contains("horizon: got 0"));
        assert!(error(Neural::dense(&[]).epochs(0), &series).contains("epochs: got 0"));
        assert!(error(Neural::dense(&[]), &[4.0; 50]).contains("all 50 values of the training part are 4"));
        assert!(error(Neural::dense(&[]), &[f64::NAN; 50]).contains("NaN at index 0"));
        assert!(error(Neural::dense(&[]).loss("msee"), &series).contains("msee"));
        let broken = Neural::dense(&[8]).scaling(Scaling::None).learning_rate(1e30).epochs(3);
        assert!(error(broken, &series).contains("smaller learning rate"));
        let wrong = Neural::custom("wrong", |window, steps| Sequential::new().add(Input::new([window])).add(Dense::new(steps + 1)));
        assert!(error(wrong.epochs(1), &series).starts_with("wrong, window 20: "));
    }
}
