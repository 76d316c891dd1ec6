use std::fmt::{self, Debug, Display};

use super::Tensor;

/// Rows and columns beyond this many are left out in the middle.
const EDGE: usize = 3;

impl Display for Tensor {
    /// Rows under each other, columns lined up, the middle of long axes left out, the shape at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = Numbers::of(self.as_slice(), f.precision());
        let mut text = String::new();
        write_axis(&mut text, self.as_slice(), &self.shape(), 0, &format);
        write!(f, "{text}  {}", self.shape())
    }
}

impl Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({self})")
    }
}

/// How all numbers of one tensor are written: with the same number of decimals, or all with an exponent.
struct Numbers {
    decimals: usize,
    exponent: bool,
    width: usize,
}

impl Numbers {
    fn of(data: &[f32], precision: Option<usize>) -> Self {
        let finite = || data.iter().copied().filter(|value| value.is_finite());
        let largest = finite().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let smallest = finite().filter(|value| *value != 0.0).fold(f32::INFINITY, |smallest, value| smallest.min(value.abs()));
        let whole = finite().all(|value| value.fract() == 0.0);
        let exponent = largest >= 1e8 || (smallest < 1e-4 && largest < 1.0 && smallest.is_finite());
        let decimals = precision.unwrap_or(if whole && !exponent { 0 } else { 4 });
        let mut numbers = Self { decimals, exponent, width: 0 };
        numbers.width = data.iter().map(|value| numbers.write(*value).len()).max().unwrap_or(0);
        numbers
    }

    fn write(&self, value: f32) -> String {
        let decimals = self.decimals;
        if self.exponent && value.is_finite() { format!("{value:.decimals$e}") } else { format!("{value:.decimals$}") }
    }
}

fn write_axis(text: &mut String, data: &[f32], dims: &[usize], depth: usize, numbers: &Numbers) {
    let Some((&size, inner)) = dims.split_first() else {
        if let Some(value) = data.first() {
            text.push_str(&format!("{:>width$}", numbers.write(*value), width = numbers.width));
        }
        return;
    };
    let stride: usize = inner.iter().product();
    text.push('[');
    let long = size > 2 * EDGE + 1;
    let shown = if long { (0..EDGE).chain(size - EDGE..size) } else { (0..size).chain(0..0) };
    for index in shown {
        if long && index == size - EDGE {
            separate(text, inner.len(), depth);
            text.push('…');
        }
        if index > 0 {
            separate(text, inner.len(), depth);
        }
        write_axis(text, &data[index * stride..(index + 1) * stride], inner, depth + 1, numbers);
    }
    text.push(']');
}

fn separate(text: &mut String, inner_axes: usize, depth: usize) {
    if inner_axes == 0 {
        text.push_str(", ");
    } else {
        text.push(',');
        text.push_str(&"\n".repeat(inner_axes));
        text.push_str(&" ".repeat(depth + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_print_in_columns() {
        let x = Tensor::new([2, 2], vec![1.0, -20.5, 3.25, 4.0]).unwrap();
        assert_eq!(x.to_string(), "[[  1.0000, -20.5000],\n [  3.2500,   4.0000]]  [2, 2]");
        assert_eq!(Tensor::scalar(3.0).to_string(), "3  []");
        assert_eq!(Tensor::arange(100).unwrap().to_string(), "[ 0,  1,  2, …, 97, 98, 99]  [100]");
        assert_eq!(Tensor::zeros([0, 2]).unwrap().to_string(), "[]  [0, 2]");
        assert_eq!(Tensor::from([f32::NAN, 1e-6]).to_string(), "[      NaN, 1.0000e-6]  [2]");
    }
}
