//! Registers of floats: the same operations on every instruction set.
//!
//! Multiply-adds round once on AVX2 and AVX-512, and on the portable vectors as [`Native`](super::simd::Native) says; everything else has
//! the same bits everywhere.

#[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
mod x86;

/// A register of floats.
///
/// # Safety
///
/// Of all functions: the processor has the instruction set. Pointers can be read or written over `WIDTH` numbers, or bytes, or
/// over those that count.
pub(super) trait Vector: Copy {
    const WIDTH: usize;
    /// Which numbers of a vector count.
    type Mask: Copy;
    /// Which numbers of another vector the numbers of a vector are.
    type Places: Copy;

    /// The first `len`; at least one, `WIDTH` at most.
    unsafe fn first(len: usize) -> Self::Mask;
    /// The first `WIDTH` of these places, each below `WIDTH`.
    unsafe fn places(of: [i32; 16]) -> Self::Places;
    /// The numbers at some places.
    unsafe fn pick(self, places: Self::Places) -> Self;
    unsafe fn zero() -> Self;
    unsafe fn all(x: f32) -> Self;
    unsafe fn splat(from: *const f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// Does not touch the memory of numbers that do not count.
    unsafe fn load_some(from: *const f32, mask: Self::Mask) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Does not touch the memory of numbers that do not count.
    unsafe fn store_some(self, to: *mut f32, mask: Self::Mask);
    /// Bytes as numbers.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// Whole numbers from 0 to 255 as bytes.
    unsafe fn store_bytes(self, to: *mut u8);
    /// `self + a·b`.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// `self − a·b`.
    unsafe fn less_product(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// `0 > x ? 0 : x`, which keeps NaN and -0.
    unsafe fn relu(self) -> Self;
    /// `x` and its place where it is larger or NaN; else `self`, and the place that is given with it.
    unsafe fn larger(self, at: Self, x: Self, place: Self) -> (Self, Self);
    /// `then` where `self` is above 0, else 0.
    unsafe fn where_positive(self, then: Self) -> Self;
    /// `then` where `self` is `other`, else 0.
    unsafe fn where_equal(self, other: Self, then: Self) -> Self;
}

/// The numbers of a vector that count: all of them where `ALL`.
///
/// # Safety
///
/// As [`Vector`] says.
#[inline(always)]
pub(super) unsafe fn get<V: Vector, const ALL: bool>(from: *const f32, mask: V::Mask) -> V {
    // SAFETY: as the caller promises.
    unsafe { if ALL { V::load(from) } else { V::load_some(from, mask) } }
}

/// Writes the numbers of a vector that count: all of them where `ALL`.
///
/// # Safety
///
/// As [`Vector`] says.
#[inline(always)]
pub(super) unsafe fn put<V: Vector, const ALL: bool>(x: V, to: *mut f32, mask: V::Mask) {
    // SAFETY: as the caller promises.
    unsafe { if ALL { x.store(to) } else { x.store_some(to, mask) } }
}

/// One body, generic in its vectors, for every instruction set: `unsafe fn name(simd, …)` calls `body::<V>(…)`.
macro_rules! on_every_set {
    ($(#[$attr:meta])* $vis:vis unsafe fn $name:ident($($arg:ident: $ty:ty),* $(,)?) = $body:ident) => {
        $(#[$attr])*
        #[allow(clippy::too_many_arguments, reason = "as many as its body")]
        $vis unsafe fn $name(simd: $crate::kernel::Simd, $($arg: $ty),*) {
            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments, reason = "as many as its body")]
            unsafe fn avx2($($arg: $ty),*) {
                // SAFETY: as the caller promises.
                unsafe { $body::<std::arch::x86_64::__m256>($($arg),*) }
            }

            #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            #[allow(clippy::too_many_arguments, reason = "as many as its body")]
            unsafe fn avx512($($arg: $ty),*) {
                // SAFETY: as the caller promises.
                unsafe { $body::<std::arch::x86_64::__m512>($($arg),*) }
            }

            // SAFETY: as the caller promises; a `Simd` reaches a kernel only through `Exec`, which refuses sets that the
            // processor lacks.
            unsafe {
                match simd {
                    #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
                    $crate::kernel::Simd::Avx512 => avx512($($arg),*),
                    #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
                    $crate::kernel::Simd::Avx2 => avx2($($arg),*),
                    _ => $body::<[f32; 4]>($($arg),*),
                }
            }
        }
    };
}
pub(super) use on_every_set;

mod portable {
    use super::super::Fma;
    use super::super::simd::Native;
    use super::Vector;

    #[inline(always)]
    fn each<T>(f: impl Fn(usize) -> T) -> [T; 4] {
        std::array::from_fn(f)
    }

    // SAFETY, of all blocks below: memory as the caller promises.
    impl Vector for [f32; 4] {
        const WIDTH: usize = 4;
        type Mask = usize;
        type Places = [usize; 4];

        #[inline(always)]
        unsafe fn first(len: usize) -> usize {
            len
        }
        #[inline(always)]
        unsafe fn places(of: [i32; 16]) -> [usize; 4] {
            each(|i| of[i] as usize)
        }
        #[inline(always)]
        unsafe fn pick(self, places: [usize; 4]) -> Self {
            places.map(|place| self[place])
        }
        #[inline(always)]
        unsafe fn zero() -> Self {
            [0.0; 4]
        }
        #[inline(always)]
        unsafe fn all(x: f32) -> Self {
            [x; 4]
        }
        #[inline(always)]
        unsafe fn splat(from: *const f32) -> Self {
            // SAFETY: above.
            unsafe { [*from; 4] }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: above.
            unsafe { from.cast::<[f32; 4]>().read() }
        }
        #[inline(always)]
        unsafe fn load_some(from: *const f32, len: usize) -> Self {
            // SAFETY: above.
            unsafe {
                if len == 4 {
                    return Self::load(from);
                }
                // The first number counts always, and each of the others is read only if it does.
                [*from, if len > 1 { *from.add(1) } else { 0.0 }, if len > 2 { *from.add(2) } else { 0.0 }, 0.0]
            }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: above.
            unsafe { to.cast::<[f32; 4]>().write(self) }
        }
        #[inline(always)]
        unsafe fn store_some(self, to: *mut f32, len: usize) {
            // SAFETY: above.
            unsafe {
                for (i, x) in self[..len].iter().enumerate() {
                    *to.add(i) = *x;
                }
            }
        }
        #[inline(always)]
        unsafe fn load_bytes(from: *const u8) -> Self {
            // SAFETY: above.
            unsafe { from.cast::<[u8; 4]>().read().map(f32::from) }
        }
        #[inline(always)]
        unsafe fn store_bytes(self, to: *mut u8) {
            // SAFETY: above.
            unsafe { to.cast::<[u8; 4]>().write(self.map(|x| x as u8)) }
        }
        #[inline(always)]
        unsafe fn add_product(self, a: Self, b: Self) -> Self {
            each(|i| Native::mul_add(a[i], b[i], self[i]))
        }
        #[inline(always)]
        unsafe fn less_product(self, a: Self, b: Self) -> Self {
            each(|i| Native::mul_add(-a[i], b[i], self[i]))
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            each(|i| self[i] + other[i])
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            each(|i| self[i] - other[i])
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            each(|i| self[i] * other[i])
        }
        #[inline(always)]
        unsafe fn relu(self) -> Self {
            self.map(|x| if 0.0 > x { 0.0 } else { x })
        }
        #[inline(always)]
        unsafe fn larger(self, at: Self, x: Self, place: Self) -> (Self, Self) {
            let more = each(|i| x[i] > self[i] || x[i].is_nan());
            (each(|i| if more[i] { x[i] } else { self[i] }), each(|i| if more[i] { place[i] } else { at[i] }))
        }
        #[inline(always)]
        unsafe fn where_positive(self, then: Self) -> Self {
            each(|i| if self[i] > 0.0 { then[i] } else { 0.0 })
        }
        #[inline(always)]
        unsafe fn where_equal(self, other: Self, then: Self) -> Self {
            each(|i| if self[i] == other[i] { then[i] } else { 0.0 })
        }
    }
}
