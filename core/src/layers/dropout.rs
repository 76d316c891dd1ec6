//! Dropout in its kinds.

use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// A layer that drops at a rate while training, and otherwise lets its input through.
macro_rules! dropout_layer {
    ($(#[$doc:meta])* $name:ident, shape: $shape:expr, $drop:ident for $purpose:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $name {
            rate: f32,
        }

        impl $name {
            /// Drops at this rate, which is in [0, 1).
            pub fn new(rate: f32) -> Self {
                Self { rate }
            }

            pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>(stringify!($name), config)?))
            }
        }

        impl Layer for $name {
            class!(stringify!($name));

            fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                if !(0.0..1.0).contains(&self.rate) {
                    return Err(Error::argument(format!("rate must be in [0, 1), got {}", self.rate)));
                }
                let shape: &[&str] = &$shape;
                if !shape.is_empty() && input.rank() != shape.len() {
                    return Err(Error::shape(format!("expected ({}), got {input}", shape.join(", "))));
                }
                Ok(input.clone())
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                if cx.training() && self.rate > 0.0 { x.$drop(self.rate, cx.key($purpose)) } else { Ok(x.clone()) }
            }

            fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
                Ok(cx.mask(0).cloned())
            }

            fn describe(&self) -> String {
                format!("{} {}", stringify!($name), self.rate)
            }
        }
    };
}

/// While training, sets each element to 0 with probability `rate` and multiplies the others by `1 / (1 − rate)` (Srivastava et al.,
/// 2014); otherwise does nothing.
///
/// What is dropped depends on the seed, the layer's index, the step and the example's row: not on threads.
///
/// ```
/// use practicum_core::layers::{Dropout, Input};
/// use practicum_core::{Sequential, Tensor};
///
/// // Whole examples are dropped, or kept.
/// let model = Sequential::new()
///     .add(Input::new([3]))
///     .add(Dropout::new(0.5).noise_shape([None, Some(1)]));
/// let x = Tensor::ones([64, 3])?;
/// let y = model.call(&model.tape().variable(x), true)?.outputs[0].value()?;
/// assert!(y.as_slice().chunks(3).all(|row| row == [0.0; 3] || row == [2.0; 3]));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dropout {
    rate: f32,
    #[serde(default)]
    noise_shape: Option<Vec<Option<usize>>>,
}

impl Dropout {
    /// Drops at this rate, which is in [0, 1).
    pub fn new(rate: f32) -> Self {
        Self { rate, noise_shape: None }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Dropout", config)?))
    }

    /// The shape of what is drawn, the batch included: along an axis of size 1, all is dropped or all is kept; `None` is the size of
    /// the input.
    #[must_use]
    pub fn noise_shape(mut self, noise_shape: impl Into<Vec<Option<usize>>>) -> Self {
        self.noise_shape = Some(noise_shape.into());
        self
    }
}

impl Layer for Dropout {
    class!("Dropout");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(Error::argument(format!("rate must be in [0, 1), got {}", self.rate)));
        }
        if let Some(noise) = &self.noise_shape {
            let fits = |(noise, size): (&Option<usize>, &Option<usize>)| {
                noise.is_none_or(|noise| noise == 1 || size.is_none_or(|size| size == noise))
            };
            if noise.len() != input.rank() || !noise.iter().zip(input.dims()).all(fits) {
                let shown = PartialShape::new(noise.clone());
                return Err(Error::argument(format!("noise_shape must have the sizes of {input} or 1, got {shown}")));
            }
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if !cx.training() || self.rate == 0.0 {
            return Ok(x.clone());
        }
        let Some(noise) = &self.noise_shape else { return x.dropout(self.rate, cx.key("dropout")) };
        let dims: Vec<usize> = noise.iter().zip(x.shape().dims()).map(|(noise, size)| noise.unwrap_or(*size)).collect();
        x.mul(&cx.constant(Tensor::ones(Shape::new(&dims)?)?).dropout(self.rate, cx.key("dropout"))?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("Dropout {}", self.rate)
    }
}

dropout_layer! {
    /// Dropout after [`Activation::Selu`](super::Activation::Selu): while training, sets each element with probability `rate`
    /// to the least value that selu has, and shifts and scales all so that mean 0 and variance 1 stay what they are
    /// (Klambauer et al., 2017); otherwise does nothing.
    ///
    /// What is dropped depends on the seed, the layer's index, the step and the example's row: not on threads.
    AlphaDropout, shape: [], alpha_dropout for "dropout"
}
dropout_layer! {
    /// While training, multiplies each element by noise from the normal distribution with mean 1 and standard deviation
    /// `√(rate / (1 − rate))`, as much as dropout makes (Srivastava et al., 2014); otherwise does nothing.
    ///
    /// The noise depends on the seed, the layer's index, the step and the example's row: not on threads.
    GaussianDropout, shape: [], gaussian_dropout for "noise"
}
dropout_layer! {
    /// While training, sets whole channels of an example to 0 with probability `rate` and multiplies the others by
    /// `1 / (1 − rate)` (Tompson et al., 2015); otherwise does nothing. `(batch, steps, channels)`.
    ///
    /// Neighbouring steps tell much the same: what [`Dropout`] takes from one, the next would give back. What is dropped
    /// depends on the seed, the layer's index, the step and the example's row: not on threads.
    SpatialDropout1D, shape: ["batch", "steps", "channels"], channel_dropout for "dropout"
}
dropout_layer! {
    /// While training, sets whole channels of an example to 0 with probability `rate` and multiplies the others by
    /// `1 / (1 − rate)` (Tompson et al., 2015); otherwise does nothing. `(batch, rows, columns, channels)`.
    ///
    /// Neighbouring pixels tell much the same: what [`Dropout`] takes from one, the next would give back. What is dropped
    /// depends on the seed, the layer's index, the step and the example's row: not on threads.
    SpatialDropout2D, shape: ["batch", "rows", "columns", "channels"], channel_dropout for "dropout"
}
