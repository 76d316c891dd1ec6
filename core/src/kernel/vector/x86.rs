//! Registers of AVX-512 and AVX2.

use std::arch::x86_64::*;

use super::Vector;

// SAFETY, of all blocks below: the processor has AVX-512; memory as the caller promises.
impl Vector for __m512 {
    const WIDTH: usize = 16;
    type Mask = __mmask16;
    type Places = __m512i;

    #[inline(always)]
    unsafe fn first(len: usize) -> __mmask16 {
        u16::MAX >> (16 - len)
    }
    #[inline(always)]
    unsafe fn places(of: [i32; 16]) -> __m512i {
        // SAFETY: above; the array is as long as a vector.
        unsafe { _mm512_loadu_si512(of.as_ptr().cast()) }
    }
    #[inline(always)]
    unsafe fn pick(self, places: __m512i) -> Self {
        // SAFETY: above.
        unsafe { _mm512_permutexvar_ps(places, self) }
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: above.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn all(x: f32) -> Self {
        // SAFETY: above.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        // SAFETY: above.
        unsafe { _mm512_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: above.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const f32, mask: __mmask16) -> Self {
        // SAFETY: above.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: above.
        unsafe { _mm512_storeu_ps(to, self) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, mask: __mmask16) {
        // SAFETY: above.
        unsafe { _mm512_mask_storeu_ps(to, mask, self) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: above.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: above.
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(self))) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn less_product(self, a: Self, b: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_fnmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_add_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_sub_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_mul_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: above. The instruction returns its second operand when either is NaN, and when both are zeros.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), self) }
    }
    #[inline(always)]
    unsafe fn larger(self, at: Self, x: Self, place: Self) -> (Self, Self) {
        // SAFETY: above.
        unsafe {
            let more = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, self) | _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
            (_mm512_mask_blend_ps(more, self, x), _mm512_mask_blend_ps(more, at, place))
        }
    }
    #[inline(always)]
    unsafe fn where_positive(self, then: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(self, _mm512_setzero_ps()), then) }
    }
    #[inline(always)]
    unsafe fn where_equal(self, other: Self, then: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self, other), then) }
    }
}

/// Which of eight numbers count.
#[repr(align(32))]
struct Marks([i32; 8]);

/// By how many count.
static MARKS: [Marks; 9] = {
    let mut marks = [const { Marks([0; 8]) }; 9];
    let mut len = 0;
    while len <= 8 {
        let mut i = 0;
        while i < len {
            marks[len].0[i] = -1;
            i += 1;
        }
        len += 1;
    }
    marks
};

// SAFETY, of all blocks below: the processor has AVX2 and FMA; memory as the caller promises.
impl Vector for __m256 {
    const WIDTH: usize = 8;
    type Mask = *const __m256i;
    type Places = __m256i;

    #[inline(always)]
    unsafe fn first(len: usize) -> *const __m256i {
        std::ptr::from_ref(&MARKS[len]).cast()
    }
    #[inline(always)]
    unsafe fn places(of: [i32; 16]) -> __m256i {
        // SAFETY: above; the array is longer than a vector.
        unsafe { _mm256_loadu_si256(of.as_ptr().cast()) }
    }
    #[inline(always)]
    unsafe fn pick(self, places: __m256i) -> Self {
        // SAFETY: above.
        unsafe { _mm256_permutevar8x32_ps(self, places) }
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: above.
        unsafe { _mm256_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn all(x: f32) -> Self {
        // SAFETY: above.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        // SAFETY: above.
        unsafe { _mm256_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: above.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const f32, mask: *const __m256i) -> Self {
        // SAFETY: above. Volatile: the mask is read anew for each step, because there is no register left to keep it in.
        unsafe { _mm256_maskload_ps(from, mask.read_volatile()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: above.
        unsafe { _mm256_storeu_ps(to, self) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, mask: *const __m256i) {
        // SAFETY: above.
        unsafe { _mm256_maskstore_ps(to, *mask, self) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: above.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: above.
        unsafe {
            let whole = _mm256_cvttps_epi32(self);
            let words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(words, words));
        }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn less_product(self, a: Self, b: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_fnmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_add_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_sub_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_mul_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: above. The instruction returns its second operand when either is NaN, and when both are zeros.
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), self) }
    }
    #[inline(always)]
    unsafe fn larger(self, at: Self, x: Self, place: Self) -> (Self, Self) {
        // SAFETY: above.
        unsafe {
            let more = _mm256_or_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(x, self), _mm256_cmp_ps::<_CMP_UNORD_Q>(x, x));
            (_mm256_blendv_ps(self, x, more), _mm256_blendv_ps(at, place, more))
        }
    }
    #[inline(always)]
    unsafe fn where_positive(self, then: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(self, _mm256_setzero_ps()), then) }
    }
    #[inline(always)]
    unsafe fn where_equal(self, other: Self, then: Self) -> Self {
        // SAFETY: above.
        unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(self, other), then) }
    }
}
