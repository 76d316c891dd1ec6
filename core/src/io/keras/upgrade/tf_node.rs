//! Operations in the graphs of Keras 2.2 to 2.3 (TensorFlow 2.0 to 2.3), which were kept as nodes of TensorFlow's own graph, brought
//! into the form of later ones: functions of TensorFlow.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::tf_op;
use crate::config::check_known;
use crate::io::graph::OF_OPERATION;
use crate::{Error, Result};

/// An operation, and the function that it is.
struct Node {
    op: &'static str,
    function: &'static str,
    /// What the operands after the first are called by the function.
    operands: &'static [&'static str],
    /// Attributes, and the options of the function that they are.
    options: &'static [(&'static str, &'static str)],
}

const fn node(op: &'static str, function: &'static str, operands: &'static [&'static str]) -> Node {
    Node { op, function, operands, options: &[] }
}

const fn reduced(op: &'static str, function: &'static str) -> Node {
    Node { op, function, operands: &["axis"], options: &[("keep_dims", "keepdims")] }
}

/// The operation that is written with three lists and four masks.
const SLICE: &str = "StridedSlice";

const NODES: &[Node] = &[
    node("Add", "math.add", &["y"]),
    node("AddV2", "math.add", &["y"]),
    node("Sub", "math.subtract", &["y"]),
    node("Mul", "math.multiply", &["y"]),
    node("RealDiv", "math.divide", &["y"]),
    node("Pow", "math.pow", &["y"]),
    node("Maximum", "math.maximum", &["y"]),
    node("Minimum", "math.minimum", &["y"]),
    node("MatMul", "linalg.matmul", &["b"]),
    node("BatchMatMul", "linalg.matmul", &["b"]),
    node("BatchMatMulV2", "linalg.matmul", &["b"]),
    node("Neg", "math.negative", &[]),
    node("Abs", "math.abs", &[]),
    node("Square", "math.square", &[]),
    node("Sqrt", "math.sqrt", &[]),
    node("Exp", "math.exp", &[]),
    node("Log", "math.log", &[]),
    node("Sigmoid", "math.sigmoid", &[]),
    node("Tanh", "math.tanh", &[]),
    node("Relu", "nn.relu", &[]),
    node("Relu6", "nn.relu6", &[]),
    node("Elu", "nn.elu", &[]),
    node("Selu", "nn.selu", &[]),
    node("Softplus", "nn.softplus", &[]),
    node("Softmax", "nn.softmax", &[]),
    node("LogSoftmax", "nn.log_softmax", &[]),
    Node { op: "LeakyRelu", function: "nn.leaky_relu", operands: &[], options: &[("alpha", "alpha")] },
    reduced("Sum", "math.reduce_sum"),
    reduced("Mean", "math.reduce_mean"),
    reduced("Max", "math.reduce_max"),
    reduced("Min", "math.reduce_min"),
    node("ClipByValue", "clip_by_value", &["clip_value_min", "clip_value_max"]),
    node("Reshape", "reshape", &["shape"]),
    node("Transpose", "transpose", &["perm"]),
    node("ExpandDims", "expand_dims", &["axis"]),
    Node { op: "Squeeze", function: "squeeze", operands: &[], options: &[("squeeze_dims", "axis")] },
    node("ConcatV2", "concat", &["axis"]),
    Node { op: "Pack", function: "stack", operands: &[], options: &[("axis", "axis")] },
    Node { op: "Cast", function: "cast", operands: &[], options: &[("DstT", "dtype")] },
    node("Identity", "identity", &[]),
    node(SLICE, "__operators__.getitem", &["begin", "end", "strides"]),
];

/// Attributes that say how an operand is stored, or how many there are.
const IDLE: [&str; 8] = ["T", "Tidx", "Tshape", "Tperm", "Tdim", "N", "Index", "SrcT"];

/// The function that a node is, where it is known.
pub(super) fn function_of(definition: &Value) -> Option<&'static str> {
    NODES.iter().find(|node| definition["op"] == node.op).map(|node| node.function)
}

/// A `TensorFlowOpLayer` with its calls, which are in the form of Keras 3 already, as Keras 3 has that operation.
///
/// # Errors
/// An operation without counterpart, or one with other operands or attributes, by name.
pub(super) fn operation(layer: &Value, calls: &Value) -> Result<Map<String, Value>> {
    check_known("key of an operation of TensorFlow", layer.as_object(), &OF_OPERATION)?;
    let known = ["name", "trainable", "dtype", "node_def", "constants"];
    check_known("option of an operation of TensorFlow", layer["config"].as_object(), &known)?;
    let (definition, constants) = (&layer["config"]["node_def"], &layer["config"]["constants"]);
    let op = definition["op"].as_str().ok_or_else(|| {
        Error::format("node_def is no description of an operation").hint("load and save the model with a TensorFlow from 2.1 to 2.3")
    })?;
    let known = || NODES.iter().map(|node| node.op);
    let node = NODES.iter().find(|node| node.op == op).ok_or_else(|| Error::unknown("operation of TensorFlow", op, known()))?;
    let calls = calls.as_array().into_iter().flatten().map(|call| one_call(node, call, definition, constants));
    let function = json!({"config": {"name": layer["name"], "function": node.function}});
    tf_op::operation(&function, &calls.collect::<Result<Value>>()?)
}

/// A call of the function in place of the operation.
fn one_call(node: &Node, call: &Value, definition: &Value, constants: &Value) -> Result<Value> {
    let mut first = operands(call, constants)?;
    let takes_list = ["concat", "stack"].contains(&node.function);
    let expected = node.operands.len() + 1;
    if first.len() < expected || (first.len() > expected && !takes_list) {
        return Err(Error::format(format!("{} takes {expected} operands, got {}", node.op, first.len())));
    }
    let rest = first.split_off(if takes_list { first.len() - node.operands.len() } else { 1 });
    let mut options: Map<String, Value> = node.operands.iter().map(|name| (*name).to_owned()).zip(rest).collect();
    let mut masks = Map::new();
    for (attribute, value) in definition["attr"].as_object().into_iter().flatten() {
        let option = node.options.iter().find(|(old, _)| old == attribute);
        match (option, plain(value)) {
            _ if IDLE.contains(&attribute.as_str()) || attribute.starts_with('_') => {}
            (Some((_, new)), value) => {
                options.insert((*new).to_owned(), value);
            }
            (None, value) if node.op == SLICE => {
                masks.insert(attribute.clone(), value);
            }
            (None, Value::Bool(false)) => {}
            (None, value) => return Err(Error::format(format!("{} with {attribute} = {value} has no counterpart here", node.op))),
        }
    }
    if node.op == SLICE {
        options = [("slice_spec".to_owned(), slices(&options, &masks)?)].into_iter().collect();
    }
    let first = if takes_list { first.into() } else { first.swap_remove(0) };
    Ok(json!({"args": [first], "kwargs": options}))
}

/// The tensors of a call, with the constants between them.
fn operands(call: &Value, constants: &Value) -> Result<Vec<Value>> {
    let mut operands = match &call["args"][0] {
        Value::Array(tensors) => tensors.clone(),
        one => vec![one.clone()],
    };
    let unfit = || Error::format(format!("constants are {constants}: expected one for each operand that is no tensor"));
    let mut by_index = BTreeMap::new();
    for (index, value) in constants.as_object().into_iter().flatten() {
        // Arrays of NumPy, as `.keras` keeps them.
        let value = if value["class_name"] == "__numpy__" { &value["config"]["value"] } else { value };
        by_index.insert(index.parse::<usize>().map_err(|_| unfit())?, value.clone());
    }
    for (index, value) in by_index {
        if index > operands.len() {
            return Err(unfit());
        }
        operands.insert(index, value);
    }
    Ok(operands)
}

/// The value of an attribute; 64-bit integers are texts in protocol buffers' JSON.
fn plain(attribute: &Value) -> Value {
    let integer = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or_else(|| value.clone(), Value::from);
    match attribute.as_object().and_then(|fields| fields.iter().next()) {
        Some((kind, value)) if kind == "i" => integer(value),
        Some((kind, value)) if kind == "type" && value == "DT_FLOAT" => "float32".into(),
        Some((kind, value)) if kind == "list" => value["i"].as_array().into_iter().flatten().map(integer).collect(),
        Some((_, value)) => value.clone(),
        None => Value::Null,
    }
}

/// The slices of `StridedSlice`, as `x[…]` writes them. Bits of a mask stand for axes.
fn slices(lists: &Map<String, Value>, masks: &Map<String, Value>) -> Result<Value> {
    let mask = |name: &str| masks.get(name).and_then(Value::as_u64).unwrap_or(0);
    for name in ["ellipsis_mask", "new_axis_mask"] {
        if mask(name) != 0 {
            return Err(Error::format(format!("{SLICE} with {name} = {} has no counterpart here", mask(name))));
        }
    }
    let list = |name: &str| lists.get(name).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let (begins, ends, strides) = (list("begin"), list("end"), list("strides"));
    if begins.len() != ends.len() || begins.len() != strides.len() || begins.is_empty() {
        return Err(Error::format(format!("{SLICE} whose begin, end and strides are no constant lists of one length")));
    }
    let axes = begins.iter().zip(ends).zip(strides).enumerate();
    let slice = |(axis, ((begin, end), stride)): (usize, ((&Value, &Value), &Value))| {
        let is_set = |name: &str| axis < 64 && mask(name) >> axis & 1 == 1;
        if is_set("shrink_axis_mask") {
            return begin.clone();
        }
        let unless = |open: bool, value: &Value| if open { Value::Null } else { value.clone() };
        json!({"start": unless(is_set("begin_mask"), begin), "stop": unless(is_set("end_mask"), end), "step": stride})
    };
    Ok(axes.map(slice).collect())
}
