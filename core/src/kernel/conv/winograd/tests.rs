//! Against the sums as they are written in books, and against itself cut in other ways.

use super::super::tests::{draw, plain, products};
use super::super::{Upstream, backward, backward_scratch, forward, forward_pooled, forward_scratch, pooled_words};
use super::*;
use crate::kernel::{Exec, Simd, Team};

/// Every way for tiles to end, with every padding.
fn cases() -> Vec<Conv> {
    let g = Conv { batch: 3, size: [10, 10], channels: 16, filters: 16, ..plain() };
    let sizes = [[10, 11], [12, 13], [14, 17], [16, 22]].map(|size| Conv { size, ..g });
    let more = [
        Conv { channels: 48, filters: 80, batch: 1, ..g },
        Conv { channels: 80, filters: 32, batch: 2, ..g },
        Conv { size: [8, 9], padding: [[1, 1], [1, 1]], filters: 32, ..g },
        Conv { size: [11, 8], padding: [[2, 0], [0, 2]], ..g },
        Conv { size: [6, 7], padding: [[3, 4], [2, 2]], ..g },
        // More tiles than a block, and parts of different lengths.
        Conv { size: [27, 24], batch: 10, padding: [[1, 1], [1, 1]], ..g },
    ];
    sizes.into_iter().chain(more).collect()
}

/// What a pass is given.
struct Given {
    g: Conv,
    x: Vec<f32>,
    w: Vec<f32>,
    b: Vec<f32>,
    dy: Vec<f32>,
}

impl Given {
    fn new(g: Conv) -> Self {
        assert!(applies(&g));
        let [inputs, outputs, _] = g.lens();
        Self { g, x: draw(inputs, 1), w: draw(g.weights(), 2), b: draw(g.filters, 3), dy: draw(outputs, 4) }
    }

    fn forward(&self, exec: Exec<'_>, relu: bool) -> Vec<f32> {
        let (mut y, mut scratch) = (vec![9.0; self.g.lens()[1]], vec![f32::NAN; forward_scratch(&self.g, None)]);
        forward(exec, &self.g, &self.x, &self.w, Some(&self.b), relu, &mut y, &mut scratch);
        y
    }

    fn pooled(&self, exec: Exec<'_>, relu: bool) -> [Vec<f32>; 2] {
        let [rows, columns] = self.g.output();
        let mut y = vec![9.0; self.g.batch * (rows / 2) * (columns / 2) * self.g.filters];
        let mut places = vec![0.0; pooled_words(&self.g, [2, 2])];
        let mut scratch = vec![f32::NAN; forward_scratch(&self.g, Some([2, 2]))];
        forward_pooled(exec, &self.g, &self.x, &self.w, Some(&self.b), relu, [2, 2], &mut y, &mut places, &mut scratch);
        [y, places]
    }

    /// The gradients by x, w and b.
    fn backward(&self, exec: Exec<'_>, upstream: Upstream<'_>) -> [Vec<f32>; 3] {
        let mut got = [self.g.lens()[0], self.g.weights(), self.g.filters].map(|len| vec![9.0; len]);
        let [dx, dw, db] = &mut got;
        let mut scratch = vec![f32::NAN; backward_scratch(&self.g, None)];
        backward(exec, &self.g, &self.x, &self.w, upstream, Some(dx), Some(dw), Some(db), &mut scratch);
        got
    }
}

fn error(got: &[f32], exact: &[f64]) -> f64 {
    assert_eq!(got.len(), exact.len());
    let largest = exact.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    got.iter().zip(exact).fold(0.0_f64, |worst, (got, exact)| worst.max((f64::from(*got) - exact).abs())) / largest
}

#[test]
fn outputs_and_gradients_are_their_sums_and_keep_their_bits() {
    let teams = [Team::new(1), Team::new(2), Team::new(4)];
    for given in cases().into_iter().map(Given::new) {
        let g = &given.g;
        let [inputs, outputs, _] = g.lens();
        let (mut y, mut dx) = (vec![0.0; outputs], vec![0.0; inputs]);
        let (mut dw, mut db) = (vec![0.0; g.weights()], vec![0.0; g.filters]);
        products(g, |i, j, k| {
            y[k] += f64::from(given.x[i]) * f64::from(given.w[j]);
            dx[i] += f64::from(given.dy[k]) * f64::from(given.w[j]);
            dw[j] += f64::from(given.dy[k]) * f64::from(given.x[i]);
        });
        y.iter_mut().enumerate().for_each(|(place, y)| *y += f64::from(given.b[place % g.filters]));
        given.dy.iter().enumerate().for_each(|(place, dy)| db[place % g.filters] += f64::from(*dy));

        let mut first: Option<Vec<Vec<f32>>> = None;
        for simd in Simd::available() {
            for team in &teams {
                let exec = Exec::new(team, simd).unwrap();
                let upstream = Upstream::Plain { dy: &given.dy };
                let [got_dx, got_dw, got_db] = given.backward(exec, upstream);
                let got = vec![given.forward(exec, false), got_dx, got_dw, got_db];
                for ((name, bound), (got, exact)) in
                    [("y", 3e-6), ("dx", 3e-6), ("dw", 1e-5), ("db", 1e-5)].into_iter().zip(got.iter().zip([&y, &dx, &dw, &db]))
                {
                    let error = error(got, exact);
                    assert!(error <= bound, "{name} of {g:?} on {simd}: {error:e}");
                }
                let (mut alone, mut scratch) = (vec![9.0; g.weights()], vec![f32::NAN; backward_scratch(g, None)]);
                backward(exec, g, &given.x, &given.w, upstream, None, Some(&mut alone), None, &mut scratch);
                assert_eq!(alone, got[2], "the gradient of the kernel alone");
                if simd.is_fused() {
                    assert_eq!(first.get_or_insert_with(|| got.clone()), &got, "{simd} on {} threads: {g:?}", team.threads());
                }
            }
        }
    }
}

#[test]
fn an_example_has_its_bits_in_any_batch() {
    let team = Team::new(2);
    let exec = Exec::new(&team, Simd::detect()).unwrap();
    for given in cases().into_iter().map(Given::new) {
        let (y, [dx, ..]) = (given.forward(exec, true), given.backward(exec, Upstream::Plain { dy: &given.dy }));
        let [pooled, _] = given.pooled(exec, true);
        let (batch, one) = (given.g.batch, Conv { batch: 1, ..given.g });
        let part = |whole: &[f32], example: usize| whole[example * whole.len() / batch..(example + 1) * whole.len() / batch].to_vec();
        for example in 0..batch {
            let (w, b) = (given.w.clone(), given.b.clone());
            let alone = Given { g: one, x: part(&given.x, example), w, b, dy: part(&given.dy, example) };
            assert_eq!(alone.forward(exec, true), part(&y, example));
            assert_eq!(alone.pooled(exec, true)[0], part(&pooled, example));
            assert_eq!(alone.backward(exec, Upstream::Plain { dy: &alone.dy })[0], part(&dx, example));
        }
    }
}

#[test]
fn relu_pool_and_mean_have_the_bits_of_one_after_the_other() {
    let team = Team::new(2);
    for simd in Simd::available() {
        let exec = Exec::new(&team, simd).unwrap();
        for given in cases().into_iter().map(Given::new) {
            let (g, [rows, columns], k) = (&given.g, given.g.output(), given.g.filters);
            let y = given.forward(exec, true);
            assert!(y.iter().zip(given.forward(exec, false)).all(|(y, z)| *y == z.max(0.0)));
            let masked: Vec<f32> = given.dy.iter().zip(&y).map(|(dy, y)| if *y > 0.0 { *dy } else { 0.0 }).collect();
            let plain = given.backward(exec, Upstream::Plain { dy: &masked });
            assert_eq!(given.backward(exec, Upstream::Relu { dy: &given.dy, y: &y }), plain);

            let means = draw(g.batch * k, 5);
            let factor = 1.0 / (rows * columns) as f32;
            let spread: Vec<f32> =
                (0..y.len()).map(|i| if y[i] > 0.0 { factor * means[i / (rows * columns * k) * k + i % k] } else { 0.0 }).collect();
            let mean = Upstream::Mean { dy: &means, y: Some(&y) };
            assert_eq!(given.backward(exec, mean), given.backward(exec, Upstream::Plain { dy: &spread }));

            let [pooled, places] = given.pooled(exec, true);
            let size = [rows / 2, columns / 2];
            let dy = draw(pooled.len(), 6);
            let mut spread = vec![0.0; y.len()];
            for (at, most) in pooled.iter().enumerate() {
                let (n, row, column, filter) = (at / k / size[1] / size[0], at / k / size[1] % size[0], at / k % size[1], at % k);
                let of = |place: usize| ((n * rows + 2 * row + place / 2) * columns + 2 * column + place % 2) * k + filter;
                let place = (1..4).fold(0, |best, place| if y[of(place)] > y[of(best)] { place } else { best });
                assert_eq!((*most, usize::from(super::super::forward::bytes(&places)[at])), (y[of(place)], place));
                spread[of(place)] = if *most > 0.0 { dy[at] } else { 0.0 };
            }
            let upstream = Upstream::Pooled { dy: &dy, y: &pooled, places: &places, pool: [2, 2], relu: true };
            assert_eq!(given.backward(exec, upstream), given.backward(exec, Upstream::Plain { dy: &spread }), "{g:?}");
        }
    }
}

#[test]
fn a_nan_stays_in_its_tiles_and_is_a_maximum() {
    let team = Team::new(1);
    for simd in Simd::available() {
        let exec = Exec::new(&team, simd).unwrap();
        let mut given = Given::new(Conv { size: [18, 18], batch: 1, channels: 16, filters: 16, ..plain() });
        given.x[(9 * 18 + 9) * 16] = f32::NAN;
        let y = given.forward(exec, true);
        for (place, y) in y.iter().enumerate() {
            let (row, column) = (place / 16 / 16, place / 16 % 16);
            let reached = (4..12).contains(&row) && (4..12).contains(&column);
            assert!(!y.is_nan() || reached, "{row}, {column}");
            assert!(y.is_nan() || !((7..10).contains(&row) && (7..10).contains(&column)), "{row}, {column}");
        }
        let [pooled, _] = given.pooled(exec, true);
        assert!(pooled[((4 * 8) + 4) * 16].is_nan());
    }
}

#[test]
fn shape_alone_decides() {
    let g = Conv { batch: 1, size: [10, 10], channels: 16, filters: 32, ..plain() };
    assert!(applies(&g) && applies(&Conv { batch: 0, ..g }) && applies(&Conv { batch: 1000, ..g }));
    for other in [
        Conv { size: [9, 10], ..g },
        Conv { channels: 3, ..g },
        Conv { filters: 24, ..g },
        Conv { strides: [1, 2], ..g },
        Conv { dilation: [2, 1], size: [14, 14], ..g },
        Conv { kernel: [5, 5], size: [14, 14], ..g },
        Conv { groups: 2, ..g },
    ] {
        assert!(!applies(&other), "{other:?}");
    }
}
