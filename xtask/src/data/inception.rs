//! The weights of a network that has learned from other pictures: InceptionV3's, or those that come with the program.

use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

use super::{DataSet, Form, StandIn};

const FILE: &str = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5";

/// Where the weights are.
pub(crate) enum Weights {
    File(PathBuf),
    /// In the program.
    BuiltIn,
}

pub(crate) static INCEPTION: DataSet<Weights> = DataSet {
    id: "inception",
    form: Form::File(FILE),
    missing: |path| Ok(if path.join(FILE).is_file() { Vec::new() } else { vec![FILE] }),
    check: |path| file_in(path).map(drop),
    load: |path| Ok(Weights::File(file_in(path)?)),
    stand_in: Some(StandIn { what: "SketchNet, a small network that has learned to tell drawings apart", make: || Ok(Weights::BuiltIn) }),
};

/// The file in a folder, or the file itself: which network its weights are for is known when they are read into one.
fn file_in(path: &Path) -> Result<PathBuf> {
    let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    std::fs::File::open(&file).map_err(|source| Error::io("read", &file, source))?;
    Ok(file)
}
