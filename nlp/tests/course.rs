//! The course's published numbers: those of inline sentences always, those of data sets where the files lie in a
//! `shared/data` folder beside the workspace.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod common;

use common::data;
use practicum_nlp::datasets::{bbc, lyrics, sarcasm};
use practicum_nlp::{PadOptions, Side, Tokenizer, pad_sequences, prefix_sequences, remove_stop_words};

fn post() -> PadOptions {
    PadOptions::new().padding(Side::Post)
}

#[test]
fn c3w1_second_lab() {
    let sentences = ["I love my dog", "I love my cat", "You love my dog!", "Do you think my dog is amazing?"];
    let mut tokenizer = Tokenizer::new().num_words(100).oov_token("<OOV>");
    tokenizer.fit_on_texts(sentences).unwrap();
    let words: Vec<_> = tokenizer.word_index().iter().map(|(word, _)| word).collect();
    assert_eq!(words, ["<OOV>", "my", "love", "dog", "i", "you", "cat", "do", "think", "is", "amazing"]);
    let sequences = tokenizer.texts_to_sequences(sentences).unwrap();
    assert_eq!(sequences, [vec![5, 3, 2, 4], vec![5, 3, 2, 7], vec![6, 3, 2, 4], vec![8, 6, 9, 2, 4, 10, 11]]);
    let padded = pad_sequences(&sequences, PadOptions::new().maxlen(5)).unwrap();
    assert_eq!(padded.into_raw_vec_and_offset().0, [0, 5, 3, 2, 4, 0, 5, 3, 2, 7, 0, 6, 3, 2, 4, 9, 2, 4, 10, 11]);

    let test = tokenizer.texts_to_sequences(["i really love my dog", "my dog loves my manatee"]).unwrap();
    let padded = pad_sequences(&test, PadOptions::new().maxlen(10)).unwrap();
    assert_eq!(padded.into_raw_vec_and_offset().0, [0, 0, 0, 0, 0, 5, 1, 3, 2, 4, 0, 0, 0, 0, 0, 2, 4, 1, 2, 1]);
}

#[test]
fn c3w1_headlines() {
    let Some(path) = data("sarcasm/sarcasm.json") else { return };
    let headlines = sarcasm::load(path).unwrap();
    assert_eq!(headlines.len(), 26_709);
    let texts = || headlines.iter().map(|record| &record.headline);
    let mut tokenizer = Tokenizer::new().oov_token("<OOV>");
    tokenizer.fit_on_texts(texts()).unwrap();
    assert_eq!(tokenizer.word_index().len(), 29_657);
    let first: Vec<_> = tokenizer.word_index().iter().skip(1).take(13).map(|(word, _)| word).collect();
    assert_eq!(first, ["to", "of", "the", "in", "for", "a", "on", "and", "with", "is", "new", "trump", "man"]);
    assert_eq!(tokenizer.index_word(29_656), Some("gourmet"));
    assert_eq!(tokenizer.index_word(29_657), Some("foodie"));

    let padded = pad_sequences(&tokenizer.texts_to_sequences(texts()).unwrap(), post()).unwrap();
    assert_eq!(padded.dim(), (26_709, 40));
    let expected = [308, 15115, 679, 3337, 2298, 48, 382, 2576, 15116, 6, 2577, 8434];
    assert_eq!(padded.row(0).to_vec()[..12], expected);
    assert!(padded.row(0).iter().skip(12).all(|&id| id == 0));
}

#[test]
fn c3w1_news() {
    let Some(path) = data("bbc/bbc-text.csv") else { return };
    let articles = bbc::load(path).unwrap();
    assert_eq!(articles.len(), 2_225);
    let texts: Vec<String> = articles.iter().map(|article| remove_stop_words(&article.text)).collect();
    let mut tokenizer = Tokenizer::new().oov_token("<OOV>");
    tokenizer.fit_on_texts(&texts).unwrap();
    assert_eq!(tokenizer.word_index().len(), 29_714);
    let padded = pad_sequences(&tokenizer.texts_to_sequences(&texts).unwrap(), post()).unwrap();
    assert_eq!(padded.dim(), (2_225, 2_442));
    assert_eq!(padded.row(0).to_vec()[..3], [96, 176, 1158]);
    assert_eq!(padded[[0, 2_441]], 0);

    let categories = || articles.iter().map(|article| &article.category);
    let mut labels = Tokenizer::new();
    labels.fit_on_texts(categories()).unwrap();
    assert_eq!(labels.word_index().iter().map(|(word, _)| word).collect::<Vec<_>>(), bbc::CATEGORIES);
    assert_eq!(labels.texts_to_sequences(categories()).unwrap().concat()[..10], [4, 2, 1, 1, 5, 3, 3, 1, 1, 5]);
}

/// Lines, tokenizer, and the prefixes of all lines padded in front.
fn verses(name: &str) -> Option<(Vec<String>, Tokenizer, practicum_core::ndarray::Array2<i32>)> {
    let lines = lyrics::load(data(name)?).unwrap();
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(&lines).unwrap();
    let prefixes = prefix_sequences(tokenizer.texts_to_sequences(&lines).unwrap());
    let padded = pad_sequences(&prefixes, PadOptions::new()).unwrap();
    Some((lines, tokenizer, padded))
}

#[test]
fn c3w4_songs() {
    let Some((lines, tokenizer, padded)) = verses("irish/irish-lyrics-eof.txt") else { return };
    assert_eq!(lines.len(), 1_693);
    assert_eq!(tokenizer.word_index().len() + 1, 2_690);
    assert_eq!(padded.dim(), (12_038, 16));
    for (word, index) in [("the", 1), ("town", 71), ("athy", 713), ("one", 39), ("jeremy", 1790), ("lanigan", 1791)] {
        assert_eq!(tokenizer.word_index().get(word), Some(index));
    }
    assert_eq!(padded.row(5).to_vec()[..15], [0, 0, 0, 0, 0, 0, 0, 0, 0, 51, 12, 96, 1217, 48, 2]);
    assert_eq!(tokenizer.texts_to_sequences(["I've got a bad feeling about this"]).unwrap(), [[247, 5, 881, 813, 2061, 70]]);
}

#[test]
fn c3w4_sonnets() {
    let Some((lines, tokenizer, padded)) = verses("sonnets/sonnets.txt") else { return };
    assert_eq!(lines.len(), 2_159);
    assert_eq!(tokenizer.word_index().len() + 1, 3_211);
    assert_eq!(padded.dim(), (15_462, 11));
    assert_eq!(tokenizer.texts_to_sequences(&lines[..1]).unwrap(), [[34, 417, 877, 166, 213, 517]]);
    assert_eq!(tokenizer.word_index().get("'"), Some(147));
}
