//! What the weeks about texts share: texts with labels, and what a page says of a network that was trained on them.

use std::cell::OnceCell;
use std::time::Instant;

use anyhow::Result;
use practicum_core::prelude::*;
use practicum_nlp::datasets::imdb::Review;
use practicum_nlp::{BagOfWords, MatrixMode, PadOptions, TextClassifier, TextEncoder, Tokenizer, WordVectors, pad_sequences};
use practicum_vision::evaluation::{Answers, ConfusionMatrix};

use crate::data::{IMDB, SARCASM};
use crate::interrupt;
use crate::report::{Confusion, Figures, WordMap, grouped, percent};
use crate::results::Figure;
use crate::week::{RunClock, WeekRun, curves_of};

/// Texts, and the class of each.
#[derive(Default)]
pub(super) struct Labeled {
    pub(super) texts: Vec<String>,
    pub(super) labels: Vec<i32>,
}

/// Texts to train on, and texts to judge the network by.
pub(super) struct Split {
    pub(super) train: Labeled,
    pub(super) test: Labeled,
    pub(super) classes: &'static [&'static str],
    /// What counting words alone reaches, once it is known: for all networks that are trained on these texts.
    counted: OnceCell<Vec<Counted>>,
}

/// A baseline: logistic regression on counted words.
struct Counted {
    name: &'static str,
    metric: &'static str,
    accuracy: f32,
    /// The words that speak for each class.
    words: String,
}

impl Split {
    pub(super) fn new(train: Labeled, test: Labeled, classes: &'static [&'static str]) -> Self {
        Self { train, test, classes, counted: OnceCell::new() }
    }

    /// The first `train` texts to train on, the others to test on.
    pub(super) fn at(train: usize, texts: Vec<String>, labels: Vec<i32>, classes: &'static [&'static str]) -> Self {
        let (mut texts, mut labels) = (texts, labels);
        let train = train.min(texts.len());
        let test = Labeled { texts: texts.split_off(train), labels: labels.split_off(train) };
        Self::new(Labeled { texts, labels }, test, classes)
    }

    /// The baselines; computed, and told, once.
    fn counted(&self, run: &WeekRun<'_>) -> Result<&[Counted]> {
        if let Some(counted) = self.counted.get() {
            return Ok(counted);
        }
        let count = self.train.texts.len().min(COUNTED);
        let (texts, labels) = (&self.train.texts[..count], &self.train.labels[..count]);
        let terms = if run.is_full() { 2_000 } else { 500 };
        let mut all = Vec::new();
        for (name, metric, mode) in
            [("bag of words", "bag_of_words_accuracy", MatrixMode::Binary), ("TF-IDF", "tf_idf_accuracy", MatrixMode::TfIdf)]
        {
            let began = Instant::now();
            let fitted = BagOfWords::new(mode).max_terms(terms).fit(texts, labels)?;
            let accuracy = fitted.accuracy(&self.test.texts, &self.test.labels)?;
            run.say(&format!("{name} and logistic regression: {accuracy:.4} in {:.1} s", began.elapsed().as_secs_f64()))?;
            let words = |class: usize| {
                let words: Vec<&str> = fitted.weights(class as i32).iter().take(12).map(|(word, _)| *word).collect();
                format!("{}: {}", self.classes[class], words.join(", "))
            };
            let mut lines = vec![format!("Words that speak for each class, by {name} and logistic regression")];
            let known = |class: &usize| self.train.labels.contains(&(*class as i32));
            lines.extend((0..self.classes.len()).filter(known).map(words));
            all.push(Counted { name, metric, accuracy, words: lines.join("\n") });
        }
        Ok(self.counted.get_or_init(|| all))
    }
}

/// The most texts that words are counted in: each takes a dense row, and more of them would not fit into memory.
const COUNTED: usize = 25_000;

/// Reviews that the course trains on.
pub(super) const REVIEWS: usize = 25_000;

/// Headlines that the course trains on.
pub(super) const HEADLINES: usize = 20_000;

/// The headlines in the order of the file: the course's 20,000 to train on, or three of four where there are fewer. At the
/// small scale 5,000 of them.
pub(super) fn headlines(run: &mut WeekRun<'_>) -> Result<Split> {
    let all = run.data(&SARCASM)?;
    let count = if run.is_full() { all.len() } else { all.len().min(5_000) };
    let (texts, labels) = all[..count].iter().map(|record| (record.headline.clone(), i32::from(record.is_sarcastic))).unzip();
    Ok(Split::at((count * 3 / 4).min(HEADLINES), texts, labels, &["serious", "sarcastic"]))
}

/// The reviews as the archive has them; at the small scale one in every few, so that both classes are there.
pub(super) fn reviews(run: &mut WeekRun<'_>, quick: [usize; 2]) -> Result<Split> {
    let all = run.data(&IMDB)?;
    let part = |reviews: &[Review], quick: usize| {
        let step = if run.is_full() { 1 } else { reviews.len().div_ceil(quick).max(1) };
        let chosen = reviews.iter().step_by(step);
        let (texts, labels) = chosen.map(|review| (review.text.clone(), i32::from(review.positive))).unzip();
        Labeled { texts, labels }
    };
    Ok(Split::new(part(&all.train, quick[0]), part(&all.test, quick[1]), &["bad", "good"]))
}

/// Ids of words, `[texts, length]`, as a network reads them.
pub(super) fn padded(tokenizer: &Tokenizer, texts: &[String], padding: PadOptions) -> Result<practicum_core::ndarray::Array2<i32>> {
    Ok(pad_sequences(&tokenizer.texts_to_sequences(texts)?, padding)?)
}

/// A network that was trained on texts, and what it takes to ask it.
pub(super) struct Trained<'a> {
    pub(super) model: &'a Model,
    pub(super) history: &'a History,
    pub(super) encoder: TextEncoder,
    pub(super) padding: PadOptions,
    pub(super) split: &'a Split,
    /// Words to be looked up in the embedding.
    pub(super) look_up: &'a [&'a str],
}

/// The words of a page: figures of the run, its baselines, what it says of texts, and pictures. Answers `--ask` at the end.
pub(super) fn judge(run: &mut WeekRun<'_>, mut clock: RunClock, trained: &Trained<'_>) -> Result<()> {
    let Trained { model, history, split, .. } = trained;
    let [train, test] = [&split.train, &split.test].map(|part| grouped(part.texts.len() as u64));
    clock.note(format!("{train} texts for training, {test} for validation."));
    score(run, &mut clock, history)?;
    if interrupt::asked() {
        // What follows takes as long as some trainings.
        return run.finish(clock, model, history);
    }
    baselines(run, &mut clock, split)?;
    let asked = TextClassifier::new(model, trained.encoder.clone(), trained.padding, split.classes.iter().copied())?;
    let answers = answers(trained)?;
    let (texts, truth) = (&split.test.texts, split.test.labels.iter().map(|&label| label as usize).collect::<Vec<_>>());
    clock.note(surest_mistakes(&answers, texts, &truth, split.classes)?);
    let right = (0..texts.len()).filter(|&i| answers.classes()[i] == truth[i] && texts[i].len() < 400);
    let sure = |&i: &usize| answers.confidence(i).unwrap_or_default();
    if let Some(surest) = right.max_by(|a, b| sure(a).total_cmp(&sure(b))) {
        clock.note(format!("The surest right answer, and the words that decided\n{}", explained(&asked, &texts[surest])?));
    }
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let mut drawn = figures.curves(&curves_of(history))?;
        let matrix = ConfusionMatrix::new(&truth, answers.classes(), split.classes.len())?;
        let counts: Vec<u64> = matrix.counts().iter().map(|count| *count as u64).collect();
        drawn.push(figures.confusion_matrix("confusion", "Confusion matrix", &Confusion { counts: &counts, classes: split.classes })?);
        if split.classes.len() > 2 {
            let title = "What the network says about the first validation text";
            let (values, predicted) = (answers.probabilities(0).unwrap_or_default(), answers.classes().first().copied());
            let truth = truth.first().map_or("none", |&class| split.classes[class]);
            drawn.push(figures.probabilities(title, split.classes, values, predicted, truth)?);
        }
        drawn.extend(explore(&figures, &mut clock, trained)?);
        run.results.figures.extend(drawn);
    }
    run.finish(clock, model, history)?;
    ask(run, &asked)
}

/// What a network answers to the texts that it is judged by.
///
/// In chunks as large as the batches of the validation: texts of no fixed length are padded to the longest of a batch, and a
/// network without a mask answers differently where there is more padding.
fn answers(trained: &Trained<'_>) -> Result<Answers> {
    let texts = &trained.split.test.texts;
    let mut values = Vec::new();
    for texts in texts.chunks(64) {
        let rows = pad_sequences(&trained.encoder.encode_all(texts)?, trained.padding)?;
        values.extend_from_slice(trained.model.predict(&rows)?.as_slice());
    }
    Ok(Answers::new(&Tensor::new([texts.len(), values.len() / texts.len().max(1)], values)?)?)
}

/// The wrong answers that the network was surest of: the predicted and the true class with the probability of each, and the text.
fn surest_mistakes(answers: &Answers, texts: &[String], truth: &[usize], classes: &[&str]) -> Result<String> {
    let mut lines = vec!["The surest mistakes".to_owned()];
    for mistake in answers.mistakes(truth)?.iter().take(4) {
        let (index, probabilities) = (mistake.index, answers.probabilities(mistake.index).unwrap_or_default());
        let told = |class: usize| format!("{} {:.3}", classes[class], probabilities[class]);
        lines.push(format!("{}, but {}: {}", told(answers.classes()[index]), told(truth[index]), start(&texts[index])));
    }
    Ok(lines.join("\n"))
}

/// The best and the last accuracy, and the seconds of an epoch.
pub(super) fn score(run: &WeekRun<'_>, clock: &mut RunClock, history: &History) -> Result<()> {
    let curve = history.get("val_accuracy").unwrap_or_default();
    let best =
        curve.iter().copied().enumerate().fold((0, 0.0), |best, (epoch, value)| if value > best.1 { (epoch + 1, value) } else { best });
    clock.metric("best_val_accuracy", best.1);
    clock.metric("best_epoch", best.0 as f64);
    clock.metric("val_accuracy", history.last("val_accuracy").unwrap_or(f64::NAN));
    clock.metric("val_loss", history.last("val_loss").unwrap_or(f64::NAN));
    clock.metric("train_accuracy", history.last("accuracy").unwrap_or(f64::NAN));
    run.say(&format!("best validation accuracy {:.4}, after epoch {}", best.1, best.0))
}

/// What counting words alone reaches.
fn baselines(run: &WeekRun<'_>, clock: &mut RunClock, split: &Split) -> Result<()> {
    let counted = split.counted(run)?;
    for baseline in counted {
        clock.metric(baseline.metric, baseline.accuracy.into());
    }
    if let Some(best) = counted.iter().reduce(|best, next| if next.accuracy > best.accuracy { next } else { best }) {
        clock.key_figure("best_val_accuracy", (&format!("{} and logistic regression", best.name), best.accuracy.into()));
    }
    if split.train.texts.len() > COUNTED {
        clock.note(format!("Logistic regression was fitted to the first {} training texts.", grouped(COUNTED as u64)));
    }
    if let Some(tf_idf) = counted.last() {
        clock.note(tf_idf.words.clone());
    }
    Ok(())
}

/// The vectors that the first Embedding of a network learned.
fn vectors(trained: &Trained<'_>) -> Result<Option<WordVectors>> {
    let Some(table) = trained.model.get_layer("embedding").ok().and_then(|layer| layer.get_weights().first().map(|table| (*table).clone()))
    else {
        return Ok(None);
    };
    let word = |id| Some(trained.encoder.id_to_text(id)).filter(|text| !text.is_empty());
    let mut seen = std::collections::HashSet::new();
    Ok(Some(WordVectors::from_embedding(&table, |id| word(id).filter(|word| seen.insert(word.clone())))?))
}

/// What the embedding learned: words near to others, its vectors as files, and a map of the most frequent words.
fn explore(figures: &Figures<'_>, clock: &mut RunClock, trained: &Trained<'_>) -> Result<Option<Figure>> {
    let Some(vectors) = vectors(trained)? else { return Ok(None) };
    let count = vectors.words().len().min(400);
    let shown = WordVectors::new(
        vectors.words()[..count].iter().cloned(),
        vectors.vectors().slice(practicum_core::ndarray::s![..count, ..]).to_owned(),
    )?;
    let axes = shown.pca(2).ok();
    let share = axes.as_ref().map_or(0.0, |(_, parts)| f64::from(parts[0]));
    clock.results.notes.extend(nearest(trained.look_up, &vectors, share)?);
    let [vecs, meta] = ["vecs", "meta"].map(|name| format!("{}-{name}.tsv", figures.run));
    vectors.export(figures.folder.join(&vecs), figures.folder.join(&meta))?;
    clock.note(format!("To explore the vectors, load `{vecs}` and `{meta}` from this page's folder into projector.tensorflow.org."));
    clock.results.files.extend([vecs, meta]);
    let Some((places, parts)) = axes else { return Ok(None) };
    let points: Vec<(f64, f64)> = places.rows().into_iter().map(|row| (f64::from(row[0]), f64::from(row[1]))).collect();
    let map = WordMap { words: shown.words(), places: &points };
    let [first, second] = [parts[0], parts[1]].map(|part| percent(part.into()));
    let caption = format!(
        "The {count} most frequent words on the two directions in which their vectors differ most: {first} and {second} of all variance. \
         Only outlying words are labelled."
    );
    Ok(Some(figures.word_map("words", "Word vectors", &caption, &map)?))
}

/// A note of the words nearest to each, or one that all vectors lie on a line: `share` is that of the variance along it.
fn nearest(words: &[&str], vectors: &WordVectors, share: f64) -> Result<Vec<String>> {
    let known = words.iter().filter(|word| vectors.get(word).is_some());
    let all = known.map(|word| anyhow::Ok((word.trim(), vectors.nearest(word, 6)?))).collect::<Result<Vec<_>>>()?;
    // Cosines that are all written as 1.00.
    let alike = all.iter().flat_map(|(_, near)| near).all(|(_, cosine)| *cosine >= 0.995);
    if share >= 0.95 && alike && !all.is_empty() {
        let share = percent(share);
        return Ok(vec![format!("Nearly all vectors lie on one line ({share} of the variance), so the nearest words say little.")]);
    }
    let note = |(word, near): (&str, Vec<(&str, f32)>)| {
        let near: Vec<String> = near.iter().map(|(word, cosine)| format!("{} ({cosine:.2})", word.trim())).collect();
        format!("Nearest to `{word}`: {}.", near.join(", "))
    };
    Ok(all.into_iter().map(note).collect())
}

/// The verdict on a text, and the words that spoke for it and against it.
fn explained(classifier: &TextClassifier<'_>, text: &str) -> Result<String> {
    let explanation = classifier.explain(text)?;
    let merged = merged(&explanation.words);
    let words = |words: Vec<&(String, f32)>| words.iter().map(|(word, by)| format!("{word} {by:+.3}")).collect::<Vec<_>>().join(", ");
    let strong: Vec<_> = merged.iter().filter(|(_, by)| *by > 0.0005).take(5).collect();
    let against: Vec<_> = merged.iter().rev().filter(|(_, by)| *by < -0.0005).take(3).collect();
    let verdict = &explanation.verdict;
    let mut lines = vec![format!("{}  →  {} {:.3}", start(text), verdict.class, verdict.probability)];
    if !strong.is_empty() {
        lines.push(format!("for it: {}", words(strong)));
    }
    if !against.is_empty() {
        lines.push(format!("against it: {}", words(against)));
    }
    Ok(lines.join("\n"))
}

/// Words that a text holds several times as one, `it (3×)`, with the sum of what they did; the strongest first.
fn merged(words: &[(String, f32)]) -> Vec<(String, f32)> {
    let mut sums: Vec<(&str, usize, f32)> = Vec::new();
    for (word, by) in words {
        match sums.iter_mut().find(|known| known.0 == word) {
            Some((_, times, sum)) => (*times, *sum) = (*times + 1, *sum + by),
            None => sums.push((word.as_str(), 1, *by)),
        }
    }
    sums.sort_by(|a, b| b.2.total_cmp(&a.2));
    let named = |(word, times, sum): (&str, usize, f32)| (if times > 1 { format!("{word} ({times}×)") } else { String::from(word) }, sum);
    sums.into_iter().map(named).collect()
}

/// Answers the question of `--ask`, or asks for texts until there is an empty line.
fn ask(run: &WeekRun<'_>, classifier: &TextClassifier<'_>) -> Result<()> {
    crate::ask_text::each(run.settings, |text| explained(classifier, text))
}

/// As much of a text as a line holds.
fn start(text: &str) -> String {
    let short: String = text.chars().take(160).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// A table of runs that were just made: what each costs and reaches.
pub(super) fn compare(run: &mut WeekRun<'_>, id: &str, title: &str, ids: &[&str]) -> Result<()> {
    let mut clock = run.begin(id, title)?;
    clock.results.comparison = true;
    let metric = |run: &crate::results::RunResults, name: &str| run.metrics.get(name).copied().unwrap_or(f64::NAN);
    let mut lines = vec![format!(
        "{:<28}{:>12}{:>15}{:>15}{:>15}{:>11}",
        "", "parameters", "seconds/epoch", "best val. acc.", "last val. acc.", "val. loss"
    )];
    let mut numbers = Vec::new();
    for other in run.results.runs.iter().filter(|run| ids.contains(&run.id.as_str())) {
        let seconds = metric(other, "seconds_per_epoch");
        let name: String = other.title.split_once(": ").map_or(other.title.as_str(), |(_, name)| name).chars().take(28).collect();
        lines.push(format!(
            "{name:<28}{:>12}{seconds:>15.2}{:>15.4}{:>15.4}{:>11.4}",
            grouped(other.params.total as u64),
            metric(other, "best_val_accuracy"),
            metric(other, "val_accuracy"),
            metric(other, "val_loss")
        ));
        numbers.push((format!("{}_seconds_per_epoch", other.id.replace('-', "_")), seconds));
    }
    for (name, seconds) in numbers {
        clock.metric(&name, seconds);
    }
    let table = lines.join("\n");
    run.say(&table)?;
    // The first line of a note is its title, and folds the others.
    clock.note(format!("Parameters, seconds and accuracies\n{table}"));
    run.finish_without_model(clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_stands_in_a_text_several_times_is_told_once() {
        let words = [("bad", 0.5), ("it", 0.25), ("it", 0.25), ("it", 0.25), ("but", -0.5)].map(|(word, by)| (word.to_owned(), by));
        let told = merged(&words);
        let names: Vec<(&str, f32)> = told.iter().map(|(word, by)| (word.as_str(), *by)).collect();
        assert_eq!(names, [("it (3×)", 0.75), ("bad", 0.5), ("but", -0.5)]);
    }

    #[test]
    fn a_mistake_is_told_with_the_probability_of_the_true_class() {
        let answers = Answers::new(&Tensor::new([2, 3], vec![0.7, 0.2, 0.1, 0.25, 0.25, 0.5]).unwrap()).unwrap();
        let texts = ["a goal".to_owned(), "a vote".to_owned()];
        let told = surest_mistakes(&answers, &texts, &[1, 2], &["sport", "politics", "tech"]).unwrap();
        assert_eq!(told, "The surest mistakes\nsport 0.700, but politics 0.200: a goal");
    }

    #[test]
    fn nearest_words_are_told_unless_all_vectors_lie_on_a_line() {
        let table = practicum_core::ndarray::array![[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]];
        let vectors = WordVectors::new(["great ", "good", "fine"].map(str::to_owned), table).unwrap();
        let told = |share| nearest(&["great ", "unknown"], &vectors, share).unwrap();
        assert_eq!(told(0.5), ["Nearest to `great`: good (1.00), fine (1.00)."]);
        assert_eq!(told(0.999), ["Nearly all vectors lie on one line (> 99 % of the variance), so the nearest words say little."]);
    }
}
