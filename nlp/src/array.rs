//! Rectangles of numbers whose size comes from the user.

use practicum_core::ndarray::Array2;
use practicum_core::{Error, Result};

/// A `rows` by `columns` array of `value`; a size that no memory can hold is an error rather than an abort.
pub(crate) fn filled<T: Copy>(rows: usize, columns: usize, value: T) -> Result<Array2<T>> {
    let too_big = || {
        Error::argument(format!("an array of {rows} x {columns} values does not fit into memory"))
            .hint("take fewer rows at a time, or fewer columns (a smaller maxlen, num_words or num_classes)")
    };
    let size = rows.checked_mul(columns).ok_or_else(too_big)?;
    // Many systems promise more memory than they have, and end the process that uses it.
    if size.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > 4 << 30) {
        return Err(too_big());
    }
    let mut values = Vec::new();
    values.try_reserve_exact(size).map_err(|cause| too_big().source(cause))?;
    values.resize(size, value);
    Array2::from_shape_vec((rows, columns), values).map_err(|cause| too_big().source(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_errors() {
        assert!(filled(usize::MAX, 2, 0_i32).unwrap_err().is_argument());
        assert!(filled(1 << 40, 1 << 20, 0_i32).unwrap_err().is_argument());
        assert_eq!(filled(2, 3, 7_i32).unwrap().sum(), 42);
    }
}
