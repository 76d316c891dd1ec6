//! Every reader of the workspace answers to any bytes with a value or an error, soon. See `practicum_tests::fuzz` for how to
//! give them longer than a moment: `FUZZ_SECONDS=600 cargo test --workspace --test fuzz csv -- --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod models;
mod pictures;
mod series;
mod texts;

use std::path::Path;

use practicum_core::{Error, Result};

/// What a reader answered.
fn told<T>(answer: Result<T>) -> std::result::Result<(), String> {
    answer.map(drop).map_err(|error| error.to_string())
}

/// Makes of a reader of files one of bytes.
fn of_file<T>(mut read: impl FnMut(&Path) -> Result<T>) -> impl FnMut(&[u8]) -> std::result::Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    move |bytes| {
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        told(read(&path))
    }
}

/// Makes of a reader of texts one of bytes.
fn of_text<T>(mut read: impl FnMut(&str) -> Result<T>) -> impl FnMut(&[u8]) -> std::result::Result<(), String> {
    move |bytes| told(read(&String::from_utf8_lossy(bytes)))
}

/// Makes of a reader of JSON one of bytes.
fn of_json<T>(mut read: impl FnMut(&serde_json::Value) -> Result<T>) -> impl FnMut(&[u8]) -> std::result::Result<(), String> {
    move |bytes| match serde_json::from_slice(bytes) {
        Ok(json) => told(read(&json)),
        Err(error) => told::<()>(Err(Error::format(error.to_string()))),
    }
}
