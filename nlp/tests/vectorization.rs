//! The lookups against numbers made by Keras; `golden/vectorization.py` wrote them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise, in its helpers too")]

use practicum_nlp::{IntegerLookup, OutputMode, Split, Standardize, StringLookup, TextVectorization};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/vectorization.json")).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn vectorization(options: &Value) -> TextVectorization {
    let mut made = TextVectorization::new();
    for (name, value) in options.as_object().unwrap() {
        let number = value.as_u64().unwrap_or_default() as usize;
        made = match (name.as_str(), value.as_str()) {
            ("max_tokens", _) => made.max_tokens(number),
            ("output_sequence_length", _) => made.output_sequence_length(number),
            ("ngrams", _) => made.ngrams(number),
            ("pad_to_max_tokens", _) => made.pad_to_max_tokens(true),
            ("standardize", Some("lower")) => made.standardize(Standardize::Lower),
            ("standardize", Some("strip_punctuation")) => made.standardize(Standardize::StripPunctuation),
            ("standardize", None) => made.standardize(Standardize::None),
            ("split", Some("character")) => made.split(Split::Character),
            ("output_mode", Some(_)) => made,
            other => panic!("{other:?}"),
        };
    }
    made
}

#[test]
fn every_index_and_weight_is_keras() {
    let golden = golden();
    let (corpus, texts) = (strings(&golden["corpus"]), strings(&golden["texts"]));
    for case in golden["vectorization"].as_array().unwrap() {
        let options = &case["options"];
        let mode = options["output_mode"].as_str();
        // In Keras the padding counts among `max_tokens` only where there is one.
        let mut options = options.clone();
        if let (Some(_), Some(most)) = (mode, options["max_tokens"].as_u64()) {
            options["max_tokens"] = (most + 1).into();
        }
        let mut made = vectorization(&options);
        made.adapt(&corpus).unwrap();
        let vocabulary = strings(&case["vocabulary"]);
        assert_eq!(made.get_vocabulary()[usize::from(mode.is_some())..], vocabulary, "{options}");
        let rows: Vec<Vec<f32>> = serde_json::from_value(case["output"].clone()).unwrap();
        let made: Vec<Vec<f32>> = match mode {
            None => made.vectorize(&texts).unwrap().rows().into_iter().map(|row| row.iter().map(|&id| id as f32).collect()).collect(),
            Some(mode) => {
                let mode = match mode {
                    "multi_hot" => OutputMode::MultiHot,
                    "count" => OutputMode::Count,
                    _ => OutputMode::TfIdf,
                };
                made.matrix(&texts, mode).unwrap().rows().into_iter().map(|row| row.to_vec()).collect()
            }
        };
        for (row, expected) in made.iter().zip(&rows) {
            let same = row.len() == expected.len() && row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(same, "{options}: {row:?} is not {expected:?}");
        }
    }
}

#[test]
fn lookups_are_keras() {
    let golden = golden();
    for case in golden["strings"].as_array().unwrap() {
        let options = &case["options"];
        let mut lookup = StringLookup::new().oov(options["num_oov_indices"] != 0);
        if let Some(most) = options["max_tokens"].as_u64() {
            lookup = lookup.max_tokens(most as usize);
        }
        if let Some(mask) = options["mask_token"].as_str() {
            lookup = lookup.mask_token(mask);
        }
        if let Some(oov) = options["oov_token"].as_str() {
            lookup = lookup.oov_token(oov);
        }
        lookup.adapt(strings(&golden["words"])).unwrap();
        assert_eq!(lookup.get_vocabulary(), strings(&case["vocabulary"]), "{options}");
        let found: Vec<i64> = lookup.lookup(strings(&case["asked"])).unwrap().into_iter().map(i64::from).collect();
        assert_eq!(found, numbers(&case["output"]), "{options}");
    }
    for case in golden["integers"].as_array().unwrap() {
        let options = &case["options"];
        let mut lookup = IntegerLookup::new();
        if let Some(most) = options["max_tokens"].as_u64() {
            lookup = lookup.max_tokens(most as usize);
        }
        if let Some(mask) = options["mask_token"].as_i64() {
            lookup = lookup.mask_token(mask);
        }
        if let Some(indices) = options["num_oov_indices"].as_u64() {
            lookup = lookup.num_oov_indices(indices as usize);
        }
        lookup.adapt(numbers(&golden["numbers"])).unwrap();
        assert_eq!(lookup.get_vocabulary(), numbers(&case["vocabulary"]), "{options}");
        let found: Vec<i64> = lookup.lookup(numbers(&case["asked"])).unwrap().into_iter().map(i64::from).collect();
        assert_eq!(found, numbers(&case["output"]), "{options}");
    }
}

#[test]
fn bad_vocabularies_and_tokens_are_named() {
    assert!(StringLookup::new().lookup(["a"]).unwrap_err().is_state());
    assert!(StringLookup::new().vocabulary(["a", "a"]).unwrap_err().is_data());
    assert!(StringLookup::new().max_tokens(2).vocabulary(["a", "b"]).unwrap_err().is_argument());
    assert!(StringLookup::new().max_tokens(1).adapt(["a"]).unwrap_err().is_argument());
    assert!(StringLookup::new().adapt([""; 0]).unwrap_err().is_data());
    let strict = StringLookup::new().oov(false).vocabulary(["a"]).unwrap();
    let unknown = strict.lookup(["a", "b"]).unwrap_err();
    assert!(unknown.to_string().contains("`b` at position 1"), "{unknown}");
    assert!(strict.invert(&[0, 1]).unwrap_err().to_string().contains("index 1 at position 1"));
    assert!(IntegerLookup::new().num_oov_indices(0).vocabulary([5]).unwrap().lookup([6]).unwrap_err().is_data());
    assert!(TextVectorization::new().ngrams(0).adapt(&["a"]).unwrap_err().is_argument());
    assert!(TextVectorization::new().adapt(&["!?"]).unwrap_err().is_data());
    let given = TextVectorization::new().vocabulary(["a"]).unwrap();
    assert!(given.matrix(&["a"], OutputMode::TfIdf).unwrap_err().is_state());
    assert_eq!(given.vectorize(&["a b"]).unwrap().row(0).to_vec(), [2, 1]);
}

#[test]
fn special_tokens_hold_whenever_they_are_set() {
    let later = StringLookup::new().vocabulary(["a", "b"]).unwrap().mask_token("");
    assert_eq!(later.lookup(["a", "b", "c", ""]).unwrap(), [2, 3, 1, 0]);
    assert_eq!(later.invert(&[2, 1]).unwrap(), ["a", "[UNK]"]);
    // As `set_vocabulary` of Keras: all special tokens in front are known as such, others are refused.
    let again = StringLookup::new().mask_token("").vocabulary(later.get_vocabulary()).unwrap();
    assert_eq!(again.get_vocabulary(), later.get_vocabulary());
    let mut texts = TextVectorization::new();
    texts.adapt(&["a b", "[UNK] a"]).unwrap();
    let copy = TextVectorization::new().vocabulary(texts.get_vocabulary()).unwrap();
    assert_eq!(copy.get_vocabulary(), texts.get_vocabulary());
    let numbers = IntegerLookup::new().vocabulary([-1, 7, 8]).unwrap().num_oov_indices(0);
    assert_eq!((numbers.lookup([8]).unwrap(), numbers.vocabulary_size()), (vec![1], 2));
    let special = IntegerLookup::new().mask_token(0).vocabulary([5, 0]).unwrap_err().to_string();
    assert!(special.contains("the vocabulary holds 0, which is a special token"), "{special}");
    assert!(later.mask_token("b").lookup(["a"]).unwrap_err().to_string().contains("holds \"b\""));
    for many in [usize::MAX, 1 << 40] {
        let lookup = IntegerLookup::new().mask_token(0).num_oov_indices(many);
        assert!(lookup.clone().vocabulary([1]).unwrap_err().to_string().contains("num_oov_indices"));
        assert!(numbers.clone().num_oov_indices(many).lookup([7]).unwrap_err().is_argument());
    }
    let mut oov = StringLookup::new();
    oov.adapt(["[UNK]", "a", "[UNK]"]).unwrap();
    assert_eq!(oov.get_vocabulary(), ["[UNK]", "a"]);
}

#[test]
fn a_vocabulary_that_is_replaced_or_cut_is_not_counted_by_the_old_one() {
    let mut vectorization = TextVectorization::new();
    vectorization.adapt(&["a b", "b c"]).unwrap();
    let other = vectorization.clone().vocabulary(["x", "y"]).unwrap();
    assert!(other.matrix(&["x"], OutputMode::TfIdf).unwrap_err().is_state());
    assert_eq!(TextVectorization::from_json(&other.to_json()).unwrap().get_vocabulary(), other.get_vocabulary());
    let empty = TextVectorization::from_json(&TextVectorization::new().to_json()).unwrap();
    let encoder = practicum_nlp::TextEncoder::from(empty);
    assert!(encoder.encode("a").unwrap_err().is_state() && encoder.encode_all(&["a"]).unwrap_err().is_state());
    for most in [0, 3] {
        let cut = vectorization.clone().max_tokens(most).pad_to_max_tokens(true);
        assert!(cut.matrix(&["a b c"], OutputMode::Count).unwrap_err().to_string().contains("max_tokens"));
    }
}

#[test]
fn s6_sizes_in_a_file_are_checked_and_cost_no_time() {
    let mut made = TextVectorization::new();
    made.adapt(&["the cat sat"]).unwrap();
    let with = |key: &str, value: u64| {
        let mut json = made.to_json();
        json[key] = value.into();
        TextVectorization::from_json(&json)
    };
    let error = with("output_sequence_length", u64::MAX).unwrap_err().to_string();
    assert!(error.contains("output_sequence_length is 18446744073709551615"), "{error}");
    // No text has n-grams of that length.
    assert_eq!(with("ngrams", u64::MAX).unwrap().ids("cat sat").len(), 3);
    let long = TextVectorization::new().output_sequence_length(usize::MAX);
    assert!(long.clone().vocabulary(["cat"]).unwrap_err().is_argument());
    assert!(long.vectorize(&["cat"]).unwrap_err().is_argument());
}
