//! Where the time of a training step goes.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use super::Model;
use crate::autodiff::Scope;
use crate::autodiff::program::{Step, Watch};
use crate::{Result, Tensor};

/// What the operations of training steps took: see [`Model::profile_on_batch`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Profile {
    /// All steps, from the batch to the last update.
    pub total: Duration,
    /// What they are made of, in the order in which they ran first.
    pub parts: Vec<Part>,
}

/// One kind of work in a [`Profile`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part {
    /// The layer that asked for the operation, after the models it is in, or the parameter that was updated; empty for what no
    /// layer asked for.
    pub place: String,
    /// The operation's name: `dense`, `dense backward`, `update`, …
    pub work: String,
    /// How often it ran.
    pub runs: usize,
    /// How long it took, all runs together.
    pub time: Duration,
}

impl Profile {
    /// What passed inside of operations and updates.
    pub fn inside(&self) -> Duration {
        self.parts.iter().map(|part| part.time).sum()
    }
}

impl Display for Profile {
    /// A line for each part, the longest first.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<&Part> = self.parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.time));
        let share = |time: Duration| 100.0 * time.as_secs_f64() / self.total.as_secs_f64().max(f64::MIN_POSITIVE);
        for part in parts {
            let each = part.time.as_secs_f64() * 1e6 / part.runs.max(1) as f64;
            writeln!(f, "{:5.1} % {:6} × {each:10.2} µs  {} {}", share(part.time), part.runs, part.work, part.place)?;
        }
        write!(f, "{:5.1} % of {:?} outside of operations", share(self.total.saturating_sub(self.inside())), self.total)
    }
}

impl Model {
    /// Trains on one batch for some steps, as [`train_on_batch`](Model::train_on_batch) does, and tells where the time went.
    ///
    /// Reading the clock takes some 50 ns an operation, so the parts of very small steps come out too long.
    ///
    /// ```
    /// use practicum_core::{
    ///     Sequential, Tensor,
    ///     layers::{Dense, Input},
    /// };
    ///
    /// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    /// model.compile("sgd", "mean_squared_error", ())?;
    /// let profile = model.profile_on_batch(&Tensor::from([[1.0]]), &Tensor::from([[2.0]]), 10)?;
    /// assert!(profile.inside() <= profile.total);
    /// assert!(
    ///     profile
    ///         .parts
    ///         .iter()
    ///         .any(|part| part.work == "update" && part.place == "dense/kernel" && part.runs == 10)
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `train_on_batch`.
    pub fn profile_on_batch(&mut self, x: &Tensor, y: &Tensor, steps: usize) -> Result<Profile> {
        // What is planned for the first batch of a shape belongs to no step.
        self.train_on_batch(x, y)?;
        let paths = self.parameters().iter().map(|parameter| parameter.path().to_owned()).collect();
        let mut stopwatch = Stopwatch { begun: Instant::now(), paths, places: BTreeMap::new(), parts: Vec::new() };
        let start = Instant::now();
        for _ in 0..steps {
            self.train_on_batch_watched(x, y, &mut stopwatch)?;
        }
        Ok(Profile { total: start.elapsed(), parts: stopwatch.parts })
    }
}

/// Takes the time of each step of a program.
struct Stopwatch {
    begun: Instant,
    paths: Vec<String>,
    /// Where a step's part stands, by the address of the step: it stays where it is while the program is used.
    places: BTreeMap<usize, usize>,
    parts: Vec<Part>,
}

impl Watch for Stopwatch {
    fn begin(&mut self) {
        self.begun = Instant::now();
    }

    fn end(&mut self, step: &Step) {
        let time = self.begun.elapsed();
        let Self { paths, places, parts, .. } = self;
        let place = *places.entry(std::ptr::from_ref(step).addr()).or_insert_with(|| {
            let (place, work) = named(step, paths);
            parts.iter().position(|part| part.place == place && part.work == work).unwrap_or_else(|| {
                parts.push(Part { place, work, runs: 0, time: Duration::ZERO });
                parts.len() - 1
            })
        });
        parts[place].runs += 1;
        parts[place].time += time;
    }
}

fn named(step: &Step, paths: &[String]) -> (String, String) {
    let scope = |scope: &Option<Scope>| scope.as_ref().map(Scope::to_string).unwrap_or_default();
    match step {
        Step::Forward(step) => (scope(&step.scope), step.op.name().to_owned()),
        Step::Backward(step) => (scope(&step.scope), format!("{} backward", step.op.name())),
        Step::One(_) => (String::new(), "one".to_owned()),
        Step::Accumulate(_) => (String::new(), "sum of gradients".to_owned()),
        Step::Ready { param, .. } => (paths.get(*param).cloned().unwrap_or_default(), "update".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn a_profile_names_what_ran_and_changes_no_number() {
        let (x, y) = (Tensor::from([[1.0, 2.0], [3.0, -1.0]]), Tensor::from([[0.0], [1.0]]));
        let make = || {
            let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3).activation(Activation::Relu)).add(Dense::new(1));
            model.compile("adam", "mean_squared_error", ()).unwrap();
            model
        };
        let (mut watched, mut alone) = (make(), make());
        let profile = watched.profile_on_batch(&x, &y, 4).unwrap();
        (0..5).for_each(|_| drop(alone.train_on_batch(&x, &y).unwrap()));
        for (watched, alone) in watched.parameters().iter().zip(alone.parameters()) {
            assert_eq!(watched.value(), alone.value());
        }
        assert!(profile.parts.iter().all(|part| part.runs % 4 == 0), "{profile:#?}");
        let dense = profile.parts.iter().filter(|part| part.work.starts_with("dense")).count();
        assert_eq!(dense, 4, "two layers, forward and backward: {profile:#?}");
        let text = profile.to_string();
        assert!(text.contains("update dense_1/bias") && text.ends_with("outside of operations"), "{text}");
    }
}
