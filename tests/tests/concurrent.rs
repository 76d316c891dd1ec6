//! Predictions from many threads at once are those made one after the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{bits, draw};
use practicum_core::layers::{BatchNormalization, Concatenate, Embedding, GroupNormalization, LSTM, LayerNormalization};
use practicum_core::prelude::*;

/// Asks for the same predictions one by one, and from eight threads that begin together and take the batches in different
/// order. The second time, all programs are there.
fn check(model: &Model, batches: &[Vec<Tensor>]) {
    let expected: Vec<Vec<u32>> = batches.iter().map(|x| bits(&model.predict_all(&x[..]).unwrap()[0])).collect();
    for _ in 0..2 {
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (start, expected) = (&start, &expected);
                scope.spawn(move || {
                    start.wait();
                    for i in 0..batches.len() {
                        let place = (i * 3 + thread) % batches.len();
                        let got = bits(&model.predict_all(&batches[place][..]).unwrap()[0]);
                        assert!(got == expected[place], "batch {place} on thread {thread}");
                    }
                });
            }
        });
    }
}

fn batches(example: &[usize]) -> Vec<Vec<Tensor>> {
    [1, 5, 32, 33, 70].iter().zip(0..).map(|(rows, seed)| vec![draw(Shape::new(&[&[*rows], example].concat()).unwrap(), seed)]).collect()
}

#[test]
fn a_dense_model() {
    let hidden = || Dense::new(64).activation(Activation::Relu);
    let model = Sequential::new().add(Input::new([20])).add(hidden()).add(Dropout::new(0.5)).add(hidden()).add(Dense::new(3));
    check(&model, &batches(&[20]));
}

#[test]
fn a_model_with_normalizations_after_training() {
    let mut model = Sequential::new()
        .add(Input::new([6, 8]))
        .add(BatchNormalization::new())
        .add(GroupNormalization::new(2))
        .add(LayerNormalization::new().axis([1, 2]))
        .add(Flatten::new())
        .add(Dense::new(2));
    model.compile("adam", "mse", ()).unwrap();
    model.fit(draw([64, 6, 8], 1), draw([64, 2], 2), Fit::new().epochs(2).quiet()).unwrap();
    check(&model, &batches(&[6, 8]));
}

#[test]
fn a_recurrent_model_with_masks() {
    let model = Sequential::new().add(Input::open([None])).add(Embedding::new(50, 8).mask_zero(true)).add(LSTM::new(12)).add(Dense::new(1));
    let ids = |rows: usize, steps: usize| {
        let id = |i: usize| if i % 7 < 2 { 0.0 } else { (i * 31 % 50) as f32 };
        Tensor::new([rows, steps], (0..rows * steps).map(id).collect()).unwrap()
    };
    check(&model, &[vec![ids(1, 4)], vec![ids(32, 9)], vec![ids(70, 9)], vec![ids(5, 13)]]);
}

#[test]
fn a_model_with_two_inputs() {
    let (a, b) = (Input::new([5]).symbol(), Input::new([3]).symbol());
    let joined = Concatenate::new().on([&Dense::new(16).activation(Activation::Tanh).on(&a), &b]);
    let model = Model::new([&a, &b], Dense::new(2).on(&joined)).unwrap();
    check(&model, &[vec![draw([1, 5], 1), draw([1, 3], 2)], vec![draw([40, 5], 3), draw([40, 3], 4)]]);
}
