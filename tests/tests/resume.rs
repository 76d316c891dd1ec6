//! A training that is interrupted and gone on with ends as one that was not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{bits, draw, says};
use practicum_core::callbacks::{BackupAndRestore, State};
use practicum_core::optimizers::{IntoOptimizer, Optimizer};
use practicum_core::prelude::*;

/// Dropout and moving statistics, so that the step and what no optimizer changes have to be right, too.
fn model(optimizer: impl IntoOptimizer) -> Sequential {
    let mut model = Sequential::new()
        .with_seed(7)
        .add(Input::new([3]))
        .add(Dense::new(6).activation(Activation::Tanh))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.3))
        .add(Dense::new(1));
    model.compile(optimizer, "mse", ["mae"]).unwrap();
    model
}

fn optimizers() -> Vec<Box<dyn Optimizer>> {
    use practicum_core::schedules::Schedule;
    let decay = Schedule::ExponentialDecay { initial_learning_rate: 0.05, decay_steps: 3, decay_rate: 0.9, staircase: false };
    vec![
        Box::new(Sgd::new(0.05)),
        Box::new(Sgd::new(decay).momentum(0.9).nesterov(true)),
        Box::new(Adam::new(0.01).amsgrad(true).global_clipnorm(1.0)),
        Box::new(AdamW::new(0.01)),
        Box::new(Nadam::new(0.01)),
        Box::new(RmsProp::new(0.01).momentum(0.5).centered(true)),
        Box::new(Adagrad::new(0.1).clipvalue(0.5)),
    ]
}

fn weights(model: &Model) -> Vec<Vec<u32>> {
    model.get_weights().iter().map(bits).collect()
}

/// Ends the training after an epoch with an error, as a crash would.
fn crash_after(epoch: usize) -> impl Callback {
    OnEpochEnd::new(move |now, _, _| if now == epoch { Err(Error::interrupted("the power went")) } else { Ok(()) })
}

#[test]
fn a_resumed_fit_has_the_bits_of_one_that_was_not_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = (draw([20, 3], 1), draw([20, 1], 2));
    let batches = Dataset::from_tensor_slices((&x, &y)).unwrap().shuffle(20).batch(4);
    for (number, optimizer) in optimizers().into_iter().enumerate() {
        for by_batches in [false, true] {
            let backup = folder.path().join(format!("{number}-{by_batches}"));
            let fit = |model: &mut Model, fit: Fit<'_>| {
                // Three batches an epoch leave two of the pass for the next.
                if by_batches { model.fit(&batches, (), fit.steps_per_epoch(3)) } else { model.fit(&x, &y, fit.batch_size(4)) }
            };
            let options = || Fit::new().epochs(7).quiet().callback(ReduceLrOnPlateau::new("loss").patience(1).min_delta(0.05));
            let plateau = optimizer.config()["learning_rate"].is_number();
            let options = || if plateau { options() } else { Fit::new().epochs(7).quiet() };

            let mut whole = model(optimizer.boxed_clone());
            let expected = fit(&mut whole, options()).unwrap();

            let mut first = model(optimizer.boxed_clone());
            let interrupted = options().callback(BackupAndRestore::new(&backup)).callback(crash_after(3));
            assert!(fit(&mut first, interrupted).unwrap_err().is_interrupted());

            let mut second = model(optimizer.boxed_clone());
            let resumed = fit(&mut second, options().callback(BackupAndRestore::new(&backup))).unwrap();
            assert_eq!(resumed.epochs(), [3, 4, 5, 6], "{optimizer:?}");
            assert_eq!(resumed["loss"], expected["loss"][3..], "{optimizer:?}");
            assert_eq!(weights(&second), weights(&whole), "{optimizer:?}");
            assert_eq!(second.training_state().unwrap(), whole.training_state().unwrap(), "{optimizer:?}");
            assert_eq!(std::fs::read_dir(&backup).unwrap().count(), 0, "the backup of a training that ended");
        }
    }
}

#[test]
fn callbacks_go_on_where_they_were() {
    let (x, y) = (draw([16, 3], 1), draw([16, 1], 2));
    let folder = tempfile::tempdir().unwrap();
    let stopping = || EarlyStopping::new("val_loss").patience(3).restore_best_weights(true);
    let fit = |model: &mut Model, stopping: &mut EarlyStopping, fit: Fit<'_>| {
        model.fit(&x, &y, fit.epochs(60).batch_size(4).validation_split(0.25).quiet().callback(stopping))
    };
    let (mut whole, mut alone) = (model(Sgd::new(0.1)), stopping());
    let expected = fit(&mut whole, &mut alone, Fit::new()).unwrap();
    let stopped = alone.stopped_epoch().unwrap();
    assert!(stopped > 3 && alone.best_epoch().unwrap() + 3 == stopped);

    // Between the best epoch and the last: what it waits for and the best weights have to be known.
    let crash = stopped - 1;
    let options = |folder: &std::path::Path| Fit::new().callback(BackupAndRestore::new(folder));
    let mut first = model(Sgd::new(0.1));
    assert!(fit(&mut first, &mut stopping(), options(folder.path()).callback(crash_after(crash))).is_err());
    let (mut second, mut again) = (model(Sgd::new(0.1)), stopping());
    let resumed = fit(&mut second, &mut again, options(folder.path())).unwrap();
    assert_eq!(resumed.epochs().last(), expected.epochs().last());
    assert_eq!((again.stopped_epoch(), again.best_epoch()), (alone.stopped_epoch(), alone.best_epoch()));
    assert_eq!(weights(&second), weights(&whole));
}

#[test]
fn a_state_survives_its_file_and_names_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let mut trained = model(Adam::new(0.01));
    trained.fit(&x, &y, Fit::new().epochs(2).quiet()).unwrap();
    let state = trained.training_state().unwrap();
    state.save(&path).unwrap();
    let read = State::load(&path).unwrap();
    assert_eq!(read, state);
    for name in
        ["step", "epoch", "pass", "taken", "seed", "optimizer", "score/mae/total", "parameter/dense/kernel", "slot/dense/kernel/velocity"]
    {
        assert!(read.names().contains(&name), "{name} is missing");
    }
    assert_eq!((read.get::<usize>("step").unwrap(), read.get::<usize>("epoch").unwrap()), (2, 2));

    let mut other = model(Adam::new(0.5));
    other.set_training_state(&read).unwrap();
    assert_eq!((weights(&other), other.learning_rate().unwrap()), (weights(&trained), 0.01));
    let fit = || Fit::new().initial_epoch(2).epochs(4).quiet();
    assert_eq!(other.fit(&x, &y, fit()).unwrap(), trained.fit(&x, &y, fit()).unwrap());

    std::fs::write(&path, b"nothing").unwrap();
    assert!(State::load(&path).unwrap_err().is_format());
    trained.save_weights(&path).unwrap();
    says(&State::load(&path).unwrap_err(), &["practicum-state-2", "load_weights"]);
}

#[test]
fn the_state_of_another_optimizer_or_model_is_refused_and_changes_nothing() {
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let mut trained = model(Adam::new(0.01));
    trained.fit(&x, &y, Fit::new().quiet()).unwrap();
    let state = trained.training_state().unwrap();

    let other_layers = |name: &str, units: usize| {
        let mut model = Sequential::new().add(Input::new([3])).add(Dense::new(units).named(name));
        model.compile(Adam::new(0.01), "mse", ["mae"]).unwrap();
        model
    };
    let mut without_metric =
        Sequential::new().add(Input::new([3])).add(Dense::new(6)).add(BatchNormalization::new()).add(Dropout::new(0.3)).add(Dense::new(1));
    without_metric.compile(Adam::new(0.01), "mse", ()).unwrap();
    let cases: [(Sequential, &[&str]); 5] = [
        (model(Sgd::new(0.1)), &["Adam", "SGD"]),
        (model(Adam::new(0.01).beta_1(0.8)), &["Adam", "beta_1", "0.9", "0.8"]),
        (other_layers("dense", 6), &["batch_normalization", "lacks"]),
        (other_layers("mine", 6), &["lacks"]),
        (without_metric, &["score", "mae"]),
    ];
    for (mut model, words) in cases {
        let before = (weights(&model), model.training_state().unwrap());
        let error = model.set_training_state(&state).unwrap_err();
        assert!(error.is_format(), "{error:?}");
        says(&error, words);
        assert_eq!((weights(&model), model.training_state().unwrap()), before);
    }
    let mut broken = state.clone();
    broken.set("step", "many");
    says(&model(Adam::new(0.01)).set_training_state(&broken).unwrap_err(), &["step", "many"]);
    for (name, value) in [("pass", u64::MAX), ("step", u64::MAX), ("epoch", 1 << 60), ("taken", 1 << 60)] {
        let mut broken = state.clone();
        broken.set(name, value);
        says(&model(Adam::new(0.01)).set_training_state(&broken).unwrap_err(), &[name, &value.to_string()]);
    }
    let mut broken = state.clone();
    broken.set_tensor("slot/dense/kernel/momentum2", draw([3, 6], 1));
    says(&model(Adam::new(0.01)).set_training_state(&broken).unwrap_err(), &["dense/kernel/momentum2", "Adam"]);
    let mut broken = state;
    let mut optimizer: serde_json::Value = broken.get("optimizer").unwrap();
    optimizer["config"]["learning_rate"] = (-1.0).into();
    broken.set("optimizer", optimizer);
    says(&model(Adam::new(0.01)).set_training_state(&broken).unwrap_err(), &["Adam", "-1"]);
}

#[test]
fn a_resume_that_is_refused_changes_neither_the_model_nor_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    std::fs::write(&log, "epoch,loss,mae\n0,1,1\n").unwrap();
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let refused = |state: &State, callback: EarlyStopping, optimizer: Adam, words: &[&str]| {
        let mut model = model(optimizer);
        let before = model.training_state().unwrap();
        let fit = Fit::new().epochs(3).quiet().callback(CsvLogger::new(&log)).callback(callback).resume(state.clone());
        says(&model.fit(&x, &y, fit).unwrap_err(), words);
        assert_eq!(model.training_state().unwrap(), before);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "epoch,loss,mae\n0,1,1\n");
    };
    let mut trained = model(Adam::new(0.01));
    let backup = folder.path().join("backup");
    let callbacks = (EarlyStopping::new("loss"), BackupAndRestore::new(&backup), crash_after(1));
    trained.fit(&x, &y, Fit::new().epochs(3).quiet().callbacks(callbacks)).unwrap_err();
    let state = State::load(backup.join("training.safetensors")).unwrap();
    refused(&state, EarlyStopping::new("mae"), Adam::new(0.01), &["EarlyStopping", "minimizes `loss`", "`mae`"]);
    refused(&state, EarlyStopping::new("loss").maximize(), Adam::new(0.01), &["minimizes `loss`", "maximizes `loss`"]);
    refused(&state, EarlyStopping::new("loss"), Adam::new(0.01).beta_1(0.8), &["beta_1"]);
}

/// The state of a training of so many epochs with this callback.
fn state_with(callback: impl Callback, epochs: usize) -> State {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let callbacks = (callback, BackupAndRestore::new(folder.path()), crash_after(epochs));
    model(Adam::new(0.01)).fit(&x, &y, Fit::new().epochs(epochs + 1).quiet().callbacks(callbacks)).unwrap_err();
    State::load(folder.path().join("training.safetensors")).unwrap()
}

#[test]
fn a_resume_that_a_later_callback_refuses_changes_nothing() {
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let restoring = || EarlyStopping::new("loss").patience(9).restore_best_weights(true);
    let mut state = state_with(restoring(), 2);
    state.insert("callback/ReduceLROnPlateau", ReduceLrOnPlateau::new("loss").state());
    let mut model = model(Adam::new(0.01));
    let before = model.training_state().unwrap();
    let mut stopping = restoring();
    let fit = Fit::new().epochs(3).quiet().callbacks((&mut stopping, ReduceLrOnPlateau::new("mae"))).resume(state.clone());
    says(&model.fit(&x, &y, fit).unwrap_err(), &["ReduceLROnPlateau", "minimizes `loss`", "`mae`"]);
    assert_eq!(model.training_state().unwrap(), before);
    assert_eq!(stopping.best_epoch(), None);

    state.set("stopped", "yes");
    says(&model.fit(&x, &y, Fit::new().epochs(3).quiet().resume(state)).unwrap_err(), &["stopped", "yes"]);
    assert_eq!(model.training_state().unwrap(), before);
}

#[test]
fn best_weights_of_a_state_are_taken_by_whoever_restores_them() {
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let restoring = state_with(EarlyStopping::new("loss").restore_best_weights(true).patience(9), 2);
    let keeping = state_with(EarlyStopping::new("loss").patience(9), 2);
    let fit = |stopping: EarlyStopping, state: &State| {
        let mut model = model(Adam::new(0.01));
        model.fit(&x, &y, Fit::new().epochs(4).quiet().callback(stopping).resume(state.clone())).map(|_| weights(&model))
    };
    let expected = fit(EarlyStopping::new("loss").patience(9), &keeping).unwrap();
    assert_eq!(fit(EarlyStopping::new("loss").patience(9), &restoring).unwrap(), expected);
    let error = fit(EarlyStopping::new("loss").patience(9).restore_best_weights(true), &keeping).unwrap_err();
    says(&error, &["EarlyStopping", "weights of epoch", "restored"]);
}

#[test]
fn two_states_to_go_on_from_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let state = state_with(EarlyStopping::new("loss").patience(9), 2);
    let fit = |folder: &std::path::Path| {
        let fit = Fit::new().epochs(3).quiet().callback(BackupAndRestore::new(folder).delete_checkpoint(false)).resume(state.clone());
        model(Adam::new(0.01)).fit(&x, &y, fit)
    };
    fit(folder.path()).unwrap();
    says(&fit(folder.path()).unwrap_err(), &["BackupAndRestore", "Fit::resume"]);
}

#[test]
fn a_training_goes_on_with_callbacks_that_it_did_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let mut trained = model(Adam::new(0.01));
    trained.fit(&x, &y, Fit::new().epochs(2).quiet()).unwrap();
    let state = trained.training_state().unwrap();
    let mut stopping = EarlyStopping::new("loss").patience(9);
    let checkpoint = || ModelCheckpoint::new(folder.path().join("{epoch}"));
    let mut again = model(Adam::new(0.01));
    let fit = Fit::new().epochs(4).quiet().resume(state.clone()).callbacks((&mut stopping, checkpoint()));
    assert_eq!(again.fit(&x, &y, fit).unwrap().epochs(), [2, 3]);
    assert!(stopping.best_epoch().is_some());
    assert!(folder.path().join("4").exists());
}

#[test]
fn data_with_fewer_batches_than_a_training_had_taken_are_named() {
    let (x, y) = (draw([20, 3], 1), draw([20, 1], 2));
    let batches = |examples: usize| {
        let (x, y) = (x.slice(0, 0..examples).unwrap(), y.slice(0, 0..examples).unwrap());
        Dataset::from_tensor_slices((&x, &y)).unwrap().batch(4)
    };
    let mut trained = model(Adam::new(0.01));
    trained.fit(&batches(20), (), Fit::new().steps_per_epoch(4).quiet()).unwrap();
    let state = trained.training_state().unwrap();
    let fit = || Fit::new().initial_epoch(1).epochs(2).steps_per_epoch(4).quiet();
    let resumed = || {
        let mut model = model(Adam::new(0.01));
        model.set_training_state(&state).unwrap();
        model
    };
    let (mut refused, mut expected) = (resumed(), resumed());
    for _ in 0..2 {
        says(&refused.fit(&batches(8), (), fit()).unwrap_err(), &["4 batches", "these have 2", "compile"]);
    }
    // The batches that would have come next.
    refused.fit(&batches(20), (), fit()).unwrap();
    expected.fit(&batches(20), (), fit()).unwrap();
    assert_eq!(refused.training_state().unwrap(), expected.training_state().unwrap());
}

#[test]
fn scores_that_are_not_finite_survive_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let (x, y) = (draw([8, 3], 1), Tensor::full([8, 1], 1e20).unwrap());
    let mut trained = model(Sgd::new(0.01).clipnorm(1.0));
    let history = trained.fit(&x, &y, Fit::new().epochs(1).quiet()).unwrap();
    assert!(history["loss"][0].is_infinite() && trained.get_weights().iter().all(|w| w.as_slice().iter().all(|w| w.is_finite())));
    trained.save(&path).unwrap();
    let read = Model::load(&path).unwrap();
    assert_eq!(read.training_state().unwrap(), trained.training_state().unwrap());

    let numbers = [f64::INFINITY, f64::NEG_INFINITY, 0.1, f64::MIN_POSITIVE];
    let mut state = State::new();
    state.set_numbers("numbers", &numbers);
    state.set_numbers("nan", &[f64::NAN]);
    state.save(&path).unwrap();
    let read = State::load(&path).unwrap();
    assert_eq!(read.numbers("numbers").unwrap(), numbers);
    assert!(read.numbers("nan").unwrap()[0].is_nan());
    state.set("numbers", "1.5");
    says(&state.numbers("numbers").unwrap_err(), &["numbers"]);
    state.set("numbers", vec!["1.5"]);
    says(&state.numbers("numbers").unwrap_err(), &["expected numbers", "1.5"]);
}

#[test]
fn a_clone_of_a_model_trains_as_the_model_would() {
    let (x, y) = (draw([8, 3], 1), draw([8, 1], 2));
    let mut one = model(Adam::new(0.01));
    one.fit(&x, &y, Fit::new().epochs(3).quiet()).unwrap();
    let mut other = one.clone();
    let fit = || Fit::new().epochs(2).batch_size(3).quiet();
    assert_eq!(one.fit(&x, &y, fit()).unwrap(), other.fit(&x, &y, fit()).unwrap());
    assert_eq!(weights(&one), weights(&other));
    other.fit(&x, &y, fit()).unwrap();
    assert_ne!(weights(&one), weights(&other));
}
