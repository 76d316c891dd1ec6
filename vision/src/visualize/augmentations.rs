use image::RgbImage;
use practicum_core::ndarray::ArrayView3;
use practicum_core::{Error, Result};

use super::rgb_of;
use crate::augment::ImageDataGenerator;
use crate::datasets::LabeledImages;

/// What a generator makes of one picture [height, width, channels] in `count` epochs: a preview of its random transforms, before
/// `rescale`.
///
/// ```
/// use practicum_core::ndarray::Array3;
/// use practicum_vision::augment::ImageDataGenerator;
/// use practicum_vision::visualize::augmentations;
///
/// let picture = Array3::from_shape_fn((20, 20, 3), |(y, x, c)| (4 * y + 8 * x + c) as u8);
/// let generator =
///     ImageDataGenerator::new().rescale(1.0 / 255.0).rotation_range(40.0).horizontal_flip(true);
/// let drawn = augmentations(&generator, picture.view(), 16)?;
/// assert_eq!((drawn.len(), drawn[0].dimensions()), (16, (20, 20)));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An argument of the generator outside of its range, or statistics of the set that it lacks.
pub fn augmentations(generator: &ImageDataGenerator, picture: ArrayView3<'_, u8>, count: usize) -> Result<Vec<RgbImage>> {
    let (height, width, channels) = picture.dim();
    let pixels = picture.to_owned().insert_axis(practicum_core::ndarray::Axis(0));
    let one = LabeledImages::new(pixels, vec![0], ["picture"])?;
    // Bytes from 0 to 255 stand for 0 to 1, whatever scale the model wants.
    let batches = generator.clone().rescale(1.0 / 255.0).flow(&one)?.batch_size(1).workers(1);
    (0..count)
        .map(|epoch| {
            let (batch, _) = batches.epoch(epoch).next().ok_or_else(|| Error::state("a generator made no batch"))??;
            rgb_of(&batch.reshape([height, width, channels])?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::Array3;

    use super::*;

    #[test]
    fn draws_differ_and_can_be_had_again() {
        let picture = Array3::from_shape_fn((16, 16, 3), |(y, x, _)| (x * 16 + y) as u8);
        let generator = ImageDataGenerator::new().rotation_range(60.0);
        let drawn = augmentations(&generator, picture.view(), 4).unwrap();
        assert_eq!(drawn, augmentations(&generator, picture.view(), 4).unwrap());
        assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]));
        let same = augmentations(&ImageDataGenerator::new(), picture.view(), 1).unwrap();
        assert_eq!(same[0].as_raw().as_slice(), picture.as_slice().unwrap());
        assert!(augmentations(&ImageDataGenerator::new().rotation_range(f64::NAN), picture.view(), 1).is_err());
    }
}
