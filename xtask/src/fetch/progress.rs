//! How a download tells how far it is: a bar on a terminal, a line now and then elsewhere.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

/// Without a terminal, a long download says something this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Where progress goes.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines { out: Box<dyn Write>, length: Option<u64>, last: Instant },
}

impl Progress {
    /// On stderr: a bar where it is a terminal. No colours, so there are none to switch off.
    pub(super) fn stderr() -> Self {
        if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            Self::Bar(ProgressBar::hidden())
        } else {
            Self::lines(Box::new(std::io::stderr()))
        }
    }

    pub(super) fn lines(out: Box<dyn Write>) -> Self {
        Self::Lines { out, length: None, last: Instant::now() }
    }

    /// A line of its own.
    pub(super) fn say(&mut self, line: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| write_line(&mut std::io::stderr(), line)),
            Self::Lines { out, .. } => write_line(out, line),
        }
    }

    /// A file begins; `done` bytes of it are already here.
    pub(super) fn start(&mut self, what: &str, length: Option<u64>, done: u64) {
        let of = length.map_or(String::new(), |length| format!(" ({})", size(length)));
        self.say(&format!("{what}{of}"));
        match self {
            Self::Bar(bar) => {
                *bar = match length {
                    Some(length) => ProgressBar::new(length)
                        .with_style(style("[{bar:40}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}")),
                    None => ProgressBar::no_length().with_style(style("{decimal_bytes} {decimal_bytes_per_sec}")),
                };
                bar.set_position(done);
                bar.reset_eta();
            }
            Self::Lines { length: known, last, .. } => (*known, *last) = (length, Instant::now()),
        }
    }

    /// `done` bytes of the file are here.
    pub(super) fn advance(&mut self, done: u64) {
        match self {
            Self::Bar(bar) => bar.set_position(done),
            Self::Lines { out, length, last } => {
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    let of = length.map_or(String::new(), |length| format!(" of {}", size(length)));
                    write_line(out, &format!("  {}{of}", size(done)));
                }
            }
        }
    }

    /// The file is whole, or its line broke.
    pub(super) fn finish(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// A number of bytes as people say it: `26.42 MB`.
pub(super) fn size(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Progress is told to whoever listens; where no one does, the download goes on.
fn write_line(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}");
}
