//! The gradient check itself, what a tape does with shared and detached values, and random graphs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{GradientsToWeights, bits, draw, says, weight_bits};
use practicum_core::autodiff::{Backward, Forward, GradientCheck, Op, Reads, Tape, Var, gradcheck};
use practicum_core::initializers::Initializer;
use practicum_core::layers::{Build, Call, Config, Weight, WeightSpec};
use practicum_core::losses::{Loss, MeanSquaredError};
use practicum_core::prelude::*;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

/// The square, with a gradient that is `factor` times the right one.
#[derive(Debug)]
struct Square {
    factor: f32,
}

impl Op for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        pass.y.iter_mut().zip(pass.x[0].data).for_each(|(y, x)| *y = x * x);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let [Some(dx)] = pass.dx else { return Ok(()) };
        dx.iter_mut().zip(pass.x[0].data).zip(pass.dy).for_each(|((dx, x), dy)| *dx = self.factor * 2.0 * x * dy);
        Ok(())
    }
}

fn x() -> Tensor {
    Tensor::from([[0.7, -1.2], [0.4, 2.5]])
}

#[test]
fn a_right_gradient_passes_and_a_wrong_one_is_told_with_its_place() {
    let check = |factor: f32| gradcheck(&[x()], |vars| Var::apply(Square { factor }, &[&vars[0]]));
    check(1.0).unwrap();
    for factor in [1.02, -1.0, 0.0, f32::NAN] {
        let error = check(factor).unwrap_err();
        assert!(error.is_numeric());
        says(&error, &["element", "input 0 [2, 2]", "differences give"]);
    }
    // The second of two inputs, where the first is right.
    let second = gradcheck(&[x(), x()], |vars| vars[0].mul(&Var::apply(Square { factor: 1.1 }, &[&vars[1]])?));
    says(&second.unwrap_err(), &["input 1"]);
}

/// A layer around the operation above.
#[derive(Clone, Debug)]
struct Squared(f32);

impl Layer for Squared {
    fn class_name(&self) -> &'static str {
        "Squared"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Var::apply(Square { factor: self.0 }, &[x])
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[test]
fn a_layer_with_a_wrong_gradient_is_told_by_name() {
    GradientCheck::default().layer(&Squared(1.0), &x()).unwrap();
    let error = GradientCheck::default().layer(&Squared(1.05), &x()).unwrap_err();
    assert!(error.is_numeric());
    says(&error, &["Squared", "input 0", "from 0: x"]);
    let error = GradientCheck::default().layer(&Dense::new(0), &x()).unwrap_err();
    assert!(error.is_argument());
}

#[test]
fn a_kink_is_told_and_not_taken_for_a_gradient() {
    let error = gradcheck(&[Tensor::from([1.0, 0.003, -1.0])], |vars| vars[0].relu()).unwrap_err();
    assert!(error.is_numeric());
    says(&error, &["element 1 of input 0", "kink", "choose other inputs"]);
    let error = gradcheck(&[Tensor::from([1.0, -1.0, 0.0])], |vars| vars[0].relu()).unwrap_err();
    says(&error, &["element 2 of input 0", "to the left", "kink"]);
    let tie = Tensor::from([0.5, 0.5]);
    says(&gradcheck(&[tie.clone(), tie], |vars| vars[0].maximum(&vars[1])).unwrap_err(), &["do not settle", "tie"]);
}

#[test]
fn the_error_of_the_function_comes_through() {
    let error = gradcheck(&[x()], |vars| vars[0].reshape([3])).unwrap_err();
    assert!(error.is_shape());
}

#[test]
fn a_value_used_often_gathers_its_gradients() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::from([2.0, -3.0]));
    let y = x.mul(&x).unwrap();
    // y² + 3y + x, with y = x²: 4x³ + 6x + 1.
    let loss = y.mul(&y).unwrap().add(&y.scale(3.0).unwrap()).unwrap().add(&x).unwrap().sum().unwrap();
    let gradients = loss.backward().unwrap();
    assert_eq!(gradients.of(&x).unwrap().as_slice(), [4.0 * 8.0 + 12.0 + 1.0, 4.0 * -27.0 - 18.0 + 1.0]);
    assert_eq!(gradients.of(&y).unwrap().as_slice(), [2.0 * 4.0 + 3.0, 2.0 * 9.0 + 3.0]);
    // Asking again gives the same, and nothing is added up from one backward pass to the next.
    assert_eq!(bits(&loss.backward().unwrap().of(&x).unwrap()), bits(&gradients.of(&x).unwrap()));
}

#[test]
fn several_outputs_bring_their_gradients_together() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::from([1.0, 2.0, 3.0]));
    let (double, square) = (x.scale(2.0).unwrap(), x.square().unwrap());
    let gradients = tape.backward(&[(&double, Tensor::from([1.0, 0.0, 5.0])), (&square, Tensor::from([0.0, 10.0, 1.0]))]).unwrap();
    assert_eq!(gradients.of(&x).unwrap().as_slice(), [2.0, 40.0, 16.0]);
    // An output twice, and one that is the variable itself.
    let twice =
        tape.backward(&[(&x, Tensor::ones([3]).unwrap()), (&double, Tensor::ones([3]).unwrap()), (&double, Tensor::ones([3]).unwrap())]);
    assert_eq!(twice.unwrap().of(&x).unwrap().as_slice(), [5.0; 3]);
    let error = tape.backward(&[(&double, Tensor::ones([2]).unwrap())]).err().unwrap();
    assert!(error.is_shape());
    says(&error, &["expected [3]", "got [2]"]);
}

#[test]
fn nothing_flows_through_a_detached_value() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::from([2.0, 3.0]));
    let still = x.detach();
    assert_eq!(bits(&still.value().unwrap()), bits(&x.value().unwrap()));
    let gradients = x.mul(&still).unwrap().sum().unwrap().backward().unwrap();
    assert_eq!(gradients.of(&x).unwrap().as_slice(), [2.0, 3.0]);
    let error = gradients.of(&still).unwrap_err();
    assert!(error.is_argument());
    says(&error, &["constant", "hint"]);
    let none = still.square().unwrap().sum().unwrap().backward().unwrap();
    assert_eq!(none.of(&x).unwrap().as_slice(), [0.0, 0.0]);
}

#[test]
fn a_reshaped_value_passes_its_gradient_on() {
    let tape = Tape::new();
    let x = tape.variable(draw([2, 3], 1));
    let y = x.reshape([3, 2]).unwrap().transpose().unwrap().reshape([6]).unwrap();
    let weights = tape.constant(Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let gradients = y.mul(&weights).unwrap().add(&x.reshape([6]).unwrap()).unwrap().sum().unwrap().backward().unwrap();
    assert_eq!(gradients.of(&x).unwrap().as_slice(), [2.0, 5.0, 3.0, 6.0, 4.0, 7.0]);
}

#[test]
fn mistakes_with_tapes_are_told() {
    let (one, other) = (Tape::new(), Tape::new());
    let (a, b) = (one.variable(x()), other.variable(x()));
    let error = a.add(&b).unwrap_err();
    assert!(error.is_argument());
    says(&error, &["different tapes", "same `Tape`"]);
    let error = a.square().unwrap().backward().err().unwrap();
    assert!(error.is_shape());
    says(&error, &["single number", "[2, 2]", "sum or mean"]);
    let gradients = a.sum().unwrap().backward().unwrap();
    assert!(gradients.of(&b).unwrap_err().is_argument());
}

/// What one step of a random graph does with earlier values.
#[derive(Clone, Copy, Debug)]
struct Instruction {
    kind: u8,
    first: usize,
    second: usize,
}

const KINDS: u8 = 11;

fn instructions() -> impl Strategy<Value = Vec<Instruction>> {
    let one = (0..KINDS, any::<usize>(), any::<usize>()).prop_map(|(kind, first, second)| Instruction { kind, first, second });
    vec(one, 1..14)
}

/// Runs the instructions on square matrices, and adds up the last values; `tanh` keeps all of them small.
fn run(instructions: &[Instruction], mut values: Vec<Var>) -> Result<Var> {
    for Instruction { kind, first, second } in instructions {
        let (a, b) = (values[first % values.len()].clone(), values[second % values.len()].clone());
        let n = a.shape()[0];
        values.push(match kind {
            0 => a.add(&b)?,
            1 => a.sub(&b)?,
            2 => a.mul(&b)?,
            3 => a.matmul(&b)?.tanh()?,
            4 => a.tanh()?,
            5 => a.relu()?,
            6 => a.transpose()?,
            7 => a.reshape([n * n])?.reshape([n, n])?,
            8 => a.detach(),
            9 => Var::concat(&[&a.slice(0, 0..n / 2)?, &b.slice(0, n / 2..n)?], 0)?,
            _ => a.softmax()?.sub(&b.sum_axis(0)?.tanh()?)?,
        });
    }
    let last = values.len() - 1;
    values[last].add(&values[last / 2])?.tanh()
}

/// A layer that computes a random graph of its input and of three parameters.
#[derive(Clone, Debug)]
struct Random {
    size: usize,
    instructions: Vec<Instruction>,
    weights: [Weight; 3],
}

impl Layer for Random {
    fn class_name(&self) -> &'static str {
        "Random"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        for (weight, name) in self.weights.iter_mut().zip(["a", "b", "c"]) {
            let normal = Initializer::RandomNormal { mean: 0.1, stddev: 0.5 };
            *weight = cx.weight(WeightSpec::new(name, &[self.size, self.size]).initializer(normal))?;
        }
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let weights = self.weights.iter().map(|weight| cx.weight(*weight)).collect::<Result<Vec<_>>>()?;
        run(&self.instructions, [vec![x.clone()], weights].concat())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

proptest! {
    #[test]
    fn planned_graphs_give_the_bits_of_eager_ones(instructions in instructions(), size in 1_usize..12, key in any::<u64>()) {
        let layer = Random { size, instructions: instructions.clone(), weights: Default::default() };
        let mut model = Sequential::new().with_seed(key).add(Input::new([size])).add(layer);
        model.compile(GradientsToWeights::new(), "mse", ()).unwrap();
        let (x, y, weights) = (draw([size, size], key), draw([size, size], !key), model.get_weights());

        let tape = Tape::new();
        let variables: Vec<Var> = weights.iter().map(|weight| tape.variable(weight.clone())).collect();
        let output = run(&instructions, [vec![tape.constant(x.clone())], variables.clone()].concat()).unwrap();
        let loss = MeanSquaredError.call(&tape.constant(y.clone()), &output).unwrap().mean().unwrap();
        let gradients = loss.backward().unwrap();

        prop_assert_eq!(bits(&model.predict(ArraySource::new(&x, (), size).unwrap()).unwrap()), bits(&output.value().unwrap()));
        let logs = model.train_on_batch(&x, &y).unwrap();
        prop_assert_eq!((logs.loss as f32).to_bits(), loss.value().unwrap().item().unwrap().to_bits());
        for (place, variable) in variables.iter().enumerate() {
            let expected = gradients.of(variable).unwrap();
            let got = &weight_bits(&model)[place];
            // A parameter that the loss does not depend on has no gradient, and stays as it was.
            let untouched = expected.as_slice().iter().all(|x| *x == 0.0) && *got == bits(&weights[place]);
            prop_assert!(*got == bits(&expected) || untouched, "parameter {}", place);
        }
    }

    #[test]
    fn gradients_of_smooth_graphs_are_their_differences(instructions in instructions(), key in any::<u64>()) {
        // Without kinks, and without detached values, whose differences are not their gradients.
        let smooth: Vec<Instruction> = instructions.into_iter().filter(|step| !matches!(step.kind, 5 | 8)).collect();
        let inputs = [1, 2, 3].map(|part| draw([3, 3], key.wrapping_add(part)).scale(0.5).unwrap());
        let check = gradcheck(&inputs, |vars| run(&smooth, vars.to_vec()));
        let steep = check.as_ref().is_err_and(|error| error.to_string().contains("do not settle"));
        prop_assert!(check.is_ok() || steep, "{}", check.unwrap_err());
    }
}
