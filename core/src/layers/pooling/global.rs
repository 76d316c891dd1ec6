use serde::{Deserialize, Serialize};

use super::super::convolution::{channels_last, check_layout, map_of};
use super::super::kit::from_config;
use super::super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::layers::shared::class;
use crate::{PartialShape, Result};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Options {
    #[serde(default = "channels_last")]
    data_format: String,
    #[serde(default)]
    keepdims: bool,
}

impl Options {
    fn build(&self, input: &PartialShape, axes: usize) -> Result<PartialShape> {
        check_layout(&self.data_format)?;
        let (_, channels) = map_of(input, axes)?;
        let mut dims = vec![input.dims().first().copied().flatten()];
        dims.extend(std::iter::repeat_n(Some(1), if self.keepdims { axes } else { 0 }));
        dims.push(Some(channels));
        Ok(PartialShape::new(dims))
    }

    /// The map as a sequence of pixels, and what `pool` makes of it under the shape that is wanted.
    fn call(&self, x: &Var, axes: usize, pool: impl Fn(&Var) -> Result<Var>) -> Result<Var> {
        let (batch, channels) = (x.shape()[0], x.shape().last());
        let places = x.shape()[1..1 + axes].iter().product();
        let y = pool(&x.reshape([batch, places, channels])?)?;
        match (self.keepdims, axes) {
            (true, 1) => y.reshape([batch, 1, channels]),
            (true, _) => y.reshape([batch, 1, 1, channels]),
            (false, _) => Ok(y),
        }
    }
}

/// The mean over the steps, or over those that the mask lets count.
fn mean(x: &Var, mask: Option<&Var>) -> Result<Var> {
    let Some(mask) = mask else { return x.mean_axis(1) };
    let counted = x.mul(&mask.expand_dims(2)?)?.sum_axis(1)?;
    counted.div(&mask.sum_axis(1)?.expand_dims(1)?)
}

macro_rules! global_pooling {
    ($(#[$attr:meta])* $layer:ident, $class:literal, $axes:literal, $pool:expr) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $layer {
            #[serde(flatten)]
            options: Options,
        }

        impl Default for $layer {
            fn default() -> Self {
                Self { options: Options { data_format: channels_last(), keepdims: false } }
            }
        }

        impl $layer {
            /// The layer.
            pub fn new() -> Self {
                Self::default()
            }

            pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }

            /// Whether the axes of the map stay, with a size of 1.
            #[must_use]
            pub fn keepdims(mut self, keepdims: bool) -> Self {
                self.options.keepdims = keepdims;
                self
            }
        }

        impl Layer for $layer {
            class!($class);

            fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                self.options.build(input, $axes)
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                let pool: fn(&Call<'_>, &Var) -> Result<Var> = $pool;
                self.options.call(x, $axes, |x| pool(cx, x))
            }
        }
    };
}

global_pooling! {
    /// The mean over all steps of a sequence, or over those that a mask lets count: `(batch, steps, channels)` →
    /// `(batch, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, Tensor, layers::{GlobalAveragePooling1D, Input}};
    ///
    /// let model = Sequential::new().add(Input::open([None, Some(2)])).add(GlobalAveragePooling1D::new());
    /// let x = Tensor::new([1, 3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 9.0])?;
    /// assert_eq!(model.predict(&x)?.as_slice(), [3.0, 5.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    GlobalAveragePooling1D, "GlobalAveragePooling1D", 1, |cx, x| mean(x, cx.mask(0))
}

global_pooling! {
    /// The mean over all pixels of a picture: `(batch, height, width, channels)` → `(batch, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{GlobalAveragePooling2D, Input}};
    ///
    /// let model = Sequential::new().add(Input::new([7, 7, 32])).add(GlobalAveragePooling2D::new());
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 32)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    GlobalAveragePooling2D, "GlobalAveragePooling2D", 2, |_, x| x.mean_axis(1)
}

global_pooling! {
    /// The largest number over all steps of a sequence: `(batch, steps, channels)` → `(batch, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{GlobalMaxPooling1D, Input}};
    ///
    /// let model = Sequential::new().add(Input::open([None, Some(8)])).add(GlobalMaxPooling1D::new());
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 8)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    GlobalMaxPooling1D, "GlobalMaxPooling1D", 1, |_, x| x.max_axis(1)
}

global_pooling! {
    /// The largest number over all pixels of a picture: `(batch, height, width, channels)` → `(batch, channels)`.
    ///
    /// ```
    /// use practicum_core::{
    ///     Sequential,
    ///     layers::{GlobalMaxPooling2D, Input},
    /// };
    ///
    /// let model =
    ///     Sequential::new().add(Input::new([7, 7, 32])).add(GlobalMaxPooling2D::new().keepdims(true));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 1, 1, 32)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    GlobalMaxPooling2D, "GlobalMaxPooling2D", 2, |_, x| x.max_axis(1)
}
