//! The operations of the layers: draws are made anew from key, step and row in both passes, and never stored.

use practicum_core::autodiff::{Backward, Context, Forward, Op, Reads, View, chunks_mut};
use practicum_core::rng::{Key, KeyedRng};
use practicum_core::{Result, Shape};

use crate::augment::{Affine, FillMode, Lens, Scratch, Transform, uniform, warp_back, warp_picture};
use crate::picture::Taps;

/// What is drawn for an example.
#[derive(Clone, Copy, Debug)]
pub(super) enum Draw {
    Flip { horizontal: bool, vertical: bool },
    Rotation((f64, f64)),
    Translation { rows: (f64, f64), columns: (f64, f64) },
    Zoom { rows: (f64, f64), columns: Option<(f64, f64)> },
}

impl Draw {
    fn transform(self, height: usize, width: usize, rng: &mut KeyedRng) -> Transform {
        let mut from = |(low, high): (f64, f64)| uniform(rng, low, high);
        match self {
            Self::Flip { horizontal, vertical } => {
                let [left, top] = [(); 2].map(|()| from((0.0, 1.0)) < 0.5);
                Transform { flip_horizontal: left && horizontal, flip_vertical: top && vertical, ..Transform::default() }
            }
            // Rows go down, so that a turn from the first axis to the second is one counter-clockwise, seen from input to output.
            Self::Rotation(range) => Transform { theta: -360.0 * from(range), ..Transform::default() },
            Self::Translation { rows, columns } => {
                let (tx, ty) = (-from(rows) * height as f64, -from(columns) * width as f64);
                Transform { tx, ty, ..Transform::default() }
            }
            Self::Zoom { rows, columns } => {
                let zx = 1.0 + from(rows);
                let zy = columns.map_or(zx, |columns| 1.0 + from(columns));
                Transform { zx, zy, ..Transform::default() }
            }
        }
    }
}

/// Height, width and channels of (batch, height, width, channels), and the numbers of an example.
fn picture(shape: Shape) -> ([usize; 3], usize) {
    let [height, width, channels] = [shape[1], shape[2], shape[3]];
    ([height, width, channels], height * width * channels)
}

fn rng(key: Key, cx: Context<'_>, row: usize) -> KeyedRng {
    key.fold(cx.step).fold(row as u64).rng()
}

/// `y[p] = x[T·p]` on straight lines between pixels, with a map T for each example.
#[derive(Debug)]
pub(super) struct Warp {
    pub(super) key: Key,
    pub(super) draw: Draw,
    pub(super) fill_mode: FillMode,
    pub(super) order: u8,
    pub(super) fill_value: f32,
}

impl Warp {
    /// Whether the rows and the columns of an example are turned round, where that is all that can happen to it.
    fn flip(&self, cx: Context<'_>, row: usize) -> Option<[bool; 2]> {
        let Draw::Flip { .. } = self.draw else { return None };
        let Transform { flip_vertical, flip_horizontal, .. } = self.draw.transform(1, 1, &mut rng(self.key, cx, row));
        Some([flip_vertical, flip_horizontal])
    }

    /// The lens of an example; none where it stays as it is.
    fn lens(&self, cx: Context<'_>, row: usize, [height, width, _]: [usize; 3]) -> Option<Lens> {
        let map: Option<Affine> = self.draw.transform(height, width, &mut rng(self.key, cx, row)).map(height, width);
        map.map(|map| Lens { map, fill_mode: self.fill_mode, cval: self.fill_value, order: self.order })
    }
}

/// The picture with its rows, its columns or both in the other direction; its own inverse.
fn mirror(x: &[f32], [height, width, channels]: [usize; 3], [rows, columns]: [bool; 2], y: &mut [f32]) {
    for (to, pixel) in y.chunks_exact_mut(channels).enumerate() {
        let (row, column) = (to / width, to % width);
        let row = if rows { height - 1 - row } else { row };
        let column = if columns { width - 1 - column } else { column };
        pixel.copy_from_slice(&x[(row * width + column) * channels..][..channels]);
    }
}

impl Op for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let View { shape, data } = pass.x[0];
        let (picture, size) = picture(shape);
        pass.cx.exec.for_each(chunks_mut(pass.y, size), |row, y| {
            let x = &data[row * size..][..size];
            if let Some(axes) = self.flip(pass.cx, row) {
                return mirror(x, picture, axes, y);
            }
            match self.lens(pass.cx, row, picture) {
                Some(lens) => warp_picture(x, picture, &lens, &mut Scratch::default(), y),
                None => y.copy_from_slice(x),
            }
        });
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let (picture, size) = picture(pass.x[0].shape);
        if let Some(dx) = &mut pass.dx[0] {
            pass.cx.exec.for_each(chunks_mut(dx, size), |row, dx| {
                let dy = &pass.dy[row * size..][..size];
                if let Some(axes) = self.flip(pass.cx, row) {
                    return mirror(dy, picture, axes, dx);
                }
                match self.lens(pass.cx, row, picture) {
                    Some(lens) => {
                        dx.fill(0.0);
                        warp_back(dy, picture, &lens, dx);
                    }
                    None => dx.copy_from_slice(dy),
                }
            });
        }
        Ok(())
    }
}

/// How the numbers of a picture change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// `y = (x − m)·f + m`, with the mean m of a picture's channel.
    Contrast,
    /// `y = x + f·(high − low)`.
    Brightness,
}

/// A change of numbers by a factor f drawn for each example, cut off at `low` and `high`.
#[derive(Debug)]
pub(super) struct Tone {
    pub(super) key: Key,
    pub(super) change: Change,
    pub(super) factor: (f64, f64),
    pub(super) value_range: (f32, f32),
}

impl Tone {
    fn factor(&self, cx: Context<'_>, row: usize) -> f32 {
        uniform(&mut rng(self.key, cx, row), self.factor.0, self.factor.1) as f32
    }

    /// What a number of a channel becomes before it is cut off.
    fn changed(&self, x: f32, mean: f32, factor: f32) -> f32 {
        match self.change {
            Change::Contrast => (x - mean) * factor + mean,
            Change::Brightness => x + factor * (self.value_range.1 - self.value_range.0),
        }
    }

    fn channel(&self, x: &[f32], channel: usize, channels: usize) -> f32 {
        match self.change {
            Change::Contrast => mean(x.iter().skip(channel).step_by(channels).copied(), x.len() / channels),
            Change::Brightness => 0.0,
        }
    }

    fn is_within(&self, value: f32) -> bool {
        value >= self.value_range.0 && value <= self.value_range.1
    }
}

fn mean(values: impl Iterator<Item = f32>, count: usize) -> f32 {
    (values.map(f64::from).sum::<f64>() / count as f64) as f32
}

impl Op for Tone {
    fn name(&self) -> &'static str {
        "tone"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let View { shape, data } = pass.x[0];
        let ([.., channels], size) = picture(shape);
        let (low, high) = self.value_range;
        pass.cx.exec.for_each(chunks_mut(pass.y, size), |row, y| {
            let (x, factor) = (&data[row * size..][..size], self.factor(pass.cx, row));
            for channel in 0..channels {
                let mean = self.channel(x, channel, channels);
                let x = x.iter().skip(channel).step_by(channels);
                let y = y.iter_mut().skip(channel).step_by(channels);
                y.zip(x).for_each(|(y, x)| *y = self.changed(*x, mean, factor).clamp(low, high));
            }
        });
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let View { shape, data } = pass.x[0];
        let ([.., channels], size) = picture(shape);
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        pass.cx.exec.for_each(chunks_mut(dx, size), |row, dx| {
            let (x, dy) = (&data[row * size..][..size], &pass.dy[row * size..][..size]);
            let factor = self.factor(pass.cx, row);
            for channel in 0..channels {
                let mean_x = self.channel(x, channel, channels);
                let of = |values: &'_ [f32], index: usize| values[index * channels + channel];
                // What was cut off does not depend on the picture.
                let upstream = |index: usize| {
                    if self.is_within(self.changed(of(x, index), mean_x, factor)) { of(dy, index) } else { 0.0 }
                };
                let pixels = size / channels;
                let (own, shared) = match self.change {
                    Change::Contrast => (factor, (1.0 - factor) * mean((0..pixels).map(upstream), pixels)),
                    Change::Brightness => (1.0, 0.0),
                };
                (0..pixels).for_each(|index| dx[index * channels + channel] = own * upstream(index) + shared);
            }
        });
        Ok(())
    }
}

/// A part of each picture, at an offset that is drawn for the batch.
#[derive(Debug)]
pub(super) struct Crop {
    pub(super) key: Key,
    pub(super) size: [usize; 2],
}

impl Crop {
    /// Rows and columns left out at the top and at the left.
    fn offset(&self, cx: Context<'_>, [height, width, _]: [usize; 3]) -> [usize; 2] {
        let mut rng = self.key.fold(cx.step).rng();
        [height - self.size[0], width - self.size[1]].map(|spare| rng.below(spare as u32 + 1) as usize)
    }
}

impl Op for Crop {
    fn name(&self) -> &'static str {
        "random_crop"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Shape::new(&[x[0][0], self.size[0], self.size[1], x[0][3]])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let View { shape, data } = pass.x[0];
        let (picture @ [_, width, channels], size) = picture(shape);
        let [top, left] = self.offset(pass.cx, picture);
        let line = self.size[1] * channels;
        for (y, x) in pass.y.chunks_exact_mut(self.size[0] * line).zip(data.chunks_exact(size)) {
            for (row, y) in y.chunks_exact_mut(line).enumerate() {
                y.copy_from_slice(&x[((top + row) * width + left) * channels..][..line]);
            }
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let (picture @ [_, width, channels], size) = picture(pass.x[0].shape);
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        dx.fill(0.0);
        let [top, left] = self.offset(pass.cx, picture);
        let line = self.size[1] * channels;
        for (dy, dx) in pass.dy.chunks_exact(self.size[0] * line).zip(dx.chunks_exact_mut(size)) {
            for (row, dy) in dy.chunks_exact(line).enumerate() {
                dx[((top + row) * width + left) * channels..][..line].copy_from_slice(dy);
            }
        }
        Ok(())
    }
}

/// `y[i, j] = Σ rows[i, k] · columns[j, l] · x[k, l]`: pictures of another size.
#[derive(Debug)]
pub(super) struct Resize {
    pub(super) rows: Taps,
    pub(super) columns: Taps,
}

impl Resize {
    /// Calls with output pixel, input pixel and weight for each pair that has to do with each other.
    fn pairs(&self, width: usize, mut with: impl FnMut(usize, usize, f32)) {
        for row in 0..self.rows.count() {
            let (top, down) = self.rows.of(row);
            for column in 0..self.columns.count() {
                let (left, across) = self.columns.of(column);
                let out = row * self.columns.count() + column;
                for (y, down) in (top..).zip(down) {
                    for (x, across) in (left..).zip(across) {
                        with(out, y * width + x, down * across);
                    }
                }
            }
        }
    }
}

impl Op for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Shape::new(&[x[0][0], self.rows.count(), self.columns.count(), x[0][3]])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let View { shape, data } = pass.x[0];
        let ([_, width, channels], size) = picture(shape);
        let out = self.rows.count() * self.columns.count() * channels;
        pass.cx.exec.for_each(chunks_mut(pass.y, out), |row, y| {
            let x = &data[row * size..][..size];
            y.fill(0.0);
            self.pairs(width, |to, from, weight| {
                let (y, x) = (&mut y[to * channels..][..channels], &x[from * channels..][..channels]);
                y.iter_mut().zip(x).for_each(|(y, x)| *y += weight * x);
            });
        });
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let ([_, width, channels], size) = picture(pass.x[0].shape);
        let out = self.rows.count() * self.columns.count() * channels;
        let Some(dx) = &mut pass.dx[0] else { return Ok(()) };
        pass.cx.exec.for_each(chunks_mut(dx, size), |row, dx| {
            let dy = &pass.dy[row * out..][..out];
            dx.fill(0.0);
            self.pairs(width, |to, from, weight| {
                let (dx, dy) = (&mut dx[from * channels..][..channels], &dy[to * channels..][..channels]);
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += weight * dy);
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
