//! From inputs to outputs.

use super::super::gemm::{Rows, Target, packed};
use super::super::{Exec, chunks_mut};
use super::layout::Part;
use super::{BLOCK, Cell, Curves, Inputs, Kept, Rnn, Room, Weights, cell};

/// The weights of a direction, laid out for the forward pass.
struct Laid<'a> {
    kernel: &'a [f32],
    recurrent: &'a [f32],
    reset: &'a [f32],
    /// Added to what the input gives.
    bias: Option<&'a [f32]>,
    /// What the reset of a GRU begins with.
    reset_bias: &'a [f32],
}

impl Rnn {
    fn laid_lens(&self) -> [usize; 5] {
        let (x, units) = (self.cell.input_part(), self.units);
        let state = self.state_parts().map(|part| part.panels(self, units).len()).sum();
        let reset = self.cell.reset_part().map_or(0, |part| part.panels(self, units).len());
        [x.panels(self, self.features).len(), state, reset, x.cols(self), self.padded()]
    }

    /// Numbers that a chunk needs to work with: steps of the input, and which examples have begun.
    fn forward_room(&self) -> usize {
        (self.block_steps() * self.rows() * self.features + self.rows()).next_multiple_of(BLOCK)
    }

    /// Numbers that the forward pass needs to work with.
    pub fn forward_scratch(&self) -> usize {
        self.directions() * self.laid_lens().iter().sum::<usize>() + self.chunks() * self.forward_room()
    }

    fn lay_out<'a>(&self, weights: &Weights<'_>, room: &mut Room<'a>) -> Laid<'a> {
        let [kernel, recurrent, reset, bias, reset_bias] = self.laid_lens().map(|len| room.take(len));
        let part = self.cell.input_part();
        part.lay_out(self, self.features, weights.kernel, kernel);
        let mut left = Room(&mut *recurrent);
        for part in self.state_parts() {
            part.lay_out(self, self.units, weights.recurrent, left.take(part.panels(self, self.units).len()));
        }
        if let Some(part) = self.cell.reset_part() {
            part.lay_out(self, self.units, weights.recurrent, reset);
        }
        reset_bias.fill(0.0);
        if let Some(from) = weights.bias {
            let (from, of_state) = from.split_at(self.cell.gates() * self.units);
            for (col, gate, unit, len) in part.sixteens(self) {
                let to = &mut bias[col..][..BLOCK];
                to.fill(0.0);
                to[..len].copy_from_slice(&from[gate * self.units + unit..][..len]);
                // The state's bias meets the input's, but where the reset stands between them.
                if self.cell == Cell::Gru {
                    let of_state = &of_state[gate * self.units + unit..][..len];
                    let is_candidate = gate == 2;
                    let to = if is_candidate { &mut reset_bias[unit..][..len] } else { &mut to[..len] };
                    to.iter_mut().zip(of_state).for_each(|(to, x)| *to += x);
                }
            }
        }
        Laid { kernel, recurrent, reset, bias: weights.bias.map(|_| &*bias), reset_bias }
    }
}

/// Computes the output, `[batch, output_rows, output_width]`: of each direction in turn, with the states after the steps.
///
/// `saved` and `scratch` are as long as [`Rnn::saved`] and [`Rnn::forward_scratch`] say.
///
/// # Panics
/// When slices do not have the sizes that `rnn` asks for.
pub fn forward(rnn: &Rnn, exec: Exec<'_>, curves: Curves<'_>, inputs: &Inputs<'_>, y: &mut [f32], saved: &mut [f32], scratch: &mut [f32]) {
    let mut room = Room(scratch);
    let laid: [Option<Laid<'_>>; 2] = std::array::from_fn(|direction| inputs.weights.get(direction).map(|w| rnn.lay_out(w, &mut room)));
    let (rows, kept) = (rnn.rows(), rnn.kept());
    let parts = (
        chunks_mut(y, rows * rnn.output_rows() * rnn.output_width()),
        chunks_mut(saved, kept * rnn.directions()),
        chunks_mut(room.0, rnn.forward_room()),
    );
    exec.for_each(parts, |chunk, (y, saved, room)| {
        for (direction, (laid, saved)) in laid.iter().flatten().zip(saved.chunks_exact_mut(kept)).enumerate() {
            let first = chunk * rows;
            let chunk = Chunk { rnn, exec, curves, inputs, laid, direction, first, rows: rows.min(rnn.batch - first) };
            chunk.run(y, saved, room);
        }
    });
}

/// Some examples in one direction.
struct Chunk<'a> {
    rnn: &'a Rnn,
    exec: Exec<'a>,
    curves: Curves<'a>,
    inputs: &'a Inputs<'a>,
    laid: &'a Laid<'a>,
    direction: usize,
    /// The first of the examples.
    first: usize,
    rows: usize,
}

impl Chunk<'_> {
    fn run(&self, y: &mut [f32], saved: &mut [f32], room: &mut [f32]) {
        let (rnn, rows) = (self.rnn, self.rows);
        let mut kept = rnn.kept_mut(rows, saved);
        let mut room = Room(room);
        let begun = room.take(rnn.rows());
        begun.fill(0.0);
        self.begin(&mut kept);
        for first in (0..rnn.steps).step_by(rnn.block_steps()) {
            let steps = rnn.block_steps().min(rnn.steps - first);
            self.read(first, steps, kept.z, room.0);
            for step in first..first + steps {
                self.step(step, &mut kept);
                self.mask(step, &mut kept, begun);
                if let Some(row) = rnn.output_row(self.direction, step) {
                    self.write(step, row, kept.h, begun, y);
                }
            }
        }
        if rnn.states {
            self.write_states(&kept, y);
        }
    }

    /// The states before the first step.
    fn begin(&self, kept: &mut Kept<&mut [f32]>) {
        let (rnn, padded) = (self.rnn, self.rnn.padded());
        for (state, given) in [&mut kept.h, &mut kept.c].into_iter().zip(self.inputs.states).take(rnn.cell.states()) {
            for (row, to) in state[..self.rows * padded].chunks_exact_mut(padded).enumerate() {
                to.fill(0.0);
                if let Some(given) = given {
                    to[..rnn.units].copy_from_slice(&given[(self.first + row) * rnn.units..][..rnn.units]);
                }
            }
        }
    }

    /// What the input gives to some steps.
    fn read(&self, first: usize, steps: usize, z: &mut [f32], room: &mut [f32]) {
        let (rnn, features, row) = (self.rnn, self.rnn.features, self.rnn.row());
        let rows = steps * self.rows;
        gather_steps(rnn, self.direction, self.first, self.rows, first, self.inputs.x, &mut room[..rows * features]);
        let part = rnn.cell.input_part();
        let panels = part.panels(rnn, features);
        let z = &mut z[first * self.rows * row..][..rows * row];
        let target = Target { data: z, stride: row, step: part.step(&panels) };
        packed(self.exec.simd(), Rows::new(room, rows, features, features), panels, self.laid.kernel, target, false, self.laid.bias);
        if rnn.cell == Cell::Gru {
            for z in z.chunks_exact_mut(row) {
                for (z, bias) in z.chunks_exact_mut(4 * BLOCK).zip(self.laid.reset_bias.chunks_exact(BLOCK)) {
                    z[3 * BLOCK..].copy_from_slice(bias);
                }
            }
        }
    }

    /// From the state before a step to the one after it.
    fn step(&self, step: usize, kept: &mut Kept<&mut [f32]>) {
        let (rnn, exec, curves) = (self.rnn, self.exec, self.curves);
        let (row, state) = (rnn.row(), self.rows * rnn.padded());
        let z = &mut kept.z[step * self.rows * row..][..self.rows * row];
        let (before, h) = kept.h[step * state..][..2 * state].split_at_mut(state);
        if let Some(keep) = self.inputs.keep {
            for gate in 0..rnn.cell.gates() {
                let dropped = &mut kept.dropped[(gate * rnn.steps + step) * state..][..state];
                drop_state(rnn, gate, before, &keep[self.first * rnn.cell.gates() * rnn.units..], dropped);
            }
        }
        let (before, dropped) = (&*before, &*kept.dropped);
        let multiplied = |gate: usize| if rnn.drops { &dropped[(gate * rnn.steps + step) * state..][..state] } else { before };
        // From a state of zeros nothing comes.
        if step > 0 || self.inputs.states[0].is_some() {
            let mut weights = self.laid.recurrent;
            for part in rnn.state_parts() {
                let (of_part, rest) = weights.split_at(part.panels(rnn, rnn.units).len());
                self.multiply(part, multiplied(part.gates[0]), of_part, z);
                weights = rest;
            }
        }
        match rnn.cell {
            Cell::Simple => cell::simple_forward(exec, curves, z, h),
            Cell::Lstm => {
                let (c_before, c) = kept.c[step * state..][..2 * state].split_at_mut(state);
                cell::lstm_forward(exec, curves, z, c_before, c, h);
                if matches!(curves, Curves::Others(..)) {
                    cell::clear_padding(rnn.units, c);
                }
            }
            Cell::Gru => cell::gru_forward(exec, curves, z, before, h),
            Cell::GruBefore => {
                // Where the new state will be, there is room for the one that was reset.
                cell::reset_forward(exec, curves, z, multiplied(2), h);
                if let Some(part) = rnn.cell.reset_part() {
                    self.multiply(part, h, self.laid.reset, z);
                }
                cell::mix_forward(exec, curves, z, before, h);
            }
        }
        if matches!(curves, Curves::Others(..)) {
            cell::clear_padding(rnn.units, h);
        }
    }

    /// Adds the product of a state to a part of the gates.
    fn multiply(&self, part: Part, state: &[f32], weights: &[f32], z: &mut [f32]) {
        let (rnn, padded, row) = (self.rnn, self.rnn.padded(), self.rnn.row());
        let panels = part.panels(rnn, rnn.units);
        let target = Target { data: &mut z[part.offset..], stride: row, step: part.step(&panels) };
        packed(self.exec.simd(), Rows::new(state, self.rows, padded, rnn.units), panels, weights, target, true, None);
    }

    /// Puts back the states of examples whose step does not count.
    fn mask(&self, step: usize, kept: &mut Kept<&mut [f32]>, begun: &mut [f32]) {
        let Some(mask) = self.inputs.mask else { return };
        let (rnn, padded, state) = (self.rnn, self.rnn.padded(), self.rows * self.rnn.padded());
        for (row, begun) in begun[..self.rows].iter_mut().enumerate() {
            if counts(rnn, mask, self.first + row, self.direction, step) {
                *begun = 1.0;
                continue;
            }
            for states in [&mut kept.h, &mut kept.c].into_iter().take(rnn.cell.states()) {
                let (before, now) = states[step * state..].split_at_mut(state);
                now[row * padded..][..padded].copy_from_slice(&before[row * padded..][..padded]);
            }
        }
    }

    /// Brings the state after a step to the output.
    fn write(&self, step: usize, to: usize, h: &[f32], begun: &[f32], y: &mut [f32]) {
        let (rnn, padded, width) = (self.rnn, self.rnn.padded(), self.rnn.output_width());
        let h = h[(step + 1) * self.rows * padded..].chunks_exact(padded);
        for (row, (h, y)) in h.zip(y.chunks_exact_mut(rnn.output_rows() * width)).enumerate() {
            let y = &mut y[to * width + self.direction * rnn.units..][..rnn.units];
            let shows = match self.inputs.mask {
                Some(_) if begun[row] == 0.0 => false,
                Some(mask) if rnn.zero_masked => counts(rnn, mask, self.first + row, self.direction, step),
                _ => true,
            };
            if shows { y.copy_from_slice(&h[..rnn.units]) } else { y.fill(0.0) }
        }
    }

    /// Brings the last states to the output, after the steps.
    fn write_states(&self, kept: &Kept<&mut [f32]>, y: &mut [f32]) {
        let (rnn, padded, width) = (self.rnn, self.rnn.padded(), self.rnn.output_width());
        let states = rnn.cell.states();
        for (row, y) in y.chunks_exact_mut(rnn.output_rows() * width).enumerate() {
            let from = (rnn.steps * self.rows + row) * padded;
            for (place, state) in [&kept.h, &kept.c].into_iter().take(states).enumerate() {
                let to = (rnn.output_rows() - states + place) * width;
                y[to..to + rnn.units].copy_from_slice(&state[from..from + rnn.units]);
            }
        }
    }
}

/// Whether a step of an example counts.
pub(super) fn counts(rnn: &Rnn, mask: &[f32], example: usize, direction: usize, step: usize) -> bool {
    mask[example * rnn.steps + rnn.time(direction, step)] != 0.0
}

/// The state as a gate's matrix multiplies it where some of it is dropped.
fn drop_state(rnn: &Rnn, gate: usize, from: &[f32], keep: &[f32], to: &mut [f32]) {
    let (units, padded) = (rnn.units, rnn.padded());
    let keep = keep.chunks_exact(rnn.cell.gates() * units);
    for ((from, to), keep) in from.chunks_exact(padded).zip(to.chunks_exact_mut(padded)).zip(keep) {
        to[units..].fill(0.0);
        to.iter_mut().zip(from).zip(&keep[gate * units..][..units]).for_each(|((to, x), keep)| *to = x * keep);
    }
}

/// Copies steps of some examples so that those of a step follow each other.
pub(super) fn gather_steps(rnn: &Rnn, direction: usize, first: usize, rows: usize, step: usize, x: &[f32], to: &mut [f32]) {
    let features = rnn.features;
    for (step, to) in (step..).zip(to.chunks_exact_mut(rows * features)) {
        let time = rnn.time(direction, step);
        for (row, to) in to.chunks_exact_mut(features).enumerate() {
            to.copy_from_slice(&x[((first + row) * rnn.steps + time) * features..][..features]);
        }
    }
}
