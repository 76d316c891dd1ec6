use std::collections::HashSet;

use practicum_core::ndarray::Array2;
use practicum_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::table::{Table, merge};
use crate::array::filled;
use crate::hash::FastMap;
use crate::{PadOptions, Side, pad_sequences, parallel};

/// What is done to a text before it is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standardize {
    /// ASCII letters become small and ASCII punctuation, the apostrophe too, goes away.
    #[default]
    LowerAndStripPunctuation,
    /// ASCII letters become small.
    Lower,
    /// ASCII punctuation goes away.
    StripPunctuation,
    /// Nothing.
    None,
}

/// What a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Split {
    /// What stands between ASCII white space.
    #[default]
    Whitespace,
    /// Every character.
    Character,
}

/// What [`TextVectorization::matrix`] holds for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutputMode {
    /// 1 where it occurs.
    MultiHot,
    /// How often it occurs.
    Count,
    /// The count times ln(1 + N / (1 + d)), with N texts adapted to and d of them holding the token. Unknown tokens have
    /// the mean of all tokens' factors.
    TfIdf,
}

/// Texts as rows of indices or as bags of words: Keras' `TextVectorization`.
///
/// Index 0 is padding and 1 stands for unknown tokens; then come tokens by falling frequency, equally frequent ones by falling
/// bytes. In the matrices there is no padding, and column 0 is that of unknown tokens.
///
/// ```
/// use practicum_nlp::{OutputMode, TextVectorization};
///
/// let mut vectorization = TextVectorization::new().max_tokens(1_000).output_sequence_length(4);
/// vectorization.adapt(&["The cat sat.", "The dog, too"])?;
/// assert_eq!(vectorization.get_vocabulary(), ["", "[UNK]", "the", "too", "sat", "dog", "cat"]);
/// assert_eq!(vectorization.vectorize(&["The cat, the owl & I"])?.row(0).to_vec(), [2, 6, 2, 1]);
/// let counts = vectorization.matrix(&["The cat, the owl & I"], OutputMode::Count)?;
/// assert_eq!(counts.row(0).to_vec(), [2.0, 2.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// In a pipeline, [`ids`](Self::ids) vectorizes one text: `texts.map(move |text| Ok(vectorization.ids(&text)))`. A model that
/// takes texts by itself is a [`TextClassifier`](crate::TextClassifier).
#[derive(Clone, Debug)]
pub struct TextVectorization {
    standardize: Standardize,
    split: Split,
    ngrams: usize,
    output_sequence_length: Option<usize>,
    pad_to_max_tokens: bool,
    table: Table<String>,
    idf: Vec<f32>,
}

/// A vectorization in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    max_tokens: Option<usize>,
    standardize: Standardize,
    split: Split,
    ngrams: usize,
    output_sequence_length: Option<usize>,
    pad_to_max_tokens: bool,
    vocabulary: Vec<String>,
    idf_weights: Vec<f32>,
}

/// No text is cut to more indices than these.
const LONGEST: usize = 1 << 28;

impl Default for TextVectorization {
    fn default() -> Self {
        let mut table = Table::new("[UNK]".to_owned());
        table.mask = Some(String::new());
        Self {
            standardize: Standardize::default(),
            split: Split::default(),
            ngrams: 1,
            output_sequence_length: None,
            pad_to_max_tokens: false,
            table,
            idf: Vec::new(),
        }
    }
}

impl TextVectorization {
    /// Keras' defaults: small ASCII letters without punctuation, split at white space, all tokens, rows as long as the longest.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most indices there may be, padding and unknown tokens among them. (In Keras a layer that gives matrices has no
    /// padding, so that the same number lets one token more through.)
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.table.max_tokens = Some(max_tokens);
        self
    }

    /// What is done to a text before it is split.
    #[must_use]
    pub fn standardize(mut self, standardize: Standardize) -> Self {
        self.standardize = standardize;
        self
    }

    /// What a token is.
    #[must_use]
    pub fn split(mut self, split: Split) -> Self {
        self.split = split;
        self
    }

    /// Runs of up to this many tokens, joined by spaces, are tokens as well, after all shorter ones.
    #[must_use]
    pub fn ngrams(mut self, ngrams: usize) -> Self {
        self.ngrams = ngrams;
        self
    }

    /// The length of all rows, at most 2²⁸: longer texts lose their ends.
    #[must_use]
    pub fn output_sequence_length(mut self, length: usize) -> Self {
        self.output_sequence_length = Some(length);
        self
    }

    /// Whether matrices have `max_tokens − 1` columns even where there are fewer tokens.
    #[must_use]
    pub fn pad_to_max_tokens(mut self, pad: bool) -> Self {
        self.pad_to_max_tokens = pad;
        self
    }

    /// Learns the vocabulary, on all cores.
    ///
    /// # Errors
    /// Texts without a token; options out of range.
    pub fn adapt<S: AsRef<str> + Sync>(&mut self, texts: &[S]) -> Result<()> {
        self.check_options()?;
        let mut counts: FastMap<String, u64> = FastMap::default();
        let mut documents: FastMap<String, u64> = FastMap::default();
        let blocks: Vec<&[S]> = texts.chunks(1024).collect();
        for (block, seen) in parallel::map_each(&blocks, |block| self.count(block)) {
            merge(&mut counts, block);
            merge(&mut documents, seen);
        }
        self.table.adapt(counts)?;
        let idf =
            |token: &String| (1.0 + texts.len() as f64 / (1.0 + documents.get(token).copied().unwrap_or_default() as f64)).ln() as f32;
        self.idf = self.table.tokens().iter().map(idf).collect();
        Ok(())
    }

    fn count<S: AsRef<str>>(&self, texts: &[S]) -> (FastMap<String, u64>, FastMap<String, u64>) {
        let (mut counts, mut documents): (FastMap<String, u64>, FastMap<String, u64>) = (FastMap::default(), FastMap::default());
        for text in texts {
            let mut seen = HashSet::new();
            self.tokens(text.as_ref(), |token| {
                match counts.get_mut(token) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(token.to_owned(), 1)),
                }
                if !seen.contains(token) {
                    seen.insert(token.to_owned());
                }
            });
            for token in seen {
                *documents.entry(token).or_insert(0) += 1;
            }
        }
        (counts, documents)
    }

    /// Takes a vocabulary that is known, in the order of its indices, with padding and `[UNK]` before it or without. TF-IDF
    /// needs [`adapt`](Self::adapt).
    ///
    /// # Errors
    /// No tokens; a token that occurs twice; a special one among the others; more than `max_tokens`; options out of range.
    pub fn vocabulary<S: Into<String>>(mut self, tokens: impl IntoIterator<Item = S>) -> Result<Self> {
        self.check_options()?;
        self.table.set(tokens.into_iter().map(Into::into).collect())?;
        self.idf.clear();
        Ok(self)
    }

    /// All tokens in the order of their indices.
    pub fn get_vocabulary(&self) -> Vec<&str> {
        self.table.vocabulary().map(String::as_str).collect()
    }

    /// The token of an index: empty for padding.
    pub fn token(&self, index: i32) -> Option<&str> {
        match usize::try_from(index).ok()? {
            0 => Some(""),
            1 => Some("[UNK]"),
            index => self.table.tokens().get(index - 2).map(String::as_str),
        }
    }

    /// The options and the vocabulary as JSON, under Keras' names for them.
    ///
    /// ```
    /// use practicum_nlp::TextVectorization;
    ///
    /// let mut vectorization = TextVectorization::new();
    /// vectorization.adapt(&["the cat", "the dog"])?;
    /// let again = TextVectorization::from_json(&vectorization.to_json())?;
    /// assert_eq!(again.ids("a dog"), vectorization.ids("a dog"));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Value {
        let file = File {
            max_tokens: self.table.max_tokens,
            standardize: self.standardize,
            split: self.split,
            ngrams: self.ngrams,
            output_sequence_length: self.output_sequence_length,
            pad_to_max_tokens: self.pad_to_max_tokens,
            vocabulary: self.table.tokens().to_vec(),
            idf_weights: self.idf.clone(),
        };
        serde_json::to_value(file).unwrap_or_default()
    }

    /// The vectorization of [`to_json`](Self::to_json).
    ///
    /// # Errors
    /// Other JSON; an option that is not known; a vocabulary that [`vocabulary`](Self::vocabulary) refuses, or factors for another.
    pub fn from_json(json: &Value) -> Result<Self> {
        let file =
            File::deserialize(json).map_err(|cause| Error::format(format!("this is no TextVectorization: {cause}")).source(cause))?;
        let (tokens, factors) = (file.vocabulary.len(), file.idf_weights.len());
        if factors != 0 && factors != tokens {
            return Err(Error::format(format!("there are {factors} idf_weights for {tokens} tokens, expected one for each")));
        }
        let mut vectorization = Self {
            standardize: file.standardize,
            split: file.split,
            ngrams: file.ngrams,
            output_sequence_length: file.output_sequence_length,
            pad_to_max_tokens: file.pad_to_max_tokens,
            ..Self::default()
        };
        vectorization.table.max_tokens = file.max_tokens;
        if tokens > 0 {
            vectorization = vectorization.vocabulary(file.vocabulary)?;
        }
        Ok(Self { idf: file.idf_weights, ..vectorization })
    }

    /// The number of indices: the `input_dim` of an `Embedding` over them.
    pub fn vocabulary_size(&self) -> usize {
        self.table.size()
    }

    /// The indices of one text, as many as it has tokens or `output_sequence_length`. Without a vocabulary all tokens are unknown.
    pub fn ids(&self, text: &str) -> Vec<i32> {
        let mut ids = self.unpadded(text);
        if let Some(length) = self.output_sequence_length {
            ids.resize(length.min(LONGEST), 0);
        }
        ids
    }

    /// That there is a vocabulary, which goes with the options.
    pub(crate) fn check_adapted(&self) -> Result<()> {
        self.check_options()?;
        self.table.check_adapted()
    }

    /// The indices of one text, `output_sequence_length` at most.
    pub(crate) fn unpadded(&self, text: &str) -> Vec<i32> {
        let mut ids = Vec::new();
        self.tokens(text, |token| ids.push(self.table.get(token).unwrap_or(1)));
        ids.truncate(self.output_sequence_length.unwrap_or(usize::MAX));
        ids
    }

    /// The indices of texts, `[texts, length]`, filled up with 0 at the end; computed on all cores.
    ///
    /// # Errors
    /// No vocabulary yet; no texts; texts that are all empty while no length is given; a size that does not fit into memory.
    pub fn vectorize<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Array2<i32>> {
        self.check_adapted()?;
        let rows = parallel::map(texts, |text| self.unpadded(text.as_ref()));
        let padding = PadOptions::new().padding(Side::Post);
        pad_sequences(&rows, self.output_sequence_length.map_or(padding, |length| padding.maxlen(length)))
    }

    /// Bags of tokens, `[texts, columns]`: a column for each token of the vocabulary but padding.
    ///
    /// # Errors
    /// No vocabulary yet; TF-IDF with a vocabulary that was not learned; a size that does not fit into memory.
    pub fn matrix<S: AsRef<str>>(&self, texts: &[S], mode: OutputMode) -> Result<Array2<f32>> {
        self.table.check_adapted()?;
        if mode == OutputMode::TfIdf && self.idf.is_empty() {
            return Err(Error::state("TF-IDF needs the frequencies of tokens in texts").hint("call adapt"));
        }
        let columns = match self.table.max_tokens {
            Some(most) if self.pad_to_max_tokens => most - 1,
            _ => self.table.size() - 1,
        };
        let mean = self.idf.iter().sum::<f32>() / self.idf.len().max(1) as f32;
        let mut matrix = filled(texts.len(), columns, 0.0)?;
        for (text, mut row) in texts.iter().zip(matrix.rows_mut()) {
            self.tokens(text.as_ref(), |token| {
                let column = self.table.get(token).map_or(0, |index| index as usize - 1);
                let weight = match column.checked_sub(1) {
                    None => mean,
                    Some(known) => self.idf.get(known).copied().unwrap_or(1.0),
                };
                match mode {
                    OutputMode::MultiHot => row[column] = 1.0,
                    OutputMode::Count => row[column] += 1.0,
                    OutputMode::TfIdf => row[column] += weight,
                }
            });
        }
        Ok(matrix)
    }

    /// Calls `found` with each token of a text, n-grams after all shorter ones.
    fn tokens(&self, text: &str, mut found: impl FnMut(&str)) {
        let lower = matches!(self.standardize, Standardize::LowerAndStripPunctuation | Standardize::Lower);
        let strip = matches!(self.standardize, Standardize::LowerAndStripPunctuation | Standardize::StripPunctuation);
        let mut standard = String::with_capacity(text.len());
        for character in text.chars().filter(|character| !(strip && character.is_ascii_punctuation())) {
            standard.push(if lower { character.to_ascii_lowercase() } else { character });
        }
        let white = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
        let mut single: Vec<&str> = Vec::new();
        match self.split {
            Split::Whitespace => single.extend(standard.split(white).filter(|token| !token.is_empty())),
            Split::Character => single.extend(standard.char_indices().map(|(at, character)| &standard[at..at + character.len_utf8()])),
        }
        single.iter().for_each(|token| found(token));
        for n in 2..=self.ngrams.min(single.len()) {
            single.windows(n).for_each(|run| found(&run.join(" ")));
        }
    }

    fn check_options(&self) -> Result<()> {
        if self.ngrams == 0 {
            return Err(Error::argument("ngrams is 0, expected 1 or more").hint("1 takes single tokens alone"));
        }
        if self.output_sequence_length == Some(0) {
            return Err(Error::argument("output_sequence_length is 0, expected 1 or more"));
        }
        if let Some(length) = self.output_sequence_length.filter(|length| *length > LONGEST) {
            return Err(Error::argument(format!("output_sequence_length is {length}: expected {LONGEST} at most, which takes a gigabyte")));
        }
        Ok(())
    }
}
