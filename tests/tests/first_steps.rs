//! What people look for in their first programs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{draw, says};
use practicum_core::data::{SplitOptions, train_test_split};
use practicum_core::losses::{CategoricalFocalCrossentropy, Dice, Tversky};
use practicum_core::metrics::{self, ConfusionMatrix, F1Score, LossMetric, Metric, TruePositives};
use practicum_core::model::CompileRegistry;
use practicum_core::prelude::*;

fn linear() -> Sequential {
    Sequential::new().add(Input::new([3])).add(Dense::new(2))
}

#[test]
fn u5_losses_are_metrics_and_metrics_come_in_tuples() {
    let mut model = linear();
    let quartic = LossMetric::new(practicum_core::losses::from_fn("quartic", |y, p| (p - y)?.pow(4.0)?.mean_axis(-1))).unwrap();
    let within = metrics::from_fn("within", |y, p| f64::from((y[0] - p[0]).abs() < 1.0)).maximize();
    model
        .compile("sgd", "mse", (["huber", "log_cosh", "mse"], quartic, within, metrics::weighted(LossMetric::new("mae").unwrap())))
        .unwrap();
    let (x, y) = (draw([6, 3], 1), draw([6, 2], 2));
    let logs = model.evaluate(&x, &y).unwrap();
    assert!((logs["mse"] - logs["loss"]).abs() < 1e-6);
    let errors: Vec<f64> = model.predict(&x).unwrap().as_slice().iter().zip(y.as_slice()).map(|(p, y)| f64::from(p - y)).collect();
    let mean = |of: &dyn Fn(f64) -> f64| errors.iter().map(|error| of(*error)).sum::<f64>() / errors.len() as f64;
    for (name, expected) in [
        ("huber", mean(&|e| if e.abs() <= 1.0 { e * e / 2.0 } else { e.abs() - 0.5 })),
        ("log_cosh", mean(&|e| e.cosh().ln())),
        ("quartic", mean(&|e| e.powi(4))),
        ("mean_absolute_error", mean(&f64::abs)),
    ] {
        assert!((logs[name] - expected).abs() < 1e-6 * expected.max(1.0), "{name}: {} for {expected}", logs[name]);
    }
    // Their direction is known, so that callbacks can watch them.
    let history = model.fit(&x, &y, Fit::new().epochs(2).quiet().callback(EarlyStopping::new("huber"))).unwrap();
    assert_eq!(history["quartic"].len(), 2);
    let unknown = linear().compile("sgd", "mse", "hubr").unwrap_err();
    assert!(unknown.is_unknown());
}

#[test]
fn u5_weights_of_examples_count_in_evaluation_and_validation() {
    let mut model = linear();
    model.compile(Sgd::new(0.0), "mse", metrics::weighted(LossMetric::new("mae").unwrap())).unwrap();
    let (x, y, weights) = (draw([4, 3], 1), draw([4, 2], 2), [0.0, 2.0, 0.0, 0.0]);
    let alone = model.evaluate(x.rows(1..2).unwrap(), y.rows(1..2).unwrap()).unwrap();
    let weighted = model.evaluate(ArraySource::new(&x, &y, 3).unwrap().weighted(weights).unwrap(), ()).unwrap();
    assert!((weighted["loss"] - alone["loss"] * 2.0 / 4.0).abs() < 1e-6);
    assert!((weighted["mean_absolute_error"] - alone["mean_absolute_error"]).abs() < 1e-6);
    let fit = Fit::new().quiet().validation_data(&x, &y).validation_sample_weight(weights);
    let history = model.fit(&x, &y, fit).unwrap();
    assert!((history["val_loss"][0] - weighted["loss"]).abs() < 1e-6);
    assert!((history["val_mean_absolute_error"][0] - weighted["mean_absolute_error"]).abs() < 1e-6);
}

#[test]
fn u5_gradients_of_small_batches_add_up_to_those_of_a_large_one() {
    let (x, y) = (draw([8, 3], 1), draw([8, 2], 2));
    let trained = |optimizer: Adam, batch: usize| {
        let mut model = linear();
        model.compile(optimizer, "mse", ()).unwrap();
        model.fit(&x, &y, Fit::new().epochs(3).batch_size(batch).shuffle(false).quiet()).unwrap();
        (model.get_weights(), model.step())
    };
    for options in [Adam::new(0.05), Adam::new(0.05).global_clipnorm(0.25), Adam::new(0.05).clipnorm(0.25)] {
        let (whole, steps) = trained(options.clone(), 8);
        let (parts, small) = trained(options.gradient_accumulation_steps(4), 2);
        assert_eq!((steps, small), (3, 12));
        for (a, b) in whole.iter().zip(&parts) {
            assert!(a.is_close(b, 1e-6, 1e-5), "{a} is not {b}");
        }
    }
    // Nothing moves until the gradients are complete.
    let mut model = linear();
    model.compile(Sgd::new(0.1).gradient_accumulation_steps(2), "mse", ()).unwrap();
    let before = model.get_weights();
    model.train_on_batch(&x, &y).unwrap();
    assert_eq!(model.get_weights(), before);
    model.train_on_batch(&x, &y).unwrap();
    assert_ne!(model.get_weights(), before);
    let error = linear().compile(Sgd::new(0.1).gradient_accumulation_steps(1), "mse", ()).unwrap_err();
    says(&error, &["gradient_accumulation_steps", "2 or more", "got 1"]);
}

#[test]
fn u5_names_can_be_left_out_of_weight_decay() {
    let (x, y) = (Tensor::zeros([4, 3]).unwrap(), Tensor::zeros([4, 2]).unwrap());
    let decayed = |optimizer: AdamW| {
        let mut model = Sequential::new().add(Input::new([3])).add(Dense::new(2).named("bias_of_old")).add(Dense::new(2).named("last"));
        let ones: Vec<Tensor> = model.get_weights().iter().map(|w| Tensor::ones(w.shape()).unwrap()).collect();
        model.set_weights(&ones).unwrap();
        // No gradient reaches what is multiplied by nothing: only the decay moves it.
        model.compile(optimizer.learning_rate(0.0), "mse", ()).unwrap();
        model.set_learning_rate(1e-9).unwrap();
        model.train_on_batch(&x, &y).unwrap();
        let changed = |w: &Tensor| w.as_slice().iter().all(|w| *w < 0.9);
        model.get_weights().iter().map(changed).collect::<Vec<_>>()
    };
    let all = AdamW::default().weight_decay(5e8);
    assert_eq!(decayed(all.clone()), [true; 4]);
    assert_eq!(decayed(all.clone().exclude_from_weight_decay(["bias"])), [true, false, true, false]);
    assert_eq!(decayed(all.exclude_from_weight_decay(["last/kernel", "bias_of"])), [true, true, false, true]);
}

#[test]
fn u5_parameters_become_their_moving_averages_when_a_training_is_over() {
    let (x, y) = (draw([4, 3], 1), draw([4, 2], 2));
    let mut averaged = linear();
    averaged.compile(Sgd::new(0.1).use_ema(true).ema_momentum(0.5), "mse", ()).unwrap();
    let mut plain = linear();
    plain.compile(Sgd::new(0.1), "mse", ()).unwrap();
    let mut averages: Option<Vec<Vec<f32>>> = None;
    for _ in 0..3 {
        plain.train_on_batch(&x, &y).unwrap();
        let now: Vec<Vec<f32>> = plain.get_weights().iter().map(Tensor::to_vec).collect();
        let mix = |old: &Vec<f32>, new: &Vec<f32>| old.iter().zip(new).map(|(a, w)| 0.5 * a + 0.5 * w).collect();
        averages = Some(averages.map_or(now.clone(), |old| old.iter().zip(&now).map(|(old, new)| mix(old, new)).collect()));
    }
    averaged.fit(&x, &y, Fit::new().epochs(3).shuffle(false).quiet()).unwrap();
    for (got, expected) in averaged.get_weights().iter().zip(averages.unwrap()) {
        got.as_slice().iter().zip(expected).for_each(|(got, expected)| assert!((got - expected).abs() < 1e-6));
    }
}

#[test]
fn u5_averages_and_sums_of_gradients_are_part_of_the_state() {
    let (x, y) = (draw([10, 3], 1), draw([10, 2], 2));
    let model = || {
        let mut model = linear();
        let optimizer = Nadam::new(0.05).use_ema(true).ema_momentum(0.8).ema_overwrite_frequency(2).gradient_accumulation_steps(3);
        model.compile(optimizer, "mse", ["mae", "huber"]).unwrap();
        model
    };
    let mut whole = model();
    let (mut states, folder) = (Vec::new(), tempfile::tempdir().unwrap());
    let keep = OnEpochEnd::new(|_, _, cx| {
        states.push(cx.model().training_state()?);
        Ok(())
    });
    whole.fit(&x, &y, Fit::new().epochs(4).batch_size(3).quiet().callback(keep)).unwrap();
    let path = folder.path().join("state.safetensors");
    states[1].save(&path).unwrap();
    let state = practicum_core::callbacks::State::load(&path).unwrap();
    for name in ["slot/dense/kernel/model_variables_moving_average", "slot/dense/bias/accumulated_gradient"] {
        assert!(state.names().contains(&name), "{:?}", state.names());
    }
    let mut rest = model();
    rest.set_training_state(&state).unwrap();
    rest.fit(&x, &y, Fit::new().epochs(4).initial_epoch(2).batch_size(3).quiet()).unwrap();
    assert_eq!(rest.get_weights(), whole.get_weights());

    let config = whole.compile_config().unwrap();
    let mut again = linear();
    again.compile_from_config(&config, &CompileRegistry::default()).unwrap();
    assert_eq!(again.compile_config().unwrap(), config);
}

#[test]
fn u5_masks_are_learned_by_their_overlap() {
    // The square in the middle of a picture is brighter than the rest.
    let inside = |i: usize| (2..6).contains(&(i / 8)) && (2..6).contains(&(i % 8));
    let truth: Vec<f32> = (0..64).map(|i| f32::from(u8::from(inside(i)))).collect();
    let noise = draw([16, 64], 3);
    let pixels = noise.as_slice().iter().enumerate().map(|(i, noise)| truth[i % 64] + 0.2 * noise).collect();
    let (x, y) = (Tensor::new([16, 8, 8, 1], pixels).unwrap(), Tensor::new([16, 8, 8, 1], truth.repeat(16)).unwrap());
    let fit = |loss: Box<dyn practicum_core::losses::Loss>| {
        let mut model = Sequential::new().add(Input::new([8, 8, 1])).add(Conv2D::new(1, 3).padding(Padding::Same).activation("sigmoid"));
        model.compile(Adam::new(0.05), loss, metrics::BinaryIoU::new().target_class_ids([1])).unwrap();
        let history = model.fit(&x, &y, Fit::new().epochs(60).quiet()).unwrap();
        assert!(history["loss"][59] < 0.5 * history["loss"][0], "{:?}", &history["loss"]);
        history["binary_io_u"][59]
    };
    for loss in [Box::new(Dice::default()) as Box<dyn practicum_core::losses::Loss>, Box::new(Tversky::new(0.3, 0.7).axis([1, 2, 3]))] {
        let name = loss.name();
        let overlap = fit(loss);
        assert!(overlap > 0.8, "{name}: {overlap}");
    }
    let error = linear().compile("sgd", Tversky::new(-1.0, 0.5), ()).unwrap_err();
    says(&error, &["alpha of tversky", "-1"]);
    let mut model = linear();
    model.compile("sgd", Dice::default().axis([5]), ()).unwrap();
    says(&model.evaluate(draw([2, 3], 1), draw([2, 2], 1)).unwrap_err(), &["loss dice", "no axis 5"]);
    let mut model = linear();
    model.compile("sgd", CategoricalFocalCrossentropy::default().alphas([0.25, 0.5, 1.0]), ()).unwrap();
    says(&model.evaluate(draw([2, 3], 1), draw([2, 2], 1)).unwrap_err(), &["3 numbers as alpha for 2 classes"]);
}

#[test]
fn u5_from_a_split_to_a_confusion_matrix() {
    let noise = draw([90, 2], 4);
    let labels: Vec<usize> = (0..90).map(|i| i % 3).collect();
    let points =
        noise.as_slice().chunks(2).zip(&labels).map(|(e, class)| [*class as f32 + 0.2 * e[0], (*class == 1) as u8 as f32 + 0.2 * e[1]]);
    let x: Vec<[f32; 2]> = points.collect();
    let (train, test) = train_test_split(&x, &labels, SplitOptions::new(0.3).stratify(true)).unwrap();
    let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(16).activation("relu")).add(Dense::new(3).activation("softmax"));
    model.compile(Lion::new(0.02), "sparse_categorical_crossentropy", ("accuracy", F1Score::default())).unwrap();
    model.fit(&train.x, &train.y, Fit::new().epochs(40).quiet()).unwrap();
    let logs = model.evaluate(&test.x, &test.y).unwrap();
    let truth: Vec<usize> = test.indices.iter().map(|index| labels[*index]).collect();
    let answers = model.predict(&test.x).unwrap().argmax().unwrap();
    let matrix = ConfusionMatrix::new(&truth, &answers, 3).unwrap();
    assert!((matrix.accuracy() - logs["accuracy"]).abs() < 1e-9 && matrix.accuracy() > 0.8, "{matrix}");
    let f1 = (0..3).map(|class| matrix.f1(class).unwrap()).sum::<f64>() / 3.0;
    assert!((f1 - logs["f1_score"]).abs() < 1e-9, "{f1} {}", logs["f1_score"]);
}

#[test]
fn u5_new_optimizers_learn_a_line() {
    let (x, y) = ([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]);
    let learned = |optimizer: Box<dyn practicum_core::optimizers::Optimizer>| {
        // LAMB scales a parameter as a whole: a single number could not change its sign.
        let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(8)).add(Dense::new(1));
        model.compile(optimizer, "mse", ()).unwrap();
        let history = model.fit(x, y, Fit::new().epochs(400).quiet()).unwrap();
        (history["loss"][0], history["loss"][399])
    };
    let optimizers: [(&str, Box<dyn practicum_core::optimizers::Optimizer>); 5] = [
        ("Adamax", Box::new(Adamax::new(0.1))),
        ("Adadelta", Box::new(Adadelta::new(5.0))),
        ("Lion", Box::new(Lion::new(0.005))),
        ("Lamb", Box::new(Lamb::new(0.05))),
        ("Ftrl", Box::new(Ftrl::new(0.1))),
    ];
    for (name, optimizer) in optimizers {
        let (first, last) = learned(optimizer);
        assert!(last < 0.01 * first, "{name}: from {first} to {last}");
    }
    for (error, words) in [
        (linear().compile(Lion::default().beta_1(0.0), "mse", ()).unwrap_err(), ["Lion", "beta_1"]),
        (linear().compile(Ftrl::default().learning_rate_power(0.5), "mse", ()).unwrap_err(), ["Ftrl", "learning_rate_power"]),
        (linear().compile(Ftrl::default().beta(f64::NAN), "mse", ()).unwrap_err(), ["beta", "NaN"]),
        (linear().compile(Adadelta::default().rho(1.0), "mse", ()).unwrap_err(), ["Adadelta", "rho"]),
        (linear().compile(Adam::default().use_ema(true).ema_momentum(1.5), "mse", ()).unwrap_err(), ["ema_momentum", "1.5"]),
    ] {
        says(&error, &words);
    }
}

#[test]
fn u5_counts_are_metrics() {
    let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1).use_bias(false));
    model.set_weights(&[Tensor::from([[1.0]])]).unwrap();
    let counts: Vec<Box<dyn Metric>> = vec![
        Box::new(TruePositives::default()),
        Box::new(metrics::FalsePositives::default()),
        Box::new(metrics::TrueNegatives::default()),
        Box::new(metrics::weighted(metrics::FalseNegatives::named("missed").threshold(0.8))),
    ];
    model.compile("sgd", "mse", counts).unwrap();
    let source = ArraySource::new([[0.9], [0.7], [0.2], [0.4]], [1, 1, 0, 1], 4).unwrap().weighted([1.0, 2.0, 1.0, 0.5]).unwrap();
    let logs = model.evaluate(source, ()).unwrap();
    assert_eq!((logs["true_positives"], logs["false_positives"], logs["true_negatives"], logs["missed"]), (2.0, 0.0, 1.0, 2.5));
}
