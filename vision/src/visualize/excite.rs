use image::RgbImage;
use practicum_core::rng::{DEFAULT_SEED, Key};
use practicum_core::{Error, Model, Result, Tensor};

use super::{check_map_layer, picture_of};

/// Looks for the picture that one filter of a layer answers most strongly, by gradient ascent (Erhan, Bengio, Courville &
/// Vincent, *Visualizing higher-layer features of a deep network*, 2009).
///
/// From noise around mid-grey, each step adds the gradient of the mean of the filter's map, divided by its root mean square,
/// times `rate`; the picture is smoothed a little and stays within 0 and 1, where pictures are.
///
/// ```
/// use practicum_core::Sequential;
/// use practicum_vision::architectures::Convnet;
/// use practicum_vision::visualize::Excite;
///
/// let model = Convnet::new([24, 24, 3], &[4, 4], 8).build(Sequential::new())?;
/// let found = Excite::new().steps(10).filter(&model, "conv2d_1", 2)?;
/// assert!(found.after() >= found.before());
/// assert_eq!(found.picture()?.dimensions(), (24, 24));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Excite {
    steps: usize,
    rate: f32,
    smooth: f32,
    seed: u64,
}

/// What [`Excite`] found.
#[derive(Clone, Debug)]
pub struct Excitement {
    picture: Tensor,
    before: f32,
    after: f32,
}

impl Excite {
    /// Forty steps of 0.05 from noise around mid-grey.
    pub fn new() -> Self {
        Self { steps: 40, rate: 0.05, smooth: 0.1, seed: DEFAULT_SEED }
    }

    /// How many steps to take.
    #[must_use]
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// How much a typical pixel changes in one step.
    #[must_use]
    pub fn rate(mut self, rate: f32) -> Self {
        self.rate = rate;
        self
    }

    /// Which part of a pixel is taken from its four neighbours after each step, from 0 to 1.
    #[must_use]
    pub fn smooth(mut self, share: f32) -> Self {
        self.smooth = share;
        self
    }

    /// Where the noise begins.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The picture for filter `channel` of the layer.
    ///
    /// # Errors
    /// A layer without maps or with fewer filters, a model that does not take one picture, or options outside their range.
    pub fn filter(&self, model: &Model, layer: &str, channel: usize) -> Result<Excitement> {
        let valid = self.rate > 0.0 && self.rate.is_finite() && (0.0..=1.0).contains(&self.smooth);
        if !valid {
            let (rate, smooth) = (self.rate, self.smooth);
            return Err(Error::argument(format!("expected a rate above 0 and a smoothing from 0 to 1, got {rate} and {smooth}")));
        }
        let (part, channels) = up_to_maps(model, layer, channel)?;
        let dims = input_dims(model)?;
        let mut picture = self.noise(dims, channels)?;
        let mut answers = Vec::with_capacity(self.steps + 1);
        for _ in 0..self.steps {
            let tape = part.tape();
            let x = tape.variable(picture.clone());
            let answer = part.call(&x, false)?.output.index(3, channel)?.mean()?;
            answers.push(answer.value()?.item()?);
            picture = self.step(&picture, &answer.backward()?.of(&x)?, dims)?;
        }
        let after = part.predict(&picture)?.index(3, channel)?.mean()?.item()?;
        let before = answers.first().copied().unwrap_or(after);
        Ok(Excitement { picture: picture.reshape(dims)?, before, after })
    }

    fn noise(&self, [height, width, channels]: [usize; 3], purpose: usize) -> Result<Tensor> {
        let key = Key::new(self.seed).fold_str("excite").fold(purpose as u64);
        let mut values = vec![0.0; height * width * channels];
        key.fill_uniform(&mut values);
        values.iter_mut().for_each(|value| *value = 0.5 + 0.1 * (*value - 0.5));
        Tensor::new([1, height, width, channels], values)
    }

    fn step(&self, picture: &Tensor, gradient: &Tensor, dims: [usize; 3]) -> Result<Tensor> {
        let square: f64 = gradient.as_slice().iter().map(|g| f64::from(*g).powi(2)).sum::<f64>() / gradient.len().max(1) as f64;
        if square == 0.0 {
            // Nothing the filter sees would change its answer.
            return Ok(picture.clone());
        }
        let scale = self.rate / square.sqrt() as f32;
        let moved: Vec<f32> = picture.as_slice().iter().zip(gradient.as_slice()).map(|(x, g)| (x + g * scale).clamp(0.0, 1.0)).collect();
        Tensor::new(picture.shape(), smoothed(&moved, dims, self.smooth))
    }
}

impl Default for Excite {
    fn default() -> Self {
        Self::new()
    }
}

impl Excitement {
    /// The picture [height, width, channels], from 0 to 1.
    pub fn tensor(&self) -> &Tensor {
        &self.picture
    }

    /// The mean of the filter's map for the noise at the beginning.
    pub fn before(&self) -> f32 {
        self.before
    }

    /// The mean of the filter's map for the picture.
    pub fn after(&self) -> f32 {
        self.after
    }

    /// The picture with its contrast stretched: mean at mid-grey, four standard deviations from black to white.
    ///
    /// # Errors
    /// A picture of more than 65,536 pixels a side.
    pub fn picture(&self) -> Result<RgbImage> {
        let [height, width, channels] = super::dims_of(&self.picture)?;
        let values = self.picture.as_slice();
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let deviation = (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count).sqrt();
        let factor = if deviation > 0.0 { 64.0 / deviation } else { 0.0 };
        picture_of(height, width, |y, x| {
            let pixel = &values[(y * width + x) * channels..][..channels];
            image::Rgb(
                [0, 1, 2].map(|c| super::byte(((f64::from(pixel[if channels < 3 { 0 } else { c }]) - mean) * factor) as f32 + 127.5)),
            )
        })
    }
}

/// The pictures [count, height, width, channels] that filter `channel` of the layer answers most strongly, strongest first:
/// index and the mean of the filter's map, at most `count` of them.
///
/// # Errors
/// A layer without maps or with fewer filters, or pictures that do not fit the model.
pub fn strongest(model: &Model, layer: &str, channel: usize, pictures: &Tensor, count: usize) -> Result<Vec<(usize, f32)>> {
    let (part, _) = up_to_maps(model, layer, channel)?;
    let maps = part.predict(pictures)?;
    let shape = maps.shape();
    let &[pictures, height, width, channels] = shape.dims() else { return Err(Error::state(format!("layer `{layer}` lost its maps"))) };
    let (size, values) = (height * width * channels, maps.as_slice());
    let mut answers: Vec<(usize, f32)> = (0..pictures)
        .map(|picture| {
            let map = values[picture * size..][..size].iter().skip(channel).step_by(channels);
            (picture, (map.map(|v| f64::from(*v)).sum::<f64>() / (height * width).max(1) as f64) as f32)
        })
        .collect();
    answers.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    answers.truncate(count);
    Ok(answers)
}

/// The part of a model up to a layer that has such a channel, and how many it has.
fn up_to_maps(model: &Model, layer: &str, channel: usize) -> Result<(Model, usize)> {
    check_map_layer(model, layer)?;
    let channels = model.get_layer(layer)?.output_shape().and_then(|shape| shape.dims()[3]).unwrap_or(0);
    if channel >= channels {
        return Err(Error::argument(format!("layer `{layer}` has {channels} filters, counted from 0: there is no {channel}")));
    }
    Ok((model.up_to(&[layer])?, channels))
}

/// The picture that a model takes.
fn input_dims(model: &Model) -> Result<[usize; 3]> {
    let shapes = model.input_shapes()?;
    let sides: Option<Vec<usize>> = shapes.first().and_then(|shape| shape.dims().iter().skip(1).copied().collect());
    let dims = sides.filter(|_| shapes.len() == 1).and_then(|sides| <[usize; 3]>::try_from(sides).ok());
    dims.ok_or_else(|| Error::argument(format!("`{}` does not take one picture [height, width, channels] of a known size", model.name())))
}

/// A share of every pixel from its four neighbours; the borders have themselves beyond.
fn smoothed(values: &[f32], [height, width, channels]: [usize; 3], share: f32) -> Vec<f32> {
    let at = |y: usize, x: usize, c: usize| values[(y * width + x) * channels + c];
    let mut out = Vec::with_capacity(values.len());
    for y in 0..height {
        for x in 0..width {
            let (up, down) = (y.saturating_sub(1), (y + 1).min(height - 1));
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            for c in 0..channels {
                let around = 0.25 * (at(up, x, c) + at(down, x, c) + at(y, left, c) + at(y, right, c));
                out.push(at(y, x, c) * (1.0 - share) + around * share);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use practicum_core::prelude::*;

    use super::*;

    /// Filter 0 likes channel 0 bright and channel 1 dark, filter 1 the opposite.
    fn model() -> Sequential {
        let mut model = Sequential::new().add(Input::new([6, 5, 2])).add(Conv2D::new(2, 1)).add(Flatten::new()).add(Dense::new(1));
        model.set_weight("conv2d/kernel", Tensor::new([1, 1, 2, 2], vec![1.0, -1.0, -1.0, 1.0]).unwrap()).unwrap();
        model
    }

    #[test]
    fn the_picture_is_what_the_filter_likes() {
        let found = Excite::new().filter(&model(), "conv2d", 0).unwrap();
        assert!(found.before().abs() < 0.1 && found.after() > 0.99, "{} → {}", found.before(), found.after());
        let (bright, dark) = (found.tensor().index(2, 0).unwrap(), found.tensor().index(2, 1).unwrap());
        assert!(bright.as_slice().iter().all(|v| *v > 0.98) && dark.as_slice().iter().all(|v| *v < 0.02));
        let again = Excite::new().filter(&model(), "conv2d", 0).unwrap();
        assert_eq!(again.tensor(), found.tensor());
    }

    #[test]
    fn the_strongest_pictures_come_first() {
        let pictures = Tensor::new([3, 6, 5, 2], (0..180).map(|i| [0.1, 0.7, 0.4][i / 60] * ((i + 1) % 2) as f32).collect()).unwrap();
        let found = strongest(&model(), "conv2d", 0, &pictures, 2).unwrap();
        assert_eq!(found.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2]);
        assert!((found[0].1 - 0.7).abs() < 1e-6);
        assert_eq!(strongest(&model(), "conv2d", 1, &pictures, 9).unwrap()[0].0, 0);
    }

    #[test]
    fn what_cannot_be_looked_for_is_named() {
        let model = model();
        assert!(Excite::new().filter(&model, "conv2d", 2).unwrap_err().to_string().contains("2 filters, counted from 0"));
        assert!(Excite::new().filter(&model, "dense", 0).unwrap_err().is_argument());
        assert!(Excite::new().rate(0.0).filter(&model, "conv2d", 0).unwrap_err().is_argument());
        assert!(Excite::new().smooth(2.0).filter(&model, "conv2d", 0).unwrap_err().is_argument());
    }
}
