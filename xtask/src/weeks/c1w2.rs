//! Course 1, week 2: dense networks tell garments and digits apart.

use anyhow::{Result, bail};
use practicum_core::callbacks::{Callback, Context, Logs};
use practicum_core::data::Data;
use practicum_core::prelude::*;
use practicum_vision::datasets::ImageDataset;

use super::pictures::{Answers, data_of, numbers_of};
use super::run::curves_of;
use super::{Bound, DataNeed, Scale, Session, SessionKind, Target, Week, WeekRun};
use crate::list::mention;
use crate::results::{DataSource, RunResults};

pub(crate) struct C1W2;

impl Week for C1W2 {
    fn id(&self) -> &'static str {
        "c1w2"
    }

    fn title(&self) -> &'static str {
        "Introduction to computer vision"
    }

    fn teaches(&self) -> &'static str {
        "A dense network tells ten kinds of garments apart, and a callback ends the training in time"
    }

    fn data(&self) -> &'static [DataNeed] {
        const DATA: &[DataNeed] = &[
            DataNeed { id: "fmnist", built_in: "garments drawn by the code" },
            DataNeed { id: "mnist", built_in: "digits drawn by the code" },
        ];
        DATA
    }

    fn sessions(&self) -> &'static [Session] {
        use SessionKind::{Exercise, Exploration, Lab};
        const SESSIONS: &[Session] = &[
            Session { kind: Lab(1), title: "Fashion-MNIST with one hidden layer of 128" },
            Session { kind: Lab(2), title: "Callbacks: stop at an accuracy, and at a loss" },
            Session { kind: Exercise, title: "Handwriting: MNIST to 99 % training accuracy" },
            Session { kind: Exploration(2), title: "1,024 hidden units" },
            Session { kind: Exploration(3), title: "without Flatten: must fail" },
            Session { kind: Exploration(4), title: "5 outputs for 10 classes: must fail" },
            Session { kind: Exploration(5), title: "a second hidden layer" },
            Session { kind: Exploration(6), title: "30 epochs" },
            Session { kind: Exploration(7), title: "pixels from 0 to 255" },
            Session { kind: Exploration(8), title: "stop at a loss below 0.4" },
        ];
        SESSIONS
    }

    fn targets(&self) -> &'static [Target] {
        const TARGETS: &[Target] = &[
            Target {
                run: "lab1",
                metric: "test_accuracy",
                bound: Bound::AtLeast(0.865),
                on: DataSource::Real,
                at: Scale::Any,
                source: "the notebook reaches 0.874",
            },
            Target {
                run: "lab1",
                metric: "test_accuracy",
                bound: Bound::AtLeast(0.85),
                on: DataSource::BuiltIn,
                at: Scale::Any,
                source: "Keras reaches 0.878 to 0.892 on these pictures",
            },
            Target {
                run: "exercise",
                metric: "train_accuracy",
                bound: Bound::Above(0.99),
                on: DataSource::Real,
                at: Scale::Any,
                source: "what the exercise asks for, within 10 epochs",
            },
            Target {
                run: "exercise",
                metric: "train_accuracy",
                bound: Bound::Above(0.99),
                on: DataSource::BuiltIn,
                at: Scale::Any,
                source: "what the exercise asks for, within 10 epochs",
            },
        ];
        TARGETS
    }

    fn run(&self, run: &mut WeekRun<'_>) -> Result<()> {
        use SessionKind::{Exercise, Exploration, Lab};
        let on_garments = [Lab(1), Lab(2), Exploration(8)];
        if on_garments.iter().any(|kind| run.wants(*kind)) {
            let set = run.pictures("fmnist")?;
            if run.wants(Lab(1)) {
                Experiment { metrics: true, draw: true, ..Experiment::new("lab1", "Lab 1: Fashion-MNIST", &[128], 5) }.run(run, &set)?;
            }
            let deep = |id, title, epochs| Experiment::new(id, title, &[512], epochs);
            if run.wants(Lab(2)) {
                let stop = Stop::new("accuracy", 0.6, true, "Reached 60% accuracy so cancelling training!");
                let title = "Lab 2: stop when the accuracy is above 0.6";
                Experiment { metrics: true, stop: Some(stop), ..deep("lab2-accuracy", title, 10) }.run(run, &set)?;
                let stop = Stop::new("loss", 0.4, false, "Reached a loss below 0.4 so cancelling training!");
                let title = "Lab 2: stop when the loss is below 0.4";
                Experiment { metrics: true, stop: Some(stop), ..deep("lab2-loss", title, 10) }.run(run, &set)?;
            }
            if run.wants(Exploration(8)) {
                let stop = Stop::new("loss", 0.4, false, "Reached a loss below 0.4 so cancelling training!");
                Experiment { stop: Some(stop), ..deep("exploration8", "Exploration 8: stop when the loss is below 0.4", 5) }
                    .run(run, &set)?;
            }
        }
        let on_digits = [Exercise, Exploration(2), Exploration(3), Exploration(4), Exploration(5), Exploration(6), Exploration(7)];
        if on_digits.iter().any(|kind| run.wants(*kind)) {
            let set = run.pictures("mnist")?;
            self.digits(run, &set)?;
        }
        Ok(())
    }
}

impl C1W2 {
    fn digits(&self, run: &mut WeekRun<'_>, set: &ImageDataset) -> Result<()> {
        use SessionKind::{Exercise, Exploration};
        if run.wants(Exercise) {
            let stop = Stop::new("accuracy", 0.99, true, "Reached 99% accuracy so cancelling training!");
            let experiment = Experiment::new("exercise", "Exercise: handwriting", &[512], 10);
            Experiment { metrics: true, draw: true, stop: Some(stop), ..experiment }.run(run, set)?;
        }
        let explorations = [
            (2, Experiment::new("exploration2", "Exploration 2: 1,024 hidden units", &[1024], 5)),
            (5, Experiment::new("exploration5", "Exploration 5: a second hidden layer", &[512, 256], 5)),
            (6, Experiment::new("exploration6", "Exploration 6: 30 epochs", &[128], 30)),
            (7, Experiment { scale: 1.0, ..Experiment::new("exploration7", "Exploration 7: pixels from 0 to 255", &[512], 5) }),
            (3, Experiment { flatten: false, fails: true, ..Experiment::new("exploration3", "Exploration 3: without Flatten", &[64], 5) }),
            (
                4,
                Experiment {
                    outputs: 5,
                    fails: true,
                    ..Experiment::new("exploration4", "Exploration 4: 5 outputs for 10 classes", &[64], 5)
                },
            ),
        ];
        for (number, experiment) in explorations {
            if run.wants(Exploration(number)) {
                experiment.run(run, set)?;
            }
        }
        Ok(())
    }
}

/// A dense network and how it is trained.
struct Experiment {
    id: &'static str,
    title: &'static str,
    hidden: &'static [usize],
    outputs: usize,
    epochs: usize,
    scale: f32,
    flatten: bool,
    /// Whether the accuracy is watched: the notebook's explorations do not.
    metrics: bool,
    stop: Option<Stop>,
    /// Whether there are pictures of the answers.
    draw: bool,
    /// Whether it is meant to fail, to show how.
    fails: bool,
}

impl Experiment {
    fn new(id: &'static str, title: &'static str, hidden: &'static [usize], epochs: usize) -> Self {
        let (outputs, scale) = (10, 1.0 / 255.0);
        Self { id, title, hidden, outputs, epochs, scale, flatten: true, metrics: false, stop: None, draw: false, fails: false }
    }

    fn model(&self, run: &WeekRun<'_>) -> Result<Sequential> {
        let mut model = run.sequential().add(Input::new([28, 28]));
        if self.flatten {
            model = model.add(Flatten::new());
        }
        for units in self.hidden {
            model = model.add(Dense::new(*units).activation(Activation::Relu));
        }
        model = model.add(Dense::new(self.outputs).activation(Activation::Softmax));
        if self.metrics {
            model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
        } else {
            model.compile("adam", "sparse_categorical_crossentropy", ())?;
        }
        Ok(model)
    }

    fn run(mut self, run: &mut WeekRun<'_>, set: &ImageDataset) -> Result<()> {
        let mut clock = run.begin(self.id, self.title)?;
        let (x, y) = data_of(&set.train, self.scale)?;
        let (x_test, y_test) = data_of(&set.test, self.scale)?;
        let mut model = self.model(run)?;
        let mut fit = run.fit(self.epochs);
        if let Some(stop) = &mut self.stop {
            stop.quiet = run.settings.quiet;
            fit = fit.callback(stop);
        }
        let fitted = model.fit(&x, &y, fit);
        let history = match fitted {
            Err(error) if self.fails => return self.explain_failure(run, clock.results, &error),
            fitted => fitted?,
        };
        if self.fails {
            bail!("{} was meant to fail, and did not", self.title);
        }
        for name in ["loss", "accuracy"] {
            history.last(name).into_iter().for_each(|value| clock.metric(&format!("train_{name}"), value));
        }
        let test = model.evaluate(&x_test, &y_test)?;
        clock.metrics("test", &test);
        let told: Vec<String> = test.iter().map(|(name, value)| format!("test {name} {value:.4}")).collect();
        run.say(&told.join("  "))?;
        if let Some(stop) = self.stop.as_ref().filter(|stop| stop.reached) {
            clock.note(stop.message.to_owned());
        }
        if let Some(figures) = run.figures(self.id) {
            let curves = figures.curves(&curves_of(&history))?;
            run.results.figures.extend(curves);
        }
        self.look(run, &mut clock, &model, set, &x_test)?;
        run.finish(clock, &model, &history)
    }

    /// What the notebook looks at: the first picture in numbers, the probabilities of the first test picture, pictures.
    fn look(
        &self,
        run: &mut WeekRun<'_>,
        clock: &mut super::run::RunClock,
        model: &Model,
        set: &ImageDataset,
        x_test: &Data,
    ) -> Result<()> {
        if !self.draw {
            return Ok(());
        }
        let answers = Answers::of(model, x_test)?;
        let first = answers.describe(0, set.class_names());
        run.say(&first)?;
        clock.note(first);
        clock.note(format!("training picture 0 is of class {}:\n{}", set.train.class_of(0).unwrap_or("none"), numbers_of(&set.train, 0)?));
        if let Some(figures) = run.figures(self.id) {
            let drawn = answers.draw(set, &figures)?;
            run.results.figures.extend(drawn);
        }
        Ok(())
    }

    fn explain_failure(&self, run: &mut WeekRun<'_>, mut results: RunResults, error: &Error) -> Result<()> {
        run.say(&format!("failed, as it should: {error}"))?;
        results.notes.push(format!("failed, as it should:\n{error}"));
        run.add_run(results)
    }
}

/// Ends the training when a log passes a bound, and says so in the notebook's words.
struct Stop {
    log: &'static str,
    bound: f64,
    above: bool,
    message: &'static str,
    quiet: bool,
    reached: bool,
}

impl Stop {
    fn new(log: &'static str, bound: f64, above: bool, message: &'static str) -> Self {
        Self { log, bound, above, message, quiet: false, reached: false }
    }
}

impl Callback for Stop {
    fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> practicum_core::Result<()> {
        let Some(value) = logs.get(self.log) else { return Ok(()) };
        if if self.above { value > self.bound } else { value < self.bound } {
            self.reached = true;
            cx.stop_training();
        }
        Ok(())
    }

    fn on_train_end(&mut self, _cx: &mut Context<'_>) -> practicum_core::Result<()> {
        if self.reached && !self.quiet {
            // The progress line of the epoch stands above it by now.
            mention(self.message).map_err(|error| Error::io("write to", "the output".as_ref(), error))?;
        }
        Ok(())
    }
}
