//! Pipelines of elements, in tf.data's words.

mod each;
mod examples;
mod group;
mod order;
mod slices;
mod stack;
mod threads;

#[cfg(test)]
mod tests;

use std::fmt::{self, Debug};
use std::iter;
use std::sync::{Arc, Mutex};

pub use examples::{Components, Examples};
pub use group::{BatchOptions, WindowOptions};
pub use order::ShuffleOptions;
pub use slices::IntoSlices;
pub use stack::Stack;
pub use threads::AUTOTUNE;

use self::slices::{Items, Slice};
use crate::rng::Key;
use crate::{Error, Result};

/// A pipeline of elements: where they come from, and what is done to them on the way to a model.
///
/// The words are those of [tf.data](https://www.tensorflow.org/api_docs/python/tf/data/Dataset), and so is what they do.
/// Nothing runs before somebody asks: each [`iter`](Dataset::iter) goes through the elements anew, each epoch of a training
/// too. Clones are cheap and share what they are made of.
///
/// Functions given to a pipeline return a [`Result`]. Their error, or that of an option outside its range, is the next item
/// of the iterator and ends a training; whoever goes on asking gets the elements after it. A panic on a thread of the
/// pipeline is passed on to the thread that asks. Threads end with the iterator they work for.
///
/// ```
/// use practicum_core::data::{Dataset, WindowOptions};
///
/// // Four numbers and the one that follows them, in batches of two.
/// let series = Dataset::range(0..10);
/// let windows = series
///     .window(WindowOptions::new(5).shift(1).drop_remainder(true))
///     .flat_map(|window| Ok(window.batch(5)));
/// let pairs = windows.map(|window| Ok((window.rows(0..4)?, window.rows(4..5)?)));
/// let batches = pairs.batch(2).prefetch(1);
///
/// let (x, y) = batches.iter().next().unwrap()?;
/// assert_eq!(
///     (x.shape().dims(), x.as_slice()),
///     ([2, 4].as_slice(), [0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0].as_slice())
/// );
/// assert_eq!((y.shape().dims(), y.as_slice()), ([2, 1].as_slice(), [4.0, 5.0].as_slice()));
/// assert_eq!(batches.iter().count(), 3);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// A pipeline of batches trains a model: `(x, y)`, or `(x, y, sample_weight)`, or `x` alone to predict; several inputs or
/// outputs are tuples of tensors.
///
/// ```
/// use practicum_core::data::Dataset;
/// use practicum_core::prelude::*;
///
/// let x = Tensor::from([[0.0], [1.0], [2.0], [3.0]]);
/// let y = Tensor::from([[1.0], [3.0], [5.0], [7.0]]);
/// let batches = Dataset::from_tensor_slices((&x, &y))?.shuffle(4).batch(2);
///
/// let mut model = Sequential::new().add(Dense::new(1));
/// model.compile(Sgd::new(0.1), "mse", ())?;
/// let history = model.fit(&batches, (), Fit::new().epochs(60).quiet())?;
/// assert!(history.last("loss").is_some_and(|loss| loss < 0.05));
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub struct Dataset<T> {
    origin: Origin<T>,
    cardinality: Cardinality,
    /// The pass that a model is being fed with.
    running: Mutex<Option<Iter<T>>>,
}

/// How many elements a [`Dataset`] has.
///
/// ```
/// use practicum_core::data::{Cardinality, Dataset};
///
/// let numbers = Dataset::range(0..7);
/// assert_eq!(numbers.clone().batch(2).cardinality(), Cardinality::Known(4));
/// assert_eq!(numbers.clone().repeat_forever().cardinality(), Cardinality::Infinite);
/// assert_eq!(numbers.filter(|number| Ok(number % 2 == 0)).cardinality(), Cardinality::Unknown);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// Exactly this many elements.
    Known(usize),
    /// Without end.
    Infinite,
    /// Unknown until they have been counted.
    Unknown,
}

impl Cardinality {
    fn map(self, f: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Self::Known(len) => Self::Known(f(len)),
            other => other,
        }
    }
}

/// More elements than this do not wait at once: together with what they hold they would take gigabytes.
const MAX_AT_ONCE: usize = 1 << 26;

impl Cardinality {
    /// Refuses a stage whose elements, held at once, would not fit into memory, as far as that is known.
    fn check_at_once(self, stage: &str, option: &str, size: usize) -> Result<()> {
        let held = match self {
            Self::Known(len) => len.min(size),
            Self::Infinite => size,
            Self::Unknown => 0,
        };
        if held <= MAX_AT_ONCE {
            return Ok(());
        }
        let message =
            format!("{option} is {size}: {held} elements at once are more than memory is given to, expected {MAX_AT_ONCE} at most");
        Err(Error::argument(message).context(stage.to_owned()))
    }
}

/// Which time around this is. What a stage draws at random depends on it.
#[derive(Clone, Copy)]
struct Pass(Key);

impl Pass {
    fn fold(self, part: u64) -> Self {
        Self(self.0.fold(part))
    }
}

type Elements<T> = Box<dyn Iterator<Item = Result<T>> + Send>;
type Begin<T> = dyn Fn(Pass) -> Result<Elements<T>> + Send + Sync;

/// What a pipeline starts from, as its next stage sees it.
enum Origin<T> {
    /// Elements that can be had in any order.
    Slice(Slice<T>),
    /// A stage that begins anew for each pass.
    Stage(Arc<Begin<T>>),
}

impl<T> Clone for Origin<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Slice(slice) => Self::Slice(slice.clone()),
            Self::Stage(begin) => Self::Stage(begin.clone()),
        }
    }
}

impl<T: Send + 'static> Origin<T> {
    fn start(&self, pass: Pass) -> Result<Elements<T>> {
        match self {
            Self::Slice(slice) => Ok(Box::new(slice.clone().elements())),
            Self::Stage(begin) => begin(pass),
        }
    }
}

/// The elements, or the error that keeps them from beginning.
fn or_error<T: Send + 'static>(elements: Result<Elements<T>>) -> Elements<T> {
    elements.unwrap_or_else(|error| Box::new(iter::once(Err(error))))
}

impl<T: Send + 'static> Dataset<T> {
    fn new(origin: Origin<T>, cardinality: Cardinality) -> Self {
        Self { origin, cardinality, running: Mutex::new(None) }
    }

    fn from_slice(slice: Slice<T>) -> Self {
        let cardinality = Cardinality::Known(slice.len());
        Self::new(Origin::Slice(slice), cardinality)
    }

    fn from_items(items: impl Items<T>) -> Self {
        Self::from_slice(Slice::new(Arc::new(items)))
    }

    fn from_stage(cardinality: Cardinality, begin: impl Fn(Pass) -> Result<Elements<T>> + Send + Sync + 'static) -> Self {
        Self::new(Origin::Stage(Arc::new(begin)), cardinality)
    }

    /// A pipeline that says what is wrong with it as soon as it is asked.
    fn failed(error: Error) -> Self {
        Self::from_stage(Cardinality::Unknown, move |_| Err(error.clone()))
    }

    /// The slices of arrays along their first axis: one array, or tuples of arrays of one length.
    ///
    /// Floats are not copied: the elements are rows of the array. Bytes and integers are converted and scaled when their
    /// turn comes.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let pairs = Dataset::from_tensor_slices(([[1.0, 2.0], [3.0, 4.0]], [7, 8]))?;
    /// let (x, y) = pairs.iter().nth(1).unwrap()?;
    /// assert_eq!((x.as_slice(), y.item()?), ([3.0, 4.0].as_slice(), 8.0));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Arrays that cannot be [`Data`](crate::data::Data), or arrays of different lengths.
    pub fn from_tensor_slices(arrays: impl IntoSlices<Element = T>) -> Result<Self> {
        Ok(Self::from_slice(Slice::new(arrays.into_items()?)))
    }

    /// The items of an iterator that is made anew for each pass: lines of a file, pictures of a folder.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let squares = Dataset::from_generator(|| Ok((0..4).map(|number| Ok(number * number))));
    /// assert_eq!(squares.iter().collect::<practicum_core::Result<Vec<i32>>>()?, [0, 1, 4, 9]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn from_generator<I>(generator: impl Fn() -> Result<I> + Send + Sync + 'static) -> Self
    where
        I: IntoIterator<Item = Result<T>>,
        I::IntoIter: Send + 'static,
    {
        Self::from_stage(Cardinality::Unknown, move |_| {
            let items = generator().map_err(|error| error.context("from_generator"))?.into_iter();
            Ok(Box::new(items.zip(0_usize..).map(|(item, place)| item.map_err(|error| at("from_generator", place, error)))))
        })
    }

    /// The elements, from the beginning: those of epoch 0.
    pub fn iter(&self) -> Iter<T> {
        self.epoch(0)
    }

    /// The elements of an epoch: what is drawn at random depends on its number.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let numbers = Dataset::range(0..20).shuffle(20);
    /// let of = |epoch| numbers.epoch(epoch).collect::<practicum_core::Result<Vec<_>>>();
    /// assert_eq!(of(1)?, of(1)?);
    /// assert_ne!(of(1)?, of(2)?);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn epoch(&self, epoch: usize) -> Iter<T> {
        Iter(or_error(self.origin.start(Pass(Key::new(epoch as u64)))))
    }

    /// The only element: what is left to ask of a pipeline that makes one thing, such as one batch of a window.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// // As with `flat_map`, but how many windows there are stays known.
    /// let windows = Dataset::range(0..6).window(3).map(|window| window.batch(3).get_single_element());
    /// assert_eq!(windows.len(), Some(2));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is none, there are more, or it cannot be had.
    pub fn get_single_element(&self) -> Result<T> {
        let mut elements = self.iter();
        match (elements.next(), elements.next()) {
            (Some(element), None) => element,
            (None, _) => Err(Error::data("expected one element, there is none").context("get_single_element")),
            (Some(element), Some(_)) => element.and(Err(Error::data("expected one element, there are more").context("get_single_element"))),
        }
    }

    /// How many elements there are, as far as it is known.
    pub fn cardinality(&self) -> Cardinality {
        self.cardinality
    }

    /// The number of elements, where it is known.
    pub fn len(&self) -> Option<usize> {
        match self.cardinality {
            Cardinality::Known(len) => Some(len),
            Cardinality::Infinite | Cardinality::Unknown => None,
        }
    }

    /// Whether it is known that there are no elements.
    pub fn is_empty(&self) -> bool {
        self.cardinality == Cardinality::Known(0)
    }

    /// Says how many elements there are where only you know: a progress bar wants to. More or fewer are an error.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let even = Dataset::range(0..10).filter(|number| Ok(number % 2 == 0)).assert_cardinality(4);
    /// assert_eq!(even.len(), Some(4));
    /// let error = even.iter().last().unwrap().unwrap_err();
    /// assert_eq!(error.to_string(), "assert_cardinality: expected 4 elements, got more");
    /// ```
    #[must_use]
    pub fn assert_cardinality(self, len: usize) -> Self {
        let wrong = move |got: &str| Error::data(format!("expected {len} elements, got {got}")).context("assert_cardinality");
        Self::from_stage(Cardinality::Known(len), move |pass| {
            let (mut elements, mut count, mut ended) = (self.origin.start(pass)?.fuse(), 0, false);
            Ok(Box::new(iter::from_fn(move || match elements.next() {
                _ if ended => None,
                Some(element) => {
                    count += usize::from(element.is_ok());
                    ended = count > len;
                    Some(if ended { Err(wrong("more")) } else { element })
                }
                None => {
                    ended = true;
                    (count < len).then(|| Err(wrong(&count.to_string())))
                }
            })))
        })
    }
}

/// Where in a pipeline an error came up.
fn at(stage: &str, place: usize, error: Error) -> Error {
    error.context(format!("{stage}, element {place}"))
}

impl Dataset<i64> {
    /// The integers of a range.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let numbers: Vec<i64> = Dataset::range(-1..3).iter().collect::<practicum_core::Result<_>>()?;
    /// assert_eq!(numbers, [-1, 0, 1, 2]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn range(range: std::ops::Range<i64>) -> Self {
        Self::from_items(range)
    }
}

impl<T: Clone + Send + Sync + 'static> From<Vec<T>> for Dataset<T> {
    /// The items of a vector.
    fn from(items: Vec<T>) -> Self {
        Self::from_items(items)
    }
}

impl<T: Clone + Send + Sync + 'static> From<&[T]> for Dataset<T> {
    /// The items of a slice, copied once.
    fn from(items: &[T]) -> Self {
        items.to_vec().into()
    }
}

impl<T: Clone + Send + Sync + 'static> FromIterator<T> for Dataset<T> {
    /// The items of an iterator, taken once and kept.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T> Clone for Dataset<T> {
    /// The same pipeline; an epoch that a model has begun is not part of the clone.
    fn clone(&self) -> Self {
        Self { origin: self.origin.clone(), cardinality: self.cardinality, running: Mutex::new(None) }
    }
}

impl<T> Debug for Dataset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset").field("cardinality", &self.cardinality).finish_non_exhaustive()
    }
}

/// One pass through the elements of a [`Dataset`]; dropping it ends the threads that work for it.
pub struct Iter<T>(Elements<T>);

impl<T: Send + 'static> Iterator for Iter<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let next = self.0.next();
        if next.is_none() {
            // What worked for it ends now; no one is asked again.
            self.0 = Box::new(iter::empty());
        }
        next
    }
}

impl<T> Debug for Iter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> IntoIterator for &Dataset<T> {
    type Item = Result<T>;
    type IntoIter = Iter<T>;

    fn into_iter(self) -> Iter<T> {
        self.iter()
    }
}
