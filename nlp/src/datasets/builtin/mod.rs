//! Texts that code writes: stand-ins for the course's data sets when there are no files.
//!
//! A grammar makes headlines, reviews, news and tweets out of words written for this project, with negation, sarcasm and
//! a long tail of invented names; songs and sonnets are original verse. They have the form of the real sets, and are
//! hard in the same places; but a result on them says nothing about the real ones.
//!
//! Text `i` depends on the seed and `i` alone, so a larger set begins with the smaller one.

mod chance;
mod headlines;
mod reviews;
mod short;
mod vectors;
mod words;

pub use self::headlines::headlines;
pub use self::reviews::reviews;
pub use self::short::{articles, tweets};
pub use self::vectors::word_vectors;

/// Songs of the sea, the road and the kitchen, one line of verse a line.
pub const SONGS: &str = include_str!("../../../data/songs.txt");

/// Sonnets, one line of verse a line, without numbers or empty lines between.
pub const SONNETS: &str = include_str!("../../../data/sonnets.txt");

/// The lines of [`SONGS`] or [`SONNETS`], as a file of the real ones is cut.
///
/// ```
/// use practicum_nlp::datasets::builtin;
///
/// assert!(builtin::lines(builtin::SONGS).len() > 200);
/// ```
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{BagOfWords, MatrixMode, Tokenizer};

    fn accuracy(texts: &[String], labels: &[i32]) -> f32 {
        let half = texts.len() / 2;
        let fitted = BagOfWords::new(MatrixMode::TfIdf).max_terms(800).fit(&texts[..half], &labels[..half]).unwrap();
        fitted.accuracy(&texts[half..], &labels[half..]).unwrap()
    }

    #[test]
    fn counting_words_goes_far_but_not_all_the_way() {
        let (texts, labels): (Vec<_>, Vec<_>) = headlines(1, 2_000).into_iter().map(|x| (x.headline, i32::from(x.is_sarcastic))).unzip();
        let score = accuracy(&texts, &labels);
        assert!((0.75..0.94).contains(&score), "headlines {score}");

        let reviews = reviews(1, 600, 600);
        let (texts, labels): (Vec<_>, Vec<_>) =
            reviews.train.into_iter().zip(reviews.test).flat_map(|(a, b)| [a, b]).map(|x| (x.text, i32::from(x.positive))).unzip();
        let (texts, labels): (Vec<_>, Vec<_>) = (0..1200).map(|i| i * 7 % 1200).map(|i| (texts[i].clone(), labels[i])).unzip();
        let score = accuracy(&texts, &labels);
        assert!((0.68..0.93).contains(&score), "reviews {score}");

        let tweets = tweets(1, 2_000);
        let (texts, labels): (Vec<_>, Vec<_>) =
            (0..2_000).map(|i| i * 7 % 2_000).map(|i| (tweets[i].text.clone(), i32::from(tweets[i].positive))).unzip();
        let score = accuracy(&texts, &labels);
        assert!((0.65..0.9).contains(&score), "tweets {score}");
    }

    #[test]
    fn vocabularies_have_long_tails() {
        let mut tokenizer = Tokenizer::new();
        tokenizer.fit_on_texts(headlines(1, 4_000).into_iter().map(|record| record.headline)).unwrap();
        let words = tokenizer.word_counts().len();
        let once = tokenizer.word_counts().filter(|&(_, count)| count == 1).count();
        assert!(words > 1_800 && once * 4 > words, "{words} words, {once} of them once");
    }

    #[test]
    fn verse_is_enough_to_learn_from_and_no_line_is_empty() {
        for (text, least) in [(SONGS, 200), (SONNETS, 140)] {
            let lines = lines(text);
            assert!(lines.len() >= least, "{} lines", lines.len());
            assert!(lines.iter().all(|line| line.split(' ').count() >= 3 && line.is_ascii()), "{lines:?}");
        }
        assert_eq!(lines(SONNETS).len() % 14, 0);
        let sonnets: HashSet<String> = lines(SONNETS).into_iter().collect();
        assert_eq!(sonnets.len(), lines(SONNETS).len());
    }
}
