//! A convolution and the maxima or means after it, or word vectors and their mean, run as one operation in a model, and as two in a
//! custom loop: the bits are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{bits, draw, weight_bits};
use practicum_core::autodiff::Tape;
use practicum_core::losses::{Loss, MeanSquaredError};
use practicum_core::prelude::*;

fn model(activation: Activation, kernel: usize, threads: usize, simd: Simd) -> Sequential {
    let mut model = Sequential::new()
        .with_cpu(&Cpu::new(threads, simd).unwrap())
        .add(Input::new([11, 12, 3]))
        .add(Conv2D::new(20, kernel).activation(activation))
        .add(MaxPooling2D::new((2, 3)))
        .add(Conv2D::new(6, 2).padding(Padding::Same).activation(activation))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(2));
    model.compile(Sgd::new(0.05).momentum(0.9), "mse", ()).unwrap();
    model
}

fn step_by_hand(model: &mut Model, x: &Tensor, y: &Tensor) {
    let tape: Tape = model.tape();
    let traced = model.call(&tape.constant(x.clone()), true).unwrap();
    let loss = MeanSquaredError.mean(&tape.constant(y.clone()), &traced.output, None).unwrap();
    model.apply_gradients(&traced.gradients(&loss).unwrap()).unwrap();
}

#[test]
fn one_operation_has_the_bits_of_two_on_any_number_of_threads() {
    let (x, y) = (draw([10, 11, 12, 3], 1), draw([10, 2], 2));
    for (activation, kernel) in [(Activation::Relu, 3), (Activation::Linear, 3), (Activation::Tanh, 2), (Activation::Relu, 4)] {
        let mut first: Option<Vec<Vec<u32>>> = None;
        for simd in Simd::available().filter(|simd| simd.is_fused()) {
            for threads in [1, 2, 4] {
                let [mut fused, mut apart] = [(); 2].map(|()| model(activation, kernel, threads, simd));
                let tape = apart.tape();
                let eager = apart.call(&tape.constant(x.clone()), false).unwrap().output.value().unwrap();
                assert_eq!(bits(&fused.predict(ArraySource::new(&x, (), 10).unwrap()).unwrap()), bits(&eager));
                for _ in 0..3 {
                    fused.train_on_batch(&x, &y).unwrap();
                    step_by_hand(&mut apart, &x, &y);
                }
                assert_eq!(weight_bits(&fused), weight_bits(&apart), "{activation} {simd} {threads}");
                assert_eq!(first.get_or_insert_with(|| weight_bits(&fused)), &weight_bits(&fused), "{simd} on {threads} threads");
            }
        }
    }
}

/// Layers that are computed with fewer multiplications: a pool of 2×2 and another, odd sizes and padding.
fn tiled(threads: usize, simd: Simd) -> Sequential {
    let conv = |filters: usize| Conv2D::new(filters, 3).activation(Activation::Relu);
    let mut model = Sequential::new()
        .with_cpu(&Cpu::new(threads, simd).unwrap())
        .add(Input::new([43, 65, 3]))
        .add(conv(16))
        .add(MaxPooling2D::new(2))
        .add(conv(32).padding(Padding::Same))
        .add(MaxPooling2D::new((1, 2)))
        .add(conv(16).use_bias(false))
        .add(conv(32).padding(Padding::Same))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(2));
    model.compile(Sgd::new(0.05).momentum(0.9), "mse", ()).unwrap();
    model
}

#[test]
fn tiles_have_the_same_bits_in_one_operation_and_in_two_and_in_any_batch() {
    let (x, y) = (draw([10, 43, 65, 3], 1), draw([10, 2], 2));
    let mut first: Option<Vec<Vec<u32>>> = None;
    for simd in Simd::available().filter(|simd| simd.is_fused()) {
        for threads in [1, 2, 4] {
            let [mut fused, mut apart] = [(); 2].map(|()| tiled(threads, simd));
            let tape = apart.tape();
            let eager = apart.call(&tape.constant(x.clone()), false).unwrap().output.value().unwrap();
            for batch in [10, 3, 1] {
                assert_eq!(bits(&fused.predict(ArraySource::new(&x, (), batch).unwrap()).unwrap()), bits(&eager), "in batches of {batch}");
            }
            for _ in 0..3 {
                fused.train_on_batch(&x, &y).unwrap();
                step_by_hand(&mut apart, &x, &y);
            }
            assert_eq!(weight_bits(&fused), weight_bits(&apart), "{simd} {threads}");
            assert_eq!(first.get_or_insert_with(|| weight_bits(&fused)), &weight_bits(&fused), "{simd} on {threads} threads");
        }
    }
}

#[test]
fn not_a_number_is_found_in_the_layer_where_it_begins() {
    let mut model = tiled(2, Simd::detect());
    let x = draw([2, 43, 65, 3], 1);
    assert_eq!(model.find_non_finite(&x, false).unwrap(), None);
    // Numbers that are finite, and whose products are not.
    let kernel = model.get_layer("conv2d_1").unwrap().get_weights()[0].to_vec();
    let kernel = kernel.iter().map(|w| if *w > 0.0 { 1e38 } else { *w }).collect();
    model.set_weight("conv2d_1/kernel", Tensor::new([3, 3, 16, 32], kernel).unwrap()).unwrap();
    let found = model.find_non_finite(&x, false).unwrap().unwrap();
    assert!(found.layer.contains("`conv2d_1`") && !found.bad_input && found.bad_parameters.is_empty(), "{found}");
}

#[test]
fn means_of_maps_have_the_bits_of_maps_and_means() {
    let (x, sequences, y) = (draw([10, 9, 8, 3], 1), draw([10, 30, 4], 2), draw([10, 2], 3));
    for (activation, filters) in [(Activation::Relu, 20), (Activation::Linear, 7), (Activation::Tanh, 16), (Activation::Relu, 1)] {
        let of_pictures = || {
            let model = Sequential::new().add(Input::new([9, 8, 3])).add(Conv2D::new(5, 2));
            model.add(Conv2D::new(filters, 3).activation(activation)).add(GlobalAveragePooling2D::new())
        };
        let of_sequences = || {
            let convolution = Conv1D::new(filters, 5).padding(Padding::Causal).activation(activation);
            Sequential::new().add(Input::new([30, 4])).add(convolution).add(GlobalAveragePooling1D::new())
        };
        let mut first: [Option<Vec<Vec<u32>>>; 2] = [None, None];
        for threads in [1, 3] {
            let compiled = |model: Sequential| {
                let mut model = model.with_cpu(&Cpu::new(threads, Simd::detect()).unwrap()).add(Dense::new(2));
                model.compile(Sgd::new(0.05).momentum(0.9), "mse", ()).unwrap();
                model
            };
            let pairs = [[(); 2].map(|()| compiled(of_pictures())), [(); 2].map(|()| compiled(of_sequences()))];
            for (([mut fused, mut apart], x), first) in pairs.into_iter().zip([&x, &sequences]).zip(&mut first) {
                let tape = apart.tape();
                let eager = apart.call(&tape.constant(x.clone()), false).unwrap().output.value().unwrap();
                assert_eq!(bits(&fused.predict(ArraySource::new(x, (), 10).unwrap()).unwrap()), bits(&eager));
                for _ in 0..3 {
                    fused.train_on_batch(x, &y).unwrap();
                    step_by_hand(&mut apart, x, &y);
                }
                assert_eq!(weight_bits(&fused), weight_bits(&apart), "{activation} of {filters} on {threads} threads");
                assert_eq!(first.get_or_insert_with(|| weight_bits(&fused)), &weight_bits(&fused));
            }
        }
    }
}

#[test]
fn means_of_word_vectors_have_the_bits_of_vectors_and_means() {
    // Widths with and without a remainder, and batches above and below what is shared by threads.
    for (rows, steps, width) in [(3, 5, 7), (9, 300, 16), (70, 40, 37), (4, 30, 1), (4, 1, 3)] {
        let ids = (0..rows * steps).map(|place| (place * place * 7919 % 50) as f32).collect();
        let ids = Tensor::new([rows, steps], ids).unwrap();
        let y = draw([rows, 2], 4);
        let mut first: Option<Vec<Vec<u32>>> = None;
        for threads in [1, 3] {
            let [mut fused, mut apart] = [(); 2].map(|()| {
                let mut model = Sequential::new()
                    .with_cpu(&Cpu::new(threads, Simd::detect()).unwrap())
                    .add(Input::new([steps]))
                    .add(Embedding::new(50, width))
                    .add(GlobalAveragePooling1D::new())
                    .add(Dense::new(2));
                model.compile(Sgd::new(0.05).momentum(0.9), "mse", ()).unwrap();
                model
            });
            let tape = apart.tape();
            let eager = apart.call(&tape.constant(ids.clone()), false).unwrap().output.value().unwrap();
            assert_eq!(bits(&fused.predict(ArraySource::new(&ids, (), rows).unwrap()).unwrap()), bits(&eager));
            for _ in 0..3 {
                fused.train_on_batch(&ids, &y).unwrap();
                step_by_hand(&mut apart, &ids, &y);
            }
            assert_eq!(weight_bits(&fused), weight_bits(&apart), "{steps}×{width} on {threads} threads");
            assert_eq!(first.get_or_insert_with(|| weight_bits(&fused)), &weight_bits(&fused));
        }
    }
}

/// The map between is kept where somebody asks for it.
#[test]
fn what_is_asked_for_is_not_fused_away() {
    let x = draw([3, 11, 12, 3], 1);
    let model = model(Activation::Relu, 3, 1, Simd::detect());
    let between = model.up_to(&["conv2d", "max_pooling2d"]).unwrap().predict_all(&x).unwrap();
    assert_eq!(between[0].shape().dims(), [3, 9, 10, 20]);
    assert_eq!(between[1], between[0].max_pool2d([2, 3], [2, 3], Padding::Valid).unwrap());
}
