//! Pairs of words that stand near each other, and words as numbers without a vocabulary.

use std::ops::Range;

use practicum_core::rng::{DEFAULT_SEED, Key};
use practicum_core::{Error, Result};
use sha2::{Digest, Sha256};

use crate::Tokenizer;

/// Pairs of ids to learn word vectors from: Keras' `skipgrams`.
///
/// Each id is paired with those at most `window_size` positions before and after it (label 1), and with ids drawn at random
/// (label 0). Id 0 is padding and makes no pairs.
///
/// ```
/// use practicum_nlp::SkipGrams;
///
/// let (pairs, labels) =
///     SkipGrams::new(10).window_size(1).negative_samples(0.0).shuffle(false).pairs(&[3, 0, 5, 7])?;
/// assert_eq!(pairs, [[5, 7], [7, 5]]);
/// assert_eq!(labels, [1, 1]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SkipGrams {
    vocabulary_size: usize,
    window_size: usize,
    negative_samples: f64,
    shuffle: bool,
    sampling_table: Option<Vec<f64>>,
    seed: u64,
}

impl SkipGrams {
    /// Keras' defaults, for ids below `vocabulary_size`: a window of 4 to each side, a negative pair for each positive one,
    /// shuffled.
    pub fn new(vocabulary_size: usize) -> Self {
        Self { vocabulary_size, window_size: 4, negative_samples: 1.0, shuffle: true, sampling_table: None, seed: DEFAULT_SEED }
    }

    /// How many positions to each side count as near.
    pub fn window_size(mut self, window_size: usize) -> Self {
        self.window_size = window_size;
        self
    }

    /// Negative pairs for each positive one.
    pub fn negative_samples(mut self, negative_samples: f64) -> Self {
        self.negative_samples = negative_samples;
        self
    }

    /// Whether the pairs come in random order.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// The probability with which each id makes pairs, by rank: see [`sampling_table`].
    pub fn sampling_table(mut self, table: Vec<f64>) -> Self {
        self.sampling_table = Some(table);
        self
    }

    /// Where the random choices begin.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The pairs of a sequence and their labels.
    ///
    /// # Errors
    /// An id outside the vocabulary, or beyond the sampling table, named with its index; negative samples that are no
    /// number of 0 or more; more than 2²⁸ pairs; a vocabulary without an id to draw.
    pub fn pairs(&self, sequence: &[i32]) -> Result<(Vec<[i32; 2]>, Vec<i32>)> {
        self.check(sequence)?;
        let mut rng = Key::new(self.seed).fold_str("skip-grams").rng();
        let unit = |rng: &mut practicum_core::rng::KeyedRng| f64::from(rng.below(1 << 30)) / f64::from(1 << 30);
        let mut is_left_out = |id: i32| self.sampling_table.as_ref().is_some_and(|table| table[id as usize] < unit(&mut rng));
        let kept: Vec<usize> = (0..sequence.len()).filter(|&index| sequence[index] != 0 && !is_left_out(sequence[index])).collect();
        // Counted before any is made: a wide window over a long sequence holds more pairs than memory.
        let positive = self.count(sequence, &kept);
        let negative = (positive as f64 * self.negative_samples) as usize;
        let all = positive.saturating_add(negative);
        if all > MOST {
            return Err(Error::data(format!("{all} pairs are more than memory is given to: expected {MOST} at most"))
                .hint("give a shorter sequence, a smaller window or fewer negative samples"));
        }
        let mut pairs = Vec::with_capacity(all);
        for index in kept {
            let others = self.window(index, sequence.len()).filter(|&other| other != index && sequence[other] != 0);
            pairs.extend(others.map(|other| [sequence[index], sequence[other]]));
        }
        let mut labels = vec![1; positive];
        if negative > 0 && positive > 0 {
            let words = Key::new(self.seed).fold_str("words of negative skip-grams").permutation(positive as u32)?;
            for index in 0..negative {
                let drawn = 1 + rng.below(self.vocabulary_size as u32 - 1) as i32;
                pairs.push([pairs[words[index % positive] as usize][0], drawn]);
                labels.push(0);
            }
        }
        if self.shuffle {
            let order = Key::new(self.seed).fold_str("order of skip-grams").permutation(pairs.len() as u32)?;
            pairs = order.iter().map(|&index| pairs[index as usize]).collect();
            labels = order.iter().map(|&index| labels[index as usize]).collect();
        }
        Ok((pairs, labels))
    }

    /// The positions that count as near to one, itself among them.
    fn window(&self, index: usize, length: usize) -> Range<usize> {
        index.saturating_sub(self.window_size)..length.min(index.saturating_add(self.window_size).saturating_add(1))
    }

    /// How many pairs the ids at these positions make.
    fn count(&self, sequence: &[i32], kept: &[usize]) -> usize {
        let words_before: Vec<usize> = std::iter::once(0)
            .chain(sequence.iter().scan(0, |words, &id| {
                *words += usize::from(id != 0);
                Some(*words)
            }))
            .collect();
        let others = |&index: &usize| {
            let window = self.window(index, sequence.len());
            words_before[window.end] - words_before[window.start] - 1
        };
        kept.iter().map(others).fold(0, usize::saturating_add)
    }

    fn check(&self, sequence: &[i32]) -> Result<()> {
        if self.vocabulary_size < 2 || i32::try_from(self.vocabulary_size).is_err() {
            return Err(Error::argument(format!("vocabulary_size is {}, expected 2 or more, and below 2^31", self.vocabulary_size)));
        }
        if !(self.negative_samples >= 0.0 && self.negative_samples.is_finite()) {
            return Err(Error::argument(format!("negative_samples is {}, expected 0 or more", self.negative_samples)));
        }
        let known = self.sampling_table.as_ref().map_or(self.vocabulary_size, |table| table.len().min(self.vocabulary_size));
        match sequence.iter().position(|&id| !usize::try_from(id).is_ok_and(|id| id < known)) {
            Some(index) => Err(Error::data(format!("id {} at index {index} is outside 0..={}", sequence[index], known.max(1) - 1))),
            None => Ok(()),
        }
    }
}

/// Pairs and ranks take gigabytes beyond this number.
const MOST: usize = 1 << 28;

/// The probability with which a word of each rank is kept, so that frequent ones do not drown the others: Keras'
/// `make_sampling_table`.
///
/// With the frequency f of a rank under Zipf's law, it is min(1, √(f/t)/(f/t)) for the threshold t, usually 1e-5.
///
/// ```
/// use practicum_nlp::sampling_table;
///
/// let table = sampling_table(1_000, 1e-5)?;
/// assert!(table[1] < table[999] && (table[1] - 0.0031523).abs() < 1e-6);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A threshold that is not above 0; more than 2²⁸ ranks, which would take gigabytes.
pub fn sampling_table(size: usize, threshold: f64) -> Result<Vec<f64>> {
    if size > MOST {
        return Err(Error::argument(format!("a table of {size} ranks is more than memory is given to: expected {MOST} at most")));
    }
    if !(threshold > 0.0 && threshold.is_finite()) {
        return Err(Error::argument(format!("the threshold is {threshold}, expected a number above 0")));
    }
    const EULER: f64 = 0.577;
    let keep = |rank: usize| {
        // Rank 0 is padding; Keras gives it the frequency of rank 1.
        let rank = rank.max(1) as f64;
        let inverse = rank * (rank.ln() + EULER) + 0.5 - 1.0 / (12.0 * rank);
        let f = threshold * inverse;
        (f / f.sqrt()).min(1.0)
    };
    Ok((0..size).map(keep).collect())
}

/// Words as numbers from 1 to `n − 1` without a vocabulary: Keras' `one_hot`, which hashes them. Different words may share a
/// number.
///
/// Keras' own hash differs from run to run; this one, the beginning of SHA-256, does not.
///
/// ```
/// use practicum_nlp::one_hot;
///
/// let ids = one_hot("The cat saw the dog", 50)?;
/// assert_eq!((ids.len(), ids[0]), (5, ids[3]));
/// assert!(ids.iter().all(|&id| (1..50).contains(&id)));
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// An `n` below 2 or above 2³¹.
pub fn one_hot(text: &str, n: usize) -> Result<Vec<i32>> {
    if n < 2 || i32::try_from(n - 1).is_err() {
        return Err(Error::argument(format!("n is {n}, expected 2 to 2^31")));
    }
    let hash = |word: &str| {
        let digest = Sha256::digest(word);
        let beginning = digest.iter().take(8).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        (beginning % (n as u64 - 1)) as i32 + 1
    };
    let mut ids = Vec::new();
    Tokenizer::new().for_each_word(text, |word| ids.push(hash(word)));
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_reach_to_both_sides() {
        let plain = SkipGrams::new(10).window_size(2).negative_samples(0.0).shuffle(false);
        let (pairs, _) = plain.pairs(&[1, 2, 3, 4]).unwrap();
        assert_eq!(pairs, [[1, 2], [1, 3], [2, 1], [2, 3], [2, 4], [3, 1], [3, 2], [3, 4], [4, 2], [4, 3]]);
        assert!(plain.pairs(&[]).unwrap().0.is_empty());
    }

    #[test]
    fn negative_pairs_are_drawn_and_everything_repeats() {
        let grams = SkipGrams::new(50).window_size(3).negative_samples(2.0);
        let sequence: Vec<i32> = (1..40).collect();
        let (pairs, labels) = grams.pairs(&sequence).unwrap();
        assert_eq!(labels.iter().filter(|&&label| label == 0).count(), 2 * labels.iter().filter(|&&label| label == 1).count());
        assert!(pairs.iter().flatten().all(|&id| (1..50).contains(&id)));
        assert_eq!(grams.pairs(&sequence).unwrap().0, pairs);
        assert_ne!(grams.clone().seed(1).pairs(&sequence).unwrap().0, pairs);
        // Half as many negative pairs as positive ones begin with ids from the whole sequence.
        let (pairs, labels) = grams.clone().negative_samples(0.5).pairs(&sequence).unwrap();
        let begun = pairs.iter().zip(&labels).filter(|(_, label)| **label == 0).map(|(pair, _)| pair[0]);
        assert!(begun.clone().any(|id| id < 10) && begun.clone().any(|id| id > 30));
        let rare = grams.sampling_table(vec![0.0; 50]).pairs(&sequence).unwrap().0;
        assert!(rare.len() < pairs.len() / 20, "{} of {}", rare.len(), pairs.len());
    }

    #[test]
    fn too_many_pairs_are_refused_before_any_is_made() {
        let sequence = vec![1; 1 << 20];
        let error = SkipGrams::new(5).window_size(usize::MAX).negative_samples(0.0).pairs(&sequence).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("1099510579200 pairs are more than memory is given to"), "{error}");
    }

    #[test]
    fn padding_and_ids_that_are_not_drawn_make_no_pairs() {
        let grams = SkipGrams::new(4).window_size(2).negative_samples(0.0).shuffle(false).sampling_table(vec![1.0, 1.0, 0.0, 1.0]);
        assert_eq!(grams.pairs(&[1, 0, 2, 3, 0]).unwrap().0, [[1, 2], [3, 2]]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = SkipGrams::new(5).pairs(&[1, 5]).unwrap_err();
        assert!(error.to_string().contains("id 5 at index 1 is outside 0..=4"), "{error}");
        assert!(SkipGrams::new(5).pairs(&[-1]).unwrap_err().is_data());
        assert!(SkipGrams::new(5).sampling_table(vec![1.0]).pairs(&[2]).unwrap_err().is_data());
        assert!(SkipGrams::new(1).pairs(&[]).unwrap_err().is_argument());
        assert!(SkipGrams::new(1 << 31).pairs(&[]).unwrap_err().is_argument());
        let error = SkipGrams::new(5).negative_samples(1e300).pairs(&[1, 2]).unwrap_err();
        assert!(error.to_string().contains("expected 268435456 at most"), "{error}");
        assert!(SkipGrams::new(5).negative_samples(f64::NAN).pairs(&[]).unwrap_err().is_argument());
        assert!(one_hot("a", 1).unwrap_err().is_argument());
        assert!(sampling_table(3, 0.0).unwrap_err().is_argument());
    }
}
