//! Graphs of layers as JSON, in the form in which Keras writes a functional model.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::layer::{input_config, layer_from_json, layer_to_json};
use crate::layers::{Config, Registry, SharedLayer, Symbol};
use crate::model::Network;
use crate::{Error, Model, Result};

/// The class by which Keras marks what a layer put out.
const TENSOR: &str = "__keras_tensor__";

/// Writes layers, with what each is called on, and which of their outputs are the model's.
pub(super) fn write(network: &Network, config: &mut Config) {
    let mut layers: Vec<Value> = Vec::new();
    for (name, value) in network.input_names().iter().zip(0..) {
        let config = network.shape(value).map(|shape| input_config(name, shape));
        layers.push(json!({"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []}));
    }
    for node in 0..network.nodes().len() {
        let calls = network.calls().iter().filter(|call| call.node == node);
        let arguments = calls.map(|call| {
            let tensors: Vec<Value> = call.inputs.iter().map(|&value| tensor(network, value)).collect();
            let first = if let [one] = &tensors[..] { one.clone() } else { tensors.into() };
            json!({"args": [first], "kwargs": {}})
        });
        let mut layer = layer_to_json(network, node);
        layer["inbound_nodes"] = arguments.collect();
        layer["name"] = network.nodes()[node].name.clone().into();
        layers.push(layer);
    }
    config.insert("layers".into(), layers.into());
    let history = |value: usize| history(network, value);
    config.insert("input_layers".into(), (0..network.input_names().len()).map(history).collect());
    config.insert("output_layers".into(), network.outputs().iter().map(|&value| history(value)).collect());
}

/// The layer that makes a value, at which of its calls, and in which place.
fn history(network: &Network, value: usize) -> Value {
    let Some((made, output)) = network.producer(value) else { return json!([network.input_names()[value], 0, 0]) };
    let call = network.calls().iter().filter(|call| call.node == made.node).position(|call| call.outputs == made.outputs);
    json!([network.nodes()[made.node].name, call, output])
}

fn tensor(network: &Network, value: usize) -> Value {
    json!({"class_name": TENSOR, "config": {"shape": network.shape(value), "dtype": "float32", "keras_history": history(network, value)}})
}

/// Names what a layer puts out: its name, its call, the place of the output.
type Place = (String, usize, usize);

/// A layer, and what each of its calls takes.
struct Described {
    layer: SharedLayer,
    name: String,
    calls: Vec<Vec<Place>>,
    /// How many of its calls were made.
    made: usize,
}

/// Makes the model that was written.
pub(super) fn read(config: &Value, registry: &Registry) -> Result<Model> {
    let layers = config["layers"].as_array().ok_or_else(|| Error::format("expected a Functional with its layers"))?;
    let needed = needed(config, layers);
    let mut described = Vec::new();
    for (place, layer) in layers.iter().enumerate().filter(|(_, layer)| name_of(layer).is_some_and(|name| needed.contains(name))) {
        described.push(describe(layer, registry).map_err(|error| error.context(format!("layer {place} of the file")))?);
    }
    let mut symbols: HashMap<(String, usize), Symbol> = HashMap::new();
    // Calls may be listed before those that they take from: rounds go on as long as one of them can be made.
    loop {
        let mut any = false;
        for layer in &mut described {
            while let Some(inputs) = layer.calls.get(layer.made).and_then(|inputs| find(&symbols, inputs)) {
                symbols.insert((layer.name.clone(), layer.made), layer.layer.on(inputs));
                layer.made += 1;
                any = true;
            }
        }
        if !any {
            break;
        }
    }
    if let Some(layer) = described.iter().find(|layer| layer.made < layer.calls.len()) {
        let wanted: Vec<&str> = layer.calls[layer.made].iter().map(|place| place.0.as_str()).collect();
        return Err(Error::format(format!("layer `{}` is called on {}, which the file does not make", layer.name, wanted.join(", "))));
    }
    let ends = |field: &str| -> Result<Vec<Symbol>> {
        let places = places(&config[field]).ok_or_else(|| Error::format(format!("{field}: expected a list of [layer, call, output]")))?;
        find(&symbols, &places).ok_or_else(|| Error::format(format!("{field} names a layer that the file does not have")))
    };
    let mut model = Model::new(ends("input_layers")?, ends("output_layers")?)?;
    if let Some(name) = config["name"].as_str() {
        model.set_name(name);
    }
    Ok(model)
}

/// The layers that inputs and outputs need. What is there for masks alone is not among them: masks travel by themselves.
fn needed<'a>(config: &'a Value, layers: &'a [Value]) -> HashSet<&'a str> {
    let ends = ["input_layers", "output_layers"].into_iter().filter_map(|field| places(&config[field])).flatten();
    let mut open: Vec<String> = ends.map(|(layer, ..)| layer).collect();
    let mut needed = HashSet::new();
    while let Some(name) = open.pop() {
        let Some(layer) = layers.iter().find(|layer| name_of(layer) == Some(&name)) else { continue };
        if name_of(layer).is_some_and(|name| needed.insert(name)) {
            let mut inputs = Vec::new();
            collect(&layer["inbound_nodes"], &mut inputs);
            open.extend(inputs.iter().filter_map(|history| Some(place(history)?.0)));
        }
    }
    needed
}

fn name_of(layer: &Value) -> Option<&str> {
    layer["name"].as_str().or(layer["config"]["name"].as_str())
}

fn describe(layer: &Value, registry: &Registry) -> Result<Described> {
    let mut spec = layer_from_json(layer, registry)?;
    let name = name_of(layer).unwrap_or_default().to_owned();
    spec.name = Some(name.clone());
    let no_calls = || Error::format(format!("layer `{name}`: inbound_nodes is no list of calls"));
    let nodes = layer["inbound_nodes"].as_array().ok_or_else(no_calls)?;
    let mut calls = Vec::new();
    for node in nodes {
        let mut inputs = Vec::new();
        collect(&node["args"], &mut inputs);
        collect(&node["kwargs"], &mut inputs);
        calls.push(inputs.into_iter().map(|history| place(&history).ok_or_else(no_calls)).collect::<Result<Vec<_>>>()?);
    }
    if spec.layer.declared_input().is_some() {
        calls = vec![Vec::new()];
    }
    Ok(Described { layer: SharedLayer::new(spec), name, calls, made: 0 })
}

/// All tensors among the arguments of a call but for masks, in their order.
fn collect(arguments: &Value, found: &mut Vec<Value>) {
    match arguments {
        Value::Object(object) if object.get("class_name").and_then(Value::as_str) == Some(TENSOR) => {
            found.push(arguments["config"]["keras_history"].clone());
        }
        Value::Object(object) => {
            object.iter().filter(|(name, _)| *name != "mask").for_each(|(_, value)| collect(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn place(history: &Value) -> Option<Place> {
    let [layer, call, output] = &history.as_array()?[..] else { return None };
    Some((layer.as_str()?.to_owned(), usize::try_from(call.as_u64()?).ok()?, usize::try_from(output.as_u64()?).ok()?))
}

/// One place, or a list of them: Keras writes both.
fn places(list: &Value) -> Option<Vec<Place>> {
    place(list).map(|one| vec![one]).or_else(|| list.as_array()?.iter().map(place).collect())
}

fn find(symbols: &HashMap<(String, usize), Symbol>, places: &[Place]) -> Option<Vec<Symbol>> {
    let symbol = |(layer, call, output): &Place| Some(symbols.get(&(layer.clone(), *call))?.sibling(*output));
    places.iter().map(symbol).collect()
}
