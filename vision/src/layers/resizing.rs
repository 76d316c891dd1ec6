//! Pictures of another size, inside of a model.

use practicum_core::autodiff::Var;
use practicum_core::layers::kit::class;
use practicum_core::layers::{Build, Call, Layer};
use practicum_core::{Error, PartialShape, Result};
use serde::{Deserialize, Serialize};

use super::ops::Resize;
use super::picture_of;
use crate::picture::{self, Interpolation, Taps};

/// The largest middle part of pictures that has the ratio of a size.
pub(super) fn middle(x: &Var, size: (usize, usize)) -> Result<Var> {
    let [rows, columns] = picture::middle((x.shape()[1], x.shape()[2]), size);
    x.slice(1, rows)?.slice(2, columns)
}

/// Pictures in another size.
pub(super) fn resized(x: &Var, (height, width): (usize, usize), how: Interpolation) -> Result<Var> {
    let (h, w) = (x.shape()[1], x.shape()[2]);
    if (h, w) == (height, width) {
        return Ok(x.clone());
    }
    check_size((height, width))?;
    Var::apply(Resize { rows: Taps::new(h, height, how), columns: Taps::new(w, width, how) }, &[x])
}

/// The most pixels a side: of each, the pixels that it is made of are kept in a table.
const LARGEST: usize = 1 << 16;

fn check_size((height, width): (usize, usize)) -> Result<()> {
    if height.max(width) > LARGEST {
        return Err(Error::argument(format!("expected a height and width of {LARGEST} at most, got {height} × {width}")));
    }
    Ok(())
}

/// Resizes pictures to `height` × `width` pixels, as Keras' layer on TensorFlow: on straight lines between the four nearest
/// pixels unless another way is chosen.
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::Input};
/// use practicum_vision::layers::Resizing;
///
/// let model = Sequential::new().add(Input::new([1, 4, 1])).add(Resizing::new(1, 2));
/// let y = model.predict(&Tensor::new([1, 1, 4, 1], vec![0.0, 1.0, 2.0, 3.0])?)?;
/// assert_eq!(y.as_slice(), [0.5, 2.5]);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resizing {
    height: usize,
    width: usize,
    #[serde(default = "bilinear")]
    interpolation: String,
    #[serde(default)]
    crop_to_aspect_ratio: bool,
}

fn bilinear() -> String {
    "bilinear".to_owned()
}

impl Resizing {
    /// Pictures of this size, at most 65,536 pixels a side.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width, interpolation: bilinear(), crop_to_aspect_ratio: false }
    }

    /// `bilinear` unless set, or `nearest`, `area`, `lanczos`.
    #[must_use]
    pub fn interpolation(mut self, name: impl Into<String>) -> Self {
        self.interpolation = name.into();
        self
    }

    /// Whether the largest middle part of the right ratio is taken, so that nothing is squeezed: no unless set.
    #[must_use]
    pub fn crop_to_aspect_ratio(mut self, cropped: bool) -> Self {
        self.crop_to_aspect_ratio = cropped;
        self
    }
}

impl Layer for Resizing {
    class!("Resizing");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let [.., channels] = picture_of(input)?;
        if self.height == 0 || self.width == 0 {
            return Err(Error::argument(format!("expected a height and width of 1 or more, got {} × {}", self.height, self.width)));
        }
        check_size((self.height, self.width))?;
        Interpolation::by_name(&self.interpolation)?;
        Ok(PartialShape::new(vec![None, Some(self.height), Some(self.width), channels]))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (size, how) = ((self.height, self.width), Interpolation::by_name(&self.interpolation)?);
        let part = if self.crop_to_aspect_ratio { middle(x, size)? } else { x.clone() };
        resized(&part, size, how)
    }

    fn describe(&self) -> String {
        format!("Resizing {}×{}", self.height, self.width)
    }
}
