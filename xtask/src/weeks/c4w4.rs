//! Course 4, week 4: convolutions and recurrent layers on series from the world.

use anyhow::Result;
use practicum_core::prelude::*;
use practicum_timeseries::synth::SeriesSpec;

use super::networks::{Recipe, Sweep, Training, times};
use super::series::Subject;
use crate::code;
use crate::data::{SUNSPOTS, TEMPS};
use crate::results::DataSource;
use crate::week::{Bound, Next, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C4W4: Week = Week {
    id: "c4w4",
    title: "Real-world time series",
    teaches: "A causal convolution before recurrent layers forecasts sunspots and temperatures",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "A convolution and LSTM layers on series A",
            task: "A causal convolution in front looks at a few neighbouring days at once and passes their patterns on; the LSTM layers \
                   after it get a cleaner input. The network answers after every day of a window, not only after its last, so that each \
                   window teaches as much as it has days.",
            code: code!["c4w4.rs": "lab1", "c4w4.rs": "causal", "c4w4.rs": "lstm", "networks.rs": "times", "networks.rs": "impl Recipe"],
            keras: include_str!("keras/c4w4_lab1.py"),
            notice: "Within a few dozen epochs the loss is as low as week 3's recurrent network got it in hundreds. The remaining epochs \
                     gain only the last tenth. The sweep is done with a larger, bidirectional network, as in the course. The network \
                     answers at every step of a window: the curves average over all of its outputs; the validation MAE above them uses \
                     only the last.",
            next: &[Next { change: "As long as the course trains it.", command: "cargo xtask run-week c4w4 --lab 1 --full" }],
            targets: &[
                Target {
                    run: "lab1",
                    bound: Bound::AtMost(6.1),
                    on: DataSource::Inline,
                    at: Scale::Quick,
                    source: "19 of 20 seeds meet it after 40 epochs, half of them end below 5.41",
                    ..MAE
                },
                Target {
                    run: "lab1",
                    bound: Bound::AtMost(6.2),
                    on: DataSource::Inline,
                    source: "19 of 20 seeds meet it, 18 of them end below the naive forecast (5.9379)",
                    course: Some(5.0066857),
                    ..MAE
                },
            ],
            run: lab1,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "Sunspots with a dense network",
            task: "The number of spots on the sun has been written down each month since 1749. It rises and falls in cycles of about 11 \
                   years, no two of which are alike. A dense network reads five years and says what the next month brings.",
            code: code!["c4w4.rs": "lab2", "c4w4.rs": "sunspots", "networks.rs": "impl Recipe"],
            keras: include_str!("keras/c4w4_lab2.py"),
            notice: "Here the naive forecast is hard to beat: each month resembles the one before. The network wins by a few per cent, \
                     because it averages over several months. Its errors are largest around the maxima of the cycles.",
            next: &[Next {
                change: "The network of lab 3 reads the months one after another.",
                command: "cargo xtask run-week c4w4 --lab 3",
            }],
            data: &[&SUNSPOTS],
            targets: &[
                Target {
                    run: "lab2",
                    bound: Bound::Below(17.6732),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "the naive forecast; 20 of 20 seeds meet it, the worst ends at 16.20",
                    ..MAE
                },
                Target {
                    run: "lab2",
                    metric: "naive_mae",
                    bound: Bound::Print(16.136170),
                    at: Scale::Any,
                    source: "the naive forecast",
                    ..MAE
                },
                Target {
                    run: "lab2",
                    bound: Bound::AtMost(15.3),
                    source: "19 of 20 seeds meet it, half of them end below 14.885; Keras reaches 14.82 to 15.17",
                    course: Some(15.0819645),
                    ..MAE
                },
            ],
            run: lab2,
        },
        Session {
            kind: SessionKind::Lab(3),
            title: "Sunspots with a convolution, LSTM and dense layers",
            task: "The sunspots again, with everything the course has taught: a causal convolution, two LSTM layers, two dense layers, \
                   windows of 60 months, a sweep of the learning rate, and 500 epochs. Does forty times the size of lab 2's network \
                   pay?",
            code: code![
                "c4w4.rs": "deep",
                "c4w4.rs": "lab3",
                "c4w4.rs": "sunspots",
                "c4w4.rs": "causal",
                "c4w4.rs": "lstm",
                "networks.rs": "times",
                "networks.rs": "impl Recipe",
            ],
            keras: include_str!("keras/c4w4_lab3.py"),
            notice: "It does not: in the course this run ends at 15.40 and lab 2 at 15.08. Where it ends is partly luck: nine seeds end \
                     here between 14.69 and 17.50, some on either side of the naive forecast (16.14), so that no bound is set. Compare \
                     with the naive forecast and a small network before you trust a large one. The training loss keeps falling to the \
                     end, the validation error hardly follows it. As in lab 1, the curves average over the outputs at every step of a \
                     window; the validation MAE above them uses only the last. The course sweeps a slightly \
                     different network than it trains.",
            next: &[Next {
                change: "As long as the course trains it; this takes minutes.",
                command: "cargo xtask run-week c4w4 --lab 3 --full",
            }],
            data: &[&SUNSPOTS],
            targets: &[],
            run: lab3,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "The same network for daily temperatures",
            task: "Ten years of the lowest temperature of each day in Melbourne. Train the network of lab 3 on the first 2,500 days, \
                   and forecast each of the others from the 64 days before it.",
            code: code![
                "c4w4.rs": "deep",
                "c4w4.rs": "exercise",
                "c4w4.rs": "causal",
                "c4w4.rs": "lstm",
                "networks.rs": "times",
                "networks.rs": "impl Recipe",
            ],
            keras: include_str!("keras/c4w4_exercise.py"),
            notice: "After 150 epochs on the temperatures of Melbourne, the network beats the naive forecast by a tenth; after the few \
                     of a quick run it is about as good as the naive forecast. It wins by caution: its \
                     forecasts swing less than the temperatures do, because the weather of tomorrow is nearer to the season's mean than \
                     that of today. As in labs 1 and 3, the curves average over the outputs at every step; the MAE above them uses \
                     only the last.",
            next: &[Next { change: "As long as the course trains it.", command: "cargo xtask run-week c4w4 --exercise --full" }],
            data: &[&TEMPS],
            targets: &[
                Target {
                    run: "exercise",
                    metric: "naive_mae",
                    bound: Bound::Print(2.011217),
                    at: Scale::Any,
                    source: "the naive forecast",
                    ..MAE
                },
                Target {
                    run: "exercise",
                    bound: Bound::AtMost(1.82),
                    source: "19 of 20 seeds meet it, half of them end below 1.803",
                    course: Some(1.780626),
                    ..MAE
                },
            ],
            run: exercise,
        },
    ],
};

const MAE: Target = Target { metric: "validation_mae", ..Target::BARE };

/// The notebooks forecast from the sweep's windows, which are longer than those of the training.
const SWEEP_WINDOW: usize = 64;

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    let subject = sunspots(run)?;
    let recipe = Recipe { window: 60, batch_size: 32, sequences: false, loss: "mse", mae: false };
    let relu = |units| Dense::new(units).activation(Activation::Relu);
    let model = run.sequential().add(Input::new([60])).add(relu(20)).add(relu(10)).add(Dense::new(1));
    let training = Training::new("lab2", "Lab 2: sunspots, a dense network", 1e-7, (100, 100));
    recipe.train(run, &subject, model, &Training { show_series: true, ..training })
}

fn lab3(run: &mut WeekRun<'_>) -> Result<()> {
    let subject = sunspots(run)?;
    deep(run, &subject, ["lab3-sweep", "lab3"], "Lab 3: sunspots", (500, 12), false)
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let series = run.data(&TEMPS)?;
    let subject = Subject::observed(&series, 2500, 365, "day", "°C")?;
    deep(run, &subject, ["exercise-sweep", "exercise"], "Exercise: temperatures", (150, 15), true)
}

fn sunspots(run: &mut WeekRun<'_>) -> Result<Subject> {
    let series = run.data(&SUNSPOTS)?;
    Subject::observed(&series, 3000, 132, "month", "monthly mean sunspot number")
}

fn causal(filters: usize, kernel_size: usize) -> Conv1D {
    Conv1D::new(filters, kernel_size).padding(Padding::Causal).activation(Activation::Relu)
}

fn lstm(units: usize) -> LSTM {
    LSTM::new(units).return_sequences(true)
}

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let a = Subject::synthetic(run, &SeriesSpec::A)?;
    let recipe = Recipe { window: 30, batch_size: 128, sequences: true, loss: "huber", mae: true };
    let input = || Input::open([None, Some(1)]);
    let model = run
        .sequential()
        .add(input())
        .add(causal(32, 5))
        .add(Bidirectional::new(lstm(32)))
        .add(Bidirectional::new(lstm(32)))
        .add(Dense::new(1))
        .add(times(200.0));
    let sweep = Sweep {
        id: "lab1-sweep",
        title: "Lab 1: sweep of the learning rate",
        chosen: 1e-5,
        rates: (1e-8, 1e-4),
        losses: (0.0, 30.0),
        quick: 15,
    };
    recipe.sweep(run, &a, model, &sweep)?;
    let model = run.sequential().add(input()).add(causal(32, 3)).add(lstm(32)).add(lstm(32)).add(Dense::new(1)).add(times(200.0));
    let training = Training::new("lab1", "Lab 1: a convolution and LSTM layers", 1e-5, (500, 40));
    Recipe { batch_size: 32, ..recipe }.train(run, &a, model, &Training { zoom: 200, ..training })
}

/// A causal convolution, two LSTM layers and dense layers: swept with one size, trained with another.
fn deep(
    run: &mut WeekRun<'_>,
    subject: &Subject,
    ids: [&'static str; 2],
    title: &str,
    epochs: (usize, usize),
    show_series: bool,
) -> Result<()> {
    let relu = |units| Dense::new(units).activation(Activation::Relu);
    let model = |run: &WeekRun<'_>, filters, units| {
        let recurrent = run.sequential().add(Input::open([None, Some(1)])).add(causal(filters, 5)).add(lstm(units)).add(lstm(units));
        recurrent.add(relu(30)).add(relu(10)).add(Dense::new(1)).add(times(400.0))
    };
    let recipe = Recipe { window: SWEEP_WINDOW, batch_size: 256, sequences: true, loss: "huber", mae: true };
    let swept = format!("{title}, sweep of the learning rate");
    let sweep = Sweep { id: ids[0], title: &swept, chosen: 1e-5, rates: (1e-8, 1e-4), losses: (0.0, 60.0), quick: 8 };
    let network = model(run, 32, 64);
    recipe.sweep(run, subject, network, &sweep)?;
    let title = format!("{title}, a convolution, LSTM and dense layers");
    let training = Training::new(ids[1], &title, 1e-5, epochs);
    let training = Training { forecast_window: Some(SWEEP_WINDOW), zoom: 200, show_series, ..training };
    let network = model(run, 60, 60);
    Recipe { window: 60, batch_size: 100, ..recipe }.train(run, subject, network, &training)
}
