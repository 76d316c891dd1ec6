//! Batches of elements.

use std::any::Any;
use std::ops::Range;

use super::slices::{Four, Items, Pair, Rows, Triple};
use crate::data::Data;
use crate::{Error, Result, Shape, Tensor};

/// What elements become in a batch: tensors and numbers a tensor with an axis more, in front; tuples of elements a tuple of
/// batches.
///
/// | element | batch of `n` |
/// |---|---|
/// | [`Tensor`] of shape `s` | `Tensor` of shape `[n, s]` |
/// | [`Data`] of shape `s` | `Tensor` of shape `[n, s]`, converted and scaled: until then a picture takes a byte a pixel |
/// | `f32`, `f64`, `bool`, integers within ±2²⁴ | `Tensor` of shape `[n]` |
/// | `Vec<f32>`, `Vec<i32>`, `Vec<u32>`, `Vec<u8>` of length `k` | `Tensor` of shape `[n, k]` |
/// | `Vec<Tensor>`, `[A; N]`, tuples | as many batches |
/// | `String` | `Vec<String>` |
pub trait Stack: Sized + Send + 'static {
    /// What a batch is.
    type Batch: Send + 'static;

    #[doc(hidden)]
    fn stack<'a>(pile: Pile<'a, Self>, pool: &mut Pool) -> Result<Self::Batch>;

    /// The elements of a range, where they lie in memory as a batch has them.
    #[doc(hidden)]
    fn view(_items: &dyn Items<Self>, _range: Range<usize>) -> Option<Self::Batch> {
        None
    }
}

/// Elements to be put into a batch.
pub struct Pile<'a, T> {
    pub(super) len: usize,
    pub(super) get: &'a dyn Fn(usize) -> &'a T,
    /// Shorter elements are filled up with zeros.
    pub(super) padded: bool,
}

impl<T> Pile<'_, T> {
    /// The batch of a part of each element.
    fn part<U: Stack>(&self, part: impl Fn(&T) -> &U, pool: &mut Pool) -> Result<U::Batch> {
        U::stack(Pile { len: self.len, get: &|index| part((self.get)(index)), padded: self.padded }, pool)
    }
}

/// The memory of batches that no one reads any more.
#[derive(Default)]
pub struct Pool(Vec<Tensor>);

/// Batches on their way: those that wait, the one being read, and a few components each.
const KEPT: usize = 12;

impl Pool {
    fn tensor(&mut self, shape: Shape, write: impl FnOnce(&mut [f32]) -> Result<()>) -> Result<Tensor> {
        let len = shape.size();
        let free = self.0.iter_mut().enumerate().filter_map(|(place, tensor)| Some((tensor.room().filter(|room| *room >= len)?, place)));
        let mut tensor = match free.min() {
            Some((_, place)) => self.0.remove(place),
            None => Tensor::from(Vec::new()),
        };
        write(tensor.reuse(shape)?)?;
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push(tensor.clone());
        Ok(tensor)
    }
}

impl Stack for Tensor {
    type Batch = Self;

    fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Self> {
        let shape = if pile.padded { longest(&pile)? } else { common(&pile)? };
        let batch = Shape::new(&[&[pile.len], shape.dims()].concat())?;
        pool.tensor(batch, |out| {
            for (index, out) in out.chunks_exact_mut(shape.size().max(1)).enumerate() {
                let element = (pile.get)(index);
                put(element.as_slice(), &element.shape(), out, &shape);
            }
            Ok(())
        })
    }

    fn view(items: &dyn Items<Self>, range: Range<usize>) -> Option<Self> {
        let items: &dyn Any = items;
        items.downcast_ref::<Rows>()?.0.shared_rows(range)
    }
}

/// The shape that all elements have.
fn common(pile: &Pile<'_, Tensor>) -> Result<Shape> {
    let shape = (pile.get)(0).shape();
    match (1..pile.len).map(|index| (index, (pile.get)(index).shape())).find(|(_, other)| *other != shape) {
        None => Ok(shape),
        Some((index, other)) => {
            Err(Error::shape(format!("element 0 has the shape {shape}, element {index} of the batch {other}: they must be the same"))
                .hint("padded_batch fills the shorter ones up with zeros"))
        }
    }
}

/// The shape that all elements fit into.
fn longest(pile: &Pile<'_, Tensor>) -> Result<Shape> {
    let mut dims = (pile.get)(0).shape().to_vec();
    for index in 1..pile.len {
        let shape = (pile.get)(index).shape();
        if shape.rank() != dims.len() {
            let first = (pile.get)(0).shape();
            return Err(Error::shape(format!("element 0 has the shape {first}, element {index} of the batch {shape}"))
                .hint("padding makes axes longer, it adds none"));
        }
        dims.iter_mut().zip(shape.iter()).for_each(|(dim, size)| *dim = (*dim).max(*size));
    }
    Shape::new(&dims)
}

/// Puts an element at the beginning of every axis of a room that is as large or larger, zeros after.
fn put(element: &[f32], shape: &[usize], room: &mut [f32], dims: &[usize]) {
    if element.len() == room.len() {
        return room.copy_from_slice(element);
    }
    let ([size, shape @ ..], [_, dims @ ..]) = (shape, dims) else { return };
    let (part, whole): (usize, usize) = (shape.iter().product(), dims.iter().product());
    let (filled, rest) = room.split_at_mut(size * whole);
    rest.fill(0.0);
    if part == 0 {
        return filled.fill(0.0);
    }
    for (element, room) in element.chunks_exact(part).zip(filled.chunks_exact_mut(whole)) {
        put(element, shape, room, dims);
    }
}

/// The integers that `f32` holds exactly.
const EXACT: f64 = 16_777_216.0;

fn exact(value: f64, place: usize) -> Result<f32> {
    if value.abs() > EXACT {
        return Err(Error::data(format!("integers must be within ±{EXACT}, got {value} in element {place} of the batch")));
    }
    Ok(value as f32)
}

fn numbers(len: usize, pool: &mut Pool, get: &dyn Fn(usize) -> Result<f32>) -> Result<Tensor> {
    pool.tensor(Shape::new(&[len])?, |out| {
        out.iter_mut().enumerate().try_for_each(|(place, out)| {
            *out = get(place)?;
            Ok(())
        })
    })
}

macro_rules! numbers {
    ($($type:ty: $convert:expr;)+) => { $(
        impl Stack for $type {
            type Batch = Tensor;

            fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Tensor> {
                let convert: fn($type, usize) -> Result<f32> = $convert;
                numbers(pile.len, pool, &|place| convert(*(pile.get)(place), place))
            }
        }

        impl Stack for Vec<$type> {
            type Batch = Tensor;

            fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Tensor> {
                let convert: fn($type, usize) -> Result<f32> = $convert;
                let tensor = |place| -> Result<Tensor> {
                    let numbers: Result<Vec<f32>> = (pile.get)(place).iter().map(|value| convert(*value, place)).collect();
                    Ok(numbers?.into())
                };
                let tensors: Vec<Tensor> = (0..pile.len).map(tensor).collect::<Result<_>>()?;
                Tensor::stack(Pile { len: pile.len, get: &|place| &tensors[place], padded: pile.padded }, pool)
            }
        }
    )+ };
}

numbers! {
    f32: |value, _| Ok(value);
    f64: |value, _| Ok(value as f32);
    bool: |value, _| Ok(f32::from(u8::from(value)));
    u8: |value, _| Ok(f32::from(value));
    i32: |value, place| exact(f64::from(value), place);
    u32: |value, place| exact(f64::from(value), place);
    i64: |value, place| exact(value as f64, place);
    usize: |value, place| exact(value as f64, place);
}

impl Stack for String {
    type Batch = Vec<Self>;

    fn stack(pile: Pile<'_, Self>, _pool: &mut Pool) -> Result<Vec<Self>> {
        Ok((0..pile.len).map(|index| (pile.get)(index).clone()).collect())
    }
}

impl Stack for Vec<Tensor> {
    type Batch = Self;

    fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Self> {
        let count = (pile.get)(0).len();
        if let Some(index) = (1..pile.len).find(|index| (pile.get)(*index).len() != count) {
            let other = (pile.get)(index).len();
            return Err(Error::shape(format!("element 0 has {count} tensors, element {index} of the batch {other}")));
        }
        (0..count).map(|component| pile.part(|all| &all[component], pool)).collect()
    }
}

impl Stack for Data {
    type Batch = Tensor;

    fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Tensor> {
        let shape = (pile.get)(0).shape();
        if pile.padded || (1..pile.len).any(|index| (pile.get)(index).shape() != shape) {
            let tensors: Vec<Tensor> = (0..pile.len).map(|index| (pile.get)(index).to_tensor()).collect::<Result<_>>()?;
            return Tensor::stack(Pile { len: pile.len, get: &|index| &tensors[index], padded: pile.padded }, pool);
        }
        let cpu = crate::Cpu::default();
        pool.tensor(Shape::new(&[&[pile.len], shape.dims()].concat())?, |out| {
            let rows = out.chunks_exact_mut(shape.size().max(1)).enumerate();
            rows.for_each(|(index, out)| (pile.get)(index).write(cpu.exec(), out));
            Ok(())
        })
    }
}

impl<A: Stack, const N: usize> Stack for [A; N] {
    type Batch = [A::Batch; N];

    fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Self::Batch> {
        let batches: Vec<A::Batch> = (0..N).map(|component| pile.part(|all| &all[component], pool)).collect::<Result<_>>()?;
        batches.try_into().map_err(|_| Error::state(format!("expected {N} batches")))
    }
}

macro_rules! tuples {
    ($($name:ident: $($letter:ident $place:tt)+;)+) => { $(
        impl<$($letter: Stack),+> Stack for ($($letter,)+) {
            type Batch = ($($letter::Batch,)+);

            fn stack(pile: Pile<'_, Self>, pool: &mut Pool) -> Result<Self::Batch> {
                Ok(($(pile.part(|all| &all.$place, pool).map_err(|error| error.context(concat!("component ", $place)))?,)+))
            }

            fn view(items: &dyn Items<Self>, range: Range<usize>) -> Option<Self::Batch> {
                let items: &dyn Any = items;
                let items = items.downcast_ref::<$name<$($letter),+>>()?;
                Some(($($letter::view(&*items.$place, range.clone())?,)+))
            }
        }
    )+ };
}

tuples! {
    Pair: A 0 B 1;
    Triple: A 0 B 1 C 2;
    Four: A 0 B 1 C 2 D 3;
}
