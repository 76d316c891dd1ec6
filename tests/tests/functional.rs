//! Models of layers that are called on each other: branches, several inputs and outputs, shared layers, models within models,
//! masks, and parameters that change without the optimizer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{draw, weight_bits};
use practicum_core::autodiff::Var;
use practicum_core::initializers::Initializer;
use practicum_core::layers::{Build, Call, Config, Registry, Weight, WeightSpec};
use practicum_core::losses::Losses;
use practicum_core::metrics::PerOutput;
use practicum_core::prelude::*;

/// The sum of its inputs, and their difference from the first.
#[derive(Clone, Debug, Default)]
struct SumAndRest;

impl Layer for SumAndRest {
    fn class_name(&self) -> &'static str {
        "SumAndRest"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn build_many(&mut self, _cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        Ok(vec![inputs[0].clone(); 2])
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn call_many(&self, _cx: &Call<'_>, x: &[Var]) -> Result<Vec<Var>> {
        let sum = x[1..].iter().try_fold(x[0].clone(), |sum, x| sum.add(x))?;
        Ok(vec![sum.clone(), sum.sub(&x[0])?])
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

fn registry() -> Registry {
    Registry::default().layer("SumAndRest", |_, _| Ok(Box::new(SumAndRest)))
}

/// Two inputs through one encoder, a sum, two heads.
fn siamese(seed: u64) -> Model {
    let (left, right) = (Input::new([3]).named("left").symbol(), Input::new([3]).named("right").symbol());
    let encoder = SharedLayer::new(Dense::new(4).activation(Activation::Tanh).named("encoder"));
    let [sum, rest] = SumAndRest.outputs_on([&encoder.on(&left), &encoder.on(&right)]);
    let size = Dense::new(1).named("size").on(Dropout::new(0.25).on(&sum));
    let kind = Dense::new(3).activation(Activation::Softmax).named("kind").on(&rest);
    Model::seeded(seed, [&left, &right], [&size, &kind]).unwrap()
}

fn examples() -> ([Tensor; 2], (Tensor, Vec<i32>)) {
    let x = [draw([24, 3], 1), draw([24, 3], 2)];
    (x, (draw([24, 1], 3), (0..24).map(|i| i % 3).collect()))
}

#[test]
fn several_inputs_and_outputs_are_trained_together() {
    let ([left, right], (size, kind)) = examples();
    let mut model = siamese(7);
    assert_eq!(model.count_params().unwrap(), 16 + 5 + 15);
    assert_eq!((model.input_names(), model.output_names()), (vec!["left", "right"], vec!["size", "kind"]));
    let losses = Losses::new().output("mse", 1.0).output("sparse_categorical_crossentropy", 0.5);
    model.compile(Adam::new(0.02), losses, PerOutput::new().output("mae").output("accuracy")).unwrap();
    let fit = || Fit::new().epochs(30).batch_size(8).validation_split(0.25).quiet();
    let history = model.fit([&left, &right], (&size, kind.clone()), fit()).unwrap();
    let names: Vec<&str> = history.iter().map(|(name, _)| name).collect();
    let own = ["loss", "size_loss", "kind_loss", "size_mae", "kind_accuracy"];
    assert_eq!(names, own.iter().map(|name| (*name).to_owned()).chain(own.iter().map(|name| format!("val_{name}"))).collect::<Vec<_>>());
    let losses = history.get("loss").unwrap();
    assert!(losses[29] < 0.9 * losses[0], "{losses:?}");
    let logs = model.evaluate([&left, &right], (&size, kind.clone())).unwrap();
    let total = logs.get("size_loss").unwrap() + 0.5 * logs.get("kind_loss").unwrap();
    assert!((logs.get("loss").unwrap() - total).abs() < 1e-6, "{logs:?}");

    let outputs = model.predict_all([&left, &right]).unwrap();
    assert_eq!((outputs[0].shape().dims(), outputs[1].shape().dims()), ([24, 1].as_slice(), [24, 3].as_slice()));
    let error = model.predict([&left, &right]).unwrap_err();
    assert!(error.to_string().contains("2 outputs (size, kind)") && error.to_string().contains("predict_all"), "{error}");
    let error = model.evaluate(&left, (&size, kind.clone())).unwrap_err();
    assert!(error.is_data() && error.to_string().contains("2 inputs (left, right), got 1"), "{error}");
    let error = model.evaluate([&left, &right], &size).unwrap_err();
    assert!(error.is_data() && error.to_string().contains("got 1 arrays of targets"), "{error}");
}

#[test]
fn a_graph_survives_json_and_a_file() {
    let ([left, right], _) = examples();
    let model = siamese(3);
    let json = model.to_json().unwrap();
    let mut again = Model::from_json_with(&json, &registry()).unwrap();
    assert_eq!(again.to_json().unwrap(), json);
    let file = tempfile::NamedTempFile::new().unwrap();
    model.save_weights(file.path()).unwrap();
    again.load_weights(file.path()).unwrap();
    assert_eq!(again.predict_all([&left, &right]).unwrap(), model.predict_all([&left, &right]).unwrap());
    assert!(Model::from_json(&json).unwrap_err().is_unknown(), "SumAndRest is not registered");
}

#[test]
fn the_table_tells_what_is_called_on_what() {
    let table = siamese(1).summary().unwrap();
    let connections = table.connections().unwrap();
    assert_eq!(
        connections,
        ["-", "-", "left[0][0], right[0][0]", "encoder[0][0], encoder[1][0]", "sum_and_rest[0][0]", "dropout[0][0]", "sum_and_rest[0][1]"]
    );
    let text = table.to_string();
    assert!(text.contains("left (InputLayer)") && text.contains("Connected to") && text.contains("[(None, 4), (None, 4)]"), "{text}");
}

/// The same layers in a row and as a graph are one model, to the bit.
#[test]
fn a_chain_is_a_sequential() {
    let (x, y) = (draw([40, 5], 1), draw([40, 2], 2));
    let layers = || (Dense::new(6).activation(Activation::Relu), Dropout::new(0.3), Dense::new(2));
    let (a, b, c) = layers();
    let mut row = Sequential::new().add(Input::new([5])).add(a).add(b).add(c).into_model();
    let (a, b, c) = layers();
    let input = Input::new([5]).symbol();
    let mut graph = Model::new(&input, c.on(b.on(a.on(&input)))).unwrap();
    for model in [&mut row, &mut graph] {
        model.compile("adam", "mse", ()).unwrap();
        model.fit(&x, &y, Fit::new().epochs(3).quiet()).unwrap();
    }
    assert_eq!(weight_bits(&row), weight_bits(&graph));
    assert!(graph.summary().unwrap().connections().is_none());
    assert!(graph.summary().unwrap().to_string().contains("input_layer (InputLayer)"));
}

#[test]
fn a_model_within_a_model_computes_and_learns_what_its_layers_would() {
    let (x, y) = (draw([32, 5], 1), draw([32, 1], 2));
    let inner = || {
        Sequential::new().with_seed(9).name("inner").add(Input::new([5])).add(Dense::new(4).activation(Activation::Tanh)).add(Dense::new(3))
    };
    let (input, nested) = (Input::new([5]).symbol(), inner());
    let mut outer = Model::seeded(9, &input, Dense::new(1).named("head").on(nested.on(&input))).unwrap();
    let paths: Vec<&str> = outer.parameters().iter().map(|param| param.path()).collect();
    assert_eq!(paths[0..2], ["inner/dense/kernel", "inner/dense/bias"]);
    assert_eq!(outer.get_weights()[..4], inner().get_weights()[..]);

    let mut flat = inner().add(Dense::new(1).named("head")).into_model();
    flat.set_weights(&outer.get_weights()).unwrap();
    assert_eq!(flat.predict(&x).unwrap(), outer.predict(&x).unwrap());
    for model in [&mut flat, &mut outer] {
        model.compile("sgd", "mse", ()).unwrap();
        model.fit(&x, &y, Fit::new().epochs(2).quiet()).unwrap();
    }
    assert_eq!(weight_bits(&flat), weight_bits(&outer));

    let json = outer.to_json().unwrap();
    assert_eq!(Model::from_json(&json).unwrap().to_json().unwrap(), json);
    outer.set_trainable("inner", false).unwrap();
    let before = weight_bits(&outer);
    outer.fit(&x, &y, Fit::new().quiet()).unwrap();
    assert_eq!(weight_bits(&outer)[..4], before[..4]);
    assert_ne!(weight_bits(&outer)[4..], before[4..]);
}

#[test]
fn a_row_that_begins_with_a_model_takes_its_input_as_in_keras() {
    let encoder = || Sequential::new().add(Input::new([4])).add(Dense::new(3));
    let model = Sequential::new().add(encoder()).add(Dense::new(2)).into_model();
    assert_eq!(model.count_params().unwrap(), (4 + 1) * 3 + (3 + 1) * 2);
    let again = Model::from_json(&model.to_json().unwrap()).unwrap();
    assert_eq!(again.count_params().unwrap(), model.count_params().unwrap());
    let within = Sequential::new().add(Sequential::new().add(encoder())).add(Dense::new(2));
    assert_eq!(within.predict(draw([5, 4], 1)).unwrap().shape().dims(), [5, 2]);
    // Where the input is told first, it is that one.
    assert!(Sequential::new().add(Input::new([5])).add(encoder()).predict(draw([1, 5], 1)).unwrap_err().to_string().contains("(None, 4)"));
}

#[test]
fn a_trained_model_is_cut_and_gets_another_head() {
    let x = draw([6, 5], 1);
    let base = Sequential::new().add(Input::new([5])).add(Dense::new(4).named("low")).add(Dense::new(3).named("high")).add(Dense::new(2));
    let between = base.up_to(&["high", "low"]).unwrap().predict_all(&x).unwrap();
    let tape = base.tape();
    let low = base.get_layer("low").unwrap().get_weights();
    let by_hand = tape.constant(x.clone()).matmul(&tape.constant(low[0].clone())).unwrap().add(&tape.constant(low[1].clone())).unwrap();
    assert_eq!(between[1], by_hand.value().unwrap());
    assert_eq!(between[0].shape().dims(), [6, 3]);

    let graph = base.graph().unwrap();
    let head = Dense::new(1).named("new_head").on(graph.output_of("low").unwrap());
    let model = Model::new(graph.inputs(), head).unwrap();
    assert_eq!(model.layer_names(), ["low", "new_head"]);
    assert_eq!(model.get_layer("low").unwrap().get_weights(), low);
    assert!(graph.output_of("lov").unwrap_err().to_string().contains("did you mean `low`"));
}

#[test]
fn graphs_that_are_none_are_refused() {
    let (a, b) = (Input::new([3]).symbol(), Input::new([3]).symbol());
    let sum = SumAndRest.on([&a, &b]);
    let error = Model::new(&a, &sum).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("an input that is not given"), "{error}");
    let error = Model::new(&sum, Dense::new(1).on(&sum)).unwrap_err();
    assert!(error.to_string().contains("is the output of a layer"), "{error}");
    let error = Model::new([&a, &b, &a], &sum).unwrap_err();
    assert!(error.to_string().contains("given twice"), "{error}");
    let [_, _, third] = SumAndRest.outputs_on([&a, &b]);
    let error = Model::new([&a, &b], &third).unwrap_err();
    assert!(error.to_string().contains("has no output 2"), "{error}");
    let twins = [Dense::new(1).named("x").on(&a), Dense::new(2).named("x").on(&a)];
    assert!(Model::new(&a, twins).unwrap_err().to_string().contains("called `x`"));
    let error = Model::new(&a, Dense::new(2).on(Reshape::new([2, 2]).on(&a))).unwrap_err();
    assert!(error.is_shape() && error.to_string().contains("reshape"), "{error}");
    let error = Model::new([&a, &b], Dense::new(1).on([&a, &b])).unwrap_err();
    assert!(error.to_string().contains("takes one input, got 2"), "{error}");
    let error = Sequential::new().add(Input::new([3])).add(SumAndRest).add(Dense::new(1)).count_params().unwrap_err();
    assert!(error.to_string().contains("outputs 2 tensors"), "{error}");
}

/// Marks the steps whose first number is not 0.
#[derive(Clone, Debug, Default)]
struct Mark;

impl Layer for Mark {
    fn class_name(&self) -> &'static str {
        "Mark"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn compute_mask(&self, _cx: &Call<'_>, x: &[Var]) -> Result<Option<Var>> {
        Ok(Some(x[0].index(2, 0)?.abs()?.minimum(&x[0].tape().constant(Tensor::scalar(1.0)))?))
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[test]
fn masked_steps_count_neither_in_the_loss_nor_in_metrics() {
    let x = Tensor::new([2, 4, 1], vec![1.0, 2.0, 0.0, 0.0, 3.0, 4.0, 5.0, 0.0]).unwrap();
    let y = Tensor::zeros([2, 4, 1]).unwrap();
    let mut model = Sequential::new().add(Input::new([4, 1])).add(Mark).add(Dropout::new(0.0)).add(Dense::new(1));
    model.compile("sgd", "mse", "mae").unwrap();
    model.set_weights(&[Tensor::from([[1.0]]), Tensor::from([10.0])]).unwrap();
    // What Keras says: the five steps that count are 11, 12, 13, 14 and 15 off.
    let logs = model.evaluate(&x, &y).unwrap();
    assert!((logs.get("loss").unwrap() - 171.0).abs() < 1e-4 && logs.get("mae") == Some(13.0), "{logs:?}");
    // A layer that moves steps about ends the mask.
    let mut model = Sequential::new().add(Input::new([4, 1])).add(Mark).add(Flatten::new());
    model.compile("sgd", "mse", ()).unwrap();
    assert_eq!(model.evaluate(&x, y.reshape([2, 4]).unwrap()).unwrap().get("loss"), Some(55.0 / 8.0));
}

/// Counts the steps of training, and adds how many there were.
#[derive(Clone, Debug, Default)]
struct Counter {
    count: Weight,
}

impl Layer for Counter {
    fn class_name(&self) -> &'static str {
        "Counter"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.count = cx.weight(WeightSpec::new("count", &[1]).initializer(Initializer::Zeros).trainable(false))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let count = cx.weight(self.count)?;
        if cx.training() && cx.trainable() {
            cx.update(self.count, &count.add(&cx.constant(Tensor::from([1.0])))?)?;
        }
        x.add(&count)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[test]
fn parameters_change_behind_a_step_and_never_in_evaluation() {
    let (x, y) = (draw([12, 2], 1), draw([12, 1], 2));
    let inner = Sequential::new().name("inner").add(Input::new([2])).add(Counter::default());
    let mut model = Sequential::new().add(Input::new([2])).add(Counter::default()).add(inner).add(Dense::new(1));
    model.compile("sgd", "mse", "mae").unwrap();
    let counts = |model: &Model| [model.get_weights()[0].item().unwrap(), model.get_weights()[1].item().unwrap()];
    model.fit(&x, &y, Fit::new().batch_size(5).quiet()).unwrap();
    model.evaluate(&x, &y).unwrap();
    model.predict(&x).unwrap();
    assert_eq!(counts(&model), [3.0, 3.0]);
    model.set_trainable("counter", false).unwrap();
    model.fit(&x, &y, Fit::new().batch_size(5).quiet()).unwrap();
    assert_eq!(counts(&model), [3.0, 6.0]);
}

/// `twice` is called in the model and in a model within it.
fn nested_twice() -> Model {
    let twice = SharedLayer::new(Sequential::new().name("twice").add(Dense::new(2).activation(Activation::Tanh)));
    let middle = Input::new([4]).symbol();
    let inner = Model::new(&middle, Dense::new(2).named("after").on(twice.on(&middle))).unwrap();
    let x = Input::new([4]).symbol();
    let sum = practicum_core::layers::Add::new().on([&twice.on(&x), &inner.named("inner").on(&x)]);
    Model::new(&x, sum).unwrap()
}

#[test]
fn f13_a_nested_model_used_twice_keeps_its_sharing() {
    let mut model = nested_twice();
    assert_eq!(model.count_params().unwrap(), (4 * 2 + 2) + (2 * 2 + 2));
    let paths: Vec<&str> = model.parameters().iter().map(|param| param.path()).collect();
    assert_eq!(paths, ["twice/dense/kernel", "twice/dense/bias", "inner/after/kernel", "inner/after/bias"]);
    let (x, y) = (draw([16, 4], 1), draw([16, 2], 2));
    let weights = model.get_weights();
    let flat = |model: &Model| {
        let weights = model.get_weights();
        let once = x.dense(&weights[0], Some(&weights[1]), Activation::Tanh).unwrap();
        once.add(&once.dense(&weights[2], Some(&weights[3]), Activation::Linear).unwrap()).unwrap()
    };
    assert!(model.predict(&x).unwrap().is_close(&flat(&model), 1e-6, 1e-6));
    model.compile("sgd", "mse", ()).unwrap();
    model.fit(&x, &y, Fit::new().epochs(3).quiet()).unwrap();
    assert!(model.get_weights().iter().zip(&weights).all(|(after, before)| after != before));
    assert!(model.predict(&x).unwrap().is_close(&flat(&model), 1e-6, 1e-6));
    // Whoever freezes it in one place freezes it in both.
    model.set_trainable("inner", false).unwrap();
    assert_eq!(model.summary().unwrap().param_count().trainable, 0);
}

#[test]
fn f13_copies_of_a_model_share_nothing() {
    let one: practicum_core::layers::LayerSpec = Sequential::new().add(Input::new([3])).add(Dense::new(3)).into();
    let model = Sequential::new().add(Input::new([3])).add(one.clone().named("a")).add(one.share().named("b")).add(one.named("c"));
    assert_eq!(model.count_params().unwrap(), 2 * 12);
    let layer = SharedLayer::new(Dense::new(3));
    let steps = |name: &str| TimeDistributed::new(&layer).named(name);
    let model = Sequential::new().add(Input::new([2, 3])).add(steps("a")).add(steps("b"));
    assert_eq!(model.count_params().unwrap(), 12);
}

#[test]
fn f15_initial_values_of_nested_models_are_keyed_by_their_index() {
    let twins = |seed| {
        let twin = || Sequential::new().add(Dense::new(3));
        Sequential::new().with_seed(seed).add(Input::new([3])).add(twin()).add(twin()).into_model().get_weights()
    };
    let (first, other) = (twins(1), twins(2));
    assert_ne!(first[0], first[2], "twins differ");
    assert_ne!(first[0], other[0], "the seed of the model counts");
    assert_eq!(first, twins(1));
}

#[test]
fn f8_long_chains_of_symbols_and_deeply_nested_models_overflow_no_stack() {
    let chain = || {
        let mut x = Input::new([1]).symbol();
        for _ in 0..50_000 {
            x = Activate::new(Activation::Tanh).on(&x);
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(chain).unwrap().join().unwrap();
    let deep = |depth: usize| {
        let innermost = Sequential::new().add(Dense::new(1));
        (0..depth).fold(innermost, |model, _| Sequential::new().add(model)).into_model()
    };
    let run = move || {
        let mut model = deep(60);
        model.build(&PartialShape::new([None, Some(1)])).unwrap();
        model.compile("sgd", "mse", ()).unwrap();
        model.train_on_batch(Tensor::ones([1, 1]).unwrap(), Tensor::ones([1, 1]).unwrap()).unwrap();
        deep(1000).build(&PartialShape::new([None, Some(1)])).unwrap_err()
    };
    let error = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
    assert!(error.is_argument() && error.to_string().contains("at most 64"), "{error}");
}

#[test]
fn f9_thousands_of_unnamed_layers_are_named_in_no_time() {
    let input = Sequential::new().add(Input::new([1]));
    let model = (0..2_000).fold(input, |model, _| model.add(Dense::new(1)));
    assert_eq!(model.layer_names().last(), Some(&"dense_1999"));
    assert_eq!(model.count_params().unwrap(), 4_000);
}

/// What a file says and is not understood is refused by its name.
#[test]
fn f12_nothing_of_a_file_is_dropped_in_silence() {
    let x = Input::new([3]).named("x").symbol();
    let model = Model::new(&x, Dense::new(2).named("dense").on(&x) * 2.0 + 1.0).unwrap();
    let json = model.to_json().unwrap();
    let twice = Model::from_json(&json).unwrap();
    assert_eq!(twice.to_json().unwrap(), json);
    let ones = Tensor::ones([1, 3]).unwrap();
    assert_eq!(twice.predict(&ones).unwrap(), model.predict(&ones).unwrap());
    let dense = |model: &Model| model.up_to(&["dense"]).unwrap().predict(&ones).unwrap();
    assert_eq!(model.predict(&ones).unwrap(), dense(&model).affine(2.0, 1.0).unwrap());

    let layer = |index: usize, field: &str, value: serde_json::Value| {
        let mut json = json.clone();
        json["config"]["layers"][index][field] = value;
        Model::from_json(&json).unwrap_err().to_string()
    };
    let option = |index: usize, field: &str, value: serde_json::Value| {
        let mut json = json.clone();
        json["config"]["layers"][index]["config"][field] = value;
        Model::from_json(&json).unwrap_err().to_string()
    };
    let arguments = |index: usize, field: &str, value: serde_json::Value| {
        let mut json = json.clone();
        json["config"]["layers"][index]["inbound_nodes"][0][field] = value;
        Model::from_json(&json).unwrap_err().to_string()
    };
    let tensor = json["config"]["layers"][1]["inbound_nodes"][0]["args"][0].clone();
    let with = |other: serde_json::Value| serde_json::json!([tensor, other]);
    for (error, word) in [
        (layer(1, "module", "my_package.layers".into()), "my_package"),
        (layer(1, "quantized", true.into()), "quantized"),
        (layer(2, "class_name", "Multipli".into()), "did you mean `Multiply`?"),
        (layer(2, "module", "keras.src.ops.linalg".into()), "linalg"),
        (option(1, "unit_norm", true.into()), "unit_norm"),
        (option(1, "kernel_constraint", serde_json::json!({"class_name": "NonNeg"})), "kernel_constraint"),
        (option(1, "dtype", "int8".into()), "int8"),
        (option(2, "rounding", 3.into()), "rounding"),
        (arguments(1, "args", with(2.0.into())), "2.0"),
        (arguments(1, "kwargs", serde_json::json!({"training": true})), "training"),
        (arguments(1, "kwargs", serde_json::json!({"scale": 2})), "scale"),
        (arguments(2, "kwargs", serde_json::json!({"out": 2})), "out"),
        (arguments(2, "args", with("two".into())), "two"),
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn errors_of_nested_models_name_the_path() {
    let inner = Sequential::new().name("encoder").add(Dense::new(2)).add(Conv1D::new(2, 3).named("reader"));
    let error = Sequential::new().add(Input::new([3])).add(inner).output_shape().unwrap_err().to_string();
    let places = [error.find("layer 0 `encoder`"), error.find("layer 1 `reader`")];
    assert!(places[0].is_some() && places[0] < places[1], "{error}");
    let inner = Sequential::new().name("encoder").add(Dense::new(2)).add(Lambda::new("lies", |x| x.flatten()));
    let mut model = Sequential::new().add(Input::new([3])).add(inner).add(Dense::new(1));
    model.compile("sgd", "mse", ()).unwrap();
    let profile = model.profile_on_batch(&draw([2, 3], 1), &draw([2, 1], 2), 1).unwrap().to_string();
    assert!(profile.contains("layer 0 `encoder` (Sequential): layer 0 `dense` (Dense 2)"), "{profile}");
}
