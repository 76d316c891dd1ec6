//! Which instructions the kernels use, and one body compiled for each of them.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::Error;

/// Partial sums that a reduction keeps, whatever the vectors' width.
pub const LANES: usize = 16;

/// The instruction set of the kernels.
///
/// AVX2 and AVX-512 give the same bits. So does the portable path where every processor of the target has fused multiply-adds, as
/// with 64-bit ARM; elsewhere it rounds twice and agrees to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Simd {
    /// Plain Rust, on every processor.
    Portable,
    /// AVX2 with FMA.
    Avx2,
    /// AVX-512 (F, VL, DQ, BW).
    Avx512,
}

impl Simd {
    /// The best instruction set of this processor.
    pub fn detect() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|simd| simd.is_available()).unwrap_or(Self::Portable)
    }

    /// All instruction sets of this processor, the portable path first.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(|simd| simd.is_available())
    }

    /// Whether multiply-adds round once: sets of which this is true give the same bits.
    #[must_use]
    pub fn is_fused(self) -> bool {
        self != Self::Portable || Native::FUSED
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
            }
            #[cfg(not(all(target_arch = "x86_64", not(practicum_portable))))]
            _ => false,
        }
    }
}

impl Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

impl FromStr for Simd {
    type Err = Error;

    /// Reads `portable`, `avx2` or `avx512`, and refuses what this processor lacks.
    fn from_str(name: &str) -> Result<Self, Error> {
        let simd = match name {
            "portable" => Self::Portable,
            "avx2" => Self::Avx2,
            "avx512" => Self::Avx512,
            other => return Err(Error::unknown("instruction set", other, ["portable", "avx2", "avx512"])),
        };
        if simd.is_available() {
            Ok(simd)
        } else {
            Err(Error::argument(format!("this processor has no {simd}: the best it has is {}", Self::detect())))
        }
    }
}

/// How a kernel's body multiplies and adds.
pub trait Fma: Copy {
    /// Whether it rounds once.
    const FUSED: bool;

    /// `a·b + c`.
    fn mul_add(a: f32, b: f32, c: f32) -> f32;
}

/// One rounding, by the processor's own instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fused;

/// Two roundings, on every processor.
#[derive(Clone, Copy, Debug)]
pub struct Separate;

/// How the portable path multiplies and adds.
#[cfg(any(target_feature = "fma", target_arch = "aarch64"))]
pub(super) type Native = Fused;
/// How the portable path multiplies and adds.
#[cfg(not(any(target_feature = "fma", target_arch = "aarch64")))]
pub(super) type Native = Separate;

impl Fma for Fused {
    const FUSED: bool = true;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl Fma for Separate {
    const FUSED: bool = false;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// Compiles one body for every instruction set and picks one at run time.
///
/// `multiversion! { fn name<F>(x: &[f32], y: &mut [f32]) -> f32 { … F::mul_add(a, b, c) … } }` makes
/// `fn name(simd: Simd, x: &[f32], y: &mut [f32]) -> f32`. Slices stay separate arguments of the compiled functions: that
/// is what lets the compiler see that they do not overlap, and vectorize.
macro_rules! multiversion {
    ($(#[$attr:meta])* $vis:vis fn $name:ident<$fma:ident>($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$attr])*
        #[allow(clippy::too_many_arguments, reason = "slices stay separate arguments")]
        $vis fn $name(simd: $crate::kernel::Simd, $($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments, clippy::extra_unused_type_parameters, reason = "as above; and not every body multiplies")]
            fn body<$fma: $crate::kernel::Fma>($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments, reason = "slices stay separate arguments")]
            fn avx2($($arg: $ty),*) $(-> $ret)? {
                body::<$crate::kernel::simd::Fused>($($arg),*)
            }

            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            #[allow(clippy::too_many_arguments, reason = "slices stay separate arguments")]
            fn avx512($($arg: $ty),*) $(-> $ret)? {
                body::<$crate::kernel::simd::Fused>($($arg),*)
            }

            match simd {
                #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
                $crate::kernel::Simd::Avx512 => {
                    debug_assert!($crate::kernel::Simd::Avx512.is_available());
                    // SAFETY: a `Simd` reaches a kernel only through `Exec`, which refuses sets that the processor lacks.
                    unsafe { avx512($($arg),*) }
                }
                #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
                $crate::kernel::Simd::Avx2 => {
                    debug_assert!($crate::kernel::Simd::Avx2.is_available());
                    // SAFETY: as above.
                    unsafe { avx2($($arg),*) }
                }
                _ => body::<$crate::kernel::simd::Native>($($arg),*),
            }
        }
    };
}

pub(crate) use multiversion;
