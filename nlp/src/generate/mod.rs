//! Text from a model that says which token comes next.

mod examples;
mod sampling;

use std::borrow::Cow;
use std::path::Path;

use practicum_core::callbacks::State;
use practicum_core::data::Data;
use practicum_core::{Error, Model, Result, Tensor};
use serde_json::Value;

pub use self::examples::{next_token_examples, sliding_windows};
pub use self::sampling::Sampling;
use crate::TextEncoder;

/// Continues texts with a model that reads the last `context` ids, padded in front with 0, and answers with the
/// probability of each id to come next.
///
/// ```
/// use practicum_core::prelude::*;
/// use practicum_nlp::{
///     PadOptions, Sampling, TextEncoder, TextGenerator, Tokenizer, models, next_token_examples,
/// };
///
/// let song = ["row row row your boat", "gently down the stream"];
/// let mut tokenizer = Tokenizer::new();
/// tokenizer.fit_on_texts(song)?;
/// let (x, y) = next_token_examples(&tokenizer.texts_to_sequences(song)?, None)?;
/// let encoder = TextEncoder::from(tokenizer);
///
/// let mut model = models::next_token(encoder.vocab_size(), 8, x.ncols(), 8);
/// model.compile(Adam::new(0.05), "sparse_categorical_crossentropy", "accuracy")?;
/// model.fit(x, y, Fit::new().epochs(60).quiet())?;
///
/// let generator = TextGenerator::new(&model, encoder)?;
/// assert_eq!(generator.generate("Gently down", 2, &Sampling::greedy())?, "Gently down the stream");
///
/// let file = std::env::temp_dir().join("song.safetensors");
/// generator.save(&file)?;
/// let again = TextGenerator::load(&file)?;
/// assert_eq!(again.generate("Row row", 3, &Sampling::greedy())?, "Row row row your boat");
/// # std::fs::remove_file(file).ok();
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextGenerator<'a> {
    model: Cow<'a, Model>,
    encoder: TextEncoder,
    context: usize,
}

/// Contexts are predicted in batches of this size.
const BATCH: usize = 256;

impl<'a> TextGenerator<'a> {
    /// A generator of this model, which must be built.
    ///
    /// # Errors
    /// A model that does not read a row of ids of known length, or whose answers are not one probability for each id.
    pub fn new(model: &'a Model, encoder: impl Into<TextEncoder>) -> Result<Self> {
        Self::of(Cow::Borrowed(model), encoder.into())
    }

    fn of(model: Cow<'a, Model>, encoder: TextEncoder) -> Result<Self> {
        let inputs = model.input_shapes()?;
        let &[_, Some(context)] = inputs[0].dims() else {
            return Err(Error::shape(format!("the model reads {}, expected a row of ids of a known length, [batch, context]", inputs[0]))
                .hint("begin the model with Input::new([context])"));
        };
        let (output, size) = (model.output_shape()?, encoder.vocab_size());
        if output.dims() != [None, Some(size)] {
            return Err(Error::shape(format!("the model answers with {output}, expected [batch, {size}], a probability for each id"))
                .hint("end the model with a softmax over the encoder's vocab_size"));
        }
        Ok(Self { model, encoder, context })
    }

    /// Writes the model with the vocabulary to one file, whole or not at all. [`Model::load`] reads the model alone from it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut state = self.model.to_state()?;
        state.set("encoder", self.encoder.to_json()?);
        state.save(path)
    }

    /// Reads a generator from a file of [`save`](Self::save).
    ///
    /// # Errors
    /// The file cannot be read, is no generator of texts or is not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<TextGenerator<'static>> {
        let path = path.as_ref();
        let state = State::load(path)?;
        let read = || {
            let encoder = TextEncoder::from_json(&state.get::<Value>("encoder")?)?;
            TextGenerator::of(Cow::Owned(Model::from_state(&state)?), encoder)
        };
        read().map_err(|error| error.context(path.display().to_string()))
    }

    /// What turns texts into ids.
    pub fn encoder(&self) -> &TextEncoder {
        &self.encoder
    }

    /// How many ids the model reads.
    pub fn context(&self) -> usize {
        self.context
    }

    /// `text`, continued by `tokens` tokens.
    ///
    /// Tokens of `text` that the encoder does not know are not read, but stay in what is returned.
    ///
    /// # Errors
    /// Options out of range; probabilities that are not numbers.
    pub fn generate(&self, text: &str, tokens: usize, sampling: &Sampling) -> Result<String> {
        let mut whole = text.to_owned();
        for part in self.stream(text, tokens, sampling)? {
            whole.push_str(&part?);
        }
        Ok(whole)
    }

    /// As [`generate`](Self::generate), a token at a time: what to append to the text so far.
    ///
    /// # Errors
    /// Options out of range. The stream's items are errors where probabilities are not numbers.
    pub fn stream<'s>(
        &'s self,
        text: &str,
        tokens: usize,
        sampling: &'s Sampling,
    ) -> Result<impl Iterator<Item = Result<String>> + use<'s, 'a>> {
        sampling.check()?;
        let mut ids = self.encoder.encode(text)?;
        let known = ids.len();
        let separate = !text.is_empty();
        let mut written = String::new();
        let mut step = 0;
        Ok(std::iter::from_fn(move || {
            if step == tokens {
                return None;
            }
            step += 1;
            let next = self.probabilities(&[&ids]).and_then(|p| sampling.choose(p.as_slice(), &ids, step as u64 - 1));
            let next = match next {
                Ok(next) => next,
                Err(error) => {
                    step = tokens;
                    return Some(Err(error));
                }
            };
            // The padding is no token: the loop of the course appends an empty word and goes on from the same tokens.
            if next != 0 {
                ids.push(next);
            }
            Some(match &self.encoder {
                TextEncoder::Subwords(encoder) => encoder.decode(&ids[known..]).map(|all| {
                    // The bytes of half a character are no text yet.
                    let part = all.get(written.len()..).unwrap_or_default().to_owned();
                    written = all;
                    part
                }),
                _ => {
                    let separator = if separate || step > 1 { self.encoder.separator() } else { "" };
                    Ok(format!("{separator}{}", self.encoder.id_to_text(next)))
                }
            })
        }))
    }

    /// `text`, continued by the `tokens` tokens that are most likely together, as far as a search that keeps the `width`
    /// best beginnings finds them; and the logarithm of their probability.
    ///
    /// # Errors
    /// A width of 0; probabilities that are not numbers.
    pub fn beam_search(&self, text: &str, tokens: usize, width: usize) -> Result<(String, f64)> {
        if width == 0 {
            return Err(Error::argument("the width of the beam is 0, expected 1 or more"));
        }
        let start = self.encoder.encode(text)?;
        let known = start.len();
        let mut beams = vec![(start, 0.0_f64)];
        for _ in 0..tokens {
            let contexts: Vec<&[i32]> = beams.iter().map(|(ids, _)| ids.as_slice()).collect();
            let probabilities = self.probabilities(&contexts)?;
            let mut next: Vec<(usize, i32, f64)> = Vec::new();
            for (beam, row) in probabilities.as_slice().chunks_exact(self.encoder.vocab_size()).enumerate() {
                let scores = (1..).zip(&row[1..]).map(|(id, &p)| (beam, id, beams[beam].1 + f64::from(p).ln()));
                next.extend(scores);
            }
            next.sort_by(|a, b| b.2.total_cmp(&a.2));
            next.truncate(width);
            beams = next.into_iter().map(|(beam, id, score)| ([beams[beam].0.as_slice(), &[id]].concat(), score)).collect();
        }
        let (ids, score) = beams.swap_remove(0);
        let part = self.encoder.decode(&ids[known..])?;
        let separator = if text.is_empty() || part.is_empty() { "" } else { self.encoder.separator() };
        Ok((format!("{text}{separator}{part}"), score))
    }

    /// The `n` tokens most likely to follow, with their probabilities; equal ones by their ids.
    ///
    /// # Errors
    /// Probabilities that are not numbers.
    pub fn candidates(&self, text: &str, n: usize) -> Result<Vec<(String, f32)>> {
        let ids = self.encoder.encode(text)?;
        let probabilities = self.probabilities(&[&ids])?;
        let mut candidates: Vec<(i32, f32)> = (0..).zip(probabilities.as_slice().iter().copied()).skip(1).collect();
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(candidates.into_iter().take(n).map(|(id, p)| (self.encoder.id_to_text(id), p)).collect())
    }

    /// The perplexity of texts: e to the mean of −ln p over all their tokens but each text's first, where p is the
    /// probability that the model gives the token after those before it. A model that takes all V ids for equally
    /// likely has V.
    ///
    /// # Errors
    /// Texts without two known tokens; probabilities that are not numbers.
    pub fn perplexity<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<f64> {
        let sequences = self.encoder.encode_all(texts)?;
        let examples: Vec<(&[i32], i32)> =
            sequences.iter().flat_map(|ids| (1..ids.len()).map(move |end| (&ids[..end], ids[end]))).collect();
        if examples.is_empty() {
            return Err(Error::data("none of the texts has two tokens that the encoder knows"));
        }
        let mut sum = 0.0;
        for batch in examples.chunks(BATCH) {
            let contexts: Vec<&[i32]> = batch.iter().map(|(context, _)| *context).collect();
            let probabilities = self.probabilities(&contexts)?;
            let rows = probabilities.as_slice().chunks_exact(self.encoder.vocab_size());
            // An impossible token would make all others count for nothing.
            sum += rows.zip(batch).map(|(row, &(_, next))| -f64::from(row[next as usize].max(1e-12)).ln()).sum::<f64>();
        }
        Ok((sum / examples.len() as f64).exp())
    }

    /// A row of probabilities for each context.
    fn probabilities(&self, contexts: &[&[i32]]) -> Result<Tensor> {
        let mut ids = vec![0; contexts.len() * self.context];
        for (row, context) in ids.chunks_exact_mut(self.context).zip(contexts) {
            let read = &context[context.len().saturating_sub(self.context)..];
            row[self.context - read.len()..].copy_from_slice(read);
        }
        let probabilities = self.model.predict(Data::from_i32([contexts.len(), self.context], ids)?)?;
        match probabilities.as_slice().iter().find(|p| !p.is_finite()) {
            Some(p) => {
                Err(Error::numeric(format!("the model answers with {p}, expected probabilities"))
                    .hint("train it with a smaller learning rate"))
            }
            None => Ok(probabilities),
        }
    }
}

#[cfg(test)]
mod tests;
