//! Prediction and evaluation, from any number of threads.

use std::sync::{Arc, Mutex, PoisonError};

use super::objective::{Objective, Scores};
use super::parameter::Parameter;
use super::programs::{Programs, Shapes, fill_inputs};
use super::trace::Pass;
use super::{Logs, Model};
use crate::autodiff::program::{Parameters, Program, Targets};
use crate::autodiff::{Context, Tape, Var, View, extend};
use crate::data::{ArraySource, Batch, BatchSource, Data, Feed, IntoArrays, IntoFeed, check_end, no_batch, no_targets};
use crate::kernel::arena::Arena;
use crate::{Error, Result, Shape, Tensor};

/// The programs that do not learn, and arenas to run programs in: one for each thread that is running one. A training step takes
/// one of them, too, so that a validation needs no memory beside that of the training.
#[derive(Debug, Default)]
pub(crate) struct Runner {
    programs: Mutex<Programs<Arc<Program>>>,
    arenas: Mutex<Vec<Arena>>,
}

impl Runner {
    /// The model computes something else from now on.
    pub(crate) fn forget(&self) {
        lock(&self.programs).clear();
    }

    fn program(&self, batch: &Batch, make: impl FnOnce(&Shapes) -> Result<Program>) -> Result<Arc<Program>> {
        lock(&self.programs).of(batch, |shapes| make(shapes).map(Arc::new)).cloned()
    }

    /// How many floats all arenas hold.
    pub(super) fn arena_len(&self) -> usize {
        lock(&self.arenas).iter().map(Arena::len).sum()
    }

    /// An arena for the model's owner, whom no other thread disturbs.
    pub(super) fn arena(&mut self) -> &mut Arena {
        let arenas = self.arenas.get_mut().unwrap_or_else(PoisonError::into_inner);
        if arenas.is_empty() {
            arenas.push(Arena::new());
        }
        &mut arenas[0]
    }

    fn with_arena<T>(&self, f: impl FnOnce(&mut Arena) -> Result<T>) -> Result<T> {
        let mut arena = lock(&self.arenas).pop().unwrap_or_else(Arena::new);
        let result = f(&mut arena);
        lock(&self.arenas).push(arena);
        result
    }
}

/// A panic elsewhere leaves nothing half-done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parameters that are only read.
struct Fixed<'a>(&'a [Parameter]);

impl Parameters for Fixed<'_> {
    fn value(&self, id: usize) -> &[f32] {
        self.0[id].value().as_slice()
    }

    fn ready(&mut self, _id: usize, _gradient: &mut [f32]) -> Result<()> {
        Ok(())
    }
}

/// Batches of this size are predicted where none is given.
const BATCH_SIZE: usize = 32;

impl Model {
    /// The outputs of the model for each example of `x`: arrays, in batches of 32, or a source of batches, whose targets are
    /// left alone.
    ///
    /// How examples are put into batches changes no bit. For another batch size, give an
    /// [`ArraySource::new(x, (), 256)`](ArraySource::new).
    ///
    /// # Errors
    /// The model is not built or has several outputs; the data do not fit it, contain non-finite numbers, or are empty; a source has
    /// no end.
    pub fn predict<'d, K>(&self, x: impl IntoFeed<'d, K>) -> Result<Tensor> {
        let mut outputs = self.predict_all(x)?;
        match outputs.len() {
            1 => Ok(outputs.remove(0)),
            several => Err(Error::argument(format!("the model has {several} outputs ({})", self.output_names().join(", ")))
                .hint("ask for all of them with `predict_all`")),
        }
    }

    /// Like [`predict`](Model::predict), for a model with any number of outputs: a tensor for each.
    ///
    /// # Errors
    /// The model is not built; the data do not fit it, contain non-finite numbers, or are empty; a source has no end.
    pub fn predict_all<'d, K>(&self, x: impl IntoFeed<'d, K>) -> Result<Vec<Tensor>> {
        self.check_pending()?;
        match x.into_feed()? {
            Feed::Arrays(x) => {
                self.check_inputs(&x)?;
                self.predict_source(&mut ArraySource::from_arrays(x, Vec::new(), BATCH_SIZE)?, true)
            }
            Feed::Source(mut source) => self.predict_source(&mut *source, false),
        }
    }

    fn predict_source(&self, source: &mut dyn BatchSource, checked: bool) -> Result<Vec<Tensor>> {
        check_end(source, None, "take_batches")?;
        let (mut batch, mut outputs) = (Batch::default(), Vec::new());
        let exec = self.cpu.exec();
        source.start_epoch(0)?;
        for number in 0.. {
            if !source.next_batch(&mut batch, exec)? {
                break;
            }
            if !checked {
                let [x, _] = batch.arrays()?;
                self.check_inputs(&x).map_err(|error| error.context(format!("batch {number}")))?;
            }
            batch.y.clear();
            batch.sample_weight = None;
            let program = self.runner.program(&batch, |shapes| {
                let tape = Tape::deferred();
                let pass = Pass { training: false, learns: false, seed: self.seed };
                let inputs: Vec<Var> = shapes.x.iter().enumerate().map(|(slot, shape)| tape.input(slot, *shape)).collect();
                let traced = self.network.record(&tape, &inputs, pass)?;
                Program::compile(&tape, &Targets { outputs: &traced.outputs, loss: None })
            })?;
            self.run_program(&program, &batch, |_, output| {
                (0..program.outputs()).try_for_each(|place| take_output(&mut outputs, place, output(place)))
            })?;
        }
        if outputs.is_empty() {
            return Err(no_batch());
        }
        outputs.into_iter().map(|(example, rows, data)| Tensor::new(Shape::new(&[&[rows], example.dims()].concat())?, data)).collect()
    }

    /// Runs a program that does not learn, and lets `read` look at its outputs.
    fn run_program<T>(
        &self,
        program: &Program,
        batch: &Batch,
        read: impl for<'a> FnOnce(&'a Batch, &dyn Fn(usize) -> View<'a>) -> Result<T>,
    ) -> Result<T> {
        self.runner.with_arena(|arena| {
            let (mut few, mut many) = Default::default();
            let inputs = fill_inputs(batch, &mut few, &mut many);
            let mut params = Fixed(self.network.parameters());
            program.run(Context { exec: self.cpu.exec(), step: 0 }, arena, inputs, &mut params)?;
            read(batch, &|place| program.output(place, arena, inputs, &params))
        })
    }

    /// The loss and the metrics over all examples.
    ///
    /// `x` and `y` are arrays, or `x` is a source of batches, with their targets and weights, and `y` is `()`. To weigh
    /// examples, or for another batch size than 32, give an [`ArraySource`]; for the first batches of a source alone,
    /// [`take_batches`](BatchSource::take_batches).
    ///
    /// ```
    /// use practicum_core::data::ArraySource;
    /// use practicum_core::prelude::*;
    ///
    /// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    /// model.compile("sgd", "mse", ())?;
    /// let (x, y) = ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]);
    /// let logs = model.evaluate(x, y)?;
    /// let only_first = model.evaluate(ArraySource::new(x, y, 3)?.weighted([3.0, 0.0, 0.0])?, ())?;
    /// assert!((only_first["loss"] - 1.0).abs() < 1e-6 && logs["loss"] > 1.0);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not compiled or not built, the data do not fit it, or there are none.
    pub fn evaluate<'d, K>(&self, x: impl IntoFeed<'d, K>, y: impl IntoArrays) -> Result<Logs> {
        match x.into_feed()? {
            Feed::Arrays(x) => {
                let y = y.into_arrays()?;
                self.check_inputs(&x)?;
                self.check_targets(&y)?;
                self.evaluate_source(&mut ArraySource::from_arrays(x, y, BATCH_SIZE)?, None, true)
            }
            Feed::Source(mut source) => {
                no_targets(y)?;
                self.evaluate_source(&mut *source, None, false)
            }
        }
    }

    /// The same for a source whose data may have been checked before, or for its first `steps` batches.
    pub(super) fn evaluate_source(&self, source: &mut dyn BatchSource, steps: Option<usize>, checked: bool) -> Result<Logs> {
        self.check_pending()?;
        check_end(source, steps, "take_batches")?;
        let compiled = self.compiled()?;
        let (mut scores, mut batch) = (compiled.scores().fresh(), Batch::default());
        source.start_epoch(0)?;
        let mut step = 0;
        while steps.is_none_or(|steps| step < steps) && source.next_batch(&mut batch, self.cpu.exec())? {
            if !checked {
                self.check_batch(&batch, step)?;
            }
            let program = self.evaluation_program(compiled.objective(), &scores, &batch)?;
            self.run_program(&program, &batch, |batch, output| scores.add(batch, compiled.objective(), output))?;
            step += 1;
        }
        if step == 0 { Err(no_batch()) } else { Ok(scores.logs()) }
    }

    fn evaluation_program(&self, objective: &Objective, scores: &Scores, batch: &Batch) -> Result<Arc<Program>> {
        self.runner.program(batch, |shapes| {
            let recorded = objective.record(&self.network, shapes, false, self.seed)?;
            Program::compile(&recorded.tape, &Targets { outputs: &scores.wanted(&recorded), loss: None })
        })
    }

    /// Refuses examples of another shape than the model's, and numbers that are none.
    pub(super) fn check_inputs(&self, x: &[Data]) -> Result<()> {
        self.network.check_inputs(&x.iter().map(Data::shape).collect::<Vec<_>>())?;
        x.iter().enumerate().try_for_each(|(place, data)| check_finite(data, &numbered("x", place, x.len())))
    }

    /// Refuses targets that do not go with the losses.
    pub(super) fn check_targets(&self, y: &[Data]) -> Result<()> {
        let (objective, outputs) = (self.compiled()?.objective(), self.network.output_shapes()?);
        if y.is_empty() {
            return Err(Error::data("there are no targets to compare with").hint("give y beside x"));
        }
        if outputs.len() != y.len() {
            let (got, names) = (y.len(), self.output_names().join(", "));
            return Err(Error::data(format!("the model has {} outputs ({names}), got {got} arrays of targets", outputs.len())));
        }
        for (place, (data, output)) in y.iter().zip(outputs).enumerate() {
            let name = numbered("y", place, y.len());
            if objective.of(place).targets() != crate::losses::Targets::Classes {
                check_finite(data, &name)?;
                continue;
            }
            let classes = output.last().unwrap_or(0);
            if let Some((at, value)) = data.first_not_a_class(classes) {
                let last = classes.max(1) - 1;
                return Err(Error::data(format!("{name}{at:?} is {value}: the model tells {classes} classes apart, 0 to {last}"))
                    .hint("classes are whole numbers from 0; the last layer needs a unit for each"));
            }
        }
        Ok(())
    }
}

fn numbered(name: &str, place: usize, count: usize) -> String {
    if count == 1 { name.to_owned() } else { format!("{name}[{place}]") }
}

fn check_finite(data: &Data, name: &str) -> Result<()> {
    match data.first_not_finite() {
        Some((place, value)) => Err(Error::data(format!("{name}{place:?} is {value}: the data must be finite"))),
        None => Ok(()),
    }
}

/// Puts a batch of an output after those before it.
fn take_output(outputs: &mut Vec<(Shape, usize, Vec<f32>)>, place: usize, output: View<'_>) -> Result<()> {
    let example = output.shape.without_batch();
    if place == outputs.len() {
        outputs.push((example, 0, Vec::new()));
    }
    let (known, rows, data) = &mut outputs[place];
    if *known != example {
        return Err(Error::shape(format!("batches give outputs of different shapes: {known} and {example}"))
            .hint("sequences of different lengths are predicted one batch at a time"));
    }
    *rows += output.shape.first().copied().unwrap_or(1);
    extend(data, output.data)
}
