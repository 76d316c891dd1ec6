//! The two widths of numbers that a series may have.

use std::ops::{Add, Div, Mul, Rem, Sub};

use practicum_core::{Error, Result};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`: a series keeps the width it has, as in NumPy.
///
/// Whole-number time makes an `f64` series there, `float32` time an `f32` series; sums over many values are taken in
/// `f64` here and rounded once.
pub trait Real:
    sealed::Sealed
    + Copy
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
{
    /// The nearest number of this width.
    fn from_f64(value: f64) -> Self;

    /// The same number, wide.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as Self
    }

    fn to_f64(self) -> f64 {
        self.into()
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }
}

/// The mean, summed in f64 from the first value to the last.
pub(crate) fn mean<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|value| value.to_f64()).sum::<f64>() / values.len() as f64
}

/// Fails on the first NaN or infinity.
/// More of them than this would take gigabytes.
const MOST: usize = 1 << 28;

/// Refuses to make more of something than memory is given to: a slip in a length would end the process.
pub(crate) fn check_count(what: &str, count: usize) -> Result<()> {
    if count <= MOST {
        return Ok(());
    }
    Err(Error::argument(format!("{count} {what} are more than memory is given to: expected {MOST} at most")))
}

pub(crate) fn check_finite<T: Real>(what: &str, values: &[T]) -> Result<()> {
    match values.iter().position(|value| !value.to_f64().is_finite()) {
        Some(index) => Err(Error::data(format!("{what} holds {} at index {index}, expected finite numbers", values[index].to_f64()))),
        None => Ok(()),
    }
}
