use image::{GrayImage, RgbImage};

/// Colours for numbers from dark to light, in matplotlib's names.
///
/// A colour is found between eleven given ones in a straight line; the largest difference to matplotlib's table of 256 is a
/// few levels of 255.
///
/// ```
/// use practicum_vision::visualize::Colormap;
///
/// assert_eq!(Colormap::Viridis.color(0), [68, 1, 84]);
/// assert_eq!(Colormap::Viridis.color(255), [253, 231, 37]);
/// assert_eq!(Colormap::Gray.color(99), [99, 99, 99]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Colormap {
    /// From black to white.
    Gray,
    /// From dark blue over green to yellow: matplotlib's default.
    #[default]
    Viridis,
    /// From black over red to light yellow.
    Inferno,
    /// From blue over green and yellow to red: for heat over a picture.
    Jet,
}

/// Equally spaced from 0 to 255.
const VIRIDIS: [[u8; 3]; 11] = [
    [68, 1, 84],
    [72, 37, 118],
    [65, 68, 135],
    [53, 96, 141],
    [42, 120, 142],
    [33, 144, 140],
    [34, 168, 132],
    [67, 191, 113],
    [122, 209, 81],
    [187, 223, 39],
    [253, 231, 37],
];

const INFERNO: [[u8; 3]; 11] = [
    [0, 0, 4],
    [22, 11, 57],
    [66, 10, 104],
    [106, 23, 110],
    [147, 38, 103],
    [188, 55, 84],
    [221, 81, 58],
    [243, 120, 25],
    [252, 165, 10],
    [246, 214, 69],
    [252, 255, 164],
];

impl Colormap {
    /// The colour of a number from 0 to 255: red, green, blue.
    pub fn color(self, value: u8) -> [u8; 3] {
        match self {
            Self::Gray => [value; 3],
            Self::Viridis => between(&VIRIDIS, value),
            Self::Inferno => between(&INFERNO, value),
            Self::Jet => {
                let at = f32::from(value) / 255.0;
                // Each channel is a trapezoid of width 1 whose middle lies at a quarter, a half and three quarters.
                [0.75, 0.5, 0.25].map(|middle: f32| super::byte(255.0 * (1.5 - 4.0 * (at - middle).abs()).clamp(0.0, 1.0)))
            }
        }
    }

    /// A grey picture in these colours.
    pub fn paint(self, picture: &GrayImage) -> RgbImage {
        RgbImage::from_fn(picture.width(), picture.height(), |x, y| image::Rgb(self.color(picture.get_pixel(x, y).0[0])))
    }
}

fn between(colors: &[[u8; 3]; 11], value: u8) -> [u8; 3] {
    let at = f32::from(value) / 255.0 * 10.0;
    let first = (at as usize).min(9);
    let share = at - first as f32;
    [0, 1, 2].map(|channel| {
        let (low, high) = (f32::from(colors[first][channel]), f32::from(colors[first + 1][channel]));
        super::byte(low + share * (high - low))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_begin_and_end_where_they_should() {
        assert_eq!((Colormap::Inferno.color(0), Colormap::Inferno.color(255)), ([0, 0, 4], [252, 255, 164]));
        assert_eq!((Colormap::Jet.color(0), Colormap::Jet.color(255)), ([0, 0, 128], [128, 0, 0]));
        // Half-way through, matplotlib has (33, 145, 140) and (188, 55, 84).
        for (map, expected) in [(Colormap::Viridis, [33, 145, 140]), (Colormap::Inferno, [188, 55, 84])] {
            assert!(map.color(128).iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2), "{:?}", map.color(128));
        }
    }

    #[test]
    fn lighter_numbers_have_lighter_colours() {
        let luminance = |[r, g, b]: [u8; 3]| 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
        for map in [Colormap::Gray, Colormap::Viridis, Colormap::Inferno] {
            let lights: Vec<f64> = (0..=255).map(|value| luminance(map.color(value))).collect();
            assert!(lights.windows(2).all(|pair| pair[1] >= pair[0] - 0.5), "{map:?}");
        }
    }

    #[test]
    fn every_pixel_is_painted() {
        let grey = GrayImage::from_raw(2, 1, vec![0, 255]).unwrap();
        assert_eq!(Colormap::Viridis.paint(&grey).into_raw(), [68, 1, 84, 253, 231, 37]);
    }
}
