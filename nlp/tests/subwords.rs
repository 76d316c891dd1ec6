//! The subword encoder against numbers made by TensorFlow Datasets (`golden/subwords.py` wrote them), on random texts, and
//! on the vocabulary of the reviews where it lies in a `shared/data` folder beside the workspace.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod common;

use common::data;
use practicum_nlp::datasets::imdb;
use practicum_nlp::{SubwordOptions, SubwordTextEncoder};
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Golden {
    corpus: Vec<String>,
    texts: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    subwords: Vec<String>,
    vocab_size: usize,
    saved: String,
    ids: Vec<Vec<i32>>,
    target: Option<usize>,
    longest: Option<usize>,
    chars: Option<usize>,
    reserved: Option<Vec<String>>,
}

#[test]
fn every_id_is_tfds() {
    let golden: Golden = serde_json::from_str(include_str!("golden/subwords.json")).unwrap();
    for case in golden.cases {
        let mut encoder = SubwordTextEncoder::new(&case.subwords).unwrap();
        if let Some(target) = case.target {
            let mut options = SubwordOptions::new(target).reserved_tokens(case.reserved.unwrap());
            options = options.max_subword_length(case.longest.unwrap());
            if let Some(chars) = case.chars {
                options = options.max_corpus_chars(chars);
            }
            encoder = SubwordTextEncoder::build_from_corpus(&golden.corpus, options).unwrap();
        }
        assert_eq!(encoder.subwords(), case.subwords, "target {:?}", case.target);
        assert_eq!(encoder.vocab_size(), case.vocab_size);
        assert_eq!(encoder.to_text(), case.saved);
        assert_eq!(SubwordTextEncoder::from_text(&case.saved).unwrap().subwords(), case.subwords);
        for (text, ids) in golden.texts.iter().zip(&case.ids) {
            assert_eq!(&encoder.encode(text), ids, "{text:?} with {:?}", encoder.subwords());
            assert_eq!(&encoder.decode(ids).unwrap(), text);
        }
        assert_eq!(encoder.encode_all(&golden.texts), case.ids);
    }
}

fn hash(pieces: &[String]) -> String {
    Sha256::digest(pieces.join("\n")).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_reviews_give_the_published_vocabulary() {
    let (Some(archive), Some(published)) = (data("imdb/aclImdb_v1_labelled.tar.gz"), data("imdb/imdb_reviews_subwords8k.subwords")) else {
        return;
    };
    let published = SubwordTextEncoder::load(published).unwrap();
    assert_eq!(published.vocab_size(), 8_185);
    let ids = published.encode("TensorFlow, from basics to mastery");
    assert_eq!(ids, [6307, 2327, 4043, 2120, 2, 48, 4249, 4429, 7, 2652, 8050]);
    let pieces: Vec<_> = ids.iter().map(|&id| published.id_to_text(id).unwrap()).collect();
    assert_eq!(pieces, ["Ten", "sor", "Fl", "ow", ", ", "from ", "basi", "cs ", "to ", "master", "y"]);

    let reviews = imdb::load(archive).unwrap();
    let texts: Vec<&str> = reviews.train.iter().map(|review| review.text.as_str()).collect();
    let built = SubwordTextEncoder::build_from_corpus(&texts, SubwordOptions::new(1 << 13)).unwrap();
    let sorted = |encoder: &SubwordTextEncoder| {
        let mut pieces = encoder.subwords().to_vec();
        pieces.sort_unstable();
        pieces
    };
    assert_eq!(hash(&sorted(&built)), "d74590435b0ae351c75c6c1a4913fb7b9f4511da25eb72815db1668e2c0ed953");
    assert_eq!(sorted(&built), sorted(&published));
    for text in &texts[..2_000] {
        assert_eq!(&published.decode(&published.encode(text)).unwrap(), text);
    }
}

proptest! {
    #[test]
    fn any_text_comes_back(
        text in "[ab_ \\\\&undsc🙂é漢\u{301}.,\n]{0,40}|\\PC{0,40}",
        pieces in prop::collection::hash_set("[ab_ \\\\&undscé🙂.]{1,8}", 0..30),
    ) {
        let encoder = SubwordTextEncoder::new(pieces).unwrap();
        let ids = encoder.encode(&text);
        prop_assert_eq!(encoder.decode(&ids).unwrap(), text);
        let again = SubwordTextEncoder::from_text(&encoder.to_text()).unwrap();
        prop_assert_eq!(again.subwords(), encoder.subwords());
    }

    #[test]
    fn a_vocabulary_serves_the_corpus_it_was_built_from(texts in prop::collection::vec("[a-d_ .é]{1,60}", 1..8)) {
        let encoder = SubwordTextEncoder::build_from_corpus(&texts, SubwordOptions::new(300)).unwrap();
        for text in &texts {
            prop_assert_eq!(&encoder.decode(&encoder.encode(text)).unwrap(), text);
        }
    }

    #[test]
    fn no_file_makes_it_panic(text in "(### SubwordTextEncoder\n)?(### Metadata: (\\{\\}|\\{\"escaped\": true\\})\n)?('[^']{0,4}'\n|.|\n){0,6}") {
        let _ = SubwordTextEncoder::from_text(&text);
    }
}
