//! Which layers hand on the mask of their input, and what those compute that look at it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{draw, says};
use practicum_core::layers::{
    ActivityRegularization, AlphaDropout, BatchNormalization, ELU, GaussianDropout, GaussianNoise, GroupNormalization, LayerNormalization,
    LayerSpec, LeakyReLU, Masking, Normalization, PReLU, Permute, RMSNormalization, ReLU, Rescaling, Softmax, SpatialDropout1D,
    SpatialDropout2D, UnitNormalization,
};
use practicum_core::prelude::*;

/// Whether a mask of the input is one of the output, in training and otherwise.
fn hands_on(layer: impl Layer) -> bool {
    let model = Sequential::new().add(Input::new([3, 4])).add(Masking::new(0.0)).add(LayerSpec::from(layer));
    let seen = [true, false].map(|training| {
        let tape = model.tape();
        model.call(&tape.constant(draw([2, 3, 4], 1)), training).unwrap().masks[0].is_some()
    });
    assert_eq!(seen[0], seen[1]);
    seen[0]
}

#[test]
fn masks_go_as_far_as_in_keras() {
    assert!(hands_on(BatchNormalization::new()));
    assert!(hands_on(LayerNormalization::new()));
    assert!(hands_on(GroupNormalization::new(2)));
    assert!(hands_on(UnitNormalization::new()));
    assert!(hands_on(Normalization::new()));
    assert!(hands_on(Rescaling::new(2.0)));
    assert!(hands_on(Dropout::new(0.5)));
    assert!(hands_on(SpatialDropout1D::new(0.5)));
    assert!(hands_on(GaussianNoise::new(0.5)));
    assert!(hands_on(GaussianDropout::new(0.5)));
    assert!(hands_on(AlphaDropout::new(0.5)));
    assert!(hands_on(ReLU::new()));
    assert!(hands_on(LeakyReLU::new()));
    assert!(hands_on(ELU::new()));
    assert!(hands_on(PReLU::new()));
    assert!(hands_on(ActivityRegularization::new().l1(0.1)));
    assert!(!hands_on(RMSNormalization::new()));
    assert!(!hands_on(Permute::new([1, 2])));
}

#[test]
fn a_mask_of_the_wrong_shape_is_named() {
    let masked = |layer: LayerSpec| {
        let model = Sequential::new().add(Input::new([3, 4])).add(Masking::new(0.0)).add(layer);
        let tape = model.tape();
        model.call(&tape.constant(draw([2, 3, 4], 1)), true).unwrap_err()
    };
    says(&masked(Softmax::new().into()), &["layer 1 `softmax`", "[2, 3, 4]", "[2, 3]"]);
    says(&masked(BatchNormalization::new().axis(1).into()), &["layer 1 `batch_normalization`", "last axis"]);
}

#[test]
fn pictures_lose_whole_channels() {
    let model = Sequential::new().add(Input::new([5, 4, 8])).add(SpatialDropout2D::new(0.5));
    let tape = model.tape();
    let y = model.call(&tape.constant(Tensor::ones([6, 5, 4, 8]).unwrap()), true).unwrap().output.value().unwrap();
    let rows: Vec<&[f32]> = y.as_slice().chunks_exact(8).collect();
    assert!(rows.chunks_exact(20).all(|example| example.iter().all(|place| place == &example[0])));
    let kept = y.as_slice().iter().filter(|y| **y == 2.0).count();
    assert!(kept > 0 && kept < y.len() && y.as_slice().iter().all(|y| *y == 0.0 || *y == 2.0));
}
