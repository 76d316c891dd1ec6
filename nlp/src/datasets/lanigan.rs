//! "Lanigan's Ball", a traditional Irish song: what the course's first text generator learns by heart.

/// The song as the course's notebook holds it: 64 lines, 2,844 characters, no newline at the end.
pub const TEXT: &str = include_str!("../../data/lanigan.txt");

/// The lines of the song.
///
/// ```
/// use practicum_nlp::datasets::lanigan;
///
/// let lines = lanigan::lines();
/// assert_eq!((lines.len(), lines[0]), (64, "In the town of Athy one Jeremy Lanigan "));
/// ```
pub fn lines() -> Vec<&'static str> {
    TEXT.split('\n').collect()
}
