use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// What stands for a logit that is left out.
const FAR_BELOW: f32 = 1e9;

/// `y = eˣ / Σ eˣ`, with the sum over `axis`, which may be several. Where a mask has the shape of the input, what it leaves out
/// gets a share of 0.
///
/// ```
/// use practicum_core::{Sequential, layers::{Input, Softmax}};
///
/// let model = Sequential::new().add(Input::new([4, 3])).add(Softmax::new().axis(1));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 4, 3)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Softmax {
    axis: Axes,
}

impl Default for Softmax {
    fn default() -> Self {
        Self { axis: Axes::LAST.into() }
    }
}

impl Softmax {
    /// The layer for the last axis.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Softmax", config)?))
    }

    /// The axes whose shares add up to 1.
    #[must_use]
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }
}

impl Layer for Softmax {
    class!("Softmax");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.axis.some_of(input.rank())?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let softmax = |x: &Var| {
            let gathered = self.axis.gather(x)?;
            gathered.back(&gathered.rows.softmax()?)
        };
        let Some(mask) = cx.mask(0) else { return softmax(x) };
        if mask.shape() != x.shape() {
            return Err(Error::shape(format!("a mask of softmax has the shape of its input {}, got {}", x.shape(), mask.shape())));
        }
        // What is left out is far below all others; where all is left out, the shares would still add up to 1.
        softmax(&x.mul(mask)?.add(&mask.affine(FAR_BELOW, -FAR_BELOW)?)?)?.mul(mask)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}
