//! Song and sonnet lines (`irish`, `sonnets`): a plain text file, one line of verse a line.

use std::path::Path;

use practicum_core::{Error, Result};

use crate::files::read_text;

/// The lines of a text file, as they stand there.
///
/// Like the course's `split("\n")`, a newline at the end of the file makes one more, empty line. The tokenizer
/// lower-cases by itself.
///
/// # Errors
/// A file that cannot be read, that is not UTF-8, or that holds nothing but white space.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let text = read_text(path)?;
    if text.trim().is_empty() {
        return Err(Error::data(format!("{} holds no lines", path.display())));
    }
    Ok(text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect())
}
