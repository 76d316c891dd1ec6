//! Layers that make one tensor of several, element by element.

use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// The shape of what is merged, element by element: sizes of 1 are stretched, and axes that are missing come after the batch.
fn merged_shape(inputs: &[PartialShape]) -> Result<PartialShape> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(Error::argument("the layer merges one input or more, got none"));
    };
    let mut merged = first.example().to_vec();
    for input in rest {
        let (mut long, mut short) = (merged, input.example().to_vec());
        if long.len() < short.len() {
            std::mem::swap(&mut long, &mut short);
        }
        let skipped = long.len() - short.len();
        for (size, other) in long[skipped..].iter_mut().zip(short) {
            *size = match (*size, other) {
                (None, _) | (_, None) => None,
                (Some(1), other) => other,
                (size, Some(1)) => size,
                (size, other) if size == other => size,
                _ => return Err(Error::shape(format!("inputs of the shapes {} do not meet", list(inputs))).hint("sizes are equal or 1")),
            };
        }
        merged = long;
    }
    Ok(PartialShape::new([&[None], &merged[..]].concat()))
}

pub(super) fn list(shapes: &[PartialShape]) -> String {
    shapes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The inputs with as many axes each.
fn with_equal_ranks(inputs: &[Var]) -> Result<Vec<Var>> {
    let rank = inputs.iter().map(|x| x.shape().rank()).max().unwrap_or(0);
    let stretched = |x: &Var| {
        let shape = x.shape();
        let (batch, example) = shape.split_at(shape.rank().min(1));
        x.reshape(Shape::new(&[batch, &vec![1; rank - shape.rank()], example].concat())?)
    };
    inputs.iter().map(stretched).collect()
}

/// Whether any of the inputs counts; all steps count where an input has no mask.
fn any_mask(cx: &Call<'_>, inputs: usize) -> Result<Option<Var>> {
    let mut masks = (0..inputs).map(|input| cx.mask(input));
    let Some(Some(first)) = masks.next() else { return Ok(None) };
    let mut any = first.clone();
    for mask in masks {
        let Some(mask) = mask else { return Ok(None) };
        any = any.maximum(mask)?;
    }
    Ok(Some(any))
}

/// The mask of an input, which has one axis less.
fn mask_of<'a>(cx: &Call<'a>, input: usize, x: &Var) -> Result<Option<&'a Var>> {
    match cx.mask(input) {
        Some(mask) if mask.shape().rank() + 1 != x.shape().rank() => {
            Err(Error::shape(format!("the mask of input {input} has one axis less than the input {}, got {}", x.shape(), mask.shape())))
        }
        mask => Ok(mask),
    }
}

type Merge = fn(&Var, &Var) -> Result<Var>;

fn fold(inputs: &[Var], merge: Merge) -> Result<Var> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(Error::argument("the layer merges one input or more, got none"));
    };
    rest.iter().try_fold(first.clone(), |merged, x| merge(&merged, x))
}

/// What a mask leaves out is 1, so that it changes no product; where all masks leave it out, the product is 0.
fn multiply(cx: &Call<'_>, inputs: &[Var]) -> Result<Var> {
    let mut counted = Vec::with_capacity(inputs.len());
    for (input, x) in inputs.iter().enumerate() {
        counted.push(match mask_of(cx, input, x)? {
            Some(mask) => mask.select(x, &cx.constant(Tensor::ones(x.shape())?))?,
            None => x.clone(),
        });
    }
    let product = fold(&counted, Var::mul)?;
    match any_mask(cx, inputs.len())? {
        Some(any) => any.select(&product, &cx.constant(Tensor::zeros(product.shape())?)),
        None => Ok(product),
    }
}

/// The larger or the smaller: where a mask leaves out one of two, the other is taken.
fn extreme(cx: &Call<'_>, inputs: &[Var], merge: Merge) -> Result<Var> {
    let Some((first, rest)) = inputs.split_first() else { return fold(inputs, merge) };
    let (mut merged, mut counts) = (first.clone(), mask_of(cx, 0, first)?.cloned());
    for (input, x) in (1..).zip(rest) {
        let mask = mask_of(cx, input, x)?;
        let x = mask.map_or_else(|| Ok(x.clone()), |mask| mask.select(x, &merged))?;
        merged = merge(&counts.as_ref().map_or_else(|| Ok(merged.clone()), |counts| counts.select(&merged, &x))?, &x)?;
        counts = match (counts, mask) {
            (Some(counts), Some(mask)) => Some(counts.maximum(mask)?),
            _ => None,
        };
    }
    Ok(merged)
}

macro_rules! merge_layer {
    ($(#[$doc:meta])* $name:ident, inputs: $count:pat, $expected:literal, |$cx:ident, $x:ident| $merge:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl $name {
            /// The layer.
            pub fn new() -> Self {
                Self
            }
        }

        impl Layer for $name {
            fn class_name(&self) -> &'static str {
                stringify!($name)
            }

            fn config(&self) -> Config {
                Config::new()
            }

            fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                self.build_many(cx, std::slice::from_ref(input)).map(|mut outputs| outputs.remove(0))
            }

            fn build_many(&mut self, _cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
                if !matches!(inputs.len(), $count) {
                    return Err(Error::argument(format!("the layer takes {}, got {}", $expected, inputs.len())));
                }
                Ok(vec![merged_shape(inputs)?])
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                self.call_many(cx, std::slice::from_ref(x)).map(|mut outputs| outputs.remove(0))
            }

            fn call_many(&self, $cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
                let $x = with_equal_ranks(inputs)?;
                Ok(vec![$merge?])
            }

            fn compute_mask(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
                any_mask(cx, inputs.len())
            }

            fn boxed_clone(&self) -> Box<dyn Layer> {
                Box::new(*self)
            }
        }
    };
}

merge_layer! {
    /// The sum of its inputs, element by element; shapes broadcast after the batch.
    ///
    /// ```
    /// use practicum_core::{layers::Add, prelude::*};
    ///
    /// let input = Input::new([4]).symbol();
    /// let hidden = Dense::new(4).activation(Activation::Relu).on(&input);
    /// let model = Model::new(&input, Add::new().on([&input, &hidden]))?;
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 4)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Add, inputs: 1.., "one input or more", |_cx, x| fold(&x, Var::add)
}
merge_layer! {
    /// The first of two inputs less the second, element by element; shapes broadcast after the batch.
    Subtract, inputs: 2, "two inputs", |_cx, x| x[0].sub(&x[1])
}
merge_layer! {
    /// The product of its inputs, element by element; shapes broadcast after the batch. What a mask leaves out counts as 1,
    /// and as 0 where all inputs leave it out.
    Multiply, inputs: 1.., "one input or more", |cx, x| multiply(cx, &x)
}
merge_layer! {
    /// The mean of its inputs, element by element; shapes broadcast after the batch.
    Average, inputs: 1.., "one input or more", |_cx, x| fold(&x, Var::add)?.scale(1.0 / x.len() as f32)
}
merge_layer! {
    /// The largest of its inputs, element by element; shapes broadcast after the batch. What a mask leaves out does not count
    /// where another input does. At a tie the gradient goes to the first.
    Maximum, inputs: 1.., "one input or more", |cx, x| extreme(cx, &x, Var::maximum)
}
merge_layer! {
    /// The smallest of its inputs, element by element; shapes broadcast after the batch. What a mask leaves out does not count
    /// where another input does. At a tie the gradient goes to the first.
    Minimum, inputs: 1.., "one input or more", |cx, x| extreme(cx, &x, Var::minimum)
}
