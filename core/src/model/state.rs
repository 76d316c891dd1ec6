//! The state of a training by name: what `fit` needs to go on as if nothing had happened.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Model;
use super::compiled::Done;
use super::objective::Scores;
use crate::config::{class_and_config, is_custom, read_number, written};
use crate::optimizers;
use crate::schedules::Schedule;
use crate::{Error, Result, Shape, Tensor};

/// Values and tensors by name, which a file can hold: see [`Model::training_state`].
///
/// ```
/// use practicum_core::{Tensor, callbacks::State};
///
/// let mut inner = State::new();
/// inner.set("wait", 3);
/// inner.set_tensor("best", Tensor::from([1.0, 2.0]));
/// let mut state = State::new();
/// state.insert("callback", inner.clone());
/// assert_eq!(state.names(), ["callback/wait", "callback/best"]);
/// assert_eq!(state.get::<usize>("callback/wait")?, 3);
/// assert_eq!(state.part("callback"), inner);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub(crate) values: Map<String, Value>,
    pub(crate) tensors: BTreeMap<String, Tensor>,
}

impl State {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a value. A number that is not finite is kept as none: [`set_numbers`](State::set_numbers) keeps it.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// Keeps numbers, among them those that are not finite.
    pub fn set_numbers(&mut self, name: &str, numbers: &[f64]) {
        self.set(name, numbers.iter().map(|number| written(*number)).collect::<Vec<_>>());
    }

    /// Keeps a tensor.
    pub fn set_tensor(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// A value.
    ///
    /// # Errors
    /// There is none of that name, or one of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = self.values.get(name).ok_or_else(|| Error::format(format!("the state has no value `{name}`")))?;
        T::deserialize(value).map_err(|source| Error::format(format!("the state has {value} as `{name}`: {source}")))
    }

    /// What [`set_numbers`](State::set_numbers) kept.
    ///
    /// # Errors
    /// There are none of that name, or something else.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let values: Vec<Value> = self.get(name)?;
        let numbers: Option<Vec<f64>> = values.iter().map(read_number).collect();
        numbers.ok_or_else(|| Error::format(format!("the state has {} as `{name}`: expected numbers", Value::from(values))))
    }

    /// A tensor.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.tensors.get(name).ok_or_else(|| Error::format(format!("the state has no tensor `{name}`")))
    }

    /// The names of all values, then of all tensors.
    pub fn names(&self) -> Vec<&str> {
        self.values.keys().chain(self.tensors.keys()).map(String::as_str).collect()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.tensors.is_empty()
    }

    /// Takes another state in: `x` of it is `name/x` here.
    pub fn insert(&mut self, name: &str, inner: Self) {
        self.values.extend(inner.values.into_iter().map(|(key, value)| (format!("{name}/{key}"), value)));
        self.tensors.extend(inner.tensors.into_iter().map(|(key, tensor)| (format!("{name}/{key}"), tensor)));
    }

    /// What was taken in under a name.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        let inside = |key: &str| key.strip_prefix(name).and_then(|key| key.strip_prefix('/')).map(str::to_owned);
        let values = self.values.iter().filter_map(|(key, value)| Some((inside(key)?, value.clone())));
        let tensors = self.tensors.iter().filter_map(|(key, tensor)| Some((inside(key)?, tensor.clone())));
        Self { values: values.collect(), tensors: tensors.collect() }
    }
}

/// The state of a training, found to be of this model.
pub(super) struct Checked {
    rate: Schedule,
    weights: Vec<Tensor>,
    slots: Vec<Vec<Vec<f32>>>,
    scores: Scores,
    seed: u64,
    progress: Done,
}

impl Model {
    /// Everything that a training needs to go on: parameters, the optimizer's slots, step and learning rate, the order of
    /// batches, epochs and scores, by name.
    ///
    /// | name | what |
    /// |---|---|
    /// | `parameter/dense/kernel` | the value of a parameter |
    /// | `slot/dense/kernel/momentum` | what the optimizer keeps for it, by Keras' name for the slot |
    /// | `optimizer` | its class and options, the learning rate of this moment among them |
    /// | `step`, `epoch` | updates since `compile`, epochs done |
    /// | `pass`, `taken` | how often the data were begun, and how many batches of the present pass were taken |
    /// | `seed` | what the order of batches, dropout and noise are drawn by |
    /// | `score/accuracy/total` | what a metric has seen of the present epoch |
    ///
    /// [`State::save`] writes it to a file. [`set_training_state`](Model::set_training_state), or
    /// [`Fit::resume`](super::Fit::resume), which adds the callbacks' states, goes on from there.
    ///
    /// # Errors
    /// The model is not compiled or not built.
    pub fn training_state(&self) -> Result<State> {
        let mut state = self.state_of_parameters()?;
        let compiled = self.compiled()?;
        state.set("seed", self.seed);
        state.set("optimizer", optimizers::describe(compiled.optimizer()));
        compiled.progress.write(&mut state);
        let names: Vec<&str> = compiled.slots().iter().map(|slot| slot.name).collect();
        for (index, param) in self.parameters().iter().enumerate() {
            for (name, slot) in names.iter().zip(compiled.slots_of(index)) {
                state.set_tensor(&format!("slot/{}/{name}", param.path()), Tensor::new(param.value().shape(), slot.clone())?);
            }
        }
        for (score, metric) in compiled.scores().states() {
            for (list, numbers) in metric {
                state.set_numbers(&format!("score/{score}/{list}"), &numbers);
            }
        }
        Ok(state)
    }

    /// What the optimizer keeps for each parameter.
    #[cfg(feature = "keras")]
    pub(crate) fn optimizer_slots(&self) -> Result<Vec<crate::optimizers::Slot>> {
        Ok(self.compiled()?.slots())
    }

    /// The parameters alone, as they are named in a training's state.
    pub(crate) fn state_of_parameters(&self) -> Result<State> {
        self.output_shapes()?;
        let mut state = State::new();
        for param in self.parameters() {
            state.set_tensor(&format!("parameter/{}", param.path()), param.value().clone());
        }
        Ok(state)
    }

    /// Takes the state of a training of this model: see [`training_state`](Model::training_state). The next
    /// [`fit`](Model::fit) goes on with the batches that would have come next; say
    /// [`initial_epoch`](super::Fit::initial_epoch) to it.
    ///
    /// # Errors
    /// The model is not compiled or not built; the state is of another optimizer or model, or something is missing in it.
    /// Then nothing is changed.
    pub fn set_training_state(&mut self, state: &State) -> Result<()> {
        let checked = self.check_training_state(state)?;
        self.go_on_from(checked)
    }

    /// What a state holds, if it is of a training of this model.
    pub(super) fn check_training_state(&self, state: &State) -> Result<Checked> {
        self.output_shapes()?;
        let compiled = self.compiled()?;
        Ok(Checked {
            rate: learning_rate_of(state, &optimizers::describe(compiled.optimizer()))?,
            weights: self.parameters_of(state)?,
            slots: self.slots_of(state)?,
            scores: compiled.scores().with_states(&state.part("score"))?,
            seed: state.get("seed")?,
            progress: Done::read(state)?,
        })
    }

    pub(super) fn go_on_from(&mut self, state: Checked) -> Result<()> {
        self.network.set_weights(&state.weights)?;
        self.seed = state.seed;
        self.forget_programs();
        let compiled = self.compiled_mut()?;
        compiled.optimizer_mut().options_mut().learning_rate = state.rate;
        compiled.go_on_from(state.progress, state.slots, state.scores);
        Ok(())
    }

    pub(crate) fn parameters_of(&self, state: &State) -> Result<Vec<Tensor>> {
        let of_another = |message: String| {
            Error::format(message).hint("the state is of another model: build one with the same layers under the same names")
        };
        let known = |path: &str| self.parameters().iter().any(|param| param.path() == path);
        if let Some(stranger) = state.part("parameter").tensors.keys().find(|path| !known(path)) {
            return Err(of_another(format!("the state has a parameter `{stranger}` that the model `{}` lacks", self.name())));
        }
        let value = |param: &super::Parameter| {
            let (path, expected) = (param.path(), param.value().shape());
            let Ok(tensor) = state.tensor(&format!("parameter/{path}")) else {
                return Err(of_another(format!("the state lacks the parameter `{path}` of the model `{}`", self.name())));
            };
            if tensor.shape() != expected {
                return Err(of_another(format!("the parameter `{path}` has the shape {expected}, in the state {}", tensor.shape())));
            }
            Ok(tensor.clone())
        };
        self.parameters().iter().map(value).collect()
    }

    /// The slots of all parameters; none where no step was done.
    fn slots_of(&self, state: &State) -> Result<Vec<Vec<Vec<f32>>>> {
        let compiled = self.compiled()?;
        let (optimizer, names, given) = (compiled.optimizer(), compiled.slots(), state.part("slot"));
        if given.is_empty() && (names.is_empty() || state.get::<u64>("step")? == 0) {
            return Ok(Vec::new());
        }
        let known = |path: &str| {
            let (param, slot) = path.rsplit_once('/').unwrap_or(("", path));
            names.iter().any(|known| known.name == slot) && self.parameters().iter().any(|known| known.path() == param)
        };
        if let Some(stranger) = given.names().into_iter().find(|path| !known(path)) {
            let class = optimizer.class_name();
            let names = names.iter().map(|slot| slot.name).collect::<Vec<_>>().join(", ");
            return Err(Error::format(format!("the state has a slot `{stranger}`: {class} has {names}, for each parameter"))
                .hint("the state is of another optimizer or another model"));
        }
        let slot = |param: &super::Parameter, name: &str| -> Result<Vec<f32>> {
            let tensor = given.tensor(&format!("{}/{name}", param.path())).map_err(|error| error.context(optimizer.class_name()))?;
            let expected: Shape = param.value().shape();
            if tensor.shape() != expected {
                let message = format!("the slot `{}/{name}` has the shape {}, expected {expected}", param.path(), tensor.shape());
                return Err(Error::format(message));
            }
            Ok(tensor.to_vec())
        };
        self.parameters().iter().map(|param| names.iter().map(|name| slot(param, name.name)).collect()).collect()
    }
}

/// The learning rate of a state, if the state is of this optimizer.
fn learning_rate_of(state: &State, optimizer: &Value) -> Result<Schedule> {
    let there: Value = state.get("optimizer")?;
    let (class, config) = class_and_config("an optimizer", optimizer)?;
    let (of, options) = class_and_config("an optimizer", &there)?;
    let hint = "compile the model as the one that the state is of";
    if of != class || is_custom(&there) != is_custom(optimizer) {
        let [of, with] = [(of, &there), (class, optimizer)].map(|(class, described)| {
            if is_custom(described) { format!("custom optimizer {class}") } else { format!("optimizer {class}") }
        });
        return Err(Error::format(format!("the state is of the {of}, the model is compiled with the {with}")).hint(hint));
    }
    let none = Value::Null;
    for name in config.keys().chain(options.keys()).filter(|name| *name != "learning_rate") {
        let [here, there] = [&config, &options].map(|config| config.get(name).unwrap_or(&none));
        if here != there {
            return Err(
                Error::format(format!("the state is of {class} with {name} = {there}, the model is compiled with {here}")).hint(hint)
            );
        }
    }
    let Some(rate) = options.get("learning_rate") else {
        return Err(Error::format(format!("the options of the optimizer {class} lack `learning_rate`"))
            .hint("`Optimizer::config` writes all options, those of `Optimizer::options` among them"));
    };
    let rate = Schedule::from_config(rate).and_then(|rate| rate.check().map(|()| rate));
    rate.map_err(|error| error.context(format!("the optimizer {class}")))
}
