//! Contact sheets: many small pictures on one, enlarged and with gaps, to look at and to print in a report.
//!
//! ```
//! use practicum_core::ndarray::Array3;
//! use practicum_vision::picture::Sheet;
//!
//! let pictures = Array3::from_shape_fn((24, 28, 28), |(i, y, x)| (10 * i + y * x / 28) as u8);
//! let sheet = Sheet::new(8).scale(2).gap(4).grey(pictures.outer_iter())?;
//! assert_eq!(sheet.dimensions(), (8 * 56 + 9 * 4, 3 * 56 + 4 * 4));
//! # Ok::<(), practicum_vision::Error>(())
//! ```

use image::{GrayImage, ImageBuffer, Luma, Pixel, Rgb, RgbImage};
use practicum_core::ndarray::{ArrayView2, ArrayView3};
use practicum_core::{Error, Result};

/// How pictures of one size are laid out on a sheet: row by row, `columns` in a row, a gap around each.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sheet {
    columns: usize,
    gap: usize,
    scale: usize,
    background: u8,
}

impl Sheet {
    /// A sheet of `columns` pictures a row, at their own size, two pixels apart on white.
    pub fn new(columns: usize) -> Self {
        Self { columns, gap: 2, scale: 1, background: 255 }
    }

    /// Pixels between the pictures and around them.
    #[must_use]
    pub fn gap(mut self, gap: usize) -> Self {
        self.gap = gap;
        self
    }

    /// Makes every pixel a square of `scale` × `scale`.
    #[must_use]
    pub fn scale(mut self, scale: usize) -> Self {
        self.scale = scale;
        self
    }

    /// The grey of the gaps: 0 is black, 255 white.
    #[must_use]
    pub fn background(mut self, grey: u8) -> Self {
        self.background = grey;
        self
    }

    /// Lays out grey pictures [height, width].
    ///
    /// # Errors
    /// A shape error when the pictures differ in size; an argument error when there are none, when columns or scale are
    /// 0, or when the sheet would be larger than memory.
    pub fn grey<'a>(&self, pictures: impl IntoIterator<Item = ArrayView2<'a, u8>>) -> Result<GrayImage> {
        let pictures: Vec<_> = pictures.into_iter().collect();
        let sizes: Vec<_> = pictures.iter().map(ArrayView2::dim).collect();
        self.lay_out(&sizes, Luma([self.background]), |at, y, x| Luma([pictures[at][[y, x]]]))
    }

    /// Lays out colour pictures [height, width, 3], the channels red, green, blue.
    ///
    /// # Errors
    /// As [`grey`](Self::grey), and a shape error when a picture does not have three channels.
    pub fn rgb<'a>(&self, pictures: impl IntoIterator<Item = ArrayView3<'a, u8>>) -> Result<RgbImage> {
        let pictures: Vec<_> = pictures.into_iter().collect();
        if let Some((at, picture)) = pictures.iter().enumerate().find(|(_, picture)| picture.dim().2 != 3) {
            return Err(Error::shape(format!("picture {at}: expected [height, width, 3], got {:?}", picture.shape())));
        }
        let sizes: Vec<_> = pictures.iter().map(|picture| (picture.dim().0, picture.dim().1)).collect();
        self.lay_out(&sizes, Rgb([self.background; 3]), |at, y, x| Rgb([0, 1, 2].map(|channel| pictures[at][[y, x, channel]])))
    }

    fn lay_out<P: Pixel<Subpixel = u8>>(
        &self,
        sizes: &[(usize, usize)],
        background: P,
        pixel: impl Fn(usize, usize, usize) -> P,
    ) -> Result<ImageBuffer<P, Vec<u8>>> {
        let Some(&(height, width)) = sizes.first() else {
            return Err(Error::argument("a sheet needs at least one picture, got none"));
        };
        if let Some((at, (h, w))) = sizes.iter().enumerate().find(|(_, size)| **size != (height, width)) {
            return Err(Error::shape(format!("picture {at} is {h} × {w}, the first one is {height} × {width}: a sheet needs one size")));
        }
        if self.columns == 0 || self.scale == 0 {
            return Err(Error::argument(format!("expected columns and scale of 1 or more, got {} and {}", self.columns, self.scale)));
        }
        let rows = sizes.len().div_ceil(self.columns);
        let (sheet_width, sheet_height) = self
            .extent(self.columns, width)
            .zip(self.extent(rows, height))
            .ok_or_else(|| Error::argument(format!("a sheet of {rows} × {} pictures of {height} × {width} is too large", self.columns)))?;
        let mut sheet = ImageBuffer::from_pixel(sheet_width, sheet_height, background);
        for at in 0..sizes.len() {
            let left = self.gap + (at % self.columns) * (width * self.scale + self.gap);
            let top = self.gap + (at / self.columns) * (height * self.scale + self.gap);
            for y in 0..height * self.scale {
                for x in 0..width * self.scale {
                    sheet.put_pixel((left + x) as u32, (top + y) as u32, pixel(at, y / self.scale, x / self.scale));
                }
            }
        }
        Ok(sheet)
    }

    /// Pixels that `count` pictures of `side` take in one direction, up to 32,768: a gigapixel a sheet, and no more.
    fn extent(&self, count: usize, side: usize) -> Option<u32> {
        let pitch = side.checked_mul(self.scale)?.checked_add(self.gap)?;
        let extent = pitch.checked_mul(count)?.checked_add(self.gap)?;
        u32::try_from(extent).ok().filter(|extent| *extent <= 1 << 15)
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::{Array3, Array4, array};

    use super::*;
    use crate::picture::save_png;

    #[test]
    fn pictures_stand_where_they_belong() {
        let pictures = array![[[1u8, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]];
        let sheet = Sheet::new(2).gap(1).scale(2).background(99).grey(pictures.outer_iter()).unwrap();
        assert_eq!(sheet.dimensions(), (11, 11));
        let rows: Vec<&[u8]> = sheet.as_raw().chunks(11).collect();
        assert_eq!(rows[0], [99; 11]);
        assert_eq!(rows[1], [99, 1, 1, 2, 2, 99, 5, 5, 6, 6, 99]);
        assert_eq!(rows[2], rows[1]);
        assert_eq!(rows[3], [99, 3, 3, 4, 4, 99, 7, 7, 8, 8, 99]);
        assert_eq!(rows[9], [99, 11, 11, 12, 12, 99, 99, 99, 99, 99, 99]);
    }

    #[test]
    fn colours_keep_their_channels_and_travel_through_png() {
        let pictures = Array4::from_shape_fn((2, 3, 2, 3), |(i, y, x, c)| (100 * i + 20 * y + 5 * x + c) as u8);
        let sheet = Sheet::new(2).gap(0).rgb(pictures.outer_iter()).unwrap();
        assert_eq!(sheet.get_pixel(3, 2).0, [145, 146, 147]);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.png");
        save_png(sheet.clone(), &path).unwrap();
        assert_eq!(image::load_from_memory(&std::fs::read(&path).unwrap()).unwrap().into_rgb8(), sheet);
        assert!(save_png(sheet, folder.path().join("none/sheet.png")).unwrap_err().is_io());
    }

    #[test]
    fn what_cannot_be_laid_out_is_named() {
        let pictures = Array3::<u8>::zeros((2, 4, 4));
        assert!(Sheet::new(0).grey(pictures.outer_iter()).unwrap_err().is_argument());
        assert!(Sheet::new(1).scale(usize::MAX).grey(pictures.outer_iter()).unwrap_err().is_argument());
        assert!(Sheet::new(1).grey([]).unwrap_err().is_argument());
        let other = Array3::<u8>::zeros((1, 4, 5));
        let error = Sheet::new(3).grey(pictures.outer_iter().chain(other.outer_iter())).unwrap_err();
        assert_eq!(error.to_string(), "picture 2 is 4 × 5, the first one is 4 × 4: a sheet needs one size");
        let two_channels = Array4::<u8>::zeros((1, 4, 4, 2));
        assert!(Sheet::new(1).rgb(two_channels.outer_iter()).unwrap_err().is_shape());
    }
}
