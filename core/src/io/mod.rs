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

pub use atomic::{AtomicFile, remove_leftovers, write_atomically};
pub(crate) use config::network_config;
#[cfg(feature = "keras")]
pub use keras::{FileKind, LoadWeights, Loaded, Mismatch, WeightReport, load, read_arrays};
pub use whole::Load;
