//! Headlines in earnest, and such as a satirical paper prints.

use super::chance::Chance;
use super::words::{BODIES, CHORES, EVENTS, FOOLS, PEOPLE, SUBJECTS};
use crate::datasets::sarcasm::Headline;

/// `count` headlines, about half of them sarcastic.
///
/// Both kinds share subjects, names and turns: a single word seldom decides.
///
/// ```
/// use practicum_nlp::datasets::builtin;
///
/// let few = builtin::headlines(42, 100);
/// assert_eq!(few, builtin::headlines(42, 200)[..100]);
/// assert!((30..70).contains(&few.iter().filter(|record| record.is_sarcastic).count()));
/// ```
pub fn headlines(seed: u64, count: usize) -> Vec<Headline> {
    (0..count).map(|index| headline(&mut Chance::new(seed, "headline", index), index)).collect()
}

fn headline(chance: &mut Chance, index: usize) -> Headline {
    let is_sarcastic = chance.percent(44);
    // Some of either kind read like the other: no reader could tell.
    let as_sarcastic = is_sarcastic != chance.percent(9);
    let headline = if as_sarcastic { sarcastic(chance) } else { earnest(chance) };
    Headline { article_link: format!("builtin/{index}"), headline, is_sarcastic }
}

fn earnest(chance: &mut Chance) -> String {
    let (body, subject, name) = (chance.often(&BODIES), chance.often(&SUBJECTS), chance.name());
    match chance.below(12) {
        0 => format!("{body} votes on {subject}"),
        1 => format!("what the {subject} means for {name}"),
        2 => {
            format!("{} dead after {} in {name}", chance.range(2, 60), chance.pick(&["storm", "fire", "crash", "flood", "attack", "quake"]))
        }
        3 => format!("{name} on why the {subject} still matters"),
        4 => format!("{} things to know about the {subject}", chance.range(3, 15)),
        5 => format!("{body} rejects {name}'s plan for {subject}"),
        6 => format!("how a {} from {name} is changing {subject}", chance.often(&PEOPLE)),
        7 => format!("{name} and {} split over {subject}", chance.name()),
        8 => format!("here's how to talk to your {} about the {subject}", chance.pick(&["kids", "parents", "boss", "partner", "doctor"])),
        9 => format!("{body} report: {subject} could cost {name} {} jobs", chance.range(2, 90) * 100),
        10 => format!("{name} wins {} as {subject} looms", chance.pick(&["primary", "award", "appeal", "runoff", "seat"])),
        _ => format!("{} {body} moves to end {subject}", chance.pick(&["in a first,", "once again,", "under pressure,", "quietly,"])),
    }
}

fn sarcastic(chance: &mut Chance) -> String {
    let (fool, chore, name) = (chance.often(&FOOLS), chance.often(&CHORES), chance.name());
    match chance.below(12) {
        0 => format!("{fool} somehow manages to keep {chore}"),
        1 => format!("{fool} {} {chore} for {} years", chance.pick(&["proud of", "known for", "secretly"]), chance.range(2, 40)),
        2 => format!("report: {fool} just {chore}"),
        3 => format!("{name} {} excited to explain {}", chance.often(&PEOPLE), chance.often(&SUBJECTS)),
        4 => format!("nation's {}s announce they are done {chore}", chance.often(&PEOPLE)),
        5 => format!("{fool} {} midway through {chore}", chance.often(&EVENTS)),
        6 => format!("{} vows to solve {} by {chore}", chance.often(&BODIES), chance.often(&SUBJECTS)),
        7 => format!("{fool} not sure why {name} still {chore}"),
        8 => format!("{} unveils bold new plan for {chore}", chance.often(&BODIES)),
        9 => format!("{fool} thinks {} is about {name}", chance.often(&SUBJECTS)),
        10 => format!(
            "{} {}-year-old {} of {name} dies doing what he loved, {chore}",
            chance.pick(&["beloved", "quiet", "lonely"]),
            chance.range(30, 99),
            chance.often(&PEOPLE)
        ),
        _ => format!("{name} {} weeks into {chore}", chance.range(2, 50)),
    }
}
