//! What progress, logs and history write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{draw, says};
use practicum_core::callbacks::{CsvLogger, OnEpochEnd, Progress};
use practicum_core::prelude::*;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn model() -> Sequential {
    let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(1));
    model.compile("sgd", "mse", ["mae"]).unwrap();
    model
}

fn data() -> (Tensor, Tensor) {
    (draw([40, 4], 1), draw([40, 1], 2))
}

fn told(live: bool, fit: Fit<'_>) -> (String, History) {
    let (sink, (x, y)) = (Sink::default(), data());
    let history = model().fit(x, y, fit.quiet().callback(Progress::to(sink.clone(), live))).unwrap();
    (sink.text(), history)
}

#[test]
fn elsewhere_than_on_a_terminal_an_epoch_is_a_line() {
    let (text, history) = told(false, Fit::new().epochs(10).batch_size(8).validation_split(0.2));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 10);
    assert!(!text.contains('\r') && !text.contains('\x1b') && text.ends_with('\n'));
    assert!(lines[0].starts_with("epoch  1/10  4 steps  ") && lines[9].starts_with("epoch 10/10  4 steps  "), "{text}");
    for (line, epoch) in lines.iter().zip(0..) {
        assert!(line.contains("/step"), "{line}");
        for name in ["loss", "mae", "val_loss", "val_mae"] {
            let value = history.get(name).unwrap()[epoch];
            assert!(line.contains(&format!("  {name} {value:.4}")), "{name} {value} is missing in {line}");
        }
    }
}

#[test]
fn a_live_line_is_cleared_and_each_epoch_keeps_one() {
    let slow = OnEpochEnd::new(|_, _, _| Ok(()));
    let (text, _) = told(true, Fit::new().epochs(3).batch_size(1).callback(slow));
    assert_eq!(text.matches('\n').count(), 3);
    for line in text.lines() {
        let left = line.rsplit("\r\x1b[2K").next().unwrap();
        assert!(left.starts_with("epoch ") && left.contains("40 steps") && left.contains("loss "), "{line:?}");
    }
}

/// Waits long enough after each batch for the live line to be drawn, and fails in the second epoch.
struct SlowThenFailing;

impl Callback for SlowThenFailing {
    fn on_batch_end(&mut self, _step: usize, _loss: f64, _cx: &mut practicum_core::callbacks::Context<'_>) -> Result<()> {
        std::thread::sleep(std::time::Duration::from_millis(110));
        Ok(())
    }

    fn on_batch_begin(&mut self, step: usize, cx: &mut practicum_core::callbacks::Context<'_>) -> Result<()> {
        if cx.model().step() == 4 { Err(Error::interrupted(format!("enough at step {step}"))) } else { Ok(()) }
    }
}

#[test]
fn a_live_line_tells_steps_left_and_ends_when_the_training_fails() {
    let (sink, (x, y)) = (Sink::default(), data());
    let fit = Fit::new().epochs(2).batch_size(20).quiet().callback(SlowThenFailing).callback(Progress::to(sink.clone(), true));
    let mut model = model();
    model.fit(&x, &y, Fit::new().batch_size(20).quiet()).unwrap();
    let error = model.fit(x, y, fit.epochs(2)).unwrap_err();
    assert!(error.is_interrupted());
    let text = sink.text();
    let drawn: Vec<&str> = text.split("\r\x1b[2K").filter(|part| part.contains(" left")).collect();
    assert!(!drawn.is_empty() && drawn.iter().all(|line| line.contains("/2  ") && line.contains("loss ")), "{text:?}");
    // A terminal that is too narrow cuts the line; a second one would stay.
    assert!(drawn.iter().all(|line| line.starts_with("\x1b[?7l") && line.contains("\x1b[?7h")), "{text:?}");
    assert!(text.ends_with('\n'), "the error would be told after the live line: {text:?}");
}

#[test]
fn the_logger_writes_a_line_an_epoch_and_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let (x, y) = data();
    let mut model = model();
    let first = model.fit(&x, &y, Fit::new().epochs(2).quiet().callback(CsvLogger::new(&path))).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, first.to_csv());
    assert!(text.starts_with("epoch,loss,mae\n0,"), "{text}");
    let more = Fit::new().initial_epoch(2).epochs(4).quiet().callback(CsvLogger::new(&path).append(true));
    let second = model.fit(&x, &y, more).unwrap();
    assert_eq!(second.epochs(), [2, 3]);
    let lines = second.to_csv();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text + lines.split_once('\n').unwrap().1);
    // Without `append` the file begins anew.
    model.fit(&x, &y, Fit::new().quiet().callback(CsvLogger::new(&path))).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[test]
fn a_log_is_on_its_way_before_the_next_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let seen = Mutex::new(Vec::new());
    let look = OnEpochEnd::new(|_, _, _| {
        seen.lock().unwrap().push(std::fs::read_to_string(&path).unwrap().lines().count());
        Ok(())
    });
    let (x, y) = data();
    model().fit(x, y, Fit::new().epochs(3).quiet().callback(CsvLogger::new(&path)).callback(look)).unwrap();
    assert_eq!(seen.into_inner().unwrap(), [2, 3, 4]);
}

#[test]
fn history_goes_to_csv_and_json_and_keeps_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = data();
    let fit = Fit::new().epochs(4).validation_split(0.25).validation_freq(2).quiet();
    let history = model().fit(x, y, fit.callback(LearningRateScheduler::new(|epoch, _| 0.1 / (epoch + 1) as f64))).unwrap();
    let [csv, json] = ["h.csv", "h.json"].map(|name| folder.path().join(name));
    history.save_csv(&csv).unwrap();
    history.save_json(&json).unwrap();
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(json["epoch"], serde_json::json!([0, 1, 2, 3]));
    let csv = std::fs::read_to_string(csv).unwrap();
    let names: Vec<&str> = csv.lines().next().unwrap().split(',').skip(1).collect();
    assert_eq!(names.len(), 5);
    assert!(names.contains(&"learning_rate") && names.contains(&"val_mae"));
    for (column, name) in names.iter().enumerate() {
        let series = history.get(name).unwrap();
        for (epoch, line) in csv.lines().skip(1).enumerate() {
            let cell = line.split(',').nth(column + 1).unwrap();
            let value = series[epoch];
            assert_eq!(json["history"][*name][epoch].as_f64().map(f64::to_bits), Some(value).filter(|v| !v.is_nan()).map(f64::to_bits));
            assert_eq!(cell.parse().ok().map(f64::to_bits), Some(value).filter(|v| !v.is_nan()).map(f64::to_bits), "{name} at {epoch}");
        }
    }
    let gaps: Vec<bool> = history.get("val_loss").unwrap().iter().map(|value| value.is_nan()).collect();
    assert_eq!(gaps, [true, false, true, false]);
    says(&history.save_csv(folder.path().join("no folder/h.csv")).unwrap_err(), &["cannot write", "h.csv"]);
}
