//! The options of layers: names, defaults and values that have changed since.

use serde_json::{Value, json};

use super::{Upgrade, first, is_foreign, plain_class, rename};
use crate::config::class_and_config;
use crate::layers::Config;
use crate::{Error, Result};

/// Options of Keras 2 that say how, not what: they change no number, whatever their value.
const IDLE: [&str; 8] =
    ["batch_input_shape", "batch_size", "input_dtype", "input_shape", "implementation", "unroll", "fused", "input_length"];

impl Upgrade<'_> {
    /// A layer, which may be a model, with `class_name` and `config`. What stands beside them stays there, to be refused by its name.
    pub(super) fn layer(self, layer: &Value) -> Result<Config> {
        let inner = self.deeper()?;
        let (Some(class), Some(mut upgraded)) = (layer["class_name"].as_str().map(plain_class), layer.as_object().cloned()) else {
            return Err(Error::format("expected an object with class_name and config"));
        };
        let foreign = is_foreign(layer);
        let (name, config) = if !foreign && ["Sequential", "Functional", "Model"].contains(&class) {
            let (name, config) = inner.model(layer)?;
            (name.to_owned(), config)
        } else {
            inner.plain_layer(class, layer)?
        };
        upgraded.insert("class_name".into(), name.into());
        upgraded.insert("config".into(), config.into());
        mark_package(&mut upgraded, layer["class_name"].as_str());
        // Weights lie under the name of the class that the file has.
        if class == "RNN" && !foreign {
            upgraded.insert("registered_name".into(), class.into());
            upgraded.insert("module".into(), "keras.layers".into());
        }
        Ok(upgraded)
    }

    fn plain_layer(self, class: &str, layer: &Value) -> Result<(String, Config)> {
        let (mut class, foreign) = (class.to_owned(), is_foreign(layer));
        let Some(mut config) = layer["config"].as_object().cloned() else {
            return Err(Error::format("expected an object with class_name and config"));
        };
        if let Some(name) = layer["name"].as_str() {
            config.entry("name").or_insert(name.into());
        }
        if class == "RNN" && !foreign {
            class = merge_cell(&mut config)?;
        }
        if self.version.is_first() && !foreign {
            first::layer(&mut class, &mut config)?;
        }
        dtype(&class, &mut config)?;
        if self.version.is_before_third() {
            if foreign {
                config.remove("batch_input_shape");
            } else {
                before_third(&mut class, &mut config)?;
            }
        }
        let within: &[&str] =
            if !foreign && ["Bidirectional", "TimeDistributed"].contains(&class.as_str()) { &["layer", "backward_layer"] } else { &[] };
        for (_, value) in config.iter_mut().filter(|(option, _)| !within.contains(&option.as_str())) {
            simple(value);
        }
        for name in ["activation", "recurrent_activation"] {
            if let Some(function) = config.get_mut(name).filter(|_| !foreign) {
                check_activation(&class, name, function)?;
                if self.version.is_before_third() && *function == json!("hard_sigmoid") {
                    *function = "hard_sigmoid_v2".into();
                }
            }
        }
        match class.as_str() {
            "InputLayer" => rename(&mut config, "batch_input_shape", "batch_shape"),
            "Lambda" if !foreign => lambda(&mut config),
            _ => {}
        }
        for field in within {
            if let Some(wrapped) = config.get_mut(*field).filter(|wrapped| wrapped.is_object()) {
                let inner = self.layer(wrapped).map_err(|error| error.context("the layer within"))?;
                *wrapped = Value::Object(inner);
            }
        }
        Ok((class, config))
    }
}

/// Refuses an activation that is more than a name.
fn check_activation(class: &str, option: &str, function: &Value) -> Result<()> {
    match function["class_name"].as_str() {
        None => Ok(()),
        Some("function" | "__lambda__") => {
            let name =
                function["config"].as_str().map_or_else(|| "a lambda".to_owned(), |name| format!("`{name}` of {}", function["module"]));
            Err(Error::format(format!("{class} has {name} as its {option}, a function that is not Keras'"))
                .hint("load the weights into a model that is built here, with the function in a Lambda"))
        }
        Some(layer) => Err(Error::format(format!("{class} with the layer {layer} as its {option} has no counterpart here"))
            .hint(format!("in Keras, put {layer} after {class} as a layer of its own, and save the model again"))),
    }
}

/// The type of numbers: all that computes in floats is computed in `f32` here, and what comes in may be anything.
fn dtype(class: &str, config: &mut Config) -> Result<()> {
    // What a cast is to is no matter of its own computing.
    let Some(policy) = config.get("dtype").filter(|_| class != "Cast") else { return Ok(()) };
    let name = policy.as_str().or_else(|| policy["config"]["name"].as_str()).unwrap_or_default();
    let floats = ["", "float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"];
    let integers = class == "InputLayer" && (name.starts_with("int") || name.starts_with("uint") || name == "bool");
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
fn mark_package(upgraded: &mut Config, class_name: Option<&str>) {
    if let Some(name) = class_name.filter(|name| name.contains('>')) {
        upgraded.insert("registered_name".into(), name.into());
        upgraded.insert("module".into(), Value::Null);
    }
}

/// Objects that are only a name: `{"class_name": "function", "config": "relu"}` is `relu`, unless it is from elsewhere.
fn simple(value: &mut Value) {
    let is_function = value["class_name"] == "function" && value["config"].is_string();
    let packaged = value["registered_name"].as_str().is_some_and(|name| name.contains('>'));
    // Keras says `builtins` of its own functions, too.
    let foreign = packaged || is_foreign(value) && !(is_function && value["module"] == "builtins");
    if is_function {
        if !foreign {
            *value = value["config"].clone();
        }
        return;
    }
    // What Keras 2 and 3 write around initializers and regularizers.
    let Some(object) = value.as_object_mut().filter(|object| object.contains_key("class_name") && object.contains_key("config")) else {
        return;
    };
    let class_name = object["class_name"].as_str().map(str::to_owned);
    let of_keras: &[&str] = if foreign { &[] } else { &["module", "registered_name"] };
    of_keras.iter().chain(&["build_config"]).for_each(|field| {
        object.remove(*field);
    });
    mark_package(object, class_name.as_deref());
    if let Some(class_name) = class_name {
        object.insert("class_name".into(), plain_class(&class_name).into());
    }
    let scales = !foreign && object["class_name"] == "VarianceScaling";
    let Some(config) = object.get_mut("config").and_then(Value::as_object_mut) else { return };
    config.remove("dtype");
    if let Some(name) = scaling_name(config).filter(|_| scales) {
        ["scale", "mode", "distribution"].iter().for_each(|option| {
            config.remove(*option);
        });
        object.insert("class_name".into(), name.into());
    }
}

/// The name that a scaling of variances has of its own, as Keras 2 did not write it.
fn scaling_name(config: &Config) -> Option<&'static str> {
    let uniform = match config.get("distribution")?.as_str()? {
        "uniform" => true,
        "normal" | "truncated_normal" => false,
        _ => return None,
    };
    Some(match (config.get("scale")?.as_f64()?, config.get("mode")?.as_str()?, uniform) {
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
    let function = config.get("function").unwrap_or(&Value::Null);
    let function = if function["class_name"] == "function" { &function["config"] } else { function };
    let named = function.is_string() && config.get("function_type") != Some(&json!("lambda"));
    let name = if named { function.clone() } else { config.get("name").cloned().unwrap_or_default() };
    config.insert("function".into(), name);
    // The function itself says what shape comes out.
    ["function_type", "module", "output_shape_type", "output_shape_module", "output_shape"].iter().for_each(|option| {
        config.remove(*option);
    });
}

/// `RNN(LSTMCell(…))` is an LSTM: its class, with the options of both.
fn merge_cell(config: &mut Config) -> Result<String> {
    let described = config.remove("cell").unwrap_or_default();
    let (cell, mut options) = class_and_config("the cell of RNN", &described)?;
    let class = match cell.as_str() {
        _ if is_foreign(&described) => return Err(Error::format(format!("RNN runs the custom cell `{cell}`: known are those of Keras"))),
        "LSTMCell" => "LSTM",
        "GRUCell" => "GRU",
        "SimpleRNNCell" => "SimpleRNN",
        other => return Err(Error::format(format!("RNN runs the cell `{other}`: known are LSTMCell, GRUCell and SimpleRNNCell"))),
    };
    dtype(&cell, &mut options)?;
    for (option, value) in options {
        match option.as_str() {
            "name" | "dtype" => {}
            // A layer has no weights but those of its cell.
            "trainable" if value == json!(true) => {}
            "trainable" => {
                config.insert(option, value);
            }
            _ if config.contains_key(&option) => {
                return Err(Error::format(format!("RNN and its cell {cell} both have an option `{option}`: expected it for one of them")));
            }
            _ => {
                config.insert(option, value);
            }
        }
    }
    Ok(class.to_owned())
}
