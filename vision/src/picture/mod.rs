//! Pictures: read from files, resized, turned into numbers and back, written, and laid out on contact sheets.
//!
//! A picture is an array of bytes [height, width, channels]: grey, red-green-blue, or that with alpha. [`load_img`],
//! [`img_to_array`], [`array_to_img`] and [`save_img`] bear the names they have in Keras.
//!
//! ```
//! use practicum_core::ndarray::Array3;
//! use practicum_vision::picture::{LoadImg, img_to_array, load_img, save_img};
//!
//! # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
//! # let path = folder.path().join("dusk.png");
//! let dusk = Array3::from_shape_fn((40, 60, 3), |(y, _, c)| (6 * y + 5 * c) as u8);
//! save_img(&path, dusk.view())?;
//!
//! // Squeezed to 15 × 15 pixels, as a model wants it; the numbers are 0 to 255.
//! let picture = load_img(&path, &LoadImg::new().target_size((15, 15)))?;
//! let numbers = img_to_array(picture.view());
//! assert_eq!((numbers.dim(), numbers[[14, 0, 2]]), ((15, 15, 3), 238.0));
//! # Ok::<(), practicum_vision::Error>(())
//! ```

mod array;
mod colour;
mod decode;
mod jpeg;
mod load;
mod resize;
mod save;
mod sheet;

pub use array::{array_to_img, img_to_array};
pub use colour::{Alpha, ColorMode};
pub use load::{Aspect, LoadImg, MAX_PIXELS, decode_img, load_img};
pub use resize::{Channel, Interpolation, resize};
pub(crate) use resize::{Taps, middle};
pub use save::{save_img, save_png};
pub use sheet::Sheet;
