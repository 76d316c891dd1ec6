use std::ops::Index;

use crate::Error;

/// Named numbers, in the order in which they came: the loss first, then the metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logs(Vec<(String, f64)>);

impl Logs {
    /// The number of that name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Sets the number of that name.
    pub fn set(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// All names.
    pub fn names(&self) -> Vec<&str> {
        self.iter().map(|(name, _)| name).collect()
    }

    /// The same with something in front of every name.
    #[must_use]
    pub fn prefixed(&self, prefix: &str) -> Self {
        Self(self.iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect())
    }

    pub(crate) fn extend(&mut self, other: Self) {
        other.0.into_iter().for_each(|(name, value)| self.set(&name, value));
    }
}

/// ```
/// use practicum_core::model::Logs;
///
/// let logs: Logs = [("loss".to_owned(), 0.5)].into_iter().collect();
/// assert_eq!(logs["loss"], 0.5);
/// ```
impl Index<&str> for Logs {
    type Output = f64;

    /// # Panics
    /// No number of that name: ask with [`get`](Logs::get) where it may be missing.
    fn index(&self, name: &str) -> &f64 {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, value)) => value,
            #[allow(clippy::panic, reason = "as every map of the standard library does")]
            None => panic!("{}", Error::unknown("log", name, self.names())),
        }
    }
}

impl FromIterator<(String, f64)> for Logs {
    fn from_iter<I: IntoIterator<Item = (String, f64)>>(numbers: I) -> Self {
        Self(numbers.into_iter().collect())
    }
}
