//! A pipeline of batches as the source that a model is fed from.

use super::{Cardinality, Dataset};
use crate::data::{Batch, BatchArray, BatchSource};
use crate::kernel::Exec;
use crate::{Error, Result, Tensor};

/// The tensors of a model's inputs or outputs: one, or several in a vector, an array or a tuple.
pub trait Components {
    /// Puts them after those that are there.
    fn put(self, arrays: &mut Vec<BatchArray>);
}

impl Components for Tensor {
    fn put(self, arrays: &mut Vec<BatchArray>) {
        arrays.push(self.into());
    }
}

impl Components for &Tensor {
    fn put(self, arrays: &mut Vec<BatchArray>) {
        arrays.push(self.clone().into());
    }
}

impl<A: Components> Components for Vec<A> {
    fn put(self, arrays: &mut Vec<BatchArray>) {
        self.into_iter().for_each(|part| part.put(arrays));
    }
}

impl<A: Components, const N: usize> Components for [A; N] {
    fn put(self, arrays: &mut Vec<BatchArray>) {
        self.into_iter().for_each(|part| part.put(arrays));
    }
}

impl<A: Components, B: Components> Components for (A, B) {
    fn put(self, arrays: &mut Vec<BatchArray>) {
        self.0.put(arrays);
        self.1.put(arrays);
    }
}

impl<A: Components, B: Components, C: Components> Components for (A, B, C) {
    fn put(self, arrays: &mut Vec<BatchArray>) {
        self.0.put(arrays);
        self.1.put(arrays);
        self.2.put(arrays);
    }
}

/// A batch for a model: `x`, `(x, y)` or `(x, y, sample_weight)`.
///
/// `x` and `y` are [`Components`]: a pair of tensors is one input and one output; two inputs are a pair in the first place,
/// `((a, b), y)`.
pub trait Examples {
    /// Puts the tensors where the model looks for them.
    fn fill(self, batch: &mut Batch);
}

macro_rules! inputs_alone {
    ($([$($param:tt)*] $type:ty;)+) => { $(
        impl<$($param)*> Examples for $type {
            fn fill(self, batch: &mut Batch) {
                self.put(&mut batch.x);
            }
        }
    )+ };
}

inputs_alone! {
    [] Tensor;
    [A: Components] Vec<A>;
    [A: Components, const N: usize] [A; N];
}

impl<X: Components, Y: Components> Examples for (X, Y) {
    fn fill(self, batch: &mut Batch) {
        self.0.put(&mut batch.x);
        self.1.put(&mut batch.y);
    }
}

impl<X: Components, Y: Components> Examples for (X, Y, Tensor) {
    fn fill(self, batch: &mut Batch) {
        self.0.put(&mut batch.x);
        self.1.put(&mut batch.y);
        batch.sample_weight = Some(self.2.into());
    }
}

impl<T: Examples + Send + 'static> BatchSource for Dataset<T> {
    fn start_epoch(&mut self, epoch: usize) -> Result<()> {
        // What is left of the last epoch goes first, with its threads.
        self.running = None.into();
        self.running = Some(self.epoch(epoch)).into();
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut Batch, _exec: Exec<'_>) -> Result<bool> {
        let Ok(Some(running)) = self.running.get_mut().map(Option::as_mut) else {
            return Err(Error::state("an epoch must be started before its batches are taken"));
        };
        // The memory of the last batch goes first, so that the pipeline can use it for the next.
        batch.x.clear();
        batch.y.clear();
        batch.sample_weight = None;
        match running.next() {
            Some(examples) => {
                examples?.fill(batch);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn batches(&self) -> Option<usize> {
        self.len()
    }

    fn is_endless(&self) -> bool {
        self.cardinality() == Cardinality::Infinite
    }
}
