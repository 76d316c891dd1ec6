//! Stages that look at one element at a time.

use std::iter;
use std::sync::{Arc, OnceLock};

use super::slices::Slice;
use super::{Cardinality, Dataset, Elements, Origin, at, or_error};
use crate::Result;

impl<T: Send + 'static> Dataset<T> {
    /// What a function makes of each element.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let squares = Dataset::range(0..4).map(|number| Ok(number * number));
    /// assert_eq!(squares.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 1, 4, 9]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn map<U: Send + 'static>(self, f: impl Fn(T) -> Result<U> + Send + Sync + 'static) -> Dataset<U> {
        let f = Arc::new(f);
        Dataset::from_stage(self.cardinality, move |pass| {
            let f = f.clone();
            let elements = self.origin.start(pass)?.zip(0_usize..);
            Ok(Box::new(elements.map(move |(element, place)| f(element?).map_err(|error| at("map", place, error)))))
        })
    }

    /// The elements that a function says yes to.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let even = Dataset::range(0..7).filter(|number| Ok(number % 2 == 0));
    /// assert_eq!(even.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 2, 4, 6]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn filter(self, keep: impl Fn(&T) -> Result<bool> + Send + Sync + 'static) -> Self {
        let keep = Arc::new(keep);
        let cardinality = match self.cardinality {
            Cardinality::Known(0) => Cardinality::Known(0),
            _ => Cardinality::Unknown,
        };
        Self::from_stage(cardinality, move |pass| {
            let keep = keep.clone();
            let elements = self.origin.start(pass)?.zip(0_usize..);
            Ok(Box::new(elements.filter_map(move |(element, place)| {
                let Ok(element) = element else { return Some(element) };
                match keep(&element) {
                    Ok(kept) => kept.then_some(Ok(element)),
                    Err(error) => Some(Err(at("filter", place, error))),
                }
            })))
        })
    }

    /// The elements of the pipelines that a function makes of each element, one pipeline after the other.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let windows = Dataset::range(0..7).window(3).flat_map(|window| Ok(window.batch(3)));
    /// let sums = windows.map(|window| window.sum()?.item());
    /// assert_eq!(sums.iter().collect::<practicum_core::Result<Vec<_>>>()?, [3.0, 12.0, 6.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn flat_map<U: Send + 'static>(self, f: impl Fn(T) -> Result<Dataset<U>> + Send + Sync + 'static) -> Dataset<U> {
        let f = Arc::new(f);
        Dataset::from_stage(Cardinality::Unknown, move |pass| {
            let f = f.clone();
            let elements = self.origin.start(pass)?.zip(0_usize..);
            Ok(Box::new(elements.flat_map(move |(element, place)| {
                let inner = element.and_then(|element| f(element).map_err(|error| at("flat_map", place, error)));
                or_error(inner.and_then(|inner| inner.origin.start(pass.fold(place as u64))))
            })))
        })
    }

    /// Pairs of an element and the element of another pipeline, until one of the two ends.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let pairs = Dataset::range(0..9).zip(Dataset::from(vec!["a", "b"]));
    /// assert_eq!(pairs.iter().collect::<practicum_core::Result<Vec<_>>>()?, [(0, "a"), (1, "b")]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn zip<U: Send + 'static>(self, other: Dataset<U>) -> Dataset<(T, U)> {
        let cardinality = match (self.cardinality, other.cardinality) {
            (Cardinality::Known(a), Cardinality::Known(b)) => Cardinality::Known(a.min(b)),
            (Cardinality::Known(0), _) | (_, Cardinality::Known(0)) => Cardinality::Known(0),
            (Cardinality::Unknown, _) | (_, Cardinality::Unknown) => Cardinality::Unknown,
            (Cardinality::Infinite, finite) | (finite, Cardinality::Infinite) => finite,
        };
        Dataset::from_stage(cardinality, move |pass| {
            let (a, b) = (self.origin.start(pass)?, other.origin.start(pass)?);
            Ok(Box::new(a.zip(b).map(|(a, b)| Ok((a?, b?)))))
        })
    }

    /// Each element with its number, from 0.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let numbered = Dataset::from(vec!["a", "b"]).enumerate();
    /// assert_eq!(numbered.iter().collect::<practicum_core::Result<Vec<_>>>()?, [(0, "a"), (1, "b")]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn enumerate(self) -> Dataset<(usize, T)> {
        Dataset::from_stage(self.cardinality, move |pass| {
            let elements = self.origin.start(pass)?;
            Ok(Box::new(elements.enumerate().map(|(place, element)| Ok((place, element?)))))
        })
    }

    /// Leaves out the elements that could not be had: pictures that cannot be read, say.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let numbers = Dataset::from(vec!["1", "x", "3"]).map(|text| {
    ///     text.parse().map_err(|_| practicum_core::Error::data(format!("{text} is no number")))
    /// });
    /// assert_eq!(numbers.ignore_errors().iter().collect::<practicum_core::Result<Vec<i32>>>()?, [1, 3]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn ignore_errors(self) -> Self {
        let cardinality = match self.cardinality {
            Cardinality::Known(len) if len > 0 => Cardinality::Unknown,
            other => other,
        };
        Self::from_stage(cardinality, move |pass| Ok(Box::new(self.origin.start(pass)?.filter(Result::is_ok))))
    }
}

impl<T: Clone + Send + Sync + 'static> Dataset<T> {
    /// Keeps the elements in memory: from the second time around on, nothing before this stage runs again.
    ///
    /// They are kept once a pass has gone through all of them without an error. What was drawn at random is kept with them:
    /// augment and shuffle after the cache. They are kept in the type they have: pictures that are [`Data`](crate::data::Data)
    /// of bytes take a byte a pixel, and become floats in their batch. Slices of arrays are in memory already.
    ///
    /// ```
    /// use practicum_core::data::{Data, Dataset};
    ///
    /// // Pictures of 2 by 2 pixels, read from somewhere, and their classes.
    /// let pictures = Dataset::range(0..4).map(|number| {
    ///     let picture = Data::from_u8([2, 2, 1], vec![50 * number as u8; 4])?.scaled(1.0 / 255.0);
    ///     Ok((picture, number % 2))
    /// });
    /// let (x, y) = pictures.cache().batch(4).get_single_element()?;
    /// assert_eq!(
    ///     (x.shape().dims(), y.as_slice()),
    ///     ([4, 2, 2, 1].as_slice(), [0.0, 1.0, 0.0, 1.0].as_slice())
    /// );
    /// assert!((x.get(&[1, 0, 0, 0])? - 50.0 / 255.0).abs() < 1e-6);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use practicum_core::data::Dataset;
    ///
    /// let read = Arc::new(AtomicUsize::new(0));
    /// let counter = read.clone();
    /// let numbers = Dataset::range(0..5).map(move |number| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    ///     Ok(number)
    /// });
    /// let cached = numbers.cache();
    /// assert_eq!((cached.iter().count(), cached.iter().count()), (5, 5));
    /// assert_eq!(read.load(Ordering::Relaxed), 5);
    /// ```
    #[must_use]
    pub fn cache(self) -> Self {
        if let Origin::Slice(_) = &self.origin {
            return self;
        }
        let kept: Arc<OnceLock<Slice<T>>> = Arc::default();
        Self::from_stage(self.cardinality, move |pass| {
            if let Some(kept) = kept.get() {
                return Ok(Box::new(kept.clone().elements()));
            }
            Ok(cached(self.origin.start(pass)?, kept.clone()))
        })
    }
}

fn cached<T: Clone + Send + Sync + 'static>(mut elements: Elements<T>, kept: Arc<OnceLock<Slice<T>>>) -> Elements<T> {
    let mut seen = Some(Vec::new());
    Box::new(iter::from_fn(move || {
        let element = elements.next();
        match &element {
            Some(Ok(element)) => seen.iter_mut().for_each(|seen| seen.push(element.clone())),
            Some(Err(_)) => seen = None,
            // Another pass may have come to its end before; what it kept is as good.
            None => drop(seen.take().map(|seen| kept.set(Slice::new(Arc::new(seen))))),
        }
        element
    }))
}
