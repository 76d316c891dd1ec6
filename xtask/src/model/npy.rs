//! NumPy's files: `.npy`, an array, and `.npz`, a zip of them (NEP 1).

use std::io::{Cursor, Read, Write};

use anyhow::{Context, Result, anyhow, bail};
use practicum_core::{Shape, Tensor};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Whether these are the bytes of an `.npz`.
pub(super) fn is_npz(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK")
}

/// Whether these are the bytes of an `.npy`.
pub(super) fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The arrays of an `.npz` by name.
pub(crate) fn from_npz(bytes: &[u8]) -> Result<Vec<(String, Tensor)>> {
    let most = bytes.len() as u64 * 64 + (1 << 26);
    let mut zip = ZipArchive::new(Cursor::new(bytes)).context("this is no whole npz")?;
    let mut arrays = Vec::new();
    for index in 0..zip.len() {
        let member = zip.by_index(index)?;
        let name = member.name()?.trim_end_matches(".npy").to_owned();
        let mut content = Vec::new();
        member.take(most + 1).read_to_end(&mut content).with_context(|| format!("array `{name}`"))?;
        if content.len() as u64 > most {
            bail!("array `{name}` unpacks to more than {most} bytes");
        }
        arrays.push((name.clone(), from_npy(&content).with_context(|| format!("array `{name}`"))?));
    }
    Ok(arrays)
}

/// The array of an `.npy`, of any type of numbers.
pub(crate) fn from_npy(bytes: &[u8]) -> Result<Tensor> {
    let broken = || anyhow!("this is no whole npy");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (&major, rest) = rest.split_first().ok_or_else(broken)?;
    let rest = rest.get(1..).ok_or_else(broken)?;
    let wide = if major == 1 { 2 } else { 4 };
    let length = rest.get(..wide).ok_or_else(broken)?.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    let rest = &rest[wide..];
    let header = std::str::from_utf8(rest.get(..length).ok_or_else(broken)?).map_err(|_| broken())?;
    let data = &rest[length..];
    if field(header, "fortran_order").is_some_and(|order| order.starts_with("True")) {
        bail!("the array is in Fortran's order: save it with numpy.ascontiguousarray");
    }
    let kind = field(header, "descr").ok_or_else(broken)?;
    let kind = kind.split('\'').nth(1).ok_or_else(|| anyhow!("its type is {kind}: expected numbers"))?;
    let dims = field(header, "shape").and_then(|shape| shape.strip_prefix('(')?.split(')').next()).ok_or_else(broken)?;
    let dims = dims.split(',').map(str::trim).filter(|dim| !dim.is_empty()).map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let shape = Shape::new(&dims)?;
    let numbers = numbers(kind, data)?;
    if numbers.len() != shape.size() {
        bail!("an array of {shape} has {} numbers in the file", numbers.len());
    }
    Ok(Tensor::new(shape, numbers)?)
}

/// What follows a name in the header, which is a dictionary of Python's.
fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let from = header.find(&format!("'{name}'"))? + name.len() + 2;
    Some(header[from..].trim_start_matches([' ', ':']))
}

fn numbers(kind: &str, data: &[u8]) -> Result<Vec<f32>> {
    macro_rules! read {
        ($number:ty) => {{
            let (whole, _) = data.as_chunks::<{ size_of::<$number>() }>();
            whole.iter().map(|bytes| <$number>::from_le_bytes(*bytes) as f32).collect()
        }};
    }
    Ok(match kind {
        "<f4" => read!(f32),
        "<f8" => read!(f64),
        "|u1" => read!(u8),
        "|i1" => read!(i8),
        "<u2" => read!(u16),
        "<i2" => read!(i16),
        "<u4" => read!(u32),
        "<i4" => read!(i32),
        "<i8" => read!(i64),
        "<u8" => read!(u64),
        "|b1" => data.iter().map(|byte| f32::from(u8::from(*byte != 0))).collect(),
        other => bail!("numbers of the type `{other}`: known are floats of 4 and 8 bytes, integers and booleans, little-endian"),
    })
}

/// Arrays as the bytes of an `.npz`.
pub(crate) fn to_npz(arrays: &[(String, Tensor)]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, value) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default())?;
        zip.write_all(&to_npy(value))?;
    }
    Ok(zip.finish()?.into_inner())
}

fn to_npy(value: &Tensor) -> Vec<u8> {
    let dims: Vec<String> = value.shape().iter().map(|dim| format!("{dim},")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", dims.join(" "));
    // The data begin at a multiple of 64.
    let begin = (MAGIC.len() + 4 + header.len() + 1).next_multiple_of(64);
    header.push_str(&" ".repeat(begin - MAGIC.len() - 4 - header.len() - 1));
    header.push('\n');
    let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    bytes.extend(value.as_slice().iter().flat_map(|x| x.to_le_bytes()));
    bytes
}
