use practicum_core::layers::LayerSpec;
use practicum_core::prelude::*;
use practicum_core::rng::Key;

use super::*;
use crate::augment::FillMode;

/// Pictures of numbers from 0 to 255.
fn pictures(count: usize, height: usize, width: usize, channels: usize) -> Tensor {
    let mut numbers = vec![0.0; count * height * width * channels];
    Key::new(5).fill_uniform(&mut numbers);
    numbers.iter_mut().for_each(|number| *number *= 255.0);
    Tensor::new([count, height, width, channels], numbers).unwrap()
}

/// What a model of one layer makes of pictures while it trains.
fn trained(layer: impl Into<LayerSpec>, x: &Tensor, seed: u64) -> Tensor {
    let dims = x.shape().dims().to_vec();
    let model = Sequential::new().with_seed(seed).add(Input::new([dims[1], dims[2], dims[3]])).add(layer);
    let tape = model.tape();
    model.call(&tape.constant(x.clone()), true).unwrap().output.value().unwrap()
}

fn every_layer() -> Vec<Box<dyn Layer>> {
    vec![
        Box::new(RandomFlip::new(FlipMode::HorizontalAndVertical)),
        Box::new(RandomRotation::new(0.2).fill_mode(FillMode::Nearest)),
        Box::new(RandomTranslation::new(0.2, (0.0, 0.3)).fill_mode(FillMode::Reflect)),
        Box::new(RandomZoom::new(0.3).width_factor((0.0, 0.2)).fill_mode(FillMode::Constant).fill_value(3.0)),
        Box::new(RandomContrast::new(0.5)),
        Box::new(RandomBrightness::new(0.5)),
        Box::new(RandomCrop::new(4, 5)),
        Box::new(CenterCrop::new(4, 5)),
        Box::new(Resizing::new(4, 5).interpolation("area").crop_to_aspect_ratio(true)),
    ]
}

#[test]
fn options_come_back_from_json() {
    let registry = registry();
    for layer in every_layer() {
        let again = registry.make(layer.class_name(), layer.config()).unwrap();
        assert_eq!((again.class_name(), again.config()), (layer.class_name(), layer.config()));
    }
    let mut config = RandomRotation::new(0.2).config();
    config.insert("data_format".into(), "channels_first".into());
    let error = registry.make("RandomRotation", config).unwrap_err().to_string();
    assert!(error.contains("RandomRotation with data_format = \"channels_first\" has no counterpart here"), "{error}");
    let mut config = RandomRotation::new(0.2).config();
    config.insert("factor".into(), 0.25.into());
    config.insert("seed".into(), 7.into());
    assert_eq!(registry.make("RandomRotation", config).unwrap().config()["factor"], serde_json::json!([-0.25, 0.25]));
}

#[test]
fn nothing_happens_without_training_or_range() {
    let x = pictures(3, 6, 7, 3);
    let idle: [Box<dyn Layer>; 5] = [
        Box::new(RandomRotation::new(0.0)),
        Box::new(RandomTranslation::new(0.0, 0.0)),
        Box::new(RandomZoom::new(0.0)),
        Box::new(RandomContrast::new(0.0)),
        Box::new(RandomBrightness::new(0.0)),
    ];
    for layer in idle {
        let y = trained(LayerSpec::boxed(layer.boxed_clone()), &x, 1);
        let apart = x.as_slice().iter().zip(y.as_slice()).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-3, "{layer:?} {apart}");
    }
    let mut model = Sequential::new().add(Input::new([6, 7, 3]));
    for layer in every_layer().into_iter().take(6) {
        model = model.add(LayerSpec::boxed(layer));
    }
    assert_eq!(model.predict(&x).unwrap(), x);
}

#[test]
fn draws_differ_by_row_and_seed_and_are_the_same_again() {
    let one = pictures(1, 8, 8, 1);
    let eight = Tensor::new([8, 8, 8, 1], one.as_slice().repeat(8)).unwrap();
    let y = trained(RandomRotation::new(0.5), &eight, 1);
    assert_eq!(y, trained(RandomRotation::new(0.5), &eight, 1));
    assert_ne!(y, trained(RandomRotation::new(0.5), &eight, 2));
    let rows: Vec<&[f32]> = y.as_slice().chunks(64).collect();
    assert!((1..8).all(|row| rows[row] != rows[0]));
}

#[test]
fn laws_of_the_random_layers() {
    let x = pictures(64, 5, 6, 1);
    // A flipped picture has the same numbers, and half of them are flipped.
    let y = trained(RandomFlip::horizontal(), &x, 3);
    let mut flipped = 0;
    for (x, y) in x.as_slice().chunks(30).zip(y.as_slice().chunks(30)) {
        let mirrored: Vec<f32> = x.chunks(6).flat_map(|row| row.iter().rev().copied()).collect();
        assert!(y == x || y == mirrored);
        flipped += usize::from(y == mirrored);
    }
    assert!((20..44).contains(&flipped), "{flipped} of 64");
    // Contrast keeps the mean where nothing is cut off; brightness moves it by less than its factor.
    let grey = Tensor::new([64, 5, 6, 1], x.as_slice().iter().map(|value| 100.0 + value / 10.0).collect()).unwrap();
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (contrast, bright) = (trained(RandomContrast::new(0.5), &grey, 3), trained(RandomBrightness::new(0.1), &grey, 3));
    for row in 0..64 {
        let of = |tensor: &Tensor| mean(&tensor.as_slice()[row * 30..][..30]);
        assert!((of(&contrast) - of(&grey)).abs() < 0.01);
        assert!((of(&bright) - of(&grey)).abs() <= 25.6);
    }
    // What is looked at never leaves the numbers of the picture, nor the value range.
    for layer in every_layer().into_iter().take(6) {
        let y = trained(LayerSpec::boxed(layer), &x, 4);
        assert!(y.as_slice().iter().all(|value| (0.0..=255.0).contains(value)));
    }
}

#[test]
fn a_crop_is_a_part_of_the_picture() {
    let x = Tensor::new([2, 4, 5, 1], (0..40).map(|value| value as f32).collect()).unwrap();
    let y = trained(RandomCrop::new(2, 3), &x, 9);
    let first = y.as_slice()[0];
    let expected = [0.0, 1.0, 2.0, 5.0, 6.0, 7.0].map(|step| first + step);
    assert_eq!(&y.as_slice()[..6], expected);
    assert_eq!(y.as_slice()[6], first + 20.0);
}

#[test]
fn what_cannot_be_is_refused_when_the_model_is_built() {
    let refused = |layer: Box<dyn Layer>| {
        let model = Sequential::new().add(Input::new([6, 7, 3])).add(LayerSpec::boxed(layer));
        model.output_shape().unwrap_err().to_string()
    };
    assert!(refused(Box::new(RandomRotation::new(1.5))).contains("factor must be within [-1, 1]"));
    assert!(refused(Box::new(RandomTranslation::new((0.3, 0.1), 0.1))).contains("height_factor"));
    assert!(refused(Box::new(RandomZoom::new(f64::NAN))).contains("height_factor"));
    assert!(refused(Box::new(RandomZoom::new(0.1).interpolation("bilinaer"))).contains("`bilinear`"));
    assert!(refused(Box::new(CenterCrop::new(0, 2))).contains("1 or more"));
    assert!(refused(Box::new(Resizing::new(2, 2).interpolation("cubic"))).contains("known are"));
    let flat = Sequential::new().add(Input::new([6])).add(RandomFlip::horizontal());
    assert!(flat.output_shape().unwrap_err().to_string().contains("expected pictures (batch, height, width, channels)"));
}
