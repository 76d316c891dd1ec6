//! The contract that every layer keeps: one function, applied to each class of the registry and to a custom layer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod own;

use cases::{Case, cases};
use common::{bits, draw, weight_bits};
use own::{Gain, Liar, registry};
use practicum_core::autodiff::GradientCheck;
use practicum_core::layers::{LayerSpec, Registry};
use practicum_core::optimizers::Sgd;
use practicum_core::prelude::*;

fn batch_of(example: &[Option<usize>]) -> PartialShape {
    PartialShape::new([&[None], example].concat())
}

/// Examples for the case, with `open` in every open place. They keep away from the kinks at 0.
fn examples(case: &Case, batch: usize, open: usize) -> Tensor {
    let dims: Vec<usize> = std::iter::once(batch).chain(case.example.iter().map(|size| size.unwrap_or(open))).collect();
    let x = draw(Shape::new(&dims).unwrap(), 11);
    if let Some(ids) = case.ids {
        return Tensor::new(x.shape(), x.as_slice().iter().map(|x| (x.abs() * 1000.0).floor() % ids as f32).collect()).unwrap();
    }
    Tensor::new(x.shape(), x.as_slice().iter().map(|x| x + 0.15_f32.copysign(*x)).collect()).unwrap()
}

fn model(case: &Case, seed: u64) -> Sequential {
    Sequential::new().with_seed(seed).add(Input::open(&case.example)).add(LayerSpec::boxed(case.layer.boxed_clone()))
}

fn check_shapes(case: &Case) {
    let (model, promised) = (model(case, 1), batch_of(&case.output));
    assert_eq!(model.output_shape().unwrap(), promised);
    assert_eq!(model.count_params().unwrap(), case.params);
    for (batch, open) in [(1, 1), (3, 4), (5, 2)] {
        let y = model.predict(examples(case, batch, open)).unwrap();
        assert!(promised.accepts(&y.shape()), "{} is not as promised: {promised}", y.shape());
        assert_eq!(y.shape()[0], batch);
    }
}

/// What the layer cannot serve is an error in `build` or in the first batch; never a panic.
fn check_strange_shapes(case: &Case) {
    for example in
        [&[][..], &[Some(0)], &[Some(5)], &[None], &[Some(2), Some(2), Some(2), Some(2), Some(2)], &[Some(1 << 40), Some(1 << 40)]]
    {
        let strange = Sequential::new().add(Input::open(example)).add(LayerSpec::boxed(case.layer.boxed_clone()));
        if strange.output_shape().is_ok() && !example.contains(&Some(1 << 40)) {
            let dims: Vec<usize> = [2].into_iter().chain(example.iter().map(|size| size.unwrap_or(3))).collect();
            let _ = strange.predict(Tensor::zeros(Shape::new(&dims).unwrap()).unwrap());
        }
    }
}

fn check_config(case: &Case) {
    let model = model(case, 3);
    let text = model.to_json().unwrap().to_string();
    let json = serde_json::from_str(&text).unwrap();
    let mut copy = Sequential::from_json_with(&json, &registry()).unwrap();
    assert_eq!(copy.to_json().unwrap(), json);
    assert_eq!((copy.layer_names(), copy.output_shape().unwrap()), (model.layer_names(), model.output_shape().unwrap()));
    copy.set_weights(&model.get_weights()).unwrap();
    let x = examples(case, 3, 4);
    assert_eq!(bits(&copy.predict(&x).unwrap()), bits(&model.predict(&x).unwrap()));
    // The options alone make a layer with the same options.
    let again = registry().make(case.layer.class_name(), case.layer.config()).unwrap();
    assert_eq!(again.config(), case.layer.config());
    assert_eq!(again.describe(), case.layer.describe());
}

fn check_weights_file(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (model, mut other) = (model(case, 5), model(case, 6));
    model.save_weights(&path).unwrap();
    other.load_weights(&path).unwrap();
    assert_eq!(weight_bits(&other), weight_bits(&model));
    let x = examples(case, 3, 4);
    assert_eq!(bits(&other.predict(&x).unwrap()), bits(&model.predict(&x).unwrap()));
}

fn check_gradients(case: &Case) {
    if case.ids.is_some() {
        // Between two ids there is nothing to take a difference of; the table's gradient is checked beside its operation.
        return;
    }
    GradientCheck::default().layer(&*case.layer, &examples(case, 3, 2)).unwrap();
}

/// The layer between two that learn, so that one without parameters has something to pass on.
fn trainable(case: &Case, cpu: &Cpu) -> Sequential {
    let first = Gain::default();
    let model = Sequential::new().with_seed(8).with_cpu(cpu).add(Input::open(&case.example));
    let model = if case.ids.is_some() {
        model
    } else if case.example.is_empty() {
        model.add(Flatten::new()).add(first).add(Reshape::new([]))
    } else {
        model.add(first)
    };
    let mut model = model.add(LayerSpec::boxed(case.layer.boxed_clone()));
    model.compile(Sgd::new(0.05), "mean_squared_error", ()).unwrap();
    model
}

fn check_learning(case: &Case) {
    let mut model = trainable(case, &Cpu::default());
    let x = examples(case, 8, 3);
    let y = draw(model.predict(&x).unwrap().shape(), 21);
    let before = model.evaluate(&x, &y).unwrap().get("loss").unwrap();
    for _ in 0..12 {
        model.train_on_batch(&x, &y).unwrap();
    }
    let after = model.evaluate(&x, &y).unwrap().get("loss").unwrap();
    assert!(after < before, "the loss went from {before} to {after}");
}

/// Training and prediction on a batch large enough for all threads to have a share.
fn check_threads(case: &Case) {
    let x = examples(case, 3000, 5);
    let run = |threads: usize| {
        let mut model = trainable(case, &Cpu::new(threads, Simd::detect()).unwrap());
        let y = draw(model.predict(&x).unwrap().shape(), 22);
        let losses = [(); 2].map(|()| model.train_on_batch(&x, &y).unwrap().loss.to_bits());
        (losses, weight_bits(&model), bits(&model.predict(&x).unwrap()))
    };
    assert!(run(1) == run(3), "the number of threads changes the bits");
}

/// Applies a check to all cases, and names those that break it.
fn every_layer(check: fn(&Case)) {
    let keeps = |case: &Case| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case))).is_ok();
    let broken: Vec<String> = cases()
        .iter()
        .filter(|case| !keeps(case))
        .map(|case| format!("{} on {}", case.layer.describe(), batch_of(&case.example)))
        .collect();
    assert!(broken.is_empty(), "the contract is broken (see above) by\n{}", broken.join("\n"));
}

#[test]
fn shapes_and_parameters_are_as_promised() {
    every_layer(check_shapes);
}

#[test]
fn strange_shapes_are_errors() {
    every_layer(check_strange_shapes);
}

#[test]
fn options_go_to_json_and_back() {
    every_layer(check_config);
}

#[test]
fn weights_go_to_a_file_and_back() {
    every_layer(check_weights_file);
}

#[test]
fn gradients_are_those_of_differences() {
    every_layer(check_gradients);
}

#[test]
fn a_dozen_steps_lower_the_loss() {
    every_layer(check_learning);
}

#[test]
fn threads_change_no_bit() {
    every_layer(check_threads);
}

#[test]
fn every_class_of_the_registry_has_a_case() {
    let (registry, cases) = (registry(), cases());
    let covers =
        |case: &Case, class: &str| case.layer.class_name() == class || case.layer.config().get("layer").is_some_and(|layer| layer == class);
    let missing: Vec<&str> = registry.class_names().into_iter().filter(|class| !cases.iter().any(|case| covers(case, class))).collect();
    assert!(missing.is_empty(), "these classes have no case in the contract: {missing:?}");
}

/// Whatever has a class says which module it is from. `tests/golden/load_written.py` has Keras load these models, from the
/// file that `PRACTICUM_WRITTEN` names.
#[test]
fn models_are_written_as_keras_reads_them() {
    fn check(value: &serde_json::Value) {
        let class = value["class_name"].as_str().filter(|class| !class.starts_with("__"));
        if let Some(class) = class.filter(|_| value["config"].is_object()) {
            let ours = ["Gain", "Paired"].contains(&class);
            assert!(value["module"].is_string() || ours, "{class} is of no module");
            assert!(value.get("registered_name").is_some_and(|name| !ours || name == class), "{class} has no registered name");
        }
        match value {
            serde_json::Value::Object(object) => object.values().for_each(check),
            serde_json::Value::Array(array) => array.iter().for_each(check),
            _ => {}
        }
    }
    let mut written = Vec::new();
    for case in cases() {
        let model = model(&case, 1);
        let json = model.to_json().unwrap();
        check(&json);
        written.push(serde_json::json!({"name": case.layer.describe(), "params": case.params, "json": json}));
    }
    if let Some(path) = std::env::var_os("PRACTICUM_WRITTEN") {
        std::fs::write(path, serde_json::to_string(&written).unwrap()).unwrap();
    }
}

#[test]
fn layers_and_models_travel_between_threads() {
    fn travels<T: Send + Sync + ?Sized>() {}
    travels::<dyn Layer>();
    travels::<Model>();
    travels::<Sequential>();
    travels::<Registry>();
    travels::<Error>();
}

#[test]
fn frozen_layers_and_weights_that_never_learn_stay() {
    let build = || {
        let mut model = Sequential::new().add(Input::new([6])).add(Gain::default()).add(Dense::new(4).named("head").frozen());
        model.compile("adam", "mse", ()).unwrap();
        model
    };
    let (x, y) = (draw([8, 6], 1), draw([8, 4], 2));
    let (mut model, before) = (build(), build().get_weights());
    (0..3).for_each(|_| drop(model.train_on_batch(&x, &y).unwrap()));
    let changed: Vec<bool> = model.get_weights().iter().zip(&before).map(|(now, then)| bits(now) != bits(then)).collect();
    assert_eq!(changed, [true, false, false, false]);
    assert_eq!(model.summary().unwrap().param_count().trainable, 6);
    model.set_trainable("head", true).unwrap();
    model.train_on_batch(&x, &y).unwrap();
    let changed: Vec<bool> = model.get_weights().iter().zip(&before).map(|(now, then)| bits(now) != bits(then)).collect();
    assert_eq!(changed, [true, false, true, true]);
}

#[test]
fn a_layer_that_breaks_its_promise_is_named() {
    let model = Sequential::new().add(Input::new([4])).add(Liar);
    let error = model.predict(draw([2, 4], 1)).unwrap_err();
    assert!(error.is_shape());
    common::says(&error, &["layer 0 `liar`", "(None, 3)", "[2, 4]"]);
}

#[test]
fn a_layer_added_after_a_prediction_is_computed() {
    let x = draw([2, 4], 1);
    let model = Sequential::new().add(Input::new([4])).add(Dense::new(4));
    let before = model.predict(&x).unwrap();
    let model = model.add(Activate::new(Activation::Tanh));
    assert_eq!(bits(&model.predict(&x).unwrap()), bits(&before.tanh().unwrap()));
}
