//! How parameters begin: Keras' initializers, drawn from the keyed stream.

use ndarray_rand::rand::distributions::Distribution;
use ndarray_rand::rand_distr::{Normal, Uniform};
use serde::{Deserialize, Serialize};

use crate::autodiff::{resize, zeros};
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "class_name", content = "config")]
#[non_exhaustive]
pub enum Initializer {
    /// All 0.
    #[serde(with = "no_options")]
    Zeros,
    /// All 1.
    #[serde(with = "no_options")]
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
    #[serde(with = "no_options")]
    GlorotUniform,
    /// Truncated normal of variance `2 / (fan_in + fan_out)`.
    #[serde(with = "no_options")]
    GlorotNormal,
    /// Uniform in `±√(6 / fan_in)` (He et al., 2015).
    #[serde(with = "no_options")]
    HeUniform,
    /// Truncated normal of variance `2 / fan_in`.
    #[serde(with = "no_options")]
    HeNormal,
    /// Uniform in `±√(3 / fan_in)` (LeCun et al., 1998).
    #[serde(with = "no_options")]
    LecunUniform,
    /// Truncated normal of variance `1 / fan_in`.
    #[serde(with = "no_options")]
    LecunNormal,
    /// A matrix whose rows or columns, whichever are fewer, are orthonormal (Saxe et al., 2014), times `gain`.
    Orthogonal {
        /// What the orthonormal matrix is multiplied by.
        #[serde(default = "one")]
        gain: f32,
    },
    /// The identity matrix times `gain`.
    Identity {
        /// What the diagonal holds.
        #[serde(default = "one")]
        gain: f32,
    },
}

fn one() -> f32 {
    1.0
}

/// Keras writes a configuration for every initializer; in those without options are at most a seed and axes, which have
/// no meaning here.
mod no_options {
    use serde::de::{Deserialize, Deserializer, IgnoredAny};
    use serde::ser::{SerializeMap, Serializer};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| ())
    }
}

/// The standard deviation of a unit normal that is drawn again beyond ±2.
const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

impl Initializer {
    /// The orthogonal initializer with Keras' gain of 1.
    pub const ORTHOGONAL: Self = Self::Orthogonal { gain: 1.0 };

    /// Draws a parameter of the given shape. The same key draws the same values.
    ///
    /// # Errors
    /// Bounds that are not finite or in the wrong order, or a shape that is no matrix where one is needed.
    pub fn draw(&self, shape: &Shape, key: Key) -> Result<Tensor> {
        let (fan_in, fan_out) = fans(shape);
        let uniform = |scale: f64| draw_uniform(shape, -((3.0 * scale).sqrt()), (3.0 * scale).sqrt(), key);
        let normal = |scale: f64| draw_truncated(shape, 0.0, scale.sqrt() / TRUNCATED_STDDEV, key);
        match *self {
            Self::Zeros => Tensor::zeros(*shape),
            Self::Ones => Tensor::ones(*shape),
            Self::Constant { value } => Tensor::full(*shape, value),
            Self::RandomUniform { minval, maxval } => draw_uniform(shape, minval.into(), maxval.into(), key),
            Self::RandomNormal { mean, stddev } => {
                let normal = normal_distribution(mean.into(), stddev.into())?;
                let mut rng = key.rng();
                filled(shape, |_| normal.sample(&mut rng) as f32)
            }
            Self::TruncatedNormal { mean, stddev } => draw_truncated(shape, mean.into(), stddev.into(), key),
            Self::GlorotUniform => uniform(2.0 / (fan_in + fan_out)),
            Self::GlorotNormal => normal(2.0 / (fan_in + fan_out)),
            Self::HeUniform => uniform(2.0 / fan_in),
            Self::HeNormal => normal(2.0 / fan_in),
            Self::LecunUniform => uniform(1.0 / fan_in),
            Self::LecunNormal => normal(1.0 / fan_in),
            Self::Orthogonal { gain } => orthogonal(shape, gain, key),
            Self::Identity { gain } => identity(shape, gain),
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
