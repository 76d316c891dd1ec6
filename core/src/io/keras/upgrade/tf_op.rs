//! Functions of TensorFlow in the graphs of Keras 2, brought into the words of `keras.ops`.

use serde_json::{Map, Value, json};

use super::integers;
use crate::config::check_known;
use crate::io::graph::OF_OPERATION;
use crate::layers::Function;
use crate::{Error, Result};

/// A function of TensorFlow, and what it is called in Keras 3.
struct Named {
    function: &'static str,
    class: &'static str,
    /// The second tensor or constant of its call.
    second: Option<&'static str>,
    /// Its options here and in Keras 3.
    options: &'static [(&'static str, &'static str)],
}

const fn of_two(function: &'static str, class: &'static str) -> Named {
    Named { function, class, second: Some("y"), options: &[] }
}

const fn of_one(function: &'static str, class: &'static str) -> Named {
    Named { function, class, second: None, options: &[] }
}

const fn with(function: &'static str, class: &'static str, options: &'static [(&'static str, &'static str)]) -> Named {
    Named { function, class, second: None, options }
}

const REDUCED: &[(&str, &str)] = &[("axis", "axis"), ("keepdims", "keepdims")];

const FUNCTIONS: &[Named] = &[
    of_two("__operators__.add", "Add"),
    of_two("math.add", "Add"),
    of_two("math.subtract", "Subtract"),
    of_two("math.multiply", "Multiply"),
    of_two("math.divide", "Divide"),
    of_two("math.truediv", "TrueDivide"),
    of_two("math.pow", "Power"),
    of_two("math.maximum", "Maximum"),
    of_two("math.minimum", "Minimum"),
    Named { function: "linalg.matmul", class: "Matmul", second: Some("b"), options: &[] },
    of_one("math.negative", "Negative"),
    of_one("math.abs", "Absolute"),
    of_one("math.square", "Square"),
    of_one("math.sqrt", "Sqrt"),
    of_one("math.exp", "Exp"),
    of_one("math.log", "Log"),
    of_one("math.sigmoid", "Sigmoid"),
    of_one("nn.sigmoid", "Sigmoid"),
    of_one("math.tanh", "Tanh"),
    of_one("nn.tanh", "Tanh"),
    of_one("nn.relu", "Relu"),
    of_one("nn.relu6", "Relu6"),
    of_one("nn.elu", "Elu"),
    of_one("nn.selu", "Selu"),
    of_one("math.softplus", "Softplus"),
    of_one("nn.softplus", "Softplus"),
    of_one("nn.silu", "Silu"),
    of_one("nn.swish", "Silu"),
    with("nn.leaky_relu", "LeakyRelu", &[("alpha", "negative_slope")]),
    with("nn.gelu", "Gelu", &[("approximate", "approximate")]),
    with("nn.softmax", "Softmax", &[("axis", "axis")]),
    with("nn.log_softmax", "LogSoftmax", &[("axis", "axis")]),
    with("math.reduce_sum", "Sum", REDUCED),
    with("math.reduce_mean", "Mean", REDUCED),
    with("math.reduce_max", "Max", REDUCED),
    with("math.reduce_min", "Min", REDUCED),
    with("clip_by_value", "Clip", &[("clip_value_min", "x_min"), ("clip_value_max", "x_max")]),
    with("reshape", "Reshape", &[("shape", "newshape")]),
    with("transpose", "Transpose", &[("perm", "axes")]),
    with("expand_dims", "ExpandDims", &[("axis", "axis")]),
    with("squeeze", "Squeeze", &[("axis", "axis")]),
    with("concat", "Concatenate", &[("axis", "axis")]),
    with("stack", "Stack", &[("axis", "axis")]),
    with("cast", "Cast", &[("dtype", "dtype")]),
    // A layer that changes nothing would hand the mask on, which a function does not.
    of_one(IDENTITY, "Cast"),
];

const IDENTITY: &str = "identity";

const SLICING: &str = "__operators__.getitem";

/// Functions that give numbers as they get them.
pub(super) const MOVING: [&str; 8] = [IDENTITY, SLICING, "reshape", "transpose", "expand_dims", "squeeze", "concat", "stack"];

/// Functions that choose among the numbers they get, or make floats of integers.
const EXACT: [&str; 8] =
    ["math.maximum", "math.minimum", "clip_by_value", "math.reduce_max", "math.reduce_min", "cast", "math.divide", "math.truediv"];

/// Functions that compute the same in floats as in integers of 32 bits, whose range they do not leave.
const EXACT_IN_32_BITS: [&str; 8] =
    ["__operators__.add", "math.add", "math.subtract", "math.multiply", "math.negative", "math.abs", "math.square", "math.reduce_sum"];

/// A `TFOpLambda` or `SlicingOpLambda` with its calls, which are in the form of Keras 3 already, as Keras 3 has that function.
///
/// # Errors
/// A function without counterpart, or one called in another way, by name.
pub(super) fn operation(layer: &Value, calls: &Value) -> Result<Map<String, Value>> {
    check_known("key of a function of TensorFlow", layer.as_object(), &OF_OPERATION)?;
    check_known("option of a function of TensorFlow", layer["config"].as_object(), &["name", "trainable", "dtype", "function"])?;
    let function = layer["config"]["function"].as_str().unwrap_or_default();
    let function = function.strip_prefix("compat.v1.").unwrap_or(function);
    let name = &layer["config"]["name"];
    let is_exact = |dtype: &str| {
        let wide = ["int32", "int64"].contains(&dtype) && EXACT_IN_32_BITS.contains(&function);
        wide || MOVING.contains(&function) || EXACT.contains(&function)
    };
    if let Some(dtype) = integers::found_in(calls).filter(|dtype| !is_exact(dtype)) {
        return Err(Error::format(format!("tf.{function} of {dtype} has no counterpart here, where all numbers are floats"))
            .hint("in Keras, call `tf.cast(x, tf.float32)` first, and save the model again"));
    }
    if function == SLICING {
        let calls = calls.as_array().into_iter().flatten().map(slicing).collect::<Result<Vec<_>>>()?;
        return Ok(layer_of("GetItem", Function::module_of("GetItem"), json!({"name": name}), calls.into()));
    }
    let named = FUNCTIONS.iter().find(|named| named.function == function);
    let named = named.ok_or_else(|| Error::unknown("function of TensorFlow", function, FUNCTIONS.iter().map(|named| named.function)))?;
    let mut config = json!({"name": name});
    let mut changed = Vec::new();
    for (index, call) in calls.as_array().into_iter().flatten().enumerate() {
        let mut own = json!({"name": name});
        changed.push(one_call(named, call, &mut own)?);
        if index > 0 && own != config {
            return Err(Error::format(format!("tf.{function} is called with several options: {config} and {own}")));
        }
        config = own;
    }
    Ok(layer_of(named.class, Function::module_of(named.class), config, changed.into()))
}

/// A call whose options go into the configuration of its layer.
fn one_call(named: &Named, call: &Value, config: &mut Value) -> Result<Value> {
    let mut args = call["args"].as_array().cloned().unwrap_or_default();
    let mut options = call["kwargs"].as_object().cloned().unwrap_or_default();
    options.remove("name");
    if options.get("conjugate") == Some(&json!(false)) {
        options.remove("conjugate");
    }
    if let Some(second) = named.second {
        let second = options.remove(second).ok_or_else(|| Error::format(format!("tf.{} is called without `{second}`", named.function)))?;
        args.push(second);
    }
    for (old, new) in named.options {
        if let Some(value) = options.remove(*old) {
            config[*new] = value;
        }
    }
    if named.function == IDENTITY {
        config["dtype"] = "float32".into();
    }
    // TensorFlow's defaults, where they are not Keras'.
    if named.class == "Gelu" && config["approximate"].is_null() {
        config["approximate"] = false.into();
    }
    // Keras 2 writes false for what was not asked for.
    options.retain(|_, value| !value.is_null() && *value != json!(false));
    match options.into_iter().next() {
        Some((option, value)) => Err(Error::format(format!("tf.{} with {option} = {value} has no counterpart here", named.function))),
        None => Ok(json!({"args": args, "kwargs": {}})),
    }
}

/// `x[…]`: the slices of `slice_spec` as Keras 3 writes them.
fn slicing(call: &Value) -> Result<Value> {
    let key = |key: &Value| {
        let is_slice = key.is_object() && key["class_name"] != "__ellipsis__";
        if is_slice { json!({"class_name": "__slice__", "config": key}) } else { key.clone() }
    };
    check_known("argument of a slice", call["kwargs"].as_object(), &["slice_spec", "name"])?;
    let keys: Vec<Value> = match &call["kwargs"]["slice_spec"] {
        Value::Array(keys) => keys.iter().map(key).collect(),
        Value::Null => return Err(Error::format("a slice without `slice_spec`")),
        one => vec![key(one)],
    };
    Ok(json!({"args": [call["args"][0].clone(), keys], "kwargs": {}}))
}

fn layer_of(class: &str, module: Option<&str>, config: Value, calls: Value) -> Map<String, Value> {
    let fields = [
        ("module", module.into()),
        ("class_name", class.into()),
        ("config", config),
        ("registered_name", class.into()),
        ("inbound_nodes", calls),
    ];
    fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}
