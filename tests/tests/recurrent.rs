//! Recurrent layers in models: masks that travel, states that go from model to model, the same bits everywhere, and errors that
//! name the layer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{bits, draw, fused_sets, says, weight_bits};
use practicum_core::data::Data;
use practicum_core::prelude::*;
use practicum_core::rng::Key;

fn ids(rows: usize, steps: usize, below: u32) -> Data {
    let mut rng = Key::new(5).rng();
    Data::from_i32([rows, steps], (0..rows * steps).map(|_| rng.below(below) as i32).collect()).unwrap()
}

/// Reads in both directions, then once more, with everything that draws random numbers; some steps do not count.
fn reader(cpu: &Cpu) -> Sequential {
    let mut model = Sequential::new()
        .with_cpu(cpu)
        .add(Input::open([None]))
        .add(Embedding::new(50, 12).mask_zero(true))
        .add(Bidirectional::new(LSTM::new(20).return_sequences(true)))
        .add(Bidirectional::new(GRU::new(17).return_sequences(true).dropout(0.2)).merge_mode(MergeMode::Sum))
        .add(SimpleRNN::new(33).return_sequences(true).recurrent_dropout(0.3))
        .add(GRU::new(9).reset_after(false).recurrent_activation(Activation::HardSigmoid))
        .add(Dense::new(1));
    model.compile(Adam::new(0.01), "mse", ()).unwrap();
    model
}

#[test]
fn threads_and_instructions_change_no_bit() {
    let (x, y) = (ids(150, 14, 50), draw([150, 1], 2));
    let train = |cpu: &Cpu| {
        let mut model = reader(cpu);
        model.fit(&x, &y, Fit::new().batch_size(70).epochs(2).quiet()).unwrap();
        (weight_bits(&model), bits(&model.predict(&x).unwrap()))
    };
    let first = train(&Cpu::new(1, Simd::detect()).unwrap());
    for simd in fused_sets() {
        for threads in [1, 2, 4] {
            assert!(train(&Cpu::new(threads, simd).unwrap()) == first, "{threads} threads, {simd}");
        }
    }
    let portable = train(&Cpu::new(1, Simd::Portable).unwrap());
    assert!(train(&Cpu::new(3, Simd::Portable).unwrap()) == portable, "3 threads, portable");
}

#[test]
fn the_portable_path_agrees_to_rounding() {
    let (x, y) = (ids(40, 9, 50).to_tensor().unwrap(), draw([40, 1], 2));
    let step = |simd: Simd| {
        let mut model = reader(&Cpu::new(2, simd).unwrap());
        model.compile(Sgd::new(0.05), "mse", ()).unwrap();
        model.train_on_batch(&x, &y).unwrap();
        model.get_weights()
    };
    for (a, b) in step(Simd::detect()).iter().zip(&step(Simd::Portable)) {
        let largest = a.as_slice().iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        assert!(a.is_close(b, 1e-5 * largest, 0.0));
    }
}

#[test]
fn predictions_do_not_depend_on_the_batch() {
    let (model, x) = (reader(&Cpu::default()), ids(100, 7, 50));
    let whole = bits(&model.predict(ArraySource::new(&x, (), 100).unwrap()).unwrap());
    for size in [1, 7, 32] {
        assert!(bits(&model.predict(ArraySource::new(&x, (), size).unwrap()).unwrap()) == whole, "batches of {size}");
    }
}

/// Words after the end change nothing, whatever lies between the embedding and the layer that uses the mask.
#[test]
fn padding_is_not_read() {
    let between: [fn(Sequential) -> Sequential; 4] = [
        |model| model,
        |model| model.add(Dropout::new(0.5)).add(TimeDistributed::new(Dense::new(5))),
        |model| model.add(SimpleRNN::new(4).return_sequences(true)).add(Activate::new(Activation::Tanh)),
        |model| model.add(Bidirectional::new(GRU::new(3).return_sequences(true))),
    ];
    for between in between {
        let model = Sequential::new().add(Input::open([None])).add(Embedding::new(9, 4).mask_zero(true));
        let model = between(model).add(Bidirectional::new(LSTM::new(3)));
        let short = model.predict(Tensor::from([[3.0, 5.0, 8.0]])).unwrap();
        let long = model.predict(Tensor::from([[3.0, 5.0, 8.0, 0.0, 0.0]])).unwrap();
        let gap = model.predict(Tensor::from([[0.0, 3.0, 0.0, 5.0, 8.0]])).unwrap();
        assert_eq!(bits(&short), bits(&long));
        assert_eq!(bits(&short), bits(&gap));
    }
    let model = Sequential::new().add(Input::open([None, Some(2)])).add(Masking::new(-1.0)).add(GRU::new(3));
    let short = model.predict(Tensor::new([1, 2, 2], vec![0.5, -1.0, 2.0, 0.0]).unwrap()).unwrap();
    let long = model.predict(Tensor::new([1, 3, 2], vec![0.5, -1.0, -1.0, -1.0, 2.0, 0.0]).unwrap()).unwrap();
    assert_eq!(bits(&short), bits(&long));
}

/// A sequence in two halves, the states handed on, is the whole sequence.
#[test]
fn states_go_from_one_call_to_the_next() {
    let input = Input::new([6, 3]).symbol();
    let layer = LSTM::new(5).return_sequences(true).return_state(true);
    let [y, h, c] = practicum_core::layers::SharedLayer::new(layer.clone()).outputs_on(&input);
    let first = Model::new(&input, [&y, &h, &c]).unwrap();
    let given = [Input::new([5]).symbol(), Input::new([5]).symbol()];
    let [y, h, c] = practicum_core::layers::SharedLayer::new(layer).outputs_on([&input, &given[0], &given[1]]);
    let mut second = Model::new([&input, &given[0], &given[1]], [&y, &h, &c]).unwrap();
    second.set_weights(&first.get_weights()).unwrap();

    let x = draw([2, 6, 3], 1);
    let zeros = Tensor::zeros([2, 5]).unwrap();
    let once = first.predict_all(&x).unwrap();
    let from_zeros = second.predict_all([&x, &zeros, &zeros]).unwrap();
    assert!(once[0].is_close(&from_zeros[0], 1e-6, 0.0));
    let twice = second.predict_all([&x, &once[1], &once[2]]).unwrap();
    let last = twice[0].slice(1, 5..6).unwrap().reshape([2, 5]).unwrap();
    assert_eq!(bits(&last), bits(&twice[1]));

    let mut whole = Sequential::new().add(Input::new([12, 3])).add(LSTM::new(5));
    whole.set_weights(&first.get_weights()).unwrap();
    let both = Tensor::concat(&[&x, &x], 1).unwrap();
    assert!(whole.predict(&both).unwrap().is_close(&twice[1], 1e-6, 0.0));
}

#[test]
fn given_vectors_stay_when_they_are_frozen() {
    let vectors = draw([6, 4], 3);
    let build = |frozen: bool| {
        let layer = Embedding::new(6, 4).weights(vectors.clone());
        let layer = if frozen { layer.frozen() } else { layer.into() };
        let mut model = Sequential::new().add(Input::new([3])).add(layer).add(SimpleRNN::new(2)).add(Dense::new(1));
        model.compile("sgd", "mse", ()).unwrap();
        model.train_on_batch(Tensor::from([[0.0, 5.0, 2.0]]), Tensor::from([[1.0]])).unwrap();
        model.get_weights()[0].clone()
    };
    assert_eq!(bits(&build(true)), bits(&vectors));
    let learned = build(false);
    let moved: Vec<bool> = (0..6).map(|row| learned.slice(0, row..row + 1).unwrap() != vectors.slice(0, row..row + 1).unwrap()).collect();
    assert_eq!(moved, [true, false, true, false, false, true]);
}

#[test]
fn paths_name_the_direction() {
    let model = Sequential::new()
        .add(Input::new([4, 3]))
        .add(Bidirectional::new(LSTM::new(2).return_sequences(true)))
        .add(TimeDistributed::new(Dense::new(2)))
        .add(SimpleRNN::new(2));
    let paths: Vec<&str> = model.parameters().iter().map(|parameter| parameter.path()).collect();
    let lstm = |way: &str| ["kernel", "recurrent_kernel", "bias"].map(|name| format!("bidirectional/{way}_lstm/{name}"));
    let rest = ["time_distributed/dense/kernel", "time_distributed/dense/bias", "simple_rnn/kernel", "simple_rnn/recurrent_kernel"];
    let expected: Vec<String> = lstm("forward").into_iter().chain(lstm("backward")).chain(rest.map(str::to_owned)).collect();
    assert_eq!(paths[..10], expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_is_wrong_is_named() {
    let error = |layer: practicum_core::layers::LayerSpec, example: &[usize]| {
        Sequential::new().add(Input::new(example)).add(layer).output_shape().unwrap_err()
    };
    let told = error(LSTM::new(4).into(), &[10]);
    assert!(told.is_shape());
    says(&told, &["layer 0 `lstm` (LSTM 4)", "(batch, steps, features)", "(None, 10)", "return_sequences"]);
    says(&error(GRU::new(0).into(), &[5, 2]), &["units is 0"]);
    says(&error(LSTM::new(3).dropout(1.0).into(), &[5, 2]), &["dropout must be in [0, 1), got 1"]);
    says(&error(LSTM::new(3).activation(Activation::Softmax).into(), &[5, 2]), &["activation", "softmax"]);
    says(&error(LSTM::new(3).return_state(true).into(), &[5, 2]), &["outputs 3 tensors", "Model::new"]);
    says(&error(Bidirectional::new(LSTM::new(3).go_backwards(true)).into(), &[5, 2]), &["both read backwards", "go_backwards"]);
    let uneven = Bidirectional::new(LSTM::new(3)).backward_layer(LSTM::new(2).go_backwards(true)).merge_mode(MergeMode::Sum);
    says(&error(uneven.into(), &[5, 2]), &["3 and 2 units", "concat"]);
    says(&error(Embedding::new(0, 3).into(), &[5]), &["input_dim is 0"]);
    says(&error(Embedding::new(4, 3).weights(draw([3, 3], 1)).into(), &[5]), &["embeddings", "[4, 3]", "[3, 3]"]);
    says(&error(TimeDistributed::new(Dense::new(3)).into(), &[]), &["(batch, steps, …)"]);

    let stateful = serde_json::json!({"units": 3, "stateful": true}).as_object().cloned().unwrap();
    let layer = practicum_core::layers::Registry::default().make("LSTM", stateful).unwrap();
    says(&error(practicum_core::layers::LayerSpec::boxed(layer), &[5, 2]), &["stateful is not served", "return_state"]);

    let mut model = Sequential::new().add(Input::new([3])).add(Embedding::new(4, 2)).add(LSTM::new(2)).add(Dense::new(1));
    model.compile("sgd", "mse", ()).unwrap();
    let told = model.fit(Tensor::from([[0.0, 1.0, 4.0]]), Tensor::from([[1.0]]), Fit::new().quiet()).unwrap_err();
    says(&told, &["layer 0 `embedding` (Embedding 4×2)", "the id 4 at [0, 2] has no row", "0 to 3"]);
}
