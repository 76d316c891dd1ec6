//! A layer that is in a model more than once has one set of parameters, also in the model that is read from a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::draw;
use practicum_core::prelude::*;

/// Reads the model back from JSON, from its state and from a file, and trains it beside the one that was read.
fn keeps(mut model: Model, params: usize, marks: usize) {
    assert_eq!(model.count_params().unwrap(), params);
    let json = model.to_json().unwrap();
    assert_eq!(json.to_string().matches("shared_object_id").count(), marks, "{json}");
    let again = Model::from_json(&json).unwrap();
    assert_eq!((again.count_params().unwrap(), again.to_json().unwrap()), (params, json));

    let (x, y) = data(&model);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.compile("sgd", "mse", ()).unwrap();
    model.fit(&x, &y, Fit::new().quiet()).unwrap();
    model.save(&path).unwrap();
    let read: [Model; 2] = [Model::load(&path).unwrap(), Model::from_state(&model.to_state().unwrap()).unwrap()];
    model.fit(&x, &y, Fit::new().epochs(2).initial_epoch(1).quiet()).unwrap();
    for mut again in read {
        again.fit(&x, &y, Fit::new().epochs(2).initial_epoch(1).quiet()).unwrap();
        assert_eq!(again.count_params().unwrap(), params);
        assert_eq!(again.predict(&x).unwrap(), model.predict(&x).unwrap());
        assert_eq!(again.get_weights(), model.get_weights());
    }
}

fn data(model: &Model) -> (Tensor, Tensor) {
    let shape = |example: &[Option<usize>]| -> Vec<usize> { example.iter().map(|size| size.unwrap_or(6)).collect() };
    let (x, y) = (shape(model.input_shapes().unwrap()[0].dims()), shape(model.output_shape().unwrap().dims()));
    (draw(Shape::new(&x).unwrap(), 3), draw(Shape::new(&y).unwrap(), 4))
}

#[test]
fn a_layer_within_a_wrapper_and_outside_of_it() {
    let shared = SharedLayer::new(Dense::new(4));
    let input = Input::new([3, 4]).symbol();
    let steps = TimeDistributed::new(&shared).on(&input);
    keeps(Model::new(&input, shared.on(&steps)).unwrap(), 20, 2);
    let row = Sequential::new().add(Input::new([3, 4])).add(TimeDistributed::new(&shared)).add(TimeDistributed::new(&shared));
    keeps(row.into_model(), 20, 2);
}

#[test]
fn a_layer_within_a_nested_model_and_outside_of_it() {
    let shared = SharedLayer::new(Dense::new(4).named("tied"));
    let input = Input::new([4]).symbol();
    let inner = Model::new(&input, Activate::new("tanh").on(shared.on(&input))).unwrap().named("inner");
    let outer = Input::new([4]).symbol();
    keeps(Model::new(&outer, inner.on(shared.on(&outer))).unwrap(), 20, 2);
    // The nested model itself, outside of another and in it.
    let nested = SharedLayer::new(Sequential::new().name("nested").add(Input::new([4])).add(Dense::new(4)));
    let outer = Sequential::new().name("outer").add(Input::new([4])).add(&nested).add(Dense::new(4));
    let input = Input::new([4]).symbol();
    keeps(Model::new(&input, Add::new().on([&nested.on(&input), &outer.on(&input)])).unwrap(), 40, 4);
}

#[test]
fn a_layer_twice_in_a_row() {
    let shared = SharedLayer::new(Dense::new(4));
    keeps(Sequential::new().add(Input::new([4])).add(&shared).add(&shared).into_model(), 20, 2);
    let nested = SharedLayer::new(Sequential::new().add(Input::new([4])).add(Dense::new(4)));
    keeps(Sequential::new().add(Input::new([4])).add(&nested).add(&nested).into_model(), 20, 4);
}

#[test]
fn a_recurrent_layer_of_both_directions_and_alone() {
    let shared = SharedLayer::new(GRU::new(2));
    let both = Bidirectional::new(&shared).merge_mode(MergeMode::Sum);
    let model = Sequential::new().add(Input::new([3, 2])).add(both).add(Reshape::new([1, 2])).add(&shared);
    keeps(model.into_model(), 2 * 3 * (4 + 4 + 4), 2);
}

#[test]
fn a_layer_that_is_frozen_and_named_in_one_place() {
    let shared = SharedLayer::new(Dense::new(4));
    let model = Sequential::new().add(Input::new([4])).add((&shared).named("first")).add((&shared).named("second").frozen());
    let json = model.to_json().unwrap();
    let again = Model::from_json(&json).unwrap();
    assert_eq!((again.layer_names(), again.to_json().unwrap()), (vec!["first", "second"], json));
    keeps(model.into_model(), 20, 2);
}

#[test]
fn copies_and_calls_of_one_layer_bear_no_mark() {
    let shared = SharedLayer::new(Dense::new(4));
    let input = Input::new([4]).symbol();
    keeps(Model::new(&input, shared.on(shared.on(&input))).unwrap(), 20, 0);
    let inner = Sequential::new().add(Input::new([4])).add(Dense::new(4));
    keeps(Sequential::new().add(Input::new([4])).add(inner.clone()).add(inner).into_model(), 40, 0);
    keeps(Sequential::new().add(Input::new([3, 2])).add(Bidirectional::new(GRU::new(2))).into_model(), 2 * 3 * (4 + 4 + 4), 0);
}
