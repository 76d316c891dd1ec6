//! What tells layers apart that look the same.

use std::sync::atomic::{AtomicU64, Ordering};

/// Tells a layer from all others, in whatever models it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LayerId(u64);

/// Tells the copies of a layer apart: copies within copies add theirs, and the original has 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Copied(u64);

/// Tells a parameter from all others: the layer that asked for it, its index there, and which copy it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ParamId {
    layer: LayerId,
    index: usize,
    copied: Copied,
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl LayerId {
    pub(crate) fn new() -> Self {
        Self(next())
    }
}

impl Copied {
    /// A copy of this.
    pub(crate) fn again(self) -> Self {
        // Spread over all bits, so that no two sets of copies come to the same.
        let mut bits = next().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.and(Self(bits ^ (bits >> 31)))
    }

    /// A copy within a copy.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl ParamId {
    pub(crate) fn new(layer: LayerId, index: usize) -> Self {
        Self { layer, index, copied: Copied::default() }
    }

    /// The same in a copy.
    pub(crate) fn within(self, copied: Copied) -> Self {
        Self { copied: self.copied.and(copied), ..self }
    }
}
