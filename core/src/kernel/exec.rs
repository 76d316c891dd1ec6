//! What a kernel runs with: the threads and the instruction set.

use super::{Simd, Team};
use crate::{Error, Result};

/// Chunks of one job at most: enough for the threads of a big machine, few enough to be cheap on a small one.
const MAX_CHUNKS: usize = 64;

/// The thread team and the instruction set of a kernel. Neither decides a number.
///
/// ```
/// use practicum_core::Simd;
/// use practicum_core::autodiff::{Exec, Team};
///
/// let team = Team::new(2);
/// let exec = Exec::new(&team, Simd::detect())?;
/// assert_eq!(exec.team().threads(), 2);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Exec<'a> {
    team: &'a Team,
    simd: Simd,
}

impl<'a> Exec<'a> {
    /// Kernels on `team` with the instructions of `simd`.
    ///
    /// # Errors
    ///
    /// When this processor lacks the instruction set: kernels rely on that.
    pub fn new(team: &'a Team, simd: Simd) -> Result<Self> {
        if simd.is_available() {
            Ok(Self { team, simd })
        } else {
            Err(Error::argument(format!("this processor has no {simd}: the best it has is {}", Simd::detect())).hint("use Simd::detect()"))
        }
    }

    /// Kernels on `team` with the instructions of `simd`, or in plain Rust where this processor lacks them.
    pub fn or_portable(team: &'a Team, simd: Simd) -> Self {
        Self { team, simd: if simd.is_available() { simd } else { Simd::Portable } }
    }

    /// The threads.
    pub fn team(self) -> &'a Team {
        self.team
    }

    /// The instruction set, which this processor has.
    pub fn simd(self) -> Simd {
        self.simd
    }

    /// Calls `f(0)`, …, `f(chunks - 1)` on the team: see [`Team::run`].
    pub fn run(self, chunks: usize, f: &(dyn Fn(usize) + Sync)) {
        self.team.run(chunks, f);
    }

    /// How long the chunks are into which a job of `len` items is cut: all of them when there are fewer than `2·min`, else a
    /// power of two of chunks, 64 at most, none but the last shorter than `min`.
    ///
    /// The length depends on shapes alone, so that sums over chunks do not change with the threads. Choose `min` to make a
    /// chunk worth a microsecond: a shorter one isn't worth the way to another thread.
    ///
    /// ```
    /// use practicum_core::autodiff::Exec;
    ///
    /// assert_eq!(Exec::chunk_len(1000, 600), 1000);
    /// assert_eq!(Exec::chunk_len(1000, 100), 125);
    /// assert_eq!(Exec::chunk_len(1 << 20, 100), 1 << 14);
    /// ```
    pub fn chunk_len(len: usize, min: usize) -> usize {
        let wanted = (len / min.max(1)).clamp(1, MAX_CHUNKS);
        len.div_ceil(1 << wanted.ilog2()).max(1)
    }

    /// The same for an array of numbers: chunks of whole cache lines (16 numbers).
    ///
    /// ```
    /// use practicum_core::autodiff::Exec;
    ///
    /// assert_eq!(Exec::lane_chunk_len(1000, 100), 128);
    /// ```
    pub fn lane_chunk_len(len: usize, min: usize) -> usize {
        Self::chunk_len(len, min).next_multiple_of(super::LANES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_the_length_and_are_long_enough() {
        for len in 0..3000 {
            for min in [0, 1, 7, 100, 5000] {
                let chunk = Exec::chunk_len(len, min);
                assert!(chunk >= 1 && (chunk >= min.min(len)));
                assert!(len.div_ceil(chunk) <= MAX_CHUNKS);
            }
        }
    }

    #[test]
    fn exec_refuses_what_the_processor_lacks() {
        let team = Team::new(1);
        for simd in [Simd::Portable, Simd::Avx2, Simd::Avx512] {
            assert_eq!(Exec::new(&team, simd).is_ok(), simd.is_available());
        }
    }
}
