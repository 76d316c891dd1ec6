//! What came of loading weights.

use std::fmt;

use crate::{Error, Shape};

/// What came of loading weights: which parameters have values from the file, and what did not fit.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct WeightReport {
    /// The parameters that have values from the file, by path.
    pub loaded: Vec<String>,
    /// The parameters that the file says nothing about, which stay as they were.
    pub missing: Vec<String>,
    /// The arrays of the file that no parameter wanted.
    pub unused: Vec<String>,
    /// What did not fit.
    pub mismatched: Vec<Mismatch>,
}

/// A parameter, or a layer, that the file has in another form.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The parameter's path, or the layer's name where it has another number of parameters.
    pub name: String,
    /// What the model has.
    pub expected: String,
    /// What the file has.
    pub found: String,
}

impl Mismatch {
    pub(super) fn of_shapes(name: &str, expected: &Shape, array: &str, found: &Shape) -> Self {
        Self { name: name.to_owned(), expected: expected.to_string(), found: format!("{found} in `{array}`") }
    }

    pub(super) fn of_counts(layer: &str, expected: &[String], found: &[String]) -> Self {
        let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { format!("{} ({})", names.len(), names.join(", ")) };
        Self { name: layer.to_owned(), expected: format!("{} parameters", list(expected)), found: list(found) }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: expected {}, got {}", self.name, self.expected, self.found)
    }
}

/// ```
/// # #[cfg(feature = "keras")] {
/// let report = practicum_core::io::WeightReport::default();
/// assert_eq!(report.to_string(), "0 parameters loaded");
/// # }
/// ```
impl fmt::Display for WeightReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parameters loaded", self.loaded.len())?;
        for (what, names) in [("not in the file", &self.missing), ("in the file alone", &self.unused)] {
            if !names.is_empty() {
                write!(f, "\n{} {what}: {}", names.len(), shortened(names))?;
            }
        }
        self.mismatched.iter().try_for_each(|mismatch| write!(f, "\ndoes not fit: {mismatch}"))
    }
}

impl WeightReport {
    /// An error that tells everything that does not fit.
    pub(super) fn error(&self) -> Error {
        let few = self.mismatched.len().min(SHOWN);
        let first = Error::shape(format!("{} of the file's weights do not fit the model", self.mismatched.len()));
        let error = self.mismatched[..few].iter().fold(first, |error, mismatch| error.note(mismatch.to_string()));
        let left = self.mismatched.len() - few;
        if left > 0 { error.note(format!("… and {left} more")) } else { error }
    }
}

/// How many names a list shows.
const SHOWN: usize = 20;

pub(super) fn shortened(names: &[String]) -> String {
    let few = names.len().min(SHOWN);
    let left = names.len() - few;
    let list = names[..few].join(", ");
    if left > 0 { format!("{list}, … and {left} more") } else { list }
}
