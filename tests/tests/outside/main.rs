//! What other crates add to Practicum through its public API alone is as good as what it brings: it is trained with, saved
//! and loaded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod layers;
mod training;
mod within;
