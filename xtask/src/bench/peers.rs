//! Other programs, run in turn with ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::material::Material;
use super::named;
use super::record::{Pair, Record, Row};

/// The peers of a file.
pub(super) struct Peers {
    folder: PathBuf,
    commands: BTreeMap<String, String>,
    /// What stands in commands for what is read.
    read: Vec<(&'static str, String)>,
}

/// The file: `[peer.NAME]` with a `command`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    peer: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    command: String,
}

/// The line that a peer writes for a workload; what else stands in it is not needed.
#[derive(Debug, Deserialize)]
struct Line {
    step_ms: f64,
    rss_mb: Option<f64>,
}

impl Peers {
    /// Reads the file; takes the named peers, or all of them if none is named.
    pub(super) fn read(path: &Path, only: &[String], material: &Material) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading the peers {}", named(path)))?;
        let file: File = toml::from_str(&text).with_context(|| format!("{}: expected [peer.NAME] with a `command` each", named(path)))?;
        let known = file.peer.keys().cloned().collect::<Vec<_>>().join(", ");
        for name in only {
            ensure!(file.peer.contains_key(name), "{} has no peer `{name}`: it has {known}", named(path));
        }
        let commands = file.peer.into_iter().filter(|(name, _)| only.is_empty() || only.contains(name));
        let folder = std::path::absolute(path)?.parent().map(Path::to_path_buf).unwrap_or_default();
        let read = vec![("{photographs}", quoted(&material.photographs())), ("{texts}", quoted(&material.texts()))];
        Ok(Self { folder, commands: commands.map(|(name, entry)| (name, entry.command)).collect(), read })
    }

    /// Runs every peer on one workload, ours before each of them.
    pub(super) fn run(
        &self,
        workload: &str,
        progress: &str,
        ours: &mut dyn FnMut() -> Result<Vec<Row>>,
        record: &mut Record,
    ) -> Result<()> {
        for (peer, command) in &self.commands {
            eprintln!("{progress} and {peer}");
            let rows = ours()?;
            let main = rows.first().context("a workload that measures nothing")?;
            let our_ms = 1e3 * main.step();
            let our_mib = rows.iter().filter_map(Row::rss).reduce(f64::max);
            record.add(rows);
            let command = self.read.iter().fold(command.clone(), |command, (name, path)| command.replace(name, path));
            match measure(&self.folder, &command, workload) {
                Ok(line) => record.pairs.push(Pair {
                    workload: workload.to_owned(),
                    peer: peer.clone(),
                    peer_ms: line.step_ms,
                    peer_mib: line.rss_mb,
                    our_ms,
                    our_mib,
                }),
                Err(error) => eprintln!("  {peer} has no figure for {workload}: {error:#}"),
            }
        }
        Ok(())
    }
}

/// Lets a peer measure; the line that it wrote.
fn measure(folder: &Path, command: &str, workload: &str) -> Result<Line> {
    let out = std::env::temp_dir().join(format!("practicum-bench-{}.jsonl", std::process::id()));
    // The peer appends: what another run left there is not its own.
    let _ = std::fs::remove_file(&out);
    let filled = command.replace("{workload}", workload).replace("{out}", &quoted(&out));
    let output = Command::new("sh").arg("-c").arg(&filled).current_dir(folder).stdout(Stdio::null()).output().context("starting `sh`")?;
    let text = std::fs::read_to_string(&out);
    let _ = std::fs::remove_file(&out);
    let last_words = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    ensure!(output.status.success(), "{}: {last_words}", output.status);
    let text = text.with_context(|| format!("it wrote no line to {}", out.display()))?;
    let line = text.lines().last().context("it wrote an empty file")?;
    serde_json::from_str(line).with_context(|| format!("its line has no `step_ms`: {line}"))
}

/// A path as a word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_single_words() {
        assert_eq!(quoted(Path::new("a b's")), r"'a b'\''s'");
    }

    #[test]
    fn a_peer_is_a_command_that_writes_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let line = r#"echo '{"workload":"W1","step_ms":1.5,"rss_mb":12,"more":true}' >> {out}"#;
        assert_eq!(measure(folder.path(), line, "W1").unwrap().step_ms, 1.5);
        let error = measure(folder.path(), "echo no such workload: {workload} >&2; exit 3", "W9").unwrap_err();
        assert!(error.to_string().contains("no such workload: W9"), "{error}");
        assert!(measure(folder.path(), "true", "W1").is_err());
    }

    #[test]
    fn a_peer_that_does_not_exist_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.toml");
        std::fs::write(&path, "[peer.a]\ncommand = \"true\"\n[peer.b]\ncommand = \"true\"\n").unwrap();
        let material = Material::of(&[], None, None).unwrap();
        assert_eq!(Peers::read(&path, &[], &material).unwrap().commands.len(), 2);
        assert_eq!(Peers::read(&path, &["b".into()], &material).unwrap().commands.len(), 1);
        let error = Peers::read(&path, &["c".into()], &material).err().unwrap();
        assert!(error.to_string().contains("`c`") && error.to_string().contains("a, b"), "{error}");
    }
}
