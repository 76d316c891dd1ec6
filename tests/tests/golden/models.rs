//! Models, losses and optimizers from the words and configurations of Keras.

use std::error::Error;

use practicum_core::losses::{self, IntoLoss, Loss};
use practicum_core::model::CompileRegistry;
use practicum_core::optimizers::Optimizer;
use practicum_core::prelude::*;
use serde_json::{Map, Value, json};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A model for inputs like `x`, from layers as Keras describes them.
pub(crate) fn sequential(x: Shape, layers: &[Value]) -> Result<Sequential> {
    let batch_shape: Vec<Option<usize>> = std::iter::once(None).chain(x[1..].iter().copied().map(Some)).collect();
    let mut all = vec![json!({"class_name": "InputLayer", "config": {"batch_shape": batch_shape}})];
    all.extend_from_slice(layers);
    Ok(Sequential::from_json(&json!({"class_name": "Sequential", "config": {"name": "sequential", "layers": all}}))?)
}

/// A loss from its name, or from its class and options.
pub(crate) fn loss(described: &Value) -> Result<Box<dyn Loss>> {
    if let Some(name) = described.as_str() {
        return Ok(name.into_loss()?);
    }
    let class = described["class_name"].as_str().unwrap_or_default();
    let config = described["config"].as_object().cloned().unwrap_or_default();
    loss_of(class, &config)
}

/// A loss from Keras' class and options. Options that have no counterpart here must have Keras' defaults.
pub(crate) fn loss_of(class: &str, config: &Map<String, Value>) -> Result<Box<dyn Loss>> {
    if class.contains("Focal") || ["Dice", "Tversky"].contains(&class) {
        return Ok(CompileRegistry::default().make_loss(&json!({"class_name": class, "config": config}))?);
    }
    let defaults =
        json!({"reduction": "sum_over_batch_size", "axis": -1, "ignore_class": null, "from_logits": false, "label_smoothing": 0.0});
    let read: &[&str] = match class {
        "SparseCategoricalCrossentropy" => &["from_logits"],
        "CategoricalCrossentropy" | "BinaryCrossentropy" => &["from_logits", "label_smoothing"],
        _ => &[],
    };
    if let Some((name, value)) = config.iter().find(|(name, value)| !read.contains(&name.as_str()) && defaults[*name] != **value) {
        return Err(format!("{class} with {name} = {value} has no counterpart").into());
    }
    let from_logits = config.get("from_logits").and_then(Value::as_bool).unwrap_or(false);
    let smoothing = config.get("label_smoothing").and_then(Value::as_f64).unwrap_or(0.0) as f32;
    Ok(match class {
        "SparseCategoricalCrossentropy" => {
            let loss = losses::SparseCategoricalCrossentropy::default();
            Box::new(if from_logits { loss.from_logits() } else { loss })
        }
        "CategoricalCrossentropy" => {
            let loss = losses::CategoricalCrossentropy::default().label_smoothing(smoothing);
            Box::new(if from_logits { loss.from_logits() } else { loss })
        }
        "BinaryCrossentropy" => {
            let loss = losses::BinaryCrossentropy::default().label_smoothing(smoothing);
            Box::new(if from_logits { loss.from_logits() } else { loss })
        }
        "KLDivergence" => "kl_divergence".into_loss()?,
        class => snake_case(class).as_str().into_loss()?,
    })
}

fn snake_case(class: &str) -> String {
    let mut name = String::new();
    for letter in class.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// The options of an optimizer: every one that is asked for is ticked off, and those left over must mean nothing.
struct Options<'a> {
    class: &'a str,
    left: Map<String, Value>,
}

impl Options<'_> {
    fn number(&mut self, name: &str) -> Result<Option<f64>> {
        let value = self.left.remove(name).ok_or_else(|| format!("{} has no option {name}", self.class))?;
        Ok(value.as_f64())
    }

    fn required(&mut self, name: &str) -> Result<f64> {
        self.number(name)?.ok_or_else(|| format!("{name} is no number").into())
    }

    fn flag(&mut self, name: &str) -> Result<bool> {
        let value = self.left.remove(name).ok_or_else(|| format!("{} has no option {name}", self.class))?;
        value.as_bool().ok_or_else(|| format!("{name} is no flag").into())
    }

    fn rate(&mut self) -> Result<Schedule> {
        let rate = self.left.remove("learning_rate").unwrap_or_default();
        Ok(match rate.as_f64() {
            Some(rate) => rate.into(),
            None => serde_json::from_value(rate)?,
        })
    }

    fn finish(self) -> Result<()> {
        let idle = |name: &str, value: &Value| value.is_null() || value == &json!(false) || name == "ema_momentum";
        match self.left.iter().find(|(name, value)| !idle(name, value)) {
            Some((name, value)) => Err(format!("{} with {name} = {value} has no counterpart", self.class).into()),
            None => Ok(()),
        }
    }
}

/// The options that all optimizers share.
macro_rules! common {
    ($optimizer:expr, $options:ident) => {{
        let mut optimizer = $optimizer.learning_rate($options.rate()?);
        if let Some(decay) = $options.number("weight_decay")? {
            optimizer = optimizer.weight_decay(decay as f32);
        }
        if let Some(norm) = $options.number("clipnorm")? {
            optimizer = optimizer.clipnorm(norm as f32);
        }
        if let Some(norm) = $options.number("global_clipnorm")? {
            optimizer = optimizer.global_clipnorm(norm as f32);
        }
        if let Some(value) = $options.number("clipvalue")? {
            optimizer = optimizer.clipvalue(value as f32);
        }
        optimizer
    }};
}

macro_rules! moments {
    ($optimizer:expr, $options:ident) => {
        common!($optimizer, $options)
            .beta_1($options.required("beta_1")?)
            .beta_2($options.required("beta_2")?)
            .epsilon($options.required("epsilon")?)
    };
}

/// An optimizer from Keras' class and options.
pub(crate) fn optimizer(class: &str, config: Map<String, Value>) -> Result<Box<dyn Optimizer>> {
    let shared = ["use_ema", "gradient_accumulation_steps"];
    if shared.iter().any(|option| config.get(*option).is_some_and(|value| !value.is_null() && *value != json!(false))) {
        return Ok(CompileRegistry::default().make_optimizer(&json!({"class_name": class, "config": config}))?);
    }
    let mut options = Options { class, left: config };
    let optimizer: Box<dyn Optimizer> = match class {
        "SGD" => {
            let sgd = common!(Sgd::default(), options);
            Box::new(sgd.momentum(options.required("momentum")?).nesterov(options.flag("nesterov")?))
        }
        "RMSprop" => {
            let rmsprop = common!(RmsProp::default(), options).rho(options.required("rho")?).momentum(options.required("momentum")?);
            Box::new(rmsprop.epsilon(options.required("epsilon")?).centered(options.flag("centered")?))
        }
        "Adagrad" => {
            let adagrad = common!(Adagrad::default(), options).epsilon(options.required("epsilon")?);
            Box::new(adagrad.initial_accumulator_value(options.required("initial_accumulator_value")?))
        }
        "Adam" => Box::new(moments!(Adam::default(), options).amsgrad(options.flag("amsgrad")?)),
        "AdamW" => Box::new(moments!(AdamW::default(), options)),
        "Nadam" => Box::new(moments!(Nadam::default(), options)),
        class => return Ok(CompileRegistry::default().make_optimizer(&json!({"class_name": class, "config": options.left}))?),
    };
    options.finish()?;
    Ok(optimizer)
}
