use image::{GrayImage, Luma};
use practicum_core::{Error, Model, Result, Tensor};

use super::{batch_of_one, byte, map_layers, picture_of};
use crate::picture::Sheet;

/// What one layer makes of one picture: a map for each of its channels.
#[derive(Clone, Debug)]
pub struct FeatureMaps {
    layer: String,
    /// [height, width, channels]
    maps: Tensor,
}

/// What each layer with maps makes of one picture [height, width, channels], in the model's order.
///
/// The course leaves the first convolution out; here it comes first, and `[1..]` leaves it out.
///
/// # Errors
/// A model that is not built or has no layer with maps, or a picture of another shape than the model's.
pub fn feature_maps(model: &Model, picture: &Tensor) -> Result<Vec<FeatureMaps>> {
    let layers = map_layers(model)?;
    let names: Vec<&str> = layers.iter().map(String::as_str).collect();
    let outputs = model.up_to(&names)?.predict_all(&batch_of_one(picture)?)?;
    layers.into_iter().zip(outputs).map(|(layer, output)| Ok(FeatureMaps { layer, maps: output.squeeze(0)? })).collect()
}

impl FeatureMaps {
    /// The maps of a layer of that name: a tensor [height, width, channels].
    ///
    /// # Errors
    /// Another number of axes, or one of length 0.
    pub fn new(layer: impl Into<String>, maps: Tensor) -> Result<Self> {
        let dims = super::dims_of(&maps)?;
        if dims.contains(&0) {
            return Err(Error::shape(format!("maps without pixels: {}", maps.shape())));
        }
        Ok(Self { layer: layer.into(), maps })
    }

    /// The layer's name.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// How many maps there are.
    pub fn channels(&self) -> usize {
        self.dims()[2]
    }

    /// The numbers themselves: [height, width, channels].
    pub fn maps(&self) -> &Tensor {
        &self.maps
    }

    /// The channels whose map is the same everywhere for this picture: after a ReLU, those that say nothing. A map of one pixel
    /// says nothing if it is 0.
    pub fn silent(&self) -> Vec<usize> {
        let says = |channel: usize| match self.maps.len() == self.channels() {
            true => self.numbers(channel).any(|value| value != 0.0),
            false => self.deviation(channel).1 != 0.0,
        };
        (0..self.channels()).filter(|channel| !says(*channel)).collect()
    }

    /// The course's strip: all maps side by side, height × (width·channels).
    ///
    /// Each map is standardized by itself: minus its mean, divided by its standard deviation (of all its numbers, divided by
    /// n), times 64, plus 128, cut to 0…255 and down to a whole number. A map that is the same everywhere is 128; the course's
    /// code divides by zero there. The course shows it in [`Viridis`](super::Colormap::Viridis).
    ///
    /// # Errors
    /// A strip of more than 65,536 pixels.
    pub fn strip(&self) -> Result<GrayImage> {
        let [height, width, channels] = self.dims();
        let maps: Vec<Vec<u8>> = (0..channels).map(|channel| self.standardized(channel)).collect();
        picture_of(height, width.saturating_mul(channels), |y, x| Luma([maps[x / width][y * width + x % width]]))
    }

    /// The same maps in rows of `columns`, each enlarged to about `side` pixels, on black.
    ///
    /// # Errors
    /// No columns, or a grid that is larger than a picture may be.
    pub fn grid(&self, columns: usize, side: usize) -> Result<GrayImage> {
        let [height, width, channels] = self.dims();
        let maps: Vec<u8> = (0..channels).flat_map(|channel| self.standardized(channel)).collect();
        let maps = practicum_core::ndarray::Array3::from_shape_vec((channels, height, width), maps)
            .map_err(|cause| Error::shape(cause.to_string()).source(cause))?;
        let sheet = Sheet::new(columns.min(channels)).background(0);
        sheet.scale((side / height.max(width)).max(1)).grey(maps.outer_iter())
    }

    /// One map from its least (black) to its greatest number (white).
    ///
    /// # Errors
    /// No such channel.
    pub fn channel(&self, channel: usize) -> Result<GrayImage> {
        let [height, width, channels] = self.dims();
        if channel >= channels {
            return Err(Error::argument(format!("layer `{}` has {channels} channels, counted from 0: there is no {channel}", self.layer)));
        }
        let (low, high) = self.numbers(channel).fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let factor = if high > low { 255.0 / (high - low) } else { 0.0 };
        let pixels: Vec<u8> = self.numbers(channel).map(|value| byte((value - low) * factor)).collect();
        picture_of(height, width, |y, x| Luma([pixels[y * width + x]]))
    }

    fn dims(&self) -> [usize; 3] {
        let dims = self.maps.shape();
        [dims.dims()[0], dims.dims()[1], dims.dims()[2]]
    }

    fn numbers(&self, channel: usize) -> impl Iterator<Item = f32> + '_ {
        self.maps.as_slice().iter().skip(channel).step_by(self.channels()).copied()
    }

    /// Mean and standard deviation of a map.
    fn deviation(&self, channel: usize) -> (f64, f64) {
        let count = self.maps.len() as f64 / self.channels() as f64;
        let mean = self.numbers(channel).map(f64::from).sum::<f64>() / count;
        let square = self.numbers(channel).map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
        // A map of one value has a mean that may be off by a rounding.
        let same = self.numbers(channel).next().is_none_or(|first| self.numbers(channel).all(|value| value == first));
        (mean, if same { 0.0 } else { square.sqrt() })
    }

    fn standardized(&self, channel: usize) -> Vec<u8> {
        let (mean, deviation) = self.deviation(channel);
        let shade = |value: f32| if deviation == 0.0 { 128.0 } else { (f64::from(value) - mean) / deviation * 64.0 + 128.0 };
        // The cast cuts to 0…255 and rounds down, as the course does.
        self.numbers(channel).map(|value| shade(value) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::prelude::*;

    use super::*;

    /// Two maps of 2 × 3: one rises, the other is the same everywhere.
    fn maps() -> FeatureMaps {
        let values = (0..6).flat_map(|i| [i as f32, 0.1]).collect();
        FeatureMaps::new("conv", Tensor::new([2, 3, 2], values).unwrap()).unwrap()
    }

    #[test]
    fn strips_are_those_of_the_course() {
        let strip = maps().strip().unwrap();
        assert_eq!(strip.dimensions(), (6, 2));
        // Mean 2.5, deviation √(35/12) = 1.7078: 128 + 64·(i − 2.5)/1.7078, rounded down.
        assert_eq!(strip.into_raw(), [34, 71, 109, 128, 128, 128, 146, 184, 221, 128, 128, 128]);
    }

    #[test]
    fn far_values_are_cut_and_silent_channels_told() {
        let mut values = vec![0.0; 100];
        values[7] = 50.0;
        let maps = FeatureMaps::new("conv", Tensor::new([10, 10, 1], values).unwrap()).unwrap();
        assert_eq!(maps.strip().unwrap().into_raw()[7], 255);
        assert!(maps.silent().is_empty());
        assert_eq!(self::maps().silent(), [1]);
    }

    #[test]
    fn grids_and_single_maps() {
        let grid = maps().grid(8, 12).unwrap();
        assert_eq!(grid.dimensions(), (2 * 12 + 3 * 2, 2 * 4 + 2 * 2));
        assert_eq!(maps().channel(0).unwrap().into_raw(), [0, 51, 102, 153, 204, 255]);
        assert_eq!(maps().channel(1).unwrap().into_raw(), [0; 6]);
        assert!(maps().channel(2).unwrap_err().is_argument());
        assert!(FeatureMaps::new("conv", Tensor::zeros([2, 2]).unwrap()).is_err());
    }

    #[test]
    fn a_model_s_layers_come_in_its_order() {
        let model = crate::architectures::Convnet::new([12, 14, 1], &[3, 2], 4).build(Sequential::new()).unwrap();
        let picture = Tensor::full([12, 14, 1], 0.5).unwrap();
        let maps = feature_maps(&model, &picture).unwrap();
        let found: Vec<(&str, Vec<usize>)> = maps.iter().map(|maps| (maps.layer(), maps.maps().shape().dims().to_vec())).collect();
        let expected = [("conv2d", [10, 12, 3]), ("max_pooling2d", [5, 6, 3]), ("conv2d_1", [3, 4, 2]), ("max_pooling2d_1", [1, 2, 2])];
        assert_eq!(found, expected.map(|(name, shape)| (name, shape.to_vec())));
        assert!(feature_maps(&model, &Tensor::zeros([1, 12, 14, 1]).unwrap()).unwrap_err().is_shape());
        let dense = Sequential::new().add(Input::new([3])).add(Dense::new(2));
        assert!(feature_maps(&dense, &picture).unwrap_err().is_argument());
    }
}
