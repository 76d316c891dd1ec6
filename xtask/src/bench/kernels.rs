//! The kernels beneath, each alone.

use anyhow::Result;
use practicum_core::Cpu;
use practicum_core::kernel::conv::{self, Conv, Upstream};
use practicum_core::kernel::convert::gather_u8;
use practicum_core::kernel::optimizer::{Moments, adam};
use practicum_core::kernel::pool::{self, Pool};
use practicum_core::kernel::rnn::{self, Cell, Curves, Gradients, Inputs, Rnn, Weights};
use practicum_core::kernel::{Gemm, Mat, MatMut, embedding, gemm, softmax};
use practicum_core::rng::Key;

use super::measure::{Bench, Case, OURS};

/// A product to measure: its name, and `[m, k]·[k, n]`; whether A or B are stored transposed.
struct Product {
    name: &'static str,
    size: [usize; 3],
    transposed: [bool; 2],
}

const PRODUCTS: &[Product] = &[
    Product { name: "dense forward 32×784·784×128", size: [32, 784, 128], transposed: [false, false] },
    Product { name: "dense dW 784×32·32×128", size: [784, 32, 128], transposed: [true, false] },
    Product { name: "dense dX 32×128·128×784", size: [32, 128, 784], transposed: [false, true] },
    Product { name: "head forward 32×128·128×10", size: [32, 128, 10], transposed: [false, false] },
    Product { name: "square 256", size: [256, 256, 256], transposed: [false, false] },
    Product { name: "square 1024", size: [1024, 1024, 1024], transposed: [false, false] },
];

fn uniform(len: usize, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Key::new(seed).fill_uniform(&mut values);
    values
}

/// Matrix products, and the same by the `gemm` crate where it is built in.
pub(super) fn products(bench: &mut Bench) -> Result<()> {
    let (all, one) = (bench.cpu(), Cpu::new(1, bench.cpu().simd())?);
    for product in PRODUCTS {
        let [m, k, n] = product.size;
        let (a, b, mut c, mut one_c) = (uniform(m * k, 1), uniform(k * n, 2), vec![0.0; m * n], vec![0.0; m * n]);
        let a = if product.transposed[0] { Mat::new(&a, k, m).t() } else { Mat::new(&a, m, k) };
        let b = if product.transposed[1] { Mat::new(&b, n, k).t() } else { Mat::new(&b, k, n) };
        let case = |by, call| Case { measure: product.name, by, steps: 1, samples: 1, flops: (2 * m * k * n) as f64, call };
        let ours: Box<dyn FnMut() -> Result<()>> = Box::new(|| {
            gemm(one.exec(), a, b, MatMut::new(&mut one_c, m, n), Gemm::default());
            Ok(())
        });
        #[cfg(feature = "bench-gemm")]
        let mut theirs_c = vec![0.0; m * n];
        bench.measure_on(
            &one,
            vec![
                case(OURS, ours),
                #[cfg(feature = "bench-gemm")]
                case(
                    "gemm crate",
                    Box::new(|| {
                        practicum_core::kernel::gemm_crate(a, b, MatMut::new(&mut theirs_c, m, n));
                        Ok(())
                    }),
                ),
            ],
        )?;
        if all.threads() > 1 {
            let ours = Box::new(|| {
                gemm(all.exec(), a, b, MatMut::new(&mut c, m, n), Gemm::default());
                Ok(())
            });
            bench.measure(vec![case(OURS, ours)])?;
        }
    }
    Ok(())
}

/// A convolution of 3×3 to measure: the names of what is measured, and `[batch, side, channels, filters, groups]`.
struct Convolution {
    names: [&'static str; 4],
    sizes: [usize; 5],
}

macro_rules! convolution {
    ($name:literal, $($size:literal),+) => {
        Convolution {
            names: [concat!($name, ", forward"), concat!($name, ", forward with pool"), concat!($name, ", dW"), concat!($name, ", dX")],
            sizes: [$($size),+],
        }
    };
}

const CONVOLUTIONS: &[Convolution] = &[
    convolution!("conv 32×26×26×1 → 64", 32, 28, 1, 64, 1),
    convolution!("conv 32×11×11×64 → 64", 32, 13, 64, 64, 1),
    convolution!("conv 32×147×147×16 → 32", 32, 149, 16, 32, 1),
    convolution!("conv 32×33×33×64 → 64", 32, 35, 64, 64, 1),
    convolution!("conv 20×34×34×64 → 128", 20, 36, 64, 128, 1),
    convolution!("conv 8×56×56×128 → 128 in 32 groups", 8, 58, 128, 128, 32),
    convolution!("conv 8×28×28×256 → 256 in 32 groups", 8, 30, 256, 256, 32),
    convolution!("conv 8×14×14×512 → 512 in 32 groups", 8, 16, 512, 512, 32),
];

/// Convolutions forward, by the kernel and by the input; and pools.
pub(super) fn convolutions(bench: &mut Bench) -> Result<()> {
    for convolution in CONVOLUTIONS {
        self::convolution(bench, convolution)?;
    }
    let g = Pool { batch: 32, size: [26, 26], channels: 64, window: [2, 2], strides: [2, 2], before: [0, 0], output: [13, 13] };
    let (cpu, x, outputs) = (bench.cpu(), uniform(32 * 26 * 26 * 64, 1), 32 * 13 * 13 * 64);
    let (mut y, mut places, mut mean, dy) = (vec![0.0; outputs], vec![0.0; outputs], vec![0.0; outputs], uniform(outputs, 2));
    let mut dx = vec![0.0; x.len()];
    pool::max(cpu.exec(), &g, &x, &mut y, &mut places);
    let kept = places.clone();
    let case = |measure, call| Case { measure, by: OURS, steps: 1, samples: 32, flops: 0.0, call };
    let maxima: Box<dyn FnMut() -> Result<()>> = Box::new(|| {
        pool::max(cpu.exec(), &g, &x, &mut y, &mut places);
        Ok(())
    });
    let back = Box::new(|| {
        pool::max_backward(cpu.exec(), &g, &kept, &dy, &mut dx);
        Ok(())
    });
    let means = Box::new(|| {
        pool::average(cpu.exec(), &g, &x, &mut mean);
        Ok(())
    });
    bench.measure(vec![
        case("maxima of 2×2, 32×26×26×64", maxima),
        case("maxima of 2×2, 32×26×26×64, backward", back),
        case("means of 2×2, 32×26×26×64", means),
    ])
}

fn convolution(bench: &mut Bench, what: &Convolution) -> Result<()> {
    let [batch, side, channels, filters, groups] = what.sizes;
    let one = [1, 1];
    let g = Conv { batch, size: [side; 2], channels, filters, kernel: [3, 3], strides: one, dilation: one, padding: [[0, 0]; 2], groups };
    let cpu = bench.cpu();
    let [out, _] = g.output();
    let (outputs, pooled) = (batch * out * out * filters, batch * (out / 2) * (out / 2) * filters);
    let (x, w, dy) = (uniform(batch * side * side * channels, 1), uniform(g.weights(), 2), uniform(outputs, 3));
    let (mut y, mut maxima, mut places) = (vec![0.0; outputs], vec![0.0; pooled], vec![0.0; conv::pooled_words(&g, [2, 2])]);
    let (mut dw, mut dx) = (vec![0.0; w.len()], vec![0.0; x.len()]);
    let mut rooms = [None, Some([2, 2])].map(|pool| vec![0.0; conv::forward_scratch(&g, pool)]);
    let [room, pool_room] = &mut rooms;
    let mut rooms_back = [(); 2].map(|()| vec![0.0; conv::backward_scratch(&g, None)]);
    let [room_w, room_x] = &mut rooms_back;
    let flops = (2 * outputs * 9 * channels / groups) as f64;
    let case = |measure, call| Case { measure, by: OURS, steps: 1, samples: batch, flops, call };
    let forward: Box<dyn FnMut() -> Result<()>> = Box::new(|| {
        conv::forward(cpu.exec(), &g, &x, &w, None, true, &mut y, room);
        Ok(())
    });
    let with_pool = Box::new(|| {
        conv::forward_pooled(cpu.exec(), &g, &x, &w, None, true, [2, 2], &mut maxima, &mut places, pool_room);
        Ok(())
    });
    let by_kernel = Box::new(|| {
        conv::backward(cpu.exec(), &g, &x, &w, Upstream::Plain { dy: &dy }, None, Some(&mut dw), None, room_w);
        Ok(())
    });
    let by_input = Box::new(|| {
        conv::backward(cpu.exec(), &g, &x, &w, Upstream::Plain { dy: &dy }, Some(&mut dx), None, None, room_x);
        Ok(())
    });
    let [a, b, c, d] = what.names;
    if conv::multiply_adds(&g, None) < outputs * 9 * channels / groups {
        for (name, pool) in [(a, None), (b, Some([2, 2])), (c, None), (d, None)] {
            bench.done(name, 2.0 * conv::multiply_adds(&g, pool) as f64);
        }
    }
    bench.measure(vec![case(a, forward), case(b, with_pool), case(c, by_kernel), case(d, by_input)])
}

/// All steps of recurrent layers forward and backward, and word vectors.
pub(super) fn recurrent(bench: &mut Bench) -> Result<()> {
    let rows: [(&str, &str, Cell, [usize; 4]); 3] = [
        ("LSTM 32×120×16 → 32, both ways, forward", "LSTM 32×120×16 → 32, both ways, backward", Cell::Lstm, [32, 120, 16, 32]),
        ("GRU 32×120×16 → 32, both ways, forward", "GRU 32×120×16 → 32, both ways, backward", Cell::Gru, [32, 120, 16, 32]),
        ("SimpleRNN 128×20×40 → 40, forward", "SimpleRNN 128×20×40 → 40, backward", Cell::Simple, [128, 20, 40, 40]),
    ];
    for (forward, backward, cell, sizes) in rows {
        recurrent_layer(bench, [forward, backward], cell, sizes)?;
    }
    let cpu = bench.cpu();
    let exec = cpu.exec();
    let (table, mut dtable, ids) = (uniform(160_000, 1), vec![0.0; 160_000], uniform(32 * 120, 2));
    let ids: Vec<f32> = ids.iter().map(|x| (x * 10_000.0).floor()).collect();
    let (mut y, dy) = (vec![0.0; ids.len() * 16], uniform(ids.len() * 16, 3));
    let case = |measure, call| Case { measure, by: OURS, steps: 1, samples: ids.len(), flops: 0.0, call };
    let gather: Box<dyn FnMut() -> Result<()>> = Box::new(|| {
        embedding::gather(exec, &table, 16, &ids, &mut y);
        Ok(())
    });
    let scatter = Box::new(|| {
        embedding::scatter(exec, &ids, &dy, 1, 16, &mut dtable);
        Ok(())
    });
    bench.measure(vec![case("3,840 of 10,000 rows of 16", gather), case("… their gradients into the table", scatter)])
}

fn recurrent_layer(bench: &mut Bench, names: [&'static str; 2], cell: Cell, sizes: [usize; 4]) -> Result<()> {
    let ([batch, steps, features, units], both) = (sizes, cell != Cell::Simple);
    let rnn = Rnn { both, sequences: true, ..Rnn::new(cell, sizes) };
    let (cpu, across, directions) = (bench.cpu(), cell.gates() * units, if both { 2 } else { 1 });
    let small = |len, seed| uniform(len, seed).iter().map(|x| 0.4 * x - 0.2).collect::<Vec<f32>>();
    let (x, kernel, recurrent) = (small(batch * steps * features, 1), small(features * across, 2), small(units * across, 3));
    let bias = small(cell.biases() * across, 4);
    let weights = [Weights { kernel: &kernel, recurrent: &recurrent, bias: Some(&bias) }; 2];
    let inputs = Inputs { x: &x, weights: &weights[..directions], mask: None, states: [None, None], keep: None };
    let len = batch * rnn.output_rows() * rnn.output_width();
    let (mut y, mut saved, dy) = (vec![0.0; len], vec![0.0; rnn.saved()], small(len, 5));
    let (mut forth, mut back) = (vec![0.0; rnn.forward_scratch()], vec![0.0; rnn.backward_scratch()]);
    let mut found: [[Vec<f32>; 3]; 2] = std::array::from_fn(|_| [&kernel, &recurrent, &bias].map(|weight| vec![0.0; weight.len()]));
    let mut dx = vec![0.0; x.len()];
    rnn::forward(&rnn, cpu.exec(), Curves::Usual, &inputs, &mut y, &mut saved, &mut forth);
    let kept = saved.clone();
    let flops = (2 * batch * steps * directions * across * (features + units)) as f64;
    let case = |measure, flops, call| Case { measure, by: OURS, steps: 1, samples: batch, flops, call };
    let forward: Box<dyn FnMut() -> Result<()>> = Box::new(|| {
        rnn::forward(&rnn, cpu.exec(), Curves::Usual, &inputs, &mut y, &mut saved, &mut forth);
        Ok(())
    });
    let backward = Box::new(|| {
        let weights = found.each_mut().map(|found| found.each_mut().map(|found| Some(found.as_mut_slice())));
        let gradients = Gradients { x: Some(&mut dx), weights, ..Gradients::default() };
        rnn::backward(&rnn, cpu.exec(), Curves::Usual, &inputs, &kept, &dy, gradients, &mut back);
        Ok(())
    });
    bench.measure(vec![case(names[0], flops, forward), case(names[1], 2.0 * flops, backward)])
}

/// What is not a product: the optimizer, softmax with cross-entropy, batches of bytes.
pub(super) fn others(bench: &mut Bench) -> Result<()> {
    const WEIGHTS: usize = 101_770;
    const ROWS: usize = 32;
    let cpu = bench.cpu();
    let exec = cpu.exec();
    let case = |measure, samples, call| Case { measure, by: OURS, steps: 1, samples, flops: 0.0, call };

    let (mut w, g, mut m, mut v) = (uniform(WEIGHTS, 1), uniform(WEIGHTS, 2), uniform(WEIGHTS, 3), uniform(WEIGHTS, 4));
    let how = Moments { rate: 1e-3, one_minus_beta_1: 0.1, one_minus_beta_2: 0.001, epsilon: 1e-7 };
    let update: Box<dyn FnMut() -> Result<()>> = Box::new(|| {
        adam(exec, &mut w, &g, &mut m, &mut v, how);
        Ok(())
    });

    let (z, mut p, mut losses) = (uniform(ROWS * 10, 5), vec![0.0; ROWS * 10], vec![0.0; ROWS]);
    let classes: Vec<f32> = (0..ROWS).map(|row| (row % 10) as f32).collect();
    let cross_entropy = Box::new(|| {
        softmax::sparse_cross_entropy(exec, &z, &classes, 10, &mut losses, &mut p);
        Ok(())
    });

    let mut rng = Key::new(6).rng();
    let bytes: Vec<u8> = (0..60_000 * 784).map(|_| rng.below(256) as u8).collect();
    let (mut rows, mut batch) = ([0_u32; ROWS], vec![0.0; ROWS * 784]);
    let gather = Box::new(|| {
        rows.fill_with(|| rng.below(60_000));
        gather_u8(exec, &bytes, 784, &rows, 1.0 / 255.0, 0.0, &mut batch);
        Ok(())
    });
    bench.measure(vec![
        case("Adam, 101,770 weights", WEIGHTS, update),
        case("softmax + cross-entropy, 32×10", ROWS, cross_entropy),
        case("32 of 60,000 rows of 784 bytes", ROWS, gather),
    ])
}
