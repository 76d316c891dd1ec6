//! The layers of a model and their parameters.

use std::collections::HashMap;
use std::ops::Range;

use super::nested::Nested;
use super::parameter::{ParamCount, Parameter};
use crate::autodiff::Scope;
use crate::layers::{Asked, Build, Copied, Known, Layer, LayerId, LayerSpec, Source, WeightSpec, check_options, default_name};
use crate::rng::Key;
use crate::{Error, MAX_RANK, PartialShape, Result, Shape, Tensor};

/// A layer of a network, with its name and its parameters.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) layer: Box<dyn Layer>,
    pub(crate) trainable: bool,
    /// Its parameters, some of which other layers may have, too.
    pub(crate) params: Vec<usize>,
    built: bool,
    id: LayerId,
    copied: Copied,
    /// What its parameters begin with, where they are not drawn.
    weights: Option<Vec<Tensor>>,
    named_by_user: bool,
}

impl Node {
    /// What tells its layer from all others, and which copy of it it is.
    pub(crate) fn same(&self) -> (LayerId, Copied) {
        (self.id, self.copied)
    }

    fn share(&self) -> Self {
        Self {
            name: self.name.clone(),
            layer: self.layer.boxed_clone(),
            trainable: self.trainable,
            params: self.params.clone(),
            built: self.built,
            id: self.id,
            copied: self.copied,
            weights: self.weights.clone(),
            named_by_user: self.named_by_user,
        }
    }
}

/// A layer called on values, which are numbered: first the inputs of the model, then the outputs of the calls.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    pub(crate) node: usize,
    pub(crate) inputs: Box<[usize]>,
    pub(crate) outputs: Range<usize>,
}

/// The deepest nesting of models, so that no stack overflows.
const DEEPEST: usize = 64;

/// Where the initial values of a model's parameters begin.
pub(crate) fn initial_values(seed: u64) -> Key {
    Key::new(seed).fold_str("initial value")
}

/// Layers, how they call each other, and their parameters.
#[derive(Debug)]
pub(crate) struct Network {
    pub(super) nodes: Vec<Node>,
    pub(super) params: Vec<Parameter>,
    /// The names of the inputs, by which summaries and files know them.
    pub(super) inputs: Vec<String>,
    /// In an order in which every value is there before it is used.
    pub(super) calls: Vec<CallSite>,
    /// The shapes of all values, as far as they are known.
    pub(super) shapes: Vec<Option<PartialShape>>,
    pub(super) outputs: Vec<usize>,
    /// Whether it was made of symbols; otherwise its layers stand in a row.
    pub(super) graph: bool,
    /// Which copy of the model it is.
    copied: Copied,
    /// The parameters by what tells them from all others.
    known: Known,
    /// The layers by their names, and for each name that Keras gives a class, how many have it.
    names: HashMap<String, usize>,
    /// How deep models are within each other here.
    depth: usize,
    numbered: HashMap<String, usize>,
}

impl Default for Network {
    /// One input of a shape that is not known, and no layer.
    fn default() -> Self {
        let inputs = vec!["input_layer".to_owned()];
        Self {
            nodes: Vec::new(),
            params: Vec::new(),
            inputs,
            calls: Vec::new(),
            shapes: vec![None],
            outputs: vec![0],
            graph: false,
            copied: Copied::default(),
            known: Known::new(),
            names: HashMap::new(),
            depth: 0,
            numbered: HashMap::new(),
        }
    }
}

impl Network {
    /// Keras' class: layers in a row, or a graph of them.
    pub(crate) fn class_name(&self) -> &'static str {
        if self.graph { "Functional" } else { "Sequential" }
    }

    /// A copy with parameters of its own; their values are shared until one of the two changes them.
    pub(crate) fn duplicate(&self) -> Self {
        Self { copied: self.copied.again(), ..self.share() }
    }

    /// The same network again: where both are in one model, they have the same parameters.
    pub(crate) fn share(&self) -> Self {
        Self {
            nodes: self.nodes.iter().map(Node::share).collect(),
            params: self.params.clone(),
            inputs: self.inputs.clone(),
            calls: self.calls.clone(),
            shapes: self.shapes.clone(),
            outputs: self.outputs.clone(),
            graph: self.graph,
            copied: self.copied,
            known: self.known.clone(),
            names: self.names.clone(),
            depth: self.depth,
            numbered: self.numbered.clone(),
        }
    }

    /// How deep models are within each other here.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Which copy of the model it is.
    pub(crate) fn copied(&self) -> Copied {
        self.copied
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn calls(&self) -> &[CallSite] {
        &self.calls
    }

    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.params
    }

    pub(crate) fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.params
    }

    pub(crate) fn input_names(&self) -> &[String] {
        &self.inputs
    }

    /// Which values are the outputs of the model.
    pub(crate) fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// The layer that makes a value, and which of its outputs it is; none for an input.
    pub(crate) fn producer(&self, value: usize) -> Option<(&CallSite, usize)> {
        self.calls.iter().find(|call| call.outputs.contains(&value)).map(|call| (call, value - call.outputs.start))
    }

    /// The name of the layer or of the input that makes a value.
    pub(crate) fn producer_name(&self, value: usize) -> &str {
        self.producer(value).map_or_else(|| self.inputs[value].as_str(), |(call, _)| &self.nodes[call.node].name)
    }

    /// The names of the outputs: those of the layers that make them.
    pub(crate) fn output_names(&self) -> Vec<&str> {
        self.outputs.iter().map(|value| self.producer_name(*value)).collect()
    }

    /// The shape of a value, where it is known.
    pub(crate) fn shape(&self, value: usize) -> Option<&PartialShape> {
        self.shapes[value].as_ref()
    }

    /// The output of a layer where it is called first.
    pub(crate) fn outputs_of(&self, node: usize) -> Option<Range<usize>> {
        self.calls.iter().find(|call| call.node == node).map(|call| call.outputs.clone())
    }

    /// The shapes of the inputs, once all are known.
    pub(crate) fn input_shapes(&self) -> Option<Vec<&PartialShape>> {
        self.shapes[..self.inputs.len()].iter().map(Option::as_ref).collect()
    }

    pub(crate) fn is_built(&self) -> bool {
        self.shapes.iter().all(Option::is_some)
    }

    /// Names the inputs of a graph, instead of the one that a row of layers has.
    pub(crate) fn set_inputs(&mut self, inputs: Vec<(String, PartialShape)>) {
        (self.inputs, self.shapes) = inputs.into_iter().map(|(name, shape)| (name, Some(shape))).unzip();
        self.graph = true;
    }

    pub(crate) fn set_outputs(&mut self, outputs: Vec<usize>) {
        self.outputs = outputs;
    }

    /// Adds a layer after the last one, and builds it where the shape of its input is known.
    pub(crate) fn push(&mut self, spec: LayerSpec, key: Key) -> Result<()> {
        if let (true, Some(shape)) = (self.nodes.is_empty() && self.shapes[0].is_none(), spec.layer.declared_input()) {
            self.shapes[0] = Some(shape.clone());
            if let Some(name) = spec.name {
                self.inputs[0] = name;
            }
            return Ok(());
        }
        if let (true, Some(nested)) = (self.nodes.is_empty() && self.shapes[0].is_none(), Nested::of(&*spec.layer)) {
            self.shapes[0] = nested.input().cloned();
        }
        let (node, last) = (self.add_node(spec)?, self.outputs[0]);
        if self.shapes[last].is_some() {
            let outputs = self.add_call(node, &[last], key)?;
            let one = self.one_output(node, outputs.len());
            self.outputs = vec![outputs.start];
            return one;
        }
        self.shapes.push(None);
        let output = self.shapes.len() - 1;
        self.calls.push(CallSite { node, inputs: [last].into(), outputs: output..output + 1 });
        self.outputs = vec![output];
        Ok(())
    }

    fn one_output(&self, node: usize, outputs: usize) -> Result<()> {
        if outputs == 1 {
            return Ok(());
        }
        Err(Error::shape(format!("the layer outputs {outputs} tensors, and in a Sequential each passes on one"))
            .context(self.place(node))
            .hint("call layers on symbols and make a `Model::new(inputs, outputs)`"))
    }

    /// A layer with its parameters as they are now.
    pub(crate) fn spec_of(&self, node: usize) -> LayerSpec {
        let node = &self.nodes[node];
        let weights = node.params.iter().map(|param| self.params[*param].value.clone()).collect();
        LayerSpec {
            id: node.id,
            copied: node.copied,
            layer: node.layer.boxed_clone(),
            name: Some(node.name.clone()),
            trainable: node.trainable,
            weights: Some(weights),
        }
    }

    /// Adds a layer that is called nowhere yet.
    pub(crate) fn add_node(&mut self, spec: LayerSpec) -> Result<usize> {
        let named_by_user = spec.name.is_some();
        let name = match spec.name {
            Some(name) => name,
            None => self.free_name(&default_name(spec.layer.class_name())),
        };
        if let Some(taken) = self.names.get(&name) {
            return Err(Error::argument(format!("layer {} is called `{name}`, as layer {taken} is", self.nodes.len()))
                .hint("names are unique within a model"));
        }
        if name.is_empty() || name.contains('/') {
            return Err(Error::argument(format!("`{name}` is no name for a layer: it must not be empty or contain /")));
        }
        let LayerSpec { id, copied, layer, trainable, weights, .. } = spec;
        if let Some(nested) = Nested::of(&*layer) {
            self.depth = self.depth.max(nested.depth() + 1);
            if self.depth > DEEPEST {
                return Err(Error::argument(format!("models are nested {} deep at `{name}`: at most {DEEPEST} are served", self.depth))
                    .hint("add its layers themselves"));
            }
        }
        let node = self.nodes.len();
        self.names.insert(name.clone(), node);
        self.nodes.push(Node { name, layer, trainable, params: Vec::new(), built: false, id, copied, weights, named_by_user });
        Ok(node)
    }

    /// Calls a layer on values whose shapes are known, and builds it where this is its first call.
    pub(crate) fn add_call(&mut self, node: usize, inputs: &[usize], key: Key) -> Result<Range<usize>> {
        let shapes = self.build_call(node, inputs, key)?;
        let outputs = self.shapes.len()..self.shapes.len() + shapes.len();
        self.shapes.extend(shapes.into_iter().map(Some));
        self.calls.push(CallSite { node, inputs: inputs.into(), outputs: outputs.clone() });
        Ok(outputs)
    }

    fn free_name(&mut self, base: &str) -> String {
        let next = self.numbered.entry(base.to_owned()).or_default();
        loop {
            let name = if *next == 0 { base.to_owned() } else { format!("{base}_{next}") };
            *next += 1;
            if !self.names.contains_key(&name) {
                return name;
            }
        }
    }

    /// Builds all layers, or checks that the shapes are those for which they are built.
    pub(crate) fn build(&mut self, inputs: &[PartialShape], seed: u64) -> Result<()> {
        self.build_from(inputs, initial_values(seed))
    }

    /// The same with another beginning of the initial values.
    pub(crate) fn build_from(&mut self, inputs: &[PartialShape], key: Key) -> Result<()> {
        if self.calls.is_empty() {
            return Err(Error::state("the model has no layers").hint("add one or more"));
        }
        if inputs.len() != self.inputs.len() {
            return Err(Error::data(format!(
                "the model has {} inputs ({}), got {}",
                self.inputs.len(),
                self.inputs.join(", "),
                inputs.len()
            )));
        }
        if let Some(built) = self.input_shapes() {
            let open = |(built, got): (&Option<usize>, &Option<usize>)| built.is_none() || got.is_none() || built == got;
            for (built, got) in built.into_iter().zip(inputs) {
                if built.rank() != got.rank() || !built.dims().iter().zip(got.dims()).all(open) {
                    return Err(Error::shape(format!("the model was built for inputs of shape {built}, got {got}")));
                }
            }
            return Ok(());
        }
        // Only the batch of data is open; that of the model always is.
        self.shapes[0] = Some(PartialShape::new([&[None], inputs[0].example()].concat()));
        (0..self.calls.len()).try_for_each(|index| self.build_later(index, key)).inspect_err(|_| self.unbuild())
    }

    /// Builds the layer of a call that was added before the shape of its input was known.
    fn build_later(&mut self, index: usize, key: Key) -> Result<()> {
        let CallSite { node, inputs, outputs } = &self.calls[index];
        let (node, inputs, output) = (*node, inputs.clone(), outputs.start);
        let mut shapes = self.build_call(node, &inputs, key)?;
        self.one_output(node, shapes.len())?;
        self.shapes[output] = shapes.pop();
        Ok(())
    }

    fn unbuild(&mut self) {
        self.shapes.fill(None);
        self.params.clear();
        self.known.clear();
        for node in &mut self.nodes {
            node.params.clear();
            node.built = false;
        }
    }

    /// The shapes that a layer outputs for these inputs; builds it if no call did before.
    fn build_call(&mut self, index: usize, inputs: &[usize], key: Key) -> Result<Vec<PartialShape>> {
        let shapes: Option<Vec<PartialShape>> = inputs.iter().map(|&input| self.shapes[input].clone()).collect();
        let shapes = shapes.ok_or_else(not_built)?;
        let mut asked = Vec::new();
        let node = &mut self.nodes[index];
        let again = node.built;
        // Another call of a layer has its parameters already: what it asks for is there to see that they would fit.
        let values: Vec<Tensor> = node.params.iter().map(|param| self.params[*param].value.clone()).collect();
        let given = if again { Some(values.as_slice()) } else { node.weights.as_deref() };
        let mut cx = Build::new(key.fold(index as u64), &mut asked, &self.known).given(given).owned(node.id, node.copied);
        let served = node.layer.build_many(&mut cx, &shapes).and_then(|outputs| {
            if !again {
                check_options(&*node.layer)?;
            }
            let too_many = outputs.iter().find(|output| output.rank() > MAX_RANK);
            match (given.map_or(asked.len(), <[Tensor]>::len), too_many) {
                (_, Some(output)) => {
                    let axes = output.rank();
                    Err(Error::shape(format!("at most {MAX_RANK} axes are served, with the batch: {output} has {axes}")))
                }
                (given, _) if given != asked.len() => {
                    Err(Error::shape(format!("the layer has {} parameters, got {given} weights", asked.len())))
                }
                _ => Ok(outputs),
            }
        });
        let outputs = served.map_err(|error| self.explain_inputs(error.context(self.place(index)), inputs))?;
        if !again {
            self.adopt(index, asked);
        }
        Ok(outputs)
    }

    /// Says where the inputs of a layer came from.
    fn explain_inputs(&self, error: Error, inputs: &[usize]) -> Error {
        inputs.iter().fold(error, |error, &input| match self.producer(input) {
            Some((call, _)) => error.note(format!("came from {}", self.place(call.node))),
            None if self.inputs.len() == 1 => error.note("came from the input"),
            None => error.note(format!("came from the input `{}`", self.inputs[input])),
        })
    }

    /// Takes the parameters that a layer asked for.
    fn adopt(&mut self, index: usize, asked: Vec<Asked>) {
        let node = &mut self.nodes[index];
        for Asked { spec, id, source } in asked {
            let param = match source {
                Source::Known(param) => param,
                Source::Again(earlier) => node.params[earlier],
                Source::New(value) => {
                    let param = self.params.len();
                    self.known.insert(id, (param, value.shape()));
                    let (path, WeightSpec { trainable, regularizer, .. }) = (format!("{}/{}", node.name, spec.name), spec);
                    self.params.push(Parameter { path, value, trainable, regularizer, id });
                    node.params.push(param);
                    continue;
                }
            };
            // Whoever freezes a shared parameter freezes it for all.
            self.params[param].trainable &= spec.trainable;
            node.params.push(param);
        }
        node.built = true;
    }

    /// A layer by its index and name, and by what it is where the name does not say so; in a model that is a layer of
    /// another, after the path to it.
    pub(super) fn scope(&self, index: usize, outer: Option<&Scope>) -> Scope {
        let node = &self.nodes[index];
        Scope::new(outer, index, &node.name, (node.layer.class_name(), node.layer.describe()), node.named_by_user)
    }

    /// A layer in the words of an error.
    pub(super) fn place(&self, index: usize) -> String {
        self.scope(index, None).to_string()
    }

    /// Whether the optimizer may change each parameter: it and all layers that have it learn.
    pub(crate) fn learning(&self) -> Vec<bool> {
        let mut learning: Vec<bool> = self.params.iter().map(Parameter::trainable).collect();
        for node in self.nodes.iter().filter(|node| !node.trainable) {
            node.params.iter().for_each(|param| learning[*param] = false);
        }
        learning
    }

    /// Refuses data of other shapes than the model's.
    pub(crate) fn check_inputs(&self, x: &[Shape]) -> Result<()> {
        let expected = self.input_shapes().ok_or_else(not_built)?;
        if expected.len() != x.len() {
            return Err(Error::data(format!("the model has {} inputs ({}), got {}", expected.len(), self.inputs.join(", "), x.len())));
        }
        for ((expected, x), name) in expected.iter().zip(x).zip(&self.inputs) {
            if !expected.accepts(x) {
                let what = if self.inputs.len() == 1 { "x" } else { name };
                let error = Error::shape(format!("{what}: expected {expected}, got {x}"));
                let as_batch = Shape::new(&[&[1], x.dims()].concat());
                return Err(if as_batch.is_ok_and(|batch| expected.accepts(&batch)) {
                    error.hint("this is one example: a batch has a first axis that counts them, which `batch` makes in a pipeline")
                } else {
                    error
                });
            }
        }
        Ok(())
    }

    pub(crate) fn output_shapes(&self) -> Result<Vec<&PartialShape>> {
        let shapes: Option<Vec<&PartialShape>> = self.outputs.iter().map(|value| self.shape(*value)).collect();
        shapes.ok_or_else(not_built)
    }

    pub(crate) fn param_count(&self) -> Result<ParamCount> {
        self.output_shapes()?;
        let mut count = ParamCount::default();
        for (param, learns) in self.params.iter().zip(self.learning()) {
            let size = param.value.len();
            count.total += size;
            *if learns { &mut count.trainable } else { &mut count.non_trainable } += size;
        }
        Ok(count)
    }

    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        let found = self.names.get(name).copied();
        found.ok_or_else(|| Error::unknown("layer", name, self.nodes.iter().map(|node| &node.name)))
    }

    pub(crate) fn set_trainable(&mut self, index: usize, trainable: bool) {
        self.nodes[index].trainable = trainable;
    }

    pub(crate) fn set_weights(&mut self, weights: &[Tensor]) -> Result<()> {
        if weights.len() != self.params.len() {
            let error = Error::shape(format!("the model has {} parameters, got {} tensors", self.params.len(), weights.len()));
            return Err(if self.is_built() { error } else { error.hint("the model is not built yet: call `build` first") });
        }
        for (param, weight) in self.params.iter().zip(weights) {
            param.check(weight)?;
        }
        self.params.iter_mut().zip(weights).for_each(|(param, weight)| param.value = weight.clone());
        Ok(())
    }

    pub(crate) fn set_weight(&mut self, path: &str, value: Tensor) -> Result<()> {
        let Some(index) = self.params.iter().position(|param| param.path == path) else {
            return Err(Error::unknown("parameter", path, self.params.iter().map(|param| &param.path)));
        };
        self.params[index].check(&value)?;
        self.params[index].value = value;
        Ok(())
    }
}

pub(crate) fn not_built() -> Error {
    Error::state("the model is not built: the shape of its input is unknown").hint("add an Input first, or call `build`, or fit it")
}
