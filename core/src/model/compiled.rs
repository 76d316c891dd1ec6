//! How a model learns: optimizer, loss and metrics, and the programs of its training steps.

use super::Logs;
use super::network::{Network, Parameter, Pass};
use crate::autodiff::program::{Parameters, Program, Targets};
use crate::autodiff::{Context, Tape, Var};
use crate::data::{Batch, BatchArray};
use crate::kernel::arena::Arena;
use crate::kernel::{Exec, elementwise, reduce};
use crate::losses::{Loss, fit_targets};
use crate::metrics::{Mean, Metric, Scored};
use crate::optimizers::{Optimizer, Update};
use crate::{Cpu, Error, Result, Shape, Tensor};

/// Programs for so many shapes of batches are kept.
const KEPT: usize = 8;

#[derive(Debug)]
pub(crate) struct Compiled {
    optimizer: Box<dyn Optimizer>,
    loss: Box<dyn Loss>,
    metrics: Vec<Box<dyn Metric>>,
    /// The loss of the epoch so far.
    mean_loss: Mean,
    step: u64,
    /// How often the training data were gone through.
    pub(crate) passes: usize,
    /// The optimizer's state of each parameter.
    slots: Vec<Vec<Vec<f32>>>,
    /// The programs of training steps, the one used last in front.
    programs: Vec<(Shapes, Step)>,
    arena: Arena,
    /// All gradients, where they have to be known before the first is used.
    gradients: Vec<Vec<f32>>,
}

/// A training step: its outputs are the loss, the predictions and the new values of the parameters in `updates`.
#[derive(Debug)]
struct Step {
    program: Program,
    updates: Vec<usize>,
}

/// The shapes of a batch, which a program was planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shapes {
    pub(crate) x: Shape,
    pub(crate) y: Option<Shape>,
    pub(crate) sample_weight: Option<Shape>,
}

impl Shapes {
    pub(crate) fn of(batch: &Batch) -> Result<Self> {
        let [x] = &batch.x[..] else {
            return Err(Error::data(format!("the model has one input, got a batch with {}", batch.x.len())));
        };
        if batch.is_empty() {
            return Err(Error::data(format!("a batch has one example or more: x has the shape {}", x.shape())));
        }
        let y = batch.y.first().map(|y| y.shape());
        Ok(Self { x: x.shape(), y, sample_weight: batch.sample_weight.as_ref().map(BatchArray::shape) })
    }
}

/// What one training step found, without the names: cheap to make.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLogs {
    /// The loss of the batch, with all penalties.
    pub loss: f64,
    /// The metrics of the batch, in the order in which they were given to `compile`.
    pub metrics: Vec<f64>,
}

impl Compiled {
    pub(crate) fn new(optimizer: Box<dyn Optimizer>, loss: Box<dyn Loss>, metrics: Vec<Box<dyn Metric>>) -> Result<Self> {
        optimizer.check().map_err(|error| error.context(optimizer.name()))?;
        loss.check()?;
        for (place, metric) in metrics.iter().enumerate() {
            metric.check()?;
            if metric.name() == "loss" || metrics[..place].iter().any(|other| other.name() == metric.name()) {
                return Err(
                    Error::argument(format!("two metrics are called `{}`", metric.name())).hint("give one another name with `named`")
                );
            }
        }
        Ok(Self {
            optimizer,
            loss,
            metrics,
            mean_loss: Mean::default(),
            step: 0,
            passes: 0,
            slots: Vec::new(),
            programs: Vec::new(),
            arena: Arena::new(),
            gradients: Vec::new(),
        })
    }

    pub(crate) fn loss(&self) -> &dyn Loss {
        &*self.loss
    }

    pub(crate) fn optimizer_mut(&mut self) -> &mut dyn Optimizer {
        &mut *self.optimizer
    }

    pub(crate) fn step(&self) -> u64 {
        self.step
    }

    pub(crate) fn learning_rate(&self) -> f64 {
        self.optimizer.options().rate(self.step)
    }

    /// The metrics, without what they have seen.
    pub(crate) fn fresh_metrics(&self) -> Vec<Box<dyn Metric>> {
        self.metrics.iter().map(|metric| metric.fresh()).collect()
    }

    /// The names that logs will have.
    pub(crate) fn names(&self) -> Vec<&str> {
        std::iter::once("loss").chain(self.metrics.iter().map(|metric| metric.name())).collect()
    }

    /// How many floats the buffers of a step take.
    pub(crate) fn arena_len(&self) -> usize {
        self.arena.len()
    }

    /// Layers learn that did not, or the other way round.
    pub(crate) fn forget_programs(&mut self) {
        self.programs.clear();
    }

    pub(crate) fn reset_metrics(&mut self) {
        self.mean_loss = Mean::default();
        self.metrics.iter_mut().for_each(|metric| metric.reset());
    }

    /// The means since the metrics were reset.
    pub(crate) fn logs(&self) -> Logs {
        let loss = std::iter::once(("loss".to_owned(), self.mean_loss.value()));
        loss.chain(self.metrics.iter().map(|metric| (metric.name().to_owned(), metric.result()))).collect()
    }

    pub(crate) fn metric_results(&self) -> Vec<f64> {
        self.metrics.iter().map(|metric| metric.result()).collect()
    }

    /// One optimizer update; the loss of the batch.
    pub(crate) fn train(&mut self, network: &mut Network, batch: &Batch, cpu: &Cpu, seed: u64) -> Result<f64> {
        let shapes = Shapes::of(batch)?;
        self.select_program(shapes, network, seed)?;
        self.prepare_slots(network)?;
        let Self { optimizer, programs, arena, slots, gradients, step, .. } = self;
        let Some((_, Step { program, updates })) = programs.first() else {
            return Err(Error::state("there is no program for this batch"));
        };
        let exec = cpu.exec();
        let mut inputs = [&[][..]; 3];
        let inputs = fill_inputs(batch, &mut inputs);
        let cx = Context { exec, step: *step, first_row: 0 };
        let mut learner = Learner::new(network, &**optimizer, slots, gradients, exec, *step);
        program.run(cx, arena, inputs, &mut learner)?;
        learner.finish()?;
        *step += 1;

        let loss = f64::from(program.output(0, arena, inputs, &learner).data[0]);
        self.mean_loss.add(loss, batch.len() as f64);
        if !self.metrics.is_empty() {
            let scored = scored(program.output(1, arena, inputs, &learner), batch, self.loss.targets())?;
            update_metrics(&mut self.metrics, &scored)?;
        }
        for (place, param) in updates.iter().enumerate() {
            let value = program.output(2 + place, arena, inputs, &learner).data.to_vec();
            learner.params[*param].update(&value);
        }
        Ok(loss)
    }

    /// One optimizer update with gradients from elsewhere.
    pub(crate) fn apply(&mut self, network: &mut Network, gradients: &[Option<Tensor>], cpu: &Cpu) -> Result<()> {
        self.prepare_slots(network)?;
        let Self { optimizer, slots, gradients: waiting, step, .. } = self;
        let mut learner = Learner::new(network, &**optimizer, slots, waiting, cpu.exec(), *step);
        for (id, gradient) in gradients.iter().enumerate() {
            if let Some(gradient) = gradient {
                learner.ready(id, &mut gradient.to_vec())?;
            }
        }
        learner.finish()?;
        *step += 1;
        Ok(())
    }

    /// Puts the program for these shapes in front, and makes it where there is none.
    fn select_program(&mut self, shapes: Shapes, network: &Network, seed: u64) -> Result<()> {
        match self.programs.iter().position(|(known, _)| *known == shapes) {
            Some(0) => {}
            Some(place) => self.programs[..=place].rotate_right(1),
            None => {
                let recorded = record_loss(network, &*self.loss, shapes, true, seed)?;
                // Predictions that no metric looks at need not be kept to the end.
                let y = if self.metrics.is_empty() { recorded.loss.clone() } else { recorded.y };
                let (updates, values): (Vec<usize>, Vec<Var>) = recorded.updates.into_iter().unzip();
                let outputs = [vec![recorded.loss.clone(), y], values].concat();
                let program = Program::compile(&recorded.tape, &Targets { outputs: &outputs, loss: Some(&recorded.loss) })?;
                self.programs.truncate(KEPT - 1);
                self.programs.insert(0, (shapes, Step { program, updates }));
            }
        }
        Ok(())
    }

    fn prepare_slots(&mut self, network: &Network) -> Result<()> {
        if self.slots.len() == network.parameters().len() {
            return Ok(());
        }
        let first = self.optimizer.slots();
        let state = |param: &Parameter| first.iter().map(|value| Ok(Tensor::full([param.value().len()], *value)?.into_vec())).collect();
        self.slots = network.parameters().iter().map(state).collect::<Result<_>>()?;
        self.gradients = vec![Vec::new(); network.parameters().len()];
        Ok(())
    }
}

/// The arrays of a batch, in the order of the program's inputs.
pub(crate) fn fill_inputs<'a, 'b>(batch: &'a Batch, inputs: &'b mut [&'a [f32]; 3]) -> &'b [&'a [f32]] {
    let arrays = batch.x.first().into_iter().chain(batch.y.first()).chain(&batch.sample_weight);
    let mut count = 0;
    for (input, array) in inputs.iter_mut().zip(arrays) {
        *input = array.as_slice();
        count += 1;
    }
    &inputs[..count]
}

/// Targets and predictions as metrics want them.
pub(crate) fn scored<'a>(y_pred: crate::autodiff::View<'a>, batch: &'a Batch, targets: crate::losses::Targets) -> Result<Scored<'a>> {
    let Some(y) = batch.y.first() else {
        return Err(Error::data("there are no targets to compare with"));
    };
    let shape = fit_targets(targets, y.shape(), y_pred.shape)?;
    let sample_weight = batch.sample_weight.as_ref().map(|weights| weights.as_slice());
    Ok(Scored { y_true: crate::autodiff::View { shape, data: y.as_slice() }, y_pred, sample_weight })
}

pub(crate) fn update_metrics(metrics: &mut [Box<dyn Metric>], scored: &Scored<'_>) -> Result<()> {
    for metric in metrics {
        let sample_weight = if metric.is_weighted() { scored.sample_weight } else { None };
        metric.update(&Scored { sample_weight, ..*scored }).map_err(|error| error.context(format!("metric `{}`", metric.name())))?;
    }
    Ok(())
}

pub(crate) struct RecordedLoss {
    pub(crate) tape: Tape,
    pub(crate) y: Var,
    pub(crate) loss: Var,
    pub(crate) updates: Vec<(usize, Var)>,
}

/// Records the model, and its loss with all penalties.
pub(crate) fn record_loss(network: &Network, loss: &dyn Loss, shapes: Shapes, training: bool, seed: u64) -> Result<RecordedLoss> {
    let tape = Tape::deferred();
    let traced = network.record(&tape, tape.input(0, shapes.x), Pass { training, learns: training, seed })?;
    let Some(y) = shapes.y else {
        return Err(Error::data("there are no targets to learn from").hint("give y beside x"));
    };
    let weights = shapes.sample_weight.map(|shape| tape.input(2, shape));
    let loss = loss.mean(&tape.input(1, y), &traced.output, weights.as_ref())?;
    Ok(RecordedLoss { loss: traced.with_penalties(loss)?, tape, y: traced.output, updates: traced.updates })
}

/// Gives each gradient to the optimizer as soon as it is complete.
struct Learner<'a> {
    params: &'a mut [Parameter],
    optimizer: &'a dyn Optimizer,
    slots: &'a mut [Vec<Vec<f32>>],
    update: Update<'a>,
    /// Where gradients wait until all are known; empty for parameters that do not learn.
    gradients: Option<&'a mut Vec<Vec<f32>>>,
}

impl<'a> Learner<'a> {
    /// For the update behind `step` others.
    fn new(
        network: &'a mut Network,
        optimizer: &'a dyn Optimizer,
        slots: &'a mut [Vec<Vec<f32>>],
        waiting: &'a mut Vec<Vec<f32>>,
        exec: Exec<'a>,
        step: u64,
    ) -> Self {
        let options = optimizer.options();
        let update = Update { exec, step: step + 1, rate: options.rate(step) };
        let gradients = options.global_clipnorm.is_some().then_some(waiting);
        Self { params: network.parameters_mut(), optimizer, slots, update, gradients }
    }

    fn learn(&mut self, id: usize, gradient: &mut [f32]) {
        let (exec, options) = (self.update.exec, self.optimizer.options());
        if let Some(value) = options.clipvalue {
            elementwise::clip_in_place(exec, gradient, -value, value);
        }
        if let Some(norm) = options.clipnorm {
            scale_to_norm(exec, gradient, norm);
        }
        let w = self.params[id].value_mut().make_mut();
        if let Some(decay) = options.weight_decay {
            let keep = 1.0 - decay * self.update.rate as f32;
            elementwise::mul::scalar_in_place(exec, w, keep);
        }
        self.optimizer.update(self.update, w, gradient, &mut self.slots[id]);
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
        match &mut self.gradients {
            Some(gradients) => {
                gradients[id].clear();
                gradients[id].extend_from_slice(gradient);
            }
            None => self.learn(id, gradient),
        }
        Ok(())
    }
}
