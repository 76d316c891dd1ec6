//! Data that do not fit the model, the loss or each other, or are no numbers.

use std::sync::atomic::{AtomicUsize, Ordering};

use practicum_core::autodiff::Exec;
use practicum_core::callbacks::{Callback, Context};
use practicum_core::data::{Batch, BatchSource, Data};
use practicum_core::prelude::*;

use super::common::{bits, draw, says, weight_bits};
use super::{classifier, examples, fit_error, quick, regressor};

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
        model.train_on_batch(draw([6, 5], 1), draw([6, 1], 1)).unwrap_err(),
    ] {
        assert!(error.is_shape());
        says(&error, &["(None, 4)", "5"]);
    }
    let error = model.train_on_batch(Tensor::scalar(1.0), Tensor::scalar(1.0)).unwrap_err();
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
        let error = model.train_on_batch(&x, labels(wrong)).unwrap_err();
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

/// A source of these batches.
fn source(batches: impl IntoIterator<Item = (Tensor, Tensor)>) -> Batches {
    Batches { all: batches.into_iter().collect(), next: 0 }
}

struct Batches {
    all: Vec<(Tensor, Tensor)>,
    next: usize,
}

impl BatchSource for Batches {
    fn start_epoch(&mut self, _epoch: usize) -> Result<()> {
        self.next = 0;
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut Batch, _exec: Exec<'_>) -> Result<bool> {
        let Some((x, y)) = self.all.get(self.next) else { return Ok(false) };
        (batch.x, batch.y) = (vec![x.clone().into()], vec![y.clone().into()]);
        self.next += 1;
        Ok(true)
    }

    fn batches(&self) -> Option<usize> {
        Some(self.all.len())
    }
}

#[test]
fn batches_of_a_source_are_looked_at_as_arrays_are() {
    let (x, y) = (draw([6, 4], 1), Tensor::from([0.0, 1.0, 2.0, 0.0, 1.0, 2.0]));
    let with = |tensor: &Tensor, place: usize, value: f32| {
        let mut values = tensor.to_vec();
        values[place] = value;
        Tensor::new(tensor.shape(), values).unwrap()
    };
    let cases: [(Tensor, Tensor, &[&str]); 5] = [
        (with(&x, 14, f32::NAN), y.clone(), &["batch 1", "x[3, 2] is NaN", "finite"]),
        (x.clone(), with(&y, 3, 3.0), &["batch 1", "y[3] is 3", "3 classes", "0 to 2", "hint"]),
        (x.clone(), with(&y, 0, f32::INFINITY), &["batch 1", "y[0] is inf"]),
        (x.clone(), Tensor::from([0.0, 1.0]), &["batch 1", "x has 6 examples", "y has 2"]),
        (draw([6, 5], 1), y.clone(), &["batch 1", "(None, 4)", "5"]),
    ];
    for (bad_x, bad_y, words) in cases {
        let predicts = words.iter().all(|word| !word.contains('y'));
        let batches = [(x.clone(), y.clone()), (bad_x, bad_y)];
        let mut model = classifier();
        match model.predict(source(batches.clone())) {
            Ok(_) => assert!(!predicts, "{words:?}"),
            Err(error) => says(&error, words),
        }
        let error = model.fit(source(batches.clone()), (), quick()).unwrap_err();
        says(&error, words);
        // What was good was learned from.
        assert_eq!(model.step(), 1);
        says(&model.evaluate(source(batches.clone()), ()).unwrap_err(), words);
        let mut validation = source(batches);
        let error = model.fit(&x, &y, quick().validation_data(&mut validation, ())).unwrap_err();
        says(&error, &["validation"]);
        says(&error, words);
    }
    says(&classifier().predict(source([])).unwrap_err(), &["no batch"]);
}

#[test]
fn data_are_looked_at_as_a_batch_holds_them() {
    let (x, y) = (draw([6, 4], 1), vec![0, 1, 2, 0, 1, 2]);
    let bytes = || Data::from_u8([6, 4], (0..24).collect()).unwrap();
    let floats = |value: f32| Data::new(Tensor::full([6, 4], value).unwrap()).unwrap();
    for (bad, words) in [
        (bytes().scaled(f32::NAN), ["x[0, 0]", "NaN"]),
        (bytes().scaled(2e37), ["x[4, 2]", "inf"]),
        (bytes().shifted(f32::NEG_INFINITY), ["x[0, 0]", "-inf"]),
        (floats(1e38).scaled(1e3), ["x[0, 0]", "inf"]),
    ] {
        says(&fit_error(&mut classifier(), bad.clone(), y.clone(), quick()), &words);
        says(&classifier().predict(bad).unwrap_err(), &words);
    }
    assert!(classifier().fit(floats(1e38).scaled(1e-38), &y, quick()).is_ok());

    let from_one = || Data::from_u8([6], vec![1, 2, 3, 1, 2, 3]).unwrap();
    assert!(classifier().fit(&x, from_one().shifted(-1.0), quick()).is_ok());
    says(&fit_error(&mut classifier(), &x, from_one(), quick()), &["y[2] is 3"]);
    says(&fit_error(&mut classifier(), &x, from_one().shifted(-1.5), quick()), &["y[0] is -0.5"]);
}

#[test]
fn examples_that_are_no_batch_are_told_how_to_be_one() {
    let (x, y) = (draw([6, 4], 1), vec![0, 1, 2, 0, 1, 2]);
    let examples = Dataset::from_tensor_slices((&x, y)).unwrap();
    says(&classifier().fit(&examples, (), quick()).unwrap_err(), &["`batch`"]);
    says(&classifier().predict(draw([4], 1)).unwrap_err(), &["(None, 4)", "got [4]", "`batch`"]);
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
    let error = model.train_on_batch(none(), Tensor::zeros([0, 1]).unwrap()).unwrap_err();
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
    assert!(model.train_on_batch(draw([6, 4], 1), draw([5, 1], 2)).is_err());
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
fn data_say_what_is_wrong_with_them() {
    says(&Data::from_u8([2, 3], vec![0; 5]).unwrap_err(), &["[2, 3]", "6", "5"]);
    says(&Data::from_i32([1], vec![1 << 25]).unwrap_err(), &["33554432", "index [0]"]);
    let data = Data::from_u8([4, 2], vec![1; 8]).unwrap();
    says(&data.rows(3..5).unwrap_err(), &["3..5", "4"]);
    says(&Tensor::new([2, 2], vec![1.0]).unwrap_err(), &["[2, 2]", "4", "1"]);
    says(&Cpu::new(0, Simd::Portable).unwrap_err(), &["threads", "1 to 1024", "0"]);
    says(&"avx9".parse::<Simd>().unwrap_err(), &["avx9", "portable"]);
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
