//! What the weeks about small pictures share: data for a model, and pictures of what it made of them.

use anyhow::Result;
use practicum_core::data::{ArraySource, Data};
use practicum_core::{Model, Tensor};
use practicum_vision::datasets::{ImageDataset, LabeledImages};

use crate::report::{Bars, Confusion, Figures, Guess, Picture};
use crate::results::Figure;

/// Pictures in a grid.
const SHOWN: usize = 12;

/// Grey pixels [count, height, width], one byte each, that a batch scales; and classes.
pub(super) fn data_of(images: &LabeledImages, scale: f32) -> Result<(Data, Data)> {
    let (x, y) = images.to_data()?;
    Ok((x.reshaped([images.len(), images.height(), images.width()])?.scaled(scale), y))
}

/// What a model makes of the test pictures.
pub(super) struct Answers {
    probabilities: Tensor,
    classes: Vec<usize>,
}

impl Answers {
    pub(super) fn of(model: &Model, x: &Data) -> Result<Self> {
        let probabilities = model.predict(ArraySource::new(x, (), 256)?)?;
        let classes = probabilities.argmax()?;
        Ok(Self { probabilities, classes })
    }

    /// The probability of a class.
    fn probability(&self, picture: usize, class: usize) -> f64 {
        f64::from(self.row(picture)[class])
    }

    /// The probability of the class that the model holds for the likeliest.
    fn confidence(&self, picture: usize) -> f64 {
        self.probability(picture, self.classes[picture])
    }

    /// The probabilities of one picture.
    fn row(&self, picture: usize) -> &[f32] {
        let classes = self.probabilities.shape().last();
        &self.probabilities.as_slice()[picture * classes..(picture + 1) * classes]
    }

    /// The probabilities of one picture, as a line of text.
    pub(super) fn describe(&self, picture: usize, names: &[String]) -> String {
        let each: Vec<String> = names.iter().zip(self.row(picture)).map(|(name, p)| format!("{name} {p:.4}")).collect();
        format!("test picture {picture}: {}", each.join(", "))
    }

    /// The probabilities of one test picture as bars, the likeliest class marked.
    fn bars(&self, picture: usize, set: &ImageDataset, figures: &Figures<'_>) -> Result<Figure> {
        let names: Vec<&str> = set.class_names().iter().map(String::as_str).collect();
        let values: Vec<f64> = self.row(picture).iter().map(|value| f64::from(*value)).collect();
        let bars = Bars { names: &names, values: &values, most: 1.0, marked: Some(self.classes[picture]) };
        let truth = names.get(set.test.labels()[picture] as usize).copied().unwrap_or("none");
        let caption = format!("Probability of each class, from 0 to 1. Together they are 1. Its true class is {truth}.");
        figures.bars("probabilities", &format!("What the model says about test picture {picture}"), &caption, &bars)
    }

    /// A grid of the first pictures, the probabilities of the first, the confusion matrix, and the worst mistakes.
    pub(super) fn draw(&self, set: &ImageDataset, figures: &Figures<'_>) -> Result<Vec<Figure>> {
        let (test, names) = (&set.test, set.class_names());
        let truth = |picture: usize| test.labels()[picture] as usize;
        let first: Vec<usize> = (0..SHOWN.min(test.len())).collect();
        let mut drawn = vec![figures.picture_grid(
            "samples",
            "Test pictures and what the model says",
            "The first test pictures: the true class, then the predicted one with its probability.",
            &self.pictures(set, &first),
        )?];
        drawn.push(self.bars(0, set, figures)?);
        let mut counts = vec![0_u64; names.len() * names.len()];
        for picture in 0..test.len() {
            counts[truth(picture) * names.len() + self.classes[picture]] += 1;
        }
        let classes: Vec<&str> = names.iter().map(String::as_str).collect();
        drawn.push(figures.confusion_matrix("confusion", "Confusion matrix", &Confusion { counts: &counts, classes: &classes })?);
        let mut wrong: Vec<usize> = (0..test.len()).filter(|picture| self.classes[*picture] != truth(*picture)).collect();
        wrong.sort_by(|a, b| self.confidence(*b).total_cmp(&self.confidence(*a)).then(a.cmp(b)));
        wrong.truncate(SHOWN);
        if !wrong.is_empty() {
            drawn.push(figures.picture_grid(
                "mistakes",
                "The worst mistakes",
                "The test pictures that the model was surest of and still got wrong: the true class, the predicted one, and the probability \
                 of each.",
                &self.pictures(set, &wrong),
            )?);
        }
        Ok(drawn)
    }

    fn pictures<'a>(&self, set: &'a ImageDataset, which: &[usize]) -> Vec<Picture<'a>> {
        let (test, names) = (&set.test, set.class_names());
        let (height, width, pixels) = (test.height(), test.width(), test.pixels());
        let picture = |index: &usize| {
            let truth = test.labels()[*index] as usize;
            let guess = self.classes[*index];
            Picture {
                pixels: &pixels[index * width * height..(index + 1) * width * height],
                width,
                height,
                channels: 1,
                truth: &names[truth],
                guess: Some(Guess {
                    class: &names[guess],
                    probability: self.confidence(*index),
                    of_truth: self.probability(*index, truth),
                    right: guess == truth,
                }),
            }
        };
        which.iter().map(picture).collect()
    }
}

/// A grey picture as its numbers, a line a row of pixels.
pub(super) fn numbers_of(images: &LabeledImages, picture: usize) -> Result<String> {
    let grey = images.grey()?;
    let rows = grey.outer_iter().nth(picture);
    let line = |row: practicum_core::ndarray::ArrayView1<'_, u8>| row.iter().map(|pixel| format!("{pixel:>4}")).collect::<String>();
    Ok(rows.map(|rows| rows.outer_iter().map(line).collect::<Vec<_>>().join("\n")).unwrap_or_default())
}
