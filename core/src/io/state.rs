//! The state of a training as a safetensors file.

use std::path::Path;

use safetensors::tensor::SafeTensors;
use serde_json::{Map, Value};

use super::tensors;
use crate::model::State;
use crate::{Error, Result, Tensor};

/// What the file says that it is: its values stand under this.
pub(super) const FORMAT: &str = "practicum-state-2";

impl State {
    /// Writes everything to a safetensors file, whole or not at all: tensors under their names, values as JSON in its head.
    ///
    /// # Errors
    /// The path has an extension of Keras' files, `.keras` or `.h5`; the file cannot be written; a tensor is called
    /// `__metadata__`, a name that the format keeps for itself.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let values = serde_json::to_string(&self.values)
            .map_err(|source| Error::format(format!("cannot write the values of the state: {source}")))?;
        let named: Vec<(&str, &Tensor)> = self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        tensors::write(path.as_ref(), "the state", &named, (FORMAT, &values))
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

/// The state in the bytes of a file.
pub(super) fn read(file: &[u8]) -> Result<State> {
    let values = tensors::about(file, FORMAT)?.ok_or_else(|| {
        Error::format(format!("expected the state of a training or of a model, {FORMAT}: the file does not say that it is one"))
            .hint("weights alone are read by `load_weights`")
    })?;
    let values: Map<String, Value> = serde_json::from_str(&values).map_err(|source| tensors::broken(&source))?;
    let found = SafeTensors::deserialize(file).map_err(|source| tensors::broken(&source))?;
    let named = found.iter().map(|(name, view)| Ok((name.to_owned(), tensors::read(&format!("`{name}`"), &view)?)));
    Ok(State { values, tensors: named.collect::<Result<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_the_same_bytes_whenever_it_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::new();
        state.set("step", 3);
        state.set_numbers("scores", &[0.5, f64::NAN]);
        state.set_tensor("best", Tensor::from([1.0]));
        let saved = |name: String| {
            let path = folder.path().join(name);
            state.save(&path).unwrap();
            std::fs::read(path).unwrap()
        };
        let first = saved("first".to_owned());
        assert!((0..16).all(|number| saved(format!("again {number}")) == first));
    }

    #[test]
    fn a_name_that_the_format_keeps_for_itself_is_refused_when_the_state_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let mut state = State::new();
        state.set_tensor("__metadata__", Tensor::from([1.0]));
        let error = state.save(&path).unwrap_err().to_string();
        assert!(error.contains("`__metadata__`") && error.contains("another name"), "{error}");
        assert!(!path.exists());
    }
}
