use serde::{Deserialize, Serialize};

use super::options::{Behind, Moves, check_filters, convolve, glorot_uniform};
use super::{Padding, Sizes, Window, behind_options, map_of, moving_options, with_map};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::layers::registry::{from_config, refuse, to_config};
use crate::layers::{Activation, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result};

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
    #[serde(default = "one")]
    depth_multiplier: usize,
    #[serde(default = "glorot_uniform")]
    depthwise_initializer: Initializer,
    #[serde(default)]
    depthwise_regularizer: Option<Regularizer>,
    #[serde(flatten)]
    behind: Behind,
    #[serde(skip)]
    kernel: Weight,
}

fn one() -> usize {
    1
}

impl DepthwiseConv2D {
    const AXES: usize = 2;

    /// One filter a channel with windows of this size, one step apart, without activation.
    pub fn new(kernel_size: impl Into<Sizes>) -> Self {
        Self {
            moves: Moves::new(kernel_size.into(), 2),
            depth_multiplier: 1,
            depthwise_initializer: glorot_uniform(),
            depthwise_regularizer: None,
            behind: Behind::default(),
            kernel: Weight::default(),
        }
    }

    pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        refuse("DepthwiseConv2D", &config, &["depthwise_constraint", "bias_constraint"])?;
        Ok(Box::new(from_config::<Self>("DepthwiseConv2D", config)?))
    }

    moving_options!(moves);
    behind_options!(behind);

    /// Filters a channel.
    #[must_use]
    pub fn depth_multiplier(mut self, depth_multiplier: usize) -> Self {
        self.depth_multiplier = depth_multiplier;
        self
    }

    /// How the kernel begins.
    #[must_use]
    pub fn depthwise_initializer(mut self, initializer: Initializer) -> Self {
        self.depthwise_initializer = initializer;
        self
    }

    /// A penalty on the kernel.
    #[must_use]
    pub fn depthwise_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.depthwise_regularizer = Some(regularizer);
        self
    }
}

/// Channels that come out of `depth_multiplier` filters a channel.
fn depth(channels: usize, depth_multiplier: usize) -> Result<usize> {
    let depth = channels.checked_mul(depth_multiplier).filter(|depth| *depth > 0);
    depth.ok_or_else(|| Error::argument(format!("depth_multiplier must be 1 or more and fit into memory, got {depth_multiplier}")))
}

/// A kernel for each channel as one for as many groups.
fn as_groups(kernel: &Var) -> Result<Var> {
    let dims = kernel.shape();
    kernel.reshape([dims[0], dims[1], 1, dims[2] * dims[3]])
}

impl Layer for DepthwiseConv2D {
    fn class_name(&self) -> &'static str {
        "DepthwiseConv2D"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let (map, channels) = map_of(input, 2)?;
        let (kernel, window) = self.moves.window(2, channels)?;
        let (depth, output) = (depth(channels, self.depth_multiplier)?, self.moves.output(map, kernel, window)?);
        let dims = [kernel[0], kernel[1], channels, self.depth_multiplier];
        let spec = WeightSpec::new("kernel", &dims).initializer(self.depthwise_initializer.clone());
        self.kernel = cx.weight(spec.regularizer(self.depthwise_regularizer))?;
        self.behind.build(cx, depth)?;
        Ok(with_map(input, 2, output, depth))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (_, window) = self.moves.window(2, x.shape().last())?;
        self.behind.convolve(cx, x, &as_groups(&cx.weight(self.kernel)?)?, 2, window)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
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
    #[serde(default = "one")]
    depth_multiplier: usize,
    #[serde(default = "glorot_uniform")]
    depthwise_initializer: Initializer,
    #[serde(default = "glorot_uniform")]
    pointwise_initializer: Initializer,
    #[serde(default)]
    depthwise_regularizer: Option<Regularizer>,
    #[serde(default)]
    pointwise_regularizer: Option<Regularizer>,
    #[serde(flatten)]
    behind: Behind,
    #[serde(skip)]
    kernels: [Weight; 2],
}

impl SeparableConv2D {
    const AXES: usize = 2;

    /// So many filters behind one filter a channel with windows of this size.
    pub fn new(filters: usize, kernel_size: impl Into<Sizes>) -> Self {
        Self {
            filters,
            moves: Moves::new(kernel_size.into(), 2),
            depth_multiplier: 1,
            depthwise_initializer: glorot_uniform(),
            pointwise_initializer: glorot_uniform(),
            depthwise_regularizer: None,
            pointwise_regularizer: None,
            behind: Behind::default(),
            kernels: [Weight::default(); 2],
        }
    }

    pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        refuse("SeparableConv2D", &config, &["depthwise_constraint", "pointwise_constraint", "bias_constraint"])?;
        Ok(Box::new(from_config::<Self>("SeparableConv2D", config)?))
    }

    moving_options!(moves);
    behind_options!(behind);

    /// Filters a channel, before the channels are mixed.
    #[must_use]
    pub fn depth_multiplier(mut self, depth_multiplier: usize) -> Self {
        self.depth_multiplier = depth_multiplier;
        self
    }

    /// How the two kernels begin.
    #[must_use]
    pub fn initializers(mut self, depthwise: Initializer, pointwise: Initializer) -> Self {
        (self.depthwise_initializer, self.pointwise_initializer) = (depthwise, pointwise);
        self
    }
}

impl Layer for SeparableConv2D {
    fn class_name(&self) -> &'static str {
        "SeparableConv2D"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let (map, channels) = map_of(input, 2)?;
        let (kernel, window) = self.moves.window(2, channels)?;
        check_filters(self.filters)?;
        let (depth, output) = (depth(channels, self.depth_multiplier)?, self.moves.output(map, kernel, window)?);
        let by_channel = WeightSpec::new("depthwise_kernel", &[kernel[0], kernel[1], channels, self.depth_multiplier]);
        let mixing = WeightSpec::new("pointwise_kernel", &[1, 1, depth, self.filters]);
        self.kernels = [
            cx.weight(by_channel.initializer(self.depthwise_initializer.clone()).regularizer(self.depthwise_regularizer))?,
            cx.weight(mixing.initializer(self.pointwise_initializer.clone()).regularizer(self.pointwise_regularizer))?,
        ];
        self.behind.build(cx, self.filters)?;
        Ok(with_map(input, 2, output, self.filters))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (_, window) = self.moves.window(2, x.shape().last())?;
        let kernel = as_groups(&cx.weight(self.kernels[0])?)?;
        let x = convolve(x, &kernel, None, 2, window, Activation::Linear)?;
        self.behind.convolve(cx, &x, &cx.weight(self.kernels[1])?, 2, Window::default())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn describe(&self) -> String {
        format!("SeparableConv2D {} {}", self.filters, self.moves.kernel_size)
    }
}
