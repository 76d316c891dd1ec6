use practicum_core::layers::{Activation, BatchNormalization, GlobalAveragePooling2D, LayerExt, Padding, Symbol};
#[cfg(feature = "builtin")]
use practicum_core::{Error, Shape, Tensor};
use practicum_core::{Model, Result};

use super::Options;
use super::blocks::{activate, conv};

/// Filters and strides of the five units.
const UNITS: [(usize, usize); 5] = [(16, 2), (32, 2), (48, 2), (64, 2), (96, 1)];

/// The weights that the example `sketch_net` writes.
#[cfg(feature = "builtin")]
const WEIGHTS: &[u8] = include_bytes!("../../assets/sketch_net.safetensors");

/// The kinds of drawing that the weights of `pretrained_sketch_net` tell apart.
pub const SKETCH_CLASSES: [&str; 9] = ["horse", "human", "happy face", "sad face", "cat", "dog", "paper", "rock", "scissors"];

/// A small network of five units of a convolution, a batch normalization and relu, `unit1` … `unit5`: what takes the place of
/// InceptionV3 where its weights are not at hand.
///
/// Pictures of 112×112 pixels, at least 32×32, scaled to −1 … 1 ([`Scaling::Symmetric`](super::Scaling::Symmetric)).
///
/// ```
/// use practicum_vision::applications::{Options, sketch_net};
///
/// let base = sketch_net(Options::new().include_top(false).input_shape([150, 150, 3]))?;
/// assert_eq!(
///     (base.output_shape()?.to_string().as_str(), base.count_params()?),
///     ("(None, 10, 10, 96)", 102_832)
/// );
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn sketch_net(options: Options) -> Result<Model> {
    let input = options.input("SketchNet", 112, 32)?;
    let mut x = input.clone();
    for (number, (filters, strides)) in (1..).zip(UNITS) {
        x = conv(filters, 3, strides, Padding::Same).named(format!("unit{number}_conv")).on(&x);
        x = BatchNormalization::new().momentum(0.9).named(format!("unit{number}_bn")).on(&x);
        x = activate(Activation::Relu, &format!("unit{number}"), &x);
    }
    let top = |x: Symbol| options.predictions(&GlobalAveragePooling2D::new().named("avg_pool").on(&x));
    options.model("sketch_net", &input, x, top)
}

/// [`sketch_net`] without top, with the weights that it learned on drawings of [nine kinds](SKETCH_CLASSES), other drawings
/// than those of [`builtin`](crate::datasets::builtin)'s default seed.
///
/// ```
/// use practicum_vision::applications::pretrained_sketch_net;
///
/// let base = pretrained_sketch_net([150, 150, 3])?;
/// assert!(base.layer_names().contains(&"unit5"));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small, or without three channels.
#[cfg(feature = "builtin")]
pub fn pretrained_sketch_net(input_shape: [usize; 3]) -> Result<Model> {
    let mut model = sketch_net(Options::new().include_top(false).input_shape(input_shape))?;
    let whole = || Error::format("the weights of SketchNet in this program are not whole");
    let tensors = safetensors::SafeTensors::deserialize(WEIGHTS).map_err(|source| whole().source(source))?;
    let read = |path: &str| -> Result<Tensor> {
        let view = tensors.tensor(path).map_err(|source| whole().source(source))?;
        let numbers = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Tensor::new(Shape::new(view.shape())?, numbers)
    };
    let weights = model.parameters().iter().map(|parameter| read(parameter.path())).collect::<Result<Vec<_>>>()?;
    model.set_weights(&weights)?;
    Ok(model)
}
