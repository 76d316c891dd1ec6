use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::scale_center::{ScaleCenter, scale_center_options};
use super::shared::{class, options};
use super::{Axes, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::ops::Scaling;
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result};

/// Normalizes each feature over the batch (Ioffe & Szegedy, 2015):
/// `y = gamma·(x − mean)/√(variance + epsilon) + beta`.
///
/// In training, mean and variance (divided by n) are those of the batch and of all axes but `axis`, and a step moves the
/// statistics that the layer keeps: `moving = momentum·moving + (1 − momentum)·batch`. Otherwise, and where the layer is
/// frozen, it works with the statistics it kept. Steps that a mask leaves out do not count in mean and variance.
///
/// Parameters of the size of `axis`, which must be known: `gamma` (ones), `beta` (zeros), and, not trainable, `moving_mean`
/// (zeros) and `moving_variance` (ones).
///
/// ```
/// use practicum_core::{
///     Sequential,
///     layers::{BatchNormalization, Input},
/// };
///
/// let model =
///     Sequential::new().add(Input::new([28, 28, 3])).add(BatchNormalization::new().momentum(0.9));
/// let count = model.summary()?.param_count();
/// assert_eq!((count.trainable, count.non_trainable), (6, 6));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchNormalization {
    axis: isize,
    momentum: f32,
    #[serde(flatten)]
    affine: ScaleCenter,
    moving_mean_initializer: Initializer,
    moving_variance_initializer: Initializer,
    #[serde(skip)]
    moving_mean: Weight,
    #[serde(skip)]
    moving_variance: Weight,
}

impl Default for BatchNormalization {
    fn default() -> Self {
        Self {
            axis: Axes::LAST,
            momentum: 0.99,
            affine: ScaleCenter::default(),
            moving_mean_initializer: Initializer::Zeros,
            moving_variance_initializer: Initializer::Ones,
            moving_mean: Weight::default(),
            moving_variance: Weight::default(),
        }
    }
}

impl BatchNormalization {
    /// The layer for the last axis, with a momentum of 0.99 and an epsilon of 0.001.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("BatchNormalization", config)?))
    }

    options! { self;
        /// The axis of the features: each of its indices is normalized by itself.
        axis: isize,
        /// How much of the kept statistics stays in a step.
        momentum: f32,
    }

    scale_center_options!();

    options! { self;
        /// How `moving_mean` begins.
        moving_mean_initializer: Initializer,
        /// How `moving_variance` begins.
        moving_variance_initializer: Initializer,
    }

    fn check_mask(&self, x: &Var, mask: Option<&Var>) -> Result<()> {
        let Some(mask) = mask else { return Ok(()) };
        let rank = x.shape().rank();
        if mask.shape().rank() + 1 != rank {
            return Err(Error::shape(format!(
                "a mask has one axis less than the input, got a mask {} and an input {}",
                mask.shape(),
                x.shape()
            )));
        }
        if Axes::from(self.axis).of(rank)? != [rank - 1] {
            return Err(Error::argument(format!("masks go with the last axis, got axis {}", self.axis)));
        }
        Ok(())
    }
}

impl Layer for BatchNormalization {
    class!("BatchNormalization");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(Error::argument(format!("momentum must be in [0, 1], got {}", self.momentum)));
        }
        let features = Axes::from(self.axis).sizes(input)?;
        self.affine.build(cx, &features)?;
        let kept =
            |name: &str, initializer: &Initializer| WeightSpec::new(name, &features).initializer(initializer.clone()).trainable(false);
        self.moving_mean = cx.weight(kept("moving_mean", &self.moving_mean_initializer))?;
        self.moving_variance = cx.weight(kept("moving_variance", &self.moving_variance_initializer))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        self.check_mask(x, cx.mask(0))?;
        let [gamma, beta] = self.affine.gamma_and_beta(cx)?;
        let scaling = Scaling { gamma: gamma.as_ref(), beta: beta.as_ref(), epsilon: self.affine.epsilon };
        let gathered = Axes::from(self.axis).gather(x)?;
        let kept = [self.moving_mean, self.moving_variance];
        if !(cx.training() && cx.trainable()) {
            let [mean, variance] = [cx.weight(kept[0])?, cx.weight(kept[1])?];
            return gathered.back(&gathered.rows.normalize_by(&mean, &variance, scaling)?);
        }
        let (y, of_batch) = gathered.rows.normalize_batch(scaling, cx.mask(0))?;
        let share = (1.0 - f64::from(self.momentum)) as f32;
        for (kept, of_batch) in kept.into_iter().zip(of_batch) {
            cx.update(kept, &cx.weight(kept)?.scale(self.momentum)?.add(&of_batch.scale(share)?)?)?;
        }
        gathered.back(&y)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }
}
