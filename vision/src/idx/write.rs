//! From arrays to bytes.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use practicum_core::io::AtomicFile;
use practicum_core::ndarray::ArrayD;
use practicum_core::{Error, Result};

use super::{Element, Idx, dimensions};

/// Writes an IDX file, whole or not at all, replacing what is there.
///
/// # Errors
/// An I/O error when the file cannot be written; a data error when the array has more than 255 dimensions or one of
/// 2³² or more.
pub fn write(path: impl AsRef<Path>, idx: &Idx) -> Result<()> {
    let path = path.as_ref();
    let mut file = BufWriter::new(AtomicFile::create(path)?);
    write_to(&mut file, idx, &path.display().to_string())?;
    finish(file, path)
}

/// Writes a gzipped IDX file, whole or not at all, replacing what is there. The same array gives the same bytes, because no
/// time is stored.
///
/// # Errors
/// As [`write()`].
pub fn write_gzip(path: impl AsRef<Path>, idx: &Idx) -> Result<()> {
    let path = path.as_ref();
    let mut packer = GzEncoder::new(BufWriter::new(AtomicFile::create(path)?), Compression::default());
    write_to(&mut packer, idx, &path.display().to_string())?;
    finish(packer.finish().map_err(|cause| Error::io("write", path, cause))?, path)
}

fn finish(file: BufWriter<AtomicFile>, path: &Path) -> Result<()> {
    file.into_inner().map_err(|cause| Error::io("write", path, cause.into_error()))?.commit()
}

/// Writes an IDX array to any writer, unbuffered and unpacked; `name` is what errors call it.
///
/// # Errors
/// As [`write()`].
pub fn write_to(mut writer: impl Write, idx: &Idx, name: &str) -> Result<()> {
    match idx {
        Idx::U8(array) => write_array(&mut writer, array, name),
        Idx::I8(array) => write_array(&mut writer, array, name),
        Idx::I16(array) => write_array(&mut writer, array, name),
        Idx::I32(array) => write_array(&mut writer, array, name),
        Idx::F32(array) => write_array(&mut writer, array, name),
        Idx::F64(array) => write_array(&mut writer, array, name),
    }
}

fn write_array<T: Element>(writer: &mut impl Write, array: &ArrayD<T>, name: &str) -> Result<()> {
    let shape = array.shape();
    let too_large = || Error::data(format!("{name}: IDX holds at most 255 dimensions below 2³², got {}", dimensions(shape)));
    let rank = u8::try_from(shape.len()).map_err(|_| too_large())?;
    let mut bytes = vec![0, 0, T::CODE, rank];
    for &dim in shape {
        bytes.extend(u32::try_from(dim).map_err(|_| too_large())?.to_be_bytes());
    }
    let failed = |cause: io::Error| Error::io("write", Path::new(name), cause);
    for &element in array {
        element.append_to(&mut bytes);
        if bytes.len() >= 64 * 1024 {
            writer.write_all(&bytes).map_err(failed)?;
            bytes.clear();
        }
    }
    writer.write_all(&bytes).map_err(failed)
}
