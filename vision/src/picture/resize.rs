//! Pictures of another size.

use std::ops::Range;

use practicum_core::ndarray::{Array3, ArrayView3};
use practicum_core::{Error, Result};

/// How the pixels of a resized picture come from those of the original.
///
/// Pixel centres lie at halves: output pixel i looks at (i + ½) · in / out − ½.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interpolation {
    /// The nearest pixel, to the same pixels as Pillow's: Keras' default in `load_img` and `flow_from_directory`.
    #[default]
    Nearest,
    /// On straight lines between the four nearest pixels, as `tf.image.resize` and `image_dataset_from_directory` do it:
    /// a smaller picture is not smoothed before.
    Bilinear,
    /// The mean of the area that a pixel covers.
    Area,
    /// A windowed sinc over three lobes, stretched where a picture becomes smaller, as Pillow's `LANCZOS`: the sharpest.
    Lanczos,
}

impl Interpolation {
    /// The way of Keras' name: `nearest`, `bilinear`, `area` or `lanczos`.
    ///
    /// ```
    /// use practicum_vision::picture::Interpolation;
    ///
    /// assert_eq!(Interpolation::by_name("area")?, Interpolation::Area);
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another name.
    pub fn by_name(name: &str) -> Result<Self> {
        match name {
            "nearest" => Ok(Self::Nearest),
            "bilinear" => Ok(Self::Bilinear),
            "area" => Ok(Self::Area),
            "lanczos" => Ok(Self::Lanczos),
            _ => Err(Error::unknown("interpolation", name, ["nearest", "bilinear", "area", "lanczos"])),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for f32 {}
}

/// What a channel of a pixel can be: a byte, or a float.
pub trait Channel: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// The number as a float.
    fn to_f32(self) -> f32;
    /// The nearest number of this type.
    fn from_f32(value: f32) -> Self;
}

impl Channel for u8 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }

    fn from_f32(value: f32) -> Self {
        (value + 0.5) as u8
    }
}

impl Channel for f32 {
    fn to_f32(self) -> f32 {
        self
    }

    fn from_f32(value: f32) -> Self {
        value
    }
}

/// Resizes a picture [height, width, channels]; bytes are rounded to the nearest.
///
/// ```
/// use practicum_core::ndarray::array;
/// use practicum_vision::picture::{Interpolation, resize};
///
/// let picture = array![[[0_u8], [10], [20], [30]]];
/// let half = |how| resize(picture.view(), (1, 2), how).map(|half| half.into_raw_vec_and_offset().0);
/// assert_eq!(half(Interpolation::Nearest)?, [10, 30]);
/// assert_eq!(half(Interpolation::Bilinear)?, [5, 25]);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// A shape error for a picture without pixels; an argument error for a size of 0 or one that memory cannot hold.
pub fn resize<T: Channel>(picture: ArrayView3<'_, T>, (height, width): (usize, usize), how: Interpolation) -> Result<Array3<T>> {
    let (h, w, channels) = picture.dim();
    if h == 0 || w == 0 || channels == 0 {
        return Err(Error::shape(format!("a picture of shape [{h}, {w}, {channels}] has no pixels to resize")));
    }
    if height == 0 || width == 0 {
        return Err(Error::argument(format!("expected a size of 1 × 1 pixel or more, got {height} × {width}")));
    }
    let mut pixels = Vec::new();
    let size = height.checked_mul(width).and_then(|size| size.checked_mul(channels));
    if size.is_none_or(|size| pixels.try_reserve_exact(size).is_err()) {
        return Err(Error::argument(format!("no memory for a picture of {height} × {width} pixels with {channels} channels")));
    }
    let standard = picture.as_standard_layout();
    let source = Source { pixels: standard.as_slice().unwrap_or_default(), height: h, width: w, channels };
    if (h, w) == (height, width) {
        pixels.extend_from_slice(source.pixels);
    } else if how == Interpolation::Nearest {
        nearest(&source, height, width, &mut pixels);
    } else {
        // Its lobes overshoot: Pillow cuts off to bytes after each axis, and others look like it.
        let taps = Both { rows: Taps::new(h, height, how), columns: Taps::new(w, width, how), cut: how == Interpolation::Lanczos };
        match channels {
            1 => weighted::<T, 1>(&source, &taps, &mut pixels),
            3 => weighted::<T, 3>(&source, &taps, &mut pixels),
            4 => weighted::<T, 4>(&source, &taps, &mut pixels),
            _ => weighted_any(&source, &taps, &mut pixels),
        }
    }
    Array3::from_shape_vec((height, width, channels), pixels).map_err(|cause| Error::shape(cause.to_string()).source(cause))
}

struct Source<'a, T> {
    pixels: &'a [T],
    height: usize,
    width: usize,
    channels: usize,
}

/// The source index of each output index: Pillow adds the scale up, beginning with half of it.
fn nearest_indices(from: usize, to: usize) -> Vec<usize> {
    let scale = from as f64 / to as f64;
    let mut position = scale * 0.5;
    (0..to)
        .map(|_| {
            let index = (position as usize).min(from - 1);
            position += scale;
            index
        })
        .collect()
}

fn nearest<T: Channel>(source: &Source<'_, T>, height: usize, width: usize, out: &mut Vec<T>) {
    let columns = nearest_indices(source.width, width);
    for row in nearest_indices(source.height, height) {
        let row = &source.pixels[row * source.width * source.channels..][..source.width * source.channels];
        for column in &columns {
            out.extend_from_slice(&row[column * source.channels..][..source.channels]);
        }
    }
}

/// For each output index, `len` source indices from `first` on, and how much each counts.
#[derive(Debug)]
pub(crate) struct Taps {
    first: Vec<usize>,
    len: usize,
    weights: Vec<f32>,
}

impl Taps {
    pub(crate) fn new(from: usize, to: usize, how: Interpolation) -> Self {
        match how {
            Interpolation::Nearest => Self { first: nearest_indices(from, to), len: 1, weights: vec![1.0; to] },
            Interpolation::Bilinear => Self::bilinear(from, to),
            Interpolation::Area => {
                let scale = from as f64 / to as f64;
                let overlap = |out: usize, index: usize| {
                    let (low, high) = (out as f64 * scale, (out + 1) as f64 * scale);
                    (high.min((index + 1) as f64) - low.max(index as f64)).max(0.0)
                };
                Self::windows(from, to, |out| (out as f64 * scale, (out + 1) as f64 * scale), overlap)
            }
            Interpolation::Lanczos => {
                let scale = from as f64 / to as f64;
                let stretch = scale.max(1.0);
                let centre = move |out: usize| (out as f64 + 0.5) * scale;
                let weight = move |out: usize, index: usize| lanczos((index as f64 + 0.5 - centre(out)) / stretch);
                Self::windows(from, to, move |out| (centre(out) - 3.0 * stretch, centre(out) + 3.0 * stretch), weight)
            }
        }
    }

    fn bilinear(from: usize, to: usize) -> Self {
        let (scale, len) = (from as f32 / to as f32, from.min(2));
        let mut taps = Self { first: Vec::with_capacity(to), len, weights: Vec::with_capacity(to * len) };
        for out in 0..to {
            let position = ((out as f32 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f32);
            let first = (position as usize).min(from - len);
            let part = position - first as f32;
            taps.first.push(first);
            taps.weights.extend([1.0 - part, part].into_iter().take(len));
        }
        taps
    }

    /// Weights of all indices in a range around each output, so that they add up to 1.
    fn windows(from: usize, to: usize, range: impl Fn(usize) -> (f64, f64), weight: impl Fn(usize, usize) -> f64) -> Self {
        let bounds = |out| {
            let (low, high) = range(out);
            let first = (low.max(0.0) as usize).min(from - 1);
            (first, (high.ceil() as usize).clamp(first + 1, from))
        };
        let len = (0..to).map(bounds).map(|(first, end)| end - first).max().unwrap_or(1);
        let mut taps = Self { first: Vec::with_capacity(to), len, weights: Vec::with_capacity(to * len) };
        for out in 0..to {
            let first = bounds(out).0.min(from - len);
            let weights: Vec<f64> = (first..first + len).map(|index| weight(out, index)).collect();
            let sum: f64 = weights.iter().sum();
            taps.first.push(first);
            taps.weights.extend(weights.iter().map(|weight| (weight / sum) as f32));
        }
        taps
    }

    /// How many output indices there are.
    pub(crate) fn count(&self) -> usize {
        self.first.len()
    }

    /// The first source index of an output index, and the weights from there on.
    pub(crate) fn of(&self, out: usize) -> (usize, &[f32]) {
        (self.first[out], &self.weights[out * self.len..][..self.len])
    }
}

/// sinc(x) · sinc(x / 3) for |x| < 3.
fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// The taps of both axes, and whether what is between the two passes is cut off to what a channel can be.
struct Both {
    rows: Taps,
    columns: Taps,
    cut: bool,
}

/// Rows that are asked for are narrowed or widened, once each; then output rows are made of them.
fn weighted<T: Channel, const C: usize>(source: &Source<'_, T>, taps: &Both, out: &mut Vec<T>) {
    resample(source, taps, out, |line, wide| {
        for (index, pixel) in wide.as_chunks_mut::<C>().0.iter_mut().enumerate() {
            let (first, weights) = taps.columns.of(index);
            let mut sum = [0.0; C];
            for (weight, from) in weights.iter().zip(line[first * C..].as_chunks::<C>().0) {
                sum.iter_mut().zip(from).for_each(|(sum, from)| *sum += weight * from.to_f32());
            }
            *pixel = sum;
        }
    });
}

fn weighted_any<T: Channel>(source: &Source<'_, T>, taps: &Both, out: &mut Vec<T>) {
    let channels = source.channels;
    resample(source, taps, out, |line, wide| {
        for (index, pixel) in wide.chunks_exact_mut(channels).enumerate() {
            let (first, weights) = taps.columns.of(index);
            pixel.fill(0.0);
            for (weight, from) in weights.iter().zip(line[first * channels..].chunks_exact(channels)) {
                pixel.iter_mut().zip(from).for_each(|(sum, from)| *sum += weight * from.to_f32());
            }
        }
    });
}

fn resample<T: Channel>(source: &Source<'_, T>, Both { rows, columns, cut }: &Both, out: &mut Vec<T>, across: impl Fn(&[T], &mut [f32])) {
    let (stride, wide) = (source.width * source.channels, columns.first.len() * source.channels);
    // Row y of the source is kept at y modulo the rows that one output row needs.
    let mut kept = vec![0.0; rows.len * wide];
    let mut next = 0;
    let mut sum = vec![0.0_f32; wide];
    for row in 0..rows.first.len() {
        let (first, weights) = rows.of(row);
        for y in next.max(first)..first + rows.len {
            let line = &mut kept[y % rows.len * wide..][..wide];
            across(&source.pixels[y * stride..][..stride], line);
            if *cut {
                line.iter_mut().for_each(|value| *value = T::from_f32(*value).to_f32());
            }
        }
        next = next.max(first + rows.len);
        sum.fill(0.0);
        for (weight, y) in weights.iter().zip(first..) {
            let line = &kept[y % rows.len * wide..][..wide];
            sum.iter_mut().zip(line).for_each(|(sum, value)| *sum += weight * value);
        }
        out.extend(sum.iter().map(|sum| T::from_f32(*sum)));
    }
    debug_assert!(next <= source.height);
}

/// The rows and columns of the largest middle part of `h` × `w` pixels that has the ratio of `height` × `width`.
pub(crate) fn middle((h, w): (usize, usize), (height, width): (usize, usize)) -> [Range<usize>; 2] {
    let part = |all: usize, across: usize, a: usize, b: usize| {
        let size = ((across as f32 * a as f32 / b as f32) as usize).clamp(1, all);
        (all - size) / 2..(all + size) / 2
    };
    [part(h, w, height, width), part(w, h, width, height)]
}
