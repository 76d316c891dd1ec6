//! Course 1, week 2: dense networks tell garments and digits apart.

use anyhow::{Result, bail};
use practicum_core::callbacks::Context;
use practicum_core::prelude::*;
use practicum_vision::datasets::ImageDataset;

use super::pictures::{Answers, MNIST_PICTURES, Trained, data_of, judge, numbers_of};
use crate::code;
use crate::data::{FMNIST, MNIST};
use crate::results::DataSource;
use crate::week::{Bound, Next, RunClock, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C1W2: Week = Week {
    id: "c1w2",
    title: "Introduction to computer vision",
    teaches: "A dense network tells ten kinds of garments apart, and a callback ends the training in time",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Fashion-MNIST with one hidden layer of 128 units",
            task: "No one can write down the rules by which a coat differs from a pullover. So the network of week 1 gets more \
                   neurons: the 784 pixels of a picture go into a hidden layer of 128, and ten outputs say how probable each kind of \
                   garment is. How well it does is measured on pictures that it was not trained on.",
            code: code!["c1w2.rs": "lab1", "pictures.rs": "data_of"],
            keras: include_str!("keras/c1w2_lab1.py"),
            notice: "The accuracy on the training pictures rises in every epoch, that on the test pictures more slowly: the distance \
                     between the two is what the network has learned by heart. In the confusion matrix most mistakes are between \
                     garments that look alike, such as shirt and T-shirt. Among the worst mistakes are some that a person would make \
                     too.",
            next: &[
                Next {
                    change: "On MNIST's digits: what does the test loss do in 30 epochs?",
                    command: "cargo xtask run-week c1w2 --exploration 6",
                },
                Next {
                    change: "On MNIST's digits: what happens to pixels from 0 to 255, without the division?",
                    command: "cargo xtask run-week c1w2 --exploration 7",
                },
            ],
            data: &[&FMNIST],
            targets: &[
                Target {
                    run: "lab1",
                    metric: "test_accuracy",
                    bound: Bound::AtLeast(0.86),
                    on: DataSource::Real,
                    at: Scale::Any,
                    source: "19 of 20 seeds meet it",
                    course: Some(0.8744),
                },
                Target {
                    run: "lab1",
                    metric: "test_accuracy",
                    bound: Bound::AtLeast(0.86),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "19 of 20 seeds meet it; Keras reaches 0.852 to 0.883 with ten seeds",
                    course: None,
                },
            ],
            run: lab1,
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "Callbacks: stop at an accuracy, and at a loss",
            task: "How many epochs are enough? Instead of guessing, the training asks a callback after each epoch, which stops it once \
                   it is good enough. One callback looks at the accuracy, the other at the loss.",
            code: code![
                "c1w2.rs": "lab2", "c1w2.rs": "dense", "c1w2.rs": "Stop", "c1w2.rs": "impl Stop", "c1w2.rs": "impl Callback for Stop",
                "pictures.rs": "data_of"
            ],
            keras: include_str!("keras/c1w2_lab2.py"),
            notice: "Ten epochs were allowed. An accuracy of 60 % is reached in the first epoch, a loss of 0.4 a little later. \
                     Both callbacks see the means over the epoch's training pictures, not the test pictures.",
            next: &[Next {
                change: "The exercise uses the same callback with a bound that is harder to reach.",
                command: "cargo xtask run-week c1w2 --exercise",
            }],
            data: &[&FMNIST],
            run: lab2,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exercise,
            title: "Handwriting: MNIST to 99 % training accuracy",
            task: "Teach a network to read handwritten digits until it is right about 99 of 100 training pictures, in ten epochs at \
                   most, and let a callback stop it there.",
            code: code![
                "c1w2.rs": "exercise", "c1w2.rs": "dense", "c1w2.rs": "Stop", "c1w2.rs": "impl Stop", "c1w2.rs": "impl Callback for Stop",
                "pictures.rs": "data_of"
            ],
            keras: include_str!("keras/c1w2_exercise.py"),
            notice: "99 % is reached after about half of the ten epochs. The accuracy on the test pictures is lower by one or two points \
                     and rises more slowly: part of what the last epochs taught holds for the training pictures alone.",
            next: &[Next { change: "Does a second hidden layer help?", command: "cargo xtask run-week c1w2 --exploration 5" }],
            data: &[&MNIST],
            targets: &[
                NINETY_NINE,
                Target {
                    on: DataSource::BuiltIn,
                    source: "what the exercise asks for, within 10 epochs; 20 of 20 seeds meet it, and end at 0.9908 to 0.9964",
                    ..NINETY_NINE
                },
            ],
            run: exercise,
        },
        Session {
            kind: SessionKind::Exploration(2),
            title: "1,024 hidden units",
            task: "On MNIST's digits, with eight times as many hidden units as lab 1 has: does more calculation mean more accuracy?",
            code: code!["c1w2.rs": "exploration2", "c1w2.rs": "dense", "c1w2.rs": "explore", "pictures.rs": "data_of"],
            data: &[&MNIST],
            run: exploration2,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(3),
            title: "Without Flatten: must fail",
            task: "Leave out the layer that makes one row of a picture, to see which error says so: the network then answers for each \
                   of the 28 rows of a picture.",
            code: code!["c1w2.rs": "exploration3", "c1w2.rs": "must_fail", "pictures.rs": "data_of"],
            data: &[&MNIST],
            run: exploration3,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(4),
            title: "5 outputs for 10 classes: must fail",
            task: "Give the network five outputs where there are ten classes, to see which error says so.",
            code: code!["c1w2.rs": "exploration4", "c1w2.rs": "must_fail", "pictures.rs": "data_of"],
            data: &[&MNIST],
            run: exploration4,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(5),
            title: "A second hidden layer",
            task: "Put a layer of 256 between the hidden layer of 512 and the outputs. For pictures as simple as digits it changes \
                   little.",
            code: code!["c1w2.rs": "exploration5", "c1w2.rs": "dense", "c1w2.rs": "explore", "pictures.rs": "data_of"],
            data: &[&MNIST],
            run: exploration5,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(6),
            title: "30 epochs",
            task: "On MNIST's digits, train the network of lab 1 six times as long. The training loss goes on falling, and the test \
                   loss rises: the network begins to learn its training pictures by heart, which is called overfitting.",
            code: code!["c1w2.rs": "exploration6", "c1w2.rs": "explore", "c1w2.rs": "dense", "pictures.rs": "data_of"],
            data: &[&MNIST],
            run: exploration6,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(7),
            title: "Pixels from 0 to 255",
            task: "Leave out the division by 255. The network still learns, but from a much larger first loss: inputs of this size are \
                   not what its first weights and its learning rate are made for.",
            code: code!["c1w2.rs": "exploration7", "c1w2.rs": "dense", "c1w2.rs": "explore", "pictures.rs": "data_of"],
            data: &[&MNIST],
            run: exploration7,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(8),
            title: "Stop at a loss below 0.4",
            task: "Stop the training after the first epoch whose loss is below 0.4.",
            code: code![
                "c1w2.rs": "exploration8", "c1w2.rs": "dense", "c1w2.rs": "Stop", "c1w2.rs": "impl Stop",
                "c1w2.rs": "impl Callback for Stop", "pictures.rs": "data_of"
            ],
            data: &[&FMNIST],
            run: exploration8,
            ..Session::BARE
        },
    ],
};

/// Classes that somebody who guesses has to choose from.
const TEN: usize = 10;

const NINETY_NINE: Target = Target {
    run: "exercise",
    metric: "train_accuracy",
    bound: Bound::Above(0.99),
    on: DataSource::Real,
    at: Scale::Any,
    source: "what the exercise asks for, within 10 epochs; 20 of 20 seeds meet it, and end at 0.9901 to 0.9919",
    course: None,
};

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: Fashion-MNIST")?;
    let set = run.data(&FMNIST)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = data_of(&set.train, 1.0 / 255.0)?;
    let (x_test, y_test) = data_of(&set.test, 1.0 / 255.0)?;

    let mut model = run
        .sequential()
        .add(Input::new([28, 28]))
        .add(Flatten::new())
        .add(Dense::new(128).activation(Activation::Relu))
        .add(Dense::new(10).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;

    let fit = run.fit(5).validation_data(&x_test, &y_test);
    let history = model.fit(&x_train, &y_train, fit)?;
    let test = model.evaluate(&x_test, &y_test)?;
    // <page>
    look(run, clock, &Trained { model: &model, history: &history, test: &test }, &set)
    // </page>
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let set = run.data(&FMNIST)?;
    let (x_train, y_train) = data_of(&set.train, 1.0 / 255.0)?;
    let (x_test, y_test) = data_of(&set.test, 1.0 / 255.0)?;

    let accurate = |logs: &Logs| logs.get("accuracy").is_some_and(|accuracy| accuracy > 0.6);
    let precise = |logs: &Logs| logs.get("loss").is_some_and(|loss| loss < 0.4);
    for (id, title, mut stop) in [
        ("lab2-accuracy", "Lab 2: stop when the accuracy is above 0.6", Stop::when(accurate, "Reached 60% accuracy")),
        ("lab2-loss", "Lab 2: stop when the loss is below 0.4", Stop::when(precise, "Reached a loss below 0.4")),
    ] {
        let mut clock = run.begin(id, title)?;
        run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
        let mut model = dense(run, &[512]);
        model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
        let fit = run.fit(10).validation_data(&x_test, &y_test).callback(&mut stop);
        let history = model.fit(&x_train, &y_train, fit)?;
        let test = model.evaluate(&x_test, &y_test)?;
        stop.tell(run, &mut clock)?;
        // <page>
        judge(run, clock, &Trained { model: &model, history: &history, test: &test }, TEN)?;
        // </page>
    }
    Ok(())
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exercise", "Exercise: handwriting")?;
    let set = run.data(&MNIST)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = data_of(&set.train, 1.0 / 255.0)?;
    let (x_test, y_test) = data_of(&set.test, 1.0 / 255.0)?;

    let mut model = dense(run, &[512]);
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;

    let accurate = |logs: &Logs| logs.get("accuracy").is_some_and(|accuracy| accuracy > 0.99);
    let mut stop = Stop::when(accurate, "Reached 99% accuracy");
    let fit = run.fit(10).validation_data(&x_test, &y_test).callback(&mut stop);
    let history = model.fit(&x_train, &y_train, fit)?;
    let test = model.evaluate(&x_test, &y_test)?;
    stop.tell(run, &mut clock)?;
    // <page>
    look(run, clock, &Trained { model: &model, history: &history, test: &test }, &set)
    // </page>
}

fn exploration2(run: &mut WeekRun<'_>) -> Result<()> {
    let model = dense(run, &[1024]);
    explore(run, "exploration2", "Exploration 2: 1,024 hidden units", model, 1.0 / 255.0, 5)
}

fn exploration3(run: &mut WeekRun<'_>) -> Result<()> {
    let model = run
        .sequential()
        .add(Input::new([28, 28]))
        .add(Dense::new(64).activation(Activation::Relu))
        .add(Dense::new(10).activation(Activation::Softmax));
    must_fail(run, "exploration3", "Exploration 3: without Flatten", model)
}

fn exploration4(run: &mut WeekRun<'_>) -> Result<()> {
    let model = run
        .sequential()
        .add(Input::new([28, 28]))
        .add(Flatten::new())
        .add(Dense::new(64).activation(Activation::Relu))
        .add(Dense::new(5).activation(Activation::Softmax));
    must_fail(run, "exploration4", "Exploration 4: 5 outputs for 10 classes", model)
}

fn exploration5(run: &mut WeekRun<'_>) -> Result<()> {
    let model = dense(run, &[512, 256]);
    explore(run, "exploration5", "Exploration 5: a second hidden layer", model, 1.0 / 255.0, 5)
}

fn exploration6(run: &mut WeekRun<'_>) -> Result<()> {
    let model = dense(run, &[128]);
    explore(run, "exploration6", "Exploration 6: 30 epochs", model, 1.0 / 255.0, 30)
}

fn exploration7(run: &mut WeekRun<'_>) -> Result<()> {
    let model = dense(run, &[512]);
    explore(run, "exploration7", "Exploration 7: pixels from 0 to 255", model, 1.0, 5)
}

fn exploration8(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exploration8", "Exploration 8: stop when the loss is below 0.4")?;
    let set = run.data(&FMNIST)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = data_of(&set.train, 1.0 / 255.0)?;
    let (x_test, y_test) = data_of(&set.test, 1.0 / 255.0)?;
    let mut model = dense(run, &[512]);
    model.compile("adam", "sparse_categorical_crossentropy", ())?;

    let precise = |logs: &Logs| logs.get("loss").is_some_and(|loss| loss < 0.4);
    let mut stop = Stop::when(precise, "Reached a loss below 0.4");
    let fit = run.fit(5).validation_data(&x_test, &y_test).callback(&mut stop);
    let history = model.fit(&x_train, &y_train, fit)?;
    let test = model.evaluate(&x_test, &y_test)?;
    stop.tell(run, &mut clock)?;
    // <page>
    judge(run, clock, &Trained { model: &model, history: &history, test: &test }, TEN)
    // </page>
}

/// Hidden layers of these sizes between the pixels and ten probabilities.
fn dense(run: &WeekRun<'_>, hidden: &[usize]) -> Sequential {
    let mut model = run.sequential().add(Input::new([28, 28])).add(Flatten::new());
    for units in hidden {
        model = model.add(Dense::new(*units).activation(Activation::Relu));
    }
    model.add(Dense::new(10).activation(Activation::Softmax))
}

/// Trains a network on the digits, as the notebook's explorations do, which tell the loss alone.
fn explore(run: &mut WeekRun<'_>, id: &str, title: &str, mut model: Sequential, scale: f32, epochs: usize) -> Result<()> {
    let mut clock = run.begin(id, title)?;
    let set = run.data(&MNIST)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = data_of(&set.train, scale)?;
    let (x_test, y_test) = data_of(&set.test, scale)?;
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let fit = run.fit(epochs).validation_data(&x_test, &y_test);
    let history = model.fit(&x_train, &y_train, fit)?;
    let test = model.evaluate(&x_test, &y_test)?;
    // <page>
    judge(run, clock, &Trained { model: &model, history: &history, test: &test }, TEN)
    // </page>
}

/// Trains a network that cannot be trained, and keeps the error.
fn must_fail(run: &mut WeekRun<'_>, id: &str, title: &str, mut model: Sequential) -> Result<()> {
    let mut clock = run.begin(id, title)?;
    let set = run.data(&MNIST)?;
    let (x_train, y_train) = data_of(&set.train, 1.0 / 255.0)?;
    model.compile("adam", "sparse_categorical_crossentropy", ())?;
    let Err(error) = model.fit(&x_train, &y_train, run.fit(5)) else {
        bail!("{title} was meant to fail, and did not");
    };
    run.say(&format!("failed, as it should: {error}"))?;
    // <page>
    clock.note(format!("It failed, as it should:\n{error}"));
    run.finish_without_model(clock)
    // </page>
}

/// Ends the training after the first epoch whose logs are good enough.
struct Stop {
    reached: fn(&Logs) -> bool,
    message: &'static str,
    done: bool,
}

impl Stop {
    fn when(reached: fn(&Logs) -> bool, message: &'static str) -> Self {
        Self { reached, message, done: false }
    }

    /// The notebook's words, where it has stopped the training.
    fn tell(&self, run: &WeekRun<'_>, clock: &mut RunClock) -> Result<()> {
        if self.done {
            run.tell(clock, format!("{} so cancelling training!", self.message))?;
        }
        Ok(())
    }
}

impl Callback for Stop {
    fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> practicum_core::Result<()> {
        if (self.reached)(logs) {
            self.done = true;
            cx.stop_training();
        }
        Ok(())
    }
}

/// What the notebook looks at: a picture in numbers, the probabilities of the first test picture, and many pictures.
fn look(run: &mut WeekRun<'_>, mut clock: RunClock, trained: &Trained<'_>, set: &ImageDataset) -> Result<()> {
    let (x_test, _) = data_of(&set.test, 1.0 / 255.0)?;
    let answers = Answers::of(trained.model, &x_test)?;
    let first = answers.describe(0, set.class_names());
    run.say(&first)?;
    let label = set.train.class_of(0).unwrap_or("none");
    clock.note(format!("The first training picture, of class {label}:\n{}", numbers_of(&set.train, 0)?));
    run.keep(&clock, trained.model, set.class_names())?;
    let id = clock.results.id.clone();
    let drawn = run.figures(&id).map(|figures| answers.draw("test", &set.test, &figures)).transpose()?;
    run.results.figures.extend(drawn.into_iter().flatten());
    judge(run, clock, trained, TEN)
}
