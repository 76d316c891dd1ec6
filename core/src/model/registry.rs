//! From configurations to optimizers, losses and metrics, open to those of other crates.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Model;
use crate::config::{Config, FUNCTION, check_known, class_and_config, is_custom};
use crate::losses::{self, Loss};
use crate::metrics::{self, LossMetric, Metric};
use crate::optimizers::{self, Optimizer};
use crate::{Error, Result};

type Make<T> = Arc<dyn Fn(Config) -> Result<Box<T>> + Send + Sync>;

/// Makes optimizers, losses and metrics from their classes and options: those of this crate, and those that are added.
///
/// ```
/// use practicum_core::model::CompileRegistry;
/// use practicum_core::prelude::*;
///
/// let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(1));
/// model.compile(Adam::new(0.01).beta_1(0.8), "huber", ["mae"])?;
/// let config = model.compile_config()?;
///
/// let mut again = Sequential::new().add(Input::new([2])).add(Dense::new(1));
/// again.compile_from_config(&config, &CompileRegistry::default())?;
/// assert_eq!(again.compile_config()?, config);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CompileRegistry {
    optimizers: BTreeMap<String, Make<dyn Optimizer>>,
    losses: BTreeMap<String, Make<dyn Loss>>,
    metrics: BTreeMap<String, Make<dyn Metric>>,
}

impl CompileRegistry {
    /// Adds a class of optimizers, or replaces one.
    #[must_use]
    pub fn optimizer(mut self, class: &str, make: impl Fn(Config) -> Result<Box<dyn Optimizer>> + Send + Sync + 'static) -> Self {
        self.optimizers.insert(class.to_owned(), Arc::new(make));
        self
    }

    /// Adds a class of losses, or replaces one; or registers a loss of [`losses::from_fn`], under its name.
    ///
    /// See [`Load`](crate::io::Load) for an example.
    #[must_use]
    pub fn loss(mut self, class: &str, make: impl Fn(Config) -> Result<Box<dyn Loss>> + Send + Sync + 'static) -> Self {
        self.losses.insert(class.to_owned(), Arc::new(make));
        self
    }

    /// Adds a class of metrics, or replaces one; or registers a metric of [`metrics::from_fn`], under its name.
    #[must_use]
    pub fn metric(mut self, class: &str, make: impl Fn(Config) -> Result<Box<dyn Metric>> + Send + Sync + 'static) -> Self {
        self.metrics.insert(class.to_owned(), Arc::new(make));
        self
    }

    /// The optimizer of `{"class_name": …, "config": …}`, or of a name.
    ///
    /// # Errors
    /// A class that no one added, or options that do not fit it.
    pub fn make_optimizer(&self, value: &Value) -> Result<Box<dyn Optimizer>> {
        let (class, config) = class_and_config("an optimizer", value)?;
        match added(&self.optimizers, "optimizer", value)? {
            Some(make) => make(config),
            None => optimizers::from_config(&class, config).map_err(|error| hint(error, "optimizer")),
        }
    }

    /// The loss of `{"class_name": …, "config": …}`, or of a name.
    ///
    /// # Errors
    /// A class that no one added, or options that do not fit it.
    pub fn make_loss(&self, value: &Value) -> Result<Box<dyn Loss>> {
        let (class, config) = class_and_config("a loss", value)?;
        match added(&self.losses, "loss", value)? {
            Some(make) => make(config),
            None => losses::from_config(&class, config).map_err(|error| hint(error, "loss")),
        }
    }

    /// The metric of `{"class_name": …, "config": …}`, or of a name.
    ///
    /// # Errors
    /// A class that no one added, or options that do not fit it.
    pub fn make_metric(&self, value: &Value) -> Result<Box<dyn Metric>> {
        let (class, config) = class_and_config("a metric", value)?;
        let custom = is_custom(value);
        let part = |name: &str| config.get(name).unwrap_or(&Value::Null);
        if class == "LossMetric" && !custom {
            check_known("option of LossMetric", Some(&config), &["name", "loss"])?;
            return Ok(Box::new(LossMetric::new(self.make_loss(part("loss"))?)?.with_name_of(&config)?));
        }
        if class == "Weighted" && !custom {
            check_known("option of Weighted", Some(&config), &["metric"])?;
            return Ok(Box::new(metrics::weighted_box(self.make_metric(part("metric"))?)));
        }
        match added(&self.metrics, "metric", value)? {
            Some(make) => make(config),
            None if value.is_string() => metrics::by_name(&class).map_err(|error| hint(error, "metric")),
            None => metrics::from_config(&class, config).map_err(|error| hint(error, "metric")),
        }
    }
}

/// What was added for a class, or for a function by its name. A custom class, as a file says, is none of this crate.
fn added<'a, T: ?Sized>(makes: &'a BTreeMap<String, Make<T>>, kind: &str, described: &Value) -> Result<Option<&'a Make<T>>> {
    let class = described.as_str().or(described["class_name"].as_str()).unwrap_or_default();
    let (custom, name) = (is_custom(described), described["config"]["name"].as_str());
    let name = name.filter(|_| custom && class == FUNCTION);
    match makes.get(name.unwrap_or(class)) {
        Some(make) => Ok(Some(make)),
        None if !custom => Ok(None),
        None => Err(match name {
            Some(name) => Error::unknown(&format!("{kind} of a function"), name, makes.keys()).hint(format!(
                "files hold no functions: register it with `CompileRegistry::{kind}(\"{name}\", …)` in `Load::compile_registry`, or load \
                 with `Load::compile(false)`"
            )),
            None => hint(Error::unknown(&format!("custom {kind}"), class, makes.keys()), kind),
        }),
    }
}

fn hint(error: Error, kind: &str) -> Error {
    if !error.is_unknown() {
        return error;
    }
    error.hint(format!("add the class with `CompileRegistry::{kind}` in `Load::compile_registry`, or load with `Load::compile(false)`"))
}

impl Debug for CompileRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added = [self.optimizers.keys().collect::<Vec<_>>(), self.losses.keys().collect(), self.metrics.keys().collect()];
        f.debug_tuple("CompileRegistry").field(&added).finish()
    }
}

impl Model {
    /// What the model was compiled with, as JSON: the optimizer, the losses with their weights, and the metrics of each output.
    ///
    /// # Errors
    /// The model is not compiled.
    pub fn compile_config(&self) -> Result<Value> {
        let compiled = self.compiled()?;
        let losses = compiled.objective().losses().map(|(loss, weight)| json!([losses::describe(loss), weight]));
        let metrics = compiled
            .scores()
            .metrics(self.output_names().len())
            .into_iter()
            .map(|list| -> Value { list.into_iter().map(metrics::describe).collect() });
        Ok(json!({
            "optimizer": optimizers::describe(compiled.optimizer()),
            "loss": losses.collect::<Value>(),
            "metrics": metrics.collect::<Value>(),
        }))
    }

    /// Compiles the model as [`compile_config`](Model::compile_config) of another says.
    ///
    /// # Errors
    /// As [`compile`](Model::compile); a class that the registry does not know.
    pub fn compile_from_config(&mut self, config: &Value, registry: &CompileRegistry) -> Result<()> {
        let list = |name: &str| {
            let values = config[name].as_array();
            values
                .ok_or_else(|| Error::format(format!("expected a list as `{name}` of what a model is compiled with, got {}", config[name])))
        };
        check_known("key of what a model is compiled with", config.as_object(), &["optimizer", "loss", "metrics"])?;
        let optimizer = registry.make_optimizer(&config["optimizer"])?;
        let loss = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
            Some([loss, weight]) if weight.is_number() => Ok((registry.make_loss(loss)?, weight.as_f64().unwrap_or(1.0) as f32)),
            _ => Err(Error::format(format!("expected a loss and its weight, a number, as [loss, weight], got {pair}"))),
        };
        let losses = list("loss")?.iter().map(loss).collect::<Result<Vec<_>>>()?;
        let metrics = |list: &Value| {
            let metrics =
                list.as_array().ok_or_else(|| Error::format(format!("expected a list of metrics for each output, got {list}")))?;
            metrics.iter().map(|metric| registry.make_metric(metric)).collect()
        };
        let metrics = list("metrics")?.iter().map(metrics).collect::<Result<Vec<Vec<_>>>>()?;
        self.compile_parts(optimizer, losses, metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dense, Input};
    use crate::model::Sequential;

    #[test]
    fn what_a_model_is_compiled_with_is_read_whole() {
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(1)).into_model();
        model.compile("sgd", "mse", "mae").unwrap();
        let config = model.compile_config().unwrap();
        let mut refused = |key: &str, value: Value| {
            let mut changed = config.clone();
            changed[key] = value;
            model.compile_from_config(&changed, &CompileRegistry::default()).unwrap_err().to_string()
        };
        assert!(refused("loss_weights", json!([2.0])).contains("loss_weights"));
        for (loss, word) in [(json!([["mse", -1.0]]), "-1"), (json!([["mse", 1e39]]), "inf")] {
            let error = refused("loss", loss);
            assert!(error.contains("weight of the loss") && error.contains(word), "{error}");
        }
        for metrics in [json!("mae"), json!(["mae"]), json!([["mae"], 3])] {
            assert!(refused("metrics", metrics).contains("metrics"));
        }
        for metric in [
            json!({"class_name": "LossMetric", "config": {"loss": "mse", "delta": 3}}),
            json!({"class_name": "LossMetric", "config": {"loss": "mse", "name": 3}}),
            json!({"class_name": "LossMetric", "config": {"name": "a"}}),
            json!({"class_name": "Weighted", "config": {"metric": "mae", "axis": 2}}),
        ] {
            let error = refused("metrics", json!([[metric]]));
            assert!(["delta", "name = 3", "expected a loss", "axis"].iter().any(|word| error.contains(word)), "{error}");
        }
        for pair in [json!(["mse", "much"]), json!(["mse", 1.0, "huber"]), json!(["mse"]), json!("mse")] {
            let error = refused("loss", json!([pair]));
            assert!(error.contains("[loss, weight]") && error.contains(&pair.to_string()), "{error}");
        }
        model.compile_from_config(&config, &CompileRegistry::default()).unwrap();
    }
}
