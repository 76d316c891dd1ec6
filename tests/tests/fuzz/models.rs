//! Models, their configurations and the states of their trainings. Files of Keras: see `core/tests/keras_files`.

use practicum_core::model::State;
use practicum_core::prelude::*;
use practicum_tests::fuzz::Fuzz;

use super::{of_file, of_json};

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "-1",
    "0",
    "1e30",
    "18446744073709551615",
    "4294967296",
    "same",
    "valid",
    "relu",
    "LSTM",
    "Dense",
    "Conv2D",
    "F32",
    "U8",
    "data_offsets",
];

fn compiled() -> Sequential {
    let mut model = Sequential::new()
        .add(Input::new([6, 6, 1]))
        .add(Conv2D::new(2, 3))
        .add(BatchNormalization::new())
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dropout::new(0.5))
        .add(Dense::new(3).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy").unwrap();
    model
}

fn recurrent() -> Sequential {
    Sequential::new().add(Input::new([5])).add(Embedding::new(9, 4)).add(Bidirectional::new(LSTM::new(3))).add(Dense::new(1))
}

#[test]
fn configurations_are_read_or_refused() {
    let seeds = [compiled(), recurrent()].map(|model| model.into_model().to_json().unwrap().to_string());
    Fuzz::new("configuration", seeds).words(WORDS).run(of_json(Model::from_json));
}

#[test]
fn whole_models_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    let seeds = [compiled(), recurrent()].map(|model| {
        model.into_model().save(&path).unwrap();
        std::fs::read(&path).unwrap()
    });
    Fuzz::new("model", seeds).words(WORDS).run(of_file(|path| {
        let _ = State::load(path);
        let _ = compiled().into_model().load_weights(path);
        Model::load(path)
    }));
}
