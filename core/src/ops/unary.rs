//! Functions of every element by itself.

use super::methods;
use crate::autodiff::{Backward, Forward, Op, Reads};
use crate::kernel::elementwise;
use crate::{Error, Result, Shape};

macro_rules! unary {
    ($op:ident $(($arg:ident: $ty:ty))?, $name:literal, reads: $reads:expr,
     forward($exec:ident, $x:ident, $y:ident) $forward:expr, backward($e:ident, $bx:ident, $by:ident, $dy:ident, $dx:ident) $backward:expr $(,)?) => {
        #[derive(Debug)]
        struct $op $(($ty))?;

        impl Op for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
                Ok(x[0])
            }

            fn reads(&self) -> Reads {
                $reads
            }

            fn forward(&self, pass: Forward<'_>) -> Result<()> {
                $(let $arg = self.0;)?
                let ($exec, $x, $y) = (pass.cx.exec, pass.x[0].data, pass.y);
                $forward;
                Ok(())
            }

            #[allow(unused_variables, reason = "a slope reads x, y, both or none")]
            fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
                $(let $arg = self.0;)?
                let ($e, $bx, $by, $dy) = (pass.cx.exec, pass.x[0].data, pass.y.data, pass.dy);
                if let Some($dx) = &mut pass.dx[0] {
                    $backward;
                }
                Ok(())
            }
        }
    };
}

unary!(
    Affine(line: (f32, f32)),
    "affine",
    reads: Reads::NOTHING,
    forward(exec, x, y) elementwise::affine(exec, x, y, line.0, line.1),
    backward(exec, x, y, dy, dx) elementwise::affine(exec, dy, dx, line.0, 0.0),
);
unary!(
    Abs,
    "abs",
    reads: Reads::INPUTS,
    forward(exec, x, y) elementwise::abs(exec, x, y),
    backward(exec, x, y, dy, dx) elementwise::abs_slope(exec, dy, x, dx),
);
unary!(
    Square,
    "square",
    reads: Reads::INPUTS,
    forward(exec, x, y) elementwise::square(exec, x, y),
    backward(exec, x, y, dy, dx) elementwise::square_slope(exec, dy, x, dx),
);
unary!(
    Sqrt,
    "sqrt",
    reads: Reads::OUTPUT,
    forward(exec, x, y) elementwise::sqrt(exec, x, y),
    backward(exec, x, y, dy, dx) elementwise::sqrt_slope(exec, dy, y, dx),
);
unary!(
    Exp,
    "exp",
    reads: Reads::OUTPUT,
    forward(exec, x, y) elementwise::exp(exec, x, y),
    backward(exec, x, y, dy, dx) elementwise::mul::same(exec, dy, y, dx),
);
unary!(
    Ln,
    "ln",
    reads: Reads::INPUTS,
    forward(exec, x, y) elementwise::ln(exec, x, y),
    backward(exec, x, y, dy, dx) elementwise::div::same(exec, dy, x, dx),
);
unary!(
    Pow(p: f32),
    "pow",
    reads: Reads::INPUTS,
    forward(exec, x, y) elementwise::pow(exec, x, y, p),
    backward(exec, x, y, dy, dx) elementwise::pow_slope(exec, dy, x, dx, p),
);
unary!(
    Clip(bounds: (f32, f32)),
    "clip",
    reads: Reads::INPUTS,
    forward(exec, x, y) elementwise::clip(exec, x, y, bounds.0, bounds.1),
    backward(exec, x, y, dy, dx) elementwise::clip_slope(exec, dy, x, dx, bounds.0, bounds.1),
);

methods! {
    /// `factor · self`.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn scale(&self, factor: f32) -> Result<Self> {
        Self::apply(Affine((factor, 0.0)), &[self])
    }

    /// `factor · self + offset`.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn affine(&self, factor: f32, offset: f32) -> Result<Self> {
        Self::apply(Affine((factor, offset)), &[self])
    }

    /// `−self`.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn neg(&self) -> Result<Self> {
        self.scale(-1.0)
    }

    /// `|self|`. The gradient at 0 is 0.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn abs(&self) -> Result<Self> {
        Self::apply(Abs, &[self])
    }

    /// `self²`.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn square(&self) -> Result<Self> {
        Self::apply(Square, &[self])
    }

    /// `√self`: NaN below 0.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn sqrt(&self) -> Result<Self> {
        Self::apply(Sqrt, &[self])
    }

    /// `e` to the power of each element.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn exp(&self) -> Result<Self> {
        Self::apply(Exp, &[self])
    }

    /// The natural logarithm: NaN below 0, −∞ at 0.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn ln(&self) -> Result<Self> {
        Self::apply(Ln, &[self])
    }

    /// Each element to the power of `p`.
    ///
    /// # Errors
    /// None, as long as there is memory.
    pub fn pow(&self, p: f32) -> Result<Self> {
        Self::apply(Pow(p), &[self])
    }

    /// Each element, but not below `low` and not above `high`. No gradient flows where it was clipped.
    ///
    /// # Errors
    /// Bounds in the wrong order, or NaN.
    pub fn clip(&self, low: f32, high: f32) -> Result<Self> {
        if !(low <= high) {
            return Err(Error::argument(format!("clip needs low ≤ high, got {low} and {high}")));
        }
        Self::apply(Clip((low, high)), &[self])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::{Var, gradcheck};

    #[test]
    fn gradients() {
        type Function = fn(&Var) -> Result<Var>;
        let functions: [Function; 8] =
            [|x| x.affine(-2.5, 1.0), Var::neg, Var::abs, Var::square, Var::exp, |x| x.clip(-1.0, 0.8), |x| x.pow(2.0), |x| x.pow(3.0)];
        for f in functions {
            gradcheck(&[Tensor::from([[-1.7, -0.4], [0.3, 2.1]])], |x| f(&x[0])).unwrap();
        }
        let positive: [Function; 4] = [Var::sqrt, Var::ln, |x| x.pow(0.5), |x| x.pow(-1.5)];
        for f in positive {
            gradcheck(&[Tensor::from([0.4, 1.0, 3.0])], |x| f(&x[0])).unwrap();
        }
    }

    #[test]
    fn values_at_the_edges() {
        let x = Tensor::from([-1.0, 0.0, f32::INFINITY]);
        assert!(x.ln().unwrap().as_slice()[0].is_nan());
        assert_eq!(x.ln().unwrap().as_slice()[1], f32::NEG_INFINITY);
        assert!(x.clip(1.0, 0.0).unwrap_err().is_argument());
    }
}
