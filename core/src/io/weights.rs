//! The parameters of a model as a safetensors file.

use std::path::Path;

use safetensors::tensor::SafeTensors;

use super::{state, tensors};
use crate::model::Parameter;
use crate::{Error, Model, Result, Tensor};

impl Model {
    /// Writes all parameters to a safetensors file, under their paths (`dense/kernel`), whole or not at all.
    ///
    /// # Errors
    /// The model is not built; the path has an extension of Keras' files, `.keras` or `.h5`; the file cannot be written.
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        self.output_shapes()?;
        let parameters: Vec<(&str, &Tensor)> = self.parameters().iter().map(|param| (param.path(), param.value())).collect();
        tensors::write(path.as_ref(), "the weights", &parameters, ("format", "practicum-weights-1"))
    }

    /// Reads all parameters from a file of [`save_weights`](Model::save_weights); with the feature `keras`, from one that
    /// Keras wrote, too, by the order of layers. What the file is, its content says.
    ///
    /// # Errors
    /// The model is not built; the file cannot be read or is not safetensors; a parameter is missing, has another shape or
    /// another type, or the file contains a parameter the model lacks. Then nothing is changed.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.output_shapes()?;
        let path = path.as_ref();
        #[cfg(feature = "keras")]
        if super::keras::is_of_keras(path)? {
            return self.load_weights_with(path, super::LoadWeights::new()).map(drop);
        }
        let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        let weights = self.read_weights(&file);
        weights
            .and_then(|weights| self.set_weights(&weights))
            .map_err(|error| error.context(path.display().to_string()).hint("the file is of another model: build one with the same layers"))
    }

    fn read_weights(&self, file: &[u8]) -> Result<Vec<Tensor>> {
        let found = SafeTensors::deserialize(file).map_err(|source| tensors::broken(&source))?;
        let mut names = found.names();
        names.sort_unstable();
        if tensors::about(file, state::FORMAT)?.is_some() {
            return Err(Error::format("the file holds the state of a model, not weights alone")
                .hint("read a file of `Model::save` by `Model::load`; `get_weights` and `set_weights` take its weights over"));
        }
        if let Some(stranger) = names.iter().find(|name| self.parameters().iter().all(|param| param.path() != **name)) {
            let known: Vec<&str> = self.parameters().iter().map(|param| param.path()).collect();
            return Err(Error::format(format!("the model has no parameter `{stranger}`, as the file has: it has {}", known.join(", ")))
                .hint("the file is of another model, or its layers have other names"));
        }
        let read = |param: &Parameter| {
            let view = found
                .tensor(param.path())
                .map_err(|_| Error::format(format!("there is no parameter `{}` in the file: it has {}", param.path(), names.join(", "))))?;
            tensors::read(&format!("parameter `{}`", param.path()), &view)
        };
        self.parameters().iter().map(read).collect()
    }
}

/// All tensors of a safetensors file, in the order of their names.
#[cfg(feature = "keras")]
pub(super) fn read_all(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let found = SafeTensors::deserialize(&file).map_err(|source| tensors::broken(&source))?;
    let mut names = found.names();
    names.sort_unstable();
    let tensor = |name: &str| {
        let view = found.tensor(name).map_err(|source| tensors::broken(&source))?;
        Ok((name.to_owned(), tensors::read(&format!("parameter `{name}`"), &view)?))
    };
    names.into_iter().map(tensor).collect()
}
