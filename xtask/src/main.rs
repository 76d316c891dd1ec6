//! The course of Practicum on the command line: fetch data, run weeks, write reports, benchmark.

mod ask;
mod ask_text;
mod bench;
mod cli;
mod console;
mod data;
mod fetch;
mod forecast;
mod interrupt;
mod list;
mod machine;
mod model;
mod own_file;
mod report;
mod results;
mod run_week;
mod week;
mod weeks;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(outcome) => outcome,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, there is no one left to tell.
            let _ = writeln!(std::io::stderr(), "error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, each said once: most errors quote their cause.
fn told(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |told, cause| {
        let cause = cause.to_string();
        if told.contains(&cause) { told } else { format!("{told}: {cause}") }
    })
}

/// Whether the reader of our output went away, as `head` does: no fault of anybody.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |source: &std::io::Error| source.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(broken))
}

#[cfg(test)]
mod tests {
    use practicum_core::Error;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let source = std::io::Error::other("the disk hums");
        let error = anyhow::Error::from(Error::io("read", "a.txt".as_ref(), source)).context("c1w2");
        assert_eq!(told(&error), "c1w2: cannot read a.txt: the disk hums");
        assert_eq!(told(&anyhow::anyhow!("tired").context("c1w1")), "c1w1: tired");
    }
}
