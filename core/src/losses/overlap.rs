use serde::{Deserialize, Serialize};

use super::Loss;
use crate::autodiff::Var;
use crate::config::{Config, OneOrMany, to_config};
use crate::{Error, Result};

/// Keeps quotients from 0/0.
const EPSILON: f32 = 1e-7;

/// The sum over the axes, or over everything.
fn sum_over(x: &Var, axes: Option<&OneOrMany<isize>>) -> Result<Var> {
    let Some(axes) = axes else { return x.sum() };
    let (rank, shape) = (x.shape().rank() as isize, x.shape());
    let mut from_the_front = Vec::new();
    for axis in axes.as_slice() {
        let index = if *axis < 0 { axis.saturating_add(rank) } else { *axis };
        if !(0..rank).contains(&index) {
            return Err(Error::argument(format!("there is no axis {axis} in predictions of shape {shape}")));
        }
        from_the_front.push(index);
    }
    from_the_front.sort_unstable();
    from_the_front.dedup();
    from_the_front.iter().rev().try_fold(x.clone(), |sum, axis| sum.sum_axis(*axis))
}

/// The method that sets the axes, which both losses have.
macro_rules! over_axes {
    ($loss:ident) => {
        impl $loss {
            /// The axes whose numbers are added up, such as those of a picture's rows, columns and channels, `[1, 2, 3]`: the
            /// loss is then one number for each example. If not set, it is one number for the whole batch.
            #[must_use]
            pub fn axis(mut self, axes: impl Into<Vec<isize>>) -> Self {
                self.axis = Some(OneOrMany::Many(axes.into()));
                self
            }
        }
    };
}

/// How little two sets overlap (Dice, 1945): `1 − 2·Σ y·ŷ / (Σ y + Σ ŷ + 1e-7)`, for masks of pictures and the
/// probabilities that a model gives them.
///
/// ```
/// use practicum_core::{
///     Tensor,
///     autodiff::Tape,
///     losses::{Dice, Loss},
/// };
///
/// let tape = Tape::new();
/// let [y_true, y_pred] =
///     [[[1.0, 1.0, 0.0]], [[0.5, 1.0, 0.5]]].map(|y| tape.constant(Tensor::from(y)));
/// let loss = Dice::default().mean(&y_true, &y_pred, None)?.value()?.item()?;
/// assert!((loss - (1.0 - 2.0 * 1.5 / 4.0)).abs() < 1e-6);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Dice {
    axis: Option<OneOrMany<isize>>,
}

over_axes!(Dice);

impl Loss for Dice {
    fn name(&self) -> &'static str {
        "dice"
    }

    fn class_name(&self) -> &'static str {
        "Dice"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let sum = |x: &Var| sum_over(x, self.axis.as_ref());
        let sizes = sum(y_true)?.add(&sum(y_pred)?)?.affine(1.0, EPSILON)?;
        sum(&y_true.mul(y_pred)?)?.div(&sizes)?.affine(-2.0, 1.0)
    }
}

/// How little two sets overlap, where the two kinds of mistakes count differently (Tversky, 1977):
/// `1 − S / (S + α·Σ y·(1 − ŷ) + β·Σ (1 − y)·ŷ + 1e-7)` with `S = Σ y·ŷ`.
///
/// With α = β = 0.5, which are the defaults, it is [`Dice`]. A larger α weighs what the model overlooks, a larger β what it
/// sees where nothing is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tversky {
    alpha: f32,
    beta: f32,
    axis: Option<OneOrMany<isize>>,
}

over_axes!(Tversky);

impl Default for Tversky {
    /// α = β = 0.5.
    fn default() -> Self {
        Self::new(0.5, 0.5)
    }
}

impl Tversky {
    /// With the weight α of what is overlooked, and β of what is seen where nothing is.
    pub fn new(alpha: f32, beta: f32) -> Self {
        Self { alpha, beta, axis: None }
    }
}

impl Loss for Tversky {
    fn name(&self) -> &'static str {
        "tversky"
    }

    fn class_name(&self) -> &'static str {
        "Tversky"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::argument(format!("{name} of tversky must be a number of 0 or more, got {value}")));
            }
        }
        Ok(())
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let sum = |x: &Var| sum_over(x, self.axis.as_ref());
        let opposite = |y: &Var| y.affine(-1.0, 1.0);
        let both = sum(&y_true.mul(y_pred)?)?;
        let overlooked = sum(&y_true.mul(&opposite(y_pred)?)?)?.scale(self.alpha)?;
        let invented = sum(&opposite(y_true)?.mul(y_pred)?)?.scale(self.beta)?;
        let all = both.add(&overlooked)?.add(&invented)?.affine(1.0, EPSILON)?;
        both.div(&all)?.affine(-1.0, 1.0)
    }
}
