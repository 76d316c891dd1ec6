//! A whole model in one file: its layers, its parameters, what it was compiled with, and how far its training has come.

use std::path::Path;

use serde_json::Value;

use crate::layers::Registry;
use crate::model::{CompileRegistry, State};
use crate::{Error, Model, Result};

/// The layers and their options.
const MODEL: &str = "model";
/// What the model was compiled with.
const COMPILE: &str = "compile";

impl Model {
    /// Writes the model to one file, whole or not at all: see [`to_state`](Model::to_state) for what is in it.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    /// model.compile(Sgd::new(0.01), "mse", [] as [&str; 0])?;
    /// let x = [[-1.0], [0.0], [1.0], [2.0], [3.0], [4.0]];
    /// let y = [[-3.0], [-1.0], [1.0], [3.0], [5.0], [7.0]];
    /// model.fit(x, y, Fit::new().epochs(10).quiet())?;
    ///
    /// let path = std::env::temp_dir().join("line.safetensors");
    /// model.save(&path)?;
    /// let mut again = Model::load(&path)?;
    /// assert_eq!(again.predict([[10.0]])?, model.predict([[10.0]])?);
    /// again.fit(x, y, Fit::new().epochs(10).quiet())?;
    /// # std::fs::remove_file(path).ok();
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not built; the path has an extension of Keras' files, `.keras` or `.h5`; the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.to_state()?.save(path)
    }

    /// Reads a model from a file: one of [`save`](Model::save), or, with the feature `keras`, one that Keras wrote: `.keras`, or
    /// a whole model as `.h5`, by Keras 3, 2 or 1. What the file is, its content says.
    ///
    /// # Errors
    /// See [`load_with`](Model::load_with).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, Load::new())
    }

    /// Like [`load`](Model::load), with custom classes, or without compiling the model: see [`Load`]. Where custom layers and
    /// functions of Lambdas are all that is needed, their `&registry` will do.
    ///
    /// # Errors
    /// The file cannot be read, is no model or is not whole; a class, an option or a function that is not known, by name and
    /// with its path in the configuration; weights that do not fit.
    pub fn load_with(path: impl AsRef<Path>, options: impl Into<Load>) -> Result<Self> {
        let path = path.as_ref();
        #[cfg(feature = "keras")]
        let model = super::keras::load(path, options).map(|loaded| loaded.model);
        #[cfg(not(feature = "keras"))]
        let model = read(path, &options.into()).map_err(|error| error.context(path.display().to_string()));
        model
    }

    /// Everything there is to a model, by name: its layers (`model`), its parameters (`parameter/dense/kernel`) and, where it is
    /// compiled, what with (`compile`) and its [`training_state`](Model::training_state). Add values and tensors of your own, such
    /// as a tokenizer, before [`State::save`] writes it to a file.
    ///
    /// # Errors
    /// The model is not built.
    pub fn to_state(&self) -> Result<State> {
        let mut state = if self.compiled().is_ok() {
            let mut state = self.training_state()?;
            state.set(COMPILE, self.compile_config()?);
            state
        } else {
            self.state_of_parameters()?
        };
        state.set(MODEL, self.to_json()?);
        Ok(state)
    }

    /// The model of [`to_state`](Model::to_state): the same predictions, and training goes on where it was.
    ///
    /// # Errors
    /// See [`from_state_with`](Model::from_state_with).
    pub fn from_state(state: &State) -> Result<Self> {
        Self::from_state_with(state, Load::new())
    }

    /// Like [`from_state`](Model::from_state), with custom classes, or without compiling the model: see [`Load`].
    ///
    /// # Errors
    /// The state is of no whole model, has a class or an option that is not known, or parameters that are not the model's.
    pub fn from_state_with(state: &State, options: impl Into<Load>) -> Result<Self> {
        let options = options.into();
        let Ok(config) = state.get::<Value>(MODEL) else {
            return Err(Error::format("the file is of no whole model: it does not say which layers there are")
                .hint("build the model; `load_weights` reads weights, and `State::load` the state of a training"));
        };
        let mut model = Self::from_json_with(&config, &options.registry)?;
        match state.get::<Value>(COMPILE) {
            Ok(config) if options.compile => {
                model.compile_from_config(&config, &options.compile_registry)?;
                model.set_training_state(state)?;
            }
            _ => {
                let weights = model.parameters_of(state)?;
                model.set_weights(&weights)?;
            }
        }
        Ok(model)
    }
}

/// How a model is read from its file, as by Keras' `load_model`: with which custom classes, and whether it is compiled.
///
/// ```
/// use practicum_core::io::Load;
/// use practicum_core::losses;
/// use practicum_core::model::CompileRegistry;
/// use practicum_core::prelude::*;
///
/// let quartic =
///     || losses::from_fn("quartic", |y_true, y_pred| (y_pred - y_true)?.pow(4.0)?.mean_axis(-1));
/// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
/// model.compile("sgd", quartic(), ())?;
/// let path = std::env::temp_dir().join("quartic.safetensors");
/// model.save(&path)?;
///
/// // Who only predicts needs no loss.
/// let predicts = Model::load_with(&path, Load::new().compile(false))?;
/// assert_eq!(predicts.predict([[2.0]])?, model.predict([[2.0]])?);
///
/// let losses = CompileRegistry::default().loss("quartic", move |_| Ok(Box::new(quartic())));
/// let trains = Model::load_with(&path, Load::new().compile_registry(&losses))?;
/// assert_eq!(trains.evaluate([[1.0]], [[2.0]])?, model.evaluate([[1.0]], [[2.0]])?);
/// # std::fs::remove_file(path).ok();
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Load {
    pub(super) registry: Registry,
    pub(super) compile_registry: CompileRegistry,
    pub(super) compile: bool,
}

impl Load {
    /// With the classes of this crate, compiled as the file says.
    pub fn new() -> Self {
        Self { registry: Registry::default(), compile_registry: CompileRegistry::default(), compile: true }
    }

    /// Custom layers, initializers and functions of Lambdas.
    #[must_use]
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Custom optimizers, losses and metrics.
    #[must_use]
    pub fn compile_registry(mut self, registry: &CompileRegistry) -> Self {
        self.compile_registry = registry.clone();
        self
    }

    /// Whether the model is compiled as its file says, with the state of its training; it is if not set. One that is not predicts,
    /// whatever loss it was trained with.
    #[must_use]
    pub fn compile(mut self, compile: bool) -> Self {
        self.compile = compile;
        self
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&Registry> for Load {
    fn from(registry: &Registry) -> Self {
        Self::new().registry(registry)
    }
}

/// Reads a file of [`Model::save`].
pub(super) fn read(path: &Path, options: &Load) -> Result<Model> {
    if path.is_dir() {
        return Err(Error::format("this is a folder, not a file of `Model::save`")
            .hint("a SavedModel is a graph that TensorFlow alone can run: load it there, save it as `.keras`, and read that file"));
    }
    let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    if cfg!(not(feature = "keras")) && (file.starts_with(b"PK\x03\x04") || file.starts_with(b"\x89HDF")) {
        return Err(Error::format("this looks like a file of Keras, which this build cannot read")
            .hint("turn on the feature `keras` of practicum-core"));
    }
    Model::from_state_with(&super::state::read(&file)?, options.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fit;
    use crate::prelude::*;

    fn model() -> Model {
        let input = Input::new([2]).symbol();
        let hidden = Dense::new(4).activation(Activation::Relu).named("hidden").on(&input);
        let hidden = BatchNormalization::new().on(&hidden);
        Model::new(&input, Dropout::new(0.5).on(Dense::new(1).named("out").frozen().on(&hidden))).unwrap()
    }

    fn data() -> (Tensor, Tensor) {
        let x: Vec<f32> = (0..64_u8).map(|i| f32::from(i) / 32.0 - 1.0).collect();
        let y = x.chunks(2).map(|pair| pair[0] - pair[1]).collect();
        (Tensor::new([32, 2], x).unwrap(), Tensor::new([32, 1], y).unwrap())
    }

    #[test]
    fn training_goes_on_from_a_file_with_the_same_bits() {
        let folder = tempfile::tempdir().unwrap();
        let (path, (x, y)) = (folder.path().join("model.safetensors"), data());
        let mut whole = model();
        whole.compile(Adam::new(0.01), "mse", "mae").unwrap();
        whole.fit(&x, &y, Fit::new().epochs(2).batch_size(5).quiet()).unwrap();
        whole.save(&path).unwrap();
        let mut again = Model::load(&path).unwrap();
        assert_eq!(again.predict(&x).unwrap(), whole.predict(&x).unwrap());
        assert_eq!(again.compile_config().unwrap(), whole.compile_config().unwrap());
        for model in [&mut whole, &mut again] {
            model.fit(&x, &y, Fit::new().epochs(4).initial_epoch(2).batch_size(5).quiet()).unwrap();
        }
        assert_eq!(again.get_weights(), whole.get_weights());
    }

    #[test]
    fn a_model_that_is_not_compiled_keeps_values_that_are_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let model = model();
        let mut state = model.to_state().unwrap();
        state.set("labels", vec!["no", "yes"]);
        state.save(&path).unwrap();
        let state = State::load(&path).unwrap();
        assert_eq!(state.get::<Vec<String>>("labels").unwrap(), ["no", "yes"]);
        let again = Model::from_state(&state).unwrap();
        assert_eq!(again.get_weights(), model.get_weights());
        assert_eq!(again.to_json().unwrap(), model.to_json().unwrap());
        assert!(again.compile_config().is_err());
    }

    #[test]
    fn names_of_files_of_keras_and_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let model = model();
        let mut weights = model.clone();
        for name in ["m.keras", "m.h5", "m.weights.h5", "m.hdf5"] {
            let path = folder.path().join(name);
            for error in [model.save(&path).unwrap_err(), model.save_weights(&path).unwrap_err()] {
                assert!(error.is_argument() && error.to_string().contains("m.safetensors"), "{error}");
            }
            assert!(!path.exists());
        }
        let error = Model::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("folder") && error.contains("SavedModel"), "{error}");
        let path = folder.path().join("m.safetensors");
        model.save(&path).unwrap();
        let error = weights.load_weights(&path).unwrap_err().to_string();
        assert!(error.contains("`Model::load`") && !error.contains("of another model"), "{error}");
    }

    #[test]
    fn what_is_no_whole_model_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let mut model = model();
        model.save_weights(&path).unwrap();
        let error = Model::load(&path).unwrap_err().to_string();
        assert!(error.contains("load_weights"), "{error}");
        assert_eq!(error.matches("weights.safetensors").count(), 1, "{error}");
        model.compile("sgd", "mse", [] as [&str; 0]).unwrap();
        model.training_state().unwrap().save(&path).unwrap();
        let error = Model::load(&path).unwrap_err().to_string();
        assert!(error.contains("which layers there are"), "{error}");
        assert!(Sequential::new().add(Dense::new(1)).save(&path).unwrap_err().is_state());
        assert!(Model::load(&path).is_err(), "the file is as it was");
    }
}
