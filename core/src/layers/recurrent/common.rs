//! What all recurrent layers have in common.

use serde::{Deserialize, Serialize};

use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::kernel::rnn::Cell;
use crate::layers::shared::check_count;
use crate::layers::{Activation, Build, Call, Weight, WeightSpec};
use crate::ops::Recurrence;
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result, Tensor};

/// Options by Keras' names, and the handles of the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Common {
    pub(super) units: usize,
    #[serde(default = "tanh")]
    pub(super) activation: Activation,
    #[serde(default = "yes")]
    pub(super) use_bias: bool,
    #[serde(default)]
    pub(super) kernel_initializer: Initializer,
    #[serde(default = "orthogonal")]
    pub(super) recurrent_initializer: Initializer,
    #[serde(default = "zeros")]
    pub(super) bias_initializer: Initializer,
    #[serde(default)]
    pub(super) kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    pub(super) recurrent_regularizer: Option<Regularizer>,
    #[serde(default)]
    pub(super) bias_regularizer: Option<Regularizer>,
    #[serde(default)]
    pub(super) activity_regularizer: Option<Regularizer>,
    #[serde(default)]
    pub(super) dropout: f32,
    #[serde(default)]
    pub(super) recurrent_dropout: f32,
    #[serde(default)]
    pub(super) return_sequences: bool,
    #[serde(default)]
    pub(super) return_state: bool,
    #[serde(default)]
    pub(super) go_backwards: bool,
    #[serde(default)]
    pub(super) stateful: bool,
    #[serde(default)]
    pub(super) zero_output_for_mask: bool,
    #[serde(skip)]
    weights: [Weight; 3],
}

pub(super) fn yes() -> bool {
    true
}

fn tanh() -> Activation {
    Activation::Tanh
}

pub(super) fn sigmoid() -> Activation {
    Activation::Sigmoid
}

fn orthogonal() -> Initializer {
    Initializer::ORTHOGONAL
}

fn zeros() -> Initializer {
    Initializer::Zeros
}

impl Common {
    pub(super) fn new(units: usize) -> Self {
        Self {
            units,
            activation: Activation::Tanh,
            use_bias: true,
            kernel_initializer: Initializer::GlorotUniform,
            recurrent_initializer: orthogonal(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            recurrent_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            dropout: 0.0,
            recurrent_dropout: 0.0,
            return_sequences: false,
            return_state: false,
            go_backwards: false,
            stateful: false,
            zero_output_for_mask: false,
            weights: [Weight::default(); 3],
        }
    }

    pub(super) fn recurrence(&self, cell: Cell, recurrent_activation: Activation) -> Recurrence {
        Recurrence {
            cell,
            activation: self.activation,
            recurrent_activation,
            both: false,
            go_backwards: self.go_backwards,
            sequences: self.return_sequences,
            states: self.return_state,
            zero_masked: self.zero_output_for_mask,
            bias: self.use_bias,
            masked: false,
            drops: false,
            given_states: false,
        }
    }

    fn check(&self, recurrence: &Recurrence) -> Result<()> {
        check_count("units", self.units)?;
        for (name, rate) in [("dropout", self.dropout), ("recurrent_dropout", self.recurrent_dropout)] {
            if !(0.0..1.0).contains(&rate) {
                return Err(Error::argument(format!("{name} must be in [0, 1), got {rate}")));
            }
        }
        for (name, activation) in [("activation", self.activation), ("recurrent_activation", recurrence.recurrent_activation)] {
            activation.check().map_err(|error| error.context(name))?;
            if matches!(activation, Activation::Softmax | Activation::LogSoftmax) {
                return Err(Error::argument(format!("{name} must work on each number by itself, got {activation}")));
            }
        }
        if self.stateful {
            return Err(Error::argument("stateful is not served: states do not stay from batch to batch")
                .hint("ask for them with return_state, and give them to the next call as inputs after the sequence"));
        }
        self.activity_regularizer.map_or(Ok(()), |regularizer| regularizer.check())
    }

    /// Asks for the weights and says which shapes come out.
    pub(super) fn build(
        &mut self,
        cx: &mut Build<'_>,
        inputs: &[PartialShape],
        recurrence: &Recurrence,
        forget_bias: bool,
    ) -> Result<Vec<PartialShape>> {
        self.check(recurrence)?;
        let (cell, units) = (recurrence.cell, self.units);
        let (batch, steps, features) = match inputs.first().map(PartialShape::dims) {
            Some(&[batch, steps, Some(features)]) if features > 0 => (batch, steps, features),
            _ => {
                let got = inputs.first().map_or_else(|| "nothing".to_owned(), ToString::to_string);
                return Err(Error::shape(format!("expected (batch, steps, features) with a known number of features, got {got}"))
                    .hint("give each step an axis of features: an Embedding, a Reshape, or a recurrent layer with return_sequences"));
            }
        };
        if inputs.len() != 1 && inputs.len() != 1 + cell.states() {
            let states = cell.states();
            return Err(Error::argument(format!(
                "the layer takes a sequence, and with it none or {states} initial states, got {}",
                inputs.len() - 1
            )));
        }
        if let Some(state) = inputs[1..].iter().find(|state| !matches!(state.dims(), [_, Some(got)] if *got == units)) {
            return Err(Error::shape(format!("an initial state of {units} units must be (batch, {units}), got {state}")));
        }
        let across =
            cell.gates().checked_mul(units).ok_or_else(|| Error::argument(format!("{units} units are more than memory can hold")))?;
        let kernel = WeightSpec::new("kernel", &[features, across]).initializer(self.kernel_initializer.clone());
        let recurrent = WeightSpec::new("recurrent_kernel", &[units, across]).initializer(self.recurrent_initializer.clone());
        self.weights[0] = cx.weight(kernel.regularizer(self.kernel_regularizer))?;
        self.weights[1] = cx.weight(recurrent.regularizer(self.recurrent_regularizer))?;
        if self.use_bias {
            let sizes = [cell.biases(), across];
            let bias = WeightSpec::new("bias", if sizes[0] == 1 { &sizes[1..] } else { &sizes });
            let mut bias = bias.initializer(self.bias_initializer.clone()).regularizer(self.bias_regularizer);
            if forget_bias {
                let mut value = cx.initial(&bias)?;
                value.make_mut()[units..2 * units].fill(1.0);
                bias = bias.value(value);
            }
            self.weights[2] = cx.weight(bias)?;
        }
        let output = if self.return_sequences { vec![batch, steps, Some(units)] } else { vec![batch, Some(units)] };
        let states = if self.return_state { cell.states() } else { 0 };
        let state = || PartialShape::new([batch, Some(units)]);
        Ok(std::iter::once(PartialShape::new(output)).chain(std::iter::repeat_with(state).take(states)).collect())
    }

    /// The weights as variables.
    pub(super) fn variables(&self, cx: &Call<'_>) -> Result<Vec<Var>> {
        self.weights.iter().take(if self.use_bias { 3 } else { 2 }).map(|weight| cx.weight(*weight)).collect()
    }

    /// Whether something is dropped in this call.
    pub(super) fn drops(&self, cx: &Call<'_>) -> bool {
        cx.training() && (self.dropout > 0.0 || self.recurrent_dropout > 0.0)
    }

    /// Whether the output has a penalty.
    pub(super) fn has_penalty(&self) -> bool {
        self.activity_regularizer.is_some()
    }

    /// Records the operation: the output, and the states where they are asked for.
    pub(super) fn call(&self, cx: &Call<'_>, inputs: &[Var], mut recurrence: Recurrence) -> Result<Vec<Var>> {
        let [x, states @ ..] = inputs else { return Err(Error::argument("the layer takes a sequence, got nothing")) };
        let &[batch, steps, features] = x.shape().dims() else {
            return Err(Error::shape(format!("expected [batch, steps, features], got {}", x.shape())));
        };
        let ones = |width: usize| Ok::<_, Error>(cx.constant(Tensor::ones([batch, width])?));
        // The same masks for all steps (Gal and Ghahramani, 2016); those of the state are one for each gate, as in Keras.
        let mut x = x.clone();
        if cx.training() && self.dropout > 0.0 {
            x = x.mul(&ones(features)?.dropout(self.dropout, cx.key("dropout"))?.expand_dims(1)?)?;
        }
        recurrence.drops = cx.training() && self.recurrent_dropout > 0.0;
        let keep = match recurrence.drops {
            true => Some(ones(recurrence.cell.gates() * self.units)?.dropout(self.recurrent_dropout, cx.key("recurrent dropout"))?),
            false => None,
        };
        recurrence.masked = cx.mask(0).is_some();
        recurrence.given_states = !states.is_empty();
        let weights = self.variables(cx)?;
        let all: Vec<&Var> = [&x].into_iter().chain(&weights).chain(cx.mask(0)).chain(&keep).chain(states).collect();
        let y = recurrence.apply(&all)?;
        let mut outputs = vec![y];
        if self.return_state {
            let (y, count) = (outputs.remove(0), recurrence.cell.states());
            let rows = y.shape()[1] - count;
            outputs.push(if self.return_sequences { y.slice(1, 0..steps)? } else { y.index(1, 0)? });
            for state in 0..count {
                outputs.push(y.index(1, rows + state)?);
            }
        }
        cx.regularize_activity(self.activity_regularizer, &outputs[0])?;
        Ok(outputs)
    }
}

/// The options that every recurrent layer takes, and what follows from them: the type has `common` and a method `kind`.
macro_rules! recurrent_layer {
    ($layer:ident, $class:literal) => {
        impl $layer {
            pub(in crate::layers) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }

            $crate::layers::shared::options! { self.common;
                /// What is applied to the candidate, and to the output where the cell does so.
                activation: impl Into<Activation>,
                /// Whether there is a bias.
                use_bias: bool,
                /// How the kernel begins.
                kernel_initializer: Initializer,
                /// How the recurrent kernel begins.
                recurrent_initializer: Initializer,
                /// How the bias begins.
                bias_initializer: Initializer,
                /// A penalty on the kernel.
                kernel_regularizer: Regularizer,
                /// A penalty on the recurrent kernel.
                recurrent_regularizer: Regularizer,
                /// A penalty on the bias.
                bias_regularizer: Regularizer,
                /// A penalty on the output, divided by the size of the batch.
                activity_regularizer: Regularizer,
                /// Drops features of the input while training, the same ones in all steps of an example. The rate is in [0, 1).
                dropout: f32,
                /// Drops units of the state where it is multiplied by the recurrent kernel while training, others for each gate,
                /// the same ones in all steps of an example. The rate is in [0, 1).
                recurrent_dropout: f32,
                /// Whether to give the outputs of all steps, `(batch, steps, units)`, and not just the last one.
                return_sequences: bool,
                /// Whether to give the last states after the output, `(batch, units)` each.
                return_state: bool,
                /// Whether to read the steps from the last to the first, and to give the outputs in that order.
                go_backwards: bool,
                /// Whether a step that does not count has an output of zeros instead of the one before.
                zero_output_for_mask: bool,
            }
        }

        impl Layer for $layer {
            $crate::layers::shared::class!($class);

            fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                only_output(self.build_many(cx, std::slice::from_ref(input))?)
            }

            fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
                only_output(self.call_many(cx, std::slice::from_ref(x))?)
            }

            fn build_many(&mut self, cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
                let (recurrence, forget_bias) = (self.recurrence(), self.forget_bias());
                self.common.build(cx, inputs, &recurrence, forget_bias)
            }

            fn call_many(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
                self.common.call(cx, inputs, self.recurrence())
            }

            fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
                Ok(cx.mask(0).filter(|_| self.common.return_sequences).cloned())
            }

            fn as_recurrent(&self) -> Option<&dyn Recurrent> {
                Some(self)
            }

            fn describe(&self) -> String {
                format!("{} {}", $class, self.common.units)
            }
        }

        impl Recurrent for $layer {
            fn go_backwards(&self) -> bool {
                self.common.go_backwards
            }

            fn return_sequences(&self) -> bool {
                self.common.return_sequences
            }

            fn return_state(&self) -> bool {
                self.common.return_state
            }

            fn states(&self) -> usize {
                self.recurrence().cell.states()
            }

            fn directed(&self, go_backwards: bool, zero_output_for_mask: bool) -> Box<dyn Recurrent> {
                Box::new(self.clone().go_backwards(go_backwards).zero_output_for_mask(zero_output_for_mask))
            }

            fn plan(&self) -> Option<Plan> {
                Some(Plan { recurrence: self.recurrence(), common: self.common.clone() })
            }
        }
    };
}
pub(super) use recurrent_layer;

/// What comes out where only one thing may.
pub(in crate::layers) fn only_output<T>(mut outputs: Vec<T>) -> Result<T> {
    match outputs.pop() {
        Some(output) if outputs.is_empty() => Ok(output),
        _ => Err(Error::argument(format!("the layer has {} outputs here, where one is expected", outputs.len() + 1))
            .hint("leave out return_state and the merge mode none, or call the layer where several outputs are served")),
    }
}
