//! JPEG: what cameras and the web write, whole files that stray a little from the standard included.

use practicum_core::{Error, Result};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::decode::{Decoded, check_size};

pub(super) fn decode(bytes: &[u8], max_pixels: usize) -> Result<Decoded> {
    // Stray bytes between segments are passed over, as everywhere, where the file is whole. Anything else that is not as
    // the standard has it means that pixels are missing.
    let header = Header::of(bytes);
    let strict = !(header.stray && header.has_end);
    let options = DecoderOptions::default().set_strict_mode(strict).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|cause| broken(cause, &header))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| Error::format("a JPEG without a size"))?;
    check_size(height, width, max_pixels)?;
    let (colours, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colours));
    let orientation = decoder.exif().and_then(|exif| image::metadata::Orientation::from_exif_chunk(exif));
    let mut pixels = super::decode::room(height * width * channels)?;
    decoder.decode_into(&mut pixels).map_err(|cause| broken(cause, &header))?;
    Ok(Decoded { height, width, channels, pixels, orientation })
}

fn broken(cause: DecodeErrors, header: &Header) -> Error {
    let text = format!("{cause:?}");
    let error = Error::format(format!("a JPEG that cannot be decoded: {}", text.trim_matches('"'))).source(text.clone());
    if header.has_end { error } else { error.hint("it ends without an end marker: was it cut off while it was copied?") }
}

/// What the segments before the first scan tell.
struct Header {
    /// There are bytes between segments that belong to none.
    stray: bool,
    /// An end marker follows the first scan. Inside of a scan none can occur, but in a thumbnail before it.
    has_end: bool,
}

impl Header {
    fn of(bytes: &[u8]) -> Self {
        let (mut at, mut stray) = (2, false);
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= 4) {
            let Some(skipped) = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff)) else { break };
            stray |= rest[..skipped].iter().any(|byte| *byte != 0xff);
            at += skipped;
            let marker = bytes[at + 1];
            if marker == 0xda {
                let has_end = bytes[at..].windows(2).rev().any(|pair| pair == [0xff, 0xd9]);
                return Self { stray, has_end };
            }
            let stands_alone = matches!(marker, 0x01 | 0xd0..=0xd9);
            let length = bytes.get(at + 2..at + 4).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
            at += 2 + if stands_alone { 0 } else { length };
        }
        Self { stray, has_end: false }
    }
}
