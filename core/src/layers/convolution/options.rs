use serde::{Deserialize, Serialize};

use super::sizes::{channels_last, check_layout, map_of, with_map};
use super::{Padding, Sizes, Window};
use crate::autodiff::Var;
use crate::layers::shared::{Epilogue, Kernel, check_count};
use crate::layers::{Activation, Build, Call};
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
    #[serde(flatten)]
    pub(super) kernel: Kernel,
    #[serde(flatten)]
    pub(super) epilogue: Epilogue,
}

fn one_group() -> usize {
    1
}

impl Options {
    pub(super) fn new(filters: usize, kernel_size: Sizes, axes: usize) -> Self {
        Self { filters, moves: Moves::new(kernel_size, axes), groups: 1, kernel: Kernel::default(), epilogue: Epilogue::default() }
    }

    pub(super) fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape, axes: usize) -> Result<PartialShape> {
        let (map, channels) = map_of(input, axes)?;
        let (kernel, window) = self.moves.window(axes, self.groups)?;
        check_count("filters", self.filters)?;
        for (name, count) in [("channels", channels), ("filters", self.filters)] {
            if self.groups == 0 || !count.is_multiple_of(self.groups) {
                return Err(Error::argument(format!("groups must divide the {count} {name}, got {}", self.groups)));
            }
        }
        let output = self.moves.output(map, kernel, window)?;
        self.kernel.build(cx, &[&kernel[2 - axes..], &[channels / self.groups, self.filters]].concat())?;
        self.epilogue.build(cx, self.filters)?;
        Ok(with_map(input, axes, output, self.filters))
    }

    pub(super) fn call(&self, cx: &Call<'_>, x: &Var, axes: usize) -> Result<Var> {
        let (_, window) = self.moves.window(axes, self.groups)?;
        let kernel = self.kernel.of(cx)?;
        self.epilogue.apply(cx, |bias, activation| convolve(x, &kernel, bias, axes, window, activation))
    }
}
