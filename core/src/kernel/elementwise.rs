//! Arithmetic on every number of a slice by itself.
//!
//! A binary operation is a module with a function for each form of its second operand: of the same shape (`same`), one row
//! `[n]` that meets every row of `[rows, n]` (`row`), or one number (`scalar`); and the same in place (`same_in_place`, …),
//! where `y` is the first operand and takes the result.

use super::math;
use super::pointwise::{CHEAP, COSTLY, pointwise, rowwise};

macro_rules! binary {
    ($(#[$attr:meta])* $name:ident<$f:ident>($a:ident, $b:ident) = $value:expr) => {
        $(#[$attr])*
        pub mod $name {
            use super::*;

            pointwise! { CHEAP;
                /// Operands of the same shape.
                pub fn same<$f>($a, $b => y) = $value
            }
            pointwise! { CHEAP;
                /// Operands of the same shape; `y` is the first.
                pub fn same_in_place<$f>($b => y) = { let $a = y; $value }
            }
            rowwise! { CHEAP;
                /// The second operand is one row, which meets every row of the first.
                pub fn row<$f>($a; rows $b => y) = $value
            }
            rowwise! { CHEAP;
                /// The second operand is one row, which meets every row of `y`.
                pub fn row_in_place<$f>(; rows $b => y) = { let $a = y; $value }
            }
            pointwise! { CHEAP;
                /// The second operand is one number.
                pub fn scalar<$f>($a => y; $b: f32) = $value
            }
            pointwise! { CHEAP;
                /// The second operand is one number; `y` is the first.
                pub fn scalar_in_place<$f>(=> y; $b: f32) = { let $a = y; $value }
            }
        }
    };
}

binary! {
    /// `a + b`.
    add<F>(a, b) = a + b
}
binary! {
    /// `a − b`.
    sub<F>(a, b) = a - b
}
binary! {
    /// `b − a`: the subtraction whose first operand is the row or the number.
    sub_from<F>(a, b) = b - a
}
binary! {
    /// `a·b`.
    mul<F>(a, b) = a * b
}
binary! {
    /// `a/b`.
    div<F>(a, b) = a / b
}
binary! {
    /// `b/a`: the division whose first operand is the row or the number.
    div_into<F>(a, b) = b / a
}
binary! {
    /// The larger of `a` and `b`; NaN when either is.
    max<F>(a, b) = if a > b || a.is_nan() { a } else { b }
}
binary! {
    /// The smaller of `a` and `b`; NaN when either is.
    min<F>(a, b) = if a < b || a.is_nan() { a } else { b }
}
binary! {
    /// `aᵇ`: see [`math::pow`].
    power<F>(a, b) = math::pow(a, b)
}

pointwise! { CHEAP;
    /// `y += a·x`.
    pub fn axpy<F>(x => y; a: f32) = F::mul_add(a, x, y)
}
pointwise! { CHEAP;
    /// `y += a·b`.
    pub fn add_product<F>(a, b => y) = F::mul_add(a, b, y)
}
pointwise! { CHEAP;
    /// `y = value`.
    pub fn fill<F>(=> y; value: f32) = value
}
pointwise! { CHEAP;
    /// `y = x`.
    pub fn copy<F>(x => y) = x
}
pointwise! { CHEAP;
    /// `y = −x`.
    pub fn neg<F>(x => y) = -x
}
pointwise! { CHEAP;
    /// `y = |x|`.
    pub fn abs<F>(x => y) = x.abs()
}
pointwise! { CHEAP;
    /// `y` = −1, 0 or 1, as x is; NaN when x is.
    pub fn sign<F>(x => y) = if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x }
}
pointwise! { CHEAP;
    /// `y = x²`.
    pub fn square<F>(x => y) = x * x
}
pointwise! { CHEAP;
    /// `y = √x`.
    pub fn sqrt<F>(x => y) = x.sqrt()
}
pointwise! { CHEAP;
    /// `y` = x, brought into `[low, high]`; NaN stays NaN.
    pub fn clip<F>(x => y; low: f32, high: f32) = { let x = if x < low { low } else { x }; if x > high { high } else { x } }
}
pointwise! { COSTLY;
    /// `y = eˣ`.
    pub fn exp<F>(x => y) = math::exp::<F>(x)
}
pointwise! { COSTLY;
    /// `y = ln x`.
    pub fn ln<F>(x => y) = math::ln::<F>(x)
}
pointwise! { COSTLY;
    /// `y = ln(1 + x)`.
    pub fn ln_1p<F>(x => y) = math::ln_1p::<F>(x)
}
pointwise! { COSTLY / 2;
    /// `y = xᵖ`: see [`math::pow`].
    pub fn pow<F>(x => y; p: f32) = math::pow(x, p)
}

pointwise! { CHEAP;
    /// `y = factor·x + offset`.
    pub fn affine<F>(x => y; factor: f32, offset: f32) = F::mul_add(factor, x, offset)
}

rowwise! { CHEAP;
    /// `y` = x above 0, `alpha·x` below, with one row of slopes for all rows.
    pub fn prelu<F>(x; rows alpha => y) = if x > 0.0 { x } else { alpha * x }
}

// Slopes: the gradient by the operand of an operation, from the gradient `dy` of its result.

pointwise! { CHEAP;
    /// Of `|x|`: 0 at 0.
    pub fn abs_slope<F>(dy, x => dx) = if x > 0.0 { dy } else if x < 0.0 { -dy } else { 0.0 }
}
pointwise! { CHEAP;
    /// Of `x²`.
    pub fn square_slope<F>(dy, x => dx) = 2.0 * x * dy
}
pointwise! { CHEAP;
    /// Of `√x`, from the root y.
    pub fn sqrt_slope<F>(dy, y => dx) = dy * 0.5 / y
}
pointwise! { COSTLY / 2;
    /// Of `xᵖ`.
    pub fn pow_slope<F>(dy, x => dx; p: f32) = dy * p * math::pow(x, p - 1.0)
}
pointwise! { CHEAP;
    /// Of a clipped x: 0 where it was clipped.
    pub fn clip_slope<F>(dy, x => dx; low: f32, high: f32) = if x >= low && x <= high { dy } else { 0.0 }
}
pointwise! { CHEAP;
    /// Of `a/b` by b.
    pub fn div_slope<F>(dy, a, b => dx) = -dy * a / (b * b)
}
pointwise! { COSTLY;
    /// Of `aᵇ` by a.
    pub fn power_slope<F>(dy, a, b => dx) = if b == 0.0 { 0.0 } else { dy * b * math::pow(a, b - 1.0) }
}
pointwise! { COSTLY;
    /// Of `aᵇ` by b: 0 where a is not above 0.
    pub fn exponent_slope<F>(dy, a, b => dx) = if a > 0.0 { dy * math::pow(a, b) * math::ln::<F>(a) } else { 0.0 }
}
pointwise! { CHEAP;
    /// `dy` where `a ≥ b`, else 0.
    pub fn where_ge<F>(dy, a, b => dx) = if a >= b { dy } else { 0.0 }
}
pointwise! { CHEAP;
    /// `dy` where `a < b`, else 0.
    pub fn where_lt<F>(dy, a, b => dx) = if a < b { dy } else { 0.0 }
}
rowwise! { CHEAP;
    /// Of a rectified x whose slopes are one row for all rows: 0 at 0.
    pub fn prelu_slope<F>(dy, x; rows alpha => dx) = if x > 0.0 { dy } else if x < 0.0 { alpha * dy } else { 0.0 }
}
pointwise! { CHEAP;
    /// `dy·x` where `x < 0`, else 0.
    pub fn where_negative<F>(dy, x => dx) = if x < 0.0 { dy * x } else { 0.0 }
}
pointwise! { CHEAP;
    /// No element below `low` or above `high`.
    pub fn clip_in_place<F>(=> y; low: f32, high: f32) = { let y = if y < low { low } else { y }; if y > high { high } else { y } }
}

#[cfg(test)]
mod tests {
    use super::super::Exec;
    use super::super::testing::{everywhere, numbers};
    use super::*;

    type Same = fn(Exec<'_>, &[f32], &[f32], &mut [f32]);
    type InPlace = fn(Exec<'_>, &[f32], &mut [f32]);
    type Scalar = fn(Exec<'_>, &[f32], &mut [f32], f32);
    type ScalarInPlace = fn(Exec<'_>, &mut [f32], f32);

    fn check_binary(forms: (Same, InPlace, Same, InPlace, Scalar, ScalarInPlace), exact: fn(f32, f32) -> f32) {
        let (same, same_in_place, row, row_in_place, scalar, scalar_in_place) = forms;
        for (rows, n) in [(1, 1), (7, 10), (1000, 70), (3, 40_000)] {
            let mut a = numbers(1, rows * n, 3.0);
            a[0] = f32::NAN;
            let (b, r) = (numbers(2, rows * n, 3.0), numbers(3, n, 3.0));
            let want: Vec<f32> = a.iter().zip(&b).map(|(&a, &b)| exact(a, b)).collect();
            let want_row: Vec<f32> = a.iter().zip(r.iter().cycle()).map(|(&a, &b)| exact(a, b)).collect();
            let want_scalar: Vec<f32> = a.iter().map(|&a| exact(a, 1.7)).collect();
            let fresh = |f: &dyn Fn(Exec<'_>, &mut [f32])| {
                everywhere(|exec| {
                    let mut y = vec![9.0; a.len()];
                    f(exec, &mut y);
                    y
                })
            };
            let in_place = |f: &dyn Fn(Exec<'_>, &mut [f32])| {
                everywhere(|exec| {
                    let mut y = a.clone();
                    f(exec, &mut y);
                    y
                })
            };
            for (got, want) in [
                (fresh(&|exec, y| same(exec, &a, &b, y)), &want),
                (in_place(&|exec, y| same_in_place(exec, &b, y)), &want),
                (fresh(&|exec, y| row(exec, &a, &r, y)), &want_row),
                (in_place(&|exec, y| row_in_place(exec, &r, y)), &want_row),
                (fresh(&|exec, y| scalar(exec, &a, y, 1.7)), &want_scalar),
                (in_place(&|exec, y| scalar_in_place(exec, y, 1.7)), &want_scalar),
            ] {
                assert!(got[0].is_nan());
                assert_eq!(got[1..], want[1..]);
            }
        }
    }

    macro_rules! forms {
        ($name:ident) => {
            ($name::same, $name::same_in_place, $name::row, $name::row_in_place, $name::scalar, $name::scalar_in_place)
        };
    }

    #[test]
    fn binary_operations_in_all_their_forms() {
        check_binary(forms!(add), |a, b| a + b);
        check_binary(forms!(sub), |a, b| a - b);
        check_binary(forms!(sub_from), |a, b| b - a);
        check_binary(forms!(mul), |a, b| a * b);
        check_binary(forms!(div), |a, b| a / b);
        check_binary(forms!(div_into), |a, b| b / a);
        check_binary(forms!(max), f32::max);
        check_binary(forms!(min), f32::min);
    }

    #[test]
    fn nan_on_the_right_is_not_lost() {
        for f in [max::same, min::same] {
            let got = everywhere(|exec| {
                let mut y = [0.0; 2];
                f(exec, &[1.0, 2.0], &[f32::NAN, 5.0], &mut y);
                y.to_vec()
            });
            assert!(got[0].is_nan() && !got[1].is_nan());
        }
    }

    #[test]
    fn operations_on_one_slice() {
        let mut x = numbers(1, 50_000, 4.0);
        x[3] = 0.0;
        let run = |f: &dyn Fn(Exec<'_>, &mut [f32])| {
            everywhere(|exec| {
                let mut y = vec![0.5; x.len()];
                f(exec, &mut y);
                y
            })
        };
        let check = |got: Vec<f32>, exact: &dyn Fn(f32) -> f32, tolerance: f32| {
            for (&got, &x) in got.iter().zip(&x) {
                let want = exact(x);
                let near = (got - want).abs() <= tolerance * want.abs().max(1e-3);
                assert!(near || got == want || (got.is_nan() && want.is_nan()), "{x}: got {got}, want {want}");
            }
        };
        check(run(&|exec, y| axpy(exec, &x, y, 3.0)), &|x| x.mul_add(3.0, 0.5), 1e-6);
        check(run(&|exec, y| add_product(exec, &x, &x, y)), &|x| x.mul_add(x, 0.5), 1e-6);
        check(run(&|exec, y| fill(exec, y, 2.0)), &|_| 2.0, 0.0);
        check(run(&|exec, y| copy(exec, &x, y)), &|x| x, 0.0);
        check(run(&|exec, y| neg(exec, &x, y)), &|x| -x, 0.0);
        check(run(&|exec, y| abs(exec, &x, y)), &f32::abs, 0.0);
        check(run(&|exec, y| sign(exec, &x, y)), &|x| if x == 0.0 { 0.0 } else { x.signum() }, 0.0);
        check(run(&|exec, y| square(exec, &x, y)), &|x| x * x, 0.0);
        check(run(&|exec, y| sqrt(exec, &x, y)), &f32::sqrt, 0.0);
        check(run(&|exec, y| clip(exec, &x, y, -1.0, 2.0)), &|x| x.clamp(-1.0, 2.0), 0.0);
        check(run(&|exec, y| exp(exec, &x, y)), &f32::exp, 2e-7);
        check(run(&|exec, y| ln(exec, &x, y)), &f32::ln, 2e-7);
        check(run(&|exec, y| ln_1p(exec, &x, y)), &f32::ln_1p, 3e-7);
        check(run(&|exec, y| pow(exec, &x, y, 3.0)), &|x| x.powi(3), 3e-7);
    }

    #[test]
    #[should_panic(expected = "slices of one length")]
    fn lengths_must_agree() {
        everywhere(|exec| {
            let mut y = [0.0; 3];
            add::same(exec, &[1.0; 3], &[1.0; 2], &mut y);
            y.to_vec()
        });
    }
}
