//! Words as vectors: read from GloVe's files or taken from a trained embedding, compared, exported and flattened.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_reduction::Pca;
use practicum_core::io::write_atomically;
use practicum_core::ndarray::{Array2, ArrayView1, Axis};
use practicum_core::{Error, Result, Tensor};

use crate::WordIndex;
use crate::array::filled;

/// Words and their vectors, all of the same dimension.
///
/// ```
/// use practicum_core::ndarray::array;
/// use practicum_nlp::WordVectors;
///
/// let words = ["king", "queen", "man", "woman", "apple"];
/// let table =
///     array![[1.0, 1.0, 0.1], [1.0, -1.0, 0.1], [0.1, 1.0, 0.0], [0.1, -1.0, 0.0], [-1.0, 0.0, 1.0]];
/// let vectors = WordVectors::new(words, table)?;
/// assert_eq!(vectors.nearest("king", 1)?[0].0, "man");
/// assert_eq!(vectors.analogy("man", "king", "woman", 1)?[0].0, "queen");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WordVectors {
    words: Vec<String>,
    rows: HashMap<String, usize>,
    vectors: Array2<f32>,
}

impl WordVectors {
    /// Words with the rows of `vectors`, `[words, dimension]`.
    ///
    /// # Errors
    /// No words, another number of words than of rows, a word that occurs twice, a number that is not finite.
    pub fn new<S: Into<String>>(words: impl IntoIterator<Item = S>, vectors: Array2<f32>) -> Result<Self> {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        let (rows, columns) = vectors.dim();
        if words.len() != rows {
            return Err(Error::shape(format!("there are {} words and {rows} vectors, expected one for each", words.len())));
        }
        if rows == 0 || columns == 0 {
            return Err(Error::data(format!("{rows} vectors of dimension {columns}: expected one or more of each")));
        }
        if let Some(((row, column), value)) = vectors.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(Error::numeric(format!("the vector of `{}` has {value} at index {column}", words[row])));
        }
        let mut rows = HashMap::with_capacity(words.len());
        for (row, word) in words.iter().enumerate() {
            if let Some(first) = rows.insert(word.clone(), row) {
                return Err(Error::data(format!("word {row} `{word}` is word {first} already, expected each once")));
            }
        }
        Ok(Self { words, rows, vectors })
    }

    /// Vectors from a text file with a line for each word: the word, then numbers, between single spaces, as GloVe's
    /// files are. Only the words that `keep` wants are held in memory. A first line of two counts, as word2vec
    /// writes it, is left out.
    ///
    /// ```no_run
    /// use practicum_nlp::{Tokenizer, WordVectors};
    ///
    /// let mut tokenizer = Tokenizer::new();
    /// tokenizer.fit_on_texts(["the cat sat on the mat"])?;
    /// let known = |word: &str| tokenizer.word_index().get(word).is_some();
    /// let vectors = WordVectors::load("glove.6B.100d.txt", known)?;
    /// let matrix = vectors.embedding_matrix(tokenizer.word_index())?;
    /// assert_eq!(matrix.shape().dims(), [6, 100]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A file that cannot be read or is not UTF-8; a line with another number of numbers than the first, or with
    /// something else in their place, each named with its line; no word that is wanted.
    pub fn load(path: impl AsRef<Path>, keep: impl FnMut(&str) -> bool) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::File::open(path).map_err(|cause| Error::io("read", path, cause))?;
        Self::read(std::io::BufReader::with_capacity(1 << 18, file), keep).map_err(|error| error.context(path.display().to_string()))
    }

    /// As [`load`](Self::load), from lines that are already open.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn read(mut lines: impl BufRead, mut keep: impl FnMut(&str) -> bool) -> Result<Self> {
        let (mut words, mut numbers, mut dimension) = (Vec::new(), Vec::new(), None);
        let (mut buffer, mut number) = (Vec::new(), 0);
        loop {
            buffer.clear();
            number += 1;
            let read =
                lines.read_until(b'\n', &mut buffer).map_err(|cause| Error::format(format!("line {number}: {cause}")).source(cause))?;
            if read == 0 {
                break;
            }
            let line = std::str::from_utf8(&buffer).map_err(|cause| {
                let message =
                    format!("line {number} is not UTF-8 text: the byte at offset {} of the line does not fit", cause.valid_up_to());
                Error::format(message).source(cause)
            })?;
            let line = line.trim_end_matches(['\n', '\r', ' ']);
            let Some((word, values)) = line.split_once(' ') else {
                return Err(Error::format(format!("line {number} holds no numbers, expected a word and its vector between spaces")));
            };
            let count = values.bytes().filter(|&byte| byte == b' ').count() + 1;
            if number == 1 && count == 1 && word.parse::<u64>().is_ok() && values.parse::<u64>().is_ok() {
                continue;
            }
            let expected = *dimension.get_or_insert(count);
            if count != expected {
                return Err(Error::format(format!(
                    "line {number}, of `{word}`, has {count} numbers, expected {expected} as in the lines before"
                ))
                .hint("check that the file is complete; a word may not hold a space"));
            }
            if !keep(word) {
                continue;
            }
            for value in values.split(' ') {
                let parsed = value.parse().ok().filter(|value: &f32| value.is_finite());
                let message = || Error::format(format!("line {number}, of `{word}`, holds `{value}`, expected a finite number"));
                numbers.push(parsed.ok_or_else(message)?);
            }
            words.push(word.to_owned());
        }
        if words.is_empty() {
            return Err(Error::data("none of the words that are wanted has a vector here"));
        }
        let shape = (words.len(), dimension.unwrap_or_default());
        Self::new(words, Array2::from_shape_vec(shape, numbers).map_err(|cause| Error::format(cause.to_string()).source(cause))?)
    }

    /// The vectors that an `Embedding` learned, `[ids, dimension]`, for the ids that `word` has a word for. Id 0, which
    /// is padding, is left out.
    ///
    /// ```
    /// use practicum_core::Tensor;
    /// use practicum_nlp::WordVectors;
    ///
    /// let table = Tensor::from([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);
    /// let vectors =
    ///     WordVectors::from_embedding(&table, |id| Some(["", "a", "b"][id as usize].to_owned()))?;
    /// assert_eq!(vectors.words(), ["a", "b"]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A table that has not two axes, and what [`new`](Self::new) refuses.
    pub fn from_embedding(table: &Tensor, mut word: impl FnMut(i32) -> Option<String>) -> Result<Self> {
        let shape = table.shape();
        let &[ids, dimension] = shape.dims() else {
            return Err(Error::shape(format!("the weights of an Embedding have the shape [ids, dimension], got {shape}")));
        };
        let (mut words, mut numbers) = (Vec::new(), Vec::new());
        for id in 1..ids {
            if let Some(word) = i32::try_from(id).ok().and_then(&mut word) {
                words.push(word);
                numbers.extend_from_slice(&table.as_slice()[id * dimension..(id + 1) * dimension]);
            }
        }
        let shape = (words.len(), dimension);
        Self::new(words, Array2::from_shape_vec(shape, numbers).map_err(|cause| Error::shape(cause.to_string()).source(cause))?)
    }

    /// The words, in the order of the rows.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The vectors, `[words, dimension]`.
    pub fn vectors(&self) -> &Array2<f32> {
        &self.vectors
    }

    /// How many numbers a vector has.
    pub fn dimension(&self) -> usize {
        self.vectors.ncols()
    }

    /// The vector of a word.
    pub fn get(&self, word: &str) -> Option<ArrayView1<'_, f32>> {
        self.rows.get(word).map(|&row| self.vectors.row(row))
    }

    /// The initial weights of an `Embedding` over a tokenizer's ids, `[words + 1, dimension]`: row `i` is the vector of
    /// word `i`, or zeros where there is none.
    ///
    /// # Errors
    /// A size that does not fit into memory.
    pub fn embedding_matrix(&self, index: WordIndex<'_>) -> Result<Tensor> {
        let mut matrix = filled(index.len() + 1, self.dimension(), 0.0)?;
        for (word, id) in index.iter() {
            if let (Some(vector), Ok(id)) = (self.get(word), usize::try_from(id)) {
                matrix.row_mut(id).assign(&vector);
            }
        }
        Tensor::new([index.len() + 1, self.dimension()], matrix.into_raw_vec_and_offset().0)
    }

    /// The `n` words whose vectors point most nearly where that of `word` does, with the cosine of the angle between.
    ///
    /// # Errors
    /// A word without a vector, with the nearest that has one.
    pub fn nearest(&self, word: &str, n: usize) -> Result<Vec<(&str, f32)>> {
        Ok(self.nearest_to(self.known(word)?, n, &[word]))
    }

    /// The `n` words that are to `c` as `b` is to `a`: nearest to b − a + c, each scaled to length 1.
    ///
    /// # Errors
    /// A word without a vector.
    pub fn analogy(&self, a: &str, b: &str, c: &str, n: usize) -> Result<Vec<(&str, f32)>> {
        let unit = |word| self.known(word).map(|vector| &vector / norm(vector).max(f32::MIN_POSITIVE));
        let target = unit(b)? - unit(a)? + unit(c)?;
        Ok(self.nearest_to(target.view(), n, &[a, b, c]))
    }

    /// The `n` words nearest to a vector by cosine, leaving out some; equal ones in the order of the rows.
    pub fn nearest_to(&self, vector: ArrayView1<'_, f32>, n: usize, without: &[&str]) -> Vec<(&str, f32)> {
        let length = norm(vector).max(f32::MIN_POSITIVE);
        let mut words: Vec<(&str, f32)> = self
            .words
            .iter()
            .zip(self.vectors.rows())
            .filter(|(word, _)| !without.contains(&word.as_str()))
            .map(|(word, row)| (word.as_str(), row.dot(&vector) / (norm(row).max(f32::MIN_POSITIVE) * length)))
            .collect();
        words.sort_by(|a, b| b.1.total_cmp(&a.1));
        words.truncate(n);
        words
    }

    fn known(&self, word: &str) -> Result<ArrayView1<'_, f32>> {
        self.get(word).ok_or_else(|| {
            let error = Error::data(format!("there is no vector for `{word}`"));
            match self.words.iter().find(|known| known.eq_ignore_ascii_case(word)) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint(format!("there are {} words, such as `{}`", self.words.len(), self.words[0])),
            }
        })
    }

    /// Writes the two files that the Embedding Projector (projector.tensorflow.org) loads: numbers between tabs, a row a
    /// word, and the words, without a header line.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn export(&self, vecs: impl AsRef<Path>, meta: impl AsRef<Path>) -> Result<()> {
        let (vectors, words) = self.to_tsv();
        write_atomically(vecs.as_ref(), vectors.as_bytes())?;
        write_atomically(meta.as_ref(), words.as_bytes())
    }

    /// What [`export`](Self::export) writes. Tabs and line breaks inside a word are written as spaces.
    pub fn to_tsv(&self) -> (String, String) {
        let mut vectors = String::new();
        for row in self.vectors.rows() {
            for (column, value) in row.iter().enumerate() {
                vectors.push_str(if column == 0 { "" } else { "\t" });
                vectors.push_str(&value.to_string());
            }
            vectors.push('\n');
        }
        let words = self.words.iter().map(|word| word.replace(['\n', '\r', '\t'], " ") + "\n").collect();
        (vectors, words)
    }

    /// The vectors on their `components` main axes, `[words, components]`, and the part of their variance along each:
    /// principal component analysis. The sign of an axis is chosen so that its largest entry is positive.
    ///
    /// # Errors
    /// More components than dimensions or words, or none; vectors that are all equal.
    pub fn pca(&self, components: usize) -> Result<(Array2<f32>, Vec<f32>)> {
        let most = self.dimension().min(self.words.len());
        if components == 0 || components > most {
            return Err(Error::argument(format!("{components} components, expected 1 to {most}, the smaller of words and dimensions")));
        }
        let records = self.vectors.mapv(f64::from);
        let mean = records.mean_axis(Axis(0)).ok_or_else(|| Error::data("there are no vectors"))?;
        let centered = records - mean;
        let total: f64 = centered.iter().map(|x| x * x).sum();
        if total == 0.0 {
            return Err(Error::data("all vectors are equal, so there are no main axes"));
        }
        let failed = |cause: linfa_reduction::ReductionError| Error::numeric(format!("the main axes were not found: {cause}"));
        let fitted = Pca::params(components).fit(&DatasetBase::from(centered.clone())).map_err(failed)?;
        let mut axes = fitted.components().clone();
        for mut axis in axes.rows_mut() {
            let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
            axis *= largest.signum();
        }
        let coordinates = centered.dot(&axes.t());
        let parts = coordinates.columns().into_iter().map(|column| (column.dot(&column) / total) as f32).collect();
        Ok((coordinates.mapv(|x| x as f32), parts))
    }
}

fn norm(vector: ArrayView1<'_, f32>) -> f32 {
    vector.dot(&vector).sqrt()
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::array;

    use super::*;
    use crate::Tokenizer;

    fn read(text: &str) -> Result<WordVectors> {
        WordVectors::read(text.as_bytes(), |_| true)
    }

    #[test]
    fn files_of_any_dimension_are_read() {
        let vectors = WordVectors::read("3 2\nthe 1 -0.5\ncat 2e-1 3\r\ndog 0 0\n".as_bytes(), |word| word != "dog").unwrap();
        assert_eq!(vectors.words(), ["the", "cat"]);
        assert_eq!(vectors.vectors(), array![[1.0, -0.5], [0.2, 3.0]]);
        assert!(vectors.get("dog").is_none());
    }

    #[test]
    fn broken_lines_are_named() {
        let ragged = read("a 1 2\nb 1\n").unwrap_err();
        assert!(ragged.is_format() && ragged.to_string().contains("line 2, of `b`, has 1 numbers, expected 2"), "{ragged}");
        assert!(read("a 1 x\n").unwrap_err().to_string().contains("holds `x`"));
        assert!(read("a 1 nan\n").unwrap_err().is_format());
        assert!(read("a 1 2\nb\n").unwrap_err().to_string().contains("line 2 holds no numbers"));
        assert!(read("").unwrap_err().is_data());
        assert!(read("a 1\na 2\n").unwrap_err().to_string().contains("word 1 `a` is word 0 already"));
        let bytes = WordVectors::read(b"a 1\n\xff 2\n".as_slice(), |_| true).unwrap_err();
        assert!(bytes.to_string().contains("line 2 is not UTF-8"), "{bytes}");
        assert!(WordVectors::load("no/such", |_| true).unwrap_err().is_io());
    }

    #[test]
    fn a_matrix_has_a_row_for_each_id() {
        let mut tokenizer = Tokenizer::new();
        tokenizer.fit_on_texts(["cat dog"]).unwrap();
        let matrix = read("dog 1 2\nemu 3 4\n").unwrap().embedding_matrix(tokenizer.word_index()).unwrap();
        assert_eq!(matrix.as_slice(), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn exports_are_tabs_and_lines() {
        let vectors = WordVectors::new(["a", "b\tc"], array![[0.5, -1.0], [1e-3, 2.0]]).unwrap();
        assert_eq!(vectors.to_tsv(), ("0.5\t-1\n0.001\t2\n".to_owned(), "a\nb c\n".to_owned()));
        let folder = tempfile::tempdir().unwrap();
        vectors.export(folder.path().join("vecs.tsv"), folder.path().join("meta.tsv")).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("meta.tsv")).unwrap(), "a\nb c\n");
        assert!(vectors.export("no/such/vecs.tsv", folder.path().join("meta.tsv")).unwrap_err().is_io());
    }

    #[test]
    fn main_axes_keep_the_variance_and_repeat() {
        let table = Array2::from_shape_fn((60, 5), |(i, j)| ((i * (j + 3)) % 17) as f32 * if j == 2 { 3.0 } else { 1.0 });
        let vectors = WordVectors::new((0..60).map(|i| i.to_string()), table).unwrap();
        let (all, parts) = vectors.pca(5).unwrap();
        assert!((parts.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{parts:?}");
        assert!(parts.windows(2).all(|pair| pair[0] >= pair[1]));
        let (two, _) = vectors.pca(2).unwrap();
        assert_eq!(vectors.pca(2).unwrap().0, two);
        assert!(two.iter().zip(all.slice(practicum_core::ndarray::s![.., ..2]).iter()).all(|(a, b)| (a - b).abs() < 1e-2));
        assert!(vectors.pca(6).unwrap_err().is_argument());
        assert!(WordVectors::new(["a", "b"], array![[1.0], [1.0]]).unwrap().pca(1).unwrap_err().is_data());
    }

    #[test]
    fn unknown_words_are_refused() {
        let vectors = WordVectors::new(["Cat"], array![[1.0]]).unwrap();
        let error = vectors.nearest("cat", 1).unwrap_err();
        assert!(error.to_string().contains("did you mean `Cat`?"), "{error}");
        assert!(WordVectors::new(["a"], array![[f32::NAN]]).unwrap_err().is_numeric());
        assert!(WordVectors::new(["a", "b"], array![[1.0]]).unwrap_err().is_shape());
    }
}
