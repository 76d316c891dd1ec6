//! The configuration of a model as JSON, in Keras' words.

use serde_json::{Value, json};

use super::graph;
use super::layer::{input_config, layer_from_json, layer_to_json};
use crate::layers::{Config, Registry};
use crate::model::{Network, Sequential};
use crate::{Error, Model, Result};

impl Model {
    /// The layers and their options as JSON, in Keras' words; without parameters.
    ///
    /// # Errors
    /// The layers could not be added.
    pub fn to_json(&self) -> Result<Value> {
        self.check_pending()?;
        Ok(json!({"class_name": self.network().class_name(), "config": network_config(self.name(), self.network())}))
    }

    /// A model from the JSON of [`to_json`](Model::to_json), with the layers of this crate.
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
    /// # Errors
    /// JSON that describes no model, a class that nobody knows, or options that do not fit.
    pub fn from_json(json: &Value) -> Result<Self> {
        Self::from_json_with(json, &Registry::default())
    }

    /// The same with layers of one's own in the registry.
    ///
    /// # Errors
    /// As [`from_json`](Model::from_json).
    pub fn from_json_with(json: &Value, registry: &Registry) -> Result<Self> {
        match json["class_name"].as_str() {
            Some("Functional") => graph::read(&json["config"], registry),
            _ => Ok(Sequential::from_json_with(json, registry)?.into_model()),
        }
    }
}

/// The options of a model: its layers.
pub(crate) fn network_config(name: &str, network: &Network) -> Config {
    let mut config = Config::new();
    config.insert("name".into(), name.into());
    if network.class_name() == "Functional" {
        graph::write(network, &mut config);
        return config;
    }
    let mut layers = Vec::new();
    if let Some(shape) = network.shape(0) {
        layers.push(json!({"class_name": "InputLayer", "config": input_config(&network.input_names()[0], shape)}));
    }
    layers.extend((0..network.nodes().len()).map(|node| layer_to_json(network, node)));
    config.insert("layers".into(), layers.into());
    config
}

impl Sequential {
    /// A model from the JSON of [`to_json`](Model::to_json), with the layers of this crate.
    ///
    /// # Errors
    /// JSON that describes no model, a class that nobody knows, or options that do not fit.
    pub fn from_json(json: &Value) -> Result<Self> {
        Self::from_json_with(json, &Registry::default())
    }

    /// The same with layers of one's own in the registry.
    ///
    /// # Errors
    /// As [`from_json`](Sequential::from_json).
    pub fn from_json_with(json: &Value, registry: &Registry) -> Result<Self> {
        let class = json["class_name"].as_str().unwrap_or_default();
        let Some(layers) = json["config"]["layers"].as_array().filter(|_| class == "Sequential") else {
            let got = if class.is_empty() { "something without class_name".to_owned() } else { format!("class_name `{class}`") };
            return Err(Error::format(format!("expected a Sequential with its layers, got {got}")));
        };
        let mut model = Self::new().name(json["config"]["name"].as_str().unwrap_or("sequential"));
        for (place, layer) in layers.iter().enumerate() {
            let spec = layer_from_json(layer, registry).map_err(|error| error.context(format!("layer {place} of the file")))?;
            model = model.add(spec);
        }
        model.check_pending()?;
        Ok(model)
    }
}
