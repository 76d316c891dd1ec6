//! Stages that put elements together: batches and windows.

use std::collections::VecDeque;
use std::iter;

use super::slices::{IntoSlices, Items, Slice};
use super::stack::{Pile, Pool, Stack};
use super::{Dataset, Elements, Origin, at};
use crate::{Error, Result};

/// How [`Dataset::batch`], [`Dataset::padded_batch`] and [`Dataset::chunks`] group: a size alone will do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BatchOptions {
    /// The number of elements in a batch.
    pub batch_size: usize,
    /// Whether a last batch with fewer elements is left out.
    pub drop_remainder: bool,
}

impl BatchOptions {
    /// Batches of this size; the last may be smaller.
    pub fn new(batch_size: usize) -> Self {
        Self { batch_size, drop_remainder: false }
    }

    /// Whether a last batch with fewer elements is left out; `false` where nothing is said.
    #[must_use]
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.drop_remainder = drop;
        self
    }

    fn count(&self, len: usize) -> usize {
        if self.drop_remainder { len / self.batch_size } else { len.div_ceil(self.batch_size) }
    }
}

impl From<usize> for BatchOptions {
    fn from(batch_size: usize) -> Self {
        Self::new(batch_size)
    }
}

/// How [`Dataset::window`] cuts: a size alone will do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WindowOptions {
    /// The number of elements in a window.
    pub size: usize,
    /// From the beginning of a window to the beginning of the next; as many as its size where nothing is said.
    pub shift: Option<usize>,
    /// From an element of a window to the next.
    pub stride: usize,
    /// Whether windows that reach beyond the end are left out.
    pub drop_remainder: bool,
}

impl WindowOptions {
    /// Windows of this many elements, one after the other.
    pub fn new(size: usize) -> Self {
        Self { size, shift: None, stride: 1, drop_remainder: false }
    }

    /// From the beginning of a window to the beginning of the next.
    #[must_use]
    pub fn shift(mut self, shift: usize) -> Self {
        self.shift = Some(shift);
        self
    }

    /// From an element of a window to the next.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// Whether windows that reach beyond the end are left out; `false` where nothing is said.
    #[must_use]
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.drop_remainder = drop;
        self
    }

    fn step(&self) -> usize {
        self.shift.unwrap_or(self.size)
    }

    /// From the first element of a window to its last, both counted.
    fn span(&self) -> usize {
        (self.size - 1).saturating_mul(self.stride).saturating_add(1)
    }

    fn count(&self, len: usize) -> usize {
        match (self.drop_remainder, len.checked_sub(self.span())) {
            (false, _) => len.div_ceil(self.step()),
            (true, Some(room)) => room / self.step() + 1,
            (true, None) => 0,
        }
    }

    fn check(&self) -> Result<()> {
        match [("size", self.size), ("shift", self.step()), ("stride", self.stride)].into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(Error::argument(format!("{name} is 0: it must be 1 or more")).context("window")),
            None => Ok(()),
        }
    }
}

impl From<usize> for WindowOptions {
    fn from(size: usize) -> Self {
        Self::new(size)
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// Vectors of this many elements, for whatever has no batches.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let chunks = Dataset::from(vec!["a", "b", "c"]).chunks(2);
    /// assert_eq!(chunks.iter().collect::<practicum_core::Result<Vec<_>>>()?, [vec!["a", "b"], vec!["c"]]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn chunks(self, options: impl Into<BatchOptions>) -> Dataset<Vec<T>> {
        self.grouped("chunks", options.into(), || |chunk: &mut Vec<T>| Ok(std::mem::take(chunk)))
    }

    /// Groups of elements, each made something of by a function that is made anew for each pass.
    fn grouped<U: Send + 'static, F: FnMut(&mut Vec<T>) -> Result<U> + Send + 'static>(
        self,
        stage: &'static str,
        options: BatchOptions,
        begin: impl Fn() -> F + Send + Sync + 'static,
    ) -> Dataset<U> {
        if options.batch_size == 0 {
            return Dataset::failed(Error::argument("batch_size is 0: a batch has one element or more").context(stage));
        }
        if let Err(error) = self.cardinality.check_at_once(stage, "batch_size", options.batch_size) {
            return Dataset::failed(error);
        }
        Dataset::from_stage(self.cardinality.map(|len| options.count(len)), move |pass| {
            let (mut elements, mut make) = (self.origin.start(pass)?.fuse(), begin());
            let (mut group, mut place) = (Vec::new(), 0);
            Ok(Box::new(iter::from_fn(move || {
                while group.len() < options.batch_size {
                    match elements.next() {
                        Some(Ok(element)) => group.push(element),
                        Some(Err(error)) => return Some(Err(error)),
                        None if group.is_empty() || options.drop_remainder => return None,
                        None => break,
                    }
                }
                let made = make(&mut group).map_err(|error| at(stage, place, error));
                group.clear();
                place += 1;
                Some(made)
            })))
        })
    }
}

impl<T: Stack> Dataset<T> {
    /// Batches of this size: see [`Stack`] for what they are. All elements must have one shape.
    ///
    /// The memory of a batch that no one holds any more is used for the next one.
    ///
    /// ```
    /// use practicum_core::data::{BatchOptions, Dataset};
    ///
    /// let batches = Dataset::range(0..5).batch(2);
    /// let sizes =
    ///     batches.map(|batch| Ok(batch.len())).iter().collect::<practicum_core::Result<Vec<_>>>()?;
    /// assert_eq!(sizes, [2, 2, 1]);
    ///
    /// let full = Dataset::range(0..5).batch(BatchOptions::new(2).drop_remainder(true));
    /// assert_eq!(full.len(), Some(2));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn batch(self, options: impl Into<BatchOptions>) -> Dataset<T::Batch> {
        self.stacked("batch", options.into(), false)
    }

    /// Batches of elements of different lengths: in each, zeros after the shorter ones make them as long as the longest of
    /// this batch, on every axis and in every component.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let sentences = Dataset::from(vec![vec![5_i32, 8, 2], vec![7], vec![1, 4]]);
    /// let batches: Vec<_> = sentences.padded_batch(2).iter().collect::<practicum_core::Result<_>>()?;
    /// assert_eq!(batches[0].as_slice(), [5.0, 8.0, 2.0, 7.0, 0.0, 0.0]);
    /// assert_eq!(batches[1].shape().dims(), [1, 2]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn padded_batch(self, options: impl Into<BatchOptions>) -> Dataset<T::Batch> {
        self.stacked("padded_batch", options.into(), true)
    }

    fn stacked(self, stage: &'static str, options: BatchOptions, padded: bool) -> Dataset<T::Batch> {
        if let Origin::Slice(slice) = &self.origin
            && options.batch_size > 0
            && view(slice, 0, 0).is_some()
        {
            return Dataset::from_items(Batches { slice: slice.clone(), options });
        }
        self.grouped(stage, options, move || {
            let mut pool = Pool::default();
            move |group| T::stack(Pile { len: group.len(), get: &|index| &group[index], padded }, &mut pool)
        })
    }
}

/// Some elements as a batch, where they lie in memory as a batch has them.
fn view<T: Stack>(slice: &Slice<T>, start: usize, len: usize) -> Option<T::Batch> {
    let (items, first) = slice.run()?;
    T::view(items, first + start..first + start + len)
}

/// Batches that are parts of an array.
struct Batches<T> {
    slice: Slice<T>,
    options: BatchOptions,
}

impl<T: Stack> Items<T::Batch> for Batches<T> {
    fn len(&self) -> usize {
        self.options.count(self.slice.len())
    }

    fn get(&self, index: usize) -> Result<T::Batch> {
        let start = index * self.options.batch_size;
        let len = self.options.batch_size.min(self.slice.len() - start);
        view(&self.slice, start, len).ok_or_else(|| Error::state("a part of an array cannot be had").context("batch"))
    }
}

impl<T: IntoSlices + Send + 'static> Dataset<T>
where
    T::Element: Send,
{
    /// The elements of batches, one by one.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let again = Dataset::range(0..5).batch(3).unbatch().batch(2);
    /// let sizes = again.map(|batch| Ok(batch.len())).iter().collect::<practicum_core::Result<Vec<_>>>()?;
    /// assert_eq!(sizes, [2, 2, 1]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn unbatch(self) -> Dataset<T::Element> {
        self.flat_map(|batch| Dataset::from_tensor_slices(batch))
    }
}

impl<T: Clone + Send + Sync + 'static> Dataset<T> {
    /// Pipelines of this many elements each: [`flat_map`](Dataset::flat_map) puts them into one again.
    ///
    /// Window `i` has the elements `i·shift`, `i·shift + stride`, …; the last ones are shorter, or left out. Windows over
    /// arrays, vectors and ranges copy nothing.
    ///
    /// ```
    /// use practicum_core::data::{Dataset, WindowOptions};
    ///
    /// let windows = Dataset::range(0..7).window(WindowOptions::new(3).shift(2).stride(2));
    /// let all: Vec<Vec<i64>> =
    ///     windows.map(|window| window.iter().collect()).iter().collect::<practicum_core::Result<_>>()?;
    /// assert_eq!(all, [vec![0, 2, 4], vec![2, 4, 6], vec![4, 6], vec![6]]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn window(self, options: impl Into<WindowOptions>) -> Dataset<Self> {
        let options = options.into();
        if let Err(error) = options.check() {
            return Dataset::failed(error);
        }
        match self.origin {
            Origin::Slice(slice) => Dataset::from_items(Windows { slice, options }),
            origin => {
                Dataset::from_stage(self.cardinality.map(|len| options.count(len)), move |pass| Ok(windows(origin.start(pass)?, options)))
            }
        }
    }
}

/// Windows over elements that can be had in any order.
struct Windows<T> {
    slice: Slice<T>,
    options: WindowOptions,
}

impl<T: Send + 'static> Items<Dataset<T>> for Windows<T> {
    fn len(&self) -> usize {
        self.options.count(self.slice.len())
    }

    fn get(&self, index: usize) -> Result<Dataset<T>> {
        Ok(Dataset::from_slice(self.slice.part(index * self.options.step(), self.options.stride, self.options.size)))
    }
}

/// Windows over elements that come one by one: those that later windows have, too, are kept.
fn windows<T: Clone + Send + Sync + 'static>(elements: Elements<T>, options: WindowOptions) -> Elements<Dataset<T>> {
    let (mut elements, mut kept, mut between) = (elements.fuse(), VecDeque::new(), 0_usize);
    Box::new(iter::from_fn(move || {
        while kept.len() < options.span() {
            match elements.next() {
                Some(Ok(_)) if between > 0 => between -= 1,
                Some(Ok(element)) => kept.push_back(element),
                Some(Err(error)) => return Some(Err(error)),
                None if kept.is_empty() || options.drop_remainder => return None,
                None => break,
            }
        }
        let window: Vec<T> = kept.iter().step_by(options.stride).cloned().collect();
        between = options.step().saturating_sub(kept.len());
        kept.drain(..options.step().min(kept.len()));
        Some(Ok(window.into()))
    }))
}
