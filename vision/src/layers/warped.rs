//! Layers that move pixels about: flip, rotation, translation, zoom.

use practicum_core::Result;
use practicum_core::autodiff::Var;
use practicum_core::layers::kit::class;
use practicum_core::layers::{Build, Call, Layer};
use practicum_core::{Error, PartialShape};
use serde::{Deserialize, Serialize};

use super::ops::{Draw, Warp};
use super::{Factor, check_range, picture_of};
use crate::augment::FillMode;

/// Which ways pictures are flipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlipMode {
    /// Left and right.
    Horizontal,
    /// Top and bottom.
    Vertical,
    /// Each by itself.
    #[default]
    HorizontalAndVertical,
}

fn nearest_or_bilinear(name: &str) -> Result<u8> {
    match name {
        "nearest" => Ok(0),
        "bilinear" => Ok(1),
        _ => Err(Error::unknown("interpolation", name, ["nearest", "bilinear"])),
    }
}

/// How pixels between pixels are found, and what lies beyond the edge.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Look {
    #[serde(default = "reflect")]
    fill_mode: FillMode,
    #[serde(default = "bilinear")]
    interpolation: String,
    #[serde(default)]
    fill_value: f32,
}

impl Look {
    /// Refuses what Keras' layers have and these have not. Their `wrap` repeats a picture as TensorFlow does, not as SciPy.
    fn check(&self) -> Result<()> {
        nearest_or_bilinear(&self.interpolation)?;
        match self.fill_mode {
            FillMode::Wrap => Err(Error::argument("fill_mode is wrap, expected reflect, constant or nearest")),
            _ => Ok(()),
        }
    }
}

fn reflect() -> FillMode {
    FillMode::Reflect
}

fn bilinear() -> String {
    "bilinear".to_owned()
}

impl Default for Look {
    fn default() -> Self {
        Self { fill_mode: reflect(), interpolation: bilinear(), fill_value: 0.0 }
    }
}

/// Draws a random transform while training, and passes pictures on otherwise.
fn warped(cx: &Call<'_>, x: &Var, draw: Draw, look: &Look) -> Result<Var> {
    if !cx.training() {
        return Ok(x.clone());
    }
    let order = nearest_or_bilinear(&look.interpolation)?;
    Var::apply(Warp { key: cx.key("picture"), draw, fill_mode: look.fill_mode, order, fill_value: look.fill_value }, &[x])
}

/// Builder methods of layers that have a [`Look`].
macro_rules! look {
    () => {
        /// What is seen beyond the edge: `reflect` unless set.
        #[must_use]
        pub fn fill_mode(mut self, mode: FillMode) -> Self {
            self.look.fill_mode = mode;
            self
        }

        /// How pixels between pixels are found: `bilinear` unless set, or `nearest`.
        #[must_use]
        pub fn interpolation(mut self, name: impl Into<String>) -> Self {
            self.look.interpolation = name.into();
            self
        }

        /// The number beyond the edge, for [`FillMode::Constant`].
        #[must_use]
        pub fn fill_value(mut self, value: f32) -> Self {
            self.look.fill_value = value;
            self
        }
    };
}

/// Flips every other picture while training, left and right, top and bottom, or each by itself.
///
/// ```
/// use practicum_vision::layers::{FlipMode, RandomFlip};
///
/// let both = RandomFlip::new(FlipMode::HorizontalAndVertical);
/// let mirror = RandomFlip::horizontal();
/// # let _ = (both, mirror);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomFlip {
    #[serde(default)]
    mode: FlipMode,
}

impl RandomFlip {
    /// Flips in these ways.
    pub fn new(mode: FlipMode) -> Self {
        Self { mode }
    }

    /// Left becomes right.
    pub fn horizontal() -> Self {
        Self::new(FlipMode::Horizontal)
    }
}

impl Layer for RandomFlip {
    class!("RandomFlip");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        picture_of(input)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let horizontal = self.mode != FlipMode::Vertical;
        let vertical = self.mode != FlipMode::Horizontal;
        warped(cx, x, Draw::Flip { horizontal, vertical }, &Look::default())
    }
}

/// Turns each picture about its middle while training, by an angle from `factor` × 360 degrees; counter-clockwise where it
/// is above 0.
///
/// ```
/// use practicum_vision::layers::RandomRotation;
///
/// let up_to_40_degrees = RandomRotation::new(40.0 / 360.0);
/// let quarter = RandomRotation::new((0.25, 0.25));
/// # let _ = (up_to_40_degrees, quarter);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomRotation {
    factor: Factor,
    #[serde(flatten)]
    look: Look,
}

impl RandomRotation {
    /// Angles as fractions of a whole turn: f for (−f, f), or a pair.
    pub fn new(factor: impl Into<Factor>) -> Self {
        Self { factor: factor.into(), look: Look::default() }
    }

    look!();
}

impl Layer for RandomRotation {
    class!("RandomRotation");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        picture_of(input)?;
        self.look.check()?;
        check_range("factor", self.factor.into(), -1.0..=1.0)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        warped(cx, x, Draw::Rotation(self.factor.into()), &self.look)
    }
}

/// Moves each picture while training, by fractions of its height and width; down and to the right where they are above 0.
///
/// ```
/// use practicum_vision::layers::RandomTranslation;
///
/// let layer = RandomTranslation::new(0.2, (-0.1, 0.3));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomTranslation {
    height_factor: Factor,
    width_factor: Factor,
    #[serde(flatten)]
    look: Look,
}

impl RandomTranslation {
    /// Fractions of the height and of the width: f for (−f, f), or pairs.
    pub fn new(height_factor: impl Into<Factor>, width_factor: impl Into<Factor>) -> Self {
        Self { height_factor: height_factor.into(), width_factor: width_factor.into(), look: Look::default() }
    }

    look!();
}

impl Layer for RandomTranslation {
    class!("RandomTranslation");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        picture_of(input)?;
        self.look.check()?;
        check_range("height_factor", self.height_factor.into(), -1.0..=1.0)?;
        check_range("width_factor", self.width_factor.into(), -1.0..=1.0)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        warped(cx, x, Draw::Translation { rows: self.height_factor.into(), columns: self.width_factor.into() }, &self.look)
    }
}

/// Zooms each picture about its middle while training, by 1 + a number from the factors: above 0, it becomes smaller.
///
/// ```
/// use practicum_vision::layers::RandomZoom;
///
/// let keeps_its_ratio = RandomZoom::new(0.2);
/// let height_and_width = RandomZoom::new(0.2).width_factor(0.1);
/// # let _ = (keeps_its_ratio, height_and_width);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomZoom {
    height_factor: Factor,
    #[serde(default)]
    width_factor: Option<Factor>,
    #[serde(flatten)]
    look: Look,
}

impl RandomZoom {
    /// The same zoom for rows and columns: f for (−f, f), or a pair.
    pub fn new(factor: impl Into<Factor>) -> Self {
        Self { height_factor: factor.into(), width_factor: None, look: Look::default() }
    }

    /// Another zoom for the columns.
    #[must_use]
    pub fn width_factor(mut self, factor: impl Into<Factor>) -> Self {
        self.width_factor = Some(factor.into());
        self
    }

    look!();
}

impl Layer for RandomZoom {
    class!("RandomZoom");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        picture_of(input)?;
        self.look.check()?;
        for (name, factor) in [("height_factor", Some(self.height_factor)), ("width_factor", self.width_factor)] {
            if let Some(factor) = factor {
                check_range(name, factor.into(), -0.999..=1.0)?;
            }
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let columns = self.width_factor.map(Into::into);
        warped(cx, x, Draw::Zoom { rows: self.height_factor.into(), columns }, &self.look)
    }
}
