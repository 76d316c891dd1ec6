use image::RgbImage;
use practicum_core::ndarray::Array4;
use practicum_core::{Error, Model, Result};

use super::byte;
use crate::picture::Sheet;

/// The kernels of a convolution that works on pictures of one or three channels, in rows of `columns`.
///
/// Mid-grey is a weight of 0; each filter is scaled by its own largest weight, so that its shape shows and not its strength.
/// Without a name, the first layer with such kernels is taken.
///
/// ```
/// use practicum_core::Sequential;
/// use practicum_vision::architectures::Convnet;
/// use practicum_vision::visualize::filters;
///
/// let model = Convnet::new([20, 20, 3], &[16], 8).build(Sequential::new())?;
/// let sheet = filters(&model, None, 8)?;
/// assert_eq!(sheet.dimensions(), (8 * 24 + 9 * 2, 2 * 24 + 3 * 2));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// No such layer, or one whose kernels are not [height, width, 1 or 3, filters]; no columns.
pub fn filters(model: &Model, layer: Option<&str>, columns: usize) -> Result<RgbImage> {
    let layer = match layer {
        Some(layer) => layer,
        None => first(model)?,
    };
    let weights = model.get_layer(layer)?.get_weights();
    let found = weights.first().filter(|kernel| is_visible(kernel.shape().dims()));
    let kernel = found.ok_or_else(|| {
        let shape = weights.first().map_or_else(|| "none".to_owned(), |kernel| kernel.shape().to_string());
        Error::argument(format!("layer `{layer}` has no kernels [height, width, 1 or 3, filters]: its first weights are {shape}"))
            .hint("only the filters of the first convolution can be seen as colours")
    })?;
    let shape = kernel.shape();
    let &[height, width, channels, count] = shape.dims() else { return Err(Error::state("a kernel lost an axis")) };
    let values = kernel.as_slice();
    let at = |filter: usize, y: usize, x: usize, channel: usize| values[((y * width + x) * channels + channel) * count + filter];
    let largest: Vec<f32> = (0..count)
        .map(|filter| values.iter().skip(filter).step_by(count).fold(0.0, |largest: f32, weight| largest.max(weight.abs())))
        .collect();
    let pictures = Array4::from_shape_fn((count, height, width, 3), |(filter, y, x, channel)| {
        let weight = at(filter, y, x, if channels == 3 { channel } else { 0 });
        let scale = if largest[filter] > 0.0 { 127.5 / largest[filter] } else { 0.0 };
        byte(127.5 + weight * scale)
    });
    Sheet::new(columns.min(count)).background(128).scale((24 / height.max(width)).max(1)).rgb(pictures.outer_iter())
}

fn is_visible(dims: &[usize]) -> bool {
    matches!(dims, [_, _, 1 | 3, _]) && !dims.contains(&0)
}

fn first(model: &Model) -> Result<&str> {
    for name in model.layer_names() {
        if model.get_layer(name)?.parameters().first().is_some_and(|kernel| is_visible(kernel.value().shape().dims())) {
            return Ok(name);
        }
    }
    Err(Error::argument(format!("`{}` has no convolution on pictures of 1 or 3 channels", model.name()))
        .hint("it must be built, and begin with a convolution"))
}

#[cfg(test)]
mod tests {
    use practicum_core::prelude::*;

    use super::*;

    fn model(channels: usize) -> Sequential {
        crate::architectures::Convnet::new([20, 20, channels], &[2, 3], 4).build(Sequential::new()).unwrap()
    }

    #[test]
    fn zero_is_mid_grey_and_each_filter_has_its_own_scale() {
        let mut model = model(1);
        let mut kernel = vec![0.0; 18];
        (kernel[0], kernel[2], kernel[1]) = (2.0, -1.0, -0.001);
        model.set_weight("conv2d/kernel", Tensor::new([3, 3, 1, 2], kernel).unwrap()).unwrap();
        let sheet = filters(&model, None, 8).unwrap();
        assert_eq!(sheet.dimensions(), (2 * 24 + 3 * 2, 24 + 2 * 2));
        let grey = |x: u32| sheet.get_pixel(x, 3).0[0];
        assert_eq!((grey(3), grey(3 + 8), grey(3 + 16)), (255, 64, 128));
        assert_eq!((grey(3 + 26), grey(3 + 34)), (0, 128));
    }

    #[test]
    fn only_filters_on_pictures_can_be_seen() {
        assert!(filters(&model(3), Some("conv2d"), 4).is_ok());
        let error = filters(&model(3), Some("conv2d_1"), 4).unwrap_err();
        assert!(error.is_argument() && error.to_string().contains("[3, 3, 2, 3]"), "{error}");
        assert!(filters(&model(3), Some("max_pooling2d"), 4).is_err());
        assert!(filters(&model(2), None, 4).is_err());
        assert!(filters(&model(3), None, 0).unwrap_err().is_argument());
    }
}
