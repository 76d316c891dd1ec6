//! Vectors for the words of the grammar, in the manner of GloVe.

use practicum_core::ndarray::Array2;
use practicum_core::rng::Key;

use super::chance;
use super::words::{BAD, BODIES, DAILY, FILM_PARTS, GENRES, GOOD, HATE, LOVE, MOODS_BAD, MOODS_GOOD, NEWS, PEOPLE, TOPICS};
use crate::WordVectors;
use crate::array::filled;

/// Vectors of the grammar's words and names: words of a kind point in similar directions, good and bad ones apart along
/// one more.
///
/// ```
/// use practicum_nlp::datasets::builtin;
///
/// let vectors = builtin::word_vectors(42, 50)?;
/// let near = vectors.nearest("happy", 10)?;
/// assert!(
///     near.iter()
///         .filter(|(word, _)| ["love", "fun", "glad", "smile", "sweet", "yay"].contains(word))
///         .count()
///         >= 1
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A dimension of 0, or one that does not fit into memory.
pub fn word_vectors(seed: u64, dimension: usize) -> practicum_core::Result<WordVectors> {
    let kinds: [(&[&str], f32); 16] = [
        (&GOOD, 1.0),
        (&BAD, -1.0),
        (&LOVE, 1.0),
        (&HATE, -1.0),
        (&MOODS_GOOD, 1.0),
        (&MOODS_BAD, -1.0),
        (&FILM_PARTS, 0.0),
        (&GENRES, 0.0),
        (&PEOPLE, 0.0),
        (&BODIES, 0.0),
        (&DAILY, 0.0),
        (&NEWS, 0.0),
        (&TOPICS[0], 0.0),
        (&TOPICS[1], 0.0),
        (&TOPICS[2], 0.0),
        (&TOPICS[3], 0.0),
    ];
    let key = Key::new(seed).fold_str("word vectors");
    let (mut words, mut rows): (Vec<String>, Vec<Vec<f32>>) = (Vec::new(), Vec::new());
    let mut add = |word: &str, kind: usize, mood: f32| {
        for word in word.split(' ').filter(|word| !words.iter().any(|known| known == word)).map(str::to_owned).collect::<Vec<_>>() {
            rows.push(vector(key, dimension, &word, kind, mood));
            words.push(word);
        }
    };
    for (kind, (list, mood)) in kinds.into_iter().enumerate() {
        // Good and bad words of a kind share its direction.
        let kind = if mood == 0.0 { kind } else { kind / 2 };
        list.iter().for_each(|word| add(word, kind, mood));
    }
    // Not every name of the tail has a vector.
    (0..400).for_each(|rank| add(&chance::name(rank), 99, 0.0));
    let mut table: Array2<f32> = filled(rows.len(), dimension, 0.0)?;
    for (mut row, vector) in table.rows_mut().into_iter().zip(&rows) {
        row.iter_mut().zip(vector).for_each(|(cell, &value)| *cell = value);
    }
    WordVectors::new(words, table)
}

fn vector(key: Key, dimension: usize, word: &str, kind: usize, mood: f32) -> Vec<f32> {
    let direction = |purpose: &str| {
        let mut draws = vec![0.0; dimension];
        key.fold_str(purpose).fill_uniform(&mut draws);
        draws.into_iter().map(|draw| draw - 0.5)
    };
    let own = direction(word);
    let kind = direction(&format!("kind {kind}"));
    let good = direction("good");
    own.zip(kind).zip(good).map(|((own, kind), good)| 0.7 * own + 0.5 * kind + 0.6 * mood * good).collect()
}
