//! Integers in the graphs of Keras 2, whose calls do not say of what type a tensor is, as those of Keras 3 do.

use std::collections::HashMap;

use serde_json::Value;

use super::super::super::graph::{TENSOR, name_of, origin_of_tensor};
use super::{tf_node, tf_op};

/// Layers that give numbers as they get them.
const MOVING: [&str; 9] =
    ["Concatenate", "Cropping1D", "Cropping2D", "Flatten", "Permute", "RepeatVector", "Reshape", "ZeroPadding1D", "ZeroPadding2D"];

/// Writes into the calls which tensors are integers or truth values.
pub(super) fn mark(layers: &mut [Value]) {
    let of_input = |layer: &Value| {
        let dtype = layer["config"]["dtype"].as_str().filter(|dtype| is_integer(dtype) && layer["class_name"] == "InputLayer")?;
        Some((name_of(layer)?.to_owned(), dtype.to_owned()))
    };
    let mut types: HashMap<String, String> = layers.iter().filter_map(of_input).collect();
    let mut known = 0;
    while known < types.len() {
        known = types.len();
        for layer in layers.iter().filter(|layer| moves(layer)) {
            let mut found = None;
            each_tensor(&mut layer["inbound_nodes"].clone(), &mut |name, _| found = found.take().or_else(|| types.get(name).cloned()));
            if let (Some(name), Some(dtype)) = (name_of(layer), found) {
                types.insert(name.to_owned(), dtype);
            }
        }
    }
    for layer in layers.iter_mut().filter(|_| !types.is_empty()) {
        each_tensor(&mut layer["inbound_nodes"], &mut |name, dtype| {
            if let Some(known) = types.get(name) {
                *dtype = known.as_str().into();
            }
        });
    }
}

/// Whether one of the tensors of a call is of integers or truth values; its type.
pub(super) fn found_in(call: &Value) -> Option<String> {
    let mut found = None;
    each_tensor(&mut call.clone(), &mut |_, dtype| {
        found = found.take().or_else(|| dtype.as_str().filter(|dtype| is_integer(dtype)).map(str::to_owned));
    });
    found
}

fn is_integer(dtype: &str) -> bool {
    dtype.starts_with("int") || dtype.starts_with("uint") || dtype == "bool"
}

fn moves(layer: &Value) -> bool {
    let function = match layer["class_name"].as_str().unwrap_or_default() {
        "TFOpLambda" | "SlicingOpLambda" => layer["config"]["function"].as_str(),
        "TensorFlowOpLayer" => tf_node::function_of(&layer["config"]["node_def"]),
        class => return MOVING.contains(&class),
    };
    function.is_some_and(|function| tf_op::MOVING.contains(&function))
}

/// Visits the layer that makes each tensor of a call, and the type of the tensor.
fn each_tensor(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    if value["class_name"] == TENSOR {
        let name = origin_of_tensor(value).map(|(name, ..)| name).unwrap_or_default();
        visit(&name, &mut value["config"]["dtype"]);
        return;
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(|inner| each_tensor(inner, visit)),
        Value::Array(array) => array.iter_mut().for_each(|inner| each_tensor(inner, visit)),
        _ => {}
    }
}
