//! Activation functions, forward and backward.
//!
//! Each is a module with `forward(exec, x, y)`, `backward(exec, saved, dy, dx)` and both in place, where `y` comes as x, and
//! `dx` as dy. What `saved` has to be, the input x or the output y, its documentation says: the output wherever it is
//! enough, because then no one needs to keep x. At the kinks the slope is TensorFlow's. Softmax is in
//! [`softmax`](super::softmax).

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::math;
use super::pointwise::{CHEAP, COSTLY, pointwise};

macro_rules! activation {
    ($min:expr; $(#[$attr:meta])* $name:ident<$f:ident> $(($($arg:ident),+))?
     forward($x:ident) = $value:expr; backward($saved:ident, $dy:ident) = $slope:expr) => {
        $(#[$attr])*
        pub mod $name {
            use super::*;

            pointwise! { $min;
                /// `y = f(x)`.
                pub fn forward<$f>($x => y $(; $($arg: f32),+)?) = $value
            }
            pointwise! { $min;
                /// `y = f(y)`.
                pub fn forward_in_place<$f>(=> y $(; $($arg: f32),+)?) = { let $x = y; $value }
            }
            pointwise! { $min;
                /// `dx = dy·f′`.
                pub fn backward<$f>($saved, $dy => dx $(; $($arg: f32),+)?) = $slope
            }
            pointwise! { $min;
                /// `dx = dx·f′`.
                pub fn backward_in_place<$f>($saved => dx $(; $($arg: f32),+)?) = { let $dy = dx; $slope }
            }
        }
    };
}

activation! { CHEAP;
    /// `max(x, 0)`; NaN stays NaN. Saves y.
    relu<F>
    forward(x) = if x < 0.0 { 0.0 } else { x };
    backward(y, dy) = if y > 0.0 { dy } else { 0.0 }
}

activation! { CHEAP;
    /// x, and `negative_slope·x` below 0. Saves y, for a slope that is not negative. Keras' default slope is 0.2 as a function
    /// and 0.3 as a layer.
    leaky_relu<F>(negative_slope)
    forward(x) = if x > 0.0 { x } else { negative_slope * x };
    backward(y, dy) = if y > 0.0 { dy } else { negative_slope * dy }
}

activation! { CHEAP;
    /// x up to `max_value` above the threshold, `negative_slope·(x − threshold)` elsewhere; NaN stays NaN. Saves x.
    rectify<F>(max_value, negative_slope, threshold)
    forward(x) = {
        let above = if x > max_value { max_value } else { x };
        // 0 times an infinite number would be none.
        let below = if negative_slope == 0.0 && x < 0.0 { 0.0 } else { negative_slope * (x - threshold) };
        if x > threshold { above } else { below }
    };
    backward(x, dy) = {
        let above = if x > max_value { 0.0 } else { dy };
        if x > threshold { above } else { negative_slope * dy }
    }
}

activation! { COSTLY;
    /// x, and `alpha·(eˣ − 1)` below 0 (Clevert et al. 2015). Saves y, for an alpha that is not negative.
    elu<F>(alpha)
    forward(x) = { let below = alpha * math::exp_m1::<F>(x); if x > 0.0 { x } else { below } };
    backward(y, dy) = if y > 0.0 { dy } else { dy * (y + alpha) }
}

/// λ of the self-normalizing network (Klambauer et al. 2017).
const SELU_SCALE: f32 = 1.050_701;
/// λ·α.
const SELU_SCALE_ALPHA: f32 = 1.758_099_3;

activation! { COSTLY;
    /// `λ·x`, and `λ·α·(eˣ − 1)` below 0, which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).
    /// Saves y.
    selu<F>
    forward(x) = {
        let below = SELU_SCALE_ALPHA * math::exp_m1::<F>(x);
        if x > 0.0 { SELU_SCALE * x } else { below }
    };
    backward(y, dy) = if y < 0.0 { dy * (y + SELU_SCALE_ALPHA) } else { dy * SELU_SCALE }
}

activation! { COSTLY;
    /// `x·Φ(x)`, with the normal distribution Φ (Hendrycks and Gimpel 2016). Saves x.
    gelu<F>
    forward(x) = 0.5 * x * (1.0 + math::erf::<F>(x * FRAC_1_SQRT_2));
    backward(x, dy) = {
        let below = 0.5 * (1.0 + math::erf::<F>(x * FRAC_1_SQRT_2));
        // Where the density is 0, x may be infinite.
        let density = 0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * math::exp::<F>(-0.5 * x * x);
        let bend = if density == 0.0 { 0.0 } else { x * density };
        dy * (below + bend)
    }
}

/// √(2/π).
const GELU_TANH_SCALE: f32 = 0.797_884_6;
const GELU_TANH_CUBE: f32 = 0.044_715;

activation! { COSTLY;
    /// `½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`, the approximation of [`gelu`]. Saves x.
    gelu_tanh<F>
    forward(x) = 0.5 * x * (1.0 + math::tanh::<F>(GELU_TANH_SCALE * x * F::mul_add(GELU_TANH_CUBE * x, x, 1.0)));
    backward(x, dy) = {
        let square = x * x;
        let t = math::tanh::<F>(GELU_TANH_SCALE * x * F::mul_add(GELU_TANH_CUBE, square, 1.0));
        let inner = GELU_TANH_SCALE * x * F::mul_add(3.0 * GELU_TANH_CUBE, square, 1.0);
        let flat = 1.0 - t * t;
        let bend = if flat == 0.0 { 0.0 } else { flat * inner };
        dy * (0.5 * (1.0 + t + bend))
    }
}

activation! { COSTLY;
    /// `1/(1 + e⁻ˣ)`. Saves y.
    sigmoid<F>
    forward(x) = math::sigmoid::<F>(x);
    backward(y, dy) = dy * y * (1.0 - y)
}

activation! { CHEAP;
    /// `x/6 + ½`, brought into [0, 1]. Saves y.
    hard_sigmoid<F>
    forward(x) = { let x = x + 3.0; let x = if x < 0.0 { 0.0 } else { x }; (if x > 6.0 { 6.0 } else { x }) / 6.0 };
    backward(y, dy) = if y > 0.0 && y < 1.0 { dy / 6.0 } else { 0.0 }
}

activation! { CHEAP;
    /// `x/5 + ½`, brought into [0, 1]. Saves y.
    hard_sigmoid_v2<F>
    forward(x) = { let x = F::mul_add(0.2, x, 0.5); let x = if x < 0.0 { 0.0 } else { x }; if x > 1.0 { 1.0 } else { x } };
    backward(y, dy) = if y > 0.0 && y < 1.0 { dy * 0.2 } else { 0.0 }
}

activation! { COSTLY;
    /// The hyperbolic tangent. Saves y.
    tanh<F>
    forward(x) = math::tanh::<F>(x);
    backward(y, dy) = dy * F::mul_add(-y, y, 1.0)
}

activation! { COSTLY;
    /// `ln(1 + eˣ)`. Saves y.
    softplus<F>
    forward(x) = math::softplus::<F>(x);
    backward(y, dy) = -dy * math::exp_m1::<F>(-y)
}

activation! { COSTLY;
    /// `x/(1 + e⁻ˣ)`, also called swish (Ramachandran et al. 2017). Saves x.
    silu<F>
    forward(x) = x * math::sigmoid::<F>(x);
    backward(x, dy) = {
        let s = math::sigmoid::<F>(x);
        dy * s * F::mul_add(x, 1.0 - s, 1.0)
    }
}

activation! { CHEAP;
    /// `x/(1 + |x|)`. Saves x.
    softsign<F>
    forward(x) = x / (1.0 + x.abs());
    backward(x, dy) = { let size = 1.0 + x.abs(); dy / (size * size) }
}

activation! { CHEAP;
    /// `x·(x/6 + ½)`, with the factor brought into [0, 1]; also called hard swish (Howard et al. 2019). Saves x.
    hard_silu<F>
    forward(x) = {
        let factor = x + 3.0;
        let factor = if factor < 0.0 { 0.0 } else { factor };
        x * (if factor > 6.0 { 6.0 } else { factor }) / 6.0
    };
    backward(x, dy) = {
        let inside = dy * F::mul_add(2.0, x, 3.0) / 6.0;
        let outside = if x > 0.0 { dy } else { 0.0 };
        if x > -3.0 && x < 3.0 { inside } else { outside }
    }
}

activation! { COSTLY;
    /// `x·tanh(ln(1 + eˣ))` (Misra 2019). Saves x.
    mish<F>
    forward(x) = x * math::tanh::<F>(math::softplus::<F>(x));
    backward(x, dy) = {
        let t = math::tanh::<F>(math::softplus::<F>(x));
        // Where tanh is flat, x may be infinite.
        let flat = F::mul_add(-t, t, 1.0);
        let bend = if flat == 0.0 { 0.0 } else { x * math::sigmoid::<F>(x) * flat };
        dy * (t + bend)
    }
}

activation! { COSTLY;
    /// `−ln(1 + e⁻ˣ)`, the logarithm of sigmoid. Saves y.
    log_sigmoid<F>
    forward(x) = -math::softplus::<F>(-x);
    backward(y, dy) = -dy * math::exp_m1::<F>(y)
}
