//! Kernels that treat every number by itself, made from the formula for one.

/// Numbers a thread should get at least when the formula is a few instructions: one or two microseconds of work.
pub(crate) const CHEAP: usize = 16_384;

/// The same for formulas with an exponential or a logarithm.
pub(crate) const COSTLY: usize = 4_096;

/// Makes a kernel from the formula for one number.
///
/// `pointwise! { CHEAP; pub fn axpy<F>(x => y; a: f32) = F::mul_add(a, x, y) }` makes
/// `pub fn axpy(exec: Exec<'_>, x: &[f32], y: &mut [f32], a: f32)`. The formula may use the number that `y` held before.
macro_rules! pointwise {
    ($min:expr; $(#[$attr:meta])* $vis:vis fn $name:ident<$f:ident>($($x:ident),* => $y:ident $(; $($arg:ident: $ty:ty),+)?) = $value:expr) => {
        $(#[$attr])*
        ///
        /// # Panics
        ///
        /// When the slices differ in length.
        $vis fn $name(exec: $crate::kernel::Exec<'_>, $($x: &[f32],)* $y: &mut [f32] $($(, $arg: $ty)+)?) {
            $crate::kernel::multiversion! {
                fn chunk<$f>($($x: &[f32],)* $y: &mut [f32] $($(, $arg: $ty)+)?) {
                    $crate::kernel::pointwise::formula!($($x),* => $y; $value);
                }
            }
            $(assert_eq!($x.len(), $y.len(), "slices of one length");)*
            let len = $crate::kernel::Exec::lane_chunk_len($y.len(), $min);
            exec.for_each($crate::kernel::chunks_mut($y, len), |_index, $y| {
                chunk(exec.simd(), $(&$x[_index * len..][..$y.len()],)* $y $($(, $arg)+)?);
            });
        }
    };
}
pub(crate) use pointwise;

/// The same for `y` of shape `[rows, n]`: inputs of that shape, and after `rows` one of shape `[n]` that every row meets.
macro_rules! rowwise {
    ($min:expr; $(#[$attr:meta])* $vis:vis fn $name:ident<$f:ident>($($x:ident),*; rows $row:ident => $y:ident) = $value:expr) => {
        $(#[$attr])*
        ///
        /// # Panics
        ///
        /// When the length of `y` is not that of the other full input, or no multiple of the row's.
        $vis fn $name(exec: $crate::kernel::Exec<'_>, $($x: &[f32],)* $row: &[f32], $y: &mut [f32]) {
            $crate::kernel::multiversion! {
                fn chunk<$f>($($x: &[f32],)* $row: &[f32], $y: &mut [f32]) {
                    for (_r, $y) in $y.chunks_exact_mut($row.len()).enumerate() {
                        $(let $x = &$x[_r * $row.len()..][..$row.len()];)*
                        $crate::kernel::pointwise::formula!($($x,)* $row => $y; $value);
                    }
                }
            }
            $(assert_eq!($x.len(), $y.len(), "slices of one length");)*
            if $y.is_empty() {
                return;
            }
            assert!(!$row.is_empty() && $y.len() % $row.len() == 0, "whole rows");
            let rows = $y.len() / $row.len();
            let len = $crate::kernel::Exec::chunk_len(rows, ($min / $row.len()).max(1)) * $row.len();
            exec.for_each($crate::kernel::chunks_mut($y, len), |_index, $y| {
                chunk(exec.simd(), $(&$x[_index * len..][..$y.len()],)* $row, $y);
            });
        }
    };
}
pub(crate) use rowwise;

/// The loop over slices of one length.
macro_rules! formula {
    ($($x:ident),* => $y:ident; $value:expr) => {
        // Slices of one known length, so that no access needs a check.
        $(let $x = &$x[..$y.len()];)*
        #[allow(clippy::needless_range_loop, reason = "several slices of one length, as many as the formula has")]
        for _i in 0..$y.len() {
            let value = {
                $(let $x = $x[_i];)*
                let $y = $y[_i];
                let _ = $y;
                $value
            };
            $y[_i] = value;
        }
    };
}
pub(crate) use formula;
