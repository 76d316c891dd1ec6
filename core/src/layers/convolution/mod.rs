//! Convolutions of pictures and sequences, channels last.

mod depthwise;
mod options;
mod sizes;
mod transpose;

pub use depthwise::{DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D};
use serde::{Deserialize, Serialize};
pub use sizes::Sizes;
pub(super) use sizes::{channels_last, check_layout, map_of, with_map};
pub use transpose::{Conv1DTranspose, Conv2DTranspose};

use self::options::Options;
use super::kit::from_config;
use super::shared::{class, epilogue_options, kernel_options};
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
pub use crate::ops::{Padding, Window};
use crate::{PartialShape, Result};

/// The builder methods of what moves over a map; `$moves` says where it stands.
macro_rules! moving_options {
    ($($moves:ident).+) => {
        /// Steps between windows.
        #[must_use]
        pub fn strides(mut self, strides: impl Into<Sizes>) -> Self {
            self.$($moves).+.strides = strides.into();
            self.$($moves).+.strides.expand(Self::AXES);
            self
        }

        /// What a window meets beyond the ends of the map.
        #[must_use]
        pub fn padding(mut self, padding: Padding) -> Self {
            self.$($moves).+.padding = padding;
            self
        }

        /// Steps between the entries of a window.
        #[must_use]
        pub fn dilation_rate(mut self, dilation_rate: impl Into<Sizes>) -> Self {
            self.$($moves).+.dilation_rate = dilation_rate.into();
            self.$($moves).+.dilation_rate.expand(Self::AXES);
            self
        }
    };
}
pub(super) use moving_options;

/// How much of the map one filter sees.
macro_rules! groups_option {
    () => {
        /// Number of channel groups; each has its own filters.
        #[must_use]
        pub fn groups(mut self, groups: usize) -> Self {
            self.options.groups = groups;
            self
        }
    };
}

/// A layer with filters that see all channels, or those of their group; `$own` is the macro of what its options alone have.
macro_rules! convolution {
    ($(#[$attr:meta])* $layer:ident, $class:literal, $axes:literal, $options:ident, $own:ident) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $layer {
            #[serde(flatten)]
            options: $options,
        }

        impl $layer {
            const AXES: usize = $axes;

            /// This many filters with windows of this size, one step apart, without activation.
            pub fn new(filters: usize, kernel_size: impl Into<Sizes>) -> Self {
                Self { options: $options::new(filters, kernel_size.into(), Self::AXES) }
            }

            pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }

            moving_options!(options.moves);
            $own!();
            kernel_options!(options.kernel);
            epilogue_options!(options.epilogue);
        }

        impl Layer for $layer {
            class!($class);

            fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                self.options.build(cx, input, Self::AXES)
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                self.options.call(cx, x, Self::AXES)
            }

            fn describe(&self) -> String {
                format!("{} {} {}", $class, self.options.filters, self.options.moves.kernel_size)
            }
        }
    };
}
pub(super) use convolution;

convolution! {
    /// Convolution of pictures: each output is `activation(Σ window·kernel + bias)`, over all channels. The window is not turned
    /// round.
    ///
    /// `(batch, height, width, channels)` → `(batch, ⌊(height + padding − reach)/stride⌋ + 1, …, filters)`, where a window
    /// reaches `(size − 1)·dilation + 1`. Parameters: `kernel` `[height, width, channels / groups, filters]` (Glorot uniform)
    /// and `bias` `[filters]` (zeros).
    ///
    /// Windows of 3×3, one step apart, with channels and filters in multiples of 16 and 8×8 outputs or
    /// more, are computed in tiles of 4×4 outputs with fewer multiplications: rounding errors are up to four times those of the
    /// plain sums, sums of small integers are not exact, and a NaN or an infinity reaches all outputs of its tile.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Activation, Conv2D, Input, MaxPooling2D, Padding}};
    ///
    /// let model = Sequential::new()
    ///     .add(Input::new([28, 28, 1]))
    ///     .add(Conv2D::new(64, (3, 3)).activation(Activation::Relu))
    ///     .add(MaxPooling2D::new(2))
    ///     .add(Conv2D::new(8, 3).padding(Padding::Same));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 13, 13, 8)");
    /// assert_eq!(model.count_params()?, 640 + 3 * 3 * 64 * 8 + 8);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Conv2D, "Conv2D", 2, Options, groups_option
}

convolution! {
    /// Convolution of sequences: each output is `activation(Σ window·kernel + bias)`, over all channels.
    ///
    /// `(batch, steps, channels)` → `(batch, ⌊(steps + padding − reach)/stride⌋ + 1, filters)`, where a window reaches
    /// `(size − 1)·dilation + 1`. With [`Padding::Causal`] no output looks ahead. Parameters: `kernel`
    /// `[size, channels / groups, filters]` (Glorot uniform) and `bias` `[filters]` (zeros).
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Activation, Conv1D, Input, Padding}};
    ///
    /// let model = Sequential::new()
    ///     .add(Input::open([None, Some(1)]))
    ///     .add(Conv1D::new(32, 5).padding(Padding::Causal).activation(Activation::Relu));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, None, 32)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Conv1D, "Conv1D", 1, Options, groups_option
}
