//! What an operation is: a forward, and the backward beside it.

use std::fmt::Debug;
use std::sync::Arc;

use crate::kernel::Exec;
use crate::{Result, Shape};

/// A tensor that an operation reads: its shape, and its elements in row-major order.
///
/// The elements are empty where an operation said that it does not need them ([`Op::reads`]).
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The sizes of the axes.
    pub shape: Shape,
    /// The elements, the last axis running fastest.
    pub data: &'a [f32],
}

/// What surrounds an operation when it runs. None of it decides a number but `step`, and that only where an operation draws
/// random numbers.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The threads and instructions to use.
    pub exec: Exec<'a>,
    /// The global step: how many optimizer updates there were before this one.
    pub step: u64,
}

/// The buffers of a forward pass.
pub struct Forward<'a> {
    /// Threads, instructions, and the step.
    pub cx: Context<'a>,
    /// What the operation reads.
    pub x: &'a [View<'a>],
    /// Where its output goes. What it holds at first is arbitrary.
    pub y: &'a mut [f32],
    /// What the backward pass will want to know, as long as [`Memory::saved`] says.
    pub saved: &'a mut [f32],
    /// Room to work in, arbitrary at first.
    pub scratch: &'a mut [f32],
}

/// The buffers of a backward pass.
pub struct Backward<'a, 'b> {
    /// Threads, instructions, and the step.
    pub cx: Context<'a>,
    /// What the forward pass read, as far as [`Op::reads`] asks for it.
    pub x: &'a [View<'a>],
    /// What the forward pass wrote, if [`Op::reads`] asks for it.
    pub y: View<'a>,
    /// What the forward pass saved.
    pub saved: &'a [f32],
    /// The gradient of the loss by the output.
    pub dy: &'a [f32],
    /// Where the gradient by each input goes, to be overwritten; `None` where it is not asked for.
    pub dx: &'b mut [Option<&'a mut [f32]>],
    /// Room to work in, arbitrary at first.
    pub scratch: &'a mut [f32],
}

/// How many floats an operation needs besides its inputs and its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Kept from the forward to the backward pass.
    pub saved: usize,
    /// Room for the forward pass.
    pub forward_scratch: usize,
    /// Room for the backward pass.
    pub backward_scratch: usize,
}

/// What the backward pass reads of the forward pass. What is not read is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// One bit an input, the lowest for the first.
    pub inputs: u32,
    /// The output.
    pub output: bool,
}

impl Reads {
    /// Only the upstream gradient.
    pub const NOTHING: Self = Self { inputs: 0, output: false };
    /// Every input, and not the output.
    pub const INPUTS: Self = Self { inputs: u32::MAX, output: false };
    /// The output, and no input.
    pub const OUTPUT: Self = Self { inputs: 0, output: true };
}

/// One operation: `y = f(x₀, x₁, …)` and, for an upstream gradient `dy`, the gradients `dxᵢ`.
///
/// The same operation serves a training loop that replays a recorded program, a custom loop that runs eagerly, and
/// the gradient check ([`gradcheck`](crate::autodiff::gradcheck)). It gets every buffer from its caller.
pub trait Op: Debug + Send + Sync + 'static {
    /// A short name, for errors and printed programs.
    fn name(&self) -> &'static str;

    /// The shape of the output.
    ///
    /// # Errors
    /// Inputs whose shapes the operation cannot serve.
    fn output_shape(&self, x: &[Shape]) -> Result<Shape>;

    /// What the operation needs besides inputs and output.
    fn memory(&self, _x: &[Shape]) -> Memory {
        Memory::default()
    }

    /// What the backward pass reads of the forward pass.
    fn reads(&self) -> Reads;

    /// Whether the output is the first input under another shape. Such an operation is never run.
    fn is_reshape(&self) -> bool {
        false
    }

    /// Where the output is made of logits by softmax or sigmoid, which of the two. A loss then starts from the logits,
    /// as Keras' compiled models do, and saturated probabilities cost no precision.
    fn link(&self) -> Option<Link> {
        None
    }

    /// Where the output holds the maxima of windows that do not overlap and fill their rows and columns from the first on: the
    /// size of a window.
    fn maxima(&self) -> Option<[usize; 2]> {
        None
    }

    /// Where the output is the mean over one axis of the input: which one.
    fn mean_axis(&self) -> Option<usize> {
        None
    }

    /// One operation on the inputs of this one, whose shapes are given, that gives what `consumer` makes of its output, where
    /// there is one: it has the bits of the two. A program uses it where nothing else looks at the output, which the
    /// consumer sees under the shape `seen`.
    fn fuse(&self, _consumer: &dyn Op, _x: &[Shape], _seen: &Shape) -> Option<Arc<dyn Op>> {
        None
    }

    /// Computes the output.
    ///
    /// # Errors
    /// Values that cannot be served, such as an id out of range.
    fn forward(&self, pass: Forward<'_>) -> Result<()>;

    /// Computes the gradients by the inputs.
    ///
    /// # Errors
    /// As the forward pass.
    fn backward(&self, pass: Backward<'_, '_>) -> Result<()>;
}

/// How probabilities are made of logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Over the last axis.
    Softmax,
    /// Each by itself.
    Sigmoid,
}
