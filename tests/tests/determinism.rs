//! The same seed gives the same bits: on any number of threads, on AVX2 and AVX-512, twice in a row, with and without
//! validation, recorded or replayed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::sync::{Arc, Barrier};

use common::{GradientsToWeights, bits, classifier, draw, fused_sets, history_bits, pictures, weight_bits};
use practicum_core::autodiff::{Tape, Var};
use practicum_core::data::Data;
use practicum_core::initializers::Initializer;
use practicum_core::layers::{Build, Call, Config, Conv2DTranspose, Weight, WeightSpec};
use practicum_core::losses::{Loss, MeanSquaredError};
use practicum_core::prelude::*;

type Bits = (Vec<Vec<u32>>, Vec<(String, Vec<u64>)>, Vec<u32>);

const OPTIMIZERS: [&str; 3] = ["adam", "sgd with momentum", "rmsprop"];

fn compile(model: &mut Model, optimizer: &str) {
    let loss = "sparse_categorical_crossentropy";
    match optimizer {
        "sgd with momentum" => model.compile(Sgd::new(0.05).momentum(0.9), loss, ["accuracy"]),
        name => model.compile(name, loss, ["accuracy"]),
    }
    .unwrap();
}

fn data() -> (Data, Vec<i32>) {
    pictures(200, 3)
}

/// Weights, history and predictions of a training of two epochs, the last batch of each a short one.
fn train(seed: u64, cpu: &Cpu, optimizer: &str, validate: bool) -> Bits {
    let (x, y) = data();
    let mut model = classifier(seed, cpu);
    compile(&mut model, optimizer);
    let mut fit = Fit::new().epochs(2).batch_size(48).quiet();
    if validate {
        let (x, y) = pictures(70, 4);
        fit = fit.validation_data(x, y);
    }
    let history = model.fit(&x, y, fit).unwrap();
    (weight_bits(&model), history_bits(&history), bits(&model.predict(&x).unwrap()))
}

fn cpu(threads: usize, simd: Simd) -> Cpu {
    Cpu::new(threads, simd).unwrap()
}

#[test]
fn threads_and_instructions_change_no_bit() {
    for optimizer in OPTIMIZERS {
        let first = train(42, &cpu(1, Simd::detect()), optimizer, true);
        for simd in fused_sets() {
            for threads in [1, 2, 4] {
                assert!(train(42, &cpu(threads, simd), optimizer, true) == first, "{optimizer}: {threads} threads, {simd}");
            }
        }
    }
}

/// Pictures through convolutions, fused with their pools and not, some in groups; with a normalization of the batch.
fn convolutions(cpu: &Cpu) -> Sequential {
    Sequential::new()
        .with_cpu(cpu)
        .add(Input::new([12, 12, 3]))
        .add(Conv2D::new(20, 3).padding(Padding::Same).activation(Activation::Relu))
        .add(MaxPooling2D::new(2))
        .add(Conv2D::new(12, 3).groups(2).use_bias(false))
        .add(BatchNormalization::new())
        .add(AveragePooling2D::new(2).strides(1))
        .add(Conv2DTranspose::new(5, 3).strides(2).padding(Padding::Same))
        .add(MaxPooling2D::new(3).strides(2))
        .add(Flatten::new())
        .add(Dropout::new(0.2))
        .add(Dense::new(4))
}

/// Sequences through LSTM layers, one of them in both directions, and a convolution.
fn sequences(cpu: &Cpu) -> Sequential {
    Sequential::new()
        .with_cpu(cpu)
        .add(Input::new([18, 5]))
        .add(Conv1D::new(10, 4).padding(Padding::Causal).activation(Activation::Relu))
        .add(Bidirectional::new(LSTM::new(17).return_sequences(true)))
        .add(LSTM::new(20).dropout(0.1).recurrent_dropout(0.2))
        .add(Dense::new(4))
}

/// Weights, history and predictions of a training of two epochs on numbers, the last batch of each a short one.
fn train_on_numbers(mut model: Sequential, example: &[usize]) -> Bits {
    let x = draw(Shape::new(&[&[90], example].concat()).unwrap(), 5);
    model.compile(Adam::new(0.01), "mse", ["mae"]).unwrap();
    let history = model.fit(&x, draw([90, 4], 6), Fit::new().epochs(2).batch_size(50).quiet()).unwrap();
    (weight_bits(&model), history_bits(&history), bits(&model.predict(&x).unwrap()))
}

#[test]
fn threads_and_instructions_change_no_bit_of_convolutions_and_sequences() {
    type Build = fn(&Cpu) -> Sequential;
    let models: [(&str, Build, &[usize]); 2] = [("convolutions", convolutions, &[12, 12, 3]), ("sequences", sequences, &[18, 5])];
    for (name, build, example) in models {
        let first = train_on_numbers(build(&cpu(1, Simd::detect())), example);
        assert!(first.0.iter().flatten().all(|bits| f32::from_bits(*bits).is_finite()));
        for simd in fused_sets() {
            for threads in [1, 2, 4] {
                assert!(train_on_numbers(build(&cpu(threads, simd)), example) == first, "{name}: {threads} threads, {simd}");
            }
        }
    }
}

#[test]
fn portable_threads_change_no_bit() {
    let first = train(42, &cpu(1, Simd::Portable), "adam", false);
    assert!(train(42, &cpu(3, Simd::Portable), "adam", false) == first);
}

#[test]
fn a_second_run_gives_the_same_bits() {
    for optimizer in OPTIMIZERS {
        assert!(train(7, &Cpu::default(), optimizer, false) == train(7, &Cpu::default(), optimizer, false), "{optimizer}");
    }
}

#[test]
fn validation_changes_no_weight() {
    let (weights, history, predictions) = train(42, &Cpu::default(), "adam", false);
    let (with_weights, with_history, with_predictions) = train(42, &Cpu::default(), "adam", true);
    assert!(weights == with_weights && predictions == with_predictions);
    assert!(with_history.iter().filter(|(name, _)| !name.starts_with("val_")).eq(history.iter()));
    assert_eq!(with_history.len(), 4);
}

#[test]
fn another_seed_gives_other_numbers() {
    let (a, b) = (train(1, &Cpu::default(), "adam", false), train(2, &Cpu::default(), "adam", false));
    assert!(a.0 != b.0 && a.1 != b.1);
}

#[test]
fn names_decide_no_number() {
    let build = |names: [&str; 3]| {
        let mut model = Sequential::new()
            .add(Input::new([28, 28]))
            .add(Flatten::new())
            .add(Dense::new(16).activation(Activation::Relu).named(names[0]))
            .add(Dropout::new(0.3).named(names[1]))
            .add(Dense::new(10).activation(Activation::Softmax).named(names[2]));
        compile(&mut model, "adam");
        let (x, y) = data();
        let history = model.fit(x, y, Fit::new().quiet()).unwrap();
        (weight_bits(&model), history_bits(&history))
    };
    assert!(build(["dense", "dropout", "dense_1"]) == build(["b", "zz", "a"]));
}

/// Within `1e-5` of the largest value, for the weights after a few steps.
#[test]
fn the_portable_path_agrees_to_rounding() {
    if Simd::detect() == Simd::Portable {
        eprintln!("skipped: this processor has only the portable path");
        return;
    }
    let steps = |simd: Simd| {
        let (x, y) = data();
        let x = x.rows(0..48).unwrap().to_tensor().unwrap();
        let y = Tensor::from(y[..48].iter().map(|class| *class as f32).collect::<Vec<_>>());
        let mut model = classifier(42, &cpu(2, simd));
        compile(&mut model, "sgd with momentum");
        let losses: Vec<f64> = (0..3).map(|_| model.train_on_batch(&x, &y).unwrap().loss).collect();
        (losses, model.get_weights())
    };
    let ((losses, weights), (portable_losses, portable_weights)) = (steps(Simd::detect()), steps(Simd::Portable));
    for (a, b) in losses.iter().zip(&portable_losses) {
        assert!((a - b).abs() <= 1e-5 * a.abs(), "{a} {b}");
    }
    for (a, b) in weights.iter().zip(&portable_weights) {
        let largest = a.as_slice().iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        assert!(a.is_close(b, 1e-5 * largest, 0.0));
    }
}

#[test]
fn eight_threads_predict_as_one() {
    let (x, y) = data();
    let mut model = classifier(42, &cpu(2, Simd::detect()));
    compile(&mut model, "adam");
    model.fit(&x, y, Fit::new().quiet()).unwrap();
    let parts: Vec<Data> = (0..8).map(|part| x.rows(part * 25..25 + part * 25 - part).unwrap()).collect();
    let alone: Vec<Vec<u32>> = parts.iter().map(|part| bits(&model.predict(part).unwrap())).collect();
    let (model, barrier) = (Arc::new(model), Arc::new(Barrier::new(8)));
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .iter()
            .map(|part| {
                let (model, barrier) = (model.clone(), barrier.clone());
                scope.spawn(move || {
                    barrier.wait();
                    (0..6).map(|_| bits(&model.predict(part).unwrap())).collect::<Vec<_>>()
                })
            })
            .collect();
        for (thread, alone) in threads.into_iter().zip(&alone) {
            assert!(thread.join().unwrap().iter().all(|together| together == alone));
        }
    });
}

#[test]
fn predictions_do_not_depend_on_the_batch_size() {
    let (x, _) = data();
    let model = classifier(42, &Cpu::default());
    let whole = bits(&model.predict(ArraySource::new(&x, (), 200).unwrap()).unwrap());
    for size in [1, 7, 32, 1000] {
        assert!(bits(&model.predict(ArraySource::new(&x, (), size).unwrap()).unwrap()) == whole, "batches of {size}");
    }
}

type Graph = fn(&Var, &Var, &Var) -> Result<Var>;

/// A layer that computes a graph of its input and two square matrices.
#[derive(Clone, Debug)]
struct Drawn {
    size: usize,
    graph: Graph,
    weights: [Weight; 2],
}

impl Layer for Drawn {
    fn class_name(&self) -> &'static str {
        "Drawn"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        for (weight, name) in self.weights.iter_mut().zip(["a", "b"]) {
            let normal = Initializer::RandomNormal { mean: 0.0, stddev: 0.4 };
            *weight = cx.weight(WeightSpec::new(name, &[self.size, self.size]).initializer(normal))?;
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        (self.graph)(x, &cx.weight(self.weights[0])?, &cx.weight(self.weights[1])?)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// Graphs that use a parameter once, many times, through reshapes, detached, and after another is complete.
const GRAPHS: [(&str, Graph); 8] = [
    ("a chain", |x, a, b| x.matmul(a)?.tanh()?.matmul(b)),
    ("a parameter used thrice", |x, a, b| x.matmul(a)?.tanh()?.matmul(a)?.sigmoid()?.matmul(a)?.add(&x.matmul(b)?)),
    ("a parameter beside itself", |x, a, b| x.matmul(&a.mul(a)?)?.matmul(&b.sub(b)?.add(b)?)),
    ("a shared expression", |x, a, b| {
        let shared = x.matmul(a)?.relu()?;
        shared.mul(&shared)?.add(&shared.matmul(b)?)?.sub(&shared)
    }),
    ("views", |x, a, b| {
        let flat = a.reshape([a.shape().size()])?;
        let back = flat.reshape(a.shape())?.transpose()?;
        x.matmul(&back)?.matmul(&a.add(b)?)
    }),
    ("a detached parameter", |x, a, b| x.matmul(b)?.matmul(&a.detach())?.matmul(a)),
    ("a detached value", |x, a, b| {
        let y = x.matmul(a)?.tanh()?;
        y.mul(&y.detach())?.matmul(b)
    }),
    ("parts", |x, a, b| {
        let (left, right) = (a.slice(1, 0..3)?, b.slice(1, 3..a.shape()[1])?);
        let both = Var::concat(&[&left, &right], 1)?;
        x.matmul(&both)?.softmax()?.matmul(&b.mul(&both)?)
    }),
];

#[test]
fn a_replayed_program_gives_the_bits_of_the_tape() {
    for (name, graph) in GRAPHS {
        for (size, rows) in [(5, 3), (64, 40)] {
            let mut model = Sequential::new().add(Input::new([size])).add(Drawn { size, graph, weights: Default::default() });
            model.compile(GradientsToWeights::new(), "mse", ()).unwrap();
            let (x, y, weights) = (draw([rows, size], 1), draw([rows, size], 2), model.get_weights());

            let tape = Tape::new();
            let vars = [tape.constant(x.clone()), tape.variable(weights[0].clone()), tape.variable(weights[1].clone())];
            let output = graph(&vars[0], &vars[1], &vars[2]).unwrap();
            let loss = MeanSquaredError.call(&tape.constant(y.clone()), &output).unwrap().mean().unwrap();
            let gradients = loss.backward().unwrap();
            let eager: Vec<Vec<u32>> = vars[1..].iter().map(|var| bits(&gradients.of(var).unwrap())).collect();
            assert_eq!(
                bits(&model.predict(ArraySource::new(&x, (), rows).unwrap()).unwrap()),
                bits(&output.value().unwrap()),
                "{name}: the output"
            );

            // Replayed twice, so that what one run leaves in the buffers meets the next.
            for _ in 0..2 {
                model.set_weights(&weights).unwrap();
                let logs = model.train_on_batch(&x, &y).unwrap();
                assert_eq!((logs.loss as f32).to_bits(), loss.value().unwrap().item().unwrap().to_bits(), "{name}: the loss");
                assert!(weight_bits(&model) == eager, "{name}: the gradients, {rows}×{size}");
            }
        }
    }
}
