//! Outputs: the tiles' inputs transformed, multiplied and transformed back, with bias, relu and the maxima of 2×2 windows.

use super::super::super::Exec;
use super::super::super::rooms::{Rooms, rooms};
use super::super::super::vector::{Vector, on_every_set};
use super::block::{Block, Blocks, Tile};
use super::product::Products;
use super::transform::{Narrow, Side, Whole, both};
use super::{Conv, FORWARD_TILES, PANEL, Shared, UNIT, map_at, map_len, weights};

/// Runs of blocks that threads share, at most.
const CHUNKS: usize = 32;

/// What a forward pass writes.
pub(in super::super) enum Output<'a> {
    /// `[batch, rows, columns, filters]`
    Map(&'a mut [f32]),
    /// The maxima of 2×2 windows, which never straddle tiles, and where each stands in its window, a byte each.
    Maxima { y: &'a mut [f32], places: &'a mut [u8] },
}

/// Room for one chunk.
fn room_len(g: &Conv) -> usize {
    map_len(FORWARD_TILES, g.channels) + map_len(FORWARD_TILES, g.filters.min(PANEL))
}

/// Runs of blocks that there may be.
fn chunks(g: &Conv) -> usize {
    Blocks::new(g, 0..g.batch, FORWARD_TILES, true).count().min(CHUNKS)
}

/// Room that [`forward`] needs.
pub(in super::super) fn forward_scratch(g: &Conv) -> usize {
    weights::len(g.channels, g.filters) + rooms(chunks(g)) * room_len(g)
}

/// `y = relu(x ∗ w + bias)`, or its maxima: see the functions of the direct convolution, which have checked the sizes.
#[allow(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub(in super::super) fn forward(
    exec: Exec<'_>,
    g: &Conv,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
    output: Output<'_>,
    scratch: &mut [f32],
) {
    assert!(bias.is_none_or(|bias| bias.len() == g.filters), "one bias for each filter");
    let (u, rest) = scratch.split_at_mut(weights::len(g.channels, g.filters));
    weights::transform(exec, w, g.channels, g.filters, u);
    let (u, rooms) = (&*u, Rooms::new(rest, room_len(g), chunks(g)));
    let (map, places, pooled) = match output {
        Output::Map(y) => (Shared(y.as_mut_ptr()), Shared(std::ptr::null_mut()), false),
        Output::Maxima { y, places } => (Shared(y.as_mut_ptr()), Shared(places.as_mut_ptr()), true),
    };
    let blocks = Blocks::new(g, 0..g.batch, FORWARD_TILES, !pooled);
    let count = blocks.count();
    let chunks = count.min(CHUNKS);
    exec.run(chunks, &|chunk| {
        rooms.with(chunk, |room| {
            let (v, m) = room.split_at_mut(map_len(FORWARD_TILES, g.channels));
            for index in chunk * count / chunks..(chunk + 1) * count / chunks {
                let block = blocks.get(index);
                // SAFETY: `v` and `m` hold the transformed maps of a block, and `u` the kernel. Outputs belong to one tile, and
                // a tile to one block.
                unsafe {
                    input(exec.simd(), g, &block, x, v.as_mut_ptr());
                    for panel in (0..g.filters).step_by(PANEL) {
                        let width = PANEL.min(g.filters - panel);
                        let u = &u[panel * g.channels..];
                        let xi_len = weights::xi_len(g.channels, g.filters);
                        multiply(exec, &block, g.channels, width, v.as_ptr(), u, xi_len, m.as_mut_ptr());
                        let target = Target { map: map.get(), places: places.get(), panel, width, bias, relu };
                        outputs(exec.simd(), g, &block, m.as_ptr(), &target);
                    }
                }
            }
        });
    });
}

/// For each place xi `M = V·U`, of the tiles that take part in it and one panel of columns.
///
/// # Safety
///
/// `v` and `m` are good for the transformed maps of the block with `k` and `columns` channels.
#[allow(clippy::too_many_arguments, reason = "three matrices and their sizes")]
pub(super) unsafe fn multiply(
    exec: Exec<'_>,
    block: &Block,
    k: usize,
    columns: usize,
    v: *const f32,
    u: &[f32],
    xi_len: usize,
    m: *mut f32,
) {
    assert!(u.len() >= 35 * xi_len + k * columns, "a panel of the transformed kernel");
    let products = Products::of(exec.simd());
    for xi in 0..36 {
        let slots = block.taking_part(xi);
        let v = v.wrapping_add(map_at(k, slots.start, 0) + xi * UNIT);
        let m = m.wrapping_add(map_at(columns, slots.start, 0) + xi * UNIT);
        // SAFETY: as the caller promises; `Exec` gives instructions that the processor has, and the panel was checked.
        unsafe { products.maps(slots.len(), k, columns, v, u[xi * xi_len..].as_ptr(), m) };
    }
}

/// Calls `$body` with the types that fit how a tile ends.
macro_rules! by_sides {
    ($tile:ident, $body:ident::<$vector:ident>($($arg:expr),* $(,)?)) => {
        match $tile.narrow {
            [false, false] => $body::<$vector, Whole, Whole>($($arg),*),
            [false, true] => $body::<$vector, Whole, Narrow>($($arg),*),
            [true, false] => $body::<$vector, Narrow, Whole>($($arg),*),
            [true, true] => $body::<$vector, Narrow, Narrow>($($arg),*),
        }
    };
}
pub(super) use by_sides;

on_every_set! {
    /// `V = Bᵀ x B` of a block's tiles.
    ///
    /// # Safety
    ///
    /// x has the size of `g`, the tiles are of `g`, and `v` is good for their transformed maps.
    pub(super) unsafe fn input(g: &Conv, block: &Block, x: &[f32], v: *mut f32) = input_body
}

#[inline(always)]
unsafe fn input_body<V: Vector>(g: &Conv, block: &Block, x: &[f32], v: *mut f32) {
    for tile in block.tiles() {
        // SAFETY: as the caller promises.
        unsafe { by_sides!(tile, input_tile::<V>(g, tile, x, v)) }
    }
}

/// The first place of the input that a tile reads, which may be among the zeros.
#[inline(always)]
pub(super) fn first_place(g: &Conv, tile: &Tile) -> [isize; 2] {
    [0, 1].map(|axis| tile.start[axis] as isize - g.padding[axis][0] as isize)
}

#[inline(always)]
unsafe fn input_tile<V: Vector, R: Side, C: Side>(g: &Conv, tile: &Tile, x: &[f32], v: *mut f32) {
    // SAFETY: as the caller of `input` promises. What is read is inside the map: for all of the tile, or place by place.
    unsafe {
        let (rows, columns, channels) = (g.size[0] as isize, g.size[1] as isize, g.channels as isize);
        let first = first_place(g, tile);
        let from = x.as_ptr().wrapping_offset(((tile.example as isize * rows + first[0]) * columns + first[1]) * channels);
        for channel in (0..g.channels).step_by(V::WIDTH) {
            let mut d = [[V::zero(); 6]; 6];
            let from = from.wrapping_add(channel);
            if tile.inside {
                for i in 0..R::READS {
                    for j in 0..C::READS {
                        d[i][j] = V::load(from.wrapping_add((i * g.size[1] + j) * g.channels));
                    }
                }
            } else {
                for i in 0..R::READS {
                    for j in 0..C::READS {
                        if (0..rows).contains(&(first[0] + i as isize)) && (0..columns).contains(&(first[1] + j as isize)) {
                            d[i][j] = V::load(from.wrapping_add((i * g.size[1] + j) * g.channels));
                        }
                    }
                }
            }
            let d = both!(V, 6, 6, d, R::input, C::input);
            let to = v.add(map_at(g.channels, tile.slot, channel));
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

/// Where the outputs of some filters go.
struct Target<'a> {
    map: *mut f32,
    /// Null where the map itself is wanted.
    places: *mut u8,
    panel: usize,
    width: usize,
    bias: Option<&'a [f32]>,
    relu: bool,
}

on_every_set! {
    /// `y = relu(Aᵀ M A + bias)` of a block's tiles.
    ///
    /// # Safety
    ///
    /// `m` holds the products of the panel. The target is good for all outputs of `g`, or for their maxima, and no other thread
    /// touches those of these tiles.
    unsafe fn outputs(g: &Conv, block: &Block, m: *const f32, target: &Target<'_>) = outputs_body
}

#[inline(always)]
unsafe fn outputs_body<V: Vector>(g: &Conv, block: &Block, m: *const f32, target: &Target<'_>) {
    for tile in block.tiles() {
        // SAFETY: as the caller promises.
        unsafe { by_sides!(tile, output_tile::<V>(g, tile, m, target)) }
    }
}

#[inline(always)]
unsafe fn output_tile<V: Vector, R: Side, C: Side>(g: &Conv, tile: &Tile, m: *const f32, target: &Target<'_>) {
    // SAFETY: as the caller of `outputs` promises.
    unsafe {
        let [rows, columns] = g.output();
        for filter in (0..target.width).step_by(V::WIDTH) {
            let from = m.add(map_at(target.width, tile.slot, filter));
            let mut d = [[V::zero(); 6]; 6];
            for i in 0..6 {
                for j in 0..6 {
                    if R::TAKES[i] && C::TAKES[j] {
                        d[i][j] = V::load(from.add((i * 6 + j) * UNIT));
                    }
                }
            }
            let mut y = both!(V, 6, 4, d, R::output, C::output);
            let filter = target.panel + filter;
            if let Some(bias) = target.bias {
                let bias = V::load(bias.as_ptr().add(filter));
                for y in &mut y {
                    *y = [y[0].add(bias), y[1].add(bias), y[2].add(bias), y[3].add(bias)];
                }
            }
            if target.relu {
                for y in &mut y {
                    *y = [y[0].relu(), y[1].relu(), y[2].relu(), y[3].relu()];
                }
            }
            if !target.places.is_null() {
                let size = [rows / 2, columns / 2];
                let at = ((tile.example * size[0] + tile.start[0] / 2) * size[1] + tile.start[1] / 2) * g.filters + filter;
                for i in 0..R::WRITES / 2 {
                    for j in 0..C::WRITES / 2 {
                        let (mut most, mut place) = (y[2 * i][2 * j], V::zero());
                        (most, place) = most.larger(place, y[2 * i][2 * j + 1], V::all(1.0));
                        (most, place) = most.larger(place, y[2 * i + 1][2 * j], V::all(2.0));
                        (most, place) = most.larger(place, y[2 * i + 1][2 * j + 1], V::all(3.0));
                        let at = at + (i * size[1] + j) * g.filters;
                        most.store(target.map.add(at));
                        place.store_bytes(target.places.add(at));
                    }
                }
                continue;
            }
            let to = target.map.add(((tile.example * rows + tile.start[0]) * columns + tile.start[1]) * g.filters + filter);
            let all = tile.outputs == [R::WRITES, C::WRITES];
            for i in 0..R::WRITES {
                for j in 0..C::WRITES {
                    if all || (i < tile.outputs[0] && j < tile.outputs[1]) {
                        y[i][j].store(to.add((i * columns + j) * g.filters));
                    }
                }
            }
        }
    }
}
