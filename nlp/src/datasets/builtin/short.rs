//! News articles of five categories, and tweets of two moods.

use super::chance::Chance;
use super::words::{DAILY, MOODS_BAD, MOODS_GOOD, NEWS, TOPICS};
use crate::datasets::bbc::{Article, CATEGORIES};
use crate::datasets::twitter::Tweet;

/// `count` articles of 40 to 220 words.
///
/// ```
/// use practicum_nlp::datasets::builtin;
///
/// let articles = builtin::articles(42, 50);
/// assert!(articles.iter().any(|article| article.category == "tech"));
/// ```
pub fn articles(seed: u64, count: usize) -> Vec<Article> {
    (0..count).map(|index| article(&mut Chance::new(seed, "article", index))).collect()
}

fn article(chance: &mut Chance) -> Article {
    // As in the real set, sport is a little more frequent than entertainment.
    let category = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4][chance.below(17)];
    // Every article strays into another field.
    let other = (category + chance.range(1, 4)) % 5;
    let names: Vec<String> = (0..chance.range(2, 5)).map(|_| chance.name()).collect();
    let words = chance.range(40, 220);
    let mut text = String::new();
    for word in 0..words {
        if word > 0 {
            text.push_str(if word % chance.range(9, 19) == 0 { ". " } else { " " });
        }
        match chance.below(100) {
            0..40 => text.push_str(chance.pick(&[
                "the", "a", "of", "to", "in", "and", "for", "on", "that", "is", "with", "it", "at", "by", "from", "has", "was", "will",
            ])),
            40..62 => text.push_str(chance.often(&NEWS)),
            62..78 => text.push_str(chance.often(&TOPICS[category])),
            78..84 => text.push_str(chance.often(&TOPICS[other])),
            84..93 => text.push_str(&names[chance.below(names.len())]),
            93..96 => text.push_str(&chance.range(2, 2_500).to_string()),
            _ => text.push_str(&chance.name()),
        }
    }
    Article { category: CATEGORIES[category].to_owned(), text }
}

/// `count` tweets, half of each mood, the bad ones first as in the real set.
///
/// ```
/// use practicum_nlp::datasets::builtin;
///
/// let tweets = builtin::tweets(42, 10);
/// assert!(!tweets[0].positive && tweets[9].positive);
/// ```
pub fn tweets(seed: u64, count: usize) -> Vec<Tweet> {
    (0..count).map(|index| tweet(&mut Chance::new(seed, "tweet", index), index >= count / 2)).collect()
}

fn tweet(chance: &mut Chance, positive: bool) -> Tweet {
    // The smiley of one in nine does not show the mood of the words.
    let shown = positive != chance.percent(11);
    let mood = |chance: &mut Chance, good: bool| chance.often(if good { &MOODS_GOOD } else { &MOODS_BAD });
    let (first, second) = (mood(chance, shown), mood(chance, shown));
    let (thing, other) = (chance.often(&DAILY), chance.often(&DAILY));
    let text = match chance.below(10) {
        0 => format!("@{} {first} {thing} was {second}", chance.name()),
        1 => format!("so {first} about {thing} today"),
        2 => format!("{thing} and {other}... {first}!"),
        3 => format!("not {} at all, {thing} is over", mood(chance, !shown)),
        4 => format!("i {first} {thing} http://{}.com", chance.name()),
        5 => format!("back from {thing}, off to {other}. {first} {second}"),
        6 => format!("@{} you should see {thing}, {first}", chance.name()),
        7 => format!("no more {} for me, {thing} tonight", mood(chance, !shown)),
        8 => format!("why is {thing} always so {first}"),
        _ => format!("{first}... {} is watching {thing} with {}", chance.name(), chance.name()),
    };
    Tweet { text, positive }
}
