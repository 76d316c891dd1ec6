//! Texts and vocabularies.

use practicum_core::{Error, Result};
use practicum_nlp::datasets::{bbc, imdb, lyrics, sarcasm, twitter};
use practicum_nlp::{Analyzer, SubwordOptions, SubwordTextEncoder, TextEncoder, TextVectorization, Tokenizer, WordVectors};
use practicum_tests::fuzz::Fuzz;

use super::{of_file, of_json, of_text, told};

const CORPUS: [&str; 3] = ["the cat sat on the mat", "so long, and thanks for all the fish", "naïve café 你好 \\ _ 42"];

const JSON: &[&str] =
    &["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "-1", "18446744073709551615", "1e400", "0.5", "\n"];

fn tokenizers() -> Vec<String> {
    let made = [Tokenizer::new(), Tokenizer::new().num_words(4).oov_token("?"), Tokenizer::new().analyzer(Analyzer::UnicodeWords)];
    let fitted = made.into_iter().map(|mut tokenizer| {
        tokenizer.fit_on_texts(CORPUS).unwrap();
        tokenizer.to_json().unwrap()
    });
    fitted.collect()
}

/// What a program does next with an encoder.
fn used(encoder: &TextEncoder) {
    for text in CORPUS {
        let _ = encoder.encode(text).map(|ids| encoder.decode(&ids));
    }
    let _ = encoder.decode(&[0, 1, -1, i32::MAX, i32::MIN]);
}

#[test]
fn tokenizers_in_json_are_read_or_refused() {
    let read = |text: &str| Tokenizer::from_json(text).inspect(|tokenizer| used(&tokenizer.clone().into()));
    Fuzz::new("tokenizer", tokenizers()).words(JSON).run(of_text(read));
}

#[test]
fn vocabularies_of_encoders_are_read_or_refused() {
    let mut vectorization = TextVectorization::new().max_tokens(9).output_sequence_length(4).ngrams(2);
    vectorization.adapt(&CORPUS).unwrap();
    let seeds = [vectorization.to_json().to_string()];
    let read = |json: &_| TextVectorization::from_json(json).inspect(|made| used(&made.clone().into()));
    Fuzz::new("vectorization", seeds).words(JSON).run(of_json(read));
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(CORPUS).unwrap();
    let subwords = SubwordTextEncoder::new(["the_", "cat"]).unwrap();
    let encoders: [TextEncoder; 3] = [tokenizer.into(), subwords.into(), vectorization.into()];
    let seeds = encoders.map(|encoder| encoder.to_json().unwrap().to_string());
    Fuzz::new("encoder", seeds).words(JSON).run(of_json(|json| TextEncoder::from_json(json).inspect(used)));
}

#[test]
fn subwords_are_read_or_refused() {
    let built = SubwordTextEncoder::build_from_corpus(CORPUS, SubwordOptions::new(300)).unwrap();
    let escaped = SubwordTextEncoder::new(["line\n", "back\\slash_", "\r"]).unwrap();
    let words = &["'", "''", "\n", "\\", "\\n", "_", "\\&undsc", "\\7;", "### Metadata: {}", "### SubwordTextEncoder", "é", "\0"];
    let read = |text: &str| SubwordTextEncoder::from_text(text).inspect(|encoder| used(&encoder.clone().into()));
    Fuzz::new("subwords", [built.to_text(), escaped.to_text()]).words(words).run(of_text(read));
}

#[test]
fn word_vectors_are_read_or_refused() {
    let seeds = ["the 0.1 -0.2 3e-1\ncat 1 2 3\nsat .5 -.5 1e5\n", "3 2\na 0 1\nb 1 0\nc 0.5 0.5\n"];
    let words = &[" ", "  ", "\n", "\r\n", "NaN", "inf", "-inf", "1e39", "1e-60", "the", "\0", "é", "+", "0x1"];
    let read = |bytes: &[u8]| -> Result<()> {
        let vectors = WordVectors::read(bytes, |word| word != "sat")?;
        let word = vectors.words()[0].clone();
        let _ = vectors.nearest(&word, 3);
        let _ = vectors.pca(2);
        Ok(())
    };
    Fuzz::new("glove", seeds).words(words).run(|bytes| told(read(bytes)));
}

#[test]
fn headlines_in_json_are_read_or_refused() {
    let record =
        |label: i32| format!("{{\"article_link\": \"https://x/{label}\", \"headline\": \"h\\u00e9 {label}\", \"is_sarcastic\": {label}}}");
    let seeds = [format!("[\n{},\n{}\n]", record(0), record(1)), format!("{}\n{}\n", record(1), record(0))];
    Fuzz::new("sarcasm", seeds).words(JSON).run(of_file(|path| sarcasm::load(path)));
}

const CSV: &[&str] = &[",", "\"", "\"\"", "\n", "\r", "\r\n", "category", "text", "sport", "0", "4", "\u{feff}", "\0", "é"];

#[test]
fn news_and_tweets_in_csv_are_read_or_refused() {
    let news = ["category,text\nsport,one two\ntech,\"three, \"\"four\"\"\nfive\"\n"];
    Fuzz::new("bbc", news).words(CSV).run(of_file(|path| bbc::load(path)));
    let tweets = ["\"0\",\"1\",\"Mon Apr 06\",\"NO_QUERY\",\"me\",\"sad, \"\"very\"\"\"\n4,2,,,you,glad\n"];
    Fuzz::new("tweets", tweets).words(CSV).run(of_file(|path| twitter::load(path)));
    Fuzz::new("tweets-latin1", tweets).words(CSV).run(of_file(|path| twitter::load_latin1(path)));
}

#[test]
fn lyrics_are_read_or_refused() {
    Fuzz::new("lyrics", ["Come all ye\nmaidens young and fair\n\nAnd you\n"]).words(CSV).run(of_file(|path| lyrics::load(path)));
}

const REVIEWS: [(&str, &str); 4] =
    [("train/pos/0_9.txt", "Fine."), ("train/neg/0_2.txt", "Dull."), ("test/pos/1_10.txt", "Good<br />film."), ("test/neg/7_1.txt", "No.")];

#[test]
fn archives_of_reviews_are_read_or_refused() {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in REVIEWS {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("aclImdb/{name}"), text.as_bytes()).unwrap();
    }
    let whole = builder.into_inner().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reviews.tar.gz");
    let mut turn = 0;
    Fuzz::new("imdb-archive", [whole]).words(&["aclImdb/", "train/", "pos/", "..", "/", "_", ".txt", "\0", "0000777"]).run(|bytes| {
        // The checksums of gzip would catch what is broken outside: mostly break what is inside.
        turn += 1;
        let mut file = bytes.to_vec();
        if turn % 8 != 7 {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, bytes).unwrap();
            file = packed.finish().unwrap();
        }
        std::fs::write(&path, file).unwrap();
        told(imdb::load(&path))
    });
}

#[test]
fn folders_of_reviews_are_read_or_refused() {
    // Each line is the path of a review, and its text.
    let whole: String = REVIEWS.iter().map(|(name, text)| format!("{name}\t{text}\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let words = &["train", "test", "pos", "neg", "/", "_", ".txt", "-1", "99999999999", "\t", "\n", "é"];
    Fuzz::new("imdb-folder", [whole]).words(words).run(|bytes| {
        let root = folder.path().join("aclImdb");
        let _ = std::fs::remove_dir_all(&root);
        for line in bytes.split(|byte| *byte == b'\n').take(6) {
            let (name, text) = line.split_at(line.iter().position(|byte| *byte == b'\t').unwrap_or(line.len()));
            let name = String::from_utf8_lossy(name).replace(['\0', '.'], "").replace("txt", ".txt");
            let path = root.join(name.trim_start_matches('/'));
            if path.parent().is_some_and(|parent| std::fs::create_dir_all(parent).is_ok()) {
                // A name that the system refuses is none that could be read.
                let _ = std::fs::write(&path, text.get(1..).unwrap_or_default());
            }
        }
        told(imdb::load(folder.path()))
    });
}

#[test]
fn saved_classifiers_are_read_or_refused() {
    use practicum_nlp::{TextClassifier, models};

    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(CORPUS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    let model = models::next_token(tokenizer.word_index().len() + 1, 2, 3, 2);
    practicum_nlp::TextGenerator::new(&model, tokenizer).unwrap().save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let read = |path: &std::path::Path| -> Result<()> {
        let _ = TextClassifier::load(path);
        let generator = practicum_nlp::TextGenerator::load(path)?;
        let text = generator.generate("the cat", 2, &practicum_nlp::Sampling::greedy());
        text.map(drop).or_else(|error| if error.to_string().is_empty() { Err(Error::data("")) } else { Ok(()) })
    };
    Fuzz::new("generator", [whole]).words(JSON).run(of_file(read));
}
