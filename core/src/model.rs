//! Models: layers, their parameters, and the training loop.

mod callback;
mod compiled;
mod eager;
mod evaluate;
mod fit;
mod functional;
mod history;
mod logs;
mod nested;
mod network;
mod non_finite;
mod objective;
mod options;
mod parameter;
mod profile;
mod programs;
mod progress;
mod registry;
mod sequential;
mod state;
mod summary;
mod trace;

use std::sync::Mutex;

pub use callback::{Callback, Context, IntoCallbacks, Monitor};
pub use compiled::StepLogs;
pub use functional::Graph;
pub use history::History;
pub use logs::Logs;
pub(crate) use nested::layers_within;
pub(crate) use network::Network;
use network::initial_values;
pub use non_finite::NonFinite;
pub use options::{Fit, IntoClassWeights, Verbose};
pub use parameter::{ParamCount, Parameter};
pub use profile::{Part, Profile};
pub use progress::Progress;
pub use registry::CompileRegistry;
pub use sequential::Sequential;
pub use state::State;
pub use summary::Summary;
#[cfg(feature = "plot")]
pub(crate) use summary::thousands;
pub use trace::Traced;

use self::compiled::Compiled;
use self::evaluate::Runner;
use self::objective::{Objective, Scores};
use crate::config::check_finite;
use crate::data::Batch;
use crate::layers::LayerSpec;
use crate::losses::{IntoLosses, Loss};
use crate::metrics::{Direction, IntoMetricLists, Metric};
use crate::optimizers::{IntoOptimizer, Optimizer, set_rate};
use crate::rng::DEFAULT_SEED;
use crate::{Cpu, Error, PartialShape, Result, Tensor};

/// Layers with their parameters, which can be trained, evaluated and asked for predictions.
///
/// Made by [`Sequential`], or by [`Model::new`] from layers that are called on each other. A model is `Send + Sync`: [`predict`](Model::predict) takes `&self`, and may be called from many
/// threads at once.
#[derive(Debug)]
pub struct Model {
    name: String,
    network: Network,
    cpu: Cpu,
    seed: u64,
    compiled: Option<Compiled>,
    runner: Runner,
    /// The batch of [`train_on_batch`](Model::train_on_batch), kept for the next.
    scratch: Batch,
    /// For which step the last tape was handed out, and how many were before for this step.
    tapes: Mutex<(u64, u64)>,
    /// What went wrong while layers were added, to be told by the next method that can fail.
    pending: Option<Error>,
}

/// Where no tape was handed out: for a step that no training reaches.
const NO_TAPE: (u64, u64) = (u64::MAX, 0);

impl Clone for Model {
    /// The same model, its optimizer's state included. The values of parameters are shared until one of the two changes them.
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            network: self.network.duplicate(),
            cpu: self.cpu.clone(),
            seed: self.seed,
            compiled: self.compiled.clone(),
            runner: Runner::default(),
            scratch: Batch::default(),
            tapes: Mutex::new(NO_TAPE),
            pending: self.pending.clone(),
        }
    }
}

impl Model {
    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            network: Network::default(),
            cpu: Cpu::default(),
            seed: DEFAULT_SEED,
            compiled: None,
            runner: Runner::default(),
            scratch: Batch::default(),
            tapes: Mutex::new(NO_TAPE),
            pending: None,
        }
    }

    fn push(&mut self, spec: LayerSpec) {
        if self.pending.is_none() {
            self.pending = self.network.push(spec, initial_values(self.seed)).err();
            self.forget_programs();
        }
    }

    pub(crate) fn check_pending(&self) -> Result<()> {
        self.pending.clone().map_or(Ok(()), Err)
    }

    /// Builds the layers for inputs of this shape, batch first, where they are not built yet.
    ///
    /// # Errors
    /// A shape that a layer cannot serve: the error names the layer, what it got and what it expects.
    pub fn build(&mut self, input: &PartialShape) -> Result<()> {
        self.check_pending()?;
        self.network.build(std::slice::from_ref(input), self.seed)
    }

    /// Says how the model learns: an optimizer, a loss and metrics, each by name or as a value with options.
    ///
    /// A model with several outputs takes one loss for all or one for each ([`Losses`](crate::losses::Losses) with weights), and
    /// metrics for all or for each ([`PerOutput`](crate::metrics::PerOutput)).
    ///
    /// The state of an earlier optimizer is forgotten.
    ///
    /// # Errors
    /// A name that does not exist, or an option outside its range.
    pub fn compile(&mut self, optimizer: impl IntoOptimizer, loss: impl IntoLosses, metrics: impl IntoMetricLists) -> Result<()> {
        self.check_pending()?;
        self.compile_parts(optimizer.into_optimizer()?, loss.into_losses()?, metrics.into_metric_lists()?)
    }

    fn compile_parts(
        &mut self,
        optimizer: Box<dyn Optimizer>,
        losses: Vec<(Box<dyn Loss>, f32)>,
        metrics: Vec<Vec<Box<dyn Metric>>>,
    ) -> Result<()> {
        self.check_pending()?;
        let (objective, outputs) = (Objective::new(losses)?, self.network.output_names());
        objective.check(&outputs)?;
        let scores = Scores::new(metrics, &outputs)?;
        let compiled = Compiled::new(optimizer, objective, scores)?;
        check_finite(compiled.optimizer().class_name(), &compiled.optimizer().config())?;
        compiled.objective().losses().try_for_each(|(loss, _)| check_finite(loss.class_name(), &loss.config()))?;
        let mut metrics = compiled.scores().metrics(outputs.len()).into_iter().flatten();
        metrics.try_for_each(|metric| check_finite(metric.class_name(), &metric.config()))?;
        self.compiled = Some(compiled);
        self.runner.forget();
        Ok(())
    }

    pub(crate) fn compiled(&self) -> Result<&Compiled> {
        self.compiled.as_ref().ok_or_else(not_compiled)
    }

    fn compiled_mut(&mut self) -> Result<&mut Compiled> {
        self.compiled.as_mut().ok_or_else(not_compiled)
    }

    /// Where the random numbers of this model begin: initial values, the order of examples, dropout. 42 if not set.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The threads and instructions to compute with.
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// Sets the threads and instructions to compute with. They change no result, but for [`Simd::Portable`](crate::Simd),
    /// which rounds twice where the others round once.
    pub fn set_cpu(&mut self, cpu: Cpu) {
        self.cpu = cpu;
    }

    /// The name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the layers, from input to output.
    pub fn layer_names(&self) -> Vec<&str> {
        self.network.nodes().iter().map(|node| node.name.as_str()).collect()
    }

    /// The shape of what comes out, batch first; of the first output, where there are several.
    ///
    /// # Errors
    /// The model is not built yet.
    pub fn output_shape(&self) -> Result<PartialShape> {
        Ok(self.output_shapes()?.swap_remove(0))
    }

    /// The shapes of all outputs, batch first.
    ///
    /// # Errors
    /// The model is not built yet.
    pub fn output_shapes(&self) -> Result<Vec<PartialShape>> {
        self.check_pending()?;
        Ok(self.network.output_shapes()?.into_iter().cloned().collect())
    }

    /// The shapes of all inputs, batch first.
    ///
    /// # Errors
    /// The model is not built yet.
    pub fn input_shapes(&self) -> Result<Vec<PartialShape>> {
        self.check_pending()?;
        let shapes = self.network.input_shapes().ok_or_else(network::not_built)?;
        Ok(shapes.into_iter().cloned().collect())
    }

    /// The names of the inputs.
    pub fn input_names(&self) -> Vec<&str> {
        self.network.input_names().iter().map(String::as_str).collect()
    }

    /// The names of the outputs: those of the layers that make them.
    pub fn output_names(&self) -> Vec<&str> {
        self.network.output_names()
    }

    /// Names the model.
    pub fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// How many parameters there are. [`summary`](Model::summary) tells how many of them learn.
    ///
    /// # Errors
    /// The model is not built yet.
    pub fn count_params(&self) -> Result<usize> {
        self.check_pending()?;
        Ok(self.network.param_count()?.total)
    }

    /// A layer by its name, or by its index from 0.
    ///
    /// # Errors
    /// No layer of that name, or fewer layers.
    pub fn get_layer<'n>(&self, which: impl Into<WhichLayer<'n>>) -> Result<LayerRef<'_>> {
        let index = match which.into() {
            WhichLayer::Name(name) => self.network.find(name)?,
            WhichLayer::Index(index) => index,
        };
        let layers = self.network.nodes().len();
        if index >= layers {
            return Err(Error::argument(format!("there is no layer {index}: the model has {layers}")));
        }
        Ok(LayerRef { network: &self.network, index })
    }

    /// All parameters, in the order of layers, with their paths.
    pub fn parameters(&self) -> &[Parameter] {
        self.network.parameters()
    }

    /// The values of all parameters, in the order of layers. They are shared, not copied.
    pub fn get_weights(&self) -> Vec<Tensor> {
        self.network.parameters().iter().map(|parameter| parameter.value().clone()).collect()
    }

    /// Sets the values of all parameters, in the order of layers.
    ///
    /// # Errors
    /// Another number of tensors, or one of another shape; then nothing is changed.
    pub fn set_weights(&mut self, weights: &[Tensor]) -> Result<()> {
        self.check_pending()?;
        self.network.set_weights(weights)
    }

    /// Sets the value of one parameter by its path, such as `dense/kernel`.
    ///
    /// # Errors
    /// No such parameter, or another shape.
    pub fn set_weight(&mut self, path: &str, value: Tensor) -> Result<()> {
        self.check_pending()?;
        self.network.set_weight(path, value)
    }

    /// Freezes a layer, or lets it learn again.
    ///
    /// # Errors
    /// No layer of that name.
    pub fn set_trainable(&mut self, layer: &str, trainable: bool) -> Result<()> {
        let index = self.network.find(layer)?;
        self.network.set_trainable(index, trainable);
        self.forget_programs();
        Ok(())
    }

    /// Freezes all layers.
    pub(crate) fn freeze(&mut self) {
        (0..self.network.nodes().len()).for_each(|index| self.network.set_trainable(index, false));
        self.forget_programs();
    }

    /// The model computes something else from now on.
    fn forget_programs(&mut self) {
        if let Some(compiled) = &mut self.compiled {
            compiled.forget_programs();
        }
        self.runner.forget();
    }

    /// The learning rate of the next step.
    ///
    /// # Errors
    /// The model is not compiled.
    pub fn learning_rate(&self) -> Result<f64> {
        Ok(self.compiled()?.learning_rate())
    }

    /// Sets a learning rate that stays until it is set again.
    ///
    /// # Errors
    /// The model is not compiled, or the rate is negative or not finite.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        set_rate(self.compiled_mut()?.optimizer_mut(), rate)
    }

    /// Which values of a log are better, if anything says so.
    pub(crate) fn direction(&self, log: &str) -> Option<Direction> {
        self.compiled.as_ref().and_then(|compiled| compiled.scores().direction(log))
    }

    /// The means of the epoch so far.
    pub(crate) fn running_logs(&self) -> Result<Logs> {
        Ok(self.compiled()?.scores().logs())
    }

    /// How many floats the buffers of training steps and predictions take: the largest so far, for each thread that ran one at the
    /// same time as others.
    pub fn workspace_len(&self) -> usize {
        self.runner.arena_len()
    }

    /// How many batches the optimizer has seen since [`compile`](Model::compile): as many as it made updates, unless it
    /// accumulates gradients.
    pub fn step(&self) -> u64 {
        self.compiled.as_ref().map_or(0, Compiled::step)
    }

    /// A table of layers, output shapes and parameters, as Keras prints it.
    ///
    /// # Errors
    /// The model is not built yet.
    pub fn summary(&self) -> Result<Summary> {
        self.check_pending()?;
        Summary::new(&self.name, &self.network)
    }
}

fn not_compiled() -> Error {
    Error::state("the model is not compiled").hint("call `compile` with an optimizer and a loss first")
}

/// How [`Model::get_layer`] is told which layer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum WhichLayer<'a> {
    /// The layer of this name.
    Name(&'a str),
    /// The layer with this index, counted from 0.
    Index(usize),
}

impl<'a> From<&'a str> for WhichLayer<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<&'a String> for WhichLayer<'a> {
    fn from(name: &'a String) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for WhichLayer<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A layer of a model.
#[derive(Clone, Copy, Debug)]
pub struct LayerRef<'a> {
    network: &'a Network,
    index: usize,
}

impl<'a> LayerRef<'a> {
    /// The layer's name.
    pub fn name(&self) -> &'a str {
        &self.network.nodes()[self.index].name
    }

    /// The kind of layer.
    pub fn class_name(&self) -> &'static str {
        self.network.nodes()[self.index].layer.class_name()
    }

    /// Whether it learns.
    pub fn trainable(&self) -> bool {
        self.network.nodes()[self.index].trainable
    }

    /// The shape that comes out of it, batch first: where it is called first, and of its first output.
    pub fn output_shape(&self) -> Option<&'a PartialShape> {
        self.network.outputs_of(self.index).and_then(|outputs| self.network.shape(outputs.start))
    }

    /// Its parameters.
    pub fn parameters(&self) -> Vec<&'a Parameter> {
        let params = self.network.parameters();
        self.network.nodes()[self.index].params.iter().map(|param| &params[*param]).collect()
    }

    /// The values of its parameters.
    pub fn get_weights(&self) -> Vec<Tensor> {
        self.parameters().into_iter().map(|parameter| parameter.value().clone()).collect()
    }
}
