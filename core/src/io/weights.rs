//! The parameters of a model as a safetensors file.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::write_atomically;
use crate::model::Parameter;
use crate::{Error, Model, Result, Shape, Tensor};

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
        let tensors = SafeTensors::deserialize(file).map_err(|source| {
            Error::format(format!("this is no whole safetensors file: {source}")).hint("was it cut off while it was copied?")
        })?;
        let names = tensors.names();
        if let Some(stranger) = names.iter().find(|name| self.parameters().iter().all(|param| param.path() != **name)) {
            let known: Vec<&str> = self.parameters().iter().map(|param| param.path()).collect();
            return Err(Error::format(format!("the model has no parameter `{stranger}`, as the file has: it has {}", known.join(", ")))
                .hint("the file is of another model, or its layers have other names"));
        }
        let read = |param: &Parameter| {
            let view = tensors
                .tensor(param.path())
                .map_err(|_| Error::format(format!("there is no parameter `{}` in the file: it has {}", param.path(), names.join(", "))))?;
            tensor_of(param.path(), &view)
        };
        self.parameters().iter().map(read).collect()
    }
}

fn tensor_of(name: &str, view: &TensorView<'_>) -> Result<Tensor> {
    if view.dtype() != Dtype::F32 {
        return Err(Error::format(format!("parameter `{name}` is stored as {:?}: expected F32", view.dtype())));
    }
    let elements = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Tensor::new(Shape::new(view.shape())?, elements)
}

/// All tensors of a safetensors file.
#[cfg(feature = "keras")]
pub(super) fn read_all(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let tensors =
        SafeTensors::deserialize(&file).map_err(|source| Error::format(format!("this is no whole safetensors file: {source}")))?;
    tensors.iter().map(|(name, view)| Ok((name.to_owned(), tensor_of(name, &view)?))).collect()
}
