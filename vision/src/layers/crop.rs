//! Layers that take a part of each picture.

use practicum_core::autodiff::Var;
use practicum_core::layers::kit::class;
use practicum_core::layers::{Build, Call, Layer};
use practicum_core::{Error, PartialShape, Result};
use serde::{Deserialize, Serialize};

use super::ops::Crop;
use super::picture_of;
use super::resizing::{middle, resized};
use crate::picture::Interpolation;

fn check(height: usize, width: usize, input: &PartialShape) -> Result<PartialShape> {
    let [.., channels] = picture_of(input)?;
    if height == 0 || width == 0 {
        return Err(Error::argument(format!("expected a height and width of 1 or more, got {height} × {width}")));
    }
    Ok(PartialShape::new(vec![None, Some(height), Some(width), channels]))
}

/// The middle of each picture, `height` × `width` pixels; of a smaller picture the largest middle part of that ratio, resized.
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::Input};
/// use practicum_vision::layers::CenterCrop;
///
/// let model = Sequential::new().add(Input::new([1, 4, 1])).add(CenterCrop::new(1, 2));
/// let y = model.predict(&Tensor::new([1, 1, 4, 1], vec![1.0, 2.0, 3.0, 4.0])?)?;
/// assert_eq!(y.as_slice(), [2.0, 3.0]);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CenterCrop {
    height: usize,
    width: usize,
}

impl CenterCrop {
    /// Pictures of this size.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width }
    }
}

impl Layer for CenterCrop {
    class!("CenterCrop");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        check(self.height, self.width, input)
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        let (h, w) = (x.shape()[1], x.shape()[2]);
        if h < self.height || w < self.width {
            let part = middle(x, (self.height, self.width))?;
            return resized(&part, (self.height, self.width), Interpolation::Bilinear);
        }
        let (top, left) = ((h - self.height) / 2, (w - self.width) / 2);
        x.slice(1, top..top + self.height)?.slice(2, left..left + self.width)
    }

    fn describe(&self) -> String {
        format!("CenterCrop {}×{}", self.height, self.width)
    }
}

/// While training, a part of each picture, `height` × `width` pixels, at an offset that is drawn for each batch; otherwise, or where
/// a picture is smaller, its largest middle part of that ratio, resized.
///
/// ```
/// use practicum_core::{Sequential, layers::Input};
/// use practicum_vision::layers::RandomCrop;
///
/// let model = Sequential::new().add(Input::new([160, 200, 3])).add(RandomCrop::new(128, 128));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 128, 128, 3)");
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomCrop {
    height: usize,
    width: usize,
}

impl RandomCrop {
    /// Pictures of this size.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width }
    }
}

impl Layer for RandomCrop {
    class!("RandomCrop");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        check(self.height, self.width, input)
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let size = (self.height, self.width);
        if cx.training() && x.shape()[1] >= self.height && x.shape()[2] >= self.width {
            return Var::apply(Crop { key: cx.key("picture"), size: [self.height, self.width] }, &[x]);
        }
        resized(&middle(x, size)?, size, Interpolation::Bilinear)
    }

    fn describe(&self) -> String {
        format!("RandomCrop {}×{}", self.height, self.width)
    }
}
