//! Products against three plain loops, and bit against bit.

use super::*;
use crate::kernel::Team;

/// Numbers between -1 and 1, the same ones for the same seed.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / (1u32 << 31) as f32 - 1.0
        })
        .collect()
}

fn sets() -> Vec<Simd> {
    Simd::available().collect()
}

/// How a matrix lies in memory.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Rows,
    Columns,
    /// Rows with gaps.
    Wide,
    /// Gaps everywhere.
    Sparse,
}
use Layout::{Columns, Rows, Sparse, Wide};

impl Layout {
    fn mat(self, data: &[f32], rows: usize, cols: usize) -> Mat<'_> {
        match self {
            Rows => Mat::new(data, rows, cols),
            Columns => Mat::new(data, cols, rows).t(),
            Wide => Mat::strided(data, rows, cols, cols + 5, 1),
            Sparse => Mat::strided(data, rows, cols, 2 * cols + 3, 2),
        }
    }

    fn len(self, rows: usize, cols: usize) -> usize {
        match self {
            Rows | Columns => rows * cols,
            Wide => rows * (cols + 5),
            Sparse => rows * (2 * cols + 3),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    m: usize,
    k: usize,
    n: usize,
    a: Layout,
    b: Layout,
    accumulate: bool,
    bias: bool,
    relu: bool,
    gap: usize,
}

impl Case {
    fn plain(m: usize, k: usize, n: usize) -> Self {
        Self { m, k, n, a: Rows, b: Rows, accumulate: false, bias: false, relu: false, gap: 0 }
    }

    /// A variant of its own for each number.
    fn mixed(m: usize, k: usize, n: usize, variant: usize) -> Self {
        let layouts = [Rows, Columns, Wide, Sparse];
        let bit = |i: usize| variant >> i & 1 == 1;
        Self {
            m,
            k,
            n,
            a: layouts[variant % 4],
            b: layouts[variant / 4 % 4],
            accumulate: bit(4),
            bias: bit(5),
            relu: bit(6),
            gap: if bit(7) { 3 } else { 0 },
        }
    }

    fn inputs(self) -> (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>) {
        let Self { m, k, n, .. } = self;
        let c = if self.accumulate { numbers(m * (n + self.gap), 3) } else { vec![f32::NAN; m * (n + self.gap)] };
        (numbers(self.a.len(m, k), 1), numbers(self.b.len(k, n), 2), c, numbers(n, 4))
    }

    fn run(self, simd: Simd, threads: usize) -> Vec<f32> {
        let team = Team::new(threads);
        let exec = Exec::new(&team, simd).unwrap();
        let (a, b, mut c, bias) = self.inputs();
        let Self { m, k, n, .. } = self;
        let how = Gemm { accumulate: self.accumulate, bias: self.bias.then_some(&bias), relu: self.relu };
        gemm(exec, self.a.mat(&a, m, k), self.b.mat(&b, k, n), MatMut::strided(&mut c, m, n, n + self.gap), how);
        c
    }

    /// Compares with sums in f64; what lies between the rows of C must be as it was.
    fn check(self, simd: Simd) {
        let got = self.run(simd, 1);
        let (a, b, c, bias) = self.inputs();
        let (a, b) = (self.a.mat(&a, self.m, self.k), self.b.mat(&b, self.k, self.n));
        let row = self.n + self.gap;
        for i in 0..self.m {
            for j in 0..self.n {
                let mut sum = if self.accumulate { f64::from(c[i * row + j]) } else { 0.0 };
                for k in 0..self.k {
                    sum += f64::from(a.data[i * a.row_stride + k * a.col_stride]) * f64::from(b.data[k * b.row_stride + j * b.col_stride]);
                }
                sum += if self.bias { f64::from(bias[j]) } else { 0.0 };
                let want = if self.relu { sum.max(0.0) } else { sum };
                let error = (f64::from(got[i * row + j]) - want).abs();
                assert!(error <= 1e-6 * (4.0 + self.k as f64), "{self:?} on {simd} at ({i}, {j}): {} for {want}", got[i * row + j]);
            }
            for j in self.n..row {
                assert_eq!(got[i * row + j].to_bits(), c[i * row + j].to_bits(), "{self:?} on {simd} wrote between rows");
            }
        }
    }

    fn bits(self, simd: Simd, threads: usize) -> Vec<u32> {
        self.run(simd, threads).into_iter().map(f32::to_bits).collect()
    }
}

#[test]
fn a_small_product_is_that_of_the_book() {
    let team = Team::new(1);
    let exec = Exec::new(&team, Simd::detect()).unwrap();
    let (a, b, mut c) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [0.0; 4]);
    let (a, b) = (Mat::new(&a, 2, 2), Mat::new(&b, 2, 2));
    gemm(exec, a, b, MatMut::new(&mut c, 2, 2), Gemm::default());
    assert_eq!(c, [19.0, 22.0, 43.0, 50.0]);
    gemm(exec, a, b.t(), MatMut::new(&mut c, 2, 2), Gemm::default().bias(&[-20.0, 0.0]).relu());
    assert_eq!(c, [0.0, 23.0, 19.0, 53.0]);
}

#[test]
fn every_remainder_of_a_tile() {
    for simd in sets() {
        for m in 1..=17 {
            for n in (1..=34).chain([47, 48, 49, 63, 64, 65, 79, 80, 81]) {
                Case::mixed(m, 1 + (m + n) % 7, n, m * 31 + n * 7).check(simd);
            }
        }
    }
}

#[test]
fn every_option_and_layout() {
    for simd in sets() {
        for variant in 0..256 {
            Case::mixed(13, 21, 37, variant).check(simd);
            Case::mixed(9, 5, 1, variant).check(simd);
        }
    }
}

#[test]
fn k_in_blocks() {
    for simd in sets() {
        for (i, k) in [K_BLOCK - 1, K_BLOCK, K_BLOCK + 1, 2 * K_BLOCK + 3].into_iter().enumerate() {
            for variant in [0, 1, 4, 5, 0b111_0000, 0b1111_0101] {
                Case::mixed(7 + i, k, 70, variant).check(simd);
                Case::mixed(11, k, 1, variant).check(simd);
            }
        }
    }
}

/// The shapes that are copied before use, cut into parts, or both.
const LARGE: [(usize, usize, usize); 9] = [
    (32, 784, 128),
    (784, 32, 128),
    (400, 70, 290),
    (1100, 20, 1000),
    (200, 300, 520),
    (70, 260, 1100),
    (500, 128, 1),
    (33, 600, 1030),
    (1700, 70, 65),
];

#[test]
fn large_shapes() {
    for simd in sets() {
        for (m, k, n) in LARGE {
            for (a, b) in [(Rows, Rows), (Columns, Rows), (Rows, Columns), (Columns, Columns)] {
                Case { a, b, bias: true, relu: true, ..Case::plain(m, k, n) }.check(simd);
            }
        }
    }
}

/// A matrix that is wide in memory is copied before use; a row stride of this size needs no such matrix as a whole.
#[test]
fn copied_blocks() {
    let (m, k, n) = (70, 80, 300);
    let (a, b) = (numbers(m * 2000, 1), numbers(k * 1000, 2));
    let narrow = |from: &[f32], rows: usize, cols: usize, step: usize| -> Vec<f32> {
        (0..rows).flat_map(|i| from[i * step..][..cols].to_vec()).collect()
    };
    for simd in sets() {
        let team = Team::new(2);
        let exec = Exec::new(&team, simd).unwrap();
        let (mut wide, mut plain) = (vec![0.0; m * n], vec![0.0; m * n]);
        gemm(exec, Mat::strided(&a, m, k, 2000, 1), Mat::strided(&b, k, n, 1000, 1), MatMut::new(&mut wide, m, n), Gemm::default());
        let (a, b) = (narrow(&a, m, k, 2000), narrow(&b, k, n, 1000));
        gemm(exec, Mat::new(&a, m, k), Mat::new(&b, k, n), MatMut::new(&mut plain, m, n), Gemm::default());
        assert!(wide == plain, "{simd}");
    }
}

#[test]
fn same_bits_on_avx2_and_avx512_and_any_threads() {
    for (m, k, n) in LARGE.into_iter().chain([(1, 1, 1), (5, 9, 8), (8, 30, 17), (64, 64, 256)]) {
        for variant in [0, 1, 4, 0b111_0000, 0b111_0101] {
            let case = Case::mixed(m, k, n, variant);
            let portable = case.bits(Simd::Portable, 1);
            assert!(portable == case.bits(Simd::Portable, 3), "{case:?} on 3 threads");
            let mut vectorized = None;
            for simd in sets().into_iter().filter(|simd| simd.is_fused()) {
                for threads in [1, 2, 4] {
                    let bits = case.bits(simd, threads);
                    assert!(*vectorized.get_or_insert_with(|| bits.clone()) == bits, "{case:?} on {simd}, {threads} threads");
                }
            }
        }
    }
}

/// Every element is one chain of fused multiply-adds: what the processor's own instruction gives, one element after the other.
#[test]
fn an_element_is_one_chain() {
    let case = Case { accumulate: true, ..Case::plain(5, K_BLOCK + 30, 21) };
    let (a, b, c, _) = case.inputs();
    for simd in sets() {
        let got = case.run(simd, 1);
        for i in 0..case.m {
            for j in 0..case.n {
                let want = (0..case.k).fold(c[i * case.n + j], |sum, k| {
                    let (a, b) = (a[i * case.k + k], b[k * case.n + j]);
                    if simd.is_fused() { a.mul_add(b, sum) } else { sum + a * b }
                });
                assert_eq!(got[i * case.n + j].to_bits(), want.to_bits(), "{simd} ({i}, {j})");
            }
        }
    }
}

#[test]
fn fused_bias_and_relu_have_the_bits_of_separate_ones() {
    for simd in sets() {
        for (m, k, n) in [(7, 40, 19), (32, 784, 128), (50, 300, 1)] {
            for accumulate in [false, true] {
                let case = Case { accumulate, ..Case::plain(m, k, n) };
                let bias = case.inputs().3;
                let separate = case.run(simd, 1).into_iter().enumerate().map(|(i, c)| {
                    let sum = c + bias[i % n];
                    (if 0.0 > sum { 0.0 } else { sum }).to_bits()
                });
                assert!(separate.eq(Case { bias: true, relu: true, ..case }.bits(simd, 1)), "{case:?} on {simd}");
            }
        }
    }
}

#[test]
fn relu_keeps_nan_and_minus_zero() {
    let team = Team::new(1);
    for simd in sets() {
        let exec = Exec::new(&team, simd).unwrap();
        for n in [1, 3, 16, 40] {
            let b: Vec<f32> = [f32::NAN, -0.0, -2.0, 3.0, f32::INFINITY, f32::NEG_INFINITY].into_iter().cycle().take(n).collect();
            let mut c = b.clone();
            gemm(
                exec,
                Mat::new(&[], 1, 0),
                Mat::new(&[], 0, n),
                MatMut::new(&mut c, 1, n),
                Gemm { accumulate: true, relu: true, bias: None },
            );
            for (c, b) in c.iter().zip(&b) {
                let want = if *b < 0.0 { 0.0 } else { *b };
                assert!(c.to_bits() == want.to_bits() || (c.is_nan() && b.is_nan()), "{simd}: relu({b}) = {c}");
            }
        }
    }
}

#[test]
fn a_nan_stays_where_it_is() {
    let team = Team::new(1);
    let exec = Exec::new(&team, Simd::detect()).unwrap();
    let (mut a, b) = (numbers(20 * 30, 1), numbers(30 * 40, 2));
    a[7 * 30 + 3] = f32::NAN;
    let mut c = vec![0.0; 20 * 40];
    gemm(exec, Mat::new(&a, 20, 30), Mat::new(&b, 30, 40), MatMut::new(&mut c, 20, 40), Gemm { relu: true, ..Gemm::default() });
    assert!(c.iter().enumerate().all(|(i, c)| c.is_nan() == (i / 40 == 7)));
}

#[test]
fn empty_sizes() {
    let team = Team::new(2);
    for simd in sets() {
        let exec = Exec::new(&team, simd).unwrap();
        for (m, n) in [(0, 5), (5, 0), (0, 0)] {
            let mut untouched = [7.0; 25];
            gemm(exec, Mat::new(&[1.0; 25], m, 3), Mat::new(&[1.0; 25], 3, n), MatMut::new(&mut untouched, m, n), Gemm::default());
            assert_eq!(untouched, [7.0; 25]);
        }
        for n in [1, 20] {
            let bias = numbers(n, 1);
            let mut c = vec![f32::NAN; 3 * n];
            gemm(exec, Mat::new(&[], 3, 0), Mat::new(&[], 0, n), MatMut::new(&mut c, 3, n), Gemm::default());
            assert!(c.iter().all(|c| c.to_bits() == 0));
            let how = Gemm { bias: Some(&bias), ..Gemm::default() };
            gemm(exec, Mat::new(&[], 3, 0), Mat::new(&[], 0, n), MatMut::new(&mut c, 3, n), how);
            assert!(c.chunks(n).all(|row| row == bias));
        }
    }
}

#[test]
#[should_panic(expected = "product of [2, 3] and [4, 2] into [2, 2]")]
fn sizes_must_fit() {
    let team = Team::new(1);
    let exec = Exec::new(&team, Simd::Portable).unwrap();
    gemm(exec, Mat::new(&[0.0; 6], 2, 3), Mat::new(&[0.0; 8], 4, 2), MatMut::new(&mut [0.0; 4], 2, 2), Gemm::default());
}

#[test]
#[should_panic(expected = "does not fit into 5 numbers")]
fn data_must_be_long_enough() {
    let _ = Mat::new(&[0.0; 5], 2, 3);
}

#[test]
#[should_panic(expected = "does not fit")]
fn sizes_beyond_the_address_space_do_not_fit() {
    let _ = Mat::strided(&[0.0; 5], usize::MAX, 3, usize::MAX / 2, 1);
}

#[test]
#[should_panic(expected = "overlap")]
fn rows_of_a_result_do_not_overlap() {
    let _ = MatMut::strided(&mut [0.0; 9], 3, 3, 2);
}
