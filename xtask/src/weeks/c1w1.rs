//! Course 1, week 1: one neuron learns a line.

use anyhow::Result;
use practicum_core::prelude::*;

use crate::code;
use crate::report::{LineFit, measured};
use crate::results::DataSource;
use crate::week::{Bound, Next, RunClock, Scale, Session, SessionKind, Target, Week, WeekRun, curves_of};

pub(super) static C1W1: Week = Week {
    id: "c1w1",
    title: "A new programming paradigm",
    teaches: "One neuron finds the rule behind six pairs of numbers",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Hello world: learn y = 2x − 1",
            task: "A program usually gets rules and data and returns answers. Here it gets data and answers, six pairs (x, y), and has \
                   to find the rule. The smallest network there is will do: one neuron, y = w·x + b, whose weight and bias are \
                   improved 500 times by gradient descent.",
            code: code!["c1w1.rs": "lab1"],
            keras: include_str!("keras/c1w1_lab1.py"),
            notice: "The answer for x = 10 is a little less than 19. Six points don't prove that the rule is a line, and gradient \
                     descent comes closer to it with every step without reaching it. The loss falls fast at first, then as a straight \
                     line on the logarithmic axis: each step removes the same share of the error that is left.",
            next: &[Next { change: "How far is it after 50 steps?", command: "cargo xtask run-week c1w1 --lab 1 --epochs 50" }],
            targets: &[Target { run: "lab1", ..LINE }],
            run: lab1,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "The same, and a look at what the layer learned",
            task: "The network of lab 1 again. This time we ask the layer for its two numbers, to see that what it learned is \
                   the rule itself: y = 2x − 1.",
            code: code!["c1w1.rs": "lab2"],
            keras: include_str!("keras/c1w1_lab2.py"),
            notice: "The weight is close to 2 and the bias close to −1. Their errors have opposite signs and partly cancel over \
                     the six points; in that direction gradient descent is slowest.",
            next: &[Next {
                change: "Another seed begins with another weight and ends almost at the same one.",
                command: "cargo xtask run-week c1w1 --lab 2 --seed 1",
            }],
            targets: &[Target { run: "lab2", ..LINE }],
            run: lab2,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exercise,
            title: "House prices: predict a house with 7 bedrooms",
            task: "A house costs 50,000 and another 50,000 for each bedroom. Teach this to a neuron by six examples, and ask it \
                   for the price of a house with seven bedrooms. The prices are given in units of 100,000, so that no number is \
                   much larger than another.",
            code: code!["c1w1.rs": "exercise"],
            keras: include_str!("keras/c1w1_exercise.py"),
            notice: "The prediction is close to 4, that is 400,000. It takes twice as many steps as in lab 1: the numbers of bedrooms are \
                     all positive, so that a larger weight does nearly what a larger bias does, and gradient descent is about three times \
                     slower to tell them apart.",
            next: &[Next {
                change: "How far off is the price after 500 steps, as in later editions of the course? It depends on the first weight: by \
                         up to 2 %.",
                command: "cargo xtask run-week c1w1 --exercise --epochs 500",
            }],
            targets: &[Target {
                run: "exercise",
                metric: "predict_7",
                bound: Bound::Within(3.99, 4.02),
                source: "the range after 1,000 steps from any initial weight that Glorot's initializer draws",
                ..LINE
            }],
            run: exercise,
            ..Session::BARE
        },
    ],
};

const LINE: Target = Target {
    run: "",
    metric: "predict_10",
    bound: Bound::Within(18.975, 18.988),
    on: DataSource::Inline,
    at: Scale::Any,
    source: "where gradient descent is after 500 steps from any initial weight that Glorot's initializer draws",
    course: None,
};

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let clock = run.begin("lab1", "Lab 1: hello world")?;
    let mut model = run.sequential().add(Input::new([1])).add(Dense::new(1));
    model.compile("sgd", "mean_squared_error", ())?;

    let xs = Tensor::new([6, 1], vec![-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])?;
    let ys = Tensor::new([6, 1], vec![-3.0, -1.0, 1.0, 3.0, 5.0, 7.0])?;
    let history = model.fit(&xs, &ys, run.fit(500).quiet())?;

    let predicted = model.predict(&Tensor::new([1, 1], vec![10.0])?)?;
    run.say(&format!("predict(10) = {}", predicted.item()?))?;
    // <page>
    let line = Line { xs, ys, at: 10.0, exact: 19.0, axes: ("x", "y") };
    line.finish(run, clock, &model, &history)
    // </page>
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab2", "Lab 2: what the layer learned")?;
    let mut model = run.sequential().add(Input::new([1])).add(Dense::new(1).named("l0"));
    model.compile("sgd", "mean_squared_error", ())?;

    let xs = Tensor::new([6, 1], vec![-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])?;
    let ys = Tensor::new([6, 1], vec![-3.0, -1.0, 1.0, 3.0, 5.0, 7.0])?;
    let history = model.fit(&xs, &ys, run.fit(500).quiet())?;

    let predicted = model.predict(&Tensor::new([1, 1], vec![10.0])?)?;
    run.say(&format!("predict(10) = {}", predicted.item()?))?;
    let learned = model.get_layer("l0")?.get_weights();
    let (weight, bias) = (f64::from(learned[0].item()?), f64::from(learned[1].item()?));
    run.tell(&mut clock, format!("The layer learned the weight {} and the bias {}.", measured(weight), measured(bias)))?;
    // <page>
    clock.metric("weight", weight);
    clock.metric("bias", bias);
    let line = Line { xs, ys, at: 10.0, exact: 19.0, axes: ("x", "y") };
    line.finish(run, clock, &model, &history)
    // </page>
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let clock = run.begin("exercise", "Exercise: house prices")?;
    let bedrooms = Tensor::new([6, 1], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    let prices = Tensor::new([6, 1], vec![1.0, 1.5, 2.0, 2.5, 3.0, 3.5])?;

    let mut model = run.sequential().add(Input::new([1])).add(Dense::new(1));
    model.compile("sgd", "mean_squared_error", ())?;
    let history = model.fit(&bedrooms, &prices, run.fit(1000).quiet())?;

    let predicted = model.predict(&Tensor::new([1, 1], vec![7.0])?)?;
    run.say(&format!("predict(7) = {}", predicted.item()?))?;
    // <page>
    let line = Line { xs: bedrooms, ys: prices, at: 7.0, exact: 4.0, axes: ("bedrooms", "price in 100,000") };
    line.finish(run, clock, &model, &history)
    // </page>
}

/// Six pairs on a line, and where the model is asked for a seventh.
struct Line {
    xs: Tensor,
    ys: Tensor,
    at: f32,
    exact: f64,
    axes: (&'static str, &'static str),
}

impl Line {
    /// Draws the line that the model found, and puts what it says into the results.
    fn finish(&self, run: &mut WeekRun<'_>, mut clock: RunClock, model: &Model, history: &History) -> Result<()> {
        run.inline_data("pairs");
        let predicted = model.predict(&Tensor::new([1, 1], vec![self.at])?)?.item()?;
        let metric = format!("predict_{}", self.at);
        clock.metric(&metric, predicted.into());
        clock.metric("train_loss", history.last("loss").unwrap_or(f64::NAN));
        clock.key_figure(&metric, ("on the line", self.exact));
        let id = clock.results.id.clone();
        if let Some(figures) = run.figures(&id) {
            let pair = |(x, y): (&f32, &f32)| (f64::from(*x), f64::from(*y));
            let points: Vec<(f64, f64)> = self.xs.as_slice().iter().zip(self.ys.as_slice()).map(pair).collect();
            let ends = [self.xs.as_slice()[0], self.at];
            let on_line = model.predict(&Tensor::new([2, 1], ends.to_vec())?)?;
            let line: Vec<(f64, f64)> = ends.iter().zip(on_line.as_slice()).map(pair).collect();
            let predictions = [(f64::from(self.at), f64::from(predicted))];
            let fit = LineFit { axes: self.axes, points: &points, line: &line, predictions: &predictions };
            let picture = figures.line_fit("line", "The line it found", &fit)?;
            run.results.figures.push(picture);
            run.results.figures.extend(figures.curves(&curves_of(history))?);
        }
        run.finish(clock, model, history)
    }
}
