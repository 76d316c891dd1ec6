//! Labelled pictures of one size, with any number of channels, and the names of their classes.

use std::fmt::{self, Debug};
use std::sync::Arc;

use practicum_core::data::Data;
use practicum_core::ndarray::{Array3, Array4, ArrayView3, ArrayView4, Axis};
use practicum_core::{Error, Result};

/// Pictures of one size, the class of each, and the names of the classes.
///
/// Pixels are bytes, [count, height, width, channels], as they come from files; a batch turns them into floats. Every
/// label is an index into the class names.
///
/// ```
/// use practicum_core::ndarray::Array4;
/// use practicum_vision::datasets::LabeledImages;
///
/// // Three red, green and blue pictures of 8 × 6 pixels.
/// let pixels = Array4::from_shape_fn((3, 8, 6, 3), |(i, _, _, c)| if i == c { 255 } else { 0 });
/// let set = LabeledImages::new(pixels, vec![1, 0, 1], ["cool", "warm"])?;
/// assert_eq!((set.len(), set.height(), set.width(), set.channels()), (3, 8, 6, 3));
/// assert_eq!(set.class_of(2), Some("warm"));
/// assert_eq!(set.count_by_class(), [1, 2]);
///
/// let (x, y) = set.to_data()?;
/// let x = x.scaled(1.0 / 255.0); // ready for `fit`
/// assert_eq!((x.shape().dims(), y.shape().dims()), ([3, 8, 6, 3].as_slice(), [3].as_slice()));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct LabeledImages {
    images: Array4<u8>,
    labels: Vec<u32>,
    class_names: Arc<[String]>,
}

impl LabeledImages {
    /// Pictures [count, height, width, channels], a label for each, and the name of every class.
    ///
    /// # Errors
    /// A shape error when there is not one label a picture; a data error for a label without a name, or for a name that
    /// comes twice.
    pub fn new(images: Array4<u8>, labels: Vec<u32>, class_names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        let class_names: Arc<[String]> = class_names.into_iter().map(Into::into).collect();
        let count = images.dim().0;
        if labels.len() != count {
            return Err(Error::shape(format!("expected {count} labels, one a picture, got {}", labels.len())));
        }
        if let Some((index, label)) = labels.iter().enumerate().find(|(_, label)| **label as usize >= class_names.len()) {
            let message = format!("label {label} at index {index}: there are {} classes", class_names.len());
            return Err(Error::data(message).hint("labels count from 0; name every class"));
        }
        if let Some((index, name)) = class_names.iter().enumerate().find(|(index, name)| class_names[..*index].contains(name)) {
            return Err(Error::data(format!("class {index} is called `{name}`, as is another one: names must differ")));
        }
        let images = if images.is_standard_layout() { images } else { images.as_standard_layout().into_owned() };
        Ok(Self { images, labels, class_names })
    }

    /// Grey pictures [count, height, width]: a set with one channel.
    ///
    /// ```
    /// use practicum_core::ndarray::Array3;
    /// use practicum_vision::datasets::LabeledImages;
    ///
    /// let set = LabeledImages::from_grey(Array3::zeros((2, 28, 28)), vec![0, 1], ["even", "odd"])?;
    /// assert_eq!(set.images().dim(), (2, 28, 28, 1));
    /// assert_eq!(set.grey()?.dim(), (2, 28, 28));
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_grey(images: Array3<u8>, labels: Vec<u32>, class_names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        Self::new(images.insert_axis(Axis(3)), labels, class_names)
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows of a picture.
    pub fn height(&self) -> usize {
        self.images.dim().1
    }

    /// Columns of a picture.
    pub fn width(&self) -> usize {
        self.images.dim().2
    }

    /// Numbers a pixel: 1 for grey, 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.images.dim().3
    }

    /// All pictures, [count, height, width, channels].
    pub fn images(&self) -> ArrayView4<'_, u8> {
        self.images.view()
    }

    /// All pixels, picture by picture, row by row, the channels of a pixel together.
    pub fn pixels(&self) -> &[u8] {
        self.images.as_slice().unwrap_or_default()
    }

    /// All pictures of a grey set, [count, height, width].
    ///
    /// # Errors
    /// A shape error when there are several channels.
    pub fn grey(&self) -> Result<ArrayView3<'_, u8>> {
        if self.channels() != 1 {
            return Err(Error::shape(format!("expected grey pictures, one channel, got {} channels", self.channels())));
        }
        Ok(self.images.index_axis(Axis(3), 0))
    }

    /// One picture, [height, width, channels]; `None` beyond the last.
    pub fn picture(&self, index: usize) -> Option<ArrayView3<'_, u8>> {
        (index < self.len()).then(|| self.images.index_axis(Axis(0), index))
    }

    /// The class of each picture: an index into [`class_names`](Self::class_names).
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The name of class `i` stands at index `i`.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The name of a picture's class; `None` beyond the last picture.
    pub fn class_of(&self, index: usize) -> Option<&str> {
        self.labels.get(index).map(|label| self.class_names[*label as usize].as_str())
    }

    /// How many pictures each class has.
    pub fn count_by_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_names.len()];
        for label in &self.labels {
            counts[*label as usize] += 1;
        }
        counts
    }

    /// The pictures at these indices, in this order.
    ///
    /// ```
    /// use practicum_core::ndarray::Array3;
    /// use practicum_vision::datasets::LabeledImages;
    ///
    /// let pixels = Array3::from_shape_fn((3, 1, 1), |(i, _, _)| i as u8);
    /// let set = LabeledImages::from_grey(pixels, vec![0, 1, 0], ["a", "b"])?;
    /// let turned = set.select(&[2, 1])?;
    /// assert_eq!((turned.pixels(), turned.labels()), ([2, 1].as_slice(), [0, 1].as_slice()));
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// A data error for an index beyond the last picture.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        if let Some(index) = indices.iter().find(|index| **index >= self.len()) {
            return Err(Error::data(format!("there is no picture {index}: the set has {}", self.len())));
        }
        let labels = indices.iter().map(|index| self.labels[*index]).collect();
        Ok(Self { images: self.images.select(Axis(0), indices), labels, class_names: self.class_names.clone() })
    }

    /// The pixels, [count, height, width, channels] in bytes, and the labels, as a model is fitted with them.
    ///
    /// # Errors
    /// More pictures than data may have.
    pub fn to_data(&self) -> Result<(Data, Data)> {
        self.clone().into_data()
    }

    /// The same as [`to_data`](Self::to_data), without a copy of the pixels.
    ///
    /// # Errors
    /// More pictures than data may have.
    pub fn into_data(self) -> Result<(Data, Data)> {
        let labels: Vec<i32> = self.labels.into_iter().map(u32::cast_signed).collect();
        Ok((Data::new(self.images)?, Data::new(labels)?))
    }
}

impl Debug for LabeledImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.images.shape();
        f.debug_struct("LabeledImages").field("shape", &shape).field("class_names", &self.class_names).finish_non_exhaustive()
    }
}

/// Pictures to learn from and pictures to be judged by, of one size and of the same classes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ImageDataset {
    /// Pictures to fit.
    pub train: LabeledImages,
    /// Pictures to evaluate; none of them stands in `train`.
    pub test: LabeledImages,
}

impl ImageDataset {
    /// The two halves of a data set.
    ///
    /// ```
    /// use practicum_core::ndarray::Array3;
    /// use practicum_vision::datasets::{ImageDataset, LabeledImages};
    ///
    /// let part = |class| LabeledImages::from_grey(Array3::zeros((1, 4, 4)), vec![0], [class]);
    /// assert!(ImageDataset::new(part("cats")?, part("cats")?).is_ok());
    /// assert!(ImageDataset::new(part("cats")?, part("dogs")?).is_err());
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// A data error when the classes differ; a shape error when the pictures differ in size or channels.
    pub fn new(train: LabeledImages, test: LabeledImages) -> Result<Self> {
        if train.class_names != test.class_names {
            let (train, test) = (train.class_names.join(", "), test.class_names.join(", "));
            return Err(Error::data(format!("the classes differ: train has {train}, test has {test}")));
        }
        let size = |part: &LabeledImages| [part.height(), part.width(), part.channels()];
        if size(&train) != size(&test) {
            let (train, test) = (size(&train), size(&test));
            return Err(Error::shape(format!("the pictures differ in shape: train has {train:?}, test has {test:?}")));
        }
        Ok(Self { train, test })
    }

    /// The name of class `i` stands at index `i`.
    pub fn class_names(&self) -> &[String] {
        self.train.class_names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_together_is_named() {
        let pixels = || Array4::<u8>::zeros((2, 3, 4, 3));
        let error = LabeledImages::new(pixels(), vec![0], ["a"]).unwrap_err();
        assert!(error.is_shape() && error.to_string() == "expected 2 labels, one a picture, got 1", "{error}");
        let error = LabeledImages::new(pixels(), vec![0, 7], ["a"]).unwrap_err();
        assert!(error.is_data() && error.to_string().starts_with("label 7 at index 1: there are 1 classes"), "{error}");
        let error = LabeledImages::new(pixels(), vec![0, 1], ["a", "a"]).unwrap_err();
        assert!(error.to_string().starts_with("class 1 is called `a`"), "{error}");
        let set = LabeledImages::new(pixels(), vec![0, 1], ["a", "b"]).unwrap();
        assert!(set.grey().unwrap_err().is_shape());
        assert!(set.select(&[0, 2]).unwrap_err().to_string().starts_with("there is no picture 2"));
        let other = LabeledImages::new(Array4::zeros((1, 3, 3, 3)), vec![0], ["a", "b"]).unwrap();
        let error = ImageDataset::new(set, other).unwrap_err().to_string();
        assert_eq!(error, "the pictures differ in shape: train has [3, 4, 3], test has [3, 3, 3]");
    }

    #[test]
    fn any_layout_in_memory_holds_the_same_pictures() {
        let pixels = Array4::from_shape_fn((2, 3, 4, 2), |(i, y, x, c)| (i * 100 + y * 20 + x * 4 + c) as u8);
        let turned = pixels.clone().reversed_axes().as_standard_layout().into_owned().reversed_axes();
        assert!(!turned.is_standard_layout());
        let of = |pixels| LabeledImages::new(pixels, vec![0, 0], ["a"]).unwrap();
        assert_eq!(of(pixels.clone()).pixels(), of(turned).pixels());
        assert_eq!(of(pixels).picture(1).unwrap()[[2, 3, 1]], 153);
    }
}
