//! What the tests of the core share.
#![allow(dead_code, reason = "each test file uses its own part")]

use practicum_core::config::Config;
use practicum_core::data::Data;
use practicum_core::optimizers::{Optimizer, Options, Slot, Update};
use practicum_core::prelude::*;
use practicum_core::rng::Key;

/// Numbers in [−1, 1), the same for the same key.
pub(crate) fn draw(shape: impl Into<Shape>, key: u64) -> Tensor {
    let shape = shape.into();
    let mut data = vec![0.0; shape.size()];
    Key::new(key).fill_uniform(&mut data);
    data.iter_mut().for_each(|x| *x = 2.0 * *x - 1.0);
    Tensor::new(shape, data).unwrap()
}

/// The bits of a tensor: NaN equals itself, and 0 differs from −0.
pub(crate) fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.as_slice().iter().map(|x| x.to_bits()).collect()
}

/// The bits of all parameters of a model.
pub(crate) fn weight_bits(model: &Model) -> Vec<Vec<u32>> {
    model.get_weights().iter().map(bits).collect()
}

/// The bits of everything in a history.
pub(crate) fn history_bits(history: &History) -> Vec<(String, Vec<u64>)> {
    history.iter().map(|(name, series)| (name.to_owned(), series.iter().map(|x| x.to_bits()).collect())).collect()
}

/// The instruction sets of this processor that promise the same bits; says which are left out.
pub(crate) fn fused_sets() -> Vec<Simd> {
    let sets = [Simd::Avx2, Simd::Avx512];
    sets.iter().filter(|simd| !simd.is_available()).for_each(|simd| eprintln!("skipped: this processor has no {simd}"));
    Simd::available().filter(|simd| simd.is_fused()).collect()
}

/// Grey pictures of ten classes, each a bright bar in its own place with noise around it: 28×28 bytes, and their classes.
pub(crate) fn pictures(count: usize, key: u64) -> (Data, Vec<i32>) {
    let classes: Vec<i32> = (0..count as i32).map(|i| (i * 7 + i / 10) % 10).collect();
    let mut noise = vec![0.0; count * 784];
    Key::new(key).fill_uniform(&mut noise);
    let pixel = |flat: usize| {
        let (class, place) = (classes[flat / 784] as usize, flat % 784);
        let bright = (class * 70..class * 70 + 140).contains(&place);
        (noise[flat] * 120.0) as u8 + if bright { 110 } else { 0 }
    };
    let pixels = (0..count * 784).map(pixel).collect();
    (Data::from_u8([count, 28, 28], pixels).unwrap().scaled(1.0 / 255.0), classes)
}

/// The course's network for small pictures, with a dropout.
pub(crate) fn classifier(seed: u64, cpu: &Cpu) -> Sequential {
    Sequential::new()
        .with_seed(seed)
        .with_cpu(cpu)
        .add(Input::new([28, 28]))
        .add(Flatten::new())
        .add(Dense::new(128).activation(Activation::Relu))
        .add(Dropout::new(0.2))
        .add(Dense::new(10).activation(Activation::Softmax))
}

/// Fails unless the error says each of the words.
#[track_caller]
pub(crate) fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
    println!("{text}\n");
}

/// Leaves the gradients where the weights were.
#[derive(Clone, Debug)]
pub(crate) struct GradientsToWeights {
    options: Options,
}

impl GradientsToWeights {
    pub(crate) fn new() -> Self {
        Self { options: Options::new(0.01) }
    }
}

impl Optimizer for GradientsToWeights {
    fn class_name(&self) -> &'static str {
        "GradientsToWeights"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    fn boxed_clone(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }

    fn slots(&self) -> Vec<Slot> {
        Vec::new()
    }

    fn update(&self, _cx: Update<'_>, w: &mut [f32], gradient: &[f32], _slots: &mut [Vec<f32>]) {
        w.copy_from_slice(gradient);
    }
}
