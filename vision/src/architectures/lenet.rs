use practicum_core::prelude::*;

/// LeNet-5 (LeCun, Bottou, Bengio & Haffner, *Gradient-based learning applied to document recognition*, 1998) for grey
/// pictures of 28 × 28, as it is built today.
///
/// Two convolutions of 5 × 5 (6 and 16 filters, the first padded to the picture's size) with tanh, each followed by means of
/// 2 × 2; dense layers of 120 and 84 units with tanh; a softmax over `classes`. For 10 classes it has 61,706 parameters. The
/// original left out some connections of the second convolution, weighted the means, and ended in radial basis functions.
///
/// The layers are added to `model`, which has none yet and brings the seed and the processor.
///
/// ```
/// use practicum_core::Sequential;
/// use practicum_vision::architectures::lenet5;
///
/// assert_eq!(lenet5(Sequential::new(), 10).count_params()?, 61_706);
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub fn lenet5(model: Sequential, classes: usize) -> Sequential {
    model
        .add(Input::new([28, 28, 1]))
        .add(Conv2D::new(6, 5).padding(Padding::Same).activation(Activation::Tanh))
        .add(AveragePooling2D::new(2))
        .add(Conv2D::new(16, 5).activation(Activation::Tanh))
        .add(AveragePooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(120).activation(Activation::Tanh))
        .add(Dense::new(84).activation(Activation::Tanh))
        .add(Dense::new(classes).activation(Activation::Softmax))
}
