//! The state of a training as a safetensors file.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Map, Value};

use super::write_atomically;
use crate::model::State;
use crate::{Error, Result, Shape, Tensor};

/// What the file says that it is.
const FORMAT: &str = "practicum-state-1";

impl State {
    /// Writes everything to a safetensors file, whole or not at all: tensors under their names, values as JSON in its head.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let unwritable = |what: &str, source: &dyn std::fmt::Display| Error::format(format!("cannot write {what}: {source}"));
        let bytes: Vec<Vec<u8>> =
            self.tensors.values().map(|tensor| tensor.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let mut views = Vec::with_capacity(bytes.len());
        for ((name, tensor), bytes) in self.tensors.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, tensor.shape().to_vec(), bytes);
            views.push((name.as_str(), view.map_err(|source| unwritable(name, &source))?));
        }
        let values = serde_json::to_string(&self.values).map_err(|source| unwritable("the values of the state", &source))?;
        let about = [("format".to_owned(), FORMAT.to_owned()), ("values".to_owned(), values)].into_iter().collect();
        let file = safetensors::serialize(views, Some(about)).map_err(|source| unwritable("the state", &source))?;
        write_atomically(path.as_ref(), &file)
    }

    /// Reads what [`save`](State::save) wrote.
    ///
    /// # Errors
    /// The file cannot be read, or is not the state of a training.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        read(&file).map_err(|error| error.context(path.display().to_string()))
    }
}

fn read(file: &[u8]) -> Result<State> {
    let broken = |source: &dyn std::fmt::Display| {
        Error::format(format!("this is no whole safetensors file: {source}")).hint("was it cut off while it was copied?")
    };
    let (_, head) = SafeTensors::read_metadata(file).map_err(|source| broken(&source))?;
    let about = head.metadata().as_ref();
    let entry = |name: &str| about.and_then(|about| about.get(name)).map(String::as_str);
    if entry("format") != Some(FORMAT) {
        let got = entry("format").unwrap_or("none");
        return Err(Error::format(format!("expected the format {FORMAT}, got {got}")).hint("weights alone are read by `load_weights`"));
    }
    let values: Map<String, Value> = serde_json::from_str(entry("values").unwrap_or_default()).map_err(|source| broken(&source))?;
    let tensors = SafeTensors::deserialize(file).map_err(|source| broken(&source))?;
    let tensor = |(name, view): (String, TensorView<'_>)| {
        if view.dtype() != Dtype::F32 {
            return Err(Error::format(format!("`{name}` is stored as {:?}: expected F32", view.dtype())));
        }
        let numbers = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok((name, Tensor::new(Shape::new(view.shape())?, numbers)?))
    };
    Ok(State { values, tensors: tensors.tensors().into_iter().map(tensor).collect::<Result<_>>()? })
}
