use serde::{Deserialize, Serialize};

use super::kit::from_config;
use super::scale_center::{ScaleCenter, scale_center_options};
use super::shared::class;
use super::{Axes, Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::kernel::layer_norm::RowScale;
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result, Shape};

/// Divides the features into groups and normalizes each group of each example by its own mean and variance, over all axes
/// but the batch (Wu & He, 2018): `y = gamma·(x − mean)/√(variance + epsilon) + beta`.
///
/// Parameters of the size of `axis`, which must be known: `gamma` (ones) and `beta` (zeros).
///
/// ```
/// use practicum_core::{Sequential, layers::{GroupNormalization, Input}};
///
/// let model = Sequential::new().add(Input::new([8, 8, 12])).add(GroupNormalization::new(4));
/// assert_eq!(model.count_params()?, 24);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupNormalization {
    groups: isize,
    axis: isize,
    #[serde(flatten)]
    affine: ScaleCenter,
}

impl Default for GroupNormalization {
    fn default() -> Self {
        Self { groups: 32, axis: Axes::LAST, affine: ScaleCenter::default() }
    }
}

impl GroupNormalization {
    /// The layer with this many groups of features on the last axis, and an epsilon of 0.001. −1 makes a group of every
    /// feature. Keras' default is 32.
    pub fn new(groups: isize) -> Self {
        Self { groups, ..Self::default() }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("GroupNormalization", config)?))
    }

    /// The axis of the features.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }

    scale_center_options!();

    /// The number of groups that this many features make.
    fn groups_of(&self, features: usize) -> Result<usize> {
        let groups = if self.groups == -1 { features } else { usize::try_from(self.groups).unwrap_or(0) };
        if groups == 0 || !features.is_multiple_of(groups) {
            return Err(Error::argument(format!("{features} features do not make {} groups of one size", self.groups))
                .hint("groups divides the number of features; -1 makes a group of every feature"));
        }
        Ok(groups)
    }
}

impl Layer for GroupNormalization {
    class!("GroupNormalization");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let features = Axes::from(self.axis).sizes(input)?;
        self.groups_of(features[0])?;
        self.affine.build(cx, &features)?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let gathered = Axes::from(self.axis).gather(x)?;
        let shape = gathered.rows.shape();
        let (batch, features) = (shape[0], shape.last());
        let groups = self.groups_of(features)?;
        let places: usize = shape[1..shape.rank() - 1].iter().product();
        // A group's numbers lie together only where there is one place.
        let spread = Shape::new(&[batch, places, groups, features / groups])?;
        let together = Shape::new(&[batch, groups, places * (features / groups)])?;
        let scale = RowScale::Deviation { epsilon: self.affine.epsilon };
        let mut y = if places == 1 {
            gathered.rows.reshape(together)?.normalize_rows(scale, None, None)?
        } else {
            let by_group = gathered.rows.reshape(spread)?.permute(&[0, 2, 1, 3])?;
            by_group.reshape(together)?.normalize_rows(scale, None, None)?.reshape(by_group.shape())?.permute(&[0, 2, 1, 3])?
        };
        y = y.reshape(shape)?;
        let [gamma, beta] = self.affine.gamma_and_beta(cx)?;
        if let Some(gamma) = gamma {
            y = y.mul(&gamma)?;
        }
        if let Some(beta) = beta {
            y = y.add(&beta)?;
        }
        gathered.back(&y)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn describe(&self) -> String {
        format!("GroupNormalization {}", self.groups)
    }
}
