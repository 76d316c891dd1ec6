//! Text files, read and written whole.

use std::path::Path;

use practicum_core::{Error, Result};

/// The file as text, without a byte order mark.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    decode(read_bytes(path)?).map_err(|error| error.context(path.display().to_string()))
}

/// The bytes of a file.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| Error::io("read", path, cause))
}

/// Bytes as text, without a byte order mark; the first byte that is no UTF-8 is named by its offset.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String> {
    let mut text = String::from_utf8(bytes).map_err(|cause| {
        let offset = cause.utf8_error().valid_up_to();
        Error::format(format!("not UTF-8 text: the byte at offset {offset} does not fit"))
            .hint("check that the file is unpacked and complete, or convert it to UTF-8")
            .source(cause)
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}
