//! Lines stretched by a whole factor, with what lies between two places on the straight line between them.

use super::{Exec, chunks_mut, multiversion};

/// Numbers that make a chunk worth its way to another thread.
const CHUNK: usize = 8_192;

/// The sizes of tensors whose middle axis is stretched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Lines.
    pub count: usize,
    /// Places of a line.
    pub places: usize,
    /// Numbers at each place.
    pub width: usize,
    /// How many places come out for each that goes in.
    pub times: usize,
}

impl Lines {
    /// The two places that output `place` lies between, and how far it is on the way from the first to the second. Places are
    /// areas, and their numbers stand in the middle; beyond the outer middles nothing changes.
    fn between(&self, place: usize) -> (usize, usize, f32) {
        let (at, whole) = (2 * place + 1 + self.times, 2 * self.times);
        let above = at / whole;
        (above.saturating_sub(1), above.min(self.places - 1), (at % whole) as f32 / whole as f32)
    }

    fn check(&self, x: usize, y: usize) {
        let numbers = self.count * self.places * self.width;
        assert!(x == numbers && y == numbers * self.times, "the sizes of lines that are stretched");
    }
}

/// `y[l, o] = x[l, a] + (x[l, b] − x[l, a])·share`, between the places `a` and `b` around the middle of `o`.
///
/// # Panics
///
/// When the slices do not have the sizes of `g`: a mistake of the caller.
pub fn linear(exec: Exec<'_>, g: &Lines, x: &[f32], y: &mut [f32]) {
    multiversion! {
        fn mix<F>(a: &[f32], b: &[f32], share: f32, y: &mut [f32]) {
            for ((a, b), y) in a.iter().zip(b).zip(y) {
                *y = F::mul_add(b - a, share, *a);
            }
        }
    }
    g.check(x.len(), y.len());
    if y.is_empty() {
        return;
    }
    let (line, outputs) = (g.places * g.width, g.places * g.times);
    let chunk = Exec::chunk_len(g.count * outputs, CHUNK.div_ceil(g.width));
    exec.for_each(chunks_mut(y, chunk * g.width), |index, y| {
        for (place, y) in y.chunks_exact_mut(g.width).enumerate() {
            let place = index * chunk + place;
            let (x, (a, b, share)) = (&x[place / outputs * line..][..line], g.between(place % outputs));
            mix(exec.simd(), &x[a * g.width..][..g.width], &x[b * g.width..][..g.width], share, y);
        }
    });
}

/// The gradient of [`linear`]: each goes to its two places, in shares.
///
/// # Panics
///
/// As [`linear`].
pub fn linear_backward(exec: Exec<'_>, g: &Lines, dy: &[f32], dx: &mut [f32]) {
    multiversion! {
        fn add<F>(dy: &[f32], share: f32, dx: &mut [f32]) {
            for (dy, dx) in dy.iter().zip(dx) {
                *dx = F::mul_add(*dy, share, *dx);
            }
        }
    }
    g.check(dx.len(), dy.len());
    if dx.is_empty() {
        return;
    }
    let line = g.places * g.width;
    let chunk = Exec::chunk_len(g.count, CHUNK.div_ceil(line));
    exec.for_each(chunks_mut(dx, chunk * line), |index, dx| {
        dx.fill(0.0);
        for (dx, dy) in dx.chunks_exact_mut(line).zip(dy[index * chunk * line * g.times..].chunks_exact(line * g.times)) {
            for (place, dy) in dy.chunks_exact(g.width).enumerate() {
                let (a, b, share) = g.between(place);
                add(exec.simd(), dy, 1.0 - share, &mut dx[a * g.width..][..g.width]);
                add(exec.simd(), dy, share, &mut dx[b * g.width..][..g.width]);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::{everywhere, numbers};
    use super::*;

    #[test]
    fn lines_have_the_same_bits_everywhere() {
        for g in [Lines { count: 1, places: 1, width: 3, times: 4 }, Lines { count: 40, places: 33, width: 17, times: 3 }] {
            let (x, dy) = (numbers(1, g.count * g.places * g.width, 2.0), numbers(2, g.count * g.places * g.width * g.times, 1.0));
            everywhere(|exec| {
                let (mut y, mut dx) = (vec![9.0; dy.len()], vec![9.0; x.len()]);
                linear(exec, &g, &x, &mut y);
                linear_backward(exec, &g, &dy, &mut dx);
                [y, dx].concat()
            });
        }
    }
}
