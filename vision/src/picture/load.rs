//! Pictures from files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use practicum_core::ndarray::{Array3, s};
use practicum_core::{Error, Result};

use super::colour::{Alpha, ColorMode, convert};
use super::decode::{decode, upright};
use super::resize::{Interpolation, middle, resize};

/// The most pixels that a picture may have unless another limit is set: Pillow's, 178,956,970, or 512 MiB of colour.
pub const MAX_PIXELS: usize = 178_956_970;

/// Larger files are no pictures that this limit of pixels would let pass.
const MAX_FILE: u64 = 1 << 31;

/// What happens where a picture has another ratio of height to width than is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aspect {
    /// It is squeezed or stretched.
    #[default]
    Stretch,
    /// The largest middle part of the right ratio is taken.
    Crop,
    /// It is resized as a whole, and lies in the middle of a ground of this colour (its luma in a grey picture).
    Pad([u8; 3]),
}

/// How pictures are loaded: in colour, at their own size, alpha dropped, held upright.
///
/// The defaults are those of Keras' `load_img`, but for EXIF orientation, which Keras ignores.
///
/// ```
/// use practicum_vision::picture::{Alpha, Aspect, ColorMode, Interpolation, LoadImg};
///
/// let options = LoadImg::new()
///     .color_mode(ColorMode::Rgb)
///     .target_size((150, 150))
///     .interpolation(Interpolation::Bilinear)
///     .aspect(Aspect::Crop)
///     .alpha(Alpha::Blend([255, 255, 255]));
/// assert_eq!(options.channels(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoadImg {
    color_mode: ColorMode,
    target_size: Option<(usize, usize)>,
    interpolation: Interpolation,
    aspect: Aspect,
    alpha: Alpha,
    exif_orientation: bool,
    max_pixels: usize,
}

impl Default for LoadImg {
    fn default() -> Self {
        Self::new()
    }
}

impl LoadImg {
    /// Red, green and blue, at the file's own size.
    pub fn new() -> Self {
        Self {
            color_mode: ColorMode::Rgb,
            target_size: None,
            interpolation: Interpolation::Nearest,
            aspect: Aspect::Stretch,
            alpha: Alpha::Drop,
            exif_orientation: true,
            max_pixels: MAX_PIXELS,
        }
    }

    /// Channels of the result.
    #[must_use]
    pub fn color_mode(mut self, mode: ColorMode) -> Self {
        self.color_mode = mode;
        self
    }

    /// Height and width of the result.
    #[must_use]
    pub fn target_size(mut self, (height, width): (usize, usize)) -> Self {
        self.target_size = Some((height, width));
        self
    }

    /// How a picture is resized: [`Nearest`](Interpolation::Nearest) unless another way is chosen.
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }

    /// What happens where height and width have another ratio.
    #[must_use]
    pub fn aspect(mut self, aspect: Aspect) -> Self {
        self.aspect = aspect;
        self
    }

    /// What becomes of transparency.
    #[must_use]
    pub fn alpha(mut self, alpha: Alpha) -> Self {
        self.alpha = alpha;
        self
    }

    /// Whether a picture is turned as its EXIF data say; `false` is Keras' way.
    #[must_use]
    pub fn exif_orientation(mut self, heeded: bool) -> Self {
        self.exif_orientation = heeded;
        self
    }

    /// The most pixels that a picture may have, [`MAX_PIXELS`] unless it is set.
    #[must_use]
    pub fn max_pixels(mut self, pixels: usize) -> Self {
        self.max_pixels = pixels;
        self
    }

    /// Numbers a pixel of the result.
    pub fn channels(&self) -> usize {
        self.color_mode.channels()
    }

    /// Height and width of the result, where they are set.
    pub fn size(&self) -> Option<(usize, usize)> {
        self.target_size
    }
}

/// Loads a picture [height, width, channels] from a file: JPEG, PNG, GIF (its first frame), BMP, TIFF or PNM, whatever
/// its name.
///
/// ```
/// use practicum_core::ndarray::Array3;
/// use practicum_vision::picture::{LoadImg, load_img, save_img};
///
/// # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # let path = folder.path().join("grey.png");
/// save_img(&path, Array3::from_elem((2, 3, 1), 77).view())?;
/// assert_eq!(load_img(&path, &LoadImg::new())?, Array3::from_elem((2, 3, 3), 77));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An I/O error when the file cannot be read; a format error when it is not a picture or is broken; a data error when it
/// has more pixels than the limit. All begin with the path.
pub fn load_img(path: impl AsRef<Path>, options: &LoadImg) -> Result<Array3<u8>> {
    let path = path.as_ref();
    decode_img(&read(path)?, options).map_err(|error| error.context(path.display().to_string()))
}

/// The picture that a file with these bytes holds.
///
/// ```
/// use practicum_vision::picture::{LoadImg, decode_img};
///
/// // A picture of two pixels in the plainest of formats.
/// let picture = decode_img(b"P3 2 1 255 255 0 0 0 0 255", &LoadImg::new())?;
/// assert_eq!(picture.as_slice(), Some([255, 0, 0, 0, 0, 255].as_slice()));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// As [`load_img`], without the path.
pub fn decode_img(bytes: &[u8], options: &LoadImg) -> Result<Array3<u8>> {
    let decoded = decode(bytes, options.max_pixels)?;
    let shape = (decoded.height, decoded.width, options.channels());
    let pixels = convert(decoded.pixels, decoded.channels, options.color_mode, options.alpha);
    let picture = Array3::from_shape_vec(shape, pixels).map_err(|cause| Error::format(cause.to_string()).source(cause))?;
    let picture = if options.exif_orientation { upright(picture, decoded.orientation) } else { picture };
    match options.target_size {
        Some(size) => fit(&picture, size, options),
        None => Ok(picture),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |cause| Error::io("read", path, cause);
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        let what = if meta.is_dir() { "a folder" } else { "no ordinary file" };
        return Err(Error::data(format!("{} is {what}: expected a picture", path.display())));
    }
    if meta.len() > MAX_FILE {
        return Err(Error::data(format!("{} has {} bytes: pictures have {MAX_FILE} at most", path.display(), meta.len())));
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    File::open(path).map_err(failed)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Height and width of what is taken of a picture, or of what it becomes, with the wanted ratio.
fn fit(picture: &Array3<u8>, (height, width): (usize, usize), options: &LoadImg) -> Result<Array3<u8>> {
    let (h, w, channels) = picture.dim();
    match options.aspect {
        Aspect::Crop if height > 0 && width > 0 => {
            let [rows, columns] = middle((h, w), (height, width));
            resize(picture.slice(s![rows, columns, ..]), (height, width), options.interpolation)
        }
        Aspect::Pad(colour) if height > 0 && width > 0 => {
            let ratio = (h as f32 / height as f32).max(w as f32 / width as f32);
            let (inner_h, inner_w) = (((h as f32 / ratio) as usize).clamp(1, height), ((w as f32 / ratio) as usize).clamp(1, width));
            let inner = resize(picture.view(), (inner_h, inner_w), options.interpolation)?;
            let ground = convert(colour.to_vec(), 3, options.color_mode, Alpha::Drop);
            let mut padded =
                resize(Array3::from_shape_fn((1, 1, channels), |(_, _, c)| ground[c]).view(), (height, width), Interpolation::Nearest)?;
            let (top, left) = ((height - inner_h) / 2, (width - inner_w) / 2);
            padded.slice_mut(s![top..top + inner_h, left..left + inner_w, ..]).assign(&inner);
            Ok(padded)
        }
        _ => resize(picture.view(), (height, width), options.interpolation),
    }
}
