//! An optimizer, a loss, a metric and a callback of another crate.

use practicum_core::autodiff::Var;
use practicum_core::callbacks::{Context, State};
use practicum_core::config::{Config, from_config, to_config};
use practicum_core::io::Load;
use practicum_core::losses::{self, IntoLoss, Loss};
use practicum_core::metrics::{self, Direction, LossMetric, Metric, Scored};
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

/// A hundred times the square of the error, under a name of Keras.
#[derive(Clone, Debug)]
struct NamedMse;

impl Loss for NamedMse {
    fn name(&self) -> &'static str {
        "mean_squared_error"
    }

    fn class_name(&self) -> &'static str {
        "MeanSquaredError"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        y_pred.sub(y_true)?.square()?.mean_axis(-1)?.scale(100.0)
    }
}

/// Ascent, under the name of descent.
#[derive(Clone, Debug)]
struct NamedSgd {
    options: Options,
}

impl Optimizer for NamedSgd {
    fn class_name(&self) -> &'static str {
        "SGD"
    }

    fn config(&self) -> Config {
        Sgd::new(0.1).config()
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    fn slots(&self) -> Vec<Slot> {
        Vec::new()
    }

    fn boxed_clone(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], _slots: &mut [Vec<f32>]) {
        w.iter_mut().zip(gradient).for_each(|(w, g)| *w += cx.rate as f32 * g);
    }
}

/// The largest error, under a name of Keras.
#[derive(Clone, Debug, Default)]
struct NamedMae(LargestError);

impl Metric for NamedMae {
    fn name(&self) -> &str {
        "mae"
    }

    fn class_name(&self) -> &'static str {
        "MeanAbsoluteError"
    }

    fn update(&mut self, batch: &Scored<'_>) -> Result<()> {
        self.0.update(batch)
    }

    fn result(&self) -> f64 {
        self.0.result()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self::default())
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.0.state()
    }

    fn set_state(&mut self, name: &str, numbers: &[f64]) -> Result<()> {
        self.0.set_state(name, numbers)
    }
}

#[test]
fn what_has_a_name_of_keras_is_never_read_as_that_of_keras() {
    let loss = || -> Box<dyn Loss> { Box::new(NamedMse) };
    let by_a_loss = || -> Box<dyn Metric> { Box::new(LossMetric::new(NamedMse).unwrap()) };
    let weighted = || -> Box<dyn Metric> { Box::new(metrics::weighted(NamedMae::default())) };
    let mae = || "mae".into_loss().unwrap();
    let adam = || -> Box<dyn Optimizer> { Box::new(Adam::new(0.1)) };
    type Parts = (Box<dyn Optimizer>, Box<dyn Loss>, Vec<Box<dyn Metric>>);
    let parts: [(Parts, &str); 5] = [
        ((adam(), loss(), Vec::new()), "custom loss `MeanSquaredError`"),
        ((Box::new(NamedSgd { options: Options::new(0.1) }), mae(), Vec::new()), "custom optimizer `SGD`"),
        ((adam(), mae(), vec![Box::new(NamedMae::default())]), "custom metric `MeanAbsoluteError`"),
        ((adam(), mae(), vec![by_a_loss()]), "custom loss `MeanSquaredError`"),
        ((adam(), mae(), vec![weighted()]), "custom metric `MeanAbsoluteError`"),
    ];
    let registry = CompileRegistry::default()
        .loss("MeanSquaredError", |_| Ok(Box::new(NamedMse)))
        .optimizer("SGD", |_| Ok(Box::new(NamedSgd { options: Options::new(0.1) })))
        .metric("MeanAbsoluteError", |_| Ok(Box::new(NamedMae::default())));
    let (x, y) = data();
    for ((optimizer, loss, metrics), words) in parts {
        let mut model = model();
        model.compile(optimizer, loss, metrics).unwrap();
        let state = model.to_state().unwrap();
        let error = Model::from_state(&state).unwrap_err();
        assert!(error.is_unknown(), "{error:?}");
        for words in [words, "CompileRegistry::", "Load::compile_registry"] {
            assert!(error.to_string().contains(words), "{error}");
        }
        let again = Model::from_state_with(&state, Load::new().compile_registry(&registry)).unwrap();
        assert_eq!(again.evaluate(&x, &y).unwrap(), model.evaluate(&x, &y).unwrap());
    }
}

#[test]
fn the_state_of_a_custom_optimizer_is_not_that_of_one_of_the_same_name() {
    let mut ascent = model();
    ascent.compile(NamedSgd { options: Options::new(0.1) }, "mse", ()).unwrap();
    let state = ascent.training_state().unwrap();
    let mut descent = model();
    descent.compile(Sgd::new(0.1), "mse", ()).unwrap();
    let error = descent.set_training_state(&state).unwrap_err().to_string();
    assert!(error.contains("of the custom optimizer SGD, the model is compiled with the optimizer SGD"), "{error}");
}

#[test]
fn a_function_is_given_again_under_its_name_and_read_as_no_other() {
    let (x, y) = data();
    for name in ["quartic", "huber", "mse", "MeanSquaredError"] {
        let quartic = move || losses::from_fn(name, |t, p| (p - t)?.pow(4.0)?.mean_axis(-1));
        let near = || metrics::from_fn("accuracy", |t: &[f32], p: &[f32]| f64::from((t[0] - p[0]).abs() < 0.5));
        let mut model = model();
        model.compile("sgd", quartic(), (near(), LossMetric::new(quartic()).unwrap().named("again"))).unwrap();
        let state = model.to_state().unwrap();
        let error = Model::from_state(&state).unwrap_err().to_string();
        for words in [&format!("loss of a function `{name}`"), &format!("CompileRegistry::loss(\"{name}\""), "Load::compile(false)"] {
            assert!(error.contains(words), "{error}");
        }
        let registry = CompileRegistry::default().loss(name, move |_| Ok(Box::new(quartic())));
        let error = Model::from_state_with(&state, Load::new().compile_registry(&registry)).unwrap_err().to_string();
        assert!(error.contains("metric of a function `accuracy`") && error.contains("CompileRegistry::metric"), "{error}");
        let registry = registry.metric("accuracy", move |_| Ok(Box::new(near())));
        let again = Model::from_state_with(&state, Load::new().compile_registry(&registry)).unwrap();
        assert_eq!(again.evaluate(&x, &y).unwrap(), model.evaluate(&x, &y).unwrap());
    }
}

#[test]
fn an_optimizer_that_does_not_write_its_rate_is_named() {
    let mut model = model();
    model.compile(Forgetful(Options::new(0.1)), "mse", ()).unwrap();
    let state = model.training_state().unwrap();
    let error = model.set_training_state(&state).unwrap_err().to_string();
    assert!(error.contains("optimizer Forgetful lack `learning_rate`") && error.contains("Optimizer::config"), "{error}");
}

/// Descent that writes no options.
#[derive(Clone, Debug)]
struct Forgetful(Options);

impl Optimizer for Forgetful {
    fn class_name(&self) -> &'static str {
        "Forgetful"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn options(&self) -> &Options {
        &self.0
    }

    fn options_mut(&mut self) -> &mut Options {
        &mut self.0
    }

    fn slots(&self) -> Vec<Slot> {
        Vec::new()
    }

    fn boxed_clone(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }

    fn update(&self, cx: Update<'_>, w: &mut [f32], gradient: &[f32], _slots: &mut [Vec<f32>]) {
        w.iter_mut().zip(gradient).for_each(|(w, g)| *w -= cx.rate as f32 * g);
    }
}
