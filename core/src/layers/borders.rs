//! Layers that put zeros around maps, or cut their borders off.

use serde::{Deserialize, Serialize};

use super::convolution::{channels_last, check_layout, map_of, with_map};
use super::kit::from_config;
use super::shared::class;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// How much before and after each axis of a map: one number for all, one an axis, or two an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Borders {
    /// The same everywhere.
    All(usize),
    /// Before and after the steps of a sequence, or on both sides of the rows and of the columns of a picture.
    Pair(usize, usize),
    /// Above and below, left and right of a picture.
    Four([usize; 2], [usize; 2]),
}

impl From<usize> for Borders {
    fn from(all: usize) -> Self {
        Self::All(all)
    }
}

impl From<(usize, usize)> for Borders {
    fn from((first, second): (usize, usize)) -> Self {
        Self::Pair(first, second)
    }
}

impl From<((usize, usize), (usize, usize))> for Borders {
    fn from((rows, columns): ((usize, usize), (usize, usize))) -> Self {
        Self::Four(rows.into(), columns.into())
    }
}

impl Borders {
    /// Before and after rows and columns; a sequence has one row, with no borders.
    fn of(self, axes: usize) -> Result<[[usize; 2]; 2]> {
        Ok(match (self, axes) {
            (Self::All(all), 1) => [[0, 0], [all, all]],
            (Self::Pair(before, after), 1) => [[0, 0], [before, after]],
            (Self::All(all), _) => [[all, all]; 2],
            (Self::Pair(rows, columns), _) => [[rows, rows], [columns, columns]],
            (Self::Four(rows, columns), 2) => [rows, columns],
            (Self::Four(..), _) => return Err(Error::argument("a sequence has borders before and after: give one number or two")),
        })
    }

    /// As Keras writes it: two numbers for a sequence, two an axis for a picture.
    fn expanded(self, axes: usize) -> Self {
        match (self.of(axes), axes) {
            (Ok([_, [before, after]]), 1) => Self::Pair(before, after),
            (Ok([rows, columns]), _) => Self::Four(rows, columns),
            (Err(_), _) => self,
        }
    }
}

/// A layer with borders; the last name is that of Keras' option for the layout, where the layer has it.
macro_rules! borders {
    ($(#[$attr:meta])* $layer:ident, $class:literal, $axes:literal, $field:ident, $size:expr, $apply:expr $(, $layout:ident)?) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $layer {
            $field: Borders,
            $(#[serde(default = "channels_last")]
            $layout: String,)?
        }

        impl $layer {
            /// The layer for so much before and after each axis.
            pub fn new($field: impl Into<Borders>) -> Self {
                Self { $field: $field.into().expanded($axes) $(, $layout: channels_last())? }
            }

            pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
                Ok(Box::new(from_config::<Self>($class, config)?))
            }
        }

        impl Layer for $layer {
            class!($class);

            fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
                $(check_layout(&self.$layout)?;)?
                let ((mut map, channels), borders) = (map_of(input, $axes)?, self.$field.of($axes)?);
                let size: fn(usize, usize) -> Option<usize> = $size;
                for (axis, borders) in borders.into_iter().enumerate() {
                    if let Some(places) = map[axis] {
                        let sum = borders[0].checked_add(borders[1]);
                        let left = sum.and_then(|sum| size(places, sum)).ok_or_else(|| {
                            Error::shape(format!("{} of {borders:?} does not fit an axis of {places} places", stringify!($field)))
                        });
                        map[axis] = Some(left?);
                    }
                }
                Ok(with_map(input, $axes, map, channels))
            }

            fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
                let apply: fn(&Var, isize, [usize; 2]) -> Result<Var> = $apply;
                let [rows, columns] = self.$field.of($axes)?;
                let x = if $axes == 2 { apply(x, 1, rows)? } else { x.clone() };
                apply(&x, $axes, columns)
            }
        }
    };
}

fn with_zeros(x: &Var, axis: isize, [before, after]: [usize; 2]) -> Result<Var> {
    x.pad_zeros(axis, before, after)
}

fn without_borders(x: &Var, axis: isize, [before, after]: [usize; 2]) -> Result<Var> {
    let size = x.shape()[x.shape().axis(axis)?];
    if before + after >= size {
        return Err(Error::shape(format!("nothing is left of {size} places without {before} before and {after} after")));
    }
    x.slice(axis, before..size - after)
}

borders! {
    /// Zeros around pictures: `(batch, height, width, channels)` → `(batch, above + height + below, left + width + right,
    /// channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Input, ZeroPadding2D}};
    ///
    /// let model = Sequential::new().add(Input::new([4, 5, 3])).add(ZeroPadding2D::new(((1, 0), (2, 3))));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 5, 10, 3)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ZeroPadding2D, "ZeroPadding2D", 2, padding, |places, sum| places.checked_add(sum), with_zeros, data_format
}

borders! {
    /// Zeros before and after sequences: `(batch, steps, channels)` → `(batch, before + steps + after, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Input, ZeroPadding1D}};
    ///
    /// let model = Sequential::new().add(Input::new([4, 3])).add(ZeroPadding1D::new((2, 1)));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 7, 3)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ZeroPadding1D, "ZeroPadding1D", 1, padding, |places, sum| places.checked_add(sum), with_zeros, data_format
}

borders! {
    /// Pictures without their borders: `(batch, height, width, channels)` → `(batch, height − above − below, width − left −
    /// right, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Cropping2D, Input}};
    ///
    /// let model = Sequential::new().add(Input::new([8, 8, 3])).add(Cropping2D::new((1, 2)));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 6, 4, 3)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Cropping2D, "Cropping2D", 2, cropping, |places, sum| places.checked_sub(sum).filter(|left| *left > 0), without_borders, data_format
}

borders! {
    /// Sequences without their first and last steps: `(batch, steps, channels)` → `(batch, steps − before − after, channels)`.
    ///
    /// ```
    /// use practicum_core::{Sequential, layers::{Cropping1D, Input}};
    ///
    /// let model = Sequential::new().add(Input::new([8, 3])).add(Cropping1D::new(1));
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 6, 3)");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    Cropping1D, "Cropping1D", 1, cropping, |places, sum| places.checked_sub(sum).filter(|left| *left > 0), without_borders
}
