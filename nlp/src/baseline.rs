//! What a network has to beat: words counted, and a linear model over the counts.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use practicum_core::ndarray::{Array1, Array2, Axis};
use practicum_core::{Error, Result};

use crate::{MatrixMode, Tokenizer};

/// A classifier that knows no order of words: logistic regression over a bag of words or TF-IDF.
///
/// A column for each of the most frequent words, in the order of their rank. Rows of TF-IDF are scaled to length 1. The sum of
/// losses plus half the squared weights is minimised by linfa's L-BFGS.
///
/// ```
/// use practicum_nlp::{BagOfWords, MatrixMode};
///
/// let texts = ["a fine film", "a dull film", "fine acting", "dull acting"];
/// let baseline = BagOfWords::new(MatrixMode::TfIdf).fit(&texts, &[1, 0, 1, 0])?;
/// assert_eq!(baseline.predict(&["what a fine day", "so dull"])?, [1, 0]);
/// let (terms, weights): (Vec<_>, Vec<_>) = baseline.weights(1).into_iter().unzip();
/// assert_eq!((terms[0], terms.last()), ("fine", Some(&"dull")));
/// assert!(weights[0] > 0.0);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct BagOfWords {
    mode: MatrixMode,
    max_terms: usize,
}

impl BagOfWords {
    /// Bags of this kind, of at most 2,000 words.
    pub fn new(mode: MatrixMode) -> Self {
        Self { mode, max_terms: 2_000 }
    }

    /// How many words are counted at most.
    pub fn max_terms(mut self, max_terms: usize) -> Self {
        self.max_terms = max_terms;
        self
    }

    /// Learns from texts and their classes, which count from 0.
    ///
    /// # Errors
    /// No texts; another number of labels than of texts; a negative label; labels of one class only; `max_terms` of 0.
    pub fn fit<S: AsRef<str> + Sync>(&self, texts: &[S], labels: &[i32]) -> Result<FittedBagOfWords> {
        if self.max_terms == 0 {
            return Err(Error::argument("max_terms is 0, expected 1 or more"));
        }
        if texts.len() != labels.len() {
            return Err(Error::shape(format!("there are {} texts and {} labels, expected one for each", texts.len(), labels.len())));
        }
        if let Some(index) = labels.iter().position(|&label| label < 0) {
            return Err(Error::data(format!("label {} at index {index} is negative, expected 0 or more", labels[index])));
        }
        let mut tokenizer = Tokenizer::new().num_words(self.max_terms.saturating_add(1));
        tokenizer.fit_on_texts(texts)?;
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let mut fitted = FittedBagOfWords { mode: self.mode, tokenizer, classes, weights: Array2::zeros((0, 0)), bias: Array1::zeros(0) };
        let records = fitted.records(texts)?;
        let place = |label: &i32| fitted.classes.binary_search(label).unwrap_or_default();
        let data = DatasetBase::new(records, labels.iter().map(place).collect::<Array1<usize>>());
        let failed = |cause: linfa_logistic::error::Error| Error::numeric(format!("the logistic regression found no weights: {cause}"));
        match fitted.classes.len() {
            1 => {
                let only = fitted.classes[0];
                return Err(Error::data(format!("all {} texts are of class {only}, expected two classes or more", texts.len())));
            }
            2 => {
                let model = LogisticRegression::default().max_iterations(100).fit(&data).map_err(failed)?;
                // The class that linfa calls positive is the one it saw most, or first.
                let sign = if model.labels().pos.class == 1 { 1.0 } else { -1.0 };
                fitted.weights = (model.params() * sign).insert_axis(Axis(1));
                fitted.bias = Array1::from_elem(1, model.intercept() * sign);
            }
            _ => {
                let model = MultiLogisticRegression::default().max_iterations(100).fit(&data).map_err(failed)?;
                fitted.weights = model.params().clone();
                fitted.bias = model.intercept().clone();
            }
        }
        Ok(fitted)
    }
}

/// A [`BagOfWords`] that has learned.
#[derive(Clone, Debug)]
pub struct FittedBagOfWords {
    mode: MatrixMode,
    tokenizer: Tokenizer,
    classes: Vec<i32>,
    /// A column for each class; with two classes one, for the second.
    weights: Array2<f32>,
    bias: Array1<f32>,
}

impl FittedBagOfWords {
    /// The class of each text.
    ///
    /// # Errors
    /// More texts than fit into memory as rows.
    pub fn predict<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<i32>> {
        let scores = self.records(texts)?.dot(&self.weights) + &self.bias;
        let best = |row: &[f32]| row.iter().enumerate().fold((0, f32::MIN), |best, (i, &x)| if x > best.1 { (i, x) } else { best }).0;
        let class = |row: &[f32]| if row.len() == 1 { usize::from(row[0] > 0.0) } else { best(row) };
        Ok(scores.rows().into_iter().map(|row| self.classes[class(&row.to_vec())]).collect())
    }

    /// The part of the texts whose class is the label.
    ///
    /// # Errors
    /// No texts, or another number of labels.
    pub fn accuracy<S: AsRef<str> + Sync>(&self, texts: &[S], labels: &[i32]) -> Result<f32> {
        if texts.is_empty() || texts.len() != labels.len() {
            return Err(Error::shape(format!("there are {} texts and {} labels, expected one for each", texts.len(), labels.len())));
        }
        let hits = self.predict(texts)?.iter().zip(labels).filter(|(a, b)| a == b).count();
        Ok(hits as f32 / texts.len() as f32)
    }

    /// How much each word speaks for a class, the strongest first; none for a class that was not learned.
    pub fn weights(&self, class: i32) -> Vec<(&str, f32)> {
        let Ok(place) = self.classes.binary_search(&class) else { return Vec::new() };
        let (column, sign) = if self.weights.ncols() == 1 { (0, if place == 1 { 1.0 } else { -1.0 }) } else { (place, 1.0) };
        let mut weights: Vec<(&str, f32)> =
            self.tokenizer.word_index().iter().map(|(word, _)| word).zip(self.weights.column(column).iter().map(|x| x * sign)).collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1));
        weights
    }

    /// A row for each text; column `i` is the word of rank `i + 1`.
    fn records<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Array2<f32>> {
        let terms = self.tokenizer.vocab_size() - 1;
        let mut matrix = self.tokenizer.texts_to_matrix(texts, self.mode)?;
        matrix = matrix.slice_move(practicum_core::ndarray::s![.., 1..=terms]).as_standard_layout().into_owned();
        if self.mode == MatrixMode::TfIdf {
            for mut row in matrix.rows_mut() {
                let length = row.dot(&row).sqrt();
                row /= if length > 0.0 { length } else { 1.0 };
            }
        }
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_classes_are_told_apart() {
        let texts = ["red rose", "blue sky", "green leaf", "red wine", "blue sea", "green tea"];
        let labels = [3, 5, 9, 3, 5, 9];
        for mode in [MatrixMode::Binary, MatrixMode::Count, MatrixMode::TfIdf] {
            let fitted = BagOfWords::new(mode).fit(&texts, &labels).unwrap();
            assert_eq!(fitted.predict(&["a green hat", "red", "blue"]).unwrap(), [9, 3, 5], "{mode:?}");
            assert_eq!(fitted.accuracy(&texts, &labels).unwrap(), 1.0);
            assert_eq!(fitted.weights(3)[0].0, "red");
            assert!(fitted.weights(4).is_empty());
        }
    }

    #[test]
    fn only_the_most_frequent_words_count() {
        let texts = ["no no no yes", "no", "yes yes maybe", "yes"];
        let fitted = BagOfWords::new(MatrixMode::Count).max_terms(2).fit(&texts, &[0, 0, 1, 1]).unwrap();
        assert_eq!(fitted.weights(1).len(), 2);
        assert_eq!(fitted.predict(&["maybe yes", "no"]).unwrap(), [1, 0]);
    }

    #[test]
    fn bad_labels_are_named() {
        let fit = |texts: &[&str], labels: &[i32]| BagOfWords::new(MatrixMode::Binary).fit(texts, labels).unwrap_err();
        assert!(fit(&["a"], &[0, 1]).is_shape());
        assert!(fit(&["a", "b"], &[0, -1]).to_string().contains("label -1 at index 1"));
        assert!(fit(&["a", "b"], &[1, 1]).to_string().contains("all 2 texts are of class 1"));
        assert!(fit(&[], &[]).is_data());
    }
}
