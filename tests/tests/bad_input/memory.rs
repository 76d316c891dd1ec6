//! Models and steps that no memory holds.

use practicum_core::data::BatchArray;
use practicum_core::layers::{Conv2DTranspose, Interpolation, LayerSpec, RepeatVector, UpSampling2D};
use practicum_core::metrics::Auc;
use practicum_core::prelude::*;

use super::common::{draw, says};

#[test]
fn models_too_large_for_memory_are_errors() {
    for layer in [Dense::new(1 << 40), Dense::new(1 << 58), Dense::new(1 << 40).kernel_initializer(Initializer::Zeros)] {
        let error = Sequential::new().add(Input::new([4])).add(layer).output_shape().unwrap_err();
        assert!(error.is_data() || error.is_shape());
        says(&error, &["layer 0 `dense` (Dense ", "kernel"]);
    }
    for initializer in [Initializer::GlorotNormal, Initializer::ORTHOGONAL, Initializer::Identity { gain: 1.0 }] {
        let layer = Dense::new(1 << 40).kernel_initializer(initializer);
        assert!(Sequential::new().add(Input::new([4])).add(layer).output_shape().is_err());
    }
    let embedding = Sequential::new().add(Input::new([4])).add(Embedding::new(1 << 24, 1 << 20)).output_shape().unwrap_err();
    says(&embedding, &["layer 0 `embedding`", "embeddings", "GiB of memory"]);
    assert!(Tensor::zeros([1 << 20, 1 << 20, 1 << 10]).unwrap_err().is_data());
    assert!(Tensor::zeros([usize::MAX, 2]).is_err());
    assert!(Tensor::eye(1 << 31).is_err());
}

#[test]
fn steps_and_batches_too_large_for_memory_are_errors() {
    // The weights are small, what the model computes is not.
    let mut model = Sequential::new().add(Input::new([4])).add(RepeatVector::new(1 << 42)).add(Dense::new(1));
    model.compile("sgd", "mse", ()).unwrap();
    let x = Tensor::zeros([2, 4]).unwrap();
    says(&model.predict(&x).unwrap_err(), &["GiB of memory", "hint"]);
    let error = x.repeat(1 << 42).unwrap_err();
    assert!(error.is_data(), "{error}");

    let mut array = BatchArray::default();
    let error = array.resize([1 << 30, 1 << 20]).unwrap_err();
    says(&error, &["GiB of memory for a tensor of 1125899906842624 elements", "smaller batches"]);
    // What it holds is whole.
    assert_eq!((array.shape().dims(), array.as_slice().len()), ([0].as_slice(), 0));
    let mut shared = BatchArray::from(x);
    let kept = shared.clone();
    assert!(shared.resize([1 << 30, 1 << 20]).is_err());
    assert_eq!((shared.as_slice().len(), kept.as_slice().len()), (0, 8));
    for thresholds in [0, 1, usize::MAX] {
        let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(1));
        let auc = Auc::default().num_thresholds(thresholds);
        says(&model.compile("sgd", "mse", auc).unwrap_err(), &["num_thresholds", "2 to 16777216"]);
    }
}

#[test]
fn windows_and_steps_of_any_size_are_errors_or_work() {
    const FAR: usize = usize::MAX;
    let trained = |layer: LayerSpec| {
        let mut model = Sequential::new().add(Input::new([4, 5, 2])).add(layer);
        model.compile("sgd", "mse", ())?;
        let x = draw([2, 4, 5, 2], 1);
        let y = model.predict(&x)?;
        model.train_on_batch(&x, &y).map(|_| y.shape().to_vec())
    };
    // One window, and no step to the next.
    assert_eq!(trained(Conv2D::new(3, 2).strides(FAR).into()).unwrap(), [2, 1, 1, 3]);
    assert_eq!(trained(Conv2D::new(3, 2).strides(FAR).padding(Padding::Same).into()).unwrap(), [2, 1, 1, 3]);
    assert_eq!(trained(Conv2D::new(3, 1).dilation_rate(FAR).into()).unwrap(), [2, 4, 5, 3]);
    assert_eq!(trained(MaxPooling2D::new(2).strides(FAR).into()).unwrap(), [2, 1, 1, 2]);
    let refused: [LayerSpec; 9] = [
        Conv2D::new(3, 2).dilation_rate(FAR).into(),
        Conv2D::new(3, 2).dilation_rate(1 << 40).padding(Padding::Same).into(),
        Conv2D::new(3, (1, FAR)).padding(Padding::Same).into(),
        Conv2D::new(2, 1).groups(FAR).into(),
        MaxPooling2D::new(FAR).into(),
        AveragePooling2D::new(2).strides(1).padding(Padding::Causal).into(),
        Conv2DTranspose::new(3, 2).strides(FAR).into(),
        Conv2DTranspose::new(3, 2).dilation_rate(FAR).into(),
        UpSampling2D::new(FAR).interpolation(Interpolation::Bilinear).into(),
    ];
    for layer in refused {
        says(&trained(layer).unwrap_err(), &["layer 0"]);
    }
    says(&trained(Conv2DTranspose::new(3, 2).strides(2).output_padding(2).into()).unwrap_err(), &["output_padding", "2", "stride of 2"]);
    let even = Conv2DTranspose::new(3, 2).output_padding(0).padding(Padding::Same);
    says(&trained(even.into()).unwrap_err(), &["output_padding 0", "hint", "even kernel_size"]);
}
