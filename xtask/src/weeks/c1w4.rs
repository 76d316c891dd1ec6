//! Course 1, week 4: photographs in folders, horses and humans, happy and sad faces.

use anyhow::Result;
use practicum_core::callbacks::StopWhen;
use practicum_core::prelude::*;
use practicum_vision::architectures::Convnet;
use practicum_vision::batches::ClassMode;

use super::photos::{Flow, Photographed, flow, look_at, rescaled, sheet, side, tell};
use super::pictures::sizes_of;
use crate::code;
use crate::data::{HAPPYSAD, HORSES, squeezed};
use crate::results::DataSource;
use crate::week::{Bound, Next, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C1W4: Week = Week {
    id: "c1w4",
    title: "Real-world images",
    teaches: "Photographs in folders train a network that tells horses from humans, and memorizes more than it understands",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Horses or humans, 300 × 300, from folders",
            task: "Photographs are larger than digits, in colour, and lie in folders: the name of a folder is the class of its pictures. A \
                   generator reads, squeezes and scales them batch by batch, so that they need not fit into memory. Five convolutions \
                   bring 300 × 300 pixels down to 7 × 7.",
            code: code!["c1w4.rs": "lab1", "photos.rs": "flow", "photos.rs": "rescaled"],
            keras: include_str!("keras/c1w4_lab1.py"),
            notice: "The accuracy on the training pictures goes towards 1, and nothing here says whether that holds for other pictures. In \
                     the strips, the first maps still show the figure, the last ones only a few spots, and many maps are silent: what is \
                     kept is less about the picture and more about its class.",
            next: &[Next { change: "Judge the network by pictures that it has not seen.", command: "cargo xtask run-week c1w4 --lab 2" }],
            data: &[&HORSES],
            targets: &[],
            run: lab1,
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "The same, judged by other pictures",
            task: "A second folder holds pictures of other horses and humans. After each epoch the network is judged by them, and does not \
                   learn from them.",
            code: code!["c1w4.rs": "lab2", "photos.rs": "flow"],
            keras: include_str!("keras/c1w4_lab2.py"),
            notice: "Training and validation accuracy part: the network is surer of what it has seen. The validation curve jumps, because \
                     few pictures decide, and because a step of RMSprop on a network that is nearly done changes much.",
            next: &[Next {
                change: "Smaller pictures and two convolutions fewer: is it faster?",
                command: "cargo xtask run-week c1w4 --lab 3",
            }],
            data: &[&HORSES],
            targets: &[],
            run: lab2,
        },
        Session {
            kind: SessionKind::Lab(3),
            title: "Compacted pictures: 150 × 150 and three convolutions",
            task: "A quarter of the pixels is less to calculate. But with two convolutions fewer, Flatten gets a larger map, and the dense \
                   layer after it more weights: 9.5 million instead of 1.7.",
            code: code!["c1w4.rs": "lab3", "photos.rs": "flow"],
            keras: include_str!("keras/c1w4_lab3.py"),
            notice: "The training accuracy reaches 1 and the validation loss rises: more weights than examples learn the examples by \
                     heart. The heat maps show whether the network looked at the figure or at the ground.",
            next: &[Next {
                change: "Another seed moves the validation accuracy by several points.",
                command: "cargo xtask run-week c1w4 --lab 3 --seed 7",
            }],
            data: &[&HORSES],
            targets: &[
                Target {
                    run: "lab3",
                    metric: "best_train_accuracy",
                    bound: Bound::Above(0.99),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook's best epoch reaches 1",
                    course: Some(1.0),
                },
                Target {
                    run: "lab3",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.8),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook's best epoch reaches 0.8789",
                    course: Some(0.8789),
                },
                Target {
                    run: "lab3",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.7),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "far above guessing, on drawings",
                    course: None,
                },
            ],
            run: lab3,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "Happy or sad, to 99.9 % training accuracy",
            task: "Eighty faces, forty of each kind: train until 99.9 % of them are right, in fifteen epochs at most, and let a callback \
                   stop the training.",
            code: code!["c1w4.rs": "exercise", "photos.rs": "flow"],
            keras: include_str!("keras/c1w4_exercise.py"),
            notice: "Eighty pictures are learned by heart quickly, and no other pictures are there to judge by. The heat maps say whether \
                     it was the mouth that was learned.",
            next: &[Next { change: "See the same question asked with validation pictures.", command: "cargo xtask run-week c1w4 --lab 3" }],
            data: &[&HAPPYSAD],
            targets: &[Target {
                run: "exercise",
                metric: "best_train_accuracy",
                bound: Bound::Above(0.999),
                on: DataSource::Real,
                at: Scale::Course,
                source: "what the exercise asks for, within 15 epochs",
                course: Some(1.0),
            }],
            run: exercise,
        },
    ],
};

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: horses or humans from folders")?;
    let (set, side, epochs) = (run.data(&HORSES)?, side(run, 300, 96), run.epochs(15, 8));
    let binary = Flow { side, batch: if run.settings.full { 128 } else { 32 }, mode: ClassMode::Binary };
    tell(run, &mut clock, (side, 300), (epochs, 15))?;
    let mut train = flow(run, rescaled(), set.train(), binary)?;

    let mut model = Convnet::horses().input([side, side, 3]).build(run.sequential())?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let history = model.fit(&mut train, (), run.fit(epochs))?;
    // <page>
    let images = squeezed(set.train(), side)?;
    clock.note(format!("How the sizes of the course's network come about:\n{}", sizes_of(&Convnet::horses())));
    if let Some(figures) = run.figures("lab1") {
        let drawn = sheet(&figures, &images)?;
        run.results.figures.push(drawn);
    }
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &images, unseen: false, inside: true })
    // </page>
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab2", "Lab 2: judged by other pictures")?;
    let (set, side, epochs) = (run.data(&HORSES)?, side(run, 300, 96), run.epochs(15, 8));
    let binary = Flow { side, batch: if run.settings.full { 128 } else { 32 }, mode: ClassMode::Binary };
    tell(run, &mut clock, (side, 300), (epochs, 15))?;
    let mut train = flow(run, rescaled(), set.train(), binary)?;
    let mut validation = flow(run, rescaled(), set.validation()?, Flow { batch: 32, ..binary })?;

    let mut model = Convnet::horses().input([side, side, 3]).build(run.sequential())?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let fit = run.fit(epochs).validation_data(&mut validation, ());
    let history = model.fit(&mut train, (), fit)?;
    // <page>
    let images = squeezed(set.validation()?, side)?;
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &images, unseen: true, inside: false })
    // </page>
}

fn lab3(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab3", "Lab 3: compacted pictures")?;
    let (set, side, epochs) = (run.data(&HORSES)?, side(run, 150, 64), run.epochs(15, 10));
    let binary = Flow { side, batch: if run.settings.full { 128 } else { 32 }, mode: ClassMode::Binary };
    tell(run, &mut clock, (side, 150), (epochs, 15))?;
    let mut train = flow(run, rescaled(), set.train(), binary)?;
    let mut validation = flow(run, rescaled(), set.validation()?, Flow { batch: 32, ..binary })?;

    let mut model = Convnet::cats_and_dogs().input([side, side, 3]).build(run.sequential())?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let fit = run.fit(epochs).validation_data(&mut validation, ());
    let history = model.fit(&mut train, (), fit)?;
    // <page>
    let images = squeezed(set.validation()?, side)?;
    clock.note(format!("How the sizes of the course's network come about:\n{}", sizes_of(&Convnet::cats_and_dogs())));
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &images, unseen: true, inside: true })
    // </page>
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exercise", "Exercise: happy or sad")?;
    let (set, side, epochs) = (run.data(&HAPPYSAD)?, side(run, 150, 64), run.epochs(15, 15));
    tell(run, &mut clock, (side, 150), (epochs, 15))?;
    let mut train = flow(run, rescaled(), set.train(), Flow { side, batch: 10, mode: ClassMode::Binary })?;

    let mut model = Convnet::happy_or_sad().input([side, side, 3]).build(run.sequential())?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let mut stop = StopWhen::above("accuracy", 0.999);
    let history = model.fit(&mut train, (), run.fit(epochs).callback(&mut stop))?;
    if stop.reached().is_some() {
        run.say("Reached 99.9% accuracy so cancelling training!")?;
    }
    // <page>
    let images = squeezed(set.train(), side)?;
    if let Some(figures) = run.figures("exercise") {
        let drawn = sheet(&figures, &images)?;
        run.results.figures.push(drawn);
    }
    look_at(run, clock, &Photographed { model: &model, history: &history, images: &images, unseen: false, inside: true })
    // </page>
}
