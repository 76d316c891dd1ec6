//! Functions of `keras.ops` as layers of a graph: arithmetic with tensors and constants, reductions, reshapes, activations.

mod function;
mod shapes;
mod symbols;

use serde_json::{Value, json};

pub(crate) use function::Function;
pub use symbols::Operand;

use super::{Build, Call, Config, Layer};
use crate::autodiff::{Tape, Var};
use crate::config::{read_number, written};
use crate::{Error, MAX_RANK, PartialShape, Result, Shape, Tensor};

/// A function of tensors and constants, without parameters, as Keras keeps it in a graph.
///
/// It is made where symbols are computed with, as in `&a * 2.0 + 1.0`, and where such a graph is read from a file.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    function: Function,
    arguments: Vec<Argument>,
}

/// What an operation is called on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// The next of the inputs.
    Input,
    Number(f32),
    Constant(Tensor),
}

impl Argument {
    /// A constant as Keras writes it: a number, or an array under a mark.
    pub(crate) fn read(value: &Value) -> Result<Self> {
        if let Some(number) = read_number(value) {
            return Ok(Self::Number(number as f32));
        }
        let class = value["class_name"].as_str().unwrap_or_default();
        if !["__numpy__", "__tensor__"].contains(&class) {
            return Err(Error::format(format!("`{value}` is neither a tensor, a number nor an array")));
        }
        let (mut dims, mut numbers) = (Vec::new(), Vec::new());
        collect(&value["config"]["value"], 0, &mut dims, &mut numbers)?;
        Ok(Self::Constant(Tensor::new(Shape::new(&dims)?, numbers)?))
    }

    fn write(&self) -> Value {
        match self {
            Self::Input => Value::Null,
            Self::Number(number) => written((*number).into()),
            Self::Constant(tensor) => {
                json!({"class_name": "__numpy__", "config": {"value": nested(tensor.as_slice(), tensor.shape().dims()), "dtype": "float32"}})
            }
        }
    }
}

/// Reads nested lists of numbers, all those of a depth of one length.
fn collect(value: &Value, depth: usize, dims: &mut Vec<usize>, numbers: &mut Vec<f32>) -> Result<()> {
    let Some(list) = value.as_array() else {
        let number = read_number(value).or(value.as_bool().map(|yes| f64::from(u8::from(yes))));
        numbers.push(number.map(|number| number as f32).ok_or_else(|| Error::format(format!("`{value}` is no number of an array")))?);
        return if depth == dims.len() { Ok(()) } else { Err(uneven()) };
    };
    if depth == dims.len() && depth < MAX_RANK && numbers.is_empty() {
        dims.push(list.len());
    }
    if dims.get(depth) != Some(&list.len()) {
        return Err(uneven());
    }
    list.iter().try_for_each(|value| collect(value, depth + 1, dims, numbers))
}

fn uneven() -> Error {
    Error::format(format!("the lists of an array are of one length at each depth, and {MAX_RANK} deep at most"))
}

fn nested(numbers: &[f32], dims: &[usize]) -> Value {
    match dims {
        [] => numbers.first().map_or(Value::Null, |number| written((*number).into())),
        [_] => numbers.iter().map(|number| written((*number).into())).collect(),
        [count, rest @ ..] => {
            let step: usize = rest.iter().product();
            (0..*count).map(|index| nested(&numbers[index * step..][..step], rest)).collect()
        }
    }
}

impl Operation {
    /// A function of inputs alone.
    pub(crate) fn new(function: Function, inputs: usize) -> Self {
        Self { function, arguments: vec![Argument::Input; inputs] }
    }

    /// A function of inputs and constants, in their order.
    pub(crate) fn with(function: Function, arguments: Vec<Argument>) -> Self {
        Self { function, arguments }
    }

    /// The module by which Keras knows it.
    pub(crate) fn module(&self) -> &'static str {
        self.function.module()
    }

    /// The arguments of its call, with these descriptions of its inputs.
    pub(crate) fn describe_call(&self, inputs: Vec<Value>) -> Vec<Value> {
        let mut inputs = inputs.into_iter();
        let items = self.function.items();
        let argument = |argument: &Argument| match argument {
            Argument::Input => inputs.next().unwrap_or_default(),
            constant => constant.write(),
        };
        let arguments = self.arguments.iter().map(argument).chain(items);
        if self.function.takes_a_list() { vec![arguments.collect()] } else { arguments.collect() }
    }

    fn apply(&self, x: &[Var]) -> Result<Var> {
        let inputs = self.arguments.iter().filter(|argument| **argument == Argument::Input).count();
        if x.len() != inputs {
            return Err(Error::argument(format!("{} is called on {inputs} tensors here, got {}", self.function.class(), x.len())));
        }
        self.function.apply(x, &self.arguments)
    }
}

/// The shape of what a function makes of inputs of these shapes. It is tried with two batch sizes and two sizes for every
/// open axis, on a tape that only writes down: what changes with them is open. The first axis must be the batch's.
pub(super) fn shape_of(inputs: &[PartialShape], function: impl Fn(&[Var]) -> Result<Var>) -> Result<PartialShape> {
    let probe = |open: usize| -> Result<Shape> {
        let tape = Tape::deferred();
        let input = |(slot, input): (usize, &PartialShape)| {
            let dims: Vec<usize> = input.dims().iter().map(|dim| dim.unwrap_or(open)).collect();
            Ok(tape.input(slot, Shape::new(&dims)?))
        };
        let x: Vec<Var> = inputs.iter().enumerate().map(input).collect::<Result<_>>()?;
        Ok(function(&x)?.shape())
    };
    let (two, three) = (probe(2)?, probe(3)?);
    if two.rank() != three.rank() || (two.first(), three.first()) != (Some(&2), Some(&3)) {
        return Err(Error::shape(format!("a batch of 2 becomes {two}, and one of 3 {three}: the first axis is no longer the batch"))
            .hint("compute along axis 1 and those after it"));
    }
    let dims = two.iter().zip(three.iter()).map(|(a, b)| (a == b).then_some(*a));
    Ok(PartialShape::new(dims.collect::<Vec<_>>()))
}

impl Layer for Operation {
    fn class_name(&self) -> &'static str {
        self.function.class()
    }

    fn config(&self) -> Config {
        self.function.options()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(self.build_many(cx, std::slice::from_ref(input))?.remove(0))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        self.apply(std::slice::from_ref(x))
    }

    fn build_many(&mut self, _cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        Ok(vec![shape_of(inputs, |x| self.apply(x))?])
    }

    fn call_many(&self, _cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        Ok(vec![self.apply(inputs)?])
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_written_and_read() {
        for constant in [
            Argument::Number(2.5),
            Argument::Number(f32::INFINITY),
            Argument::Constant(Tensor::from([f32::NEG_INFINITY, 1.0])),
            Argument::Constant(Tensor::from([1.0, -2.0])),
            Argument::Constant(Tensor::from([[1.0, -2.0], [3.0, 4.0], [0.0, 9.0]])),
            Argument::Constant(Tensor::zeros([2, 0]).unwrap()),
        ] {
            assert_eq!(Argument::read(&constant.write()).unwrap(), constant);
        }
        for text in ["null", "\"x\"", "[1, 2]", r#"{"class_name": "__numpy__", "config": {"value": [[1, 2], [3]]}}"#] {
            assert!(Argument::read(&serde_json::from_str(text).unwrap()).unwrap_err().is_format(), "{text}");
        }
    }
}
