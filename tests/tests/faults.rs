//! Small inputs that once went wrong, each with the value that is right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{draw, says};
use practicum_core::callbacks::ModelCheckpoint;
use practicum_core::metrics::{Auc, BinaryAccuracy, Metric, Precision, Recall, Scored};
use practicum_core::prelude::*;

/// A model that returns its input, until it is told to return something else.
fn identity(metrics: impl practicum_core::metrics::IntoMetricLists) -> Sequential {
    let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1).use_bias(false));
    model.compile(Sgd::new(0.0), "mse", metrics).unwrap();
    model.set_weights(&[Tensor::from([[1.0]])]).unwrap();
    model
}

/// A metric that does not say which values are better.
#[derive(Clone, Debug)]
struct Silent(&'static str);

impl Metric for Silent {
    fn name(&self) -> &str {
        self.0
    }

    fn class_name(&self) -> &'static str {
        "Silent"
    }

    fn update(&mut self, _batch: &Scored<'_>) -> Result<()> {
        Ok(())
    }

    fn result(&self) -> f64 {
        0.5
    }

    fn reset(&mut self) {}

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(self.clone())
    }
}

#[test]
fn f1_a_loss_is_minimized_whatever_the_name_of_its_output() {
    let input = Input::new([1]).symbol();
    let outputs = [Dense::new(1).named("regressor2").on(&input), Dense::new(1).named("auc_head").on(&input)];
    let mut model = Model::new(&input, outputs).unwrap();
    model.compile(Sgd::new(0.05), "mse", ()).unwrap();
    let (x, y) = (Tensor::from([[0.0], [1.0], [2.0]]), Tensor::from([[5.0], [6.0], [7.0]]));
    for log in ["regressor2_loss", "auc_head_loss"] {
        let mut model = model.clone();
        let mut stopping = EarlyStopping::new(log).patience(2).restore_best_weights(true);
        let history = model.fit(&x, [&y, &y], Fit::new().epochs(20).quiet().callback(&mut stopping)).unwrap();
        assert!(history[log].windows(2).all(|pair| pair[1] < pair[0]), "{:?}", &history[log]);
        assert_eq!((history.epochs().len(), stopping.stopped_epoch(), stopping.best_epoch()), (20, None, Some(19)));
    }
    let mut reduce = ReduceLrOnPlateau::new("auc_head_loss").patience(1);
    model.fit(&x, [&y, &y], Fit::new().epochs(10).quiet().callback(&mut reduce)).unwrap();
    assert_eq!(model.learning_rate().unwrap(), 0.05);
}

#[test]
fn f1_a_metric_says_its_direction_or_fit_asks_for_it() {
    let (x, y) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[1.0], [2.0]]));
    let fit = |callback: EarlyStopping| {
        let mut model = identity(vec![Box::new(Silent("f1")) as Box<dyn Metric>]);
        model.fit(&x, &y, Fit::new().epochs(3).quiet().callback(callback)).map(|history| (history.epochs().len(), model.step()))
    };
    let error = fit(EarlyStopping::new("f1")).unwrap_err();
    assert!(error.is_argument());
    says(&error, &["EarlyStopping", "`f1`", "`.minimize()`", "`.maximize()`"]);
    assert_eq!(fit(EarlyStopping::new("f1").maximize().patience(1)).unwrap(), (2, 2));
    assert_eq!(fit(EarlyStopping::new("f1").minimize().patience(2)).unwrap(), (3, 3));

    let mut model = identity(vec![Box::new(Silent("f1")) as Box<dyn Metric>]);
    let error = model.fit(&x, &y, Fit::new().quiet().callback(ReduceLrOnPlateau::new("f1"))).unwrap_err();
    says(&error, &["ReduceLROnPlateau", "`f1`"]);
    assert_eq!(model.step(), 0);
    // A metric whose name holds that of another keeps its own direction.
    let mut model = identity(vec![Box::new(practicum_core::metrics::MeanAbsoluteError::named("accuracy_gap")) as Box<dyn Metric>]);
    let mut stopping = EarlyStopping::new("accuracy_gap").patience(1);
    model.fit(&x, Tensor::from([[0.0], [0.0]]), Fit::new().epochs(3).quiet().callback(&mut stopping)).unwrap();
    assert_eq!(stopping.stopped_epoch(), Some(1));
}

#[test]
fn f2_a_validation_without_a_batch_is_an_error_that_names_the_epoch() {
    let (x, y) = (Tensor::from([[1.0], [2.0], [3.0]]), Tensor::from([[1.0], [2.0], [3.0]]));
    let nothing = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(BatchOptions::new(8).drop_remainder(true));
    let mut model = identity(());
    let stopping = EarlyStopping::new("val_loss");
    let error = model.fit(&x, &y, Fit::new().epochs(3).quiet().validation_data(&nothing, ()).callback(stopping)).unwrap_err();
    assert!(error.is_data());
    says(&error, &["validation of epoch 0", "no batch"]);
    says(&model.evaluate(&nothing, ()).unwrap_err(), &["no batch", "drop_remainder"]);
    let full = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(2);
    says(&model.evaluate(full.take_batches(0), ()).unwrap_err(), &["no batch"]);
}

#[test]
fn f3_a_split_takes_its_sample_weights_along() {
    let ones = Tensor::from([[1.0], [1.0], [1.0], [1.0]]);
    let y = Tensor::from([[1.0], [1.0], [3.0], [5.0]]);
    let fit = || Fit::new().quiet().validation_split(0.5);
    let history = identity(()).fit(&ones, &y, fit().sample_weight([1.0, 1.0, 0.0, 2.0])).unwrap();
    assert_eq!(history["val_loss"], [16.0]);
    assert_eq!(identity(()).fit(&ones, &y, fit()).unwrap()["val_loss"], [10.0]);
    let given = Fit::new().quiet().validation_data(ones.rows(2..4).unwrap(), y.rows(2..4).unwrap()).validation_sample_weight([0.0, 2.0]);
    assert_eq!(identity(()).fit(&ones, &y, given).unwrap()["val_loss"], [16.0]);
    // Class weights are for the training alone, as in Keras.
    let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1).activation(Activation::Sigmoid));
    model.compile(Sgd::new(0.0), "binary_crossentropy", ()).unwrap();
    let labels = [0, 1, 1, 0];
    let plain = model.fit(&ones, labels, fit()).unwrap();
    let weighted = model.fit(&ones, labels, fit().class_weight([0.0, 3.0])).unwrap();
    assert_eq!(plain["val_loss"], weighted["val_loss"]);
    assert_ne!(plain["loss"], weighted["loss"]);
}

#[test]
fn f4_the_log_has_a_column_for_each_log_and_keeps_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let (x, y) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[1.0], [2.0]]));
    let mut model = identity(());
    let logger = || practicum_core::callbacks::CsvLogger::new(&path);
    let fit = || Fit::new().epochs(2).quiet();
    model.fit(&x, &y, fit().validation_data(&x, &y).validation_freq(2).callback(logger())).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "epoch,loss,val_loss\n0,0,\n1,0,0\n");

    let error = model.fit(&x, &y, fit().callback(logger().append(true))).unwrap_err();
    says(&error, &["CsvLogger", "epoch,loss,val_loss", "`append`"]);
    // A last line without an end is no part of the first new one.
    std::fs::write(&path, "epoch,loss\n0,1").unwrap();
    model.fit(&x, &y, Fit::new().quiet().callback(logger().append(true))).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "epoch,loss\n0,1\n0,0\n");
    std::fs::write(&path, "epoch,loss,val_loss\n0,0,\n1,0,0\n").unwrap();
    model.fit(&x, &y, fit().validation_data(&x, &y).callback(logger().append(true))).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "epoch,loss,val_loss\n0,0,\n1,0,0\n0,0,0\n1,0,0\n");

    let added = fit().validation_data(&x, &y).callback(LearningRateScheduler::new(|_, rate| rate));
    let error = model.fit(&x, &y, added.callback(logger().append(true))).unwrap_err();
    says(&error, &["epoch,loss,val_loss", "epoch,loss,val_loss,learning_rate"]);
    model.fit(&x, &y, fit().callback(logger())).unwrap();
    let error = model.fit(&x, &y, fit().validation_data(&x, &y).callback(logger().append(true))).unwrap_err();
    says(&error, &["epoch,loss", "epoch,loss,val_loss"]);
}

#[test]
fn f5_batches_of_any_size_are_one_batch() {
    let (x, y) = (draw([5, 1], 1), draw([5, 1], 2));
    let mut model = identity(());
    let fit = Fit::new().batch_size(usize::MAX).validation_data(&x, &y).validation_batch_size(usize::MAX).quiet();
    model.fit(&x, &y, fit).unwrap();
    assert_eq!(model.step(), 1);
    assert_eq!(model.predict(ArraySource::new(&x, (), usize::MAX).unwrap()).unwrap(), x);
    let batches = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(usize::MAX);
    model.fit(&batches, (), Fit::new().quiet()).unwrap();
    model.fit(batches.unbatch().batch(usize::MAX), (), Fit::new().quiet()).unwrap();
    assert_eq!(model.step(), 3);
}

#[test]
fn f6_thresholds_and_areas_take_logits() {
    let (logits, labels) = (Tensor::from([[-2.0], [-0.5], [0.25], [3.0]]), Tensor::from([[0.0], [1.0], [0.0], [1.0]]));
    let metrics: Vec<Box<dyn Metric>> = vec![
        Box::new(BinaryAccuracy::default().threshold(0.0)),
        Box::new(Precision::default().threshold(0.0)),
        Box::new(Recall::default().threshold(0.0)),
        Box::new(Auc::default().from_logits()),
    ];
    let logs = identity(metrics).evaluate(&logits, &labels).unwrap();
    assert_eq!((logs["binary_accuracy"], logs["precision"], logs["recall"]), (0.5, 0.5, 0.5));
    assert!((logs["auc"] - 0.75).abs() < 1e-6, "{}", logs["auc"]);
    let nowhere: Vec<Box<dyn Metric>> = vec![Box::new(Precision::default().threshold(f32::NAN))];
    let error = Sequential::new().add(Dense::new(1)).compile("sgd", "mse", nowhere).unwrap_err();
    says(&error, &["threshold", "precision", "NaN"]);
}

#[test]
fn f7_passes_with_dropout_differ_and_can_be_repeated() {
    let mut model = Sequential::new().add(Input::new([16])).add(Dropout::new(0.5)).add(Dense::new(1));
    model.compile(Sgd::new(0.1), "mse", ()).unwrap();
    let x = Tensor::ones([1, 16]).unwrap();
    let pass = |model: &Model, step: Option<u64>| {
        let tape = model.tape();
        if let Some(step) = step {
            tape.set_step(step);
        }
        (tape.step(), model.call(&tape.constant(x.clone()), true).unwrap().output.value().unwrap().item().unwrap())
    };
    let draws: Vec<(u64, f32)> = (0..10).map(|_| pass(&model, None)).collect();
    let mut different: Vec<u32> = draws.iter().map(|(_, output)| output.to_bits()).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 10, "{draws:?}");
    for (step, output) in &draws {
        assert_eq!(pass(&model, Some(*step)), (*step, *output));
    }
    // Another model of the same seed draws the same, in the same order; a training is left alone.
    let again = model.clone();
    assert_eq!((0..10).map(|_| pass(&again, None)).collect::<Vec<_>>(), draws);
    let (mut quiet, y) = (again.clone(), Tensor::from([[1.0]]));
    assert_eq!(model.train_on_batch(&x, &y).unwrap(), quiet.train_on_batch(&x, &y).unwrap());
    assert_eq!(pass(&model, None), pass(&quiet, None));
}

#[test]
fn f11_train_on_batch_tells_of_nan_by_its_loss_and_fit_refuses_it() {
    let model = identity(());
    for (x, y) in [(f32::NAN, 1.0), (1.0, f32::NAN)] {
        let (x, y) = (Tensor::from([[x], [1.0]]), Tensor::from([[y], [1.0]]));
        let mut by_batch = model.clone();
        assert!(by_batch.train_on_batch(&x, &y).unwrap().loss.is_nan());
        let mut by_fit = model.clone();
        assert!(by_fit.fit(&x, &y, Fit::new().quiet()).unwrap_err().is_data());
        let batches = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(2);
        says(&by_fit.fit(&batches, (), Fit::new().quiet()).unwrap_err(), &["batch 0", "is NaN"]);
        assert_eq!(by_fit.get_weights(), model.get_weights());
    }
}

#[test]
fn f10_class_weights_go_with_classes_alone() {
    let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    model.compile("sgd", "mse", ()).unwrap();
    let x = Tensor::from([[0.0], [1.0], [2.0], [3.0]]);
    for (labels, words) in [([0.0, 0.9, 1.0, -1.0], "y[1] is 0.9"), ([0.0, 1.0, 1.0, -1.0], "y[3] is -1")] {
        let error = model.fit(&x, labels, Fit::new().quiet().class_weight([1.0, 2.0])).unwrap_err();
        assert!(error.is_data());
        says(&error, &["class_weight", words]);
    }
}

#[test]
fn checkpoints_keep_the_best_weights() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = (draw([8, 1], 1), draw([8, 1], 2));
    let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    model.compile(Sgd::new(0.1), "mse", ()).unwrap();
    let [best, each] = ["best.safetensors", "w-{epoch:02}-{loss:.1}.safetensors"].map(|name| folder.path().join(name));
    // From the fourth epoch on the rate is so large that the loss rises.
    let rates = LearningRateScheduler::new(|epoch, _| if epoch < 3 { 0.1 } else { 2.0 });
    let callbacks = (rates, ModelCheckpoint::new(&best).monitor("loss").save_best_only(true), ModelCheckpoint::new(&each).save_freq(2));
    let mut weights = Vec::new();
    let keep = OnEpochEnd::new(|_, _, cx| {
        weights.push(cx.model().get_weights());
        Ok(())
    });
    let history = model.fit(&x, &y, Fit::new().epochs(6).quiet().callbacks(callbacks).callback(keep)).unwrap();
    let least = (0..6).min_by(|a, b| history["loss"][*a].total_cmp(&history["loss"][*b])).unwrap();
    assert!(least < 5, "{:?}", &history["loss"]);
    model.load_weights(&best).unwrap();
    assert_eq!(model.get_weights(), weights[least]);
    let written = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(written, 1 + 3);
}
