//! Files that Keras wrote: those of other people, where they are at hand, and those made by `make.py` and `old.py` beside this file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod bad;
mod made;
mod real;
