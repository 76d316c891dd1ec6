//! A quick hash for words: vocabularies are looked up for every word of a text.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map of words or small numbers.
pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<FoldHasher>>;

/// Multiplies into 128 bits and folds both halves together, eight bytes at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FoldHasher(u64);

impl FoldHasher {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x2d35_8dcc_aa6c_78a5) * 0x8bb8_4b93_962e_acc9;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for FoldHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(last) ^ (rest.len() as u64) << 56);
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.0 ^= u64::from(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(number.into());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn words_are_spread() {
        let build = BuildHasherDefault::<FoldHasher>::default();
        let words: Vec<String> = (0..20_000).map(|i| format!("w{i}")).chain((0..200).map(|n| "a".repeat(n))).collect();
        let low: HashSet<u64> = words.iter().map(|word| build.hash_one(word.as_str()) >> 40).collect();
        assert!(low.len() > words.len() * 99 / 100, "{} of {}", low.len(), words.len());
    }
}
