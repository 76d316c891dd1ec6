//! Workloads of sequences: embeddings, recurrent layers, windows of series.

use std::time::Instant;

use anyhow::Result;
use practicum_core::data::Data;
use practicum_core::losses::Huber;
use practicum_core::prelude::*;
use practicum_core::rng::Key;

use super::measure::{Bench, Case, OURS};

/// A network with what it learns from: `steps` batches.
struct Net {
    model: Sequential,
    x: Data,
    y: Data,
    batch: usize,
    /// Operations of the products of one step.
    flops: usize,
}

impl Net {
    /// Times epochs of `fit`, and the first step with all that is made for it.
    fn measure(self, bench: &mut Bench, made: Instant) -> Result<()> {
        let Self { mut model, x, y, batch, flops } = self;
        model.set_cpu(bench.cpu());
        model.fit(&x, &y, Fit::new().batch_size(batch).steps_per_epoch(1).quiet())?;
        let first = made.elapsed().as_secs_f64();
        let steps = x.len() / batch;
        let call = Box::new(|| Ok(model.fit(&x, &y, Fit::new().batch_size(batch).quiet()).map(drop)?));
        bench.measure(vec![Case { measure: "fit", by: OURS, steps, samples: batch, flops: flops as f64, call }])?;
        bench.first(first);
        Ok(())
    }
}

fn ids(rows: usize, steps: usize, below: u32, seed: u64) -> Result<Data> {
    let mut rng = Key::new(seed).rng();
    Ok(Data::from_i32([rows, steps], (0..rows * steps).map(|_| rng.below(below) as i32).collect())?)
}

fn labels(rows: usize) -> Result<Data> {
    ids(rows, 1, 2, 2)
}

fn uniform(shape: impl Into<Shape>, seed: u64, scale: f32) -> Result<Data> {
    let shape = shape.into();
    let mut values = vec![0.0; shape.size()];
    Key::new(seed).fill_uniform(&mut values);
    values.iter_mut().for_each(|x| *x *= scale);
    Ok(Data::from_tensor(Tensor::new(shape, values)?)?)
}

/// Operations of a training step of a dense layer: three products, two where nobody asks for the input's gradient.
fn dense(rows: usize, inputs: usize, units: usize, products: usize) -> usize {
    products * 2 * rows * inputs * units
}

/// The same of a recurrent layer with so many gates.
fn recurrent(rows: usize, steps: usize, inputs: usize, units: usize, gates: usize) -> usize {
    3 * 2 * rows * steps * gates * units * (inputs + units)
}

fn relu(units: usize) -> Dense {
    Dense::new(units).activation(Activation::Relu)
}

fn yes_or_no() -> Dense {
    Dense::new(1).activation(Activation::Sigmoid)
}

/// W6: word vectors and their mean.
pub(super) fn word_means(bench: &mut Bench) -> Result<()> {
    let (made, rows) = (Instant::now(), 200 * 32);
    let mut model = Sequential::new().add(Input::new([120])).add(Embedding::new(10_000, 16));
    model = model.add(Lambda::new("mean_of_steps", |x| x.mean_axis(1))).add(relu(24)).add(yes_or_no());
    model.compile("adam", "binary_crossentropy", "accuracy")?;
    let flops = dense(32, 16, 24, 3) + dense(32, 24, 1, 3);
    Net { model, x: ids(rows, 120, 10_000, 1)?, y: labels(rows)?, batch: 32, flops }.measure(bench, made)
}

fn headlines(bench: &mut Bench, layer: impl Layer, gates: usize) -> Result<()> {
    let (made, rows) = (Instant::now(), 20 * 32);
    let model = Sequential::new().add(Input::new([120])).add(Embedding::new(1000, 16)).add(layer);
    let mut model = model.add(relu(24)).add(yes_or_no());
    model.compile("adam", "binary_crossentropy", "accuracy")?;
    let flops = 2 * recurrent(32, 120, 16, 32, gates) + dense(32, 64, 24, 3) + dense(32, 24, 1, 3);
    Net { model, x: ids(rows, 120, 1000, 1)?, y: labels(rows)?, batch: 32, flops }.measure(bench, made)
}

/// W7: headlines by an LSTM in both directions.
pub(super) fn headlines_lstm(bench: &mut Bench) -> Result<()> {
    headlines(bench, Bidirectional::new(LSTM::new(32)), 4)
}

/// W7c: headlines by a GRU in both directions.
pub(super) fn headlines_gru(bench: &mut Bench) -> Result<()> {
    headlines(bench, Bidirectional::new(GRU::new(32)), 3)
}

/// W7b: reviews by two LSTM in both directions.
pub(super) fn reviews(bench: &mut Bench) -> Result<()> {
    let (made, rows) = (Instant::now(), 3 * 64);
    let model = Sequential::new().add(Input::new([300])).add(Embedding::new(8185, 64));
    let model = model.add(Bidirectional::new(LSTM::new(64).return_sequences(true))).add(Bidirectional::new(LSTM::new(32)));
    let mut model = model.add(relu(64)).add(yes_or_no());
    model.compile("adam", "binary_crossentropy", "accuracy")?;
    let flops = 2 * (recurrent(64, 300, 64, 64, 4) + recurrent(64, 300, 128, 32, 4)) + dense(64, 64, 64, 3) + dense(64, 64, 1, 3);
    Net { model, x: ids(rows, 300, 8185, 1)?, y: labels(rows)?, batch: 64, flops }.measure(bench, made)
}

/// W10: the next word of a sonnet.
pub(super) fn sonnets(bench: &mut Bench) -> Result<()> {
    const WORDS: usize = 3211;
    let (made, rows) = (Instant::now(), 10 * 32);
    let model = Sequential::new().add(Input::new([10])).add(Embedding::new(WORDS, 100));
    let model = model.add(Bidirectional::new(LSTM::new(150).return_sequences(true))).add(Dropout::new(0.2)).add(LSTM::new(100));
    let model = model.add(relu(WORDS / 2).kernel_regularizer(Regularizer::l2(0.01)));
    let mut model = model.add(Dense::new(WORDS).activation(Activation::Softmax));
    model.compile("adam", "categorical_crossentropy", "accuracy")?;
    let mut one_hot = vec![0.0; rows * WORDS];
    one_hot.chunks_exact_mut(WORDS).enumerate().for_each(|(row, y)| y[row * 7919 % WORDS] = 1.0);
    let y = Data::from_tensor(Tensor::new([rows, WORDS], one_hot)?)?;
    let recurrent = 2 * recurrent(32, 10, 100, 150, 4) + recurrent(32, 10, 300, 100, 4);
    let flops = recurrent + dense(32, 100, WORDS / 2, 3) + dense(32, WORDS / 2, WORDS, 3);
    Net { model, x: ids(rows, 10, WORDS as u32, 1)?, y, batch: 32, flops }.measure(bench, made)
}

/// W11: windows of a series by dense layers.
pub(super) fn windows(bench: &mut Bench) -> Result<()> {
    let (made, rows) = (Instant::now(), 980);
    let mut model = Sequential::new().add(Input::new([20])).add(relu(10)).add(relu(10)).add(Dense::new(1));
    model.compile(Sgd::new(1e-6).momentum(0.9), "mean_squared_error", ())?;
    let flops = dense(32, 20, 10, 2) + dense(32, 10, 10, 3) + dense(32, 10, 1, 3);
    Net { model, x: uniform([rows, 20], 1, 50.0)?, y: uniform([rows, 1], 2, 50.0)?, batch: 32, flops }.measure(bench, made)
}

/// W12: windows by two SimpleRNN.
pub(super) fn windows_rnn(bench: &mut Bench) -> Result<()> {
    let (made, rows) = (Instant::now(), 8 * 128);
    let model = Sequential::new().add(Input::new([20])).add(Lambda::new("as_features", |x| x.expand_dims(-1)));
    let model = model.add(SimpleRNN::new(40).return_sequences(true)).add(SimpleRNN::new(40)).add(Dense::new(1));
    let mut model = model.add(Lambda::new("times_100", |x| x.scale(100.0)));
    model.compile(Sgd::new(5e-5).momentum(0.9), Huber::default(), "mae")?;
    let flops = recurrent(128, 20, 1, 40, 1) + recurrent(128, 20, 40, 40, 1) + dense(128, 40, 1, 3);
    Net { model, x: uniform([rows, 20], 1, 50.0)?, y: uniform([rows, 1], 2, 50.0)?, batch: 128, flops }.measure(bench, made)
}

/// W13 and W13s without their convolution.
pub(super) fn sunspots(bench: &mut Bench) -> Result<()> {
    let (made, rows) = (Instant::now(), 3 * 256);
    let model = Sequential::new().add(Input::new([60, 1])).add(relu(60));
    let model = model.add(LSTM::new(60).return_sequences(true)).add(LSTM::new(60).return_sequences(true));
    let mut model = model.add(relu(30)).add(relu(10)).add(Dense::new(1)).add(Lambda::new("times_400", |x| x.scale(400.0)));
    model.compile(Sgd::new(1e-5).momentum(0.9), Huber::default(), "mae")?;
    let flops = 2 * recurrent(256, 60, 60, 60, 4) + dense(256 * 60, 60, 30, 3) + dense(256 * 60, 30, 10, 3) + dense(256 * 60, 5, 60, 2);
    Net { model, x: uniform([rows, 60, 1], 1, 1.0)?, y: uniform([rows, 60, 1], 2, 50.0)?, batch: 256, flops }.measure(bench, made)
}

/// W13s.
pub(super) fn short_sunspots(bench: &mut Bench) -> Result<()> {
    let (made, rows) = (Instant::now(), 10 * 32);
    let both = || Bidirectional::new(LSTM::new(32).return_sequences(true));
    let model = Sequential::new().add(Input::new([30, 1])).add(relu(32)).add(both()).add(both());
    let mut model = model.add(Dense::new(1)).add(Lambda::new("times_200", |x| x.scale(200.0)));
    model.compile(Sgd::new(1e-5).momentum(0.9), Huber::default(), "mae")?;
    let flops = 2 * (recurrent(32, 30, 32, 32, 4) + recurrent(32, 30, 64, 32, 4)) + dense(32 * 30, 64, 1, 3) + dense(32 * 30, 5, 32, 2);
    Net { model, x: uniform([rows, 30, 1], 1, 1.0)?, y: uniform([rows, 30, 1], 2, 50.0)?, batch: 32, flops }.measure(bench, made)
}
