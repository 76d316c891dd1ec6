use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{PartialShape, Result};

/// Passes its input through as it is: a name for a tensor, or what stands in place of a layer that is left out.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let model = Sequential::new().add(Input::new([2])).add(Identity::new());
/// assert_eq!(model.predict([[1.0, -2.0]])?.as_slice(), [1.0, -2.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Identity;

impl Identity {
    /// The layer.
    pub fn new() -> Self {
        Self
    }
}

impl Layer for Identity {
    fn class_name(&self) -> &'static str {
        "Identity"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
