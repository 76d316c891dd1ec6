//! What texts are made of for a model: words, characters or subwords.

use practicum_core::{Error, Result};
use serde_json::{Value, json};

use crate::tokenizer::Analyzer;
use crate::{SubwordTextEncoder, TextVectorization, Tokenizer, parallel};

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
    /// The tokens of Keras' layer; unknown ones are 1.
    Vectorization(TextVectorization),
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

impl From<TextVectorization> for TextEncoder {
    fn from(vectorization: TextVectorization) -> Self {
        Self::Vectorization(vectorization)
    }
}

impl TextEncoder {
    /// The ids of a text.
    ///
    /// # Errors
    /// A tokenizer that has seen no words; a vectorization without a vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<i32>> {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => Ok(tokenizer.texts_to_sequences([text])?.remove(0)),
            Self::Subwords(encoder) => Ok(encoder.encode(text)),
            Self::Vectorization(vectorization) => {
                vectorization.check_adapted()?;
                Ok(vectorization.unpadded(text))
            }
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
            Self::Vectorization(vectorization) => {
                vectorization.check_adapted()?;
                Ok(parallel::map(texts, |text| vectorization.unpadded(text.as_ref())))
            }
        }
    }

    /// The text of ids: words with spaces between them; characters and subwords joined. Padding means nothing.
    ///
    /// # Errors
    /// An id outside a subword vocabulary.
    pub fn decode(&self, ids: &[i32]) -> Result<String> {
        let known = |tokenizer: &Tokenizer, between| {
            let words: Vec<&str> = ids.iter().filter_map(|&id| tokenizer.index_word(id)).collect();
            words.join(between)
        };
        match self {
            Self::Words(tokenizer) => Ok(known(tokenizer, " ")),
            Self::Characters(tokenizer) => Ok(known(tokenizer, "")),
            Self::Subwords(encoder) => encoder.decode(ids),
            Self::Vectorization(_) => {
                let words: Vec<String> = ids.iter().map(|&id| self.id_to_text(id)).filter(|word| !word.is_empty()).collect();
                Ok(words.join(" "))
            }
        }
    }

    /// The text of one id: empty for padding and for what is no text of its own.
    pub fn id_to_text(&self, id: i32) -> String {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => tokenizer.index_word(id).unwrap_or_default().to_owned(),
            Self::Subwords(encoder) => encoder.id_to_text(id).unwrap_or_default(),
            Self::Vectorization(vectorization) => vectorization.token(id).unwrap_or_default().to_owned(),
        }
    }

    /// The number of ids, padding among them: the `input_dim` of an `Embedding` over them.
    pub fn vocab_size(&self) -> usize {
        match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => tokenizer.vocab_size(),
            Self::Subwords(encoder) => encoder.vocab_size(),
            Self::Vectorization(vectorization) => vectorization.vocabulary_size(),
        }
    }

    /// What stands between two tokens in a text.
    pub(crate) fn separator(&self) -> &'static str {
        match self {
            Self::Words(_) | Self::Vectorization(_) => " ",
            Self::Characters(_) | Self::Subwords(_) => "",
        }
    }

    /// The encoder with its vocabulary as JSON: a tokenizer as Keras writes it, subwords as TFDS does.
    ///
    /// # Errors
    /// As [`Tokenizer::to_json`].
    pub fn to_json(&self) -> Result<Value> {
        Ok(match self {
            Self::Words(tokenizer) | Self::Characters(tokenizer) => json!({"tokenizer": tokenizer.to_json()?}),
            Self::Subwords(encoder) => json!({"subwords": encoder.to_text()}),
            Self::Vectorization(vectorization) => json!({"text_vectorization": vectorization.to_json()}),
        })
    }

    /// The encoder of [`to_json`](Self::to_json).
    ///
    /// ```
    /// use practicum_nlp::{SubwordTextEncoder, TextEncoder};
    ///
    /// let encoder = TextEncoder::from(SubwordTextEncoder::new(["the_", "cat"])?);
    /// let again = TextEncoder::from_json(&encoder.to_json()?)?;
    /// assert_eq!(again.encode("the cats")?, encoder.encode("the cats")?);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Other JSON; a kind of encoder that is not known; a vocabulary that its reader refuses.
    pub fn from_json(json: &Value) -> Result<Self> {
        let Some((kind, content)) = json.as_object().filter(|kinds| kinds.len() == 1).and_then(|kinds| kinds.iter().next()) else {
            return Err(Error::format(format!("expected an encoder as an object with its kind, got {json}")));
        };
        let text = || content.as_str().ok_or_else(|| Error::format(format!("expected a text for the {kind}, got {content}")));
        match kind.as_str() {
            "tokenizer" => Ok(Tokenizer::from_json(text()?)?.into()),
            "subwords" => Ok(SubwordTextEncoder::from_text(text()?)?.into()),
            "text_vectorization" => Ok(TextVectorization::from_json(content)?.into()),
            other => Err(Error::unknown("kind of encoder", other, ["tokenizer", "subwords", "text_vectorization"])),
        }
    }
}
