//! Models made by `make.py`, and by `old.py` with Keras 2: each is read from `.keras` and from `.h5`, and predicts what Keras
//! predicted.

use std::io::{Cursor, Read};
use std::path::PathBuf;

use practicum_core::io;
use practicum_core::layers::Registry;
use practicum_core::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipArchive;

/// All files, unpacked into a folder that goes away with this.
pub(crate) struct Made {
    pub(crate) folder: TempDir,
    pub(crate) models: Vec<Value>,
    /// The version of Keras that wrote them.
    keras: String,
}

impl Made {
    pub(crate) fn unpack() -> Self {
        Self::unpacked(include_bytes!("models.zip"))
    }

    /// Those of Keras 2.
    fn unpack_old() -> Self {
        Self::unpacked(include_bytes!("old.zip"))
    }

    fn unpacked(zip: &[u8]) -> Self {
        let mut whole = ZipArchive::new(Cursor::new(zip)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        whole.extract(folder.path()).unwrap();
        let mut text = String::new();
        whole.by_name("models.json").unwrap().read_to_string(&mut text).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        Self { folder, models: json["models"].as_array().unwrap().clone(), keras: json["keras"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The inputs of a model, by the formula of `make.py`.
pub(crate) fn inputs(model: &Value) -> Vec<Tensor> {
    let ids = model["ids"] == true;
    let shapes = model["inputs"].as_array().unwrap().iter().enumerate();
    let tensor = |(index, dims): (usize, &Value)| {
        let dims: Vec<usize> = serde_json::from_value(dims.clone()).unwrap();
        let shape = Shape::new(&dims).unwrap();
        let number = |i: usize| {
            if ids { ((i * 37 + index) % 10) as f32 } else { (((i * 7919 + index * 101) % 1000) as f64 / 1000.0 - 0.5) as f32 }
        };
        Tensor::new(shape, (0..shape.size()).map(number).collect()).unwrap()
    };
    shapes.map(tensor).collect()
}

fn numbers(list: &Value) -> Vec<f32> {
    serde_json::from_value(list.clone()).unwrap()
}

/// What differs by more than 1e-4 of the largest number.
pub(crate) fn difference(got: &Tensor, expected: &Value) -> Option<String> {
    let expected = numbers(expected);
    let largest = expected.iter().fold(0.0, |largest: f32, y| largest.max(y.abs()));
    if got.len() != expected.len() {
        return Some(format!("expected {} numbers, got {}", expected.len(), got.len()));
    }
    let far = got.as_slice().iter().zip(&expected).enumerate().find(|(_, (y, expected))| (*y - *expected).abs() > 1e-4 * largest + 1e-6);
    far.map(|(index, (y, expected))| format!("number {index}: expected {expected}, got {y}"))
}

fn check(made: &Made, facts: &Value, ending: &str) -> std::result::Result<(), String> {
    let name = facts["name"].as_str().unwrap();
    let path = made.path(&format!("{name}.{ending}"));
    let loaded = io::load(&path, &Registry::default()).map_err(|error| error.to_string())?;
    let model = loaded.model;
    if loaded.keras_version.as_ref() != Some(&made.keras) {
        return Err(format!("it is said to be of Keras {:?}", loaded.keras_version));
    }
    if !loaded.weights.missing.is_empty() || !loaded.weights.unused.is_empty() {
        return Err(loaded.weights.to_string());
    }
    let parameters = model.count_params().map_err(|error| error.to_string())?;
    if facts["parameters"] != parameters {
        return Err(format!("expected {} parameters, got {parameters}", facts["parameters"]));
    }
    let x = inputs(facts);
    let outputs = model.predict_all(x.as_slice()).map_err(|error| error.to_string())?;
    let expected = facts["outputs"].as_array().unwrap();
    if outputs.len() != expected.len() {
        return Err(format!("expected {} outputs, got {}", expected.len(), outputs.len()));
    }
    outputs.iter().zip(expected).find_map(|(got, expected)| difference(got, expected)).map_or(Ok(()), Err)
}

fn check_all(made: &Made, ending: &str) {
    let failures: Vec<String> = made
        .models
        .iter()
        .filter_map(|facts| check(made, facts, ending).err().map(|error| format!("{}.{ending}: {error}", facts["name"])))
        .collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), made.models.len(), failures.join("\n"));
}

#[test]
fn models_saved_as_keras_predict_as_there() {
    let made = Made::unpack();
    assert!(made.models.len() >= 40, "{}", made.models.len());
    check_all(&made, "keras");
}

#[test]
fn models_saved_as_h5_predict_as_there() {
    check_all(&Made::unpack(), "h5");
}

#[test]
fn models_of_keras_2_predict_as_there() {
    let made = Made::unpack_old();
    check_all(&made, "h5");
    check_all(&made, "keras");
}

/// Three steps after loading: the losses that Keras told, and what the model says then.
fn go_on(path: &std::path::Path, facts: &Value) -> std::result::Result<(), String> {
    let loaded = io::load(path, &Registry::default()).map_err(|error| error.to_string())?;
    if !loaded.notes.is_empty() {
        return Err(loaded.notes.join("; "));
    }
    let mut model = loaded.model;
    let x = &inputs(facts)[0];
    let rows = x.shape()[0];
    let targets = (0..rows).flat_map(|row| (0..3).map(move |column| (row, column)));
    let y = targets.map(|(row, column)| (x.as_slice()[row * 4 + column] * 3.0).tanh()).collect();
    let y = Tensor::new([rows, 3], y).map_err(|error| error.to_string())?;
    for (step, expected) in numbers(&facts["later_losses"]).into_iter().enumerate() {
        let logs = model.train_on_batch(x, &y).map_err(|error| error.to_string())?;
        if (logs.loss - f64::from(expected)).abs() > 1e-4 * f64::from(expected) {
            return Err(format!("step {step}: expected the loss {expected}, got {}", logs.loss));
        }
    }
    let y = model.predict(x).map_err(|error| error.to_string())?;
    difference(&y, &facts["later_outputs"]).map_or(Ok(()), Err)
}

fn go_on_with(made: &Made, count: usize) {
    let trained: Vec<&Value> = made.models.iter().filter(|facts| !facts["later_losses"].is_null()).collect();
    assert_eq!(trained.len(), count);
    let both =
        trained.iter().flat_map(|facts| ["keras", "h5"].map(|ending| (facts, format!("{}.{ending}", facts["name"].as_str().unwrap()))));
    // Keras 2 leaves the state of its legacy optimizers out of `.keras`.
    let both = both.filter(|(_, name)| !(name.contains("legacy") && name.ends_with(".keras")));
    let failures: Vec<String> =
        both.filter_map(|(facts, name)| go_on(&made.path(&name), facts).err().map(|error| format!("{name}: {error}"))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn training_goes_on_where_keras_left_it() {
    go_on_with(&Made::unpack(), 11);
    go_on_with(&Made::unpack_old(), 5);
}

#[test]
fn a_model_that_is_not_to_be_compiled_predicts_and_does_not_train() {
    let made = Made::unpack();
    let facts = made.models.iter().find(|facts| !facts["later_losses"].is_null()).unwrap();
    for ending in ["keras", "h5"] {
        let path = made.path(&format!("{}.{ending}", facts["name"].as_str().unwrap()));
        let loaded = io::load(&path, io::Load::new().compile(false)).unwrap();
        assert!(loaded.notes.is_empty() && loaded.model.compile_config().is_err());
        let predicted = |model: &Model| model.predict(&inputs(facts)[0]).unwrap();
        assert_eq!(predicted(&loaded.model), predicted(&Model::load(&path).unwrap()));
    }
}
