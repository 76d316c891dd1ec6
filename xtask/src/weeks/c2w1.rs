//! Course 2, week 1: cats and dogs, and what overfitting looks like.

use anyhow::Result;
use practicum_core::prelude::*;
use practicum_vision::architectures::Convnet;
use practicum_vision::batches::ClassMode;
use practicum_vision::datasets::split_data;
use practicum_vision::folder::ImageFolder;

use super::photos::{Flow, Photographed, Size, flow, look_at, look_at_with, rescaled, sheet, side, tell};
use super::pictures::sizes_of;
use crate::code;
use crate::data::{CATSDOGS, PETIMAGES, squeezed};
use crate::results::DataSource;
use crate::week::{Bound, Next, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C2W1: Week = Week {
    id: "c2w1",
    title: "A larger dataset",
    teaches: "A network from scratch learns 2,000 photographs of cats and dogs by heart, and the curves show it",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Cats and dogs: overfitting shown",
            task: "Real photographs: cats and dogs of all breeds, in front of any background, in any light. The network of last week's \
                   third lab is trained on 2,000 of them and judged by 1,000 others after each epoch.",
            code: code!["c2w1.rs": "lab1", "photos.rs": "flow", "photos.rs": "rescaled"],
            keras: include_str!("keras/c2w1_lab1.py"),
            notice: "On the photographs, the training accuracy climbs to 1 in a nearly straight line. The validation accuracy stops \
                     climbing early, and from then on the validation loss rises: the network does not make many more mistakes, but it \
                     grows surer of those it makes. This is overfitting: 9.5 million weights find a way to tell 2,000 pictures apart \
                     without knowing what a cat is. The built-in drawings are easier: there the validation accuracy climbs, too.",
            next: &[Next {
                change: "Show the network other pictures in each epoch, by transforming them at random.",
                command: "cargo xtask run-week c2w2 --lab 1",
            }],
            data: &[&CATSDOGS],
            targets: &[
                Target {
                    run: "lab1",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.68),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook says that it stalls near 0.70 to 0.72; three of three seeds meet it, and end at 0.715 to 0.730",
                    course: Some(0.72),
                },
                Target {
                    run: "lab1",
                    metric: "train_accuracy",
                    bound: Bound::Above(0.98),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook says that it reaches nearly 1; three of three seeds meet it, and end at 0.987 to 0.997",
                    course: None,
                },
                Target {
                    run: "lab1",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.6),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "ten points above guessing; eight of eight seeds meet it, and reach 0.925 to 0.983",
                    course: None,
                },
            ],
            run: lab1,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "The whole set: clean, split, train",
            task: "The whole set has 25,000 files, some of them empty, some of them no pictures. Leave those out, copy nine of ten \
                   pictures of each class at random into a training folder and the others into a validation folder, and train.",
            code: code!["c2w1.rs": "exercise", "photos.rs": "flow", "photos.rs": "rescaled"],
            keras: include_str!("keras/c2w1_exercise.py"),
            notice: "An empty file is named and left out; nothing is moved, so that the split can be made again. More pictures help more \
                     than more epochs: with ten times as many, the validation accuracy goes on rising for longer.",
            next: &[Next { change: "The same set with augmentation.", command: "cargo xtask run-week c2w2 --exercise" }],
            data: &[&PETIMAGES],
            targets: &[
                Target {
                    run: "exercise",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.8),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "what the later edition asks for; no seed was measured",
                    course: None,
                },
                Target {
                    run: "exercise",
                    metric: "train_accuracy",
                    bound: Bound::AtLeast(0.95),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "what the later edition asks for; no seed was measured",
                    course: Some(0.9885),
                },
            ],
            run: exercise,
        },
    ],
};

/// The course's own size of the lab.
const LAB: Size = Size { pictures: 2_000, side: 150, epochs: 15, parameters: 9_494_561 };
/// That of the exercise.
const EXERCISE: Size = Size { pictures: 22_498, ..LAB };

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: cats and dogs")?;
    let (set, side, epochs) = (run.data(&CATSDOGS)?, side(run, 150, 64), run.epochs(15, 15));
    let binary = Flow { side, batch: 20, mode: ClassMode::Binary };
    let mut train = flow(run, rescaled(), set.train(), binary)?;
    let mut validation = flow(run, rescaled(), set.validation()?, binary)?;

    let mut model = Convnet::cats_and_dogs().input([side, side, 3]).build(run.sequential())?;
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, LAB)?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let fit = run.fit(epochs).validation_data(&mut validation, ());
    let history = model.fit(&mut train, (), fit)?;
    // <page>
    let images = squeezed(set.validation()?, side)?;
    clock.note(format!("How the sizes of the course's network come about:\n{}", sizes_of(&Convnet::cats_and_dogs())));
    let own = run.figures("lab1").map(|figures| sheet(&figures, &images)).transpose()?;
    let seen = Photographed { model: &model, history: &history, images: &images, unseen: true, inside: true };
    look_at_with(run, clock, &seen, own.into_iter().collect())
    // </page>
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exercise", "Exercise: the whole set")?;
    let set = run.data(&PETIMAGES)?;
    let folder = tempfile::tempdir()?;
    let (training, testing) = (folder.path().join("training"), folder.path().join("testing"));
    for class in set.class_names() {
        let source = set.train_path().join(class);
        let report = split_data(source, training.join(class), testing.join(class), 0.9, run.settings.seed)?;
        for name in &report.empty {
            run.say(&format!("{name} is zero length, so ignoring."))?;
        }
        let told = format!("{class}: {} to learn from, {} to be judged by, left out: {}.", report.training, report.testing, {
            let left: Vec<&str> = report.empty.iter().chain(&report.others).map(String::as_str).collect();
            if left.is_empty() { "none".to_owned() } else { left.join(", ") }
        });
        run.tell(&mut clock, told)?;
    }

    let (side, epochs) = (side(run, 150, 64), run.epochs(15, 12));
    let binary = Flow { side, batch: if run.is_full() { 100 } else { 20 }, mode: ClassMode::Binary };
    let mut train = flow(run, rescaled(), ImageFolder::for_flow(&training), binary)?;
    let mut validation = flow(run, rescaled(), ImageFolder::for_flow(&testing), binary)?;

    let mut model = Convnet::cats_and_dogs().input([side, side, 3]).build(run.sequential())?;
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, EXERCISE)?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let fit = run.fit(epochs).validation_data(&mut validation, ());
    let history = model.fit(&mut train, (), fit)?;
    // <page>
    let images = squeezed(ImageFolder::for_flow(&testing), side)?;
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &images, unseen: true, inside: false })
    // </page>
}
