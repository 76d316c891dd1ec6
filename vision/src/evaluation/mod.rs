//! How good a classifier is: answers as classes, confusion matrix, precision and recall, ROC, the most confident mistakes.
//!
//! ```
//! use practicum_core::Tensor;
//! use practicum_vision::evaluation::{Answers, ConfusionMatrix, Roc};
//!
//! // Four examples of two classes; a sigmoid says how likely class 1 is.
//! let answers = Answers::new(&Tensor::from([[0.9], [0.2], [0.6], [0.7]]))?;
//! let truth = [1, 0, 0, 1];
//! assert_eq!(answers.classes(), [1, 0, 1, 1]);
//!
//! let matrix = ConfusionMatrix::new(&truth, answers.classes(), 2)?;
//! assert_eq!(
//!     (matrix.accuracy(), matrix.precision(1), matrix.recall(1)),
//!     (0.75, Some(2.0 / 3.0), Some(1.0))
//! );
//!
//! assert_eq!(answers.mistakes(&truth)?[0].index, 2);
//! assert_eq!(Roc::new(&truth, &answers.scores(1), 1)?.area(), 1.0);
//! # Ok::<(), practicum_vision::Error>(())
//! ```

mod answers;
mod curves;

pub use answers::{Answers, Mistake};
pub use curves::{PrecisionRecall, Roc};
pub use practicum_core::metrics::ConfusionMatrix;

use practicum_core::{Error, Result};

fn check_lengths(truth: usize, answers: usize) -> Result<()> {
    if truth == answers {
        return Ok(());
    }
    Err(Error::shape(format!("expected an answer for each of {truth} true classes, got {answers}")))
}
