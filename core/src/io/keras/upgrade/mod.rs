//! Configurations of models as older Keras wrote them, brought into the form of Keras 3, which
//! [`Model::from_json`](crate::Model::from_json) reads.

mod first;
mod graph;
mod inference;
mod integers;
mod layer;
mod tf_node;
mod tf_op;

use std::collections::HashSet;

pub(super) use inference::check as check_training;
use serde_json::{Map, Value, json};

use super::super::graph::needed;
use super::version::Version;
use crate::config::is_custom;
use crate::layers::{Config, Function};
use crate::{Error, Result};

/// How deep models may lie within each other.
const DEEPEST: usize = 100;

/// The configuration of a model of any version in the words of Keras 3.
///
/// # Errors
/// What is no model made of layers, as a custom class with its own `call`; a layer that keeps Python code.
pub(super) fn upgrade(model: &Value, version: &Version) -> Result<Value> {
    let (class, config) = Upgrade { version, depth: 0 }.model(model)?;
    let mut upgraded = model.clone();
    (upgraded["class_name"], upgraded["config"]) = (class.into(), config.into());
    let mut parted = HashSet::new();
    collect_parted(&upgraded, &mut parted);
    if !parted.is_empty() {
        rename_layers(&mut upgraded, &parted);
    }
    Ok(upgraded)
}

/// The name of a layer here, where `/` parts the path of a parameter.
pub(super) fn plain_name(name: &str) -> String {
    name.replace('/', "_")
}

/// The names of layers that have a `/` in them.
fn collect_parted(model: &Value, parted: &mut HashSet<String>) {
    for layer in model["config"]["layers"].as_array().into_iter().flatten() {
        let names = [&layer["name"], &layer["config"]["name"]].into_iter().filter_map(Value::as_str);
        parted.extend(names.filter(|name| name.contains('/')).map(str::to_owned));
        collect_parted(layer, parted);
        collect_parted(&layer["config"]["layer"], parted);
    }
}

/// Gives layers plain names, wherever they are named.
fn rename_layers(value: &mut Value, parted: &HashSet<String>) {
    match value {
        Value::String(name) if parted.contains(name) => *name = plain_name(name),
        Value::Array(values) => values.iter_mut().for_each(|value| rename_layers(value, parted)),
        Value::Object(values) => values.values_mut().for_each(|value| rename_layers(value, parted)),
        _ => {}
    }
}

#[derive(Clone, Copy)]
struct Upgrade<'a> {
    version: &'a Version,
    depth: usize,
}

impl Upgrade<'_> {
    fn deeper(self) -> Result<Self> {
        if self.depth == DEEPEST {
            return Err(Error::format(format!("models lie more than {DEEPEST} deep within each other")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// The class and the options of a model. What is not understood stays there, to be refused by its name.
    fn model(self, model: &Value) -> Result<(&'static str, Config)> {
        let class = model["class_name"].as_str().unwrap_or_default();
        let of_keras = !is_foreign(model);
        match (class, &model["config"]) {
            ("Sequential", config) if of_keras => Ok(("Sequential", self.sequential(config, &model["name"])?)),
            ("Functional" | "Model", Value::Object(config)) if of_keras && config.get("layers").is_some_and(Value::is_array) => {
                Ok(("Functional", self.functional(config)?))
            }
            ("", _) => Err(Error::format("the configuration says no class_name: it describes no model")),
            (class, _) => Err(Error::format(format!("the model is a class of its own, `{class}`, whose `call` is Python code"))
                .hint("build the same layers here, and load the weights with `load_weights`")),
        }
    }

    /// Layers in a row: the first may say itself what comes in.
    fn sequential(self, config: &Value, name: &Value) -> Result<Config> {
        // A list of layers is all that Keras had at first; a layer has its name beside it.
        let mut whole = match config {
            Value::Array(layers) => Config::from_iter([("layers".to_owned(), layers.clone().into()), ("name".to_owned(), name.clone())]),
            config => config.as_object().cloned().unwrap_or_default(),
        };
        let Some(Value::Array(layers)) = whole.remove("layers") else {
            return Err(Error::format("expected a Sequential with its layers"));
        };
        let mut upgraded = Vec::with_capacity(layers.len() + 1);
        if let Some(first) = layers.first().filter(|first| first["class_name"] != "InputLayer")
            && let Some(shape) = input_shape(first)
        {
            let called = first["config"]["name"].as_str().map_or_else(|| "input_layer".to_owned(), |name| format!("{name}_input"));
            upgraded.push(json!({"class_name": "InputLayer", "config": {"batch_shape": shape, "dtype": "float32", "name": called}}));
        }
        for (index, layer) in layers.iter().enumerate() {
            let layer = self.layer(layer).map_err(|error| error.context(path_of(index, layer)))?;
            upgraded.push(Value::Object(layer));
        }
        whole.insert("layers".into(), upgraded.into());
        Ok(whole)
    }

    fn functional(self, config: &Config) -> Result<Config> {
        let field = |name: &str| config.get(name).unwrap_or(&Value::Null);
        let layers = field("layers").as_array().map(Vec::as_slice).unwrap_or_default();
        let (inputs, outputs) = (graph::ends(field("input_layers")), graph::ends(field("output_layers")));
        let mut called = Vec::with_capacity(layers.len());
        for (index, layer) in layers.iter().enumerate() {
            let mut layer = layer.clone();
            if !layer.is_object() {
                return Err(Error::format("expected an object with class_name and config").context(path_of(index, &layer)));
            }
            let name = layer["name"].as_str().or_else(|| layer["config"]["name"].as_str()).unwrap_or_default();
            layer["name"] = name.into();
            layer["inbound_nodes"] = graph::calls(&layer["inbound_nodes"]).map_err(|error| error.context(path_of(index, &layer)))?;
            let inputs = layer["config"]["input_layers"].clone();
            graph::by_order(&mut layer["inbound_nodes"], &inputs);
            called.push(layer);
        }
        if self.version.is_before_third() {
            integers::mark(&mut called);
        }
        let ends = Map::from_iter([("input_layers".to_owned(), inputs.clone()), ("output_layers".to_owned(), outputs.clone())]);
        let needed = needed(&ends, &called);
        let mut upgraded = Vec::with_capacity(layers.len());
        for (index, layer) in called.iter().enumerate() {
            // What makes masks alone is only compared with the masks that travel.
            if !layer["name"].as_str().is_some_and(|name| needed.contains(name)) {
                upgraded.push(layer.clone());
                continue;
            }
            let mut inner = self.called(layer).map_err(|error| error.context(path_of(index, layer)))?;
            inner.insert("name".into(), layer["name"].clone());
            upgraded.push(Value::Object(inner));
        }
        let mut whole = config.clone();
        whole.extend(ends);
        whole.insert("layers".into(), upgraded.into());
        graph::count_calls(&mut whole);
        Ok(whole)
    }

    /// A layer of a graph, with its calls.
    fn called(self, layer: &Value) -> Result<Map<String, Value>> {
        let calls = layer["inbound_nodes"].clone();
        match layer["class_name"].as_str() {
            _ if is_foreign(layer) => {}
            Some("TFOpLambda" | "SlicingOpLambda") => return tf_op::operation(layer, &calls),
            Some("TensorFlowOpLayer") => return tf_node::operation(layer, &calls),
            _ => {}
        }
        let mut inner = self.layer(layer)?;
        // `.h5` of Keras 3 leaves out where a class is from: all layers say whether they are trainable, and no operations.
        let untold = !self.version.is_before_third() && layer.get("module").is_none() && layer["config"].get("trainable").is_none();
        if let Some(module) = layer["class_name"].as_str().and_then(Function::module_of).filter(|_| untold) {
            inner.insert("module".into(), module.into());
        }
        inner.insert("inbound_nodes".into(), calls);
        Ok(inner)
    }
}

/// A layer in the words of an error: where it stands in the configuration, and its name.
fn path_of(index: usize, layer: &Value) -> String {
    let name = layer["config"]["name"].as_str().or_else(|| layer["name"].as_str());
    let class = layer["class_name"].as_str().unwrap_or("without class_name");
    match name {
        Some(name) => format!("config.layers[{index}] `{name}` ({class})"),
        None => format!("config.layers[{index}] ({class})"),
    }
}

/// Whether a class is none of Keras', whatever its name.
fn is_foreign(described: &Value) -> bool {
    is_custom(described) || described["class_name"].as_str().is_some_and(|class| class.contains('>'))
}

/// A class without the package it was registered in: `Custom>L1Distance`.
pub(super) fn plain_class(class: &str) -> &str {
    class.rsplit('>').next().unwrap_or(class)
}

/// What a first layer, or the first layer of a first model, says about the model's input.
fn input_shape(layer: &Value) -> Option<Value> {
    let config = &layer["config"];
    if let Some(shape) = config.get("batch_input_shape").or_else(|| config.get("batch_shape")).filter(|shape| shape.is_array()) {
        return Some(shape.clone());
    }
    if let Some(shape) = config["input_shape"].as_array() {
        return Some([&[Value::Null], shape.as_slice()].concat().into());
    }
    let layers = config.as_array().or_else(|| config["layers"].as_array());
    layers.and_then(|layers| input_shape(layers.first()?))
}

/// Takes an option out and puts it back under another name, unless that is there.
pub(super) fn rename(config: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = config.remove(from) {
        config.entry(to).or_insert(value);
    }
}

#[cfg(test)]
mod tests;
