use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// The axes after the batch in another order: axis `dims[i]` becomes axis `i + 1`, counted from the batch, which is axis 0.
///
/// ```
/// use practicum_core::{Sequential, layers::{Input, Permute}};
///
/// let model = Sequential::new().add(Input::new([10, 64])).add(Permute::new([2, 1]));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 64, 10)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Permute {
    dims: Vec<usize>,
}

impl Permute {
    /// The axes in their new order: the numbers from 1 on.
    pub fn new(dims: impl Into<Vec<usize>>) -> Self {
        Self { dims: dims.into() }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Permute", config)?))
    }
}

impl Layer for Permute {
    class!("Permute");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let mut sorted = self.dims.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(1..=self.dims.len()) {
            return Err(Error::argument(format!(
                "dims must be the numbers from 1 to {} in some order, got {:?}",
                self.dims.len(),
                self.dims
            )));
        }
        if input.rank() != self.dims.len() + 1 {
            let expected = self.dims.len();
            return Err(Error::shape(format!("expected {expected} axes after the batch for dims {:?}, got {input}", self.dims)));
        }
        let moved = self.dims.iter().map(|axis| input.dims()[*axis]);
        Ok(PartialShape::new(input.dims()[..1].iter().copied().chain(moved).collect::<Vec<_>>()))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.permute(&[&[0], &self.dims[..]].concat())
    }

    fn describe(&self) -> String {
        format!("Permute {:?}", self.dims)
    }
}
