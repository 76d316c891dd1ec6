//! What layers of other crates must not have as options, and how those within them are named.

use practicum_core::autodiff::Var;
use practicum_core::initializers::Initializer;
use practicum_core::layers::kit::class;
use practicum_core::layers::{Build, Call, Config, LayerSpec};
use practicum_core::prelude::*;
use serde::{Deserialize, Serialize};

/// Multiplies by what one of its options says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Scale {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trainable: Option<bool>,
    factor: Option<f32>,
}

impl Layer for Scale {
    class!("Scale");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.scale(self.factor.unwrap_or(1.0))
    }
}

/// One layer after another.
#[derive(Debug)]
struct Two {
    layers: [LayerSpec; 2],
}

impl Two {
    fn new(first: impl Into<LayerSpec>, second: impl Into<LayerSpec>) -> Self {
        Self { layers: [first.into(), second.into()] }
    }
}

impl Layer for Two {
    fn class_name(&self) -> &'static str {
        "Two"
    }

    fn config(&self) -> Config {
        Config::from_iter([("layers".to_owned(), self.layers.iter().map(LayerSpec::to_json).collect())])
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let mut shape = vec![input.clone()];
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let name = layer.name();
            shape = cx.layer(index as u64, &name, layer, &shape)?;
        }
        Ok(shape.remove(0))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let mut x = vec![x.clone()];
        for (index, layer) in self.layers.iter().enumerate() {
            x = cx.layer(index as u64, &layer.name(), layer, &x)?;
        }
        x.remove(0).scale(1.0)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self { layers: self.layers.each_ref().map(LayerSpec::share) })
    }
}

fn with(layer: impl Into<LayerSpec>) -> Sequential {
    Sequential::new().add(Input::new([3, 2])).add(layer)
}

#[test]
fn options_that_say_how_a_layer_is_used_are_refused() {
    let (named, frozen) = (Scale { name: Some("x".into()), ..Scale::default() }, Scale { trainable: Some(true), ..Scale::default() });
    for (layer, option) in [(named, "`name`"), (frozen, "`trainable`")] {
        for model in [with(layer.clone()), with(Two::new(Dense::new(2), layer))] {
            let error = model.predict(Tensor::ones([1, 3, 2]).unwrap()).unwrap_err();
            assert!(error.is_argument(), "{error:?}");
            for words in ["layer 0", "Scale has an option", option, "call the option something else"] {
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }
    assert!(with(Scale::default()).count_params().is_ok());
}

#[test]
fn options_that_are_not_finite_are_refused() {
    let infinite = || Scale { factor: Some(f32::INFINITY), ..Scale::default() };
    let initializer = Initializer::Constant { value: f32::NEG_INFINITY };
    for (built, words) in [
        (with(Masking::new(f32::NAN)).count_params(), "mask_value of Masking is NaN"),
        (with(ELU::new().alpha(f32::INFINITY)).count_params(), "alpha of ELU is inf"),
        (with(ReLU::new().max_value(f32::INFINITY)).count_params(), "max_value of ReLU is inf"),
        (with(Dense::new(1).bias_initializer(initializer)).count_params(), "bias_initializer of Dense is -inf"),
        (with(infinite()).count_params(), "factor of Scale is inf"),
        (with(Two::new(Dense::new(2), infinite())).count_params(), "factor of Scale is inf"),
    ] {
        let error = built.unwrap_err();
        assert!(error.is_argument() && error.to_string().contains(words), "{error}");
    }
}

#[test]
fn numbers_of_operations_that_are_not_finite_survive_a_file() {
    let symbol = Input::new([3]).symbol();
    let x = Tensor::from([[-1.0, 0.5, f32::MAX]]);
    for output in [symbol.clip(0.0, f32::INFINITY), symbol.maximum(f32::NEG_INFINITY)] {
        let model = Model::new(&symbol, output).unwrap();
        let again = Model::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(again.predict(&x).unwrap(), model.predict(&x).unwrap());
    }
}

#[test]
fn a_layer_within_a_layer_is_named_by_its_path() {
    let nan = || Scale { factor: Some(1e38), ..Scale::default() }.named("bad");
    let x = Tensor::full([1, 3, 2], 1e10).unwrap();
    let nested = Sequential::new().name("outer").add(Sequential::new().name("inner").add(nan())).add(Dense::new(2));
    for (model, path, layer) in [
        (with(Two::new(Dense::new(2).named("good"), nan())), "two/bad", "layer 0 `two`: layer 1 `bad` (Scale)"),
        (
            with(TimeDistributed::new(nan())),
            "time_distributed/bad",
            "layer 0 `time_distributed` (TimeDistributed Scale): layer 0 `bad` (Scale)",
        ),
        (
            with(TimeDistributed::new(nested)),
            "time_distributed/outer/inner/bad",
            "layer 0 `time_distributed` (TimeDistributed Sequential): layer 0 `outer` (Sequential): layer 0 `inner` (Sequential): \
             layer 0 `bad` (Scale)",
        ),
    ] {
        let found = model.find_non_finite(&x, false).unwrap().unwrap();
        assert_eq!((found.path.as_str(), found.layer.as_str()), (path, layer));
    }
}

#[test]
fn errors_and_profiles_name_the_layer_within() {
    let bad = || Lambda::new("product", |x| x.matmul(&x.tape().constant(Tensor::ones([7, 7])?))).named("bad");
    let build = |layer: LayerSpec| with(layer).predict(Tensor::ones([1, 3, 2]).unwrap()).unwrap_err().to_string();
    let error = build(Two::new(Dense::new(2), bad()).into());
    assert!(error.starts_with("layer 0 `two`: layer 1 `bad` (Lambda product): "), "{error}");
    let nested = Sequential::new().name("inner").add(Conv2D::new(2, 3).named("conv"));
    let error = build(TimeDistributed::new(nested).into());
    let place = "layer 0 `time_distributed` (TimeDistributed Sequential): layer 0 `inner` (Sequential): layer 0 `conv` (Conv2D 2 3×3): ";
    assert!(error.starts_with(place), "{error}");
    assert_eq!(error.matches("came from the input").count(), 1, "{error}");

    let mut model = with(Two::new(Dense::new(2).named("first"), Dense::new(2)));
    model.compile("sgd", "mse", ()).unwrap();
    let (x, y) = (Tensor::ones([4, 3, 2]).unwrap(), Tensor::ones([4, 3, 2]).unwrap());
    let parts = model.profile_on_batch(&x, &y, 1).unwrap().parts;
    for place in ["layer 0 `two`: layer 0 `first` (Dense 2)", "layer 0 `two`: layer 1 `dense` (Dense 2)"] {
        assert!(parts.iter().any(|part| part.place == place && part.work == "dense"), "{parts:#?}");
    }
}
