use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Recurrent;
use super::common::only_output;
use crate::autodiff::Var;
use crate::layers::kit::refuse_others;
use crate::layers::{Build, Call, Config, Layer, LayerSpec, Registry};
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
    forward: LayerSpec,
    backward: LayerSpec,
    merge_mode: Option<MergeMode>,
}

impl Bidirectional {
    /// Runs `layer`, a recurrent one, and a copy of it the other way.
    pub fn new(layer: impl Into<LayerSpec>) -> Self {
        Self::of(&layer.into(), None)
    }

    fn of(layer: &LayerSpec, backward: Option<&LayerSpec>) -> Self {
        // What is not recurrent is refused where the layer is built.
        let directed = |layer: &LayerSpec, backwards: Option<bool>| match layer.layer().as_recurrent() {
            Some(recurrent) => {
                let backwards = backwards.unwrap_or_else(|| recurrent.go_backwards());
                layer.with_layer(recurrent.directed(backwards, recurrent.return_sequences()))
            }
            None => layer.share(),
        };
        let backward = match backward {
            Some(backward) => directed(backward, None),
            // A layer of its own: only what is shared on purpose has the weights of another.
            None => LayerSpec { weights: None, ..directed(&layer.clone(), Some(true)) },
        };
        Self { forward: directed(layer, None), backward, merge_mode: Some(MergeMode::Concat) }
    }

    /// Another layer for the way back: it reads backwards, and gives sequences and states as the first one does.
    #[must_use]
    pub fn backward_layer(self, layer: impl Into<LayerSpec>) -> Self {
        Self { merge_mode: self.merge_mode, ..Self::of(&self.forward, Some(&layer.into())) }
    }

    /// How the two outputs become one; with `None` they are two outputs.
    #[must_use]
    pub fn merge_mode(mut self, merge_mode: impl Into<Option<MergeMode>>) -> Self {
        self.merge_mode = merge_mode.into();
        self
    }

    pub(in crate::layers) fn from_config(registry: &Registry, config: Config) -> Result<Box<dyn Layer>> {
        let read = |described: &Value| registry.read(described).map_err(|error| error.context("the layer within"));
        let layer = read(config.get("layer").unwrap_or(&Value::Null))?;
        let backward = config.get("backward_layer").filter(|layer| !layer.is_null()).map(read).transpose()?;
        let merge_mode = match config.get("merge_mode") {
            Some(mode) => serde_json::from_value(mode.clone()).map_err(|source| Error::format(format!("merge_mode: {source}")))?,
            None => Some(MergeMode::Concat),
        };
        let layer = Self { merge_mode, ..Self::of(&layer, backward.as_ref()) };
        layer.recurrent()?;
        refuse_others("Bidirectional", &config, &layer.config())?;
        Ok(Box::new(layer))
    }

    /// Both layers, forward first.
    fn recurrent(&self) -> Result<[&dyn Recurrent; 2]> {
        let [forward, backward] = [&self.forward, &self.backward].map(|layer| {
            let found = layer.layer().as_recurrent();
            found.ok_or_else(|| {
                Error::argument(format!("{} is no recurrent layer", layer.layer().class_name())).hint("give an LSTM, a GRU or a SimpleRNN")
            })
        });
        Ok([forward?, backward?])
    }

    fn check(&self) -> Result<()> {
        let [forward, backward] = self.recurrent()?;
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

    /// As Keras names the two, from the name of what was given.
    fn names(&self) -> [String; 2] {
        [("forward_", &self.forward), ("backward_", &self.backward)].map(|(way, layer)| {
            let name = layer.name();
            format!("{way}{}", name.strip_prefix(way).unwrap_or(&name))
        })
    }

    /// Both directions as one operation, where they differ in nothing else.
    fn call_together(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
        let [forward, backward] = self.recurrent()?;
        let ([x], Some(forward), Some(backward)) = (inputs, forward.plan(), backward.plan()) else { return Ok(None) };
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
            ("layer".to_owned(), self.forward.to_json()),
            ("backward_layer".to_owned(), self.backward.to_json()),
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
        for (index, (layer, states)) in
            [&mut self.forward, &mut self.backward].into_iter().zip([&states[..half], &states[half..]]).enumerate()
        {
            let inputs = [std::slice::from_ref(x), states].concat();
            outputs.push(cx.layer(index as u64, &names[index], layer, &inputs)?);
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
        let [name, back_name] = self.names();
        let run = |index, name: &str, layer: &LayerSpec, states: &[Var]| {
            cx.layer(index, name, layer, &[std::slice::from_ref(x), states].concat())
        };
        let mut forward = run(0, &name, &self.forward, &states[..half])?;
        let mut backward = run(1, &back_name, &self.backward, &states[half..])?;
        if forward.is_empty() || backward.is_empty() {
            return Err(missing());
        }
        let (y, mut back) = (forward.remove(0), backward.remove(0));
        if self.recurrent()?[1].return_sequences() {
            back = back.flip(1)?;
        }
        let mut outputs = self.merge(&y, &back)?;
        outputs.extend(forward.into_iter().chain(backward));
        Ok(outputs)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        let sequences = self.recurrent()?[0].return_sequences();
        Ok(cx.mask(0).filter(|_| sequences).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self { forward: self.forward.share(), backward: self.backward.share(), merge_mode: self.merge_mode })
    }

    fn describe(&self) -> String {
        format!("Bidirectional {}", self.forward.layer().describe())
    }
}
