//! Workloads of dense networks.

use anyhow::Result;
use practicum_core::data::Data;
use practicum_core::kernel::convert::gather_u8;
use practicum_core::prelude::*;
use practicum_core::rng::Key;

use super::by_hand::{Loops, Net, Rule};
use super::flops;
use super::measure::{Bench, Case, KERNELS, Mode, OURS};
use super::training::Training;

/// Operations of one training step of dense layers.
fn dense_flops(rows: usize, sizes: &[usize]) -> f64 {
    let layers = sizes.windows(2).enumerate().map(|(layer, pair)| (flops::dense(pair[0], pair[1]), layer > 0));
    flops::training(rows, &layers.collect::<Vec<_>>())
}

/// Numbers in [0, 1).
pub(super) fn uniform(shape: impl Into<Shape>, seed: u64) -> Result<Tensor> {
    let shape = shape.into();
    let mut values = vec![0.0; shape.size()];
    Key::new(seed).fill_uniform(&mut values);
    Ok(Tensor::new(shape, values)?)
}

/// W1: one neuron, six points.
pub(super) fn line(bench: &mut Bench) -> Result<()> {
    let x = Tensor::from([[-1.0], [0.0], [1.0], [2.0], [3.0], [4.0]]);
    let y = Tensor::from([[-3.0], [-1.0], [1.0], [3.0], [5.0], [7.0]]);
    let model = || -> Result<Sequential> {
        let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
        model.compile("sgd", "mean_squared_error", ())?;
        Ok(model)
    };
    let data = |count| Ok((Data::from_tensor(x.slice(0, 0..count)?)?, Data::from_tensor(y.slice(0, 0..count)?)?));
    let flops = dense_flops(6, &[1, 1]);
    let training = Training { model: &model, data: &data, examples: 6, held: 6, batch: 6, epochs: 500, flops };
    let mut stepped = bench.train(&training, Vec::new())?;
    let (cpu, mut by_hand) = (bench.cpu(), Net::new(&[1, 1], 6, Rule::Line));
    let case = |by, call| Case { measure: "train_on_batch", by, steps: 1, samples: 6, flops, call };
    let step: Box<dyn FnMut() -> Result<()>> = Box::new(|| Ok(stepped.train_on_batch(&x, &y).map(drop)?));
    let kernels = Box::new(|| {
        std::hint::black_box(by_hand.train(cpu.exec(), x.as_slice(), y.as_slice()));
        Ok(())
    });
    bench.measure(vec![case(OURS, step), case(KERNELS, kernels)])
}

/// A perceptron so small that everything around its kernels shows.
pub(super) fn perceptron(bench: &mut Bench) -> Result<()> {
    let (cpu, sizes) = (bench.cpu(), [16, 32, 16]);
    let x = uniform([32, 16], 1)?;
    let mut model = Sequential::new().add(Input::new([16])).add(Dense::new(32).activation(Activation::Relu)).add(Dense::new(16));
    model.set_cpu(cpu.clone());
    model.compile("sgd", "mean_squared_error", ())?;
    let (mut loops, mut net) = (Loops::new(), Net::new(&sizes, 32, Rule::Line));
    let mut array = [[0.0; 16]; 32];
    array.as_flattened_mut().copy_from_slice(x.as_slice());

    let flops = dense_flops(32, &sizes);
    let case = |by, call| Case { measure: "train_on_batch", by, steps: 1, samples: 32, flops, call };
    let step: Box<dyn FnMut() -> Result<()>> = Box::new(|| Ok(model.train_on_batch(&x, &x).map(drop)?));
    let kernels = Box::new(|| {
        std::hint::black_box(net.train(cpu.exec(), x.as_slice(), x.as_slice()));
        Ok(())
    });
    let plain = Box::new(|| {
        std::hint::black_box(loops.train(&array, &array));
        Ok(())
    });
    bench.measure(vec![case(OURS, step), case(KERNELS, kernels), case("plain loops", plain)])?;
    bench.predict_one(&model, &uniform([1, 16], 2)?)
}

/// W2: the first network for pictures, on as many as Fashion-MNIST has.
pub(super) fn pictures(bench: &mut Bench) -> Result<()> {
    const PICTURES: usize = 60_000;
    const BATCH: usize = 32;
    let sizes = [784, 128, 10];
    let draw = |count: usize, below: u32| -> Vec<u8> {
        let mut rng = Key::new(3).rng();
        (0..count).map(|_| rng.below(below) as u8).collect()
    };
    let model = || -> Result<Sequential> {
        let mut model = Sequential::new()
            .add(Input::new([28, 28]))
            .add(Flatten::new())
            .add(Dense::new(128).activation(Activation::Relu))
            .add(Dense::new(10).activation(Activation::Softmax));
        model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
        Ok(model)
    };
    // In memory that is compared with other programs', pictures are held as they hold them.
    let as_bytes = bench.mode() != Mode::Memory;
    let data = |count: usize| -> Result<(Data, Data)> {
        let x = if as_bytes {
            Data::from_u8([count, 28, 28], draw(count * 784, 256))?.scaled(1.0 / 255.0)
        } else {
            Data::from_tensor(uniform([count, 28, 28], 3)?)?
        };
        Ok((x, Data::from_u8([count], draw(count, 10))?))
    };
    let flops = dense_flops(BATCH, &sizes);
    let training = Training { model: &model, data: &data, examples: PICTURES, held: 9_600, batch: BATCH, epochs: 1, flops };
    if bench.mode() != Mode::Time {
        return bench.train(&training, Vec::new()).map(drop);
    }

    let (cpu, steps) = (bench.cpu(), PICTURES / BATCH);
    let (pixels, labels) = (draw(PICTURES * 784, 256), draw(PICTURES, 10));
    let (mut by_hand, mut order) = (Net::new(&sizes, BATCH, Rule::Classes), Key::new(4).rng());
    let (mut rows, mut batch, mut classes) = ([0; BATCH], vec![0.0; BATCH * 784], vec![0.0; BATCH]);
    let call = Box::new(|| {
        for _ in 0..steps {
            rows.fill_with(|| order.below(PICTURES as u32));
            gather_u8(cpu.exec(), &pixels, 784, &rows, 1.0 / 255.0, 0.0, &mut batch);
            gather_u8(cpu.exec(), &labels, 1, &rows, 1.0, 0.0, &mut classes);
            std::hint::black_box(by_hand.train(cpu.exec(), &batch, &classes));
        }
        Ok(())
    });
    bench.train(&training, vec![Case { measure: "fit", by: KERNELS, steps, samples: BATCH, flops, call }]).map(drop)
}
