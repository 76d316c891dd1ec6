//! Course 2, week 4: more than two classes, rock, paper, scissors and the letters of American Sign Language.

use anyhow::Result;
use practicum_vision::architectures::Convnet;
use practicum_vision::batches::ClassMode;

use super::photos::{Flow, Photographed, Size, augmented, flow, look_at_with, preview, rescaled, sheet, side, tell};
use super::pictures::{first, maps_of, sizes_of};
use crate::code;
use crate::data::{RPS, SIGNMNIST, squeezed};
use crate::results::DataSource;
use crate::week::{Bound, Next, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C2W4: Week = Week {
    id: "c2w4",
    title: "Multiclass classification",
    teaches: "A softmax with one output per class tells rock, paper and scissors apart, and 24 letters of American Sign Language",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Rock, paper, scissors",
            task: "Three classes need three outputs, whose softmax adds up to 1, and one-hot labels: a 1 at the index of the class, 0 \
                   elsewhere. The pictures are rendered hands, and are transformed at random while the network learns.",
            code: code!["c2w4.rs": "lab1", "photos.rs": "flow", "photos.rs": "augmented", "photos.rs": "rescaled"],
            keras: include_str!("keras/c2w4_lab1.py"),
            notice: "The confusion matrix says which pair is hard: a fist is a fist from all sides, while paper and scissors are told \
                     apart by fingers that may hide one another. See whether the heat maps lie on the fingers.",
            next: &[Next { change: "Twenty-four classes of small grey hands.", command: "cargo xtask run-week c2w4 --exercise" }],
            data: &[&RPS],
            targets: &[
                Target {
                    run: "lab1",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.86),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook's epochs go from 0.8575 to 0.9946; one seed was measured, which ends at 0.973",
                    course: Some(0.9543),
                },
                Target {
                    run: "lab1",
                    metric: "best_val_accuracy",
                    bound: Bound::AtLeast(0.6),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "well above guessing, a third; seven of seven seeds meet it, and reach 0.79 to 0.88",
                    course: None,
                },
            ],
            run: lab1,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "Letters of American Sign Language from a table",
            task: "The pictures are rows of a table: a label and 784 grey values. Make arrays of them, give them to the generator with \
                   `flow`, and train 26 outputs, one per letter. J (9) and Z (25) never occur, because they are signed with a motion.",
            code: code![
                "c2w4.rs": "train_signs",
                "c2w4.rs": "exercise",
                "photos.rs": "augmented",
                "photos.rs": "rescaled",
                "pictures.rs": "maps_of",
                "pictures.rs": "first",
            ],
            keras: include_str!("keras/c2w4_exercise.py"),
            notice: "The validation accuracy is above the training accuracy: the training pictures are transformed, the validation \
                     pictures are not. In photographs, letters that are fists (A, E, M, N, S and T) are the likeliest to be taken for \
                     each other.",
            next: &[Next {
                change: "Without mirroring: a mirrored sign is made by the other hand.",
                command: "cargo xtask run-week c2w4 --exploration 1",
            }],
            data: &[&SIGNMNIST],
            targets: &[
                Target {
                    run: "exercise",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.8),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "the notebook's runs end at 0.8425 and 0.8986; no seed was measured",
                    course: Some(0.8425),
                },
                Target {
                    run: "exercise",
                    metric: "val_accuracy",
                    bound: Bound::AtLeast(0.2),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "five times guessing; seven of seven seeds meet it, and end at 0.36 to 0.47",
                    course: None,
                },
            ],
            run: exercise,
        },
        Session {
            kind: SessionKind::Exploration(1),
            title: "Letters without mirroring",
            task: "Leave out the horizontal flip: the network no longer has to know left-handed signs.",
            code: code![
                "c2w4.rs": "train_signs",
                "c2w4.rs": "not_mirrored",
                "photos.rs": "augmented",
                "photos.rs": "rescaled",
                "pictures.rs": "maps_of",
                "pictures.rs": "first",
            ],
            data: &[&SIGNMNIST],
            run: not_mirrored,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(2),
            title: "Judged by pictures that were not scaled",
            task: "The notebook's last line evaluates pictures from 0 to 255 with a network that was trained on 0 to 1: the loss is many \
                   times as large, and the accuracy falls.",
            code: code![
                "c2w4.rs": "train_signs",
                "c2w4.rs": "not_scaled",
                "photos.rs": "augmented",
                "photos.rs": "rescaled",
                "pictures.rs": "maps_of",
                "pictures.rs": "first",
            ],
            data: &[&SIGNMNIST],
            run: not_scaled,
            ..Session::BARE
        },
    ],
};

/// The course's own size of the lab.
const LAB: Size = Size { pictures: 2_520, side: 150, epochs: 25, parameters: 3_473_475 };

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: rock, paper, scissors")?;
    let (set, side, epochs) = (run.data(&RPS)?, side(run, 150, 64), run.epochs(25, 25));
    let three = Flow { side, batch: if run.is_full() { 126 } else { 30 }, mode: ClassMode::Categorical };
    let mut train = flow(run, augmented(), set.train(), three)?;
    let mut validation = flow(run, rescaled(), set.validation()?, three)?;

    let convnet = Convnet::rock_paper_scissors();
    let convnet = if run.is_full() { convnet } else { convnet.filters(&[16, 32, 64, 64]).hidden(128) };
    let mut model = convnet.input([side, side, 3]).build(run.sequential())?;
    tell(run, &mut clock, Size { pictures: train.len(), side, epochs, parameters: model.count_params()? }, LAB)?;
    model.compile("rmsprop", "categorical_crossentropy", "accuracy")?;
    let fit = run.fit(epochs).validation_data(&mut validation, ());
    let history = model.fit(&mut train, (), fit)?;
    // <page>
    let images = squeezed(set.validation()?, side)?;
    if !run.is_full() {
        clock.note("The network has fewer filters than the course's.".to_owned());
    }
    clock.note(format!("How the sizes of the course's network come about:\n{}", sizes_of(&Convnet::rock_paper_scissors())));
    let own = match run.figures("lab1") {
        Some(figures) => vec![sheet(&figures, &images)?, preview(&figures, &augmented(), &squeezed(set.train(), side)?)?],
        None => Vec::new(),
    };
    let seen = Photographed { model: &model, history: &history, images: &images, unseen: true, inside: true };
    look_at_with(run, clock, &seen, own)
    // </page>
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    train_signs(run, "exercise", "Exercise: letters of American Sign Language", true, true)
}

fn not_mirrored(run: &mut WeekRun<'_>) -> Result<()> {
    train_signs(run, "exploration1", "Exploration 1: letters without mirroring", false, true)
}

fn not_scaled(run: &mut WeekRun<'_>) -> Result<()> {
    train_signs(run, "exploration2", "Exploration 2: judged by pictures from 0 to 255", true, false)
}

/// Pictures that the course trains on.
const COURSE: usize = 27_455;

fn train_signs(run: &mut WeekRun<'_>, id: &str, title: &str, mirrored: bool, scaled: bool) -> Result<()> {
    let mut clock = run.begin(id, title)?;
    let all = run.data(&SIGNMNIST)?;
    let set = first(run, &all, 2_400, 960)?;
    let epochs = run.epochs(15, 15);
    run.tell_size(&mut clock, &[(set.train.len(), COURSE, "training pictures"), (epochs, 15, "epochs")])?;
    let generator = augmented().horizontal_flip(mirrored).seed(run.settings.seed);
    let mut train = generator.flow(&set.train)?.batch_size(32).seed(run.settings.seed);
    let (x_test, y_test) = maps_of(&set.test)?;

    let mut model = Convnet::signs().build(run.sequential())?;
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let history = model.fit(&mut train, (), run.fit(epochs).validation_data(&x_test, &y_test))?;

    let (x_test, y_test) = if scaled { (x_test, y_test) } else { set.test.to_data()? };
    let test = model.evaluate(&x_test, &y_test)?;
    let told: Vec<String> = test.iter().map(|(name, value)| format!("test {name} {value:.4}")).collect();
    run.say(&told.join("  "))?;
    // <page>
    clock.metrics("test", &test);
    if !scaled {
        clock.key_figure("test_accuracy", ("scaled pictures", history.last("val_accuracy").unwrap_or(f64::NAN)));
        clock.note("The pictures below show what the network says about the same pictures scaled to 0 to 1.".to_owned());
    }
    let own = run.figures(id).map(|figures| preview(&figures, &generator, &set.train)).transpose()?;
    let seen = Photographed { model: &model, history: &history, images: &set.test, unseen: true, inside: scaled };
    look_at_with(run, clock, &seen, own.into_iter().collect())
    // </page>
}
