//! Initializers as Keras describes them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Fan, Initializer, Spread};
use crate::config::{check_of_keras, class_and_config, number};
use crate::layers::{Config, default_name};
use crate::{Error, Result};

/// What makes initializers of other crates, by their classes.
pub(crate) type Makers = BTreeMap<String, Arc<dyn Fn(Config) -> Result<Initializer> + Send + Sync>>;

thread_local! {
    /// The classes of the registry that is making a layer: serde has no other way to bring them to an option.
    static MAKERS: RefCell<Arc<Makers>> = RefCell::default();
}

/// Runs `read` with these classes beside Keras'.
pub(crate) fn with_makers<T>(makers: &Arc<Makers>, read: impl FnOnce() -> T) -> T {
    struct Before(Arc<Makers>);
    impl Drop for Before {
        fn drop(&mut self) {
            MAKERS.with(|current| current.swap(&RefCell::new(std::mem::take(&mut self.0))));
        }
    }
    let _before = Before(MAKERS.with(|current| current.replace(makers.clone())));
    read()
}

const CLASSES: [&str; 15] = [
    "Zeros",
    "Ones",
    "Constant",
    "RandomUniform",
    "RandomNormal",
    "TruncatedNormal",
    "GlorotUniform",
    "GlorotNormal",
    "HeUniform",
    "HeNormal",
    "LecunUniform",
    "LecunNormal",
    "VarianceScaling",
    "Orthogonal",
    "Identity",
];

impl Initializer {
    fn class_name(&self) -> &'static str {
        match self {
            Self::Zeros => "Zeros",
            Self::Ones => "Ones",
            Self::Constant { .. } => "Constant",
            Self::RandomUniform { .. } => "RandomUniform",
            Self::RandomNormal { .. } => "RandomNormal",
            Self::TruncatedNormal { .. } => "TruncatedNormal",
            Self::GlorotUniform => "GlorotUniform",
            Self::GlorotNormal => "GlorotNormal",
            Self::HeUniform => "HeUniform",
            Self::HeNormal => "HeNormal",
            Self::LecunUniform => "LecunUniform",
            Self::LecunNormal => "LecunNormal",
            Self::VarianceScaling { .. } => "VarianceScaling",
            Self::Orthogonal { .. } => "Orthogonal",
            Self::Identity { .. } => "Identity",
            Self::Custom(custom) => custom.class_name(),
        }
    }

    fn to_json(&self) -> Value {
        let config = match self {
            Self::Constant { value } => json!({"value": number(*value)}),
            Self::RandomUniform { minval, maxval } => json!({"minval": number(*minval), "maxval": number(*maxval)}),
            Self::RandomNormal { mean, stddev } | Self::TruncatedNormal { mean, stddev } => {
                json!({"mean": number(*mean), "stddev": number(*stddev)})
            }
            Self::VarianceScaling { scale, mode, distribution } => {
                json!({"scale": number(*scale), "mode": mode, "distribution": distribution})
            }
            Self::Orthogonal { gain } | Self::Identity { gain } => json!({"gain": number(*gain)}),
            Self::Custom(custom) => custom.config().into(),
            _ => json!({}),
        };
        let (class, custom) = (self.class_name(), matches!(self, Self::Custom(_)));
        let (module, registered) = if custom { (None, Some(class)) } else { (Some("keras.initializers"), None) };
        json!({"module": module, "class_name": class, "config": config, "registered_name": registered})
    }

    /// By a name, such as `he_normal`, or by an object with class and options.
    fn from_json(json: &Value) -> Result<Self> {
        if let Some(name) = json.as_str() {
            let class = CLASSES.into_iter().find(|class| *class == name || default_name(class) == name);
            let class = class.ok_or_else(|| Error::unknown("initializer", name, CLASSES.map(default_name)))?;
            return Self::of_keras(class, Config::new());
        }
        let (class, config) = class_and_config("an initializer", json)?;
        if let Some(maker) = MAKERS.with(|makers| makers.borrow().get(&class).cloned()) {
            return maker(config);
        }
        check_of_keras(&class, json, "initializer").map_err(|error| error.hint("add it with `Registry::initializer`"))?;
        Self::of_keras(&class, config)
    }

    fn of_keras(class: &str, mut left: Config) -> Result<Self> {
        // Draws are keyed by the model's seed, and fans are those of the last two axes.
        left.remove("seed");
        left.retain(|option, value| !(["input_axes", "output_axes", "dtype"].contains(&option.as_str()) && value.is_null()));
        let mut options = Options { class, left };
        let initializer = match class {
            "Zeros" => Self::Zeros,
            "Ones" => Self::Ones,
            "Constant" => Self::Constant { value: options.take("value", 0.0)? },
            "RandomUniform" => Self::RandomUniform { minval: options.take("minval", -0.05)?, maxval: options.take("maxval", 0.05)? },
            "RandomNormal" => Self::RandomNormal { mean: options.take("mean", 0.0)?, stddev: options.take("stddev", 0.05)? },
            "TruncatedNormal" => Self::TruncatedNormal { mean: options.take("mean", 0.0)?, stddev: options.take("stddev", 0.05)? },
            "GlorotUniform" => Self::GlorotUniform,
            "GlorotNormal" => Self::GlorotNormal,
            "HeUniform" => Self::HeUniform,
            "HeNormal" => Self::HeNormal,
            "LecunUniform" => Self::LecunUniform,
            "LecunNormal" => Self::LecunNormal,
            "VarianceScaling" => Self::VarianceScaling {
                scale: options.take("scale", 1.0)?,
                mode: options.take("mode", Fan::default())?,
                distribution: options.take("distribution", Spread::default())?,
            },
            "Orthogonal" | "OrthogonalInitializer" => Self::Orthogonal { gain: options.take("gain", 1.0)? },
            "Identity" | "IdentityInitializer" => Self::Identity { gain: options.take("gain", 1.0)? },
            _ => return Err(Error::unknown("initializer", class, CLASSES).hint("add it with `Registry::initializer`")),
        };
        match options.left.iter().next() {
            Some((option, value)) => Err(Error::format(format!("the initializer {class} with {option} = {value} has no counterpart here"))),
            None => Ok(initializer),
        }
    }
}

/// Options, each of which is taken once.
struct Options<'a> {
    class: &'a str,
    left: Config,
}

impl Options<'_> {
    fn take<T: DeserializeOwned>(&mut self, option: &str, absent: T) -> Result<T> {
        let Some(value) = self.left.remove(option) else { return Ok(absent) };
        serde_json::from_value(value).map_err(|source| Error::format(format!("{option} of the initializer {}: {source}", self.class)))
    }
}

/// What is written the same is the same.
impl PartialEq for Initializer {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Serialize for Initializer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Initializer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: Value) -> Result<Initializer> {
        Initializer::from_json(&json)
    }

    #[test]
    fn f14_variance_scaling_is_read_and_written() {
        let json = json!({"module": "keras.initializers", "class_name": "VarianceScaling", "registered_name": null,
            "config": {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal", "seed": 7}});
        let scaling = Initializer::VarianceScaling { scale: 2.0, mode: Fan::Out, distribution: Spread::UntruncatedNormal };
        assert_eq!(read(json).unwrap(), scaling);
        assert_eq!(read(scaling.to_json()).unwrap(), scaling);
        let default = Initializer::VarianceScaling { scale: 1.0, mode: Fan::In, distribution: Spread::TruncatedNormal };
        assert_eq!(read("variance_scaling".into()).unwrap(), default);
        assert_eq!(read("he_normal".into()).unwrap(), Initializer::HeNormal);
    }

    #[test]
    fn f12_what_an_initializer_does_not_use_is_refused_by_name() {
        for (json, word) in [
            (json!({"class_name": "HeNormal", "config": {"gain": 2.0}}), "gain"),
            (json!({"class_name": "GlorotUniform", "config": {"input_axes": [0]}}), "input_axes"),
            (json!({"class_name": "Zeros", "config": {}, "wrapped": true}), "wrapped"),
            (json!({"class_name": "Constant", "config": [5.0]}), "[5.0]"),
            (json!({"class_name": "Zeros", "module": "my_package.zeros"}), "my_package"),
            (json!({"class_name": "HeNorml", "config": {}}), "did you mean `HeNormal`?"),
            (json!({"class_name": "VarianceScaling", "config": {"mode": "fan"}}), "mode"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
