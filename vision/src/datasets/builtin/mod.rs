//! Data sets that code draws: ten kinds of garment and ten handwritten-looking digits, for when there are no files.
//!
//! They have the size, the classes and the look of Fashion-MNIST and MNIST, and enough variety in proportion, pose,
//! stroke, cloth and noise that a linear model does not solve them while a dense network does well; but they are
//! drawings, and a result on them says nothing about the real sets.
//!
//! Picture `i` of a split depends on the seed, the split and `i` alone, so a larger set begins with the smaller one. Every ten
//! pictures in a row hold each class once. Only additions, multiplications, divisions and square roots decide a pixel:
//! the pictures are the same on every machine.

mod canvas;
mod chance;
mod digits;
mod garments;

use practicum_core::ndarray::Array3;
use practicum_core::{Error, Result};

use self::canvas::{AREA, SIDE};
use self::chance::Chance;
use super::{ImageDataset, LabeledImages, fashion_mnist, mnist};

/// How many pictures to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pictures to fit.
    pub train: usize,
    /// Pictures to evaluate.
    pub test: usize,
}

impl Default for Size {
    /// 12,000 to fit and 2,000 to evaluate: a fifth of the real sets, drawn in a moment.
    fn default() -> Self {
        Self { train: 12_000, test: 2_000 }
    }
}

/// Ten kinds of garment in the manner of Fashion-MNIST, 28 × 28, light on black.
///
/// ```
/// use practicum_vision::datasets::builtin::{self, Size};
///
/// let few = builtin::garments(7, Size { train: 20, test: 10 })?;
/// let more = builtin::garments(7, Size { train: 40, test: 10 })?;
/// assert_eq!(few.test, more.test);
/// assert_eq!(few.train.picture(19), more.train.picture(19));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An argument error when there is no memory for so many.
pub fn garments(seed: u64, size: Size) -> Result<ImageDataset> {
    draw(seed, size, 1, &fashion_mnist::CLASS_NAMES, garments::draw)
}

/// Ten handwritten-looking digits in the manner of MNIST, 28 × 28, white on black, centred by mass.
///
/// # Errors
/// An argument error when there is no memory for so many.
pub fn digits(seed: u64, size: Size) -> Result<ImageDataset> {
    draw(seed, size, 2, &mnist::CLASS_NAMES, digits::draw)
}

type Artist = fn(class: usize, chance: &mut Chance, bytes: &mut Vec<u8>);

fn draw(seed: u64, size: Size, purpose: u64, class_names: &[&str; 10], artist: Artist) -> Result<ImageDataset> {
    let part = |split, count| draw_split(seed, purpose, split, count, class_names, artist);
    ImageDataset::new(part(0, size.train)?, part(1, size.test)?)
}

fn draw_split(seed: u64, purpose: u64, split: u64, count: usize, class_names: &[&str; 10], artist: Artist) -> Result<LabeledImages> {
    let mut pixels = Vec::new();
    let room = count.checked_mul(AREA).filter(|room| pixels.try_reserve_exact(*room).is_ok());
    if room.is_none() {
        return Err(Error::argument(format!("no memory for {count} pictures of {SIDE} × {SIDE}")).hint("ask for fewer"));
    }
    let mut labels = Vec::with_capacity(count);
    for index in 0..count as u64 {
        let mut chance = Chance::new(seed, purpose, split, index);
        let class = class_of(seed, purpose, split, index);
        artist(class, &mut chance, &mut pixels);
        labels.push(class as u32);
    }
    let images = Array3::from_shape_vec((count, SIDE, SIDE), pixels).map_err(|cause| Error::shape(cause.to_string()).source(cause))?;
    LabeledImages::from_grey(images, labels, class_names.iter().copied())
}

/// The classes of ten pictures in a row are a shuffle of 0…9.
fn class_of(seed: u64, purpose: u64, split: u64, index: u64) -> usize {
    let mut chance = Chance::new(seed, purpose + 2, split, index / 10);
    let mut classes: [usize; 10] = std::array::from_fn(|class| class);
    for last in (1..10).rev() {
        classes.swap(last, chance.below(last + 1));
    }
    classes[(index % 10) as usize]
}

#[cfg(test)]
mod tests;
