//! Text for Practicum: tokenizers and subwords as Keras and TFDS have them, text data, classifiers, generators, word vectors.
//!
//! From sentences to a rectangle of ids that an embedding layer takes:
//!
//! ```
//! use practicum_nlp::{PadOptions, Side, Tokenizer, pad_sequences};
//!
//! # fn main() -> practicum_core::Result<()> {
//! let sentences =
//!     ["I love my dog", "I love my cat", "You love my dog!", "Do you think my dog is amazing?"];
//! let mut tokenizer = Tokenizer::new().num_words(100).oov_token("<OOV>");
//! tokenizer.fit_on_texts(sentences)?;
//! assert_eq!(tokenizer.word_index().get("love"), Some(3));
//!
//! let sequences =
//!     tokenizer.texts_to_sequences(["i really love my dog", "my dog loves my manatee"])?;
//! assert_eq!(sequences, [vec![5, 1, 3, 2, 4], vec![2, 4, 1, 2, 1]]);
//!
//! let padded = pad_sequences(&sequences, PadOptions::new().maxlen(7).padding(Side::Post))?;
//! assert_eq!(padded.row(0).to_vec(), [5, 1, 3, 2, 4, 0, 0]);
//! # Ok(())
//! # }
//! ```
//!
//! | Keras | here |
//! |---|---|
//! | `Tokenizer(num_words=100, oov_token="<OOV>")` | `Tokenizer::new().num_words(100).oov_token("<OOV>")` |
//! | `tokenizer.word_index["love"]`, `len(tokenizer.word_index)` | `tokenizer.word_index().get("love")`, `.word_index().len()` |
//! | `tokenizer.index_word[3]` | `tokenizer.index_word(3)` |
//! | `tokenizer.to_json()`, `tokenizer_from_json(text)` | `tokenizer.to_json()`, `Tokenizer::from_json(&text)`, the same file |
//! | `pad_sequences(s, maxlen=120, padding="post")` | `pad_sequences(&s, PadOptions::new().maxlen(120).padding(Side::Post))` |
//! | `to_categorical(y, num_classes=6)` | `to_categorical(&y, Some(6))` |
//! | `TextVectorization(max_tokens=1000)`, `.adapt(texts)`, called on texts | [`TextVectorization::new`]`().max_tokens(1000)`, `.adapt(&texts)`, `.vectorize(&texts)` |
//! | `tfds.deprecated.text.SubwordTextEncoder` | [`SubwordTextEncoder`], the same files |
//!
//! | to do | with |
//! |---|---|
//! | read a data set, or one that the code writes (feature `builtin`) | [`datasets`] |
//! | build a network of the course | [`models`] |
//! | ask a network about a text, and which words decided; save both in one file | [`TextClassifier`] |
//! | let a network go on writing | [`next_token_examples`], [`TextGenerator`], [`Sampling`] |
//! | read word vectors, find neighbours, export them | [`WordVectors`] |
//! | know what a network has to beat | [`BagOfWords`] |

mod array;
mod baseline;
mod classifier;
pub mod datasets;
mod encoder;
mod files;
mod generate;
mod hash;
mod lookup;
pub mod models;
mod pad;
mod parallel;
mod runs;
mod skipgrams;
mod stop_words;
mod subwords;
mod tokenizer;
mod word_vectors;

pub use baseline::{BagOfWords, FittedBagOfWords};
pub use classifier::{Explanation, TextClassifier, Verdict};
pub use encoder::TextEncoder;
pub use generate::{Sampling, TextGenerator, next_token_examples, sliding_windows};
pub use lookup::{IntegerLookup, OutputMode, Split, Standardize, StringLookup, TextVectorization};
pub use pad::{PadOptions, Side, pad_sequences, prefix_sequences};
pub use practicum_core::data::to_categorical;
pub use skipgrams::{SkipGrams, one_hot, sampling_table};
pub use stop_words::{STOP_WORDS, remove_stop_words};
pub use subwords::{SubwordOptions, SubwordTextEncoder};
pub use tokenizer::{Analyzer, DEFAULT_FILTERS, MatrixMode, Normalization, Tokenizer, WordIndex};
pub use word_vectors::WordVectors;
