//! Recurrent layers: all steps of a SimpleRNN, an LSTM or a GRU, in one direction or two, forward and backward.
//!
//! The examples of a batch do not know each other, so the batch is cut into chunks and each goes through all of its steps on
//! one thread: no thread waits for another between two steps. The numbers of the gates lie beside each other in blocks of 16
//! units, so that one tile of a product holds all gates of a block and the loop of the cell has no remainder, whatever the
//! number of units; the weights are laid out to match, once for all steps.

mod backward;
mod cell;
mod curve;
mod forward;
mod layout;

pub use backward::{Gradients, backward};
pub use curve::{Curve, Curves};
pub use forward::forward;
use layout::Part;

/// Units in a block.
const BLOCK: usize = 16;

/// What happens in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// `h = f(x·W + h·U + b)`.
    Simple,
    /// Hochreiter and Schmidhuber (1997), with the gates i, f, c, o.
    Lstm,
    /// Cho et al. (2014), with the gates z, r, h; the state is reset after it was multiplied.
    Gru,
    /// The same, with the state reset before it is multiplied.
    GruBefore,
}

impl Cell {
    /// Matrices beside each other in the kernel.
    pub fn gates(self) -> usize {
        match self {
            Self::Simple => 1,
            Self::Lstm => 4,
            Self::Gru | Self::GruBefore => 3,
        }
    }

    /// States that go from step to step.
    pub fn states(self) -> usize {
        if self == Self::Lstm { 2 } else { 1 }
    }

    /// Vectors of bias: the reset of a GRU needs one for the state alone.
    pub fn biases(self) -> usize {
        if self == Self::Gru { 2 } else { 1 }
    }

    /// Numbers that a step keeps for a block of units. For a GRU these are the candidate, z, r, and what the reset is about.
    fn lanes(self) -> usize {
        if self == Self::Simple { BLOCK } else { 4 * BLOCK }
    }

    /// What the input is multiplied into.
    fn input_part(self) -> Part {
        let gates: &[usize] = match self {
            Self::Simple => &[0],
            Self::Lstm => &[0, 1, 2, 3],
            Self::Gru | Self::GruBefore => &[2, 0, 1],
        };
        Part { gates, offset: 0, lanes: self.lanes() }
    }

    /// What the state is multiplied into before the gates are known.
    fn state_part(self) -> Part {
        match self {
            Self::Simple | Self::Lstm => self.input_part(),
            Self::Gru => Part { gates: &[0, 1, 2], offset: BLOCK, lanes: self.lanes() },
            Self::GruBefore => Part { gates: &[0, 1], offset: BLOCK, lanes: self.lanes() },
        }
    }

    /// What the state is multiplied into once it was reset.
    fn reset_part(self) -> Option<Part> {
        (self == Self::GruBefore).then_some(Part { gates: &[2], offset: 0, lanes: self.lanes() })
    }
}

/// A recurrent layer at work: its sizes and options.
#[derive(Clone, Copy, Debug)]
pub struct Rnn {
    /// What happens in a step.
    pub cell: Cell,
    /// Examples.
    pub batch: usize,
    /// Steps of each.
    pub steps: usize,
    /// Numbers in a step of the input.
    pub features: usize,
    /// Numbers in the state.
    pub units: usize,
    /// Whether a second direction reads the steps from the last to the first; its outputs stand after those of the first,
    /// in the order of time.
    pub both: bool,
    /// Whether the only direction reads the steps from the last to the first; its outputs come in that order.
    pub go_backwards: bool,
    /// Whether the outputs of all steps are wanted, and not just the last one.
    pub sequences: bool,
    /// Whether the last states follow the outputs.
    pub states: bool,
    /// Whether a step that does not count has an output of zeros instead of the one before.
    pub zero_masked: bool,
    /// Whether the state is multiplied by a mask of dropout before the product, by another for each gate.
    pub drops: bool,
}

/// The weights of one direction, as Keras lays them out.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `[features, gates · units]`.
    pub kernel: &'a [f32],
    /// `[units, gates · units]`.
    pub recurrent: &'a [f32],
    /// `[biases, gates · units]`.
    pub bias: Option<&'a [f32]>,
}

/// What a recurrent layer reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// `[batch, steps, features]`.
    pub x: &'a [f32],
    /// Of each direction.
    pub weights: &'a [Weights<'a>],
    /// `[batch, steps]`: 0 where a step does not count.
    pub mask: Option<&'a [f32]>,
    /// `[batch, units]` each: what the states begin with, zeros where there is none.
    pub states: [Option<&'a [f32]>; 2],
    /// `[batch, gates · units]`: what the state is multiplied by before the product with a gate's matrix.
    pub keep: Option<&'a [f32]>,
}

impl Rnn {
    /// One direction, the last output alone: of a batch, its steps, their features, and units.
    pub fn new(cell: Cell, [batch, steps, features, units]: [usize; 4]) -> Self {
        Self {
            cell,
            batch,
            steps,
            features,
            units,
            both: false,
            go_backwards: false,
            sequences: false,
            states: false,
            zero_masked: false,
            drops: false,
        }
    }

    /// Numbers in a row of the output.
    pub fn output_width(&self) -> usize {
        self.units * self.directions()
    }

    /// Rows of the output for each example: steps, and states after them.
    pub fn output_rows(&self) -> usize {
        (if self.sequences { self.steps } else { 1 }) + if self.states { self.cell.states() } else { 0 }
    }

    /// Numbers kept from the forward to the backward pass.
    pub fn saved(&self) -> usize {
        self.chunks() * self.directions() * self.kept()
    }

    fn directions(&self) -> usize {
        if self.both { 2 } else { 1 }
    }

    /// Units, filled up to whole blocks.
    fn padded(&self) -> usize {
        self.units.next_multiple_of(BLOCK)
    }

    /// Numbers that a step of an example keeps.
    fn row(&self) -> usize {
        self.units.div_ceil(BLOCK) * self.cell.lanes()
    }

    /// Examples in a chunk: a matter of shapes alone.
    fn rows(&self) -> usize {
        /// Multiply-adds of a step that are worth another thread.
        const WORTH_SHARING: usize = 50_000;
        let work = self.batch.saturating_mul(self.steps).saturating_mul(self.row()).saturating_mul(self.features + self.units);
        if self.batch < 16 || work < WORTH_SHARING {
            return self.batch.max(1);
        }
        let chunks = (self.batch / 16).clamp(2, 16);
        self.batch.div_ceil(1 << chunks.ilog2())
    }

    fn chunks(&self) -> usize {
        self.batch.div_ceil(self.rows())
    }

    /// Steps whose products with the input are computed together: enough rows for a good product, few enough to stay near.
    fn block_steps(&self) -> usize {
        (256 / self.rows()).clamp(1, self.steps)
    }

    /// Numbers that a chunk keeps of one direction.
    fn kept(&self) -> usize {
        let state = self.rows() * self.padded();
        let hs = (self.steps + 1) * state * self.cell.states();
        self.steps * self.rows() * self.row() + hs + self.dropped_len(self.rows())
    }

    /// What the state is multiplied into before the gates are known: all gates at once, or one by one where dropout gives each a
    /// state of its own.
    fn state_parts(&self) -> impl Iterator<Item = Part> + use<> {
        let whole = self.cell.state_part();
        let parts = if self.drops { whole.gates.len() } else { 1 };
        (0..parts).map(move |index| if parts == 1 { whole } else { whole.single(index) })
    }

    /// Numbers of the state's copies that dropout changes: of each gate in turn, all steps.
    fn dropped_len(&self, rows: usize) -> usize {
        if self.drops { self.cell.gates() * self.steps * rows * self.padded() } else { 0 }
    }

    /// The state before some steps, as a gate's matrix multiplies it.
    fn multiplied<'a>(&self, kept: &Kept<&'a [f32]>, gate: usize, rows: usize, first: usize, steps: usize) -> &'a [f32] {
        let state = rows * self.padded();
        if self.drops {
            &kept.dropped[(gate * self.steps + first) * state..][..steps * state]
        } else {
            &kept.h[first * state..][..steps * state]
        }
    }

    fn reversed(&self, direction: usize) -> bool {
        direction == 1 || self.go_backwards
    }

    /// Which step of the input is read as the `step`-th.
    fn time(&self, direction: usize, step: usize) -> usize {
        if self.reversed(direction) { self.steps - 1 - step } else { step }
    }

    /// Which row of the output the `step`-th step writes, if any.
    fn output_row(&self, direction: usize, step: usize) -> Option<usize> {
        match self.sequences {
            true if self.both => Some(self.time(direction, step)),
            true => Some(step),
            false => (step + 1 == self.steps).then_some(0),
        }
    }
}

/// What a chunk keeps of one direction: of `rows` examples.
struct Kept<T> {
    /// Of each step: what the gates were made of.
    z: T,
    /// Before the first step, and after each.
    h: T,
    /// The same of an LSTM's second state.
    c: T,
    /// Of each gate and each step: the state as it is multiplied, where dropout changes it.
    dropped: T,
}

impl Rnn {
    fn kept_lens(&self, rows: usize) -> [usize; 4] {
        let state = rows * self.padded();
        let states = (self.steps + 1) * state;
        let c = if self.cell == Cell::Lstm { states } else { 0 };
        [self.steps * rows * self.row(), states, c, self.dropped_len(rows)]
    }

    fn kept_mut<'a>(&self, rows: usize, room: &'a mut [f32]) -> Kept<&'a mut [f32]> {
        let [z, h, c, dropped] = self.kept_lens(rows);
        let mut room = Room(room);
        Kept { z: room.take(z), h: room.take(h), c: room.take(c), dropped: room.take(dropped) }
    }

    fn kept_ref<'a>(&self, rows: usize, room: &'a [f32]) -> Kept<&'a [f32]> {
        let [z, h, c, dropped] = self.kept_lens(rows);
        let (z, room) = room.split_at(z);
        let (h, room) = room.split_at(h);
        let (c, room) = room.split_at(c);
        Kept { z, h, c, dropped: &room[..dropped] }
    }
}

/// A slice that is given away from its front.
struct Room<'a>(&'a mut [f32]);

impl<'a> Room<'a> {
    fn take(&mut self, len: usize) -> &'a mut [f32] {
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut(len);
        self.0 = rest;
        taken
    }
}
