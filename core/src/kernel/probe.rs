//! How fast this processor multiplies and adds at best: what the speed of the other kernels is compared with.

use super::{Exec, Simd};

/// Independent chains: enough to keep every unit busy, few enough to stay in registers.
const CHAINS: usize = 12;

/// Where the chains start.
const STARTS: [f32; CHAINS] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0];

/// Defines a function that does `rounds` multiply-adds in each of [`CHAINS`] chains of vectors; its sum keeps all of them.
macro_rules! chains {
    ($name:ident, $features:literal, $splat:ident, $fma:ident, $add:ident) => {
        #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
        #[target_feature(enable = $features)]
        fn $name(rounds: usize) {
            use std::arch::x86_64::{$add, $fma, $splat};
            let (factor, summand) = ($splat(0.999), $splat(0.001));
            // Starts that the compiler does not know: it would do the work of equal chains once, and that of fixed points never.
            let mut chains = STARTS.map(|start| $splat(std::hint::black_box(start)));
            for _ in 0..rounds {
                for chain in &mut chains {
                    *chain = $fma(*chain, factor, summand);
                }
            }
            std::hint::black_box(chains.into_iter().fold(summand, |sum, chain| $add(sum, chain)));
        }
    };
}
chains!(avx2, "avx2,fma", _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps);
chains!(avx512, "avx512f", _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps);

/// The same with single numbers.
fn portable(rounds: usize) {
    let mut chains = STARTS.map(std::hint::black_box);
    for _ in 0..rounds {
        for chain in &mut chains {
            *chain = *chain * 0.999 + 0.001;
        }
    }
    std::hint::black_box(chains.iter().sum::<f32>());
}

/// Multiply-adds that wait for nothing, on every thread of the team; returns how many floating-point operations they were.
///
/// Divided by the time it took, that is the peak of the processor.
///
/// ```
/// use practicum_core::kernel::{Exec, Simd, Team, multiply_adds};
///
/// let team = Team::new(1);
/// let start = std::time::Instant::now();
/// let operations = multiply_adds(Exec::new(&team, Simd::detect())?, 1000);
/// let peak = operations as f64 / start.elapsed().as_secs_f64();
/// assert!(operations >= 1000 && peak > 0.0);
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub fn multiply_adds(exec: Exec<'_>, rounds: usize) -> u64 {
    let (simd, threads) = (exec.simd(), exec.team().threads());
    exec.run(threads, &|_| match simd {
        #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
        // SAFETY: `Exec` refuses instruction sets that the processor lacks.
        Simd::Avx512 => unsafe { avx512(rounds) },
        #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
        // SAFETY: as above.
        Simd::Avx2 => unsafe { avx2(rounds) },
        _ => portable(rounds),
    });
    let width = match simd {
        Simd::Avx512 => 16,
        Simd::Avx2 => 8,
        Simd::Portable => 1,
    };
    (2 * threads * rounds * CHAINS * width) as u64
}
