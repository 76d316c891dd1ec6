//! Files that Keras wrote: `.keras`, whole models and weights as `.h5`, and `.weights.h5`.
//!
//! What a file is, its content says, whatever its name.

mod archive;
mod compile;
mod convert;
mod hdf5;
mod python;
mod report;
mod sniff;
mod upgrade;
mod version;
mod weights;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use self::archive::Archive;
use self::hdf5::Hdf5;
pub use self::report::{Mismatch, WeightReport};
pub use self::sniff::FileKind;
use self::version::Version;
pub use self::weights::LoadWeights;
use super::Load;
use crate::{Error, Model, Result, Tensor};

/// A model that was read, and what is known about its file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The model with its weights.
    pub model: Model,
    /// What kind of file it was.
    pub kind: FileKind,
    /// The version of Keras that wrote it, as the file says.
    pub keras_version: Option<String>,
    /// What came of the weights.
    pub weights: WeightReport,
    /// What of the file could not be taken over, in words: a loss or a metric without counterpart, after which the model has to be
    /// compiled before it is trained, or the state of an optimizer that does not fit.
    pub notes: Vec<String>,
}

impl Model {
    /// Reads weights from a file that Keras wrote, `.weights.h5` or `.h5`, whether it holds a model or weights alone.
    ///
    /// # Errors
    /// The file cannot be read, or holds no weights; weights that do not fit, all of them named. Then nothing is changed.
    pub fn load_weights_with(&mut self, path: impl AsRef<Path>, options: LoadWeights) -> Result<WeightReport> {
        let path = path.as_ref();
        self.load_keras_weights(path, options).map_err(|error| error.context(path.display().to_string()))
    }

    fn load_keras_weights(&mut self, path: &Path, options: LoadWeights) -> Result<WeightReport> {
        match sniff::kind_of(path)? {
            FileKind::Hdf5 => {
                let file = Hdf5::open(path)?;
                let root = if file.has_group("model_weights") { "model_weights" } else { "" };
                weights::load(self, &file, root, None, options)
            }
            FileKind::Keras => {
                let Parts { weights: file, .. } = Parts::read(path)?;
                weights::load(self, &file, "", None, options)
            }
            other => Err(Error::format(format!("the file is {other}: expected weights that Keras wrote"))),
        }
    }
}

/// Whether Keras wrote a file, by its content.
pub(crate) fn is_of_keras(path: &Path) -> Result<bool> {
    Ok(matches!(sniff::kind_of(path)?, FileKind::Keras | FileKind::Hdf5))
}

/// Reads a model, and tells about its file.
///
/// # Errors
/// As [`Model::load_with`].
pub fn load(path: impl AsRef<Path>, options: impl Into<Load>) -> Result<Loaded> {
    let path = path.as_ref();
    read(path, &options.into()).map_err(|error| error.context(path.display().to_string()))
}

/// All arrays of a file by path: those of Keras' files with the state of the optimizer, and those of safetensors.
///
/// # Errors
/// The file cannot be read, holds no arrays or is not whole.
pub fn read_arrays(path: impl AsRef<Path>) -> Result<Vec<(String, Tensor)>> {
    let path = path.as_ref();
    let read = || match sniff::kind_of(path)? {
        FileKind::Hdf5 => Hdf5::open(path)?.read_all(),
        FileKind::Keras => Parts::read(path)?.weights.read_all(),
        FileKind::Safetensors => super::weights::read_all(path),
        other => Err(Error::format(format!("the file is {other}: it holds no arrays"))),
    };
    read().map_err(|error| error.context(path.display().to_string()))
}

fn read(path: &Path, options: &Load) -> Result<Loaded> {
    let kind = sniff::kind_of(path)?;
    match kind {
        FileKind::Keras => {
            let Parts { config, version, weights: file } = Parts::read(path)?;
            let settings = config["compile_config"].clone();
            build(&Source { config: &config, version: &Version::new(&version)?, file: &file, root: "", settings }, options, kind)
        }
        FileKind::Hdf5 => {
            let file = Hdf5::open(path)?;
            let Some(config) = file.text("", "model_config")? else { return Err(no_model(&file)?) };
            let config: Value =
                python::json(config.as_bytes()).map_err(|source| Error::format(format!("model_config is no JSON: {source}")))?;
            let root = if file.has_group("model_weights") { "model_weights" } else { "" };
            let mut version = file.text("", "keras_version")?;
            if version.is_none() {
                version = file.text(root, "keras_version")?;
            }
            let version = Version::new(version.as_deref().unwrap_or("1"))?;
            let settings = match file.text("", "training_config")? {
                Some(settings) => {
                    python::json(settings.as_bytes()).map_err(|source| Error::format(format!("training_config is no JSON: {source}")))?
                }
                None => Value::Null,
            };
            build(&Source { config: &config, version: &version, file: &file, root, settings }, options, kind)
        }
        FileKind::Safetensors => {
            let model = super::whole::read(path, options)?;
            let loaded = model.parameters().iter().map(|param| param.path().to_owned()).collect();
            Ok(Loaded { model, kind, keras_version: None, weights: WeightReport { loaded, ..WeightReport::default() }, notes: Vec::new() })
        }
        other => Err(Error::format(format!("the file is {other}: expected a model, `.keras`, `.h5` or one of `Model::save`"))),
    }
}

fn no_model(file: &Hdf5) -> Result<Error> {
    Ok(if weights::has_weights(file, "")? {
        Error::format("the file holds weights alone, and no model").hint("build the model, then call `load_weights`")
    } else {
        Error::format("the HDF5 file is none of Keras: it has neither a model_config nor weights of layers")
    })
}

/// What a whole model is made from.
struct Source<'a> {
    config: &'a Value,
    version: &'a Version,
    file: &'a Hdf5,
    /// The group of the weights.
    root: &'a str,
    /// What the model was compiled with; null where nothing is said.
    settings: Value,
}

fn build(source: &Source<'_>, options: &Load, kind: FileKind) -> Result<Loaded> {
    let upgraded = upgrade::upgrade(source.config, source.version)?;
    let mut model = Model::from_json_with(&upgraded, &options.registry)?;
    if model.output_shapes().is_err()
        && let Some(shape) = source.config["build_config"]["input_shape"].as_array()
    {
        let dims: Vec<Option<usize>> = shape.iter().map(|dim| dim.as_u64().and_then(|dim| usize::try_from(dim).ok())).collect();
        model.build(&crate::PartialShape::new(dims))?;
    }
    let weights = weights::load(&mut model, source.file, source.root, Some(&upgraded), LoadWeights::new())?;
    let mut notes = Vec::new();
    let settings = if options.compile { &source.settings } else { &Value::Null };
    let trains_alike = if source.version.is_before_third() { upgrade::check_training(&upgraded) } else { Ok(()) };
    match trains_alike.and_then(|()| compile::compile(&mut model, settings, &options.compile_registry)) {
        Ok(true) => {
            if let Err(error) = compile::restore(&mut model, source.file) {
                notes.push(format!("the optimizer begins anew: {error}"));
            }
        }
        Ok(false) => {}
        Err(error) => notes.push(format!("the model is not compiled: {error}")),
    }
    Ok(Loaded { model, kind, keras_version: Some(source.version.to_string()), weights, notes })
}

/// What a `.keras` is made of.
struct Parts {
    config: Value,
    version: String,
    weights: Hdf5,
}

impl Parts {
    fn read(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let read = |name: &str| match std::fs::read(path.join(name)) {
                Ok(content) => Ok(Some(content)),
                Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(Error::io("read", &path.join(name), source)),
            };
            return Self::of(read, &[]);
        }
        let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
        let length = file.metadata().map_err(|source| Error::io("read", path, source))?.len();
        let mut archive = Archive::new(file, length)?;
        let names = archive.names();
        Self::of(|name| archive.read(name), &names)
    }

    fn of(mut member: impl FnMut(&str) -> Result<Option<Vec<u8>>>, names: &[String]) -> Result<Self> {
        let missing =
            |name: &str| Error::format(format!("there is no {name} in the file: it is no whole `.keras`, but has {}", names.join(", ")));
        let mut json = |name: &str| -> Result<Option<Value>> {
            let Some(content) = member(name)? else { return Ok(None) };
            python::json(&content).map(Some).map_err(|source| Error::format(format!("{name} is no JSON: {source}")))
        };
        let version = json("metadata.json")?.and_then(|metadata| Some(metadata["keras_version"].as_str()?.to_owned()));
        let config = json("config.json")?.ok_or_else(|| missing("config.json"))?;
        // A newer Keras may have another layout: say that first.
        let version = version.unwrap_or_else(|| "3".to_owned());
        Version::new(&version)?;
        let Some(weights) = member("model.weights.h5")? else {
            let other = names.iter().find(|name| name.starts_with("model.weights"));
            return Err(other.map_or_else(
                || missing("model.weights.h5"),
                |name| {
                    Error::format(format!("the weights are in `{name}`: known is model.weights.h5"))
                        .hint("save the model in one `.keras` file")
                },
            ));
        };
        Ok(Self { config, version, weights: Hdf5::from_bytes(weights)? })
    }
}

/// The first bytes of a file.
fn head_of(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
    file.take(4096).read_to_end(&mut head).map_err(|source| Error::io("read", path, source))?;
    Ok(head)
}
