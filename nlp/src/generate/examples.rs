//! What a model that says which token comes next is trained on.

use practicum_core::ndarray::{Array2, s};
use practicum_core::{Error, Result};

use crate::array::filled;
use crate::{PadOptions, pad_sequences, prefix_sequences};

/// Every beginning of every sequence, padded in front, and the id that follows it: `[examples, context]` and a class for
/// each. Without a `context` it is as long as the longest sequence less one.
///
/// The classes are for a sparse loss: one-hot rows of the course's 15,462 examples would take 199 MB.
///
/// ```
/// use practicum_nlp::next_token_examples;
///
/// let (x, y) = next_token_examples(&[vec![4, 2, 66]], None)?;
/// assert_eq!((x.row(0).to_vec(), x.row(1).to_vec()), (vec![0, 4], vec![4, 2]));
/// assert_eq!(y, [2, 66]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// No sequence of two ids or more; a context of 0.
pub fn next_token_examples<S: AsRef<[i32]>>(sequences: &[S], context: Option<usize>) -> Result<(Array2<i32>, Vec<i32>)> {
    let prefixes = prefix_sequences(sequences);
    if prefixes.is_empty() {
        let message = format!("none of the {} sequences has two tokens, so nothing follows anything", sequences.len());
        return Err(Error::data(message).hint("check that the tokenizer knows the words of these texts"));
    }
    if context == Some(0) {
        return Err(Error::argument("the context is 0, expected 1 or more"));
    }
    let options = context.map_or(PadOptions::new(), |context| PadOptions::new().maxlen(context.saturating_add(1)));
    let rows = pad_sequences(&prefixes, options)?;
    let last = rows.ncols() - 1;
    Ok((rows.slice(s![.., ..last]).to_owned(), rows.column(last).to_vec()))
}

/// Every `stride`-th run of `context` ids and the id that follows it: for characters or subwords of a long text.
///
/// ```
/// use practicum_nlp::sliding_windows;
///
/// let (x, y) = sliding_windows(&[1, 2, 3, 4, 5], 2, 2)?;
/// assert_eq!((x.row(1).to_vec(), y), (vec![3, 4], vec![3, 5]));
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A context or stride of 0; fewer ids than one window and the id after it.
pub fn sliding_windows(ids: &[i32], context: usize, stride: usize) -> Result<(Array2<i32>, Vec<i32>)> {
    if context == 0 || stride == 0 {
        return Err(Error::argument(format!("the context is {context} and the stride {stride}, expected 1 or more")));
    }
    let starts = ids.len().saturating_sub(context).div_ceil(stride);
    if starts == 0 {
        return Err(Error::data(format!("there are {} ids, expected more than the context of {context}", ids.len())));
    }
    let mut rows = filled(starts, context, 0)?;
    let mut next = Vec::with_capacity(starts);
    for (window, mut row) in rows.rows_mut().into_iter().enumerate() {
        let start = window * stride;
        row.iter_mut().zip(&ids[start..start + context]).for_each(|(cell, &id)| *cell = id);
        next.push(ids[start + context]);
    }
    Ok((rows, next))
}
