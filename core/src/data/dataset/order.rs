//! Stages that choose which elements come when.

use std::iter;

use super::slices::Slice;
use super::{Cardinality, Dataset, Elements, Origin, Pass, or_error};
use crate::rng::{DEFAULT_SEED, Key};
use crate::{Error, Result};

/// How [`Dataset::shuffle`] shuffles: a buffer size alone will do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ShuffleOptions {
    /// The number of elements that wait to be drawn from.
    pub buffer_size: usize,
    /// What the order is drawn by, beside the epoch.
    pub seed: u64,
    /// Whether each epoch has an order of its own.
    pub reshuffle_each_iteration: bool,
}

impl ShuffleOptions {
    /// A buffer of this many elements, seed 42, a new order each epoch.
    pub fn new(buffer_size: usize) -> Self {
        Self { buffer_size, seed: DEFAULT_SEED, reshuffle_each_iteration: true }
    }

    /// Another seed, another order.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether each epoch has an order of its own; `true` where nothing is said.
    #[must_use]
    pub fn reshuffle_each_iteration(mut self, reshuffle: bool) -> Self {
        self.reshuffle_each_iteration = reshuffle;
        self
    }

    fn key(&self, pass: Pass) -> Key {
        let key = Key::new(self.seed).fold_str("dataset_shuffle");
        if self.reshuffle_each_iteration { key.fold(pass.0.bits()) } else { key }
    }
}

impl From<usize> for ShuffleOptions {
    fn from(buffer_size: usize) -> Self {
        Self::new(buffer_size)
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// The elements in random order, as far as a buffer reaches.
    ///
    /// The buffer is filled; each time, one of its elements is drawn, each as likely as any other, and the next element
    /// takes its place. So the first element is one of the first `buffer_size`; a buffer of 1 changes nothing, and one that
    /// holds all makes every order as likely. The order depends on seed and epoch alone.
    ///
    /// ```
    /// use practicum_core::data::{Dataset, ShuffleOptions};
    ///
    /// let numbers = Dataset::range(0..100);
    /// let first = numbers.clone().shuffle(10).iter().next().unwrap()?;
    /// assert!(first < 10);
    ///
    /// let same = numbers.shuffle(ShuffleOptions::new(100).seed(7).reshuffle_each_iteration(false));
    /// let of = |epoch| same.epoch(epoch).collect::<practicum_core::Result<Vec<_>>>();
    /// assert_eq!(of(0)?, of(1)?);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn shuffle(self, options: impl Into<ShuffleOptions>) -> Self {
        let options = options.into();
        if options.buffer_size == 0 {
            return Self::failed(Error::argument("buffer_size is 0: something must wait to be drawn from").context("shuffle"));
        }
        if let Err(error) = self.cardinality.check_at_once("shuffle", "buffer_size", options.buffer_size) {
            return Self::failed(error);
        }
        Self::from_stage(self.cardinality, move |pass| {
            let (key, buffer) = (options.key(pass), options.buffer_size);
            match &self.origin {
                // Numbers of elements wait in the buffer, not the elements.
                Origin::Slice(slice) => {
                    let (slice, order) = (slice.clone(), shuffled((0..slice.len()).map(Ok), buffer, key));
                    Ok(Box::new(order.map(move |index| slice.get(index?))))
                }
                // A shuffle before this one must not draw the same numbers.
                origin => Ok(Box::new(shuffled(origin.start(Pass(pass.0.fold_str("shuffle")))?, buffer, key))),
            }
        })
    }

    /// The first `count` elements.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let some = Dataset::range(0..9).take(2);
    /// assert_eq!(some.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 1]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn take(self, count: usize) -> Self {
        let cardinality = match self.cardinality {
            Cardinality::Infinite => Cardinality::Known(count),
            Cardinality::Unknown if count == 0 => Cardinality::Known(0),
            other => other.map(|len| len.min(count)),
        };
        self.part(cardinality, move |slice| slice.part(0, 1, count), move |elements| Box::new(elements.take(count)))
    }

    /// All but the first `count` elements.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let others = Dataset::range(0..5).skip(3);
    /// assert_eq!(others.iter().collect::<practicum_core::Result<Vec<_>>>()?, [3, 4]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        let cardinality = self.cardinality.map(|len| len.saturating_sub(count));
        self.part(cardinality, move |slice| slice.part(count, 1, usize::MAX), move |elements| Box::new(elements.skip(count)))
    }

    fn part(
        self,
        cardinality: Cardinality,
        of_slice: impl Fn(&Slice<T>) -> Slice<T>,
        of_elements: impl Fn(Elements<T>) -> Elements<T> + Send + Sync + 'static,
    ) -> Self {
        match self.origin {
            Origin::Slice(slice) => Self::from_slice(of_slice(&slice)),
            origin => Self::from_stage(cardinality, move |pass| Ok(of_elements(origin.start(pass)?))),
        }
    }

    /// All elements, this many times over. A shuffle before it gives each round an order of its own.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let twice = Dataset::range(0..2).repeat(2);
    /// assert_eq!(twice.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 1, 0, 1]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn repeat(self, count: usize) -> Self {
        let cardinality = match self.cardinality {
            _ if count == 0 => Cardinality::Known(0),
            Cardinality::Known(len) => len.checked_mul(count).map_or(Cardinality::Infinite, Cardinality::Known),
            other => other,
        };
        self.rounds(cardinality, Some(count))
    }

    /// All elements again and again, without end; no elements stay none.
    ///
    /// `fit` asks for `steps_per_epoch` then.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let endless = Dataset::range(0..2).repeat_forever().take(5);
    /// assert_eq!(endless.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 1, 0, 1, 0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn repeat_forever(self) -> Self {
        let cardinality = if self.is_empty() { Cardinality::Known(0) } else { Cardinality::Infinite };
        self.rounds(cardinality, None)
    }

    fn rounds(self, cardinality: Cardinality, count: Option<usize>) -> Self {
        Self::from_stage(cardinality, move |pass| {
            if count == Some(0) {
                return Ok(Box::new(iter::empty()));
            }
            let (mut elements, mut round, mut any, mut ended) = (self.origin.start(pass)?, 0, false, false);
            let origin = self.origin.clone();
            Ok(Box::new(iter::from_fn(move || {
                while !ended {
                    if let Some(element) = elements.next() {
                        any = true;
                        return Some(element);
                    }
                    round += 1;
                    ended = !any || count == Some(round);
                    if !ended {
                        any = false;
                        elements = or_error(origin.start(pass.fold(round as u64)));
                    }
                }
                None
            })))
        })
    }

    /// The elements of another pipeline after those of this one.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let both = Dataset::range(0..2).concatenate(Dataset::range(7..9));
    /// assert_eq!(both.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 1, 7, 8]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn concatenate(self, other: Self) -> Self {
        let cardinality = match (self.cardinality, other.cardinality) {
            (Cardinality::Known(a), Cardinality::Known(b)) => a.checked_add(b).map_or(Cardinality::Infinite, Cardinality::Known),
            (Cardinality::Infinite, _) | (_, Cardinality::Infinite) => Cardinality::Infinite,
            _ => Cardinality::Unknown,
        };
        Self::from_stage(cardinality, move |pass| {
            let after = other.origin.clone();
            let after = iter::once(()).flat_map(move |()| or_error(after.start(pass.fold(1))));
            Ok(Box::new(self.origin.start(pass)?.chain(after)))
        })
    }
}

fn shuffled<T>(mut elements: impl Iterator<Item = Result<T>>, buffer: usize, key: Key) -> impl Iterator<Item = Result<T>> {
    let (mut waiting, mut rng, mut ended) = (Vec::new(), key.rng(), false);
    let buffer = buffer.min(u32::MAX as usize);
    iter::from_fn(move || {
        while !ended && waiting.len() < buffer {
            match elements.next() {
                Some(Ok(element)) => waiting.push(element),
                Some(Err(error)) => return Some(Err(error)),
                None => ended = true,
            }
        }
        let len = u32::try_from(waiting.len()).ok().filter(|len| *len > 0)?;
        Some(Ok(waiting.swap_remove(rng.below(len) as usize)))
    })
}
