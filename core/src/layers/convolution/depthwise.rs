use serde::{Deserialize, Serialize};

use super::options::{Moves, convolve};
use super::{Padding, Sizes, Window, map_of, moving_options, with_map};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::layers::kit::from_config;
use crate::layers::shared::{Epilogue, check_count, class, epilogue_options, options};
use crate::layers::{Activation, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result, Shape};

/// Filters that each see one channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
struct ByChannel {
    depth_multiplier: usize,
    depthwise_initializer: Initializer,
    depthwise_regularizer: Option<Regularizer>,
    #[serde(skip)]
    weight: Weight,
}

impl Default for ByChannel {
    fn default() -> Self {
        Self {
            depth_multiplier: 1,
            depthwise_initializer: Initializer::GlorotUniform,
            depthwise_regularizer: None,
            weight: Weight::default(),
        }
    }
}

impl ByChannel {
    /// How many channels come out. A sequence has a kernel of one axis.
    fn build(&mut self, cx: &mut Build<'_>, name: &str, kernel: &[usize], channels: usize) -> Result<usize> {
        let wrong = || Error::argument(format!("depth_multiplier must be 1 or more and fit into memory, got {}", self.depth_multiplier));
        let depth = channels.checked_mul(self.depth_multiplier).filter(|depth| *depth > 0).ok_or_else(wrong)?;
        let spec = WeightSpec::new(name, &[kernel, &[channels, self.depth_multiplier]].concat());
        self.weight = cx.weight(spec.initializer(self.depthwise_initializer.clone()).regularizer(self.depthwise_regularizer))?;
        Ok(depth)
    }

    /// The kernel, as one for as many groups as there are channels.
    fn of(&self, cx: &Call<'_>) -> Result<Var> {
        let kernel = cx.weight(self.weight)?;
        let shape = kernel.shape();
        let (size, [channels, depth]) = match *shape.dims() {
            [ref size @ .., channels, depth] => (size, [channels, depth]),
            _ => return Err(Error::shape(format!("a kernel of {shape} has no channels"))),
        };
        kernel.reshape(Shape::new(&[size, &[1, channels * depth]].concat())?)
    }
}

/// A layer whose filters see one channel each.
macro_rules! depthwise {
    ($(#[$attr:meta])* $layer:ident, $class:literal, $axes:literal) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $layer {
            #[serde(flatten)]
            moves: Moves,
            #[serde(flatten)]
            by_channel: ByChannel,
            #[serde(flatten)]
            epilogue: Epilogue,
        }

        impl $layer {
            const AXES: usize = $axes;

            /// One filter a channel with windows of this size, one step apart, without activation.
            pub fn new(kernel_size: impl Into<Sizes>) -> Self {
                let moves = Moves::new(kernel_size.into(), Self::AXES);
                Self { moves, by_channel: ByChannel::default(), epilogue: Epilogue::default() }
            }

            pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }

            moving_options!(moves);
            epilogue_options!(epilogue);

            options! { self.by_channel;
                /// Filters a channel.
                depth_multiplier: usize,
                /// How the kernel begins.
                depthwise_initializer: Initializer,
                /// A penalty on the kernel.
                depthwise_regularizer: Regularizer,
            }
        }

        impl Layer for $layer {
            class!($class);

            fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                let (map, channels) = map_of(input, Self::AXES)?;
                let (kernel, window) = window(&self.moves, Self::AXES, channels)?;
                let output = self.moves.output(map, kernel, window)?;
                let depth = self.by_channel.build(cx, "kernel", &kernel[2 - Self::AXES..], channels)?;
                self.epilogue.build(cx, depth)?;
                Ok(with_map(input, Self::AXES, output, depth))
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                let (_, window) = window(&self.moves, Self::AXES, x.shape().last())?;
                let kernel = self.by_channel.of(cx)?;
                self.epilogue.apply(cx, |bias, activation| convolve(x, &kernel, bias, Self::AXES, window, activation))
            }

            fn describe(&self) -> String {
                format!("{} {}", $class, self.moves.kernel_size)
            }
        }
    };
}

/// The size of a window, and how it moves; as in Keras, with any number of axes it may not look back alone.
fn window(moves: &Moves, axes: usize, channels: usize) -> Result<([usize; 2], Window)> {
    if moves.padding == Padding::Causal {
        return Err(Error::argument("padding `causal` goes with Conv1D: use `valid` or `same`"));
    }
    moves.window(axes, channels)
}

depthwise! {
    /// A convolution of each channel by itself, with `depth_multiplier` filters a channel.
    ///
    /// `(batch, height, width, channels)` → `(batch, …, …, channels·depth_multiplier)`. Parameters: `kernel`
    /// `[height, width, channels, depth_multiplier]` (Glorot uniform) and `bias` (zeros).
    ///
    /// ```
    /// use practicum_core::{
    ///     Sequential,
    ///     layers::{DepthwiseConv2D, Input},
    /// };
    ///
    /// let model =
    ///     Sequential::new().add(Input::new([8, 8, 6])).add(DepthwiseConv2D::new(3).depth_multiplier(2));
    /// assert_eq!(
    ///     (model.output_shape()?.to_string().as_str(), model.count_params()?),
    ///     ("(None, 6, 6, 12)", 9 * 12 + 12)
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    DepthwiseConv2D, "DepthwiseConv2D", 2
}

depthwise! {
    /// A convolution of each channel of a sequence by itself, with `depth_multiplier` filters a channel.
    ///
    /// `(batch, steps, channels)` → `(batch, …, channels·depth_multiplier)`. Parameters: `kernel`
    /// `[size, channels, depth_multiplier]` (Glorot uniform) and `bias` (zeros).
    ///
    /// ```
    /// use practicum_core::{
    ///     Sequential,
    ///     layers::{DepthwiseConv1D, Input},
    /// };
    ///
    /// let model = Sequential::new().add(Input::new([20, 6])).add(DepthwiseConv1D::new(5));
    /// assert_eq!(
    ///     (model.output_shape()?.to_string().as_str(), model.count_params()?),
    ///     ("(None, 16, 6)", 5 * 6 + 6)
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    DepthwiseConv1D, "DepthwiseConv1D", 1
}

/// A layer whose filters see one channel each, followed by a 1×1 convolution of all channels.
macro_rules! separable {
    ($(#[$attr:meta])* $layer:ident, $class:literal, $axes:literal) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $layer {
            filters: usize,
            #[serde(flatten)]
            moves: Moves,
            #[serde(flatten)]
            by_channel: ByChannel,
            #[serde(default)]
            pointwise_initializer: Initializer,
            #[serde(default)]
            pointwise_regularizer: Option<Regularizer>,
            #[serde(flatten)]
            epilogue: Epilogue,
            #[serde(skip)]
            pointwise: Weight,
        }

        impl $layer {
            const AXES: usize = $axes;

            /// This many filters after one filter a channel with windows of this size.
            pub fn new(filters: usize, kernel_size: impl Into<Sizes>) -> Self {
                Self {
                    filters,
                    moves: Moves::new(kernel_size.into(), Self::AXES),
                    by_channel: ByChannel::default(),
                    pointwise_initializer: Initializer::GlorotUniform,
                    pointwise_regularizer: None,
                    epilogue: Epilogue::default(),
                    pointwise: Weight::default(),
                }
            }

            pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }

            moving_options!(moves);
            epilogue_options!(epilogue);

            options! { self.by_channel;
                /// Filters a channel, before the channels are mixed.
                depth_multiplier: usize,
                /// A penalty on the kernel of the channels.
                depthwise_regularizer: Regularizer,
            }

            options! { self;
                /// A penalty on the kernel that mixes the channels.
                pointwise_regularizer: Regularizer,
            }

            /// How the two kernels begin.
            #[must_use]
            pub fn initializers(mut self, depthwise: Initializer, pointwise: Initializer) -> Self {
                (self.by_channel.depthwise_initializer, self.pointwise_initializer) = (depthwise, pointwise);
                self
            }
        }

        impl Layer for $layer {
            class!($class);

            fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                let (map, channels) = map_of(input, Self::AXES)?;
                let (kernel, window) = window(&self.moves, Self::AXES, channels)?;
                check_count("filters", self.filters)?;
                let output = self.moves.output(map, kernel, window)?;
                let depth = self.by_channel.build(cx, "depthwise_kernel", &kernel[2 - Self::AXES..], channels)?;
                let spec = WeightSpec::new("pointwise_kernel", &[&[1; Self::AXES][..], &[depth, self.filters]].concat());
                let spec = spec.initializer(self.pointwise_initializer.clone()).regularizer(self.pointwise_regularizer);
                self.pointwise = cx.weight(spec)?;
                self.epilogue.build(cx, self.filters)?;
                Ok(with_map(input, Self::AXES, output, self.filters))
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                let (_, window) = window(&self.moves, Self::AXES, x.shape().last())?;
                let x = convolve(x, &self.by_channel.of(cx)?, None, Self::AXES, window, Activation::Linear)?;
                let mixing = cx.weight(self.pointwise)?;
                let single = Window::default();
                self.epilogue.apply(cx, |bias, activation| convolve(&x, &mixing, bias, Self::AXES, single, activation))
            }

            fn describe(&self) -> String {
                format!("{} {} {}", $class, self.filters, self.moves.kernel_size)
            }
        }
    };
}

separable! {
    /// A convolution of each channel by itself, then a pointwise one that mixes the channels.
    ///
    /// `(batch, height, width, channels)` → `(batch, …, …, filters)`. Parameters: `depthwise_kernel`
    /// `[height, width, channels, depth_multiplier]`, `pointwise_kernel` `[1, 1, channels·depth_multiplier, filters]` (Glorot
    /// uniform) and `bias` (zeros).
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Input, SeparableConv2D}};
    ///
    /// let model = Sequential::new().add(Input::new([8, 8, 6])).add(SeparableConv2D::new(4, 3));
    /// assert_eq!(model.count_params()?, 9 * 6 + 6 * 4 + 4);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    SeparableConv2D, "SeparableConv2D", 2
}

separable! {
    /// A convolution of each channel of a sequence by itself, then one of single steps that mixes the channels.
    ///
    /// `(batch, steps, channels)` → `(batch, …, filters)`. Parameters: `depthwise_kernel` `[size, channels, depth_multiplier]`,
    /// `pointwise_kernel` `[1, channels·depth_multiplier, filters]` (Glorot uniform) and `bias` (zeros).
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Input, SeparableConv1D}};
    ///
    /// let model = Sequential::new().add(Input::new([20, 6])).add(SeparableConv1D::new(4, 3));
    /// assert_eq!(model.count_params()?, 3 * 6 + 6 * 4 + 4);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    SeparableConv1D, "SeparableConv1D", 1
}
