//! Pictures for Practicum: reading them, data sets of them, and sheets to look at them.
//!
//! | module | holds |
//! |---|---|
//! | [`applications`] | networks that are known by name, such as InceptionV3 |
//! | [`idx`] | the file format of MNIST and its relatives, read and written, plain or gzipped |
//! | [`datasets`] | MNIST and Fashion-MNIST from files, and stand-ins that code draws (feature `builtin`) |
//! | [`architectures`] | the course's convolutional networks, LeNet-5, residual networks |
//! | [`evaluation`] | confusion matrix, precision and recall, ROC, the most confident mistakes |
//! | [`visualize`] | feature maps, filters, Grad-CAM and HiResCAM, the picture that excites a filter |
//! | [`picture`] | pictures from files and to files, resized, as numbers; contact sheets |
//! | [`folder`] | folders of pictures, a sub-folder for each class |
//! | [`augment`] | random transforms: `ImageDataGenerator` |
//! | [`layers`] | the same as layers of a model, and resizing |
//! | [`batches`] | batches of pictures, made ahead of the training step |
//!
//! Pictures are bytes, [count, height, width, channels], as they come from files; scaling them to 0…1 is the model's or
//! the batch's business, so that a set of 60,000 takes 47 MB and not 188.
//!
//! ```
//! use practicum_core::ndarray::Array3;
//! use practicum_vision::datasets::LabeledImages;
//! use practicum_vision::picture::{self, Sheet};
//!
//! // `datasets::fashion_mnist::load("data/fmnist")?` gives two such sets, to train and to test.
//! let pixels =
//!     Array3::from_shape_fn((60, 28, 28), |(i, y, x)| if x * 60 > i * 28 { 9 * y as u8 } else { 0 });
//! let set = LabeledImages::from_grey(pixels, (0..60).map(|i| i / 30).collect(), ["wide", "narrow"])?;
//! assert_eq!((set.images().dim(), set.class_of(59)), ((60, 28, 28, 1), Some("narrow")));
//!
//! # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
//! # let path = folder.path().join("sheet.png");
//! let sheet = Sheet::new(12).scale(2).grey(set.grey()?.outer_iter())?;
//! picture::save_png(sheet, &path)?;
//! # Ok::<(), practicum_vision::Error>(())
//! ```
//!
//! Without files, the feature `builtin` draws stand-ins: `datasets::builtin::garments(42, Size::default())?`.

pub mod applications;
pub mod architectures;
pub mod augment;
pub mod batches;
pub mod datasets;
pub mod evaluation;
pub mod folder;
pub mod idx;
pub mod layers;
pub mod picture;
pub mod visualize;

pub use image;
pub use practicum_core::{Error, Result};
