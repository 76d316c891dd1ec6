//! The configuration of a model as JSON, in Keras' words.

use serde_json::{Value, json};

use super::graph;
use crate::config::{check_known, is_custom};
use crate::layers::{Config, Layer, LayerSpec, Registry, check_options, describe, sharing};
use crate::model::{Network, Sequential};
use crate::{Error, Model, PartialShape, Result};

impl Default for Registry {
    /// Keras' layers, and its models as layers.
    fn default() -> Self {
        let sequential = |registry: &Self, config: Config| within(sequential(&config, registry)?.into_model());
        let functional = |registry: &Self, config: Config| within(graph::read(&config, registry)?);
        Self::of_layers().keras("Sequential", sequential).keras("Functional", functional)
    }
}

fn within(model: Model) -> Result<Box<dyn Layer>> {
    Ok(LayerSpec::from(model).layer)
}

impl Model {
    /// The layers and their options as JSON, in Keras' words; without parameters.
    ///
    /// # Errors
    /// The layers could not be added, or have options that files do not hold, such as infinite numbers.
    pub fn to_json(&self) -> Result<Value> {
        self.check_pending()?;
        let network = self.network();
        for node in network.nodes() {
            check_options(&*node.layer).map_err(|error| error.context(format!("`{}`", node.name)))?;
        }
        let mut config = sharing::whole(|| network_config(network));
        config.insert("name".into(), self.name().into());
        let functional = network.class_name() == "Functional";
        let module = if functional { "keras.src.models.functional" } else { "keras" };
        let registered = functional.then_some("Functional");
        Ok(json!({"module": module, "class_name": network.class_name(), "config": config, "registered_name": registered}))
    }

    /// A model from the JSON of [`to_json`](Model::to_json), with the layers of this crate. `serde_json::from_str` makes the JSON
    /// of a text.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let input = Input::new([3]).symbol();
    /// let model = Model::new(&input, Dense::new(2).on(&input))?;
    /// assert_eq!(Model::from_json(&model.to_json()?)?.to_json()?, model.to_json()?);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// What the model was compiled with is left to [`Load`](crate::io::Load).
    ///
    /// # Errors
    /// JSON that describes no model, an unknown class, or options that do not fit.
    pub fn from_json(json: &Value) -> Result<Self> {
        Self::from_json_with(json, &Registry::default())
    }

    /// The same, with custom layers in the registry.
    ///
    /// # Errors
    /// As [`from_json`](Model::from_json).
    pub fn from_json_with(json: &Value, registry: &Registry) -> Result<Self> {
        let registry = registry.for_a_file();
        let (class, config) = model_of(json)?;
        let mut model = match class {
            "Functional" | "Model" => graph::read(config, &registry)?,
            _ => sequential(config, &registry)?.into_model(),
        };
        match config.get("trainable") {
            None | Some(Value::Null | Value::Bool(true)) => {}
            Some(Value::Bool(false)) => model.freeze(),
            Some(other) => return Err(Error::format(format!("{class}: trainable = {other}: expected true or false"))),
        }
        Ok(model)
    }
}

/// The class and the options of a model.
fn model_of(json: &Value) -> Result<(&str, &Config)> {
    const KNOWN: [&str; 10] = [
        "class_name",
        "config",
        "module",
        "registered_name",
        "build_config",
        "compile_config",
        "keras_version",
        "backend",
        "name",
        "shared_object_id",
    ];
    let class = json["class_name"].as_str().unwrap_or_default();
    let Some(config) = json["config"].as_object().filter(|_| ["Sequential", "Functional", "Model"].contains(&class)) else {
        let got = if class.is_empty() { "something without class_name".to_owned() } else { format!("class_name `{class}`") };
        return Err(Error::format(format!("expected a model with its layers, Sequential or Functional, got {got}")));
    };
    check_known("key of a model", json.as_object(), &KNOWN)?;
    if is_custom(json) {
        let [module, name] = [&json["module"], &json["registered_name"]];
        return Err(Error::format(format!("`{class}` of the module {module}, registered as {name}, is not Keras' {class}")));
    }
    Ok((class, config))
}

/// The name among options.
pub(super) fn name_in(config: &Config) -> Result<Option<&str>> {
    match config.get("name") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name)),
        Some(other) => Err(Error::format(format!("the name of the model is {other}: expected a text"))),
    }
}

/// The options of a model: its layers.
pub(crate) fn network_config(network: &Network) -> Config {
    sharing::within(network.copied(), || config_of_layers(network))
}

fn config_of_layers(network: &Network) -> Config {
    let mut config = Config::new();
    if network.class_name() == "Functional" {
        graph::write(network, &mut config);
        return config;
    }
    let mut layers = Vec::new();
    layers.extend(network.shape(0).map(|shape| input(&network.input_names()[0], shape)));
    layers.extend(network.nodes().iter().map(|node| describe(&*node.layer, node.same(), &node.name, node.trainable)));
    config.insert("layers".into(), layers.into());
    config
}

/// An input as Keras describes it.
pub(super) fn input(name: &str, shape: &PartialShape) -> Value {
    let config = json!({"batch_shape": shape, "dtype": "float32", "name": name});
    json!({"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": null})
}

/// Makes the model that was written.
fn sequential(config: &Config, registry: &Registry) -> Result<Sequential> {
    check_known("option of Sequential", Some(config), &["name", "trainable", "dtype", "layers", "build_input_shape"])?;
    let layers = config.get("layers").and_then(Value::as_array).ok_or_else(|| Error::format("expected a Sequential with its layers"))?;
    let mut model = Sequential::new().name(name_in(config)?.unwrap_or("sequential"));
    if let Some(first) = layers.first().filter(|first| first["class_name"] != "InputLayer")
        && let Some(shape) = config.get("build_input_shape").filter(|shape| !shape.is_null())
    {
        let name = first["config"]["name"].as_str().map_or_else(|| "input_layer".to_owned(), |name| format!("{name}_input"));
        let input = json!({"class_name": "InputLayer", "config": {"batch_shape": shape, "dtype": "float32", "name": name}});
        model = model.add(registry.read(&input).map_err(|error| error.context("build_input_shape"))?);
    }
    for (index, layer) in layers.iter().enumerate() {
        model = model.add(registry.read(layer).map_err(|error| error.context(format!("layer {index} of the file")))?);
    }
    model.check_pending()?;
    Ok(model)
}

impl Sequential {
    /// A model from the JSON of [`to_json`](Model::to_json), with the layers of this crate.
    ///
    /// # Errors
    /// JSON that describes no model, an unknown class, or options that do not fit.
    pub fn from_json(json: &Value) -> Result<Self> {
        Self::from_json_with(json, &Registry::default())
    }

    /// The same, with custom layers in the registry.
    ///
    /// # Errors
    /// As [`from_json`](Sequential::from_json).
    pub fn from_json_with(json: &Value, registry: &Registry) -> Result<Self> {
        match model_of(json)?.0 {
            "Sequential" => Model::from_json_with(json, registry).map(Self::of),
            class => Err(Error::format(format!("expected a Sequential with its layers, got class_name `{class}`"))
                .hint("read it by `Model::from_json`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dense, Input, LayerExt, Symbol};

    #[test]
    fn options_that_files_do_not_hold_are_refused_before_a_model_is_built() {
        let model = Sequential::new().add(crate::layers::ELU::new().alpha(f32::INFINITY));
        let error = model.to_json().unwrap_err().to_string();
        assert!(error.contains("`elu`") && error.contains("alpha of ELU is inf"), "{error}");
    }

    #[test]
    fn a_row_of_layers_is_built_by_the_shape_that_it_was_built_by() {
        let dense = json!({"class_name": "Dense", "config": {"name": "d", "units": 2}});
        let model = |shape: &Value| {
            Model::from_json(&json!({"class_name": "Sequential", "config": {"layers": [dense], "build_input_shape": shape}}))
        };
        assert_eq!(model(&json!([null, 3])).unwrap().count_params().unwrap(), 8);
        assert!(model(&Value::Null).unwrap().count_params().is_err());
        assert!(model(&json!("wide")).unwrap_err().to_string().contains("build_input_shape"));
    }

    #[test]
    fn f12_parts_of_a_graph_that_are_not_used_are_refused() {
        let x = Input::new([3]).named("x").symbol();
        let y = Dense::new(2).named("a").on(&x) * 2.0;
        let model = Model::new(&x, Symbol::concatenate([&y, &y], 1)).unwrap();
        let json = model.to_json().unwrap();
        Model::from_json(&json).unwrap();
        let with = |pointer: &str, value: Value| {
            let mut json = json.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[key] = value;
            Model::from_json(&json).unwrap_err().to_string()
        };
        let joined = json["config"]["layers"][3]["inbound_nodes"][0]["args"][0].clone();
        for (error, words) in [
            (with("/config/layers/1/name", "x".into()), "two layers of the file are called `x`"),
            (with("/config/layers/1/name", 7.into()), "has the name 7"),
            (with("/config/name", 7.into()), "name of the model is 7"),
            (with("/config/trainable", 0.into()), "trainable = 0"),
            (with("/config/layers/1/inbound_nodes/0/extra", 1.into()), "extra"),
            (with("/config/layers/1/inbound_nodes/0/kwargs", json!([1])), "kwargs"),
            (with("/config/layers/2/inbound_nodes/0/extra", 1.into()), "extra"),
            (with("/config/layers/2/rounding", 1.into()), "rounding"),
            (with("/config/layers/2/config", 1.into()), "class_name and config"),
            (with("/config/layers/3/inbound_nodes/0/args", json!([joined, 5])), "one list of tensors"),
            (with("/module", Value::Null), "is not Keras' Functional"),
        ] {
            assert!(error.contains(words), "{words}: {error}");
        }
        let of_keras_2 = json!([[["x", 0, 0, {}]]]);
        assert!(with("/config/layers/1/inbound_nodes", of_keras_2).contains("has no args"));
    }

    #[test]
    fn a_model_that_does_not_learn_has_no_layer_that_learns() {
        let x = Input::new([3]).symbol();
        let graph = Model::new(&x, Dense::new(2).on(&x)).unwrap();
        for model in [graph, Sequential::new().add(Input::new([3])).add(Dense::new(2)).into_model()] {
            let mut json = model.to_json().unwrap();
            json["config"]["trainable"] = false.into();
            let frozen = Model::from_json(&json).unwrap();
            assert!(!frozen.get_layer(0).unwrap().trainable());
            json["config"]["trainable"] = true.into();
            assert!(Model::from_json(&json).unwrap().get_layer(0).unwrap().trainable());
        }
    }
}
