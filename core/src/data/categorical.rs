//! One-hot rows from class labels.

use super::{Data, IntoData};
use crate::{Error, Result, Shape, Tensor};

/// Up to here an `f32` holds every whole number.
const LARGEST: usize = (1 << 24) - 1;

/// One-hot rows: row `i` holds 1 in column `labels[i]` and 0 elsewhere, as Keras' `to_categorical`.
///
/// Without `num_classes` there are as many columns as the largest label plus one. The result takes
/// `4 * labels * classes` bytes; the sparse categorical losses give the same value straight from the labels.
///
/// ```
/// use practicum_core::data::to_categorical;
///
/// let rows = to_categorical(&[0, 2], Some(3))?;
/// assert_eq!((rows.shape().dims(), rows.row(1)?.to_vec()), ([2, 3].as_slice(), vec![0.0, 0.0, 1.0]));
/// assert_eq!(
///     to_categorical(&[0, 3], Some(3)).unwrap_err().to_string(),
///     "label 3 at index 1 is outside 0..=2\n  \
///      hint: labels count from 0: with 3 classes the largest is 2"
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// No labels at all, and a label that is not a whole number from 0, not below `num_classes`, or above 2²⁴ − 1, up to which an
/// `f32` holds every whole number: named with its index.
pub fn to_categorical(labels: impl IntoData, num_classes: Option<usize>) -> Result<Tensor> {
    let labels: Data = labels.into_data()?;
    if labels.example_shape().size() != 1 {
        return Err(Error::shape(format!("expected one label an example, got labels of shape {}", labels.shape())));
    }
    if num_classes == Some(0) {
        return Err(Error::argument("num_classes is 0, expected 1 or more"));
    }
    let last = num_classes.map_or(LARGEST, |classes| LARGEST.min(classes - 1));
    let labels = labels.to_tensor()?;
    let columns = labels.as_slice().iter().enumerate().map(|(index, label)| column(index, *label, last, num_classes));
    let columns: Vec<usize> = columns.collect::<Result<_>>()?;
    let largest = columns.iter().max().ok_or_else(|| Error::data("there are no labels to turn into one-hot rows"))?;
    let classes = num_classes.unwrap_or(largest + 1);
    let mut rows = crate::autodiff::zeros(Shape::new(&[columns.len(), classes])?.size())?;
    rows.chunks_exact_mut(classes).zip(&columns).for_each(|(row, column)| row[*column] = 1.0);
    Tensor::new([columns.len(), classes], rows)
}

/// The column of a label, which may be `last` at most.
fn column(index: usize, label: f32, last: usize, num_classes: Option<usize>) -> Result<usize> {
    if (0.0..=last as f32).contains(&label) && label.fract() == 0.0 {
        return Ok(label as usize);
    }
    let wrong = if label.fract() == 0.0 { format!("is outside 0..={last}") } else { "is no whole number".to_owned() };
    let hint = match num_classes {
        Some(classes) => format!("labels count from 0: with {classes} classes the largest is {last}"),
        None => "labels count from 0, one number a class".to_owned(),
    };
    Err(Error::data(format!("label {label} at index {index} {wrong}")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_sums_to_one() {
        let rows = to_categorical(vec![1_u8, 0, 4, 4], None).unwrap();
        assert_eq!(rows.shape().dims(), [4, 5]);
        assert_eq!(rows.sum_axis(1).unwrap().as_slice(), [1.0; 4]);
        assert_eq!(rows.argmax().unwrap(), [1, 0, 4, 4]);
    }

    #[test]
    fn bad_labels_are_named() {
        assert!(to_categorical(Vec::<i32>::new(), None).unwrap_err().is_data());
        assert!(to_categorical([0], Some(0)).unwrap_err().is_argument());
        let negative = to_categorical([0, 1, -1], None).unwrap_err().to_string();
        assert!(negative.starts_with("label -1 at index 2 is outside 0..=16777215"), "{negative}");
        assert!(to_categorical([-5], None).unwrap_err().is_data());
        assert!(to_categorical([0.5], None).unwrap_err().is_data());
        assert!(to_categorical([[0, 1]], None).unwrap_err().is_shape());
        for label in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 18_446_744_073_709_551_616.0, 16_777_216.0] {
            for classes in [None, Some(3), Some(usize::MAX)] {
                let error = to_categorical([0.0, label], classes).unwrap_err().to_string();
                assert!(error.starts_with(&format!("label {label} at index 1 is ")), "{error}");
            }
        }
    }
}
