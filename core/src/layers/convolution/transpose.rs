use serde::{Deserialize, Serialize};

use super::options::Moves;
use super::{Padding, Sizes, Window, convolution, map_of, moving_options, with_map};
use crate::autodiff::Var;
use crate::layers::kit::from_config;
use crate::layers::shared::{Epilogue, Kernel, check_count, class, epilogue_options, kernel_options};
use crate::layers::{Build, Call, Config, Layer};
use crate::{Error, PartialShape, Result};

/// The options of a transposed convolution.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Options {
    filters: usize,
    #[serde(flatten)]
    moves: Moves,
    #[serde(default)]
    output_padding: Option<Sizes>,
    #[serde(flatten)]
    kernel: Kernel,
    #[serde(flatten)]
    epilogue: Epilogue,
}

impl Options {
    fn new(filters: usize, kernel_size: Sizes, axes: usize) -> Self {
        Self {
            filters,
            moves: Moves::new(kernel_size, axes),
            output_padding: None,
            kernel: Kernel::default(),
            epilogue: Epilogue::default(),
        }
    }

    /// The size of a window, and how it moves over the map that comes out.
    fn window(&self, axes: usize) -> Result<([usize; 2], Window)> {
        if self.moves.padding == Padding::Causal {
            return Err(Error::argument("padding must be `valid` or `same`, got `causal`"));
        }
        self.moves.window(axes, 1)
    }

    /// The sizes of the map that comes out, in which there are as many windows as there are pixels in `map`.
    fn output(&self, map: [Option<usize>; 2], axes: usize) -> Result<[Option<usize>; 2]> {
        let (kernel, window) = self.window(axes)?;
        let (reach, same) = (window.reach(kernel)?, window.padding == Padding::Same);
        let more = self.output_padding.as_ref().map(|sizes| sizes.pair_or_zeros("output_padding", axes)).transpose()?;
        let mut output = map;
        for axis in 2 - axes..2 {
            let (stride, reach, more) = (window.strides[axis], reach[axis], more.map(|more| more[axis]));
            if let Some(more) = more.filter(|more| *more >= stride) {
                return Err(Error::argument(format!("output_padding must be below strides, got {more} with a stride of {stride}")));
            }
            // What the last window adds to the places before it.
            let end = match (same, more) {
                (true, None) => stride,
                (true, Some(more)) => reach % 2 + more,
                (false, more) => reach.saturating_add(more.unwrap_or(stride.saturating_sub(reach))),
            };
            if end == 0 {
                let error = Error::argument(format!("output_padding 0 leaves no place to the last of windows that reach {reach}"));
                return Err(error.hint("with an even kernel_size and padding `same` it must be 1 or more"));
            }
            let Some(places) = map[axis] else { continue };
            let size = places.checked_sub(1).and_then(|before| before.checked_mul(stride)).and_then(|before| before.checked_add(end));
            let cannot =
                || Error::shape(format!("{places} places, {stride} apart, make no map: there must be one, and not more than memory holds"));
            output[axis] = Some(size.ok_or_else(cannot)?);
        }
        Ok(output)
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape, axes: usize) -> Result<PartialShape> {
        let (map, channels) = map_of(input, axes)?;
        check_count("filters", self.filters)?;
        let ((kernel, _), output) = (self.window(axes)?, self.output(map, axes)?);
        self.kernel.build(cx, &[&kernel[2 - axes..], &[self.filters, channels]].concat())?;
        self.epilogue.build(cx, self.filters)?;
        Ok(with_map(input, axes, output, self.filters))
    }

    fn call(&self, cx: &Call<'_>, x: &Var, axes: usize) -> Result<Var> {
        let ((_, window), kernel) = (self.window(axes)?, self.kernel.of(cx)?);
        let (x, kernel) = if axes == 2 { (x.clone(), kernel) } else { (x.expand_dims(1)?, kernel.expand_dims(0)?) };
        let size = self.output([x.shape()[1], x.shape()[2]].map(Some), axes)?.map(Option::unwrap_or_default);
        let y = x.conv2d_transpose(&kernel, size, window)?;
        let y = if axes == 2 { y } else { y.squeeze(1)? };
        self.epilogue.apply(cx, |bias, activation| match bias {
            Some(bias) => y.add(bias)?.activate(activation),
            None => y.activate(activation),
        })
    }
}

macro_rules! output_padding_option {
    () => {
        /// How much the map grows after what the windows must cover, below the strides. Without it, a map grows to `size·stride`
        /// with [`Padding::Same`], and to what the windows cover otherwise, at least `size·stride`.
        #[must_use]
        pub fn output_padding(mut self, output_padding: impl Into<Sizes>) -> Self {
            let mut sizes = output_padding.into();
            sizes.expand(Self::AXES);
            self.options.output_padding = Some(sizes);
            self
        }
    };
}

convolution! {
    /// A convolution of pictures the other way round, from few pixels to many: each pixel adds the kernel, times what stands
    /// there, to the pixels of a window; `activation(Σ pixel·kernel + bias)`.
    ///
    /// `(batch, height, width, channels)` → `(batch, (height − 1)·stride + reach + output_padding, …, filters)`, where a window
    /// reaches `(size − 1)·dilation + 1` and the output padding is `max(0, stride − reach)` if not set. With [`Padding::Same`],
    /// `height·stride`, or `(height − 1)·stride + reach mod 2 + output_padding` where that is set. Parameters: `kernel`
    /// `[height, width, filters, channels]` (Glorot uniform) and `bias` `[filters]` (zeros).
    ///
    /// Refused are an output padding that is not below the stride, and strides together with a dilation. (Dumoulin and Visin,
    /// "A guide to convolution arithmetic for deep learning", 2016.)
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Conv2DTranspose, Input, Padding}};
    ///
    /// let model = Sequential::new()
    ///     .add(Input::new([7, 7, 32]))
    ///     .add(Conv2DTranspose::new(16, 3).strides(2).padding(Padding::Same));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 14, 14, 16)");
    /// assert_eq!(model.count_params()?, 3 * 3 * 16 * 32 + 16);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Conv2DTranspose, "Conv2DTranspose", 2, Options, output_padding_option
}

convolution! {
    /// A convolution of sequences the other way round, from few steps to many: each step adds the kernel, times what stands
    /// there, to the steps of a window; `activation(Σ step·kernel + bias)`.
    ///
    /// `(batch, steps, channels)` → `(batch, (steps − 1)·stride + reach + output_padding, filters)`; sizes are those of
    /// [`Conv2DTranspose`]. Parameters: `kernel` `[size, filters, channels]` (Glorot uniform) and `bias` `[filters]` (zeros).
    ///
    /// ```
    /// use practicum_core::{
    ///     Sequential, Tensor,
    ///     layers::{Conv1DTranspose, Input},
    /// };
    ///
    /// let mut model =
    ///     Sequential::new().add(Input::new([2, 1])).add(Conv1DTranspose::new(1, 3).strides(2));
    /// model.set_weight("conv1d_transpose/kernel", Tensor::new([3, 1, 1], vec![1.0, 2.0, 3.0])?)?;
    /// let y = model.predict(&Tensor::new([1, 2, 1], vec![1.0, 10.0])?)?;
    /// assert_eq!(y.as_slice(), [1.0, 2.0, 13.0, 20.0, 30.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Conv1DTranspose, "Conv1DTranspose", 1, Options, output_padding_option
}
