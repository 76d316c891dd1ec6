use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::autodiff::{Var, resize};
use crate::data::IntoData;
use crate::initializers::Initializer;
use crate::{Error, PartialShape, Result, Shape, Tensor};

/// What is divided by at least, where all data are the same.
const SMALLEST: f32 = 1e-7;

/// Shifts and scales features to mean 0 and variance 1, by numbers that are known before training: `y = (x − mean) / √variance`.
///
/// The numbers come from data ([`adapt`](Normalization::adapt)), or are given. Each index of `axis`, which may be several,
/// has its own; without axes ([`all_axes`](Normalization::all_axes)) there is one for all.
///
/// Parameters, none of them trainable, where the numbers are not given: `mean` (zeros), `variance` (ones), and a `count` that
/// Keras' files hold.
///
/// ```
/// use practicum_core::{
///     Sequential, Tensor,
///     layers::{Input, Normalization},
/// };
///
/// let ages_and_heights = Tensor::from([[20.0, 1.5], [40.0, 1.9], [60.0, 1.7]]);
/// let mut normalization = Normalization::new();
/// normalization.adapt(&ages_and_heights)?;
/// let model = Sequential::new().add(Input::new([2])).add(normalization);
/// assert!(model.predict(&Tensor::from([[40.0, 1.7]]))?.is_close(
///     &Tensor::from([[0.0, 0.0]]),
///     1e-5,
///     0.0
/// ));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Normalization {
    axis: Axes,
    mean: Option<Numbers>,
    variance: Option<Numbers>,
    invert: bool,
    /// Mean and variance of the data that the layer was adapted to.
    #[serde(skip)]
    adapted: Option<[Tensor; 2]>,
    #[serde(skip)]
    weights: [Weight; 2],
}

/// One number for all, or one for each index of the last of the axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Numbers {
    One(f32),
    Each(Vec<f32>),
}

impl Numbers {
    pub(super) fn as_slice(&self) -> &[f32] {
        match self {
            Self::One(number) => std::slice::from_ref(number),
            Self::Each(numbers) => numbers,
        }
    }
}

impl Default for Normalization {
    fn default() -> Self {
        Self { axis: Axes::LAST.into(), mean: None, variance: None, invert: false, adapted: None, weights: [Weight::default(); 2] }
    }
}

impl Normalization {
    /// The layer for the last axis.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Normalization", config)?))
    }

    /// The axes each of whose indices has its own mean and variance.
    #[must_use]
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }

    /// One mean and one variance for all numbers: Keras' `axis=None`.
    #[must_use]
    pub fn all_axes(self) -> Self {
        self.axis(Vec::new())
    }

    /// Means and variances that are known: one number each, or one for each index of the last of the axes.
    #[must_use]
    pub fn mean_and_variance(mut self, mean: impl Into<Vec<f32>>, variance: impl Into<Vec<f32>>) -> Self {
        (self.mean, self.variance) = (Some(Numbers::Each(mean.into())), Some(Numbers::Each(variance.into())));
        self
    }

    /// Whether the layer goes the way back: `y = mean + x·√variance`.
    #[must_use]
    pub fn invert(mut self, invert: bool) -> Self {
        self.invert = invert;
        self
    }

    /// Takes mean and variance of data, before the layer is added to a model. Sums are made in `f64`.
    ///
    /// # Errors
    /// Data without the axes or without examples; mean and variance are given already.
    pub fn adapt(&mut self, data: impl IntoData) -> Result<()> {
        if self.mean.is_some() || self.variance.is_some() {
            return Err(Error::state("mean and variance are given: there is nothing to adapt"));
        }
        let data = data.into_data()?.to_tensor()?;
        if data.is_empty() {
            return Err(Error::data(format!("there are no numbers to adapt to: the data have the shape {}", data.shape())));
        }
        let axes = self.axis.of(data.rank())?;
        let kept: Vec<usize> = axes.iter().map(|axis| data.shape()[*axis]).collect();
        let shape = Shape::new(&kept)?;
        let place = places(&data.shape(), &axes);
        let share = shape.size() as f64 / data.len() as f64;
        let mean_of = |value: &dyn Fn(f64, usize) -> f64| -> Result<Vec<f64>> {
            let mut means = Vec::new();
            resize(&mut means, shape.size())?;
            data.as_slice().iter().enumerate().for_each(|(flat, x)| means[place(flat)] += share * value(f64::from(*x), place(flat)));
            Ok(means)
        };
        let means = mean_of(&|x, _| x)?;
        let variances = mean_of(&|x, place| (x - means[place]).powi(2))?;
        let tensor = |numbers: &[f64]| Tensor::new(shape, numbers.iter().map(|number| *number as f32).collect());
        self.adapted = Some([tensor(&means)?, tensor(&variances)?]);
        Ok(())
    }

    /// The given mean and variance, where they are given.
    fn given(&self, sizes: &[usize]) -> Result<Option<[Tensor; 2]>> {
        let (mean, variance) = match (&self.mean, &self.variance) {
            (Some(mean), Some(variance)) => (mean.as_slice(), variance.as_slice()),
            (None, None) => return Ok(None),
            _ => return Err(Error::argument("mean and variance are given together, or neither")),
        };
        let last = sizes.last().copied().unwrap_or(1);
        let tensor = |name: &str, numbers: &[f32]| match numbers.len() {
            1 => Ok(Tensor::scalar(numbers[0])),
            len if len == last => Tensor::new([last], numbers.to_vec()),
            len => Err(Error::shape(format!("expected 1 or {last} numbers in {name}, got {len}"))),
        };
        Ok(Some([tensor("mean", mean)?, tensor("variance", variance)?]))
    }

    /// Numbers of the sizes of the axes, in a shape that meets the input's.
    fn spread(&self, numbers: &Var, x: Shape) -> Result<Var> {
        let axes = self.axis.of(x.rank())?;
        // Given numbers may be fewer than the axes: they belong to the last of these.
        let sizes = numbers.shape();
        let own = &axes[axes.len() - sizes.rank().min(axes.len())..];
        let first = own.first().copied().unwrap_or(x.rank());
        let mut dims = vec![1; x.rank() - first];
        own.iter().zip(sizes.iter()).for_each(|(axis, size)| dims[axis - first] = *size);
        numbers.reshape(Shape::new(&dims)?)
    }
}

/// For each element of a shape, its index among those of some axes.
fn places<'a>(shape: &Shape, axes: &'a [usize]) -> impl Fn(usize) -> usize + 'a {
    let shape = *shape;
    let inner: Vec<usize> = axes.iter().map(|axis| shape[axis + 1..].iter().product()).collect();
    move |flat| axes.iter().zip(&inner).fold(0, |place, (axis, inner)| place * shape[*axis] + flat / inner % shape[*axis])
}

impl Layer for Normalization {
    class!("Normalization");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let sizes = self.axis.sizes(input)?;
        if self.given(&sizes)?.is_some() {
            return Ok(input.clone());
        }
        let spec = |name: &str, initializer: Initializer| WeightSpec::new(name, &sizes).initializer(initializer).trainable(false);
        let specs = [spec("mean", Initializer::Zeros), spec("variance", Initializer::Ones)];
        self.weights = match &self.adapted {
            None => [cx.weight(specs[0].clone())?, cx.weight(specs[1].clone())?],
            Some(adapted) if *adapted[0].shape() == sizes[..] => {
                let [mean, variance] = specs;
                [cx.weight(mean.value(adapted[0].clone()))?, cx.weight(variance.value(adapted[1].clone()))?]
            }
            Some([mean, _]) => {
                return Err(Error::shape(format!(
                    "the layer was adapted to data with {} on its axes, got an input of shape {input}",
                    mean.shape()
                )));
            }
        };
        cx.weight(WeightSpec::new("count", &[]).initializer(Initializer::Zeros).trainable(false))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let sizes: Vec<usize> = self.axis.of(x.shape().rank())?.into_iter().map(|axis| x.shape()[axis]).collect();
        let [mean, variance] = match self.given(&sizes)? {
            Some(given) => given.map(|numbers| cx.constant(numbers)),
            None => [cx.weight(self.weights[0])?, cx.weight(self.weights[1])?],
        };
        let mean = self.spread(&mean, x.shape())?;
        let deviation = self.spread(&variance, x.shape())?.sqrt()?.maximum(&cx.constant(Tensor::scalar(SMALLEST)))?;
        if self.invert { x.mul(&deviation)?.add(&mean) } else { x.sub(&mean)?.div(&deviation) }
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_variances_are_those_of_the_kept_axes() {
        let data = Tensor::arange(24).unwrap().reshape([2, 3, 4]).unwrap();
        let mut layer = Normalization::new().axis([1, 2]);
        layer.adapt(&data).unwrap();
        let [mean, variance] = layer.adapted.unwrap();
        assert_eq!(mean, data.mean_axis(0).unwrap());
        assert_eq!(variance, Tensor::full([3, 4], 36.0).unwrap());
        let mut layer = Normalization::new().axis(1);
        layer.adapt(&data).unwrap();
        assert_eq!(layer.adapted.unwrap()[0], Tensor::from([7.5, 11.5, 15.5]));
        let mut layer = Normalization::new().all_axes();
        layer.adapt(&data).unwrap();
        assert!((layer.adapted.unwrap()[0].item().unwrap() - 11.5).abs() < 1e-5);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert!(Normalization::new().adapt(Tensor::zeros([0, 2]).unwrap()).unwrap_err().is_data());
        assert!(Normalization::new().mean_and_variance([1.0], [2.0]).adapt(Tensor::ones([2, 2]).unwrap()).unwrap_err().is_state());
        let model = crate::Sequential::new().add(super::super::Input::new([3]));
        let error = model.add(Normalization::new().mean_and_variance([1.0, 2.0], [1.0, 1.0])).output_shape().unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("1 or 3 numbers"), "{error}");
    }
}
