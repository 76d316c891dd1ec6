use serde::{Deserialize, Serialize};

use super::{Build, Call, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::{Error, Result};

/// The factors `gamma` and the offsets `beta` after a normalization, and its `epsilon`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ScaleCenter {
    pub(super) epsilon: f32,
    pub(super) center: bool,
    pub(super) scale: bool,
    pub(super) beta_initializer: Initializer,
    pub(super) gamma_initializer: Initializer,
    pub(super) beta_regularizer: Option<Regularizer>,
    pub(super) gamma_regularizer: Option<Regularizer>,
    #[serde(skip)]
    gamma: Weight,
    #[serde(skip)]
    beta: Weight,
}

impl Default for ScaleCenter {
    fn default() -> Self {
        Self {
            epsilon: 1e-3,
            center: true,
            scale: true,
            beta_initializer: Initializer::Zeros,
            gamma_initializer: Initializer::Ones,
            beta_regularizer: None,
            gamma_regularizer: None,
            gamma: Weight::default(),
            beta: Weight::default(),
        }
    }
}

impl ScaleCenter {
    pub(super) fn build(&mut self, cx: &mut Build<'_>, sizes: &[usize]) -> Result<()> {
        check_epsilon(self.epsilon)?;
        if self.scale {
            let gamma = WeightSpec::new("gamma", sizes).initializer(self.gamma_initializer.clone());
            self.gamma = cx.weight(gamma.regularizer(self.gamma_regularizer))?;
        }
        if self.center {
            let beta = WeightSpec::new("beta", sizes).initializer(self.beta_initializer.clone());
            self.beta = cx.weight(beta.regularizer(self.beta_regularizer))?;
        }
        Ok(())
    }

    /// Factors and offsets as rows, where they are wanted.
    pub(super) fn gamma_and_beta(&self, cx: &Call<'_>) -> Result<[Option<Var>; 2]> {
        let row = |wanted: bool, weight: Weight| -> Result<Option<Var>> {
            let weight = wanted.then(|| cx.weight(weight)).transpose()?;
            weight.map(|weight| weight.reshape([weight.shape().size()])).transpose()
        };
        Ok([row(self.scale, self.gamma)?, row(self.center, self.beta)?])
    }
}

pub(super) fn check_epsilon(epsilon: f32) -> Result<()> {
    if epsilon >= 0.0 && epsilon.is_finite() {
        return Ok(());
    }
    Err(Error::argument(format!("epsilon must be 0 or more, got {epsilon}")))
}

/// The builder methods of a layer with a `ScaleCenter` called `affine`.
macro_rules! scale_center_options {
    () => {
        $crate::layers::shared::options! { self.affine;
            /// What is added to the variance.
            epsilon: f32,
            /// Whether `beta` is added.
            center: bool,
            /// Whether `gamma` multiplies.
            scale: bool,
            /// How `beta` begins.
            beta_initializer: Initializer,
            /// How `gamma` begins.
            gamma_initializer: Initializer,
            /// A penalty on `beta`.
            beta_regularizer: Regularizer,
            /// A penalty on `gamma`.
            gamma_regularizer: Regularizer,
        }
    };
}
pub(super) use scale_center_options;
