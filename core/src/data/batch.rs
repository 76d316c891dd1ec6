//! Batches, and where they come from.

use super::Data;
use crate::kernel::Exec;
use crate::rng::Key;
use crate::{Error, Result, Shape, Tensor};

/// A tensor of a batch: memory that is filled anew for every batch, or a tensor that was made elsewhere.
#[derive(Clone, Debug)]
pub struct BatchArray(Tensor);

impl Default for BatchArray {
    fn default() -> Self {
        Self(Vec::new().into())
    }
}

impl From<Tensor> for BatchArray {
    fn from(tensor: Tensor) -> Self {
        Self(tensor)
    }
}

impl BatchArray {
    /// The shape, the batch first.
    pub fn shape(&self) -> Shape {
        self.0.shape()
    }

    /// The elements.
    pub fn as_slice(&self) -> &[f32] {
        self.0.as_slice()
    }

    /// Gives it a shape, and its elements to be written: all of them, since they are what was there before.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn resize(&mut self, shape: impl Into<Shape>) -> Result<&mut [f32]> {
        self.0.reuse(shape.into())
    }
}

/// Some examples: what the model reads, what it should answer, and how much each example counts.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// One array an input of the model.
    pub x: Vec<BatchArray>,
    /// One array an output of the model; none for prediction.
    pub y: Vec<BatchArray>,
    /// How much each example counts in loss and metrics, if not all the same.
    pub sample_weight: Option<BatchArray>,
}

impl Batch {
    /// How many examples it has.
    pub fn len(&self) -> usize {
        self.x.first().and_then(|x| x.shape().first().copied()).unwrap_or(0)
    }

    /// Whether it has no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for one input, one output if asked for, and weights if asked for; buffers are kept.
    pub(crate) fn prepare(&mut self, targets: bool, weights: bool) {
        self.x.resize_with(1, BatchArray::default);
        self.y.resize_with(usize::from(targets), BatchArray::default);
        if weights {
            self.sample_weight.get_or_insert_default();
        } else {
            self.sample_weight = None;
        }
    }
}

/// Where batches come from: arrays, or a pipeline.
///
/// A source is asked for an epoch, then for batches until there are none, or until the caller has enough: the next
/// epoch may be asked for before the last batch was taken.
pub trait BatchSource: Send {
    /// Begins an epoch. What it draws at random depends on the epoch's number.
    ///
    /// # Errors
    /// The source cannot begin again, or its data cannot be read.
    fn start_epoch(&mut self, epoch: usize) -> Result<()>;

    /// Fills the batch; `false` at the end of the epoch.
    ///
    /// # Errors
    /// Data that cannot be read or do not fit together.
    fn next_batch(&mut self, batch: &mut Batch, exec: Exec<'_>) -> Result<bool>;

    /// How many batches an epoch has, where that is known.
    fn batches(&self) -> Option<usize>;

    /// Whether an epoch never ends by itself.
    fn is_endless(&self) -> bool {
        false
    }
}

/// Batches from arrays: in their order, or shuffled anew each epoch by a keyed permutation.
#[derive(Debug)]
pub struct ArraySource {
    x: Data,
    y: Option<Data>,
    sample_weight: Option<Data>,
    batch_size: usize,
    shuffle: Option<Key>,
    order: Vec<u32>,
    next: usize,
}

impl ArraySource {
    /// Batches of `batch_size` examples; the last may be shorter.
    ///
    /// # Errors
    /// No examples, arrays of different lengths, or a batch size of 0.
    pub fn new(x: Data, y: Option<Data>, batch_size: usize) -> Result<Self> {
        if batch_size == 0 {
            return Err(Error::argument("batch_size is 0: a batch has one example or more"));
        }
        if x.is_empty() {
            return Err(Error::data(format!("there are no examples: x has the shape {}", x.shape())));
        }
        if let Some(y) = y.as_ref().filter(|y| y.len() != x.len()) {
            return Err(Error::data(format!("x has {} examples and y has {}: they must be as many", x.len(), y.len())));
        }
        let order = (0..x.len() as u32).collect();
        Ok(Self { x, y, sample_weight: None, batch_size, shuffle: None, order, next: 0 })
    }

    /// Shuffles the examples before each epoch: epoch `n` has the permutation of `key.fold(n)`.
    #[must_use]
    pub fn shuffled(mut self, key: Key) -> Self {
        self.shuffle = Some(key);
        self
    }

    /// How much each example counts, or each time step of each example.
    ///
    /// # Errors
    /// Weights for another number of examples, or weights that are negative or not finite.
    pub fn weighted(mut self, sample_weight: Data) -> Result<Self> {
        if sample_weight.len() != self.x.len() {
            let (got, expected) = (sample_weight.shape(), self.x.len());
            return Err(Error::data(format!("sample_weight must have one number an example: expected [{expected}], got {got}")));
        }
        let weights = sample_weight.to_tensor()?;
        if let Some(place) = weights.as_slice().iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return Err(Error::data(format!("sample_weight[{place}] is {}: weights are 0 or more", weights.as_slice()[place])));
        }
        self.sample_weight = Some(sample_weight);
        Ok(self)
    }
}

impl BatchSource for ArraySource {
    fn start_epoch(&mut self, epoch: usize) -> Result<()> {
        self.next = 0;
        if let Some(key) = self.shuffle {
            key.fold(epoch as u64).permute(&mut self.order);
        }
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut Batch, exec: Exec<'_>) -> Result<bool> {
        let rows = &self.order[self.next..self.order.len().min(self.next + self.batch_size)];
        if rows.is_empty() {
            return Ok(false);
        }
        self.next += rows.len();
        batch.prepare(self.y.is_some(), self.sample_weight.is_some());
        let fill = |array: &mut BatchArray, data: &Data| {
            data.gather(exec, rows, array.resize(data.shape().with_batch(rows.len()))?);
            Ok(())
        };
        fill(&mut batch.x[0], &self.x)?;
        if let (Some(array), Some(y)) = (batch.y.first_mut(), &self.y) {
            fill(array, y)?;
        }
        if let (Some(array), Some(weights)) = (&mut batch.sample_weight, &self.sample_weight) {
            fill(array, weights)?;
        }
        Ok(true)
    }

    fn batches(&self) -> Option<usize> {
        Some(self.order.len().div_ceil(self.batch_size))
    }
}
