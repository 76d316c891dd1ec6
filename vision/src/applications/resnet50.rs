use practicum_core::layers::{Activation, Add, Conv2D, GlobalAveragePooling2D, LayerExt, MaxPooling2D, Padding, Symbol, ZeroPadding2D};
use practicum_core::{Model, Result};

use super::Options;
use super::blocks::{activate, normalize};

/// Keras' epsilon for this network.
const EPSILON: f32 = 1.001e-5;

/// Three convolutions with a way around them.
fn block(x: &Symbol, filters: usize, strides: usize, shortcut: bool, name: &str) -> Symbol {
    let named = |layer: &str| format!("{name}_{layer}");
    let around = if shortcut {
        let y = Conv2D::new(4 * filters, 1).strides(strides).named(named("0_conv")).on(x);
        normalize(EPSILON, &named("0_bn"), &y)
    } else {
        x.clone()
    };
    let mut y = x.clone();
    for (layer, conv) in [Conv2D::new(filters, 1).strides(strides), Conv2D::new(filters, 3).padding(Padding::Same)].into_iter().enumerate()
    {
        y = conv.named(named(&format!("{}_conv", layer + 1))).on(&y);
        y = normalize(EPSILON, &named(&format!("{}_bn", layer + 1)), &y);
        y = activate(Activation::Relu, &named(&format!("{}_relu", layer + 1)), &y);
    }
    y = Conv2D::new(4 * filters, 1).named(named("3_conv")).on(&y);
    y = normalize(EPSILON, &named("3_bn"), &y);
    activate(Activation::Relu, &named("out"), &Add::new().named(named("add")).on([&around, &y]))
}

/// ResNet50 (He et al., "Deep Residual Learning for Image Recognition", 2015).
///
/// Pictures of 224×224 pixels, at least 32×32, in BGR without ImageNet's means ([`Scaling::Caffe`](super::Scaling::Caffe)).
///
/// ```
/// use practicum_vision::applications::{Options, resnet50};
///
/// let base = resnet50(Options::new().include_top(false).input_shape([64, 64, 3]))?;
/// assert_eq!(base.count_params()?, 23_587_712);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn resnet50(options: Options) -> Result<Model> {
    let input = options.input("ResNet50", 224, 32)?;
    let mut x = ZeroPadding2D::new(3).named("conv1_pad").on(&input);
    x = Conv2D::new(64, 7).strides(2).named("conv1_conv").on(&x);
    x = activate(Activation::Relu, "conv1_relu", &normalize(EPSILON, "conv1_bn", &x));
    x = ZeroPadding2D::new(1).named("pool1_pad").on(&x);
    x = MaxPooling2D::new(3).strides(2).named("pool1_pool").on(&x);
    for (stack, (filters, blocks, strides)) in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)].into_iter().enumerate() {
        for number in 1..=blocks {
            let first = number == 1;
            x = block(&x, filters, if first { strides } else { 1 }, first, &format!("conv{}_block{number}", stack + 2));
        }
    }
    let top = |x: Symbol| options.predictions(&GlobalAveragePooling2D::new().named("avg_pool").on(&x));
    options.model("resnet50", &input, x, top)
}
