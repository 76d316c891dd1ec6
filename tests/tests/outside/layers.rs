//! A layer, a layer around layers, a merging layer and an initializer.

use practicum_core::autodiff::{GradientCheck, Var};
use practicum_core::initializers::{Initialize, Initializer};
use practicum_core::layers::kit::{class, from_config, options};
use practicum_core::layers::{Build, Call, Config, LayerSpec, Registry, Weight, WeightSpec};
use practicum_core::prelude::*;
use practicum_core::rng::Key;
use serde::{Deserialize, Serialize};

/// `y = tanh(x·kernel)·gain`, with a learned kernel.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Squash {
    units: usize,
    #[serde(default = "one")]
    gain: f32,
    #[serde(default)]
    kernel_initializer: Initializer,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(skip)]
    kernel: Weight,
}

fn one() -> f32 {
    1.0
}

impl Squash {
    fn new(units: usize) -> Self {
        let (kernel_initializer, kernel_regularizer) = (Initializer::default(), None);
        Self { units, gain: 1.0, kernel_initializer, kernel_regularizer, kernel: Weight::default() }
    }

    options! { self;
        /// What the output is multiplied by.
        gain: f32,
        /// How the kernel begins.
        kernel_initializer: Initializer,
        /// A penalty on the kernel.
        kernel_regularizer: Regularizer,
    }
}

impl Layer for Squash {
    class!("Squash");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let kernel = WeightSpec::new("kernel", &[cx.features(input)?, self.units]);
        self.kernel = cx.weight(kernel.initializer(self.kernel_initializer.clone()).regularizer(self.kernel_regularizer))?;
        Ok(input.with_last(self.units))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.matmul(&cx.weight(self.kernel)?)?.tanh()?.scale(self.gain)
    }
}

/// Adds to its input what a layer makes of it.
#[derive(Debug)]
struct Residual {
    layer: LayerSpec,
}

impl Residual {
    fn new(layer: impl Into<LayerSpec>) -> Self {
        Self { layer: layer.into() }
    }

    fn read(registry: &Registry, config: &Config) -> Result<Box<dyn Layer>> {
        let layer = config.get("layer").ok_or_else(|| Error::format("Residual has a layer"))?;
        Ok(Box::new(Self { layer: registry.read(layer)? }))
    }
}

impl Layer for Residual {
    fn class_name(&self) -> &'static str {
        "Residual"
    }

    fn config(&self) -> Config {
        Config::from_iter([("layer".to_owned(), self.layer.to_json())])
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let name = self.layer.name();
        Ok(cx.layer(0, &name, &mut self.layer, std::slice::from_ref(input))?.remove(0))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.add(&cx.layer(0, &self.layer.name(), &self.layer, std::slice::from_ref(x))?[0])
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self { layer: self.layer.share() })
    }
}

/// Kernels that begin with a number on the diagonal and little beside it.
#[derive(Debug)]
struct NearDiagonal {
    diagonal: f32,
}

impl Initialize for NearDiagonal {
    fn class_name(&self) -> &'static str {
        "NearDiagonal"
    }

    fn config(&self) -> Config {
        Config::from_iter([("diagonal".to_owned(), self.diagonal.into())])
    }

    fn draw(&self, shape: &Shape, key: Key) -> Result<Tensor> {
        let noise = Initializer::RandomNormal { mean: 0.0, stddev: 0.01 }.draw(shape, key)?;
        noise.add(&Initializer::Identity { gain: self.diagonal }.draw(shape, key)?)
    }
}

fn registry() -> Registry {
    Registry::default().class::<Squash>("Squash").layer("Residual", |registry, config| Residual::read(registry, &config)).initializer(
        "NearDiagonal",
        |config| {
            let diagonal = config.get("diagonal").and_then(serde_json::Value::as_f64);
            let diagonal = diagonal.ok_or_else(|| Error::format("NearDiagonal has a number on its diagonal"))?;
            Ok(Initializer::custom(NearDiagonal { diagonal: diagonal as f32 }))
        },
    )
}

fn model() -> Model {
    let squash = || Squash::new(3).gain(0.5).kernel_initializer(Initializer::custom(NearDiagonal { diagonal: 0.75 }));
    let inner = Sequential::new().name("inner").add(squash().kernel_regularizer(Regularizer::l2(0.01))).add(Dense::new(3));
    Sequential::new()
        .with_seed(3)
        .add(Input::new([3]))
        .add(squash().named("first"))
        .add(Residual::new(inner))
        .add(Residual::new(squash().frozen()))
        .add(TimeDistributedOnOne::layer())
        .add(Dense::new(1))
        .into_model()
}

/// A layer of this crate in a wrapper of core.
struct TimeDistributedOnOne;

impl TimeDistributedOnOne {
    fn layer() -> LayerSpec {
        Sequential::new().add(Reshape::new([1, 3])).add(TimeDistributed::new(Squash::new(3))).add(Flatten::new()).into()
    }
}

#[test]
fn layers_of_others_are_trained_saved_and_loaded() {
    let mut model = model();
    let paths: Vec<&str> = model.parameters().iter().map(|param| param.path()).collect();
    assert_eq!(paths[..3], ["first/kernel", "residual/inner/squash/kernel", "residual/inner/dense/kernel"]);
    assert!(paths.contains(&"residual_1/squash/kernel"), "{paths:?}");
    let kernel = model.get_weights()[0].to_vec();
    assert!((0..3).all(|i| (kernel[4 * i] - 0.75).abs() < 0.1), "{kernel:?}");

    let (x, y) = (Tensor::new([8, 3], (0..24).map(|i| (i as f32 * 0.7).sin()).collect()).unwrap(), Tensor::ones([8, 1]).unwrap());
    let frozen = model.get_layer("residual_1").unwrap().get_weights();
    model.compile(Adam::new(0.02), "mse", ()).unwrap();
    let history = model.fit(&x, &y, Fit::new().epochs(40).quiet()).unwrap();
    let losses = history.get("loss").unwrap();
    assert!(losses[39] < 0.5 * losses[0], "{losses:?}");
    assert_eq!(model.get_layer("residual_1").unwrap().get_weights(), frozen);

    let json = model.to_json().unwrap();
    let mut again = Model::from_json_with(&json, &registry()).unwrap();
    assert_eq!(again.to_json().unwrap(), json);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    model.save_weights(&file).unwrap();
    again.load_weights(&file).unwrap();
    assert_eq!(again.predict(&x).unwrap(), model.predict(&x).unwrap());

    let error = Model::from_json(&json).unwrap_err();
    assert!(error.is_unknown() && error.to_string().contains("`Squash`"), "{error}");
}

#[test]
fn the_kit_refuses_what_the_layer_does_not_have() {
    let config = |json: serde_json::Value| json.as_object().cloned().unwrap();
    let read = |json| from_config::<Squash>("Squash", config(json));
    assert_eq!(read(serde_json::json!({"units": 2, "gain": 3.0, "kernel_constraint": null})).unwrap().gain, 3.0);
    let error = read(serde_json::json!({"units": 2, "gian": 3.0})).unwrap_err();
    assert!(error.to_string().contains("did you mean `gain`?"), "{error}");
    let error = read(serde_json::json!({"units": 2, "kernel_constraint": {"class_name": "NonNeg"}})).unwrap_err();
    assert!(error.to_string().contains("kernel_constraint"), "{error}");
}

/// `y = rate·x`, with the name of another layer of Keras.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct NamedDropout {
    rate: f32,
}

impl Layer for NamedDropout {
    class!("Dropout");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.scale(self.rate)
    }
}

#[test]
fn a_custom_layer_whose_name_is_taken_is_never_read_as_the_other() {
    let model = Sequential::new().add(Input::new([2])).add(NamedDropout { rate: 0.5 });
    let json = model.to_json().unwrap();
    let error = Model::from_json(&json).unwrap_err();
    assert!(error.is_format(), "{error:?}");
    for words in ["layer 1 of the file", "`Dropout`", "custom layer", "Registry::class"] {
        assert!(error.to_string().contains(words), "{error}");
    }
    let again = Model::from_json_with(&json, &Registry::default().class::<NamedDropout>("Dropout")).unwrap();
    assert_eq!(again.to_json().unwrap(), json);
    assert_eq!(again.predict([[1.0, 2.0]]).unwrap().as_slice(), [0.5, 1.0]);
    // Keras' own is written and read as before.
    let json = Sequential::new().add(Input::new([2])).add(Dropout::new(0.5)).to_json().unwrap();
    assert_eq!(json["config"]["layers"][1]["module"], "keras.layers");
    assert!(Model::from_json(&json).is_ok());
}

/// Sevens, under the name of Keras' ones.
#[derive(Debug)]
struct NamedOnes;

impl Initialize for NamedOnes {
    fn class_name(&self) -> &'static str {
        "Ones"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn draw(&self, shape: &Shape, _key: Key) -> Result<Tensor> {
        Tensor::full(*shape, 7.0)
    }
}

#[test]
fn a_custom_initializer_whose_name_is_taken_is_never_read_as_the_other() {
    let model = Sequential::new().add(Input::new([1])).add(Dense::new(1).kernel_initializer(Initializer::custom(NamedOnes)));
    let json = model.to_json().unwrap();
    let error = Model::from_json(&json).unwrap_err().to_string();
    assert!(error.contains("`Ones` of the file is no initializer of Keras") && error.contains("Registry::initializer"), "{error}");
    let registry = Registry::default().initializer("Ones", |_| Ok(Initializer::custom(NamedOnes)));
    assert_eq!(Model::from_json_with(&json, &registry).unwrap().get_weights()[0].as_slice(), [7.0]);
}

#[test]
fn a_custom_layer_that_is_not_registered_is_never_taken_for_one_of_keras() {
    for module in [None, Some("mine.layers")] {
        let described = serde_json::json!({"class_name": "Maxout", "config": {}, "module": module, "registered_name": "Maxout"});
        let error = Registry::default().read(&described).unwrap_err();
        assert!(error.is_unknown() && !error.to_string().contains("Maximum"), "{error}");
        for words in ["custom layer `Maxout`", "Registry::class", "Model::load_with"] {
            assert!(error.to_string().contains(words), "{error}");
        }
        let error = Registry::default().class::<NamedDropout>("MaxOut").read(&described).unwrap_err();
        assert!(error.to_string().contains("did you mean `MaxOut`?"), "{error}");
    }
}

#[test]
fn gradients_of_layers_of_others_are_checked() {
    let x = Tensor::from([[0.5, -1.0, 0.25], [2.0, 0.25, -0.5]]);
    GradientCheck::default().layer(&Squash::new(2).gain(0.5), &x).unwrap();
    GradientCheck::default().layer(&Residual::new(Sequential::new().add(Squash::new(4)).add(Dense::new(3))), &x).unwrap();
}
