//! Bags of words: one row a text, one column a word.

use std::collections::BTreeMap;
use std::str::FromStr;

use practicum_core::ndarray::Array2;
use practicum_core::{Error, Result};

use super::Tokenizer;
use crate::array::filled;

/// What a cell of [`Tokenizer::texts_to_matrix`] holds for a word that occurs `c` times in a text of `n` words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MatrixMode {
    /// 1.
    #[default]
    Binary,
    /// `c`.
    Count,
    /// `c / n`.
    Freq,
    /// `(1 + ln c) * ln(1 + N / (1 + d))` with `N` texts fitted on and `d` of them holding the word.
    TfIdf,
}

impl FromStr for MatrixMode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "binary" => Ok(Self::Binary),
            "count" => Ok(Self::Count),
            "freq" => Ok(Self::Freq),
            "tfidf" => Ok(Self::TfIdf),
            _ => Err(Error::unknown("matrix mode", name, ["binary", "count", "freq", "tfidf"])),
        }
    }
}

impl Tokenizer {
    /// Bags of words `[texts, columns]`: `num_words` columns, or one more than there are words; column 0 stays empty.
    ///
    /// ```
    /// use practicum_nlp::{MatrixMode, Tokenizer};
    ///
    /// let mut tokenizer = Tokenizer::new();
    /// tokenizer.fit_on_texts(["the cat saw the dog"])?;
    /// let counts = tokenizer.texts_to_matrix(["the dog and the cat"], MatrixMode::Count)?;
    /// assert_eq!(counts.row(0).to_vec(), [0.0, 2.0, 1.0, 0.0, 1.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A tokenizer that has seen no words.
    pub fn texts_to_matrix<S: AsRef<str> + Sync>(&self, texts: impl IntoIterator<Item = S>, mode: MatrixMode) -> Result<Array2<f32>> {
        self.sequences_to_matrix(&self.texts_to_sequences(texts)?, mode)
    }

    /// Bags of words from ids; see [`texts_to_matrix`](Self::texts_to_matrix). Ids beyond the last column are left out.
    ///
    /// # Errors
    /// A tokenizer that has seen no words, and a negative id.
    pub fn sequences_to_matrix<S: AsRef<[i32]>>(&self, sequences: &[S], mode: MatrixMode) -> Result<Array2<f32>> {
        self.check_fitted()?;
        let columns = self.num_words.unwrap_or_else(|| self.word_index().len() + 1);
        let mut matrix = filled(sequences.len(), columns, 0.0)?;
        for (row, (sequence, mut cells)) in sequences.iter().zip(matrix.rows_mut()).enumerate() {
            let sequence = sequence.as_ref();
            let mut counts = BTreeMap::new();
            for (place, &id) in sequence.iter().enumerate() {
                let column =
                    usize::try_from(id).map_err(|_| Error::data(format!("id {id} at index {place} of sequence {row} is negative")))?;
                *counts.entry(column).or_insert(0_u32) += 1;
            }
            for (&column, &count) in &counts {
                if let Some(cell) = cells.get_mut(column) {
                    *cell = self.cell(mode, column, f64::from(count), sequence.len()) as f32;
                }
            }
        }
        Ok(matrix)
    }

    fn cell(&self, mode: MatrixMode, column: usize, count: f64, words: usize) -> f64 {
        match mode {
            MatrixMode::Binary => 1.0,
            MatrixMode::Count => count,
            MatrixMode::Freq => count / words as f64,
            MatrixMode::TfIdf => {
                let docs = i32::try_from(column).ok().and_then(|index| self.vocabulary.at(index)).map_or(0, |entry| entry.docs);
                (1.0 + count.ln()) * (1.0 + self.document_count as f64 / (1.0 + docs as f64)).ln()
            }
        }
    }
}
