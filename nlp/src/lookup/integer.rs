use practicum_core::{Error, Result};

use super::table::{Table, outside};
use crate::hash::FastMap;

/// Whole numbers without an order, such as ids of customers, as indices of a vocabulary: Keras' `IntegerLookup`.
///
/// Unknown numbers share the OOV indices by their remainder.
///
/// ```
/// use practicum_nlp::IntegerLookup;
///
/// let mut lookup = IntegerLookup::new();
/// lookup.adapt([900, 12, 900, 5])?;
/// assert_eq!(lookup.get_vocabulary(), [-1, 900, 12, 5]);
/// assert_eq!(lookup.lookup([5, 7])?, [3, 0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IntegerLookup {
    table: Table<i64>,
    oov_token: i64,
}

impl Default for IntegerLookup {
    fn default() -> Self {
        Self { table: Table::new(), oov_token: -1 }
    }
}

impl IntegerLookup {
    /// A lookup without a vocabulary, with one index for unknown numbers and none for a mask.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most indices there may be, the special ones among them.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.table.max_tokens = Some(max_tokens);
        self
    }

    /// The number that gets index 0, which stands for nothing.
    #[must_use]
    pub fn mask_token(mut self, token: i64) -> Self {
        self.table.mask = Some(token);
        self
    }

    /// How many indices unknown numbers share; 1 unless given. With none, they are errors.
    #[must_use]
    pub fn num_oov_indices(mut self, indices: usize) -> Self {
        self.table.oov_indices = indices;
        self
    }

    /// Learns the vocabulary.
    ///
    /// # Errors
    /// No numbers; `max_tokens` too small for the special ones.
    pub fn adapt(&mut self, numbers: impl IntoIterator<Item = i64>) -> Result<()> {
        let mut counts: FastMap<i64, u64> = FastMap::default();
        numbers.into_iter().for_each(|number| *counts.entry(number).or_insert(0) += 1);
        self.table.adapt(counts)
    }

    /// Takes a vocabulary that is known, in the order of its indices, without special numbers.
    ///
    /// # Errors
    /// A number that occurs twice; more than `max_tokens`.
    pub fn vocabulary(mut self, numbers: impl IntoIterator<Item = i64>) -> Result<Self> {
        self.table.set(numbers.into_iter().collect())?;
        Ok(self)
    }

    /// All numbers in the order of their indices, the special ones first; −1 for unknown ones.
    pub fn get_vocabulary(&self) -> Vec<i64> {
        let special = self.table.mask.into_iter().chain(std::iter::repeat_n(self.oov_token, self.table.oov_indices));
        special.chain(self.table.tokens().iter().copied()).collect()
    }

    /// The number of indices.
    pub fn vocabulary_size(&self) -> usize {
        self.table.size()
    }

    /// The index of each number.
    ///
    /// # Errors
    /// No vocabulary yet; an unknown number where these have no index, named with its place.
    pub fn lookup(&self, numbers: impl IntoIterator<Item = i64>) -> Result<Vec<i32>> {
        self.table.check_adapted()?;
        let index = |(place, number): (usize, i64)| match (self.table.get(&number), self.table.oov_indices) {
            (Some(index), _) => Ok(index),
            (None, 0) => Err(Error::data(format!("{number} at place {place} is not in the vocabulary"))
                .hint("let unknown numbers have an index with num_oov_indices(1)")),
            (None, indices) => Ok(self.table.first_oov() + number.rem_euclid(indices as i64) as i32),
        };
        numbers.into_iter().enumerate().map(index).collect()
    }

    /// The number of each index: Keras' `invert=True`.
    ///
    /// # Errors
    /// No vocabulary yet; an index that no number has, named with its place.
    pub fn invert(&self, indices: &[i32]) -> Result<Vec<i64>> {
        self.table.check_adapted()?;
        let vocabulary = self.get_vocabulary();
        let number = |(place, &index): (usize, &i32)| {
            let found = usize::try_from(index).ok().and_then(|index| vocabulary.get(index).copied());
            found.ok_or_else(|| outside(index, place, vocabulary.len()))
        };
        indices.iter().enumerate().map(number).collect()
    }
}
