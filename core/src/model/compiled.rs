//! How a model learns: optimizer, loss and metrics, and the programs of its training steps.

use super::goal::{Goal, Scores};
use super::network::{Network, Parameter};
use crate::autodiff::program::{Parameters, Program, Targets, Watch};
use crate::autodiff::{Context, Var, extend};
use crate::data::{Batch, BatchArray};
use crate::kernel::arena::Arena;
use crate::kernel::{Exec, elementwise, reduce};
use crate::optimizers::{Optimizer, Update};
use crate::{Cpu, Error, Result, Shape, Tensor};

/// Programs for so many shapes of batches are kept.
const KEPT: usize = 8;

#[derive(Debug)]
pub(crate) struct Compiled {
    optimizer: Box<dyn Optimizer>,
    goal: Goal,
    /// What the epoch came to so far.
    scores: Scores,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shapes {
    pub(crate) x: Vec<Shape>,
    pub(crate) y: Vec<Shape>,
    pub(crate) sample_weight: Option<Shape>,
}

impl Shapes {
    pub(crate) fn of(batch: &Batch) -> Result<Self> {
        if batch.is_empty() {
            let shape = batch.x.first().map_or(Shape::SCALAR, BatchArray::shape);
            return Err(Error::data(format!("a batch has one example or more: x has the shape {shape}")));
        }
        let shapes = |arrays: &[BatchArray]| arrays.iter().map(BatchArray::shape).collect();
        Ok(Self { x: shapes(&batch.x), y: shapes(&batch.y), sample_weight: batch.sample_weight.as_ref().map(BatchArray::shape) })
    }

    /// Whether a batch has these shapes.
    pub(crate) fn fit(&self, batch: &Batch) -> bool {
        let same = |shapes: &[Shape], arrays: &[BatchArray]| {
            shapes.len() == arrays.len() && shapes.iter().zip(arrays).all(|(shape, array)| *shape == array.shape())
        };
        same(&self.x, &batch.x) && same(&self.y, &batch.y) && self.sample_weight == batch.sample_weight.as_ref().map(BatchArray::shape)
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

impl Clone for Compiled {
    /// The same goal and state; programs are recorded again.
    fn clone(&self) -> Self {
        Self {
            optimizer: self.optimizer.boxed_clone(),
            goal: self.goal.clone(),
            scores: self.scores.fresh(),
            step: self.step,
            passes: self.passes,
            slots: self.slots.clone(),
            programs: Vec::new(),
            arena: Arena::new(),
            gradients: self.gradients.clone(),
        }
    }
}

impl Compiled {
    pub(crate) fn new(optimizer: Box<dyn Optimizer>, goal: Goal, scores: Scores) -> Result<Self> {
        optimizer.check().map_err(|error| error.context(optimizer.name()))?;
        Ok(Self {
            optimizer,
            goal,
            scores,
            step: 0,
            passes: 0,
            slots: Vec::new(),
            programs: Vec::new(),
            arena: Arena::new(),
            gradients: Vec::new(),
        })
    }

    pub(crate) fn goal(&self) -> &Goal {
        &self.goal
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

    /// Losses and metrics: what the epoch came to so far.
    pub(crate) fn scores(&self) -> &Scores {
        &self.scores
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
        self.scores.reset();
    }

    /// One optimizer update; the loss of the batch.
    pub(crate) fn train(&mut self, network: &mut Network, batch: &Batch, cpu: &Cpu, seed: u64, watch: &mut impl Watch) -> Result<f64> {
        self.select_program(batch, network, seed)?;
        self.prepare_slots(network)?;
        let Self { optimizer, programs, arena, slots, gradients, step, .. } = self;
        let Some((_, Step { program, updates })) = programs.first() else {
            return Err(Error::state("there is no program for this batch"));
        };
        let exec = cpu.exec();
        let (mut few, mut many) = Default::default();
        let inputs = fill_inputs(batch, &mut few, &mut many);
        let cx = Context { exec, step: *step, first_row: 0 };
        let mut learner = Learner::new(network, &**optimizer, slots, gradients, exec, *step);
        program.run_watched(cx, arena, inputs, &mut learner, watch)?;
        learner.finish()?;
        *step += 1;

        let loss = self.scores.add(batch, &self.goal, |place| program.output(place, arena, inputs, &learner))?;
        let first = self.scores.outputs();
        for (place, param) in updates.iter().enumerate() {
            let value = program.output(first + place, arena, inputs, &learner).data.to_vec();
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

    /// Puts the program for the shapes of this batch in front, and makes it where there is none.
    fn select_program(&mut self, batch: &Batch, network: &Network, seed: u64) -> Result<()> {
        match self.programs.iter().position(|(known, _)| known.fit(batch)) {
            Some(0) => {}
            Some(place) => self.programs[..=place].rotate_right(1),
            None => {
                let shapes = Shapes::of(batch)?;
                let recorded = self.goal.record(network, &shapes, true, seed)?;
                let (updates, values): (Vec<usize>, Vec<Var>) = recorded.updates.iter().cloned().unzip();
                let outputs = [self.scores.wanted(&recorded), values].concat();
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

/// How many arrays of a batch are served without allocating.
const INLINE: usize = 8;

/// The arrays of a batch, in the order of the program's inputs; in `many` where they are more than `few` can hold.
pub(crate) fn fill_inputs<'a, 'b>(batch: &'a Batch, few: &'b mut [&'a [f32]; INLINE], many: &'b mut Vec<&'a [f32]>) -> &'b [&'a [f32]] {
    let arrays = batch.x.iter().chain(&batch.y).chain(&batch.sample_weight).map(BatchArray::as_slice);
    let count = batch.x.len() + batch.y.len() + usize::from(batch.sample_weight.is_some());
    if count > INLINE {
        many.extend(arrays);
        return many;
    }
    few.iter_mut().zip(arrays).for_each(|(input, array)| *input = array);
    &few[..count]
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
                extend(&mut gradients[id], gradient)?;
            }
            None => self.learn(id, gradient),
        }
        Ok(())
    }
}
