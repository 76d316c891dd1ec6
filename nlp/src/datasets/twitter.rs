//! Tweets with the mood of their smileys (Sentiment140, by Go et al., 2009): `training_cleaned.csv`.

use std::path::Path;

use practicum_core::{Error, Result};

use crate::files::{decode, read_bytes};

/// One tweet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tweet {
    /// The text, its smileys taken out.
    pub text: String,
    /// Whether the smiley was a happy one.
    pub positive: bool,
}

/// The columns of a row: polarity, id, date, query, user, text.
const COLUMNS: usize = 6;

/// The tweets of a UTF-8 file without a header, in the order of the file: all bad moods first, so shuffle them.
///
/// ```no_run
/// use practicum_nlp::datasets::twitter;
///
/// let tweets = twitter::load("data/twitter/training_cleaned.csv")?;
/// assert_eq!(tweets.len(), 1_600_000);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A file that cannot be read or is not UTF-8, a row that has not six columns, a polarity that is not 0 or 4, no rows.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Tweet>> {
    let path = path.as_ref();
    let text = decode(read_bytes(path)?).map_err(|error| error.hint("is it the original in Latin-1? read it with `load_latin1`"));
    text.and_then(|text| parse(&text)).map_err(|error| error.context(path.display().to_string()))
}

/// The tweets of the original file, `training.1600000.processed.noemoticon.csv`, which is in Latin-1.
///
/// # Errors
/// As [`load`], but every byte is a character.
pub fn load_latin1(path: impl AsRef<Path>) -> Result<Vec<Tweet>> {
    let path = path.as_ref();
    let text: String = read_bytes(path)?.into_iter().map(char::from).collect();
    parse(&text).map_err(|error| error.context(path.display().to_string()))
}

fn parse(text: &str) -> Result<Vec<Tweet>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut tweets = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|cause| Error::format(format!("not CSV: {cause}")).source(cause))? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != COLUMNS {
            let message =
                format!("line {line} has {} columns, expected the {COLUMNS} of polarity, id, date, query, user, text", record.len());
            return Err(Error::format(message).hint("check that the file is complete, and that quotes inside a text are doubled"));
        }
        let positive = match &record[0] {
            "0" => false,
            "4" => true,
            other => return Err(Error::data(format!("line {line} has polarity `{other}`, expected 0 or 4"))),
        };
        tweets.push(Tweet { text: record[COLUMNS - 1].to_owned(), positive });
    }
    if tweets.is_empty() {
        return Err(Error::data("there are no tweets"));
    }
    Ok(tweets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_columns_with_quotes_and_line_breaks() {
        let text = "\"0\",\"1\",\"d\",\"q\",\"u\",\"sad, \"\"very\"\"\nsad\"\n4,,,,,glad\n";
        let tweets = parse(text).unwrap();
        assert_eq!(tweets[0], Tweet { text: "sad, \"very\"\nsad".to_owned(), positive: false });
        assert_eq!(tweets[1], Tweet { text: "glad".to_owned(), positive: true });
    }

    #[test]
    fn broken_rows_are_named() {
        assert!(parse("").unwrap_err().is_data());
        let short = parse("0,,,,,a\n0,,a\n").unwrap_err();
        assert!(short.is_format() && short.to_string().contains("line 2 has 3 columns"), "{short}");
        let polarity = parse("2,,,,,a\n").unwrap_err();
        assert!(polarity.is_data() && polarity.to_string().contains("polarity `2`"), "{polarity}");
    }

    #[test]
    fn latin1_is_read_on_request() {
        use std::io::Write;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"4,,,,,caf\xe9\n").unwrap();
        let error = load(file.path()).unwrap_err();
        assert!(error.to_string().contains("offset 9"), "{error}");
        assert_eq!(load_latin1(file.path()).unwrap()[0].text, "café");
    }
}
