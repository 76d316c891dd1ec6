//! What the weeks about small pictures share: data for a model, and pictures of what it made of them.

use anyhow::Result;
use practicum_core::data::{ArraySource, Data};
use practicum_core::{Model, Tensor};
use practicum_vision::datasets::{ImageDataset, LabeledImages};

use crate::report::{Confusion, Figures, Guess, Picture};
use crate::results::Figure;

/// Pictures in a grid.
const SHOWN: usize = 24;

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

    /// The probability of the class that the model holds for the likeliest.
    fn confidence(&self, picture: usize) -> f64 {
        let classes = self.probabilities.shape().last();
        f64::from(self.probabilities.as_slice()[picture * classes + self.classes[picture]])
    }

    /// The probabilities of one picture, as a line of text.
    pub(super) fn describe(&self, picture: usize, names: &[String]) -> String {
        let classes = self.probabilities.shape().last();
        let row = &self.probabilities.as_slice()[picture * classes..(picture + 1) * classes];
        let each: Vec<String> = names.iter().zip(row).map(|(name, p)| format!("{name} {p:.4}")).collect();
        format!("test picture {picture}: {}", each.join(", "))
    }

    /// A grid of the first pictures, the confusion matrix, and the worst mistakes.
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
        let mut counts = vec![0_u64; names.len() * names.len()];
        for picture in 0..test.len() {
            counts[truth(picture) * names.len() + self.classes[picture]] += 1;
        }
        let classes: Vec<&str> = names.iter().map(String::as_str).collect();
        drawn.push(figures.confusion_matrix("confusion", "Confusion matrix", &Confusion { counts: &counts, classes: &classes })?);
        let mut wrong: Vec<usize> = (0..test.len()).filter(|picture| self.classes[*picture] != truth(*picture)).collect();
        wrong.sort_by(|a, b| self.confidence(*b).total_cmp(&self.confidence(*a)).then(a.cmp(b)));
        wrong.truncate(SHOWN / 2);
        if !wrong.is_empty() {
            drawn.push(figures.picture_grid(
                "mistakes",
                "The worst mistakes",
                "The test pictures that the model was surest of and still got wrong.",
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
                guess: Some(Guess { class: &names[guess], probability: self.confidence(*index), right: guess == truth }),
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
