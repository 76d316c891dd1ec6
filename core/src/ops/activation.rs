//! Activation functions.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::methods;
use crate::autodiff::{Backward, Forward, Link, Op, Reads};
use crate::kernel::rnn::Curve;
use crate::kernel::{Exec, activation as kernel};
use crate::{Error, Result, Shape};

/// An activation function, by Keras' names.
///
/// ```
/// use practicum_core::{Tensor, layers::Activation};
///
/// let x = Tensor::from([-1.0, 0.0, 2.0]);
/// assert_eq!(x.activate(Activation::Relu)?.as_slice(), [0.0, 0.0, 2.0]);
/// assert_eq!("hard_sigmoid".parse::<Activation>()?, Activation::HardSigmoid);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Activation {
    /// `x`.
    #[default]
    Linear,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` above 0, `0.2·x` below.
    LeakyRelu,
    /// `x` above 0, `eˣ − 1` below.
    Elu,
    /// `1.0507·x` above 0, `1.7581·(eˣ − 1)` below (Klambauer et al., 2017).
    Selu,
    /// `x·Φ(x)`, with the normal distribution's Φ (Hendrycks & Gimpel, 2016).
    Gelu,
    /// The same with Φ by way of tanh.
    GeluTanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `x/6 + 0.5`, between 0 and 1.
    HardSigmoid,
    /// `x/5 + 0.5`, between 0 and 1: what `hard_sigmoid` was before Keras 3.
    HardSigmoidV2,
    /// The hyperbolic tangent.
    Tanh,
    /// `ln(1 + eˣ)`.
    Softplus,
    /// `ln(sigmoid(x))`.
    LogSigmoid,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `x·sigmoid(x)`, also called swish.
    Silu,
    /// `x·hard_sigmoid(x)`, also called hard swish.
    HardSilu,
    /// `x·tanh(softplus(x))` (Misra, 2019).
    Mish,
    /// `e` to the power of `x`.
    Exponential,
    /// `eˣ / Σeˣ` along the last axis.
    Softmax,
    /// The logarithm of softmax.
    LogSoftmax,
    /// A name that no activation has: whatever is to use it refuses it.
    Unknown(#[serde(skip)] &'static str),
}

impl Activation {
    /// All of them, by their names.
    pub const ALL: [Self; 21] = [
        Self::Linear,
        Self::Relu,
        Self::Relu6,
        Self::LeakyRelu,
        Self::Elu,
        Self::Selu,
        Self::Gelu,
        Self::GeluTanh,
        Self::Sigmoid,
        Self::HardSigmoid,
        Self::HardSigmoidV2,
        Self::Tanh,
        Self::Softplus,
        Self::LogSigmoid,
        Self::Softsign,
        Self::Silu,
        Self::HardSilu,
        Self::Mish,
        Self::Exponential,
        Self::Softmax,
        Self::LogSoftmax,
    ];

    /// The name by which Keras knows it. Keras has no name for gelu by way of tanh, `gelu_tanh` here, and none for its hard sigmoid
    /// of old, `hard_sigmoid_v2` here.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::LeakyRelu => "leaky_relu",
            Self::Elu => "elu",
            Self::Selu => "selu",
            Self::Gelu => "gelu",
            Self::GeluTanh => "gelu_tanh",
            Self::Sigmoid => "sigmoid",
            Self::HardSigmoid => "hard_sigmoid",
            Self::HardSigmoidV2 => "hard_sigmoid_v2",
            Self::Tanh => "tanh",
            Self::Softplus => "softplus",
            Self::LogSigmoid => "log_sigmoid",
            Self::Softsign => "softsign",
            Self::Silu => "silu",
            Self::HardSilu => "hard_silu",
            Self::Mish => "mish",
            Self::Exponential => "exponential",
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
            Self::Unknown(name) => name,
        }
    }

    /// Refuses a name that no activation has.
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Unknown(name) => name.parse::<Self>().map(drop),
            _ => Ok(()),
        }
    }
}

/// An activation by its name. A name that none has is refused where the activation is used.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let model = Sequential::new().add(Input::new([4])).add(Dense::new(2).activation("relu"));
/// assert_eq!(model.count_params()?, 10);
/// let error = Sequential::new()
///     .add(Input::new([4]))
///     .add(Dense::new(2).activation("rellu"))
///     .count_params()
///     .unwrap_err();
/// assert!(
///     error.to_string().contains("unknown activation `rellu`")
///         && error.to_string().contains("did you mean `relu`?")
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
impl From<&'static str> for Activation {
    fn from(name: &'static str) -> Self {
        name.parse().unwrap_or(Self::Unknown(name))
    }
}

impl Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let name = match name {
            "swish" => "silu",
            "hard_swish" => "hard_silu",
            name => name,
        };
        Self::ALL
            .into_iter()
            .find(|activation| activation.name() == name)
            .ok_or_else(|| Error::unknown("activation", name, Self::ALL.map(Self::name)))
    }
}

impl TryFrom<String> for Activation {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        name.parse()
    }
}

impl From<Activation> for String {
    fn from(activation: Activation) -> Self {
        activation.name().to_owned()
    }
}

const LEAKY_RELU_SLOPE: f32 = 0.2;
const ELU_ALPHA: f32 = 1.0;

/// An activation that treats every element by itself: `y = f(x)`, `dx = f'(x)·dy`.
#[derive(Debug)]
struct Pointwise(Activation);

impl Op for Pointwise {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        match self.0 {
            Activation::Gelu
            | Activation::GeluTanh
            | Activation::Softsign
            | Activation::Silu
            | Activation::HardSilu
            | Activation::Mish
            | Activation::Relu6 => Reads::INPUTS,
            _ => Reads::OUTPUT,
        }
    }

    fn link(&self) -> Option<Link> {
        (self.0 == Activation::Sigmoid).then_some(Link::Sigmoid)
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        self.0.forward(pass.cx.exec, pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            self.0.backward(pass.cx.exec, pass.x[0].data, pass.y.data, pass.dy, dx);
        }
        Ok(())
    }
}

/// Softmax is none of these: it is not a function of one number.
impl Curve for Activation {
    fn forward(&self, exec: Exec<'_>, x: &[f32], y: &mut [f32]) {
        match self {
            Activation::Relu => kernel::relu::forward(exec, x, y),
            Activation::Relu6 => crate::kernel::elementwise::clip(exec, x, y, 0.0, 6.0),
            Activation::LeakyRelu => kernel::leaky_relu::forward(exec, x, y, LEAKY_RELU_SLOPE),
            Activation::Elu => kernel::elu::forward(exec, x, y, ELU_ALPHA),
            Activation::Selu => kernel::selu::forward(exec, x, y),
            Activation::Gelu => kernel::gelu::forward(exec, x, y),
            Activation::GeluTanh => kernel::gelu_tanh::forward(exec, x, y),
            Activation::Sigmoid => kernel::sigmoid::forward(exec, x, y),
            Activation::HardSigmoid => kernel::hard_sigmoid::forward(exec, x, y),
            Activation::HardSigmoidV2 => kernel::hard_sigmoid_v2::forward(exec, x, y),
            Activation::Tanh => kernel::tanh::forward(exec, x, y),
            Activation::Softplus => kernel::softplus::forward(exec, x, y),
            Activation::LogSigmoid => kernel::log_sigmoid::forward(exec, x, y),
            Activation::Softsign => kernel::softsign::forward(exec, x, y),
            Activation::Silu => kernel::silu::forward(exec, x, y),
            Activation::HardSilu => kernel::hard_silu::forward(exec, x, y),
            Activation::Mish => kernel::mish::forward(exec, x, y),
            Activation::Exponential => crate::kernel::elementwise::exp(exec, x, y),
            Activation::Linear | Activation::Softmax | Activation::LogSoftmax | Activation::Unknown(_) => y.copy_from_slice(x),
        }
    }

    fn backward(&self, exec: Exec<'_>, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
        match self {
            Activation::Relu => kernel::relu::backward(exec, y, dy, dx),
            Activation::Relu6 => crate::kernel::elementwise::clip_slope(exec, dy, x, dx, 0.0, 6.0),
            Activation::LeakyRelu => kernel::leaky_relu::backward(exec, y, dy, dx, LEAKY_RELU_SLOPE),
            Activation::Elu => kernel::elu::backward(exec, y, dy, dx, ELU_ALPHA),
            Activation::Selu => kernel::selu::backward(exec, y, dy, dx),
            Activation::Gelu => kernel::gelu::backward(exec, x, dy, dx),
            Activation::GeluTanh => kernel::gelu_tanh::backward(exec, x, dy, dx),
            Activation::Sigmoid => kernel::sigmoid::backward(exec, y, dy, dx),
            Activation::HardSigmoid => kernel::hard_sigmoid::backward(exec, y, dy, dx),
            Activation::HardSigmoidV2 => kernel::hard_sigmoid_v2::backward(exec, y, dy, dx),
            Activation::Tanh => kernel::tanh::backward(exec, y, dy, dx),
            Activation::Softplus => kernel::softplus::backward(exec, y, dy, dx),
            Activation::LogSigmoid => kernel::log_sigmoid::backward(exec, y, dy, dx),
            Activation::Softsign => kernel::softsign::backward(exec, x, dy, dx),
            Activation::Silu => kernel::silu::backward(exec, x, dy, dx),
            Activation::HardSilu => kernel::hard_silu::backward(exec, x, dy, dx),
            Activation::Mish => kernel::mish::backward(exec, x, dy, dx),
            Activation::Exponential => crate::kernel::elementwise::mul::same(exec, dy, y, dx),
            Activation::Linear | Activation::Softmax | Activation::LogSoftmax | Activation::Unknown(_) => dx.copy_from_slice(dy),
        }
    }
}

methods! {
    /// Applies an activation function.
    ///
    /// # Errors
    /// Softmax of a single number without axes.
    pub fn activate(&self, activation: Activation) -> Result<Self> {
        match activation {
            Activation::Linear => Ok(self.clone()),
            Activation::Softmax => self.softmax(),
            Activation::LogSoftmax => self.log_softmax(),
            Activation::Unknown(_) => activation.check().map(|()| self.clone()),
            pointwise => Self::apply(Pointwise(pointwise), &[self]),
        }
    }

    /// `max(x, 0)`. NaN stays NaN; the gradient at 0 is 0.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn relu(&self) -> Result<Self> {
        self.activate(Activation::Relu)
    }

    /// `1 / (1 + e⁻ˣ)`.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn sigmoid(&self) -> Result<Self> {
        self.activate(Activation::Sigmoid)
    }

    /// The hyperbolic tangent.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn tanh(&self) -> Result<Self> {
        self.activate(Activation::Tanh)
    }

    /// `ln(1 + eˣ)`, without overflow.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn softplus(&self) -> Result<Self> {
        self.activate(Activation::Softplus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        for activation in Activation::ALL {
            let x = Tensor::from([[-3.7, -2.2, -0.6, 0.4], [0.9, 1.7, 3.6, 6.4]]);
            gradcheck(&[x], |x| x[0].activate(activation)).unwrap_or_else(|error| panic!("{activation}: {error}"));
        }
    }

    #[test]
    fn names_are_read_and_written() {
        for activation in Activation::ALL {
            assert_eq!(activation.to_string().parse::<Activation>().unwrap(), activation);
        }
        assert_eq!("swish".parse::<Activation>().unwrap(), Activation::Silu);
        assert_eq!("hard_swish".parse::<Activation>().unwrap(), Activation::HardSilu);
        assert!("rellu".parse::<Activation>().unwrap_err().to_string().contains("did you mean `relu`?"));
    }
}
