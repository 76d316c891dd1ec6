//! Texts in, verdicts out, with the words that spoke for them.

use std::borrow::Cow;
use std::path::Path;

use practicum_core::callbacks::State;
use practicum_core::data::Data;
use practicum_core::{Error, Model, Result, Tensor};
use serde_json::Value;

use crate::{PadOptions, TextEncoder, pad_sequences};

/// A trained model with what turns texts into its ids, and the names of its classes.
///
/// ```
/// use practicum_core::prelude::*;
/// use practicum_nlp::{PadOptions, TextClassifier, TextEncoder, Tokenizer, models, pad_sequences};
///
/// let texts = ["a fine film", "a dull film", "fine acting", "dull acting"];
/// let mut tokenizer = Tokenizer::new().oov_token("<OOV>");
/// tokenizer.fit_on_texts(texts)?;
/// let padding = PadOptions::new().maxlen(4);
/// let x = pad_sequences(&tokenizer.texts_to_sequences(texts)?, padding)?;
/// let mut model = models::embedding_average(7, 4, Some(4), 8, models::Head::Binary);
/// model.compile(Adam::new(0.05), "binary_crossentropy", "accuracy")?;
/// model.fit(&x, vec![1, 0, 1, 0], Fit::new().epochs(60).quiet())?;
///
/// let critic = TextClassifier::new(&model, tokenizer, padding, ["bad", "good"])?;
/// let verdict = critic.classify("what a fine day")?;
/// assert_eq!(verdict.class, "good");
/// assert_eq!(critic.explain("what a fine day")?.words[0].0, "fine");
///
/// let file = std::env::temp_dir().join("critic.safetensors");
/// critic.save(&file)?;
/// assert_eq!(TextClassifier::load(&file)?.classify("what a dull day")?.class, "bad");
/// # std::fs::remove_file(file).ok();
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextClassifier<'a> {
    model: Cow<'a, Model>,
    encoder: TextEncoder,
    padding: PadOptions,
    classes: Vec<String>,
}

/// What a classifier says of a text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// The likeliest class.
    pub class: String,
    /// Its index.
    pub label: usize,
    /// How likely the model holds it to be.
    pub probability: f32,
}

/// A verdict and what each word did for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The verdict on the whole text.
    pub verdict: Verdict,
    /// Each word, and by how much the class is less likely without it; the strongest first. Words that spoke against the
    /// verdict are negative.
    pub words: Vec<(String, f32)>,
}

impl<'a> TextClassifier<'a> {
    /// A classifier of this model, which must be built: one sigmoid for two classes, or a probability for each.
    ///
    /// # Errors
    /// Names of classes that do not fit the model's output.
    pub fn new<S: Into<String>>(
        model: &'a Model,
        encoder: impl Into<TextEncoder>,
        padding: PadOptions,
        classes: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let classes = classes.into_iter().map(Into::into).collect();
        Self::of(Cow::Borrowed(model), encoder.into(), padding, classes)
    }

    fn of(model: Cow<'a, Model>, encoder: TextEncoder, padding: PadOptions, classes: Vec<String>) -> Result<Self> {
        let output = model.output_shape()?;
        let fits = match *output.dims() {
            [_, Some(1)] => classes.len() == 2,
            [_, Some(outputs)] => classes.len() == outputs,
            _ => false,
        };
        if !fits {
            let message = format!("there are {} names of classes and the model answers with {output}", classes.len());
            return Err(Error::shape(message).hint("give two names for one sigmoid, or one for each output of a softmax"));
        }
        Ok(Self { model, encoder, padding, classes })
    }

    /// Writes the model with the vocabulary, the padding and the names of the classes to one file, whole or not at all.
    /// [`Model::load`] reads the model alone from it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut state = self.model.to_state()?;
        state.set("encoder", self.encoder.to_json()?);
        state.set("padding", serde_json::to_value(self.padding).map_err(|cause| Error::format(cause.to_string()))?);
        state.set("classes", self.classes.clone());
        state.save(path)
    }

    /// Reads a classifier from a file of [`save`](Self::save).
    ///
    /// # Errors
    /// The file cannot be read, is no classifier of texts or is not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<TextClassifier<'static>> {
        let path = path.as_ref();
        let state = State::load(path)?;
        let read = || {
            let encoder = TextEncoder::from_json(&state.get::<Value>("encoder")?)?;
            let (padding, classes) = (state.get("padding")?, state.get("classes")?);
            TextClassifier::of(Cow::Owned(Model::from_state(&state)?), encoder, padding, classes)
        };
        read().map_err(|error| error.context(path.display().to_string()))
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The likeliest class of a text.
    ///
    /// # Errors
    /// As [`classify_all`](Self::classify_all).
    pub fn classify(&self, text: &str) -> Result<Verdict> {
        Ok(self.classify_all(&[text])?.swap_remove(0))
    }

    /// The likeliest class of each text.
    ///
    /// # Errors
    /// No texts; texts of which the encoder knows nothing, where the padding has no length of its own; probabilities that are
    /// not numbers.
    pub fn classify_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<Verdict>> {
        let probabilities = self.probabilities(texts)?;
        Ok(probabilities.as_slice().chunks_exact(self.classes.len()).map(|row| self.verdict(row)).collect())
    }

    /// The verdict on a text, and by how much each of its words, as they stand between spaces, spoke for it: the text is
    /// judged again without each.
    ///
    /// # Errors
    /// As [`classify_all`](Self::classify_all).
    pub fn explain(&self, text: &str) -> Result<Explanation> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let without = |left_out: usize| {
            let kept: Vec<&str> = words.iter().enumerate().filter(|(index, _)| *index != left_out).map(|(_, word)| *word).collect();
            kept.join(" ")
        };
        let texts: Vec<String> = std::iter::once(text.to_owned()).chain((0..words.len()).map(without)).collect();
        let probabilities = self.probabilities(&texts)?;
        let mut rows = probabilities.as_slice().chunks_exact(self.classes.len());
        let verdict = self.verdict(rows.next().unwrap_or_default());
        let mut words: Vec<(String, f32)> =
            words.iter().zip(rows).map(|(word, row)| ((*word).to_owned(), verdict.probability - row[verdict.label])).collect();
        words.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(Explanation { verdict, words })
    }

    /// A row for each text, a probability for each class.
    fn probabilities<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Tensor> {
        let rows = pad_sequences(&self.encoder.encode_all(texts)?, self.padding)?;
        let [texts, length] = [rows.nrows(), rows.ncols()];
        let outputs = self.model.predict(Data::from_i32([texts, length], rows.into_raw_vec_and_offset().0)?)?;
        if let Some(p) = outputs.as_slice().iter().find(|p| !p.is_finite()) {
            return Err(Error::numeric(format!("the model answers with {p}, expected probabilities")));
        }
        if outputs.len() == texts {
            let both = outputs.as_slice().iter().flat_map(|&p| [1.0 - p, p]).collect();
            return Tensor::new([texts, 2], both);
        }
        Ok(outputs)
    }

    fn verdict(&self, probabilities: &[f32]) -> Verdict {
        let best = |best: (usize, f32), (label, &p): (usize, &f32)| if p > best.1 { (label, p) } else { best };
        let (label, probability) = probabilities.iter().enumerate().fold((0, f32::MIN), best);
        Verdict { class: self.classes[label].clone(), label, probability }
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::prelude::*;

    use super::*;
    use crate::Tokenizer;

    /// One probability a class: the mean of the rows of a table.
    fn model(rows: [[f32; 2]; 4]) -> Sequential {
        let table = Embedding::new(4, 2).weights(Tensor::from(rows));
        Sequential::new().add(Input::open([None])).add(table).add(GlobalAveragePooling1D::new())
    }

    fn tokenizer() -> Tokenizer {
        let mut tokenizer = Tokenizer::new();
        tokenizer.fit_on_texts(["a a a b b c"]).unwrap();
        tokenizer
    }

    #[test]
    fn words_are_ranked_by_what_they_did() {
        let model = model([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]);
        let classifier = TextClassifier::new(&model, tokenizer(), PadOptions::new().maxlen(4), ["x", "y"]).unwrap();
        let explanation = classifier.explain("a b! a unknown").unwrap();
        assert_eq!((explanation.verdict.class.as_str(), explanation.verdict.label), ("x", 0));
        assert!((explanation.verdict.probability - 0.6).abs() < 1e-6);
        assert_eq!(explanation.words[0].0, "b!");
        assert!((explanation.words[0].1 - 0.1).abs() < 1e-6);
        assert_eq!(explanation.words.len(), 4);
        let classes: Vec<String> = classifier.classify_all(&["c", "b", ""]).unwrap().into_iter().map(|verdict| verdict.class).collect();
        assert_eq!(classes, ["y", "x", "x"]);
    }

    #[test]
    fn a_file_holds_all_of_a_classifier() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classifier.safetensors");
        let model = model([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]);
        let mut vectorization = crate::TextVectorization::new().output_sequence_length(4);
        vectorization.adapt(&["b b c"]).unwrap();
        let encoders: [TextEncoder; 2] = [tokenizer().into(), vectorization.into()];
        for encoder in encoders {
            let padding = PadOptions::new().maxlen(4).padding(crate::Side::Post);
            let classifier = TextClassifier::new(&model, encoder, padding, ["x", "y"]).unwrap();
            classifier.save(&path).unwrap();
            let again = TextClassifier::load(&path).unwrap();
            assert_eq!((again.padding, again.classes()), (padding, classifier.classes()));
            for text in ["a b! a unknown", "c", ""] {
                assert_eq!(again.classify(text).unwrap(), classifier.classify(text).unwrap());
            }
        }
        model.save(&path).unwrap();
        let error = TextClassifier::load(&path).unwrap_err().to_string();
        assert!(error.contains("classifier.safetensors") && error.contains("`encoder`"), "{error}");
    }

    #[test]
    fn names_must_fit_the_output() {
        let model = model([[0.5, 0.5]; 4]);
        let error = TextClassifier::new(&model, tokenizer(), PadOptions::new(), ["only"]).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("1 names of classes"), "{error}");
        let classifier = TextClassifier::new(&model, tokenizer(), PadOptions::new(), ["x", "y"]).unwrap();
        assert!(classifier.classify("nothing known").unwrap_err().is_data());
        assert!(classifier.classify_all::<&str>(&[]).unwrap_err().is_data());
    }
}
