//! Graphs of layers as JSON, in the form in which Keras writes a functional model.

use std::any::Any;
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::config::input;
use super::masks::{self, Mask};
use crate::config::check_known;
use crate::layers::{Argument, Config, Function, Layer, LayerExt, LayerSpec, Operation, Registry, SharedLayer, Symbol, describe};
use crate::model::Network;
use crate::{Error, Model, Result};

/// The class by which Keras marks the outputs of a layer.
const TENSOR: &str = "__keras_tensor__";

/// Writes layers, with what each is called on, and which of their outputs are the model's.
pub(super) fn write(network: &Network, config: &mut Config) {
    let mut layers: Vec<Value> = Vec::new();
    for (name, shape) in network.input_names().iter().zip(network.input_shapes().unwrap_or_default()) {
        let mut layer = input(name, shape);
        (layer["name"], layer["inbound_nodes"]) = (name.as_str().into(), json!([]));
        layers.push(layer);
    }
    for (index, node) in network.nodes().iter().enumerate() {
        let calls = network.calls().iter().filter(|call| call.node == index);
        let arguments = calls.map(|call| {
            let tensors: Vec<Value> = call.inputs.iter().map(|&value| tensor(network, value)).collect();
            json!({"args": arguments(&*node.layer, tensors), "kwargs": {}})
        });
        let mut layer = describe(&*node.layer, node.same(), &node.name, node.trainable);
        layer["inbound_nodes"] = arguments.collect();
        layer["name"] = node.name.clone().into();
        layers.push(layer);
    }
    config.insert("layers".into(), layers.into());
    let history = |value: usize| history(network, value);
    config.insert("input_layers".into(), (0..network.input_names().len()).map(history).collect());
    config.insert("output_layers".into(), network.outputs().iter().map(|&value| history(value)).collect());
}

/// What a layer is called with: its tensors, one alone or several as a list; or what an operation takes.
fn arguments(layer: &dyn Layer, tensors: Vec<Value>) -> Value {
    if let Some(operation) = (layer as &dyn Any).downcast_ref::<Operation>() {
        return operation.describe_call(tensors).into();
    }
    match &tensors[..] {
        [one] => json!([one]),
        several => json!([several]),
    }
}

/// The layer that makes a value, at which of its calls, and which of its outputs it is.
fn history(network: &Network, value: usize) -> Value {
    let Some((made, output)) = network.producer(value) else { return json!([network.input_names()[value], 0, 0]) };
    let call = network.calls().iter().filter(|call| call.node == made.node).position(|call| call.outputs == made.outputs);
    json!([network.nodes()[made.node].name, call, output])
}

fn tensor(network: &Network, value: usize) -> Value {
    json!({"class_name": TENSOR, "config": {"shape": network.shape(value), "dtype": "float32", "keras_history": history(network, value)}})
}

/// Names an output of a layer: its name, its call, which output.
pub(super) type Origin = (String, usize, usize);

/// A layer, and what each of its calls takes.
struct Described {
    layer: SharedLayer,
    name: String,
    calls: Vec<Takes>,
    /// How many of its calls were made.
    made: usize,
}

/// What a call takes.
#[derive(Default)]
struct Takes {
    inputs: Vec<Origin>,
    /// The masks that it names for its inputs.
    masks: Vec<Option<Origin>>,
    /// Whether states are given by name, but no mask: then Keras 3 takes all steps of the sequence.
    unmasked: bool,
}

/// Makes the model that was written.
pub(super) fn read(config: &Config, registry: &Registry) -> Result<Model> {
    check_known("option of Functional", Some(config), &["name", "trainable", "dtype", "layers", "input_layers", "output_layers"])?;
    let field = |name: &str| config.get(name).unwrap_or(&Value::Null);
    let layers = field("layers").as_array().ok_or_else(|| Error::format("expected a Functional with its layers"))?;
    let needed = needed(config, layers);
    let mut described = Vec::new();
    for (index, layer) in layers.iter().enumerate().filter(|(_, layer)| name_of(layer).is_some_and(|name| needed.contains(name))) {
        let name = name_of(layer).unwrap_or_default();
        described.push(read_layer(layer, registry).map_err(|error| error.context(format!("layer {index} `{name}` of the file")))?);
    }
    let symbols = call_all(&mut described, &masks::made_by_operations(layers))?;
    let ends = |name: &str| -> Result<Vec<Symbol>> {
        let origins = origins(field(name)).ok_or_else(|| Error::format(format!("{name}: expected a list of [layer, call, output]")))?;
        find(&symbols, &origins).ok_or_else(|| Error::format(format!("{name} names a layer that the file does not have")))
    };
    let mut model = Model::new(ends("input_layers")?, ends("output_layers")?)?;
    if let Some(name) = field("name").as_str() {
        model.set_name(name);
    }
    Ok(model)
}

/// Calls all layers. Calls may be listed before those that they take from: rounds go on as long as one of them can be made.
fn call_all(described: &mut [Described], made: &HashMap<&str, Mask>) -> Result<HashMap<(String, usize), Symbol>> {
    let mut symbols: HashMap<(String, usize), Symbol> = HashMap::new();
    let mut masks: HashMap<Origin, Mask> = HashMap::new();
    loop {
        let mut any = false;
        for layer in &mut *described {
            while let Some(takes) = layer.calls.get(layer.made)
                && let Some(mut inputs) = find(&symbols, &takes.inputs)
            {
                let mut travel: Vec<Option<Mask>> = takes.inputs.iter().map(|input| masks.get(input).cloned()).collect();
                check_masks(takes, &travel, made).map_err(|error| error.context(format!("layer `{}` of the file", layer.name)))?;
                if takes.unmasked && travel[0].take().is_some() {
                    // An operation that changes nothing, and has no mask.
                    let unmasked = Operation::new(Function::GetItem(Vec::new()), 1);
                    inputs[0] = unmasked.named(format!("{}_{}_unmasked", layer.name, layer.made)).on(&inputs[0]);
                }
                let after = masks::after(&*layer.layer.spec().layer, &takes.inputs, &travel);
                masks.extend(after.map(|mask| ((layer.name.clone(), layer.made, 0), mask)));
                symbols.insert((layer.name.clone(), layer.made), layer.layer.on(inputs));
                layer.made += 1;
                any = true;
            }
        }
        if !any {
            break;
        }
    }
    match described.iter().find(|layer| layer.made < layer.calls.len()) {
        Some(layer) => {
            let wanted: Vec<&str> = layer.calls[layer.made].inputs.iter().map(|origin| origin.0.as_str()).collect();
            Err(Error::format(format!("layer `{}` is called on {}, which the file does not make", layer.name, wanted.join(", "))))
        }
        None => Ok(symbols),
    }
}

/// A call may name the masks that reach it anyway, and no others.
fn check_masks(takes: &Takes, travel: &[Option<Mask>], made: &HashMap<&str, Mask>) -> Result<()> {
    for (input, mask) in takes.masks.iter().enumerate() {
        let Some((operation, ..)) = mask else { continue };
        if made.get(operation.as_str()) != travel.get(input).and_then(Option::as_ref) || !made.contains_key(operation.as_str()) {
            return Err(Error::format(format!("it is called with mask = `{operation}`, which is not the mask that reaches it by itself"))
                .hint(
                    "a mask here comes from an Embedding with mask_zero or from Masking, and travels with its tensor: build the model so",
                ));
        }
    }
    Ok(())
}

/// The layers that inputs and outputs need. What is there for masks alone is not among them: masks travel by themselves.
pub(super) fn needed<'a>(config: &'a Config, layers: &'a [Value]) -> HashSet<&'a str> {
    let by_name: HashMap<&str, &Value> = layers.iter().filter_map(|layer| Some((name_of(layer)?, layer))).collect();
    let ends = ["input_layers", "output_layers"].into_iter().filter_map(|field| origins(config.get(field)?)).flatten();
    let mut open: Vec<String> = ends.map(|(layer, ..)| layer).collect();
    let mut needed = HashSet::new();
    while let Some(name) = open.pop() {
        let Some((name, layer)) = by_name.get_key_value(name.as_str()) else { continue };
        if needed.insert(*name) {
            let mut inputs = Vec::new();
            collect(&layer["inbound_nodes"], &mut inputs);
            open.extend(inputs.into_iter().map(|(layer, ..)| layer));
        }
    }
    needed
}

pub(super) fn name_of(layer: &Value) -> Option<&str> {
    layer["name"].as_str().or(layer["config"]["name"].as_str())
}

fn read_layer(layer: &Value, registry: &Registry) -> Result<Described> {
    let name = name_of(layer).unwrap_or_default().to_owned();
    let nodes = layer["inbound_nodes"].as_array().ok_or_else(|| Error::format("inbound_nodes is no list of calls"))?;
    let module = layer["module"].as_str().unwrap_or_default();
    if module.starts_with("keras") && module.split('.').any(|part| part == "ops") {
        return read_operation(layer, name, nodes);
    }
    let mut spec = registry.read(layer)?;
    spec.name = Some(name.clone());
    let calls = match spec.layer.declared_input() {
        Some(_) => vec![Takes::default()],
        None => nodes.iter().map(read_call).collect::<Result<_>>()?,
    };
    Ok(Described { layer: SharedLayer::new(spec), name, calls, made: 0 })
}

/// The tensors that a layer is called on. A call may say nothing else that would change what is computed.
fn read_call(node: &Value) -> Result<Takes> {
    let (mut inputs, mut masks) = (Vec::new(), Vec::new());
    if let Some(keras_2) = node.as_array() {
        for tensor in keras_2 {
            let parts = tensor.as_array().map(Vec::as_slice).unwrap_or_default();
            let (Some(origin), [.., options]) = (parts.get(..3).and_then(origin_of), parts) else {
                return Err(Error::format(format!("the call {tensor} is not [layer, call, output, {{}}]")));
            };
            for (name, value) in options.as_object().into_iter().flatten() {
                read_keyword(name, value, &mut masks)?;
            }
            inputs.push(origin);
        }
        return Ok(Takes { inputs, masks, unmasked: false });
    }
    let args = node["args"].as_array().ok_or_else(|| Error::format(format!("the call {node} has no args")))?;
    for argument in args {
        read_tensors(argument, &mut inputs)?;
    }
    for (name, value) in node["kwargs"].as_object().into_iter().flatten() {
        match name.as_str() {
            // States stand after the sequence that begins with them.
            "inputs" | "sequence" | "initial_state" if !value.is_null() => read_tensors(value, &mut inputs)?,
            _ => read_keyword(name, value, &mut masks)?,
        }
    }
    let unmasked = masks.is_empty() && !inputs.is_empty() && !node["kwargs"]["initial_state"].is_null();
    Ok(Takes { inputs, masks, unmasked })
}

/// A tensor, or a list of tensors.
fn read_tensors(argument: &Value, inputs: &mut Vec<Origin>) -> Result<()> {
    if let Some(several) = argument.as_array() {
        return several.iter().try_for_each(|argument| read_tensors(argument, inputs));
    }
    let origin = origin_of_tensor(argument);
    inputs.push(origin.ok_or_else(|| {
        Error::format(format!("it is called on {argument}, which is no tensor of the graph"))
            .hint("constants are served by the operations of keras.ops, such as `x * 2.0`")
    })?);
    Ok(())
}

/// Masks, and arguments that change nothing: what is not given, and `training=False`, which Keras writes for recurrent layers and
/// overrides by what the model does.
fn read_keyword(name: &str, value: &Value, masks: &mut Vec<Option<Origin>>) -> Result<()> {
    if value.is_null() || (name, value.as_bool()) == ("training", Some(false)) {
        return Ok(());
    }
    let one = |mask: &Value| if mask.is_null() { Some(None) } else { origin_of_tensor(mask).map(Some) };
    let read = match value.as_array() {
        Some(several) => several.iter().map(one).collect(),
        None => one(value).map(|mask| vec![mask]),
    };
    if name == "mask"
        && let Some(read) = read
    {
        *masks = read;
        return Ok(());
    }
    Err(Error::format(format!("it is called with {name} = {value}, which has no counterpart here")))
}

/// An operation of `keras.ops`: its call says what are tensors and what are constants.
fn read_operation(layer: &Value, name: String, nodes: &[Value]) -> Result<Described> {
    let (class, no_options) = (layer["class_name"].as_str().unwrap_or_default(), Config::new());
    let config = layer["config"].as_object().unwrap_or(&no_options);
    let [node] = nodes else {
        return Err(Error::format(format!("the operation {class} is called {} times, expected once", nodes.len())));
    };
    if let Some((keyword, value)) = node["kwargs"].as_object().and_then(|keywords| keywords.iter().find(|(_, value)| !value.is_null())) {
        return Err(Error::format(format!("{class} is called with {keyword} = {value}, which has no counterpart here")));
    }
    let args = node["args"].as_array().map(Vec::as_slice).unwrap_or_default();
    let function = Function::read(class, config, args.get(1..).unwrap_or_default())?;
    let module = layer["module"].as_str().unwrap_or_default();
    if ![function.module(), "keras.ops"].contains(&module) {
        return Err(Error::format(format!("`{class}` of the module {module} has no counterpart here")));
    }
    let tensors =
        if function.takes_a_list() { args.first().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() } else { args };
    let (mut inputs, mut arguments) = (Vec::new(), Vec::new());
    for argument in tensors {
        match origin_of_tensor(argument) {
            Some(origin) => {
                inputs.push(origin);
                arguments.push(Argument::Input);
            }
            None if function.takes_constants() => arguments.push(Argument::read(argument)?),
            // They were read with the function.
            None if function.items().is_some() && !inputs.is_empty() => break,
            None => return Err(Error::format(format!("{class} is called on {argument}, which is no tensor of the graph"))),
        }
    }
    if wraps(class, tensors) {
        return Err(Error::format(format!("{class} of bytes or truth values alone wraps around in Keras, which it does not here"))
            .hint("in Keras, turn them into floats first, as by Rescaling, and save the model again"));
    }
    let mut spec = LayerSpec::from(Operation::with(function, arguments));
    spec.name = Some(name.clone());
    Ok(Described { layer: SharedLayer::new(spec), name, calls: vec![Takes { inputs, ..Takes::default() }], made: 0 })
}

/// Whether an operation has integers without a sign, or truth values, alone, and may leave their range.
fn wraps(class: &str, arguments: &[Value]) -> bool {
    let small = |argument: &Value| {
        let dtype = argument["config"]["dtype"].as_str().unwrap_or_default();
        argument.is_i64() || dtype.starts_with("uint") || dtype == "bool"
    };
    ["Add", "Subtract", "Multiply", "Power", "Square", "Negative"].contains(&class) && arguments.iter().all(small)
}

/// The origins (layer, call and output) of all tensors in a description of calls, but for masks.
fn collect(calls: &Value, found: &mut Vec<Origin>) {
    if let Some(origin) = origin_of_tensor(calls).or_else(|| calls.as_array().and_then(|parts| origin_of(parts.get(..3)?))) {
        found.push(origin);
        return;
    }
    match calls {
        Value::Object(object) => object.iter().filter(|(name, _)| *name != "mask").for_each(|(_, value)| collect(value, found)),
        Value::Array(array) => array.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

pub(super) fn origin_of_tensor(value: &Value) -> Option<Origin> {
    let history = (value["class_name"].as_str() == Some(TENSOR)).then(|| value["config"]["keras_history"].as_array())?;
    origin_of(history?)
}

fn origin_of(history: &[Value]) -> Option<Origin> {
    let [layer, call, output] = history else { return None };
    Some((layer.as_str()?.to_owned(), usize::try_from(call.as_u64()?).ok()?, usize::try_from(output.as_u64()?).ok()?))
}

/// One origin, or a list of them: Keras writes both.
fn origins(list: &Value) -> Option<Vec<Origin>> {
    let list = list.as_array()?;
    origin_of(list).map(|one| vec![one]).or_else(|| list.iter().map(|origin| origin_of(origin.as_array()?)).collect())
}

fn find(symbols: &HashMap<(String, usize), Symbol>, origins: &[Origin]) -> Option<Vec<Symbol>> {
    let symbol = |(layer, call, output): &Origin| Some(symbols.get(&(layer.clone(), *call))?.sibling(*output));
    origins.iter().map(symbol).collect()
}
