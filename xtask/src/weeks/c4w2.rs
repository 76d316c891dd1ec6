//! Course 4, week 2: windows of a series, and dense networks that forecast from them.

use anyhow::Result;
use practicum_core::data::{BatchOptions, Dataset, ShuffleOptions, WindowOptions};
use practicum_core::prelude::*;
use practicum_timeseries::synth::SeriesSpec;

use super::networks::{Recipe, Sweep, Training};
use super::series::Subject;
use crate::code;
use crate::results::DataSource;
use crate::week::{Bound, Next, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C4W2: Week = Week {
    id: "c4w2",
    title: "Deep neural networks for time series",
    teaches: "A series cut into windows trains a dense network; a sweep finds its learning rate",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Windows and labels of a pipeline",
            task: "A network that forecasts needs examples: a few steps of the series as the input, and the step after them as the \
                   answer. A pipeline makes them out of the series, here out of the numbers from 0 to 9, so that each stage can be \
                   read.",
            code: code!["c4w2.rs": "lab1"],
            keras: include_str!("keras/c4w2_lab1.py"),
            notice: "Without `drop_remainder` the last four windows get shorter and shorter: they have no answer. After the shuffle the \
                     windows come in another order, but each is still whole: the order within a window is what there is to learn.",
            next: &[Next {
                change: "Another seed shuffles the windows differently and leaves their content as it is.",
                command: "cargo xtask run-week c4w2 --lab 1 --seed 1",
            }],
            targets: &[
                Target::print("lab1", "windows", 10.0, INLINE),
                Target::print("lab1", "whole_windows", 6.0, INLINE),
                Target::print("lab1", "batches", 3.0, INLINE),
            ],
            run: lab1,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "One neuron on windows: linear regression",
            task: "One neuron reads the last 20 days and says what the next day brings: a weighted sum of them, which is linear \
                   regression trained by gradient descent. It has to beat the naive forecast, which says that tomorrow is as today.",
            code: code!["c4w2.rs": "lab2", "c4w2.rs": "recipe", "networks.rs": "impl Recipe"],
            keras: include_str!("keras/c4w2_lab2.py"),
            notice: "The last days have the largest weights: the neuron found by itself that the recent past tells most, and it averages \
                     over several days, so that noise cancels out. The forecast follows the season well and comes late where the \
                     series jumps.",
            next: &[Next {
                change: "After 10 epochs the weights are not in order yet.",
                command: "cargo xtask run-week c4w2 --lab 2 --epochs 10",
            }],
            targets: &[Target { run: "lab2", bound: Bound::AtMost(5.35), source: "19 of 20 seeds meet it", course: Some(5.111128), ..MAE }],
            run: lab2,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(3),
            title: "Three layers, a sweep of the learning rate, and a longer training",
            task: "Two hidden layers make the forecast nonlinear. Which learning rate suits them is found by a sweep: the rate rises from \
                   epoch to epoch, and the loss shows from which one on the network learns, and from which one on it blows up. Then the \
                   network is trained five times as long, on windows of 30 days, with a rate several times below the one at which it blows \
                   up.",
            code: code![
                "c4w2.rs": "three_layers",
                "c4w2.rs": "dense",
                "c4w2.rs": "recipe",
                "c4w2.rs": "lab3",
                "networks.rs": "impl Recipe",
            ],
            keras: include_str!("keras/c4w2_lab3.py"),
            notice: "In the sweep the loss falls until a rate of about 2e-5 and explodes after 5e-5. The rate to choose lies where it \
                     still falls steadily, a few times below the explosion. The two hidden layers alone gain nothing over the single \
                     neuron of lab 2 (5.11 in the course, both times). Five times as many epochs, longer windows and the higher rate bring \
                     the course to 4.93.",
            next: &[Next {
                change: "Later notebooks use a steeper series with a weaker season. Does the same rate suit it?",
                command: "cargo xtask run-week c4w2 --exploration 1",
            }],
            targets: &[
                Target {
                    run: "lab3",
                    bound: Bound::AtMost(5.51),
                    source: "20 of 20 seeds meet it, the worst ends at 5.480",
                    course: Some(5.105463),
                    ..MAE
                },
                Target {
                    run: "lab3-final",
                    bound: Bound::AtMost(6.0),
                    source: "19 of 20 seeds meet it, 18 of them end below the naive forecast (5.9379)",
                    course: Some(4.925656),
                    ..MAE
                },
            ],
            run: lab3,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exercise,
            title: "A dense network for series C",
            task: "Ten years of days, with a steep season: train a network on windows of 20 days so that its forecasts are off by about 3 \
                   on average.",
            code: code!["c4w2.rs": "exercise", "c4w2.rs": "dense", "c4w2.rs": "recipe", "networks.rs": "impl Recipe"],
            keras: include_str!("keras/c4w2_exercise.py"),
            notice: "The noise of this series has a standard deviation of 3, so that even the best forecast is off by 2.4 on average. \
                     What the network misses is largest where the season turns abruptly.",
            next: &[Next {
                change: "Three times as many epochs: how close to 2.4 does it come?",
                command: "cargo xtask run-week c4w2 --exercise --epochs 300",
            }],
            targets: &[Target {
                run: "exercise",
                bound: Bound::Below(3.2),
                source: "19 of 20 seeds meet it; the exercise asks for about 3",
                ..MAE
            }],
            run: exercise,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(1),
            title: "Lab 3 for series D, which later notebooks use",
            task: "The three trainings of lab 3 on a series that rises almost twice as fast and has half the seasonal amplitude.",
            code: code![
                "c4w2.rs": "exploration1",
                "c4w2.rs": "three_layers",
                "c4w2.rs": "dense",
                "c4w2.rs": "recipe",
                "networks.rs": "impl Recipe",
            ],
            targets: &[Target {
                run: "exploration1",
                bound: Bound::Below(5.7997),
                source: "the naive forecast; 20 of 20 seeds meet it, the worst ends at 5.087; Keras reaches 4.61 to 5.13",
                ..MAE
            }],
            run: exploration1,
            ..Session::BARE
        },
    ],
};

const INLINE: DataSource = DataSource::Inline;

const MAE: Target = Target { metric: "validation_mae", on: INLINE, at: Scale::Any, ..Target::BARE };

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let a = Subject::synthetic(run, &SeriesSpec::A)?;
    let neuron = run.sequential().add(Input::new([20])).add(Dense::new(1));
    let training = Training::new("lab2", "Lab 2: one neuron", 1e-6, (100, 100));
    recipe(20).train(run, &a, neuron, &Training { tell_weights: true, ..training })
}

fn lab3(run: &mut WeekRun<'_>) -> Result<()> {
    let a = Subject::synthetic(run, &SeriesSpec::A)?;
    three_layers(run, &a, ["lab3", "lab3-sweep", "lab3-final"], "Lab 3")
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let c = Subject::synthetic(run, &SeriesSpec::C)?;
    let model = dense(run, 20, 100);
    recipe(20).train(run, &c, model, &Training::new("exercise", "Exercise: series C", 1e-6, (100, 100)))
}

fn exploration1(run: &mut WeekRun<'_>) -> Result<()> {
    let d = Subject::synthetic(run, &SeriesSpec::D)?;
    three_layers(run, &d, ["exploration1", "exploration1-sweep", "exploration1-final"], "Exploration 1, series D")
}

fn recipe(window: usize) -> Recipe {
    Recipe { window, batch_size: 32, sequences: false, loss: "mse", mae: false }
}

fn dense(run: &WeekRun<'_>, window: usize, first: usize) -> Sequential {
    let relu = |units| Dense::new(units).activation(Activation::Relu);
    run.sequential().add(Input::new([window])).add(relu(first)).add(relu(10)).add(Dense::new(1))
}

/// A first model, the sweep, and the training that follows from it.
fn three_layers(run: &mut WeekRun<'_>, subject: &Subject, ids: [&'static str; 3], title: &str) -> Result<()> {
    let model = dense(run, 20, 10);
    recipe(20).train(run, subject, model, &Training::new(ids[0], &format!("{title}: three layers"), 1e-6, (100, 100)))?;
    let sweep = Sweep {
        id: ids[1],
        title: &format!("{title}: sweep of the learning rate"),
        chosen: 8e-6,
        rates: (1e-8, 1e-3),
        losses: (0.0, 300.0),
        quick: 100,
    };
    let model = dense(run, 20, 10);
    recipe(20).sweep(run, subject, model, &sweep)?;
    let title = format!("{title}: longer windows, longer training");
    let model = dense(run, 30, 10);
    recipe(30).train(run, subject, model, &Training::new(ids[2], &title, 8e-6, (500, 500)))
}

/// What each stage of a pipeline makes of the numbers from 0 to 9.
fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("lab1", "Lab 1: windows and labels")?;
    let numbers = Dataset::range(0..10);
    let all = numbers.clone().window(WindowOptions::new(5).shift(1));
    let whole = numbers.window(WindowOptions::new(5).shift(1).drop_remainder(true));

    let vectors = whole.clone().flat_map(|window| Ok(window.batch(5)));
    let pairs = vectors.map(|window| Ok((window.rows(0..4)?, window.rows(4..5)?)));

    let shuffle = ShuffleOptions::new(10).seed(run.settings.seed);
    let batches = pairs.clone().shuffle(shuffle).batch(BatchOptions::new(2)).prefetch(1);
    // <page>
    run.inline_data("range");
    let stages = [
        ("windows", "windows of 5, a step apart", written(all)?),
        ("whole_windows", "those that are whole", written(whole)?),
        ("pairs", "the last number is the label", written_pairs(&pairs)?),
        ("batches", "shuffled, in batches of 2", written_pairs(&batches)?),
    ];
    let told: Vec<String> = stages.iter().map(|(_, title, lines)| format!("{title}:\n{}", lines.join("\n"))).collect();
    run.say(&told.join("\n"))?;
    for (metric, _, lines) in &stages {
        clock.metric(metric, lines.len() as f64);
    }
    told.into_iter().for_each(|stage| clock.note(stage));
    run.finish_without_model(clock)
    // </page>
}

/// A line for each window.
fn written(windows: Dataset<Dataset<i64>>) -> Result<Vec<String>> {
    let line = |window: practicum_core::Result<Dataset<i64>>| {
        let numbers: Vec<String> =
            window?.iter().map(|number| number.map(|number| number.to_string())).collect::<practicum_core::Result<_>>()?;
        anyhow::Ok(numbers.join(" "))
    };
    windows.iter().map(line).collect()
}

/// A line for each pair, or for each batch of pairs.
fn written_pairs(pairs: &Dataset<(Tensor, Tensor)>) -> Result<Vec<String>> {
    let line = |pair: practicum_core::Result<(Tensor, Tensor)>| {
        let (x, y) = pair?;
        let rows: Vec<String> = x.as_slice().chunks(4).zip(y.as_slice()).map(|(x, y)| format!("{x:.0?} → {y:.0}")).collect();
        anyhow::Ok(rows.join("   "))
    };
    pairs.iter().map(line).collect()
}
