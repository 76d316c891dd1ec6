//! What a generator does to the numbers of one picture.

use practicum_core::ndarray::{Array3, ArrayView1};
use practicum_core::{Error, Result};

use super::generator::ImageDataGenerator;
use super::transform::Transform;
use super::warp::{Lens, warp};
use crate::picture::Channel;

/// Memory that pictures share, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    single: Vec<[f32; 1]>,
    quads: Vec<[f32; 4]>,
    plane: Vec<f32>,
}

/// A picture of `shape` [height, width, channels], transformed into `out`.
pub(crate) fn transform<T: Channel>(
    generator: &ImageDataGenerator,
    pixels: &[T],
    shape: [usize; 3],
    transform: &Transform,
    scratch: &mut Scratch,
    out: &mut [f32],
) {
    let [height, width, _] = shape;
    match transform.map(height, width) {
        None => out.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = pixel.to_f32()),
        Some(map) => {
            let lens = Lens { map, fill_mode: generator.fill_mode, cval: generator.cval, order: generator.order };
            warp_picture(pixels, shape, &lens, scratch, out);
        }
    }
    if let Some(intensity) = transform.channel_shift_intensity {
        let (least, greatest) = range(out);
        out.iter_mut().for_each(|value| *value = (*value + intensity as f32).clamp(least, greatest));
    }
    if let Some(factor) = transform.brightness {
        brighten(out, factor as f32);
    }
}

/// A picture of `shape` [height, width, channels] seen through a lens.
pub(crate) fn warp_picture<T: Channel>(pixels: &[T], shape: [usize; 3], lens: &Lens, scratch: &mut Scratch, out: &mut [f32]) {
    let [height, width, channels] = shape;
    match channels {
        3 => {
            scratch.quads.clear();
            // Four numbers are made floats at once: the fourth, of which nothing is shown, is the next pixel's first.
            let quad = |window: &[T]| std::array::from_fn(|lane| window[lane].to_f32());
            scratch.quads.extend(pixels.windows(4).step_by(3).map(quad));
            if let Some([red, green, blue]) = pixels.last_chunk() {
                scratch.quads.push([red.to_f32(), green.to_f32(), blue.to_f32(), 0.0]);
            }
            warp::<4, 3>(&scratch.quads, height, width, lens, out);
        }
        4 => {
            scratch.quads.clear();
            scratch.quads.extend(pixels.as_chunks::<4>().0.iter().map(|pixel| pixel.map(Channel::to_f32)));
            warp::<4, 4>(&scratch.quads, height, width, lens, out);
        }
        _ => each_channel(pixels, shape, lens, scratch, out),
    }
}

fn each_channel<T: Channel>(pixels: &[T], [height, width, channels]: [usize; 3], lens: &Lens, scratch: &mut Scratch, out: &mut [f32]) {
    scratch.plane.resize(height * width, 0.0);
    for channel in 0..channels {
        scratch.single.clear();
        scratch.single.extend(pixels.iter().skip(channel).step_by(channels).map(|value| [value.to_f32()]));
        warp::<1, 1>(&scratch.single, height, width, lens, &mut scratch.plane);
        out.iter_mut().skip(channel).step_by(channels).zip(&scratch.plane).for_each(|(out, value)| *out = *value);
    }
}

fn range(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(least, greatest), value| (least.min(*value), greatest.max(*value)))
}

/// As Keras does it by way of bytes: numbers beyond 0…255 are brought there and back.
fn brighten(values: &mut [f32], factor: f32) {
    let (least, greatest) = range(values);
    let beyond = least < 0.0 || greatest > 255.0;
    let span = if greatest > least { greatest - least } else { 1.0 };
    for value in values {
        let byte = if beyond { (*value - least) / span * 255.0 } else { *value }.floor();
        let bright = (byte * factor).min(255.0).floor();
        *value = if beyond { bright / 255.0 * (greatest - least) + least } else { bright };
    }
}

/// Everything that follows the transform, in Keras' order.
pub(crate) fn standardize(generator: &ImageDataGenerator, values: &mut [f32], [height, width, channels]: [usize; 3]) -> Result<()> {
    if let Some(function) = &generator.preprocessing {
        let picture =
            Array3::from_shape_vec((height, width, channels), values.to_vec()).map_err(|cause| Error::shape(cause.to_string()))?;
        let made = function(picture).map_err(|error| error.context("preprocessing_function"))?;
        if made.dim() != (height, width, channels) {
            let message = format!("preprocessing_function made [{height}, {width}, {channels}] into {:?}", made.shape());
            return Err(Error::shape(message).hint("it must keep the shape of a picture"));
        }
        values.iter_mut().zip(made).for_each(|(value, made)| *value = made);
    }
    if let Some(scale) = generator.rescale {
        values.iter_mut().for_each(|value| *value *= scale);
    }
    let mean = |values: &[f32]| values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
    if generator.samplewise_center {
        let mean = mean(values) as f32;
        values.iter_mut().for_each(|value| *value -= mean);
    }
    if generator.samplewise_std_normalization {
        let mean = mean(values);
        let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let std = variance.sqrt() as f32 + 1e-6;
        values.iter_mut().for_each(|value| *value /= std);
    }
    let statistics = &generator.statistics;
    for per_channel in [&statistics.mean, &statistics.std].into_iter().flatten() {
        if per_channel.len() != channels {
            let message = format!("the generator was fitted to pictures of {} channels, got {channels}", per_channel.len());
            return Err(Error::shape(message));
        }
    }
    if let Some(mean) = &statistics.mean {
        values.chunks_exact_mut(channels).for_each(|pixel| pixel.iter_mut().zip(mean).for_each(|(value, mean)| *value -= mean));
    }
    if let Some(std) = &statistics.std {
        values.chunks_exact_mut(channels).for_each(|pixel| pixel.iter_mut().zip(std).for_each(|(value, std)| *value /= std + 1e-6));
    }
    if let Some(whitening) = &statistics.whitening {
        if whitening.nrows() != values.len() {
            let message = format!("the generator was fitted to pictures of {} numbers, got {}", whitening.nrows(), values.len());
            return Err(Error::shape(message));
        }
        let white = ArrayView1::from(&*values).dot(whitening);
        values.iter_mut().zip(white).for_each(|(value, white)| *value = white);
    }
    Ok(())
}
