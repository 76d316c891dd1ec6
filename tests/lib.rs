//! Helpers shared by the tests that cross the crates of Practicum.

pub mod fuzz;
pub mod golden;
