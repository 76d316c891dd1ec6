//! The calls of layers in a graph: lists in Keras 2 and before, arguments with tensors in Keras 3.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::super::graph::TENSOR;
use crate::layers::Config;
use crate::{Error, Result};

/// What Keras 2 writes in place of a layer's name for an argument that is no tensor.
const CONSTANT: &str = "_CONSTANT_VALUE";

/// All calls of a layer in the form of Keras 3.
pub(super) fn calls(nodes: &Value) -> Result<Value> {
    match nodes {
        Value::Null => Ok(json!([])),
        Value::Array(nodes) => nodes.iter().map(call).collect::<Result<Vec<_>>>().map(Value::from),
        other => Err(Error::format(format!("inbound_nodes is {other}: expected a list of calls"))),
    }
}

fn call(node: &Value) -> Result<Value> {
    let unknown = || Error::format(format!("a call in inbound_nodes has no form that is known: {node}"));
    if node.is_object() {
        return Ok(node.clone());
    }
    let inputs = node.as_array().ok_or_else(unknown)?;
    // One input may stand there without a list around it.
    let inputs: Vec<&Value> = if inputs.first().is_some_and(Value::is_string) { vec![node] } else { inputs.iter().collect() };
    let (mut tensors, mut kwargs) = (Vec::new(), json!({}));
    for input in inputs {
        let parts = input.as_array().filter(|parts| parts.len() >= 3).ok_or_else(unknown)?;
        tensors.push(argument(&parts[..3]).ok_or_else(unknown)?);
        for (name, value) in parts.get(3).and_then(Value::as_object).into_iter().flatten() {
            kwargs[name] = nested_argument(value);
        }
    }
    // States counted among the inputs, as those that Keras 3 takes by name do not: the mask of the sequence is that of the call.
    match kwargs.as_object_mut().and_then(|kwargs| kwargs.remove("initial_state")) {
        Some(Value::Array(states)) => tensors.extend(states),
        Some(Value::Null) | None => {}
        Some(state) => tensors.push(state),
    }
    let first = if tensors.len() == 1 { tensors.swap_remove(0) } else { tensors.into() };
    Ok(json!({"args": [first], "kwargs": kwargs}))
}

fn argument(parts: &[Value]) -> Option<Value> {
    match parts {
        [name, _, value] if name == CONSTANT => Some(value.clone()),
        [Value::String(_), Value::Number(call), Value::Number(output)] if call.is_u64() && output.is_u64() => Some(json!({
            "class_name": TENSOR,
            "config": {"shape": null, "dtype": "float32", "keras_history": parts},
        })),
        _ => None,
    }
}

/// A named argument: a tensor, a list of them, or a constant.
fn nested_argument(value: &Value) -> Value {
    match value {
        Value::Array(parts) => argument(parts).unwrap_or_else(|| parts.iter().map(nested_argument).collect()),
        other => other.clone(),
    }
}

/// Calls of a model by the names of its inputs, as calls by their order. `inputs` are the model's: a dictionary, or a list of layers.
pub(super) fn by_order(calls: &mut Value, inputs: &Value) {
    let names: Vec<&str> = match inputs {
        Value::Object(inputs) => inputs.keys().map(String::as_str).collect(),
        inputs => inputs.as_array().into_iter().flatten().filter_map(|input| input[0].as_str()).collect(),
    };
    for call in calls.as_array_mut().into_iter().flatten() {
        for argument in ["/args/0", "/kwargs/mask"] {
            let Some(argument) = call.pointer_mut(argument) else { continue };
            let Some(named) = argument.as_object().filter(|named| named.len() == names.len()) else { continue };
            let ordered: Option<Value> = names.iter().map(|name| named.get(*name).cloned()).collect();
            *argument = ordered.unwrap_or_else(|| argument.clone());
        }
    }
}

/// The inputs or outputs of a model, which Keras 3 may hold in lists and dictionaries, in the order in which it takes them: that
/// of their keys.
pub(super) fn ends(structure: &Value) -> Value {
    let mut found = Vec::new();
    collect_ends(structure, &mut found);
    found.into()
}

fn collect_ends(structure: &Value, found: &mut Vec<Value>) {
    match structure {
        Value::Array(parts) if parts.first().is_some_and(Value::is_string) => found.push(structure.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| collect_ends(part, found)),
        Value::Object(parts) => parts.values().for_each(|part| collect_ends(part, found)),
        _ => {}
    }
}

/// Numbers the calls of each layer from 0: a layer that was called before it came into this model may begin later.
pub(super) fn count_calls(config: &mut Config) {
    let mut named: HashMap<String, BTreeSet<u64>> = HashMap::new();
    each_history(config, &mut |layer, call| {
        named.entry(layer.to_owned()).or_default().insert(*call);
    });
    let mut made: HashMap<String, usize> = HashMap::new();
    for layer in config.get("layers").and_then(Value::as_array).into_iter().flatten() {
        let calls = layer["inbound_nodes"].as_array().map_or(0, Vec::len).max(1);
        made.insert(layer["name"].as_str().unwrap_or_default().to_owned(), calls);
    }
    each_history(config, &mut |layer, call| {
        let Some(numbers) = named.get(layer) else { return };
        let beyond = numbers.last().is_some_and(|last| *last as usize >= made.get(layer).copied().unwrap_or(0));
        if beyond && let Some(rank) = numbers.iter().position(|number| number == call) {
            *call = rank as u64;
        }
    });
}

/// Visits the layer and the number of the call of every tensor that is named in a graph.
fn each_history(config: &mut Config, visit: &mut impl FnMut(&str, &mut u64)) {
    for field in ["input_layers", "output_layers"] {
        let ends = config.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten();
        ends.filter_map(Value::as_array_mut).for_each(|end| visit_history(end, visit));
    }
    for layer in config.get_mut("layers").and_then(Value::as_array_mut).into_iter().flatten() {
        layer.get_mut("inbound_nodes").into_iter().for_each(|nodes| visit_tensors(nodes, visit));
    }
}

fn visit_tensors(value: &mut Value, visit: &mut impl FnMut(&str, &mut u64)) {
    match value {
        Value::Object(object) => match object.get_mut("keras_history") {
            Some(Value::Array(history)) => visit_history(history, visit),
            _ => object.values_mut().for_each(|inner| visit_tensors(inner, visit)),
        },
        Value::Array(array) => array.iter_mut().for_each(|inner| visit_tensors(inner, visit)),
        _ => {}
    }
}

fn visit_history(history: &mut [Value], visit: &mut impl FnMut(&str, &mut u64)) {
    if let [Value::String(layer), number, ..] = history
        && let Some(mut call) = number.as_u64()
    {
        visit(layer, &mut call);
        *number = call.into();
    }
}
