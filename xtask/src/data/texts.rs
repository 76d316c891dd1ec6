//! The texts of the third course, or texts that the code writes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use practicum_core::rng::DEFAULT_SEED;
use practicum_core::{Error, Result};
use practicum_nlp::WordVectors;
use practicum_nlp::datasets::bbc::Article;
use practicum_nlp::datasets::imdb::Imdb;
use practicum_nlp::datasets::sarcasm::Headline;
use practicum_nlp::datasets::twitter::Tweet;
use practicum_nlp::datasets::{bbc, builtin, imdb, lyrics, sarcasm, twitter};

use super::{DataSet, Form, StandIn, file, missing};

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
    check: |path| check_vectors(&file(path, "glove.6B.100d.txt")),
    load: |path| Ok(Glove::File(file(path, "glove.6B.100d.txt"))),
    stand_in: Some(StandIn { what: "vectors of 50 numbers drawn by kinds of words", make: || Ok(Glove::BuiltIn) }),
};

/// Reads the first lines and the last one: a file that was cut off ends within a vector.
fn check_vectors(path: &Path) -> Result<()> {
    /// Longer than any line of such a file.
    const MOST: u64 = 1 << 16;
    let broken = |source| Error::io("read", path, source);
    let mut file = BufReader::new(File::open(path).map_err(broken)?);
    let mut first = Vec::new();
    // Files of word2vec begin with a line of sizes.
    for _ in 0..2 {
        file.by_ref().take(MOST).read_until(b'\n', &mut first).map_err(broken)?;
    }
    let first = WordVectors::read(first.as_slice(), |_| true).map_err(|error| error.context(path.display().to_string()))?;
    let length = file.seek(SeekFrom::End(0)).map_err(broken)?;
    file.seek(SeekFrom::Start(length.saturating_sub(MOST))).map_err(broken)?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).map_err(broken)?;
    let last = end.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let (count, expected) = (last.iter().filter(|byte| **byte == b' ').count(), first.dimension());
    if count == expected {
        return Ok(());
    }
    Err(Error::data(format!("{}: the last line has {count} numbers, expected {expected} as in the first", path.display()))
        .hint("was it cut off while it was copied?"))
}

pub(crate) static IRISH: DataSet<Vec<String>> = DataSet {
    id: "irish",
    form: Form::File("irish-lyrics-eof.txt"),
    missing: |path| missing(path, "irish-lyrics-eof.txt"),
    check: |path| verses("irish", &file(path, "irish-lyrics-eof.txt")).map(drop),
    load: |path| verses("irish", &file(path, "irish-lyrics-eof.txt")),
    stand_in: Some(StandIn { what: "songs written for this project", make: || Ok(builtin::lines(builtin::SONGS)) }),
};

pub(crate) static SONNETS: DataSet<Vec<String>> = DataSet {
    id: "sonnets",
    form: Form::File("sonnets.txt"),
    missing: |path| missing(path, "sonnets.txt"),
    check: |path| verses("sonnets", &file(path, "sonnets.txt")).map(drop),
    load: |path| verses("sonnets", &file(path, "sonnets.txt")),
    stand_in: Some(StandIn { what: "sonnets written for this project", make: || Ok(builtin::lines(builtin::SONNETS)) }),
};

/// How the published lines of verse begin, whose files have the same form.
const FIRST_LINES: [(&str, &str); 2] =
    [("irish", "Come all ye maidens young and fair"), ("sonnets", "FROM fairest creatures we desire increase,")];

/// Lines of verse; those of the other set are refused.
fn verses(id: &str, path: &Path) -> Result<Vec<String>> {
    let lines = lyrics::load(path)?;
    let known = FIRST_LINES.iter().find(|(_, first)| lines.first().is_some_and(|line| line.trim() == *first));
    match known.filter(|(other, _)| *other != id) {
        Some((other, _)) => Err(Error::data(format!("{}: these are the lines of `{other}`, not of `{id}`", path.display()))
            .hint("give the file of the set that is meant")),
        None => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_vectors_are_told_from_other_files_and_from_those_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine");
        let fault = |text: &str| {
            std::fs::write(&path, text).unwrap();
            (GLOVE.check)(&path).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let lines: String = (0..20_000).map(|word| format!("w{word} 0.5 -1 2e-3\n")).collect();
        assert_eq!(fault(&lines), "");
        assert_eq!(fault(&format!("20000 3\r\n{}\r\n", lines.trim_end())), "");
        assert_eq!(fault("one 0.5"), "");
        let cut = fault(&lines[..lines.len() - " 2e-3\n".len()]);
        assert!(cut.contains("mine: the last line has 2 numbers, expected 3 as in the first"), "{cut}");
        for (text, told) in [("", "none of the words"), ("root:x:0:0\n", "line 1 holds no numbers"), ("a b\nc d\n", "holds `b`")] {
            assert!(fault(text).contains(told), "{}", fault(text));
        }
    }

    #[test]
    fn lines_of_verse_are_those_of_the_set_or_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.txt");
        for (text, is_irish, is_sonnets) in [
            ("Come all ye maidens young and fair\r\nAnd you", true, false),
            ("FROM fairest creatures we desire increase,\n", false, true),
            ("Mine\n", true, true),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(((IRISH.check)(&path).is_ok(), (SONNETS.load)(&path).is_ok()), (is_irish, is_sonnets), "{text}");
        }
        std::fs::write(&path, "FROM fairest creatures we desire increase,").unwrap();
        let error = (IRISH.load)(&path).unwrap_err().to_string();
        assert!(error.contains("lines.txt: these are the lines of `sonnets`, not of `irish`"), "{error}");
    }
}
