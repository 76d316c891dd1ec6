//! Networks that are trained, and then asked: what most workloads are.

use std::time::Instant;

use anyhow::Result;
use practicum_core::data::Data;
use practicum_core::prelude::*;

use super::measure::{Bench, Case, Mode, OURS, peak_memory};

/// A network to train and to ask.
pub(super) struct Training<'a> {
    /// Makes the model, ready to be trained.
    pub(super) model: &'a dyn Fn() -> Result<Sequential>,
    /// Makes this many examples, and their targets.
    pub(super) data: &'a dyn Fn(usize) -> Result<(Data, Data)>,
    /// Examples that the time is taken with.
    pub(super) examples: usize,
    /// Examples that the memory is taken with: as many as the leanest of other programs hold.
    pub(super) held: usize,
    /// Examples in a step.
    pub(super) batch: usize,
    /// Epochs of one call of `fit`.
    pub(super) epochs: usize,
    /// Operations of a step: see [`flops`](super::flops).
    pub(super) flops: f64,
}

impl Training<'_> {
    fn make(&self, cpu: &Cpu) -> Result<Sequential> {
        let mut model = (self.model)()?;
        model.set_cpu(cpu.clone());
        Ok(model)
    }

    fn fit(&self, model: &mut Sequential, x: &Data, y: &Data) -> Result<()> {
        let options = Fit::new().batch_size(self.batch).epochs(self.epochs).quiet();
        Ok(model.fit(x, y, options).map(drop)?)
    }
}

impl Bench {
    /// Takes the time of `fit`, in turn with the cases beside it, of the first step and of `predict`; or the memory of all
    /// that; or says where the time of a step goes. The model is trained.
    pub(super) fn train(&mut self, training: &Training<'_>, beside: Vec<Case<'_>>) -> Result<Sequential> {
        let cpu = self.cpu();
        let held = if self.mode() == Mode::Memory { training.held } else { training.examples };
        let (x, y) = (training.data)(held)?;
        let (first_x, first_y) = (training.data)(training.batch.min(held))?;
        let (first_x, first_y) = (first_x.to_tensor()?, first_y.to_tensor()?);
        let start = Instant::now();
        let mut model = training.make(&cpu)?;
        model.train_on_batch(&first_x, &first_y)?;
        let first_seconds = start.elapsed().as_secs_f64();

        let steps = training.epochs * held.div_ceil(training.batch);
        let one = (training.data)(1)?.0.to_tensor()?;
        match self.mode() {
            Mode::Memory => {
                training.fit(&mut model, &x, &y)?;
                model.predict(&one)?;
                self.push_memory("fit", training.batch, training.flops, peak_memory());
            }
            Mode::Profile => {
                let warm = Instant::now();
                model.train_on_batch(&first_x, &first_y)?;
                let steps = (1.0 / warm.elapsed().as_secs_f64()).clamp(3.0, 10_000.0) as usize;
                println!("{}\n", model.profile_on_batch(&first_x, &first_y, steps)?);
            }
            Mode::Time => {
                let call: Box<dyn FnMut() -> Result<()>> = Box::new(|| training.fit(&mut model, &x, &y));
                let case = Case { measure: "fit", by: OURS, steps, samples: training.batch, flops: training.flops, call };
                self.measure(std::iter::once(case).chain(beside).collect())?;
                self.first(first_seconds);
                let profiled = model.profile_on_batch(&first_x, &first_y, steps.clamp(3, 200))?;
                self.inside(profiled.inside().as_secs_f64() / steps.clamp(3, 200) as f64);
                self.predict_one(&model, &one)?;
            }
        }
        Ok(model)
    }

    /// What a prediction of a single example takes.
    pub(super) fn predict_one(&mut self, model: &Model, one: &Tensor) -> Result<()> {
        let call = Box::new(|| Ok(model.predict(one).map(drop)?));
        self.measure(vec![Case { measure: "predict, one example", by: OURS, steps: 1, samples: 1, flops: 0.0, call }])
    }
}
