//! The normal distribution: quantiles and draws.

use practicum_core::rng::KeyedRng;
use practicum_core::{Error, Result};

/// A standard normal number of a keyed stream: the quantile of a uniform number.
pub(crate) fn draw(rng: &mut KeyedRng) -> f64 {
    quantile((f64::from(rng.below(u32::MAX)) + 0.5) / f64::from(u32::MAX))
}

/// How many standard deviations to either side hold `level` of a normal distribution.
pub(crate) fn two_sided(level: f64) -> Result<f64> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::argument(format!("the level is {level}, expected a share between 0 and 1, such as 0.95")));
    }
    Ok(quantile(f64::midpoint(level, 1.0)))
}

/// How many standard errors to either side hold `level` of Student's distribution with that many degrees of freedom
/// (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
pub(crate) fn two_sided_t(level: f64, freedom: usize) -> Result<f64> {
    let z = two_sided(level)?;
    if freedom > 2000 {
        return Ok(z + z * (z * z + 1.0) / (4.0 * freedom as f64));
    }
    let inside = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        let odd = freedom % 2 == 1;
        let (mut term, mut sum) = if odd { (cos, if freedom > 1 { cos } else { 0.0 }) } else { (1.0, 1.0) };
        for power in (if odd { 3 } else { 2 }..freedom.saturating_sub(1)).step_by(2) {
            term *= cos * cos * (power - 1) as f64 / power as f64;
            sum += term;
        }
        if odd { (angle + sin * sum) / std::f64::consts::FRAC_PI_2 } else { sin * sum }
    };
    let (mut from, mut to) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let angle = f64::midpoint(from, to);
        if inside(angle) < level { from = angle } else { to = angle }
    }
    Ok(to.tan() * (freedom as f64).sqrt())
}

/// The number below which a standard normal number stays with probability `p`, to a relative error of 1e-9
/// (P. J. Acklam's rational approximation, with one step of Halley's method on top).
pub(crate) fn quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] =
        [-54.476_098_798_224_06, 161.585_836_858_040_9, -155.698_979_859_886_6, 66.801_311_887_719_72, -13.280_681_552_885_72, 1.0];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        horner(&C, q) / horner(&D, q)
    };
    let x = if p < 0.02425 {
        tail(p)
    } else if p > 1.0 - 0.02425 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        q * horner(&A, q * q) / horner(&B, q * q)
    };
    let off = below(x) - p;
    let step = off * (std::f64::consts::TAU).sqrt() * (x * x / 2.0).exp();
    x - step / (1.0 + x * step / 2.0)
}

/// The polynomial with these coefficients, the highest first.
fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |value, coefficient| value * x + coefficient)
}

/// The share of a standard normal distribution below `x`.
fn below(x: f64) -> f64 {
    let half = |x: f64| {
        // The error function by its series near 0, by its continued fraction further out.
        if x < 3.0 {
            let (mut term, mut sum) = (x, x);
            for n in 1..200 {
                term *= x * x / f64::from(2 * n + 1);
                sum += term;
                if term < 1e-17 * sum {
                    break;
                }
            }
            0.5 - sum * (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
        } else {
            let fraction = (1..60).rev().fold(x, |fraction, n| x + f64::from(n) / fraction);
            (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt() / fraction
        }
    };
    if x < 0.0 { half(-x) } else { 1.0 - half(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles_of_the_tables() {
        for (level, freedom, expected) in [
            (0.95, 1, 12.706_204_736_432_1),
            (0.95, 2, 4.302_652_729_696_14),
            (0.8, 3, 1.637_744_353_696_21),
            (0.95, 8, 2.306_004_135_033_37),
            (0.99, 29, 2.756_385_903_670_54),
            (0.95, 1000, 1.962_339_080_822_83),
            (0.95, 10_000, 1.960_201_239_890_98),
        ] {
            let found = two_sided_t(level, freedom).unwrap();
            assert!((found - expected).abs() < 1e-6 * expected, "{level} {freedom}: {found}");
        }
    }

    #[test]
    fn quantiles_of_the_tables() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.8, 0.841_621_233_572_914_3),
            (0.975, 1.959_963_984_540_054),
            (0.995, 2.575_829_303_548_900_4),
            (0.001, -3.090_232_306_167_813_5),
            (1e-9, -5.997_807_015_008_182),
        ] {
            assert!((quantile(p) - expected).abs() < 1e-9, "{p}: {}", quantile(p));
        }
        assert!(two_sided(0.0).is_err() && two_sided(f64::NAN).is_err() && two_sided(95.0).unwrap_err().to_string().contains("0.95"));
    }
}
