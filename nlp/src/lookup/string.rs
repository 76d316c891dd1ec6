use practicum_core::{Error, Result};

use super::table::{Table, invert};
use crate::hash::FastMap;

/// Words, labels or other strings as indices of a vocabulary: Keras' `StringLookup`.
///
/// The mask token, if there is one, is 0; then comes the index for unknown tokens, then the vocabulary by falling frequency, of
/// equally frequent tokens the greatest first.
///
/// ```
/// use practicum_nlp::StringLookup;
///
/// let mut lookup = StringLookup::new();
/// lookup.adapt(["cat", "dog", "cat", "emu"])?;
/// assert_eq!(lookup.get_vocabulary(), ["[UNK]", "cat", "emu", "dog"]);
/// assert_eq!(lookup.lookup(["dog", "owl"])?, [3, 0]);
/// assert_eq!(lookup.invert(&[1, 0])?, ["cat", "[UNK]"]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StringLookup {
    table: Table<String>,
}

impl Default for StringLookup {
    fn default() -> Self {
        Self { table: Table::new("[UNK]".to_owned()) }
    }
}

impl StringLookup {
    /// A lookup without a vocabulary, with one index for unknown tokens and none for a mask.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most indices there may be, the special ones among them.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.table.max_tokens = Some(max_tokens);
        self
    }

    /// The token that gets index 0, which stands for nothing.
    #[must_use]
    pub fn mask_token(mut self, token: impl Into<String>) -> Self {
        self.table.mask = Some(token.into());
        self
    }

    /// What stands for unknown tokens in the vocabulary; `[UNK]` unless given.
    #[must_use]
    pub fn oov_token(mut self, token: impl Into<String>) -> Self {
        self.table.oov_token = token.into();
        self
    }

    /// Whether unknown tokens have an index; without one they are errors. Keras' `num_oov_indices` of 1 and 0.
    #[must_use]
    pub fn oov(mut self, has_index: bool) -> Self {
        self.table.oov_indices = usize::from(has_index);
        self
    }

    /// Learns the vocabulary.
    ///
    /// # Errors
    /// No tokens; `max_tokens` too small for the special ones.
    pub fn adapt<S: AsRef<str>>(&mut self, tokens: impl IntoIterator<Item = S>) -> Result<()> {
        let mut counts: FastMap<String, u64> = FastMap::default();
        for token in tokens {
            match counts.get_mut(token.as_ref()) {
                Some(count) => *count += 1,
                None => drop(counts.insert(token.as_ref().to_owned(), 1)),
            }
        }
        self.table.adapt(counts)
    }

    /// Takes a vocabulary that is known, in the order of its indices, with all special tokens before it or none.
    ///
    /// # Errors
    /// No tokens; a token that occurs twice; a special one among the others; more than `max_tokens`.
    pub fn vocabulary<S: Into<String>>(mut self, tokens: impl IntoIterator<Item = S>) -> Result<Self> {
        self.table.set(tokens.into_iter().map(Into::into).collect())?;
        Ok(self)
    }

    /// All tokens in the order of their indices, the special ones first.
    pub fn get_vocabulary(&self) -> Vec<&str> {
        self.table.vocabulary().map(String::as_str).collect()
    }

    /// The number of indices.
    pub fn vocabulary_size(&self) -> usize {
        self.table.size()
    }

    /// The index of each token.
    ///
    /// # Errors
    /// No vocabulary yet; an unknown token where these have no index, named with its position.
    pub fn lookup<S: AsRef<str>>(&self, tokens: impl IntoIterator<Item = S>) -> Result<Vec<i32>> {
        self.table.check_adapted()?;
        let index = |(position, token): (usize, S)| match self.table.get(token.as_ref()) {
            Some(index) => Ok(index),
            None if self.table.oov_indices > 0 => Ok(self.table.first_oov()),
            None => Err(Error::data(format!("`{}` at position {position} is not in the vocabulary", token.as_ref()))
                .hint("let unknown tokens have an index with oov(true)")),
        };
        tokens.into_iter().enumerate().map(index).collect()
    }

    /// The token of each index: Keras' `invert=True`.
    ///
    /// # Errors
    /// No vocabulary yet; an index that no token has, named with its position.
    pub fn invert(&self, indices: &[i32]) -> Result<Vec<&str>> {
        self.table.check_adapted()?;
        invert(&self.get_vocabulary(), indices)
    }
}
