//! Course 1, week 4: photographs in folders, horses and humans, happy and sad faces.

use anyhow::Result;
use practicum_core::callbacks::StopWhen;
use practicum_core::prelude::*;
use practicum_vision::architectures::Convnet;
use practicum_vision::batches::ClassMode;

use super::photos::{Flow, Photographed, Size, flow, look_at, look_at_with, rescaled, sheet, side, tell};
use super::pictures::{sizes_of, tell_stop};
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
                   generator reads, resizes and scales them batch by batch, so that they need not all be in memory at once. Five \
                   convolutions bring 300 × 300 pixels down to 7 × 7.",
            code: code!["c1w4.rs": "lab1", "c1w4.rs": "convolutions", "photos.rs": "flow", "photos.rs": "rescaled"],
            keras: include_str!("keras/c1w4_lab1.py"),
            notice: "The accuracy on the training pictures goes towards 1, and nothing here says whether that holds for other pictures. In \
                     the maps of one picture, the first still show the figure, the last ones only a few spots, and many are silent: what \
                     is kept is less about the picture and more about its class.",
            next: &[Next { change: "Judge the network by pictures that it has not seen.", command: "cargo xtask run-week c1w4 --lab 2" }],
            data: &[&HORSES],
            targets: &[],
            run: lab1,
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "The same, with a validation set",
            task: "A second folder holds pictures of other horses and humans. After each epoch the network is judged by them, and does not \
                   learn from them.",
            code: code!["c1w4.rs": "lab2", "c1w4.rs": "convolutions", "photos.rs": "flow", "photos.rs": "rescaled"],
            keras: include_str!("keras/c1w4_lab2.py"),
            notice: "Training and validation accuracy drift apart: the network is surer of what it has seen. The validation curve jumps, \
                     because few pictures decide, and because a step of RMSprop on a network that is nearly done changes much.",
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
                   layer after it has more weights: 9.5 million instead of 1.6 million.",
            code: code!["c1w4.rs": "lab3", "c1w4.rs": "convolutions", "photos.rs": "flow", "photos.rs": "rescaled"],
            keras: include_str!("keras/c1w4_lab3.py"),
            notice: "On the photographs, the training accuracy comes close to 1, and the validation loss ends far above its lowest value: \
                     with far more weights than examples, the network learns them by heart. The built-in drawings are easier, and their \
                     validation loss falls, too. The heat maps show whether the network looked at the figure or at the background.",
            next: &[Next {
                change: "On the course's photographs another seed moves the validation accuracy by several points. And here?",
                command: "cargo xtask run-week c1w4 --lab 3 --seed 7",
            }],
            data: &[&HORSES],
            targets: &[
                Target {
                    run: "lab3",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.8),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "eight points less than the notebook's best epoch; one seed was measured, which reaches 0.875",
                    course: Some(0.8789),
                },
                Target {
                    run: "lab3",
                    metric: "best_train_accuracy",
                    bound: Bound::Above(0.99),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook's best epoch reaches 1; one seed was measured, which reaches 0.994",
                    course: Some(1.0),
                },
                Target {
                    run: "lab3",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.7),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "20 points above guessing; eight of eight seeds meet it, and reach 0.984 to 1",
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
            code: code![
                "c1w4.rs": "exercise",
                "c1w4.rs": "convolutions",
                "photos.rs": "flow",
                "photos.rs": "rescaled",
                "pictures.rs": "tell_stop",
            ],
            keras: include_str!("keras/c1w4_exercise.py"),
            notice: "At the course's size, eighty pictures are learned by heart before the fifteen epochs are over, and no other pictures \
                     are there to judge by. The heat maps say whether it was the mouth that was learned.",
            next: &[Next {
                change: "Lab 3 shows what validation pictures add, with horses and humans.",
                command: "cargo xtask run-week c1w4 --lab 3",
            }],
            data: &[&HAPPYSAD],
            targets: &[Target {
                run: "exercise",
                metric: "best_train_accuracy",
                bound: Bound::Above(0.999),
                on: DataSource::Real,
                at: Scale::Course,
                source: "what the exercise asks for, within 15 epochs; one seed was measured, which meets it after 7",
                course: Some(1.0),
            }],
            run: exercise,
        },
    ],
};

/// The course's own size of labs 1 and 2.
const LAB1: Size = Size { pictures: 1_027, side: 300, epochs: 15, parameters: 1_704_097 };
/// That of lab 3.
const LAB3: Size = Size { side: 150, parameters: 9_494_561, ..LAB1 };
/// That of the exercise.
const EXERCISE: Size = Size { pictures: 80, side: 150, epochs: 15, parameters: 4_750_337 };

/// Convolutions of these numbers of filters, the maxima of 2 × 2 after each, and two dense layers.
fn convolutions(run: &WeekRun<'_>, side: usize, filters: &[usize]) -> Sequential {
    let mut model = run.sequential().add(Input::new([side, side, 3]));
    for filters in filters {
        model = model.add(Conv2D::new(*filters, 3).activation(Activation::Relu)).add(MaxPooling2D::new(2));
    }
    model.add(Flatten::new()).add(Dense::new(512).activation(Activation::Relu)).add(Dense::new(1).activation(Activation::Sigmoid))
}

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: horses or humans from folders")?;
    let (set, side, epochs) = (run.data(&HORSES)?, side(run, 300, 96), run.epochs(15, 8));
    let binary = Flow { side, batch: if run.is_full() { 128 } else { 32 }, mode: ClassMode::Binary };
    let mut train = flow(run, rescaled(), set.train(), binary)?;

    let mut model = convolutions(run, side, &[16, 32, 64, 64, 64]);
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, LAB1)?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let history = model.fit(&mut train, (), run.fit(epochs))?;
    // <page>
    let images = squeezed(set.train(), side)?;
    clock.note(format!("How the sizes of the course's network come about:\n{}", sizes_of(&Convnet::horses())));
    let own = run.figures("lab1").map(|figures| sheet(&figures, &images)).transpose()?;
    let seen = Photographed { model: &model, history: &history, images: &images, unseen: false, inside: true };
    look_at_with(run, clock, &seen, own.into_iter().collect())
    // </page>
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab2", "Lab 2: judged by other pictures")?;
    let (set, side, epochs) = (run.data(&HORSES)?, side(run, 300, 96), run.epochs(15, 8));
    let binary = Flow { side, batch: if run.is_full() { 128 } else { 32 }, mode: ClassMode::Binary };
    let mut train = flow(run, rescaled(), set.train(), binary)?;
    let mut validation = flow(run, rescaled(), set.validation()?, Flow { batch: 32, ..binary })?;

    let mut model = convolutions(run, side, &[16, 32, 64, 64, 64]);
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, LAB1)?;
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
    let binary = Flow { side, batch: if run.is_full() { 128 } else { 32 }, mode: ClassMode::Binary };
    let mut train = flow(run, rescaled(), set.train(), binary)?;
    let mut validation = flow(run, rescaled(), set.validation()?, Flow { batch: 32, ..binary })?;

    let mut model = convolutions(run, side, &[16, 32, 64]);
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, LAB3)?;
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
    let mut train = flow(run, rescaled(), set.train(), Flow { side, batch: 10, mode: ClassMode::Binary })?;

    let mut model = convolutions(run, side, &[16, 32, 32]);
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, EXERCISE)?;
    model.compile(RmsProp::new(0.001), "binary_crossentropy", "accuracy")?;
    let mut stop = StopWhen::above("accuracy", 0.999);
    let history = model.fit(&mut train, (), run.fit(epochs).callback(&mut stop))?;
    tell_stop(run, &mut clock, &stop, "99.9 %", &history)?;
    // <page>
    let images = squeezed(set.train(), side)?;
    let own = run.figures("exercise").map(|figures| sheet(&figures, &images)).transpose()?;
    let seen = Photographed { model: &model, history: &history, images: &images, unseen: false, inside: true };
    look_at_with(run, clock, &seen, own.into_iter().collect())
    // </page>
}
