//! What is wrong is said: the thing, its value, what was expected, and what to do; and nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "../common/mod.rs"]
mod common;
mod data;
mod files;
mod memory;
mod options;
mod pictures;

use common::{draw, weight_bits};
use practicum_core::prelude::*;

/// Four features, three classes, compiled.
fn classifier() -> Sequential {
    let mut model = Sequential::new()
        .add(Input::new([4]))
        .add(Dense::new(8).activation(Activation::Relu))
        .add(Dense::new(3).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    model
}

fn regressor() -> Sequential {
    let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(1));
    model.compile("sgd", "mse", ["mae"]).unwrap();
    model
}

fn quick<'a>() -> Fit<'a> {
    Fit::new().quiet()
}

/// Six examples and their classes.
fn examples() -> (Tensor, Vec<i32>) {
    (draw([6, 4], 1), vec![0, 1, 2, 0, 1, 2])
}

/// Fits on bad data: the error, and a check that no weight moved.
fn fit_error(model: &mut Model, x: impl practicum_core::data::IntoData, y: impl practicum_core::data::IntoData, fit: Fit<'_>) -> Error {
    let before = weight_bits(model);
    let error = model.fit(x, y, fit).unwrap_err();
    assert!(weight_bits(model) == before, "the weights moved before: {error}");
    error
}
