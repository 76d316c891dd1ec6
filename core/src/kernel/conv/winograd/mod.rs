//! Convolution of 3×3 windows with fewer multiplications: Winograd's F(4×4, 3×3) [1].
//!
//! A tile of 6×6 places of the input becomes 36 numbers for each channel, and so does the kernel for each channel and filter.
//! Their products, added over the channels, become the 4×4 outputs of the tile: 36 multiplications instead of 144.
//!
//! ```text
//! U = G w Gᵀ          V = Bᵀ x B           Z = A dz Aᵀ
//! y = Aᵀ (Σ V·U) A    dx += B (Σ Z·U) Bᵀ   dw = Gᵀ (Σ V·Z) G
//! ```
//!
//! with sums over the channels, over the filters, and over all tiles; the matrices are in [`transform`]. For each of the 36
//! places xi, `Σ V·U` is a product of matrices `[tiles, channels]·[channels, filters]`; so are the other two sums. The backward
//! pass is the adjoint of the forward pass: it takes the same tiles, and the gradient by the input needs no turned kernel and no
//! zeros around the gradient.
//!
//! An output depends on its tile alone: every number is one chain of operations in an order that shapes decide. Only `dw` is a
//! sum over many tiles, whose order the blocks decide, so that their length is a constant.
//!
//! Rounding errors are two to four times those of the direct sums and go with the largest |x|·|w| of a tile. An infinity or NaN
//! in one place of the input reaches all outputs of its tiles, and sums of small integers are not exact.
//!
//! [1] S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; A. Lavin and S. Gray, Fast Algorithms for Convolutional
//! Neural Networks, CVPR 2016. The points are those with the smallest errors among twelve pairs that were tried.

#![allow(clippy::needless_range_loop, reason = "places of a tile, counted along both axes, as in the formulas")]

mod backward;
mod block;
#[cfg(test)]
mod errors;
mod forward;
mod product;
#[cfg(test)]
mod tests;
mod transform;
mod weights;

pub(super) use backward::{backward, backward_scratch};
pub(super) use block::products;
pub(super) use forward::{Output, forward, forward_scratch};

use super::Conv;

/// Channels of a tile that lie side by side: a cache line, whatever the width of the vectors.
const UNIT: usize = 16;

/// Lines of a unit: the 36 places xi, and one that is not used. The odd number spreads the lines over the sets of the cache.
/// A transformed map is `[tile][channels / 16][37][16]`: a transform reads or writes one contiguous piece.
const LINES: usize = 37;

/// Filters, or channels of the gradient, that are computed at once.
const PANEL: usize = 64;

/// Tiles that go through the forward pass together: their transformed maps stay in the second cache.
const FORWARD_TILES: usize = 24;

/// The same for the backward pass, at most.
const BACKWARD_TILES: usize = 48;

/// Tiles that go through the backward pass together: few channels have the smaller scratch, and many, whose sums take longer to
/// load and to store, the longer chains.
const fn backward_tiles(g: &Conv) -> usize {
    if g.channels <= 64 && g.filters <= 64 { BACKWARD_TILES / 2 } else { BACKWARD_TILES }
}

/// Whether a layer is computed this way. Its shape alone decides, not the batch: so a short last batch and a single example
/// have the bits of the whole.
pub(crate) fn applies(g: &Conv) -> bool {
    let is_window = g.kernel == [3, 3] && g.strides == [1, 1] && g.dilation == [1, 1] && g.groups == 1;
    let in_units = |channels: usize| channels > 0 && channels.is_multiple_of(UNIT);
    is_window && in_units(g.channels) && in_units(g.filters) && g.output().iter().all(|size| *size >= 8)
}

/// Numbers from one tile of a transformed map to the next.
const fn tile_len(channels: usize) -> usize {
    channels / UNIT * LINES * UNIT
}

/// Numbers of a transformed map of `tiles` tiles.
const fn map_len(tiles: usize, channels: usize) -> usize {
    tiles * tile_len(channels)
}

/// Where a channel of a transformed tile begins.
#[inline(always)]
const fn map_at(channels: usize, tile: usize, channel: usize) -> usize {
    tile * tile_len(channels) + channel / UNIT * LINES * UNIT + channel % UNIT
}

/// A pointer that threads share: each writes parts of its own.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

impl<T> Shared<T> {
    /// A method, so that closures capture the whole and not the pointer within.
    fn get(self) -> *mut T {
        self.0
    }
}

// SAFETY: whoever dereferences it says why no other thread touches that part.
unsafe impl<T: Send> Sync for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Shared<T> {}
