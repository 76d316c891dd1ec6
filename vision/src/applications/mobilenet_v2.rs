use practicum_core::layers::{Add, BatchNormalization, GlobalAveragePooling2D, LayerExt, Padding, ReLU, Symbol};
use practicum_core::{Model, Result};

use super::Options;
use super::blocks::{conv, depthwise, halved, pad_for_strides};

/// Filters and stride of the 17 blocks; the first does not expand.
const BLOCKS: [(usize, usize); 17] = [
    (16, 1),
    (24, 2),
    (24, 1),
    (32, 2),
    (32, 1),
    (32, 1),
    (64, 2),
    (64, 1),
    (64, 1),
    (64, 1),
    (96, 1),
    (96, 1),
    (96, 1),
    (160, 2),
    (160, 1),
    (160, 1),
    (320, 1),
];

fn normalize(name: &str, x: &Symbol) -> Symbol {
    BatchNormalization::new().momentum(0.999).named(name).on(x)
}

fn relu6(name: &str, x: &Symbol) -> Symbol {
    ReLU::new().max_value(6.0).named(name).on(x)
}

/// MobileNetV2 (Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018) of width 1.
///
/// Pictures of 224×224 pixels, at least 32×32, scaled to −1 … 1 ([`Scaling::Symmetric`](super::Scaling::Symmetric)).
///
/// ```
/// use practicum_vision::applications::{Options, mobilenet_v2};
///
/// assert_eq!(mobilenet_v2(Options::new())?.count_params()?, 3_538_984);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn mobilenet_v2(options: Options) -> Result<Model> {
    let input = options.input("MobileNetV2", 224, 32)?;
    let size = options.input_shape.unwrap_or([224, 224, 3]);
    let mut x = conv(32, 3, 2, Padding::Same).named("Conv1").on(&input);
    x = relu6("Conv1_relu", &normalize("bn_Conv1", &x));
    let (mut map, mut channels) = (halved([size[0], size[1]]), 32);
    for (block, (filters, strides)) in BLOCKS.into_iter().enumerate() {
        let name = |layer: &str| if block == 0 { format!("expanded_conv_{layer}") } else { format!("block_{block}_{layer}") };
        let mut y = x.clone();
        if block > 0 {
            y = conv(6 * channels, 1, 1, Padding::Same).named(name("expand")).on(&y);
            y = relu6(&name("expand_relu"), &normalize(&name("expand_BN"), &y));
        }
        let padding = if strides == 1 { Padding::Same } else { Padding::Valid };
        if strides == 2 {
            y = pad_for_strides(3, map, &name("pad"), &y);
            map = halved(map);
        }
        y = depthwise(3, strides, padding).named(name("depthwise")).on(&y);
        y = relu6(&name("depthwise_relu"), &normalize(&name("depthwise_BN"), &y));
        y = conv(filters, 1, 1, Padding::Same).named(name("project")).on(&y);
        y = normalize(&name("project_BN"), &y);
        x = if strides == 1 && filters == channels { Add::new().named(name("add")).on([&x, &y]) } else { y };
        channels = filters;
    }
    x = conv(1280, 1, 1, Padding::Valid).named("Conv_1").on(&x);
    x = relu6("out_relu", &normalize("Conv_1_bn", &x));
    let top = |x: Symbol| options.predictions(&GlobalAveragePooling2D::new().named("global_average_pooling2d").on(&x));
    options.model("mobilenetv2_1.00_224", &input, x, top)
}
