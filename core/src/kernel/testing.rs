//! What the tests of the kernels share: numbers, and every way to run a kernel.

use super::{Exec, Simd, Team};

/// `len` numbers in [−scale, scale), the same for the same seed.
pub(crate) fn numbers(seed: u64, len: usize, scale: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / 8_388_608.0 - 1.0) * scale
        })
        .collect()
}

/// Runs a kernel with every instruction set on 1, 2 and 4 threads, and returns its result.
///
/// Fails unless all bits are the same on any number of threads and on all sets whose multiply-adds are fused, and the portable
/// result is within 1e-5 of the largest value.
pub(crate) fn everywhere(kernel: impl Fn(Exec<'_>) -> Vec<f32>) -> Vec<f32> {
    let mut results: Vec<(Simd, Vec<f32>)> = Vec::new();
    for threads in [1, 2, 4] {
        let team = Team::new(threads);
        for simd in Simd::available() {
            results.push((simd, kernel(Exec::new(&team, simd).unwrap())));
        }
    }
    let like = |fused: bool| results.iter().find(|(simd, _)| simd.is_fused() == fused).map(|(_, result)| result);
    for (simd, result) in &results {
        let want = like(simd.is_fused()).unwrap();
        if let Some(i) = (0..want.len()).find(|&i| result[i].to_bits() != want[i].to_bits() && !(result[i].is_nan() && want[i].is_nan())) {
            panic!("{simd}: number {i} is {:e}, elsewhere {:e}", result[i], want[i]);
        }
    }
    let (portable, best) = (&results[0].1, &results[results.len() - 1].1);
    let largest = best.iter().filter(|x| x.is_finite()).fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert_close(portable, &best.iter().copied().map(f64::from).collect::<Vec<_>>(), f64::from(largest) * 1e-5);
    best.clone()
}

/// Fails where `got` differs from `want` by more than `tolerance`.
pub(crate) fn assert_close(got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        let got = f64::from(got);
        let same = got == want || (got.is_nan() && want.is_nan());
        assert!(same || (got - want).abs() <= tolerance, "number {i}: got {got:e}, want {want:e}");
    }
}
