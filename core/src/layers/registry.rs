//! From class names and options to layers, open to layers of one's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Activate, ActivityRegularization, Add, AlphaDropout, Average, AveragePooling1D, AveragePooling2D, BatchNormalization, Bidirectional,
    Concatenate, Config, Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Cropping1D, Cropping2D, Dense, DepthwiseConv2D, Dot, Dropout,
    ELU, Embedding, Flatten, GRU, GaussianDropout, GaussianNoise, GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D,
    GlobalMaxPooling2D, GroupNormalization, Input, LSTM, Lambda, Layer, LayerNormalization, LeakyReLU, Masking, MaxPooling1D, MaxPooling2D,
    Maximum, Minimum, Multiply, Normalization, PReLU, Permute, RMSNormalization, ReLU, RepeatVector, Rescaling, Reshape, SeparableConv2D,
    SimpleRNN, Softmax, SpatialDropout1D, SpatialDropout2D, Subtract, TimeDistributed, UnitNormalization, UpSampling1D, UpSampling2D,
    ZeroPadding1D, ZeroPadding2D,
};
use crate::autodiff::Var;
use crate::{Error, Result};

/// The class that is made of registered functions.
const LAMBDA: &str = "Lambda";

/// Classes that hold layers of any class.
const WRAPPERS: [(&str, MakeWith); 2] = [("Bidirectional", Bidirectional::from_config), ("TimeDistributed", TimeDistributed::from_config)];

type MakeWith = fn(&Registry, Config) -> Result<Box<dyn Layer>>;
type Make = Arc<dyn Fn(Config) -> Result<Box<dyn Layer>> + Send + Sync>;

/// Makes layers from their class names and options: those of Keras, and those that are added.
///
/// ```
/// use practicum_core::layers::Registry;
///
/// let registry = Registry::default().lambda("times_100", |x| x.scale(100.0));
/// let config = serde_json::json!({"units": 3, "activation": "relu"});
/// let layer = registry.make("Dense", config.as_object().cloned().unwrap_or_default())?;
/// assert_eq!(layer.describe(), "Dense 3 relu");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Registry {
    classes: BTreeMap<String, Make>,
    lambdas: BTreeMap<String, Lambda>,
}

impl Default for Registry {
    /// The layers of this crate.
    fn default() -> Self {
        Self { classes: BTreeMap::new(), lambdas: BTreeMap::new() }
            .layer("Activation", Activate::from_config)
            .layer("ActivityRegularization", ActivityRegularization::from_config)
            .layer("Add", |_| Ok(Box::new(Add)))
            .layer("AlphaDropout", AlphaDropout::from_config)
            .layer("Average", |_| Ok(Box::new(Average)))
            .layer("AveragePooling1D", AveragePooling1D::from_config)
            .layer("AveragePooling2D", AveragePooling2D::from_config)
            .layer("BatchNormalization", BatchNormalization::from_config)
            .layer("Concatenate", Concatenate::from_config)
            .layer("Conv1D", Conv1D::from_config)
            .layer("Conv1DTranspose", Conv1DTranspose::from_config)
            .layer("Conv2D", Conv2D::from_config)
            .layer("Conv2DTranspose", Conv2DTranspose::from_config)
            .layer("Cropping1D", Cropping1D::from_config)
            .layer("Cropping2D", Cropping2D::from_config)
            .layer("Dense", Dense::from_config)
            .layer("DepthwiseConv2D", DepthwiseConv2D::from_config)
            .layer("Dot", Dot::from_config)
            .layer("Dropout", Dropout::from_config)
            .layer("ELU", ELU::from_config)
            .layer("Embedding", Embedding::from_config)
            .layer("Flatten", |_| Ok(Box::new(Flatten)))
            .layer("GaussianDropout", GaussianDropout::from_config)
            .layer("GaussianNoise", GaussianNoise::from_config)
            .layer("GlobalAveragePooling1D", GlobalAveragePooling1D::from_config)
            .layer("GlobalAveragePooling2D", GlobalAveragePooling2D::from_config)
            .layer("GlobalMaxPooling1D", GlobalMaxPooling1D::from_config)
            .layer("GlobalMaxPooling2D", GlobalMaxPooling2D::from_config)
            .layer("GroupNormalization", GroupNormalization::from_config)
            .layer("GRU", GRU::from_config)
            .layer("InputLayer", Input::from_config)
            .layer("LayerNormalization", LayerNormalization::from_config)
            .layer("LeakyReLU", LeakyReLU::from_config)
            .layer("LSTM", LSTM::from_config)
            .layer("Masking", Masking::from_config)
            .layer("Maximum", |_| Ok(Box::new(Maximum)))
            .layer("MaxPooling1D", MaxPooling1D::from_config)
            .layer("MaxPooling2D", MaxPooling2D::from_config)
            .layer("Minimum", |_| Ok(Box::new(Minimum)))
            .layer("Multiply", |_| Ok(Box::new(Multiply)))
            .layer("Normalization", Normalization::from_config)
            .layer("Permute", Permute::from_config)
            .layer("PReLU", PReLU::from_config)
            .layer("ReLU", ReLU::from_config)
            .layer("RepeatVector", RepeatVector::from_config)
            .layer("Rescaling", Rescaling::from_config)
            .layer("Reshape", Reshape::from_config)
            .layer("RMSNormalization", RMSNormalization::from_config)
            .layer("SeparableConv2D", SeparableConv2D::from_config)
            .layer("SimpleRNN", SimpleRNN::from_config)
            .layer("Softmax", Softmax::from_config)
            .layer("SpatialDropout1D", SpatialDropout1D::from_config)
            .layer("SpatialDropout2D", SpatialDropout2D::from_config)
            .layer("Subtract", |_| Ok(Box::new(Subtract)))
            .layer("UnitNormalization", UnitNormalization::from_config)
            .layer("UpSampling1D", UpSampling1D::from_config)
            .layer("UpSampling2D", UpSampling2D::from_config)
            .layer("ZeroPadding1D", ZeroPadding1D::from_config)
            .layer("ZeroPadding2D", ZeroPadding2D::from_config)
    }
}

impl Registry {
    /// Adds a class of layers, or replaces one.
    #[must_use]
    pub fn layer(mut self, class_name: &str, make: impl Fn(Config) -> Result<Box<dyn Layer>> + Send + Sync + 'static) -> Self {
        self.classes.insert(class_name.to_owned(), Arc::new(make));
        self
    }

    /// Adds the function of a [`Lambda`], under the name it is saved by.
    #[must_use]
    pub fn lambda(mut self, name: &str, function: impl Fn(&Var) -> Result<Var> + Send + Sync + 'static) -> Self {
        self.lambdas.insert(name.to_owned(), Lambda::shared(name, Arc::new(function)));
        self
    }

    /// The classes of which layers can be made, in alphabetical order.
    pub fn class_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.classes.keys().map(String::as_str).chain(WRAPPERS.map(|(class, _)| class)).chain([LAMBDA]).collect();
        names.sort_unstable();
        names
    }

    /// Makes a layer.
    ///
    /// # Errors
    /// A class or a Lambda's function that nobody registered, or options that do not fit the class.
    pub fn make(&self, class_name: &str, config: Config) -> Result<Box<dyn Layer>> {
        if class_name == LAMBDA {
            let name = config.get("function").and_then(Value::as_str).unwrap_or_default();
            let lambda = self.lambdas.get(name).ok_or_else(|| Error::unknown("function of a Lambda", name, self.lambdas.keys()));
            return Ok(Box::new(lambda.map_err(|error| error.hint("add it with `Registry::lambda`"))?.clone()));
        }
        if let Some((_, make)) = WRAPPERS.iter().find(|(class, _)| *class == class_name) {
            return make(self, config);
        }
        let make = self
            .classes
            .get(class_name)
            .ok_or_else(|| Error::unknown("layer", class_name, self.class_names()).hint("add layers of your own with `Registry::layer`"))?;
        make(config)
    }
}

impl Registry {
    /// Makes the layer that is described in an option of another.
    pub(super) fn make_within(&self, described: &Value) -> Result<Box<dyn Layer>> {
        let class = described["class_name"].as_str().unwrap_or_default();
        self.make(class, described["config"].as_object().cloned().unwrap_or_default()).map_err(|error| error.context("the layer within"))
    }
}

/// A layer as an option of another.
pub(super) fn describe_within(layer: &dyn Layer) -> Value {
    json!({"class_name": layer.class_name(), "config": layer.config()})
}

/// The options of a layer.
pub(super) fn to_config(layer: &impl Serialize) -> Config {
    match serde_json::to_value(layer) {
        Ok(Value::Object(config)) => config,
        _ => Config::new(),
    }
}

/// A layer from its options; `name`, `trainable` and `dtype`, which Keras writes into every layer, are not options of it.
pub(super) fn from_config<L: DeserializeOwned>(class: &str, config: Config) -> Result<L> {
    serde_json::from_value(Value::Object(config)).map_err(|source| Error::format(format!("the options of {class} do not fit: {source}")))
}

/// Refuses options that change Keras' numbers and have no counterpart here.
pub(super) fn refuse(class: &str, config: &Config, options: &[&str]) -> Result<()> {
    // What Keras writes where nothing was chosen.
    let idle = |value: &Value| value.is_null() || *value == json!(false) || *value == json!("channels_last");
    match options.iter().find_map(|option| config.get(*option).filter(|value| !idle(value)).map(|value| (option, value))) {
        Some((option, value)) => Err(Error::format(format!("{class} with {option} = {value} has no counterpart here"))),
        None => Ok(()),
    }
}

/// Keras' name for a class: `MaxPooling2D` is `max_pooling2d`, `Dense` is `dense`.
pub(crate) fn default_name(class_name: &str) -> String {
    let letters: Vec<char> = class_name.chars().collect();
    let mut name = String::new();
    for (i, letter) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(i + 1);
        let starts_word = before
            .is_some_and(|before| before.is_lowercase() || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())));
        if letter.is_uppercase() && starts_word {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_keras() {
        for (class, name) in [
            ("Dense", "dense"),
            ("MaxPooling2D", "max_pooling2d"),
            ("Conv2D", "conv2d"),
            ("GlobalAveragePooling1D", "global_average_pooling1d"),
            ("LSTM", "lstm"),
            ("InputLayer", "input_layer"),
            ("SimpleRNN", "simple_rnn"),
        ] {
            assert_eq!(default_name(class), name);
        }
    }

    #[test]
    fn strangers_are_refused_with_those_that_are_known() {
        let error = Registry::default().make("Dence", Config::new()).unwrap_err();
        assert!(error.is_unknown() && error.to_string().contains("did you mean `Dense`?"), "{error}");
        let error = Registry::default().make("Dense", Config::new()).unwrap_err();
        assert!(error.is_format() && error.to_string().contains("units"), "{error}");
    }

    #[test]
    fn options_that_would_change_numbers_unseen_are_refused() {
        for (class, config) in [
            ("BatchNormalization", json!({"renorm": true})),
            ("LayerNormalization", json!({"gamma_constraint": {"class_name": "NonNeg"}})),
            ("Dense", json!({"units": 1, "kernel_constraint": {"class_name": "NonNeg"}})),
            ("Dropout", json!({"rate": 0.5, "noise_shape": [null, 1, 4]})),
            ("SpatialDropout2D", json!({"rate": 0.5, "data_format": "channels_first"})),
        ] {
            let config = config.as_object().cloned().unwrap_or_default();
            let option = config.keys().find(|key| !["units", "rate"].contains(&key.as_str())).cloned().unwrap_or_default();
            let error = Registry::default().make(class, config).unwrap_err();
            assert!(error.is_format() && error.to_string().contains(&option), "{error}");
        }
    }
}
