//! Course 4, week 1: what series are made of, and forecasts that need no network.

use std::ops::Range;

use anyhow::Result;
use practicum_timeseries::Date;
use practicum_timeseries::baseline::{Differencing, difference, moving_average, naive};
use practicum_timeseries::correlate::autocorrelation;
use practicum_timeseries::plot::Timeline;
use practicum_timeseries::synth::{self, Pattern, SeriesSpec};

use super::series::{Subject, compare, wide};
use crate::code;
use crate::data::SUNSPOTS;
use crate::report::{CorrelogramPicture, Figures, OverTime, Trace, grouped};
use crate::results::{DataSource, Figure};
use crate::week::{Next, RunClock, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C4W1: Week = Week {
    id: "c4w1",
    title: "Sequences and prediction",
    teaches: "Trend, season, noise and memory make a series; naive forecasts and averages say what a network has to beat",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Trend, season, noise, memory, and a change of regime",
            task: "Before a series can be forecast one should know what it may be made of: a trend, a season, noise, and a memory \
                   of its own past. Each is drawn alone, then together, and finally a series whose rules change midway.",
            code: code!["c4w1.rs": "draw", "c4w1.rs": "lab1", "c4w1.rs": "after_the_change", "c4w1.rs": "sum"],
            keras: include_str!("keras/c4w1_lab1.py"),
            notice: "With noise of level 15 the season is easy to see, with 40 hardly. Noise with a memory wanders: it looks like a trend \
                     over short spans, and is none. After the change of regime everything learned before it is wrong, which is why \
                     it can be better to learn from the recent past alone.",
            next: &[Next { change: "Other noise, the same season.", command: "cargo xtask run-week c4w1 --lab 1 --seed 1" }],
            run: lab1,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "The same with fixed seeds; impulses, autocorrelation, sunspots",
            task: "With fixed seeds the series are the notebook's, number for number. Impulses at random times get echoes, and the \
                   autocorrelation, which says how much a series resembles itself some steps ago, shows them. Then it is measured on \
                   sunspots.",
            code: code![
                "c4w1.rs": "impulses",
                "c4w1.rs": "lab2",
                "c4w1.rs": "draw",
                "c4w1.rs": "after_the_change",
                "c4w1.rs": "sum",
                "c4w1.rs": "sunspots",
                "c4w1.rs": "pearson",
            ],
            keras: include_str!("keras/c4w1_lab2.py"),
            notice: "The autocorrelation of the two echoes peaks around lag 50, where the second echo is: at 51, because two strong \
                     impulses happen to be 51 steps apart. That of the sunspots falls slowly and rises again after a cycle of about 11 \
                     years (132 months); after differencing once and then over such a cycle, little but noise is left, with the \
                     correlations that differencing itself creates: about −0.3 at lag 1, and −0.5 at lag 132.",
            next: &[Next { change: "Lab 3 uses what the season tells.", command: "cargo xtask run-week c4w1 --lab 3" }],
            data: &[&SUNSPOTS],
            targets: &[
                Target::print("lab2", "memory_lowest", -49.92, INLINE),
                Target::print("lab2", "memory_highest", 46.48, INLINE),
                Target::print("lab2", "impulse_at_1095", 0.969910, INLINE),
                Target::print("lab2", "echo_at_1095", 1.525499, INLINE),
                Target::print("lab2", "two_echoes_at_1095", 1.203486, INLINE),
                Target::print("lab2-sunspots", "autocorrelation_1", 0.917324, REAL),
                Target::print("lab2-sunspots", "autocorrelation_2", 0.884754, REAL),
                Target::print("lab2-sunspots", "autocorrelation_3", 0.868599, REAL),
                Target::print("lab2-sunspots", "autocorrelation_4", 0.857995, REAL),
                Target::print("lab2-sunspots", "autocorrelation_5", 0.843386, REAL),
                Target::print("lab2-sunspots", "first_negative_lag", 36.0, REAL),
            ],
            run: lab2,
        },
        Session {
            kind: SessionKind::Lab(3),
            title: "Naive forecast, moving average, differencing, smoothing",
            task: "How good is a forecast that needs no network? Five are measured on the same 461 days: the last value again; the mean \
                   of the last 30; last year's value; that plus the mean change since; and the same with last year smoothed. A network \
                   has to beat the best of them.",
            code: code!["c4w1.rs": "forecast", "c4w1.rs": "lab3"],
            keras: include_str!("keras/c4w1_lab3.py"),
            notice: "The moving average is worse than the naive forecast: it removes noise, but lags behind trend and season. Differencing \
                     over a year removes both, and smoothing last year's values removes their noise. That forecast is \
                     better than the naive one by almost a quarter.",
            next: &[Next { change: "The exercise does the same for another series.", command: "cargo xtask run-week c4w1 --exercise" }],
            targets: &[
                Target::print("lab3", "naive_mse", 61.827534, INLINE),
                Target::print("lab3", "naive_mae", 5.9379077, INLINE),
                Target::print("lab3", "moving_average_mse", 106.674576, INLINE),
                Target::print("lab3", "moving_average_mae", 7.1424193, INLINE),
                Target::print("lab3", "difference_mse", 52.973656, INLINE),
                Target::print("lab3", "difference_mae", 5.8393106, INLINE),
                Target::print("lab3", "smoothed_mse", 33.45226, INLINE),
                Target::print("lab3", "smoothed_mae", 4.569442, INLINE),
            ],
            run: lab3,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exercise,
            title: "The forecasts of lab 3 for another series",
            task: "The same five forecasts for series B, whose season turns abruptly and whose noise is weak. Which is best now?",
            code: code!["c4w1.rs": "forecast", "c4w1.rs": "exercise"],
            keras: include_str!("keras/c4w1_exercise.py"),
            notice: "By the mean absolute error smoothing still helps a little, by the mean squared error it harms: at the turns of the \
                     season the smoothed forecast is far off, and squares count that most. Which forecast is best depends on what a \
                     large error costs.",
            next: &[Next {
                change: "Week 2 lets a network find the weights of the past days.",
                command: "cargo xtask run-week c4w2 --lab 2",
            }],
            targets: &[
                Target::print("exercise", "naive_mse", 19.578304, INLINE),
                Target::print("exercise", "naive_mae", 2.6011968, INLINE),
                Target::print("exercise", "moving_average_mse", 65.786224, INLINE),
                Target::print("exercise", "moving_average_mae", 4.3040023, INLINE),
                Target::print("exercise", "difference_mse", 8.498155, INLINE),
                Target::print("exercise", "difference_mae", 2.327179, INLINE),
                Target::print("exercise", "smoothed_mse", 12.527958, INLINE),
                Target::print("exercise", "smoothed_mae", 2.2034433, INLINE),
            ],
            run: exercise,
            ..Session::BARE
        },
    ],
};

const INLINE: DataSource = DataSource::Inline;
const REAL: DataSource = DataSource::Real;

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    // The notebook draws other numbers each time; ours follow the seed.
    let seed = run.settings.seed as u32;
    Parts { white: 15.0, seed }.draw(run, "lab1", "Lab 1: what series are made of", false)
}

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    Parts { white: 5.0, seed: 42 }.draw(run, "lab2", "Lab 2: fixed seeds, impulses and their echoes", true)?;
    sunspots(run)
}

fn lab3(run: &mut WeekRun<'_>) -> Result<()> {
    forecast(run, "lab3", "Lab 3: forecasts without a network, series A", &SeriesSpec::A)
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    forecast(run, "exercise", "Exercise: the same for series B", &SeriesSpec::B)
}

const STEPS: usize = 4 * 365 + 1;
/// The steps that the notebook shows of noise with a memory.
const SHOWN: usize = 200;
/// From here on the regime is another one.
const CHANGE: usize = 200;

/// The parts of the first two labs' series.
struct Parts {
    white: f64,
    seed: u32,
}

impl Parts {
    fn draw(&self, run: &mut WeekRun<'_>, id: &str, title: &str, impulses: bool) -> Result<()> {
        let mut clock = run.begin(id, title)?;
        run.inline_data("synthetic");
        let time: Vec<f64> = synth::time(STEPS)?;
        let season = synth::seasonality(&time, Pattern::P1, 365, 40.0, 0.0)?;
        let trend = |slope: f64| synth::trend(&time, slope);
        let level: Vec<f64> = sum(&trend(0.05), &season).iter().map(|value| 10.0 + value).collect();
        let white = synth::white_noise(STEPS, self.white, self.seed)?;
        let memory = synth::autocorrelation_ar1(STEPS, 10.0, self.seed)?;
        let short = synth::seasonality(&time, Pattern::P1, 50, 150.0, 0.0)?;
        let remembering = sum(&sum(&memory, &short), &trend(2.0));
        let changed = self.after_the_change(&time)?;
        let mut regimes = remembering.clone();
        regimes[CHANGE..].copy_from_slice(&changed[CHANGE..]);
        // <page>
        clock.metric("memory_lowest", memory.iter().copied().fold(f64::INFINITY, f64::min));
        clock.metric("memory_highest", memory.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let first: Vec<String> = memory[..5].iter().map(|value| format!("{value:.6}")).collect();
        clock.note(format!("Noise with a memory begins with {}.", first.join(", ")));

        if let Some(figures) = run.figures(id) {
            let mut shown = vec![
                part(&figures, "trend", "Trend", "A rise of 0.1 a step.", &trend(0.1))?,
                part(&figures, "season", "Season", "A pattern of 365 steps, 40 high.", &season)?,
                part(&figures, "trend-season", "Trend and season", "10 + 0.05 a step + the season.", &level)?,
                part(&figures, "white", "White noise", "Independent normal numbers, the first 200.", &white[..SHOWN])?,
                part(&figures, "noisy", "Trend, season and noise", &format!("Noise of level {}.", self.white), &sum(&level, &white))?,
            ];
            if !impulses {
                let loud = synth::white_noise(STEPS, 40.0, self.seed)?;
                let loud = sum(&level, &loud);
                shown.push(part(&figures, "noisier", "The same with more noise", "Of level 40: the season is hard to see.", &loud)?);
            }
            shown.extend([
                part(&figures, "memory", "Noise with a memory", "Each value is 0.8 of the last plus noise.", &memory[..SHOWN])?,
                part(&figures, "memory-trend", "Memory and trend", "A rise of 2 a step.", &sum(&memory, &trend(2.0))[..SHOWN])?,
                part(&figures, "memory-season", "Memory, season and trend", "A season of 50 steps, 150 high.", &remembering[..SHOWN])?,
                part(&figures, "regimes", "A change of regime", "From step 200 on everything is different.", &regimes[..300])?,
            ]);
            run.results.figures.extend(shown);
        }
        // </page>
        if impulses {
            self.impulses(run, &mut clock, id)?;
        }
        run.finish_without_model(clock)
    }

    /// Less memory, less season, and a fall in place of the rise.
    fn after_the_change(&self, time: &[f64]) -> Result<Vec<f64>> {
        let memory = synth::autocorrelation_ar1(time.len(), 5.0, self.seed)?;
        let season = synth::seasonality(time, Pattern::P1, 50, 2.0, 0.0)?;
        Ok(sum(&sum(&memory, &season), &synth::trend(time, -1.0)).iter().map(|value| value + 550.0).collect())
    }

    fn impulses(&self, run: &mut WeekRun<'_>, clock: &mut RunClock, id: &str) -> Result<()> {
        let impulses = synth::impulses(STEPS, 10, 1.0, self.seed)?;
        let echo = synth::autocorrelate(&impulses, &[(1, 0.99)])?;
        let echoes = synth::autocorrelate(&impulses, &[(1, 0.7), (50, 0.2)])?;
        // <page>
        let places = impulses.iter().enumerate().filter(|(_, height)| **height > 0.0);
        let places: Vec<String> = places.map(|(step, height)| format!("{step} ({height:.6})")).collect();
        clock.note(format!("Impulses at {}.", places.join(", ")));
        for (name, values) in [("impulse", &impulses), ("echo", &echo), ("two_echoes", &echoes)] {
            clock.metric(&format!("{name}_at_1095"), values[1095]);
        }
        let Some(figures) = run.figures(id) else { return Ok(()) };
        // </page>
        let changes = difference(&echoes, 1)?;
        // <page>
        let over = |values: &[f64]| picture(vec![trace("echo", 0, values), trace("impulses", 0, &impulses)]);
        let shown = [
            part(&figures, "impulses", "Impulses", "Ten, at random times and of random height.", &impulses)?,
            figures.over_time("echo", "An echo that fades slowly", "0.99 of the last value stays.", &over(&echo))?,
            figures.over_time("echoes", "Two echoes", "0.7 of the last value stays, and 0.2 of that 50 steps ago.", &over(&echoes))?,
            figures.over_time("changes", "Its first difference", "From step to step.", &picture(vec![trace("", 1, &changes)]))?,
            correlogram((&figures, "steps"), "correlogram", "Autocorrelation of the two echoes", &echoes, STEPS - 1, (-1.0, 1.0))?,
            correlogram((&figures, "steps"), "correlogram-zoom", "Its first 100 lags", &echoes, 100, (-1.0, 1.0))?,
        ];
        run.results.figures.extend(shown);
        // </page>
        Ok(())
    }
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn trace(name: &str, start: usize, values: &[f64]) -> Trace {
    Trace { name: name.to_owned(), start, values: values.to_vec() }
}

fn picture(traces: Vec<Trace>) -> OverTime<'static> {
    OverTime { time: Timeline::steps("step"), value: "Value", traces, interval: None, limits: None, wide: false }
}

fn part(figures: &Figures<'_>, name: &str, title: &str, caption: &str, values: &[f64]) -> Result<Figure> {
    figures.over_time(name, title, caption, &picture(vec![trace("", 0, values)]))
}

fn correlogram(
    (figures, unit): (&Figures<'_>, &str),
    name: &str,
    title: &str,
    series: &[f64],
    lags: usize,
    limits: (f64, f64),
) -> Result<Figure> {
    let found = autocorrelation(series, lags)?;
    let bounds = (found.bound(0.95)?, found.bound(0.99)?);
    let caption = format!(
        "How much the series resembles itself a number of steps ago (the lag). Noise alone stays within ±{:.4} in 95 of 100 cases, within ±{:.4} in 99.",
        bounds.0, bounds.1
    );
    figures.correlogram(name, title, &caption, &CorrelogramPicture { values: &found.values[1..], unit, bounds, limits })
}

/// The second lab's look at an observed series.
fn sunspots(run: &mut WeekRun<'_>) -> Result<()> {
    const ID: &str = "lab2-sunspots";
    const CYCLE: usize = 132;
    let series = run.data(&SUNSPOTS)?;
    let mut clock = run.begin(ID, "Lab 2: sunspots")?;
    let values = series.values()?;
    let correlations: Vec<f64> = (1..50).map(|lag| pearson(&values[lag..], &values[..values.len() - lag])).collect();
    for (index, value) in correlations.iter().take(5).enumerate() {
        clock.metric(&format!("autocorrelation_{}", index + 1), *value);
    }
    if let Some(index) = correlations.iter().position(|value| *value < 0.0) {
        clock.metric("first_negative_lag", index as f64 + 1.0);
        run.say(&format!(
            "months resemble those up to {index} months before: {:.4} there, then {:.4}",
            correlations[index - 1],
            correlations[index]
        ))?;
    }
    // <page>
    if let Some(figures) = run.figures(ID) {
        let subject = Subject::observed(&series, values.len() - 1, CYCLE, "month", "monthly mean sunspot number")?;
        let changes = difference(values, 1)?;
        let of_cycles = difference(&changes, CYCLE)?;
        let dates = series.dates().unwrap_or_default();
        let since = series.position(Date::new(1995, 1, 1)?)?;
        let first = |range: Range<usize>| OverTime {
            time: Timeline::dates(dates),
            value: "Change of the monthly mean sunspot number",
            limits: Some((-50.0, 50.0)),
            wide: true,
            ..picture(vec![trace("", range.start + 1, &changes[range])])
        };
        let lags = |name: &str, title: &str, series: &[f64], lags: usize, limits: (f64, f64)| {
            correlogram((&figures, "months"), name, title, series, lags, limits)
        };
        let shown = [
            figures.over_time("series", "Sunspots", "The mean number of each month.", &subject.part(0..values.len()))?,
            figures.over_time("since-1995", "Since 1995", "Two cycles.", &subject.part(since..values.len()))?,
            figures.over_time("changes", "Changes from month to month", "The first hundred.", &first(0..99))?,
            lags("correlogram", "Autocorrelation", values, values.len() - 1, (-1.0, 1.0))?,
            lags("correlogram-changes", "Autocorrelation of the changes", &changes, changes.len() - 1, (-1.0, 1.0))?,
            lags("correlogram-zoom", "Autocorrelation of the changes, first 50 lags", &changes, 50, (-0.1, 0.1))?,
            lags("correlogram-cycles", "Autocorrelation of the changes over 132 months", &of_cycles, 500, (-0.6, 0.2))?,
        ];
        run.results.figures.extend(shown);
    }
    // </page>
    run.finish_without_model(clock)
}

/// The correlation of two rows of values, each around its own mean.
fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    ab / (aa * bb).sqrt()
}

/// The days of a season, and of the average of its changes.
const PERIOD: usize = 365;
const CHANGES: usize = 50;

/// The third lab and the exercise.
fn forecast(run: &mut WeekRun<'_>, id: &str, title: &str, spec: &SeriesSpec) -> Result<()> {
    let mut clock = run.begin(id, title)?;
    let subject = Subject::synthetic(run, spec)?;
    let (series, split) = (&subject.values, spec.split);
    let averages = moving_average(series, 30)?;
    let changes = difference(series, PERIOD)?;
    let mean_changes = moving_average(&changes, CHANGES)?;
    let model = Differencing::new(PERIOD).window(CHANGES);
    let found = [
        ("naive", naive(series, split)?),
        ("moving_average", averages[split - 30..].to_vec()),
        ("difference", model.forecast(series, split)?),
        ("smoothed", model.past_window(10).forecast(series, split)?),
    ];
    // <page>
    for (name, forecast) in &found {
        let score = subject.score(name, forecast)?;
        clock.metric(&format!("{name}_mse"), score.mse);
        clock.metric(&format!("{name}_mae"), score.mae);
    }
    let naive_mae = clock.results.metrics.get("naive_mae").copied().unwrap_or(f64::NAN);
    clock.key_figure("smoothed_mae", ("naive", naive_mae));
    let count = |values: &[f32]| grouped(values.len() as u64);
    clock.note(format!(
        "{} steps to validate; {} averages of 30, {} changes over a year, {} averages of 50 of them.",
        count(&series[split..]),
        count(&averages),
        count(&changes),
        count(&mean_changes)
    ));
    // </page>
    compare(run, &mut clock, subject.baseline_scores()?)?;
    // <page>
    if let Some(figures) = run.figures(id) {
        let forecasts = found.map(|(_, forecast)| forecast);
        let mut shown = draw_forecasts(&figures, &subject, &forecasts)?;
        // Forecasts of the last training year tell how wide the band must be.
        let earlier = model.past_window(10).forecast(&series[..split], split - PERIOD)?;
        let pairs = series[split - PERIOD..split].iter().zip(&earlier);
        let errors: Vec<f64> = pairs.map(|(value, forecast)| f64::from(value - forecast)).collect();
        shown.extend(subject.draw_forecast(&figures, &mut clock, ("difference and smoothed past", &forecasts[3]), &errors)?);
        run.results.figures.extend(shown);
    }
    // </page>
    run.finish_without_model(clock)
}

/// The series in parts, the forecasts over what came true, and the changes over a season that they are made of.
fn draw_forecasts(figures: &Figures<'_>, subject: &Subject, forecasts: &[Vec<f32>; 4]) -> Result<Vec<Figure>> {
    let [naive, averages, past, _] = forecasts;
    let (split, end) = (subject.split, subject.values.len());
    let changes = difference(&subject.values, PERIOD)?;
    let mean_changes = moving_average(&changes, CHANGES)?;
    let overlay = |name: &str, forecast: &[f32]| subject.overlay(split, end, &[(name, split, forecast)]);
    let zoom = subject.overlay(split, split + 150, &[("naive", split + 1, &naive[1..151])]);
    let level = subject.over_time(vec![Trace { name: String::new(), start: PERIOD, values: wide(&changes) }]);
    let from = split - PERIOD - CHANGES;
    let both = subject.over_time(vec![
        Trace { name: "change over a year".to_owned(), start: split, values: wide(&changes[split - PERIOD..]) },
        Trace { name: "average of the last 50".to_owned(), start: split, values: wide(&mean_changes[from..]) },
    ]);
    Ok(vec![
        figures.over_time("series", "The series", "Four years of days.", &subject.part(0..end))?,
        figures.over_time("train", "The training part", "What is known.", &subject.part(0..split))?,
        figures.over_time("validation", "The validation part", "What is to be forecast.", &subject.part(split..end))?,
        figures.over_time("naive", "Naive forecast", "The last value again.", &overlay("naive", naive))?,
        figures.over_time("naive-zoom", "Its first 150 steps", "The forecast is the series a step late.", &zoom)?,
        figures.over_time("average", "Moving average", "The mean of the last 30 values.", &overlay("average of 30", averages))?,
        figures.over_time("difference", "Change over a year", "Trend and season are gone.", &level)?,
        figures.over_time("difference-average", "Its moving average", "Of the last 50 changes.", &both)?,
        figures.over_time(
            "past",
            "Difference and past",
            "Last year's value and the mean change.",
            &overlay("difference and past", past),
        )?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_is_that_of_pearson() {
        assert!((pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
        assert!((pearson(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_series_of_the_second_lab_are_the_notebooks() {
        let memory = synth::autocorrelation_ar1(STEPS, 10.0, 42).unwrap();
        for (found, expected) in memory.iter().zip([2.591070, 8.549742, 22.070092, 15.314540, 9.910262]) {
            assert!((found - expected).abs() < 1e-5, "{found}");
        }
        let changed = Parts { white: 5.0, seed: 42 }.after_the_change(&synth::time::<f64>(STEPS).unwrap()).unwrap();
        assert_eq!(changed.len(), STEPS);
        assert!(changed.iter().all(|value| value.is_finite()));
    }
}
