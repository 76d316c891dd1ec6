//! Course 2, week 3: what a network has learned from other pictures helps where one has few.

use anyhow::Result;
use practicum_core::callbacks::StopWhen;
use practicum_core::prelude::*;
use practicum_vision::applications::{Options, Scaling, sketch_net};
use practicum_vision::datasets::{ImageDataset, LabeledImages};

use super::backbones::Backbone;
use super::photos::{Photographed, augmented, look_at, look_at_with, preview, sheet, side};
use super::pictures::{maps_of, some_of_each, tell_stop};
use crate::code;
use crate::data::{CATSDOGS, DataSet, HORSES, INCEPTION, PhotoSet, squeezed};
use crate::results::DataSource;
use crate::week::{BackboneName, Bound, Next, RunClock, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C2W3: Week = Week {
    id: "c2w3",
    title: "Transfer learning",
    teaches: "Layers that were trained on other pictures see what matters in new ones, so that a few pictures are enough",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Cats and dogs on the features of a trained network",
            task: "A network that has seen many pictures has learned to see edges, fur and eyes. Take over its first layers, freeze them, \
                   and train only a new head, which decides between cat and dog, on a few pictures. For comparison, a small network that \
                   begins with random weights gets the same pictures.",
            code: code![
                "c2w3.rs": "lab1",
                "c2w3.rs": "transfer",
                "c2w3.rs": "head",
                "c2w3.rs": "joined",
                "c2w3.rs": "from_scratch",
                "c2w3.rs": "few",
                "backbones.rs": "impl Backbone",
                "backbones.rs": "network",
                "backbones.rs": "scaling_layer",
                "pictures.rs": "maps_of",
                "pictures.rs": "some_of_each",
            ],
            keras: include_str!("keras/c2w3_lab1.py"),
            notice: "The head learns in seconds: the frozen layers look at each picture once, and their maps are kept. It is right far \
                     more often than the network that began with random weights, which has only these few pictures to find out what an \
                     ear is. What a base brings depends on what it was trained on.",
            next: &[
                Next {
                    change: "Let the last layers of the base learn, too, slowly.",
                    command: "cargo xtask run-week c2w3 --exploration 1",
                },
                Next {
                    change: "Give the base pixels on another scale than it was trained on.",
                    command: "cargo xtask run-week c2w3 --exploration 2",
                },
                Next {
                    change: "Transform the pictures at random: the frozen layers must look at each again in every epoch.",
                    command: "cargo xtask run-week c2w3 --exploration 3",
                },
            ],
            data: &[&CATSDOGS, &INCEPTION],
            targets: &[
                Target {
                    run: "lab1",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.78),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "two points below logistic regression on the same layer of an InceptionV3 that was trained as an \
                             image-content filter; one seed was measured, which was at 0.817 after six epochs",
                    course: Some(0.967),
                },
                Target {
                    run: "lab1",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.93),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "seven of seven seeds meet it, and end at 0.958 to 0.975",
                    course: None,
                },
                Target {
                    run: "lab1",
                    metric: "gain_over_random_weights",
                    bound: Bound::AtLeast(0.15),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "seven of seven seeds meet it, and gain 0.28 to 0.40",
                    course: None,
                },
            ],
            run: lab1,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "Horses or humans until 99.9 %",
            task: "Put the same head on the same base for horses and humans, and let a callback stop the training once the training \
                   accuracy is above 99.9 %.",
            code: code![
                "c2w3.rs": "exercise",
                "c2w3.rs": "head",
                "c2w3.rs": "joined",
                "c2w3.rs": "few",
                "backbones.rs": "impl Backbone",
                "backbones.rs": "network",
                "backbones.rs": "scaling_layer",
                "pictures.rs": "maps_of",
                "pictures.rs": "some_of_each",
                "pictures.rs": "tell_stop",
            ],
            keras: include_str!("keras/c2w3_exercise.py"),
            notice: "The bound is reached after a few epochs. The training accuracy says little here: a head with millions of weights \
                     learns a few hundred pictures by heart. The validation accuracy shows what the base has brought.",
            next: &[Next {
                change: "Compare with the network from scratch on the same pictures.",
                command: "cargo xtask run-week c1w4 --lab 3",
            }],
            data: &[&HORSES, &INCEPTION],
            targets: &[
                Target {
                    run: "exercise",
                    metric: "train_accuracy",
                    bound: Bound::Above(0.999),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "what the exercise asks for, within 100 epochs; no seed was measured",
                    course: Some(0.999),
                },
                Target {
                    run: "exercise",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.95),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "seven of seven seeds meet it, and end at 0.992 to 1",
                    course: None,
                },
            ],
            run: exercise,
        },
        Session {
            kind: SessionKind::Exploration(1),
            title: "Fine-tuning",
            task: "After the head has been trained, let the last block of the base learn, too, at a tenth of the rate, so that what it \
                   has learned is adapted and not destroyed.",
            code: code![
                "c2w3.rs": "fine_tuning",
                "c2w3.rs": "transfer",
                "c2w3.rs": "head",
                "c2w3.rs": "joined",
                "c2w3.rs": "few",
                "backbones.rs": "impl Backbone",
                "backbones.rs": "network",
                "backbones.rs": "scaling_layer",
                "pictures.rs": "maps_of",
                "pictures.rs": "some_of_each",
            ],
            data: &[&CATSDOGS, &INCEPTION],
            run: fine_tuning,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(2),
            title: "Pixels from 0 to 1",
            task: "The course gives its base pixels from 0 to 1, although it was trained on −1 to 1. Do the same, and see what it costs.",
            code: code![
                "c2w3.rs": "course_scaling",
                "c2w3.rs": "transfer",
                "c2w3.rs": "head",
                "c2w3.rs": "joined",
                "c2w3.rs": "few",
                "backbones.rs": "impl Backbone",
                "backbones.rs": "network",
                "backbones.rs": "scaling_layer",
                "pictures.rs": "maps_of",
                "pictures.rs": "some_of_each",
            ],
            data: &[&CATSDOGS, &INCEPTION],
            targets: &[Target {
                run: "exploration2",
                metric: "val_accuracy",
                bound: Bound::AtLeast(0.857),
                on: DataSource::Real,
                at: Scale::Course,
                source: "two points below logistic regression on the same layer of an InceptionV3 that was trained as an image-content \
                         filter, on pixels from 0 to 1; one seed was measured, which was at 0.869 after six epochs",
                course: Some(0.967),
            }],
            run: course_scaling,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(3),
            title: "Augmentation, as in the course",
            task: "Transform the training pictures at random. Now no picture comes twice, so that nothing can be kept: each step goes \
                   through the frozen layers, forward only.",
            code: code![
                "c2w3.rs": "transformed",
                "c2w3.rs": "head",
                "c2w3.rs": "few",
                "backbones.rs": "impl Backbone",
                "backbones.rs": "network",
                "backbones.rs": "scaling_layer",
                "photos.rs": "augmented",
                "photos.rs": "rescaled",
                "pictures.rs": "maps_of",
                "pictures.rs": "some_of_each",
            ],
            data: &[&CATSDOGS, &INCEPTION],
            run: transformed,
            ..Session::BARE
        },
    ],
};

/// Pictures to learn from and to be judged by at the small scale.
const FEW: [usize; 2] = [160, 240];

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let Few { set, side, drawn } = few(run, &CATSDOGS)?;
    let base = Backbone::of(run, side)?;
    let (random, curve) = from_scratch(run, &set)?;
    let id = run_id("lab1", drawn, &base);
    let mut clock = run.begin(&id, "Lab 1: cats and dogs, a new head on frozen layers")?;
    let (model, history) = transfer(run, &base, &set, 20)?;
    // <page>
    let accuracy = history.last("val_accuracy").unwrap_or(f64::NAN);
    clock.metric("gain_over_random_weights", accuracy - random);
    clock.key_figure("val_accuracy", ("random weights", random));
    tell(run, &mut clock, &base, &set)?;
    let mut own = Vec::new();
    if let Some(figures) = run.figures(&id) {
        let both = [("frozen", history.get("val_accuracy").unwrap_or_default()), ("random", &curve)];
        let caption = "Validation accuracy after each epoch: a new head on frozen layers, and the small network from random weights, for the \
                       same pictures to learn from.";
        run.results.figures.push(figures.compared("gain", "What the trained layers bring", caption, "accuracy", &both)?);
        own.push(sheet(&figures, &set.test)?);
    }
    let seen = Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: false };
    look_at_with(run, clock, &seen, own)
    // </page>
}

/// Trains a new head on the maps of frozen layers; the model is both together.
fn transfer(run: &WeekRun<'_>, base: &Backbone, set: &ImageDataset, epochs: usize) -> Result<(Model, History)> {
    let ((x, y), (x_val, y_val)) = (maps_of(&set.train)?, maps_of(&set.test)?);
    let (maps, maps_val) = (base.features(run, &x)?, base.features(run, &x_val)?);
    let mut top = head(run.sequential().add(Input::new(&maps.shape().dims()[1..])), 1e-4)?;
    let fit = run.fit(epochs).batch_size(20).validation_data(&maps_val, &y_val);
    let history = top.fit(&maps, &y, fit)?;
    Ok((joined(run, base, &top, 1e-4)?, history))
}

/// The course's head.
fn head(begin: Sequential, rate: f64) -> Result<Model> {
    let mut model =
        begin.add(Flatten::new()).add(Dense::new(1024).activation("relu")).add(Dropout::new(0.2)).add(Dense::new(1).activation("sigmoid"));
    model.compile(RmsProp::new(rate), "binary_crossentropy", "accuracy")?;
    Ok(model.into_model())
}

/// The frozen layers and a trained head as one model of pixels from 0 to 1.
fn joined(run: &WeekRun<'_>, base: &Backbone, top: &Model, rate: f64) -> Result<Model> {
    let mut model = head(base.begin(run)?, rate)?;
    model.set_trainable(base.name(), false)?;
    let (mut weights, trained) = (model.get_weights(), top.get_weights());
    let from = weights.len() - trained.len();
    weights.splice(from.., trained);
    model.set_weights(&weights)?;
    Ok(model)
}

/// A small network that begins with random weights, all of which learn: its last validation accuracy, and all of them.
fn from_scratch(run: &mut WeekRun<'_>, set: &ImageDataset) -> Result<(f64, Vec<f64>)> {
    let clock = run.begin("lab1-random", "Lab 1: cats and dogs, a small network from random weights")?;
    let ((x, y), (x_val, y_val)) = (maps_of(&set.train)?, maps_of(&set.test)?);
    let shape = [set.train.height(), set.train.width(), 3];
    let network = sketch_net(Options::new().include_top(false).input_shape(shape).seed(run.settings.seed))?;
    let begin = run.sequential().add(Input::new(shape)).add(Rescaling::new(2.0).offset(-1.0)).add(network);
    let mut model = head(begin, 1e-3)?;
    let fit = run.fit(20).batch_size(20).validation_data(&x_val, &y_val);
    let history = model.fit(&x, &y, fit)?;
    let curve = history.get("val_accuracy").unwrap_or_default().to_vec();
    // <page>
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: false })?;
    // </page>
    Ok((curve.last().copied().unwrap_or(f64::NAN), curve))
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let Few { set, side, drawn } = few(run, &HORSES)?;
    let base = Backbone::of(run, side)?;
    let mut clock = run.begin(&run_id("exercise", drawn, &base), "Exercise: horses or humans until 99.9 %")?;
    let ((x, y), (x_val, y_val)) = (maps_of(&set.train)?, maps_of(&set.test)?);
    let (maps, maps_val) = (base.features(run, &x)?, base.features(run, &x_val)?);
    let mut top = head(run.sequential().add(Input::new(&maps.shape().dims()[1..])), 1e-4)?;
    let mut stop = StopWhen::above("accuracy", 0.999);
    let fit = run.fit(100).batch_size(20).validation_data(&maps_val, &y_val).callback(&mut stop);
    let history = top.fit(&maps, &y, fit)?;
    tell_stop(run, &mut clock, &stop, "99.9 %", &history)?;
    let model = joined(run, &base, &top, 1e-4)?;
    // <page>
    tell(run, &mut clock, &base, &set)?;
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: false })
    // </page>
}

fn fine_tuning(run: &mut WeekRun<'_>) -> Result<()> {
    let Few { set, side, .. } = few(run, &CATSDOGS)?;
    let base = Backbone::of(run, side)?;
    let mut clock = run.begin("exploration1", "Exploration 1: fine-tuning")?;
    let (frozen, before) = transfer(run, &base, &set, 10)?;

    let mut model = head(base.tunable()?.begin(run)?, 1e-5)?;
    model.set_weights(&frozen.get_weights())?;
    let ((x, y), (x_val, y_val)) = (maps_of(&set.train)?, maps_of(&set.test)?);
    let fit = run.fit(5).batch_size(20).validation_data(&x_val, &y_val);
    let history = model.fit(&x, &y, fit)?;
    // <page>
    clock.key_figure("val_accuracy", ("frozen layers", before.last("val_accuracy").unwrap_or(f64::NAN)));
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: false })
    // </page>
}

fn course_scaling(run: &mut WeekRun<'_>) -> Result<()> {
    let Few { set, side, drawn } = few(run, &CATSDOGS)?;
    let base = Backbone::of(run, side)?;
    let mut clock = run.begin(&run_id("exploration2", drawn, &base), "Exploration 2: pixels from 0 to 1")?;
    let (_, before) = transfer(run, &base, &set, 20)?;
    let (model, history) = transfer(run, &base.scaled(Scaling::Unit), &set, 20)?;
    // <page>
    clock.key_figure("val_accuracy", ("as the base was trained", before.last("val_accuracy").unwrap_or(f64::NAN)));
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: false })
    // </page>
}

fn transformed(run: &mut WeekRun<'_>) -> Result<()> {
    let Few { set, side, .. } = few(run, &CATSDOGS)?;
    let base = Backbone::of(run, side)?;
    let mut clock = run.begin("exploration3", "Exploration 3: augmentation")?;
    let generator = augmented().seed(run.settings.seed);
    let mut train = generator.flow(&set.train)?.batch_size(20).seed(run.settings.seed);
    let (x_val, y_val) = maps_of(&set.test)?;

    let mut model = head(base.begin(run)?, 1e-4)?;
    model.set_trainable(base.name(), false)?;
    let epochs = run.epochs(20, 10);
    run.tell_size(&mut clock, &[(epochs, 20, "epochs")])?;
    let fit = run.fit(epochs).validation_data(&x_val, &y_val);
    let history = model.fit(&mut train, (), fit)?;
    // <page>
    tell(run, &mut clock, &base, &set)?;
    let own = run.figures("exploration3").map(|figures| preview(&figures, &generator, &set.train)).transpose()?;
    let seen = Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: false };
    look_at_with(run, clock, &seen, own.into_iter().collect())
    // </page>
}

/// Pictures to learn from and to be judged by.
struct Few {
    set: ImageDataset,
    /// Width and height.
    side: usize,
    /// Whether the code has drawn them.
    drawn: bool,
}

/// The pictures of a set: all of them, or, at the small scale, a few, equally many of each class.
fn few(run: &mut WeekRun<'_>, set: &'static DataSet<PhotoSet>) -> Result<Few> {
    let (photos, side) = (run.data(set)?, side(run, 150, 96));
    let part = |pictures: LabeledImages, count: usize| match run.is_full() {
        true => Ok(pictures),
        false => pictures.select(&some_of_each(&pictures, count)),
    };
    let train = part(squeezed(photos.train(), side)?, FEW[0])?;
    let test = part(squeezed(photos.validation()?, side)?, FEW[1])?;
    Ok(Few { set: ImageDataset::new(train, test)?, side, drawn: photos.is_drawn() })
}

/// Targets are for drawings with the built-in base, or for photographs with InceptionV3: runs with another base have its name in
/// their id, and are not judged.
fn run_id(session: &str, drawn: bool, base: &Backbone) -> String {
    let usual = if drawn { BackboneName::Sketch } else { BackboneName::Inception };
    if base.network == usual { session.to_owned() } else { format!("{session}-{}", base.network) }
}

/// Says what the head stands on, and how few pictures it has.
fn tell(run: &WeekRun<'_>, clock: &mut RunClock, base: &Backbone, set: &ImageDataset) -> Result<()> {
    let (width, train, test) = (set.train.width(), set.train.len(), set.test.len());
    let trained_on = if base.network == BackboneName::Sketch {
        ", a small network trained on the program's own drawings (cats, dogs, horses and humans among them)"
    } else {
        ""
    };
    let told = format!(
        "The base is `{}`{trained_on}. The head learns from {train} pictures of {width} × {width} pixels and is judged by {test}.",
        base.name()
    );
    run.tell(clock, told)
}
