//! Elements that can be had in any order: shuffled by their numbers, cut into windows and batches without a copy.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use crate::data::{Data, IntoData};
use crate::{Error, Result, Tensor};

/// Elements by their number.
pub trait Items<T>: Any + Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// The element of a number below `len`.
    fn get(&self, index: usize) -> Result<T>;
}

/// Every `step`th of some items, from `start` on.
pub(super) struct Slice<T> {
    items: Arc<dyn Items<T>>,
    start: usize,
    step: usize,
    len: usize,
}

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), ..*self }
    }
}

impl<T: 'static> Slice<T> {
    pub(super) fn new(items: Arc<dyn Items<T>>) -> Self {
        Self { start: 0, step: 1, len: items.len(), items }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, index: usize) -> Result<T> {
        self.items.get(self.start + index * self.step)
    }

    /// At most `len` elements, from `start` on, `step` apart.
    pub(super) fn part(&self, start: usize, step: usize, len: usize) -> Self {
        let left = self.len.saturating_sub(start).div_ceil(step);
        let step_over_all = self.step.saturating_mul(step);
        Self { items: self.items.clone(), start: self.start + start.min(self.len) * self.step, step: step_over_all, len: len.min(left) }
    }

    pub(super) fn elements(self) -> impl Iterator<Item = Result<T>> + Send {
        (0..self.len).map(move |index| self.get(index))
    }

    /// The items that these are a run of, and where it begins; none where elements between are left out.
    pub(super) fn run(&self) -> Option<(&dyn Items<T>, usize)> {
        (self.step == 1).then_some((&*self.items, self.start))
    }
}

impl<T: Clone + Send + Sync + 'static> Items<T> for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> Result<T> {
        Ok(self[index].clone())
    }
}

impl Items<i64> for Range<i64> {
    fn len(&self) -> usize {
        usize::try_from(i128::from(self.end) - i128::from(self.start)).unwrap_or(0)
    }

    fn get(&self, index: usize) -> Result<i64> {
        Ok(self.start.wrapping_add(index as i64))
    }
}

/// The examples of an array.
pub(super) struct Rows(pub(super) Data);

impl Items<Tensor> for Rows {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Result<Tensor> {
        self.0.example(index)
    }
}

/// What [`Dataset::from_tensor_slices`](super::Dataset::from_tensor_slices) takes: an array, or tuples of arrays.
pub trait IntoSlices {
    /// What an element is: a tensor, or tuples of tensors.
    type Element: 'static;

    #[doc(hidden)]
    fn into_items(self) -> Result<Arc<dyn Items<Self::Element>>>;
}

impl<A: IntoData> IntoSlices for A {
    type Element = Tensor;

    fn into_items(self) -> Result<Arc<dyn Items<Tensor>>> {
        Ok(Arc::new(Rows(self.into_data()?)))
    }
}

macro_rules! tuples {
    ($($name:ident: $($letter:ident $place:tt)+;)+) => { $(
        pub(super) struct $name<$($letter),+>($(pub(super) Arc<dyn Items<$letter>>),+);

        impl<$($letter: 'static),+> Items<($($letter,)+)> for $name<$($letter),+> {
            fn len(&self) -> usize {
                self.0.len()
            }

            fn get(&self, index: usize) -> Result<($($letter,)+)> {
                Ok(($(self.$place.get(index)?,)+))
            }
        }

        impl<$($letter: IntoSlices),+> IntoSlices for ($($letter,)+) {
            type Element = ($($letter::Element,)+);

            fn into_items(self) -> Result<Arc<dyn Items<Self::Element>>> {
                let items = $name($(self.$place.into_items()?),+);
                same_length(&[$(items.$place.len()),+])?;
                Ok(Arc::new(items))
            }
        }
    )+ };
}

tuples! {
    Pair: A 0 B 1;
    Triple: A 0 B 1 C 2;
    Four: A 0 B 1 C 2 D 3;
}

fn same_length(lens: &[usize]) -> Result<()> {
    if lens.iter().any(|len| *len != lens[0]) {
        return Err(Error::data(format!("the arrays have {lens:?} examples: they must be as many")).context("from_tensor_slices"));
    }
    Ok(())
}
