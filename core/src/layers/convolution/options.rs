use serde::{Deserialize, Serialize};

use super::sizes::{channels_last, check_layout, map_of, with_map};
use super::{Padding, Sizes, Window};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::layers::{Activation, Build, Call, Weight, WeightSpec};
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result};

/// How windows move over a map.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Moves {
    pub(super) kernel_size: Sizes,
    #[serde(default = "one")]
    pub(super) strides: Sizes,
    #[serde(default)]
    pub(super) padding: Padding,
    #[serde(default = "one")]
    pub(super) dilation_rate: Sizes,
    #[serde(default = "channels_last")]
    data_format: String,
}

fn one() -> Sizes {
    Sizes::from(1)
}

fn yes() -> bool {
    true
}

fn zeros() -> Initializer {
    Initializer::Zeros
}

pub(super) fn glorot_uniform() -> Initializer {
    Initializer::GlorotUniform
}

impl Moves {
    pub(super) fn new(kernel_size: Sizes, axes: usize) -> Self {
        let mut moves = Self { kernel_size, strides: one(), padding: Padding::Valid, dilation_rate: one(), data_format: channels_last() };
        [&mut moves.kernel_size, &mut moves.strides, &mut moves.dilation_rate].into_iter().for_each(|sizes| sizes.expand(axes));
        moves
    }

    /// The size of a window, and how it moves.
    pub(super) fn window(&self, axes: usize, groups: usize) -> Result<([usize; 2], Window)> {
        check_layout(&self.data_format)?;
        let kernel = self.kernel_size.pair("kernel_size", axes)?;
        let (strides, dilation) = (self.strides.pair("strides", axes)?, self.dilation_rate.pair("dilation_rate", axes)?);
        if strides != [1, 1] && dilation != [1, 1] {
            return Err(Error::argument(format!(
                "strides {} and dilation_rate {} cannot both be above 1",
                self.strides, self.dilation_rate
            )));
        }
        if self.padding == Padding::Causal && axes != 1 {
            return Err(Error::argument("padding `causal` goes with sequences: use `valid` or `same`"));
        }
        Ok((kernel, Window { strides, dilation, padding: self.padding, groups }))
    }

    /// The sizes of the map that comes out.
    pub(super) fn output(&self, map: [Option<usize>; 2], kernel: [usize; 2], window: Window) -> Result<[Option<usize>; 2]> {
        window.padding.windows(map, window.reach(kernel)?, window.strides)
    }
}

/// What is added and applied behind a convolution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Behind {
    #[serde(default)]
    pub(super) activation: Activation,
    #[serde(default = "yes")]
    pub(super) use_bias: bool,
    #[serde(default = "zeros")]
    pub(super) bias_initializer: Initializer,
    #[serde(default)]
    pub(super) bias_regularizer: Option<Regularizer>,
    #[serde(default)]
    pub(super) activity_regularizer: Option<Regularizer>,
    #[serde(skip)]
    bias: Weight,
}

impl Default for Behind {
    fn default() -> Self {
        Self {
            activation: Activation::Linear,
            use_bias: true,
            bias_initializer: zeros(),
            bias_regularizer: None,
            activity_regularizer: None,
            bias: Weight::default(),
        }
    }
}

impl Behind {
    pub(super) fn build(&mut self, cx: &mut Build<'_>, filters: usize) -> Result<()> {
        self.activity_regularizer.map_or(Ok(()), |regularizer| regularizer.check())?;
        if self.use_bias {
            let bias = WeightSpec::new("bias", &[filters]).initializer(self.bias_initializer.clone());
            self.bias = cx.weight(bias.regularizer(self.bias_regularizer))?;
        }
        Ok(())
    }

    fn bias(&self, cx: &Call<'_>) -> Result<Option<Var>> {
        self.use_bias.then(|| cx.weight(self.bias)).transpose()
    }

    /// What comes behind a sum.
    pub(super) fn apply(&self, cx: &Call<'_>, y: Var) -> Result<Var> {
        let y = if let Some(bias) = self.bias(cx)? { y.add(&bias)? } else { y };
        let y = y.activate(self.activation)?;
        cx.regularize_activity(self.activity_regularizer, &y)?;
        Ok(y)
    }

    /// Convolves a map or, as a map of one row, a sequence; adds, applies and weighs what comes behind.
    pub(super) fn convolve(&self, cx: &Call<'_>, x: &Var, kernel: &Var, axes: usize, window: Window) -> Result<Var> {
        let y = convolve(x, kernel, self.bias(cx)?.as_ref(), axes, window, self.activation)?;
        cx.regularize_activity(self.activity_regularizer, &y)?;
        Ok(y)
    }
}

pub(super) fn check_filters(filters: usize) -> Result<()> {
    if filters == 0 { Err(Error::argument("filters is 0: the layer needs one or more")) } else { Ok(()) }
}

/// A convolution of a map or, as a map of one row, of a sequence.
pub(super) fn convolve(x: &Var, kernel: &Var, bias: Option<&Var>, axes: usize, window: Window, activation: Activation) -> Result<Var> {
    if axes == 2 {
        return x.conv2d(kernel, bias, window, activation);
    }
    let (x, kernel) = (x.expand_dims(1)?, kernel.expand_dims(0)?);
    x.conv2d(&kernel, bias, window, activation)?.squeeze(1)
}

/// The options of a convolution whose filters see all channels of their group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Options {
    pub(super) filters: usize,
    #[serde(flatten)]
    pub(super) moves: Moves,
    #[serde(default = "one_group")]
    pub(super) groups: usize,
    #[serde(default = "glorot_uniform")]
    pub(super) kernel_initializer: Initializer,
    #[serde(default)]
    pub(super) kernel_regularizer: Option<Regularizer>,
    #[serde(flatten)]
    pub(super) behind: Behind,
    #[serde(skip)]
    kernel: Weight,
}

fn one_group() -> usize {
    1
}

impl Options {
    pub(super) fn new(filters: usize, kernel_size: Sizes, axes: usize) -> Self {
        Self {
            filters,
            moves: Moves::new(kernel_size, axes),
            groups: 1,
            kernel_initializer: glorot_uniform(),
            kernel_regularizer: None,
            behind: Behind::default(),
            kernel: Weight::default(),
        }
    }

    pub(super) fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape, axes: usize) -> Result<PartialShape> {
        let (map, channels) = map_of(input, axes)?;
        let (kernel, window) = self.moves.window(axes, self.groups)?;
        check_filters(self.filters)?;
        for (name, count) in [("channels", channels), ("filters", self.filters)] {
            if self.groups == 0 || !count.is_multiple_of(self.groups) {
                return Err(Error::argument(format!("groups must divide the {count} {name}, got {}", self.groups)));
            }
        }
        let output = self.moves.output(map, kernel, window)?;
        let dims = [&kernel[2 - axes..], &[channels / self.groups, self.filters]].concat();
        let spec = WeightSpec::new("kernel", &dims).initializer(self.kernel_initializer.clone());
        self.kernel = cx.weight(spec.regularizer(self.kernel_regularizer))?;
        self.behind.build(cx, self.filters)?;
        Ok(with_map(input, axes, output, self.filters))
    }

    pub(super) fn call(&self, cx: &Call<'_>, x: &Var, axes: usize) -> Result<Var> {
        let (_, window) = self.moves.window(axes, self.groups)?;
        self.behind.convolve(cx, x, &cx.weight(self.kernel)?, axes, window)
    }
}
