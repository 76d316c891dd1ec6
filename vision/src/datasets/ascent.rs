//! Ascent: a grey photograph of stairs, 512 × 512, as SciPy gives it out for experiments with filters.
//!
//! The file is a Python pickle of a NumPy array of bytes. It is not run as a program, as pickles are: the pixels are looked for
//! where NumPy writes them, and everything else is refused.
//!
//! Source: [`scipy/dataset-ascent`](https://github.com/scipy/dataset-ascent); public domain.

use std::path::Path;

use practicum_core::ndarray::Array2;
use practicum_core::{Error, Result};

/// The file that holds the picture.
pub const FILES: [&str; 1] = ["ascent.dat"];

const SIDE: usize = 512;
/// The pixels come soon: NumPy writes the shape and the type before them.
const HEAD: usize = 1_024;

/// Names the file if `folder` lacks it.
///
/// # Errors
/// An I/O error when the folder may not be looked into.
pub fn missing(folder: impl AsRef<Path>) -> Result<Vec<&'static str>> {
    super::missing_files(folder.as_ref(), &FILES)
}

/// Loads the picture from its folder, or from the file itself, whatever it is called: [512, 512], 0 is black, 255 white.
///
/// # Errors
/// An I/O error when the file cannot be read; a data error when it is no pickle of 512 × 512 bytes.
pub fn load(path: impl AsRef<Path>) -> Result<Array2<u8>> {
    let path = path.as_ref();
    let path = if path.is_dir() { path.join(FILES[0]) } else { path.to_owned() };
    let bytes = std::fs::read(&path).map_err(|cause| Error::io("read", &path, cause))?;
    parse(&bytes).map_err(|error| error.context(path.display().to_string()))
}

/// Finds the pixels in the bytes of the pickle.
///
/// # Errors
/// A data error when it is no pickle of 512 × 512 bytes.
pub fn parse(pickle: &[u8]) -> Result<Array2<u8>> {
    let refused = |what: &str| Error::data(format!("expected a NumPy array of 512 × 512 bytes, pickled: {what}"));
    let head = &pickle[..pickle.len().min(HEAD)];
    let has = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    if !pickle.starts_with(&[0x80]) || !has(b"multiarray") {
        return Err(refused("it does not begin as one").hint("the file is `ascent.dat` of scipy/dataset-ascent"));
    }
    // Two-byte numbers 512 and 512 as a pair; then the type: unsigned, one byte.
    if !has(b"M\x00\x02M\x00\x02\x86") || !has(b"u1") {
        return Err(refused("its shape or type is another"));
    }
    // Bytes with a length of four bytes.
    let count = (SIDE * SIDE) as u32;
    let mark = [b"B".as_slice(), &count.to_le_bytes()].concat();
    let at = head.windows(mark.len()).position(|window| window == mark).ok_or_else(|| refused("it holds no 262,144 bytes"))?;
    let start = at + mark.len();
    let pixels = pickle.get(start..start + SIDE * SIDE).ok_or_else(|| refused("it ends too soon"))?;
    Array2::from_shape_vec((SIDE, SIDE), pixels.to_vec()).map_err(|cause| Error::shape(cause.to_string()).source(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pickle(shape: &[u8], count: u32, pixels: usize) -> Vec<u8> {
        let head = [b"\x80\x04\x95numpy.core.multiarray\x94_reconstruct(K\x01".as_slice(), shape, b"\x86\x94u1\x94B"].concat();
        let pixels = (0..pixels).map(|i| (i % 251) as u8);
        head.into_iter().chain(count.to_le_bytes()).chain(pixels).chain(*b"\x94t\x94b.").collect()
    }

    #[test]
    fn pixels_are_found_where_numpy_writes_them() {
        let picture = parse(&pickle(b"M\x00\x02M\x00\x02", 262_144, 262_144)).unwrap();
        assert_eq!((picture.dim(), picture[[0, 3]], picture[[1, 0]]), ((512, 512), 3, (512 % 251) as u8));
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [
            Vec::new(),
            b"\x89PNG".to_vec(),
            pickle(b"M\x00\x01M\x00\x02", 262_144, 262_144),
            pickle(b"M\x00\x02M\x00\x02", 99, 262_144),
            pickle(b"M\x00\x02M\x00\x02", 262_144, 1_000),
        ] {
            assert!(parse(&bytes).unwrap_err().is_data());
        }
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(missing(folder.path()).unwrap(), FILES);
        assert!(load(folder.path()).unwrap_err().is_io());
        let path = folder.path().join("stairs");
        std::fs::write(&path, pickle(b"M\x00\x02M\x00\x02", 262_144, 262_144)).unwrap();
        assert!(load(path).is_ok());
    }
}
