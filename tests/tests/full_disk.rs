//! No room for a file: the error says so, and what was there before stays.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::process::Command;

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
