use serde::{Deserialize, Serialize};

use super::options::Moves;
use super::{Padding, Sizes, Window, map_of, moving_options, with_map};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::layers::kit::from_config;
use crate::layers::shared::{Behind, behind_options, check_count, class, options};
use crate::layers::{Activation, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result};

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
    /// How many channels come out.
    fn build(&mut self, cx: &mut Build<'_>, name: &str, kernel: [usize; 2], channels: usize) -> Result<usize> {
        let wrong = || Error::argument(format!("depth_multiplier must be 1 or more and fit into memory, got {}", self.depth_multiplier));
        let depth = channels.checked_mul(self.depth_multiplier).filter(|depth| *depth > 0).ok_or_else(wrong)?;
        let spec = WeightSpec::new(name, &[kernel[0], kernel[1], channels, self.depth_multiplier]);
        self.weight = cx.weight(spec.initializer(self.depthwise_initializer.clone()).regularizer(self.depthwise_regularizer))?;
        Ok(depth)
    }

    /// The kernel, as one for as many groups as there are channels.
    fn of(&self, cx: &Call<'_>) -> Result<Var> {
        let kernel = cx.weight(self.weight)?;
        let dims = kernel.shape();
        kernel.reshape([dims[0], dims[1], 1, dims[2] * dims[3]])
    }
}

/// A convolution of each channel by itself, with `depth_multiplier` filters a channel.
///
/// `(batch, height, width, channels)` → `(batch, …, …, channels·depth_multiplier)`. Parameters: `kernel`
/// `[height, width, channels, depth_multiplier]` (Glorot uniform) and `bias` (zeros).
///
/// ```
/// use practicum_core::{Sequential, layers::{DepthwiseConv2D, Input}};
///
/// let model = Sequential::new().add(Input::new([8, 8, 6])).add(DepthwiseConv2D::new(3).depth_multiplier(2));
/// assert_eq!((model.output_shape()?.to_string().as_str(), model.count_params()?), ("(None, 6, 6, 12)", 9 * 12 + 12));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DepthwiseConv2D {
    #[serde(flatten)]
    moves: Moves,
    #[serde(flatten)]
    by_channel: ByChannel,
    #[serde(flatten)]
    behind: Behind,
}

impl DepthwiseConv2D {
    const AXES: usize = 2;

    /// One filter a channel with windows of this size, one step apart, without activation.
    pub fn new(kernel_size: impl Into<Sizes>) -> Self {
        Self { moves: Moves::new(kernel_size.into(), 2), by_channel: ByChannel::default(), behind: Behind::default() }
    }

    pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("DepthwiseConv2D", config)?))
    }

    moving_options!(moves);
    behind_options!(behind);

    options! { self.by_channel;
        /// Filters a channel.
        depth_multiplier: usize,
        /// How the kernel begins.
        depthwise_initializer: Initializer,
        /// A penalty on the kernel.
        depthwise_regularizer: Regularizer,
    }
}

impl Layer for DepthwiseConv2D {
    class!("DepthwiseConv2D");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let (map, channels) = map_of(input, 2)?;
        let (kernel, window) = self.moves.window(2, channels)?;
        let output = self.moves.output(map, kernel, window)?;
        let depth = self.by_channel.build(cx, "kernel", kernel, channels)?;
        self.behind.build(cx, depth)?;
        Ok(with_map(input, 2, output, depth))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (_, window) = self.moves.window(2, x.shape().last())?;
        let kernel = self.by_channel.of(cx)?;
        self.behind.apply(cx, |bias, activation| x.conv2d(&kernel, bias, window, activation))
    }

    fn describe(&self) -> String {
        format!("DepthwiseConv2D {}", self.moves.kernel_size)
    }
}

/// A convolution of each channel by itself, then one of single places that mixes the channels.
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SeparableConv2D {
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
    behind: Behind,
    #[serde(skip)]
    pointwise: Weight,
}

impl SeparableConv2D {
    const AXES: usize = 2;

    /// So many filters behind one filter a channel with windows of this size.
    pub fn new(filters: usize, kernel_size: impl Into<Sizes>) -> Self {
        Self {
            filters,
            moves: Moves::new(kernel_size.into(), 2),
            by_channel: ByChannel::default(),
            pointwise_initializer: Initializer::GlorotUniform,
            pointwise_regularizer: None,
            behind: Behind::default(),
            pointwise: Weight::default(),
        }
    }

    pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("SeparableConv2D", config)?))
    }

    moving_options!(moves);
    behind_options!(behind);

    options! { self.by_channel;
        /// Filters a channel, before the channels are mixed.
        depth_multiplier: usize,
    }

    /// How the two kernels begin.
    #[must_use]
    pub fn initializers(mut self, depthwise: Initializer, pointwise: Initializer) -> Self {
        (self.by_channel.depthwise_initializer, self.pointwise_initializer) = (depthwise, pointwise);
        self
    }
}

impl Layer for SeparableConv2D {
    class!("SeparableConv2D");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let (map, channels) = map_of(input, 2)?;
        let (kernel, window) = self.moves.window(2, channels)?;
        check_count("filters", self.filters)?;
        let output = self.moves.output(map, kernel, window)?;
        let depth = self.by_channel.build(cx, "depthwise_kernel", kernel, channels)?;
        let spec = WeightSpec::new("pointwise_kernel", &[1, 1, depth, self.filters]);
        self.pointwise = cx.weight(spec.initializer(self.pointwise_initializer.clone()).regularizer(self.pointwise_regularizer))?;
        self.behind.build(cx, self.filters)?;
        Ok(with_map(input, 2, output, self.filters))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (_, window) = self.moves.window(2, x.shape().last())?;
        let x = x.conv2d(&self.by_channel.of(cx)?, None, window, Activation::Linear)?;
        let mixing = cx.weight(self.pointwise)?;
        self.behind.apply(cx, |bias, activation| x.conv2d(&mixing, bias, Window::default(), activation))
    }

    fn describe(&self) -> String {
        format!("SeparableConv2D {} {}", self.filters, self.moves.kernel_size)
    }
}
