//! Course 3, week 4: text generation.

use std::time::Instant;

use anyhow::Result;
use practicum_core::prelude::*;
use practicum_nlp::datasets::lanigan;
use practicum_nlp::{Sampling, TextEncoder, TextGenerator, Tokenizer, next_token_examples, sliding_windows};

use crate::code;
use crate::data::{IRISH, SONNETS};
use crate::interrupt;
use crate::report::grouped;
use crate::results::DataSource;
use crate::week::{Bound, Next, RunClock, Scale, Session, SessionKind, Target, Week, WeekRun, curves_of};

pub(super) static C3W4: Week = Week {
    id: "c3w4",
    title: "Sequence models and literature",
    teaches: "A network that predicts the next word of a line goes on writing by itself",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "One song by heart",
            task: "Every prefix of every line is an example, and the word that follows it is the answer. A network that reads one song \
                   often enough knows it by heart; then it is given a few words and goes on with the word it considers likeliest, again \
                   and again.",
            code: code!["c3w4.rs": "lab1", "c3w4.rs": "DUBLIN", "c3w4.rs": "write"],
            keras: include_str!("keras/c3w4_lab1.py"),
            notice: "The accuracy cannot reach 1: after the same words the song goes on in different ways, and a beginning of one word \
                     tells little. Of `Laurence went to dublin` the network knows three words. Greedy text runs into lines of the \
                     song and then goes round in circles; drawn text breaks out of them.",
            next: &[Next {
                change: "Stop after 20 epochs: it has found little more than the frequent words.",
                command: "cargo xtask run-week c3w4 --lab 1 --epochs 20",
            }],
            targets: &[
                Target { run: "lab1", metric: "total_words", bound: Bound::Print(263.0), at: Scale::Any, ..INLINE },
                Target { run: "lab1", metric: "sequences", bound: Bound::Print(453.0), at: Scale::Any, ..INLINE },
                Target { run: "lab1", metric: "context", bound: Bound::Print(10.0), at: Scale::Any, ..INLINE },
                Target { run: "lab1", metric: "parameters", bound: Bound::Print(41_215.0), at: Scale::Any, ..INLINE },
                Target {
                    run: "lab1",
                    metric: "best_accuracy",
                    bound: Bound::AtLeast(0.93),
                    source: "two points less than the course's figure; 20 of 20 seeds meet it, the worst reaches 0.9514",
                    course: Some(0.949),
                    ..INLINE
                },
            ],
            run: lab1,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "A book of songs",
            task: "The course's book has 1,692 lines instead of 64, and its network is larger. It can no longer know all by heart, and \
                   begins to mix the songs. How likely must a word be to be chosen? Greedy decoding, sampling at different temperatures, \
                   and beam search are compared.",
            code: code!["c3w4.rs": "lab2", "c3w4.rs": "FEELING", "c3w4.rs": "few", "c3w4.rs": "write"],
            keras: include_str!("keras/c3w4_lab2.py"),
            notice: "At a learning rate of 0.01 the accuracy rises fast and, in a long training, fluctuates. The perplexity says between \
                     how many words the network is still choosing, on average. Low temperatures repeat themselves, high ones lose the \
                     thread; beam search finds the likeliest line, often one of the songs' own.",
            next: &[
                Next {
                    change: "Go on from a beginning of your own.",
                    command: "cargo xtask run-week c3w4 --ask \"my love she was\" --temperature 0.7",
                },
                Next { change: "Characters instead of words.", command: "cargo xtask run-week c3w4 --lab 3" },
            ],
            data: &[&IRISH],
            targets: &[
                Target { run: "lab2", metric: "total_words", bound: Bound::Print(2_690.0), ..REAL },
                Target { run: "lab2", metric: "sequences", bound: Bound::Print(12_038.0), ..REAL },
                Target { run: "lab2", metric: "context", bound: Bound::Print(15.0), ..REAL },
                Target { run: "lab2", metric: "parameters", bound: Bound::Print(1_379_890.0), ..REAL },
                Target {
                    run: "lab2",
                    metric: "best_accuracy",
                    bound: Bound::AtLeast(0.72),
                    source: "three points less than the best epoch of the course's run; one seed was measured, which reaches 0.796",
                    course: Some(0.7517),
                    ..REAL
                },
            ],
            run: lab2,
        },
        Session {
            kind: SessionKind::Lab(3),
            title: "Letter by letter",
            task: "There are thousands of words and a few dozen characters. A network that predicts characters needs no vocabulary, can \
                   write words it has never seen, and has to learn to spell first. It reads 40 characters of the sonnets at a time.",
            code: code!["c3w4.rs": "lab3", "c3w4.rs": "few", "c3w4.rs": "write"],
            keras: include_str!("keras/c3w4_lab3.py"),
            notice: "First it learns the frequencies of letters, then spaces and small words, then endings and line breaks. What it \
                     writes looks like verse from afar. The perplexity is that of a character: 3 means that it is choosing between three \
                     characters, on average.",
            next: &[Next {
                change: "Longer training: when do real words appear?",
                command: "cargo xtask run-week c3w4 --lab 3 --epochs 20",
            }],
            data: &[&SONNETS],
            targets: &[Target {
                run: "lab3",
                metric: "perplexity",
                bound: Bound::AtMost(6.0),
                at: Scale::Course,
                source: "three of three seeds meet it; the course has no such lab",
                ..REAL
            }],
            run: lab3,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "Sonnets",
            task: "A deeper network for a harder text: two LSTMs, dropout between them, and a dense layer whose weights are kept small. \
                   In the course it has six million weights for fifteen thousand examples.",
            code: code!["c3w4.rs": "exercise", "c3w4.rs": "HOPE", "c3w4.rs": "few", "c3w4.rs": "write"],
            keras: include_str!("keras/c3w4_exercise.py"),
            notice: "For many epochs hardly anything happens: the penalty on the weights and the dropout hold the network back, and it \
                     writes the most frequent words. In a training of the course's length it then begins to know lines by heart. The \
                     loss includes the penalty, so it is no measure of surprise; the perplexity is. The notebook's one-hot labels take \
                     199 MB; integer labels give the same loss without them.",
            next: &[Next { change: "The same text letter by letter.", command: "cargo xtask run-week c3w4 --lab 3" }],
            data: &[&SONNETS],
            targets: &[
                Target { run: "exercise", metric: "total_words", bound: Bound::Print(3_211.0), ..REAL },
                Target { run: "exercise", metric: "sequences", bound: Bound::Print(15_462.0), ..REAL },
                Target { run: "exercise", metric: "parameters", bound: Bound::Print(6_101_671.0), ..REAL },
                Target {
                    run: "exercise",
                    metric: "best_accuracy",
                    bound: Bound::AtLeast(0.79),
                    source: "the exercise asks for 0.80; one seed was measured, which reaches 0.7987",
                    course: Some(0.815),
                    ..REAL
                },
            ],
            run: exercise,
        },
    ],
};

const REAL: Target = Target { source: "what the notebook prints", ..Target::BARE };

const INLINE: Target = Target { on: DataSource::Inline, ..REAL };

/// The course's seed texts: what the networks go on from.
const DUBLIN: &str = "Laurence went to dublin";
const FEELING: &str = "I've got a bad feeling about this";
const HOPE: &str = "Help me Obi Wan Kenobi, you're my only hope";

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: one song by heart")?;
    run.inline_data("lanigan");
    let lines = lanigan::lines();
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(&lines)?;
    let (x, y) = next_token_examples(&tokenizer.texts_to_sequences(&lines)?, None)?;

    let words = tokenizer.word_index().len() + 1;
    let mut model = run
        .sequential()
        .add(Input::new([x.ncols()]))
        .add(Embedding::new(words, 64))
        .add(Bidirectional::new(LSTM::new(20)))
        .add(Dense::new(words).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let epochs = run.epochs(500, 120);
    let history = model.fit(&x, &y, run.fit(epochs).quiet())?;
    run.tell_size(&mut clock, &[(epochs, 500, "epochs")])?;
    let trained = Trained { model: &model, history: &history, examples: y.len(), lines: &lines, tokens: 100, seed_text: DUBLIN };
    write(run, clock, tokenizer, &trained)
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab2", "Lab 2: a book of songs")?;
    let songs = run.data(&IRISH)?;
    let lines = few(run, &songs, 216);
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(&lines)?;
    let (x, y) = next_token_examples(&tokenizer.texts_to_sequences(&lines)?, None)?;

    let words = tokenizer.word_index().len() + 1;
    let mut model = run
        .sequential()
        .add(Input::new([x.ncols()]))
        .add(Embedding::new(words, 100))
        .add(Bidirectional::new(LSTM::new(150)))
        .add(Dense::new(words).activation(Activation::Softmax));
    model.compile(Adam::new(0.01), "sparse_categorical_crossentropy", "accuracy")?;
    let epochs = run.epochs(100, 8);
    let history = model.fit(&x, &y, run.fit(epochs))?;
    run.tell_size(&mut clock, &[(y.len(), 12_038, "examples"), (epochs, 100, "epochs")])?;
    let trained = Trained { model: &model, history: &history, examples: y.len(), lines: &lines, tokens: 100, seed_text: FEELING };
    write(run, clock, tokenizer, &trained)
}

fn lab3(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab3", "Lab 3: letter by letter")?;
    let sonnets = run.data(&SONNETS)?;
    let lines = few(run, &sonnets, 168);
    let text = lines.join("\n").to_lowercase();
    let mut tokenizer = Tokenizer::new().char_level(true);
    tokenizer.fit_on_texts([&text])?;
    let (x, y) = sliding_windows(&tokenizer.texts_to_sequences([&text])?[0], 40, 3)?;

    let characters = tokenizer.word_index().len() + 1;
    let mut model = run
        .sequential()
        .add(Input::new([40]))
        .add(Embedding::new(characters, 32))
        .add(LSTM::new(128))
        .add(Dense::new(characters).activation(Activation::Softmax));
    model.compile(Adam::new(0.003), "sparse_categorical_crossentropy", "accuracy")?;
    let epochs = run.epochs(30, 16);
    let history = model.fit(&x, &y, run.fit(epochs).batch_size(64))?;
    run.tell_size(&mut clock, &[(y.len(), 31_180, "examples"), (epochs, 30, "epochs")])?;
    let texts = [text.as_str()];
    let seed_text = "when forty winters shall besiege thy brow\n";
    let trained = Trained { model: &model, history: &history, examples: y.len(), lines: &texts, tokens: 240, seed_text };
    write(run, clock, tokenizer, &trained)
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exercise", "Exercise: sonnets")?;
    let sonnets = run.data(&SONNETS)?;
    let lines = few(run, &sonnets, 168);
    let mut tokenizer = Tokenizer::new();
    tokenizer.fit_on_texts(&lines)?;
    let (x, y) = next_token_examples(&tokenizer.texts_to_sequences(&lines)?, None)?;

    let words = tokenizer.word_index().len() + 1;
    let mut model = run
        .sequential()
        .add(Input::new([x.ncols()]))
        .add(Embedding::new(words, 100))
        .add(Bidirectional::new(LSTM::new(150).return_sequences(true)))
        .add(Dropout::new(0.2))
        .add(LSTM::new(100))
        .add(Dense::new(words / 2).activation(Activation::Relu).kernel_regularizer(Regularizer::l2(0.01)))
        .add(Dense::new(words).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let epochs = run.epochs(100, 12);
    let history = model.fit(&x, &y, run.fit(epochs))?;
    run.tell_size(&mut clock, &[(y.len(), 15_462, "examples"), (epochs, 100, "epochs")])?;
    let trained = Trained { model: &model, history: &history, examples: y.len(), lines: &lines, tokens: 100, seed_text: HOPE };
    write(run, clock, tokenizer, &trained)
}

/// All lines, or the first few at the small scale.
fn few<'a>(run: &WeekRun<'_>, lines: &'a [String], quick: usize) -> Vec<&'a str> {
    let count = if run.is_full() { lines.len() } else { lines.len().min(quick) };
    lines[..count].iter().map(String::as_str).collect()
}

/// A network that says what comes next, and what it was trained on.
struct Trained<'a> {
    model: &'a Model,
    history: &'a History,
    examples: usize,
    lines: &'a [&'a str],
    /// How many words or characters it shall write.
    tokens: usize,
    seed_text: &'a str,
}

/// Lets the network write, in several ways, and measures how surprised it is by what it has read.
fn write(run: &mut WeekRun<'_>, mut clock: RunClock, encoder: impl Into<TextEncoder>, trained: &Trained<'_>) -> Result<()> {
    // <page>
    let accuracy = trained.history.get("accuracy").unwrap_or_default();
    clock.metric("best_accuracy", accuracy.iter().copied().fold(0.0, f64::max));
    clock.metric("accuracy", accuracy.last().copied().unwrap_or(f64::NAN));
    if interrupt::asked() {
        // What follows takes as long as some trainings.
        return run.finish(clock, trained.model, trained.history);
    }
    // </page>
    let generator = TextGenerator::new(trained.model, encoder)?;
    let began = Instant::now();
    // The loop of the course: the likeliest word, even if it is the padding.
    let greedy = generator.generate(trained.seed_text, trained.tokens, &Sampling::greedy().padding(true))?;
    let seconds = began.elapsed().as_secs_f64();
    let seed = run.settings.seed;
    let drawn = |sampling: Sampling| generator.generate(trained.seed_text, trained.tokens / 2, &sampling.seed(seed));
    let texts = [
        ("Greedy", greedy),
        ("Temperature 0.5", drawn(Sampling::new().temperature(0.5))?),
        ("Temperature 1", drawn(Sampling::new())?),
        ("Top-p 0.9, repetition penalty 1.2", drawn(Sampling::new().top_p(0.9).repetition_penalty(1.2))?),
        ("Beam of 5", generator.beam_search(trained.seed_text, trained.tokens / 5, 5)?.0),
    ];
    let perplexity = generator.perplexity(trained.lines)?;
    // <page>
    let lines: usize = trained.lines.iter().map(|text| text.lines().count()).sum();
    let [lines, examples] = [lines, trained.examples].map(|count| grouped(count as u64));
    clock.note(format!("{lines} lines, which make {examples} examples."));
    for (name, text) in &texts {
        run.tell(&mut clock, format!("{name}: {text}"))?;
    }
    run.say(&format!("perplexity {perplexity:.2}; {:.0} tokens per second", trained.tokens as f64 / seconds))?;
    clock.metric("perplexity", perplexity);
    clock.metric("total_words", trained.model.output_shape()?.dims().last().copied().flatten().unwrap_or_default() as f64);
    clock.metric("sequences", trained.examples as f64);
    clock.metric("context", generator.context() as f64);
    clock.metric("parameters", trained.model.count_params()? as f64);
    clock.metric("tokens_per_second", trained.tokens as f64 / seconds);
    let frequent = most_frequent(&generator, trained)?;
    clock.metric("most_frequent_token", frequent);
    clock.key_figure("best_accuracy", ("always the most frequent", frequent));
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let drawn = figures.curves(&curves_of(trained.history))?;
        run.results.figures.extend(drawn);
    }
    run.finish(clock, trained.model, trained.history)?;
    let temperature = run.settings.temperature.unwrap_or(0.7);
    let sampling = Sampling::new().temperature(temperature).seed(seed);
    crate::ask_text::each(run.settings, |text| Ok(generator.generate(text, trained.tokens / 2, &sampling)?))
    // </page>
}

/// The accuracy of always answering with the token that is the answer most often.
fn most_frequent(generator: &TextGenerator<'_>, trained: &Trained<'_>) -> Result<f64> {
    let mut counts = std::collections::HashMap::new();
    for line in trained.lines {
        generator.encoder().encode(line)?.into_iter().skip(1).for_each(|id| *counts.entry(id).or_insert(0_u64) += 1);
    }
    let total: u64 = counts.values().sum();
    Ok(counts.values().max().copied().unwrap_or_default() as f64 / total.max(1) as f64)
}
