//! One-hot rows from class labels.

use super::{Data, IntoData};
use crate::{Error, Result, Shape, Tensor};

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
/// No labels at all, and a label that is not a whole number from 0 or not below `num_classes`, named with its index.
pub fn to_categorical(labels: impl IntoData, num_classes: Option<usize>) -> Result<Tensor> {
    let labels: Data = labels.into_data()?;
    if labels.example_shape().size() != 1 {
        return Err(Error::shape(format!("expected one label an example, got labels of shape {}", labels.shape())));
    }
    let labels = labels.to_tensor()?;
    let largest = labels.as_slice().iter().copied().reduce(f32::max);
    let largest = largest.ok_or_else(|| Error::data("there are no labels to turn into one-hot rows"))?;
    let classes = match num_classes {
        Some(0) => return Err(Error::argument("num_classes is 0, expected 1 or more")),
        Some(classes) => classes,
        None => largest.max(0.0) as usize + 1,
    };
    let mut rows = crate::autodiff::zeros(Shape::new(&[labels.len(), classes])?.size())?;
    for (index, (label, row)) in labels.as_slice().iter().zip(rows.chunks_exact_mut(classes)).enumerate() {
        let column = (*label >= 0.0 && label.fract() == 0.0).then_some(*label as usize);
        match column.and_then(|column| row.get_mut(column)) {
            Some(cell) => *cell = 1.0,
            None => {
                let last = classes - 1;
                return Err(Error::data(format!("label {label} at index {index} is outside 0..={last}"))
                    .hint(format!("labels count from 0: with {classes} classes the largest is {last}")));
            }
        }
    }
    Tensor::new([labels.len(), classes], rows)
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
        assert!(negative.starts_with("label -1 at index 2 is outside 0..=1"), "{negative}");
        assert!(to_categorical([-5], None).unwrap_err().is_data());
        assert!(to_categorical([0.5], None).unwrap_err().is_data());
        assert!(to_categorical([[0, 1]], None).unwrap_err().is_shape());
    }
}
