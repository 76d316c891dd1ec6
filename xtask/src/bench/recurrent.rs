//! Workloads of sequences: embeddings, recurrent layers, windows of series.

use anyhow::Result;
use practicum_core::data::Data;
use practicum_core::losses::Huber;
use practicum_core::prelude::*;
use practicum_core::rng::Key;

use super::dense::uniform;
use super::flops::{self, Counted};
use super::measure::Bench;
use super::training::Training;

fn ids(rows: usize, steps: usize, below: u32) -> Result<Data> {
    let mut rng = Key::new(1).rng();
    Ok(Data::from_i32([rows, steps], (0..rows * steps).map(|_| rng.below(below) as i32).collect())?)
}

/// Texts as ids, and whether each is of the one kind or of the other.
fn texts(rows: usize, steps: usize, words: u32) -> Result<(Data, Data)> {
    Ok((ids(rows, steps, words)?, Data::from_i32([rows, 1], (0..rows).map(|row| (row * 7 % 5 % 2) as i32).collect())?))
}

/// Windows of a series, and what they are to give.
fn series(x: impl Into<Shape>, y: impl Into<Shape>) -> Result<(Data, Data)> {
    Ok((Data::from_tensor(uniform(x, 1)?)?, Data::from_tensor(uniform(y, 2)?.scale(50.0)?)?))
}

fn relu(units: usize) -> Dense {
    Dense::new(units).activation(Activation::Relu)
}

fn yes_or_no() -> Dense {
    Dense::new(1).activation(Activation::Sigmoid)
}

fn over_five(filters: usize) -> Conv1D {
    Conv1D::new(filters, 5).activation(Activation::Relu)
}

/// W6: word vectors and their mean.
pub(super) fn word_means(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([120])).add(Embedding::new(10_000, 16));
        let mut model = model.add(GlobalAveragePooling1D::new()).add(relu(24)).add(yes_or_no());
        model.compile("adam", "binary_crossentropy", "accuracy")?;
        Ok(model)
    };
    let flops = flops::training(32, &[(flops::dense(16, 24), true), (flops::dense(24, 1), true)]);
    let data = |rows| texts(rows, 120, 10_000);
    let training = Training { model: &model, data: &data, examples: 200 * 32, held: 3_200, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

fn headlines(bench: &mut Bench, layer: &dyn Fn() -> Bidirectional, gates: usize) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([120])).add(Embedding::new(1000, 16)).add(layer());
        let mut model = model.add(relu(24)).add(yes_or_no());
        model.compile("adam", "binary_crossentropy", "accuracy")?;
        Ok(model)
    };
    let layers = [(2 * flops::recurrent(120, 16, 32, gates), true), (flops::dense(64, 24), true), (flops::dense(24, 1), true)];
    let (data, flops) = (|rows| texts(rows, 120, 1000), flops::training(32, &layers));
    let training = Training { model: &model, data: &data, examples: 20 * 32, held: 320, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W7: headlines by an LSTM in both directions.
pub(super) fn headlines_lstm(bench: &mut Bench) -> Result<()> {
    headlines(bench, &|| Bidirectional::new(LSTM::new(32)), 4)
}

/// W7c: headlines by a GRU in both directions.
pub(super) fn headlines_gru(bench: &mut Bench) -> Result<()> {
    headlines(bench, &|| Bidirectional::new(GRU::new(32)), 3)
}

/// W7b: reviews by two LSTM in both directions.
pub(super) fn reviews(bench: &mut Bench) -> Result<()> {
    reviews_of(bench, 300, 6)
}

/// W7long: the longest batches of reviews, by the same.
pub(super) fn long_reviews(bench: &mut Bench) -> Result<()> {
    reviews_of(bench, 1_150, 2)
}

fn reviews_of(bench: &mut Bench, steps: usize, held: usize) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([steps])).add(Embedding::new(8185, 64));
        let model = model.add(Bidirectional::new(LSTM::new(64).return_sequences(true))).add(Bidirectional::new(LSTM::new(32)));
        let mut model = model.add(relu(64)).add(yes_or_no());
        model.compile("adam", "binary_crossentropy", "accuracy")?;
        Ok(model)
    };
    let recurrent = |inputs, units| (2 * flops::recurrent(steps, inputs, units, 4), true);
    let layers = [recurrent(64, 64), recurrent(128, 32), (flops::dense(64, 64), true), (flops::dense(64, 1), true)];
    let (data, flops) = (|rows| texts(rows, steps, 8185), flops::training(64, &layers));
    let training = Training { model: &model, data: &data, examples: 2 * 64, held: held * 64, batch: 64, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W9: short texts by word vectors that stay as they are, a convolution and an LSTM.
pub(super) fn short_texts(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([16])).add(Embedding::new(138_000, 100).frozen()).add(Dropout::new(0.2));
        let mut model = model.add(over_five(64)).add(MaxPooling1D::new(4)).add(LSTM::new(64)).add(yes_or_no());
        model.compile("adam", "binary_crossentropy", "accuracy")?;
        Ok(model)
    };
    let layers = [(flops::conv([1, 12], 100, 64, [1, 5]), false), (flops::recurrent(3, 64, 64, 4), true), (flops::dense(64, 1), true)];
    let (data, flops) = (|rows| texts(rows, 16, 138_000), flops::training(32, &layers));
    let training = Training { model: &model, data: &data, examples: 100 * 32, held: 300 * 32, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W10: the next word of a sonnet.
pub(super) fn sonnets(bench: &mut Bench) -> Result<()> {
    const WORDS: usize = 3211;
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([10])).add(Embedding::new(WORDS, 100));
        let model = model.add(Bidirectional::new(LSTM::new(150).return_sequences(true))).add(Dropout::new(0.2)).add(LSTM::new(100));
        let model = model.add(relu(WORDS / 2).kernel_regularizer(Regularizer::l2(0.01)));
        let mut model = model.add(Dense::new(WORDS).activation(Activation::Softmax));
        model.compile("adam", "categorical_crossentropy", "accuracy")?;
        Ok(model)
    };
    let data = |rows: usize| {
        let mut next = vec![0.0; rows * WORDS];
        next.chunks_exact_mut(WORDS).enumerate().for_each(|(row, y)| y[row * 7919 % WORDS] = 1.0);
        Ok((ids(rows, 10, WORDS as u32)?, Data::from_tensor(Tensor::new([rows, WORDS], next)?)?))
    };
    let layers: [Counted; 4] = [
        (2 * flops::recurrent(10, 100, 150, 4), true),
        (flops::recurrent(10, 300, 100, 4), true),
        (flops::dense(100, WORDS / 2), true),
        (flops::dense(WORDS / 2, WORDS), true),
    ];
    let flops = flops::training(32, &layers);
    let training = Training { model: &model, data: &data, examples: 8 * 32, held: 50 * 32, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W11: windows of a series by dense layers.
pub(super) fn windows(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let mut model = Sequential::new().add(Input::new([20])).add(relu(10)).add(relu(10)).add(Dense::new(1));
        model.compile(Sgd::new(1e-6).momentum(0.9), "mean_squared_error", ())?;
        Ok(model)
    };
    let flops = flops::training(32, &[(flops::dense(20, 10), false), (flops::dense(10, 10), true), (flops::dense(10, 1), true)]);
    let data = |rows| series([rows, 20], [rows, 1]);
    let training = Training { model: &model, data: &data, examples: 980, held: 980, batch: 32, epochs: 100, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W12: windows of a series by two SimpleRNN.
pub(super) fn windows_rnn(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([20])).add(Lambda::new("as_features", |x| x.expand_dims(-1)));
        let model = model.add(SimpleRNN::new(40).return_sequences(true)).add(SimpleRNN::new(40)).add(Dense::new(1));
        let mut model = model.add(Lambda::new("times_100", |x| x.scale(100.0)));
        model.compile(Sgd::new(5e-5).momentum(0.9), Huber::default(), "mae")?;
        Ok(model)
    };
    let layers = [(flops::recurrent(20, 1, 40, 1), false), (flops::recurrent(20, 40, 40, 1), true), (flops::dense(40, 1), true)];
    let (data, flops) = (|rows| series([rows, 20], [rows, 1]), flops::training(128, &layers));
    let training = Training { model: &model, data: &data, examples: 8 * 128, held: 8 * 128, batch: 128, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W13: sunspots by a convolution and two LSTM.
pub(super) fn sunspots(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([60, 1])).add(over_five(60).padding(Padding::Causal));
        let model = model.add(LSTM::new(60).return_sequences(true)).add(LSTM::new(60).return_sequences(true));
        let mut model = model.add(relu(30)).add(relu(10)).add(Dense::new(1)).add(Lambda::new("times_400", |x| x.scale(400.0)));
        model.compile(Sgd::new(1e-5).momentum(0.9), Huber::default(), "mae")?;
        Ok(model)
    };
    let dense = |inputs, units| 60 * flops::dense(inputs, units);
    let lstm = (flops::recurrent(60, 60, 60, 4), true);
    let layers =
        [(flops::conv([1, 60], 1, 60, [1, 5]), false), lstm, lstm, (dense(60, 30), true), (dense(30, 10), true), (dense(10, 1), true)];
    let (data, flops) = (|rows| series([rows, 60, 1], [rows, 60, 1]), flops::training(256, &layers));
    let training = Training { model: &model, data: &data, examples: 3 * 256, held: 12 * 256, batch: 256, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// W13s: sunspots by a convolution and two LSTM in both directions.
pub(super) fn sunspots_both_ways(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let both = || Bidirectional::new(LSTM::new(32).return_sequences(true));
        let model = Sequential::new().add(Input::new([30, 1])).add(over_five(32).padding(Padding::Causal));
        let model = model.add(both()).add(both()).add(Dense::new(1));
        let mut model = model.add(Lambda::new("times_200", |x| x.scale(200.0)));
        model.compile(Sgd::new(1e-5).momentum(0.9), Huber::default(), "mae")?;
        Ok(model)
    };
    let both = |inputs| (2 * flops::recurrent(30, inputs, 32, 4), true);
    let layers = [(flops::conv([1, 30], 1, 32, [1, 5]), false), both(32), both(64), (30 * flops::dense(64, 1), true)];
    let (data, flops) = (|rows| series([rows, 30, 1], [rows, 30, 1]), flops::training(32, &layers));
    let training = Training { model: &model, data: &data, examples: 20 * 32, held: 40 * 32, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}
