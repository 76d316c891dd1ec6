//! Layers that change the numbers of pictures: contrast and brightness.

use practicum_core::autodiff::Var;
use practicum_core::layers::kit::class;
use practicum_core::layers::{Build, Call, Layer};
use practicum_core::{PartialShape, Result};
use serde::{Deserialize, Serialize};

use super::ops::{Change, Tone};
use super::{Factor, check_range, picture_of};

fn bytes() -> (f32, f32) {
    (0.0, 255.0)
}

/// While training, draws each channel of a picture away from its mean m, or towards it: (x − m) · f + m, with f from
/// (1 − factor, 1 + factor), cut off at the ends of the value range.
///
/// ```
/// use practicum_vision::layers::RandomContrast;
///
/// let layer = RandomContrast::new(0.2).value_range(0.0, 1.0);
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomContrast {
    factor: Spread,
    #[serde(default = "bytes")]
    value_range: (f32, f32),
}

/// How far f may be below 1, and above: one number for both, or two.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Spread {
    Both(f64),
    Each(f64, f64),
}

impl RandomContrast {
    /// f from (1 − factor, 1 + factor).
    pub fn new(factor: f64) -> Self {
        Self { factor: Spread::Both(factor), value_range: bytes() }
    }

    /// f from (1 − lower, 1 + upper).
    pub fn between(lower: f64, upper: f64) -> Self {
        Self { factor: Spread::Each(lower, upper), value_range: bytes() }
    }

    /// The least and the greatest number of a picture: 0 and 255 unless set.
    #[must_use]
    pub fn value_range(mut self, low: f32, high: f32) -> Self {
        self.value_range = (low, high);
        self
    }

    fn spread(&self) -> (f64, f64) {
        match self.factor {
            Spread::Both(factor) => (factor, factor),
            Spread::Each(lower, upper) => (lower, upper),
        }
    }
}

impl Layer for RandomContrast {
    class!("RandomContrast");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        picture_of(input)?;
        let (lower, upper) = self.spread();
        check_range("factor", (lower, lower), 0.0..=1.0)?;
        check_range("factor", (upper, upper), 0.0..=f64::MAX)?;
        check_values(self.value_range)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if !cx.training() {
            return Ok(x.clone());
        }
        let (lower, upper) = self.spread();
        let factor = (1.0 - lower, 1.0 + upper);
        Var::apply(Tone { key: cx.key("picture"), change: Change::Contrast, factor, value_range: self.value_range }, &[x])
    }
}

/// While training, adds a number from `factor` × the width of the value range to each picture, cut off at its ends.
///
/// ```
/// use practicum_vision::layers::RandomBrightness;
///
/// let layer = RandomBrightness::new(0.1).value_range(0.0, 1.0);
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomBrightness {
    factor: Factor,
    #[serde(default = "bytes")]
    value_range: (f32, f32),
}

impl RandomBrightness {
    /// f for (−f, f), or a pair; within [−1, 1].
    pub fn new(factor: impl Into<Factor>) -> Self {
        Self { factor: factor.into(), value_range: bytes() }
    }

    /// The least and the greatest number of a picture: 0 and 255 unless set.
    #[must_use]
    pub fn value_range(mut self, low: f32, high: f32) -> Self {
        self.value_range = (low, high);
        self
    }
}

impl Layer for RandomBrightness {
    class!("RandomBrightness");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        picture_of(input)?;
        check_range("factor", self.factor.into(), -1.0..=1.0)?;
        check_values(self.value_range)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if !cx.training() {
            return Ok(x.clone());
        }
        let (factor, value_range) = (self.factor.into(), self.value_range);
        Var::apply(Tone { key: cx.key("picture"), change: Change::Brightness, factor, value_range }, &[x])
    }
}

fn check_values((low, high): (f32, f32)) -> Result<()> {
    check_range("value_range", (low.into(), high.into()), f64::from(f32::MIN)..=f64::from(f32::MAX))
}
