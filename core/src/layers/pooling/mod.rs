//! Maxima and means of windows, and of whole maps and sequences.

mod global;

pub use global::{GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D};
use serde::{Deserialize, Serialize};

use super::convolution::{Padding, Sizes, channels_last, check_layout, map_of, with_map};
use super::kit::from_config;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::layers::shared::class;
use crate::{Error, PartialShape, Result};

/// The options of a pooling layer.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Options {
    #[serde(default = "two")]
    pool_size: Sizes,
    #[serde(default)]
    strides: Option<Sizes>,
    #[serde(default)]
    padding: Padding,
    #[serde(default = "channels_last")]
    data_format: String,
}

fn two() -> Sizes {
    Sizes::from(2)
}

impl Options {
    fn new(mut pool_size: Sizes, axes: usize) -> Self {
        pool_size.expand(axes);
        Self { strides: Some(pool_size.clone()), pool_size, padding: Padding::Valid, data_format: channels_last() }
    }

    fn sizes(&self, axes: usize) -> Result<([usize; 2], [usize; 2])> {
        check_layout(&self.data_format)?;
        if self.padding == Padding::Causal {
            return Err(Error::argument("padding must be `valid` or `same`, got `causal`"));
        }
        let strides = self.strides.as_ref().unwrap_or(&self.pool_size);
        Ok((self.pool_size.pair("pool_size", axes)?, strides.pair("strides", axes)?))
    }

    fn build(&self, input: &PartialShape, axes: usize) -> Result<PartialShape> {
        let ((map, channels), (size, strides)) = (map_of(input, axes)?, self.sizes(axes)?);
        let output = self.padding.windows(map, size, strides)?;
        Ok(with_map(input, axes, output, channels))
    }

    fn call(&self, x: &Var, axes: usize, pool: impl Fn(&Var, [usize; 2], [usize; 2], Padding) -> Result<Var>) -> Result<Var> {
        let (size, strides) = self.sizes(axes)?;
        if axes == 2 { pool(x, size, strides, self.padding) } else { pool(&x.expand_dims(1)?, size, strides, self.padding)?.squeeze(1) }
    }
}

macro_rules! pooling {
    ($(#[$attr:meta])* $layer:ident, $class:literal, $axes:literal, $pool:ident) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $layer {
            #[serde(flatten)]
            options: Options,
        }

        impl $layer {
            /// Windows of this size, one beside the other.
            pub fn new(pool_size: impl Into<Sizes>) -> Self {
                Self { options: Options::new(pool_size.into(), $axes) }
            }

            pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }

            /// Steps between windows; the size of a window if not set.
            #[must_use]
            pub fn strides(mut self, strides: impl Into<Sizes>) -> Self {
                let mut strides = strides.into();
                strides.expand($axes);
                self.options.strides = Some(strides);
                self
            }

            /// Whether windows stay inside the map, or there is one for each stride.
            #[must_use]
            pub fn padding(mut self, padding: Padding) -> Self {
                self.options.padding = padding;
                self
            }
        }

        impl Layer for $layer {
            class!($class);

            fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                self.options.build(input, $axes)
            }

            fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
                self.options.call(x, $axes, Var::$pool)
            }

            fn describe(&self) -> String {
                format!("{} {}", $class, self.options.pool_size)
            }
        }
    };
}

pooling! {
    /// The largest number of each window of a picture, channel by channel: `(batch, height, width, channels)` →
    /// `(batch, ⌊(height − size)/stride⌋ + 1, …, channels)`. The gradient goes to where the largest stands, the first of equals.
    ///
    /// ```
    /// use practicum_core::{Sequential, Tensor, layers::{Input, MaxPooling2D}};
    ///
    /// let model = Sequential::new().add(Input::new([2, 4, 1])).add(MaxPooling2D::new((2, 2)));
    /// let x = Tensor::new([1, 2, 4, 1], vec![1.0, 5.0, 2.0, 0.0, 3.0, 4.0, -1.0, 7.0])?;
    /// assert_eq!(model.predict(&x)?.as_slice(), [5.0, 7.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    MaxPooling2D, "MaxPooling2D", 2, max_pool2d
}

pooling! {
    /// The largest number of each window of a sequence, channel by channel: `(batch, steps, channels)` →
    /// `(batch, ⌊(steps − size)/stride⌋ + 1, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Input, MaxPooling1D}};
    ///
    /// let model = Sequential::new().add(Input::new([12, 64])).add(MaxPooling1D::new(4));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 3, 64)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    MaxPooling1D, "MaxPooling1D", 1, max_pool2d
}

pooling! {
    /// The mean of each window of a picture, channel by channel, over the pixels that are in the picture:
    /// `(batch, height, width, channels)` → `(batch, ⌊(height − size)/stride⌋ + 1, …, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, Tensor, layers::{AveragePooling2D, Input, Padding}};
    ///
    /// let pool = AveragePooling2D::new(3).strides(1).padding(Padding::Same);
    /// let model = Sequential::new().add(Input::new([5, 5, 1])).add(pool);
    /// assert_eq!(model.predict(&Tensor::ones([1, 5, 5, 1])?)?, Tensor::ones([1, 5, 5, 1])?);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    AveragePooling2D, "AveragePooling2D", 2, average_pool2d
}

pooling! {
    /// The mean of each window of a sequence, channel by channel: `(batch, steps, channels)` →
    /// `(batch, ⌊(steps − size)/stride⌋ + 1, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{AveragePooling1D, Input}};
    ///
    /// let model = Sequential::new().add(Input::new([12, 64])).add(AveragePooling1D::new(4));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 3, 64)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    AveragePooling1D, "AveragePooling1D", 1, average_pool2d
}
