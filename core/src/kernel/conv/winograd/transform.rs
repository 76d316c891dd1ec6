//! The transforms of F(4, 3) along one axis, and of F(2, 3) on four of its six points.
//!
//! With the points 0, ±a, ±b, ∞, where a = 3/4 and b = 3/2, for six places d of the input, four outputs y and three places w of
//! the kernel: `y = Aᵀ((G w) ⊙ (Bᵀ d))`, where
//!
//! ```text
//!      ⎡ a²b²    0    −a²−b²    0      1   0 ⎤        ⎡ 1  1   1   1   1   0 ⎤
//!      ⎢   0   −ab²    −b²      a      1   0 ⎥   Aᵀ = ⎢ 0  a  −a   b  −b   0 ⎥    G: rows (1, p, p²) / Π (p − q)
//! Bᵀ = ⎢   0    ab²    −b²     −a      1   0 ⎥        ⎢ 0  a²  a²  b²  b²  0 ⎥       for the points p, over all other
//!      ⎢   0   −a²b    −a²      b      1   0 ⎥        ⎣ 0  a³ −a³  b³ −b³  1 ⎦       points q; and (0, 0, 1)
//!      ⎢   0    a²b    −a²     −b      1   0 ⎥
//!      ⎣   0   a²b²     0    −a²−b²    0   1 ⎦
//! ```
//!
//! All constants but those of G are exact. Points ±p share their even and their odd parts. The backward pass is the adjoint: the
//! gradient goes through A, that of the input comes back through B, and that of the kernel through Gᵀ.
//!
//! Where two outputs are left at the end of an axis, F(2, 3) on the points 0, ±a, ∞ takes four products instead of six. Its G
//! has the same rows but for a factor each, which goes into its Bᵀ, so that such a tile takes part in the products 0, 1, 2 and 5
//! with the same transformed kernel:
//!
//! ```text
//!      ⎡ a²b²     0         −b²      0 ⎤
//! Bᵀ = ⎢  0    a(a²−b²)   a²−b²     0 ⎥     Aᵀ = ⎡ 1  1   1  0 ⎤
//!      ⎢  0   −a(a²−b²)   a²−b²     0 ⎥          ⎣ 0  a  −a  1 ⎦
//!      ⎣  0      −a²        0       1 ⎦
//! ```

use super::super::super::vector::Vector;

const A: f32 = 0.75;
const B: f32 = 1.5;
const A2: f32 = A * A;
const B2: f32 = B * B;
const A3: f32 = A2 * A;
const B3: f32 = B2 * B;
const SUM: f32 = A2 + B2;
const PRODUCT: f32 = A2 * B2;
const LESS: f32 = A2 - B2;

/// `1 / Π (p − q)` for the points 0, ±a and ±b.
const NORM_0: f64 = 1.0 / (0.5625 * 2.25);
const NORM_A: f64 = 1.0 / (2.0 * 0.5625 * (0.5625 - 2.25));
const NORM_B: f64 = 1.0 / (2.0 * 2.25 * (2.25 - 0.5625));
/// Powers 0, 1 and 2 of the points, over their norms: the rows of G.
const G_0: f32 = NORM_0 as f32;
const G_A: [f32; 3] = [NORM_A as f32, (0.75 * NORM_A) as f32, (0.5625 * NORM_A) as f32];
const G_B: [f32; 3] = [NORM_B as f32, (1.5 * NORM_B) as f32, (2.25 * NORM_B) as f32];

/// How a tile ends along one axis.
///
/// # Safety
///
/// Of all functions: the processor has the instruction set of the vectors. Numbers beyond `READS` and `WRITES`, and those that a
/// tile does not take part in, are not looked at and have no meaning in what is returned.
pub(super) trait Side {
    /// Places of the input that a tile reads.
    const READS: usize;
    /// Outputs that it has.
    const WRITES: usize;
    /// The products that it takes part in.
    const TAKES: [bool; 6];

    /// `Bᵀ d`: places of the input to products.
    unsafe fn input<V: Vector>(d: [V; 6]) -> [V; 6];
    /// `Aᵀ m`: products to outputs.
    unsafe fn output<V: Vector>(m: [V; 6]) -> [V; 4];
    /// `A z`: gradients of outputs to products.
    unsafe fn gradient<V: Vector>(z: [V; 4]) -> [V; 6];
    /// `B v`: products to gradients of the places of the input.
    unsafe fn spread<V: Vector>(v: [V; 6]) -> [V; 6];
}

/// Four outputs.
pub(super) struct Whole;

impl Side for Whole {
    const READS: usize = 6;
    const WRITES: usize = 4;
    const TAKES: [bool; 6] = [true; 6];

    #[inline(always)]
    unsafe fn input<V: Vector>(d: [V; 6]) -> [V; 6] {
        // SAFETY: as the caller promises.
        unsafe {
            let (a, b, a2, b2, sum, product) = (V::all(A), V::all(B), V::all(A2), V::all(B2), V::all(SUM), V::all(PRODUCT));
            let (even_a, odd_a) = (d[4].less_product(b2, d[2]), d[3].less_product(b2, d[1]));
            let (even_b, odd_b) = (d[4].less_product(a2, d[2]), d[3].less_product(a2, d[1]));
            [
                d[4].less_product(sum, d[2]).add_product(product, d[0]),
                even_a.add_product(a, odd_a),
                even_a.less_product(a, odd_a),
                even_b.add_product(b, odd_b),
                even_b.less_product(b, odd_b),
                d[5].less_product(sum, d[3]).add_product(product, d[1]),
            ]
        }
    }

    #[inline(always)]
    unsafe fn output<V: Vector>(m: [V; 6]) -> [V; 4] {
        // SAFETY: as the caller promises.
        unsafe {
            let (even_a, odd_a, even_b, odd_b) = (m[1].add(m[2]), m[1].sub(m[2]), m[3].add(m[4]), m[3].sub(m[4]));
            [
                m[0].add(even_a).add(even_b),
                odd_a.mul(V::all(A)).add_product(V::all(B), odd_b),
                even_a.mul(V::all(A2)).add_product(V::all(B2), even_b),
                m[5].add_product(V::all(A3), odd_a).add_product(V::all(B3), odd_b),
            ]
        }
    }

    #[inline(always)]
    unsafe fn gradient<V: Vector>(z: [V; 4]) -> [V; 6] {
        // SAFETY: as the caller promises.
        unsafe {
            let (even_a, even_b) = (z[0].add_product(V::all(A2), z[2]), z[0].add_product(V::all(B2), z[2]));
            let odd_a = z[1].mul(V::all(A)).add_product(V::all(A3), z[3]);
            let odd_b = z[1].mul(V::all(B)).add_product(V::all(B3), z[3]);
            [z[0], even_a.add(odd_a), even_a.sub(odd_a), even_b.add(odd_b), even_b.sub(odd_b), z[3]]
        }
    }

    #[inline(always)]
    unsafe fn spread<V: Vector>(v: [V; 6]) -> [V; 6] {
        // SAFETY: as the caller promises.
        unsafe {
            let (a2, b2, sum, product) = (V::all(A2), V::all(B2), V::all(SUM), V::all(PRODUCT));
            let (even_a, odd_a, even_b, odd_b) = (v[1].add(v[2]), v[1].sub(v[2]), v[3].add(v[4]), v[3].sub(v[4]));
            [
                v[0].mul(product),
                v[5].mul(product).less_product(V::all(A * B2), odd_a).less_product(V::all(B * A2), odd_b),
                V::zero().less_product(sum, v[0]).less_product(b2, even_a).less_product(a2, even_b),
                odd_a.mul(V::all(A)).add_product(V::all(B), odd_b).less_product(sum, v[5]),
                v[0].add(even_a).add(even_b),
                v[5],
            ]
        }
    }
}

/// Two outputs, or the first of them.
pub(super) struct Narrow;

impl Side for Narrow {
    const READS: usize = 4;
    const WRITES: usize = 2;
    const TAKES: [bool; 6] = [true, true, true, false, false, true];

    #[inline(always)]
    unsafe fn input<V: Vector>(d: [V; 6]) -> [V; 6] {
        // SAFETY: as the caller promises.
        unsafe {
            let (even, odd) = (d[2].mul(V::all(LESS)), V::all(LESS * A));
            [
                d[0].mul(V::all(PRODUCT)).less_product(V::all(B2), d[2]),
                even.add_product(odd, d[1]),
                even.less_product(odd, d[1]),
                V::zero(),
                V::zero(),
                d[3].less_product(V::all(A2), d[1]),
            ]
        }
    }

    #[inline(always)]
    unsafe fn output<V: Vector>(m: [V; 6]) -> [V; 4] {
        // SAFETY: as the caller promises.
        unsafe { [m[0].add(m[1]).add(m[2]), m[5].add_product(V::all(A), m[1].sub(m[2])), V::zero(), V::zero()] }
    }

    #[inline(always)]
    unsafe fn gradient<V: Vector>(z: [V; 4]) -> [V; 6] {
        // SAFETY: as the caller promises.
        unsafe {
            let a = V::all(A);
            [z[0], z[0].add_product(a, z[1]), z[0].less_product(a, z[1]), V::zero(), V::zero(), z[1]]
        }
    }

    #[inline(always)]
    unsafe fn spread<V: Vector>(v: [V; 6]) -> [V; 6] {
        // SAFETY: as the caller promises.
        unsafe {
            [
                v[0].mul(V::all(PRODUCT)),
                v[1].sub(v[2]).mul(V::all(LESS * A)).less_product(V::all(A2), v[5]),
                v[1].add(v[2]).mul(V::all(LESS)).less_product(V::all(B2), v[0]),
                v[5],
                V::zero(),
                V::zero(),
            ]
        }
    }
}

/// `G w`: three places of the kernel to products.
///
/// # Safety
///
/// The processor has the instruction set of the vectors.
#[inline(always)]
pub(super) unsafe fn kernel<V: Vector>(w: [V; 3]) -> [V; 6] {
    // SAFETY: as the caller promises.
    unsafe {
        let even = |[one, _, square]: [f32; 3]| (V::all(one), V::all(square));
        let ((a, a2), (b, b2)) = (even(G_A), even(G_B));
        let (even_a, even_b) = (w[0].mul(a).add_product(a2, w[2]), w[0].mul(b).add_product(b2, w[2]));
        let (a, b) = (V::all(G_A[1]), V::all(G_B[1]));
        [
            w[0].mul(V::all(G_0)),
            even_a.add_product(a, w[1]),
            even_a.less_product(a, w[1]),
            even_b.add_product(b, w[1]),
            even_b.less_product(b, w[1]),
            w[2],
        ]
    }
}

/// `Gᵀ u`: products to gradients of three places of the kernel.
///
/// # Safety
///
/// The processor has the instruction set of the vectors.
#[inline(always)]
pub(super) unsafe fn kernel_gradient<V: Vector>(u: [V; 6]) -> [V; 3] {
    // SAFETY: as the caller promises.
    unsafe {
        let (even_a, odd_a, even_b, odd_b) = (u[1].add(u[2]), u[1].sub(u[2]), u[3].add(u[4]), u[3].sub(u[4]));
        [
            u[0].mul(V::all(G_0)).add_product(V::all(G_A[0]), even_a).add_product(V::all(G_B[0]), even_b),
            odd_a.mul(V::all(G_A[1])).add_product(V::all(G_B[1]), odd_b),
            u[5].add_product(V::all(G_A[2]), even_a).add_product(V::all(G_B[2]), even_b),
        ]
    }
}

/// `f` of every column, then `g` of every row: a transform along both axes. A macro, as functions that are passed on lose the
/// instruction set.
macro_rules! both {
    ($vector:ident, $from:literal, $to:literal, $d:expr, $f:path, $g:path) => {{
        let d: [[$vector; $from]; $from] = $d;
        let mut columns = [[$vector::zero(); $from]; $to];
        for j in 0..$from {
            let mut column = [$vector::zero(); $from];
            for i in 0..$from {
                column[i] = d[i][j];
            }
            let column = $f(column);
            for i in 0..$to {
                columns[i][j] = column[i];
            }
        }
        let mut rows = [[$vector::zero(); $to]; $to];
        for i in 0..$to {
            rows[i] = $g(columns[i]);
        }
        rows
    }};
}
pub(super) use both;
