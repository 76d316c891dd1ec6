use super::Loss;
use crate::Result;
use crate::autodiff::Var;

/// `max(1 − t·ŷ, 0)` for every output, with a target of −1 or 0 taken for t = −1, and 1 for t = 1.
fn margins(y_true: &Var, y_pred: &Var) -> Result<Var> {
    let signs = y_true.clip(0.0, 1.0)?.affine(2.0, -1.0)?;
    signs.mul(y_pred)?.affine(-1.0, 1.0)?.relu()
}

/// `mean(max(1 − t·ŷ, 0))`, for targets of −1 and 1, or of 0 and 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hinge;

impl Loss for Hinge {
    fn name(&self) -> &'static str {
        "hinge"
    }

    fn class_name(&self) -> &'static str {
        "Hinge"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        margins(y_true, y_pred)?.mean_axis(-1)
    }
}

/// `mean(max(1 − t·ŷ, 0)²)`, for targets of −1 and 1, or of 0 and 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct SquaredHinge;

impl Loss for SquaredHinge {
    fn name(&self) -> &'static str {
        "squared_hinge"
    }

    fn class_name(&self) -> &'static str {
        "SquaredHinge"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        margins(y_true, y_pred)?.square()?.mean_axis(-1)
    }
}

/// `max(1 + max((1 − y)·ŷ) − Σ y·ŷ, 0)` for one-hot targets: the class must lead by 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct CategoricalHinge;

impl Loss for CategoricalHinge {
    fn name(&self) -> &'static str {
        "categorical_hinge"
    }

    fn class_name(&self) -> &'static str {
        "CategoricalHinge"
    }

    fn call(&self, y_true: &Var, y_pred: &Var) -> Result<Var> {
        let own = y_true.mul(y_pred)?.sum_axis(-1)?;
        let others = y_true.affine(-1.0, 1.0)?.mul(y_pred)?.max_axis(-1)?;
        others.sub(&own)?.affine(1.0, 1.0)?.relu()
    }
}
