//! The file of a vocabulary: two header lines, then a piece a line between single quotes.

use std::path::Path;

use practicum_core::io::write_atomically;
use practicum_core::{Error, Result};
use serde_json::{Value, json};

use super::SubwordTextEncoder;
use crate::files::read_text;

const HEADER: &str = "### SubwordTextEncoder";
const METADATA: &str = "### Metadata: ";
/// In the metadata of files whose pieces hold line breaks, which TFDS cannot keep.
const ESCAPED: &str = "escaped";

impl SubwordTextEncoder {
    /// The vocabulary as the text of TFDS' `save_to_file`.
    ///
    /// TFDS cannot read back a piece with a line break. Where there is one, line breaks and backslashes of all pieces are
    /// escaped as in Rust, and the metadata say so; [`from_text`](Self::from_text) reads both.
    ///
    /// ```
    /// use practicum_nlp::SubwordTextEncoder;
    ///
    /// let encoder = SubwordTextEncoder::new(["the_", ", "])?;
    /// assert_eq!(encoder.to_text(), "### SubwordTextEncoder\n### Metadata: {}\n'the_'\n', '\n");
    /// assert_eq!(SubwordTextEncoder::from_text(&encoder.to_text())?.subwords(), encoder.subwords());
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn to_text(&self) -> String {
        let escaped = self.subwords().iter().any(|subword| subword.contains(['\n', '\r']));
        let metadata = if escaped { json!({ESCAPED: true}) } else { json!({}) };
        let mut text = format!("{HEADER}\n{METADATA}{metadata}\n");
        for subword in self.subwords() {
            let line = if escaped { escape(subword) } else { subword.clone() };
            text.extend(["'", &line, "'\n"]);
        }
        text
    }

    /// An encoder from the text of [`to_text`](Self::to_text) or of a `.subwords` file of TFDS.
    ///
    /// # Errors
    /// Text with other header lines; a line that is not between single quotes, named with its number; pieces that
    /// [`new`](Self::new) refuses.
    pub fn from_text(text: &str) -> Result<Self> {
        let mut lines = text.split('\n');
        let header = lines.next().unwrap_or_default();
        if header != HEADER {
            return Err(Error::format(format!("line 1 is `{}`, expected `{HEADER}`", start(header)))
                .hint("give the `.subwords` file of a SubwordTextEncoder; WordPiece and other vocabularies have other formats"));
        }
        let metadata = lines.next().and_then(|line| line.strip_prefix(METADATA));
        let metadata = metadata.ok_or_else(|| Error::format(format!("line 2 does not begin with `{METADATA}`")))?;
        let metadata: Value = serde_json::from_str(metadata)
            .map_err(|cause| Error::format(format!("the metadata in line 2 are not JSON: {cause}")).source(cause))?;
        let escaped = metadata[ESCAPED] == json!(true);
        let mut subwords = Vec::new();
        let mut lines = (3..).zip(lines).peekable();
        while let Some((number, line)) = lines.next() {
            if line.is_empty() && lines.peek().is_none() {
                break;
            }
            let subword = line.strip_prefix('\'').and_then(|line| line.strip_suffix('\''));
            let subword = subword.ok_or_else(|| {
                Error::format(format!("line {number} is `{}`, expected a subword between single quotes", start(line)))
                    .hint("check that the file is complete")
            })?;
            subwords.push(if escaped { unescape(subword, number)? } else { subword.to_owned() });
        }
        Self::new(subwords)
    }

    /// Writes the vocabulary to a file, whole or not at all; TFDS' ending is `.subwords`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomically(path.as_ref(), self.to_text().as_bytes())
    }

    /// Reads a vocabulary that [`save`](Self::save) or TFDS wrote.
    ///
    /// # Errors
    /// A file that cannot be read or is not UTF-8, and what [`from_text`](Self::from_text) refuses.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_text(&read_text(path)?).map_err(|error| error.context(path.display().to_string()))
    }
}

/// As much of a line as a message can show.
fn start(line: &str) -> String {
    line.chars().take(40).collect()
}

fn escape(subword: &str) -> String {
    subword.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(line: &str, number: usize) -> Result<String> {
    let mut subword = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        subword.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('\\') => '\\',
                other => {
                    let found = other.map(String::from).unwrap_or_default();
                    return Err(Error::format(format!("line {number} holds `\\{found}`, expected `\\n`, `\\r` or `\\\\`")));
                }
            },
            other => other,
        });
    }
    Ok(subword)
}
