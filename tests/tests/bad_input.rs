//! What is wrong is said: the thing, its value, what was expected, and what to do; and nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{bits, draw, says, weight_bits};
use practicum_core::callbacks::{Callback, Context, CsvLogger, OnEpochEnd, Progress};
use practicum_core::data::{ArraySource, BatchArray, Data};
use practicum_core::layers::{Registry, RepeatVector};
use practicum_core::losses::Huber;
use practicum_core::metrics::Auc;
use practicum_core::prelude::*;

/// Four features, three classes, compiled.
fn classifier() -> Sequential {
    let mut model = Sequential::new()
        .add(Input::new([4]))
        .add(Dense::new(8).activation(Activation::Relu))
        .add(Dense::new(3).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    model
}

fn regressor() -> Sequential {
    let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(1));
    model.compile("sgd", "mse", ["mae"]).unwrap();
    model
}

fn quick<'a>() -> Fit<'a> {
    Fit::new().quiet()
}

/// Six examples and their classes.
fn examples() -> (Tensor, Vec<i32>) {
    (draw([6, 4], 1), vec![0, 1, 2, 0, 1, 2])
}

/// Fits on bad data: the error, and a check that no weight moved.
fn fit_error(model: &mut Model, x: impl practicum_core::data::IntoData, y: impl practicum_core::data::IntoData, fit: Fit<'_>) -> Error {
    let before = weight_bits(model);
    let error = model.fit(x, y, fit).unwrap_err();
    assert!(weight_bits(model) == before, "the weights moved before: {error}");
    error
}

#[test]
fn shapes_that_do_not_fit_name_the_layer_when_it_is_built() {
    let mut model = Sequential::new().add(Input::new([28, 28])).add(Dense::new(8)).add(Reshape::new([7, 31])).add(Dense::new(1));
    let error = model.output_shape().unwrap_err();
    assert!(error.is_shape());
    says(&error, &["layer 1 `reshape` (Reshape [7, 31])", "217", "224", "came from layer 0 `dense` (Dense 8)", "hint"]);
    // The same is told by whatever is called first.
    assert_eq!(model.compile("sgd", "mse", ()).unwrap_err().to_string(), error.to_string());
    assert_eq!(model.summary().unwrap_err().to_string(), error.to_string());
    assert_eq!(model.predict(draw([1, 28, 28], 1)).unwrap_err().to_string(), error.to_string());

    let error = Sequential::new().add(Input::new([])).add(Dense::new(1)).output_shape().unwrap_err();
    assert!(error.is_shape());
    says(&error, &["layer 0 `dense`", "(batch, …, features)", "(None,)", "came from the input"]);

    let open = Sequential::new().add(Input::open([None, Some(2)])).add(Flatten::new()).add(Dense::new(1));
    let error = open.output_shape().unwrap_err();
    assert!(error.is_shape());
    says(&error, &["layer 1 `dense`", "(None, None)", "came from layer 0 `flatten`"]);
}

#[test]
fn targets_of_another_shape_are_refused() {
    let error = fit_error(&mut regressor(), draw([6, 4], 1), draw([6, 3], 2), quick());
    assert!(error.is_shape());
    says(&error, &["[6, 1]", "[6, 3]", "hint: the last layer's units"]);

    let one_hot = Tensor::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    let error = fit_error(&mut classifier(), draw([2, 4], 1), one_hot, quick());
    assert!(error.is_shape());
    says(&error, &["one class a row", "[2]", "[2, 3]", "categorical_crossentropy"]);

    let mut model = classifier();
    model.compile("adam", "categorical_crossentropy", ()).unwrap();
    let (x, y) = examples();
    let error = fit_error(&mut model, x, y, quick());
    assert!(error.is_shape());
    says(&error, &["[6, 3]", "[6]", "sparse_categorical_crossentropy"]);
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let mut model = regressor();
    for error in [
        model.fit(draw([6, 5], 1), draw([6, 1], 1), quick()).unwrap_err(),
        model.evaluate(draw([6, 5], 1), draw([6, 1], 1)).unwrap_err(),
        model.predict(draw([6, 5], 1)).unwrap_err(),
        model.train_on_batch(&draw([6, 5], 1), &draw([6, 1], 1)).unwrap_err(),
    ] {
        assert!(error.is_shape());
        says(&error, &["(None, 4)", "5"]);
    }
    let error = model.train_on_batch(&Tensor::scalar(1.0), &Tensor::scalar(1.0)).unwrap_err();
    says(&error, &["x has the shape []"]);
}

#[test]
fn labels_that_are_no_class_are_told_with_their_place() {
    let x = draw([6, 4], 1);
    let labels = |wrong: f32| Tensor::from([0.0, 1.0, 2.0, wrong, 1.0, -7.0]);
    for (wrong, word) in [(3.0, "3"), (-1.0, "-1"), (0.5, "0.5"), (f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let mut model = classifier();
        let error = fit_error(&mut model, &x, labels(wrong), quick());
        assert!(error.is_data());
        says(&error, &[&format!("y[3] is {word}"), "3 classes", "0 to 2", "hint"]);
        assert!(model.evaluate(&x, labels(wrong)).unwrap_err().is_data());
        // The step checks it by itself too, and moves nothing.
        let before = weight_bits(&model);
        let error = model.train_on_batch(&x, &labels(wrong)).unwrap_err();
        assert!(error.is_data());
        says(&error, &[word, "row 3", "0 … 2"]);
        assert!(weight_bits(&model) == before);
        let error = fit_error(&mut model, &x, vec![0, 1, 2, 0, 1, 2], quick().validation_data(&x, labels(wrong)));
        says(&error, &["validation data", "y[3]"]);
    }
    let error = fit_error(&mut classifier(), &x, vec![0, 1, 2, 0, 1, 200], quick());
    says(&error, &["y[5] is 200"]);
    let error = fit_error(&mut classifier(), &x, vec![0_u8, 1, 2, 9, 1, 2], quick());
    says(&error, &["y[3] is 9"]);
}

#[test]
fn numbers_that_are_none_are_told_with_their_place() {
    let broken = |value: f32| {
        let mut x = draw([6, 4], 1).to_vec();
        x[14] = value;
        Tensor::new([6, 4], x).unwrap()
    };
    for (value, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut model = regressor();
        let error = fit_error(&mut model, broken(value), draw([6, 1], 2), quick());
        assert!(error.is_data());
        says(&error, &[&format!("x[3, 2] is {word}"), "finite"]);
        assert!(model.predict(broken(value)).unwrap_err().is_data());
        let error = fit_error(&mut model, draw([6, 4], 1), Tensor::from([0.0, value, 0.0, 0.0, 0.0, 0.0]), quick());
        assert!(error.is_data());
        says(&error, &[&format!("y[1] is {word}")]);
    }
}

#[test]
fn data_without_examples_are_refused() {
    let none = || Tensor::zeros([0, 4]).unwrap();
    let mut model = regressor();
    for error in [
        model.fit(none(), Tensor::zeros([0, 1]).unwrap(), quick()).unwrap_err(),
        model.evaluate(none(), Tensor::zeros([0, 1]).unwrap()).unwrap_err(),
        model.predict(none()).unwrap_err(),
    ] {
        assert!(error.is_data());
        says(&error, &["no examples", "[0, 4]"]);
    }
    let error = model.predict(Tensor::scalar(1.0)).unwrap_err();
    says(&error, &["first axis", "single number"]);
    // The tensors of a step say it themselves.
    let error = model.train_on_batch(&none(), &Tensor::zeros([0, 1]).unwrap()).unwrap_err();
    assert!(error.is_data());
}

#[test]
fn arrays_of_different_length_are_refused() {
    let mut model = regressor();
    let error = fit_error(&mut model, draw([6, 4], 1), draw([5, 1], 2), quick());
    assert!(error.is_data());
    says(&error, &["x has 6 examples", "y has 5"]);
    says(&model.evaluate(draw([6, 4], 1), draw([7, 1], 2)).unwrap_err(), &["x has 6 examples", "y has 7"]);
    let validation = quick().validation_data(draw([3, 4], 1), draw([2, 1], 2));
    says(&fit_error(&mut model, draw([6, 4], 1), draw([6, 1], 2), validation), &["validation data", "x has 3", "y has 2"]);
    let weighted = quick().sample_weight(vec![1.0_f32; 5]);
    says(&fit_error(&mut model, draw([6, 4], 1), draw([6, 1], 2), weighted), &["sample_weight", "[6]", "[5]"]);
    let negative = quick().sample_weight(vec![1.0_f32, 1.0, -2.0, 1.0, 1.0, 1.0]);
    says(&fit_error(&mut model, draw([6, 4], 1), draw([6, 1], 2), negative), &["sample_weight[2]", "-2"]);
    assert!(model.train_on_batch(&draw([6, 4], 1), &draw([5, 1], 2)).is_err());
}

#[test]
fn a_batch_larger_than_the_data_is_one_short_batch() {
    let steps = AtomicUsize::new(0);
    struct Count<'a>(&'a AtomicUsize);
    impl Callback for Count<'_> {
        fn on_batch_end(&mut self, _step: usize, _loss: f64, cx: &mut Context<'_>) -> Result<()> {
            assert_eq!(cx.steps(), Some(1));
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }
    regressor().fit(draw([6, 4], 1), draw([6, 1], 2), quick().batch_size(1000).callback(Count(&steps))).unwrap();
    assert_eq!(steps.into_inner(), 1);
}

#[test]
fn options_outside_their_range_are_refused() {
    let (x, y) = (draw([6, 4], 1), draw([6, 1], 2));
    let cases: [(Fit<'_>, &[&str]); 9] = [
        (quick().batch_size(0), &["batch_size is 0", "1 or more"]),
        (quick().steps_per_epoch(0), &["steps_per_epoch is 0"]),
        (quick().validation_freq(0), &["validation_freq is 0"]),
        (quick().validation_batch_size(0), &["validation_batch_size is 0"]),
        (quick().validation_split(1.0), &["validation_split", "between 0 and 1", "got 1"]),
        (quick().validation_split(f64::NAN), &["validation_split", "NaN"]),
        (quick().validation_split(0.99), &["validation_split 0.99 of 6 examples", "one or more"]),
        (quick().class_weight(1, f32::NAN), &["class_weight of class 1", "NaN"]),
        (quick().class_weight(2, -1.0), &["class_weight of class 2", "-1"]),
    ];
    for (fit, words) in cases {
        let error = fit_error(&mut regressor(), &x, &y, fit);
        assert!(error.is_argument());
        says(&error, words);
    }
    assert!(regressor().predict_batches(&x, 0).unwrap_err().is_argument());
    assert!(ArraySource::new(Data::new(x).unwrap(), (), 0).unwrap_err().is_argument());
}

#[test]
fn learning_rates_that_are_none_are_refused() {
    for rate in [f64::NAN, -0.1, f64::INFINITY] {
        let mut model = regressor();
        for error in [
            model.compile(Sgd::new(rate), "mse", ()).unwrap_err(),
            model.compile(Adam::new(rate), "mse", ()).unwrap_err(),
            model.set_learning_rate(rate).unwrap_err(),
        ] {
            assert!(error.is_argument());
            says(&error, &["learning rate", "0 or more", &rate.to_string()]);
        }
        // The model is compiled as it was.
        assert_eq!(model.learning_rate().unwrap(), 0.01);
        let scheduler = LearningRateScheduler::new(move |epoch, lr| if epoch == 1 { rate } else { lr });
        let error = model.fit(draw([6, 4], 1), draw([6, 1], 2), quick().epochs(3).callback(scheduler)).unwrap_err();
        says(&error, &["LearningRateScheduler at epoch 1"]);
    }
    let options: [(&str, Result<()>); 6] = [
        ("momentum", regressor().compile(Sgd::new(0.1).momentum(1.0), "mse", ())),
        ("beta_1", regressor().compile(Adam::default().beta_1(-0.5), "mse", ())),
        ("clipnorm", regressor().compile(Adam::default().clipnorm(f32::NAN), "mse", ())),
        ("clipnorm and clipvalue", regressor().compile(Adam::default().clipnorm(1.0).clipvalue(1.0), "mse", ())),
        ("delta", regressor().compile("sgd", Huber::new(0.0), ())),
        ("decay_steps", {
            let schedule = Schedule::ExponentialDecay { initial_learning_rate: 0.1, decay_steps: 0, decay_rate: 0.5, staircase: false };
            regressor().compile(Sgd::new(schedule), "mse", ())
        }),
    ];
    for (name, result) in options {
        let error = result.unwrap_err();
        assert!(error.is_argument());
        says(&error, &[name]);
    }
}

#[test]
fn layers_refuse_options_outside_their_range() {
    let layer = |model: Sequential| model.output_shape().unwrap_err();
    let four = || Sequential::new().add(Input::new([4]));
    let rate = layer(four().add(Dropout::new(f32::NAN)));
    says(&rate, &["layer 0 `dropout`", "rate", "[0, 1)", "NaN"]);
    says(&layer(four().add(Dropout::new(1.0))), &["[0, 1)", "got 1"]);
    says(&layer(four().add(Dense::new(0))), &["layer 0 `dense`", "units is 0"]);
    says(&layer(four().add(Dense::new(2).kernel_regularizer(Regularizer::l2(-1.0)))), &["kernel", "regularizer", "-1"]);
    says(&layer(four().add(Dense::new(2).activity_regularizer(Regularizer::l1(f32::NAN)))), &["regularizer", "NaN"]);
    says(&layer(four().add(Reshape::new([-1, -1]))), &["at most one -1", "[-1, -1]"]);
    says(&layer(four().add(Reshape::new([-2, 2]))), &["[-2, 2]"]);
    says(&layer(four().add(Reshape::new([isize::MAX, 4]))), &["layer 0 `reshape`", "got 4"]);
    says(&layer(four().add(Reshape::new([0, -1]))), &["size of 0", "[0, -1]"]);
    says(&layer(four().add(Reshape::new([1, 1, 1, 1, 1, 4, 1]))), &["at most 6 axes"]);
    says(&layer(four().add(Lambda::new("sum", |x| x.sum()))), &["Lambda sum", "batch", "first axis"]);
    let range = Initializer::RandomUniform { minval: 1.0, maxval: 1.0 };
    says(&layer(four().add(Dense::new(2).kernel_initializer(range))), &["kernel", "[1, 1)"]);
    says(&layer(four().add(Dense::new(2).bias_initializer(Initializer::ORTHOGONAL))), &["bias", "orthogonal", "[2]"]);
}

#[test]
fn names_that_do_not_exist_list_those_that_do() {
    let mut model = classifier();
    let unknown: [(Error, &[&str]); 8] = [
        (model.compile("adams", "mse", ()).unwrap_err(), &["optimizer `adams`", "sgd", "did you mean `adam`?"]),
        (model.compile("sgd", "mean_square_error", ()).unwrap_err(), &["loss", "did you mean `mean_squared_error`?"]),
        (model.compile("sgd", "mse", "acuracy").unwrap_err(), &["metric `acuracy`", "did you mean `accuracy`?", "auc"]),
        (model.get_layer("dense_3").unwrap_err(), &["layer `dense_3`", "dense, dense_1"]),
        (model.set_trainable("desne", false).unwrap_err(), &["did you mean `dense`?"]),
        (model.set_weight("dense/kernal", draw([4, 8], 1)).unwrap_err(), &["did you mean `dense/kernel`?", "dense_1/bias"]),
        ("rellu".parse::<Activation>().unwrap_err(), &["activation `rellu`", "did you mean `relu`?", "softmax"]),
        (
            Registry::default().make("Lamda", practicum_core::layers::Config::new()).unwrap_err(),
            &["layer `Lamda`", "did you mean `Lambda`?", "Reshape"],
        ),
    ];
    for (error, words) in unknown {
        assert!(error.is_unknown());
        says(&error, words);
    }
    let error = model.layer(2).unwrap_err();
    assert!(error.is_argument());
    says(&error, &["layer 2", "has 2"]);
}

#[test]
fn watching_a_log_that_does_not_exist_is_refused_before_the_first_batch() {
    let (x, y) = examples();
    let cases: [(Fit<'_>, &[&str]); 4] = [
        (quick().callback(EarlyStopping::new("val_loss")), &["EarlyStopping", "`val_loss`", "loss, accuracy", "give validation data"]),
        (quick().callback(StopWhen::above("acc", 0.9)), &["StopWhen", "`acc`", "loss, accuracy"]),
        (quick().callback(ReduceLrOnPlateau::new("los")), &["ReduceLROnPlateau", "`los`", "did you mean `loss`?"]),
        (
            quick().validation_split(0.5).callback(EarlyStopping::new("val_acuracy")),
            &["did you mean `val_accuracy`?", "loss, accuracy, val_loss, val_accuracy"],
        ),
    ];
    for (fit, words) in cases {
        let error = fit_error(&mut classifier(), &x, y.clone(), fit);
        assert!(error.is_unknown());
        says(&error, words);
    }
}

#[test]
fn what_comes_too_early_says_what_is_missing() {
    let (x, y) = (draw([6, 4], 1), draw([6, 1], 2));
    let bare = || Sequential::new().add(Dense::new(1));
    let early: [Error; 7] = [
        bare().fit(&x, &y, quick()).unwrap_err(),
        bare().train_on_batch(&x, &y).unwrap_err(),
        Sequential::new().add(Input::new([4])).add(Dense::new(1)).evaluate(&x, &y).unwrap_err(),
        bare().learning_rate().unwrap_err(),
        bare().predict(&x).unwrap_err(),
        bare().summary().unwrap_err(),
        bare().save_weights("nowhere").unwrap_err(),
    ];
    for (error, missing) in early.iter().zip(["compile", "compile", "compile", "compile", "build", "build", "build"]) {
        assert!(error.is_state());
        says(error, &[missing, "hint"]);
    }
    let mut empty = Sequential::new();
    empty.compile("sgd", "mse", ()).unwrap();
    let error = empty.fit(&x, &y, quick()).unwrap_err();
    assert!(error.is_state());
    says(&error, &["no layers"]);
}

#[test]
fn compiling_again_begins_again_and_keeps_the_weights() {
    let (x, y) = (draw([6, 4], 1), draw([6, 1], 2));
    let mut model = regressor();
    model.fit(&x, &y, quick().epochs(2)).unwrap();
    let (weights, steps) = (weight_bits(&model), model.step());
    assert_eq!(steps, 2);
    model.compile("adam", "mae", ["mse"]).unwrap();
    assert!(weight_bits(&model) == weights && model.step() == 0);
    let history = model.fit(&x, &y, quick()).unwrap();
    assert_eq!(history.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["loss", "mse"]);
    // A compile that fails leaves the last one.
    assert!(model.compile("adam", "nothing", ()).is_err());
    assert_eq!(model.learning_rate().unwrap(), 0.001);
    let error = model.compile("adam", "mse", ["mae", "mae"]).unwrap_err();
    assert!(error.is_argument());
    says(&error, &["two metrics", "`mae`", "named"]);
}

#[test]
fn names_of_layers_are_unique_and_plain() {
    let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(2).named("a")).add(Dense::new(2).named("a"));
    let error = model.compile("sgd", "mse", ()).unwrap_err();
    assert!(error.is_argument());
    says(&error, &["layer 1", "`a`", "layer 0", "unique"]);
    for name in ["", "a/b"] {
        let error = Sequential::new().add(Dense::new(2).named(name)).output_shape().unwrap_err();
        assert!(error.is_argument());
        says(&error, &[&format!("`{name}`")]);
    }
    // A name somebody chose does not collide with one that is counted.
    let model = Sequential::new().add(Input::new([4])).add(Dense::new(2).named("dense_1")).add(Dense::new(2)).add(Dense::new(2));
    assert_eq!(model.layer_names(), ["dense_1", "dense", "dense_2"]);
}

#[test]
fn models_too_large_for_memory_are_errors() {
    for layer in [Dense::new(1 << 40), Dense::new(1 << 58), Dense::new(1 << 40).kernel_initializer(Initializer::Zeros)] {
        let error = Sequential::new().add(Input::new([4])).add(layer).output_shape().unwrap_err();
        assert!(error.is_data() || error.is_shape());
        says(&error, &["layer 0 `dense` (Dense ", "kernel"]);
    }
    for initializer in [Initializer::GlorotNormal, Initializer::ORTHOGONAL, Initializer::Identity { gain: 1.0 }] {
        let layer = Dense::new(1 << 40).kernel_initializer(initializer);
        assert!(Sequential::new().add(Input::new([4])).add(layer).output_shape().is_err());
    }
    let embedding = Sequential::new().add(Input::new([4])).add(Embedding::new(1 << 24, 1 << 20)).output_shape().unwrap_err();
    says(&embedding, &["layer 0 `embedding`", "embeddings", "GiB of memory"]);
    assert!(Tensor::zeros([1 << 20, 1 << 20, 1 << 10]).unwrap_err().is_data());
    assert!(Tensor::zeros([usize::MAX, 2]).is_err());
    assert!(Tensor::eye(1 << 31).is_err());
}

#[test]
fn steps_and_batches_too_large_for_memory_are_errors() {
    // The weights are small, what the model computes is not.
    let mut model = Sequential::new().add(Input::new([4])).add(RepeatVector::new(1 << 42)).add(Dense::new(1));
    model.compile("sgd", "mse", ()).unwrap();
    let x = Tensor::zeros([2, 4]).unwrap();
    says(&model.predict(&x).unwrap_err(), &["GiB of memory", "hint"]);
    let error = x.repeat(1 << 42).unwrap_err();
    assert!(error.is_data(), "{error}");

    let mut array = BatchArray::default();
    let error = array.resize([1 << 30, 1 << 20]).unwrap_err();
    says(&error, &["GiB of memory for a tensor of 1125899906842624 elements", "smaller batches"]);
    // What it holds is whole.
    assert_eq!((array.shape().dims(), array.as_slice().len()), ([0].as_slice(), 0));
    let mut shared = BatchArray::from(x);
    let kept = shared.clone();
    assert!(shared.resize([1 << 30, 1 << 20]).is_err());
    assert_eq!((shared.as_slice().len(), kept.as_slice().len()), (0, 8));
    for thresholds in [0, 1, usize::MAX] {
        let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(1));
        let auc = Auc::default().num_thresholds(thresholds);
        says(&model.compile("sgd", "mse", auc).unwrap_err(), &["num_thresholds", "2 to 16777216"]);
    }
}

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

#[test]
fn the_first_of_two_tries_leaves_the_model_ready_for_the_second() {
    let mut model = Sequential::new().add(Reshape::new([2, 2])).add(Flatten::new()).add(Dense::new(1));
    model.compile("sgd", "mse", ()).unwrap();
    let error = model.fit(draw([6, 5], 1), draw([6, 1], 2), quick()).unwrap_err();
    assert!(error.is_shape());
    says(&error, &["layer 0 `reshape`", "5"]);
    model.fit(draw([6, 4], 1), draw([6, 1], 2), quick()).unwrap();
    assert_eq!(model.output_shape().unwrap().to_string(), "(None, 1)");
    let weights = model.get_weights();
    let error = model.set_weights(&[weights[0].clone(), draw([2], 1)]).unwrap_err();
    assert!(error.is_shape());
    says(&error, &["dense/bias", "[1]", "[2]"]);
    assert_eq!(bits(&model.get_weights()[0]), bits(&weights[0]));
}

#[test]
fn data_say_what_is_wrong_with_them() {
    says(&Data::from_u8([2, 3], vec![0; 5]).unwrap_err(), &["[2, 3]", "6", "5"]);
    says(&Data::from_i32([1], vec![1 << 25]).unwrap_err(), &["33554432", "place 0"]);
    let data = Data::from_u8([4, 2], vec![1; 8]).unwrap();
    says(&data.rows(3..5).unwrap_err(), &["3..5", "4"]);
    says(&Tensor::new([2, 2], vec![1.0]).unwrap_err(), &["[2, 2]", "4", "1"]);
    says(&Cpu::new(0, Simd::Portable).unwrap_err(), &["threads", "1 to 1024", "0"]);
    says(&"avx9".parse::<Simd>().unwrap_err(), &["avx9", "portable"]);
}
