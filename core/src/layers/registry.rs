//! From class names and options to layers, open to layers of others.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::classes::CLASSES;
use super::kit::from_config;
use super::{Config, Copied, Input, Lambda, Layer, LayerId, LayerSpec, Operation, sharing};
use crate::autodiff::Var;
use crate::config::{check_finite, check_known, is_custom};
use crate::initializers::{Initializer, Makers, with_makers};
use crate::{Error, Result};

/// What to do about a layer that no class is known for.
const ADD: &str = "add a custom layer with `Registry::class` or `Registry::layer`, and read the model with this registry: \
                   `Model::from_json_with`, `Model::load_with`";

/// What Keras writes among the options of a layer about its use.
pub(super) const OF_ITS_USE: [&str; 3] = ["name", "trainable", "dtype"];

type Make = Arc<dyn Fn(&Registry, Config) -> Result<Box<dyn Layer>> + Send + Sync>;

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
    classes: BTreeMap<String, Class>,
    lambdas: BTreeMap<String, Lambda>,
    initializers: Arc<Makers>,
    /// The layers of the file being read that are marked as shared, by their marks; none where no file is read.
    shared: Option<Arc<Mutex<HashMap<u64, Marked>>>>,
}

impl Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("classes", &self.class_names()).finish_non_exhaustive()
    }
}

/// A layer that is marked as shared, as its file describes it without what is said of its use.
struct Marked {
    spec: LayerSpec,
    class_name: String,
    config: Config,
}

#[derive(Clone)]
struct Class {
    make: Make,
    /// Whether it is one of Keras' classes, made by this crate.
    keras: bool,
}

impl Registry {
    /// The layers of this crate; models are no layers yet.
    pub(crate) fn of_layers() -> Self {
        let class = |(name, _, make): &(&str, _, super::classes::Make)| ((*name).to_owned(), Class { make: Arc::new(*make), keras: true });
        Self { classes: CLASSES.iter().map(class).collect(), lambdas: BTreeMap::new(), initializers: Arc::default(), shared: None }
    }

    /// Adds one of Keras' classes.
    pub(crate) fn keras(mut self, name: &str, make: super::classes::Make) -> Self {
        self.classes.insert(name.to_owned(), Class { make: Arc::new(make), keras: true });
        self
    }

    /// The same classes for another file.
    pub(crate) fn for_a_file(&self) -> Self {
        Self { shared: Some(Arc::default()), ..self.clone() }
    }

    /// Adds a class of layers, or replaces one, for all layers of that name that are read. What makes them gets the registry, for
    /// layers within, and the options.
    #[must_use]
    pub fn layer(mut self, class_name: &str, make: impl Fn(&Self, Config) -> Result<Box<dyn Layer>> + Send + Sync + 'static) -> Self {
        self.classes.insert(class_name.to_owned(), Class { make: Arc::new(make), keras: false });
        self
    }

    /// Adds a class of layers whose options serde reads, or replaces one: see [`kit`](super::kit). The name is what the layer's
    /// [`class_name`](Layer::class_name) says.
    #[must_use]
    pub fn class<L: Layer + Serialize + DeserializeOwned>(self, class_name: &'static str) -> Self {
        self.layer(class_name, |_, config| Ok(Box::new(from_config::<L>(class_name, config)?)))
    }

    /// Adds the function of a [`Lambda`], under the name it is saved by.
    #[must_use]
    pub fn lambda(mut self, name: &str, function: impl Fn(&Var) -> Result<Var> + Send + Sync + 'static) -> Self {
        self.lambdas.insert(name.to_owned(), Lambda::shared(name, Arc::new(function)));
        self
    }

    /// Adds a class of initializers, or replaces one: see [`Initialize`](crate::initializers::Initialize).
    #[must_use]
    pub fn initializer(mut self, class_name: &str, make: impl Fn(Config) -> Result<Initializer> + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.initializers).insert(class_name.to_owned(), Arc::new(make));
        self
    }

    /// The classes of which layers can be made, in alphabetical order.
    pub fn class_names(&self) -> Vec<&str> {
        self.classes.keys().map(String::as_str).collect()
    }

    /// The function that was added under this name.
    pub(super) fn find_lambda(&self, name: &str) -> Result<&Lambda> {
        let found = self.lambdas.get(name).ok_or_else(|| Error::unknown("function of a Lambda", name, self.lambdas.keys()));
        found.map_err(|error| error.hint("add it with `Registry::lambda`"))
    }

    /// Makes a layer of its options; those that say how it is used (`name`, `trainable`, `dtype`) are left to
    /// [`read`](Self::read).
    ///
    /// # Errors
    /// A class or a Lambda's function that is not registered, or options that do not fit the class.
    pub fn make(&self, class_name: &str, config: Config) -> Result<Box<dyn Layer>> {
        // As Keras 2 calls it.
        let class_name = if class_name == "Model" { "Functional" } else { class_name };
        let Some(class) = self.classes.get(class_name) else {
            return Err(Error::unknown("layer", class_name, self.class_names()).hint(ADD));
        };
        with_makers(&self.initializers, || (class.make)(self, config))
    }

    /// Reads a layer as Keras describes it: an object with `class_name`, `config`, and the `module` the class is from.
    ///
    /// Layers that hold layers read them by this, and write them by [`LayerSpec::to_json`]. Layers within it that have the same
    /// `shared_object_id` are one layer; those of two descriptions have nothing in common.
    ///
    /// # Errors
    /// As [`make`](Self::make); a class of another module than Keras' that is not registered; and whatever is not understood,
    /// by its name.
    pub fn read(&self, described: &Value) -> Result<LayerSpec> {
        let Some(shared) = &self.shared else { return self.for_a_file().read(described) };
        let (Some(class_name), Some(config)) = (described["class_name"].as_str(), described["config"].as_object()) else {
            return Err(Error::format("expected an object with class_name and config"));
        };
        const KNOWN: [&str; 9] = [
            "class_name",
            "config",
            "module",
            "registered_name",
            "build_config",
            "compile_config",
            "name",
            "inbound_nodes",
            "shared_object_id",
        ];
        check_known(&format!("key of {class_name}"), described.as_object(), &KNOWN)?;
        let mark = described["shared_object_id"].as_u64();
        let lock = || shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut options = config.clone();
        options.retain(|option, _| !OF_ITS_USE.contains(&option.as_str()));
        let known = mark.and_then(|mark| {
            let shared = lock();
            let known = shared.get(&mark)?;
            Some((known.spec.share(), known.class_name == class_name && known.config == options))
        });
        let mut spec = match known {
            Some((known, true)) => known,
            Some((known, false)) => {
                return Err(Error::format(format!(
                    "{class_name} has the shared_object_id of a {} with other options: one layer has the same everywhere",
                    known.layer.class_name()
                )));
            }
            None => {
                self.check_module(class_name, described)?;
                check_dtype(class_name, config.get("dtype"))?;
                LayerSpec::boxed(self.make(class_name, config.clone())?)
            }
        };
        // The same layer may have another name elsewhere, and may be frozen there alone.
        let flag = |value: &Value| value.as_bool().ok_or_else(|| Error::format(format!("{class_name}: trainable = {value}")));
        spec.trainable = config.get("trainable").map_or(Ok(true), flag)?;
        spec.name = config.get("name").and_then(Value::as_str).map(str::to_owned);
        if let Some(mark) = mark {
            let marked = || Marked { spec: spec.share(), class_name: class_name.to_owned(), config: options };
            lock().entry(mark).or_insert_with(marked);
        }
        Ok(spec)
    }

    /// A class of this name may be something else in another module, or a custom layer.
    fn check_module(&self, class_name: &str, described: &Value) -> Result<()> {
        let (module, custom) = (described["module"].as_str(), is_custom(described));
        let of_layers = |module: &str| module == "keras" || module.split('.').any(|part| ["layers", "models", "engine"].contains(&part));
        match self.classes.get(class_name) {
            Some(class) if class.keras && (custom || !module.is_none_or(of_layers)) => {
                let of = module.map_or_else(|| "file".to_owned(), |module| format!("module {module}"));
                let what = if custom { ", but a custom layer" } else { "" };
                Err(Error::format(format!("`{class_name}` of the {of} is not the layer {class_name} of Keras{what}"))
                    .hint("add its class with `Registry::class` or `Registry::layer`, and better call it something else"))
            }
            None if custom => Err(self.unknown_custom(class_name)),
            _ => Ok(()),
        }
    }

    /// A class that is not Keras' by what the file says: one that was added may be meant, a layer of Keras never.
    fn unknown_custom(&self, class_name: &str) -> Error {
        let added = self.classes.iter().filter(|(_, class)| !class.keras).map(|(name, _)| name);
        Error::unknown("custom layer", class_name, added).hint(ADD)
    }
}

/// All numbers are computed in f32, whatever floats a file asks for.
fn check_dtype(class_name: &str, dtype: Option<&Value>) -> Result<()> {
    let Some(dtype) = dtype.filter(|dtype| !dtype.is_null()) else { return Ok(()) };
    let name = dtype.as_str().or(dtype["config"]["name"].as_str()).unwrap_or_default();
    let float = name.trim_start_matches("mixed_").starts_with("float") || name.ends_with("bfloat16");
    let integer = class_name == "InputLayer" && (name.starts_with("int") || name.starts_with("uint") || name == "bool");
    if float || integer {
        return Ok(());
    }
    Err(Error::format(format!("{class_name} with dtype = {dtype} has no counterpart here: layers compute in float32")))
}

impl LayerSpec {
    /// The layer as Keras describes it: what [`Registry::read`] reads. Layers that are the same have the same
    /// `shared_object_id`.
    pub fn to_json(&self) -> Value {
        describe(&*self.layer, (self.id, self.copied), &self.name(), self.trainable)
    }
}

/// Refuses options that would be lost in a file.
pub(crate) fn check_options(layer: &dyn Layer) -> Result<()> {
    // An operation writes infinite numbers in words of its own, and what a cast is to; an input writes its `dtype`.
    let of_this_crate = layer as &dyn Any;
    if of_this_crate.is::<Operation>() || of_this_crate.is::<Input>() {
        return Ok(());
    }
    let (class, config) = (layer.class_name(), layer.config());
    match OF_ITS_USE.into_iter().find(|option| config.contains_key(*option)) {
        Some(option) => {
            let error = Error::argument(format!("{class} has an option `{option}`, which in files says how a layer is used"));
            Err(error.hint("call the option something else"))
        }
        None => check_finite(class, &config),
    }
}

/// A layer and its use, as Keras describes them.
pub(crate) fn describe(layer: &dyn Layer, same: (LayerId, Copied), name: &str, trainable: bool) -> Value {
    sharing::whole(|| {
        let mark = sharing::mark(same.0, same.1);
        let config = sharing::within(same.1, || layer.config());
        let mut described = describe_with(layer, config, name, trainable);
        if let Some(mark) = mark {
            described["shared_object_id"] = mark.into();
        }
        described
    })
}

fn describe_with(layer: &dyn Layer, mut config: Config, name: &str, trainable: bool) -> Value {
    let class = layer.class_name();
    config.insert("name".into(), name.into());
    if let Some(operation) = (layer as &dyn Any).downcast_ref::<Operation>() {
        return json!({"module": operation.module(), "class_name": class, "config": config, "registered_name": class});
    }
    if !trainable {
        // Some classes of Keras do not take it.
        config.insert("trainable".into(), false.into());
    }
    let (module, registered) = match class {
        "Functional" => (json!("keras.src.models.functional"), json!("Functional")),
        "Sequential" => (json!("keras"), Value::Null),
        class if CLASSES.iter().any(|(known, of, _)| (*known, *of) == (class, (layer as &dyn Any).type_id())) => {
            (json!("keras.layers"), Value::Null)
        }
        // A custom layer, whatever its name.
        class => (Value::Null, json!(class)),
    };
    json!({"module": module, "class_name": class, "config": config, "registered_name": registered})
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
    fn a_mark_is_one_layer_within_a_description_and_not_beyond_it() {
        let registry = Registry::default();
        let dense =
            |name: &str, units: usize| json!({"class_name": "Dense", "config": {"units": units, "name": name}, "shared_object_id": 1});
        let model = |layers: &[Value]| json!({"class_name": "Sequential", "config": {"layers": layers}});
        registry.read(&model(&[dense("a", 4), dense("b", 4)])).unwrap();
        let other = registry.read(&model(&[dense("a", 5)])).unwrap();
        assert!(other.to_json().to_string().contains("\"units\":5"));
        for stranger in [dense("b", 5), json!({"class_name": "Flatten", "config": {}, "shared_object_id": 1})] {
            let error = registry.read(&model(&[dense("a", 4), stranger])).unwrap_err().to_string();
            assert!(error.contains("shared_object_id of a Dense"), "{error}");
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
            ("AlphaDropout", json!({"rate": 0.5, "noise_shape": [null, 1, 4]})),
            ("SpatialDropout2D", json!({"rate": 0.5, "data_format": "channels_first"})),
        ] {
            let config = config.as_object().cloned().unwrap_or_default();
            let option = config.keys().find(|key| !["units", "rate"].contains(&key.as_str())).cloned().unwrap_or_default();
            let error = Registry::default().make(class, config).unwrap_err();
            assert!(error.is_format() && error.to_string().contains(&option), "{error}");
        }
    }
}
