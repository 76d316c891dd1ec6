//! Bytes of a file turned into pixels. What a file is, its content says.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use practicum_core::ndarray::{Array3, ArrayView3, Axis};
use practicum_core::{Error, Result};

use super::jpeg;

/// A picture as its file has it: 1 channel (grey), 2 (grey, alpha), 3 or 4.
pub(super) struct Decoded {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) pixels: Vec<u8>,
    pub(super) orientation: Option<Orientation>,
}

pub(super) fn decode(bytes: &[u8], max_pixels: usize) -> Result<Decoded> {
    let format = recognise(bytes)?;
    // The decoders are other people's code; whatever a file makes of them, a program goes on.
    let decoded = catch_unwind(AssertUnwindSafe(|| match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, max_pixels),
        other => decode_other(bytes, other, max_pixels),
    }));
    decoded.unwrap_or_else(|_| Err(Error::format(format!("{} that its decoder cannot cope with", name(format)))))
}

fn recognise(bytes: &[u8]) -> Result<ImageFormat> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff};
    if bytes.is_empty() {
        return Err(Error::format("an empty file, not a picture").hint("was the copying of it broken off?"));
    }
    match image::guess_format(bytes) {
        Ok(format @ (Bmp | Gif | Jpeg | Png | Pnm | Tiff)) => Ok(format),
        Ok(other) => Err(Error::format(format!("{other:?} pictures are not read")).hint("convert it to PNG or JPEG")),
        Err(_) => {
            let begins: String = bytes.iter().take(8).map(|byte| byte.escape_ascii().to_string()).collect();
            let message = format!("expected JPEG, PNG, GIF, BMP, TIFF or PNM, got a file that begins with `{begins}`");
            let error = Error::format(message);
            let text = bytes.iter().take(64).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
            Err(if text { error.hint("it is text: perhaps a page that was saved in place of the picture") } else { error })
        }
    }
}

fn name(format: ImageFormat) -> String {
    let name = format.extensions_str().last().copied().unwrap_or("picture").to_uppercase();
    format!("a {name}")
}

/// Refuses pictures that are larger than the limit, before memory is taken for them.
pub(super) fn check_size(height: usize, width: usize, max_pixels: usize) -> Result<()> {
    if height == 0 || width == 0 {
        return Err(Error::format(format!("a picture of {height} × {width} pixels: it has none")));
    }
    if height.checked_mul(width).is_none_or(|pixels| pixels > max_pixels) {
        let message = format!("a picture of {height} × {width} pixels: the limit is {max_pixels} in all");
        return Err(Error::data(message).hint("make it smaller, or raise the limit with `.max_pixels(…)`"));
    }
    Ok(())
}

/// Zeros, or an error where there is no memory for them.
pub(super) fn room(bytes: usize) -> Result<Vec<u8>> {
    let mut room = Vec::new();
    room.try_reserve_exact(bytes).map_err(|cause| Error::data(format!("no memory for {bytes} bytes of pixels")).source(cause))?;
    room.resize(bytes, 0);
    Ok(room)
}

fn decode_other(bytes: &[u8], format: ImageFormat, max_pixels: usize) -> Result<Decoded> {
    let failed = |cause: ImageError| Error::format(format!("{} that cannot be decoded: {cause}", name(format))).source(cause);
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    check_size(height, width, max_pixels)?;
    let mut limits = Limits::default();
    // Rows, palettes and the file's own samples of up to 16 bytes a pixel come on top of the pixels.
    limits.max_alloc = Some(max_pixels.saturating_mul(20).max(1 << 24) as u64);
    decoder.set_limits(limits).map_err(failed)?;
    let orientation = decoder.orientation().ok();
    let (channels, pixels) = bytes_of(DynamicImage::from_decoder(decoder).map_err(failed)?);
    Ok(Decoded { height, width, channels, pixels, orientation })
}

/// Channels and bytes; of 16 bits the upper eight, as Pillow and TensorFlow take them.
fn bytes_of(picture: DynamicImage) -> (usize, Vec<u8>) {
    let upper = |samples: Vec<u16>| samples.into_iter().map(|sample| (sample >> 8) as u8).collect();
    match picture {
        DynamicImage::ImageLuma8(picture) => (1, picture.into_raw()),
        DynamicImage::ImageLumaA8(picture) => (2, picture.into_raw()),
        DynamicImage::ImageRgb8(picture) => (3, picture.into_raw()),
        DynamicImage::ImageRgba8(picture) => (4, picture.into_raw()),
        DynamicImage::ImageLuma16(picture) => (1, upper(picture.into_raw())),
        DynamicImage::ImageLumaA16(picture) => (2, upper(picture.into_raw())),
        DynamicImage::ImageRgb16(picture) => (3, upper(picture.into_raw())),
        DynamicImage::ImageRgba16(picture) => (4, upper(picture.into_raw())),
        other => (4, other.into_rgba8().into_raw()),
    }
}

/// The picture as it was held up when it was taken.
pub(super) fn upright(picture: Array3<u8>, orientation: Option<Orientation>) -> Array3<u8> {
    let turned = |picture: ArrayView3<'_, u8>, transpose: bool, rows: bool, columns: bool| {
        let mut view = if transpose { picture.permuted_axes([1, 0, 2]) } else { picture };
        for (axis, inverted) in [(0, rows), (1, columns)] {
            if inverted {
                view.invert_axis(Axis(axis));
            }
        }
        view.as_standard_layout().into_owned()
    };
    match orientation {
        None | Some(Orientation::NoTransforms) => picture,
        Some(Orientation::FlipHorizontal) => turned(picture.view(), false, false, true),
        Some(Orientation::FlipVertical) => turned(picture.view(), false, true, false),
        Some(Orientation::Rotate180) => turned(picture.view(), false, true, true),
        Some(Orientation::Rotate90FlipH) => turned(picture.view(), true, false, false),
        Some(Orientation::Rotate90) => turned(picture.view(), true, false, true),
        Some(Orientation::Rotate270) => turned(picture.view(), true, true, false),
        Some(Orientation::Rotate270FlipH) => turned(picture.view(), true, true, true),
    }
}
