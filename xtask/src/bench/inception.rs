//! InceptionV3 on pictures of 150 × 150: asked as it is, and cut at `mixed7`, frozen, below a head that learns.

use anyhow::Result;
use practicum_core::data::Data;
use practicum_core::prelude::*;
use practicum_core::rng::Key;
use practicum_vision::applications::{Options, inception_v3};

use super::measure::{Bench, Case, Mode, OURS, peak_memory};
use super::training::Training;

const SIDE: usize = 150;

fn base() -> Result<Model> {
    Ok(inception_v3(Options::new().include_top(false).input_shape([SIDE, SIDE, 3]))?)
}

fn pictures(count: usize) -> Result<Tensor> {
    let shape = Shape::new(&[count, SIDE, SIDE, 3])?;
    let mut pixels = vec![0.0; shape.size()];
    Key::new(1).fill_uniform(&mut pixels);
    Ok(Tensor::new(shape, pixels)?)
}

/// Operations of all convolutions for one picture, two for a multiplication and its addition.
fn operations(model: &Model) -> Result<f64> {
    let mut all = 0;
    for index in 0..model.layer_names().len() {
        let layer = model.get_layer(index)?;
        let kernel = layer.parameters().into_iter().find(|parameter| parameter.value().rank() == 4);
        if let (Some(kernel), Some(&[_, Some(rows), Some(columns), _])) = (kernel, layer.output_shape().map(PartialShape::dims)) {
            all += 2 * rows * columns * kernel.value().len();
        }
    }
    Ok(all as f64)
}

fn ask(bench: &mut Bench, count: usize) -> Result<()> {
    let mut model = base()?;
    model.set_cpu(bench.cpu());
    let flops = count as f64 * operations(&model)?;
    let x = pictures(count)?;
    match bench.mode() {
        Mode::Memory => {
            model.predict(&x)?;
            bench.push_memory("predict", count, flops, peak_memory());
        }
        Mode::Profile => println!("only training steps are profiled: see W14t\n"),
        Mode::Time => {
            let call = Box::new(|| Ok(model.predict(&x).map(drop)?));
            bench.measure(vec![Case { measure: "predict", by: OURS, steps: 1, samples: count, flops, call }])?;
        }
    }
    Ok(())
}

pub(super) fn ask_one(bench: &mut Bench) -> Result<()> {
    ask(bench, 1)
}

pub(super) fn ask_twenty(bench: &mut Bench) -> Result<()> {
    ask(bench, 20)
}

/// The course's head on the frozen base, whose features are computed in each step, as augmentation wants it.
fn transfer_model() -> Result<Sequential> {
    let base = base()?.up_to(&["mixed7"])?.frozen();
    let mut model = Sequential::new()
        .add(Input::new([SIDE, SIDE, 3]))
        .add(base)
        .add(Flatten::new())
        .add(Dense::new(1024).activation(Activation::Relu))
        .add(Dropout::new(0.2))
        .add(Dense::new(1).activation(Activation::Sigmoid));
    model.compile(RmsProp::new(1e-4), "binary_crossentropy", ["accuracy"])?;
    Ok(model)
}

pub(super) fn transfer(bench: &mut Bench) -> Result<()> {
    let data = |count: usize| -> Result<(Data, Data)> {
        let labels = (0..count as i32).map(|index| index % 2).collect::<Vec<_>>();
        Ok((Data::from_tensor(pictures(count)?)?, Data::new(labels)?))
    };
    let head = 7 * 7 * 768 * 1024;
    let flops = 20.0 * (operations(&base()?.up_to(&["mixed7"])?)? + (4 * head) as f64);
    let training = Training { model: &transfer_model, data: &data, examples: 60, held: 60, batch: 20, epochs: 1, flops };
    bench.train(&training, Vec::new()).map(drop)
}
