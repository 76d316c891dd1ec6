//! BBC news articles in five categories (`bbc-text.csv`, 2,225 articles, for research use).

use std::path::Path;

use practicum_core::{Error, Result};

use crate::files::read_text;

/// The categories, the most frequent first: the order in which a tokenizer numbers them.
pub const CATEGORIES: [&str; 5] = ["sport", "business", "politics", "tech", "entertainment"];

/// One article.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Article {
    /// One of [`CATEGORIES`].
    pub category: String,
    /// The text, in lower case.
    pub text: String,
}

/// The articles of a CSV file with the header `category,text`, in the order of the file.
///
/// # Errors
/// A file that cannot be read, another header, a row that has not two columns, a category that is not one of
/// [`CATEGORIES`], an empty text, no rows at all.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Article>> {
    let path = path.as_ref();
    let text = read_text(path)?;
    let articles = parse(&text).map_err(|error| error.context(path.display().to_string()))?;
    if articles.is_empty() {
        return Err(Error::data(format!("{} holds no articles", path.display())));
    }
    Ok(articles)
}

fn parse(text: &str) -> Result<Vec<Article>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(not_csv)?;
    if header != ["category", "text"].as_slice() {
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(Error::format(format!("the header is `{found}`, expected `category,text`")));
    }
    let mut articles = Vec::new();
    for (row, record) in reader.into_records().enumerate() {
        let record = record.map_err(not_csv)?;
        let (category, text) = (&record[0], &record[1]);
        if !CATEGORIES.contains(&category) {
            return Err(Error::unknown("category", category, CATEGORIES).context(format!("article {row}")));
        }
        if text.trim().is_empty() {
            return Err(Error::data(format!("article {row} has no text")));
        }
        articles.push(Article { category: category.to_owned(), text: text.to_owned() });
    }
    Ok(articles)
}

fn not_csv(cause: csv::Error) -> Error {
    Error::format(format!("not the CSV of the BBC articles: {cause}")).hint("check that the download is complete").source(cause)
}
