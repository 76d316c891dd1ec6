//! What is said on standard output.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

/// Goes to the beginning of the line and empties it.
const CLEAR: &str = "\r\x1b[K";
/// Cuts what follows at the terminal's edge, instead of going on in a second line that could not be written over; and the
/// end of that.
const CUT: [&str; 2] = ["\x1b[?7l", "\x1b[?7h"];

/// Whether the cursor stands at the end of a live line.
static LIVE: AtomicBool = AtomicBool::new(false);

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> Result<()> {
    Ok(write(line)?)
}

/// Like [`say`], for a line that need not be read: a reader that went away, as `head` does, is no reason to stop working.
pub(crate) fn mention(line: &str) -> io::Result<()> {
    match write(line) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Shows a line on a terminal until the next one is written; nothing where standard output is none.
pub(crate) fn live(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    if !out.is_terminal() {
        return Ok(());
    }
    LIVE.store(true, Ordering::Relaxed);
    write!(out, "{CLEAR}{}{line}{}", CUT[0], CUT[1])?;
    out.flush()
}

fn write(line: &str) -> io::Result<()> {
    let clear = if LIVE.swap(false, Ordering::Relaxed) { CLEAR } else { "" };
    writeln!(io::stdout(), "{clear}{line}")
        .map_err(|source| io::Error::new(source.kind(), format!("cannot write to the standard output: {source}")))
}
