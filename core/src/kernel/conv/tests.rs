//! Against the sums as they are written in books.

use super::*;
use crate::kernel::{Exec, Simd, Team};
use crate::rng::Key;

pub(super) fn draw(len: usize, seed: u64) -> Vec<f32> {
    let mut numbers = vec![0.0; len];
    Key::new(seed).fill_uniform(&mut numbers);
    numbers.iter_mut().for_each(|x| *x -= 0.5);
    numbers
}

pub(super) fn plain() -> Conv {
    Conv {
        batch: 3,
        size: [7, 9],
        channels: 3,
        filters: 5,
        kernel: [3, 3],
        strides: [1, 1],
        dilation: [1, 1],
        padding: [[0, 0]; 2],
        groups: 1,
    }
}

fn few() -> Conv {
    Conv { filters: 130, channels: 20, kernel: [1, 7], size: [5, 9], padding: [[0, 0], [3, 3]], batch: 2, ..plain() }
}

fn cases() -> Vec<Conv> {
    let plain = plain();
    [
        plain,
        Conv { filters: 70, channels: 1, ..plain },
        Conv { filters: 130, channels: 4, batch: 1, ..plain },
        Conv { strides: [2, 3], padding: [[1, 0], [0, 2]], ..plain },
        Conv { dilation: [2, 2], padding: [[2, 2], [2, 2]], ..plain },
        Conv { groups: 2, channels: 6, filters: 34, padding: [[1, 1], [1, 1]], ..plain },
        Conv { size: [1, 20], kernel: [1, 5], padding: [[0, 0], [4, 0]], batch: 17, filters: 16, ..plain },
        Conv { kernel: [1, 1], channels: 20, filters: 33, ..plain },
        Conv { strides: [2, 2], padding: [[0, 1], [0, 1]], batch: 9, ..plain },
        Conv { strides: [4, 5], kernel: [2, 3], filters: 34, groups: 2, channels: 6, ..plain },
        Conv { size: [1, 9], kernel: [1, 4], strides: [1, 2], padding: [[0, 0], [3, 3]], ..plain },
        Conv { strides: [2, 3], dilation: [3, 2], padding: [[3, 2], [1, 4]], ..plain },
        // A phase of the transposed convolution that has the size of the input, but not its places.
        Conv { size: [1, 2], kernel: [1, 2], strides: [1, 2], padding: [[0, 0], [1, 0]], ..plain },
        Conv { size: [1, 2], kernel: [1, 2], strides: [1, 2], dilation: [1, 3], padding: [[0, 0], [1, 1]], ..plain },
        // Filters that see one channel: one and several of them, more and fewer than vectors hold.
        Conv { groups: 20, channels: 20, filters: 20, padding: [[1, 1], [1, 1]], ..plain },
        Conv { groups: 3, channels: 3, filters: 6, size: [9, 30], padding: [[0, 2], [2, 0]], ..plain },
        Conv { groups: 33, channels: 33, filters: 33, kernel: [1, 7], size: [3, 12], padding: [[0, 0], [6, 0]], batch: 9, ..plain },
        Conv { groups: 17, channels: 17, filters: 34, strides: [2, 2], size: [8, 11], padding: [[0, 1], [1, 1]], ..plain },
        Conv { groups: 5, channels: 5, filters: 5, strides: [2, 3], dilation: [2, 1], padding: [[3, 0], [0, 2]], size: [9, 9], ..plain },
        Conv { groups: 4, channels: 4, filters: 4, kernel: [5, 5], size: [3, 3], padding: [[2, 2], [4, 4]], ..plain },
        // Groups of few channels: one and several in a vector, more and fewer channels than filters.
        Conv { groups: 32, channels: 128, filters: 128, size: [10, 11], padding: [[1, 1], [1, 1]], ..plain },
        Conv { groups: 9, channels: 72, filters: 72, size: [9, 20], ..plain },
        Conv { groups: 7, channels: 14, filters: 21, strides: [2, 2], padding: [[0, 1], [1, 1]], ..plain },
        Conv { groups: 11, channels: 33, filters: 22, kernel: [1, 1], batch: 9, ..plain },
        Conv { groups: 5, channels: 40, filters: 5, dilation: [2, 1], padding: [[2, 2], [0, 2]], ..plain },
        Conv { groups: 3, channels: 6, filters: 24, kernel: [1, 4], size: [1, 30], padding: [[0, 0], [3, 0]], ..plain },
        Conv { groups: 4, channels: 20, filters: 28, strides: [3, 1], dilation: [1, 2], size: [12, 14], ..plain },
        Conv { groups: 2, channels: 18, filters: 18, padding: [[1, 1], [1, 1]], ..plain },
        // A few outputs of a large kernel, which is read by columns.
        few(),
        Conv { filters: 100, channels: 24, strides: [2, 2], size: [9, 9], batch: 1, ..plain },
        // Products of matrices, and strides that leave places out.
        Conv { kernel: [1, 1], channels: 70, filters: 100, batch: 10, ..plain },
        Conv { kernel: [1, 1], channels: 256, filters: 260, batch: 9, size: [3, 4], ..plain },
        Conv { kernel: [1, 1], strides: [2, 2], channels: 16, filters: 16, ..plain },
        Conv { kernel: [5, 5], strides: [2, 2], size: [20, 19], channels: 16, filters: 16, padding: [[2, 2], [1, 2]], ..plain },
        // More rows than the gradient of the kernel goes through at once.
        Conv { size: [40, 60], channels: 8, filters: 34, batch: 2, ..plain },
    ]
    .into_iter()
    // Every number of parts that the batch can be cut into.
    .chain([2, 4, 5, 7, 8, 64].map(|batch| Conv { batch, size: [4, 5], ..plain }))
    .collect()
}

/// Calls `f` with the places of x, of w and of y of every product.
pub(super) fn products(g: &Conv, mut f: impl FnMut(usize, usize, usize)) {
    let ([rows, columns], (channels, filters)) = (g.output(), (g.group_channels(), g.group_filters()));
    for n in 0..g.batch {
        for (oy, ox) in (0..rows).flat_map(|oy| (0..columns).map(move |ox| (oy, ox))) {
            for (ky, kx) in (0..g.kernel[0]).flat_map(|ky| (0..g.kernel[1]).map(move |kx| (ky, kx))) {
                let y = (oy * g.strides[0] + ky * g.dilation[0]).wrapping_sub(g.padding[0][0]);
                let x = (ox * g.strides[1] + kx * g.dilation[1]).wrapping_sub(g.padding[1][0]);
                if y >= g.size[0] || x >= g.size[1] {
                    continue;
                }
                for f_ in 0..g.filters {
                    for c in 0..channels {
                        let channel = f_ / filters * channels + c;
                        f(
                            ((n * g.size[0] + y) * g.size[1] + x) * g.channels + channel,
                            ((ky * g.kernel[1] + kx) * channels + c) * g.filters + f_,
                            ((n * rows + oy) * columns + ox) * g.filters + f_,
                        );
                    }
                }
            }
        }
    }
}

fn close(got: &[f32], expected: &[f64]) {
    let largest = expected.iter().fold(1e-3, |largest: f64, x| largest.max(x.abs()));
    for (place, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((f64::from(*got) - expected).abs() <= 1e-5 * largest, "{place}: {got} is not {expected}");
    }
}

#[test]
fn outputs_and_gradients_are_their_sums_and_keep_their_bits() {
    let teams = [Team::new(1), Team::new(2), Team::new(4)];
    for g in cases() {
        let [inputs, outputs, _] = g.lens();
        let (x, w, b, dy) = (draw(inputs, 1), draw(g.weights(), 2), draw(g.filters, 3), draw(outputs, 4));
        let mut y = vec![0.0; outputs];
        let (mut dx, mut dw, mut db) = (vec![0.0; inputs], vec![0.0; g.weights()], vec![0.0; g.filters]);
        products(&g, |i, j, k| {
            y[k] += f64::from(x[i]) * f64::from(w[j]);
            dx[i] += f64::from(dy[k]) * f64::from(w[j]);
            dw[j] += f64::from(dy[k]) * f64::from(x[i]);
        });
        y.iter_mut().enumerate().for_each(|(place, y)| *y += f64::from(b[place % g.filters]));
        dy.iter().enumerate().for_each(|(place, dy)| db[place % g.filters] += f64::from(*dy));

        let mut first: Option<[Vec<f32>; 5]> = None;
        for simd in Simd::available() {
            for team in &teams {
                let exec = Exec::new(team, simd).unwrap();
                let mut got = [inputs, outputs, inputs, g.weights(), g.filters].map(|len| vec![9.0; len]);
                let mut scratch = vec![9.0; forward_scratch(&g, None).max(backward_scratch(&g, None)).max(transposed_scratch(&g))];
                let [got_back, got_y, got_dx, got_dw, got_db] = &mut got;
                transposed(exec, &g, &w, &dy, got_back, &mut scratch);
                forward(exec, &g, &x, &w, Some(&b), false, got_y, &mut scratch);
                let upstream = Upstream::Plain { dy: &dy };
                backward(exec, &g, &x, &w, upstream, Some(got_dx), Some(got_dw), Some(got_db), &mut scratch);
                for (got, expected) in got.iter().zip([&dx, &y, &dx, &dw, &db]) {
                    close(got, expected);
                }
                let mut alone = vec![9.0; g.weights()];
                backward(exec, &g, &x, &w, upstream, None, Some(&mut alone), None, &mut scratch);
                assert_eq!(alone, got[3], "the gradient of the kernel alone");
                if simd.is_fused() {
                    assert_eq!(first.get_or_insert_with(|| got.clone()), &got, "{simd} on {} threads: {g:?}", team.threads());
                }
            }
        }
    }
}

#[test]
fn maxima_over_groups_are_those_of_their_outputs() {
    let team = Team::new(2);
    for g in cases().into_iter().filter(|g| g.groups > 1 && g.output().iter().all(|size| *size >= 2)) {
        let [inputs, outputs, _] = g.lens();
        let (x, w, b, pool) = (draw(inputs, 1), draw(g.weights(), 2), draw(g.filters, 3), [2, 2]);
        let [rows, columns] = g.output().map(|size| size / 2);
        for simd in Simd::available() {
            let exec = Exec::new(&team, simd).unwrap();
            let mut scratch = vec![9.0; forward_scratch(&g, None).max(forward_scratch(&g, Some(pool)))];
            let (mut y, mut most) = (vec![9.0; outputs], vec![9.0; g.batch * rows * columns * g.filters]);
            let mut places = vec![0.0; pooled_words(&g, pool)];
            forward(exec, &g, &x, &w, Some(&b), true, &mut y, &mut scratch);
            forward_pooled(exec, &g, &x, &w, Some(&b), true, pool, &mut most, &mut places, &mut scratch);
            let at =
                |n: usize, row: usize, column: usize, f: usize| y[((n * g.output()[0] + row) * g.output()[1] + column) * g.filters + f];
            for (place, most) in most.iter().enumerate() {
                let (f, column, row, n) = (
                    place % g.filters,
                    place / g.filters % columns,
                    place / g.filters / columns % rows,
                    place / g.filters / columns / rows,
                );
                let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| at(n, 2 * row + i, 2 * column + j, f));
                assert_eq!(*most, window.into_iter().fold(f32::MIN, f32::max), "{simd}, {place}: {g:?}");
            }
        }
    }
}

#[test]
fn gradients_by_blocks_of_rows_have_the_bits_of_whole_maps() {
    let team = Team::new(2);
    // More rows than a block has, of which the windows leave some out; and windows taller than a block.
    let plain = Conv { size: [45, 60], filters: 40, batch: 3, ..plain() };
    for (g, pool) in [(plain, [3, 2]), (plain, [40, 1]), (Conv { size: [44, 63], padding: [[1, 1]; 2], ..plain }, [2, 2])] {
        let [inputs, outputs, _] = g.lens();
        let ([rows, columns], [tall, wide]) = (g.output(), pool);
        let (x, w, b) = (draw(inputs, 1), draw(g.weights(), 2), draw(g.filters, 3));
        for simd in Simd::available() {
            let exec = Exec::new(&team, simd).unwrap();
            let mut scratch = vec![9.0; forward_scratch(&g, Some(pool)).max(backward_scratch(&g, Some(pool)))];
            let [high, broad] = [rows / tall, columns / wide];
            let (mut y, mut places) = (vec![9.0; g.batch * high * broad * g.filters], vec![0.0; pooled_words(&g, pool)]);
            forward_pooled(exec, &g, &x, &w, Some(&b), true, pool, &mut y, &mut places, &mut scratch);
            let (dy, mut dz) = (draw(y.len(), 4), vec![0.0; outputs]);
            let words = (broad * g.filters).div_ceil(4);
            for (at, (dy, y)) in dy.iter().zip(&y).enumerate() {
                let (f, column, row) = (at % g.filters, at / g.filters % broad, at / g.filters / broad);
                let place = usize::from(forward::bytes(&places[row * words..])[column * g.filters + f]);
                let (line, across) = (row % high * tall + place / wide, column * wide + place % wide);
                dz[((row / high * rows + line) * columns + across) * g.filters + f] = if *y > 0.0 { *dy } else { 0.0 };
            }
            let gradients = |upstream: Upstream<'_>, by_input: bool, scratch: &mut [f32]| {
                let (mut dx, mut dw, mut db) = (vec![9.0; inputs], vec![9.0; g.weights()], vec![9.0; g.filters]);
                backward(exec, &g, &x, &w, upstream, by_input.then_some(&mut dx), Some(&mut dw), Some(&mut db), scratch);
                (dw, db)
            };
            let upstream = Upstream::Pooled { dy: &dy, y: &y, places: &places, pool, relu: true };
            let whole = gradients(Upstream::Plain { dy: &dz }, true, &mut scratch);
            assert!(whole.0.iter().any(|x| x.abs() > 0.1));
            for (upstream, by_input) in [(upstream, false), (upstream, true), (Upstream::Plain { dy: &dz }, false)] {
                assert_eq!(gradients(upstream, by_input, &mut scratch), whole, "{simd}, {pool:?}, by the input {by_input}");
            }
        }
    }
}

#[test]
fn sizes_that_wrap_stop_every_kernel() {
    let plain = cases()[0];
    let huge = 1 << 32;
    let wrong = [
        Conv { size: [huge, huge], strides: [huge, huge], ..plain },
        Conv { batch: usize::MAX, ..plain },
        Conv { kernel: [huge, huge], padding: [[huge, huge]; 2], ..plain },
        Conv { padding: [[usize::MAX, 1], [0, 0]], ..plain },
        Conv { dilation: [usize::MAX, 1], ..plain },
        Conv { strides: [0, 1], ..plain },
        Conv { groups: 0, ..plain },
        Conv { kernel: [0, 3], ..plain },
    ];
    let team = Team::new(1);
    let exec = Exec::new(&team, Simd::Portable).unwrap();
    for g in wrong {
        let none: &[f32] = &[];
        let upstream = Upstream::Plain { dy: none };
        let calls: [&dyn Fn(); 4] = [
            &|| forward(exec, &g, none, none, None, false, &mut [], &mut []),
            &|| forward_pooled(exec, &g, none, none, None, false, [2, 2], &mut [], &mut [], &mut []),
            &|| backward(exec, &g, none, none, upstream, None, None, None, &mut []),
            &|| transposed(exec, &g, none, none, &mut [], &mut []),
        ];
        for call in calls {
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err(), "{g:?}");
        }
    }
}

#[test]
fn an_example_has_its_bits_among_few_and_among_many() {
    let (one, many) = (Conv { batch: 1, ..few() }, Conv { batch: 40, ..few() });
    let (x, w, bias) = (draw(many.lens()[0], 1), draw(many.weights(), 2), draw(many.filters, 3));
    let team = Team::new(2);
    for simd in Simd::available() {
        let exec = Exec::new(&team, simd).unwrap();
        let outputs = |g: &Conv| {
            let mut y = vec![f32::NAN; g.lens()[1]];
            let mut scratch = vec![f32::NAN; forward_scratch(g, None)];
            forward(exec, g, &x[..g.lens()[0]], &w, Some(&bias), true, &mut y, &mut scratch);
            y
        };
        let few = outputs(&one);
        assert_eq!(few, outputs(&many)[..few.len()], "{simd}");
    }
}
