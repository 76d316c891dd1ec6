//! What a model is trained towards: a loss for each output, and the numbers that tell how far it got.

use std::sync::Arc;

use super::network::Network;
use super::programs::Shapes;
use super::trace::Pass;
use super::{Logs, State};
use crate::autodiff::{Tape, Var, View};
use crate::data::Batch;
use crate::losses::{Loss, Targets, fit_targets};
use crate::metrics::{Direction, Mean, Metric, Scored, unknown_state};
use crate::{Error, Result};

/// The losses, and how much each counts: one for all outputs, or one an output.
#[derive(Clone, Debug)]
pub(crate) struct Objective(Vec<(Arc<dyn Loss>, f32)>);

/// A model on a tape with its losses.
pub(crate) struct RecordedLoss {
    pub(crate) tape: Tape,
    pub(crate) outputs: Vec<Var>,
    /// Which rows of each output count; none where all do.
    masks: Vec<Option<Var>>,
    /// The loss of each output, without its weight.
    pub(crate) losses: Vec<Var>,
    /// All of them with their weights, and all penalties.
    pub(crate) loss: Var,
    pub(crate) updates: Vec<(usize, Var)>,
}

impl Objective {
    pub(crate) fn new(losses: Vec<(Box<dyn Loss>, f32)>) -> Result<Self> {
        if losses.is_empty() {
            return Err(Error::argument("a model is compiled with a loss, got none"));
        }
        for (loss, weight) in &losses {
            loss.check()?;
            if !weight.is_finite() || *weight < 0.0 {
                let name = loss.name();
                return Err(Error::argument(format!("the weight of the loss {name} must be a number of 0 or more, got {weight}")));
            }
        }
        Ok(Self(losses.into_iter().map(|(loss, weight)| (Arc::from(loss), weight)).collect()))
    }

    /// The losses with their weights.
    pub(crate) fn losses(&self) -> impl Iterator<Item = (&dyn Loss, f32)> {
        self.0.iter().map(|(loss, weight)| (&**loss, *weight))
    }

    /// The loss of an output.
    pub(crate) fn of(&self, output: usize) -> &dyn Loss {
        &*self.0[if self.0.len() == 1 { 0 } else { output }].0
    }

    fn weight(&self, output: usize) -> f32 {
        self.0[if self.0.len() == 1 { 0 } else { output }].1
    }

    /// Refuses another number of losses than the model has outputs.
    pub(crate) fn check(&self, outputs: &[&str]) -> Result<()> {
        if self.0.len() == 1 || self.0.len() == outputs.len() {
            return Ok(());
        }
        let (losses, names) = (self.0.len(), outputs.join(", "));
        Err(Error::argument(format!("got {losses} losses for {} outputs ({names}): give one for all, or one each", outputs.len())))
    }

    /// Records the model, and its loss with all penalties.
    pub(crate) fn record(&self, network: &Network, shapes: &Shapes, training: bool, seed: u64) -> Result<RecordedLoss> {
        self.check(&network.output_names())?;
        let tape = Tape::deferred();
        let inputs: Vec<Var> = shapes.x.iter().enumerate().map(|(slot, shape)| tape.input(slot, *shape)).collect();
        let traced = network.record(&tape, &inputs, Pass { training, learns: training, seed })?;
        if shapes.y.is_empty() {
            return Err(Error::data("there are no targets to learn from").hint("give y beside x"));
        }
        if shapes.y.len() != traced.outputs.len() {
            let (got, names) = (shapes.y.len(), network.output_names().join(", "));
            return Err(Error::data(format!("the model has {} outputs ({names}), got {got} arrays of targets", traced.outputs.len())));
        }
        let first = shapes.x.len();
        let weights = shapes.sample_weight.map(|shape| tape.input(first + shapes.y.len(), shape));
        let mut losses = Vec::new();
        for (place, (y, y_pred)) in shapes.y.iter().zip(&traced.outputs).enumerate() {
            let y = tape.input(first + place, *y);
            let loss = self.of(place).masked_mean(&y, y_pred, weights.as_ref(), traced.masks[place].as_ref());
            losses.push(match traced.outputs.len() {
                1 => loss?,
                _ => loss.map_err(|error| error.context(format!("output `{}`", network.output_names()[place])))?,
            });
        }
        let mut total: Option<Var> = None;
        for (place, loss) in losses.iter().enumerate() {
            let weight = self.weight(place);
            let weighted = if weight == 1.0 { loss.clone() } else { loss.scale(weight)? };
            total = Some(match total {
                Some(total) => total.add(&weighted)?,
                None => weighted,
            });
        }
        let loss = traced.with_penalties(total.ok_or_else(|| Error::state("the model has no output"))?)?;
        Ok(RecordedLoss { tape, loss, losses, outputs: traced.outputs, masks: traced.masks, updates: traced.updates })
    }
}

/// A metric of one output, under the name it has in logs.
#[derive(Debug)]
struct Score {
    name: String,
    output: usize,
    metric: Box<dyn Metric>,
}

/// The losses and metrics of an epoch.
#[derive(Debug)]
pub(crate) struct Scores {
    loss: Mean,
    /// The loss of each output by itself, where there are several.
    losses: Vec<(String, Mean)>,
    metrics: Vec<Score>,
}

/// Lists of numbers by name: what a metric has seen.
type Named = Vec<(&'static str, Vec<f64>)>;

impl Scores {
    /// The scores of a model with outputs of these names: the metrics are those of each output, or one list for all.
    pub(crate) fn new(metrics: Vec<Vec<Box<dyn Metric>>>, outputs: &[&str]) -> Result<Self> {
        let several = outputs.len() > 1;
        if metrics.len() > 1 && metrics.len() != outputs.len() {
            let names = outputs.join(", ");
            return Err(Error::argument(format!("got metrics for {} outputs: the model has {} ({names})", metrics.len(), outputs.len())));
        }
        let mut scores = Self { loss: Mean::default(), losses: Vec::new(), metrics: Vec::new() };
        if several {
            scores.losses = outputs.iter().map(|name| (format!("{name}_loss"), Mean::default())).collect();
        }
        for (output, name) in outputs.iter().enumerate() {
            let Some(list) = metrics.get(if metrics.len() == 1 { 0 } else { output }) else { continue };
            for metric in list {
                metric.check()?;
                let name = if several { format!("{name}_{}", metric.name()) } else { metric.name().to_owned() };
                if scores.names().contains(&name.as_str()) {
                    return Err(Error::argument(format!("two metrics are called `{name}`")).hint("give one another name with `named`"));
                }
                scores.metrics.push(Score { name, output, metric: metric.fresh() });
            }
        }
        Ok(scores)
    }

    /// The names that logs will have.
    pub(crate) fn names(&self) -> Vec<&str> {
        let losses = self.losses.iter().map(|(name, _)| name.as_str());
        std::iter::once("loss").chain(losses).chain(self.metrics.iter().map(|score| score.name.as_str())).collect()
    }

    /// Which values of a log are better, if anything says so.
    pub(crate) fn direction(&self, log: &str) -> Option<Direction> {
        let name = log.strip_prefix("val_").unwrap_or(log);
        if name.ends_with("loss") {
            return Some(Direction::Minimize);
        }
        self.metrics.iter().find(|score| score.name == name).and_then(|score| score.metric.direction())
    }

    /// The metrics of each output.
    pub(crate) fn metrics(&self, outputs: usize) -> Vec<Vec<&dyn Metric>> {
        let of = |output| self.metrics.iter().filter(|score| score.output == output).map(|score| &*score.metric).collect();
        (0..outputs).map(of).collect()
    }

    /// What all have seen, by their names in logs.
    pub(crate) fn states(&self) -> Vec<(&str, Named)> {
        let losses = self.losses.iter().map(|(name, mean)| (name.as_str(), mean.state()));
        let metrics = self.metrics.iter().map(|score| (score.name.as_str(), score.metric.state()));
        std::iter::once(("loss", self.loss.state())).chain(losses).chain(metrics).collect()
    }

    /// The same scores, having seen what a state says.
    pub(crate) fn with_states(&self, state: &State) -> Result<Self> {
        let mut scores = self.fresh();
        for name in self.names() {
            let inner = state.part(name);
            for list in inner.names() {
                let numbers = inner.numbers(list)?;
                let known = match scores.mean_mut(name) {
                    Some(mean) => mean.set_state(list, &numbers),
                    None => {
                        for score in scores.metrics.iter_mut().filter(|score| score.name == name) {
                            score.metric.set_state(list, &numbers)?;
                        }
                        true
                    }
                };
                if !known {
                    return Err(unknown_state(name, list));
                }
            }
        }
        let names = self.names();
        match state.names().into_iter().find(|name| !names.iter().any(|known| name.starts_with(&format!("{known}/")))) {
            Some(stranger) => Err(Error::format(format!("the state has the score `{stranger}`, the model has {}", names.join(", ")))
                .hint("compile the model with the metrics that the state is of")),
            None => Ok(scores),
        }
    }

    fn mean_mut(&mut self, name: &str) -> Option<&mut Mean> {
        if name == "loss" {
            return Some(&mut self.loss);
        }
        self.losses.iter_mut().find(|(known, _)| known == name).map(|(_, mean)| mean)
    }

    /// The same, without what they have seen.
    pub(crate) fn fresh(&self) -> Self {
        let score = |score: &Score| Score { name: score.name.clone(), output: score.output, metric: score.metric.fresh() };
        Self {
            loss: Mean::default(),
            losses: self.losses.iter().map(|(name, _)| (name.clone(), Mean::default())).collect(),
            metrics: self.metrics.iter().map(score).collect(),
        }
    }

    pub(crate) fn reset(&mut self) {
        self.loss = Mean::default();
        self.losses.iter_mut().for_each(|(_, mean)| *mean = Mean::default());
        self.metrics.iter_mut().for_each(|score| score.metric.reset());
    }

    /// The means since they were reset.
    pub(crate) fn logs(&self) -> Logs {
        self.names().into_iter().map(str::to_owned).zip(std::iter::once(self.loss.value()).chain(self.values())).collect()
    }

    /// All but the loss, in the order of their names.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.losses.iter().map(|(_, mean)| mean.value()).chain(self.metrics.iter().map(|score| score.metric.result()))
    }

    /// What a program must output for them: the loss, the loss of each output where there are several, and, if a metric looks
    /// at them, the predictions and their masks. Where there is no mask the loss stands in: a single number masks nothing.
    pub(crate) fn wanted(&self, recorded: &RecordedLoss) -> Vec<Var> {
        let mut wanted = vec![recorded.loss.clone()];
        if !self.losses.is_empty() {
            wanted.extend(recorded.losses.iter().cloned());
        }
        if !self.metrics.is_empty() {
            wanted.extend(recorded.outputs.iter().cloned());
            wanted.extend(recorded.masks.iter().map(|mask| mask.clone().unwrap_or_else(|| recorded.loss.clone())));
        }
        wanted
    }

    /// How many outputs that are.
    pub(crate) fn outputs(&self) -> usize {
        let outputs = if self.metrics.is_empty() { 0 } else { self.losses.len().max(1) };
        1 + self.losses.len() + 2 * outputs
    }

    /// Takes a batch into account; its loss.
    pub(crate) fn add<'a>(&mut self, batch: &'a Batch, objective: &Objective, output: impl Fn(usize) -> View<'a>) -> Result<f64> {
        let (examples, number) = (batch.len() as f64, |place| f64::from(output(place).data.first().copied().unwrap_or(f32::NAN)));
        let loss = number(0);
        self.loss.add(loss, examples);
        for (place, (_, mean)) in self.losses.iter_mut().enumerate() {
            mean.add(number(1 + place), examples);
        }
        let first = 1 + self.losses.len();
        for score in &mut self.metrics {
            let mut scored = scored(output(first + score.output), batch, score.output, objective.of(score.output).targets())?;
            let mask = output(first + self.losses.len().max(1) + score.output);
            scored.mask = (mask.shape.rank() > 0).then_some(mask.data);
            let sample_weight = if score.metric.is_weighted() { scored.sample_weight } else { None };
            let updated = score.metric.update(&Scored { sample_weight, ..scored });
            updated.map_err(|error| error.context(format!("metric `{}`", score.name)))?;
        }
        Ok(loss)
    }
}

/// Targets and predictions of an output as metrics want them.
fn scored<'a>(y_pred: View<'a>, batch: &'a Batch, output: usize, targets: Targets) -> Result<Scored<'a>> {
    let Some(y) = batch.y.get(output) else {
        return Err(Error::data("there are no targets to compare with"));
    };
    let shape = fit_targets(targets, y.shape(), y_pred.shape)?;
    let sample_weight = batch.sample_weight.as_ref().map(|weights| weights.as_slice());
    Ok(Scored { y_true: View { shape, data: y.as_slice() }, y_pred, sample_weight, mask: None })
}
