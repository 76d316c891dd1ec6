//! The transposed convolution: from the outputs of a convolution to its input.
//!
//! Where windows are some steps apart, places of the input that leave the same remainders by the strides meet the same places of
//! the windows. All places with the same remainders together are one convolution of the outputs, with these places of the kernel
//! alone, so that nothing is multiplied by the zeros that lie between the outputs.

use super::super::{Exec, chunks_mut};
use super::backward::turn;
use super::{Conv, forward, forward_scratch};

/// What the places with one remainder by the stride meet, along one axis.
#[derive(Clone, Copy)]
struct Phase {
    /// The remainder, which is the first place.
    first: usize,
    /// How many places there are.
    count: usize,
    /// The first place of the window that is met, and how far it is from one to the next.
    tap: usize,
    step: usize,
    taps: usize,
    /// Steps between the outputs that these meet.
    dilation: usize,
    /// Zeros around the outputs.
    padding: [usize; 2],
    /// What the convolution computes before the first place.
    skip: usize,
}

/// The phases of an axis; none stands for places that no window meets.
fn phases(g: &Conv, axis: usize) -> impl Iterator<Item = Option<Phase>> + use<> {
    let (stride, dilation, kernel, before) = (g.strides[axis], g.dilation[axis], g.kernel[axis], g.padding[axis][0]);
    let (size, outputs, common) = (g.size[axis], g.output()[axis], divisor(stride, dilation));
    (0..stride.min(size)).map(move |first| {
        let step = stride / common;
        let tap = (0..kernel.min(step)).find(|tap| tap * dilation % stride == (first + before) % stride)?;
        let taps = (kernel - tap).div_ceil(step);
        let (count, reach) = ((size - first).div_ceil(stride), (taps - 1) * (dilation / common));
        // The output that the first place meets with its first tap; with its last one it meets the one `reach` before.
        let base = (first + before) as isize - (tap * dilation) as isize;
        let lead = reach as isize - base / stride as isize;
        let last = count as isize + base / stride as isize - outputs as isize;
        let padding = [lead.max(0) as usize, last.max(0) as usize];
        Some(Phase { first, count, tap, step, taps, dilation: dilation / common, padding, skip: (-lead).max(0) as usize })
    })
}

/// The greatest common divisor.
fn divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The convolution of the outputs that gives the places of two phases, one of rows and one of columns.
fn convolution(g: &Conv, rows: &Phase, columns: &Phase) -> Conv {
    Conv {
        batch: g.batch,
        size: g.output(),
        channels: g.filters,
        filters: g.channels,
        kernel: [rows.taps, columns.taps],
        strides: [1, 1],
        dilation: [rows.dilation, columns.dilation],
        padding: [rows.padding, columns.padding],
        groups: g.groups,
    }
}

/// Whether the convolution of two phases computes all of the input's places, and nothing before or after them.
fn is_whole(g: &Conv, rows: &Phase, columns: &Phase, phase: &Conv) -> bool {
    [rows.count, columns.count] == g.size && phase.output() == g.size
}

/// All pairs of phases that windows meet.
fn pairs(g: &Conv) -> impl Iterator<Item = (Phase, Phase)> {
    phases(g, 0).flatten().flat_map(|rows| phases(g, 1).flatten().map(move |columns| (rows, columns)))
}

/// Room for the kernel of a phase, and for its outputs where they are not all of the input's places.
fn rooms(g: &Conv) -> [usize; 2] {
    let outputs = pairs(g).filter_map(|(rows, columns)| {
        let phase = convolution(g, &rows, &columns);
        (!is_whole(g, &rows, &columns, &phase)).then(|| phase.lens()[1])
    });
    let outputs = outputs.max().unwrap_or(0);
    [g.weights(), outputs].map(|room| room.next_multiple_of(16))
}

/// Room that [`transposed`] needs.
pub fn transposed_scratch(g: &Conv) -> usize {
    let within = pairs(g).map(|(rows, columns)| forward_scratch(&convolution(g, &rows, &columns), None)).max().unwrap_or(0);
    rooms(g).iter().sum::<usize>() + within
}

/// Takes `dy`, of the shape of the outputs, to `dx`, of the shape of the input, through the kernel: the gradient by the input.
///
/// # Panics
///
/// When the slices do not have the sizes of `g`: a mistake of the caller.
pub fn transposed(exec: Exec<'_>, g: &Conv, w: &[f32], dy: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
    g.check();
    let [inputs, outputs, _] = g.lens();
    assert!(dx.len() == inputs && dy.len() == outputs && w.len() == g.weights(), "the sizes of a transposed convolution");
    let is_met = |axis: usize| phases(g, axis).all(|phase| phase.is_some());
    if dy.is_empty() || !is_met(0) || !is_met(1) {
        dx.fill(0.0);
    }
    if dy.is_empty() || dx.is_empty() {
        return;
    }
    let [kernel_room, outputs_room] = rooms(g);
    let (kernel, rest) = scratch.split_at_mut(kernel_room);
    let (computed, work) = rest.split_at_mut(outputs_room);
    for (rows, columns) in pairs(g) {
        let phase = convolution(g, &rows, &columns);
        let kernel = &mut kernel[..phase.weights()];
        turn_phase(g, &rows, &columns, w, kernel);
        if is_whole(g, &rows, &columns, &phase) {
            forward(exec, &phase, dy, kernel, None, false, dx, work);
        } else {
            let computed = &mut computed[..phase.lens()[1]];
            forward(exec, &phase, dy, kernel, None, false, computed, work);
            spread(exec, g, &rows, &columns, phase.output(), computed, dx);
        }
    }
}

/// The places of the kernel that a phase meets, from the last to the first, with channels and filters exchanged.
fn turn_phase(g: &Conv, rows: &Phase, columns: &Phase, w: &[f32], to: &mut [f32]) {
    let len = g.group_channels() * g.filters;
    let taps = |phase: &Phase| {
        (0..phase.taps).rev().map({
            let phase = *phase;
            move |tap| phase.tap + tap * phase.step
        })
    };
    let places = taps(rows).flat_map(|row| taps(columns).map(move |column| row * g.kernel[1] + column));
    for (place, to) in places.zip(to.chunks_exact_mut(g.group_filters() * g.channels)) {
        turn(g, &w[place * len..][..len], to);
    }
}

/// Brings what a phase computed to its places.
fn spread(exec: Exec<'_>, g: &Conv, rows: &Phase, columns: &Phase, size: [usize; 2], from: &[f32], dx: &mut [f32]) {
    let (row, from_row) = (g.size[1] * g.channels, size[1] * g.channels);
    exec.for_each(chunks_mut(dx, g.size[0] * row), |example, dx| {
        let from = from[example * size[0] * from_row..][..size[0] * from_row].chunks_exact(from_row).skip(rows.skip);
        let lines = dx.chunks_exact_mut(row).skip(rows.first).step_by(g.strides[0]);
        for (dx, from) in lines.take(rows.count).zip(from) {
            let places = dx.chunks_exact_mut(g.channels).skip(columns.first).step_by(g.strides[1]);
            let from = from.chunks_exact(g.channels).skip(columns.skip);
            places.zip(from).for_each(|(dx, from)| dx.copy_from_slice(from));
        }
    });
}
