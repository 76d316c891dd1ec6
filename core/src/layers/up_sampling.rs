//! Layers that make maps larger.

use serde::{Deserialize, Serialize};

use super::convolution::{Sizes, channels_last, check_layout, map_of, with_map};
use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// How an enlarged map is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Interpolation {
    /// With the nearest pixel.
    #[default]
    Nearest,
    /// By linear interpolation between the centres of the nearest pixels, along both axes.
    Bilinear,
}

/// The size of a map that is enlarged by these factors.
fn grown(map: [Option<usize>; 2], times: [usize; 2]) -> Result<[Option<usize>; 2]> {
    let mut grown = map;
    for (places, times) in grown.iter_mut().zip(times) {
        let Some(known) = *places else { continue };
        *places = Some(product(known, times)?);
    }
    Ok(grown)
}

fn product(places: usize, times: usize) -> Result<usize> {
    places.checked_mul(times).ok_or_else(|| Error::shape(format!("{places} places {times} times are more than memory can hold")))
}

/// Each element along `axis`, `times` times.
fn repeated(x: &Var, axis: usize, times: usize) -> Result<Var> {
    if times == 1 {
        return Ok(x.clone());
    }
    let mut dims = x.shape().to_vec();
    let (places, width): (usize, usize) = (dims[..=axis].iter().product(), dims[axis + 1..].iter().product());
    dims[axis] = product(dims[axis], times)?;
    x.reshape([places, width])?.repeat(times)?.reshape(crate::Shape::new(&dims)?)
}

/// An axis this many times as long, by linear interpolation.
fn interpolated(x: &Var, axis: isize, times: usize) -> Result<Var> {
    if times == 1 { Ok(x.clone()) } else { x.interpolate(axis, times) }
}

/// Pictures made larger by whole factors: `(batch, height, width, channels)` → `(batch, height·rows, width·columns, channels)`.
///
/// With [`Interpolation::Nearest`] each pixel is repeated: `y[i, j] = x[⌊i/rows⌋, ⌊j/columns⌋]`. With
/// [`Interpolation::Bilinear`], pixels are areas whose values belong to their centres, and output `i` of an axis lies at
/// `(i + ½)/factor − ½`: its value is interpolated linearly between the two pixels around it, and that of the outermost pixel
/// beyond it.
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, Interpolation, UpSampling2D},
/// };
///
/// let model = Sequential::new().add(Input::new([4, 5, 3])).add(UpSampling2D::new((2, 3)));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 8, 15, 3)");
///
/// let larger = UpSampling2D::new((1, 2)).interpolation(Interpolation::Bilinear);
/// let model = Sequential::new().add(Input::new([1, 2, 1])).add(larger);
/// assert_eq!(
///     model.predict(&Tensor::new([1, 1, 2, 1], vec![0.0, 4.0])?)?.as_slice(),
///     [0.0, 1.0, 3.0, 4.0]
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpSampling2D {
    size: Sizes,
    #[serde(default = "channels_last")]
    data_format: String,
    #[serde(default)]
    interpolation: Interpolation,
}

impl UpSampling2D {
    /// The factor along each axis.
    pub fn new(size: impl Into<Sizes>) -> Self {
        let mut size = size.into();
        size.expand(2);
        Self { size, data_format: channels_last(), interpolation: Interpolation::Nearest }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("UpSampling2D", config)?))
    }

    /// How the pixels between those of the smaller map are filled.
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }
}

impl Layer for UpSampling2D {
    class!("UpSampling2D");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        check_layout(&self.data_format)?;
        let (map, channels) = map_of(input, 2)?;
        Ok(with_map(input, 2, grown(map, self.size.pair("size", 2)?)?, channels))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        let [rows, columns] = self.size.pair("size", 2)?;
        match self.interpolation {
            Interpolation::Nearest => repeated(&repeated(x, 1, rows)?, 2, columns),
            Interpolation::Bilinear => interpolated(&interpolated(x, 1, rows)?, 2, columns),
        }
    }
}

/// Sequences with each step repeated: `(batch, steps, channels)` → `(batch, steps·size, channels)`.
///
/// ```
/// use practicum_core::{Sequential, layers::{Input, UpSampling1D}};
///
/// let model = Sequential::new().add(Input::new([4, 3])).add(UpSampling1D::new(2));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 8, 3)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpSampling1D {
    size: usize,
}

impl UpSampling1D {
    /// Each step this many times.
    pub fn new(size: usize) -> Self {
        Self { size }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("UpSampling1D", config)?))
    }
}

impl Layer for UpSampling1D {
    class!("UpSampling1D");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if self.size == 0 {
            return Err(Error::argument("size must be 1 or more, got 0"));
        }
        let (map, channels) = map_of(input, 1)?;
        Ok(with_map(input, 1, grown(map, [1, self.size])?, channels))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        repeated(x, 1, self.size)
    }
}
