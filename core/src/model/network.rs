//! The layers of a model and their parameters.

use std::ops::Range;
use std::sync::Arc;

use crate::autodiff::{Tape, Var};
use crate::layers::{Build, Call, Effects, Layer, LayerSpec, default_name};
use crate::regularizers::Regularizer;
use crate::rng::Key;
use crate::{Error, MAX_RANK, PartialShape, Result, Shape, Tensor};

/// A layer in its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) layer: Box<dyn Layer>,
    pub(crate) trainable: bool,
    /// Which parameters are its own.
    pub(crate) params: Range<usize>,
    /// The shape that comes out, once it is built.
    pub(crate) output: Option<PartialShape>,
    named_by_user: bool,
}

/// A tensor that the optimizer may change.
#[derive(Clone, Debug)]
pub struct Parameter {
    path: String,
    value: Tensor,
    trainable: bool,
    regularizer: Option<Regularizer>,
}

impl Parameter {
    /// The layer's name and its own: `dense/kernel`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its value.
    pub fn value(&self) -> &Tensor {
        &self.value
    }

    pub(crate) fn value_mut(&mut self) -> &mut Tensor {
        &mut self.value
    }

    /// Takes a value that was computed for it.
    pub(crate) fn update(&mut self, value: &[f32]) {
        self.value.make_mut().copy_from_slice(value);
    }
}

/// How many parameters a model has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParamCount {
    /// All of them.
    pub total: usize,
    /// Those that learn.
    pub trainable: usize,
    /// Those that do not.
    pub non_trainable: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Network {
    nodes: Vec<Node>,
    params: Vec<Parameter>,
    /// The shape of the input, once it is known.
    input: Option<PartialShape>,
}

impl Network {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.params
    }

    pub(crate) fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.params
    }

    pub(crate) fn input_shape(&self) -> Option<&PartialShape> {
        self.input.as_ref()
    }

    /// Adds a layer behind the last one, and builds it where the shape of its input is known.
    pub(crate) fn push(&mut self, spec: LayerSpec, seed: u64) -> Result<()> {
        if let (true, Some(shape)) = (self.nodes.is_empty() && self.input.is_none(), spec.layer.declared_input()) {
            self.input = Some(shape.clone());
            return Ok(());
        }
        let named_by_user = spec.name.is_some();
        let name = match spec.name {
            Some(name) => name,
            None => self.free_name(&default_name(spec.layer.class_name())),
        };
        if let Some(taken) = self.nodes.iter().position(|node| node.name == name) {
            return Err(Error::argument(format!("layer {} is called `{name}`, as layer {taken} is", self.nodes.len()))
                .hint("names are unique within a model"));
        }
        if name.is_empty() || name.contains('/') {
            return Err(Error::argument(format!("`{name}` is no name for a layer: it must not be empty or contain /")));
        }
        let params = self.params.len()..self.params.len();
        self.nodes.push(Node { name, layer: spec.layer, trainable: spec.trainable, params, output: None, named_by_user });
        if self.input.is_some() { self.build_node(self.nodes.len() - 1, seed) } else { Ok(()) }
    }

    fn free_name(&self, base: &str) -> String {
        let taken = |name: &str| self.nodes.iter().any(|node| node.name == name);
        let numbered = (1..).map(|number| format!("{base}_{number}"));
        std::iter::once(base.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Builds all layers, or checks that the shape is that for which they are built.
    pub(crate) fn build(&mut self, input: &PartialShape, seed: u64) -> Result<()> {
        if self.nodes.is_empty() {
            return Err(Error::state("the model has no layers").hint("add one or more"));
        }
        if let Some(built) = &self.input {
            let open = |(built, got): (&Option<usize>, &Option<usize>)| built.is_none() || got.is_none() || built == got;
            if built.rank() == input.rank() && built.dims().iter().zip(input.dims()).all(open) {
                return Ok(());
            }
            return Err(Error::shape(format!("the model was built for inputs of shape {built}, got {input}")));
        }
        // Only the batch of data is open; that of the model always is.
        self.input = Some(PartialShape::new([&[None], input.example()].concat()));
        (0..self.nodes.len()).try_for_each(|index| self.build_node(index, seed)).inspect_err(|_| self.unbuild())
    }

    fn unbuild(&mut self) {
        self.input = None;
        self.params.clear();
        self.nodes.iter_mut().for_each(|node| (node.params, node.output) = (0..0, None));
    }

    fn build_node(&mut self, index: usize, seed: u64) -> Result<()> {
        let input = match index.checked_sub(1) {
            Some(before) => self.nodes[before].output.clone(),
            None => self.input.clone(),
        };
        let Some(input) = input else { return Ok(()) };
        let key = Key::new(seed).fold_str("initial value").fold(index as u64);
        let mut drawn = Vec::new();
        let built = self.nodes[index].layer.build(&mut Build::new(key, &mut drawn), &input);
        let served = built.and_then(|output| match output.rank() {
            0..=MAX_RANK => Ok(output),
            axes => Err(Error::shape(format!("at most {MAX_RANK} axes are served, with the batch: {output} has {axes}"))),
        });
        let output = served.map_err(|error| {
            let error = error.context(self.place(index));
            match index.checked_sub(1) {
                Some(before) => error.note(format!("came from {}", self.place(before))),
                None => error.note("came from the input"),
            }
        })?;
        let node = &mut self.nodes[index];
        let first = self.params.len();
        self.params.extend(drawn.into_iter().map(|drawn| Parameter {
            path: format!("{}/{}", node.name, drawn.spec.name),
            value: drawn.value,
            trainable: drawn.spec.trainable,
            regularizer: drawn.spec.regularizer,
        }));
        node.params = first..self.params.len();
        node.output = Some(output);
        Ok(())
    }

    /// A layer in the words of an error: its number, its name if somebody gave it one, and what it is.
    fn place(&self, index: usize) -> String {
        let node = &self.nodes[index];
        let described = node.layer.describe();
        if described == node.layer.class_name() && !node.named_by_user {
            format!("layer {index} `{}`", node.name)
        } else {
            format!("layer {index} `{}` ({described})", node.name)
        }
    }

    /// Refuses data of another shape than the model's.
    pub(crate) fn check_input(&self, x: Shape) -> Result<()> {
        let expected = self.input.as_ref().ok_or_else(not_built)?;
        if expected.accepts(&x) { Ok(()) } else { Err(Error::shape(format!("x: expected {expected}, got {x}"))) }
    }

    pub(crate) fn output_shape(&self) -> Result<&PartialShape> {
        let last = self.nodes.last().and_then(|node| node.output.as_ref());
        last.or(self.input.as_ref().filter(|_| self.nodes.is_empty())).ok_or_else(not_built)
    }

    pub(crate) fn param_count(&self) -> Result<ParamCount> {
        self.output_shape()?;
        let mut count = ParamCount::default();
        for node in &self.nodes {
            for param in &self.params[node.params.clone()] {
                let size = param.value.len();
                count.total += size;
                *if node.trainable && param.trainable { &mut count.trainable } else { &mut count.non_trainable } += size;
            }
        }
        Ok(count)
    }

    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        let found = self.nodes.iter().position(|node| node.name == name);
        found.ok_or_else(|| Error::unknown("layer", name, self.nodes.iter().map(|node| &node.name)))
    }

    pub(crate) fn set_trainable(&mut self, index: usize, trainable: bool) {
        self.nodes[index].trainable = trainable;
    }

    pub(crate) fn set_weights(&mut self, weights: &[Tensor]) -> Result<()> {
        if weights.len() != self.params.len() {
            let error = Error::shape(format!("the model has {} parameters, got {} tensors", self.params.len(), weights.len()));
            return Err(if self.input.is_none() { error.hint("the model is not built yet: call `build` first") } else { error });
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

    /// Records what the model computes.
    pub(crate) fn record(&self, tape: &Tape, x: Var, pass: Pass) -> Result<Traced> {
        self.output_shape()?;
        self.check_input(x.shape())?;
        let mut weights = Vec::with_capacity(self.params.len());
        for node in &self.nodes {
            for (id, param) in self.params[node.params.clone()].iter().enumerate() {
                let learns = pass.learns && node.trainable && param.trainable;
                weights.push(tape.param(node.params.start + id, &param.value, learns));
            }
        }
        let effects = Effects::default();
        let (mut output, mut mask, mut updates) = (x, None, Vec::new());
        for (index, node) in self.nodes.iter().enumerate() {
            let place = self.place(index);
            tape.set_scope(Some(Arc::from(place.as_str())));
            let key = Key::new(pass.seed).fold_str("layer").fold(index as u64);
            let (masks, weights) = ([mask], &weights[node.params.clone()]);
            let (training, trainable) = (pass.training, node.trainable);
            let cx = Call { tape, weights, masks: &masks, training, trainable, key, effects: &effects };
            let x = output;
            output = node.layer.call(&cx, &x).map_err(|error| error.context(place.as_str()))?;
            mask = node.layer.compute_mask(&cx, &[x]).map_err(|error| error.context(place.as_str()))?;
            updates.extend(effects.updates.take().into_iter().map(|(param, value)| (node.params.start + param, value)));
            if let Some(promised) = node.output.as_ref().filter(|promised| !promised.accepts(&output.shape())) {
                return Err(Error::shape(format!("`build` promised {promised}, `call` gave {}", output.shape())).context(place));
            }
        }
        tape.set_scope(None);
        let mut penalties = effects.penalties.into_inner();
        for (param, variable) in self.params.iter().zip(&weights) {
            if let Some(regularizer) = param.regularizer {
                penalties.extend(regularizer.penalty(variable)?);
            }
        }
        Ok(Traced { output, mask, weights, penalties, updates })
    }
}

/// What a model is called for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// Whether layers do what they do only in training.
    pub(crate) training: bool,
    /// Whether gradients flow to the parameters.
    pub(crate) learns: bool,
    pub(crate) seed: u64,
}

/// What a model computes, on a tape: see [`Model::call`](super::Model::call).
#[derive(Debug)]
#[non_exhaustive]
pub struct Traced {
    /// What comes out of the last layer.
    pub output: Var,
    /// Which time steps of it count, where not all do.
    pub mask: Option<Var>,
    /// The parameters, in the order of [`Model::parameters`](super::Model::parameters).
    pub weights: Vec<Var>,
    /// What layers and regularizers add to the loss: the penalties of activities first, then those of parameters.
    pub penalties: Vec<Var>,
    /// Parameters that the optimizer does not change, by their place, and the values they take behind this step: the moving
    /// statistics of BatchNormalization.
    pub updates: Vec<(usize, Var)>,
}

impl Traced {
    /// A loss and all penalties.
    ///
    /// # Errors
    /// The operations fail.
    pub fn with_penalties(&self, loss: Var) -> Result<Var> {
        self.penalties.iter().try_fold(loss, |total, penalty| total.add(penalty))
    }

    /// The gradient of a single number by each parameter, as
    /// [`apply_gradients`](super::Model::apply_gradients) takes them; `None` for parameters that do not learn.
    ///
    /// # Errors
    /// More than a single number, or an operation that fails.
    pub fn gradients(&self, loss: &Var) -> Result<Vec<Option<Tensor>>> {
        let gradients = loss.backward()?;
        self.weights.iter().map(|weight| weight.needs_gradient().then(|| gradients.of(weight)).transpose()).collect()
    }
}

impl Parameter {
    fn check(&self, value: &Tensor) -> Result<()> {
        if value.shape() == self.value.shape() {
            return Ok(());
        }
        Err(Error::shape(format!("parameter `{}` has the shape {}, got {}", self.path, self.value.shape(), value.shape())))
    }
}

pub(crate) fn not_built() -> Error {
    Error::state("the model is not built: nobody has said what its input looks like").hint("add an Input first, or call `build`, or fit it")
}
