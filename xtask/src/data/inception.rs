//! The weights of a network that has learned from other pictures: InceptionV3's, or those that come with the program.

use std::path::PathBuf;

use practicum_core::io;

use super::{DataSet, Form, StandIn, file, missing};

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
    missing: |path| missing(path, FILE),
    // Which network its weights are for is known when they are read into one.
    check: |path| io::read_arrays(file(path, FILE)).map(drop),
    load: |path| Ok(Weights::File(file(path, FILE))),
    stand_in: Some(StandIn { what: "SketchNet, a small network that has learned to tell drawings apart", make: || Ok(Weights::BuiltIn) }),
};

#[cfg(test)]
mod tests {
    use practicum_core::prelude::*;

    use super::*;

    #[test]
    fn weights_are_told_from_other_files_and_from_those_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine");
        Sequential::new().add(Input::new([4])).add(Dense::new(2)).save_weights(&path).unwrap();
        assert!((INCEPTION.check)(&path).is_ok());
        let whole = std::fs::read(&path).unwrap();
        for content in [&whole[..whole.len() - 1], b"root:x:0:0\n", b"\x89HDF\r\n\x1a\n", b""] {
            std::fs::write(&path, content).unwrap();
            assert!((INCEPTION.check)(&path).unwrap_err().to_string().contains("mine"));
        }
        assert!((INCEPTION.check)(&folder.path().join("none")).is_err());
    }
}
