//! The functions of a cell: those of almost every layer compiled into its loop, all others through a call for each block.

use super::super::{Exec, Fma, math};
use super::BLOCK;

/// The numbers of a block of units.
pub(super) type Block = [f32; BLOCK];

/// A function of one number that a cell may use, applied to many.
pub trait Curve: Sync {
    /// `y = f(x)`.
    fn forward(&self, exec: Exec<'_>, x: &[f32], y: &mut [f32]);

    /// `dx = dy·f′(x)`.
    fn backward(&self, exec: Exec<'_>, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]);
}

/// The two functions of a cell.
#[derive(Clone, Copy)]
pub enum Curves<'a> {
    /// Tanh, and sigmoid for the gates.
    Usual,
    /// Any: of candidate and output, and of the gates.
    Others(&'a dyn Curve, &'a dyn Curve),
}

/// What the loop of a cell does with a function.
pub(super) trait Act: Copy {
    /// Computes `y = f(z)`, and leaves in z what the backward pass wants.
    fn forward<F: Fma>(self, z: &mut Block, y: &mut Block);

    /// y, from what was left.
    fn value<F: Fma>(self, kept: &Block, y: &mut Block);

    /// `d ← d·f′`.
    fn slope<F: Fma>(self, kept: &Block, y: &Block, d: &mut Block);
}

#[derive(Clone, Copy)]
pub(super) struct Tanh;

#[derive(Clone, Copy)]
pub(super) struct Sigmoid;

#[derive(Clone, Copy)]
pub(super) struct Other<'a> {
    pub(super) curve: &'a dyn Curve,
    pub(super) exec: Exec<'a>,
}

impl Act for Tanh {
    #[inline(always)]
    fn forward<F: Fma>(self, z: &mut Block, y: &mut Block) {
        for (z, y) in z.iter_mut().zip(y) {
            *z = math::tanh::<F>(*z);
            *y = *z;
        }
    }

    #[inline(always)]
    fn value<F: Fma>(self, kept: &Block, y: &mut Block) {
        *y = *kept;
    }

    #[inline(always)]
    fn slope<F: Fma>(self, kept: &Block, _y: &Block, d: &mut Block) {
        for (d, y) in d.iter_mut().zip(kept) {
            *d *= F::mul_add(-y, *y, 1.0);
        }
    }
}

impl Act for Sigmoid {
    #[inline(always)]
    fn forward<F: Fma>(self, z: &mut Block, y: &mut Block) {
        for (z, y) in z.iter_mut().zip(y) {
            *z = math::sigmoid::<F>(*z);
            *y = *z;
        }
    }

    #[inline(always)]
    fn value<F: Fma>(self, kept: &Block, y: &mut Block) {
        *y = *kept;
    }

    #[inline(always)]
    fn slope<F: Fma>(self, kept: &Block, _y: &Block, d: &mut Block) {
        for (d, y) in d.iter_mut().zip(kept) {
            *d *= y * (1.0 - y);
        }
    }
}

impl Act for Other<'_> {
    fn forward<F: Fma>(self, z: &mut Block, y: &mut Block) {
        self.curve.forward(self.exec, z, y);
    }

    fn value<F: Fma>(self, kept: &Block, y: &mut Block) {
        self.curve.forward(self.exec, kept, y);
    }

    fn slope<F: Fma>(self, kept: &Block, y: &Block, d: &mut Block) {
        let dy = *d;
        self.curve.backward(self.exec, kept, y, &dy, d);
    }
}
