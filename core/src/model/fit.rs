//! The training loop.

use std::collections::BTreeMap;

use super::callback::{Callback, Context, Plan};
use super::compiled::StepLogs;
use super::options::{Validation, Verbose};
use super::state::Checked;
use super::{Fit, History, Model, Progress, State};
use crate::autodiff::program::Watch;
use crate::data::{
    ArraySource, Batch, BatchSource, Components, Data, Feed, IntoArrays, IntoData, IntoFeed, check_end, check_lengths, check_weights,
    no_batch, no_targets,
};
use crate::losses::Targets;
use crate::rng::Key;
use crate::{Error, PartialShape, Result, Shape};

/// Where validation batches come from, once the options are checked.
struct Validator<'a> {
    source: Box<dyn BatchSource + 'a>,
    /// Whether its data were looked at before.
    checked: bool,
}

impl Model {
    /// Trains the model.
    ///
    /// `x` are arrays, and `y` the outputs wanted for them; or `x` is a [`Dataset`](crate::data::Dataset) of batches or any
    /// other [`BatchSource`], whose batches bring their targets and weights, and `y` is `()`. [`IntoArrays`] says what can be
    /// an array, [`IntoFeed`] what can be a source.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let mut model = Sequential::new().add(Dense::new(1));
    /// model.compile("sgd", "mse", ())?;
    /// let (x, y) = ([[0.0], [1.0], [2.0], [3.0]], vec![1, 3, 5, 7]);
    /// model.fit(x, &y, Fit::new().epochs(2).quiet())?;
    ///
    /// let batches = Dataset::from_tensor_slices((x, &y))?.shuffle(4).batch(2);
    /// model.fit(&batches, (), Fit::new().epochs(2).quiet())?;
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not compiled; options outside their range; data that do not fit the model, the loss or each other; a
    /// callback fails or watches a name that no log has. What was learned until then stays in the model.
    pub fn fit<'d, K>(&mut self, x: impl IntoFeed<'d, K>, y: impl IntoArrays, options: Fit<'_>) -> Result<History> {
        self.compiled()?;
        options.check()?;
        match x.into_feed()? {
            Feed::Arrays(x) => self.fit_arrays(x, y.into_arrays()?, options),
            Feed::Source(mut source) => {
                no_targets(y)?;
                if options.sample_weight.is_some() || !options.class_weight.is_empty() {
                    let message = "sample_weight and class_weight go with arrays: a source gives weights in its batches";
                    return Err(Error::argument(message));
                }
                if let Some(Validation::Split(_)) = options.validation {
                    return Err(Error::argument("validation_split goes with arrays: give a source of its own with validation_data"));
                }
                self.run_fit(Stream::of(&mut *source, false), options, None)
            }
        }
    }

    fn fit_arrays(&mut self, x: Vec<Data>, y: Vec<Data>, mut options: Fit<'_>) -> Result<History> {
        self.build_for(x.iter().map(Data::shape))?;
        self.check_data(&x, &y)?;
        let (mut train, mut validator) = ((x, y), None);
        let mut weights = options.sample_weight.take().transpose()?;
        if let Some(weights) = &weights {
            check_weights(weights, train.0[0].len())?;
        }
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
            let held_out = (rows(&train.0, kept..examples)?, rows(&train.1, kept..examples)?);
            let their_weights = weights.as_ref().map(|weights| weights.rows(kept..examples)).transpose()?;
            train = (rows(&train.0, 0..kept)?, rows(&train.1, 0..kept)?);
            weights = weights.map(|weights| weights.rows(0..kept)).transpose()?;
            validator = Some(self.validator_of(held_out.0, held_out.1, their_weights, &options)?);
            options.validation = None;
        }
        let weights = self.combine_weights(weights, &options.class_weight, &train.1)?;
        let mut source = ArraySource::from_arrays(train.0, train.1, options.batch_size)?;
        if let Some(weights) = weights {
            source = source.weighted(weights)?;
        }
        if options.shuffle {
            source = source.shuffled(Key::new(self.seed).fold_str("shuffle"));
        }
        self.run_fit(Stream::of(&mut source, true), options, validator)
    }

    /// One optimizer update on one batch: a tensor for each input and for each output, several in an array or a tuple.
    /// Returns the loss and the metrics of this batch alone.
    ///
    /// Unlike [`fit`](Model::fit) it does not look through the numbers first: NaN in `x` or `y` makes every weight NaN, and
    /// the loss it returns says so.
    ///
    /// # Errors
    /// The model is not compiled, or the tensors do not fit it.
    pub fn train_on_batch(&mut self, x: impl Components, y: impl Components) -> Result<StepLogs> {
        self.train_on_batch_watched(x, y, &mut ())
    }

    /// Like [`train_on_batch`](Model::train_on_batch), reporting each operation to `watch`.
    pub(super) fn train_on_batch_watched(&mut self, x: impl Components, y: impl Components, watch: &mut impl Watch) -> Result<StepLogs> {
        let mut batch = std::mem::take(&mut self.scratch);
        x.put(&mut batch.x);
        y.put(&mut batch.y);
        let result = self.train_alone(&batch, watch);
        // The lists are kept for the next batch, the caller's tensors are not.
        batch.x.clear();
        batch.y.clear();
        self.scratch = batch;
        result
    }

    fn train_alone(&mut self, batch: &Batch, watch: &mut impl Watch) -> Result<StepLogs> {
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
        compiled.train(&mut self.network, batch, (&self.cpu, self.runner.arena()), self.seed, watch)
    }

    /// Refuses a batch for what arrays are refused for.
    pub(super) fn check_batch(&self, batch: &Batch, number: usize) -> Result<()> {
        let check = || {
            let [x, y] = batch.arrays()?;
            self.check_data(&x, &y)?;
            match &batch.sample_weight {
                Some(weights) => check_weights(&Data::from_tensor(weights.tensor().clone())?, batch.len()),
                None => Ok(()),
            }
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

    fn validator_of<'b>(&self, x: Vec<Data>, y: Vec<Data>, weights: Option<Data>, options: &Fit<'_>) -> Result<Validator<'b>> {
        let check = || {
            self.check_data(&x, &y)?;
            weights.as_ref().map_or(Ok(()), |weights| check_weights(weights, x[0].len()))
        };
        check().map_err(|error| error.context("validation data"))?;
        let mut source = ArraySource::from_arrays(x, y, options.validation_batch_size.unwrap_or(options.batch_size))?;
        if let Some(weights) = weights {
            source = source.weighted(weights)?;
        }
        Ok(Validator { source: Box::new(source), checked: true })
    }

    /// The source that the model is validated on, as the options have it.
    fn take_validator<'b>(&mut self, options: &mut Fit<'b>) -> Result<Option<Validator<'b>>> {
        let weights = options.validation_sample_weight.take();
        let Some(Validation::Data(data)) = options.validation.take() else {
            return match weights {
                Some(_) => Err(Error::argument("validation_sample_weight goes with arrays of validation_data")),
                None => Ok(None),
            };
        };
        let in_validation = |error: Error| error.context("validation data");
        match data.map_err(in_validation)? {
            (Feed::Arrays(x), y) => {
                if !self.network.is_built() {
                    self.build_for(x.iter().map(Data::shape))?;
                }
                let weights = weights.transpose().map_err(in_validation)?;
                self.validator_of(x, y, weights, options).map(Some)
            }
            (Feed::Source(source), y) => {
                no_targets(y).map_err(in_validation)?;
                if weights.is_some() {
                    return Err(Error::argument("validation_sample_weight goes with arrays: a source gives weights in its batches"));
                }
                check_end(&*source, options.validation_steps, "validation_steps")?;
                Ok(Some(Validator { source, checked: false }))
            }
        }
    }

    fn run_fit<'a>(&mut self, mut stream: Stream<'_>, mut options: Fit<'a>, split: Option<Validator<'a>>) -> Result<History> {
        let validator = match split {
            Some(split) => Some(split),
            None => self.take_validator(&mut options)?,
        };
        let mut callbacks = std::mem::take(&mut options.callbacks);
        if options.verbose != Verbose::Quiet {
            callbacks.push(Box::new(Progress::stdout(options.verbose)));
        }
        let steps = options.steps_per_epoch.or(stream.source.batches());
        check_end(stream.source, options.steps_per_epoch, "steps_per_epoch")?;
        stream.endless = options.steps_per_epoch.is_some();
        let plan = Plan { epochs: options.epochs, steps, names: self.log_names(validator.is_some())?, failed: false };
        for callback in &callbacks {
            callback.monitored().map_or(Ok(()), |monitored| plan.check(monitored))?;
        }
        let mut run = Run { model: self, callbacks, plan, stop: false, history: History::default() };
        let result = run.train(stream, validator, &mut options);
        run.plan.failed = result.is_err();
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

    fn train(&mut self, mut stream: Stream<'_>, mut validator: Option<Validator<'_>>, options: &mut Fit<'_>) -> Result<()> {
        let resumed = match self.state_to_resume(options)? {
            Some(state) => Some((self.check_state(&state)?, state)),
            None => None,
        };
        self.call_all(|callback, cx| callback.on_train_begin(cx))?;
        let first = match resumed {
            Some(((checked, stopped), state)) => self.go_on_from(checked, stopped, &state)?,
            None => options.initial_epoch,
        };
        let mut batch = Batch::default();
        for epoch in first..options.epochs {
            if self.stop {
                break;
            }
            self.call_all(|callback, cx| callback.on_epoch_begin(epoch, cx))?;
            self.model.compiled_mut()?.reset_metrics();
            self.train_epoch(&mut stream, &mut batch, options.steps_per_epoch)?;
            let mut logs = self.model.running_logs()?;
            if let Some(validator) = validator.as_mut().filter(|_| !self.stop && (epoch + 1) % options.validation_freq == 0) {
                let found = self.model.evaluate_source(&mut *validator.source, options.validation_steps, validator.checked);
                logs.extend(found.map_err(|error| error.context(format!("validation of epoch {epoch}")))?.prefixed("val_"));
            }
            self.model.compiled_mut()?.progress.epoch = epoch + 1;
            self.call_all(|callback, cx| callback.on_epoch_end(epoch, &mut logs, cx))?;
            self.history.push(epoch, &logs);
            self.hand_out_state(epoch)?;
        }
        let Model { compiled: Some(compiled), network, .. } = &mut *self.model else { return Err(super::not_compiled()) };
        compiled.finish(network);
        Ok(())
    }

    /// The state to go on from: that of the options, or of a callback that keeps one.
    fn state_to_resume(&mut self, options: &mut Fit<'_>) -> Result<Option<State>> {
        let mut state = options.resume.take();
        for callback in &mut self.callbacks {
            let kept = callback.resume().map_err(|error| error.context(callback.name().to_owned()))?;
            if state.is_some() && kept.is_some() {
                let message = format!("{} has a saved training state, and another state to resume from was given", callback.name());
                return Err(Error::argument(message).hint("remove its file, or leave `Fit::resume` out"));
            }
            state = state.or(kept);
        }
        Ok(state)
    }

    /// What a state holds of the model, and whether a callback had asked to end the training.
    fn check_state(&self, state: &State) -> Result<(Checked, bool)> {
        let check = || {
            let stopped = if state.names().contains(&"stopped") { state.get("stopped")? } else { false };
            Ok((self.model.check_training_state(state)?, stopped))
        };
        check().map_err(|error: Error| error.context("the training to go on with"))
    }

    /// Brings the callbacks and the model to where a training was; the epoch that comes next.
    fn go_on_from(&mut self, checked: Checked, stopped: bool, state: &State) -> Result<usize> {
        let names = names_of(&self.callbacks);
        let before: Vec<State> = self.callbacks.iter().map(Callback::state).collect();
        for (index, name) in names.iter().enumerate() {
            let kept = state.part(&format!("callback/{name}"));
            // A callback that the training did not have begins with what comes.
            if kept.is_empty() {
                continue;
            }
            if let Err(error) = self.callbacks[index].set_state(&kept) {
                // Those before it forget what they were told: a training that does not begin changes nothing.
                for (callback, before) in self.callbacks.iter_mut().zip(&before).take(index + 1) {
                    callback.set_state(before).ok();
                }
                return Err(error.context(name.clone()));
            }
        }
        self.model.go_on_from(checked)?;
        self.stop = stopped;
        Ok(self.model.compiled()?.progress.epoch)
    }

    /// Gives the state of the whole training to the callbacks that want it.
    fn hand_out_state(&mut self, epoch: usize) -> Result<()> {
        if !self.callbacks.iter().any(|callback| callback.wants_state(epoch)) {
            return Ok(());
        }
        let mut state = self.model.training_state()?;
        state.set("stopped", self.stop);
        for (name, callback) in names_of(&self.callbacks).into_iter().zip(&self.callbacks) {
            state.insert(&format!("callback/{name}"), callback.state());
        }
        for callback in self.callbacks.iter_mut().filter(|callback| callback.wants_state(epoch)) {
            callback.on_state(epoch, &state)?;
        }
        Ok(())
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
            return Err(no_batch());
        }
        Ok(())
    }
}

/// The callbacks' names, with a number where one occurs again.
fn names_of(callbacks: &[Box<dyn Callback + '_>]) -> Vec<String> {
    let name = |index: usize| {
        let own = callbacks[index].name();
        let before = callbacks[..index].iter().filter(|other| other.name() == own).count();
        if before == 0 { own.to_owned() } else { format!("{own}_{before}") }
    };
    (0..callbacks.len()).map(name).collect()
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
            self.start(batch, model)?;
        }
        if self.take(batch, model)? {
            return Ok(true);
        }
        self.fresh = true;
        if !self.endless {
            return Ok(false);
        }
        self.start(batch, model)?;
        self.take(batch, model)
    }

    fn take(&mut self, batch: &mut Batch, model: &mut Model) -> Result<bool> {
        let more = self.source.next_batch(batch, model.cpu.exec())?;
        let progress = &mut model.compiled_mut()?.progress;
        progress.taken = more.then(|| progress.taken.map_or(1, |taken| taken + 1));
        Ok(more)
    }

    /// Begins a pass through the data, or goes on in the middle of one.
    fn start(&mut self, batch: &mut Batch, model: &mut Model) -> Result<()> {
        self.fresh = false;
        let exec = model.cpu.exec();
        let Some(compiled) = &mut model.compiled else { return Err(super::not_compiled()) };
        let progress = &mut compiled.progress;
        // Data that do not fit change nothing: a training with those that do goes on from there.
        if let (Some(taken), Some(pass)) = (progress.taken.filter(|_| progress.resumes), progress.pass.checked_sub(1)) {
            self.source.start_epoch(pass)?;
            for batches in 0..taken {
                if !self.source.next_batch(batch, exec)? {
                    let message = format!("the training to go on with had taken {taken} batches of its data, these have {batches}");
                    return Err(Error::data(message)
                        .hint("go on with the data and the batch size that it began with, or compile the model again to begin anew"));
                }
            }
            progress.resumes = false;
            return Ok(());
        }
        (progress.taken, progress.resumes) = (None, false);
        self.source.start_epoch(progress.pass)?;
        progress.pass += 1;
        Ok(())
    }
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
        weights_of_classes(sample_weight, class_weight, y, self.compiled()?.objective().of(0).targets()).map(Some)
    }
}

fn weights_of_classes(sample_weight: Option<Data>, class_weight: &BTreeMap<usize, f32>, y: &Data, targets: Targets) -> Result<Data> {
    let labels = y.to_tensor()?;
    let one_hot = targets == Targets::Values && labels.rank() == 2 && labels.shape().last() > 1;
    let classes: Vec<usize> = if one_hot {
        labels.argmax()?
    } else {
        if let Some((index, value)) = y.first_not_a_class(1 << 24) {
            return Err(Error::data(format!(
                "class_weight goes with classes: y{index:?} is {value}, and classes are whole numbers from 0"
            ))
            .hint("give weights of the examples with sample_weight"));
        }
        labels.as_slice().iter().map(|class| *class as usize).collect()
    };
    if classes.len() != labels.shape().first().copied().unwrap_or(0) {
        return Err(Error::argument(format!("class_weight needs one class an example, got targets of shape {}", labels.shape())));
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
