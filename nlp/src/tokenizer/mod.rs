//! Keras' `Tokenizer`: counts words, numbers them by frequency, and turns texts into ids and back.

mod json;
mod matrix;
mod split;
mod vocabulary;

use practicum_core::{Error, Result};

pub use self::matrix::MatrixMode;
use self::split::Splitter;
pub use self::split::{Analyzer, DEFAULT_FILTERS, Normalization};
use self::vocabulary::Vocabulary;
use crate::parallel;

/// Texts held at a time: few enough that a corpus need not fit into memory, and enough that adding up what each thread counted
/// costs little.
const BLOCK: usize = 16_384;

/// Turns texts into sequences of word numbers, exactly as Keras' `Tokenizer` does.
///
/// A text is lower-cased, the characters of [`DEFAULT_FILTERS`] become spaces, and what stands between spaces is a
/// word; the apostrophe stays. Words are numbered from 1 by falling frequency, equal ones in the order they were
/// first seen; with an OOV ("out of vocabulary") token that one takes 1 and words start at 2. The number 0 is left
/// for padding.
///
/// `num_words` keeps the numbers *below* it: `num_words(100)` lets 99 of them through, the OOV token among them.
/// It never shortens [`word_index`](Self::word_index), which holds all words: only sequences, matrices and texts made of
/// sequences know the limit. This surprises everybody once.
///
/// ```
/// use practicum_nlp::Tokenizer;
///
/// let mut tokenizer = Tokenizer::new();
/// tokenizer.fit_on_texts(["i love my dog", "I, love my cat", "You love my dog!"])?;
/// let index: Vec<_> = tokenizer.word_index().iter().collect();
/// assert_eq!(index, [("love", 1), ("my", 2), ("i", 3), ("dog", 4), ("cat", 5), ("you", 6)]);
/// assert_eq!(tokenizer.texts_to_sequences(["you love my horse"])?, [[6, 1, 2]]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tokenizer {
    num_words: Option<usize>,
    oov_token: Option<String>,
    splitter: Splitter,
    document_count: u64,
    vocabulary: Vocabulary,
}

/// Options, with Keras' names and defaults.
impl Tokenizer {
    /// A tokenizer that has seen nothing yet: all words, no OOV token, Keras' filters, lower case, words between spaces.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets only numbers below `num_words` through, that is the `num_words - 1` most frequent words, or one word
    /// fewer with an OOV token. May be changed after fitting.
    #[must_use]
    pub fn num_words(mut self, num_words: usize) -> Self {
        self.num_words = Some(num_words);
        self
    }

    /// The word that stands for all that have no number; without it they are dropped.
    #[must_use]
    pub fn oov_token(mut self, oov_token: impl Into<String>) -> Self {
        self.oov_token = Some(oov_token.into());
        self.number();
        self
    }

    /// The characters that separate words besides `split`; [`DEFAULT_FILTERS`] unless given.
    #[must_use]
    pub fn filters(mut self, filters: impl Into<String>) -> Self {
        self.splitter.filters = filters.into();
        self
    }

    /// Whether texts are lower-cased first (by Unicode's rules); they are unless told otherwise.
    #[must_use]
    pub fn lower(mut self, lower: bool) -> Self {
        self.splitter.lower = lower;
        self
    }

    /// The separator of words; a space unless given.
    #[must_use]
    pub fn split(mut self, split: impl Into<String>) -> Self {
        self.splitter.split = split.into();
        self
    }

    /// Whether every character is a word: the short way to [`Analyzer::Chars`] and back to [`Analyzer::Split`].
    #[must_use]
    pub fn char_level(self, char_level: bool) -> Self {
        self.analyzer(if char_level { Analyzer::Chars } else { Analyzer::Split })
    }

    /// What counts as a word.
    ///
    /// ```
    /// use practicum_nlp::{Analyzer, Tokenizer};
    ///
    /// let mut tokenizer = Tokenizer::new().analyzer(Analyzer::UnicodeWords);
    /// tokenizer.fit_on_texts(["“Don't,” she said—twice…"])?;
    /// let words: Vec<_> = tokenizer.word_index().iter().map(|(word, _)| word).collect();
    /// assert_eq!(words, ["don't", "she", "said", "twice"]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn analyzer(mut self, analyzer: Analyzer) -> Self {
        self.splitter.analyzer = analyzer;
        self
    }

    /// Which ways of writing the same characters count as one; as in Keras, none unless told.
    ///
    /// ```
    /// use practicum_nlp::{Analyzer, Normalization, Tokenizer};
    ///
    /// let mut tokenizer =
    ///     Tokenizer::new().analyzer(Analyzer::UnicodeWords).normalization(Normalization::Nfc);
    /// tokenizer.fit_on_texts(["café", "cafe\u{301}"])?;
    /// assert_eq!(tokenizer.word_index().len(), 1);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn normalization(mut self, normalization: Normalization) -> Self {
        self.splitter.normalization = Some(normalization);
        self
    }
}

impl Tokenizer {
    /// Counts the words of these texts and numbers all words seen so far. A further call adds to the counts, and may
    /// change the numbers.
    ///
    /// # Errors
    /// No texts, texts without a single word, `num_words` of 0, an empty separator.
    pub fn fit_on_texts<S: AsRef<str> + Sync>(&mut self, texts: impl IntoIterator<Item = S>) -> Result<()> {
        self.check_options()?;
        let before = self.document_count;
        let mut texts = texts.into_iter();
        loop {
            let block: Vec<S> = texts.by_ref().take(BLOCK).collect();
            if block.is_empty() {
                break;
            }
            let Some(count) = self.document_count.checked_add(block.len() as u64) else {
                self.number();
                return Err(Error::data("more texts were counted than a number holds"));
            };
            let first = std::mem::replace(&mut self.document_count, count) + 1;
            // Each thread counts for itself; in the order of their parts, words stay in the order they were first seen.
            let parts = parallel::parts(&block);
            if parts.len() == 1 {
                see(&self.splitter, &block, first, &mut self.vocabulary);
                continue;
            }
            let count = |part: &&[S]| {
                let mut vocabulary = Vocabulary::default();
                see(&self.splitter, part, 1, &mut vocabulary);
                vocabulary
            };
            for part in parallel::map_each(&parts, count) {
                self.vocabulary.absorb(part);
            }
        }
        let texts = self.document_count - before;
        if texts == 0 {
            return Err(Error::data("there are no texts to fit the tokenizer on"));
        }
        if self.vocabulary.is_empty() {
            self.document_count = before;
            let message = format!("there is no word in the {texts} texts given");
            return Err(Error::data(message).hint("check the texts, and the tokenizer's filters and split"));
        }
        self.number();
        Ok(())
    }

    /// The numbers of each text's words, computed on all cores. Words without a number become the OOV token's, or are dropped.
    ///
    /// # Errors
    /// A tokenizer that has seen no words.
    pub fn texts_to_sequences<S: AsRef<str> + Sync>(&self, texts: impl IntoIterator<Item = S>) -> Result<Vec<Vec<i32>>> {
        self.check_fitted()?;
        let oov = self.oov_index();
        let sequence = |text: &S| {
            let mut ids = Vec::with_capacity(text.as_ref().len() / 5);
            let mut scratch = Vec::new();
            self.splitter.words(text.as_ref(), |words| {
                self.vocabulary.get_each(words, &mut scratch, |id| ids.extend(id.filter(|&id| self.lets_through(id)).or(oov)));
            });
            ids
        };
        Ok(parallel::map(&texts.into_iter().collect::<Vec<S>>(), sequence))
    }

    /// The words of each sequence, joined by spaces.
    ///
    /// As in Keras, a number without a word becomes the OOV token or is dropped, and so does 0, the padding.
    ///
    /// ```
    /// use practicum_nlp::Tokenizer;
    ///
    /// let mut tokenizer = Tokenizer::new().oov_token("?");
    /// tokenizer.fit_on_texts(["went to dublin"])?;
    /// assert_eq!(tokenizer.sequences_to_texts([[0, 2, 3, 4]])?, ["? went to dublin"]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A tokenizer that has seen no words.
    pub fn sequences_to_texts<S: AsRef<[i32]>>(&self, sequences: impl IntoIterator<Item = S>) -> Result<Vec<String>> {
        self.check_fitted()?;
        let text = |sequence: S| {
            let word = |&id: &i32| self.index_word(id).filter(|_| self.lets_through(id)).or(self.oov_token.as_deref());
            sequence.as_ref().iter().filter_map(word).collect::<Vec<_>>().join(" ")
        };
        Ok(sequences.into_iter().map(text).collect())
    }

    /// All words seen, with their numbers.
    pub fn word_index(&self) -> WordIndex<'_> {
        WordIndex(self)
    }

    /// The word with this number.
    pub fn index_word(&self, index: i32) -> Option<&str> {
        match self.vocabulary.at(index) {
            Some(entry) => Some(&entry.word),
            None => self.oov_token.as_deref().filter(|_| self.oov_index() == Some(index)),
        }
    }

    /// How often each word was seen, in the order they were first seen.
    pub fn word_counts(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.vocabulary.as_seen().map(|entry| (&*entry.word, entry.count))
    }

    /// In how many texts each word was seen, in the order they were first seen.
    pub fn word_docs(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.vocabulary.as_seen().map(|entry| (&*entry.word, entry.docs))
    }

    /// The number of ids that sequences may hold, padding among them: `num_words`, or one more than there are words if
    /// these are fewer. It is the `input_dim` of an `Embedding` over them.
    ///
    /// ```
    /// use practicum_nlp::Tokenizer;
    ///
    /// let mut tokenizer = Tokenizer::new();
    /// tokenizer.fit_on_texts(["one two three"])?;
    /// assert_eq!((tokenizer.vocab_size(), tokenizer.num_words(3).vocab_size()), (4, 3));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn vocab_size(&self) -> usize {
        let all = self.word_index().len() + 1;
        self.num_words.map_or(all, |limit| limit.min(all))
    }

    /// Calls `found` with each word of a text as it is counted.
    pub(crate) fn for_each_word(&self, text: &str, mut found: impl FnMut(&str)) {
        self.splitter.words(text, |words| words.iter().for_each(|word| found(word.as_str())));
    }

    /// What counts as a word.
    pub(crate) fn analyzer_used(&self) -> Analyzer {
        self.splitter.analyzer
    }

    /// The number of texts fitted on.
    pub fn document_count(&self) -> u64 {
        self.document_count
    }

    /// The OOV token's number: 1, or that of the same word when the texts hold it.
    fn oov_index(&self) -> Option<i32> {
        let token = self.oov_token.as_deref()?;
        Some(self.vocabulary.get(token.into()).unwrap_or(1))
    }

    fn lets_through(&self, id: i32) -> bool {
        self.num_words.is_none_or(|limit| usize::try_from(id).is_ok_and(|id| id < limit))
    }

    fn number(&mut self) {
        self.vocabulary.number(if self.oov_token.is_some() { 2 } else { 1 });
    }

    fn check_options(&self) -> Result<()> {
        if self.num_words == Some(0) {
            return Err(Error::argument("num_words is 0, expected 1 or more").hint("leave num_words out to keep all words"));
        }
        if self.splitter.split.is_empty() {
            return Err(Error::argument("split is empty, expected a separator of words").hint("use char_level to take single characters"));
        }
        Ok(())
    }

    fn check_fitted(&self) -> Result<()> {
        if self.vocabulary.is_empty() {
            return Err(Error::state("the tokenizer has seen no words yet").hint("call fit_on_texts first"));
        }
        Ok(())
    }
}

/// Counts the words of texts, which are documents from the number `first` on.
fn see<S: AsRef<str>>(splitter: &Splitter, texts: &[S], first: u64, vocabulary: &mut Vocabulary) {
    let mut scratch = Vec::new();
    for (document, text) in (first..).zip(texts) {
        splitter.words(text.as_ref(), |words| vocabulary.see(words, document, &mut scratch));
    }
}

/// A tokenizer's words and their numbers; `num_words` does not shorten it.
#[derive(Clone, Copy, Debug)]
pub struct WordIndex<'a>(&'a Tokenizer);

impl<'a> WordIndex<'a> {
    /// The number of words, the OOV token among them.
    pub fn len(self) -> usize {
        self.0.vocabulary.len() + usize::from(self.oov().is_some())
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The word's number.
    pub fn get(self, word: &str) -> Option<i32> {
        self.0.vocabulary.get(word.into()).or_else(|| self.oov().filter(|(oov, _)| *oov == word).map(|(_, index)| index))
    }

    /// Words and numbers, from the smallest number on.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, i32)> {
        self.oov().into_iter().chain(self.0.vocabulary.as_numbered())
    }

    /// The OOV token, unless it is one of the words seen.
    fn oov(self) -> Option<(&'a str, i32)> {
        let token = self.0.oov_token.as_deref()?;
        self.0.vocabulary.get(token.into()).is_none().then_some((token, 1))
    }
}

#[cfg(test)]
mod tests;
