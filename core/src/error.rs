//! One error type for the whole of Practicum: it names the thing, the value, what was expected, and what to do.

use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::path::Path;
use std::sync::Arc;

/// The result of everything in Practicum that depends on a user's model, data or files.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in words, with where it happened and a hint where one is known.
///
/// The error is one word wide, so returning it is cheap. Ask what kind it is with the predicates
/// ([`is_shape`](Error::is_shape), [`is_data`](Error::is_data), …); everything else is for people to read.
///
/// ```
/// use practicum_core::Error;
///
/// let error = Error::shape("expected [batch, 784], got [32, 28, 28] (3 axes)")
///     .context("layer 1 `dense` (Dense 128)")
///     .hint("put a Flatten before it");
/// assert!(error.is_shape());
/// assert_eq!(
///     error.to_string(),
///     "layer 1 `dense` (Dense 128): expected [batch, 784], got [32, 28, 28] (3 axes)\n  \
///      hint: put a Flatten before it"
/// );
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    context: Vec<String>,
    notes: Vec<String>,
    hint: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Shape,
    Data,
    Argument,
    Unknown,
    State,
    Numeric,
    Io,
    Format,
    Interrupted,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), context: Vec::new(), notes: Vec::new(), hint: None, source: None }))
    }

    /// Shapes that do not fit each other, a layer or an operation.
    pub fn shape(message: impl Into<String>) -> Self {
        Self::new(Kind::Shape, message)
    }

    /// Values in the user's data that cannot be served: NaN, a label out of range, nothing at all.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// An option or argument outside what it may be.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(Kind::Argument, message)
    }

    /// A name that does not exist, with the names that do and the nearest of them.
    ///
    /// ```
    /// use practicum_core::Error;
    ///
    /// let error = Error::unknown("activation", "rellu", ["relu", "tanh"]);
    /// assert_eq!(
    ///     error.to_string(),
    ///     "unknown activation `rellu`: known are relu, tanh\n  did you mean `relu`?"
    /// );
    /// ```
    pub fn unknown<S: AsRef<str>>(what: &str, name: &str, known: impl IntoIterator<Item = S>) -> Self {
        let known: Vec<S> = known.into_iter().collect();
        let list = if known.is_empty() {
            "there are none".to_owned()
        } else {
            format!("known are {}", known.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "))
        };
        let error = Self::new(Kind::Unknown, format!("unknown {what} `{name}`: {list}"));
        match nearest(name, &known) {
            Some(near) => error.note(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// Something asked for before it can be had: a model fitted before `compile`, weights before `build`.
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(Kind::State, message)
    }

    /// A computation that left the numbers: NaN or infinity where a finite value is needed.
    pub fn numeric(message: impl Into<String>) -> Self {
        Self::new(Kind::Numeric, message)
    }

    /// A file or stream that could not be read or written.
    pub fn io(doing: &str, path: &Path, source: std::io::Error) -> Self {
        let hint = match source.kind() {
            std::io::ErrorKind::NotFound => Some("check the path, and that its folder is there"),
            std::io::ErrorKind::NotADirectory => Some("a file stands where the path has a folder"),
            std::io::ErrorKind::AlreadyExists => Some("something of that name stands there: choose another name"),
            std::io::ErrorKind::IsADirectory => Some("a folder stands there: choose another name"),
            std::io::ErrorKind::PermissionDenied => Some("check the rights of the file and of its folder"),
            std::io::ErrorKind::StorageFull => Some("free some space, or choose another folder"),
            _ => None,
        };
        let mut error = Self::new(Kind::Io, format!("cannot {doing} {}: {source}", path.display()));
        error.0.hint = hint.map(str::to_owned);
        error.source(source)
    }

    /// A file whose content is not what its format asks for.
    pub fn format(message: impl Into<String>) -> Self {
        Self::new(Kind::Format, message)
    }

    /// The user asked to stop.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, message)
    }

    /// Says where it happened; what is added last, the outermost, stands first.
    #[must_use]
    pub fn context(mut self, place: impl Into<String>) -> Self {
        self.0.context.push(place.into());
        self
    }

    /// Adds a line under the message, unless it is there.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        let note = note.into();
        if !self.0.notes.contains(&note) {
            self.0.notes.push(note);
        }
        self
    }

    /// Says what to do about it. The first hint given stays.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Keeps the error that caused this one, for [`std::error::Error::source`].
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Shapes that do not fit.
    pub fn is_shape(&self) -> bool {
        self.0.kind == Kind::Shape
    }

    /// Values in the data that cannot be served.
    pub fn is_data(&self) -> bool {
        self.0.kind == Kind::Data
    }

    /// An option or argument outside its range.
    pub fn is_argument(&self) -> bool {
        self.0.kind == Kind::Argument
    }

    /// A name that does not exist.
    pub fn is_unknown(&self) -> bool {
        self.0.kind == Kind::Unknown
    }

    /// Something asked for too early.
    pub fn is_state(&self) -> bool {
        self.0.kind == Kind::State
    }

    /// NaN or infinity where a finite number is needed.
    pub fn is_numeric(&self) -> bool {
        self.0.kind == Kind::Numeric
    }

    /// A file or stream that could not be read or written.
    pub fn is_io(&self) -> bool {
        self.0.kind == Kind::Io
    }

    /// A file with the wrong content.
    pub fn is_format(&self) -> bool {
        self.0.kind == Kind::Format
    }

    /// The user asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.0.kind == Kind::Interrupted
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in self.0.context.iter().rev() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.message)?;
        for note in &self.0.notes {
            write!(f, "\n  {note}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} error: {self}", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The known name nearest to `name`, when one is near enough to be a slip of the fingers.
pub fn nearest<'a, S: AsRef<str>>(name: &str, known: &'a [S]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .iter()
        .map(|candidate| (edit_distance(&wanted, &candidate.as_ref().to_lowercase()), candidate.as_ref()))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(wanted.chars().count()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance between two words.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_one_word_and_travels_between_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn nearest_finds_slips_and_refuses_strangers() {
        assert_eq!(nearest("c1w3x", &["c1w1", "c1w3"]), Some("c1w3"));
        assert_eq!(nearest("Accuracy", &["accuracy", "loss"]), Some("accuracy"));
        assert_eq!(nearest("banana", &["loss", "mae"]), None);
    }

    #[test]
    fn context_reads_from_the_outside_in() {
        let error = Error::data("label 12 at index 3").context("y").context("fit");
        assert_eq!(error.to_string(), "fit: y: label 12 at index 3");
    }

    #[test]
    fn io_keeps_its_cause() {
        let error = Error::io("read", Path::new("/nowhere"), std::io::Error::from(std::io::ErrorKind::NotFound));
        assert!(error.is_io());
        assert!(std::error::Error::source(&error).is_some());
    }
}
