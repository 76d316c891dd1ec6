use practicum_core::prelude::*;

use super::*;
use crate::{SubwordTextEncoder, Tokenizer};

/// A model of one id of context whose answer is a row of a table.
fn model(rows: &[&[f32]]) -> Sequential {
    let size = rows.len();
    let table = Tensor::new([size, size], rows.concat()).unwrap();
    Sequential::new().add(Input::new([1])).add(Embedding::new(size, size).weights(table)).add(Flatten::new())
}

fn words() -> Tokenizer {
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(["a a a b b c"]).unwrap();
    tokenizer
}

const ROWS: [&[f32]; 4] = [&[0.0, 0.5, 0.3, 0.2], &[0.9, 0.0, 0.6, 0.4], &[0.0, 0.1, 0.1, 0.8], &[0.0, 1.0, 0.0, 0.0]];

#[test]
fn words_follow_the_most_likely_way() {
    let model = model(&ROWS);
    let generator = TextGenerator::new(&model, words()).unwrap();
    assert_eq!(generator.generate("A", 4, &Sampling::greedy()).unwrap(), "A b c a b");
    assert_eq!(generator.generate("", 2, &Sampling::greedy()).unwrap(), "a b");
    // In the course's loop padding wins after `a`, and an empty word is appended, again and again.
    assert_eq!(generator.generate("A", 2, &Sampling::greedy().padding(true)).unwrap(), "A  ");
    let parts: Vec<String> = generator.stream("who a", 2, &Sampling::greedy()).unwrap().map(Result::unwrap).collect();
    assert_eq!(parts, [" b", " c"]);
    assert_eq!(generator.candidates("a", 2).unwrap(), [("b".to_owned(), 0.6), ("c".to_owned(), 0.4)]);
    assert!(generator.generate("a", 1, &Sampling::new().top_k(0)).unwrap_err().is_argument());
}

#[test]
fn a_beam_finds_what_greed_misses() {
    // From `a`: b (0.6) then c (0.8) is 0.48; c (0.4) then a (1.0) is 0.4. With b's way out made worse, c wins.
    let rows: [&[f32]; 4] = [ROWS[0], ROWS[1], &[0.0, 0.4, 0.3, 0.3], ROWS[3]];
    let model = model(&rows);
    let generator = TextGenerator::new(&model, words()).unwrap();
    assert_eq!(generator.beam_search("a", 2, 1).unwrap().0, "a b a");
    let (text, score) = generator.beam_search("a", 2, 3).unwrap();
    assert_eq!(text, "a c a");
    assert!((score - 0.4_f64.ln()).abs() < 1e-6);
    assert!(generator.beam_search("a", 2, 0).unwrap_err().is_argument());
}

#[test]
fn perplexity_is_the_mean_surprise() {
    let model = model(&ROWS);
    let generator = TextGenerator::new(&model, words()).unwrap();
    let expected = (-(0.6_f64.ln() + 0.8_f64.ln() + 0.0) / 3.0).exp();
    assert!((generator.perplexity(&["a b c a"]).unwrap() - expected).abs() < 1e-6);
    assert!(generator.perplexity(&["a", "unheard of"]).unwrap_err().is_data());
}

#[test]
fn characters_and_subwords_are_joined() {
    let mut characters = Tokenizer::new().char_level(true);
    characters.fit_on_texts(["aaabbc"]).unwrap();
    let rows = model(&ROWS);
    assert_eq!(TextGenerator::new(&rows, characters).unwrap().generate("a", 3, &Sampling::greedy()).unwrap(), "abca");

    // After the first byte of `é` comes its second; in between there is no text.
    let encoder = SubwordTextEncoder::new(["x"]).unwrap();
    let size = encoder.vocab_size();
    let mut rows = vec![vec![0.0; size]; size];
    rows[1][2 + 0xc3] = 1.0;
    rows[2 + 0xc3][2 + 0xa9] = 1.0;
    rows[2 + 0xa9][1] = 1.0;
    let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let model = model(&rows);
    let generator = TextGenerator::new(&model, encoder).unwrap();
    let greedy = Sampling::greedy();
    let parts: Vec<String> = generator.stream("x", 3, &greedy).unwrap().map(Result::unwrap).collect();
    assert_eq!(parts, ["", "é", "x"]);
}

#[test]
fn models_that_do_not_fit_are_refused() {
    let small = model(&ROWS[..3].iter().map(|row| &row[..3]).collect::<Vec<_>>());
    let error = TextGenerator::new(&small, words()).unwrap_err();
    assert!(error.is_shape() && error.to_string().contains("expected [batch, 4]"), "{error}");
    let open = Sequential::new().add(Input::open([None])).add(Embedding::new(4, 4)).add(GlobalAveragePooling1D::new());
    assert!(TextGenerator::new(&open, words()).unwrap_err().to_string().contains("known length"));
    let broken = model(&[ROWS[0], &[0.0, f32::NAN, 0.0, 0.0], ROWS[2], ROWS[3]]);
    assert!(TextGenerator::new(&broken, words()).unwrap().generate("a", 1, &Sampling::greedy()).unwrap_err().is_numeric());
}

#[test]
fn examples_say_what_is_missing() {
    assert!(next_token_examples(&[vec![1]], None).unwrap_err().is_data());
    assert!(next_token_examples(&[vec![1, 2]], Some(0)).unwrap_err().is_argument());
    assert_eq!(next_token_examples(&[vec![1, 2, 3]], Some(1)).unwrap().0.column(0).to_vec(), [1, 2]);
    assert!(sliding_windows(&[1, 2], 2, 1).unwrap_err().is_data());
    assert!(sliding_windows(&[1, 2], 0, 1).unwrap_err().is_argument());
    assert_eq!(sliding_windows(&[1, 2, 3], 2, 5).unwrap().1, [3]);
}
