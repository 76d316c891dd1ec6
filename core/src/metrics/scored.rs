use crate::autodiff::View;
use crate::{Error, Result};

/// The targets and predictions of a batch, and how much each example counts.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The targets: values of the predictions' shape, or classes, one a row of predictions.
    pub y_true: View<'a>,
    /// The outputs of the model.
    pub y_pred: View<'a>,
    /// One weight an example; all count the same where there are none.
    pub sample_weight: Option<&'a [f32]>,
    /// 1 for the rows that count and 0 for the others; all count where there is none.
    pub mask: Option<&'a [f32]>,
}

impl<'a> Scored<'a> {
    /// Predictions of a row. Without a second axis, each example has one.
    pub fn outputs(&self) -> usize {
        if self.y_pred.shape.rank() < 2 { 1 } else { self.y_pred.shape.last() }
    }

    /// Rows of predictions: examples, or time steps of examples.
    pub fn rows(&self) -> usize {
        self.y_pred.data.len() / self.outputs().max(1)
    }

    /// The weight of a row: that of its example, if the row counts.
    pub fn weight(&self, row: usize) -> f64 {
        let of_row = |weights: Option<&[f32]>| match weights {
            Some(weights) if !weights.is_empty() => {
                let steps = (self.rows() / weights.len()).max(1);
                f64::from(weights.get(row / steps).copied().unwrap_or(1.0))
            }
            _ => 1.0,
        };
        of_row(self.sample_weight) * of_row(self.mask)
    }

    /// Whether the targets are classes, one a row.
    pub(super) fn has_classes(&self) -> bool {
        self.y_true.data.len() == self.rows() && self.outputs() > 1
    }

    /// The predictions of a row.
    ///
    /// # Panics
    /// There are not as many [`rows`](Scored::rows).
    pub fn pred(&self, row: usize) -> &'a [f32] {
        let n = self.outputs();
        &self.y_pred.data[row * n..(row + 1) * n]
    }

    /// The targets of a row, as many as there are predictions.
    ///
    /// # Errors
    /// There are fewer targets than predictions: they are classes.
    pub fn values(&self, row: usize) -> Result<&'a [f32]> {
        let n = self.outputs();
        self.y_true.data.get(row * n..(row + 1) * n).ok_or_else(|| {
            let (pred, got) = (self.y_pred.shape, self.y_true.shape);
            Error::shape(format!("this metric compares values: for predictions {pred} expected as many targets, got {got}"))
        })
    }

    /// The class that is the target of a row.
    ///
    /// # Errors
    /// There is not one target a row.
    pub fn class(&self, row: usize) -> Result<usize> {
        match self.y_true.data.get(row) {
            Some(class) if self.y_true.data.len() == self.rows() => Ok(*class as usize),
            _ => {
                let (pred, got) = (self.y_pred.shape, self.y_true.shape);
                Err(Error::shape(format!("this metric wants one class a row: for predictions {pred}, got targets {got}")))
            }
        }
    }
}
