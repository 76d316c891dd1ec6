use serde_json::{Value, json};

use super::super::version::Version;
use crate::{Model, Result};

fn upgrade(model: &Value, version: &str) -> Result<Value> {
    super::upgrade(model, &Version::new(version)?)
}

#[test]
fn a_list_of_layers_becomes_a_sequential_with_its_input() {
    let old = json!({"class_name": "Sequential", "config": [
        {"class_name": "Dense", "config": {"name": "dense_1", "trainable": true, "batch_input_shape": [null, 3], "units": 2, "activation": "relu"}},
    ]});
    let model = Model::from_json(&upgrade(&old, "2.1.6").unwrap()).unwrap();
    assert_eq!((model.count_params().unwrap(), model.layer_names()), (8, vec!["dense_1"]));
}

#[test]
fn words_of_keras_1_become_todays() {
    let old = json!({"class_name": "Sequential", "config": [
        {"class_name": "Convolution2D", "config": {"name": "c", "batch_input_shape": [null, 8, 8, 1], "nb_filter": 4, "nb_row": 3, "nb_col": 2,
            "border_mode": "same", "subsample": [1, 1], "dim_ordering": "tf", "init": "glorot_uniform", "activation": "relu", "bias": true,
            "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}, "b_regularizer": null, "input_dtype": "float32"}},
        {"class_name": "MaxPooling2D", "config": {"name": "m", "pool_size": [2, 2], "strides": [2, 2], "border_mode": "valid", "dim_ordering": "tf"}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dropout", "config": {"name": "d", "p": 0.5}},
        {"class_name": "Dense", "config": {"name": "e", "output_dim": 3, "input_dim": 64, "init": "uniform", "activation": "linear"}},
    ]});
    let model = Model::from_json(&upgrade(&old, "1.2.2").unwrap()).unwrap();
    assert_eq!(model.count_params().unwrap(), (3 * 2 + 1) * 4 + (4 * 4 * 4 + 1) * 3);
    let order = json!({"class_name": "Sequential", "config": [
        {"class_name": "Convolution2D", "config": {"name": "c", "batch_input_shape": [null, 1, 8, 8], "nb_filter": 4, "nb_row": 3, "nb_col": 2,
            "dim_ordering": "th"}},
    ]});
    let error = Model::from_json(&upgrade(&order, "1.2.2").unwrap()).unwrap_err();
    assert!(error.to_string().contains("channels_first"), "{error}");
}

#[test]
fn calls_in_lists_become_calls_with_arguments() {
    let dense = |name: &str, calls: Value| json!({"class_name": "Dense", "name": name, "config": {"name": name, "units": 2}, "inbound_nodes": calls});
    let old = json!({"class_name": "Model", "config": {
        "name": "model_1",
        "layers": [
            {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_input_shape": [null, 2], "dtype": "float32", "sparse": false}, "inbound_nodes": []},
            dense("d", json!([[["a", 0, 0, {}]], [["d", 0, 0, {}]]])),
            {"class_name": "Add", "name": "s", "config": {"name": "s"}, "inbound_nodes": [[["a", 0, 0, {}], ["d", 1, 0, {}]]]},
        ],
        "input_layers": [["a", 0, 0]],
        "output_layers": [["s", 0, 0]],
    }});
    let model = Model::from_json(&upgrade(&old, "2.2.4").unwrap()).unwrap();
    assert_eq!((model.count_params().unwrap(), model.output_names()), (6, vec!["s"]));
}

#[test]
fn calls_from_before_the_model_do_not_count() {
    let old = json!({"class_name": "Model", "config": {
        "name": "model_1",
        "layers": [
            {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
            {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 2}, "inbound_nodes": [[["a", 0, 0, {}]]]},
        ],
        "input_layers": [["a", 0, 0]],
        "output_layers": [["d", 1, 0]],
    }});
    assert!(Model::from_json(&upgrade(&old, "2.4.0").unwrap()).is_ok());
}

#[test]
fn a_gru_that_says_nothing_resets_before() {
    let old = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "GRU", "config": {"name": "g", "units": 2, "batch_input_shape": [null, 4, 3], "implementation": 1, "unroll": false,
            "recurrent_activation": "sigmoid", "return_sequences": false}},
    ]}});
    let model = Model::from_json(&upgrade(&old, "2.0.2").unwrap()).unwrap();
    assert_eq!(model.get_layer("g").unwrap().get_weights()[2].shape().dims(), [6]);
    let cudnn = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "CuDNNGRU", "config": {"name": "g", "units": 2, "batch_input_shape": [null, 4, 3], "return_sequences": false}},
    ]}});
    let model = Model::from_json(&upgrade(&cudnn, "2.2.4").unwrap()).unwrap();
    assert_eq!(model.get_layer("g").unwrap().get_weights()[2].shape().dims(), [2, 6]);
}

#[test]
fn options_that_change_numbers_are_refused_by_their_names() {
    let model = |class: &str, options: Value, version: &str| {
        let mut config = json!({"name": "layer", "units": 2, "function": "halve", "batch_input_shape": [null, 4, 3]});
        let own = if class == "Lambda" { "units" } else { "function" };
        config.as_object_mut().unwrap().remove(own);
        config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let old = json!({"class_name": "Sequential", "config": [{"class_name": class, "config": config}]});
        let registry = crate::layers::Registry::default().lambda("halve", |x| x.scale(0.5));
        Model::from_json_with(&upgrade(&old, version)?, &registry)
    };
    let idle = json!({"time_major": false, "implementation": 2, "unroll": true});
    model("LSTM", idle, "2.11.0").unwrap();
    let idle = json!({"consume_less": "cpu", "input_dim": 3, "forget_bias_init": "one"});
    model("LSTM", idle, "1.2.2").unwrap();
    model("Lambda", json!({"function_type": "function", "output_shape": [4, 3], "arguments": {}, "mask": null}), "2.11.0").unwrap();
    for (class, options, version) in [
        ("LSTM", json!({"time_major": true}), "2.11.0"),
        ("Lambda", json!({"arguments": {"by": 3.0}}), "2.11.0"),
        ("Lambda", json!({"arguments": {"by": 3.0}}), "3.8.0"),
        ("Lambda", json!({"mask": ["4wEAAAA=", null, null], "mask_type": "lambda"}), "2.11.0"),
    ] {
        let option = options.as_object().unwrap().keys().next().unwrap();
        let error = format!("{:#}", model(class, options.clone(), version).unwrap_err());
        assert!(error.contains(&format!("{class} with {option} = ")), "{error}");
    }
    for option in ["sparse", "ragged"] {
        let old = json!({"class_name": "Sequential", "config": [
            {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 3], option: true}},
        ]});
        let error = format!("{:#}", Model::from_json(&upgrade(&old, "2.11.0").unwrap()).unwrap_err());
        assert!(error.contains(&format!("InputLayer with {option} = true")), "{error}");
    }
}

#[test]
fn a_given_size_of_a_transposed_convolution_is_that_which_follows_from_its_input() {
    let read = |order: &str, mode: &str, stride: usize, output: Value| {
        let config = json!({"name": "up", "nb_filter": 3, "nb_row": 5, "nb_col": 5, "subsample": [stride, stride], "border_mode": mode,
            "dim_ordering": order, "output_shape": output, "batch_input_shape": [null, 7, 7, 2]});
        upgrade(&json!({"class_name": "Sequential", "config": [{"class_name": "Deconvolution2D", "config": config}]}), "1.2.2")
    };
    for (order, mode, stride, output) in [
        ("tf", "same", 2, json!([null, 14, 14, 3])),
        ("th", "same", 2, json!([null, 3, 14, 14])),
        ("tf", "valid", 2, json!([null, 17, 17, 3])),
        ("tf", "valid", 1, json!([null, 11, 11, 3])),
        ("tf", "same", 2, json!([null, null, null, 3])),
    ] {
        read(order, mode, stride, output).unwrap();
    }
    for (order, mode, output) in [("tf", "same", json!([null, 14, 13, 3])), ("th", "valid", json!([null, 3, 17, 18]))] {
        let error = format!("{:#}", read(order, mode, 2, output.clone()).unwrap_err());
        assert!(error.contains(&format!("Deconvolution2D with output_shape = {output}")), "{error}");
    }
}

#[test]
fn what_python_alone_can_run_is_named() {
    let own = json!({"class_name": "MyModel", "config": {"hidden": 3}});
    let error = upgrade(&own, "3.8.0").unwrap_err();
    assert!(error.to_string().contains("MyModel"), "{error}");
    let lambda = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 2]}},
        {"class_name": "Lambda", "config": {"name": "halve", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}, "arguments": {}}},
    ]}});
    let error = Model::from_json(&upgrade(&lambda, "3.8.0").unwrap()).unwrap_err();
    assert!(error.to_string().contains("halve") && error.to_string().contains("Registry::lambda"), "{error}");
    let error = upgrade(
        &json!({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"name": "q", "units": 1,
        "dtype": {"class_name": "QuantizedDTypePolicy", "config": {"name": "int8_from_float32"}}}}]}}),
        "3.8.0",
    )
    .unwrap_err();
    assert!(error.to_string().contains("config.layers[0] `q` (Dense)"), "{error}");
}

#[test]
fn models_within_models_without_end_are_refused() {
    let mut model = json!({"class_name": "Sequential", "config": {"name": "s", "layers": []}});
    for _ in 0..120 {
        model = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [model]}});
    }
    assert!(upgrade(&model, "3.8.0").is_err());
}

#[test]
fn nodes_of_tensorflow_without_counterpart_are_named() {
    let model = |node: Value, constants: Value| {
        let config = json!({"name": "t", "node_def": node, "constants": constants});
        json!({"class_name": "Model", "config": {
            "name": "m",
            "layers": [
                {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
                {"class_name": "TensorFlowOpLayer", "name": "tf_op_layer_t", "config": config, "inbound_nodes": [[["a", 0, 0, {}]]]},
            ],
            "input_layers": [["a", 0, 0]],
            "output_layers": [["tf_op_layer_t", 0, 0]],
        }})
    };
    let square = json!({"name": "t", "op": "Square", "input": ["x"], "attr": {"T": {"type": "DT_FLOAT"}}});
    assert!(Model::from_json(&upgrade(&model(square, json!({})), "2.3.0-tf").unwrap()).is_ok());
    for (node, constants, expected) in [
        (json!({"op": "Cumsum"}), json!({}), "Cumsum"),
        (json!({"op": "Mul"}), json!({}), "Mul takes 2 operands, got 1"),
        (json!({"op": "Mul"}), json!({"7": 1.0}), "constants are"),
        (json!({"op": "MatMul", "attr": {"transpose_b": {"b": true}}}), json!({"1": [[1.0]]}), "transpose_b = true"),
        (json!({"op": "StridedSlice", "attr": {"new_axis_mask": {"i": "2"}}}), json!({"1": [0], "2": [1], "3": [1]}), "new_axis_mask = 2"),
        (json!({"op": "StridedSlice"}), json!({"1": [0], "2": [1, 2], "3": [1]}), "lists of one length"),
        (json!("CgZTcXVhcmU="), json!({}), "TensorFlow from 2.1 to 2.3"),
    ] {
        let error = format!("{:#}", upgrade(&model(node, constants), "2.3.0-tf").unwrap_err());
        assert!(error.contains("`t` (TensorFlowOpLayer)") && error.contains(expected), "{error}");
    }
}

#[test]
fn functions_of_tensorflow_without_counterpart_are_named() {
    let model = |function: &str, options: Value| {
        json!({"class_name": "Functional", "config": {
            "name": "m",
            "layers": [
                {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
                {"class_name": "TFOpLambda", "name": "t", "config": {"name": "t", "function": function}, "inbound_nodes": [["a", 0, 0, options]]},
            ],
            "input_layers": [["a", 0, 0]],
            "output_layers": [["t", 0, 0]],
        }})
    };
    assert!(Model::from_json(&upgrade(&model("math.square", json!({"name": null})), "2.11.0").unwrap()).is_ok());
    let error = upgrade(&model("math.cumsum", json!({})), "2.11.0").unwrap_err().to_string();
    assert!(error.contains("config.layers[1] `t`") && error.contains("math.cumsum"), "{error}");
    let error = upgrade(&model("linalg.matmul", json!({"b": ["a", 0, 0], "transpose_b": true})), "2.11.0").unwrap_err().to_string();
    assert!(error.contains("transpose_b"), "{error}");
    let error = upgrade(&model("math.multiply", json!({})), "2.11.0").unwrap_err().to_string();
    assert!(error.contains("without `y`"), "{error}");
}

#[test]
fn slashes_in_names_become_underscores_wherever_the_layer_is_named() {
    let old = json!({"class_name": "Functional", "config": {
        "name": "m",
        "layers": [
            {"class_name": "InputLayer", "name": "in/a", "config": {"name": "in/a", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
            {"class_name": "Dense", "name": "top/d", "config": {"name": "top/d", "units": 3}, "inbound_nodes": [[["in/a", 0, 0, {}]]]},
        ],
        "input_layers": [["in/a", 0, 0]],
        "output_layers": [["top/d", 0, 0]],
    }});
    let model = Model::from_json(&upgrade(&old, "2.4.0").unwrap()).unwrap();
    assert_eq!((model.output_names(), model.parameters()[0].path()), (vec!["top_d"], "top_d/kernel"));
}

#[test]
fn bytes_and_truths_come_in_and_are_not_computed_with() {
    let history = |layer: &str, dtype: &str| json!({"class_name": "__keras_tensor__", "config": {"shape": null, "dtype": dtype, "keras_history": [layer, 0, 0]}});
    let model = |dtype: &str, number: Value| {
        let node = json!([{"args": [history("x", dtype), number], "kwargs": {}}]);
        let layers = json!([
            {"module": "keras.layers", "class_name": "InputLayer", "name": "x", "config": {"batch_shape": [null, 2], "dtype": dtype}, "inbound_nodes": []},
            {"module": "keras.src.ops.numpy", "class_name": "Multiply", "name": "y", "config": {"name": "y"}, "inbound_nodes": node},
        ]);
        let config = json!({"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]});
        Model::from_json(&upgrade(&json!({"class_name": "Functional", "config": config}), "3.15.1")?)
    };
    for dtype in ["uint8", "uint16", "int8", "bool"] {
        model(dtype, json!(0.5)).unwrap();
        let error = model(dtype, json!(100)).unwrap_err().to_string();
        assert!(error.contains("Multiply") && error.contains("wraps around"), "{error}");
    }
    model("int32", json!(100)).unwrap();
    assert!(model("string", json!(0.5)).unwrap_err().to_string().contains("string"));
}

#[test]
fn a_layer_as_an_activation_is_named() {
    let slope = json!({"class_name": "LeakyReLU", "config": {"name": "leaky_re_lu", "negative_slope": 0.3}});
    let config = json!({"name": "dense", "units": 2, "activation": slope});
    let model = json!({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": config}]}});
    let error = upgrade(&model, "3.15.1").unwrap_err().to_string();
    assert!(["Dense", "LeakyReLU", "activation", "layer of its own"].iter().all(|word| error.contains(word)), "{error}");
}

#[test]
fn a_whole_model_stays_frozen() {
    let dense = json!({"class_name": "Dense", "config": {"name": "dense", "units": 2, "trainable": true}});
    let input = json!({"class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "x"}});
    let model = json!({"class_name": "Sequential", "config": {"trainable": false, "layers": [input, dense]}});
    let model = Model::from_json(&upgrade(&model, "3.15.1").unwrap()).unwrap();
    assert!(!model.get_layer("dense").unwrap().trainable());
}

#[test]
fn classes_of_a_package_are_none_of_keras() {
    let model = |class: &str, initializer: Value| {
        json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
            {"class_name": class, "config": {"name": "d", "units": 2, "batch_input_shape": [null, 3], "kernel_initializer": initializer}},
        ]}})
    };
    let ones = json!({"class_name": "Ones", "config": {}});
    assert!(Model::from_json(&upgrade(&model("Dense", ones.clone()), "2.4.0").unwrap()).is_ok());
    let error = Model::from_json(&upgrade(&model("Mine>Dense", ones), "2.4.0").unwrap()).unwrap_err().to_string();
    assert!(error.contains("`Dense` of the file is not the layer Dense of Keras"), "{error}");
    for ones in [
        json!({"class_name": "Mine>Ones", "config": {}}),
        json!({"class_name": "Ones", "config": {}, "module": "mine", "registered_name": "Mine>Ones"}),
        json!({"class_name": "Ones", "config": {}, "module": null, "registered_name": "Ones"}),
    ] {
        let error = Model::from_json(&upgrade(&model("Dense", ones), "3.0.0").unwrap()).unwrap_err().to_string();
        assert!(error.contains("is no initializer of Keras"), "{error}");
    }
}

/// A model of one layer on steps of three features.
fn row(layer: &Value, version: &str) -> Result<Model> {
    let input = json!({"class_name": "InputLayer", "config": {"batch_input_shape": [null, 4, 3], "name": "x"}});
    Model::from_json(&upgrade(&json!({"class_name": "Sequential", "config": {"layers": [input, layer]}}), version)?)
}

fn rnn(cell: &Value) -> Value {
    json!({"class_name": "RNN", "config": {"name": "r", "trainable": true, "return_sequences": true, "cell": cell}})
}

#[test]
fn a_cell_of_keras_2_is_read_as_a_layer_of_keras_2() {
    let cell = |class: &str, options: Value| {
        let mut config = json!({"name": "c", "trainable": true, "units": 2, "recurrent_activation": "hard_sigmoid", "implementation": 2});
        config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        rnn(&json!({"class_name": class, "config": config}))
    };
    let layer = |options: Value| row(&cell("LSTMCell", options), "2.2.4").unwrap().to_json().unwrap()["config"]["layers"][1].clone();
    let lstm = layer(json!({}));
    assert_eq!((&lstm["class_name"], &lstm["config"]["recurrent_activation"]), (&json!("LSTM"), &json!("hard_sigmoid_v2")));
    assert_eq!(layer(json!({"trainable": false}))["config"]["trainable"], false);
    let gru = row(&cell("GRUCell", json!({})), "2.2.4").unwrap();
    assert_eq!(gru.get_layer("r").unwrap().get_weights()[2].shape().dims(), [6]);
}

#[test]
fn f12_options_of_a_cell_are_not_dropped() {
    for (options, words) in [
        (json!({"surprise": 5}), "surprise"),
        (json!({"return_sequences": false}), "return_sequences"),
        (json!({"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"name": "int8_from_float32"}}}), "Quantized"),
    ] {
        let mut config = json!({"name": "c", "units": 2});
        config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let error = row(&rnn(&json!({"class_name": "LSTMCell", "config": config})), "3.8.0").unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = row(&rnn(&json!({"class_name": "LSTMCell", "config": {"units": 2}, "wrapped": true})), "3.8.0").unwrap_err().to_string();
    assert!(error.contains("wrapped"), "{error}");
}

#[test]
fn custom_recurrent_layers_and_cells_are_none_of_keras() {
    let cell = json!({"class_name": "LSTMCell", "config": {"units": 2}});
    let mut own = rnn(&cell);
    own["class_name"] = "Mine>RNN".into();
    let error = row(&own, "2.4.0").unwrap_err().to_string();
    assert!(error.contains("RNN") && error.contains("Registry::class"), "{error}");
    for cell in [
        json!({"class_name": "Mine>LSTMCell", "config": {"units": 2}}),
        json!({"module": "mine", "class_name": "LSTMCell", "config": {"units": 2}, "registered_name": "Mine>LSTMCell"}),
    ] {
        let error = row(&rnn(&cell), "3.8.0").unwrap_err().to_string();
        assert!(error.contains("custom cell"), "{error}");
    }
}

#[test]
fn functions_and_initializers_from_elsewhere_are_none_of_keras() {
    let dense = |option: &str, value: Value| json!({"class_name": "Dense", "config": {"name": "d", "units": 2, option: value}});
    let function =
        |module: &str, name: &str| json!({"module": module, "class_name": "function", "config": "relu", "registered_name": name});
    row(&dense("activation", function("builtins", "function")), "3.8.0").unwrap();
    row(&dense("activation", function("keras.activations", "relu")), "3.8.0").unwrap();
    for function in [function("mine", "Mine>relu"), function("builtins", "Mine>relu"), json!({"class_name": "__lambda__", "config": {}})] {
        let error = row(&dense("activation", function), "3.8.0").unwrap_err().to_string();
        assert!(error.contains("a function that is not Keras'"), "{error}");
    }
    let scaling = |class: &str, more: Value| {
        let mut config = json!({"scale": 2.0, "mode": "fan_in", "distribution": "normal", "seed": null});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        dense("kernel_initializer", json!({"class_name": class, "config": config}))
    };
    row(&scaling("VarianceScaling", json!({})), "2.2.4").unwrap();
    let error = row(&scaling("VarianceScaling", json!({"surprise": 5})), "2.2.4").unwrap_err().to_string();
    assert!(error.contains("surprise"), "{error}");
    let error = row(&scaling("Mine>VarianceScaling", json!({})), "2.4.0").unwrap_err().to_string();
    assert!(error.contains("VarianceScaling"), "{error}");
}

#[test]
fn types_of_numbers_are_asked_of_every_layer() {
    let of = |dtype: Value| json!({"class_name": "Dense", "config": {"name": "d", "units": 2, "dtype": dtype}});
    let wrapped = |dtype: Value| json!({"class_name": "TimeDistributed", "config": {"name": "t", "layer": of(dtype)}});
    let float = json!({"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "registered_name": null});
    let quantized = json!({"class_name": "QuantizedDTypePolicy", "config": {"name": "int8_from_float32"}});
    for (layer, fits) in [
        (of(float.clone()), true),
        (wrapped(float), true),
        (of(json!("int32")), false),
        (of(quantized.clone()), false),
        (wrapped(quantized), false),
    ] {
        assert_eq!(row(&layer, "3.8.0").is_ok(), fits, "{layer}");
    }
}

/// A graph of one layer of two calls at most on an input of this type.
fn graph(layer: &Value, dtype: &str, calls: &Value, version: &str) -> Result<Model> {
    Model::from_json(&upgraded_graph(layer, dtype, calls, version)?)
}

fn upgraded_graph(layer: &Value, dtype: &str, calls: &Value, version: &str) -> Result<Value> {
    let mut layer = layer.clone();
    layer["name"] = layer["config"]["name"].clone();
    layer["inbound_nodes"] = calls.clone();
    let input = json!({"batch_input_shape": [null, 2], "dtype": dtype, "name": "x"});
    let layers = json!([{"class_name": "InputLayer", "name": "x", "config": input, "inbound_nodes": []}, layer]);
    let config = json!({"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [[layer["name"], 0, 0]]});
    upgrade(&json!({"class_name": "Functional", "config": config}), version)
}

fn function(name: &str) -> Value {
    json!({"class_name": "TFOpLambda", "config": {"name": "f", "trainable": true, "dtype": "float32", "function": name}})
}

#[test]
fn casts_are_served_to_float32_alone() {
    let cast = |dtype: &str| graph(&function("cast"), "float32", &json!([["x", 0, 0, {"dtype": dtype}]]), "2.11.0");
    let node = |to: &str| {
        let definition = json!({"op": "Cast", "attr": {"SrcT": {"type": "DT_FLOAT"}, "DstT": {"type": to}, "Truncate": {"b": false}}});
        let layer = json!({"class_name": "TensorFlowOpLayer", "config": {"name": "f", "node_def": definition, "constants": {}}});
        graph(&layer, "float32", &json!([[["x", 0, 0, {}]]]), "2.3.0-tf")
    };
    cast("float32").unwrap();
    node("DT_FLOAT").unwrap();
    let keras_3 = |dtype: &str| {
        let config = json!({"name": "f", "dtype": dtype});
        let tensor = json!({"class_name": "__keras_tensor__", "config": {"shape": null, "dtype": "float32", "keras_history": ["x", 0, 0]}});
        let cast = json!({"module": "keras.src.ops.core", "class_name": "Cast", "config": config, "registered_name": "Cast"});
        graph(&cast, "float32", &json!([{"args": [tensor], "kwargs": {}}]), "3.8.0")
    };
    keras_3("float32").unwrap();
    for error in [cast("int32"), cast("float16"), node("DT_INT32"), keras_3("float16"), keras_3("int32")] {
        assert!(error.unwrap_err().to_string().contains("Cast to "));
    }
    graph(&function("identity"), "float32", &json!([["x", 0, 0, {}]]), "2.11.0").unwrap();
}

#[test]
fn an_ellipsis_of_keras_2_is_none_of_its_slices() {
    let ellipsis = json!({"class_name": "__ellipsis__"});
    let mut slice = function("__operators__.getitem");
    slice["class_name"] = "SlicingOpLambda".into();
    let key = json!([ellipsis, null, {"start": 1, "stop": null, "step": null}]);
    let model = graph(&slice, "float32", &json!([["x", 0, 0, {"slice_spec": key}]]), "2.11.0").unwrap();
    assert_eq!(model.predict([[1.0, 2.0], [3.0, 4.0]]).unwrap().shape().to_vec(), [2, 1, 1]);
    let model = graph(&slice, "float32", &json!([["x", 0, 0, {"slice_spec": [ellipsis, 0]}]]), "2.11.0").unwrap();
    assert_eq!(model.predict([[1.0, 2.0], [3.0, 4.0]]).unwrap().as_slice(), [1.0, 3.0]);
}

#[test]
fn f12_what_a_function_of_tensorflow_does_besides_is_refused() {
    let stop = graph(&function("stop_gradient"), "float32", &json!([["x", 0, 0, {}]]), "2.11.0").unwrap_err().to_string();
    assert!(stop.contains("stop_gradient"), "{stop}");
    let more = graph(&function("identity"), "float32", &json!([["x", 0, 0, {"more": 1}]]), "2.11.0").unwrap_err().to_string();
    assert!(more.contains("more = 1"), "{more}");
    let mut with = function("identity");
    with["config"]["more"] = 1.into();
    let option = graph(&with, "float32", &json!([["x", 0, 0, {}]]), "2.11.0").unwrap_err().to_string();
    assert!(option.contains("more"), "{option}");
    let slicing = json!({"class_name": "SlicingOpLambda", "config": {"name": "f", "function": "__operators__.getitem"}});
    let call = json!([["x", 0, 0, {"slice_spec": [{"start": null, "stop": null, "step": null}], "var": 1}]]);
    let error = graph(&slicing, "float32", &call, "2.11.0").unwrap_err().to_string();
    assert!(error.contains("var"), "{error}");
}

#[test]
fn integers_of_keras_2_are_not_computed_with() {
    let by = |name: &str, dtype: &str| graph(&function(name), dtype, &json!([["x", 0, 0, {"y": 100}]]), "2.11.0");
    by("math.multiply", "float32").unwrap();
    by("math.truediv", "uint8").unwrap();
    by("math.maximum", "uint8").unwrap();
    by("math.multiply", "int32").unwrap();
    for dtype in ["uint8", "int8", "bool"] {
        let error = by("math.multiply", dtype).unwrap_err().to_string();
        assert!(error.contains("math.multiply") && error.contains(dtype) && error.contains("tf.cast"), "{error}");
    }
    let add = json!({"class_name": "Add", "config": {"name": "a"}});
    let twice = json!([[["x", 0, 0, {}], ["x", 0, 0, {}]]]);
    graph(&add, "float32", &twice, "2.11.0").unwrap();
    assert!(graph(&add, "uint8", &twice, "2.11.0").unwrap_err().to_string().contains("wraps around"));

    // Through what only moves them.
    let flat = json!({"class_name": "Flatten", "name": "flat", "config": {"name": "flat"}, "inbound_nodes": [[["x", 0, 0, {}]]]});
    let mut mean = function("math.reduce_mean");
    (mean["name"], mean["inbound_nodes"]) = ("f".into(), json!([["flat", 0, 0, {"axis": 1}]]));
    let input = json!({"batch_input_shape": [null, 2], "dtype": "uint8", "name": "x"});
    let layers = json!([{"class_name": "InputLayer", "name": "x", "config": input, "inbound_nodes": []}, flat, mean]);
    let config = json!({"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["f", 0, 0]]});
    let error = upgrade(&json!({"class_name": "Functional", "config": config}), "2.11.0").unwrap_err().to_string();
    assert!(error.contains("math.reduce_mean of uint8"), "{error}");
}

#[test]
fn f12_a_call_that_keras_2_keeps_out_of_training_is_no_other_call() {
    let call = json!([[["x", 0, 0, {"training": false}]]]);
    let norm = |trainable: bool| json!({"class_name": "BatchNormalization", "config": {"name": "b", "trainable": trainable, "axis": [1]}});
    let dropout = |rate: f64| json!({"class_name": "Dropout", "config": {"name": "b", "rate": rate}});
    let base = |layer: Value| {
        let input = json!({"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "name": "i"}});
        json!({"class_name": "Sequential", "config": {"name": "base", "layers": [input, layer]}})
    };
    for layer in [norm(false), dropout(0.0), base(norm(false)), json!({"class_name": "Dense", "config": {"name": "b", "units": 1}})] {
        super::check_training(&upgraded_graph(&layer, "float32", &call, "2.11.0").unwrap()).unwrap();
    }
    for layer in [norm(true), dropout(0.5), base(norm(true)), base(dropout(0.5))] {
        let called = upgraded_graph(&layer, "float32", &call, "2.11.0").unwrap();
        let error = super::check_training(&called).unwrap_err().to_string();
        assert!(error.contains("training = false") && error.contains("\"b\""), "{error}");
        Model::from_json(&called).unwrap();
        super::check_training(&upgraded_graph(&layer, "float32", &json!([[["x", 0, 0, {}]]]), "2.11.0").unwrap()).unwrap();
    }
}

#[test]
fn f12_what_stands_beside_layers_and_models_is_refused() {
    let dense = || json!({"class_name": "Dense", "config": {"name": "d", "units": 2}});
    let model = |config: Value| json!({"class_name": "Sequential", "config": config});
    let mut wrapped = dense();
    wrapped["wrapped"] = true.into();
    let mut beside = model(json!({"layers": [dense()]}));
    beside["extra"] = 1.into();
    let nested = |config: Value| model(json!({"layers": [model(config)]}));
    for (model, words) in [
        (model(json!({"layers": [wrapped]})), "wrapped"),
        (model(json!({"layers": [dense()], "quantize": 8})), "quantize"),
        (nested(json!({"name": "n", "layers": [dense()], "quantize": 8})), "quantize"),
        (model(json!({"layers": [dense()], "trainable": 0})), "trainable = 0"),
        (model(json!({"layers": [dense()], "name": 7})), "name of the model is 7"),
        (beside, "extra"),
    ] {
        let error = Model::from_json(&upgrade(&model, "3.8.0").unwrap()).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn a_custom_class_of_models_is_none_of_keras() {
    let config = json!({"name": "m", "layers": [], "input_layers": [], "output_layers": []});
    for (class, module, registered) in [
        ("Model", json!("mine"), json!("Mine>Model")),
        ("Mine>Sequential", Value::Null, Value::Null),
        ("Sequential", Value::Null, json!("Mine>Sequential")),
    ] {
        let model = json!({"class_name": class, "module": module, "registered_name": registered, "config": config});
        let error = upgrade(&model, "2.11.0").unwrap_err().to_string();
        assert!(error.contains("class of its own"), "{error}");
    }
}
