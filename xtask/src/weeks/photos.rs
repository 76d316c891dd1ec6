//! What the weeks about photographs in folders share: the course's augmentation, training from folders, and a look at the result.

use anyhow::Result;
use practicum_core::prelude::*;
use practicum_vision::augment::{FillMode, ImageDataGenerator};
use practicum_vision::batches::{ClassMode, PictureBatches};
use practicum_vision::datasets::LabeledImages;
use practicum_vision::folder::{ImageFolder, OnBroken};
use practicum_vision::visualize::augmentations;

use super::pictures::{Answers, first_filters, heat_maps, map_grids, maps_of, picture_of, some_of_each, strips};
use crate::report::{Figures, Panel};
use crate::results::Figure;
use crate::week::{RunClock, WeekRun, curves_of};

/// Pixels from 0 to 1, and nothing else.
pub(super) fn rescaled() -> ImageDataGenerator {
    ImageDataGenerator::new().rescale(1.0 / 255.0)
}

/// The course's augmentation.
pub(super) fn augmented() -> ImageDataGenerator {
    rescaled()
        .rotation_range(40.0)
        .width_shift_range(0.2)
        .height_shift_range(0.2)
        .shear_range(0.2)
        .zoom_range(0.2)
        .horizontal_flip(true)
        .fill_mode(FillMode::Nearest)
}

/// How pictures of a folder are put into batches.
#[derive(Clone, Copy)]
pub(super) struct Flow {
    /// Width and height.
    pub(super) side: usize,
    pub(super) batch: usize,
    pub(super) mode: ClassMode,
}

/// Batches of a folder's pictures, as the notebook's `flow_from_directory` makes them.
pub(super) fn flow(run: &WeekRun<'_>, generator: ImageDataGenerator, folder: ImageFolder, flow: Flow) -> Result<PictureBatches> {
    let folder = folder.target_size((flow.side, flow.side)).batch_size(flow.batch).class_mode(flow.mode).on_broken(OnBroken::Skip);
    let seed = run.settings.seed;
    let found = folder.seed(seed);
    Ok(generator.seed(seed).flow_from_directory(&found)?)
}

/// Width and height of the pictures: the course's, or less at the small scale.
pub(super) fn side(run: &WeekRun<'_>, course: usize, quick: usize) -> usize {
    if run.is_full() { course } else { quick }
}

/// How much a training has to do.
#[derive(Clone, Copy)]
pub(super) struct Size {
    /// Pictures to learn from.
    pub(super) pictures: usize,
    /// Their width and height.
    pub(super) side: usize,
    pub(super) epochs: usize,
    /// Of the network.
    pub(super) parameters: usize,
}

/// Says where a training differs from the course's in size.
pub(super) fn tell(run: &WeekRun<'_>, clock: &mut RunClock, here: Size, course: Size) -> Result<()> {
    let sizes = [
        (here.pictures, course.pictures, "training pictures"),
        (here.side, course.side, "pixels per side"),
        (here.epochs, course.epochs, "epochs"),
        (here.parameters, course.parameters, "parameters"),
    ];
    run.tell_size(clock, &sizes)
}

/// A model that was trained, and the pictures it is judged by.
pub(super) struct Photographed<'a> {
    pub(super) model: &'a Model,
    pub(super) history: &'a History,
    /// The pictures to be judged by; where there are none, those it learned from.
    pub(super) images: &'a LabeledImages,
    /// Whether `images` were kept from the training.
    pub(super) unseen: bool,
    /// Whether the layers are looked into, too.
    pub(super) inside: bool,
}

/// Judges the model, draws what it makes of the pictures, and ends the run.
pub(super) fn look_at(run: &mut WeekRun<'_>, clock: RunClock, seen: &Photographed<'_>) -> Result<()> {
    look_at_with(run, clock, seen, Vec::new())
}

/// The same with `own` pictures of the session, between those of the answers and those of the layers.
pub(super) fn look_at_with(run: &mut WeekRun<'_>, mut clock: RunClock, seen: &Photographed<'_>, own: Vec<Figure>) -> Result<()> {
    let (model, history, images) = (seen.model, seen.history, seen.images);
    for name in ["loss", "accuracy"] {
        if let Some(value) = history.last(name) {
            clock.metric(&format!("train_{name}"), value);
        }
        if let Some(value) = history.last(&format!("val_{name}")) {
            clock.metric(&format!("val_{name}"), value);
        }
    }
    for (name, metric) in [("accuracy", "best_train_accuracy"), ("val_accuracy", "best_val_accuracy")] {
        if let Some(best) = history.get(name).and_then(|all| all.iter().copied().max_by(f64::total_cmp)) {
            clock.metric(metric, best);
        }
    }
    if clock.results.key.is_empty() {
        let mut classes = images.labels().to_vec();
        classes.sort_unstable();
        classes.dedup();
        let key = run.goal(&clock.results.id).unwrap_or(if seen.unseen { "val_accuracy" } else { "train_accuracy" });
        clock.key_figure(key, ("guessing", 1.0 / classes.len().max(1) as f64));
    }
    run.keep(&clock, model, images.class_names())?;
    let (x, _) = maps_of(images)?;
    let answers = Answers::of(model, &x)?;
    clock.note(answers.scores(images)?);
    if !seen.unseen {
        clock.note(
            "The training accuracy is the mean over the last epoch, while the weights still changed; the confusion matrix judges the \
             finished network."
                .to_owned(),
        );
    }
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let mut drawn = figures.curves(&curves_of(history))?;
        drawn.extend(answers.draw(if seen.unseen { "validation" } else { "training" }, images, &figures)?);
        drawn.extend(own);
        drawn.push(heat_maps(&figures, model, images, &some_of_each(images, 8))?);
        if seen.inside {
            let picture = picture_of(images, some_of_each(images, 2).last().copied().unwrap_or(0))?;
            drawn.push(first_filters(&figures, model)?);
            drawn.push(strips(&figures, model, &picture, "The maps of one picture, layer by layer")?);
            drawn.push(map_grids(&figures, model, &picture, 2)?);
        }
        run.results.figures.extend(drawn);
    }
    run.finish(clock, model, history)
}

/// The notebook's sheet: eight pictures of each class.
pub(super) fn sheet(figures: &Figures<'_>, images: &LabeledImages) -> Result<Figure> {
    let mut panels = Vec::new();
    for (class, name) in images.class_names().iter().enumerate() {
        let of_class = (0..images.len()).filter(|index| images.labels()[*index] as usize == class);
        for index in of_class.take(8) {
            panels.push(Panel::new(name, image_of(images, index)));
        }
    }
    figures.panels("sheet", "Some of the pictures", "Eight pictures of each class, as the network gets them.", 4, &panels)
}

/// A picture and fifteen random transforms of it.
pub(super) fn preview(figures: &Figures<'_>, generator: &ImageDataGenerator, images: &LabeledImages) -> Result<Figure> {
    let mut panels = Vec::new();
    if let Some(picture) = images.picture(0) {
        panels.push(Panel::new("original", image_of(images, 0)));
        for (index, drawn) in augmentations(generator, picture, 15)?.into_iter().enumerate() {
            panels.push(Panel::new((index + 1).to_string(), drawn));
        }
    }
    let caption = "One picture and fifteen random transforms of it; the network gets a new one in each epoch.";
    figures.panels("augmentation", "Augmentation of one picture", caption, 4, &panels)
}

fn image_of(images: &LabeledImages, index: usize) -> image::RgbImage {
    let (width, channels) = (images.width(), images.channels());
    let size = images.height() * width * channels;
    let pixels = images.pixels().get(index * size..(index + 1) * size).unwrap_or_default();
    image::RgbImage::from_fn(width as u32, images.height() as u32, |x, y| {
        let at = (y as usize * width + x as usize) * channels;
        image::Rgb([0, 1, 2].map(|channel| pixels.get(at + if channels < 3 { 0 } else { channel }).copied().unwrap_or_default()))
    })
}
