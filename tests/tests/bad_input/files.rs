//! Files that are none or cannot be written, and callbacks that fail.

use std::io::Write;

use practicum_core::callbacks::{Callback, Context, CsvLogger, OnEpochEnd, Progress};
use practicum_core::prelude::*;

use super::common::{draw, says, weight_bits};
use super::{classifier, quick, regressor};

#[test]
fn a_weights_file_that_is_none_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let mut model = classifier();
    model.save_weights(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let other = |model: Sequential, name: &str| {
        let path = folder.path().join(name);
        model.save_weights(&path).unwrap();
        path
    };
    let layers = |names: [&str; 2], units: usize| {
        let model = Sequential::new().add(Input::new([4])).add(Dense::new(units).named(names[0]));
        model.add(Dense::new(3).named(names[1]))
    };
    let strangers: [(_, &[&str]); 3] = [
        (other(layers(["dense", "dense_1"], 9), "shape"), &["parameter `dense/", "9"]),
        (other(layers(["dense", "head"], 8), "names"), &["`head/", "dense_1/", "hint"]),
        (other(Sequential::new().add(Input::new([4])).add(Dense::new(8)), "fewer"), &["`dense_1/", "dense/bias"]),
    ];
    let before = weight_bits(&model);
    for (path, words) in strangers {
        let error = model.load_weights(&path).unwrap_err();
        says(&error, words);
        says(&error, &[&*path.display().to_string()]);
        assert!(weight_bits(&model) == before);
    }
    for length in [0, 1, 7, 8, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = model.load_weights(&path).unwrap_err();
        assert!(error.is_format(), "{length}: {error}");
        says(&error, &["weights.safetensors", "safetensors", "hint"]);
        assert!(weight_bits(&model) == before);
    }
    for content in ["not weights at all", "\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}{}"] {
        std::fs::write(&path, content).unwrap();
        assert!(model.load_weights(&path).unwrap_err().is_format());
    }
    let error = model.load_weights(folder.path().join("missing")).unwrap_err();
    assert!(error.is_io());
    says(&error, &["cannot read", "missing", "hint"]);
    std::fs::write(&path, whole).unwrap();
    model.load_weights(&path).unwrap();
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let model = classifier();
    let error = model.save_weights(folder.path().join("no such folder/w")).unwrap_err();
    assert!(error.is_io());
    says(&error, &["cannot write", "no such folder/w", "hint"]);
    // A folder stands where the file is to go: everything is written, but cannot be put in its place.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    let error = model.save_weights(&taken).unwrap_err();
    assert!(error.is_io());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    // A file stands where a folder should be.
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    assert!(model.save_weights(file.join("w")).unwrap_err().is_io());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let error = regressor().fit(draw([6, 4], 1), draw([6, 1], 2), quick().callback(CsvLogger::new(file.join("log")))).unwrap_err();
    assert!(error.is_io());
    says(&error, &["cannot write", "log"]);
}

struct Sink(std::io::ErrorKind);

impl Write for Sink {
    fn write(&mut self, _text: &[u8]) -> std::io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_ends_no_training_and_a_full_disk_does() {
    let fit = |kind| {
        let mut model = regressor();
        let fit = quick().epochs(3).callback(Progress::to(Sink(kind), true));
        model.fit(draw([6, 4], 1), draw([6, 1], 2), fit).map(|history| history.epochs().len())
    };
    assert_eq!(fit(std::io::ErrorKind::BrokenPipe).unwrap(), 3);
    let error = fit(std::io::ErrorKind::StorageFull).unwrap_err();
    assert!(error.is_io());
    says(&error, &["progress", "hint: free some space"]);
}

#[test]
fn a_callback_that_fails_ends_the_training_and_keeps_what_was_learned() {
    #[derive(Default)]
    struct Ended(bool);
    impl Callback for Ended {
        fn on_train_end(&mut self, _cx: &mut Context<'_>) -> Result<()> {
            self.0 = true;
            Err(Error::data("a second failure"))
        }
    }
    let (mut ended, mut model) = (Ended::default(), regressor());
    let fails = OnEpochEnd::new(|epoch, _, _| if epoch == 1 { Err(Error::interrupted("enough")) } else { Ok(()) });
    let before = weight_bits(&model);
    let fit = quick().epochs(5).callback(fails).callback(&mut ended);
    let error = model.fit(draw([6, 4], 1), draw([6, 1], 2), fit).unwrap_err();
    assert!(error.is_interrupted() && error.to_string() == "enough", "{error}");
    assert!(ended.0 && model.step() == 2 && weight_bits(&model) != before);
}

#[test]
fn broken_descriptions_of_models_are_refused() {
    let mut json = classifier().to_json().unwrap();
    assert!(Sequential::from_json(&json).is_ok());
    json["config"]["layers"][1]["config"]["units"] = serde_json::json!(-3);
    let error = Sequential::from_json(&json).unwrap_err();
    assert!(error.is_format());
    says(&error, &["layer 1 of the file", "Dense", "-3"]);
    json["config"]["layers"][1]["class_name"] = serde_json::json!("Danse");
    says(&Sequential::from_json(&json).unwrap_err(), &["layer 1 of the file", "did you mean `Dense`?"]);
    for text in ["null", "[]", "{\"class_name\": \"Functional\"}", "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [7]}}"] {
        let error = Sequential::from_json(&serde_json::from_str(text).unwrap()).unwrap_err();
        assert!(error.is_format());
        says(&error, &["expected"]);
    }
}
