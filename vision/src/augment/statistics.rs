//! What a generator learns of its pictures before it changes them: means, deviations, and the whitening matrix.

use linfa_linalg::svd::SVD;
use practicum_core::ndarray::{Array2, Axis};
use practicum_core::{Error, Result};

/// More numbers a picture would make a matrix of more than a gigabyte.
const MAX_WHITENED: usize = 12_288;

#[derive(Clone, Debug, Default)]
pub(super) struct Statistics {
    /// One a channel.
    pub(super) mean: Option<Vec<f32>>,
    pub(super) std: Option<Vec<f32>>,
    pub(super) whitening: Option<Array2<f32>>,
}

/// What is wanted.
pub(super) struct Wanted {
    pub(super) mean: bool,
    pub(super) std: bool,
    /// The ε of the whitening.
    pub(super) whitening: Option<f64>,
}

/// Statistics of pictures of one size, one after the other in `x`.
pub(super) fn measure(mut x: Vec<f32>, pictures: usize, channels: usize, wanted: &Wanted) -> Result<Statistics> {
    let mut found = Statistics::default();
    if wanted.mean {
        let mean = means(&x, channels, |value, _| value);
        x.chunks_exact_mut(channels).for_each(|pixel| pixel.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean));
        found.mean = Some(mean);
    }
    if wanted.std {
        let mean = means(&x, channels, |value, _| value);
        let variance = means(&x, channels, |value, channel| (value - f64::from(mean[channel])).powi(2));
        let std: Vec<f32> = variance.into_iter().map(f32::sqrt).collect();
        x.chunks_exact_mut(channels).for_each(|pixel| pixel.iter_mut().zip(&std).for_each(|(value, std)| *value /= std + 1e-6));
        found.std = Some(std);
    }
    if let Some(epsilon) = wanted.whitening {
        found.whitening = Some(whitening(&x, pictures, epsilon)?);
    }
    Ok(found)
}

/// The mean of each channel.
fn means(x: &[f32], channels: usize, of: impl Fn(f64, usize) -> f64) -> Vec<f32> {
    let mut sums = vec![0.0; channels];
    for pixel in x.chunks_exact(channels) {
        for (channel, (sum, value)) in sums.iter_mut().zip(pixel).enumerate() {
            *sum += of(f64::from(*value), channel);
        }
    }
    sums.into_iter().map(|sum| (sum / (x.len() / channels) as f64) as f32).collect()
}

/// U · diag(√n / (s + ε)) · Uᵀ of the singular value decomposition Xᵀ = U s Vᵀ, X one picture a row.
fn whitening(x: &[f32], pictures: usize, epsilon: f64) -> Result<Array2<f32>> {
    let size = x.len() / pictures;
    if size > MAX_WHITENED {
        let message = format!("zca_whitening of pictures of {size} numbers takes a matrix of {size} × {size}: {MAX_WHITENED} is the most");
        return Err(Error::argument(message).hint("whiten smaller pictures"));
    }
    let columns = Array2::from_shape_fn((size, pictures), |(index, picture)| f64::from(x[picture * size + index]));
    let failed = |cause: linfa_linalg::LinalgError| Error::numeric(format!("zca_whitening: {cause}")).source(cause);
    let (u, s, _) = columns.svd(true, false).map_err(failed)?;
    let u = u.ok_or_else(|| Error::numeric("zca_whitening: no singular vectors"))?;
    let mut scaled = u.clone();
    for (mut column, s) in scaled.axis_iter_mut(Axis(1)).zip(&s) {
        column *= (pictures as f64).sqrt() / (s + epsilon);
    }
    Ok(scaled.dot(&u.t()).mapv(|value| value as f32))
}
