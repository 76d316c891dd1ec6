//! Computing with symbols.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::function::{Binary, Reduction, Unary};
use super::{Argument, Function, Operation};
use crate::Tensor;
use crate::layers::{Activation, Axes, IntoSymbols, LayerExt, Symbol};

/// What can stand beside a symbol: another symbol, a number, or a tensor that is the same at every call.
#[derive(Clone, Debug)]
pub struct Operand(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Symbol(Symbol),
    Constant(Argument),
}

impl From<Symbol> for Operand {
    fn from(symbol: Symbol) -> Self {
        Self(Kind::Symbol(symbol))
    }
}

impl From<&Symbol> for Operand {
    fn from(symbol: &Symbol) -> Self {
        symbol.clone().into()
    }
}

impl From<f32> for Operand {
    fn from(number: f32) -> Self {
        Self(Kind::Constant(Argument::Number(number)))
    }
}

impl From<Tensor> for Operand {
    fn from(tensor: Tensor) -> Self {
        Self(Kind::Constant(Argument::Constant(tensor)))
    }
}

impl From<&Tensor> for Operand {
    fn from(tensor: &Tensor) -> Self {
        tensor.clone().into()
    }
}

fn binary(function: Binary, a: impl Into<Operand>, b: impl Into<Operand>) -> Symbol {
    let (mut arguments, mut symbols) = (Vec::new(), Vec::new());
    for Operand(operand) in [a.into(), b.into()] {
        arguments.push(match operand {
            Kind::Symbol(symbol) => {
                symbols.push(symbol);
                Argument::Input
            }
            Kind::Constant(constant) => constant,
        });
    }
    Operation::with(Function::Binary(function), arguments).on(symbols)
}

macro_rules! operators {
    ($($trait:ident $method:ident $function:ident;)*) => {$(
        impl<T: Into<Operand>> $trait<T> for Symbol {
            type Output = Self;

            fn $method(self, other: T) -> Self {
                binary(Binary::$function, self, other)
            }
        }

        impl<T: Into<Operand>> $trait<T> for &Symbol {
            type Output = Symbol;

            fn $method(self, other: T) -> Symbol {
                binary(Binary::$function, self, other)
            }
        }

        operators! { $trait $method $function: f32, Tensor, &Tensor }
    )*};
    ($trait:ident $method:ident $function:ident: $($constant:ty),*) => {$(
        impl $trait<Symbol> for $constant {
            type Output = Symbol;

            fn $method(self, symbol: Symbol) -> Symbol {
                binary(Binary::$function, self, symbol)
            }
        }

        impl $trait<&Symbol> for $constant {
            type Output = Symbol;

            fn $method(self, symbol: &Symbol) -> Symbol {
                binary(Binary::$function, self, symbol)
            }
        }
    )*};
}

operators! {
    Add add Add;
    Sub sub Subtract;
    Mul mul Multiply;
    Div div TrueDivide;
}

impl Neg for Symbol {
    type Output = Self;

    fn neg(self) -> Self {
        self.apply(Function::Unary(Unary::Negative))
    }
}

impl Neg for &Symbol {
    type Output = Symbol;

    fn neg(self) -> Symbol {
        self.apply(Function::Unary(Unary::Negative))
    }
}

/// Functions of `keras.ops`, by its names.
///
/// What does not fit, such as axes that are not there, is told by [`Model::new`](crate::Model::new).
///
/// ```
/// use practicum_core::prelude::*;
///
/// let x = Input::new([3]).symbol();
/// let y = (&x * 2.0 + 1.0).power(2.0).mean(1, true);
/// let model = Model::new(&x, 1.0 / (y + Tensor::from([1.0])))?;
/// assert_eq!(
///     model.predict(&Tensor::from([[0.0, 1.0, -1.0]]))?.as_slice(),
///     [1.0 / (11.0 / 3.0 + 1.0)]
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
impl Symbol {
    fn apply(&self, function: Function) -> Self {
        Operation::new(function, 1).on(self)
    }

    /// `self` to the power of the other, element by element. Where `self` is 0 or less, the exponent's gradient is 0.
    #[must_use]
    pub fn power(&self, exponent: impl Into<Operand>) -> Self {
        binary(Binary::Power, self, exponent)
    }

    /// The larger of the two, element by element.
    #[must_use]
    pub fn maximum(&self, other: impl Into<Operand>) -> Self {
        binary(Binary::Maximum, self, other)
    }

    /// The smaller of the two, element by element.
    #[must_use]
    pub fn minimum(&self, other: impl Into<Operand>) -> Self {
        binary(Binary::Minimum, self, other)
    }

    /// The product of matrices: those of the last two axes, one for each index of the others, which broadcast. A vector is a column,
    /// and the product has an axis less.
    #[must_use]
    pub fn matmul(&self, other: impl Into<Operand>) -> Self {
        binary(Binary::Matmul, self, other)
    }

    /// `|x|`.
    #[must_use]
    pub fn abs(&self) -> Self {
        self.apply(Function::Unary(Unary::Absolute))
    }

    /// `x²`.
    #[must_use]
    pub fn square(&self) -> Self {
        self.apply(Function::Unary(Unary::Square))
    }

    /// `√x`.
    #[must_use]
    pub fn sqrt(&self) -> Self {
        self.apply(Function::Unary(Unary::Sqrt))
    }

    /// `eˣ`.
    #[must_use]
    pub fn exp(&self) -> Self {
        self.apply(Function::Unary(Unary::Exp))
    }

    /// The natural logarithm.
    #[must_use]
    pub fn log(&self) -> Self {
        self.apply(Function::Unary(Unary::Log))
    }

    /// `min(max(x, low), high)`.
    #[must_use]
    pub fn clip(&self, low: f32, high: f32) -> Self {
        self.apply(Function::Clip(low, high))
    }

    /// An activation function.
    #[must_use]
    pub fn activate(&self, activation: Activation) -> Self {
        match activation {
            Activation::Softmax => self.apply(Function::Softmax(Axes::from(-1))),
            Activation::LogSoftmax => self.apply(Function::LogSoftmax(-1)),
            Activation::Elu => self.apply(Function::Elu(1.0)),
            Activation::LeakyRelu => self.apply(Function::LeakyRelu(0.2)),
            Activation::Gelu => self.apply(Function::Gelu { approximate: false }),
            Activation::GeluTanh => self.apply(Function::Gelu { approximate: true }),
            Activation::Exponential => self.exp(),
            // Keras has no operations for these, but the layer.
            Activation::Linear | Activation::Mish => crate::layers::Activate::new(activation).on(self),
            other => self.apply(Function::Activation(other)),
        }
    }

    /// The sum over axes, which stay with a size of 1 if `keepdims`.
    #[must_use]
    pub fn sum(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.apply(Function::Reduce { reduction: Reduction::Sum, axes: Some(axes.into()), keepdims })
    }

    /// The mean over axes, which stay with a size of 1 if `keepdims`.
    #[must_use]
    pub fn mean(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.apply(Function::Reduce { reduction: Reduction::Mean, axes: Some(axes.into()), keepdims })
    }

    /// The largest number over axes, which stay with a size of 1 if `keepdims`.
    #[must_use]
    pub fn max(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.apply(Function::Reduce { reduction: Reduction::Max, axes: Some(axes.into()), keepdims })
    }

    /// The smallest number over axes, which stay with a size of 1 if `keepdims`.
    #[must_use]
    pub fn min(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.apply(Function::Reduce { reduction: Reduction::Min, axes: Some(axes.into()), keepdims })
    }

    /// The same elements in another shape, batch first; one size may be -1.
    #[must_use]
    pub fn reshape(&self, shape: impl Into<Vec<isize>>) -> Self {
        self.apply(Function::Reshape(shape.into()))
    }

    /// The axes in another order, which begins with the batch's 0.
    #[must_use]
    pub fn transpose(&self, axes: impl Into<Vec<usize>>) -> Self {
        self.apply(Function::Transpose(Some(axes.into())))
    }

    /// A new axis with a size of 1.
    #[must_use]
    pub fn expand_dims(&self, axis: isize) -> Self {
        self.apply(Function::ExpandDims(axis))
    }

    /// Without axes that have a size of 1.
    #[must_use]
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Self {
        self.apply(Function::Squeeze(Some(axes.into())))
    }

    /// Symbols joined along an axis.
    #[must_use]
    pub fn concatenate(parts: impl IntoSymbols, axis: isize) -> Self {
        let parts = parts.into_symbols();
        Operation::new(Function::Concatenate(axis), parts.len()).on(parts)
    }
}
