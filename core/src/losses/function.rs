use std::fmt::{self, Debug};

use super::Loss;
use crate::Result;
use crate::autodiff::Var;
use crate::config::{Config, FUNCTION};

/// A loss that a function computes, for every row of the targets: see [`from_fn`].
#[derive(Clone)]
pub struct FnLoss<F> {
    name: &'static str,
    function: F,
}

/// A loss from a function of the targets and the predictions, which gives one number a row.
///
/// A file holds its name alone. To load a model that was compiled with it, register it under this name: see
/// [`CompileRegistry::loss`](crate::model::CompileRegistry::loss). A type that implements [`Loss`] can have options in the file.
///
/// ```
/// use practicum_core::losses;
/// use practicum_core::prelude::*;
///
/// // The mean of the fourth powers.
/// let quartic =
///     losses::from_fn("quartic", |y_true, y_pred| (y_pred - y_true)?.pow(4.0)?.mean_axis(-1));
/// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
/// model.compile("sgd", quartic, ())?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub fn from_fn<F: Fn(&Var, &Var) -> Result<Var> + Send + Sync + 'static>(name: &'static str, function: F) -> FnLoss<F> {
    FnLoss { name, function }
}

impl<F> Debug for FnLoss<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FnLoss").field(&self.name).finish()
    }
}

impl<F: Fn(&Var, &Var) -> Result<Var> + Send + Sync + 'static> Loss for FnLoss<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn class_name(&self) -> &'static str {
        FUNCTION
    }

    fn config(&self) -> Config {
        Config::from_iter([("name".to_owned(), self.name.into())])
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        (self.function)(y_true, y_pred)
    }
}
