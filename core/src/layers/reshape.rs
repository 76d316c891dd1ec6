use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result, Shape};

/// The same elements under another shape after the batch; one size may be −1: what is left.
///
/// ```
/// use practicum_core::{Sequential, layers::{Input, Reshape}};
///
/// let model = Sequential::new().add(Input::new([784])).add(Reshape::new([28, -1, 1]));
/// assert_eq!(model.output_shape()?.to_string(), "(None, 28, 28, 1)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reshape {
    target_shape: Vec<isize>,
}

impl Reshape {
    /// Reshapes each example to `target_shape`.
    pub fn new(target_shape: impl Into<Vec<isize>>) -> Self {
        Self { target_shape: target_shape.into() }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Reshape", config)?))
    }

    fn check(&self) -> Result<()> {
        let open = self.target_shape.iter().filter(|size| **size == -1).count();
        if open > 1 || self.target_shape.iter().any(|size| *size < -1) {
            return Err(Error::argument(format!("target_shape takes sizes of 0 or more and at most one -1, got {:?}", self.target_shape)));
        }
        if open == 1 && self.target_shape.contains(&0) {
            return Err(Error::argument(format!("beside a size of 0, -1 could be anything, got {:?}", self.target_shape)));
        }
        Ok(())
    }

    /// The sizes for examples of `size` elements.
    fn resolve(&self, size: usize) -> Result<Vec<usize>> {
        let known = self.target_shape.iter().filter_map(|size| usize::try_from(*size).ok()).fold(1, usize::saturating_mul);
        let open = self.target_shape.contains(&-1);
        if (open && !size.is_multiple_of(known)) || (!open && known != size) {
            let wanted = if open { format!("a multiple of {known}") } else { known.to_string() };
            let error = Error::shape(format!("expected {wanted} elements an example for {:?}, got {size}", self.target_shape));
            return Err(error.hint("one size of the target shape may be -1: what is left"));
        }
        Ok(self.target_shape.iter().map(|dim| usize::try_from(*dim).unwrap_or_else(|_| size / known)).collect())
    }
}

impl Layer for Reshape {
    class!("Reshape");

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.check()?;
        match input.example_size() {
            Some(size) => Ok(PartialShape::batch_of(&self.resolve(size)?)),
            None => {
                let open = self.target_shape.iter().map(|dim| usize::try_from(*dim).ok());
                Ok(PartialShape::new(std::iter::once(None).chain(open).collect::<Vec<_>>()))
            }
        }
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        let shape = x.shape();
        let example = self.resolve(shape.without_batch().size())?;
        x.reshape(Shape::new(&[&shape[..1], &example].concat())?)
    }

    fn describe(&self) -> String {
        format!("Reshape {:?}", self.target_shape)
    }
}
