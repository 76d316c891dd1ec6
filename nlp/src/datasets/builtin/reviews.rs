//! Reviews of films that do not exist.

use super::chance::Chance;
use super::words::{BAD, EVENTS, FILM_PARTS, GENRES, GOOD, HATE, LOVE, PEOPLE};
use crate::datasets::imdb::{Imdb, Review};

/// `train` reviews to train on and `test` to test on, half of each good.
///
/// A review tells what happens, praises or blames, says the opposite of a word by "not", is sarcastic at times, and grants the other
/// side a point; so counting words goes far, but not all the way.
///
/// ```
/// use practicum_nlp::datasets::builtin;
///
/// let reviews = builtin::reviews(42, 20, 10);
/// assert_eq!((reviews.train.len(), reviews.test.len()), (20, 10));
/// assert_eq!(reviews.train.iter().filter(|review| review.positive).count(), 10);
/// ```
pub fn reviews(seed: u64, train: usize, test: usize) -> Imdb {
    let split = |purpose: &str, count| {
        let mut reviews: Vec<Review> = (0..count).map(|index| review(&mut Chance::new(seed, purpose, index), index)).collect();
        reviews.sort_by_key(|review| (review.positive, review.id));
        reviews
    };
    Imdb { train: split("review to train on", train), test: split("review to test on", test) }
}

fn review(chance: &mut Chance, index: usize) -> Review {
    let positive = index % 2 == 1;
    // One in sixteen has the words of the other side: its stars and its text do not agree.
    let tone = positive != chance.percent(6);
    let star = chance.name();
    let mut sentences = vec![opening(chance, &star)];
    for _ in 0..chance.range(3, 11) {
        let sentence = match chance.below(10) {
            0..3 => fact(chance, &star),
            // The other side is granted a point.
            3..5 => verdict(chance, !tone, &star),
            _ => verdict(chance, tone, &star),
        };
        sentences.push(sentence);
    }
    if chance.percent(40) {
        sentences.push(closing(chance, tone));
    }
    let breaks = ["<br /><br />", " "];
    let mut text = String::new();
    for sentence in sentences {
        let between = if text.is_empty() { "" } else { breaks[usize::from(!chance.percent(15))] };
        text.push_str(between);
        let mut characters = sentence.chars();
        text.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        text.push_str(characters.as_str());
    }
    let rating = if positive { chance.range(7, 10) } else { chance.range(1, 4) } as u8;
    Review { id: index as u32, rating, positive, text }
}

fn opening(chance: &mut Chance, star: &str) -> String {
    let genre = chance.often(&GENRES);
    match chance.below(4) {
        0 => format!("i saw this {genre} with {star} last {}.", chance.pick(&["night", "week", "summer", "year", "sunday"])),
        1 => format!("{star} plays a {} who {} in this {genre}.", chance.often(&PEOPLE), chance.often(&EVENTS)),
        2 => format!("this {genre} was made by {} in 19{}.", chance.name(), chance.range(30, 99)),
        _ => format!("my {} told me about this {genre}.", chance.pick(&["sister", "father", "neighbour", "boss", "friend"])),
    }
}

fn fact(chance: &mut Chance, star: &str) -> String {
    match chance.below(4) {
        0 => format!("the {} {} and {}.", chance.often(&PEOPLE), chance.often(&EVENTS), chance.often(&EVENTS)),
        1 => format!("then {star} {} in {}.", chance.often(&EVENTS), chance.name()),
        2 => format!("it is set in {} and runs for {} minutes.", chance.name(), chance.range(70, 190)),
        _ => format!("{} wrote the {}.", chance.name(), chance.often(&FILM_PARTS)),
    }
}

fn verdict(chance: &mut Chance, positive: bool, star: &str) -> String {
    let (right, wrong): (&[&str], &[&str]) = if positive { (&GOOD, &BAD) } else { (&BAD, &GOOD) };
    let part = chance.often(&FILM_PARTS);
    let (word, other) = (chance.often(right), chance.often(wrong));
    let how = chance.pick(&["really", "truly", "quite", "just", "so", "absolutely"]);
    match chance.below(11) {
        0 | 1 => format!("the {part} is {how} {word}."),
        2 => format!("{star} is {word} and the {part} is {}.", chance.often(right)),
        3 | 4 => format!("the {part} is not {other} at all."),
        5 => format!("i never found the {part} {other}."),
        6 => format!("i {} every minute of it.", chance.often(if positive { &LOVE } else { &HATE })),
        7 => format!("what a {word} {part}!"),
        // Sarcasm says the opposite and gives itself away by its first word; praise that was doubted does the same.
        8 | 9 if positive => format!("they call the {part} {other}, but it is {word}."),
        8 | 9 => {
            format!("oh {}, {} more minutes of that {other} {part}.", chance.pick(&["great", "wonderful", "perfect"]), chance.range(10, 60))
        }
        _ => format!("a {word} {part}, {word} and {}.", chance.often(right)),
    }
}

fn closing(chance: &mut Chance, positive: bool) -> String {
    let (good, bad) = (chance.often(&GOOD), chance.often(&BAD));
    match (positive, chance.below(3)) {
        (true, 0) => format!("see it, it is {good}."),
        (true, 1) => format!("{} stars from me.", chance.range(7, 10)),
        (true, _) => "i would watch it again tomorrow.".to_owned(),
        (false, 0) => format!("avoid it, it is {bad}."),
        (false, 1) => format!("{} stars are too many.", chance.range(1, 4)),
        (false, _) => "i want those hours back.".to_owned(),
    }
}
