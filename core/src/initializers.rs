//! How parameters begin: Keras' initializers, drawn from the keyed stream.

mod json;

use std::fmt::Debug;
use std::sync::Arc;

pub(crate) use json::{Makers, with_makers};
use ndarray_rand::rand::distributions::Distribution;
use ndarray_rand::rand_distr::{Normal, Uniform};
use serde::{Deserialize, Serialize};

use crate::autodiff::{resize, zeros};
use crate::layers::Config;
use crate::rng::Key;
use crate::{Error, Result, Shape, Tensor};

/// The first values of a parameter.
///
/// `fan_in` and `fan_out` are the last two sizes of the shape, each times the sizes before them (1 for matrices, the
/// kernel's area for convolutions), as in Keras.
///
/// ```
/// use practicum_core::{initializers::Initializer, rng::Key};
///
/// let kernel = Initializer::GlorotUniform.draw(&[784, 128].into(), Key::new(42))?;
/// let limit = (6.0_f32 / (784.0 + 128.0)).sqrt();
/// assert!(kernel.as_slice().iter().all(|w| w.abs() <= limit));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Initializer {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// All the same.
    Constant {
        /// The value.
        value: f32,
    },
    /// Uniform in `[minval, maxval)`.
    RandomUniform {
        /// The smallest value.
        minval: f32,
        /// The bound above.
        maxval: f32,
    },
    /// Normal.
    RandomNormal {
        /// The mean.
        mean: f32,
        /// The standard deviation.
        stddev: f32,
    },
    /// Normal, drawn again where it is more than two standard deviations from the mean.
    TruncatedNormal {
        /// The mean.
        mean: f32,
        /// The standard deviation before truncation.
        stddev: f32,
    },
    /// Uniform in `±√(6 / (fan_in + fan_out))` (Glorot & Bengio, 2010): what kernels begin with where nothing else is said.
    #[default]
    GlorotUniform,
    /// Truncated normal of variance `2 / (fan_in + fan_out)`.
    GlorotNormal,
    /// Uniform in `±√(6 / fan_in)` (He et al., 2015).
    HeUniform,
    /// Truncated normal of variance `2 / fan_in`.
    HeNormal,
    /// Uniform in `±√(3 / fan_in)` (LeCun et al., 1998).
    LecunUniform,
    /// Truncated normal of variance `1 / fan_in`.
    LecunNormal,
    /// Of variance `scale / n`, where `n` is `fan_in`, `fan_out` or their mean: what all six before it are special cases of.
    VarianceScaling {
        /// What the variance is multiplied by, above 0.
        scale: f32,
        /// What the variance is divided by.
        mode: Fan,
        /// How the values are spread.
        distribution: Spread,
    },
    /// A matrix whose rows or columns, whichever are fewer, are orthonormal (Saxe et al., 2014), times `gain`.
    Orthogonal {
        /// What the orthonormal matrix is multiplied by.
        gain: f32,
    },
    /// The identity matrix times `gain`.
    Identity {
        /// What the diagonal holds.
        gain: f32,
    },
    /// One that is written outside of this crate: see [`Initializer::custom`].
    Custom(Arc<dyn Initialize>),
}

/// What the variance of [`Initializer::VarianceScaling`] is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fan {
    /// The number of inputs of a unit: `fan_in`.
    #[default]
    #[serde(rename = "fan_in")]
    In,
    /// The number of units that an input goes to: `fan_out`.
    #[serde(rename = "fan_out")]
    Out,
    /// The mean of the two: `fan_avg`.
    #[serde(rename = "fan_avg")]
    Mean,
}

/// How the values of [`Initializer::VarianceScaling`] are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Spread {
    /// Normal, drawn again beyond two standard deviations, and widened before so that the variance is kept.
    #[default]
    #[serde(alias = "normal")]
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform around 0.
    Uniform,
}

/// An initializer that is written outside of this crate.
///
/// ```
/// use practicum_core::initializers::{Initialize, Initializer};
/// use practicum_core::layers::{Config, Dense, Registry};
/// use practicum_core::prelude::*;
/// use practicum_core::rng::Key;
///
/// /// 0, 1, 2, … times a step.
/// #[derive(Debug)]
/// struct Ramp {
///     step: f32,
/// }
///
/// impl Initialize for Ramp {
///     fn class_name(&self) -> &'static str {
///         "Ramp"
///     }
///
///     fn config(&self) -> Config {
///         Config::from_iter([("step".to_owned(), self.step.into())])
///     }
///
///     fn draw(&self, shape: &Shape, _key: Key) -> Result<Tensor> {
///         Tensor::arange(shape.size())?.scale(self.step)?.reshape(*shape)
///     }
/// }
///
/// let layer = Dense::new(2).kernel_initializer(Initializer::custom(Ramp { step: 0.5 }));
/// let model = Sequential::new().add(Input::new([2])).add(layer);
/// assert_eq!(model.get_weights()[0].as_slice(), [0.0, 0.5, 1.0, 1.5]);
///
/// let registry = Registry::default().initializer("Ramp", |config| {
///     let step = config
///         .get("step")
///         .and_then(|step| step.as_f64())
///         .ok_or_else(|| Error::format("Ramp needs a step"))?;
///     Ok(Initializer::custom(Ramp { step: step as f32 }))
/// });
/// assert_eq!(Model::from_json_with(&model.to_json()?, &registry)?.get_weights(), model.get_weights());
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub trait Initialize: Debug + Send + Sync + 'static {
    /// The name it is saved by.
    fn class_name(&self) -> &'static str;

    /// Its options, such that what was registered for its class makes an equal one of them.
    fn config(&self) -> Config;

    /// Draws a parameter of the given shape. The same key draws the same values.
    ///
    /// # Errors
    /// A shape or an option that cannot be served.
    fn draw(&self, shape: &Shape, key: Key) -> Result<Tensor>;
}

/// The standard deviation of a unit normal that is drawn again beyond ±2.
const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

impl Initializer {
    /// The orthogonal initializer with Keras' gain of 1.
    pub const ORTHOGONAL: Self = Self::Orthogonal { gain: 1.0 };

    /// One that is written outside of this crate.
    pub fn custom(initializer: impl Initialize) -> Self {
        Self::Custom(Arc::new(initializer))
    }

    /// Draws a parameter of the given shape. The same key draws the same values.
    ///
    /// # Errors
    /// Bounds that are not finite or in the wrong order, or a shape that is no matrix where one is needed.
    pub fn draw(&self, shape: &Shape, key: Key) -> Result<Tensor> {
        let (fan_in, fan_out) = fans(shape);
        let uniform = |scale: f64| draw_uniform(shape, -((3.0 * scale).sqrt()), (3.0 * scale).sqrt(), key);
        let normal = |scale: f64| draw_truncated(shape, 0.0, scale.sqrt() / TRUNCATED_STDDEV, key);
        match self {
            Self::Zeros => Tensor::zeros(*shape),
            Self::Ones => Tensor::ones(*shape),
            Self::Constant { value } => Tensor::full(*shape, *value),
            Self::RandomUniform { minval, maxval } => draw_uniform(shape, (*minval).into(), (*maxval).into(), key),
            Self::RandomNormal { mean, stddev } => draw_normal(shape, (*mean).into(), (*stddev).into(), key),
            Self::TruncatedNormal { mean, stddev } => draw_truncated(shape, (*mean).into(), (*stddev).into(), key),
            Self::GlorotUniform => uniform(2.0 / (fan_in + fan_out)),
            Self::GlorotNormal => normal(2.0 / (fan_in + fan_out)),
            Self::HeUniform => uniform(2.0 / fan_in),
            Self::HeNormal => normal(2.0 / fan_in),
            Self::LecunUniform => uniform(1.0 / fan_in),
            Self::LecunNormal => normal(1.0 / fan_in),
            Self::VarianceScaling { scale, mode, distribution } => {
                if !(scale.is_finite() && *scale > 0.0) {
                    return Err(Error::argument(format!("the scale of VarianceScaling is above 0, got {scale}")));
                }
                let fan = match mode {
                    Fan::In => fan_in,
                    Fan::Out => fan_out,
                    Fan::Mean => (fan_in + fan_out) / 2.0,
                };
                let variance = f64::from(*scale) / fan.max(1.0);
                match distribution {
                    Spread::Uniform => uniform(variance),
                    Spread::TruncatedNormal => normal(variance),
                    Spread::UntruncatedNormal => draw_normal(shape, 0.0, variance.sqrt(), key),
                }
            }
            Self::Orthogonal { gain } => orthogonal(shape, *gain, key),
            Self::Identity { gain } => identity(shape, *gain),
            Self::Custom(custom) => {
                let drawn = custom.draw(shape, key)?;
                if drawn.shape() != *shape {
                    let error = Error::shape(format!("asked for {shape}, it drew {}", drawn.shape()));
                    return Err(error.context(custom.class_name()));
                }
                Ok(drawn)
            }
        }
    }
}

fn fans(shape: &Shape) -> (f64, f64) {
    match shape.dims() {
        [] => (1.0, 1.0),
        [size] => (*size as f64, *size as f64),
        [receptive @ .., input, output] => {
            let receptive: usize = receptive.iter().product();
            (((receptive * input) as f64).max(1.0), ((receptive * output) as f64).max(1.0))
        }
    }
}

/// Element by element in their order; an error where there is no room for them.
fn filled(shape: &Shape, mut element: impl FnMut(usize) -> f32) -> Result<Tensor> {
    let mut data = zeros(shape.size())?;
    data.iter_mut().enumerate().for_each(|(flat, value)| *value = element(flat));
    Tensor::new(*shape, data)
}

fn draw_uniform(shape: &Shape, low: f64, high: f64, key: Key) -> Result<Tensor> {
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Err(Error::argument(format!("a uniform initializer draws from [minval, maxval), got [{low}, {high})")));
    }
    let uniform = Uniform::new(low, high);
    let mut rng = key.rng();
    filled(shape, |_| uniform.sample(&mut rng) as f32)
}

fn draw_normal(shape: &Shape, mean: f64, stddev: f64, key: Key) -> Result<Tensor> {
    let normal = normal_distribution(mean, stddev)?;
    let mut rng = key.rng();
    filled(shape, |_| normal.sample(&mut rng) as f32)
}

fn normal_distribution(mean: f64, stddev: f64) -> Result<Normal<f64>> {
    if !(mean.is_finite() && stddev.is_finite() && stddev >= 0.0) {
        return Err(Error::argument(format!("a normal initializer needs a finite mean and stddev ≥ 0, got {mean} and {stddev}")));
    }
    Normal::new(mean, stddev).map_err(|source| Error::argument(format!("no normal distribution: {source}")))
}

fn draw_truncated(shape: &Shape, mean: f64, stddev: f64, key: Key) -> Result<Tensor> {
    normal_distribution(mean, stddev)?;
    let unit = normal_distribution(0.0, 1.0)?;
    let mut rng = key.rng();
    let mut draw = || loop {
        let value = unit.sample(&mut rng);
        if value.abs() <= 2.0 {
            return (mean + stddev * value) as f32;
        }
    };
    filled(shape, |_| draw())
}

fn identity(shape: &Shape, gain: f32) -> Result<Tensor> {
    let &[rows, columns] = shape.dims() else {
        return Err(Error::shape(format!("the identity initializer makes matrices, got the shape {shape}")));
    };
    filled(&Shape::new(&[rows, columns])?, |flat| if flat / columns == flat % columns { gain } else { 0.0 })
}

/// Gram–Schmidt, twice, on the rows or columns of a normal matrix: the Q of its QR decomposition with a positive diagonal
/// of R, which is what multiplying by the signs of R's diagonal gives.
fn orthogonal(shape: &Shape, gain: f32, key: Key) -> Result<Tensor> {
    if shape.rank() < 2 {
        return Err(Error::shape(format!("the orthogonal initializer needs two axes or more, got the shape {shape}")));
    }
    let (rows, columns) = (shape.rows(), shape.last());
    let (many, few) = (rows.max(columns), rows.min(columns));
    let mut data = zeros(shape.size())?;
    let unit = normal_distribution(0.0, 1.0)?;
    let mut rng = key.rng();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    while basis.len() < few {
        let mut vector: Vec<f64> = Vec::new();
        resize(&mut vector, many)?;
        vector.iter_mut().for_each(|value| *value = unit.sample(&mut rng));
        for _ in 0..2 {
            for other in &basis {
                let shared: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= shared * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        // A vector that lies in the span of the others tells nothing of its own direction: draw another.
        if norm > 1e-9 {
            vector.iter_mut().for_each(|a| *a /= norm);
            basis.push(vector);
        }
    }
    let at = |row: usize, column: usize| if rows >= columns { basis[column][row] } else { basis[row][column] };
    let element = |flat: usize| (at(flat / columns, flat % columns) * f64::from(gain)) as f32;
    data.iter_mut().enumerate().for_each(|(flat, value)| *value = element(flat));
    Tensor::new(*shape, data)
}
