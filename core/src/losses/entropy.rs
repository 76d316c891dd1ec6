use serde::{Deserialize, Serialize};

use super::{Loss, Targets};
use crate::autodiff::{Link, Var};
use crate::config::{Config, to_config};
use crate::{Error, Result};

/// Probabilities are kept this far from 0 and 1 where there are no logits to start from.
pub(super) const EPSILON: f32 = 1e-7;

pub(super) fn check_smoothing(smoothing: f32) -> Result<()> {
    let inside = (0.0..=1.0).contains(&smoothing);
    if inside { Ok(()) } else { Err(Error::argument(format!("label_smoothing is in [0, 1], got {smoothing}"))) }
}

/// `t·(1 − s) + s/of`.
pub(super) fn smoothed_targets(y_true: &Var, smoothing: f32, of: f32) -> Result<Var> {
    if smoothing > 0.0 { y_true.affine(1.0 - smoothing, smoothing / of) } else { Ok(y_true.clone()) }
}

/// The logits that the predictions were made of: the predictions themselves if the loss was told so, or what the model's last
/// operation made probabilities of.
pub(super) fn logits(y_pred: &Var, from_logits: bool, link: Link) -> Option<Var> {
    if from_logits {
        return Some(y_pred.clone());
    }
    let (op, inputs) = y_pred.producer()?;
    (op.link() == Some(link)).then(|| inputs[0].clone())
}

/// A loss with logits and smoothed labels.
macro_rules! smoothed {
    ($(#[$attr:meta])* $loss:ident, $smoothing:literal) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
        pub struct $loss {
            from_logits: bool,
            label_smoothing: f32,
        }

        impl $loss {
            /// For a model whose outputs are logits.
            #[must_use]
            pub fn from_logits(mut self) -> Self {
                self.from_logits = true;
                self
            }

            #[doc = $smoothing]
            #[must_use]
            pub fn label_smoothing(mut self, smoothing: f32) -> Self {
                self.label_smoothing = smoothing;
                self
            }
        }
    };
}

/// `−ln p[class]` for targets that are class numbers.
///
/// After a softmax the loss starts from the logits, as Keras' compiled models do: nothing is clipped.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct SparseCategoricalCrossentropy {
    from_logits: bool,
}

impl SparseCategoricalCrossentropy {
    /// For a model whose outputs are logits.
    #[must_use]
    pub fn from_logits(mut self) -> Self {
        self.from_logits = true;
        self
    }
}

impl Loss for SparseCategoricalCrossentropy {
    fn name(&self) -> &'static str {
        "sparse_categorical_crossentropy"
    }

    fn class_name(&self) -> &'static str {
        "SparseCategoricalCrossentropy"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn targets(&self) -> Targets {
        Targets::Classes
    }

    /// Without logits: `−ln(p/Σp)`, with p clipped.
    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        match logits(y_pred, self.from_logits, Link::Softmax) {
            Some(logits) => logits.sparse_softmax_cross_entropy(y_true),
            None => y_pred.clip(EPSILON, 1.0 - EPSILON)?.ln()?.sparse_softmax_cross_entropy(y_true),
        }
    }
}

smoothed! {
    /// `−Σ t·ln p` for targets that are probabilities, one-hot or not.
    ///
    /// After a softmax the loss starts from the logits, as Keras' compiled models do: nothing is clipped.
    CategoricalCrossentropy, "Moves the targets towards equal probabilities: `t·(1 − s) + s/classes`."
}

impl Loss for CategoricalCrossentropy {
    fn name(&self) -> &'static str {
        "categorical_crossentropy"
    }

    fn class_name(&self) -> &'static str {
        "CategoricalCrossentropy"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn check(&self) -> Result<()> {
        check_smoothing(self.label_smoothing)
    }

    /// Without logits: p is divided by its sum, then clipped.
    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let targets = smoothed_targets(y_true, self.label_smoothing, y_pred.shape().last() as f32)?;
        if let Some(logits) = logits(y_pred, self.from_logits, Link::Softmax) {
            return logits.softmax_cross_entropy(&targets);
        }
        let p = y_pred.div(&y_pred.sum_axis(-1)?.expand_dims(-1)?)?.clip(EPSILON, 1.0 - EPSILON)?;
        p.ln()?.mul(&targets)?.sum_axis(-1)?.neg()
    }
}

smoothed! {
    /// `−t·ln p − (1 − t)·ln(1 − p)`, the mean over the outputs.
    ///
    /// After a sigmoid the loss starts from the logits, as Keras' compiled models do: nothing is clipped.
    BinaryCrossentropy, "Moves the targets towards one half: `t·(1 − s) + s/2`."
}

impl Loss for BinaryCrossentropy {
    fn name(&self) -> &'static str {
        "binary_crossentropy"
    }

    fn class_name(&self) -> &'static str {
        "BinaryCrossentropy"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn check(&self) -> Result<()> {
        check_smoothing(self.label_smoothing)
    }

    /// Without logits: p is clipped.
    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let targets = smoothed_targets(y_true, self.label_smoothing, 2.0)?;
        if let Some(logits) = logits(y_pred, self.from_logits, Link::Sigmoid) {
            return logits.sigmoid_cross_entropy(&targets)?.mean_axis(-1);
        }
        let p = y_pred.clip(EPSILON, 1.0 - EPSILON)?;
        let yes = targets.mul(&p.ln()?)?;
        let no = targets.affine(-1.0, 1.0)?.mul(&p.affine(-1.0, 1.0)?.ln()?)?;
        yes.add(&no)?.mean_axis(-1)?.neg()
    }
}

/// `Σ t·ln(t/p)`, with both clipped to [1e-7, 1].
#[derive(Clone, Copy, Debug, Default)]
pub struct KlDivergence;

impl Loss for KlDivergence {
    fn name(&self) -> &'static str {
        "kl_divergence"
    }

    fn class_name(&self) -> &'static str {
        "KLDivergence"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let (t, p) = (y_true.clip(EPSILON, 1.0)?, y_pred.clip(EPSILON, 1.0)?);
        t.mul(&t.div(&p)?.ln()?)?.sum_axis(-1)
    }
}
