//! News headlines, sarcastic or not (`sarcasm.json`, 26,709 records, by R. Misra).

use std::path::Path;

use practicum_core::{Error, Result};
use serde::Deserialize;

use crate::files::read_text;

/// One headline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Headline {
    /// Where the article stands.
    pub article_link: String,
    /// The text.
    pub headline: String,
    /// Whether it is sarcastic.
    pub is_sarcastic: bool,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    article_link: String,
    headline: String,
    is_sarcastic: i64,
}

/// The headlines of a JSON array of objects with the keys `article_link`, `headline` and `is_sarcastic` (0 or 1), or of
/// a file that holds one such object a line.
///
/// The course trains on the first 20,000 and validates on the rest, in the order of the file.
///
/// # Errors
/// A file that cannot be read or is neither of the two, no records, an empty headline, a label that is not 0 or 1.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Headline>> {
    let path = path.as_ref();
    let text = read_text(path)?;
    parse(&text).map_err(|error| error.context(path.display().to_string()))
}

fn parse(text: &str) -> Result<Vec<Headline>> {
    let records = if text.trim_start().starts_with('{') { records_of_lines(text)? } else { records_of_array(text)? };
    if records.is_empty() {
        return Err(Error::data("there are no headlines"));
    }
    let checked = |(index, record): (usize, Record)| {
        let is_sarcastic = match record.is_sarcastic {
            0 => false,
            1 => true,
            other => return Err(Error::data(format!("record {index} has is_sarcastic {other}, expected 0 or 1"))),
        };
        if record.headline.trim().is_empty() {
            return Err(Error::data(format!("record {index} has an empty headline")));
        }
        Ok(Headline { article_link: record.article_link, headline: record.headline, is_sarcastic })
    };
    records.into_iter().enumerate().map(checked).collect()
}

fn records_of_array(text: &str) -> Result<Vec<Record>> {
    serde_json::from_str(text).map_err(|cause| {
        Error::format(format!("not a JSON array of headlines: {cause}")).hint("check that the download is complete").source(cause)
    })
}

fn records_of_lines(text: &str) -> Result<Vec<Record>> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let record = |(number, line): (u32, &str)| {
        serde_json::from_str(line).map_err(|cause| {
            let message = format!("line {number}, column {} is not the JSON object of a headline: {cause}", cause.column());
            Error::format(message).hint("check that the download is complete").source(cause)
        })
    };
    lines.map(record).collect()
}
