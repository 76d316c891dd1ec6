//! Rounding errors on the layers of the course, against sums of f64: the table of `BENCHMARKS.md`.

use super::super::forward::bytes;
use super::super::tests::plain;
use super::super::{Upstream, backward, backward_scratch, forward, forward_pooled, forward_scratch, pooled_words};
use super::{Conv, applies};
use crate::kernel::{Exec, Simd, Team};
use crate::rng::Key;

/// Places of y and of dX, and numbers of dW, that are looked at.
const LOOKS: [usize; 3] = [6000, 6000, 300];

/// The outputs of relu after a layer; weights between the bounds of Glorot; a gradient that comes through 2×2 maxima and relu.
struct Layer {
    g: Conv,
    x: Vec<f32>,
    w: Vec<f32>,
    b: Vec<f32>,
    y: Vec<f32>,
    dz: Vec<f32>,
    dx: Vec<f32>,
    dw: Vec<f32>,
}

fn uniform(len: usize, seed: u64, scale: f32) -> Vec<f32> {
    let mut numbers = vec![0.0; len];
    Key::new(seed).fill_uniform(&mut numbers);
    numbers.iter_mut().for_each(|x| *x = scale * (2.0 * *x - 1.0));
    numbers
}

/// Nearly normal: sums of twelve uniform numbers.
fn normal(len: usize, seed: u64) -> Vec<f32> {
    let all = uniform(12 * len, seed, 0.5);
    all.chunks_exact(12).map(|few| few.iter().sum()).collect()
}

impl Layer {
    fn new(exec: Exec<'_>, [batch, side, channels, filters]: [usize; 4]) -> Self {
        let g = Conv { batch, size: [side; 2], channels, filters, ..plain() };
        assert!(applies(&g));
        let [inputs, outputs, _] = g.lens();
        let x: Vec<f32> = normal(inputs, 1).iter().map(|x| x.max(0.0)).collect();
        let w = uniform(g.weights(), 2, (6.0 / (9 * (channels + filters)) as f32).sqrt());
        let b = uniform(filters, 3, 0.05);
        let mut y = vec![0.0; outputs];
        forward(exec, &g, &x, &w, Some(&b), true, &mut y, &mut vec![0.0; forward_scratch(&g, None)]);

        let [rows, columns] = g.output();
        let mut most = vec![0.0; batch * (rows / 2) * (columns / 2) * filters];
        let (mut places, mut scratch) = (vec![0.0; pooled_words(&g, [2, 2])], vec![0.0; forward_scratch(&g, Some([2, 2]))]);
        forward_pooled(exec, &g, &x, &w, Some(&b), true, [2, 2], &mut most, &mut places, &mut scratch);
        let dy = normal(most.len(), 4);
        let mut dz = vec![0.0; outputs];
        for (at, y) in most.iter().enumerate().filter(|(_, y)| **y > 0.0) {
            let (_, place, filter) = (*y, usize::from(bytes(&places)[at]), at % filters);
            let (row, column) = (at / filters / (columns / 2) % (rows / 2), at / filters % (columns / 2));
            let example = at / filters / (columns / 2) / (rows / 2);
            dz[((example * rows + 2 * row + place / 2) * columns + 2 * column + place % 2) * filters + filter] = dy[at];
        }
        let (mut dx, mut dw) = (vec![0.0; inputs], vec![0.0; g.weights()]);
        let upstream = Upstream::Pooled { dy: &dy, y: &most, places: &places, pool: [2, 2], relu: true };
        let mut scratch = vec![0.0; backward_scratch(&g, Some([2, 2]))];
        backward(exec, &g, &x, &w, upstream, Some(&mut dx), Some(&mut dw), None, &mut scratch);
        Self { g, x, w, b, y, dz, dx, dw }
    }

    /// Where the input that an output at (row, column) meets begins, for a place of the window.
    fn input(&self, example: usize, row: usize, column: usize) -> usize {
        ((example * self.g.size[0] + row) * self.g.size[1] + column) * self.g.channels
    }

    fn output(&self, example: usize, row: usize, column: usize) -> usize {
        let [rows, columns] = self.g.output();
        ((example * rows + row) * columns + column) * self.g.filters
    }

    fn exact_y(&self, at: usize) -> f64 {
        let ([rows, columns], k) = (self.g.output(), self.g.filters);
        let (filter, column, row, example) = (at % k, at / k % columns, at / k / columns % rows, at / k / columns / rows);
        let mut sum = f64::from(self.b[filter]);
        for place in 0..9 {
            let from = self.input(example, row + place / 3, column + place % 3);
            for channel in 0..self.g.channels {
                sum += f64::from(self.x[from + channel]) * f64::from(self.w[(place * self.g.channels + channel) * k + filter]);
            }
        }
        sum.max(0.0)
    }

    fn exact_dx(&self, at: usize) -> f64 {
        let ([rows, columns], [height, width], c) = (self.g.output(), self.g.size, self.g.channels);
        let (channel, column, row, example) = (at % c, at / c % width, at / c / width % height, at / c / width / height);
        let mut sum = 0.0;
        for place in 0..9 {
            let (row, column) = (row.wrapping_sub(place / 3), column.wrapping_sub(place % 3));
            if row < rows && column < columns {
                let from = self.output(example, row, column);
                for filter in 0..self.g.filters {
                    sum += f64::from(self.dz[from + filter]) * f64::from(self.w[(place * c + channel) * self.g.filters + filter]);
                }
            }
        }
        sum
    }

    fn exact_dw(&self, at: usize) -> f64 {
        let (filter, channel, place) = (at % self.g.filters, at / self.g.filters % self.g.channels, at / self.g.filters / self.g.channels);
        let [rows, columns] = self.g.output();
        let mut sum = 0.0;
        for (example, row) in (0..self.g.batch).flat_map(|example| (0..rows).map(move |row| (example, row))) {
            for column in 0..columns {
                let from = self.input(example, row + place / 3, column + place % 3);
                sum += f64::from(self.x[from + channel]) * f64::from(self.dz[self.output(example, row, column) + filter]);
            }
        }
        sum
    }
}

/// The worst and the root mean square error, relative to the largest value, over places drawn at random.
fn errors(got: &[f32], looks: usize, exact: impl Fn(usize) -> f64) -> [f64; 2] {
    let mut rng = Key::new(9).rng();
    let pairs: Vec<(f64, f64)> = (0..looks)
        .map(|_| {
            let at = rng.below(got.len() as u32) as usize;
            (f64::from(got[at]), exact(at))
        })
        .collect();
    let largest = pairs.iter().fold(0.0_f64, |largest, (_, exact)| largest.max(exact.abs()));
    let worst = pairs.iter().fold(0.0_f64, |worst, (got, exact)| worst.max((got - exact).abs()));
    let squares = pairs.iter().map(|(got, exact)| (got - exact).powi(2)).sum::<f64>();
    [worst / largest, (squares / pairs.len() as f64).sqrt() / largest]
}

#[test]
#[ignore = "takes minutes: `cargo test --release -p practicum-core --lib errors_on_the_layers -- --ignored --nocapture`"]
fn errors_on_the_layers_of_the_course_are_small() {
    let team = Team::new(2);
    let exec = Exec::new(&team, Simd::detect()).unwrap();
    let mut table = "| layer | y | by the input | by the kernel |\n|---|--:|--:|--:|\n".to_owned();
    for sizes in [
        [20, 74, 32, 64],
        [20, 36, 64, 128],
        [20, 17, 128, 128],
        [32, 149, 16, 32],
        [32, 73, 32, 64],
        [32, 35, 64, 64],
        [32, 16, 64, 64],
        [32, 13, 64, 64],
    ] {
        let layer = Layer::new(exec, sizes);
        let y = errors(&layer.y, LOOKS[0], |at| layer.exact_y(at));
        let dx = errors(&layer.dx, LOOKS[1], |at| layer.exact_dx(at));
        let dw = errors(&layer.dw, LOOKS[2], |at| layer.exact_dw(at));
        let told = [y, dx, dw].map(|[worst, square]| format!("{worst:.1e} / {square:.1e}"));
        let [batch, side, channels, filters] = sizes;
        table.push_str(&format!("| {batch}×{side}×{side}×{channels} → {filters} | {} |\n", told.join(" | ")));
        assert!(y[0] <= 3e-6 && dx[0] <= 3e-6 && dw[0] <= 1e-5, "{sizes:?}: {told:?}");
    }
    let out = std::io::Write::write_all(&mut std::io::stdout(), table.as_bytes());
    assert!(out.is_ok());
}
