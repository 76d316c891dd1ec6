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

/// The bytes of a word of at most 15 bytes, and their number in the last byte; or that the word is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Short {
    low: u64,
    high: u64,
}

impl Short {
    /// The most bytes of a word that fits.
    const MOST: usize = 15;
    /// A word that does not fit.
    const LONG: Self = Self { low: u64::MAX, high: u64::MAX };

    pub(crate) fn new(word: &[u8]) -> Self {
        if word.len() > Self::MOST {
            return Self::LONG;
        }
        let mut bytes = [0; 16];
        bytes[..word.len()].copy_from_slice(word);
        Self::from_bits(u128::from_le_bytes(bytes), word.len())
    }

    /// The word that the first `length` bytes of a text are.
    #[inline]
    pub(crate) fn at_start(text: &[u8], length: usize) -> Self {
        match text.first_chunk::<16>() {
            // A load of a fixed length is much quicker than a copy whose length varies.
            Some(bytes) if length <= Self::MOST => Self::from_bits(u128::from_le_bytes(*bytes) & MASKS[length], length),
            _ => Self::new(&text[..length]),
        }
    }

    #[inline]
    fn from_bits(bytes: u128, length: usize) -> Self {
        Self { low: bytes as u64, high: (bytes >> 64) as u64 | (length as u64) << 56 }
    }

    /// The word with one byte more.
    #[inline]
    pub(crate) fn and(self, byte: u8) -> Self {
        let Self { low, high } = self;
        let length = (high >> 56) as usize;
        if length >= Self::MOST {
            return Self::LONG;
        }
        let bytes = u128::from(low) | u128::from(high << 8 >> 8) << 64;
        Self::from_bits(bytes | u128::from(byte) << (length * 8), length + 1)
    }

    #[inline]
    fn hash(self) -> usize {
        let Self { low, high } = self;
        let product = u128::from(low ^ 0x2d35_8dcc_aa6c_78a5) * u128::from(high ^ 0x8bb8_4b93_962e_acc9);
        (product as u64 ^ (product >> 64) as u64) as usize
    }
}

/// The bits of the first bytes, by their number.
const MASKS: [u128; 16] = {
    let mut masks = [0; 16];
    let mut length = 0;
    while length < 16 {
        masks[length] = (1 << (length * 8)) - 1;
        length += 1;
    }
    masks
};

/// A word of a text, with what finds it in a [`WordMap`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    text: &'a str,
    short: Short,
}

impl<'a> Word<'a> {
    /// The word between two byte offsets of a text.
    #[inline]
    pub(crate) fn inside(text: &'a str, start: usize, end: usize) -> Self {
        Self { text: &text[start..end], short: Short::at_start(&text.as_bytes()[start..], end - start) }
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.text
    }
}

impl<'a> From<&'a str> for Word<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, short: Short::new(text.as_bytes()) }
    }
}

/// Words numbered from 0 in the order in which they came, found by one look where they are short, as most are.
#[derive(Clone, Debug)]
pub(crate) struct WordMap {
    /// Short words and their numbers. The length is a power of two.
    slots: Vec<(Short, u32)>,
    long: FastMap<Box<str>, u32>,
    len: usize,
}

impl Default for WordMap {
    fn default() -> Self {
        Self { slots: vec![(Short::LONG, Self::NONE); 16], long: FastMap::default(), len: 0 }
    }
}

impl WordMap {
    /// No word's number.
    pub(crate) const NONE: u32 = u32::MAX;

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number of a word.
    pub(crate) fn get(&self, word: Word<'_>) -> Option<usize> {
        if word.short == Short::LONG { self.long.get(word.text).map(|&number| number as usize) } else { self.get_short(word.short) }
    }

    /// The number of a word that is not long.
    #[inline]
    pub(crate) fn get_short(&self, word: Short) -> Option<usize> {
        let (_, number) = self.slots[self.slot(word)];
        (number != Self::NONE).then_some(number as usize)
    }

    /// The numbers of words that lie where they are looked for first; `NONE` where a word needs a look of its own. All looks are
    /// under way at the same time, so that they wait for memory together.
    pub(crate) fn first_look(&self, words: &[Word<'_>], numbers: &mut Vec<u32>) {
        let mask = self.slots.len() - 1;
        numbers.clear();
        numbers.extend(words.iter().map(|word| {
            let (there, number) = self.slots[word.short.hash() & mask];
            if there == word.short { number } else { Self::NONE }
        }));
    }

    /// The number of a word, which is [`len`](Self::len) and new where the word was not there.
    pub(crate) fn get_or_insert(&mut self, word: Word<'_>) -> usize {
        self.get(word).unwrap_or_else(|| self.insert(word))
    }

    fn insert(&mut self, word: Word<'_>) -> usize {
        let number = self.len;
        self.len += 1;
        if word.short == Short::LONG {
            self.long.insert(word.text.into(), number as u32);
            return number;
        }
        if self.len * 4 > self.slots.len() * 3 {
            let slots = vec![(Short::LONG, Self::NONE); self.slots.len() * 2];
            // The first words of texts are the most frequent, and keep the slots nearest to their hash.
            let mut words = std::mem::replace(&mut self.slots, slots);
            words.retain(|&(_, number)| number != Self::NONE);
            words.sort_unstable_by_key(|&(_, number)| number);
            for (word, number) in words {
                let slot = self.slot(word);
                self.slots[slot] = (word, number);
            }
        }
        let slot = self.slot(word.short);
        self.slots[slot] = (word.short, number as u32);
        number
    }

    /// The slot of a word that is not long, or the empty one where it belongs.
    #[inline]
    fn slot(&self, word: Short) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = word.hash() & mask;
        loop {
            let (there, number) = self.slots[slot];
            if there == word || number == Self::NONE {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
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

    #[test]
    fn short_words_are_told_apart() {
        let word = b"abcdefghijklmnop";
        let shorts: HashSet<Short> = (0..16).flat_map(|end| (0..=end).map(move |start| Short::new(&word[start..end]))).collect();
        assert_eq!(shorts.len(), 15 * 16 / 2 + 1, "one empty word, and each other one by itself");
        assert_eq!(Short::new(word), Short::LONG);
        assert_ne!(Short::new(b"a"), Short::new(b"a\0"));
        for end in 0..15 {
            assert_eq!(Short::new(&word[..end]).and(word[end]), Short::new(&word[..=end]), "{end}");
        }
        assert_eq!(Short::new(&word[..15]).and(b'p'), Short::LONG);
        for length in 0..=15 {
            let alone = Short::new(&word[..length]);
            assert_eq!([Short::at_start(word, length), Short::at_start(&word[..15], length)], [alone; 2], "{length}");
        }
        assert_eq!(Short::at_start(word, 16), Short::LONG);
    }

    #[test]
    fn words_keep_their_numbers() {
        let mut map = WordMap::default();
        let words: Vec<String> = (0..5000_u32).map(|i| format!("{}{}", i * 7919 % 100_003, "é".repeat(i as usize % 10))).collect();
        for (number, word) in words.iter().enumerate() {
            let word = word.as_str().into();
            assert_eq!(map.get(word), None);
            assert_eq!([map.get_or_insert(word), map.get_or_insert(word), map.len()], [number, number, number + 1]);
        }
        assert!(words.iter().enumerate().all(|(number, word)| map.get(word.as_str().into()) == Some(number)));
        let mut numbers = Vec::new();
        map.first_look(&words.iter().map(|word| word.as_str().into()).collect::<Vec<_>>(), &mut numbers);
        assert!((0..).zip(&numbers).all(|(number, &found)| found == number || found == WordMap::NONE));
        assert!(numbers.iter().filter(|&&number| number != WordMap::NONE).count() > 2000);
        assert_eq!((map.get("".into()), map.get_or_insert("".into()), map.get("".into())), (None, 5000, Some(5000)));
    }
}
