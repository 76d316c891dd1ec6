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
    article_link: String,
    headline: String,
    is_sarcastic: i64,
}

/// The headlines of a JSON array of objects with the keys `article_link`, `headline` and `is_sarcastic` (0 or 1).
///
/// The course trains on the first 20,000 and validates on the rest, in the order of the file.
///
/// # Errors
/// A file that cannot be read or is not such an array, no records, an empty headline, a label that is not 0 or 1.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Headline>> {
    let path = path.as_ref();
    let text = read_text(path)?;
    let records: Vec<Record> = serde_json::from_str(&text).map_err(|cause| {
        let error = Error::format(format!("{} is not a JSON array of headlines: {cause}", path.display()));
        let error = if text.trim_start().starts_with('{') {
            error.hint("this file has one object a line; the course's file is one array of them: put [ ] around it and commas between")
        } else {
            error.hint("check that the download is complete")
        };
        error.source(cause)
    })?;
    if records.is_empty() {
        return Err(Error::data(format!("{} holds no headlines", path.display())));
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
    let headlines: Result<_> = records.into_iter().enumerate().map(checked).collect();
    headlines.map_err(|error| error.context(path.display().to_string()))
}
