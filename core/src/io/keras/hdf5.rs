//! HDF5 as far as Keras uses it: groups, text attributes and arrays of numbers. The only file that knows the crate that parses it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use hdf5_pure::{AttrValue, DType, Dataset, Datatype, DatatypeByteOrder, File, Group};

use crate::autodiff::zeros;
use crate::{Error, Result, Shape, Tensor};

/// Groups and arrays a file may hold: a thousand times those of the largest models that Keras ships.
const MOST_OBJECTS: usize = 1 << 20;

/// How deep groups may lie within each other: a file whose groups hold each other has no end.
const DEEPEST: usize = 64;

/// Numbers an array may have beyond those that its file could hold uncompressed.
const SPARE: u64 = 1 << 24;

/// A file with all its groups and arrays by path, such as `layers/dense/vars/0`; a backslash, which Windows wrote, counts
/// as a slash.
pub(super) struct Hdf5 {
    groups: BTreeMap<String, Group>,
    arrays: BTreeMap<String, Dataset>,
    length: u64,
}

impl std::fmt::Debug for Hdf5 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hdf5({} groups, {} arrays)", self.groups.len(), self.arrays.len())
    }
}

fn broken(source: impl Display) -> Error {
    Error::format(format!("this is no whole HDF5 file: {source}")).hint("was it cut off while it was copied?")
}

impl Hdf5 {
    /// Opens a file, whose arrays are read when they are asked for.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).map_err(|source| Error::io("read", path, source))?.len();
        Self::index(&File::open_streaming(path).map_err(broken)?, length)
    }

    /// Opens a file that is in memory.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        let length = bytes.len() as u64;
        Self::index(&File::from_bytes(bytes).map_err(broken)?, length)
    }

    fn index(file: &File, length: u64) -> Result<Self> {
        let mut index = Self { groups: BTreeMap::new(), arrays: BTreeMap::new(), length };
        let mut open = vec![(String::new(), file.root(), 0)];
        while let Some((path, group, depth)) = open.pop() {
            if depth > DEEPEST {
                return Err(broken(format!("groups lie more than {DEEPEST} deep within each other")));
            }
            for (name, array) in group.iter_datasets().map_err(broken)? {
                index.arrays.insert(join(&path, &name), array);
            }
            for (name, inner) in group.iter_groups().map_err(broken)? {
                open.push((join(&path, &name), inner, depth + 1));
            }
            index.groups.insert(path, group);
            if index.groups.len() + index.arrays.len() + open.len() > MOST_OBJECTS {
                return Err(broken(format!("it has more than {MOST_OBJECTS} groups and arrays")));
            }
        }
        Ok(index)
    }

    /// Whether there is a group, or anything whose path begins with it: a backslash is no group of its own in HDF5.
    pub(super) fn has_group(&self, path: &str) -> bool {
        self.groups.contains_key(path) || !self.groups_in(path).is_empty()
    }

    pub(super) fn has_array(&self, path: &str) -> bool {
        self.arrays.contains_key(path)
    }

    /// The paths of all arrays below a group, in alphabetical order.
    pub(super) fn arrays_below(&self, group: &str) -> Vec<&str> {
        let prefix = if group.is_empty() { String::new() } else { format!("{group}/") };
        let from = self.arrays.range(prefix.clone()..);
        from.map(|(path, _)| path.as_str()).take_while(|path| path.starts_with(&prefix)).collect()
    }

    /// The names of the groups directly in a group.
    pub(super) fn groups_in(&self, group: &str) -> Vec<&str> {
        let prefix = if group.is_empty() { String::new() } else { format!("{group}/") };
        let inside = self.groups.range(prefix.clone()..).map_while(|(path, _)| path.strip_prefix(&prefix));
        inside.filter(|name| !name.is_empty() && !name.contains('/')).collect()
    }

    /// The texts of an attribute, which Keras cuts into `name0`, `name1`, … where they are long; none where there is no such
    /// attribute.
    pub(super) fn texts(&self, group: &str, name: &str) -> Result<Option<Vec<String>>> {
        let Some(group) = self.groups.get(group) else { return Ok(None) };
        let attributes = group.attrs().map_err(broken)?;
        if let Some(value) = attributes.get(name) {
            return texts_of(name, value).map(Some);
        }
        let mut all = Vec::new();
        for number in 0.. {
            match attributes.get(&format!("{name}{number}")) {
                Some(value) => all.extend(texts_of(name, value)?),
                None if number == 0 => return Ok(None),
                None => break,
            }
        }
        Ok(Some(all))
    }

    /// An attribute that is one text.
    pub(super) fn text(&self, group: &str, name: &str) -> Result<Option<String>> {
        match self.texts(group, name)? {
            None => Ok(None),
            Some(texts) if texts.len() == 1 => Ok(texts.into_iter().next()),
            Some(texts) => Err(Error::format(format!("the attribute `{name}` is {} texts: expected one", texts.len()))),
        }
    }

    /// The shape of an array.
    pub(super) fn shape(&self, path: &str) -> Result<Shape> {
        let dims: Option<Vec<usize>> =
            self.array(path)?.shape().map_err(broken)?.into_iter().map(|dim| usize::try_from(dim).ok()).collect();
        let shape = dims.ok_or_else(|| Error::format("a size does not fit into memory")).and_then(|dims| Shape::new(&dims));
        let shape = shape.map_err(|error| error.context(format!("array `{path}`")))?;
        // Compressed arrays may be larger than their file, but not without bound.
        if shape.size() as u64 > self.length.saturating_mul(64).saturating_add(SPARE) {
            return Err(broken(format!("array `{path}` of {shape} numbers is far more than {} bytes can hold", self.length)));
        }
        Ok(shape)
    }

    /// The numbers of an array, whatever type they are stored in.
    pub(super) fn read(&self, path: &str) -> Result<Tensor> {
        let shape = self.shape(path)?;
        let array = self.array(path)?;
        let numbers = match array.datatype().map_err(broken)? {
            // What nearly all files hold: decoded here, so that no other reader's loop counts.
            Datatype::FloatingPoint { size: 4, byte_order: DatatypeByteOrder::LittleEndian, .. } => decode(array, f32::from_le_bytes)?,
            // The crate reads neither; Keras writes bfloat16 as two opaque bytes.
            Datatype::FloatingPoint { size: 2, byte_order: DatatypeByteOrder::LittleEndian, .. } => {
                decode(array, |bytes| half_to_f32(u16::from_le_bytes(bytes)))?
            }
            Datatype::Opaque { size: 2, .. } => decode(array, |[low, high]| f32::from_le_bytes([0, 0, low, high]))?,
            _ => match array.dtype().map_err(broken)? {
                DType::Other(kind) => return Err(Error::format(format!("array `{path}` holds {kind:?}: expected numbers"))),
                DType::String | DType::VariableLengthString => {
                    return Err(Error::format(format!("array `{path}` holds texts: expected numbers")));
                }
                _ => array.read_f32().map_err(broken)?,
            },
        };
        if numbers.len() != shape.size() {
            return Err(broken(format!("array `{path}` of {shape} has {} numbers", numbers.len())));
        }
        Tensor::new(shape, numbers)
    }

    /// All arrays of numbers, by path.
    pub(super) fn read_all(&self) -> Result<Vec<(String, Tensor)>> {
        self.arrays.keys().map(|path| Ok((path.clone(), self.read(path)?))).collect()
    }

    fn array(&self, path: &str) -> Result<&Dataset> {
        self.arrays.get(path).ok_or_else(|| Error::format(format!("the file has no array `{path}`")))
    }
}

fn join(path: &str, name: &str) -> String {
    let name = name.replace('\\', "/");
    if path.is_empty() { name } else { format!("{path}/{name}") }
}

fn texts_of(name: &str, value: &AttrValue) -> Result<Vec<String>> {
    match (value.as_strings(), value.as_str(), value) {
        (Some(texts), ..) => Ok(texts.to_vec()),
        (None, Some(text), _) => Ok(vec![text.to_owned()]),
        // How h5py writes a list of no texts.
        (.., AttrValue::F64Array(numbers)) if numbers.is_empty() => Ok(Vec::new()),
        (.., other) => Err(Error::format(format!("the attribute `{name}` is {other:?}: expected text"))),
    }
}

/// The numbers of an array whose elements take N bytes each.
fn decode<const N: usize>(array: &Dataset, to_f32: impl Fn([u8; N]) -> f32) -> Result<Vec<f32>> {
    let bytes = array.read_raw().map_err(broken)?;
    let mut numbers = zeros(bytes.len() / N)?;
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *number = to_f32(*bytes);
    }
    Ok(numbers)
}

/// IEEE 754's binary16 as `f32`, which holds each of its numbers.
fn half_to_f32(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15), u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    let magnitude = match exponent {
        0 => return if sign == 1 { -1.0 } else { 1.0 } * fraction as f32 * (-24_f32).exp2(),
        31 => 0x7f80_0000 | (fraction << 13),
        _ => ((exponent + 112) << 23) | (fraction << 13),
    };
    f32::from_bits((sign << 31) | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_they_stand_for() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8), (0x3555, 0.333_251_95)] {
            assert_eq!(half_to_f32(bits), value);
        }
        assert_eq!(half_to_f32(0xfc00), f32::NEG_INFINITY);
        assert!(half_to_f32(0x7e00).is_nan() && half_to_f32(0x8000).is_sign_negative());
    }

    #[test]
    fn what_is_no_hdf5_is_refused() {
        for bytes in [b"".as_slice(), b"no file", b"\x89HDF\r\n\x1a\n"] {
            let error = Hdf5::from_bytes(bytes.to_vec()).unwrap_err();
            assert!(error.is_format() && error.to_string().contains("no whole HDF5"), "{error}");
        }
    }
}
