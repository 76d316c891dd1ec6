//! Film reviews, good or bad (`aclImdb_v1.tar.gz`, 25,000 to train on and 25,000 to test, by Maas et al., 2011).

use std::io::Read;
use std::path::{Component, Path};

use practicum_core::{Error, Result};

use crate::files::decode;

/// One review.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    /// The number in the file's name, unique among the reviews of its split and sentiment.
    pub id: u32,
    /// Stars: 1 to 4 for the bad ones, 7 to 10 for the good ones.
    pub rating: u8,
    /// Whether the reviewer liked the film.
    pub positive: bool,
    /// The text, with `<br />` where lines break.
    pub text: String,
}

/// The two halves of the data: no film occurs in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imdb {
    /// Reviews to train on, the bad ones first, by their numbers.
    pub train: Vec<Review>,
    /// Reviews to test on, in the same order.
    pub test: Vec<Review>,
}

/// A review takes at most this many bytes; the longest of the 50,000 has 13,704 characters.
const LARGEST: u64 = 1 << 20;

/// The reviews of the archive (`.tar.gz`), or of the folder `aclImdb` that it unpacks to or one that holds it.
///
/// TensorFlow Datasets yields the same reviews in an order that it drew once and keeps; here they are ordered by split,
/// sentiment and number, so shuffle them before training, with a buffer as large as the split. The unlabelled reviews are left out.
///
/// ```no_run
/// use practicum_nlp::datasets::imdb;
///
/// let reviews = imdb::load("data/imdb/aclImdb_v1.tar.gz")?;
/// assert_eq!((reviews.train.len(), reviews.test.len()), (25_000, 25_000));
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A path that cannot be read, an archive that is cut off, a review that is not UTF-8 or is empty, a file name that is
/// not `ID_RATING.txt`, a split without reviews.
pub fn load(path: impl AsRef<Path>) -> Result<Imdb> {
    let path = path.as_ref();
    let mut reviews = Imdb::default();
    let read = if path.is_dir() { read_tree(path, &mut reviews) } else { read_archive(path, &mut reviews) };
    read.and_then(|()| reviews.checked()).map_err(|error| error.context(path.display().to_string()))
}

impl Imdb {
    fn checked(mut self) -> Result<Self> {
        for (name, split) in [("train", &mut self.train), ("test", &mut self.test)] {
            if split.is_empty() {
                return Err(Error::data(format!("there are no reviews in {name}/pos and {name}/neg"))
                    .hint("give aclImdb_v1.tar.gz, or the folder aclImdb that it unpacks to"));
            }
            split.sort_by_key(|review| (review.positive, review.id));
            if let Some(pair) = split.windows(2).find(|pair| (pair[0].positive, pair[0].id) == (pair[1].positive, pair[1].id)) {
                return Err(Error::data(format!("review {} of {name} occurs twice", pair[0].id)));
            }
        }
        Ok(self)
    }

    /// Adds a file of a review; files of other folders are left out.
    fn add(&mut self, path: &Path, content: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        let parts: Vec<&str> = path.components().rev().filter_map(|part| as_name(part)).take(3).collect();
        let [name, sentiment, split] = parts[..] else { return Ok(()) };
        let positive = match sentiment {
            "pos" => true,
            "neg" => false,
            _ => return Ok(()),
        };
        let split = match split {
            "train" => &mut self.train,
            "test" => &mut self.test,
            _ => return Ok(()),
        };
        let review = || {
            let (id, rating) = numbers(name)?;
            let text = decode(content()?)?;
            if text.trim().is_empty() {
                return Err(Error::data("the review is empty"));
            }
            Ok(Review { id, rating, positive, text })
        };
        split.push(review().map_err(|error: Error| error.context(path.display().to_string()))?);
        Ok(())
    }
}

fn as_name<'a>(part: Component<'a>) -> Option<&'a str> {
    match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    }
}

/// Number and stars from a file name such as `127_10.txt`.
fn numbers(name: &str) -> Result<(u32, u8)> {
    let parse = || {
        let (id, rating) = name.strip_suffix(".txt")?.split_once('_')?;
        Some((id.parse().ok()?, rating.parse().ok()?))
    };
    parse().ok_or_else(|| Error::format(format!("the file is called `{name}`, expected ID_RATING.txt")))
}

fn read_tree(path: &Path, reviews: &mut Imdb) -> Result<()> {
    let inner = path.join("aclImdb");
    let root = if inner.is_dir() { inner } else { path.to_owned() };
    for folder in ["train/neg", "train/pos", "test/neg", "test/pos"] {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|cause| Error::io("read", &folder, cause))?;
        for entry in entries {
            let path = entry.map_err(|cause| Error::io("read", &folder, cause))?.path();
            if path.extension().is_some_and(|ending| ending == "txt") {
                reviews.add(&path, || std::fs::read(&path).map_err(|cause| Error::io("read", &path, cause)))?;
            }
        }
    }
    Ok(())
}

fn read_archive(path: &Path, reviews: &mut Imdb) -> Result<()> {
    let file = std::fs::File::open(path).map_err(|cause| Error::io("read", path, cause))?;
    unpack(std::io::BufReader::new(file), reviews)
}

/// Reads a compressed archive; nothing is written to disk.
fn unpack(compressed: impl std::io::BufRead, reviews: &mut Imdb) -> Result<()> {
    let mut archive = tar::Archive::new(flate2::bufread::MultiGzDecoder::new(compressed));
    for entry in archive.entries().map_err(not_an_archive)? {
        let mut entry = entry.map_err(not_an_archive)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(not_an_archive)?.into_owned();
        reviews.add(&path, || {
            let size = entry.size();
            if size > LARGEST {
                return Err(Error::data(format!("the review has {size} bytes, expected at most {LARGEST}")));
            }
            let mut content = Vec::with_capacity(size as usize);
            entry.read_to_end(&mut content).map_err(not_an_archive)?;
            Ok(content)
        })?;
    }
    Ok(())
}

fn not_an_archive(cause: std::io::Error) -> Error {
    Error::format(format!("not a whole .tar.gz archive: {cause}")).hint("check that the download is complete").source(cause)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn read(files: &[(&str, &[u8])]) -> Result<Imdb> {
        let mut reviews = Imdb::default();
        unpack(archive(files).as_slice(), &mut reviews)?;
        reviews.checked()
    }

    const WHOLE: [(&str, &[u8]); 5] = [
        ("aclImdb/train/pos/2_9.txt", b"good"),
        ("aclImdb/train/neg/10_1.txt", b"bad"),
        ("aclImdb/train/neg/9_4.txt", b"poor"),
        ("aclImdb/test/pos/0_10.txt", b"superb"),
        ("aclImdb/train/unsup/0_0.txt", b"unknown"),
    ];

    #[test]
    fn archives_and_trees_hold_the_same() {
        let reviews = read(&WHOLE).unwrap();
        let train: Vec<_> = reviews.train.iter().map(|review| (review.id, review.rating, review.positive, review.text.as_str())).collect();
        assert_eq!(train, [(9, 4, false, "poor"), (10, 1, false, "bad"), (2, 9, true, "good")]);
        assert_eq!(reviews.test.len(), 1);

        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("aclImdb/test/neg")).unwrap();
        for (name, content) in WHOLE {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        assert_eq!(load(folder.path()).unwrap(), reviews);
        assert_eq!(load(folder.path().join("aclImdb")).unwrap(), reviews);

        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&archive(&WHOLE)).unwrap();
        assert_eq!(load(file.path()).unwrap(), reviews);
    }

    #[test]
    fn broken_archives_say_where() {
        assert!(load("no/such").unwrap_err().is_io());
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap_err().is_io());
        let whole = archive(&WHOLE);
        assert!(unpack(&whole[..whole.len() / 2], &mut Imdb::default()).unwrap_err().is_format());
        assert!(unpack(b"text".as_slice(), &mut Imdb::default()).unwrap_err().is_format());

        let name = read(&[("train/pos/x.txt", b"a")]).unwrap_err();
        assert!(name.to_string().contains("expected ID_RATING.txt"), "{name}");
        let bytes = read(&[("train/pos/1_7.txt", b"ab\xff")]).unwrap_err();
        assert!(bytes.to_string().contains("train/pos/1_7.txt: not UTF-8 text: the byte at offset 2"), "{bytes}");
        assert!(read(&[("train/pos/1_7.txt", b" ")]).unwrap_err().is_data());
        let half = read(&WHOLE[..3]).unwrap_err();
        assert!(half.is_data() && half.to_string().contains("test/pos"), "{half}");
        assert!(read(&[WHOLE[0], WHOLE[0]]).unwrap_err().to_string().contains("occurs twice"));
    }
}
