//! What a file is, by its content.

use std::fmt;
use std::path::Path;

use crate::Result;

/// What kind of file a model, or its weights, are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// The zip of Keras 3, `.keras`, or a folder of what is in it.
    Keras,
    /// HDF5: a whole model or weights.
    Hdf5,
    /// safetensors: a model, weights or the state of a training.
    Safetensors,
    /// A folder of TensorFlow's SavedModel.
    SavedModel,
    /// TensorFlow Lite.
    TfLite,
    /// What stands in a Git repository in place of a large file.
    LfsPointer,
    /// JSON.
    Json,
    /// Nothing: a file without content.
    Empty,
    /// A folder that holds no model.
    Folder,
    /// Something else.
    Unknown,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keras => "a `.keras` of Keras 3",
            Self::Hdf5 => "HDF5",
            Self::Safetensors => "safetensors",
            Self::SavedModel => "a SavedModel, whose graph TensorFlow alone can run (load it there, and save it as `.keras`)",
            Self::TfLite => "a model of TensorFlow Lite (save the model that it was made of as `.keras`)",
            Self::LfsPointer => "a pointer of Git LFS, not what it points to (run `git lfs pull`)",
            Self::Json => "JSON, which holds no weights",
            Self::Empty => "empty",
            Self::Folder => "a folder, and neither a SavedModel nor an unpacked `.keras`",
            Self::Unknown => "nothing that is known",
        })
    }
}

/// # Errors
/// The file cannot be read.
pub(super) fn kind_of(path: &Path) -> Result<FileKind> {
    if path.is_dir() {
        return Ok(if path.join("config.json").is_file() {
            FileKind::Keras
        } else if path.join("saved_model.pb").is_file() {
            FileKind::SavedModel
        } else {
            FileKind::Folder
        });
    }
    Ok(kind_of_bytes(&super::head_of(path)?))
}

fn kind_of_bytes(head: &[u8]) -> FileKind {
    // HDF5 may begin after a block of the user's own: at 512, 1024, 2048, … bytes.
    let hdf5 = [0, 512, 1024, 2048].iter().any(|&start| head.get(start..).is_some_and(|rest| rest.starts_with(b"\x89HDF\r\n\x1a\n")));
    let text = head.iter().position(|byte| !byte.is_ascii_whitespace()).map(|start| &head[start..]);
    match head {
        [] => FileKind::Empty,
        _ if hdf5 => FileKind::Hdf5,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => FileKind::Keras,
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => FileKind::TfLite,
        [_, _, _, _, _, _, 0, 0, b'{', ..] => FileKind::Safetensors,
        _ if head.starts_with(b"version https://git-lfs") => FileKind::LfsPointer,
        _ if text.is_some_and(|text| text.starts_with(b"{")) => FileKind::Json,
        _ => FileKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_a_file_is() {
        let user_block = [vec![0; 512], b"\x89HDF\r\n\x1a\n\0\0".to_vec()].concat();
        for (head, kind) in [
            (b"".as_slice(), FileKind::Empty),
            (b"\x89HDF\r\n\x1a\n\0", FileKind::Hdf5),
            (&user_block, FileKind::Hdf5),
            (b"PK\x03\x04rest", FileKind::Keras),
            (b"\x1c\0\0\0TFL3", FileKind::TfLite),
            (b"\x40\0\0\0\0\0\0\0{\"a\":", FileKind::Safetensors),
            (b"version https://git-lfs.github.com/spec/v1\n", FileKind::LfsPointer),
            (b" \n{\"class_name\": 1}", FileKind::Json),
            (b"\x89PNG", FileKind::Unknown),
        ] {
            assert_eq!(kind_of_bytes(head), kind);
        }
    }
}
