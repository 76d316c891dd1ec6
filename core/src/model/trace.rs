//! What a network computes, written down on a tape.

use super::network::{CallSite, Network, not_built};
use crate::autodiff::{Tape, Var};
use crate::layers::{Call, Effects};
use crate::rng::Key;
use crate::{Error, Result, Tensor};

impl Network {
    /// Records what the model computes.
    pub(crate) fn record(&self, tape: &Tape, x: &[Var], pass: Pass) -> Result<Traced> {
        self.check_inputs(&x.iter().map(Var::shape).collect::<Vec<_>>())?;
        let mut weights = Vec::with_capacity(self.params.len());
        for (id, (param, learns)) in self.params.iter().zip(self.learning()).enumerate() {
            weights.push(tape.param(id, param.value(), pass.learns && learns));
        }
        let effects = Effects::default();
        let key = Key::new(pass.seed).fold_str("layer");
        let (weights_of, training) = (&weights[..], pass.training);
        let cx = Call { tape, weights: weights_of, masks: &[], training, trainable: true, key, effects: &effects, scope: None };
        let (outputs, masks) = self.run(&cx, x)?;
        let Effects { penalties, updates } = effects;
        let mut penalties = penalties.into_inner();
        for (param, variable) in self.params.iter().zip(&weights) {
            if let Some(regularizer) = param.regularizer() {
                penalties.extend(regularizer.penalty(variable)?);
            }
        }
        let output = outputs.first().cloned().ok_or_else(|| Error::state("the model has no output"))?;
        Ok(Traced { output, outputs, masks, weights, penalties, updates: updates.into_inner() })
    }

    /// The outputs of the network as a layer of another, whose parameters hold its own from `first` on.
    pub(crate) fn run_within(&self, cx: &Call<'_>, first: usize, x: &[Var]) -> Result<(Vec<Var>, Vec<Option<Var>>)> {
        let weights = cx.weights.get(first..first + self.params.len()).ok_or_else(not_built)?;
        let effects = Effects::default();
        let found = self.run(&Call { weights, key: cx.key.fold_str("within"), effects: &effects, ..*cx }, x)?;
        cx.effects.absorb(effects, |param| first + param);
        Ok(found)
    }

    /// Calls the layers in turn, with the parameters and the masks of `cx`, and tells the tape which one asks.
    pub(crate) fn run(&self, cx: &Call<'_>, x: &[Var]) -> Result<(Vec<Var>, Vec<Option<Var>>)> {
        let mut values: Vec<Option<Var>> = vec![None; self.shapes.len()];
        let mut masks: Vec<Option<Var>> = vec![None; self.shapes.len()];
        for (place, x) in x.iter().enumerate() {
            (values[place], masks[place]) = (Some(x.clone()), cx.mask(place).cloned());
        }
        let mut calls = vec![0_u64; self.nodes.len()];
        for CallSite { node: index, inputs, outputs } in &self.calls {
            let node = &self.nodes[*index];
            let scope = self.scope(*index, cx.scope);
            let explain = |error: Error| error.context(scope.label().to_string());
            cx.tape.set_scope(Some(scope.clone()));
            let key = cx.key.fold(*index as u64);
            let key = if calls[*index] == 0 { key } else { key.fold_str("call").fold(calls[*index]) };
            calls[*index] += 1;
            let x: Option<Vec<Var>> = inputs.iter().map(|&input| values[input].clone()).collect();
            let x = x.ok_or_else(|| explain(Error::state("a layer comes before what it is called on")))?;
            let input_masks: Vec<Option<Var>> = inputs.iter().map(|&input| masks[input].clone()).collect();
            let weights: Vec<Var> = node.params.iter().map(|param| cx.weights[*param].clone()).collect();
            let (effects, trainable) = (Effects::default(), cx.trainable && node.trainable);
            let call = Call { weights: &weights, masks: &input_masks, trainable, key, effects: &effects, scope: Some(&scope), ..*cx };
            let (found, found_masks) = node.layer.call_with_masks(&call, &x).map_err(explain)?;
            cx.effects.absorb(effects, |param| node.params[param]);
            if found.len() != outputs.len() {
                let error = Error::shape(format!("`build` promised {} outputs, `call` gave {}", outputs.len(), found.len()));
                return Err(explain(error));
            }
            for ((value, output), mask) in outputs.clone().zip(found).zip(found_masks) {
                masks[value] = mask;
                if let Some(promised) = self.shape(value).filter(|promised| !promised.accepts(&output.shape())) {
                    return Err(explain(Error::shape(format!("`build` promised {promised}, `call` gave {}", output.shape()))));
                }
                values[value] = Some(output);
            }
        }
        cx.tape.set_scope(cx.scope.cloned());
        let outputs: Option<Vec<Var>> = self.outputs.iter().map(|&value| values[value].clone()).collect();
        let masks = self.outputs.iter().map(|&value| masks[value].clone()).collect();
        Ok((outputs.ok_or_else(|| Error::state("an output of the model is made by no layer"))?, masks))
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
    /// The output of the model; the first, where there are several.
    pub output: Var,
    /// All its outputs.
    pub outputs: Vec<Var>,
    /// Which time steps of each output count; none where all do.
    pub masks: Vec<Option<Var>>,
    /// The parameters, in the order of [`Model::parameters`](super::Model::parameters).
    pub weights: Vec<Var>,
    /// What layers and regularizers add to the loss: the penalties of activities first, then those of parameters.
    pub penalties: Vec<Var>,
    /// Parameters that the optimizer does not change, by index, and the values they take after this step: the moving
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
