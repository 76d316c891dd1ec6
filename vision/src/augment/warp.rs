//! A picture seen through an affine map of its coordinates: rotated, moved, sheared, zoomed.

use practicum_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// What is seen where a transform looks beyond the edge of a picture `a b c d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FillMode {
    /// `kkkk|abcd|kkkk`, where k is `cval`.
    Constant,
    /// `aaaa|abcd|dddd`.
    #[default]
    Nearest,
    /// `dcba|abcd|dcba`: mirrored at the edge of the edge pixels.
    Reflect,
    /// `abcd|abcd|abcd`, where first and last pixel are the same point, as SciPy's `wrap` has it.
    Wrap,
}

impl FillMode {
    /// The mode of Keras' name.
    ///
    /// ```
    /// use practicum_vision::augment::FillMode;
    ///
    /// assert_eq!(FillMode::by_name("reflect")?, FillMode::Reflect);
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another name than `constant`, `nearest`, `reflect` or `wrap`.
    pub fn by_name(name: &str) -> Result<Self> {
        match name {
            "constant" => Ok(Self::Constant),
            "nearest" => Ok(Self::Nearest),
            "reflect" => Ok(Self::Reflect),
            "wrap" => Ok(Self::Wrap),
            _ => Err(Error::unknown("fill_mode", name, ["constant", "nearest", "reflect", "wrap"])),
        }
    }
}

/// The input position of an output position, both (row, column): `[[a, b, c], [d, e, f]]` is
/// (a · row + b · column + c, d · row + e · column + f).
pub(crate) type Affine = [[f64; 3]; 2];

/// How pixels between pixels are found, and what lies beyond the edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lens {
    pub(crate) map: Affine,
    pub(crate) fill_mode: FillMode,
    pub(crate) cval: f32,
    /// 0: the nearest pixel; 1: straight lines between the four nearest.
    pub(crate) order: u8,
}

/// Looks at a picture of pixels of `L` numbers through a lens, into as many pixels of `C` numbers, `C` ≤ `L`.
pub(crate) fn warp<const L: usize, const C: usize>(pixels: &[[f32; L]], height: usize, width: usize, lens: &Lens, out: &mut [f32]) {
    if lens.fill_mode == FillMode::Nearest && lens.order == 1 && height > 1 && width > 1 {
        return warp_nearest::<L, C>(pixels, height, width, lens.map, out);
    }
    warp_rows::<L, C>(pixels, height, width, lens, out);
}

/// The usual case, edges that go on for ever, in whole numbers of 2⁻³² pixels: twice as fast as in floats.
fn warp_nearest<const L: usize, const C: usize>(pixels: &[[f32; L]], height: usize, width: usize, map: Affine, out: &mut [f32]) {
    const ONE: f64 = 4_294_967_296.0;
    let fixed = |pixels: f64| (pixels * ONE) as i64;
    let [y_step, x_step] = map.map(|line| fixed(line[1]));
    let [bottom, right] = [height, width].map(|side| (side as i64 - 1) << 32);
    for (row, out) in out.chunks_exact_mut(width * C).enumerate() {
        let [mut y, mut x] = map.map(|line| fixed(line[0] * row as f64 + line[2]));
        for out in out.as_chunks_mut::<C>().0 {
            let (inner_y, inner_x) = (y.clamp(0, bottom), x.clamp(0, right));
            (y, x) = (y.saturating_add(y_step), x.saturating_add(x_step));
            // On the last pixel, the position is a whole step from the last but one.
            let (top, left) = ((inner_y >> 32).min(height as i64 - 2), (inner_x >> 32).min(width as i64 - 2));
            let part = |position: i64, corner: i64| ((position - (corner << 32)) >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
            let (down, across) = (part(inner_y, top), part(inner_x, left));
            let at = top as usize * width + left as usize;
            let window = &pixels[at..at + width + 2];
            let (a, b, c, d) = (&window[0], &window[1], &window[width], &window[width + 1]);
            out.copy_from_slice(&mixed([a, b, c, d], down, across)[..C]);
        }
    }
}

/// What lies between four pixels, the upper two and the lower two, `down` and `across` from the first.
#[inline(always)]
fn mixed<const L: usize>([a, b, c, d]: [&[f32; L]; 4], down: f32, across: f32) -> [f32; L] {
    std::array::from_fn(|lane| {
        let upper = a[lane] + across * (b[lane] - a[lane]);
        let lower = c[lane] + across * (d[lane] - c[lane]);
        upper + down * (lower - upper)
    })
}

/// The gradient of [`warp`] by its picture, added to `dx`: every output pixel gives its own to the pixels that it came from.
pub(crate) fn warp_back(dy: &[f32], [height, width, channels]: [usize; 3], lens: &Lens, dx: &mut [f32]) {
    let edges = Edges { rows: height, columns: width, mode: lens.fill_mode };
    for (index, dy) in dy.chunks_exact(channels).enumerate() {
        let (row, column) = ((index / width) as f64, (index % width) as f64);
        let at = |line: [f64; 3]| line[1] as f32 * column as f32 + (line[0] * row + line[2]) as f32;
        let Some((y, x)) = edges.inside(at(lens.map[0]), at(lens.map[1])) else { continue };
        for (pixel, share) in edges.corners(y, x, lens.order) {
            let dx = &mut dx[pixel * channels..][..channels];
            dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += share * dy);
        }
    }
}

#[inline(always)]
fn warp_rows<const L: usize, const C: usize>(pixels: &[[f32; L]], height: usize, width: usize, lens: &Lens, out: &mut [f32]) {
    let [[_, row_step, _], [_, column_step, _]] = lens.map;
    let (row_step, column_step) = (row_step as f32, column_step as f32);
    let edges = Edges { rows: height, columns: width, mode: lens.fill_mode };
    let fill = [lens.cval; L];
    for (row, out) in out.chunks_exact_mut(width * C).enumerate() {
        let start = |line: [f64; 3]| (line[0] * row as f64 + line[2]) as f32;
        let (y0, x0) = (start(lens.map[0]), start(lens.map[1]));
        for (column, out) in out.as_chunks_mut::<C>().0.iter_mut().enumerate() {
            let (y, x) = (row_step * column as f32 + y0, column_step * column as f32 + x0);
            let pixel = edges.look(pixels, y, x, lens.order, fill);
            out.copy_from_slice(&pixel[..C]);
        }
    }
}

struct Edges {
    rows: usize,
    columns: usize,
    mode: FillMode,
}

impl Edges {
    /// The position on the picture that stands for a position; nowhere for one that shows the fill value.
    #[inline(always)]
    fn inside(&self, y: f32, x: f32) -> Option<(f32, f32)> {
        let (bottom, right) = ((self.rows - 1) as f32, (self.columns - 1) as f32);
        match self.mode {
            FillMode::Nearest => Some((y.clamp(0.0, bottom), x.clamp(0.0, right))),
            FillMode::Constant => ((0.0..=bottom).contains(&y) && (0.0..=right).contains(&x)).then_some((y, x)),
            FillMode::Reflect => Some((reflect(y, self.rows), reflect(x, self.columns))),
            FillMode::Wrap => Some((wrap(y, self.rows), wrap(x, self.columns))),
        }
    }

    /// The pixel above and to the left of a position, and how far the position is from it. On the last pixel, the position is
    /// a whole step from the last but one.
    #[inline(always)]
    fn corner(&self, y: f32, x: f32) -> (usize, f32, f32) {
        let top = (y as usize).min(self.rows.saturating_sub(2));
        let left = (x as usize).min(self.columns.saturating_sub(2));
        (top * self.columns + left, y - top as f32, x - left as f32)
    }

    /// From a pixel to the next in its row, and to the one below.
    #[inline(always)]
    fn steps(&self) -> (usize, usize) {
        (usize::from(self.columns > 1), if self.rows > 1 { self.columns } else { 0 })
    }

    #[inline(always)]
    fn look<const L: usize>(&self, pixels: &[[f32; L]], y: f32, x: f32, order: u8, fill: [f32; L]) -> [f32; L] {
        let Some((y, x)) = self.inside(y, x) else { return fill };
        if order == 0 {
            return pixels[(y + 0.5) as usize * self.columns + (x + 0.5) as usize];
        }
        let ((at, down, across), (next, below)) = (self.corner(y, x), self.steps());
        let (a, b) = (&pixels[at], &pixels[at + next]);
        let (c, d) = (&pixels[at + below], &pixels[at + below + next]);
        mixed([a, b, c, d], down, across)
    }

    /// The four pixels around a position, and how much each counts.
    fn corners(&self, y: f32, x: f32, order: u8) -> [(usize, f32); 4] {
        if order == 0 {
            let nearest = (y + 0.5) as usize * self.columns + (x + 0.5) as usize;
            return [(nearest, 1.0), (nearest, 0.0), (nearest, 0.0), (nearest, 0.0)];
        }
        let ((at, down, across), (next, below)) = (self.corner(y, x), self.steps());
        [
            (at, (1.0 - down) * (1.0 - across)),
            (at + next, (1.0 - down) * across),
            (at + below, down * (1.0 - across)),
            (at + below + next, down * across),
        ]
    }
}

/// Mirrored at −½ and at n − ½; half a pixel beyond the edge there is nothing but the edge.
fn reflect(position: f32, len: usize) -> f32 {
    let period = 2.0 * len as f32;
    let folded = (position + 0.5).rem_euclid(period);
    let inside = if folded >= len as f32 { period - folded } else { folded };
    (inside - 0.5).clamp(0.0, (len - 1) as f32)
}

/// The same again after n − 1 steps.
fn wrap(position: f32, len: usize) -> f32 {
    let last = (len - 1) as f32;
    if (0.0..=last).contains(&position) {
        position
    } else if len == 1 {
        0.0
    } else {
        position.rem_euclid(last)
    }
}
