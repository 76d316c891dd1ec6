//! From the gradient by the output to those by inputs, states and weights.

use super::super::gemm::{Gemm, Mat, MatMut, Panels, Target, gemm, packed};
use super::super::{Exec, chunks_mut, reduce};
use super::forward::{counts, gather_steps};
use super::layout::Part;
use super::{BLOCK, Cell, Curves, Inputs, Kept, Rnn, Room, cell};

/// Where gradients go; none where it is not asked for.
#[derive(Debug, Default)]
pub struct Gradients<'a> {
    /// By the input.
    pub x: Option<&'a mut [f32]>,
    /// By the kernel, the recurrent kernel and the bias of each direction.
    pub weights: [[Option<&'a mut [f32]>; 3]; 2],
    /// By the states before the first step.
    pub states: [Option<&'a mut [f32]>; 2],
}

/// The transposed weights of a direction, laid out.
struct Laid<'a> {
    kernel: &'a [f32],
    recurrent: &'a [f32],
    reset: &'a [f32],
}

/// What a chunk works with.
struct Work<'a> {
    /// The gradients by the gates of some steps.
    dz: &'a mut [f32],
    dh: &'a mut [f32],
    dc: &'a mut [f32],
    /// What comes back through a product, where it is not the whole gradient.
    back: &'a mut [f32],
    /// Gradients of examples whose step does not count, on their way to the step before.
    held: [&'a mut [f32]; 2],
    /// The first step of each example that counts.
    begins: &'a mut [f32],
    /// Steps of the input.
    x: &'a mut [f32],
    /// Gradients by them.
    dx: &'a mut [f32],
}

/// Where the gradients by the weights begin in what a chunk found.
struct Found {
    recurrent: usize,
    reset: usize,
    bias: usize,
    len: usize,
}

impl Rnn {
    fn found(&self) -> Found {
        let recurrent = self.features * self.cell.input_part().cols(self);
        let reset = recurrent + self.units * self.cell.state_part().cols(self);
        let bias = reset + self.cell.reset_part().map_or(0, |part| self.units * part.cols(self));
        Found { recurrent, reset, bias, len: bias + self.row() }
    }

    fn transposed_len(&self, part: Part, n: usize) -> usize {
        Panels::new(part.cols(self), n.next_multiple_of(BLOCK)).len()
    }

    fn transposed_lens(&self) -> [usize; 3] {
        let len = |part, n| self.transposed_len(part, n);
        let reset = self.cell.reset_part().map_or(0, |part| len(part, self.units));
        [len(self.cell.input_part(), self.features), self.state_parts().map(|part| len(part, self.units)).sum(), reset]
    }

    fn work_lens(&self) -> [usize; 9] {
        let (rows, state) = (self.rows(), self.rows() * self.padded());
        let (block, features) = (self.block_steps() * rows, self.features.next_multiple_of(BLOCK));
        let begins = rows.next_multiple_of(BLOCK);
        [block * self.row(), state, state, state, state, state, begins, (block * self.features).next_multiple_of(BLOCK), block * features]
    }

    /// Numbers that a chunk needs to work with, after what it finds.
    fn backward_room(&self) -> usize {
        self.directions() * self.found().len + self.work_lens().iter().sum::<usize>()
    }

    /// Numbers that the backward pass needs to work with.
    pub fn backward_scratch(&self) -> usize {
        self.directions() * self.transposed_lens().iter().sum::<usize>() + self.chunks() * self.backward_room()
    }
}

/// Computes the gradients from `dy`, that by the output, and from what the forward pass saved. Those by the states are asked
/// for with one direction only.
///
/// `scratch` is as long as [`Rnn::backward_scratch`] says.
///
/// # Panics
/// When slices do not have the sizes that `rnn` asks for.
#[allow(clippy::too_many_arguments, reason = "the buffers of a pass")]
pub fn backward(
    rnn: &Rnn,
    exec: Exec<'_>,
    curves: Curves<'_>,
    inputs: &Inputs<'_>,
    saved: &[f32],
    dy: &[f32],
    gradients: Gradients<'_>,
    scratch: &mut [f32],
) {
    let Gradients { x: dx, weights, mut states } = gradients;
    let mut room = Room(scratch);
    let laid: [Option<Laid<'_>>; 2] = std::array::from_fn(|direction| {
        let weights = inputs.weights.get(direction)?;
        let [kernel, recurrent, reset] = rnn.transposed_lens().map(|len| room.take(len));
        if dx.is_some() {
            rnn.cell.input_part().lay_out_transposed(rnn, exec.simd(), rnn.features, weights.kernel, kernel);
        }
        let mut left = Room(&mut *recurrent);
        for part in rnn.state_parts() {
            let to = left.take(rnn.transposed_len(part, rnn.units));
            part.lay_out_transposed(rnn, exec.simd(), rnn.units, weights.recurrent, to);
        }
        if let Some(part) = rnn.cell.reset_part() {
            part.lay_out_transposed(rnn, exec.simd(), rnn.units, weights.recurrent, reset);
        }
        Some(Laid { kernel, recurrent, reset })
    });
    let (rows, found, kept, per_chunk) = (rnn.rows(), rnn.found(), rnn.kept(), rnn.backward_room());
    let [dh, dc] = states.each_mut().map(|state| state.as_deref_mut().map(|state| chunks_mut(state, rows * rnn.units)));
    let learns = weights.each_ref().map(|weights| weights.iter().any(Option::is_some));
    let room = &mut room.0[..rnn.chunks() * per_chunk];
    let dx = dx.map(|dx| chunks_mut(dx, rows * rnn.steps * rnn.features));
    exec.for_each((dx, dh, dc, chunks_mut(room, per_chunk)), |chunk, (mut dx, mut dh, mut dc, room)| {
        let mut room = Room(room);
        let mut founds = room.take(rnn.directions() * found.len).chunks_exact_mut(found.len);
        let [dz, h, c, back, held_h, held_c, begins, x, of_x] = rnn.work_lens().map(|len| room.take(len));
        let mut work = Work { dz, dh: h, dc: c, back, held: [held_h, held_c], begins, x, dx: of_x };
        let saved = saved[chunk * rnn.directions() * kept..].chunks_exact(kept);
        for (direction, (laid, saved)) in laid.iter().flatten().zip(saved).enumerate() {
            let first = chunk * rows;
            let count = rows.min(rnn.batch - first);
            let kept = rnn.kept_ref(count, saved);
            let part = Chunk { rnn, exec, curves, inputs, laid, direction, first, rows: count, kept, learns: learns[direction], dy };
            let states = [dh.as_deref_mut(), dc.as_deref_mut()];
            part.run(&mut work, founds.next().unwrap_or_default(), dx.as_deref_mut(), states);
        }
    });
    for (direction, weights) in weights.into_iter().enumerate().take(rnn.directions()) {
        gather_weights(rnn, exec, weights, &*room, per_chunk, direction * found.len);
    }
}

/// Adds up what the chunks found.
fn gather_weights(rnn: &Rnn, exec: Exec<'_>, weights: [Option<&mut [f32]>; 3], all: &[f32], chunk: usize, start: usize) {
    let (found, [kernel, recurrent, bias]) = (rnn.found(), weights);
    let (x, h) = (rnn.cell.input_part(), rnn.cell.state_part());
    if let Some(kernel) = kernel {
        x.gather(rnn, exec, rnn.features, all, [chunk, start], kernel);
    }
    if let Some(recurrent) = recurrent {
        let mut from = start + found.recurrent;
        for part in rnn.state_parts() {
            part.gather(rnn, exec, rnn.units, all, [chunk, from], recurrent);
            from += rnn.units * part.cols(rnn);
        }
        if let Some(part) = rnn.cell.reset_part() {
            part.gather(rnn, exec, rnn.units, all, [chunk, start + found.reset], recurrent);
        }
    }
    if let Some(bias) = bias {
        let (of_input, of_state) = bias.split_at_mut(rnn.cell.gates() * rnn.units);
        x.gather_row(rnn, all, [chunk, start + found.bias], of_input);
        if rnn.cell == Cell::Gru {
            h.gather_row(rnn, all, [chunk, start + found.bias], of_state);
        }
    }
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
    kept: Kept<&'a [f32]>,
    /// Whether the weights want their gradients.
    learns: bool,
    dy: &'a [f32],
}

impl Chunk<'_> {
    fn run(&self, work: &mut Work<'_>, found: &mut [f32], mut dx: Option<&mut [f32]>, states: [Option<&mut [f32]>; 2]) {
        let (rnn, block) = (self.rnn, self.rnn.block_steps());
        self.begin(work);
        for index in (0..rnn.steps.div_ceil(block)).rev() {
            let first = index * block;
            let steps = block.min(rnn.steps - first);
            for step in (first..first + steps).rev() {
                self.add_upstream(step, work);
                self.step(step, step - first, work, states[0].is_some());
            }
            let rows = steps * self.rows;
            if self.learns {
                gather_steps(rnn, self.direction, self.first, self.rows, first, self.inputs.x, &mut work.x[..rows * rnn.features]);
                self.find(first, rows, work, found);
            }
            if let Some(dx) = &mut dx {
                self.bring(first, rows, work, dx);
            }
        }
        for (state, to) in [&work.dh, &work.dc].into_iter().zip(states) {
            let Some(to) = to else { continue };
            for (to, from) in to.chunks_exact_mut(rnn.units).zip(state.chunks_exact(rnn.padded())) {
                to.copy_from_slice(&from[..rnn.units]);
            }
        }
    }

    /// The gradients by the states after the last step, and where each example begins.
    fn begin(&self, work: &mut Work<'_>) {
        let (rnn, width) = (self.rnn, self.rnn.output_width());
        work.dh.fill(0.0);
        work.dc.fill(0.0);
        if rnn.states {
            let states = rnn.cell.states();
            for (place, to) in [&mut work.dh, &mut work.dc].into_iter().take(states).enumerate() {
                for (row, to) in to.chunks_exact_mut(rnn.padded()).take(self.rows).enumerate() {
                    let from = ((self.first + row + 1) * rnn.output_rows() - states + place) * width;
                    to[..rnn.units].copy_from_slice(&self.dy[from..from + rnn.units]);
                }
            }
        }
        if let Some(mask) = self.inputs.mask {
            for (row, begins) in work.begins[..self.rows].iter_mut().enumerate() {
                let first = (0..rnn.steps).position(|step| counts(rnn, mask, self.first + row, self.direction, step));
                *begins = first.unwrap_or(rnn.steps) as f32;
            }
        }
    }

    /// Adds the gradient by the output of a step.
    fn add_upstream(&self, step: usize, work: &mut Work<'_>) {
        let (rnn, width) = (self.rnn, self.rnn.output_width());
        let Some(from) = rnn.output_row(self.direction, step) else { return };
        for (row, dh) in work.dh.chunks_exact_mut(rnn.padded()).take(self.rows).enumerate() {
            let shown = match self.inputs.mask {
                Some(_) if (step as f32) < work.begins[row] => false,
                Some(mask) if rnn.zero_masked => counts(rnn, mask, self.first + row, self.direction, step),
                _ => true,
            };
            if shown {
                let from = ((self.first + row) * rnn.output_rows() + from) * width + self.direction * rnn.units;
                dh.iter_mut().zip(&self.dy[from..from + rnn.units]).for_each(|(dh, dy)| *dh += dy);
            }
        }
    }

    /// From the gradient by the state after a step to the one by the state before it.
    fn step(&self, step: usize, place: usize, work: &mut Work<'_>, to_the_start: bool) {
        let (rnn, exec, curves) = (self.rnn, self.exec, self.curves);
        let (row, state) = (rnn.row(), self.rows * rnn.padded());
        let z = &self.kept.z[step * self.rows * row..][..self.rows * row];
        let before = &self.kept.h[step * state..][..state];
        self.hold(work);
        let (dh, dc, back) = (&mut work.dh[..state], &mut work.dc[..state], &mut work.back[..state]);
        let dz = &mut work.dz[place * self.rows * row..][..self.rows * row];
        match rnn.cell {
            Cell::Simple => cell::simple_backward(exec, curves, z, dh, dz),
            Cell::Lstm => {
                let (c_before, c) = self.kept.c[step * state..][..2 * state].split_at(state);
                cell::lstm_backward(exec, curves, z, c_before, c, dh, dc, dz);
            }
            Cell::Gru => cell::gru_backward(exec, curves, z, before, dh, dz),
            Cell::GruBefore => {
                cell::mix_backward(exec, curves, z, before, dh, dz);
                self.multiply(rnn.cell.reset_part(), dz, self.laid.reset, back, false);
                cell::reset_backward(exec, curves, z, rnn.multiplied(&self.kept, 2, self.rows, step, 1), back, dz);
            }
        }
        self.release_gates(step, dz);
        if step > 0 || to_the_start {
            self.multiply_back(dz, dh, back);
            self.release(step, work);
        }
    }

    /// The gradient by the state before a step, as far as it comes through products.
    fn multiply_back(&self, dz: &[f32], dh: &mut [f32], back: &mut [f32]) {
        let rnn = self.rnn;
        let direct = matches!(rnn.cell, Cell::Gru | Cell::GruBefore);
        let reset = rnn.cell == Cell::GruBefore;
        let Some(keep) = self.inputs.keep else {
            self.multiply(Some(rnn.cell.state_part()), dz, self.laid.recurrent, dh, direct);
            if reset {
                dh.iter_mut().zip(&*back).for_each(|(dh, back)| *dh += back);
            }
            return;
        };
        if !direct {
            dh.fill(0.0);
        }
        if reset {
            self.add_kept(2, keep, back, dh);
        }
        let mut weights = self.laid.recurrent;
        for part in rnn.state_parts() {
            let (of_part, rest) = weights.split_at(rnn.transposed_len(part, rnn.units));
            self.multiply(Some(part), dz, of_part, back, false);
            self.add_kept(part.gates[0], keep, back, dh);
            weights = rest;
        }
    }

    /// Adds the gradient by the state as a gate's matrix multiplies it, as far as dropout let it through.
    fn add_kept(&self, gate: usize, keep: &[f32], back: &[f32], dh: &mut [f32]) {
        let (rnn, across) = (self.rnn, self.rnn.cell.gates() * self.rnn.units);
        let keep = keep[self.first * across..].chunks_exact(across);
        for ((dh, back), keep) in dh.chunks_exact_mut(rnn.padded()).zip(back.chunks_exact(rnn.padded())).zip(keep) {
            dh.iter_mut().zip(back).zip(&keep[gate * rnn.units..][..rnn.units]).for_each(|((dh, back), keep)| *dh += back * keep);
        }
    }

    fn multiply(&self, part: Option<Part>, dz: &[f32], weights: &[f32], to: &mut [f32], resume: bool) {
        let (rnn, Some(part)) = (self.rnn, part) else { return };
        let panels = Panels::new(part.cols(rnn), rnn.padded());
        let target = Target { data: to, stride: rnn.padded(), step: panels.width };
        packed(self.exec.simd(), part.rows(rnn, dz, self.rows), panels, weights, target, resume, None);
    }

    /// Keeps the gradients of examples whose step does not count: they belong to the state before as it is.
    fn hold(&self, work: &mut Work<'_>) {
        if self.inputs.mask.is_some() {
            let state = self.rows * self.rnn.padded();
            work.held[0][..state].copy_from_slice(&work.dh[..state]);
            work.held[1][..state].copy_from_slice(&work.dc[..state]);
        }
    }

    fn release_gates(&self, step: usize, dz: &mut [f32]) {
        let Some(mask) = self.inputs.mask else { return };
        for (row, dz) in dz.chunks_exact_mut(self.rnn.row()).enumerate() {
            if !counts(self.rnn, mask, self.first + row, self.direction, step) {
                dz.fill(0.0);
            }
        }
    }

    fn release(&self, step: usize, work: &mut Work<'_>) {
        let (Some(mask), padded) = (self.inputs.mask, self.rnn.padded()) else { return };
        for row in 0..self.rows {
            if !counts(self.rnn, mask, self.first + row, self.direction, step) {
                let range = row * padded..(row + 1) * padded;
                work.dh[range.clone()].copy_from_slice(&work.held[0][range.clone()]);
                work.dc[range.clone()].copy_from_slice(&work.held[1][range]);
            }
        }
    }

    /// Adds what some steps find for the gradients by the weights.
    fn find(&self, first: usize, rows: usize, work: &Work<'_>, found: &mut [f32]) {
        let (rnn, cell, row) = (self.rnn, self.rnn.cell, self.rnn.row());
        let (starts, padded, dz) = (rnn.found(), rnn.padded(), &work.dz[..rows * row]);
        let (weights, bias) = found.split_at_mut(starts.bias);
        let (kernel, weights) = weights.split_at_mut(starts.recurrent);
        let (recurrent, reset) = weights.split_at_mut(starts.reset - starts.recurrent);
        self.outer(first, cell.input_part(), Mat::new(&work.x[..rows * rnn.features], rows, rnn.features), dz, kernel);
        let mut recurrent = Room(recurrent);
        for part in rnn.state_parts() {
            let states = rnn.multiplied(&self.kept, part.gates[0], self.rows, first, rows / self.rows);
            let to = recurrent.take(rnn.units * part.cols(rnn));
            self.outer(first, part, Mat::strided(states, rows, rnn.units, padded, 1), dz, to);
        }
        if let Some(part) = cell.reset_part() {
            let z = &self.kept.z[first * self.rows * row..][..rows * row];
            for block in 0..padded / BLOCK {
                let units = (rnn.units - block * BLOCK).min(BLOCK);
                let from = Mat::strided(&z[block * 4 * BLOCK + 3 * BLOCK..], rows, units, row, 1);
                self.outer(first, part, from, dz, &mut reset[block * BLOCK * part.cols(rnn)..]);
            }
        }
        if !self.has_found(first) {
            bias.fill(0.0);
        }
        reduce::add_columns(self.exec.simd(), dz, row, bias);
    }

    /// Whether steps after these have found something already.
    fn has_found(&self, first: usize) -> bool {
        first + self.rnn.block_steps() < self.rnn.steps
    }

    /// `to += fromᵀ·dz`, for the columns of a part and the steps from the first one on.
    fn outer(&self, first: usize, part: Part, from: Mat<'_>, dz: &[f32], to: &mut [f32]) {
        let (rnn, row, accumulate) = (self.rnn, self.rnn.row(), self.has_found(first));
        let how = Gemm { accumulate, ..Gemm::default() };
        let (rows, k, cols) = (from.rows(), from.cols(), part.cols(rnn));
        if part.is_whole() {
            gemm(self.exec, from.t(), Mat::new(dz, rows, row), MatMut::new(&mut to[..k * cols], k, cols), how);
            return;
        }
        for block in 0..row / part.lanes {
            let dz = Mat::strided(&dz[block * part.lanes + part.offset..], rows, part.width(), row, 1);
            gemm(self.exec, from.t(), dz, MatMut::strided(&mut to[block * part.width()..], k, part.width(), cols), how);
        }
    }

    /// Brings the gradient by some steps of the input to its place.
    fn bring(&self, first: usize, rows: usize, work: &mut Work<'_>, dx: &mut [f32]) {
        let (rnn, part, features) = (self.rnn, self.rnn.cell.input_part(), self.rnn.features);
        let stride = features.next_multiple_of(BLOCK);
        let panels = Panels::new(part.cols(rnn), stride);
        let target = Target { data: &mut work.dx[..rows * stride], stride, step: panels.width };
        packed(self.exec.simd(), part.rows(rnn, work.dz, rows), panels, self.laid.kernel, target, false, None);
        for (step, from) in (first..).zip(work.dx[..rows * stride].chunks_exact(self.rows * stride)) {
            let time = rnn.time(self.direction, step);
            for (row, from) in from.chunks_exact(stride).enumerate() {
                let to = &mut dx[(row * rnn.steps + time) * features..][..features];
                if self.direction == 0 {
                    to.copy_from_slice(&from[..features]);
                } else {
                    to.iter_mut().zip(from).for_each(|(to, x)| *to += x);
                }
            }
        }
    }
}
