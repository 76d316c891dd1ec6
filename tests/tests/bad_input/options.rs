//! Options outside their range, unknown names, and calls that come too early.

use practicum_core::data::Data;
use practicum_core::layers::Registry;
use practicum_core::losses::Huber;
use practicum_core::prelude::*;

use super::common::{draw, says, weight_bits};
use super::{classifier, examples, fit_error, quick, regressor};

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
        (quick().class_weight([(1, f32::NAN)]), &["class_weight of class 1", "NaN"]),
        (quick().class_weight([0.0, 1.0, -1.0]), &["class_weight of class 2", "-1"]),
    ];
    for (fit, words) in cases {
        let error = fit_error(&mut regressor(), &x, &y, fit);
        assert!(error.is_argument());
        says(&error, words);
    }
    assert!(ArraySource::new(&x, (), 0).unwrap_err().is_argument());
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
    let options: [(&str, Result<()>); 7] = [
        ("momentum", regressor().compile(Sgd::new(0.1).momentum(1.0), "mse", ())),
        ("beta_1", regressor().compile(Adam::default().beta_1(-0.5), "mse", ())),
        ("clipnorm", regressor().compile(Adam::default().clipnorm(f32::NAN), "mse", ())),
        ("clipnorm and clipvalue", regressor().compile(Adam::default().clipnorm(1.0).clipvalue(1.0), "mse", ())),
        ("delta", regressor().compile("sgd", Huber::new(0.0), ())),
        ("learning_rate of SGD is inf", {
            let schedule =
                Schedule::ExponentialDecay { initial_learning_rate: 0.1, decay_steps: 1, decay_rate: f64::INFINITY, staircase: false };
            regressor().compile(Sgd::new(schedule), "mse", ())
        }),
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
    says(&layer(four().add(Reshape::new([4, 1])).add(Conv1D::new(2, 5))), &["`conv1d`", "a window of 5", "4 steps", "`same`"]);
    says(&layer(four().add(Reshape::new([2, 2, 1])).add(MaxPooling2D::new((1, 3)))), &["a window of 1×3", "a map of 2×2", "hint"]);
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
    let error = model.get_layer(2).unwrap_err();
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
fn validation_data_come_before_a_split_as_in_keras() {
    let (x, y) = examples();
    let fit = |options: Fit<'_>| classifier().fit(&x, &y, options.epochs(1).quiet()).unwrap()["val_loss"].to_vec();
    let alone = fit(Fit::new().validation_data(&x, &y));
    assert_eq!(fit(Fit::new().validation_data(&x, &y).validation_split(0.5)), alone);
    assert_eq!(fit(Fit::new().validation_split(0.5).validation_data(&x, &y)), alone);
}
