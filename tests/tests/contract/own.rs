//! Layers of the tests' own.

use practicum_core::autodiff::Var;
use practicum_core::initializers::Initializer;
use practicum_core::layers::{Build, Call, Config, Registry, Weight, WeightSpec};
use practicum_core::prelude::*;

/// Multiplies every feature by a learned factor, and adds an offset that never learns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gain {
    factors: Weight,
    offset: Weight,
}

impl Layer for Gain {
    fn class_name(&self) -> &'static str {
        "Gain"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let features = cx.features(input)?;
        let uniform = Initializer::RandomUniform { minval: 0.5, maxval: 1.5 };
        self.factors = cx.weight(WeightSpec::new("factors", &[features]).initializer(uniform))?;
        self.offset = cx.weight(WeightSpec::new("offset", &[features]).initializer(Initializer::Ones).trainable(false))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.mul(&cx.weight(self.factors)?)?.add(&cx.weight(self.offset)?)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// A layer with several inputs as one with a single input: it is called on this, and on what is made of it.
#[derive(Debug)]
pub(crate) struct Paired(pub(crate) Box<dyn Layer>);

impl Paired {
    fn from_config(config: &Config) -> Result<Box<dyn Layer>> {
        let options = config["options"].as_object().cloned().unwrap_or_default();
        Ok(Box::new(Self(Registry::default().make(config["layer"].as_str().unwrap_or_default(), options)?)))
    }
}

impl Layer for Paired {
    fn class_name(&self) -> &'static str {
        "Paired"
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.insert("layer".into(), self.0.class_name().into());
        config.insert("options".into(), self.0.config().into());
        config
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(self.0.build_many(cx, &[input.clone(), input.clone()])?.remove(0))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(self.0.call_many(cx, &[x.clone(), x.tanh()?.affine(-0.7, 0.2)?])?.remove(0))
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self(self.0.boxed_clone()))
    }

    fn describe(&self) -> String {
        format!("two inputs of {}", self.0.describe())
    }
}

pub(crate) fn registry() -> Registry {
    Registry::default()
        .layer("Paired", |_, config| Paired::from_config(&config))
        .layer("Gain", |_, _| Ok(Box::new(Gain::default())))
        .lambda("twice_tanh", |x| x.tanh()?.scale(2.0))
        .lambda("last_step", |x| x.index(1, 0))
}

/// A layer that breaks its promise is told so by the model.
#[derive(Clone, Debug)]
pub(crate) struct Liar;

impl Layer for Liar {
    fn class_name(&self) -> &'static str {
        "Liar"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.with_last(3))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
