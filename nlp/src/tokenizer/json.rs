//! The file that Keras' `Tokenizer.to_json` writes: a class name and a configuration whose tables are JSON in strings.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use practicum_core::{Error, Result};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::vocabulary::{Entry, Vocabulary};
use super::{Analyzer, Normalization, Splitter, Tokenizer};

const CLASS: &str = "Tokenizer";
/// Keras takes a function here and writes none, so a name can mean only this project's own splitting.
const UNICODE_WORDS: &str = "unicode_words";
const NORMALIZATIONS: [(&str, Normalization); 3] =
    [("nfc", Normalization::Nfc), ("nfkc", Normalization::Nfkc), ("strip_accents", Normalization::StripAccents)];

#[derive(Serialize, Deserialize)]
struct File {
    class_name: String,
    config: Config,
}

#[derive(Serialize, Deserialize)]
struct Config {
    num_words: Option<usize>,
    filters: String,
    lower: bool,
    split: String,
    char_level: bool,
    oov_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    analyzer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    normalization: Option<String>,
    document_count: u64,
    word_counts: String,
    word_docs: String,
    /// Follow from the tables above and below: written for Keras, not read.
    #[serde(skip_deserializing)]
    index_docs: String,
    #[serde(skip_deserializing)]
    index_word: String,
    word_index: String,
}

impl Tokenizer {
    /// The tokenizer as the JSON text of Keras' `Tokenizer.to_json`, which Keras' `tokenizer_from_json` reads.
    ///
    /// A tokenizer with [`Analyzer::UnicodeWords`] or a [`Normalization`] has one key more for each; Keras cannot split that
    /// way. A reader that does not know their values refuses the file and says so.
    ///
    /// ```
    /// use practicum_nlp::Tokenizer;
    ///
    /// let mut tokenizer = Tokenizer::new().oov_token("<OOV>");
    /// tokenizer.fit_on_texts(["my dog", "my cat"])?;
    /// let restored = Tokenizer::from_json(&tokenizer.to_json()?)?;
    /// assert_eq!(restored.texts_to_sequences(["my cat sleeps"])?, [[2, 4, 1]]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// None with words that are text, as all here are; JSON's writer may fail in principle.
    pub fn to_json(&self) -> Result<String> {
        let seen = |value: fn(&Entry) -> u64| table(self.vocabulary.as_seen().map(|entry| (&*entry.word, value(entry))));
        let config = Config {
            num_words: self.num_words,
            filters: self.splitter.filters.clone(),
            lower: self.splitter.lower,
            split: self.splitter.split.clone(),
            char_level: self.splitter.analyzer == Analyzer::Chars,
            oov_token: self.oov_token.clone(),
            analyzer: (self.splitter.analyzer == Analyzer::UnicodeWords).then(|| UNICODE_WORDS.to_owned()),
            normalization: NORMALIZATIONS
                .iter()
                .find(|(_, known)| Some(*known) == self.splitter.normalization)
                .map(|(name, _)| (*name).to_owned()),
            document_count: self.document_count,
            word_counts: seen(|entry| entry.count)?,
            word_docs: seen(|entry| entry.docs)?,
            index_docs: table(self.vocabulary.numbers().iter().zip(self.vocabulary.as_seen()).map(|(number, entry)| (number, entry.docs)))?,
            index_word: table(self.word_index().iter().map(|(word, index)| (index, word)))?,
            word_index: table(self.word_index().iter())?,
        };
        write(&File { class_name: CLASS.to_owned(), config })
    }

    /// A tokenizer from the JSON text that [`to_json`](Self::to_json) or Keras wrote.
    ///
    /// # Errors
    /// Text that is not this format, and tables that contradict each other.
    pub fn from_json(json: &str) -> Result<Self> {
        let file: File = read(json, "the tokenizer")?;
        if file.class_name != CLASS {
            return Err(Error::format(format!("the file holds a `{}`, expected class_name `{CLASS}`", file.class_name)));
        }
        let config = file.config;
        let analyzer = match config.analyzer.as_deref() {
            None if config.char_level => Analyzer::Chars,
            None => Analyzer::Split,
            Some(UNICODE_WORDS) => Analyzer::UnicodeWords,
            Some(other) => return Err(Error::unknown("analyzer", other, [UNICODE_WORDS])),
        };
        let normalization = match config.normalization.as_deref() {
            None => None,
            Some(name) => match NORMALIZATIONS.iter().find(|(known, _)| *known == name) {
                Some((_, normalization)) => Some(*normalization),
                None => return Err(Error::unknown("normalization", name, NORMALIZATIONS.map(|(name, _)| name))),
            },
        };
        let mut tokenizer = Self {
            // Keras takes 0 for "no limit".
            num_words: config.num_words.filter(|&limit| limit > 0),
            oov_token: config.oov_token,
            splitter: Splitter { analyzer, filters: config.filters, lower: config.lower, split: config.split, normalization },
            document_count: config.document_count,
            vocabulary: vocabulary(&config.word_counts, &config.word_docs)?,
        };
        tokenizer.check_options()?;
        tokenizer.number();
        tokenizer.check_index(&read::<Pairs<i32>>(&config.word_index, "word_index")?.0)?;
        Ok(tokenizer)
    }

    /// Compares a file's numbers with those that follow from its counts.
    fn check_index(&self, index: &[(String, i32)]) -> Result<()> {
        let own = self.word_index();
        let hint = "fit the tokenizer again; to use fewer words set num_words rather than shortening word_index";
        // Before the first fit Keras has not numbered the OOV token yet.
        if self.vocabulary.is_empty() && index.is_empty() {
            return Ok(());
        }
        for (word, index) in index {
            if own.get(word) != Some(*index) {
                let counted = own.get(word).map_or("it is not in word_counts".to_owned(), |own| format!("its count makes it {own}"));
                return Err(Error::format(format!("word_index gives `{word}` the number {index}, but {counted}")).hint(hint));
            }
        }
        if index.len() != own.len() {
            let message = format!("word_index holds {} words, expected the {} of word_counts", index.len(), own.len());
            return Err(Error::format(message).hint(hint));
        }
        Ok(())
    }
}

fn vocabulary(counts: &str, docs: &str) -> Result<Vocabulary> {
    let docs: HashMap<String, u64> = read(docs, "word_docs")?;
    let mut vocabulary = Vocabulary::default();
    for (word, count) in read::<Pairs<u64>>(counts, "word_counts")?.0 {
        let docs = *docs.get(&word).ok_or_else(|| Error::format(format!("word_docs lacks `{word}`, which word_counts holds")))?;
        if !vocabulary.restore(&word, count, docs) {
            return Err(Error::format(format!("word_counts holds `{word}` twice")));
        }
    }
    Ok(vocabulary)
}

fn read<'a, T: Deserialize<'a>>(json: &'a str, what: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|cause| {
        Error::format(format!("{what} is not what Keras' Tokenizer.to_json writes: {cause}")).hint("save it with to_json").source(cause)
    })
}

fn write<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| Error::format(format!("the tokenizer cannot be written as JSON: {cause}")).source(cause))
}

/// A JSON object with its keys in the order given: the order of equal counts decides the words' numbers.
fn table<K: Serialize, V: Serialize>(pairs: impl Iterator<Item = (K, V)>) -> Result<String> {
    let mut text = Vec::new();
    serde::Serializer::collect_map(&mut serde_json::Serializer::new(&mut text), pairs)
        .map_err(|cause| Error::format(format!("the tokenizer cannot be written as JSON: {cause}")).source(cause))?;
    String::from_utf8(text).map_err(|cause| Error::format("the tokenizer's JSON is not UTF-8").source(cause))
}

/// A JSON object read with its keys in the order of the file.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of words and whole numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(InOrder(PhantomData))
    }
}
