//! Tensors in safetensors files.

use std::fmt::Display;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

use super::write_atomically;
use crate::{Error, Result, Shape, Tensor};

/// What safetensors keeps the texts under.
const RESERVED: &str = "__metadata__";

/// Writes tensors by name, and texts about them, to a file, whole or not at all. Errors say that `what` cannot be written.
pub(super) fn write(path: &Path, what: &str, tensors: &[(&str, &Tensor)], about: &[(&str, &str)]) -> Result<()> {
    let unwritable = |source: &dyn Display| Error::format(format!("cannot write {what}: {source}"));
    if tensors.iter().any(|(name, _)| *name == RESERVED) {
        return Err(unwritable(&format!("a tensor is called `{RESERVED}`, which safetensors keeps for texts")).hint("give it another name"));
    }
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, tensor)| tensor.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for ((name, tensor), bytes) in tensors.iter().zip(&bytes) {
        views.push((*name, TensorView::new(Dtype::F32, tensor.shape().to_vec(), bytes).map_err(|source| unwritable(&source))?));
    }
    let about = about.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
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

/// An error for a file that safetensors cannot read.
pub(super) fn broken(source: &dyn Display) -> Error {
    Error::format(format!("this is no whole safetensors file: {source}")).hint("was it cut off while it was copied?")
}
