//! Keyed random numbers: what is drawn depends on a key alone, never on what was drawn before.
//!
//! A [`Key`] is made of a seed and folded with a purpose, a layer's index, a step, a row. Each key is a stream of its own
//! of the counter-based generator Philox4x32-10 (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011).

use ndarray_rand::rand::{Error as RandError, RngCore};

use crate::Result;
use crate::autodiff::resize;

/// The seed where none is given.
pub const DEFAULT_SEED: u64 = 42;

/// What random numbers are drawn for.
///
/// ```
/// use practicum_core::rng::Key;
///
/// let key = Key::new(42).fold_str("shuffle");
/// assert_eq!(key.fold(0).permutation(5)?, key.fold(0).permutation(5)?);
/// assert_ne!(key.fold(0).permutation(50)?, key.fold(1).permutation(50)?);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The key of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// The key for a part of this key's purpose, such as a step or a row.
    #[must_use]
    pub fn fold(self, part: u64) -> Self {
        Self(mix(self.0.rotate_left(23) ^ mix(part.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// The key for a purpose with a name.
    #[must_use]
    pub fn fold_str(self, purpose: &str) -> Self {
        purpose.bytes().fold(self.fold(purpose.len() as u64), |key, byte| key.fold(byte.into()))
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// The key's stream, for distributions of `rand` and ndarray-rand.
    pub fn rng(self) -> KeyedRng {
        KeyedRng { key: self.0, block: 0, draws: [0; 4], used: 4 }
    }

    /// Fills with numbers from [0, 1), each a multiple of 2⁻²⁴.
    pub fn fill_uniform(self, out: &mut [f32]) {
        for (block, out) in out.chunks_mut(4).enumerate() {
            for (out, draw) in out.iter_mut().zip(philox(counter(block as u64), self.0)) {
                *out = (draw >> 8) as f32 * (1.0 / 16_777_216.0);
            }
        }
    }

    /// A random order of `0 … n − 1`, each order as likely as any other.
    ///
    /// # Errors
    /// More numbers than memory is given to.
    pub fn permutation(self, n: u32) -> Result<Vec<u32>> {
        let mut order = Vec::new();
        resize(&mut order, n as usize)?;
        self.permute(&mut order);
        Ok(order)
    }

    /// Puts `0 … n − 1` in random order, whatever was there before.
    pub fn permute(self, order: &mut [u32]) {
        order.iter_mut().zip(0..).for_each(|(place, index)| *place = index);
        let mut rng = self.rng();
        for last in (1..order.len()).rev() {
            order.swap(last, rng.below(last as u32 + 1) as usize);
        }
    }
}

/// The finalizer of SplitMix64 (Steele et al., 2014): every bit of the input moves every bit of the output.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn counter(block: u64) -> [u32; 4] {
    [block as u32, (block >> 32) as u32, 0, 0]
}

/// One block of Philox4x32 with ten rounds.
#[inline(always)]
pub(crate) fn philox(mut counter: [u32; 4], key: u64) -> [u32; 4] {
    let mut key = [key as u32, (key >> 32) as u32];
    for _ in 0..10 {
        let (a, b) = (u64::from(counter[0]) * 0xd251_1f53, u64::from(counter[2]) * 0xcd9e_8d57);
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

/// The stream of a key.
#[derive(Clone, Debug)]
pub struct KeyedRng {
    key: u64,
    block: u64,
    draws: [u32; 4],
    used: usize,
}

impl KeyedRng {
    /// A number below `bound`, each as likely as any other (Lemire, 2019).
    pub fn below(&mut self, bound: u32) -> u32 {
        let mut product = u64::from(self.next_u32()) * u64::from(bound);
        if (product as u32) < bound {
            let rejected = bound.wrapping_neg() % bound;
            while (product as u32) < rejected {
                product = u64::from(self.next_u32()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }
}

impl RngCore for KeyedRng {
    fn next_u32(&mut self) -> u32 {
        if self.used == self.draws.len() {
            self.draws = philox(counter(self.block), self.key);
            self.block += 1;
            self.used = 0;
        }
        self.used += 1;
        self.draws[self.used - 1]
    }

    fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) | u64::from(self.next_u32()) << 32
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(4) {
            part.copy_from_slice(&self.next_u32().to_le_bytes()[..part.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(philox([0; 4], 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(philox(counter, 0x299f_31d0_a409_3822), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn uniform_numbers_have_their_mean_and_variance() {
        let mut x = vec![0.0; 100_000];
        Key::new(1).fill_uniform(&mut x);
        let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / x.len() as f64;
        assert!((mean - 0.5).abs() < 0.004 && (variance - 1.0 / 12.0).abs() < 0.002, "{mean} {variance}");
        assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
    }

    #[test]
    fn folded_keys_are_strangers_to_each_other() {
        let draw = |key: Key| {
            let mut x = vec![0.0; 4096];
            key.fill_uniform(&mut x);
            x
        };
        let key = Key::new(42);
        let streams =
            [key, key.fold(0), key.fold(1), key.fold(1).fold(0), key.fold(0).fold(1), key.fold_str("a"), key.fold_str("b")].map(draw);
        for a in 0..streams.len() {
            for b in 0..a {
                let shared: f32 = streams[a].iter().zip(&streams[b]).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum();
                assert!((shared / 4096.0 * 12.0).abs() < 0.08, "{a} {b} {shared}");
            }
        }
    }

    #[test]
    fn every_order_is_as_likely() {
        let mut seen = std::collections::BTreeMap::new();
        for draw in 0..6000 {
            *seen.entry(Key::new(9).fold(draw).permutation(3).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.values().all(|count| (850..1150).contains(count)), "{seen:?}");
    }
}
