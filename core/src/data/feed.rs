//! What a model is given to learn from, to be evaluated on or to predict for.

use super::{BatchSource, Data, Dataset, Examples, IntoArrays};
use crate::{Error, Result};

/// What a model is fed with.
#[non_exhaustive]
pub enum Feed<'a> {
    /// Arrays, one an input.
    Arrays(Vec<Data>),
    /// Batches, which bring their targets and weights along.
    Source(Box<dyn BatchSource + 'a>),
}

/// What [`fit`](crate::Model::fit), [`evaluate`](crate::Model::evaluate) and [`predict`](crate::Model::predict) take for `x`.
///
/// - Arrays: whatever is [`IntoArrays`]; the targets are `y`.
/// - A [`Dataset`] of batches, by reference or by value, or any other [`BatchSource`], by mutable reference or by value. The
///   batches bring their targets, so `y` is `()`.
///
/// `Kind` only tells these cases apart; it is never written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be data for a model",
    note = "arrays of numbers can, `Data`, `Tensor`, a `Dataset` of batches, and any `BatchSource` by `&mut`"
)]
pub trait IntoFeed<'a, Kind> {
    /// The arrays or the batches.
    ///
    /// # Errors
    /// As [`IntoData::into_data`](super::IntoData::into_data).
    fn into_feed(self) -> Result<Feed<'a>>;
}

/// Marks what is fed as arrays.
#[derive(Debug)]
pub enum OfArrays {}

/// Marks what is fed by a source of batches.
#[derive(Debug)]
pub enum OfBatches {}

/// Marks what is fed by a pipeline that stays the caller's.
#[derive(Debug)]
pub enum OfDataset {}

impl<'a, A: IntoArrays> IntoFeed<'a, OfArrays> for A {
    fn into_feed(self) -> Result<Feed<'a>> {
        Ok(Feed::Arrays(self.into_arrays()?))
    }
}

impl<'a, S: BatchSource + 'a> IntoFeed<'a, OfBatches> for S {
    fn into_feed(self) -> Result<Feed<'a>> {
        Ok(Feed::Source(Box::new(self)))
    }
}

impl<'a, T: Examples + Send + 'static> IntoFeed<'a, OfDataset> for &Dataset<T> {
    fn into_feed(self) -> Result<Feed<'a>> {
        Ok(Feed::Source(Box::new(self.clone())))
    }
}

/// Refuses targets beside a source, which brings its own.
pub(crate) fn no_targets(y: impl IntoArrays) -> Result<()> {
    if y.into_arrays()?.is_empty() {
        return Ok(());
    }
    Err(Error::argument("y is given beside a source, whose batches bring their own targets").hint("give `()` for y"))
}

#[cfg(test)]
mod tests {
    use crate::data::{ArraySource, BatchSource};
    use crate::prelude::*;

    fn line() -> (Tensor, Vec<f64>) {
        (Tensor::from([[0.0], [1.0], [2.0], [3.0]]), vec![1.0, 3.0, 5.0, 7.0])
    }

    fn neuron() -> Sequential {
        let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
        model.compile(Sgd::new(0.1), "mse", ()).unwrap();
        model
    }

    #[test]
    fn arrays_pipelines_and_sources_go_in_by_the_same_method() {
        let (x, y) = line();
        let options = || Fit::new().epochs(3).batch_size(2).shuffle(false).quiet();
        let pipeline = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(2);
        let source = || ArraySource::new(&x, &y, 2).unwrap();
        let mut models: [Sequential; 6] = std::array::from_fn(|_| neuron());
        let (mut mine, mut boxed): (_, Box<dyn BatchSource>) = (source(), Box::new(source()));
        let histories = [
            models[0].fit(&x, &y, options()),
            models[1].fit(&pipeline, (), options()),
            models[2].fit(pipeline.clone(), (), options()),
            models[3].fit(pipeline.clone(), (), options()),
            models[4].fit(&mut mine, (), options()),
            models[5].fit(&mut boxed, (), options()),
        ];
        let losses = histories.map(|history| history.unwrap().get("loss").map(<[f64]>::to_vec));
        assert!(losses[0].is_some() && losses.iter().all(|loss| *loss == losses[0]), "{losses:?}");

        let (by_arrays, by_batches) = (models[0].predict(&x).unwrap(), models[1].predict(&pipeline).unwrap());
        assert_eq!(by_arrays, by_batches);
        assert_eq!(by_arrays, models[2].predict(source()).unwrap());
        assert_eq!(models[0].evaluate(&pipeline, ()).unwrap(), models[0].evaluate(source(), ()).unwrap());
        assert_eq!(models[0].evaluate(source().take_batches(1), ()).unwrap(), models[0].evaluate(x.rows(0..2).unwrap(), &y[..2]).unwrap());
    }

    #[test]
    fn targets_beside_batches_are_refused() {
        let (x, y) = line();
        let pipeline = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(2);
        let errors = [neuron().fit(&pipeline, &y, Fit::new().quiet()).unwrap_err(), neuron().evaluate(&pipeline, &y).unwrap_err()];
        for error in errors {
            assert!(error.is_argument() && error.to_string().contains("give `()` for y"), "{error}");
        }
        let error = neuron().fit(&x, (), Fit::new().quiet()).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("give y beside x"), "{error}");
    }
}
