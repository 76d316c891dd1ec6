//! Operations, on tensors and on variables alike.
//!
//! Each method exists twice, from one definition: on [`Tensor`] it computes, on [`Var`] it is recorded too. A file holds an
//! operation's formula, its forward and its backward pass, and the check of its gradient.

mod activation;
mod batch_norm;
mod binary;
mod concat;
mod conv_transpose;
mod convolution;
mod cross_entropy;
mod dense;
mod dropout;
mod embedding;
mod flip;
mod interpolate;
mod layer_norm;
mod mask;
mod matmul;
mod operators;
mod pad;
mod permute;
mod pooling;
mod rectify;
mod recurrent;
mod reduce;
mod repeat;
mod reshape;
mod select;
mod slice;
mod softmax;
mod unary;

pub use activation::Activation;
pub(crate) use batch_norm::Scaling;
pub use convolution::{Padding, Window};
pub(crate) use recurrent::Recurrence;

/// Defines methods of `Tensor` and of `Var` at once.
macro_rules! methods {
    ($($body:tt)*) => {
        impl crate::Tensor {
            $($body)*
        }

        impl crate::autodiff::Var {
            $($body)*
        }
    };
}
pub(crate) use methods;

/// What the tests of the operations share.
#[cfg(test)]
mod testing {
    use crate::rng::Key;
    use crate::{Shape, Tensor};

    /// Numbers in [−½, ½), the same for the same seed.
    pub(super) fn draw(shape: impl Into<Shape>, seed: u64) -> Tensor {
        let shape = shape.into();
        let mut numbers = vec![0.0; shape.size()];
        Key::new(seed).fill_uniform(&mut numbers);
        Tensor::new(shape, numbers.iter().map(|x| x - 0.5).collect()).unwrap()
    }
}
