//! The command line as a user drives it: the program that was built, its output, its files and its exit status.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod data;
mod ends;
mod files;
mod forecast;
mod results;
mod run_week;
mod usage;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_xtask");

/// What a call of the program left behind.
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ran = Self { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!ran.err.contains("panicked") && !ran.out.contains("panicked"), "{ran:?}");
        ran
    }

    /// That it went well and complained of nothing.
    fn succeeded(self) -> Self {
        assert!(self.status == Some(0) && self.err.is_empty(), "{self:?}");
        self
    }

    /// That it failed with the exit status of a failure, and an error that says all of this.
    fn failed(self, said: &[&str]) -> Self {
        assert_eq!(self.status, Some(1), "{self:?}");
        self.said(said)
    }

    /// That the command line was not understood, and the error says all of this.
    fn misused(self, said: &[&str]) -> Self {
        assert_eq!(self.status, Some(2), "{self:?}");
        self.said(said)
    }

    fn said(self, said: &[&str]) -> Self {
        assert!(self.err.lines().any(|line| line.starts_with("error: ")), "{self:?}");
        for words in said {
            assert!(self.err.contains(words), "`{words}` is not in {}", self.err);
        }
        self
    }
}

impl std::fmt::Debug for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {:?}\nout: {}\nerr: {}", self.status, self.out, self.err)
    }
}

/// A call of the program that reads nothing and shares no folder with others.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

fn xtask(arguments: &[&str]) -> Ran {
    Ran::of(&command(arguments).output().unwrap())
}

/// A folder for the results of one test.
struct Out(TempDir);

impl Out {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// `run-week` with these arguments and this folder for its results.
    fn run_week(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&["run-week"]);
        command.args(arguments).arg("--out").arg(self.path());
        command
    }

    fn results(&self, week: &str) -> Value {
        let path = self.path().join(week).join("results.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    }

    /// The ids of the runs in the results, in their order.
    fn runs(&self, week: &str) -> Vec<String> {
        let results = self.results(week);
        results["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The files below the folder that are not hidden.
    fn files(&self) -> Vec<String> {
        files_below(self.path()).into_iter().filter(|file| !file.split('/').any(|part| part.starts_with('.'))).collect()
    }
}

/// All files below a folder, sorted, with `/` between folders.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()).into_iter().map(|file| format!("{name}/{file}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}
