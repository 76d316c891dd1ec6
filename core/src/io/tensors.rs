//! Tensors in safetensors files.

use std::fmt::Display;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::write_atomically;
use crate::{Error, Result, Shape, Tensor};

/// What safetensors keeps the texts under.
const RESERVED: &str = "__metadata__";

/// Writes tensors by name, and a text about them under a key, to a file, whole or not at all. Errors say that `what` cannot be
/// written. There is one text alone: safetensors writes several in an order that differs from run to run.
pub(super) fn write(path: &Path, what: &str, tensors: &[(&str, &Tensor)], about: (&str, &str)) -> Result<()> {
    super::not_of_keras(path)?;
    let unwritable = |source: &dyn Display| Error::format(format!("cannot write {what}: {source}"));
    if tensors.iter().any(|(name, _)| *name == RESERVED) {
        return Err(unwritable(&format!("a tensor is called `{RESERVED}`, which safetensors keeps for texts")).hint("give it another name"));
    }
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, tensor)| tensor.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for ((name, tensor), bytes) in tensors.iter().zip(&bytes) {
        views.push((*name, TensorView::new(Dtype::F32, tensor.shape().to_vec(), bytes).map_err(|source| unwritable(&source))?));
    }
    let about = [(about.0.to_owned(), about.1.to_owned())].into();
    let file = safetensors::serialize(views, Some(about)).map_err(|source| unwritable(&source))?;
    write_atomically(path, &file)
}

/// The tensor of a view; errors begin with `what` it is.
pub(super) fn read(what: &str, view: &TensorView<'_>) -> Result<Tensor> {
    if view.dtype() != Dtype::F32 {
        return Err(Error::format(format!("{what} is stored as {:?}: expected F32", view.dtype())));
    }
    let numbers = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Tensor::new(Shape::new(view.shape())?, numbers)
}

/// The text about the tensors of a file under a key.
pub(super) fn about(file: &[u8], key: &str) -> Result<Option<String>> {
    let (_, head) = SafeTensors::read_metadata(file).map_err(|source| broken(&source))?;
    Ok(head.metadata().as_ref().and_then(|about| about.get(key).cloned()))
}

/// An error for a file that safetensors cannot read.
pub(super) fn broken(source: &dyn Display) -> Error {
    Error::format(format!("this is no whole safetensors file: {source}")).hint("was it cut off while it was copied?")
}
