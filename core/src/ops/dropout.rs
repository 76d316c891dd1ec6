//! Dropout in its kinds, and noise.

use super::methods;
use crate::autodiff::{Backward, Context, Forward, Memory, Op, Reads};
use crate::kernel::dropout::{self as kernel, Rows};
use crate::rng::Key;
use crate::{Error, Result, Shape};

fn rows(key: Key, cx: Context<'_>, len: usize) -> Rows {
    Rows { key: key.fold(cx.step), first_row: 0, len }
}

fn check_rate(rate: f32) -> Result<()> {
    if (0.0..1.0).contains(&rate) { Ok(()) } else { Err(Error::argument(format!("the rate of dropout is in [0, 1), got {rate}"))) }
}

/// `y = x·mask / (1 − rate)`, with a mask that is drawn anew from key, step and row in both passes and never stored.
#[derive(Debug)]
struct Dropout {
    rate: f32,
    key: Key,
}

impl Dropout {
    fn run(&self, cx: Context<'_>, shape: Shape, x: &[f32], y: &mut [f32]) {
        kernel::dropout(cx.exec, rows(self.key, cx, shape.without_batch().size()), self.rate, x, y);
    }
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        self.run(pass.cx, pass.x[0].shape, pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            self.run(pass.cx, pass.x[0].shape, pass.dy, dx);
        }
        Ok(())
    }
}

/// Dropout with one draw for each row and each index of the last axis.
#[derive(Debug)]
struct ChannelDropout {
    rate: f32,
    key: Key,
}

impl ChannelDropout {
    fn run(&self, cx: Context<'_>, shape: Shape, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        let (channels, row) = (shape.last(), shape.without_batch().size());
        kernel::dropout_channels(cx.exec, rows(self.key, cx, channels), row / channels.max(1), self.rate, x, y, scratch);
    }
}

impl Op for ChannelDropout {
    fn name(&self) -> &'static str {
        "channel_dropout"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        if x[0].rank() < 2 {
            return Err(Error::shape(format!("expected [batch, …, channels], got {}", x[0])));
        }
        Ok(x[0])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let len = 2 * x[0].first().copied().unwrap_or(0) * x[0].last();
        Memory { saved: 0, forward_scratch: len, backward_scratch: len }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        self.run(pass.cx, pass.x[0].shape, pass.x[0].data, pass.y, pass.scratch);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            self.run(pass.cx, pass.x[0].shape, pass.dy, dx, pass.scratch);
        }
        Ok(())
    }
}

/// `y = a·x + b` with probability `1 − rate`, else `a·α′ + b`, where `α′ = −λ·α` is what selu tends to for small x, and a and
/// b keep mean 0 and variance 1: `dx = a·dy` where x was kept, else 0.
#[derive(Debug)]
struct AlphaDropout {
    rate: f32,
    key: Key,
}

impl AlphaDropout {
    /// a, b, and what stands for the dropped.
    fn line(&self) -> [f32; 3] {
        let (rate, least) = (f64::from(self.rate), -1.758_099_340_847_376_6_f64);
        let a = ((1.0 - rate) * (1.0 + rate * least * least)).powf(-0.5);
        let b = -a * least * rate;
        [a as f32, b as f32, (a * least + b) as f32]
    }
}

impl Op for AlphaDropout {
    fn name(&self) -> &'static str {
        "alpha_dropout"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let rows = rows(self.key, pass.cx, pass.x[0].shape.without_batch().size());
        kernel::dropout_to(pass.cx.exec, rows, self.rate, self.line(), pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let rows = rows(self.key, pass.cx, pass.x[0].shape.without_batch().size());
        if let Some(dx) = &mut pass.dx[0] {
            kernel::scaled_dropout(pass.cx.exec, rows, self.rate, self.line()[0], pass.dy, dx);
        }
        Ok(())
    }
}

/// `y = x + stddev·z` or `y = x·(1 + stddev·z)`, with z from the standard normal distribution: drawn as for dropout.
#[derive(Debug)]
struct Noise {
    stddev: f32,
    multiply: bool,
    key: Key,
}

impl Op for Noise {
    fn name(&self) -> &'static str {
        if self.multiply { "gaussian_dropout" } else { "gaussian_noise" }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let rows = rows(self.key, pass.cx, pass.x[0].shape.without_batch().size());
        let run = if self.multiply { kernel::multiply_noise } else { kernel::add_noise };
        run(pass.cx.exec, rows, self.stddev, pass.x[0].data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let rows = rows(self.key, pass.cx, pass.x[0].shape.without_batch().size());
        match &mut pass.dx[0] {
            Some(dx) if self.multiply => kernel::multiply_noise(pass.cx.exec, rows, self.stddev, pass.dy, dx),
            Some(dx) => dx.copy_from_slice(pass.dy),
            None => {}
        }
        Ok(())
    }
}

methods! {
    /// Sets each element to 0 with probability `rate` and multiplies the others by `1 / (1 − rate)`. What is dropped
    /// depends on the key, on the step and on the row: the index along the first axis.
    ///
    /// # Errors
    /// A rate outside [0, 1).
    pub fn dropout(&self, rate: f32, key: Key) -> Result<Self> {
        check_rate(rate)?;
        Self::apply(Dropout { rate, key }, &[self])
    }

    /// The same for whole channels: one draw for each row and each index of the last axis.
    ///
    /// # Errors
    /// A rate outside [0, 1), or less than two axes.
    pub fn channel_dropout(&self, rate: f32, key: Key) -> Result<Self> {
        check_rate(rate)?;
        Self::apply(ChannelDropout { rate, key }, &[self])
    }

    /// Sets each element with probability `rate` to the least value of selu, and shifts and scales all so that mean 0 and
    /// variance 1 stay what they are (Klambauer et al., 2017). What is dropped depends on key, step and row.
    ///
    /// # Errors
    /// A rate outside [0, 1).
    pub fn alpha_dropout(&self, rate: f32, key: Key) -> Result<Self> {
        check_rate(rate)?;
        Self::apply(AlphaDropout { rate, key }, &[self])
    }

    /// Adds to each element a number from the normal distribution with mean 0, which depends on key, step and row.
    ///
    /// # Errors
    /// A standard deviation below 0, or not finite.
    pub fn gaussian_noise(&self, stddev: f32, key: Key) -> Result<Self> {
        if !(stddev >= 0.0 && stddev.is_finite()) {
            return Err(Error::argument(format!("the standard deviation of noise is 0 or more, got {stddev}")));
        }
        Self::apply(Noise { stddev, multiply: false, key }, &[self])
    }

    /// Multiplies each element by a number from the normal distribution with mean 1 and standard deviation
    /// `√(rate / (1 − rate))`, which depends on key, step and row.
    ///
    /// # Errors
    /// A rate outside [0, 1).
    pub fn gaussian_dropout(&self, rate: f32, key: Key) -> Result<Self> {
        check_rate(rate)?;
        Self::apply(Noise { stddev: (rate / (1.0 - rate)).sqrt(), multiply: true, key }, &[self])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let x = Tensor::new([3, 4], (0..12).map(|i| 0.5 * i as f32 - 2.6).collect()).unwrap();
        let key = Key::new(1);
        gradcheck(std::slice::from_ref(&x), |x| x[0].dropout(0.4, key)?.square()).unwrap();
        gradcheck(std::slice::from_ref(&x), |x| x[0].alpha_dropout(0.4, key)?.square()).unwrap();
        gradcheck(std::slice::from_ref(&x), |x| x[0].gaussian_noise(0.4, key)?.square()).unwrap();
        gradcheck(std::slice::from_ref(&x), |x| x[0].gaussian_dropout(0.4, key)?.square()).unwrap();
        gradcheck(&[x], |x| x[0].reshape([2, 3, 2])?.channel_dropout(0.4, key)?.square()).unwrap();
    }

    /// With what Keras computes: a = 1/√(0.7·(1 + 0.3·α′²)), b = −0.3·a·α′.
    #[test]
    fn alpha_dropout_keeps_mean_and_variance() {
        let [a, b, dropped] = AlphaDropout { rate: 0.3, key: Key::new(1) }.line();
        assert!(
            (a - 0.860_952_6).abs() < 1e-6 && (b - 0.454_092_1).abs() < 1e-6 && (dropped + 1.059_548_2).abs() < 1e-5,
            "{a} {b} {dropped}"
        );
        let x = Tensor::zeros([200, 300]).unwrap().gaussian_noise(1.0, Key::new(3)).unwrap();
        let y = x.alpha_dropout(0.3, Key::new(4)).unwrap();
        let (mean, square) = (y.mean().unwrap().item().unwrap(), y.square().unwrap().mean().unwrap().item().unwrap());
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.02, "{mean} {square}");
    }

    #[test]
    fn the_mean_is_kept_and_rows_do_not_depend_on_each_other() {
        let x = Tensor::ones([100, 257]).unwrap();
        let y = x.dropout(0.3, Key::new(3)).unwrap();
        let mean = y.mean().unwrap().item().unwrap();
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let kept = y.as_slice().iter().filter(|y| **y != 0.0).count() as f32 / y.len() as f32;
        assert!((kept - 0.7).abs() < 0.01, "{kept}");
        let few = Tensor::ones([10, 257]).unwrap().dropout(0.3, Key::new(3)).unwrap();
        assert_eq!(few.as_slice(), &y.as_slice()[..few.len()]);
    }
}
