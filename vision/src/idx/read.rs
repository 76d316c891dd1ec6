//! From bytes to arrays, trusting nothing that the bytes claim.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use practicum_core::ndarray::{Array1, Array3, ArrayD, Dimension, Ix1, Ix3, IxDyn};
use practicum_core::{Error, Result};

use super::{Element, Idx, dimensions};

/// Elements are decoded this many bytes at a time; a multiple of every element's size.
const CHUNK: usize = 64 * 1024;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads an IDX file, gzipped or plain, of any element type and rank.
///
/// # Errors
/// An I/O error when the file cannot be read; a format error when it is not exactly one IDX array.
pub fn read(path: impl AsRef<Path>) -> Result<Idx> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|cause| Error::io("open", path, cause))?;
    read_from(file, &path.display().to_string())
}

/// Reads an IDX array, gzipped or plain, from any reader up to its end; `name` is what errors call it.
///
/// ```
/// use practicum_vision::idx;
///
/// let labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1];
/// assert_eq!(idx::read_from(&labels[..], "labels")?.shape(), [3]);
///
/// let error = idx::read_from(&labels[..9], "labels").unwrap_err();
/// assert!(
///     error
///         .to_string()
///         .starts_with("labels: cut short: the header promises 3 u8 = 3 bytes of data, 1 is there")
/// );
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// As [`read()`].
pub fn read_from(reader: impl Read, name: &str) -> Result<Idx> {
    let mut plain = BufReader::with_capacity(CHUNK, reader);
    let mut start = [0; 2];
    let known = fill(&mut plain, &mut start).map_err(|cause| broken(name, cause))?;
    let mut whole = start[..known].chain(plain);
    if start == GZIP { parse(&mut MultiGzDecoder::new(whole), name) } else { parse(&mut whole, name) }
}

/// Reads grey pictures: u8, [count, height, width].
///
/// # Errors
/// As [`read()`], and a format error when the array is not three-dimensional u8.
pub fn read_images(path: impl AsRef<Path>) -> Result<Array3<u8>> {
    read_as::<Ix3>(path.as_ref(), "pictures [count, height, width]")
}

/// Reads labels: u8, one a picture.
///
/// # Errors
/// As [`read()`], and a format error when the array is not one-dimensional u8.
pub fn read_labels(path: impl AsRef<Path>) -> Result<Array1<u8>> {
    read_as::<Ix1>(path.as_ref(), "labels [count]")
}

fn read_as<D: Dimension>(path: &Path, what: &str) -> Result<practicum_core::ndarray::Array<u8, D>> {
    let idx = read(path)?;
    let found = format!("{} {}", idx.element_type(), dimensions(idx.shape()));
    let swapped = matches!((&idx, D::NDIM), (Idx::U8(_), Some(1 | 3))) && matches!(idx.shape().len(), 1 | 3);
    let wrong = || {
        let error = Error::format(format!("{}: expected {what} of type u8, got {found}", path.display()));
        if swapped { error.hint("are the files of pictures and of labels swapped?") } else { error }
    };
    let Idx::U8(array) = idx else { return Err(wrong()) };
    array.into_dimensionality::<D>().map_err(|_| wrong())
}

fn parse(bytes: &mut dyn Read, name: &str) -> Result<Idx> {
    let mut magic = [0; 4];
    let known = fill(bytes, &mut magic).map_err(|cause| broken(name, cause))?;
    if known == 0 {
        return Err(Error::format(format!("{name}: the file is empty, expected IDX data")).hint(FETCH_AGAIN));
    }
    if known < 4 && magic == [0; 4] {
        return Err(Error::format(format!("{name}: cut short in the header: it takes 4 bytes or more, {}", there(known))).hint(FETCH_AGAIN));
    }
    if known < 4 || magic[..2] != [0, 0] || !matches!(magic[2], 8 | 9 | 11..=14) {
        return Err(not_idx(name, &magic[..known]));
    }
    let shape = read_shape(bytes, usize::from(magic[3]), name)?;
    match magic[2] {
        u8::CODE => array::<u8>(bytes, shape, name).map(Idx::U8),
        i8::CODE => array::<i8>(bytes, shape, name).map(Idx::I8),
        i16::CODE => array::<i16>(bytes, shape, name).map(Idx::I16),
        i32::CODE => array::<i32>(bytes, shape, name).map(Idx::I32),
        f32::CODE => array::<f32>(bytes, shape, name).map(Idx::F32),
        _ => array::<f64>(bytes, shape, name).map(Idx::F64),
    }
}

fn read_shape(bytes: &mut dyn Read, rank: usize, name: &str) -> Result<Vec<usize>> {
    let mut header = vec![0; 4 * rank];
    let known = fill(bytes, &mut header).map_err(|cause| broken(name, cause))?;
    if known < header.len() {
        let message = format!("{name}: cut short in the header: {rank} dimensions need {} bytes, {}", header.len(), there(known));
        return Err(Error::format(message).hint(FETCH_AGAIN));
    }
    Ok(header.chunks_exact(4).map(|dim| u32::from_be_bytes([dim[0], dim[1], dim[2], dim[3]]) as usize).collect())
}

fn array<T: Element>(bytes: &mut dyn Read, shape: Vec<usize>, name: &str) -> Result<ArrayD<T>> {
    // ndarray, too, wants the product without the zeros to fit, so that an empty array is no way around the limit.
    let limit = isize::MAX as usize / T::SIZE;
    let nonzero = shape.iter().filter(|&&dim| dim != 0).try_fold(1usize, |product, &dim| product.checked_mul(dim));
    if nonzero.is_none_or(|count| count > limit) {
        let message = format!("{name}: the header promises {} {}, more than memory can address", dimensions(&shape), T::NAME);
        return Err(Error::format(message).hint(FETCH_AGAIN));
    }
    let count = shape.iter().product();
    let elements = read_elements::<T>(bytes, count, &shape, name)?;
    let beyond = count_rest(bytes).map_err(|cause| broken(name, cause))?;
    if beyond > 0 {
        let message = format!("{name}: {beyond} bytes follow the {} that {} {} take", count * T::SIZE, dimensions(&shape), T::NAME);
        return Err(Error::format(message).hint(FETCH_AGAIN));
    }
    ArrayD::from_shape_vec(IxDyn(&shape), elements).map_err(|cause| Error::format(format!("{name}: {cause}")).source(cause))
}

/// Reads `count` elements; the vector grows as they arrive, because the header may lie about how many there are.
fn read_elements<T: Element>(bytes: &mut dyn Read, count: usize, shape: &[usize], name: &str) -> Result<Vec<T>> {
    let mut elements: Vec<T> = Vec::new();
    let mut chunk = vec![0; CHUNK.min(count * T::SIZE)];
    while elements.len() < count {
        let wanted = chunk.len().min((count - elements.len()) * T::SIZE);
        let cut_short = |known: usize| {
            let message = format!(
                "{name}: cut short: the header promises {} {} = {} bytes of data, {}",
                dimensions(shape),
                T::NAME,
                count * T::SIZE,
                there(elements.len() * T::SIZE + known)
            );
            Error::format(message).hint(FETCH_AGAIN)
        };
        let known = match fill(bytes, &mut chunk[..wanted]) {
            Ok(known) => known,
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Err(cut_short(0).source(cause)),
            Err(cause) => return Err(broken(name, cause)),
        };
        if known < wanted {
            return Err(cut_short(known));
        }
        if elements.capacity() - elements.len() < wanted / T::SIZE {
            let growth = (count - elements.len()).min(elements.len().max(CHUNK));
            elements
                .try_reserve_exact(growth)
                .map_err(|cause| Error::data(format!("{name}: no memory for {} {}", dimensions(shape), T::NAME)).source(cause))?;
        }
        elements.extend(chunk[..wanted].chunks_exact(T::SIZE).map(T::from_bytes));
    }
    Ok(elements)
}

/// Fills `buffer` as far as the reader goes and says how far that was.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut known = 0;
    while known < buffer.len() {
        match reader.read(&mut buffer[known..]) {
            Ok(0) => break,
            Ok(more) => known += more,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(known)
}

/// Reads to the end, which is also where gzip proves its checksum, and counts.
fn count_rest(reader: &mut dyn Read) -> io::Result<u64> {
    let mut chunk = [0; 4096];
    let mut count = 0;
    loop {
        match fill(reader, &mut chunk)? {
            0 => return Ok(count),
            known => count += known as u64,
        }
    }
}

const FETCH_AGAIN: &str = "the file is damaged or a download broke off: fetch it again";

fn there(bytes: usize) -> String {
    if bytes == 1 { "1 is there".to_owned() } else { format!("{bytes} are there") }
}

/// A reader that failed: through its gzip wrapping, or because it cannot be read at all.
fn broken(name: &str, cause: io::Error) -> Error {
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => {
            Error::format(format!("{name}: cut short: the gzip stream has no end")).hint(FETCH_AGAIN).source(cause)
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Error::format(format!("{name}: damaged gzip data: {cause}")).hint(FETCH_AGAIN).source(cause)
        }
        _ => Error::io("read", Path::new(name), cause),
    }
}

/// A file that does not begin as IDX does: says how it begins, and what that looks like.
fn not_idx(name: &str, start: &[u8]) -> Error {
    let bytes = start.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let message = format!("{name}: not an IDX file: begins with {bytes}, expected 00 00, a type (08 … 0e), a rank");
    let text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let looks_like = match start {
        [0x1f, 0x8b, ..] => "it is gzipped twice: unpack it once",
        [b'P', b'K', ..] => "it is a zip archive: unpack it first",
        [0x89, b'P', b'N', b'G'] => "it is a PNG picture",
        [0xff, 0xd8, ..] => "it is a JPEG picture",
        [0x93, b'N', b'U', b'M'] => "it is a NumPy array",
        [0x28, 0xb5, 0x2f, 0xfd] => "it is packed with zstd: unpack it first",
        [b'B', b'Z', b'h', ..] => "it is packed with bzip2: unpack it first",
        [0xfd, b'7', b'z', b'X'] => "it is packed with xz: unpack it first",
        [_, 8 | 9 | 11..=14, 0, 0] => "its header is little-endian; IDX is big-endian",
        [b'<', ..] => "it is a web page, perhaps a server's error message: fetch the file again",
        _ if start.len() == 4 && start.iter().all(text) => "it is text: is it the right file?",
        _ => FETCH_AGAIN,
    };
    Error::format(message).hint(looks_like)
}
