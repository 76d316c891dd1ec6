use practicum_core::layers::{
    Activation, AveragePooling2D, BatchNormalization, Concatenate, GlobalAveragePooling2D, LayerExt, MaxPooling2D, Padding, Symbol,
};
use practicum_core::{Model, Result};

use super::Options;
use super::blocks::{activate, conv};

/// The size of a window, how it moves, and what it meets at the borders.
type Move = ((usize, usize), usize, Padding);

const ONE: Move = ((1, 1), 1, Padding::Same);
const THREE: Move = ((3, 3), 1, Padding::Same);
const WIDE: Move = ((1, 7), 1, Padding::Same);
const HIGH: Move = ((7, 1), 1, Padding::Same);
const HALVING: Move = ((3, 3), 2, Padding::Valid);

/// Counts layers as Keras names them: in the order in which they are made.
#[derive(Default)]
struct Names {
    units: usize,
    maxima: usize,
    means: usize,
    joins: usize,
}

fn numbered(base: &str, count: &mut usize) -> String {
    let name = if *count == 0 { base.to_owned() } else { format!("{base}_{count}") };
    *count += 1;
    name
}

impl Names {
    /// Units one after the other: each a convolution, a normalization without gamma, and relu.
    fn row(&mut self, x: &Symbol, units: &[(usize, Move)]) -> Symbol {
        let mut x = x.clone();
        for &(filters, (kernel, strides, padding)) in units {
            let number = self.units;
            self.units += 1;
            let name = |base: &str| if number == 0 { base.to_owned() } else { format!("{base}_{number}") };
            let y = conv(filters, kernel, strides, padding).named(name("conv2d")).on(&x);
            let y = BatchNormalization::new().scale(false).named(name("batch_normalization")).on(&y);
            x = activate(Activation::Relu, &name("activation"), &y);
        }
        x
    }

    fn maximum(&mut self, x: &Symbol) -> Symbol {
        MaxPooling2D::new(3).strides(2).named(numbered("max_pooling2d", &mut self.maxima)).on(x)
    }

    /// The mean of neighbours, then a unit of single places.
    fn mean(&mut self, x: &Symbol, filters: usize) -> Symbol {
        let name = numbered("average_pooling2d", &mut self.means);
        let y = AveragePooling2D::new(3).strides(1).padding(Padding::Same).named(name).on(x);
        self.row(&y, &[(filters, ONE)])
    }
}

fn join(name: &str, parts: &[&Symbol]) -> Symbol {
    Concatenate::new().named(name).on(parts)
}

/// InceptionV3 (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015): 94 convolutions, each with
/// a batch normalization and relu, in eleven blocks `mixed0` … `mixed10`.
///
/// Pictures of 299×299 pixels, at least 75×75, scaled to −1 … 1 ([`Scaling::Symmetric`](super::Scaling::Symmetric)).
///
/// ```
/// use practicum_vision::applications::{Options, inception_v3};
///
/// let base = inception_v3(Options::new().include_top(false).input_shape([150, 150, 3]))?;
/// assert_eq!(base.count_params()?, 21_802_784);
/// let cut = base.up_to(&["mixed7"])?;
/// assert_eq!(cut.output_shape()?.to_string(), "(None, 7, 7, 768)");
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// Pictures that are too small.
pub fn inception_v3(options: Options) -> Result<Model> {
    let input = options.input("InceptionV3", 299, 75)?;
    let mut names = Names::default();
    let valid = Padding::Valid;
    let mut x = names.row(&input, &[(32, HALVING), (32, ((3, 3), 1, valid)), (64, THREE)]);
    x = names.maximum(&x);
    x = names.row(&x, &[(80, ((1, 1), 1, valid)), (192, ((3, 3), 1, valid))]);
    x = names.maximum(&x);
    for (block, pooled) in [32, 64, 64].into_iter().enumerate() {
        let one = names.row(&x, &[(64, ONE)]);
        let five = names.row(&x, &[(48, ONE), (64, ((5, 5), 1, Padding::Same))]);
        let twice = names.row(&x, &[(64, ONE), (96, THREE), (96, THREE)]);
        let mean = names.mean(&x, pooled);
        x = join(&format!("mixed{block}"), &[&one, &five, &twice, &mean]);
    }
    let three = names.row(&x, &[(384, HALVING)]);
    let twice = names.row(&x, &[(64, ONE), (96, THREE), (96, HALVING)]);
    let maximum = names.maximum(&x);
    x = join("mixed3", &[&three, &twice, &maximum]);
    for (block, c) in [128, 160, 160, 192].into_iter().enumerate() {
        let one = names.row(&x, &[(192, ONE)]);
        let seven = names.row(&x, &[(c, ONE), (c, WIDE), (192, HIGH)]);
        let twice = names.row(&x, &[(c, ONE), (c, HIGH), (c, WIDE), (c, HIGH), (192, WIDE)]);
        let mean = names.mean(&x, 192);
        x = join(&format!("mixed{}", block + 4), &[&one, &seven, &twice, &mean]);
    }
    let three = names.row(&x, &[(192, ONE), (320, HALVING)]);
    let seven = names.row(&x, &[(192, ONE), (192, WIDE), (192, HIGH), (192, HALVING)]);
    let maximum = names.maximum(&x);
    x = join("mixed8", &[&three, &seven, &maximum]);
    for block in 0..2 {
        x = last_block(&mut names, &x, block);
    }
    let top = |x: Symbol| options.predictions(&GlobalAveragePooling2D::new().named("avg_pool").on(&x));
    options.model("inception_v3", &input, x, top)
}

/// A block whose branches fork again.
fn last_block(names: &mut Names, x: &Symbol, block: usize) -> Symbol {
    let flat: Move = ((1, 3), 1, Padding::Same);
    let tall: Move = ((3, 1), 1, Padding::Same);
    let one = names.row(x, &[(320, ONE)]);
    let three = names.row(x, &[(384, ONE)]);
    let (first, second) = (names.row(&three, &[(384, flat)]), names.row(&three, &[(384, tall)]));
    let three = join(&format!("mixed9_{block}"), &[&first, &second]);
    let twice = names.row(x, &[(448, ONE), (384, THREE)]);
    let (first, second) = (names.row(&twice, &[(384, flat)]), names.row(&twice, &[(384, tall)]));
    let twice = join(&numbered("concatenate", &mut names.joins), &[&first, &second]);
    let mean = names.mean(x, 192);
    join(&format!("mixed{}", block + 9), &[&one, &three, &twice, &mean])
}
