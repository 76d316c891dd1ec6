//! Course 3, week 1: sentences become numbers.

use anyhow::Result;
use practicum_core::ndarray::Array2;
use practicum_core::plot::{self, Axis, Chart, Mark, Series};
use practicum_nlp::{PadOptions, STOP_WORDS, Side, Tokenizer, pad_sequences, remove_stop_words};

use crate::code;
use crate::data::{BBC, SARCASM};
use crate::report::{Figures, grouped, percent};
use crate::results::{DataSource, Figure};
use crate::week::{Next, RunClock, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C3W1: Week = Week {
    id: "c3w1",
    title: "Sentiment in text",
    teaches: "A tokenizer numbers words by how often they occur, and padding makes sentences equally long",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "A number for each word",
            task: "A network reads numbers. So each word gets one: the tokenizer counts the words of all sentences and numbers them \
                   from 1 on, the most frequent first.",
            code: code!["c3w1.rs": "lab1"],
            keras: include_str!("keras/c3w1_lab1.py"),
            notice: "`love` and `my` occur three times and come first; words that occur equally often keep the order in which they \
                     were seen. Capitals become small letters, and commas and exclamation marks are dropped, so `i` and `I,` are one \
                     word. An apostrophe would have stayed.",
            next: &[Next {
                change: "What happens to words that the tokenizer has never seen?",
                command: "cargo xtask run-week c3w1 --lab 2",
            }],
            targets: &[Target::print("lab1", "words", 6.0, DataSource::Inline)],
            run: lab1,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "Unknown words, sequences and padding",
            task: "The sentences become sequences of numbers. New sentences hold words without a number: one placeholder word stands for \
                   all of these. Short sequences are filled up with 0 and long ones cut, so that all together form one matrix.",
            code: code!["c3w1.rs": "lab2"],
            keras: include_str!("keras/c3w1_lab2.py"),
            notice: "The last sentence has seven words and the matrix five columns: its first two words are cut off, because padding and \
                     cutting happen in front unless told otherwise. `really`, `loves` and `manatee` all became 1. `num_words=100` lets \
                     the numbers 1 to 99 through, and never shortens the index itself.",
            next: &[Next { change: "Thousands of headlines instead of four sentences.", command: "cargo xtask run-week c3w1 --lab 3" }],
            targets: &[
                Target::print("lab2", "words", 11.0, DataSource::Inline),
                Target::print("lab2", "unknown_in_new_sentences", 3.0, DataSource::Inline),
            ],
            run: lab2,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(3),
            title: "Headlines",
            task: "The same three steps on real text: headlines of newspapers, some of which are satirical. How many words do they have, \
                   which are the most frequent, and how wide is the matrix?",
            code: code!["c3w1.rs": "lab3"],
            keras: include_str!("keras/c3w1_lab3.py"),
            notice: "A few small words make up a large part of all text, and about half of the vocabulary occurs only once: such words \
                     say little to a network, which meets each of them a single time. One long headline decides how wide the matrix is, \
                     and most of it may be padding.",
            next: &[Next { change: "The vectors of these words are learned next week.", command: "cargo xtask run-week c3w2 --lab 2" }],
            data: &[&SARCASM],
            targets: &[
                Target::print("lab3", "words", 29_657.0, DataSource::Real),
                Target::print("lab3", "texts", 26_709.0, DataSource::Real),
                Target::print("lab3", "columns", 40.0, DataSource::Real),
                Target::print("lab3", "first_id", 308.0, DataSource::Real),
            ],
            run: lab3,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "News without stop words",
            task: "Words such as `the` and `of` say nothing about the subject of an article. The exercise takes 153 of them out before \
                   it numbers the rest, and numbers the five subjects with a tokenizer of their own.",
            code: code!["c3w1.rs": "exercise"],
            keras: include_str!("keras/c3w1_exercise.py"),
            notice: "The removal replaces ` word `, with the spaces around it, by a single space, so a stop word survives at the \
                     beginning or end of the text, before a comma, and after itself. The numbers of the course come out only if it is \
                     done exactly so. The subjects are numbered from 1, so a network that learns them needs six outputs and never uses \
                     the first.",
            next: &[Next { change: "A network that tells the subjects apart.", command: "cargo xtask run-week c3w2 --exercise" }],
            data: &[&BBC],
            targets: &[
                Target::print("exercise", "texts", 2_225.0, DataSource::Real),
                Target::print("exercise", "words", 29_714.0, DataSource::Real),
                Target::print("exercise", "columns", 2_442.0, DataSource::Real),
                Target::print("exercise", "first_id", 96.0, DataSource::Real),
                Target::print("exercise", "subjects", 5.0, DataSource::Real),
            ],
            run: exercise,
        },
    ],
};

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: a number for each word")?;
    let sentences = ["i love my dog", "I, love my cat", "You love my dog!"];

    let mut tokenizer = Tokenizer::new().num_words(100);
    tokenizer.fit_on_texts(sentences)?;
    let index: Vec<String> = tokenizer.word_index().iter().map(|(word, id)| format!("{word} {id}")).collect();
    run.tell(&mut clock, format!("`word_index`: {}", index.join(", ")))?;
    // <page>
    run.inline_data("sentences");
    clock.metric("words", tokenizer.word_index().len() as f64);
    run.finish_without_model(clock)
    // </page>
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab2", "Lab 2: unknown words, sequences and padding")?;
    let sentences = ["I love my dog", "I love my cat", "You love my dog!", "Do you think my dog is amazing?"];

    let mut tokenizer = Tokenizer::new().num_words(100).oov_token("<OOV>");
    tokenizer.fit_on_texts(sentences)?;
    let sequences = tokenizer.texts_to_sequences(sentences)?;
    let padded = pad_sequences(&sequences, PadOptions::new().maxlen(5))?;

    let new = ["i really love my dog", "my dog loves my manatee"];
    let new_sequences = tokenizer.texts_to_sequences(new)?;
    let new_padded = pad_sequences(&new_sequences, PadOptions::new().maxlen(10))?;
    // <page>
    let index: Vec<String> = tokenizer.word_index().iter().map(|(word, id)| format!("{word} {id}")).collect();
    run.tell(&mut clock, format!("`word_index`: {}", index.join(", ")))?;
    let before = |texts: &[&str], sequences: &[Vec<i32>]| {
        texts.iter().zip(sequences).map(|(text, ids)| format!("{text}  →  {ids:?}")).collect::<Vec<_>>().join("\n")
    };
    run.tell(&mut clock, format!("Sequences\n{}", before(&sentences, &sequences)))?;
    run.tell(&mut clock, format!("Padded to 5\n{}", rows(&padded, 4)))?;
    run.tell(&mut clock, format!("New sentences\n{}", before(&new, &new_sequences)))?;
    run.tell(&mut clock, format!("Padded to 10\n{}", rows(&new_padded, 2)))?;
    run.inline_data("sentences");
    clock.metric("words", tokenizer.word_index().len() as f64);
    clock.metric("unknown_in_new_sentences", new_sequences.concat().iter().filter(|&&id| id == 1).count() as f64);
    run.finish_without_model(clock)
    // </page>
}

fn lab3(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab3", "Lab 3: headlines")?;
    let headlines = run.data(&SARCASM)?;
    let texts: Vec<&str> = headlines.iter().map(|record| record.headline.as_str()).collect();

    let mut tokenizer = Tokenizer::new().oov_token("<OOV>");
    tokenizer.fit_on_texts(&texts)?;
    let sequences = tokenizer.texts_to_sequences(&texts)?;
    let padded = pad_sequences(&sequences, PadOptions::new().padding(Side::Post))?;
    // <page>
    run.tell(&mut clock, format!("The first headline: {}\n{:?}", texts[0], sequences[0]))?;
    count(run, &mut clock, &tokenizer, &padded)?;
    run.finish_without_model(clock)
    // </page>
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exercise", "Exercise: news without stop words")?;
    let articles = run.data(&BBC)?;
    let texts: Vec<String> = articles.iter().map(|article| remove_stop_words(&article.text)).collect();

    let mut tokenizer = Tokenizer::new().oov_token("<OOV>");
    tokenizer.fit_on_texts(&texts)?;
    let sequences = tokenizer.texts_to_sequences(&texts)?;
    let padded = pad_sequences(&sequences, PadOptions::new().padding(Side::Post))?;

    let mut subjects = Tokenizer::new();
    subjects.fit_on_texts(articles.iter().map(|article| &article.category))?;
    let labels = subjects.texts_to_sequences(articles.iter().map(|article| &article.category))?;
    // <page>
    let [before, after] = [articles[0].text.as_str(), &texts[0]].map(|text| text.split_whitespace().count());
    run.tell(&mut clock, format!("{} stop words; the first article has {before} words with them and {after} without.", STOP_WORDS.len()))?;
    count(run, &mut clock, &tokenizer, &padded)?;
    let index: Vec<String> = subjects.word_index().iter().map(|(word, id)| format!("{word} {id}")).collect();
    let first: Vec<i32> = labels.concat().into_iter().take(10).collect();
    run.tell(&mut clock, format!("Subjects: {}; the first ten articles: {first:?}.", index.join(", ")))?;
    clock.metric("subjects", subjects.word_index().len() as f64);
    run.finish_without_model(clock)
    // </page>
}

fn rows(padded: &Array2<i32>, count: usize) -> String {
    padded.rows().into_iter().take(count).map(|row| format!("{:?}", row.to_vec())).collect::<Vec<_>>().join("\n")
}

/// What the tokenizer found: how many words, the most frequent, those that occur once, and the size of the matrix.
fn count(run: &mut WeekRun<'_>, clock: &mut RunClock, tokenizer: &Tokenizer, padded: &Array2<i32>) -> Result<()> {
    let words = tokenizer.word_index().len();
    let once = tokenizer.word_counts().filter(|&(_, count)| count == 1).count();
    let first: Vec<String> = tokenizer.word_index().iter().take(14).map(|(word, id)| format!("{word} {id}")).collect();
    run.tell(
        clock,
        format!(
            "{} words in the index; {} of them occur only once. The first numbers: {}, …",
            grouped(words as u64),
            grouped(once as u64),
            first.join(", ")
        ),
    )?;
    let (texts, columns) = padded.dim();
    let padding = padded.iter().filter(|&&id| id == 0).count() as f64 / padded.len() as f64;
    let size = [texts, columns].map(|size| grouped(size as u64)).join(" × ");
    run.tell(clock, format!("The padded matrix is {size}; {} of it is padding.", percent(padding)))?;
    clock.metric("texts", texts as f64);
    clock.metric("words", words as f64);
    clock.metric("columns", columns as f64);
    clock.metric("first_id", f64::from(padded[[0, 0]]));
    clock.metric("words_seen_once", once as f64);
    clock.key_figure("words", ("of them only once", once as f64));
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let drawn = frequencies(&figures, tokenizer)?;
        run.results.figures.push(drawn);
    }
    Ok(())
}

/// How often each word occurs, the most frequent first.
fn frequencies(figures: &Figures<'_>, tokenizer: &Tokenizer) -> Result<Figure> {
    let mut counts: Vec<f64> = tokenizer.word_counts().map(|(_, count)| count as f64).collect();
    counts.sort_by(|a, b| b.total_cmp(a));
    // No more points than can be told apart: the ranks grow by a twentieth.
    let next = |rank: &usize| Some(rank + (rank / 20).max(1));
    let ranks = std::iter::successors(Some(1), next).take_while(|rank| *rank <= counts.len());
    let points = ranks.map(|rank| (rank as f64, counts[rank - 1])).collect();
    let axes = ("Rank of the word, the most frequent first", "Occurrences");
    let chart =
        Chart::new(Axis::new(axes.0, plot::Scale::Log), Axis::new(axes.1, plot::Scale::Log)).series(Series::new("", Mark::Line, points));
    let caption = "On logarithmic axes; in natural language the fall is nearly a straight line: the hundredth word occurs about a tenth as \
                   often as the tenth.";
    figures.chart("frequencies", "How often each word occurs", caption, false, &chart)
}
