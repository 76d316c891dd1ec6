//! Arithmetic of two tensors whose shapes broadcast.

use super::methods;
use crate::autodiff::{Backward, Forward, Memory, Op, Reads, View};
use crate::kernel::{Exec, elementwise, reduce};
use crate::{Result, Shape};

/// What the gradient by one operand is made of: `dy` and the two operands, all of the output's shape.
type Slope = fn(Exec<'_>, dy: &[f32], a: &[f32], b: &[f32], dx: &mut [f32]);

macro_rules! binary {
    ($op:ident, $kernel:ident, $name:literal, reads: $reads:expr, by_a: $by_a:expr, by_b: $by_b:expr $(,)?) => {
        #[derive(Debug)]
        struct $op;

        impl Op for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
                x[0].broadcast(&x[1])
            }

            fn memory(&self, x: &[Shape]) -> Memory {
                broadcast_memory(x, $reads)
            }

            fn reads(&self) -> Reads {
                $reads
            }

            fn forward(&self, pass: Forward<'_>) -> Result<()> {
                let Forward { cx, x, y, scratch, .. } = pass;
                match fit(x[0].shape, x[1].shape) {
                    Fit::Same => elementwise::$kernel::same(cx.exec, x[0].data, x[1].data, y),
                    Fit::Scalar => elementwise::$kernel::scalar(cx.exec, x[0].data, y, x[1].data[0]),
                    Fit::Row => elementwise::$kernel::row(cx.exec, x[0].data, x[1].data, y),
                    Fit::Other => {
                        let shape = x[0].shape.broadcast(&x[1].shape)?;
                        let (a, b) = scratch.split_at_mut(y.len());
                        stretch(x[0], &shape, a);
                        stretch(x[1], &shape, b);
                        elementwise::$kernel::same(cx.exec, a, b, y);
                    }
                }
                Ok(())
            }

            fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
                broadcast_backward(pass, $reads, [$by_a, $by_b])
            }
        }
    };
}

binary!(
    Add,
    add,
    "add",
    reads: Reads::NOTHING,
    by_a: |exec, dy, _, _, dx| elementwise::copy(exec, dy, dx),
    by_b: |exec, dy, _, _, dx| elementwise::copy(exec, dy, dx),
);
binary!(
    Sub,
    sub,
    "sub",
    reads: Reads::NOTHING,
    by_a: |exec, dy, _, _, dx| elementwise::copy(exec, dy, dx),
    by_b: |exec, dy, _, _, dx| elementwise::neg(exec, dy, dx),
);
binary!(
    Mul,
    mul,
    "mul",
    reads: Reads::INPUTS,
    by_a: |exec, dy, _, b, dx| elementwise::mul::same(exec, dy, b, dx),
    by_b: |exec, dy, a, _, dx| elementwise::mul::same(exec, dy, a, dx),
);
binary!(
    Div,
    div,
    "div",
    reads: Reads::INPUTS,
    by_a: |exec, dy, _, b, dx| elementwise::div::same(exec, dy, b, dx),
    by_b: |exec, dy, a, b, dx| elementwise::div_slope(exec, dy, a, b, dx),
);
binary!(
    Maximum,
    max,
    "maximum",
    reads: Reads::INPUTS,
    by_a: |exec, dy, a, b, dx| elementwise::where_ge(exec, dy, a, b, dx),
    by_b: |exec, dy, a, b, dx| elementwise::where_lt(exec, dy, a, b, dx),
);
binary!(
    Minimum,
    min,
    "minimum",
    reads: Reads::INPUTS,
    by_a: |exec, dy, a, b, dx| elementwise::where_ge(exec, dy, b, a, dx),
    by_b: |exec, dy, a, b, dx| elementwise::where_lt(exec, dy, b, a, dx),
);
binary!(
    Power,
    power,
    "power",
    reads: Reads::INPUTS,
    by_a: |exec, dy, a, b, dx| elementwise::power_slope(exec, dy, a, b, dx),
    by_b: |exec, dy, a, b, dx| elementwise::exponent_slope(exec, dy, a, b, dx),
);

/// How the second operand meets the first.
enum Fit {
    Same,
    Scalar,
    /// It is the last axes of the first.
    Row,
    Other,
}

fn fit(a: Shape, b: Shape) -> Fit {
    if a == b {
        Fit::Same
    } else if b.size() == 1 && b.rank() <= a.rank() {
        Fit::Scalar
    } else if b.size() > 0 && a.ends_with(&b) {
        Fit::Row
    } else {
        Fit::Other
    }
}

fn broadcast_memory(x: &[Shape], reads: Reads) -> Memory {
    let size = x[0].broadcast(&x[1]).map_or(0, |shape| shape.size());
    let forward = if matches!(fit(x[0], x[1]), Fit::Other) { 2 * size } else { 0 };
    let backward = if x[0] == x[1] { 0 } else { size + if reads == Reads::NOTHING { 0 } else { 2 * size } };
    Memory { saved: 0, forward_scratch: forward, backward_scratch: backward }
}

fn broadcast_backward(pass: Backward<'_, '_>, reads: Reads, slopes: [Slope; 2]) -> Result<()> {
    let Backward { cx, x, dy, dx, scratch, .. } = pass;
    if x[0].shape == x[1].shape {
        for (slope, dx) in slopes.iter().zip(dx.iter_mut()) {
            if let Some(dx) = dx {
                slope(cx.exec, dy, x[0].data, x[1].data, dx);
            }
        }
        return Ok(());
    }
    let shape = x[0].shape.broadcast(&x[1].shape)?;
    let (full, rest) = scratch.split_at_mut(shape.size());
    let (a, b) = if reads == Reads::NOTHING {
        (&[][..], &[][..])
    } else {
        let (a, b) = rest.split_at_mut(shape.size());
        stretch(x[0], &shape, a);
        stretch(x[1], &shape, b);
        (&*a, &*b)
    };
    for ((slope, dx), x) in slopes.iter().zip(dx.iter_mut()).zip(x) {
        let Some(dx) = dx else { continue };
        if x.shape == shape {
            slope(cx.exec, dy, a, b, dx);
        } else {
            slope(cx.exec, dy, a, b, full);
            shrink(cx.exec, full, &shape, &x.shape, dx);
        }
    }
    Ok(())
}

/// For each element of `shape`, where the element that is stretched to it lies in a tensor of shape `small`.
fn for_each_place(shape: &Shape, small: &Shape, mut f: impl FnMut(usize, usize)) {
    let lead = shape.rank() - small.rank();
    let mut strides = [0; crate::shape::MAX_RANK];
    let mut stride = 1;
    for axis in (0..small.rank()).rev() {
        strides[lead + axis] = if small[axis] == 1 { 0 } else { stride };
        stride *= small[axis];
    }
    let (mut index, mut place) = ([0; crate::shape::MAX_RANK], 0);
    for flat in 0..shape.size() {
        f(flat, place);
        for axis in (0..shape.rank()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
}

/// Repeats a tensor to a larger shape.
fn stretch(x: View<'_>, shape: &Shape, y: &mut [f32]) {
    for_each_place(shape, &x.shape, |flat, place| y[flat] = x.data[place]);
}

/// Adds up what was repeated.
fn shrink(exec: Exec<'_>, full: &[f32], shape: &Shape, small: &Shape, y: &mut [f32]) {
    if small.size() == 1 {
        y[0] = reduce::sum(exec, full);
    } else if shape.ends_with(small) {
        reduce::column_sums(exec, full, y);
    } else {
        y.fill(0.0);
        for_each_place(shape, small, |flat, place| y[place] += full[flat]);
    }
}

methods! {
    /// `self + other`, element by element; shapes broadcast.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn add(&self, other: &Self) -> Result<Self> {
        Self::apply(Add, &[self, other])
    }

    /// `self − other`, element by element; shapes broadcast.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn sub(&self, other: &Self) -> Result<Self> {
        Self::apply(Sub, &[self, other])
    }

    /// `self · other`, element by element; shapes broadcast.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn mul(&self, other: &Self) -> Result<Self> {
        Self::apply(Mul, &[self, other])
    }

    /// `self / other`, element by element; shapes broadcast.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn div(&self, other: &Self) -> Result<Self> {
        Self::apply(Div, &[self, other])
    }

    /// The larger of two elements; shapes broadcast. At a tie the gradient goes to `self`.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn maximum(&self, other: &Self) -> Result<Self> {
        Self::apply(Maximum, &[self, other])
    }

    /// The smaller of two elements; shapes broadcast. At a tie the gradient goes to `self`.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn minimum(&self, other: &Self) -> Result<Self> {
        Self::apply(Minimum, &[self, other])
    }

    /// `self` to the power of `other`, element by element; shapes broadcast. A base below 0 needs a whole exponent, else the power is
    /// NaN; no gradient flows to the exponent of a base that is not above 0.
    ///
    /// # Errors
    /// Shapes that do not broadcast.
    pub fn power(&self, other: &Self) -> Result<Self> {
        Self::apply(Power, &[self, other])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::{Var, gradcheck};

    fn numbers(shape: &[usize], first: f32) -> Tensor {
        let shape = Shape::new(shape).unwrap();
        Tensor::new(shape, (0..shape.size()).map(|i| first + 0.37 * i as f32 - (i % 3) as f32).collect()).unwrap()
    }

    #[test]
    fn gradients_of_all_ways_to_broadcast() {
        type Function = fn(&Var, &Var) -> Result<Var>;
        let functions: [Function; 6] = [Var::add, Var::sub, Var::mul, Var::div, Var::maximum, Var::minimum];
        let shapes: [(&[usize], &[usize]); 8] = [
            (&[2, 3], &[2, 3]),
            (&[2, 3], &[3]),
            (&[2, 3], &[]),
            (&[3], &[2, 3]),
            (&[2, 1, 3], &[4, 1]),
            (&[1], &[2, 2]),
            (&[2, 3], &[2, 1]),
            (&[], &[]),
        ];
        for (a, b) in shapes {
            for f in functions {
                gradcheck(&[numbers(a, 1.2), numbers(b, 2.55)], |x| f(&x[0], &x[1])).unwrap();
            }
            gradcheck(&[numbers(a, 2.7), numbers(b, 2.55)], |x| x[0].power(&x[1])).unwrap();
        }
    }

    #[test]
    fn a_tensor_met_with_itself_gets_both_gradients() {
        gradcheck(&[numbers(&[4], 0.7)], |x| x[0].mul(&x[0])?.add(&x[0])).unwrap();
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let error = numbers(&[2, 3], 0.0).add(&numbers(&[2], 0.0)).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("[2, 3] and [2]"), "{error}");
    }
}
