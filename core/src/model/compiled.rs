//! How a model learns: optimizer, loss and metrics, and the programs of its training steps.

use super::State;
use super::network::Network;
use super::objective::{Objective, Scores};
use super::parameter::Parameter;
use super::programs::{Programs, fill_inputs};
use crate::autodiff::program::{Parameters, Program, Targets, Watch};
use crate::autodiff::{Context, Var, extend};
use crate::data::Batch;
use crate::kernel::arena::Arena;
use crate::kernel::{Exec, elementwise, reduce};
use crate::optimizers::{AVERAGE, GRADIENT, Optimizer, Slot, Update};
use crate::{Cpu, Error, Result, Tensor};

#[derive(Debug)]
pub(crate) struct Compiled {
    optimizer: Box<dyn Optimizer>,
    objective: Objective,
    /// What the epoch came to so far.
    scores: Scores,
    /// How far the training got.
    pub(crate) progress: Done,
    /// The optimizer's state of each parameter.
    slots: Vec<Vec<Vec<f32>>>,
    /// The programs of training steps.
    programs: Programs<Step>,
    /// All gradients, where they have to be known before the first is used.
    gradients: Vec<Vec<f32>>,
}

/// More batches than any training has.
const MOST: u64 = 1 << 53;

/// How far a training got.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    /// Batches that the optimizer has seen.
    pub(crate) step: u64,
    /// Epochs: the number of the next.
    pub(crate) epoch: usize,
    /// How often the training data were begun.
    pub(crate) pass: usize,
    /// How many batches of the present pass were taken; none where the next batch begins a pass.
    pub(crate) taken: Option<usize>,
    /// Whether the next batch is the one that would have come next, rather than the first of a pass.
    pub(crate) resumes: bool,
}

impl Done {
    pub(crate) fn write(&self, state: &mut State) {
        state.set("step", self.step);
        state.set("epoch", self.epoch);
        state.set("pass", self.pass);
        state.set("taken", self.taken);
    }

    pub(crate) fn read(state: &State) -> Result<Self> {
        let taken: Option<usize> = state.get("taken")?;
        let done = Self { step: state.get("step")?, epoch: state.get("epoch")?, pass: state.get("pass")?, taken, resumes: false };
        let counts = [("step", done.step), ("epoch", done.epoch as u64), ("pass", done.pass as u64), ("taken", taken.unwrap_or(0) as u64)];
        match counts.into_iter().find(|(_, count)| *count > MOST) {
            Some((name, count)) => Err(Error::format(format!("the state has {count} as `{name}`: expected {MOST} at most"))),
            None => Ok(done),
        }
    }
}

/// A training step: its outputs are the loss, the predictions and the new values of the parameters in `updates`.
#[derive(Debug)]
struct Step {
    program: Program,
    updates: Vec<usize>,
}

/// What one training step found, without the names: cheap to make.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLogs {
    /// The loss of the batch, with all penalties.
    pub loss: f64,
    /// The metrics of the batch, in the order in which they were given to `compile`.
    pub metrics: Vec<f64>,
}

impl Clone for Compiled {
    /// The same goal and state; programs are recorded again.
    fn clone(&self) -> Self {
        Self {
            optimizer: self.optimizer.boxed_clone(),
            objective: self.objective.clone(),
            scores: self.scores.fresh(),
            progress: self.progress,
            slots: self.slots.clone(),
            programs: Programs::default(),
            gradients: self.gradients.clone(),
        }
    }
}

impl Compiled {
    pub(crate) fn new(optimizer: Box<dyn Optimizer>, objective: Objective, scores: Scores) -> Result<Self> {
        optimizer.check().map_err(|error| error.context(optimizer.class_name()))?;
        Ok(Self {
            optimizer,
            objective,
            scores,
            progress: Done::default(),
            slots: Vec::new(),
            programs: Programs::default(),
            gradients: Vec::new(),
        })
    }

    pub(crate) fn objective(&self) -> &Objective {
        &self.objective
    }

    pub(crate) fn optimizer(&self) -> &dyn Optimizer {
        &*self.optimizer
    }

    pub(crate) fn optimizer_mut(&mut self) -> &mut dyn Optimizer {
        &mut *self.optimizer
    }

    pub(crate) fn step(&self) -> u64 {
        self.progress.step
    }

    /// What is kept for each parameter: the optimizer's own slots, then those of the options that all share.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        [self.optimizer.slots(), self.optimizer.options().slots()].concat()
    }

    /// The slots of a parameter; none before the first step.
    pub(crate) fn slots_of(&self, param: usize) -> &[Vec<f32>] {
        self.slots.get(param).map_or(&[], Vec::as_slice)
    }

    /// Goes on where another training was. Slots that are not given begin as they do.
    pub(crate) fn go_on_from(&mut self, progress: Done, slots: Vec<Vec<Vec<f32>>>, scores: Scores) {
        self.gradients = vec![Vec::new(); slots.len()];
        (self.progress, self.slots, self.scores) = (Done { resumes: true, ..progress }, slots, scores);
    }

    pub(crate) fn learning_rate(&self) -> f64 {
        self.optimizer.options().rate(self.progress.step)
    }

    /// Losses and metrics: what the epoch came to so far.
    pub(crate) fn scores(&self) -> &Scores {
        &self.scores
    }

    /// Layers learn that did not, or the other way round.
    pub(crate) fn forget_programs(&mut self) {
        self.programs.clear();
    }

    pub(crate) fn reset_metrics(&mut self) {
        self.scores.reset();
    }

    /// One optimizer update; the loss of the batch.
    pub(crate) fn train(
        &mut self,
        network: &mut Network,
        batch: &Batch,
        (cpu, arena): (&Cpu, &mut Arena),
        seed: u64,
        watch: &mut impl Watch,
    ) -> Result<f64> {
        self.prepare_slots(network)?;
        let Self { optimizer, objective, scores, programs, slots, gradients, progress, .. } = self;
        let Step { program, updates } = programs.of(batch, |shapes| {
            let recorded = objective.record(network, shapes, true, seed)?;
            let (updates, values): (Vec<usize>, Vec<Var>) = recorded.updates.iter().cloned().unzip();
            let outputs = [scores.wanted(&recorded), values].concat();
            let program = Program::compile(&recorded.tape, &Targets { outputs: &outputs, loss: Some(&recorded.loss) })?;
            Ok(Step { program, updates })
        })?;
        let exec = cpu.exec();
        let (mut few, mut many) = Default::default();
        let inputs = fill_inputs(batch, &mut few, &mut many);
        let cx = Context { exec, step: progress.step };
        let mut learner = Learner::new(network, &**optimizer, slots, gradients, exec, progress.step);
        program.run_watched(cx, arena, inputs, &mut learner, watch)?;
        learner.finish()?;
        progress.step += 1;

        let loss = scores.add(batch, objective, |place| program.output(place, arena, inputs, &learner))?;
        let first = scores.outputs();
        for (place, param) in updates.iter().enumerate() {
            let value = program.output(first + place, arena, inputs, &learner).data.to_vec();
            learner.params[*param].update(&value);
        }
        Ok(loss)
    }

    /// Gives the parameters that learn their moving averages, where there are any.
    pub(crate) fn finish(&mut self, network: &mut Network) {
        let own = self.optimizer.slots().len();
        if !self.optimizer.options().ema.is_on || self.progress.step == 0 {
            return;
        }
        let learning = network.learning();
        for ((param, slots), learns) in network.parameters_mut().iter_mut().zip(&self.slots).zip(learning) {
            // The average comes first of what is kept beside the optimizer's own.
            if let Some(average) = slots.get(own).filter(|_| learns) {
                param.update(average);
            }
        }
    }

    /// One optimizer update with gradients from elsewhere.
    pub(crate) fn apply(&mut self, network: &mut Network, gradients: &[Option<Tensor>], cpu: &Cpu) -> Result<()> {
        self.prepare_slots(network)?;
        let Self { optimizer, slots, gradients: waiting, progress, .. } = self;
        let mut learner = Learner::new(network, &**optimizer, slots, waiting, cpu.exec(), progress.step);
        for (id, gradient) in gradients.iter().enumerate() {
            if let Some(gradient) = gradient {
                learner.ready(id, &mut gradient.to_vec())?;
            }
        }
        learner.finish()?;
        progress.step += 1;
        Ok(())
    }

    fn prepare_slots(&mut self, network: &Network) -> Result<()> {
        if self.slots.len() == network.parameters().len() {
            return Ok(());
        }
        let slots = self.slots();
        let begun = |slot: &Slot, param: &Parameter| match slot.name {
            AVERAGE => Ok(param.value().to_vec()),
            _ => Ok(Tensor::full([param.value().len()], slot.initial)?.into_vec()),
        };
        let state = |param: &Parameter| slots.iter().map(|slot| begun(slot, param)).collect();
        self.slots = network.parameters().iter().map(state).collect::<Result<_>>()?;
        self.gradients = vec![Vec::new(); network.parameters().len()];
        Ok(())
    }
}

/// Gives each gradient to the optimizer as soon as it is complete.
struct Learner<'a> {
    params: &'a mut [Parameter],
    optimizer: &'a dyn Optimizer,
    slots: &'a mut [Vec<Vec<f32>>],
    /// Where the slots of the options are among those of a parameter.
    average: Option<usize>,
    gradient: Option<usize>,
    own: usize,
    /// How many batches came before this one.
    seen: u64,
    update: Update<'a>,
    /// Where gradients wait until all are known; empty for parameters that do not learn.
    gradients: Option<&'a mut Vec<Vec<f32>>>,
}

impl<'a> Learner<'a> {
    /// For the batch after `seen` others.
    fn new(
        network: &'a mut Network,
        optimizer: &'a dyn Optimizer,
        slots: &'a mut [Vec<Vec<f32>>],
        waiting: &'a mut Vec<Vec<f32>>,
        exec: Exec<'a>,
        seen: u64,
    ) -> Self {
        let (options, own) = (optimizer.options(), optimizer.slots().len());
        let extra = options.slots();
        let place = |name: &str| extra.iter().position(|slot| slot.name == name).map(|place| own + place);
        let update = Update { exec, step: seen / options.accumulated() + 1, rate: options.rate(seen) };
        let gradients = options.global_clipnorm.is_some().then_some(waiting);
        let (average, gradient) = (place(AVERAGE), place(GRADIENT));
        Self { params: network.parameters_mut(), optimizer, slots, average, gradient, own, seen, update, gradients }
    }

    /// Makes the mean over batches of the gradient of the last; whether it is complete.
    fn accumulate(&mut self, id: usize, gradient: &mut [f32]) -> bool {
        let (exec, batches) = (self.update.exec, self.optimizer.options().accumulated());
        let Some(place) = self.gradient else { return true };
        let sum = &mut self.slots[id][place];
        if !(self.seen + 1).is_multiple_of(batches) {
            elementwise::axpy(exec, gradient, sum, 1.0);
            return false;
        }
        elementwise::axpy(exec, sum, gradient, 1.0);
        sum.fill(0.0);
        elementwise::mul::scalar_in_place(exec, gradient, 1.0 / batches as f32);
        true
    }

    fn learn(&mut self, id: usize, gradient: &mut [f32]) {
        let (exec, options) = (self.update.exec, self.optimizer.options());
        if let Some(value) = options.clipvalue {
            elementwise::clip_in_place(exec, gradient, -value, value);
        }
        if let Some(norm) = options.clipnorm {
            scale_to_norm(exec, gradient, norm);
        }
        let decay = options.weight_decay.filter(|_| options.decays(self.params[id].path()));
        let w = self.params[id].value_mut().make_mut();
        if let Some(decay) = decay {
            let keep = 1.0 - decay * self.update.rate as f32;
            elementwise::mul::scalar_in_place(exec, w, keep);
        }
        self.optimizer.update(self.update, w, gradient, &mut self.slots[id][..self.own]);
        self.average(id);
    }

    /// Brings the moving average of a parameter up to date, where there is one.
    fn average(&mut self, id: usize) {
        let (Some(place), exec, ema) = (self.average, self.update.exec, self.optimizer.options().ema) else { return };
        let (w, average) = (self.params[id].value_mut().make_mut(), &mut self.slots[id][place]);
        // The first steps begin the average.
        let momentum = if self.update.step == 1 { 0.0 } else { ema.momentum };
        elementwise::mul::scalar_in_place(exec, average, momentum as f32);
        elementwise::axpy(exec, w, average, (1.0 - momentum) as f32);
        if ema.overwrites_after(self.update.step - 1) {
            w.copy_from_slice(average);
        }
    }

    /// Uses the gradients that waited.
    fn finish(&mut self) -> Result<()> {
        let Some(gradients) = self.gradients.take() else { return Ok(()) };
        let exec = self.update.exec;
        let norm = gradients.iter().map(|gradient| reduce::sum_of_squares(exec, gradient)).sum::<f32>().sqrt();
        if let Some(bound) = self.optimizer.options().global_clipnorm.filter(|bound| norm > *bound) {
            gradients.iter_mut().for_each(|gradient| elementwise::mul::scalar_in_place(exec, gradient, bound / norm));
        }
        for (id, gradient) in gradients.iter_mut().enumerate().filter(|(_, gradient)| !gradient.is_empty()) {
            self.learn(id, gradient);
            // In the next step, the parameter may be one that does not learn.
            gradient.clear();
        }
        Ok(())
    }
}

fn scale_to_norm(exec: Exec<'_>, gradient: &mut [f32], bound: f32) {
    let norm = reduce::sum_of_squares(exec, gradient).sqrt();
    if norm > bound {
        elementwise::mul::scalar_in_place(exec, gradient, bound / norm);
    }
}

impl Parameters for Learner<'_> {
    fn value(&self, id: usize) -> &[f32] {
        self.params[id].value().as_slice()
    }

    fn ready(&mut self, id: usize, gradient: &mut [f32]) -> Result<()> {
        if !self.accumulate(id, gradient) {
            self.average(id);
            return Ok(());
        }
        match &mut self.gradients {
            Some(gradients) => {
                gradients[id].clear();
                extend(&mut gradients[id], gradient)?;
            }
            None => self.learn(id, gradient),
        }
        Ok(())
    }
}
