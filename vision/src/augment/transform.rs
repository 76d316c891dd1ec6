//! One transform of one picture: its numbers, how they are drawn, and what they do.

use practicum_core::rng::KeyedRng;

use super::warp::Affine;

/// What happens to one picture, in the words of Keras' `get_random_transform`. The default does nothing.
///
/// ```
/// use practicum_vision::augment::Transform;
///
/// let quarter = Transform { theta: 90.0, ..Transform::default() };
/// assert!(!quarter.is_identity());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// Rotation in degrees.
    pub theta: f64,
    /// Shift along the rows, in pixels: output row i shows input row i + `tx`.
    pub tx: f64,
    /// Shift along the columns, in pixels.
    pub ty: f64,
    /// Shear in degrees.
    pub shear: f64,
    /// Zoom of the rows: above 1, the picture becomes smaller.
    pub zx: f64,
    /// Zoom of the columns.
    pub zy: f64,
    /// Left becomes right.
    pub flip_horizontal: bool,
    /// Top becomes bottom.
    pub flip_vertical: bool,
    /// Added to every channel, within the picture's least and greatest value.
    pub channel_shift_intensity: Option<f64>,
    /// The picture times this number, cut off at 255 and at whole numbers.
    pub brightness: Option<f64>,
}

impl Default for Transform {
    fn default() -> Self {
        Self {
            theta: 0.0,
            tx: 0.0,
            ty: 0.0,
            shear: 0.0,
            zx: 1.0,
            zy: 1.0,
            flip_horizontal: false,
            flip_vertical: false,
            channel_shift_intensity: None,
            brightness: None,
        }
    }
}

impl Transform {
    /// Whether it leaves every picture as it is.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// The input position of an output position in a picture of this size: rotation · shift · shear · zoom about the
    /// middle (n − 1) / 2; `None` where positions stay.
    ///
    /// Flips are part of it: they turn the result, so they are applied to output positions.
    pub(crate) fn map(&self, height: usize, width: usize) -> Option<Affine> {
        type Matrix = [[f64; 3]; 3];
        fn product(a: Matrix, b: Matrix) -> Matrix {
            std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
        }
        let mut parts: Vec<Matrix> = Vec::new();
        if self.theta != 0.0 {
            let (sin, cos) = self.theta.to_radians().sin_cos();
            parts.push([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]);
        }
        if self.tx != 0.0 || self.ty != 0.0 {
            parts.push([[1.0, 0.0, self.tx], [0.0, 1.0, self.ty], [0.0, 0.0, 1.0]]);
        }
        if self.shear != 0.0 {
            let (sin, cos) = self.shear.to_radians().sin_cos();
            parts.push([[1.0, -sin, 0.0], [0.0, cos, 0.0], [0.0, 0.0, 1.0]]);
        }
        if self.zx != 1.0 || self.zy != 1.0 {
            parts.push([[self.zx, 0.0, 0.0], [0.0, self.zy, 0.0], [0.0, 0.0, 1.0]]);
        }
        let (middle_y, middle_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
        let mut map = parts.into_iter().reduce(product).map(|matrix| {
            let there = [[1.0, 0.0, middle_y], [0.0, 1.0, middle_x], [0.0, 0.0, 1.0]];
            let back = [[1.0, 0.0, -middle_y], [0.0, 1.0, -middle_x], [0.0, 0.0, 1.0]];
            product(product(there, matrix), back)
        });
        let flips: [(bool, Matrix); 2] = [
            (self.flip_vertical, [[-1.0, 0.0, height as f64 - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
            (self.flip_horizontal, [[1.0, 0.0, 0.0], [0.0, -1.0, width as f64 - 1.0], [0.0, 0.0, 1.0]]),
        ];
        for (_, flip) in flips.into_iter().filter(|(flipped, _)| *flipped) {
            map = Some(map.map_or(flip, |map| product(map, flip)));
        }
        map.map(|map| [map[0], map[1]])
    }
}

/// How far a picture may be shifted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum ShiftRange {
    /// Not at all.
    #[default]
    None,
    /// A number from (−range, range): below 1 a fraction of the side, from 1 on pixels.
    Uniform(f64),
    /// A whole number of pixels from (−range, range), the ends left out.
    Pixels(u32),
    /// One of these, with either sign: fractions of the side where all are below 1, else pixels.
    Choices(Vec<f64>),
}

macro_rules! from_numbers {
    ($($float:ty),+) => {
        $(impl From<$float> for ShiftRange {
            fn from(range: $float) -> Self {
                if range == 0.0 { Self::None } else { Self::Uniform(range.into()) }
            }
        }

        impl<const N: usize> From<[$float; N]> for ShiftRange {
            fn from(choices: [$float; N]) -> Self {
                Self::Choices(choices.into_iter().map(f64::from).collect())
            }
        })+
    };
}
from_numbers!(f32, f64);

impl From<i32> for ShiftRange {
    fn from(pixels: i32) -> Self {
        if pixels == 0 { Self::None } else { Self::Pixels(pixels.unsigned_abs()) }
    }
}

impl From<Vec<f64>> for ShiftRange {
    fn from(choices: Vec<f64>) -> Self {
        Self::Choices(choices)
    }
}

impl ShiftRange {
    /// A shift in pixels along a side of this length.
    pub(crate) fn draw(&self, side: usize, rng: &mut KeyedRng) -> f64 {
        let sign = |rng: &mut KeyedRng| if rng.below(2) == 0 { -1.0 } else { 1.0 };
        let fraction = |shift: f64, largest: f64| if largest < 1.0 { shift * side as f64 } else { shift };
        match self {
            Self::None => 0.0,
            Self::Uniform(range) => fraction(uniform(rng, -range, *range), *range),
            Self::Pixels(range) => f64::from(rng.below(*range)) * sign(rng),
            Self::Choices(choices) if choices.is_empty() => 0.0,
            Self::Choices(choices) => {
                let shift = choices[rng.below(choices.len() as u32) as usize] * sign(rng);
                fraction(shift, choices.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            }
        }
    }

    /// The numbers that it is made of, to be checked.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        match self {
            Self::None | Self::Pixels(_) => Vec::new(),
            Self::Uniform(range) => vec![*range],
            Self::Choices(choices) => choices.clone(),
        }
    }
}

/// A number from [low, high).
pub(crate) fn uniform(rng: &mut KeyedRng, low: f64, high: f64) -> f64 {
    let bits = f64::from(rng.below(1 << 27)) * f64::from(1 << 26) + f64::from(rng.below(1 << 26));
    low + (high - low) * (bits / (1_u64 << 53) as f64)
}
