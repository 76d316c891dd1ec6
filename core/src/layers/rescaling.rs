use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::normalization::Numbers;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Tensor};

/// `y = scale·x + offset`, such as pixels from [0, 255] to [−1, 1]: by one number each, or by one for each index of the last axis.
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, Rescaling},
/// };
///
/// let model = Sequential::new().add(Input::new([2])).add(Rescaling::new(1.0 / 127.5).offset(-1.0));
/// assert!(model.predict(&Tensor::from([[0.0, 255.0]]))?.is_close(
///     &Tensor::from([[-1.0, 1.0]]),
///     1e-6,
///     0.0
/// ));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rescaling {
    scale: Numbers,
    #[serde(default = "zero")]
    offset: Numbers,
}

fn zero() -> Numbers {
    Numbers::One(0.0)
}

impl Rescaling {
    /// Multiplies by `scale`.
    pub fn new(scale: f32) -> Self {
        Self { scale: Numbers::One(scale), offset: zero() }
    }

    /// Multiplies and shifts each index of the last axis, such as a channel, by numbers of its own.
    ///
    /// ```
    /// use practicum_core::{Sequential, Tensor, layers::{Input, Rescaling}};
    ///
    /// let model = Sequential::new().add(Input::new([2])).add(Rescaling::each([2.0, 10.0], [0.0, -1.0]));
    /// assert_eq!(model.predict(&Tensor::from([[1.0, 1.0]]))?.as_slice(), [2.0, 9.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn each(scale: impl Into<Vec<f32>>, offset: impl Into<Vec<f32>>) -> Self {
        Self { scale: Numbers::Each(scale.into()), offset: Numbers::Each(offset.into()) }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Rescaling", config)?))
    }

    /// What is added.
    #[must_use]
    pub fn offset(mut self, offset: f32) -> Self {
        self.offset = Numbers::One(offset);
        self
    }
}

impl Layer for Rescaling {
    class!("Rescaling");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        for (name, numbers) in [("scale", &self.scale), ("offset", &self.offset)] {
            if let Some(number) = numbers.as_slice().iter().find(|number| !number.is_finite()) {
                return Err(Error::argument(format!("{name} must be finite, got {number}")));
            }
            if let Numbers::Each(each) = numbers
                && input.dims().last().copied().flatten() != Some(each.len())
            {
                return Err(Error::argument(format!(
                    "{name} has {} numbers: expected one for each of the last axis of {input}",
                    each.len()
                )));
            }
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        if let (Numbers::One(scale), Numbers::One(offset)) = (&self.scale, &self.offset) {
            return x.affine(*scale, *offset);
        }
        let constant =
            |numbers: &Numbers| Ok::<_, Error>(cx.constant(Tensor::new([numbers.as_slice().len()], numbers.as_slice().to_vec())?));
        x.mul(&constant(&self.scale)?)?.add(&constant(&self.offset)?)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        match &self.scale {
            Numbers::One(scale) => format!("Rescaling {scale}"),
            Numbers::Each(scales) => format!("Rescaling by {} numbers", scales.len()),
        }
    }
}
