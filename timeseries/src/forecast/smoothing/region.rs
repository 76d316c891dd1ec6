//! Which weights of the seasons make sense beside the others.

/// The largest weight of the seasons beside these weights: `1 − α`, or more, up to 1, where what was before the history is
/// still forgotten in time.
///
/// Errors are those of an invertible process as long as the roots of
///
/// `(1 − φL)(1 − Lᵐ) + L (α + φαβ − αφL)(1 + L + … + Lᵐ⁻¹) + γ Lᵐ (1 − φL)`
///
/// lie outside of the unit circle (Hyndman, Akram and Archibald 2008, *The admissible parameter space for exponential
/// smoothing models*). Beyond, a beginning is never forgotten, and sums of squares are small for no good reason.
pub(super) fn largest_gamma(alpha: f64, beta: f64, phi: f64, period: usize) -> f64 {
    let (mut inside, mut outside) = (1.0 - alpha, 1.0);
    if period > super::beginning::SEARCHED_SEASONS {
        return inside;
    }
    let forgets = |gamma: f64| forgets(alpha, beta, gamma, phi, period);
    if forgets(outside) {
        return outside;
    }
    for _ in 0..30 {
        let gamma = f64::midpoint(inside, outside);
        if forgets(gamma) { inside = gamma } else { outside = gamma }
    }
    inside
}

/// How far inside of the unit circle a root may lie: those on it are on the border of what is allowed.
const TOLERANCE: f64 = 1e-5;

/// Whether all roots are outside, by the recursion of Schur and Cohn.
fn forgets(alpha: f64, beta: f64, gamma: f64, phi: f64, period: usize) -> bool {
    let mut a = [0.0; super::beginning::SEARCHED_SEASONS + 2];
    a[0] += 1.0;
    a[1] -= phi;
    a[period] += gamma - 1.0;
    a[period + 1] += phi - gamma * phi;
    for power in 1..=period {
        a[power] += alpha + phi * alpha * beta;
        a[power + 1] -= alpha * phi;
    }
    let mut scale = 1.0;
    for a in &mut a {
        *a *= scale;
        scale *= 1.0 - TOLERANCE;
    }
    for degree in (1..=period + 1).rev() {
        let last = a[degree];
        // Also where it is NaN.
        if !(last.abs() < 1.0) {
            return false;
        }
        let before = a;
        for power in 1..degree {
            a[power] = (before[power] - last * before[degree - power]) / (1.0 - last * last);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of a change of the beginning's first season is left in the forecasts after many steps.
    fn left(alpha: f64, beta: f64, gamma: f64, phi: f64, period: usize) -> f64 {
        let weights = super::super::recursion::Weights { alpha, beta, gamma, phi };
        let mut seasons = vec![0.0; period];
        seasons[0] = 1.0;
        let mut state = super::super::recursion::State { level: 0.0, trend: 0.0, seasons, place: 0 };
        let mut last = 0.0_f64;
        state.run(super::super::recursion::Season::Adds, &weights, 20_000, |step, forecast| {
            if step >= 19_900 {
                last = last.max(forecast.abs());
            }
            -forecast
        });
        last
    }

    #[test]
    fn below_the_border_the_beginning_is_forgotten_and_above_it_is_not() {
        // The borders as NumPy's roots of the polynomial tell them.
        for (alpha, beta, phi, period, border) in [(0.8, 0.3, 1.0, 3, 0.948), (0.9, 0.2, 0.8, 7, 0.626), (0.7, 0.8, 1.0, 4, 0.539)] {
            let gamma = largest_gamma(alpha, beta, phi, period);
            assert!((gamma - border).abs() < 3e-3, "{alpha} {beta} {phi} {period}: {gamma}");
            assert!(left(alpha, beta, gamma - 0.02, phi, period) < 1e-4 && left(alpha, beta, gamma + 0.02, phi, period) > 1e3);
        }
        assert_eq!(largest_gamma(0.3, 0.1, 1.0, 4), 1.0);
        assert_eq!(largest_gamma(0.3, 0.1, 1.0, 60), 0.7);
    }
}
