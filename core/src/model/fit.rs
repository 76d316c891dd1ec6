//! The training loop.

use std::collections::BTreeMap;

use super::compiled::StepLogs;
use super::options::{Validation, Verbose};
use super::{Fit, History, Logs, Model};
use crate::autodiff::program::Watch;
use crate::callbacks::{Callback, Context, Monitor, Progress};
use crate::data::{ArraySource, Batch, BatchSource, Data, IntoArrays, IntoData, check_lengths, check_weights};
use crate::losses::Targets;
use crate::rng::Key;
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// Where validation batches come from, once the options are checked.
enum Validator<'a> {
    None,
    Arrays(Box<ArraySource>),
    Source(&'a mut dyn BatchSource),
}

impl Model {
    /// Trains the model on arrays: the examples `x` and what it should put out for them.
    ///
    /// # Errors
    /// The model is not compiled; options outside their range; data that do not fit the model, the loss or each other; a
    /// callback fails or watches a name that no log has. What was learned until then stays in the model.
    pub fn fit(&mut self, x: impl IntoArrays, y: impl IntoArrays, options: Fit<'_>) -> Result<History> {
        self.compiled()?;
        options.check()?;
        let (x, y) = (x.into_arrays()?, y.into_arrays()?);
        self.build_for(x.iter().map(Data::shape))?;
        self.check_data(&x, &y)?;
        let (mut options, mut train, mut held_out) = (options, (x, y), None);
        let weights = options.sample_weight.take().transpose()?;
        let mut weights = self.combine_weights(weights, &options.class_weight, &train.1)?;
        if let Some(Validation::Split(share)) = options.validation {
            let examples = train.0[0].len();
            let kept = (examples as f64 * (1.0 - share)).floor() as usize;
            if kept == 0 || kept == examples {
                return Err(Error::argument(format!(
                    "validation_split {share} of {examples} examples leaves {kept} to train on: both parts need one or more"
                )));
            }
            let rows = |arrays: &[Data], rows: std::ops::Range<usize>| -> Result<Vec<Data>> {
                arrays.iter().map(|data| data.rows(rows.clone())).collect()
            };
            held_out = Some((rows(&train.0, kept..examples)?, rows(&train.1, kept..examples)?));
            train = (rows(&train.0, 0..kept)?, rows(&train.1, 0..kept)?);
            weights = weights.map(|weights| weights.rows(0..kept)).transpose()?;
            options.validation = None;
        }
        let mut source = ArraySource::from_arrays(train.0, train.1, options.batch_size)?;
        if let Some(weights) = weights {
            source = source.weighted(weights)?;
        }
        if options.shuffle {
            source = source.shuffled(Key::new(self.seed).fold_str("shuffle"));
        }
        let validator = match held_out {
            Some((x, y)) => self.validator_of(x, y, &options)?,
            None => Validator::None,
        };
        self.run_fit(Stream::of(&mut source, true), options, validator)
    }

    /// Trains the model on the batches of a source.
    ///
    /// # Errors
    /// As [`fit`](Model::fit); sample and class weights belong into the batches.
    pub fn fit_batches(&mut self, source: &mut dyn BatchSource, options: Fit<'_>) -> Result<History> {
        self.compiled()?;
        options.check()?;
        if options.sample_weight.is_some() || !options.class_weight.is_empty() {
            return Err(Error::argument("sample_weight and class_weight go with arrays: a source gives weights in its batches"));
        }
        self.run_fit(Stream::of(source, false), options, Validator::None)
    }

    /// One optimizer update on one batch. Returns the loss and the metrics of this batch alone.
    ///
    /// # Errors
    /// The model is not compiled, or the tensors do not fit it.
    pub fn train_on_batch(&mut self, x: &Tensor, y: &Tensor) -> Result<StepLogs> {
        self.train_on_batch_watched(x, y, &mut ())
    }

    /// The same, with somebody looking on.
    pub(super) fn train_on_batch_watched(&mut self, x: &Tensor, y: &Tensor, watch: &mut impl Watch) -> Result<StepLogs> {
        let mut batch = std::mem::take(&mut self.scratch);
        batch.x.push(x.clone().into());
        batch.y.push(y.clone().into());
        let result = self.train_watched(&batch, watch);
        // The lists are kept for the next batch, the caller's tensors are not.
        batch.x.clear();
        batch.y.clear();
        self.scratch = batch;
        result
    }

    /// One optimizer update on a batch with any number of inputs and outputs. Returns the loss and the metrics of this batch
    /// alone.
    ///
    /// # Errors
    /// The model is not compiled, or the batch does not fit it.
    pub fn train_step(&mut self, batch: &Batch) -> Result<StepLogs> {
        self.train_watched(batch, &mut ())
    }

    fn train_watched(&mut self, batch: &Batch, watch: &mut impl Watch) -> Result<StepLogs> {
        self.compiled()?;
        self.build_if_needed(batch)?;
        self.check_pending()?;
        let loss = self.train_batch(batch, true, watch)?;
        Ok(StepLogs { loss, metrics: self.compiled()?.scores().values().collect() })
    }

    /// Builds the model for arrays of these shapes.
    fn build_for(&mut self, shapes: impl Iterator<Item = Shape>) -> Result<()> {
        self.check_pending()?;
        self.network.build(&shapes.map(PartialShape::from).collect::<Vec<_>>(), self.seed)
    }

    fn build_if_needed(&mut self, batch: &Batch) -> Result<()> {
        if self.network.is_built() {
            return Ok(());
        }
        if batch.x.is_empty() {
            return Err(Error::data("the source gave a batch without x"));
        }
        self.build_for(batch.x.iter().map(crate::data::BatchArray::shape))
    }

    fn train_batch(&mut self, batch: &Batch, alone: bool, watch: &mut impl Watch) -> Result<f64> {
        let Some(compiled) = &mut self.compiled else { return Err(super::not_compiled()) };
        if alone {
            compiled.reset_metrics();
        }
        compiled.train(&mut self.network, batch, &self.cpu, self.seed, watch)
    }

    /// Refuses a batch for what arrays are refused for.
    pub(super) fn check_batch(&self, batch: &Batch, number: usize) -> Result<()> {
        let check = || {
            let [x, y] = batch.arrays()?;
            self.check_data(&x, &y)?;
            batch.sample_weight.as_ref().map_or(Ok(()), |weights| check_weights(weights.as_slice()))
        };
        check().map_err(|error: Error| error.context(format!("batch {number}")))
    }

    fn check_data(&self, x: &[Data], y: &[Data]) -> Result<()> {
        self.check_inputs(x)?;
        check_lengths(x, y)?;
        if x[0].is_empty() {
            return Err(Error::data(format!("there are no examples: x has the shape {}", x[0].shape())));
        }
        self.check_targets(y)
    }

    fn validator_of<'b>(&self, x: Vec<Data>, y: Vec<Data>, options: &Fit<'_>) -> Result<Validator<'b>> {
        self.check_data(&x, &y).map_err(|error| error.context("validation data"))?;
        let batch_size = options.validation_batch_size.unwrap_or(options.batch_size);
        Ok(Validator::Arrays(Box::new(ArraySource::from_arrays(x, y, batch_size)?)))
    }

    fn run_fit<'a>(&mut self, mut stream: Stream<'_>, mut options: Fit<'a>, mut validator: Validator<'a>) -> Result<History> {
        if let Some(Validation::Split(_)) = options.validation {
            return Err(Error::argument("validation_split goes with arrays: give a source of its own with validation_batches"));
        }
        match options.validation.take() {
            Some(Validation::Arrays(arrays)) => {
                let (x, y) = (*arrays).map_err(|error| error.context("validation data"))?;
                if !self.network.is_built() {
                    self.build_for(x.iter().map(Data::shape))?;
                }
                validator = self.validator_of(x, y, &options)?;
            }
            Some(Validation::Source(source)) => validator = Validator::Source(source),
            Some(Validation::Split(_)) | None => {}
        }
        let mut callbacks = std::mem::take(&mut options.callbacks);
        if options.verbose != Verbose::Quiet {
            callbacks.push(Box::new(Progress::stdout(options.verbose)));
        }
        let validates = !matches!(validator, Validator::None);
        let steps = options.steps_per_epoch.or(stream.source.batches());
        check_end(stream.source, options.steps_per_epoch, "steps_per_epoch")?;
        stream.endless = options.steps_per_epoch.is_some();
        if let Validator::Source(source) = &validator {
            check_end(&**source, options.validation_steps, "validation_steps")?;
        }
        let plan = Plan { epochs: options.epochs, steps, names: self.log_names(validates)? };
        for callback in &callbacks {
            callback.monitored().map_or(Ok(()), |monitored| plan.check(monitored))?;
        }
        let mut run = Run { model: self, callbacks, plan, stop: false, history: History::default() };
        let result = run.train(stream, &mut validator, &options);
        // Callbacks end their work even when something failed; the first error is the one to tell.
        let ended = run.call_all(|callback, cx| callback.on_train_end(cx));
        result.and(ended)?;
        Ok(run.history)
    }

    fn log_names(&self, validates: bool) -> Result<Vec<String>> {
        let names: Vec<String> = self.compiled()?.scores().names().into_iter().map(str::to_owned).collect();
        let validation = if validates { names.iter().map(|name| format!("val_{name}")).collect() } else { Vec::new() };
        Ok([names, validation].concat())
    }
}

/// What is known before the first batch.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    pub(crate) steps: Option<usize>,
    names: Vec<String>,
}

impl Plan {
    fn check(&self, monitored: Monitor<'_>) -> Result<()> {
        if self.names.iter().any(|name| name == monitored.name) {
            return Ok(());
        }
        let error = Error::unknown("log", monitored.name, &self.names).context(monitored.callback);
        Err(if monitored.name.starts_with("val_") && !self.names.iter().any(|name| name.starts_with("val_")) {
            error.hint("give validation data to have val_ logs")
        } else {
            error
        })
    }
}

struct Run<'m, 'c> {
    model: &'m mut Model,
    callbacks: Vec<Box<dyn Callback + 'c>>,
    plan: Plan,
    stop: bool,
    history: History,
}

impl Run<'_, '_> {
    fn call_all(&mut self, mut call: impl FnMut(&mut dyn Callback, &mut Context<'_>) -> Result<()>) -> Result<()> {
        for callback in &mut self.callbacks {
            call(&mut **callback, &mut Context { model: self.model, plan: &self.plan, stop: &mut self.stop })?;
        }
        Ok(())
    }

    fn train(&mut self, mut stream: Stream<'_>, validator: &mut Validator<'_>, options: &Fit<'_>) -> Result<()> {
        self.call_all(|callback, cx| callback.on_train_begin(cx))?;
        let mut batch = Batch::default();
        for epoch in options.initial_epoch..options.epochs {
            if self.stop {
                break;
            }
            self.call_all(|callback, cx| callback.on_epoch_begin(epoch, cx))?;
            self.model.compiled_mut()?.reset_metrics();
            self.train_epoch(&mut stream, &mut batch, options.steps_per_epoch)?;
            let mut logs = self.model.running_logs()?;
            if !self.stop_now() && (epoch + 1) % options.validation_freq == 0 {
                logs.extend(self.validate(validator, options.validation_steps)?);
            }
            for callback in &mut self.callbacks {
                let cx = &mut Context { model: self.model, plan: &self.plan, stop: &mut self.stop };
                callback.on_epoch_end(epoch, &mut logs, cx)?;
            }
            self.history.push(epoch, &logs);
        }
        Ok(())
    }

    fn stop_now(&self) -> bool {
        self.stop
    }

    fn train_epoch(&mut self, stream: &mut Stream<'_>, batch: &mut Batch, steps: Option<usize>) -> Result<()> {
        let mut step = 0;
        while steps.is_none_or(|steps| step < steps) && !self.stop {
            if !stream.next(batch, self.model)? {
                break;
            }
            self.model.build_if_needed(batch)?;
            if !stream.checked {
                self.model.check_batch(batch, step)?;
            }
            if !self.callbacks.is_empty() {
                self.call_all(|callback, cx| callback.on_batch_begin(step, cx))?;
            }
            let loss = self.model.train_batch(batch, false, &mut ())?;
            if !self.callbacks.is_empty() {
                self.call_all(|callback, cx| callback.on_batch_end(step, loss, cx))?;
            }
            step += 1;
        }
        if step == 0 && !self.stop {
            return Err(Error::data("the source gave no batch"));
        }
        Ok(())
    }

    fn validate(&self, validator: &mut Validator<'_>, steps: Option<usize>) -> Result<Logs> {
        let logs = match validator {
            Validator::None => return Ok(Logs::default()),
            Validator::Arrays(source) => self.model.evaluate_source(&mut **source, steps, true),
            Validator::Source(source) => self.model.evaluate_batches(*source, steps),
        };
        Ok(logs.map_err(|error| error.context("validation"))?.prefixed("val_"))
    }
}

/// Batches, epoch after epoch. With a fixed number of steps an epoch, the stream goes on from one epoch to the next.
struct Stream<'a> {
    source: &'a mut dyn BatchSource,
    /// Whether all that comes was looked at before.
    checked: bool,
    fresh: bool,
    endless: bool,
}

impl<'a> Stream<'a> {
    fn of(source: &'a mut dyn BatchSource, checked: bool) -> Self {
        Self { source, checked, fresh: true, endless: false }
    }

    fn next(&mut self, batch: &mut Batch, model: &mut Model) -> Result<bool> {
        if self.fresh {
            self.start(model)?;
        }
        if self.source.next_batch(batch, model.cpu.exec())? {
            return Ok(true);
        }
        self.fresh = true;
        if !self.endless {
            return Ok(false);
        }
        self.start(model)?;
        self.source.next_batch(batch, model.cpu.exec())
    }

    fn start(&mut self, model: &mut Model) -> Result<()> {
        let compiled = model.compiled_mut()?;
        self.source.start_epoch(compiled.passes)?;
        compiled.passes += 1;
        self.fresh = false;
        Ok(())
    }
}

/// Refuses to wait for the end of a source that has none.
pub(super) fn check_end(source: &dyn BatchSource, steps: Option<usize>, option: &str) -> Result<()> {
    if source.is_endless() && steps.is_none() {
        return Err(Error::argument("the source gives batches without end").hint(format!("say with {option} how many to take")));
    }
    Ok(())
}

impl Model {
    /// Sample weights and class weights as one weight an example.
    fn combine_weights(&self, sample_weight: Option<Data>, class_weight: &BTreeMap<usize, f32>, y: &[Data]) -> Result<Option<Data>> {
        if class_weight.is_empty() {
            return Ok(sample_weight);
        }
        let [y] = y else {
            return Err(Error::argument(format!("class_weight goes with one output, the model has {}", y.len()))
                .hint("give weights of the examples with sample_weight"));
        };
        weights_of_classes(sample_weight, class_weight, &y.to_tensor()?, self.compiled()?.goal().of(0).targets()).map(Some)
    }
}

fn weights_of_classes(sample_weight: Option<Data>, class_weight: &BTreeMap<usize, f32>, y: &Tensor, targets: Targets) -> Result<Data> {
    let one_hot = targets == Targets::Values && y.rank() == 2 && y.shape().last() > 1;
    let classes: Vec<usize> = if one_hot { y.argmax()? } else { y.as_slice().iter().map(|class| *class as usize).collect() };
    if classes.len() != y.shape().first().copied().unwrap_or(0) {
        return Err(Error::argument(format!("class_weight needs one class an example, got targets of shape {}", y.shape())));
    }
    let mut weights: Vec<f32> = classes.iter().map(|class| class_weight.get(class).copied().unwrap_or(1.0)).collect();
    if let Some(sample_weight) = sample_weight {
        let given = sample_weight.to_tensor()?;
        if given.len() != weights.len() {
            return Err(Error::data(format!("sample_weight has {} numbers for {} examples", given.len(), weights.len())));
        }
        weights.iter_mut().zip(given.as_slice()).for_each(|(weight, given)| *weight *= given);
    }
    weights.into_data()
}
