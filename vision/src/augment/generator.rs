//! Keras' `ImageDataGenerator`: what is drawn for a picture, and what is done to it.

use std::fmt::{self, Debug};
use std::sync::Arc;

use practicum_core::ndarray::{Array3, ArrayView3, ArrayView4};
use practicum_core::rng::{DEFAULT_SEED, Key};
use practicum_core::{Error, Result};

use super::apply::{self, Scratch};
use super::statistics::{Statistics, Wanted, measure};
use super::transform::{ShiftRange, Transform, uniform};
use super::warp::FillMode;
use crate::picture::Channel;

/// A function of a picture of floats [height, width, channels] that keeps its shape.
pub type Preprocess = dyn Fn(Array3<f32>) -> Result<Array3<f32>> + Send + Sync;

/// Draws a random transform for each picture and brings its numbers to the scale that a model wants, with the arguments
/// of Keras' `ImageDataGenerator`.
///
/// For each picture, in this order: rotation, shift, shear and zoom about the middle as one map; a shift of channels;
/// flips; brightness; then `preprocessing_function`, `rescale`, centring and dividing, whitening. So what changes a
/// picture works on numbers from 0 to 255, whatever `rescale` says.
///
/// A picture's transform depends on the seed, the epoch and the picture's index alone: not on workers, batches or order.
///
/// ```
/// use practicum_core::ndarray::Array4;
/// use practicum_core::prelude::*;
/// use practicum_vision::augment::ImageDataGenerator;
/// use practicum_vision::datasets::LabeledImages;
///
/// let pixels = Array4::from_shape_fn((8, 12, 12, 3), |(i, y, x, _)| (i * 20 + y * x) as u8);
/// let set = LabeledImages::new(pixels, vec![0, 1, 0, 1, 0, 1, 0, 1], ["low", "high"])?;
/// let generator = ImageDataGenerator::new()
///     .rescale(1.0 / 255.0)
///     .rotation_range(40.0)
///     .width_shift_range(0.2)
///     .height_shift_range(0.2)
///     .shear_range(0.2)
///     .zoom_range(0.2)
///     .horizontal_flip(true);
/// let mut batches = generator.flow(&set)?.batch_size(4);
///
/// let mut model = Sequential::new().add(Flatten::new()).add(Dense::new(2).activation("softmax"));
/// model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
/// let history = model.fit(&mut batches, (), Fit::new().epochs(2).quiet())?;
/// assert_eq!(history.epochs().len(), 2);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone)]
pub struct ImageDataGenerator {
    rotation_range: f64,
    width_shift_range: ShiftRange,
    height_shift_range: ShiftRange,
    shear_range: f64,
    zoom_range: (f64, f64),
    channel_shift_range: f64,
    brightness_range: Option<(f64, f64)>,
    horizontal_flip: bool,
    vertical_flip: bool,
    pub(super) fill_mode: FillMode,
    pub(super) cval: f32,
    pub(super) order: u8,
    pub(super) rescale: Option<f32>,
    pub(super) samplewise_center: bool,
    pub(super) samplewise_std_normalization: bool,
    featurewise_center: bool,
    featurewise_std_normalization: bool,
    zca_whitening: bool,
    zca_epsilon: f64,
    pub(super) preprocessing: Option<Arc<Preprocess>>,
    pub(crate) validation_split: f64,
    pub(crate) augment_validation: bool,
    pub(crate) seed: u64,
    pub(super) statistics: Statistics,
}

impl Default for ImageDataGenerator {
    fn default() -> Self {
        Self::new()
    }
}

impl Debug for ImageDataGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageDataGenerator").finish_non_exhaustive()
    }
}

/// Builder methods that set a field of the same name.
macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident: $type:ty),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name.into();
            self
        })+
    };
}

impl ImageDataGenerator {
    /// A generator that leaves pictures as they are.
    pub fn new() -> Self {
        Self {
            rotation_range: 0.0,
            width_shift_range: ShiftRange::None,
            height_shift_range: ShiftRange::None,
            shear_range: 0.0,
            zoom_range: (1.0, 1.0),
            channel_shift_range: 0.0,
            brightness_range: None,
            horizontal_flip: false,
            vertical_flip: false,
            fill_mode: FillMode::Nearest,
            cval: 0.0,
            order: 1,
            rescale: None,
            samplewise_center: false,
            samplewise_std_normalization: false,
            featurewise_center: false,
            featurewise_std_normalization: false,
            zca_whitening: false,
            zca_epsilon: 1e-6,
            preprocessing: None,
            validation_split: 0.0,
            augment_validation: false,
            seed: DEFAULT_SEED,
            statistics: Statistics::default(),
        }
    }

    arguments! {
        /// Degrees: a rotation from (−range, range).
        rotation_range: f64,
        /// A shift along the columns: below 1.0 a fraction of the width, from 1.0 on pixels; a whole number means whole
        /// pixels; a list means one of its numbers, with either sign.
        width_shift_range: impl Into<ShiftRange>,
        /// A shift along the rows, as [`width_shift_range`](Self::width_shift_range). Recent Keras takes columns and rows
        /// for each other here.
        height_shift_range: impl Into<ShiftRange>,
        /// Degrees, so that the 0.2 of many examples is next to nothing.
        shear_range: f64,
        /// A channel shift from (−range, range), in the picture's numbers.
        channel_shift_range: f64,
        /// Least and greatest factor of the brightness: 1.0 is the picture's own.
        brightness_range: (f64, f64),
        /// Left becomes right for every other picture.
        horizontal_flip: bool,
        /// Top becomes bottom for every other picture.
        vertical_flip: bool,
        /// What is seen beyond the edge.
        fill_mode: FillMode,
        /// The number beyond the edge, for [`FillMode::Constant`].
        cval: f32,
        /// A factor of all numbers after the transform: `1.0 / 255.0`.
        rescale: f32,
        /// Subtracts each picture's own mean.
        samplewise_center: bool,
        /// Divides each picture by its own standard deviation (+ 10⁻⁶).
        samplewise_std_normalization: bool,
        /// Subtracts the mean of each channel over the pictures of [`fit`](Self::fit).
        featurewise_center: bool,
        /// Divides by the standard deviation of each channel over the pictures of [`fit`](Self::fit) (+ 10⁻⁶).
        featurewise_std_normalization: bool,
        /// Takes away what neighbouring pixels have in common in the pictures of [`fit`](Self::fit).
        zca_whitening: bool,
        /// Added to the singular values before whitening divides by them: 10⁻⁶ unless set.
        zca_epsilon: f64,
        /// The fraction of the pictures that the validation subset takes.
        validation_split: f64,
        /// Whether the validation subset is transformed at random, too, as Keras does: no, unless it is asked for.
        augment_validation: bool,
        /// What the draws depend on, beside epoch and index.
        seed: u64,
    }

    /// A factor for rows and another for columns from (1 − range, 1 + range), or from the two numbers of a pair: above 1,
    /// the picture becomes smaller.
    #[must_use]
    pub fn zoom_range(mut self, range: impl Into<ZoomRange>) -> Self {
        self.zoom_range = range.into().0;
        self
    }

    /// How pixels between pixels are found: 1, on straight lines, or 0, the nearest.
    #[must_use]
    pub fn interpolation_order(mut self, order: u8) -> Self {
        self.order = order;
        self
    }

    /// A function of each picture after its transform, before `rescale`.
    #[must_use]
    pub fn preprocessing_function(mut self, function: impl Fn(Array3<f32>) -> Result<Array3<f32>> + Send + Sync + 'static) -> Self {
        self.preprocessing = Some(Arc::new(function));
        self
    }

    /// Refuses arguments outside of their range.
    pub(crate) fn check(&self) -> Result<()> {
        let ranges = [
            ("rotation_range", vec![self.rotation_range]),
            ("width_shift_range", self.width_shift_range.numbers()),
            ("height_shift_range", self.height_shift_range.numbers()),
            ("shear_range", vec![self.shear_range]),
            ("zoom_range", vec![self.zoom_range.0, self.zoom_range.1]),
            ("channel_shift_range", vec![self.channel_shift_range]),
            ("brightness_range", self.brightness_range.map(|range| vec![range.0, range.1]).unwrap_or_default()),
        ];
        for (name, values) in ranges {
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(Error::argument(format!("{name} must be finite, got {value}")));
            }
        }
        if self.zoom_range.0 <= 0.0 || self.zoom_range.1 <= 0.0 {
            let (low, high) = self.zoom_range;
            return Err(Error::argument(format!("zoom_range must be above 0, got factors from {low} to {high}")));
        }
        if self.brightness_range.is_some_and(|(low, high)| low < 0.0 || high < 0.0) {
            return Err(Error::argument("brightness_range must be 0 or more"));
        }
        if !(0.0..1.0).contains(&self.validation_split) {
            return Err(Error::argument(format!("validation_split must be from 0 to below 1, got {}", self.validation_split)));
        }
        if self.order > 1 {
            return Err(Error::argument(format!("interpolation_order must be 0 or 1, got {}", self.order)));
        }
        self.check_fitted()
    }

    fn check_fitted(&self) -> Result<()> {
        let lacking = [
            ("featurewise_center", self.featurewise_center && self.statistics.mean.is_none()),
            ("featurewise_std_normalization", self.featurewise_std_normalization && self.statistics.std.is_none()),
            ("zca_whitening", self.zca_whitening && self.statistics.whitening.is_none()),
        ];
        match lacking.into_iter().find(|(_, lacks)| *lacks) {
            Some((name, _)) => Err(Error::state(format!("{name} needs to know the pictures")).hint("call `fit` with some of them first")),
            None => Ok(()),
        }
    }

    /// Learns what `featurewise_center`, `featurewise_std_normalization` and `zca_whitening` need of pictures
    /// [count, height, width, channels], after `rescale`.
    ///
    /// ```
    /// use practicum_core::ndarray::{Array3, Array4};
    /// use practicum_vision::augment::ImageDataGenerator;
    ///
    /// let mut generator = ImageDataGenerator::new().featurewise_center(true);
    /// generator.fit(Array4::from_elem((2, 3, 3, 1), 40_u8).view())?;
    /// let centred = generator.standardize(Array3::from_elem((3, 3, 1), 100.0))?;
    /// assert_eq!(centred[[0, 0, 0]], 60.0);
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// No pictures; pictures too large to be whitened.
    pub fn fit<T: Channel>(&mut self, pictures: ArrayView4<'_, T>) -> Result<()> {
        self.fit_augmented(pictures, 0)
    }

    /// Like [`fit`](Self::fit), on `rounds` random transforms of each picture (Keras' `augment=True`).
    ///
    /// # Errors
    /// As [`fit`](Self::fit); more transforms than memory holds.
    pub fn fit_augmented<T: Channel>(&mut self, pictures: ArrayView4<'_, T>, rounds: usize) -> Result<()> {
        let (count, height, width, channels) = pictures.dim();
        if pictures.is_empty() {
            return Err(Error::data(format!("there are no pictures to fit to: got the shape {:?}", pictures.shape())));
        }
        let rescale = self.rescale.unwrap_or(1.0);
        let mut x = Vec::new();
        let room = pictures.len().checked_mul(rounds.max(1)).filter(|room| x.try_reserve_exact(*room).is_ok());
        if room.is_none() {
            let message = format!("no memory for {rounds} transforms of {count} pictures of {height} × {width} × {channels} numbers");
            return Err(Error::argument(message).hint("fit to fewer pictures, or in fewer rounds"));
        }
        if rounds == 0 {
            x.extend(pictures.iter().map(|value| value.to_f32() * rescale));
        }
        let key = self.key().fold_str("fit");
        for round in 0..rounds {
            for (index, picture) in pictures.outer_iter().enumerate() {
                let transform = self.draw(height, width, key.fold(round as u64).fold(index as u64));
                let rescaled = picture.mapv(|value| value.to_f32() * rescale);
                x.extend(self.apply_transform(rescaled.view(), &transform)?);
            }
        }
        let wanted = Wanted {
            mean: self.featurewise_center,
            std: self.featurewise_std_normalization,
            whitening: self.zca_whitening.then_some(self.zca_epsilon),
        };
        self.statistics = measure(x, count * rounds.max(1), channels, &wanted)?;
        Ok(())
    }

    fn key(&self) -> Key {
        Key::new(self.seed).fold_str("augment")
    }

    /// The transform of the picture with this index in this epoch, for pictures of `height` × `width` pixels.
    ///
    /// ```
    /// use practicum_vision::augment::ImageDataGenerator;
    ///
    /// let generator = ImageDataGenerator::new().rotation_range(40.0);
    /// let first = generator.random_transform((150, 150), 0, 7);
    /// assert!(first.theta.abs() < 40.0);
    /// assert_eq!(first, generator.random_transform((150, 150), 0, 7));
    /// assert_ne!(first, generator.random_transform((150, 150), 1, 7));
    /// ```
    pub fn random_transform(&self, (height, width): (usize, usize), epoch: usize, index: usize) -> Transform {
        self.draw(height, width, self.key().fold(epoch as u64).fold(index as u64))
    }

    fn draw(&self, height: usize, width: usize, key: Key) -> Transform {
        let mut rng = key.rng();
        let symmetric = |rng: &mut _, range: f64| if range == 0.0 { 0.0 } else { uniform(rng, -range, range) };
        let theta = symmetric(&mut rng, self.rotation_range);
        let tx = self.height_shift_range.draw(height, &mut rng);
        let ty = self.width_shift_range.draw(width, &mut rng);
        let shear = symmetric(&mut rng, self.shear_range);
        let (low, high) = self.zoom_range;
        let [zx, zy] = if (low, high) == (1.0, 1.0) { [1.0; 2] } else { [(); 2].map(|()| uniform(&mut rng, low, high)) };
        let [horizontal, vertical] = [(); 2].map(|()| uniform(&mut rng, 0.0, 1.0) < 0.5);
        let shifted = self.channel_shift_range != 0.0;
        let channel_shift_intensity = shifted.then(|| symmetric(&mut rng, self.channel_shift_range));
        let brightness = self.brightness_range.map(|(low, high)| uniform(&mut rng, low, high));
        let (flip_horizontal, flip_vertical) = (horizontal && self.horizontal_flip, vertical && self.vertical_flip);
        Transform { theta, tx, ty, shear, zx, zy, flip_horizontal, flip_vertical, channel_shift_intensity, brightness }
    }

    /// What a transform makes of a picture, in the picture's numbers.
    ///
    /// ```
    /// use practicum_core::ndarray::array;
    /// use practicum_vision::augment::{ImageDataGenerator, Transform};
    ///
    /// let picture = array![[[1.0], [2.0]], [[3.0], [4.0]]];
    /// let turned = Transform { theta: 90.0, ..Transform::default() };
    /// let seen = ImageDataGenerator::new().apply_transform(picture.view(), &turned)?;
    /// assert_eq!(seen, array![[[3.0], [1.0]], [[4.0], [2.0]]]);
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// A picture without pixels; an argument of the generator outside of its range.
    pub fn apply_transform(&self, picture: ArrayView3<'_, f32>, transform: &Transform) -> Result<Array3<f32>> {
        let (height, width, channels) = picture.dim();
        if picture.is_empty() {
            return Err(Error::shape(format!("a picture of shape [{height}, {width}, {channels}] has no pixels")));
        }
        let mut out = Array3::zeros((height, width, channels));
        let standard = picture.as_standard_layout();
        if let (Some(pixels), Some(out)) = (standard.as_slice(), out.as_slice_mut()) {
            apply::transform(self, pixels, [height, width, channels], transform, &mut Scratch::default(), out);
        }
        Ok(out)
    }

    /// Brings a picture's numbers to the scale that was asked for: everything but the random transform.
    ///
    /// # Errors
    /// The statistics that are asked for are of other pictures, or were never taken; an error of the
    /// `preprocessing_function`.
    pub fn standardize(&self, picture: Array3<f32>) -> Result<Array3<f32>> {
        self.check_fitted()?;
        let (height, width, channels) = picture.dim();
        let mut numbers: Vec<f32> = picture.into_iter().collect();
        apply::standardize(self, &mut numbers, [height, width, channels])?;
        Array3::from_shape_vec((height, width, channels), numbers).map_err(|cause| Error::shape(cause.to_string()).source(cause))
    }
}

/// Least and greatest zoom: a number z means 1 − z to 1 + z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoomRange((f64, f64));

macro_rules! zooms {
    ($($float:ty),+) => {
        $(impl From<$float> for ZoomRange {
            fn from(range: $float) -> Self {
                Self((1.0 - f64::from(range), 1.0 + f64::from(range)))
            }
        }

        impl From<($float, $float)> for ZoomRange {
            fn from((low, high): ($float, $float)) -> Self {
                Self((low.into(), high.into()))
            }
        })+
    };
}
zooms!(f32, f64);

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::Array4;

    use super::*;

    #[test]
    fn more_transforms_than_memory_holds_are_refused() {
        let mut generator = ImageDataGenerator::new().featurewise_center(true);
        let pictures = Array4::from_elem((2, 3, 3, 1), 40_u8);
        for rounds in [usize::MAX, usize::MAX / 64] {
            let error = generator.fit_augmented(pictures.view(), rounds).unwrap_err();
            assert!(error.is_argument() && error.to_string().contains(&rounds.to_string()), "{error}");
        }
    }
}
