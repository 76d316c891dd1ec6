//! Pictures to files.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use practicum_core::io::write_atomically;
use practicum_core::ndarray::ArrayView3;
use practicum_core::{Error, Result};

/// Saves a picture of bytes [height, width, channels] in the format that the name's extension asks for: png, jpg, bmp,
/// gif, tif or ppm. A JPEG or PPM has no alpha: it is dropped.
///
/// ```
/// use practicum_core::ndarray::Array3;
/// use practicum_vision::picture::{LoadImg, load_img, save_img};
///
/// # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # let path = folder.path().join("blue.jpg");
/// save_img(&path, Array3::from_shape_fn((16, 16, 3), |(_, _, c)| [20, 60, 200][c]).view())?;
/// let blue = load_img(&path, &LoadImg::new())?;
/// assert!(blue[[8, 8, 2]].abs_diff(200) < 4);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// A name whose extension says no format; a shape error for a picture without pixels or with channels other than 1, 3 or
/// 4; an I/O error when the file cannot be written. What was there stays until the new file is whole.
pub fn save_img(path: impl AsRef<Path>, picture: ArrayView3<'_, u8>) -> Result<()> {
    let path = path.as_ref();
    let format = format_of(path)?;
    let (height, width, channels) = picture.dim();
    let refused = || Error::shape(format!("expected a picture [height, width, 1, 3 or 4], got [{height}, {width}, {channels}]"));
    if height == 0 || width == 0 {
        return Err(refused());
    }
    let (w, h) = u32::try_from(width).ok().zip(u32::try_from(height).ok()).ok_or_else(refused)?;
    let pixels: Vec<u8> = picture.iter().copied().collect();
    let picture = match channels {
        1 => GrayImage::from_raw(w, h, pixels).map(DynamicImage::from),
        3 => RgbImage::from_raw(w, h, pixels).map(DynamicImage::from),
        4 => RgbaImage::from_raw(w, h, pixels).map(DynamicImage::from),
        _ => None,
    };
    write(picture.ok_or_else(refused)?, path, format)
}

/// Saves a picture as PNG, replacing what is there.
///
/// ```
/// use practicum_vision::image::GrayImage;
/// use practicum_vision::picture::save_png;
///
/// # let folder = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # let path = folder.path().join("black.png");
/// save_png(GrayImage::new(8, 8), &path)?;
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An I/O error when the file cannot be written. What was there stays until the new file is whole.
pub fn save_png(picture: impl Into<DynamicImage>, path: impl AsRef<Path>) -> Result<()> {
    write(picture.into(), path.as_ref(), ImageFormat::Png)
}

fn format_of(path: &Path) -> Result<ImageFormat> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "png" => Ok(ImageFormat::Png),
        "jpg" | "jpeg" => Ok(ImageFormat::Jpeg),
        "bmp" => Ok(ImageFormat::Bmp),
        "gif" => Ok(ImageFormat::Gif),
        "tif" | "tiff" => Ok(ImageFormat::Tiff),
        "ppm" | "pgm" | "pnm" => Ok(ImageFormat::Pnm),
        other => {
            Err(Error::unknown("format of pictures", other, ["png", "jpg", "bmp", "gif", "tif", "ppm"]).context(path.display().to_string()))
        }
    }
}

fn write(picture: DynamicImage, path: &Path, format: ImageFormat) -> Result<()> {
    let picture = match (format, picture) {
        (ImageFormat::Jpeg | ImageFormat::Pnm, picture) if picture.color().has_alpha() => picture.into_rgb8().into(),
        (ImageFormat::Gif, picture) if !picture.color().has_color() => picture.into_rgb8().into(),
        (_, picture) => picture,
    };
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), format)
        .map_err(|cause| Error::data(format!("cannot write {} as {format:?}: {cause}", path.display())).source(cause))?;
    write_atomically(path, &bytes)
}
