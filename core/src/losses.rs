//! Losses, by Keras' names, each a composition of operations.
//!
//! A loss gives one number for every row of the targets: for every example, or for every time step of one. The model
//! weighs these numbers and takes their mean. [`Dice`] and [`Tversky`] give one number for the batch, or over the axes that
//! they are told.

mod entropy;
mod focal;
mod function;
mod hinge;
mod overlap;
mod regression;

use std::any::{Any, TypeId};
use std::fmt::Debug;

pub use entropy::{BinaryCrossentropy, CategoricalCrossentropy, KlDivergence, SparseCategoricalCrossentropy};
pub use focal::{BinaryFocalCrossentropy, CategoricalFocalCrossentropy};
pub use function::{FnLoss, from_fn};
pub use hinge::{CategoricalHinge, Hinge, SquaredHinge};
pub use overlap::{Dice, Tversky};
pub use regression::{
    CosineSimilarity, Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError,
    Poisson,
};

use serde_json::{Value, json};

use crate::autodiff::Var;
use crate::config::{Config, with_origin, without_idle, without_options};
use crate::{Error, Result, Shape};

/// What the numbers in the targets mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Targets {
    /// Numbers like those the model outputs.
    Values,
    /// One class a row: a whole number from 0 to the number of outputs.
    Classes,
}

/// How far predictions are from targets.
pub trait Loss: Any + Debug + Send + Sync {
    /// The name by which Keras knows it.
    fn name(&self) -> &'static str;

    /// Keras' name for the class, by which a [`CompileRegistry`](crate::model::CompileRegistry) makes it.
    fn class_name(&self) -> &'static str;

    /// The options as JSON, in Keras' words.
    fn config(&self) -> Config {
        Config::new()
    }

    /// What the numbers in the targets mean.
    fn targets(&self) -> Targets {
        Targets::Values
    }

    /// Checks the options.
    ///
    /// # Errors
    /// An option outside its range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The loss of every row: `y_true` and `y_pred` without their last axis; or one number for the whole batch.
    ///
    /// # Errors
    /// Shapes that do not fit each other.
    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var>;

    /// The loss of a batch, as a model computes it: the mean over the rows of each row's loss times its weight.
    ///
    /// The targets are brought to the shape of the predictions where they differ by a last axis of size 1. There may be a
    /// weight for every example or for every row, as for every time step of an example; as in Keras, the sum is divided by
    /// the number of rows, whatever they weigh.
    ///
    /// ```
    /// use practicum_core::{
    ///     Tensor,
    ///     autodiff::Tape,
    ///     losses::{Loss, MeanSquaredError},
    /// };
    ///
    /// let tape = Tape::new();
    /// let [y_true, y_pred] = [[1.0, 2.0], [1.5, 4.0]].map(|y| tape.constant(Tensor::from(y)));
    /// let column = y_pred.reshape([2, 1])?;
    /// assert_eq!(MeanSquaredError.mean(&y_true, &column, None)?.value()?.item()?, (0.25 + 4.0) / 2.0);
    /// let weights = tape.constant(Tensor::from([1.0, 0.5]));
    /// assert_eq!(
    ///     MeanSquaredError.mean(&y_true, &column, Some(&weights))?.value()?.item()?,
    ///     (0.25 + 2.0) / 2.0
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Shapes that do not fit each other.
    fn mean(&self, y_true: &Var, y_pred: &Var, sample_weight: Option<&Var>) -> Result<Var> {
        let y_true = y_true.reshape(fit_targets(self.targets(), y_true.shape(), y_pred.shape())?)?;
        let values = self.call(&y_true, y_pred).map_err(|error| error.context(format!("loss {}", self.name())))?;
        match sample_weight {
            Some(weights) if values.shape().rank() == 0 => values.mul(&weights.mean()?),
            Some(weights) => values.mul(&weights.reshape(fit_weights(weights.shape(), values.shape())?)?)?.mean(),
            None => values.mean(),
        }
    }

    /// The same where some rows do not count: `mask` is 1 where they do, and 0 where not. As in Keras, the mean is one over
    /// the rows that count.
    ///
    /// # Errors
    /// As [`mean`](Loss::mean).
    fn masked_mean(&self, y_true: &Var, y_pred: &Var, sample_weight: Option<&Var>, mask: Option<&Var>) -> Result<Var> {
        self.mean(y_true, y_pred, masked_weights(sample_weight, mask)?.as_ref())
    }
}

/// What [`compile`](crate::Model::compile) takes as a loss: a loss, or its name.
pub trait IntoLoss {
    /// The loss.
    ///
    /// # Errors
    /// A name that no loss has.
    fn into_loss(self) -> Result<Box<dyn Loss>>;
}

impl<L: Loss> IntoLoss for L {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        Ok(Box::new(self))
    }
}

impl IntoLoss for Box<dyn Loss> {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        Ok(self)
    }
}

impl IntoLoss for &str {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        from_config(self, Config::new())
    }
}

/// The losses of this crate by their classes and names, those without options first.
macro_rules! known {
    (
        $($plain_class:literal $plain:ident: $plain_name:literal $(| $plain_alias:literal)*;)+
        with options: $($class:literal $loss:ident: $name:literal $(| $alias:literal)*;)+
    ) => {
        /// The loss of a class, or of its name.
        pub(crate) fn from_config(class: &str, config: Config) -> Result<Box<dyn Loss>> {
            if config.get("reduction") == Some(&Value::Null) {
                return Err(Error::format(format!("{class} with reduction = null has no counterpart here"))
                    .hint("a loss is one number: expected is sum_over_batch_size"));
            }
            let config = without_idle(class, config, &idle(class))?;
            Ok(match class {
                $($plain_class | $plain_name $(| $plain_alias)* => Box::new(without_options::<$plain>(class, &config)?),)+
                $($class | $name $(| $alias)* => Box::new(crate::config::from_config::<$loss>(class, config)?),)+
                unknown => return Err(Error::unknown("loss", unknown, NAMES)),
            })
        }

        const NAMES: &[&str] = &[$($plain_name,)+ $($name),+];

        /// Whether a loss is one of this crate, whatever its class is called.
        fn is_own(loss: &dyn Loss) -> bool {
            let all = [$(TypeId::of::<$plain>(),)+ $(TypeId::of::<$loss>()),+];
            all.contains(&(loss as &dyn Any).type_id())
        }
    };
}

known! {
    "MeanSquaredError" MeanSquaredError: "mean_squared_error" | "mse" | "MSE";
    "MeanAbsoluteError" MeanAbsoluteError: "mean_absolute_error" | "mae" | "MAE";
    "MeanAbsolutePercentageError" MeanAbsolutePercentageError: "mean_absolute_percentage_error" | "mape" | "MAPE";
    "MeanSquaredLogarithmicError" MeanSquaredLogarithmicError: "mean_squared_logarithmic_error" | "msle" | "MSLE";
    "LogCosh" LogCosh: "log_cosh";
    "Poisson" Poisson: "poisson";
    "CosineSimilarity" CosineSimilarity: "cosine_similarity";
    "Hinge" Hinge: "hinge";
    "SquaredHinge" SquaredHinge: "squared_hinge";
    "CategoricalHinge" CategoricalHinge: "categorical_hinge";
    "KLDivergence" KlDivergence: "kl_divergence" | "kld" | "KLD";
    with options:
    "Huber" Huber: "huber";
    "BinaryCrossentropy" BinaryCrossentropy: "binary_crossentropy" | "bce" | "BCE";
    "CategoricalCrossentropy" CategoricalCrossentropy: "categorical_crossentropy";
    "SparseCategoricalCrossentropy" SparseCategoricalCrossentropy: "sparse_categorical_crossentropy";
    "BinaryFocalCrossentropy" BinaryFocalCrossentropy: "binary_focal_crossentropy";
    "CategoricalFocalCrossentropy" CategoricalFocalCrossentropy: "categorical_focal_crossentropy";
    "Dice" Dice: "dice";
    "Tversky" Tversky: "tversky";
}

/// A loss by its class and options.
pub(crate) fn describe(loss: &dyn Loss) -> Value {
    with_origin(loss.class_name(), loss.config(), is_own(loss))
}

/// What Keras writes beside the options, with the values that change nothing.
fn idle(class: &str) -> Vec<(&'static str, Value)> {
    let mut idle = vec![("reduction", json!("sum_over_batch_size")), ("axis", json!(-1)), ("ignore_class", Value::Null)];
    // Of these, the axes are an option.
    if ["Dice", "dice", "Tversky", "tversky"].contains(&class) {
        idle.retain(|(option, _)| *option != "axis");
    }
    idle
}

/// What [`compile`](crate::Model::compile) takes as losses: one for all outputs of the model, or one an output.
pub trait IntoLosses {
    /// The losses, and how much each counts in the total.
    ///
    /// # Errors
    /// A name that no loss has.
    fn into_losses(self) -> Result<Vec<(Box<dyn Loss>, f32)>>;
}

impl<L: IntoLoss> IntoLosses for L {
    fn into_losses(self) -> Result<Vec<(Box<dyn Loss>, f32)>> {
        Ok(vec![(self.into_loss()?, 1.0)])
    }
}

impl<const N: usize> IntoLosses for [&str; N] {
    fn into_losses(self) -> Result<Vec<(Box<dyn Loss>, f32)>> {
        self.into_iter().map(|name| Ok((name.into_loss()?, 1.0))).collect()
    }
}

/// A loss for each output of a model, each with its weight: Keras' `loss` and `loss_weights`.
///
/// ```
/// use practicum_core::losses::{Huber, Losses};
/// use practicum_core::prelude::*;
///
/// let input = Input::new([4]).symbol();
/// let outputs = [Dense::new(1).on(&input), Dense::new(3).activation(Activation::Softmax).on(&input)];
/// let mut model = Model::new(&input, outputs)?;
/// let losses =
///     Losses::new().output(Huber::default(), 1.0).output("sparse_categorical_crossentropy", 0.2);
/// model.compile("adam", losses, ())?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Losses(Vec<Result<(Box<dyn Loss>, f32)>>);

impl Losses {
    /// No loss yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The loss of the next output, and how much it counts in the total.
    #[must_use]
    pub fn output(mut self, loss: impl IntoLoss, weight: f32) -> Self {
        self.0.push(loss.into_loss().map(|loss| (loss, weight)));
        self
    }
}

impl IntoLosses for Losses {
    fn into_losses(self) -> Result<Vec<(Box<dyn Loss>, f32)>> {
        self.0.into_iter().collect()
    }
}

/// The weights of a loss, with a mask of the rows that count. As in Keras, what is left over is weighted so that the mean is
/// one over the rows that count.
fn masked_weights(weights: Option<&Var>, mask: Option<&Var>) -> Result<Option<Var>> {
    let Some(mask) = mask else { return Ok(weights.cloned()) };
    let share = mask.mean()?.maximum(&mask.tape().constant(crate::Tensor::scalar(f32::MIN_POSITIVE)))?;
    let mask = mask.div(&share)?;
    match weights {
        None => Ok(Some(mask)),
        Some(weights) => {
            let mut dims = weights.shape().to_vec();
            while dims.len() > 1 && dims.last() == Some(&1) && dims.len() > mask.shape().rank() {
                dims.pop();
            }
            dims.resize(dims.len().max(mask.shape().rank()), 1);
            Ok(Some(weights.reshape(Shape::new(&dims)?)?.mul(&mask)?))
        }
    }
}

/// Gives the weights as many axes as the losses have that they weigh.
fn fit_weights(weights: Shape, values: Shape) -> Result<Shape> {
    let mut dims = weights.to_vec();
    while dims.len() > 1 && dims.last() == Some(&1) {
        dims.pop();
    }
    if !values.starts_with(&dims) {
        return Err(Error::shape(format!(
            "sample_weight: expected one weight for each of the losses {values}, or one an example, got {weights}"
        )));
    }
    dims.resize(values.rank(), 1);
    Shape::new(&dims)
}

/// Gives the targets the shape that the loss wants: a last axis of size 1 is added or taken away where the other tensor
/// has it, and nothing else is stretched.
pub(crate) fn fit_targets(targets: Targets, y_true: Shape, y_pred: Shape) -> Result<Shape> {
    let wanted = match targets {
        Targets::Values => y_pred,
        Targets::Classes => Shape::of(&y_pred[..y_pred.rank().saturating_sub(1)]),
    };
    let squeezed = |shape: &Shape| match shape.split_last() {
        Some((1, rest)) => Shape::of(rest),
        _ => *shape,
    };
    if y_true == wanted || squeezed(&y_true) == wanted || y_true == squeezed(&wanted) {
        return Ok(wanted);
    }
    let what = if targets == Targets::Classes { "one class a row, " } else { "" };
    Err(Error::shape(format!("the model outputs {y_pred}: expected targets of shape {what}{wanted}, got {y_true}")).hint(match targets {
        Targets::Classes => "one-hot targets go with categorical_crossentropy",
        Targets::Values if y_true.rank() < y_pred.rank() && y_pred.last() > 1 => "class numbers go with sparse_categorical_crossentropy",
        Targets::Values => "the last layer's units must be as many as the targets of one example",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::{Tape, gradcheck};

    #[test]
    fn gradients() {
        let one_hot = Tensor::from([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        // A share of nothing is beyond what differences can tell.
        let positive = Tensor::from([[0.5, 0.4, 1.2], [2.0, 0.8, 1.0]]);
        let y_pred = Tensor::from([[0.6, 0.3, 0.2], [0.25, 0.45, 0.7]]);
        for name in NAMES.iter().copied().filter(|name| !name.starts_with("sparse")) {
            let y_true = if name.ends_with("percentage_error") { &positive } else { &one_hot };
            let loss = name.into_loss().unwrap();
            gradcheck(std::slice::from_ref(&y_pred), |y| loss.call(&y[0].tape().constant(y_true.clone()), &y[0]))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn losses_come_back_from_their_configuration() {
        for name in NAMES.iter().copied() {
            let loss = name.into_loss().unwrap();
            let again = from_config(loss.class_name(), loss.config()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{loss:?}"));
            assert_eq!(loss.name(), name);
        }
        let smooth = CategoricalCrossentropy::default().from_logits().label_smoothing(0.25);
        let again = from_config(smooth.class_name(), smooth.config()).unwrap();
        assert_eq!(format!("{again:?}"), format!("{smooth:?}"));
        let config = |text: &str| serde_json::from_str::<Config>(text).unwrap();
        let keras = r#"{"name": "huber", "reduction": "sum_over_batch_size", "delta": 2.0}"#;
        assert_eq!(format!("{:?}", from_config("Huber", config(keras)).unwrap()), format!("{:?}", Huber::new(2.0)));
        for (class, options, word) in
            [("Huber", r#"{"gamma": 1.0}"#, "gamma"), ("Poisson", r#"{"axis": 1}"#, "axis"), ("Hinge", r#"{"k": 1}"#, "k")]
        {
            let error = from_config(class, config(options)).unwrap_err();
            assert!(error.is_format() && error.to_string().contains(class) && error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn hinges_take_zeros_and_ones_for_signs() {
        let tape = Tape::new();
        let y_pred = tape.constant(Tensor::from([[0.5, -2.0, 0.25, 0.25]]));
        let [bits, signs] = [[[1.0, 0.0, 0.0, 0.0]], [[1.0, -1.0, -1.0, -1.0]]].map(|y| tape.constant(Tensor::from(y)));
        let value = |y: &Var| Hinge.call(y, &y_pred).unwrap().value().unwrap();
        assert_eq!(value(&bits), value(&signs));
        assert_eq!(value(&bits).as_slice(), [(0.5 + 1.25 + 1.25) / 4.0]);
    }

    #[test]
    fn weights_fit_examples_or_rows() {
        let values = Shape::from([3, 4]);
        for (given, fitted) in [(vec![3], [3, 1]), (vec![3, 1], [3, 1]), (vec![3, 4], [3, 4]), (vec![3, 4, 1], [3, 4])] {
            assert_eq!(fit_weights(Shape::new(&given).unwrap(), values).unwrap(), fitted.into());
        }
        for strange in [vec![4], vec![2, 4], vec![3, 3], vec![3, 4, 2]] {
            assert!(fit_weights(Shape::new(&strange).unwrap(), values).unwrap_err().is_shape());
        }
    }
}
