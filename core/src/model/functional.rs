//! Models from layers that were called on symbols, and the way back from a model to symbols.

use std::collections::HashMap;

use super::Model;
use super::network::{Network, initial_values};
use crate::layers::{IntoSymbols, LayerSpec, SharedLayer, Symbol};
use crate::rng::DEFAULT_SEED;
use crate::{Error, Result};

impl Model {
    /// A model of all layers between inputs and outputs: Keras' functional model.
    ///
    /// Layers are called on symbols with [`LayerExt::on`](crate::layers::LayerExt::on); there may be several inputs and outputs,
    /// branches that meet again, layers that are called more than once
    /// ([`SharedLayer`]), and models that are called like layers.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let input = Input::new([8]).symbol();
    /// let hidden = Dense::new(8).activation(Activation::Relu).on(&input);
    /// let (size, kind) =
    ///     (Dense::new(1).named("size").on(&hidden), Dense::new(3).named("kind").on(&hidden));
    /// let mut model = Model::new(&input, [&size, &kind])?;
    /// model.compile("adam", ["mse", "mae"], ())?;
    /// assert_eq!(model.output_names(), ["size", "kind"]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Inputs that are no [`Input`](crate::layers::Input), outputs that depend on inputs which are not given, a layer that
    /// cannot serve what it is called on, or two layers of one name.
    pub fn new(inputs: impl IntoSymbols, outputs: impl IntoSymbols) -> Result<Self> {
        Self::seeded(DEFAULT_SEED, inputs, outputs)
    }

    /// The same with another beginning of all random numbers: initial values, the order of examples, dropout.
    ///
    /// # Errors
    /// As [`new`](Model::new).
    pub fn seeded(seed: u64, inputs: impl IntoSymbols, outputs: impl IntoSymbols) -> Result<Self> {
        let (inputs, outputs) = (inputs.into_symbols(), outputs.into_symbols());
        let mut model = Self::empty("functional");
        model.seed = seed;
        model.network = Builder::new(&inputs, &outputs)?.build(seed)?;
        Ok(model)
    }

    /// Symbols for all that this model computes, to go on from: to cut it at a layer, to look at what is between, to put
    /// another head on it.
    ///
    /// The parameters of a model that is made of them begin with what they are in this one.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let trained = Sequential::new()
    ///     .add(Input::new([6]))
    ///     .add(Dense::new(4).activation(Activation::Relu).named("features"))
    ///     .add(Dense::new(2).named("head"));
    /// let graph = trained.graph()?;
    /// let head = Dense::new(5).on(graph.output_of("features")?);
    /// let mut model = Model::new(graph.inputs(), head)?;
    /// model.set_trainable("features", false)?;
    /// assert_eq!(
    ///     model.get_layer("features")?.get_weights(),
    ///     trained.get_layer("features")?.get_weights()
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not built yet.
    pub fn graph(&self) -> Result<Graph> {
        self.check_pending()?;
        Graph::of(&self.network)
    }

    /// A model that outputs what the named layers do, with the parameters as they are now: for pictures of features.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let model = Sequential::new().add(Input::new([6])).add(Dense::new(4)).add(Dense::new(2));
    /// let between = model.up_to(&["dense", "dense_1"])?;
    /// let outputs = between.predict_all(&Tensor::ones([1, 6])?)?;
    /// assert_eq!(
    ///     (outputs[0].shape().dims(), outputs[1].shape().dims()),
    ///     ([1, 4].as_slice(), [1, 2].as_slice())
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not built yet, or has no layer of that name.
    pub fn up_to(&self, layers: &[&str]) -> Result<Self> {
        let graph = self.graph()?;
        let outputs: Vec<Symbol> = layers.iter().map(|name| graph.output_of(name).cloned()).collect::<Result<_>>()?;
        let mut model = Self::seeded(self.seed, graph.inputs(), outputs)?;
        model.cpu = self.cpu.clone();
        Ok(model)
    }
}

/// The symbols of a model: see [`Model::graph`].
#[derive(Debug)]
pub struct Graph {
    inputs: Vec<Symbol>,
    outputs: Vec<Symbol>,
    /// The output of each layer where it is called first.
    layers: Vec<(String, Symbol)>,
}

impl Graph {
    fn of(network: &Network) -> Result<Self> {
        let shapes = network.input_shapes().ok_or_else(super::network::not_built)?;
        let input = |(name, shape): (&String, &crate::PartialShape)| {
            let mut spec = LayerSpec::from(crate::layers::Input::of_batches(shape.clone()));
            spec.name = Some(name.clone());
            SharedLayer::new(spec).on([] as [Symbol; 0])
        };
        let inputs: Vec<Symbol> = network.input_names().iter().zip(shapes).map(input).collect();
        let shared: Vec<SharedLayer> = (0..network.nodes().len()).map(|node| SharedLayer::new(network.spec_of(node))).collect();
        let (mut values, mut layers) = (inputs.clone(), Vec::new());
        for call in network.calls() {
            let taken: Vec<Symbol> = call.inputs.iter().map(|&input| values[input].clone()).collect();
            let first = shared[call.node].on(taken);
            let name = &network.nodes()[call.node].name;
            if layers.iter().all(|(known, _)| known != name) {
                layers.push((name.clone(), first.clone()));
            }
            values.extend(call.outputs.clone().map(|value| first.sibling(value - call.outputs.start)));
        }
        let outputs = network.outputs().iter().map(|&value| values[value].clone()).collect();
        Ok(Self { inputs, outputs, layers })
    }

    /// What goes into the model.
    pub fn inputs(&self) -> &[Symbol] {
        &self.inputs
    }

    /// What comes out of it.
    pub fn outputs(&self) -> &[Symbol] {
        &self.outputs
    }

    /// The output of a layer where it is called first.
    ///
    /// # Errors
    /// No layer of that name.
    pub fn output_of(&self, layer: &str) -> Result<&Symbol> {
        let found = self.layers.iter().find(|(name, _)| name == layer).map(|(_, symbol)| symbol);
        found.ok_or_else(|| Error::unknown("layer", layer, self.layers.iter().map(|(name, _)| name)))
    }
}

/// Puts calls into the order in which Keras lists layers: those farthest from the outputs first.
struct Builder<'a> {
    inputs: &'a [Symbol],
    outputs: &'a [Symbol],
    /// Every call once, in topological order.
    calls: Vec<&'a Symbol>,
    /// When a layer was met first on the way from the outputs.
    met: HashMap<usize, usize>,
}

impl<'a> Builder<'a> {
    fn new(inputs: &'a [Symbol], outputs: &'a [Symbol]) -> Result<Self> {
        if inputs.is_empty() || outputs.is_empty() {
            return Err(Error::argument(format!("a model has inputs and outputs, got {} and {}", inputs.len(), outputs.len())));
        }
        for (place, input) in inputs.iter().enumerate() {
            if input.layer().spec().layer.declared_input().is_none() || !input.inputs().is_empty() {
                return Err(Error::argument(format!("input {place} is the output of a layer: {input:?}"))
                    .hint("a model begins with `Input::new(shape).symbol()`"));
            }
            if inputs[..place].iter().any(|other| other.id() == input.id()) {
                return Err(Error::argument(format!("input {place} is given twice: {input:?}")));
            }
        }
        let mut builder = Self { inputs, outputs, calls: Vec::new(), met: HashMap::new() };
        builder.collect()?;
        Ok(builder)
    }

    /// Follows the calls from the outputs back, without recursion: graphs may be deep.
    fn collect(&mut self) -> Result<()> {
        let mut done: HashMap<usize, ()> = HashMap::new();
        for output in self.outputs {
            let mut path = vec![(output, 0)];
            while let Some((symbol, next)) = path.pop() {
                if next == 0 && done.contains_key(&symbol.id()) {
                    continue;
                }
                if next == 0 {
                    self.meet(symbol)?;
                }
                match symbol.inputs().get(next) {
                    Some(input) => path.extend([(symbol, next + 1), (input, 0)]),
                    None => {
                        done.insert(symbol.id(), ());
                        self.calls.push(symbol);
                    }
                }
            }
        }
        Ok(())
    }

    fn meet(&mut self, symbol: &Symbol) -> Result<()> {
        let number = self.met.len();
        self.met.entry(symbol.layer().id()).or_insert(number);
        if symbol.inputs().is_empty() && self.inputs.iter().all(|input| input.id() != symbol.id()) {
            return Err(Error::argument(format!("an output depends on an input that is not given: {symbol:?}"))
                .hint("give all inputs, each made by `Input::new(shape).symbol()`"));
        }
        Ok(())
    }

    /// How far each call, and each layer, is from the outputs, at most.
    fn depths(&self) -> (HashMap<usize, usize>, HashMap<usize, usize>) {
        let (mut calls, mut layers): (HashMap<usize, usize>, HashMap<usize, usize>) = Default::default();
        for symbol in self.calls.iter().rev() {
            let of_layer = layers.get(&symbol.layer().id()).copied().unwrap_or(0);
            let depth = calls.get(&symbol.id()).copied().unwrap_or(0).max(of_layer);
            calls.insert(symbol.id(), depth);
            layers.insert(symbol.layer().id(), depth);
            for input in symbol.inputs() {
                let known = calls.entry(input.id()).or_insert(0);
                *known = (*known).max(depth + 1);
            }
        }
        (calls, layers)
    }

    fn build(&self, seed: u64) -> Result<Network> {
        let (call_depths, layer_depths) = self.depths();
        let mut network = Network::default();
        let mut values: HashMap<(usize, usize), usize> = HashMap::new();
        let mut named = Vec::new();
        for (place, input) in self.inputs.iter().enumerate() {
            values.insert((input.id(), 0), place);
            let spec = input.layer().spec();
            let name = spec.name.clone().unwrap_or_else(|| numbered("input_layer", place));
            let Some(shape) = spec.layer.declared_input() else { continue };
            if named.iter().any(|(taken, _)| *taken == name) {
                return Err(Error::argument(format!("two inputs are called `{name}`")).hint("names are unique within a model"));
            }
            named.push((name, shape.clone()));
        }
        network.set_inputs(named);

        let mut layers: Vec<&SharedLayer> = Vec::new();
        for symbol in self.calls.iter().filter(|symbol| !symbol.inputs().is_empty()) {
            if layers.iter().all(|layer| layer.id() != symbol.layer().id()) {
                layers.push(symbol.layer());
            }
        }
        let order = |layer: &SharedLayer| (std::cmp::Reverse(layer_depths.get(&layer.id()).copied()), self.met.get(&layer.id()).copied());
        layers.sort_by_key(|layer| order(layer));
        let mut nodes = HashMap::new();
        for layer in layers {
            nodes.insert(layer.id(), network.add_node(layer.spec().share())?);
        }
        // Deeper calls first; a call never comes before one that it takes from, which is deeper.
        let mut calls: Vec<&&Symbol> = self.calls.iter().filter(|symbol| !symbol.inputs().is_empty()).collect();
        calls.sort_by_key(|symbol| (std::cmp::Reverse(call_depths.get(&symbol.id()).copied()), nodes.get(&symbol.layer().id()).copied()));
        for symbol in calls {
            let node = nodes[&symbol.layer().id()];
            let inputs = symbol.inputs().iter().map(|input| find(&values, input)).collect::<Result<Vec<_>>>()?;
            for (output, value) in network.add_call(node, &inputs, initial_values(seed))?.enumerate() {
                values.insert((symbol.id(), output), value);
            }
        }
        network.set_outputs(self.outputs.iter().map(|output| find(&values, output)).collect::<Result<_>>()?);
        Ok(network)
    }
}

fn find(values: &HashMap<(usize, usize), usize>, symbol: &Symbol) -> Result<usize> {
    values.get(&(symbol.id(), symbol.output())).copied().ok_or_else(|| {
        Error::argument(format!("{symbol:?}: the layer has no output {}", symbol.output())).hint("outputs are counted from 0")
    })
}

fn numbered(base: &str, place: usize) -> String {
    if place == 0 { base.to_owned() } else { format!("{base}_{place}") }
}
