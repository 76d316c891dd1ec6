//! Batches, and where they come from.

use super::array::index_of;
use super::{Data, IntoArrays, IntoData};
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

    pub(crate) fn tensor(&self) -> &Tensor {
        &self.0
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

    /// What the model reads and what it should answer, as arrays: they share the batch's memory, and are to be gone before it is
    /// filled anew.
    pub(crate) fn arrays(&self) -> Result<[Vec<Data>; 2]> {
        let arrays = |list: &[BatchArray]| list.iter().map(|array| Data::from_tensor(array.0.clone())).collect::<Result<_>>();
        Ok([arrays(&self.x)?, arrays(&self.y)?])
    }

    /// Makes room for this many inputs and outputs, and weights if asked for; buffers are kept.
    pub(crate) fn prepare(&mut self, inputs: usize, outputs: usize, weights: bool) {
        self.x.resize_with(inputs, BatchArray::default);
        self.y.resize_with(outputs, BatchArray::default);
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

    /// The first batches of each epoch, `count` at most: Keras' `steps` for a source.
    ///
    /// ```
    /// use practicum_core::data::{ArraySource, BatchSource};
    ///
    /// let x = practicum_core::Tensor::arange(10)?;
    /// assert_eq!(ArraySource::new(&x, (), 2)?.take_batches(3).batches(), Some(3));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    fn take_batches(self, count: usize) -> TakeBatches<Self>
    where
        Self: Sized,
    {
        TakeBatches { source: self, count, left: 0 }
    }
}

macro_rules! forwarded {
    ($($pointer:ty),+) => { $(
        impl<S: BatchSource + ?Sized> BatchSource for $pointer {
            fn start_epoch(&mut self, epoch: usize) -> Result<()> {
                (**self).start_epoch(epoch)
            }

            fn next_batch(&mut self, batch: &mut Batch, exec: Exec<'_>) -> Result<bool> {
                (**self).next_batch(batch, exec)
            }

            fn batches(&self) -> Option<usize> {
                (**self).batches()
            }

            fn is_endless(&self) -> bool {
                (**self).is_endless()
            }
        }
    )+ };
}

forwarded!(&mut S, Box<S>);

/// The first batches of a source: see [`BatchSource::take_batches`].
#[derive(Debug)]
pub struct TakeBatches<S> {
    source: S,
    count: usize,
    left: usize,
}

impl<S: BatchSource> BatchSource for TakeBatches<S> {
    fn start_epoch(&mut self, epoch: usize) -> Result<()> {
        self.left = self.count;
        self.source.start_epoch(epoch)
    }

    fn next_batch(&mut self, batch: &mut Batch, exec: Exec<'_>) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        self.source.next_batch(batch, exec)
    }

    fn batches(&self) -> Option<usize> {
        let all = if self.source.is_endless() { Some(usize::MAX) } else { self.source.batches() };
        all.map(|all| all.min(self.count))
    }
}

/// Refuses to wait for the end of a source that has none. `option` is what limits it.
pub(crate) fn check_end(source: &dyn BatchSource, steps: Option<usize>, option: &str) -> Result<()> {
    if source.is_endless() && steps.is_none() {
        return Err(Error::argument("the source gives batches without end").hint(format!("say with {option} how many to take")));
    }
    Ok(())
}

/// The error for a source without a batch.
pub(crate) fn no_batch() -> Error {
    Error::data("the source gave no batch").hint("it is empty, or `drop_remainder` left out its only batch")
}

/// Refuses arrays of different lengths.
pub(crate) fn check_lengths(x: &[Data], y: &[Data]) -> Result<()> {
    let named = [("x", x), ("y", y)].into_iter().flat_map(|(name, arrays)| {
        let many = arrays.len() > 1;
        arrays.iter().enumerate().map(move |(place, data)| (if many { format!("{name}[{place}]") } else { name.to_owned() }, data.len()))
    });
    let named: Vec<(String, usize)> = named.collect();
    match named.iter().find(|(_, len)| *len != named[0].1) {
        Some((name, len)) => {
            let (first, examples) = &named[0];
            Err(Error::data(format!("{first} has {examples} examples and {name} has {len}: they must be as many")))
        }
        None => Ok(()),
    }
}

/// Refuses weights for another number of examples, and weights that are negative or not finite.
pub(crate) fn check_weights(weights: &Data, examples: usize) -> Result<()> {
    if weights.len() != examples {
        let got = weights.shape();
        return Err(Error::data(format!("sample_weight must have one number an example: expected [{examples}], got {got}")));
    }
    let tensor = weights.to_tensor()?;
    match tensor.as_slice().iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        Some(flat) => {
            let (index, weight) = (index_of(&weights.shape(), flat), tensor.as_slice()[flat]);
            Err(Error::data(format!("sample_weight{index:?} is {weight}: weights are 0 or more")))
        }
        None => Ok(()),
    }
}

/// Batches from arrays: in their order, or shuffled anew each epoch by a keyed permutation.
#[derive(Debug)]
pub struct ArraySource {
    x: Vec<Data>,
    y: Vec<Data>,
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
    pub fn new(x: impl IntoArrays, y: impl IntoArrays, batch_size: usize) -> Result<Self> {
        Self::from_arrays(x.into_arrays()?, y.into_arrays()?, batch_size)
    }

    pub(crate) fn from_arrays(x: Vec<Data>, y: Vec<Data>, batch_size: usize) -> Result<Self> {
        if batch_size == 0 {
            return Err(Error::argument("batch_size is 0: a batch has one example or more"));
        }
        let Some(first) = x.first() else {
            return Err(Error::data("there are no examples: x has no array"));
        };
        if first.is_empty() {
            return Err(Error::data(format!("there are no examples: x has the shape {}", first.shape())));
        }
        check_lengths(&x, &y)?;
        let order = (0..first.len() as u32).collect();
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
    pub fn weighted(mut self, sample_weight: impl IntoData) -> Result<Self> {
        let sample_weight = sample_weight.into_data()?;
        check_weights(&sample_weight, self.order.len())?;
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
        let rows = &self.order[self.next..self.order.len().min(self.next.saturating_add(self.batch_size))];
        if rows.is_empty() {
            return Ok(false);
        }
        self.next += rows.len();
        batch.prepare(self.x.len(), self.y.len(), self.sample_weight.is_some());
        let fill = |array: &mut BatchArray, data: &Data| {
            data.gather(exec, rows, array.resize(data.shape().with_batch(rows.len()))?);
            Ok(())
        };
        batch.x.iter_mut().zip(&self.x).try_for_each(|(array, data)| fill(array, data))?;
        batch.y.iter_mut().zip(&self.y).try_for_each(|(array, data)| fill(array, data))?;
        if let (Some(array), Some(weights)) = (&mut batch.sample_weight, &self.sample_weight) {
            fill(array, weights)?;
        }
        Ok(true)
    }

    fn batches(&self) -> Option<usize> {
        Some(self.order.len().div_ceil(self.batch_size))
    }
}
