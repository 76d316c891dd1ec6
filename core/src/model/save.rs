//! Models to files and back: weights as safetensors, configuration as JSON.

use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};

use super::network::Network;
use super::{Model, Sequential};
use crate::layers::{Config, LayerSpec, Registry};
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// Writes a file whole or not at all: beside it first, then in its place.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let write = |beside: &PathBuf| {
        let mut file = std::fs::File::create(beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(beside, path)
    };
    write(&beside).map_err(|source| {
        // What could be written of it is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
        Error::io("write", path, source)
    })
}

impl Model {
    /// Writes all parameters to a safetensors file, under their paths (`dense/kernel`), whole or not at all.
    ///
    /// # Errors
    /// The model is not built, or the file cannot be written.
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        self.output_shapes()?;
        let bytes: Vec<Vec<u8>> =
            self.parameters().iter().map(|param| param.value().as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let mut views = Vec::with_capacity(bytes.len());
        for (param, bytes) in self.parameters().iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, param.value().shape().to_vec(), bytes);
            views.push((param.path(), view.map_err(|source| Error::format(format!("parameter `{}`: {source}", param.path())))?));
        }
        let about = [("format".to_owned(), "practicum-weights-1".to_owned())].into_iter().collect();
        let file =
            safetensors::serialize(views, Some(about)).map_err(|source| Error::format(format!("cannot write the weights: {source}")))?;
        write_atomically(path.as_ref(), &file)
    }

    /// Reads all parameters from a file of [`save_weights`](Model::save_weights).
    ///
    /// # Errors
    /// The model is not built; the file cannot be read or is none of safetensors; a parameter is missing, has another shape or
    /// another type, or the file has one that the model has not. Then nothing is changed.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.output_shapes()?;
        let path = path.as_ref();
        let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        let weights = self.read_weights(&file);
        weights
            .and_then(|weights| self.set_weights(&weights))
            .map_err(|error| error.context(path.display().to_string()).hint("the file is of another model: build one with the same layers"))
    }

    fn read_weights(&self, file: &[u8]) -> Result<Vec<Tensor>> {
        let tensors = SafeTensors::deserialize(file).map_err(|source| {
            Error::format(format!("this is no whole safetensors file: {source}")).hint("was it cut off while it was copied?")
        })?;
        let names = tensors.names();
        if let Some(stranger) = names.iter().find(|name| self.parameters().iter().all(|param| param.path() != **name)) {
            let known: Vec<&str> = self.parameters().iter().map(|param| param.path()).collect();
            return Err(Error::format(format!("the model has no parameter `{stranger}`, as the file has: it has {}", known.join(", ")))
                .hint("the file is of another model, or its layers have other names"));
        }
        let read = |param: &super::Parameter| {
            let view = tensors
                .tensor(param.path())
                .map_err(|_| Error::format(format!("there is no parameter `{}` in the file: it has {}", param.path(), names.join(", "))))?;
            if view.dtype() != Dtype::F32 {
                return Err(Error::format(format!("parameter `{}` is stored as {:?}: expected F32", param.path(), view.dtype())));
            }
            let elements = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Tensor::new(Shape::new(view.shape())?, elements)
        };
        self.parameters().iter().map(read).collect()
    }

    /// The layers and their options as JSON, in Keras' words; without parameters.
    ///
    /// # Errors
    /// The layers could not be added.
    pub fn to_json(&self) -> Result<Value> {
        self.check_pending()?;
        Ok(json!({"class_name": self.network.class_name(), "config": network_config(&self.name, &self.network)}))
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
            Some("Functional") => super::graph_json::read(&json["config"], registry),
            _ => Ok(Sequential::from_json_with(json, registry)?.into_model()),
        }
    }
}

/// The options of a model: its layers.
pub(super) fn network_config(name: &str, network: &Network) -> Config {
    let mut config = Config::new();
    config.insert("name".into(), name.into());
    if network.class_name() == "Functional" {
        super::graph_json::write(network, &mut config);
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
