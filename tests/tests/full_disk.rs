//! No room for a file, or no time: the error says so, and what was there before stays.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::process::{Command, Stdio};
use std::time::Duration;

use practicum_core::prelude::*;

/// Tells the second process, which may write only small files, where to save.
const FILE: &str = "PRACTICUM_TEST_WEIGHTS";

#[test]
fn weights_that_find_no_room_leave_the_old_file_as_it_was() {
    let model = Sequential::new().add(Input::new([64])).add(Dense::new(256));
    if let Some(file) = std::env::var_os(FILE) {
        let error = model.save_weights(&file).unwrap_err();
        assert!(error.is_io() && error.to_string().contains("weights.safetensors"), "{error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    model.save_weights(&file).unwrap();
    let before = std::fs::read(&file).unwrap();
    // The limit is in blocks of 512 or 1,024 bytes; the file has more than 64 KiB.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact weights_that_find_no_room_leave_the_old_file_as_it_was";
    let program = std::env::current_exe().unwrap();
    let status = Command::new("sh").args(["-c", script]).arg(program).env(FILE, &file).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    assert!(String::from_utf8_lossy(&status.stdout).contains("1 passed"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left half-written");
}

#[test]
fn a_save_that_is_killed_leaves_the_old_file_or_the_new_and_the_next_one_cleans_up() {
    const NAME: &str = "a_save_that_is_killed_leaves_the_old_file_or_the_new_and_the_next_one_cleans_up";
    let model = Sequential::new().add(Input::new([256])).add(Dense::new(256)).into_model();
    if let Some(file) = std::env::var_os(FILE) {
        loop {
            model.save(&file).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    model.save(&file).unwrap();
    for delay in (100..400).step_by(29) {
        let mut saving = Command::new(std::env::current_exe().unwrap());
        let mut saving = saving.args(["--exact", NAME]).env(FILE, &file).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        assert!(saving.try_wait().unwrap().is_none(), "it saves until it is killed");
        saving.kill().unwrap();
        saving.wait().unwrap();
        Model::load(&file).unwrap();
    }
    model.save(&file).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
