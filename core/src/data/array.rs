//! Arrays that keep the type they came in; batches of them are `f32`.

use std::sync::Arc;

use super::IntoData;
use crate::kernel::{Exec, convert};
use crate::{Error, Result, Shape, Tensor};

/// Examples along the first axis, in the type they came in: bytes, integers or floats.
///
/// Pictures stay one byte a pixel; a batch is converted and scaled when it is put together. Cloning is cheap.
///
/// ```
/// use practicum_core::data::Data;
///
/// let pixels = Data::from_u8([2, 1, 3], vec![0, 51, 255, 102, 204, 153])?.scaled(1.0 / 255.0);
/// assert_eq!((pixels.len(), pixels.example_shape().dims()), (2, [1, 3].as_slice()));
/// assert!((pixels.to_tensor()?.get(&[1, 0, 1])? - 0.8).abs() < 1e-6);
///
/// let labels = Data::new(vec![9, 0, 4])?;
/// assert_eq!(labels.to_tensor()?.as_slice(), [9.0, 0.0, 4.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Data {
    shape: Shape,
    values: Values,
    scale: f32,
    offset: f32,
}

#[derive(Clone, Debug)]
enum Values {
    F32(Tensor),
    U8(Arc<Vec<u8>>),
    I32(Arc<Vec<i32>>),
}

/// The integers that `f32` holds exactly.
pub(super) const EXACT: i32 = 1 << 24;

/// The error for an integer that `f32` would not hold exactly.
pub(super) fn beyond_exact(shape: &Shape, flat: usize, value: impl std::fmt::Display) -> Error {
    Error::data(format!("integers must be within ±{EXACT}, got {value} at index {:?}", index_of(shape, flat)))
        .hint("f32 holds larger integers only roughly: subtract an offset, or scale them as floats")
}

/// The index on every axis of the element that is number `flat` in memory.
pub(super) fn index_of(shape: &Shape, mut flat: usize) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let along = flat % (*size).max(1);
            flat /= (*size).max(1);
            along
        })
        .collect();
    index.reverse();
    index
}

impl Data {
    /// Data from any array.
    ///
    /// # Errors
    /// See [`Data::from_u8`], [`Data::from_i32`] and [`Data::from_tensor`].
    pub fn new(array: impl IntoData) -> Result<Self> {
        array.into_data()
    }

    /// Bytes, the first axis counting examples.
    ///
    /// # Errors
    /// Another number of bytes than the shape has, or a shape without axes.
    pub fn from_u8(shape: impl Into<Shape>, bytes: Vec<u8>) -> Result<Self> {
        Self::checked(shape.into(), bytes.len(), Values::U8(Arc::new(bytes)))
    }

    /// Integers, such as token ids or classes.
    ///
    /// # Errors
    /// Another number of integers than the shape has, a shape without axes, or an integer beyond ±2²⁴, which `f32` would
    /// not hold exactly.
    pub fn from_i32(shape: impl Into<Shape>, integers: Vec<i32>) -> Result<Self> {
        let shape = shape.into();
        if let Some(flat) = integers.iter().position(|value| value.unsigned_abs() > EXACT as u32) {
            return Err(beyond_exact(&shape, flat, integers[flat]));
        }
        Self::checked(shape, integers.len(), Values::I32(Arc::new(integers)))
    }

    /// Floats.
    ///
    /// # Errors
    /// A tensor without axes.
    pub fn from_tensor(tensor: Tensor) -> Result<Self> {
        Self::checked(tensor.shape(), tensor.len(), Values::F32(tensor))
    }

    fn checked(shape: Shape, len: usize, values: Values) -> Result<Self> {
        if shape.first().is_some_and(|examples| u32::try_from(*examples).is_err()) {
            return Err(Error::data(format!("at most {} examples are served, got data of shape {shape}", u32::MAX)));
        }
        if shape.rank() == 0 {
            return Err(
                Error::shape("data need a first axis that counts examples, got a single number").hint("`batch` makes one in a pipeline")
            );
        }
        if shape.size() != len {
            return Err(Error::shape(format!("data of shape {shape} have {} elements, got {len}", shape.size())));
        }
        Ok(Self { shape, values, scale: 1.0, offset: 0.0 })
    }

    /// Every element is multiplied by `scale` when a batch is made: `1.0 / 255.0` for pictures.
    #[must_use]
    pub fn scaled(mut self, scale: f32) -> Self {
        self.offset *= scale;
        self.scale *= scale;
        self
    }

    /// `offset` is added to every element, after scaling, when a batch is made.
    #[must_use]
    pub fn shifted(mut self, offset: f32) -> Self {
        self.offset += offset;
        self
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.shape[0]
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape, examples first.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The shape of one example.
    pub fn example_shape(&self) -> Shape {
        self.shape.without_batch()
    }

    /// Whether the elements are integers, so that they can be classes or token ids.
    pub fn is_integer(&self) -> bool {
        !matches!(self.values, Values::F32(_))
    }

    /// The same elements under another shape.
    ///
    /// # Errors
    /// A shape of another size.
    pub fn reshaped(&self, shape: impl Into<Shape>) -> Result<Self> {
        let mut reshaped = Self::checked(shape.into(), self.shape.size(), self.values.clone())?;
        (reshaped.scale, reshaped.offset) = (self.scale, self.offset);
        Ok(reshaped)
    }

    /// The examples of a range; floats are shared, bytes and integers copied.
    ///
    /// # Errors
    /// A range beyond the examples.
    pub fn rows(&self, range: std::ops::Range<usize>) -> Result<Self> {
        if range.start > range.end || range.end > self.len() {
            return Err(Error::shape(format!("there are no examples {range:?}: the data have {}", self.len())));
        }
        let row = self.example_shape().size();
        let part = range.start * row..range.end * row;
        let values = match &self.values {
            Values::F32(tensor) => Values::F32(tensor.rows(range.clone())?),
            Values::U8(bytes) => Values::U8(Arc::new(copied(&bytes[part])?)),
            Values::I32(integers) => Values::I32(Arc::new(copied(&integers[part])?)),
        };
        Ok(Self { shape: self.shape.with_batch(range.len()), values, ..*self })
    }

    /// The examples with these indices, in this order, in the type they are in.
    ///
    /// # Errors
    /// An index beyond the examples, or not enough memory.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        if let Some(index) = indices.iter().find(|index| **index >= self.len()) {
            return Err(Error::shape(format!("there is no example {index}: the data have {}", self.len())));
        }
        let row = self.example_shape().size();
        let shape = Shape::new(&[&[indices.len()], self.example_shape().dims()].concat())?;
        let values = match &self.values {
            Values::F32(tensor) => Values::F32(Tensor::new(shape, selected(tensor.as_slice(), row, indices)?)?),
            Values::U8(bytes) => Values::U8(Arc::new(selected(bytes, row, indices)?)),
            Values::I32(integers) => Values::I32(Arc::new(selected(integers, row, indices)?)),
        };
        Ok(Self { shape, values, ..*self })
    }

    /// All of it as one tensor: floats that are neither scaled nor shifted are shared.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn to_tensor(&self) -> Result<Tensor> {
        if let Some(tensor) = self.shared_rows(0..self.len()) {
            return Ok(tensor);
        }
        let mut data = crate::autodiff::zeros(self.shape.size())?;
        let all: Vec<u32> = (0..self.len() as u32).collect();
        self.gather(crate::Cpu::default().exec(), &all, &mut data);
        Tensor::new(self.shape, data)
    }

    /// One example, by a number that is there.
    pub(crate) fn example(&self, index: usize) -> Result<Tensor> {
        if let Values::F32(tensor) = &self.values
            && self.is_plain()
        {
            return tensor.row(index);
        }
        let mut data = crate::autodiff::zeros(self.example_shape().size())?;
        self.gather(crate::Cpu::default().exec(), &[index as u32], &mut data);
        Tensor::new(self.example_shape(), data)
    }

    /// Examples that are floats as they are, without a copy.
    pub(crate) fn shared_rows(&self, range: std::ops::Range<usize>) -> Option<Tensor> {
        match &self.values {
            Values::F32(tensor) if self.is_plain() => tensor.rows(range).ok(),
            _ => None,
        }
    }

    /// Whether the elements are neither scaled nor shifted.
    fn is_plain(&self) -> bool {
        self.scale == 1.0 && self.offset == 0.0
    }

    /// Puts the given examples one after the other into `out`, converted and scaled.
    pub(crate) fn gather(&self, exec: Exec<'_>, rows: &[u32], out: &mut [f32]) {
        let row_len = self.example_shape().size();
        let (scale, offset) = (self.scale, self.offset);
        match &self.values {
            Values::F32(tensor) => convert::gather_f32(exec, tensor.as_slice(), row_len, rows, scale, offset, out),
            Values::U8(bytes) => convert::gather_u8(exec, bytes, row_len, rows, scale, offset, out),
            Values::I32(integers) => convert::gather_i32(exec, integers, row_len, rows, scale, offset, out),
        }
    }

    /// Writes all elements, converted and scaled.
    pub(crate) fn write(&self, exec: Exec<'_>, out: &mut [f32]) {
        let (len, scale, offset) = (self.shape.size(), self.scale, self.offset);
        match &self.values {
            Values::F32(tensor) => convert::gather_f32(exec, tensor.as_slice(), len, &[0], scale, offset, out),
            Values::U8(bytes) => convert::gather_u8(exec, bytes, len, &[0], scale, offset, out),
            Values::I32(integers) => convert::gather_i32(exec, integers, len, &[0], scale, offset, out),
        }
    }

    /// The first element that a batch would hold as a number that is not finite, if there is one, by its index on every axis.
    pub(crate) fn first_not_finite(&self) -> Option<(Vec<usize>, f32)> {
        // A search that ends at each number could not look at several at once.
        const BLOCK: usize = 1024;
        let largest = match &self.values {
            Values::U8(_) => f32::from(u8::MAX),
            Values::I32(_) => EXACT as f32,
            Values::F32(tensor) => {
                let all_finite = |block: &[f32]| block.iter().fold(true, |all, value| all & value.is_finite());
                match tensor.as_slice().chunks(BLOCK).position(|block| !all_finite(block)) {
                    Some(block) => return self.first(block * BLOCK, |value| !value.is_finite()),
                    None if self.is_plain() => return None,
                    None => f32::MAX,
                }
            }
        };
        let may_overflow = !(largest * self.scale.abs() + self.offset.abs()).is_finite();
        may_overflow.then(|| self.first(0, |value| !value.is_finite())).flatten()
    }

    /// The first element that is no class of `classes`, by its index and value.
    pub(crate) fn first_not_a_class(&self, classes: usize) -> Option<(Vec<usize>, f32)> {
        self.first(0, |value| !(value >= 0.0 && value < classes as f32 && value.fract() == 0.0))
    }

    /// The first element, from the one that is number `from` in memory on, that is wrong as a batch would hold it.
    fn first(&self, from: usize, wrong: impl Fn(f32) -> bool) -> Option<(Vec<usize>, f32)> {
        let plain = self.is_plain();
        let held = |value: f32| if plain { value } else { value.mul_add(self.scale, self.offset) };
        let found = |value: f32| Some(held(value)).filter(|value| wrong(*value));
        let (flat, value) = match &self.values {
            Values::F32(tensor) => (from..).zip(&tensor.as_slice()[from..]).find_map(|(flat, value)| Some((flat, found(*value)?))),
            Values::U8(bytes) => (from..).zip(&bytes[from..]).find_map(|(flat, value)| Some((flat, found(f32::from(*value))?))),
            Values::I32(integers) => (from..).zip(&integers[from..]).find_map(|(flat, value)| Some((flat, found(*value as f32)?))),
        }?;
        Some((index_of(&self.shape, flat), value))
    }
}

fn selected<T: Copy>(elements: &[T], row: usize, indices: &[usize]) -> Result<Vec<T>> {
    let mut chosen = Vec::new();
    for index in indices {
        crate::autodiff::extend(&mut chosen, &elements[index * row..(index + 1) * row])?;
    }
    Ok(chosen)
}

fn copied<T: Copy>(elements: &[T]) -> Result<Vec<T>> {
    let mut copy = Vec::new();
    crate::autodiff::extend(&mut copy, elements)?;
    Ok(copy)
}
