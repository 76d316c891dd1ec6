//! What the weeks about networks for series share: training on windows, sweeps of the learning rate, forecasts.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use practicum_core::callbacks::{Callback, Context, LearningRateScheduler, Logs};
use practicum_core::data::{Dataset, ShuffleOptions};
use practicum_core::prelude::*;
use practicum_timeseries::lr_finder::{LrCurve, LrSweep};
use practicum_timeseries::window::{Windowing, forecast_windows, windowed_dataset};

use super::series::{Subject, compare};
use crate::console::{live, mention};
use crate::report::Sweep as SweepPicture;
use crate::week::{WeekRun, curves_of};

/// The sweep's first rate, and how many epochs make it ten times as large.
const LOWEST: f64 = 1e-8;
const DECADE: f64 = 20.0;
const SWEEP_EPOCHS: usize = 100;
/// The lines that tell of a training.
const LINES: usize = 5;
/// The number of steps before the validation part whose forecasts tell how far off those in it may be.
const EARLIER: usize = 365;
/// The windows of a batch that is only evaluated.
const VALIDATION_BATCH: usize = 256;

/// How a network is trained on windows of a series.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) window: usize,
    pub(super) batch_size: usize,
    /// Whether the network answers at every step of a window, not only after its last.
    pub(super) sequences: bool,
    pub(super) loss: &'static str,
    /// Whether the mean absolute error is watched.
    pub(super) mae: bool,
}

/// A training as the course has it.
pub(super) struct Training<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'a str,
    pub(super) rate: f64,
    /// The course's epochs, and those of the small scale.
    pub(super) epochs: (usize, usize),
    /// The window that forecasts are made from, where it is not that of the training.
    pub(super) forecast_window: Option<usize>,
    /// From which epoch on the loss is shown again.
    pub(super) zoom: usize,
    /// Whether the weights are told.
    pub(super) tell_weights: bool,
    /// Whether the whole series is shown first.
    pub(super) show_series: bool,
}

impl<'a> Training<'a> {
    pub(super) fn new(id: &'static str, title: &'a str, rate: f64, epochs: (usize, usize)) -> Self {
        Self { id, title, rate, epochs, forecast_window: None, zoom: 10, tell_weights: false, show_series: false }
    }
}

/// A sweep as the course has it.
pub(super) struct Sweep<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'a str,
    /// The rate that the course goes on with.
    pub(super) chosen: f64,
    /// The axes of its picture.
    pub(super) rates: (f64, f64),
    pub(super) losses: (f64, f64),
    /// Epochs of the small scale; the course has a hundred.
    pub(super) quick: usize,
}

impl Recipe {
    fn windowing(&self, seed: u64) -> Windowing {
        let windowing = Windowing::new(self.window).batch_size(self.batch_size).shuffle(ShuffleOptions::new(1000).seed(seed));
        if self.sequences { windowing.sequences() } else { windowing }
    }

    fn compile(&self, model: &mut Sequential, rate: f64) -> Result<()> {
        let optimizer = Sgd::new(rate).momentum(0.9);
        if self.mae {
            model.compile(optimizer, self.loss, "mae")?
        } else {
            model.compile(optimizer, self.loss, ())?
        }
        Ok(())
    }

    /// The steps of the validation part, each after the window before it.
    fn validation(&self, subject: &Subject) -> Result<Dataset<(Tensor, Tensor)>> {
        let windowing = Windowing::new(self.window).batch_size(VALIDATION_BATCH);
        let windowing = if self.sequences { windowing.sequences() } else { windowing };
        Ok(windowed_dataset(subject.values[subject.split - self.window..].to_vec(), &windowing)?)
    }

    fn fit(&self, run: &WeekRun<'_>, model: &mut Sequential, subject: &Subject, fit: Fit<'_>) -> Result<History> {
        let train = subject.values[..subject.split].to_vec();
        let batches = windowed_dataset(train, &self.windowing(run.settings.seed))?;
        Ok(model.fit(&batches, (), fit)?)
    }

    /// Trains while the learning rate rises from epoch to epoch, to see from which one on the loss falls, and from which one
    /// on it blows up.
    pub(super) fn sweep(&self, run: &mut WeekRun<'_>, subject: &Subject, model: Sequential, sweep: &Sweep<'_>) -> Result<()> {
        let mut clock = run.begin(sweep.id, sweep.title)?;
        let epochs = run.epochs(SWEEP_EPOCHS, sweep.quick);
        // Fewer epochs take larger steps over the same rates.
        let stride = (SWEEP_EPOCHS - 1) as f64 / epochs.saturating_sub(1).max(1) as f64;
        let schedule = LrSweep::new().start(LOWEST).epochs_per_decade(DECADE / stride);
        let mut model = model;
        self.compile(&mut model, LOWEST)?;
        run.tell_size(&mut clock, &[(epochs, SWEEP_EPOCHS, "epochs")])?;
        let progress = Progress::new(run, epochs, 0);
        let fit = run.fit(epochs).quiet().callback(progress).callback(LearningRateScheduler::new(|epoch, _| schedule.rate(epoch)));
        let history = self.fit(run, &mut model, subject, fit)?;
        let losses = history.get("loss").unwrap_or_default();
        let rates: Vec<f64> = (0..losses.len()).map(|epoch| schedule.rate(epoch)).collect();
        let suggested = LrCurve::new(rates.clone(), losses.to_vec()).and_then(|curve| curve.suggest());
        // A sweep of a few epochs, one on which nothing is learned, or one that ends while the loss still falls, suggests nothing.
        let suggested = suggested.map(|suggestion| suggestion.rate).ok().filter(|rate| rates.last() != Some(rate));
        // <page>
        if let Some((epoch, loss)) = lowest(losses) {
            clock.metric("lowest_loss", loss);
            clock.metric("lowest_loss_at_rate", rates[epoch]);
            clock.key_figure("lowest_loss_at_rate", ("the course goes on with", sweep.chosen));
            let told = suggested.map_or_else(|| "; no suggestion".to_owned(), |rate| format!("; suggested {rate:.1e}"));
            run.say(&format!(
                "lowest loss {loss:.4} at learning rate {:.1e}, epoch {}{told}; the course goes on with {:.1e}",
                rates[epoch],
                epoch + 1,
                sweep.chosen
            ))?;
        }
        suggested.into_iter().for_each(|rate| clock.metric("suggested_rate", rate));
        if let Some(figures) = run.figures(sweep.id) {
            let picture = SweepPicture {
                rates: &rates,
                losses,
                rate_limits: sweep.rates,
                loss_limits: sweep.losses,
                chosen: sweep.chosen,
                suggested,
            };
            let figure = figures.sweep("sweep", "The loss while the learning rate rises", &picture)?;
            run.results.figures.push(figure);
        }
        // </page>
        run.finish(clock, &model, &history)
    }

    /// Trains, forecasts the validation part, and holds the forecast against those that need no network.
    pub(super) fn train(&self, run: &mut WeekRun<'_>, subject: &Subject, model: Sequential, training: &Training<'_>) -> Result<()> {
        let mut clock = run.begin(training.id, training.title)?;
        let (course, quick) = training.epochs;
        let epochs = run.epochs(course, quick);
        run.tell_size(&mut clock, &[(epochs, course, "epochs")])?;
        let mut model = model;
        self.compile(&mut model, training.rate)?;
        let fit = run.fit(epochs).quiet().callback(Progress::new(run, epochs, LINES)).validation_data(self.validation(subject)?, ());
        let history = self.fit(run, &mut model, subject, fit)?;
        // <page>
        for name in ["loss", "mae"] {
            history.last(name).into_iter().for_each(|value| clock.metric(&format!("train_{name}"), value));
        }
        if training.tell_weights {
            tell_weights(run, training.id, &model)?;
        }
        // </page>

        let window = training.forecast_window.unwrap_or(self.window);
        let forecast = self.forecast(&model, &subject.values, window, subject.split)?;
        let score = subject.score("network", &forecast)?;
        let baselines = subject.baseline_scores()?;
        // <page>
        clock.metric("validation_mse", score.mse);
        clock.metric("validation_mae", score.mae);
        let first: Vec<String> = forecast[..4].iter().map(|value| format!("{value:.2}")).collect();
        clock.note(format!("The forecasts begin with {}.", first.join(", ")));
        if is_flat(&forecast, subject.actual()) {
            let told = "The network predicts the same value at every step. If it has ReLU layers, their units are probably dead: try \
                        another seed or a lower learning rate.";
            run.tell(&mut clock, told.to_owned())?;
        }
        clock.metric("naive_mae", baselines[0].mae);
        clock.key_figure("validation_mae", ("naive", baselines[0].mae));
        // </page>
        compare(run, &mut clock, baselines.into_iter().chain([score]).collect())?;
        // <page>
        if let Some(figures) = run.figures(training.id) {
            let from = subject.split - EARLIER;
            let earlier = self.forecast(&model, &subject.values[..subject.split], window, from)?;
            let errors: Vec<f64> =
                subject.values[from..].iter().zip(&earlier).map(|(value, forecast)| f64::from(value - forecast)).collect();
            let mut shown = Vec::new();
            if training.show_series {
                let all = subject.part(0..subject.values.len());
                shown.push(figures.over_time("series", "The series", "From the first step to the last.", &all)?);
            }
            shown.extend(subject.draw_forecast(&figures, &mut clock, ("network", &forecast), &errors)?);
            shown.extend(figures.curves_in(subject.unit, &curves_of(&history))?);
            let losses = [("training", "loss"), ("validation", "val_loss")].map(|(name, log)| (name, history.get(log).unwrap_or_default()));
            shown.extend(figures.zoomed_curve("zoom", "Loss, closer", training.zoom.min(epochs / 2), &losses)?);
            run.results.figures.extend(shown);
        }
        // </page>
        run.finish(clock, &model, &history)
    }

    /// The forecasts of the steps from `split` on, each from the window before it.
    fn forecast(&self, model: &Model, series: &[f32], window: usize, split: usize) -> Result<Vec<f32>> {
        let from = split.checked_sub(window).context("the split leaves no room for a window")?;
        let known = series[from..series.len() - 1].to_vec();
        let windowing = Windowing::new(window).batch_size(known.len());
        let windowing = if self.sequences { windowing.sequences() } else { windowing };
        let windows = forecast_windows(known, &windowing)?.get_single_element()?;
        let answers = model.predict(&windows)?;
        // A network that answers at every step says what comes next with its last answer.
        let of_window = if self.sequences { window } else { 1 };
        Ok(answers.as_slice().chunks_exact(of_window).map(|answers| answers[of_window - 1]).collect())
    }
}

/// A window of numbers as a window of steps with one number each.
pub(super) fn expand_dims() -> Lambda {
    Lambda::new("expand_dims", |x| x.expand_dims(-1))
}

/// Brings a network's small numbers to the scale of the series.
pub(super) fn times(scale: f32) -> Lambda {
    Lambda::new(&format!("times_{scale}"), move |x| x.scale(scale))
}

fn tell_weights(run: &mut WeekRun<'_>, id: &str, model: &Model) -> Result<()> {
    let layer = model.get_layer(0)?;
    let weights: Vec<Vec<f32>> = layer.get_weights().iter().map(Tensor::to_vec).collect();
    let [kernel, bias] = weights.as_slice() else { return Ok(()) };
    let shown: Vec<String> = kernel.iter().map(|weight| format!("{weight:.4}").replace('-', "−")).collect();
    let told = format!("Weights, oldest step first: {}; bias {:.5}.", shown.join(" "), bias[0]);
    run.say(&told)?;
    if let Some(figures) = run.figures(id) {
        let points = kernel.iter().enumerate().map(|(index, weight)| (index as f64 - kernel.len() as f64, f64::from(*weight)));
        let axes = ("Step, counted from the one that is forecast", "Weight");
        let caption = format!("The weight of each step of a window. The bias is {:.5}.", bias[0]);
        let figure = figures.stems("weights", "What the neuron learned", &caption, axes, points.collect())?;
        run.results.figures.push(figure);
    }
    Ok(())
}

/// Whether a forecast hardly moves where the series does: what is left of a network whose rectifiers all died.
fn is_flat(forecast: &[f32], actual: &[f32]) -> bool {
    let spread = |values: &[f32]| {
        let ends = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
        ends.1 - ends.0
    };
    spread(forecast) < 1e-3 * spread(actual)
}

/// The index of the lowest loss, and the loss.
fn lowest(losses: &[f64]) -> Option<(usize, f64)> {
    let finite = losses.iter().copied().enumerate().filter(|(_, loss)| loss.is_finite());
    finite.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Tells how a long training goes on: in a few lines, and on a terminal in one that is written over.
struct Progress {
    epochs: usize,
    /// Lines that stay.
    lines: usize,
    quiet: bool,
}

impl Progress {
    fn new(run: &WeekRun<'_>, epochs: usize, lines: usize) -> Self {
        Self { epochs, lines, quiet: run.settings.quiet }
    }
}

impl Callback for Progress {
    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, _cx: &mut Context<'_>) -> practicum_core::Result<()> {
        let done = epoch + 1;
        if self.quiet {
            return Ok(());
        }
        let stays = self.lines > 0 && done.is_multiple_of((self.epochs / self.lines).max(1));
        let written = if stays {
            let told: BTreeMap<&str, f64> = logs.iter().collect();
            let told: Vec<String> = told.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            mention(&format!("epoch {done}/{}  {}", self.epochs, told.join("  ")))
        } else {
            let loss = logs.get("loss").map(|loss| format!("  loss {loss:.4}")).unwrap_or_default();
            live(&format!("epoch {done}/{}{loss}", self.epochs))
        };
        written.map_err(|error| Error::io("write to", "the output".as_ref(), error))
    }
}
