//! One step of a cell for some examples, after the products: no loop has a remainder, for all rows are whole blocks.

use super::super::{Exec, Fma, Separate, multiversion};
use super::BLOCK;
use super::curve::{Act, Block, Curves, Other, Sigmoid, Tanh};

/// The numbers of a step, by kind: what a tile holds of a block of units.
fn blocks(x: &[f32]) -> &[Block] {
    x.as_chunks().0
}

fn blocks_mut(x: &mut [f32]) -> &mut [Block] {
    x.as_chunks_mut().0
}

fn quads(x: &[f32]) -> &[[Block; 4]] {
    blocks(x).as_chunks().0
}

fn quads_mut(x: &mut [f32]) -> &mut [[Block; 4]] {
    blocks_mut(x).as_chunks_mut().0
}

/// Keeps blocks apart, whose numbers fill the vectors: the compiler would weave several together where they are cheap, and pick
/// their numbers one by one.
#[inline(always)]
fn one_by_one() {
    std::hint::black_box(());
}

/// Makes a step for the usual functions, compiled for each instruction set, and for all others.
macro_rules! step {
    ($(#[$attr:meta])* fn $name:ident = $body:ident($($arg:ident: $ty:ty),*)) => {
        $(#[$attr])*
        #[allow(clippy::too_many_arguments, reason = "the numbers of a step, each in a slice of its own")]
        pub(super) fn $name(exec: Exec<'_>, curves: Curves<'_>, $($arg: $ty),*) {
            multiversion! {
                fn usual<F>($($arg: $ty),*) {
                    $body::<F, _, _>(Tanh, Sigmoid, $($arg),*);
                }
            }
            match curves {
                Curves::Usual => usual(exec.simd(), $($arg),*),
                Curves::Others(a, r) => $body::<Separate, _, _>(Other { curve: a, exec }, Other { curve: r, exec }, $($arg),*),
            }
        }
    };
}

step! {
    /// `h = f(z)`.
    fn simple_forward = simple_forward_body(z: &mut [f32], h: &mut [f32])
}

#[inline(always)]
fn simple_forward_body<F: Fma, A: Act, R: Act>(act: A, _rec: R, z: &mut [f32], h: &mut [f32]) {
    for (z, h) in blocks_mut(z).iter_mut().zip(blocks_mut(h)) {
        act.forward::<F>(z, h);
    }
}

step! {
    /// `dz = dh·f′`.
    fn simple_backward = simple_backward_body(z: &[f32], dh: &[f32], dz: &mut [f32])
}

#[inline(always)]
fn simple_backward_body<F: Fma, A: Act, R: Act>(act: A, _rec: R, z: &[f32], dh: &[f32], dz: &mut [f32]) {
    for ((z, dh), dz) in blocks(z).iter().zip(blocks(dh)).zip(blocks_mut(dz)) {
        let mut y = [0.0; BLOCK];
        act.value::<F>(z, &mut y);
        *dz = *dh;
        act.slope::<F>(z, &y, dz);
    }
}

step! {
    /// `c = f·c₋₁ + i·g` and `h = o·tanh c`.
    fn lstm_forward = lstm_forward_body(z: &mut [f32], before: &[f32], c: &mut [f32], h: &mut [f32])
}

#[inline(always)]
fn lstm_forward_body<F: Fma, A: Act, R: Act>(act: A, rec: R, z: &mut [f32], before: &[f32], c: &mut [f32], h: &mut [f32]) {
    for (((z, before), c), h) in quads_mut(z).iter_mut().zip(blocks(before)).zip(blocks_mut(c)).zip(blocks_mut(h)) {
        let [mut i, mut f, mut g, mut o, mut y] = [[0.0; BLOCK]; 5];
        let [zi, zf, zg, zo] = z;
        rec.forward::<F>(zi, &mut i);
        rec.forward::<F>(zf, &mut f);
        act.forward::<F>(zg, &mut g);
        rec.forward::<F>(zo, &mut o);
        for l in 0..BLOCK {
            c[l] = f[l] * before[l] + i[l] * g[l];
        }
        let mut kept = *c;
        act.forward::<F>(&mut kept, &mut y);
        for l in 0..BLOCK {
            h[l] = o[l] * y[l];
        }
    }
}

step! {
    /// The gradients by z from those by h and c; `dc` becomes the one by the c before.
    fn lstm_backward = lstm_backward_body(z: &[f32], before: &[f32], c: &[f32], dh: &[f32], dc: &mut [f32], dz: &mut [f32])
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the numbers of a step, each in a slice of its own")]
fn lstm_backward_body<F: Fma, A: Act, R: Act>(
    act: A,
    rec: R,
    z: &[f32],
    before: &[f32],
    c: &[f32],
    dh: &[f32],
    dc: &mut [f32],
    dz: &mut [f32],
) {
    let states = blocks(before).iter().zip(blocks(c));
    let gradients = blocks(dh).iter().zip(blocks_mut(dc)).zip(quads_mut(dz));
    for ((z, (before, c)), ((dh, dc), dz)) in quads(z).iter().zip(states).zip(gradients) {
        let [mut i, mut f, mut g, mut o, mut y, mut through] = [[0.0; BLOCK]; 6];
        let [zi, zf, zg, zo] = z;
        rec.value::<F>(zi, &mut i);
        rec.value::<F>(zf, &mut f);
        act.value::<F>(zg, &mut g);
        rec.value::<F>(zo, &mut o);
        let mut kept = *c;
        act.forward::<F>(&mut kept, &mut y);
        let [di, df, dg, d_o] = dz;
        for l in 0..BLOCK {
            d_o[l] = dh[l] * y[l];
            through[l] = dh[l] * o[l];
        }
        act.slope::<F>(&kept, &y, &mut through);
        for l in 0..BLOCK {
            let d = dc[l] + through[l];
            di[l] = d * g[l];
            df[l] = d * before[l];
            dg[l] = d * i[l];
            dc[l] = d * f[l];
        }
        rec.slope::<F>(zi, &i, di);
        rec.slope::<F>(zf, &f, df);
        act.slope::<F>(zg, &g, dg);
        rec.slope::<F>(zo, &o, d_o);
    }
}

step! {
    /// `h = z·h₋₁ + (1 − z)·f(x + r·q)`.
    fn gru_forward = gru_forward_body(z: &mut [f32], before: &[f32], h: &mut [f32])
}

#[inline(always)]
fn gru_forward_body<F: Fma, A: Act, R: Act>(act: A, rec: R, z: &mut [f32], before: &[f32], h: &mut [f32]) {
    for ((z, before), h) in quads_mut(z).iter_mut().zip(blocks(before)).zip(blocks_mut(h)) {
        let [mut u, mut r, mut y] = [[0.0; BLOCK]; 3];
        let [zx, zu, zr, q] = z;
        rec.forward::<F>(zu, &mut u);
        rec.forward::<F>(zr, &mut r);
        for l in 0..BLOCK {
            zx[l] += r[l] * q[l];
        }
        act.forward::<F>(zx, &mut y);
        for l in 0..BLOCK {
            h[l] = u[l] * before[l] + (1.0 - u[l]) * y[l];
        }
    }
}

step! {
    /// The gradients by z from that by h; `dh` becomes what goes on to the h before without a product.
    fn gru_backward = gru_backward_body(z: &[f32], before: &[f32], dh: &mut [f32], dz: &mut [f32])
}

#[inline(always)]
fn gru_backward_body<F: Fma, A: Act, R: Act>(act: A, rec: R, z: &[f32], before: &[f32], dh: &mut [f32], dz: &mut [f32]) {
    for (((z, before), dh), dz) in quads(z).iter().zip(blocks(before)).zip(blocks_mut(dh)).zip(quads_mut(dz)) {
        one_by_one();
        let [mut u, mut r, mut y] = [[0.0; BLOCK]; 3];
        let [zx, zu, zr, q] = z;
        rec.value::<F>(zu, &mut u);
        rec.value::<F>(zr, &mut r);
        act.value::<F>(zx, &mut y);
        let [dx, du, dr, dq] = dz;
        for l in 0..BLOCK {
            du[l] = dh[l] * (before[l] - y[l]);
            dx[l] = dh[l] * (1.0 - u[l]);
            dh[l] *= u[l];
        }
        act.slope::<F>(zx, &y, dx);
        for l in 0..BLOCK {
            dr[l] = dx[l] * q[l];
            dq[l] = dx[l] * r[l];
        }
        rec.slope::<F>(zu, &u, du);
        rec.slope::<F>(zr, &r, dr);
    }
}

step! {
    /// The gates, and the state that they reset, `q = r·h₋₁`: to be multiplied, and to be kept.
    fn reset_forward = reset_forward_body(z: &mut [f32], multiplied: &[f32], reset: &mut [f32])
}

#[inline(always)]
fn reset_forward_body<F: Fma, A: Act, R: Act>(_act: A, rec: R, z: &mut [f32], multiplied: &[f32], reset: &mut [f32]) {
    for ((z, before), reset) in quads_mut(z).iter_mut().zip(blocks(multiplied)).zip(blocks_mut(reset)) {
        one_by_one();
        let [mut u, mut r] = [[0.0; BLOCK]; 2];
        let [_, zu, zr, q] = z;
        rec.forward::<F>(zu, &mut u);
        rec.forward::<F>(zr, &mut r);
        for l in 0..BLOCK {
            reset[l] = r[l] * before[l];
        }
        *q = *reset;
    }
}

step! {
    /// `h = z·h₋₁ + (1 − z)·f(x)`.
    fn mix_forward = mix_forward_body(z: &mut [f32], before: &[f32], h: &mut [f32])
}

#[inline(always)]
fn mix_forward_body<F: Fma, A: Act, R: Act>(act: A, rec: R, z: &mut [f32], before: &[f32], h: &mut [f32]) {
    for ((z, before), h) in quads_mut(z).iter_mut().zip(blocks(before)).zip(blocks_mut(h)) {
        one_by_one();
        let [mut u, mut y] = [[0.0; BLOCK]; 2];
        rec.value::<F>(&z[1], &mut u);
        act.forward::<F>(&mut z[0], &mut y);
        for l in 0..BLOCK {
            h[l] = u[l] * before[l] + (1.0 - u[l]) * y[l];
        }
    }
}

step! {
    /// The gradients by candidate and z; `dh` becomes what goes on to the h before without a product.
    fn mix_backward = mix_backward_body(z: &[f32], before: &[f32], dh: &mut [f32], dz: &mut [f32])
}

#[inline(always)]
fn mix_backward_body<F: Fma, A: Act, R: Act>(act: A, rec: R, z: &[f32], before: &[f32], dh: &mut [f32], dz: &mut [f32]) {
    for (((z, before), dh), dz) in quads(z).iter().zip(blocks(before)).zip(blocks_mut(dh)).zip(quads_mut(dz)) {
        one_by_one();
        let [mut u, mut y] = [[0.0; BLOCK]; 2];
        let [zx, zu, _, _] = z;
        rec.value::<F>(zu, &mut u);
        act.value::<F>(zx, &mut y);
        let [dx, du, _, dq] = dz;
        for l in 0..BLOCK {
            du[l] = dh[l] * (before[l] - y[l]);
            dx[l] = dh[l] * (1.0 - u[l]);
            dh[l] *= u[l];
        }
        dq.fill(0.0);
        act.slope::<F>(zx, &y, dx);
        rec.slope::<F>(zu, &u, du);
    }
}

step! {
    /// The gradient by r from that by `q = r·h₋₁`, which becomes its part of the gradient by the h before.
    fn reset_backward = reset_backward_body(z: &[f32], multiplied: &[f32], dq: &mut [f32], dz: &mut [f32])
}

#[inline(always)]
fn reset_backward_body<F: Fma, A: Act, R: Act>(_act: A, rec: R, z: &[f32], multiplied: &[f32], dq: &mut [f32], dz: &mut [f32]) {
    for (((z, before), dq), dz) in quads(z).iter().zip(blocks(multiplied)).zip(blocks_mut(dq)).zip(quads_mut(dz)) {
        one_by_one();
        let mut r = [0.0; BLOCK];
        rec.value::<F>(&z[2], &mut r);
        for l in 0..BLOCK {
            dz[2][l] = dq[l] * before[l];
            dq[l] *= r[l];
        }
        rec.slope::<F>(&z[2], &r, &mut dz[2]);
    }
}

/// Sets the states of units that do not exist to zero: a strange function may let them grow beyond all bounds.
pub(super) fn clear_padding(units: usize, states: &mut [f32]) {
    if !units.is_multiple_of(BLOCK) {
        states.chunks_exact_mut(units.next_multiple_of(BLOCK)).for_each(|row| row[units..].fill(0.0));
    }
}
