//! Gradients: the adjoint of the forward pass, over the same tiles.

use std::ops::Range;

use super::super::super::rooms::{Rooms, rooms};
use super::super::super::vector::{Vector, on_every_set};
use super::super::super::{Exec, chunks_mut};
use super::super::backward::{by_parts, part_of, parts as direct_parts, sum_parts};
use super::super::forward::bytes;
use super::super::upstream::Upstream;
use super::block::{Block, Blocks, Tile};
use super::forward::{by_sides, first_place, input, multiply};
use super::product::Products;
use super::transform::{Narrow, Side, Whole, both};
use super::{Conv, PANEL, UNIT, backward_tiles, map_at, map_len, weights};

/// The transformed maps of one block, and the gradient of the transformed kernel. The products of a panel go where the input
/// was, which has been used by then and has as many channels at least.
struct Room {
    v: usize,
    z: usize,
    du: usize,
}

impl Room {
    fn new(g: &Conv) -> Self {
        let map = |channels| map_len(backward_tiles(g), channels);
        Self { v: map(g.channels), z: map(g.filters), du: weights::len(g.channels, g.filters) }
    }

    fn len(&self) -> usize {
        self.v + self.z + self.du
    }
}

/// How many parts the batch is cut into: half as many where kernels are large beside the maps, as each part transforms back and
/// keeps the gradient of a kernel of its own.
fn parts(g: &Conv) -> usize {
    let tiles = g.batch * g.output().iter().map(|outputs| outputs.div_ceil(4)).product::<usize>();
    let is_large = tiles < 8 * g.channels.max(g.filters);
    if is_large { direct_parts(g).min(4) } else { direct_parts(g) }
}

/// Room that [`backward`] needs.
pub(in super::super) fn backward_scratch(g: &Conv) -> usize {
    let parts = parts(g);
    weights::len(g.filters, g.channels) + rooms(parts) * Room::new(g).len() + parts * part_len(g)
}

/// The gradients of the kernel and of the bias that a part of the batch gives.
fn part_len(g: &Conv) -> usize {
    g.weights() + g.filters
}

/// The gradients by the input, by the kernel and by the bias: see the direct convolution, which has checked the sizes.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub(in super::super) fn backward(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    upstream: Upstream<'_>,
    dx: Option<&mut [f32]>,
    dw: Option<&mut [f32]>,
    db: Option<&mut [f32]>,
    scratch: &mut [f32],
) {
    upstream.check(g);
    let (count, part_len) = (parts(g), part_len(g));
    let (u, rest) = scratch.split_at_mut(weights::len(g.filters, g.channels));
    let (sums, rest) = rest.split_at_mut(count * part_len);
    if dx.is_some() {
        // In a room, which no part uses yet: it holds four times the kernel and more.
        let exchanged = &mut rest[..g.weights()];
        weights::exchange(exec, w, g.channels, g.filters, exchanged);
        weights::transform(exec, exchanged, g.filters, g.channels, u);
    }
    let (u, room) = (&*u, Room::new(g));
    let rooms = Rooms::new(rest, room.len(), count);
    let by_kernel = dw.is_some();
    let mut inputs = by_parts(g, count, dx);
    exec.for_each((chunks_mut(sums, part_len), chunks_mut(&mut inputs[..count], 1)), |part, (sums, dx)| {
        let (dw, db) = sums.split_at_mut(g.weights());
        let pass = Pass { exec, g, x, u, upstream, examples: part_of(g, count, part) };
        rooms.with(part, |space| pass.run(&room, space, dx[0].as_deref_mut(), by_kernel.then_some(dw), db));
    });
    sum_parts(exec, sums, part_len, 0, g.weights(), dw, db);
}

/// The backward pass of some examples.
struct Pass<'a> {
    exec: Exec<'a>,
    g: &'a Conv,
    x: &'a [f32],
    /// The transformed kernel, with channels and filters exchanged.
    u: &'a [f32],
    upstream: Upstream<'a>,
    examples: Range<usize>,
}

impl Pass<'_> {
    fn run(&self, room: &Room, space: &mut [f32], mut dx: Option<&mut [f32]>, dw: Option<&mut [f32]>, db: &mut [f32]) {
        let (g, simd) = (self.g, self.exec.simd());
        let (v, space) = space.split_at_mut(room.v);
        let (z, space) = space.split_at_mut(room.z);
        let du = &mut space[..room.du];
        db.fill(0.0);
        if let Some(dx) = &mut dx {
            assert_eq!(dx.len(), self.examples.len() * g.size[0] * g.size[1] * g.channels, "the gradients of some examples");
            dx.fill(0.0);
        }
        let source = Source::new(g, self.upstream);
        let blocks = Blocks::new(g, self.examples.clone(), backward_tiles(g), !source.is_pooled());
        for index in 0..blocks.count() {
            let block = blocks.get(index);
            // SAFETY: the room holds the transformed maps of a block and the gradient of a transformed kernel; `v` is free for the
            // products of a panel, which has no more channels, once the sums are done. The sizes of x and
            // of the upstream gradient were checked, and `dx` holds the examples of the tiles.
            unsafe {
                gradient(simd, g, &block, &source, db, z.as_mut_ptr());
                if dw.is_some() {
                    input(simd, g, &block, self.x, v.as_mut_ptr());
                    self.kernel_sums(&block, v.as_ptr(), z.as_ptr(), du, index > 0);
                }
                let Some(dx) = &mut dx else { continue };
                for panel in (0..g.channels).step_by(PANEL) {
                    let width = PANEL.min(g.channels - panel);
                    let xi_len = weights::xi_len(g.filters, g.channels);
                    multiply(self.exec, &block, g.filters, width, z.as_ptr(), &self.u[panel * g.filters..], xi_len, v.as_mut_ptr());
                    spread(simd, g, &block, v.as_ptr(), [panel, width], self.examples.start, dx);
                }
            }
        }
        if let Some(dw) = dw {
            let xi_len = weights::xi_len(g.channels, g.filters);
            // SAFETY: `du` holds 36 places of the kernel, and `dw` the kernel.
            unsafe { weights::transform_back(simd, du.as_ptr(), xi_len, g.channels * g.filters, dw.as_mut_ptr()) };
        }
    }

    /// For each place xi `dU += Vᵀ·Z`, or begins with it.
    ///
    /// # Safety
    ///
    /// `v` and `z` hold the transformed maps of the block.
    unsafe fn kernel_sums(&self, block: &Block, v: *const f32, z: *const f32, du: &mut [f32], resume: bool) {
        let (channels, filters) = (self.g.channels, self.g.filters);
        assert_eq!(du.len(), weights::len(channels, filters), "the gradient of a transformed kernel");
        let products = Products::of(self.exec.simd());
        for (xi, du) in du.chunks_exact_mut(weights::xi_len(channels, filters)).enumerate() {
            let slots = block.taking_part(xi);
            let v = v.wrapping_add(map_at(channels, slots.start, 0) + xi * UNIT);
            let z = z.wrapping_add(map_at(filters, slots.start, 0) + xi * UNIT);
            // SAFETY: as the caller promises; `Exec` gives instructions that the processor has.
            unsafe { products.sums(slots.len(), channels, filters, v, z, du.as_mut_ptr(), resume) };
        }
    }
}

/// The gradient that arrives, with everything that masks it.
struct Source<'a> {
    dy: &'a [f32],
    /// The output of relu, where there was one.
    y: Option<&'a [f32]>,
    from: From<'a>,
}

enum From<'a> {
    /// Each output.
    Outputs,
    /// The means of whole maps, times the factor.
    Means(f32),
    /// The maxima of 2×2 windows: where each stands in its window.
    Maxima(&'a [u8]),
}

impl<'a> Source<'a> {
    fn new(g: &Conv, upstream: Upstream<'a>) -> Self {
        match upstream {
            Upstream::Plain { dy } => Self { dy, y: None, from: From::Outputs },
            Upstream::Relu { dy, y } => Self { dy, y: Some(y), from: From::Outputs },
            Upstream::Mean { dy, y } => Self { dy, y, from: From::Means(1.0 / g.output().iter().product::<usize>() as f32) },
            Upstream::Pooled { dy, y, places, relu, .. } => Self { dy, y: relu.then_some(y), from: From::Maxima(bytes(places)) },
        }
    }

    fn is_pooled(&self) -> bool {
        matches!(self.from, From::Maxima(_))
    }
}

on_every_set! {
    /// `Z = A dz Aᵀ` of a block's tiles, where dz is the gradient before pool and relu; adds their sum to `db`.
    ///
    /// # Safety
    ///
    /// The source has the sizes of `g`, `db` has its filters, and `z` is good for the transformed maps of the block.
    unsafe fn gradient(g: &Conv, block: &Block, source: &Source<'_>, db: &mut [f32], z: *mut f32) = gradient_body
}

#[inline(always)]
unsafe fn gradient_body<V: Vector>(g: &Conv, block: &Block, source: &Source<'_>, db: &mut [f32], z: *mut f32) {
    for tile in block.tiles() {
        // SAFETY: as the caller promises.
        unsafe { by_sides!(tile, gradient_tile::<V>(g, tile, source, db, z)) }
    }
}

#[inline(always)]
unsafe fn gradient_tile<V: Vector, R: Side, C: Side>(g: &Conv, tile: &Tile, source: &Source<'_>, db: &mut [f32], z: *mut f32) {
    // SAFETY: as the caller of `gradient` promises.
    unsafe {
        for filter in (0..g.filters).step_by(V::WIDTH) {
            let sum = db.as_mut_ptr().add(filter);
            let d = arriving::<V, R, C>(g, tile, source, filter, sum);
            let d = both!(V, 4, 6, d, R::gradient, C::gradient);
            let to = z.add(map_at(g.filters, tile.slot, filter));
            for i in 0..6 {
                for j in 0..6 {
                    if R::TAKES[i] && C::TAKES[j] {
                        d[i][j].store(to.add((i * 6 + j) * UNIT));
                    }
                }
            }
        }
    }
}

/// The gradient of a tile's outputs, zeros where there are none. Their sum is added to `sum` window by window of 2×2, so that it
/// is the same chain with and without a pool.
#[inline(always)]
unsafe fn arriving<V: Vector, R: Side, C: Side>(g: &Conv, tile: &Tile, source: &Source<'_>, filter: usize, sum: *mut f32) -> [[V; 4]; 4] {
    // SAFETY: as the caller of `gradient` promises; places are those of outputs that exist.
    unsafe {
        let [rows, columns] = g.output();
        let mut d = [[V::zero(); 4]; 4];
        let mut total = V::load(sum);
        if let From::Maxima(places) = source.from {
            let size = [rows / 2, columns / 2];
            let at = ((tile.example * size[0] + tile.start[0] / 2) * size[1] + tile.start[1] / 2) * g.filters + filter;
            for i in 0..R::WRITES / 2 {
                for j in 0..C::WRITES / 2 {
                    let at = at + (i * size[1] + j) * g.filters;
                    let mut dy = V::load(source.dy.as_ptr().add(at));
                    if let Some(y) = source.y {
                        dy = V::load(y.as_ptr().add(at)).where_positive(dy);
                    }
                    total = total.add(dy);
                    let place = V::load_bytes(places.as_ptr().add(at));
                    for window in 0..4 {
                        d[2 * i + window / 2][2 * j + window % 2] = place.where_equal(V::all(window as f32), dy);
                    }
                }
            }
            total.store(sum);
            return d;
        }
        let at = ((tile.example * rows + tile.start[0]) * columns + tile.start[1]) * g.filters + filter;
        let mean = match source.from {
            From::Means(factor) => V::all(factor).mul(V::load(source.dy.as_ptr().add(tile.example * g.filters + filter))),
            _ => V::zero(),
        };
        for window in 0..R::WRITES / 2 * (C::WRITES / 2) {
            for place in 0..4 {
                let (i, j) = (window / (C::WRITES / 2) * 2 + place / 2, window % (C::WRITES / 2) * 2 + place % 2);
                if i >= tile.outputs[0] || j >= tile.outputs[1] {
                    continue;
                }
                let at = at + (i * columns + j) * g.filters;
                let mut dy = mean;
                if matches!(source.from, From::Outputs) {
                    dy = V::load(source.dy.as_ptr().add(at));
                }
                if let Some(y) = source.y {
                    dy = V::load(y.as_ptr().add(at)).where_positive(dy);
                }
                total = total.add(dy);
                d[i][j] = dy;
            }
        }
        total.store(sum);
        d
    }
}

on_every_set! {
    /// `dx += B dV Bᵀ` of a block's tiles in the channels of a panel: its first, and how many. `dx` begins with example `first`.
    ///
    /// # Safety
    ///
    /// `dv` holds the products of the panel, `dx` the examples of the tiles.
    unsafe fn spread(g: &Conv, block: &Block, dv: *const f32, panel: [usize; 2], first: usize, dx: &mut [f32]) = spread_body
}

#[inline(always)]
unsafe fn spread_body<V: Vector>(g: &Conv, block: &Block, dv: *const f32, panel: [usize; 2], first: usize, dx: &mut [f32]) {
    for tile in block.tiles() {
        // SAFETY: as the caller promises.
        unsafe { by_sides!(tile, spread_tile::<V>(g, tile, dv, panel, first, dx)) }
    }
}

#[inline(always)]
unsafe fn spread_tile<V: Vector, R: Side, C: Side>(
    g: &Conv,
    tile: &Tile,
    dv: *const f32,
    panel: [usize; 2],
    example: usize,
    dx: &mut [f32],
) {
    // SAFETY: as the caller of `spread` promises. What is written is inside the map: for all of the tile, or place by place.
    unsafe {
        let (rows, columns) = (g.size[0] as isize, g.size[1] as isize);
        let first = first_place(g, tile);
        let at = (((tile.example - example) as isize * rows + first[0]) * columns + first[1]) * g.channels as isize;
        let to = dx.as_mut_ptr().wrapping_offset(at).wrapping_add(panel[0]);
        for channel in (0..panel[1]).step_by(V::WIDTH) {
            let from = dv.add(map_at(panel[1], tile.slot, channel));
            let mut d = [[V::zero(); 6]; 6];
            for i in 0..6 {
                for j in 0..6 {
                    if R::TAKES[i] && C::TAKES[j] {
                        d[i][j] = V::load(from.add((i * 6 + j) * UNIT));
                    }
                }
            }
            let d = both!(V, 6, 6, d, R::spread, C::spread);
            for i in 0..R::READS {
                for j in 0..C::READS {
                    let is_inside =
                        tile.inside || ((0..rows).contains(&(first[0] + i as isize)) && (0..columns).contains(&(first[1] + j as isize)));
                    if is_inside {
                        let to = to.wrapping_add((i * g.size[1] + j) * g.channels + channel);
                        V::load(to).add(d[i][j]).store(to);
                    }
                }
            }
        }
    }
}
