//! The options of layers: names, defaults and values that have changed since.

use serde_json::{Map, Value, json};

use super::{Upgrade, first, plain_class, rename};
use crate::config::is_custom;
use crate::{Error, Result};

type Config = Map<String, Value>;

/// Options of Keras 2 that say how, not what: they change no number, whatever their value.
const IDLE: [&str; 8] =
    ["batch_input_shape", "batch_size", "input_dtype", "input_shape", "implementation", "unroll", "fused", "input_length"];

impl Upgrade<'_> {
    /// A layer, which may be a model, with `class_name` and `config`.
    pub(super) fn layer(self, layer: &Value) -> Result<Map<String, Value>> {
        let inner = self.deeper()?;
        let Some(class) = layer["class_name"].as_str().map(plain_class) else {
            return Err(Error::format("expected an object with class_name and config"));
        };
        let is_model = class == "Sequential" || layer["config"]["layers"].is_array();
        let mut upgraded = if is_model { model_layer(inner.model(layer)?, layer) } else { inner.plain_layer(class, layer)? };
        // Operations have the names of layers: what tells them apart is where they come from. Models that are there more than once
        // are told by their marks.
        for field in ["module", "registered_name", "shared_object_id"] {
            if let Some(value) = layer.get(field) {
                upgraded.insert(field.into(), value.clone());
            }
        }
        mark_package(&mut upgraded, layer["class_name"].as_str());
        // Weights lie under the name of the class that the file has.
        if class == "RNN" {
            upgraded.insert("registered_name".into(), class.into());
            upgraded.entry("module").or_insert_with(|| "keras.layers".into());
        }
        Ok(upgraded)
    }

    fn plain_layer(self, class: &str, layer: &Value) -> Result<Map<String, Value>> {
        let mut class = class.to_owned();
        let Some(mut config) = layer["config"].as_object().cloned() else {
            return Err(Error::format("expected an object with class_name and config"));
        };
        if let Some(name) = layer["name"].as_str() {
            config.entry("name").or_insert(name.into());
        }
        if self.version.is_first() {
            first::layer(&mut class, &mut config)?;
        }
        dtype(&class, &mut config)?;
        if self.version.is_before_third() {
            before_third(&mut class, &mut config)?;
        }
        for value in config.values_mut() {
            simple(value);
        }
        for name in ["activation", "recurrent_activation"] {
            if let Some(layer) = config.get(name).and_then(|function| function["class_name"].as_str()) {
                return Err(Error::format(format!("{class} with the layer {layer} as its {name} has no counterpart here"))
                    .hint(format!("in Keras, put {layer} after {class} as a layer of its own, and save the model again")));
            }
        }
        if self.version.is_before_third() {
            for name in ["activation", "recurrent_activation"] {
                if let Some(function) = config.get_mut(name).filter(|function| **function == json!("hard_sigmoid")) {
                    *function = "hard_sigmoid_v2".into();
                }
            }
        }
        match class.as_str() {
            "InputLayer" => rename(&mut config, "batch_input_shape", "batch_shape"),
            "Lambda" => lambda(&mut config),
            "Bidirectional" | "TimeDistributed" => {
                for field in ["layer", "backward_layer"] {
                    if let Some(wrapped) = config.get_mut(field).filter(|wrapped| wrapped.is_object()) {
                        let inner = self.layer(wrapped).map_err(|error| error.context("the layer within"))?;
                        *wrapped = Value::Object(inner);
                    }
                }
            }
            "RNN" => return cell(&config),
            _ => {}
        }
        Ok(Map::from_iter([("class_name".to_owned(), class.into()), ("config".to_owned(), config.into())]))
    }
}

/// A model as a layer of another, which may be frozen.
fn model_layer(mut model: Value, layer: &Value) -> Map<String, Value> {
    if let Some(trainable) = layer["config"].get("trainable") {
        model["config"]["trainable"] = trainable.clone();
    }
    if let (Some(name), true) = (layer["name"].as_str(), layer["config"].is_array()) {
        model["config"]["name"] = name.into();
    }
    match model {
        Value::Object(model) => model,
        _ => Map::new(),
    }
}

/// The type of numbers: all that computes in floats is computed in `f32` here, and what comes in may be anything.
fn dtype(class: &str, config: &mut Config) -> Result<()> {
    let Some(policy) = config.get("dtype") else { return Ok(()) };
    let name = policy.as_str().or_else(|| policy["config"]["name"].as_str()).unwrap_or_default();
    let floats = ["", "float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"];
    let input = class == "InputLayer" && (name.starts_with("uint") || name == "bool");
    let integers = policy.is_string() && (name.starts_with("int") || input);
    let quantized = policy["class_name"].as_str().is_some_and(|class| class.contains("Quantized"));
    if quantized || !floats.contains(&name) && !integers {
        return Err(Error::format(format!("its numbers are of the type {policy}: known are floats"))
            .hint("save it in Keras before it is quantized"));
    }
    config.insert("dtype".into(), "float32".into());
    Ok(())
}

/// Names and defaults of Keras 2.
fn before_third(class: &mut String, config: &mut Config) -> Result<()> {
    let shape = config.get("batch_input_shape").cloned();
    IDLE.iter().for_each(|option| {
        config.remove(*option);
    });
    match class.as_str() {
        "InputLayer" => {
            if let Some(shape) = shape {
                config.insert("batch_shape".into(), shape);
            }
        }
        "LeakyReLU" => rename(config, "alpha", "negative_slope"),
        "ThresholdedReLU" => {
            *class = "ReLU".to_owned();
            rename(config, "theta", "threshold");
        }
        "BatchNormalization" | "BatchNormalizationV1" | "BatchNormalizationV2" | "SyncBatchNormalization" => {
            *class = "BatchNormalization".to_owned();
            if let Some([axis]) = config.get("axis").and_then(Value::as_array).map(Vec::as_slice) {
                let axis = axis.clone();
                config.insert("axis".into(), axis);
            }
        }
        "GRU" | "GRUV2" => {
            *class = "GRU".to_owned();
            config.entry("reset_after").or_insert(false.into());
        }
        "LSTMV2" => *class = "LSTM".to_owned(),
        "CuDNNLSTM" => *class = "LSTM".to_owned(),
        "CuDNNGRU" => {
            *class = "GRU".to_owned();
            config.insert("reset_after".into(), true.into());
        }
        // What every convolution had, though these two have kernels of their own.
        "SeparableConv1D" | "SeparableConv2D" | "DepthwiseConv2D" => {
            ["kernel_initializer", "kernel_regularizer", "kernel_constraint"].iter().for_each(|option| {
                config.remove(*option);
            });
            if class == "DepthwiseConv2D" {
                config.remove("filters");
            }
        }
        _ => {}
    }
    Ok(())
}

/// A class of a package, `Custom>Dense`, is none of Keras' whatever it is called.
fn mark_package(upgraded: &mut Map<String, Value>, class_name: Option<&str>) {
    if let Some(name) = class_name.filter(|name| name.contains('>')) {
        upgraded.entry("registered_name").or_insert(name.into());
    }
}

/// Objects that are only a name: `{"class_name": "function", "config": "relu"}` is `relu`.
fn simple(value: &mut Value) {
    let is_function = value["class_name"] == "function" && value["config"].is_string();
    if is_function {
        *value = value["config"].clone();
        return;
    }
    // What Keras 2 and 3 write around initializers and regularizers.
    let custom = is_custom(value);
    if let Some(object) = value.as_object_mut().filter(|object| object.contains_key("class_name") && object.contains_key("config")) {
        let class_name = object["class_name"].as_str().map(str::to_owned);
        let of_keras: &[&str] = if custom { &[] } else { &["module", "registered_name"] };
        of_keras.iter().chain(&["build_config"]).for_each(|field| {
            object.remove(*field);
        });
        mark_package(object, class_name.as_deref());
        if let Some(class_name) = class_name {
            object.insert("class_name".into(), plain_class(&class_name).into());
        }
        if let Some(config) = object.get_mut("config").and_then(Value::as_object_mut) {
            config.remove("dtype");
        }
        if object["class_name"] == "VarianceScaling"
            && let Some(name) = scaling_name(&object["config"])
        {
            object.insert("class_name".into(), name.into());
            object.insert("config".into(), json!({}));
        }
    }
}

/// The name that a scaling of variances has of its own, as Keras 2 did not write it.
fn scaling_name(config: &Value) -> Option<&'static str> {
    let uniform = match config["distribution"].as_str()? {
        "uniform" => true,
        "normal" | "truncated_normal" => false,
        _ => return None,
    };
    Some(match (config["scale"].as_f64()?, config["mode"].as_str()?, uniform) {
        (1.0, "fan_avg", true) => "GlorotUniform",
        (1.0, "fan_avg", false) => "GlorotNormal",
        (2.0, "fan_in", true) => "HeUniform",
        (2.0, "fan_in", false) => "HeNormal",
        (1.0, "fan_in", true) => "LecunUniform",
        (1.0, "fan_in", false) => "LecunNormal",
        _ => return None,
    })
}

/// A function of Python's is known here by its name, or by that of its layer.
fn lambda(config: &mut Config) {
    let function = config.get("function").and_then(Value::as_str).filter(|_| config.get("function_type") != Some(&json!("lambda")));
    let name = function.map_or_else(|| config.get("name").cloned().unwrap_or_default(), Value::from);
    config.insert("function".into(), name);
    // The function itself says what shape comes out.
    ["function_type", "module", "output_shape_type", "output_shape_module", "output_shape"].iter().for_each(|option| {
        config.remove(*option);
    });
}

/// `RNN(LSTMCell(…))` is an LSTM.
fn cell(config: &Config) -> Result<Map<String, Value>> {
    let class = config.get("cell").and_then(|cell| cell["class_name"].as_str()).unwrap_or_default();
    let layer = match class {
        "LSTMCell" => "LSTM",
        "GRUCell" => "GRU",
        "SimpleRNNCell" => "SimpleRNN",
        other => return Err(Error::format(format!("RNN runs the cell `{other}`: known are LSTMCell, GRUCell and SimpleRNNCell"))),
    };
    let mut all = config.clone();
    let cell = all.remove("cell").unwrap_or_default();
    for (option, value) in cell["config"].as_object().into_iter().flatten() {
        if !["name", "trainable", "dtype"].contains(&option.as_str()) {
            let mut value = value.clone();
            simple(&mut value);
            all.insert(option.clone(), value);
        }
    }
    Ok(Map::from_iter([("class_name".to_owned(), layer.into()), ("config".to_owned(), all.into())]))
}
