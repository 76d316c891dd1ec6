//! The tape: operations are recorded as they run, and gradients follow them back.

use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::rc::Rc;
use std::sync::Arc;

use super::Scope;
use super::op::{Backward, Context, Forward, Op, Reads, View};
use crate::cpu::Cpu;
use crate::{Error, Result, Shape, Tensor};

/// Records operations as they run, so that gradients can follow them back.
///
/// A tape made by [`Tape::new`] computes at once: every [`Var`] has a value. The tape of a model being compiled only
/// writes down what would be computed; the list is then planned once and replayed at every step. Layers and losses
/// cannot tell the two apart.
///
/// ```
/// use practicum_core::{Tensor, autodiff::Tape};
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from([1.0, 2.0, 3.0]));
/// let loss = x.mul(&x)?.sum()?;
/// let gradients = loss.backward()?;
/// assert_eq!(gradients.of(&x)?.as_slice(), [2.0, 4.0, 6.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Tape(Rc<RefCell<Record>>);

/// A tensor on a tape: the result of an operation, or something that operations start from.
#[derive(Clone)]
pub struct Var {
    tape: Tape,
    id: usize,
    shape: Shape,
}

pub(crate) struct Record {
    pub(crate) nodes: Vec<Node>,
    pub(crate) values: Vec<Value>,
    mode: Mode,
    scope: Option<Scope>,
}

enum Mode {
    /// Operations run as they are recorded.
    Eager { cpu: Cpu, step: u64 },
    /// Operations are written down for a program.
    Deferred,
}

#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) op: Arc<dyn Op>,
    pub(crate) inputs: Box<[usize]>,
    pub(crate) output: usize,
    /// The layer that asked for it.
    pub(crate) scope: Option<Scope>,
    pub(super) saved: Vec<f32>,
}

pub(crate) struct Value {
    pub(crate) shape: Shape,
    pub(crate) origin: Origin,
    pub(crate) needs_gradient: bool,
    /// The value whose elements these are: itself, or what was reshaped or detached.
    pub(crate) storage: usize,
    /// The value whose gradient this one's is a part of: itself, or what was reshaped.
    pub(crate) root: usize,
    tensor: Option<Tensor>,
}

#[derive(Clone)]
pub(crate) enum Origin {
    /// Given anew at every run.
    Input(usize),
    /// A parameter of the model.
    Param(usize),
    /// The same at every run.
    Constant(Tensor),
    /// The output of a node.
    Node(usize),
}

impl Tape {
    /// A tape that computes at once, with every core and the best instructions of this machine.
    pub fn new() -> Self {
        Self::on(&Cpu::default())
    }

    /// A tape that computes at once with the given threads and instructions.
    pub fn on(cpu: &Cpu) -> Self {
        Self::with_mode(Mode::Eager { cpu: cpu.clone(), step: 0 })
    }

    /// A tape that only writes operations down.
    pub(crate) fn deferred() -> Self {
        Self::with_mode(Mode::Deferred)
    }

    fn with_mode(mode: Mode) -> Self {
        Self(Rc::new(RefCell::new(Record { nodes: Vec::new(), values: Vec::new(), mode, scope: None })))
    }

    /// The step that random operations draw for: 0 if nothing else was set.
    pub fn step(&self) -> u64 {
        match &self.0.borrow().mode {
            Mode::Eager { step, .. } => *step,
            Mode::Deferred => 0,
        }
    }

    /// Sets the step that random operations draw for: what is computed for the same step draws the same.
    pub fn set_step(&self, now: u64) {
        if let Mode::Eager { step, .. } = &mut self.0.borrow_mut().mode {
            *step = now;
        }
    }

    /// A tensor whose gradient may be asked for.
    pub fn variable(&self, tensor: Tensor) -> Var {
        self.leaf(tensor.shape(), Origin::Constant(tensor.clone()), true, Some(tensor))
    }

    /// A tensor that no gradient flows to.
    pub fn constant(&self, tensor: Tensor) -> Var {
        self.leaf(tensor.shape(), Origin::Constant(tensor.clone()), false, Some(tensor))
    }

    /// A tensor given at every run of the program.
    pub(crate) fn input(&self, slot: usize, shape: Shape) -> Var {
        self.leaf(shape, Origin::Input(slot), false, None)
    }

    /// A parameter of the model.
    pub(crate) fn param(&self, id: usize, value: &Tensor, trainable: bool) -> Var {
        self.leaf(value.shape(), Origin::Param(id), trainable, Some(value.clone()))
    }

    fn leaf(&self, shape: Shape, origin: Origin, needs_gradient: bool, tensor: Option<Tensor>) -> Var {
        let mut record = self.0.borrow_mut();
        let id = record.values.len();
        record.values.push(Value { shape, origin, needs_gradient, storage: id, root: id, tensor });
        Var { tape: self.clone(), id, shape }
    }

    /// Names the layer that the next operations belong to.
    pub(crate) fn set_scope(&self, scope: Option<Scope>) {
        self.0.borrow_mut().scope = scope;
    }

    /// What was written down.
    pub(crate) fn with_record<T>(&self, read: impl FnOnce(&Record) -> T) -> T {
        read(&self.0.borrow())
    }

    /// The gradients of several outputs at once: each output with the gradient that arrives at it from outside.
    ///
    /// # Errors
    /// A gradient of another shape than its output, an output of another tape, or an operation that fails.
    pub fn backward(&self, outputs: &[(&Var, Tensor)]) -> Result<Gradients> {
        self.0.borrow().backward(outputs, self)
    }
}

impl Default for Tape {
    fn default() -> Self {
        Self::new()
    }
}

impl Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0.borrow();
        f.debug_list().entries(record.nodes.iter().map(|node| (node.op.name(), record.values[node.output].shape))).finish()
    }
}

impl Record {
    fn push(&mut self, op: Arc<dyn Op>, inputs: &[usize]) -> Result<(usize, Shape)> {
        let shapes: Vec<Shape> = inputs.iter().map(|&id| self.values[id].shape).collect();
        let name = op.name();
        let shape = op.output_shape(&shapes).map_err(|error| error.context(name))?;
        check_limit::<f32>(shape.size()).map_err(|error| error.context(name))?;
        let needs_gradient = inputs.iter().any(|&id| self.values[id].needs_gradient);
        let (mut tensor, mut saved) = (None, Vec::new());
        if let Mode::Eager { cpu, step } = &self.mode {
            let tensors: Option<Vec<&Tensor>> = inputs.iter().map(|&id| self.values[id].tensor.as_ref()).collect();
            let tensors = tensors.ok_or_else(|| Error::state(format!("{name}: an input of this operation has no value yet")))?;
            let computed = run_forward(&*op, cpu, *step, &tensors, shape)?;
            (tensor, saved) = (Some(computed.0), computed.1);
        } else {
            let memory = op.memory(&shapes);
            let backward = if needs_gradient { memory.backward_scratch } else { 0 };
            for len in [memory.saved, memory.forward_scratch, backward] {
                check_limit::<f32>(len).map_err(|error| error.context(name))?;
            }
        }
        let output = self.values.len();
        let (storage, root) = match op.is_reshape() {
            true => (self.values[inputs[0]].storage, self.values[inputs[0]].root),
            false => (output, output),
        };
        self.values.push(Value { shape, origin: Origin::Node(self.nodes.len()), needs_gradient, storage, root, tensor });
        self.nodes.push(Node { op, inputs: inputs.into(), output, scope: self.scope.clone(), saved });
        Ok((output, shape))
    }

    fn backward(&self, outputs: &[(&Var, Tensor)], tape: &Tape) -> Result<Gradients> {
        let Mode::Eager { cpu, step } = &self.mode else {
            return Err(Error::state("a tape that is only written down has no values to follow back"));
        };
        let mut gradients: Vec<Option<Vec<f32>>> = vec![None; self.values.len()];
        for (output, upstream) in outputs {
            output.check_tape(tape)?;
            if upstream.shape() != output.shape {
                let (got, expected) = (upstream.shape(), output.shape);
                return Err(Error::shape(format!("the gradient of an output must have its shape: expected {expected}, got {got}")));
            }
            self.add_gradient(&mut gradients, output.id, upstream.to_vec());
        }
        let context = Context { exec: cpu.exec(), step: *step };
        for node in self.nodes.iter().rev().filter(|node| !node.op.is_reshape() && self.values[node.output].needs_gradient) {
            let Some(dy) = gradients[node.output].take() else { continue };
            for (input, dx) in self.run_backward(node, context, &dy)? {
                self.add_gradient(&mut gradients, input, dx);
            }
            gradients[node.output] = Some(dy);
        }
        Ok(Gradients { tape: tape.clone(), gradients })
    }

    /// Adds to the gradient of a value, and to those of all it was reshaped from. What was reshaped first gathers the
    /// gradients of all its shapes, in the order of a program; the others hold their own.
    fn add_gradient(&self, gradients: &mut [Option<Vec<f32>>], id: usize, gradient: Vec<f32>) {
        let value = &self.values[id];
        if let (true, Origin::Node(node)) = (value.root != id, &value.origin) {
            self.add_gradient(gradients, self.nodes[*node].inputs[0], gradient.clone());
        }
        match &mut gradients[id] {
            Some(sum) => sum.iter_mut().zip(&gradient).for_each(|(sum, term)| *sum += term),
            none => *none = Some(gradient),
        }
    }

    fn run_backward(&self, node: &Node, cx: Context<'_>, dy: &[f32]) -> Result<Vec<(usize, Vec<f32>)>> {
        let reads = node.op.reads();
        let x: Vec<View<'_>> = (0..node.inputs.len()).map(|place| self.backward_view(node, place, reads)).collect();
        let y = if reads.output { self.value_view(node.output) } else { View { shape: self.values[node.output].shape, data: &[] } };
        let shapes: Vec<Shape> = x.iter().map(|view| view.shape).collect();
        let mut scratch = zeros(node.op.memory(&shapes).backward_scratch)?;
        let mut buffers: Vec<(usize, Vec<f32>)> = Vec::new();
        for &id in node.inputs.iter().filter(|&&id| self.values[id].needs_gradient) {
            buffers.push((id, zeros(self.values[id].shape.size())?));
        }
        let mut rest = buffers.iter_mut();
        let mut dx: Vec<Option<&mut [f32]>> = Vec::new();
        for &id in &node.inputs {
            dx.push(if self.values[id].needs_gradient { rest.next().map(|(_, buffer)| buffer.as_mut_slice()) } else { None });
        }
        let pass = Backward { cx, x: &x, y, saved: &node.saved, dy, dx: &mut dx, scratch: &mut scratch };
        node.op.backward(pass).map_err(|error| error.context(node.op.name()))?;
        Ok(buffers)
    }

    /// A value, once it is computed.
    pub(super) fn value(&self, id: usize) -> Option<&Tensor> {
        self.values[id].tensor.as_ref()
    }

    fn value_view(&self, id: usize) -> View<'_> {
        View { shape: self.values[id].shape, data: self.values[id].tensor.as_ref().map_or(&[], Tensor::as_slice) }
    }

    fn backward_view(&self, node: &Node, place: usize, reads: Reads) -> View<'_> {
        let view = self.value_view(node.inputs[place]);
        if reads.input(place) { view } else { View { shape: view.shape, data: &[] } }
    }
}

impl Reads {
    /// Whether the input of this index is read.
    pub fn input(self, index: usize) -> bool {
        index >= u32::BITS as usize || self.inputs & (1 << index) != 0
    }
}

/// Runs one operation on tensors, outside any tape.
pub(crate) fn run_forward(op: &dyn Op, cpu: &Cpu, step: u64, inputs: &[&Tensor], shape: Shape) -> Result<(Tensor, Vec<f32>)> {
    if op.is_reshape() {
        return Ok((inputs[0].with_shape(shape), Vec::new()));
    }
    let x: Vec<View<'_>> = inputs.iter().map(|tensor| View { shape: tensor.shape(), data: tensor.as_slice() }).collect();
    let shapes: Vec<Shape> = inputs.iter().map(|tensor| tensor.shape()).collect();
    let memory = op.memory(&shapes);
    let (mut y, mut saved, mut scratch) = (zeros(shape.size())?, zeros(memory.saved)?, zeros(memory.forward_scratch)?);
    let cx = Context { exec: cpu.exec(), step };
    let pass = Forward { cx, x: &x, y: &mut y, saved: &mut saved, scratch: &mut scratch };
    op.forward(pass).map_err(|error| error.context(op.name()))?;
    Ok((Tensor::from_parts(shape, y), saved))
}

/// A buffer of zeros, or an error where there is no room.
pub(crate) fn zeros(len: usize) -> Result<Vec<f32>> {
    let mut buffer = Vec::new();
    resize(&mut buffer, len)?;
    Ok(buffer)
}

/// Makes a buffer longer, by zeros, or shorter; an error where there is no room.
///
/// It takes exactly as much as it needs: a vector that grows by itself would take up to twice as much.
pub(crate) fn resize<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) -> Result<()> {
    check_limit::<T>(len)?;
    let room = buffer.try_reserve_exact(len.saturating_sub(buffer.len()));
    room.map_err(|source| no_room(len, size_of::<T>()).source(source))?;
    buffer.resize(len, T::default());
    Ok(())
}

/// Puts elements after others; an error where there is no room. Calls that follow each other copy each element a few
/// times at most.
pub(crate) fn extend<T: Copy>(buffer: &mut Vec<T>, elements: &[T]) -> Result<()> {
    check_limit::<T>(buffer.len().saturating_add(elements.len()))?;
    let room = buffer.try_reserve(elements.len());
    room.map_err(|source| no_room(buffer.len().saturating_add(elements.len()), size_of::<T>()).source(source))?;
    buffer.extend_from_slice(elements);
    Ok(())
}

/// A buffer beyond this is taken for a slip: many systems promise more memory than they have, and end the process that uses it.
const LIMIT: usize = 4 << 30;

fn check_limit<T>(len: usize) -> Result<()> {
    if len.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= LIMIT) {
        return Ok(());
    }
    Err(no_room(len, size_of::<T>()).note(format!("a tensor takes {} GiB at most", LIMIT >> 30)))
}

fn no_room(len: usize, size: usize) -> Error {
    let gigabytes = len as f64 * size as f64 / f64::from(1 << 30);
    Error::data(format!("{gigabytes:.1} GiB of memory for a tensor of {len} elements could not be had"))
        .hint("make it smaller: fewer units, smaller batches")
}

impl Var {
    /// The sizes of the axes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The tape it is recorded on.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// Whether gradients flow to it: it is a variable, or made of one.
    pub fn needs_gradient(&self) -> bool {
        self.tape.0.borrow().values[self.id].needs_gradient
    }

    /// Its value.
    ///
    /// # Errors
    /// The tape is only written down, for a program that will run later.
    pub fn value(&self) -> Result<Tensor> {
        let value = self.tape.0.borrow().values[self.id].tensor.clone();
        value.ok_or_else(|| {
            Error::state("this value is not computed yet: the model is being recorded")
                .hint("inside a layer, compute with operations on `Var`, never with values")
        })
    }

    /// Records an operation, and runs it where the tape computes at once.
    ///
    /// # Errors
    /// Shapes that the operation does not serve, values it refuses, or inputs from different tapes.
    pub fn apply(op: impl Op, inputs: &[&Self]) -> Result<Self> {
        let Some(first) = inputs.first() else {
            return Err(Error::argument(format!("{} needs an input", op.name())));
        };
        let mut ids = [0; 8];
        let mut many;
        let ids = if inputs.len() <= ids.len() {
            &mut ids[..inputs.len()]
        } else {
            many = vec![0; inputs.len()];
            &mut many
        };
        for (id, input) in ids.iter_mut().zip(inputs) {
            input.check_tape(&first.tape)?;
            *id = input.id;
        }
        let (id, shape) = first.tape.0.borrow_mut().push(Arc::new(op), ids)?;
        Ok(Self { tape: first.tape.clone(), id, shape })
    }

    fn check_tape(&self, tape: &Tape) -> Result<()> {
        if Rc::ptr_eq(&self.tape.0, &tape.0) {
            Ok(())
        } else {
            Err(Error::argument("these variables are recorded on different tapes").hint("make all of them with the same `Tape`"))
        }
    }

    /// The same value, which no gradient flows back through.
    #[must_use]
    pub fn detach(&self) -> Self {
        let mut record = self.tape.0.borrow_mut();
        let value = &record.values[self.id];
        let id = record.values.len();
        let (shape, origin, storage) = (value.shape, value.origin.clone(), value.storage);
        let detached = Value { shape, origin, needs_gradient: false, storage, root: id, tensor: value.tensor.clone() };
        record.values.push(detached);
        Self { tape: self.tape.clone(), id, shape: self.shape }
    }

    /// The operation that made it, if one did: what a loss asks for to start from the logits.
    pub(crate) fn producer(&self) -> Option<(Arc<dyn Op>, Vec<Self>)> {
        let record = self.tape.0.borrow();
        let Origin::Node(node) = record.values[self.id].origin else { return None };
        let node = &record.nodes[node];
        let inputs = node.inputs.iter().map(|&id| Self { tape: self.tape.clone(), id, shape: record.values[id].shape });
        Some((node.op.clone(), inputs.collect()))
    }

    /// The gradients of this single number by everything it was made of.
    ///
    /// # Errors
    /// It has more than one element, or an operation fails.
    pub fn backward(&self) -> Result<Gradients> {
        if self.shape.size() != 1 {
            let shape = self.shape;
            return Err(Error::shape(format!("a gradient starts from a single number, got {shape}"))
                .hint("reduce with sum or mean, or give the upstream gradient to `Tape::backward`"));
        }
        self.tape.backward(&[(self, Tensor::ones(self.shape)?)])
    }
}

impl Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Ok(value) => write!(f, "Var({value})"),
            Err(_) => write!(f, "Var({}, not computed yet)", self.shape),
        }
    }
}

/// The gradients that a backward pass found.
pub struct Gradients {
    tape: Tape,
    gradients: Vec<Option<Vec<f32>>>,
}

impl Gradients {
    /// The gradient by a variable: zeros where the outputs do not depend on it.
    ///
    /// # Errors
    /// A variable of another tape, or a constant.
    pub fn of(&self, var: &Var) -> Result<Tensor> {
        var.check_tape(&self.tape)?;
        let record = self.tape.0.borrow();
        let value = &record.values[var.id];
        if !value.needs_gradient {
            return Err(Error::argument("this is a constant: no gradient flows to it").hint("make it with `Tape::variable`"));
        }
        match self.gradients.get(var.id).and_then(Option::as_ref) {
            Some(gradient) => Ok(Tensor::from_parts(var.shape, gradient.clone())),
            None => Tensor::zeros(var.shape),
        }
    }
}
