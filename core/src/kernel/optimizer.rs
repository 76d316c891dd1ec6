//! Optimizer updates: one pass over parameter, gradient and state.

use super::{Exec, chunks_mut, multiversion};

/// Numbers that make a chunk worth its way to another thread: with fewer, the parameter and its state travel between the
/// caches of the cores for longer than the update takes.
const CHUNK: usize = 262_144;

/// A mean that is too small to move a parameter is 0.
///
/// The mean of a gradient that went away would shrink into the subnormal numbers and stay there, where roots and quotients
/// take many times as long.
#[inline(always)]
fn settle(mean: f32) -> f32 {
    if mean.abs() < 1e-30 { 0.0 } else { mean }
}

/// The same for a mean of squares, which stands under a root beside ε: only the subnormal numbers themselves.
#[inline(always)]
fn settle_square(mean: f32) -> f32 {
    if mean < f32::MIN_POSITIVE { 0.0 } else { mean }
}

macro_rules! update {
    ($(#[$attr:meta])* $name:ident<$f:ident>($w:ident, $g:ident $(, $slot:ident)* ; $h:ident: $hyper:ty) $body:block) => {
        $(#[$attr])*
        ///
        /// # Panics
        /// When the slices differ in length.
        pub fn $name(exec: Exec<'_>, $w: &mut [f32], $g: &[f32] $(, $slot: &mut [f32])*, $h: $hyper) {
            multiversion! {
                fn chunk<$f>($w: &mut [f32], $g: &[f32] $(, $slot: &mut [f32])*, $h: $hyper) {
                    let n = $w.len();
                    let $g = &$g[..n];
                    $(let $slot = &mut $slot[..n];)*
                    #[allow(clippy::needless_range_loop, reason = "several slices of one length, as many as the formula has")]
                    for i in 0..n {
                        let $g = $g[i];
                        let ($w, $($slot),*) = (&mut $w[i], $(&mut $slot[i]),*);
                        $body
                    }
                }
            }
            assert!($w.len() == $g.len() $(&& $w.len() == $slot.len())*, "slices of one length");
            let len = Exec::lane_chunk_len($w.len(), CHUNK);
            exec.for_each((chunks_mut($w, len), $(chunks_mut($slot, len)),*), |index, ($w, $($slot),*)| {
                let start = index * len;
                chunk(exec.simd(), $w, &$g[start..start + $w.len()], $($slot,)* $h);
            });
        }
    };
}

/// What [`sgd_momentum`] needs.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// The learning rate.
    pub rate: f32,
    /// How much of the velocity stays.
    pub momentum: f32,
    /// Whether to look ahead along the velocity.
    pub nesterov: bool,
}

update! {
    /// `w ← w − rate·g`.
    sgd<F>(w, g; rate: f32) {
        *w = F::mul_add(-rate, g, *w);
    }
}

update! {
    /// `v ← m·v − rate·g`; `w ← w + v`, or `w + m·v − rate·g` with Nesterov's look ahead.
    sgd_momentum<F>(w, g, v; h: Momentum) {
        *v = settle(F::mul_add(h.momentum, *v, -h.rate * g));
        let step = if h.nesterov { F::mul_add(h.momentum, *v, -h.rate * g) } else { *v };
        *w += step;
    }
}

/// What Adam and its kin need.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// The learning rate with all corrections for the step.
    pub rate: f32,
    /// How fast the mean follows: `1 − β₁`.
    pub one_minus_beta_1: f32,
    /// How fast the mean square follows: `1 − β₂`.
    pub one_minus_beta_2: f32,
    /// Keeps the denominator from 0.
    pub epsilon: f32,
}

update! {
    /// `m ← m + (1−β₁)(g − m)`; `v ← v + (1−β₂)(g² − v)`; `w ← w − rate·m / (√v + ε)`.
    adam<F>(w, g, m, v; h: Moments) {
        *m = settle(F::mul_add(g - *m, h.one_minus_beta_1, *m));
        *v = settle_square(F::mul_add(F::mul_add(g, g, -*v), h.one_minus_beta_2, *v));
        *w -= h.rate * *m / (v.sqrt() + h.epsilon);
    }
}

update! {
    /// As [`adam`], with the largest v so far under the root.
    amsgrad<F>(w, g, m, v, v_hat; h: Moments) {
        *m = settle(F::mul_add(g - *m, h.one_minus_beta_1, *m));
        *v = settle_square(F::mul_add(F::mul_add(g, g, -*v), h.one_minus_beta_2, *v));
        *v_hat = v_hat.max(*v);
        *w -= h.rate * *m / (v_hat.sqrt() + h.epsilon);
    }
}

update! {
    /// `m ← m + (1−β₁)(g − m)`; `u ← max(β₂·u, |g|)`; `w ← w − rate·m / (u + ε)`.
    adamax<F>(w, g, m, u; h: Moments) {
        *m = settle(F::mul_add(g - *m, h.one_minus_beta_1, *m));
        *u = settle_square(((1.0 - h.one_minus_beta_2) * *u).max(g.abs()));
        *w -= h.rate * *m / (*u + h.epsilon);
    }
}

update! {
    /// Adam's means alone, from which the length of its step follows.
    moments<F>(_w, g, m, v; h: Moments) {
        *m = settle(F::mul_add(g - *m, h.one_minus_beta_1, *m));
        *v = settle_square(F::mul_add(F::mul_add(g, g, -*v), h.one_minus_beta_2, *v));
    }
}

/// What [`nadam`] needs.
#[derive(Clone, Copy, Debug)]
pub struct Nadam {
    /// As for Adam, the rate without corrections.
    pub moments: Moments,
    /// The weight of the mean, corrected for the next step.
    pub mean: f32,
    /// The weight of the gradient, corrected for this step.
    pub gradient: f32,
    /// What the mean square is divided by.
    pub square: f32,
}

update! {
    /// Adam with Nesterov's momentum: `w ← w − rate·(a·m + b·g) / (√(v/c) + ε)`.
    nadam<F>(w, g, m, v; h: Nadam) {
        *m = settle(F::mul_add(g - *m, h.moments.one_minus_beta_1, *m));
        *v = settle_square(F::mul_add(F::mul_add(g, g, -*v), h.moments.one_minus_beta_2, *v));
        let mean = F::mul_add(h.mean, *m, h.gradient * g);
        *w -= h.moments.rate * mean / ((*v / h.square).sqrt() + h.moments.epsilon);
    }
}

/// What [`rmsprop`] and its kin need.
#[derive(Clone, Copy, Debug)]
pub struct Rmsprop {
    /// The learning rate.
    pub rate: f32,
    /// How much of the mean square stays.
    pub rho: f32,
    /// How much of the velocity stays.
    pub momentum: f32,
    /// Keeps the root from 0; inside of it.
    pub epsilon: f32,
}

update! {
    /// `s ← ρ·s + (1−ρ)·g²`; `w ← w − rate·g / √(s + ε)`.
    rmsprop<F>(w, g, s; h: Rmsprop) {
        *s = settle_square(F::mul_add(h.rho, *s, (1.0 - h.rho) * g * g));
        *w -= h.rate * g / (*s + h.epsilon).sqrt();
    }
}

update! {
    /// As [`rmsprop`], by way of a velocity: `v ← m·v + rate·g / √(s + ε)`; `w ← w − v`.
    rmsprop_momentum<F>(w, g, s, v; h: Rmsprop) {
        *s = settle_square(F::mul_add(h.rho, *s, (1.0 - h.rho) * g * g));
        *v = settle(F::mul_add(h.momentum, *v, h.rate * g / (*s + h.epsilon).sqrt()));
        *w -= *v;
    }
}

update! {
    /// As [`rmsprop_momentum`], with the variance in place of the mean square: `s − a²` for the mean gradient a.
    rmsprop_centered<F>(w, g, s, v, a; h: Rmsprop) {
        *s = settle_square(F::mul_add(h.rho, *s, (1.0 - h.rho) * g * g));
        *a = settle(F::mul_add(h.rho, *a, (1.0 - h.rho) * g));
        // Rounding may bring the variance of an even gradient below 0.
        let variance = F::mul_add(-*a, *a, *s);
        let variance = if variance < 0.0 { 0.0 } else { variance };
        *v = settle(F::mul_add(h.momentum, *v, h.rate * g / (variance + h.epsilon).sqrt()));
        *w -= *v;
    }
}

/// What [`adagrad`] needs.
#[derive(Clone, Copy, Debug)]
pub struct Adagrad {
    /// The learning rate.
    pub rate: f32,
    /// Keeps the root from 0; inside of it.
    pub epsilon: f32,
}

update! {
    /// `s ← s + g²`; `w ← w − rate·g / √(s + ε)`.
    adagrad<F>(w, g, s; h: Adagrad) {
        *s = F::mul_add(g, g, *s);
        *w -= h.rate * g / (*s + h.epsilon).sqrt();
    }
}

/// What [`adadelta`] needs.
#[derive(Clone, Copy, Debug)]
pub struct Adadelta {
    /// The learning rate.
    pub rate: f32,
    /// How much of the means stays.
    pub rho: f32,
    /// Keeps the roots from 0; inside of them.
    pub epsilon: f32,
}

update! {
    /// `s ← ρ·s + (1−ρ)·g²`; `d ← √(a + ε) / √(s + ε) · g`; `a ← ρ·a + (1−ρ)·d²`; `w ← w − rate·d`.
    adadelta<F>(w, g, s, a; h: Adadelta) {
        *s = settle_square(F::mul_add(h.rho, *s, (1.0 - h.rho) * g * g));
        let step = (*a + h.epsilon).sqrt() / (*s + h.epsilon).sqrt() * g;
        *a = settle_square(F::mul_add(h.rho, *a, (1.0 - h.rho) * step * step));
        *w = F::mul_add(-h.rate, step, *w);
    }
}

/// What [`lion`] needs.
#[derive(Clone, Copy, Debug)]
pub struct Lion {
    /// The learning rate.
    pub rate: f32,
    /// How much of the mean is in the direction of a step.
    pub beta_1: f32,
    /// How much of the mean stays.
    pub beta_2: f32,
}

update! {
    /// `w ← w − rate·sign(β₁·m + (1−β₁)·g)`; `m ← β₂·m + (1−β₂)·g`.
    lion<F>(w, g, m; h: Lion) {
        let direction = F::mul_add(h.beta_1, *m, (1.0 - h.beta_1) * g);
        let sign = if direction > 0.0 { 1.0 } else if direction < 0.0 { -1.0 } else { direction };
        *w = F::mul_add(-h.rate, sign, *w);
        *m = settle(F::mul_add(h.beta_2, *m, (1.0 - h.beta_2) * g));
    }
}

/// What [`ftrl`] needs.
#[derive(Clone, Copy, Debug)]
pub struct Ftrl {
    /// The learning rate.
    pub rate: f32,
    /// The power of the sum of squares, the sign changed.
    pub power: f32,
    /// What a weight must exceed not to be 0.
    pub l1: f32,
    /// How strongly weights are pulled to 0.
    pub l2: f32,
    /// The same, by way of the gradient.
    pub shrinkage: f32,
}

update! {
    /// `n' = n + g²`; `z ← z + g + 2s·w − (n'ᵖ − nᵖ)/rate · w`; `w ← (clip(z, ±l₁) − z) / (n'ᵖ/rate + 2·l₂)`; `n ← n'`.
    ftrl<F>(w, g, n, z; h: Ftrl) {
        let power = |n: f32| if h.power == 0.5 { n.sqrt() } else { super::math::pow(n, h.power) };
        let (before, sum) = (power(*n), F::mul_add(g, g, *n));
        let after = power(sum);
        let pulled = F::mul_add(2.0 * h.shrinkage, *w, g);
        *z += pulled - (after - before) / h.rate * *w;
        let clipped = if *z < -h.l1 { -h.l1 } else if *z > h.l1 { h.l1 } else { *z };
        *w = (clipped - *z) / (after / h.rate + 2.0 * h.l2);
        *n = sum;
    }
}
