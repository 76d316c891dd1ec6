//! How fast a text file becomes numbers: `cargo run --release -p practicum-nlp --example speed -- FILE`, a text a line.

use std::time::Instant;

use practicum_nlp::{PadOptions, SubwordOptions, SubwordTextEncoder, TextVectorization, Tokenizer, pad_sequences};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give a text file, a text a line")?;
    let file = std::fs::read_to_string(&path)?;
    let texts: Vec<&str> = file.lines().collect();
    let tell = |what: &str, began: Instant| {
        let seconds = began.elapsed().as_secs_f64();
        println!("{what}: {seconds:.3} s, {:.1} MB/s", file.len() as f64 / 1e6 / seconds);
    };

    let began = Instant::now();
    let mut tokenizer = Tokenizer::new().num_words(10_000).oov_token("<OOV>");
    tokenizer.fit_on_texts(&texts)?;
    tell("Tokenizer: fit", began);
    let middle = Instant::now();
    let sequences = tokenizer.texts_to_sequences(&texts)?;
    tell("Tokenizer: sequences", middle);
    pad_sequences(&sequences, PadOptions::new().maxlen(120))?;
    tell("Tokenizer: fit, sequences, padding", began);

    let began = Instant::now();
    let mut vectorization = TextVectorization::new().max_tokens(10_000).output_sequence_length(120);
    vectorization.adapt(&texts)?;
    tell("TextVectorization: adapt", began);
    let began = Instant::now();
    vectorization.vectorize(&texts)?;
    tell("TextVectorization: vectorize", began);

    let began = Instant::now();
    let encoder = SubwordTextEncoder::build_from_corpus(&texts, SubwordOptions::new(1 << 13))?;
    tell("SubwordTextEncoder: build", began);
    let began = Instant::now();
    let pieces: usize = texts.iter().map(|text| encoder.encode(text).len()).sum();
    tell("SubwordTextEncoder: encode, one core", began);
    println!("{pieces} pieces");
    let began = Instant::now();
    encoder.encode_all(&texts);
    tell("SubwordTextEncoder: encode, all cores", began);
    Ok(())
}
