//! Options as JSON objects, in Keras' words: how optimizers, losses, metrics and schedules are written and read.

mod finite;

pub(crate) use finite::{check_finite, number, read_number, to_value, written};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Error, Result};

/// Options by name.
pub type Config = Map<String, Value>;

/// The options of a value that serde can write; of anything else than an object, none. In place of a number that is not finite
/// stands an object that marks it: a model is neither built nor compiled with such options.
pub fn to_config<T: Serialize>(options: &T) -> Config {
    match to_value(options) {
        Ok(Value::Object(config)) => config,
        _ => Config::new(),
    }
}

/// A value with these options, each of which it must know; the others are those of its default.
///
/// ```
/// use practicum_core::config::{Config, from_config, to_config};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Options {
///     rate: f64,
/// }
///
/// let config = to_config(&Options { rate: 0.5 });
/// assert_eq!(from_config::<Options>("Mine", config)?, Options { rate: 0.5 });
/// let unknown: Config = [("speed".to_owned(), 1.into())].into_iter().collect();
/// assert_eq!(
///     from_config::<Options>("Mine", unknown).unwrap_err().to_string(),
///     "Mine has no option `speed`"
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// An option that the value does not have, or one of another type; both are named with `class`.
pub fn from_config<T: Default + Serialize + DeserializeOwned>(class: &str, config: Config) -> Result<T> {
    let misfit = |source| Error::format(format!("the options of {class} do not fit: {source}"));
    let mut all = to_config(&T::default());
    all.extend(config.clone());
    let value: T = serde_json::from_value(Value::Object(all)).map_err(misfit)?;
    match unused(&Value::Object(config), &Value::Object(to_config(&value))) {
        Some(option) => Err(Error::format(format!("{class} has no option `{option}`"))),
        None => Ok(value),
    }
}

/// An option that is one value or a list of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What Keras writes beside options.
const ABOUT: [&str; 5] = ["name", "module", "registered_name", "dtype", "build_config"];

/// The first option that was given and not kept.
pub(crate) fn unused(given: &Value, kept: &Value) -> Option<String> {
    let (Value::Object(given), Value::Object(kept)) = (given, kept) else { return None };
    given.iter().filter(|(option, _)| !ABOUT.contains(&option.as_str())).find_map(|(option, value)| match kept.get(option) {
        None => Some(option.clone()),
        Some(kept) => unused(value, kept).map(|inner| format!("{option}.{inner}")),
    })
}

/// Takes options out that Keras writes and that have no counterpart here, where they change nothing.
///
/// # Errors
/// One of them changes something.
pub(crate) fn without_idle(class: &str, mut config: Config, idle: &[(&str, Value)]) -> Result<Config> {
    for (option, harmless) in idle {
        match config.remove(*option) {
            Some(value) if value != *harmless && !value.is_null() && value != json!(false) => {
                return Err(Error::format(format!("{class} with {option} = {value} has no counterpart here")));
            }
            _ => {}
        }
    }
    Ok(config)
}

/// A value without options.
pub(crate) fn without_options<T: Default>(class: &str, config: &Config) -> Result<T> {
    match unused(&Value::Object(config.clone()), &Value::Object(Config::new())) {
        Some(option) => Err(Error::format(format!("{class} has no option `{option}`"))),
        None => Ok(T::default()),
    }
}

/// Refuses what an object has beside what is known.
pub(crate) fn check_known(what: &str, object: Option<&Config>, known: &[&str]) -> Result<()> {
    match object.and_then(|object| object.keys().find(|key| !known.contains(&key.as_str()))) {
        Some(stranger) => Err(Error::unknown(what, stranger, known)),
        None => Ok(()),
    }
}

/// Refuses what stands beside a class and its options and is not what Keras writes there.
pub(crate) fn check_keys(class: &str, described: &Value) -> Result<()> {
    check_known(
        &format!("key of {class}"),
        described.as_object(),
        &["module", "class_name", "config", "registered_name", "build_config", "shared_object_id"],
    )
}

/// The class and the options of `{"class_name": …, "config": …}`, or of a name alone.
pub(crate) fn class_and_config(what: &str, value: &Value) -> Result<(String, Config)> {
    if let Some(name) = value.as_str() {
        return Ok((name.to_owned(), Config::new()));
    }
    let (Some(class), config @ (Value::Object(_) | Value::Null)) = (value["class_name"].as_str(), &value["config"]) else {
        return Err(Error::format(format!("expected {what} as a name or as an object with class_name and config, got {value}")));
    };
    check_keys(class, value)?;
    Ok((class.to_owned(), config.as_object().cloned().unwrap_or_default()))
}

/// `{"class_name": …, "config": …}`.
pub(crate) fn with_class(class: &str, config: Config) -> Value {
    json!({"class_name": class, "config": config})
}

/// The same, marked as Keras marks custom classes where it is not one of this crate: whatever its name, it is read as no other.
pub(crate) fn with_origin(class: &str, config: Config, own: bool) -> Value {
    let mut described = with_class(class, config);
    if !own {
        described["registered_name"] = class.into();
    }
    described
}

/// Whether a file says of a class that it is none of Keras', whatever its name.
pub(crate) fn is_custom(described: &Value) -> bool {
    match described["module"].as_str() {
        Some(module) => !module.split('.').next().is_some_and(|package| ["keras", "tensorflow", "tf_keras"].contains(&package)),
        None => described["registered_name"].is_string(),
    }
}

/// Refuses a class that a file says is none of Keras', or none of this kind, such as `initializer`.
pub(crate) fn check_of_keras(class: &str, described: &Value, kind: &str) -> Result<()> {
    let module = described["module"].as_str();
    if !is_custom(described) && module.is_none_or(|module| module.contains(&format!("{kind}s"))) {
        return Ok(());
    }
    let of = module.map_or_else(|| " of the file".to_owned(), |module| format!(" of the module {module}"));
    Err(Error::format(format!("`{class}`{of} is no {kind} of Keras")))
}

/// The class of a loss or a metric that is a function: its options are its name alone.
pub(crate) const FUNCTION: &str = "Function";
