//! The operators `+ − · /` and the sign, on tensors and on variables alike.
//!
//! ```
//! use practicum_core::Tensor;
//!
//! let (x, w, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]), Tensor::from([0.5]));
//! assert_eq!((&x * &w + &b)?.as_slice(), [3.5, 8.5]);
//! assert_eq!((&x / -2.0)?.as_slice(), [-0.5, -1.0]);
//! assert_eq!((1.0 - &x)?.as_slice(), [0.0, -1.0]);
//! # Ok::<(), practicum_core::Error>(())
//! ```
//!
//! An operator returns a [`Result`], as the method of the same name does, and takes one on its left: a formula needs one `?`
//! at its end.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::autodiff::Var;
use crate::{Error, Result, Tensor};

/// `$operator` with `$right` on the right of `$left`, whatever is owned of them.
macro_rules! operator {
    ($type:ty, $operator:ident $method:ident: $($left:ty, $right:ty, |$a:ident, $b:ident| $value:expr;)+) => { $(
        impl $operator<$right> for $left {
            type Output = Result<$type, Error>;

            fn $method(self, $b: $right) -> Self::Output {
                let $a = self;
                $value
            }
        }
    )+ };
}

/// What is equal for both types and the four operators; `$number` is a number as a constant beside a value.
macro_rules! operators {
    ($type:ty, |$beside:ident, $scalar:ident| $number:expr; $($operator:ident $method:ident)+) => {
        $(
            operator! { $type, $operator $method:
                &$type, &$type, |a, b| <$type>::$method(a, b);
                $type, &$type, |a, b| <$type>::$method(&a, b);
                &$type, $type, |a, b| <$type>::$method(a, &b);
                $type, $type, |a, b| <$type>::$method(&a, &b);
                Result<$type, Error>, &$type, |a, b| <$type>::$method(&a?, b);
                Result<$type, Error>, $type, |a, b| <$type>::$method(&a?, &b);
                &$type, f32, |$beside, $scalar| <$type>::$method($beside, &$number);
                $type, f32, |a, b| $operator::$method(&a, b);
                f32, &$type, |$scalar, $beside| <$type>::$method(&$number, $beside);
                f32, $type, |a, b| $operator::$method(a, &b);
            }
        )+

        impl Neg for &$type {
            type Output = Result<$type, Error>;

            fn neg(self) -> Self::Output {
                <$type>::neg(self)
            }
        }

        impl Neg for $type {
            type Output = Result<$type, Error>;

            fn neg(self) -> Self::Output {
                <$type>::neg(&self)
            }
        }
    };
}

operators! { Tensor, |_x, number| Tensor::scalar(number); Add add Sub sub Mul mul Div div }
operators! { Var, |x, number| x.tape().constant(Tensor::scalar(number)); Add add Sub sub Mul mul Div div }

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::{Tape, gradcheck};

    #[test]
    fn u4_operators_are_the_methods_of_their_names() {
        let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([0.5, -2.0]));
        assert_eq!((&a + &b).unwrap(), a.add(&b).unwrap());
        assert_eq!((a.clone() - b.clone()).unwrap(), a.sub(&b).unwrap());
        assert_eq!((&a * &b - (&a / &b).unwrap()).unwrap(), a.mul(&b).unwrap().sub(&a.div(&b).unwrap()).unwrap());
        assert_eq!((2.0 / &a).unwrap().as_slice(), [2.0, 1.0, 2.0 / 3.0, 0.5]);
        assert_eq!((a.clone() * 3.0).unwrap(), a.scale(3.0).unwrap());
        assert_eq!((-a.clone()).unwrap(), a.neg().unwrap());
        let wrong = Tensor::from([1.0, 2.0, 3.0]);
        assert!((&a * &wrong + &b).unwrap_err().is_shape());
    }

    #[test]
    fn u4_operators_on_variables_are_recorded() {
        let x = Tensor::from([0.5, -1.5, 2.0]);
        gradcheck(std::slice::from_ref(&x), |x| (1.0 - &x[0]) * &x[0] + (0.25 / &x[0])?).unwrap();
        let tape = Tape::new();
        let x = tape.variable(x);
        let y = (&x * 2.0 + &x).unwrap();
        assert_eq!(y.value().unwrap().as_slice(), [1.5, -4.5, 6.0]);
    }
}
