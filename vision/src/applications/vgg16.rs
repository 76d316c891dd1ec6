use practicum_core::layers::{Activation, Conv2D, Dense, Flatten, LayerExt, MaxPooling2D, Padding, Symbol};
use practicum_core::{Model, Result};

use super::Options;

/// VGG16 (Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014).
///
/// Pictures of 224×224 pixels, at least 32×32, in BGR without ImageNet's means ([`Scaling::Caffe`](super::Scaling::Caffe)).
///
/// ```
/// use practicum_vision::applications::{Options, vgg16};
///
/// let base = vgg16(Options::new().include_top(false).input_shape([32, 32, 3]))?;
/// assert_eq!(base.count_params()?, 14_714_688);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn vgg16(options: Options) -> Result<Model> {
    let input = options.input("VGG16", 224, 32)?;
    let mut x = input.clone();
    for (block, (convolutions, filters)) in (1..).zip([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]) {
        for number in 1..=convolutions {
            let conv = Conv2D::new(filters, 3).padding(Padding::Same).activation(Activation::Relu);
            x = conv.named(format!("block{block}_conv{number}")).on(&x);
        }
        x = MaxPooling2D::new(2).strides(2).named(format!("block{block}_pool")).on(&x);
    }
    let top = |x: Symbol| {
        let mut x = Flatten::new().named("flatten").on(&x);
        for name in ["fc1", "fc2"] {
            x = Dense::new(4096).activation(Activation::Relu).named(name).on(&x);
        }
        options.predictions(&x)
    };
    options.model("vgg16", &input, x, top)
}
