//! Models to files and back: weights, configuration, and files that are there whole or not at all.

mod atomic;
mod config;
mod graph;
#[cfg(feature = "keras")]
mod keras;
mod masks;
mod state;
mod tensors;
mod weights;
mod whole;

use std::path::Path;

use crate::{Error, Result};

pub use atomic::{AtomicFile, remove_leftovers, write_atomically};
pub(crate) use config::network_config;
#[cfg(feature = "keras")]
pub use keras::{FileKind, LoadWeights, Loaded, Mismatch, WeightReport, load, read_arrays};
pub use whole::Load;

/// Refuses the path of a file to write that Keras would take for its own.
pub(crate) fn not_of_keras(path: &Path) -> Result<()> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !["keras", "h5", "hdf5"].contains(&ending) {
        return Ok(());
    }
    let stem = path.with_extension("");
    let name = if stem.extension().is_some_and(|more| more == "weights") { stem.with_extension("") } else { stem };
    let name = name.with_added_extension("safetensors");
    Err(Error::argument(format!("`{}` is the name of a file of Keras, and what is written is safetensors", path.display()))
        .hint(format!("call it `{}`", name.display())))
}
