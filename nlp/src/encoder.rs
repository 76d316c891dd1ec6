//! What texts are made of for a model: words, characters or subwords.

use practicum_core::Result;

use crate::tokenizer::Analyzer;
use crate::{SubwordTextEncoder, Tokenizer};

/// Turns texts into the ids a model reads, and ids back into text.
///
/// ```
/// use practicum_nlp::{TextEncoder, Tokenizer};
///
/// let mut tokenizer = Tokenizer::new();
/// tokenizer.fit_on_texts(["so long and thanks"])?;
/// let encoder = TextEncoder::from(tokenizer);
/// assert_eq!((encoder.vocab_size(), encoder.encode("thanks so much")?), (5, vec![4, 1]));
/// assert_eq!(encoder.decode(&[1, 2])?, "so long");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TextEncoder {
    /// Words; those without an id become the OOV token's, or are dropped.
    Words(Tokenizer),
    /// Characters, of a tokenizer with `char_level`.
    Characters(Tokenizer),
    /// Pieces of words.
    Subwords(SubwordTextEncoder),
}

impl From<Tokenizer> for TextEncoder {
    fn from(tokenizer: Tokenizer) -> Self {
        match tokenizer.analyzer_used() {
            Analyzer::Chars => Self::Characters(tokenizer),
            _ => Self::Words(tokenizer),
        }
    }
}

impl From<SubwordTextEncoder> for TextEncoder {
    fn from(encoder: SubwordTextEncoder) -> Self {
        Self::Subwords(encoder)
    }
}

impl TextEncoder {
    /// The ids of a text.
    ///
    /// # Errors
    /// A tokenizer that has seen no words.
    pub fn encode(&self, text: &str) -> Result<Vec<i32>> {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => Ok(tokenizer.texts_to_sequences([text])?.remove(0)),
            Self::Subwords(encoder) => Ok(encoder.encode(text)),
        }
    }

    /// The ids of each text.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<Vec<i32>>> {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => tokenizer.texts_to_sequences(texts),
            Self::Subwords(encoder) => Ok(encoder.encode_all(texts)),
        }
    }

    /// The text of ids: words with spaces between them; characters and subwords joined. Padding means nothing.
    ///
    /// # Errors
    /// A tokenizer that has seen no words; an id outside a subword vocabulary.
    pub fn decode(&self, ids: &[i32]) -> Result<String> {
        let known = |tokenizer: &Tokenizer, between| {
            let words: Vec<&str> = ids.iter().filter_map(|&id| tokenizer.index_word(id)).collect();
            words.join(between)
        };
        match self {
            Self::Words(tokenizer) => Ok(known(tokenizer, " ")),
            Self::Characters(tokenizer) => Ok(known(tokenizer, "")),
            Self::Subwords(encoder) => encoder.decode(ids),
        }
    }

    /// The text of one id: empty for padding and for what is no text of its own.
    pub fn id_to_text(&self, id: i32) -> String {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => tokenizer.index_word(id).unwrap_or_default().to_owned(),
            Self::Subwords(encoder) => encoder.id_to_text(id).unwrap_or_default(),
        }
    }

    /// The number of ids, padding among them: the `input_dim` of an `Embedding` over them.
    pub fn vocab_size(&self) -> usize {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => tokenizer.vocab_size(),
            Self::Subwords(encoder) => encoder.vocab_size(),
        }
    }

    /// What stands between two tokens in a text.
    pub(crate) fn separator(&self) -> &'static str {
        match self {
            Self::Words(_) => " ",
            Self::Characters(_) | Self::Subwords(_) => "",
        }
    }
}
