//! Sequences of different lengths made into one rectangle, and a line made into its prefixes.

use std::str::FromStr;

use practicum_core::ndarray::{Array2, s};
use practicum_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::array::filled;

/// Which end of a sequence is meant: the beginning or the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The beginning, Keras' default for padding and for truncating.
    #[default]
    Pre,
    /// The end.
    Post,
}

impl FromStr for Side {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "pre" => Ok(Self::Pre),
            "post" => Ok(Self::Post),
            _ => Err(Error::unknown("side to pad or truncate", name, ["pre", "post"])),
        }
    }
}

/// What [`pad_sequences`] does, with Keras' defaults: the longest sequence's length, zeros in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PadOptions {
    maxlen: Option<usize>,
    padding: Side,
    truncating: Side,
    value: i32,
}

impl PadOptions {
    /// Keras' defaults: as long as the longest sequence, padded in front with 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of columns. Longer sequences lose items, shorter ones are filled up.
    #[must_use]
    pub fn maxlen(mut self, maxlen: usize) -> Self {
        self.maxlen = Some(maxlen);
        self
    }

    /// The end at which short sequences are filled up.
    #[must_use]
    pub fn padding(mut self, side: Side) -> Self {
        self.padding = side;
        self
    }

    /// The end at which long sequences lose items: [`Side::Pre`] keeps the last `maxlen`, [`Side::Post`] the first.
    #[must_use]
    pub fn truncating(mut self, side: Side) -> Self {
        self.truncating = side;
        self
    }

    /// The number that fills short sequences up.
    #[must_use]
    pub fn value(mut self, value: i32) -> Self {
        self.value = value;
        self
    }
}

/// Makes one array `[sequences, maxlen]` of sequences of different lengths, as Keras' `pad_sequences`.
///
/// An empty sequence becomes a row of the padding value.
///
/// ```
/// use practicum_nlp::{PadOptions, Side, pad_sequences};
///
/// let sequences = [vec![5, 3, 2, 4], vec![8, 6, 9, 2, 4, 10, 11]];
/// let padded = pad_sequences(&sequences, PadOptions::new().maxlen(5))?;
/// assert_eq!(padded.row(0).to_vec(), [0, 5, 3, 2, 4]);
/// assert_eq!(padded.row(1).to_vec(), [9, 2, 4, 10, 11]);
///
/// let padded = pad_sequences(
///     &sequences,
///     PadOptions::new().maxlen(5).padding(Side::Post).truncating(Side::Post),
/// )?;
/// assert_eq!(padded.row(0).to_vec(), [5, 3, 2, 4, 0]);
/// assert_eq!(padded.row(1).to_vec(), [8, 6, 9, 2, 4]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// No sequences, a `maxlen` of 0, and sequences that are all empty while `maxlen` is left open.
pub fn pad_sequences<S: AsRef<[i32]>>(sequences: &[S], options: PadOptions) -> Result<Array2<i32>> {
    let longest = sequences.iter().map(|sequence| sequence.as_ref().len()).max();
    let longest = longest.ok_or_else(|| Error::data("there are no sequences to pad"))?;
    let width = match options.maxlen {
        Some(0) => {
            return Err(Error::argument("maxlen is 0, expected 1 or more").hint("leave maxlen out to keep the longest sequence whole"));
        }
        Some(maxlen) => maxlen,
        None if longest == 0 => {
            return Err(Error::data(format!("all {} sequences are empty", sequences.len()))
                .hint("check that the tokenizer knows the words of these texts, or give maxlen"));
        }
        None => longest,
    };
    let mut rows = filled(sequences.len(), width, options.value)?;
    for (sequence, mut row) in sequences.iter().zip(rows.rows_mut()) {
        let sequence = sequence.as_ref();
        let kept = match options.truncating {
            Side::Pre => &sequence[sequence.len().saturating_sub(width)..],
            Side::Post => &sequence[..sequence.len().min(width)],
        };
        let start = match options.padding {
            Side::Pre => width - kept.len(),
            Side::Post => 0,
        };
        for (cell, &id) in row.slice_mut(s![start..start + kept.len()]).iter_mut().zip(kept) {
            *cell = id;
        }
    }
    Ok(rows)
}

/// All beginnings of two or more items of every sequence, in order: what a next-word model is trained on.
///
/// Padded in front, the last column is the word to predict and the columns before it are the input.
///
/// ```
/// use practicum_nlp::prefix_sequences;
///
/// assert_eq!(prefix_sequences([[4, 2, 66]]), [vec![4, 2], vec![4, 2, 66]]);
/// ```
pub fn prefix_sequences<S: AsRef<[i32]>>(sequences: impl IntoIterator<Item = S>) -> Vec<Vec<i32>> {
    let mut prefixes = Vec::new();
    for sequence in sequences {
        let sequence = sequence.as_ref();
        prefixes.extend((2..=sequence.len()).map(|end| sequence[..end].to_vec()));
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_side_and_value() {
        let sequences: [&[i32]; 3] = [&[1, 2, 3], &[4], &[]];
        let pad = |options: PadOptions| pad_sequences(&sequences, options).unwrap().into_raw_vec_and_offset().0;
        assert_eq!(pad(PadOptions::new()), [1, 2, 3, 0, 0, 4, 0, 0, 0]);
        assert_eq!(pad(PadOptions::new().padding(Side::Post).value(-1)), [1, 2, 3, 4, -1, -1, -1, -1, -1]);
        assert_eq!(pad(PadOptions::new().maxlen(2)), [2, 3, 0, 4, 0, 0]);
        assert_eq!(pad(PadOptions::new().maxlen(2).truncating(Side::Post)), [1, 2, 0, 4, 0, 0]);
        assert_eq!(pad(PadOptions::new().maxlen(4).padding(Side::Post)), [1, 2, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn bad_requests_say_why() {
        let none: [Vec<i32>; 0] = [];
        assert!(pad_sequences(&none, PadOptions::new()).unwrap_err().is_data());
        assert!(pad_sequences(&[vec![1]], PadOptions::new().maxlen(0)).unwrap_err().is_argument());
        assert!(pad_sequences(&[vec![1]], PadOptions::new().maxlen(usize::MAX)).unwrap_err().is_argument());
        assert!(pad_sequences(&[Vec::new(), Vec::new()], PadOptions::new()).unwrap_err().is_data());
        assert_eq!(pad_sequences(&[Vec::new()], PadOptions::new().maxlen(2)).unwrap().row(0).to_vec(), [0, 0]);
        let unknown = "pst".parse::<Side>().unwrap_err();
        assert!(unknown.is_unknown() && unknown.to_string().contains("did you mean `post`?"), "{unknown}");
        assert_eq!("pre".parse::<Side>().unwrap(), Side::Pre);
    }

    #[test]
    fn lines_of_one_word_have_no_prefixes() {
        assert_eq!(prefix_sequences([vec![], vec![7], vec![1, 2]]), [vec![1, 2]]);
    }
}
