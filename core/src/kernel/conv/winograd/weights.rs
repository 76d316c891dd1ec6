//! The transformed kernel, and its gradient transformed back.

use super::super::super::vector::{Vector, on_every_set};
use super::super::super::{Exec, LANES};
use super::transform::{both, kernel, kernel_gradient};
use super::{PANEL, Shared};

/// Numbers from one place xi to the next: a line more than the kernel has, so that the 36 places spread over the sets of the
/// cache.
pub(super) const fn xi_len(channels: usize, filters: usize) -> usize {
    channels * filters + LANES
}

/// Numbers of a transformed kernel: `[xi][panel of 64 filters][channel][64]`.
pub(super) const fn len(channels: usize, filters: usize) -> usize {
    36 * xi_len(channels, filters)
}

/// `U = G w Gᵀ` of a kernel `[3, 3, channels, filters]`.
pub(super) fn transform(exec: Exec<'_>, w: &[f32], channels: usize, filters: usize, u: &mut [f32]) {
    assert!(w.len() == 9 * channels * filters && u.len() == len(channels, filters), "a kernel and its transform");
    let (to, chunk) = (Shared(u.as_mut_ptr()), Exec::chunk_len(channels, 8192_usize.div_ceil(filters)));
    exec.run(channels.div_ceil(chunk), &|index| {
        let range = [index * chunk, channels.min((index + 1) * chunk)];
        // SAFETY: the sizes were checked, and each chunk writes the places of its own channels.
        unsafe { channels_of(exec.simd(), w, channels, filters, range, to.get()) }
    });
}

on_every_set! {
    /// Some channels of the kernel.
    ///
    /// # Safety
    ///
    /// `u` can be written as far as [`len`] says, and no other thread touches the places of these channels.
    unsafe fn channels_of(w: &[f32], channels: usize, filters: usize, range: [usize; 2], u: *mut f32) = channels_body
}

#[inline(always)]
unsafe fn channels_body<V: Vector>(w: &[f32], channels: usize, filters: usize, range: [usize; 2], u: *mut f32) {
    // SAFETY: `transform` has checked the sizes; filters are a multiple of 16, so that vectors end where panels do.
    unsafe {
        for channel in range[0]..range[1] {
            for panel in (0..filters).step_by(PANEL) {
                let width = PANEL.min(filters - panel);
                for filter in (0..width).step_by(V::WIDTH) {
                    let mut d = [[V::zero(); 3]; 3];
                    for (place, d) in d.as_flattened_mut().iter_mut().enumerate() {
                        *d = V::load(w.as_ptr().add((place * channels + channel) * filters + panel + filter));
                    }
                    let d = both!(V, 3, 6, d, kernel, kernel);
                    let to = u.add(panel * channels + channel * width + filter);
                    for (xi, d) in d.as_flattened().iter().enumerate() {
                        d.store(to.add(xi * xi_len(channels, filters)));
                    }
                }
            }
        }
    }
}

/// Exchanges channels and filters: `[9][channels][filters]` to `[9][filters][channels]`.
pub(super) fn exchange(exec: Exec<'_>, w: &[f32], channels: usize, filters: usize, to: &mut [f32]) {
    let len = channels * filters;
    exec.for_each(super::super::super::chunks_mut(to, len), |place, to| {
        let w = &w[place * len..][..len];
        for first in (0..filters).step_by(LANES) {
            for (channel, w) in w.chunks_exact(filters).enumerate() {
                for (filter, w) in w[first..][..LANES].iter().enumerate() {
                    to[(first + filter) * channels + channel] = *w;
                }
            }
        }
    });
}

on_every_set! {
    /// `dw = Gᵀ dU G`: from `[xi][channels · filters]`, `xi_len` apart, to `[9][channels · filters]`.
    ///
    /// # Safety
    ///
    /// `du` can be read over 36 places, and `dw` written over 9, of `len` numbers, a multiple of 16.
    pub(super) unsafe fn transform_back(du: *const f32, xi_len: usize, len: usize, dw: *mut f32) = transform_back_body
}

#[inline(always)]
unsafe fn transform_back_body<V: Vector>(du: *const f32, xi_len: usize, len: usize, dw: *mut f32) {
    // SAFETY: as the caller promises.
    unsafe {
        for at in (0..len).step_by(V::WIDTH) {
            let mut d = [[V::zero(); 6]; 6];
            for (xi, d) in d.as_flattened_mut().iter_mut().enumerate() {
                *d = V::load(du.add(xi * xi_len + at));
            }
            let d = both!(V, 6, 3, d, kernel_gradient, kernel_gradient);
            for (place, d) in d.as_flattened().iter().enumerate() {
                d.store(dw.add(place * len + at));
            }
        }
    }
}
