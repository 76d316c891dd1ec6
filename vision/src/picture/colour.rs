//! What the channels of a picture mean, and how they become others.

use practicum_core::{Error, Result};

/// The channels that a picture is loaded with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColorMode {
    /// One channel: luma, 0.299 red + 0.587 green + 0.114 blue.
    Grayscale,
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Red, green, blue and alpha: 0 is transparent, 255 opaque.
    Rgba,
}

impl ColorMode {
    /// The mode of Keras' name: `grayscale`, `rgb` or `rgba`.
    ///
    /// ```
    /// use practicum_vision::picture::ColorMode;
    ///
    /// assert_eq!(ColorMode::by_name("rgb")?.channels(), 3);
    /// assert!(ColorMode::by_name("greyscale").unwrap_err().to_string().contains("`grayscale`?"));
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// A name that is none of the three.
    pub fn by_name(name: &str) -> Result<Self> {
        match name {
            "grayscale" => Ok(Self::Grayscale),
            "rgb" => Ok(Self::Rgb),
            "rgba" => Ok(Self::Rgba),
            _ => Err(Error::unknown("color_mode", name, ["grayscale", "rgb", "rgba"])),
        }
    }

    /// Numbers a pixel.
    pub fn channels(self) -> usize {
        match self {
            Self::Grayscale => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// What becomes of transparency where a picture is loaded without alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alpha {
    /// Alpha is dropped, as Keras does: what was transparent shows the colour that is stored there, often black.
    #[default]
    Drop,
    /// The picture is laid on a ground of this colour: α · picture + (1 − α) · ground.
    Blend([u8; 3]),
}

/// The numbers of a picture, pixel by pixel, in other channels. There are 1 (grey), 2 (grey, alpha), 3 or 4 a pixel.
pub(super) fn convert(pixels: Vec<u8>, channels: usize, mode: ColorMode, alpha: Alpha) -> Vec<u8> {
    match (channels, mode, alpha) {
        (1, ColorMode::Grayscale, _) | (3, ColorMode::Rgb, _) | (4, ColorMode::Rgba, Alpha::Drop) => pixels,
        (1, ..) => spread(pixels.into_iter().map(|grey| [grey, grey, grey, 255]), mode),
        (2, ..) => {
            let rgba = pixels.chunks_exact(2).map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]);
            spread(rgba.map(|pixel| blend(pixel, alpha)), mode)
        }
        (3, ..) => spread(pixels.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2], 255]), mode),
        _ => {
            let rgba = pixels.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[3]]);
            spread(rgba.map(|pixel| blend(pixel, alpha)), mode)
        }
    }
}

fn spread(pixels: impl ExactSizeIterator<Item = [u8; 4]>, mode: ColorMode) -> Vec<u8> {
    match mode {
        ColorMode::Grayscale => pixels.map(luma).collect(),
        ColorMode::Rgb => {
            let mut rgb = Vec::with_capacity(pixels.len() * 3);
            pixels.for_each(|pixel| rgb.extend_from_slice(&pixel[..3]));
            rgb
        }
        ColorMode::Rgba => pixels.flatten().collect(),
    }
}

/// ITU-R 601 luma in 16 bits, rounded as Pillow rounds it.
fn luma([red, green, blue, _]: [u8; 4]) -> u8 {
    let sum = u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000;
    (sum >> 16) as u8
}

fn blend(pixel: [u8; 4], alpha: Alpha) -> [u8; 4] {
    let Alpha::Blend(ground) = alpha else { return pixel };
    let opacity = u32::from(pixel[3]);
    let mix = |channel: usize| ((u32::from(pixel[channel]) * opacity + u32::from(ground[channel]) * (255 - opacity) + 127) / 255) as u8;
    [mix(0), mix(1), mix(2), 255]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_comes_from_every_number_of_channels() {
        use ColorMode::{Grayscale, Rgb, Rgba};
        let of = |pixels: &[u8], mode| convert(pixels.to_vec(), pixels.len(), mode, Alpha::Drop);
        assert_eq!([of(&[9], Grayscale), of(&[9], Rgb), of(&[9], Rgba)], [vec![9], vec![9, 9, 9], vec![9, 9, 9, 255]]);
        assert_eq!([of(&[9, 3], Grayscale), of(&[9, 3], Rgb), of(&[9, 3], Rgba)], [vec![9], vec![9, 9, 9], vec![9, 9, 9, 3]]);
        assert_eq!([of(&[200, 100, 50], Grayscale), of(&[200, 100, 50], Rgba)], [vec![124], vec![200, 100, 50, 255]]);
        assert_eq!([of(&[200, 100, 50, 7], Grayscale), of(&[200, 100, 50, 7], Rgb)], [vec![124], vec![200, 100, 50]]);
    }

    #[test]
    fn blending_lays_the_picture_on_a_ground() {
        let on_white = |pixels: &[u8]| convert(pixels.to_vec(), pixels.len(), ColorMode::Rgb, Alpha::Blend([255; 3]));
        assert_eq!(on_white(&[10, 20, 30, 0]), [255, 255, 255]);
        assert_eq!(on_white(&[10, 20, 30, 255]), [10, 20, 30]);
        assert_eq!(on_white(&[0, 100, 255, 51]), [204, 224, 255]);
        assert_eq!(on_white(&[0, 51]), [204, 204, 204]);
        assert_eq!(convert(vec![0, 0, 0, 51], 4, ColorMode::Rgba, Alpha::Blend([255; 3])), [204, 204, 204, 255]);
    }
}
