//! Workloads of texts: words and subwords as ids, and text that goes on.

use std::time::Instant;

use anyhow::{Context, Result};
use practicum_nlp::{PadOptions, Sampling, SubwordTextEncoder, TextGenerator, Tokenizer, models, pad_sequences};

use super::measure::{Bench, Case, OURS};

/// The reviews that the parent process has laid down.
fn reviews(bench: &Bench) -> Result<Vec<String>> {
    let path = bench.texts();
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Measures a call on all reviews, by the review.
fn measure(bench: &mut Bench, measure: &'static str, steps: usize, mut call: impl FnMut() -> Result<()> + 'static) -> Result<()> {
    let start = Instant::now();
    call()?;
    let first = start.elapsed().as_secs_f64();
    bench.measure(vec![Case { measure, by: OURS, steps, samples: 1, flops: 0.0, call: Box::new(call) }])?;
    bench.first(first);
    Ok(())
}

/// Counting, numbering and padding words.
pub(super) fn words(bench: &mut Bench) -> Result<()> {
    let texts = reviews(bench)?;
    measure(bench, "fit, sequences and padding, a review", texts.len(), move || {
        let mut tokenizer = Tokenizer::new().num_words(10_000).oov_token("<OOV>");
        tokenizer.fit_on_texts(&texts)?;
        let sequences = tokenizer.texts_to_sequences(&texts)?;
        std::hint::black_box(pad_sequences(&sequences, PadOptions::new().maxlen(120))?);
        Ok(())
    })
}

/// Cutting words into pieces, on one core.
pub(super) fn subwords(bench: &mut Bench) -> Result<()> {
    let texts = reviews(bench)?;
    let encoder = SubwordTextEncoder::load(bench.texts().with_extension("subwords"))?;
    measure(bench, "encode, a review", texts.len(), move || {
        for text in &texts {
            std::hint::black_box(encoder.encode(text));
        }
        Ok(())
    })
}

/// Going on writing, a word at a time, with the network of c3w4 lab 2.
pub(super) fn generation(bench: &mut Bench) -> Result<()> {
    const WORDS: usize = 100;
    let words: Vec<String> = (1..2_690).map(|word| format!("w{word}")).collect();
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(&words)?;
    let model = models::next_token(2_690, 100, 15, 150);
    TextGenerator::new(&model, tokenizer.clone()).context("the network of c3w4 lab 2")?;
    measure(bench, "generate, a word", WORDS, move || {
        let generator = TextGenerator::new(&model, tokenizer.clone())?;
        std::hint::black_box(generator.generate("w1 w2 w3", WORDS, &Sampling::greedy())?);
        Ok(())
    })
}
