//! What is said on standard output.

use std::io::Write as _;

use anyhow::Result;

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Like [`say`], for a line that need not be read: a reader that went away, as `head` does, is no reason to stop working.
pub(crate) fn mention(line: &str) -> std::io::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
