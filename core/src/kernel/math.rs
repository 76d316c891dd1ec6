//! Elementary functions of one number that compile to vector code: no call, no table, no branch.
//!
//! Each is a range reduction and a polynomial (least maximum error, coefficients rounded to f32 one after the other), so the
//! bits do not depend on the system's mathematics library. Infinities, overflow, underflow to zero through the subnormal
//! numbers and NaN (which stays NaN) come out as IEEE 754 recommends. The errors given hold for the fused instruction sets
//! and are checked by the tests.

use super::Fma;

/// Adding it rounds to an integer, which then stands in the low bits of the sum.
const ROUNDER: f32 = 12_582_912.0;

/// ln 2 in two parts; the first has so few bits that its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// The bits of √½: dividing there keeps the mantissa within [√½, √2).
const SQRT_HALF_BITS: i32 = 0x3f35_04f3;

/// `2ⁿ` for n in −126..=127.
#[inline(always)]
fn exp2i(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

/// `(eʳ − 1, n)` with `x = n·ln 2 + r`, `|r| ≤ ½·ln 2`, for |x| < 200.
#[inline(always)]
fn split_exp<F: Fma>(x: f32) -> (f32, i32) {
    let shifted = F::mul_add(x, std::f32::consts::LOG2_E, ROUNDER);
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32);
    let whole = shifted - ROUNDER;
    let r = F::mul_add(whole, -LN2_LOW, F::mul_add(whole, -LN2_HIGH, x));
    let p = F::mul_add(1.381_982_4e-3, r, 8.368_687e-3);
    let p = F::mul_add(p, r, 4.166_827_7e-2);
    let p = F::mul_add(p, r, 1.666_652_1e-1);
    let p = F::mul_add(p, r, 4.999_999_4e-1);
    (F::mul_add(r * r, p, r), n)
}

/// `eˣ`, within 1 ulp.
#[inline(always)]
pub fn exp<F: Fma>(x: f32) -> f32 {
    // Beyond these the result is infinite or zero anyway. A NaN passes both comparisons.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -105.0 { -105.0 } else { x };
    let (p, n) = split_exp::<F>(x);
    // In two steps, because 2ⁿ itself may be too large or too small for a normal number.
    let half = n >> 1;
    (p + 1.0) * exp2i(half) * exp2i(n.wrapping_sub(half))
}

/// `eˣ − 1`, within 2 ulp, also near 0 where `exp(x) − 1` loses its digits.
#[inline(always)]
pub fn exp_m1<F: Fma>(x: f32) -> f32 {
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -20.0 { -20.0 } else { x };
    let (p, n) = split_exp::<F>(x);
    // Half of the result, because 2¹²⁸ is infinite while the result need not be.
    let scale = exp2i(n.wrapping_sub(1));
    let half = F::mul_add(scale, p, scale - 0.5);
    if n == 0 { p } else { half + half }
}

/// `(k, m)` with `x = 2ᵏ·m` and m in [√½, √2), for normal positive x.
#[inline(always)]
fn split_ln(x: f32) -> (i32, f32) {
    let bits = (x.to_bits() as i32).wrapping_sub(SQRT_HALF_BITS);
    (bits >> 23, f32::from_bits((bits & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS) as u32))
}

/// `k·ln 2 + ln(1 + f)` for f in [√½ − 1, √2 − 1).
#[inline(always)]
fn join_ln<F: Fma>(k: i32, f: f32) -> f32 {
    let p = F::mul_add(6.751_352_5e-2, f, -1.167_312_04e-1);
    let p = F::mul_add(p, f, 1.188_425_4e-1);
    let p = F::mul_add(p, f, -1.240_584_85e-1);
    let p = F::mul_add(p, f, 1.422_023_3e-1);
    let p = F::mul_add(p, f, -1.666_800_1e-1);
    let p = F::mul_add(p, f, 2.000_207_6e-1);
    let p = F::mul_add(p, f, -2.500_001e-1);
    let p = F::mul_add(p, f, 3.333_331_3e-1);
    let (square, k) = (f * f, k as f32);
    let low = F::mul_add(k, LN2_LOW, square * f * p);
    F::mul_add(k, LN2_HIGH, f + F::mul_add(-0.5, square, low))
}

/// The natural logarithm, within 1 ulp: −∞ at 0, NaN below.
#[inline(always)]
pub fn ln<F: Fma>(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let (k, m) = split_ln(if subnormal { x * 8_388_608.0 } else { x });
    let y = join_ln::<F>(if subnormal { k.wrapping_sub(23) } else { k }, m - 1.0);
    let y = if x < f32::INFINITY { y } else { x };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x < 0.0 { f32::NAN } else { y }
}

/// `ln(1 + x)`, within 2 ulp, also near 0: −∞ at −1, NaN below.
#[inline(always)]
pub fn ln_1p<F: Fma>(x: f32) -> f32 {
    let u = 1.0 + x;
    // What the rounding of 1 + x lost, exactly.
    let one = u - x;
    let lost = (1.0 - one) + (x - (u - one));
    let (k, m) = split_ln(u);
    let unscale = exp2i(0i32.wrapping_sub(k).max(-127));
    let y = join_ln::<F>(k, F::mul_add(lost, unscale, m - 1.0));
    let y = if x < f32::INFINITY { y } else { x };
    let y = if u == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if u < 0.0 { f32::NAN } else { y };
    // Keeps the sign of zero, and subnormal numbers.
    if u == 1.0 { x } else { y }
}

/// The logistic function `1/(1 + e⁻ˣ)`, within 3 ulp.
#[inline(always)]
pub fn sigmoid<F: Fma>(x: f32) -> f32 {
    let z = exp::<F>(-x.abs());
    (if x < 0.0 { z } else { 1.0 }) / (1.0 + z)
}

/// The hyperbolic tangent, within 3 ulp.
#[inline(always)]
pub fn tanh<F: Fma>(x: f32) -> f32 {
    let t = exp_m1::<F>(-2.0 * x.abs());
    // t is in (−1, 0]; a NaN keeps through the quotient.
    (-t / (t + 2.0)).copysign(x)
}

/// `ln(1 + eˣ)`, within 2 ulp.
#[inline(always)]
pub fn softplus<F: Fma>(x: f32) -> f32 {
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + ln_1p::<F>(exp::<F>(-x.abs()))
}

/// The error function `2/√π·∫₀ˣ e^(−t²) dt`, within 3 ulp.
#[inline(always)]
pub fn erf<F: Fma>(x: f32) -> f32 {
    let (t, square) = (x.abs(), x * x);
    let p = F::mul_add(3.311_482_4e-4, square, -1.463_949_2e-3);
    let p = F::mul_add(p, square, 5.842_411_4e-3);
    let p = F::mul_add(p, square, -2.715_234_5e-2);
    let p = F::mul_add(p, square, 1.128_977_76e-1);
    let p = F::mul_add(p, square, -3.761_31e-1);
    // 2/√π − 1, to add x itself without rounding.
    let small = F::mul_add(F::mul_add(p, square, 0.128_379_17), x, x);

    // −ln(1 − erf t) is smooth; from 4 on, erf is 1.
    let t = if t > 4.0 { 4.0 } else { t };
    let p = F::mul_add(2.109_274e-5, t, -4.344_446e-4);
    let p = F::mul_add(p, t, 4.171_009e-3);
    let p = F::mul_add(p, t, -2.511_935_1e-2);
    let p = F::mul_add(p, t, 1.082_800_4e-1);
    let p = F::mul_add(p, t, 6.333_469e-1);
    let p = F::mul_add(p, t, 1.129_514_9);
    let p = F::mul_add(p, t, -1.746_844_5e-4);
    let large = (1.0 - exp::<F>(-p)).copysign(x);
    if x.abs() > 0.92 { large } else { small }
}

/// The number below which the standard normal distribution has the share that the draw is of all: within ±5.5, and 1e-6 of
/// the exact one (Giles, *Approximating the erfinv function*, 2010).
#[inline(always)]
pub fn normal<F: Fma>(draw: u32) -> f32 {
    // In (−1, 1), never at the ends, and as often below 0 as above.
    let x = ((draw as i32 >> 8) as f32 + 0.5) * (1.0 / 8_388_608.0);
    let w = -ln::<F>((1.0 - x) * (1.0 + x));
    let near = w - 2.5;
    let p = F::mul_add(2.810_226_4e-8, near, 3.432_739_4e-7);
    let p = F::mul_add(p, near, -3.523_387_7e-6);
    let p = F::mul_add(p, near, -4.391_506_5e-6);
    let p = F::mul_add(p, near, 2.185_808_7e-4);
    let p = F::mul_add(p, near, -1.253_725e-3);
    let p = F::mul_add(p, near, -4.177_681_6e-3);
    let p = F::mul_add(p, near, 2.466_407_3e-1);
    let middle = F::mul_add(p, near, 1.501_409_4);
    let far = w.sqrt() - 3.0;
    let p = F::mul_add(-2.002_142_6e-4, far, 1.009_505_6e-4);
    let p = F::mul_add(p, far, 1.349_343_2e-3);
    let p = F::mul_add(p, far, -3.673_428_4e-3);
    let p = F::mul_add(p, far, 5.739_507_7e-3);
    let p = F::mul_add(p, far, -7.622_461_3e-3);
    let p = F::mul_add(p, far, 9.438_870_5e-3);
    let p = F::mul_add(p, far, 1.001_674);
    let tail = F::mul_add(p, far, 2.832_976_8);
    std::f32::consts::SQRT_2 * (if w < 5.0 { middle } else { tail }) * x
}

/// `xᵖ`, within 1 ulp: through f64, where a short series is enough.
///
/// For finite p. A negative x needs a whole p, else the result is NaN; `x⁰` is 1 for every x.
#[inline(always)]
pub fn pow(x: f32, p: f32) -> f32 {
    let bits = f64::from(x.abs()).to_bits() as i64;
    // As in `split_ln`, at √½.
    let shifted = bits.wrapping_sub(0x3fe6_a09e_667f_3bcd);
    let k = shifted >> 52;
    let f = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_667f_3bcd) as u64) - 1.0;
    // ln(1 + f) = 2·artanh(s)
    let s = f / (2.0 + f);
    let z = s * s;
    let series = 1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z * (1.0 / 13.0 + z / 15.0)))));
    let y = f64::from(p) * (k as i32 as f64 * std::f64::consts::LN_2 + 2.0 * s * (1.0 + z * series));

    let y = if y > 200.0 { 200.0 } else { y };
    let y = if y < -200.0 { -200.0 } else { y };
    let rounder = 6_755_399_441_055_744.0;
    let shifted = y * std::f64::consts::LOG2_E + rounder;
    let n = (shifted.to_bits() as i64).wrapping_sub(6_755_399_441_055_744.0f64.to_bits() as i64);
    let r = y - (shifted - rounder) * std::f64::consts::LN_2;
    let e = 1.0 / 5040.0 + r * (1.0 / 40320.0 + r / 362_880.0);
    let e = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * e));
    let e = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * e)));
    let magnitude = (e * f64::from_bits((n.wrapping_add(1023) << 52) as u64)) as f32;

    let magnitude = if x == 0.0 { if p > 0.0 { 0.0 } else { f32::INFINITY } } else { magnitude };
    let magnitude = if x.abs() == f32::INFINITY { if p > 0.0 { f32::INFINITY } else { 0.0 } } else { magnitude };
    let whole = p.trunc() == p;
    let odd = whole && (p * 0.5).trunc() != p * 0.5;
    let signed = if odd { magnitude.copysign(x) } else { magnitude };
    let y = if x < 0.0 && x != f32::NEG_INFINITY && !whole { f32::NAN } else { signed };
    let y = if x.is_nan() { x } else { y };
    if p == 0.0 || x == 1.0 { 1.0 } else { y }
}

#[cfg(test)]
mod tests {
    use super::super::Separate;
    use super::super::simd::Fused;
    use super::*;

    /// Numbers of either sign, from `least` to `most`, evenly spread over their exponents.
    fn spread(least: f32, most: f32) -> impl Iterator<Item = f32> {
        let (from, to) = (least.to_bits(), most.to_bits());
        let step = ((to - from) / 60_000).max(1) as usize;
        (from..=to).step_by(step).flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
    }

    /// The distance in units of the last place of the exact value.
    fn ulps(got: f32, exact: f64) -> f64 {
        let near = exact as f32;
        if got == near || (got.is_nan() && near.is_nan()) {
            return if near.is_finite() && got.is_finite() { (f64::from(got) - exact).abs() / ulp(near) } else { 0.0 };
        }
        if !near.is_finite() || !got.is_finite() { f64::INFINITY } else { (f64::from(got) - exact).abs() / ulp(near) }
    }

    fn ulp(x: f32) -> f64 {
        let next = f32::from_bits(x.abs().to_bits() + 1);
        f64::from(next) - f64::from(x.abs())
    }

    /// The largest error in ulp over `inputs`; fails above `bound`.
    fn check(name: &str, inputs: impl Iterator<Item = f32>, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, bound: f64) {
        let (worst, at) = inputs.map(|x| (ulps(f(x), exact(f64::from(x))), x)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        println!("{name}: {worst:.2} ulp at {at:e}");
        assert!(worst <= bound, "{name}: {worst} ulp at {at:e}: got {:e}, exact {:e}", f(at), exact(f64::from(at)));
    }

    /// By its series or its continued fraction.
    fn exact_erf(x: f64) -> f64 {
        let t = x.abs();
        let value = if t < 2.5 {
            let (mut term, mut sum) = (t, t);
            for n in 1..80 {
                let n = f64::from(n);
                term *= -t * t / n;
                sum += term / (2.0 * n + 1.0);
            }
            sum * std::f64::consts::FRAC_2_SQRT_PI
        } else {
            let tail = (1..200).rev().fold(t, |tail, k| t + f64::from(k) * 0.5 / tail);
            1.0 - (-t * t).exp() / (tail * std::f64::consts::PI.sqrt())
        };
        value.copysign(x)
    }

    #[test]
    fn normal_numbers_are_the_quantiles_of_their_draws() {
        for draw in (0..=u32::MAX).step_by(70_001) {
            let share = ((draw as i32 >> 8) as f64 + 0.5) / 8_388_608.0;
            for z in [normal::<Fused>(draw), normal::<Separate>(draw)].map(f64::from) {
                let density = (-z * z / 2.0).exp() * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
                let apart = (exact_erf(z * std::f64::consts::FRAC_1_SQRT_2) - share) / density;
                assert!(apart.abs() < 4e-6, "{draw}: {z} is {apart:e} too large");
            }
        }
        assert!(normal::<Fused>(0x8000_0000).abs() < 5.5 && normal::<Fused>(0x7fff_ffff).abs() < 5.5);
    }

    fn all_functions<F: Fma>(slack: f64) {
        let everything = || spread(0.0, f32::MAX);
        let usual = || spread(1e-3, 30.0);
        check("exp", everything().chain(spread(1e-2, 110.0)), exp::<F>, f64::exp, 1.0 + slack);
        check("exp_m1", everything().chain(spread(1e-3, 110.0)), exp_m1::<F>, f64::exp_m1, 2.0 + slack);
        check("ln", everything().chain(spread(0.5, 2.0)), ln::<F>, f64::ln, 1.0 + slack);
        check("ln_1p", everything().chain(spread(1e-3, 1.0)).chain(usual()), ln_1p::<F>, f64::ln_1p, 2.0 + slack);
        check("sigmoid", everything().chain(spread(1e-3, 110.0)), sigmoid::<F>, |x| 1.0 / (1.0 + (-x).exp()), 3.0 + slack);
        check("tanh", everything().chain(usual()), tanh::<F>, f64::tanh, 3.0 + slack);
        let exact = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        check("softplus", everything().chain(spread(1e-3, 110.0)), softplus::<F>, exact, 2.0 + slack);
        check("erf", everything().chain(usual()), erf::<F>, exact_erf, 3.0 + slack);
    }

    #[test]
    fn errors_stay_within_their_bounds() {
        all_functions::<Fused>(0.0);
        all_functions::<Separate>(1.0);
        for p in [0.5, -0.5, 1.0, 2.0, 3.0, -1.0, -3.0, 0.1, 1.7, 10.0, -20.5, 100.0, 0.0] {
            check(&format!("pow {p}"), spread(0.0, f32::MAX).chain(spread(0.5, 2.0)), |x| pow(x, p), |x| x.powf(f64::from(p)), 1.0);
        }
    }

    #[test]
    fn extremes_come_out_as_they_should() {
        const INF: f32 = f32::INFINITY;
        for (got, want) in [
            (exp::<Fused>(-104.0), 0.0),
            (exp::<Fused>(89.0), INF),
            (exp::<Fused>(INF), INF),
            (exp::<Fused>(-INF), 0.0),
            (exp::<Fused>(0.0), 1.0),
            (exp_m1::<Fused>(88.5), 88.5f64.exp_m1() as f32),
            (exp_m1::<Fused>(-INF), -1.0),
            (ln::<Fused>(0.0), -INF),
            (ln::<Fused>(INF), INF),
            (ln::<Fused>(1.0), 0.0),
            (ln_1p::<Fused>(-1.0), -INF),
            (ln_1p::<Fused>(INF), INF),
            (ln_1p::<Fused>(f32::MAX), 128f32 * std::f32::consts::LN_2),
            (tanh::<Fused>(INF), 1.0),
            (tanh::<Fused>(-INF), -1.0),
            (sigmoid::<Fused>(INF), 1.0),
            (sigmoid::<Fused>(-INF), 0.0),
            (softplus::<Fused>(INF), INF),
            (softplus::<Fused>(-INF), 0.0),
            (erf::<Fused>(INF), 1.0),
            (erf::<Fused>(-INF), -1.0),
            (pow(0.0, -1.0), INF),
            (pow(-INF, 3.0), -INF),
            (pow(-INF, -2.0), 0.0),
            (pow(f32::NAN, 0.0), 1.0),
        ] {
            assert_eq!(got, want);
        }
        let functions: [fn(f32) -> f32; 8] =
            [exp::<Fused>, exp_m1::<Fused>, ln::<Fused>, ln_1p::<Fused>, sigmoid::<Fused>, tanh::<Fused>, softplus::<Fused>, erf::<Fused>];
        for f in functions {
            assert!(f(f32::NAN).is_nan());
        }
        for x in [ln::<Fused>(-1e-40), ln::<Fused>(-INF), ln_1p::<Fused>(-1.5), ln_1p::<Fused>(-INF), pow(-2.0, 0.5), pow(f32::NAN, 2.0)] {
            assert!(x.is_nan());
        }
        for f in [tanh::<Fused>, erf::<Fused>, ln_1p::<Fused>] {
            assert!(f(-0.0) == 0.0 && f(-0.0).is_sign_negative());
        }
    }
}
