use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Recurrent;
use super::common::only_output;
use crate::autodiff::Var;
use crate::layers::registry::{default_name, describe_within};
use crate::layers::{Build, Call, Config, Layer, Registry};
use crate::{Error, PartialShape, Result};

/// How the outputs of two directions become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MergeMode {
    /// Beside each other, in the last axis.
    #[default]
    Concat,
    /// Their sum.
    Sum,
    /// Their product.
    Mul,
    /// Their mean.
    Ave,
}

/// Runs a recurrent layer in both directions: a copy of it, with weights of its own, reads the steps from the last to the
/// first.
///
/// `(batch, steps, features)` → `(batch, 2·units)`, or `(batch, steps, 2·units)` where the layer gives sequences; the outputs of
/// the backward layer come in the order of time. Other merge modes keep `units`. Parameters: those of both layers, as in
/// `bidirectional/forward_lstm/kernel` and `bidirectional/backward_lstm/kernel`. Where a sequence is given, steps that a mask
/// leaves out have an output of zeros, as in Keras.
///
/// ```
/// use practicum_core::{Sequential, layers::{Bidirectional, GRU, Input, MergeMode}};
///
/// let layer = Bidirectional::new(GRU::new(32));
/// let model = Sequential::new().add(Input::new([120, 16])).add(layer);
/// assert_eq!(model.output_shape()?.to_string(), "(None, 64)");
/// assert_eq!(model.count_params()?, 9_600);
/// let layer = Bidirectional::new(GRU::new(32).return_sequences(true)).merge_mode(MergeMode::Sum);
/// let model = Sequential::new().add(Input::new([120, 16])).add(layer);
/// assert_eq!(model.output_shape()?.to_string(), "(None, 120, 32)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Bidirectional {
    forward: Box<dyn Recurrent>,
    backward: Box<dyn Recurrent>,
    merge_mode: Option<MergeMode>,
}

impl Bidirectional {
    /// Runs `layer`, and a copy of it the other way.
    pub fn new(layer: impl Recurrent) -> Self {
        Self::of(&layer, None)
    }

    fn of(layer: &dyn Recurrent, backward: Option<&dyn Recurrent>) -> Self {
        let directed = |layer: &dyn Recurrent, backwards| layer.directed(backwards, layer.return_sequences());
        let backward = backward.map_or_else(|| directed(layer, true), |backward| directed(backward, backward.go_backwards()));
        Self { forward: directed(layer, layer.go_backwards()), backward, merge_mode: Some(MergeMode::Concat) }
    }

    /// Another layer for the way back: it reads backwards, and gives sequences and states as the first one does.
    #[must_use]
    pub fn backward_layer(self, layer: impl Recurrent) -> Self {
        Self { merge_mode: self.merge_mode, ..Self::of(&*self.forward, Some(&layer)) }
    }

    /// How the two outputs become one; with `None` they are two outputs.
    #[must_use]
    pub fn merge_mode(mut self, merge_mode: impl Into<Option<MergeMode>>) -> Self {
        self.merge_mode = merge_mode.into();
        self
    }

    pub(in crate::layers) fn from_config(registry: &Registry, config: Config) -> Result<Box<dyn Layer>> {
        let make = |described: &Value| {
            let layer = registry.make_within(described)?;
            let class = layer.class_name();
            layer.as_recurrent().map(Recurrent::boxed_recurrent).ok_or_else(|| Error::format(format!("{class} is no recurrent layer")))
        };
        let layer = make(config.get("layer").unwrap_or(&Value::Null))?;
        let backward = config.get("backward_layer").filter(|layer| !layer.is_null()).map(make).transpose()?;
        let merge_mode = match config.get("merge_mode") {
            Some(mode) => serde_json::from_value(mode.clone()).map_err(|source| Error::format(format!("merge_mode: {source}")))?,
            None => Some(MergeMode::Concat),
        };
        Ok(Box::new(Self { merge_mode, ..Self::of(&*layer, backward.as_deref()) }))
    }

    fn check(&self) -> Result<()> {
        let [forward, backward] = [&self.forward, &self.backward];
        if forward.go_backwards() == backward.go_backwards() {
            let way = if forward.go_backwards() { "backwards" } else { "forwards" };
            return Err(Error::argument(format!("one layer has to read forwards and one backwards, both read {way}"))
                .hint("set go_backwards of the backward layer alone"));
        }
        for (option, values) in [
            ("return_sequences", [forward, backward].map(|layer| layer.return_sequences())),
            ("return_state", [forward, backward].map(|layer| layer.return_state())),
        ] {
            if values[0] != values[1] {
                return Err(Error::argument(format!(
                    "{option} is {} of the forward layer, {} of the backward layer",
                    values[0], values[1]
                )));
            }
        }
        Ok(())
    }

    fn names(&self) -> [String; 2] {
        [("forward", &self.forward), ("backward", &self.backward)].map(|(way, layer)| format!("{way}_{}", default_name(layer.class_name())))
    }

    /// Both directions as one operation, where they differ in nothing else.
    fn call_together(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
        let ([x], Some(forward), Some(backward)) = (inputs, self.forward.plan(), self.backward.plan()) else { return Ok(None) };
        let mut together = forward.recurrence;
        together.go_backwards = true;
        let alike = together == backward.recurrence && forward.common.units == backward.common.units;
        let plain = |common: &super::Common| !common.drops(cx) && !common.has_penalty();
        let one_way = forward.recurrence.go_backwards || forward.recurrence.states;
        if one_way || !alike || !plain(&forward.common) || !plain(&backward.common) {
            return Ok(None);
        }
        (together.both, together.go_backwards, together.masked) = (true, false, cx.mask(0).is_some());
        let (first, second) = (forward.common.variables(cx)?, backward.common.variables(cx)?);
        let all: Vec<&Var> = [x].into_iter().chain(&first).chain(&second).chain(cx.mask(0)).collect();
        together.apply(&all).map(Some)
    }

    fn merge(&self, forward: &Var, backward: &Var) -> Result<Vec<Var>> {
        Ok(match self.merge_mode {
            Some(MergeMode::Concat) => vec![Var::concat(&[forward, backward], -1)?],
            Some(MergeMode::Sum) => vec![forward.add(backward)?],
            Some(MergeMode::Mul) => vec![forward.mul(backward)?],
            Some(MergeMode::Ave) => vec![forward.add(backward)?.scale(0.5)?],
            None => vec![forward.clone(), backward.clone()],
        })
    }
}

fn missing() -> Error {
    Error::state("the recurrent layer within has no output")
}

impl Layer for Bidirectional {
    fn class_name(&self) -> &'static str {
        "Bidirectional"
    }

    fn config(&self) -> Config {
        Config::from_iter([
            ("layer".to_owned(), describe_within(&*self.forward)),
            ("backward_layer".to_owned(), describe_within(&*self.backward)),
            ("merge_mode".to_owned(), serde_json::to_value(self.merge_mode).unwrap_or_default()),
        ])
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        only_output(self.build_many(cx, std::slice::from_ref(input))?)
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        only_output(self.call_many(cx, std::slice::from_ref(x))?)
    }

    fn build_many(&mut self, cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        self.check()?;
        let (x, states) = inputs.split_first().ok_or_else(|| Error::argument("the layer takes a sequence, got nothing"))?;
        let half = states.len() / 2;
        let names = self.names();
        let mut outputs = Vec::new();
        for (place, (layer, states)) in
            [&mut self.forward, &mut self.backward].into_iter().zip([&states[..half], &states[half..]]).enumerate()
        {
            let inputs = [std::slice::from_ref(x), states].concat();
            let built = layer.build_many(&mut cx.child(place as u64, &names[place]), &inputs);
            outputs.push(built.map_err(|error| error.context(layer.describe()))?);
        }
        let (backward, forward) = (outputs.pop().unwrap_or_default(), outputs.pop().unwrap_or_default());
        let ((first, states), (second, back_states)) =
            (forward.split_first().ok_or_else(missing)?, backward.split_first().ok_or_else(missing)?);
        let units = [first, second].map(|output| output.last().unwrap_or_default());
        let mut all = match self.merge_mode {
            None => vec![first.clone(), second.clone()],
            Some(MergeMode::Concat) => vec![first.with_last(units[0].saturating_add(units[1]))],
            Some(_) if units[0] != units[1] => {
                let error = Error::shape(format!("{} and {} units cannot be merged number by number", units[0], units[1]));
                return Err(error.hint("use the merge mode concat, or as many units both ways"));
            }
            Some(_) => vec![first.clone()],
        };
        all.extend(states.iter().chain(back_states).cloned());
        Ok(all)
    }

    fn call_many(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        if let Some(y) = self.call_together(cx, inputs)? {
            if self.merge_mode == Some(MergeMode::Concat) {
                return Ok(vec![y]);
            }
            let units = y.shape().last() / 2;
            return self.merge(&y.slice(-1, 0..units)?, &y.slice(-1, units..2 * units)?);
        }
        let (x, states) = inputs.split_first().ok_or_else(|| Error::argument("the layer takes a sequence, got nothing"))?;
        let half = states.len() / 2;
        let run =
            |layer: &dyn Recurrent, place, states: &[Var]| layer.call_many(&cx.child(place), &[std::slice::from_ref(x), states].concat());
        let mut forward = run(&*self.forward, 0, &states[..half])?;
        let mut backward = run(&*self.backward, 1, &states[half..])?;
        if forward.is_empty() || backward.is_empty() {
            return Err(missing());
        }
        let (y, mut back) = (forward.remove(0), backward.remove(0));
        if self.backward.return_sequences() {
            back = back.flip(1)?;
        }
        let mut outputs = self.merge(&y, &back)?;
        outputs.extend(forward.into_iter().chain(backward));
        Ok(outputs)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).filter(|_| self.forward.return_sequences()).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        let (forward, backward) = (self.forward.boxed_recurrent(), self.backward.boxed_recurrent());
        Box::new(Self { forward, backward, merge_mode: self.merge_mode })
    }

    fn describe(&self) -> String {
        format!("Bidirectional {}", self.forward.describe())
    }
}
