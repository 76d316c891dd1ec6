//! Pictures as floats, and floats as pictures.

use practicum_core::ndarray::{Array3, ArrayView3};
use practicum_core::{Error, Result};

/// The bytes of a picture as floats from 0 to 255.
///
/// ```
/// use practicum_core::ndarray::array;
/// use practicum_vision::picture::img_to_array;
///
/// assert_eq!(img_to_array(array![[[0_u8, 128, 255]]].view()), array![[[0.0, 128.0, 255.0]]]);
/// ```
pub fn img_to_array(picture: ArrayView3<'_, u8>) -> Array3<f32> {
    picture.mapv(f32::from)
}

/// Floats as a picture. With `scale` the least becomes 0 and the greatest 255, whatever they are, and all of it is black
/// where they are equal; without, floats are cut to 0…255. What is between two bytes becomes the lower, as in Keras.
///
/// ```
/// use practicum_core::ndarray::array;
/// use practicum_vision::picture::array_to_img;
///
/// let floats = array![[[-1.0], [0.0], [1.0], [300.5]]];
/// assert_eq!(array_to_img(floats.view(), false)?, array![[[0], [0], [1], [255]]]);
/// assert_eq!(
///     array_to_img(floats.slice(ndarray::s![.., ..3, ..]), true)?,
///     array![[[0], [127], [255]]]
/// );
/// # use practicum_core::ndarray;
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// A data error for a float that is not finite.
pub fn array_to_img(floats: ArrayView3<'_, f32>, scale: bool) -> Result<Array3<u8>> {
    if let Some((index, value)) = floats.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(Error::data(format!("the number at {index:?} is {value}: pictures are made of finite numbers")));
    }
    if !scale {
        return Ok(floats.mapv(|value| value as u8));
    }
    let least = floats.iter().copied().fold(f32::INFINITY, f32::min);
    let greatest = floats.iter().map(|value| value - least).fold(0.0, f32::max);
    let range = if greatest == 0.0 { 1.0 } else { greatest };
    Ok(floats.mapv(|value| ((value - least) / range * 255.0) as u8))
}
