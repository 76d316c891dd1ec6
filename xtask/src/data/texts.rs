//! The texts of the third course, or texts that the code writes.

use std::path::{Path, PathBuf};

use practicum_core::rng::DEFAULT_SEED;
use practicum_core::{Error, Result};
use practicum_nlp::WordVectors;
use practicum_nlp::datasets::bbc::Article;
use practicum_nlp::datasets::imdb::Imdb;
use practicum_nlp::datasets::sarcasm::Headline;
use practicum_nlp::datasets::twitter::Tweet;
use practicum_nlp::datasets::{bbc, builtin, imdb, lyrics, sarcasm, twitter};

use super::{DataSet, Form, StandIn};

pub(crate) static SARCASM: DataSet<Vec<Headline>> = DataSet {
    id: "sarcasm",
    form: Form::File("sarcasm.json"),
    missing: |path| missing(path, "sarcasm.json"),
    check: |_| Ok(()),
    load: |path| sarcasm::load(file(path, "sarcasm.json")),
    stand_in: Some(StandIn { what: "5,000 headlines written by the code", make: || Ok(builtin::headlines(DEFAULT_SEED, 5_000)) }),
};

pub(crate) static BBC: DataSet<Vec<Article>> = DataSet {
    id: "bbc",
    form: Form::File("bbc-text.csv"),
    missing: |path| missing(path, "bbc-text.csv"),
    check: |_| Ok(()),
    load: |path| bbc::load(file(path, "bbc-text.csv")),
    stand_in: Some(StandIn { what: "1,000 articles written by the code", make: || Ok(builtin::articles(DEFAULT_SEED, 1_000)) }),
};

const ARCHIVE: &str = "aclImdb_v1.tar.gz";

pub(crate) static IMDB: DataSet<Imdb> = DataSet {
    id: "imdb",
    form: Form::FileOrFolder,
    missing: |path| Ok(if reviews(path)?.is_some() { Vec::new() } else { vec![ARCHIVE] }),
    check: |_| Ok(()),
    load: |path| imdb::load(reviews(path)?.unwrap_or_else(|| path.to_owned())),
    stand_in: Some(StandIn { what: "2,400 reviews written by the code", make: || Ok(builtin::reviews(DEFAULT_SEED, 1_600, 800)) }),
};

/// The archive of the reviews, whatever it is called, or the folder that it unpacks to.
fn reviews(path: &Path) -> Result<Option<PathBuf>> {
    if path.is_file() || ["aclImdb", "train"].iter().any(|inner| path.join(inner).is_dir()) {
        return Ok(Some(path.to_owned()));
    }
    if !path.is_dir() {
        return Ok(None);
    }
    let mut archives = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|source| Error::io("read", path, source))? {
        let file = entry.map_err(|source| Error::io("read", path, source))?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("aclImdb") && name.ends_with(".tar.gz") {
            archives.push(file);
        }
    }
    archives.sort();
    Ok(archives.into_iter().next())
}

pub(crate) static TWITTER: DataSet<Vec<Tweet>> = DataSet {
    id: "twitter",
    form: Form::File("training_cleaned.csv"),
    missing: |path| missing(path, "training_cleaned.csv"),
    check: |_| Ok(()),
    load: |path| twitter::load(file(path, "training_cleaned.csv")),
    stand_in: Some(StandIn { what: "8,000 tweets written by the code", make: || Ok(builtin::tweets(DEFAULT_SEED, 8_000)) }),
};

/// Word vectors, of which only those of the words that are wanted are held.
pub(crate) enum Glove {
    File(PathBuf),
    BuiltIn,
}

impl Glove {
    /// The vectors of the words that `keep` wants.
    pub(crate) fn vectors(&self, keep: impl FnMut(&str) -> bool) -> Result<WordVectors> {
        match self {
            Self::File(path) => WordVectors::load(path, keep),
            Self::BuiltIn => builtin::word_vectors(DEFAULT_SEED, 50),
        }
    }
}

pub(crate) static GLOVE: DataSet<Glove> = DataSet {
    id: "glove",
    form: Form::File("glove.6B.100d.txt"),
    missing: |path| missing(path, "glove.6B.100d.txt"),
    check: |_| Ok(()),
    load: |path| Ok(Glove::File(file(path, "glove.6B.100d.txt"))),
    stand_in: Some(StandIn { what: "vectors of 50 numbers drawn by kinds of words", make: || Ok(Glove::BuiltIn) }),
};

pub(crate) static IRISH: DataSet<Vec<String>> = DataSet {
    id: "irish",
    form: Form::File("irish-lyrics-eof.txt"),
    missing: |path| missing(path, "irish-lyrics-eof.txt"),
    check: |path| lyrics::load(file(path, "irish-lyrics-eof.txt")).map(|_| ()),
    load: |path| lyrics::load(file(path, "irish-lyrics-eof.txt")),
    stand_in: Some(StandIn { what: "songs written for this project", make: || Ok(builtin::lines(builtin::SONGS)) }),
};

pub(crate) static SONNETS: DataSet<Vec<String>> = DataSet {
    id: "sonnets",
    form: Form::File("sonnets.txt"),
    missing: |path| missing(path, "sonnets.txt"),
    check: |path| lyrics::load(file(path, "sonnets.txt")).map(|_| ()),
    load: |path| lyrics::load(file(path, "sonnets.txt")),
    stand_in: Some(StandIn { what: "sonnets written for this project", make: || Ok(builtin::lines(builtin::SONNETS)) }),
};

fn missing(folder: &Path, name: &'static str) -> Result<Vec<&'static str>> {
    let path = folder.join(name);
    let there = path.try_exists().map_err(|source| Error::io("look for", &path, source))?;
    Ok(if there { Vec::new() } else { vec![name] })
}

/// The file itself, or the one of that name in the folder.
fn file(path: &Path, name: &str) -> PathBuf {
    if path.is_dir() { path.join(name) } else { path.to_owned() }
}
