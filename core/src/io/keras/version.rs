//! Which Keras wrote a file.

use std::fmt;

use crate::{Error, Result};

/// The newest Keras whose files are known.
const NEWEST: u32 = 3;

/// A version such as `2.3.0-tf`, as far as it decides how a file is to be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Version {
    text: String,
    major: u32,
}

impl Version {
    /// # Errors
    /// A Keras that is newer than any that is known.
    pub(super) fn new(text: &str) -> Result<Self> {
        // Files from before 1.0 say nothing, or 0.
        let major = text.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(1).max(1);
        if major > NEWEST {
            return Err(Error::format(format!("the file was written by Keras {text}: known are files up to Keras {NEWEST}"))
                .hint("save it in Keras 3, or save the weights alone and load them by name"));
        }
        Ok(Self { text: text.to_owned(), major })
    }

    /// Keras 1 and before: other names of classes and options, and a parameter for each gate.
    pub(super) fn is_first(&self) -> bool {
        self.major == 1
    }

    /// Before Keras 3.
    pub(super) fn is_before_third(&self) -> bool {
        self.major < 3
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_and_newer_ones_are_refused() {
        for (text, first, before_third) in [("1.2.2", true, true), ("2.3.0-tf", false, true), ("3.15.1", false, false), ("0.3", true, true)]
        {
            let version = Version::new(text).unwrap();
            assert_eq!((version.is_first(), version.is_before_third()), (first, before_third), "{text}");
        }
        let error = Version::new("4.0.0").unwrap_err();
        assert!(error.is_format() && error.to_string().contains("4.0.0"), "{error}");
    }
}
