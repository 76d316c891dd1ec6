//! Pictures of what a network for pictures has learned.
//!
//! | function | shows |
//! |---|---|
//! | [`feature_maps`] | what each layer makes of one picture, as the course's strips and as grids |
//! | [`filters`] | the kernels of a convolution on the picture itself |
//! | [`grad_cam`], [`hires_cam`] | which parts of a picture speak for a class |
//! | [`Excite`] | the picture that one filter answers most strongly |
//! | [`augmentations`] | what a generator makes of one picture |
//! | [`Colormap`] | numbers as colours |
//!
//! Pictures for a model are tensors [height, width, channels], scaled as the model was trained; pictures of a model are
//! [`image`]'s, to save with [`save_png`](crate::picture::save_png).
//!
//! ```
//! use practicum_core::prelude::*;
//! use practicum_vision::architectures::Convnet;
//! use practicum_vision::visualize::{Colormap, feature_maps, grad_cam};
//!
//! let model = Convnet::new([20, 20, 3], &[4, 8], 16).build(Sequential::new())?;
//! let picture = Tensor::full([20, 20, 3], 0.5)?;
//!
//! let maps = feature_maps(&model, &picture)?;
//! assert_eq!((maps[0].layer(), maps[0].channels()), ("conv2d", 4));
//! // The course's strip: all maps of a layer side by side.
//! let strip = Colormap::Viridis.paint(&maps[1].strip()?);
//! assert_eq!(strip.dimensions(), (4 * 9, 9));
//!
//! let heat = grad_cam(&model, &picture, None, None)?;
//! assert_eq!(heat.overlay(&picture, 0.5)?.dimensions(), (20, 20));
//! # Ok::<(), practicum_vision::Error>(())
//! ```

mod augmentations;
mod colormap;
mod excite;
mod feature_maps;
mod filters;
mod grad_cam;

pub use augmentations::augmentations;
pub use colormap::Colormap;
pub use excite::{Excite, Excitement, strongest};
pub use feature_maps::{FeatureMaps, feature_maps};
pub use filters::filters;
pub use grad_cam::{HeatMap, grad_cam, hires_cam};

use image::{ImageBuffer, Pixel, RgbImage};
use practicum_core::{Error, Model, Result, Tensor};

/// A picture as a batch of one, after a look at its shape.
fn batch_of_one(picture: &Tensor) -> Result<Tensor> {
    let [height, width, channels] = dims_of(picture)?;
    picture.reshape([1, height, width, channels])
}

/// Height, width and channels of a picture.
fn dims_of(picture: &Tensor) -> Result<[usize; 3]> {
    <[usize; 3]>::try_from(picture.shape().dims()).map_err(|_| {
        Error::shape(format!("expected a picture [height, width, channels], got {}", picture.shape()))
            .hint("give one picture, without the axis of the batch")
    })
}

/// A picture from 0 to 1 as bytes; one channel becomes grey, and of more than three the first three are shown.
fn rgb_of(picture: &Tensor) -> Result<RgbImage> {
    let [height, width, channels] = dims_of(picture)?;
    if channels == 0 {
        return Err(Error::shape(format!("a picture without channels: {}", picture.shape())));
    }
    let values = picture.as_slice();
    picture_of(height, width, |y, x| {
        let pixel = &values[(y * width + x) * channels..][..channels];
        image::Rgb([0, 1, 2].map(|channel| byte(if channels < 3 { pixel[0] } else { pixel[channel] } * 255.0)))
    })
}

fn picture_of<P: Pixel<Subpixel = u8>>(height: usize, width: usize, pixel: impl Fn(usize, usize) -> P) -> Result<ImageBuffer<P, Vec<u8>>> {
    let side = |n: usize| u32::try_from(n).ok().filter(|n| *n > 0 && *n <= 1 << 16);
    let sides = side(width).zip(side(height));
    let (w, h) =
        sides.ok_or_else(|| Error::argument(format!("no picture of {height} × {width} pixels can be drawn: 1 to 65,536 a side")))?;
    Ok(ImageBuffer::from_fn(w, h, |x, y| pixel(y as usize, x as usize)))
}

/// The nearest byte; what is no number is 0.
fn byte(value: f32) -> u8 {
    // The cast stops at 0 and 255.
    (value + 0.5) as u8
}

/// The layers of a model whose output is a stack of maps, [batch, height, width, channels], in the model's order.
fn map_layers(model: &Model) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in model.layer_names() {
        if model.get_layer(name)?.output_shape().is_some_and(|shape| shape.rank() == 4) {
            found.push(name.to_owned());
        }
    }
    if found.is_empty() {
        return Err(Error::argument(format!("`{}` has no layer with maps [batch, height, width, channels]", model.name()))
            .hint("it must be built, and have a convolution"));
    }
    Ok(found)
}

/// Refuses a layer without maps.
fn check_map_layer(model: &Model, layer: &str) -> Result<()> {
    let shape = model.get_layer(layer)?.output_shape();
    if shape.is_some_and(|shape| shape.rank() == 4) {
        return Ok(());
    }
    let shape = shape.map_or_else(|| "not built".to_owned(), ToString::to_string);
    let known = map_layers(model)?.join(", ");
    Err(Error::argument(format!("layer `{layer}` has no maps [batch, height, width, channels]: its output is {shape}"))
        .hint(format!("layers with maps: {known}")))
}
