use practicum_core::layers::{Activation, Concatenate, Conv2D, Dropout, GlobalAveragePooling2D, LayerExt, MaxPooling2D, Padding, Symbol};
use practicum_core::{Model, Result};

use super::Options;
use super::blocks::activate;

fn unit(filters: usize, kernel: usize, name: &str, activation: &str, x: &Symbol) -> Symbol {
    let y = Conv2D::new(filters, kernel).padding(Padding::Same).named(name).on(x);
    activate(Activation::Relu, activation, &y)
}

/// A map that is squeezed into few channels, and what two kernels make of them.
fn fire(number: usize, squeeze: usize, expand: usize, x: &Symbol) -> Symbol {
    let name = |layer: &str| format!("fire{number}_{layer}");
    let few = unit(squeeze, 1, &name("squeeze1x1"), &name("relu_squeeze1x1"), x);
    let one = unit(expand, 1, &name("expand1x1"), &name("relu_expand1x1"), &few);
    let three = unit(expand, 3, &name("expand3x3"), &name("relu_expand3x3"), &few);
    Concatenate::new().named(name("concat")).on([&one, &three])
}

/// SqueezeNet 1.1 (Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016).
///
/// Pictures of 227×227 pixels, at least 48×48, in BGR without ImageNet's means ([`Scaling::Caffe`](super::Scaling::Caffe)).
/// Layers have the names of the Keras version by Refik Can Malli, with `_` where that has `/`.
///
/// ```
/// use practicum_vision::applications::{Options, squeezenet};
///
/// assert_eq!(squeezenet(Options::new())?.count_params()?, 1_235_496);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn squeezenet(options: Options) -> Result<Model> {
    let input = options.input("SqueezeNet", 227, 48)?;
    let pool = |name: &str, x: &Symbol| MaxPooling2D::new(3).strides(2).named(name).on(x);
    let mut x = Conv2D::new(64, 3).strides(2).named("conv1").on(&input);
    x = pool("pool1", &activate(Activation::Relu, "relu_conv1", &x));
    for (number, squeeze, expand) in
        [(2, 16, 64), (3, 16, 64), (4, 32, 128), (5, 32, 128), (6, 48, 192), (7, 48, 192), (8, 64, 256), (9, 64, 256)]
    {
        x = fire(number, squeeze, expand, &x);
        if number == 3 || number == 5 {
            x = pool(&format!("pool{number}"), &x);
        }
    }
    let top = |x: Symbol| {
        let x = Dropout::new(0.5).named("drop9").on(&x);
        let x = Conv2D::new(options.classes, 1).named("conv10").on(&x);
        let x = activate(Activation::Relu, "relu_conv10", &x);
        let x = GlobalAveragePooling2D::new().on(&x);
        activate(options.classifier_activation, "loss", &x)
    };
    options.model("squeezenet", &input, x, top)
}
