//! Files that hold anything: every reader answers with a value or an error, and what is written can be read.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

use std::io::Write;

use practicum_nlp::datasets::{bbc, imdb, lyrics, sarcasm, twitter};
use practicum_nlp::{Analyzer, Normalization, PadOptions, Side, TextVectorization, Tokenizer, WordVectors, pad_sequences};
use proptest::prelude::*;

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

/// Bytes of the kind that files of texts are made of, and some that are not.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        "[a-z ,\"\n]{0,12}".prop_map(String::into_bytes),
        Just(b"category,text\n".to_vec()),
        Just(b"sport,".to_vec()),
        Just(b"4,,,,,".to_vec()),
        Just(b"{\"headline\": \"h\", \"is_sarcastic\": 1}".to_vec()),
        Just(b"[".to_vec()),
        Just(b"]".to_vec()),
        Just(b" 0.5 -1e3".to_vec()),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_file_makes_a_reader_panic(content in content()) {
        let file = file(&content);
        let path = file.path();
        let errors = [
            bbc::load(path).err(),
            imdb::load(path).err(),
            lyrics::load(path).err(),
            sarcasm::load(path).err(),
            twitter::load(path).err(),
            twitter::load_latin1(path).err(),
            WordVectors::load(path, |_| true).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.to_string().is_empty());
        }
        if let Ok(text) = String::from_utf8(content) {
            let _ = Tokenizer::from_json(&text);
        }
    }

    #[test]
    fn no_change_to_a_tokenizers_file_makes_it_panic(at in 0.0_f64..1.0, byte in 32_u8..127) {
        let mut tokenizer = Tokenizer::new().oov_token("?").normalization(Normalization::Nfkc);
        tokenizer.fit_on_texts(["one two two", "three one"]).unwrap();
        let mut json = tokenizer.to_json().unwrap().into_bytes();
        let at = (at * json.len() as f64) as usize;
        json[at] = byte;
        let _ = Tokenizer::from_json(&String::from_utf8(json).unwrap());
    }

    #[test]
    fn a_saved_tokenizer_makes_the_same_ids(texts in prop::collection::vec("\\PC{1,30}", 1..8), unicode in any::<bool>(), new in "\\PC{0,40}") {
        let analyzer = if unicode { Analyzer::UnicodeWords } else { Analyzer::Chars };
        let mut tokenizer = Tokenizer::new().analyzer(analyzer).oov_token("<OOV>");
        if tokenizer.fit_on_texts(&texts).is_ok() {
            let again = Tokenizer::from_json(&tokenizer.to_json().unwrap()).unwrap();
            prop_assert_eq!(again.texts_to_sequences([&new]).unwrap(), tokenizer.texts_to_sequences([&new]).unwrap());
        }
    }

    #[test]
    fn the_quick_way_splits_as_the_slow_one(text in "[ -~\t\n]{0,60}") {
        // A letter beyond ASCII in another text of the same tokenizer sends it the slow way; the words are the same.
        let mut quick = Tokenizer::new();
        let mut slow = Tokenizer::new().filters(format!("{}é", practicum_nlp::DEFAULT_FILTERS));
        let both = [quick.fit_on_texts([&text]), slow.fit_on_texts([format!("{text} é")])];
        if both.iter().all(Result::is_ok) {
            let words = |tokenizer: &Tokenizer| tokenizer.word_counts().map(|(word, count)| (word.to_owned(), count)).collect::<Vec<_>>();
            prop_assert_eq!(words(&quick), words(&slow));
        }
    }

    #[test]
    fn padding_keeps_every_id_that_fits(rows in prop::collection::vec(prop::collection::vec(1_i32..100, 0..9), 1..6), width in 1_usize..10, post in any::<bool>()) {
        let side = if post { Side::Post } else { Side::Pre };
        let padded = pad_sequences(&rows, PadOptions::new().maxlen(width).padding(side).truncating(side)).unwrap();
        for (row, ids) in padded.rows().into_iter().zip(&rows) {
            let kept: Vec<i32> = row.iter().copied().filter(|&id| id != 0).collect();
            let expected = if post { &ids[..ids.len().min(width)] } else { &ids[ids.len().saturating_sub(width)..] };
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn vectorization_never_leaves_its_vocabulary(texts in prop::collection::vec("\\PC{0,30}", 1..8), most in 3_usize..20) {
        let mut vectorization = TextVectorization::new().max_tokens(most).output_sequence_length(5);
        if vectorization.adapt(&texts).is_ok() {
            let size = vectorization.vocabulary_size() as i32;
            prop_assert!(size <= most as i32);
            prop_assert!(vectorization.vectorize(&texts).unwrap().iter().all(|id| (0..size).contains(id)));
        }
    }
}

#[test]
fn a_text_of_a_million_words_is_read() {
    let text = "word ".repeat(999_999) + "last";
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts([&text]).unwrap();
    assert_eq!(tokenizer.word_counts().collect::<Vec<_>>(), [("word", 999_999), ("last", 1)]);
    let padded = pad_sequences(&tokenizer.texts_to_sequences([&text]).unwrap(), PadOptions::new().maxlen(3)).unwrap();
    assert_eq!(padded.row(0).to_vec(), [1, 1, 2]);
}
