use serde::{Deserialize, Serialize};

use crate::{Error, PartialShape, Result};

/// A size for each axis of a map: one number for all, or one an axis, rows first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMany", into = "Vec<usize>")]
pub struct Sizes(Vec<usize>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(usize),
    Many(Vec<usize>),
}

impl From<OneOrMany> for Sizes {
    fn from(sizes: OneOrMany) -> Self {
        match sizes {
            OneOrMany::One(size) => Self(vec![size]),
            OneOrMany::Many(sizes) => Self(sizes),
        }
    }
}

impl From<Sizes> for Vec<usize> {
    fn from(sizes: Sizes) -> Self {
        sizes.0
    }
}

impl From<usize> for Sizes {
    fn from(size: usize) -> Self {
        Self(vec![size])
    }
}

impl From<(usize, usize)> for Sizes {
    fn from((rows, columns): (usize, usize)) -> Self {
        Self(vec![rows, columns])
    }
}

impl<const N: usize> From<[usize; N]> for Sizes {
    fn from(sizes: [usize; N]) -> Self {
        Self(sizes.to_vec())
    }
}

impl Sizes {
    /// Rows and columns of a map with this many axes; a sequence has one row.
    pub(in crate::layers) fn pair(&self, name: &str, axes: usize) -> Result<[usize; 2]> {
        let pair = self.pair_or_zeros(name, axes)?;
        if pair.contains(&0) {
            return Err(Error::argument(format!("{name} must be 1 or more, got {:?}", self.0)));
        }
        Ok(pair)
    }

    /// The same, where 0 has a meaning.
    pub(super) fn pair_or_zeros(&self, name: &str, axes: usize) -> Result<[usize; 2]> {
        match (axes, &self.0[..]) {
            (1, &[size]) => Ok([1, size]),
            (2, &[size]) => Ok([size, size]),
            (2, &[rows, columns]) => Ok([rows, columns]),
            (_, got) => Err(Error::argument(format!("{name} has a number for each of {axes} axes, got {got:?}"))),
        }
    }

    /// The same, with one number an axis, as Keras writes it.
    pub(in crate::layers) fn expand(&mut self, axes: usize) {
        if let [size] = self.0[..] {
            self.0 = vec![size; axes];
        }
    }
}

impl std::fmt::Display for Sizes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&sizes.join("×"))
    }
}

/// Keras' word for the only layout that is served.
pub(in crate::layers) fn channels_last() -> String {
    "channels_last".to_owned()
}

pub(in crate::layers) fn check_layout(data_format: &str) -> Result<()> {
    match data_format {
        "channels_last" => Ok(()),
        other => {
            Err(Error::argument(format!("data_format must be channels_last, got {other}")).hint("move the channels last with Permute"))
        }
    }
}

/// The sizes of a map with this many axes, as rows and columns where they are known, and its channels.
pub(in crate::layers) fn map_of(input: &PartialShape, axes: usize) -> Result<([Option<usize>; 2], usize)> {
    let expected = if axes == 1 { "(batch, steps, channels)" } else { "(batch, height, width, channels)" };
    let hint = if axes == 1 {
        "give each step an axis of channels: a Reshape, an Embedding, or a recurrent layer with return_sequences"
    } else {
        "grey pictures need an axis of one channel: add a Reshape; Flatten belongs after the last layer that sees maps"
    };
    match (axes, input.dims()) {
        (1, &[_, steps, Some(channels)]) if channels > 0 => Ok(([Some(1), steps], channels)),
        (2, &[_, rows, columns, Some(channels)]) if channels > 0 => Ok(([rows, columns], channels)),
        _ => Err(Error::shape(format!("expected {expected} with a known number of channels, got {input}")).hint(hint)),
    }
}

/// A shape with other sizes of its map.
pub(in crate::layers) fn with_map(input: &PartialShape, axes: usize, map: [Option<usize>; 2], channels: usize) -> PartialShape {
    let mut dims = vec![input.dims().first().copied().flatten()];
    dims.extend_from_slice(&map[2 - axes..]);
    dims.push(Some(channels));
    PartialShape::new(dims)
}
