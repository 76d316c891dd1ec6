//! Sign-MNIST: hands that spell letters of the American manual alphabet, 28 × 28, grey; 27,455 to learn from and 7,172 to be
//! judged by.
//!
//! A CSV file has a header `label,pixel1,…,pixel784` and a row a picture: the letter, 0 for A to 25 for Z, and 784 greys. J
//! (9) and Z (25) need a movement and never occur; 26 outputs serve all labels, 24 would not.
//!
//! Source: *Sign Language MNIST*, Kaggle `datamunge/sign-language-mnist`, 2017.

use std::path::Path;

use practicum_core::ndarray::Array3;
use practicum_core::{Error, Result};

use super::{ImageDataset, LabeledImages};

/// The letters, in the order of their labels.
pub const CLASS_NAMES: [&str; 26] =
    ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z"];

/// The files that make up the set: to learn from, and to be judged by.
pub const FILES: [&str; 2] = ["sign_mnist_train.csv", "sign_mnist_test.csv"];

const COUNTS: [usize; 2] = [27_455, 7_172];
const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;

/// Names the files that `folder` lacks: none when the set is complete, all when there is no such folder.
///
/// # Errors
/// An I/O error when the folder may not be looked into.
pub fn missing(folder: impl AsRef<Path>) -> Result<Vec<&'static str>> {
    super::missing_files(folder.as_ref(), &FILES)
}

/// Loads the set from `folder` and checks it: 27,455 and 7,172 rows of a label and 784 greys.
///
/// # Errors
/// An I/O error when a file cannot be read, and the errors of [`read`]; a data error for another number of rows.
pub fn load(folder: impl AsRef<Path>) -> Result<ImageDataset> {
    let part = |index: usize| {
        let path = folder.as_ref().join(FILES[index]);
        let part = read(&path)?;
        if part.len() != COUNTS[index] {
            let message = format!("{}: expected {} rows, got {}", path.display(), COUNTS[index], part.len());
            return Err(Error::data(message).hint("is it a part of the file, or the other split? `read` takes any number of rows"));
        }
        Ok(part)
    };
    ImageDataset::new(part(0)?, part(1)?)
}

/// Reads one CSV file of this format, with any number of rows.
///
/// ```
/// use practicum_vision::datasets::sign_mnist;
///
/// # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # let path = folder.path().join("letters.csv");
/// let header: Vec<String> = (1..=784).map(|pixel| format!("pixel{pixel}")).collect();
/// let text = format!("label,{}\n24{}\n", header.join(","), ",107".repeat(784));
/// # std::fs::write(&path, text).map_err(|e| practicum_vision::Error::io("write", &path, e))?;
/// let letters = sign_mnist::read(&path)?;
/// assert_eq!((letters.images().dim(), letters.class_of(0)), ((1, 28, 28, 1), Some("Y")));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An I/O error when the file cannot be read; a data error, with the line, for another header, a row without 785 numbers, a
/// label above 25 or a grey above 255.
pub fn read(path: impl AsRef<Path>) -> Result<LabeledImages> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|cause| Error::io("read", path, cause))?;
    parse(&bytes).map_err(|error| error.context(path.display().to_string()))
}

/// Reads the text of such a file.
///
/// # Errors
/// The data errors of [`read`].
pub fn parse(text: &[u8]) -> Result<LabeledImages> {
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).enumerate();
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
    check_header(header)?;
    let (mut labels, mut pixels) = (Vec::new(), Vec::with_capacity(text.len() / 4));
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let mut cells = line.split(|byte| *byte == b',');
        let wrong = |what: String| Error::data(format!("line {}: {what}", index + 1));
        let label = cells.next().and_then(number).filter(|label| *label <= 25);
        let label = label.ok_or_else(|| {
            let cell = line.split(|byte| *byte == b',').next().unwrap_or_default();
            wrong(format!("label `{}`: expected 0 to 25", shown(cell)))
        })?;
        let before = pixels.len();
        for (pixel, cell) in cells.enumerate() {
            let grey = number(cell).and_then(|grey| u8::try_from(grey).ok());
            pixels.push(grey.ok_or_else(|| wrong(format!("pixel {} is `{}`: expected 0 to 255", pixel + 1, shown(cell))))?);
        }
        let count = pixels.len() - before;
        if count != PIXELS {
            return Err(wrong(format!("expected {PIXELS} pixels after the label, got {count}")));
        }
        labels.push(label);
    }
    let images =
        Array3::from_shape_vec((labels.len(), SIDE, SIDE), pixels).map_err(|cause| Error::shape(cause.to_string()).source(cause))?;
    LabeledImages::from_grey(images, labels, CLASS_NAMES)
}

fn check_header(header: &[u8]) -> Result<()> {
    let columns = header.split(|byte| *byte == b',').count();
    if header.starts_with(b"label,pixel1,") && header.ends_with(b",pixel784") && columns == PIXELS + 1 {
        return Ok(());
    }
    let start = shown(&header[..header.len().min(40)]);
    Err(Error::data(format!("expected the header label,pixel1,…,pixel784, got {columns} columns that begin `{start}`"))
        .hint("is it a file of another data set, or without its first line?"))
}

/// A whole number of at most three digits; spaces and quotes around it do no harm.
fn number(cell: &[u8]) -> Option<u32> {
    let digits = trimmed(cell);
    let fits = (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn trimmed(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
}

fn shown(cell: &[u8]) -> String {
    String::from_utf8_lossy(&cell[..cell.len().min(40)]).escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rows: &[(&str, usize, &str)]) -> String {
        let header: Vec<String> = (1..=PIXELS).map(|pixel| format!("pixel{pixel}")).collect();
        let mut text = format!("label,{}\r\n", header.join(","));
        for (label, pixels, value) in rows {
            text.push_str(&format!("{label}{}\n", format!(",{value}").repeat(*pixels)));
        }
        text
    }

    fn failure(text: &str) -> String {
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(error.is_data(), "{error}");
        error.to_string()
    }

    #[test]
    fn rows_become_pictures() {
        let set = parse(text(&[("3", PIXELS, "0"), ("\"24\"", PIXELS, " 255 ")]).as_bytes()).unwrap();
        assert_eq!((set.len(), set.labels(), set.pixels()[PIXELS - 1], set.pixels()[PIXELS]), (2, [3, 24].as_slice(), 0, 255));
        assert!(parse(text(&[]).as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert!(failure(&text(&[("3", PIXELS, "0"), ("26", PIXELS, "0")])).contains("line 3: label `26`: expected 0 to 25"));
        assert!(failure(&text(&[("x", PIXELS, "0")])).contains("line 2: label `x`"));
        assert!(failure(&text(&[("3", PIXELS, "256")])).contains("line 2: pixel 1 is `256`: expected 0 to 255"));
        assert!(failure(&text(&[("3", PIXELS, "-1")])).contains("pixel 1 is `-1`"));
        assert!(failure(&text(&[("3", PIXELS - 1, "1")])).contains("line 2: expected 784 pixels after the label, got 783"));
        assert!(failure(&text(&[("3", PIXELS + 1, "1")])).contains("got 785"));
        assert!(failure("").contains("expected the header"));
        assert!(failure("3,1,2\n").contains("3 columns that begin `3,1,2`"));
    }

    #[test]
    fn folders_are_checked_for_completeness() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(missing(folder.path()).unwrap(), FILES);
        for name in FILES {
            std::fs::write(folder.path().join(name), text(&[("3", PIXELS, "0")])).unwrap();
        }
        assert!(missing(folder.path()).unwrap().is_empty());
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("sign_mnist_train.csv: expected 27455 rows, got 1"), "{error}");
        std::fs::write(folder.path().join(FILES[0]), "nothing").unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("sign_mnist_train.csv") && error.contains("expected the header"), "{error}");
    }
}
