//! An optimizer, a loss, a metric and a callback of another crate.

use practicum_core::autodiff::Var;
use practicum_core::callbacks::{Context, State};
use practicum_core::config::{Config, from_config, to_config};
use practicum_core::losses::Loss;
use practicum_core::metrics::{Direction, Metric, Scored};
use practicum_core::model::CompileRegistry;
use practicum_core::optimizers::{Optimizer, Options, Slot, Update};
use practicum_core::prelude::*;
use serde::{Deserialize, Serialize};

/// Descent by the sign of the mean gradient.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SignDescent {
    #[serde(flatten)]
    options: Options,
    beta: f32,
}

impl Default for SignDescent {
    fn default() -> Self {
        Self { options: Options::new(0.001), beta: 0.9 }
    }
}

impl Optimizer for SignDescent {
    fn class_name(&self) -> &'static str {
        "SignDescent"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zeros("trend")]
    }

    fn boxed_clone(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], slots: &mut [Vec<f32>]) {
        let rate = cx.rate as f32;
        for ((w, g), trend) in w.iter_mut().zip(gradient).zip(&mut slots[0]) {
            *trend = self.beta * *trend + (1.0 - self.beta) * g;
            *w -= rate * trend.signum();
        }
    }
}

/// The square of the error, times a factor.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Scaled {
    factor: f32,
}

impl Default for Scaled {
    fn default() -> Self {
        Self { factor: 1.0 }
    }
}

impl Loss for Scaled {
    fn name(&self) -> &'static str {
        "scaled"
    }

    fn class_name(&self) -> &'static str {
        "Scaled"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        y_pred.sub(y_true)?.square()?.mean_axis(-1)?.scale(self.factor)
    }
}

/// The largest error.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct LargestError {
    name: String,
    #[serde(skip)]
    largest: f64,
}

impl Metric for LargestError {
    fn name(&self) -> &str {
        &self.name
    }

    fn class_name(&self) -> &'static str {
        "LargestError"
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Minimize)
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        let errors = batch.y_true.data.iter().zip(batch.y_pred.data).map(|(t, p)| f64::from((t - p).abs()));
        self.largest = errors.fold(self.largest, f64::max);
        Ok(())
    }

    fn result(&self) -> f64 {
        self.largest
    }

    fn reset(&mut self) {
        self.largest = 0.0;
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self { name: self.name.clone(), largest: 0.0 })
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        vec![("largest", vec![self.largest])]
    }

    fn set_state(&mut self, _name: &str, numbers: &[f64]) -> Result<()> {
        self.largest = numbers.first().copied().ok_or_else(|| Error::format("expected a number"))?;
        Ok(())
    }
}

/// Counts epochs, over all parts of a training.
#[derive(Default)]
struct Counter(usize);

impl Callback for Counter {
    fn name(&self) -> &str {
        "Counter"
    }

    fn on_train_begin(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        self.0 = 0;
        Ok(())
    }

    fn on_epoch_end(&mut self, _epoch: usize, _logs: &mut Logs, _cx: &mut Context<'_>) -> Result<()> {
        self.0 += 1;
        Ok(())
    }

    fn state(&self) -> State {
        let mut state = State::new();
        state.set("epochs", self.0);
        state
    }

    fn set_state(&mut self, state: &State) -> Result<()> {
        self.0 = state.get("epochs")?;
        Ok(())
    }
}

/// Keeps the state of every epoch.
#[derive(Default)]
struct Keeper(Vec<State>);

impl Callback for Keeper {
    fn wants_state(&self, _epoch: usize) -> bool {
        true
    }

    fn on_state(&mut self, _epoch: usize, state: &State) -> Result<()> {
        self.0.push(state.clone());
        Ok(())
    }
}

fn registry() -> CompileRegistry {
    CompileRegistry::default()
        .optimizer("SignDescent", |config| Ok(Box::new(from_config::<SignDescent>("SignDescent", config)?)))
        .loss("Scaled", |config| Ok(Box::new(from_config::<Scaled>("Scaled", config)?)))
        .metric("LargestError", |config| Ok(Box::new(from_config::<LargestError>("LargestError", config)?)))
}

fn model() -> Sequential {
    Sequential::new().add(Input::new([2])).add(Dense::new(3).activation(Activation::Tanh)).add(Dense::new(1))
}

fn compiled() -> Sequential {
    let mut model = model();
    let signs = SignDescent { options: Options::new(0.02), beta: 0.8 };
    let worst: Vec<Box<dyn Metric>> = vec![Box::new(LargestError { name: "worst".to_owned(), largest: 0.0 })];
    model.compile(signs, Scaled { factor: 2.0 }, worst).unwrap();
    model
}

fn data() -> (Tensor, Vec<f64>) {
    let x = Tensor::new([12, 2], (0..24).map(|i| (i as f32).sin()).collect()).unwrap();
    let y = (0..12).map(|i| f64::from(i).cos()).collect();
    (x, y)
}

#[test]
fn optimizer_loss_and_metric_come_back_from_the_configuration() {
    let (mut one, (x, y)) = (compiled(), data());
    let config = one.compile_config().unwrap();
    let text = serde_json::to_string(&config).unwrap();
    let mut other = model();
    other.compile_from_config(&serde_json::from_str(&text).unwrap(), &registry()).unwrap();
    assert_eq!(other.compile_config().unwrap(), config);
    let fit = || Fit::new().epochs(5).batch_size(4).quiet();
    let histories = [one.fit(&x, &y, fit()).unwrap(), other.fit(&x, &y, fit()).unwrap()];
    assert_eq!(histories[0], histories[1]);
    assert!(histories[0]["worst"].windows(2).any(|pair| pair[1] < pair[0]));

    let error = model().compile_from_config(&config, &CompileRegistry::default()).unwrap_err();
    assert!(
        error.is_unknown() && error.to_string().contains("SignDescent") && error.to_string().contains("CompileRegistry::optimizer"),
        "{error}"
    );
    let mut strange = config.clone();
    strange["loss"][0][0]["config"]["factr"] = 3.0.into();
    let error = model().compile_from_config(&strange, &registry()).unwrap_err();
    assert!(error.to_string().contains("Scaled has no option `factr`"), "{error}");
}

#[test]
fn a_training_with_all_of_them_is_resumed_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let (x, y) = data();
    let fit = || Fit::new().epochs(6).batch_size(4).quiet();
    let (mut whole, mut counter, mut keeper) = (compiled(), Counter::default(), Keeper::default());
    let stopping = || EarlyStopping::new("worst").patience(100);
    let expected = whole.fit(&x, &y, fit().callback(&mut counter).callback(stopping()).callback(&mut keeper)).unwrap();
    assert_eq!(counter.0, 6);

    keeper.0[2].save(&path).unwrap();
    let state = State::load(&path).unwrap();
    assert_eq!(state.get::<usize>("callback/Counter/epochs").unwrap(), 3);
    assert!(state.tensor("slot/dense/kernel/trend").is_ok());
    let (mut resumed, mut counter) = (compiled(), Counter::default());
    let history = resumed.fit(&x, &y, fit().callback(&mut counter).callback(stopping()).resume(state)).unwrap();
    assert_eq!(counter.0, 6);
    assert_eq!(history["worst"], expected["worst"][3..]);
    assert_eq!(resumed.get_weights(), whole.get_weights());
}
