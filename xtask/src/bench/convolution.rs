//! Workloads of pictures, and of texts by convolution.

use anyhow::Result;
use practicum_core::data::Data;
use practicum_core::kernel::conv::{Conv, multiply_adds};
use practicum_core::prelude::*;
use practicum_core::rng::Key;

use super::flops::{self, Counted};
use super::measure::Bench;
use super::training::Training;

/// Pictures of bytes, and classes below `classes`; one number an example where there are two.
fn pictures(rows: usize, side: usize, channels: usize, classes: u32) -> Result<(Data, Data)> {
    let mut rng = Key::new(3).rng();
    let pixels = (0..rows * side * side * channels).map(|_| rng.below(256) as u8).collect();
    let x = Data::from_u8([rows, side, side, channels], pixels)?.scaled(1.0 / 255.0);
    let y: Vec<u8> = (0..rows).map(|_| rng.below(classes) as u8).collect();
    Ok((x, if classes == 2 { Data::from_u8([rows, 1], y)? } else { Data::from_u8([rows], y)? }))
}

fn conv(filters: usize) -> Conv2D {
    Conv2D::new(filters, 3).activation(Activation::Relu)
}

fn relu(units: usize) -> Dense {
    Dense::new(units).activation(Activation::Relu)
}

fn yes_or_no() -> Dense {
    Dense::new(1).activation(Activation::Sigmoid)
}

/// Convolutions of 3×3, each with a pool of 2×2 after it, on pictures of this side: what they and the dense layers after them
/// ask for, or what is done.
fn stack(mut side: usize, mut channels: usize, filters: &[usize], dense: &[usize], done: bool) -> Vec<Counted> {
    let mut layers = Vec::new();
    for (place, &filters) in filters.iter().enumerate() {
        let out = side - 2;
        let asked = flops::conv([out, out], channels, filters, [3, 3]);
        layers.push((if done { 2 * multiply_adds(&window(side, channels, filters), Some([2, 2])) } else { asked }, place > 0));
        (side, channels) = (out / 2, filters);
    }
    let mut inputs = side * side * channels;
    for &units in dense {
        layers.push((flops::dense(inputs, units), true));
        inputs = units;
    }
    layers
}

/// A convolution of 3×3 of one picture.
fn window(side: usize, channels: usize, filters: usize) -> Conv {
    let (size, kernel, one) = ([side; 2], [3, 3], [1, 1]);
    Conv { batch: 1, size, channels, filters, kernel, strides: one, dilation: one, padding: [[0, 0]; 2], groups: 1 }
}

/// W3: two convolutions of 64 filters for small grey pictures.
pub(super) fn small_pictures(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([28, 28, 1])).add(conv(64)).add(MaxPooling2D::new(2)).add(conv(64));
        let model = model.add(MaxPooling2D::new(2)).add(Flatten::new()).add(relu(128));
        let mut model = model.add(Dense::new(10).activation(Activation::Softmax));
        model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
        Ok(model)
    };
    let [flops, done] = [false, true].map(|done| flops::training(32, &stack(28, 1, &[64, 64], &[128, 10], done)));
    bench.done("fit", done);
    let data = |rows| pictures(rows, 28, 1, 10);
    let training = Training { model: &model, data: &data, examples: 20 * 32, held: 150 * 32, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}

/// Convolutions and pools for colour pictures of two kinds.
#[derive(Clone, Copy)]
struct TwoKinds {
    side: usize,
    filters: &'static [usize],
    /// The rate of a dropout after the convolutions; 0 for none.
    dropout: f32,
    /// The learning rate.
    rate: f64,
    batch: usize,
    /// Steps of an epoch that is timed.
    steps: usize,
    /// How many batches are in memory where memory is measured.
    held: usize,
}

impl TwoKinds {
    fn train(self, bench: &mut Bench) -> Result<()> {
        let Self { side, filters, dropout, rate, batch, steps, held } = self;
        let model = || -> Result<Sequential> {
            let first = Sequential::new().add(Input::new([side, side, 3]));
            let maps = filters.iter().fold(first, |model, &filters| model.add(conv(filters)).add(MaxPooling2D::new(2)));
            let flat = maps.add(Flatten::new());
            let flat = if dropout > 0.0 { flat.add(Dropout::new(dropout)) } else { flat };
            let mut model = flat.add(relu(512)).add(yes_or_no());
            model.compile(RmsProp::new(rate), "binary_crossentropy", "accuracy")?;
            Ok(model)
        };
        let [flops, done] = [false, true].map(|done| flops::training(batch, &stack(side, 3, filters, &[512, 1], done)));
        bench.done("fit", done);
        let data = |rows| pictures(rows, side, 3, 2);
        let (examples, held) = (steps * batch, held * batch);
        let training = Training { model: &model, data: &data, examples, held, batch, epochs: 1, flops };
        bench.train(&training, Vec::new()).map(drop)
    }
}

const LARGE: TwoKinds = TwoKinds { side: 300, filters: &[16, 32, 64, 64, 64], dropout: 0.0, rate: 1e-3, batch: 32, steps: 5, held: 5 };

/// W4: five convolutions for pictures of 300×300, a batch of 128.
pub(super) fn large_pictures(bench: &mut Bench) -> Result<()> {
    TwoKinds { batch: 128, steps: 2, held: 2, ..LARGE }.train(bench)
}

/// The same, a batch of 32.
pub(super) fn large_pictures_32(bench: &mut Bench) -> Result<()> {
    LARGE.train(bench)
}

/// W5: four convolutions for pictures of 150×150, a batch of 20.
pub(super) fn middle_pictures(bench: &mut Bench) -> Result<()> {
    TwoKinds { side: 150, filters: &[32, 64, 128, 128], dropout: 0.5, rate: 1e-4, batch: 20, steps: 5, held: 15 }.train(bench)
}

/// W8: headlines by a convolution over five words.
pub(super) fn headlines(bench: &mut Bench) -> Result<()> {
    let model = || -> Result<Sequential> {
        let model = Sequential::new().add(Input::new([120])).add(Embedding::new(1000, 16));
        let model = model.add(Conv1D::new(128, 5).activation(Activation::Relu)).add(GlobalAveragePooling1D::new());
        let mut model = model.add(relu(24)).add(yes_or_no());
        model.compile("adam", "binary_crossentropy", "accuracy")?;
        Ok(model)
    };
    let layers = [(flops::conv([1, 116], 16, 128, [1, 5]), true), (flops::dense(128, 24), true), (flops::dense(24, 1), true)];
    let data = |rows| {
        let mut rng = Key::new(1).rng();
        let ids = (0..rows * 120).map(|_| rng.below(1000) as i32).collect();
        Ok((Data::from_i32([rows, 120], ids)?, Data::from_i32([rows, 1], (0..rows).map(|row| (row * 7 % 5 % 2) as i32).collect())?))
    };
    let flops = flops::training(32, &layers);
    let training = Training { model: &model, data: &data, examples: 40 * 32, held: 300 * 32, batch: 32, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}
