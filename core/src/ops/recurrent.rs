//! All steps of a recurrent layer.

use super::Activation;
use crate::autodiff::{Backward, Forward, Memory, Op, Reads, Var, View};
use crate::kernel::rnn::{self, Cell, Curves, Gradients, Inputs, Rnn, Weights};
use crate::{Error, Result, Shape};

/// A recurrent layer over all steps of its input: the cell's formulas are told by [`Cell`], what comes out by the options.
///
/// It reads `x [batch, steps, features]`, then for each direction the kernel `[features, gates · units]`, the recurrent kernel
/// `[units, gates · units]` and, if asked for, the bias; then, in this order and as far as they are there, the mask
/// `[batch, steps]`, the dropout masks of the state, one for each gate, `[batch, gates · units]`, and the initial states `[batch, units]`.
///
/// It gives `[batch, units]`, `[batch, steps, units]` for sequences, and with the states `[batch, 1 or steps + states, units]`.
/// Where there are two directions, the outputs of the second stand after those of the first in the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recurrence {
    pub(crate) cell: Cell,
    pub(crate) activation: Activation,
    pub(crate) recurrent_activation: Activation,
    pub(crate) both: bool,
    pub(crate) go_backwards: bool,
    pub(crate) sequences: bool,
    pub(crate) states: bool,
    pub(crate) zero_masked: bool,
    pub(crate) bias: bool,
    pub(crate) masked: bool,
    pub(crate) drops: bool,
    pub(crate) given_states: bool,
}

impl Recurrence {
    fn directions(&self) -> usize {
        if self.both { 2 } else { 1 }
    }

    /// Weights of a direction.
    fn weights(&self) -> usize {
        if self.bias { 3 } else { 2 }
    }

    /// The indices of the mask, the dropout mask, and the first initial state.
    fn places(&self) -> [usize; 3] {
        let mask = 1 + self.directions() * self.weights();
        let keep = mask + usize::from(self.masked);
        [mask, keep, keep + usize::from(self.drops)]
    }

    fn rnn(&self, x: Shape, recurrent: Shape) -> Rnn {
        Rnn {
            both: self.both,
            go_backwards: self.go_backwards,
            sequences: self.sequences,
            states: self.states,
            zero_masked: self.zero_masked,
            drops: self.drops,
            ..Rnn::new(self.cell, [x[0], x[1], x[2], recurrent[0]])
        }
    }

    fn curves(&self) -> Curves<'_> {
        let gates_are_usual = self.recurrent_activation == Activation::Sigmoid || self.cell == Cell::Simple;
        if self.activation == Activation::Tanh && gates_are_usual {
            Curves::Usual
        } else {
            Curves::Others(&self.activation, &self.recurrent_activation)
        }
    }

    /// Calls with what the kernels read.
    fn with_inputs<T>(&self, x: &[View<'_>], call: impl FnOnce(&Rnn, &Inputs<'_>) -> T) -> T {
        let rnn = self.rnn(x[0].shape, x[2].shape);
        let weights: [Weights<'_>; 2] = std::array::from_fn(|direction| {
            let first = 1 + direction.min(self.directions() - 1) * self.weights();
            Weights { kernel: x[first].data, recurrent: x[first + 1].data, bias: self.bias.then(|| x[first + 2].data) }
        });
        let [mask, keep, states] = self.places();
        let inputs = Inputs {
            x: x[0].data,
            weights: &weights[..self.directions()],
            mask: self.masked.then(|| x[mask].data),
            states: [0, 1].map(|state| x.get(states + state).map(|view| view.data)),
            keep: self.drops.then(|| x[keep].data),
        };
        call(&rnn, &inputs)
    }

    fn check(&self, x: &[Shape]) -> Result<()> {
        let (&[batch, steps, features], Some(&units)) = (x[0].dims(), x[2].first()) else {
            return Err(Error::shape(format!("expected [batch, steps, features], got {}", x[0])));
        };
        if steps == 0 || features == 0 || units == 0 {
            return Err(Error::shape(format!("expected at least one step, one feature and one unit, got {} and {units} units", x[0])));
        }
        let across = self.cell.gates().checked_mul(units).ok_or_else(|| Error::shape("too many units"))?;
        let expect = |what: &str, place: usize, expected: &[usize]| match x.get(place) {
            Some(shape) if shape.dims() == expected => Ok(()),
            shape => Err(Error::shape(format!("{what} must be {expected:?}, got {:?}", shape.map(Shape::dims)))),
        };
        for direction in 0..self.directions() {
            let first = 1 + direction * self.weights();
            expect("the kernel", first, &[features, across])?;
            expect("the recurrent kernel", first + 1, &[units, across])?;
            if self.bias {
                let sizes = [self.cell.biases(), across];
                expect("the bias", first + 2, if sizes[0] == 1 { &sizes[1..] } else { &sizes })?;
            }
        }
        let [mask, keep, states] = self.places();
        if self.masked {
            expect("the mask", mask, &[batch, steps])?;
        }
        if self.drops {
            expect("the dropout mask", keep, &[batch, across])?;
        }
        let given = if self.given_states { self.cell.states() } else { 0 };
        (0..given).try_for_each(|state| expect("an initial state", states + state, &[batch, units]))?;
        if x.len() != states + given {
            return Err(Error::argument(format!("expected {} inputs, got {}", states + given, x.len())));
        }
        if self.both && (self.states || self.drops || self.given_states) {
            return Err(Error::argument("two directions at once have neither states to give or to take, nor dropout"));
        }
        Ok(())
    }
}

impl Op for Recurrence {
    fn name(&self) -> &'static str {
        match (self.cell, self.both) {
            (Cell::Simple, false) => "simple_rnn",
            (Cell::Simple, true) => "bidirectional_simple_rnn",
            (Cell::Lstm, false) => "lstm",
            (Cell::Lstm, true) => "bidirectional_lstm",
            (Cell::Gru | Cell::GruBefore, false) => "gru",
            (Cell::Gru | Cell::GruBefore, true) => "bidirectional_gru",
        }
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        self.check(x)?;
        let rnn = self.rnn(x[0], x[2]);
        // What is kept for the backward pass is larger than the output, so its size has to be possible, too.
        Shape::new(&[rnn.batch, rnn.steps, rnn.units, 8 * self.cell.gates() * self.directions()])?;
        if self.sequences || self.states {
            Shape::new(&[rnn.batch, rnn.output_rows(), rnn.output_width()])
        } else {
            Shape::new(&[rnn.batch, rnn.output_width()])
        }
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        let rnn = self.rnn(x[0], x[2]);
        Memory { saved: rnn.saved(), forward_scratch: rnn.forward_scratch(), backward_scratch: rnn.backward_scratch() }
    }

    fn reads(&self) -> Reads {
        let [mask, _, states] = self.places();
        let weights = (0..self.directions()).map(|direction| 0b11 << (1 + direction * self.weights())).sum::<u32>();
        let masks = (1 << states) - (1 << mask);
        Reads { inputs: 1 | weights | masks, output: false }
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let Forward { cx, x, y, saved, scratch } = pass;
        self.with_inputs(x, |rnn, inputs| rnn::forward(rnn, cx.exec, self.curves(), inputs, y, saved, scratch));
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let Backward { cx, x, saved, dy, dx, scratch, .. } = pass;
        let [mask, _, states] = self.places();
        // No gradient is of interest that the masks could have.
        dx[mask..states].iter_mut().flatten().for_each(|dx| dx.fill(0.0));
        let (first, rest) = dx.split_at_mut(1);
        let (weights, rest) = rest.split_at_mut(mask - 1);
        let mut gradients = Gradients { x: first[0].as_deref_mut(), ..Gradients::default() };
        for (to, from) in gradients.weights.iter_mut().zip(weights.chunks_mut(self.weights())) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from.as_deref_mut());
        }
        for (to, from) in gradients.states.iter_mut().zip(rest[states - mask..].iter_mut()) {
            *to = from.as_deref_mut();
        }
        self.with_inputs(x, |rnn, inputs| rnn::backward(rnn, cx.exec, self.curves(), inputs, saved, dy, gradients, scratch));
        Ok(())
    }
}

impl Recurrence {
    /// Records the operation.
    pub(crate) fn apply(self, inputs: &[&Var]) -> Result<Var> {
        Var::apply(self, inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::autodiff::{Tape, gradcheck};
    use crate::rng::Key;

    const PLAIN: Recurrence = Recurrence {
        cell: Cell::Simple,
        activation: Activation::Tanh,
        recurrent_activation: Activation::Sigmoid,
        both: false,
        go_backwards: false,
        sequences: true,
        states: false,
        zero_masked: false,
        bias: true,
        masked: false,
        drops: false,
        given_states: false,
    };
    const CELLS: [Cell; 4] = [Cell::Simple, Cell::Lstm, Cell::Gru, Cell::GruBefore];

    fn draw(shape: impl Into<Shape>, seed: u64) -> Tensor {
        let shape = shape.into();
        let mut values = vec![0.0; shape.size()];
        Key::new(seed).fill_uniform(&mut values);
        Tensor::new(shape, values.iter().map(|x| 1.6 * x - 0.8).collect()).unwrap()
    }

    /// x and the weights of each direction, and after them the states.
    fn tensors(op: &Recurrence, batch: usize, steps: usize, features: usize, units: usize) -> Vec<Tensor> {
        let across = op.cell.gates() * units;
        let mut all = vec![draw([batch, steps, features], 1)];
        for direction in 0..op.directions() as u64 {
            all.extend([draw([features, across], 2 + direction), draw([units, across], 4 + direction)]);
            if op.bias {
                let shape = if op.cell.biases() == 1 { Shape::from([across]) } else { Shape::from([2, across]) };
                all.push(draw(shape, 6 + direction));
            }
        }
        if op.given_states {
            all.extend((0..op.cell.states() as u64).map(|state| draw([batch, units], 8 + state)));
        }
        all
    }

    fn mask() -> Tensor {
        Tensor::from([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    }

    fn check(op: Recurrence, units: usize) {
        let all = tensors(&op, 3, 4, 2, units);
        let weights = 1 + op.directions() * op.weights();
        let run = |v: &[Var]| {
            let tape: &Tape = v[0].tape();
            let (mask, keep) = (tape.constant(mask()), tape.constant(draw([3, op.cell.gates() * units], 9).affine(1.0, 1.0)?));
            let mut inputs: Vec<&Var> = v[..weights].iter().collect();
            inputs.extend(op.masked.then_some(&mask));
            inputs.extend(op.drops.then_some(&keep));
            inputs.extend(&v[weights..]);
            op.apply(&inputs)
        };
        gradcheck(&all, run).unwrap_or_else(|error| panic!("{op:?} with {units} units: {error}"));
    }

    #[test]
    fn gradients_of_plain_layers() {
        for cell in CELLS {
            for units in [1, 3, 17] {
                check(Recurrence { cell, ..PLAIN }, units);
            }
            check(Recurrence { cell, sequences: false, bias: false, ..PLAIN }, 3);
            check(Recurrence { cell, go_backwards: true, ..PLAIN }, 2);
            check(Recurrence { cell, both: true, ..PLAIN }, 3);
            check(Recurrence { cell, both: true, sequences: false, masked: true, ..PLAIN }, 2);
        }
    }

    #[test]
    fn gradients_with_masks_and_states() {
        for cell in CELLS {
            for zero_masked in [false, true] {
                let masked = Recurrence { cell, masked: true, zero_masked, given_states: true, ..PLAIN };
                check(masked, 3);
                check(Recurrence { go_backwards: true, sequences: false, states: true, ..masked }, 2);
            }
            check(Recurrence { cell, drops: true, given_states: true, ..PLAIN }, 3);
            check(Recurrence { cell, drops: true, masked: true, states: true, ..PLAIN }, 2);
        }
    }

    /// A mask of a gate does to the state what it would do to the rows of the gate's matrix.
    #[test]
    fn each_gate_has_a_mask_of_its_own() {
        for (cell, units) in CELLS.into_iter().flat_map(|cell| [(cell, 3), (cell, 18)]) {
            let op = Recurrence { cell, given_states: true, ..PLAIN };
            let all = tensors(&op, 1, 4, 2, units);
            let (across, weights) = (cell.gates() * units, 1 + op.weights());
            let keep = draw([1, across], 9).affine(1.0, 1.0).unwrap();
            let mut masked = all.clone();
            let rows = all[2].as_slice().iter().enumerate();
            let kept = rows.map(|(at, weight)| weight * keep.as_slice()[at % across / units * units + at / across]);
            masked[2] = Tensor::new([units, across], kept.collect()).unwrap();

            let tape = Tape::new();
            let run = |op: Recurrence, all: &[Tensor], keep: Option<&Tensor>| {
                let v: Vec<Var> = all.iter().chain(keep).map(|x| tape.constant(x.clone())).collect();
                let (given, keep) = v.split_at(all.len());
                let inputs: Vec<&Var> = given[..weights].iter().chain(keep).chain(&given[weights..]).collect();
                op.apply(&inputs).unwrap().value().unwrap()
            };
            let [y, expected] = [run(Recurrence { drops: true, ..op }, &all, Some(&keep)), run(op, &masked, None)];
            for (y, expected) in y.as_slice().iter().zip(expected.as_slice()) {
                assert!((y - expected).abs() < 1e-5, "{cell:?} with {units} units: {y}, expected {expected}");
            }
        }
    }

    #[test]
    fn gradients_of_other_functions() {
        for cell in CELLS {
            for activation in [Activation::Softsign, Activation::Silu, Activation::Elu, Activation::Softplus] {
                let recurrent_activation = if activation == Activation::Silu { Activation::Softsign } else { Activation::Sigmoid };
                check(Recurrence { cell, activation, recurrent_activation, ..PLAIN }, 3);
            }
        }
    }

    #[test]
    fn both_directions_have_the_bits_of_each() {
        for cell in CELLS {
            let op = Recurrence { cell, both: true, masked: true, ..PLAIN };
            let all = tensors(&op, 40, 5, 3, 20);
            let mask = draw([40, 5], 3).scale(10.0).unwrap();
            let mask = Tensor::new([40, 5], mask.as_slice().iter().map(|x| f32::from(*x > -4.0)).collect()).unwrap();
            let tape = Tape::new();
            let vars: Vec<Var> = all.iter().map(|tensor| tape.variable(tensor.clone())).collect();
            let mask = tape.constant(mask);
            let run = |op: Recurrence, weights: &[Var]| {
                let inputs: Vec<&Var> = [&vars[0]].into_iter().chain(weights).chain([&mask]).collect();
                op.apply(&inputs).unwrap()
            };
            let together = run(op, &vars[1..]);
            let forward = run(Recurrence { both: false, ..op }, &vars[1..4]);
            let backward = run(Recurrence { both: false, go_backwards: true, ..op }, &vars[4..]).flip(1).unwrap();
            let apart = Var::concat(&[&forward, &backward], 2).unwrap();
            assert_eq!(together.value().unwrap().as_slice(), apart.value().unwrap().as_slice());
            let upstream = draw(together.shape(), 7);
            let gradients = [together, apart].map(|y| tape.backward(&[(&y, upstream.clone())]).unwrap());
            for var in &vars[1..] {
                assert_eq!(gradients[0].of(var).unwrap().as_slice(), gradients[1].of(var).unwrap().as_slice());
            }
        }
    }

    #[test]
    fn wrong_shapes_are_named() {
        let tape = Tape::new();
        let all = tensors(&PLAIN, 2, 3, 4, 5).into_iter().map(|tensor| tape.variable(tensor)).collect::<Vec<_>>();
        let error = PLAIN.apply(&[&all[0], &all[2], &all[2], &all[3]]).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("the kernel must be [4, 5], got"), "{error}");
        let masked = Recurrence { masked: true, ..PLAIN };
        let error = masked.apply(&[&all[0], &all[1], &all[2], &all[3], &all[3]]).unwrap_err();
        assert!(error.to_string().contains("the mask must be [2, 3], got"), "{error}");
    }
}
