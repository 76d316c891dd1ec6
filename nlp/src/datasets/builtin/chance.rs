//! Choices that depend on a key alone.

use practicum_core::rng::{Key, KeyedRng};

/// A stream of choices: one for each text, so that a larger set begins with the smaller one.
pub(super) struct Chance(KeyedRng);

impl Chance {
    pub(super) fn new(seed: u64, purpose: &str, index: usize) -> Self {
        Self(Key::new(seed).fold_str(purpose).fold(index as u64).rng())
    }

    /// A number below `n`, or 0 where `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n < 2 { 0 } else { self.0.below(n as u32) as usize }
    }

    pub(super) fn range(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    /// True `percent` times in a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    /// An item of a list whose early items are frequent and whose late ones are rare, as words are.
    pub(super) fn rank(&mut self, n: usize) -> usize {
        // The product of two uniform draws falls off about as 1/rank does.
        let (a, b) = (self.below(1 << 15), self.below(1 << 15));
        (((a * b) as u64 * n as u64) >> 30) as usize
    }

    pub(super) fn often<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.rank(items.len())]
    }

    /// A name of a person, family or place, one of thousands: most are rare.
    pub(super) fn name(&mut self) -> String {
        name(self.rank(6_000))
    }
}

/// The name of a rank: syllables, so that names are many and can be pronounced.
pub(super) fn name(rank: usize) -> String {
    const FIRST: [&str; 20] = [
        "mar", "bel", "tor", "lin", "cas", "dor", "fen", "gal", "hol", "jes", "kel", "lor", "mon", "nor", "pel", "ros", "sel", "tam",
        "vel", "wil",
    ];
    const MIDDLE: [&str; 15] = ["", "a", "e", "i", "o", "an", "en", "in", "ar", "er", "il", "um", "and", "ow", "est"];
    const LAST: [&str; 20] = [
        "son", "ton", "ley", "ford", "wick", "by", "field", "more", "man", "well", "ia", "ett", "ard", "us", "ova", "ini", "berg", "stad",
        "ham", "dale",
    ];
    // A step that shares no factor with the number of names visits each once, in no visible order.
    let index = rank * 1_777 % (FIRST.len() * MIDDLE.len() * LAST.len());
    let (first, rest) = (index % FIRST.len(), index / FIRST.len());
    [FIRST[first], MIDDLE[rest % MIDDLE.len()], LAST[rest / MIDDLE.len()]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_many_and_their_ranks_fall_off() {
        let names: std::collections::HashSet<String> = (0..6_000).map(name).collect();
        assert!(names.len() > 5_500, "{}", names.len());
        let mut chance = Chance::new(1, "test", 0);
        let mut counts = vec![0; 6_000];
        (0..60_000).for_each(|_| counts[chance.rank(6_000)] += 1);
        assert!(counts[..600].iter().sum::<i32>() > 18_000 && counts[5_000..].iter().sum::<i32>() < 2_000);
    }
}
