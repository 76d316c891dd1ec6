//! NumPy's legacy random numbers, to the last bit: what a notebook's `np.random.RandomState(42)` draws.

use std::fmt;

use practicum_core::{Error, Result};

use crate::real::check_count;

const STATE: usize = 624;
const SHIFT: usize = 397;

/// The sequential generator behind `np.random.RandomState(seed)`: the Mersenne Twister MT19937 of Matsumoto and
/// Nishimura (1998), with NumPy's ways to make uniform, normal and whole numbers of its 32-bit words.
///
/// NumPy has frozen these streams, so a series drawn here equals the one drawn there. It is meant for that alone:
/// what a number is depends on how many were drawn before it.
///
/// ```
/// use practicum_timeseries::numpy::RandomState;
///
/// let mut random = RandomState::new(42);
/// assert_eq!(format!("{:.8?}", random.randn(3)?), "[0.49671415, -0.13826430, 0.64768854]");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone)]
pub struct RandomState {
    words: [u32; STATE],
    next: usize,
    /// The second number of a pair of normals, kept for the next call.
    normal: Option<f64>,
}

impl RandomState {
    /// The generator that `RandomState(seed)` starts.
    pub fn new(seed: u32) -> Self {
        let mut words = [seed; STATE];
        let mut last = seed;
        for (index, word) in (1_u32..).zip(&mut words[1..]) {
            last = 1_812_433_253_u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(index);
            *word = last;
        }
        Self { words, next: STATE, normal: None }
    }

    /// The next 32 random bits.
    fn word(&mut self) -> u32 {
        if self.next == STATE {
            self.refill();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for index in 0..STATE {
            let joined = (self.words[index] & 0x8000_0000) | (self.words[(index + 1) % STATE] & 0x7fff_ffff);
            let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[index] = self.words[(index + SHIFT) % STATE] ^ (joined >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// A uniform number in [0, 1) with 53 random bits, as `random_sample()` and `rand()`.
    pub fn random_sample(&mut self) -> f64 {
        let high = f64::from(self.word() >> 5);
        let low = f64::from(self.word() >> 6);
        (high * f64::from(1 << 26) + low) / (1_u64 << 53) as f64
    }

    /// `n` uniform numbers in [0, 1), as `rand(n)`.
    ///
    /// # Errors
    /// More than 2²⁸ numbers, which take 2 GiB.
    pub fn rand(&mut self, n: usize) -> Result<Vec<f64>> {
        check_count("numbers", n)?;
        Ok((0..n).map(|_| self.random_sample()).collect())
    }

    /// A normal number of mean 0 and variance 1, as `standard_normal()`, by Marsaglia's polar method.
    ///
    /// Normals are made in pairs, the second of which is given out by the next call, whatever is drawn in between.
    pub fn standard_normal(&mut self) -> f64 {
        if let Some(normal) = self.normal.take() {
            return normal;
        }
        loop {
            let x = 2.0 * self.random_sample() - 1.0;
            let y = 2.0 * self.random_sample() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.normal = Some(scale * x);
                return scale * y;
            }
        }
    }

    /// `n` normal numbers, as `randn(n)`.
    ///
    /// # Errors
    /// More than 2²⁸ numbers, which take 2 GiB.
    pub fn randn(&mut self, n: usize) -> Result<Vec<f64>> {
        check_count("numbers", n)?;
        Ok((0..n).map(|_| self.standard_normal()).collect())
    }

    /// A whole number in 0 … n − 1, as `randint(n)`: words cut to as many bits as n − 1 has, until one fits.
    ///
    /// # Errors
    /// `n` of 0.
    pub fn randint(&mut self, n: u32) -> Result<u32> {
        let largest = n.checked_sub(1).ok_or_else(|| Error::argument("randint below 0 numbers, expected n of 1 or more"))?;
        if largest == 0 {
            return Ok(0);
        }
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let number = self.word() & mask;
            if number <= largest {
                return Ok(number);
            }
        }
    }
}

impl fmt::Debug for RandomState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomState").field("next", &self.next).field("normal", &self.normal).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 5e-9), "{found:?} is not {expected:?}");
    }

    /// The check value of the C++ standard for `std::mt19937`.
    #[test]
    fn the_ten_thousandth_word() {
        let mut random = RandomState::new(5489);
        assert_eq!((0..10_000).map(|_| random.word()).last(), Some(4_123_659_995));
    }

    #[test]
    fn seed_42() {
        near(&RandomState::new(42).randn(5).unwrap(), &[0.49671415, -0.13826430, 0.64768854, 1.52302986, -0.23415337]);
        near(&RandomState::new(42).rand(3).unwrap(), &[0.37454012, 0.95071431, 0.73199394]);
        let mut random = RandomState::new(42);
        let positions: Vec<u32> = (0..10).map(|_| random.randint(1461).unwrap()).collect();
        assert_eq!(positions, [1126, 1459, 860, 1294, 1130, 1095, 1044, 121, 466, 1238]);
        assert_eq!(format!("{:.6?}", random.rand(3).unwrap()), "[0.058084, 0.866176, 0.601115]");
    }

    #[test]
    fn seed_51() {
        near(&RandomState::new(51).randn(5).unwrap(), &[-0.29050317, 0.11212805, 1.25079512, -1.36088997, 0.09993288]);
    }

    /// Drawn by NumPy 1.26: bounds that need no bits, few bits and all bits, and a normal kept over other draws.
    #[test]
    fn mixed_draws() {
        let mut random = RandomState::new(0);
        let small: Vec<u32> = (0..5).map(|_| random.randint(7).unwrap()).collect();
        assert_eq!(small, [4, 5, 0, 3, 3]);
        assert_eq!(random.randint(1).unwrap(), 0);
        assert_eq!(random.randint(u32::MAX).unwrap(), 2_340_255_427);
        near(&[random.random_sample()], &[0.8472517387841254]);
        near(&random.randn(3).unwrap(), &[-1.42232584, 1.52006949, -0.29139398]);
        near(&[random.random_sample()], &[0.2726562945801132]);
        assert!(random.randint(0).unwrap_err().is_argument());
        near(&RandomState::new(u32::MAX).rand(2).unwrap(), &[0.09763203, 0.91238285]);
    }
}
