//! Trains SketchNet on drawings of nine kinds and writes its weights:
//!
//! `cargo run --release -p practicum-vision --features builtin --example sketch_net -- FILE`
//!
//! The file that comes along is `vision/assets/sketch_net.safetensors`. A build of the program makes the same bits on any number of
//! threads, with AVX2 or AVX-512.

use std::error::Error;

use practicum_core::prelude::*;
use practicum_vision::applications::{Options, SKETCH_CLASSES, sketch_net};
use practicum_vision::augment::ImageDataGenerator;
use practicum_vision::datasets::LabeledImages;
use practicum_vision::datasets::builtin::{self, Size};

/// Other drawings than those that stand in for the course's data, whose seed is the default one.
const SEED: u64 = 1_701;
const SIDE: usize = 96;
const EPOCHS: usize = 20;

/// Drawings of each class, to fit and to evaluate.
const EACH: [usize; 2] = [500, 60];

/// The pictures of several sets in one, their classes numbered on.
fn together(sets: &[LabeledImages]) -> Result<LabeledImages> {
    let (mut pixels, mut labels, mut first) = (Vec::new(), Vec::new(), 0);
    for set in sets {
        pixels.extend_from_slice(set.pixels());
        labels.extend(set.labels().iter().map(|label| first + label));
        first += set.class_names().len() as u32;
    }
    let shape = (labels.len(), SIDE, SIDE, 3);
    let images =
        practicum_core::ndarray::Array4::from_shape_vec(shape, pixels).map_err(|cause| practicum_core::Error::shape(cause.to_string()))?;
    LabeledImages::new(images, labels, SKETCH_CLASSES)
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("say where the weights go")?;
    let size = |classes: usize| Size { train: EACH[0] * classes, test: EACH[1] * classes };
    let sets = [
        builtin::horses_or_humans(SEED, size(2), SIDE)?,
        builtin::happy_or_sad(SEED, size(2), SIDE)?,
        builtin::cats_and_dogs(SEED, size(2), SIDE)?,
        builtin::rock_paper_scissors(SEED, size(3), SIDE)?,
    ];
    let (train, test): (Vec<_>, Vec<_>) = sets.into_iter().map(|set| (set.train, set.test)).unzip();
    let (train, test) = (together(&train)?, together(&test)?);

    // Pixels from −1 to 1; the same things a little larger, smaller, turned or mirrored.
    let seen = ImageDataGenerator::new()
        .rotation_range(10.0)
        .zoom_range(0.25)
        .horizontal_flip(true)
        .preprocessing_function(|picture| Ok(picture.mapv(|pixel| pixel / 127.5 - 1.0)));
    let (x, y) = test.to_data()?;
    let x = x.scaled(1.0 / 127.5).shifted(-1.0);

    let mut model = sketch_net(Options::new().input_shape([SIDE, SIDE, 3]).classes(SKETCH_CLASSES.len()).seed(SEED))?;
    let steps = (train.len() / 32 * EPOCHS) as u64;
    let rate = Schedule::CosineDecay { initial_learning_rate: 3e-3, decay_steps: steps, alpha: 0.01, warmup_target: None, warmup_steps: 0 };
    model.compile(Adam::new(rate), "sparse_categorical_crossentropy", "accuracy")?;
    let mut batches = seen.seed(SEED).flow(&train)?.batch_size(32).seed(SEED);
    model.fit(&mut batches, (), Fit::new().epochs(EPOCHS).validation_data(&x, &y))?;
    let base = model.up_to(&["unit5"])?;
    base.save_weights(&path)?;
    println!("{path}: {} parameters", base.count_params()?);
    Ok(())
}
