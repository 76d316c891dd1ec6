//! A layer of a model as JSON.

use serde_json::{Value, json};

use crate::layers::{Config, LayerSpec, Registry};
use crate::model::Network;
use crate::{Error, Model, PartialShape, Result};

pub(super) fn input_config(name: &str, shape: &PartialShape) -> Value {
    json!({"batch_shape": shape, "dtype": "float32", "name": name})
}

pub(super) fn layer_to_json(network: &Network, node: usize) -> Value {
    let node = &network.nodes()[node];
    let mut config = node.layer.config();
    config.insert("name".into(), node.name.clone().into());
    config.insert("trainable".into(), node.trainable.into());
    json!({"class_name": node.layer.class_name(), "config": config})
}

pub(super) fn layer_from_json(layer: &Value, registry: &Registry) -> Result<LayerSpec> {
    let (Some(class), Some(config)) = (layer["class_name"].as_str(), layer["config"].as_object()) else {
        return Err(Error::format("expected an object with class_name and config"));
    };
    let mut config: Config = config.clone();
    let trainable = config.remove("trainable").and_then(|trainable| trainable.as_bool()).unwrap_or(true);
    let mut spec = if matches!(class, "Sequential" | "Functional") {
        LayerSpec::from(Model::from_json_with(layer, registry)?)
    } else {
        let name = config.remove("name");
        let mut spec = LayerSpec::boxed(registry.make(class, config)?);
        spec.name = name.and_then(|name| name.as_str().map(str::to_owned));
        spec
    };
    spec.trainable = trainable;
    Ok(spec)
}
