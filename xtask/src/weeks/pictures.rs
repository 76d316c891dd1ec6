//! What the weeks about pictures share: data for a model, what it made of them, and pictures of what it saw.

use anyhow::{Result, anyhow};
use image::RgbImage;
use practicum_core::callbacks::StopWhen;
use practicum_core::data::{ArraySource, Data};
use practicum_core::prelude::*;
use practicum_vision::architectures::Convnet;
use practicum_vision::datasets::{ImageDataset, LabeledImages};
use practicum_vision::evaluation::{self, ConfusionMatrix, Roc};
use practicum_vision::visualize::{Colormap, FeatureMaps, feature_maps, filters, hires_cam};

use crate::report::{Confusion, Figures, Guess, Panel, Picture, grouped, percent, plural};
use crate::results::Figure;
use crate::week::{RunClock, WeekRun, curves_of};

/// Pictures that MNIST and Fashion-MNIST have to learn from.
pub(super) const MNIST_PICTURES: usize = 60_000;

/// What a pixel is multiplied by.
const SCALE: f32 = 1.0 / 255.0;

/// Pictures in a grid.
const SHOWN: usize = 12;

/// Grey pixels [count, height, width], one byte each, that a batch scales; and classes.
pub(super) fn data_of(images: &LabeledImages, scale: f32) -> Result<(Data, Data)> {
    let (x, y) = images.to_data()?;
    Ok((x.reshaped([images.len(), images.height(), images.width()])?.scaled(scale), y))
}

/// Pixels [count, height, width, channels] for convolutions, scaled to 0…1 by each batch; and classes.
pub(super) fn maps_of(images: &LabeledImages) -> Result<(Data, Data)> {
    let (x, y) = images.to_data()?;
    Ok((x.scaled(SCALE), y))
}

/// All pictures at the course's scale, the first of them at the small one.
pub(super) fn first(run: &WeekRun<'_>, set: &ImageDataset, train: usize, test: usize) -> Result<ImageDataset> {
    let part = |images: &LabeledImages, count: usize| match run.is_full() {
        true => Ok(images.clone()),
        false => images.select(&(0..count.min(images.len())).collect::<Vec<_>>()),
    };
    Ok(ImageDataset::new(part(&set.train, train)?, part(&set.test, test)?)?)
}

/// Says whether the training ended because it was good enough, or after how many epochs it ended without that.
pub(super) fn tell_stop(run: &WeekRun<'_>, clock: &mut RunClock, stop: &StopWhen, goal: &str, history: &History) -> Result<()> {
    let told = match stop.reached() {
        Some(_) => format!("Reached {goal} training accuracy, so training stopped."),
        None => format!("{goal} was not reached in {}.", plural(history.epochs().len(), "epoch")),
    };
    run.tell(clock, told)
}

/// What came out of a training.
pub(super) struct Trained<'a> {
    pub(super) model: &'a Model,
    pub(super) history: &'a History,
    /// Of the test or validation pictures.
    pub(super) test: &'a Logs,
}

/// Tells the figures and draws the curves. A run that is held against nothing yet is held against guessing, which has to choose
/// from `classes`.
pub(super) fn judge(run: &mut WeekRun<'_>, mut clock: RunClock, trained: &Trained<'_>, classes: usize) -> Result<()> {
    for name in ["loss", "accuracy"] {
        if let Some(value) = trained.history.last(name) {
            clock.metric(&format!("train_{name}"), value);
        }
    }
    clock.metrics("test", trained.test);
    if trained.test.get("accuracy").is_some() && clock.results.key.is_empty() {
        clock.key_figure("test_accuracy", ("guessing", 1.0 / classes as f64));
    }
    let told: Vec<String> = trained.test.iter().map(|(name, value)| format!("test {name} {value:.4}")).collect();
    run.say(&told.join("  "))?;
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let curves = figures.curves(&curves_of(trained.history))?;
        run.results.figures.extend(curves);
    }
    run.finish(clock, trained.model, trained.history)
}

/// What a model makes of pictures.
pub(super) struct Answers(evaluation::Answers);

impl Answers {
    pub(super) fn of(model: &Model, x: &Data) -> Result<Self> {
        Ok(Self(evaluation::Answers::new(&model.predict(ArraySource::new(x, (), 64)?)?)?))
    }

    /// The probabilities of one picture, as a line of text.
    pub(super) fn describe(&self, picture: usize, names: &[String]) -> String {
        let probabilities = self.0.probabilities(picture).unwrap_or_default();
        let each: Vec<String> = names.iter().zip(probabilities).map(|(name, p)| format!("{name} {p:.4}")).collect();
        format!("test picture {picture}: {}", each.join(", "))
    }

    /// A grid of some pictures, the worst mistakes, the confusion matrix, and, for two classes, the ROC curve, for more, the
    /// probabilities of the first picture. `kind` says which pictures they are: training, validation or test.
    pub(super) fn draw(&self, kind: &str, images: &LabeledImages, figures: &Figures<'_>) -> Result<Vec<Figure>> {
        let truth: Vec<usize> = images.labels().iter().map(|label| *label as usize).collect();
        let names: Vec<&str> = images.class_names().iter().map(String::as_str).collect();
        // Where the pictures lie by class, the first ones would all be of one.
        let sorted = truth.is_sorted();
        let step = if sorted { images.len().div_ceil(SHOWN).max(1) } else { 1 };
        let shown: Vec<usize> = (0..images.len()).step_by(step).take(SHOWN).collect();
        let mut drawn = vec![figures.picture_grid(
            "samples",
            &format!("What the model says about some {kind} pictures"),
            "The true class, then the predicted one with its probability.",
            &self.pictures(images, &shown),
        )?];
        let wrong: Vec<usize> = self.0.mistakes(&truth)?.iter().take(SHOWN).map(|mistake| mistake.index).collect();
        if !wrong.is_empty() {
            drawn.push(figures.picture_grid(
                "mistakes",
                "The worst mistakes",
                &format!(
                    "The {kind} pictures that the model was surest of and still got wrong: the true class, the predicted one, and the \
                     probability of each."
                ),
                &self.pictures(images, &wrong),
            )?);
        }
        let matrix = ConfusionMatrix::new(&truth, self.0.classes(), names.len())?;
        let counts: Vec<u64> = matrix.counts().iter().map(|count| *count as u64).collect();
        let confusion = Confusion { counts: &counts, classes: &names };
        drawn.push(figures.confusion_matrix("confusion", "Confusion matrix", &confusion)?);
        if names.len() > 2 {
            let title = format!("What the model says about the first {kind} picture");
            let (values, predicted) = (self.0.probabilities(0).unwrap_or_default(), self.0.classes().first().copied());
            drawn.push(figures.probabilities(&title, &names, values, predicted, images.class_of(0).unwrap_or("none"))?);
        }
        if names.len() == 2 {
            let roc = Roc::new(&truth, &self.0.scores(1), 1)?;
            drawn.push(figures.roc("roc", "ROC curve", &[(names[1], &roc)])?);
        }
        Ok(drawn)
    }

    fn pictures<'a>(&self, images: &'a LabeledImages, which: &[usize]) -> Vec<Picture<'a>> {
        let (height, width, channels, names) = (images.height(), images.width(), images.channels(), images.class_names());
        let size = height * width * channels;
        let picture = |index: &usize| {
            let (truth, guess) = (images.labels()[*index] as usize, self.0.classes()[*index]);
            let probability = f64::from(self.0.confidence(*index).unwrap_or_default());
            // A network may have more outputs than there are names.
            let class = names.get(guess).map_or("?", String::as_str);
            let pixels = &images.pixels()[index * size..(index + 1) * size];
            let of_truth = self.0.probabilities(*index).and_then(|all| all.get(truth)).copied().map_or(0.0, f64::from);
            Picture {
                pixels,
                width,
                height,
                channels,
                truth: &names[truth],
                guess: Some(Guess { class, probability, of_truth, right: guess == truth }),
            }
        };
        which.iter().map(picture).collect()
    }

    /// Precision, recall and F1 of each class, as a line of text each, after a title and a head.
    pub(super) fn scores(&self, images: &LabeledImages) -> Result<String> {
        let truth: Vec<usize> = images.labels().iter().map(|label| *label as usize).collect();
        let matrix = ConfusionMatrix::new(&truth, self.0.classes(), self.0.class_count())?;
        let told = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        let lines = images.class_names().iter().enumerate().filter(|(class, _)| matrix.recall(*class).is_some()).map(|(class, name)| {
            let (precision, recall, f1) = (told(matrix.precision(class)), told(matrix.recall(class)), told(matrix.f1(class)));
            format!("{name:<14} {precision:>9} {recall:>9} {f1:>9}")
        });
        let head = format!("{:<14} {:>9} {:>9} {:>9}", "class", "precision", "recall", "F1");
        let title = "Precision, recall and F1 of each class:".to_owned();
        Ok([title, head].into_iter().chain(lines).collect::<Vec<_>>().join("\n"))
    }
}

/// One picture as a model takes it: [height, width, channels], from 0 to 1.
pub(super) fn picture_of(images: &LabeledImages, index: usize) -> Result<Tensor> {
    let size = images.height() * images.width() * images.channels();
    let pixels = images.pixels().get(index * size..(index + 1) * size).unwrap_or_default();
    let values = pixels.iter().map(|pixel| f32::from(*pixel) * SCALE).collect();
    Ok(Tensor::new([images.height(), images.width(), images.channels()], values)?)
}

/// Maps in a row of [`strips`].
const MAPS: usize = 24;

/// The course's strips for one picture: the maps of every layer but the first, each standardized by itself, in rows of [`MAPS`].
pub(super) fn strips(figures: &Figures<'_>, model: &Model, picture: &Tensor, title: &str) -> Result<Figure> {
    let panels = feature_maps(model, picture)?[1..]
        .iter()
        // One pixel is no picture.
        .filter(|maps| maps.maps().len() > maps.channels())
        .map(|maps| {
            let strip = Colormap::Viridis.paint(&maps.grid(MAPS, 96)?);
            let label = format!("{} ({} maps, {} of them silent)", maps.layer(), maps.channels(), maps.silent().len());
            Ok(Panel::new(label, at_most(strip, 1_720)))
        })
        .collect::<Result<Vec<_>>>()?;
    let caption = format!(
        "What each layer after the first makes of the picture, its maps in rows of up to {MAPS}. An evenly green map responds to nothing \
         in this picture."
    );
    figures.panels("strips", title, &caption, 1, &panels)
}

/// The same maps in rows, large enough to see what they show.
pub(super) fn map_grids(figures: &Figures<'_>, model: &Model, picture: &Tensor, layers: usize) -> Result<Figure> {
    let panels = feature_maps(model, picture)?
        .iter()
        .take(layers)
        .map(|maps: &FeatureMaps| Ok(Panel::new(maps.layer(), Colormap::Viridis.paint(&maps.grid(8, 48)?))))
        .collect::<Result<Vec<_>>>()?;
    figures.panels("maps", "Feature maps", "Each square is one map of the layer for the same picture.", 1, &panels)
}

/// The filters of the first convolution.
pub(super) fn first_filters(figures: &Figures<'_>, model: &Model) -> Result<Figure> {
    let in_colour = model.input_shapes()?.first().is_some_and(|shape| shape.last() == Some(3));
    let colours = if in_colour { ", in each colour" } else { "" };
    let caption = format!(
        "The kernels of the first convolution, each scaled by its largest weight: mid-grey is 0, lighter is positive and darker is \
         negative{colours}."
    );
    figures.panels("filters", "First-layer filters", &caption, 1, &[Panel::new("", filters(model, None, 8)?)])
}

/// The fewest pixels per side of maps that show where a network looks.
const SMALLEST_MAP: usize = 4;

/// Pictures with the heat of what spoke for the answer over them.
pub(super) fn heat_maps(figures: &Figures<'_>, model: &Model, images: &LabeledImages, which: &[usize]) -> Result<Figure> {
    let mut panels = Vec::new();
    let Some(first) = which.first() else { return Err(anyhow!("there is no picture to explain")) };
    // Maps of one or two pixels per side say nothing of where.
    let maps = feature_maps(model, &picture_of(images, *first)?)?;
    let layer = maps.iter().rev().find(|maps| maps.maps().shape().dims()[..2].iter().all(|side| *side >= SMALLEST_MAP));
    for index in which {
        let picture = picture_of(images, *index)?;
        let heat = hires_cam(model, &picture, None, layer.map(FeatureMaps::layer))?;
        let name = images.class_names().get(heat.class()).map_or("?", String::as_str);
        let sign = if images.labels()[*index] as usize == heat.class() { "✓" } else { "✗" };
        let label = format!("{sign} {name}\n{}", percent(f64::from(heat.probability())));
        panels.push(Panel::new(label, heat.overlay(&picture, 0.6)?));
    }
    let caption = "HiResCAM: how strongly each part of the picture supports the predicted class, which is named above it, with ✗ where it \
                   is wrong. Red is strongest.";
    figures.panels("heat", "What the network looked at", caption, 4, &panels)
}

/// A few pictures of every class in turn.
pub(super) fn some_of_each(images: &LabeledImages, count: usize) -> Vec<usize> {
    let classes = images.class_names().len();
    let of_class = |class: usize| (0..images.len()).filter(move |index| images.labels()[*index] as usize == class);
    let mut lists: Vec<_> = (0..classes).map(of_class).collect();
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let before = chosen.len();
        chosen.extend(lists.iter_mut().filter_map(Iterator::next));
        if chosen.len() == before {
            break;
        }
    }
    chosen.truncate(count);
    chosen
}

/// How the size and the parameters of each layer are worked out, as lines of text.
pub(super) fn sizes_of(convnet: &Convnet) -> String {
    let apart = |text: &str| text.split(' ').map(thousands_apart).collect::<Vec<_>>().join(" ");
    let mut steps = convnet.sizes();
    for step in &mut steps {
        (step.shape, step.parameters) = (apart(&step.shape), apart(&step.parameters));
    }
    let wide = |text: &dyn Fn(usize) -> usize| (0..steps.len()).map(text).max().unwrap_or(0);
    let (layers, shapes) = (wide(&|i| steps[i].layer.chars().count()), wide(&|i| steps[i].shape.chars().count()));
    let lines = steps.iter().map(|step| format!("{:<layers$}  {:<shapes$}  {}", step.layer, step.shape, step.parameters));
    let head = format!("{:<layers$}  {:<shapes$}  parameters", "layer", "output");
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A word of a formula with the thousands of its number set apart, if it is one.
fn thousands_apart(word: &str) -> String {
    let number = word.trim_start_matches('(');
    let before = &word[..word.len() - number.len()];
    number.parse::<u64>().map_or_else(|_| word.to_owned(), |value| format!("{before}{}", grouped(value)))
}

/// Not wider than a page.
fn at_most(picture: RgbImage, width: u32) -> RgbImage {
    if picture.width() <= width {
        return picture;
    }
    let height = (picture.height() * width / picture.width()).max(1);
    image::imageops::resize(&picture, width, height, image::imageops::FilterType::Triangle)
}

/// A grey picture as its numbers, a line a row of pixels.
pub(super) fn numbers_of(images: &LabeledImages, picture: usize) -> Result<String> {
    let grey = images.grey()?;
    let rows = grey.outer_iter().nth(picture);
    let line = |row: practicum_core::ndarray::ArrayView1<'_, u8>| row.iter().map(|pixel| format!("{pixel:>4}")).collect::<String>();
    Ok(rows.map(|rows| rows.outer_iter().map(line).collect::<Vec<_>>().join("\n")).unwrap_or_default())
}
