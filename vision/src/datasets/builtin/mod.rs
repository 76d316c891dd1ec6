//! Data sets that code draws, for when there are no files: garments and handwritten-looking digits, horses and humans, happy and
//! sad faces, cats and dogs, rock, paper and scissors, letters of the sign language, and stairs in the light.
//!
//! They have the classes and roughly the look of the sets they stand in for, and enough variety in proportion, pose, colour,
//! light and noise that a linear model does not solve them while a small network does well; but they are drawings, and a result
//! on them says nothing about the real sets.
//!
//! Picture `i` of a split depends on the seed, the split and `i` alone, so a larger set begins with the smaller one. As many
//! pictures in a row as there are classes hold each class once. Only additions, multiplications, divisions and square roots
//! decide a pixel: the pictures are the same on every machine.

mod canvas;
mod chance;
mod digits;
mod faces;
mod figures;
mod garments;
mod hands;
mod pets;
mod scene;
mod stairs;

use practicum_core::ndarray::{Array2, Array4};
use practicum_core::{Error, Result};

use self::canvas::SIDE;
use self::chance::Chance;
use super::{ImageDataset, LabeledImages, fashion_mnist, mnist, sign_mnist};

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
/// An argument error when there is no memory for this many.
pub fn garments(seed: u64, size: Size) -> Result<ImageDataset> {
    draw(seed, size, 1, &fashion_mnist::CLASS_NAMES, garments::draw)
}

/// Ten handwritten-looking digits in the manner of MNIST, 28 × 28, white on black, centred by mass.
///
/// # Errors
/// An argument error when there is no memory for this many.
pub fn digits(seed: u64, size: Size) -> Result<ImageDataset> {
    draw(seed, size, 2, &mnist::CLASS_NAMES, digits::draw)
}

type Artist = fn(class: usize, chance: &mut Chance, bytes: &mut Vec<u8>);

/// Ten classes of grey pictures of 28 × 28.
fn draw(seed: u64, size: Size, purpose: u64, class_names: &[&str; 10], artist: Artist) -> Result<ImageDataset> {
    let labels: [u32; 10] = std::array::from_fn(|class| class as u32);
    Series { seed, purpose, shape: [SIDE, SIDE, 1], labels: &labels, class_names }.draw(size, &artist)
}

/// What the pictures of one kind have in common.
struct Series<'a> {
    seed: u64,
    /// Two numbers are used: this one, and the one after the next.
    purpose: u64,
    /// [height, width, channels]
    shape: [usize; 3],
    /// The labels of the classes that are drawn.
    labels: &'a [u32],
    class_names: &'a [&'a str],
}

impl Series<'_> {
    /// Draws both splits. The artist gets the index of the class in `labels`.
    fn draw(&self, size: Size, artist: &dyn Fn(usize, &mut Chance, &mut Vec<u8>)) -> Result<ImageDataset> {
        ImageDataset::new(self.split(0, size.train, artist)?, self.split(1, size.test, artist)?)
    }

    fn split(&self, split: u64, count: usize, artist: &dyn Fn(usize, &mut Chance, &mut Vec<u8>)) -> Result<LabeledImages> {
        let [height, width, channels] = self.shape;
        let mut pixels = Vec::new();
        let room = [height, width, channels].into_iter().try_fold(count, usize::checked_mul);
        if room.is_none_or(|room| pixels.try_reserve_exact(room).is_err()) {
            return Err(Error::argument(format!("no memory for {count} pictures of {height} × {width}")).hint("ask for fewer"));
        }
        let mut labels = Vec::with_capacity(count);
        for index in 0..count as u64 {
            let mut chance = Chance::new(self.seed, self.purpose, split, index);
            let class = self.class_of(split, index);
            artist(class, &mut chance, &mut pixels);
            labels.push(self.labels[class]);
        }
        let images = Array4::from_shape_vec((count, height, width, channels), pixels)
            .map_err(|cause| Error::shape(cause.to_string()).source(cause))?;
        LabeledImages::new(images, labels, self.class_names.iter().copied())
    }

    /// The classes of as many pictures in a row as there are classes are a shuffle of them.
    fn class_of(&self, split: u64, index: u64) -> usize {
        let count = self.labels.len();
        let mut chance = Chance::new(self.seed, self.purpose + 2, split, index / count as u64);
        let mut classes: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            classes.swap(last, chance.below(last + 1));
        }
        classes[(index % count as u64) as usize]
    }
}

/// The largest picture that is drawn.
const LARGEST: usize = 2_048;

/// Colour pictures of `side` × `side`.
fn scenes(seed: u64, size: Size, side: usize, purpose: u64, class_names: &[&str], artist: scene::Artist) -> Result<ImageDataset> {
    if !(16..=LARGEST).contains(&side) {
        return Err(Error::argument(format!("pictures of {side} × {side}: they are drawn from 16 to {LARGEST} pixels a side")));
    }
    let labels: Vec<u32> = (0..class_names.len() as u32).collect();
    let series = Series { seed, purpose, shape: [side, side, 3], labels: &labels, class_names };
    series.draw(size, &|class, chance, bytes| {
        let mut scene = scene::Scene::new(side);
        artist(class, &mut scene, chance);
        scene.finish(chance, bytes);
    })
}

/// Horses and humans in many poses and colours, before meadows, walls and skies, in the manner of horse-or-human.
///
/// Figures are lighter than what is behind them as often as darker, so that no pixel by itself says which class it is.
///
/// ```
/// use practicum_vision::datasets::builtin::{self, Size};
///
/// let set = builtin::horses_or_humans(42, Size { train: 4, test: 2 }, 64)?;
/// assert_eq!(set.train.images().dim(), (4, 64, 64, 3));
/// assert_eq!(set.class_names(), ["horses", "humans"]);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// An argument error when `side` is not from 16 to 2,048, or when there is no memory for this many.
pub fn horses_or_humans(seed: u64, size: Size, side: usize) -> Result<ImageDataset> {
    scenes(seed, size, side, 101, &["horses", "humans"], figures::draw)
}

/// Faces that smile and faces that do not, in the manner of happy-or-sad; classes `happy` and `sad`.
///
/// # Errors
/// As [`horses_or_humans`].
pub fn happy_or_sad(seed: u64, size: Size, side: usize) -> Result<ImageDataset> {
    scenes(seed, size, side, 105, &["happy", "sad"], faces::draw)
}

/// Heads of cats and dogs in many colours and patterns, in the manner of cats-and-dogs; classes `cats` and `dogs`.
///
/// # Errors
/// As [`horses_or_humans`].
pub fn cats_and_dogs(seed: u64, size: Size, side: usize) -> Result<ImageDataset> {
    scenes(seed, size, side, 109, &["cats", "dogs"], pets::draw)
}

/// Hands that show rock, paper and scissors, from all sides before light grounds; classes `paper`, `rock` and `scissors`.
///
/// # Errors
/// As [`horses_or_humans`].
pub fn rock_paper_scissors(seed: u64, size: Size, side: usize) -> Result<ImageDataset> {
    scenes(seed, size, side, 113, &["paper", "rock", "scissors"], hands::rock_paper_scissors)
}

/// Hands that spell letters, 28 × 28, grey, in the manner of Sign-MNIST: 26 class names, of which J and Z, which need a
/// movement, never occur.
///
/// # Errors
/// As [`garments`].
pub fn signs(seed: u64, size: Size) -> Result<ImageDataset> {
    let labels: Vec<u32> = (0..25).filter(|label| *label != 9).collect();
    let series = Series { seed, purpose: 117, shape: [SIDE, SIDE, 1], labels: &labels, class_names: &sign_mnist::CLASS_NAMES };
    series.draw(size, &|class, chance, bytes| {
        let mut scene = scene::Scene::new(SIDE);
        hands::letter(labels[class] as usize, &mut scene, chance);
        scene.finish_grey(chance, bytes);
    })
}

/// A grey picture of 512 × 512, stairs and pillars in the light, in the place of SciPy's `ascent`.
pub fn ascent() -> Array2<u8> {
    stairs::draw()
}

#[cfg(test)]
mod tests;
