//! Prediction and evaluation, from any number of threads.

use std::sync::{Arc, Mutex, PoisonError};

use super::compiled::{Compiled, Shapes, fill_inputs, record_loss, scored, update_metrics};
use super::fit::check_end;
use super::network::{Parameter, Pass};
use super::{Logs, Model};
use crate::autodiff::program::{Parameters, Program, Targets};
use crate::autodiff::{Context, Tape};
use crate::data::{ArraySource, Batch, BatchSource, Data, IntoData};
use crate::kernel::arena::Arena;
use crate::metrics::Mean;
use crate::{Error, Result, Shape, Tensor};

/// Programs for so many shapes are kept.
const KEPT: usize = 8;

/// The programs that do not learn, and arenas to run them in: one for each thread that is running one.
#[derive(Debug, Default)]
pub(crate) struct Runner {
    programs: Mutex<Vec<(Shapes, Arc<Program>)>>,
    arenas: Mutex<Vec<Arena>>,
}

impl Runner {
    /// The model computes something else from now on.
    pub(crate) fn forget(&self) {
        lock(&self.programs).clear();
    }

    fn program(&self, shapes: Shapes, make: impl FnOnce() -> Result<Program>) -> Result<Arc<Program>> {
        let mut programs = lock(&self.programs);
        if let Some(place) = programs.iter().position(|(known, _)| *known == shapes) {
            programs[..=place].rotate_right(1);
        } else {
            let program = Arc::new(make()?);
            programs.truncate(KEPT - 1);
            programs.insert(0, (shapes, program));
        }
        Ok(programs[0].1.clone())
    }

    fn with_arena<T>(&self, f: impl FnOnce(&mut Arena) -> Result<T>) -> Result<T> {
        let mut arena = lock(&self.arenas).pop().unwrap_or_else(Arena::new);
        let result = f(&mut arena);
        lock(&self.arenas).push(arena);
        result
    }
}

/// A panic elsewhere leaves nothing half-done behind these locks.
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
    /// What the model puts out for each example, computed in batches of 32.
    ///
    /// # Errors
    /// The model is not built, or the data do not fit it.
    pub fn predict(&self, x: impl IntoData) -> Result<Tensor> {
        self.predict_batches(x, BATCH_SIZE)
    }

    /// What the model puts out for each example, computed in batches of the given size.
    ///
    /// # Errors
    /// The model is not built, the data do not fit it, or the batch size is 0.
    pub fn predict_batches(&self, x: impl IntoData, batch_size: usize) -> Result<Tensor> {
        self.check_pending()?;
        let x = x.into_data()?;
        self.check_input(&x)?;
        let mut source = ArraySource::new(x, None, batch_size)?;
        let (mut batch, mut outputs) = (Batch::default(), Vec::new());
        let mut shape = Shape::SCALAR;
        let exec = self.cpu.exec();
        source.start_epoch(0)?;
        while source.next_batch(&mut batch, exec)? {
            let shapes = Shapes::of(&batch)?;
            let program = self.runner.program(shapes, || {
                let tape = Tape::deferred();
                let pass = Pass { training: false, learns: false, seed: self.seed };
                let traced = self.network.record(&tape, tape.input(0, shapes.x), pass)?;
                Program::compile(&tape, &Targets { outputs: &[traced.output], loss: None })
            })?;
            self.runner.with_arena(|arena| {
                let mut inputs = [&[][..]; 3];
                let inputs = fill_inputs(&batch, &mut inputs);
                let mut params = Fixed(self.network.parameters());
                program.run(Context { exec, step: 0, first_row: 0 }, arena, inputs, &mut params)?;
                let output = program.output(0, arena, inputs, &params);
                shape = output.shape;
                outputs.extend_from_slice(output.data);
                Ok(())
            })?;
        }
        let rows: usize = outputs.len() / shape.without_batch().size().max(1);
        Tensor::new(Shape::new(&[&[rows], shape.without_batch().dims()].concat())?, outputs)
    }

    /// The loss and the metrics over all examples, in batches of 32.
    ///
    /// # Errors
    /// The model is not compiled or not built, or the data do not fit it.
    pub fn evaluate(&self, x: impl IntoData, y: impl IntoData) -> Result<Logs> {
        let (x, y) = (x.into_data()?, y.into_data()?);
        self.check_input(&x)?;
        self.check_targets(&y)?;
        self.evaluate_batches(&mut ArraySource::new(x, Some(y), BATCH_SIZE)?, None)
    }

    /// The loss and the metrics over the batches of a source, or over the first of them.
    ///
    /// # Errors
    /// The model is not compiled or not built, or the batches do not fit it.
    pub fn evaluate_batches(&self, source: &mut dyn BatchSource, steps: Option<usize>) -> Result<Logs> {
        self.check_pending()?;
        check_end(source, steps, "steps")?;
        let compiled = self.compiled()?;
        let (mut metrics, mut loss, mut batch) = (compiled.fresh_metrics(), Mean::default(), Batch::default());
        let exec = self.cpu.exec();
        source.start_epoch(0)?;
        for _ in 0..steps.unwrap_or(usize::MAX) {
            if !source.next_batch(&mut batch, exec)? {
                break;
            }
            let program = self.evaluation_program(compiled, Shapes::of(&batch)?)?;
            self.runner.with_arena(|arena| {
                let mut inputs = [&[][..]; 3];
                let inputs = fill_inputs(&batch, &mut inputs);
                let mut params = Fixed(self.network.parameters());
                program.run(Context { exec, step: 0, first_row: 0 }, arena, inputs, &mut params)?;
                loss.add(f64::from(program.output(0, arena, inputs, &params).data[0]), batch.len() as f64);
                let scored = scored(program.output(1, arena, inputs, &params), &batch, compiled.loss().targets())?;
                update_metrics(&mut metrics, &scored)
            })?;
        }
        let loss = std::iter::once(("loss".to_owned(), loss.value()));
        Ok(loss.chain(metrics.iter().map(|metric| (metric.name().to_owned(), metric.result()))).collect())
    }

    fn evaluation_program(&self, compiled: &Compiled, shapes: Shapes) -> Result<Arc<Program>> {
        self.runner.program(shapes, || {
            let recorded = record_loss(&self.network, compiled.loss(), shapes, false, self.seed)?;
            Program::compile(&recorded.tape, &Targets { outputs: &[recorded.loss, recorded.y], loss: None })
        })
    }

    /// Refuses examples of another shape than the model's, and numbers that are none.
    pub(super) fn check_input(&self, x: &Data) -> Result<()> {
        self.network.check_input(x.shape())?;
        match x.first_not_finite() {
            Some((place, value)) => Err(Error::data(format!("x{place:?} is {value}: the data must be finite"))),
            None => Ok(()),
        }
    }

    /// Refuses targets that do not go with the loss.
    pub(super) fn check_targets(&self, y: &Data) -> Result<()> {
        let loss = self.compiled()?.loss();
        if loss.targets() == crate::losses::Targets::Classes {
            let classes = self.network.output_shape()?.last().unwrap_or(0);
            if let Some((place, value)) = y.first_not_a_class(classes) {
                return Err(Error::data(format!(
                    "y{place:?} is {value}: the model tells {classes} classes apart, 0 to {}",
                    classes.max(1) - 1
                ))
                .hint("classes are whole numbers from 0; the last layer needs a unit for each"));
            }
            return Ok(());
        }
        match y.first_not_finite() {
            Some((place, value)) => Err(Error::data(format!("y{place:?} is {value}: the data must be finite"))),
            None => Ok(()),
        }
    }
}
