use serde::{Deserialize, Serialize};

use super::Loss;
use super::entropy::{EPSILON, check_smoothing, logits, smoothed_targets};
use crate::autodiff::{Link, Var};
use crate::config::{Config, OneOrMany, to_config};
use crate::{Error, Result, Tensor};

/// `qᵞ`, which says how far a probability is from the truth, for `q = 1 − p`.
fn focus(q: &Var, gamma: f32) -> Result<Option<Var>> {
    if gamma == 0.0 {
        return Ok(None);
    }
    // The slope of a root is infinite at 0.
    if gamma < 1.0 { q.clip(EPSILON, 1.0)?.pow(gamma).map(Some) } else { q.pow(gamma).map(Some) }
}

fn check_gamma(gamma: f32) -> Result<()> {
    if gamma >= 0.0 && gamma.is_finite() {
        return Ok(());
    }
    Err(Error::argument(format!("gamma of a focal loss must be a number of 0 or more, got {gamma}")))
}

/// Builder methods that both focal losses have.
macro_rules! focal {
    ($loss:ident) => {
        impl $loss {
            /// How much well-told examples count less: 0 is the plain cross-entropy. 2 if not set.
            #[must_use]
            pub fn gamma(mut self, gamma: f32) -> Self {
                self.gamma = gamma;
                self
            }

            /// For a model whose outputs are logits.
            #[must_use]
            pub fn from_logits(mut self) -> Self {
                self.from_logits = true;
                self
            }
        }
    };
}

/// Cross-entropy in which examples that are told well count less (Lin et al., 2017): the mean over the outputs of
/// `(1 − q)ᵞ·(−t·ln p − (1 − t)·ln(1 − p))`, with `q = t·p + (1 − t)·(1 − p)`, the probability given to the truth.
///
/// After a sigmoid the loss starts from the logits, as Keras' compiled models do: nothing is clipped.
///
/// ```
/// use practicum_core::losses::BinaryFocalCrossentropy;
/// use practicum_core::prelude::*;
///
/// let mut model = Sequential::new().add(Dense::new(1).activation("sigmoid"));
/// let loss = BinaryFocalCrossentropy::default().gamma(3.0).apply_class_balancing(true);
/// model.compile("adam", loss, ["accuracy"])?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct BinaryFocalCrossentropy {
    apply_class_balancing: bool,
    alpha: f32,
    gamma: f32,
    from_logits: bool,
    label_smoothing: f32,
}

focal!(BinaryFocalCrossentropy);

impl Default for BinaryFocalCrossentropy {
    /// γ = 2, without balancing, for which α would be 0.25.
    fn default() -> Self {
        Self { apply_class_balancing: false, alpha: 0.25, gamma: 2.0, from_logits: false, label_smoothing: 0.0 }
    }
}

impl BinaryFocalCrossentropy {
    /// Whether positives count α-fold, and negatives (1 − α)-fold.
    #[must_use]
    pub fn apply_class_balancing(mut self, balanced: bool) -> Self {
        self.apply_class_balancing = balanced;
        self
    }

    /// How much positives count where classes are balanced: 0.25 if not set.
    #[must_use]
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }

    /// Moves the targets towards one half: `t·(1 − s) + s/2`.
    #[must_use]
    pub fn label_smoothing(mut self, smoothing: f32) -> Self {
        self.label_smoothing = smoothing;
        self
    }
}

impl Loss for BinaryFocalCrossentropy {
    fn name(&self) -> &'static str {
        "binary_focal_crossentropy"
    }

    fn class_name(&self) -> &'static str {
        "BinaryFocalCrossentropy"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn check(&self) -> Result<()> {
        check_smoothing(self.label_smoothing)?;
        check_gamma(self.gamma)?;
        let inside = (0.0..=1.0).contains(&self.alpha);
        if inside { Ok(()) } else { Err(Error::argument(format!("alpha of {} is in [0, 1], got {}", self.name(), self.alpha))) }
    }

    /// Without logits: p is clipped under the logarithm.
    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let targets = smoothed_targets(y_true, self.label_smoothing, 2.0)?;
        let opposite = |y: &Var| y.affine(-1.0, 1.0);
        let others = opposite(&targets)?;
        let (p, entropy) = match logits(y_pred, self.from_logits, Link::Sigmoid) {
            Some(logits) => (logits.sigmoid()?, logits.sigmoid_cross_entropy(&targets)?),
            None => {
                let p = y_pred.clip(EPSILON, 1.0 - EPSILON)?;
                let entropy = targets.mul(&p.ln()?)?.add(&others.mul(&opposite(&p)?.ln()?)?)?.neg()?;
                (y_pred.clone(), entropy)
            }
        };
        // 1 − q = t·(1 − p) + (1 − t)·p.
        let wrong = targets.mul(&opposite(&p)?)?.add(&others.mul(&p)?)?;
        let mut loss = match focus(&wrong, self.gamma)? {
            Some(focus) => focus.mul(&entropy)?,
            None => entropy,
        };
        if self.apply_class_balancing {
            // t·α + (1 − t)·(1 − α).
            loss = targets.affine(2.0 * self.alpha - 1.0, 1.0 - self.alpha)?.mul(&loss)?;
        }
        loss.mean_axis(-1)
    }
}

/// Cross-entropy of classes in which examples that are told well count less (Lin et al., 2017):
/// `−Σ α·(1 − p)ᵞ·t·ln p` for targets that are probabilities, one-hot or not.
///
/// As in Keras, p is divided by its sum, then clipped to [1e-7, 1 − 1e-7].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategoricalFocalCrossentropy {
    alpha: OneOrMany<f32>,
    gamma: f32,
    from_logits: bool,
    label_smoothing: f32,
}

focal!(CategoricalFocalCrossentropy);

impl Default for CategoricalFocalCrossentropy {
    /// α = 0.25, γ = 2.
    fn default() -> Self {
        Self { alpha: OneOrMany::One(0.25), gamma: 2.0, from_logits: false, label_smoothing: 0.0 }
    }
}

impl CategoricalFocalCrossentropy {
    /// How much every class counts: 0.25 if not set.
    #[must_use]
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = OneOrMany::One(alpha);
        self
    }

    /// How much each class counts.
    #[must_use]
    pub fn alphas(mut self, alphas: impl Into<Vec<f32>>) -> Self {
        self.alpha = OneOrMany::Many(alphas.into());
        self
    }

    /// Moves the targets towards equal probabilities: `t·(1 − s) + s/classes`.
    #[must_use]
    pub fn label_smoothing(mut self, smoothing: f32) -> Self {
        self.label_smoothing = smoothing;
        self
    }
}

impl Loss for CategoricalFocalCrossentropy {
    fn name(&self) -> &'static str {
        "categorical_focal_crossentropy"
    }

    fn class_name(&self) -> &'static str {
        "CategoricalFocalCrossentropy"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn check(&self) -> Result<()> {
        check_smoothing(self.label_smoothing)?;
        check_gamma(self.gamma)?;
        match self.alpha.as_slice().iter().find(|alpha| !(**alpha >= 0.0 && alpha.is_finite())) {
            Some(alpha) => Err(Error::argument(format!("alpha of {} must be a number of 0 or more, got {alpha}", self.name()))),
            None => Ok(()),
        }
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let classes = y_pred.shape().last();
        let targets = smoothed_targets(y_true, self.label_smoothing, classes as f32)?;
        let p = if self.from_logits { y_pred.softmax()? } else { y_pred.clone() };
        let p = p.div(&p.sum_axis(-1)?.expand_dims(-1)?)?.clip(EPSILON, 1.0 - EPSILON)?;
        let entropy = targets.mul(&p.ln()?)?.neg()?;
        let loss = match focus(&p.affine(-1.0, 1.0)?, self.gamma)? {
            Some(focus) => focus.mul(&entropy)?,
            None => entropy,
        };
        match &self.alpha {
            OneOrMany::One(alpha) => loss.sum_axis(-1)?.scale(*alpha),
            OneOrMany::Many(alphas) if alphas.len() == classes => {
                loss.mul(&loss.tape().constant(Tensor::new([classes], alphas.clone())?))?.sum_axis(-1)
            }
            OneOrMany::Many(alphas) => Err(Error::argument(format!("got {} numbers as alpha for {classes} classes", alphas.len()))),
        }
    }
}
