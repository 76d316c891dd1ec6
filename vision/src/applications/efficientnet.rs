use std::path::Path;

use practicum_core::layers::{
    Activation, Add, BatchNormalization, Conv2D, Dropout, GlobalAveragePooling2D, LayerExt, Multiply, Normalization, Padding, Rescaling,
    Reshape, Symbol,
};
use practicum_core::{Error, Model, Result, Tensor};
use safetensors::SafeTensors;

use super::Options;
use super::blocks::{activate, conv, depthwise, halved, pad_for_strides};

/// A row of blocks of the same width.
struct Stage {
    kernel: usize,
    blocks: usize,
    filters: usize,
    expand: usize,
    strides: usize,
}

const fn stage(kernel: usize, blocks: usize, filters: usize, expand: usize, strides: usize) -> Stage {
    Stage { kernel, blocks, filters, expand, strides }
}

const STAGES: [Stage; 7] = [
    stage(3, 1, 16, 1, 1),
    stage(3, 2, 24, 6, 2),
    stage(5, 2, 40, 6, 2),
    stage(3, 3, 80, 6, 2),
    stage(5, 3, 112, 6, 1),
    stage(5, 4, 192, 6, 2),
    stage(3, 1, 320, 6, 1),
];

/// The share of residuals that is dropped in training, of the last block.
const DROP_CONNECT: f32 = 0.2;

fn normalize(name: &str, x: &Symbol) -> Symbol {
    BatchNormalization::new().named(name).on(x)
}

/// Weighs channels by what the whole map says.
fn excite(x: &Symbol, filters: usize, squeezed: usize, name: impl Fn(&str) -> String) -> Symbol {
    let mut y = GlobalAveragePooling2D::new().named(name("se_squeeze")).on(x);
    y = Reshape::new([1, 1, filters as isize]).named(name("se_reshape")).on(&y);
    y = Conv2D::new(squeezed, 1).padding(Padding::Same).activation(Activation::Silu).named(name("se_reduce")).on(&y);
    y = Conv2D::new(filters, 1).padding(Padding::Same).activation(Activation::Sigmoid).named(name("se_expand")).on(&y);
    Multiply::new().named(name("se_excite")).on([x, &y])
}

/// EfficientNetB0 (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019).
///
/// Pictures of 224×224 pixels, at least 32×32, as numbers from 0 to 255: the network scales them itself.
///
/// ```
/// use practicum_vision::applications::{Options, efficientnet_b0};
///
/// let base = efficientnet_b0(Options::new().include_top(false).input_shape([64, 64, 3]))?;
/// assert_eq!(base.count_params()?, 4_049_571);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn efficientnet_b0(options: Options) -> Result<Model> {
    let input = options.input("EfficientNetB0", 224, 32)?;
    let size = options.input_shape.unwrap_or([224, 224, 3]);
    let (mut map, mut channels) = ([size[0], size[1]], 32);
    let mut x = Rescaling::new(1.0 / 255.0).named("rescaling").on(&input);
    x = Normalization::new().named("normalization").on(&x);
    x = pad_for_strides(3, map, "stem_conv_pad", &x);
    x = conv(32, 3, 2, Padding::Valid).named("stem_conv").on(&x);
    x = activate(Activation::Silu, "stem_activation", &normalize("stem_bn", &x));
    map = halved(map);
    let all: usize = STAGES.iter().map(|stage| stage.blocks).sum();
    let mut before = 0;
    for (number, stage) in (1..).zip(&STAGES) {
        for (block, letter) in (0..stage.blocks).zip('a'..) {
            let name = |layer: &str| format!("block{number}{letter}_{layer}");
            let (strides, wide) = (if block == 0 { stage.strides } else { 1 }, channels * stage.expand);
            let mut y = x.clone();
            if stage.expand > 1 {
                y = conv(wide, 1, 1, Padding::Same).named(name("expand_conv")).on(&y);
                y = activate(Activation::Silu, &name("expand_activation"), &normalize(&name("expand_bn"), &y));
            }
            let mut padding = Padding::Same;
            if strides == 2 {
                y = pad_for_strides(stage.kernel, map, &name("dwconv_pad"), &y);
                (padding, map) = (Padding::Valid, halved(map));
            }
            y = depthwise(stage.kernel, strides, padding).named(name("dwconv")).on(&y);
            y = activate(Activation::Silu, &name("activation"), &normalize(&name("bn"), &y));
            y = excite(&y, wide, (channels / 4).max(1), name);
            y = conv(stage.filters, 1, 1, Padding::Same).named(name("project_conv")).on(&y);
            y = normalize(&name("project_bn"), &y);
            x = if strides == 1 && channels == stage.filters {
                // Whole residuals are dropped: one draw an example.
                let rate = DROP_CONNECT * before as f32 / all as f32;
                let y = Dropout::new(rate).noise_shape([None, Some(1), Some(1), Some(1)]).named(name("drop")).on(&y);
                Add::new().named(name("add")).on([&y, &x])
            } else {
                y
            };
            (channels, before) = (stage.filters, before + 1);
        }
    }
    x = conv(1280, 1, 1, Padding::Same).named("top_conv").on(&x);
    x = activate(Activation::Silu, "top_activation", &normalize("top_bn", &x));
    let top = |x: Symbol| {
        let x = GlobalAveragePooling2D::new().named("avg_pool").on(&x);
        options.predictions(&Dropout::new(0.2).named("top_dropout").on(&x))
    };
    options.model("efficientnetb0", &input, x, top)
}

/// EfficientNet-Lite0 (Liu, 2020): EfficientNetB0 without squeeze and excitation, and with relu6 instead of swish.
///
/// Pictures of 224×224 pixels, at least 32×32, scaled to about −1 … 1 ([`Scaling::Lite`](super::Scaling::Lite)). With a top, the
/// numbers of the classes come out as they are unless
/// [`classifier_activation`](Options::classifier_activation) says otherwise.
///
/// ```
/// use practicum_vision::applications::{Options, efficientnet_lite0};
///
/// assert_eq!(efficientnet_lite0(Options::new())?.count_params()?, 4_694_024);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn efficientnet_lite0(options: Options) -> Result<Model> {
    let input = options.input("EfficientNet-Lite0", 224, 32)?;
    let mut x = conv(32, 3, 2, Padding::Same).named("stem_conv").on(&input);
    x = activate(Activation::Relu6, "stem_activation", &normalize("stem_bn", &x));
    let (mut channels, mut number) = (32, 0);
    for stage in &STAGES {
        for block in 0..stage.blocks {
            let name = |layer: &str| format!("block{number}_{layer}");
            let strides = if block == 0 { stage.strides } else { 1 };
            let mut y = x.clone();
            if stage.expand > 1 {
                y = conv(channels * stage.expand, 1, 1, Padding::Same).named(name("expand_conv")).on(&y);
                y = activate(Activation::Relu6, &name("expand_activation"), &normalize(&name("expand_bn"), &y));
            }
            y = depthwise(stage.kernel, strides, Padding::Same).named(name("depthwise_conv")).on(&y);
            y = activate(Activation::Relu6, &name("depthwise_activation"), &normalize(&name("depthwise_bn"), &y));
            y = conv(stage.filters, 1, 1, Padding::Same).named(name("project_conv")).on(&y);
            y = normalize(&name("project_bn"), &y);
            x = if strides == 1 && channels == stage.filters { Add::new().named(name("add")).on([&y, &x]) } else { y };
            (channels, number) = (stage.filters, number + 1);
        }
    }
    x = conv(1280, 1, 1, Padding::Same).named("head_conv").on(&x);
    x = activate(Activation::Relu6, "head_activation", &normalize("head_bn", &x));
    let top = |x: Symbol| {
        let x = GlobalAveragePooling2D::new().named("avg_pool").on(&x);
        options.predictions(&Dropout::new(0.2).named("top_dropout").on(&x))
    };
    options.model("efficientnet_lite0", &input, x, top)
}

/// Reads the weights of PyTorch's EfficientNet-Lite0 from a safetensors file into a model of [`efficientnet_lite0`], with or
/// without top.
///
/// # Errors
/// The file cannot be read or is not whole; a tensor is missing, or has another shape; all before anything is changed.
pub fn load_efficientnet_lite0(model: &mut Model, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let read = || -> Result<Vec<Tensor>> {
        let tensors =
            SafeTensors::deserialize(&file).map_err(|source| Error::format(format!("this is no whole safetensors file: {source}")))?;
        model.parameters().iter().map(|parameter| read_parameter(&tensors, parameter.path(), parameter.value())).collect()
    };
    let weights = read().map_err(|error| error.context(path.display().to_string()))?;
    model.set_weights(&weights)
}

fn read_parameter(tensors: &SafeTensors<'_>, path: &str, value: &Tensor) -> Result<Tensor> {
    let stored = torch_name(path).ok_or_else(|| Error::format(format!("parameter `{path}` is none of EfficientNet-Lite0's")))?;
    let view = tensors.tensor(&stored).map_err(|_| Error::format(format!("there is no tensor `{stored}` in the file, for `{path}`")))?;
    if view.dtype() != safetensors::Dtype::F32 {
        return Err(Error::format(format!("tensor `{stored}` is stored as {:?}: expected F32", view.dtype())));
    }
    let numbers = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let tensor = Tensor::new(practicum_core::Shape::new(view.shape())?, numbers)?;
    let turned = match tensor.rank() {
        4 if path.contains("depthwise") => tensor.permute(&[2, 3, 0, 1])?,
        4 => tensor.permute(&[2, 3, 1, 0])?,
        2 => tensor.permute(&[1, 0])?,
        _ => tensor,
    };
    if turned.shape() != value.shape() {
        return Err(Error::shape(format!("`{path}` has the shape {}, got {} from `{stored}`", value.shape(), turned.shape())));
    }
    Ok(turned)
}

/// What PyTorch's version calls a parameter.
fn torch_name(path: &str) -> Option<String> {
    let (layer, parameter) = path.split_once('/')?;
    let module = match layer.split_once('_').unwrap_or((layer, "")) {
        ("predictions", _) => "_fc".to_owned(),
        ("stem", "conv") => "_conv_stem".to_owned(),
        ("stem", "bn") => "_bn0".to_owned(),
        ("head", "conv") => "_conv_head".to_owned(),
        ("head", "bn") => "_bn1".to_owned(),
        (block, part) => {
            let part = match part {
                "expand_bn" => "bn0",
                "depthwise_bn" => "bn1",
                "project_bn" => "bn2",
                other => other,
            };
            format!("_blocks.{}._{part}", block.strip_prefix("block")?)
        }
    };
    let kind = match parameter {
        "kernel" | "gamma" => "weight",
        "beta" | "bias" => "bias",
        "moving_mean" => "running_mean",
        "moving_variance" => "running_var",
        _ => return None,
    };
    Some(format!("{module}.{kind}"))
}
