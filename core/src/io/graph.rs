//! Graphs of layers as JSON, in the form in which Keras writes a functional model.

use std::any::Any;
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::config::{input, name_in};
use super::masks::{self, Mask};
use crate::config::check_known;
use crate::layers::{Argument, Config, Function, Layer, LayerExt, LayerSpec, Operation, Registry, SharedLayer, Symbol, describe};
use crate::model::Network;
use crate::{Error, Model, Result};

/// The class by which Keras marks the outputs of a layer.
pub(super) const TENSOR: &str = "__keras_tensor__";

/// What Keras writes about an operation.
pub(super) const OF_OPERATION: [&str; 7] = ["class_name", "config", "module", "registered_name", "build_config", "name", "inbound_nodes"];

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
    /// Whether states are given, but no mask: then Keras 3 takes all steps of the sequence.
    unmasked: bool,
}

/// Makes the model that was written.
pub(super) fn read(config: &Config, registry: &Registry) -> Result<Model> {
    check_known("option of Functional", Some(config), &["name", "trainable", "dtype", "layers", "input_layers", "output_layers"])?;
    let field = |name: &str| config.get(name).unwrap_or(&Value::Null);
    let layers = field("layers").as_array().ok_or_else(|| Error::format("expected a Functional with its layers"))?;
    check_names(layers)?;
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
    if let Some(name) = name_in(config)? {
        model.set_name(name);
    }
    Ok(model)
}

/// Calls name layers: a name is that of one layer.
fn check_names(layers: &[Value]) -> Result<()> {
    let mut names = HashSet::new();
    for (index, layer) in layers.iter().enumerate() {
        if !layer["name"].is_string() && !layer["name"].is_null() {
            return Err(Error::format(format!("layer {index} of the file has the name {}: expected a text", layer["name"])));
        }
        if let Some(name) = name_of(layer).filter(|name| !names.insert(*name)) {
            return Err(Error::format(format!("two layers of the file are called `{name}`")));
        }
    }
    Ok(())
}

/// Calls all layers. Calls may be listed before those that they take from: rounds go on as long as one of them can be made.
fn call_all(described: &mut [Described], made: &HashMap<&str, Mask>) -> Result<HashMap<(String, usize), Symbol>> {
    let mut symbols: HashMap<(String, usize), Symbol> = HashMap::new();
    let mut travelling = Travelling::default();
    loop {
        let mut any = false;
        for layer in &mut *described {
            while let Some(takes) = layer.calls.get(layer.made)
                && let Some(mut inputs) = find(&symbols, &takes.inputs)
            {
                let output = (layer.name.clone(), layer.made, 0);
                let called = travelling.call(&*layer.layer.spec().layer, takes, &output, made);
                if called.map_err(|error| error.context(format!("layer `{}` of the file", layer.name)))? {
                    // An operation that changes nothing, and has no mask.
                    let unmasked = Operation::new(Function::GetItem(Vec::new()), 1);
                    inputs[0] = unmasked.named(format!("{}_{}_unmasked", layer.name, layer.made)).on(&inputs[0]);
                }
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

/// The masks of the tensors of a graph, as they travel in Keras.
#[derive(Default)]
struct Travelling {
    masks: HashMap<Origin, Mask>,
    /// The tensors that have a mask in Keras and none here.
    lost: HashSet<Origin>,
}

impl Travelling {
    fn of(&self, tensor: &Origin) -> Option<Mask> {
        let (layer, call, _) = tensor;
        self.masks.get(tensor).cloned().or_else(|| match self.masks.get(&(layer.clone(), *call, 0)) {
            // What makes the mask of one output in ways unknown may make those of the others.
            Some(Mask::Of(first)) if (&first.0, &first.1) == (layer, call) => Some(Mask::Of(tensor.clone())),
            _ => None,
        })
    }

    /// A layer is called. Whether its first input has to come without the mask that it has.
    fn call(&mut self, layer: &dyn Layer, takes: &Takes, output: &Origin, made: &HashMap<&str, Mask>) -> Result<bool> {
        let travel: Vec<Option<Mask>> = takes.inputs.iter().map(|input| self.of(input)).collect();
        check_masks(takes, &travel, made)?;
        let unmasked = takes.unmasked && travel.first().is_some_and(Option::is_some);
        let lost = takes.inputs.iter().any(|input| self.lost.contains(input));
        if lost && !unmasked && masks::looks_at_mask(layer) {
            return Err(Error::format(
                "it uses a mask that passed through a recurrent layer called with initial states; here, the mask ends at that layer",
            )
            .hint("in Keras, build it without this mask, and save the model again"));
        }
        if let Some(mask) = masks::after(layer, output, &takes.inputs, &travel) {
            self.masks.insert(output.clone(), mask);
            // The layer gives it on in Keras, though it does not look at it.
            if lost || unmasked {
                self.lost.insert(output.clone());
            }
        }
        Ok(unmasked)
    }
}

/// A call may name the masks that travel to it anyway, and no others.
fn check_masks(takes: &Takes, travel: &[Option<Mask>], made: &HashMap<&str, Mask>) -> Result<()> {
    for (input, mask) in takes.masks.iter().enumerate() {
        let travels = travel.get(input).and_then(Option::as_ref);
        let named = mask.as_ref().and_then(|(operation, ..)| made.get(operation.as_str()));
        if named != travels || mask.is_some() && named.is_none() {
            let mask = mask.as_ref().map_or("None", |(operation, ..)| operation);
            return Err(Error::format(format!("it is called with mask = `{mask}`, which is not the mask that travels with its input"))
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
    let class = spec.layer.class_name();
    let small = |node: &Value| is_small(if node["args"] == json!([]) { &node["kwargs"]["inputs"] } else { &node["args"] });
    if ["Add", "Subtract", "Multiply", "Average", "Dot"].contains(&class) && nodes.iter().any(small) {
        return Err(overflows(class));
    }
    Ok(Described { layer: SharedLayer::new(spec), name, calls, made: 0 })
}

/// The tensors that a layer is called on. A call may say nothing else that would change what is computed.
fn read_call(node: &Value) -> Result<Takes> {
    let (args, mut kwargs) = arguments_of(node)?;
    let (mut inputs, mut masks) = (Vec::new(), Vec::new());
    args.iter().try_for_each(|argument| read_tensors(argument, &mut inputs))?;
    let mut several = args.len() > 1;
    // States stand after the sequence that begins with them.
    for name in ["inputs", "sequence", "sequences", "initial_state"] {
        if let Some(value) = kwargs.remove(name).filter(|value| !value.is_null()) {
            several |= name == "initial_state";
            read_tensors(&value, &mut inputs)?;
        }
    }
    kwargs.iter().try_for_each(|(name, value)| read_keyword(name, value, &mut masks))?;
    let unmasked = masks.is_empty() && several;
    Ok(Takes { inputs, masks, unmasked })
}

/// What a call takes, by position and by name.
fn arguments_of(node: &Value) -> Result<(&[Value], Config)> {
    check_known("key of a call", node.as_object(), &["args", "kwargs"])?;
    let args = node["args"].as_array().ok_or_else(|| Error::format(format!("the call {node} has no args")))?;
    match &node["kwargs"] {
        Value::Null => Ok((args, Config::new())),
        Value::Object(kwargs) => Ok((args, kwargs.clone())),
        other => Err(Error::format(format!("kwargs of a call is {other}: expected an object"))),
    }
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
    let (Some(class), Some(config)) = (layer["class_name"].as_str(), layer["config"].as_object()) else {
        return Err(Error::format("expected an object with class_name and config"));
    };
    check_known(&format!("key of the operation {class}"), layer.as_object(), &OF_OPERATION)?;
    let [node] = nodes else {
        return Err(Error::format(format!("the operation {class} is called {} times, expected once", nodes.len())));
    };
    let (args, kwargs) = arguments_of(node)?;
    if let Some((keyword, value)) = kwargs.iter().find(|(_, value)| !value.is_null()) {
        return Err(Error::format(format!("{class} is called with {keyword} = {value}, which has no counterpart here")));
    }
    let function = Function::read(class, config, args.get(1..).unwrap_or_default())?;
    let module = layer["module"].as_str().unwrap_or_default();
    if ![function.module(), "keras.ops"].contains(&module) {
        return Err(Error::format(format!("`{class}` of the module {module} has no counterpart here")));
    }
    let tensors = match args {
        [Value::Array(several)] if function.takes_a_list() => several,
        _ if function.takes_a_list() => {
            return Err(Error::format(format!("{class} is called on {}: expected one list of tensors", Value::from(args))));
        }
        args => args,
    };
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
    const OVERFLOWING: [&str; 7] = ["Add", "Matmul", "Multiply", "Negative", "Power", "Square", "Subtract"];
    if OVERFLOWING.contains(&class) && tensors.iter().all(is_small) {
        return Err(overflows(class));
    }
    let mut spec = LayerSpec::from(Operation::with(function, arguments));
    spec.name = Some(name.clone());
    Ok(Described { layer: SharedLayer::new(spec), name, calls: vec![Takes { inputs, ..Takes::default() }], made: 0 })
}

/// Whether all tensors and constants are of types that integers and truth values are stored in, but for those of 32 bits with a
/// sign, and more.
fn is_small(argument: &Value) -> bool {
    if let Some(several) = argument.as_array() {
        return several.iter().all(is_small);
    }
    let dtype = argument["config"]["dtype"].as_str().unwrap_or_default();
    argument.is_i64() || dtype.starts_with("uint") || ["int8", "int16", "bool"].contains(&dtype)
}

fn overflows(class: &str) -> Error {
    let message =
        format!("{class} of small integers or truth values alone: what leaves their range wraps around in Keras, and does not here");
    Error::format(message).hint("in Keras, turn them into floats first, as by Rescaling, and save the model again")
}

/// The origins (layer, call and output) of all tensors in a description of calls, but for masks.
fn collect(calls: &Value, found: &mut Vec<Origin>) {
    if let Some(origin) = origin_of_tensor(calls) {
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
